/*
 * The loop's face (base/loop.h) with a clock that the test moves: timers run at their own times, in their order, and a
 * day passes in a moment. A test that includes this defines those functions itself, so the linker leaves the real ones
 * out. Descriptors are not watched.
 */
#ifndef PORTCULLIS_TEST_FAKE_LOOP_H
#define PORTCULLIS_TEST_FAKE_LOOP_H

#include <stddef.h>

#include "base/loop.h"

#define FAKE_WALL_MS INT64_C(1780000000000) /* of the wall clock when the loop's clock says 0 */

struct loop {
	struct loop_timer *timers;
	int64_t busy_ms;
};

static struct loop fake_loop;
static int64_t fake_now_ms = 1000;

int64_t loop_now_ms(void)
{
	return fake_now_ms;
}

int64_t loop_wall_ms(void)
{
	return FAKE_WALL_MS + fake_now_ms;
}

int64_t loop_busy_ms(const struct loop *loop)
{
	return loop->busy_ms;
}

void loop_forget_busy(struct loop *loop)
{
	loop->busy_ms = 0;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	for (struct loop_timer **at = &loop->timers; *at; at = &(*at)->next)
		if (*at == timer) {
			*at = timer->next;
			break;
		}
	timer->armed = false;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_ms)
{
	loop_timer_cancel(loop, timer);
	if (at_ms == LOOP_NEVER)
		return;
	timer->at_ms = at_ms;
	timer->armed = true;
	struct loop_timer **at = &loop->timers;
	while (*at && (*at)->at_ms <= at_ms)
		at = &(*at)->next;
	timer->next = *at;
	*at = timer;
}

int loop_add(struct loop *loop, struct loop_source *source, uint32_t events)
{
	(void)loop;
	(void)source;
	(void)events;
	return 0;
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	(void)loop;
	(void)source;
}

/* Runs what is due up to a time, each timer at its own, and leaves the clock at that time. */
static void fake_run_until(int64_t until_ms)
{
	while (fake_loop.timers && fake_loop.timers->at_ms <= until_ms) {
		struct loop_timer *timer = fake_loop.timers;
		loop_timer_cancel(&fake_loop, timer);
		if (timer->at_ms > fake_now_ms)
			fake_now_ms = timer->at_ms;
		timer->expired(timer, fake_now_ms);
	}
	if (until_ms > fake_now_ms)
		fake_now_ms = until_ms;
}

/* The whole process stands still: time passes, and nothing runs. */
static inline void fake_stand_still(int64_t for_ms)
{
	fake_now_ms += for_ms;
}

#endif
