/*
 * Which ring a message goes to, and whether it is of the past.
 */
#include "mqtt/inbox.h"

#include <string.h>

#include "tap.h"

#define NOW_MS 100000

static const struct mqtt_subscription subscriptions[] = {
		{.topic = "p/n/left/set", .commands = true},
		{.topic = "p/n/+/state"},
		{.topic = "p/+/doors", .bulk = true},
		{.topic = "p/n/doors"},
};

static const struct {
	const char *what, *topic;
	bool granted, redelivered;
	int64_t sent_after_ms, flush_until_ms;
	bool bulk, past;
} rows[] = {
		{"a command", "p/n/left/set", true, false, NOW_MS - 4000, 0, false, false},
		{"before its subscription has settled", "p/n/left/set", false, false, NOW_MS, 0, false, true},
		{"delivered again", "p/n/left/set", true, true, NOW_MS, 0, false, true},
		{"behind a late answer", "p/n/left/set", true, false, NOW_MS, NOW_MS + 1, false, true},
		{"just after that", "p/n/left/set", true, false, NOW_MS, NOW_MS, false, false},
		{"what is no command need not settle", "p/n/left/state", false, false, NOW_MS, 0, false, false},
		{"bulk", "p/other/doors", true, false, NOW_MS, 0, true, false},
		{"what another subscription asks for, too, is no bulk", "p/n/doors", true, false, NOW_MS, 0, false,
				false},
		{"what nobody asked for", "p/n/left/set/more", true, false, NOW_MS, 0, false, false},
		{"a shorter topic", "p/n", true, false, NOW_MS, 0, false, false},
};

int main(void)
{
	static struct mqtt_ring_message taken;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mqtt_inbox inbox;
		tap_case("%s", rows[i].what);
		CHECK(mqtt_inbox_init(&inbox, subscriptions, sizeof(subscriptions) / sizeof(subscriptions[0])) == 0);
		mqtt_inbox_granted(&inbox, 0, rows[i].granted ? NOW_MS : NOW_MS + 1);
		struct age age;
		age_begin(&age, NOW_MS);
		age.taken = true;
		age.sent_after_ms = rows[i].sent_after_ms;
		age.flush_until_ms = rows[i].flush_until_ms;
		struct mqtt_message message = {.topic = rows[i].topic, .payload = "OPEN", .length = 4};
		mqtt_inbox_put(&inbox, &message, strlen(rows[i].topic), rows[i].redelivered, &age, NOW_MS);
		CHECK(!mqtt_inbox_take(&inbox, !rows[i].bulk, &taken));
		CHECK(mqtt_inbox_take(&inbox, rows[i].bulk, &taken));
		CHECK(strcmp(taken.message.topic, rows[i].topic) == 0 && taken.message.past == rows[i].past);
		CHECK(taken.message.sent_after_ms == rows[i].sent_after_ms);
		uint64_t received, full, too_long;
		mqtt_inbox_counters(&inbox, &received, &full, &too_long);
		CHECK(received == 1 && full == 0 && too_long == 0);
		mqtt_inbox_destroy(&inbox);
	}

	struct mqtt_inbox inbox;
	struct age age;
	age_begin(&age, NOW_MS);
	age.taken = true;
	tap_case("a new connection has no subscription that was granted before");
	CHECK(mqtt_inbox_init(&inbox, subscriptions, 1) == 0);
	mqtt_inbox_granted(&inbox, 0, 0);
	mqtt_inbox_begin(&inbox);
	struct mqtt_message message = {.topic = "p/n/left/set", .payload = "OPEN", .length = 4};
	mqtt_inbox_put(&inbox, &message, strlen(message.topic), false, &age, NOW_MS);
	CHECK(mqtt_inbox_take(&inbox, false, &taken) && taken.message.past);
	CHECK(!mqtt_inbox_take(&inbox, true, &taken)); /* no subscription to bulk: no ring for it */
	mqtt_inbox_destroy(&inbox);
	return tap_done();
}
