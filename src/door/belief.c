/*
 * What is believed of the door: state, direction, fault and source, and when a state is given up (expire_ms). Contacts that
 * have stood still, time that has run out and presses (relays.c) change it. What a contact says comes before what was
 * reckoned. Where a contact says what was not expected, the presses to come are cancelled, since they were counted out
 * for something else.
 *
 *   belief_advance   time passes: contacts settle and states expire, in their order
 *   sensor_settled   a level counts: arrive or leave an end, an obstruction, a conflict, the start
 *   rest, move, lose, strand, look   the ways in which a state comes about
 */
#include "door/private.h"

static bool is_of_move(enum door_fault fault)
{
	return fault != DOOR_FAULT_SENSOR_CONFLICT && fault != DOOR_FAULT_SENSOR_UNSTEADY &&
	       fault != DOOR_FAULT_RELAY_FAILED;
}

void belief_enter_fault(struct door *door, enum door_fault fault, struct door_output *output)
{
	if (door->fault == fault || (is_of_move(fault) && (contacts_conflict(door) || contacts_unsteady(door))))
		return;
	door->fault = fault;
	door_tell(door, output, DOOR_EVENT_FAULT, fault);
}

void belief_clear_fault(struct door *door, struct door_output *output)
{
	if (door->fault == DOOR_FAULT_NONE)
		return;
	enum door_fault fault = door->fault;
	door->fault = DOOR_FAULT_NONE;
	door_tell(door, output, DOOR_EVENT_FAULT_CLEARED, fault);
}

void belief_clear_fault_of_move(struct door *door, struct door_output *output)
{
	if (is_of_move(door->fault))
		belief_clear_fault(door, output);
}

/* Of the contacts, when what covered it has ended. */
void belief_enter_fault_of_contacts(struct door *door, struct door_output *output)
{
	if (contacts_conflict(door))
		belief_enter_fault(door, DOOR_FAULT_SENSOR_CONFLICT, output);
	else if (contacts_unsteady(door))
		belief_enter_fault(door, DOOR_FAULT_SENSOR_UNSTEADY, output);
}

static void become(struct door *door, enum door_state state, struct door_output *output)
{
	if (door->state == state)
		return;
	if (door_aims(door) && state != door->aim)
		goal_cancel(door, output);
	door->state = state;
	if (state != DOOR_OPEN)
		door->auto_close_ms = DOOR_NEVER;
	if (door->settled)
		door_tell(door, output, DOOR_EVENT_STATE, DOOR_FAULT_NONE);
}

/* An end sensor says what was not expected. The presses of a toggle relay were counted out for something else. */
static void surprise(struct door *door, struct door_output *output)
{
	if (door_toggles(door) || door->warned_ms != DOOR_NEVER || door_aims(door))
		goal_cancel(door, output);
}

void belief_rest(struct door *door, enum door_state state, int64_t base_ppm, struct door_output *output)
{
	door->highest_ppm = base_ppm < 0 ? PPM : base_ppm;
	door->base_ppm = base_ppm;
	door->expire_ms = DOOR_NEVER;
	door->commanded = false;
	become(door, state, output);
}

/* It may be anywhere and move anywhere; after the longest travel, what the sensors then say is all that will come. */
void belief_lose(struct door *door, int64_t at_ms, struct door_output *output)
{
	int64_t travel = door_max(door->config.open_time_ms, door->config.close_time_ms);
	door->direction = DOOR_UNKNOWN;
	door->base_ppm = -1;
	door->highest_ppm = PPM;
	door->certain = false;
	door->expire_ms = contacts_hears(door, DOOR_SENSOR_CLOSED) ? at_ms + travel + travel / 4 + DOOR_FINISH_MS
								   : DOOR_NEVER;
	become(door, DOOR_UNKNOWN, output);
}

/* It rests short of where it was to go, nobody knows where. */
void belief_strand(struct door *door, struct door_output *output)
{
	bool between = contacts_hears(door, DOOR_SENSOR_CLOSED) &&
		       contacts_has(door, DOOR_SENSOR_OPEN) == contacts_hears(door, DOOR_SENSOR_OPEN);
	door->direction = DOOR_UNKNOWN;
	door->certain = false;
	belief_rest(door, between ? DOOR_STOPPED : DOOR_UNKNOWN, -1, output);
}

/* Nothing is known but the levels. */
void belief_look(struct door *door, struct door_output *output)
{
	belief_rest(door, door->state, -1, output);
	door->certain = false;
	if (contacts_conflict(door)) {
		goal_cancel(door, output);
		become(door, DOOR_UNKNOWN, output);
		belief_enter_fault(door, DOOR_FAULT_SENSOR_CONFLICT, output);
	} else if (contacts_active(door, DOOR_SENSOR_CLOSED)) {
		belief_rest(door, DOOR_CLOSED, 0, output);
	} else if (contacts_active(door, DOOR_SENSOR_OPEN)) {
		belief_rest(door, DOOR_OPEN, PPM, output);
	} else if (contacts_hears(door, DOOR_SENSOR_CLOSED) && !contacts_has(door, DOOR_SENSOR_OPEN)) {
		belief_rest(door, DOOR_OPEN, -1, output);
	} else {
		belief_lose(door, door->time_ms, output);
	}
}

void belief_expect(struct door *door)
{
	int64_t travel = position_travel_ms(door, door->state);
	enum door_sensor end = door->state == DOOR_OPENING ? DOOR_SENSOR_OPEN : DOOR_SENSOR_CLOSED;
	if (position_is_waiting(door)) {
		door->expire_ms = door->pressed_ms + DOOR_START_MS + travel / 4;
	} else if (contacts_has(door, end)) {
		door->expire_ms = door->moved_ms + DOOR_FINISH_MS + travel + travel / 4;
	} else if (door_toggles(door) && door->state == DOOR_OPENING && !door->whole) {
		/* Nothing shows from where, or that it has started: it has the time of a whole travel, and to start. */
		door->expire_ms = door->moved_ms + DOOR_START_MS + travel;
	} else {
		int64_t way = door_max(door->state == DOOR_OPENING ? PPM - door->base_ppm : door->base_ppm, 1);
		door->expire_ms = door->moved_ms + (door->base_ppm < 0 ? travel : (travel * way + PPM - 1) / PPM);
	}
}

void belief_move(struct door *door, enum door_state direction, int64_t at_ms, struct door_output *output)
{
	if (door->state == direction)
		return;
	door->whole = direction == DOOR_OPENING ? door->state == DOOR_CLOSED
						: door->state == DOOR_OPEN && door->base_ppm == PPM;
	/* Open with nothing but "not closed" behind it: most likely it is all the way up. */
	bool from_the_top = door->state == DOOR_OPEN && direction == DOOR_CLOSING;
	door->highest_ppm = position_highest_ppm(door, at_ms);
	door->base_ppm = from_the_top ? PPM : position_ppm(door, at_ms);
	door->moved_ms = at_ms;
	door->direction = direction;
	become(door, direction, output);
	belief_expect(door);
}

static void came_to_open(struct door *door, struct door_output *output)
{
	belief_rest(door, DOOR_OPEN, PPM, output);
	if (door->config.auto_close_ms > 0 && door->fault == DOOR_FAULT_NONE)
		door->auto_close_ms = door->time_ms + door->config.auto_close_ms;
}

static void came_to_closed(struct door *door, struct door_output *output)
{
	belief_rest(door, DOOR_CLOSED, 0, output);
	door->cycles++;
}

/* A press that stops a door or sends it back lets it run on for a little. */
static bool is_coasting(const struct door *door, int64_t edge_ms)
{
	return door->press_to != DOOR_UNKNOWN && edge_ms >= door->pressed_ms &&
	       edge_ms - door->pressed_ms <= DOOR_COAST_MS;
}

/* The sensor of an end has become active. */
static void arrive_at_end(struct door *door, enum door_state end, int64_t edge_ms, struct door_output *output)
{
	enum door_state towards = end == DOOR_OPEN ? DOOR_OPENING : DOOR_CLOSING;
	bool away = door_is_moving(door->state) && door->state != towards;
	bool sent_away = away && door->commanded && !door->press_early;

	/* It came to its end just before the press that sent it away, or just ran on to it. */
	if (sent_away && (edge_ms < door->pressed_ms || is_coasting(door, edge_ms))) {
		door->whole = true;
		belief_expect(door);
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
		belief_clear_fault_of_move(door, output);
		if (sent_away)
			belief_enter_fault(door, DOOR_FAULT_REVERSED, output);
	}
	if (door_toggles(door) && door->press_to == DOOR_STOPPED && is_coasting(door, edge_ms)) {
		/* The opener may hear the press only now, and send the door back, which nobody asked for. */
		door->press_at = end;
		door->press_to = end == DOOR_OPEN ? DOOR_CLOSING : DOOR_OPENING;
		door->press_early = true;
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
	if (!door_is_moving(door->press_to)) {
		belief_rest(door, DOOR_STOPPED, base_ppm, output);
		return;
	}
	door->commanded = true;
	belief_move(door, door->press_to, edge_ms, output);
}

/* The sensor of an end is no longer active. */
static void leave_end(struct door *door, enum door_state end, int64_t edge_ms, struct door_output *output)
{
	enum door_state away = end == DOOR_OPEN ? DOOR_CLOSING : DOOR_OPENING;
	/* What begins within seconds of a press at this end is ours, once. */
	bool ours = door->press_at == end && edge_ms >= door->pressed_ms && edge_ms - door->pressed_ms <= DOOR_START_MS;

	door->press_at = DOOR_UNKNOWN;
	if (door->state == away) {
		/* The edge may have been lost, and the level read later. */
		int64_t since = edge_ms - door->pressed_ms;
		door->base_ppm = end == DOOR_OPEN ? PPM : 0;
		door->highest_ppm =
				end == DOOR_OPEN ? PPM
						 : door_clamp(since * PPM / door->config.open_time_ms * 3 / 2, 0, PPM);
		door->moved_ms = edge_ms;
		door->certain = door->commanded;
		belief_expect(door);
		return;
	}
	surprise(door, output);
	if (door->fault == DOOR_FAULT_DID_NOT_START)
		belief_clear_fault(door, output);
	if (ours && door->press_to != away && is_coasting(door, edge_ms)) {
		coast(door, end, edge_ms, output);
		return;
	}
	if (!ours)
		door->source = DOOR_SOURCE_LOCAL;
	belief_move(door, away, edge_ms, output);
	door->commanded = ours;
	door->certain = ours && door->press_to == away && !door->press_early;
}

/* An auto-close that something came in the way of, before its press, has its time anew. */
void belief_cancel_for_obstruction(struct door *door, struct door_output *output)
{
	bool again = door->goal_source == DOOR_SOURCE_AUTO_CLOSE && door->state == DOOR_OPEN;
	goal_cancel(door, output);
	if (again)
		door->auto_close_ms = door->time_ms + door->config.auto_close_ms;
}

static void obstruct(struct door *door, struct door_output *output)
{
	bool closing = door->state == DOOR_CLOSING ||
		       (door->state == DOOR_UNKNOWN && door->commanded && door->press_to == DOOR_CLOSING);
	if (door->press_to == DOOR_CLOSING)
		door->press_to = DOOR_UNKNOWN; /* the opener does what it will */
	if (!closing && door->warned_ms == DOOR_NEVER)
		return;
	if (door->goal == DOOR_GOAL_CLOSE || door->goal == DOOR_GOAL_PULSE || door_toggles(door))
		belief_cancel_for_obstruction(door, output);
	belief_enter_fault(door, DOOR_FAULT_OBSTRUCTED, output);
	if (door->state == DOOR_CLOSING && position_is_waiting(door)) {
		belief_rest(door, DOOR_OPEN, PPM, output);
	} else if (closing && !contacts_conflict(door)) {
		belief_lose(door, door->time_ms, output);
	}
}

/* At the start: each level has stood still, or is known not to. */
static void settle(struct door *door, struct door_output *output)
{
	for (int i = 0; i < DOOR_SENSORS; i++) {
		if (contacts_has(door, (enum door_sensor)i) && !door->contacts[i].known && !door->contacts[i].unsteady)
			return;
	}
	belief_look(door, output);
	if (!contacts_conflict(door) && contacts_unsteady(door))
		belief_enter_fault(door, DOOR_FAULT_SENSOR_UNSTEADY, output);
	door->settled = true;
	if (door->state == DOOR_OPEN && door->config.auto_close_ms > 0)
		door->auto_close_ms = door->time_ms + door->config.auto_close_ms;
}

/* What an obstruction sensor says is another thing than before. */
static void obstruction_changed(struct door *door, struct door_output *output)
{
	if (contacts_active(door, DOOR_SENSOR_OBSTRUCTION))
		obstruct(door, output);
	if (door->auto_close_ms != DOOR_NEVER)
		door->auto_close_ms = door->time_ms + door->config.auto_close_ms;
}

/* A level has stood still: for the time of debouncing, or after an unrest for as long as makes one. */
static void sensor_settled(struct door *door, enum door_sensor sensor, struct door_output *output)
{
	struct door_contact *contact = &door->contacts[sensor];
	bool conflict = contacts_conflict(door);
	bool was_active = contact->active;
	bool was_unsteady = contact->unsteady;

	contact->known = true;
	contact->unsteady = false;
	contact->active = contact->raw;
	if (door->fault == DOOR_FAULT_SENSOR_UNSTEADY && !contacts_unsteady(door))
		belief_clear_fault(door, output);
	if (!door->settled) {
		settle(door, output);
	} else if (sensor == DOOR_SENSOR_OBSTRUCTION) {
		if (contact->active != was_active)
			obstruction_changed(door, output);
	} else if (sensor == DOOR_SENSOR_LOCKOUT) {
		return; /* says nothing of where the door is */
	} else if (conflict || contacts_conflict(door) || was_unsteady) {
		if (was_unsteady)
			surprise(door, output);
		if (door->fault == DOOR_FAULT_SENSOR_CONFLICT)
			belief_clear_fault(door, output);
		belief_look(door, output);
		belief_enter_fault_of_contacts(door, output);
	} else {
		enum door_state end = sensor == DOOR_SENSOR_OPEN ? DOOR_OPEN : DOOR_CLOSED;
		if (contact->active)
			arrive_at_end(door, end, contact->edge_ms, output);
		else
			leave_end(door, end, contact->edge_ms, output);
	}
}

/* A contact has not stood still for too long. What is in the way, or locked, then cannot be known: it is. */
void belief_unsteady(struct door *door, enum door_sensor sensor, struct door_output *output)
{
	struct door_contact *contact = &door->contacts[sensor];
	bool was_active = contact->active;

	contact->unsteady = true;
	contact->known = false;
	contact->active = sensor == DOOR_SENSOR_OBSTRUCTION || sensor == DOOR_SENSOR_LOCKOUT;
	if (!door->settled) {
		settle(door, output);
		return;
	}
	if (sensor == DOOR_SENSOR_OBSTRUCTION) {
		if (!was_active)
			obstruction_changed(door, output);
	} else if (sensor != DOOR_SENSOR_LOCKOUT) {
		surprise(door, output);
		if (door->fault == DOOR_FAULT_SENSOR_CONFLICT)
			belief_clear_fault(door, output);
		belief_look(door, output);
	}
	if (!contacts_conflict(door) && door->fault != DOOR_FAULT_RELAY_FAILED)
		belief_enter_fault(door, DOOR_FAULT_SENSOR_UNSTEADY, output);
}

/*
 * Toggle wiring: presses for a goal wait where they could do the opposite of it. After a press whose effect no contact
 * has shown, while the door is sensed at the end that the goal is about; and in the tail of an opening, for CLOSE.
 */
bool belief_holds_goal(const struct door *door)
{
	if (!door_toggles(door))
		return false;
	switch (door->goal) {
	case DOOR_GOAL_OPEN:
		return door->state == DOOR_CLOSING && position_is_waiting(door);
	case DOOR_GOAL_CLOSE:
		return door->state == DOOR_OPENING && (position_is_waiting(door) || position_may_have_arrived(door));
	case DOOR_GOAL_STOP:
		return position_is_waiting(door);
	default:
		return false;
	}
}

/* The time that the state was given has run out. */
static void state_expired(struct door *door, struct door_output *output)
{
	bool opening = door->state == DOOR_OPENING;

	/* An end contact whose edge has still to stand still knows more. */
	door->expire_ms = contacts_ends_steady_ms(door) > door->time_ms ? contacts_ends_steady_ms(door) : DOOR_NEVER;
	if (door->expire_ms != DOOR_NEVER)
		return;
	if (door->state == DOOR_UNKNOWN) {
		if (door->commanded && door->press_to == DOOR_CLOSING && door->fault == DOOR_FAULT_NONE)
			belief_enter_fault(door, DOOR_FAULT_DID_NOT_FINISH, output);
		if (contacts_has(door, DOOR_SENSOR_OPEN))
			belief_strand(door, output);
		else
			belief_look(door, output);
	} else if (position_is_waiting(door)) {
		/* What was held for this is so: the end that the contact says. */
		if (belief_holds_goal(door))
			goal_end(door, output);
		goal_cancel(door, output);
		belief_enter_fault(door, DOOR_FAULT_DID_NOT_START, output);
		belief_rest(door, opening ? DOOR_CLOSED : DOOR_OPEN, opening ? 0 : PPM, output);
	} else if (contacts_has(door, opening ? DOOR_SENSOR_OPEN : DOOR_SENSOR_CLOSED)) {
		goal_cancel(door, output);
		if (door->commanded)
			belief_enter_fault(door, DOOR_FAULT_DID_NOT_FINISH, output);
		belief_strand(door, output);
	} else if (opening) {
		belief_clear_fault_of_move(door, output);
		came_to_open(door, output);
	} else if (door->commanded && (door_toggles(door) ? door->certain : door->press_to == DOOR_CLOSING)) {
		/* Not after something came into its way: nobody knows where it went. */
		belief_clear_fault_of_move(door, output);
		came_to_closed(door, output);
	} else {
		belief_strand(door, output);
	}
}

/* Believes what time alone brings, in its order. */
void belief_advance(struct door *door, int64_t to_ms, struct door_output *output)
{
	for (int n = 0; n < DUE_MAX; n++) {
		int first = DOOR_SENSORS;
		int64_t due = door->expire_ms;
		for (int i = 0; i < DOOR_SENSORS; i++) {
			if (contacts_due_ms(door, i) <= due) {
				first = i;
				due = contacts_due_ms(door, i);
			}
		}
		if (due > to_ms)
			break;
		door->time_ms = door_max(door->time_ms, due);
		bool held = belief_holds_goal(door);
		if (first == DOOR_SENSORS)
			state_expired(door, output);
		else
			sensor_settled(door, (enum door_sensor)first, output);
		if (held && !belief_holds_goal(door))
			door->goal_due_ms = door->time_ms;
		/* One press was asked for in another state. */
		if (door->goal == DOOR_GOAL_PRESS && door->state != door->goal_state)
			goal_cancel(door, output);
	}
	door->time_ms = door_max(door->time_ms, to_ms);
}
