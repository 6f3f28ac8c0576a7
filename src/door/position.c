/*
 * Where the door is, and how certain that is. The position is reckoned from base_ppm at moved_ms by the configured time of
 * a travel. highest_ppm is the highest that the door may be then, since it may be faster than is configured: a press at
 * the open end would close it. With a toggle relay only a sensed end, and what began at one by our press, is certain.
 * Questions alone: nothing is changed here.
 */
#include "door/private.h"

#define NEAR_MS 1000 /* besides an eighth of the travel */

/* On its way by belief, while the sensor of the end that it leaves is active still. */
bool position_is_waiting(const struct door *door)
{
	return (door->state == DOOR_OPENING && contacts_active(door, DOOR_SENSOR_CLOSED)) ||
	       (door->state == DOOR_CLOSING && contacts_active(door, DOOR_SENSOR_OPEN));
}

int64_t position_travel_ms(const struct door *door, enum door_state direction)
{
	return direction == DOOR_CLOSING ? door->config.close_time_ms : door->config.open_time_ms;
}

int64_t position_ppm(const struct door *door, int64_t at_ms)
{
	if (door->base_ppm < 0 || !door_is_moving(door->state) || position_is_waiting(door))
		return door->base_ppm;
	int64_t way = door_clamp(at_ms - door->moved_ms, 0, DURATION_MAX_MS) * PPM /
		      position_travel_ms(door, door->state);
	return door_clamp(door->base_ppm + (door->state == DOOR_OPENING ? way : -way), 0, PPM);
}

/*
 * The highest that the door may be: a real travel may take two thirds of the configured one, and one that begins
 * downwards may begin late.
 */
int64_t position_highest_ppm(const struct door *door, int64_t at_ms)
{
	if (!door_is_moving(door->state) || position_is_waiting(door))
		return door->highest_ppm;
	int64_t moved = door_clamp(at_ms - door->moved_ms, 0, DURATION_MAX_MS);
	int64_t travel = position_travel_ms(door, door->state);
	if (door->state == DOOR_OPENING)
		return door_clamp(door->highest_ppm + moved * PPM / travel * 3 / 2, 0, PPM);
	return door_clamp(door->highest_ppm - door_max(moved - DOOR_COAST_MS, 0) * PPM / travel, 0, PPM);
}

/* When an opening door is reckoned to be at its end; DOOR_NEVER when it is not known where it is. */
int64_t position_arrival_ms(const struct door *door)
{
	int64_t ppm = position_ppm(door, door->time_ms);

	return ppm < 0 ? DOOR_NEVER : door->time_ms + (PPM - ppm) * door->config.open_time_ms / PPM;
}

/*
 * Whether an opening door may stand at its end by the time that a press is heard, when the press would close it. With
 * an open contact that is so near the end of a whole travel; else, as soon as it may be so high.
 */
bool position_may_have_arrived(const struct door *door)
{
	if (door->state != DOOR_OPENING || position_is_waiting(door))
		return false;
	bool whole = door->whole && contacts_hears(door, DOOR_SENSOR_OPEN);
	if (!whole && position_highest_ppm(door, door->time_ms) >= PPM)
		return true;
	if (!contacts_hears(door, DOOR_SENSOR_OPEN))
		return false;
	return position_arrival_ms(door) <= door->time_ms + door->config.open_time_ms / 8 + NEAR_MS;
}

/* Toggle wiring: whether what is believed says what the next press does. */
bool position_is_certain(const struct door *door)
{
	enum door_state end = contacts_end(door);

	if (end != DOOR_UNKNOWN)
		return door->state == end;
	return door->certain && !position_may_have_arrived(door);
}

int position_percent(const struct door *door, int64_t at_ms)
{
	if (door->state == DOOR_CLOSED)
		return 0;
	if (door->state == DOOR_OPEN && door->base_ppm == PPM)
		return 100;
	int64_t ppm = position_ppm(door, at_ms);
	bool known = door->contacts[DOOR_SENSOR_CLOSED].known;
	if (position_is_waiting(door))
		return door->state == DOOR_OPENING ? 0 : 100;
	if (ppm < 0)
		return known && !contacts_active(door, DOOR_SENSOR_CLOSED) ? 99 : DOOR_POSITION_UNKNOWN;
	return (int)door_clamp(ppm * 100 / PPM, 1, 99);
}

bool position_is_only_not_closed(const struct door *door, int64_t at_ms)
{
	return position_percent(door, at_ms) == 99 && position_ppm(door, at_ms) < 0;
}

enum door_confidence position_confidence(const struct door *door)
{
	switch (door->state) {
	case DOOR_UNKNOWN:
		return DOOR_CONFIDENCE_UNKNOWN;
	case DOOR_CLOSED:
		return contacts_active(door, DOOR_SENSOR_CLOSED) ? DOOR_CONFIDENCE_SENSED : DOOR_CONFIDENCE_ESTIMATED;
	case DOOR_OPEN:
		return contacts_active(door, DOOR_SENSOR_OPEN) ? DOOR_CONFIDENCE_SENSED : DOOR_CONFIDENCE_ESTIMATED;
	default:
		return DOOR_CONFIDENCE_ESTIMATED;
	}
}
