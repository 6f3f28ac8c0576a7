/*
 * Places are counted anew for each question: there are few, and a count that is kept could be wrong. A client that a new
 * one may push out has a rank; 0 means that it stays.
 */
#include "http/places.h"

#define PATIENCE_MS 1000 /* a client this slow makes room when all places are taken */

/* NULL: of every address. */
static size_t places_count(const struct http_place *places, const struct http_peer *peer, bool listeners)
{
	size_t count = 0;
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++)
		count += places[i].phase != HTTP_FREE && (places[i].listener || !listeners) &&
			 (!peer || places[i].peer.network == peer->network);
	return count;
}

static int place_rank(const struct http_place *place, int64_t now_ms)
{
	switch (place->phase) {
	case HTTP_LEAVING:
		return 3;
	case HTTP_IDLE:
		if (place->served)
			return 2;
		__attribute__((fallthrough));
	case HTTP_READING:
	case HTTP_ASKING:
	case HTTP_WRITING:
		return now_ms - place->since_ms >= PATIENCE_MS;
	default:
		return 0;
	}
}

static size_t places_victim(
		const struct http_place *places, const struct http_peer *peer, bool among_own, int64_t now_ms)
{
	size_t victim = HTTP_NO_PLACE;
	int best = 0;
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++) {
		if (among_own && places[i].peer.network != peer->network)
			continue;
		int rank = place_rank(&places[i], now_ms);
		if (rank > best || (rank && rank == best && places[i].since_ms < places[victim].since_ms)) {
			victim = i;
			best = rank;
		}
	}
	return victim;
}

size_t http_places_choose(
		const struct http_place places[static HTTP_CLIENTS_MAX], const struct http_peer *peer, int64_t now_ms)
{
	size_t most = peer->loopback ? HTTP_CLIENTS_MAX : HTTP_CLIENTS_MAX - HTTP_CLIENTS_LOOPBACK;
	bool among_own = !peer->loopback && places_count(places, peer, false) >= HTTP_CLIENTS_OF_ONE;
	if (among_own || http_places_taken(places) >= most)
		return places_victim(places, peer, among_own, now_ms);
	size_t place = 0;
	while (places[place].phase != HTTP_FREE)
		place++;
	return place;
}

bool http_places_may_listen(const struct http_place places[static HTTP_CLIENTS_MAX], const struct http_peer *peer)
{
	return http_places_listening(places) < HTTP_LISTENERS_MAX &&
	       (peer->loopback || places_count(places, peer, true) < HTTP_LISTENERS_OF_ONE);
}

size_t http_places_taken(const struct http_place places[static HTTP_CLIENTS_MAX])
{
	return places_count(places, NULL, false);
}

size_t http_places_listening(const struct http_place places[static HTTP_CLIENTS_MAX])
{
	return places_count(places, NULL, true);
}
