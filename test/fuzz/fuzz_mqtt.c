/*
 * Any bytes as messages from a broker: through the ring between Paho's thread and the loop, then taken apart as the
 * agent does. The ring must give back what went in, in order, but for what it says it dropped.
 */
#include <stdlib.h>
#include <string.h>

#include "documents/topics.h"
#include "door/types.h"
#include "mqtt/ring.h"

#define MESSAGES_MAX 64

static void check(bool good)
{
	if (!good)
		abort();
}

/* size bytes of the input, as far as there are so many. */
static const unsigned char *cut(const unsigned char **bytes, size_t *left, size_t *size)
{
	const unsigned char *start = *bytes;
	if (*size > *left)
		*size = *left;
	*bytes += *size;
	*left -= *size;
	return start;
}

static void take_apart(const struct mqtt_message *message)
{
	static const struct topic_base base = {.prefix = "portcullis", .node = "garage", .discovery = "homeassistant"};
	char door[DOOR_ID_MAX + 1], again[TOPIC_MAX + 1];
	enum topic_leaf leaf;
	enum door_command command;
	if (topic_parse_door(&base, message->topic, door, &leaf)) {
		check(topic_door(&base, door, leaf, again) > 0);
		check(strcmp(again, message->topic) == 0);
	}
	door_command_parse(message->payload, message->length, &command);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t left)
{
	static struct mqtt_ring_message out;
	struct mqtt_message pushed[MESSAGES_MAX];
	size_t topic_lengths[MESSAGES_MAX], count = 0, popped = 0;
	char responses[MESSAGES_MAX][MQTT_TOPIC_MAX + 1];
	uint64_t received, dropped, too_long;
	struct mqtt_ring *ring;

	if (left < 1 || mqtt_ring_new(16 + (size_t)bytes[0] * 16, MQTT_COMMAND_PAYLOAD_MAX, &ring) != 0)
		return 0;
	bytes++;
	left--;
	while (left >= 6 && count < MESSAGES_MAX) {
		const unsigned char *head = bytes;
		bytes += 6;
		left -= 6;
		struct mqtt_message *message = &pushed[count];
		size_t response = head[4], topic = (size_t)head[1] * (head[0] & 1 ? 1 : 2);
		*message = (struct mqtt_message){
				.length = (size_t)head[2] << (head[0] >> 1 & 3),
				.correlation_length = head[3],
				.retained = head[0] & 8,
				.sent_after_ms = head[5],
				.past = head[5] & 1,
		};
		message->topic = (const char *)cut(&bytes, &left, &topic);
		message->payload = (const char *)cut(&bytes, &left, &message->length);
		message->correlation = cut(&bytes, &left, &message->correlation_length);
		const unsigned char *text = cut(&bytes, &left, &response);
		memcpy(responses[count], text, response);
		responses[count][response] = '\0';
		message->response_topic = head[0] & 16 ? responses[count] : NULL;
		topic_lengths[count] = topic;
		count += mqtt_ring_push(ring, message, topic) == 0;

		while (head[0] & 32 && mqtt_ring_pop(ring, &out)) {
			mqtt_ring_counters(ring, &received, &dropped, &too_long);
			check(dropped + popped < count);
			const struct mqtt_message *in = &pushed[popped++ + dropped], *got = &out.message;
			size_t length = topic_lengths[popped - 1 + dropped];
			check(memcmp(got->topic, in->topic, length) == 0 && got->topic[length] == '\0');
			check(got->length == in->length && memcmp(got->payload, in->payload, in->length) == 0);
			check(got->payload[got->length] == '\0' && got->retained == in->retained);
			check(got->sent_after_ms == in->sent_after_ms && got->past == in->past);
			check(got->correlation_length == in->correlation_length);
			check(memcmp(got->correlation, in->correlation, in->correlation_length) == 0);
			check(in->response_topic && *in->response_topic
							? strcmp(got->response_topic, in->response_topic) == 0
							: got->response_topic == NULL);
			take_apart(got);
		}
	}
	mqtt_ring_free(ring);
	return 0;
}
