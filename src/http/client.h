/*
 * The clients of the server: from their bytes to the site's answers, within the deadlines. Loop thread only; nothing
 * blocks.
 */
#ifndef PORTCULLIS_HTTP_CLIENT_H
#define PORTCULLIS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "http/answer.h"
#include "http/http.h"
#include "http/places.h"
#include "http/reader.h"
#include "http/site.h"

#define HTTP_INPUT_MAX 2048 /* bytes taken from a client in one turn of the loop */

struct http_clients;

/* Private to client.c. */
struct http_client {
	struct http_clients *all;
	struct http_place *place;
	struct loop_source source;
	uint64_t told;  /* to a listener: which of the site's changes */
	uint64_t round; /* of asking the gate again, the last that it had part in */
	bool unread;    /* the client may be sending what will not be read */
	uint32_t interest;
	int64_t deadline_ms;
	int64_t sent_after_ms; /* no byte of the request that is read or answered was sent before */
	struct http_reader *reader;
	size_t begin, end; /* of what is in input and not yet read */
	struct http_answer answer;
	char input[HTTP_INPUT_MAX];
};

struct http_clients {
	struct loop *loop;
	struct http_site *site; /* borrowed; another one may be set between two events of the loop */
	int64_t request_limit_ms, idle_limit_ms, beat_ms;
	uint64_t answers[HTTP_STATUS_CLASSES]; /* by the first digit of their status */
	/* Private to client.c. */
	struct loop_timer timer; /* at or before the earliest deadline */
	struct loop_timer news;
	uint64_t round;
	struct http_reader *readers;
	struct http_place places[HTTP_CLIENTS_MAX];
	struct http_client clients[HTTP_CLIENTS_MAX];
};

/* clients is all zero except for loop, site and the limits. 0 or -ENOMEM. Freed with http_clients_free. */
int http_clients_init(struct http_clients *clients);
void http_clients_free(struct http_clients *clients); /* cuts every connection; after a failed init as well */

/* A place for a client from peer. Another client may be cut off to make room. NULL: there is no place. */
struct http_client *http_clients_place(struct http_clients *clients, const struct http_peer *peer);

/*
 * fd, whose connection began at began_ms or later, becomes the client of a place that is free. 0 or -errno; fd is the
 * client's from here on, whatever comes back.
 */
int http_client_begin(struct http_client *client, int fd, const struct http_peer *peer, int64_t began_ms);

void http_clients_checked(struct http_clients *clients); /* the gate has checked a password: ask it again */
void http_clients_news(struct http_clients *clients);    /* listeners hear what is new in the loop's next turn */

/*
 * The site is another one: what listeners know is old. Listeners are cut off where cut_listeners says so; where the wire is
 * another one, so are those between two requests.
 */
void http_clients_renew(struct http_clients *clients, bool cut_listeners, bool other_wire);

/* Tells a client for whom there is no place, as far as it can be told at once, and closes fd. */
void http_client_refuse(int fd);

#endif
