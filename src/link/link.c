/*
 * Four parts do the work: door_topics publishes, presence says whether we are there, neighbours knows other agents, and
 * what is here takes messages in and ends connections. After the last words (publisher.silent) nothing is said or heard
 * until the next link_connect.
 */
#include "link/link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "documents/documents.h"
#include "link/agent_topic.h"
#include "link/door_topics.h"
#include "link/neighbours.h"
#include "link/presence.h"
#include "link/subscriptions.h"

#define OLD_DOORS_MS 10000  /* so long after a connect retained states may tell of doors that are gone */
#define ECHO_LIMIT_MS 60000 /* a broker may hide our own availability from us */

#define OWN_SUBSCRIPTIONS 6 /* besides one for each door, three for each neighbour, and one for answers */
static_assert(DOORS_MAX + 3 * PEERS_NAMED_MAX + 1 + OWN_SUBSCRIPTIONS <= MQTT_SUBSCRIPTIONS_MAX, "room for all");
static_assert(TOPIC_MAX <= MQTT_TOPIC_MAX, "each topic can be subscribed to");
static_assert(DOCUMENT_DOORS_MAX <= MQTT_BULK_PAYLOAD_MAX, "what one agent says of its doors, another one hears");

struct link {
	struct loop *loop;
	const struct log *log;
	struct garage *garage;
	void (*changed)(void *user);
	void *user;

	struct link_config config;
	struct publisher publisher;
	struct topic_base topics;
	char every_state_topic[TOPIC_MAX + 1], every_lockout_topic[TOPIC_MAX + 1], all_lockout_topic[TOPIC_MAX + 1],
			every_position_topic[TOPIC_MAX + 1];
	char (*set_topics)[TOPIC_MAX + 1];
	struct subscriptions subscriptions;
	struct door_topics door_topics;
	struct agent_topic agent_topic;
	struct presence presence;
	struct neighbours *neighbours;

	struct loop_timer old_doors_timer;
	int64_t echo_until_ms; /* commands of the broker are of the past: until it echoes what we said since */
	struct {               /* what the broker is to forget as we leave */
		bool topics, discovery;
	} taking_back;
	void (*ended)(void *user);
	void *ended_user;
};

/* ---- Messages in ---- */

static void link_answer(const struct link *link, const struct mqtt_message *message, const char *id,
		const struct door_answer *answer)
{
	char document[DOCUMENT_MAX];
	if (!message->response_topic)
		return;
	if (!topic_may_answer(&link->topics, message->response_topic)) {
		log_debug(link->log, "door %s: no answer is given to a response topic that is not allowed", id);
		return;
	}
	ssize_t length = document_result(answer->result, answer->reason, document, sizeof(document));
	if (length >= 0)
		mqtt_respond(link->publisher.mqtt, message, document, (size_t)length);
}

/* Carries a command out for a door, or refuses it. */
static struct door_answer link_obey(const struct link *link, size_t door, const struct mqtt_message *message,
		bool known, enum door_command command, int percent)
{
	struct door_answer answer = {.result = DOOR_RESULT_REJECTED};
	bool past = message->past || loop_now_ms() < link->echo_until_ms;
	if (known && !message->retained && !past && command == DOOR_COMMAND_POSITION)
		return garage_position(link->garage, door, percent, DOOR_SOURCE_MQTT, message->sent_after_ms);
	if (known && !message->retained && !past)
		return garage_command(link->garage, door, command, DOOR_SOURCE_MQTT, message->sent_after_ms);
	answer.reason = message->retained ? DOOR_REASON_RETAINED
			: known           ? DOOR_REASON_STALE
					  : DOOR_REASON_UNKNOWN_COMMAND;
	garage_refuse(link->garage, door, known ? &command : NULL, DOOR_SOURCE_MQTT, answer.reason);
	return answer;
}

static void link_set(struct link *link, size_t door, const char *id, const struct mqtt_message *message,
		enum topic_leaf leaf)
{
	enum door_command command = DOOR_COMMAND_STOP;
	int percent = 0;
	bool known = leaf == TOPIC_POSITION_SET
				     ? door_position_parse(message->payload, message->length, &command, &percent)
		     : leaf == TOPIC_LOCKOUT_SET ? door_lockout_parse(message->payload, message->length, &command)
						 : door_command_parse(message->payload, message->length, &command);
	if (message->retained && message->length == 0)
		return; /* somebody cleared a retained command */
	const struct door_answer answer = link_obey(link, door, message, known, command, percent);
	link_answer(link, message, id, &answer);
}

/* The answer of all: refused where one door refuses, unchanged where nothing changed. */
static void link_set_all(struct link *link, const struct mqtt_message *message)
{
	struct door_answer all = {.result = DOOR_RESULT_UNCHANGED};
	enum door_command command = DOOR_COMMAND_STOP;
	bool known = door_lockout_parse(message->payload, message->length, &command);
	if (message->retained && message->length == 0)
		return;
	for (size_t i = 0; i < garage_door_count(link->garage); i++)
		all = door_answer_of_all(all, link_obey(link, i, message, known, command, 0));
	link_answer(link, message, "lockout", &all);
}

/* A door of a former configuration. */
static void link_forget_door(const struct link *link, const char *id)
{
	log_info(link->log, "door %s is no longer configured: removing what the broker has kept of it", id);
	door_topics_forget(&link->door_topics, id, true, link->config.discovery);
}

static void link_message(void *user, const struct mqtt_message *message)
{
	struct link *link = user;
	char id[DOOR_ID_MAX + 1];
	enum topic_leaf leaf;
	bool ours;
	if (link->publisher.silent)
		return; /* we have said that we are gone */
	if (presence_message(&link->presence, message, &ours)) {
		if (ours)
			link->echo_until_ms = 0;
	} else if (topic_is_all_doors(&link->topics, TOPIC_LOCKOUT_SET, message->topic)) {
		link_set_all(link, message);
	} else if (topic_parse_door(&link->topics, message->topic, id, &leaf)) {
		size_t door;
		bool configured = garage_find(link->garage, id, &door);
		if (configured && (leaf == TOPIC_SET || leaf == TOPIC_LOCKOUT_SET || leaf == TOPIC_POSITION_SET))
			link_set(link, door, id, message, leaf);
		else if (!configured && leaf == TOPIC_STATE && message->retained && message->length > 0)
			link_forget_door(link, id);
	} else {
		neighbours_message(link->neighbours, message);
	}
}

/* ---- The connection ---- */

static void link_discover(struct link *link)
{
	const char *url = link->config.page_url;
	const struct document_node node = {
			.topics = link->topics,
			.version = PORTCULLIS_VERSION,
			.configuration_url = *url ? url : NULL,
			.support_url = PORTCULLIS_SUPPORT_URL,
			.simulated = link->config.simulated,
			.command_expiry =
					link->config.command_expiry && publisher_status(&link->publisher).version == 5,
	};
	struct document_agent agent;
	agent_topic_look(&link->agent_topic, &agent);
	door_topics_discover(&link->door_topics, &node, &agent);
}

/* Also where the broker lacks a part of it (mqtt_handlers.say_again), or Home Assistant has started. */
static void link_say_all(void *user)
{
	struct link *link = user;
	door_topics_publish(&link->door_topics);
	neighbours_publish(link->neighbours);
	agent_topic_publish(&link->agent_topic);
	presence_publish(&link->presence);
	if (link->config.discovery)
		link_discover(link);
}

static void link_connected(void *user)
{
	struct link *link = user;
	if (link->publisher.silent)
		return;
	link->changed(link->user);
	link_say_all(link);
	loop_timer_set(link->loop, &link->old_doors_timer, loop_now_ms() + OLD_DOORS_MS);
	presence_connected(&link->presence);
}

static void link_disconnected(void *user)
{
	struct link *link = user;
	link->echo_until_ms = 0; /* nothing waits on a new connection */
	link->changed(link->user);
	neighbours_disconnected(link->neighbours);
	presence_disconnected(&link->presence);
	loop_timer_cancel(link->loop, &link->old_doors_timer);
}

/* What the broker lets us hear has changed. */
static void link_heard(void *user)
{
	struct link *link = user;
	if (link->publisher.silent)
		return;
	link->changed(link->user);
	neighbours_doors_changed(link->neighbours);
	presence_publish(&link->presence);
}

static void link_stop_watching_old_doors(struct loop_timer *timer, int64_t now_ms)
{
	const struct link *link = timer->user;
	(void)now_ms;
	mqtt_unsubscribe(link->publisher.mqtt, link->every_state_topic);
}

/* Builds the topics and the list of what is to be heard, but that of neighbours. */
static void link_prepare(struct link *link, const struct link_config *config)
{
	link->config = *config;
	link->topics = (struct topic_base){
			.prefix = config->topic_prefix, .node = config->node, .discovery = config->discovery_prefix};
	link->agent_topic = (struct agent_topic){.garage = link->garage,
			.publisher = &link->publisher,
			.topics = &link->topics,
			.machine = config->machine,
			.started_ms = config->started_ms};
	topic_every_state(&link->topics, link->every_state_topic);
	topic_every_lockout_set(&link->topics, link->every_lockout_topic);
	topic_all_doors(&link->topics, TOPIC_LOCKOUT_SET, link->all_lockout_topic);
	topic_every_position_set(&link->topics, link->every_position_topic);
	presence_connect(&link->presence, &link->topics);
	link->subscriptions.count = 0;
	for (size_t i = 0; i < garage_door_count(link->garage); i++) {
		struct door_view view;
		garage_view(link->garage, i, &view);
		topic_door(&link->topics, view.id, TOPIC_SET, link->set_topics[i]);
		/* As published: what a bridge replays after its own reconnect is known for a command of the past. */
		subscriptions_add(&link->subscriptions,
				(struct mqtt_subscription){
						.topic = link->set_topics[i], .commands = true, .as_published = true});
	}
	/* The last only where a door can be sent to a position: else nobody needs the right to hear of it. */
	const char *const topics[] = {link->every_lockout_topic, link->all_lockout_topic, link->every_position_topic};
	for (size_t i = 0; i < (garage_reaches(link->garage) ? 3 : 2); i++)
		subscriptions_add(&link->subscriptions,
				(struct mqtt_subscription){.topic = topics[i], .commands = true, .as_published = true});
	subscriptions_add(&link->subscriptions,
			(struct mqtt_subscription){.topic = link->presence.availability_topic, .want_retained = true});
	subscriptions_add(&link->subscriptions,
			(struct mqtt_subscription){.topic = link->every_state_topic, .want_retained = true});
	if (config->discovery)
		subscriptions_add(
				&link->subscriptions, (struct mqtt_subscription){.topic = link->presence.status_topic});
}

static int link_new_client(struct link *link, struct mqtt **client)
{
	const struct link_config *config = &link->config;
	struct mqtt_config mqtt = {
			.broker_count = config->broker_count,
			.client_id = config->client_id,
			.username = config->username,
			.password = config->password,
			.keepalive_ms = config->keepalive_ms,
			.will_topic = link->presence.availability_topic,
			.will_payload = PRESENCE_OFFLINE,
			.subscriptions = link->subscriptions.list,
			.subscription_count = link->subscriptions.count,
			.alive = config->alive,
	};
	const struct mqtt_handlers handlers = {.connected = link_connected,
			.say_again = link_say_all,
			.disconnected = link_disconnected,
			.heard = link_heard,
			.message = link_message,
			.user = link};
	char error[MQTT_ERROR_MAX] = "";
	memcpy(mqtt.brokers, config->brokers, sizeof(mqtt.brokers));
	int failed = mqtt_new(link->loop, link->log, &mqtt, &handlers, client, error);
	if (failed < 0)
		log_error(link->log, "MQTT: %s", error);
	return failed;
}

int link_connect(struct link *link, const struct link_config *config)
{
	struct mqtt *client = NULL, *former = link->publisher.mqtt;
	struct neighbours *neighbours = NULL;
	const struct neighbours_config setting = {.loop = link->loop,
			.log = link->log,
			.garage = link->garage,
			.publisher = &link->publisher,
			.topics = &link->topics,
			.all = config->follow_all,
			.nodes = config->follow,
			.node_count = config->follow_count,
			.changed = link->changed,
			.user = link->user};
	loop_timer_cancel(link->loop, &link->old_doors_timer);
	link_prepare(link, config);
	int failed = neighbours_new(&setting, &link->subscriptions, link->neighbours, &neighbours);
	if (failed < 0) {
		log_error(link->log, "peers: %s", strerror(-failed));
		return failed;
	}
	failed = link_new_client(link, &client);
	if (failed < 0) {
		neighbours_free(neighbours);
		return failed;
	}
	if (former) {
		mqtt_count_on(client, former);
		mqtt_free(former);
	}
	neighbours_free(link->neighbours);
	link->neighbours = neighbours;
	link->publisher.mqtt = client;
	link->publisher.silent = false;
	return 0;
}

void link_publish(struct link *link, const char *page_url)
{
	snprintf(link->config.page_url, sizeof(link->config.page_url), "%s", page_url);
	link_say_all(link);
}

/* ---- Last words ---- */

/* Where names were to be taken back, and the broker has not taken all of it. */
static void link_tell_kept(const struct link *link)
{
	char id[TOPIC_MAX + 1], topics[2 * TOPIC_MAX] = "", devices[2 * TOPIC_MAX] = "";
	bool both = link->taking_back.topics && link->taking_back.discovery;
	topic_device_id(&link->topics, NULL, id);
	if (link->taking_back.topics)
		snprintf(topics, sizeof(topics), "%s/%s/#", link->topics.prefix, link->topics.node);
	if (link->taking_back.discovery)
		snprintf(devices, sizeof(devices), "%s/device/%s*/config", link->topics.discovery, id);
	log_warning(link->log,
			"the broker could not be told all that it is to forget: it may keep, retained, %s%s%s (each goes with an empty retained message)",
			topics, both ? " and " : "", devices);
}

static void link_ended(void *user, bool whole)
{
	struct link *link = user;
	if (!whole && (link->taking_back.topics || link->taking_back.discovery))
		link_tell_kept(link);
	link->taking_back.topics = link->taking_back.discovery = false;
	link->ended(link->ended_user);
}

void link_leave(struct link *link, bool forget_topics, bool forget_discovery, void (*ended)(void *user), void *user)
{
	bool discovery = link->config.discovery && forget_discovery, taking_back = forget_topics || discovery;
	char topic[TOPIC_MAX + 1];
	link->taking_back.topics = forget_topics;
	link->taking_back.discovery = discovery;
	link_disconnected(link);
	if (discovery) {
		topic_discovery_agent(&link->topics, topic);
		publisher_text(&link->publisher, topic, "");
	}
	for (size_t i = 0; i < garage_door_count(link->garage); i++) {
		struct door_view view;
		garage_view(link->garage, i, &view);
		door_topics_forget(&link->door_topics, view.id, forget_topics, discovery);
	}
	if (forget_topics) {
		topic_all_doors(&link->topics, TOPIC_LOCKOUT, topic);
		publisher_text(&link->publisher, topic, "");
		neighbours_forget(link->neighbours);
		agent_topic_forget(&link->agent_topic);
	}
	presence_leave(&link->presence, forget_topics ? "" : PRESENCE_OFFLINE);
	link->publisher.silent = true;
	link->ended = ended;
	link->ended_user = user;
	link->changed(link->user);
	mqtt_stop(link->publisher.mqtt, taking_back ? LINK_TAKE_BACK_LIMIT_MS : LINK_STOP_LIMIT_MS, link_ended, link);
}

void link_stop(struct link *link, void (*ended)(void *user), void *user)
{
	presence_leave(&link->presence, PRESENCE_OFFLINE);
	presence_disconnected(&link->presence);
	link->publisher.silent = true;
	link->ended = ended;
	link->ended_user = user;
	mqtt_stop(link->publisher.mqtt, LINK_STOP_LIMIT_MS, link_ended, link);
}

/* ---- The garage, and questions ---- */

void link_hear(void *user, const struct garage_news *news)
{
	struct link *link = user;
	if (news->kind == GARAGE_STALLED) {
		link->echo_until_ms = news->at.ms + ECHO_LIMIT_MS;
		neighbours_hold(link->neighbours, true);
		presence_publish(&link->presence);
	}
	door_topics_hear(&link->door_topics, news);
	if (news->kind == GARAGE_CAUGHT_UP)
		neighbours_hold(link->neighbours, false);
	else if (news->kind == GARAGE_STEP && news->changed && !news->past)
		neighbours_doors_changed(link->neighbours);
}

struct mqtt_status link_status(const struct link *link)
{
	struct mqtt_status status = publisher_status(&link->publisher);
	if (link->publisher.silent) /* it is leaving: soon no thread of the connection gives a sign of life */
		status.state = MQTT_DISCONNECTED;
	return status;
}

const struct peers_view *link_peers(const struct link *link)
{
	return link->neighbours ? neighbours_view(link->neighbours) : NULL;
}

uint64_t link_peers_refused(const struct link *link)
{
	return link->neighbours ? neighbours_refused(link->neighbours) : 0;
}

int link_peer_command(struct link *link, const char *node, const char *door, enum door_command command, int percent,
		int64_t asked_ms)
{
	return neighbours_command(link->neighbours, node, door, command, percent, asked_ms);
}

/* ---- Its life ---- */

static void link_states_again(void *user)
{
	struct link *link = user;
	door_topics_publish(&link->door_topics);
	neighbours_doors_changed(link->neighbours);
	agent_topic_publish(&link->agent_topic);
}

int link_new(struct loop *loop, const struct log *log, struct garage *garage, void (*changed)(void *user), void *user,
		struct link **out)
{
	struct link *link = calloc(1, sizeof(*link));
	char(*set_topics)[TOPIC_MAX + 1] = calloc(garage_door_count(garage), sizeof(*set_topics));
	if (!link || !set_topics) {
		free(link);
		free(set_topics);
		return -ENOMEM;
	}
	link->loop = loop;
	link->log = log;
	link->garage = garage;
	link->changed = changed;
	link->user = user;
	link->set_topics = set_topics;
	link->publisher.log = log;
	link->door_topics =
			(struct door_topics){.garage = garage, .publisher = &link->publisher, .topics = &link->topics};
	link->old_doors_timer = (struct loop_timer){.expired = link_stop_watching_old_doors, .user = link};
	presence_init(&link->presence, loop, log, &link->publisher,
			&(struct presence_handlers){.born = link_say_all, .again = link_states_again, .user = link});
	*out = link;
	return 0;
}

void link_free(struct link *link)
{
	if (!link)
		return;
	mqtt_free(link->publisher.mqtt);
	neighbours_free(link->neighbours);
	presence_disconnected(&link->presence);
	loop_timer_cancel(link->loop, &link->old_doors_timer);
	free(link->set_topics);
	free(link);
}
