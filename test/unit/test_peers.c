#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "peers/peers.h"
#include "tap.h"

static const char *const named[] = {"shed", "garage", "gate"};
static struct peers *peers;
static struct peer_doors doors;

static void begin(size_t named_count)
{
	const struct peers_config config = {
			.own_node = "garage", .nodes = named, .node_count = named_count, .seed = 100};
	peers_free(peers);
	CHECK(peers_new(&config, &peers) == 0);
}

/* The node tells of count doors, d0 and on. */
static bool tell(const char *node, size_t count, bool live)
{
	doors = (struct peer_doors){.version = "1", .count = count};
	for (size_t i = 0; i < count; i++)
		snprintf(doors.doors[i].id, sizeof(doors.doors[i].id), "d%zu", i);
	return peers_doors(peers, node, &doors, live, 1000);
}

static const struct peer_view *peer(const char *node)
{
	const struct peers_view *view = peers_view(peers);
	for (size_t i = 0; i < view->count; i++)
		if (strcmp(view->peers[i].node, node) == 0)
			return &view->peers[i];
	return NULL;
}

static const struct peer_door *door(const char *node, size_t index)
{
	return &peers_view(peers)->doors[peer(node)->first + index];
}

static void test_named(void)
{
	tap_case("named peers are there from the beginning, in their order and without our own");
	begin(3);
	const struct peers_view *view = peers_view(peers);
	CHECK(view->count == 2 && strcmp(view->peers[0].node, "shed") == 0 && strcmp(view->peers[1].node, "gate") == 0);
	CHECK(peer("shed")->availability == PEER_UNKNOWN && !peer("shed")->told && peer("shed")->understood);
	CHECK(!tell("barn", 1, true) && !tell("garage", 1, true) && peers_view(peers)->count == 2);
	peers_availability(peers, "barn", PEER_ONLINE, 1);
	CHECK(peers_view(peers)->count == 2);

	tap_case("doors follow their peer, whoever told first");
	uint64_t before = peers_view(peers)->changes;
	CHECK(tell("gate", 2, false) && tell("shed", 3, false));
	CHECK(peers_view(peers)->changes > before && peers_view(peers)->changes == peers_view(peers)->changes);
	CHECK(peers_view(peers)->door_count == 5 && peer("shed")->first == 0 && peer("shed")->count == 3);
	CHECK(peer("gate")->first == 3 && strcmp(door("gate", 1)->id, "d1") == 0);
	CHECK(door("gate", 1)->view.id == door("gate", 1)->id && door("gate", 1)->view.name == door("gate", 1)->name);
	CHECK(strcmp(peer("shed")->version, "1") == 0 && peer("shed")->told);

	tap_case("what is not understood leaves the doors of before");
	CHECK(peers_doors(peers, "shed", NULL, false, 1) && !peer("shed")->understood && peer("shed")->count == 3);
	CHECK(tell("shed", 1, false) && peer("shed")->understood && peer("shed")->count == 1);
	peers_forget_doors(peers, "shed");
	CHECK(peer("shed")->count == 0 && !peer("shed")->told && peer("gate")->count == 2);
}

static void test_availability(void)
{
	tap_case("availability, and since when where it was seen to change");
	begin(3);
	peers_availability(peers, "shed", PEER_OFFLINE, 1000);
	CHECK(peer("shed")->availability == PEER_OFFLINE && peer("shed")->since_unix_ms == 0);
	peers_availability(peers, "shed", PEER_ONLINE, 2000);
	CHECK(peer("shed")->availability == PEER_ONLINE && peer("shed")->since_unix_ms == 2000);
	peers_availability(peers, "shed", PEER_ONLINE, 3000);
	CHECK(peer("shed")->since_unix_ms == 2000);
	peers_disconnected(peers, 4000);
	CHECK(peer("shed")->availability == PEER_UNKNOWN && peer("shed")->since_unix_ms == 4000);
	CHECK(peer("gate")->since_unix_ms == 0);

	tap_case("who tells just now is there; what was kept says nothing of it");
	CHECK(tell("gate", 1, false) && peer("gate")->availability == PEER_UNKNOWN);
	CHECK(tell("gate", 1, true) && peer("gate")->availability == PEER_ONLINE);
}

static void test_all(void)
{
	char node[16];
	tap_case("everybody who tells of doors, by name, within bounds");
	begin(0);
	peers_availability(peers, "quiet", PEER_ONLINE, 1);
	CHECK(peers_view(peers)->count == 0);
	CHECK(tell("m", 1, false) && tell("z", 1, false) && tell("b", 2, false) && !tell("garage", 1, true));
	CHECK(!tell("A", 1, true) && !tell("", 1, true) && !tell("a/b", 1, true));
	CHECK(peers_view(peers)->count == 3 && strcmp(peers_view(peers)->peers[0].node, "b") == 0);
	CHECK(peer("b")->first == 0 && peer("m")->first == 2 && peer("z")->first == 3);
	CHECK(tell("quiet", 0, false) && peer("quiet")->availability == PEER_ONLINE);

	tap_case("who is gone and told nothing makes room, nobody else does");
	begin(0);
	for (int i = 0; i < PEERS_MAX; i++) {
		snprintf(node, sizeof(node), "n%02d", i);
		peers_availability(peers, node, i == 5 ? PEER_OFFLINE : PEER_ONLINE, 1);
	}
	CHECK(tell("n04", 1, false) && tell("n06", 2, false));
	CHECK(tell("late", 3, true) && peer("late")->count == 3 && peer("n04")->count == 1 && peer("n06")->count == 2);
	CHECK(!tell("later", 1, true) && peers_view(peers)->count == 3);
	peers_availability(peers, "n05", PEER_ONLINE, 1);
	CHECK(!tell("n05", 1, true));

	tap_case("who finds no room is counted once, until it is forgotten or finds room");
	CHECK(peers_left_out(peers) == 2 && peers_view(peers)->left_out == 2); /* later, n05 */
	CHECK(!tell("later", 2, true) && !tell("A", 1, true) && !tell("garage", 1, true));
	CHECK(peers_left_out(peers) == 2);
	uint64_t changes = peers_view(peers)->changes;
	peers_forget_doors(peers, "later");
	CHECK(peers_left_out(peers) == 1 && peers_view(peers)->left_out == 1 && peers_view(peers)->changes > changes);
	peers_availability(peers, "n10", PEER_OFFLINE, 1);
	CHECK(tell("n05", 1, true) && peers_left_out(peers) == 0 && peers_view(peers)->left_out == 0);
	for (int i = 0; i < 2 * PEERS_MAX; i++) {
		snprintf(node, sizeof(node), "more%d", i);
		CHECK(!tell(node, 1, true));
	}
	CHECK(peers_view(peers)->left_out == PEERS_MAX);
	begin(2);
	CHECK(!tell("stranger", 1, true) && peers_left_out(peers) == 0);
}

static void test_room(void)
{
	tap_case("64 doors of all together; the rest is counted, and is that of the peer that has most");
	begin(3);
	CHECK(tell("shed", 60, false) && tell("gate", 10, false));
	CHECK(peer("gate")->count == 10 && peer("gate")->left_out == 0 && peers_view(peers)->door_count == 64);
	CHECK(peer("shed")->count == 54 && peer("shed")->left_out == 6 && strcmp(door("shed", 53)->id, "d53") == 0);
	for (size_t i = 0; i < 10; i++)
		CHECK(door("gate", i)->id[1] == (char)('0' + i));
	doors.left_out = 3;
	CHECK(peers_doors(peers, "gate", &doors, false, 1) && peer("gate")->left_out == 3);
	CHECK(tell("shed", 64, false) && peer("shed")->count == 54 && peer("shed")->left_out == 10);
	CHECK(tell("gate", 64, false) && peer("gate")->count == 32 && peer("gate")->left_out == 32);
	CHECK(peer("shed")->count == 32 && peer("shed")->left_out == 32 && peers_view(peers)->door_count == 64);
	CHECK(tell("shed", 2, false) && tell("gate", 10, false) && peer("gate")->count == 10 &&
			!peer("gate")->left_out);
	CHECK(strcmp(door("gate", 9)->id, "d9") == 0);
}

static uint64_t next_ticket;

static uint64_t drawn(void)
{
	return next_ticket;
}

static void test_tickets(void)
{
	uint64_t ticket = 0;
	tap_case("a ticket is the one that was drawn");
	peers_free(peers);
	const struct peers_config config = {
			.own_node = "garage", .nodes = named, .node_count = 3, .seed = 100, .ticket = drawn};
	CHECK(peers_new(&config, &peers) == 0 && tell("gate", 2, true));
	next_ticket = 0x1234;
	CHECK(peers_command(peers, "gate", "d0", DOOR_COMMAND_OPEN, 0, &ticket) == 0 && ticket == 0x1234);
	next_ticket = 0x77;
	CHECK(peers_command(peers, "gate", "d1", DOOR_COMMAND_OPEN, 0, &ticket) == 0 && ticket == 0x77);
	peers_answer(peers, 0x1235, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 1);
	CHECK(door("gate", 1)->outcome == PEER_OUTCOME_SENT);
}

static void test_commands(void)
{
	uint64_t ticket = 0, second = 0;
	tap_case("a command may be sent to a door of a peer that is there and understood");
	begin(3);
	CHECK(peers_command(peers, "shed", "d0", DOOR_COMMAND_OPEN, 0, &ticket) == -ENOENT);
	tell("shed", 2, false);
	CHECK(peers_command(peers, "shed", "d2", DOOR_COMMAND_OPEN, 0, &ticket) == -ENOENT);
	CHECK(peers_command(peers, "barn", "d0", DOOR_COMMAND_OPEN, 0, &ticket) == -ENOENT);
	CHECK(peers_command(peers, "shed", "d0", DOOR_COMMAND_OPEN, 0, &ticket) == -EHOSTUNREACH);
	CHECK(door("shed", 0)->outcome == PEER_OUTCOME_NOT_SENT);
	peers_availability(peers, "shed", PEER_OFFLINE, 1);
	CHECK(peers_command(peers, "shed", "d0", DOOR_COMMAND_OPEN, 0, &ticket) == -EHOSTUNREACH);
	peers_availability(peers, "shed", PEER_ONLINE, 1);
	peers_doors(peers, "shed", NULL, false, 1);
	CHECK(peers_command(peers, "shed", "d0", DOOR_COMMAND_OPEN, 0, &ticket) == -EPROTO);
	tell("shed", 2, false);
	CHECK(peers_command(peers, "shed", "d0", DOOR_COMMAND_OPEN, 1000, &ticket) == 0 && ticket == 101);
	CHECK(door("shed", 0)->outcome == PEER_OUTCOME_SENT && door("shed", 1)->outcome == PEER_OUTCOME_NONE);

	tap_case("its answer counts once, and only by its ticket");
	peers_answer(peers, 0, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 2000);
	peers_answer(peers, ticket + 1, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 2000);
	CHECK(door("shed", 0)->outcome == PEER_OUTCOME_SENT);
	peers_answer(peers, ticket, DOOR_RESULT_REJECTED, DOOR_REASON_BUSY, 2000);
	CHECK(door("shed", 0)->outcome == PEER_OUTCOME_REJECTED && door("shed", 0)->reason == DOOR_REASON_BUSY);
	peers_answer(peers, ticket, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 2000);
	CHECK(door("shed", 0)->outcome == PEER_OUTCOME_REJECTED);

	tap_case("it is told for half a minute, and outlives what is told of the door meanwhile");
	tell("shed", 2, false);
	CHECK(door("shed", 0)->outcome == PEER_OUTCOME_REJECTED && door("shed", 0)->command == DOOR_COMMAND_OPEN);
	CHECK(peers_time(peers, 2001) == 2000 + PEERS_OUTCOME_MS);
	CHECK(peers_time(peers, 2000 + PEERS_OUTCOME_MS) == INT64_MAX && door("shed", 0)->outcome == PEER_OUTCOME_NONE);

	tap_case("no answer in time is told, too; a later command takes the place of the one before");
	CHECK(peers_command(peers, "shed", "d1", DOOR_COMMAND_OPEN, 50000, &ticket) == 0);
	CHECK(peers_command(peers, "shed", "d1", DOOR_COMMAND_CLOSE, 51000, &second) == 0 && second != ticket);
	peers_answer(peers, ticket, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 51000);
	CHECK(door("shed", 1)->outcome == PEER_OUTCOME_SENT && door("shed", 1)->command == DOOR_COMMAND_CLOSE);
	CHECK(peers_time(peers, 51000) == 51000 + PEERS_ANSWER_MS);
	CHECK(peers_time(peers, 51000 + PEERS_ANSWER_MS) == 51000 + PEERS_ANSWER_MS + PEERS_OUTCOME_MS);
	CHECK(door("shed", 1)->outcome == PEER_OUTCOME_UNANSWERED);
	CHECK(peers_command(peers, "shed", "d1", DOOR_COMMAND_CLOSE, 90000, &second) == 0);
	peers_not_sent(peers, second, 90000);
	CHECK(door("shed", 1)->outcome == PEER_OUTCOME_NOT_SENT);

	tap_case("the door's own news of the same command, where no answers come");
	CHECK(peers_command(peers, "shed", "d1", DOOR_COMMAND_STOP, 95000, &second) == 0);
	peers_news(peers, "shed", "d1", DOOR_COMMAND_OPEN, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 95000);
	peers_news(peers, "shed", "d0", DOOR_COMMAND_STOP, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 95000);
	peers_news(peers, "gate", "d1", DOOR_COMMAND_STOP, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 95000);
	CHECK(door("shed", 1)->outcome == PEER_OUTCOME_SENT);
	peers_news(peers, "shed", "d1", DOOR_COMMAND_STOP, DOOR_RESULT_UNCHANGED, DOOR_REASON_NONE, 95000);
	CHECK(door("shed", 1)->outcome == PEER_OUTCOME_UNCHANGED);
}

int main(void)
{
	test_named();
	test_availability();
	test_all();
	test_room();
	test_tickets();
	test_commands();
	peers_free(peers);
	return tap_done();
}
