/*
 * Whether we are there: our availability at the broker, and when it must be said again.
 *
 * A broker may publish an old will of ours late, another agent may have our name, Home Assistant may have started
 * anew. Loop thread only.
 */
#ifndef PORTCULLIS_LINK_PRESENCE_H
#define PORTCULLIS_LINK_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/loop.h"
#include "documents/topics.h"
#include "link/publisher.h"

#define PRESENCE_ONLINE "online"
#define PRESENCE_DEAF "deaf" /* online, but the broker denies us a subscription to commands */
#define PRESENCE_OFFLINE "offline"

/* What the owner is asked to publish. */
struct presence_handlers {
	void (*born)(void *user); /* Home Assistant has started, and listens by now: everything, the availability, too */
	void (*again)(void *user); /* the states of the doors: a broker may have lost them. The availability follows */
	void *user;
};

/* The members belong to presence.c. */
struct presence {
	struct loop *loop;
	const struct log *log;
	const struct publisher *publisher;
	struct presence_handlers handlers;
	const struct topic_base *topics;
	char availability_topic[TOPIC_MAX + 1], status_topic[TOPIC_MAX + 1];
	struct loop_timer birth_timer, say_again_timer, contradict_timer;
	int64_t contradict_gap_ms, contradicted_ms;
};

/* Borrows all it is given; handlers are copied. Ended with presence_disconnected: it holds nothing except timers. */
void presence_init(struct presence *presence, struct loop *loop, const struct log *log,
		const struct publisher *publisher, const struct presence_handlers *handlers);

/* Builds the topics of another connection. topics is borrowed. */
void presence_connect(struct presence *presence, const struct topic_base *topics);
void presence_connected(struct presence *presence);    /* from now on again is called from time to time */
void presence_disconnected(struct presence *presence); /* stops all timers: nothing is called any more */

/* Says that we are online or deaf. */
void presence_publish(const struct presence *presence);
/* The last word: payload is PRESENCE_OFFLINE, or "" where the broker is to forget the topic. */
void presence_leave(const struct presence *presence, const char *payload);

/*
 * True when the message is about presence; it has been dealt with then. *ours is set in any case: true when the message
 * is our own availability, as we say it.
 */
bool presence_message(struct presence *presence, const struct mqtt_message *message, bool *ours);

/* Whether the payload is this text. */
bool presence_payload_is(const struct mqtt_message *message, const char *text);

#endif
