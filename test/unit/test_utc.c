#include "base/utc.h"

#include <string.h>

#include "tap.h"

/* The C library is asked about the same second. */
static bool as_the_library(int64_t at)
{
	const time_t seconds = (time_t)at;
	struct tm ours, theirs;
	if (!gmtime_r(&seconds, &theirs) || utc_gmtime(&seconds, &ours) != &ours)
		return false;
	return ours.tm_year == theirs.tm_year && ours.tm_mon == theirs.tm_mon && ours.tm_mday == theirs.tm_mday &&
	       ours.tm_hour == theirs.tm_hour && ours.tm_min == theirs.tm_min && ours.tm_sec == theirs.tm_sec &&
	       utc_seconds(&ours) == at;
}

int main(void)
{
	tap_case("each day of 1599 to 2401 at its first and last second, there and back");
	int wrong = 0;
	for (int64_t day = -135510; day < 157785; day++)
		wrong += !as_the_library(day * 86400) || !as_the_library(day * 86400 + 86399);
	CHECK(wrong == 0);

	tap_case("far away");
	wrong = 0;
	for (int64_t at = -UTC_MAX_MS / 1000; at < UTC_MAX_MS / 1000; at += 86400 * 97 + 12347)
		wrong += !as_the_library(at);
	CHECK(wrong == 0);

	tap_case("fields out of their range carry over");
	struct tm utc = {.tm_year = 126, .tm_mon = 1, .tm_mday = 30, .tm_hour = 25, .tm_min = 61, .tm_sec = 61};
	struct tm same = {.tm_year = 126, .tm_mon = 2, .tm_mday = 3, .tm_hour = 2, .tm_min = 2, .tm_sec = 1};
	CHECK(utc_seconds(&utc) == utc_seconds(&same));

	static const struct {
		int64_t unix_ms;
		const char *text;
	} rows[] = {
			{0, "1970-01-01T00:00:00.000Z"},
			{INT64_C(1795361358123), "2026-11-22T15:29:18.123Z"},
			{INT64_C(951782400007), "2000-02-29T00:00:00.007Z"},
			{UTC_MAX_MS, "9999-12-31T23:59:59.999Z"},
			{UTC_MAX_MS + 1, "9999-12-31T23:59:59.999Z"},
			{INT64_MAX, "9999-12-31T23:59:59.999Z"},
			{-1, "1970-01-01T00:00:00.000Z"},
			{INT64_MIN, "1970-01-01T00:00:00.000Z"},
	};
	tap_case("in writing");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[UTC_BYTES];
		utc_print(rows[i].unix_ms, text);
		CHECK(strcmp(text, rows[i].text) == 0);
	}
	return tap_done();
}
