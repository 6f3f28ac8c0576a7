/*
 * The door's value types: what every room may know of a door.
 *
 * Plain values without resources. Names (door_state_name and so on) are the exact words of the MQTT topics, the HTTP
 * API and the log; they are constant strings and never NULL for a member of the enum.
 */
#ifndef PORTCULLIS_DOOR_TYPES_H
#define PORTCULLIS_DOOR_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum door_state {
	DOOR_UNKNOWN,
	DOOR_OPEN,
	DOOR_OPENING,
	DOOR_CLOSED,
	DOOR_CLOSING,
	DOOR_STOPPED,
};

/* How the state is known: not at all, estimated from the travel time, or sensed. */
enum door_confidence {
	DOOR_CONFIDENCE_UNKNOWN,
	DOOR_CONFIDENCE_ESTIMATED,
	DOOR_CONFIDENCE_SENSED,
};

enum door_fault {
	DOOR_FAULT_NONE,
	DOOR_FAULT_DID_NOT_START,
	DOOR_FAULT_DID_NOT_FINISH,
	DOOR_FAULT_REVERSED,
	DOOR_FAULT_SENSOR_CONFLICT,
	DOOR_FAULT_OBSTRUCTED,
	DOOR_FAULT_RELAY_FAILED,
	DOOR_FAULT_SENSOR_UNSTEADY,
};

/* Who moved the door last. Local: the wall button, a remote control, a hand; anything that only the sensors saw. */
enum door_source {
	DOOR_SOURCE_NONE,
	DOOR_SOURCE_MQTT,
	DOOR_SOURCE_HTTP,
	DOOR_SOURCE_LOCAL,
	DOOR_SOURCE_AUTO_CLOSE,
};

enum door_command {
	DOOR_COMMAND_OPEN,
	DOOR_COMMAND_CLOSE,
	DOOR_COMMAND_STOP,
	DOOR_COMMAND_TOGGLE,
	DOOR_COMMAND_PULSE, /* a pulse of one relay, only from the Set-up view; door_command_parse never returns it */
	DOOR_COMMAND_POSITION, /* to a position of 1 to 99 %; door_position_parse returns it */
	/* Set and lift the lock-out from afar: door_lockout_parse. */
	DOOR_COMMAND_LOCKOUT_ON,
	DOOR_COMMAND_LOCKOUT_OFF,
};

#define DOOR_COMMAND_LAST DOOR_COMMAND_LOCKOUT_OFF

/* How a command ends: it is carried out, the door is already as asked for, or it is refused with a door_reason. */
enum door_result {
	DOOR_RESULT_ACCEPTED,
	DOOR_RESULT_UNCHANGED,
	DOOR_RESULT_REJECTED,
};

enum door_reason {
	DOOR_REASON_NONE,
	DOOR_REASON_NOT_SETTLED,     /* the sensors have not settled since the start */
	DOOR_REASON_UNKNOWN_STATE,   /* toggle wiring, and a press could move the door either way */
	DOOR_REASON_OBSTRUCTED,      /* CLOSE while the obstruction sensor is active */
	DOOR_REASON_SENSOR_CONFLICT, /* both end sensors are active: nothing can be believed */
	DOOR_REASON_NO_STOP,         /* the wiring cannot stop the door in this state */
	DOOR_REASON_NO_WAY,          /* by the opener's press table no presses lead there from this state */
	DOOR_REASON_BUSY,            /* TOGGLE while a former command's presses are still under way */
	DOOR_REASON_RELAY_FAILED,    /* the relay line could not be driven */
	DOOR_REASON_RETAINED,        /* the broker had retained the command: nobody asks for it now */
	DOOR_REASON_UNKNOWN_COMMAND, /* not a command */
	DOOR_REASON_STALE,           /* it may have waited on its way: nobody asks for it now */
	DOOR_REASON_STOPPING,        /* the agent is shutting down */
	DOOR_REASON_UNCERTAIN,       /* toggle wiring, and what is believed is reckoned: a press could close the door */
	DOOR_REASON_LOCKED_OUT, /* the door is locked out, and the command may open it; or the key switch holds it */
};

/* How a command ended. */
struct door_answer {
	enum door_result result;
	enum door_reason reason; /* of DOOR_RESULT_REJECTED; else DOOR_REASON_NONE */
};

/*
 * Joins the answer of one more door to that of the doors before it: rejected if a door rejects, with the first reason;
 * else accepted if a door accepts; else unchanged. Begin with DOOR_RESULT_UNCHANGED.
 */
struct door_answer door_answer_of_all(struct door_answer all, struct door_answer one);

#define DOOR_FAULT_LAST DOOR_FAULT_SENSOR_UNSTEADY
#define DOOR_REASON_LAST DOOR_REASON_LOCKED_OUT

/* The kinds of news of a door: on its event topic, for Home Assistant, in its history. */
enum door_news {
	DOOR_NEWS_OPENING,
	DOOR_NEWS_OPENED,
	DOOR_NEWS_CLOSING,
	DOOR_NEWS_CLOSED,
	DOOR_NEWS_STOPPED,
	DOOR_NEWS_STATE_UNKNOWN,
	DOOR_NEWS_CLOSE_WARNING,
	DOOR_NEWS_AUTO_CLOSE,
	DOOR_NEWS_FAULT,
	DOOR_NEWS_FAULT_CLEARED,
	DOOR_NEWS_COMMAND_ACCEPTED,
	DOOR_NEWS_COMMAND_UNCHANGED,
	DOOR_NEWS_COMMAND_REJECTED,
	DOOR_NEWS_COMMAND_CANCELLED,
	DOOR_NEWS_LEFT_OPEN, /* it has been open for longer than is configured */
	DOOR_NEWS_LOCKED_OUT,
	DOOR_NEWS_LOCKOUT_LIFTED,
	/* These are in the history only. */
	DOOR_NEWS_STARTED,   /* the agent has started and its sensors have settled: the state is what they say */
	DOOR_NEWS_CLOCK_SET, /* the machine's clock was set: from here on there is a time */
};

#define DOOR_NEWS_EVENT_LAST DOOR_NEWS_LOCKOUT_LIFTED /* of those on the event topic */

#define DOOR_ID_MAX 32 /* bytes without the terminator */
#define DOOR_NAME_MAX 64
#define DOORS_MAX 64 /* doors of one agent */

#define DOOR_POSITION_UNKNOWN (-1)
#define DOOR_COMMANDS 4 /* OPEN to TOGGLE: the commands from outside */

/* What is counted of a door; survives a restart. */
struct door_totals {
	uint64_t cycles;      /* times it came to closed */
	int64_t last_open_ms; /* duration of the last whole travel; 0 = none seen */
	int64_t last_close_ms;
	int64_t last_travel_ms; /* the later of the two */
};

/* The last command that came for a door since the agent's start, and how it ended. No padding: views are compared. */
struct door_last_command {
	int64_t number;     /* counts the door's commands since the start; 0: none came yet */
	int64_t unix_ms;    /* wall clock; 0 = it was not set */
	int16_t command;    /* enum door_command; -1: what came was none */
	uint16_t cancelled; /* 1: it was accepted, and ended before its last press */
	enum door_source source;
	enum door_result result;
	enum door_reason reason;
};

/* One entry of a door's history. */
struct door_record {
	uint64_t number; /* counts all doors' entries; never given twice */
	int64_t unix_ms; /* wall clock; 0 = it was not set */
	int64_t up_ms;   /* since the start of the agent */
	uint32_t run;    /* counts the agent's starts */
	uint16_t count;  /* equal refusals in a row that this one stands for; else 1 */
	uint8_t door;    /* from 0, in the order of the doors */
	int8_t command;  /* enum door_command; -1: none */
	enum door_news news : 8;
	enum door_state state : 8; /* after it */
	enum door_source source : 8;
	enum door_reason reason : 8;
	enum door_fault fault : 8;
};

/*
 * One door as the outside sees it: filled by the agent from the door's machine and its configuration, read by the
 * documents, the page and the topics. Strings are owned by the configuration and outlive the view.
 */
struct door_view {
	const char *id;
	const char *name;
	const char *device_class; /* garage, gate or door */
	const char *area;         /* the room that Home Assistant is to suggest; NULL: none */
	enum door_state state;
	enum door_confidence confidence;
	enum door_fault fault;
	enum door_source source;
	int position;                 /* 0 to 100, or DOOR_POSITION_UNKNOWN */
	bool only_not_closed;         /* nothing but "not closed" is known: position is no more than a word for that */
	int64_t last_changed_unix_ms; /* wall clock; 0 = nobody saw it, or the clock is not set */
	struct door_last_command last_command;
	int64_t open_since_unix_ms; /* wall clock; 0 = it is not open, or not known */
	uint64_t cycles;            /* as in struct door_totals */
	int64_t last_open_ms;       /* duration of the last whole travel; 0 = none seen */
	int64_t last_close_ms;
	int64_t last_travel_ms;                   /* the later of the two */
	enum door_reason refusals[DOOR_COMMANDS]; /* for OPEN to TOGGLE: why it would be rejected now, if it would */
	bool toggles;                  /* toggle wiring: one relay, and what a press does depends on the door */
	bool has_stop;                 /* STOP can do something with this wiring */
	bool has_position;             /* a travel time lets a position be reckoned or a sensor says one */
	bool has_reach;                /* this wiring can be sent to a position, from a sensed end at least */
	int reach_low, reach_high;     /* between which positions it can be sent from here; 0, 0: to none */
	int vent;                      /* the position to which the button "Air" sends it; 0: it has none */
	enum door_reason vent_refusal; /* why that would be rejected now, if it would */
	bool has_open_sensor, has_closed_sensor, has_obstruction_sensor, has_lockout_sensor;
	bool has_left_open; /* it is told of when it is open for long */
	bool left_open;     /* it is, and has been told of */
	bool open_at_least; /* it may be open for longer than since open_since_unix_ms */
	bool has_warning;   /* a light or a buzzer before it closes */
	bool open_sensor, closed_sensor, obstruction_sensor; /* active = the sensor says open, closed, obstructed */
	bool locked_out;                                     /* commands from afar that may open it are refused */
	bool lockout_remote;                                 /* since one of them has said so */
	bool lockout_sensor; /* since its key switch says so, or nobody knows what that says */
	bool lockout_all;    /* CLOSE is refused, too */
	bool lockout_saving; /* what was last said from afar is on its way to the disk */
	bool lockout_saved;  /* it is on the disk, and outlives a restart */
	bool settled;        /* the sensors have settled, so commands are accepted */
	bool warning;        /* a close warning is running */
};

/*
 * Doors of other agents (src/peers). The values came by MQTT and are checked against these bounds, but whether they are
 * true depends on the agent that published them.
 */
#define PEERS_MAX 64       /* agents that are kept track of */
#define PEERS_NAMED_MAX 32 /* the most that can be named in the configuration */
#define PEERS_DOORS_MAX 64 /* doors of all of them together */
#define PEER_NODE_MAX 63   /* bytes without the terminator */
#define PEER_VERSION_MAX 31

/* What became of the last command from here to a peer's door. */
enum peer_outcome {
	PEER_OUTCOME_NONE, /* there was none, or it ended more than PEERS_OUTCOME_MS ago */
	PEER_OUTCOME_NOT_SENT,
	PEER_OUTCOME_SENT,       /* the answer is awaited */
	PEER_OUTCOME_UNANSWERED, /* no answer came in time */
	PEER_OUTCOME_ACCEPTED,
	PEER_OUTCOME_UNCHANGED,
	PEER_OUTCOME_REJECTED,
};

/* id and name are here; view.id and view.name are set only in struct peers_view. */
struct peer_door {
	char id[DOOR_ID_MAX + 1];
	char name[DOOR_NAME_MAX + 1];
	struct door_view view;
	enum door_command command; /* the last one, where there is an outcome */
	enum peer_outcome outcome;
	enum door_reason reason; /* why it was rejected; none: no reason that is known here */
};

/* What one peer reports of its doors. */
struct peer_doors {
	char version[PEER_VERSION_MAX + 1]; /* "": not said */
	struct peer_door doors[DOORS_MAX];
	size_t count;
	size_t left_out; /* further doors, for which there was no room */
};

enum peer_availability { PEER_UNKNOWN, PEER_ONLINE, PEER_OFFLINE };

struct peer_view {
	char node[PEER_NODE_MAX + 1];
	char version[PEER_VERSION_MAX + 1];
	enum peer_availability availability; /* unknown: nothing heard, or no connection to the broker */
	int64_t since_unix_ms;               /* wall clock; 0 = nobody saw it change, or the clock is not set */
	bool told;                           /* it has reported its doors */
	bool understood;     /* its last report could be read; if not, the doors are those of the one before */
	size_t first, count; /* its doors in struct peers_view */
	size_t left_out;     /* doors for which there was no room */
};

struct peers_view {
	uint64_t changes; /* the same number: nothing has changed */
	size_t count, door_count;
	size_t left_out; /* agents that tell of doors and found no room, up to PEERS_MAX */
	struct peer_view peers[PEERS_MAX];
	struct peer_door doors[PEERS_DOORS_MAX];
};

const char *door_state_name(enum door_state state); /* "open" ...; unknown is "unknown" */
const char *door_confidence_name(enum door_confidence confidence);
const char *door_fault_name(enum door_fault fault);    /* "none" for none */
const char *door_source_name(enum door_source source); /* "none" for none */

/* Whether it sets or lifts a lock-out. Takes any number. Here, so that the proofs of the machine have it (test/prove). */
static inline bool door_command_is_lockout(int command)
{
	return command == DOOR_COMMAND_LOCKOUT_ON || command == DOOR_COMMAND_LOCKOUT_OFF;
}

const char *door_command_name(enum door_command command); /* "open", "close", "stop", "toggle" */
const char *door_result_name(enum door_result result);
const char *door_reason_name(enum door_reason reason);                                /* snake_case, as published */
const char *door_reason_text(enum door_reason reason);                                /* a sentence for people */
const char *door_refusal_text(const struct door_view *door, enum door_reason reason); /* the same, about this door */
const char *door_news_name(enum door_news news);                                      /* "opening", "opened" ... */

const char *peer_outcome_name(enum peer_outcome outcome);                /* "not_sent" ...; "none" for none */
const char *peer_availability_name(enum peer_availability availability); /* "unknown", "online", "offline" */

enum door_news door_news_of_state(enum door_state state);    /* the door has come to this state */
enum door_news door_news_of_result(enum door_result result); /* a command ended so */

/*
 * A command from outside: any case, ASCII white space around it trimmed, nothing else. text need not be terminated.
 * Returns false when it is no command.
 */
bool door_command_parse(const char *text, size_t length, enum door_command *command);
/* The same for a lock-out: ON and OFF. */
bool door_lockout_parse(const char *text, size_t length, enum door_command *command);

/*
 * Reads a position in percent: a whole number of 0 to 100 in digits, with spaces around it. 0 is CLOSE and 100 is OPEN;
 * else command is DOOR_COMMAND_POSITION, and percent is set. Returns false for anything else, and leaves both alone.
 */
bool door_position_parse(const char *text, size_t length, enum door_command *command, int *percent);

#endif
