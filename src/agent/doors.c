#include "agent/inside.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "mqtt/age.h"

#define REFUSED_LOG_MS 1000 /* at most one line of refused commands a door in so long */

static void publish_command_event(struct agent_door *door, const enum door_command *command, enum door_source source,
		enum door_result result, enum door_reason reason)
{
	agent_record_command(door, command, source, result, reason);
	char topic[TOPIC_MAX + 1];
	topic_door(&door->agent->topics, door->config->id, TOPIC_EVENT, topic);
	agent_publish_document(door->agent, topic,
			document_command_event(command, source, result, reason, door->agent->document, DOCUMENT_MAX),
			false);
}

static void tell(struct agent_door *door, const struct door_happening *happening, const struct agent_moment *at)
{
	struct agent *agent = door->agent;
	const char *id = door->config->id;
	struct door_view view;
	enum door_news event;
	agent_view_door(door, &view);
	switch (happening->event) {
	case DOOR_EVENT_STATE:
		event = door_news_of_state(happening->state);
		view.state = happening->state;
		break;
	case DOOR_EVENT_FAULT:
		event = DOOR_NEWS_FAULT;
		door->counts.faults[happening->fault]++;
		view.fault = happening->fault;
		log_warning(agent->log, "door %s: fault %s", id, door_fault_name(happening->fault));
		break;
	case DOOR_EVENT_FAULT_CLEARED:
		event = DOOR_NEWS_FAULT_CLEARED;
		view.fault = happening->fault;
		log_info(agent->log, "door %s: fault %s has ended", id, door_fault_name(happening->fault));
		break;
	case DOOR_EVENT_WARNING:
		event = DOOR_NEWS_CLOSE_WARNING;
		log_info(agent->log, "door %s: warning before it closes", id);
		break;
	case DOOR_EVENT_AUTO_CLOSE:
		event = DOOR_NEWS_AUTO_CLOSE;
		log_info(agent->log, "door %s: auto-close", id);
		break;
	default:
		event = DOOR_NEWS_COMMAND_CANCELLED;
		log_info(agent->log, "door %s: the command ended before its last press", id);
		break;
	}
	const struct door_record what = {.news = event,
			.command = -1,
			.state = view.state,
			.source = view.source,
			.fault = happening->fault};
	agent_record(door, &what, &view, at);
	if (!agent->catching_up || happening->event != DOOR_EVENT_STATE)
		agent_publish_news(door, event, &view);
}

/* Returns how many inputs the machine is to hear of it: lines that could not be set, or a relay that went on late. */
static size_t carry_out(struct agent_door *door, const struct door_output *output, int64_t at_ms,
		struct door_input *heard, bool *failed)
{
	size_t count = 0;
	for (size_t i = 0; i < output->action_count; i++) {
		const struct door_action *action = &output->actions[i];
		int line = door->lines[action->line];
		int error = line < 0 ? -ENXIO : gpio_set(door->agent->gpio, (size_t)line, action->on);
		log_debug(door->agent->log, "door %s: %s %s", door->config->id, agent_role_names[action->line],
				action->on ? "on" : "off");
		if (error == 0 && action->line == DOOR_LINE_WARNING)
			continue;
		if (error == 0) {
			int64_t on_ms = loop_now_ms();
			door->pulsing = action->on;
			door->counts.pulses += action->on;
			/* A starved processor: an opener does not hear a pulse of a few ms. */
			if (action->on && on_ms > at_ms)
				heard[count++] = (struct door_input){
						.kind = DOOR_INPUT_LINE_LATE, .line = action->line, .at_ms = on_ms};
			continue;
		}
		*failed = true;
		if (!door->line_failing)
			log_error(door->agent->log, "door %s: the %s could not be switched %s: %s", door->config->id,
					agent_role_names[action->line], action->on ? "on" : "off", strerror(-error));
		heard[count++] = (struct door_input){
				.kind = DOOR_INPUT_LINE_FAILED, .line = action->line, .active = action->on};
	}
	return count;
}

void agent_recall_change(struct agent_door *door)
{
	struct door_view view;
	door_view(&door->machine, loop_now_ms(), &view);
	bool as_before = view.state != DOOR_UNKNOWN && view.state == door->former.state;
	door->last_changed_unix_ms = as_before ? door->former.unix_ms : 0;
	door->former_source = as_before ? door->former.source : DOOR_SOURCE_NONE;
}

static void note_state(struct agent_door *door, const struct agent_moment *at)
{
	struct door_view view = {.id = door->config->id};
	door_view(&door->machine, at->ms, &view);
	if (view.source != DOOR_SOURCE_NONE || door->last_changed_ms != 0) {
		door->last_changed_ms = at->ms;
		door->last_changed_unix_ms = at->unix_ms;
		door->former_source = DOOR_SOURCE_NONE;
	} else {
		agent_recall_change(door);
	}
	log_info(door->agent->log, "door %s: %s (%s, %s)", view.id, door_state_name(view.state),
			door_source_name(view.source), door_confidence_name(view.confidence));
}

/*
 * One input, its actions, and what becomes of the lines, which may fail in turn: after that the machine tries again at
 * its own deadline. result and reason may be NULL.
 */
void agent_step(struct agent_door *door, const struct door_input *input, enum door_result *result,
		enum door_reason *reason)
{
	struct door_input queue[1 + DOOR_ACTIONS_MAX], heard[DOOR_ACTIONS_MAX];
	size_t queued = 1;
	bool failed = false;
	struct door_output output;
	queue[0] = *input;
	for (size_t next = 0; next < queued; next++) {
		const struct agent_moment at = agent_now(door->agent);
		door_step(&door->machine, &queue[next], at.ms, &output);
		size_t count = carry_out(door, &output, at.ms, heard, &failed);
		for (size_t i = 0; i < count && queued < sizeof(queue) / sizeof(queue[0]); i++)
			queue[queued++] = heard[i];
		if (output.state_changed)
			note_state(door, &at);
		if (!door->seen)
			agent_record_start(door, &at);
		if (!door->agent->catching_up &&
				(output.position_changed || output.state_changed || output.attributes_changed))
			http_changed(door->agent->http);
		agent_publish_door(door, (output.position_changed ? PUBLISH_POSITION : 0u) |
							 (output.state_changed ? PUBLISH_STATE : 0u) |
							 (output.attributes_changed ? PUBLISH_ATTRIBUTES : 0u));
		for (size_t i = 0; i < output.happening_count; i++)
			tell(door, &output.happenings[i], &at);
		if (output.answered && result) {
			*result = output.result;
			*reason = output.reason;
		}
	}
	door->line_failing = failed;
	loop_timer_set(door->agent->loop, &door->timer, output.deadline_ms);
}

static void hear(struct agent_door *door, enum door_sensor sensor, bool active, int64_t at_ms)
{
	agent_step(door,
			&(struct door_input){
					.kind = DOOR_INPUT_SENSOR, .sensor = sensor, .active = active, .at_ms = at_ms},
			NULL, NULL);
}

static void hear_sample(struct agent_door *door, enum door_sensor sensor, bool active)
{
	agent_step(door,
			&(struct door_input){
					.kind = DOOR_INPUT_SENSOR, .sensor = sensor, .active = active, .sampled = true},
			NULL, NULL);
}

void agent_catch_up(struct agent_door *door)
{
	struct door_view view;
	bool active;
	gpio_catch_up(door->agent->gpio);
	door_view(&door->machine, loop_now_ms(), &view);
	for (int sensor = 0; sensor < DOOR_SENSORS && view.settled; sensor++) {
		int line = door->lines[SENSOR_LINES + sensor];
		if (line >= 0 && gpio_get(door->agent->gpio, (size_t)line, &active) == 0)
			hear_sample(door, (enum door_sensor)sensor, active);
	}
}

static void door_deadline(struct loop_timer *timer, int64_t now_ms)
{
	struct agent_door *door = timer->user;
	(void)now_ms;
	agent_notice_stall(door->agent);
	/* The end of a pulse waits for nothing. All else that time brings comes after what the sensors have said. */
	if (!door->pulsing)
		agent_catch_up(door);
	agent_step(door, &(struct door_input){.kind = DOOR_INPUT_TIME}, NULL, NULL);
}

void agent_edge(void *user, size_t line, bool active, int64_t at_ms)
{
	static_assert(METRICS_SENSORS == DOOR_SENSORS, "they are the same");
	struct agent *agent = user;
	struct agent_door *door = &agent->doors[agent->owners[line].door];
	enum door_sensor sensor = (enum door_sensor)(agent->owners[line].role - SENSOR_LINES);
	door->counts.edges[sensor]++;
	agent_notice_stall(agent);
	hear(door, sensor, active, at_ms);
}

/* How a command ended, for the log and the metrics. */
static void note_command(struct agent_door *door, const char *command, enum door_source source, enum door_result result,
		enum door_reason reason)
{
	const struct log *log = door->agent->log;
	door->counts.commands[source][result]++;
	if (result == DOOR_RESULT_REJECTED)
		door->counts.refusals[reason]++;
	if (result == DOOR_RESULT_ACCEPTED) {
		log_info(log, "door %s: %s from %s accepted", door->config->id, command, door_source_name(source));
		return;
	}
	if (result == DOOR_RESULT_UNCHANGED) {
		log_debug(log, "door %s: %s from %s: already so", door->config->id, command, door_source_name(source));
		return;
	}
	int64_t now_ms = loop_now_ms();
	if (now_ms - door->refused_logged_ms < REFUSED_LOG_MS) {
		door->refused_unlogged++;
		return;
	}
	log_warning(log, "door %s: %s from %s refused: %s", door->config->id, command, door_source_name(source),
			door_reason_text(reason));
	if (door->refused_unlogged > 0)
		log_warning(log, "door %s: %" PRIu64 " more refused commands since the line before", door->config->id,
				door->refused_unlogged);
	door->refused_logged_ms = now_ms;
	door->refused_unlogged = 0;
}

bool agent_may_have_waited(struct agent *agent, enum door_source source)
{
	agent_notice_stall(agent);
	int64_t now_ms = loop_now_ms();
	return now_ms < agent->stale_until_ms || (source == DOOR_SOURCE_MQTT && now_ms < agent->echo_until_ms);
}

static enum door_result obey(
		struct agent_door *door, const struct door_input *input, const char *name, enum door_reason *reason)
{
	enum door_result result = DOOR_RESULT_REJECTED;
	*reason = door->agent->stopping ? DOOR_REASON_STOPPING : DOOR_REASON_STALE;
	bool past = agent_may_have_waited(door->agent, input->source) || age_is_past(input->given_ms, loop_now_ms());
	if (!door->agent->stopping && !past) {
		agent_catch_up(door);
		agent_step(door, input, &result, reason);
	}
	note_command(door, name, input->source, result, *reason);
	publish_command_event(door, &input->command, input->source, result, *reason);
	return result;
}

enum door_result agent_command(struct agent_door *door, enum door_command command, enum door_source source,
		int64_t given_ms, enum door_reason *reason)
{
	const struct door_input input = {
			.kind = DOOR_INPUT_COMMAND, .command = command, .source = source, .given_ms = given_ms};
	return obey(door, &input, door_command_name(command), reason);
}

enum door_result agent_pulse(struct agent_door *door, enum door_line relay, enum door_source source, int64_t given_ms,
		enum door_reason *reason)
{
	const struct door_input input = {.kind = DOOR_INPUT_COMMAND,
			.command = DOOR_COMMAND_PULSE,
			.source = source,
			.line = relay,
			.given_ms = given_ms};
	char name[32];
	snprintf(name, sizeof(name), "a pulse of the %s", agent_role_names[relay]);
	return obey(door, &input, name, reason);
}

void agent_refuse(struct agent_door *door, const enum door_command *command, enum door_source source,
		enum door_reason reason)
{
	note_command(door, command ? door_command_name(*command) : "a command", source, DOOR_RESULT_REJECTED, reason);
	publish_command_event(door, command, source, DOOR_RESULT_REJECTED, reason);
}

int agent_start_doors(struct agent *agent)
{
	int64_t now_ms = loop_now_ms();
	struct door_totals totals;
	for (size_t i = 0; i < agent->door_count; i++) {
		struct agent_door *door = &agent->doors[i];
		door->timer = (struct loop_timer){.expired = door_deadline, .user = door};
		door->refused_logged_ms = now_ms - REFUSED_LOG_MS;
		door_init(&door->machine, &door->config->machine, now_ms);
		history_restore(agent->history, i, &totals, &door->former);
		door_restore(&door->machine, &totals, now_ms);
	}
	for (size_t i = 0; i < agent->door_count; i++) {
		struct agent_door *door = &agent->doors[i];
		agent_step(door, &(struct door_input){.kind = DOOR_INPUT_TIME}, NULL, NULL);
		for (int sensor = 0; sensor < DOOR_SENSORS; sensor++) {
			int line = door->lines[SENSOR_LINES + sensor];
			bool active;
			if (line < 0)
				continue;
			int error = gpio_get(agent->gpio, (size_t)line, &active);
			if (error < 0) {
				log_error(agent->log, "door %s: the level of its %s cannot be read: %s",
						door->config->id, agent_role_names[SENSOR_LINES + sensor],
						strerror(-error));
				return error;
			}
			hear(door, (enum door_sensor)sensor, active, loop_now_ms());
		}
	}
	return 0;
}
