/* The garage and a step of one of its doors. For this room only. */
#ifndef PORTCULLIS_GARAGE_PRIVATE_H
#define PORTCULLIS_GARAGE_PRIVATE_H

#include "garage/garage.h"
#include "garage/lines.h"
#include "garage/stall.h"

#define LEFT_OPEN_LATER_MS 1000

struct left_open {
	bool was_closed;                 /* since the start */
	bool is_open, at_least;          /* at_least: only while is_open */
	bool on;                         /* it has been told of */
	int64_t since_ms, since_unix_ms; /* while is_open, else 0; unix: 0 also where it is not known */
	int64_t told_ms;                 /* while on: the last time */
};

struct garage_door {
	struct garage *garage;
	const char *id, *name, *device_class, *area; /* borrowed */
	int vent;
	const struct door_config *config; /* borrowed */
	struct door machine;
	struct loop_timer timer;
	int64_t changed_ms, changed_unix_ms; /* the last change of state; 0: not since the start; not known */
	struct door_last_command last_command;
	int64_t commanded_ms; /* when it came */
	int64_t left_open_ms, left_open_again_ms;
	struct left_open left_open;
	struct loop_timer left_open_timer;
	struct garage_past past;
	enum door_source former_source; /* of a former run, while what the contacts say is still that */
	bool seen;                      /* the contacts have settled since the start */
	bool lock_waits; /* a command has set or lifted its lock-out since the disk had all that was said */
	bool line_failing;
	bool pulsing; /* a relay is on */
};

struct garage {
	struct loop *loop;
	const struct log *log;
	struct lines *lines;
	struct garage_observer observers[GARAGE_OBSERVERS_MAX];
	size_t observer_count;
	struct stall stall;
	struct loop_timer stall_timer, caught_up_timer;
	bool catching_up; /* after a standstill: what is heard is of the past */
	enum garage_keeping keeping;
	bool clock_set;
	bool started, stopping;
	size_t door_count;
	struct garage_door doors[];
};

/* ---- left_open.c ---- */

/* After each step, before it is told: whether the attributes have changed. */
bool left_open_look(struct garage_door *door, const struct garage_moment *at);
/* The clock has been set, or a former run is known now. The attributes may have changed. */
void left_open_recall(struct garage_door *door, const struct garage_moment *at);
/* left_open_timer has expired, and what the contacts say has been heard. Tells, if it is still due. */
void left_open_tell(struct garage_door *door);

/* ---- step.c ---- */

void garage_tell(const struct garage *garage, const struct garage_news *news);
void garage_view_door(const struct garage_door *door, int64_t now_ms, struct door_view *view);
size_t garage_door_index(const struct garage_door *door);

/*
 * One input, what it makes of the lines, and what that makes of the door. Lines may fail in turn: after that the
 * machine tries again at its own deadline. answer is set when the machine answers; it may be NULL.
 */
void garage_step(struct garage_door *door, const struct door_input *input, struct door_answer *answer);
void garage_step_time(struct garage_door *door);
/* sampled: no edge, but the level as it is now; at_ms is then not used. */
void garage_step_contact(struct garage_door *door, enum door_sensor sensor, bool active, bool sampled, int64_t at_ms);

/* For a door that has not changed since the start: what its contacts say then is no change, and only a former run can
 * know since when it is so. */
void garage_recall_change(struct garage_door *door, int64_t now_ms);
/* Something besides the machine has changed what a view says. */
void garage_tell_attributes(const struct garage_door *door, const struct garage_moment *at);

#endif
