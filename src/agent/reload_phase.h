/*
 * The phases of a reload, as one pure function. docs/reload.md draws it, and test_reload_phase holds the two together.
 */
#ifndef PORTCULLIS_AGENT_RELOAD_PHASE_H
#define PORTCULLIS_AGENT_RELOAD_PHASE_H

/* AGAIN: one more reload was asked for meanwhile, and begins when this one ends. */
enum reload_phase {
	RELOAD_IDLE,
	RELOAD_ASKED, /* waits until no relay is on and no password is being checked, then reads the file */
	RELOAD_ASKED_AGAIN,
	RELOAD_LEAVING, /* the former connection to the broker is ending */
	RELOAD_LEAVING_AGAIN,
	RELOAD_RETURNING, /* it has ended, and the next one is tried until it can be made */
	RELOAD_RETURNING_AGAIN,
	RELOAD_OVER, /* the agent ends */
};
#define RELOAD_PHASES (RELOAD_OVER + 1)

enum reload_event {
	RELOAD_EVENT_ASK,       /* SIGHUP */
	RELOAD_EVENT_REFUSE,    /* the file cannot be used: nothing has changed */
	RELOAD_EVENT_TAKE,      /* it is taken over, and the connection to the broker stays */
	RELOAD_EVENT_LEAVE,     /* it is taken over, and the connection is made anew */
	RELOAD_EVENT_LEFT,      /* the former connection has ended */
	RELOAD_EVENT_CONNECTED, /* there is a client for the next one */
	RELOAD_EVENT_STOP,      /* the agent begins to end */
};
#define RELOAD_EVENTS (RELOAD_EVENT_STOP + 1)

/* The phase after an event. An event that means nothing in a phase leaves it as it is. */
enum reload_phase reload_next(enum reload_phase phase, enum reload_event event);

/* The words of docs/reload.md. */
extern const char *const reload_phase_names[RELOAD_PHASES];
extern const char *const reload_event_names[RELOAD_EVENTS];

#endif
