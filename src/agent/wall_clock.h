/*
 * Looks whether the machine's wall clock is set (base/clock.h), and tells the garage when it is. Until then nothing
 * that happens has a time. Loop thread only.
 */
#ifndef PORTCULLIS_AGENT_WALL_CLOCK_H
#define PORTCULLIS_AGENT_WALL_CLOCK_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "garage/garage.h"
#include "history/history.h"

/* The members belong to wall_clock.c. */
struct wall_clock {
	struct loop *loop;
	const struct log *log;
	struct garage *garage;
	const struct history *history;
	struct clock clock;
	struct loop_timer timer;
	bool awaited;
};

/* Reads files of the machine: before the lock-down. */
void wall_clock_init(struct wall_clock *wall_clock);
/* Looks at once, and from then on every few seconds until the clock is set. Borrows what it is given. */
void wall_clock_start(struct wall_clock *wall_clock, struct loop *loop, const struct log *log, struct garage *garage,
		const struct history *history);

#endif
