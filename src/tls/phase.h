/*
 * Inside the room: how far a bridge is, as one pure function. docs/threads.md draws it, and test_tls_phase holds drawing
 * and function to each other.
 *
 * Two sides may end, in either order: the plain one, when Paho or the HTTP server has closed it, and the wire, when the
 * other side has said goodbye. Each end is passed on to the other side, and the bridge is over when both have been.
 */
#ifndef PORTCULLIS_TLS_PHASE_H
#define PORTCULLIS_TLS_PHASE_H

enum tls_phase {
	TLS_PHASE_SHAKING,   /* hands */
	TLS_PHASE_CARRYING,  /* bytes both ways */
	TLS_PHASE_FAREWELL,  /* the plain side has ended: what it wrote and then our farewell go to the wire */
	TLS_PHASE_LINGERING, /* our farewell has gone: theirs is awaited */
	TLS_PHASE_LEFT,      /* the wire has ended, and the plain side knows: it may still write and is to close */
	TLS_PHASE_PARTING,   /* both have ended: what is left, and our farewell, go to the wire */
	TLS_PHASE_OVER,
};
#define TLS_PHASE_LAST TLS_PHASE_OVER

enum tls_event {
	TLS_EVENT_SHAKEN,        /* the handshake has succeeded */
	TLS_EVENT_PLAIN_ENDED,   /* nothing more will be read from the plain side */
	TLS_EVENT_FAREWELL_GONE, /* the wire has taken our farewell, and all before it */
	TLS_EVENT_WIRE_ENDED,    /* nothing more will be read from the wire, and the plain side has all of it */
	TLS_EVENT_GIVEN_UP,      /* an error, the clock, or nobody wants it any more */
};
#define TLS_EVENT_LAST TLS_EVENT_GIVEN_UP

/* An event that changes nothing in a phase leaves it. */
enum tls_phase tls_phase_next(enum tls_phase phase, enum tls_event event);

const char *tls_phase_name(enum tls_phase phase); /* "shaking" ... */
const char *tls_event_name(enum tls_event event); /* "shaken" ... */

#endif
