/*
 * For this room only: the phases of a bridge, as one pure function. docs/threads.md draws it, and test_tls_phase
 * compares the drawing with the function.
 *
 * The two sides may end in either order: the plain side, when Paho or the HTTP server closes it, and the wire, when the
 * other side sends close_notify. Each end is passed on to the other side. The bridge is over when both have ended.
 */
#ifndef PORTCULLIS_TLS_PHASE_H
#define PORTCULLIS_TLS_PHASE_H

enum tls_phase {
	TLS_PHASE_SHAKING,   /* the handshake */
	TLS_PHASE_CARRYING,  /* bytes both ways */
	TLS_PHASE_FAREWELL,  /* the plain side has ended: what it wrote, and then our close_notify, goes to the wire */
	TLS_PHASE_LINGERING, /* our close_notify is sent: the other side's is awaited */
	TLS_PHASE_LEFT, /* the wire has ended, and the plain side has read that: it may still write, and has to close */
	TLS_PHASE_PARTING, /* both have ended: what is left, and our close_notify, goes to the wire */
	TLS_PHASE_OVER,
};
#define TLS_PHASE_LAST TLS_PHASE_OVER

enum tls_event {
	TLS_EVENT_SHAKEN,        /* the handshake has succeeded */
	TLS_EVENT_PLAIN_ENDED,   /* nothing more will be read from the plain side */
	TLS_EVENT_FAREWELL_GONE, /* the wire has taken our close_notify and everything before it */
	TLS_EVENT_WIRE_ENDED,    /* nothing more will be read from the wire, and the plain side has all of it */
	TLS_EVENT_GIVEN_UP,      /* an error, the end of a time limit, or tls_client_cancel or tls_stop */
};
#define TLS_EVENT_LAST TLS_EVENT_GIVEN_UP

/* The next phase. An event that has no meaning in a phase returns the same phase. */
enum tls_phase tls_phase_next(enum tls_phase phase, enum tls_event event);

const char *tls_phase_name(enum tls_phase phase); /* "shaking" ... */
const char *tls_event_name(enum tls_event event); /* "shaken" ... */

#endif
