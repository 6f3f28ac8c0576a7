/*
 * Messages that wait to be published because the broker's Receive Maximum, or our own, is reached. The first in is the
 * first out; of a retained topic only the newest value is kept. Number and bytes are bounded. Messages that are not
 * retained (events, answers) have a smaller bound, where the oldest ones are dropped for new ones, events before
 * answers. So a flood of events delays no state and pushes out no answer. Loop thread only.
 */
#ifndef PORTCULLIS_MQTT_OUTBOX_H
#define PORTCULLIS_MQTT_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MQTT_OUTBOX_ENTRIES_MAX 1024
#define MQTT_OUTBOX_LIVE_MAX 256
#define MQTT_OUTBOX_BYTES_MAX (1024 * 1024)

/* One allocation. Its owner frees it with free. */
struct mqtt_outgoing {
	struct mqtt_outgoing *next;
	const char *topic;
	const char *payload;
	const unsigned char *correlation;
	size_t length, correlation_length, bytes;
	bool retained;
	bool answer; /* the answer to a command, or a command for another agent: no event pushes it out */
	const char *response_topic; /* borrowed; NULL = none */
	int64_t expires_ms;         /* from this time on it is not sent; 0 = never */
	char text[];
};

struct mqtt_outbox {
	struct mqtt_outgoing *first, **end; /* end: where the next one is appended */
	size_t count, bytes;
	size_t live, dropped; /* messages that are not retained: those that wait, and all that were dropped for others */
};

void mqtt_outbox_init(struct mqtt_outbox *outbox); /* it must not move after this */

/* Copies all arguments. The caller owns the result and sets the other members. NULL when memory is short. */
struct mqtt_outgoing *mqtt_outgoing_new(const char *topic, const char *payload, size_t length, bool retained,
		const unsigned char *correlation, size_t correlation_length);

/*
 * Adds outgoing, which belongs to the outbox from now on. A retained one takes the place of the older value of its
 * topic. Returns 0; or -ENOBUFS when there is no room, and outgoing is freed.
 */
int mqtt_outbox_put(struct mqtt_outbox *outbox, struct mqtt_outgoing *outgoing);
/* Takes the oldest, which the caller owns; NULL when empty. */
struct mqtt_outgoing *mqtt_outbox_take(struct mqtt_outbox *outbox);
void mqtt_outbox_clear(struct mqtt_outbox *outbox); /* frees all that waits */

#endif
