/*
 * The MQTT client: one connection to one of the brokers, for as long as the agent runs.
 *
 * Paho's asynchronous client has threads of its own. Its callbacks only copy into a bounded ring and write an eventfd.
 * So every function and every callback of this header belongs to the loop's thread. Nothing blocks, except mqtt_free.
 * Losing the broker is a state, not an error: the client goes on trying, from one broker of the list to the next, with
 * exponential back-off and jitter.
 */
#ifndef PORTCULLIS_MQTT_MQTT_H
#define PORTCULLIS_MQTT_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alive.h"
#include "base/log.h"
#include "base/loop.h"

#define MQTT_BROKERS_MAX 8
#define MQTT_SUBSCRIPTIONS_MAX 176 /* 64 doors' set topics, 3 for each of 32 peers, some more */
#define MQTT_TOPIC_MAX 255
#define MQTT_COMMAND_PAYLOAD_MAX 1024 /* longer payloads are dropped and counted */
#define MQTT_BULK_PAYLOAD_MAX 53248   /* of subscriptions to bulk, likewise */
#define MQTT_CORRELATION_MAX 128
#define MQTT_ERROR_MAX 512

/*
 * A layer between TCP and MQTT, such as TLS: it takes connected sockets and gives plain ones back. One connection at a
 * time. Its functions must not block.
 */
struct mqtt_layer {
	/*
	 * Starts. The layer owns fd from now on, also when this returns an error. After 0, ended is called once, later,
	 * from the loop, unless cancel is called before: with a plain socket, which the callee owns, or with -1 and a
	 * sentence that is valid for the call.
	 */
	int (*start)(void *user, int fd, int64_t limit_ms, void (*ended)(void *mqtt, int fd, const char *error),
			void *mqtt);
	/* Ends the connection at once, also during the handshake. What waits in it is not sent. */
	void (*cancel)(void *user);
	/* Why the last connection ended; "": we closed it. True when the layer failed, false when a side closed it. */
	bool (*lost)(void *user, char reason[static MQTT_ERROR_MAX]);
	/* Whether the other side ended it, in a way that nobody between the two could forge. */
	bool (*said_goodbye)(void *user);
	void *user;
};

struct mqtt_broker {
	const char *host;
	uint16_t port;
	const struct mqtt_layer *layer; /* NULL = none */
};

struct mqtt_subscription {
	const char *topic;
	bool want_retained; /* false: Retain Handling 2, so the broker does not send its retained messages */
	bool commands;      /* its messages are commands: see mqtt_message.past */
	bool as_published;  /* MQTT 5: mqtt_message.retained tells how it was published, not only that it was kept */
	/*
	 * For many or long messages: payloads may be longer, and they have a ring of their own, so that they push out no
	 * command. They keep their order among themselves. One is delivered in a turn of the loop. A message that also
	 * matches another subscription is not bulk.
	 */
	bool bulk;
};

/* Strings and arrays are borrowed and must outlive the client. Secrets are never logged. */
struct mqtt_config {
	struct mqtt_broker brokers[MQTT_BROKERS_MAX];
	size_t broker_count;
	const char *client_id;
	const char *username; /* NULL = none */
	const char *password;
	int64_t keepalive_ms;
	const char *will_topic; /* the availability topic */
	const char *will_payload;
	const struct mqtt_subscription *subscriptions;
	size_t subscription_count;
	struct alive *alive; /* NULL = none. While connected, a thread gives it a sign of life each second or oftener */
};

struct mqtt_message {
	const char *topic;
	const char *payload; /* length bytes, terminated for convenience */
	size_t length;
	bool retained;
	const char *response_topic;       /* NULL = none */
	const unsigned char *correlation; /* the correlation data of a request, or of the answer to one of ours */
	size_t correlation_length;
	int64_t sent_after_ms; /* the broker sent it after this time of the loop's clock: age.h */
	/*
	 * The message may be old, whatever sent_after_ms says: it is a redelivery, or it came behind a late answer, or it
	 * came on a topic for commands within 2 s of the SUBACK (on MQTT 3.1.1 within 5 s), when some brokers replay
	 * old messages without the retain flag.
	 */
	bool past;
};

struct mqtt_handlers {
	/* Connected. The subscriptions are sent before anything that is published now. Publish everything retained. */
	void (*connected)(void *user);
	/*
	 * Publish everything retained again, on the same connection. Called when something retained found no room (at most
	 * once a minute), or the broker refused it (after 5, 10, 30 and then each 60 s, until it has taken everything).
	 */
	void (*say_again)(void *user);
	/* A connection that was up is lost. Not called for an attempt that fails, nor for an end in good order. */
	void (*disconnected)(void *user);
	void (*heard)(void *user); /* mqtt_status.warning has changed: the broker denies or grants a subscription */
	void (*message)(void *user, const struct mqtt_message *message);
	void *user;
};

enum mqtt_state { MQTT_DISCONNECTED, MQTT_CONNECTING, MQTT_CONNECTED };

/* The state of the connection, for page, log and metrics. Strings are valid until the next call of a function here. */
struct mqtt_status {
	enum mqtt_state state;
	int version;         /* 5 or 3 while connected, else 0 */
	const char *broker;  /* host:port of the current or last attempt */
	const char *error;   /* why it is not connected, in a sentence; "" when it is */
	const char *warning; /* a subscription that the broker denies, in a sentence; "" = none, or not connected */
	bool deaf;           /* one for commands is among them */
	size_t denied;       /* denied subscriptions: asked for again after 5, 10, 30 and then each 60 s */
	int64_t retry_at_ms; /* next attempt; LOOP_NEVER when none is planned */
	uint64_t connects;
	uint64_t received;
	uint64_t dropped_full; /* messages dropped from a full ring, the one for bulk included; the oldest first */
	uint64_t dropped_too_long;
	uint64_t publish_failed;
	uint64_t protocol_errors; /* connections ended because a packet of the broker was not MQTT, or not expected */
	size_t in_flight;         /* published, not yet acknowledged */
	size_t queued;            /* waiting for room within the broker's Receive Maximum */
};

struct mqtt;

/* Connects from the first turn of the loop on. Returns 0, or -errno with the reason in error. Freed with mqtt_free. */
int mqtt_new(struct loop *loop, const struct log *log, const struct mqtt_config *config,
		const struct mqtt_handlers *handlers, struct mqtt **mqtt, char error[static MQTT_ERROR_MAX]);

/*
 * Publishes with QoS 1. payload is copied. Returns 0 when the message is sent or queued: a message beyond the broker's
 * Receive Maximum waits, and of a retained topic only the newest value waits. -ENOTCONN: there is no connection, and
 * nothing is kept; the caller publishes retained messages again in connected. -ENOBUFS: the queue is full. -EMSGSIZE:
 * the broker takes no packet of this size. -ENOMEM: memory is short.
 */
int mqtt_publish(struct mqtt *mqtt, const char *topic, const char *payload, size_t length, bool retained);

/* What a request carries besides its payload. */
struct mqtt_request {
	const char *response_topic; /* must outlive the client */
	const unsigned char *correlation;
	size_t correlation_length; /* at most MQTT_CORRELATION_MAX */
	int64_t expires_ms;        /* on the loop's clock */
};

/*
 * Publishes a request, as mqtt_publish does: not retained, and it expires at expires_ms, here as well as at the
 * broker. On MQTT 3.1.1 it goes out as an ordinary message, and no answer comes to the response topic.
 */
int mqtt_request(struct mqtt *mqtt, const char *topic, const char *payload, size_t length,
		const struct mqtt_request *request);

/*
 * Answers to a command's response topic, with its correlation data. Not retained. Returns as mqtt_publish does; 0 as
 * well where there is no answer to give: on MQTT 3.1.1, and without a response topic that can be published to.
 */
int mqtt_respond(struct mqtt *mqtt, const struct mqtt_message *to, const char *payload, size_t length);

/* Ends a subscription of the configuration for the rest of this connection. 0, or -ENOTCONN. */
int mqtt_unsubscribe(struct mqtt *mqtt, const char *topic);

void mqtt_status(const struct mqtt *mqtt, struct mqtt_status *status);

/* Adds the counters of former, the client that mqtt replaces, to those of mqtt. Call it once, before mqtt counts. */
void mqtt_count_on(struct mqtt *mqtt, const struct mqtt *former);

/*
 * Ends the connection in good order: sends what was published before, then DISCONNECT. stopped is called from the loop
 * when that is done, at the latest after limit_ms. whole: the broker has acknowledged everything; false when there was
 * no connection. Call mqtt_free then, also from stopped. When mqtt_stop is called again, the later call counts.
 */
void mqtt_stop(struct mqtt *mqtt, int64_t limit_ms, void (*stopped)(void *user, bool whole), void *user);

/*
 * Takes NULL. Without mqtt_stop before it, the broker publishes the will. Must not be called from a handler; from
 * stopped it may. Blocks until Paho's threads end, about 100 ms. It does not wait for a look-up that hangs.
 */
void mqtt_free(struct mqtt *mqtt);

#endif
