/*
 * Another configuration while the agent runs (docs/reload.md), and which configuration each room borrows from. Loop
 * thread only. A reload reads files, and may write one (former.h): the loop waits for the disk then. It does so only
 * while no relay is on.
 */
#ifndef PORTCULLIS_AGENT_RELOAD_H
#define PORTCULLIS_AGENT_RELOAD_H

#include "agent/page.h"
#include "agent/secure.h"
#include "base/alive.h"
#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"
#include "garage/garage.h"
#include "link/link.h"

/* Borrowed until reload_free. */
struct reload_rooms {
	struct loop *loop;
	struct log *log; /* its level and format follow the configuration */
	struct garage *garage;
	struct link *link;
	struct page *page;
	struct secure *secure;
	struct alive *alive;
	const struct machine *machine;
	int64_t started_ms; /* of the agent */
	const char *path;   /* of the configuration */
};

struct reload;

/* first is the caller's, and is borrowed for as long as a room borrows from it. 0 or -ENOMEM. */
int reload_new(const struct reload_rooms *rooms, const struct config *first, struct reload **reload);
/* After the rooms that borrow from a configuration. Takes NULL. */
void reload_free(struct reload *reload);

/* Connects the link with the configuration of now: 0, or -errno, which has been logged. */
int reload_connect(struct reload *reload);

void reload_ask(struct reload *reload);  /* SIGHUP */
void reload_stop(struct reload *reload); /* the agent ends: nothing is reloaded any more */

#endif
