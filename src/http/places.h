/*
 * Which client may have a place: there are HTTP_CLIENTS_MAX, some are kept for the loopback, and no other address has
 * more than its share. Pure: looks at the places, changes nothing.
 */
#ifndef PORTCULLIS_HTTP_PLACES_H
#define PORTCULLIS_HTTP_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/guard.h"
#include "http/http.h"
#include "http/phase.h"

struct http_place {
	enum http_phase phase; /* HTTP_FREE: the rest says nothing */
	bool served;           /* at least one answer */
	bool listener;         /* to events */
	int64_t since_ms;      /* of the request, or of being idle or leaving */
	struct http_peer peer;
};

#define HTTP_NO_PLACE SIZE_MAX

/*
 * The place for a new client from peer: a free one, or one whose client is to be dropped for it, or HTTP_NO_PLACE. A client
 * that is leaving is dropped first, then one that is idle after an answer, then a slow one; of two such clients, the one
 * that has been so for longer. An address that has its share makes room among its own clients.
 */
size_t http_places_choose(
		const struct http_place places[static HTTP_CLIENTS_MAX], const struct http_peer *peer, int64_t now_ms);

/* Is there room for one more listener, from peer? */
bool http_places_may_listen(const struct http_place places[static HTTP_CLIENTS_MAX], const struct http_peer *peer);

size_t http_places_taken(const struct http_place places[static HTTP_CLIENTS_MAX]);
size_t http_places_listening(const struct http_place places[static HTTP_CLIENTS_MAX]);

#endif
