#include "agent/inside.h"

#include <errno.h>
#include <string.h>

void agent_view_door(const struct agent_door *door, struct door_view *view)
{
	memset(view, 0, sizeof(*view)); /* what lies between the members, too: views are compared by memcmp */
	view->id = door->config->id;
	view->name = door->config->name;
	view->device_class = config_device_class_name(door->config->device_class);
	view->last_changed_unix_ms = door->last_changed_unix_ms;
	door_view(&door->machine, loop_now_ms(), view);
	if (view->source == DOOR_SOURCE_NONE)
		view->source = door->former_source;
}

/* Not connected is no failure: everything retained is published afresh on the next connect. */
static void publish(struct agent *agent, const char *topic, const char *payload, size_t length, bool retained)
{
	if (agent->reload == RELOAD_LEAVING || (agent->stopping && topic != agent->availability_topic))
		return; /* "offline" is our last word */
	int error = agent->mqtt ? mqtt_publish(agent->mqtt, topic, payload, length, retained) : -ENOTCONN;
	if (error < 0 && error != -ENOTCONN)
		log_debug(agent->log, "%s was not published: %s", topic, strerror(-error));
}

bool agent_connected(const struct agent *agent)
{
	struct mqtt_status status = {.state = MQTT_DISCONNECTED};
	if (agent->mqtt)
		mqtt_status(agent->mqtt, &status);
	return status.state == MQTT_CONNECTED;
}

void agent_publish_text(struct agent *agent, const char *topic, const char *payload)
{
	publish(agent, topic, payload, strlen(payload), true);
}

void agent_publish(struct agent *agent, const char *topic, const char *document, ssize_t length, bool retained)
{
	if (length < 0)
		log_error(agent->log, "no document for %s: %s", topic, strerror((int)-length));
	else
		publish(agent, topic, document, (size_t)length, retained);
}

void agent_publish_document(struct agent *agent, const char *topic, ssize_t length, bool retained)
{
	agent_publish(agent, topic, agent->document, length, retained);
}

void agent_publish_news(struct agent_door *door, enum door_news news, const struct door_view *view)
{
	struct agent *agent = door->agent;
	char topic[TOPIC_MAX + 1];
	topic_door(&agent->topics, door->config->id, TOPIC_EVENT, topic);
	agent_publish_document(agent, topic, document_door_event(news, view, agent->document, DOCUMENT_MAX), false);
}

/* Position before state, so that nobody sees an open door at the position of a closed one. */
void agent_publish_door(struct agent_door *door, unsigned what)
{
	struct agent *agent = door->agent;
	struct door_view view;
	char topic[TOPIC_MAX + 1];
	if (agent->catching_up)
		door->unsaid |= what;
	if (!what || agent->catching_up)
		return;
	agent_doors_changed(agent);
	agent_view_door(door, &view);
	if (what & PUBLISH_POSITION) {
		/* Home Assistant refuses "None" here; an empty payload takes a former position from the broker. */
		char position[8] = "";
		if (view.position != DOOR_POSITION_UNKNOWN)
			snprintf(position, sizeof(position), "%d", view.position);
		topic_door(&agent->topics, view.id, TOPIC_POSITION, topic);
		agent_publish_text(agent, topic, position);
	}
	if (what & PUBLISH_STATE) {
		topic_door(&agent->topics, view.id, TOPIC_STATE, topic);
		agent_publish_text(agent, topic, document_state(view.state));
	}
	if (what & PUBLISH_ATTRIBUTES) {
		topic_door(&agent->topics, view.id, TOPIC_ATTRIBUTES, topic);
		agent_publish_document(agent, topic, document_attributes(&view, agent->document, DOCUMENT_MAX), true);
	}
}

static void describe(struct agent *agent, struct document_node *node)
{
	struct mqtt_status status;
	mqtt_status(agent->mqtt, &status);
	*node = (struct document_node){
			.topics = agent->topics,
			.version = PORTCULLIS_VERSION,
			.simulated = agent->config->gpio.backend == CONFIG_SIMULATED,
			.mqtt5 = status.version == 5,
	};
}

static void publish_discovery(struct agent *agent)
{
	if (!agent->config->home_assistant.discovery)
		return;
	struct document_node node;
	char topic[TOPIC_MAX + 1];
	describe(agent, &node);
	topic_discovery_agent(&agent->topics, topic);
	agent_publish_document(agent, topic, document_discovery_agent(&node, agent->document, DOCUMENT_MAX), true);
	for (size_t i = 0; i < agent->door_count; i++) {
		struct door_view view;
		agent_view_door(&agent->doors[i], &view);
		topic_discovery_door(&agent->topics, view.id, topic);
		agent_publish_document(agent, topic,
				document_discovery_door(&node, &view, agent->document, DOCUMENT_MAX), true);
	}
}

void agent_publish_availability(struct agent *agent)
{
	struct mqtt_status status;
	mqtt_status(agent->mqtt, &status);
	agent_publish_text(agent, agent->availability_topic, status.deaf ? AGENT_DEAF : AGENT_ONLINE);
}

void agent_publish_everything(struct agent *agent)
{
	for (size_t i = 0; i < agent->door_count; i++)
		agent_publish_door(&agent->doors[i], PUBLISH_ALL);
	agent_publish_doors(agent);
	agent_publish_availability(agent);
	publish_discovery(agent);
}

void agent_hold_states(struct agent *agent)
{
	for (size_t i = 0; i < agent->door_count && !agent->catching_up; i++) {
		struct door_view view;
		agent_view_door(&agent->doors[i], &view);
		agent->doors[i].said_state = view.state;
	}
	agent->catching_up = true;
}

void agent_publish_present(struct agent *agent)
{
	agent->catching_up = false;
	for (size_t i = 0; i < agent->door_count; i++) {
		struct agent_door *door = &agent->doors[i];
		struct door_view view;
		agent_view_door(door, &view);
		agent_publish_door(door, door->unsaid);
		if (view.state != door->said_state)
			agent_publish_news(door, door_news_of_state(view.state), &view);
		door->unsaid = 0;
	}
	agent_doors_changed(agent); /* what was due meanwhile was left out */
	http_changed(agent->http);
}
