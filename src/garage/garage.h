/*
 * The garage: the doors, their lines, and what follows from each step of a door.
 *
 * An edge of a contact, the passing of time or a command becomes one input of a door's machine (door/door.h). The
 * garage switches the lines that the machine asks for and tells what happened to its observers. It knows none of them:
 * what logs, records, counts, publishes or shows is an observer, and a new one is a new file and one call of
 * garage_observe. The garage also finds out when the whole agent stood still, since what waited meanwhile is of the
 * past.
 *
 * Everything belongs to the loop's thread, and nothing here blocks. Doors count from 0, in the order of the
 * configuration. Times are milliseconds of the loop's clock unless a name says unix.
 */
#ifndef PORTCULLIS_GARAGE_GARAGE_H
#define PORTCULLIS_GARAGE_GARAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alive.h"
#include "base/log.h"
#include "base/loop.h"
#include "door/door.h"
#include "garage/config.h"

#define GARAGE_OBSERVERS_MAX 8
#define GARAGE_SWITCHES_MAX DOOR_ACTIONS_MAX

struct garage;

/* One moment by both clocks. */
struct garage_moment {
	int64_t ms, unix_ms; /* unix_ms is 0 until garage_set_clock */
};

/* What observers can hear. Each kind uses the fields of struct garage_news that are named with it. */
enum garage_kind {
	GARAGE_STEP,    /* door, view and those below "of a step": a door's machine made a step that shows */
	GARAGE_ENDING,  /* door, view, ending: a command was carried out, was needless, or was refused. It is
			   view->last_command now, so the attributes have changed */
	GARAGE_STALLED, /* stalled_ms: the agent stood still for up to so long; what waited comes now, with past set */
	GARAGE_CAUGHT_UP, /* all that waited has been heard: what the doors' views say now is the present */
	GARAGE_CLOCK_SET, /* the wall clock is known from now on */
	GARAGE_LOST,      /* error: the GPIO chip is gone and the garage has stopped */
	/* door, view, again, open_ms: the door has been open for as long as is configured. A GARAGE_STEP with the changed
	   attributes comes before, unless again is set. */
	GARAGE_LEFT_OPEN,
};

/* Parts of a view that differ from what was told before. */
enum { GARAGE_POSITION = 1, GARAGE_STATE = 2, GARAGE_ATTRIBUTES = 4, GARAGE_ALL = 7 };

/* A line that the garage has switched, or could not. */
struct garage_switch {
	enum door_line line;
	bool on;
	int error; /* 0, or -errno */
	bool told; /* the same failure was told before and has not ended since */
};

/* How a command ended. */
struct garage_ending {
	bool known; /* false: what was asked for is no command; command is not set */
	enum door_command command;
	enum door_line relay; /* of DOOR_COMMAND_PULSE */
	int percent;          /* of DOOR_COMMAND_POSITION; 0: not known */
	enum door_source source;
	enum door_result result;
	enum door_reason reason;
};

/* All pointers live until hear returns. */
struct garage_news {
	enum garage_kind kind;
	struct garage_moment at;
	size_t door;
	const struct door_view *view; /* the door after it; NULL where no door is meant */

	/* Of a step. */
	unsigned changed; /* GARAGE_POSITION ... */
	bool past;        /* it waited while the agent stood still; GARAGE_CAUGHT_UP follows */
	bool former;      /* nothing has moved the door since the start: view->source is of a former run */
	bool settled;     /* by this step, for the first time since the start, its contacts have settled */
	bool edge;        /* an edge of sensor caused it */
	enum door_sensor sensor;
	bool edge_active;                     /* where to, as the line is configured */
	int64_t edge_ms;                      /* when, by the chip */
	const struct garage_switch *switches; /* in their order */
	size_t switch_count;
	const struct door_happening *happenings; /* in their order */
	size_t happening_count;

	const struct garage_ending *ending;
	bool again;      /* it was told of this opening before */
	int64_t open_ms; /* so long; longer where view->open_at_least */
	int64_t stalled_ms;
	int error;
};

/* The word for a happening, as it is published and recorded. */
enum door_news garage_news_of(const struct door_happening *happening);

/* hear must not call a function of the garage that is not const, and must not block. */
struct garage_observer {
	void (*hear)(void *user, const struct garage_news *news);
	void *user;
};

/* What a former run knew of a door. All zero where nothing is known. */
struct garage_past {
	struct door_totals totals;
	enum door_state state;   /* the last change of its state ... */
	enum door_source source; /* ... who caused it ... */
	int64_t unix_ms;         /* ... and when; 0: not known */
	bool locked_out;         /* by a command, or it may have been */
};

/*
 * Touches no line. Borrows loop, log and alive (NULL: no thread gives signs of life). doors is read only here, but what
 * its entries point to is borrowed. Returns 0, or -ENOMEM, also for more than DOORS_MAX doors or GPIO_LINES_MAX lines.
 * The caller frees with garage_free.
 */
int garage_new(struct loop *loop, const struct log *log, struct alive *alive, const struct garage_door_config *doors,
		size_t count, struct garage **garage);
/* Puts every output to inactive. Takes NULL. */
void garage_free(struct garage *garage);

/* Adds the next observer: observers hear in the order in which they were added. At most GARAGE_OBSERVERS_MAX; a
 * program that adds more is wrong, and ends. */
void garage_observe(struct garage *garage, struct garage_observer observer);

/* Opens the lines, which moves nothing. chip as in gpio_open_libgpiod; simulated: a model of the doors instead. 0, or
 * -errno, which has been logged. */
int garage_open(struct garage *garage, bool simulated, const char *chip);

/* Reads the contacts and begins, after garage_open. pasts: one for each door. 0, or -errno, which has been logged. */
int garage_start(struct garage *garage, const struct garage_past *pasts);

/* What a former run has left of a door came after garage_start: the door goes on counting from there. Moves nothing. */
void garage_recall(struct garage *garage, size_t door, const struct garage_past *past);

/* What keeps lock-outs over a restart: nothing (as at first), a disk that has all that was said, one that will, or one
 * that fails. */
enum garage_keeping { GARAGE_KEEPS_NONE, GARAGE_KEEPS_ALL, GARAGE_KEEPS_SOON, GARAGE_KEEPS_FAILED };
/* A view says so of what is said from then on, too. */
void garage_keep_lockouts(struct garage *garage, enum garage_keeping keeping);

/* Whether no other thread gives signs of life to alive now, which is so at the start: the garage then looks more often
 * whether the agent stood still. */
void garage_set_alone(struct garage *garage, bool alone);

/* Switches everything off. Every later command is refused (DOOR_REASON_STOPPING). Calling it again changes nothing. */
void garage_stop(struct garage *garage);

/* The wall clock is known from now on. Changes that were seen before get their times. */
void garage_set_clock(struct garage *garage);

/*
 * A command from outside: it is carried out or refused, and observers hear how it ended before this returns. given_ms:
 * nobody gave the command before this time. A command that may be older than DOOR_AGE_MS, or that may have waited while
 * the agent stood still, is refused (DOOR_REASON_STALE).
 */
struct door_answer garage_command(struct garage *garage, size_t door, enum door_command command,
		enum door_source source, int64_t given_ms);
/* The same for a move to a position, 1 to 99 % (door_position_parse). */
struct door_answer garage_position(
		struct garage *garage, size_t door, int percent, enum door_source source, int64_t given_ms);
/* One press of one relay, whatever is believed of the door. The door must have this relay. */
struct door_answer garage_pulse(
		struct garage *garage, size_t door, enum door_line relay, enum door_source source, int64_t given_ms);
/* Tells observers of a command that was refused before it came here. command is NULL when it is no command. */
void garage_refuse(struct garage *garage, size_t door, const enum door_command *command, enum door_source source,
		enum door_reason reason);

/* Another configuration of a door with the same id and lines. What it points to is borrowed from now on. Moves nothing. */
void garage_reconfigure(struct garage *garage, size_t door, const struct garage_door_config *config);

/* "wall_button" and the other pokes of gpio/simulated.h, with the same results. */
int garage_poke(struct garage *garage, size_t door, const char *poke);

/* Questions. None has a side effect. */

size_t garage_door_count(const struct garage *garage);
/* The door with this id. False: there is none, and *door is not set. */
bool garage_find(const struct garage *garage, const char *id, size_t *door);
/* The door as it is now. Equal views are equal byte by byte. */
void garage_view(const struct garage *garage, size_t door, struct door_view *view);
/* Whether a door can be sent to a position, by the configurations. Also before garage_start. */
bool garage_reaches(const struct garage *garage);
struct garage_moment garage_now(const struct garage *garage);
/* Whether what was given after given_ms, and comes now, may have waited: garage_command would refuse it as stale. A request
   that was read in the seconds after a standstill stays so, however late its end comes. */
bool garage_is_past(const struct garage *garage, int64_t given_ms);
bool garage_is_pulsing(const struct garage *garage);        /* a relay of some door is on */
uint64_t garage_edges_dropped(const struct garage *garage); /* by the kernel, whose queue was full */

/* A line of a door, as it is now. */
struct garage_line_view {
	const char *key;     /* of door_line_keys or door_sensor_keys */
	const char *name;    /* on the chip, or "" */
	unsigned offset;     /* where name is "" */
	enum door_line line; /* an output; DOOR_LINES: a contact */
	bool known;          /* it could be read */
	bool high;           /* the level on the wire */
	bool active;         /* what the level means, as the line is configured */
};
/* Fills views with the lines that the door has. Returns how many. */
size_t garage_wiring(const struct garage *garage, size_t door, struct garage_line_view views[static GARAGE_LINES]);

#endif
