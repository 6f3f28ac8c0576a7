/*
 * Prometheus's text format. Of each door a table of families is written, family by family, since the format wants all
 * samples of one together; then what there is once. A text that does not fit is none.
 */
#include "metrics/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *at;
	size_t left;
	bool full;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text->at, text->left, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= text->left) {
		text->full = true;
		text->left = 0;
		return;
	}
	text->at += length;
	text->left -= (size_t)length;
}

static void put_escaped(struct text *text, const char *value)
{
	for (; *value; value++)
		if (*value == '\n')
			put(text, "\\n");
		else if (*value == '"' || *value == '\\')
			put(text, "\\%c", *value);
		else
			put(text, "%c", *value);
}

static void family(struct text *text, const char *name, const char *type, const char *help)
{
	put(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Doors. Their ids need no escaping: a-z, 0-9, - and _. */

typedef void door_samples(struct text *text, const char *name, const struct metrics_door *door);

static void door_info(struct text *text, const char *name, const struct metrics_door *door)
{
	put(text, "%s{door=\"%s\",name=\"", name, door->view.id);
	put_escaped(text, door->view.name);
	put(text, "\",device_class=\"%s\"} 1\n", door->view.device_class);
}

static void door_state(struct text *text, const char *name, const struct metrics_door *door)
{
	for (enum door_state state = DOOR_UNKNOWN; state <= DOOR_STOPPED; state++)
		put(text, "%s{door=\"%s\",state=\"%s\"} %d\n", name, door->view.id, door_state_name(state),
				door->view.state == state);
}

static void door_position(struct text *text, const char *name, const struct metrics_door *door)
{
	int position = door->view.position;
	if (position != DOOR_POSITION_UNKNOWN && !door->view.only_not_closed)
		put(text, "%s{door=\"%s\"} %d.%02d\n", name, door->view.id, position / 100, position % 100);
}

static void door_fault(struct text *text, const char *name, const struct metrics_door *door)
{
	for (enum door_fault fault = DOOR_FAULT_NONE + 1; fault <= DOOR_FAULT_LAST; fault++)
		put(text, "%s{door=\"%s\",fault=\"%s\"} %d\n", name, door->view.id, door_fault_name(fault),
				door->view.fault == fault);
}

static void door_faults(struct text *text, const char *name, const struct metrics_door *door)
{
	for (enum door_fault fault = DOOR_FAULT_NONE + 1; fault <= DOOR_FAULT_LAST; fault++)
		put(text, "%s{door=\"%s\",fault=\"%s\"} %" PRIu64 "\n", name, door->view.id, door_fault_name(fault),
				door->counts->faults[fault]);
}

static void door_cycles(struct text *text, const char *name, const struct metrics_door *door)
{
	put(text, "%s{door=\"%s\"} %" PRIu64 "\n", name, door->view.id, door->view.cycles);
}

static void door_pulses(struct text *text, const char *name, const struct metrics_door *door)
{
	put(text, "%s{door=\"%s\"} %" PRIu64 "\n", name, door->view.id, door->counts->pulses);
}

static void door_commands(struct text *text, const char *name, const struct metrics_door *door)
{
	for (enum door_source source = DOOR_SOURCE_MQTT; source <= DOOR_SOURCE_HTTP; source++)
		for (enum door_result result = DOOR_RESULT_ACCEPTED; result <= DOOR_RESULT_REJECTED; result++)
			put(text, "%s{door=\"%s\",source=\"%s\",result=\"%s\"} %" PRIu64 "\n", name, door->view.id,
					door_source_name(source), door_result_name(result),
					door->counts->commands[source][result]);
}

static void door_refusals(struct text *text, const char *name, const struct metrics_door *door)
{
	for (enum door_reason reason = DOOR_REASON_NONE + 1; reason <= DOOR_REASON_LAST; reason++)
		put(text, "%s{door=\"%s\",reason=\"%s\"} %" PRIu64 "\n", name, door->view.id, door_reason_name(reason),
				door->counts->refusals[reason]);
}

static void put_ms(struct text *text, int64_t ms)
{
	put(text, "%" PRId64 ".%03d\n", ms / 1000, (int)(ms % 1000));
}

static void door_cancelled(struct text *text, const char *name, const struct metrics_door *door)
{
	put(text, "%s{door=\"%s\"} %" PRIu64 "\n", name, door->view.id, door->counts->cancelled);
}

static void door_last_change(struct text *text, const char *name, const struct metrics_door *door)
{
	if (door->view.last_changed_unix_ms == 0)
		return;
	put(text, "%s{door=\"%s\"} ", name, door->view.id);
	put_ms(text, door->view.last_changed_unix_ms);
}

static void door_travel(struct text *text, const char *name, const struct metrics_door *door)
{
	const struct {
		const char *direction;
		int64_t ms;
	} travels[] = {{"open", door->view.last_open_ms}, {"close", door->view.last_close_ms}};
	for (size_t i = 0; i < sizeof(travels) / sizeof(travels[0]); i++) {
		if (travels[i].ms == 0)
			continue;
		put(text, "%s{door=\"%s\",direction=\"%s\"} ", name, door->view.id, travels[i].direction);
		put_ms(text, travels[i].ms);
	}
}

struct sensor {
	const char *name;
	bool present, active;
};

static void list_sensors(const struct door_view *view, struct sensor sensors[static METRICS_SENSORS])
{
	sensors[0] = (struct sensor){"closed", view->has_closed_sensor, view->closed_sensor};
	sensors[1] = (struct sensor){"open", view->has_open_sensor, view->open_sensor};
	sensors[2] = (struct sensor){"obstruction", view->has_obstruction_sensor, view->obstruction_sensor};
	sensors[3] = (struct sensor){"lockout", view->has_lockout_sensor, view->lockout_sensor};
}

static void door_sensors(struct text *text, const char *name, const struct metrics_door *door)
{
	struct sensor sensors[METRICS_SENSORS];
	list_sensors(&door->view, sensors);
	for (int i = 0; i < METRICS_SENSORS; i++)
		if (sensors[i].present)
			put(text, "%s{door=\"%s\",sensor=\"%s\"} %d\n", name, door->view.id, sensors[i].name,
					sensors[i].active);
}

static void door_left_open(struct text *text, const char *name, const struct metrics_door *door)
{
	if (door->view.has_left_open)
		put(text, "%s{door=\"%s\"} %d\n", name, door->view.id, door->view.left_open);
}

static void door_locked_out(struct text *text, const char *name, const struct metrics_door *door)
{
	put(text, "%s{door=\"%s\"} %d\n", name, door->view.id, door->view.locked_out);
}

static void door_edges(struct text *text, const char *name, const struct metrics_door *door)
{
	struct sensor sensors[METRICS_SENSORS];
	list_sensors(&door->view, sensors);
	for (int i = 0; i < METRICS_SENSORS; i++)
		if (sensors[i].present)
			put(text, "%s{door=\"%s\",sensor=\"%s\"} %" PRIu64 "\n", name, door->view.id, sensors[i].name,
					door->counts->edges[i]);
}

static const struct {
	const char *name, *type, *help;
	door_samples *samples;
} door_families[] = {
		{"portcullis_door_info", "gauge", "The door's name and kind; always 1.", door_info},
		{"portcullis_door_state", "gauge", "1 for the state that the door is in, 0 for the others.",
				door_state},
		{"portcullis_door_position_ratio", "gauge",
				"How far the door is open, from 0 (closed) to 1 (open); absent while not known.",
				door_position},
		{"portcullis_door_fault", "gauge", "1 for the fault that the door has, 0 for the others.", door_fault},
		{"portcullis_door_faults_total", "counter", "Times that a fault began.", door_faults},
		{"portcullis_door_cycles_total", "counter", "Times that the door came to closed.", door_cycles},
		{"portcullis_door_pulses_total", "counter", "Presses: relays of the door switched on.", door_pulses},
		{"portcullis_door_commands_total", "counter", "Commands by where they came from and how they ended.",
				door_commands},
		{"portcullis_door_commands_rejected_total", "counter", "Rejected commands by reason.", door_refusals},
		{"portcullis_door_commands_cancelled_total", "counter",
				"Accepted commands, and auto-closes, that ended before their last press.",
				door_cancelled},
		{"portcullis_door_last_change_timestamp_seconds", "gauge",
				"Unix time of the door's last change of state; absent before the first.",
				door_last_change},
		{"portcullis_door_last_travel_seconds", "gauge", "Duration of the last whole travel; absent before it.",
				door_travel},
		{"portcullis_door_sensor_active", "gauge",
				"1 while the sensor says closed, open, obstructed or locked out, after debouncing.",
				door_sensors},
		{"portcullis_door_left_open", "gauge", "1 while the door has been open for longer than is configured.",
				door_left_open},
		{"portcullis_door_locked_out", "gauge",
				"1 while the door is locked out: commands that may open it are refused.",
				door_locked_out},
		{"portcullis_gpio_edges_total", "counter", "Edges of the door's sensors, before debouncing.",
				door_edges},
};

/* The agent */

static void put_lateness(struct text *text, const struct loop_lateness *lateness)
{
	static const char name[] = "portcullis_loop_timer_lateness_seconds";
	uint64_t count = 0;
	family(text, name, "histogram", "How late due timers ran in the event loop.");
	for (int i = 0; i < LOOP_LATE_BOUNDS; i++)
		put(text, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, (double)loop_late_bounds_us[i] / 1e6,
				count += lateness->counts[i]);
	count += lateness->counts[LOOP_LATE_BOUNDS];
	put(text, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
	put(text, "%s_sum %" PRId64 ".%06d\n", name, lateness->total_us / 1000000, (int)(lateness->total_us % 1000000));
	put(text, "%s_count %" PRIu64 "\n", name, count);
}

static void value(struct text *text, const char *name, const char *type, const char *help, uint64_t value)
{
	family(text, name, type, help);
	put(text, "%s %" PRIu64 "\n", name, value);
}

static void put_mqtt(struct text *text, const struct metrics *metrics)
{
	static const char dropped[] = "portcullis_mqtt_messages_dropped_total";
	value(text, "portcullis_mqtt_connected", "gauge", "1 while connected to a broker.", metrics->connected);
	value(text, "portcullis_mqtt_connections_total", "counter", "Connections that a broker accepted.",
			metrics->connects);
	value(text, "portcullis_mqtt_reconnects_total", "counter", "Accepted connections after the first.",
			metrics->connects > 0 ? metrics->connects - 1 : 0);
	value(text, "portcullis_mqtt_messages_received_total", "counter", "Messages that the broker sent.",
			metrics->received);
	family(text, dropped, "counter", "Received messages that were dropped: too many at once, or too long.");
	put(text, "%s{reason=\"queue_full\"} %" PRIu64 "\n", dropped, metrics->dropped_full);
	put(text, "%s{reason=\"too_long\"} %" PRIu64 "\n", dropped, metrics->dropped_too_long);
	value(text, "portcullis_mqtt_publish_failures_total", "counter",
			"Messages that the broker refused or that found no room.", metrics->publish_failed);
	value(text, "portcullis_mqtt_protocol_errors_total", "counter",
			"Connections ended since the broker sent what is not MQTT, or what nothing asked for.",
			metrics->protocol_errors);
	value(text, "portcullis_mqtt_subscriptions_denied", "gauge", "Subscriptions that the broker denies.",
			metrics->denied);
	value(text, "portcullis_mqtt_publishes_in_flight", "gauge", "Published, not yet acknowledged.",
			metrics->in_flight);
	value(text, "portcullis_mqtt_publishes_queued", "gauge", "Waiting for the broker to acknowledge others.",
			metrics->queued);
}

static void put_history(struct text *text, const struct metrics *metrics)
{
	if (!metrics->history_wanted)
		return;
	value(text, "portcullis_history_on_disk", "gauge", "1 while events are written in history.directory.",
			metrics->history_on_disk);
	value(text, "portcullis_history_events_lost_total", "counter",
			"Events that are in memory only: too many at once, or a disk that took none for too long.",
			metrics->history_lost);
}

/* Nodes need no escaping: a-z, 0-9, - and _. */
static void put_peers(struct text *text, const struct metrics *metrics)
{
	static const char online[] = "portcullis_peer_online", doors[] = "portcullis_peer_doors";
	const struct peers_view *peers = metrics->peers;
	if (!peers)
		return;
	family(text, online, "gauge", "1 while the other agent is known to be there.");
	for (size_t i = 0; i < peers->count; i++)
		put(text, "%s{peer=\"%s\"} %d\n", online, peers->peers[i].node,
				peers->peers[i].availability == PEER_ONLINE);
	family(text, doors, "gauge", "Doors of the other agent that are shown.");
	for (size_t i = 0; i < peers->count; i++)
		put(text, "%s{peer=\"%s\"} %zu\n", doors, peers->peers[i].node, peers->peers[i].count);
	value(text, "portcullis_peers_left_out", "gauge",
			"Other agents that tell of doors and found no room; 64: or more.", peers->left_out);
	value(text, "portcullis_peer_documents_refused_total", "counter",
			"Documents of other agents that were not understood.", metrics->peer_documents_refused);
}

static void put_http(struct text *text, const struct metrics *metrics)
{
	static const char requests[] = "portcullis_http_requests_total";
	family(text, requests, "counter", "Answered HTTP requests by class of status.");
	for (int digit = 2; digit < METRICS_STATUS_CLASSES; digit++)
		put(text, "%s{code=\"%dxx\"} %" PRIu64 "\n", requests, digit, metrics->answers[digit]);
	value(text, "portcullis_http_clients", "gauge", "HTTP clients connected now.", metrics->clients);
	value(text, "portcullis_http_listeners", "gauge", "HTTP clients that listen to events now.",
			metrics->listeners);
	value(text, "portcullis_http_clients_refused_total", "counter", "HTTP clients for whom there was no room.",
			metrics->clients_refused);
}

static void put_process(struct text *text, const struct metrics *metrics)
{
	static const char start[] = "process_start_time_seconds", cpu[] = "process_cpu_seconds_total";
	family(text, cpu, "counter", "Processor time of the agent.");
	put(text, "%s %" PRId64 ".%06d\n", cpu, metrics->cpu_us / 1000000, (int)(metrics->cpu_us % 1000000));
	if (metrics->resident_bytes > 0)
		value(text, "process_resident_memory_bytes", "gauge", "Resident memory of the agent.",
				(uint64_t)metrics->resident_bytes);
	family(text, start, "gauge", "Unix time of the agent's start.");
	put(text, "%s ", start);
	put_ms(text, metrics->started_unix_ms);
}

ssize_t metrics_render(const struct metrics *metrics, char *buffer, size_t size)
{
	static const char build[] = "portcullis_build_info";
	struct text text = {.at = buffer, .left = size};
	family(&text, build, "gauge", "The agent's version; always 1.");
	put(&text, "%s{version=\"%s\"} 1\n", build, metrics->version);
	for (size_t i = 0; i < sizeof(door_families) / sizeof(door_families[0]); i++) {
		family(&text, door_families[i].name, door_families[i].type, door_families[i].help);
		for (size_t door = 0; door < metrics->door_count; door++)
			door_families[i].samples(&text, door_families[i].name, &metrics->doors[door]);
	}
	value(&text, "portcullis_gpio_edges_dropped_total", "counter",
			"Edges that came faster than they could be read.", metrics->edges_dropped);
	put_lateness(&text, metrics->lateness);
	put_mqtt(&text, metrics);
	put_history(&text, metrics);
	put_peers(&text, metrics);
	put_http(&text, metrics);
	put_process(&text, metrics);
	if (text.full && size > 0)
		buffer[0] = '\0';
	return text.full ? -ENOBUFS : text.at - buffer;
}
