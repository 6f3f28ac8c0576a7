#include "documents/documents.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "views.h"

static const struct document_node node = {
		.topics = {.prefix = "portcullis", .node = "garage", .discovery = "homeassistant"},
		.version = "1.2.3",
		.broker = "connected",
		.configuration_url = "http://garage.local:8080/",
		.command_expiry = true,
};

/* Toggle wiring with every sensor, closed for a minute. */
static const struct door_view full = {
		VIEW_CLOSED("left", "Left door"),
		.source = DOOR_SOURCE_MQTT,
		.position = 0,
		.last_changed_unix_ms = 1767323045678,
		.cycles = 12,
		.last_open_ms = 14800,
		.last_close_ms = 15250,
		.last_travel_ms = 15250,
		.toggles = true,
		.vent = 15,
		.has_position = true,
		.has_open_sensor = true,
		.has_closed_sensor = true,
		.has_obstruction_sensor = true,
		.has_warning = true,
		.has_left_open = true,
		.closed_sensor = true,
};

/* A relay and nothing else, of which nothing is known. */
static const struct door_view bare = {
		.id = "side-gate",
		.name = "Side gate",
		.device_class = "gate",
		.position = DOOR_POSITION_UNKNOWN,
};

#define DOORS_BYTES (1024 + DOORS_MAX * DOCUMENT_DOOR_MAX)
static_assert(DOORS_BYTES >= DOCUMENT_DOORS_MAX, "text has room for either");
static char text[DOORS_BYTES];

static const struct document_agent told = {.started_unix_ms = 1767323045678,
		.reconnects = 2,
		.has_temperature = true,
		.has_wireless = true,
		.celsius = 48,
		.dbm = -56};

/* The parsed document, which must be compact, terminated and as long as it says. The caller drops it. */
static json_t *parsed(ssize_t length)
{
	CHECK(length > 0 && (size_t)length == strlen(text));
	CHECK(!strchr(text, '\n') && !strstr(text, "\": "));
	json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	CHECK(document);
	return document;
}

static json_t *discovery_of(const struct document_node *of, const struct door_view *door)
{
	return parsed(document_discovery_door(of, door, text, DOCUMENT_MAX));
}

static json_t *at(json_t *object, const char *one, const char *two, const char *three)
{
	object = json_object_get(object, one);
	object = two ? json_object_get(object, two) : object;
	return three ? json_object_get(object, three) : object;
}

static bool says(json_t *value, const char *expected)
{
	return json_is_string(value) && strcmp(json_string_value(value), expected) == 0;
}

static bool is_integer(json_t *value, json_int_t expected)
{
	return json_is_integer(value) && json_integer_value(value) == expected;
}

/* The last command in the attributes, as text. */
static void parsed_last_command(const struct door_view *door, const char *expected)
{
	json_t *a = parsed(document_attributes(door, text, sizeof(text)));
	char *last = json_dumps(json_object_get(a, "last_command"), JSON_COMPACT);
	if (!CHECK(last && strcmp(last, expected) == 0))
		printf("# %s\n", last ? last : "nothing");
	free(last);
	json_decref(a);
}

static void attributes(void)
{
	tap_case("attributes say what is known");
	json_t *a = parsed(document_attributes(&full, text, sizeof(text)));
	CHECK(says(json_object_get(a, "last_changed"), "2026-01-02T03:04:05.678Z"));
	CHECK(says(json_object_get(a, "source"), "mqtt"));
	CHECK(says(json_object_get(a, "confidence"), "sensed"));
	CHECK(json_is_null(json_object_get(a, "fault")));
	CHECK(is_integer(json_object_get(a, "cycles"), 12));
	CHECK(is_integer(json_object_get(a, "last_travel_ms"), 15250));
	CHECK(is_integer(json_object_get(a, "last_open_ms"), 14800));
	CHECK(is_integer(json_object_get(a, "last_close_ms"), 15250));
	CHECK(json_is_false(json_object_get(a, "open_sensor")));
	CHECK(json_is_true(json_object_get(a, "closed_sensor")));
	CHECK(json_is_false(json_object_get(a, "obstruction_sensor")));
	CHECK(json_is_false(json_object_get(a, "close_warning")));
	CHECK(json_is_true(json_object_get(a, "settled")));

	tap_case("no attribute is one that Home Assistant keeps for itself");
	static const char *const kept[] = {"assumed_state", "available", "device_class", "device_info",
			"entity_category", "entity_picture", "entity_registry_enabled_default",
			"extra_state_attributes", "force_update", "icon", "name", "should_poll", "state",
			"supported_features", "unique_id", "unit_of_measurement", "current_position",
			"current_tilt_position"};
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		CHECK(!json_object_get(a, kept[i]));
	json_decref(a);

	tap_case("how the last command ended is told with a reason in words, and each one differs from the one before");
	struct door_view asked = full;
	asked.last_command = (struct door_last_command){.number = 3,
			.unix_ms = 1767323045678,
			.command = DOOR_COMMAND_CLOSE,
			.source = DOOR_SOURCE_HTTP,
			.result = DOOR_RESULT_REJECTED,
			.reason = DOOR_REASON_OBSTRUCTED};
	parsed_last_command(&asked,
			"{\"number\":3,\"time\":\"2026-01-02T03:04:05.678Z\",\"command\":\"close\",\"source\":\"http\","
			"\"result\":\"rejected\",\"reason\":\"obstructed\","
			"\"detail\":\"Something is in the way of the door.\"}");
	asked.last_command = (struct door_last_command){
			.number = 4, .command = -1, .source = DOOR_SOURCE_MQTT, .result = DOOR_RESULT_ACCEPTED};
	parsed_last_command(&asked,
			"{\"number\":4,\"time\":null,\"command\":null,\"source\":\"mqtt\",\"result\":\"accepted\","
			"\"reason\":null,\"detail\":null}");
	asked.last_command.command = DOOR_COMMAND_OPEN;
	parsed_last_command(&asked,
			"{\"number\":4,\"time\":null,\"command\":\"open\",\"source\":\"mqtt\",\"result\":\"accepted\","
			"\"reason\":null,\"detail\":null}");
	asked.last_command.cancelled = 1;
	parsed_last_command(&asked,
			"{\"number\":4,\"time\":null,\"command\":\"open\",\"source\":\"mqtt\",\"result\":\"cancelled\","
			"\"reason\":null,\"detail\":null}");

	tap_case("an obstruction is told by Home Assistant's word; a closed door's beam sleeps; without a sensor there is no such key");
	static const struct {
		bool obstructed, closed, detected;
	} beams[] = {{true, false, true}, {true, true, false}, {false, false, false}};
	for (size_t i = 0; i < sizeof(beams) / sizeof(beams[0]); i++) {
		struct door_view beam = full;
		beam.obstruction_sensor = beams[i].obstructed;
		beam.closed_sensor = beams[i].closed;
		a = parsed(document_attributes(&beam, text, sizeof(text)));
		json_t *detected = json_object_get(a, "obstruction-detected");
		CHECK(json_is_boolean(detected) && json_is_true(detected) == beams[i].detected);
		json_decref(a);
	}
	a = parsed(document_attributes(&bare, text, sizeof(text)));
	CHECK(!json_object_get(a, "obstruction-detected"));
	json_decref(a);

	tap_case("where nothing but \"not closed\" is known, the position is not");
	asked = full;
	asked.position = 99;
	a = parsed(document_attributes(&asked, text, sizeof(text)));
	CHECK(json_is_true(json_object_get(a, "position_known")));
	json_decref(a);
	asked.only_not_closed = true;
	a = parsed(document_attributes(&asked, text, sizeof(text)));
	CHECK(json_is_false(json_object_get(a, "position_known")));
	json_decref(a);

	tap_case("what is not known is null");
	a = parsed(document_attributes(&bare, text, sizeof(text)));
	CHECK(json_is_false(json_object_get(a, "position_known")));
	static const char *const unknown[] = {"last_command", "open_since", "left_open", "last_changed", "source",
			"fault", "last_travel_ms", "last_open_ms", "last_close_ms", "open_sensor", "closed_sensor",
			"obstruction_sensor"};
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		CHECK(json_is_null(json_object_get(a, unknown[i])));
	CHECK(says(json_object_get(a, "confidence"), "unknown"));
	json_decref(a);

	tap_case("a sensor's level is not told before it has settled");
	struct door_view door = full;
	door.settled = false;
	a = parsed(document_attributes(&door, text, sizeof(text)));
	CHECK(json_is_null(json_object_get(a, "closed_sensor")));
	json_decref(a);

	tap_case("a sensor that is not there has no level");
	door = bare;
	door.settled = true;
	a = parsed(document_attributes(&door, text, sizeof(text)));
	CHECK(json_is_null(json_object_get(a, "open_sensor")) && json_is_null(json_object_get(a, "closed_sensor")));
	CHECK(json_is_null(json_object_get(a, "obstruction_sensor")));
	json_decref(a);

	tap_case("a fault has its name, and milliseconds keep their zeros");
	door.fault = DOOR_FAULT_DID_NOT_FINISH;
	door.last_changed_unix_ms = 1767323045007;
	a = parsed(document_attributes(&door, text, sizeof(text)));
	CHECK(says(json_object_get(a, "fault"), "did_not_finish"));
	CHECK(says(json_object_get(a, "last_changed"), "2026-01-02T03:04:05.007Z"));
	door.last_changed_unix_ms = 4102444800000; /* beyond 2038: 2100 */
	json_decref(a);
	a = parsed(document_attributes(&door, text, sizeof(text)));
	CHECK(says(json_object_get(a, "last_changed"), "2100-01-01T00:00:00.000Z"));
	json_decref(a);
}

static void states(void)
{
	tap_case("the state topic's words, with the literal None for unknown");
	CHECK(strcmp(document_state(DOOR_UNKNOWN), "None") == 0);
	CHECK(strcmp(document_state(DOOR_OPEN), "open") == 0);
	CHECK(strcmp(document_state(DOOR_OPENING), "opening") == 0);
	CHECK(strcmp(document_state(DOOR_CLOSED), "closed") == 0);
	CHECK(strcmp(document_state(DOOR_CLOSING), "closing") == 0);
	CHECK(strcmp(document_state(DOOR_STOPPED), "stopped") == 0);
}

static void events(void)
{
	tap_case("an event tells what happened");
	struct door_view door = full;
	door.fault = DOOR_FAULT_OBSTRUCTED;
	json_t *e = parsed(document_door_event(DOOR_NEWS_FAULT_CLEARED, &door, text, sizeof(text)));
	CHECK(says(json_object_get(e, "event_type"), "fault_cleared"));
	CHECK(says(json_object_get(e, "fault"), "obstructed"));
	CHECK(says(json_object_get(e, "source"), "mqtt"));
	CHECK(is_integer(json_object_get(e, "position"), 0));
	json_decref(e);
	e = parsed(document_door_event(door_news_of_state(DOOR_OPEN), &bare, text, sizeof(text)));
	CHECK(says(json_object_get(e, "event_type"), "opened"));
	CHECK(json_is_null(json_object_get(e, "position")) && json_is_null(json_object_get(e, "fault")));
	json_decref(e);

	tap_case("the end of a command is told with its reason");
	const enum door_command close = DOOR_COMMAND_CLOSE;
	e = parsed(document_command_event(
			&close, DOOR_SOURCE_HTTP, DOOR_RESULT_REJECTED, DOOR_REASON_OBSTRUCTED, text, sizeof(text)));
	CHECK(says(json_object_get(e, "event_type"), "command_rejected"));
	CHECK(says(json_object_get(e, "command"), "close"));
	CHECK(says(json_object_get(e, "source"), "http"));
	CHECK(says(json_object_get(e, "reason"), "obstructed"));
	json_decref(e);
	e = parsed(document_command_event(
			&close, DOOR_SOURCE_MQTT, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, text, sizeof(text)));
	CHECK(says(json_object_get(e, "event_type"), "command_accepted") && !json_object_get(e, "reason"));
	json_decref(e);
	e = parsed(document_command_event(
			NULL, DOOR_SOURCE_MQTT, DOOR_RESULT_REJECTED, DOOR_REASON_UNKNOWN_COMMAND, text, sizeof(text)));
	CHECK(json_is_null(json_object_get(e, "command")) && says(json_object_get(e, "reason"), "unknown_command"));
	json_decref(e);

	tap_case("what is no command is told what is one: a position, too, where the door can be sent to one");
	door = full;
	door.last_command = (struct door_last_command){.number = 1,
			.command = -1,
			.source = DOOR_SOURCE_MQTT,
			.result = DOOR_RESULT_REJECTED,
			.reason = DOOR_REASON_UNKNOWN_COMMAND};
	document_attributes(&door, text, sizeof(text));
	CHECK(strstr(text, "OPEN, CLOSE, STOP and TOGGLE are") && !strstr(text, "position."));
	door.has_reach = true;
	document_attributes(&door, text, sizeof(text));
	CHECK(strstr(text, "OPEN, CLOSE, STOP and TOGGLE are") && strstr(text, "and 0 to 100 for a position."));

	tap_case("the answer to a command");
	document_result(DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, text, sizeof(text));
	CHECK(strcmp(text, "{\"result\":\"accepted\"}") == 0);
	document_result(DOOR_RESULT_REJECTED, DOOR_REASON_UNKNOWN_STATE, text, sizeof(text));
	CHECK(strcmp(text, "{\"result\":\"rejected\",\"reason\":\"unknown_state\"}") == 0);
}

static void broker_problem(void)
{
	tap_case("what the broker denies is told, and nothing is null");
	struct document_node other = node;
	other.broker_problem = "";
	json_t *list = parsed(document_doors(&other, &full, 1, text, sizeof(text)));
	CHECK(json_is_null(json_object_get(list, "broker_problem")));
	json_decref(list);
	other.broker_problem = "it denies all";
	list = parsed(document_doors(&other, &full, 1, text, sizeof(text)));
	CHECK(says(json_object_get(list, "broker_problem"), "it denies all"));
	json_decref(list);
}

static void api(void)
{
	tap_case("the API lists every door, and an unknown state is null there");
	const struct door_view doors[] = {full, bare};
	json_t *list = parsed(document_doors(&node, doors, 2, text, sizeof(text)));
	CHECK(says(json_object_get(list, "node"), "garage") && says(json_object_get(list, "version"), "1.2.3"));
	CHECK(says(json_object_get(list, "broker"), "connected") &&
			json_is_null(json_object_get(list, "broker_problem")));
	CHECK(json_array_size(json_object_get(list, "doors")) == 2);
	json_t *one = json_array_get(json_object_get(list, "doors"), 0);
	CHECK(says(json_object_get(one, "id"), "left") && says(json_object_get(one, "name"), "Left door"));
	CHECK(says(json_object_get(one, "state"), "closed") && is_integer(json_object_get(one, "position"), 0));
	CHECK(says(json_object_get(one, "confidence"), "sensed") && json_is_null(json_object_get(one, "fault")));
	CHECK(says(json_object_get(one, "source"), "mqtt") && is_integer(json_object_get(one, "cycles"), 12));
	CHECK(says(json_object_get(one, "last_changed"), "2026-01-02T03:04:05.678Z"));
	CHECK(json_is_true(json_object_get(one, "can_stop")) && json_is_true(json_object_get(one, "one_button")));
	one = json_array_get(json_object_get(list, "doors"), 1);
	CHECK(json_is_null(json_object_get(one, "state")) && json_is_null(json_object_get(one, "position")));
	CHECK(json_is_false(json_object_get(one, "can_stop")) && json_is_false(json_object_get(one, "one_button")));
	json_decref(list);

	tap_case("no doors are an empty list");
	list = parsed(document_doors(&node, NULL, 0, text, sizeof(text)));
	CHECK(json_is_array(json_object_get(list, "doors")) && json_array_size(json_object_get(list, "doors")) == 0);
	json_decref(list);
}

static void history(void)
{
	struct door_view doors[] = {full, bare};
	const struct door_record records[] = {
			{.number = 9,
					.unix_ms = 1767323045678,
					.up_ms = 1234,
					.run = 3,
					.count = 2,
					.door = 1,
					.command = DOOR_COMMAND_CLOSE,
					.news = DOOR_NEWS_COMMAND_REJECTED,
					.state = DOOR_OPEN,
					.source = DOOR_SOURCE_HTTP,
					.reason = DOOR_REASON_OBSTRUCTED},
			{.number = 8, .command = -1, .news = DOOR_NEWS_FAULT, .fault = DOOR_FAULT_REVERSED},
	};

	tap_case("the history lists records; what is not known is null");
	json_t *document = parsed(document_history(records, 2, doors, 8, "", text, sizeof(text)));
	json_t *one = json_array_get(json_object_get(document, "events"), 0);
	CHECK(is_integer(json_object_get(one, "number"), 9) && is_integer(json_object_get(one, "run"), 3));
	CHECK(says(json_object_get(one, "time"), "2026-01-02T03:04:05.678Z"));
	CHECK(is_integer(json_object_get(one, "uptime_ms"), 1234) && is_integer(json_object_get(one, "count"), 2));
	CHECK(says(json_object_get(one, "door"), "side-gate") &&
			says(json_object_get(one, "event"), "command_rejected"));
	CHECK(says(json_object_get(one, "state"), "open") && says(json_object_get(one, "source"), "http"));
	CHECK(says(json_object_get(one, "command"), "close") && says(json_object_get(one, "reason"), "obstructed"));
	CHECK(json_is_null(json_object_get(one, "fault")));
	one = json_array_get(json_object_get(document, "events"), 1);
	CHECK(json_is_null(json_object_get(one, "time")) && json_is_null(json_object_get(one, "state")));
	CHECK(json_is_null(json_object_get(one, "source")) && json_is_null(json_object_get(one, "command")));
	CHECK(json_is_null(json_object_get(one, "reason")) && says(json_object_get(one, "fault"), "reversed"));
	CHECK(is_integer(json_object_get(document, "next"), 8));
	CHECK(json_is_null(json_object_get(document, "problem")));
	json_decref(document);
	document = parsed(document_history(NULL, 0, doors, 0, "/x cannot be opened", text, sizeof(text)));
	CHECK(json_array_size(json_object_get(document, "events")) == 0);
	CHECK(json_is_null(json_object_get(document, "next")));
	CHECK(says(json_object_get(document, "problem"), "/x cannot be opened"));
	json_decref(document);

	tap_case("the longest records fit into what the header promises");
	struct door_record longest[100];
	for (size_t i = 0; i < 100; i++)
		longest[i] = (struct door_record){.number = INT64_MAX,
				.unix_ms = 1767323045678,
				.up_ms = INT64_MAX,
				.run = UINT32_MAX,
				.count = UINT16_MAX,
				.command = DOOR_COMMAND_TOGGLE,
				.news = DOOR_NEWS_COMMAND_CANCELLED,
				.state = DOOR_OPENING,
				.source = DOOR_SOURCE_AUTO_CLOSE,
				.reason = DOOR_REASON_SENSOR_CONFLICT,
				.fault = DOOR_FAULT_SENSOR_CONFLICT};
	doors[0].id = "abcdefghijklmnopqrstuvwxyzabcdef";
	char longest_problem[256];
	memset(longest_problem, 1, sizeof(longest_problem));
	longest_problem[sizeof(longest_problem) - 1] = '\0';
	for (size_t count = 0; count <= 100; count++)
		CHECK(document_history(longest, count, doors, INT64_MAX, longest_problem, text,
				      (count + 1) * DOCUMENT_RECORD_MAX + 6 * strlen(longest_problem)) > 0);
}

/* What Home Assistant's schema of a device's document knows at the root; anything else there loses the whole document.
 */
static void check_root(json_t *document)
{
	static const char *const known[] = {
			"device", "origin", "components", "availability_topic", "availability_template", "state_topic"};
	const char *key;
	json_t *value;
	json_object_foreach(document, key, value)
	{
		bool found = false;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			found |= strcmp(key, known[i]) == 0;
		if (!CHECK(found))
			printf("# at the root: %s\n", key);
	}
	CHECK(says(at(document, "origin", "name", NULL), "Portcullis"));
	CHECK(says(at(document, "origin", "sw_version", NULL), "1.2.3"));
}

/* What holds for each component, present or removed. */
static void check_components(json_t *document, json_t *unique_ids)
{
	const char *key;
	json_t *part;
	json_object_foreach(json_object_get(document, "components"), key, part)
	{
		const char *platform = json_string_value(json_object_get(part, "platform"));
		CHECK(platform);
		if (json_object_size(part) == 1)
			continue;
		const char *unique_id = json_string_value(json_object_get(part, "unique_id"));
		CHECK(unique_id && json_object_set_new(unique_ids, unique_id, json_true()) == 0);
		CHECK(is_integer(json_object_get(part, "qos"), json_object_get(part, "command_topic") ? 0 : 1));
		CHECK(!json_object_get(part, "object_id"));
		const char *entity = json_string_value(json_object_get(part, "default_entity_id"));
		size_t length = platform ? strlen(platform) : 0;
		CHECK(entity && strncmp(entity, platform, length) == 0 && entity[length] == '.');
		CHECK(entity && entity[length + 1 +
						strspn(entity + length + 1, "abcdefghijklmnopqrstuvwxyz0123456789_")] ==
						'\0');
		bool is_cover = strcmp(key, "door") == 0;
		CHECK(is_cover ? json_is_null(json_object_get(part, "name"))
			       : json_is_string(json_object_get(part, "name")));
		CHECK(!!json_object_get(part, "message_expiry_interval") == !!json_object_get(part, "command_topic"));
		const char *device_class = json_string_value(json_object_get(part, "device_class"));
		bool is_enum = device_class && strcmp(device_class, "enum") == 0;
		CHECK(is_enum == (json_array_size(json_object_get(part, "options")) > 0));
	}
}

static void discovery_door(void)
{
	tap_case("a door's document: root, origin and device");
	json_t *d = discovery_of(&node, &full);
	check_root(d);
	CHECK(says(json_object_get(d, "availability_topic"), "portcullis/garage/availability"));
	CHECK(says(json_object_get(d, "state_topic"), "portcullis/garage/left/attributes"));
	CHECK(says(json_array_get(at(d, "device", "identifiers", NULL), 0), "portcullis_garage_left"));
	CHECK(says(at(d, "device", "name", NULL), "Left door"));
	CHECK(says(at(d, "device", "sw_version", NULL), "1.2.3"));
	CHECK(says(at(d, "device", "via_device", NULL), "portcullis_garage"));
	CHECK(says(at(d, "device", "configuration_url", NULL), "http://garage.local:8080/"));

	tap_case("every component has a unique id of its own, qos 0 where it commands, and no object_id");
	json_t *unique_ids = json_object();
	check_components(d, unique_ids);
	CHECK(json_object_size(unique_ids) == json_object_size(json_object_get(d, "components")));
	json_decref(unique_ids);

	tap_case("no component's key ends in another's, so that unique ids of different doors cannot meet");
	const char *key, *other;
	json_t *one, *two;
	json_object_foreach(json_object_get(d, "components"), key, one)
			json_object_foreach(json_object_get(d, "components"), other, two)
	{
		size_t long_key = strlen(key), short_key = strlen(other);
		CHECK(long_key <= short_key || key[long_key - short_key - 1] != '_' ||
				strcmp(key + long_key - short_key, other) != 0);
	}

	tap_case("the model says that a door is simulated");
	struct document_node feigned = node;
	feigned.simulated = true;
	json_t *simulated = discovery_of(&feigned, &full);
	CHECK(says(at(d, "device", "model", NULL), "Garage door"));
	CHECK(says(at(simulated, "device", "model", NULL), "Garage door (simulated)"));
	json_decref(simulated);

	tap_case("the wiring is the model's id, and an area is suggested where there is one");
	struct door_view placed = bare;
	placed.area = "Yard";
	json_t *yard = discovery_of(&node, &placed);
	CHECK(says(at(d, "device", "model_id", NULL), "toggle relay, closed contact, open contact, light beam"));
	CHECK(says(at(yard, "device", "model_id", NULL), "separate relays"));
	CHECK(says(at(yard, "device", "suggested_area", NULL), "Yard") && !at(d, "device", "suggested_area", NULL));
	json_decref(yard);

	tap_case("what a person reads: each word for programs is among the options as the templates make it");
	static const struct {
		const char *key, *first, *last;
		size_t count;
	} lists[] = {{"fault", "No fault", "Sensor unsteady", DOOR_FAULT_LAST + 1},
			{"confidence", "Unknown", "Sensed", 3},
			{"source", "MQTT", "Auto-close", DOOR_SOURCE_AUTO_CLOSE}};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		json_t *options = at(d, "components", lists[i].key, "options");
		CHECK(json_array_size(options) == lists[i].count);
		CHECK(says(json_array_get(options, 0), lists[i].first));
		CHECK(says(json_array_get(options, lists[i].count - 1), lists[i].last));
	}
	const char *made = json_string_value(at(d, "components", "source", "value_template"));
	for (enum door_source source = DOOR_SOURCE_MQTT; source <= DOOR_SOURCE_AUTO_CLOSE; source++) {
		char pair[64];
		snprintf(pair, sizeof(pair), "'%s': '%s'", door_source_name(source),
				json_string_value(
						json_array_get(at(d, "components", "source", "options"), source - 1)));
		CHECK(made && strstr(made, pair));
	}

	tap_case("noise is disabled until a person enables it");
	static const char *const noise[] = {"event", "open_contact", "closed_contact", "confidence", "last_changed"};
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		CHECK(json_is_false(at(d, "components", noise[i], "enabled_by_default")));
	CHECK(!at(d, "components", "last_command", "enabled_by_default"));

	tap_case("the cover");
	json_t *cover = at(d, "components", "door", NULL);
	CHECK(says(json_object_get(cover, "platform"), "cover"));
	CHECK(says(json_object_get(cover, "device_class"), "garage"));
	CHECK(says(json_object_get(cover, "default_entity_id"), "cover.garage_left_door"));
	CHECK(says(json_object_get(cover, "command_topic"), "portcullis/garage/left/set"));
	CHECK(says(json_object_get(cover, "state_topic"), "portcullis/garage/left/state"));
	CHECK(says(json_object_get(cover, "position_topic"), "portcullis/garage/left/position"));
	CHECK(says(json_object_get(cover, "json_attributes_topic"), "portcullis/garage/left/attributes"));
	CHECK(!json_object_get(cover, "set_position_topic"));
	CHECK(says(json_object_get(cover, "payload_open"), "OPEN"));
	CHECK(says(json_object_get(cover, "payload_close"), "CLOSE"));
	CHECK(says(json_object_get(cover, "payload_stop"), "STOP"));
	CHECK(says(json_object_get(cover, "state_open"), "open"));
	CHECK(says(json_object_get(cover, "state_opening"), "opening"));
	CHECK(says(json_object_get(cover, "state_closed"), "closed"));
	CHECK(says(json_object_get(cover, "state_closing"), "closing"));
	CHECK(says(json_object_get(cover, "state_stopped"), "stopped"));
	CHECK(is_integer(json_object_get(cover, "message_expiry_interval"), 10));

	tap_case("the problem, the contacts and the obstruction are read from the attributes");
	json_t *problem = at(d, "components", "problem", NULL);
	CHECK(says(json_object_get(problem, "platform"), "binary_sensor"));
	CHECK(says(json_object_get(problem, "device_class"), "problem"));
	CHECK(says(json_object_get(problem, "value_template"), "{{ value_json.fault is not none }}"));
	CHECK(says(json_object_get(problem, "payload_on"), "True") &&
			says(json_object_get(problem, "payload_off"), "False"));
	CHECK(!json_object_get(problem, "state_topic"));
	static const char *const contacts[][2] = {{"open_contact", "{{ value_json.open_sensor }}"},
			{"closed_contact", "{{ value_json.closed_sensor }}"}};
	for (size_t i = 0; i < 2; i++) {
		json_t *contact = at(d, "components", contacts[i][0], NULL);
		CHECK(says(json_object_get(contact, "platform"), "binary_sensor"));
		CHECK(says(json_object_get(contact, "value_template"), contacts[i][1]));
		CHECK(says(json_object_get(contact, "entity_category"), "diagnostic"));
	}
	CHECK(says(at(d, "components", "obstruction", "value_template"), "{{ value_json['obstruction-detected'] }}"));

	tap_case("the event entity knows every event_type that there is");
	json_t *event = at(d, "components", "event", NULL);
	CHECK(says(json_object_get(event, "platform"), "event"));
	CHECK(says(json_object_get(event, "state_topic"), "portcullis/garage/left/event"));
	for (enum door_news e = DOOR_NEWS_OPENING; e <= DOOR_NEWS_EVENT_LAST; e++)
		CHECK(says(json_array_get(json_object_get(event, "event_types"), e), door_news_name(e)));
	CHECK(json_array_size(json_object_get(event, "event_types")) == DOOR_NEWS_EVENT_LAST + 1);

	tap_case("toggle wiring: a button that presses once, for those who switch it on");
	json_t *button = at(d, "components", "toggle", NULL);
	CHECK(says(json_object_get(button, "platform"), "button"));
	CHECK(says(json_object_get(button, "command_topic"), "portcullis/garage/left/set"));
	CHECK(says(json_object_get(button, "payload_press"), "TOGGLE"));
	CHECK(json_is_false(json_object_get(button, "enabled_by_default")) && !json_object_get(button, "retain"));

	tap_case("what a template reads, the attributes have");
	json_t *attributes = parsed(document_attributes(&full, text, sizeof(text)));
	json_object_foreach(json_object_get(d, "components"), key, one)
	{
		const char *template = json_string_value(json_object_get(one, "value_template"));
		for (const char *c = template; c && (c = strstr(c, "value_json."));) {
			char field[40] = "";
			c += strlen("value_json.");
			sscanf(c, "%39[a-z_]", field);
			if (!CHECK(json_object_get(attributes, field)))
				printf("# %s reads %s\n", key, field);
		}
	}
	json_decref(attributes);
	json_decref(d);
}

static void discovery_wirings(void)
{
	tap_case("a command expires only where our own connection is MQTT 5: at 3.1.1 the door could not be commanded");
	struct document_node old = node;
	old.command_expiry = false;
	json_t *d = discovery_of(&old, &full);
	CHECK(!at(d, "components", "door", "message_expiry_interval"));
	CHECK(!at(d, "components", "toggle", "message_expiry_interval"));
	json_decref(d);

	tap_case("wiring without STOP has payload_stop null, and without a position no topic of one");
	d = discovery_of(&node, &bare);
	CHECK(json_is_null(at(d, "components", "door", "payload_stop")));
	CHECK(!at(d, "components", "door", "position_topic"));
	struct door_view reaches = full;
	reaches.has_reach = true;
	json_t *far = discovery_of(&node, &reaches);
	CHECK(says(at(far, "components", "door", "set_position_topic"), "portcullis/garage/left/position/set"));
	json_decref(far);
	CHECK(says(at(d, "components", "door", "device_class"), "gate"));
	tap_case("a button sends the door to its position for air, and expires as the cover's commands do; else it is removed");
	json_t *airy = discovery_of(&node, &reaches);
	CHECK(says(at(airy, "components", "vent", "command_topic"), "portcullis/garage/left/position/set"));
	CHECK(says(at(airy, "components", "vent", "payload_press"), "15"));
	CHECK(says(at(airy, "components", "vent", "name"), "Air"));
	CHECK(json_integer_value(at(airy, "components", "vent", "message_expiry_interval")) == 10);
	json_decref(airy);
	json_t *airless = at(d, "components", "vent", NULL);
	CHECK(json_object_size(airless) == 1 && says(json_object_get(airless, "platform"), "button"));
	CHECK(says(at(d, "components", "door", "default_entity_id"), "cover.garage_side_gate_door"));

	tap_case("a sensor that the door does not have is named by its platform alone, which removes it");
	static const char *const sensors[] = {
			"open_contact", "closed_contact", "obstruction", "close_warning", "left_open"};
	for (size_t i = 0; i < sizeof(sensors) / sizeof(sensors[0]); i++) {
		json_t *removed = at(d, "components", sensors[i], NULL);
		CHECK(json_object_size(removed) == 1 && says(json_object_get(removed, "platform"), "binary_sensor"));
	}
	tap_case("the button is on from the start where it is all that works at times: toggle wiring without a closed contact");
	struct door_view blind = bare;
	blind.toggles = blind.has_obstruction_sensor = true;
	json_t *unseen = NULL;
	for (int open = 0; open < 2; open++) {
		blind.has_open_sensor = open > 0;
		unseen = discovery_of(&node, &blind);
		CHECK(at(unseen, "components", "toggle", "payload_press"));
		CHECK(!at(unseen, "components", "toggle", "enabled_by_default"));
		json_decref(unseen);
	}
	blind.has_closed_sensor = true;
	unseen = discovery_of(&node, &blind);
	CHECK(json_is_false(at(unseen, "components", "toggle", "enabled_by_default")));
	json_decref(unseen);
	json_t *button = at(d, "components", "toggle", NULL);
	CHECK(json_object_size(button) == 1 && says(json_object_get(button, "platform"), "button"));
	json_t *all = discovery_of(&node, &full);
	CHECK(json_object_size(json_object_get(d, "components")) ==
			json_object_size(json_object_get(all, "components")));
	json_decref(all);
	json_decref(d);

	tap_case("the origin names where help is, where the build does");
	old.support_url = "https://example.org/help";
	d = discovery_of(&old, &full);
	CHECK(says(at(d, "origin", "support_url", NULL), "https://example.org/help"));
	json_decref(d);
	old.support_url = "";
	d = discovery_of(&old, &full);
	CHECK(!at(d, "origin", "support_url", NULL));
	json_decref(d);

	tap_case("no page, no address of one");
	old.configuration_url = NULL;
	d = discovery_of(&old, &full);
	CHECK(!at(d, "device", "configuration_url", NULL));
	json_decref(d);

	tap_case("a new name is a new name of the same device");
	struct door_view renamed = full;
	renamed.name = "Tor \"links\"";
	d = discovery_of(&node, &renamed);
	CHECK(says(at(d, "device", "name", NULL), "Tor \"links\""));
	CHECK(says(json_array_get(at(d, "device", "identifiers", NULL), 0), "portcullis_garage_left"));
	json_decref(d);
}

static void discovery_agent(void)
{
	tap_case("the agent's device has its connection, and no availability that would hide it");
	json_t *d = parsed(document_discovery_agent(&node, &told, text, DOCUMENT_MAX));
	check_root(d);
	CHECK(!json_object_get(d, "availability_topic") && !json_object_get(d, "state_topic"));
	CHECK(says(json_array_get(at(d, "device", "identifiers", NULL), 0), "portcullis_garage"));
	CHECK(!at(d, "device", "via_device", NULL));
	json_t *connection = at(d, "components", "connection", NULL);
	CHECK(says(json_object_get(connection, "platform"), "binary_sensor"));
	CHECK(says(json_object_get(connection, "device_class"), "connectivity"));
	CHECK(says(json_object_get(connection, "state_topic"), "portcullis/garage/availability"));
	CHECK(says(json_object_get(connection, "payload_on"), "online"));
	CHECK(says(json_object_get(connection, "payload_off"), "offline"));
	json_t *unique_ids = json_object();
	check_components(d, unique_ids);
	json_decref(unique_ids);

	tap_case("its figures are read from one topic, and what is not said again for long is taken for gone");
	ssize_t length = document_agent("1.2.3", &told, text, sizeof(text));
	CHECK(strcmp(text, "{\"version\":\"1.2.3\",\"started\":\"2026-01-02T03:04:05.678Z\",\"reconnects\":2,"
			   "\"temperature_c\":48,\"wifi_dbm\":-56}") == 0);
	json_t *said = parsed(length);
	static const struct {
		const char *key, *field;
	} read[] = {{"started", "started"}, {"reconnects", "reconnects"}, {"version", "version"},
			{"temperature", "temperature_c"}, {"wifi", "wifi_dbm"}};
	for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++) {
		char template[64];
		snprintf(template, sizeof(template), "{{ value_json.%s }}", read[i].field);
		CHECK(says(at(d, "components", read[i].key, "value_template"), template));
		CHECK(json_object_get(said, read[i].field));
		CHECK(says(at(d, "components", read[i].key, "state_topic"), "portcullis/garage/agent"));
		CHECK(is_integer(at(d, "components", read[i].key, "expire_after"), DOCUMENT_AGENT_EXPIRY_S));
	}
	CHECK(is_integer(at(d, "components", "connection", "expire_after"), DOCUMENT_AGENT_EXPIRY_S));
	json_decref(said);
	json_decref(d);

	tap_case("a machine without Wi-Fi or a thermometer has no such sensor");
	const struct document_agent bare_agent = {.reconnects = 0};
	d = parsed(document_discovery_agent(&node, &bare_agent, text, DOCUMENT_MAX));
	CHECK(json_object_size(at(d, "components", "temperature", NULL)) == 1);
	CHECK(json_object_size(at(d, "components", "wifi", NULL)) == 1);
	CHECK(json_object_size(at(d, "components", "version", NULL)) > 1);
	json_decref(d);
}

static void bounds(void)
{
	tap_case("a document that does not fit is refused, to the byte, and nothing is left of it");
	ssize_t length = document_attributes(&full, text, sizeof(text));
	memset(text, 'x', sizeof(text));
	CHECK(document_attributes(&full, text, (size_t)length) == -ENOBUFS && text[0] == '\0');
	CHECK(text[length] == 'x');
	CHECK(document_attributes(&full, text, (size_t)length + 1) == length && text[length] == '\0');
	CHECK(document_attributes(&full, text, 0) == -ENOBUFS);

	tap_case("a string that is not UTF-8 is an error, not half a document");
	struct door_view door = full;
	door.name = "caf\xe9";
	CHECK(document_discovery_door(&node, &door, text, DOCUMENT_MAX) == -ENOMEM && text[0] == '\0');
	CHECK(document_doors(&node, &door, 1, text, sizeof(text)) == -ENOMEM && text[0] == '\0');

	tap_case("the longest names fit into DOCUMENT_MAX, and the most doors into DOCUMENT_DOORS_MAX");
	char prefix[65], name[64], id[DOOR_ID_MAX + 1], title[DOOR_NAME_MAX + 1], url[256];
	memset(prefix, 'p', sizeof(prefix));
	memset(name, 'n', sizeof(name));
	memset(id, 'i', sizeof(id));
	memset(title, '"', sizeof(title)); /* each takes two bytes */
	memset(url, 'u', sizeof(url));
	prefix[sizeof(prefix) - 1] = name[sizeof(name) - 1] = id[sizeof(id) - 1] = title[sizeof(title) - 1] =
			url[sizeof(url) - 1] = '\0';
	struct document_node long_node = node;
	long_node.topics = (struct topic_base){.prefix = prefix, .node = name, .discovery = prefix};
	long_node.configuration_url = url;
	door = full;
	door.id = id;
	door.name = title;
	door.fault = DOOR_FAULT_SENSOR_CONFLICT;
	door.source = DOOR_SOURCE_AUTO_CLOSE;
	door.area = title;
	door.has_reach = true;
	door.reach_low = 10;
	door.reach_high = door.vent = 99;
	door.open_since_unix_ms = 1767323045678;
	door.confidence = DOOR_CONFIDENCE_ESTIMATED;
	door.cycles = INT64_MAX;
	door.last_travel_ms = door.last_open_ms = door.last_close_ms = INT64_MAX;
	door.last_command = (struct door_last_command){.number = INT64_MAX,
			.unix_ms = 1767323045678,
			.command = -1,
			.source = DOOR_SOURCE_AUTO_CLOSE,
			.result = DOOR_RESULT_REJECTED};
	for (enum door_reason reason = DOOR_REASON_NONE; reason <= DOOR_REASON_LAST; reason++)
		if (strlen(door_refusal_text(&door, reason)) >
				strlen(door_refusal_text(&door, door.last_command.reason)))
			door.last_command.reason = reason;
	length = document_discovery_door(&long_node, &door, text, DOCUMENT_MAX);
	CHECK(length > 0);
	printf("# longest discovery document: %zd bytes\n", length);
	static struct door_view doors[DOORS_MAX];
	for (size_t i = 0; i < DOORS_MAX; i++)
		doors[i] = door;
	length = document_doors(&long_node, doors, DOORS_MAX, text, DOORS_BYTES);
	CHECK(length > 0 && strstr(text, "last_command"));
	printf("# longest list of doors: %zd bytes\n", length);
	long_node.brief = true;
	length = document_doors(&long_node, doors, DOORS_MAX, text, DOCUMENT_DOORS_MAX);
	CHECK(length > 0 && !strstr(text, "last_command"));
	printf("# the same for other agents: %zd bytes\n", length);
}

static int allocations_left;

static void *scarce(size_t size)
{
	return allocations_left-- != 0 ? malloc(size) : NULL;
}

static ssize_t write_one(int which)
{
	const enum door_command command = DOOR_COMMAND_OPEN;
	const struct door_view doors[] = {full, bare};
	switch (which) {
	case 0:
		return document_attributes(&full, text, sizeof(text));
	case 1:
		return document_door_event(DOOR_NEWS_OPENED, &full, text, sizeof(text));
	case 2:
		return document_command_event(
				&command, DOOR_SOURCE_MQTT, DOOR_RESULT_REJECTED, DOOR_REASON_BUSY, text, sizeof(text));
	case 3:
		return document_result(DOOR_RESULT_REJECTED, DOOR_REASON_BUSY, text, sizeof(text));
	case 4:
		return document_doors(&node, doors, 2, text, sizeof(text));
	case 5:
		return document_discovery_door(&node, &full, text, sizeof(text));
	case 6:
		return document_discovery_door(&node, &bare, text, sizeof(text));
	case 7:
		return document_history(&(struct door_record){.number = 1}, 1, doors, 0, NULL, text, sizeof(text));
	case 8:
		return document_agent("1", &told, text, sizeof(text));
	default:
		return document_discovery_agent(&node, &told, text, sizeof(text));
	}
}

static void short_of_memory(void)
{
	tap_case("short of memory at whichever allocation: an error and nothing written, or the whole document");
	for (int which = 0; which < 10; which++) {
		static char whole[sizeof(text)];
		const ssize_t length = write_one(which);
		int enough = 0;
		memcpy(whole, text, sizeof(text));
		json_set_alloc_funcs(scarce, free);
		for (ssize_t got = -ENOMEM; got != length && enough < 10000; enough++) {
			allocations_left = enough;
			got = write_one(which);
			CHECK(got == length ? strcmp(text, whole) == 0 : got == -ENOMEM && text[0] == '\0');
		}
		json_set_alloc_funcs(malloc, free);
		CHECK(enough > 3 && enough < 10000);
	}
}

/* The first JSON block of docs/home-assistant.md, or NULL. The caller drops it. */
static json_t *snapshot(void)
{
	FILE *file = fopen("docs/home-assistant.md", "r");
	if (!file) {
		printf("# docs/home-assistant.md: not found; run the test in the project's root\n");
		return NULL;
	}
	static char page[65536];
	page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
	fclose(file);
	char *begin = strstr(page, "```json\n"), *end = begin ? strstr(begin + 8, "\n```") : NULL;
	return end ? json_loadb(begin + 8, (size_t)(end - begin - 8), JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static void documentation(void)
{
	tap_case("the document in docs/home-assistant.md is the one that is sent");
	json_t *shown = snapshot(), *sent = discovery_of(&node, &full);
	CHECK(shown);
	if (shown && !CHECK(json_equal(shown, sent)))
		printf("# sent: %s\n", text);
	json_decref(shown);
	json_decref(sent);
}

extern volatile uint32_t hashtable_seed; /* Jansson's */

/* In processes of their own, since a process is seeded once. */
static void seeding(void)
{
	uint32_t seeds[3] = {0};
	tap_case("the hash tables are seeded with numbers that nobody knows");
	fflush(stdout);
	for (int i = 0; i < 3; i++) {
		int ends[2];
		if (pipe(ends) < 0)
			abort();
		pid_t child = fork();
		if (child == 0) {
			document_seed();
			uint32_t seed = hashtable_seed;
			_exit(write(ends[1], &seed, sizeof(seed)) != sizeof(seed));
		}
		close(ends[1]);
		CHECK(read(ends[0], &seeds[i], sizeof(seeds[i])) == sizeof(seeds[i]));
		close(ends[0]);
		waitpid(child, NULL, 0);
	}
	CHECK(hashtable_seed == 0); /* nothing seeded this process before: the children's are theirs */
	CHECK(seeds[0] != 0 && seeds[0] != seeds[1] && seeds[0] != seeds[2] && seeds[1] != seeds[2]);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--print") ==
					 0) { /* for docs/home-assistant.md, and to show to Home Assistant */
		document_discovery_agent(&node, &told, text, sizeof(text));
		puts(text);
		document_discovery_door(&node, &full, text, sizeof(text));
		puts(text);
		document_discovery_door(&node, &bare, text, sizeof(text));
		puts(text);
		document_attributes(&full, text, sizeof(text));
		puts(text);
		document_attributes(&bare, text, sizeof(text));
		puts(text);
		return 0;
	}
	seeding();
	attributes();
	states();
	events();
	api();
	broker_problem();
	history();
	discovery_door();
	discovery_wirings();
	discovery_agent();
	bounds();
	short_of_memory();
	documentation();
	return tap_done();
}
