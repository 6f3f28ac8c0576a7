#include "door/door.h"

#include <string.h>

#define PPM 1000000
#define PRESSES_MAX 3
#define DURATION_MAX_MS ((int64_t)24 * 60 * 60 * 1000)
#define NEAR_MS 1000 /* besides an eighth of the travel */
#define DUE_MAX 64   /* deadlines handled in one step: a bound for a broken clock, never reached in order */

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool is_moving(enum door_state state)
{
	return state == DOOR_OPENING || state == DOOR_CLOSING;
}

/* What is put out. */

static void act(struct door_output *output, enum door_line line, bool on)
{
	if (output->action_count < DOOR_ACTIONS_MAX)
		output->actions[output->action_count++] = (struct door_action){.line = line, .on = on};
}

static void tell(const struct door *door, struct door_output *output, enum door_event event, enum door_fault fault)
{
	if (output->happening_count < DOOR_HAPPENINGS_MAX)
		output->happenings[output->happening_count++] =
				(struct door_happening){.event = event, .state = door->state, .fault = fault};
}

static void answer(struct door_output *output, enum door_result result, enum door_reason reason)
{
	output->answered = true;
	output->result = result;
	output->reason = reason;
}

/* What the sensors say. */

static bool has(const struct door *door, enum door_sensor sensor)
{
	return door->config.sensors[sensor];
}

/* It is there and its level can be believed. */
static bool hears(const struct door *door, enum door_sensor sensor)
{
	return has(door, sensor) && !door->contacts[sensor].unsteady;
}

static bool is_unsteady(const struct door *door)
{
	for (int i = 0; i < DOOR_SENSORS; i++) {
		if (door->contacts[i].unsteady)
			return true;
	}
	return false;
}

static bool is_active(const struct door *door, enum door_sensor sensor)
{
	return door->contacts[sensor].active;
}

static bool in_conflict(const struct door *door)
{
	return is_active(door, DOOR_SENSOR_CLOSED) && is_active(door, DOOR_SENSOR_OPEN);
}

/* At which end the door is sensed; unknown at none. */
static enum door_state sensed_end(const struct door *door)
{
	bool closed = is_active(door, DOOR_SENSOR_CLOSED), open = is_active(door, DOOR_SENSOR_OPEN);
	return closed == open ? DOOR_UNKNOWN : closed ? DOOR_CLOSED : DOOR_OPEN;
}

/* From when on an end contact will have stood still, if no edge comes; what lies in the past: it does. */
static int64_t steady_ms(const struct door *door, enum door_sensor sensor)
{
	const struct door_contact *contact = &door->contacts[sensor];
	if (!contact->heard || contact->unsteady)
		return INT64_MIN;
	return contact->edge_ms + door->config.debounce_ms;
}

static int64_t ends_steady_ms(const struct door *door)
{
	return max(steady_ms(door, DOOR_SENSOR_CLOSED), steady_ms(door, DOOR_SENSOR_OPEN));
}

/* The first edge counts: what has only just come into the way is not waited for. */
static bool in_the_way(const struct door *door)
{
	return door->contacts[DOOR_SENSOR_OBSTRUCTION].raw || is_active(door, DOOR_SENSOR_OBSTRUCTION);
}

/* On its way by belief, while the sensor of the end that it leaves is active still. */
static bool is_waiting(const struct door *door)
{
	return (door->state == DOOR_OPENING && is_active(door, DOOR_SENSOR_CLOSED)) ||
	       (door->state == DOOR_CLOSING && is_active(door, DOOR_SENSOR_OPEN));
}

/* Where the door is. */

static int64_t travel_ms(const struct door *door, enum door_state direction)
{
	return direction == DOOR_CLOSING ? door->config.close_time_ms : door->config.open_time_ms;
}

static int64_t position_ppm(const struct door *door, int64_t at_ms)
{
	if (door->base_ppm < 0 || !is_moving(door->state) || is_waiting(door))
		return door->base_ppm;
	int64_t way = clamp(at_ms - door->moved_ms, 0, DURATION_MAX_MS) * PPM / travel_ms(door, door->state);
	return clamp(door->base_ppm + (door->state == DOOR_OPENING ? way : -way), 0, PPM);
}

/*
 * The highest that the door may be: a real travel may take two thirds of the configured one, and one that begins
 * downwards may begin late.
 */
static int64_t highest_ppm(const struct door *door, int64_t at_ms)
{
	if (!is_moving(door->state) || is_waiting(door))
		return door->highest_ppm;
	int64_t moved = clamp(at_ms - door->moved_ms, 0, DURATION_MAX_MS);
	int64_t travel = travel_ms(door, door->state);
	if (door->state == DOOR_OPENING)
		return clamp(door->highest_ppm + moved * PPM / travel * 3 / 2, 0, PPM);
	return clamp(door->highest_ppm - max(moved - DOOR_COAST_MS, 0) * PPM / travel, 0, PPM);
}

/* When an opening door is reckoned to be at its end; DOOR_NEVER when it is not known where it is. */
static int64_t arrival_ms(const struct door *door)
{
	int64_t ppm = position_ppm(door, door->time_ms);

	return ppm < 0 ? DOOR_NEVER : door->time_ms + (PPM - ppm) * door->config.open_time_ms / PPM;
}

/*
 * Whether an opening door may stand at its end by the time that a press is heard, when the press would close it. With
 * an open contact that is so near the end of a whole travel; else, as soon as it may be so high.
 */
static bool may_have_arrived(const struct door *door)
{
	if (door->state != DOOR_OPENING || is_waiting(door))
		return false;
	bool whole = door->whole && hears(door, DOOR_SENSOR_OPEN);
	if (!whole && highest_ppm(door, door->time_ms) >= PPM)
		return true;
	if (!hears(door, DOOR_SENSOR_OPEN))
		return false;
	return arrival_ms(door) <= door->time_ms + door->config.open_time_ms / 8 + NEAR_MS;
}

/* Toggle wiring: whether what is believed says what the next press does. */
static bool is_certain(const struct door *door)
{
	enum door_state end = sensed_end(door);

	if (end != DOOR_UNKNOWN)
		return door->state == end;
	return door->certain && !may_have_arrived(door);
}

static int position(const struct door *door, int64_t at_ms)
{
	if (door->state == DOOR_CLOSED)
		return 0;
	if (door->state == DOOR_OPEN && door->base_ppm == PPM)
		return 100;
	int64_t ppm = position_ppm(door, at_ms);
	bool known = door->contacts[DOOR_SENSOR_CLOSED].known;
	if (is_waiting(door))
		return door->state == DOOR_OPENING ? 0 : 100;
	if (ppm < 0 || door->state == DOOR_UNKNOWN || door->state == DOOR_OPEN)
		return known && !is_active(door, DOOR_SENSOR_CLOSED) ? 99 : DOOR_POSITION_UNKNOWN;
	return (int)clamp(ppm * 100 / PPM, 1, 99);
}

static enum door_confidence confidence(const struct door *door)
{
	switch (door->state) {
	case DOOR_UNKNOWN:
		return DOOR_CONFIDENCE_UNKNOWN;
	case DOOR_CLOSED:
		return is_active(door, DOOR_SENSOR_CLOSED) ? DOOR_CONFIDENCE_SENSED : DOOR_CONFIDENCE_ESTIMATED;
	case DOOR_OPEN:
		return is_active(door, DOOR_SENSOR_OPEN) ? DOOR_CONFIDENCE_SENSED : DOOR_CONFIDENCE_ESTIMATED;
	default:
		return DOOR_CONFIDENCE_ESTIMATED;
	}
}

/* What is believed. */

static bool is_of_move(enum door_fault fault)
{
	return fault != DOOR_FAULT_SENSOR_CONFLICT && fault != DOOR_FAULT_SENSOR_UNSTEADY &&
	       fault != DOOR_FAULT_RELAY_FAILED;
}

static void enter_fault(struct door *door, enum door_fault fault, struct door_output *output)
{
	if (door->fault == fault || (is_of_move(fault) && (in_conflict(door) || is_unsteady(door))))
		return;
	door->fault = fault;
	tell(door, output, DOOR_EVENT_FAULT, fault);
}

static void clear_fault(struct door *door, struct door_output *output)
{
	if (door->fault == DOOR_FAULT_NONE)
		return;
	enum door_fault fault = door->fault;
	door->fault = DOOR_FAULT_NONE;
	tell(door, output, DOOR_EVENT_FAULT_CLEARED, fault);
}

static void clear_fault_of_move(struct door *door, struct door_output *output)
{
	if (is_of_move(door->fault))
		clear_fault(door, output);
}

/* Of the contacts, when what covered it has ended. */
static void enter_fault_of_contacts(struct door *door, struct door_output *output)
{
	if (in_conflict(door))
		enter_fault(door, DOOR_FAULT_SENSOR_CONFLICT, output);
	else if (is_unsteady(door))
		enter_fault(door, DOOR_FAULT_SENSOR_UNSTEADY, output);
}

static void become(struct door *door, enum door_state state, struct door_output *output)
{
	if (door->state == state)
		return;
	door->state = state;
	if (state != DOOR_OPEN)
		door->auto_close_ms = DOOR_NEVER;
	if (door->settled)
		tell(door, output, DOOR_EVENT_STATE, DOOR_FAULT_NONE);
}

static void end_goal(struct door *door, struct door_output *output)
{
	door->goal = DOOR_GOAL_NONE;
	if (door->warned_ms != DOOR_NEVER) {
		door->warned_ms = DOOR_NEVER;
		act(output, DOOR_LINE_WARNING, false);
	}
}

static void cancel_goal(struct door *door, struct door_output *output)
{
	if (door->goal == DOOR_GOAL_NONE)
		return;
	end_goal(door, output);
	tell(door, output, DOOR_EVENT_CANCELLED, DOOR_FAULT_NONE);
}

/* An end sensor says what was not expected. The presses of a toggle relay were counted out for something else. */
static void surprise(struct door *door, struct door_output *output)
{
	if (door->config.lines[DOOR_LINE_TOGGLE] || door->warned_ms != DOOR_NEVER)
		cancel_goal(door, output);
}

static void rest(struct door *door, enum door_state state, int64_t base_ppm, struct door_output *output)
{
	door->highest_ppm = base_ppm < 0 ? PPM : max(base_ppm, 0);
	door->base_ppm = base_ppm;
	door->expire_ms = DOOR_NEVER;
	door->commanded = false;
	door->whole = false;
	become(door, state, output);
}

/* It may be anywhere and move anywhere; after the longest travel, what the sensors then say is all that will come. */
static void lose(struct door *door, int64_t at_ms, struct door_output *output)
{
	int64_t travel = max(door->config.open_time_ms, door->config.close_time_ms);
	door->direction = DOOR_UNKNOWN;
	door->base_ppm = -1;
	door->highest_ppm = PPM;
	door->whole = false;
	door->certain = false;
	door->expire_ms = hears(door, DOOR_SENSOR_CLOSED) ? at_ms + travel + travel / 4 + DOOR_FINISH_MS : DOOR_NEVER;
	become(door, DOOR_UNKNOWN, output);
}

/* It rests short of where it was to go, nobody knows where. */
static void strand(struct door *door, struct door_output *output)
{
	bool between = hears(door, DOOR_SENSOR_CLOSED) && has(door, DOOR_SENSOR_OPEN) == hears(door, DOOR_SENSOR_OPEN);
	door->direction = DOOR_UNKNOWN;
	door->certain = false;
	rest(door, between ? DOOR_STOPPED : DOOR_UNKNOWN, -1, output);
}

/* Nothing is known but the levels. */
static void look(struct door *door, struct door_output *output)
{
	rest(door, door->state, -1, output);
	door->certain = false;
	if (in_conflict(door)) {
		cancel_goal(door, output);
		become(door, DOOR_UNKNOWN, output);
		enter_fault(door, DOOR_FAULT_SENSOR_CONFLICT, output);
	} else if (is_active(door, DOOR_SENSOR_CLOSED)) {
		rest(door, DOOR_CLOSED, 0, output);
	} else if (is_active(door, DOOR_SENSOR_OPEN)) {
		rest(door, DOOR_OPEN, PPM, output);
	} else if (hears(door, DOOR_SENSOR_CLOSED) && !has(door, DOOR_SENSOR_OPEN)) {
		rest(door, DOOR_OPEN, -1, output);
	} else {
		lose(door, door->time_ms, output);
	}
}

static void expect(struct door *door)
{
	int64_t travel = travel_ms(door, door->state);
	enum door_sensor end = door->state == DOOR_OPENING ? DOOR_SENSOR_OPEN : DOOR_SENSOR_CLOSED;
	if (is_waiting(door)) {
		door->expire_ms = door->pressed_ms + DOOR_START_MS + travel / 4;
	} else if (has(door, end)) {
		door->expire_ms = door->moved_ms + DOOR_FINISH_MS + travel + travel / 4;
	} else {
		int64_t way = max(door->state == DOOR_OPENING ? PPM - door->base_ppm : door->base_ppm, 1);
		door->expire_ms = door->moved_ms + (door->base_ppm < 0 ? travel : (travel * way + PPM - 1) / PPM);
	}
}

static void move(struct door *door, enum door_state direction, int64_t at_ms, struct door_output *output)
{
	if (door->state == direction)
		return;
	door->whole = direction == DOOR_OPENING ? door->state == DOOR_CLOSED
						: door->state == DOOR_OPEN && door->base_ppm == PPM;
	/* Open with nothing but "not closed" behind it: most likely it is all the way up. */
	bool from_the_top = door->state == DOOR_OPEN && direction == DOOR_CLOSING;
	door->highest_ppm = from_the_top ? PPM : highest_ppm(door, at_ms);
	door->base_ppm = from_the_top ? PPM : position_ppm(door, at_ms);
	door->moved_ms = at_ms;
	door->direction = direction;
	become(door, direction, output);
	expect(door);
}

static void came_to_open(struct door *door, struct door_output *output)
{
	rest(door, DOOR_OPEN, PPM, output);
	if (door->config.auto_close_ms > 0 && door->fault == DOOR_FAULT_NONE)
		door->auto_close_ms = door->time_ms + door->config.auto_close_ms;
}

static void came_to_closed(struct door *door, struct door_output *output)
{
	rest(door, DOOR_CLOSED, 0, output);
	door->cycles++;
}

/* A press that stops a door or sends it back lets it run on for a little. */
static bool is_coasting(const struct door *door, int64_t edge_ms)
{
	return door->press_to != DOOR_UNKNOWN && edge_ms >= door->pressed_ms &&
	       edge_ms - door->pressed_ms <= DOOR_COAST_MS;
}

/* The sensor of an end has become active. */
static void arrive(struct door *door, enum door_state end, int64_t edge_ms, struct door_output *output)
{
	enum door_state towards = end == DOOR_OPEN ? DOOR_OPENING : DOOR_CLOSING;
	bool away = is_moving(door->state) && door->state != towards;

	if (door->press_at != end)
		door->press_at = DOOR_UNKNOWN;
	/* It came to its end just before the press that sent it away, or just ran on to it. */
	if (away && door->commanded && (edge_ms < door->pressed_ms || is_coasting(door, edge_ms))) {
		door->base_ppm = door->highest_ppm = end == DOOR_OPEN ? PPM : 0;
		door->whole = true;
		expect(door);
		return;
	}
	/* An OPEN that comes to the closed end on its way is planned anew from there: it never ends shut. */
	if (door->state != towards && !(door->goal == DOOR_GOAL_OPEN && end == DOOR_CLOSED))
		surprise(door, output);
	if (door->state == towards && door->whole && edge_ms > door->moved_ms)
		*(end == DOOR_OPEN ? &door->last_open_ms : &door->last_close_ms) = door->last_travel_ms =
				edge_ms - door->moved_ms;
	if (!door->commanded && !is_coasting(door, edge_ms))
		door->source = DOOR_SOURCE_LOCAL;
	if (door->fault != DOOR_FAULT_OBSTRUCTED || end == DOOR_CLOSED) {
		clear_fault_of_move(door, output);
		if (away && door->commanded)
			enter_fault(door, DOOR_FAULT_REVERSED, output);
	}
	if (end == DOOR_OPEN)
		came_to_open(door, output);
	else
		came_to_closed(door, output);
}

/* The door runs out of an end at which a press stopped it or sent it back. */
static void coast(struct door *door, enum door_state end, int64_t edge_ms, struct door_output *output)
{
	int64_t base_ppm = end == DOOR_OPEN ? PPM : 0;

	door->certain = false;
	if (!is_moving(door->press_to)) {
		door->direction = end == DOOR_OPEN ? DOOR_CLOSING : DOOR_OPENING;
		rest(door, DOOR_STOPPED, base_ppm, output);
		return;
	}
	door->commanded = true;
	move(door, door->press_to, edge_ms, output);
}

/* The sensor of an end is no longer active. */
static void leave(struct door *door, enum door_state end, int64_t edge_ms, struct door_output *output)
{
	enum door_state away = end == DOOR_OPEN ? DOOR_CLOSING : DOOR_OPENING;
	/* What begins within seconds of a press at this end is ours, once. */
	bool ours = door->press_at == end && edge_ms >= door->pressed_ms && edge_ms - door->pressed_ms <= DOOR_START_MS;

	door->press_at = DOOR_UNKNOWN;
	if (door->state == away) {
		/* The edge may have been lost, and the level read later. */
		int64_t since = clamp(edge_ms - door->pressed_ms, 0, DURATION_MAX_MS);
		door->base_ppm = end == DOOR_OPEN ? PPM : 0;
		door->highest_ppm =
				end == DOOR_OPEN ? PPM : clamp(since * PPM / door->config.open_time_ms * 3 / 2, 0, PPM);
		door->moved_ms = edge_ms;
		door->certain = door->commanded;
		expect(door);
		return;
	}
	surprise(door, output);
	if (door->fault == DOOR_FAULT_DID_NOT_START)
		clear_fault(door, output);
	if (ours && door->press_to != away && is_coasting(door, edge_ms)) {
		coast(door, end, edge_ms, output);
		return;
	}
	if (!ours)
		door->source = DOOR_SOURCE_LOCAL;
	move(door, away, edge_ms, output);
	door->commanded = ours;
	door->certain = ours && door->press_to == away;
}

/* An auto-close that something came in the way of, before its press, has its time anew. */
static void cancel_for_obstruction(struct door *door, struct door_output *output)
{
	bool again = door->goal != DOOR_GOAL_NONE && door->goal_source == DOOR_SOURCE_AUTO_CLOSE &&
		     door->state == DOOR_OPEN;
	cancel_goal(door, output);
	if (again && door->config.auto_close_ms > 0)
		door->auto_close_ms = door->time_ms + door->config.auto_close_ms;
}

static void obstruct(struct door *door, struct door_output *output)
{
	bool closing = door->state == DOOR_CLOSING ||
		       (door->state == DOOR_UNKNOWN && door->commanded && door->press_to == DOOR_CLOSING);
	if (door->press_to == DOOR_CLOSING)
		door->press_to = DOOR_UNKNOWN; /* the opener does what it will */
	if ((!closing || in_conflict(door)) && door->warned_ms == DOOR_NEVER)
		return;
	if (door->goal == DOOR_GOAL_CLOSE || door->goal == DOOR_GOAL_PULSE || door->config.lines[DOOR_LINE_TOGGLE])
		cancel_for_obstruction(door, output);
	enter_fault(door, DOOR_FAULT_OBSTRUCTED, output);
	if (door->state == DOOR_CLOSING && is_waiting(door)) {
		rest(door, DOOR_OPEN, PPM, output);
	} else if (closing && !in_conflict(door)) {
		lose(door, door->time_ms, output);
	}
}

/* At the start: each level has stood still, or is known not to. */
static void settle(struct door *door, struct door_output *output)
{
	for (int i = 0; i < DOOR_SENSORS; i++) {
		if (has(door, (enum door_sensor)i) && !door->contacts[i].known && !door->contacts[i].unsteady)
			return;
	}
	look(door, output);
	if (!in_conflict(door) && is_unsteady(door))
		enter_fault(door, DOOR_FAULT_SENSOR_UNSTEADY, output);
	door->settled = true;
	if (door->state == DOOR_OPEN && door->config.auto_close_ms > 0)
		door->auto_close_ms = door->time_ms + door->config.auto_close_ms;
}

/* What an obstruction sensor says is another thing than before. */
static void obstruction_changed(struct door *door, struct door_output *output)
{
	if (is_active(door, DOOR_SENSOR_OBSTRUCTION))
		obstruct(door, output);
	if (door->auto_close_ms != DOOR_NEVER)
		door->auto_close_ms = door->time_ms + door->config.auto_close_ms;
}

/* A level has stood still: for the time of debouncing, or after an unrest for as long as makes one. */
static void sensor_settled(struct door *door, enum door_sensor sensor, struct door_output *output)
{
	struct door_contact *contact = &door->contacts[sensor];
	bool conflict = in_conflict(door);
	bool was_active = contact->active;
	bool was_unsteady = contact->unsteady;

	contact->known = true;
	contact->unsteady = false;
	contact->active = contact->raw;
	if (was_unsteady && door->fault == DOOR_FAULT_SENSOR_UNSTEADY && !is_unsteady(door))
		clear_fault(door, output);
	if (!door->settled) {
		settle(door, output);
	} else if (sensor == DOOR_SENSOR_OBSTRUCTION) {
		if (contact->active != was_active)
			obstruction_changed(door, output);
	} else if (conflict || in_conflict(door) || was_unsteady) {
		if (was_unsteady)
			surprise(door, output);
		if (door->fault == DOOR_FAULT_SENSOR_CONFLICT)
			clear_fault(door, output);
		look(door, output);
		enter_fault_of_contacts(door, output);
	} else {
		enum door_state end = sensor == DOOR_SENSOR_OPEN ? DOOR_OPEN : DOOR_CLOSED;
		if (contact->active)
			arrive(door, end, contact->edge_ms, output);
		else
			leave(door, end, contact->edge_ms, output);
	}
}

/* For how long a contact may be restless, and must then stand still to be believed again. */
static int64_t unrest_ms(const struct door *door)
{
	return max(DOOR_UNREST_MS, 10 * door->config.debounce_ms);
}

/* A contact has not stood still for too long. What is in the way then cannot be known: it counts as there. */
static void sensor_unsteady(struct door *door, enum door_sensor sensor, struct door_output *output)
{
	struct door_contact *contact = &door->contacts[sensor];
	bool was_active = contact->active;

	contact->unsteady = true;
	contact->known = false;
	contact->active = sensor == DOOR_SENSOR_OBSTRUCTION;
	if (!door->settled) {
		settle(door, output);
		return;
	}
	if (sensor == DOOR_SENSOR_OBSTRUCTION) {
		if (!was_active)
			obstruction_changed(door, output);
	} else {
		surprise(door, output);
		if (door->fault == DOOR_FAULT_SENSOR_CONFLICT)
			clear_fault(door, output);
		look(door, output);
	}
	if (!in_conflict(door) && door->fault != DOOR_FAULT_RELAY_FAILED)
		enter_fault(door, DOOR_FAULT_SENSOR_UNSTEADY, output);
}

/*
 * Toggle wiring: presses for a goal wait where they could do the opposite of it. After a press whose effect no contact
 * has shown, while the door is sensed at the end that the goal is about; and in the tail of an opening, for CLOSE.
 */
static bool is_held(const struct door *door)
{
	if (!door->config.lines[DOOR_LINE_TOGGLE])
		return false;
	switch (door->goal) {
	case DOOR_GOAL_OPEN:
		return door->state == DOOR_CLOSING && is_waiting(door);
	case DOOR_GOAL_CLOSE:
		return door->state == DOOR_OPENING && (is_waiting(door) || may_have_arrived(door));
	case DOOR_GOAL_STOP:
		return is_waiting(door);
	default:
		return false;
	}
}

/* The time that the state was given has run out. */
static void expired(struct door *door, struct door_output *output)
{
	bool opening = door->state == DOOR_OPENING;

	/* An end contact whose edge has still to stand still knows more. */
	door->expire_ms = ends_steady_ms(door) > door->time_ms ? ends_steady_ms(door) : DOOR_NEVER;
	if (door->expire_ms != DOOR_NEVER)
		return;
	if (door->state == DOOR_UNKNOWN) {
		if (door->commanded && door->press_to == DOOR_CLOSING && door->fault == DOOR_FAULT_NONE)
			enter_fault(door, DOOR_FAULT_DID_NOT_FINISH, output);
		if (has(door, DOOR_SENSOR_OPEN))
			strand(door, output);
		else
			look(door, output);
	} else if (is_waiting(door)) {
		/* What was held for this is so: the end that the contact says. */
		if (is_held(door))
			end_goal(door, output);
		cancel_goal(door, output);
		enter_fault(door, DOOR_FAULT_DID_NOT_START, output);
		rest(door, opening ? DOOR_CLOSED : DOOR_OPEN, opening ? 0 : PPM, output);
	} else if (has(door, opening ? DOOR_SENSOR_OPEN : DOOR_SENSOR_CLOSED)) {
		cancel_goal(door, output);
		if (door->commanded)
			enter_fault(door, DOOR_FAULT_DID_NOT_FINISH, output);
		strand(door, output);
	} else if (opening) {
		clear_fault_of_move(door, output);
		came_to_open(door, output);
	} else if (door->commanded &&
			(door->config.lines[DOOR_LINE_TOGGLE] ? door->certain : door->press_to == DOOR_CLOSING)) {
		/* Not after something came into its way: nobody knows where it went. */
		clear_fault_of_move(door, output);
		came_to_closed(door, output);
	} else {
		strand(door, output);
	}
}

static int64_t contact_due(const struct door *door, int i)
{
	const struct door_contact *contact = &door->contacts[i];
	if (!contact->heard || (contact->known && contact->raw == contact->active))
		return DOOR_NEVER;
	return contact->edge_ms + (contact->unsteady ? unrest_ms(door) : door->config.debounce_ms);
}

/* Believes what time alone brings, in its order. */
static void advance(struct door *door, int64_t to_ms, struct door_output *output)
{
	for (int n = 0; n < DUE_MAX; n++) {
		int first = DOOR_SENSORS;
		int64_t due = door->expire_ms;
		for (int i = 0; i < DOOR_SENSORS; i++) {
			if (contact_due(door, i) <= due && contact_due(door, i) != DOOR_NEVER) {
				first = i;
				due = contact_due(door, i);
			}
		}
		if (due > to_ms)
			break;
		door->time_ms = max(door->time_ms, due);
		bool held = is_held(door);
		if (first == DOOR_SENSORS)
			expired(door, output);
		else
			sensor_settled(door, (enum door_sensor)first, output);
		if (held && !is_held(door))
			door->goal_due_ms = door->time_ms;
		/* One press was asked for in another state. */
		if (door->goal == DOOR_GOAL_PRESS && door->state != door->goal_state)
			cancel_goal(door, output);
	}
	door->time_ms = max(door->time_ms, to_ms);
}

/* What a press does. */

/* UNKNOWN when nobody can tell. */
static enum door_state after_press(const struct door_opener *opener, enum door_state state, enum door_state direction)
{
	enum door_state reverse = direction == DOOR_OPENING ? DOOR_CLOSING : DOOR_OPENING;
	enum door_press press = state == DOOR_OPENING ? opener->while_opening : opener->while_closing;

	switch (state) {
	case DOOR_UNKNOWN:
		return DOOR_UNKNOWN;
	case DOOR_OPEN:
		return DOOR_CLOSING;
	case DOOR_CLOSED:
		return DOOR_OPENING;
	case DOOR_OPENING:
	case DOOR_CLOSING:
		if (press == DOOR_PRESS_STOP)
			return DOOR_STOPPED;
		return press == DOOR_PRESS_REVERSE ? reverse : state;
	case DOOR_STOPPED:
		if (direction == DOOR_UNKNOWN)
			return DOOR_UNKNOWN;
		return opener->after_stop == DOOR_PRESS_CONTINUE ? direction : reverse;
	}
	return DOOR_UNKNOWN;
}

static bool is_at(enum door_state state, enum door_state wanted)
{
	switch (wanted) {
	case DOOR_OPENING:
		return state == DOOR_OPENING || state == DOOR_OPEN;
	case DOOR_CLOSING:
		return state == DOOR_CLOSING || state == DOOR_CLOSED;
	default:
		return !is_moving(state) && state != DOOR_UNKNOWN;
	}
}

int door_presses(const struct door_opener *opener, enum door_state state, enum door_state direction,
		enum door_state wanted, bool *closes)
{
	*closes = false;
	for (int presses = 0; presses <= PRESSES_MAX; presses++) {
		if (is_at(state, wanted))
			return presses;
		if (is_moving(state))
			direction = state;
		enum door_state next = after_press(opener, state, direction);
		if (next == DOOR_UNKNOWN || next == state)
			return -1;
		if (next == DOOR_CLOSING)
			*closes = true;
		state = next;
	}
	return -1;
}

struct plan {
	enum door_reason reason; /* NONE: it can be done */
	bool done;               /* nothing to press */
	bool closes;             /* the door may move down on the way */
	bool so_far;             /* by its contact the goal is reached still, though a press may have changed that */
	bool idle;               /* of a pulse: by what is believed, it changes nothing */
	enum door_line line;     /* to press next */
};

static struct plan plan_press(const struct door *door)
{
	enum door_state next = after_press(&door->config.opener, door->state, door->direction);
	struct plan plan = {.line = DOOR_LINE_TOGGLE, .closes = next == DOOR_CLOSING || next == DOOR_UNKNOWN};

	if (may_have_arrived(door))
		plan.reason = DOOR_REASON_UNCERTAIN;
	else if (!is_certain(door))
		plan.closes = sensed_end(door) != DOOR_CLOSED;
	else if (next == door->state && next != DOOR_UNKNOWN)
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
	if (is_waiting(door)) {
		/* What it takes is known when the contact lets go. Until then it is so. */
		plan.so_far = door->contacts[sensed_end(door) == DOOR_OPEN ? DOOR_SENSOR_OPEN : DOOR_SENSOR_CLOSED].raw;
		plan.closes = goal == DOOR_GOAL_CLOSE && !plan.so_far;
	} else if (presses < 0 && after_press(opener, door->state, door->direction) == DOOR_UNKNOWN) {
		plan.reason = DOOR_REASON_UNKNOWN_STATE;
	} else if (presses < 0) {
		plan.reason = goal == DOOR_GOAL_STOP ? DOOR_REASON_NO_STOP : DOOR_REASON_NO_WAY;
	} else if (goal == DOOR_GOAL_CLOSE && may_have_arrived(door)) {
		/* It waits for the end. */
		if (!door->certain)
			plan.reason = DOOR_REASON_UNCERTAIN;
		plan.closes = true;
	} else if (!is_certain(door)) {
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
static bool is_busy(const struct door *door)
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
				.done = (door->state == DOOR_CLOSED && is_active(door, DOOR_SENSOR_CLOSED)) ||
					(door->state == DOOR_CLOSING && is_busy(door))};
	default:
		return (struct plan){.line = DOOR_LINE_STOP, .done = is_at(door->state, DOOR_STOPPED)};
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
	else if (plan.closes && in_the_way(door))
		plan.reason = DOOR_REASON_OBSTRUCTED;
	else if (line != DOOR_LINE_TOGGLE)
		plan.idle = plan_direct(door, goals[line]).done;
	return plan;
}

static struct plan plan_for(const struct door *door, enum door_goal goal)
{
	if (goal == DOOR_GOAL_PULSE)
		return plan_pulse(door);
	bool toggle = door->config.lines[DOOR_LINE_TOGGLE];
	struct plan plan = toggle ? plan_toggle(door, goal) : plan_direct(door, goal);

	if (in_conflict(door) && goal != DOOR_GOAL_PRESS && plan.line != DOOR_LINE_STOP)
		plan.reason = DOOR_REASON_SENSOR_CONFLICT;
	else if (plan.reason == DOOR_REASON_NONE && !plan.done && !door->config.lines[plan.line])
		plan.reason = plan.line == DOOR_LINE_STOP ? DOOR_REASON_NO_STOP : DOOR_REASON_NO_WAY;
	else if (plan.reason == DOOR_REASON_NONE && !plan.done && plan.closes && in_the_way(door))
		plan.reason = DOOR_REASON_OBSTRUCTED;
	return plan;
}

static enum door_state state_after(const struct door *door, enum door_line line)
{
	switch (line) {
	case DOOR_LINE_OPEN:
		return DOOR_OPENING;
	case DOOR_LINE_CLOSE:
		return DOOR_CLOSING;
	case DOOR_LINE_STOP:
		return is_moving(door->state) ? DOOR_STOPPED : door->state;
	default:
		return after_press(&door->config.opener, door->state, door->direction);
	}
}

/* The close relay once more: if it was not heard before, the whole travel begins here. */
static void close_again(struct door *door, int64_t now_ms, struct door_output *output)
{
	int64_t travel = door->config.close_time_ms;

	if (has(door, DOOR_SENSOR_CLOSED) && door->state == DOOR_CLOSING) {
		door->expire_ms = now_ms + travel / 4 + (is_waiting(door) ? DOOR_START_MS : travel + DOOR_FINISH_MS);
		return;
	}
	door->base_ppm = -1;
	door->moved_ms = now_ms;
	door->whole = false;
	move(door, DOOR_CLOSING, now_ms, output);
	expect(door);
}

/* It stops on its way, and may run on for a little. */
static void stop(struct door *door, int64_t now_ms, struct door_output *output)
{
	int64_t highest_ppm_then = highest_ppm(door, now_ms + DOOR_COAST_MS / 2);

	rest(door, DOOR_STOPPED, position_ppm(door, now_ms), output);
	door->highest_ppm = highest_ppm_then;
}

static void press(struct door *door, const struct plan *plan, int64_t now_ms, struct door_output *output)
{
	enum door_line line = plan->line;
	enum door_state next = state_after(door, line);
	enum door_state end = sensed_end(door);

	act(output, line, true);
	door->relay = line;
	door->release_ms = now_ms + door->config.pulse_ms;
	door->goal_takes_ms += door->config.pulse_ms + door->config.gap_ms;
	if (plan->idle)
		return;
	if (line == DOOR_LINE_TOGGLE && !is_certain(door))
		next = DOOR_UNKNOWN;
	door->source = door->goal_source;
	door->commanded = true;
	door->pressed_ms = now_ms;
	door->press_at = end;
	door->press_to = next == DOOR_UNKNOWN && door->goal == DOOR_GOAL_CLOSE ? DOOR_CLOSING : next;
	if (in_conflict(door))
		return;
	if (line == DOOR_LINE_CLOSE && (door->state == DOOR_CLOSING || door->state == DOOR_CLOSED))
		close_again(door, now_ms, output);
	else if (is_moving(next))
		move(door, next, now_ms, output);
	else if (next == DOOR_STOPPED)
		stop(door, now_ms, output);
	else if (line == DOOR_LINE_STOP)
		strand(door, output);
	else if (end == DOOR_UNKNOWN)
		lose(door, now_ms, output);
	/* Before it has left its end, what would stop it or send it back, or do nobody knows what, leaves it there. */
	if (end != DOOR_UNKNOWN && (next == DOOR_UNKNOWN || !is_waiting(door)))
		look(door, output);
}

static void release(struct door *door, int64_t now_ms, struct door_output *output)
{
	act(output, door->relay, false);
	door->relay = DOOR_LINES;
	door->released_ms = now_ms;
	door->ready_ms = now_ms + door->config.gap_ms;
}

static bool is_stuck(const struct door *door)
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
	act(output, DOOR_LINE_WARNING, true);
	tell(door, output, DOOR_EVENT_WARNING, DOOR_FAULT_NONE);
}

static void accept(struct door *door, enum door_goal goal, enum door_source source, const struct plan *plan,
		int64_t given_ms, int64_t now_ms, struct door_output *output)
{
	if (!plan->so_far)
		clear_fault_of_move(door, output);
	door->goal = goal;
	door->goal_source = source;
	door->goal_state = door->state;
	door->goal_warned = false;
	door->goal_given_ms = given_ms;
	door->goal_takes_ms = door->relay != DOOR_LINES ? door->release_ms - now_ms + door->config.gap_ms
							: max(door->ready_ms - now_ms, 0);
	door->goal_due_ms = now_ms;
	if (plan->closes && door->config.warning_ms > 0)
		warn(door, now_ms, output);
}

/* When a command that waits is given up. */
static int64_t goal_until_ms(const struct door *door)
{
	return door->goal_given_ms + DOOR_AGE_MS + door->goal_takes_ms;
}

static bool uses_toggle(const struct door *door)
{
	return door->config.lines[DOOR_LINE_TOGGLE];
}

/* When a pulse is to end, or else a press is to be made. */
static int64_t relay_due(const struct door *door)
{
	if (door->relay != DOOR_LINES)
		return door->release_ms;
	if (door->goal == DOOR_GOAL_NONE)
		return DOOR_NEVER;
	int64_t due = max(door->ready_ms, door->goal_due_ms);
	if (uses_toggle(door))
		due = max(due, ends_steady_ms(door));
	return door->warned_ms == DOOR_NEVER ? due : max(due, door->warned_ms);
}

/* Whether presses that were accepted may no longer be made: nobody asks for them now. */
static bool has_lapsed(const struct door *door, int64_t now_ms)
{
	return now_ms > goal_until_ms(door);
}

/* The only place where a relay goes on. */
static void proceed(struct door *door, int64_t now_ms, struct door_output *output)
{
	if (door->goal == DOOR_GOAL_NONE || door->relay != DOOR_LINES)
		return;
	if (has_lapsed(door, now_ms)) {
		cancel_goal(door, output);
		return;
	}
	if (now_ms < relay_due(door) || is_held(door))
		return;
	if (door->warned_ms != DOOR_NEVER) {
		door->warned_ms = DOOR_NEVER;
		door->goal_warned = true;
		act(output, DOOR_LINE_WARNING, false);
	}
	struct plan plan = plan_for(door, door->goal);
	if (plan.reason == DOOR_REASON_OBSTRUCTED) {
		cancel_for_obstruction(door, output);
		enter_fault(door, DOOR_FAULT_OBSTRUCTED, output);
		return;
	}
	if (plan.reason != DOOR_REASON_NONE) {
		cancel_goal(door, output);
		return;
	}
	if (!plan.done && plan.closes && door->config.warning_ms > 0 && !door->goal_warned) {
		warn(door, now_ms, output);
		return;
	}
	if (!plan.done) {
		/* After a press that may have done anything there is nothing more to count. */
		bool counted = door->goal != DOOR_GOAL_PRESS && door->goal != DOOR_GOAL_PULSE && is_certain(door);
		press(door, &plan, now_ms, output);
		if (plan.line == DOOR_LINE_TOGGLE && counted && !plan_for(door, door->goal).done)
			return;
	}
	door->goal = DOOR_GOAL_NONE;
}

/* When there is something to do for a relay: also when presses that still wait have become too old. */
static int64_t press_due(const struct door *door)
{
	if (door->relay != DOOR_LINES || door->goal == DOOR_GOAL_NONE)
		return relay_due(door);
	int64_t lapses = goal_until_ms(door) + 1;
	return is_held(door) || relay_due(door) > lapses ? lapses : relay_due(door);
}

/* When the next change comes that time alone brings, other than that of a position. */
static int64_t change_due(const struct door *door)
{
	int64_t due = press_due(door) < door->expire_ms ? press_due(door) : door->expire_ms;
	for (int i = 0; i < DOOR_SENSORS; i++)
		due = contact_due(door, i) < due ? contact_due(door, i) : due;
	return due;
}

/*
 * Whether a command that is accepted now is pressed before it is too old, if nothing else happens. The door's own copy
 * lives through that time. An open contact is taken to come as reckoned.
 */
static bool comes_in_time(const struct door *door, enum door_goal goal, const struct plan *plan, int64_t given_ms)
{
	struct door future = *door;
	struct door_output ignored = {0};

	if (!uses_toggle(door))
		return true;
	end_goal(&future, &ignored);
	accept(&future, goal, DOOR_SOURCE_NONE, plan, given_ms, door->time_ms, &ignored);
	for (int n = 0; n < DUE_MAX && future.goal != DOOR_GOAL_NONE; n++) {
		int64_t at_ms = max(change_due(&future), future.time_ms);
		bool arrives = is_held(&future) && hears(&future, DOOR_SENSOR_OPEN);
		if (arrives && future.state == DOOR_OPENING && !is_waiting(&future))
			return arrival_ms(&future) <= goal_until_ms(&future);
		if (future.relay != DOOR_LINES && at_ms >= future.release_ms)
			release(&future, at_ms, &ignored);
		advance(&future, at_ms, &ignored);
		if (future.relay != DOOR_LINES)
			continue;
		if (has_lapsed(&future, at_ms))
			return false;
		proceed(&future, at_ms, &ignored);
		if (future.relay != DOOR_LINES)
			return true;
	}
	return true;
}

/* A press of which nobody knows what it does, with something in the way: the warning may free it. */
static bool may_be_freed(const struct door *door, enum door_goal goal, const struct plan *plan)
{
	return plan->reason == DOOR_REASON_OBSTRUCTED && goal == DOOR_GOAL_PRESS && !is_certain(door) &&
	       door->config.warning_ms > 0;
}

/* The plan for a new command: also, whether it will come to a press at all. */
static struct plan plan_command(const struct door *door, enum door_goal goal, int64_t given_ms)
{
	struct plan plan = plan_for(door, goal);

	if (may_be_freed(door, goal, &plan))
		plan.reason = DOOR_REASON_NONE;
	if (plan.reason == DOOR_REASON_NONE && !plan.done && !plan.so_far &&
			!comes_in_time(door, goal, &plan, given_ms))
		plan.reason = DOOR_REASON_UNCERTAIN;
	return plan;
}

static void auto_close(struct door *door, int64_t now_ms, struct door_output *output)
{
	if (now_ms < door->auto_close_ms)
		return;
	door->auto_close_ms = DOOR_NEVER;
	struct plan plan = plan_command(door, DOOR_GOAL_CLOSE, now_ms);
	if (plan.reason == DOOR_REASON_OBSTRUCTED) {
		door->auto_close_ms = now_ms + door->config.auto_close_ms;
	} else if (plan.reason == DOOR_REASON_NONE && !plan.done && door->goal == DOOR_GOAL_NONE && !is_stuck(door)) {
		tell(door, output, DOOR_EVENT_AUTO_CLOSE, DOOR_FAULT_NONE);
		accept(door, DOOR_GOAL_CLOSE, DOOR_SOURCE_AUTO_CLOSE, &plan, now_ms, now_ms, output);
	}
}

/* What TOGGLE means here; a reason when nobody can tell. */
static enum door_reason toggle_goal(const struct door *door, enum door_goal *goal)
{
	bool toggle = door->config.lines[DOOR_LINE_TOGGLE];

	if (door->state == DOOR_OPEN)
		*goal = DOOR_GOAL_CLOSE;
	else if (door->state == DOOR_CLOSED)
		*goal = DOOR_GOAL_OPEN;
	else if (toggle)
		*goal = DOOR_GOAL_PRESS;
	else if (is_moving(door->state))
		*goal = DOOR_GOAL_STOP;
	else if (in_conflict(door))
		return DOOR_REASON_SENSOR_CONFLICT;
	else if (door->direction == DOOR_UNKNOWN)
		return DOOR_REASON_UNKNOWN_STATE;
	else
		*goal = door->direction == DOOR_OPENING ? DOOR_GOAL_CLOSE : DOOR_GOAL_OPEN;
	return DOOR_REASON_NONE;
}

static const enum door_goal goals[] = {
		[DOOR_COMMAND_OPEN] = DOOR_GOAL_OPEN,
		[DOOR_COMMAND_CLOSE] = DOOR_GOAL_CLOSE,
		[DOOR_COMMAND_STOP] = DOOR_GOAL_STOP,
		[DOOR_COMMAND_PULSE] = DOOR_GOAL_PULSE,
};

/* Why a command is refused before anything is planned for it; sets what it asks for, unless it takes back a close. */
static enum door_reason understand(const struct door *door, const struct door_input *input, int64_t given_ms,
		int64_t now_ms, enum door_goal *goal, bool *takes_back)
{
	bool once = input->command == DOOR_COMMAND_TOGGLE || input->command == DOOR_COMMAND_PULSE;

	if (door->stopping)
		return DOOR_REASON_STOPPING;
	if (!door->settled)
		return DOOR_REASON_NOT_SETTLED;
	if (input->command > DOOR_COMMAND_PULSE)
		return DOOR_REASON_UNKNOWN_COMMAND;
	if (now_ms - given_ms > DOOR_AGE_MS)
		return DOOR_REASON_STALE;
	if (is_stuck(door))
		return DOOR_REASON_RELAY_FAILED;
	*takes_back = input->command == DOOR_COMMAND_TOGGLE && door->warned_ms != DOOR_NEVER;
	if (*takes_back)
		return DOOR_REASON_NONE;
	if (once && (door->goal != DOOR_GOAL_NONE || is_busy(door)))
		return DOOR_REASON_BUSY;
	if (input->command == DOOR_COMMAND_TOGGLE)
		return toggle_goal(door, goal);
	*goal = goals[input->command];
	return DOOR_REASON_NONE;
}

static void command(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	int64_t given_ms = input->given_ms != 0 && input->given_ms < now_ms ? input->given_ms : now_ms;
	enum door_goal goal = DOOR_GOAL_STOP;
	bool cancelled = false;
	enum door_reason reason = understand(door, input, given_ms, now_ms, &goal, &cancelled);

	if (reason != DOOR_REASON_NONE) {
		answer(output, DOOR_RESULT_REJECTED, reason);
		return;
	}
	if (cancelled) {
		cancel_goal(door, output);
		answer(output, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE);
		return;
	}
	if (goal == door->goal) {
		door->goal_given_ms = max(door->goal_given_ms, given_ms);
		answer(output, DOOR_RESULT_UNCHANGED, DOOR_REASON_NONE);
		return;
	}
	if (goal == DOOR_GOAL_PULSE)
		door->pulse_line = input->line;
	struct plan plan = plan_command(door, goal, given_ms);
	/* Who asks for OPEN, even where it cannot be done, wants no close that is warned of. */
	bool unwanted = goal == DOOR_GOAL_STOP || (goal == DOOR_GOAL_OPEN && door->warned_ms != DOOR_NEVER);
	if (door->goal != DOOR_GOAL_NONE && (unwanted || plan.reason == DOOR_REASON_NONE)) {
		cancel_goal(door, output);
		cancelled = true;
	}
	/* What was to come has been taken back; whether the command can be done is another thing. */
	if (plan.reason != DOOR_REASON_NONE && (!cancelled || goal == DOOR_GOAL_OPEN || is_moving(door->state)))
		answer(output, DOOR_RESULT_REJECTED, plan.reason);
	else if ((plan.done || plan.so_far) && !cancelled)
		answer(output, DOOR_RESULT_UNCHANGED, DOOR_REASON_NONE);
	else
		answer(output, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE);
	if (!plan.done && plan.reason == DOOR_REASON_NONE)
		accept(door, goal, input->source, &plan, given_ms, now_ms, output);
}

static void line_failed(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	cancel_goal(door, output);
	if (input->active && door->relay != DOOR_LINES)
		release(door, now_ms, output);
	else if (input->active)
		act(output, input->line, false);
	if (input->active && input->line != DOOR_LINE_WARNING) {
		door->press_at = door->press_to = DOOR_UNKNOWN;
		look(door, output);
	}
	if (!input->active) {
		door->stuck[input->line] = true;
		door->retry_ms = now_ms + DOOR_RELEASE_RETRY_MS;
	}
	enter_fault(door, DOOR_FAULT_RELAY_FAILED, output);
	answer(output, DOOR_RESULT_REJECTED, DOOR_REASON_RELAY_FAILED);
}

static void release_stuck(struct door *door, int64_t now_ms, struct door_output *output)
{
	for (int i = 0; i < DOOR_LINES; i++) {
		if (!door->stuck[i])
			continue;
		act(output, (enum door_line)i, false);
		door->stuck[i] = false;
		door->released_ms = now_ms;
		door->ready_ms = now_ms + door->config.gap_ms;
	}
}

static void contact_edge(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	struct door_contact *contact = &door->contacts[input->sensor];
	int64_t at_ms = clamp(input->at_ms, contact->edge_ms, now_ms);

	advance(door, at_ms, output);
	if (!contact->heard || contact->raw != input->active) {
		if (!contact->heard || at_ms - contact->edge_ms >= max(door->config.debounce_ms, DOOR_QUIET_MS))
			contact->unrest_ms = at_ms;
		contact->heard = true;
		contact->raw = input->active;
		contact->edge_ms = at_ms;
		if (!contact->unsteady && at_ms - contact->unrest_ms >= unrest_ms(door))
			sensor_unsteady(door, input->sensor, output);
	}
	advance(door, door->time_ms, output);
}

/*
 * A level that was read. Where it is not that of the last edge, the chip has lost one: as of now. While that edge is
 * still to stand still, it proves nothing, since a contact bounces; an edge is never undone by a level that was read.
 * A state whose time has run out waits for the next step, which the deadline asks for: the other levels are read first.
 */
static void contact_sampled(
		struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	struct door_contact *contact = &door->contacts[input->sensor];

	if (!contact->heard || (contact->raw != input->active && now_ms >= steady_ms(door, input->sensor))) {
		contact->heard = true;
		contact->raw = input->active;
		contact->edge_ms = now_ms;
		contact->unrest_ms = now_ms;
	}
	advance(door, door->expire_ms <= now_ms ? door->expire_ms - 1 : now_ms, output);
}

static int64_t next_deadline(const struct door *door, int64_t now_ms)
{
	int64_t due = change_due(door);
	int64_t candidates[] = {
			is_stuck(door) ? door->retry_ms : DOOR_NEVER,
			door->auto_close_ms,
			DOOR_NEVER,
	};

	if (is_moving(door->state) && door->base_ppm >= 0 && !is_waiting(door)) {
		int percent = position(door, now_ms);
		if (door->state == DOOR_OPENING ? percent < 99 : percent > 1)
			candidates[2] = door->said_position_ms + DOOR_POSITION_EVERY_MS;
	}
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++)
		due = candidates[i] < due ? candidates[i] : due;
	for (int i = 0; i < DOOR_SENSORS; i++) {
		/* Its level is read when it should have stood still. */
		int64_t steady = steady_ms(door, (enum door_sensor)i);
		due = steady > now_ms && steady < due ? steady : due;
	}
	return due;
}

/* Of a door that is given nothing else meanwhile: presses that are still to come are not looked at. */
static enum door_reason refusal(const struct door *door, enum door_command command)
{
	enum door_goal goal = goals[command];

	if (door->stopping)
		return DOOR_REASON_STOPPING;
	if (!door->settled)
		return DOOR_REASON_NOT_SETTLED;
	if (is_stuck(door))
		return DOOR_REASON_RELAY_FAILED;
	if (command == DOOR_COMMAND_TOGGLE && door->warned_ms != DOOR_NEVER)
		return DOOR_REASON_NONE;
	enum door_reason reason = command == DOOR_COMMAND_TOGGLE ? toggle_goal(door, &goal) : DOOR_REASON_NONE;
	if (reason != DOOR_REASON_NONE)
		return reason;
	return plan_command(door, goal, door->time_ms).reason;
}

void door_view(const struct door *door, int64_t now_ms, struct door_view *view)
{
	bool closes;
	bool stops = door->config.lines[DOOR_LINE_STOP];

	if (door->config.lines[DOOR_LINE_TOGGLE]) {
		for (enum door_state state = DOOR_OPENING; state <= DOOR_CLOSING; state++) {
			if (is_moving(state) &&
					door_presses(&door->config.opener, state, state, DOOR_STOPPED, &closes) > 0 &&
					!closes)
				stops = true;
		}
	}
	view->state = door->state;
	view->confidence = confidence(door);
	view->fault = door->fault;
	view->source = door->source;
	view->position = position(door, max(now_ms, door->time_ms));
	view->cycles = door->cycles;
	view->last_open_ms = door->last_open_ms;
	view->last_close_ms = door->last_close_ms;
	view->last_travel_ms = door->last_travel_ms;
	view->toggles = door->config.lines[DOOR_LINE_TOGGLE];
	for (enum door_command i = DOOR_COMMAND_OPEN; i < DOOR_COMMANDS; i++)
		view->refusals[i] = refusal(door, i);
	view->has_stop = stops;
	view->has_position = true;
	view->has_closed_sensor = has(door, DOOR_SENSOR_CLOSED);
	view->has_open_sensor = has(door, DOOR_SENSOR_OPEN);
	view->has_obstruction_sensor = has(door, DOOR_SENSOR_OBSTRUCTION);
	view->closed_sensor = is_active(door, DOOR_SENSOR_CLOSED);
	view->open_sensor = is_active(door, DOOR_SENSOR_OPEN);
	view->obstruction_sensor = is_active(door, DOOR_SENSOR_OBSTRUCTION);
	view->settled = door->settled;
	view->warning = door->warned_ms != DOOR_NEVER;
}

/* Compares with what was said before. A moving position is said every DOOR_POSITION_EVERY_MS only. */
static void publish(struct door *door, int64_t now_ms, struct door_output *output)
{
	struct door_view view = {0};
	const struct door_view *said = &door->said;

	door_view(door, now_ms, &view);
	output->state_changed = view.state != said->state;
	if (is_moving(view.state) && !output->state_changed && now_ms - door->said_position_ms < DOOR_POSITION_EVERY_MS)
		view.position = said->position;
	else
		door->said_position_ms = now_ms;
	output->position_changed = view.position != said->position;
	output->attributes_changed =
			output->state_changed || view.confidence != said->confidence || view.fault != said->fault ||
			view.source != said->source || view.cycles != said->cycles ||
			view.last_open_ms != said->last_open_ms || view.last_close_ms != said->last_close_ms ||
			view.closed_sensor != said->closed_sensor || view.open_sensor != said->open_sensor ||
			view.obstruction_sensor != said->obstruction_sensor || view.settled != said->settled ||
			view.warning != said->warning;
	door->said = view;
}

/* Pulls what is out of range into it. */
static void bound(struct door_config *own)
{
	if (own->lines[DOOR_LINE_TOGGLE])
		own->lines[DOOR_LINE_OPEN] = own->lines[DOOR_LINE_CLOSE] = own->lines[DOOR_LINE_STOP] = false;
	own->pulse_ms = clamp(own->pulse_ms, 1, DOOR_PULSE_MAX_MS);
	own->gap_ms = clamp(own->gap_ms, DOOR_GAP_MIN_MS, DURATION_MAX_MS);
	own->debounce_ms = clamp(own->debounce_ms, 0, DURATION_MAX_MS);
	own->open_time_ms = clamp(own->open_time_ms, 1, DURATION_MAX_MS);
	own->close_time_ms = clamp(own->close_time_ms, 1, DURATION_MAX_MS);
	own->warning_ms = own->lines[DOOR_LINE_WARNING] ? clamp(own->warning_ms, 0, DURATION_MAX_MS) : 0;
	own->auto_close_ms = own->warning_ms >= DOOR_AUTO_CLOSE_WARNING_MS
					     ? clamp(own->auto_close_ms, 0, DURATION_MAX_MS)
					     : 0;
}

static bool same_table(const struct door_opener *a, const struct door_opener *b)
{
	return a->while_opening == b->while_opening && a->while_closing == b->while_closing &&
	       a->after_stop == b->after_stop;
}

static void configure(struct door *door, const struct door_config *config, struct door_output *output)
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
	if (!same_presses)
		cancel_goal(door, output);
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
	door->ready_ms = now_ms;
	door->pressed_ms = now_ms - DURATION_MAX_MS;

	struct door_output output = {0};
	publish(door, now_ms, &output);
}

void door_restore(struct door *door, const struct door_totals *totals, int64_t now_ms)
{
	struct door_output output = {0};

	door->cycles = totals->cycles;
	door->last_open_ms = clamp(totals->last_open_ms, 0, DURATION_MAX_MS);
	door->last_close_ms = clamp(totals->last_close_ms, 0, DURATION_MAX_MS);
	door->last_travel_ms = clamp(totals->last_travel_ms, 0, DURATION_MAX_MS);
	publish(door, now_ms, &output);
}

void door_step(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	enum door_input_kind kind = input != NULL ? input->kind : DOOR_INPUT_TIME;

	memset(output, 0, sizeof(*output));
	now_ms = max(now_ms, door->time_ms);
	if (kind == DOOR_INPUT_LINE_LATE && input->line == door->relay &&
			door->release_ms == door->time_ms + door->config.pulse_ms)
		door->release_ms = clamp(input->at_ms, door->time_ms, now_ms) + door->config.pulse_ms;
	bool late = (door->relay != DOOR_LINES || !is_held(door)) && relay_due(door) <= now_ms - DOOR_LATE_MS;
	if (door->relay != DOOR_LINES && now_ms >= door->release_ms) {
		release(door, now_ms, output);
		if (door->fault == DOOR_FAULT_RELAY_FAILED) {
			clear_fault(door, output);
			enter_fault_of_contacts(door, output);
		}
	}
	if (is_stuck(door) && now_ms >= door->retry_ms)
		release_stuck(door, now_ms, output);
	if (late)
		cancel_goal(door, output);

	switch (kind) {
	case DOOR_INPUT_SENSOR:
		if (input->sensor < DOOR_SENSORS && has(door, input->sensor))
			(input->sampled ? contact_sampled : contact_edge)(door, input, now_ms, output);
		break;
	case DOOR_INPUT_COMMAND:
		advance(door, now_ms, output);
		command(door, input, now_ms, output); /* before a press that is due: STOP comes first */
		proceed(door, now_ms, output);
		break;
	case DOOR_INPUT_LINE_FAILED:
		advance(door, now_ms, output);
		if (input->line < DOOR_LINES)
			line_failed(door, input, now_ms, output);
		break;
	case DOOR_INPUT_LINE_LATE:
		advance(door, now_ms, output);
		break;
	case DOOR_INPUT_STOPPING:
		cancel_goal(door, output);
		if (door->relay != DOOR_LINES)
			release(door, now_ms, output);
		release_stuck(door, now_ms, output);
		door->auto_close_ms = DOOR_NEVER;
		door->config.auto_close_ms = 0;
		door->stopping = true;
		break;
	case DOOR_INPUT_CONFIG:
		advance(door, now_ms, output);
		if (input->config)
			configure(door, input->config, output);
		advance(door, now_ms, output);
		break;
	case DOOR_INPUT_TIME:
		advance(door, now_ms, output);
		proceed(door, now_ms, output);
		auto_close(door, now_ms, output);
		break;
	}
	publish(door, now_ms, output);
	output->deadline_ms = next_deadline(door, now_ms);
}
