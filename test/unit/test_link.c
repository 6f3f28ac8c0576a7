/*
 * The link with a fake MQTT client (this file defines the functions of mqtt/mqtt.h), a garage on a fake chip, and a clock
 * that the test moves: what is said to the broker, in which order, and what comes of what the broker says.
 */
#include "link/link.h"

#include <sys/random.h>

#include "documents/documents.h"
#include "fake_garage.h"
#include "tap.h"

/* Every random delay (4 bytes) is its shortest, and every ticket (8) another one. */
ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
	static unsigned char count;
	(void)flags;
	memset(buffer, length == 4 ? 0 : ++count, length);
	return (ssize_t)length;
}

/* ---- The broker's side ---- */

#define SAID_MAX 256

struct mqtt {
	struct mqtt_config config;
	struct mqtt_handlers handlers;
	struct mqtt_status status;
	void (*stopped)(void *user, bool whole);
	void *stopped_user;
	int64_t stop_limit_ms;
	uint64_t counted_on;
};

static struct {
	struct mqtt *client; /* the newest */
	int refuses;         /* what mqtt_new returns */
	int made, freed;
	char said[SAID_MAX][1024]; /* "topic payload", with " (once)" where it is not retained */
	size_t said_count;
	char request_topic[256], response[256], unsubscribed[256];
	unsigned char ticket[MQTT_CORRELATION_MAX];
	size_t ticket_length;
} broker;

int mqtt_new(struct loop *loop, const struct log *log, const struct mqtt_config *config,
		const struct mqtt_handlers *handlers, struct mqtt **mqtt, char error[static MQTT_ERROR_MAX])
{
	(void)loop, (void)log;
	snprintf(error, MQTT_ERROR_MAX, "refused by the test");
	if (broker.refuses < 0)
		return broker.refuses;
	struct mqtt *client = calloc(1, sizeof(*client));
	*client = (struct mqtt){.config = *config,
			.handlers = *handlers,
			.status = {.state = MQTT_DISCONNECTED, .broker = "", .error = "", .warning = ""}};
	broker.client = *mqtt = client;
	broker.made++;
	return 0;
}

static int broker_say(const char *topic, const char *payload, size_t length, bool retained)
{
	if (broker.client->status.state != MQTT_CONNECTED)
		return -ENOTCONN;
	if (broker.said_count < SAID_MAX)
		snprintf(broker.said[broker.said_count++], sizeof(broker.said[0]), "%s %.*s%s", topic, (int)length,
				payload, retained ? "" : " (once)");
	return 0;
}

int mqtt_publish(struct mqtt *mqtt, const char *topic, const char *payload, size_t length, bool retained)
{
	return mqtt == broker.client ? broker_say(topic, payload, length, retained) : -ENOTCONN;
}

int mqtt_request(struct mqtt *mqtt, const char *topic, const char *payload, size_t length,
		const struct mqtt_request *request)
{
	(void)mqtt;
	snprintf(broker.request_topic, sizeof(broker.request_topic), "%s", request->response_topic);
	memcpy(broker.ticket, request->correlation, request->correlation_length);
	broker.ticket_length = request->correlation_length;
	return broker_say(topic, payload, length, false);
}

int mqtt_respond(struct mqtt *mqtt, const struct mqtt_message *to, const char *payload, size_t length)
{
	(void)mqtt;
	snprintf(broker.response, sizeof(broker.response), "%s %.*s", to->response_topic, (int)length, payload);
	return 0;
}

int mqtt_unsubscribe(struct mqtt *mqtt, const char *topic)
{
	(void)mqtt;
	snprintf(broker.unsubscribed, sizeof(broker.unsubscribed), "%s", topic);
	return 0;
}

void mqtt_status(const struct mqtt *mqtt, struct mqtt_status *status)
{
	*status = mqtt->status;
}

void mqtt_count_on(struct mqtt *mqtt, const struct mqtt *former)
{
	mqtt->counted_on = former->status.connects;
}

void mqtt_stop(struct mqtt *mqtt, int64_t limit_ms, void (*stopped)(void *user, bool whole), void *user)
{
	mqtt->stopped = stopped;
	mqtt->stopped_user = user;
	mqtt->stop_limit_ms = limit_ms;
}

void mqtt_free(struct mqtt *mqtt)
{
	if (!mqtt)
		return;
	broker.freed++;
	if (broker.client == mqtt)
		broker.client = NULL;
	free(mqtt);
}

static void broker_connect(int version)
{
	broker.client->status.state = MQTT_CONNECTED;
	broker.client->status.version = version;
	broker.client->status.connects++;
	broker.client->handlers.connected(broker.client->handlers.user);
}

/* A message that was sent just now; other members are set by the caller. */
static void broker_send(struct mqtt_message message)
{
	message.length = strlen(message.payload);
	if (message.sent_after_ms == 0)
		message.sent_after_ms = fake_now_ms;
	broker.client->handlers.message(broker.client->handlers.user, &message);
}

static void broker_command(const char *word)
{
	broker_send((struct mqtt_message){.topic = "portcullis/garage/left/set", .payload = word});
}

/* ---- Looking at what was said ---- */

/* Whether the line number of those said begins so; "" begins every line. */
static bool said_at(size_t number, const char *beginning)
{
	return number < broker.said_count && strncmp(broker.said[number], beginning, strlen(beginning)) == 0;
}

static size_t times_said(const char *beginning)
{
	size_t times = 0;
	for (size_t i = 0; i < broker.said_count; i++)
		times += said_at(i, beginning);
	return times;
}

/* Whether these, by their beginnings, are all that was said, in this order. Forgets what was said. */
static bool said_exactly(const char *const *beginnings)
{
	bool same = true;
	size_t i = 0;
	for (; beginnings[i]; i++)
		if (!said_at(i, beginnings[i])) {
			printf("# %zu: expected %s, said %s\n", i, beginnings[i],
					i < broker.said_count ? broker.said[i] : "nothing");
			same = false;
		}
	for (; i < broker.said_count; i++, same = false)
		printf("# said besides: %s\n", broker.said[i]);
	broker.said_count = 0;
	return same;
}

#define SAID(...) said_exactly((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING_SAID() said_exactly((const char *const[]){NULL})

/* ---- The link under test ---- */

static struct garage *garage;
static struct link *link_under_test;
static int changes, endings;

static void count_change(void *user)
{
	(void)user;
	changes++;
}

static void count_ending(void *user)
{
	(void)user;
	endings++;
}

static struct link_config link_settings(void)
{
	return (struct link_config){.node = "garage",
			.topic_prefix = "portcullis",
			.discovery_prefix = "homeassistant",
			.discovery = true,
			.brokers = {{.host = "broker", .port = 1883}},
			.broker_count = 1,
			.client_id = "portcullis-garage",
			.keepalive_ms = 30 * SECOND,
			.follow_all = true};
}

/* Connected by MQTT 5, the doors settled, and nothing said since; half past five. */
static void begin(void)
{
	const struct link_config config = link_settings();
	memset(&broker, 0, sizeof(broker));
	changes = endings = 0;
	garage = fake_garage(NULL);
	if (link_new(&fake_loop, &quiet, garage, count_change, NULL, &link_under_test) < 0 ||
			link_connect(link_under_test, &config) < 0)
		exit(1);
	garage_observe(garage, (struct garage_observer){link_hear, link_under_test});
	garage_start(garage, fake_pasts);
	broker_connect(5);
	fake_run_until(5 * HOUR + 30 * MINUTE);
	broker_send((struct mqtt_message){.topic = "portcullis/garage/availability", .payload = "online"});
	broker.said_count = 0;
}

static void end(void)
{
	link_free(link_under_test);
	garage_free(garage);
}

/* ---- Tests ---- */

static void test_begin(void)
{
	static const char *const heard[] = {"portcullis/garage/left/set", "portcullis/garage/right/set",
			"portcullis/garage/+/lockout/set", "portcullis/garage/lockout/set",
			"portcullis/garage/+/position/set", "portcullis/garage/availability",
			"portcullis/garage/+/state", "homeassistant/status", "portcullis/+/availability",
			"portcullis/+/doors", "portcullis/+/+/event", "portcullis/garage/answers"};
	tap_case("a connection asks for our commands first, and begins with everything that is retained");
	begin();
	const struct mqtt_config *config = &broker.client->config;
	CHECK(config->subscription_count == sizeof(heard) / sizeof(heard[0]));
	for (size_t i = 0; i < config->subscription_count; i++) {
		const struct mqtt_subscription *one = &config->subscriptions[i];
		CHECK(strcmp(one->topic, heard[i]) == 0);
		CHECK(one->commands == (i < 5) && one->as_published == (i < 5) && one->bulk == (i > 7));
		CHECK(!one->commands || !one->want_retained);
	}
	CHECK(strcmp(config->will_topic, "portcullis/garage/availability") == 0);
	CHECK(strcmp(config->will_payload, "offline") == 0);
	broker.client->handlers.connected(broker.client->handlers.user);
	CHECK(SAID("portcullis/garage/left/position 0", "portcullis/garage/left/state closed",
			"portcullis/garage/left/lockout OFF", "portcullis/garage/left/attributes {",
			"portcullis/garage/right/position 0", "portcullis/garage/right/state closed",
			"portcullis/garage/right/lockout OFF", "portcullis/garage/lockout OFF",
			"portcullis/garage/right/attributes {", "portcullis/garage/doors {",
			"portcullis/garage/agent {\"version\":", "portcullis/garage/availability online",
			"homeassistant/device/portcullis_garage/config {",
			"homeassistant/device/portcullis_garage_left/config {",
			"homeassistant/device/portcullis_garage_right/config {"));
	fake_run_until(fake_now_ms + 11 * SECOND);
	CHECK(strcmp(broker.unsubscribed, "portcullis/garage/+/state") == 0);
	end();
}

static void test_command(void)
{
	tap_case("a command moves the door, is answered where that is allowed, and what follows is published in order");
	begin();
	broker_send((struct mqtt_message){.topic = "portcullis/garage/left/set",
			.payload = " open ",
			.response_topic = "someone/answers"});
	CHECK(strcmp(broker.response, "someone/answers {\"result\":\"accepted\"}") == 0);
	fake_run_until(fake_now_ms + 100);
	CHECK(SAID("portcullis/garage/left/state opening", "portcullis/garage/left/attributes {",
			"portcullis/garage/left/event {\"event_type\":\"opening\"",
			"portcullis/garage/left/attributes {",
			"portcullis/garage/left/event {\"event_type\":\"command_accepted\"",
			"portcullis/garage/doors {"));
	CHECK(chip.presses == 1);
	fake_run_until(fake_now_ms + 20 * SECOND);
	CHECK(times_said("portcullis/garage/left/state open") == 1);
	broker.response[0] = '\0';
	broker_send((struct mqtt_message){.topic = "portcullis/garage/left/set",
			.payload = "OPEN",
			.response_topic = "portcullis/garage/left/state"});
	CHECK(broker.response[0] == '\0');
	end();
}

static void test_refusals(void)
{
	static const struct {
		struct mqtt_message message;
		const char *reason;
	} cases[] = {
			{{.payload = "OPEN", .retained = true}, "retained"},
			{{.payload = "OPEN", .past = true}, "stale"},
			{{.payload = "OPEN", .sent_after_ms = 1}, "stale"},
			{{.payload = "OPENN"}, "unknown_command"},
			{{.payload = "", .retained = false}, "unknown_command"},
	};
	tap_case("what was kept, may have waited, or is no command moves nothing, and is told");
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[160];
		struct mqtt_message message = cases[i].message;
		message.topic = "portcullis/garage/left/set";
		broker_send(message);
		snprintf(expected, sizeof(expected), "\"reason\":\"%s\"", cases[i].reason);
		CHECK(broker.said_count == 2 && strstr(broker.said[1], "command_rejected") &&
				strstr(broker.said[1], expected));
		CHECK(said_at(0, "portcullis/garage/left/attributes {") && strstr(broker.said[0], expected));
		broker.said_count = 0;
	}
	broker_send((struct mqtt_message){.topic = "portcullis/garage/left/set", .payload = "", .retained = true});
	broker_send((struct mqtt_message){.topic = "portcullis/garage/left/state", .payload = "OPEN"});
	broker_send((struct mqtt_message){.topic = "portcullis/other/left/set", .payload = "OPEN"});
	CHECK(NOTHING_SAID());
	CHECK(chip.presses == 0);
	end();
}

static void send_lockout(const char *topic, struct mqtt_message message)
{
	message.topic = topic;
	message.response_topic = "someone/answers";
	broker.response[0] = '\0';
	broker.said_count = 0;
	broker_send(message);
}

static void test_position(void)
{
	static const char left[] = "portcullis/garage/left/position/set";
	static const struct {
		struct mqtt_message message;
		const char *reason;
	} cases[] = {
			{{.payload = "30", .retained = true}, "retained"},
			{{.payload = "30", .past = true}, "stale"},
			{{.payload = "30", .sent_after_ms = 1}, "stale"},
			{{.payload = "OPEN"}, "unknown_command"},
			{{.payload = "101"}, "unknown_command"},
			{{.payload = ""}, "unknown_command"},
	};
	tap_case("a position that was kept, may have waited, or is none, moves nothing");
	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		send_lockout(left, cases[i].message);
		CHECK(strstr(broker.response, cases[i].reason) != NULL && chip.presses == 0);
	}
	send_lockout(left, (struct mqtt_message){.payload = "", .retained = true});
	CHECK(broker.response[0] == '\0' && NOTHING_SAID());

	tap_case("a position that can be reached is taken, and 100 is OPEN");
	send_lockout(left, (struct mqtt_message){.payload = " 30 "});
	CHECK(strcmp(broker.response, "someone/answers {\"result\":\"accepted\"}") == 0 && chip.presses == 1);
	CHECK(times_said("portcullis/garage/left/event {\"event_type\":\"command_accepted\",\"command\":\"position\"") ==
			1);
	end();
	begin();
	send_lockout(left, (struct mqtt_message){.payload = "100"});
	CHECK(times_said("portcullis/garage/left/event {\"event_type\":\"command_accepted\",\"command\":\"open\"") ==
			1);
	end();
}

static void test_lockout(void)
{
	static const char left[] = "portcullis/garage/left/lockout/set", all[] = "portcullis/garage/lockout/set";
	static const struct {
		struct mqtt_message message;
		const char *reason;
	} cases[] = {
			{{.payload = "OFF", .retained = true}, "retained"},
			{{.payload = "OFF", .past = true}, "stale"},
			{{.payload = "OFF", .sent_after_ms = 1}, "stale"},
			{{.payload = "OPEN"}, "unknown_command"},
	};
	tap_case("a lock-out is set, told, refuses OPEN, and is lifted");
	begin();
	send_lockout(left, (struct mqtt_message){.payload = " on "});
	CHECK(strcmp(broker.response, "someone/answers {\"result\":\"accepted\"}") == 0);
	CHECK(times_said("portcullis/garage/left/lockout ON") == 1 && times_said("portcullis/garage/lockout") == 0);
	CHECK(times_said("portcullis/garage/left/event {\"event_type\":\"locked_out\",\"source\":\"mqtt\"") == 1);
	send_lockout("portcullis/garage/left/set", (struct mqtt_message){.payload = "OPEN"});
	CHECK(strstr(broker.response, "\"reason\":\"locked_out\"") != NULL && chip.presses == 0);

	tap_case("what was kept, may have waited, or is no word for it lifts nothing, of one door or of all");
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		send_lockout(i % 2 == 0 ? left : all, cases[i / 2].message);
		CHECK(strstr(broker.response, cases[i / 2].reason) != NULL);
		CHECK(times_said("portcullis/garage/left/lockout") == 0);
	}
	send_lockout(left, (struct mqtt_message){.payload = "", .retained = true});
	CHECK(broker.response[0] == '\0' && NOTHING_SAID());

	tap_case("all doors are locked out, and then it is told of all; one that is free again ends that");
	send_lockout(all, (struct mqtt_message){.payload = "ON"});
	CHECK(strcmp(broker.response, "someone/answers {\"result\":\"accepted\"}") == 0);
	CHECK(times_said("portcullis/garage/right/lockout ON") == 1 && times_said("portcullis/garage/lockout ON") == 1);
	send_lockout(all, (struct mqtt_message){.payload = "ON"});
	CHECK(strcmp(broker.response, "someone/answers {\"result\":\"unchanged\"}") == 0);
	send_lockout(left, (struct mqtt_message){.payload = "OFF"});
	CHECK(times_said("portcullis/garage/left/lockout OFF") == 1 &&
			times_said("portcullis/garage/lockout OFF") == 1);
	send_lockout("portcullis/garage/left/set", (struct mqtt_message){.payload = "OPEN"});
	CHECK(strcmp(broker.response, "someone/answers {\"result\":\"accepted\"}") == 0 && chip.presses == 1);

	tap_case("where a disk keeps it, it is told when it is there; and where that fails, all the same");
	garage_keep_lockouts(garage, GARAGE_KEEPS_ALL);
	send_lockout(left, (struct mqtt_message){.payload = "ON"});
	CHECK(times_said("portcullis/garage/left/lockout") == 0);
	garage_keep_lockouts(garage, GARAGE_KEEPS_SOON);
	CHECK(times_said("portcullis/garage/left/lockout") == 0);
	garage_keep_lockouts(garage, GARAGE_KEEPS_ALL);
	CHECK(times_said("portcullis/garage/left/lockout ON") == 1);
	send_lockout(left, (struct mqtt_message){.payload = "OFF"});
	garage_keep_lockouts(garage, GARAGE_KEEPS_FAILED);
	CHECK(times_said("portcullis/garage/left/lockout OFF") == 1);
	end();
}

static void test_lockout_is_said_once(void)
{
	tap_case("a state that changes with its position does not tell the lock-out again; a connection does");
	begin();
	chip_press();
	fake_run_until(fake_now_ms + MINUTE);
	CHECK(times_said("portcullis/garage/left/state open") >= 1);
	CHECK(times_said("portcullis/garage/left/lockout") == 0 && times_said("portcullis/garage/lockout") == 0);
	broker.said_count = 0;
	broker.client->handlers.connected(broker.client->handlers.user);
	CHECK(times_said("portcullis/garage/left/lockout OFF") == 1);
	CHECK(times_said("portcullis/garage/right/lockout OFF") == 1 &&
			times_said("portcullis/garage/lockout OFF") == 1);
	end();
}

static void test_last_command(void)
{
	static char first[sizeof(broker.said[0])];
	tap_case("each command changes the attributes, also one that ends as the one before did");
	begin();
	broker_command("CLOSE");
	CHECK(said_at(0, "portcullis/garage/left/attributes {") && strstr(broker.said[0], "\"result\":\"unchanged\""));
	memcpy(first, broker.said[0], sizeof(first));
	broker.said_count = 0;
	broker_command("CLOSE");
	CHECK(said_at(0, "portcullis/garage/left/attributes {") && strcmp(first, broker.said[0]) != 0);
	end();
}

static void test_standstill(void)
{
	tap_case("after a standstill the broker's commands are refused until it echoes, and only the present is published");
	begin();
	fake_stand_still(60 * SECOND);
	chip_edge(LEFT_CLOSED, false); /* opened by hand meanwhile */
	CHECK(SAID("portcullis/garage/availability online"));
	fake_run_until(fake_now_ms + 60);
	CHECK(NOTHING_SAID()); /* the machine knows by now, and it is not said yet */
	fake_run_until(fake_now_ms + SECOND);
	CHECK(times_said("portcullis/garage/left/state opening") == 1);
	CHECK(times_said("portcullis/garage/left/event {\"event_type\":\"opening\"") == 1);
	CHECK(times_said("portcullis/garage/doors {") > 0);
	fake_run_until(fake_now_ms + 20 * SECOND); /* the garage itself would take a command now */
	CHECK(!garage_is_past(garage, fake_now_ms));
	broker.said_count = 0;
	broker_command("CLOSE");
	CHECK(times_said("portcullis/garage/left/event {\"event_type\":\"command_rejected\"") == 1);
	CHECK(strstr(broker.said[1], "\"reason\":\"stale\""));
	CHECK(chip.presses == 0);
	broker_send((struct mqtt_message){.topic = "portcullis/garage/availability", .payload = "online"});
	broker.said_count = 0;
	broker_send((struct mqtt_message){.topic = "portcullis/garage/right/set", .payload = "OPEN"});
	CHECK(times_said("portcullis/garage/right/event {\"event_type\":\"command_accepted\"") == 1);
	end();
}

static void test_contradiction(void)
{
	static const struct mqtt_message offline = {.topic = "portcullis/garage/availability", .payload = "offline"};
	tap_case("a false \"offline\" is contradicted, ever more slowly, and not where the broker's last word is ours");
	begin();
	broker_send(offline);
	CHECK(NOTHING_SAID());
	fake_run_until(fake_now_ms + SECOND);
	CHECK(SAID("portcullis/garage/availability online"));
	broker_send(offline); /* at once: twice as slow */
	fake_run_until(fake_now_ms + 1900);
	CHECK(NOTHING_SAID());
	fake_run_until(fake_now_ms + 200);
	CHECK(SAID("portcullis/garage/availability online"));
	broker_send(offline);
	broker_send((struct mqtt_message){.topic = "portcullis/garage/availability", .payload = "online"});
	fake_run_until(fake_now_ms + MINUTE);
	CHECK(NOTHING_SAID());
	end();
}

static void test_deaf(void)
{
	tap_case("where the broker denies commands we are deaf");
	begin();
	broker.client->status.deaf = true;
	broker.client->status.warning = "denied";
	broker.client->handlers.heard(broker.client->handlers.user);
	fake_run_until(fake_now_ms + SECOND);
	CHECK(times_said("portcullis/garage/availability deaf") == 1);
	CHECK(times_said("portcullis/garage/doors {") == 1);
	CHECK(link_status(link_under_test).deaf);
	end();
}

static void test_birth(void)
{
	tap_case("Home Assistant's birth has everything said again, its retained one does not");
	begin();
	broker_send((struct mqtt_message){.topic = "homeassistant/status", .payload = "online", .retained = true});
	broker_send((struct mqtt_message){.topic = "homeassistant/status", .payload = "offline"});
	fake_run_until(fake_now_ms + 5 * SECOND);
	CHECK(NOTHING_SAID());
	broker_send((struct mqtt_message){.topic = "homeassistant/status", .payload = "online"});
	fake_run_until(fake_now_ms + 150);
	CHECK(NOTHING_SAID());
	fake_run_until(fake_now_ms + 3 * SECOND);
	CHECK(times_said("homeassistant/device/portcullis_garage_left/config {") == 1);
	CHECK(times_said("portcullis/garage/left/state closed") == 1);
	end();
}

static void test_heartbeat(void)
{
	tap_case("what is at rest is said again so often that nobody takes it for gone, and not more often");
	begin();
	fake_run_until(fake_now_ms + HOUR);
	size_t beats = times_said("portcullis/garage/agent {"),
	       online = times_said("portcullis/garage/availability online");
	CHECK(beats == online && beats >= HOUR / SECOND * 2 / DOCUMENT_AGENT_EXPIRY_S && beats <= 14);
	end();
}

static void test_gone_door(void)
{
	tap_case("what the broker keeps of a door that is no longer configured goes");
	begin();
	broker_send((struct mqtt_message){
			.topic = "portcullis/garage/middle/state", .payload = "open", .retained = true});
	CHECK(SAID("homeassistant/device/portcullis_garage_middle/config ", "portcullis/garage/middle/position ",
			"portcullis/garage/middle/attributes ", "portcullis/garage/middle/lockout ",
			"portcullis/garage/middle/state "));
	broker_send((struct mqtt_message){.topic = "portcullis/garage/middle/state", .payload = "open"});
	CHECK(NOTHING_SAID());
	end();
}

static void test_leave(void)
{
	struct link_config other = link_settings();
	tap_case("a connection that is left takes names back, is silent and deaf from then on, and another one follows");
	begin();
	broker.client->status.received = 7;
	link_leave(link_under_test, true, true, count_ending, NULL);
	CHECK(SAID("homeassistant/device/portcullis_garage/config ",
			"homeassistant/device/portcullis_garage_left/config ", "portcullis/garage/left/position ",
			"portcullis/garage/left/attributes ", "portcullis/garage/left/lockout ",
			"portcullis/garage/left/state ", "homeassistant/device/portcullis_garage_right/config ",
			"portcullis/garage/right/position ", "portcullis/garage/right/attributes ",
			"portcullis/garage/right/lockout ", "portcullis/garage/right/state ",
			"portcullis/garage/lockout ", "portcullis/garage/doors ", "portcullis/garage/agent ",
			"portcullis/garage/availability "));
	CHECK(broker.client->stop_limit_ms == LINK_TAKE_BACK_LIMIT_MS);
	broker_command("OPEN");
	chip_press(); /* on the wall */
	broker.client->handlers.connected(broker.client->handlers.user);
	fake_run_until(fake_now_ms + 21 * MINUTE);
	CHECK(NOTHING_SAID());
	CHECK(chip.presses == 2 && endings == 0); /* the wall, and auto-close */
	broker.client->stopped(broker.client->stopped_user, true);
	CHECK(endings == 1);
	other.node = "barn";
	broker.refuses = -ENOMEM;
	CHECK(link_connect(link_under_test, &other) == -ENOMEM);
	CHECK(broker.freed == 0);
	broker.refuses = 0;
	CHECK(link_connect(link_under_test, &other) == 0);
	CHECK(broker.made == 2 && broker.freed == 1 && broker.client->counted_on == 1);
	broker_connect(3);
	CHECK(times_said("portcullis/barn/availability online") == 1);
	CHECK(times_said("portcullis/garage/") == 0);
	end();
}

static void test_stop(void)
{
	tap_case("\"offline\" is the last word");
	begin();
	link_stop(link_under_test, count_ending, NULL);
	CHECK(SAID("portcullis/garage/availability offline"));
	CHECK(broker.client->stop_limit_ms == LINK_STOP_LIMIT_MS);
	chip_press();
	broker.client->handlers.heard(broker.client->handlers.user);
	broker_send((struct mqtt_message){.topic = "portcullis/garage/availability", .payload = "offline"});
	fake_run_until(fake_now_ms + HOUR);
	CHECK(NOTHING_SAID());
	broker.client->stopped(broker.client->stopped_user, false);
	CHECK(endings == 1);
	end();
}

static void test_disconnected(void)
{
	tap_case("without a connection nothing is said, and the next one begins with what is so");
	begin();
	broker.client->status.state = MQTT_DISCONNECTED;
	int before = changes;
	broker.client->handlers.disconnected(broker.client->handlers.user);
	CHECK(changes > before);
	chip_press();
	fake_run_until(fake_now_ms + MINUTE);
	CHECK(NOTHING_SAID());
	broker_connect(5);
	CHECK(times_said("portcullis/garage/left/state open") == 1);
	end();
}

static void test_neighbours(void)
{
	const struct peers_view *peers;
	tap_case("a neighbour's doors are followed and commanded, and an old command is not sent");
	begin();
	broker_send((struct mqtt_message){.topic = "portcullis/barn/availability", .payload = "online"});
	broker_send((struct mqtt_message){.topic = "portcullis/barn/doors",
			.payload = "{\"node\":\"barn\",\"version\":\"1\",\"doors\":[{\"id\":\"big\",\"name\":\"Big\","
				   "\"state\":\"closed\"}]}"});
	peers = link_peers(link_under_test);
	CHECK(peers && peers->count == 1 && peers->door_count == 1 && strcmp(peers->doors[0].id, "big") == 0);
	CHECK(link_peer_command(link_under_test, "barn", "small", DOOR_COMMAND_OPEN, 0, fake_now_ms) == -ENOENT);
	CHECK(link_peer_command(link_under_test, "barn", "big", DOOR_COMMAND_OPEN, 0, fake_now_ms - 11 * SECOND) ==
			-ESTALE);
	CHECK(NOTHING_SAID());
	CHECK(link_peer_command(link_under_test, "barn", "big", DOOR_COMMAND_OPEN, 0, fake_now_ms) == 0);
	CHECK(SAID("portcullis/barn/big/set open (once)"));
	CHECK(strcmp(broker.request_topic, "portcullis/garage/answers") == 0);
	broker_send((struct mqtt_message){.topic = "portcullis/garage/answers",
			.payload = "{\"result\":\"accepted\"}",
			.correlation = broker.ticket,
			.correlation_length = broker.ticket_length});
	peers = link_peers(link_under_test);
	CHECK(peers->doors[0].outcome == PEER_OUTCOME_ACCEPTED);
	CHECK(link_peer_command(link_under_test, "barn", "big", DOOR_COMMAND_POSITION, 15, fake_now_ms - 11 * SECOND) ==
			-ESTALE);
	CHECK(NOTHING_SAID());
	CHECK(link_peer_command(link_under_test, "barn", "big", DOOR_COMMAND_POSITION, 15, fake_now_ms) == 0);
	CHECK(SAID("portcullis/barn/big/position/set 15 (once)"));
	broker_send((struct mqtt_message){.topic = "portcullis/garage/answers",
			.payload = "{\"result\":\"rejected\",\"reason\":\"no_way\"}",
			.correlation = broker.ticket,
			.correlation_length = broker.ticket_length});
	peers = link_peers(link_under_test);
	CHECK(peers->doors[0].outcome == PEER_OUTCOME_REJECTED && peers->doors[0].reason == DOOR_REASON_NO_WAY);
	CHECK(peers->doors[0].command == DOOR_COMMAND_POSITION);
	broker_send((struct mqtt_message){.topic = "portcullis/barn/doors", .payload = "{"});
	CHECK(link_peers_refused(link_under_test) == 1);
	fake_stand_still(MINUTE);
	CHECK(link_peer_command(link_under_test, "barn", "big", DOOR_COMMAND_CLOSE, 0, fake_now_ms) < 0);
	CHECK(times_said("portcullis/barn/") == 0);
	end();

	tap_case("nothing is left of a command that still waits for its answer at the end");
	begin();
	broker_send((struct mqtt_message){.topic = "portcullis/barn/availability", .payload = "online"});
	broker_send((struct mqtt_message){.topic = "portcullis/barn/doors",
			.payload = "{\"node\":\"barn\",\"version\":\"1\",\"doors\":[{\"id\":\"big\",\"name\":\"Big\","
				   "\"state\":\"closed\"}]}"});
	CHECK(link_peer_command(link_under_test, "barn", "big", DOOR_COMMAND_OPEN, 0, fake_now_ms) == 0);
	end();
	CHECK(!fake_loop.timers);
}

int main(void)
{
	test_begin();
	test_command();
	test_refusals();
	test_lockout();
	test_lockout_is_said_once();
	test_position();
	test_last_command();
	test_standstill();
	test_contradiction();
	test_deaf();
	test_birth();
	test_heartbeat();
	test_gone_door();
	test_leave();
	test_stop();
	test_disconnected();
	test_neighbours();
	return tap_done();
}
