#include "metrics/metrics.h"

#include <errno.h>
#include <string.h>

#include "tap.h"

static char text[METRICS_SIZE(DOORS_MAX)];
static struct metrics_counts counts;
static struct loop_lateness lateness;
static struct metrics metrics;
static char ids[DOORS_MAX][DOOR_ID_MAX + 1], name[DOOR_NAME_MAX + 1];

/* Is there this line, exactly and once? */
static bool line(const char *wanted)
{
	size_t length = strlen(wanted);
	int found = 0;
	for (const char *at = text; (at = strstr(at, wanted)); at += length)
		found += (at == text || at[-1] == '\n') && at[length] == '\n';
	if (found != 1)
		printf("# %d times: %s\n", found, wanted);
	return found == 1;
}

static ssize_t render(void)
{
	ssize_t length = metrics_render(&metrics, text, sizeof(text));
	CHECK(length > 0 && (size_t)length == strlen(text) && text[length - 1] == '\n');
	return length;
}

static void test_door(void)
{
	metrics.door_count = 1;
	metrics.doors[0] = (struct metrics_door){.counts = &counts,
			.view = {.id = "left",
					.name = "Left \"big\"\n\\ door",
					.device_class = "garage",
					.state = DOOR_STOPPED,
					.fault = DOOR_FAULT_REVERSED,
					.position = 7,
					.last_changed_unix_ms = 1767323045078,
					.cycles = 12,
					.last_close_ms = 15250,
					.has_closed_sensor = true,
					.has_obstruction_sensor = true,
					.obstruction_sensor = true}};
	counts.commands[DOOR_SOURCE_MQTT][DOOR_RESULT_ACCEPTED] = 3;
	counts.commands[DOOR_SOURCE_HTTP][DOOR_RESULT_REJECTED] = 4;
	counts.refusals[DOOR_REASON_OBSTRUCTED] = 5;
	counts.faults[DOOR_FAULT_REVERSED] = 6;
	counts.edges[2] = UINT64_MAX;
	counts.pulses = 8;
	counts.cancelled = 9;

	tap_case("a door: state and fault as sets, names escaped, base units");
	render();
	CHECK(line("portcullis_door_info{door=\"left\",name=\"Left \\\"big\\\"\\n\\\\ door\",device_class=\"garage\"} "
		   "1"));
	CHECK(line("portcullis_door_state{door=\"left\",state=\"stopped\"} 1"));
	CHECK(line("portcullis_door_state{door=\"left\",state=\"closed\"} 0"));
	CHECK(line("portcullis_door_state{door=\"left\",state=\"unknown\"} 0"));
	CHECK(line("portcullis_door_fault{door=\"left\",fault=\"reversed\"} 1"));
	CHECK(line("portcullis_door_fault{door=\"left\",fault=\"obstructed\"} 0"));
	CHECK(!strstr(text, "fault=\"none\""));
	CHECK(line("portcullis_door_position_ratio{door=\"left\"} 0.07"));
	CHECK(line("portcullis_door_last_change_timestamp_seconds{door=\"left\"} 1767323045.078"));
	CHECK(line("portcullis_door_last_travel_seconds{door=\"left\",direction=\"close\"} 15.250"));

	tap_case("a door: what is counted, from 0 on");
	CHECK(line("portcullis_door_cycles_total{door=\"left\"} 12"));
	CHECK(line("portcullis_door_pulses_total{door=\"left\"} 8"));
	CHECK(line("portcullis_door_commands_total{door=\"left\",source=\"mqtt\",result=\"accepted\"} 3"));
	CHECK(line("portcullis_door_commands_total{door=\"left\",source=\"mqtt\",result=\"unchanged\"} 0"));
	CHECK(line("portcullis_door_commands_total{door=\"left\",source=\"http\",result=\"rejected\"} 4"));
	CHECK(line("portcullis_door_commands_rejected_total{door=\"left\",reason=\"obstructed\"} 5"));
	CHECK(line("portcullis_door_commands_rejected_total{door=\"left\",reason=\"retained\"} 0"));
	CHECK(line("portcullis_door_commands_cancelled_total{door=\"left\"} 9"));
	CHECK(line("portcullis_door_faults_total{door=\"left\",fault=\"reversed\"} 6"));
	CHECK(line("portcullis_gpio_edges_total{door=\"left\",sensor=\"obstruction\"} 18446744073709551615"));

	tap_case("a door: what is not there or not known is absent");
	CHECK(line("portcullis_gpio_edges_total{door=\"left\",sensor=\"closed\"} 0"));
	CHECK(line("portcullis_door_sensor_active{door=\"left\",sensor=\"closed\"} 0"));
	CHECK(line("portcullis_door_sensor_active{door=\"left\",sensor=\"obstruction\"} 1"));
	CHECK(!strstr(text, "sensor=\"open\"") && !strstr(text, "direction=\"open\""));
	metrics.doors[0].view.position = DOOR_POSITION_UNKNOWN;
	metrics.doors[0].view.last_changed_unix_ms = 0;
	render();
	CHECK(!strstr(text, "portcullis_door_position_ratio{"));
	CHECK(!strstr(text, "portcullis_door_last_change_timestamp_seconds{"));
	CHECK(!strstr(text, "portcullis_door_left_open{"));
	metrics.doors[0].view.has_left_open = metrics.doors[0].view.left_open = true;
	render();
	CHECK(line("portcullis_door_left_open{door=\"left\"} 1"));
	CHECK(line("portcullis_door_locked_out{door=\"left\"} 0"));
	metrics.doors[0].view.locked_out = true;
	render();
	CHECK(line("portcullis_door_locked_out{door=\"left\"} 1"));
	metrics.doors[0].view.position = 99;
	metrics.doors[0].view.only_not_closed = true;
	render();
	CHECK(!strstr(text, "portcullis_door_position_ratio{"));
	metrics.doors[0].view.only_not_closed = false;
	metrics.doors[0].view.position = 100;
	render();
	CHECK(line("portcullis_door_position_ratio{door=\"left\"} 1.00"));
}

static void test_agent(void)
{
	tap_case("the histogram counts upwards and ends with all");
	lateness = (struct loop_lateness){.total_us = 12000345};
	for (int i = 0; i <= LOOP_LATE_BOUNDS; i++)
		lateness.counts[i] = 1;
	render();
	CHECK(line("portcullis_loop_timer_lateness_seconds_bucket{le=\"0.00025\"} 1"));
	CHECK(line("portcullis_loop_timer_lateness_seconds_bucket{le=\"0.001\"} 3"));
	CHECK(line("portcullis_loop_timer_lateness_seconds_bucket{le=\"1\"} 10"));
	CHECK(line("portcullis_loop_timer_lateness_seconds_bucket{le=\"+Inf\"} 11"));
	CHECK(line("portcullis_loop_timer_lateness_seconds_count 11"));
	CHECK(line("portcullis_loop_timer_lateness_seconds_sum 12.000345"));

	tap_case("broker, clients, process");
	metrics.connects = 0;
	render();
	CHECK(line("portcullis_mqtt_connected 0") && line("portcullis_mqtt_reconnects_total 0"));
	metrics.connected = true;
	metrics.connects = 3;
	metrics.dropped_full = 4;
	metrics.dropped_too_long = 5;
	metrics.queued = 6;
	metrics.answers[2] = 10;
	metrics.answers[4] = 7;
	metrics.answers[5] = 11;
	metrics.clients = 8;
	metrics.edges_dropped = 9;
	metrics.started_unix_ms = 1767323045678;
	metrics.cpu_us = 1000001;
	metrics.resident_bytes = 2097152;
	render();
	CHECK(line("portcullis_build_info{version=\"1.2.3\"} 1"));
	CHECK(line("portcullis_mqtt_connected 1") && line("portcullis_mqtt_connections_total 3"));
	CHECK(line("portcullis_mqtt_reconnects_total 2"));
	CHECK(line("portcullis_mqtt_messages_dropped_total{reason=\"queue_full\"} 4"));
	CHECK(line("portcullis_mqtt_messages_dropped_total{reason=\"too_long\"} 5"));
	CHECK(line("portcullis_mqtt_publishes_queued 6"));
	CHECK(line("portcullis_http_requests_total{code=\"4xx\"} 7") && line("portcullis_http_clients 8"));
	CHECK(line("portcullis_http_requests_total{code=\"2xx\"} 10"));
	CHECK(line("portcullis_http_requests_total{code=\"5xx\"} 11"));
	CHECK(line("portcullis_gpio_edges_dropped_total 9"));
	CHECK(line("process_start_time_seconds 1767323045.678"));
	CHECK(line("process_cpu_seconds_total 1.000001"));
	CHECK(line("process_resident_memory_bytes 2097152"));
}

/* Every label as long as it can be and every figure as well. */
static void test_bounds(void)
{
	memset(name, '"', DOOR_NAME_MAX);
	memset(&counts, 0xff, sizeof(counts));
	memset(&lateness.counts, 0, sizeof(lateness.counts));
	for (size_t i = 0; i < DOORS_MAX; i++) {
		memset(ids[i], 'x', DOOR_ID_MAX);
		metrics.doors[i] = (struct metrics_door){.counts = &counts,
				.view = {.id = ids[i],
						.name = name,
						.device_class = "garage",
						.position = 100,
						.last_changed_unix_ms = INT64_MAX,
						.cycles = UINT64_MAX,
						.last_open_ms = INT64_MAX,
						.last_close_ms = INT64_MAX,
						.has_open_sensor = true,
						.has_closed_sensor = true,
						.has_obstruction_sensor = true}};
	}
	metrics.edges_dropped = metrics.connects = metrics.received = metrics.dropped_full = metrics.dropped_too_long =
			metrics.publish_failed = metrics.protocol_errors = metrics.clients_refused = UINT64_MAX;
	memset(metrics.answers, 0xff, sizeof(metrics.answers));
	for (size_t doors = 0; doors <= DOORS_MAX; doors += DOORS_MAX / 2) {
		tap_case("%zu doors fit, with the longest of everything", doors);
		metrics.door_count = doors;
		ssize_t length = metrics_render(&metrics, text, METRICS_SIZE(doors));
		printf("# %zd of %zu bytes\n", length, METRICS_SIZE(doors));
		CHECK(length > 0);
	}

	tap_case("a buffer that is too small is no place for half of it");
	size_t whole = strlen(text) + 1;
	CHECK(metrics_render(&metrics, text, whole) == (ssize_t)whole - 1);
	for (size_t size = 1; size < whole; size += size < 100 ? 1 : size < 10000 ? 97 : 997) {
		text[size] = '#';
		if (!CHECK(metrics_render(&metrics, text, size) == -ENOBUFS && !*text && text[size] == '#'))
			break;
	}
	CHECK(metrics_render(&metrics, text, whole - 1) == -ENOBUFS && !*text);
}

int main(void)
{
	metrics.version = "1.2.3";
	metrics.lateness = &lateness;
	test_door();
	test_agent();
	test_bounds();
	return tap_done();
}
