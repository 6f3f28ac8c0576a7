/*
 * Makes the rooms, says who hears whom, starts them in order, and ends them. What a room does is in the room.
 */
#include "agent/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/confine.h"
#include "agent/former.h"
#include "agent/history_watch.h"
#include "agent/page.h"
#include "agent/reload.h"
#include "agent/secure.h"
#include "agent/translate.h"
#include "agent/wall_clock.h"
#include "base/alive.h"
#include "base/machine.h"
#include "base/notify.h"
#include "base/priority.h"
#include "documents/documents.h"
#include "garage/garage.h"
#include "history/history.h"
#include "link/link.h"
#include "observers/counters.h"
#include "observers/door_log.h"
#include "observers/journal.h"
#include "observers/trace.h"

struct agent {
	struct log *log;
	struct loop *loop;
	struct alive alive;
	struct machine machine;
	struct garage *garage;
	struct door_log *door_log;
	struct counters *counters;
	struct trace *trace;
	struct history *history; /* NULL: not running */
	struct history_watch history_watch;
	struct wall_clock wall_clock;
	struct link *link;
	struct secure *secure;
	struct page *page;
	struct reload *reload;
	struct loop_timer watchdog_timer;
	int64_t watchdog_ms, started_ms;
	bool terminal; /* the log goes to one */
	bool stopping;
	int failure; /* what agent_run returns */
};

void agent_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGHUP);
}

/* ---- The end ---- */

static void agent_stopped(void *user)
{
	const struct agent *agent = user;
	loop_stop(agent->loop);
}

/* After garage_stop. */
static void agent_leave(struct agent *agent)
{
	if (agent->stopping)
		return;
	agent->stopping = true;
	reload_stop(agent->reload);
	page_stop(agent->page);
	history_stop(agent->history);
	notify_send("STOPPING=1");
	link_stop(agent->link, agent_stopped, agent);
}

static void agent_hear_loss(void *user, const struct garage_news *news)
{
	struct agent *agent = user;
	if (news->kind != GARAGE_LOST)
		return;
	agent->failure = news->error;
	agent_leave(agent);
}

static void agent_caught(void *user, int signal)
{
	struct agent *agent = user;
	bool hung_up = agent->terminal && !isatty(STDERR_FILENO); /* who closes it wants an end, as with any program */
	if (signal == SIGHUP && !hung_up) {
		reload_ask(agent->reload);
		return;
	}
	if (agent->stopping) {
		log_warning(agent->log, "%s again: ending at once", strsignal(signal));
		loop_stop(agent->loop);
		return;
	}
	log_info(agent->log, "%s: stopping", strsignal(signal));
	garage_stop(agent->garage);
	agent_leave(agent);
}

static void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	link_free(agent->link); /* may tell the page */
	page_free(agent->page);
	secure_free(agent->secure);
	garage_free(agent->garage);
	reload_free(agent->reload);
	history_free(agent->history);
	door_log_free(agent->door_log);
	counters_free(agent->counters);
	trace_free(agent->trace);
	loop_free(agent->loop);
	machine_close(&agent->machine);
	alive_destroy(&agent->alive);
	free(agent);
}

/* ---- The rooms ---- */

static void agent_hear_link(void *user)
{
	struct agent *agent = user;
	garage_set_alone(agent->garage, link_status(agent->link).state != MQTT_CONNECTED);
	page_change(agent->page);
}

static int agent_new_garage(struct agent *agent, const struct config *config)
{
	struct garage_door_config *doors = translate_doors(config);
	int error = doors ? garage_new(agent->loop, agent->log, &agent->alive, doors, config->door_count,
					    &agent->garage)
			  : -ENOMEM;
	free(doors);
	return error;
}

static int agent_new_page(struct agent *agent)
{
	const struct page_rooms rooms = {.loop = agent->loop,
			.log = agent->log,
			.garage = agent->garage,
			.link = agent->link,
			.secure = agent->secure,
			.counters = agent->counters,
			.trace = agent->trace,
			.history_watch = &agent->history_watch,
			.started_ms = agent->started_ms};
	return page_new(&rooms, &agent->page);
}

static int agent_new_reload(struct agent *agent, const struct config *config, const char *path)
{
	const struct reload_rooms rooms = {.loop = agent->loop,
			.log = agent->log,
			.garage = agent->garage,
			.link = agent->link,
			.page = agent->page,
			.secure = agent->secure,
			.alive = &agent->alive,
			.machine = &agent->machine,
			.started_ms = agent->started_ms,
			.path = path};
	return reload_new(&rooms, config, &agent->reload);
}

/* All rooms, without touching a line, the network or a file. */
static int agent_new(const struct config *config, const char *path, struct log *log, struct agent **out)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	if (!agent)
		return -ENOMEM;
	agent->log = log;
	agent->machine = (struct machine){.thermal_fd = -1, .wireless_fd = -1};
	agent->terminal = isatty(STDERR_FILENO);
	agent->started_ms = loop_now_ms();
	alive_init(&agent->alive, agent->started_ms);
	int error = loop_new(&agent->loop);
	if (error == 0)
		error = agent_new_garage(agent, config);
	if (error == 0)
		error = door_log_new(log, config->door_count, &agent->door_log);
	if (error == 0)
		error = counters_new(config->door_count, &agent->counters);
	if (error == 0)
		error = trace_new(config->door_count, &agent->trace);
	if (error == 0)
		error = secure_new(agent->loop, log, &agent->secure);
	if (error == 0)
		error = link_new(agent->loop, log, agent->garage, agent_hear_link, agent, &agent->link);
	if (error == 0)
		error = agent_new_page(agent);
	if (error == 0)
		error = agent_new_reload(agent, config, path);
	if (error < 0)
		agent_free(agent);
	else
		*out = agent;
	return error;
}

/* ---- The start ---- */

static int agent_start_history(struct agent *agent, const struct config *config)
{
	const char *ids[DOORS_MAX];
	for (size_t i = 0; i < config->door_count; i++)
		ids[i] = config->doors[i].id;
	const struct history_config history = {.directory = config->history.directory,
			.doors = ids,
			.door_count = config->door_count,
			.started_ms = agent->started_ms,
			.loop = agent->loop,
			.changed = history_watch_changed,
			.user = &agent->history_watch};
	int error = history_new(agent->log, &history, &agent->history);
	if (error < 0)
		log_error(agent->log, "history: %s", strerror(-error));
	else
		page_set_history(agent->page, agent->history);
	return error;
}

/* Who hears what the garage tells, in this order. */
static void agent_observe(struct agent *agent)
{
	const struct garage_observer observers[] = {
			{door_log_hear, agent->door_log},
			{journal_hear, agent->history},
			{counters_hear, agent->counters},
			{trace_hear, agent->trace},
			{link_hear, agent->link},
			{page_hear, agent->page},
			{agent_hear_loss, agent},
	};
	for (size_t i = 0; i < sizeof(observers) / sizeof(observers[0]); i++)
		garage_observe(agent->garage, observers[i]);
}

static int agent_start_garage(struct agent *agent)
{
	struct garage_past pasts[DOORS_MAX];
	for (size_t i = 0; i < garage_door_count(agent->garage); i++)
		pasts[i] = journal_past(agent->history, i);
	agent_observe(agent);
	wall_clock_start(&agent->wall_clock, agent->loop, agent->log, agent->garage, agent->history);
	history_watch_start(
			&agent->history_watch, agent->loop, agent->garage, agent->history, page_change, agent->page);
	return garage_start(agent->garage, pasts);
}

static void agent_feed_watchdog(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	notify_send("WATCHDOG=1");
	loop_timer_set(agent->loop, timer, now_ms + agent->watchdog_ms / 2);
}

static void agent_start_watchdog(struct agent *agent)
{
	agent->watchdog_timer = (struct loop_timer){.expired = agent_feed_watchdog, .user = agent};
	agent->watchdog_ms = notify_watchdog_ms();
	if (agent->watchdog_ms > 0)
		loop_timer_set(agent->loop, &agent->watchdog_timer, loop_now_ms());
}

static int agent_start(struct agent *agent, const struct config *config, const char *path)
{
	sigset_t signals;
	agent_signals(&signals);
	int error = loop_signals(agent->loop, &signals, agent_caught, agent);
	if (error < 0)
		log_error(agent->log, "signals cannot be read: %s", strerror(-error));
	if (error == 0) {
		agent_note_outputs(config, agent->log);
		error = garage_open(agent->garage, config->gpio.backend == CONFIG_SIMULATED, config->gpio.chip);
	}
	if (error == 0)
		error = page_start(agent->page, config);
	wall_clock_init(&agent->wall_clock);
	machine_open(&agent->machine);
	if (error == 0) /* before any other thread starts */
		error = confine_agent(agent->log, config, path, config->http.enabled && !page_listens(agent->page));
	if (error == 0) {
		machine_start(&agent->machine, MACHINE_EVERY_MS);
		former_look(agent->log, config);
	}
	if (error == 0)
		error = agent_start_history(agent, config);
	if (error == 0)
		error = reload_connect(agent->reload);
	if (error == 0)
		error = agent_start_garage(agent);
	return error;
}

int agent_run(const struct config *config, const char *path, struct log *log)
{
	struct agent *agent;
	int error = agent_new(config, path, log, &agent);
	if (error < 0) {
		log_error(log, "cannot start: %s", strerror(-error));
		return error;
	}
	log_info(log, "portcullis " PORTCULLIS_VERSION ": node %s, %zu door%s", config->node, config->door_count,
			config->door_count == 1 ? "" : "s");
	document_seed();
	error = agent_start(agent, config, path);
	if (error == 0) {
		agent_start_watchdog(agent);
		notify_send("READY=1");
		priority_prompt();
		error = loop_run(agent->loop);
		if (error < 0)
			log_error(log, "the event loop failed: %s", strerror(-error));
		else
			error = agent->failure;
		garage_stop(agent->garage); /* if the loop failed: no relay stays on while the rest is freed */
	}
	agent_free(agent);
	log_info(log, "ended");
	return error;
}
