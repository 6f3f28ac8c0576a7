/* A timer, in step with the garage's own look at standstills: one turn of the loop for both. */
#include "agent/history_watch.h"

#include <string.h>

#include "observers/journal.h"

#define LOOK_MS 2500

static void history_watch_lockouts(const struct history_watch *watch)
{
	static const enum garage_keeping keeping[] = {
			[HISTORY_LOCKOUTS_NONE] = GARAGE_KEEPS_NONE,
			[HISTORY_LOCKOUTS_SAVED] = GARAGE_KEEPS_ALL,
			[HISTORY_LOCKOUTS_SAVING] = GARAGE_KEEPS_SOON,
			[HISTORY_LOCKOUTS_FAILED] = GARAGE_KEEPS_FAILED,
	};
	garage_keep_lockouts(watch->garage, keeping[history_lockouts(watch->history)]);
}

static void history_watch_look(struct history_watch *watch)
{
	struct history_status status;
	bool came = history_look(watch->history, loop_now_ms());
	for (size_t i = 0; came && i < garage_door_count(watch->garage); i++) {
		const struct garage_past past = journal_past(watch->history, i);
		garage_recall(watch->garage, i, &past);
	}
	history_watch_lockouts(watch);
	history_status(watch->history, &status);
	if (!came && strcmp(status.problem, watch->problem) == 0)
		return;
	memcpy(watch->problem, status.problem, sizeof(watch->problem));
	watch->changed(watch->user);
}

static void history_watch_due(struct loop_timer *timer, int64_t now_ms)
{
	struct history_watch *watch = timer->user;
	history_watch_look(watch);
	loop_timer_set(watch->loop, timer, loop_in_step_ms(now_ms, LOOK_MS));
}

void history_watch_changed(void *user)
{
	struct history_watch *watch = user;
	if (watch->history)
		history_watch_look(watch);
}

void history_watch_start(struct history_watch *watch, struct loop *loop, struct garage *garage, struct history *history,
		void (*changed)(void *user), void *user)
{
	*watch = (struct history_watch){
			.loop = loop, .garage = garage, .history = history, .changed = changed, .user = user};
	watch->timer = (struct loop_timer){.expired = history_watch_due, .user = watch};
	loop_timer_set(loop, &watch->timer, loop_in_step_ms(loop_now_ms(), LOOK_MS));
	history_watch_lockouts(watch);
}
