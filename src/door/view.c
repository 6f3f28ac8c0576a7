/*
 * What the outside sees of a door, and what of it is to be published: the view now, compared with that of the last step.
 */
#include "door/private.h"

/* Whether a stop relay or a press can stop the door. */
static bool view_stops(const struct door *door)
{
	const struct door_opener *opener = &door->config.opener;

	return door->config.lines[DOOR_LINE_STOP] ||
	       (door_toggles(door) &&
			       (opener->while_opening == DOOR_PRESS_STOP || opener->while_closing == DOOR_PRESS_STOP));
}

/* What can be new after a step. */
static void view_fill(const struct door *door, int64_t now_ms, struct door_view *view)
{
	view->state = door->state;
	view->confidence = position_confidence(door);
	view->fault = door->fault;
	view->source = door->source;
	view->position = position_percent(door, door_max(now_ms, door->time_ms));
	view->only_not_closed = position_is_only_not_closed(door, door_max(now_ms, door->time_ms));
	view->cycles = door->cycles;
	view->last_open_ms = door->last_open_ms;
	view->last_close_ms = door->last_close_ms;
	view->last_travel_ms = door->last_travel_ms;
	view->closed_sensor = contacts_active(door, DOOR_SENSOR_CLOSED);
	view->open_sensor = contacts_active(door, DOOR_SENSOR_OPEN);
	view->obstruction_sensor = contacts_active(door, DOOR_SENSOR_OBSTRUCTION);
	view->locked_out = lockout_is_on(door);
	view->lockout_remote = door->locked_remote;
	view->lockout_sensor = lockout_by_contact(door);
	view->lockout_all = door->config.lockout_all;
	view->settled = door->settled;
	view->warning = door->warned_ms != DOOR_NEVER;
}

void door_view(const struct door *door, int64_t now_ms, struct door_view *view)
{
	view_fill(door, now_ms, view);
	view->toggles = door_toggles(door);
	for (enum door_command i = DOOR_COMMAND_OPEN; i < DOOR_COMMANDS; i++)
		view->refusals[i] = commands_refusal(door, i);
	view->has_stop = view_stops(door);
	view->has_position = true;
	int low, high;
	view->has_reach =
			aim_is_wired(door, DOOR_OPENING, &low, &high) || aim_is_wired(door, DOOR_CLOSING, &low, &high);
	commands_reach(door, &view->reach_low, &view->reach_high);
	view->has_closed_sensor = contacts_has(door, DOOR_SENSOR_CLOSED);
	view->has_open_sensor = contacts_has(door, DOOR_SENSOR_OPEN);
	view->has_obstruction_sensor = contacts_has(door, DOOR_SENSOR_OBSTRUCTION);
	view->has_lockout_sensor = contacts_has(door, DOOR_SENSOR_LOCKOUT);
	view->has_warning = door->config.lines[DOOR_LINE_WARNING];
}

enum door_reason door_position_refusal(const struct door *door, int percent)
{
	return commands_position_refusal(door, percent);
}

bool door_reach(const struct door_config *config, enum door_state direction, int *low, int *high)
{
	struct door door;

	door_init(&door, config, 0);
	return aim_is_wired(&door, direction, low, high);
}

bool door_reaches(const struct door_config *config)
{
	int low, high;

	return door_reach(config, DOOR_OPENING, &low, &high) || door_reach(config, DOOR_CLOSING, &low, &high);
}

/* Compares with what was said before. A moving position is said every DOOR_POSITION_EVERY_MS only. */
void view_publish(struct door *door, int64_t now_ms, struct door_output *output)
{
	struct door_view view = {0};
	const struct door_view *said = &door->said;

	view_fill(door, now_ms, &view);
	output->state_changed = view.state != said->state;
	if (door_is_moving(view.state) && !output->state_changed &&
			now_ms - door->said_position_ms < DOOR_POSITION_EVERY_MS)
		view.position = said->position;
	else
		door->said_position_ms = now_ms;
	output->position_changed = view.position != said->position;
	output->attributes_changed =
			output->state_changed || view.confidence != said->confidence || view.fault != said->fault ||
			view.source != said->source || view.only_not_closed != said->only_not_closed ||
			view.cycles != said->cycles || view.last_open_ms != said->last_open_ms ||
			view.last_close_ms != said->last_close_ms || view.closed_sensor != said->closed_sensor ||
			view.open_sensor != said->open_sensor || view.obstruction_sensor != said->obstruction_sensor ||
			view.locked_out != said->locked_out || view.lockout_remote != said->lockout_remote ||
			view.lockout_sensor != said->lockout_sensor || view.lockout_all != said->lockout_all ||
			view.settled != said->settled || view.warning != said->warning;
	door->said = view;
}
