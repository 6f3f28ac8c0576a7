/*
 * The lock-out: commands from afar may not open the door. Two causes, each with its own way to end: a command's, which a
 * command lifts, and the contact's of a key switch, which the contact alone lifts. Nothing here presses; a press asks
 * before it is made.
 */
#include "door/private.h"

/* What is not known for certain is locked. */
bool lockout_by_contact(const struct door *door)
{
	const struct door_contact *contact = &door->contacts[DOOR_SENSOR_LOCKOUT];

	return contacts_has(door, DOOR_SENSOR_LOCKOUT) && (contact->raw || contact->active || !contact->known);
}

bool lockout_is_on(const struct door *door)
{
	return door->locked_remote || lockout_by_contact(door);
}

/* Whether the presses of a toggle relay for CLOSE may lead the door up on the way. */
static bool close_may_rise(const struct door *door)
{
	enum door_state state = door->state;

	if (!door_toggles(door))
		return false;
	if (!position_is_certain(door))
		return true;
	while (!presses_is_at(state, DOOR_CLOSING)) {
		enum door_state next = presses_after(&door->config.opener, state, door->direction);
		if (next == DOOR_OPENING || next == state)
			return true;
		state = next;
	}
	return false;
}

bool lockout_forbids(const struct door *door, enum door_goal goal)
{
	if (!lockout_is_on(door))
		return false;
	switch (goal) {
	case DOOR_GOAL_OPEN:
	case DOOR_GOAL_PRESS:
		return true;
	case DOOR_GOAL_CLOSE:
		return door->config.lockout_all || close_may_rise(door);
	case DOOR_GOAL_PULSE:
		return door->pulse_line == DOOR_LINE_CLOSE ? door->config.lockout_all
							   : door->pulse_line != DOOR_LINE_STOP;
	case DOOR_GOAL_NONE:
	case DOOR_GOAL_STOP:
		break;
	}
	return false;
}

bool lockout_stops(const struct door *door)
{
	bool from_afar = door->goal_source == DOOR_SOURCE_MQTT || door->goal_source == DOOR_SOURCE_HTTP;

	return from_afar && !door->goal_free && lockout_forbids(door, door->goal);
}

void lockout_give(struct door *door, enum door_command command, struct door_output *output)
{
	bool on = command == DOOR_COMMAND_LOCKOUT_ON;

	if (on == door->locked_remote && !on && lockout_by_contact(door))
		door_put_answer(output, DOOR_RESULT_REJECTED, DOOR_REASON_LOCKED_OUT);
	else
		door_put_answer(output, on == door->locked_remote ? DOOR_RESULT_UNCHANGED : DOOR_RESULT_ACCEPTED,
				DOOR_REASON_NONE);
	door->locked_remote = on;
}

void lockout_watch(struct door *door, enum door_source source, bool was_settled, struct door_output *output)
{
	bool on = lockout_is_on(door);

	if (lockout_stops(door))
		goal_cancel(door, output);
	if (was_settled && on != door->locked_told) {
		door_tell(door, output, on ? DOOR_EVENT_LOCKED_OUT : DOOR_EVENT_LOCKOUT_LIFTED, DOOR_FAULT_NONE);
		output->happenings[output->happening_count - 1].source = source;
	}
	door->locked_told = on;
}
