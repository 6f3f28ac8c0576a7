/*
 * For CBMC, see door.c: what holds of what is believed of a door, and what src/door/belief.c leaves as it was. belief.c beside this
 * proves it of the functions there; door.c takes it of their stand-ins.
 */
#ifndef PORTCULLIS_TEST_PROVE_DOOR_H
#define PORTCULLIS_TEST_PROVE_DOOR_H

#include "door/private.h"

#define TIME_MAX ((int64_t)1 << 42) /* in ms: 139 years */

bool nondet_bool(void);
int nondet_int(void);
int64_t nondet_time(void);
struct door nondet_door(void);

static inline bool within(int64_t value, int64_t low, int64_t high)
{
	return low <= value && value <= high;
}

/* Presses are to come. */
static inline bool is_to_come(const struct door *door)
{
	return door->goal != DOOR_GOAL_NONE || door->aim != DOOR_UNKNOWN;
}

/* Between two calls. */
static inline bool believed(const struct door *door)
{
	bool closed = !door->config.sensors[DOOR_SENSOR_CLOSED] || door->contacts[DOOR_SENSOR_CLOSED].active;
	return (door->state != DOOR_CLOSED || closed) &&
	       (door->settled || (door->state == DOOR_UNKNOWN && door->expire_ms == DOOR_NEVER &&
						 door->auto_close_ms == DOOR_NEVER)) &&
	       (door->auto_close_ms == DOOR_NEVER || door->config.auto_close_ms > 0) &&
	       (door->warned_ms == DOOR_NEVER || door->goal != DOOR_GOAL_NONE) &&
	       (!is_to_come(door) || door->goal_source != DOOR_SOURCE_AUTO_CLOSE || door->config.auto_close_ms > 0);
}

static inline bool same_config(const struct door_config *a, const struct door_config *b)
{
	for (int i = 0; i < DOOR_LINES; i++)
		if (a->lines[i] != b->lines[i])
			return false;
	for (int i = 0; i < DOOR_SENSORS; i++)
		if (a->sensors[i] != b->sensors[i])
			return false;
	return a->opener.while_opening == b->opener.while_opening &&
	       a->opener.while_closing == b->opener.while_closing && a->opener.after_stop == b->opener.after_stop &&
	       a->allow_detour == b->allow_detour && a->lockout_all == b->lockout_all && a->pulse_ms == b->pulse_ms &&
	       a->gap_ms == b->gap_ms && a->debounce_ms == b->debounce_ms && a->open_time_ms == b->open_time_ms &&
	       a->close_time_ms == b->close_time_ms && a->warning_ms == b->warning_ms &&
	       a->auto_close_ms == b->auto_close_ms;
}

/* The lines and the configuration stay, and the presses to come stay or are cancelled, with their warning. */
static inline bool kept(const struct door *before, const struct door *door)
{
	for (int i = 0; i < DOOR_LINES; i++)
		if (before->stuck[i] != door->stuck[i])
			return false;
	for (int i = 0; i < DOOR_SENSORS; i++)
		if (before->contacts[i].edge_ms != door->contacts[i].edge_ms)
			return false;
	return same_config(&before->config, &door->config) && before->relay == door->relay &&
	       before->release_ms == door->release_ms && before->released_ms == door->released_ms &&
	       before->ready_ms == door->ready_ms && before->retry_ms == door->retry_ms &&
	       before->stopping == door->stopping && before->goal_source == door->goal_source &&
	       (door->settled || !before->settled) &&
	       (!is_to_come(door) || (before->goal == door->goal && before->aim == door->aim)) &&
	       (before->warned_ms == door->warned_ms || door->warned_ms == DOOR_NEVER);
}

#endif
