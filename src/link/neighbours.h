/*
 * Other agents at the same broker: NODE/doors for them, what they tell of their doors, and commands for these. Loop
 * thread only. Made anew for each connection to the broker.
 */
#ifndef PORTCULLIS_LINK_NEIGHBOURS_H
#define PORTCULLIS_LINK_NEIGHBOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/loop.h"
#include "documents/topics.h"
#include "garage/garage.h"
#include "link/publisher.h"
#include "link/subscriptions.h"

/* Borrowed until neighbours_free. */
struct neighbours_config {
	struct loop *loop;
	const struct log *log;
	const struct garage *garage;
	const struct publisher *publisher;
	const struct topic_base *topics;
	bool all;                 /* follow all agents that tell of doors */
	const char *const *nodes; /* else these; our own among them is passed over */
	size_t node_count;
	void (*changed)(void *user); /* what neighbours_view shows has changed */
	void *user;
};

struct neighbours;

/* Adds its subscriptions. Counts on from former, which may be NULL. 0 or -ENOMEM. */
int neighbours_new(const struct neighbours_config *config, struct subscriptions *subscriptions,
		const struct neighbours *former, struct neighbours **neighbours);
void neighbours_free(struct neighbours *neighbours); /* takes NULL */

/* Our own doors. */
void neighbours_publish(struct neighbours *neighbours);         /* now */
void neighbours_doors_changed(struct neighbours *neighbours);   /* soon, once for all that changes until then */
void neighbours_hold(struct neighbours *neighbours, bool held); /* what the doors say is of the past: not published */
void neighbours_forget(struct neighbours *neighbours);          /* the broker is to forget them */

/* Theirs. */
void neighbours_message(struct neighbours *neighbours, const struct mqtt_message *message);
void neighbours_disconnected(struct neighbours *neighbours);
const struct peers_view *neighbours_view(const struct neighbours *neighbours); /* NULL: nobody is followed */
uint64_t neighbours_refused(const struct neighbours *neighbours);              /* documents that were not understood */

/* link_peer_command for a neighbour's door, with the same results. */
int neighbours_command(struct neighbours *neighbours, const char *node, const char *door, enum door_command command,
		int percent, int64_t asked_ms);

#endif
