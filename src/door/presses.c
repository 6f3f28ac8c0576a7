/*
 * The opener's press table: what one press of a toggle relay does in each state, and how many bring the opener where it is
 * wanted. Pure, of an opener and a state; nothing is known here of a door.
 */
#include "door/private.h"

#define PRESSES_MAX 3

/* UNKNOWN when nobody can tell. */
enum door_state presses_after(const struct door_opener *opener, enum door_state state, enum door_state direction)
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

bool presses_is_at(enum door_state state, enum door_state wanted)
{
	switch (wanted) {
	case DOOR_OPENING:
		return state == DOOR_OPENING || state == DOOR_OPEN;
	case DOOR_CLOSING:
		return state == DOOR_CLOSING || state == DOOR_CLOSED;
	default:
		return !door_is_moving(state) && state != DOOR_UNKNOWN;
	}
}

int door_presses(const struct door_opener *opener, enum door_state state, enum door_state direction,
		enum door_state wanted, bool *closes)
{
	*closes = false;
	for (int presses = 0; presses <= PRESSES_MAX; presses++) {
		if (presses_is_at(state, wanted))
			return presses;
		if (door_is_moving(state))
			direction = state;
		enum door_state next = presses_after(opener, state, direction);
		if (next == DOOR_CLOSING)
			*closes = true;
		state = next;
	}
	return -1;
}
