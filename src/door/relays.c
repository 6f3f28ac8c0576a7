/*
 * The lines: the only place where a relay or the warning goes on. relays_proceed makes the next press of the goal, once
 * the pulse and gap before, the warning, and an end contact that has still to stand still are over; or cancels the goal,
 * where it has become too old, obstructed or impossible. A press tells the belief what it is to bring.
 */
#include "door/private.h"

static enum door_state state_after(const struct door *door, enum door_line line)
{
	switch (line) {
	case DOOR_LINE_OPEN:
		return DOOR_OPENING;
	case DOOR_LINE_CLOSE:
		return DOOR_CLOSING;
	case DOOR_LINE_STOP:
		return door_is_moving(door->state) ? DOOR_STOPPED : door->state;
	default:
		return presses_after(&door->config.opener, door->state, door->direction);
	}
}

/* The close relay once more: if it was not heard before, the whole travel begins here. */
static void close_again(struct door *door, int64_t now_ms, struct door_output *output)
{
	int64_t travel = door->config.close_time_ms;

	if (contacts_has(door, DOOR_SENSOR_CLOSED)) {
		door->expire_ms = now_ms + travel / 4 +
				  (position_is_waiting(door) ? DOOR_START_MS : travel + DOOR_FINISH_MS);
		return;
	}
	door->base_ppm = -1;
	door->moved_ms = now_ms;
	belief_move(door, DOOR_CLOSING, now_ms, output);
	belief_expect(door);
}

/* It stops on its way, and may run on for a little. */
static void stop(struct door *door, int64_t now_ms, struct door_output *output)
{
	int64_t highest_ppm_then = position_highest_ppm(door, now_ms + DOOR_COAST_MS / 2);

	belief_rest(door, DOOR_STOPPED, position_ppm(door, now_ms), output);
	door->highest_ppm = highest_ppm_then;
}

static void press_line(struct door *door, const struct plan *plan, int64_t now_ms, struct door_output *output)
{
	enum door_line line = plan->line;
	enum door_state next = state_after(door, line);
	enum door_state end = contacts_end(door);

	door_act(output, line, true);
	door->relay = line;
	door->release_ms = now_ms + door->config.pulse_ms;
	door->goal_takes_ms += door->config.pulse_ms + door->config.gap_ms;
	door->goal_free |= !lockout_is_on(door);
	if (plan->idle)
		return;
	if (line == DOOR_LINE_TOGGLE && !position_is_certain(door))
		next = DOOR_UNKNOWN;
	door->source = door->goal_source;
	door->commanded = true;
	door->pressed_ms = now_ms;
	door->press_at = end;
	door->press_early = false;
	door->press_to = next == DOOR_UNKNOWN && door->goal == DOOR_GOAL_CLOSE ? DOOR_CLOSING : next;
	if (contacts_conflict(door))
		return;
	if (line == DOOR_LINE_CLOSE && (door->state == DOOR_CLOSING || door->state == DOOR_CLOSED))
		close_again(door, now_ms, output);
	else if (door_is_moving(next))
		belief_move(door, next, now_ms, output);
	else if (next == DOOR_STOPPED)
		stop(door, now_ms, output);
	else if (line == DOOR_LINE_STOP)
		belief_strand(door, output);
	else if (end == DOOR_UNKNOWN)
		belief_lose(door, now_ms, output);
	/* Before it has left its end, what would stop it or send it back, or do nobody knows what, leaves it there. */
	if (end != DOOR_UNKNOWN && (next == DOOR_UNKNOWN || !position_is_waiting(door)))
		belief_look(door, output);
}

void relays_release(struct door *door, int64_t now_ms, struct door_output *output)
{
	door_act(output, door->relay, false);
	door->relay = DOOR_LINES;
	door->released_ms = now_ms;
	door->ready_ms = now_ms + door->config.gap_ms;
}

bool relays_stuck(const struct door *door)
{
	for (int i = 0; i < DOOR_LINES; i++) {
		if (door->stuck[i])
			return true;
	}
	return false;
}

static void warn(struct door *door, int64_t now_ms, struct door_output *output)
{
	door->warned_ms = now_ms + door->config.warning_ms;
	door->goal_takes_ms += door->config.warning_ms;
	door_act(output, DOOR_LINE_WARNING, true);
	door_tell(door, output, DOOR_EVENT_WARNING, DOOR_FAULT_NONE);
}

void relays_accept(struct door *door, enum door_goal goal, enum door_source source, const struct plan *plan,
		int64_t given_ms, int64_t now_ms, struct door_output *output)
{
	if (!plan->so_far)
		belief_clear_fault_of_move(door, output);
	door->goal = goal;
	door->goal_source = source;
	door->goal_state = door->state;
	door->goal_warned = door->goal_free = false;
	door->goal_given_ms = given_ms;
	door->goal_takes_ms = door->relay != DOOR_LINES ? door->release_ms - now_ms + door->config.gap_ms
							: door_max(door->ready_ms - now_ms, 0);
	door->goal_due_ms = now_ms;
	if (plan->closes && door->config.warning_ms > 0)
		warn(door, now_ms, output);
}

/* When a pulse is to end, or else a press is to be made. */
int64_t relays_due_ms(const struct door *door)
{
	if (door->relay != DOOR_LINES)
		return door->release_ms;
	int64_t due = door->goal != DOOR_GOAL_NONE ? door->goal_due_ms : aim_due_ms(door);
	due = door_max(due, door->ready_ms);
	if (door_toggles(door))
		due = door_max(due, contacts_ends_steady_ms(door));
	return door->warned_ms == DOOR_NEVER ? due : door_max(due, door->warned_ms);
}

/* Whether presses that were accepted may no longer be made: nobody asks for them now. */
bool relays_lapsed(const struct door *door, int64_t now_ms)
{
	return now_ms > goal_until_ms(door);
}

/* A door that was sent to a position is there: the press that stops it is what is now to come. */
static void end_at_aim(struct door *door, int64_t now_ms, struct door_output *output)
{
	if (now_ms < relays_due_ms(door))
		return;
	if (!aim_may_stop(door, now_ms)) {
		goal_cancel(door, output);
		return;
	}
	door->aim = DOOR_UNKNOWN;
	door->goal = DOOR_GOAL_STOP;
	door->goal_given_ms = door->goal_due_ms = now_ms;
	door->goal_takes_ms = 0;
}

/* The only place where a relay goes on. */
void relays_proceed(struct door *door, int64_t now_ms, struct door_output *output)
{
	if (door->relay != DOOR_LINES)
		return;
	if (door->goal == DOOR_GOAL_NONE)
		end_at_aim(door, now_ms, output);
	if (door->goal == DOOR_GOAL_NONE)
		return;
	if (relays_lapsed(door, now_ms)) {
		goal_cancel(door, output);
		return;
	}
	if (now_ms < relays_due_ms(door) || belief_holds_goal(door))
		return;
	if (door->warned_ms != DOOR_NEVER) {
		door->warned_ms = DOOR_NEVER;
		door->goal_warned = true;
		door_act(output, DOOR_LINE_WARNING, false);
	}
	struct plan plan = plan_for(door, door->goal);
	if (plan.reason == DOOR_REASON_OBSTRUCTED) {
		belief_cancel_for_obstruction(door, output);
		belief_enter_fault(door, DOOR_FAULT_OBSTRUCTED, output);
		return;
	}
	bool astray = door_aims(door) && aim_refusal(door, door->aim_ppm) != DOOR_REASON_NONE;
	if (plan.reason != DOOR_REASON_NONE || astray || lockout_stops(door)) {
		goal_cancel(door, output);
		return;
	}
	if (!plan.done && plan.closes && door->config.warning_ms > 0 && !door->goal_warned) {
		warn(door, now_ms, output);
		return;
	}
	if (!plan.done) {
		/* After a press that may have done anything there is nothing more to count. */
		bool counted = door->goal != DOOR_GOAL_PRESS && door->goal != DOOR_GOAL_PULSE &&
			       position_is_certain(door);
		press_line(door, &plan, now_ms, output);
		if (plan.line == DOOR_LINE_TOGGLE && counted && !plan_for(door, door->goal).done)
			return;
	}
	door->goal = DOOR_GOAL_NONE;
}

/* When there is something to do for a relay: also when presses that still wait have become too old. */
static int64_t press_due(const struct door *door)
{
	if (door->relay != DOOR_LINES || door->goal == DOOR_GOAL_NONE)
		return relays_due_ms(door);
	int64_t lapses = goal_until_ms(door) + 1;
	return belief_holds_goal(door) || relays_due_ms(door) > lapses ? lapses : relays_due_ms(door);
}

/* When the next change comes that time alone brings, other than that of a position. */
int64_t relays_change_due_ms(const struct door *door)
{
	int64_t due = press_due(door) < door->expire_ms ? press_due(door) : door->expire_ms;
	for (int i = 0; i < DOOR_SENSORS; i++)
		due = contacts_due_ms(door, i) < due ? contacts_due_ms(door, i) : due;
	return due;
}

void relays_line_failed(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	goal_cancel(door, output);
	if (input->active && door->relay != DOOR_LINES)
		relays_release(door, now_ms, output);
	else if (input->active)
		door_act(output, input->line, false);
	if (input->active && input->line != DOOR_LINE_WARNING) {
		door->press_at = door->press_to = DOOR_UNKNOWN;
		belief_look(door, output);
	}
	if (!input->active) {
		door->stuck[input->line] = true;
		door->retry_ms = now_ms + DOOR_RELEASE_RETRY_MS;
	}
	belief_enter_fault(door, DOOR_FAULT_RELAY_FAILED, output);
	door_put_answer(output, DOOR_RESULT_REJECTED, DOOR_REASON_RELAY_FAILED);
}

void relays_release_stuck(struct door *door, int64_t now_ms, struct door_output *output)
{
	for (int i = 0; i < DOOR_LINES; i++) {
		if (!door->stuck[i])
			continue;
		door_act(output, (enum door_line)i, false);
		door->stuck[i] = false;
		door->released_ms = now_ms;
		door->ready_ms = now_ms + door->config.gap_ms;
	}
}
