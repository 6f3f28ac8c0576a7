/*
 * The doors of other agents (peers): what came of them by the broker, and what has become of the commands that were
 * sent to them from here.
 *
 * Pure state of a fixed size: it knows neither MQTT nor JSON, and time is an argument. now_ms is the loop's clock,
 * unix_ms the wall clock (0: not set). Not thread-safe; one caller. A peer is online while its availability says so.
 * While our own connection to the broker is lost, no peer's availability is known. The doors that a peer last reported
 * are kept while it is away. Nothing that comes in is trusted: names are checked, and everything has a bound.
 */
#ifndef PORTCULLIS_PEERS_PEERS_H
#define PORTCULLIS_PEERS_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "door/types.h"

#define PEERS_ANSWER_MS 10000  /* so long an answer is awaited; the command has expired on its way by then, too */
#define PEERS_OUTCOME_MS 30000 /* so long the view shows how a command ended */

struct peers_config {
	const char *own_node;     /* never a peer */
	const char *const *nodes; /* copied */
	size_t node_count;        /* at most PEERS_NAMED_MAX; 0: each agent that reports doors, up to PEERS_MAX */
	uint64_t seed; /* where peers_view.changes begins: random, so that it differs from an earlier run's */
	/* Returns a random ticket for each command: a peer that sees one cannot guess another. NULL, for tests: tickets
	 * are counted from seed on. */
	uint64_t (*ticket)(void);
};

struct peers;

/*
 * Allocates once; no later call allocates. Copies the strings of config. Returns 0 or -ENOMEM. Freed with peers_free.
 */
int peers_new(const struct peers_config *config, struct peers **peers);
void peers_free(struct peers *peers); /* takes NULL */

/* What is to be shown. The pointer is valid until peers_free; any other function may change what it points to. */
const struct peers_view *peers_view(struct peers *peers);

/* Our own connection to the broker is lost: each peer's availability becomes PEER_UNKNOWN. */
void peers_disconnected(struct peers *peers, int64_t unix_ms);

/* A peer's availability, as its topic says it. PEER_UNKNOWN: the topic was emptied. */
void peers_availability(struct peers *peers, const char *node, enum peer_availability availability, int64_t unix_ms);

/*
 * What a peer reports of its doors; copied. NULL: a document that could not be read. live: it was published just now
 * and is not retained, so the peer is online. Returns false when node is no peer, or there is no room for one more
 * peer, which peers_left_out counts. When all places for doors are taken, the peer with most doors loses some of its
 * own.
 */
bool peers_doors(struct peers *peers, const char *node, const struct peer_doors *doors, bool live, int64_t unix_ms);
/* The peer reports no doors any more: its topic was emptied. */
void peers_forget_doors(struct peers *peers, const char *node);

/*
 * How many agents report doors and are left out because there are PEERS_MAX others. Each counts once, until it is
 * forgotten or gets a place. At most PEERS_MAX are counted.
 */
size_t peers_left_out(const struct peers *peers);

/*
 * A command for a door. Returns 0 with a ticket when the caller may send it now, and the caller reports with
 * peers_not_sent when sending fails. Else -ENOENT (no such peer or door), -EHOSTUNREACH (the peer is offline, or its
 * availability is unknown) or -EPROTO (what it reported last could not be read); the door then shows
 * PEER_OUTCOME_NOT_SENT, except for -ENOENT. A new command for a door takes the place of one that is not answered yet.
 */
int peers_command(struct peers *peers, const char *node, const char *door, enum door_command command, int64_t now_ms,
		uint64_t *ticket);
void peers_not_sent(struct peers *peers, uint64_t ticket, int64_t now_ms);

/* The answer that came with this ticket. An unknown ticket is ignored. */
void peers_answer(
		struct peers *peers, uint64_t ticket, enum door_result result, enum door_reason reason, int64_t now_ms);
/*
 * For MQTT 3.1.1, which brings no ticket back: the door's own event says how a command ended. It counts as the answer
 * to the same command that was sent to this door last, if that is not answered yet.
 */
void peers_news(struct peers *peers, const char *node, const char *door, enum door_command command,
		enum door_result result, enum door_reason reason, int64_t now_ms);

/*
 * Ends what is due: commands without an answer, and outcomes that have been shown for long enough. Returns when to call
 * it again, or INT64_MAX.
 */
int64_t peers_time(struct peers *peers, int64_t now_ms);

#endif
