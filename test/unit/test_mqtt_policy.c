/*
 * The policy over brokers, with stand-ins for what is below it: a clock that the test moves, attempts to reach a broker
 * whose end the test decides, and a session of which it tells what becomes. Each case is a story of two brokers, A and B.
 */
#include "mqtt/mqtt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/reach.h"
#include "mqtt/reasons.h"
#include "mqtt/session.h"
#include "tap.h"

static struct {
	int64_t now_ms;
	struct loop_timer *timers[8];
	struct mqtt_reach *reach; /* under way; NULL = none */
	struct mqtt_session_handlers session;
	int greeted_version; /* 0 = no session */
	bool open, finishing, left;
	const char *wrong; /* what the guard says; NULL = nothing */
	int connected, disconnected, warnings;
	int stopped; /* 1: whole; 2: not */
} world;

/* ---- The stand-ins. ---- */

void log_write(const struct log *log, enum log_level level, const char *format, ...)
{
	(void)log, (void)format;
	world.warnings += level == LOG_WARNING;
}

int64_t loop_now_ms(void)
{
	return world.now_ms;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	(void)loop;
	timer->armed = false;
	for (size_t i = 0; i < 8; i++)
		if (world.timers[i] == timer)
			world.timers[i] = NULL;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_ms)
{
	loop_timer_cancel(loop, timer);
	timer->at_ms = at_ms;
	timer->armed = true;
	size_t i = 0;
	while (world.timers[i])
		i++;
	world.timers[i] = timer;
}

void mqtt_reach_start(struct mqtt_reach *reach)
{
	world.reach = reach;
}

void mqtt_reach_cancel(struct mqtt_reach *reach)
{
	if (world.reach == reach)
		world.reach = NULL;
}

void mqtt_reach_abandon(struct mqtt_reach *reach)
{
	mqtt_reach_cancel(reach);
}

int mqtt_session_new(struct loop *loop, const struct log *log, const struct mqtt_config *config,
		const struct mqtt_session_handlers *handlers, struct mqtt_session **session)
{
	(void)loop, (void)log, (void)config;
	world.session = *handlers;
	*session = (struct mqtt_session *)&world;
	return 0;
}

void mqtt_session_free(struct mqtt_session *session)
{
	(void)session;
}

const char *mqtt_session_greet(struct mqtt_session *session, int fd, int version, const char *label)
{
	(void)session, (void)fd, (void)label;
	world.greeted_version = version;
	return NULL;
}

void mqtt_session_open(struct mqtt_session *session)
{
	(void)session;
	world.open = true;
}

void mqtt_session_close(struct mqtt_session *session)
{
	(void)session;
	world.open = false;
}

void mqtt_session_finish(struct mqtt_session *session)
{
	(void)session;
	world.finishing = true;
}

bool mqtt_session_leave(struct mqtt_session *session)
{
	(void)session;
	world.open = false;
	world.left = true;
	return true;
}

int mqtt_session_publish(struct mqtt_session *session, struct mqtt_outgoing *outgoing)
{
	(void)session;
	free(outgoing);
	return 0;
}

int mqtt_session_unsubscribe(struct mqtt_session *session, const char *topic)
{
	(void)session, (void)topic;
	return 0;
}

int mqtt_session_version(const struct mqtt_session *session)
{
	(void)session;
	return world.greeted_version;
}

bool mqtt_session_wrong(struct mqtt_session *session, char reason[static MQTT_WIRE_WRONG_MAX])
{
	(void)session;
	snprintf(reason, MQTT_WIRE_WRONG_MAX, "%s", world.wrong ? world.wrong : "");
	return world.wrong;
}

bool mqtt_session_closed_by_us(const struct mqtt_session *session)
{
	(void)session;
	return false;
}

void mqtt_session_status(const struct mqtt_session *session, struct mqtt_status *status)
{
	(void)session, (void)status;
}

/* ---- A client in this world. ---- */

static void connected(void *user)
{
	(void)user;
	world.connected++;
}

static void disconnected(void *user)
{
	(void)user;
	world.disconnected++;
}

static void stopped(void *user, bool whole)
{
	(void)user;
	world.stopped = whole ? 1 : 2;
}

static struct mqtt *begin(size_t brokers)
{
	memset(&world, 0, sizeof(world));
	world.now_ms = 1000000;
	struct mqtt_config config = {.broker_count = brokers, .client_id = "id"};
	config.brokers[0] = (struct mqtt_broker){.host = "a", .port = 1};
	config.brokers[1] = (struct mqtt_broker){.host = "b", .port = 1};
	const struct mqtt_handlers handlers = {.connected = connected, .disconnected = disconnected};
	char error[MQTT_ERROR_MAX];
	struct mqtt *mqtt = NULL;
	CHECK(mqtt_new(NULL, NULL, &config, &handlers, &mqtt, error) == 0);
	return mqtt;
}

/* Time goes on to the next timer. How long that took; -1: there is none. */
static int64_t pass(void)
{
	struct loop_timer *first = NULL;
	for (size_t i = 0; i < 8; i++)
		if (world.timers[i] && (!first || world.timers[i]->at_ms < first->at_ms))
			first = world.timers[i];
	if (!first)
		return -1;
	int64_t took_ms = first->at_ms - world.now_ms;
	world.now_ms = first->at_ms;
	loop_timer_cancel(NULL, first);
	first->expired(first, world.now_ms);
	return took_ms;
}

/* Which broker is being reached: 'a', 'b', or '-' for none. */
static char reached(void)
{
	return world.reach ? world.reach->broker->host[0] : '-';
}

static void reach_ends(int fd, const char *why)
{
	struct mqtt_reach *reach = world.reach;
	world.reach = NULL;
	reach->ended(reach->user, fd, why);
}

static void accept_us(void)
{
	world.session.accepted(world.session.user, 10, true);
}

/* From nothing to online with the broker that is tried next. */
static void go_online(void)
{
	pass();
	reach_ends(7, NULL);
	accept_us();
}

static void lose(bool silent, int code)
{
	const struct mqtt_session_end end = {.silent = silent, .said = code > 0, .code = code};
	world.session.lost(world.session.user, &end);
}

static struct mqtt_status status_of(const struct mqtt *mqtt)
{
	struct mqtt_status status;
	mqtt_status(mqtt, &status);
	return status;
}

/* ---- Stories. ---- */

static void test_rounds(void)
{
	tap_case("brokers are tried in turn, and after a round comes a pause that grows");
	struct mqtt *mqtt = begin(2);
	int64_t most_ms = 1000;
	for (int round = 0; round < 9; round++) {
		int64_t pause_ms = pass();
		CHECK(round == 0 ? pause_ms == 0 : pause_ms >= most_ms / 2 && pause_ms <= most_ms);
		if (round > 0)
			most_ms = most_ms * 2 < 60000 ? most_ms * 2 : 60000;
		CHECK(reached() == 'a');
		reach_ends(-1, "it is not there");
		CHECK(reached() == '-' && pass() == 0 && reached() == 'b');
		reach_ends(-1, "nor is it");
		CHECK(strstr(status_of(mqtt).error, "b:1: nor is it"));
	}
	CHECK(world.warnings == 2); /* one of each broker, and not at each attempt */
	pass();
	reach_ends(7, NULL);
	CHECK(world.greeted_version == 5 && status_of(mqtt).state == MQTT_CONNECTING);
	accept_us();
	CHECK(world.open && world.connected == 1 && status_of(mqtt).state == MQTT_CONNECTED);
	CHECK(!*status_of(mqtt).error);
	mqtt_free(mqtt);
}

static void test_silence(void)
{
	tap_case("a broker that is silent is left for the next one at once");
	struct mqtt *mqtt = begin(2);
	go_online();
	lose(true, 0);
	CHECK(world.disconnected == 1 && !world.open && pass() == 0 && reached() == 'b');
	mqtt_free(mqtt);

	tap_case("where there is no other, it is tried again after a pause");
	mqtt = begin(1);
	go_online();
	world.now_ms += 60000;
	lose(true, 0);
	int64_t pause_ms = pass();
	CHECK(pause_ms >= 500 && pause_ms <= 1000 && reached() == 'a');
	mqtt_free(mqtt);

	tap_case("no CONNACK is a failed attempt after 10 s; after two, 3.1.1 is tried");
	mqtt = begin(1);
	for (int i = 0; i < 3; i++) {
		pass();
		reach_ends(7, NULL);
		CHECK(world.greeted_version == (i < 2 ? 5 : 3));
		CHECK(pass() == 10000 && status_of(mqtt).state == MQTT_DISCONNECTED);
	}
	mqtt_free(mqtt);
}

static void test_versions(void)
{
	tap_case("a broker that refuses MQTT 5 is asked for 3.1.1 at once");
	struct mqtt *mqtt = begin(2);
	pass();
	reach_ends(7, NULL);
	world.session.unaccepted(world.session.user, MQTT_REASON_UNSUPPORTED_VERSION);
	CHECK(reached() == 'a');
	reach_ends(7, NULL);
	CHECK(world.greeted_version == 3);
	accept_us();
	CHECK(status_of(mqtt).version == 3);
	mqtt_free(mqtt);

	tap_case("a close without a word is no refusal of a broker that spoke MQTT 5");
	mqtt = begin(1);
	go_online();
	world.now_ms += 60000;
	lose(false, 0);
	pass();
	reach_ends(7, NULL);
	world.session.unaccepted(world.session.user, 0);
	CHECK(reached() == '-' && strstr(status_of(mqtt).error, "hangs up without an answer"));
	mqtt_free(mqtt);

	tap_case("what the guard says of a greeting comes before all else, and is counted");
	mqtt = begin(1);
	pass();
	reach_ends(7, NULL);
	world.wrong = "the broker breaks MQTT: x";
	world.session.unaccepted(world.session.user, 0);
	CHECK(strstr(status_of(mqtt).error, "breaks MQTT") && status_of(mqtt).protocol_errors == 1);
	mqtt_free(mqtt);

	tap_case("a Receive Maximum of 0 is no connection");
	mqtt = begin(2);
	pass();
	reach_ends(7, NULL);
	world.session.accepted(world.session.user, 0, true);
	CHECK(!world.open && world.connected == 0 && pass() == 0 && reached() == 'b');
	mqtt_free(mqtt);
}

static void test_taken_over(void)
{
	tap_case("a client id that was taken over makes a long pause");
	struct mqtt *mqtt = begin(1);
	go_online();
	lose(false, MQTT_REASON_SESSION_TAKEN_OVER);
	int64_t pause_ms = pass();
	CHECK(pause_ms >= 60000 && pause_ms <= 120000);
	mqtt_free(mqtt);

	tap_case("so do three short connections in a row that are lost without a word");
	mqtt = begin(1);
	for (int i = 0; i < 3; i++) {
		go_online();
		lose(false, 0);
		CHECK(strstr(status_of(mqtt).error, "again and again") ? i == 2 : i < 2);
	}
	pause_ms = pass();
	CHECK(pause_ms >= 60000 && pause_ms <= 120000);
	mqtt_free(mqtt);

	tap_case("but not where the broker was away in between");
	mqtt = begin(1);
	for (int i = 0; i < 5; i++) {
		go_online();
		lose(false, 0);
		CHECK(pass() == 0);
		reach_ends(-1, "connection refused");
		CHECK(status_of(mqtt).retry_at_ms < world.now_ms + 60000);
	}
	mqtt_free(mqtt);
}

static void test_stop(void)
{
	tap_case("a client that is online says what is left, takes its leave, and has stopped when the broker closes");
	struct mqtt *mqtt = begin(1);
	go_online();
	mqtt_stop(mqtt, 5000, stopped, NULL);
	CHECK(world.finishing && !world.stopped && status_of(mqtt).state == MQTT_CONNECTED);
	world.session.said(world.session.user);
	CHECK(world.left && !world.stopped && status_of(mqtt).state == MQTT_DISCONNECTED);
	world.session.left(world.session.user);
	CHECK(pass() == 0 && world.stopped == 1 && pass() == -1);
	mqtt_free(mqtt);

	tap_case("a broker that does not close is not waited for longer than two seconds");
	mqtt = begin(1);
	go_online();
	mqtt_stop(mqtt, 5000, stopped, NULL);
	world.session.said(world.session.user);
	CHECK(pass() == 2000 && world.stopped == 1);
	mqtt_free(mqtt);

	tap_case("one that acknowledges nothing is left at the limit, and not all was said");
	mqtt = begin(1);
	go_online();
	mqtt_stop(mqtt, 5000, stopped, NULL);
	CHECK(pass() == 5000 && world.stopped == 2 && !world.open);
	mqtt_free(mqtt);

	tap_case("a loss on the way out ends it");
	mqtt = begin(2);
	go_online();
	mqtt_stop(mqtt, 5000, stopped, NULL);
	lose(false, 0);
	CHECK(pass() == 0 && world.stopped == 2 && reached() == '-' && pass() == -1);
	mqtt_free(mqtt);

	tap_case("a client that is not online stops at once, and what it has begun counts no more");
	mqtt = begin(2);
	pass();
	CHECK(reached() == 'a');
	mqtt_stop(mqtt, 5000, stopped, NULL);
	CHECK(reached() == '-' && pass() == 0 && world.stopped == 2 && pass() == -1);
	CHECK(mqtt_publish(mqtt, "t", "p", 1, false) == -ENOTCONN);
	mqtt_free(mqtt);
}

int main(void)
{
	test_rounds();
	test_silence();
	test_versions();
	test_taken_over();
	test_stop();
	return tap_done();
}
