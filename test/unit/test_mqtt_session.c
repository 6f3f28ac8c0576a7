/*
 * A session with stand-ins for Paho and the wire (this file defines the functions of mqtt/paho.h), and a clock that the
 * test moves: when it has said again what the broker refuses.
 */
#include "mqtt/session.h"

#include <stdlib.h>
#include <string.h>

#include "fake_loop.h"
#include "mqtt/paho.h"
#include "tap.h"

#define SECOND INT64_C(1000)

/* ---- The stand-ins ---- */

struct mqtt_paho {
	void (*heard)(void *user);
	void *user;
	struct mqtt_paho_news news;
	struct mqtt_inbox inbox;
};

/* The broker: it answers each publish with code. */
static struct {
	struct mqtt_paho *paho;
	uint8_t code;
	int published, unanswered; /* so many of the first it does not answer */
	bool silent;               /* the kernel says so */
} broker;

int mqtt_paho_new(struct loop *loop, const struct mqtt_config *config, void (*heard)(void *user), void *user,
		struct mqtt_paho **paho)
{
	(void)loop;
	*paho = broker.paho = calloc(1, sizeof(**paho));
	broker.paho->heard = heard;
	broker.paho->user = user;
	return mqtt_inbox_init(&broker.paho->inbox, config->subscriptions, config->subscription_count);
}

void mqtt_paho_free(struct mqtt_paho *paho)
{
	mqtt_inbox_destroy(&paho->inbox);
	free(paho);
}

void mqtt_paho_wake(struct mqtt_paho *paho)
{
	(void)paho;
}

void mqtt_paho_take_news(struct mqtt_paho *paho, struct mqtt_paho_news *news)
{
	*news = paho->news;
	paho->news = (struct mqtt_paho_news){.connected = false};
}

struct mqtt_inbox *mqtt_paho_inbox(struct mqtt_paho *paho)
{
	return &paho->inbox;
}

const char *mqtt_paho_connect(struct mqtt_paho *paho, int fd, int version)
{
	(void)fd, (void)version;
	paho->news = (struct mqtt_paho_news){
			.connected = true, .receive_maximum = 10, .maximum_packet = 65536, .retain_available = true};
	return NULL;
}

void mqtt_paho_close(struct mqtt_paho *paho, bool in_good_order)
{
	(void)paho, (void)in_good_order;
}

int mqtt_paho_fd(const struct mqtt_paho *paho)
{
	(void)paho;
	return -1;
}

struct mqtt_wire *mqtt_paho_wire(const struct mqtt_paho *paho)
{
	(void)paho;
	return NULL;
}

int mqtt_paho_subscribe(struct mqtt_paho *paho, size_t index, const char **why)
{
	(void)paho, (void)index, (void)why;
	return 0;
}

int mqtt_paho_unsubscribe(struct mqtt_paho *paho, const char *topic, const char **why)
{
	(void)paho, (void)topic, (void)why;
	return 0;
}

int mqtt_paho_publish(struct mqtt_paho *paho, size_t slot, const struct mqtt_outgoing *outgoing, bool retained,
		const char **why)
{
	(void)outgoing, (void)retained, (void)why;
	if (broker.published++ < broker.unanswered)
		return 0;
	paho->news.acknowledged |= 1u << slot;
	paho->news.ack_code[slot] = broker.code;
	return 0;
}

void mqtt_wire_ping(struct mqtt_wire *wire)
{
	(void)wire;
}

int64_t mqtt_wire_pinged_ms(struct mqtt_wire *wire)
{
	(void)wire;
	return LOOP_NEVER; /* each ping is answered */
}

bool mqtt_wire_silent(struct mqtt_wire *wire)
{
	(void)wire;
	return broker.silent;
}

void mqtt_wire_waits(struct mqtt_wire *wire, bool waits)
{
	(void)wire;
	(void)waits;
}

bool mqtt_wire_wrong(struct mqtt_wire *wire, char reason[static MQTT_WIRE_WRONG_MAX])
{
	(void)wire, (void)reason;
	return false;
}

/* ---- The session under test ---- */

static struct mqtt_session *session;
static int64_t said_ms; /* when it last had something said again */
static int said_again;
static int64_t lost_ms; /* when the session gave the connection up for silence */

static void lost(void *user, const struct mqtt_session_end *end)
{
	(void)user;
	if (end->silent && lost_ms == 0)
		lost_ms = fake_now_ms;
}

static void say(bool retained)
{
	mqtt_session_publish(session, mqtt_outgoing_new("state", "open", 4, retained, NULL, 0));
	broker.paho->heard(broker.paho->user);
}

static void say_again(void *user)
{
	(void)user;
	said_again++;
	said_ms = fake_now_ms;
	say(true);
}

static void accepted(void *user, uint32_t receive_maximum, bool retains)
{
	(void)user, (void)receive_maximum, (void)retains;
	mqtt_session_open(session);
}

/* A connection that is open, to a broker that answers with code. */
static void begin(uint8_t code)
{
	static const struct mqtt_config config = {.keepalive_ms = 30 * SECOND};
	static const struct mqtt_handlers owner = {.say_again = say_again};
	static const struct mqtt_session_handlers handlers = {.accepted = accepted, .lost = lost, .owner = &owner};
	static const struct log quiet = {.level = LOG_ERROR};
	memset(&broker, 0, sizeof(broker));
	broker.code = code;
	said_again = 0;
	lost_ms = 0;
	if (mqtt_session_new(&fake_loop, &quiet, &config, &handlers, &session) < 0)
		exit(1);
	mqtt_session_greet(session, -1, 5, "broker");
	broker.paho->heard(broker.paho->user);
}

/* Whether nothing is said again until after_ms, and then once. */
static bool says_again_after(int64_t after_ms)
{
	int64_t from_ms = fake_now_ms;
	int before = said_again;
	fake_run_until(from_ms + after_ms - 1);
	bool early = said_again != before;
	fake_run_until(from_ms + after_ms);
	return CHECK(!early) && CHECK(said_again == before + 1 && said_ms == from_ms + after_ms);
}

int main(void)
{
	tap_case("what the broker refuses is said again after 5, 10, 30 and then each 60 s, without end");
	begin(MQTT_PAHO_DENIED);
	say(true);
	says_again_after(5 * SECOND);
	says_again_after(10 * SECOND);
	says_again_after(30 * SECOND);
	for (int i = 0; i < 24 * 60; i++) /* a day */
		if (!says_again_after(60 * SECOND))
			break;

	tap_case("once it is taken, nothing is said again, and the next refusal begins at 5 s");
	broker.code = 0;
	says_again_after(60 * SECOND);
	fake_run_until(fake_now_ms + 600 * SECOND);
	CHECK(said_again == 3 + 24 * 60 + 1);
	broker.code = MQTT_PAHO_DENIED;
	say(true);
	says_again_after(5 * SECOND);
	mqtt_session_free(session);

	tap_case("an event, and what the access list forbids, are not said again");
	begin(MQTT_PAHO_DENIED);
	say(false);
	broker.code = 0x87;
	say(true);
	fake_run_until(fake_now_ms + 600 * SECOND);
	CHECK(broker.published == 2 && said_again == 0);
	mqtt_session_free(session);

	tap_case("a broker that answers all but one publish is left after a minute");
	begin(0);
	broker.unanswered = 1;
	int64_t from_ms = fake_now_ms;
	say(true);
	while (fake_now_ms < from_ms + 70 * SECOND && lost_ms == 0) {
		fake_run_until(fake_now_ms + SECOND);
		say(true);
	}
	CHECK(lost_ms >= from_ms + MQTT_SESSION_OWED_LIMIT_MS &&
			lost_ms <= from_ms + MQTT_SESSION_OWED_LIMIT_MS + 5 * SECOND);
	mqtt_session_free(session);

	tap_case("one that answers each is not");
	begin(0);
	from_ms = fake_now_ms;
	while (fake_now_ms < from_ms + 200 * SECOND) {
		fake_run_until(fake_now_ms + SECOND);
		say(true);
	}
	CHECK(lost_ms == 0);
	mqtt_session_free(session);

	tap_case("a connection that the kernel gives up is lost for silence, and one that the broker closes is not");
	for (int silent = 0; silent < 2; silent++) {
		begin(0);
		broker.silent = silent;
		fake_run_until(fake_now_ms + SECOND);
		broker.paho->news.lost = true;
		broker.paho->heard(broker.paho->user);
		CHECK((lost_ms == fake_now_ms) == silent);
		mqtt_session_free(session);
	}
	return tap_done();
}
