/*
 * A view becomes up to five retained messages, a happening becomes an event, the end of a command attributes and an
 * event. Position goes before state, so that nobody sees an open door at the position of a closed one.
 */
#include "link/door_topics.h"

#include <stdio.h>

/* What is told as set is on the disk. Of all doors it is told once each of them has been. */
static void door_topics_lockout(struct door_topics *door_topics, size_t door, const struct door_view *view)
{
	static const char *const words[] = {[DOOR_TOPICS_OFF] = "OFF", [DOOR_TOPICS_ON] = "ON"};
	enum door_topics_lockout said = view->locked_out ? DOOR_TOPICS_ON : DOOR_TOPICS_OFF, all = DOOR_TOPICS_ON;
	char topic[TOPIC_MAX + 1];
	if (view->lockout_saving || door_topics->doors[door].lockout == said)
		return;
	door_topics->doors[door].lockout = said;
	topic_door(door_topics->topics, view->id, TOPIC_LOCKOUT, topic);
	publisher_text(door_topics->publisher, topic, words[said]);
	for (size_t i = 0; i < garage_door_count(door_topics->garage); i++)
		all = door_topics->doors[i].lockout < all ? door_topics->doors[i].lockout : all;
	if (all == DOOR_TOPICS_UNSAID || all == door_topics->lockout)
		return;
	door_topics->lockout = all;
	topic_all_doors(door_topics->topics, TOPIC_LOCKOUT, topic);
	publisher_text(door_topics->publisher, topic, words[all]);
}

static void door_topics_view(struct door_topics *door_topics, size_t door, const struct door_view *view, unsigned what)
{
	const struct publisher *publisher = door_topics->publisher;
	char topic[TOPIC_MAX + 1], document[DOCUMENT_MAX];
	if (door_topics->held) {
		door_topics->doors[door].unsaid |= what;
		return;
	}
	if (what & GARAGE_POSITION) {
		/* Home Assistant refuses "None" here; an empty payload takes a former position from the broker. */
		char position[8] = "";
		if (view->position != DOOR_POSITION_UNKNOWN)
			snprintf(position, sizeof(position), "%d", view->position);
		topic_door(door_topics->topics, view->id, TOPIC_POSITION, topic);
		publisher_text(publisher, topic, position);
	}
	if (what & GARAGE_STATE) {
		topic_door(door_topics->topics, view->id, TOPIC_STATE, topic);
		publisher_text(publisher, topic, document_state(view->state));
	}
	if (what & GARAGE_ATTRIBUTES) {
		door_topics_lockout(door_topics, door, view);
		topic_door(door_topics->topics, view->id, TOPIC_ATTRIBUTES, topic);
		publisher_document(publisher, topic, document, document_attributes(view, document, sizeof(document)),
				true);
	}
}

static void door_topics_event(const struct door_topics *door_topics, enum door_news news, const struct door_view *view)
{
	char topic[TOPIC_MAX + 1], document[DOCUMENT_MAX];
	topic_door(door_topics->topics, view->id, TOPIC_EVENT, topic);
	publisher_document(door_topics->publisher, topic, document,
			document_door_event(news, view, document, sizeof(document)), false);
}

static void door_topics_step(struct door_topics *door_topics, const struct garage_news *news)
{
	door_topics_view(door_topics, news->door, news->view, news->changed);
	for (size_t i = 0; i < news->happening_count; i++) {
		const struct door_happening *happening = &news->happenings[i];
		struct door_view view = *news->view;
		if (happening->event == DOOR_EVENT_STATE)
			view.state = happening->state;
		else if (happening->event == DOOR_EVENT_FAULT || happening->event == DOOR_EVENT_FAULT_CLEARED)
			view.fault = happening->fault;
		if (happening->source != DOOR_SOURCE_NONE)
			view.source = happening->source;
		if (!door_topics->held || happening->event != DOOR_EVENT_STATE)
			door_topics_event(door_topics, garage_news_of(happening), &view);
	}
}

static void door_topics_ending(struct door_topics *door_topics, const struct garage_news *news)
{
	const struct garage_ending *ending = news->ending;
	char topic[TOPIC_MAX + 1], document[DOCUMENT_MAX];
	door_topics_view(door_topics, news->door, news->view, GARAGE_ATTRIBUTES);
	topic_door(door_topics->topics, news->view->id, TOPIC_EVENT, topic);
	publisher_document(door_topics->publisher, topic, document,
			document_command_event(ending->known ? &ending->command : NULL, ending->source, ending->result,
					ending->reason, document, sizeof(document)),
			false);
}

static void door_topics_hold(struct door_topics *door_topics)
{
	for (size_t i = 0; i < garage_door_count(door_topics->garage) && !door_topics->held; i++) {
		struct door_view view;
		garage_view(door_topics->garage, i, &view);
		door_topics->doors[i].state = view.state;
	}
	door_topics->held = true;
}

static void door_topics_release(struct door_topics *door_topics)
{
	door_topics->held = false;
	for (size_t i = 0; i < garage_door_count(door_topics->garage); i++) {
		struct door_view view;
		garage_view(door_topics->garage, i, &view);
		door_topics_view(door_topics, i, &view, door_topics->doors[i].unsaid);
		if (view.state != door_topics->doors[i].state)
			door_topics_event(door_topics, door_news_of_state(view.state), &view);
		door_topics->doors[i].unsaid = 0;
	}
}

void door_topics_hear(struct door_topics *door_topics, const struct garage_news *news)
{
	switch (news->kind) {
	case GARAGE_STEP:
		door_topics_step(door_topics, news);
		break;
	case GARAGE_ENDING:
		door_topics_ending(door_topics, news);
		break;
	case GARAGE_LEFT_OPEN:
		door_topics_event(door_topics, DOOR_NEWS_LEFT_OPEN, news->view);
		break;
	case GARAGE_STALLED:
		door_topics_hold(door_topics);
		break;
	case GARAGE_CAUGHT_UP:
		door_topics_release(door_topics);
		break;
	case GARAGE_CLOCK_SET:
	case GARAGE_LOST:
		break;
	}
}

void door_topics_publish(struct door_topics *door_topics)
{
	door_topics->lockout = DOOR_TOPICS_UNSAID;
	for (size_t i = 0; i < DOORS_MAX; i++)
		door_topics->doors[i].lockout = DOOR_TOPICS_UNSAID;
	for (size_t i = 0; i < garage_door_count(door_topics->garage); i++) {
		struct door_view view;
		garage_view(door_topics->garage, i, &view);
		door_topics_view(door_topics, i, &view, GARAGE_ALL);
	}
}

void door_topics_discover(const struct door_topics *door_topics, const struct document_node *node,
		const struct document_agent *agent)
{
	char topic[TOPIC_MAX + 1], document[DOCUMENT_MAX];
	topic_discovery_agent(door_topics->topics, topic);
	publisher_document(door_topics->publisher, topic, document,
			document_discovery_agent(node, agent, document, sizeof(document)), true);
	for (size_t i = 0; i < garage_door_count(door_topics->garage); i++) {
		struct door_view view;
		garage_view(door_topics->garage, i, &view);
		topic_discovery_door(door_topics->topics, view.id, topic);
		publisher_document(door_topics->publisher, topic, document,
				document_discovery_door(node, &view, document, sizeof(document)), true);
	}
}

/*
 * The discovery document goes first: while Home Assistant has the door, it warns of attributes that are no JSON. The state
 * goes last: as long as the broker has it, the agent's next start finds what is left.
 */
void door_topics_forget(const struct door_topics *door_topics, const char *id, bool topics, bool discovery)
{
	static const enum topic_leaf leaves[] = {TOPIC_POSITION, TOPIC_ATTRIBUTES, TOPIC_LOCKOUT, TOPIC_STATE};
	char topic[TOPIC_MAX + 1];
	if (discovery) {
		topic_discovery_door(door_topics->topics, id, topic);
		publisher_text(door_topics->publisher, topic, "");
	}
	for (size_t i = 0; topics && i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		topic_door(door_topics->topics, id, leaves[i], topic);
		publisher_text(door_topics->publisher, topic, "");
	}
}
