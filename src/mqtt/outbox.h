/*
 * What waits to be published because the broker's Receive Maximum, or our own, is reached: first come, first served,
 * and of a retained topic only the newest value. Bounded in number and bytes; what is not retained (events, answers)
 * has a smaller bound, and there the oldest make room, events before answers: a flood of events holds up no state and
 * pushes out no answer. Loop thread only.
 */
#ifndef PORTCULLIS_MQTT_OUTBOX_H
#define PORTCULLIS_MQTT_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MQTT_OUTBOX_ENTRIES_MAX 1024
#define MQTT_OUTBOX_LIVE_MAX 256
#define MQTT_OUTBOX_BYTES_MAX (1024 * 1024)

/* One allocation; whoever holds it frees it with free. */
struct mqtt_outgoing {
	struct mqtt_outgoing *next;
	const char *topic;
	const char *payload;
	const unsigned char *correlation;
	size_t length, correlation_length, bytes;
	bool retained;
	bool answer;                /* to a command, or a command to another agent: no event takes its place */
	const char *response_topic; /* borrowed; NULL = none */
	uint32_t expiry_s;          /* 0 = never */
	int64_t expires_ms;         /* with expiry_s: not to be sent any more */
	char text[];
};

struct mqtt_outbox {
	struct mqtt_outgoing *first, **end; /* end: where the next one is hung */
	size_t count, bytes;
	size_t live, dropped; /* not retained: waiting now, and ever thrown out to make room */
};

void mqtt_outbox_init(struct mqtt_outbox *outbox);

/* Copies everything. NULL when memory is short. */
struct mqtt_outgoing *mqtt_outgoing_new(const char *topic, const char *payload, size_t length, bool retained,
		const unsigned char *correlation, size_t correlation_length);

/*
 * Takes the entry in. A retained one replaces the older value of its topic in its place. When there is no room it is
 * freed and -ENOBUFS comes back.
 */
int mqtt_outbox_put(struct mqtt_outbox *outbox, struct mqtt_outgoing *outgoing);
struct mqtt_outgoing *mqtt_outbox_take(struct mqtt_outbox *outbox); /* NULL when empty */
void mqtt_outbox_clear(struct mqtt_outbox *outbox);

#endif
