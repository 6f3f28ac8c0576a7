/*
 * The door's specification: one table a behaviour.
 *
 * A row is a moment: what happens, the state after it, the lines that are switched in it, and what else is said.
 * Between two rows the machine is woken at its own deadlines; if it switches a line or changes its state there, the
 * table is wrong. Times are exact, and lines and faults are checked in every row. Each column has a type of its own, so
 * a word that is misspelt or stands in another column does not compile.
 *
 * happens   TIME, TO(PERCENT) for POSITION, GIVEN(COMMAND, MS) for one that was given then, EDGE(SENSOR, ON|OFF), EDGE_AT(SENSOR, ON|OFF, MS) with the time of an edge that is earlier than the
 *           row, COMMAND(NAME), PULSE(LINE), FAILS(LINE, ON|OFF), STOPPING
 * switched  NOTHING, or {LINE_ON}, {LINE_OFF}; two of them in their order
 * says      ACCEPTED, UNCHANGED or REJECTED(REASON): a command has one of these, nothing else has;
 *           FAULT(NAME): without it there is none; POSITION(N), SOURCE(NAME), CONFIDENCE(NAME), CYCLES(N), WARNING,
 *           LOCKED, FREE, EVENT(NAME), TRAVEL(MS) of the last whole one, REACH(FROM, TO); SILENT: none of these
 */
#include "door/door.h"

#include <stdlib.h>
#include <string.h>

#include "door_tells.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum level { OFF, ON };

/* Pointers, so that no number can stand in the place of a state. */
static const enum door_state UNKNOWN[] = {DOOR_UNKNOWN}, CLOSED[] = {DOOR_CLOSED}, OPENING[] = {DOOR_OPENING},
			     OPEN[] = {DOOR_OPEN}, CLOSING[] = {DOOR_CLOSING}, STOPPED[] = {DOOR_STOPPED};

/* Both values of each line. */
#define SWITCHED(line) line##_OFF = 1 + 2 * DOOR_LINE_##line, line##_ON
enum switched {
	SWITCHED_NONE,
	SWITCHED(TOGGLE),
	SWITCHED(OPEN),
	SWITCHED(CLOSE),
	SWITCHED(STOP),
	SWITCHED(WARNING),
};

struct row {
	int64_t at_ms;
	struct door_input happens; /* source is DOOR_SOURCE_NONE after the last row */
	const enum door_state *state;
	enum switched switched[3]; /* the last is SWITCHED_NONE */

	/* says */
	struct {
		bool said;
		enum door_result result;
		enum door_reason reason;
	} answer;
	enum door_fault fault;
	bool warning;
	struct {
		bool said, locked;
	} lockout;
	struct {
		bool said;
		int percent;
	} position;
	struct {
		bool said;
		enum door_source source;
	} source;
	struct {
		bool said;
		enum door_confidence confidence;
	} confidence;
	struct {
		bool said;
		uint64_t count;
	} cycles;
	struct {
		bool said;
		enum door_event event;
	} event;
	struct {
		bool said;
		int64_t ms;
	} travel;
	struct {
		bool said;
		int low, high;
	} reach;
};

#define FROM .source = DOOR_SOURCE_MQTT
#define TIME {.kind = DOOR_INPUT_TIME, FROM}
#define EDGE_AT(name, level, ms) \
	{.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_##name, .active = (level) == ON, .at_ms = (ms), FROM}
#define EDGE(name, level) EDGE_AT(name, level, AT_ROW)
#define COMMAND(name) {.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_##name, FROM}
#define GIVEN(name, ms) {.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_##name, .given_ms = (ms), FROM}
#define TO(value) {.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_POSITION, .percent = (value), FROM}
#define PULSE(name) {.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_PULSE, .line = DOOR_LINE_##name, FROM}
#define FAILS(name, level) {.kind = DOOR_INPUT_LINE_FAILED, .line = DOOR_LINE_##name, .active = (level) == ON, FROM}
#define STOPPING {.kind = DOOR_INPUT_STOPPING, FROM}
#define AT_ROW (-1) /* at the time of the row */

#define NOTHING {SWITCHED_NONE}

#define SILENT .answer = {false, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE}
#define ACCEPTED .answer = {true, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE}
#define UNCHANGED .answer = {true, DOOR_RESULT_UNCHANGED, DOOR_REASON_NONE}
#define REJECTED(why) .answer = {true, DOOR_RESULT_REJECTED, DOOR_REASON_##why}
#define FAULT(name) .fault = DOOR_FAULT_##name
#define WARNING .warning = true
#define LOCKED .lockout = {true, true}
#define FREE .lockout = {true, false}
#define POSITION(value) .position = {true, (value)}
#define SOURCE(name) .source = {true, DOOR_SOURCE_##name}
#define CONFIDENCE(name) .confidence = {true, DOOR_CONFIDENCE_##name}
#define CYCLES(value) .cycles = {true, (value)}
#define REACH(from, to) .reach = {true, (from), (to)}
#define TRAVEL(value) .travel = {true, (value)}
#define EVENT(name) .event = {true, DOOR_EVENT_##name}

/* The sensors that are active at 0. */
enum start {
	NOT_TOLD = -1, /* no level is told */
	NONE_ACTIVE = 0,
	CLOSED_ACTIVE = 1 << DOOR_SENSOR_CLOSED,
	OPEN_ACTIVE = 1 << DOOR_SENSOR_OPEN,
	BOTH_ENDS_ACTIVE = CLOSED_ACTIVE | OPEN_ACTIVE,
	CLOSED_AND_BEAM_ACTIVE = CLOSED_ACTIVE | 1 << DOOR_SENSOR_OBSTRUCTION,
};

struct spec {
	const char *rule;
	enum start start;
	struct door_config config;
	struct row rows[26];
};

/* Opening takes 10 s, closing 12 s; a press is 0.5 s, and 1 s lies between two. Edges count at once unless said otherwise. */
#define TIMES .pulse_ms = 500, .gap_ms = 1000, .open_time_ms = 10000, .close_time_ms = 12000
#define TOGGLE .lines = {[DOOR_LINE_TOGGLE] = true}, TIMES
#define TIMED(gap, open, close) .pulse_ms = 500, .gap_ms = (gap), .open_time_ms = (open), .close_time_ms = (close)
#define TOGGLE_TIMED(gap, open, close) .lines = {[DOOR_LINE_TOGGLE] = true}, TIMED(gap, open, close)
#define THREE_TIMED(gap, open, close) .lines = {false, true, true, true}, TIMED(gap, open, close)
#define TOGGLE_WARNS .lines = {[DOOR_LINE_TOGGLE] = true, [DOOR_LINE_WARNING] = true}, .warning_ms = 5000, TIMES
#define TWO_RELAYS .lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true}, TIMES
#define THREE_RELAYS .lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true, [DOOR_LINE_STOP] = true}, TIMES
#define TWO_RELAYS_WARN                                                                                               \
	.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true, [DOOR_LINE_WARNING] = true}, .warning_ms = 5000, \
	TIMES
#define CLOSED_SENSOR .sensors = {[DOOR_SENSOR_CLOSED] = true}
#define OPEN_SENSOR .sensors = {[DOOR_SENSOR_OPEN] = true}
#define BOTH_SENSORS .sensors = {[DOOR_SENSOR_CLOSED] = true, [DOOR_SENSOR_OPEN] = true}
#define NO_SENSOR .sensors = {false}
#define ALL_SENSORS .sensors = {true, true, true}
#define CLOSED_AND_BEAM .sensors = {[DOOR_SENSOR_CLOSED] = true, [DOOR_SENSOR_OBSTRUCTION] = true}
#define STOP_REVERSE .opener = {DOOR_PRESS_STOP, DOOR_PRESS_REVERSE, DOOR_PRESS_REVERSE}
#define STOP_CONTINUE .opener = {DOOR_PRESS_STOP, DOOR_PRESS_STOP, DOOR_PRESS_CONTINUE}
#define STOP_STOP .opener = {DOOR_PRESS_STOP, DOOR_PRESS_STOP, DOOR_PRESS_REVERSE}

/* A door as most are: 15 s a travel, an edge counts after 50 ms. */
#define STORY_TIMES .pulse_ms = 500, .gap_ms = 500, .debounce_ms = 50, .open_time_ms = 15000, .close_time_ms = 15000
#define STORY .lines = {[DOOR_LINE_TOGGLE] = true}, STORY_TIMES
#define STORY_WARNS .lines = {[DOOR_LINE_TOGGLE] = true, [DOOR_LINE_WARNING] = true}, .warning_ms = 5000, STORY_TIMES
#define TWO_RELAYS_STORY .lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true}, STORY_TIMES

static const struct spec specs[] = {
		/* A whole travel, in each wiring and with each set of sensors. */
		{"toggle, both sensors: OPEN presses once, the sensors say when it left and when it is open",
				CLOSED_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{0, TIME, CLOSED, NOTHING, POSITION(0), CONFIDENCE(SENSED),
								SOURCE(NONE), CYCLES(0)},
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED, POSITION(0),
								SOURCE(MQTT), CONFIDENCE(ESTIMATED)},
						{1500, TIME, OPENING, {TOGGLE_OFF}, POSITION(0)},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, POSITION(1)},
						{7000, TIME, OPENING, NOTHING, POSITION(50)},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, POSITION(100),
								CONFIDENCE(SENSED)},
				}},
		{"toggle, both sensors: CLOSE presses once, the sensors say when it left and when it is closed",
				OPEN_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{0, TIME, OPEN, NOTHING, POSITION(100), CONFIDENCE(SENSED), CYCLES(0)},
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED, POSITION(100)},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, POSITION(100)},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, POSITION(99)},
						{8000, TIME, CLOSING, NOTHING, POSITION(50)},
						{13000, TIME, CLOSING, NOTHING, POSITION(8)},
						{13900, EDGE(CLOSED, ON), CLOSED, NOTHING, POSITION(0),
								CONFIDENCE(SENSED), CYCLES(1)},
				}},
		{"toggle, closed sensor: open is reckoned from the travel time", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{11999, TIME, OPENING, NOTHING, POSITION(99)},
						{12000, TIME, OPEN, NOTHING, POSITION(100), CONFIDENCE(ESTIMATED)},
				}},
		{"toggle, closed sensor: closed is said by the sensor alone, however long it takes", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE},
				{
						{0, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{0, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{10000, TIME, OPEN, NOTHING, POSITION(100)},
						{20000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED, POSITION(99)},
						{20500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{32000, TIME, CLOSING, NOTHING, POSITION(1)},
						{36000, TIME, CLOSING, NOTHING, POSITION(1)},
						{36500, EDGE(CLOSED, ON), CLOSED, NOTHING, POSITION(0),
								CONFIDENCE(SENSED), CYCLES(1)},
				}},
		{"toggle, open sensor: closed is at best estimated, at the end of a commanded travel", OPEN_ACTIVE,
				{TOGGLE, OPEN_SENSOR, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED, POSITION(100)},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, POSITION(99)},
						{13999, TIME, CLOSING, NOTHING, POSITION(1)},
						{14000, TIME, CLOSED, NOTHING, POSITION(0), CONFIDENCE(ESTIMATED),
								CYCLES(1)},
						{20000, COMMAND(CLOSE), CLOSED, NOTHING, UNCHANGED},
						{30000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED, POSITION(1)},
						{30500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{40000, EDGE(OPEN, ON), OPEN, NOTHING, POSITION(100),
								CONFIDENCE(SENSED)},
				}},
		{"toggle, no sensor: the state is never known, only TOGGLE is heard", NONE_ACTIVE,
				{TOGGLE, NO_SENSOR, STOP_REVERSE},
				{
						{0, TIME, UNKNOWN, NOTHING, POSITION(-1), CONFIDENCE(UNKNOWN)},
						{1000, COMMAND(OPEN), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE)},
						{1001, COMMAND(CLOSE), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE)},
						{1002, COMMAND(STOP), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE)},
						{1003, COMMAND(TOGGLE), UNKNOWN, {TOGGLE_ON}, ACCEPTED, SOURCE(MQTT)},
						{1503, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{99000, COMMAND(OPEN), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE)},
				}},
		/* Found by changing the machine: test/mutate/run. */
		{"two relays: CLOSE once more on its way gives the rest of the way a whole travel's time", OPEN_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{10000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED, POSITION(33)},
						{10500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{26999, TIME, CLOSING, NOTHING, POSITION(1)},
						{27000, TIME, STOPPED, NOTHING, FAULT(DID_NOT_FINISH)},
				}},
		{"two relays: CLOSE once more before it has started gives it the time to start anew", OPEN_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{3000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED, POSITION(100)},
						{3500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{10999, TIME, CLOSING, NOTHING, SILENT},
						{11000, TIME, OPEN, NOTHING, FAULT(DID_NOT_START)},
				}},
		{"runs on: after a stop a door may be higher than it is reckoned to be, up to here", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_SENSOR, STOP_CONTINUE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(20)},
						{4500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{6000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{6500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{9166, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(51)},
						{9666, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
				}},
		{"runs on: and a press that would stop it is refused from here on, since it may be at its end",
				CLOSED_ACTIVE, {TOGGLE, CLOSED_SENSOR, STOP_CONTINUE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(20)},
						{4500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{6000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{6500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{9167, COMMAND(STOP), OPENING, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"lock-out: presses that had begun before it are made to their end, each of them", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_SENSOR, STOP_STOP, .allow_detour = true},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(50)},
						{7500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{20000, COMMAND(OPEN), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{20100, COMMAND(LOCKOUT_ON), CLOSING, NOTHING, ACCEPTED, LOCKED},
						{20200, COMMAND(OPEN), CLOSING, NOTHING, REJECTED(LOCKED_OUT)},
						{20500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{21500, TIME, STOPPED, {TOGGLE_ON}, SILENT},
						{22000, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{23000, TIME, OPENING, {TOGGLE_ON}, SILENT},
						{23500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},
		{"sensor_conflict: what comes into the way of a close that was pressed blindly is no fault of its own",
				BOTH_ENDS_ACTIVE, {TWO_RELAYS, ALL_SENSORS},
				{
						{0, TIME, UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT)},
						{1000, PULSE(CLOSE), UNKNOWN, {CLOSE_ON}, ACCEPTED,
								FAULT(SENSOR_CONFLICT)},
						{1500, TIME, UNKNOWN, {CLOSE_OFF}, FAULT(SENSOR_CONFLICT)},
						{2000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT)},
						{90000, TIME, UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT)},
				}},
		{"position: where it is now is refused while it is about to leave", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(50)},
						{7500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{7600, COMMAND(CLOSE), STOPPED, NOTHING, ACCEPTED},
						{7700, TO(50), STOPPED, NOTHING, REJECTED(BUSY)},
						{8500, TIME, CLOSING, {TOGGLE_ON}, SILENT},
						{9000, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"warning: CLOSE that was so already warns once the door has left its end, before it presses",
				CLOSED_ACTIVE, {TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{1600, COMMAND(CLOSE), OPENING, NOTHING, UNCHANGED},
						{3000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{3000, TIME, OPENING, {WARNING_ON}, WARNING},
						{8000, TIME, STOPPED, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{8500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{9500, TIME, CLOSING, {TOGGLE_ON}, SILENT},
						{10000, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"local: a door that came to its end by hand, just before a STOP, was moved by hand", CLOSED_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS, .debounce_ms = 50},
				{
						{1000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{1050, TIME, OPENING, NOTHING, SOURCE(LOCAL)},
						{9000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{9020, COMMAND(STOP), STOPPED, {STOP_ON}, ACCEPTED, SOURCE(MQTT)},
						{9050, TIME, OPEN, NOTHING, SOURCE(LOCAL)},
						{9520, TIME, OPEN, {STOP_OFF}, SILENT},
				}},
		{"position: from 1 to 99", CLOSED_ACTIVE,
				{.lines = {false, true, true, true},
						.pulse_ms = 50,
						.gap_ms = 100,
						.open_time_ms = 60000,
						.close_time_ms = 60000,
						BOTH_SENSORS},
				{
						{1000, TO(1), OPENING, {OPEN_ON}, ACCEPTED},
						{1050, TIME, OPENING, {OPEN_OFF}, SILENT},
						{1100, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{1700, TIME, STOPPED, {STOP_ON}, POSITION(1)},
						{1750, TIME, STOPPED, {STOP_OFF}, SILENT},
						{2000, TO(0), STOPPED, NOTHING, REJECTED(UNKNOWN_COMMAND)},
						{2001, TO(100), STOPPED, NOTHING, REJECTED(UNKNOWN_COMMAND)},
						{3000, TO(99), OPENING, {OPEN_ON}, ACCEPTED},
						{3050, TIME, OPENING, {OPEN_OFF}, SILENT},
						{61800, TIME, STOPPED, {STOP_ON}, POSITION(99)},
						{61850, TIME, STOPPED, {STOP_OFF}, SILENT},
				}},
		{"position: both ends at once are the reason of a refusal", BOTH_ENDS_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{{1000, TO(50), UNKNOWN, NOTHING, REJECTED(SENSOR_CONFLICT), FAULT(SENSOR_CONFLICT)}}},
		{"position, toggle: not from an end that is reckoned, though the way there was ours", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_SENSOR, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{12000, TIME, OPEN, NOTHING, CONFIDENCE(ESTIMATED)},
						{20000, TO(75), OPEN, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"position, toggle: a sensed end, and nowhere else", CLOSED_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{5000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(30)},
						{5500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{20000, TO(55), STOPPED, NOTHING, REJECTED(NO_WAY)},
				}},
		{"position, three relays: not from where the door was moved by hand", CLOSED_ACTIVE,
				{THREE_RELAYS, CLOSED_SENSOR},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{11000, TIME, OPEN, NOTHING, CONFIDENCE(ESTIMATED)},
						{20000, TO(50), OPEN, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"position, three relays: from the end that it is reckoned to have come to, by command", OPEN_ACTIVE,
				{THREE_RELAYS, OPEN_SENSOR},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{14000, TIME, CLOSED, NOTHING, CONFIDENCE(ESTIMATED)},
						{20000, TO(50), OPENING, {OPEN_ON}, ACCEPTED},
						{20500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{25000, TIME, STOPPED, {STOP_ON}, POSITION(50)},
						{25500, TIME, STOPPED, {STOP_OFF}, SILENT},
				}},
		{"position, three relays: not from where it is not known how far a second CLOSE has led", OPEN_ACTIVE,
				{THREE_RELAYS, OPEN_SENSOR},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{5000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{5500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{7000, COMMAND(STOP), STOPPED, {STOP_ON}, ACCEPTED, POSITION(-1)},
						{7500, TIME, STOPPED, {STOP_OFF}, SILENT},
						{20000, TO(50), STOPPED, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"position, toggle: a contact that bounces holds the press, up to 5 s late", CLOSED_ACTIVE,
				{TOGGLE_TIMED(1000, 100000, 12000), BOTH_SENSORS, STOP_STOP, .debounce_ms = 5200},
				{
						{4200, TIME, CLOSED, NOTHING, SILENT},
						{10000, TO(30), OPENING, {TOGGLE_ON}, ACCEPTED},
						{10500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{11000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{40000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{40799, EDGE(OPEN, OFF), OPENING, NOTHING, SILENT},
						{45999, TIME, STOPPED, {TOGGLE_ON}, SILENT},
						{46499, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
				}},
		{"position, toggle: later than that no press is made, and the door goes on", CLOSED_ACTIVE,
				{TOGGLE_TIMED(1000, 100000, 12000), BOTH_SENSORS, STOP_STOP, .debounce_ms = 5200},
				{
						{4200, TIME, CLOSED, NOTHING, SILENT},
						{10000, TO(30), OPENING, {TOGGLE_ON}, ACCEPTED},
						{10500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{11000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{40000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{40800, EDGE(OPEN, OFF), OPENING, NOTHING, SILENT},
						{46000, TIME, OPENING, NOTHING, EVENT(CANCELLED)},
						{60000, TIME, OPENING, NOTHING, SILENT},
				}},
		{"position, toggle: a door that leaves its end late is stopped, up to here", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP, .debounce_ms = 2000},
				{
						{1000, TO(40), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{8400, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{10300, EDGE(CLOSED, ON), OPENING, NOTHING, SILENT},
						{12200, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{14100, EDGE(CLOSED, ON), OPENING, NOTHING, SILENT},
						{16000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{17900, EDGE(CLOSED, ON), OPENING, NOTHING, SILENT},
						{19500, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{23500, TIME, STOPPED, {TOGGLE_ON}, POSITION(40)},
						{24000, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
				}},
		{"position, toggle: one that leaves it later was not moved by that press, and goes on", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP, .debounce_ms = 2000},
				{
						{1000, TO(40), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{8400, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{10300, EDGE(CLOSED, ON), OPENING, NOTHING, SILENT},
						{12200, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{14100, EDGE(CLOSED, ON), OPENING, NOTHING, SILENT},
						{16000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{17900, EDGE(CLOSED, ON), OPENING, NOTHING, SILENT},
						{19501, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{23501, TIME, OPENING, NOTHING, EVENT(CANCELLED)},
						{29000, TIME, OPENING, NOTHING, SILENT},
				}},
		/* Auto-close: its time begins with each opening, and with nothing else. */
		{"auto-close: a door that was closed by hand and opened again has its whole time", CLOSED_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS, .auto_close_ms = 30000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{21000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{31000, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{35000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{41000, TIME, OPENING, NOTHING, SILENT},
						{45000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{74999, TIME, OPEN, NOTHING, SILENT},
						{75000, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
				}},
		{"auto-close: a CLOSE of somebody's that is obstructed in its warning brings none", CLOSED_ACTIVE,
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE, .auto_close_ms = 30000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{41000, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
						{42000, COMMAND(STOP), OPEN, {WARNING_OFF}, ACCEPTED, EVENT(CANCELLED)},
						{50000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{51000, EDGE(OBSTRUCTION, ON), OPEN, {WARNING_OFF}, FAULT(OBSTRUCTED)},
						{52000, EDGE(OBSTRUCTION, OFF), OPEN, NOTHING, FAULT(OBSTRUCTED)},
						{200000, TIME, OPEN, NOTHING, FAULT(OBSTRUCTED)},
				}},
		{"auto-close: what comes into the way after its press, before the door has left, ends it",
				CLOSED_ACTIVE, {TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE, .auto_close_ms = 30000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{41000, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
						{46000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{46500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{46600, EDGE(OBSTRUCTION, ON), OPEN, NOTHING, FAULT(OBSTRUCTED),
								POSITION(100)},
						{46700, EDGE(OBSTRUCTION, OFF), OPEN, NOTHING, FAULT(OBSTRUCTED)},
						{200000, TIME, OPEN, NOTHING, FAULT(OBSTRUCTED)},
				}},
		{"auto-close: what crosses at the very moment of its press gives it its whole time anew", CLOSED_ACTIVE,
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE, .auto_close_ms = 30000, .debounce_ms = 500},
				{
						{1000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{1500, TIME, OPENING, NOTHING, SILENT},
						{11000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{11500, TIME, OPEN, NOTHING, SILENT},
						{41500, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
						{46400, EDGE(OBSTRUCTION, ON), OPEN, NOTHING, WARNING},
						{46500, TIME, OPEN, {WARNING_OFF}, FAULT(OBSTRUCTED), EVENT(CANCELLED)},
						{46600, EDGE(OBSTRUCTION, OFF), OPEN, NOTHING, FAULT(OBSTRUCTED)},
						{76499, TIME, OPEN, NOTHING, FAULT(OBSTRUCTED)},
						{76500, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
				}},
		/* What was lost, and where the door then is. */
		{"obstructed: where it went then is not known: TOGGLE is not, OPEN takes a whole travel", OPEN_ACTIVE,
				{THREE_RELAYS, .sensors = {[DOOR_SENSOR_CLOSED] = true,
							       [DOOR_SENSOR_OBSTRUCTION] = true}},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{11000, TIME, OPEN, NOTHING, POSITION(100)},
						{20000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{20500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{26000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, FAULT(OBSTRUCTED)},
						{27000, COMMAND(TOGGLE), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE),
								FAULT(OBSTRUCTED)},
						{30000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED, POSITION(99)},
						{30500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{39999, TIME, OPENING, NOTHING, POSITION(99)},
						{40000, TIME, OPEN, NOTHING, POSITION(100)},
						{50000, TO(50), OPEN, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"did_not_finish: a door that was lost on its way down is not sent to a position from its reckoned top",
				CLOSED_ACTIVE, {THREE_RELAYS, CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{11000, TIME, OPEN, NOTHING, POSITION(100)},
						{20000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{20500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{37000, TIME, STOPPED, NOTHING, FAULT(DID_NOT_FINISH), POSITION(99)},
						{40000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{40500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{50000, TIME, OPEN, NOTHING, POSITION(100)},
						{60000, TO(50), OPEN, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"two relays: from a place that is only not closed, CLOSE is reckoned from the top, and is no whole travel",
				NONE_ACTIVE, {TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED, POSITION(99)},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{7000, TIME, CLOSING, NOTHING, POSITION(50)},
						{8000, EDGE(CLOSED, ON), CLOSED, NOTHING, TRAVEL(0), CYCLES(1)},
				}},
		{"two relays: CLOSE that waits for the gap is made, though somebody moves the door meanwhile",
				OPEN_ACTIVE, {TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, PULSE(OPEN), OPEN, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPEN, {OPEN_OFF}, SILENT},
						{1600, COMMAND(CLOSE), OPEN, NOTHING, ACCEPTED},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
						{2500, TIME, CLOSING, {CLOSE_ON}, SOURCE(MQTT)},
						{3000, TIME, CLOSING, {CLOSE_OFF}, SILENT},
				}},
		{"two relays: OPEN that waits for the gap is made, though something comes into the way of the closing door",
				OPEN_ACTIVE, {TWO_RELAYS, ALL_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1200, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{1600, COMMAND(OPEN), CLOSING, NOTHING, ACCEPTED},
						{2000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, FAULT(OBSTRUCTED)},
						{2500, TIME, OPENING, {OPEN_ON}, FAULT(OBSTRUCTED)},
						{3000, TIME, OPENING, {OPEN_OFF}, FAULT(OBSTRUCTED)},
				}},
		{"presses: OPEN that waits for its second press is cancelled when the door is open all the same",
				OPEN_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{4000, COMMAND(OPEN), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{4500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{5200, EDGE(OPEN, ON), OPEN, NOTHING, EVENT(CANCELLED)},
						{9000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"travel: one that was sent back to the end it came from is no whole one", OPEN_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{7000, EDGE(OPEN, ON), OPEN, NOTHING, FAULT(REVERSED), TRAVEL(0)},
				}},
		{"travel: an end that is told to come before the other was left gives none", CLOSED_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{2100, EDGE_AT(OPEN, ON, 1900), OPEN, NOTHING, TRAVEL(0)},
				}},
		{"travel: one that begins at an end that was reached just before the press is a whole one",
				CLOSED_ACTIVE, {TWO_RELAYS, BOTH_SENSORS, .debounce_ms = 50},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{9000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{9010, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{9510, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{9600, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{9650, TIME, CLOSING, NOTHING, POSITION(99)},
						{18600, EDGE(CLOSED, ON), CLOSING, NOTHING, SILENT},
						{18650, TIME, CLOSED, NOTHING, TRAVEL(9000)},
				}},
		{"travel: a press that the opener ignores on its way does not begin it anew", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS,
						.opener = {DOOR_PRESS_IGNORE, DOOR_PRESS_STOP, DOOR_PRESS_REVERSE}},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{5000, PULSE(TOGGLE), OPENING, {TOGGLE_ON}, ACCEPTED, POSITION(30)},
						{5500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, TRAVEL(9000)},
				}},
		/* Who moved it: a press at an end, and what leaves or comes there about that time. */
		{"coasting: a door that ran out of its end stands there, and was sent that way", OPEN_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2500, COMMAND(STOP), OPEN, {STOP_ON}, ACCEPTED},
						{3000, TIME, OPEN, {STOP_OFF}, SILENT},
						{3500, EDGE(OPEN, OFF), STOPPED, NOTHING, SOURCE(MQTT), POSITION(99)},
						{10000, COMMAND(TOGGLE), OPENING, {OPEN_ON}, ACCEPTED},
						{10500, TIME, OPENING, {OPEN_OFF}, SILENT},
				}},
		{"coasting: the same at the closed end, and nothing is sent from there to a position", CLOSED_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2500, COMMAND(STOP), CLOSED, {STOP_ON}, ACCEPTED},
						{3000, TIME, CLOSED, {STOP_OFF}, SILENT},
						{3500, EDGE(CLOSED, OFF), STOPPED, NOTHING, SOURCE(MQTT), POSITION(1)},
						{9000, TO(50), STOPPED, NOTHING, REJECTED(UNCERTAIN)},
						{10000, COMMAND(TOGGLE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{10500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
				}},
		{"coasting: where it stands then, it comes back by hand", CLOSED_ACTIVE, {THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2500, COMMAND(STOP), CLOSED, {STOP_ON}, ACCEPTED},
						{3000, TIME, CLOSED, {STOP_OFF}, SILENT},
						{3501, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(MQTT)},
						{9000, EDGE(CLOSED, ON), CLOSED, NOTHING, FAULT(REVERSED)},
				}},
		{"coasting: a door that stands out of its end comes back by hand", CLOSED_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2500, COMMAND(STOP), CLOSED, {STOP_ON}, ACCEPTED},
						{3000, TIME, CLOSED, {STOP_OFF}, SILENT},
						{3000, EDGE(CLOSED, OFF), STOPPED, NOTHING, SOURCE(MQTT)},
						{9000, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(LOCAL)},
				}},
		{"coasting: what crosses the way meanwhile changes nothing of that", CLOSED_ACTIVE,
				{THREE_RELAYS, ALL_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2500, COMMAND(STOP), CLOSED, {STOP_ON}, ACCEPTED},
						{2600, EDGE(OBSTRUCTION, ON), CLOSED, NOTHING, SILENT},
						{2700, EDGE(CLOSED, OFF), STOPPED, NOTHING, SOURCE(MQTT)},
						{3000, TIME, STOPPED, {STOP_OFF}, SILENT},
				}},
		{"coasting: a door that was sent back, and runs out of its end first, comes back by that press",
				OPEN_ACTIVE, {TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2500, COMMAND(OPEN), OPEN, {OPEN_ON}, ACCEPTED},
						{2500, EDGE(OPEN, OFF), OPENING, NOTHING, SOURCE(MQTT)},
						{3000, TIME, OPENING, {OPEN_OFF}, SILENT},
						{5000, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(MQTT)},
				}},
		{"local: after a stop relay's press, what leaves the end that the door ran on to was moved by hand",
				CLOSED_ACTIVE, {THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{11000, COMMAND(STOP), STOPPED, {STOP_ON}, ACCEPTED},
						{11300, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(MQTT)},
						{11500, TIME, OPEN, {STOP_OFF}, SILENT},
						{11700, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
				}},
		{"local: so it was later than the door may run on", CLOSED_ACTIVE, {THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{11000, COMMAND(STOP), STOPPED, {STOP_ON}, ACCEPTED},
						{11300, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(MQTT)},
						{11500, TIME, OPEN, {STOP_OFF}, SILENT},
						{13000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
				}},
		{"local: and with a toggle relay, where the press sent the door to that end", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_CONTINUE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{8000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{8500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{20000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{20400, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(MQTT)},
						{20500, TIME, OPEN, {TOGGLE_OFF}, SILENT},
						{22000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
				}},
		{"local: and where it came to that end by hand, long after the press that stopped it", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{7500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{9000, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(LOCAL)},
						{11000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
						{28000, TIME, STOPPED, NOTHING, SOURCE(LOCAL)},
				}},
		{"coasting: which way a late press sends the door, from the closed end", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{12000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{12200, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(MQTT)},
						{12500, TIME, CLOSED, {TOGGLE_OFF}, SILENT},
						{13000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(MQTT), POSITION(1)},
						{14000, COMMAND(STOP), OPENING, NOTHING, REJECTED(UNCERTAIN)},
						{16000, TIME, OPENING, NOTHING, POSITION(30)},
				}},
		{"coasting: and from the open end", CLOSED_ACTIVE,
				{TOGGLE_TIMED(1000, 60000, 12000), OPEN_SENSOR, STOP_STOP},
				{
						{0, TIME, UNKNOWN, NOTHING, SILENT},
						{1000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{2000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{2500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{3000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{5000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{5500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{5600, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(MQTT)},
						{5900, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(MQTT), POSITION(99)},
						{8900, TIME, CLOSING, NOTHING, POSITION(75)},
				}},
		{"moved by that press: a door that leaves its end up to five seconds after it", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{3000, COMMAND(TOGGLE), OPEN, {TOGGLE_ON}, ACCEPTED},
						{3500, TIME, OPEN, {TOGGLE_OFF}, SILENT},
						{8000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(MQTT)},
				}},
		{"moved by hand: one that leaves it later", OPEN_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{3000, COMMAND(TOGGLE), OPEN, {TOGGLE_ON}, ACCEPTED},
						{3500, TIME, OPEN, {TOGGLE_OFF}, SILENT},
						{8001, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
				}},
		{"moved by that press: once", OPEN_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1200, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(MQTT)},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{3000, EDGE(OPEN, ON), OPEN, NOTHING, FAULT(REVERSED)},
						{4000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL),
								FAULT(REVERSED)},
				}},
		{"uncertain: a door that is moved by hand, after it was moved by command", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{12000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{20000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
						{22000, COMMAND(STOP), CLOSING, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"uncertain: a door that leaves its end long after a press there that did not start it", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{9000, TIME, OPEN, NOTHING, FAULT(DID_NOT_START)},
						{20000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
						{22000, COMMAND(STOP), CLOSING, NOTHING, REJECTED(UNCERTAIN)},
				}},
		/* How high it may be: a press at the upper end would close it. */
		{"highest: from the open end down, a stop, and up again: it may be stopped, up to here", OPEN_ACTIVE,
				{TOGGLE_TIMED(1000, 60000, 12000), BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{8000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(50)},
						{8500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{10000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{10500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{28333, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
				}},
		{"highest: and not from here on", OPEN_ACTIVE,
				{TOGGLE_TIMED(1000, 60000, 12000), BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{8000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(50)},
						{8500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{10000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{10500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{28334, COMMAND(STOP), OPENING, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"highest: a closed contact that lets go long after the press may have been late: no STOP",
				CLOSED_ACTIVE, {TOGGLE_TIMED(1000, 6000, 6000), CLOSED_SENSOR, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{5500, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{5600, COMMAND(STOP), OPENING, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"highest: from a reckoned closed end it is low", OPEN_ACTIVE, {TOGGLE, OPEN_SENSOR, STOP_CONTINUE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{14000, TIME, CLOSED, NOTHING, CONFIDENCE(ESTIMATED)},
						{20000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{20500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{22000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(20)},
						{22500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{24000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{24500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{25500, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(35)},
				}},
		/* Faults that cover each other, and what is no fault. */
		{"relay_failed: in a sensor conflict, which is told again after a whole pulse", BOTH_ENDS_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(STOP), UNKNOWN, {STOP_ON}, ACCEPTED,
								FAULT(SENSOR_CONFLICT)},
						{1000, FAILS(STOP, ON), UNKNOWN, {STOP_OFF}, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{3000, COMMAND(STOP), UNKNOWN, {STOP_ON}, ACCEPTED,
								FAULT(RELAY_FAILED)},
						{3500, TIME, UNKNOWN, {STOP_OFF}, FAULT(SENSOR_CONFLICT)},
				}},
		{"obstructed: what crosses the way after a press of which nobody knows what it did is no fault",
				NONE_ACTIVE, {TOGGLE, STOP_STOP, .sensors = {[DOOR_SENSOR_OBSTRUCTION] = true}},
				{
						{1000, COMMAND(TOGGLE), UNKNOWN, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{3000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, SILENT},
				}},
		{"obstructed: nor what crosses the way of a door that opens after CLOSE was pressed at its closed end",
				CLOSED_ACTIVE, {TWO_RELAYS, ALL_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2600, COMMAND(CLOSE), CLOSED, {CLOSE_ON}, ACCEPTED},
						{3100, TIME, CLOSED, {CLOSE_OFF}, SILENT},
						{5000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(MQTT)},
						{6000, EDGE(OBSTRUCTION, ON), OPENING, NOTHING, SILENT},
				}},
		{"sensor_conflict: a pulse that is warned of is made, though the conflict ends meanwhile",
				BOTH_ENDS_ACTIVE, {TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP},
				{
						{1000, PULSE(TOGGLE), UNKNOWN, {WARNING_ON}, ACCEPTED,
								FAULT(SENSOR_CONFLICT), WARNING},
						{3000, EDGE(CLOSED, OFF), OPEN, NOTHING, WARNING},
						{6000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
				}},
		{"position: the present one of a door that moves is none that it is at", CLOSED_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, TO(50), OPENING, NOTHING, REJECTED(UNCERTAIN), POSITION(50)},
						{10000, COMMAND(STOP), STOPPED, {STOP_ON}, ACCEPTED, POSITION(80)},
						{10500, TIME, STOPPED, {STOP_OFF}, SILENT},
						{12000, TO(80), STOPPED, NOTHING, UNCHANGED},
				}},
		{"position: nor is 99 where no more is known than that it is not closed", CLOSED_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{16500, TIME, STOPPED, NOTHING, FAULT(DID_NOT_FINISH), POSITION(99)},
						{20000, TO(99), STOPPED, NOTHING, REJECTED(UNCERTAIN),
								FAULT(DID_NOT_FINISH)},
				}},
		{"position: a door that stands just out of its closed end is at 1", CLOSED_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2500, COMMAND(STOP), CLOSED, {STOP_ON}, ACCEPTED},
						{3000, TIME, CLOSED, {STOP_OFF}, SILENT},
						{3500, EDGE(CLOSED, OFF), STOPPED, NOTHING, POSITION(1)},
						{9000, TO(1), STOPPED, NOTHING, UNCHANGED},
				}},
		{"position: another one waits for nothing: it is refused while one is under way, and the same is so already",
				CLOSED_ACTIVE, {THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, TO(80), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, TO(80), OPENING, NOTHING, UNCHANGED},
						{4100, TO(60), OPENING, NOTHING, REJECTED(BUSY)},
						{10000, TIME, STOPPED, {STOP_ON}, POSITION(80)},
						{10500, TIME, STOPPED, {STOP_OFF}, SILENT},
						{10600, TO(40), STOPPED, NOTHING, REJECTED(BUSY)},
				}},
		{"position: it is refused while a CLOSE is warned of", OPEN_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{2000, TO(75), OPEN, NOTHING, REJECTED(BUSY), WARNING},
						{6000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
				}},
		{"age: a position that is asked for again while it waits for a contact is as young as the last time",
				CLOSED_ACTIVE,
				{TOGGLE_TIMED(1000, 100000, 12000), BOTH_SENSORS, STOP_STOP, .debounce_ms = 6000},
				{
						{5000, TIME, CLOSED, NOTHING, SILENT},
						{19000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{19100, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{20000, TO(30), CLOSED, NOTHING, ACCEPTED},
						{24000, TO(30), CLOSED, NOTHING, UNCHANGED},
						{25000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{25050, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{31050, TIME, OPENING, {TOGGLE_ON}, SILENT},
				}},
		{"age: and so is OPEN", CLOSED_ACTIVE,
				{TOGGLE_TIMED(1000, 100000, 12000), BOTH_SENSORS, STOP_STOP, .debounce_ms = 6000},
				{
						{5000, TIME, CLOSED, NOTHING, SILENT},
						{19000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{19100, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{20000, COMMAND(OPEN), CLOSED, NOTHING, ACCEPTED},
						{24000, COMMAND(OPEN), CLOSED, NOTHING, UNCHANGED},
						{25000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{25050, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{31050, TIME, OPENING, {TOGGLE_ON}, SILENT},
				}},
		{"age: one that is given once is given up", CLOSED_ACTIVE,
				{TOGGLE_TIMED(1000, 100000, 12000), BOTH_SENSORS, STOP_STOP, .debounce_ms = 6000},
				{
						{5000, TIME, CLOSED, NOTHING, SILENT},
						{19000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{19100, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{20000, COMMAND(OPEN), CLOSED, NOTHING, ACCEPTED},
						{25000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{25050, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{30001, TIME, CLOSED, NOTHING, EVENT(CANCELLED)},
						{60000, TIME, CLOSED, NOTHING, SILENT},
				}},
		{"auto-close: not where no relay closes: neither a warning nor a word of it", CLOSED_ACTIVE,
				{.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_WARNING] = true},
						.warning_ms = 5000,
						.auto_close_ms = 30000,
						TIMES,
						BOTH_SENSORS},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{41000, TIME, OPEN, NOTHING, SILENT},
						{90000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"auto-close: a CLOSE of somebody's that is warned of when it is due stays that CLOSE", CLOSED_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE, .auto_close_ms = 30000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{39000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{41000, TIME, OPEN, NOTHING, WARNING},
						{44000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SOURCE(MQTT)},
				}},
		{"auto-close: not while a relay cannot be switched off", CLOSED_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS, .auto_close_ms = 30000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{40000, PULSE(OPEN), OPEN, {OPEN_ON}, ACCEPTED},
						{40500, TIME, OPEN, {OPEN_OFF}, SILENT},
						{40500, FAILS(OPEN, OFF), OPEN, NOTHING, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{41000, TIME, OPEN, NOTHING, FAULT(RELAY_FAILED)},
						{41500, TIME, OPEN, {OPEN_OFF}, FAULT(RELAY_FAILED)},
						{90000, TIME, OPEN, NOTHING, FAULT(RELAY_FAILED)},
				}},
		{"locked out for all: a CLOSE that is refused leaves the auto-close that is warned of alone",
				CLOSED_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE, .auto_close_ms = 30000, .lockout_all = true},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{20000, COMMAND(LOCKOUT_ON), OPEN, NOTHING, ACCEPTED},
						{41000, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
						{42000, PULSE(TOGGLE), OPEN, NOTHING, REJECTED(BUSY), WARNING},
						{43000, COMMAND(CLOSE), OPEN, NOTHING, REJECTED(LOCKED_OUT), WARNING},
						{46000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SOURCE(AUTO_CLOSE)},
				}},
		{"locked out: TOGGLE is refused on an open door, too", OPEN_ACTIVE, {TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(LOCKOUT_ON), OPEN, NOTHING, ACCEPTED},
						{2000, COMMAND(TOGGLE), OPEN, NOTHING, REJECTED(LOCKED_OUT)},
				}},
		{"locked out: it is set also while a relay cannot be switched off", CLOSED_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{1500, FAILS(OPEN, OFF), OPENING, NOTHING, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{1600, COMMAND(LOCKOUT_ON), OPENING, NOTHING, ACCEPTED,
								FAULT(RELAY_FAILED), LOCKED},
				}},
		{"warning: TOGGLE takes a close back also while the door is locked out", OPEN_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{2000, COMMAND(LOCKOUT_ON), OPEN, NOTHING, ACCEPTED, WARNING},
						{3000, COMMAND(TOGGLE), OPEN, {WARNING_OFF}, ACCEPTED,
								EVENT(CANCELLED)},
				}},
		{"warning: STOP ends it also where nobody knows what a press does, and is no refusal", NONE_ACTIVE,
				{TOGGLE_WARNS, NO_SENSOR, STOP_STOP},
				{
						{1000, COMMAND(TOGGLE), UNKNOWN, {WARNING_ON}, ACCEPTED, WARNING},
						{2000, COMMAND(STOP), UNKNOWN, {WARNING_OFF}, ACCEPTED,
								EVENT(CANCELLED)},
				}},
		{"uncertain: not where both end contacts blink at the end that the door is sent from", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1200, EDGE(CLOSED, ON), UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT)},
						{1300, EDGE(CLOSED, OFF), OPEN, NOTHING, SILENT},
						{1500, TIME, OPEN, {TOGGLE_OFF}, SILENT},
						{1800, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(MQTT)},
						{5000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
				}},
		/* Locked out, a press of a toggle relay may not lead up. */
		{"locked out, toggle relay: CLOSE on the way up stops the door and closes it", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{3000, COMMAND(LOCKOUT_ON), OPENING, NOTHING, ACCEPTED},
						{4000, COMMAND(CLOSE), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{4500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{5500, TIME, CLOSING, {TOGGLE_ON}, SILENT},
				}},
		{"locked out, toggle relay: not after a stop on the way down, where the next press leads up",
				OPEN_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{5000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{5500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{8000, COMMAND(LOCKOUT_ON), STOPPED, NOTHING, ACCEPTED},
						{9000, COMMAND(CLOSE), STOPPED, NOTHING, REJECTED(LOCKED_OUT)},
				}},
		{"locked out, toggle relay: but where the opener goes on down", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_CONTINUE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{5000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{5500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{8000, COMMAND(LOCKOUT_ON), STOPPED, NOTHING, ACCEPTED},
						{9000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
				}},
		{"locked out, toggle relay: and not where it goes on up", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_CONTINUE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{5000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{5500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{8000, COMMAND(LOCKOUT_ON), STOPPED, NOTHING, ACCEPTED},
						{9000, COMMAND(CLOSE), STOPPED, NOTHING, REJECTED(LOCKED_OUT)},
				}},
		{"locked out, toggle relay: nor while the opener ignores a press on its way up", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS,
						.opener = {DOOR_PRESS_IGNORE, DOOR_PRESS_STOP, DOOR_PRESS_REVERSE}},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{3000, COMMAND(LOCKOUT_ON), OPENING, NOTHING, ACCEPTED},
						{4000, COMMAND(CLOSE), OPENING, NOTHING, REJECTED(LOCKED_OUT)},
				}},
		{"locked out: a pulse of the relay to close is made, to open is not", CLOSED_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(LOCKOUT_ON), CLOSED, NOTHING, ACCEPTED},
						{2000, PULSE(OPEN), CLOSED, NOTHING, REJECTED(LOCKED_OUT)},
						{3000, PULSE(CLOSE), CLOSED, {CLOSE_ON}, ACCEPTED},
						{3500, TIME, CLOSED, {CLOSE_OFF}, SILENT},
						{6000, PULSE(STOP), CLOSED, {STOP_ON}, ACCEPTED},
				}},
		{"locked out for all: a pulse of the relay to stop alone is made", CLOSED_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS, .lockout_all = true},
				{
						{1000, COMMAND(LOCKOUT_ON), CLOSED, NOTHING, ACCEPTED},
						{3000, PULSE(CLOSE), CLOSED, NOTHING, REJECTED(LOCKED_OUT)},
						{6000, PULSE(STOP), CLOSED, {STOP_ON}, ACCEPTED},
				}},
		{"key switch: a command that sets what is set already changes nothing; who lifts it is told",
				CLOSED_ACTIVE,
				{TOGGLE, .sensors = {true, true, false, true}, STOP_STOP, .debounce_ms = 50},
				{
						{1000, EDGE(LOCKOUT, ON), CLOSED, NOTHING, LOCKED, EVENT(LOCKED_OUT)},
						{2000, COMMAND(LOCKOUT_ON), CLOSED, NOTHING, ACCEPTED},
						{3000, COMMAND(LOCKOUT_ON), CLOSED, NOTHING, UNCHANGED},
						{4000, COMMAND(LOCKOUT_OFF), CLOSED, NOTHING, ACCEPTED, LOCKED},
						{5000, EDGE(LOCKOUT, OFF), CLOSED, NOTHING, LOCKED},
						{5050, COMMAND(STOP), CLOSED, NOTHING, UNCHANGED, FREE,
								EVENT(LOCKOUT_LIFTED)},
				}},
		/* A press that is to close the door. */
		{"warning: TOGGLE that sends a door down that was stopped on its way up is warned of", CLOSED_ACTIVE,
				{TOGGLE_WARNS, ALL_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{5000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{5500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{7000, EDGE(OBSTRUCTION, ON), STOPPED, NOTHING, SILENT},
						{8000, COMMAND(TOGGLE), STOPPED, NOTHING, REJECTED(OBSTRUCTED)},
						{9000, EDGE(OBSTRUCTION, OFF), STOPPED, NOTHING, SILENT},
						{10000, COMMAND(TOGGLE), STOPPED, {WARNING_ON}, ACCEPTED, WARNING},
						{15000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
				}},
		{"not heard: TOGGLE on a door that still stands closed can do no harm: it is not warned of",
				CLOSED_ACTIVE, {TOGGLE_WARNS, ALL_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OBSTRUCTION, ON), OPENING, NOTHING, SILENT},
						{3000, COMMAND(TOGGLE), CLOSED, {TOGGLE_ON}, ACCEPTED},
				}},
		{"stopping: auto-close that is due later does not act, nor one of a door that opens after it",
				CLOSED_ACTIVE, {TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE, .auto_close_ms = 30000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{20000, STOPPING, OPEN, NOTHING, SILENT},
						{41000, TIME, OPEN, NOTHING, SILENT},
						{50000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{52000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{82000, TIME, OPEN, NOTHING, SILENT},
						{99000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"coasting: a press that comes after one that was heard late is a press of its own", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{12000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{12200, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(MQTT)},
						{12500, TIME, CLOSED, {TOGGLE_OFF}, SILENT},
						{20000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{20500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{21000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{25000, EDGE(CLOSED, ON), CLOSED, NOTHING, FAULT(REVERSED)},
				}},
		{"auto-close: a door that is only not closed, and is sent up, has its whole time from the top",
				NONE_ACTIVE, {TWO_RELAYS_WARN, CLOSED_SENSOR, .auto_close_ms = 25000},
				{
						{20000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{20500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{30000, TIME, OPEN, NOTHING, SILENT},
						{54999, TIME, OPEN, NOTHING, SILENT},
						{55000, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
				}},
		{"uncertain: where something came into the way of a closing door, TOGGLE is warned of", OPEN_ACTIVE,
				{TOGGLE_WARNS, ALL_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{6500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{7000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{9000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, FAULT(OBSTRUCTED)},
						{9500, EDGE(OBSTRUCTION, OFF), UNKNOWN, NOTHING, FAULT(OBSTRUCTED)},
						{12000, COMMAND(TOGGLE), UNKNOWN, {WARNING_ON}, ACCEPTED, WARNING},
				}},
		{"sensor_conflict: TOGGLE is warned of then, though the move before was ours", OPEN_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{6500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{7000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{18000, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{20000, EDGE(OPEN, ON), UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT)},
						{22000, COMMAND(TOGGLE), UNKNOWN, {WARNING_ON}, ACCEPTED, WARNING,
								FAULT(SENSOR_CONFLICT)},
				}},
		{"sensor_conflict: no time of a travel ends it", OPEN_ACTIVE, {TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2000, EDGE(CLOSED, ON), UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT)},
						{90000, TIME, UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT)},
				}},
		{"did_not_start: the time to start is over also where a contact has just stood still", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP, .debounce_ms = 50},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{8440, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{8450, EDGE(OPEN, OFF), OPENING, NOTHING, SILENT},
						{8500, TIME, CLOSED, NOTHING, FAULT(DID_NOT_START), REACH(16, 46)},
				}},
		{"did_not_start: the door is then at that end, as far as it can be sent from there", OPEN_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{9000, TIME, OPEN, NOTHING, FAULT(DID_NOT_START), POSITION(100),
								REACH(1, 87)},
				}},
		{"uncertain: where a relay failed, no fault of a move covers that", NONE_ACTIVE,
				{STORY, CLOSED_SENSOR, STOP_STOP},
				{
						{5000, COMMAND(CLOSE), UNKNOWN, {TOGGLE_ON}, ACCEPTED},
						{5500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{5500, FAILS(TOGGLE, OFF), UNKNOWN, NOTHING, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{6500, TIME, UNKNOWN, {TOGGLE_OFF}, FAULT(RELAY_FAILED)},
						{25750, TIME, OPEN, NOTHING, FAULT(RELAY_FAILED)},
				}},
		{"heard late: what was held for long is not too late when the contact lets go", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{1600, COMMAND(CLOSE), OPENING, NOTHING, UNCHANGED},
						{8000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{8000, TIME, STOPPED, {TOGGLE_ON}, SILENT},
						{8500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{9500, TIME, CLOSING, {TOGGLE_ON}, SILENT},
				}},
		{"warning: OPEN that takes the place of a long warning is not too late", OPEN_ACTIVE,
				{.lines = {[DOOR_LINE_TOGGLE] = true, [DOOR_LINE_WARNING] = true},
						.warning_ms = 20000,
						TIMES,
						BOTH_SENSORS,
						STOP_STOP},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{21000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{21500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{22000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{25000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{25500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{30000, COMMAND(CLOSE), STOPPED, {WARNING_ON}, ACCEPTED, WARNING},
						{31000, COMMAND(OPEN), OPENING, {WARNING_OFF, TOGGLE_ON}, ACCEPTED},
				}},
		{"age: what is so already is so, however long its contact bounces", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP, .debounce_ms = 6000},
				{
						{5000, TIME, OPEN, NOTHING, SILENT},
						{10000, EDGE(OPEN, OFF), OPEN, NOTHING, SILENT},
						{10100, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{10200, GIVEN(OPEN, 1200), OPEN, NOTHING, UNCHANGED},
				}},
		{"age: a position that is refused makes no other command younger", CLOSED_ACTIVE,
				{TOGGLE_TIMED(1000, 100000, 12000), BOTH_SENSORS, STOP_STOP, .debounce_ms = 6000},
				{
						{5000, TIME, CLOSED, NOTHING, SILENT},
						{19000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{19100, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{20000, COMMAND(OPEN), CLOSED, NOTHING, ACCEPTED},
						{24000, TO(30), CLOSED, NOTHING, REJECTED(BUSY)},
						{25000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{25050, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{30001, TIME, CLOSED, NOTHING, EVENT(CANCELLED)},
				}},
		{"pulse: a command that is refused while it is warned of does not change which relay it is",
				NONE_ACTIVE, {TOGGLE_WARNS, NO_SENSOR, STOP_STOP},
				{
						{1000, PULSE(TOGGLE), UNKNOWN, {WARNING_ON}, ACCEPTED, WARNING},
						{2000,
								{.kind = DOOR_INPUT_COMMAND,
										.command = DOOR_COMMAND_CLOSE,
										.line = DOOR_LINE_STOP,
										FROM},
								UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE), WARNING},
						{6000, TIME, UNKNOWN, {WARNING_OFF, TOGGLE_ON}, SILENT},
				}},
		{"near its end: STOP is made up to an eighth of the travel and a second before it", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{9749, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
				}},
		{"near its end: and not from there on", CLOSED_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{9750, COMMAND(STOP), OPENING, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"highest: without an open contact only how high it may be counts", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_SENSOR, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{12000, TIME, OPEN, NOTHING, SILENT},
						{20000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{20500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{24800, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(60)},
						{25300, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{27000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{27500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{29000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(80)},
				}},
		{"relay_failed: a warning that cannot be switched off does not shorten the press", OPEN_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{6000, FAILS(WARNING, OFF), CLOSING, NOTHING, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{6500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{7000, TIME, CLOSING, {WARNING_OFF}, SILENT},
				}},
		{"relay_failed: a warning that cannot be switched on leaves what is believed of the door",
				CLOSED_ACTIVE, {TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(CLOSE), OPENING, {WARNING_ON}, ACCEPTED, WARNING},
						{4000, FAILS(WARNING, ON), OPENING, {WARNING_OFF, WARNING_OFF},
								REJECTED(RELAY_FAILED), FAULT(RELAY_FAILED)},
						{9000, TIME, OPENING, NOTHING, FAULT(RELAY_FAILED), POSITION(70)},
				}},
		{"relay_failed: a door that then leaves its end was moved by hand", CLOSED_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1000, FAILS(OPEN, ON), CLOSED, {OPEN_OFF}, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{3000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL),
								FAULT(RELAY_FAILED)},
				}},
		{"coasting: a door that ran out of its open end closes from the top", OPEN_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2500, COMMAND(STOP), OPEN, {STOP_ON}, ACCEPTED},
						{3000, TIME, OPEN, {STOP_OFF}, SILENT},
						{3500, EDGE(OPEN, OFF), STOPPED, NOTHING, POSITION(99)},
						{10000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{10500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{16000, TIME, CLOSING, NOTHING, POSITION(50)},
				}},
		{"uncertain: closed is not estimated after a press that was heard late, and what crosses then is no fault",
				NONE_ACTIVE,
				{TOGGLE_TIMED(1000, 60000, 12000), STOP_STOP,
						.sensors = {[DOOR_SENSOR_OPEN] = true,
								[DOOR_SENSOR_OBSTRUCTION] = true}},
				{
						{1000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{2000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{2500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{3000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{5000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{5500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{5600, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(MQTT)},
						{5900, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(MQTT)},
						{17900, TIME, UNKNOWN, NOTHING, CONFIDENCE(UNKNOWN)},
						{20000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, SILENT},
				}},
		{"local: closed is not estimated for a door that is closed by hand, though the close before was ours",
				OPEN_ACTIVE, {TWO_RELAYS, OPEN_SENSOR},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{14000, TIME, CLOSED, NOTHING, CONFIDENCE(ESTIMATED)},
						{20000, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(LOCAL)},
						{30000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
						{42000, TIME, UNKNOWN, NOTHING, CONFIDENCE(UNKNOWN)},
				}},
		{"published: a slow door's position is said up to the last percent, up", CLOSED_ACTIVE,
				{TOGGLE_TIMED(1000, 100000, 100000), BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{120000, TIME, OPENING, NOTHING, POSITION(99)},
				}},
		{"published: and down", OPEN_ACTIVE, {TOGGLE_TIMED(1000, 100000, 100000), BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{120000, TIME, CLOSING, NOTHING, POSITION(1)},
				}},
		{"warning: OPEN needs none, though the open contact is just letting go of a closing door", OPEN_ACTIVE,
				{.lines = {[DOOR_LINE_TOGGLE] = true, [DOOR_LINE_WARNING] = true},
						.warning_ms = 5000,
						TIMES,
						.debounce_ms = 500,
						BOTH_SENSORS,
						STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{6500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{7600, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{7700, COMMAND(OPEN), CLOSING, NOTHING, ACCEPTED},
						{8100, TIME, OPENING, {TOGGLE_ON}, SILENT},
				}},
		{"warning: CLOSE begins it at once, though the closed contact is just letting go", CLOSED_ACTIVE,
				{.lines = {[DOOR_LINE_TOGGLE] = true, [DOOR_LINE_WARNING] = true},
						.warning_ms = 5000,
						TIMES,
						.debounce_ms = 500,
						BOTH_SENSORS,
						STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2600, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{2700, COMMAND(CLOSE), OPENING, {WARNING_ON}, ACCEPTED, WARNING},
						{7700, TIME, STOPPED, {WARNING_OFF, TOGGLE_ON}, SILENT},
				}},
		{"near its end: CLOSE of a door that is opened by hand is refused there", CLOSED_ACTIVE,
				{TOGGLE, ALL_SENSORS,
						.opener = {DOOR_PRESS_REVERSE, DOOR_PRESS_STOP, DOOR_PRESS_REVERSE}},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{10500, COMMAND(CLOSE), OPENING, NOTHING, REJECTED(UNCERTAIN)},
						{10600, EDGE(OBSTRUCTION, ON), OPENING, NOTHING, SILENT},
						{10700, COMMAND(CLOSE), OPENING, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"near its end: TOGGLE is refused there, and nothing is warned of", CLOSED_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{10500, COMMAND(TOGGLE), OPENING, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"two relays: TOGGLE closes a door that is open from the start", OPEN_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS}, {{1000, COMMAND(TOGGLE), CLOSING, {CLOSE_ON}, ACCEPTED}}},
		{"heard late: what was held until the reckoned end is not too late, where another contact is heard first",
				CLOSED_ACTIVE, {TOGGLE_TIMED(1000, 60000, 12000), CLOSED_AND_BEAM, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{54000, COMMAND(CLOSE), OPENING, NOTHING, ACCEPTED},
						{62000, EDGE(OBSTRUCTION, OFF), OPEN, NOTHING, SILENT},
						{62000, TIME, CLOSING, {TOGGLE_ON}, SILENT},
				}},
		{"position: a door that was longer on its way than it should be is at its end, and no further",
				CLOSED_ACTIVE, {THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{14000, COMMAND(STOP), STOPPED, {STOP_ON}, ACCEPTED, POSITION(99)},
						{14500, TIME, STOPPED, {STOP_OFF}, SILENT},
						{20000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{20500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{26000, TIME, CLOSING, NOTHING, POSITION(50)},
				}},
		{"near its end: not while a fast door still stands at the other one", CLOSED_ACTIVE,
				{TOGGLE_TIMED(1000, 1000, 1000), BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{3000, COMMAND(TOGGLE), CLOSED, {TOGGLE_ON}, ACCEPTED},
				}},
		{"coasting: where CLOSE stops a door that then runs on to its open end, what follows is ours",
				CLOSED_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{9700, COMMAND(CLOSE), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{10200, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{10500, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(MQTT)},
						{11500, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(MQTT)},
				}},
		{"warning: TOGGLE that nobody can foretell goes on when the way is free, whatever was asked for before",
				OPEN_ACTIVE, {TOGGLE_WARNS, ALL_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{6500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{7000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{9000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, FAULT(OBSTRUCTED)},
						{12000, COMMAND(TOGGLE), UNKNOWN, {WARNING_ON}, ACCEPTED, WARNING},
						{14000, EDGE(OBSTRUCTION, OFF), UNKNOWN, NOTHING, WARNING},
						{17000, TIME, UNKNOWN, {WARNING_OFF, TOGGLE_ON}, SILENT},
				}},
		{"age: one that was given up is asked for anew", CLOSED_ACTIVE,
				{TOGGLE_TIMED(1000, 100000, 12000), BOTH_SENSORS, STOP_STOP, .debounce_ms = 6000},
				{
						{5000, TIME, CLOSED, NOTHING, SILENT},
						{19000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{19100, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{20000, COMMAND(OPEN), CLOSED, NOTHING, ACCEPTED},
						{25000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{25050, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{30500, COMMAND(OPEN), CLOSED, NOTHING, ACCEPTED},
				}},
		{"relay_failed: a door that then leaves its open end was moved by hand as well", OPEN_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1000, FAILS(CLOSE, ON), OPEN, {CLOSE_OFF}, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{3000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL),
								FAULT(RELAY_FAILED)},
				}},
		{"first edge: TOGGLE that waits for an end contact is made, though something crosses the way meanwhile",
				CLOSED_ACTIVE, {TOGGLE, ALL_SENSORS, STOP_STOP, .debounce_ms = 500},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{5000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{5050, EDGE(OBSTRUCTION, ON), OPENING, NOTHING, SILENT},
						{5100, EDGE(OPEN, OFF), OPENING, NOTHING, SILENT},
						{5200, COMMAND(TOGGLE), OPENING, NOTHING, ACCEPTED},
						{5600, TIME, STOPPED, {TOGGLE_ON}, SILENT},
				}},
		{"first edge: CLOSE waits for a closed contact that is just letting go, and not for the whole travel",
				CLOSED_ACTIVE,
				{TOGGLE_TIMED(1000, 100000, 10000), BOTH_SENSORS, .debounce_ms = 6000,
						.opener = {DOOR_PRESS_REVERSE, DOOR_PRESS_STOP, DOOR_PRESS_REVERSE}},
				{
						{5000, TIME, CLOSED, NOTHING, SILENT},
						{6000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{6500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{31000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{31100, COMMAND(CLOSE), OPENING, NOTHING, ACCEPTED},
						{37000, TIME, CLOSING, {TOGGLE_ON}, SILENT},
				}},
		{"warning: and it warns so again, though the CLOSE before was warned of", OPEN_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{6500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{7000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{18000, EDGE(CLOSED, ON), CLOSED, NOTHING, CYCLES(1)},
						{20000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{20500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{20600, COMMAND(CLOSE), OPENING, NOTHING, UNCHANGED},
						{22000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{22000, TIME, OPENING, {WARNING_ON}, WARNING},
						{27000, TIME, STOPPED, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{27500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{28500, TIME, CLOSING, {TOGGLE_ON}, SILENT},
						{29000, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"three relays, no sensor: STOP in an unknown state does not make it known", NONE_ACTIVE,
				{THREE_RELAYS, NO_SENSOR},
				{
						{1000, COMMAND(STOP), UNKNOWN, {STOP_ON}, ACCEPTED, POSITION(-1)},
						{1500, TIME, UNKNOWN, {STOP_OFF}, SILENT},
				}},
		{"age: what is left of a pulse and its gap does not count", CLOSED_ACTIVE,
				{.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true},
						.pulse_ms = 5000,
						.gap_ms = 8000,
						.open_time_ms = 60000,
						.close_time_ms = 60000,
						BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{2000, COMMAND(CLOSE), OPENING, NOTHING, ACCEPTED},
						{6000, TIME, OPENING, {OPEN_OFF}, SILENT},
						{14000, TIME, CLOSING, {CLOSE_ON}, SILENT},
						{19000, TIME, CLOSING, {CLOSE_OFF}, SILENT},
				}},
		/* A move to a position. */
		{"position, toggle: up from the closed end, and a press that stops at the time that is reckoned",
				CLOSED_ACTIVE, {TOGGLE, CLOSED_SENSOR, STOP_REVERSE},
				{
						{1000, TO(30), OPENING, {TOGGLE_ON}, ACCEPTED, SOURCE(MQTT)},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4999, TIME, OPENING, NOTHING, SILENT},
						{5000, TIME, STOPPED, {TOGGLE_ON}, POSITION(30), CONFIDENCE(ESTIMATED),
								SOURCE(MQTT)},
						{5500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{6500, TO(30), STOPPED, NOTHING, UNCHANGED},
						{6501, TO(40), STOPPED, NOTHING, REJECTED(NO_WAY)},
						{6502, TO(20), STOPPED, NOTHING, REJECTED(NO_STOP)},
						{90000, TIME, STOPPED, NOTHING, POSITION(30)},
				}},
		{"position, toggle: down from the open end is closing: the warning comes first", OPEN_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP},
				{
						{1000, TO(75), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{1001, TO(75), OPEN, NOTHING, UNCHANGED, WARNING},
						{1002, TO(80), OPEN, NOTHING, REJECTED(BUSY), WARNING},
						{6000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{6500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{7000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{8000, TO(75), CLOSING, NOTHING, UNCHANGED},
						{10000, TIME, STOPPED, {TOGGLE_ON}, POSITION(75),
								CONFIDENCE(ESTIMATED)},
						{10500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
				}},
		{"position, toggle: an opener that turns round while closing is sent up alone", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{{1000, TO(70), OPEN, NOTHING, REJECTED(NO_STOP)}}},
		{"position, toggle: not where a faster door may be at its end, nor before the first press is over",
				CLOSED_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, TO(47), CLOSED, NOTHING, REJECTED(NO_WAY)},
						{1001, TO(15), CLOSED, NOTHING, REJECTED(NO_WAY)},
						{1002, TO(0), CLOSED, NOTHING, REJECTED(UNKNOWN_COMMAND)},
						{1003, TO(100), CLOSED, NOTHING, REJECTED(UNKNOWN_COMMAND)},
						{1004, TO(46), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1504, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},
		{"position, toggle: the nearest that is possible", CLOSED_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, TO(16), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2600, TIME, STOPPED, {TOGGLE_ON}, POSITION(16)},
						{3100, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
				}},
		{"position: something in the way refuses down, and not up", CLOSED_AND_BEAM_ACTIVE,
				{THREE_RELAYS, ALL_SENSORS},
				{
						{1000, TO(50), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, TIME, STOPPED, {STOP_ON}, POSITION(50)},
						{7500, TIME, STOPPED, {STOP_OFF}, REACH(66, 99)},
						{9000, TO(20), STOPPED, NOTHING, REJECTED(OBSTRUCTED)},
						{9001, TO(80), OPENING, {OPEN_ON}, ACCEPTED},
						{9501, TIME, OPENING, {OPEN_OFF}, SILENT},
						{12001, TIME, STOPPED, {STOP_ON}, POSITION(80)},
						{12501, TIME, STOPPED, {STOP_OFF}, SILENT},
				}},
		{"position: the end comes first, and nothing is pressed", CLOSED_ACTIVE, {THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, TO(90), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{10000, EDGE(OPEN, ON), OPEN, NOTHING, EVENT(CANCELLED), POSITION(100)},
						{90000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"position: OPEN on the way takes its place", CLOSED_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, TO(40), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{3000, COMMAND(OPEN), OPENING, NOTHING, ACCEPTED, EVENT(CANCELLED)},
						{12000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
				}},
		{"position: CLOSE in its warning takes its place", OPEN_ACTIVE, {TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP},
				{
						{1000, TO(75), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{3000, COMMAND(CLOSE), OPEN, {WARNING_OFF, WARNING_ON}, ACCEPTED,
								WARNING, EVENT(CANCELLED)},
						{8000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{8500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{9000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{20000, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
				}},
		{"position: STOP in its warning ends it, and on the way stops at once", OPEN_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP},
				{
						{1000, TO(75), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{2000, COMMAND(STOP), OPEN, {WARNING_OFF}, ACCEPTED, EVENT(CANCELLED)},
						{3000, TO(75), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{8000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{8500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{9000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{10000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED,
								EVENT(CANCELLED)},
						{10500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{90000, TIME, STOPPED, NOTHING, SILENT},
				}},
		{"position: a door that does not start is not pressed again", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, TO(40), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{8500, TIME, CLOSED, NOTHING, FAULT(DID_NOT_START), EVENT(CANCELLED)},
						{90000, TIME, CLOSED, NOTHING, FAULT(DID_NOT_START)},
				}},
		{"position: something comes into the way of a closing door: no press, the opener does what it will",
				OPEN_ACTIVE, {THREE_RELAYS, ALL_SENSORS},
				{
						{1000, TO(50), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{4000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, FAULT(OBSTRUCTED),
								EVENT(CANCELLED)},
						{9000, TIME, UNKNOWN, NOTHING, FAULT(OBSTRUCTED)},
				}},
		{"position: it falls back to the end that it has left: no press", CLOSED_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, TO(50), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, EDGE(CLOSED, ON), CLOSED, NOTHING, FAULT(REVERSED),
								EVENT(CANCELLED)},
						{90000, TIME, CLOSED, NOTHING, FAULT(REVERSED)},
				}},
		{"position: not of a moving door, not from what no contact has said, and not with two relays",
				OPEN_ACTIVE, {THREE_RELAYS, OPEN_SENSOR},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{5000, TO(50), CLOSING, NOTHING, REJECTED(UNCERTAIN)},
				}},
		{"position: locked out, a door is sent down and not up", OPEN_ACTIVE, {THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(LOCKOUT_ON), OPEN, NOTHING, ACCEPTED, EVENT(LOCKED_OUT)},
						{2000, TO(50), CLOSING, {CLOSE_ON}, ACCEPTED},
						{2500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{3000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{9000, TIME, STOPPED, {STOP_ON}, POSITION(50)},
						{9500, TIME, STOPPED, {STOP_OFF}, REACH(1, 37)},
						{11000, TO(80), STOPPED, NOTHING, REJECTED(LOCKED_OUT)},
						{12000, COMMAND(LOCKOUT_OFF), STOPPED, NOTHING, ACCEPTED, REACH(1, 99)},
				}},
		{"position: locked out comes before busy, already so and too far", CLOSED_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, TO(50), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{3000, COMMAND(LOCKOUT_ON), OPENING, NOTHING, ACCEPTED,
								EVENT(LOCKED_OUT)},
						{4000, TO(50), OPENING, NOTHING, REJECTED(LOCKED_OUT)},
						{5000, TO(60), OPENING, NOTHING, REJECTED(LOCKED_OUT)},
						{7000, TIME, STOPPED, {STOP_ON}, POSITION(50)},
						{7500, TIME, STOPPED, {STOP_OFF}, SILENT},
						{9000, TO(51), STOPPED, NOTHING, REJECTED(LOCKED_OUT)},
				}},
		{"position: two relays cannot stop the door", CLOSED_ACTIVE, {TWO_RELAYS, BOTH_SENSORS},
				{{1000, TO(50), CLOSED, NOTHING, REJECTED(NO_STOP)}}},
		{"position: a door of which nothing is sensed is not sent to one", NONE_ACTIVE,
				{THREE_RELAYS, NO_SENSOR}, {{1000, TO(50), UNKNOWN, NOTHING, REJECTED(UNCERTAIN)}}},
		{"two relays, both sensors: OPEN and CLOSE press their own relays", CLOSED_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{12000, EDGE(OPEN, ON), OPEN, NOTHING, POSITION(100)},
						{20000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{20500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{21000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{33000, EDGE(CLOSED, ON), CLOSED, NOTHING, POSITION(0)},
				}},
		{"two relays, closed sensor: open is reckoned from the travel time", CLOSED_ACTIVE,
				{TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{12000, TIME, OPEN, NOTHING, POSITION(100), CONFIDENCE(ESTIMATED)},
				}},
		{"two relays, open sensor: from an unknown place CLOSE runs a whole travel, then closed is estimated",
				NONE_ACTIVE, {TWO_RELAYS, OPEN_SENSOR},
				{
						{0, TIME, UNKNOWN, NOTHING, POSITION(-1)},
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED, POSITION(-1)},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{13000, TIME, CLOSED, NOTHING, POSITION(0), CONFIDENCE(ESTIMATED)},
				}},
		{"two relays, no sensor: each end is estimated after a whole travel, a way back takes as long as it "
		 "was",
				NONE_ACTIVE, {TWO_RELAYS, NO_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED, POSITION(-1)},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{11000, TIME, OPEN, NOTHING, POSITION(100), CONFIDENCE(ESTIMATED)},
						{20000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{20500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{26000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED, POSITION(50)},
						{26500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{31000, TIME, OPEN, NOTHING, POSITION(100)},
						{40000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{40500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{52000, TIME, CLOSED, NOTHING, POSITION(0), CONFIDENCE(ESTIMATED),
								CYCLES(1)},
				}},
		{"two relays: the other direction in mid-travel is one press of the other relay, after the gap",
				CLOSED_ACTIVE, {TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1200, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{1300, COMMAND(CLOSE), OPENING, NOTHING, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2500, TIME, CLOSING, {CLOSE_ON}, SILENT},
						{3000, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{4000, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
				}},
		{"three relays: STOP presses the stop relay, and the way on takes what was left of it", CLOSED_ACTIVE,
				{THREE_RELAYS, CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(STOP), STOPPED, {STOP_ON}, ACCEPTED, POSITION(50)},
						{7500, TIME, STOPPED, {STOP_OFF}, SILENT},
						{8000, COMMAND(STOP), STOPPED, NOTHING, UNCHANGED},
						{9000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{9500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{14000, TIME, OPEN, NOTHING, POSITION(100)},
				}},
		{"three relays: STOP is heard in an unknown state too, it can only do good", NONE_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(STOP), STOPPED, {STOP_ON}, ACCEPTED, POSITION(99)},
						{1500, TIME, STOPPED, {STOP_OFF}, SILENT},
						{3000, COMMAND(STOP), STOPPED, NOTHING, UNCHANGED},
				}},
		{"two relays have no STOP while the door moves", CLOSED_ACTIVE, {TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, COMMAND(STOP), CLOSED, NOTHING, UNCHANGED},
						{2000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{2500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2600, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{3000, COMMAND(STOP), OPENING, NOTHING, REJECTED(NO_STOP)},
						{3100, COMMAND(TOGGLE), OPENING, NOTHING, REJECTED(BUSY)},
						{4000, COMMAND(TOGGLE), OPENING, NOTHING, REJECTED(NO_STOP)},
				}},
		{"two relays: TOGGLE opens what is closed and closes what is open", CLOSED_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(TOGGLE), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{1600, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{9000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{10000, COMMAND(TOGGLE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{10500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
				}},
		{"three relays: TOGGLE stops what moves, and then goes back", CLOSED_ACTIVE,
				{THREE_RELAYS, CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(TOGGLE), STOPPED, {STOP_ON}, ACCEPTED, POSITION(20)},
						{4500, TIME, STOPPED, {STOP_OFF}, SILENT},
						{6000, COMMAND(TOGGLE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{6500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{8000, COMMAND(TOGGLE), STOPPED, {STOP_ON}, ACCEPTED},
						{8500, TIME, STOPPED, {STOP_OFF}, SILENT},
						{10000, COMMAND(TOGGLE), OPENING, {OPEN_ON}, ACCEPTED},
						{10500, TIME, OPENING, {OPEN_OFF}, SILENT},
				}},
		{"two relays, unknown state: OPEN and CLOSE are clear, TOGGLE is not", NONE_ACTIVE,
				{TWO_RELAYS, NO_SENSOR},
				{
						{1000, COMMAND(TOGGLE), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE)},
						{2000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{2500, TIME, OPENING, {OPEN_OFF}, SILENT},
				}},

		/* Pulses of one relay, for who wires the door. */
		{"pulse: the toggle relay is pressed in a state where OPEN and CLOSE are refused", NONE_ACTIVE,
				{TOGGLE, NO_SENSOR, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE)},
						{2000, PULSE(TOGGLE), UNKNOWN, {TOGGLE_ON}, ACCEPTED, SOURCE(MQTT)},
						{2400, PULSE(TOGGLE), UNKNOWN, NOTHING, REJECTED(BUSY)},
						{2500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{3499, PULSE(TOGGLE), UNKNOWN, NOTHING, REJECTED(BUSY)},
						{3500, PULSE(TOGGLE), UNKNOWN, {TOGGLE_ON}, ACCEPTED},
						{4000, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
				}},
		{"pulse: what the toggle relay does is believed as after TOGGLE, and missed as after it", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, PULSE(TOGGLE), OPENING, {TOGGLE_ON}, ACCEPTED, SOURCE(MQTT)},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, PULSE(TOGGLE), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(20)},
						{4500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{6000, PULSE(TOGGLE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{6500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{9000, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(MQTT), CYCLES(1)},
						{10000, PULSE(TOGGLE), OPENING, {TOGGLE_ON}, ACCEPTED},
						{10500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{17500, TIME, CLOSED, NOTHING, FAULT(DID_NOT_START)},
				}},
		{"pulse: a relay that by what is believed changes nothing is pressed, and the belief stays",
				CLOSED_ACTIVE, {THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSED, NOTHING, UNCHANGED},
						{1500, PULSE(CLOSE), CLOSED, {CLOSE_ON}, ACCEPTED, SOURCE(NONE),
								CYCLES(0)},
						{2000, TIME, CLOSED, {CLOSE_OFF}, SILENT},
						{3000, PULSE(STOP), CLOSED, {STOP_ON}, ACCEPTED, SOURCE(NONE)},
						{3500, TIME, CLOSED, {STOP_OFF}, SILENT},
						{3600, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{13000, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(LOCAL)},
						{14000, PULSE(OPEN), OPEN, {OPEN_ON}, ACCEPTED, SOURCE(LOCAL),
								POSITION(100)},
						{14500, TIME, OPEN, {OPEN_OFF}, SILENT},
				}},
		{"pulse: a relay that is not wired, and the warning's line, are refused", CLOSED_ACTIVE,
				{TWO_RELAYS_WARN, CLOSED_SENSOR},
				{
						{1000, PULSE(TOGGLE), CLOSED, NOTHING, REJECTED(NO_WAY)},
						{1000, PULSE(STOP), CLOSED, NOTHING, REJECTED(NO_WAY)},
						{1000, PULSE(WARNING), CLOSED, NOTHING, REJECTED(NO_WAY)},
						{2000, PULSE(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{2500, TIME, OPENING, {OPEN_OFF}, SILENT},
				}},
		{"pulse: what may bring the door down is warned of, whatever is believed; STOP ends it", CLOSED_ACTIVE,
				{TWO_RELAYS_WARN, CLOSED_SENSOR},
				{
						{1000, PULSE(CLOSE), CLOSED, {WARNING_ON}, ACCEPTED, WARNING},
						{2000, PULSE(CLOSE), CLOSED, NOTHING, REJECTED(BUSY), WARNING},
						{3000, COMMAND(STOP), CLOSED, {WARNING_OFF}, ACCEPTED,
								EVENT(CANCELLED)},
						{10000, PULSE(CLOSE), CLOSED, {WARNING_ON}, ACCEPTED, WARNING},
						{15000, TIME, CLOSED, {WARNING_OFF, CLOSE_ON}, SILENT},
						{15500, TIME, CLOSED, {CLOSE_OFF}, SILENT},
				}},
		{"pulse: nothing that may bring the door down is pressed on something in the way", CLOSED_ACTIVE,
				{TWO_RELAYS, ALL_SENSORS},
				{
						{1000, EDGE(OBSTRUCTION, ON), CLOSED, NOTHING, SILENT},
						{2000, PULSE(CLOSE), CLOSED, NOTHING, REJECTED(OBSTRUCTED)},
						{3000, PULSE(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{3500, TIME, OPENING, {OPEN_OFF}, SILENT},
				}},
		{"pulse: the toggle relay neither, though it is believed closed", CLOSED_ACTIVE,
				{TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, EDGE(OBSTRUCTION, ON), CLOSED, NOTHING, SILENT},
						{2000, PULSE(TOGGLE), CLOSED, NOTHING, REJECTED(OBSTRUCTED)},
						{3000, COMMAND(TOGGLE), OPENING, {TOGGLE_ON}, ACCEPTED},
						{3500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},
		{"pulse: what comes into the way while it is warned of ends it, whatever goes away again",
				CLOSED_ACTIVE, {TWO_RELAYS_WARN, CLOSED_AND_BEAM},
				{
						{1000, PULSE(CLOSE), CLOSED, {WARNING_ON}, ACCEPTED, WARNING},
						{2000, EDGE(OBSTRUCTION, ON), CLOSED, {WARNING_OFF}, EVENT(CANCELLED),
								FAULT(OBSTRUCTED)},
						{3000, EDGE(OBSTRUCTION, OFF), CLOSED, NOTHING, FAULT(OBSTRUCTED)},
						{9000, TIME, CLOSED, NOTHING, FAULT(OBSTRUCTED)},
				}},
		{"pulse: in a conflict of the sensors, too, since it is how one finds the wrong wire", BOTH_ENDS_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), UNKNOWN, NOTHING, REJECTED(SENSOR_CONFLICT),
								FAULT(SENSOR_CONFLICT)},
						{2000, PULSE(OPEN), UNKNOWN, {OPEN_ON}, ACCEPTED,
								FAULT(SENSOR_CONFLICT)},
						{2500, TIME, UNKNOWN, {OPEN_OFF}, FAULT(SENSOR_CONFLICT)},
				}},
		{"pulse: not before the sensors have settled, not at the end, not while a relay fails", NOT_TOLD,
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE},
				{
						{0, PULSE(TOGGLE), UNKNOWN, NOTHING, REJECTED(NOT_SETTLED)},
						{1000, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{2000, PULSE(TOGGLE), OPENING, {TOGGLE_ON}, ACCEPTED},
						{2000, FAILS(TOGGLE, ON), CLOSED, {TOGGLE_OFF}, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{4000, STOPPING, CLOSED, NOTHING, FAULT(RELAY_FAILED)},
						{4001, PULSE(TOGGLE), CLOSED, NOTHING, REJECTED(STOPPING),
								FAULT(RELAY_FAILED)},
				}},

		/* Idempotence. */
		{"idempotent: CLOSE on a closed door and STOP at rest press nothing", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), CLOSED, NOTHING, UNCHANGED},
						{1001, COMMAND(STOP), CLOSED, NOTHING, UNCHANGED},
						{1002, COMMAND(CLOSE), CLOSED, NOTHING, UNCHANGED},
				}},
		{"idempotent: two relays, closing or believed to be closed", NONE_ACTIVE, {TWO_RELAYS, NO_SENSOR},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1001, COMMAND(CLOSE), CLOSING, NOTHING, UNCHANGED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{13000, TIME, CLOSED, NOTHING, CONFIDENCE(ESTIMATED)},
						{14001, COMMAND(STOP), CLOSED, NOTHING, UNCHANGED},
				}},
		{"idempotent: OPEN on an open door and STOP at rest press nothing", OPEN_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPEN, NOTHING, UNCHANGED},
						{1001, COMMAND(STOP), OPEN, NOTHING, UNCHANGED},
				}},
		{"idempotent: OPEN while opening, CLOSE while closing", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1001, COMMAND(OPEN), OPENING, NOTHING, UNCHANGED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{1600, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(OPEN), OPENING, NOTHING, UNCHANGED},
						{9000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{20000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{20001, COMMAND(CLOSE), CLOSING, NOTHING, UNCHANGED},
						{20500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},

		/* What is known at the start. */
		{"start: no command is heard until every sensor has stood still for the time of debouncing", NOT_TOLD,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE, .debounce_ms = 50},
				{
						{0, COMMAND(OPEN), UNKNOWN, NOTHING, REJECTED(NOT_SETTLED),
								POSITION(-1)},
						{0, EDGE(CLOSED, ON), UNKNOWN, NOTHING, SILENT},
						{10, COMMAND(TOGGLE), UNKNOWN, NOTHING, REJECTED(NOT_SETTLED)},
						{20, EDGE(OPEN, OFF), UNKNOWN, NOTHING, SILENT},
						{50, COMMAND(STOP), UNKNOWN, NOTHING, REJECTED(NOT_SETTLED),
								POSITION(-1)},
						{70, TIME, CLOSED, NOTHING, CONFIDENCE(SENSED), SOURCE(NONE),
								CYCLES(0)},
						{71, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{571, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},
		{"start: a sensor that chatters keeps the door unsettled", NOT_TOLD,
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE, .debounce_ms = 50},
				{
						{0, EDGE(CLOSED, ON), UNKNOWN, NOTHING, SILENT},
						{40, EDGE(CLOSED, OFF), UNKNOWN, NOTHING, SILENT},
						{80, EDGE(CLOSED, ON), UNKNOWN, NOTHING, SILENT},
						{120, EDGE(CLOSED, OFF), UNKNOWN, NOTHING, SILENT},
						{150, COMMAND(OPEN), UNKNOWN, NOTHING, REJECTED(NOT_SETTLED)},
						{170, TIME, OPEN, NOTHING, POSITION(99), CONFIDENCE(ESTIMATED)},
				}},
		{"start: nothing is known but not closed: open at 99; toggle CLOSE presses, and nobody knows what it "
		 "does; OPEN does not",
				NONE_ACTIVE, {TOGGLE, CLOSED_SENSOR, STOP_REVERSE},
				{
						{0, TIME, OPEN, NOTHING, POSITION(99), CONFIDENCE(ESTIMATED),
								SOURCE(NONE)},
						{1000, COMMAND(OPEN), OPEN, NOTHING, UNCHANGED},
						{2000, COMMAND(CLOSE), UNKNOWN, {TOGGLE_ON}, ACCEPTED, POSITION(99)},
						{2500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{8000, TIME, UNKNOWN, NOTHING, POSITION(99)},
						{9000, EDGE(CLOSED, ON), CLOSED, NOTHING, POSITION(0), SOURCE(MQTT)},
				}},
		{"start: nothing is known but not closed: with an open relay of its own OPEN goes all the way",
				NONE_ACTIVE, {TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED, POSITION(99)},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{11000, TIME, OPEN, NOTHING, POSITION(100)},
						{12000, COMMAND(OPEN), OPEN, NOTHING, UNCHANGED},
				}},
		{"start: at neither end: unknown until the longest travel has passed, then stopped, direction unknown",
				NONE_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{0, TIME, UNKNOWN, NOTHING, POSITION(99), CONFIDENCE(UNKNOWN)},
						{1000, COMMAND(OPEN), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE)},
						{17000, TIME, STOPPED, NOTHING, POSITION(99), CONFIDENCE(ESTIMATED)},
						{18000, COMMAND(CLOSE), STOPPED, NOTHING, REJECTED(UNKNOWN_STATE)},
						{18001, COMMAND(OPEN), STOPPED, NOTHING, REJECTED(UNKNOWN_STATE)},
						{18002, COMMAND(STOP), STOPPED, NOTHING, UNCHANGED},
						{19000, COMMAND(TOGGLE), UNKNOWN, {TOGGLE_ON}, ACCEPTED, POSITION(99)},
						{19500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{20000, COMMAND(TOGGLE), UNKNOWN, NOTHING, REJECTED(BUSY)},
						{25000, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(MQTT)},
				}},
		{"start: an open sensor alone that is not active says nothing", NONE_ACTIVE,
				{TOGGLE, OPEN_SENSOR, STOP_REVERSE},
				{
						{0, TIME, UNKNOWN, NOTHING, POSITION(-1), CONFIDENCE(UNKNOWN)},
						{1000, COMMAND(CLOSE), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE)},
						{90000, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(LOCAL), POSITION(100)},
				}},

		/* Debounce. */
		{"debounce: an edge counts when it has stood still, from the time of the edge", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE, .debounce_ms = 50},
				{
						{1000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{1020, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{1030, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{1070, TIME, CLOSED, NOTHING, SILENT},
						{1080, TIME, OPENING, NOTHING, SOURCE(LOCAL), POSITION(1)},
						{6030, TIME, OPENING, NOTHING, POSITION(50)},
				}},
		{"debounce: a glitch is nothing, a level told twice is nothing", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE, .debounce_ms = 50},
				{
						{1000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{1049, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{1060, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{5000, TIME, CLOSED, NOTHING, CYCLES(0)},
						{6000, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{6030, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{6050, TIME, OPENING, NOTHING, SILENT},
				}},
		{"debounce: an edge that is told late counts from its own time", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE, .debounce_ms = 50},
				{
						{4000, EDGE_AT(CLOSED, OFF, 2000), CLOSED, NOTHING,
								SILENT}, /* more may wait */
						{4000, TIME, OPENING, NOTHING, SOURCE(LOCAL)},
						{7000, TIME, OPENING, NOTHING, POSITION(50)},
				}},
		{"debounce: an obstruction refuses with its first edge, and lets go when it has stood still",
				OPEN_ACTIVE, {TOGGLE, ALL_SENSORS, STOP_REVERSE, .debounce_ms = 50},
				{
						{1000, EDGE(OBSTRUCTION, ON), OPEN, NOTHING, SILENT},
						{1001, COMMAND(CLOSE), OPEN, NOTHING, REJECTED(OBSTRUCTED)},
						{2000, EDGE(OBSTRUCTION, OFF), OPEN, NOTHING, SILENT},
						{2049, COMMAND(CLOSE), OPEN, NOTHING, REJECTED(OBSTRUCTED)},
						{2050, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{2550, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},

		/* The wall button, the remote in the car, a hand. */
		{"local: leaving closed without a command is opening, source local", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL), POSITION(1)},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(LOCAL)},
				}},
		{"local: leaving open without a command is closing, source local", OPEN_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL), POSITION(99)},
						{13000, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(LOCAL), CYCLES(1)},
				}},
		{"local: with a closed sensor alone the end of opening is reckoned, and closing is seen when it is "
		 "over",
				CLOSED_ACTIVE, {TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{11000, TIME, OPEN, NOTHING, POSITION(100), CONFIDENCE(ESTIMATED),
								SOURCE(LOCAL)},
						{90000, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(LOCAL), CYCLES(1)},
				}},
		{"local: with an open sensor alone a closing that nobody asked for is not believed to be closed",
				OPEN_ACTIVE, {TOGGLE, OPEN_SENSOR, STOP_REVERSE},
				{
						{1000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
						{13000, TIME, UNKNOWN, NOTHING, POSITION(-1), CONFIDENCE(UNKNOWN)},
				}},
		{"local: a door left half open by hand is stopped, and that is no fault", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{15500, TIME, STOPPED, NOTHING, SOURCE(LOCAL), POSITION(99)},
				}},
		{"local: closed again while opening without a command is no fault either", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{4000, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(LOCAL), CYCLES(1)},
				}},

		/* Faults. */
		{"did_not_start: the closed sensor stays active; ends with the next accepted command", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{8499, TIME, OPENING, NOTHING, SILENT},
						{8500, TIME, CLOSED, NOTHING, FAULT(DID_NOT_START), CYCLES(0)},
						{9000, COMMAND(CLOSE), CLOSED, NOTHING, UNCHANGED,
								FAULT(DID_NOT_START)},
						{10000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{10500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},
		{"TOGGLE takes back a close in its warning and presses nothing, also while the door opens",
				CLOSED_ACTIVE, {TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(CLOSE), OPENING, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, COMMAND(TOGGLE), OPENING, {WARNING_OFF}, ACCEPTED,
								EVENT(CANCELLED)},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{30000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"did_not_start: a close that is still in its warning is not made", CLOSED_ACTIVE,
				{TWO_RELAYS_WARN, CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{6000, COMMAND(CLOSE), OPENING, {WARNING_ON}, ACCEPTED, WARNING},
						{8500, TIME, CLOSED, {WARNING_OFF}, FAULT(DID_NOT_START),
								EVENT(CANCELLED)},
						{20000, TIME, CLOSED, NOTHING, FAULT(DID_NOT_START)},
				}},
		{"did_not_finish: a close that is still in its warning is not made", CLOSED_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{14000, COMMAND(CLOSE), OPENING, {WARNING_ON}, ACCEPTED, WARNING},
						{16500, TIME, STOPPED, {WARNING_OFF}, FAULT(DID_NOT_FINISH),
								EVENT(CANCELLED)},
						{30000, TIME, STOPPED, NOTHING, FAULT(DID_NOT_FINISH)},
				}},
		{"sensor_conflict: a close that is still in its warning is not made", OPEN_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{3000, EDGE(CLOSED, ON), UNKNOWN, {WARNING_OFF}, FAULT(SENSOR_CONFLICT),
								EVENT(CANCELLED)},
						{20000, TIME, UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT)},
				}},
		{"did_not_start: ends when the door leaves after all", CLOSED_ACTIVE, {TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{8500, TIME, CLOSED, NOTHING, FAULT(DID_NOT_START)},
						{9000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
				}},
		{"did_not_start: the open sensor stays active", OPEN_ACTIVE, {TOGGLE, OPEN_SENSOR, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{9000, TIME, OPEN, NOTHING, FAULT(DID_NOT_START), POSITION(100)},
				}},
		{"did_not_finish: stopped by hand while closing; toggle OPEN and CLOSE are then refused; ends closed",
				OPEN_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{18999, TIME, CLOSING, NOTHING, POSITION(1)},
						{19000, TIME, STOPPED, NOTHING, FAULT(DID_NOT_FINISH), POSITION(99),
								CONFIDENCE(ESTIMATED)},
						{20000, COMMAND(CLOSE), STOPPED, NOTHING, REJECTED(UNKNOWN_STATE),
								FAULT(DID_NOT_FINISH)},
						{21000, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(LOCAL)},
				}},
		{"did_not_finish: two relays know what they press; ends with the next accepted command", CLOSED_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{16500, TIME, STOPPED, NOTHING, FAULT(DID_NOT_FINISH)},
						{20000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{20500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
				}},
		{"did_not_finish: closing towards the closed sensor alone; TOGGLE shows the way out", NONE_ACTIVE,
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), UNKNOWN, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{3000, COMMAND(TOGGLE), UNKNOWN, {TOGGLE_ON}, ACCEPTED},
						{3500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{20000, TIME, OPEN, NOTHING, POSITION(99)},
						{21000, COMMAND(CLOSE), UNKNOWN, {TOGGLE_ON}, ACCEPTED},
						{21500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{38000, TIME, OPEN, NOTHING, FAULT(DID_NOT_FINISH), POSITION(99)},
						{39000, COMMAND(CLOSE), UNKNOWN, {TOGGLE_ON}, ACCEPTED},
						{39500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
				}},
		{"did_not_finish: without a closed sensor nothing is known then", OPEN_ACTIVE,
				{TOGGLE, OPEN_SENSOR, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{14000, TIME, CLOSED, NOTHING, CONFIDENCE(ESTIMATED)},
						{20000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{20500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{34500, TIME, UNKNOWN, NOTHING, FAULT(DID_NOT_FINISH), POSITION(-1)},
				}},
		{"reversed: closing was asked for and it is open again; nothing is tried again", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{9000, EDGE(OPEN, ON), OPEN, NOTHING, FAULT(REVERSED), POSITION(100),
								SOURCE(MQTT)},
						{99000, TIME, OPEN, NOTHING, FAULT(REVERSED)},
						{100000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{100500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"reversed: opening was asked for and it is closed again; ends with the next whole move", CLOSED_ACTIVE,
				{TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, EDGE(CLOSED, ON), CLOSED, NOTHING, FAULT(REVERSED), CYCLES(1)},
						{9000, EDGE(CLOSED, OFF), OPENING, NOTHING, FAULT(REVERSED),
								SOURCE(LOCAL)},
						{19000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"reversed: not when the door came to its end just before the press that sent it away", CLOSED_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS, .debounce_ms = 50},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{9000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{9010, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{9050, TIME, CLOSING, NOTHING, POSITION(100)},
						{9510, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{9600, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{9650, TIME, CLOSING, NOTHING, POSITION(99)},
				}},
		{"first edge: CLOSE as the door comes to its end waits for the contact, and then closes from there",
				CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, .debounce_ms = 50,
						.opener = {DOOR_PRESS_REVERSE, DOOR_PRESS_REVERSE, DOOR_PRESS_REVERSE}},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{9000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{9010, COMMAND(CLOSE), OPENING, NOTHING, ACCEPTED},
						{9050, TIME, CLOSING, {TOGGLE_ON}, POSITION(100)},
						{9550, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{9600, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{9650, TIME, CLOSING, NOTHING, POSITION(99)},
				}},
		{"did_not_start: also when the end was reached just before the press that was to send it away",
				CLOSED_ACTIVE, {TWO_RELAYS, BOTH_SENSORS, .debounce_ms = 50},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{9000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{9010, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{9510, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{17010, TIME, OPEN, NOTHING, FAULT(DID_NOT_START), POSITION(100)},
				}},
		{"sensor_conflict: both sensors at once: unknown, no OPEN, CLOSE or STOP; ends when one lets go",
				CLOSED_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, EDGE(OPEN, ON), UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT),
								CONFIDENCE(UNKNOWN), POSITION(-1)},
						{2000, COMMAND(OPEN), UNKNOWN, NOTHING, REJECTED(SENSOR_CONFLICT),
								FAULT(SENSOR_CONFLICT)},
						{2001, COMMAND(CLOSE), UNKNOWN, NOTHING, REJECTED(SENSOR_CONFLICT),
								FAULT(SENSOR_CONFLICT)},
						{2002, COMMAND(STOP), UNKNOWN, NOTHING, REJECTED(SENSOR_CONFLICT),
								FAULT(SENSOR_CONFLICT)},
						{3000, EDGE(OPEN, OFF), CLOSED, NOTHING, CYCLES(0), POSITION(0)},
				}},
		{"sensor_conflict: TOGGLE is one press, whatever it does", BOTH_ENDS_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{0, TIME, UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT)},
						{1000, COMMAND(TOGGLE), UNKNOWN, {TOGGLE_ON}, ACCEPTED,
								FAULT(SENSOR_CONFLICT)},
						{1500, TIME, UNKNOWN, {TOGGLE_OFF}, FAULT(SENSOR_CONFLICT)},
						{2000, EDGE(CLOSED, OFF), OPEN, NOTHING, SILENT},
				}},
		{"sensor_conflict: two relays refuse TOGGLE; a stop relay may stop", BOTH_ENDS_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(TOGGLE), UNKNOWN, NOTHING, REJECTED(SENSOR_CONFLICT),
								FAULT(SENSOR_CONFLICT)},
						{1001, COMMAND(OPEN), UNKNOWN, NOTHING, REJECTED(SENSOR_CONFLICT),
								FAULT(SENSOR_CONFLICT)},
						{2000, COMMAND(STOP), UNKNOWN, {STOP_ON}, ACCEPTED,
								FAULT(SENSOR_CONFLICT)},
						{2500, TIME, UNKNOWN, {STOP_OFF}, FAULT(SENSOR_CONFLICT)},
				}},
		{"sensor_conflict: ends the presses that were to come", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(CLOSE), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{4500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{4600, EDGE(CLOSED, ON), CLOSED, NOTHING, EVENT(CANCELLED)},
						{4700, EDGE(OPEN, ON), UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT)},
						{9000, TIME, UNKNOWN, NOTHING, FAULT(SENSOR_CONFLICT)},
				}},
		{"obstructed: CLOSE is refused while something is in the way, and a refusal is no fault", OPEN_ACTIVE,
				{TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, EDGE(OBSTRUCTION, ON), OPEN, NOTHING, SILENT},
						{1001, COMMAND(CLOSE), OPEN, NOTHING, REJECTED(OBSTRUCTED)},
						{1002, COMMAND(TOGGLE), OPEN, NOTHING, REJECTED(OBSTRUCTED)},
						{2000, EDGE(OBSTRUCTION, OFF), OPEN, NOTHING, SILENT},
						{2001, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{2501, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"obstructed: a CLOSE of a door of which only is known that it is not closed is refused, warning or not",
				NONE_ACTIVE, {TWO_RELAYS_WARN, CLOSED_AND_BEAM},
				{
						{1000, EDGE(OBSTRUCTION, ON), OPEN, NOTHING, SILENT},
						{2000, COMMAND(CLOSE), OPEN, NOTHING, REJECTED(OBSTRUCTED)},
						{3000, EDGE(OBSTRUCTION, OFF), OPEN, NOTHING, SILENT},
						{4000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
				}},
		{"obstructed: OPEN is not refused", CLOSED_AND_BEAM_ACTIVE, {TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},
		{"obstructed: while closing the opener takes over, the open sensor shows it; ends with the next "
		 "command",
				OPEN_ACTIVE, {TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{5000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, FAULT(OBSTRUCTED),
								POSITION(99)},
						{5500, EDGE(OBSTRUCTION, OFF), UNKNOWN, NOTHING, FAULT(OBSTRUCTED)},
						{6000, COMMAND(CLOSE), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE),
								FAULT(OBSTRUCTED)},
						{8000, EDGE(OPEN, ON), OPEN, NOTHING, FAULT(OBSTRUCTED), SOURCE(MQTT)},
						{9000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{9500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"obstructed: an opener that closed all the same ends the fault", OPEN_ACTIVE,
				{TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
						{5000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, FAULT(OBSTRUCTED)},
						{9000, EDGE(CLOSED, ON), CLOSED, NOTHING, CYCLES(1)},
				}},
		{"obstructed: with a closed sensor alone it is open when nothing closed for a whole travel",
				NONE_ACTIVE, {TOGGLE, CLOSED_AND_BEAM, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), UNKNOWN, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{5000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, FAULT(OBSTRUCTED)},
						{5100, EDGE(OBSTRUCTION, OFF), UNKNOWN, NOTHING, FAULT(OBSTRUCTED)},
						{22000, TIME, OPEN, NOTHING, FAULT(OBSTRUCTED), POSITION(99)},
				}},
		{"obstructed: before it has left the open sensor it is open", OPEN_ACTIVE, {TWO_RELAYS, ALL_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1200, EDGE(OBSTRUCTION, ON), OPEN, NOTHING, FAULT(OBSTRUCTED)},
						{1500, TIME, OPEN, {CLOSE_OFF}, FAULT(OBSTRUCTED)},
						{9000, TIME, OPEN, NOTHING, FAULT(OBSTRUCTED)},
				}},
		{"obstructed: nothing is said of what crosses an open door or one that opens", CLOSED_ACTIVE,
				{TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{2000, EDGE(OBSTRUCTION, ON), OPENING, NOTHING, SILENT},
						{2100, EDGE(OBSTRUCTION, OFF), OPENING, NOTHING, SILENT},
						{9000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{9100, EDGE(OBSTRUCTION, ON), OPEN, NOTHING, SILENT},
				}},
		{"relay_failed: the relay does not go on: off, refused, the sensors say the state; ends with a whole "
		 "pulse",
				CLOSED_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1000, FAILS(TOGGLE, ON), CLOSED, {TOGGLE_OFF}, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{3000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED,
								FAULT(RELAY_FAILED)},
						{3500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},
		{"relay_failed: the relay does not go off: tried again each second, nothing else goes on meanwhile",
				CLOSED_ACTIVE, {TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{1500, FAILS(OPEN, OFF), OPENING, NOTHING, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{1600, EDGE(CLOSED, OFF), OPENING, NOTHING, FAULT(RELAY_FAILED)},
						{2000, COMMAND(CLOSE), OPENING, NOTHING, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{2500, TIME, OPENING, {OPEN_OFF}, FAULT(RELAY_FAILED)},
						{2500, FAILS(OPEN, OFF), OPENING, NOTHING, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{3500, TIME, OPENING, {OPEN_OFF}, FAULT(RELAY_FAILED)},
						{6000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED,
								FAULT(RELAY_FAILED)},
						{6500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
				}},
		{"relay_failed: the relay fails in the middle of several presses: the rest is not tried", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(CLOSE), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{4000, FAILS(TOGGLE, ON), UNKNOWN, {TOGGLE_OFF}, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED), EVENT(CANCELLED)},
						{21000, TIME, STOPPED, NOTHING, FAULT(RELAY_FAILED)},
				}},
		{"relay_failed: no warning, no closing", OPEN_ACTIVE, {TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{1000, FAILS(WARNING, ON), OPEN, {WARNING_OFF, WARNING_OFF},
								REJECTED(RELAY_FAILED), FAULT(RELAY_FAILED)},
						{9000, TIME, OPEN, NOTHING, FAULT(RELAY_FAILED)},
				}},

		{"relay_failed: at the end the release is tried once more", CLOSED_ACTIVE, {TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{1500, FAILS(OPEN, OFF), OPENING, NOTHING, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{1700, STOPPING, OPENING, {OPEN_OFF}, FAULT(RELAY_FAILED)},
				}},
		{"relay_failed: after a release that came late, the gap counts from it", CLOSED_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{1500, FAILS(OPEN, OFF), OPENING, NOTHING, REJECTED(RELAY_FAILED),
								FAULT(RELAY_FAILED)},
						{1600, EDGE(CLOSED, OFF), OPENING, NOTHING, FAULT(RELAY_FAILED)},
						{2500, COMMAND(CLOSE), OPENING, {OPEN_OFF}, ACCEPTED,
								FAULT(RELAY_FAILED)},
						{3500, TIME, CLOSING, {CLOSE_ON}, FAULT(RELAY_FAILED)},
						{4000, TIME, CLOSING, {CLOSE_OFF}, SILENT},
				}},

		/* Several presses. */
		{"presses: CLOSE while opening, opener stops then reverses: two presses with the gap between",
				CLOSED_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(CLOSE), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(50)},
						{7500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{8499, TIME, STOPPED, NOTHING, SILENT},
						{8500, TIME, CLOSING, {TOGGLE_ON}, SOURCE(MQTT)},
						{9000, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{14000, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
				}},
		{"presses: OPEN while closing, opener reverses: one press", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{8000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED, POSITION(50)},
						{8500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{12000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
				}},
		{"presses: STOP while opening, then CLOSE and OPEN from mid-travel", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(50)},
						{7500, TIME, STOPPED, {TOGGLE_OFF}, CONFIDENCE(ESTIMATED)},
						{10000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{10500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{13000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(25)},
						{13500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{20000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{20500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{27000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
				}},
		{"presses: OPEN after a stop while opening: close, stop, open: three presses", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_SENSOR, STOP_STOP, .allow_detour = true},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(50)},
						{7500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{20000, COMMAND(OPEN), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{20500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{21500, TIME, STOPPED, {TOGGLE_ON}, SILENT},
						{22000, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{23000, TIME, OPENING, {TOGGLE_ON}, SILENT},
						{23500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{37999, TIME, OPENING, NOTHING, POSITION(99)},
						{38000, TIME, OPEN, NOTHING, POSITION(100)},
				}},
		{"presses: OPEN after a stop, opener continues: one press", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_SENSOR,
						.opener = {DOOR_PRESS_STOP, DOOR_PRESS_STOP, DOOR_PRESS_CONTINUE}},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{7500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{9000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{9500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{10000, COMMAND(CLOSE), OPENING, NOTHING, REJECTED(NO_WAY)},
				}},
		{"presses: STOP while closing, opener reverses: back up, and stop there", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{8000, COMMAND(STOP), OPENING, {TOGGLE_ON}, ACCEPTED, POSITION(50)},
						{8500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{9500, TIME, STOPPED, {TOGGLE_ON}, POSITION(65)},
						{10000, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
				}},
		{"presses: STOP never sends the door down: no_stop where only closing leads to it", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_SENSOR,
						.opener = {DOOR_PRESS_REVERSE, DOOR_PRESS_STOP, DOOR_PRESS_REVERSE}},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{5000, COMMAND(STOP), OPENING, NOTHING, REJECTED(NO_STOP)},
				}},
		{"presses: an opener that ignores presses on its way knows no STOP and no CLOSE", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_SENSOR,
						.opener = {DOOR_PRESS_IGNORE, DOOR_PRESS_REVERSE, DOOR_PRESS_REVERSE}},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{5000, COMMAND(STOP), OPENING, NOTHING, REJECTED(NO_STOP)},
						{5001, COMMAND(CLOSE), OPENING, NOTHING, REJECTED(NO_WAY)},
						{5002, COMMAND(TOGGLE), OPENING, NOTHING, REJECTED(NO_WAY)},
				}},
		{"presses: TOGGLE is one press in every state, known or not", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(TOGGLE), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1200, COMMAND(TOGGLE), OPENING, NOTHING, REJECTED(BUSY)},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{1600, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{2499, COMMAND(TOGGLE), OPENING, NOTHING, REJECTED(BUSY)},
						{4000, COMMAND(TOGGLE), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{4500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{6000, COMMAND(TOGGLE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{6500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{8000, COMMAND(TOGGLE), OPENING, {TOGGLE_ON}, ACCEPTED},
						{8500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},
		{"presses: STOP in the gap leaves the door where it is", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(CLOSE), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{7100, COMMAND(STOP), STOPPED, NOTHING, ACCEPTED, EVENT(CANCELLED)},
						{7500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{20000, TIME, STOPPED, NOTHING, SILENT},
				}},
		{"presses: STOP that comes together with the next press comes first", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(CLOSE), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{7500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{8500, COMMAND(STOP), STOPPED, NOTHING, ACCEPTED, EVENT(CANCELLED)},
				}},
		{"presses: a sensor that says something else between two presses ends them", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(CLOSE), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{7200, EDGE(OPEN, ON), OPEN, NOTHING, EVENT(CANCELLED)},
						{7500, TIME, OPEN, {TOGGLE_OFF}, SILENT},
						{20000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"presses: an obstruction between two presses ends them before the door goes down", CLOSED_ACTIVE,
				{TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(CLOSE), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{7500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{8000, EDGE(OBSTRUCTION, ON), STOPPED, NOTHING, SILENT},
						{8500, TIME, STOPPED, NOTHING, FAULT(OBSTRUCTED), EVENT(CANCELLED)},
						{20000, TIME, STOPPED, NOTHING, FAULT(OBSTRUCTED)},
				}},
		{"presses: the way up over closing is refused while something is in the way", CLOSED_ACTIVE,
				{TOGGLE, CLOSED_AND_BEAM, STOP_REVERSE, .allow_detour = true},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{7500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{8000, EDGE(OBSTRUCTION, ON), STOPPED, NOTHING, SILENT},
						{10000, COMMAND(OPEN), STOPPED, NOTHING, REJECTED(OBSTRUCTED)},
				}},
		{"presses: before the door has left its end, CLOSE is so already and presses nothing", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1200, COMMAND(CLOSE), OPENING, NOTHING, UNCHANGED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{8500, TIME, CLOSED, NOTHING, CYCLES(0), FAULT(DID_NOT_START)},
						{20000, TIME, CLOSED, NOTHING, FAULT(DID_NOT_START)},
				}},
		{"presses: the last command counts, and the gap is kept", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1100, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{1200, COMMAND(OPEN), CLOSING, NOTHING, ACCEPTED},
						{1300, COMMAND(STOP), CLOSING, NOTHING, ACCEPTED, EVENT(CANCELLED)},
						{1400, COMMAND(OPEN), CLOSING, NOTHING, ACCEPTED, EVENT(CANCELLED)},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2500, TIME, OPENING, {TOGGLE_ON}, SILENT},
						{3000, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},

		/* A warning before closing. */
		{"warning: the line is on for its time, then the door closes", OPEN_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING,
								EVENT(WARNING)},
						{2000, COMMAND(CLOSE), OPEN, NOTHING, UNCHANGED, WARNING},
						{5999, TIME, OPEN, NOTHING, WARNING},
						{6000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{6500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"warning: opening needs none", CLOSED_ACTIVE, {TWO_RELAYS_WARN, CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
				}},
		{"warning: STOP ends it and nothing moves", OPEN_ACTIVE, {TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{3000, COMMAND(STOP), OPEN, {WARNING_OFF}, ACCEPTED, EVENT(CANCELLED)},
						{20000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"warning: OPEN and TOGGLE end it too", OPEN_ACTIVE, {TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{3000, COMMAND(OPEN), OPEN, {WARNING_OFF}, ACCEPTED, EVENT(CANCELLED)},
						{4000, COMMAND(TOGGLE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{5000, COMMAND(TOGGLE), OPEN, {WARNING_OFF}, ACCEPTED,
								EVENT(CANCELLED)},
						{20000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"warning: STOP that comes at its end comes first", OPEN_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, COMMAND(STOP), OPEN, {WARNING_OFF}, ACCEPTED, EVENT(CANCELLED)},
				}},
		{"warning: an obstruction ends it, and nothing is tried again", OPEN_ACTIVE,
				{TWO_RELAYS_WARN, ALL_SENSORS},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{3000, EDGE(OBSTRUCTION, ON), OPEN, {WARNING_OFF}, FAULT(OBSTRUCTED),
								EVENT(CANCELLED)},
						{3100, EDGE(OBSTRUCTION, OFF), OPEN, NOTHING, FAULT(OBSTRUCTED)},
						{20000, TIME, OPEN, NOTHING, FAULT(OBSTRUCTED)},
				}},
		{"warning: an obstruction ends it while the door still stands closed to open", CLOSED_ACTIVE,
				{TWO_RELAYS_WARN, CLOSED_AND_BEAM},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1100, COMMAND(CLOSE), OPENING, {WARNING_ON}, ACCEPTED, WARNING},
						{1200, EDGE(OBSTRUCTION, ON), OPENING, {WARNING_OFF}, FAULT(OBSTRUCTED),
								EVENT(CANCELLED)},
						{1500, TIME, OPENING, {OPEN_OFF}, FAULT(OBSTRUCTED)},
				}},
		{"warning: an obstruction ends it, and does not cover a sensor conflict", BOTH_ENDS_ACTIVE,
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(TOGGLE), UNKNOWN, {WARNING_ON}, ACCEPTED, WARNING,
								FAULT(SENSOR_CONFLICT)},
						{3000, EDGE(OBSTRUCTION, ON), UNKNOWN, {WARNING_OFF},
								FAULT(SENSOR_CONFLICT), EVENT(CANCELLED)},
				}},
		{"warning: the door moved by hand ends it", OPEN_ACTIVE, {TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{3000, EDGE(OPEN, OFF), CLOSING, {WARNING_OFF}, SOURCE(LOCAL),
								EVENT(CANCELLED)},
				}},
		{"warning: CLOSE while opening warns first; the door may reach its end meanwhile", CLOSED_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{9000, COMMAND(CLOSE), OPENING, {WARNING_ON}, ACCEPTED, WARNING},
						{12000, EDGE(OPEN, ON), OPEN, NOTHING, WARNING},
						{14000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{14500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"warning: TOGGLE in an unknown state may close, so it warns", NONE_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(TOGGLE), UNKNOWN, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, TIME, UNKNOWN, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{6500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
				}},
		{"warning: without a line there is none", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE, .warning_ms = 5000},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},

		/* Auto-close. */
		{"auto-close: its time after the door came to open it warns, then closes", CLOSED_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE, .auto_close_ms = 60000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{10000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{70000, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
						{75000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SOURCE(AUTO_CLOSE)},
						{75500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{76000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{87000, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(AUTO_CLOSE)},
						{900000, TIME, CLOSED, NOTHING, SILENT},
				}},
		{"auto-close: a door that is open at the start has the whole time", OPEN_ACTIVE,
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE, .auto_close_ms = 60000},
				{
						{59999, TIME, OPEN, NOTHING, SILENT},
						{60000, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
						{65000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SOURCE(AUTO_CLOSE)},
						{65500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"auto-close: off without a warning of five seconds, whatever is configured", CLOSED_ACTIVE,
				{.lines = {[DOOR_LINE_TOGGLE] = true, [DOOR_LINE_WARNING] = true},
						.warning_ms = 4999,
						TIMES,
						BOTH_SENSORS,
						STOP_REVERSE,
						.auto_close_ms = 60000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{10000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{900000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"auto-close: what crosses the door begins its time anew; what stands there keeps it open",
				CLOSED_ACTIVE, {TWO_RELAYS_WARN, ALL_SENSORS, .auto_close_ms = 60000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{10000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{40000, EDGE(OBSTRUCTION, ON), OPEN, NOTHING, SILENT},
						{200000, EDGE(OBSTRUCTION, OFF), OPEN, NOTHING, SILENT},
						{260000, TIME, OPEN, {WARNING_ON}, WARNING},
						{261000, COMMAND(STOP), OPEN, {WARNING_OFF}, ACCEPTED},
						{900000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"auto-close: an attempt that failed is not repeated", CLOSED_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS, .auto_close_ms = 60000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{10000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{70000, TIME, OPEN, {WARNING_ON}, WARNING},
						{75000, TIME, CLOSING, {WARNING_OFF, CLOSE_ON}, SILENT},
						{75500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{76000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{80000, EDGE(OPEN, ON), OPEN, NOTHING, FAULT(REVERSED),
								SOURCE(AUTO_CLOSE)},
						{900000, TIME, OPEN, NOTHING, FAULT(REVERSED)},
				}},
		{"auto-close: a command that comes when it is due is answered first", CLOSED_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS, .auto_close_ms = 60000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{10000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{70000, COMMAND(OPEN), OPEN, NOTHING, UNCHANGED},
						{70000, TIME, OPEN, {WARNING_ON}, WARNING},
				}},
		{"auto-close: of a door that is open by reckoning too", CLOSED_ACTIVE,
				{TWO_RELAYS_WARN, CLOSED_SENSOR, .auto_close_ms = 60000},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{12000, TIME, OPEN, NOTHING, SILENT},
						{72000, TIME, OPEN, {WARNING_ON}, WARNING},
						{77000, TIME, CLOSING, {WARNING_OFF, CLOSE_ON}, SOURCE(AUTO_CLOSE)},
						{77500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
				}},

		/* Relays. */
		{"pulse: five seconds at most, whatever is configured", CLOSED_ACTIVE,
				{.lines = {[DOOR_LINE_TOGGLE] = true},
						BOTH_SENSORS,
						STOP_REVERSE,
						.pulse_ms = 60000,
						.open_time_ms = 10000,
						.close_time_ms = 10000},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{6000, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},
		{"gap: never less than its minimum, whatever is configured", CLOSED_ACTIVE,
				{.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true},
						NO_SENSOR,
						.pulse_ms = 500,
						.open_time_ms = 10000,
						.close_time_ms = 10000},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1001, COMMAND(CLOSE), OPENING, NOTHING, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{1600, TIME, CLOSING, {CLOSE_ON}, SILENT},
						{2100, TIME, CLOSING, {CLOSE_OFF}, SILENT},
				}},
		{"stopping: a pulse ends at once, a warning too, and nothing goes on after it", OPEN_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{2000, STOPPING, OPEN, {WARNING_OFF}, SILENT},
						{9000, COMMAND(CLOSE), OPEN, NOTHING, REJECTED(STOPPING)},
				}},
		{"stopping: in the middle of a pulse the relay goes off first", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1200, STOPPING, OPENING, {TOGGLE_OFF}, SILENT},
						{1300, COMMAND(TOGGLE), OPENING, NOTHING, REJECTED(STOPPING)},
				}},

		/* A contact is believed before an assumption: openers do not always hear. */
		{"not heard: STOP on a door that still stands open presses nothing", OPEN_ACTIVE,
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{4000, COMMAND(STOP), CLOSING, NOTHING, UNCHANGED},
						{9750, TIME, OPEN, NOTHING, FAULT(DID_NOT_START), CONFIDENCE(SENSED)},
						{30000, TIME, OPEN, NOTHING, FAULT(DID_NOT_START)},
				}},
		{"not heard: OPEN on a door that still stands open presses nothing", OPEN_ACTIVE,
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{4000, COMMAND(OPEN), CLOSING, NOTHING, UNCHANGED},
						{4001, COMMAND(OPEN), CLOSING, NOTHING, UNCHANGED},
						{9750, TIME, OPEN, NOTHING, FAULT(DID_NOT_START)},
						{30000, TIME, OPEN, NOTHING, FAULT(DID_NOT_START)},
				}},
		{"not heard: CLOSE on a door that still stands closed presses nothing", CLOSED_ACTIVE,
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{4000, COMMAND(CLOSE), OPENING, NOTHING, UNCHANGED},
						{9750, TIME, CLOSED, NOTHING, FAULT(DID_NOT_START)},
						{30000, TIME, CLOSED, NOTHING, FAULT(DID_NOT_START)},
				}},
		{"heard late: what was held until the contact let go is then planned anew", OPEN_ACTIVE,
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{4000, COMMAND(OPEN), CLOSING, NOTHING, UNCHANGED},
						{5000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{5050, TIME, STOPPED, {TOGGLE_ON}, SOURCE(MQTT)},
						{5550, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{6050, TIME, OPENING, {TOGGLE_ON}, SILENT},
						{6550, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{7000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{7050, TIME, OPEN, NOTHING, SILENT},
				}},
		{"heard late: a command that replaces what was held counts, and nothing is pressed for either",
				CLOSED_ACTIVE, {STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{4000, COMMAND(CLOSE), OPENING, NOTHING, UNCHANGED},
						{4500, COMMAND(OPEN), OPENING, NOTHING, ACCEPTED, EVENT(CANCELLED)},
						{5000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{15000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{15050, TIME, OPEN, NOTHING, SILENT},
				}},
		{"not heard: TOGGLE on a door that still stands open may close it, so it is warned of", OPEN_ACTIVE,
				{STORY_WARNS, ALL_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{6500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{9000, COMMAND(TOGGLE), CLOSING, {WARNING_ON}, ACCEPTED, WARNING},
						{14000, TIME, OPEN, {WARNING_OFF, TOGGLE_ON}, SOURCE(MQTT)},
						{14200, EDGE(OPEN, OFF), OPEN, NOTHING, SILENT},
						{14250, TIME, CLOSING, NOTHING, SOURCE(MQTT)},
						{14500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"not heard: TOGGLE on a door that still stands open is refused while something is in the way",
				OPEN_ACTIVE, {STORY, ALL_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{3000, EDGE(OBSTRUCTION, ON), CLOSING, NOTHING, SILENT},
						{3001, COMMAND(TOGGLE), CLOSING, NOTHING, REJECTED(OBSTRUCTED)},
						{3050, TIME, OPEN, NOTHING, FAULT(OBSTRUCTED)},
				}},

		/* The first edge of an end contact counts. */
		{"first edge: STOP within the debounce of arriving at the top is held, and then done", CLOSED_ACTIVE,
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1300, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{12000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{12020, COMMAND(STOP), OPENING, NOTHING, ACCEPTED},
						{12050, TIME, OPEN, NOTHING, CONFIDENCE(SENSED)},
						{30000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"first edge: TOGGLE was asked of a door that moved, and is not pressed at its end", CLOSED_ACTIVE,
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1300, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{12000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{12020, COMMAND(TOGGLE), OPENING, NOTHING, ACCEPTED},
						{12050, TIME, OPEN, NOTHING, EVENT(CANCELLED)},
						{30000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"first edge: a glitch holds a press for the time of debouncing, and no longer", CLOSED_ACTIVE,
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1300, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{6000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{6010, EDGE(OPEN, OFF), OPENING, NOTHING, SILENT},
						{6020, COMMAND(STOP), OPENING, NOTHING, ACCEPTED},
						{6060, TIME, STOPPED, {TOGGLE_ON}, SILENT},
						{6560, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
				}},
		{"first edge: STOP as the door leaves its end stops it there, and that is not local", CLOSED_ACTIVE,
				{STORY, CLOSED_SENSOR, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2480, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{2500, COMMAND(STOP), OPENING, NOTHING, ACCEPTED},
						{2530, TIME, STOPPED, {TOGGLE_ON}, SOURCE(MQTT), POSITION(1)},
						{3030, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{30000, TIME, STOPPED, NOTHING, SOURCE(MQTT)},
				}},
		{"coasting: an end that is left just after the press that stopped the door is no local move",
				CLOSED_ACTIVE,
				{.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true, [DOOR_LINE_STOP] = true},
						STORY_TIMES,
						CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, COMMAND(STOP), CLOSED, {STOP_ON}, ACCEPTED},
						{2500, TIME, CLOSED, {STOP_OFF}, SILENT},
						{2600, EDGE(CLOSED, OFF), CLOSED, NOTHING, SILENT},
						{2650, TIME, STOPPED, NOTHING, SOURCE(MQTT), POSITION(1)},
						{30000, TIME, STOPPED, NOTHING, SOURCE(MQTT)},
				}},
		{"coasting: nor is one that is reached just after it", OPEN_ACTIVE,
				{.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true, [DOOR_LINE_STOP] = true},
						STORY_TIMES,
						BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1300, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{15500, COMMAND(STOP), STOPPED, {STOP_ON}, ACCEPTED, SOURCE(MQTT)},
						{15900, EDGE(CLOSED, ON), STOPPED, NOTHING, SILENT},
						{15950, TIME, CLOSED, NOTHING, SOURCE(MQTT), CYCLES(1)},
						{16000, TIME, CLOSED, {STOP_OFF}, SILENT},
				}},
		{"coasting: a press that the opener hears only at the end brings a move that is ours", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{12000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{12200, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(MQTT)},
						{12500, TIME, CLOSED, {TOGGLE_OFF}, SILENT},
						{12800, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(MQTT)},
						{22000, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(MQTT)},
				}},
		{"coasting: an end contact that bounces there is no fault", OPEN_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{12000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{12200, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(MQTT)},
						{12300, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(MQTT)},
						{12400, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{12500, TIME, CLOSED, {TOGGLE_OFF}, SILENT},
						{60000, TIME, CLOSED, NOTHING, SILENT},
				}},
		{"coasting: one that comes long before it does not", OPEN_ACTIVE, {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{11000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{11500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{12200, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(LOCAL)},
						{12800, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
				}},
		{"coasting: a door that leaves its end and was sent back there comes back", OPEN_ACTIVE,
				{TWO_RELAYS_STORY, BOTH_SENSORS},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2000, COMMAND(OPEN), OPEN, {OPEN_ON}, ACCEPTED},
						{2200, EDGE(OPEN, OFF), OPEN, NOTHING, SILENT},
						{2250, TIME, OPENING, NOTHING, SOURCE(MQTT)},
						{2500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{3000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{3050, TIME, OPEN, NOTHING, SOURCE(MQTT)},
				}},
		{"near its end: no press is made to stop an opening door that may be there when it is heard",
				OPEN_ACTIVE, {STORY, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1100, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{1200, COMMAND(STOP), CLOSING, NOTHING, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{2000, TIME, OPENING, {TOGGLE_ON}, SILENT},
						{2500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{3000, TIME, OPENING, NOTHING, EVENT(CANCELLED)},
						{3010, COMMAND(STOP), OPENING, NOTHING, REJECTED(UNCERTAIN)},
						{3020, COMMAND(TOGGLE), OPENING, NOTHING, REJECTED(UNCERTAIN)},
						{3050, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{3100, TIME, OPEN, NOTHING, SOURCE(MQTT)},
				}},
		{"near its end: CLOSE waits until an opening door is there", CLOSED_ACTIVE,
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1300, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{15500, COMMAND(CLOSE), OPENING, NOTHING, ACCEPTED},
						{15900, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{15950, TIME, CLOSING, {TOGGLE_ON}, SILENT},
						{16450, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},

		{"did not start: an end contact that has just let go is waited for, as where its edge was lost",
				CLOSED_ACTIVE, {STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{9740, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{9750, TIME, OPENING, NOTHING, SILENT},
						{9790, TIME, OPENING, NOTHING, SOURCE(MQTT)},
						{16000, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{16050, TIME, OPEN, NOTHING, SOURCE(MQTT)},
				}},
		{"did not finish: an end contact that has just come is waited for", CLOSED_ACTIVE,
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{22740, EDGE(OPEN, ON), OPENING, NOTHING, SILENT},
						{22750, TIME, OPENING, NOTHING, SILENT},
						{22790, TIME, OPEN, NOTHING, SOURCE(MQTT)},
				}},

		{"obstruction: closed is not estimated for a close that something came in the way of as it began",
				OPEN_ACTIVE,
				{TWO_RELAYS, .debounce_ms = 500,
						.sensors = {[DOOR_SENSOR_OPEN] = true,
								[DOOR_SENSOR_OBSTRUCTION] = true}},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1100, EDGE(OBSTRUCTION, ON), CLOSING, NOTHING, SILENT},
						{1200, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{1600, TIME, OPEN, NOTHING, FAULT(OBSTRUCTED)},
						{1700, TIME, CLOSING, NOTHING, SOURCE(MQTT), FAULT(OBSTRUCTED)},
						{13200, TIME, UNKNOWN, NOTHING, CONFIDENCE(UNKNOWN), FAULT(OBSTRUCTED)},
				}},

		{"obstruction: an opener that was sent back within its closed contact, and turned round again, opens",
				CLOSED_ACTIVE, {TWO_RELAYS, ALL_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2600, COMMAND(CLOSE), CLOSED, {CLOSE_ON}, ACCEPTED},
						{2700, EDGE(OBSTRUCTION, ON), CLOSED, NOTHING, SILENT},
						{2800, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(MQTT)},
						{3100, TIME, OPENING, {CLOSE_OFF}, SILENT},
						{11000, EDGE(OPEN, ON), OPEN, NOTHING, SOURCE(MQTT)},
				}},

		/* An estimate is no knowledge. */
		{"uncertain: half-way at the start, CLOSE is a press that nobody can foretell, and OPEN is refused",
				NONE_ACTIVE, {STORY, CLOSED_SENSOR, STOP_STOP},
				{
						{5000, COMMAND(CLOSE), UNKNOWN, {TOGGLE_ON}, ACCEPTED, POSITION(99)},
						{5500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{7000, COMMAND(OPEN), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE)},
						{7001, COMMAND(STOP), UNKNOWN, NOTHING, REJECTED(UNKNOWN_STATE)},
						{18000, EDGE(CLOSED, ON), UNKNOWN, NOTHING, SILENT},
						{18050, TIME, CLOSED, NOTHING, SOURCE(MQTT), CYCLES(1)},
				}},
		{"uncertain: where CLOSE did not bring the closed contact, that is told", NONE_ACTIVE,
				{STORY, CLOSED_SENSOR, STOP_STOP},
				{
						{5000, COMMAND(CLOSE), UNKNOWN, {TOGGLE_ON}, ACCEPTED},
						{5500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{25750, TIME, OPEN, NOTHING, FAULT(DID_NOT_FINISH), POSITION(99)},
				}},
		{"uncertain: closed is not estimated after a press that may have stopped the door as it started",
				OPEN_ACTIVE, {TOGGLE, OPEN_SENSOR, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{3000, COMMAND(TOGGLE), OPEN, {TOGGLE_ON}, ACCEPTED},
						{3200, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(MQTT)},
						{3500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{15200, TIME, UNKNOWN, NOTHING, CONFIDENCE(UNKNOWN)},
				}},
		{"uncertain: one press, and nothing more, though all times of travel are over before the gap is",
				NONE_ACTIVE,
				{.lines = {[DOOR_LINE_TOGGLE] = true},
						.pulse_ms = 500,
						.gap_ms = 5000,
						.open_time_ms = 100,
						.close_time_ms = 100,
						CLOSED_SENSOR,
						STOP_STOP},
				{
						{1000, COMMAND(CLOSE), UNKNOWN, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{3125, TIME, OPEN, NOTHING, FAULT(DID_NOT_FINISH)},
						{30000, TIME, OPEN, NOTHING, FAULT(DID_NOT_FINISH)},
				}},
		{"uncertain: in the tail of a reckoned opening CLOSE waits, STOP and TOGGLE are refused", CLOSED_ACTIVE,
				{.lines = {[DOOR_LINE_TOGGLE] = true},
						.pulse_ms = 500,
						.gap_ms = 500,
						.debounce_ms = 50,
						.open_time_ms = 8000,
						.close_time_ms = 8000,
						CLOSED_SENSOR,
						STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{1600, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{7000, COMMAND(STOP), OPENING, NOTHING, REJECTED(UNCERTAIN)},
						{7001, COMMAND(TOGGLE), OPENING, NOTHING, REJECTED(UNCERTAIN)},
						{7002, COMMAND(OPEN), OPENING, NOTHING, UNCHANGED},
						{7800, COMMAND(CLOSE), OPENING, NOTHING, ACCEPTED},
						{9600, TIME, CLOSING, {TOGGLE_ON}, SILENT},
						{10100, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{15600, EDGE(CLOSED, ON), CLOSING, NOTHING, SILENT},
						{15650, TIME, CLOSED, NOTHING, SOURCE(MQTT)},
						{20000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{20500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},
		{"uncertain: a door that moves by hand may have been stopped by hand: no press is counted for it",
				OPEN_ACTIVE, {STORY, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, EDGE(OPEN, OFF), OPEN, NOTHING, SILENT},
						{1050, TIME, CLOSING, NOTHING, SOURCE(LOCAL)},
						{3000, COMMAND(STOP), CLOSING, NOTHING, REJECTED(UNCERTAIN)},
						{3001, COMMAND(OPEN), CLOSING, NOTHING, REJECTED(UNCERTAIN)},
						{3002, COMMAND(CLOSE), CLOSING, NOTHING, UNCHANGED},
						{4000, COMMAND(TOGGLE), UNKNOWN, {TOGGLE_ON}, ACCEPTED, SOURCE(MQTT)},
						{4500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{6000, EDGE(OPEN, ON), UNKNOWN, NOTHING, SILENT},
						{6050, TIME, OPEN, NOTHING, SOURCE(MQTT)},
				}},
		{"uncertain: opened by hand, with a closed contact alone, CLOSE leads to an unknown state",
				CLOSED_ACTIVE, {TOGGLE_WARNS, CLOSED_AND_BEAM, STOP_REVERSE},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{3000, COMMAND(CLOSE), OPENING, NOTHING, REJECTED(UNCERTAIN)},
						{11000, TIME, OPEN, NOTHING, CONFIDENCE(ESTIMATED)},
						{20000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{25000, TIME, UNKNOWN, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{25500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
						{37000, EDGE(CLOSED, ON), CLOSED, NOTHING, SOURCE(MQTT)},
				}},

		/* OPEN never begins downwards, unless the owner says so. */
		{"detour: OPEN that begins with a press that closes is refused", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{4500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{6000, COMMAND(OPEN), STOPPED, NOTHING, REJECTED(NO_WAY)},
						{7000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{7500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"detour: an OPEN that comes to the closed end on its way goes on from there", CLOSED_ACTIVE,
				{STORY, BOTH_SENSORS, STOP_STOP, .allow_detour = true},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1300, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2650, COMMAND(STOP), STOPPED, {TOGGLE_ON}, ACCEPTED, POSITION(9)},
						{3150, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{10000, COMMAND(OPEN), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{10500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{11000, TIME, STOPPED, {TOGGLE_ON}, SILENT},
						{11100, EDGE(CLOSED, ON), STOPPED, NOTHING, SILENT},
						{11150, TIME, CLOSED, NOTHING, SOURCE(MQTT)},
						{11500, TIME, CLOSED, {TOGGLE_OFF}, SILENT},
						{12000, TIME, OPENING, {TOGGLE_ON}, SOURCE(MQTT)},
						{12500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},
		{"presses: OPEN that stops a closing door at its end goes on from there", OPEN_ACTIVE,
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{1300, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{1500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{16000, COMMAND(OPEN), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{16200, EDGE(CLOSED, ON), STOPPED, NOTHING, SILENT},
						{16250, TIME, CLOSED, NOTHING, SOURCE(MQTT)},
						{16500, TIME, CLOSED, {TOGGLE_OFF}, SILENT},
						{17000, TIME, OPENING, {TOGGLE_ON}, SILENT},
						{17500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
				}},

		/* A contact that does not stand still. */
		{"unsteady: at the start the door settles on the others, and a beam that flickers counts as broken",
				NOT_TOLD, {TOGGLE, ALL_SENSORS, STOP_REVERSE, .debounce_ms = 500},
				{
						{0, EDGE(CLOSED, OFF), UNKNOWN, NOTHING, SILENT},
						{0, EDGE(OPEN, ON), UNKNOWN, NOTHING, SILENT},
						{0, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, SILENT},
						{400, EDGE(OBSTRUCTION, OFF), UNKNOWN, NOTHING, SILENT},
						{800, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, SILENT},
						{1200, EDGE(OBSTRUCTION, OFF), UNKNOWN, NOTHING, SILENT},
						{1600, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, SILENT},
						{2000, EDGE(OBSTRUCTION, OFF), UNKNOWN, NOTHING, SILENT},
						{2400, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, SILENT},
						{2800, EDGE(OBSTRUCTION, OFF), UNKNOWN, NOTHING, SILENT},
						{3200, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, SILENT},
						{3600, EDGE(OBSTRUCTION, OFF), UNKNOWN, NOTHING, SILENT},
						{4000, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, SILENT},
						{4400, EDGE(OBSTRUCTION, OFF), UNKNOWN, NOTHING, SILENT},
						{4800, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, SILENT},
						{4999, COMMAND(STOP), UNKNOWN, NOTHING, REJECTED(NOT_SETTLED)},
						{5200, EDGE(OBSTRUCTION, OFF), OPEN, NOTHING, FAULT(SENSOR_UNSTEADY)},
						{5400, COMMAND(STOP), OPEN, NOTHING, UNCHANGED, FAULT(SENSOR_UNSTEADY)},
						{5500, COMMAND(CLOSE), OPEN, NOTHING, REJECTED(OBSTRUCTED),
								FAULT(SENSOR_UNSTEADY)},
						{10199, COMMAND(CLOSE), OPEN, NOTHING, REJECTED(OBSTRUCTED),
								FAULT(SENSOR_UNSTEADY)},
						{10200, TIME, OPEN, NOTHING, SILENT},
						{10400, COMMAND(CLOSE), CLOSING, {TOGGLE_ON}, ACCEPTED},
						{10900, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},

		/* Separate relays. */
		{"two relays: CLOSE presses whenever closed is not sensed, since it may not have been heard",
				NONE_ACTIVE, {TWO_RELAYS, NO_SENSOR},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1400, COMMAND(CLOSE), CLOSING, NOTHING, UNCHANGED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2400, COMMAND(CLOSE), CLOSING, NOTHING, UNCHANGED},
						{6000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{6500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{18000, TIME, CLOSED, NOTHING, CONFIDENCE(ESTIMATED), CYCLES(1)},
						{20000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{20500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{32000, TIME, CLOSED, NOTHING, CONFIDENCE(ESTIMATED)},
				}},
		{"two relays: STOP in a warning says that it cannot stop a moving door, and takes the close back",
				CLOSED_ACTIVE, {TWO_RELAYS_WARN, CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(CLOSE), OPENING, {WARNING_ON}, ACCEPTED, WARNING},
						{5000, COMMAND(STOP), OPENING, {WARNING_OFF}, REJECTED(NO_STOP),
								EVENT(CANCELLED)},
						{12000, TIME, OPEN, NOTHING, SILENT},
						{30000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"three relays: STOP in a warning stops the door", CLOSED_ACTIVE,
				{.lines = {[DOOR_LINE_OPEN] = true,
						 [DOOR_LINE_CLOSE] = true,
						 [DOOR_LINE_STOP] = true,
						 [DOOR_LINE_WARNING] = true},
						TIMES,
						.warning_ms = 5000,
						CLOSED_SENSOR},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(CLOSE), OPENING, {WARNING_ON}, ACCEPTED, WARNING},
						{5000, COMMAND(STOP), STOPPED, {WARNING_OFF, STOP_ON}, ACCEPTED,
								EVENT(CANCELLED)},
						{5500, TIME, STOPPED, {STOP_OFF}, SILENT},
						{30000, TIME, STOPPED, NOTHING, SILENT},
				}},
		{"unknown, beam broken: TOGGLE is warned of, and is pressed where the way is free by then", NONE_ACTIVE,
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE},
				{
						{500, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, SILENT},
						{1000, COMMAND(TOGGLE), UNKNOWN, {WARNING_ON}, ACCEPTED, WARNING},
						{3000, EDGE(OBSTRUCTION, OFF), UNKNOWN, NOTHING, WARNING},
						{6000, TIME, UNKNOWN, {WARNING_OFF, TOGGLE_ON}, SILENT},
						{6500, TIME, UNKNOWN, {TOGGLE_OFF}, SILENT},
				}},
		{"unknown, beam broken: nothing is pressed that could bring the door down on what is in its way",
				NONE_ACTIVE, {TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE},
				{
						{500, EDGE(OBSTRUCTION, ON), UNKNOWN, NOTHING, SILENT},
						{1000, COMMAND(TOGGLE), UNKNOWN, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, TIME, UNKNOWN, {WARNING_OFF}, FAULT(OBSTRUCTED),
								EVENT(CANCELLED)},
				}},

		{"auto-close: a beam broken in its warning begins its time anew", CLOSED_ACTIVE,
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE, .auto_close_ms = 10000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{15000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{25000, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
						{26000, EDGE(OBSTRUCTION, ON), OPEN, {WARNING_OFF}, FAULT(OBSTRUCTED),
								EVENT(CANCELLED)},
						{27000, EDGE(OBSTRUCTION, OFF), OPEN, NOTHING, FAULT(OBSTRUCTED)},
						{37000, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
						{42000, TIME, CLOSING, {WARNING_OFF, TOGGLE_ON}, SOURCE(AUTO_CLOSE)},
						{42500, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
				}},
		{"auto-close: what stands in the way keeps the door open for as long as it does", CLOSED_ACTIVE,
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE, .auto_close_ms = 10000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{15000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{25000, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
						{26000, EDGE(OBSTRUCTION, ON), OPEN, {WARNING_OFF}, FAULT(OBSTRUCTED),
								EVENT(CANCELLED)},
						{300000, TIME, OPEN, NOTHING, FAULT(OBSTRUCTED)},
				}},
		{"auto-close: a command in its warning takes it back, and that is the end of it", CLOSED_ACTIVE,
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE, .auto_close_ms = 10000},
				{
						{1000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{15000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{25000, TIME, OPEN, {WARNING_ON}, WARNING, EVENT(AUTO_CLOSE)},
						{26000, COMMAND(OPEN), OPEN, {WARNING_OFF}, ACCEPTED, EVENT(CANCELLED)},
						{300000, TIME, OPEN, NOTHING, SILENT},
				}},

		/* The lock-out. */
		{"locked out: OPEN and TOGGLE are refused, CLOSE and STOP are not", CLOSED_ACTIVE,
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{0, TIME, CLOSED, NOTHING, FREE},
						{1000, COMMAND(LOCKOUT_ON), CLOSED, NOTHING, ACCEPTED, LOCKED,
								EVENT(LOCKED_OUT)},
						{2000, COMMAND(LOCKOUT_ON), CLOSED, NOTHING, UNCHANGED, LOCKED},
						{3000, COMMAND(OPEN), CLOSED, NOTHING, REJECTED(LOCKED_OUT)},
						{4000, COMMAND(TOGGLE), CLOSED, NOTHING, REJECTED(LOCKED_OUT)},
						{5000, PULSE(OPEN), CLOSED, NOTHING, REJECTED(LOCKED_OUT)},
						{6000, COMMAND(CLOSE), CLOSED, NOTHING, UNCHANGED},
						{7000, EDGE(CLOSED, OFF), OPENING, NOTHING, SOURCE(LOCAL)},
						{10000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{10500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{12000, COMMAND(OPEN), CLOSING, NOTHING, REJECTED(LOCKED_OUT)},
						{13000, COMMAND(STOP), CLOSING, NOTHING, REJECTED(NO_STOP)},
						{15000, EDGE(CLOSED, ON), CLOSED, NOTHING, SILENT},
						{16000, COMMAND(LOCKOUT_OFF), CLOSED, NOTHING, ACCEPTED, FREE,
								EVENT(LOCKOUT_LIFTED)},
						{17000, COMMAND(LOCKOUT_OFF), CLOSED, NOTHING, UNCHANGED},
						{18000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{18500, TIME, OPENING, {OPEN_OFF}, SILENT},
				}},
		{"locked out for all: CLOSE is refused, too, and STOP is not", OPEN_ACTIVE,
				{THREE_RELAYS, BOTH_SENSORS, .lockout_all = true},
				{
						{1000, COMMAND(CLOSE), CLOSING, {CLOSE_ON}, ACCEPTED},
						{1500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{2000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{3000, COMMAND(LOCKOUT_ON), CLOSING, NOTHING, ACCEPTED, LOCKED},
						{4000, COMMAND(STOP), STOPPED, {STOP_ON}, ACCEPTED},
						{4500, TIME, STOPPED, {STOP_OFF}, SILENT},
						{6000, COMMAND(CLOSE), STOPPED, NOTHING, REJECTED(LOCKED_OUT)},
						{7000, PULSE(CLOSE), STOPPED, NOTHING, REJECTED(LOCKED_OUT)},
						{8000, PULSE(STOP), STOPPED, {STOP_ON}, ACCEPTED},
						{8500, TIME, STOPPED, {STOP_OFF}, SILENT},
				}},
		{"locked out: a command that has not pressed yet is cancelled", OPEN_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS, .lockout_all = true},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{3000, COMMAND(LOCKOUT_ON), OPEN, {WARNING_OFF}, ACCEPTED,
								EVENT(CANCELLED), LOCKED},
						{60000, TIME, OPEN, NOTHING, SILENT},
				}},
		{"locked out at the very moment of a press: it is not made", OPEN_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS, .lockout_all = true},
				{
						{1000, COMMAND(CLOSE), OPEN, {WARNING_ON}, ACCEPTED, WARNING},
						{6000, COMMAND(LOCKOUT_ON), OPEN, {WARNING_OFF}, ACCEPTED,
								EVENT(CANCELLED), LOCKED},
				}},
		{"locked out: OPEN that waits for its press is cancelled, CLOSE in its warning is not", CLOSED_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{1500, TIME, OPENING, {OPEN_OFF}, SILENT},
						{1600, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{1700, COMMAND(CLOSE), OPENING, {WARNING_ON}, ACCEPTED},
						{1800, COMMAND(LOCKOUT_ON), OPENING, NOTHING, ACCEPTED},
						{6700, TIME, CLOSING, {WARNING_OFF, CLOSE_ON}, SILENT},
						{7200, TIME, CLOSING, {CLOSE_OFF}, SILENT},
				}},
		{"locked out: presses that have begun are made to their end", CLOSED_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, COMMAND(OPEN), OPENING, {TOGGLE_ON}, ACCEPTED},
						{1500, TIME, OPENING, {TOGGLE_OFF}, SILENT},
						{2000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{4000, COMMAND(CLOSE), STOPPED, {TOGGLE_ON}, ACCEPTED},
						{4200, COMMAND(LOCKOUT_ON), STOPPED, NOTHING, ACCEPTED, LOCKED},
						{4500, TIME, STOPPED, {TOGGLE_OFF}, SILENT},
						{5500, TIME, CLOSING, {TOGGLE_ON}, SILENT},
						{6000, TIME, CLOSING, {TOGGLE_OFF}, SILENT},
						{7000, COMMAND(OPEN), CLOSING, NOTHING, REJECTED(LOCKED_OUT)},
				}},
		{"locked out, toggle relay: CLOSE is refused where its presses may lead up", NONE_ACTIVE,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{0, TIME, UNKNOWN, NOTHING, SILENT},
						{1000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{2000, COMMAND(LOCKOUT_ON), OPEN, NOTHING, ACCEPTED, LOCKED},
						{3000, EDGE(OPEN, OFF), CLOSING, NOTHING, SOURCE(LOCAL)},
						{4000, COMMAND(CLOSE), CLOSING, NOTHING, REJECTED(LOCKED_OUT)},
						{5000, PULSE(TOGGLE), CLOSING, NOTHING, REJECTED(LOCKED_OUT)},
				}},
		{"locked out: auto-close goes on, and OPEN takes it back without opening", OPEN_ACTIVE,
				{TWO_RELAYS_WARN, BOTH_SENSORS, .auto_close_ms = 10000, .lockout_all = true},
				{
						{1000, COMMAND(LOCKOUT_ON), OPEN, NOTHING, ACCEPTED, LOCKED},
						{10000, TIME, OPEN, {WARNING_ON}, EVENT(AUTO_CLOSE)},
						{15000, TIME, CLOSING, {WARNING_OFF, CLOSE_ON}, SILENT},
						{15500, TIME, CLOSING, {CLOSE_OFF}, SILENT},
						{16000, EDGE(OPEN, OFF), CLOSING, NOTHING, SILENT},
						{26000, EDGE(CLOSED, ON), CLOSED, NOTHING, CYCLES(1)},
						{27000, EDGE(CLOSED, OFF), OPENING, NOTHING, SILENT},
						{37000, EDGE(OPEN, ON), OPEN, NOTHING, SILENT},
						{47000, TIME, OPEN, {WARNING_ON}, EVENT(AUTO_CLOSE)},
						{48000, COMMAND(OPEN), OPEN, {WARNING_OFF}, REJECTED(LOCKED_OUT),
								EVENT(CANCELLED)},
				}},
		{"key switch: its first edge locks, it lifts when it has stood still, and no command lifts it",
				CLOSED_ACTIVE, {TWO_RELAYS, .sensors = {true, true, false, true}, .debounce_ms = 50},
				{
						{1000, EDGE(LOCKOUT, ON), CLOSED, NOTHING, LOCKED, EVENT(LOCKED_OUT)},
						{1010, COMMAND(OPEN), CLOSED, NOTHING, REJECTED(LOCKED_OUT)},
						{2000, COMMAND(LOCKOUT_OFF), CLOSED, NOTHING, REJECTED(LOCKED_OUT),
								LOCKED},
						{3000, COMMAND(LOCKOUT_ON), CLOSED, NOTHING, ACCEPTED, LOCKED},
						{4000, EDGE(LOCKOUT, OFF), CLOSED, NOTHING, LOCKED},
						{4050, TIME, CLOSED, NOTHING, LOCKED},
						{5000, COMMAND(LOCKOUT_OFF), CLOSED, NOTHING, ACCEPTED,
								EVENT(LOCKOUT_LIFTED), FREE},
						{6000, EDGE(LOCKOUT, ON), CLOSED, NOTHING, LOCKED},
						{7000, EDGE(LOCKOUT, OFF), CLOSED, NOTHING, LOCKED},
						{7049, TIME, CLOSED, NOTHING, LOCKED},
						{7050, TIME, CLOSED, NOTHING, FREE, EVENT(LOCKOUT_LIFTED)},
						{8000, COMMAND(OPEN), OPENING, {OPEN_ON}, ACCEPTED},
						{8500, TIME, OPENING, {OPEN_OFF}, SILENT},
				}},
		{"key switch: a command lifts its own part of a lock-out alone", CLOSED_ACTIVE,
				{TWO_RELAYS, .sensors = {true, true, false, true}},
				{
						{1000, EDGE(LOCKOUT, ON), CLOSED, NOTHING, LOCKED},
						{2000, COMMAND(LOCKOUT_ON), CLOSED, NOTHING, ACCEPTED, LOCKED},
						{3000, COMMAND(LOCKOUT_OFF), CLOSED, NOTHING, ACCEPTED, LOCKED},
						{4000, COMMAND(OPEN), CLOSED, NOTHING, REJECTED(LOCKED_OUT)},
						{5000, EDGE(LOCKOUT, OFF), CLOSED, NOTHING, FREE,
								EVENT(LOCKOUT_LIFTED)},
				}},
		{"a lock-out can be set before the sensors have settled", NOT_TOLD, {TWO_RELAYS, BOTH_SENSORS},
				{
						{0, COMMAND(LOCKOUT_ON), UNKNOWN, NOTHING, ACCEPTED, LOCKED},
						{100, EDGE(CLOSED, ON), UNKNOWN, NOTHING, LOCKED},
						{200, EDGE(OPEN, OFF), CLOSED, NOTHING, LOCKED},
						{300, COMMAND(OPEN), CLOSED, NOTHING, REJECTED(LOCKED_OUT)},
				}},
};

static const char *const lines[] = {"toggle", "open", "close", "stop", "warning"};

static void append_switch(char *text, size_t size, enum door_line line, bool on)
{
	size_t length = strlen(text);
	snprintf(text + length, size - length, "%s%s %s", length > 0 ? ", " : "", lines[line], on ? "on" : "off");
}

static void write_switched(const struct door_output *output, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < output->action_count; i++)
		append_switch(text, size, output->actions[i].line, output->actions[i].on);
}

static void write_expected(const enum switched *switched, char *text, size_t size)
{
	text[0] = '\0';
	for (; *switched != SWITCHED_NONE; switched++)
		append_switch(text, size, (enum door_line)((*switched - 1) / 2), (*switched - 1) % 2 == ON);
}

static bool check(bool good, const char *rule, int64_t at_ms, const char *what, const char *expected, const char *seen)
{
	if (!good)
		printf("# at %lld ms: %s is \"%s\", expected \"%s\"\n", (long long)at_ms, what, seen, expected);
	return tap_check(good, rule, __FILE__, __LINE__);
}

static void check_word(const char *rule, int64_t at_ms, const char *what, const char *expected, const char *seen)
{
	check(strcmp(expected, seen) == 0, rule, at_ms, what, expected, seen);
}

static void check_number(const char *rule, int64_t at_ms, const char *what, int64_t expected, int64_t seen)
{
	char texts[2][24];

	snprintf(texts[0], sizeof(texts[0]), "%lld", (long long)expected);
	snprintf(texts[1], sizeof(texts[1]), "%lld", (long long)seen);
	check(expected == seen, rule, at_ms, what, texts[0], texts[1]);
}

static void check_says(
		const struct row *row, const char *rule, const struct door *door, const struct door_output *output)
{
	int64_t at_ms = row->at_ms;
	struct door_view view = {0};
	bool happened = false;
	bool asked = row->happens.kind == DOOR_INPUT_COMMAND && row->happens.command >= DOOR_COMMAND_LOCKOUT_ON;

	door_view(door, at_ms, &view);
	for (size_t i = 0; i < output->happening_count; i++) {
		const struct door_happening *one = &output->happenings[i];
		happened = happened || one->event == row->event.event;
		if (one->event == DOOR_EVENT_LOCKED_OUT || one->event == DOOR_EVENT_LOCKOUT_LIFTED)
			check_word(rule, at_ms, "who locked",
					door_source_name(asked ? DOOR_SOURCE_MQTT : DOOR_SOURCE_LOCAL),
					door_source_name(one->source));
	}
	check_number(rule, at_ms, "answered", row->answer.said, output->answered);
	if (row->answer.said) {
		check_word(rule, at_ms, "result", door_result_name(row->answer.result),
				door_result_name(output->result));
		check_word(rule, at_ms, "reason", door_reason_name(row->answer.reason),
				door_reason_name(output->reason));
	}
	check_word(rule, at_ms, "fault", door_fault_name(row->fault), door_fault_name(view.fault));
	if (row->warning)
		check_number(rule, at_ms, "warning", true, view.warning);
	if (row->lockout.said)
		check_number(rule, at_ms, "locked out", row->lockout.locked, view.locked_out);
	if (row->position.said)
		check_number(rule, at_ms, "position", row->position.percent, view.position);
	if (row->source.said)
		check_word(rule, at_ms, "source", door_source_name(row->source.source), door_source_name(view.source));
	if (row->confidence.said)
		check_word(rule, at_ms, "confidence", door_confidence_name(row->confidence.confidence),
				door_confidence_name(view.confidence));
	if (row->cycles.said)
		check_number(rule, at_ms, "cycles", (int64_t)row->cycles.count, (int64_t)view.cycles);
	if (row->reach.said) {
		check_number(rule, at_ms, "lowest position", row->reach.low, view.reach_low);
		check_number(rule, at_ms, "highest position", row->reach.high, view.reach_high);
	}
	if (row->travel.said)
		check_number(rule, at_ms, "last travel", row->travel.ms, view.last_travel_ms);
	if (row->event.said)
		check_number(rule, at_ms, "this event", true, happened);
}

static void step(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	const struct door before = *door;
	door_step(door, input, now_ms, output);
	const char *wrong = tells_right(&before, door, output, now_ms);
	size_t states = 0;
	for (size_t i = 0; i < output->happening_count; i++)
		states += output->happenings[i].event == DOOR_EVENT_STATE;
	CHECK(states == 0 || door->state != before.state); /* none that is left again at once */
	check(wrong == NULL, "told and published", now_ms, "rule", "", wrong != NULL ? wrong : "");
}

/* Wakes the door at each of its deadlines before at_ms; one that has passed already is due at once. */
static void wake(struct door *door, const char *rule, int64_t *deadline_ms, int64_t from_ms, int64_t at_ms)
{
	if (*deadline_ms < from_ms && from_ms < at_ms)
		*deadline_ms = from_ms;
	for (int n = 0; n < 10000 && *deadline_ms < at_ms && *deadline_ms >= from_ms; n++) {
		struct door_output output;
		enum door_state state = door->state;
		char switched[128];
		int64_t now_ms = *deadline_ms;

		step(door, NULL, now_ms, &output);
		*deadline_ms = output.deadline_ms;
		write_switched(&output, switched, sizeof(switched));
		check(switched[0] == '\0', rule, now_ms, "switched between two rows", "", switched);
		check(door->state == state, rule, now_ms, "state between two rows", door_state_name(state),
				door_state_name(door->state));
		check(output.deadline_ms > now_ms, rule, now_ms, "deadline", "in the future", "past");
	}
}

/* What is said to be refused is refused, and for that reason, if it is asked for now. */
static void check_refusals(const char *rule, const struct door *door, int64_t now_ms)
{
	static const int percents[] = {1, 16, 30, 50, 75, 99};
	struct door_view view = {0};
	struct door_output output;

	door_view(door, now_ms, &view);
	for (int i = 0; i < DOOR_COMMANDS; i++) {
		const struct door_input input = {.kind = DOOR_INPUT_COMMAND, .command = (enum door_command)i};
		bool takes_back = i == DOOR_COMMAND_TOGGLE && view.warning;
		struct door copy = *door;
		if (door->goal != DOOR_GOAL_NONE && !takes_back)
			continue;
		door_step(&copy, &input, now_ms, &output);
		if (output.reason != DOOR_REASON_BUSY)
			check_word(rule, now_ms, door_command_name((enum door_command)i),
					door_reason_name(view.refusals[i]), door_reason_name(output.reason));
	}
	for (size_t i = 0; i < COUNT(percents) && door->goal == DOOR_GOAL_NONE; i++) {
		const struct door_input input = {
				.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_POSITION, .percent = percents[i]};
		struct door copy = *door;
		enum door_reason refusal = door_position_refusal(door, percents[i]);
		door_step(&copy, &input, now_ms, &output);
		if (output.reason != DOOR_REASON_BUSY && output.result != DOOR_RESULT_UNCHANGED)
			check_word(rule, now_ms, "position", door_reason_name(refusal),
					door_reason_name(output.reason));
		CHECK(output.result != DOOR_RESULT_ACCEPTED ||
				(percents[i] >= view.reach_low && percents[i] <= view.reach_high));
	}
}

static void run(const struct spec *spec)
{
	struct door door;
	struct door_output output;
	int64_t deadline_ms = DOOR_NEVER;

	tap_case("%s", spec->rule);
	door_init(&door, &spec->config, 0);
	for (int i = 0; spec->start != NOT_TOLD && i < DOOR_SENSORS; i++) {
		struct door_input input = {
				.kind = DOOR_INPUT_SENSOR,
				.sensor = (enum door_sensor)i,
				.active = (unsigned)spec->start >> i & 1,
				.at_ms = -1000,
		};
		struct door_contact *contact = &door.contacts[i];
		contact->edge_ms = -1000; /* it has stood like this for long */
		step(&door, &input, 0, &output);
		deadline_ms = output.deadline_ms;
	}
	int64_t from_ms = 0;
	for (const struct row *row = spec->rows; row->happens.source != DOOR_SOURCE_NONE; from_ms = row->at_ms, row++) {
		char expected[128];
		char switched[128];
		struct door_input input = row->happens;

		if (input.at_ms == AT_ROW)
			input.at_ms = row->at_ms;
		wake(&door, spec->rule, &deadline_ms, from_ms, row->at_ms);
		step(&door, &input, row->at_ms, &output);
		deadline_ms = output.deadline_ms;
		write_expected(row->switched, expected, sizeof(expected));
		write_switched(&output, switched, sizeof(switched));
		check_word(spec->rule, row->at_ms, "state", door_state_name(*row->state), door_state_name(door.state));
		check_word(spec->rule, row->at_ms, "switched", expected, switched);
		check_says(row, spec->rule, &door, &output);
		if (deadline_ms > row->at_ms)
			check_refusals(spec->rule, &door, row->at_ms);
	}
}

/*
 * The press table: how many presses lead from a state to OPEN, CLOSE, STOP; "-" none, "down" when the door moves down
 * on the way to OPEN or STOP. docs/door.md shows this table.
 */
struct press_row {
	struct door_opener opener;
	const char *presses[6]; /* closed, open, opening, closing, stopped while opening, stopped while closing */
};

#define S DOOR_PRESS_STOP
#define R DOOR_PRESS_REVERSE
#define I DOOR_PRESS_IGNORE
#define C DOOR_PRESS_CONTINUE

static const struct press_row press_rows[] = {
		/* opener     closed   open     opening   closing  stopped up  stopped down */
		{{S, S, R}, {"1 0 0", "0 1 0", "0 2 1", "2 0 1", "3d 1 0", "1 3 0"}},
		{{S, S, C}, {"1 0 0", "0 1 0", "0 - 1", "- 0 1", "1 - 0", "- 1 0"}},
		{{S, R, R}, {"1 0 0", "0 1 0", "0 2 1", "1 0 2", "2d 1 0", "1 3 0"}},
		{{S, R, C}, {"1 0 0", "0 1 0", "0 - 1", "1 0 2", "1 - 0", "2d 1 0"}},
		{{R, S, R}, {"1 0 0", "0 1 0", "0 1 2d", "2 0 1", "3d 1 0", "1 2 0"}},
		{{R, S, C}, {"1 0 0", "0 1 0", "0 1 2d", "- 0 1", "1 2 0", "- 1 0"}},
		{{R, R, R}, {"1 0 0", "0 1 0", "0 1 -", "1 0 -", "2d 1 0", "1 2 0"}},
		{{I, R, R}, {"1 0 0", "0 1 0", "0 - -", "1 0 -", "2d 1 0", "1 - 0"}},
		{{I, S, R}, {"1 0 0", "0 1 0", "0 - -", "2 0 1", "3d 1 0", "1 - 0"}},
		{{I, I, R}, {"1 0 0", "0 1 0", "0 - -", "- 0 -", "- 1 0", "1 - 0"}},
};

static void check_presses(const struct press_row *row)
{
	static const char *const words[] = {"stop", "reverse", "ignore", "continue"};
	static const struct {
		enum door_state state, direction;
	} from[] = {
			{DOOR_CLOSED, DOOR_CLOSING},
			{DOOR_OPEN, DOOR_OPENING},
			{DOOR_OPENING, DOOR_OPENING},
			{DOOR_CLOSING, DOOR_CLOSING},
			{DOOR_STOPPED, DOOR_OPENING},
			{DOOR_STOPPED, DOOR_CLOSING},
	};
	static const enum door_state wanted[] = {DOOR_OPENING, DOOR_CLOSING, DOOR_STOPPED};

	tap_case("press table: while_opening %s, while_closing %s, after_stop %s", words[row->opener.while_opening],
			words[row->opener.while_closing], words[row->opener.after_stop]);
	for (size_t i = 0; i < COUNT(from); i++) {
		char seen[32] = "";
		for (size_t j = 0; j < COUNT(wanted); j++) {
			bool closes;
			size_t length = strlen(seen);
			int presses = door_presses(&row->opener, from[i].state, from[i].direction, wanted[j], &closes);
			if (presses < 0)
				snprintf(seen + length, sizeof(seen) - length, " -");
			else
				snprintf(seen + length, sizeof(seen) - length, " %d%s", presses,
						closes && wanted[j] != DOOR_CLOSING ? "d" : "");
		}
		check(strcmp(seen + 1, row->presses[i]) == 0, "presses", (int64_t)i, "OPEN CLOSE STOP", row->presses[i],
				seen + 1);
	}
	bool closes;
	CHECK(door_presses(&row->opener, DOOR_UNKNOWN, DOOR_UNKNOWN, DOOR_OPENING, &closes) == -1);
	CHECK(door_presses(&row->opener, DOOR_STOPPED, DOOR_UNKNOWN, DOOR_CLOSING, &closes) == -1);
	CHECK(door_presses(&row->opener, DOOR_STOPPED, DOOR_UNKNOWN, DOOR_STOPPED, &closes) == 0);
}

static const struct door_config toggle_both = {TOGGLE, BOTH_SENSORS, STOP_REVERSE};

static void tell_sensor(struct door *door, enum door_sensor sensor, bool active, int64_t at_ms)
{
	struct door_output output;
	struct door_input input = {.kind = DOOR_INPUT_SENSOR, .sensor = sensor, .active = active, .at_ms = at_ms};
	door_step(door, &input, at_ms, &output);
}

/* What a table of exact times cannot say: a loop that stood still. */
static void stalls(void)
{
	struct door door;
	struct door_output output;
	struct door_input open = {.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_OPEN, .source = DOOR_SOURCE_HTTP};
	struct door_input edge = {.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_CLOSED, .at_ms = 1200};

	tap_case("stall: whatever comes first after it, the relay goes off first, and the gap counts from there");
	door_init(&door, &toggle_both, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 0);
	door_step(&door, &open, 1000, &output);
	door_step(&door, &edge, 4000, &output);
	CHECK(output.action_count == 1 && output.actions[0].line == DOOR_LINE_TOGGLE && !output.actions[0].on);
	CHECK(door.ready_ms == 5000);

	tap_case("stall: edges that waited are believed at their own times, and no fault is made of the delay");
	CHECK(door.state == DOOR_OPENING && door.moved_ms == 1200);
	edge = (struct door_input){
			.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_OPEN, .active = true, .at_ms = 11200};
	door_step(&door, &edge, 60000, &output);
	CHECK(door.state == DOOR_OPEN && door.fault == DOOR_FAULT_NONE);
	CHECK(door.last_open_ms == 10000 && door.last_travel_ms == 10000);

	tap_case("stall: bounces that ended meanwhile are believed in their order");
	static const struct door_config debounced = {TOGGLE, BOTH_SENSORS, STOP_REVERSE, .debounce_ms = 50};
	door_init(&door, &debounced, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 0);
	door_step(&door, &open, 1000, &output);
	edge = (struct door_input){.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_CLOSED, .at_ms = 1200};
	door_step(&door, &edge, 1200, &output);
	edge = (struct door_input){
			.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_OPEN, .active = true, .at_ms = 1210};
	door_step(&door, &edge, 1210, &output);
	door_step(&door, NULL, 60000, &output);
	CHECK(door.state == DOOR_OPEN && door.fault == DOOR_FAULT_NONE && door.last_open_ms == 10);

	tap_case("stall: two presses that waited are not made at once");
	door_init(&door, &toggle_both, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 0);
	struct door_input close = {.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_CLOSE};
	struct door_input stop = {.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_STOP};
	door_step(&door, &close, 1000, &output);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 1100);
	door_step(&door, &stop, 9000, &output);
	CHECK(output.action_count == 1 && !output.actions[0].on);
	CHECK(output.deadline_ms == 10000);
	door_step(&door, NULL, 90000, &output);
	CHECK(door.relay == DOOR_LINES && output.action_count == 0); /* did not finish: nothing is known of it now */

	tap_case("stall: a press after a warning is made a little late, but not when nobody asks for it any more");
	static const struct door_config warns = {TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE};
	for (int64_t late_ms = DOOR_LATE_MS - 1; late_ms <= DOOR_LATE_MS; late_ms++) {
		door_init(&door, &warns, 0);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
		tell_sensor(&door, DOOR_SENSOR_OPEN, true, 0);
		door_step(&door, &close, 1000, &output);
		CHECK(output.deadline_ms == 6000);
		door_step(&door, NULL, 6000 + late_ms, &output);
		CHECK(output.actions[0].line == DOOR_LINE_WARNING && !output.actions[0].on);
		CHECK(output.action_count == (late_ms < DOOR_LATE_MS ? 2 : 1));
		door_step(&door, NULL, 90000, &output);
		CHECK(output.action_count == (late_ms < DOOR_LATE_MS ? 1 : 0));
	}
	CHECK(door.goal == DOOR_GOAL_NONE && door.state == DOOR_OPEN && door.fault == DOOR_FAULT_NONE);

	tap_case("stall: nor the second press of two after a first one that ended late");
	door_init(&door, &toggle_both, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 0);
	door_step(&door, &open, 1000, &output);
	door_step(&door, NULL, 1500, &output);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 2000);
	door_step(&door, &close, 7000, &output);
	CHECK(door.goal == DOOR_GOAL_CLOSE && output.actions[0].on);
	door_step(&door, NULL, 7500 + DOOR_LATE_MS, &output);
	CHECK(output.action_count == 1 && !output.actions[0].on && door.goal == DOOR_GOAL_NONE);
	CHECK(output.happening_count == 1 && output.happenings[0].event == DOOR_EVENT_CANCELLED);

	tap_case("stall: a travel that ended in it is counted, though the same command begins another one at once");
	static const struct door_config blind = {TWO_RELAYS, NO_SENSOR};
	door_init(&door, &blind, 0);
	for (int64_t at_ms = 1000; at_ms <= 31000; at_ms += 30000) {
		door_step(&door, &close, at_ms, &output);
		CHECK(door.state == DOOR_CLOSING && output.state_changed == (at_ms == 1000));
		CHECK(output.attributes_changed && door.cycles == (at_ms > 1000));
		if (at_ms == 1000)
			door_step(&door, NULL, 1500, &output);
	}

	tap_case("a clock that goes back ends no pulse early and does no harm");
	door_init(&door, &toggle_both, 5000);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 5000);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 5000);
	door_step(&door, &open, 6000, &output);
	door_step(&door, NULL, 10, &output);
	CHECK(output.action_count == 0 && output.deadline_ms == 6500);
	door_step(&door, NULL, 6500, &output);
	CHECK(output.action_count == 1 && !output.actions[0].on);
}

static void publishing(void)
{
	struct door door;
	struct door_output output;
	struct door_input open = {.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_OPEN};
	struct door_input edge = {.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_CLOSED, .active = true};

	tap_case("published: what changed, once");
	door_init(&door, &toggle_both, 0);
	door_step(&door, &edge, 0, &output);
	CHECK(!output.state_changed && !output.position_changed && output.attributes_changed);
	edge.sensor = DOOR_SENSOR_OPEN;
	edge.active = false;
	door_step(&door, &edge, 0, &output);
	CHECK(output.state_changed && output.position_changed && output.attributes_changed);
	CHECK(output.happening_count == 0); /* to find it closed is no event */
	door_step(&door, NULL, 10, &output);
	CHECK(!output.state_changed && !output.position_changed && !output.attributes_changed);
	CHECK(output.deadline_ms == DOOR_NEVER);

	tap_case("published: a moving position once a second");
	door_step(&door, &open, 1000, &output);
	CHECK(output.state_changed && !output.position_changed);
	edge = (struct door_input){.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_CLOSED, .at_ms = 1000};
	door_step(&door, &edge, 1000, &output);
	door_step(&door, NULL, 1900, &output);
	CHECK(!output.position_changed);
	int told = 0;
	for (int64_t now_ms = 2000; now_ms <= 11000; now_ms += 50) {
		door_step(&door, NULL, now_ms, &output);
		told += output.position_changed;
	}
	CHECK(told == 10);
	struct door_view view = {0};
	door_view(&door, 5500, &view);
	CHECK(view.position == 99); /* the machine is at 11000 already, and asked for the past it says what it knows */

	tap_case("published: a light beam, also while the door rests");
	static const struct door_config beam = {TOGGLE, ALL_SENSORS, STOP_REVERSE};
	door_init(&door, &beam, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 0);
	tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, false, 0);
	edge = (struct door_input){
			.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_OBSTRUCTION, .active = true, .at_ms = 1000};
	door_step(&door, &edge, 1000, &output);
	CHECK(!output.state_changed && !output.position_changed && output.attributes_changed);
	door_view(&door, 1000, &view);
	CHECK(view.has_obstruction_sensor && view.obstruction_sensor && view.has_open_sensor && view.has_position);

	tap_case("published: has_stop where STOP can do something without sending the door down");
	static const struct {
		struct door_config config;
		bool has_stop;
	} rows[] = {
			{{TOGGLE, .opener = {R, S, C}}, true},
			{{TOGGLE, .opener = {S, I, R}}, true},
			{{TOGGLE, .opener = {S, R, R}}, true},
			{{TOGGLE, .opener = {R, I, R}}, false},
			{{TOGGLE, STOP_STOP}, true},
			{{TOGGLE, STOP_REVERSE}, true},
			{{TOGGLE, .opener = {R, S, R}}, true},
			{{TOGGLE, .opener = {R, R, R}}, false},
			{{TOGGLE, .opener = {I, I, R}}, false},
			{{TWO_RELAYS}, false},
			{{THREE_RELAYS}, true},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		door_init(&door, &rows[i].config, 0);
		door_view(&door, 0, &view);
		CHECK(view.has_stop == rows[i].has_stop);
	}
}

/* What a view says of what is wired, and of what it says: each alone. */
static void views(void)
{
	struct door door;
	struct door_view view;

	tap_case("published: which contacts are wired, and which of them is active");
	for (int wired = 0; wired < 1 << DOOR_SENSORS; wired++) {
		for (int active = 0; active < 1 << DOOR_SENSORS; active++) {
			struct door_config config = {THREE_RELAYS};
			for (int i = 0; i < DOOR_SENSORS; i++)
				config.sensors[i] = wired >> i & 1;
			door_init(&door, &config, 0);
			for (int i = 0; i < DOOR_SENSORS; i++)
				tell_sensor(&door, (enum door_sensor)i, active >> i & 1, 0);
			int says = wired & active;
			door_view(&door, 0, &view);
			CHECK(view.has_closed_sensor == (wired & 1) && view.has_open_sensor == (wired >> 1 & 1));
			CHECK(view.has_obstruction_sensor == (wired >> 2 & 1) &&
					view.has_lockout_sensor == (wired >> 3 & 1));
			CHECK(view.closed_sensor == (says & 1) && view.open_sensor == (says >> 1 & 1));
			CHECK(view.obstruction_sensor == (says >> 2 & 1) && view.lockout_sensor == (says >> 3 & 1));
			CHECK(view.locked_out == view.lockout_sensor && !view.lockout_remote && view.settled);
			CHECK(view.only_not_closed == ((wired & 1) && (says & 3) == 0));
			CHECK(view.position == ((says & 3) == 3              ? DOOR_POSITION_UNKNOWN
							       : (says & 1)  ? 0
							       : (says & 2)  ? 100
							       : (wired & 1) ? 99
									     : DOOR_POSITION_UNKNOWN));
		}
	}

	tap_case("published: the warning's line, the kind of wiring, the kind of lock-out, and whether the contacts have settled");
	for (int i = 0; i < 8; i++) {
		const struct door_config config = {.lines = {i & 1, !(i & 1), !(i & 1), false, i & 2},
				TIMES,
				CLOSED_SENSOR,
				.lockout_all = i & 4};
		door_init(&door, &config, 0);
		door_view(&door, 0, &view);
		CHECK(view.toggles == (i & 1) && view.has_warning == ((i & 2) != 0) &&
				view.lockout_all == ((i & 4) != 0));
		CHECK(!view.settled && !view.warning && view.position == DOOR_POSITION_UNKNOWN);
	}

	tap_case("published: 99 is a word for \"not closed\", unless it is reckoned");
	static const struct door_config shut = {TWO_RELAYS, CLOSED_SENSOR};
	struct door_output output;
	const struct door_input open = {.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_OPEN};
	door_init(&door, &shut, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 0);
	door_step(&door, &open, 1000, &output);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 2000);
	for (int64_t at_ms = 2000; at_ms <= 14000; at_ms += 100) {
		door_step(&door, NULL, at_ms, &output);
		door_view(&door, at_ms, &view);
		CHECK(!view.only_not_closed &&
				view.position ==
						(at_ms < 12000 ? (at_ms < 2100 ? 1 : (int)(at_ms - 2000) / 100) : 100));
	}
	door_init(&door, &shut, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
	door_view(&door, 0, &view);
	CHECK(view.position == 99 && view.only_not_closed && view.state == DOOR_OPEN);
	door_step(&door, &open, 1000, &output);
	door_view(&door, 1000, &view);
	CHECK(view.position == 99 && view.only_not_closed && view.state == DOOR_OPENING);
}

static void nonsense(void)
{
	tap_case("a view reads nothing of what its caller has not set, and leaves that alone");
	struct door_view left;
	struct door rests;
	memset(&left, 1, sizeof(left));
	const struct door_view garbage = left;
	door_init(&rests, &(struct door_config){.lines = {[DOOR_LINE_TOGGLE] = true}}, 0);
	door_view(&rests, 0, &left);
	CHECK(left.reach_low == 0 && left.reach_high == 0);
	CHECK(left.vent == garbage.vent && left.vent_refusal == garbage.vent_refusal && left.left_open);

	struct door door;
	struct door_output output;
	static const struct door_config config = {TOGGLE, CLOSED_SENSOR, STOP_REVERSE};

	tap_case("a sensor, a line or a command that does not exist changes nothing");
	door_init(&door, &config, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 10);
	CHECK(door.state == DOOR_CLOSED && door.fault == DOOR_FAULT_NONE);
	tell_sensor(&door, (enum door_sensor)7, true, 10);
	CHECK(door.state == DOOR_CLOSED);
	struct door_input input = {.kind = DOOR_INPUT_COMMAND, .command = (enum door_command)9};
	door_step(&door, &input, 20, &output);
	CHECK(output.result == DOOR_RESULT_REJECTED && output.reason == DOOR_REASON_UNKNOWN_COMMAND);
	for (int line = DOOR_LINES; line < 13; line++) {
		input = (struct door_input){
				.kind = DOOR_INPUT_LINE_FAILED, .line = (enum door_line)line, .active = true};
		door_step(&door, &input, 30, &output);
		CHECK(door.fault == DOOR_FAULT_NONE && output.action_count == 0);
	}

	tap_case("a pulse counts from when the relay went on, where that is told next");
	static const struct door_config late = {.lines = {[DOOR_LINE_TOGGLE] = true}, TIMES};
	door_init(&door, &late, 0);
	input = (struct door_input){.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_TOGGLE};
	door_step(&door, &input, 1000, &output);
	CHECK(output.action_count == 1 && output.actions[0].on && output.deadline_ms == 1500);
	input = (struct door_input){.kind = DOOR_INPUT_LINE_LATE, .line = DOOR_LINE_OPEN, .at_ms = 1080};
	struct door other = door;
	door_step(&other, &input, 1080, &output);
	CHECK(output.deadline_ms == 1500); /* of another relay */
	input.line = DOOR_LINE_TOGGLE;
	input.at_ms = 5000;
	other = door;
	door_step(&other, &input, 1080, &output);
	CHECK(output.deadline_ms == 1580); /* not in the future */
	input.at_ms = 1130;
	door_step(&door, &input, 1140, &output);
	CHECK(output.action_count == 0 && output.deadline_ms == 1630);
	input.at_ms = 1200;
	door_step(&door, &input, 1200, &output);
	CHECK(output.deadline_ms == 1630);
	door_step(&door, NULL, 1630, &output);
	CHECK(output.action_count == 1 && !output.actions[0].on);
	input.at_ms = 1631;
	door_step(&door, &input, 1631, &output);
	CHECK(output.action_count == 0 && door.relay == DOOR_LINES);

	tap_case("a door without the line that a command needs refuses it");
	static const struct door_config open_only = {.lines = {[DOOR_LINE_OPEN] = true}, TIMES};
	door_init(&door, &open_only, 0);
	input = (struct door_input){.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_CLOSE};
	door_step(&door, &input, 20, &output);
	CHECK(output.result == DOOR_RESULT_REJECTED && output.reason == DOOR_REASON_NO_WAY);
	CHECK(output.action_count == 0);
}

static void restoring(void)
{
	struct door door;
	struct door_output output;
	struct door_view view = {0};
	static const struct door_config config = {TOGGLE, CLOSED_SENSOR, STOP_REVERSE};
	const struct door_totals totals = {
			.cycles = 41, .last_open_ms = 14000, .last_close_ms = 15000, .last_travel_ms = 14000};

	tap_case("a door goes on counting from what a former run has counted");
	door_init(&door, &config, 0);
	door_restore(&door, &totals, 0);
	door_view(&door, 0, &view);
	CHECK(view.cycles == 41 && view.last_open_ms == 14000 && view.last_close_ms == 15000);
	CHECK(view.last_travel_ms == 14000);
	CHECK(view.state == DOOR_UNKNOWN && view.source == DOOR_SOURCE_NONE && !view.settled);
	door_step(&door, NULL, 0, &output);
	CHECK(output.action_count == 0 && !output.attributes_changed);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 1000);
	door_view(&door, 1000, &view);
	CHECK(view.cycles == 42 && view.source == DOOR_SOURCE_LOCAL);

	tap_case("a travel time is that of a whole move");
	static const struct door_config three = {THREE_RELAYS, BOTH_SENSORS};
	struct door_input order = {.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_OPEN};
	door_init(&door, &three, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 0);
	door_step(&door, &order, 1000, &output);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 2000);
	order.command = DOOR_COMMAND_STOP;
	door_step(&door, &order, 5000, &output);
	door_step(&door, NULL, 6000, &output);
	CHECK(door.state == DOOR_STOPPED);
	order.command = DOOR_COMMAND_OPEN;
	door_step(&door, &order, 8000, &output);
	CHECK(door.state == DOOR_OPENING);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 12000);
	CHECK(door.state == DOOR_OPEN && door.last_open_ms == 0 && door.last_travel_ms == 0);
	order.command = DOOR_COMMAND_CLOSE;
	door_step(&door, &order, 20000, &output);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 21000);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 31000);
	CHECK(door.state == DOOR_CLOSED && door.last_close_ms == 10000 && door.last_travel_ms == 10000);

	tap_case("times that cannot be are pulled into what can");
	door_init(&door, &config, 0);
	door_restore(&door, &(struct door_totals){.last_open_ms = -1, .last_close_ms = INT64_MAX}, 0);
	door_view(&door, 0, &view);
	CHECK(view.last_open_ms == 0 && view.last_close_ms == (int64_t)24 * 60 * 60 * 1000);
	door_restore(&door, &(struct door_totals){.last_open_ms = INT64_MAX, .last_close_ms = -1, .last_travel_ms = -1},
			0);
	CHECK(door.last_open_ms == (int64_t)24 * 60 * 60 * 1000 && door.last_close_ms == 0 && door.last_travel_ms == 0);
	door_restore(&door, &(struct door_totals){.last_travel_ms = INT64_MAX}, 0);
	CHECK(door.last_travel_ms == (int64_t)24 * 60 * 60 * 1000);

	tap_case("a lock-out of a former run holds from the start, and is not told again");
	for (int locked = 0; locked <= 1; locked++) {
		door_init(&door, &config, 0);
		door_restore_lockout(&door, locked == 1, 0);
		door_view(&door, 0, &view);
		CHECK(view.locked_out == (locked == 1) && view.lockout_remote == (locked == 1));
		const struct door_input shut = {
				.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_CLOSED, .active = true};
		struct door copy = door;
		door_step(&copy, NULL, 0, &output);
		CHECK(!output.attributes_changed && output.happening_count == 0);
		door_step(&door, &shut, 0, &output);
		CHECK(door.settled && output.happening_count == 0);
		order.command = DOOR_COMMAND_OPEN;
		order.source = DOOR_SOURCE_MQTT;
		door_step(&door, &order, 1000, &output);
		CHECK(output.reason == (locked ? DOOR_REASON_LOCKED_OUT : DOOR_REASON_NONE));
	}

	static const struct door_config blind = {TOGGLE, NO_SENSOR, STOP_REVERSE};
	door_init(&door, &blind, 0);
	door_restore_lockout(&door, true, 0);
	door_step(&door, NULL, 10, &output);
	CHECK(door.settled && output.happening_count == 0);

	tap_case("an edge from before the start counts from the start");
	static const struct door_config slow = {TOGGLE, CLOSED_SENSOR, STOP_REVERSE, .debounce_ms = 50};
	door_init(&door, &slow, 100000);
	const struct door_input early = {
			.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_CLOSED, .active = true, .at_ms = 50000};
	door_step(&door, &early, 100010, &output);
	CHECK(!door.settled && output.deadline_ms == 100050);

	tap_case("the longest gap holds up no first press");
	struct door_config waits = config;
	waits.gap_ms = INT64_MAX;
	door_init(&door, &config, 100000);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 100000);
	const struct door_input other = {.kind = DOOR_INPUT_CONFIG, .config = &waits};
	door_step(&door, &other, 100000, &output);
	door_step(&door, &order, 100000, &output);
	CHECK(output.action_count == 1 && output.actions[0].on);
}

static struct door_output say(struct door *door, enum door_input_kind kind, enum door_command command, int64_t at_ms)
{
	struct door_output output;
	const struct door_input input = {.kind = kind, .command = command, .source = DOOR_SOURCE_HTTP};
	door_step(door, &input, at_ms, &output);
	return output;
}

static struct door_output reconfigure(struct door *door, const struct door_config *config, int64_t at_ms)
{
	struct door_output output;
	const struct door_input input = {.kind = DOOR_INPUT_CONFIG, .config = config};
	door_step(door, &input, at_ms, &output);
	return output;
}

static void closed_door(struct door *door, const struct door_config *config)
{
	door_init(door, config, 0);
	tell_sensor(door, DOOR_SENSOR_CLOSED, true, 0);
	if (config->sensors[DOOR_SENSOR_OPEN])
		tell_sensor(door, DOOR_SENSOR_OPEN, false, 0);
}

static void reconfiguring(void)
{
	struct door door;
	struct door_output output;
	static const struct door_config config = {TOGGLE, BOTH_SENSORS, STOP_REVERSE};

	tap_case("another configuration does not touch a pulse: it ends when it was to end, and is not made again");
	closed_door(&door, &config);
	output = say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
	CHECK(output.action_count == 1 && output.actions[0].on);
	struct door_config other = config;
	other.pulse_ms = 100;
	other.gap_ms = 3000;
	other.open_time_ms = 500;
	other.opener.while_opening = DOOR_PRESS_IGNORE;
	output = reconfigure(&door, &other, 1200);
	CHECK(output.action_count == 0 && output.deadline_ms == 1500 && !output.answered);
	output = say(&door, DOOR_INPUT_TIME, 0, 1500);
	CHECK(output.action_count == 1 && !output.actions[0].on);
	for (int64_t at_ms = 1500; at_ms < 20000; at_ms += 100)
		CHECK(say(&door, DOOR_INPUT_TIME, 0, at_ms).action_count == 0);

	tap_case("from then on it counts");
	closed_door(&door, &config);
	reconfigure(&door, &other, 500);
	output = say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 3000);
	CHECK(output.action_count == 1 && output.deadline_ms == 3100);

	tap_case("presses still to come are cancelled, and told so");
	closed_door(&door, &config);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1400);
	output = say(&door, DOOR_INPUT_TIME, 0, 1500);
	output = say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_CLOSE, 1600); /* stop, and then back: after the gap */
	CHECK(output.result == DOOR_RESULT_ACCEPTED && output.action_count == 0 && door.goal == DOOR_GOAL_CLOSE);
	output = reconfigure(&door, &other, 1700);
	CHECK(output.action_count == 0 && output.happening_count == 1 &&
			output.happenings[0].event == DOOR_EVENT_CANCELLED);
	for (int64_t at_ms = 1700; at_ms < 10000; at_ms += 100)
		CHECK(say(&door, DOOR_INPUT_TIME, 0, at_ms).action_count == 0);
	CHECK(door.state == DOOR_OPENING);

	tap_case("the same configuration again changes nothing at all");
	closed_door(&door, &config);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1400);
	say(&door, DOOR_INPUT_TIME, 0, 1500);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_CLOSE, 1600);
	output = reconfigure(&door, &config, 1700);
	CHECK(output.happening_count == 0 && door.goal == DOOR_GOAL_CLOSE);
	output = say(&door, DOOR_INPUT_TIME, 0, 2500);
	CHECK(output.action_count == 1 && output.actions[0].on);

	tap_case("nor is anything pressed in the step that brings it");
	closed_door(&door, &config);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1400);
	say(&door, DOOR_INPUT_TIME, 0, 1500);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_CLOSE, 1600);
	output = reconfigure(&door, &config, 2500);
	CHECK(output.action_count == 0 && door.goal == DOOR_GOAL_CLOSE);
	output = say(&door, DOOR_INPUT_TIME, 0, 2500);
	CHECK(output.action_count == 1 && output.actions[0].on);

	tap_case("locked out, what the page asked for is cancelled as what came by MQTT");
	closed_door(&door, &config);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1400);
	say(&door, DOOR_INPUT_TIME, 0, 1500);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 2100);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 2200);
	CHECK(door.goal == DOOR_GOAL_OPEN);
	output = say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_LOCKOUT_ON, 2300);
	CHECK(door.goal == DOOR_GOAL_NONE && output.happening_count == 2 &&
			output.happenings[0].event == DOOR_EVENT_CANCELLED &&
			output.happenings[1].source == DOOR_SOURCE_HTTP);

	tap_case("a relay that is stuck asks by itself for the next try");
	closed_door(&door, &config);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
	say(&door, DOOR_INPUT_TIME, 0, 1500);
	const struct door_input stuck = {.kind = DOOR_INPUT_LINE_FAILED, .line = DOOR_LINE_TOGGLE};
	door_step(&door, &stuck, 1500, &output);
	CHECK(output.deadline_ms == 1500 + DOOR_RELEASE_RETRY_MS);

	tap_case("and from a release that came late");
	closed_door(&door, &config);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1400);
	say(&door, DOOR_INPUT_TIME, 0, 1500);
	door_step(&door, &stuck, 1500, &output);
	CHECK(say(&door, DOOR_INPUT_TIME, 0, 2500).action_count == 1);
	struct door_config wider = config;
	wider.gap_ms = 3000;
	reconfigure(&door, &wider, 2600);
	CHECK(door.ready_ms == 5500);

	tap_case("a longer gap counts from the last release on");
	closed_door(&door, &config);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1400);
	say(&door, DOOR_INPUT_TIME, 0, 1500);
	reconfigure(&door, &other, 1600);
	other.opener.while_opening = DOOR_PRESS_STOP;
	other.open_time_ms = config.open_time_ms; /* else the door were at its end by then */
	reconfigure(&door, &other, 1600);
	output = say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_STOP, 2600);
	CHECK(output.action_count == 0 && output.result == DOOR_RESULT_ACCEPTED);
	CHECK(say(&door, DOOR_INPUT_TIME, 0, 4499).action_count == 0);
	CHECK(say(&door, DOOR_INPUT_TIME, 0, 4500).action_count == 1);

	tap_case("an auto-close that is turned on for an open door waits for the next opening");
	static const struct door_config warns = {TOGGLE_WARNS, CLOSED_SENSOR, STOP_REVERSE};
	closed_door(&door, &warns);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1000);
	say(&door, DOOR_INPUT_TIME, 0, 12000);
	CHECK(door.state == DOOR_OPEN);
	other = warns;
	other.auto_close_ms = 1000;
	reconfigure(&door, &other, 13000);
	for (int64_t at_ms = 13000; at_ms < 60000; at_ms += 500)
		CHECK(say(&door, DOOR_INPUT_TIME, 0, at_ms).action_count == 0);

	tap_case("one that is turned off in its warning does not close the door");
	closed_door(&door, &other);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1000);
	say(&door, DOOR_INPUT_TIME, 0, 11000);
	CHECK(door.state == DOOR_OPEN);
	output = say(&door, DOOR_INPUT_TIME, 0, 12000);
	CHECK(output.action_count == 1 && output.actions[0].line == DOOR_LINE_WARNING && output.actions[0].on);
	output = reconfigure(&door, &warns, 13000);
	CHECK(output.action_count == 1 && output.actions[0].line == DOOR_LINE_WARNING && !output.actions[0].on);
	for (int64_t at_ms = 13000; at_ms < 60000; at_ms += 500)
		CHECK(say(&door, DOOR_INPUT_TIME, 0, at_ms).action_count == 0);

	tap_case("one that is due is no longer when its time is another, or it is turned off; with the same time it "
		 "stays");
	static const int64_t times_ms[] = {0, 500, 20000, 1000};
	for (size_t i = 0; i < COUNT(times_ms); i++) {
		struct door_config then = other;
		bool stays = times_ms[i] == other.auto_close_ms, acted = false;
		then.auto_close_ms = times_ms[i];
		then.pulse_ms = 300; /* of no consequence: no press is to come */
		closed_door(&door, &other);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1000);
		say(&door, DOOR_INPUT_TIME, 0, 11000);
		CHECK(door.state == DOOR_OPEN);
		reconfigure(&door, &then, 11500);
		for (int64_t at_ms = 11500; at_ms < 60000; at_ms += 500)
			acted = say(&door, DOOR_INPUT_TIME, 0, at_ms).action_count > 0 || acted;
		CHECK(acted == stays);
	}

	tap_case("one for other lines or sensors is not taken");
	closed_door(&door, &config);
	static const struct door_config two_relays = {TWO_RELAYS, BOTH_SENSORS}, blind = {TOGGLE, NO_SENSOR};
	reconfigure(&door, &two_relays, 100);
	CHECK(door.config.lines[DOOR_LINE_TOGGLE] && !door.config.lines[DOOR_LINE_OPEN]);
	reconfigure(&door, &blind, 200);
	CHECK(door.config.sensors[DOOR_SENSOR_CLOSED]);
	reconfigure(&door, NULL, 300);

	tap_case("what is out of range is pulled into it");
	other = config;
	other.pulse_ms = 60000;
	other.gap_ms = 0;
	reconfigure(&door, &other, 400);
	CHECK(door.config.pulse_ms == DOOR_PULSE_MAX_MS && door.config.gap_ms == DOOR_GAP_MIN_MS);

	tap_case("after the end nothing closes by itself, whatever is configured");
	say(&door, DOOR_INPUT_STOPPING, 0, 500);
	reconfigure(&door, &other, 600);
	CHECK(door.config.auto_close_ms == 0);
	closed_door(&door, &warns);
	say(&door, DOOR_INPUT_STOPPING, 0, 500);
	other = warns;
	other.auto_close_ms = 1000;
	reconfigure(&door, &other, 600);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1000);
	for (int64_t at_ms = 1000; at_ms < 60000; at_ms += 500)
		CHECK(say(&door, DOOR_INPUT_TIME, 0, at_ms).action_count == 0);
}

static bool switches_on(const struct door_output *output)
{
	for (size_t i = 0; i < output->action_count; i++) {
		if (output->actions[i].on)
			return true;
	}
	return false;
}

static struct door_output give(struct door *door, enum door_command command, int64_t given_ms, int64_t at_ms)
{
	struct door_output output;
	const struct door_input input = {.kind = DOOR_INPUT_COMMAND,
			.command = command,
			.source = DOOR_SOURCE_MQTT,
			.given_ms = given_ms};
	door_step(door, &input, at_ms, &output);
	return output;
}

/* Time passes, without a stall. Returns when a relay went on for the first time; 0: none did. */
static int64_t pressed_until(struct door *door, int64_t from_ms, int64_t until_ms)
{
	int64_t pressed_ms = 0;
	for (int64_t at_ms = from_ms; at_ms <= until_ms; at_ms += 10) {
		struct door_output output = say(door, DOOR_INPUT_TIME, 0, at_ms);
		if (door->relay != DOOR_LINES && switches_on(&output) && pressed_ms == 0)
			pressed_ms = at_ms;
	}
	return pressed_ms;
}

/* An opening door: OPEN at 1000, the closed contact lets go at off_ms, and time passes until at_ms. */
static void opening_door(struct door *door, const struct door_config *config, int64_t off_ms, int64_t at_ms)
{
	closed_door(door, config);
	pressed_until(door, 0, 100);
	give(door, DOOR_COMMAND_OPEN, 1000, 1000);
	pressed_until(door, 1010, off_ms);
	tell_sensor(door, DOOR_SENSOR_CLOSED, false, off_ms);
	pressed_until(door, off_ms, at_ms);
	CHECK(door->state == DOOR_OPENING);
}

/* Accepted and still to be pressed; else refused as uncertain, with nothing to come. */
static void check_accepted(const struct door *door, const struct door_output *output, bool accepted)
{
	CHECK(output->result == (accepted ? DOOR_RESULT_ACCEPTED : DOOR_RESULT_REJECTED));
	CHECK(output->reason == (accepted ? DOOR_REASON_NONE : DOOR_REASON_UNCERTAIN));
	CHECK((door->goal != DOOR_GOAL_NONE) == accepted && door->relay == DOOR_LINES);
}

static void ages(void)
{
	struct door door;
	struct door_output output;
	static const struct door_config config = {TOGGLE, BOTH_SENSORS, STOP_STOP};
	static const struct door_config warns = {TOGGLE_WARNS, CLOSED_SENSOR, STOP_REVERSE};

	tap_case("age: a command that was given too long ago is stale; one that gives no time, or one to come, is new");
	closed_door(&door, &config);
	output = give(&door, DOOR_COMMAND_OPEN, 20000, 20000 + DOOR_AGE_MS + 1);
	CHECK(output.result == DOOR_RESULT_REJECTED && output.reason == DOOR_REASON_STALE && output.action_count == 0);
	output = give(&door, DOOR_COMMAND_OPEN, 21000, 21000 + DOOR_AGE_MS);
	CHECK(output.result == DOOR_RESULT_ACCEPTED && output.action_count == 1);
	closed_door(&door, &config);
	output = give(&door, DOOR_COMMAND_OPEN, 0, 90000);
	CHECK(output.result == DOOR_RESULT_ACCEPTED);
	closed_door(&door, &config);
	output = give(&door, DOOR_COMMAND_OPEN, 190000, 90000);
	CHECK(output.result == DOOR_RESULT_ACCEPTED);

	tap_case("age: each little delay counts, from when the command was given, through the warning");
	for (int64_t late_ms = 4000; late_ms <= 4001; late_ms++) {
		closed_door(&door, &warns);
		give(&door, DOOR_COMMAND_OPEN, 1000, 1000);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1400);
		pressed_until(&door, 1500, 20000);
		CHECK(door.state == DOOR_OPEN);
		output = give(&door, DOOR_COMMAND_CLOSE, 24000, 30000); /* six seconds old: the warning begins */
		CHECK(output.result == DOOR_RESULT_ACCEPTED && output.deadline_ms == 35000);
		output = say(&door, DOOR_INPUT_TIME, 0, 35000 + late_ms); /* and what it is late makes ten */
		CHECK(switches_on(&output) == (late_ms == 4000));
	}

	tap_case("age: and through gaps and presses");
	for (int64_t late_ms = 4900; late_ms <= 5100; late_ms += 200) {
		closed_door(&door, &config);
		give(&door, DOOR_COMMAND_OPEN, 1000, 1000);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1400);
		say(&door, DOOR_INPUT_TIME, 0, 1500);
		output = give(&door, DOOR_COMMAND_CLOSE, 3000, 5000 + late_ms - 1900); /* 5 s, or 5.2 s old */
		CHECK(door.state == DOOR_STOPPED && switches_on(&output));
		int64_t at_ms = 5000 + late_ms - 1900;
		say(&door, DOOR_INPUT_TIME, 0, at_ms + 500);
		output = say(&door, DOOR_INPUT_TIME, 0, at_ms + 1500 + 4950);
		CHECK(switches_on(&output) == (late_ms == 4900));
		CHECK(door.goal == DOOR_GOAL_NONE);
	}

	tap_case("age: what is held until a contact lets go is forgotten when it is too old");
	struct door_config slow = config;
	slow.open_time_ms = slow.close_time_ms = 60000;
	closed_door(&door, &slow);
	give(&door, DOOR_COMMAND_OPEN, 1000, 1000);
	output = give(&door, DOOR_COMMAND_CLOSE, 2000, 2000);
	CHECK(output.result == DOOR_RESULT_UNCHANGED && door.goal == DOOR_GOAL_CLOSE);
	CHECK(pressed_until(&door, 2000, 3000 + DOOR_AGE_MS) == 0 && door.goal == DOOR_GOAL_CLOSE);
	CHECK(pressed_until(&door, 3000 + DOOR_AGE_MS, 3010 + DOOR_AGE_MS) == 0 && door.goal == DOOR_GOAL_NONE);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 14000);
	CHECK(pressed_until(&door, 14000, 30000) == 0 && door.state == DOOR_OPENING);

	tap_case("age: in the tail of a reckoned opening CLOSE is refused at once where the end comes too late for it");
	static const struct door_config reckons = {.lines = {[DOOR_LINE_TOGGLE] = true},
			.pulse_ms = 500,
			.gap_ms = 500,
			.debounce_ms = 50,
			.open_time_ms = 12000,
			.close_time_ms = 12000,
			CLOSED_SENSOR,
			STOP_REVERSE};
	for (int64_t given_ms = 3599; given_ms <= 3600; given_ms++) {
		opening_door(&door, &reckons, 1600, 10000); /* open at 13600 */
		output = give(&door, DOOR_COMMAND_CLOSE, given_ms, 10000);
		check_accepted(&door, &output, given_ms == 3600);
		CHECK(pressed_until(&door, 10000, 30000) == (given_ms == 3600 ? 13600 : 0));
	}

	tap_case("age: with an open contact too, by the travel that is configured");
	slow = config;
	slow.open_time_ms = slow.close_time_ms = 120000;
	for (int64_t at_ms = 111599; at_ms <= 111600; at_ms++) {
		opening_door(&door, &slow, 1600, at_ms); /* open at 121600 */
		output = give(&door, DOOR_COMMAND_CLOSE, at_ms, at_ms);
		check_accepted(&door, &output, at_ms == 111600);
	}

	tap_case("age: and where that tail begins in the warning or in a gap");
	slow = warns;
	slow.open_time_ms = slow.close_time_ms = 60000;
	for (int64_t at_ms = 37000; at_ms <= 47000; at_ms += 10000) {
		opening_door(&door, &slow, 1600, at_ms); /* may be open from 41 s on; reckoned 61.6 s */
		output = give(&door, DOOR_COMMAND_CLOSE, at_ms, at_ms);
		check_accepted(&door, &output, at_ms == 47000);
		int64_t pressed_ms = pressed_until(&door, at_ms, 90000);
		CHECK(pressed_ms == (at_ms == 47000 ? 61600 : 0));
	}

	tap_case("age: CLOSE that begins upwards is refused where its second press would come too late");
	slow = config;
	slow.sensors[DOOR_SENSOR_OPEN] = false;
	for (int64_t from_ms = 1000; from_ms <= 9000; from_ms += 8000) {
		opening_door(&door, &slow, 1000, 8000);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 8000);
		pressed_until(&door, 8000, 40000);
		CHECK(door.state == DOOR_OPEN);
		give(&door, DOOR_COMMAND_CLOSE, 50000, 50000);
		pressed_until(&door, 50010, 50000 + from_ms);
		give(&door, DOOR_COMMAND_STOP, 50000 + from_ms, 50000 + from_ms);
		pressed_until(&door, 50010 + from_ms, 70000);
		CHECK(door.state == DOOR_STOPPED);
		output = give(&door, DOOR_COMMAND_CLOSE, 70000, 70000);
		CHECK(output.result == (from_ms == 9000 ? DOOR_RESULT_ACCEPTED : DOOR_RESULT_REJECTED));
		pressed_until(&door, 70010, 76000);
		CHECK(door.state == (from_ms == 9000 ? DOOR_CLOSING : DOOR_STOPPED));
	}

	tap_case("age: CLOSE is refused where a contact that says closed again would hold it for too long");
	slow = config;
	slow.debounce_ms = 500;
	for (int64_t given_ms = 10000; given_ms <= 20000; given_ms += 10000) {
		const struct door_input off = {.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_CLOSED, .at_ms = 19500};
		closed_door(&door, &slow);
		pressed_until(&door, 0, 600);
		give(&door, DOOR_COMMAND_OPEN, 20000, 20000);
		door_step(&door, &off, 20000, &output);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 20000);
		CHECK(door.state == DOOR_OPENING && door.certain && !door.contacts[DOOR_SENSOR_CLOSED].active);
		output = give(&door, DOOR_COMMAND_CLOSE, given_ms, 20000);
		CHECK(output.result == (given_ms == 20000 ? DOOR_RESULT_ACCEPTED : DOOR_RESULT_REJECTED));
		CHECK(pressed_until(&door, 20010, 50000) == 0 && door.state == DOOR_CLOSED);
	}

	tap_case("age: what would wait for a contact for too long is refused, and what waits for less is accepted");
	slow = config;
	slow.debounce_ms = 2000;
	for (int64_t given_ms = 11999; given_ms <= 12000; given_ms++) {
		closed_door(&door, &slow);
		pressed_until(&door, 0, 2100);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 19990);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 20000);
		output = give(&door, DOOR_COMMAND_OPEN, given_ms, 20100);
		check_accepted(&door, &output, given_ms == 12000);
		CHECK(pressed_until(&door, 20100, 40000) == (given_ms == 12000 ? 22000 : 0));
	}

	tap_case("age: a command that says it comes from the future is of now");
	closed_door(&door, &slow);
	pressed_until(&door, 0, 2100);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 19990);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 20000);
	give(&door, DOOR_COMMAND_OPEN, 90000, 20100);
	CHECK(door.goal == DOOR_GOAL_OPEN && door.goal_given_ms == 20100);

	tap_case("age: nor one that was held while the relay before was on for too long");
	closed_door(&door, &slow);
	pressed_until(&door, 0, 2100);
	give(&door, DOOR_COMMAND_OPEN, 3000, 3000);
	give(&door, DOOR_COMMAND_CLOSE, 3200, 3200);
	CHECK(door.goal == DOOR_GOAL_CLOSE && door.relay == DOOR_LINE_TOGGLE);
	door_step(&door, NULL, 3500 + DOOR_LATE_MS, &output);
	CHECK(door.goal == DOOR_GOAL_NONE);

	tap_case("age: a press that was held does not follow after a stall");
	closed_door(&door, &slow);
	give(&door, DOOR_COMMAND_OPEN, 1000, 1000);
	pressed_until(&door, 1500, 2000);
	give(&door, DOOR_COMMAND_CLOSE, 3000, 3000);
	struct door_input edge = {.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_CLOSED, .at_ms = 4000};
	door_step(&door, &edge, 12000, &output);
	CHECK(pressed_until(&door, 12000, 30000) == 0 && door.goal == DOOR_GOAL_NONE);
}

static void reloads(void)
{
	struct door door;
	static const struct door_config config = {STORY, BOTH_SENSORS, STOP_STOP};
	struct door_config longer = config;

	tap_case("a gap that is raised and lowered again counts from the last release, and never adds up");
	longer.gap_ms = 5000;
	closed_door(&door, &config);
	pressed_until(&door, 0, 100);
	give(&door, DOOR_COMMAND_OPEN, 1000, 1000);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1200);
	pressed_until(&door, 1250, 1500);
	for (int i = 0; i < 24; i++)
		reconfigure(&door, i % 2 == 0 ? &longer : &config, 1500 + i * 20);
	struct door_output output = give(&door, DOOR_COMMAND_CLOSE, 2000, 2000);
	CHECK(switches_on(&output));
	closed_door(&door, &config);
	pressed_until(&door, 0, 100);
	for (int i = 0; i < 25; i++)
		reconfigure(&door, i % 2 == 0 ? &longer : &config, 200 + i * 20);
	output = give(&door, DOOR_COMMAND_OPEN, 1000, 1000); /* nothing was pressed before */
	CHECK(switches_on(&output));
}

/* Presses to come were counted out for the old values: each of them that differs cancels. */
static void reconfiguring_each(void)
{
	static const struct door_config config = {TOGGLE_WARNS, BOTH_SENSORS, STOP_STOP};
	enum {
		WHILE_OPENING,
		WHILE_CLOSING,
		AFTER_STOP,
		DETOUR,
		PULSE_MS,
		GAP_MS,
		WARNING_MS,
		AUTO_CLOSE_MS,
		SAME,
		WAYS
	};

	tap_case("another configuration cancels presses to come, whichever of the values differs that they were counted by");
	for (int i = 0; i < WAYS; i++) {
		struct door_config other = config;
		struct door door;
		*(i == WHILE_OPENING ? &other.opener.while_opening : &other.opener.while_closing) =
				i <= WHILE_CLOSING ? DOOR_PRESS_REVERSE : DOOR_PRESS_STOP;
		other.opener.after_stop = i == AFTER_STOP ? DOOR_PRESS_CONTINUE : DOOR_PRESS_REVERSE;
		other.allow_detour = i == DETOUR;
		other.pulse_ms += i == PULSE_MS;
		other.gap_ms += i == GAP_MS;
		other.warning_ms += i == WARNING_MS;
		other.auto_close_ms = i == AUTO_CLOSE_MS ? 60000 : 0;
		other.debounce_ms = 20; /* does not count */
		other.open_time_ms++;
		closed_door(&door, &config);
		say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1400);
		say(&door, DOOR_INPUT_TIME, 0, 1500);
		say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_STOP, 1600); /* waits for the gap */
		CHECK(door.goal == DOOR_GOAL_STOP);
		reconfigure(&door, &other, 1700);
		CHECK((door.goal == DOOR_GOAL_STOP) == (i == SAME));
	}

	tap_case("another time of a travel cancels a move to a position, and no other");
	for (int i = 0; i < 3; i++) {
		struct door_config other = config;
		struct door door;
		other.open_time_ms += i == 0;
		other.close_time_ms += i == 1;
		closed_door(&door, &config);
		const struct door_input to = {
				.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_POSITION, .percent = 40};
		struct door_output output;
		door_step(&door, &to, 1000, &output);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1400);
		say(&door, DOOR_INPUT_TIME, 0, 1500);
		CHECK(door.aim == DOOR_OPENING);
		output = reconfigure(&door, &other, 1700);
		CHECK((door.aim == DOOR_UNKNOWN) == (i < 2) && (output.happening_count == 1) == (i < 2));
		CHECK((pressed_until(&door, 1700, 9000) != 0) == (i == 2));
	}
}

/* What the view says of commands is what they would be answered, whatever is with the agent. */
static void refusals(void)
{
	static const struct door_config config = {THREE_RELAYS, BOTH_SENSORS};
	static const struct {
		const char *when;
		enum door_reason reason;
	} rows[] = {
			{"before the sensors have settled", DOOR_REASON_NOT_SETTLED},
			{"while a relay is stuck", DOOR_REASON_RELAY_FAILED},
			{"when the agent ends", DOOR_REASON_STOPPING},
			{"at rest", DOOR_REASON_NONE},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct door door;
		struct door_view view = {0};
		tap_case("refusals: the view says of each command why it would be refused %s", rows[i].when);
		closed_door(&door, &config);
		if (i == 0)
			door_init(&door, &config, 0);
		if (i == 1) {
			say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
			say(&door, DOOR_INPUT_TIME, 0, 1500);
			const struct door_input fails = {.kind = DOOR_INPUT_LINE_FAILED, .line = DOOR_LINE_OPEN};
			struct door_output output;
			door_step(&door, &fails, 1500, &output);
		}
		if (i == 2)
			say(&door, DOOR_INPUT_STOPPING, 0, 1500);
		door_view(&door, 1600, &view);
		for (int command = DOOR_COMMAND_OPEN; command <= DOOR_COMMAND_TOGGLE; command++) {
			struct door copy = door;
			struct door_output output = say(&copy, DOOR_INPUT_COMMAND, (enum door_command)command, 1600);
			CHECK(view.refusals[command] == rows[i].reason && output.reason == rows[i].reason);
		}
		CHECK((view.reach_low == 0) == (i != 3) && (view.reach_high == 0) == (i != 3));
	}
}

/* What a door does not start for is no cancelled command: it is as it was asked to be. */
static void held(void)
{
	static const struct door_config config = {STORY, BOTH_SENSORS, STOP_STOP};
	static const struct door_config warns = {STORY_WARNS, NO_SENSOR, STOP_STOP};
	struct door door;
	struct door_view view = {0};

	tap_case("not heard: CLOSE that was held on a door that stays closed is not cancelled");
	closed_door(&door, &config);
	pressed_until(&door, 0, 100);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
	say(&door, DOOR_INPUT_TIME, 0, 1500);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_CLOSE, 1600);
	CHECK(door.goal == DOOR_GOAL_CLOSE);
	struct door_output output = say(&door, DOOR_INPUT_TIME, 0, 9750);
	CHECK(door.goal == DOOR_GOAL_NONE && door.fault == DOOR_FAULT_DID_NOT_START);
	for (size_t i = 0; i < output.happening_count; i++)
		CHECK(output.happenings[i].event != DOOR_EVENT_CANCELLED);

	tap_case("not heard: TOGGLE on a door that stays closed tells that it is closed, and nothing between");
	closed_door(&door, &config);
	pressed_until(&door, 0, 100);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_OPEN, 1000);
	say(&door, DOOR_INPUT_TIME, 0, 1500);
	output = say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_TOGGLE, 3000);
	CHECK(output.happening_count == 1 && output.happenings[0].event == DOOR_EVENT_STATE &&
			output.happenings[0].state == DOOR_CLOSED);

	tap_case("refusals: in a warning, TOGGLE alone is said to be taken where nobody knows where the door is");
	door_init(&door, &warns, 0);
	say(&door, DOOR_INPUT_COMMAND, DOOR_COMMAND_TOGGLE, 1000);
	door_view(&door, 1500, &view);
	CHECK(view.warning && view.refusals[DOOR_COMMAND_TOGGLE] == DOOR_REASON_NONE);
	for (int i = DOOR_COMMAND_OPEN; i <= DOOR_COMMAND_STOP; i++)
		CHECK(view.refusals[i] == DOOR_REASON_UNKNOWN_STATE);
}

/* An edge each 20 ms: loose, or a hum on a long cable. Returns the time of the last one. */
static int64_t hum(struct door *door, enum door_sensor sensor, int64_t from_ms, int64_t until_ms, bool *pressed)
{
	bool level = door->contacts[sensor].raw;
	int64_t at_ms = from_ms;
	struct door_output output;
	for (; at_ms <= until_ms; at_ms += 20) {
		level = !level;
		struct door_input edge = {.kind = DOOR_INPUT_SENSOR, .sensor = sensor, .active = level, .at_ms = at_ms};
		door_step(door, &edge, at_ms, &output);
		*pressed = *pressed || switches_on(&output);
		output = say(door, DOOR_INPUT_TIME, 0, at_ms + 10);
		*pressed = *pressed || switches_on(&output);
	}
	return at_ms - 20;
}

static void unsteady(void)
{
	struct door door;
	struct door_view view = {0};
	struct door_output output;
	bool pressed = false;
	static const struct door_config closed_only = {STORY, CLOSED_SENSOR, STOP_STOP};
	static const struct door_config both = {STORY, BOTH_SENSORS, STOP_STOP};

	tap_case("unsteady: a closed contact that hums is not known, and the state is unknown");
	closed_door(&door, &closed_only);
	pressed_until(&door, 0, 100);
	CHECK(door.state == DOOR_CLOSED);
	hum(&door, DOOR_SENSOR_CLOSED, 1000, 1000 + DOOR_UNREST_MS - 20, &pressed);
	CHECK(door.fault == DOOR_FAULT_NONE);
	int64_t last_ms = hum(&door, DOOR_SENSOR_CLOSED, 1000 + DOOR_UNREST_MS, 600000, &pressed);
	door_view(&door, last_ms, &view);
	CHECK(view.state == DOOR_UNKNOWN && view.confidence == DOOR_CONFIDENCE_UNKNOWN);
	CHECK(view.fault == DOOR_FAULT_SENSOR_UNSTEADY && view.position == DOOR_POSITION_UNKNOWN &&
			!view.closed_sensor);
	CHECK(!pressed);
	output = give(&door, DOOR_COMMAND_CLOSE, last_ms, last_ms);
	CHECK(output.result == DOOR_RESULT_REJECTED && output.reason == DOOR_REASON_UNKNOWN_STATE);

	tap_case("unsteady: it is believed again when it has stood still for as long");
	pressed_until(&door, last_ms, last_ms + DOOR_UNREST_MS - 20);
	CHECK(door.fault == DOOR_FAULT_SENSOR_UNSTEADY && door.state == DOOR_UNKNOWN);
	pressed_until(&door, last_ms + DOOR_UNREST_MS - 10, last_ms + DOOR_UNREST_MS + 10);
	CHECK(door.fault == DOOR_FAULT_NONE);
	CHECK(door.state == (door.contacts[DOOR_SENSOR_CLOSED].raw ? DOOR_CLOSED : DOOR_OPEN));
	CHECK(door.cycles == 0);

	tap_case("unsteady: what the other contact says is believed, and is not a conflict");
	closed_door(&door, &both);
	pressed_until(&door, 0, 100);
	hum(&door, DOOR_SENSOR_OPEN, 1000, 5000, &pressed);
	CHECK(door.state == DOOR_CLOSED && door.fault == DOOR_FAULT_SENSOR_UNSTEADY && !pressed);
	hum(&door, DOOR_SENSOR_CLOSED, 5020, 9000, &pressed);
	CHECK(door.fault == DOOR_FAULT_SENSOR_UNSTEADY && !pressed);

	tap_case("unsteady: presses to come are not made, and an opening door is not known to open");
	closed_door(&door, &both);
	pressed_until(&door, 0, 100);
	give(&door, DOOR_COMMAND_OPEN, 1000, 1000);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1100);
	pressed_until(&door, 1150, 3000);
	hum(&door, DOOR_SENSOR_OPEN, 3000, 3100, &pressed);
	give(&door, DOOR_COMMAND_CLOSE, 3110, 3110);
	hum(&door, DOOR_SENSOR_OPEN, 3120, 7000, &pressed);
	CHECK(!pressed && door.goal == DOOR_GOAL_NONE && door.state == DOOR_UNKNOWN);
	pressed_until(&door, 7010, 60000);
	CHECK(door.state == DOOR_STOPPED || door.state == DOOR_OPEN);

	tap_case("unsteady: from two seconds on, of edges that are closer than a quarter of a second");
	for (int64_t apart_ms = DOOR_QUIET_MS - 1; apart_ms <= DOOR_QUIET_MS; apart_ms++) {
		closed_door(&door, &closed_only);
		pressed_until(&door, 0, 100);
		for (int64_t at_ms = 1000; at_ms <= 60000; at_ms += apart_ms)
			tell_sensor(&door, DOOR_SENSOR_CLOSED, !door.contacts[DOOR_SENSOR_CLOSED].raw, at_ms);
		CHECK((door.fault == DOOR_FAULT_SENSOR_UNSTEADY) == (apart_ms < DOOR_QUIET_MS));
	}
	closed_door(&door, &closed_only);
	pressed_until(&door, 0, 100);
	for (int64_t at_ms = 1000; at_ms <= 3000; at_ms += 200) {
		CHECK(door.fault == DOOR_FAULT_NONE);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, !door.contacts[DOOR_SENSOR_CLOSED].raw, at_ms);
	}
	CHECK(door.fault == DOOR_FAULT_SENSOR_UNSTEADY);

	tap_case("unsteady: a contact that hums holds no press");
	door_init(&door, &both, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 0);
	pressed_until(&door, 0, 100);
	last_ms = hum(&door, DOOR_SENSOR_CLOSED, 1000, 8000, &pressed);
	CHECK(!pressed && door.state == DOOR_OPEN);
	output = give(&door, DOOR_COMMAND_CLOSE, last_ms + 5, last_ms + 5);
	CHECK(switches_on(&output) && door.state == DOOR_CLOSING);

	tap_case("unsteady: nor a warning, while it hums on");
	static const struct door_config warned = {STORY_WARNS, BOTH_SENSORS, STOP_STOP};
	door_init(&door, &warned, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 0);
	pressed_until(&door, 0, 100);
	last_ms = hum(&door, DOOR_SENSOR_CLOSED, 1000, 8000, &pressed);
	give(&door, DOOR_COMMAND_CLOSE, last_ms + 15, last_ms + 15);
	pressed = false;
	hum(&door, DOOR_SENSOR_CLOSED, last_ms + 20, last_ms + 6000, &pressed);
	CHECK(pressed);
	pressed = false;

	tap_case("unsteady: a level that was read begins no unrest that was long before");
	closed_door(&door, &both);
	pressed_until(&door, 0, 100);
	const struct door_input lost = {
			.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_OPEN, .active = true, .sampled = true};
	door_step(&door, &lost, 10000, &output);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 10020);
	CHECK(door.fault == DOOR_FAULT_NONE);

	tap_case("unsteady: a door is sent to no position while one of its contacts hums, whichever");
	for (int sensor = DOOR_SENSOR_CLOSED; sensor < DOOR_SENSORS; sensor++) {
		const struct door_config config = {
				THREE_RELAYS, .sensors = {true, true, true, true}, .debounce_ms = 50};
		door_init(&door, &config, 0);
		for (int i = 0; i < DOOR_SENSORS; i++)
			tell_sensor(&door, (enum door_sensor)i, i == (sensor == DOOR_SENSOR_CLOSED), 0);
		pressed_until(&door, 0, 100);
		hum(&door, (enum door_sensor)sensor, 1000, 8000, &pressed);
		CHECK(door_position_refusal(&door, 50) ==
				(sensor == DOOR_SENSOR_LOCKOUT ? DOOR_REASON_LOCKED_OUT : DOOR_REASON_UNCERTAIN));
	}

	tap_case("unsteady: no fault of a move covers it");
	closed_door(&door, &both);
	pressed_until(&door, 0, 100);
	give(&door, DOOR_COMMAND_OPEN, 1000, 1000);
	hum(&door, DOOR_SENSOR_OPEN, 7000, 30000, &pressed);
	CHECK(door.fault == DOOR_FAULT_SENSOR_UNSTEADY && door.state == DOOR_CLOSED);

	tap_case("unsteady: a bounce at the end of a travel is none");
	closed_door(&door, &both);
	pressed_until(&door, 0, 100);
	hum(&door, DOOR_SENSOR_CLOSED, 1000, 1500, &pressed);
	pressed_until(&door, 1510, 4000);
	CHECK(door.fault == DOOR_FAULT_NONE);
	hum(&door, DOOR_SENSOR_CLOSED, 4000, 5500, &pressed);
	CHECK(door.fault == DOOR_FAULT_NONE);

	tap_case("sampled: all levels are read before a state is given up, so that a lost edge makes no fault");
	door_init(&door, &both, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 0);
	pressed_until(&door, 0, 100);
	give(&door, DOOR_COMMAND_CLOSE, 1000, 1000);
	int64_t due_ms = 1000 + DOOR_START_MS + 15000 / 4;
	pressed_until(&door, 1010, due_ms - 10);
	for (int i = DOOR_SENSOR_CLOSED; i <= DOOR_SENSOR_OPEN; i++) {
		const struct door_input level = {
				.kind = DOOR_INPUT_SENSOR, .sensor = (enum door_sensor)i, .sampled = true};
		door_step(&door, &level, due_ms + 1, &output);
	}
	pressed_until(&door, due_ms + 1, due_ms + 100);
	CHECK(door.state == DOOR_CLOSING && door.fault == DOOR_FAULT_NONE && door.source == DOOR_SOURCE_MQTT);

	tap_case("sampled: nor in the very step in which its time runs out");
	door_init(&door, &both, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 0);
	pressed_until(&door, 0, 100);
	give(&door, DOOR_COMMAND_CLOSE, 1000, 1000);
	for (int64_t at_ms = 1010; at_ms < due_ms; at_ms += 10)
		say(&door, DOOR_INPUT_TIME, 0, at_ms);
	const struct door_input same = {
			.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_OPEN, .active = true, .sampled = true};
	door_step(&door, &same, due_ms, &output);
	CHECK(door.state == DOOR_CLOSING && door.fault == DOOR_FAULT_NONE);

	tap_case("sampled: a level that is as it was holds no press, and one that differs counts at once where edges do");
	closed_door(&door, &both);
	pressed_until(&door, 0, 100);
	const struct door_input shut = {
			.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_CLOSED, .active = true, .sampled = true};
	door_step(&door, &shut, 5000, &output);
	output = give(&door, DOOR_COMMAND_OPEN, 5000, 5000);
	CHECK(switches_on(&output));
	closed_door(&door, &toggle_both);
	const struct door_input let_go = {.kind = DOOR_INPUT_SENSOR, .sensor = DOOR_SENSOR_CLOSED, .sampled = true};
	door_step(&door, &let_go, 5000, &output);
	CHECK(door.state == DOOR_OPENING && output.state_changed);

	tap_case("sampled: a level that is read while an edge is pending does not undo it");
	closed_door(&door, &closed_only);
	pressed_until(&door, 0, 100);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1000);
	struct door_input sample = {.kind = DOOR_INPUT_SENSOR,
			.sensor = DOOR_SENSOR_CLOSED,
			.active = true,
			.sampled = true,
			.at_ms = 1030};
	door_step(&door, &sample, 1030, &output);
	say(&door, DOOR_INPUT_TIME, 0, 1050);
	CHECK(door.state == DOOR_OPENING);

	tap_case("sampled: a level that is read when it should have stood still begins to stand still anew");
	closed_door(&door, &closed_only);
	pressed_until(&door, 0, 100);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1000);
	sample.at_ms = 1050;
	door_step(&door, &sample, 1050, &output);
	CHECK(door.state == DOOR_CLOSED && output.deadline_ms == 1100);
	say(&door, DOOR_INPUT_TIME, 0, 1100);
	CHECK(door.state == DOOR_CLOSED && door.contacts[DOOR_SENSOR_CLOSED].active);
	sample.active = false;
	door_step(&door, &sample, 5000, &output);
	CHECK(door.state == DOOR_CLOSED && output.deadline_ms == 5050);
	say(&door, DOOR_INPUT_TIME, 0, 5050);
	CHECK(door.state == DOOR_OPENING);
}

/* A contact that says what is in the way, or that the door is locked out, does not stand still. */
static void unsteady_others(void)
{
	struct door door;
	struct door_output output;
	bool pressed = false;
	static const struct door_config config = {STORY, ALL_SENSORS, STOP_STOP};
	static const struct door_config key = {STORY_WARNS, .sensors = {true, true, false, true}, STOP_STOP};
	struct door_view view = {0};

	for (int ends_active = 0; ends_active <= 1; ends_active++) {
		tap_case("unsteady: an obstruction contact that hums is active, until it has stood still %s",
				ends_active ? "active" : "inactive");
		closed_door(&door, &config);
		tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, ends_active == 1, 0);
		pressed_until(&door, 0, 100);
		int64_t last_ms = hum(&door, DOOR_SENSOR_OBSTRUCTION, 1000, 8000, &pressed);
		CHECK(door.contacts[DOOR_SENSOR_OBSTRUCTION].raw == (ends_active == 0));
		if (ends_active == 0)
			tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, false, last_ms += 20);
		else
			tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, true, last_ms += 20);
		door_view(&door, last_ms, &view);
		CHECK(view.fault == DOOR_FAULT_SENSOR_UNSTEADY && view.obstruction_sensor && view.state == DOOR_CLOSED);
		CHECK(!pressed);
		output = give(&door, DOOR_COMMAND_TOGGLE, last_ms, last_ms);
		CHECK(output.result == DOOR_RESULT_ACCEPTED); /* up */
		pressed_until(&door, last_ms, last_ms + 300);
		CHECK(door.fault == DOOR_FAULT_SENSOR_UNSTEADY);
		pressed_until(&door, last_ms + 310, last_ms + DOOR_UNREST_MS + 100);
		door_view(&door, last_ms + DOOR_UNREST_MS + 100, &view);
		CHECK(view.fault == DOOR_FAULT_NONE && view.obstruction_sensor == (ends_active == 1));
	}

	tap_case("unsteady: a closing door is then lost as by an obstruction, and CLOSE is refused");
	door_init(&door, &config, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 0);
	tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, false, 0);
	pressed_until(&door, 0, 100);
	give(&door, DOOR_COMMAND_CLOSE, 1000, 1000);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 1500);
	pressed_until(&door, 1510, 2000);
	CHECK(door.state == DOOR_CLOSING);
	int64_t last_ms = hum(&door, DOOR_SENSOR_OBSTRUCTION, 2000, 5000, &pressed);
	CHECK(door.state == DOOR_UNKNOWN && door.fault == DOOR_FAULT_SENSOR_UNSTEADY && !pressed);
	CHECK(give(&door, DOOR_COMMAND_CLOSE, last_ms, last_ms).result == DOOR_RESULT_REJECTED);

	tap_case("unsteady: an opening door goes on, while its obstruction contact or its key switch hums");
	static const struct door_config each = {STORY, .sensors = {true, true, true, true}, STOP_STOP};
	for (int sensor = DOOR_SENSOR_OBSTRUCTION; sensor <= DOOR_SENSOR_LOCKOUT; sensor++) {
		closed_door(&door, &each);
		tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, false, 0);
		tell_sensor(&door, DOOR_SENSOR_LOCKOUT, false, 0);
		pressed_until(&door, 0, 100);
		give(&door, DOOR_COMMAND_OPEN, 1000, 1000);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 1200);
		pressed_until(&door, 1250, 2000);
		hum(&door, (enum door_sensor)sensor, 2000, 8000, &pressed);
		CHECK(door.state == DOOR_OPENING && door.fault == DOOR_FAULT_SENSOR_UNSTEADY);
	}

	tap_case("unsteady: a door that is closed by hand goes on, where what is in its way begins to hum");
	door_init(&door, &config, 0);
	for (int i = DOOR_SENSOR_CLOSED; i <= DOOR_SENSOR_OBSTRUCTION; i++)
		tell_sensor(&door, (enum door_sensor)i, i != DOOR_SENSOR_CLOSED, 0);
	pressed_until(&door, 0, 100);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 1000);
	pressed_until(&door, 1050, 2000);
	CHECK(door.state == DOOR_CLOSING);
	hum(&door, DOOR_SENSOR_OBSTRUCTION, 2000, 8000, &pressed);
	CHECK(door.state == DOOR_CLOSING && door.fault == DOOR_FAULT_SENSOR_UNSTEADY);

	tap_case("unsteady: a closing door goes on, while its key switch hums");
	door_init(&door, &each, 0);
	for (int i = 0; i < DOOR_SENSORS; i++)
		tell_sensor(&door, (enum door_sensor)i, i == DOOR_SENSOR_OPEN, 0);
	pressed_until(&door, 0, 100);
	give(&door, DOOR_COMMAND_CLOSE, 1000, 1000);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, 1200);
	pressed_until(&door, 1250, 2000);
	hum(&door, DOOR_SENSOR_LOCKOUT, 2000, 8000, &pressed);
	CHECK(door.state == DOOR_CLOSING && door.fault == DOOR_FAULT_SENSOR_UNSTEADY);

	tap_case("unsteady: a door that did not start is not told of while its obstruction contact hums");
	closed_door(&door, &config);
	tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, false, 0);
	pressed_until(&door, 0, 100);
	give(&door, DOOR_COMMAND_OPEN, 1000, 1000);
	hum(&door, DOOR_SENSOR_OBSTRUCTION, 2000, 30000, &pressed);
	CHECK(door.fault == DOOR_FAULT_SENSOR_UNSTEADY && door.state == DOOR_CLOSED);

	tap_case("unsteady: presses to come are cancelled when an end contact begins to hum, and when it ceases");
	for (int ceases = 0; ceases <= 1; ceases++) {
		static const struct door_config warns = {STORY_WARNS, BOTH_SENSORS, STOP_STOP};
		door_init(&door, &warns, 0);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
		tell_sensor(&door, DOOR_SENSOR_OPEN, true, 0);
		pressed_until(&door, 0, 100);
		int64_t from_ms = 1000;
		pressed = false;
		if (ceases == 1)
			from_ms = hum(&door, DOOR_SENSOR_CLOSED, 1000, 8000, &pressed) + 15;
		output = give(&door, DOOR_COMMAND_CLOSE, from_ms, from_ms);
		CHECK(output.result == DOOR_RESULT_ACCEPTED && door.warned_ms == from_ms + 5000);
		if (ceases == 0)
			from_ms = hum(&door, DOOR_SENSOR_CLOSED, 1100, 7000, &pressed);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, from_ms + 20);
		CHECK(pressed_until(&door, from_ms + 30, from_ms + 20000) == 0 && door.goal == DOOR_GOAL_NONE);
		CHECK(!pressed && door.state == DOOR_OPEN);
	}

	tap_case("unsteady: of two ends that are active, one that hums is none, and that is the fault");
	closed_door(&door, &config);
	tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, false, 0);
	pressed_until(&door, 0, 100);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 200);
	pressed_until(&door, 210, 500);
	CHECK(door.fault == DOOR_FAULT_SENSOR_CONFLICT);
	bool cleared = false;
	for (int64_t at_ms = 1000; at_ms <= 4000; at_ms += 20) {
		const struct door_input edge = {.kind = DOOR_INPUT_SENSOR,
				.sensor = DOOR_SENSOR_OPEN,
				.active = at_ms % 40 == 0,
				.at_ms = at_ms};
		door_step(&door, &edge, at_ms, &output);
		for (size_t i = 0; i < output.happening_count; i++)
			cleared = cleared || (output.happenings[i].event == DOOR_EVENT_FAULT_CLEARED &&
							     output.happenings[i].fault == DOOR_FAULT_SENSOR_CONFLICT);
	}
	CHECK(cleared && door.fault == DOOR_FAULT_SENSOR_UNSTEADY && door.state == DOOR_CLOSED);

	tap_case("unsteady: it is told once a conflict of the ends is over");
	closed_door(&door, &config);
	tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, false, 0);
	pressed_until(&door, 0, 100);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 200);
	pressed_until(&door, 210, 500);
	for (int64_t at_ms = 1000; at_ms <= 5000; at_ms += 20) {
		tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, at_ms % 40 == 0, at_ms);
		if (at_ms == 4000)
			tell_sensor(&door, DOOR_SENSOR_OPEN, false, at_ms);
		CHECK(at_ms < 3000 || at_ms > 4000 || door.fault == DOOR_FAULT_SENSOR_CONFLICT);
	}
	CHECK(door.fault == DOOR_FAULT_SENSOR_UNSTEADY && door.state == DOOR_CLOSED);

	tap_case("unsteady: at the start, both ends active is the greater fault");
	door_init(&door, &config, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, true, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 0);
	for (int64_t at_ms = 0; at_ms <= 3000; at_ms += 20)
		tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, at_ms % 40 == 0, at_ms);
	CHECK(door.settled && door.fault == DOOR_FAULT_SENSOR_CONFLICT);

	tap_case("unsteady: of two contacts that hum, both must have stood still");
	closed_door(&door, &config);
	tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, false, 0);
	pressed_until(&door, 0, 100);
	for (int64_t at_ms = 1000; at_ms <= 3980; at_ms += 20) {
		tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, at_ms % 40 == 0, at_ms);
		tell_sensor(&door, DOOR_SENSOR_OPEN, at_ms % 40 == 0, at_ms);
	}
	CHECK(door.contacts[DOOR_SENSOR_OBSTRUCTION].unsteady && door.contacts[DOOR_SENSOR_OPEN].unsteady);
	int64_t later_ms = hum(&door, DOOR_SENSOR_OPEN, 4000, 4000 + DOOR_UNREST_MS + 500, &pressed);
	CHECK(!door.contacts[DOOR_SENSOR_OBSTRUCTION].unsteady && door.contacts[DOOR_SENSOR_OPEN].unsteady);
	CHECK(door.fault == DOOR_FAULT_SENSOR_UNSTEADY);
	tell_sensor(&door, DOOR_SENSOR_OPEN, false, later_ms + 20);
	CHECK(say(&door, DOOR_INPUT_TIME, 0, later_ms + 600).deadline_ms ==
			door.contacts[DOOR_SENSOR_OPEN].edge_ms + DOOR_UNREST_MS);
	pressed_until(&door, later_ms + 600, later_ms + DOOR_UNREST_MS + 100);
	CHECK(door.fault == DOOR_FAULT_NONE);

	tap_case("unsteady: both ends active is the greater fault, and stays");
	closed_door(&door, &config);
	tell_sensor(&door, DOOR_SENSOR_OBSTRUCTION, false, 0);
	pressed_until(&door, 0, 100);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 200);
	pressed_until(&door, 210, 500);
	CHECK(door.fault == DOOR_FAULT_SENSOR_CONFLICT);
	hum(&door, DOOR_SENSOR_OBSTRUCTION, 1000, 4000, &pressed);
	CHECK(door.contacts[DOOR_SENSOR_OBSTRUCTION].unsteady && door.fault == DOOR_FAULT_SENSOR_CONFLICT);

	tap_case("unsteady: while the open contact hums, no time of a travel says that the door rests between the ends");
	door_init(&door, &config, 0);
	for (int i = DOOR_SENSOR_CLOSED; i <= DOOR_SENSOR_OBSTRUCTION; i++)
		tell_sensor(&door, (enum door_sensor)i, false, 0);
	pressed_until(&door, 0, 100);
	hum(&door, DOOR_SENSOR_OPEN, 1000, 40000, &pressed);
	CHECK(door.state == DOOR_UNKNOWN && !pressed);

	tap_case("unsteady: a door that was to go to a position is not sent there once its key switch hums");
	door_init(&door, &key, 0);
	tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
	tell_sensor(&door, DOOR_SENSOR_OPEN, true, 0);
	tell_sensor(&door, DOOR_SENSOR_LOCKOUT, false, 0);
	pressed_until(&door, 0, 100);
	const struct door_input to = {.kind = DOOR_INPUT_COMMAND, .command = DOOR_COMMAND_POSITION, .percent = 75};
	door_step(&door, &to, 1000, &output);
	CHECK(output.result == DOOR_RESULT_ACCEPTED && door.warned_ms == 6000);
	pressed = false;
	last_ms = hum(&door, DOOR_SENSOR_LOCKOUT, 1500, 7000, &pressed);
	CHECK(!pressed && door.goal == DOOR_GOAL_NONE && door.aim == DOOR_UNKNOWN && door.state == DOOR_OPEN);
}

/* A relay that failed, and a contact that does not stand still: the relay's fault is shown until a pulse went through. */
static void unsteady_and_failed(void)
{
	static const struct door_config config = {TWO_RELAYS_STORY, BOTH_SENSORS};
	struct door door;
	struct door_output output;
	bool pressed = false;
	const struct door_input fails = {.kind = DOOR_INPUT_LINE_FAILED, .line = DOOR_LINE_CLOSE, .active = true};

	tap_case("relay_failed: is not covered by a contact that begins or ceases to hum");
	closed_door(&door, &config);
	pressed_until(&door, 0, 100);
	give(&door, DOOR_COMMAND_OPEN, 200, 200);
	door_step(&door, &fails, 200, &output);
	CHECK(door.fault == DOOR_FAULT_RELAY_FAILED && door.relay == DOOR_LINES);
	int64_t last_ms = hum(&door, DOOR_SENSOR_OPEN, 1000, 3980, &pressed); /* and ends inactive */
	CHECK(door.contacts[DOOR_SENSOR_OPEN].unsteady && door.fault == DOOR_FAULT_RELAY_FAILED && !pressed);
	pressed_until(&door, last_ms + 10, last_ms + DOOR_UNREST_MS + 100);
	CHECK(!door.contacts[DOOR_SENSOR_OPEN].unsteady && door.fault == DOOR_FAULT_RELAY_FAILED);

	tap_case("relay_failed: once a pulse went through, the contact that hums is told again");
	last_ms = hum(&door, DOOR_SENSOR_OPEN, 10000, 12980, &pressed);
	CHECK(door.fault == DOOR_FAULT_RELAY_FAILED);
	output = give(&door, DOOR_COMMAND_OPEN, last_ms + 10, last_ms + 10);
	CHECK(switches_on(&output));
	pressed_until(&door, last_ms + 20, last_ms + 600);
	CHECK(door.relay == DOOR_LINES && door.fault == DOOR_FAULT_SENSOR_UNSTEADY);

	tap_case("sampled: the first level of a contact may be one that was read");
	door_init(&door, &config, 0);
	for (int i = DOOR_SENSOR_CLOSED; i <= DOOR_SENSOR_OPEN; i++) {
		const struct door_input level = {.kind = DOOR_INPUT_SENSOR,
				.sensor = (enum door_sensor)i,
				.sampled = true,
				.active = i == DOOR_SENSOR_CLOSED};
		door_step(&door, &level, 10, &output);
	}
	pressed_until(&door, 20, 50);
	CHECK(!door.settled);
	pressed_until(&door, 60, 60);
	CHECK(door.settled && door.state == DOOR_CLOSED);
}

/* An open door, CLOSE, and STOP a little later: the opener's first press for it sends the door back to its end. */
static void stops_near_the_top(void)
{
	static const struct door_config config = {STORY, BOTH_SENSORS, .opener = {S, R, R}};

	tap_case("near its end: STOP 0.2 to 0.95 s after CLOSE never presses a second time");
	for (int64_t after_ms = 200; after_ms <= 950; after_ms += 50) {
		struct door door;
		int presses = 0;
		door_init(&door, &config, 0);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 0);
		tell_sensor(&door, DOOR_SENSOR_OPEN, true, 0);
		pressed_until(&door, 0, 100);
		give(&door, DOOR_COMMAND_CLOSE, 1000, 1000);
		for (int64_t at_ms = 1010; at_ms < 60000; at_ms += 10) {
			struct door_output output = say(&door, DOOR_INPUT_TIME, 0, at_ms);
			presses += switches_on(&output);
			if (at_ms == 1100 || at_ms == 3020)
				tell_sensor(&door, DOOR_SENSOR_OPEN, at_ms != 1100, at_ms);
			if (at_ms == 1000 + after_ms)
				give(&door, DOOR_COMMAND_STOP, at_ms, at_ms);
		}
		CHECK(presses == 1 && door.state == DOOR_OPEN && door.fault == DOOR_FAULT_NONE);
	}
}

/* The agent stands still while a door is on its way to a position: the press that stops it comes so late, or not at all. */
static void positions_late(void)
{
	static const struct {
		int64_t late_ms;
		bool toggle, presses;
		int percent;
	} rows[] = {
			{0, true, true, 53},
			{999, true, true, 53},
			{1000, true, true, 53},
			{1001, true, false, 53}, /* a faster door may be at its end */
			{DOOR_LATE_MS - 1, false, true, 20},
			{DOOR_LATE_MS - 1, false, true, 90}, /* a stop relay does nothing at an end */
			{DOOR_LATE_MS, false, false, 20},
	};
	static const struct door_config toggle = {STORY, BOTH_SENSORS, STOP_STOP},
					relays = {THREE_RELAYS, BOTH_SENSORS};

	tap_case("position: a press that stops comes no later than is safe");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct door door;
		bool stops = rows[i].toggle;
		closed_door(&door, stops ? &toggle : &relays);
		pressed_until(&door, 0, 100);
		const struct door_input to = {.kind = DOOR_INPUT_COMMAND,
				.command = DOOR_COMMAND_POSITION,
				.percent = rows[i].percent,
				.source = DOOR_SOURCE_MQTT};
		struct door_output output;
		door_step(&door, &to, 1000, &output);
		CHECK(output.result == DOOR_RESULT_ACCEPTED);
		tell_sensor(&door, DOOR_SENSOR_CLOSED, false, 2000);
		pressed_until(&door, 2000, 3000);
		/* 8 s up may be asked for, and 9 s are safe; 53 % are 7.95 s. */
		int64_t due_ms = stops ? 2000 + 8000 + 1 : 2000 + rows[i].percent * 100;
		output = say(&door, DOOR_INPUT_TIME, 0, due_ms + rows[i].late_ms - stops);
		CHECK(switches_on(&output) == rows[i].presses && (door.state == DOOR_STOPPED) == rows[i].presses);
		CHECK(rows[i].presses ||
				(output.happening_count == 1 && output.happenings[0].event == DOOR_EVENT_CANCELLED));
		CHECK(!pressed_until(&door, due_ms + rows[i].late_ms + 10, 90000) && door.aim == DOOR_UNKNOWN);
	}
}

/* What a broken configuration says is pulled into what can be: a door is then slow, never dangerous. */
static void bounding(void)
{
	enum { DAY_MS = 24 * 60 * 60 * 1000 };
	static const struct {
		size_t field;
		int64_t low, high;
	} rows[] = {
			{offsetof(struct door_config, pulse_ms), 1, DOOR_PULSE_MAX_MS},
			{offsetof(struct door_config, gap_ms), DOOR_GAP_MIN_MS, DAY_MS},
			{offsetof(struct door_config, debounce_ms), 0, DAY_MS},
			{offsetof(struct door_config, open_time_ms), 1, DAY_MS},
			{offsetof(struct door_config, close_time_ms), 1, DAY_MS},
			{offsetof(struct door_config, warning_ms), 0, DAY_MS},
			{offsetof(struct door_config, auto_close_ms), 0, DAY_MS},
	};
	static const int64_t values[] = {INT64_MIN, -1, 0, 1, 2, 99, 100, 101, 4999, 5000, 5001, DAY_MS / 2, DAY_MS - 1,
			DAY_MS, DAY_MS + 1, INT64_MAX};
	struct door door;

	tap_case("a time that is out of range is pulled into it");
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t j = 0; j < COUNT(values); j++) {
			struct door_config config = {TOGGLE_WARNS};
			int64_t value = values[j] < rows[i].low    ? rows[i].low
					: values[j] > rows[i].high ? rows[i].high
								   : values[j];
			memcpy((char *)&config + rows[i].field, &values[j], sizeof(values[j]));
			door_init(&door, &config, 0);
			CHECK(memcmp((char *)&door.config + rows[i].field, &value, sizeof(value)) == 0);
		}
	}

	tap_case("a toggle relay is the only one of its door; without a warning's line there is none");
	door_init(&door, &(struct door_config){.lines = {true, true, true, true}, .warning_ms = 9000}, 0);
	CHECK(door.config.lines[DOOR_LINE_TOGGLE] && !door.config.lines[DOOR_LINE_OPEN] &&
			!door.config.lines[DOOR_LINE_CLOSE] && !door.config.lines[DOOR_LINE_STOP]);
	CHECK(door.config.warning_ms == 0);
}

/* How far the door can be sent to a position, by its wiring and its times; 0, 0: to none. */
static void reaches(void)
{
	static const struct {
		const char *when;
		struct door_config config;
		int up[2], down[2];         /* from which percent up to which */
		enum door_reason up_reason; /* to 50 percent, from the closed end */
	} rows[] = {
			{"toggle: what takes two thirds of a travel, less a second to be late and one to run on",
					{TOGGLE, BOTH_SENSORS, STOP_STOP}, {16, 46}, {50, 87}, DOOR_REASON_NO_WAY},
			{"toggle: the time of debouncing is a part of what must be over before",
					{TOGGLE, BOTH_SENSORS, STOP_STOP, .debounce_ms = 1000}, {26, 46}, {50, 79},
					DOOR_REASON_NO_WAY},
			{"toggle: an opener that turns round while closing", {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
					{16, 46}, {0, 0}, DOOR_REASON_NO_WAY},
			{"toggle: one that does so while opening", {TOGGLE, BOTH_SENSORS, .opener = {R, S, R}}, {0, 0},
					{50, 87}, DOOR_REASON_NO_STOP},
			{"toggle: up needs the closed contact", {TOGGLE, OPEN_SENSOR, STOP_STOP}, {0, 0}, {50, 87},
					DOOR_REASON_UNCERTAIN},
			{"toggle: down needs the open contact", {TOGGLE, CLOSED_SENSOR, STOP_STOP}, {16, 46}, {0, 0},
					DOOR_REASON_NO_WAY},
			{"toggle: a travel of two seconds", {TOGGLE_TIMED(1000, 2000, 12000), BOTH_SENSORS, STOP_STOP},
					{0, 0}, {50, 87}, DOOR_REASON_NO_WAY},
			{"toggle: one percent alone", {TOGGLE_TIMED(4166, 10000, 1), BOTH_SENSORS, STOP_STOP}, {0, 0},
					{0, 0}, DOOR_REASON_NO_WAY},
			{"stop relay: the whole travel, but its ends", {THREE_RELAYS, BOTH_SENSORS}, {16, 99}, {1, 87},
					DOOR_REASON_NONE},
			{"stop relay: one percent alone", {THREE_TIMED(9390, 10000, 12000), BOTH_SENSORS}, {99, 99},
					{1, 17}, DOOR_REASON_NO_WAY},
			{"stop relay: up, a press and gap that take all of the travel but the last percent",
					{THREE_TIMED(9450, 10000, 12000), BOTH_SENSORS}, {0, 0}, {1, 17},
					DOOR_REASON_NO_WAY},
			{"stop relay: down, a press and gap that take the whole travel",
					{THREE_TIMED(11500, 10000, 12000), BOTH_SENSORS}, {0, 0}, {0, 0},
					DOOR_REASON_NO_WAY},
			{"no stop relay", {TWO_RELAYS, BOTH_SENSORS}, {0, 0}, {0, 0}, DOOR_REASON_NO_STOP},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct door_config *config = &rows[i].config;
		tap_case("reach, %s", rows[i].when);
		for (int opens = 0; opens <= 1; opens++) {
			const int *expected = opens ? rows[i].up : rows[i].down;
			enum door_sensor begin = opens ? DOOR_SENSOR_CLOSED : DOOR_SENSOR_OPEN;
			int low = 0, high = 0;
			struct door door;
			struct door_view view = {0};
			bool can = door_reach(config, opens ? DOOR_OPENING : DOOR_CLOSING, &low, &high);
			CHECK(can == (expected[0] > 0));
			CHECK(!can || (low == expected[0] && high == expected[1]));
			door_init(&door, config, 0);
			for (int j = DOOR_SENSOR_CLOSED; j <= DOOR_SENSOR_OPEN; j++)
				tell_sensor(&door, (enum door_sensor)j, j == (int)begin, -9000);
			pressed_until(&door, 0, 2000);
			door_view(&door, 2000, &view);
			CHECK(view.has_reach == (rows[i].up[0] > 0 || rows[i].down[0] > 0));
			CHECK(view.has_reach == door_reaches(config));
			CHECK(view.reach_low == expected[0] && view.reach_high == expected[1]);
			CHECK(!opens || door_position_refusal(&door, 50) == rows[i].up_reason);
		}
	}
}

int main(void)
{
	for (size_t i = 0; i < COUNT(specs); i++)
		run(&specs[i]);
	for (size_t i = 0; i < COUNT(press_rows); i++)
		check_presses(&press_rows[i]);
	stalls();
	publishing();
	views();
	nonsense();
	restoring();
	reconfiguring();
	ages();
	reloads();
	reconfiguring_each();
	refusals();
	held();
	unsteady();
	unsteady_others();
	unsteady_and_failed();
	stops_near_the_top();
	positions_late();
	reaches();
	bounding();
	return tap_done();
}
