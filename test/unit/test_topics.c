#include "documents/topics.h"

#include <errno.h>
#include <string.h>

#include "tap.h"

static const struct topic_base base = {.prefix = "portcullis", .node = "garage", .discovery = "homeassistant"};

static bool is(ssize_t length, const char *topic, const char *expected)
{
	return strcmp(topic, expected) == 0 && length == (ssize_t)strlen(expected);
}

static void names(void)
{
	char topic[TOPIC_MAX + 1];
	tap_case("every topic has the name of the contract");
	CHECK(is(topic_availability(&base, topic), topic, "portcullis/garage/availability"));
	CHECK(is(topic_door(&base, "left", TOPIC_STATE, topic), topic, "portcullis/garage/left/state"));
	CHECK(is(topic_door(&base, "left", TOPIC_POSITION, topic), topic, "portcullis/garage/left/position"));
	CHECK(is(topic_door(&base, "left", TOPIC_ATTRIBUTES, topic), topic, "portcullis/garage/left/attributes"));
	CHECK(is(topic_door(&base, "left", TOPIC_EVENT, topic), topic, "portcullis/garage/left/event"));
	CHECK(is(topic_door(&base, "left", TOPIC_SET, topic), topic, "portcullis/garage/left/set"));
	CHECK(is(topic_every_state(&base, topic), topic, "portcullis/garage/+/state"));
	CHECK(is(topic_device_id(&base, NULL, topic), topic, "portcullis_garage"));
	CHECK(is(topic_device_id(&base, "left", topic), topic, "portcullis_garage_left"));
	CHECK(is(topic_discovery_agent(&base, topic), topic, "homeassistant/device/portcullis_garage/config"));
	CHECK(is(topic_discovery_door(&base, "left", topic), topic,
			"homeassistant/device/portcullis_garage_left/config"));
	CHECK(is(topic_home_assistant_status(&base, topic), topic, "homeassistant/status"));
}

static void answers(void)
{
	static const struct {
		const char *topic;
		bool may;
	} rows[] = {
			{"my/answers", true},
			{"x", true},
			{"portcullis-answers/1", true},
			{"portcullisx/shed/doors", true},
			{"homeassistants/x", true},
			{"a/b\xc3\xb6", true},
			{"/", true},
			{"///////////////////////////////", true},   /* 32 levels */
			{"////////////////////////////////", false}, /* 33 */
			{"", false},
			{"portcullis", false},
			{"portcullis/", false},
			{"portcullis/shed/doors", false},
			{"portcullis/shed/left/set", false},
			{"portcullis/shed/availability", false},
			{"portcullis/garage/answers", false}, /* our own */
			{"portcullis/shed/answers", true},
			{"portcullis/shed/answers/x", false},
			{"portcullis/SHED/answers", false},
			{"portcullis//answers", false},
			{"portcullis/shed/left/answers", false},
			{"homeassistant", false},
			{"homeassistant/status", false},
			{"homeassistant/device/x/config", false},
			{"$SYS/x", false},
			{"a/$b", false},
			{"a/+", false},
			{"#", false},
			{"a\nb", false},
			{"a\x7f", false},
			{"a\x1f", false},
			{"a\x01", false},
			{"a b", true},
			{"a\xc2\x85", false},
	};
	tap_case("where an answer may be given");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!CHECK(topic_may_answer(&base, rows[i].topic) == rows[i].may))
			printf("# %s\n", rows[i].topic);
	char topic[TOPIC_MAX + 2];
	memset(topic, 'x', TOPIC_MAX + 1);
	topic[TOPIC_MAX + 1] = '\0';
	CHECK(!topic_may_answer(&base, topic));
	CHECK(topic_may_answer(&base, topic + 1));
	const struct topic_base deep = {.prefix = "home/doors", .node = "garage", .discovery = "ha"};
	CHECK(topic_may_answer(&deep, "home/answers") && !topic_may_answer(&deep, "home/doors/shed/doors"));
	CHECK(topic_may_answer(&deep, "home/doors/shed/answers") && topic_may_answer(&deep, "homeassistant/x"));
}

static void too_long(void)
{
	char topic[TOPIC_MAX + 1], node[400];
	memset(node, 'n', sizeof(node));
	node[sizeof(node) - 1] = '\0';
	const struct topic_base endless = {.prefix = "portcullis", .node = node, .discovery = "homeassistant"};
	tap_case("a topic that does not fit is refused and nothing is left of it");
	memset(topic, 'x', sizeof(topic));
	CHECK(topic_availability(&endless, topic) == -ENAMETOOLONG && topic[0] == '\0');
	memset(topic, 'x', sizeof(topic));
	CHECK(topic_door(&endless, "left", TOPIC_SET, topic) == -ENAMETOOLONG && topic[0] == '\0');
	memset(topic, 'x', sizeof(topic));
	CHECK(topic_device_id(&endless, NULL, topic) == -ENAMETOOLONG && topic[0] == '\0');
	memset(topic, 'x', sizeof(topic));
	CHECK(topic_discovery_door(&endless, "left", topic) == -ENAMETOOLONG && topic[0] == '\0');

	tap_case("the longest topic that fits is built");
	node[TOPIC_MAX - strlen("portcullis//availability")] = '\0';
	CHECK(topic_availability(&endless, topic) == TOPIC_MAX);
	node[strlen(node) + 1] = '\0';
	node[strlen(node)] = 'n';
	CHECK(topic_availability(&endless, topic) == -ENAMETOOLONG);
}

static void device_ids(void)
{
	static const struct {
		const char *node, *door;
	} all[] = {{"a", NULL}, {"a", "b"}, {"a", "b_c"}, {"a", "_b"}, {"a_", "b"}, {"a_b", NULL}, {"a_b", "c"},
			{"a__b", "c"}, {"a", "_b_c"}, {"a-b", NULL}, {"a-b", "c"}, {"a", "b-c"}, {"_", "_"},
			{"__", NULL}};
	const size_t count = sizeof(all) / sizeof(all[0]);
	tap_case("no two nodes and doors share a device id, and Home Assistant takes each as a level of a topic");
	for (size_t i = 0; i < count; i++) {
		char one[TOPIC_MAX + 1];
		topic_device_id(&(struct topic_base){.node = all[i].node}, all[i].door, one);
		CHECK(one[strspn(one, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0');
		for (size_t k = 0; k < i; k++) {
			char other[TOPIC_MAX + 1];
			topic_device_id(&(struct topic_base){.node = all[k].node}, all[k].door, other);
			CHECK(strcmp(one, other) != 0);
		}
	}
}

static void parsing(void)
{
	char door[DOOR_ID_MAX + 1] = "untouched", topic[TOPIC_MAX + 1];
	enum topic_leaf leaf = TOPIC_EVENT;
	tap_case("what was built is taken apart again");
	for (enum topic_leaf each = TOPIC_STATE; each <= TOPIC_SET; each++) {
		topic_door(&base, "left_door-2", each, topic);
		CHECK(topic_parse_door(&base, topic, door, &leaf));
		CHECK(strcmp(door, "left_door-2") == 0 && leaf == each);
	}
	CHECK(topic_parse_door(&base, "portcullis/garage/abcdefghijklmnopqrstuvwxyz012345/set", door, &leaf));
	CHECK(strlen(door) == DOOR_ID_MAX);

	tap_case("a prefix of several levels is taken as it is");
	const struct topic_base deep = {.prefix = "home/portcullis", .node = "garage"};
	CHECK(topic_parse_door(&deep, "home/portcullis/garage/left/set", door, &leaf) && strcmp(door, "left") == 0);

	static const char *const foreign[] = {"", "/", "portcullis", "portcullis/garage", "portcullis/garage/",
			"portcullis/garage/availability", "portcullis/garage/left", "portcullis/garage/left/",
			"portcullis/garage//set", "portcullis/garage/left/set/", "portcullis/garage/left/set/more",
			"portcullis/garage/left/SET", "portcullis/garage/Left/set", "portcullis/garage/l eft/set",
			"portcullis/garage/+/set", "portcullis/garages/left/set", "portcullis/garag/left/set",
			"portculli/garage/left/set", "Portcullis/garage/left/set", "/portcullis/garage/left/set",
			"portcullis/garage/abcdefghijklmnopqrstuvwxyz0123456/set", "portcullis-garage/left/set",
			"portcullis/garage-left/set", "portcullis/garage/left.set", "homeassistant/status"};
	tap_case("anything else is refused, and nothing is touched");
	strcpy(door, "untouched");
	leaf = TOPIC_EVENT;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (!CHECK(!topic_parse_door(&base, foreign[i], door, &leaf)))
			printf("# taken: %s\n", foreign[i]);
	CHECK(strcmp(door, "untouched") == 0 && leaf == TOPIC_EVENT);
}

static void peers(void)
{
	char node[PEER_NODE_MAX + 1] = "", door[DOOR_ID_MAX + 1] = "", topic[TOPIC_MAX + 1];
	enum topic_peer leaf;
	const struct topic_base shed = {.prefix = "portcullis", .node = "shed"}, any = {.prefix = "a/b", .node = "+"};
	tap_case("peers: what is built is taken apart, whoever's it is");
	CHECK(topic_doors(&shed, topic) > 0 && strcmp(topic, "portcullis/shed/doors") == 0);
	CHECK(topic_parse_peer(&base, topic, node, door, &leaf) && strcmp(node, "shed") == 0);
	CHECK(leaf == TOPIC_PEER_DOORS && !*door);
	CHECK(topic_availability(&shed, topic) > 0 && topic_parse_peer(&base, topic, node, door, &leaf));
	CHECK(leaf == TOPIC_PEER_AVAILABILITY);
	CHECK(topic_door(&shed, "left", TOPIC_EVENT, topic) > 0 && topic_parse_peer(&base, topic, node, door, &leaf));
	CHECK(leaf == TOPIC_PEER_EVENT && strcmp(door, "left") == 0);
	CHECK(topic_answers(&shed, topic) > 0 && strcmp(topic, "portcullis/shed/answers") == 0);
	CHECK(topic_door(&any, "+", TOPIC_EVENT, topic) > 0 && strcmp(topic, "a/b/+/+/event") == 0);

	tap_case("peers: anything else is refused");
	static const char *const foreign[] = {"", "portcullis", "portcullis/shed", "portcullis/shed/",
			"portcullis//doors", "portcullis/shed/doors/", "portcullis/shed/doors/more",
			"portcullis/Shed/doors", "portcullis/s hed/doors", "portcullis/+/doors",
			"portcullis/shed/left/state", "portcullis/shed/left/set", "portcullis/shed//event",
			"portcullis/shed/Left/event", "portcullis/shed/left/event/", "portcullis/shed/answers",
			"portcullis/0123456789012345678901234567890123456789012345678901234567890123/doors",
			"portcullis/shed/012345678901234567890123456789012/event", "other/shed/doors"};
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (!CHECK(!topic_parse_peer(&base, foreign[i], node, door, &leaf)))
			printf("# taken: %s\n", foreign[i]);
}

int main(void)
{
	names();
	answers();
	too_long();
	device_ids();
	parsing();
	peers();
	return tap_done();
}
