#include "mqtt/ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static struct mqtt_ring_message out;

static int push(struct mqtt_ring *ring, const char *topic, const char *payload)
{
	const struct mqtt_message message = {
			.topic = topic, .payload = payload, .length = strlen(payload), .sent_after_ms = 7};
	return mqtt_ring_push(ring, &message, strlen(topic));
}

static bool pops(struct mqtt_ring *ring, const char *topic, const char *payload)
{
	return mqtt_ring_pop(ring, &out) && strcmp(out.message.topic, topic) == 0 &&
	       strcmp(out.message.payload, payload) == 0 && out.message.length == strlen(payload);
}

static void test_order(void)
{
	struct mqtt_ring *ring;
	tap_case("messages come out as they went in");
	CHECK(mqtt_ring_new(1000, MQTT_COMMAND_PAYLOAD_MAX, &ring) == 0);
	CHECK(!mqtt_ring_pop(ring, &out));
	CHECK(push(ring, "a/set", "OPEN") == 0);
	CHECK(push(ring, "", "") == 0);
	CHECK(pops(ring, "a/set", "OPEN"));
	CHECK(out.message.sent_after_ms == 7 && !out.message.retained && !out.message.response_topic);
	CHECK(pops(ring, "", ""));
	CHECK(!mqtt_ring_pop(ring, &out));

	tap_case("with all their parts");
	const struct mqtt_message whole = {
			.topic = "topic with more behind it",
			.payload = "a\0b",
			.length = 3,
			.retained = true,
			.response_topic = "answer/here",
			.correlation = (const unsigned char *)"\1\0\2",
			.correlation_length = 3,
	};
	CHECK(mqtt_ring_push(ring, &whole, 5) == 0);
	CHECK(mqtt_ring_pop(ring, &out));
	CHECK(strcmp(out.message.topic, "topic") == 0);
	CHECK(out.message.length == 3 && memcmp(out.message.payload, "a\0b", 4) == 0);
	CHECK(out.message.retained);
	CHECK(out.message.response_topic && strcmp(out.message.response_topic, "answer/here") == 0);
	CHECK(out.message.correlation_length == 3 && memcmp(out.message.correlation, "\1\0\2", 3) == 0);
	mqtt_ring_free(ring);
}

static void test_full(void)
{
	struct mqtt_ring *ring;
	uint64_t received, dropped, too_long;
	char payload[16];
	tap_case("a full ring drops the oldest and counts, at each place where it can wrap");
	CHECK(mqtt_ring_new(500, MQTT_COMMAND_PAYLOAD_MAX, &ring) == 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(payload, sizeof(payload), "%0*d", 1 + i % 7, i);
		push(ring, "t", payload);
	}
	mqtt_ring_counters(ring, &received, &dropped, &too_long);
	CHECK(received == 1000 && too_long == 0);
	int expected = (int)dropped, wrong = 0;
	for (; mqtt_ring_pop(ring, &out); expected++)
		wrong += atoi(out.message.payload) != expected;
	CHECK(wrong == 0);
	CHECK(expected == 1000);
	CHECK(dropped > 900 && dropped < 1000);
	mqtt_ring_free(ring);
}

static void test_bounds(void)
{
	struct mqtt_ring *ring;
	uint64_t received, dropped, too_long;
	static char big[MQTT_COMMAND_PAYLOAD_MAX + 2];
	memset(big, 'x', sizeof(big) - 1);
	struct mqtt_message message = {.topic = big, .payload = big, .correlation = (const unsigned char *)big};
	tap_case("the largest message passes, one byte more in any part does not");
	CHECK(mqtt_ring_new(4000, MQTT_COMMAND_PAYLOAD_MAX, &ring) == 0);
	message.length = MQTT_COMMAND_PAYLOAD_MAX;
	message.response_topic = big + sizeof(big) - 1 - MQTT_TOPIC_MAX;
	message.correlation_length = MQTT_CORRELATION_MAX;
	CHECK(mqtt_ring_push(ring, &message, MQTT_TOPIC_MAX) == 0);
	CHECK(mqtt_ring_pop(ring, &out));
	CHECK(strlen(out.message.topic) == MQTT_TOPIC_MAX && strlen(out.message.payload) == MQTT_COMMAND_PAYLOAD_MAX);
	CHECK(strlen(out.message.response_topic) == MQTT_TOPIC_MAX);
	CHECK(out.message.correlation_length == MQTT_CORRELATION_MAX && out.message.correlation[127] == 'x');
	CHECK(mqtt_ring_push(ring, &message, MQTT_TOPIC_MAX + 1) == -EMSGSIZE);
	message.response_topic--;
	CHECK(mqtt_ring_push(ring, &message, 1) == -EMSGSIZE);
	message.response_topic = NULL;
	message.correlation_length++;
	CHECK(mqtt_ring_push(ring, &message, 1) == -EMSGSIZE);
	message.correlation_length = 0;
	message.length++;
	CHECK(mqtt_ring_push(ring, &message, 1) == -EMSGSIZE);
	mqtt_ring_counters(ring, &received, &dropped, &too_long);
	CHECK(received == 5 && dropped == 0 && too_long == 4);
	CHECK(!mqtt_ring_pop(ring, &out));
	mqtt_ring_free(ring);

	tap_case("one that is larger than the whole ring is refused and throws nothing out");
	CHECK(mqtt_ring_new(64, MQTT_COMMAND_PAYLOAD_MAX, &ring) == 0);
	CHECK(push(ring, "t", "1") == 0);
	message.length = 64;
	CHECK(mqtt_ring_push(ring, &message, 1) == -EMSGSIZE);
	CHECK(pops(ring, "t", "1"));
	mqtt_ring_free(ring);
}

static void *push_many(void *ring)
{
	char payload[16];
	for (int i = 0; i < 20000; i++) {
		snprintf(payload, sizeof(payload), "%d", i);
		push(ring, "t", payload);
	}
	return NULL;
}

static void test_threads(void)
{
	struct mqtt_ring *ring;
	pthread_t thread;
	uint64_t received, dropped, too_long;
	tap_case("one thread pushes and another pops: nothing twice, nothing out of order, all accounted for");
	CHECK(mqtt_ring_new(700, MQTT_COMMAND_PAYLOAD_MAX, &ring) == 0);
	CHECK(pthread_create(&thread, NULL, push_many, ring) == 0);
	int popped = 0, last = -1, wrong = 0;
	while (last < 19999) {
		if (!mqtt_ring_pop(ring, &out))
			continue;
		int number = atoi(out.message.payload);
		wrong += number <= last;
		last = number;
		popped++;
	}
	pthread_join(thread, NULL);
	mqtt_ring_counters(ring, &received, &dropped, &too_long);
	CHECK(wrong == 0);
	CHECK(received == 20000 && (uint64_t)popped + dropped == 20000);
	mqtt_ring_free(ring);
}

int main(void)
{
	test_order();
	test_full();
	test_bounds();
	test_threads();
	return tap_done();
}
