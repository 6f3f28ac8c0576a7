/*
 * The door's step. Each input goes through the same moments: a pulse that is due ends first; presses that come too late
 * after a stall are cancelled; then time advances to the input, and the input takes effect; last, what has changed is
 * published and the next deadline is named.
 *
 * The parts, each of which knows only those below it:
 *
 *   door        the step, the configuration
 *   view        what is published
 *   commands    what is asked for
 *   relays      what is pressed, and when
 *   lockout     what a lock-out forbids
 *   plan        what a goal needs
 *   aim         where a move to a position is stopped
 *   belief      what is believed
 *   position    where the door is, and how certain that is
 *   contacts, presses, goal   what the contacts say; what a press does; the presses to come
 */
#include <string.h>

#include "door/private.h"

static void hear_edge(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	int64_t at_ms = door_clamp(input->at_ms, door->contacts[input->sensor].edge_ms, now_ms);

	belief_advance(door, at_ms, output);
	if (contacts_edge(door, input->sensor, input->active, at_ms))
		belief_unsteady(door, input->sensor, output);
	belief_advance(door, door->time_ms, output);
}

/*
 * A state whose time has run out waits for the next step, which the deadline asks for: the other levels are read first.
 */
static void hear_level(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	contacts_sample(door, input->sensor, input->active, now_ms);
	belief_advance(door, door->expire_ms <= now_ms ? door->expire_ms - 1 : now_ms, output);
}

static int64_t next_deadline(const struct door *door, int64_t now_ms)
{
	int64_t due = relays_change_due_ms(door);
	int64_t candidates[] = {
			relays_stuck(door) ? door->retry_ms : DOOR_NEVER,
			door->auto_close_ms,
			DOOR_NEVER,
	};

	if (door_is_moving(door->state)) {
		int percent = position_percent(door, now_ms);
		bool goes_on = door->base_ppm >= 0 && !position_is_waiting(door) &&
			       (door->state == DOOR_OPENING ? percent < 99 : percent > 1);
		if (goes_on || percent != door->said.position)
			candidates[2] = door->said_position_ms + DOOR_POSITION_EVERY_MS;
	}
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++)
		due = candidates[i] < due ? candidates[i] : due;
	for (int i = 0; i < DOOR_SENSORS; i++) {
		/* Its level is read when it should have stood still. */
		int64_t steady = contacts_steady_ms(door, (enum door_sensor)i);
		due = steady > now_ms && steady < due ? steady : due;
	}
	return due;
}

/* Pulls what is out of range into it. */
static void bound(struct door_config *own)
{
	if (own->lines[DOOR_LINE_TOGGLE])
		own->lines[DOOR_LINE_OPEN] = own->lines[DOOR_LINE_CLOSE] = own->lines[DOOR_LINE_STOP] = false;
	own->pulse_ms = door_clamp(own->pulse_ms, 1, DOOR_PULSE_MAX_MS);
	own->gap_ms = door_clamp(own->gap_ms, DOOR_GAP_MIN_MS, DURATION_MAX_MS);
	own->debounce_ms = door_clamp(own->debounce_ms, 0, DURATION_MAX_MS);
	own->open_time_ms = door_clamp(own->open_time_ms, 1, DURATION_MAX_MS);
	own->close_time_ms = door_clamp(own->close_time_ms, 1, DURATION_MAX_MS);
	own->warning_ms = own->lines[DOOR_LINE_WARNING] ? door_clamp(own->warning_ms, 0, DURATION_MAX_MS) : 0;
	own->auto_close_ms = own->warning_ms >= DOOR_AUTO_CLOSE_WARNING_MS
					     ? door_clamp(own->auto_close_ms, 0, DURATION_MAX_MS)
					     : 0;
}

static bool same_table(const struct door_opener *a, const struct door_opener *b)
{
	return a->while_opening == b->while_opening && a->while_closing == b->while_closing &&
	       a->after_stop == b->after_stop;
}

static void take_config(struct door *door, const struct door_config *config, struct door_output *output)
{
	struct door_config own = *config;
	const struct door_config old = door->config;

	bound(&own);
	if (memcmp(own.lines, old.lines, sizeof(own.lines)) != 0 ||
			memcmp(own.sensors, old.sensors, sizeof(own.sensors)) != 0)
		return;
	if (door->stopping)
		own.auto_close_ms = 0;
	bool same_presses = same_table(&own.opener, &old.opener) && own.allow_detour == old.allow_detour &&
			    own.pulse_ms == old.pulse_ms && own.gap_ms == old.gap_ms &&
			    own.warning_ms == old.warning_ms && own.auto_close_ms == old.auto_close_ms;
	bool same_way = own.open_time_ms == old.open_time_ms && own.close_time_ms == old.close_time_ms;
	if (!same_presses || (door_aims(door) && !same_way))
		goal_cancel(door, output);
	if (own.auto_close_ms != old.auto_close_ms)
		door->auto_close_ms = DOOR_NEVER;
	door->ready_ms = door->released_ms + own.gap_ms;
	door->config = own;
}

void door_init(struct door *door, const struct door_config *config, int64_t now_ms)
{
	memset(door, 0, sizeof(*door));
	door->config = *config;

	struct door_config *own = &door->config;
	bound(own);
	door->time_ms = now_ms;
	door->settled = true;
	for (int i = 0; i < DOOR_SENSORS; i++) {
		door->contacts[i].edge_ms = now_ms;
		if (own->sensors[i])
			door->settled = false;
	}
	door->base_ppm = -1;
	door->expire_ms = DOOR_NEVER;
	door->warned_ms = DOOR_NEVER;
	door->auto_close_ms = DOOR_NEVER;
	door->relay = DOOR_LINES;
	door->released_ms = now_ms - DURATION_MAX_MS;

	struct door_output output = {0};
	view_publish(door, now_ms, &output);
}

void door_restore_lockout(struct door *door, bool locked, int64_t now_ms)
{
	struct door_output output = {0};

	door->locked_remote = locked;
	door->locked_told = lockout_is_on(door);
	view_publish(door, now_ms, &output);
}

void door_restore(struct door *door, const struct door_totals *totals, int64_t now_ms)
{
	struct door_output output = {0};

	door->cycles = totals->cycles;
	door->last_open_ms = door_clamp(totals->last_open_ms, 0, DURATION_MAX_MS);
	door->last_close_ms = door_clamp(totals->last_close_ms, 0, DURATION_MAX_MS);
	door->last_travel_ms = door_clamp(totals->last_travel_ms, 0, DURATION_MAX_MS);
	view_publish(door, now_ms, &output);
}

/* The relay went on later than at the time of the step: its pulse counts from then. */
static void count_from_then(struct door *door, const struct door_input *input, int64_t now_ms)
{
	if (input->line == door->relay && door->release_ms == door->time_ms + door->config.pulse_ms)
		door->release_ms = door_clamp(input->at_ms, door->time_ms, now_ms) + door->config.pulse_ms;
}

/* Comes first in each step, whatever the input: a pulse ends, and after a stall the presses to come are cancelled. */
static void end_what_is_due(struct door *door, int64_t now_ms, struct door_output *output)
{
	bool waits = door->relay == DOOR_LINES && belief_holds_goal(door);
	bool late = !waits && relays_due_ms(door) <= now_ms - DOOR_LATE_MS;

	if (door->relay != DOOR_LINES && now_ms >= door->release_ms) {
		relays_release(door, now_ms, output);
		if (door->fault == DOOR_FAULT_RELAY_FAILED) {
			belief_clear_fault(door, output);
			belief_enter_fault_of_contacts(door, output);
		}
	}
	if (now_ms >= door->retry_ms)
		relays_release_stuck(door, now_ms, output);
	if (late)
		goal_cancel(door, output);
}

/* The agent ends: everything goes off, and nothing comes on after it. */
static void switch_off_for_good(struct door *door, int64_t now_ms, struct door_output *output)
{
	goal_cancel(door, output);
	if (door->relay != DOOR_LINES)
		relays_release(door, now_ms, output);
	relays_release_stuck(door, now_ms, output);
	door->auto_close_ms = DOOR_NEVER;
	door->config.auto_close_ms = 0;
	door->stopping = true;
}

void door_step(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	enum door_input_kind kind = input != NULL ? input->kind : DOOR_INPUT_TIME;
	bool was_settled = door->settled;

	memset(output, 0, sizeof(*output));
	now_ms = door_max(now_ms, door->time_ms);
	if (kind == DOOR_INPUT_LINE_LATE)
		count_from_then(door, input, now_ms);
	end_what_is_due(door, now_ms, output);

	switch (kind) {
	case DOOR_INPUT_SENSOR:
		if (input->sensor >= DOOR_SENSORS || !contacts_has(door, input->sensor))
			break;
		if (input->sampled)
			hear_level(door, input, now_ms, output);
		else
			hear_edge(door, input, now_ms, output);
		break;
	case DOOR_INPUT_COMMAND:
		belief_advance(door, now_ms, output);
		commands_give(door, input, now_ms, output); /* before a press that is due: STOP comes first */
		relays_proceed(door, now_ms, output);
		break;
	case DOOR_INPUT_LINE_FAILED:
		belief_advance(door, now_ms, output);
		if (input->line < DOOR_LINES)
			relays_line_failed(door, input, now_ms, output);
		break;
	case DOOR_INPUT_LINE_LATE:
		belief_advance(door, now_ms, output);
		break;
	case DOOR_INPUT_STOPPING:
		switch_off_for_good(door, now_ms, output);
		break;
	case DOOR_INPUT_CONFIG:
		belief_advance(door, now_ms, output);
		if (input->config)
			take_config(door, input->config, output);
		belief_advance(door, now_ms, output);
		break;
	case DOOR_INPUT_TIME:
		belief_advance(door, now_ms, output);
		relays_proceed(door, now_ms, output);
		commands_auto_close(door, now_ms, output);
		break;
	}
	bool asked = kind == DOOR_INPUT_COMMAND && input->command >= DOOR_COMMAND_LOCKOUT_ON;
	lockout_watch(door, asked ? input->source : DOOR_SOURCE_LOCAL, was_settled, output);
	view_publish(door, now_ms, output);
	output->deadline_ms = next_deadline(door, now_ms);
}
