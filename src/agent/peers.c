#include "agent/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "mqtt/age.h"
#include "peers/peers.h"

#define DOORS_GAP_MS 500     /* at least so long between two documents of our own doors */
#define TELL_GAP_MS 100      /* at least so long between two looks of the page's listeners at the peers */
#define REFUSED_LOG_MS 60000 /* one line for all that is not understood in this time */
#define TOPICS_PER_PEER 3

struct agent_peers {
	struct peers *peers; /* NULL: none are followed */
	char doors_topic[TOPIC_MAX + 1], answers_topic[TOPIC_MAX + 1];
	char (*topics)[TOPIC_MAX + 1];
	struct loop_timer doors_timer, timer;
	int64_t doors_ms, told_ms, refused_logged_ms; /* when last */
	uint64_t told, refused;
	bool left_out_logged;
	struct peer_doors *scratch;
	char *document; /* of our own doors */
	size_t document_size;
};

/* Our own doors */

void agent_publish_doors(struct agent *agent)
{
	struct agent_peers *peers = agent->peers;
	struct door_view views[DOORS_MAX];
	struct mqtt_status status = {.warning = ""};
	if (agent->mqtt)
		mqtt_status(agent->mqtt, &status);
	const struct document_node node = {.topics = agent->topics,
			.version = PORTCULLIS_VERSION,
			.broker = "connected",
			.broker_problem = status.warning};
	loop_timer_cancel(agent->loop, &peers->doors_timer);
	if (!agent_connected(agent) || agent->catching_up)
		return; /* on the next connect */
	for (size_t i = 0; i < agent->door_count; i++)
		agent_view_door(&agent->doors[i], &views[i]);
	agent_publish(agent, peers->doors_topic, peers->document,
			document_doors(&node, views, agent->door_count, peers->document, peers->document_size), true);
	peers->doors_ms = loop_now_ms();
}

static void publish_doors(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	agent_publish_doors(timer->user);
}

void agent_doors_changed(struct agent *agent)
{
	struct agent_peers *peers = agent->peers;
	int64_t now_ms = loop_now_ms(), at_ms = peers->doors_ms + DOORS_GAP_MS;
	if (!peers->doors_timer.armed)
		loop_timer_set(agent->loop, &peers->doors_timer, at_ms > now_ms ? at_ms : now_ms);
}

/* Those of others */

static int64_t unix_ms(struct agent *agent)
{
	return agent_now(agent).unix_ms;
}

/* What is due, and who is to hear of it: not for each message of a flood. */
static void look(struct agent *agent)
{
	struct agent_peers *peers = agent->peers;
	int64_t now_ms = loop_now_ms(), next_ms = peers_time(peers->peers, now_ms);
	uint64_t changes = peers_view(peers->peers)->changes;
	if (changes != peers->told && now_ms >= peers->told_ms + TELL_GAP_MS) {
		peers->told = changes;
		peers->told_ms = now_ms;
		http_changed(agent->http);
	} else if (changes != peers->told && peers->told_ms + TELL_GAP_MS < next_ms) {
		next_ms = peers->told_ms + TELL_GAP_MS;
	}
	loop_timer_set(agent->loop, &peers->timer, next_ms);
}

static void look_again(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	look(timer->user);
}

static void not_understood(struct agent *agent, const char *node, const char *wrong)
{
	struct agent_peers *peers = agent->peers;
	int64_t now_ms = loop_now_ms();
	peers->refused++;
	if (peers->refused > 1 && now_ms - peers->refused_logged_ms < REFUSED_LOG_MS)
		return;
	peers->refused_logged_ms = now_ms;
	log_warning(agent->log, "peer %s: what it tells of its doors is not understood: %s", node, wrong);
}

static void tell_left_out(struct agent *agent, const char *node)
{
	struct agent_peers *peers = agent->peers;
	if (peers->left_out_logged || peers_left_out(peers->peers) == 0)
		return;
	peers->left_out_logged = true;
	log_warning(agent->log,
			"peers: all: there is room for %d agents: %s is left out, and so is each one more. Name those that matter, or have the broker forget those that are gone",
			PEERS_MAX, node);
}

static void hear_doors(struct agent *agent, const char *node, const struct mqtt_message *message)
{
	struct agent_peers *peers = agent->peers;
	const char *wrong;
	if (message->length == 0) {
		peers_forget_doors(peers->peers, node);
	} else if (document_read_doors(message->payload, message->length, peers->scratch, &wrong) == 0) {
		peers_doors(peers->peers, node, peers->scratch, !message->retained, unix_ms(agent));
	} else if (peers_doors(peers->peers, node, NULL, false, unix_ms(agent))) {
		not_understood(agent, node, wrong);
	}
	tell_left_out(agent, node);
}

static void hear_availability(struct agent *agent, const char *node, const struct mqtt_message *message)
{
	enum peer_availability availability = PEER_UNKNOWN;
	if (agent_payload_is(message, AGENT_ONLINE) || agent_payload_is(message, AGENT_DEAF))
		availability = PEER_ONLINE;
	else if (agent_payload_is(message, AGENT_OFFLINE))
		availability = PEER_OFFLINE;
	peers_availability(agent->peers->peers, node, availability, unix_ms(agent));
}

/* Only a connection by MQTT 5 brings answers. */
static void hear_event(struct agent *agent, const char *node, const char *door, const struct mqtt_message *message)
{
	enum door_command command;
	enum door_result result;
	enum door_reason reason;
	struct mqtt_status status;
	mqtt_status(agent->mqtt, &status);
	if (status.version != 5 && !message->retained &&
			document_read_result(message->payload, message->length, &command, &result, &reason) == 0)
		peers_news(agent->peers->peers, node, door, command, result, reason, loop_now_ms());
}

static void hear_answer(struct agent *agent, const struct mqtt_message *message)
{
	enum door_result result;
	enum door_reason reason;
	uint64_t ticket;
	if (message->correlation_length != sizeof(ticket) ||
			document_read_result(message->payload, message->length, NULL, &result, &reason) < 0)
		return;
	memcpy(&ticket, message->correlation, sizeof(ticket));
	peers_answer(agent->peers->peers, ticket, result, reason, loop_now_ms());
}

void agent_peers_message(struct agent *agent, const struct mqtt_message *message)
{
	char node[PEER_NODE_MAX + 1], door[DOOR_ID_MAX + 1];
	enum topic_peer leaf;
	if (!agent->peers->peers)
		return;
	if (strcmp(message->topic, agent->peers->answers_topic) == 0)
		hear_answer(agent, message);
	else if (!topic_parse_peer(&agent->topics, message->topic, node, door, &leaf) ||
			strcmp(node, agent->topics.node) == 0)
		return;
	else if (leaf == TOPIC_PEER_DOORS)
		hear_doors(agent, node, message);
	else if (leaf == TOPIC_PEER_AVAILABILITY)
		hear_availability(agent, node, message);
	else
		hear_event(agent, node, door, message);
	look(agent);
}

void agent_peers_disconnected(struct agent *agent)
{
	if (!agent->peers->peers)
		return;
	peers_disconnected(agent->peers->peers, unix_ms(agent));
	look(agent);
}

const struct peers_view *agent_peers_view(struct agent *agent)
{
	return agent->peers->peers ? peers_view(agent->peers->peers) : NULL;
}

uint64_t agent_peers_refused(const struct agent *agent)
{
	return agent->peers->refused;
}

int agent_peer_command(
		struct agent *agent, const char *node, const char *door, enum door_command command, int64_t asked_ms)
{
	struct agent_peers *peers = agent->peers;
	const char *word = door_command_name(command);
	char topic[TOPIC_MAX + 1];
	uint64_t ticket;
	const struct topic_base base = {.prefix = agent->topics.prefix, .node = node};
	int error = peers->peers ? peers_command(peers->peers, node, door, command, loop_now_ms(), &ticket) : -ENOENT;
	if (error == 0) {
		const struct mqtt_request request = {.response_topic = peers->answers_topic,
				.correlation = (const unsigned char *)&ticket,
				.correlation_length = sizeof(ticket),
				.expiry_s = PEERS_ANSWER_MS / 1000};
		if (agent_may_have_waited(agent, DOOR_SOURCE_HTTP) ||
				age_is_past(asked_ms, loop_now_ms())) /* to the peer it would be a new one */
			error = -ESTALE;
		else if (agent->stopping || topic_door(&base, door, TOPIC_SET, topic) < 0)
			error = -ENOTCONN;
		else
			error = mqtt_request(agent->mqtt, topic, word, strlen(word), &request);
		if (error < 0)
			peers_not_sent(peers->peers, ticket, loop_now_ms());
		log_info(agent->log, "peer %s: %s for its door %s %s", node, word, door,
				error == -ESTALE ? "is not sent: the agent stood still, and it may be old"
				: error < 0      ? "could not be sent"
						 : "sent");
	}
	if (peers->peers)
		look(agent);
	return error;
}

static void follow(struct agent *agent, const char *node, char (*topics)[TOPIC_MAX + 1])
{
	const struct topic_base base = {.prefix = agent->topics.prefix, .node = node};
	topic_availability(&base, topics[0]);
	topic_doors(&base, topics[1]);
	topic_door(&base, "+", TOPIC_EVENT, topics[2]);
	agent_subscribe(agent, (struct mqtt_subscription){.topic = topics[0], .want_retained = true, .bulk = true});
	agent_subscribe(agent, (struct mqtt_subscription){.topic = topics[1], .want_retained = true, .bulk = true});
	agent_subscribe(agent, (struct mqtt_subscription){.topic = topics[2], .bulk = true});
}

static uint64_t random_ticket(void)
{
	uint64_t ticket;
	if (getrandom(&ticket, sizeof(ticket), GRND_NONBLOCK) != sizeof(ticket))
		return (uint64_t)loop_wall_ms(); /* no entropy in the first seconds of a machine */
	return ticket;
}

static int follow_peers(struct agent *agent, struct agent_peers *peers)
{
	const struct config *config = agent->config;
	size_t count = config->peers.all ? 1 : config->peers.node_count, followed = 0;
	struct peers_config setting = {.own_node = config->node,
			.nodes = config->peers.nodes,
			.node_count = config->peers.node_count,
			.ticket = random_ticket};
	if (count == 0)
		return 0;
	if (getrandom(&setting.seed, sizeof(setting.seed), GRND_NONBLOCK) < 0)
		setting.seed = (uint64_t)loop_wall_ms();
	peers->scratch = calloc(1, sizeof(*peers->scratch));
	peers->topics = calloc(count * TOPICS_PER_PEER, sizeof(*peers->topics));
	if (!peers->scratch || !peers->topics)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (config->peers.all || strcmp(config->peers.nodes[i], config->node) != 0)
			follow(agent, config->peers.all ? "+" : config->peers.nodes[i],
					peers->topics + TOPICS_PER_PEER * followed++);
	topic_answers(&agent->topics, peers->answers_topic);
	agent_subscribe(agent, (struct mqtt_subscription){.topic = peers->answers_topic, .bulk = true});
	return peers_new(&setting, &peers->peers);
}

static void drop(struct agent *agent, struct agent_peers *peers)
{
	if (!peers)
		return;
	loop_timer_cancel(agent->loop, &peers->doors_timer);
	loop_timer_cancel(agent->loop, &peers->timer);
	peers_free(peers->peers);
	free(peers->scratch);
	free(peers->topics);
	free(peers->document);
	free(peers);
}

int agent_start_peers(struct agent *agent)
{
	struct agent_peers *peers = calloc(1, sizeof(*peers));
	if (!peers)
		return -ENOMEM;
	peers->doors_timer = (struct loop_timer){.expired = publish_doors, .user = agent};
	peers->timer = (struct loop_timer){.expired = look_again, .user = agent};
	topic_doors(&agent->topics, peers->doors_topic);
	peers->document_size = 1024 + agent->door_count * (DOCUMENT_DOORS_MAX / DOORS_MAX);
	peers->document = malloc(peers->document_size);
	int error = peers->document ? follow_peers(agent, peers) : -ENOMEM;
	if (error < 0) {
		drop(agent, peers);
		return error;
	}
	if (agent->peers)
		peers->refused = agent->peers->refused; /* counted on */
	drop(agent, agent->peers);
	agent->peers = peers;
	return 0;
}

void agent_free_peers(struct agent *agent)
{
	drop(agent, agent->peers);
	agent->peers = NULL;
}

void agent_clear_doors(struct agent *agent)
{
	loop_timer_cancel(agent->loop, &agent->peers->doors_timer);
	agent_publish_text(agent, agent->peers->doors_topic, "");
}
