#include "agent/inside.h"

#include <string.h>
#include <sys/random.h>

#define OLD_DOORS_MS 10000       /* so long after a connect retained states may tell of doors that are gone */
#define SAY_AGAIN_FIRST_MS 10000 /* after a connect: a broker may publish an old will late, and none tells us */
#define SAY_AGAIN_MIN_MS 270000  /* and then every five minutes, not all agents at once */
#define SAY_AGAIN_SPAN_MS 60000
#define BIRTH_DELAY_MIN_MS 200 /* after Home Assistant's birth: it must be listening, and not all devices at once */
#define BIRTH_DELAY_SPAN_MS 2000
#define CONTRADICT_MIN_MS 1000 /* between two contradictions of a false "offline"; doubled for each */
#define CONTRADICT_MAX_MS 300000

static int64_t random_ms(uint32_t span_ms)
{
	uint32_t random = 0;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0;
	return random % span_ms;
}

static struct agent_door *find_door(struct agent *agent, const char *id)
{
	for (size_t i = 0; i < agent->door_count; i++)
		if (strcmp(agent->doors[i].config->id, id) == 0)
			return &agent->doors[i];
	return NULL;
}

static void set_message(struct agent_door *door, const struct mqtt_message *message)
{
	struct agent *agent = door->agent;
	enum door_result result = DOOR_RESULT_REJECTED;
	enum door_reason reason;
	enum door_command command;
	bool known = door_command_parse(message->payload, message->length, &command);
	if (message->retained && message->length == 0)
		return; /* somebody cleared a retained command */
	if (known && !message->retained && !message->past) {
		result = agent_command(door, command, DOOR_SOURCE_MQTT, message->sent_after_ms, &reason);
	} else {
		reason = message->retained ? DOOR_REASON_RETAINED
			 : known           ? DOOR_REASON_STALE
					   : DOOR_REASON_UNKNOWN_COMMAND;
		agent_refuse(door, known ? &command : NULL, DOOR_SOURCE_MQTT, reason);
	}
	if (!message->response_topic)
		return;
	if (!topic_may_answer(&agent->topics, message->response_topic)) {
		log_debug(agent->log, "door %s: no answer is given to a response topic that is not allowed",
				door->config->id);
		return;
	}
	ssize_t length = document_result(result, reason, agent->document, DOCUMENT_MAX);
	if (length >= 0)
		mqtt_respond(agent->mqtt, message, agent->document, (size_t)length);
}

void agent_clear_door(struct agent *agent, const char *id, bool topics, bool discovery)
{
	static const enum topic_leaf leaves[] = {TOPIC_POSITION, TOPIC_STATE, TOPIC_ATTRIBUTES};
	char topic[TOPIC_MAX + 1];
	for (size_t i = 0; topics && i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		topic_door(&agent->topics, id, leaves[i], topic);
		agent_publish_text(agent, topic, "");
	}
	if (discovery) {
		topic_discovery_door(&agent->topics, id, topic);
		agent_publish_text(agent, topic, "");
	}
}

/* A door of a former configuration. */
static void forget_door(struct agent *agent, const char *id)
{
	log_info(agent->log, "door %s is no longer configured: removing what the broker has kept of it", id);
	agent_clear_door(agent, id, true, agent->config->home_assistant.discovery);
}

/*
 * An "offline" that we did not say: an old will that came late, or another agent with our name. Contradicted soon the
 * first time, then ever more slowly, so that two agents with one name do not fight. Not at once: a broker that ends
 * hands us our own will, and one that comes back the will it has kept, just before our "online".
 */
static void contradict(struct agent *agent)
{
	int64_t now_ms = loop_now_ms(), at_ms = agent->contradicted_ms + agent->contradict_gap_ms;
	if (agent->contradict_timer.armed)
		return;
	if (now_ms - agent->contradicted_ms > 2 * CONTRADICT_MAX_MS || agent->contradict_gap_ms == 0)
		agent->contradict_gap_ms = at_ms = CONTRADICT_MIN_MS;
	if (at_ms < now_ms + CONTRADICT_MIN_MS)
		at_ms = now_ms + CONTRADICT_MIN_MS;
	loop_timer_set(agent->loop, &agent->contradict_timer, at_ms);
}

static void contradict_now(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	agent->contradicted_ms = now_ms;
	agent->contradict_gap_ms = agent->contradict_gap_ms * 2 < CONTRADICT_MAX_MS ? agent->contradict_gap_ms * 2
										    : CONTRADICT_MAX_MS;
	if (agent->stopping)
		return;
	log_warning(agent->log,
			"somebody published \"offline\" as our availability (a late will, or another agent with node %s); saying \"online\" again",
			agent->topics.node);
	agent_publish_availability(agent);
}

bool agent_payload_is(const struct mqtt_message *message, const char *text)
{
	return message->length == strlen(text) && memcmp(message->payload, text, message->length) == 0;
}

static void message(void *user, const struct mqtt_message *message)
{
	struct agent *agent = user;
	char id[DOOR_ID_MAX + 1];
	enum topic_leaf leaf;
	if (agent->stopping || agent->reload == RELOAD_LEAVING)
		return; /* we have said that we are gone */
	if (strcmp(message->topic, agent->availability_topic) == 0) {
		if (agent_payload_is(message, AGENT_ONLINE) ||
				agent_payload_is(message, AGENT_DEAF)) { /* the broker's last word is ours */
			loop_timer_cancel(agent->loop, &agent->contradict_timer);
			agent->echo_until_ms = 0;
		} else {
			contradict(agent);
		}
	} else if (strcmp(message->topic, agent->status_topic) == 0) {
		if (!agent_payload_is(message, AGENT_ONLINE) || message->retained)
			return;
		loop_timer_set(agent->loop, &agent->birth_timer,
				loop_now_ms() + BIRTH_DELAY_MIN_MS + random_ms(BIRTH_DELAY_SPAN_MS));
	} else if (topic_parse_door(&agent->topics, message->topic, id, &leaf)) {
		struct agent_door *door = find_door(agent, id);
		if (door && leaf == TOPIC_SET)
			set_message(door, message);
		else if (!door && leaf == TOPIC_STATE && message->retained && message->length > 0)
			forget_door(agent, id);
	} else {
		agent_peers_message(agent, message);
	}
}

static void connected(void *user)
{
	struct agent *agent = user;
	http_changed(agent->http);
	agent_publish_everything(agent);
	loop_timer_set(agent->loop, &agent->old_doors_timer, loop_now_ms() + OLD_DOORS_MS);
	loop_timer_set(agent->loop, &agent->say_again_timer, loop_now_ms() + SAY_AGAIN_FIRST_MS);
}

/* Part of what is retained found no room, or was refused. */
static void all_again(void *user)
{
	agent_publish_everything(user);
}

/*
 * What was said once may have been contradicted where we do not hear it: some clusters publish an old will when a node
 * comes back, and keep what is retained on each node for itself.
 */
static void say_again(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	if (agent->stopping)
		return;
	for (size_t i = 0; i < agent->door_count; i++)
		agent_publish_door(&agent->doors[i], PUBLISH_ALL);
	agent_publish_availability(agent);
	loop_timer_set(agent->loop, timer, now_ms + SAY_AGAIN_MIN_MS + random_ms(SAY_AGAIN_SPAN_MS));
}

/* What the broker lets us hear has changed. */
static void heard(void *user)
{
	struct agent *agent = user;
	if (agent->stopping)
		return;
	http_changed(agent->http);
	agent_doors_changed(agent);
	agent_publish_availability(agent);
}

void agent_disconnected(void *user)
{
	struct agent *agent = user;
	agent->echo_until_ms = 0; /* nothing waits on a new connection */
	agent_watch_stalls(agent);
	http_changed(agent->http);
	agent_peers_disconnected(agent);
	loop_timer_cancel(agent->loop, &agent->old_doors_timer);
	loop_timer_cancel(agent->loop, &agent->birth_timer);
	loop_timer_cancel(agent->loop, &agent->say_again_timer);
	loop_timer_cancel(agent->loop, &agent->contradict_timer);
}

static void stop_watching_old_doors(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	(void)now_ms;
	mqtt_unsubscribe(agent->mqtt, agent->every_state_topic);
}

static void home_assistant_born(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	agent_publish_everything(timer->user);
}

void agent_subscribe(struct agent *agent, struct mqtt_subscription subscription)
{
	agent->subscriptions[agent->subscription_count++] = subscription;
}

int agent_start_mqtt(struct agent *agent)
{
	const struct config *config = agent->config;
	struct loop_timer *const timers[] = {&agent->old_doors_timer, &agent->say_again_timer, &agent->birth_timer,
			&agent->contradict_timer};
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		loop_timer_cancel(agent->loop, timers[i]); /* of a connection before this one */
	agent->old_doors_timer = (struct loop_timer){.expired = stop_watching_old_doors, .user = agent};
	agent->say_again_timer = (struct loop_timer){.expired = say_again, .user = agent};
	agent->birth_timer = (struct loop_timer){.expired = home_assistant_born, .user = agent};
	agent->contradict_timer = (struct loop_timer){.expired = contradict_now, .user = agent};
	agent->subscription_count = 0;
	agent->topics = (struct topic_base){.prefix = config->mqtt.topic_prefix,
			.node = config->node,
			.discovery = config->home_assistant.prefix};
	topic_availability(&agent->topics, agent->availability_topic);
	topic_home_assistant_status(&agent->topics, agent->status_topic);
	topic_every_state(&agent->topics, agent->every_state_topic);
	for (size_t i = 0; i < agent->door_count; i++) {
		topic_door(&agent->topics, config->doors[i].id, TOPIC_SET, agent->set_topics[i]);
		/* As published: what a bridge replays after its own reconnect is known for a command of the past. */
		agent_subscribe(agent, (struct mqtt_subscription){
						       .topic = agent->set_topics[i],
						       .commands = true,
						       .as_published = true,
				       });
	}
	agent_subscribe(agent, (struct mqtt_subscription){.topic = agent->availability_topic, .want_retained = true});
	agent_subscribe(agent, (struct mqtt_subscription){.topic = agent->every_state_topic, .want_retained = true});
	if (config->home_assistant.discovery)
		agent_subscribe(agent, (struct mqtt_subscription){.topic = agent->status_topic});
	int result = agent_start_peers(agent);
	if (result < 0) {
		log_error(agent->log, "peers: %s", strerror(-result));
		return result;
	}

	struct mqtt_config mqtt = {
			.broker_count = config->mqtt.broker_count,
			.client_id = config->mqtt.client_id,
			.username = config->mqtt.username,
			.password = config->mqtt.password,
			.keepalive_ms = config->mqtt.keepalive_ms,
			.will_topic = agent->availability_topic,
			.will_payload = AGENT_OFFLINE,
			.subscriptions = agent->subscriptions,
			.subscription_count = agent->subscription_count,
			.alive = &agent->alive,
	};
	const struct mqtt_layer *layers[MQTT_BROKERS_MAX];
	result = secure_brokers(agent->secure, config, layers);
	if (result < 0) {
		log_error(agent->log, "mqtt.tls: %s", strerror(-result));
		return result;
	}
	for (size_t i = 0; i < mqtt.broker_count; i++)
		mqtt.brokers[i] = (struct mqtt_broker){.host = config->mqtt.brokers[i].host,
				.port = config->mqtt.brokers[i].port,
				.layer = layers[i]};
	struct mqtt_handlers handlers = {.connected = connected,
			.say_again = all_again,
			.disconnected = agent_disconnected,
			.heard = heard,
			.message = message,
			.user = agent};
	char error[MQTT_ERROR_MAX] = "";
	struct mqtt *client;
	result = mqtt_new(agent->loop, agent->log, &mqtt, &handlers, &client, error);
	if (result < 0) {
		log_error(agent->log, "MQTT: %s", error);
		return result;
	}
	agent->mqtt = client;
	agent->mqtt_config = config;
	return 0;
}
