/*
 * The columns of words are printed and read by one table. A line is read in exactly the form in which it is printed: its
 * checksum is looked at first, and then key by key, in their order.
 */
#include "history/line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utc.h"

#define SUM_KEY ",\"crc32\":\""
#define SUM_BYTES (sizeof(SUM_KEY) - 1 + 8 + 2) /* the key, eight digits, a quote and a brace */
#define KEPT "kept"

uint32_t history_crc32(const char *text, size_t length)
{
	static const uint32_t table[] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
			0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4,
			0xa00ae278, 0xbdbdf21c};
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < length; i++) {
		crc ^= (unsigned char)text[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

/* The words of each column; NULL is null. */

static const char *state_word(int value)
{
	return value == DOOR_UNKNOWN ? NULL : door_state_name((enum door_state)value);
}

static const char *source_word(int value)
{
	return value == DOOR_SOURCE_NONE ? NULL : door_source_name((enum door_source)value);
}

static const char *command_word(int value)
{
	return value < 0 ? NULL : door_command_name((enum door_command)value);
}

static const char *reason_word(int value)
{
	return value == DOOR_REASON_NONE ? NULL : door_reason_name((enum door_reason)value);
}

static const char *fault_word(int value)
{
	return value == DOOR_FAULT_NONE ? NULL : door_fault_name((enum door_fault)value);
}

static const char *news_word(int value)
{
	return value < 0 ? KEPT : door_news_name((enum door_news)value);
}

enum { STATE, SOURCE, COMMAND, REASON, FAULT, WORDS };

static const struct column {
	const char *key;
	const char *(*word)(int value);
	int first, last;
} event_column = {"event", news_word, -1, DOOR_NEWS_CLOCK_SET},
  columns[WORDS] = {
		  [STATE] = {"state", state_word, DOOR_UNKNOWN, DOOR_STOPPED},
		  [SOURCE] = {"source", source_word, DOOR_SOURCE_NONE, DOOR_SOURCE_AUTO_CLOSE},
		  [COMMAND] = {"command", command_word, -1, DOOR_COMMAND_LAST},
		  [REASON] = {"reason", reason_word, DOOR_REASON_NONE, DOOR_REASON_LAST},
		  [FAULT] = {"fault", fault_word, DOOR_FAULT_NONE, DOOR_FAULT_LAST},
};

struct writer {
	char *text;
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void line_put(struct writer *writer, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(writer->text + writer->length, HISTORY_LINE_MAX - writer->length, format, arguments);
	va_end(arguments);
	writer->length += (size_t)length;
}

static void put_word(struct writer *writer, const struct column *column, int value)
{
	const char *word = column->word(value);
	const char *quote = word ? "\"" : "";
	line_put(writer, ",\"%s\":%s%s%s", column->key, quote, word ? word : "null", quote);
}

static void print_time(struct writer *writer, int64_t unix_ms)
{
	char text[UTC_BYTES];
	if (unix_ms <= 0 || unix_ms > UTC_MAX_MS) {
		line_put(writer, ",\"time\":null");
		return;
	}
	utc_print(unix_ms, text);
	line_put(writer, ",\"time\":\"%s\"", text);
}

size_t history_line_print(const struct history_line *line, char text[static HISTORY_LINE_MAX])
{
	const struct door_record *record = &line->record;
	const struct door_totals *totals = &line->totals;
	struct writer writer = {.text = text};
	line_put(&writer, "{\"number\":%" PRIu64, record->number);
	print_time(&writer, record->unix_ms);
	line_put(&writer, ",\"run\":%" PRIu32 ",\"up_ms\":%" PRId64 ",\"door\":\"%s\"", record->run, record->up_ms,
			line->door);
	put_word(&writer, &event_column, line->kept ? -1 : (int)record->news);
	put_word(&writer, &columns[STATE], record->state);
	put_word(&writer, &columns[SOURCE], record->source);
	put_word(&writer, &columns[COMMAND], record->command);
	put_word(&writer, &columns[REASON], record->reason);
	put_word(&writer, &columns[FAULT], record->fault);
	line_put(&writer,
			",\"cycles\":%" PRIu64 ",\"open_ms\":%" PRId64 ",\"close_ms\":%" PRId64
			",\"travel_ms\":%" PRId64,
			totals->cycles, totals->last_open_ms, totals->last_close_ms, totals->last_travel_ms);
	line_put(&writer, SUM_KEY "%08" PRIx32 "\"}\n", history_crc32(text, writer.length));
	return writer.length;
}

struct reader {
	const char *text, *end;
	bool failed;
};

static void take_field(struct reader *reader, const char *literal)
{
	size_t length = strlen(literal);
	if (reader->failed || (size_t)(reader->end - reader->text) < length ||
			memcmp(reader->text, literal, length) != 0)
		reader->failed = true;
	else
		reader->text += length;
}

static void take_key(struct reader *reader, const char *key)
{
	take_field(reader, ",\"");
	take_field(reader, key);
	take_field(reader, "\":");
}

static uint64_t take_number(struct reader *reader, uint64_t maximum)
{
	const char *start = reader->text;
	uint64_t value = 0;
	for (; reader->text < reader->end && *reader->text >= '0' && *reader->text <= '9'; reader->text++)
		if (__builtin_mul_overflow(value, 10, &value) ||
				__builtin_add_overflow(value, (uint64_t)(*reader->text - '0'), &value))
			reader->failed = true;
	if (reader->text == start || value > maximum || (*start == '0' && reader->text - start > 1))
		reader->failed = true;
	return value;
}

static uint64_t take_named_number(struct reader *reader, const char *key, uint64_t maximum)
{
	take_key(reader, key);
	return take_number(reader, maximum);
}

/* What stands between two quotes, which have no escapes; length 0: null. */
static const char *take_text(struct reader *reader, size_t *length)
{
	*length = 0;
	if (reader->text < reader->end && *reader->text == 'n') {
		take_field(reader, "null");
		return NULL;
	}
	take_field(reader, "\"");
	const char *start = reader->text;
	const char *quote = memchr(start, '"', (size_t)(reader->end - start));
	if (!quote || quote == start) {
		reader->failed = true;
		return NULL;
	}
	*length = (size_t)(quote - start);
	reader->text = quote + 1;
	return start;
}

static int take_word(struct reader *reader, const struct column *column)
{
	size_t length;
	take_key(reader, column->key);
	const char *text = take_text(reader, &length);
	for (int value = column->first; value <= column->last && !reader->failed; value++) {
		const char *word = column->word(value);
		if (word && text ? strlen(word) == length && memcmp(word, text, length) == 0 : word == text)
			return value;
	}
	reader->failed = true;
	return column->first;
}

static int two_digits(const char *text)
{
	return (text[0] - '0') * 10 + text[1] - '0';
}

static int64_t take_time(struct reader *reader)
{
	static const char form[] = "0000-00-00T00:00:00.000Z";
	size_t length;
	take_key(reader, "time");
	const char *text = take_text(reader, &length);
	if (!text)
		return 0;
	bool good = length == UTC_BYTES - 1;
	for (size_t i = 0; i < UTC_BYTES - 1 && good; i++)
		good = form[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
	if (!good) {
		reader->failed = true;
		return 0;
	}
	struct tm utc = {
			.tm_year = two_digits(text) * 100 + two_digits(text + 2) - 1900,
			.tm_mon = two_digits(text + 5) - 1,
			.tm_mday = two_digits(text + 8),
			.tm_hour = two_digits(text + 11),
			.tm_min = two_digits(text + 14),
			.tm_sec = two_digits(text + 17),
	};
	int64_t unix_ms = utc_seconds(&utc) * 1000 + two_digits(text + 20) * 10 + text[22] - '0';
	if (unix_ms <= 0 || unix_ms > UTC_MAX_MS)
		reader->failed = true;
	return unix_ms;
}

static void take_door_id(struct reader *reader, char door[static DOOR_ID_MAX + 1])
{
	size_t length;
	take_key(reader, "door");
	const char *text = take_text(reader, &length);
	if (!text || length > DOOR_ID_MAX) {
		reader->failed = true;
		return;
	}
	memcpy(door, text, length);
	door[length] = '\0';
	if (strspn(door, "abcdefghijklmnopqrstuvwxyz0123456789_-") != length)
		reader->failed = true;
}

static bool whole(const char *text, size_t length)
{
	char sum[SUM_BYTES + 1];
	if (length < SUM_BYTES || length >= HISTORY_LINE_MAX)
		return false;
	snprintf(sum, sizeof(sum), SUM_KEY "%08" PRIx32 "\"}", history_crc32(text, length - SUM_BYTES));
	return memcmp(text + length - SUM_BYTES, sum, SUM_BYTES) == 0;
}

enum history_line_kind history_line_parse(const char *text, size_t length, struct history_line *line)
{
	if (!whole(text, length))
		return HISTORY_LINE_BROKEN;
	struct reader reader = {.text = text, .end = text + length - SUM_BYTES};
	struct history_line read = {.record.count = 1};
	struct door_record *record = &read.record;
	take_field(&reader, "{\"number\":");
	record->number = take_number(&reader, INT64_MAX);
	record->unix_ms = take_time(&reader);
	record->run = (uint32_t)take_named_number(&reader, "run", UINT32_MAX - 1);
	record->up_ms = (int64_t)take_named_number(&reader, "up_ms", UTC_MAX_MS);
	take_door_id(&reader, read.door);
	int news = take_word(&reader, &event_column);
	read.kept = news < 0;
	record->news = read.kept ? DOOR_NEWS_STARTED : (enum door_news)news;
	record->state = (enum door_state)take_word(&reader, &columns[STATE]);
	record->source = (enum door_source)take_word(&reader, &columns[SOURCE]);
	record->command = (int8_t)take_word(&reader, &columns[COMMAND]);
	record->reason = (enum door_reason)take_word(&reader, &columns[REASON]);
	record->fault = (enum door_fault)take_word(&reader, &columns[FAULT]);
	read.totals.cycles = take_named_number(&reader, "cycles", INT64_MAX);
	read.totals.last_open_ms = (int64_t)take_named_number(&reader, "open_ms", UTC_MAX_MS);
	read.totals.last_close_ms = (int64_t)take_named_number(&reader, "close_ms", UTC_MAX_MS);
	read.totals.last_travel_ms = (int64_t)take_named_number(&reader, "travel_ms", UTC_MAX_MS);
	if (reader.failed || reader.text != reader.end)
		return HISTORY_LINE_FOREIGN;
	*line = read;
	return HISTORY_LINE_GOOD;
}
