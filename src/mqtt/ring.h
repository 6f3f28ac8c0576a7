/*
 * Messages on their way from Paho's thread to the loop: a byte ring of fixed size, guarded by a mutex that is held only
 * for copying. A full ring makes room by dropping its oldest messages and counts them.
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

/* payload_max: at most MQTT_BULK_PAYLOAD_MAX. 0 or -ENOMEM. Freed with mqtt_ring_free, which takes NULL. */
int mqtt_ring_new(size_t bytes, size_t payload_max, struct mqtt_ring **ring);
void mqtt_ring_free(struct mqtt_ring *ring);

/*
 * Any thread. Copies the message. -EMSGSIZE (and counted) when a part exceeds its bound or all of it the ring.
 * topic and payload need not be terminated here: they are topic_length and message->length bytes.
 */
int mqtt_ring_push(struct mqtt_ring *ring, const struct mqtt_message *message, size_t topic_length);

/* Any thread. Takes the oldest message; false when there is none. A response topic comes back as "" turned to NULL. */
bool mqtt_ring_pop(struct mqtt_ring *ring, struct mqtt_ring_message *out);

void mqtt_ring_counters(struct mqtt_ring *ring, uint64_t *received, uint64_t *dropped_full, uint64_t *too_long);

#endif
