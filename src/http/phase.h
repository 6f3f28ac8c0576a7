/*
 * Where a client stands: one pure function, which the diagram in docs/api.md shows (test_http_phase holds the two
 * together). What is to be done in a new phase is client.c's.
 */
#ifndef PORTCULLIS_HTTP_PHASE_H
#define PORTCULLIS_HTTP_PHASE_H

enum http_phase {
	HTTP_FREE,      /* there is no client */
	HTTP_IDLE,      /* between two requests */
	HTTP_READING,   /* the first byte of a request has come */
	HTTP_ASKING,    /* the request is whole, and its password is being checked */
	HTTP_WRITING,   /* an answer or an event is on its way */
	HTTP_LISTENING, /* to events, and all that was sent has been taken */
	HTTP_LEAVING, /* all is sent; what still comes is dropped, so that the kernel sends no reset over our answer */
	HTTP_PHASES
};

enum http_event {
	HTTP_CAME,     /* a client has been given the place */
	HTTP_BYTES,    /* a request begins */
	HTTP_CHECK,    /* the answer waits for the password's check */
	HTTP_ANSWER,   /* the answer is made */
	HTTP_SENT,     /* all of an answer is sent, and another request may come */
	HTTP_STREAMED, /* all is sent of a stream of events so far */
	HTTP_LAST,     /* all is sent, there will be no more, and the client may still be sending */
	HTTP_NEWS,     /* there is an event for a listener */
	HTTP_LATE,     /* the deadline of the phase has passed */
	HTTP_GONE,     /* the connection has ended, or is ended by us */
	HTTP_EVENTS
};

/* The phase after an event. An event that does not belong to a phase changes nothing. */
enum http_phase http_phase_next(enum http_phase phase, enum http_event event);

const char *http_phase_name(enum http_phase phase); /* as the diagram has it: "idle" */
const char *http_event_name(enum http_event event); /* "a request begins" */

#endif
