/*
 * Our own doors go out as one document, not more often than neighbours need it. What others say goes into peers/, which
 * knows neither topics nor JSON; its answers and deadlines come back by a timer.
 */
#include "link/neighbours.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "documents/documents.h"
#include "link/presence.h"
#include "peers/peers.h"

#define DOORS_GAP_MS 500     /* at least so long between two documents of our own doors */
#define TELL_GAP_MS 100      /* at least so long between two looks of the page's listeners at the peers */
#define REFUSED_LOG_MS 60000 /* one line for all that is not understood in this time */
#define TOPICS_PER_PEER 3

struct neighbours {
	struct neighbours_config config;
	struct peers *peers; /* NULL: none are followed */
	char doors_topic[TOPIC_MAX + 1], answers_topic[TOPIC_MAX + 1];
	char (*topics)[TOPIC_MAX + 1];
	struct loop_timer doors_timer, timer;
	bool held;
	int64_t doors_ms, told_ms, refused_logged_ms; /* when last */
	bool left_out_logged;
	uint64_t told, refused;
	struct peer_doors *scratch; /* what one message says, before it is taken in */
	char *document;             /* of our own doors */
	size_t document_size;
};

/* ---- Our own doors ---- */

void neighbours_publish(struct neighbours *neighbours)
{
	const struct neighbours_config *config = &neighbours->config;
	struct door_view views[DOORS_MAX];
	const struct mqtt_status status = publisher_status(config->publisher);
	const struct document_node node = {.topics = *config->topics,
			.version = PORTCULLIS_VERSION,
			.broker = "connected",
			.broker_problem = status.warning,
			.brief = true};
	size_t count = garage_door_count(config->garage);
	loop_timer_cancel(config->loop, &neighbours->doors_timer);
	if (status.state != MQTT_CONNECTED || neighbours->held)
		return; /* on the next connect, or when it is no longer held */
	for (size_t i = 0; i < count; i++)
		garage_view(config->garage, i, &views[i]);
	publisher_document(config->publisher, neighbours->doors_topic, neighbours->document,
			document_doors(&node, views, count, neighbours->document, neighbours->document_size), true);
	neighbours->doors_ms = loop_now_ms();
}

static void neighbours_doors_due(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	neighbours_publish(timer->user);
}

void neighbours_doors_changed(struct neighbours *neighbours)
{
	int64_t now_ms = loop_now_ms(), at_ms = neighbours->doors_ms + DOORS_GAP_MS;
	if (!neighbours->doors_timer.armed)
		loop_timer_set(neighbours->config.loop, &neighbours->doors_timer, at_ms > now_ms ? at_ms : now_ms);
}

void neighbours_hold(struct neighbours *neighbours, bool held)
{
	neighbours->held = held;
	if (!held)
		neighbours_doors_changed(neighbours); /* what was due meanwhile was left out */
}

void neighbours_forget(struct neighbours *neighbours)
{
	loop_timer_cancel(neighbours->config.loop, &neighbours->doors_timer);
	publisher_text(neighbours->config.publisher, neighbours->doors_topic, "");
}

/* ---- Those of others ---- */

static int64_t neighbours_unix_ms(const struct neighbours *neighbours)
{
	return garage_now(neighbours->config.garage).unix_ms;
}

/* What is due, and who is to hear of it: not for each message of a flood. */
static void neighbours_look(struct neighbours *neighbours)
{
	int64_t now_ms = loop_now_ms(), next_ms = peers_time(neighbours->peers, now_ms);
	uint64_t changes = peers_view(neighbours->peers)->changes;
	if (changes != neighbours->told && now_ms >= neighbours->told_ms + TELL_GAP_MS) {
		neighbours->told = changes;
		neighbours->told_ms = now_ms;
		neighbours->config.changed(neighbours->config.user);
	} else if (changes != neighbours->told && neighbours->told_ms + TELL_GAP_MS < next_ms) {
		next_ms = neighbours->told_ms + TELL_GAP_MS;
	}
	loop_timer_set(neighbours->config.loop, &neighbours->timer, next_ms);
}

static void neighbours_due(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	neighbours_look(timer->user);
}

static void neighbours_not_understood(struct neighbours *neighbours, const char *node, const char *wrong)
{
	int64_t now_ms = loop_now_ms();
	neighbours->refused++;
	if (neighbours->refused > 1 && now_ms - neighbours->refused_logged_ms < REFUSED_LOG_MS)
		return;
	neighbours->refused_logged_ms = now_ms;
	log_warning(neighbours->config.log, "peer %s: what it tells of its doors is not understood: %s", node, wrong);
}

static void neighbours_tell_left_out(struct neighbours *neighbours, const char *node)
{
	if (neighbours->left_out_logged || peers_left_out(neighbours->peers) == 0)
		return;
	neighbours->left_out_logged = true;
	log_warning(neighbours->config.log,
			"peers: all: there is room for %d agents: %s is left out, and so is each one more. Name those that matter, or have the broker forget those that are gone",
			PEERS_MAX, node);
}

static void neighbours_hear_doors(struct neighbours *neighbours, const char *node, const struct mqtt_message *message)
{
	const char *wrong;
	if (message->length == 0) {
		peers_forget_doors(neighbours->peers, node);
	} else if (document_read_doors(message->payload, message->length, neighbours->scratch, &wrong) == 0) {
		peers_doors(neighbours->peers, node, neighbours->scratch, !message->retained,
				neighbours_unix_ms(neighbours));
	} else if (peers_doors(neighbours->peers, node, NULL, false, neighbours_unix_ms(neighbours))) {
		neighbours_not_understood(neighbours, node, wrong);
	}
	neighbours_tell_left_out(neighbours, node);
}

static void neighbours_hear_availability(
		struct neighbours *neighbours, const char *node, const struct mqtt_message *message)
{
	enum peer_availability availability = PEER_UNKNOWN;
	if (presence_payload_is(message, PRESENCE_ONLINE) || presence_payload_is(message, PRESENCE_DEAF))
		availability = PEER_ONLINE;
	else if (presence_payload_is(message, PRESENCE_OFFLINE))
		availability = PEER_OFFLINE;
	peers_availability(neighbours->peers, node, availability, neighbours_unix_ms(neighbours));
}

/* Only a connection by MQTT 5 brings answers. */
static void neighbours_hear_event(
		struct neighbours *neighbours, const char *node, const char *door, const struct mqtt_message *message)
{
	enum door_command command;
	enum door_result result;
	enum door_reason reason;
	const struct mqtt_status status = publisher_status(neighbours->config.publisher);
	if (status.version != 5 && !message->retained &&
			document_read_result(message->payload, message->length, &command, &result, &reason) == 0)
		peers_news(neighbours->peers, node, door, command, result, reason, loop_now_ms());
}

static void neighbours_hear_answer(struct neighbours *neighbours, const struct mqtt_message *message)
{
	enum door_result result;
	enum door_reason reason;
	uint64_t ticket;
	if (message->correlation_length != sizeof(ticket) ||
			document_read_result(message->payload, message->length, NULL, &result, &reason) < 0)
		return;
	memcpy(&ticket, message->correlation, sizeof(ticket));
	peers_answer(neighbours->peers, ticket, result, reason, loop_now_ms());
}

void neighbours_message(struct neighbours *neighbours, const struct mqtt_message *message)
{
	char node[PEER_NODE_MAX + 1], door[DOOR_ID_MAX + 1];
	enum topic_peer leaf;
	if (!neighbours->peers)
		return;
	if (strcmp(message->topic, neighbours->answers_topic) == 0)
		neighbours_hear_answer(neighbours, message);
	else if (!topic_parse_peer(neighbours->config.topics, message->topic, node, door, &leaf) ||
			strcmp(node, neighbours->config.topics->node) == 0)
		return;
	else if (leaf == TOPIC_PEER_DOORS)
		neighbours_hear_doors(neighbours, node, message);
	else if (leaf == TOPIC_PEER_AVAILABILITY)
		neighbours_hear_availability(neighbours, node, message);
	else
		neighbours_hear_event(neighbours, node, door, message);
	neighbours_look(neighbours);
}

void neighbours_disconnected(struct neighbours *neighbours)
{
	if (!neighbours->peers)
		return;
	peers_disconnected(neighbours->peers, neighbours_unix_ms(neighbours));
	neighbours_look(neighbours);
}

const struct peers_view *neighbours_view(const struct neighbours *neighbours)
{
	return neighbours->peers ? peers_view(neighbours->peers) : NULL;
}

uint64_t neighbours_refused(const struct neighbours *neighbours)
{
	return neighbours->refused;
}

static int neighbours_send(const struct neighbours *neighbours, const char *node, const char *door,
		enum door_command command, int percent, uint64_t ticket, int64_t asked_ms)
{
	const struct neighbours_config *config = &neighbours->config;
	bool position = command == DOOR_COMMAND_POSITION;
	char payload[16];
	const struct topic_base base = {.prefix = config->topics->prefix, .node = node};
	const struct mqtt_request request = {.response_topic = neighbours->answers_topic,
			.correlation = (const unsigned char *)&ticket,
			.correlation_length = sizeof(ticket),
			.expires_ms = asked_ms + PEERS_ANSWER_MS};
	char topic[TOPIC_MAX + 1];
	if (garage_is_past(config->garage, asked_ms))
		return -ESTALE; /* to the neighbour it would be a new one */
	if (config->publisher->silent || topic_door(&base, door, position ? TOPIC_POSITION_SET : TOPIC_SET, topic) < 0)
		return -ENOTCONN;
	if (position)
		snprintf(payload, sizeof(payload), "%d", percent);
	else
		snprintf(payload, sizeof(payload), "%s", door_command_name(command));
	return mqtt_request(config->publisher->mqtt, topic, payload, strlen(payload), &request);
}

int neighbours_command(struct neighbours *neighbours, const char *node, const char *door, enum door_command command,
		int percent, int64_t asked_ms)
{
	uint64_t ticket;
	if (!neighbours->peers)
		return -ENOENT;
	int error = peers_command(neighbours->peers, node, door, command, loop_now_ms(), &ticket);
	if (error == 0) {
		error = neighbours_send(neighbours, node, door, command, percent, ticket, asked_ms);
		if (error < 0)
			peers_not_sent(neighbours->peers, ticket, loop_now_ms());
		log_info(neighbours->config.log, "peer %s: %s for its door %s %s", node, door_command_name(command),
				door,
				error == -ESTALE ? "is not sent: the agent stood still, and it may be old"
				: error < 0      ? "could not be sent"
						 : "sent");
	}
	neighbours_look(neighbours);
	return error;
}

static void neighbours_follow(const struct neighbours *neighbours, const char *node, char (*topics)[TOPIC_MAX + 1],
		struct subscriptions *subscriptions)
{
	const struct topic_base base = {.prefix = neighbours->config.topics->prefix, .node = node};
	topic_availability(&base, topics[0]);
	topic_doors(&base, topics[1]);
	topic_door(&base, "+", TOPIC_EVENT, topics[2]);
	for (int i = 0; i < TOPICS_PER_PEER; i++)
		subscriptions_add(subscriptions,
				(struct mqtt_subscription){.topic = topics[i], .want_retained = i < 2, .bulk = true});
}

static uint64_t random_ticket(void)
{
	uint64_t ticket;
	if (getrandom(&ticket, sizeof(ticket), GRND_NONBLOCK) != sizeof(ticket))
		return (uint64_t)loop_wall_ms(); /* no entropy in the first seconds of a machine */
	return ticket;
}

static int neighbours_begin(struct neighbours *neighbours, struct subscriptions *subscriptions)
{
	const struct neighbours_config *config = &neighbours->config;
	size_t count = config->all ? 1 : config->node_count, followed = 0;
	struct peers_config setting = {.own_node = config->topics->node,
			.nodes = config->nodes,
			.node_count = config->all ? 0 : config->node_count,
			.ticket = random_ticket};
	if (count == 0)
		return 0;
	if (getrandom(&setting.seed, sizeof(setting.seed), GRND_NONBLOCK) < 0)
		setting.seed = (uint64_t)loop_wall_ms();
	neighbours->scratch = calloc(1, sizeof(*neighbours->scratch));
	neighbours->topics = calloc(count * TOPICS_PER_PEER, sizeof(*neighbours->topics));
	if (!neighbours->scratch || !neighbours->topics)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (config->all || strcmp(config->nodes[i], config->topics->node) != 0)
			neighbours_follow(neighbours, config->all ? "+" : config->nodes[i],
					neighbours->topics + TOPICS_PER_PEER * followed++, subscriptions);
	topic_answers(config->topics, neighbours->answers_topic);
	subscriptions_add(subscriptions, (struct mqtt_subscription){.topic = neighbours->answers_topic, .bulk = true});
	return peers_new(&setting, &neighbours->peers);
}

int neighbours_new(const struct neighbours_config *config, struct subscriptions *subscriptions,
		const struct neighbours *former, struct neighbours **out)
{
	struct neighbours *neighbours = calloc(1, sizeof(*neighbours));
	if (!neighbours)
		return -ENOMEM;
	neighbours->config = *config;
	neighbours->doors_timer = (struct loop_timer){.expired = neighbours_doors_due, .user = neighbours};
	neighbours->timer = (struct loop_timer){.expired = neighbours_due, .user = neighbours};
	topic_doors(config->topics, neighbours->doors_topic);
	neighbours->document_size = 1024 + garage_door_count(config->garage) * (DOCUMENT_DOORS_MAX / DOORS_MAX);
	neighbours->document = malloc(neighbours->document_size);
	if (former) {
		neighbours->refused = former->refused;
		neighbours->held = former->held;
	}
	int error = neighbours->document ? neighbours_begin(neighbours, subscriptions) : -ENOMEM;
	if (error < 0)
		neighbours_free(neighbours);
	else
		*out = neighbours;
	return error;
}

void neighbours_free(struct neighbours *neighbours)
{
	if (!neighbours)
		return;
	loop_timer_cancel(neighbours->config.loop, &neighbours->doors_timer);
	loop_timer_cancel(neighbours->config.loop, &neighbours->timer);
	peers_free(neighbours->peers);
	free(neighbours->scratch);
	free(neighbours->topics);
	free(neighbours->document);
	free(neighbours);
}
