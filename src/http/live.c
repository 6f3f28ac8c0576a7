/*
 * The agent is asked for everything, and the answer is compared with the one before. Only when something differs, a new
 * number is given out and the events are made anew; all listeners and GET /api/doors share them. The documents of the API
 * lie inside the events.
 */
#include "http/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "documents/documents.h"

#define DOORS_BEGIN "event: doors\ndata: "
#define PEERS_BEGIN "event: peers\ndata: "
#define EVENT_END "\n\n"

const char http_live_beat[] = "event: alive\ndata: {}\n\n";

void http_live_init(struct http_live *live, const struct log *log, const struct http_agent *agent)
{
	*live = (struct http_live){.log = log, .agent = agent, .shown.count = SIZE_MAX};
}

void http_live_free(struct http_live *live)
{
	http_body_release(live->events);
}

/* What is shared is made again only when it would say something else. */
uint64_t http_live_look(struct http_live *live)
{
	struct http_snapshot *now = &live->now;
	live->agent->node(live->agent->user, &live->node);
	snprintf(now->broker, sizeof(now->broker), "%s", live->node.broker);
	snprintf(now->broker_error, sizeof(now->broker_error), "%s", live->node.broker_error);
	snprintf(now->history_problem, sizeof(now->history_problem), "%s", live->node.history_problem);
	now->count = live->agent->doors(live->agent->user, now->doors, DOORS_MAX);
	live->peers = live->agent->peers(live->agent->user);
	now->peers = live->peers ? live->peers->changes : 0;
	if (now->count == live->shown.count && now->peers == live->shown.peers &&
			strcmp(now->broker, live->shown.broker) == 0 &&
			strcmp(now->broker_error, live->shown.broker_error) == 0 &&
			strcmp(now->history_problem, live->shown.history_problem) == 0 &&
			memcmp(now->doors, live->shown.doors, now->count * sizeof(now->doors[0])) == 0)
		return live->changes;
	live->shown = *now;
	http_body_release(live->events);
	live->events = NULL;
	return ++live->changes;
}

const struct door_view *http_live_find(const struct http_live *live, const char *id, size_t length)
{
	for (size_t i = 0; i < live->now.count; i++)
		if (strlen(live->now.doors[i].id) == length && memcmp(live->now.doors[i].id, id, length) == 0)
			return &live->now.doors[i];
	return NULL;
}

/* What of peers and their doors takes in a document. */
static size_t live_peers_size(const struct peers_view *peers)
{
	return peers ? 256 + peers->count * DOCUMENT_PEER_MAX + peers->door_count * DOCUMENT_PEER_DOOR_MAX : 0;
}

/* Adds an event with a document that write makes in the room that is left. */
static ssize_t live_add_event(struct http_body *body, size_t size, const char *begin,
		ssize_t (*write)(const struct http_live *live, char *buffer, size_t size), const struct http_live *live)
{
	size_t before = strlen(begin), after = sizeof(EVENT_END) - 1;
	char *at = body->bytes + body->length;
	ssize_t length = write(live, at + before, size - body->length - before - after);
	if (length < 0)
		return length;
	memcpy(at, begin, before);
	memcpy(at + before + length, EVENT_END, after);
	body->length += before + (size_t)length + after;
	return length;
}

static ssize_t live_write_doors(const struct http_live *live, char *buffer, size_t size)
{
	const struct document_node node = {
			.topics.node = live->node.node,
			.version = live->node.version,
			.broker = live->node.broker,
			.broker_problem = strcmp(live->node.broker, "connected") == 0 ? live->node.broker_error : NULL,
	};
	return document_doors(&node, live->now.doors, live->now.count, buffer, size);
}

static ssize_t live_write_peers(const struct http_live *live, char *buffer, size_t size)
{
	return document_peers(live->peers, buffer, size);
}

struct http_body *http_live_events(struct http_live *live)
{
	if (live->events)
		return live->events;
	size_t size = 1024 + live->now.count * DOCUMENT_DOOR_MAX + live_peers_size(live->peers);
	struct http_body *body = http_body_new(size), *fitted;
	ssize_t length = body ? live_add_event(body, size, DOORS_BEGIN, live_write_doors, live) : -ENOMEM;
	if (length >= 0) {
		live->doors_length = body->length;
		length = live->peers ? live_add_event(body, size, PEERS_BEGIN, live_write_peers, live) : 0;
	}
	if (length < 0) {
		log_error(live->log, "HTTP: no document of the doors: %s", strerror((int)-length));
		http_body_release(body);
		return NULL;
	}
	fitted = realloc(body, sizeof(*body) + body->length);
	return live->events = fitted ? fitted : body;
}

struct http_part http_live_doors(struct http_live *live)
{
	static const size_t begin = sizeof(DOORS_BEGIN) - 1, end = sizeof(EVENT_END) - 1;
	struct http_body *events = http_live_events(live);
	if (!events)
		return (struct http_part){.body = NULL};
	return (struct http_part){events, begin, live->doors_length - begin - end};
}

struct http_part http_live_peers(struct http_live *live)
{
	static const size_t begin = sizeof(PEERS_BEGIN) - 1, end = sizeof(EVENT_END) - 1;
	struct http_body *events = http_live_events(live);
	if (!events)
		return (struct http_part){.body = NULL};
	return (struct http_part){
			events, live->doors_length + begin, events->length - live->doors_length - begin - end};
}
