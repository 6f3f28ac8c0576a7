/*
 * Two tables: entries, one an agent, and slots, one a door, which names its agent's entry by number. So an entry that
 * comes between others renumbers the slots after it. What is shown is put together from both when somebody asks, if
 * something has changed.
 */
#include "peers/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY UINT8_MAX

struct entry {
	bool used;
	struct peer_view view; /* first and count are not kept here */
};

/* A door of the entry with the number peer; the slots of one peer are in the order of its doors. */
struct slot {
	uint8_t peer;
	struct peer_door door;
	uint64_t ticket; /* 0: no answer is awaited */
	int64_t until_ms;
};

struct peers {
	bool all;
	char own_node[PEER_NODE_MAX + 1];
	struct entry entries[PEERS_MAX]; /* the named ones in their order, else by name */
	struct slot slots[PEERS_DOORS_MAX];
	char left_out[PEERS_MAX][PEER_NODE_MAX + 1]; /* nodes without a place, the first left_out_count */
	size_t left_out_count;
	uint64_t tickets;
	uint64_t (*ticket)(void);
	bool changed;
	struct peers_view view;
};

static bool is_node(const char *node)
{
	size_t length = strspn(node, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return length > 0 && length <= PEER_NODE_MAX && node[length] == '\0';
}

static void keep_text(char *copy, size_t size, const char *text)
{
	size_t length = strnlen(text, size - 1);
	memmove(copy, text, length);
	copy[length] = '\0';
}

int peers_new(const struct peers_config *config, struct peers **out)
{
	struct peers *peers = calloc(1, sizeof(*peers));
	if (!peers)
		return -ENOMEM;
	peers->all = config->node_count == 0;
	peers->tickets = peers->view.changes = config->seed;
	peers->ticket = config->ticket;
	peers->changed = true;
	keep_text(peers->own_node, sizeof(peers->own_node), config->own_node);
	for (size_t i = 0; i < PEERS_DOORS_MAX; i++)
		peers->slots[i].peer = NOBODY;
	for (size_t i = 0, used = 0; i < config->node_count && used < PEERS_NAMED_MAX; i++) {
		if (strcmp(config->nodes[i], config->own_node) == 0)
			continue;
		struct entry *entry = &peers->entries[used++];
		entry->used = entry->view.understood = true;
		keep_text(entry->view.node, sizeof(entry->view.node), config->nodes[i]);
	}
	*out = peers;
	return 0;
}

void peers_free(struct peers *peers)
{
	free(peers);
}

static void renew_view(struct peers *peers)
{
	struct peers_view *view = &peers->view;
	view->count = view->door_count = 0;
	view->left_out = peers->left_out_count;
	view->changes++;
	for (size_t i = 0; i < PEERS_MAX; i++) {
		const struct entry *entry = &peers->entries[i];
		if (!entry->used || (peers->all && !entry->view.told))
			continue;
		struct peer_view *peer = &view->peers[view->count++];
		*peer = entry->view;
		peer->first = view->door_count;
		for (size_t j = 0; j < PEERS_DOORS_MAX; j++)
			if (peers->slots[j].peer == i)
				view->doors[view->door_count++] = peers->slots[j].door;
		peer->count = view->door_count - peer->first;
	}
	for (size_t i = 0; i < view->door_count; i++) {
		view->doors[i].view.id = view->doors[i].id;
		view->doors[i].view.name = view->doors[i].name;
	}
	peers->changed = false;
}

const struct peers_view *peers_view(struct peers *peers)
{
	if (peers->changed)
		renew_view(peers);
	return &peers->view;
}

static struct entry *find_peer(struct peers *peers, const char *node)
{
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (peers->entries[i].used && strcmp(peers->entries[i].view.node, node) == 0)
			return &peers->entries[i];
	return NULL;
}

static void free_slots(struct peers *peers, size_t peer)
{
	for (size_t i = 0; i < PEERS_DOORS_MAX; i++)
		if (peers->slots[i].peer == peer)
			peers->slots[i] = (struct slot){.peer = NOBODY};
}

static void forget_left_out(struct peers *peers, const char *node)
{
	for (size_t i = 0; i < peers->left_out_count; i++) {
		if (strcmp(peers->left_out[i], node) != 0)
			continue;
		peers->left_out_count--;
		memmove(peers->left_out[i], peers->left_out[peers->left_out_count], sizeof(peers->left_out[i]));
		peers->changed = true;
		return;
	}
}

static void note_left_out(struct peers *peers, const char *node)
{
	for (size_t i = 0; i < peers->left_out_count; i++)
		if (strcmp(peers->left_out[i], node) == 0)
			return;
	if (peers->left_out_count == PEERS_MAX)
		return;
	keep_text(peers->left_out[peers->left_out_count++], sizeof(peers->left_out[0]), node);
	peers->changed = true;
}

size_t peers_left_out(const struct peers *peers)
{
	return peers->left_out_count;
}

static bool may_follow(const struct peers *peers, const char *node)
{
	return peers->all && is_node(node) && strcmp(node, peers->own_node) != 0;
}

/* Where everybody is followed: the place of a new one, by name. Who told of no door and is not there makes room. */
static struct entry *add_entry(struct peers *peers, const char *node)
{
	size_t count = 0, place = 0;
	if (!may_follow(peers, node))
		return NULL;
	while (count < PEERS_MAX && peers->entries[count].used)
		count++;
	for (size_t i = 0; count == PEERS_MAX && i < PEERS_MAX; i++) {
		const struct peer_view *view = &peers->entries[i].view;
		if (view->told || view->availability == PEER_ONLINE)
			continue;
		memmove(&peers->entries[i], &peers->entries[i + 1], (--count - i) * sizeof(peers->entries[0]));
		for (size_t j = 0; j < PEERS_DOORS_MAX; j++)
			peers->slots[j].peer -= peers->slots[j].peer != NOBODY && peers->slots[j].peer > i;
	}
	if (count == PEERS_MAX)
		return NULL;
	while (place < count && strcmp(peers->entries[place].view.node, node) < 0)
		place++;
	memmove(&peers->entries[place + 1], &peers->entries[place], (count - place) * sizeof(peers->entries[0]));
	for (size_t j = 0; j < PEERS_DOORS_MAX; j++)
		peers->slots[j].peer += peers->slots[j].peer != NOBODY && peers->slots[j].peer >= place;
	struct entry *entry = &peers->entries[place];
	*entry = (struct entry){.used = true, .view = {.understood = true}};
	forget_left_out(peers, node);
	keep_text(entry->view.node, sizeof(entry->view.node), node);
	return entry;
}

static void set_availability(
		struct peers *peers, struct entry *entry, enum peer_availability availability, int64_t unix_ms)
{
	if (entry->view.availability == availability)
		return;
	/* What was not known before may have been so for long. */
	entry->view.since_unix_ms =
			entry->view.availability != PEER_UNKNOWN || availability == PEER_UNKNOWN ? unix_ms : 0;
	entry->view.availability = availability;
	peers->changed = true;
}

void peers_disconnected(struct peers *peers, int64_t unix_ms)
{
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (peers->entries[i].used)
			set_availability(peers, &peers->entries[i], PEER_UNKNOWN, unix_ms);
}

void peers_availability(struct peers *peers, const char *node, enum peer_availability availability, int64_t unix_ms)
{
	struct entry *entry = find_peer(peers, node);
	if (!entry && availability != PEER_UNKNOWN)
		entry = add_entry(peers, node);
	if (entry)
		set_availability(peers, entry, availability, unix_ms);
}

/* The commands that are under way outlive what is told of their door. */
static void keep_outcome(struct slot *slot, const struct slot *old, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(old[i].door.id, slot->door.id) != 0)
			continue;
		slot->ticket = old[i].ticket;
		slot->until_ms = old[i].until_ms;
		slot->door.command = old[i].door.command;
		slot->door.outcome = old[i].door.outcome;
		slot->door.reason = old[i].door.reason;
	}
}

static size_t take_slots(struct peers *peers, size_t peer, struct slot old[static PEERS_DOORS_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i < PEERS_DOORS_MAX; i++)
		if (peers->slots[i].peer == peer)
			old[count++] = peers->slots[i];
	free_slots(peers, peer);
	return count;
}

/* Frees so many places for one peer's doors as there are and as is fair: from the end of who has most, and more. */
static void make_room(struct peers *peers, size_t wanted)
{
	size_t counts[PEERS_MAX] = {0}, room = 0;
	for (size_t i = 0; i < PEERS_DOORS_MAX; i++)
		if (peers->slots[i].peer == NOBODY)
			room++;
		else
			counts[peers->slots[i].peer]++;
	for (size_t most = 0; room < wanted; room++, most = 0) {
		size_t last = 0;
		for (size_t i = 1; i < PEERS_MAX; i++)
			if (counts[i] > counts[most])
				most = i;
		if (counts[most] <= room + 1)
			return;
		for (size_t i = 0; i < PEERS_DOORS_MAX; i++)
			if (peers->slots[i].peer == most)
				last = i;
		peers->slots[last] = (struct slot){.peer = NOBODY};
		peers->entries[most].view.left_out++;
		counts[most]--;
	}
}

bool peers_doors(struct peers *peers, const char *node, const struct peer_doors *doors, bool live, int64_t unix_ms)
{
	struct slot old[PEERS_DOORS_MAX];
	struct entry *entry = find_peer(peers, node);
	entry = entry ? entry : add_entry(peers, node);
	if (!entry) {
		if (may_follow(peers, node))
			note_left_out(peers, node);
		return false;
	}
	size_t peer = (size_t)(entry - peers->entries), next = 0, taken = 0;
	peers->changed = true;
	if (live)
		set_availability(peers, entry, PEER_ONLINE, unix_ms);
	entry->view.told = true;
	entry->view.understood = doors;
	if (!doors)
		return true;
	size_t old_count = take_slots(peers, peer, old);
	keep_text(entry->view.version, sizeof(entry->view.version), doors->version);
	make_room(peers, doors->count);
	for (; taken < doors->count; taken++) {
		while (next < PEERS_DOORS_MAX && peers->slots[next].peer != NOBODY)
			next++;
		if (next == PEERS_DOORS_MAX)
			break;
		struct slot *slot = &peers->slots[next];
		*slot = (struct slot){.peer = (uint8_t)peer, .door = doors->doors[taken]};
		keep_outcome(slot, old, old_count);
	}
	entry->view.left_out = doors->left_out + doors->count - taken;
	return true;
}

void peers_forget_doors(struct peers *peers, const char *node)
{
	struct entry *entry = find_peer(peers, node);
	forget_left_out(peers, node);
	if (!entry)
		return;
	free_slots(peers, (size_t)(entry - peers->entries));
	entry->view.told = false;
	entry->view.understood = true;
	entry->view.left_out = 0;
	entry->view.version[0] = '\0';
	peers->changed = true;
}

static void end(struct peers *peers, struct slot *slot, enum peer_outcome outcome, enum door_reason reason,
		int64_t now_ms)
{
	slot->ticket = 0;
	slot->until_ms = now_ms + PEERS_OUTCOME_MS;
	slot->door.outcome = outcome;
	slot->door.reason = reason;
	peers->changed = true;
}

static struct slot *find_slot(struct peers *peers, const char *node, const char *door)
{
	const struct entry *entry = find_peer(peers, node);
	for (size_t i = 0; entry && i < PEERS_DOORS_MAX; i++) {
		struct slot *slot = &peers->slots[i];
		if (slot->peer == entry - peers->entries && strcmp(slot->door.id, door) == 0)
			return slot;
	}
	return NULL;
}

static struct slot *find_ticket(struct peers *peers, uint64_t ticket)
{
	for (size_t i = 0; ticket && i < PEERS_DOORS_MAX; i++)
		if (peers->slots[i].peer != NOBODY && peers->slots[i].ticket == ticket)
			return &peers->slots[i];
	return NULL;
}

int peers_command(struct peers *peers, const char *node, const char *door, enum door_command command, int64_t now_ms,
		uint64_t *ticket)
{
	struct slot *slot = find_slot(peers, node, door);
	if (!slot)
		return -ENOENT;
	const struct peer_view *peer = &peers->entries[slot->peer].view;
	slot->door.command = command;
	if (peer->availability != PEER_ONLINE || !peer->understood) {
		end(peers, slot, PEER_OUTCOME_NOT_SENT, DOOR_REASON_NONE, now_ms);
		return peer->availability != PEER_ONLINE ? -EHOSTUNREACH : -EPROTO;
	}
	end(peers, slot, PEER_OUTCOME_SENT, DOOR_REASON_NONE, now_ms);
	slot->until_ms = now_ms + PEERS_ANSWER_MS;
	do
		slot->ticket = peers->ticket ? peers->ticket() : ++peers->tickets;
	while (slot->ticket == 0);
	*ticket = slot->ticket;
	return 0;
}

void peers_not_sent(struct peers *peers, uint64_t ticket, int64_t now_ms)
{
	struct slot *slot = find_ticket(peers, ticket);
	if (slot)
		end(peers, slot, PEER_OUTCOME_NOT_SENT, DOOR_REASON_NONE, now_ms);
}

static enum peer_outcome outcome_of(enum door_result result)
{
	return result == DOOR_RESULT_ACCEPTED    ? PEER_OUTCOME_ACCEPTED
	       : result == DOOR_RESULT_UNCHANGED ? PEER_OUTCOME_UNCHANGED
						 : PEER_OUTCOME_REJECTED;
}

void peers_answer(
		struct peers *peers, uint64_t ticket, enum door_result result, enum door_reason reason, int64_t now_ms)
{
	struct slot *slot = find_ticket(peers, ticket);
	if (slot)
		end(peers, slot, outcome_of(result), reason, now_ms);
}

void peers_news(struct peers *peers, const char *node, const char *door, enum door_command command,
		enum door_result result, enum door_reason reason, int64_t now_ms)
{
	struct slot *slot = find_slot(peers, node, door);
	if (slot && slot->ticket && slot->door.command == command)
		end(peers, slot, outcome_of(result), reason, now_ms);
}

int64_t peers_time(struct peers *peers, int64_t now_ms)
{
	int64_t next_ms = INT64_MAX;
	for (size_t i = 0; i < PEERS_DOORS_MAX; i++) {
		struct slot *slot = &peers->slots[i];
		if (slot->peer == NOBODY || slot->door.outcome == PEER_OUTCOME_NONE)
			continue;
		if (slot->until_ms <= now_ms && slot->ticket) {
			end(peers, slot, PEER_OUTCOME_UNANSWERED, DOOR_REASON_NONE, now_ms);
		} else if (slot->until_ms <= now_ms) {
			slot->door.outcome = PEER_OUTCOME_NONE;
			peers->changed = true;
			continue;
		}
		next_ms = slot->until_ms < next_ms ? slot->until_ms : next_ms;
	}
	return next_ms;
}
