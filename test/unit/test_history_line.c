#include "history/line.h"

#include <string.h>

#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct history_line opened = {
		.record = {.number = 17,
				.unix_ms = INT64_C(1795361358123),
				.run = 3,
				.up_ms = 81234,
				.count = 1,
				.command = -1,
				.news = DOOR_NEWS_OPENED,
				.state = DOOR_OPEN,
				.source = DOOR_SOURCE_MQTT},
		.totals = {12, 14020, 13990, 13990},
		.door = "left",
};
/* The checksum is that of Python: zlib.crc32(line[:line.index(',"crc32"')]). */
static const char opened_text[] =
		"{\"number\":17,\"time\":\"2026-11-22T15:29:18.123Z\",\"run\":3,\"up_ms\":81234,\"door\":\"left\","
		"\"event\":\"opened\",\"state\":\"open\",\"source\":\"mqtt\",\"command\":null,\"reason\":null,"
		"\"fault\":null,\"cycles\":12,\"open_ms\":14020,\"close_ms\":13990,\"travel_ms\":13990,"
		"\"crc32\":\"8bdf59ad\"}\n";

static bool same(const struct history_line *a, const struct history_line *b)
{
	return a->record.number == b->record.number && a->record.unix_ms == b->record.unix_ms &&
	       a->record.run == b->record.run && a->record.up_ms == b->record.up_ms &&
	       (a->kept || a->record.news == b->record.news) && a->record.state == b->record.state &&
	       a->record.source == b->record.source && a->record.command == b->record.command &&
	       a->record.reason == b->record.reason && a->record.fault == b->record.fault &&
	       a->totals.cycles == b->totals.cycles && a->totals.last_open_ms == b->totals.last_open_ms &&
	       a->totals.last_close_ms == b->totals.last_close_ms &&
	       a->totals.last_travel_ms == b->totals.last_travel_ms && a->kept == b->kept &&
	       strcmp(a->door, b->door) == 0;
}

static bool returns(const struct history_line *line)
{
	char text[HISTORY_LINE_MAX];
	struct history_line again;
	size_t length = history_line_print(line, text);
	return length == strlen(text) && text[length - 1] == '\n' &&
	       history_line_parse(text, length - 1, &again) == HISTORY_LINE_GOOD && same(line, &again);
}

static void round_trips(void)
{
	struct history_line line = opened;
	tap_case("every word comes back");
	for (int i = 0; i <= DOOR_NEWS_CLOCK_SET; i++) {
		line.record.news = (enum door_news)i;
		CHECK(returns(&line));
	}
	for (int i = 0; i <= DOOR_STOPPED; i++) {
		line.record.state = (enum door_state)i;
		CHECK(returns(&line));
	}
	for (int i = 0; i <= DOOR_SOURCE_AUTO_CLOSE; i++) {
		line.record.source = (enum door_source)i;
		CHECK(returns(&line));
	}
	for (int i = -1; i <= DOOR_COMMAND_PULSE; i++) {
		line.record.command = (int8_t)i;
		CHECK(returns(&line));
	}
	for (int i = 0; i <= DOOR_REASON_LAST; i++) {
		line.record.reason = (enum door_reason)i;
		CHECK(returns(&line));
	}
	for (int i = 0; i <= DOOR_FAULT_LAST; i++) {
		line.record.fault = (enum door_fault)i;
		CHECK(returns(&line));
	}

	tap_case("a time that is not known is null");
	char text[HISTORY_LINE_MAX];
	line.record.unix_ms = 0;
	CHECK(returns(&line));
	history_line_print(&line, text);
	CHECK(strstr(text, "\"time\":null") != NULL);

	tap_case("a line that keeps comes back as such");
	line.kept = true;
	CHECK(returns(&line));

	tap_case("the longest line fits");
	line = (struct history_line){
			.record = {.number = INT64_MAX,
					.unix_ms = INT64_C(253402300799999),
					.run = UINT32_MAX - 1,
					.up_ms = INT64_C(253402300799999),
					.command = DOOR_COMMAND_TOGGLE,
					.news = DOOR_NEWS_COMMAND_CANCELLED,
					.state = DOOR_OPENING,
					.source = DOOR_SOURCE_AUTO_CLOSE,
					.reason = DOOR_REASON_SENSOR_CONFLICT,
					.fault = DOOR_FAULT_SENSOR_CONFLICT},
			.totals = {INT64_MAX, INT64_C(253402300799999), INT64_C(253402300799999),
					INT64_C(253402300799999)},
	};
	memset(line.door, 'x', DOOR_ID_MAX);
	CHECK(returns(&line));
	CHECK(history_line_print(&line, text) < HISTORY_LINE_MAX - 32);
}

/* With the checksum that belongs to it, reckoned bit by bit. */
static size_t seal(char text[static HISTORY_LINE_MAX], const char *body)
{
	uint32_t crc = UINT32_MAX;
	for (const char *c = body; *c; c++) {
		crc ^= (unsigned char)*c;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return (size_t)snprintf(text, HISTORY_LINE_MAX, "%s,\"crc32\":\"%08x\"}", body, (unsigned)~crc);
}

static void strange(void)
{
#define HEAD "{\"number\":17,\"time\":null,\"run\":3,\"up_ms\":81234,\"door\":\"left\""
#define WORDS ",\"event\":\"opened\",\"state\":\"open\",\"source\":null,\"command\":null,\"reason\":null,\"fault\":null"
#define TAIL ",\"cycles\":12,\"open_ms\":1,\"close_ms\":2,\"travel_ms\":2"
	static const struct {
		const char *name, *body;
		enum history_line_kind kind;
	} rows[] = {
			{"as it should be", HEAD WORDS TAIL, HISTORY_LINE_GOOD},
			{"nothing", "", HISTORY_LINE_FOREIGN},
			{"no JSON", "hello", HISTORY_LINE_FOREIGN},
			{"a key more", HEAD WORDS TAIL ",\"mood\":1", HISTORY_LINE_FOREIGN},
			{"a key less", HEAD WORDS, HISTORY_LINE_FOREIGN},
			{"no event", HEAD TAIL, HISTORY_LINE_FOREIGN},
			{"an unknown word",
					HEAD
					",\"event\":\"melted\",\"state\":\"open\",\"source\":null,\"command\":null,"
					"\"reason\":null,\"fault\":null" TAIL,
					HISTORY_LINE_FOREIGN},
			{"a number below zero", "{\"number\":-1" WORDS TAIL, HISTORY_LINE_FOREIGN},
			{"a number too many",
					"{\"number\":99999999999999999999,\"time\":null,\"run\":3,\"up_ms\":81234,"
					"\"door\":\"left\"" WORDS TAIL,
					HISTORY_LINE_FOREIGN},
			{"a time that is none",
					"{\"number\":1,\"time\":\"2026-11-22 "
					"15:29:18.123Z\",\"run\":3,\"up_ms\":1,\"door\":\"a\"" WORDS TAIL,
					HISTORY_LINE_FOREIGN},
			{"a door whose name is too long",
					"{\"number\":1,\"time\":null,\"run\":3,\"up_ms\":1,\"door\":"
					"\"aaaaaaaaaabbbbbbbbbbccccccccccddd\"" WORDS TAIL,
					HISTORY_LINE_FOREIGN},
			{"a door without a name",
					"{\"number\":1,\"time\":null,\"run\":3,\"up_ms\":1,\"door\":\"\"" WORDS TAIL,
					HISTORY_LINE_FOREIGN},
	};
	struct history_line line;
	char text[HISTORY_LINE_MAX];
	for (size_t i = 0; i < COUNT(rows); i++) {
		tap_case("a line that is whole, and says: %s", rows[i].name);
		size_t length = seal(text, rows[i].body);
		CHECK(history_line_parse(text, length, &line) == rows[i].kind);
	}
}

int main(void)
{
	char text[HISTORY_LINE_MAX];
	struct history_line line;

	tap_case("a line is what the manual shows");
	size_t length = history_line_print(&opened, text);
	CHECK(length == sizeof(opened_text) - 1 && strcmp(text, opened_text) == 0);
	if (strcmp(text, opened_text) != 0)
		printf("# %s", text);

	tap_case("a line with any byte changed, or cut short anywhere, is broken");
	for (size_t i = 0; i < length - 1; i++) {
		CHECK(history_line_parse(text, i, &line) == HISTORY_LINE_BROKEN);
		for (int bit = 0; bit < 8; bit++) {
			text[i] = (char)(text[i] ^ 1 << bit);
			CHECK(history_line_parse(text, length - 1, &line) == HISTORY_LINE_BROKEN);
			text[i] = (char)(text[i] ^ 1 << bit);
		}
	}
	CHECK(history_line_parse(text, length - 1, &line) == HISTORY_LINE_GOOD);
	CHECK(history_line_parse(text, length, &line) == HISTORY_LINE_BROKEN);

	round_trips();
	strange();
	return tap_done();
}
