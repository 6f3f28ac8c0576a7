/*
 * The door: one garage door's state machine, with its debounce and its opener's press table.
 *
 * Pure: no IO, no clock, no allocation, no logging. door_step takes what happened and the time, and says what to do and
 * when to be called again. Time is milliseconds of one monotonic clock, absolute. Values only: a struct door may live
 * anywhere, is copied by assignment and owns nothing. Not thread-safe; one caller.
 *
 * What the caller owes it:
 * - door_init, then a DOOR_INPUT_SENSOR with the level read at the start for each sensor that exists. Commands are
 *   rejected (not_settled) until each level has stood still for debounce_ms.
 * - Every edge of a sensor, with the time of the edge. Repeated levels do no harm. Edges that wait are handed over
 *   before a command or a bare passing of time. A level that was read, since a chip may lose edges, is marked sampled:
 *   it never undoes an edge that has not stood still yet. Nor does the step of a sampled level give up a state whose
 *   time has run out: the step after it does, so that all levels can be read before.
 * - With a command, when it was given (given_ms), where that was earlier than now.
 * - To carry out the actions of each output in their order, at once. Where a line cannot be driven:
 *   DOOR_INPUT_LINE_FAILED, after the rest of the list; if that list belonged to a command, the answer to the
 *   command is the one in the output of that second step. Where a relay went on later than at the time of the step,
 *   DOOR_INPUT_LINE_LATE next: the pulse counts from then.
 * - DOOR_INPUT_TIME at deadline_ms. Being late is safe for the door: whatever comes, a step first ends the pulse
 *   that is due, and after DOOR_LATE_MS or more it cancels the presses still to come, since the person may have gone.
 *   All delays together, from given_ms on, may be DOOR_AGE_MS; what the warning, pulses and gaps take does not count.
 *   Being early or calling again is harmless. For a deadline that has passed, call once more at once.
 * - DOOR_INPUT_STOPPING before the end: everything goes off, and nothing comes on after it.
 *
 * What it promises, whatever the input (docs/security.md; test_door_explore.c walks every state for it):
 * - A line goes on only in the step of a command or in the passing of time after one; an edge of a sensor never
 *   starts a press. auto_close is the one source that is not a person; it needs the warning.
 * - At most one relay is on, for pulse_ms and never longer than DOOR_PULSE_MAX_MS as far as steps come in time, and
 *   gap_ms at least lie between two presses.
 * - Closed is said by the closed sensor where there is one; without, at most estimated at the end of a commanded
 *   travel. No state is believed against a sensor. A contact that does not stand still is not known.
 * - A toggle relay is not pressed for a goal that an end contact says is reached, though a press before may have
 *   changed that: the goal is held until the contact lets go, and is then planned anew. Nor is one pressed while an
 *   end contact has not stood still since its last edge.
 * - A press of a toggle relay is counted only from what is certain: a sensed end, or a way that began with the leaving
 *   of a sensed end in a commanded move and that nothing but presses from here has touched. From anything else OPEN,
 *   STOP and what takes several presses are refused (uncertain, unknown_state), and one press for CLOSE or TOGGLE
 *   counts as closing and leads to an unknown state. No press is made to stop an opening door that may be at its end
 *   when the press comes.
 * - A command is refused (uncertain) at once if one of its presses would come too late for DOOR_AGE_MS even if nothing
 *   else happens: the press may have to wait for the end of an opening, or for a contact to stand still.
 * - OPEN begins with no press that closes, unless allow_detour is set.
 * - No retry and no reversal of its own.
 * - While the door is locked out, no relay is pressed for a command from afar that may open the door: for OPEN, TOGGLE, a
 *   pulse of the toggle relay or the relay to open, and for CLOSE where a toggle relay's presses may lead up; with
 *   lockout_all, for CLOSE and a pulse of the relay to close at all. They are refused (locked_out), and those that wait
 *   for their first press are cancelled; presses that had begun before are made to their end. STOP, what takes a close
 *   back in its warning, and auto-close go on. A lock-out has two causes, and holds while one of them does: what a
 *   command has set (DOOR_COMMAND_LOCKOUT_ON), until one lifts it; and the lock-out contact, whose first edge counts, and
 *   which also locks while its level is not known. A door may be locked out before its sensors have settled.
 * - DOOR_COMMAND_PULSE presses one relay once, whatever is believed of the door, and else keeps the same rules: pulse,
 *   gap, one relay at a time, not before the sensors have settled. The relay to close and the toggle relay may bring
 *   the door down, so for them the warning runs before, and nothing may be in the way. Where by what is believed it
 *   changes nothing (OPEN's relay on an open door), the belief stays.
 * - DOOR_COMMAND_POSITION is OPEN or CLOSE, whose rules hold, with one press more, which stops the door when it is
 *   reckoned to be there: at that time, and less than DOOR_LATE_MS later. It is refused where one press does not stop the
 *   door (no_stop), where it does not rest (uncertain), with a toggle relay anywhere but at a sensed end (no_way), and for
 *   a position that is too near: so far away that a door that is faster than configured may be at its other end by then
 *   (toggle relay), or so near that the press before is not over (no_way). What was not reckoned with cancels it without a
 *   press, and so does OPEN, CLOSE or STOP: the door goes on as with those. While it is under way, another one is
 *   refused (busy).
 * - Another configuration moves nothing. What is believed stays, and a pulse under way ends when it was to end. Presses
 *   still to come are cancelled if opener, allow_detour, pulse_ms, gap_ms, warning_ms or auto_close_ms differ, since
 *   they were counted out for the old values; otherwise they stay. A move under way keeps its time. A running
 *   auto-close is cancelled if auto_close_ms differs. A configuration with other lines or sensors is ignored.
 *
 * Faults, each with what begins and what ends it:
 * - did_not_start: after a press, the sensor of the end to leave stays active for DOOR_START_MS and a quarter of the
 *   travel time; the state falls back to what that sensor says.
 *   Ends when the door leaves after all, when it comes to an end, or when a command is accepted.
 *   A door that leaves an end within DOOR_START_MS of a press there was moved by that press, whatever was believed. If
 *   the press was to stop the door or to send it back, the door only runs on for up to DOOR_COAST_MS.
 * - did_not_finish: in a commanded move, the sensor of the end to reach is not active DOOR_FINISH_MS and 5/4 of the
 *   travel time after the start; the state is stopped where a closed sensor says "not closed", else unknown. Also where
 *   CLOSE was pressed from what is not certain, and no contact has said closed for the longest travel.
 *   Ends when the door comes to an end, or when a command is accepted.
 * - reversed: in a commanded move, the sensor of the end that the door had left is active again.
 *   Ends when the door comes to an end anew, or when a command is accepted.
 * - sensor_conflict: both end sensors are active; the state is unknown.
 *   Ends when one of them is not.
 * - obstructed: the obstruction sensor becomes active while the door closes or in the warning before, or is active
 *   when a press that closes is due. While closing, the state is then unknown until a sensor or the end of travel
 *   tells: openers stop or reverse of themselves.
 *   Ends when the door is closed, or when a command is accepted.
 * - relay_failed: a line could not be driven; the command ends, everything goes off, the state is what the sensors
 *   say. Ends when a later pulse went through whole.
 * - sensor_unsteady: for the longer of DOOR_UNREST_MS and ten times debounce_ms, no pause between two edges of a
 *   contact was as long as the longer of DOOR_QUIET_MS and debounce_ms. An end contact is then as if it were not there;
 *   an obstruction or lock-out contact is as if it were active. Ends when each contact has stood still for that time.
 */
#ifndef PORTCULLIS_DOOR_DOOR_H
#define PORTCULLIS_DOOR_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "door/config.h"
#include "door/types.h"

#define DOOR_NEVER INT64_MAX /* the same as LOOP_NEVER */

#define DOOR_START_MS 5000          /* to leave an end, besides a quarter of the travel time (pre-flash of gates) */
#define DOOR_FINISH_MS 2000         /* to reach an end, besides 5/4 of the travel time */
#define DOOR_POSITION_EVERY_MS 1000 /* a position that changes is published so often */
#define DOOR_LATE_MS 5000           /* a press that comes so long after its own time is not made */
#define DOOR_AGE_MS 10000           /* nor is one so long after its command, besides what the command itself takes */
#define DOOR_UNREST_MS 2000         /* a contact that does not stand still for so long is not known */
#define DOOR_QUIET_MS 250           /* edges of a contact that are closer than this are one unrest */
#define DOOR_COAST_MS 1000          /* after a press that stops it or sends it back, a door may still leave its end */
#define DOOR_RELEASE_RETRY_MS 1000  /* a line that could not be switched off is tried again so often */

enum door_input_kind {
	DOOR_INPUT_TIME,        /* nothing but now_ms */
	DOOR_INPUT_SENSOR,      /* sensor, active, at_ms */
	DOOR_INPUT_COMMAND,     /* command, source; line: the relay of DOOR_COMMAND_PULSE; percent: of POSITION */
	DOOR_INPUT_LINE_FAILED, /* line, active: the level that could not be set */
	DOOR_INPUT_LINE_LATE,   /* line, at_ms: when the relay really went on */
	DOOR_INPUT_STOPPING,    /* the agent ends */
	DOOR_INPUT_CONFIG,      /* config: another one for the same lines and sensors */
};

struct door_input {
	enum door_input_kind kind;
	enum door_sensor sensor;
	enum door_line line;
	bool active;
	bool sampled;     /* of a sensor: no edge, but the level as it was read at now_ms */
	int64_t at_ms;    /* of the edge; what lies after now_ms counts as now_ms */
	int64_t given_ms; /* when the command was given, on the clock of now_ms; 0, or after now_ms: now */
	enum door_command command;
	int percent; /* 1 to 99 */
	enum door_source source;
	const struct door_config *config; /* read before door_step returns */
};

struct door_action {
	enum door_line line;
	bool on;
};

enum door_event {
	DOOR_EVENT_STATE, /* it came to this state */
	DOOR_EVENT_FAULT,
	DOOR_EVENT_FAULT_CLEARED, /* fault is the one that ended */
	DOOR_EVENT_WARNING,       /* a warning before closing begins */
	DOOR_EVENT_AUTO_CLOSE,    /* auto-close has begun to act */
	DOOR_EVENT_CANCELLED,     /* an accepted command ends before its last press: STOP, a sensor, an obstruction */
	DOOR_EVENT_LOCKED_OUT,    /* source: who did it; local: the key switch */
	DOOR_EVENT_LOCKOUT_LIFTED,
};

struct door_happening {
	enum door_event event;
	enum door_state state;
	enum door_fault fault;
	enum door_source source; /* of a lock-out; of what was cancelled: who asked for it */
};

#define DOOR_ACTIONS_MAX 8
#define DOOR_HAPPENINGS_MAX 16

struct door_output {
	struct door_action actions[DOOR_ACTIONS_MAX];
	size_t action_count;
	struct door_happening happenings[DOOR_HAPPENINGS_MAX]; /* in their order; what does not fit is lost */
	size_t happening_count;
	bool position_changed, state_changed, attributes_changed; /* publish, in this order */
	bool answered;                                            /* result and reason are those of the command */
	enum door_result result;
	enum door_reason reason;
	int64_t deadline_ms; /* DOOR_NEVER: nothing to do until something happens */
};

struct door_contact {
	bool raw, heard;    /* the level at the last edge; heard: there was one */
	bool active, known; /* the level that has stood still */
	bool unsteady;      /* it has not stood still for so long that its level is not known */
	int64_t edge_ms;
	int64_t unrest_ms; /* the first of the edges that came close together */
};

enum door_goal {
	DOOR_GOAL_NONE,
	DOOR_GOAL_OPEN,
	DOOR_GOAL_CLOSE,
	DOOR_GOAL_STOP,
	DOOR_GOAL_PRESS,
	DOOR_GOAL_PULSE,
};

/* The fields are the machine's own. Outside tests, look through door_view. */
struct door {
	struct door_config config;
	struct door_contact contacts[DOOR_SENSORS];
	int64_t time_ms; /* of the last step: what is believed is believed of this time */
	bool settled, stopping;

	enum door_state state;
	enum door_state direction; /* of the last move, or unknown: for what a press does after a stop */
	enum door_source source;
	enum door_fault fault;
	bool commanded;           /* the move under way was asked for here */
	bool certain;             /* toggle wiring, between the ends: it left a sensed end in a commanded move, and was
				     touched by nothing but our presses since */
	int64_t pressed_ms;       /* the last press that was to change something */
	enum door_state press_to; /* what that press was to bring; unknown: nobody could tell */
	enum door_state press_at; /* at which end the door was sensed at that press; unknown: at none */
	bool press_early;         /* no: just after that press, which was to stop it */
	int64_t moved_ms;    /* when the position was base_ppm: at the press, or at the edge of the sensor it left */
	int64_t base_ppm;    /* position at moved_ms; -1 unknown */
	int64_t highest_ppm; /* the highest that the position can have been at moved_ms */
	bool whole;          /* the move began at the other end */
	int64_t expire_ms;   /* when the state is given up: did not start, did not finish, arrived by reckoning */

	bool locked_remote; /* locked out by a command */
	bool locked_told;   /* locked out, by what was told last */

	enum door_goal goal; /* a command with presses still to come */
	enum door_source goal_source;
	enum door_state goal_state;           /* in which it was accepted */
	int64_t goal_given_ms, goal_takes_ms; /* when it was given; what warning, gaps and presses take of themselves */
	int64_t goal_due_ms;                  /* when it was accepted, or when what it waited for came */
	bool goal_warned;                     /* the warning for it has run */
	bool goal_free;                       /* it had begun to press before a lock-out */
	enum door_line pulse_line;            /* of DOOR_GOAL_PULSE */
	enum door_state aim;   /* which way it goes or is to go to a position, where a press stops it; unknown: none */
	int64_t aim_ppm;       /* that position */
	int64_t warned_ms;     /* when the running warning ends; DOOR_NEVER: none is running */
	int64_t auto_close_ms; /* when it is due */

	enum door_line relay; /* on now; DOOR_LINES: none */
	int64_t release_ms;
	int64_t released_ms;    /* the end of the last press */
	int64_t ready_ms;       /* the end of the gap after it */
	bool stuck[DOOR_LINES]; /* could not be switched off */
	int64_t retry_ms;

	uint64_t cycles;
	int64_t last_open_ms, last_close_ms, last_travel_ms; /* the last is the later of the two before */
	struct door_view said; /* at the end of the last step: what differs is to be published */
	int64_t said_position_ms;
};

/* config is copied; what is out of range in it is pulled into range. The state is unknown until the sensors settle. */
void door_init(struct door *door, const struct door_config *config, int64_t now_ms);

/* Call it between door_init and the first step: sets the totals to those of an earlier run. Nothing else changes. */
void door_restore(struct door *door, const struct door_totals *totals, int64_t now_ms);

/* Whether a former run has left the door locked out by a command, or may have. After door_init. */
void door_restore_lockout(struct door *door, bool locked, int64_t now_ms);

/* output is overwritten. input may be NULL for DOOR_INPUT_TIME. */
void door_step(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output);

/*
 * Sets what the machine knows. These stay as they are: id, name, device_class, area, vent, vent_refusal,
 * last_changed_unix_ms, last_command, what is about left_open, lockout_saving and lockout_saved.
 */
void door_view(const struct door *door, int64_t now_ms, struct door_view *view);

/* Why a move to this position, 1 to 99, would be rejected now; DOOR_REASON_NONE: it would not. */
enum door_reason door_position_refusal(const struct door *door, int percent);

/*
 * Whether a door of this configuration can be sent to a position on its way up from its closed end (DOOR_OPENING) or down
 * from its open end (DOOR_CLOSING). If so, sets the percent from which and up to which.
 */
bool door_reach(const struct door_config *config, enum door_state direction, int *low, int *high);
/* Whether it can be sent to a position from one end at least: has_reach of its view. */
bool door_reaches(const struct door_config *config);

/*
 * How many presses of the toggle relay bring the opener from a state (and, when stopped, the direction before) to
 * opening, closing or stopped; 0 when it is there already, -1 when the table knows no way. Sets closes when the door
 * moves down on the way.
 */
int door_presses(const struct door_opener *opener, enum door_state state, enum door_state direction,
		enum door_state wanted, bool *closes);

#endif
