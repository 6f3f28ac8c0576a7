/*
 * The calendar by arithmetic, without the C library's time zones. It repeats every 400 years, and a year begins with March,
 * so that the day that comes and goes is its last.
 */
#include "base/utc.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define ERA_DAYS 146097  /* in 400 years */
#define ERA_START 719468 /* days from the first of March of the year 0 to 1970 */

static const int month_starts[] = {0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337};

static int64_t floor_of(int64_t number, int64_t by)
{
	return number / by - (number % by < 0);
}

struct tm *utc_gmtime(const time_t *seconds, struct tm *utc)
{
	int64_t days = floor_of(*seconds, DAY_S);
	int rest = (int)(*seconds - days * DAY_S);
	int64_t era = floor_of(days + ERA_START, ERA_DAYS);
	int day = (int)(days + ERA_START - era * ERA_DAYS);
	int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	int month = 11;
	while (month_starts[month] > day)
		month--;

	memset(utc, 0, sizeof(*utc));
	utc->tm_sec = rest % 60;
	utc->tm_min = rest / 60 % 60;
	utc->tm_hour = rest / 3600;
	utc->tm_mday = day - month_starts[month] + 1;
	utc->tm_mon = (month + 2) % 12;
	utc->tm_year = (int)(era * 400) + year + (month >= 10) - 1900;
	return utc;
}

int64_t utc_seconds(const struct tm *utc)
{
	int64_t year = (int64_t)utc->tm_year + 1900 - (utc->tm_mon < 2);
	int64_t days = year * 365 + floor_of(year, 4) - floor_of(year, 100) + floor_of(year, 400) +
		       month_starts[(utc->tm_mon + 10) % 12] + utc->tm_mday - 1 - ERA_START;
	return ((days * 24 + utc->tm_hour) * 60 + utc->tm_min) * 60 + utc->tm_sec;
}

void utc_print(int64_t unix_ms, char text[static UTC_BYTES])
{
	if (unix_ms < 0)
		unix_ms = 0;
	if (unix_ms > UTC_MAX_MS)
		unix_ms = UTC_MAX_MS;
	const time_t seconds = (time_t)(unix_ms / 1000);
	struct tm utc;
	utc_gmtime(&seconds, &utc);
	snprintf(text, UTC_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
			utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(unix_ms % 1000));
}
