/*
 * The door's specification: one table a behaviour.
 *
 * A row is a moment: what happens, the state after it, the lines that are switched in it, and what else is said.
 * Between two rows the machine is woken at its own deadlines; if it switches a line or changes its state there, the
 * table is wrong. Times are exact, and lines and faults are checked in every row.
 *
 * happens   "" (time), "closed|open|obstruction on|off", a command, "LINE on fails", "LINE off fails", "pulse LINE",
 *           "stopping"; " @MS" after a sensor is the time of its edge, when that is earlier
 * switched  "" or "LINE on|off", more with ", " between
 * says      words of: accepted, unchanged, rejected:REASON (a command has one, nothing else has),
 *           fault:NAME (without it there is none), position:N, source:NAME, confidence:NAME, cycles:N, warning,
 *           event:cancelled ...
 */
#include "door/door.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct row {
	int64_t at_ms;
	const char *happens;
	const char *state;
	const char *switched;
	const char *says;
};

struct spec {
	const char *rule;
	const char *start; /* the sensors that are active at 0; NULL: no level is told */
	struct door_config config;
	struct row rows[26];
};

/* Opening takes 10 s, closing 12 s; a press is 0.5 s, and 1 s lies between two. Edges count at once but where said. */
#define TIMES .pulse_ms = 500, .gap_ms = 1000, .open_time_ms = 10000, .close_time_ms = 12000
#define TOGGLE .lines = {[DOOR_LINE_TOGGLE] = true}, TIMES
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
#define STOP_STOP .opener = {DOOR_PRESS_STOP, DOOR_PRESS_STOP, DOOR_PRESS_REVERSE}

/* A door as most are: 15 s a travel, an edge counts after 50 ms. */
#define STORY_TIMES .pulse_ms = 500, .gap_ms = 500, .debounce_ms = 50, .open_time_ms = 15000, .close_time_ms = 15000
#define STORY .lines = {[DOOR_LINE_TOGGLE] = true}, STORY_TIMES
#define STORY_WARNS .lines = {[DOOR_LINE_TOGGLE] = true, [DOOR_LINE_WARNING] = true}, .warning_ms = 5000, STORY_TIMES
#define TWO_RELAYS_STORY .lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true}, STORY_TIMES

static const struct spec specs[] = {
		/* A whole travel, in each wiring and with each set of sensors. */
		{"toggle, both sensors: OPEN presses once, the sensors say when it left and when it is open", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{0, "", "closed", "",
								"position:0 confidence:sensed source:none cycles:0"},
						{1000, "OPEN", "opening", "toggle on",
								"accepted position:0 source:mqtt confidence:estimated"},
						{1500, "", "opening", "toggle off", "position:0"},
						{2000, "closed off", "opening", "", "position:1"},
						{7000, "", "opening", "", "position:50"},
						{11000, "open on", "open", "", "position:100 confidence:sensed"},
				}},
		{"toggle, both sensors: CLOSE presses once, the sensors say when it left and when it is closed", "open",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{0, "", "open", "", "position:100 confidence:sensed cycles:0"},
						{1000, "CLOSE", "closing", "toggle on", "accepted position:100"},
						{1500, "", "closing", "toggle off", "position:100"},
						{2000, "open off", "closing", "", "position:99"},
						{8000, "", "closing", "", "position:50"},
						{13000, "", "closing", "", "position:8"},
						{13900, "closed on", "closed", "",
								"position:0 confidence:sensed cycles:1"},
				}},
		{"toggle, closed sensor: open is reckoned from the travel time", "closed",
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{11999, "", "opening", "", "position:99"},
						{12000, "", "open", "", "position:100 confidence:estimated"},
				}},
		{"toggle, closed sensor: closed is said by the sensor alone, however long it takes", "closed",
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE},
				{
						{0, "OPEN", "opening", "toggle on", "accepted"},
						{0, "closed off", "opening", "", ""},
						{500, "", "opening", "toggle off", ""},
						{10000, "", "open", "", "position:100"},
						{20000, "CLOSE", "closing", "toggle on", "accepted position:99"},
						{20500, "", "closing", "toggle off", ""},
						{32000, "", "closing", "", "position:1"},
						{36000, "", "closing", "", "position:1"},
						{36500, "closed on", "closed", "",
								"position:0 confidence:sensed cycles:1"},
				}},
		{"toggle, open sensor: closed is at best estimated, at the end of a commanded travel", "open",
				{TOGGLE, OPEN_SENSOR, STOP_REVERSE},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted position:100"},
						{1500, "", "closing", "toggle off", ""},
						{2000, "open off", "closing", "", "position:99"},
						{13999, "", "closing", "", "position:1"},
						{14000, "", "closed", "", "position:0 confidence:estimated cycles:1"},
						{20000, "CLOSE", "closed", "", "unchanged"},
						{30000, "OPEN", "opening", "toggle on", "accepted position:1"},
						{30500, "", "opening", "toggle off", ""},
						{40000, "open on", "open", "", "position:100 confidence:sensed"},
				}},
		{"toggle, no sensor: the state is never known, only TOGGLE is heard", "",
				{TOGGLE, NO_SENSOR, STOP_REVERSE},
				{
						{0, "", "unknown", "", "position:-1 confidence:unknown"},
						{1000, "OPEN", "unknown", "", "rejected:unknown_state"},
						{1001, "CLOSE", "unknown", "", "rejected:unknown_state"},
						{1002, "STOP", "unknown", "", "rejected:unknown_state"},
						{1003, "TOGGLE", "unknown", "toggle on", "accepted source:mqtt"},
						{1503, "", "unknown", "toggle off", ""},
						{99000, "OPEN", "unknown", "", "rejected:unknown_state"},
				}},
		{"two relays, both sensors: OPEN and CLOSE press their own relays", "closed",
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{12000, "open on", "open", "", "position:100"},
						{20000, "CLOSE", "closing", "close on", "accepted"},
						{20500, "", "closing", "close off", ""},
						{21000, "open off", "closing", "", ""},
						{33000, "closed on", "closed", "", "position:0"},
				}},
		{"two relays, closed sensor: open is reckoned from the travel time", "closed",
				{TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{12000, "", "open", "", "position:100 confidence:estimated"},
				}},
		{"two relays, open sensor: from an unknown place CLOSE runs a whole travel, then closed is estimated",
				"", {TWO_RELAYS, OPEN_SENSOR},
				{
						{0, "", "unknown", "", "position:-1"},
						{1000, "CLOSE", "closing", "close on", "accepted position:-1"},
						{1500, "", "closing", "close off", ""},
						{13000, "", "closed", "", "position:0 confidence:estimated"},
				}},
		{"two relays, no sensor: each end is estimated after a whole travel, a way back takes as long as it "
		 "was",
				"", {TWO_RELAYS, NO_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted position:-1"},
						{1500, "", "opening", "open off", ""},
						{11000, "", "open", "", "position:100 confidence:estimated"},
						{20000, "CLOSE", "closing", "close on", "accepted"},
						{20500, "", "closing", "close off", ""},
						{26000, "OPEN", "opening", "open on", "accepted position:50"},
						{26500, "", "opening", "open off", ""},
						{31000, "", "open", "", "position:100"},
						{40000, "CLOSE", "closing", "close on", "accepted"},
						{40500, "", "closing", "close off", ""},
						{52000, "", "closed", "", "position:0 confidence:estimated cycles:1"},
				}},
		{"two relays: the other direction in mid-travel is one press of the other relay, after the gap",
				"closed", {TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1200, "closed off", "opening", "", ""},
						{1300, "CLOSE", "opening", "", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2500, "", "closing", "close on", ""},
						{3000, "", "closing", "close off", ""},
						{4000, "closed on", "closed", "", ""},
				}},
		{"three relays: STOP presses the stop relay, and the way on takes what was left of it", "closed",
				{THREE_RELAYS, CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{7000, "STOP", "stopped", "stop on", "accepted position:50"},
						{7500, "", "stopped", "stop off", ""},
						{8000, "STOP", "stopped", "", "unchanged"},
						{9000, "OPEN", "opening", "open on", "accepted"},
						{9500, "", "opening", "open off", ""},
						{14000, "", "open", "", "position:100"},
				}},
		{"three relays: STOP is heard in an unknown state too, it can only do good", "",
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, "STOP", "stopped", "stop on", "accepted position:99"},
						{1500, "", "stopped", "stop off", ""},
						{3000, "STOP", "stopped", "", "unchanged"},
				}},
		{"two relays have no STOP while the door moves", "closed", {TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, "STOP", "closed", "", "unchanged"},
						{2000, "OPEN", "opening", "open on", "accepted"},
						{2500, "", "opening", "open off", ""},
						{2600, "closed off", "opening", "", ""},
						{3000, "STOP", "opening", "", "rejected:no_stop"},
						{3100, "TOGGLE", "opening", "", "rejected:busy"},
						{4000, "TOGGLE", "opening", "", "rejected:no_stop"},
				}},
		{"two relays: TOGGLE opens what is closed and closes what is open", "closed",
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, "TOGGLE", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{1600, "closed off", "opening", "", ""},
						{9000, "open on", "open", "", ""},
						{10000, "TOGGLE", "closing", "close on", "accepted"},
						{10500, "", "closing", "close off", ""},
				}},
		{"three relays: TOGGLE stops what moves, and then goes back", "closed", {THREE_RELAYS, CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{4000, "TOGGLE", "stopped", "stop on", "accepted position:20"},
						{4500, "", "stopped", "stop off", ""},
						{6000, "TOGGLE", "closing", "close on", "accepted"},
						{6500, "", "closing", "close off", ""},
						{8000, "TOGGLE", "stopped", "stop on", "accepted"},
						{8500, "", "stopped", "stop off", ""},
						{10000, "TOGGLE", "opening", "open on", "accepted"},
						{10500, "", "opening", "open off", ""},
				}},
		{"two relays, unknown state: OPEN and CLOSE are clear, TOGGLE is not", "", {TWO_RELAYS, NO_SENSOR},
				{
						{1000, "TOGGLE", "unknown", "", "rejected:unknown_state"},
						{2000, "OPEN", "opening", "open on", "accepted"},
						{2500, "", "opening", "open off", ""},
				}},

		/* Pulses of one relay, for who wires the door. */
		{"pulse: the toggle relay is pressed in a state where OPEN and CLOSE are refused", "",
				{TOGGLE, NO_SENSOR, STOP_REVERSE},
				{
						{1000, "OPEN", "unknown", "", "rejected:unknown_state"},
						{2000, "pulse toggle", "unknown", "toggle on", "accepted source:mqtt"},
						{2400, "pulse toggle", "unknown", "", "rejected:busy"},
						{2500, "", "unknown", "toggle off", ""},
						{3499, "pulse toggle", "unknown", "", "rejected:busy"},
						{3500, "pulse toggle", "unknown", "toggle on", "accepted"},
						{4000, "", "unknown", "toggle off", ""},
				}},
		{"pulse: what the toggle relay does is believed as after TOGGLE, and missed as after it", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "pulse toggle", "opening", "toggle on", "accepted source:mqtt"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{4000, "pulse toggle", "stopped", "toggle on", "accepted position:20"},
						{4500, "", "stopped", "toggle off", ""},
						{6000, "pulse toggle", "closing", "toggle on", "accepted"},
						{6500, "", "closing", "toggle off", ""},
						{9000, "closed on", "closed", "", "source:mqtt cycles:1"},
						{10000, "pulse toggle", "opening", "toggle on", "accepted"},
						{10500, "", "opening", "toggle off", ""},
						{17500, "", "closed", "", "fault:did_not_start"},
				}},
		{"pulse: a relay that by what is believed changes nothing is pressed, and the belief stays", "closed",
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, "CLOSE", "closed", "", "unchanged"},
						{1500, "pulse close", "closed", "close on",
								"accepted source:none cycles:0"},
						{2000, "", "closed", "close off", ""},
						{3000, "pulse stop", "closed", "stop on", "accepted source:none"},
						{3500, "", "closed", "stop off", ""},
						{3600, "closed off", "opening", "", "source:local"},
						{13000, "open on", "open", "", "source:local"},
						{14000, "pulse open", "open", "open on",
								"accepted source:local position:100"},
						{14500, "", "open", "open off", ""},
				}},
		{"pulse: a relay that is not wired, and the warning's line, are refused", "closed",
				{TWO_RELAYS_WARN, CLOSED_SENSOR},
				{
						{1000, "pulse toggle", "closed", "", "rejected:no_way"},
						{1000, "pulse stop", "closed", "", "rejected:no_way"},
						{1000, "pulse warning", "closed", "", "rejected:no_way"},
						{2000, "pulse open", "opening", "open on", "accepted"},
						{2500, "", "opening", "open off", ""},
				}},
		{"pulse: what may bring the door down is warned of, whatever is believed; STOP ends it", "closed",
				{TWO_RELAYS_WARN, CLOSED_SENSOR},
				{
						{1000, "pulse close", "closed", "warning on", "accepted warning"},
						{2000, "pulse close", "closed", "", "rejected:busy warning"},
						{3000, "STOP", "closed", "warning off", "accepted event:cancelled"},
						{10000, "pulse close", "closed", "warning on", "accepted warning"},
						{15000, "", "closed", "warning off, close on", ""},
						{15500, "", "closed", "close off", ""},
				}},
		{"pulse: nothing that may bring the door down is pressed on something in the way", "closed",
				{TWO_RELAYS, ALL_SENSORS},
				{
						{1000, "obstruction on", "closed", "", ""},
						{2000, "pulse close", "closed", "", "rejected:obstructed"},
						{3000, "pulse open", "opening", "open on", "accepted"},
						{3500, "", "opening", "open off", ""},
				}},
		{"pulse: the toggle relay neither, though it is believed closed", "closed",
				{TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, "obstruction on", "closed", "", ""},
						{2000, "pulse toggle", "closed", "", "rejected:obstructed"},
						{3000, "TOGGLE", "opening", "toggle on", "accepted"},
						{3500, "", "opening", "toggle off", ""},
				}},
		{"pulse: what comes into the way while it is warned of ends it, whatever goes away again", "closed",
				{.lines = {[DOOR_LINE_OPEN] = true,
						 [DOOR_LINE_CLOSE] = true,
						 [DOOR_LINE_WARNING] = true},
						TIMES,
						.warning_ms = 5000,
						CLOSED_AND_BEAM},
				{
						{1000, "pulse close", "closed", "warning on", "accepted warning"},
						{2000, "obstruction on", "closed", "warning off",
								"event:cancelled fault:obstructed"},
						{3000, "obstruction off", "closed", "", "fault:obstructed"},
						{9000, "", "closed", "", "fault:obstructed"},
				}},
		{"pulse: in a conflict of the sensors, too, since it is how one finds the wrong wire", "closed open",
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, "OPEN", "unknown", "",
								"rejected:sensor_conflict fault:sensor_conflict"},
						{2000, "pulse open", "unknown", "open on",
								"accepted fault:sensor_conflict"},
						{2500, "", "unknown", "open off", "fault:sensor_conflict"},
				}},
		{"pulse: not before the sensors have settled, not at the end, not while a relay fails", NULL,
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE},
				{
						{0, "pulse toggle", "unknown", "", "rejected:not_settled"},
						{1000, "closed on", "closed", "", ""},
						{2000, "pulse toggle", "opening", "toggle on", "accepted"},
						{2000, "toggle on fails", "closed", "toggle off",
								"rejected:relay_failed fault:relay_failed"},
						{4000, "stopping", "closed", "", "fault:relay_failed"},
						{4001, "pulse toggle", "closed", "",
								"rejected:stopping fault:relay_failed"},
				}},

		/* Idempotence. */
		{"idempotent: CLOSE on a closed door and STOP at rest press nothing", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "closed", "", "unchanged"},
						{1001, "STOP", "closed", "", "unchanged"},
						{1002, "CLOSE", "closed", "", "unchanged"},
				}},
		{"idempotent: two relays, closing or believed to be closed", "", {TWO_RELAYS, NO_SENSOR},
				{
						{1000, "CLOSE", "closing", "close on", "accepted"},
						{1001, "CLOSE", "closing", "", "unchanged"},
						{1500, "", "closing", "close off", ""},
						{13000, "", "closed", "", "confidence:estimated"},
						{14001, "STOP", "closed", "", "unchanged"},
				}},
		{"idempotent: OPEN on an open door and STOP at rest press nothing", "open", {TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, "OPEN", "open", "", "unchanged"},
						{1001, "STOP", "open", "", "unchanged"},
				}},
		{"idempotent: OPEN while opening, CLOSE while closing", "closed", {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1001, "OPEN", "opening", "", "unchanged"},
						{1500, "", "opening", "toggle off", ""},
						{1600, "closed off", "opening", "", ""},
						{4000, "OPEN", "opening", "", "unchanged"},
						{9000, "open on", "open", "", ""},
						{20000, "CLOSE", "closing", "toggle on", "accepted"},
						{20001, "CLOSE", "closing", "", "unchanged"},
						{20500, "", "closing", "toggle off", ""},
				}},

		/* What is known at the start. */
		{"start: no command is heard until every sensor has stood still for the time of debouncing", NULL,
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE, .debounce_ms = 50},
				{
						{0, "OPEN", "unknown", "", "rejected:not_settled position:-1"},
						{0, "closed on", "unknown", "", ""},
						{10, "TOGGLE", "unknown", "", "rejected:not_settled"},
						{20, "open off", "unknown", "", ""},
						{50, "STOP", "unknown", "", "rejected:not_settled position:-1"},
						{70, "", "closed", "", "confidence:sensed source:none cycles:0"},
						{71, "OPEN", "opening", "toggle on", "accepted"},
						{571, "", "opening", "toggle off", ""},
				}},
		{"start: a sensor that chatters keeps the door unsettled", NULL,
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE, .debounce_ms = 50},
				{
						{0, "closed on", "unknown", "", ""},
						{40, "closed off", "unknown", "", ""},
						{80, "closed on", "unknown", "", ""},
						{120, "closed off", "unknown", "", ""},
						{150, "OPEN", "unknown", "", "rejected:not_settled"},
						{170, "", "open", "", "position:99 confidence:estimated"},
				}},
		{"start: nothing is known but not closed: open at 99; toggle CLOSE presses, and nobody knows what it "
		 "does; OPEN does not",
				"", {TOGGLE, CLOSED_SENSOR, STOP_REVERSE},
				{
						{0, "", "open", "", "position:99 confidence:estimated source:none"},
						{1000, "OPEN", "open", "", "unchanged"},
						{2000, "CLOSE", "unknown", "toggle on", "accepted position:99"},
						{2500, "", "unknown", "toggle off", ""},
						{8000, "", "unknown", "", "position:99"},
						{9000, "closed on", "closed", "", "position:0 source:mqtt"},
				}},
		{"start: nothing is known but not closed: with an open relay of its own OPEN goes all the way", "",
				{TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted position:99"},
						{1500, "", "opening", "open off", ""},
						{11000, "", "open", "", "position:100"},
						{12000, "OPEN", "open", "", "unchanged"},
				}},
		{"start: at neither end: unknown until the longest travel has passed, then stopped, direction unknown",
				"", {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{0, "", "unknown", "", "position:99 confidence:unknown"},
						{1000, "OPEN", "unknown", "", "rejected:unknown_state"},
						{17000, "", "stopped", "", "position:99 confidence:estimated"},
						{18000, "CLOSE", "stopped", "", "rejected:unknown_state"},
						{18001, "OPEN", "stopped", "", "rejected:unknown_state"},
						{18002, "STOP", "stopped", "", "unchanged"},
						{19000, "TOGGLE", "unknown", "toggle on", "accepted position:99"},
						{19500, "", "unknown", "toggle off", ""},
						{20000, "TOGGLE", "unknown", "", "rejected:busy"},
						{25000, "open on", "open", "", "source:mqtt"},
				}},
		{"start: an open sensor alone that is not active says nothing", "", {TOGGLE, OPEN_SENSOR, STOP_REVERSE},
				{
						{0, "", "unknown", "", "position:-1 confidence:unknown"},
						{1000, "CLOSE", "unknown", "", "rejected:unknown_state"},
						{90000, "open on", "open", "", "source:local position:100"},
				}},

		/* Debounce. */
		{"debounce: an edge counts when it has stood still, from the time of the edge", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE, .debounce_ms = 50},
				{
						{1000, "closed off", "closed", "", ""},
						{1020, "closed on", "closed", "", ""},
						{1030, "closed off", "closed", "", ""},
						{1070, "", "closed", "", ""},
						{1080, "", "opening", "", "source:local position:1"},
						{6030, "", "opening", "", "position:50"},
				}},
		{"debounce: a glitch is nothing, a level told twice is nothing", "closed",
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE, .debounce_ms = 50},
				{
						{1000, "closed off", "closed", "", ""},
						{1049, "closed on", "closed", "", ""},
						{1060, "closed on", "closed", "", ""},
						{5000, "", "closed", "", "cycles:0"},
						{6000, "closed off", "closed", "", ""},
						{6030, "closed off", "closed", "", ""},
						{6050, "", "opening", "", ""},
				}},
		{"debounce: an edge that is told late counts from its own time", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE, .debounce_ms = 50},
				{
						{4000, "closed off @2000", "closed", "", ""}, /* more may wait */
						{4000, "", "opening", "", "source:local"},
						{7000, "", "opening", "", "position:50"},
				}},
		{"debounce: an obstruction refuses with its first edge, and lets go when it has stood still", "open",
				{TOGGLE, ALL_SENSORS, STOP_REVERSE, .debounce_ms = 50},
				{
						{1000, "obstruction on", "open", "", ""},
						{1001, "CLOSE", "open", "", "rejected:obstructed"},
						{2000, "obstruction off", "open", "", ""},
						{2049, "CLOSE", "open", "", "rejected:obstructed"},
						{2050, "CLOSE", "closing", "toggle on", "accepted"},
						{2550, "", "closing", "toggle off", ""},
				}},

		/* The wall button, the remote in the car, a hand. */
		{"local: leaving closed without a command is opening, source local", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "closed off", "opening", "", "source:local position:1"},
						{11000, "open on", "open", "", "source:local"},
				}},
		{"local: leaving open without a command is closing, source local", "open", {TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, "open off", "closing", "", "source:local position:99"},
						{13000, "closed on", "closed", "", "source:local cycles:1"},
				}},
		{"local: with a closed sensor alone the end of opening is reckoned, and closing is seen when it is "
		 "over",
				"closed", {TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, "closed off", "opening", "", "source:local"},
						{11000, "", "open", "",
								"position:100 confidence:estimated source:local"},
						{90000, "closed on", "closed", "", "source:local cycles:1"},
				}},
		{"local: with an open sensor alone a closing that nobody asked for is not believed to be closed",
				"open", {TOGGLE, OPEN_SENSOR, STOP_REVERSE},
				{
						{1000, "open off", "closing", "", "source:local"},
						{13000, "", "unknown", "", "position:-1 confidence:unknown"},
				}},
		{"local: a door left half open by hand is stopped, and that is no fault", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "closed off", "opening", "", "source:local"},
						{15500, "", "stopped", "", "source:local position:99"},
				}},
		{"local: closed again while opening without a command is no fault either", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "closed off", "opening", "", "source:local"},
						{4000, "closed on", "closed", "", "source:local cycles:1"},
				}},

		/* Faults. */
		{"did_not_start: the closed sensor stays active; ends with the next accepted command", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{8499, "", "opening", "", ""},
						{8500, "", "closed", "", "fault:did_not_start cycles:0"},
						{9000, "CLOSE", "closed", "", "unchanged fault:did_not_start"},
						{10000, "OPEN", "opening", "toggle on", "accepted"},
						{10500, "", "opening", "toggle off", ""},
				}},
		{"TOGGLE takes back a close in its warning and presses nothing, also while the door opens", "closed",
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{4000, "CLOSE", "opening", "warning on", "accepted warning"},
						{6000, "TOGGLE", "opening", "warning off", "accepted event:cancelled"},
						{11000, "open on", "open", "", ""},
						{30000, "", "open", "", ""},
				}},
		{"did_not_start: a close that is still in its warning is not made", "closed",
				{TWO_RELAYS_WARN, CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{6000, "CLOSE", "opening", "warning on", "accepted warning"},
						{8500, "", "closed", "warning off",
								"fault:did_not_start event:cancelled"},
						{20000, "", "closed", "", "fault:did_not_start"},
				}},
		{"did_not_finish: a close that is still in its warning is not made", "closed",
				{TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{14000, "CLOSE", "opening", "warning on", "accepted warning"},
						{16500, "", "stopped", "warning off",
								"fault:did_not_finish event:cancelled"},
						{30000, "", "stopped", "", "fault:did_not_finish"},
				}},
		{"sensor_conflict: a close that is still in its warning is not made", "open",
				{TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, "CLOSE", "open", "warning on", "accepted warning"},
						{3000, "closed on", "unknown", "warning off",
								"fault:sensor_conflict event:cancelled"},
						{20000, "", "unknown", "", "fault:sensor_conflict"},
				}},
		{"did_not_start: ends when the door leaves after all", "closed", {TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{8500, "", "closed", "", "fault:did_not_start"},
						{9000, "closed off", "opening", "", "source:local"},
				}},
		{"did_not_start: the open sensor stays active", "open", {TOGGLE, OPEN_SENSOR, STOP_REVERSE},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{9000, "", "open", "", "fault:did_not_start position:100"},
				}},
		{"did_not_finish: stopped by hand while closing; toggle OPEN and CLOSE are then refused; ends closed",
				"open", {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{2000, "open off", "closing", "", ""},
						{18999, "", "closing", "", "position:1"},
						{19000, "", "stopped", "",
								"fault:did_not_finish position:99 "
								"confidence:estimated"},
						{20000, "CLOSE", "stopped", "",
								"rejected:unknown_state fault:did_not_finish"},
						{21000, "closed on", "closed", "", "source:local"},
				}},
		{"did_not_finish: two relays know what they press; ends with the next accepted command", "closed",
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{16500, "", "stopped", "", "fault:did_not_finish"},
						{20000, "CLOSE", "closing", "close on", "accepted"},
						{20500, "", "closing", "close off", ""},
				}},
		{"did_not_finish: closing towards the closed sensor alone; TOGGLE shows the way out", "",
				{TOGGLE, CLOSED_SENSOR, STOP_REVERSE},
				{
						{1000, "CLOSE", "unknown", "toggle on", "accepted"},
						{1500, "", "unknown", "toggle off", ""},
						{3000, "TOGGLE", "unknown", "toggle on", "accepted"},
						{3500, "", "unknown", "toggle off", ""},
						{20000, "", "open", "", "position:99"},
						{21000, "CLOSE", "unknown", "toggle on", "accepted"},
						{21500, "", "unknown", "toggle off", ""},
						{38000, "", "open", "", "fault:did_not_finish position:99"},
						{39000, "CLOSE", "unknown", "toggle on", "accepted"},
						{39500, "", "unknown", "toggle off", ""},
				}},
		{"did_not_finish: without a closed sensor nothing is known then", "open",
				{TOGGLE, OPEN_SENSOR, STOP_REVERSE},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{2000, "open off", "closing", "", ""},
						{14000, "", "closed", "", "confidence:estimated"},
						{20000, "OPEN", "opening", "toggle on", "accepted"},
						{20500, "", "opening", "toggle off", ""},
						{34500, "", "unknown", "", "fault:did_not_finish position:-1"},
				}},
		{"reversed: closing was asked for and it is open again; nothing is tried again", "open",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{2000, "open off", "closing", "", ""},
						{9000, "open on", "open", "",
								"fault:reversed position:100 source:mqtt"},
						{99000, "", "open", "", "fault:reversed"},
						{100000, "CLOSE", "closing", "toggle on", "accepted"},
						{100500, "", "closing", "toggle off", ""},
				}},
		{"reversed: opening was asked for and it is closed again; ends with the next whole move", "closed",
				{TWO_RELAYS, CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{4000, "closed on", "closed", "", "fault:reversed cycles:1"},
						{9000, "closed off", "opening", "", "fault:reversed source:local"},
						{19000, "", "open", "", ""},
				}},
		{"reversed: not when the door came to its end just before the press that sent it away", "closed",
				{TWO_RELAYS, BOTH_SENSORS, .debounce_ms = 50},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{9000, "open on", "opening", "", ""},
						{9010, "CLOSE", "closing", "close on", "accepted"},
						{9050, "", "closing", "", "position:100"},
						{9510, "", "closing", "close off", ""},
						{9600, "open off", "closing", "", ""},
						{9650, "", "closing", "", "position:99"},
				}},
		{"first edge: CLOSE as the door comes to its end waits for the contact, and then closes from there",
				"closed",
				{TOGGLE, BOTH_SENSORS, .debounce_ms = 50,
						.opener = {DOOR_PRESS_REVERSE, DOOR_PRESS_REVERSE, DOOR_PRESS_REVERSE}},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{9000, "open on", "opening", "", ""},
						{9010, "CLOSE", "opening", "", "accepted"},
						{9050, "", "closing", "toggle on", "position:100"},
						{9550, "", "closing", "toggle off", ""},
						{9600, "open off", "closing", "", ""},
						{9650, "", "closing", "", "position:99"},
				}},
		{"did_not_start: also when the end was reached just before the press that was to send it away",
				"closed", {TWO_RELAYS, BOTH_SENSORS, .debounce_ms = 50},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{9000, "open on", "opening", "", ""},
						{9010, "CLOSE", "closing", "close on", "accepted"},
						{9510, "", "closing", "close off", ""},
						{17010, "", "open", "", "fault:did_not_start position:100"},
				}},
		{"sensor_conflict: both sensors at once: unknown, no OPEN, CLOSE or STOP; ends when one lets go",
				"closed", {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "open on", "unknown", "",
								"fault:sensor_conflict confidence:unknown position:-1"},
						{2000, "OPEN", "unknown", "",
								"rejected:sensor_conflict fault:sensor_conflict"},
						{2001, "CLOSE", "unknown", "",
								"rejected:sensor_conflict fault:sensor_conflict"},
						{2002, "STOP", "unknown", "",
								"rejected:sensor_conflict fault:sensor_conflict"},
						{3000, "open off", "closed", "", "cycles:0 position:0"},
				}},
		{"sensor_conflict: TOGGLE is one press, whatever it does", "closed open",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{0, "", "unknown", "", "fault:sensor_conflict"},
						{1000, "TOGGLE", "unknown", "toggle on",
								"accepted fault:sensor_conflict"},
						{1500, "", "unknown", "toggle off", "fault:sensor_conflict"},
						{2000, "closed off", "open", "", ""},
				}},
		{"sensor_conflict: two relays refuse TOGGLE; a stop relay may stop", "closed open",
				{THREE_RELAYS, BOTH_SENSORS},
				{
						{1000, "TOGGLE", "unknown", "",
								"rejected:sensor_conflict fault:sensor_conflict"},
						{1001, "OPEN", "unknown", "",
								"rejected:sensor_conflict fault:sensor_conflict"},
						{2000, "STOP", "unknown", "stop on", "accepted fault:sensor_conflict"},
						{2500, "", "unknown", "stop off", "fault:sensor_conflict"},
				}},
		{"sensor_conflict: ends the presses that were to come", "closed", {TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{4000, "CLOSE", "stopped", "toggle on", "accepted"},
						{4500, "", "stopped", "toggle off", ""},
						{4600, "closed on", "closed", "", "event:cancelled"},
						{4700, "open on", "unknown", "", "fault:sensor_conflict"},
						{9000, "", "unknown", "", "fault:sensor_conflict"},
				}},
		{"obstructed: CLOSE is refused while something is in the way, and a refusal is no fault", "open",
				{TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, "obstruction on", "open", "", ""},
						{1001, "CLOSE", "open", "", "rejected:obstructed"},
						{1002, "TOGGLE", "open", "", "rejected:obstructed"},
						{2000, "obstruction off", "open", "", ""},
						{2001, "CLOSE", "closing", "toggle on", "accepted"},
						{2501, "", "closing", "toggle off", ""},
				}},
		{"obstructed: OPEN is not refused", "closed obstruction", {TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
				}},
		{"obstructed: while closing the opener takes over, the open sensor shows it; ends with the next "
		 "command",
				"open", {TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{2000, "open off", "closing", "", ""},
						{5000, "obstruction on", "unknown", "", "fault:obstructed position:99"},
						{5500, "obstruction off", "unknown", "", "fault:obstructed"},
						{6000, "CLOSE", "unknown", "",
								"rejected:unknown_state fault:obstructed"},
						{8000, "open on", "open", "", "fault:obstructed source:mqtt"},
						{9000, "CLOSE", "closing", "toggle on", "accepted"},
						{9500, "", "closing", "toggle off", ""},
				}},
		{"obstructed: an opener that closed all the same ends the fault", "open",
				{TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, "open off", "closing", "", "source:local"},
						{5000, "obstruction on", "unknown", "", "fault:obstructed"},
						{9000, "closed on", "closed", "", "cycles:1"},
				}},
		{"obstructed: with a closed sensor alone it is open when nothing closed for a whole travel", "",
				{TOGGLE, CLOSED_AND_BEAM, STOP_REVERSE},
				{
						{1000, "CLOSE", "unknown", "toggle on", "accepted"},
						{1500, "", "unknown", "toggle off", ""},
						{5000, "obstruction on", "unknown", "", "fault:obstructed"},
						{5100, "obstruction off", "unknown", "", "fault:obstructed"},
						{22000, "", "open", "", "fault:obstructed position:99"},
				}},
		{"obstructed: before it has left the open sensor it is open", "open", {TWO_RELAYS, ALL_SENSORS},
				{
						{1000, "CLOSE", "closing", "close on", "accepted"},
						{1200, "obstruction on", "open", "", "fault:obstructed"},
						{1500, "", "open", "close off", "fault:obstructed"},
						{9000, "", "open", "", "fault:obstructed"},
				}},
		{"obstructed: nothing is said of what crosses an open door or one that opens", "closed",
				{TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, "closed off", "opening", "", ""},
						{2000, "obstruction on", "opening", "", ""},
						{2100, "obstruction off", "opening", "", ""},
						{9000, "open on", "open", "", ""},
						{9100, "obstruction on", "open", "", ""},
				}},
		{"relay_failed: the relay does not go on: off, refused, the sensors say the state; ends with a whole "
		 "pulse",
				"closed", {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1000, "toggle on fails", "closed", "toggle off",
								"rejected:relay_failed fault:relay_failed"},
						{3000, "OPEN", "opening", "toggle on", "accepted fault:relay_failed"},
						{3500, "", "opening", "toggle off", ""},
				}},
		{"relay_failed: the relay does not go off: tried again each second, nothing else goes on meanwhile",
				"closed", {TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{1500, "open off fails", "opening", "",
								"rejected:relay_failed fault:relay_failed"},
						{1600, "closed off", "opening", "", "fault:relay_failed"},
						{2000, "CLOSE", "opening", "",
								"rejected:relay_failed fault:relay_failed"},
						{2500, "", "opening", "open off", "fault:relay_failed"},
						{2500, "open off fails", "opening", "",
								"rejected:relay_failed fault:relay_failed"},
						{3500, "", "opening", "open off", "fault:relay_failed"},
						{6000, "CLOSE", "closing", "close on", "accepted fault:relay_failed"},
						{6500, "", "closing", "close off", ""},
				}},
		{"relay_failed: the relay fails in the middle of several presses: the rest is not tried", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{4000, "CLOSE", "stopped", "toggle on", "accepted"},
						{4000, "toggle on fails", "unknown", "toggle off",
								"rejected:relay_failed fault:relay_failed "
								"event:cancelled"},
						{21000, "", "stopped", "", "fault:relay_failed"},
				}},
		{"relay_failed: no warning, no closing", "open", {TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "open", "warning on", "accepted warning"},
						{1000, "warning on fails", "open", "warning off, warning off",
								"rejected:relay_failed fault:relay_failed"},
						{9000, "", "open", "", "fault:relay_failed"},
				}},

		{"relay_failed: at the end the release is tried once more", "closed", {TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{1500, "open off fails", "opening", "",
								"rejected:relay_failed fault:relay_failed"},
						{1700, "stopping", "opening", "open off", "fault:relay_failed"},
				}},
		{"relay_failed: after a release that came late, the gap counts from it", "closed",
				{TWO_RELAYS, BOTH_SENSORS},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{1500, "open off fails", "opening", "",
								"rejected:relay_failed fault:relay_failed"},
						{1600, "closed off", "opening", "", "fault:relay_failed"},
						{2500, "CLOSE", "opening", "open off", "accepted fault:relay_failed"},
						{3500, "", "closing", "close on", "fault:relay_failed"},
						{4000, "", "closing", "close off", ""},
				}},

		/* Several presses. */
		{"presses: CLOSE while opening, opener stops then reverses: two presses with the gap between", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{7000, "CLOSE", "stopped", "toggle on", "accepted position:50"},
						{7500, "", "stopped", "toggle off", ""},
						{8499, "", "stopped", "", ""},
						{8500, "", "closing", "toggle on", "source:mqtt"},
						{9000, "", "closing", "toggle off", ""},
						{14000, "closed on", "closed", "", ""},
				}},
		{"presses: OPEN while closing, opener reverses: one press", "open",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{2000, "open off", "closing", "", ""},
						{8000, "OPEN", "opening", "toggle on", "accepted position:50"},
						{8500, "", "opening", "toggle off", ""},
						{12000, "open on", "open", "", ""},
				}},
		{"presses: STOP while opening, then CLOSE and OPEN from mid-travel", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{7000, "STOP", "stopped", "toggle on", "accepted position:50"},
						{7500, "", "stopped", "toggle off", "confidence:estimated"},
						{10000, "CLOSE", "closing", "toggle on", "accepted"},
						{10500, "", "closing", "toggle off", ""},
						{13000, "STOP", "stopped", "toggle on", "accepted position:25"},
						{13500, "", "stopped", "toggle off", ""},
						{20000, "OPEN", "opening", "toggle on", "accepted"},
						{20500, "", "opening", "toggle off", ""},
						{27000, "open on", "open", "", ""},
				}},
		{"presses: OPEN after a stop while opening: close, stop, open: three presses", "closed",
				{TOGGLE, CLOSED_SENSOR, STOP_STOP, .allow_detour = true},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{7000, "STOP", "stopped", "toggle on", "accepted position:50"},
						{7500, "", "stopped", "toggle off", ""},
						{20000, "OPEN", "closing", "toggle on", "accepted"},
						{20500, "", "closing", "toggle off", ""},
						{21500, "", "stopped", "toggle on", ""},
						{22000, "", "stopped", "toggle off", ""},
						{23000, "", "opening", "toggle on", ""},
						{23500, "", "opening", "toggle off", ""},
						{37999, "", "opening", "", "position:99"},
						{38000, "", "open", "", "position:100"},
				}},
		{"presses: OPEN after a stop, opener continues: one press", "closed",
				{TOGGLE, CLOSED_SENSOR,
						.opener = {DOOR_PRESS_STOP, DOOR_PRESS_STOP, DOOR_PRESS_CONTINUE}},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{7000, "STOP", "stopped", "toggle on", "accepted"},
						{7500, "", "stopped", "toggle off", ""},
						{9000, "OPEN", "opening", "toggle on", "accepted"},
						{9500, "", "opening", "toggle off", ""},
						{10000, "CLOSE", "opening", "", "rejected:no_way"},
				}},
		{"presses: STOP while closing, opener reverses: back up, and stop there", "open",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{2000, "open off", "closing", "", ""},
						{8000, "STOP", "opening", "toggle on", "accepted position:50"},
						{8500, "", "opening", "toggle off", ""},
						{9500, "", "stopped", "toggle on", "position:65"},
						{10000, "", "stopped", "toggle off", ""},
				}},
		{"presses: STOP never sends the door down: no_stop where only closing leads to it", "closed",
				{TOGGLE, CLOSED_SENSOR,
						.opener = {DOOR_PRESS_REVERSE, DOOR_PRESS_STOP, DOOR_PRESS_REVERSE}},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{5000, "STOP", "opening", "", "rejected:no_stop"},
				}},
		{"presses: an opener that ignores presses on its way knows no STOP and no CLOSE", "closed",
				{TOGGLE, CLOSED_SENSOR,
						.opener = {DOOR_PRESS_IGNORE, DOOR_PRESS_REVERSE, DOOR_PRESS_REVERSE}},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{5000, "STOP", "opening", "", "rejected:no_stop"},
						{5001, "CLOSE", "opening", "", "rejected:no_way"},
						{5002, "TOGGLE", "opening", "", "rejected:no_way"},
				}},
		{"presses: TOGGLE is one press in every state, known or not", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "TOGGLE", "opening", "toggle on", "accepted"},
						{1200, "TOGGLE", "opening", "", "rejected:busy"},
						{1500, "", "opening", "toggle off", ""},
						{1600, "closed off", "opening", "", ""},
						{2499, "TOGGLE", "opening", "", "rejected:busy"},
						{4000, "TOGGLE", "stopped", "toggle on", "accepted"},
						{4500, "", "stopped", "toggle off", ""},
						{6000, "TOGGLE", "closing", "toggle on", "accepted"},
						{6500, "", "closing", "toggle off", ""},
						{8000, "TOGGLE", "opening", "toggle on", "accepted"},
						{8500, "", "opening", "toggle off", ""},
				}},
		{"presses: STOP in the gap leaves the door where it is", "closed", {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{7000, "CLOSE", "stopped", "toggle on", "accepted"},
						{7100, "STOP", "stopped", "", "accepted event:cancelled"},
						{7500, "", "stopped", "toggle off", ""},
						{20000, "", "stopped", "", ""},
				}},
		{"presses: STOP that comes together with the next press comes first", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{7000, "CLOSE", "stopped", "toggle on", "accepted"},
						{7500, "", "stopped", "toggle off", ""},
						{8500, "STOP", "stopped", "", "accepted event:cancelled"},
				}},
		{"presses: a sensor that says something else between two presses ends them", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{7000, "CLOSE", "stopped", "toggle on", "accepted"},
						{7200, "open on", "open", "", "event:cancelled"},
						{7500, "", "open", "toggle off", ""},
						{20000, "", "open", "", ""},
				}},
		{"presses: an obstruction between two presses ends them before the door goes down", "closed",
				{TOGGLE, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{7000, "CLOSE", "stopped", "toggle on", "accepted"},
						{7500, "", "stopped", "toggle off", ""},
						{8000, "obstruction on", "stopped", "", ""},
						{8500, "", "stopped", "", "fault:obstructed event:cancelled"},
						{20000, "", "stopped", "", "fault:obstructed"},
				}},
		{"presses: the way up over closing is refused while something is in the way", "closed",
				{TOGGLE, CLOSED_AND_BEAM, STOP_REVERSE, .allow_detour = true},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{7000, "STOP", "stopped", "toggle on", "accepted"},
						{7500, "", "stopped", "toggle off", ""},
						{8000, "obstruction on", "stopped", "", ""},
						{10000, "OPEN", "stopped", "", "rejected:obstructed"},
				}},
		{"presses: before the door has left its end, CLOSE is so already and presses nothing", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1200, "CLOSE", "opening", "", "unchanged"},
						{1500, "", "opening", "toggle off", ""},
						{8500, "", "closed", "", "cycles:0 fault:did_not_start"},
						{20000, "", "closed", "", "fault:did_not_start"},
				}},
		{"presses: the last command counts, and the gap is kept", "open", {TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1100, "open off", "closing", "", ""},
						{1200, "OPEN", "closing", "", "accepted"},
						{1300, "STOP", "closing", "", "accepted event:cancelled"},
						{1400, "OPEN", "closing", "", "accepted event:cancelled"},
						{1500, "", "closing", "toggle off", ""},
						{2500, "", "opening", "toggle on", ""},
						{3000, "", "opening", "toggle off", ""},
				}},

		/* A warning before closing. */
		{"warning: the line is on for its time, then the door closes", "open",
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "open", "warning on", "accepted warning event:warning"},
						{2000, "CLOSE", "open", "", "unchanged warning"},
						{5999, "", "open", "", "warning"},
						{6000, "", "closing", "warning off, toggle on", ""},
						{6500, "", "closing", "toggle off", ""},
				}},
		{"warning: opening needs none", "closed", {TWO_RELAYS_WARN, CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
				}},
		{"warning: STOP ends it and nothing moves", "open", {TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, "CLOSE", "open", "warning on", "accepted warning"},
						{3000, "STOP", "open", "warning off", "accepted event:cancelled"},
						{20000, "", "open", "", ""},
				}},
		{"warning: OPEN and TOGGLE end it too", "open", {TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "open", "warning on", "accepted warning"},
						{3000, "OPEN", "open", "warning off", "accepted event:cancelled"},
						{4000, "TOGGLE", "open", "warning on", "accepted warning"},
						{5000, "TOGGLE", "open", "warning off", "accepted event:cancelled"},
						{20000, "", "open", "", ""},
				}},
		{"warning: STOP that comes at its end comes first", "open", {TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "open", "warning on", "accepted warning"},
						{6000, "STOP", "open", "warning off", "accepted event:cancelled"},
				}},
		{"warning: an obstruction ends it, and nothing is tried again", "open", {TWO_RELAYS_WARN, ALL_SENSORS},
				{
						{1000, "CLOSE", "open", "warning on", "accepted warning"},
						{3000, "obstruction on", "open", "warning off",
								"fault:obstructed event:cancelled"},
						{3100, "obstruction off", "open", "", "fault:obstructed"},
						{20000, "", "open", "", "fault:obstructed"},
				}},
		{"warning: an obstruction ends it while the door still stands closed to open", "closed",
				{TWO_RELAYS_WARN, CLOSED_AND_BEAM},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1100, "CLOSE", "opening", "warning on", "accepted warning"},
						{1200, "obstruction on", "opening", "warning off",
								"fault:obstructed event:cancelled"},
						{1500, "", "opening", "open off", "fault:obstructed"},
				}},
		{"warning: an obstruction ends it, and does not cover a sensor conflict", "closed open",
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE},
				{
						{1000, "TOGGLE", "unknown", "warning on",
								"accepted warning fault:sensor_conflict"},
						{3000, "obstruction on", "unknown", "warning off",
								"fault:sensor_conflict event:cancelled"},
				}},
		{"warning: the door moved by hand ends it", "open", {TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, "CLOSE", "open", "warning on", "accepted warning"},
						{3000, "open off", "closing", "warning off",
								"source:local event:cancelled"},
				}},
		{"warning: CLOSE while opening warns first; the door may reach its end meanwhile", "closed",
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{9000, "CLOSE", "opening", "warning on", "accepted warning"},
						{12000, "open on", "open", "", "warning"},
						{14000, "", "closing", "warning off, toggle on", ""},
						{14500, "", "closing", "toggle off", ""},
				}},
		{"warning: TOGGLE in an unknown state may close, so it warns", "",
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "TOGGLE", "unknown", "warning on", "accepted warning"},
						{6000, "", "unknown", "warning off, toggle on", ""},
						{6500, "", "unknown", "toggle off", ""},
				}},
		{"warning: without a line there is none", "open",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE, .warning_ms = 5000},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
				}},

		/* Auto-close. */
		{"auto-close: its time after the door came to open it warns, then closes", "closed",
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE, .auto_close_ms = 60000},
				{
						{1000, "closed off", "opening", "", "source:local"},
						{10000, "open on", "open", "", ""},
						{70000, "", "open", "warning on", "warning event:auto_close"},
						{75000, "", "closing", "warning off, toggle on", "source:auto_close"},
						{75500, "", "closing", "toggle off", ""},
						{76000, "open off", "closing", "", ""},
						{87000, "closed on", "closed", "", "source:auto_close"},
						{900000, "", "closed", "", ""},
				}},
		{"auto-close: a door that is open at the start has the whole time", "open",
				{TOGGLE_WARNS, BOTH_SENSORS, STOP_REVERSE, .auto_close_ms = 60000},
				{
						{59999, "", "open", "", ""},
						{60000, "", "open", "warning on", "warning event:auto_close"},
						{65000, "", "closing", "warning off, toggle on", "source:auto_close"},
						{65500, "", "closing", "toggle off", ""},
				}},
		{"auto-close: off without a warning of five seconds, whatever is configured", "closed",
				{.lines = {[DOOR_LINE_TOGGLE] = true, [DOOR_LINE_WARNING] = true},
						.warning_ms = 4999,
						TIMES,
						BOTH_SENSORS,
						STOP_REVERSE,
						.auto_close_ms = 60000},
				{
						{1000, "closed off", "opening", "", ""},
						{10000, "open on", "open", "", ""},
						{900000, "", "open", "", ""},
				}},
		{"auto-close: what crosses the door begins its time anew; what stands there keeps it open", "closed",
				{TWO_RELAYS_WARN, ALL_SENSORS, .auto_close_ms = 60000},
				{
						{1000, "closed off", "opening", "", ""},
						{10000, "open on", "open", "", ""},
						{40000, "obstruction on", "open", "", ""},
						{200000, "obstruction off", "open", "", ""},
						{260000, "", "open", "warning on", "warning"},
						{261000, "STOP", "open", "warning off", "accepted"},
						{900000, "", "open", "", ""},
				}},
		{"auto-close: an attempt that failed is not repeated", "closed",
				{TWO_RELAYS_WARN, BOTH_SENSORS, .auto_close_ms = 60000},
				{
						{1000, "closed off", "opening", "", ""},
						{10000, "open on", "open", "", ""},
						{70000, "", "open", "warning on", "warning"},
						{75000, "", "closing", "warning off, close on", ""},
						{75500, "", "closing", "close off", ""},
						{76000, "open off", "closing", "", ""},
						{80000, "open on", "open", "", "fault:reversed source:auto_close"},
						{900000, "", "open", "", "fault:reversed"},
				}},
		{"auto-close: a command that comes when it is due is answered first", "closed",
				{TWO_RELAYS_WARN, BOTH_SENSORS, .auto_close_ms = 60000},
				{
						{1000, "closed off", "opening", "", ""},
						{10000, "open on", "open", "", ""},
						{70000, "OPEN", "open", "", "unchanged"},
						{70000, "", "open", "warning on", "warning"},
				}},
		{"auto-close: of a door that is open by reckoning too", "closed",
				{TWO_RELAYS_WARN, CLOSED_SENSOR, .auto_close_ms = 60000},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{12000, "", "open", "", ""},
						{72000, "", "open", "warning on", "warning"},
						{77000, "", "closing", "warning off, close on", "source:auto_close"},
						{77500, "", "closing", "close off", ""},
				}},

		/* Relays. */
		{"pulse: five seconds at most, whatever is configured", "closed",
				{.lines = {[DOOR_LINE_TOGGLE] = true},
						BOTH_SENSORS,
						STOP_REVERSE,
						.pulse_ms = 60000,
						.open_time_ms = 10000,
						.close_time_ms = 10000},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{6000, "", "opening", "toggle off", ""},
				}},
		{"gap: never less than its minimum, whatever is configured", "closed",
				{.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true},
						NO_SENSOR,
						.pulse_ms = 500,
						.open_time_ms = 10000,
						.close_time_ms = 10000},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1001, "CLOSE", "opening", "", "accepted"},
						{1500, "", "opening", "open off", ""},
						{1600, "", "closing", "close on", ""},
						{2100, "", "closing", "close off", ""},
				}},
		{"stopping: a pulse ends at once, a warning too, and nothing goes on after it", "open",
				{TWO_RELAYS_WARN, BOTH_SENSORS},
				{
						{1000, "CLOSE", "open", "warning on", "accepted warning"},
						{2000, "stopping", "open", "warning off", ""},
						{9000, "CLOSE", "open", "", "rejected:stopping"},
				}},
		{"stopping: in the middle of a pulse the relay goes off first", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1200, "stopping", "opening", "toggle off", ""},
						{1300, "TOGGLE", "opening", "", "rejected:stopping"},
				}},

		/* A contact is believed before an assumption: openers do not always hear. */
		{"not heard: STOP on a door that still stands open presses nothing", "open",
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{4000, "STOP", "closing", "", "unchanged"},
						{9750, "", "open", "", "fault:did_not_start confidence:sensed"},
						{30000, "", "open", "", "fault:did_not_start"},
				}},
		{"not heard: OPEN on a door that still stands open presses nothing", "open",
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{4000, "OPEN", "closing", "", "unchanged"},
						{4001, "OPEN", "closing", "", "unchanged"},
						{9750, "", "open", "", "fault:did_not_start"},
						{30000, "", "open", "", "fault:did_not_start"},
				}},
		{"not heard: CLOSE on a door that still stands closed presses nothing", "closed",
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{4000, "CLOSE", "opening", "", "unchanged"},
						{9750, "", "closed", "", "fault:did_not_start"},
						{30000, "", "closed", "", "fault:did_not_start"},
				}},
		{"heard late: what was held until the contact let go is then planned anew", "open",
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{4000, "OPEN", "closing", "", "unchanged"},
						{5000, "open off", "closing", "", ""},
						{5050, "", "stopped", "toggle on", "source:mqtt"},
						{5550, "", "stopped", "toggle off", ""},
						{6050, "", "opening", "toggle on", ""},
						{6550, "", "opening", "toggle off", ""},
						{7000, "open on", "opening", "", ""},
						{7050, "", "open", "", ""},
				}},
		{"heard late: a command that replaces what was held counts, and nothing is pressed for either",
				"closed", {STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{4000, "CLOSE", "opening", "", "unchanged"},
						{4500, "OPEN", "opening", "", "accepted event:cancelled"},
						{5000, "closed off", "opening", "", ""},
						{15000, "open on", "opening", "", ""},
						{15050, "", "open", "", ""},
				}},
		{"not heard: TOGGLE on a door that still stands open may close it, so it is warned of", "open",
				{STORY_WARNS, ALL_SENSORS, STOP_STOP},
				{
						{1000, "CLOSE", "open", "warning on", "accepted warning"},
						{6000, "", "closing", "warning off, toggle on", ""},
						{6500, "", "closing", "toggle off", ""},
						{9000, "TOGGLE", "closing", "warning on", "accepted warning"},
						{14000, "", "open", "warning off, toggle on", "source:mqtt"},
						{14200, "open off", "open", "", ""},
						{14250, "", "closing", "", "source:mqtt"},
						{14500, "", "closing", "toggle off", ""},
				}},
		{"not heard: TOGGLE on a door that still stands open is refused while something is in the way", "open",
				{STORY, ALL_SENSORS, STOP_STOP},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{3000, "obstruction on", "closing", "", ""},
						{3001, "TOGGLE", "closing", "", "rejected:obstructed"},
						{3050, "", "open", "", "fault:obstructed"},
				}},

		/* The first edge of an end contact counts. */
		{"first edge: STOP within the debounce of arriving at the top is held, and then done", "closed",
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1300, "closed off", "opening", "", ""},
						{1500, "", "opening", "toggle off", ""},
						{12000, "open on", "opening", "", ""},
						{12020, "STOP", "opening", "", "accepted"},
						{12050, "", "open", "", "confidence:sensed"},
						{30000, "", "open", "", ""},
				}},
		{"first edge: TOGGLE was asked of a door that moved, and is not pressed at its end", "closed",
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1300, "closed off", "opening", "", ""},
						{1500, "", "opening", "toggle off", ""},
						{12000, "open on", "opening", "", ""},
						{12020, "TOGGLE", "opening", "", "accepted"},
						{12050, "", "open", "", "event:cancelled"},
						{30000, "", "open", "", ""},
				}},
		{"first edge: a glitch holds a press for the time of debouncing, and no longer", "closed",
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1300, "closed off", "opening", "", ""},
						{1500, "", "opening", "toggle off", ""},
						{6000, "open on", "opening", "", ""},
						{6010, "open off", "opening", "", ""},
						{6020, "STOP", "opening", "", "accepted"},
						{6060, "", "stopped", "toggle on", ""},
						{6560, "", "stopped", "toggle off", ""},
				}},
		{"first edge: STOP as the door leaves its end stops it there, and that is not local", "closed",
				{STORY, CLOSED_SENSOR, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2480, "closed off", "opening", "", ""},
						{2500, "STOP", "opening", "", "accepted"},
						{2530, "", "stopped", "toggle on", "source:mqtt position:1"},
						{3030, "", "stopped", "toggle off", ""},
						{30000, "", "stopped", "", "source:mqtt"},
				}},
		{"coasting: an end that is left just after the press that stopped the door is no local move", "closed",
				{.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true, [DOOR_LINE_STOP] = true},
						STORY_TIMES,
						CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "STOP", "closed", "stop on", "accepted"},
						{2500, "", "closed", "stop off", ""},
						{2600, "closed off", "closed", "", ""},
						{2650, "", "stopped", "", "source:mqtt position:1"},
						{30000, "", "stopped", "", "source:mqtt"},
				}},
		{"coasting: nor is one that is reached just after it", "open",
				{.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true, [DOOR_LINE_STOP] = true},
						STORY_TIMES,
						BOTH_SENSORS},
				{
						{1000, "CLOSE", "closing", "close on", "accepted"},
						{1300, "open off", "closing", "", ""},
						{1500, "", "closing", "close off", ""},
						{15500, "STOP", "stopped", "stop on", "accepted source:mqtt"},
						{15900, "closed on", "stopped", "", ""},
						{15950, "", "closed", "", "source:mqtt cycles:1"},
						{16000, "", "closed", "stop off", ""},
				}},
		{"coasting: a door that leaves its end and was sent back there comes back", "open",
				{TWO_RELAYS_STORY, BOTH_SENSORS},
				{
						{1000, "CLOSE", "closing", "close on", "accepted"},
						{1500, "", "closing", "close off", ""},
						{2000, "OPEN", "open", "open on", "accepted"},
						{2200, "open off", "open", "", ""},
						{2250, "", "opening", "", "source:mqtt"},
						{2500, "", "opening", "open off", ""},
						{3000, "open on", "opening", "", ""},
						{3050, "", "open", "", "source:mqtt"},
				}},
		{"near its end: no press is made to stop an opening door that may be there when it is heard", "open",
				{STORY, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1100, "open off", "closing", "", ""},
						{1200, "STOP", "closing", "", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{2000, "", "opening", "toggle on", ""},
						{2500, "", "opening", "toggle off", ""},
						{3000, "", "opening", "", "event:cancelled"},
						{3010, "STOP", "opening", "", "rejected:uncertain"},
						{3020, "TOGGLE", "opening", "", "rejected:uncertain"},
						{3050, "open on", "opening", "", ""},
						{3100, "", "open", "", "source:mqtt"},
				}},
		{"near its end: CLOSE waits until an opening door is there", "closed", {STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1300, "closed off", "opening", "", ""},
						{1500, "", "opening", "toggle off", ""},
						{15500, "CLOSE", "opening", "", "accepted"},
						{15900, "open on", "opening", "", ""},
						{15950, "", "closing", "toggle on", ""},
						{16450, "", "closing", "toggle off", ""},
				}},

		{"did not start: an end contact that has just let go is waited for, as where its edge was lost",
				"closed", {STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{9740, "closed off", "opening", "", ""},
						{9750, "", "opening", "", ""},
						{9790, "", "opening", "", "source:mqtt"},
						{16000, "open on", "opening", "", ""},
						{16050, "", "open", "", "source:mqtt"},
				}},
		{"did not finish: an end contact that has just come is waited for", "closed",
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{22740, "open on", "opening", "", ""},
						{22750, "", "opening", "", ""},
						{22790, "", "open", "", "source:mqtt"},
				}},

		{"obstruction: closed is not estimated for a close that something came in the way of as it began",
				"open",
				{TWO_RELAYS, .debounce_ms = 500,
						.sensors = {[DOOR_SENSOR_OPEN] = true,
								[DOOR_SENSOR_OBSTRUCTION] = true}},
				{
						{1000, "CLOSE", "closing", "close on", "accepted"},
						{1100, "obstruction on", "closing", "", ""},
						{1200, "open off", "closing", "", ""},
						{1500, "", "closing", "close off", ""},
						{1600, "", "open", "", "fault:obstructed"},
						{1700, "", "closing", "", "source:mqtt fault:obstructed"},
						{13200, "", "unknown", "", "confidence:unknown fault:obstructed"},
				}},

		{"obstruction: an opener that was sent back within its closed contact, and turned round again, opens",
				"closed", {TWO_RELAYS, ALL_SENSORS},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2600, "CLOSE", "closed", "close on", "accepted"},
						{2700, "obstruction on", "closed", "", ""},
						{2800, "closed off", "opening", "", "source:mqtt"},
						{3100, "", "opening", "close off", ""},
						{11000, "open on", "open", "", "source:mqtt"},
				}},

		/* An estimate is no knowledge. */
		{"uncertain: half-way at the start, CLOSE is a press that nobody can foretell, and OPEN is refused", "",
				{STORY, CLOSED_SENSOR, STOP_STOP},
				{
						{5000, "CLOSE", "unknown", "toggle on", "accepted position:99"},
						{5500, "", "unknown", "toggle off", ""},
						{7000, "OPEN", "unknown", "", "rejected:unknown_state"},
						{7001, "STOP", "unknown", "", "rejected:unknown_state"},
						{18000, "closed on", "unknown", "", ""},
						{18050, "", "closed", "", "source:mqtt cycles:1"},
				}},
		{"uncertain: where CLOSE did not bring the closed contact, that is told", "",
				{STORY, CLOSED_SENSOR, STOP_STOP},
				{
						{5000, "CLOSE", "unknown", "toggle on", "accepted"},
						{5500, "", "unknown", "toggle off", ""},
						{25750, "", "open", "", "fault:did_not_finish position:99"},
				}},
		{"uncertain: closed is not estimated after a press that may have stopped the door as it started",
				"open", {TOGGLE, OPEN_SENSOR, STOP_STOP},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1500, "", "closing", "toggle off", ""},
						{3000, "TOGGLE", "open", "toggle on", "accepted"},
						{3200, "open off", "closing", "", "source:mqtt"},
						{3500, "", "closing", "toggle off", ""},
						{15200, "", "unknown", "", "confidence:unknown"},
				}},
		{"uncertain: one press, and nothing more, though all times of travel are over before the gap is", "",
				{.lines = {[DOOR_LINE_TOGGLE] = true},
						.pulse_ms = 500,
						.gap_ms = 5000,
						.open_time_ms = 100,
						.close_time_ms = 100,
						CLOSED_SENSOR,
						STOP_STOP},
				{
						{1000, "CLOSE", "unknown", "toggle on", "accepted"},
						{1500, "", "unknown", "toggle off", ""},
						{3125, "", "open", "", "fault:did_not_finish"},
						{30000, "", "open", "", "fault:did_not_finish"},
				}},
		{"uncertain: in the tail of a reckoned opening CLOSE waits, STOP and TOGGLE are refused", "closed",
				{.lines = {[DOOR_LINE_TOGGLE] = true},
						.pulse_ms = 500,
						.gap_ms = 500,
						.debounce_ms = 50,
						.open_time_ms = 8000,
						.close_time_ms = 8000,
						CLOSED_SENSOR,
						STOP_REVERSE},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{1600, "closed off", "opening", "", ""},
						{7000, "STOP", "opening", "", "rejected:uncertain"},
						{7001, "TOGGLE", "opening", "", "rejected:uncertain"},
						{7002, "OPEN", "opening", "", "unchanged"},
						{7800, "CLOSE", "opening", "", "accepted"},
						{9600, "", "closing", "toggle on", ""},
						{10100, "", "closing", "toggle off", ""},
						{15600, "closed on", "closing", "", ""},
						{15650, "", "closed", "", "source:mqtt"},
						{20000, "OPEN", "opening", "toggle on", "accepted"},
						{20500, "", "opening", "toggle off", ""},
				}},
		{"uncertain: a door that moves by hand may have been stopped by hand: no press is counted for it",
				"open", {STORY, BOTH_SENSORS, STOP_REVERSE},
				{
						{1000, "open off", "open", "", ""},
						{1050, "", "closing", "", "source:local"},
						{3000, "STOP", "closing", "", "rejected:uncertain"},
						{3001, "OPEN", "closing", "", "rejected:uncertain"},
						{3002, "CLOSE", "closing", "", "unchanged"},
						{4000, "TOGGLE", "unknown", "toggle on", "accepted source:mqtt"},
						{4500, "", "unknown", "toggle off", ""},
						{6000, "open on", "unknown", "", ""},
						{6050, "", "open", "", "source:mqtt"},
				}},
		{"uncertain: opened by hand, with a closed contact alone, CLOSE leads to an unknown state", "closed",
				{TOGGLE_WARNS, CLOSED_AND_BEAM, STOP_REVERSE},
				{
						{1000, "closed off", "opening", "", "source:local"},
						{3000, "CLOSE", "opening", "", "rejected:uncertain"},
						{11000, "", "open", "", "confidence:estimated"},
						{20000, "CLOSE", "open", "warning on", "accepted warning"},
						{25000, "", "unknown", "warning off, toggle on", ""},
						{25500, "", "unknown", "toggle off", ""},
						{37000, "closed on", "closed", "", "source:mqtt"},
				}},

		/* OPEN never begins downwards, unless the owner says so. */
		{"detour: OPEN that begins with a press that closes is refused", "closed",
				{TOGGLE, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1500, "", "opening", "toggle off", ""},
						{2000, "closed off", "opening", "", ""},
						{4000, "STOP", "stopped", "toggle on", "accepted"},
						{4500, "", "stopped", "toggle off", ""},
						{6000, "OPEN", "stopped", "", "rejected:no_way"},
						{7000, "CLOSE", "closing", "toggle on", "accepted"},
						{7500, "", "closing", "toggle off", ""},
				}},
		{"detour: an OPEN that comes to the closed end on its way goes on from there", "closed",
				{STORY, BOTH_SENSORS, STOP_STOP, .allow_detour = true},
				{
						{1000, "OPEN", "opening", "toggle on", "accepted"},
						{1300, "closed off", "opening", "", ""},
						{1500, "", "opening", "toggle off", ""},
						{2650, "STOP", "stopped", "toggle on", "accepted position:9"},
						{3150, "", "stopped", "toggle off", ""},
						{10000, "OPEN", "closing", "toggle on", "accepted"},
						{10500, "", "closing", "toggle off", ""},
						{11000, "", "stopped", "toggle on", ""},
						{11100, "closed on", "stopped", "", ""},
						{11150, "", "closed", "", "source:mqtt"},
						{11500, "", "closed", "toggle off", ""},
						{12000, "", "opening", "toggle on", "source:mqtt"},
						{12500, "", "opening", "toggle off", ""},
				}},
		{"presses: OPEN that stops a closing door at its end goes on from there", "open",
				{STORY, BOTH_SENSORS, STOP_STOP},
				{
						{1000, "CLOSE", "closing", "toggle on", "accepted"},
						{1300, "open off", "closing", "", ""},
						{1500, "", "closing", "toggle off", ""},
						{16000, "OPEN", "stopped", "toggle on", "accepted"},
						{16200, "closed on", "stopped", "", ""},
						{16250, "", "closed", "", "source:mqtt"},
						{16500, "", "closed", "toggle off", ""},
						{17000, "", "opening", "toggle on", ""},
						{17500, "", "opening", "toggle off", ""},
				}},

		/* A contact that does not stand still. */
		{"unsteady: at the start the door settles on the others, and a beam that flickers counts as broken",
				NULL, {TOGGLE, ALL_SENSORS, STOP_REVERSE, .debounce_ms = 500},
				{
						{0, "closed off", "unknown", "", ""},
						{0, "open on", "unknown", "", ""},
						{0, "obstruction on", "unknown", "", ""},
						{400, "obstruction off", "unknown", "", ""},
						{800, "obstruction on", "unknown", "", ""},
						{1200, "obstruction off", "unknown", "", ""},
						{1600, "obstruction on", "unknown", "", ""},
						{2000, "obstruction off", "unknown", "", ""},
						{2400, "obstruction on", "unknown", "", ""},
						{2800, "obstruction off", "unknown", "", ""},
						{3200, "obstruction on", "unknown", "", ""},
						{3600, "obstruction off", "unknown", "", ""},
						{4000, "obstruction on", "unknown", "", ""},
						{4400, "obstruction off", "unknown", "", ""},
						{4800, "obstruction on", "unknown", "", ""},
						{4999, "STOP", "unknown", "", "rejected:not_settled"},
						{5200, "obstruction off", "open", "", "fault:sensor_unsteady"},
						{5400, "STOP", "open", "", "unchanged fault:sensor_unsteady"},
						{5500, "CLOSE", "open", "",
								"rejected:obstructed fault:sensor_unsteady"},
						{10199, "CLOSE", "open", "",
								"rejected:obstructed fault:sensor_unsteady"},
						{10200, "", "open", "", ""},
						{10400, "CLOSE", "closing", "toggle on", "accepted"},
						{10900, "", "closing", "toggle off", ""},
				}},

		/* Separate relays. */
		{"two relays: CLOSE presses whenever closed is not sensed, since it may not have been heard", "",
				{TWO_RELAYS, NO_SENSOR},
				{
						{1000, "CLOSE", "closing", "close on", "accepted"},
						{1400, "CLOSE", "closing", "", "unchanged"},
						{1500, "", "closing", "close off", ""},
						{2400, "CLOSE", "closing", "", "unchanged"},
						{6000, "CLOSE", "closing", "close on", "accepted"},
						{6500, "", "closing", "close off", ""},
						{18000, "", "closed", "", "confidence:estimated cycles:1"},
						{20000, "CLOSE", "closing", "close on", "accepted"},
						{20500, "", "closing", "close off", ""},
						{32000, "", "closed", "", "confidence:estimated"},
				}},
		{"two relays: STOP in a warning says that it cannot stop a moving door, and takes the close back",
				"closed", {TWO_RELAYS_WARN, CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{4000, "CLOSE", "opening", "warning on", "accepted warning"},
						{5000, "STOP", "opening", "warning off",
								"rejected:no_stop event:cancelled"},
						{12000, "", "open", "", ""},
						{30000, "", "open", "", ""},
				}},
		{"three relays: STOP in a warning stops the door", "closed",
				{.lines = {[DOOR_LINE_OPEN] = true,
						 [DOOR_LINE_CLOSE] = true,
						 [DOOR_LINE_STOP] = true,
						 [DOOR_LINE_WARNING] = true},
						TIMES,
						.warning_ms = 5000,
						CLOSED_SENSOR},
				{
						{1000, "OPEN", "opening", "open on", "accepted"},
						{1500, "", "opening", "open off", ""},
						{2000, "closed off", "opening", "", ""},
						{4000, "CLOSE", "opening", "warning on", "accepted warning"},
						{5000, "STOP", "stopped", "warning off, stop on",
								"accepted event:cancelled"},
						{5500, "", "stopped", "stop off", ""},
						{30000, "", "stopped", "", ""},
				}},
		{"unknown, beam broken: TOGGLE is warned of, and is pressed where the way is free by then", "",
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE},
				{
						{500, "obstruction on", "unknown", "", ""},
						{1000, "TOGGLE", "unknown", "warning on", "accepted warning"},
						{3000, "obstruction off", "unknown", "", "warning"},
						{6000, "", "unknown", "warning off, toggle on", ""},
						{6500, "", "unknown", "toggle off", ""},
				}},
		{"unknown, beam broken: nothing is pressed that could bring the door down on what is in its way", "",
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE},
				{
						{500, "obstruction on", "unknown", "", ""},
						{1000, "TOGGLE", "unknown", "warning on", "accepted warning"},
						{6000, "", "unknown", "warning off",
								"fault:obstructed event:cancelled"},
				}},

		{"auto-close: a beam broken in its warning begins its time anew", "closed",
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE, .auto_close_ms = 10000},
				{
						{1000, "closed off", "opening", "", "source:local"},
						{15000, "open on", "open", "", ""},
						{25000, "", "open", "warning on", "warning event:auto_close"},
						{26000, "obstruction on", "open", "warning off",
								"fault:obstructed event:cancelled"},
						{27000, "obstruction off", "open", "", "fault:obstructed"},
						{37000, "", "open", "warning on", "warning event:auto_close"},
						{42000, "", "closing", "warning off, toggle on", "source:auto_close"},
						{42500, "", "closing", "toggle off", ""},
				}},
		{"auto-close: what stands in the way keeps the door open for as long as it does", "closed",
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE, .auto_close_ms = 10000},
				{
						{1000, "closed off", "opening", "", "source:local"},
						{15000, "open on", "open", "", ""},
						{25000, "", "open", "warning on", "warning event:auto_close"},
						{26000, "obstruction on", "open", "warning off",
								"fault:obstructed event:cancelled"},
						{300000, "", "open", "", "fault:obstructed"},
				}},
		{"auto-close: a command in its warning takes it back, and that is the end of it", "closed",
				{TOGGLE_WARNS, ALL_SENSORS, STOP_REVERSE, .auto_close_ms = 10000},
				{
						{1000, "closed off", "opening", "", "source:local"},
						{15000, "open on", "open", "", ""},
						{25000, "", "open", "warning on", "warning event:auto_close"},
						{26000, "OPEN", "open", "warning off", "accepted event:cancelled"},
						{300000, "", "open", "", ""},
				}},
};

static const char *const lines[] = {"toggle", "open", "close", "stop", "warning"};
static const char *const sensors[] = {"closed", "open", "obstruction"};
static const char *const events[] = {"state", "fault", "fault_cleared", "warning", "auto_close", "cancelled"};

static int find(const char *word, size_t length, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(words[i]) == length && strncmp(words[i], word, length) == 0)
			return (int)i;
	}
	return -1;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);
	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static struct door_input read_input(const char *happens, int64_t at_ms)
{
	struct door_input input = {.kind = DOOR_INPUT_TIME, .at_ms = at_ms, .source = DOOR_SOURCE_MQTT};
	size_t word = strcspn(happens, " ");
	const char *edge = strchr(happens, '@');

	if (happens[0] == '\0')
		return input;
	if (strcmp(happens, "stopping") == 0) {
		input.kind = DOOR_INPUT_STOPPING;
	} else if (door_command_parse(happens, strlen(happens), &input.command)) {
		input.kind = DOOR_INPUT_COMMAND;
	} else if (strncmp(happens, "pulse ", 6) == 0) {
		input.kind = DOOR_INPUT_COMMAND;
		input.command = DOOR_COMMAND_PULSE;
		input.line = (enum door_line)find(happens + 6, strlen(happens + 6), lines, COUNT(lines));
	} else if (ends_with(happens, " fails")) {
		input.kind = DOOR_INPUT_LINE_FAILED;
		input.line = (enum door_line)find(happens, word, lines, COUNT(lines));
		input.active = strstr(happens, " on ") != NULL;
	} else {
		int sensor = find(happens, word, sensors, COUNT(sensors));
		if (sensor < 0)
			abort();
		input.kind = DOOR_INPUT_SENSOR;
		input.sensor = (enum door_sensor)sensor;
		input.active = strncmp(happens + word, " on", 3) == 0;
		if (edge != NULL)
			input.at_ms = strtoll(edge + 1, NULL, 10);
	}
	return input;
}

static void write_switched(const struct door_output *output, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < output->action_count; i++) {
		size_t length = strlen(text);
		snprintf(text + length, size - length, "%s%s %s", length > 0 ? ", " : "",
				lines[output->actions[i].line], output->actions[i].on ? "on" : "off");
	}
}

static bool check(bool good, const char *rule, int64_t at_ms, const char *what, const char *expected, const char *seen)
{
	if (!good)
		printf("# at %lld ms: %s is \"%s\", expected \"%s\"\n", (long long)at_ms, what, seen, expected);
	return tap_check(good, rule, __FILE__, __LINE__);
}

static void check_says(
		const struct row *row, const char *rule, const struct door *door, const struct door_output *output)
{
	struct door_view view = {0};
	char says[128];
	bool answered = false;
	bool faulty = false;
	char *rest = says;

	door_view(door, row->at_ms, &view);
	snprintf(says, sizeof(says), "%s", row->says);
	for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
		char seen[64] = "";
		char *value = strchr(word, ':');
		size_t key = value != NULL ? (size_t)(value - word) : strlen(word);
		if (strncmp(word, "position", key) == 0) {
			snprintf(seen, sizeof(seen), "position:%d", view.position);
		} else if (strncmp(word, "source", key) == 0) {
			snprintf(seen, sizeof(seen), "source:%s", door_source_name(view.source));
		} else if (strncmp(word, "confidence", key) == 0) {
			snprintf(seen, sizeof(seen), "confidence:%s", door_confidence_name(view.confidence));
		} else if (strncmp(word, "cycles", key) == 0) {
			snprintf(seen, sizeof(seen), "cycles:%llu", (unsigned long long)view.cycles);
		} else if (strncmp(word, "fault", key) == 0) {
			snprintf(seen, sizeof(seen), "fault:%s", door_fault_name(view.fault));
			faulty = true;
		} else if (strncmp(word, "warning", key) == 0) {
			snprintf(seen, sizeof(seen), "%s", view.warning ? "warning" : "no warning");
		} else if (strncmp(word, "event", key) == 0) {
			for (size_t i = 0; i < output->happening_count; i++) {
				const char *name = events[output->happenings[i].event];
				if (strcmp(name, value + 1) == 0)
					snprintf(seen, sizeof(seen), "event:%s", name);
			}
		} else {
			answered = true;
			snprintf(seen, sizeof(seen), "%s%s%s",
					output->answered ? door_result_name(output->result) : "no answer",
					output->reason != DOOR_REASON_NONE ? ":" : "",
					output->reason != DOOR_REASON_NONE ? door_reason_name(output->reason) : "");
		}
		check(strcmp(word, seen) == 0, rule, row->at_ms, "what it says", word, seen);
	}
	check(faulty || view.fault == DOOR_FAULT_NONE, rule, row->at_ms, "fault", "none", door_fault_name(view.fault));
	check(answered == output->answered, rule, row->at_ms, "answer", answered ? "given" : "none",
			output->answered ? "given" : "none");
}

static void step(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	enum door_state before = door->state;
	door_step(door, input, now_ms, output);
	CHECK(output->state_changed == (door->state != before));
}

/* Wakes the door at each of its deadlines before at_ms; one that has passed already is due at at_ms. */
static void wake(struct door *door, const char *rule, int64_t *deadline_ms, int64_t from_ms, int64_t at_ms)
{
	for (int n = 0; n < 10000 && *deadline_ms < at_ms && *deadline_ms > from_ms; n++) {
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

static void run(const struct spec *spec)
{
	struct door door;
	struct door_output output;
	int64_t deadline_ms = DOOR_NEVER;

	tap_case("%s", spec->rule);
	door_init(&door, &spec->config, 0);
	for (int i = 0; spec->start != NULL && i < DOOR_SENSORS; i++) {
		size_t length = strlen(sensors[i]);
		bool active = false;
		for (const char *word = spec->start; *word != '\0'; word += strcspn(word, " "), word += *word == ' ')
			active = active || (strcspn(word, " ") == length && strncmp(word, sensors[i], length) == 0);
		struct door_input input = {
				.kind = DOOR_INPUT_SENSOR,
				.sensor = (enum door_sensor)i,
				.active = active,
				.at_ms = -1000,
		};
		struct door_contact *contact = &door.contacts[i];
		contact->edge_ms = -1000; /* it has stood like this for long */
		step(&door, &input, 0, &output);
		deadline_ms = output.deadline_ms;
	}
	int64_t from_ms = 0;
	for (const struct row *row = spec->rows; row->happens != NULL; from_ms = row->at_ms, row++) {
		char switched[128];
		struct door_input input = read_input(row->happens, row->at_ms);

		wake(&door, spec->rule, &deadline_ms, from_ms, row->at_ms);
		step(&door, &input, row->at_ms, &output);
		deadline_ms = output.deadline_ms;
		write_switched(&output, switched, sizeof(switched));
		check(strcmp(row->state, door_state_name(door.state)) == 0, spec->rule, row->at_ms, "state", row->state,
				door_state_name(door.state));
		check(strcmp(row->switched, switched) == 0, spec->rule, row->at_ms, "switched", row->switched,
				switched);
		check_says(row, spec->rule, &door, &output);
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

static void nonsense(void)
{
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
	input = (struct door_input){.kind = DOOR_INPUT_LINE_FAILED, .line = (enum door_line)12};
	door_step(&door, &input, 30, &output);
	CHECK(door.fault == DOOR_FAULT_NONE && output.action_count == 0);

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

int main(void)
{
	for (size_t i = 0; i < COUNT(specs); i++)
		run(&specs[i]);
	for (size_t i = 0; i < COUNT(press_rows); i++)
		check_presses(&press_rows[i]);
	stalls();
	publishing();
	nonsense();
	restoring();
	reconfiguring();
	ages();
	reloads();
	unsteady();
	stops_near_the_top();
	return tap_done();
}
