/*
 * For CBMC, see run: a line of a history's file, as long as the longest that is read. Whatever its bytes are, nothing is read
 * outside of it or written outside of what is given, and nothing overflows.
 *
 *   number   a number that begins anywhere in a line of any bytes
 *   line     the whole line, where number's proof stands for the numbers: NUMBERS_STAND_IN
 *   sum      the checksum of any bytes
 *
 * What compares bytes answers anything here: so a line of any bytes may have the right checksum, and any words.
 */
#include <stdlib.h>

#include "history/line.c"

#ifndef BYTES
#define BYTES (HISTORY_LINE_MAX - 1)
#endif

int nondet_int(void);
bool nondet_bool(void);
size_t nondet_size(void);
uint64_t nondet_number(void);
int64_t nondet_time(void);

void field(void);
void number(void);
void word(void);
void moment(void);
void door_id(void);
void line(void);
void sum(void);
void any_field(struct reader *reader, const char *literal);
uint64_t any_number(struct reader *reader, uint64_t maximum);
int any_word(struct reader *reader, const struct column *column);
int64_t any_time(struct reader *reader);
void any_door_id(struct reader *reader, char door[static DOOR_ID_MAX + 1]);
uint32_t any_sum(const char *text, size_t length);

/* They read what the real ones may, and answer anything. */

int memcmp(const void *a, const void *b, size_t length)
{
	__CPROVER_assert(__CPROVER_r_ok(a, length) && __CPROVER_r_ok(b, length),
			"what is compared lies within its memory");
	return nondet_int();
}

void *memchr(const void *bytes, int value, size_t length)
{
	(void)value;
	size_t at = nondet_size();
	__CPROVER_assert(__CPROVER_r_ok(bytes, length), "what is searched lies within its memory");
	return at < length ? (char *)bytes + at : NULL;
}

size_t strspn(const char *text, const char *accepted)
{
	(void)accepted;
	size_t length = nondet_size();
	__CPROVER_assume(length <= strlen(text));
	return length;
}

int snprintf(char *text, size_t size, const char *format, ...)
{
	(void)format;
	__CPROVER_assert(__CPROVER_w_ok(text, size), "what is printed has room");
	__CPROVER_havoc_slice(text, size);
	return nondet_int();
}

static struct reader any_reader(size_t most)
{
	size_t length = nondet_size();
	__CPROVER_assume(length <= most);
	const char *text = malloc(length);
	__CPROVER_assume(text != NULL);
	return (struct reader){.text = text, .end = text + length, .failed = nondet_bool()};
}

/* What each part leaves behind, and what the proof of the whole line takes of it. */
static bool goes_on(const struct reader *before, const struct reader *reader)
{
	return reader->end == before->end && reader->text >= before->text && reader->text <= before->end &&
	       (reader->failed || !before->failed);
}

void field(void)
{
	struct reader reader = any_reader(BYTES), before = reader;
	take_field(&reader, "{\"number\":");
	__CPROVER_assert(goes_on(&before, &reader), "it stays within the line");
}

void number(void)
{
	struct reader reader = any_reader(BYTES), before = reader;
	uint64_t maximum = nondet_number(), value = take_number(&reader, maximum);
	__CPROVER_assert(goes_on(&before, &reader), "it stays within the line");
	__CPROVER_assert(reader.failed || value <= maximum, "no number is greater than it may be");
}

void word(void)
{
	struct reader reader = any_reader(BYTES), before = reader;
	int which = nondet_int();
	__CPROVER_assume(which >= 0 && which <= WORDS);
	const struct column *column = which == WORDS ? &event_column : &columns[which];
	int value = take_word(&reader, column);
	__CPROVER_assert(goes_on(&before, &reader), "it stays within the line");
	__CPROVER_assert(value >= column->first && value <= column->last, "a word that there is");
}

void moment(void)
{
	struct reader reader = any_reader(BYTES), before = reader;
	int64_t unix_ms = take_time(&reader);
	__CPROVER_assert(goes_on(&before, &reader), "it stays within the line");
	__CPROVER_assert(reader.failed || (unix_ms >= 0 && unix_ms <= UTC_MAX_MS), "a time that there is");
}

void door_id(void)
{
	struct reader reader = any_reader(BYTES), before = reader;
	char door[DOOR_ID_MAX + 1];
	take_door_id(&reader, door);
	__CPROVER_assert(goes_on(&before, &reader), "it stays within the line");
	__CPROVER_assert(reader.failed || strlen(door) <= DOOR_ID_MAX, "an id that has an end");
}

/* The parts' stand-ins in the proof of the whole line. */

static const char *line_text;
static size_t line_at, line_length;

/* Passes over any of the bytes that are left. */
static void pass(struct reader *reader)
{
	size_t at = nondet_size();
	__CPROVER_assume(at >= line_at && at <= line_length);
	line_at = at;
	reader->text = line_text + at;
	reader->failed |= nondet_bool();
}

void any_field(struct reader *reader, const char *literal)
{
	(void)literal;
	pass(reader);
}

uint64_t any_number(struct reader *reader, uint64_t maximum)
{
	uint64_t value = nondet_number();
	pass(reader);
	__CPROVER_assume(reader->failed || value <= maximum);
	return value;
}

int any_word(struct reader *reader, const struct column *column)
{
	int value = nondet_int();
	pass(reader);
	__CPROVER_assume(value >= column->first && value <= column->last);
	return value;
}

int64_t any_time(struct reader *reader)
{
	int64_t unix_ms = nondet_time();
	pass(reader);
	__CPROVER_assume(reader->failed || (unix_ms >= 0 && unix_ms <= UTC_MAX_MS));
	return unix_ms;
}

void any_door_id(struct reader *reader, char door[static DOOR_ID_MAX + 1])
{
	__CPROVER_havoc_slice(door, DOOR_ID_MAX + 1);
	pass(reader);
}

uint32_t any_sum(const char *text, size_t length)
{
	__CPROVER_assert(length <= BYTES && __CPROVER_r_ok(text, length), "what is summed lies within the line");
	return (uint32_t)nondet_number();
}

void line(void)
{
	struct reader reader = any_reader(4 * BYTES);
	struct history_line line;
	size_t length = (size_t)(reader.end - reader.text);
	line_text = reader.text;
	line_length = length < SUM_BYTES ? 0 : length - SUM_BYTES;
	if (history_line_parse(reader.text, length, &line) != HISTORY_LINE_GOOD)
		return;
	__CPROVER_assert(line.record.unix_ms >= 0 && line.record.unix_ms <= UTC_MAX_MS, "a time that there is");
	__CPROVER_assert(line.record.news <= DOOR_NEWS_CLOCK_SET && line.record.state <= DOOR_STOPPED &&
					 line.record.reason <= DOOR_REASON_LAST && line.record.fault <= DOOR_FAULT_LAST,
			"words that there are");
}

void sum(void)
{
	struct reader reader = any_reader(BYTES);
	history_crc32(reader.text, (size_t)(reader.end - reader.text));
}
