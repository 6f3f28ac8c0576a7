/*
 * How long a door has been open. It begins when the closed door opens. A door that is open at the start has been open
 * since the former run saw it open; where nobody saw that, it has been open at least since the start. While nobody
 * knows whether the door is open, nothing begins, ends or is told.
 */
#include <string.h>

#include "garage/private.h"

static bool left_open_is_open(const struct door_view *view)
{
	return view->state != DOOR_CLOSED && (view->state != DOOR_UNKNOWN || view->only_not_closed);
}

/* When a former run saw it open; 0: nobody did, or there is no time yet. */
static int64_t left_open_former_unix_ms(const struct garage_door *door, const struct garage_moment *at)
{
	bool former = door->changed_ms == 0 && !door->left_open.was_closed;
	return former && door->changed_unix_ms <= at->unix_ms ? door->changed_unix_ms : 0;
}

static void left_open_begin(struct garage_door *door, const struct garage_moment *at)
{
	struct left_open *open = &door->left_open;
	int64_t former_unix_ms = left_open_former_unix_ms(door, at);
	bool recalled = former_unix_ms > 0;
	open->is_open = true;
	open->at_least = !open->was_closed && !recalled;
	open->since_ms = recalled ? at->ms - (at->unix_ms - former_unix_ms) : at->ms;
	open->since_unix_ms = recalled ? former_unix_ms : at->unix_ms;
}

/* When it is to be told of next; LOOP_NEVER: it is not. */
static int64_t left_open_due_ms(const struct garage_door *door)
{
	const struct left_open *open = &door->left_open;
	if (!open->is_open || door->left_open_ms == 0)
		return LOOP_NEVER;
	if (!open->on)
		return open->since_ms + door->left_open_ms;
	return door->left_open_again_ms > 0 ? open->told_ms + door->left_open_again_ms : LOOP_NEVER;
}

static void left_open_schedule(struct garage_door *door, const struct garage_moment *at, const struct door_view *view)
{
	struct left_open *open = &door->left_open;
	if (!open->is_open || door->left_open_ms == 0 || open->since_ms + door->left_open_ms > at->ms)
		open->on = false;
	loop_timer_set(door->garage->loop, &door->left_open_timer,
			left_open_is_open(view) ? left_open_due_ms(door) : LOOP_NEVER);
}

bool left_open_look(struct garage_door *door, const struct garage_moment *at)
{
	struct left_open *open = &door->left_open;
	const struct left_open before = *open;
	const struct door_view *view = &door->machine.said;
	if (!view->settled)
		return false;
	if (view->state == DOOR_CLOSED)
		*open = (struct left_open){.was_closed = true};
	else if (left_open_is_open(view) && !open->is_open)
		left_open_begin(door, at);
	left_open_schedule(door, at, view);
	return open->on != before.on || open->is_open != before.is_open;
}

void left_open_recall(struct garage_door *door, const struct garage_moment *at)
{
	struct left_open *open = &door->left_open;
	if (!open->is_open)
		return;
	if (open->at_least && left_open_former_unix_ms(door, at) > 0)
		left_open_begin(door, at);
	else if (open->since_unix_ms == 0 && at->unix_ms > 0)
		open->since_unix_ms = at->unix_ms - (at->ms - open->since_ms);
	left_open_schedule(door, at, &door->machine.said);
}

void left_open_tell(struct garage_door *door)
{
	struct left_open *open = &door->left_open;
	const struct garage_moment at = garage_now(door->garage);
	struct door_view view;
	garage_view_door(door, at.ms, &view);
	left_open_schedule(door, &at, &view);
	if (!left_open_is_open(&view) || left_open_due_ms(door) > at.ms)
		return;
	if (door->garage->catching_up) { /* what is believed now is of the past */
		loop_timer_set(door->garage->loop, &door->left_open_timer, at.ms + LEFT_OPEN_LATER_MS);
		return;
	}
	bool again = open->on;
	open->on = true;
	open->told_ms = at.ms;
	left_open_schedule(door, &at, &view);
	if (!again)
		garage_tell_attributes(door, &at);
	garage_view_door(door, at.ms, &view);
	garage_tell(door->garage, &(struct garage_news){.kind = GARAGE_LEFT_OPEN,
						  .at = at,
						  .door = garage_door_index(door),
						  .view = &view,
						  .again = again,
						  .open_ms = at.ms - open->since_ms});
}
