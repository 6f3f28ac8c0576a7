#include "mqtt/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static struct mqtt_outbox outbox;

static int put(const char *topic, const char *payload, bool retained)
{
	return mqtt_outbox_put(&outbox, mqtt_outgoing_new(topic, payload, strlen(payload), retained, NULL, 0));
}

static int put_answer(const char *payload)
{
	struct mqtt_outgoing *answer = mqtt_outgoing_new("answers", payload, strlen(payload), false, NULL, 0);
	answer->answer = true;
	return mqtt_outbox_put(&outbox, answer);
}

static bool takes(const char *topic, const char *payload)
{
	struct mqtt_outgoing *first = mqtt_outbox_take(&outbox);
	bool same = first && strcmp(first->topic, topic) == 0 && first->length == strlen(payload) &&
		    memcmp(first->payload, payload, first->length) == 0 && !first->next;
	free(first);
	return same;
}

int main(void)
{
	mqtt_outbox_init(&outbox);
	tap_case("first come, first served");
	CHECK(put("event", "1", false) == 0);
	CHECK(put("event", "2", false) == 0);
	CHECK(takes("event", "1"));
	CHECK(takes("event", "2"));
	CHECK(!mqtt_outbox_take(&outbox));
	CHECK(outbox.count == 0 && outbox.bytes == 0);

	tap_case("of a retained topic only the newest value waits, in the place of the older");
	CHECK(put("position", "10", true) == 0);
	CHECK(put("state", "opening", true) == 0);
	CHECK(put("event", "opened", false) == 0);
	CHECK(put("state", "open", true) == 0);
	CHECK(put("position", "100", true) == 0);
	CHECK(outbox.count == 3);
	CHECK(takes("position", "100"));
	CHECK(takes("state", "open"));
	CHECK(put("state", "closing", true) == 0);
	CHECK(put("state", "closed", true) == 0);
	CHECK(put("position", "0", true) == 0);
	CHECK(takes("event", "opened"));
	CHECK(takes("state", "closed"));
	CHECK(takes("position", "0"));
	CHECK(outbox.count == 0 && outbox.bytes == 0);

	tap_case("a retained value does not replace a live one of the same topic, nor the other way round");
	CHECK(put("t", "live", false) == 0);
	CHECK(put("t", "kept", true) == 0);
	CHECK(put("t", "live again", false) == 0);
	CHECK(takes("t", "live"));
	CHECK(takes("t", "kept"));
	CHECK(takes("t", "live again"));

	tap_case("bounded in number: a new retained topic is refused, a newer value still replaces");
	char topic[32];
	for (int i = 0; i < MQTT_OUTBOX_ENTRIES_MAX; i++) {
		snprintf(topic, sizeof(topic), "t%d", i);
		CHECK(put(topic, "old", true) == 0);
	}
	CHECK(put("one more", "x", true) == -ENOBUFS);
	CHECK(put("one more", "x", false) == -ENOBUFS);
	CHECK(put(topic, "new", true) == 0);
	CHECK(outbox.count == MQTT_OUTBOX_ENTRIES_MAX && outbox.dropped == 0);
	CHECK(takes("t0", "old"));
	CHECK(put("one more", "x", false) == 0);
	mqtt_outbox_clear(&outbox);
	CHECK(outbox.count == 0 && outbox.bytes == 0 && outbox.live == 0 && outbox.end == &outbox.first);

	tap_case("of live messages the oldest make room for newer ones");
	CHECK(put("state", "open", true) == 0);
	for (int i = 0; i < MQTT_OUTBOX_LIVE_MAX + 10; i++) {
		snprintf(topic, sizeof(topic), "%d", i);
		CHECK(put("event", topic, false) == 0);
	}
	CHECK(outbox.dropped == 10 && outbox.live == MQTT_OUTBOX_LIVE_MAX && outbox.count == MQTT_OUTBOX_LIVE_MAX + 1);
	CHECK(takes("state", "open"));
	CHECK(takes("event", "10"));
	CHECK(takes("event", "11"));

	tap_case("and for retained ones");
	for (int i = 0; outbox.count < MQTT_OUTBOX_ENTRIES_MAX; i++) {
		snprintf(topic, sizeof(topic), "t%d", i);
		CHECK(put(topic, "old", true) == 0);
	}
	CHECK(put("one more", "x", true) == 0);
	CHECK(outbox.dropped == 11 && outbox.count == MQTT_OUTBOX_ENTRIES_MAX);
	CHECK(takes("event", "13"));
	mqtt_outbox_clear(&outbox);

	tap_case("the place of a replaced value is good when the message before it makes room");
	static char big[MQTT_OUTBOX_BYTES_MAX / 2];
	memset(big, 'x', sizeof(big) - 1);
	CHECK(put("event", big, false) == 0);
	CHECK(put("a", "small", true) == 0);
	CHECK(put("b", "small", true) == 0);
	CHECK(put("a", big, true) == 0);
	CHECK(takes("a", big));
	CHECK(takes("b", "small"));
	CHECK(put("c", "1", true) == 0);
	CHECK(takes("c", "1"));

	tap_case("bounded in bytes: a value that grows too long takes the old one along, which is no longer true");
	CHECK(put("a", big, true) == 0);
	CHECK(put("b", "small", true) == 0);
	CHECK(put("b", big, true) == -ENOBUFS);
	CHECK(takes("a", big));
	CHECK(outbox.count == 0 && outbox.bytes == 0 && outbox.end == &outbox.first);
	CHECK(put("b", big, true) == 0);
	CHECK(takes("b", big));

	tap_case("an event pushes out no answer; an answer pushes out the oldest event, and else the oldest answer");
	mqtt_outbox_clear(&outbox);
	outbox.dropped = 0;
	CHECK(put_answer("answer 0") == 0);
	CHECK(put("event", "0", false) == 0);
	for (int i = 2; i < MQTT_OUTBOX_LIVE_MAX; i++)
		CHECK(put_answer("answer") == 0);
	CHECK(put("event", "1", false) == 0); /* in the place of event 0 */
	CHECK(outbox.live == MQTT_OUTBOX_LIVE_MAX && outbox.dropped == 1);
	CHECK(takes("answers", "answer 0"));
	CHECK(put_answer("answer") == 0);
	CHECK(put_answer("answer") == 0); /* in the place of event 1 */
	CHECK(outbox.live == MQTT_OUTBOX_LIVE_MAX && outbox.dropped == 2);
	CHECK(put("event", "2", false) == -ENOBUFS);
	CHECK(put_answer("the last") == 0);
	CHECK(outbox.live == MQTT_OUTBOX_LIVE_MAX && outbox.dropped == 3);
	for (int i = 0; i < MQTT_OUTBOX_LIVE_MAX - 1; i++)
		CHECK(takes("answers", "answer"));
	CHECK(takes("answers", "the last") && !outbox.first);

	tap_case("correlation data goes along");
	struct mqtt_outgoing *answer = mqtt_outgoing_new("t", NULL, 0, false, (const unsigned char *)"\0\1", 2);
	CHECK(answer && answer->correlation_length == 2 && memcmp(answer->correlation, "\0\1", 2) == 0);
	CHECK(mqtt_outbox_put(&outbox, answer) == 0);
	mqtt_outbox_clear(&outbox);
	return tap_done();
}
