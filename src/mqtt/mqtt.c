/*
 * The policy over brokers: which one is tried, in which version of MQTT, when the next attempt comes, and what is said
 * of an end. Where the client stands is a phase, which only advance_phase changes, by the table of phase.c. A connection itself
 * is session.c's, which calls back; nothing there knows of this file.
 */
#include "mqtt/mqtt.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/net.h"
#include "mqtt/memory.h"
#include "mqtt/outbox.h"
#include "mqtt/phase.h"
#include "mqtt/reach.h"
#include "mqtt/reasons.h"
#include "mqtt/sentences.h"
#include "mqtt/session.h"

#define CONNACK_LIMIT_MS 10000
#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 60000
#define TAKEN_OVER_MIN_MS 60000 /* two agents with one client id: each return throws the other out */
#define TAKEN_OVER_MAX_MS 120000
#define STEADY_MS 30000 /* a connection that lasted this long ends the back-off */
/* While the broker was up. A shared client id looks like this: many brokers, mosquitto before 2.0.15 among them, give no
 * reason. */
#define SHORT_LOSSES_TELL 3
#define CLOSE_LIMIT_MS 2000 /* for the broker to close after our DISCONNECT */

struct broker {
	struct mqtt *mqtt;
	struct mqtt_reach reach;
	struct mqtt_memory memory;
	char label[NET_PRINT_MAX];
};

struct mqtt {
	struct loop *loop;
	const struct log *log;
	struct mqtt_config config;
	struct mqtt_handlers handlers;
	struct mqtt_session *session;
	enum mqtt_phase phase;

	struct broker brokers[MQTT_BROKERS_MAX];
	size_t broker, tried; /* the current one, and how many have failed in this round */
	unsigned rounds;      /* failed in a row: the exponent of the back-off */
	unsigned short_losses;
	int64_t online_at_ms;
	struct loop_timer timer; /* for the next attempt, or the limit of what is under way */
	char error[MQTT_ERROR_MAX];

	struct loop_timer stop_timer;
	void (*stopped)(void *user, bool whole);
	void *stopped_user;
	bool whole; /* all that was published before the end is acknowledged */

	uint64_t connects, protocol_errors;
	struct mqtt_status before; /* its counters: of the clients before this one */
};

static void begin_attempt(struct mqtt *mqtt, enum mqtt_event event);

static struct broker *current(struct mqtt *mqtt)
{
	return &mqtt->brokers[mqtt->broker];
}

static void advance_phase(struct mqtt *mqtt, enum mqtt_event event)
{
	mqtt->phase = mqtt_phase_next(mqtt->phase, event);
}

static bool is_up(const struct mqtt *mqtt)
{
	return mqtt->phase == MQTT_ONLINE || mqtt->phase == MQTT_FINISHING;
}

static int64_t random_between(int64_t least, int64_t most)
{
	return least + (int64_t)arc4random_uniform((uint32_t)(most - least + 1));
}

/* Not in good order: the broker sees a broken connection and publishes the will. Before the phase that follows. */
static void close_connection(struct mqtt *mqtt)
{
	const struct mqtt_layer *layer = current(mqtt)->reach.broker->layer;
	loop_timer_cancel(mqtt->loop, &mqtt->timer);
	mqtt_reach_cancel(&current(mqtt)->reach);
	if (layer && (is_up(mqtt) || mqtt->phase == MQTT_SECURING || mqtt->phase == MQTT_GREETING))
		layer->cancel(layer->user);
	mqtt_session_close(mqtt->session);
}

static int64_t backoff_ms(struct mqtt *mqtt)
{
	int64_t most_ms = BACKOFF_MIN_MS << (mqtt->rounds < 6 ? mqtt->rounds : 6);
	if (most_ms > BACKOFF_MAX_MS)
		most_ms = BACKOFF_MAX_MS;
	mqtt->rounds++;
	return random_between(most_ms / 2, most_ms);
}

/* Remembers why there is no connection, and logs it when that is news for this broker. */
static void tell_error(struct mqtt *mqtt, const char *sentence)
{
	snprintf(mqtt->error, sizeof(mqtt->error), "%s", sentence);
	log_write(mqtt->log, mqtt_memory_is_news(&current(mqtt)->memory, sentence) ? LOG_WARNING : LOG_DEBUG, "%s",
			sentence);
}

/* The attempt has failed: on to the next broker of the list, or after the last one a pause. */
__attribute__((format(printf, 2, 3))) static void fail_attempt(struct mqtt *mqtt, const char *format, ...)
{
	char reason[MQTT_ERROR_MAX], sentence[MQTT_ERROR_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	snprintf(sentence, sizeof(sentence), "broker %.*s: %s", NET_PRINT_MAX, current(mqtt)->label, reason);

	close_connection(mqtt);
	advance_phase(mqtt, MQTT_FAILED);
	tell_error(mqtt, sentence);
	mqtt->short_losses = 0;
	mqtt_memory_failed(&current(mqtt)->memory);
	mqtt->broker = (mqtt->broker + 1) % mqtt->config.broker_count;
	mqtt->tried = (mqtt->tried + 1) % mqtt->config.broker_count;
	loop_timer_set(mqtt->loop, &mqtt->timer, loop_now_ms() + (mqtt->tried ? 0 : backoff_ms(mqtt)));
}

static const char *tls_advice(const struct mqtt *mqtt)
{
	return mqtt->brokers[mqtt->broker].reach.broker->layer ? "" : " One for TLS (usually 8883) needs mqtts://";
}

static void session_accepted(void *user, uint32_t receive_maximum, bool retains)
{
	struct mqtt *mqtt = user;
	struct broker *broker = current(mqtt);
	int version = mqtt_session_version(mqtt->session);
	if (receive_maximum == 0) {
		fail_attempt(mqtt, "takes no message at all (it says a Receive Maximum of 0, which MQTT forbids)");
		return;
	}
	loop_timer_cancel(mqtt->loop, &mqtt->timer);
	advance_phase(mqtt, MQTT_ACCEPTED);
	mqtt->tried = 0;
	mqtt->online_at_ms = loop_now_ms();
	mqtt->connects++;
	mqtt->error[0] = '\0';
	mqtt_memory_accepted(&broker->memory, version);
	log_info(mqtt->log, "connected to the broker %s (MQTT %s)", broker->label, version == 5 ? "5" : "3.1.1");
	if (!retains)
		log_warning(mqtt->log,
				"broker %s: retains no messages: who connects later sees no state until it changes",
				broker->label);
	mqtt_session_open(mqtt->session);
	mqtt->handlers.connected(mqtt->handlers.user);
}

/* "" when it was our side that closed it. True when there is more to say than that the other side did. */
static bool why_lost(struct mqtt *mqtt, char reason[static MQTT_ERROR_MAX])
{
	if (mqtt_session_wrong(mqtt->session, reason)) {
		mqtt->protocol_errors++;
		return true;
	}
	const struct mqtt_layer *layer = current(mqtt)->reach.broker->layer;
	if (layer)
		return layer->lost(layer->user, reason);
	snprintf(reason, MQTT_ERROR_MAX, "%s",
			mqtt_session_closed_by_us(mqtt->session) ? "" : "the other side closed it");
	return false;
}

/* reason: of the socket's end. Counts what a shared client id looks like. */
static struct mqtt_loss judge_loss(
		struct mqtt *mqtt, const struct mqtt_session_end *end, bool broken, const char *reason)
{
	int64_t lasted_ms = loop_now_ms() - mqtt->online_at_ms;
	bool plain = !end->said && !broken && !end->silent;
	if (lasted_ms >= STEADY_MS)
		mqtt->rounds = 0;
	mqtt->short_losses = lasted_ms < STEADY_MS && plain ? mqtt->short_losses + 1 : 0;
	return (struct mqtt_loss){
			.end = *end,
			.reason = reason,
			.taken_over = end->said && end->code == MQTT_REASON_SESSION_TAKEN_OVER,
			.again = mqtt->short_losses >= SHORT_LOSSES_TELL,
	};
}

static void session_lost(void *user, const struct mqtt_session_end *end)
{
	struct mqtt *mqtt = user;
	char reason[MQTT_ERROR_MAX], sentence[MQTT_ERROR_MAX];
	bool broken = why_lost(mqtt, reason);
	struct mqtt_loss loss = judge_loss(mqtt, end, broken, reason);
	bool unheard = end->silent || (!end->said && !*reason); /* Paho gives up after a ping, too */
	mqtt_sentence_lost(current(mqtt)->label, mqtt->config.client_id, &loss, sentence);
	close_connection(mqtt);
	tell_error(mqtt, sentence);
	mqtt->tried = 0;
	/* At once: a broker that has ended refuses it, and then the loss says nothing of our client id. */
	bool at_once = mqtt->short_losses && !end->said && !broken && !unheard;
	if (unheard && mqtt->config.broker_count > 1) { /* a connect to one that hangs would take its time, too */
		mqtt->broker = (mqtt->broker + 1) % mqtt->config.broker_count;
		at_once = true;
	}
	int64_t wait_ms = at_once ? 0 : backoff_ms(mqtt);
	if (loss.taken_over || loss.again)
		wait_ms = random_between(TAKEN_OVER_MIN_MS, TAKEN_OVER_MAX_MS);
	advance_phase(mqtt, MQTT_LOST);
	if (mqtt->phase == MQTT_STOPPED)
		loop_timer_set(mqtt->loop, &mqtt->stop_timer, loop_now_ms());
	else
		loop_timer_set(mqtt->loop, &mqtt->timer, loop_now_ms() + wait_ms);
	mqtt->handlers.disconnected(mqtt->handlers.user);
}

/* With a layer, only a close that the broker itself has said refuses MQTT 5. */
static void session_unaccepted(void *user, int code)
{
	struct mqtt *mqtt = user;
	struct broker *broker = current(mqtt);
	bool refused = code == MQTT_REASON_UNSUPPORTED_VERSION || code == 1;
	bool closed = code <= 0;
	int version = mqtt_session_version(mqtt->session);
	const struct mqtt_layer *layer = broker->reach.broker->layer;
	char reason[MQTT_ERROR_MAX];
	if (mqtt_session_wrong(mqtt->session, reason)) {
		mqtt->protocol_errors++;
		fail_attempt(mqtt, "%.*s: is this the port of an MQTT broker?%s", MQTT_WIRE_WRONG_MAX, reason,
				tls_advice(mqtt));
	} else if (closed && (why_lost(mqtt, reason) || (layer && !layer->said_goodbye(layer->user)))) {
		fail_attempt(mqtt, "%s", *reason ? reason : "the connection broke before an answer");
	} else if (version == 5 && (refused || (closed && mqtt_memory_may_refuse(&broker->memory, version)))) {
		log_debug(mqtt->log, "broker %s: %s MQTT 5: trying 3.1.1", broker->label,
				refused ? "refuses" : "hangs up on");
		mqtt_memory_refused_5(&broker->memory, !refused, loop_now_ms());
		close_connection(mqtt);
		begin_attempt(mqtt, MQTT_REFUSED_5);
	} else if (closed) {
		fail_attempt(mqtt, "hangs up without an answer: is this the port of an MQTT broker?%s",
				tls_advice(mqtt));
	} else {
		const char *advice = mqtt_reason_advice(code);
		fail_attempt(mqtt, "refuses the connection: %s (0x%02x)%s%s", mqtt_reason_text(code), (unsigned)code,
				*advice ? ": " : "", advice);
	}
}

/* ---- An attempt. ---- */

static void begin_attempt(struct mqtt *mqtt, enum mqtt_event event)
{
	advance_phase(mqtt, event);
	mqtt_reach_start(&current(mqtt)->reach);
}

static void reach_wrapping(void *user)
{
	struct broker *broker = user;
	advance_phase(broker->mqtt, MQTT_WRAPPING);
}

static void reach_ended(void *user, int fd, const char *why)
{
	struct broker *broker = user;
	struct mqtt *mqtt = broker->mqtt;
	int64_t now_ms = loop_now_ms();
	if (fd >= 0) {
		advance_phase(mqtt, mqtt->phase == MQTT_SECURING ? MQTT_SECURED : MQTT_REACHED);
		loop_timer_set(mqtt->loop, &mqtt->timer, now_ms + CONNACK_LIMIT_MS);
		int version = mqtt_memory_version(&broker->memory, now_ms);
		why = mqtt_session_greet(mqtt->session, fd, version, broker->label);
	}
	if (fd >= 0 && why)
		fail_attempt(mqtt, "Paho refuses to connect: %s", why);
	else if (why)
		fail_attempt(mqtt, "%s", why);
}

static void give_up_greeting(struct mqtt *mqtt, int64_t now_ms)
{
	struct broker *broker = current(mqtt);
	fail_attempt(mqtt, "takes the connection but does not answer: is this the port of an MQTT broker?%s",
			tls_advice(mqtt));
	if (!broker->reach.broker->layer) /* else see memory.h */
		mqtt_memory_silent(&broker->memory, mqtt_session_version(mqtt->session), now_ms);
}

static void attempt_timed_out(struct loop_timer *timer, int64_t now_ms)
{
	struct mqtt *mqtt = timer->user;
	if (mqtt->phase == MQTT_GREETING)
		give_up_greeting(mqtt, now_ms);
	else
		begin_attempt(mqtt, MQTT_TIME);
}

/* ---- The end. ---- */

static void session_said(void *user)
{
	struct mqtt *mqtt = user;
	int64_t limit_ms = loop_now_ms() + CLOSE_LIMIT_MS;
	advance_phase(mqtt, MQTT_SAID);
	if (limit_ms < mqtt->stop_timer.at_ms)
		loop_timer_set(mqtt->loop, &mqtt->stop_timer, limit_ms);
	mqtt->whole = mqtt_session_leave(mqtt->session);
}

static void session_left(void *user)
{
	struct mqtt *mqtt = user;
	loop_timer_set(mqtt->loop, &mqtt->stop_timer, loop_now_ms());
}

static void stop_now(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	struct mqtt *mqtt = timer->user;
	close_connection(mqtt);
	advance_phase(mqtt, MQTT_END);
	mqtt->stopped(mqtt->stopped_user, mqtt->whole);
}

void mqtt_stop(struct mqtt *mqtt, int64_t limit_ms, void (*stopped)(void *user, bool whole), void *user)
{
	mqtt->stopped = stopped;
	mqtt->stopped_user = user;
	bool up = is_up(mqtt);
	loop_timer_set(mqtt->loop, &mqtt->stop_timer, loop_now_ms() + (up ? limit_ms : 0));
	if (!up)
		close_connection(mqtt);
	advance_phase(mqtt, MQTT_STOP);
	if (up)
		mqtt_session_finish(mqtt->session);
}

/* ---- The face. ---- */

static void init_brokers(struct mqtt *mqtt)
{
	for (size_t i = 0; i < mqtt->config.broker_count; i++) {
		struct broker *broker = &mqtt->brokers[i];
		broker->mqtt = mqtt;
		broker->reach = (struct mqtt_reach){.loop = mqtt->loop,
				.broker = &mqtt->config.brokers[i],
				.wrapping = reach_wrapping,
				.ended = reach_ended,
				.user = broker};
		net_print(broker->reach.broker->host, broker->reach.broker->port, broker->label);
	}
}

int mqtt_new(struct loop *loop, const struct log *log, const struct mqtt_config *config,
		const struct mqtt_handlers *handlers, struct mqtt **out, char error[static MQTT_ERROR_MAX])
{
	if (config->broker_count == 0 || config->broker_count > MQTT_BROKERS_MAX ||
			config->subscription_count > MQTT_SUBSCRIPTIONS_MAX) {
		snprintf(error, MQTT_ERROR_MAX,
				"%zu brokers and %zu subscriptions: there can be 1 to %d and at most %d",
				config->broker_count, config->subscription_count, MQTT_BROKERS_MAX,
				MQTT_SUBSCRIPTIONS_MAX);
		return -EINVAL;
	}
	struct mqtt *mqtt = calloc(1, sizeof(*mqtt));
	if (!mqtt) {
		snprintf(error, MQTT_ERROR_MAX, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	mqtt->loop = loop;
	mqtt->log = log;
	mqtt->config = *config;
	mqtt->handlers = *handlers;
	mqtt->timer = (struct loop_timer){.expired = attempt_timed_out, .user = mqtt};
	mqtt->stop_timer = (struct loop_timer){.expired = stop_now, .user = mqtt};
	init_brokers(mqtt);
	const struct mqtt_session_handlers session_handlers = {
			.accepted = session_accepted,
			.unaccepted = session_unaccepted,
			.lost = session_lost,
			.said = session_said,
			.left = session_left,
			.user = mqtt,
			.owner = &mqtt->handlers,
	};
	int result = mqtt_session_new(loop, log, &mqtt->config, &session_handlers, &mqtt->session);
	if (result) {
		snprintf(error, MQTT_ERROR_MAX, "%s", strerror(-result));
		free(mqtt);
		return result;
	}
	loop_timer_set(mqtt->loop, &mqtt->timer, loop_now_ms());
	*out = mqtt;
	return 0;
}

int mqtt_publish(struct mqtt *mqtt, const char *topic, const char *payload, size_t length, bool retained)
{
	if (!is_up(mqtt))
		return -ENOTCONN;
	return mqtt_session_publish(mqtt->session, mqtt_outgoing_new(topic, payload, length, retained, NULL, 0));
}

int mqtt_request(struct mqtt *mqtt, const char *topic, const char *payload, size_t length,
		const struct mqtt_request *request)
{
	if (!is_up(mqtt))
		return -ENOTCONN;
	struct mqtt_outgoing *outgoing = mqtt_outgoing_new(
			topic, payload, length, false, request->correlation, request->correlation_length);
	if (outgoing) {
		outgoing->answer = true;
		outgoing->response_topic = request->response_topic;
		outgoing->expires_ms = request->expires_ms;
	}
	return mqtt_session_publish(mqtt->session, outgoing);
}

int mqtt_respond(struct mqtt *mqtt, const struct mqtt_message *to, const char *payload, size_t length)
{
	if (!is_up(mqtt))
		return -ENOTCONN;
	if (mqtt_session_version(mqtt->session) != 5 || !to->response_topic || strpbrk(to->response_topic, "+#"))
		return 0;
	struct mqtt_outgoing *outgoing = mqtt_outgoing_new(
			to->response_topic, payload, length, false, to->correlation, to->correlation_length);
	if (outgoing)
		outgoing->answer = true;
	return mqtt_session_publish(mqtt->session, outgoing);
}

int mqtt_unsubscribe(struct mqtt *mqtt, const char *topic)
{
	return is_up(mqtt) ? mqtt_session_unsubscribe(mqtt->session, topic) : -ENOTCONN;
}

void mqtt_status(const struct mqtt *mqtt, struct mqtt_status *status)
{
	static const enum mqtt_state states[MQTT_PHASES] = {
			[MQTT_WAITING] = MQTT_DISCONNECTED,
			[MQTT_REACHING] = MQTT_CONNECTING,
			[MQTT_SECURING] = MQTT_CONNECTING,
			[MQTT_GREETING] = MQTT_CONNECTING,
			[MQTT_ONLINE] = MQTT_CONNECTED,
			[MQTT_FINISHING] = MQTT_CONNECTED,
			[MQTT_LEAVING] = MQTT_DISCONNECTED,
			[MQTT_STOPPED] = MQTT_DISCONNECTED,
	};
	const struct mqtt_status *before = &mqtt->before;
	*status = (struct mqtt_status){
			.state = states[mqtt->phase],
			.version = is_up(mqtt) ? mqtt_session_version(mqtt->session) : 0,
			.broker = mqtt->brokers[mqtt->broker].label,
			.error = mqtt->error,
			.retry_at_ms = mqtt->phase == MQTT_WAITING ? mqtt->timer.at_ms : LOOP_NEVER,
			.connects = mqtt->connects + before->connects,
			.protocol_errors = mqtt->protocol_errors + before->protocol_errors,
	};
	mqtt_session_status(mqtt->session, status);
	status->publish_failed += before->publish_failed;
	status->received += before->received;
	status->dropped_full += before->dropped_full;
	status->dropped_too_long += before->dropped_too_long;
}

void mqtt_count_on(struct mqtt *mqtt, const struct mqtt *former)
{
	mqtt_status(former, &mqtt->before);
}

void mqtt_free(struct mqtt *mqtt)
{
	if (!mqtt)
		return;
	loop_timer_cancel(mqtt->loop, &mqtt->stop_timer);
	close_connection(mqtt);
	for (size_t i = 0; i < mqtt->config.broker_count; i++)
		mqtt_reach_abandon(&mqtt->brokers[i].reach);
	mqtt_session_free(mqtt->session);
	free(mqtt);
}
