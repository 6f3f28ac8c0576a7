/*
 * Whether the agent stood still: frozen, suspended, or starved of the processor. What waited meanwhile is of the past.
 *
 * Three things say so: a gap in the signs of life of all threads (base/alive.h), which is the finest while another
 * thread gives such signs; a turn of the loop that took too long, when the loop alone stood still in a call; and a timer
 * of the garage that should have run. Times are of the loop's clock.
 */
#ifndef PORTCULLIS_GARAGE_STALL_H
#define PORTCULLIS_GARAGE_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alive.h"
#include "base/loop.h"

#define STALL_CHECK_MS 2500 /* between two looks; half of AGE_PING_MS, and in step with it: one turn for both */
#define STALL_ALONE_MS 1000 /* the same while no other thread gives signs of life */
#define STALL_MS 2000       /* a look this late, or a turn this long: the agent stood still */
#define STALL_STALE_MS 5000 /* for so long after that, what waited still arrives */

struct stall {
	struct loop *loop;
	struct alive *alive;    /* of all threads; NULL: only the loop and the timer say anything */
	bool alone;             /* no other thread gives signs of life now */
	int64_t due_ms;         /* of the next look; 0: not started, and nothing is noticed */
	int64_t stale_until_ms; /* what comes before that may have waited */
};

/* Sets due_ms to the time of the next look. The owner looks then, by stall_notice. */
void stall_look_next(struct stall *stall, int64_t now_ms);

/* Forgets what was before the start, which is no standstill. */
void stall_start(struct stall *stall, int64_t now_ms);

/*
 * How long the agent stood still at most, without anyone having noticed; 0: it did not. It is noticed now: what comes
 * for STALL_STALE_MS may have waited.
 */
int64_t stall_notice(struct stall *stall, int64_t now_ms);

/* Whether what comes now may have waited while the agent stood still. Notices nothing. */
bool stall_is_stale(const struct stall *stall, int64_t now_ms);

#endif
