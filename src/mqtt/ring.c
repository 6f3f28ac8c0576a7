/*
 * A message is a header with its parts' lengths, and the parts behind it, as bytes that may go round the end of the ring.
 * It is taken out the way it was put in, so that no part needs to be in one piece.
 */
#include "mqtt/ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct record {
	int64_t sent_after_ms;
	uint32_t size; /* with this header */
	uint16_t topic, payload, response, correlation;
	bool retained, past;
};

struct mqtt_ring {
	pthread_mutex_t lock;
	size_t capacity, payload_max, first, used;
	uint64_t received, dropped_full, too_long;
	unsigned char bytes[];
};

int mqtt_ring_new(size_t bytes, size_t payload_max, struct mqtt_ring **out)
{
	struct mqtt_ring *ring = calloc(1, sizeof(*ring) + bytes);
	if (!ring)
		return -ENOMEM;
	pthread_mutex_init(&ring->lock, NULL);
	ring->capacity = bytes;
	ring->payload_max = payload_max;
	*out = ring;
	return 0;
}

void mqtt_ring_free(struct mqtt_ring *ring)
{
	if (!ring)
		return;
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

static void put_bytes(struct mqtt_ring *ring, const void *bytes, size_t length)
{
	size_t at = (ring->first + ring->used) % ring->capacity;
	size_t to_end = ring->capacity - at;
	size_t head = length < to_end ? length : to_end;
	if (length) {
		memcpy(ring->bytes + at, bytes, head);
		memcpy(ring->bytes, (const char *)bytes + head, length - head);
	}
	ring->used += length;
}

static void peek(const struct mqtt_ring *ring, size_t offset, void *bytes, size_t length)
{
	size_t at = (ring->first + offset) % ring->capacity;
	size_t to_end = ring->capacity - at;
	size_t head = length < to_end ? length : to_end;
	if (length) {
		memcpy(bytes, ring->bytes + at, head);
		memcpy((char *)bytes + head, ring->bytes, length - head);
	}
}

static void drop_oldest(struct mqtt_ring *ring)
{
	struct record record;
	peek(ring, 0, &record, sizeof(record));
	ring->first = (ring->first + record.size) % ring->capacity;
	ring->used -= record.size;
}

int mqtt_ring_push(struct mqtt_ring *ring, const struct mqtt_message *message, size_t topic_length)
{
	size_t response_length = message->response_topic ? strnlen(message->response_topic, MQTT_TOPIC_MAX + 1) : 0;
	size_t size = sizeof(struct record) + topic_length + message->length + response_length +
		      message->correlation_length;
	bool fits = topic_length <= MQTT_TOPIC_MAX && message->length <= ring->payload_max &&
		    response_length <= MQTT_TOPIC_MAX && message->correlation_length <= MQTT_CORRELATION_MAX &&
		    size <= ring->capacity;

	pthread_mutex_lock(&ring->lock);
	ring->received++;
	if (fits) {
		for (; ring->capacity - ring->used < size; ring->dropped_full++)
			drop_oldest(ring);
		const struct record record = {
				.sent_after_ms = message->sent_after_ms,
				.size = (uint32_t)size,
				.topic = (uint16_t)topic_length,
				.payload = (uint16_t)message->length,
				.response = (uint16_t)response_length,
				.correlation = (uint16_t)message->correlation_length,
				.retained = message->retained,
				.past = message->past,
		};
		put_bytes(ring, &record, sizeof(record));
		put_bytes(ring, message->topic, topic_length);
		put_bytes(ring, message->payload, message->length);
		put_bytes(ring, message->response_topic, response_length);
		put_bytes(ring, message->correlation, message->correlation_length);
	} else {
		ring->too_long++;
	}
	pthread_mutex_unlock(&ring->lock);
	return fits ? 0 : -EMSGSIZE;
}

bool mqtt_ring_pop(struct mqtt_ring *ring, struct mqtt_ring_message *out)
{
	pthread_mutex_lock(&ring->lock);
	bool any = ring->used > 0;
	if (any) {
		struct record record;
		peek(ring, 0, &record, sizeof(record));
		size_t offset = sizeof(record);
		char *text = out->text;
		const size_t lengths[] = {record.topic, record.payload, record.response, record.correlation};
		char *parts[4];
		for (size_t i = 0; i < 4; i++) {
			parts[i] = text;
			peek(ring, offset, text, lengths[i]);
			offset += lengths[i];
			text += lengths[i];
			if (i < 3)
				*text++ = '\0';
		}
		out->message = (struct mqtt_message){
				.topic = parts[0],
				.payload = parts[1],
				.length = record.payload,
				.retained = record.retained,
				.past = record.past,
				.response_topic = record.response ? parts[2] : NULL,
				.correlation = (const unsigned char *)parts[3],
				.correlation_length = record.correlation,
				.sent_after_ms = record.sent_after_ms,
		};
		drop_oldest(ring);
	}
	pthread_mutex_unlock(&ring->lock);
	return any;
}

void mqtt_ring_counters(struct mqtt_ring *ring, uint64_t *received, uint64_t *dropped_full, uint64_t *too_long)
{
	pthread_mutex_lock(&ring->lock);
	*received = ring->received;
	*dropped_full = ring->dropped_full;
	*too_long = ring->too_long;
	pthread_mutex_unlock(&ring->lock);
}
