/*
 * Times in UTC, as ISO 8601 writes them. Not by the C library: its gmtime_r, timegm and strftime bring its time zones
 * and its scanf into a static program, 70 to 140 KB that nothing else here needs. All pure.
 */
#ifndef PORTCULLIS_BASE_UTC_H
#define PORTCULLIS_BASE_UTC_H

#include <stdint.h>
#include <time.h>

#define UTC_BYTES sizeof("2026-11-22T15:29:18.123Z")
#define UTC_MAX_MS INT64_C(253402300799999) /* the end of the year 9999 */

/* A time before 1970 or after UTC_MAX_MS is written as the nearest of these. */
void utc_print(int64_t unix_ms, char text[static UTC_BYTES]);

/* As timegm(3): fields out of their range carry over, month excepted. */
int64_t utc_seconds(const struct tm *utc);

/* As gmtime_r(3), without the day of the week and of the year. The build gives it to mbedTLS in that one's place. */
struct tm *utc_gmtime(const time_t *seconds, struct tm *utc);

#endif
