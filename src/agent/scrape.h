/* What GET /metrics answers, gathered from the rooms that know it. Loop thread only; reads /proc/self/statm. */
#ifndef PORTCULLIS_AGENT_SCRAPE_H
#define PORTCULLIS_AGENT_SCRAPE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "garage/garage.h"
#include "history/history.h"
#include "http/http.h"
#include "link/link.h"
#include "observers/counters.h"

/* Whom to ask. */
struct scrape {
	const struct loop *loop;
	const struct garage *garage;
	const struct link *link;
	const struct counters *counters;
	struct history *history;
	int64_t started_ms;
	int64_t started_unix_ms; /* scrape.c's: as it was told last */
};

/* Writes the answer into buffer. Returns as metrics_render does. http is the server that was asked. */
ssize_t scrape_render(struct scrape *scrape, const struct http *http, char *buffer, size_t size);

#endif
