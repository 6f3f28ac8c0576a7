/*
 * The page: what the HTTP server asks of the other rooms, and when the server is there. An observer of the garage. Loop
 * thread only. Where the server cannot start (its address is not there yet, its port is another's, its certificate
 * cannot be read) the agent goes on without it, says so once for each reason, and tries again every few seconds. A try
 * reads the certificate's files, which may block; while a relay is on, none is made.
 */
#ifndef PORTCULLIS_AGENT_PAGE_H
#define PORTCULLIS_AGENT_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/history_watch.h"
#include "agent/secure.h"
#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"
#include "garage/garage.h"
#include "history/history.h"
#include "link/link.h"
#include "observers/counters.h"
#include "observers/trace.h"

/* Borrowed until page_free. */
struct page_rooms {
	struct loop *loop;
	const struct log *log;
	struct garage *garage;
	struct link *link;
	struct secure *secure;
	const struct counters *counters;
	const struct trace *trace;
	const struct history_watch *history_watch;
	int64_t started_ms; /* of the agent */
};

struct page;

/* Starts nothing. 0 or -ENOMEM. */
int page_new(const struct page_rooms *rooms, struct page **page);
void page_free(struct page *page); /* takes NULL */

/*
 * Starts the server, if the configuration has one. -EINVAL, which has been logged, for a password that nobody can give;
 * else 0, also when the server cannot start yet. config is borrowed until page_reconfigure.
 */
int page_start(struct page *page, const struct config *config);
/* What the page, /api/history and /metrics read. Call it before the loop runs. Borrowed until page_free. */
void page_set_history(struct page *page, struct history *history);
bool page_listens(const struct page *page);

/*
 * Another configuration, with what secure_read_page has read of it: 0, or -errno, which has been logged, and nothing has
 * changed. A page that is not there yet is tried with it soon.
 */
int page_reconfigure(struct page *page, const struct config *next, bool cut_listeners);
bool page_is_checking(const struct page *page); /* a password: page_reconfigure has to wait */

void page_change(void *page);      /* something that the page shows is another */
void page_stop(struct page *page); /* the agent ends: from now on it is not well */

void page_hear(void *page, const struct garage_news *news); /* garage_observer.hear */

#endif
