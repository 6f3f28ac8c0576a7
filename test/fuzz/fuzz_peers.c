/*
 * Any bytes as what other agents publish: documents of doors, answers and events, one after the other, by several
 * nodes. The first byte of each message says of whom and what it is, the next two how long it is. Whatever comes, what
 * is to be shown stays within its bounds, can be made a document of, and that document says the same when it is read
 * again.
 */
#include <stdlib.h>
#include <string.h>

#include "documents/documents.h"
#include "peers/peers.h"

#define NODES 6
#define ROOM (256 + PEERS_MAX * DOCUMENT_PEER_MAX + PEERS_DOORS_MAX * DOCUMENT_PEER_DOOR_MAX)

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_text(const char *text, size_t max)
{
	size_t length = strnlen(text, max + 1);
	check(length <= max);
	for (size_t i = 0; i < length; i++)
		check((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
}

static void check_door(const struct peer_door *door)
{
	size_t length = strspn(door->id, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	check(length > 0 && length <= DOOR_ID_MAX && !door->id[length]);
	check_text(door->name, DOOR_NAME_MAX);
	const struct door_view *view = &door->view;
	check(view->state <= DOOR_STOPPED && view->confidence <= DOOR_CONFIDENCE_SENSED);
	check(view->fault <= DOOR_FAULT_LAST && view->source <= DOOR_SOURCE_AUTO_CLOSE);
	check(view->position >= DOOR_POSITION_UNKNOWN && view->position <= 100);
	check(view->last_changed_unix_ms >= 0 && view->last_open_ms >= 0 && view->last_close_ms >= 0);
}

static void check_view(const struct peers_view *view)
{
	static char text[ROOM];
	size_t next = 0;
	check(view->count <= PEERS_MAX && view->door_count <= PEERS_DOORS_MAX);
	for (size_t i = 0; i < view->count; i++) {
		const struct peer_view *peer = &view->peers[i];
		check_text(peer->node, PEER_NODE_MAX);
		check_text(peer->version, PEER_VERSION_MAX);
		check(peer->first == next);
		next += peer->count;
		for (size_t a = peer->first; a < next; a++) {
			check_door(&view->doors[a]);
			for (size_t b = a + 1; b < next; b++)
				check(strcmp(view->doors[a].id, view->doors[b].id) != 0);
		}
	}
	check(next == view->door_count);
	check(document_peers(view, text, sizeof(text)) > 0);
}

/* What was read, written and read again, is the same. */
static void check_again(struct peer_doors *doors)
{
	static char text[DOCUMENT_DOORS_MAX];
	static struct peer_doors again;
	static struct door_view views[DOORS_MAX];
	const struct document_node node = {.topics.node = "shed", .version = doors->version, .broker = "connected"};
	const char *wrong;
	for (size_t i = 0; i < doors->count; i++) {
		views[i] = doors->doors[i].view;
		views[i].id = doors->doors[i].id;
		views[i].name = doors->doors[i].name;
		views[i].settled = true; /* else the sensors are not told */
	}
	ssize_t length = document_doors(&node, views, doors->count, text, sizeof(text));
	check(length > 0 && document_read_doors(text, (size_t)length, &again, &wrong) == 0);
	check(again.count == doors->count && strcmp(again.version, doors->version) == 0);
	for (size_t i = 0; i < doors->count; i++) {
		const struct door_view *a = &doors->doors[i].view, *b = &again.doors[i].view;
		check(strcmp(doors->doors[i].id, again.doors[i].id) == 0);
		check(a->state == b->state && a->confidence == b->confidence && a->fault == b->fault);
		check(a->source == b->source && a->position == b->position && a->cycles == b->cycles);
		check(a->last_changed_unix_ms == b->last_changed_unix_ms && a->last_open_ms == b->last_open_ms);
		check(a->has_stop == b->has_stop && a->open_sensor == b->open_sensor && a->warning == b->warning);
	}
}

static void hear(struct peers *peers, unsigned char head, const char *text, size_t length, int64_t now_ms)
{
	static const char *const nodes[NODES] = {"shed", "gate", "barn", "garage", "n o", ""};
	static struct peer_doors doors;
	const char *node = nodes[head % NODES], *wrong = NULL;
	enum door_command command;
	enum door_result result;
	enum door_reason reason;
	uint64_t ticket;
	switch (head / NODES % 6) {
	case 0:
	case 1:
		if (document_read_doors(text, length, &doors, &wrong) == 0) {
			check_again(&doors);
			peers_doors(peers, node, &doors, head & 0x80, now_ms);
		} else {
			check(wrong && *wrong);
			peers_doors(peers, node, NULL, false, now_ms);
		}
		break;
	case 2:
		peers_availability(peers, node, (enum peer_availability)(length % 3), now_ms);
		break;
	case 3:
		if (peers_command(peers, node, length ? "left" : "right", DOOR_COMMAND_OPEN, now_ms, &ticket) == 0 &&
				document_read_result(text, length, NULL, &result, &reason) == 0)
			peers_answer(peers, ticket, result, reason, now_ms);
		break;
	case 4:
		if (document_read_result(text, length, &command, &result, &reason) == 0)
			peers_news(peers, node, "left", command, result, reason, now_ms);
		break;
	case 5:
		if (length == 0)
			peers_disconnected(peers, now_ms);
		else
			peers_forget_doors(peers, node);
		break;
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t left)
{
	static const char *const named[] = {"shed", "gate", "garage"};
	struct peers_config config = {.own_node = "garage", .nodes = named, .seed = 7};
	struct peers *peers;
	int64_t now_ms = 1;
	if (left < 1)
		return 0;
	config.node_count = bytes[0] & 1 ? 3 : 0;
	if (peers_new(&config, &peers) != 0)
		return 0;
	for (bytes++, left--; left >= 3; now_ms += 700) {
		size_t length = (size_t)bytes[1] << 8 | bytes[2];
		unsigned char head = bytes[0];
		bytes += 3;
		left -= 3;
		length = length < left ? length : left;
		hear(peers, head, (const char *)bytes, length, now_ms);
		bytes += length;
		left -= length;
		check(peers_time(peers, now_ms) > now_ms);
		check_view(peers_view(peers));
	}
	peers_free(peers);
	return 0;
}
