/*
 * The MQTT client: one connection to one of the brokers, kept up for as long as the agent runs.
 *
 * Paho's asynchronous client works in threads of its own; its callbacks only copy into a bounded ring and write an
 * eventfd, so that every function and every callback of this face belongs to the loop's thread. Nothing here blocks,
 * and losing the broker is a state, not an error: the client goes on trying, from one broker of the list to the next,
 * with exponential back-off and jitter.
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
#define MQTT_BULK_PAYLOAD_MAX 49152   /* the same for subscriptions to bulk */
#define MQTT_CORRELATION_MAX 128
#define MQTT_ERROR_MAX 512

/*
 * What lies between TCP and MQTT, such as TLS: it takes connected sockets and gives plain ones back. One connection at
 * a time. Nothing here blocks.
 */
struct mqtt_layer {
	/*
	 * fd is the layer's from now on, also when this fails. ended is called once, later, from the loop, unless
	 * cancel comes before: with a socket that is the callee's then, or with -1 and a sentence that lives for the
	 * call.
	 */
	int (*start)(void *user, int fd, int64_t limit_ms, void (*ended)(void *mqtt, int fd, const char *error),
			void *mqtt);
	/* Ends the connection at once, also one that is not secured yet: what waits in it is not sent any more. */
	void (*cancel)(void *user);
	/* Why the last connection ended, "" = by us. True when it was more than the other side's closing it. */
	bool (*lost)(void *user, char reason[static MQTT_ERROR_MAX]);
	/* Whether it was the other side that ended it, in words that nobody in between could have said. */
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
	bool want_retained; /* false: Retain Handling 2, and the broker does not send what it has kept */
	bool commands;      /* what comes on it acts: see mqtt_message.past */
	bool as_published;  /* MQTT 5: mqtt_message.retained tells how it was published, not only that it was kept */
	/*
	 * What others say, and much of it: longer payloads, in a ring of its own, so that no flood of it pushes out a
	 * command; in order among itself, and one message in a turn of the loop. What another subscription asks for,
	 * too, is no bulk.
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
	const unsigned char *correlation; /* of a request, or of the answer to one of ours */
	size_t correlation_length;
	int64_t sent_after_ms; /* the broker sent it after this time of the loop's clock: age.h */
	/*
	 * It may be of the past, whatever its age: a redelivery, what comes behind a late answer, and on a topic for
	 * commands what a broker replays to a subscriber without saying so, within 2 s of the SUBACK, on MQTT 3.1.1
	 * within 5 s.
	 */
	bool past;
};

struct mqtt_handlers {
	/* Connected, the subscriptions are on their way and the broker sees them first: publish everything afresh. */
	void (*connected)(void *user);
	/*
	 * On the same connection: publish all that is retained once more. Called when something of it found no room, at
	 * most once a minute, or was refused by the broker: after 5, 10, 30 and then each 60 s, until all of it is
	 * taken.
	 */
	void (*say_again)(void *user);
	void (*disconnected)(void *user);
	void (*heard)(void *user); /* mqtt_status.warning has changed: what the broker lets us hear */
	void (*message)(void *user, const struct mqtt_message *message);
	void *user;
};

enum mqtt_state { MQTT_DISCONNECTED, MQTT_CONNECTING, MQTT_CONNECTED };

/* What the page, the log and the metrics say of the connection. Strings live until the next call into the client. */
struct mqtt_status {
	enum mqtt_state state;
	int version;         /* 5 or 3 while connected, else 0 */
	const char *broker;  /* host:port of the current or last attempt */
	const char *error;   /* why it is not connected, in a sentence; "" when it is */
	const char *warning; /* a subscription that the broker denies, in a sentence; "" = none, or not connected */
	bool deaf;           /* one for commands is among them */
	size_t denied;       /* such subscriptions: they are asked for again after 5, 10, 30 and then each 60 s */
	int64_t retry_at_ms; /* next attempt; LOOP_NEVER when none is planned */
	uint64_t connects;
	uint64_t received;
	uint64_t dropped_full; /* commands lost to a full ring, oldest first */
	uint64_t dropped_too_long;
	uint64_t publish_failed;
	uint64_t protocol_errors; /* connections that ended since the broker's packets were not MQTT's, or not expected
				   */
	size_t in_flight;         /* published, not yet acknowledged */
	size_t queued;            /* waiting for room within the broker's Receive Maximum */
};

struct mqtt;

/* Starts connecting at the first turn of the loop. 0 or -errno, with the reason in error. Freed with mqtt_free. */
int mqtt_new(struct loop *loop, const struct log *log, const struct mqtt_config *config,
		const struct mqtt_handlers *handlers, struct mqtt **mqtt, char error[static MQTT_ERROR_MAX]);

/*
 * QoS 1. payload is copied. While there is no connection nothing is sent and -ENOTCONN comes back: what is retained is
 * published afresh on the next connect by whoever owns it. Beyond the broker's Receive Maximum it waits its turn, and
 * of a retained topic only the newest value does; -ENOBUFS when even that queue is full, -EMSGSIZE when the broker
 * takes no packet of this size.
 */
int mqtt_publish(struct mqtt *mqtt, const char *topic, const char *payload, size_t length, bool retained);

/* What a request carries besides its payload. */
struct mqtt_request {
	const char *response_topic; /* must outlive the client */
	const unsigned char *correlation;
	size_t correlation_length; /* at most MQTT_CORRELATION_MAX */
	uint32_t expiry_s;
};

/*
 * mqtt_publish of what is not retained and of no use later: it expires, here after the same time as at the broker. On
 * MQTT 3.1.1 it is a message as any other, and no answer comes to the response topic.
 */
int mqtt_request(struct mqtt *mqtt, const char *topic, const char *payload, size_t length,
		const struct mqtt_request *request);

/* An answer to a command's response topic, with its correlation data. Not retained. Nothing on MQTT 3.1.1. */
int mqtt_respond(struct mqtt *mqtt, const struct mqtt_message *to, const char *payload, size_t length);

/* Drops a subscription of the configuration for the rest of this connection. */
int mqtt_unsubscribe(struct mqtt *mqtt, const char *topic);

void mqtt_status(const struct mqtt *mqtt, struct mqtt_status *status);

/* The counters of mqtt go on from those of the client that it takes the place of. Once, before it counts. */
void mqtt_count_on(struct mqtt *mqtt, const struct mqtt *former);

/*
 * Ends the connection in good order: what was published before still goes out, then DISCONNECT; stopped is called from
 * the loop when it is done, at the latest after limit_ms, whatever the broker does. whole: the broker has acknowledged
 * all of it; not so when there was no connection. Call mqtt_free after that. Called again, the last call counts.
 */
void mqtt_stop(struct mqtt *mqtt, int64_t limit_ms, void (*stopped)(void *user, bool whole), void *user);

/*
 * Takes NULL. May be called without mqtt_stop: then the broker publishes the will. Not from a handler, but from
 * stopped. Waits for Paho's threads, about 100 ms; a look-up that hangs is left behind.
 */
void mqtt_free(struct mqtt *mqtt);

#endif
