#include "agent/inside.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/notify.h"
#include "base/priority.h"
#include "base/sandbox.h"
#include "tls/tls.h"

#define STALL_CHECK_MS 2500 /* half of AGE_PING_MS, and in step with it: one turn of the loop for both */
#define STALL_ALONE_MS 1000 /* without a connection: Paho's thread gives no signs of life */
#define STALL_MS 2000       /* a timer this late: the loop stood still, and what waited is of the past */
#define STALE_MS 5000       /* so long after that, what has waited arrives; of the broker until it echoes */
#define CATCH_UP_MS 100     /* for the edges that waited, which are read some at a time */
#define ECHO_LIMIT_MS 60000 /* a broker may hide our own availability from us */

void agent_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGHUP);
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	http_free(agent->http);
	agent->http = NULL;
	mqtt_free(agent->mqtt);
	secure_free(agent->secure);
	agent_drop_config(agent, &agent->mqtt_config);
	agent_drop_config(agent, &agent->config);
	gpio_close(agent->gpio);
	history_free(agent->history);
	agent_free_peers(agent);
	loop_free(agent->loop);
	alive_destroy(&agent->alive);
	free(agent->set_topics);
	free(agent->consumers);
	free(agent->lines);
	free(agent->doors);
	free(agent);
}

/* The doors and their lines, without touching anything: what every mode begins with. */
int agent_new(const struct config *config, const struct log *log, struct agent **out)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	if (!agent)
		return -ENOMEM;
	size_t lines = agent_count_lines(config);
	agent->config = agent->first_config = config;
	agent->log = log;
	alive_init(&agent->alive, loop_now_ms());
	agent->doors = calloc(config->door_count, sizeof(*agent->doors));
	agent->lines = calloc(lines, sizeof(*agent->lines));
	agent->consumers = calloc(lines, sizeof(*agent->consumers));
	agent->set_topics = calloc(config->door_count, sizeof(*agent->set_topics));
	int error = agent->doors && agent->lines && agent->consumers && agent->set_topics && lines <= GPIO_LINES_MAX
				    ? loop_new(&agent->loop)
				    : -ENOMEM;
	if (error < 0) {
		agent_free(agent);
		return error;
	}
	agent->door_count = config->door_count;
	for (size_t i = 0; i < agent->door_count; i++) {
		agent->doors[i].agent = agent;
		agent->doors[i].config = &config->doors[i];
		agent_add_lines(agent, i);
	}
	gethostname(agent->host_name, sizeof(agent->host_name) - 1);
	*out = agent;
	return 0;
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

static void stopped(void *user, bool whole)
{
	struct agent *agent = user;
	agent_tell_kept(agent, whole);
	loop_stop(agent->loop);
}

void agent_begin_stop(struct agent *agent)
{
	if (agent->stopping)
		return;
	for (size_t i = 0; i < agent->door_count; i++)
		agent_step(&agent->doors[i], &(struct door_input){.kind = DOOR_INPUT_STOPPING}, NULL, NULL);
	agent->stopping = true;
	history_stop(agent->history);
	notify_send("STOPPING=1");
	agent_publish_text(agent, agent->availability_topic, AGENT_OFFLINE);
	mqtt_stop(agent->mqtt, AGENT_STOP_LIMIT_MS, stopped, agent);
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

static int64_t next_check_ms(const struct agent *agent, int64_t now_ms)
{
	int64_t pause_ms = agent_connected(agent) ? STALL_CHECK_MS : STALL_ALONE_MS;
	return (now_ms / pause_ms + 1) * pause_ms;
}

void agent_watch_stalls(struct agent *agent)
{
	if (agent->stall_timer.expired) /* not before the start, nor in a mode that only looks */
		loop_timer_set(agent->loop, &agent->stall_timer, next_check_ms(agent, loop_now_ms()));
}

static int64_t longest_debounce_ms(const struct agent *agent)
{
	int64_t longest_ms = 0;
	for (size_t i = 0; i < agent->door_count; i++)
		if (agent->doors[i].config->machine.debounce_ms > longest_ms)
			longest_ms = agent->doors[i].config->machine.debounce_ms;
	return longest_ms;
}

void agent_notice_stall(struct agent *agent)
{
	int64_t now_ms = loop_now_ms(), late_ms = now_ms - agent->stall_timer.at_ms;
	int64_t gap_ms = alive_take_gap(&agent->alive, now_ms);
	if (agent->stall_timer.at_ms == 0 || (late_ms < STALL_MS && gap_ms == 0)) /* at_ms 0: not started yet */
		return;
	log_warning(agent->log,
			"the agent stood still for up to %" PRId64
			" s (frozen, or starved of the processor): commands that waited are refused",
			((gap_ms > late_ms ? gap_ms : late_ms) + 999) / 1000);
	loop_timer_set(agent->loop, &agent->stall_timer, next_check_ms(agent, now_ms));
	agent->stale_until_ms = now_ms + STALE_MS;
	agent->echo_until_ms = now_ms + ECHO_LIMIT_MS;
	agent_hold_states(agent);
	loop_timer_set(agent->loop, &agent->caught_up_timer, now_ms + CATCH_UP_MS + longest_debounce_ms(agent));
	agent_publish_availability(agent);
}

/* All edges that waited are in by now, and the last of them stand for as long as they have to. */
static void caught_up(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	struct agent *agent = timer->user;
	for (size_t i = 0; i < agent->door_count; i++) {
		agent_catch_up(&agent->doors[i]);
		agent_step(&agent->doors[i], &(struct door_input){.kind = DOOR_INPUT_TIME}, NULL, NULL);
	}
	agent_publish_present(agent);
}

static void check_stall(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	agent_notice_stall(agent);
	agent_look_at_history(agent);
	for (size_t i = 0; i < agent->door_count; i++)
		agent_catch_up(&agent->doors[i]);
	loop_timer_set(agent->loop, timer, next_check_ms(agent, now_ms));
}

static void start_timers(struct agent *agent)
{
	agent->stall_timer = (struct loop_timer){.expired = check_stall, .user = agent};
	alive_take_gap(&agent->alive, loop_now_ms()); /* the start is no standstill */
	agent_watch_stalls(agent);
	agent->caught_up_timer = (struct loop_timer){.expired = caught_up, .user = agent};
	agent->watchdog_timer = (struct loop_timer){.expired = feed_watchdog, .user = agent};
	agent_start_clock(agent);
	agent->watchdog_ms = notify_watchdog_ms();
	if (agent->watchdog_ms > 0)
		loop_timer_set(agent->loop, &agent->watchdog_timer, loop_now_ms());
}

int agent_run(const struct config *config, const char *path, struct log *log)
{
	struct agent *agent;
	sigset_t signals;
	int error = agent_new(config, log, &agent);
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
		error = agent_start_gpio(agent);
	if (error == 0)
		error = secure_new(agent->loop, log, &agent->secure);
	if (error == 0)
		error = agent_start_http(agent);
	clock_init(&agent->clock);
	if (error == 0)
		error = lock_down(agent); /* before any other thread starts */
	if (error == 0)
		error = agent_start_history(agent);
	if (error == 0)
		error = agent_start_mqtt(agent);
	if (error == 0)
		error = agent_start_doors(agent);
	if (error == 0) {
		start_timers(agent);
		notify_send("READY=1");
		priority_prompt();
		error = loop_run(agent->loop);
		if (error < 0)
			log_error(log, "the event loop failed: %s", strerror(-error));
		else
			error = agent->failure;
	}
	agent_free(agent);
	log_info(log, "ended");
	return error;
}
