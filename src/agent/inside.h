/*
 * What the agent's own files share, and nobody else includes: the agent itself, and a face for each file. All of it is
 * called in the loop's thread.
 */
#ifndef PORTCULLIS_AGENT_INSIDE_H
#define PORTCULLIS_AGENT_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent.h"
#include "agent/history_watch.h"
#include "agent/secure.h"
#include "agent/wall_clock.h"
#include "base/alive.h"
#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"
#include "garage/garage.h"
#include "history/history.h"
#include "http/http.h"
#include "link/link.h"
#include "observers/counters.h"
#include "observers/door_log.h"

#define AGENT_HOST_NAME_MAX 64 /* HOST_NAME_MAX of Linux */
#define PAGE_TRY_MS 5000       /* so often a page that could not start is tried again */
#define PAGE_ERROR_MAX MQTT_ERROR_MAX

/* A reload: asked for, and then, where the connection to the broker is made anew, the former ending or ended. */
enum agent_reload { RELOAD_NONE, RELOAD_ASKED, RELOAD_LEAVING, RELOAD_LEFT };

struct agent {
	const struct config *config;
	const struct config *first_config; /* the caller's; each later one is the agent's */
	const struct config *link_config;  /* whose strings the link borrows */
	const char *config_path;
	const struct log *log;
	struct log *own_log; /* the same */
	struct loop *loop;
	struct garage *garage;
	struct door_log *door_log;
	struct counters *counters;
	struct link *link;
	struct http *http;
	struct history *history; /* NULL: not running */
	struct secure *secure;
	struct wall_clock wall_clock;
	struct history_watch history_watch;
	struct alive alive;

	struct loop_timer watchdog_timer;
	struct loop_timer reload_timer, page_timer;
	char page_error[PAGE_ERROR_MAX]; /* why there is no page yet, as it was logged */
	enum agent_reload reload;
	bool reload_again; /* asked for while one was under way */
	bool terminal;     /* the log goes to one */
	int64_t started_ms, started_unix_ms, watchdog_ms;
	char host_name[AGENT_HOST_NAME_MAX + 1], broker_error[MQTT_ERROR_MAX];
	bool stopping;
	int failure; /* what agent_run returns */
};

/* agent.c: its life. */

void agent_begin_stop(struct agent *agent);

/* page.c: what the page and its routes ask. */

extern const char agent_damaged_hash[]; /* why agent_right_hash says no */

bool agent_right_hash(const struct config *config); /* the page's password is none, plain, or a whole hash */
void agent_configure_http(const struct config *config, struct http_config *http);
/*
 * Starts the page. Where that fails (its address is not there yet, its port is another's, its certificate cannot be
 * read) the agent goes on without it, says so once for each reason, and tries again. -EINVAL, which has been logged,
 * for a password that nobody can give.
 */
int agent_start_http(struct agent *agent);
/* With what secure_read_page has read: 0, or -errno, which has been logged, and nothing has changed. A page that is not
 * there yet is tried with the agent's configuration of then. */
int agent_reconfigure_http(struct agent *agent, const struct config *next, bool cut_listeners);

void agent_page_hear(void *agent, const struct garage_news *news); /* garage_observer.hear */

/* reload.c: another configuration while it runs. */

void agent_start_reload(struct agent *agent);
void agent_reload(struct agent *agent); /* SIGHUP */
int agent_connect(struct agent *agent); /* link_connect with the configuration of now */
/* Lets go of one; whoever holds it last frees it. */
void agent_drop_config(const struct agent *agent, const struct config **held);

#endif
