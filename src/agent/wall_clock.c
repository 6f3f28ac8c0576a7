/* A timer that looks until the answer is yes, and then never again. */
#include "agent/wall_clock.h"

#define LOOK_MS 5000

static void wall_clock_look(struct loop_timer *timer, int64_t now_ms)
{
	struct wall_clock *wall_clock = timer->user;
	if (!clock_is_set(&wall_clock->clock, history_newest_unix_ms(wall_clock->history))) {
		if (!wall_clock->awaited)
			log_info(wall_clock->log, "the clock is not set yet: events have no time until it is");
		wall_clock->awaited = true;
		loop_timer_set(wall_clock->loop, timer, now_ms + LOOK_MS);
		return;
	}
	if (wall_clock->awaited)
		log_info(wall_clock->log, "the clock is set: events have a time again");
	garage_set_clock(wall_clock->garage);
}

void wall_clock_init(struct wall_clock *wall_clock)
{
	clock_init(&wall_clock->clock);
}

void wall_clock_start(struct wall_clock *wall_clock, struct loop *loop, const struct log *log, struct garage *garage,
		const struct history *history)
{
	wall_clock->loop = loop;
	wall_clock->log = log;
	wall_clock->garage = garage;
	wall_clock->history = history;
	wall_clock->timer = (struct loop_timer){.expired = wall_clock_look, .user = wall_clock};
	wall_clock_look(&wall_clock->timer, loop_now_ms());
}
