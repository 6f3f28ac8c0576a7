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

/* As door_init pulls it into its bounds. */
static inline bool is_bounded(const struct door_config *config)
{
	return within(config->pulse_ms, 1, DOOR_PULSE_MAX_MS) &&
	       within(config->gap_ms, DOOR_GAP_MIN_MS, DURATION_MAX_MS) &&
	       within(config->debounce_ms, 0, DURATION_MAX_MS) && within(config->open_time_ms, 1, DURATION_MAX_MS) &&
	       within(config->close_time_ms, 1, DURATION_MAX_MS) && within(config->warning_ms, 0, DURATION_MAX_MS) &&
	       within(config->auto_close_ms, 0, DURATION_MAX_MS) &&
	       (config->auto_close_ms == 0 || config->warning_ms >= DOOR_AUTO_CLOSE_WARNING_MS);
}

/* No edge is later than the clock. */
static inline bool is_timely(const struct door *door)
{
	for (int i = 0; i < DOOR_SENSORS; i++)
		if (!within(door->contacts[i].edge_ms, 0, TIME_MAX))
			return false;
	return within(door->time_ms, 0, TIME_MAX);
}

/* Time alone brings no belief yet. */
static inline bool is_nothing_due(const struct door *door)
{
	for (int i = 0; i < DOOR_SENSORS; i++)
		if (contacts_due_ms(door, i) <= door->time_ms)
			return false;
	return door->expire_ms > door->time_ms;
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
	return (door->state != DOOR_CLOSED || closed) && within(door->base_ppm, -1, PPM) &&
	       (door->auto_close_ms == DOOR_NEVER || door->state == DOOR_OPEN) &&
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

static inline bool same_contacts(const struct door *a, const struct door *b)
{
	for (int i = 0; i < DOOR_SENSORS; i++) {
		const struct door_contact *one = &a->contacts[i], *other = &b->contacts[i];
		if (one->raw != other->raw || one->heard != other->heard || one->active != other->active ||
				one->known != other->known || one->unsteady != other->unsteady ||
				one->edge_ms != other->edge_ms || one->unrest_ms != other->unrest_ms)
			return false;
	}
	return true;
}

/* The lines, the configuration and what was said stay, and the presses to come stay or are cancelled, with their warning. */
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
	       before->goal_given_ms == door->goal_given_ms && before->goal_takes_ms == door->goal_takes_ms &&
	       before->pressed_ms == door->pressed_ms && before->said_position_ms == door->said_position_ms &&
	       (door->settled || !before->settled) &&
	       (!is_to_come(door) || (before->goal == door->goal && before->aim == door->aim)) &&
	       (before->warned_ms == door->warned_ms || door->warned_ms == DOOR_NEVER);
}

/* What belief may make of a door. */
static inline struct door any_belief(const struct door *own)
{
	struct door after = nondet_door();
	after.config = own->config;
	after.relay = own->relay;
	after.release_ms = own->release_ms;
	after.released_ms = own->released_ms;
	after.ready_ms = own->ready_ms;
	after.retry_ms = own->retry_ms;
	after.stopping = own->stopping;
	after.goal_source = own->goal_source;
	after.goal_given_ms = own->goal_given_ms;
	after.goal_takes_ms = own->goal_takes_ms;
	after.pressed_ms = own->pressed_ms;
	after.said_position_ms = own->said_position_ms;
	after.goal = nondet_bool() ? own->goal : DOOR_GOAL_NONE;
	after.aim = nondet_bool() ? own->aim : DOOR_UNKNOWN;
	after.warned_ms = nondet_bool() ? own->warned_ms : DOOR_NEVER;
	for (int i = 0; i < DOOR_LINES; i++)
		after.stuck[i] = own->stuck[i];
	for (int i = 0; i < DOOR_SENSORS; i++)
		after.contacts[i].edge_ms = own->contacts[i].edge_ms;
	__CPROVER_assume(believed(&after) && kept(own, &after));
	return after;
}

#endif
