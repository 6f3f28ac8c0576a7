/*
 * Two times are all that has to be kept: when the next look is due, and until when that which waited may still come.
 */
#include "garage/stall.h"

#include <stddef.h>

void stall_look_next(struct stall *stall, int64_t now_ms)
{
	stall->due_ms = loop_in_step_ms(now_ms, stall->alone ? STALL_ALONE_MS : STALL_CHECK_MS);
}

void stall_start(struct stall *stall, int64_t now_ms)
{
	if (stall->alive)
		alive_take_gap(stall->alive, now_ms);
	loop_forget_busy(stall->loop);
	stall_look_next(stall, now_ms);
}

/* How late the timer is or how long the loop was busy, where that tells of a standstill. */
static int64_t stall_late_ms(const struct stall *stall, int64_t now_ms)
{
	int64_t late_ms = now_ms - stall->due_ms, busy_ms = loop_busy_ms(stall->loop);
	if (busy_ms > late_ms)
		late_ms = busy_ms;
	return late_ms >= STALL_MS ? late_ms : 0;
}

int64_t stall_notice(struct stall *stall, int64_t now_ms)
{
	int64_t gap_ms = stall->alive ? alive_take_gap(stall->alive, now_ms) : 0;
	int64_t late_ms = stall_late_ms(stall, now_ms);
	if (stall->due_ms == 0 || (gap_ms == 0 && late_ms == 0))
		return 0;
	loop_forget_busy(stall->loop);
	stall->stale_until_ms = now_ms + STALL_STALE_MS;
	stall_look_next(stall, now_ms);
	return gap_ms > late_ms ? gap_ms : late_ms;
}

bool stall_is_stale(const struct stall *stall, int64_t now_ms)
{
	if (stall->due_ms == 0)
		return false;
	return now_ms < stall->stale_until_ms || stall_late_ms(stall, now_ms) > 0 ||
	       (stall->alive && alive_look_gap(stall->alive, now_ms) > 0);
}
