/*
 * What a step tells and publishes, held against what it has changed: each change of state, of a fault and of a lock-out
 * is told once, in its order, and nothing is told that is not so; what differs for the outside is published.
 */
#ifndef PORTCULLIS_TEST_DOOR_TELLS_H
#define PORTCULLIS_TEST_DOOR_TELLS_H

#include "door/door.h"

#define TELLS(text, condition)       \
	do {                         \
		if (!(condition))    \
			return text; \
	} while (0)

/* What a document says of the door, but for its state and position, which have topics of their own. */
static inline bool tells_same_attributes(const struct door_view *a, const struct door_view *b)
{
	return a->confidence == b->confidence && a->fault == b->fault && a->source == b->source &&
	       a->only_not_closed == b->only_not_closed && a->cycles == b->cycles &&
	       a->last_open_ms == b->last_open_ms && a->last_close_ms == b->last_close_ms &&
	       a->last_travel_ms == b->last_travel_ms && a->closed_sensor == b->closed_sensor &&
	       a->open_sensor == b->open_sensor && a->obstruction_sensor == b->obstruction_sensor &&
	       a->locked_out == b->locked_out && a->lockout_remote == b->lockout_remote &&
	       a->lockout_sensor == b->lockout_sensor && a->lockout_all == b->lockout_all && a->settled == b->settled &&
	       a->warning == b->warning;
}

/* What is told, in its order. */
static inline const char *tells_happenings(
		const struct door *before, const struct door *door, const struct door_output *output)
{
	enum door_state state = before->state;
	enum door_fault fault = before->fault;
	bool locked = before->locked_told;
	bool settled = before->settled; /* what the contacts say at the start is not told */

	for (size_t i = 0; i < output->happening_count; i++) {
		const struct door_happening *one = &output->happenings[i];
		switch (one->event) {
		case DOOR_EVENT_STATE:
			TELLS("a state is told without a fault", one->fault == DOOR_FAULT_NONE);
			TELLS("a state is told when it has become another one", !settled || one->state != state);
			state = one->state;
			settled = true;
			break;
		case DOOR_EVENT_FAULT:
			TELLS("a fault is told when it begins", one->fault != fault && one->fault != DOOR_FAULT_NONE);
			fault = one->fault;
			break;
		case DOOR_EVENT_FAULT_CLEARED:
			TELLS("the end of a fault is told of that fault",
					one->fault == fault && fault != DOOR_FAULT_NONE);
			fault = DOOR_FAULT_NONE;
			break;
		case DOOR_EVENT_LOCKED_OUT:
		case DOOR_EVENT_LOCKOUT_LIFTED:
			TELLS("a lock-out is no fault", one->fault == DOOR_FAULT_NONE);
			TELLS("a lock-out is told when it begins or ends",
					locked != (one->event == DOOR_EVENT_LOCKED_OUT));
			locked = !locked;
			break;
		case DOOR_EVENT_CANCELLED:
			TELLS("what is cancelled was to come", output->answered || before->goal != DOOR_GOAL_NONE ||
									       before->aim != DOOR_UNKNOWN || i > 0);
			TELLS("a command is cancelled without a fault", one->fault == DOOR_FAULT_NONE);
			TELLS("what is cancelled names who gave it",
					output->answered || one->source == before->goal_source);
			break;
		default:
			TELLS("what else is told is of no fault", one->fault == DOOR_FAULT_NONE);
		}
	}
	TELLS("each change of state is told", !settled || state == door->state);
	TELLS("each fault is told, and its end", fault == door->fault);
	TELLS("a lock-out is told, and its end", !before->settled || locked == door->said.locked_out);
	return NULL;
}

/* NULL, or what is wrong with what the step from before to door has put out at now_ms. */
static inline const char *tells_right(
		const struct door *before, const struct door *door, const struct door_output *output, int64_t now_ms)
{
	struct door_view view = {0}, later = {0};

	TELLS("a state is published when it is another one",
			output->state_changed == (door->said.state != before->said.state));
	TELLS("a position is published when it is another one",
			output->position_changed == (door->said.position != before->said.position));
	TELLS("attributes are published when one is another one, or the state",
			output->attributes_changed ==
					(output->state_changed || !tells_same_attributes(&before->said, &door->said)));
	door_view(door, now_ms, &view);
	TELLS("what was published last is what is so",
			view.state == door->said.state && tells_same_attributes(&view, &door->said));
	door_view(door, door->said_position_ms + DOOR_POSITION_EVERY_MS, &later);
	TELLS("a position that changes is said each second",
			later.position == door->said.position ||
					output->deadline_ms <= door->said_position_ms + DOOR_POSITION_EVERY_MS);
	TELLS("a position is at most a second old",
			view.position == door->said.position ||
					now_ms - door->said_position_ms < DOOR_POSITION_EVERY_MS);
	return tells_happenings(before, door, output);
}

#endif
