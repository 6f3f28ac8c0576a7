/*
 * The presses to come: what a command still wants. At most one command has any; it ends with its last press, or is
 * cancelled, which ends a warning, too, and is told. This part knows nothing of belief: belief cancels.
 */
#include "door/private.h"

void goal_end(struct door *door, struct door_output *output)
{
	door->goal = DOOR_GOAL_NONE;
	door->aim = DOOR_UNKNOWN;
	if (door->warned_ms != DOOR_NEVER) {
		door->warned_ms = DOOR_NEVER;
		door_act(output, DOOR_LINE_WARNING, false);
	}
}

void goal_cancel(struct door *door, struct door_output *output)
{
	if (door->goal == DOOR_GOAL_NONE && !door_aims(door))
		return;
	goal_end(door, output);
	door_tell(door, output, DOOR_EVENT_CANCELLED, DOOR_FAULT_NONE);
	output->happenings[output->happening_count - 1].source = door->goal_source;
}

/* When a command that waits is given up. */
int64_t goal_until_ms(const struct door *door)
{
	return door->goal_given_ms + DOOR_AGE_MS + door->goal_takes_ms;
}
