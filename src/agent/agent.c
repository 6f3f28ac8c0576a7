#include "agent/inside.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/doors.h"
#include "base/notify.h"
#include "base/priority.h"
#include "base/sandbox.h"
#include "documents/documents.h"
#include "observers/journal.h"
#include "tls/tls.h"

void agent_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGHUP);
}

static void free_agent(struct agent *agent)
{
	if (!agent)
		return;
	http_free(agent->http);
	agent->http = NULL;
	link_free(agent->link);
	secure_free(agent->secure);
	agent_drop_config(agent, &agent->link_config);
	agent_drop_config(agent, &agent->config);
	garage_free(agent->garage);
	history_free(agent->history);
	door_log_free(agent->door_log);
	counters_free(agent->counters);
	loop_free(agent->loop);
	alive_destroy(&agent->alive);
	free(agent);
}

static void change_page(void *user)
{
	const struct agent *agent = user;
	http_changed(agent->http);
}

static void hear_link(void *user)
{
	struct agent *agent = user;
	garage_set_alone(agent->garage, link_status(agent->link).state != MQTT_CONNECTED);
	change_page(agent);
}

/* All rooms, without touching a line, the network or a file. */
static int new_agent(const struct config *config, const struct log *log, struct agent **out)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	struct garage_door_config *doors = doors_of_config(config);
	if (!agent || !doors) {
		free(agent);
		free(doors);
		return -ENOMEM;
	}
	agent->config = agent->first_config = config;
	agent->log = log;
	alive_init(&agent->alive, loop_now_ms());
	int error = loop_new(&agent->loop);
	if (error == 0)
		error = garage_new(agent->loop, log, &agent->alive, doors, config->door_count, &agent->garage);
	if (error == 0)
		error = door_log_new(log, config->door_count, &agent->door_log);
	if (error == 0)
		error = counters_new(config->door_count, &agent->counters);
	if (error == 0)
		error = link_new(agent->loop, log, agent->garage, hear_link, agent, &agent->link);
	free(doors);
	if (error < 0) {
		free_agent(agent);
		return error;
	}
	gethostname(agent->host_name, sizeof(agent->host_name) - 1);
	*out = agent;
	return 0;
}

static void hear_loss(void *user, const struct garage_news *news)
{
	struct agent *agent = user;
	if (news->kind != GARAGE_LOST)
		return;
	agent->failure = news->error;
	agent_begin_stop(agent);
}

/* Who hears what the garage tells, in this order. */
static void observe_garage(struct agent *agent)
{
	const struct garage_observer observers[] = {
			{door_log_hear, agent->door_log},
			{journal_hear, agent->history},
			{counters_hear, agent->counters},
			{link_hear, agent->link},
			{agent_page_hear, agent},
			{hear_loss, agent},
	};
	for (size_t i = 0; i < sizeof(observers) / sizeof(observers[0]); i++)
		garage_observe(agent->garage, observers[i]);
}

static int start_history(struct agent *agent)
{
	const char *ids[DOORS_MAX];
	for (size_t i = 0; i < agent->config->door_count; i++)
		ids[i] = agent->config->doors[i].id;
	const struct history_config history = {.directory = agent->config->history.directory,
			.doors = ids,
			.door_count = agent->config->door_count,
			.started_ms = agent->started_ms};
	int error = history_new(agent->log, &history, &agent->history);
	if (error < 0)
		log_error(agent->log, "history: %s", strerror(-error));
	return error;
}

static int start_garage(struct agent *agent)
{
	struct garage_past pasts[DOORS_MAX];
	for (size_t i = 0; i < agent->config->door_count; i++)
		pasts[i] = journal_past(agent->history, i);
	observe_garage(agent);
	wall_clock_start(&agent->wall_clock, agent->loop, agent->log, agent->garage, agent->history);
	history_watch_start(&agent->history_watch, agent->loop, agent->garage, agent->history, change_page, agent);
	return garage_start(agent->garage, pasts);
}

#define FOLDERS_MAX 40
#define FOLDER_BYTES 256

struct folders {
	struct sandbox_folder list[FOLDERS_MAX];
	char paths[FOLDERS_MAX][FOLDER_BYTES];
	size_t count;
};

static void add_folder(struct folders *folders, const char *path, bool write)
{
	char real[PATH_MAX];
	bool root = realpath(path, real) &&
		    strcmp(real, "/") == 0; /* also "." there, and "//": it would be everything */
	if (folders->count == FOLDERS_MAX || root)
		return;
	char *copy = folders->paths[folders->count];
	snprintf(copy, FOLDER_BYTES, "%s", path);
	folders->list[folders->count++] = (struct sandbox_folder){.path = copy, .write = write};
}

/*
 * Renewed certificates come as new files, and often a link then leads elsewhere: beside what it led to before, as
 * certbot, acmetool and Kubernetes have it. So below the innermost folder that the file is in both as named and in
 * truth; where that would be the root, below those two.
 */
static void add_folder_of(struct folders *folders, const char *file)
{
	char path[PATH_MAX], real[PATH_MAX];
	size_t shared = 0;
	if (!file)
		return;
	snprintf(path, sizeof(path), "%s", file);
	if (realpath(file, real) && strcmp(real, path) != 0) {
		for (size_t i = 0; path[i] && path[i] == real[i]; i++)
			if (path[i] == '/')
				shared = i;
		if (shared > 0)
			path[shared + 1] = '\0';
		else
			add_folder(folders, dirname(real), false);
	}
	add_folder(folders, shared > 0 ? path : dirname(path), false);
}

/*
 * Where the history's directory cannot be used yet it may be made later, or a disk be mounted there or above: then it is
 * below the folders that are there now, the innermost and the one around it. What is written in these is still bounded by
 * what the agent's user may; so root gets nothing more, and has to start again.
 */
static void add_history(struct folders *folders, const char *directory)
{
	char path[PATH_MAX];
	add_folder(folders, directory, true);
	if (access(directory, W_OK | X_OK) == 0 || geteuid() == 0)
		return;
	snprintf(path, sizeof(path), "%s", directory);
	char *around = dirname(path);
	while (access(around, F_OK) < 0 && strcmp(around, dirname(around)) != 0)
		around = dirname(around);
	add_folder(folders, around, true);
	add_folder(folders, dirname(around), true);
}

/*
 * What is read after the start: name services, whose files are replaced when the network changes (/etc, /run), our own
 * figures (/proc/self), trust and certificates when they are renewed, the configuration and its secrets when they are
 * read again. Some systems keep the first and the CAs elsewhere, and links in /etc (openSUSE, NixOS, OpenWrt).
 */
static int lock_down(const struct agent *agent)
{
	static const char *const read[] = {
			"/etc", "/run", "/proc/self", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates"};
	const struct config *config = agent->config;
	const struct config_tls *tls[] = {&config->mqtt.tls, &config->http.tls};
	struct folders folders = {.count = 0};
	for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
		add_folder(&folders, read[i], false);
	add_folder_of(&folders, "/etc/hosts");
	add_folder_of(&folders, "/etc/resolv.conf");
	add_folder_of(&folders, tls_system_bundle());
	for (size_t i = 0; i < sizeof(tls) / sizeof(tls[0]); i++) {
		add_folder_of(&folders, tls[i]->ca_file);
		add_folder_of(&folders, tls[i]->certificate_file);
		add_folder_of(&folders, tls[i]->key_file);
		add_folder_of(&folders, tls[i]->key_password_file);
	}
	add_folder_of(&folders, agent->config_path);
	for (size_t i = 0; i < config->secret_file_count; i++)
		add_folder_of(&folders, config->secret_files[i]);
	if (config->history.directory)
		add_history(&folders, config->history.directory);
	if (config->http.enabled && !agent->http)
		return sandbox_enter_listening(agent->log, folders.list, folders.count, config->http.port);
	return sandbox_enter(agent->log, folders.list, folders.count);
}

static void stopped(void *user)
{
	const struct agent *agent = user;
	loop_stop(agent->loop);
}

void agent_begin_stop(struct agent *agent)
{
	if (agent->stopping)
		return;
	garage_stop(agent->garage);
	agent->stopping = true;
	history_stop(agent->history);
	notify_send("STOPPING=1");
	link_stop(agent->link, stopped, agent);
}

static void caught(void *user, int signal)
{
	struct agent *agent = user;
	bool hung_up = agent->terminal && !isatty(STDERR_FILENO); /* who closes it wants an end, as with any program */
	if (signal == SIGHUP && !hung_up) {
		agent_reload(agent);
		return;
	}
	if (agent->stopping) {
		log_warning(agent->log, "%s again: ending at once", strsignal(signal));
		loop_stop(agent->loop);
		return;
	}
	log_info(agent->log, "%s: stopping", strsignal(signal));
	agent_begin_stop(agent);
}

static void feed_watchdog(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	notify_send("WATCHDOG=1");
	loop_timer_set(agent->loop, timer, now_ms + agent->watchdog_ms / 2);
}

static void start_watchdog(struct agent *agent)
{
	agent->watchdog_timer = (struct loop_timer){.expired = feed_watchdog, .user = agent};
	agent->watchdog_ms = notify_watchdog_ms();
	if (agent->watchdog_ms > 0)
		loop_timer_set(agent->loop, &agent->watchdog_timer, loop_now_ms());
}

int agent_run(const struct config *config, const char *path, struct log *log)
{
	struct agent *agent;
	sigset_t signals;
	int error = new_agent(config, log, &agent);
	if (error < 0) {
		log_error(log, "cannot start: %s", strerror(-error));
		return error;
	}
	log_info(log, "portcullis " PORTCULLIS_VERSION ": node %s, %zu door%s", config->node, config->door_count,
			config->door_count == 1 ? "" : "s");
	agent->config_path = path;
	document_seed();
	agent->own_log = log;
	agent->terminal = isatty(STDERR_FILENO);
	agent->started_ms = loop_now_ms();
	agent_start_reload(agent);
	agent_signals(&signals);
	error = loop_signals(agent->loop, &signals, caught, agent);
	if (error == 0)
		error = garage_open(agent->garage, config->gpio.backend == CONFIG_SIMULATED, config->gpio.chip);
	if (error == 0)
		error = secure_new(agent->loop, log, &agent->secure);
	if (error == 0)
		error = agent_start_http(agent);
	wall_clock_init(&agent->wall_clock);
	if (error == 0)
		error = lock_down(agent); /* before any other thread starts */
	if (error == 0)
		error = start_history(agent);
	if (error == 0)
		error = agent_connect(agent);
	if (error == 0)
		error = start_garage(agent);
	if (error == 0) {
		start_watchdog(agent);
		notify_send("READY=1");
		priority_prompt();
		error = loop_run(agent->loop);
		if (error < 0)
			log_error(log, "the event loop failed: %s", strerror(-error));
		else
			error = agent->failure;
	}
	free_agent(agent);
	log_info(log, "ended");
	return error;
}
