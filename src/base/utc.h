/*
 * Times in UTC, as ISO 8601 writes them. The C library's gmtime_r, timegm and strftime would bring its time zones and
 * its scanf into a static program: 70 to 140 KB that nothing else here needs. All functions are pure.
 */
#ifndef PORTCULLIS_BASE_UTC_H
#define PORTCULLIS_BASE_UTC_H

#include <stdint.h>
#include <time.h>

#define UTC_BYTES sizeof("2026-11-22T15:29:18.123Z")
#define UTC_MAX_MS INT64_C(253402300799999) /* the end of the year 9999 */

/*
 * Writes a time with milliseconds and "Z". A time before 1970 is written as 1970, one after UTC_MAX_MS as UTC_MAX_MS.
 */
void utc_print(int64_t unix_ms, char text[static UTC_BYTES]);

/* Seconds since 1970, as timegm(3). Fields out of their range carry over, but tm_mon must be 0 to 11. */
int64_t utc_seconds(const struct tm *utc);

/*
 * As gmtime_r(3), but tm_wday and tm_yday are 0. The build renames mbedTLS's calls of gmtime_r, so that mbedTLS calls
 * this function (src/meson.build).
 */
struct tm *utc_gmtime(const time_t *seconds, struct tm *utc);

#endif
