/*
 * A ring of bytes that takes messages from Paho's thread to the loop. Its size is fixed. A mutex guards it, and is held
 * only to copy. When the ring is full, its oldest messages are dropped and counted.
 */
#ifndef PORTCULLIS_MQTT_RING_H
#define PORTCULLIS_MQTT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt/mqtt.h"

#define MQTT_RING_TEXT_MAX (2 * (MQTT_TOPIC_MAX + 1) + MQTT_BULK_PAYLOAD_MAX + 1 + MQTT_CORRELATION_MAX)

struct mqtt_ring;

/* A message with the memory that it points into. */
struct mqtt_ring_message {
	struct mqtt_message message;
	char text[MQTT_RING_TEXT_MAX];
};

/*
 * bytes: the size of the ring. payload_max: the longest payload, at most MQTT_BULK_PAYLOAD_MAX. Returns 0 or -ENOMEM.
 * Freed with mqtt_ring_free, which takes NULL.
 */
int mqtt_ring_new(size_t bytes, size_t payload_max, struct mqtt_ring **ring);
void mqtt_ring_free(struct mqtt_ring *ring);

/*
 * Any thread. Copies the message. topic has topic_length bytes and payload message->length bytes; neither needs a
 * terminator. Returns 0; or -EMSGSIZE, which is counted, when a part is longer than its bound or the message is larger
 * than the ring.
 */
int mqtt_ring_push(struct mqtt_ring *ring, const struct mqtt_message *message, size_t topic_length);

/*
 * Any thread. Copies the oldest message to out and removes it; the pointers of out->message point into out->text. False
 * when the ring is empty. An empty response topic becomes NULL.
 */
bool mqtt_ring_pop(struct mqtt_ring *ring, struct mqtt_ring_message *out);

/* Any thread. Messages pushed in all; dropped because the ring was full; refused because they were too long. */
void mqtt_ring_counters(struct mqtt_ring *ring, uint64_t *received, uint64_t *dropped_full, uint64_t *too_long);

#endif
