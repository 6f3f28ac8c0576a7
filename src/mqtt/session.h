/*
 * One connection to a broker, over a socket that is connected: greets, subscribes, publishes within the broker's Receive
 * Maximum, pings, and sees when the broker is silent or gone. It knows nothing of other brokers and of what to do when a
 * connection ends: it calls its owner, which is mqtt.c. Loop thread only. Nothing blocks, except closing, which
 * waits for a callback of Paho's that is running.
 */
#ifndef PORTCULLIS_MQTT_SESSION_H
#define PORTCULLIS_MQTT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/loop.h"
#include "mqtt/mqtt.h"
#include "mqtt/outbox.h"
#include "mqtt/wire.h"

#define MQTT_SESSION_ANSWER_LIMIT_MS 10000 /* the broker answers nothing for so long: it is silent */
#define MQTT_SESSION_OWED_LIMIT_MS 60000   /* it answers others, but one publish not for so long: the same */

struct mqtt_session;

/* Why a connection that was accepted has ended. */
struct mqtt_session_end {
	bool silent; /* the broker answered nothing for too long */
	bool said;   /* it sent DISCONNECT, with code */
	int code;    /* MQTT 5's reason */
};

/* Called from the loop. Only left and said may also be called from inside a function of this header. */
struct mqtt_session_handlers {
	/* CONNACK. To be answered by mqtt_session_open or mqtt_session_close. */
	void (*accepted)(void *user, uint32_t receive_maximum, bool retains);
	/* No CONNACK that accepts. code: MQTT 5's reason, or 0 or less: none was given. To be closed by the owner. */
	void (*unaccepted)(void *user, int code);
	/* To be closed by the owner. */
	void (*lost)(void *user, const struct mqtt_session_end *end);
	/* After mqtt_session_finish: nothing is in flight, and nothing waits. Also from mqtt_session_finish itself. */
	void (*said)(void *user);
	/* After mqtt_session_leave: the broker has closed, or that cannot be seen. Also from mqtt_session_leave itself. */
	void (*left)(void *user);
	void *user;
	const struct mqtt_handlers *owner; /* for messages, what is heard, and what is to be said again */
};

/* config and handlers' owner are borrowed. 0 or -errno. Freed with mqtt_session_free, which takes NULL. */
int mqtt_session_new(struct loop *loop, const struct log *log, const struct mqtt_config *config,
		const struct mqtt_session_handlers *handlers, struct mqtt_session **session);
void mqtt_session_free(struct mqtt_session *session);

/*
 * A connection begins, on the socket fd, which is the session's from now on, also when this fails. version: 5 or 3.
 * label: of the broker, for the log, borrowed until the connection is closed. NULL, or why not.
 */
const char *mqtt_session_greet(struct mqtt_session *session, int fd, int version, const char *label);

/* From accepted: subscribes, and from now on publishes. */
void mqtt_session_open(struct mqtt_session *session);

/*
 * Ends the connection, if there is one, not in good order: the broker publishes the will. What waits or is on its way is
 * dropped.
 */
void mqtt_session_close(struct mqtt_session *session);

/* Says nothing of its own any more; said is called when what was published before is acknowledged. */
void mqtt_session_finish(struct mqtt_session *session);

/*
 * DISCONNECT: ends the connection in good order; left is called when the broker has closed it. Whether all that was
 * published is acknowledged, as far as we have heard. mqtt_session_close after that.
 */
bool mqtt_session_leave(struct mqtt_session *session);

/*
 * Takes outgoing over; NULL stands for one that found no memory. 0, or -ENOMEM, -EMSGSIZE, -ENOBUFS as mqtt_publish.
 * Only while open.
 */
int mqtt_session_publish(struct mqtt_session *session, struct mqtt_outgoing *outgoing);
int mqtt_session_unsubscribe(struct mqtt_session *session, const char *topic); /* 0 or -ENOTCONN; only while open */

int mqtt_session_version(const struct mqtt_session *session); /* of the last connection: 5 or 3 */

/* Before it is closed: whether the guard has ended it, and why. */
bool mqtt_session_wrong(struct mqtt_session *session, char reason[static MQTT_WIRE_WRONG_MAX]);

/* Before it is closed, of a socket of TCP: whether it was our side that closed it. */
bool mqtt_session_closed_by_us(const struct mqtt_session *session);

/* Sets what the session knows: in_flight, queued, publish_failed and the rings' counters, and of denied subscriptions
 * denied, deaf and warning. */
void mqtt_session_status(const struct mqtt_session *session, struct mqtt_status *status);

#endif
