/*
 * Other agents' doors: what the broker has told of them, and what has become of the commands sent to them from here.
 *
 * Pure state of a fixed size: knows neither MQTT nor JSON, and time is an argument. A peer is there while its
 * availability says so; without a connection of our own nobody knows. What was last told of a peer's doors is kept
 * while it is away. Nothing that is told here is trusted: names are checked, and everything has a bound.
 */
#ifndef PORTCULLIS_PEERS_PEERS_H
#define PORTCULLIS_PEERS_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "door/types.h"

#define PEERS_ANSWER_MS 10000  /* a command that is not answered until then has expired on its way, too */
#define PEERS_OUTCOME_MS 30000 /* so long is it told how a command ended */

struct peers_config {
	const char *own_node;     /* never a peer */
	const char *const *nodes; /* copied */
	size_t node_count;        /* at most PEERS_NAMED_MAX; 0: whoever tells of doors, up to PEERS_MAX */
	uint64_t seed;            /* of changes: random, so that no former ones are taken for them */
	/* A ticket of its own for each command: who sees one, a peer, knows none of another's. NULL: they are counted
	 * from seed on, which is for tests. */
	uint64_t (*ticket)(void);
};

struct peers;

/* One allocation, the last. 0 or -ENOMEM. */
int peers_new(const struct peers_config *config, struct peers **peers);
void peers_free(struct peers *peers); /* takes NULL */

/* What is to be shown. Lives as long as peers, and changes with the next call of another function. */
const struct peers_view *peers_view(struct peers *peers);

/* Our own connection to the broker is lost: what is true of the peers is not known any more. */
void peers_disconnected(struct peers *peers, int64_t unix_ms);

/* Availability, as its topic says; PEER_UNKNOWN: the broker keeps none any more. unix_ms: 0 when not known. */
void peers_availability(struct peers *peers, const char *node, enum peer_availability availability, int64_t unix_ms);

/*
 * What a peer tells of its doors; NULL: what cannot be understood. live: it was published just now, so the peer is
 * there. False when this is no peer, or there is no room for one more, which peers_left_out counts. When all places
 * for doors are taken, the peer that has most of them makes room.
 */
bool peers_doors(struct peers *peers, const char *node, const struct peer_doors *doors, bool live, int64_t unix_ms);
void peers_forget_doors(struct peers *peers, const char *node); /* it has none any more */

/*
 * How many agents tell of doors and are left out, since there are PEERS_MAX others: each once, and not after it was
 * forgotten or found room. No more than PEERS_MAX are counted.
 */
size_t peers_left_out(const struct peers *peers);

/*
 * A command for a door: 0 and a ticket when it may be sent now; -ENOENT no such peer or door; -EHOSTUNREACH the peer is
 * not there, or nobody knows; -EPROTO what it told last was not understood. peers_not_sent when sending it failed.
 */
int peers_command(struct peers *peers, const char *node, const char *door, enum door_command command, int64_t now_ms,
		uint64_t *ticket);
void peers_not_sent(struct peers *peers, uint64_t ticket, int64_t now_ms);

/* The answer to a ticket. */
void peers_answer(
		struct peers *peers, uint64_t ticket, enum door_result result, enum door_reason reason, int64_t now_ms);
/* Where no ticket comes back: a door's own news of how a command ended. */
void peers_news(struct peers *peers, const char *node, const char *door, enum door_command command,
		enum door_result result, enum door_reason reason, int64_t now_ms);

/* Ends what is due. The time of the next end, or INT64_MAX. */
int64_t peers_time(struct peers *peers, int64_t now_ms);

#endif
