/*
 * Unit tests speak TAP (testanything.org), which Meson reads: CHECK for a fact, tap_case to name what a group of them
 * is about, tap_skip where a case cannot be checked, tap_done as main's return value. With TAP_STOP in the environment the
 * first fact that is none ends the program. Single-threaded.
 */
#ifndef PORTCULLIS_TEST_TAP_H
#define PORTCULLIS_TEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
	int cases, failed_cases;
	bool failed, open;
	char name[160];
	const char *skipped; /* why */
} tap;

static inline void tap_close(void)
{
	if (!tap.open)
		return;
	tap.cases++;
	tap.failed_cases += tap.failed;
	printf("%sok %d - %s%s%s\n", tap.failed ? "not " : "", tap.cases, tap.name, tap.skipped ? " # SKIP " : "",
			tap.skipped ? tap.skipped : "");
	fflush(stdout);
	tap.open = tap.failed = false;
	tap.skipped = NULL;
}

/* Ends the case before and begins the next. */
__attribute__((format(printf, 1, 2))) static inline void tap_case(const char *format, ...)
{
	tap_close();
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(tap.name, sizeof(tap.name), format, arguments);
	va_end(arguments);
	tap.open = true;
}

/* The case cannot be checked here. why outlives the case. */
static inline void tap_skip(const char *why)
{
	tap.skipped = why;
}

static inline bool tap_check(bool good, const char *what, const char *file, int line)
{
	if (!good) {
		tap.failed = true;
		printf("# %s:%d: %s\n", file, line, what);
		if (getenv("TAP_STOP") != NULL)
			exit(1);
	}
	return good;
}

#define CHECK(condition) tap_check((condition), #condition, __FILE__, __LINE__)

static inline int tap_done(void)
{
	tap_close();
	printf("1..%d\n", tap.cases);
	return tap.failed_cases > 0 || tap.cases == 0;
}

#endif
