/*
 * Commands: what one asks for, whether it is refused, taken as so already, or accepted. A command is accepted only if its
 * presses come before it is too old, with nothing else happening: a copy of the door lives through that time.
 */
#include "door/private.h"

/*
 * Whether a command that is accepted now is pressed before it is too old, as often as it takes, if nothing else happens:
 * a first press without the second may move the door the other way. The door's own copy lives through that time. An
 * open contact is taken to come as reckoned, and no other contact to change but by the edges that are told already.
 */
static bool comes_in_time(const struct door *door, enum door_goal goal, const struct plan *plan, int64_t given_ms)
{
	struct door future = *door;
	struct door_output ignored = {0};

	if (!door_toggles(door))
		return true;
	goal_end(&future, &ignored);
	relays_accept(&future, goal, DOOR_SOURCE_NONE, plan, given_ms, door->time_ms, &ignored);
	for (int n = 0; n < DUE_MAX && future.goal != DOOR_GOAL_NONE; n++) {
		int64_t at_ms = door_max(relays_change_due_ms(&future), future.time_ms);
		if (belief_holds_goal(&future) && !position_is_waiting(&future) &&
				contacts_hears(&future, DOOR_SENSOR_OPEN))
			return position_arrival_ms(&future) <= goal_until_ms(&future);
		if (future.relay != DOOR_LINES && at_ms >= future.release_ms)
			relays_release(&future, at_ms, &ignored);
		belief_advance(&future, at_ms, &ignored);
		if (future.relay != DOOR_LINES)
			continue;
		if (relays_lapsed(&future, at_ms))
			return false;
		relays_proceed(&future, at_ms, &ignored);
	}
	return true;
}

/* The plan for a new command: also, whether it will come to a press at all. */
static struct plan plan_command(const struct door *door, enum door_goal goal, int64_t given_ms)
{
	struct plan plan = plan_for(door, goal);

	if (plan_may_be_freed(door, goal, &plan))
		plan.reason = DOOR_REASON_NONE;
	if (plan.reason == DOOR_REASON_NONE && !plan.done && !plan.so_far &&
			!comes_in_time(door, goal, &plan, given_ms))
		plan.reason = DOOR_REASON_UNCERTAIN;
	return plan;
}

/* The plan for what is asked for from afar. */
static struct plan plan_asked(const struct door *door, enum door_goal goal, int64_t given_ms)
{
	struct plan plan = plan_command(door, goal, given_ms);

	if (lockout_forbids(door, goal))
		plan.reason = DOOR_REASON_LOCKED_OUT;
	return plan;
}

void commands_auto_close(struct door *door, int64_t now_ms, struct door_output *output)
{
	if (now_ms < door->auto_close_ms)
		return;
	door->auto_close_ms = DOOR_NEVER;
	struct plan plan = plan_command(door, DOOR_GOAL_CLOSE, now_ms);
	if (plan.reason == DOOR_REASON_OBSTRUCTED) {
		door->auto_close_ms = now_ms + door->config.auto_close_ms;
	} else if (plan.reason == DOOR_REASON_NONE && !plan.done && door->goal == DOOR_GOAL_NONE &&
			!relays_stuck(door)) {
		door_tell(door, output, DOOR_EVENT_AUTO_CLOSE, DOOR_FAULT_NONE);
		relays_accept(door, DOOR_GOAL_CLOSE, DOOR_SOURCE_AUTO_CLOSE, &plan, now_ms, now_ms, output);
	}
}

static const enum door_goal goals[] = {
		[DOOR_COMMAND_OPEN] = DOOR_GOAL_OPEN,
		[DOOR_COMMAND_CLOSE] = DOOR_GOAL_CLOSE,
		[DOOR_COMMAND_STOP] = DOOR_GOAL_STOP,
		[DOOR_COMMAND_PULSE] = DOOR_GOAL_PULSE,
		[DOOR_COMMAND_POSITION] = DOOR_GOAL_NONE, /* see give_position */
};

/* Why a command is refused before anything is planned for it; sets what it asks for, unless it takes back a close. */
static enum door_reason understand(const struct door *door, const struct door_input *input, int64_t given_ms,
		int64_t now_ms, enum door_goal *goal, bool *takes_back)
{
	bool once = input->command == DOOR_COMMAND_TOGGLE || input->command == DOOR_COMMAND_PULSE;

	if (door->stopping)
		return DOOR_REASON_STOPPING;
	if (!door->settled && !door_command_is_lockout((int)input->command))
		return DOOR_REASON_NOT_SETTLED;
	if (input->command > DOOR_COMMAND_LAST ||
			(input->command == DOOR_COMMAND_POSITION && (input->percent < 1 || input->percent > 99)))
		return DOOR_REASON_UNKNOWN_COMMAND;
	if (now_ms - given_ms > DOOR_AGE_MS)
		return DOOR_REASON_STALE;
	if (door_command_is_lockout((int)input->command))
		return DOOR_REASON_NONE;
	if (relays_stuck(door))
		return DOOR_REASON_RELAY_FAILED;
	*takes_back = input->command == DOOR_COMMAND_TOGGLE && door->warned_ms != DOOR_NEVER;
	if (*takes_back)
		return DOOR_REASON_NONE;
	if (input->command == DOOR_COMMAND_TOGGLE && lockout_is_on(door))
		return DOOR_REASON_LOCKED_OUT;
	if (once && (door->goal != DOOR_GOAL_NONE || plan_is_busy(door)))
		return DOOR_REASON_BUSY;
	if (input->command == DOOR_COMMAND_TOGGLE)
		return plan_toggle_goal(door, goal);
	*goal = goals[input->command];
	return DOOR_REASON_NONE;
}

static enum door_goal way_goal(enum door_state direction)
{
	return direction == DOOR_OPENING ? DOOR_GOAL_OPEN : DOOR_GOAL_CLOSE;
}

/* The plan for a move to a position: its first press. */
static struct plan plan_position(const struct door *door, enum door_state direction, int64_t given_ms)
{
	return plan_asked(door, way_goal(direction), given_ms);
}

static void give_position(struct door *door, const struct door_input *input, int64_t given_ms, int64_t now_ms,
		struct door_output *output)
{
	int64_t aim_ppm = (int64_t)input->percent * (PPM / 100);
	enum door_state direction = aim_direction(door, aim_ppm);
	bool same = door_aims(door) && door->aim_ppm == aim_ppm;
	bool there = door->state == DOOR_STOPPED && door->base_ppm >= 0 &&
		     position_percent(door, now_ms) == input->percent;
	bool free = door->goal == DOOR_GOAL_NONE && !door_aims(door) && !plan_is_busy(door);

	if (lockout_forbids(door, way_goal(direction))) {
		door_put_answer(output, DOOR_RESULT_REJECTED, DOOR_REASON_LOCKED_OUT);
		return;
	}
	if (same)
		door->goal_given_ms = door_max(door->goal_given_ms, given_ms);
	if (same || (there && door->goal == DOOR_GOAL_NONE)) {
		door_put_answer(output, DOOR_RESULT_UNCHANGED, DOOR_REASON_NONE);
		return;
	}
	enum door_reason reason = free ? aim_refusal(door, aim_ppm) : DOOR_REASON_BUSY;
	struct plan plan = plan_position(door, direction, given_ms);
	if (reason == DOOR_REASON_NONE)
		reason = plan.reason;
	if (reason != DOOR_REASON_NONE) {
		door_put_answer(output, DOOR_RESULT_REJECTED, reason);
		return;
	}
	door_put_answer(output, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE);
	relays_accept(door, way_goal(direction), input->source, &plan, given_ms, now_ms, output);
	door->aim = direction;
	door->aim_ppm = aim_ppm;
}

void commands_give(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	int64_t given_ms = input->given_ms != 0 && input->given_ms < now_ms ? input->given_ms : now_ms;
	enum door_goal goal = DOOR_GOAL_STOP;
	bool cancelled = false;
	enum door_reason reason = understand(door, input, given_ms, now_ms, &goal, &cancelled);

	if (reason != DOOR_REASON_NONE) {
		door_put_answer(output, DOOR_RESULT_REJECTED, reason);
		return;
	}
	if (door_command_is_lockout((int)input->command)) {
		lockout_give(door, input->command, output);
		return;
	}
	if (cancelled) {
		goal_cancel(door, output);
		door_put_answer(output, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE);
		return;
	}
	if (input->command == DOOR_COMMAND_POSITION) {
		give_position(door, input, given_ms, now_ms, output);
		return;
	}
	if (goal == door->goal && !door_aims(door) && !lockout_forbids(door, goal)) {
		door->goal_given_ms = door_max(door->goal_given_ms, given_ms);
		door_put_answer(output, DOOR_RESULT_UNCHANGED, DOOR_REASON_NONE);
		return;
	}
	if (goal == DOOR_GOAL_PULSE)
		door->pulse_line = input->line;
	struct plan plan = plan_asked(door, goal, given_ms);
	/* Who asks for OPEN, even where it cannot be done, wants no close that is warned of. */
	bool unwanted = goal == DOOR_GOAL_STOP || (goal == DOOR_GOAL_OPEN && door->warned_ms != DOOR_NEVER);
	if ((door->goal != DOOR_GOAL_NONE || door_aims(door)) && (unwanted || plan.reason == DOOR_REASON_NONE)) {
		goal_cancel(door, output);
		cancelled = true;
	}
	/* What was to come has been taken back; whether the command can be done is another thing. */
	if (plan.reason != DOOR_REASON_NONE && (!cancelled || goal == DOOR_GOAL_OPEN || door_is_moving(door->state)))
		door_put_answer(output, DOOR_RESULT_REJECTED, plan.reason);
	else if ((plan.done || plan.so_far) && !cancelled)
		door_put_answer(output, DOOR_RESULT_UNCHANGED, DOOR_REASON_NONE);
	else
		door_put_answer(output, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE);
	if (!plan.done && plan.reason == DOOR_REASON_NONE)
		relays_accept(door, goal, input->source, &plan, given_ms, now_ms, output);
}

/* Why nothing is done for a door now. */
static enum door_reason hindrance(const struct door *door)
{
	if (door->stopping)
		return DOOR_REASON_STOPPING;
	if (!door->settled)
		return DOOR_REASON_NOT_SETTLED;
	return relays_stuck(door) ? DOOR_REASON_RELAY_FAILED : DOOR_REASON_NONE;
}

/* Of a door that is given nothing else meanwhile: presses that are still to come are not looked at. */
enum door_reason commands_refusal(const struct door *door, enum door_command command)
{
	enum door_goal goal = goals[command];
	enum door_reason reason = hindrance(door);

	if (reason != DOOR_REASON_NONE)
		return reason;
	if (command == DOOR_COMMAND_TOGGLE && door->warned_ms != DOOR_NEVER)
		return DOOR_REASON_NONE;
	if (command == DOOR_COMMAND_TOGGLE && lockout_is_on(door))
		return DOOR_REASON_LOCKED_OUT;
	reason = command == DOOR_COMMAND_TOGGLE ? plan_toggle_goal(door, &goal) : DOOR_REASON_NONE;
	if (reason != DOOR_REASON_NONE)
		return reason;
	return plan_asked(door, goal, door->time_ms).reason;
}

enum door_reason commands_position_refusal(const struct door *door, int percent)
{
	int64_t aim_ppm = (int64_t)percent * (PPM / 100);
	enum door_reason reason = hindrance(door);

	if (reason == DOOR_REASON_NONE && lockout_forbids(door, way_goal(aim_direction(door, aim_ppm))))
		reason = DOOR_REASON_LOCKED_OUT;
	if (reason == DOOR_REASON_NONE)
		reason = aim_refusal(door, aim_ppm);
	return reason != DOOR_REASON_NONE ? reason
					  : plan_position(door, aim_direction(door, aim_ppm), door->time_ms).reason;
}

void commands_reach(const struct door *door, int *low, int *high)
{
	static const enum door_state directions[] = {DOOR_CLOSING, DOOR_OPENING}; /* which leads higher */

	*low = *high = 0;
	for (size_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++) {
		int from, to;
		if (hindrance(door) != DOOR_REASON_NONE ||
				aim_range(door, directions[i], &from, &to) != DOOR_REASON_NONE ||
				plan_position(door, directions[i], door->time_ms).reason != DOOR_REASON_NONE)
			continue;
		*low = *low == 0 ? from : *low;
		*high = to;
	}
}
