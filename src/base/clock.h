/*
 * Whether the machine's wall clock is set. Most Raspberry Pis have no clock that runs without power: after a start, and
 * until a time server answers, they show the time of the last shutdown. Such a time must not get into a record.
 *
 * The clock counts as set when one of these is true, and stays set from then on:
 * - The kernel says that a time server has answered (adjtimex(2), or systemd-timesyncd's mark in /run).
 * - The machine has a hardware clock that set the time at its start (/sys/class/rtc; each x86 machine has one), and the
 *   time is at most CLOCK_SLACK_MS before the newest time that is known.
 * - Somebody has set the clock since clock_init: it has moved by more than CLOCK_JUMP_MS against the loop's clock.
 * In each case the time must be after CLOCK_FLOOR_UNIX_MS.
 *
 * One thread; does not block.
 */
#ifndef PORTCULLIS_BASE_CLOCK_H
#define PORTCULLIS_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_FLOOR_UNIX_MS INT64_C(1767225600000) /* 2026: a clock that says less is not set */
#define CLOCK_SLACK_MS 60000                       /* time servers also put clocks back */
#define CLOCK_JUMP_MS 2000 /* more than a time server moves the clock slowly between two looks */

struct clock {
	bool set;
	bool of_its_own;       /* the machine has a hardware clock that set the time */
	int64_t known_unix_ms; /* a time that has certainly passed; 0: none is known */
	int64_t offset_ms;     /* wall clock minus the loop's clock (loop_now_ms), at clock_init */
};

struct clock_facts {
	bool synchronized;    /* the kernel says that a time server has answered */
	int64_t unix_ms;      /* loop_wall_ms */
	int64_t monotonic_ms; /* loop_now_ms */
};

/*
 * The time of a past moment, as people are to be told it. The wall clock of now makes it unix_ms; earlier, people were
 * told told_unix_ms (0: nothing). Returns told_unix_ms while the two differ by a second at most, since the clock only
 * drifts; else unix_ms, since somebody has set the clock. Pure.
 */
int64_t clock_steady_ms(int64_t told_unix_ms, int64_t unix_ms);

/* Looks for a hardware clock in /sys. Call it before files are closed to the process: clock_is_set needs only /run. */
void clock_init(struct clock *clock);

/* True once the clock counts as set; looks at it until then. known_unix_ms: the newest time in the history; 0: none. */
bool clock_is_set(struct clock *clock, int64_t known_unix_ms);

/* Decides as clock_is_set does, from facts instead of a look at the machine. Sets clock->set. Pure. */
bool clock_judge(struct clock *clock, const struct clock_facts *facts);

#endif
