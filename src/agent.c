#include "agent.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/notify.h"
#include "base/sandbox.h"
#include "documents/documents.h"
#include "documents/topics.h"
#include "door/door.h"
#include "gpio/gpio.h"
#include "gpio/simulated.h"
#include "history/history.h"
#include "http/http.h"
#include "metrics/metrics.h"
#include "mqtt/mqtt.h"
#include "secure.h"
#include "tls/password.h"

#define HOST_NAME_MAX_BYTES 64 /* HOST_NAME_MAX of Linux */
#define HEALTHCHECK_LIMIT_MS 3000
#define OLD_DOORS_MS 10000     /* so long after a connect retained states may tell of doors that are gone */
#define BIRTH_DELAY_MIN_MS 200 /* after Home Assistant's birth: it must be listening, and not all devices at once */
#define BIRTH_DELAY_SPAN_MS 2000
#define CONTRADICT_MIN_MS 1000 /* between two contradictions of a false "offline"; doubled for each */
#define CONTRADICT_MAX_MS 300000
#define CLOCK_LOOK_MS 5000   /* so often, until it is set */
#define CLOCK_STEP_MS 1000   /* more is no drift: somebody set the clock */
#define STALL_CHECK_MS 10000 /* as old as Home Assistant's commands may become */
#define STALL_MS 2000        /* a timer this late: the agent stood still, and what waited is of the past */
#define STALE_MS 5000        /* after that, what has waited arrives, even where the processor is scarce */
#define REFUSED_LOG_MS 1000  /* at most one line of refused commands a door in so long */

static const char online[] = "online", offline[] = "offline";

/* The lines of a door: what door_step drives, then what it hears. */
enum { SENSOR_LINES = DOOR_LINES, LINES_PER_DOOR = DOOR_LINES + DOOR_SENSORS };

struct agent_door {
	struct agent *agent;
	const struct config_door *config;
	struct door machine;
	struct loop_timer timer;
	int lines[LINES_PER_DOOR]; /* places in agent->lines; -1: not wired */
	int64_t last_changed_unix_ms;
	int64_t last_changed_ms;        /* 0: not since the start */
	struct history_change former;   /* the last change that a former run saw */
	enum door_source former_source; /* of it, while what the sensors say is still that */
	bool seen;                      /* the sensors have settled since the start */
	int64_t refused_logged_ms;
	uint64_t refused_unlogged;
	struct metrics_counts counts;
	bool line_failing;
};

/* Which of a door's topics to publish. */
enum { PUBLISH_POSITION = 1, PUBLISH_STATE = 2, PUBLISH_ATTRIBUTES = 4, PUBLISH_ALL = 7 };

struct agent {
	const struct config *config;
	const struct log *log;
	struct loop *loop;
	struct gpio *gpio;
	struct mqtt *mqtt;
	struct http *http;
	struct history *history; /* NULL: not running */
	struct clock clock;
	bool clock_awaited;

	struct secure *secure; /* NULL: nothing needs it */

	struct agent_door *doors;
	size_t door_count;
	struct gpio_line *lines;
	size_t line_count;
	struct { /* where a line belongs */
		uint8_t door, role;
	} owners[GPIO_LINES_MAX];
	char (*consumers)[DOOR_ID_MAX + 24];

	struct topic_base topics;
	char availability_topic[TOPIC_MAX + 1], status_topic[TOPIC_MAX + 1], every_state_topic[TOPIC_MAX + 1];
	char (*set_topics)[TOPIC_MAX + 1];
	struct mqtt_subscription subscriptions[MQTT_SUBSCRIPTIONS_MAX];
	size_t subscription_count;

	struct loop_timer old_doors_timer, birth_timer, contradict_timer, watchdog_timer, stall_timer, clock_timer;
	int64_t contradict_gap_ms, contradicted_ms;
	int64_t started_ms, started_unix_ms, watchdog_ms, stale_until_ms;
	char document[DOCUMENT_MAX];
	char host_name[HOST_NAME_MAX_BYTES + 1], broker_error[MQTT_ERROR_MAX];
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

/* Lines */

static const struct config_line *config_line(const struct config_door *door, int role)
{
	return role < SENSOR_LINES ? &door->lines[role] : &door->sensors[role - SENSOR_LINES];
}

static const char *const role_names[LINES_PER_DOOR] = {
		[DOOR_LINE_TOGGLE] = "relay",
		[DOOR_LINE_OPEN] = "open relay",
		[DOOR_LINE_CLOSE] = "close relay",
		[DOOR_LINE_STOP] = "stop relay",
		[DOOR_LINE_WARNING] = "close warning",
		[SENSOR_LINES + DOOR_SENSOR_CLOSED] = "closed sensor",
		[SENSOR_LINES + DOOR_SENSOR_OPEN] = "open sensor",
		[SENSOR_LINES + DOOR_SENSOR_OBSTRUCTION] = "obstruction sensor",
};

static const enum gpio_bias biases[] = {
		[CONFIG_BIAS_AS_IS] = GPIO_BIAS_AS_IS,
		[CONFIG_BIAS_PULL_UP] = GPIO_BIAS_PULL_UP,
		[CONFIG_BIAS_PULL_DOWN] = GPIO_BIAS_PULL_DOWN,
		[CONFIG_BIAS_DISABLED] = GPIO_BIAS_DISABLED,
};

static void add_lines(struct agent *agent, size_t index)
{
	struct agent_door *door = &agent->doors[index];
	for (int role = 0; role < LINES_PER_DOOR; role++) {
		const struct config_line *from = config_line(door->config, role);
		door->lines[role] = -1;
		if (!from->present)
			continue;
		size_t place = agent->line_count++;
		struct gpio_line *line = &agent->lines[place];
		snprintf(agent->consumers[place], sizeof(agent->consumers[place]), "%s %s", door->config->id,
				role_names[role]);
		*line = (struct gpio_line){
				.offset = from->offset,
				.direction = role < SENSOR_LINES ? GPIO_OUTPUT : GPIO_INPUT,
				.active_low = from->active_low,
				.bias = biases[from->bias],
				.consumer = agent->consumers[place],
		};
		if (from->name)
			snprintf(line->name, sizeof(line->name), "%s", from->name);
		agent->owners[place].door = (uint8_t)index;
		agent->owners[place].role = (uint8_t)role;
		door->lines[role] = (int)place;
	}
}

static size_t count_lines(const struct config *config)
{
	size_t count = 0;
	for (size_t i = 0; i < config->door_count; i++)
		for (int role = 0; role < LINES_PER_DOOR; role++)
			count += config_line(&config->doors[i], role)->present;
	return count;
}

static void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	http_free(agent->http);
	agent->http = NULL;
	mqtt_free(agent->mqtt);
	secure_free(agent->secure);
	gpio_close(agent->gpio);
	history_free(agent->history);
	loop_free(agent->loop);
	free(agent->set_topics);
	free(agent->consumers);
	free(agent->lines);
	free(agent->doors);
	free(agent);
}

/* The doors and their lines, without touching anything: what every mode begins with. */
static int agent_new(const struct config *config, const struct log *log, struct agent **out)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	if (!agent)
		return -ENOMEM;
	size_t lines = count_lines(config);
	agent->config = config;
	agent->log = log;
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
		add_lines(agent, i);
	}
	gethostname(agent->host_name, sizeof(agent->host_name) - 1);
	*out = agent;
	return 0;
}

/* What the outside is told */

static void view_door(const struct agent_door *door, struct door_view *view)
{
	*view = (struct door_view){
			.id = door->config->id,
			.name = door->config->name,
			.device_class = config_device_class_name(door->config->device_class),
			.last_changed_unix_ms = door->last_changed_unix_ms,
	};
	door_view(&door->machine, loop_now_ms(), view);
	if (view->source == DOOR_SOURCE_NONE)
		view->source = door->former_source;
}

/* Not connected is no failure: everything retained is published afresh on the next connect. */
static void publish(struct agent *agent, const char *topic, const char *payload, size_t length, bool retained)
{
	if (agent->stopping && topic != agent->availability_topic)
		return; /* "offline" is our last word */
	int error = agent->mqtt ? mqtt_publish(agent->mqtt, topic, payload, length, retained) : -ENOTCONN;
	if (error < 0 && error != -ENOTCONN)
		log_debug(agent->log, "%s was not published: %s", topic, strerror(-error));
}

static void publish_text(struct agent *agent, const char *topic, const char *payload)
{
	publish(agent, topic, payload, strlen(payload), true);
}

/* length is what a document_ function returned for agent->document. */
static void publish_document(struct agent *agent, const char *topic, ssize_t length, bool retained)
{
	if (length < 0)
		log_error(agent->log, "no document for %s: %s", topic, strerror((int)-length));
	else
		publish(agent, topic, agent->document, (size_t)length, retained);
}

/* Position before state, so that nobody sees an open door at the position of a closed one. */
static void publish_door(struct agent_door *door, unsigned what)
{
	struct agent *agent = door->agent;
	struct door_view view;
	char topic[TOPIC_MAX + 1];
	view_door(door, &view);
	if (what & PUBLISH_POSITION) {
		/* Home Assistant refuses "None" here; an empty payload takes a former position from the broker. */
		char position[8] = "";
		if (view.position != DOOR_POSITION_UNKNOWN)
			snprintf(position, sizeof(position), "%d", view.position);
		topic_door(&agent->topics, view.id, TOPIC_POSITION, topic);
		publish_text(agent, topic, position);
	}
	if (what & PUBLISH_STATE) {
		topic_door(&agent->topics, view.id, TOPIC_STATE, topic);
		publish_text(agent, topic, document_state(view.state));
	}
	if (what & PUBLISH_ATTRIBUTES) {
		topic_door(&agent->topics, view.id, TOPIC_ATTRIBUTES, topic);
		publish_document(agent, topic, document_attributes(&view, agent->document, DOCUMENT_MAX), true);
	}
}

static void describe(struct agent *agent, struct document_node *node)
{
	struct mqtt_status status;
	mqtt_status(agent->mqtt, &status);
	*node = (struct document_node){
			.topics = agent->topics,
			.version = PORTCULLIS_VERSION,
			.mqtt5 = status.version == 5,
	};
}

static void publish_discovery(struct agent *agent)
{
	if (!agent->config->home_assistant.discovery)
		return;
	struct document_node node;
	char topic[TOPIC_MAX + 1];
	describe(agent, &node);
	topic_discovery_agent(&agent->topics, topic);
	publish_document(agent, topic, document_discovery_agent(&node, agent->document, DOCUMENT_MAX), true);
	for (size_t i = 0; i < agent->door_count; i++) {
		struct door_view view;
		view_door(&agent->doors[i], &view);
		topic_discovery_door(&agent->topics, view.id, topic);
		publish_document(agent, topic, document_discovery_door(&node, &view, agent->document, DOCUMENT_MAX),
				true);
	}
}

static void publish_everything(struct agent *agent)
{
	for (size_t i = 0; i < agent->door_count; i++)
		publish_door(&agent->doors[i], PUBLISH_ALL);
	publish_text(agent, agent->availability_topic, online);
	publish_discovery(agent);
}

/* The history */

/* Changes that were seen before the clock was set get their times when it is. */
static void look_at_clock(struct agent *agent)
{
	int64_t now_ms = loop_now_ms();
	if (agent->clock.set || !clock_is_set(&agent->clock, history_newest_unix_ms(agent->history)))
		return;
	int64_t unix_ms = loop_wall_ms();
	if (agent->clock_awaited)
		log_info(agent->log, "the clock is set: events have a time again");
	history_clock_set(agent->history, now_ms, unix_ms);
	for (size_t i = 0; i < agent->door_count; i++) {
		struct agent_door *door = &agent->doors[i];
		if (door->last_changed_ms == 0)
			continue;
		door->last_changed_unix_ms = unix_ms - (now_ms - door->last_changed_ms);
		publish_door(door, PUBLISH_ATTRIBUTES);
		http_changed(agent->http);
	}
}

static void look_at_clock_again(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	look_at_clock(agent);
	if (agent->clock.set)
		return;
	if (!agent->clock_awaited)
		log_info(agent->log, "the clock is not set yet: events have no time until it is");
	agent->clock_awaited = true;
	loop_timer_set(agent->loop, timer, now_ms + CLOCK_LOOK_MS);
}

/* When something happens, by both clocks. */
struct moment {
	int64_t ms, unix_ms; /* unix_ms is 0 while the clock is not set */
};

static struct moment now(struct agent *agent)
{
	look_at_clock(agent);
	return (struct moment){.ms = loop_now_ms(), .unix_ms = agent->clock.set ? loop_wall_ms() : 0};
}

static void record(struct agent_door *door, const struct door_record *what, const struct door_view *view,
		const struct moment *at)
{
	struct agent *agent = door->agent;
	const struct door_totals totals = {.cycles = view->cycles,
			.last_open_ms = view->last_open_ms,
			.last_close_ms = view->last_close_ms,
			.last_travel_ms = view->last_travel_ms};
	struct door_record filled = *what;
	filled.door = (uint8_t)(door - agent->doors);
	history_add(agent->history, &filled, &totals, at->ms, at->unix_ms);
}

static void record_command(struct agent_door *door, const enum door_command *command, enum door_source source,
		enum door_result result, enum door_reason reason)
{
	const struct moment at = now(door->agent);
	struct door_view view;
	if (result == DOOR_RESULT_UNCHANGED)
		return;
	view_door(door, &view);
	const struct door_record what = {.news = door_news_of_result(result),
			.command = (int8_t)(command ? (int)*command : -1),
			.state = view.state,
			.source = source,
			.reason = reason};
	record(door, &what, &view, &at);
}

static void record_start(struct agent_door *door, const struct moment *at)
{
	struct door_view view;
	view_door(door, &view);
	if (!view.settled)
		return;
	door->seen = true;
	record(door, &(struct door_record){.news = DOOR_NEWS_STARTED, .command = -1, .state = view.state}, &view, at);
}

static void publish_command_event(struct agent_door *door, const enum door_command *command, enum door_source source,
		enum door_result result, enum door_reason reason)
{
	record_command(door, command, source, result, reason);
	char topic[TOPIC_MAX + 1];
	topic_door(&door->agent->topics, door->config->id, TOPIC_EVENT, topic);
	publish_document(door->agent, topic,
			document_command_event(command, source, result, reason, door->agent->document, DOCUMENT_MAX),
			false);
}

/* The door's machine */

static void tell(struct agent_door *door, const struct door_happening *happening, const struct moment *at)
{
	struct agent *agent = door->agent;
	const char *id = door->config->id;
	struct door_view view;
	enum door_news event;
	view_door(door, &view);
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
	record(door, &what, &view, at);
	char topic[TOPIC_MAX + 1];
	topic_door(&agent->topics, id, TOPIC_EVENT, topic);
	publish_document(agent, topic, document_door_event(event, &view, agent->document, DOCUMENT_MAX), false);
}

/* Returns how many lines could not be set; they are told to the machine by the caller. */
static size_t carry_out(struct agent_door *door, const struct door_output *output, struct door_input *failures)
{
	size_t failed = 0;
	for (size_t i = 0; i < output->action_count; i++) {
		const struct door_action *action = &output->actions[i];
		int line = door->lines[action->line];
		int error = line < 0 ? -ENXIO : gpio_set(door->agent->gpio, (size_t)line, action->on);
		log_debug(door->agent->log, "door %s: %s %s", door->config->id, role_names[action->line],
				action->on ? "on" : "off");
		if (error == 0) {
			door->counts.pulses += action->on && action->line != DOOR_LINE_WARNING;
			continue;
		}
		if (!door->line_failing)
			log_error(door->agent->log, "door %s: the %s could not be switched %s: %s", door->config->id,
					role_names[action->line], action->on ? "on" : "off", strerror(-error));
		failures[failed++] = (struct door_input){
				.kind = DOOR_INPUT_LINE_FAILED, .line = action->line, .active = action->on};
	}
	return failed;
}

static void note_state(struct agent_door *door, const struct moment *at)
{
	struct door_view view = {.id = door->config->id};
	door_view(&door->machine, at->ms, &view);
	if (view.source != DOOR_SOURCE_NONE || door->last_changed_ms != 0) {
		door->last_changed_ms = at->ms;
		door->last_changed_unix_ms = at->unix_ms;
		door->former_source = DOOR_SOURCE_NONE;
	} else {
		/* What the sensors say at the start is no change: since when it is so, only a former run can know. */
		bool as_before = view.state != DOOR_UNKNOWN && view.state == door->former.state;
		door->last_changed_unix_ms = as_before ? door->former.unix_ms : 0;
		door->former_source = as_before ? door->former.source : DOOR_SOURCE_NONE;
	}
	log_info(door->agent->log, "door %s: %s (%s, %s)", view.id, door_state_name(view.state),
			door_source_name(view.source), door_confidence_name(view.confidence));
}

/*
 * One input, its actions, and the answers to lines that failed, which may fail in turn: after that the machine tries
 * again at its own deadline. result and reason may be NULL.
 */
static void step(struct agent_door *door, const struct door_input *input, enum door_result *result,
		enum door_reason *reason)
{
	struct door_input queue[1 + DOOR_ACTIONS_MAX], failures[DOOR_ACTIONS_MAX];
	size_t queued = 1;
	bool failed = false;
	struct door_output output;
	queue[0] = *input;
	for (size_t next = 0; next < queued; next++) {
		const struct moment at = now(door->agent);
		door_step(&door->machine, &queue[next], at.ms, &output);
		size_t count = carry_out(door, &output, failures);
		failed = failed || count > 0;
		for (size_t i = 0; i < count && queued < sizeof(queue) / sizeof(queue[0]); i++)
			queue[queued++] = failures[i];
		if (output.state_changed)
			note_state(door, &at);
		if (!door->seen)
			record_start(door, &at);
		if (output.position_changed || output.state_changed || output.attributes_changed)
			http_changed(door->agent->http);
		publish_door(door, (output.position_changed ? PUBLISH_POSITION : 0u) |
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

static void door_deadline(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	step(timer->user, &(struct door_input){.kind = DOOR_INPUT_TIME}, NULL, NULL);
}

static void hear(struct agent_door *door, enum door_sensor sensor, bool active, int64_t at_ms)
{
	step(door, &(struct door_input){.kind = DOOR_INPUT_SENSOR, .sensor = sensor, .active = active, .at_ms = at_ms},
			NULL, NULL);
}

static void edge(void *user, size_t line, bool active, int64_t at_ms)
{
	static_assert(METRICS_SENSORS == DOOR_SENSORS, "they are the same");
	struct agent *agent = user;
	struct agent_door *door = &agent->doors[agent->owners[line].door];
	enum door_sensor sensor = (enum door_sensor)(agent->owners[line].role - SENSOR_LINES);
	door->counts.edges[sensor]++;
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

static enum door_result command_door(
		struct agent_door *door, enum door_command command, enum door_source source, enum door_reason *reason)
{
	enum door_result result = DOOR_RESULT_REJECTED;
	*reason = door->agent->stopping ? DOOR_REASON_STOPPING : DOOR_REASON_STALE;
	if (!door->agent->stopping && loop_now_ms() >= door->agent->stale_until_ms)
		step(door, &(struct door_input){.kind = DOOR_INPUT_COMMAND, .command = command, .source = source},
				&result, reason);
	note_command(door, door_command_name(command), source, result, *reason);
	publish_command_event(door, &command, source, result, *reason);
	return result;
}

/* The broker */

static struct agent_door *find_door(struct agent *agent, const char *id)
{
	for (size_t i = 0; i < agent->door_count; i++)
		if (strcmp(agent->doors[i].config->id, id) == 0)
			return &agent->doors[i];
	return NULL;
}

static void set_message(struct agent_door *door, const struct mqtt_message *message)
{
	struct agent *agent = door->agent;
	enum door_result result = DOOR_RESULT_REJECTED;
	enum door_reason reason;
	enum door_command command;
	bool known = door_command_parse(message->payload, message->length, &command);
	if (message->retained && message->length == 0)
		return; /* somebody cleared a retained command */
	if (known && !message->retained) {
		result = command_door(door, command, DOOR_SOURCE_MQTT, &reason);
	} else {
		reason = message->retained ? DOOR_REASON_RETAINED : DOOR_REASON_UNKNOWN_COMMAND;
		note_command(door, known ? door_command_name(command) : "a command", DOOR_SOURCE_MQTT, result, reason);
		publish_command_event(door, known ? &command : NULL, DOOR_SOURCE_MQTT, result, reason);
	}
	if (!message->response_topic)
		return;
	ssize_t length = document_result(result, reason, agent->document, DOCUMENT_MAX);
	if (length >= 0)
		mqtt_respond(agent->mqtt, message, agent->document, (size_t)length);
}

/* A door of a former configuration: its retained topics and its device go. */
static void forget_door(struct agent *agent, const char *id)
{
	static const enum topic_leaf leaves[] = {TOPIC_POSITION, TOPIC_STATE, TOPIC_ATTRIBUTES};
	char topic[TOPIC_MAX + 1];
	log_info(agent->log, "door %s is no longer configured: removing what the broker has kept of it", id);
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		topic_door(&agent->topics, id, leaves[i], topic);
		publish_text(agent, topic, "");
	}
	if (agent->config->home_assistant.discovery) {
		topic_discovery_door(&agent->topics, id, topic);
		publish_text(agent, topic, "");
	}
}

/*
 * An "offline" that we did not say: an old will that came late, or another agent with our name. Contradicted soon the
 * first time, then ever more slowly, so that two agents with one name do not fight. Not at once: a broker that ends
 * hands us our own will, and one that comes back the will it has kept, just before our "online".
 */
static void contradict(struct agent *agent)
{
	int64_t now_ms = loop_now_ms(), at_ms = agent->contradicted_ms + agent->contradict_gap_ms;
	if (agent->contradict_timer.armed)
		return;
	if (now_ms - agent->contradicted_ms > 2 * CONTRADICT_MAX_MS || agent->contradict_gap_ms == 0)
		agent->contradict_gap_ms = at_ms = CONTRADICT_MIN_MS;
	if (at_ms < now_ms + CONTRADICT_MIN_MS)
		at_ms = now_ms + CONTRADICT_MIN_MS;
	loop_timer_set(agent->loop, &agent->contradict_timer, at_ms);
}

static void contradict_now(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	agent->contradicted_ms = now_ms;
	agent->contradict_gap_ms = agent->contradict_gap_ms * 2 < CONTRADICT_MAX_MS ? agent->contradict_gap_ms * 2
										    : CONTRADICT_MAX_MS;
	if (agent->stopping)
		return;
	log_warning(agent->log,
			"somebody published \"offline\" as our availability (a late will, or another agent "
			"with node %s); saying \"online\" again",
			agent->topics.node);
	publish_text(agent, agent->availability_topic, online);
}

static bool payload_is(const struct mqtt_message *message, const char *text)
{
	return message->length == strlen(text) && memcmp(message->payload, text, message->length) == 0;
}

static void message(void *user, const struct mqtt_message *message)
{
	struct agent *agent = user;
	char id[DOOR_ID_MAX + 1];
	enum topic_leaf leaf;
	if (agent->stopping)
		return;
	if (strcmp(message->topic, agent->availability_topic) == 0) {
		if (payload_is(message, online)) /* the broker's last word is ours */
			loop_timer_cancel(agent->loop, &agent->contradict_timer);
		else
			contradict(agent);
	} else if (strcmp(message->topic, agent->status_topic) == 0) {
		uint32_t delay = 0;
		if (!payload_is(message, online) || message->retained)
			return;
		if (getrandom(&delay, sizeof(delay), GRND_NONBLOCK) < 0)
			delay = 0;
		loop_timer_set(agent->loop, &agent->birth_timer,
				loop_now_ms() + BIRTH_DELAY_MIN_MS + delay % BIRTH_DELAY_SPAN_MS);
	} else if (topic_parse_door(&agent->topics, message->topic, id, &leaf)) {
		struct agent_door *door = find_door(agent, id);
		if (door && leaf == TOPIC_SET)
			set_message(door, message);
		else if (!door && leaf == TOPIC_STATE && message->retained && message->length > 0)
			forget_door(agent, id);
	}
}

static void connected(void *user)
{
	struct agent *agent = user;
	if (agent->stopping)
		return;
	http_changed(agent->http);
	publish_everything(agent);
	loop_timer_set(agent->loop, &agent->old_doors_timer, loop_now_ms() + OLD_DOORS_MS);
}

static void disconnected(void *user)
{
	struct agent *agent = user;
	http_changed(agent->http);
	loop_timer_cancel(agent->loop, &agent->old_doors_timer);
	loop_timer_cancel(agent->loop, &agent->birth_timer);
	loop_timer_cancel(agent->loop, &agent->contradict_timer);
}

static void stop_watching_old_doors(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	(void)now_ms;
	mqtt_unsubscribe(agent->mqtt, agent->every_state_topic);
}

static void home_assistant_born(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	publish_everything(timer->user);
}

static void subscribe(struct agent *agent, const char *topic, bool want_retained)
{
	agent->subscriptions[agent->subscription_count++] =
			(struct mqtt_subscription){.topic = topic, .want_retained = want_retained};
}

static int start_mqtt(struct agent *agent)
{
	const struct config *config = agent->config;
	agent->topics = (struct topic_base){.prefix = config->mqtt.topic_prefix,
			.node = config->node,
			.discovery = config->home_assistant.prefix};
	topic_availability(&agent->topics, agent->availability_topic);
	topic_home_assistant_status(&agent->topics, agent->status_topic);
	topic_every_state(&agent->topics, agent->every_state_topic);
	for (size_t i = 0; i < agent->door_count; i++) {
		topic_door(&agent->topics, config->doors[i].id, TOPIC_SET, agent->set_topics[i]);
		subscribe(agent, agent->set_topics[i], false);
		/* So that what a bridge replays after its own reconnect is known for a command of the past. */
		agent->subscriptions[agent->subscription_count - 1].as_published = true;
	}
	subscribe(agent, agent->availability_topic, true);
	subscribe(agent, agent->every_state_topic, true);
	if (config->home_assistant.discovery)
		subscribe(agent, agent->status_topic, false);

	struct mqtt_config mqtt = {
			.broker_count = config->mqtt.broker_count,
			.client_id = config->mqtt.client_id,
			.username = config->mqtt.username,
			.password = config->mqtt.password,
			.keepalive_ms = config->mqtt.keepalive_ms,
			.will_topic = agent->availability_topic,
			.will_payload = offline,
			.subscriptions = agent->subscriptions,
			.subscription_count = agent->subscription_count,
	};
	for (size_t i = 0; i < mqtt.broker_count; i++)
		mqtt.brokers[i] = (struct mqtt_broker){.host = config->mqtt.brokers[i].host,
				.port = config->mqtt.brokers[i].port,
				.layer = secure_broker(agent->secure, i)};
	struct mqtt_handlers handlers = {
			.connected = connected, .disconnected = disconnected, .message = message, .user = agent};
	char error[MQTT_ERROR_MAX] = "";
	int result = mqtt_new(agent->loop, agent->log, &mqtt, &handlers, &agent->mqtt, error);
	if (result < 0)
		log_error(agent->log, "MQTT: %s", error);
	return result;
}

/* The page */

static size_t http_doors(void *user, struct door_view *views, size_t max)
{
	struct agent *agent = user;
	size_t count = agent->door_count < max ? agent->door_count : max;
	for (size_t i = 0; i < count; i++)
		view_door(&agent->doors[i], &views[i]);
	return count;
}

static size_t http_lines(void *user, size_t index, struct http_line lines[static HTTP_LINES_MAX])
{
	static_assert(LINES_PER_DOOR <= HTTP_LINES_MAX, "all lines of a door are shown");
	struct agent *agent = user;
	const struct agent_door *door = &agent->doors[index];
	size_t count = 0;
	for (int role = 0; role < LINES_PER_DOOR; role++) {
		if (door->lines[role] < 0)
			continue;
		const struct gpio_line *line = &agent->lines[door->lines[role]];
		bool active = false;
		bool known = gpio_get(agent->gpio, (size_t)door->lines[role], &active) == 0;
		lines[count++] = (struct http_line){.role = role_names[role],
				.name = line->name,
				.offset = line->offset,
				.output = role < SENSOR_LINES,
				.known = known,
				.active = active,
				.high = active != line->active_low};
	}
	return count;
}

static void http_node(void *user, struct http_node *node)
{
	static const char *const states[] = {
			[MQTT_DISCONNECTED] = "disconnected",
			[MQTT_CONNECTING] = "connecting",
			[MQTT_CONNECTED] = "connected",
	};
	struct agent *agent = user;
	struct mqtt_status status = {.state = MQTT_DISCONNECTED, .error = ""};
	if (agent->mqtt)
		mqtt_status(agent->mqtt, &status);
	snprintf(agent->broker_error, sizeof(agent->broker_error), "%s", status.error);
	*node = (struct http_node){.node = agent->config->node,
			.version = PORTCULLIS_VERSION,
			.broker = states[status.state],
			.broker_error = agent->broker_error,
			.uptime_ms = loop_now_ms() - agent->started_ms,
			.simulated = agent->config->gpio.backend == CONFIG_SIMULATED};
}

static enum door_result http_command(void *user, size_t door, enum door_command command, enum door_reason *reason)
{
	struct agent *agent = user;
	return command_door(&agent->doors[door], command, DOOR_SOURCE_HTTP, reason);
}

static bool http_healthy(void *user, const char **reason)
{
	struct agent *agent = user;
	*reason = agent->failure < 0 ? "the GPIO lines are lost" : "stopping";
	return !agent->stopping;
}

static size_t http_history(void *user, size_t door, uint64_t before, struct door_record *records, size_t max)
{
	struct agent *agent = user;
	static_assert(HTTP_ALL_DOORS == HISTORY_ALL_DOORS, "handed on");
	return history_read(agent->history, door, before, records, max);
}

static int http_simulate(void *user, size_t door, const char *poke)
{
	struct agent *agent = user;
	return simulator_poke(agent->gpio, door, poke);
}

/*
 * When the agent started, by the wall clock of now: a Pi gets the time from the network after it. Else it stays the
 * same from one scrape to the next.
 */
static int64_t started_unix_ms(struct agent *agent)
{
	int64_t at_ms = loop_wall_ms() - (loop_now_ms() - agent->started_ms);
	if (llabs(at_ms - agent->started_unix_ms) > CLOCK_STEP_MS)
		agent->started_unix_ms = at_ms;
	return agent->started_unix_ms;
}

static int64_t cpu_us(void)
{
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

static int64_t resident_bytes(void)
{
	char text[128], *size_end;
	int64_t pages = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (length > 0) {
		text[length] = '\0';
		strtoll(text, &size_end, 10);
		pages = strtoll(size_end, NULL, 10);
	}
	if (fd >= 0)
		close(fd);
	return pages * sysconf(_SC_PAGESIZE);
}

static ssize_t http_metrics(void *user, char *buffer, size_t size)
{
	struct agent *agent = user;
	struct mqtt_status mqtt;
	struct http_status http;
	struct gpio_status gpio;
	mqtt_status(agent->mqtt, &mqtt);
	http_status(agent->http, &http);
	gpio_status(agent->gpio, &gpio);
	struct metrics metrics = {
			.version = PORTCULLIS_VERSION,
			.door_count = agent->door_count,
			.edges_dropped = gpio.edges_dropped,
			.lateness = loop_lateness(agent->loop),
			.connected = mqtt.state == MQTT_CONNECTED,
			.connects = mqtt.connects,
			.received = mqtt.received,
			.dropped_full = mqtt.dropped_full,
			.dropped_too_long = mqtt.dropped_too_long,
			.publish_failed = mqtt.publish_failed,
			.in_flight = mqtt.in_flight,
			.queued = mqtt.queued,
			.clients_refused = http.refused,
			.clients = http.clients,
			.listeners = http.listeners,
			.started_unix_ms = started_unix_ms(agent),
			.cpu_us = cpu_us(),
			.resident_bytes = resident_bytes(),
	};
	static_assert(sizeof(metrics.answers) == sizeof(http.answers), "the same classes");
	memcpy(metrics.answers, http.answers, sizeof(metrics.answers));
	for (size_t i = 0; i < agent->door_count; i++) {
		view_door(&agent->doors[i], &metrics.doors[i].view);
		metrics.doors[i].counts = &agent->doors[i].counts;
	}
	return metrics_render(&metrics, buffer, size);
}

static void configure_http(const struct config *config, struct http_config *http)
{
	*http = (struct http_config){
			.address = config->http.address,
			.port = config->http.port,
			.host_count = config->http.host_count,
			.username = config->http.username,
			.password = config->http.password,
			.password_right = config->http.password && tls_password_looks_hashed(config->http.password)
							  ? tls_password_check
							  : NULL,
			.allow_anonymous_commands = config->http.allow_anonymous_commands,
	};
	for (size_t i = 0; i < http->host_count; i++)
		http->hosts[i] = config->http.hosts[i];
}

static const char damaged_hash[] =
		"the password begins like a hash and is none: make it anew with portcullis --hash-password";

static bool right_hash(const struct config *config)
{
	const char *password = config->http.password;
	return !password || !tls_password_looks_hashed(password) || tls_password_is_hash(password);
}

static int start_http(struct agent *agent)
{
	if (!agent->config->http.enabled)
		return 0;
	struct http_config http;
	struct http_agent face = {.doors = http_doors,
			.node = http_node,
			.lines = http_lines,
			.command = http_command,
			.healthy = http_healthy,
			.history = http_history,
			.simulate = http_simulate,
			.metrics = http_metrics,
			.metrics_max = METRICS_SIZE(agent->door_count),
			.user = agent};
	char error[HTTP_ERROR_MAX] = "";
	if (!right_hash(agent->config)) {
		log_error(agent->log, "HTTP: %s", damaged_hash);
		return -EINVAL;
	}
	configure_http(agent->config, &http);
	http.host_name = agent->host_name;
	secure_page(agent->secure, &http);
	int result = http_new(agent->loop, agent->log, &http, &face, &agent->http, error);
	if (result < 0)
		log_error(agent->log, "HTTP: %s", error);
	return result;
}

/* The hardware */

static void begin_stop(struct agent *agent);

static void lost(void *user, int error)
{
	struct agent *agent = user;
	log_error(agent->log, "the GPIO chip is gone; ending, so that nobody is told an old state");
	agent->failure = error;
	begin_stop(agent);
}

static const enum simulator_press simulated_presses[] = {
		[DOOR_PRESS_STOP] = SIMULATOR_STOP,
		[DOOR_PRESS_REVERSE] = SIMULATOR_REVERSE,
		[DOOR_PRESS_IGNORE] = SIMULATOR_IGNORE,
		[DOOR_PRESS_CONTINUE] = SIMULATOR_CONTINUE,
};

static int open_simulated(struct agent *agent, const struct gpio_handlers *handlers)
{
	struct simulator_door models[DOORS_MAX];
	for (size_t i = 0; i < agent->door_count; i++) {
		const struct agent_door *door = &agent->doors[i];
		const struct door_config *machine = &door->config->machine;
		models[i] = (struct simulator_door){
				.toggle_relay = door->lines[DOOR_LINE_TOGGLE],
				.open_relay = door->lines[DOOR_LINE_OPEN],
				.close_relay = door->lines[DOOR_LINE_CLOSE],
				.stop_relay = door->lines[DOOR_LINE_STOP],
				.closed_sensor = door->lines[SENSOR_LINES + DOOR_SENSOR_CLOSED],
				.open_sensor = door->lines[SENSOR_LINES + DOOR_SENSOR_OPEN],
				.obstruction_sensor = door->lines[SENSOR_LINES + DOOR_SENSOR_OBSTRUCTION],
				.while_opening = simulated_presses[machine->opener.while_opening],
				.while_closing = simulated_presses[machine->opener.while_closing],
				.after_stop = simulated_presses[machine->opener.after_stop],
				.open_ms = machine->open_time_ms,
				.close_ms = machine->close_time_ms,
		};
	}
	return gpio_open_simulated(agent->loop, agent->log, agent->lines, agent->line_count, models, agent->door_count,
			handlers, &agent->gpio);
}

static int start_gpio(struct agent *agent)
{
	const struct config *config = agent->config;
	struct gpio_handlers handlers = {.edge = edge, .lost = lost, .user = agent};
	char error[GPIO_ERROR_MAX] = "";
	int result;
	if (config->gpio.backend == CONFIG_SIMULATED) {
		result = open_simulated(agent, &handlers);
		if (result < 0)
			snprintf(error, sizeof(error), "the simulator cannot start: %s", strerror(-result));
		else
			log_warning(agent->log, "the doors are simulated: no relay will move (gpio: backend)");
	} else {
		result = gpio_open_libgpiod(agent->loop, agent->log, config->gpio.chip, agent->lines, agent->line_count,
				&handlers, &agent->gpio, error);
	}
	if (result < 0)
		log_error(agent->log, "GPIO: %s", error);
	return result;
}

static int start_history(struct agent *agent)
{
	const char *ids[DOORS_MAX];
	for (size_t i = 0; i < agent->door_count; i++)
		ids[i] = agent->doors[i].config->id;
	const struct history_config history = {.directory = agent->config->history.directory,
			.doors = ids,
			.door_count = agent->door_count,
			.started_ms = agent->started_ms};
	int error = history_new(agent->log, &history, &agent->history);
	if (error < 0)
		log_error(agent->log, "history: %s", strerror(-error));
	return error;
}

static int start_doors(struct agent *agent)
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
		step(door, &(struct door_input){.kind = DOOR_INPUT_TIME}, NULL, NULL);
		for (int sensor = 0; sensor < DOOR_SENSORS; sensor++) {
			int line = door->lines[SENSOR_LINES + sensor];
			bool active;
			if (line < 0)
				continue;
			int error = gpio_get(agent->gpio, (size_t)line, &active);
			if (error < 0) {
				log_error(agent->log, "door %s: the level of its %s cannot be read: %s",
						door->config->id, role_names[SENSOR_LINES + sensor], strerror(-error));
				return error;
			}
			hear(door, (enum door_sensor)sensor, active, loop_now_ms());
		}
	}
	return 0;
}

/* Life */

#define FOLDERS_MAX 24
#define FOLDER_BYTES 256

struct folders {
	struct sandbox_folder list[FOLDERS_MAX];
	char paths[FOLDERS_MAX][FOLDER_BYTES];
	size_t count;
};

static void add_folder(struct folders *folders, const char *path, bool write)
{
	if (folders->count == FOLDERS_MAX)
		return;
	char *copy = folders->paths[folders->count];
	snprintf(copy, FOLDER_BYTES, "%s", path);
	folders->list[folders->count++] = (struct sandbox_folder){.path = copy, .write = write};
}

/* Where a file is named and where it is: renewed certificates come as new files, often behind links. */
static void add_folder_of(struct folders *folders, const char *file)
{
	char path[PATH_MAX], real[PATH_MAX];
	if (!file)
		return;
	snprintf(path, sizeof(path), "%s", file);
	bool linked = realpath(file, real) && strcmp(real, path) != 0;
	add_folder(folders, dirname(path), false);
	if (linked)
		add_folder(folders, dirname(real), false);
}

/*
 * What is read after the start: name services, whose files are replaced when the network changes (/etc, /run), our own
 * figures (/proc/self), trust and certificates when they are renewed.
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
	for (size_t i = 0; i < sizeof(tls) / sizeof(tls[0]); i++) {
		add_folder_of(&folders, tls[i]->ca_file);
		add_folder_of(&folders, tls[i]->certificate_file);
		add_folder_of(&folders, tls[i]->key_file);
		add_folder_of(&folders, tls[i]->key_password_file);
	}
	if (config->history.directory)
		add_folder(&folders, config->history.directory, true);
	return sandbox_enter(agent->log, folders.list, folders.count);
}

static void stopped(void *user)
{
	struct agent *agent = user;
	loop_stop(agent->loop);
}

static void begin_stop(struct agent *agent)
{
	if (agent->stopping)
		return;
	for (size_t i = 0; i < agent->door_count; i++)
		step(&agent->doors[i], &(struct door_input){.kind = DOOR_INPUT_STOPPING}, NULL, NULL);
	agent->stopping = true;
	history_stop(agent->history);
	notify_send("STOPPING=1");
	publish_text(agent, agent->availability_topic, offline);
	mqtt_stop(agent->mqtt, AGENT_STOP_LIMIT_MS, stopped, agent);
}

static void caught(void *user, int signal)
{
	struct agent *agent = user;
	if (agent->stopping) {
		log_warning(agent->log, "%s again: ending at once", strsignal(signal));
		loop_stop(agent->loop);
		return;
	}
	log_info(agent->log, "%s: stopping", strsignal(signal));
	begin_stop(agent);
}

static void feed_watchdog(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	notify_send("WATCHDOG=1");
	loop_timer_set(agent->loop, timer, now_ms + agent->watchdog_ms / 2);
}

static void check_stall(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	if (now_ms - timer->at_ms >= STALL_MS) {
		log_warning(agent->log,
				"the agent stood still for %" PRId64 " s (frozen, or starved of the processor): "
				"commands that waited are refused",
				(now_ms - timer->at_ms) / 1000);
		agent->stale_until_ms = now_ms + STALE_MS;
	}
	loop_timer_set(agent->loop, timer, now_ms + STALL_CHECK_MS);
}

static void start_timers(struct agent *agent)
{
	agent->stall_timer = (struct loop_timer){.expired = check_stall, .user = agent};
	loop_timer_set(agent->loop, &agent->stall_timer, loop_now_ms() + STALL_CHECK_MS);
	agent->old_doors_timer = (struct loop_timer){.expired = stop_watching_old_doors, .user = agent};
	agent->birth_timer = (struct loop_timer){.expired = home_assistant_born, .user = agent};
	agent->contradict_timer = (struct loop_timer){.expired = contradict_now, .user = agent};
	agent->watchdog_timer = (struct loop_timer){.expired = feed_watchdog, .user = agent};
	agent->clock_timer = (struct loop_timer){.expired = look_at_clock_again, .user = agent};
	loop_timer_set(agent->loop, &agent->clock_timer, loop_now_ms());
	agent->watchdog_ms = notify_watchdog_ms();
	if (agent->watchdog_ms > 0)
		loop_timer_set(agent->loop, &agent->watchdog_timer, loop_now_ms());
}

int agent_run(const struct config *config, const struct log *log)
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
	agent->started_ms = loop_now_ms();
	agent_signals(&signals);
	error = loop_signals(agent->loop, &signals, caught, agent);
	if (error == 0)
		error = start_gpio(agent);
	if (error == 0)
		error = secure_new(agent->loop, log, config, &agent->secure);
	if (error == 0)
		error = start_http(agent);
	clock_init(&agent->clock);
	if (error == 0)
		error = lock_down(agent); /* before any other thread starts */
	if (error == 0)
		error = start_history(agent);
	if (error == 0)
		error = start_mqtt(agent);
	if (error == 0)
		error = start_doors(agent);
	if (error == 0) {
		start_timers(agent);
		notify_send("READY=1");
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

int agent_check(const struct config *config, const char *path, const struct log *log)
{
	if (!right_hash(config)) {
		fprintf(stderr, "%s: http: %s\n", path, damaged_hash);
		return -EINVAL;
	}
	return secure_check(config, path, log);
}

int agent_release(const struct config *config, const struct log *log)
{
	if (config->gpio.backend == CONFIG_SIMULATED)
		return 0;
	struct agent *agent;
	char text[GPIO_ERROR_MAX] = "";
	int error = agent_new(config, log, &agent);
	if (error < 0)
		return error;
	error = gpio_release(config->gpio.chip, agent->lines, agent->line_count, text);
	if (error < 0)
		log_error(log, "the relays were not released: %s", text);
	agent_free(agent);
	return error;
}

static void end_watch(void *user, int signal)
{
	(void)signal;
	loop_stop(user);
}

int agent_watch(const struct config *config, const struct log *log, FILE *out)
{
	if (config->gpio.backend == CONFIG_SIMULATED) {
		log_error(log, "nothing to watch: the configuration's lines are simulated (gpio: backend)");
		return -ENOTSUP;
	}
	struct agent *agent;
	sigset_t signals;
	char text[GPIO_ERROR_MAX] = "";
	int error = agent_new(config, log, &agent);
	if (error < 0)
		return error;
	agent_signals(&signals);
	error = loop_signals(agent->loop, &signals, end_watch, agent->loop);
	if (error == 0)
		error = gpio_watch(agent->loop, log, config->gpio.chip, agent->lines, agent->line_count, out, text);
	if (error < 0)
		log_error(log, "cannot watch: %s", text[0] ? text : strerror(-error));
	agent_free(agent);
	return error;
}

int agent_healthcheck(const struct config *config, const struct log *log)
{
	struct http_config http;
	char text[HTTP_ERROR_MAX] = "";
	if (!config->http.enabled) {
		log_error(log, "no health check without the page: the configuration says http: listen: off");
		return -ENOTSUP;
	}
	configure_http(config, &http);
	int error = secure_healthcheck(config, log, &http, HEALTHCHECK_LIMIT_MS, text);
	if (error < 0)
		log_error(log, "unhealthy: %s", text);
	return error;
}
