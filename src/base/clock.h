/*
 * Whether the machine's wall clock is set. Most Raspberry Pis have no clock that goes on without power: from their
 * start until a time server has answered they say when they were last shut down, which looks like a time and is none.
 *
 * The clock is taken for set, and from then on it is, when one of these says so:
 * - the kernel: a time server has answered (adjtimex(2), or systemd-timesyncd's mark in /run);
 * - the machine has a clock of its own that set the time at its start (/sys/class/rtc, or it is a PC), and the time is
 *   not before the last one that is known to have been;
 * - somebody has set it since clock_init.
 */
#ifndef PORTCULLIS_BASE_CLOCK_H
#define PORTCULLIS_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_FLOOR_UNIX_MS INT64_C(1767225600000) /* 2026: a clock that says less is not set */
#define CLOCK_SLACK_MS 60000                       /* time servers put clocks back, too */
#define CLOCK_JUMP_MS 2000                         /* more than a time server's gentle turning makes between looks */

struct clock {
	bool set, of_its_own;
	int64_t known_unix_ms; /* a time that has been */
	int64_t offset_ms;     /* wall clock minus the loop's clock, at clock_init */
};

struct clock_facts {
	bool synchronized;
	int64_t unix_ms, monotonic_ms;
};

/* Looks at the machine; later looks need no more of it than /run. */
void clock_init(struct clock *clock);

/* known_unix_ms: the newest time in the history; 0: none. */
bool clock_is_set(struct clock *clock, int64_t known_unix_ms);

/* The same from facts. Pure. */
bool clock_judge(struct clock *clock, const struct clock_facts *facts);

#endif
