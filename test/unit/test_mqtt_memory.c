/*
 * What is remembered of a broker: a story of CONNECTs in one letter each, one a second, and the version that is spoken
 * at last. a: accepted; r: refused as MQTT 5; c: closed without a word, taken for a refusal where it may be one; s:
 * silence; f: another failure; m: a minute; h: an hour goes by.
 */
#include "mqtt/memory.h"

#include "tap.h"

static const struct {
	const char *story;
	int version;
} stories[] = {
		{"", 5},
		{"a", 5},
		{"r", 3},
		{"ra", 3},
		{"rf", 3}, /* it said so: another trouble changes nothing */
		{"rmmmmmm", 3},
		{"rh", 5},
		{"rha", 5},
		{"c", 3},
		{"ca", 3},
		{"cammmm", 3},
		{"cammmmmm", 5},
		{"cf", 5},  /* 3.1.1 does not work either */
		{"caf", 3}, /* it has worked, so it was no guess */
		{"ac", 5},  /* it spoke 5 once: a close has another reason */
		{"hac", 5},
		{"s", 5},
		{"ss", 3},
		{"sss", 5}, /* silent to 3.1.1, too */
		{"ssss", 5},
		{"sssss", 3},
		{"asss", 5},
		{"sas", 5},
		{"ssammmmmm", 5},
};

static int tell(const char *story)
{
	struct mqtt_memory memory = {0};
	int64_t now_ms = 100000;
	for (; *story; story++, now_ms += 1000) {
		int version = mqtt_memory_version(&memory, now_ms);
		if (*story == 'a')
			mqtt_memory_accepted(&memory, version);
		else if (*story == 'r' && version == 5)
			mqtt_memory_refused_5(&memory, false, now_ms);
		else if (*story == 'c' && mqtt_memory_may_refuse(&memory, version))
			mqtt_memory_refused_5(&memory, true, now_ms);
		else if (*story == 's')
			mqtt_memory_silent(&memory, version, now_ms);
		else if (*story == 'f' || *story == 'c')
			mqtt_memory_failed(&memory);
		else
			now_ms += *story == 'm' ? 60000 : *story == 'h' ? 3600000 : 0;
	}
	return mqtt_memory_version(&memory, now_ms);
}

static void test_news(void)
{
	struct mqtt_memory memory = {0};
	tap_case("a sentence is news unless it is one of the last two");
	CHECK(mqtt_memory_is_news(&memory, "a"));
	CHECK(!mqtt_memory_is_news(&memory, "a"));
	CHECK(mqtt_memory_is_news(&memory, "b"));
	CHECK(!mqtt_memory_is_news(&memory, "a"));
	CHECK(!mqtt_memory_is_news(&memory, "b"));
	CHECK(mqtt_memory_is_news(&memory, "c"));
	CHECK(mqtt_memory_is_news(&memory, "a"));
	mqtt_memory_accepted(&memory, 5);
	CHECK(mqtt_memory_is_news(&memory, "a"));
}

int main(void)
{
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		tap_case("\"%s\": MQTT %d", stories[i].story, stories[i].version);
		CHECK(tell(stories[i].story) == stories[i].version);
	}
	test_news();
	return tap_done();
}
