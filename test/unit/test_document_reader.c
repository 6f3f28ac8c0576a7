#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "documents/documents.h"
#include "tap.h"

static struct peer_doors doors;
static const char *wrong;

static int read_text(const char *text)
{
	return document_read_doors(text, strlen(text), &doors, &wrong);
}

/* A document with this list of doors. */
static int read_list(const char *list)
{
	char text[4096];
	snprintf(text, sizeof(text), "{\"version\":\"1.2\",\"doors\":[%s]}", list);
	return read_text(text);
}

static bool refused(const char *list, const char *because)
{
	int error = read_list(list);
	if (error != -EINVAL || !strstr(wrong, because))
		printf("# %s: %d, %s\n", list, error, error ? wrong : "");
	return error == -EINVAL && strstr(wrong, because);
}

static void test_whole(void)
{
	static char text[DOCUMENT_DOORS_MAX];
	const struct document_node node = {.topics.node = "shed", .version = "1.2.3", .broker = "connected"};
	const struct door_view view = {
			.id = "left",
			.name = "Left \"door\" \xc3\xbc",
			.device_class = "gate",
			.state = DOOR_CLOSING,
			.confidence = DOOR_CONFIDENCE_ESTIMATED,
			.fault = DOOR_FAULT_OBSTRUCTED,
			.source = DOOR_SOURCE_AUTO_CLOSE,
			.position = 42,
			.last_changed_unix_ms = 1767323045678,
			.cycles = 12,
			.last_open_ms = 14800,
			.last_close_ms = 15250,
			.last_travel_ms = 15250,
			.has_stop = true,
			.reach_low = 16,
			.reach_high = 53,
			.has_open_sensor = true,
			.has_obstruction_sensor = true,
			.obstruction_sensor = true,
			.settled = true,
			.warning = true,
	};
	tap_case("what document_doors writes is read as it was");
	ssize_t length = document_doors(&node, &view, 1, text, sizeof(text));
	CHECK(length > 0 && document_read_doors(text, (size_t)length, &doors, &wrong) == 0);
	CHECK(doors.count == 1 && doors.left_out == 0 && strcmp(doors.version, "1.2.3") == 0);
	const struct peer_door *door = &doors.doors[0];
	CHECK(strcmp(door->id, view.id) == 0 && strcmp(door->name, view.name) == 0);
	CHECK(door->outcome == PEER_OUTCOME_NONE && strcmp(door->view.device_class, "gate") == 0);
	CHECK(door->view.state == view.state && door->view.confidence == view.confidence);
	CHECK(door->view.fault == view.fault && door->view.source == view.source);
	CHECK(door->view.position == 42 && door->view.last_changed_unix_ms == view.last_changed_unix_ms);
	CHECK(door->view.cycles == 12 && door->view.last_open_ms == 14800 && door->view.last_close_ms == 15250);
	CHECK(door->view.has_stop && door->view.settled && door->view.warning);
	CHECK(door->view.has_open_sensor && !door->view.open_sensor && !door->view.has_closed_sensor);
	CHECK(door->view.has_obstruction_sensor && door->view.obstruction_sensor);
	CHECK(door->view.has_reach && door->view.reach_low == 16 && door->view.reach_high == 53);
	CHECK(read_text("{\"doors\":[]}") == 0 && doors.count == 0 && !*doors.version);

	tap_case("positions that cannot be are none");
	static const char *const positions[] = {"null", "7", "[16,53]", "{}", "{\"from\":16}", "{\"from\":0,\"to\":53}",
			"{\"from\":16,\"to\":100}", "{\"from\":53,\"to\":16}", "{\"from\":\"16\",\"to\":53}",
			"{\"from\":16.5,\"to\":53}"};
	for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
		snprintf(text, sizeof(text), "{\"id\":\"a\",\"positions\":%s}", positions[i]);
		CHECK(read_list(text) == 0 && !doors.doors[0].view.has_reach && doors.doors[0].view.reach_low == 0 &&
				doors.doors[0].view.reach_high == 0);
	}
}

static void test_hidden(void)
{
	tap_case("a name keeps nothing that controls how it is shown");
	CHECK(read_text("{\"doors\":[{\"id\":\"d\",\"name\":\"A\\u202eB\\u009b\\u2028C\\n\\u2066T\\u00fcr\",\"state\":"
			"\"open\"}]}") == 0);
	CHECK(strcmp(doors.doors[0].name, "ABC T\xc3\xbcr") == 0);
	CHECK(read_text("{\"doors\":[{\"id\":\"d\",\"name\":\"\\u202e\",\"state\":\"open\"}]}") == 0);
	CHECK(strcmp(doors.doors[0].name, "d") == 0);
}

static void test_refused(void)
{
	static const char *const texts[] = {"", "x", "7", "[]", "null", "{", "{}", "{\"doors\":7}", "{\"doors\":{}}",
			"{\"doors\":[]} x", "{\"doors\":[],\"doors\":[]}", "{\"doors\":[],\"a\":\"\xff\"}",
			"{\"doors\":[],\"a\":\"\\u0000\"}"};
	tap_case("what is no object with a list of doors");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK(read_text(texts[i]) == -EINVAL && *wrong);
	CHECK(document_read_doors("{\"doors\":[]}", 13, &doors, &wrong) == -EINVAL); /* with its NUL */
	CHECK(document_read_doors("{\"doors\":[]}", 11, &doors, &wrong) == -EINVAL);

	tap_case("doors that cannot be");
	CHECK(refused("7", "no id") && refused("{}", "no id") && refused("{\"id\":7}", "no id"));
	CHECK(refused("{\"id\":\"\"}", "no id") && refused("{\"id\":\"A\"}", "no id"));
	CHECK(refused("{\"id\":\"a/b\"}", "no id") && refused("{\"id\":\"a b\"}", "no id"));
	CHECK(refused("{\"id\":\"123456789012345678901234567890123\"}", "no id"));
	CHECK(read_list("{\"id\":\"12345678901234567890123456789012\"}") == 0);
	CHECK(refused("{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"a\"}", "same id"));
	CHECK(refused("{\"id\":\"a\",\"fault\":\"on_fire\"}", "fault") &&
			refused("{\"id\":\"a\",\"fault\":1}", "fault"));
}

static void test_unknown(void)
{
	tap_case("what is not known is unknown, and so is what cannot be");
	CHECK(read_list("{\"id\":\"a\"}") == 0);
	const struct peer_door *door = &doors.doors[0];
	CHECK(strcmp(door->name, "a") == 0 && strcmp(door->view.device_class, "garage") == 0);
	CHECK(door->view.state == DOOR_UNKNOWN && door->view.position == DOOR_POSITION_UNKNOWN && !door->view.settled);
	CHECK(read_list("{\"id\":\"a\",\"name\":\"\",\"state\":\"ajar\",\"confidence\":\"sensed\",\"source\":7,"
			"\"position\":101,\"device_class\":\"hatch\",\"cycles\":-1,\"last_open_ms\":-5,\"more\":[{}],"
			"\"last_changed\":\"yesterday\",\"can_stop\":1}") == 0);
	CHECK(strcmp(door->name, "a") == 0 && door->view.state == DOOR_UNKNOWN);
	CHECK(door->view.confidence == DOOR_CONFIDENCE_UNKNOWN && door->view.source == DOOR_SOURCE_NONE);
	CHECK(door->view.position == DOOR_POSITION_UNKNOWN && !door->view.has_stop);
	CHECK(door->view.cycles == 0 && door->view.last_open_ms == 0 && door->view.last_changed_unix_ms == 0);
	CHECK(read_list("{\"id\":\"a\",\"position\":4.5,\"last_changed\":\"1969-12-31T23:59:59.000Z\"}") == 0);
	CHECK(door->view.position == DOOR_POSITION_UNKNOWN && door->view.last_changed_unix_ms == 0);

	CHECK(read_list("{\"id\":\"a\",\"last_changed\":\"2026-02-30T03:04:05.678Z\"}") == 0);
	CHECK(door->view.last_changed_unix_ms == 0);
	CHECK(read_list("{\"id\":\"a\",\"last_changed\":\"2026-13-28T03:04:05.678Z\"}") == 0);
	CHECK(door->view.last_changed_unix_ms == 0);
	CHECK(read_list("{\"id\":\"a\",\"last_changed\":\"2026-12-31T23:59:59.999Z\"}") == 0);
	CHECK(door->view.last_changed_unix_ms == 1798761599999);
	CHECK(read_list("{\"id\":\"a\",\"last_changed\":\"2026-01-01T00:00:00.000Z\"}") == 0);
	CHECK(door->view.last_changed_unix_ms == 1767225600000);
	CHECK(read_list("{\"id\":\"a\",\"last_changed\":\"2026-02-28T24:04:05.678Z\"}") == 0);
	CHECK(door->view.last_changed_unix_ms == 0);

	tap_case("an agent of before does not say whether its door has one button: it may");
	CHECK(read_list("{\"id\":\"a\",\"one_button\":false},{\"id\":\"b\",\"one_button\":true},{\"id\":\"c\"}") == 0);
	CHECK(!doors.doors[0].view.toggles && doors.doors[1].view.toggles && doors.doors[2].view.toggles);

	tap_case("names: no control characters, cut between characters");
	CHECK(read_list("{\"id\":\"a\",\"name\":\"one\\ntwo\\u007f\"}") == 0 && strcmp(door->name, "one two ") == 0);
	char list[256] = "{\"id\":\"a\",\"name\":\"x";
	for (int i = 0; i < 40; i++)
		strcat(list, "\xc3\xbc");
	strcat(list, "\"}");
	CHECK(read_list(list) == 0 && strlen(door->name) == 63 && (unsigned char)door->name[62] == 0xbc);
}

static void test_bounds(void)
{
	static char text[DOCUMENT_DOORS_MAX + 64];
	tap_case("more doors than there can be are counted");
	size_t length = (size_t)sprintf(text, "{\"doors\":[");
	for (int i = 0; i < 70; i++)
		length += (size_t)sprintf(text + length, "%s{\"id\":\"d%d\"}", i ? "," : "", i);
	sprintf(text + length, "]}");
	CHECK(read_text(text) == 0 && doors.count == DOORS_MAX && doors.left_out == 6);

	tap_case("depth, number and length are bounded before anything is built");
	CHECK(read_text("{\"doors\":[],\"a\":[[[[[[[]]]]]]]}") == 0);
	CHECK(read_text("{\"doors\":[],\"a\":[[[[[[[[]]]]]]]]}") == -EINVAL);
	CHECK(read_text("{\"doors\":[],\"a\":\"[[[[[[[[[[\\\"[[[[[[\\\\\",\"b\":\"[[[[[[[[[[\"}") == 0);
	length = (size_t)sprintf(text, "{\"doors\":[],\"a\":[");
	for (int i = 0; i < 1100; i++)
		length += (size_t)sprintf(text + length, "%s{}", i ? "," : "");
	sprintf(text + length, "]}");
	CHECK(read_text(text) == -EINVAL);
	length = (size_t)sprintf(text, "{\"doors\":[],\"a\":\"");
	memset(text + length, 'x', DOCUMENT_DOORS_MAX - 2 - length);
	strcpy(text + DOCUMENT_DOORS_MAX - 2, "\"}");
	CHECK(read_text(text) == 0);
	strcpy(text + DOCUMENT_DOORS_MAX - 2, "x\"}");
	CHECK(read_text(text) == -EINVAL);
}

static void test_results(void)
{
	enum door_command command = DOOR_COMMAND_STOP;
	enum door_result result;
	enum door_reason reason;
	char text[512];
#define READ(text, command) document_read_result(text, strlen(text), command, &result, &reason)
	tap_case("answers and events about commands, as this agent writes them");
	CHECK(document_result(DOOR_RESULT_REJECTED, DOOR_REASON_BUSY, text, sizeof(text)) > 0);
	CHECK(READ(text, NULL) == 0 && result == DOOR_RESULT_REJECTED && reason == DOOR_REASON_BUSY);
	CHECK(READ(text, &command) == -EINVAL);
	command = DOOR_COMMAND_CLOSE;
	CHECK(document_command_event(&command, DOOR_SOURCE_MQTT, DOOR_RESULT_UNCHANGED, DOOR_REASON_NONE, text,
			      sizeof(text)) > 0);
	command = DOOR_COMMAND_OPEN;
	CHECK(READ(text, &command) == 0 && command == DOOR_COMMAND_CLOSE && result == DOOR_RESULT_UNCHANGED);
	CHECK(reason == DOOR_REASON_NONE && READ(text, NULL) == -EINVAL);
	for (enum door_command each = DOOR_COMMAND_OPEN; each <= DOOR_COMMAND_POSITION; each++) {
		CHECK(document_command_event(&each, DOOR_SOURCE_MQTT, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, text,
				      sizeof(text)) > 0);
		CHECK(READ(text, &command) == 0 && command == each && result == DOOR_RESULT_ACCEPTED);
	}

	tap_case("nothing else is one");
	CHECK(READ("{\"event_type\":\"opened\",\"command\":\"open\"}", &command) == -EINVAL);
	CHECK(READ("{\"event_type\":\"command_rejected\",\"command\":null}", &command) == -EINVAL);
	CHECK(READ("{\"result\":\"maybe\"}", NULL) == -EINVAL && READ("[]", NULL) == -EINVAL);
	CHECK(READ("", NULL) == -EINVAL && READ("{\"result\":{}}", NULL) == -EINVAL);
	CHECK(READ("{\"result\":\"rejected\",\"reason\":\"rain\"}", NULL) == 0 && reason == DOOR_REASON_NONE);
}

int main(void)
{
	test_whole();
	test_hidden();
	test_refused();
	test_unknown();
	test_bounds();
	test_results();
	return tap_done();
}
