/*
 * What a goal needs: the relay to press next, or nothing, or why it cannot be done now. A plan is made anew before each
 * press, from what is then believed. Nothing is changed here.
 */
#include "door/private.h"

static struct plan plan_press(const struct door *door)
{
	enum door_state next = presses_after(&door->config.opener, door->state, door->direction);
	struct plan plan = {.line = DOOR_LINE_TOGGLE, .closes = next == DOOR_CLOSING};

	if (position_may_have_arrived(door))
		plan.reason = DOOR_REASON_UNCERTAIN;
	else if (!position_is_certain(door))
		plan.closes = contacts_end(door) != DOOR_CLOSED;
	else if (next == door->state)
		plan.reason = DOOR_REASON_NO_WAY;
	return plan;
}

static struct plan plan_toggle(const struct door *door, enum door_goal goal)
{
	const struct door_opener *opener = &door->config.opener;
	struct plan plan = {.line = DOOR_LINE_TOGGLE};

	if (goal == DOOR_GOAL_PRESS)
		return plan_press(door);
	enum door_state wanted = goal == DOOR_GOAL_OPEN    ? DOOR_OPENING
				 : goal == DOOR_GOAL_CLOSE ? DOOR_CLOSING
							   : DOOR_STOPPED;
	int presses = door_presses(opener, door->state, door->direction, wanted, &plan.closes);
	plan.done = presses == 0;
	if (plan.done)
		return plan;
	if (position_is_waiting(door)) {
		/* What it takes is known when the contact lets go. Until then it is so. */
		plan.so_far = door->contacts[contacts_end(door) == DOOR_OPEN ? DOOR_SENSOR_OPEN : DOOR_SENSOR_CLOSED]
					      .raw;
		plan.closes = goal == DOOR_GOAL_CLOSE && !plan.so_far;
	} else if (presses_after(opener, door->state, door->direction) == DOOR_UNKNOWN) {
		plan.reason = DOOR_REASON_UNKNOWN_STATE;
	} else if (presses < 0) {
		plan.reason = goal == DOOR_GOAL_STOP ? DOOR_REASON_NO_STOP : DOOR_REASON_NO_WAY;
	} else if (goal == DOOR_GOAL_CLOSE && position_may_have_arrived(door)) {
		/* It waits for the end. */
		if (!door->certain)
			plan.reason = DOOR_REASON_UNCERTAIN;
	} else if (!position_is_certain(door)) {
		/* One press for CLOSE may do anything, as a press may that closes. */
		if (goal != DOOR_GOAL_CLOSE || presses > 1)
			plan.reason = DOOR_REASON_UNCERTAIN;
	} else if (goal == DOOR_GOAL_STOP && plan.closes) { /* no way down to stop a door that opens */
		plan.reason = DOOR_REASON_NO_STOP;
	} else if (goal == DOOR_GOAL_OPEN && plan.closes && !door->config.allow_detour) {
		plan.reason = DOOR_REASON_NO_WAY;
	}
	return plan;
}

/* A press is under way, or the gap after one. */
bool plan_is_busy(const struct door *door)
{
	return door->relay != DOOR_LINES || door->time_ms < door->ready_ms;
}

static struct plan plan_direct(const struct door *door, enum door_goal goal)
{
	switch (goal) {
	case DOOR_GOAL_OPEN:
		/* Open with nothing but "not closed" behind it may be ajar: here a press does no harm. */
		return (struct plan){.line = DOOR_LINE_OPEN,
				.done = door->state == DOOR_OPENING ||
					(door->state == DOOR_OPEN && door->base_ppm == PPM)};
	case DOOR_GOAL_CLOSE:
		/* Unless closed is sensed, the last press may not have been heard: here another one does no harm. */
		return (struct plan){.line = DOOR_LINE_CLOSE,
				.closes = true,
				.done = (door->state == DOOR_CLOSED && contacts_active(door, DOOR_SENSOR_CLOSED)) ||
					(door->state == DOOR_CLOSING && plan_is_busy(door))};
	default:
		return (struct plan){.line = DOOR_LINE_STOP, .done = presses_is_at(door->state, DOOR_STOPPED)};
	}
}

/* What is believed may be wrong while a door is being wired: whatever could bring it down counts as doing so. */
static struct plan plan_pulse(const struct door *door)
{
	static const enum door_goal goals[DOOR_LINE_WARNING] = {
			[DOOR_LINE_OPEN] = DOOR_GOAL_OPEN,
			[DOOR_LINE_CLOSE] = DOOR_GOAL_CLOSE,
			[DOOR_LINE_STOP] = DOOR_GOAL_STOP,
	};
	enum door_line line = door->pulse_line;
	struct plan plan = {.line = line, .closes = line == DOOR_LINE_TOGGLE || line == DOOR_LINE_CLOSE};

	if (line >= DOOR_LINE_WARNING || !door->config.lines[line])
		plan.reason = DOOR_REASON_NO_WAY;
	else if (plan.closes && contacts_in_the_way(door))
		plan.reason = DOOR_REASON_OBSTRUCTED;
	else if (line != DOOR_LINE_TOGGLE)
		plan.idle = plan_direct(door, goals[line]).done;
	return plan;
}

struct plan plan_for(const struct door *door, enum door_goal goal)
{
	if (goal == DOOR_GOAL_PULSE)
		return plan_pulse(door);
	bool toggle = door_toggles(door);
	struct plan plan = toggle ? plan_toggle(door, goal) : plan_direct(door, goal);

	if (contacts_conflict(door) && goal != DOOR_GOAL_PRESS && plan.line != DOOR_LINE_STOP)
		plan.reason = DOOR_REASON_SENSOR_CONFLICT;
	else if (!plan.done && !door->config.lines[plan.line])
		plan.reason = plan.line == DOOR_LINE_STOP ? DOOR_REASON_NO_STOP : DOOR_REASON_NO_WAY;
	else if (plan.reason == DOOR_REASON_NONE && !plan.done && plan.closes && contacts_in_the_way(door))
		plan.reason = DOOR_REASON_OBSTRUCTED;
	return plan;
}

/* A press of which nobody knows what it does, with something in the way: the warning may free it. */
bool plan_may_be_freed(const struct door *door, enum door_goal goal, const struct plan *plan)
{
	return plan->reason == DOOR_REASON_OBSTRUCTED && goal == DOOR_GOAL_PRESS && !position_is_certain(door) &&
	       door->config.warning_ms > 0;
}

/* What TOGGLE means here; a reason when nobody can tell. */
enum door_reason plan_toggle_goal(const struct door *door, enum door_goal *goal)
{
	bool toggle = door_toggles(door);

	if (door->state == DOOR_OPEN)
		*goal = DOOR_GOAL_CLOSE;
	else if (door->state == DOOR_CLOSED)
		*goal = DOOR_GOAL_OPEN;
	else if (toggle)
		*goal = DOOR_GOAL_PRESS;
	else if (door_is_moving(door->state))
		*goal = DOOR_GOAL_STOP;
	else if (contacts_conflict(door))
		return DOOR_REASON_SENSOR_CONFLICT;
	else if (door->direction == DOOR_UNKNOWN)
		return DOOR_REASON_UNKNOWN_STATE;
	else
		*goal = door->direction == DOOR_OPENING ? DOOR_GOAL_CLOSE : DOOR_GOAL_OPEN;
	return DOOR_REASON_NONE;
}
