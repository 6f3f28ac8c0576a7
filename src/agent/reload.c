#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/inside.h"
#include "base/notify.h"

#define LOOK_AGAIN_MS 50 /* whether it can go on: a relay is on, or a password is being checked */
#define TRY_AGAIN_MS 1000
#define TAKE_BACK_LIMIT_MS 20000 /* for the broker to take in that it is to forget names; nothing hurries us */

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
	if (!config || config == agent->first_config || config == agent->config || config == agent->mqtt_config)
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

/* The last words on a connection: what the broker is to forget when names change, and that we are gone. */
static void leave_broker(struct agent *agent, const struct config *former, const struct config_changes *changes)
{
	char topic[TOPIC_MAX + 1];
	bool discovery = former->home_assistant.discovery && changes->discovery;
	agent->taking_back.topics = changes->topics;
	agent->taking_back.discovery = discovery;
	agent_disconnected(agent);
	if (discovery) {
		topic_discovery_agent(&agent->topics, topic);
		agent_publish_text(agent, topic, "");
	}
	for (size_t i = 0; i < agent->door_count; i++)
		agent_clear_door(agent, agent->doors[i].config->id, changes->topics, discovery);
	if (changes->topics)
		agent_clear_doors(agent);
	agent_publish_text(agent, agent->availability_topic, changes->topics ? "" : AGENT_OFFLINE);
	agent->reload = RELOAD_LEAVING;
}

static bool takes_back(const struct agent *agent)
{
	return agent->taking_back.topics || agent->taking_back.discovery;
}

void agent_tell_kept(const struct agent *agent, bool whole)
{
	char id[TOPIC_MAX + 1], topics[2 * TOPIC_MAX] = "", devices[2 * TOPIC_MAX] = "";
	bool both = agent->taking_back.topics && agent->taking_back.discovery;
	if (whole || !takes_back(agent))
		return;
	topic_device_id(&agent->topics, NULL, id);
	if (agent->taking_back.topics)
		snprintf(topics, sizeof(topics), "%s/%s/#", agent->topics.prefix, agent->topics.node);
	if (agent->taking_back.discovery)
		snprintf(devices, sizeof(devices), "%s/device/%s*/config", agent->topics.discovery, id);
	log_warning(agent->log,
			"the broker could not be told all that it is to forget: it may keep, retained, %s%s%s (each goes with an empty retained message)",
			topics, both ? " and " : "", devices);
}

static void left_broker(void *user, bool whole)
{
	struct agent *agent = user;
	agent_tell_kept(agent, whole);
	agent->taking_back.topics = agent->taking_back.discovery = false;
	agent->reload = RELOAD_LEFT;
	loop_timer_set(agent->loop, &agent->reload_timer, loop_now_ms());
}

static void return_to_broker(struct agent *agent)
{
	struct mqtt *former = agent->mqtt;
	const struct config *borrowed = agent->mqtt_config;
	if (agent_start_mqtt(agent) < 0) {
		loop_timer_set(agent->loop, &agent->reload_timer, loop_now_ms() + TRY_AGAIN_MS);
		return;
	}
	mqtt_count_on(agent->mqtt, former);
	mqtt_free(former);
	if (borrowed != agent->mqtt_config)
		agent_drop_config(agent, &borrowed);
	end_reload(agent);
}

static bool same_opener(const struct door_config *a, const struct door_config *b)
{
	return a->opener.while_opening == b->opener.while_opening &&
	       a->opener.while_closing == b->opener.while_closing && a->opener.after_stop == b->opener.after_stop &&
	       a->open_time_ms == b->open_time_ms && a->close_time_ms == b->close_time_ms;
}

static void take_door(struct agent_door *door, const struct config_door *next)
{
	const struct log *log = door->agent->log;
	const struct door_config *now = &door->config->machine, *then = &next->machine;
	if (then->auto_close_ms > 0 && then->auto_close_ms != now->auto_close_ms)
		log_info(log, "door %s: auto_close counts from the next opening on", next->id);
	if (door->agent->config->gpio.backend == CONFIG_SIMULATED && !same_opener(now, then))
		log_info(log, "door %s: the simulated one goes on with the times and the opener of the start",
				next->id);
	door->config = next;
	agent_step(door, &(struct door_input){.kind = DOOR_INPUT_CONFIG, .config = then}, NULL, NULL);
}

/* From here on nothing fails. */
static void take_over(struct agent *agent, const struct config *next, const struct config_changes *changes)
{
	const struct config *former = agent->config;
	agent->config = next;
	for (size_t i = 0; i < agent->door_count; i++)
		take_door(&agent->doors[i], &next->doors[i]);
	log_set(agent->own_log, (enum log_level)next->log.level, (enum log_format)next->log.format);
	log_info(agent->log, "the configuration is taken over");
	if (changes->mqtt) {
		leave_broker(agent, former, changes);
		mqtt_stop(agent->mqtt, takes_back(agent) ? TAKE_BACK_LIMIT_MS : AGENT_STOP_LIMIT_MS, left_broker,
				agent);
	} else {
		agent_publish_everything(agent);
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
	for (size_t i = 0; i < agent->door_count; i++)
		if (agent->doors[i].pulsing)
			return true;
	return agent->http && http_checking(agent->http);
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
