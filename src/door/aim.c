/*
 * A move to a position: its aim, and the one press that is to stop the door there at the time that is reckoned. The first
 * press is that of OPEN or CLOSE, and goal.c's; the aim stays after it, until its own press, or until anything happens
 * that nobody reckoned with: then it is cancelled with the presses to come, and the door goes on as OPEN and CLOSE do.
 *
 * A press of a toggle relay that stops a moving door moves one that rests. So it is made only where a contact has shown
 * that the door has left its end, and where even a door that takes two thirds of the configured time is not yet at the
 * other. A stop relay does nothing to a door at rest.
 */
#include "door/private.h"

enum door_state aim_direction(const struct door *door, int64_t aim_ppm)
{
	return aim_ppm > door->base_ppm ? DOOR_OPENING : DOOR_CLOSING;
}

/* One press stops a door that moves so. */
static bool stops(const struct door *door, enum door_state direction)
{
	const struct door_opener *opener = &door->config.opener;

	if (!door_toggles(door))
		return door->config.lines[DOOR_LINE_STOP];
	return presses_after(opener, direction, direction) == DOOR_STOPPED;
}

/* How long after the door has left its end the press may be made at the latest. */
static int64_t latest_ms(const struct door *door, enum door_state direction)
{
	int64_t travel = position_travel_ms(door, direction);
	return door_toggles(door) ? travel * 2 / 3 - DOOR_COAST_MS : travel;
}

/* How far up or down, in ppm, one may ask: the press before must be over, and this one may come a little late. */
static void bound_way(const struct door *door, enum door_state direction, int64_t *least, int64_t *most)
{
	int64_t travel = position_travel_ms(door, direction);
	int64_t slack = door_toggles(door) ? DOOR_COAST_MS : 0;

	*least = (door->config.pulse_ms + door->config.gap_ms + door->config.debounce_ms) * PPM / travel + 1;
	*most = (latest_ms(door, direction) - slack) * PPM / travel;
}

/* That way from a position, in whole percent. */
static void bound_percent(enum door_state direction, int64_t from_ppm, int64_t least, int64_t most, int *low, int *high)
{
	int64_t lowest = direction == DOOR_OPENING ? from_ppm + least : from_ppm - most;
	int64_t highest = direction == DOOR_OPENING ? from_ppm + most : from_ppm - least;
	int64_t per_percent = PPM / 100;

	*low = (int)door_clamp((lowest + per_percent - 1) / per_percent, 1, 100);
	*high = (int)door_clamp(highest / per_percent, 0, 99);
}

/* Where the door rests for certain: a sensed end, or, where a stop relay is wired, also where it left one by command. */
static enum door_reason aim_start(const struct door *door)
{
	enum door_state end = contacts_end(door);

	if (contacts_conflict(door))
		return DOOR_REASON_SENSOR_CONFLICT;
	if (door_is_moving(door->state) || contacts_unsteady(door))
		return DOOR_REASON_UNCERTAIN;
	if (end != DOOR_UNKNOWN)
		return door->state == end ? DOOR_REASON_NONE : DOOR_REASON_UNCERTAIN;
	if (door_toggles(door) && door->state == DOOR_STOPPED)
		return DOOR_REASON_NO_WAY;
	return !door_toggles(door) && door->certain && door->base_ppm >= 0 ? DOOR_REASON_NONE : DOOR_REASON_UNCERTAIN;
}

enum door_reason aim_range(const struct door *door, enum door_state direction, int *low, int *high)
{
	enum door_reason reason = stops(door, direction) ? aim_start(door) : DOOR_REASON_NO_STOP;
	int64_t least, most;

	if (reason != DOOR_REASON_NONE)
		return reason;
	bound_way(door, direction, &least, &most);
	bound_percent(direction, door->base_ppm, least, most, low, high);
	return *low <= *high ? DOOR_REASON_NONE : DOOR_REASON_NO_WAY;
}

enum door_reason aim_refusal(const struct door *door, int64_t aim_ppm)
{
	int low, high;
	enum door_reason reason = aim_range(door, aim_direction(door, aim_ppm), &low, &high);

	if (reason == DOOR_REASON_NONE && (aim_ppm < low * (PPM / 100) || aim_ppm > high * (PPM / 100)))
		reason = DOOR_REASON_NO_WAY;
	return reason;
}

bool aim_is_wired(const struct door *door, enum door_state direction, int *low, int *high)
{
	enum door_sensor begin = direction == DOOR_OPENING ? DOOR_SENSOR_CLOSED : DOOR_SENSOR_OPEN;
	int64_t least, most;

	if (!stops(door, direction) || !contacts_has(door, begin))
		return false;
	bound_way(door, direction, &least, &most);
	bound_percent(direction, direction == DOOR_OPENING ? 0 : PPM, least, most, low, high);
	return *low <= *high;
}

int64_t aim_due_ms(const struct door *door)
{
	if (!door_aims(door) || door->state != door->aim || position_is_waiting(door))
		return DOOR_NEVER;
	int64_t way = door->aim == DOOR_OPENING ? door->aim_ppm - door->base_ppm : door->base_ppm - door->aim_ppm;
	return door->moved_ms + way * position_travel_ms(door, door->aim) / PPM;
}

bool aim_may_stop(const struct door *door, int64_t now_ms)
{
	int64_t travel = position_travel_ms(door, door->aim);
	/* Nor long after the first press: a door that left its end much later was not moved by it. */
	bool in_time = now_ms - aim_due_ms(door) < DOOR_LATE_MS &&
		       now_ms - door->pressed_ms <= DOOR_START_MS + travel + travel / 4 + DOOR_LATE_MS;
	return in_time && (!door_toggles(door) || now_ms - door->moved_ms <= latest_ms(door, door->aim));
}
