/* Who may have a place: shares, the loopback's reserve, and whom a new client pushes out. */
#include "http/places.h"

#include <string.h>

#include "tap.h"

#define NOW 100000

static struct http_place places[HTTP_CLIENTS_MAX];

static struct http_peer from(uint64_t network)
{
	return (struct http_peer){.network = network, .loopback = network == 0};
}

/* All places from first on, up to end. */
static void fill(size_t first, size_t end, enum http_phase phase, uint64_t network, int64_t since_ms)
{
	for (size_t i = first; i < end; i++)
		places[i] = (struct http_place){.phase = phase, .since_ms = since_ms, .peer = from(network)};
}

static void clear(void)
{
	memset(places, 0, sizeof(places));
}

static size_t choose(uint64_t network)
{
	struct http_peer peer = from(network);
	return http_places_choose(places, &peer, NOW);
}

static bool may_listen(uint64_t network)
{
	struct http_peer peer = from(network);
	return http_places_may_listen(places, &peer);
}

static void test_places(void)
{
	const size_t outside = HTTP_CLIENTS_MAX - HTTP_CLIENTS_LOOPBACK;
	tap_case("a free place is taken before anybody is pushed out");
	clear();
	fill(0, 3, HTTP_LEAVING, 1, 0);
	CHECK(choose(1) == 3 && http_places_taken(places) == 3);

	tap_case("an address has its share, and makes room among its own");
	clear();
	fill(0, HTTP_CLIENTS_OF_ONE, HTTP_WRITING, 1, NOW);
	places[HTTP_CLIENTS_MAX - 1] = (struct http_place){.phase = HTTP_LEAVING, .peer = from(2)};
	CHECK(choose(1) == HTTP_NO_PLACE && choose(2) == HTTP_CLIENTS_OF_ONE);
	places[7].since_ms = NOW - 1000;
	CHECK(choose(1) == 7);

	tap_case("the loopback has no share, and places of its own");
	clear();
	fill(0, HTTP_CLIENTS_OF_ONE, HTTP_WRITING, 1, NOW);
	fill(HTTP_CLIENTS_OF_ONE, outside, HTTP_WRITING, 0, NOW);
	CHECK(choose(2) == HTTP_NO_PLACE && choose(0) == outside);
	fill(outside, HTTP_CLIENTS_MAX, HTTP_WRITING, 0, NOW);
	CHECK(choose(0) == HTTP_NO_PLACE);

	tap_case("who leaves goes first, then who is idle, then who is slow; the longest so among equals");
	places[20].since_ms = NOW - 1001;
	places[21].since_ms = NOW - 1002;
	CHECK(choose(0) == 21);
	places[30] = (struct http_place){.phase = HTTP_IDLE, .served = true, .since_ms = NOW, .peer = from(1)};
	CHECK(choose(0) == 30);
	places[31] = (struct http_place){.phase = HTTP_LEAVING, .since_ms = NOW, .peer = from(1)};
	CHECK(choose(0) == 31);

	tap_case("a listener, and one who has just come, stay");
	fill(0, HTTP_CLIENTS_MAX, HTTP_LISTENING, 0, 0);
	CHECK(choose(0) == HTTP_NO_PLACE);
	places[5] = (struct http_place){.phase = HTTP_IDLE, .since_ms = NOW - 999, .peer = from(0)};
	CHECK(choose(0) == HTTP_NO_PLACE);
	places[5].since_ms--;
	CHECK(choose(0) == 5);
}

static void test_listeners(void)
{
	tap_case("listeners: a share for each address, none for the loopback, and a bound for all");
	clear();
	fill(0, HTTP_LISTENERS_OF_ONE, HTTP_LISTENING, 1, 0);
	CHECK(may_listen(1)); /* clients that do not listen do not count */
	for (size_t i = 0; i < HTTP_LISTENERS_OF_ONE; i++)
		places[i].listener = true;
	CHECK(!may_listen(1) && may_listen(2) && may_listen(0));
	CHECK(http_places_listening(places) == HTTP_LISTENERS_OF_ONE);
	for (size_t i = 0; i < HTTP_LISTENERS_OF_ONE; i++)
		places[i].peer = from(0);
	CHECK(may_listen(0));
	fill(HTTP_LISTENERS_OF_ONE, HTTP_LISTENERS_MAX, HTTP_WRITING, 0, 0);
	for (size_t i = 0; i < HTTP_LISTENERS_MAX; i++)
		places[i].listener = true;
	CHECK(!may_listen(2) && !may_listen(0));
	places[0].phase = HTTP_FREE;
	CHECK(may_listen(2));
}

int main(void)
{
	test_places();
	test_listeners();
	return tap_done();
}
