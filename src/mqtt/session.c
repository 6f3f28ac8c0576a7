/*
 * What goes out waits in the outbox until a slot is free, and stays in its slot until the broker has answered. What Paho
 * tells comes as news, all of it in one turn of the loop: the acceptance first, then answers, messages, and the end of
 * the connection last.
 */
#include "mqtt/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "mqtt/again.h"
#include "mqtt/age.h"
#include "mqtt/grants.h"
#include "mqtt/inbox.h"
#include "mqtt/paho.h"
#include "mqtt/reasons.h"

#define MESSAGES_PER_TURN 16 /* so that a flood of commands does not hold up the loop */
#define LATE_MS 1000         /* a timer that late: it is we who stood still */
#define REFRESH_MIN_MS 60000
#define TRIM_BYTES 16384 /* a message from that length on leaves a hole in the heap that nothing else fills */

struct mqtt_session {
	struct loop *loop;
	const struct log *log;
	const struct mqtt_config *config;
	struct mqtt_session_handlers handlers;
	struct mqtt_paho *paho;
	struct loop_source socket; /* while it leaves */
	enum { IDLE, GREETING, OPEN, LEAVING } phase;
	const char *label;
	int version;

	struct mqtt_outgoing *slots[MQTT_PAHO_SLOTS]; /* in flight; NULL = free */
	int64_t slot_since_ms[MQTT_PAHO_SLOTS];       /* of those */
	unsigned window, in_flight;
	bool first; /* what is said first on a connection is still being put into the outbox */
	bool waits; /* as the wire was told last */
	uint32_t maximum_packet;
	bool retain_available;
	struct mqtt_outbox outbox;
	bool trim;                                   /* when the words after a connect, or a long one, are out */
	bool refresh, refusal_logged, answer_logged; /* the last two: said once on this connection */
	int64_t refreshed_at_ms;
	struct loop_timer say_timer; /* armed: something retained was refused since it was last said */
	unsigned said_again;         /* how often, in a row */
	bool finishing;
	bool cut; /* a message found the connection gone, of which we have not heard yet */

	struct loop_timer ping_timer;
	int64_t ping_at_ms, flight_since_ms; /* since then something is in flight */
	int64_t heard_ms; /* the last answer, or when it was we who stood still: nobody is silent for longer */

	struct mqtt_grants grants;
	struct mqtt_ring_message popped;
	uint64_t publish_failed;
};

/* ---- Publishing. ---- */

/* The topic of an answer is the choice of who commands. He must not use up the one line of the connection, nor is the
 * broker's owner told to let the agent write there. */
static void note_failure(struct mqtt_session *session, const struct mqtt_outgoing *outgoing, int code)
{
	bool answer = outgoing->answer && !outgoing->response_topic;
	bool *logged = answer ? &session->answer_logged : &session->refusal_logged;
	session->publish_failed++;
	log_write(session->log, *logged ? LOG_DEBUG : LOG_WARNING, "broker %s: refuses %s %s: %s (0x%02x)%s%s",
			session->label, answer ? "the answer to" : "what is published to", outgoing->topic,
			mqtt_reason_text(code), (unsigned)code,
			code == MQTT_REASON_NOT_AUTHORIZED && !answer
					? ": let this user write it in the broker's access control list"
					: "",
			*logged ? "" : " (said once for each connection)");
	*logged = true;
}

/* PUBACK with a reason: the broker must not keep an older state for the present one. */
static void take_refusal(struct mqtt_session *session, const struct mqtt_outgoing *outgoing, int code)
{
	if (code == MQTT_REASON_IMPLEMENTATION_SPECIFIC) /* some say it of what they have taken */
		log_debug(session->log, "broker %s: answers to %s: %s", session->label, outgoing->topic,
				mqtt_reason_text(code));
	else
		note_failure(session, outgoing, code);
	/* What the access list or the kind of broker forbids is not said again and again: time does not heal that. */
	bool lasting = code == MQTT_REASON_NOT_AUTHORIZED || code == MQTT_REASON_TOPIC_NAME_INVALID;
	if (outgoing->retained && !session->say_timer.armed && !lasting && !session->finishing)
		loop_timer_set(session->loop, &session->say_timer, loop_now_ms() + mqtt_again_ms(&session->said_again));
}

static void send_outgoing(struct mqtt_session *session, struct mqtt_outgoing *outgoing)
{
	size_t slot = 0;
	while (session->slots[slot])
		slot++;
	session->slots[slot] = outgoing;
	session->slot_since_ms[slot] = loop_now_ms();
	if (session->in_flight++ == 0)
		session->flight_since_ms = loop_now_ms();
	const char *why;
	int error = mqtt_paho_publish(
			session->paho, slot, outgoing, outgoing->retained && session->retain_available, &why);
	if (!error)
		return;
	session->slots[slot] = NULL;
	session->in_flight--;
	if (error == -ENOTCONN) { /* the news of it is on its way */
		session->cut = true;
	} else {
		session->publish_failed++;
		log_error(session->log, "cannot publish to %s: %s", outgoing->topic, why);
	}
	free(outgoing);
}

/* As far as the broker's Receive Maximum allows. */
static void send_waiting(struct mqtt_session *session)
{
	struct mqtt_outgoing *outgoing;
	while (session->in_flight < session->window && (outgoing = mqtt_outbox_take(&session->outbox))) {
		if (outgoing->expires_ms && loop_now_ms() >= outgoing->expires_ms)
			free(outgoing);
		else
			send_outgoing(session, outgoing);
	}
	bool waits = session->first || session->outbox.count > 0;
	if (waits != session->waits)
		mqtt_wire_waits(mqtt_paho_wire(session->paho), waits);
	session->waits = waits;
}

/* Hands on what waits, and sees what an empty queue allows. */
static void pump(struct mqtt_session *session)
{
	if (session->phase != OPEN)
		return;
	send_waiting(session);
	if (session->in_flight || session->outbox.count)
		return;
	if (!session->say_timer.armed)
		session->said_again = 0; /* all of it is taken */
	if (session->trim)
		memory_give_back(); /* glibc would keep what they took */
	session->trim = false;
	if (session->finishing) {
		session->handlers.said(session->handlers.user);
	} else if (session->refresh && loop_now_ms() - session->refreshed_at_ms >= REFRESH_MIN_MS) {
		session->refresh = false;
		session->refreshed_at_ms = loop_now_ms();
		session->handlers.owner->say_again(session->handlers.owner->user);
	}
}

int mqtt_session_publish(struct mqtt_session *session, struct mqtt_outgoing *outgoing)
{
	if (!outgoing)
		return -ENOMEM;
	size_t more = 32 + (outgoing->response_topic ? strlen(outgoing->response_topic) : 0);
	if (outgoing->bytes - sizeof(*outgoing) + more > session->maximum_packet) {
		note_failure(session, outgoing, 0x95);
		free(outgoing);
		return -EMSGSIZE;
	}
	session->trim = session->trim || outgoing->bytes >= TRIM_BYTES;
	bool retained = outgoing->retained;
	int error = mqtt_outbox_put(&session->outbox, outgoing);
	if (error) {
		session->publish_failed++;
		session->refresh = session->refresh || retained;
	}
	pump(session);
	return error;
}

/* The owner says what is so now, which may be another thing than what was refused. */
static void say_refused_again(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	struct mqtt_session *session = timer->user;
	session->handlers.owner->say_again(session->handlers.owner->user);
}

/* ---- Whether the broker is there. ---- */

/* Since when the broker owes an answer and has given none; LOOP_NEVER: it owes none. */
static int64_t silent_since_ms(const struct mqtt_session *session)
{
	int64_t since_ms = session->in_flight ? session->flight_since_ms : LOOP_NEVER;
	int64_t pinged_ms = mqtt_wire_pinged_ms(mqtt_paho_wire(session->paho));
	if (pinged_ms < since_ms)
		since_ms = pinged_ms;
	return since_ms < session->heard_ms ? session->heard_ms : since_ms;
}

/* Whether one publish is owed its answer for too long. While it is, commands are refused (mqtt/age.h). */
static bool owes_one(const struct mqtt_session *session, int64_t now_ms)
{
	for (size_t i = 0; i < MQTT_PAHO_SLOTS; i++)
		if (session->slots[i] && now_ms - session->slot_since_ms[i] >= MQTT_SESSION_OWED_LIMIT_MS)
			return true;
	return false;
}

static void set_ping_timer(struct mqtt_session *session)
{
	int64_t since_ms = silent_since_ms(session), at_ms = session->ping_at_ms;
	if (since_ms != LOOP_NEVER && since_ms + MQTT_SESSION_ANSWER_LIMIT_MS < at_ms)
		at_ms = since_ms + MQTT_SESSION_ANSWER_LIMIT_MS;
	loop_timer_set(session->loop, &session->ping_timer, at_ms);
}

static void look_at_broker(struct loop_timer *timer, int64_t now_ms)
{
	struct mqtt_session *session = timer->user;
	if (now_ms - timer->at_ms > LATE_MS)
		session->heard_ms = now_ms; /* the answers may wait for us */
	int64_t since_ms = silent_since_ms(session);
	bool silent = since_ms != LOOP_NEVER && now_ms - since_ms >= MQTT_SESSION_ANSWER_LIMIT_MS;
	if (silent || (now_ms - timer->at_ms <= LATE_MS && owes_one(session, now_ms))) {
		const struct mqtt_session_end silence = {.silent = true};
		session->handlers.lost(session->handlers.user, &silence);
		return;
	}
	if (now_ms >= session->ping_at_ms) {
		mqtt_wire_ping(mqtt_paho_wire(session->paho));
		session->ping_at_ms = loop_in_step_ms(now_ms, AGE_PING_MS);
	}
	set_ping_timer(session);
}

/* ---- What Paho tells. ---- */

static void take_acceptance(struct mqtt_session *session, const struct mqtt_paho_news *news)
{
	session->window = news->receive_maximum < MQTT_PAHO_SLOTS ? news->receive_maximum : MQTT_PAHO_SLOTS;
	session->maximum_packet = news->maximum_packet;
	session->retain_available = news->retain_available;
	session->first = session->waits = true;
	mqtt_wire_waits(mqtt_paho_wire(session->paho), true);
	session->handlers.accepted(session->handlers.user, news->receive_maximum, news->retain_available);
	session->first = false;
}

static void take_answers(struct mqtt_session *session, const struct mqtt_paho_news *news)
{
	for (size_t i = 0; i < MQTT_PAHO_SLOTS; i++) {
		struct mqtt_outgoing *outgoing = session->slots[i];
		if (!(news->acknowledged & 1u << i) || !outgoing)
			continue;
		session->heard_ms = loop_now_ms();
		if (news->ack_code[i] >= MQTT_PAHO_DENIED)
			take_refusal(session, outgoing, news->ack_code[i]);
		free(outgoing);
		session->slots[i] = NULL;
		session->in_flight--;
	}
}

static void deliver(struct mqtt_session *session)
{
	struct mqtt_inbox *inbox = mqtt_paho_inbox(session->paho);
	const struct mqtt_handlers *owner = session->handlers.owner;
	int left = MESSAGES_PER_TURN;
	while (left-- && mqtt_inbox_take(inbox, false, &session->popped))
		owner->message(owner->user, &session->popped.message);
	bool bulk = mqtt_inbox_take(inbox, true, &session->popped);
	if (bulk)
		owner->message(owner->user, &session->popped.message);
	if (left < 0 || bulk)
		mqtt_paho_wake(session->paho);
}

static void take_end(struct mqtt_session *session, const struct mqtt_paho_news *news)
{
	if (session->phase == OPEN && (news->lost || news->disconnected)) {
		const struct mqtt_session_end end = {.silent = mqtt_wire_silent(mqtt_paho_wire(session->paho)),
				.said = news->disconnected,
				.code = news->disconnected_code};
		session->handlers.lost(session->handlers.user, &end);
	} else if (session->phase == GREETING && (news->failed || news->lost || news->disconnected)) {
		session->handlers.unaccepted(session->handlers.user, news->failed         ? news->failed_code
								     : news->disconnected ? news->disconnected_code
											  : 0);
	}
}

static void paho_news_came(void *user)
{
	struct mqtt_session *session = user;
	struct mqtt_paho_news news;
	mqtt_paho_take_news(session->paho, &news);
	if (news.connected && session->phase == GREETING)
		take_acceptance(session, &news);
	take_answers(session, &news);
	if (news.granted && session->phase == OPEN && mqtt_grants_take(&session->grants, &news))
		session->heard_ms = loop_now_ms(); /* some take long for each */
	deliver(session);
	take_end(session, &news);
	pump(session);
}

/* ---- A connection. ---- */

static void end_connection(struct mqtt_session *session, bool in_good_order)
{
	loop_timer_cancel(session->loop, &session->ping_timer);
	loop_timer_cancel(session->loop, &session->say_timer);
	mqtt_grants_end(&session->grants);
	loop_remove(session->loop, &session->socket);
	mqtt_paho_close(session->paho, in_good_order);
	for (size_t i = 0; i < MQTT_PAHO_SLOTS; i++) {
		free(session->slots[i]);
		session->slots[i] = NULL;
	}
	session->in_flight = 0;
	mqtt_outbox_clear(&session->outbox);
	session->phase = IDLE;
}

const char *mqtt_session_greet(struct mqtt_session *session, int fd, int version, const char *label)
{
	session->label = label;
	session->version = version;
	session->phase = GREETING;
	return mqtt_paho_connect(session->paho, fd, version);
}

void mqtt_session_open(struct mqtt_session *session)
{
	session->phase = OPEN;
	session->trim = true;
	session->refresh = session->refusal_logged = session->answer_logged = session->cut = false;
	session->said_again = 0;
	session->refreshed_at_ms = loop_now_ms();
	mqtt_grants_begin(&session->grants, session->label);
	session->ping_at_ms = loop_in_step_ms(session->refreshed_at_ms, AGE_PING_MS);
	set_ping_timer(session);
}

void mqtt_session_close(struct mqtt_session *session)
{
	end_connection(session, false);
}

void mqtt_session_finish(struct mqtt_session *session)
{
	session->finishing = true;
	loop_timer_cancel(session->loop, &session->say_timer);
	mqtt_grants_end(&session->grants);
	pump(session);
}

/* After DISCONNECT: what still comes is read away, so that the kernel does not answer it with a reset that overtakes. */
static void read_away(struct loop_source *source, uint32_t events)
{
	(void)events;
	struct mqtt_session *session = source->user;
	char scrap[512];
	ssize_t got = read(source->fd, scrap, sizeof(scrap));
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	loop_remove(session->loop, &session->socket);
	session->handlers.left(session->handlers.user);
}

bool mqtt_session_leave(struct mqtt_session *session)
{
	end_connection(session, true);
	session->phase = LEAVING;
	session->socket = (struct loop_source){.fd = mqtt_paho_fd(session->paho), .ready = read_away, .user = session};
	if (loop_add(session->loop, &session->socket, EPOLLIN))
		session->handlers.left(session->handlers.user);
	return !session->cut;
}

int mqtt_session_unsubscribe(struct mqtt_session *session, const char *topic)
{
	const char *why;
	return mqtt_paho_unsubscribe(session->paho, topic, &why) ? -ENOTCONN : 0;
}

/* ---- What there is to know of it. ---- */

int mqtt_session_version(const struct mqtt_session *session)
{
	return session->version;
}

bool mqtt_session_wrong(struct mqtt_session *session, char reason[static MQTT_WIRE_WRONG_MAX])
{
	return mqtt_wire_wrong(mqtt_paho_wire(session->paho), reason);
}

bool mqtt_session_closed_by_us(const struct mqtt_session *session)
{
	struct tcp_info tcp;
	socklen_t length = sizeof(tcp);
	return getsockopt(mqtt_paho_fd(session->paho), IPPROTO_TCP, TCP_INFO, &tcp, &length) == 0 &&
	       (tcp.tcpi_state == TCP_FIN_WAIT1 || tcp.tcpi_state == TCP_FIN_WAIT2);
}

void mqtt_session_status(const struct mqtt_session *session, struct mqtt_status *status)
{
	const struct mqtt_grants *grants = &session->grants;
	bool open = session->phase == OPEN;
	status->warning = open && grants->denied ? grants->warning : "";
	status->deaf = open && grants->deaf;
	status->denied = open ? grants->denied : 0;
	status->publish_failed = session->publish_failed + session->outbox.dropped;
	status->in_flight = session->in_flight;
	status->queued = session->outbox.count;
	mqtt_inbox_counters(mqtt_paho_inbox(session->paho), &status->received, &status->dropped_full,
			&status->dropped_too_long);
}

/* ---- Its life. ---- */

int mqtt_session_new(struct loop *loop, const struct log *log, const struct mqtt_config *config,
		const struct mqtt_session_handlers *handlers, struct mqtt_session **out)
{
	struct mqtt_session *session = calloc(1, sizeof(*session));
	if (!session)
		return -ENOMEM;
	session->loop = loop;
	session->log = log;
	session->config = config;
	session->handlers = *handlers;
	session->ping_timer = (struct loop_timer){.expired = look_at_broker, .user = session};
	session->say_timer = (struct loop_timer){.expired = say_refused_again, .user = session};
	mqtt_outbox_init(&session->outbox);
	int error = mqtt_paho_new(loop, config, paho_news_came, session, &session->paho);
	if (error) {
		mqtt_session_free(session);
		return error;
	}
	session->grants = (struct mqtt_grants){.loop = loop,
			.log = log,
			.config = config,
			.paho = session->paho,
			.changed = handlers->owner->heard,
			.user = handlers->owner->user};
	*out = session;
	return 0;
}

void mqtt_session_free(struct mqtt_session *session)
{
	if (!session)
		return;
	if (session->paho) {
		end_connection(session, false);
		mqtt_paho_free(session->paho);
	}
	free(session);
}
