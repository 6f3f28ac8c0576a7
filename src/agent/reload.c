#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/doors.h"
#include "agent/inside.h"
#include "base/notify.h"

#define LOOK_AGAIN_MS 50 /* whether it can go on: a relay is on, or a password is being checked */
#define TRY_AGAIN_MS 1000

void agent_log_report(const struct config_report *report, const struct log *log)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct config_problem *problem = &report->problems[i];
		enum log_level level = problem->error ? LOG_ERROR : LOG_WARNING;
		if (problem->line > 0)
			log_write(log, level, "%s:%u:%u: %s", report->file, problem->line, problem->column,
					problem->text);
		else
			log_write(log, level, "%s: %s", report->file, problem->text);
	}
	if (report->errors + report->warnings > report->count)
		log_error(log, "%s: and %zu more", report->file, report->errors + report->warnings - report->count);
}

void agent_drop_config(const struct agent *agent, const struct config **held)
{
	const struct config *config = *held;
	*held = NULL;
	if (!config || config == agent->first_config || config == agent->config || config == agent->link_config)
		return;
	struct config *own = (struct config *)(uintptr_t)config; /* read_config's */
	config_free(own);
	free(own);
}

static void end_reload(struct agent *agent)
{
	agent->reload = RELOAD_NONE;
	notify_send("READY=1");
	if (!agent->reload_again)
		return;
	agent->reload_again = false;
	agent_reload(agent);
}

void agent_reload(struct agent *agent)
{
	if (agent->stopping)
		return;
	if (agent->reload != RELOAD_NONE) {
		agent->reload_again = true;
		return;
	}
	log_info(agent->log, "SIGHUP: reading %s again", agent->config_path);
	notify_reloading();
	agent->reload = RELOAD_ASKED;
	loop_timer_set(agent->loop, &agent->reload_timer, loop_now_ms());
}

/* ---- Reading: nothing changes. ---- */

static bool denies(const char *text)
{
	return strstr(text, strerror(EACCES));
}

static bool report_denies(const struct config_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (denies(report->problems[i].text))
			return true;
	return false;
}

static int read_files(struct agent *agent, struct config *next, struct config_changes *changes,
		struct config_report *report, bool *denied)
{
	struct stat status;
	char error[MQTT_ERROR_MAX];
	if (stat(agent->config_path, &status) == 0 && !S_ISREG(status.st_mode)) { /* a pipe would hold us up */
		log_error(agent->log, "%s: it is no file that can be read again", agent->config_path);
		return -EINVAL;
	}
	int failed = config_load(agent->config_path, CONFIG_SECRETS_NEEDED, next, report);
	if (failed == 0 && !config_compare(agent->config, next, changes, report))
		failed = -EINVAL;
	agent_log_report(report, agent->log);
	*denied = report_denies(report);
	if (failed < 0)
		return failed;
	failed = secure_read_brokers(agent->secure, next, error);
	if (failed == 0)
		failed = secure_read_page(agent->secure, next, error);
	if (failed < 0) {
		log_error(agent->log, "%s: %s", agent->config_path, error);
		*denied = denies(error);
	}
	return failed;
}

/* The next configuration, which can be taken over; NULL: not, which has been logged. */
static struct config *read_config(struct agent *agent, struct config_changes *changes)
{
	bool denied = false;
	struct config *next = calloc(1, sizeof(*next));
	struct config_report *report = calloc(1, sizeof(*report));
	int failed = next && report ? read_files(agent, next, changes, report, &denied) : -ENOMEM;
	if (failed == -ENOMEM)
		log_error(agent->log, "out of memory");
	if (denied)
		log_error(agent->log,
				"if it is not the file's permissions: since the lock-down at its start the agent can read no files but below /etc, /run and the folders of those that were named then, and one elsewhere takes a restart");
	free(report);
	if (failed == 0)
		return next;
	if (next)
		config_free(next);
	free(next);
	return NULL;
}

/* ---- Taking over. ---- */

static void left_broker(void *user)
{
	struct agent *agent = user;
	agent->reload = RELOAD_LEFT;
	loop_timer_set(agent->loop, &agent->reload_timer, loop_now_ms());
}

int agent_connect(struct agent *agent)
{
	const struct config *config = agent->config;
	const struct mqtt_layer *layers[MQTT_BROKERS_MAX];
	struct link_config link = {.node = config->node,
			.topic_prefix = config->mqtt.topic_prefix,
			.discovery_prefix = config->home_assistant.prefix,
			.discovery = config->home_assistant.discovery,
			.simulated = config->gpio.backend == CONFIG_SIMULATED,
			.broker_count = config->mqtt.broker_count,
			.client_id = config->mqtt.client_id,
			.username = config->mqtt.username,
			.password = config->mqtt.password,
			.keepalive_ms = config->mqtt.keepalive_ms,
			.alive = &agent->alive,
			.follow_all = config->peers.all,
			.follow = config->peers.nodes,
			.follow_count = config->peers.node_count};
	int failed = secure_brokers(agent->secure, config, layers);
	if (failed < 0) {
		log_error(agent->log, "mqtt.tls: %s", strerror(-failed));
		return failed;
	}
	for (size_t i = 0; i < config->mqtt.broker_count; i++)
		link.brokers[i] = (struct mqtt_broker){.host = config->mqtt.brokers[i].host,
				.port = config->mqtt.brokers[i].port,
				.layer = layers[i]};
	failed = link_connect(agent->link, &link);
	if (failed == 0)
		agent->link_config = config;
	return failed;
}

static void return_to_broker(struct agent *agent)
{
	const struct config *borrowed = agent->link_config;
	if (agent_connect(agent) < 0) {
		loop_timer_set(agent->loop, &agent->reload_timer, loop_now_ms() + TRY_AGAIN_MS);
		return;
	}
	if (borrowed != agent->link_config)
		agent_drop_config(agent, &borrowed);
	end_reload(agent);
}

static bool same_opener(const struct door_config *a, const struct door_config *b)
{
	return a->opener.while_opening == b->opener.while_opening &&
	       a->opener.while_closing == b->opener.while_closing && a->opener.after_stop == b->opener.after_stop &&
	       a->open_time_ms == b->open_time_ms && a->close_time_ms == b->close_time_ms;
}

static void tell_door(const struct agent *agent, const struct config_door *from, const struct config_door *to)
{
	const struct door_config *now = &from->machine, *then = &to->machine;
	if (then->auto_close_ms > 0 && then->auto_close_ms != now->auto_close_ms)
		log_info(agent->log, "door %s: auto_close counts from the next opening on", to->id);
	if (agent->config->gpio.backend == CONFIG_SIMULATED && !same_opener(now, then))
		log_info(agent->log, "door %s: the simulated one goes on with the times and the opener of the start",
				to->id);
}

/* From here on nothing fails. */
static void take_over(struct agent *agent, const struct config *next, const struct config_changes *changes)
{
	const struct config *former = agent->config;
	agent->config = next;
	for (size_t i = 0; i < next->door_count; i++) {
		const struct garage_door_config door = door_of_config(&next->doors[i]);
		tell_door(agent, &former->doors[i], &next->doors[i]);
		garage_reconfigure(agent->garage, i, &door);
	}
	log_set(agent->own_log, (enum log_level)next->log.level, (enum log_format)next->log.format);
	log_info(agent->log, "the configuration is taken over");
	if (changes->mqtt) {
		link_leave(agent->link, changes->topics, changes->discovery, left_broker, agent);
		agent->reload = RELOAD_LEAVING;
	} else {
		link_publish(agent->link);
		end_reload(agent);
	}
	agent_drop_config(agent, &former);
}

static void read_and_take_over(struct agent *agent)
{
	struct config_changes changes = {0};
	const struct config *next = read_config(agent, &changes);
	if (next && agent_reconfigure_http(agent, next, changes.credentials) == 0) {
		take_over(agent, next, &changes);
		return;
	}
	agent_drop_config(agent, &next);
	log_error(agent->log, "the reload is refused: nothing has changed, and the agent goes on as before");
	end_reload(agent);
}

/* Reading files takes its time, and no end of a pulse waits for that: the reload waits. */
static bool must_wait(const struct agent *agent)
{
	return garage_is_pulsing(agent->garage) || (agent->http && http_checking(agent->http));
}

static void go_on(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	if (agent->stopping)
		return;
	if (must_wait(agent))
		loop_timer_set(agent->loop, timer, now_ms + LOOK_AGAIN_MS);
	else if (agent->reload == RELOAD_ASKED)
		read_and_take_over(agent);
	else
		return_to_broker(agent);
}

void agent_start_reload(struct agent *agent)
{
	agent->reload_timer = (struct loop_timer){.expired = go_on, .user = agent};
}
