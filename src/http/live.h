/*
 * What is known now, as the agent says it: for the pages, the API and those who listen to events. Loop thread only; the
 * agent is asked by http_live_look and at no other time.
 */
#ifndef PORTCULLIS_HTTP_LIVE_H
#define PORTCULLIS_HTTP_LIVE_H

#include <stdint.h>

#include "http/answer.h"
#include "http/http.h"

/* Everything that shared bodies say, except the time. */
struct http_snapshot {
	size_t count;
	char broker[16], history_problem[HTTP_PROBLEM_MAX], broker_error[256];
	uint64_t peers; /* their changes */
	struct door_view doors[DOORS_MAX];
};

struct http_live {
	const struct log *log;
	const struct http_agent *agent; /* borrowed */
	struct http_node node;
	struct http_snapshot now;       /* of the last look */
	struct http_snapshot shown;     /* private: of the last look that found something new */
	uint64_t changes;               /* how many looks found something new */
	const struct peers_view *peers; /* NULL: none are followed */
	struct http_body *events;       /* private: NULL until somebody asks */
	size_t doors_length;            /* private: of the first event, which tells the doors */
};

/* agent is borrowed and outlives it. */
void http_live_init(struct http_live *live, const struct log *log, const struct http_agent *agent);
void http_live_free(struct http_live *live);

/* Asks the agent, and returns changes. */
uint64_t http_live_look(struct http_live *live);

/* The door with this id as last looked at, or NULL. id need not be terminated. */
const struct door_view *http_live_find(const struct http_live *live, const char *id, size_t length);

/* The events that tell everything as last looked at: borrowed until the next look, NULL when memory is short. */
struct http_body *http_live_events(struct http_live *live);
extern const char http_live_beat[]; /* the event that says nothing except that the connection lives */

/* A document inside the events of http_live_events: borrowed until the next look, body NULL when memory is short. */
struct http_part {
	struct http_body *body;
	size_t offset, length;
};
struct http_part http_live_doors(struct http_live *live);
struct http_part http_live_peers(struct http_live *live); /* call it only if peers is not NULL */

#endif
