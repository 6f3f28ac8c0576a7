/*
 * What a door is made of: its lines, its contacts, its opener and its times. config/ fills it, door_init takes it. Plain
 * values without resources.
 */
#ifndef PORTCULLIS_DOOR_CONFIG_H
#define PORTCULLIS_DOOR_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define DOOR_PULSE_MAX_MS 5000          /* no pulse is longer, whatever the configuration says */
#define DOOR_GAP_MIN_MS 100             /* no gap is shorter */
#define DOOR_AUTO_CLOSE_WARNING_MS 5000 /* auto-close without that much warning is off: UL 325, 16 CFR 1211.14 */

/* The lines that a door drives. */
enum door_line { DOOR_LINE_TOGGLE, DOOR_LINE_OPEN, DOOR_LINE_CLOSE, DOOR_LINE_STOP, DOOR_LINE_WARNING, DOOR_LINES };

/* The contacts that it hears. Active: the door is closed, is open, something is in its way, its key switch locks it out. */
enum door_sensor { DOOR_SENSOR_CLOSED, DOOR_SENSOR_OPEN, DOOR_SENSOR_OBSTRUCTION, DOOR_SENSOR_LOCKOUT, DOOR_SENSORS };

/* "relay", "closed_sensor" ...: a door's keys for its lines and contacts, in the configuration and on the page. */
extern const char *const door_line_keys[DOOR_LINES];
extern const char *const door_sensor_keys[DOOR_SENSORS];

/* What one press of a toggle relay does. */
enum door_press {
	DOOR_PRESS_STOP,
	DOOR_PRESS_REVERSE,
	DOOR_PRESS_IGNORE,   /* while moving: it goes on moving */
	DOOR_PRESS_CONTINUE, /* after a stop: on in the direction it had */
};

/* At rest at an end a press moves the door to the other one. */
struct door_opener {
	enum door_press while_opening; /* stop, reverse or ignore */
	enum door_press while_closing; /* stop, reverse or ignore */
	enum door_press after_stop;    /* reverse or continue: relative to the direction before the stop */
};

/* Values out of range are pulled into it by door_init: a broken configuration is slow, never dangerous. */
struct door_config {
	bool lines[DOOR_LINES]; /* toggle alone; or open and close, and stop if wired; warning with either */
	bool sensors[DOOR_SENSORS];
	struct door_opener opener; /* toggle wiring only */
	bool allow_detour;         /* toggle wiring: OPEN may begin with a press that closes */
	bool lockout_all;          /* a lock-out refuses CLOSE, too, and not only what may open the door */
	int64_t pulse_ms;          /* 1 to DOOR_PULSE_MAX_MS */
	int64_t gap_ms;            /* from a release to the next press; DOOR_GAP_MIN_MS at least */
	int64_t debounce_ms;       /* 0: each edge counts */
	int64_t open_time_ms;      /* a whole travel: better too long than too short; 1 at least */
	int64_t close_time_ms;
	int64_t warning_ms;    /* 0: none; needs the warning line */
	int64_t auto_close_ms; /* 0: off; needs a warning of DOOR_AUTO_CLOSE_WARNING_MS */
};

#endif
