#include "agent/inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/net.h"
#include "metrics/metrics.h"
#include "tls/mac.h"
#include "tls/password.h"

#define CLOCK_STEP_MS 1000 /* more is no drift: somebody set the clock */

static size_t http_doors(void *user, struct door_view *views, size_t max)
{
	struct agent *agent = user;
	size_t doors = garage_door_count(agent->garage), count = doors < max ? doors : max;
	for (size_t i = 0; i < count; i++)
		garage_view(agent->garage, i, &views[i]);
	return count;
}

static void http_wiring(void *user, size_t index, struct http_wiring *wiring)
{
	static_assert(GARAGE_LINES <= HTTP_LINES_MAX, "all lines of a door are shown");
	struct agent *agent = user;
	struct garage_line_view views[GARAGE_LINES];
	struct door_view door;
	size_t count = garage_wiring(agent->garage, index, views);
	for (size_t i = 0; i < count; i++)
		wiring->lines[i] = (struct http_line){.role = views[i].role,
				.name = views[i].name,
				.offset = views[i].offset,
				.relay = views[i].line < DOOR_LINE_WARNING,
				.known = views[i].known,
				.meaning = views[i].meaning,
				.high = views[i].high};
	FILE *stream = fmemopen(wiring->yaml, sizeof(wiring->yaml), "w");
	if (!stream)
		return;
	garage_view(agent->garage, index, &door);
	config_print_door(&agent->config->doors[index], door.last_open_ms, door.last_close_ms, stream);
	fclose(stream);
}

static int http_pulse(void *user, size_t index, const char *relay, int64_t asked_ms, enum door_result *result,
		enum door_reason *reason)
{
	static const char *const names[DOOR_LINE_WARNING] = {
			[DOOR_LINE_TOGGLE] = "relay",
			[DOOR_LINE_OPEN] = "open_relay",
			[DOOR_LINE_CLOSE] = "close_relay",
			[DOOR_LINE_STOP] = "stop_relay",
	};
	struct agent *agent = user;
	struct garage_line_view views[GARAGE_LINES];
	size_t count = garage_wiring(agent->garage, index, views);
	for (size_t i = 0; i < count; i++)
		if (views[i].line < DOOR_LINE_WARNING && strcmp(relay, names[views[i].line]) == 0) {
			const struct door_answer answer =
					garage_pulse(agent->garage, index, views[i].line, DOOR_SOURCE_HTTP, asked_ms);
			*result = answer.result;
			*reason = answer.reason;
			return 0;
		}
	return -ENOENT;
}

static void http_node(void *user, struct http_node *node)
{
	static const char *const states[] = {
			[MQTT_DISCONNECTED] = "disconnected",
			[MQTT_CONNECTING] = "connecting",
			[MQTT_CONNECTED] = "connected",
	};
	struct agent *agent = user;
	const struct mqtt_status status = link_status(agent->link);
	snprintf(agent->broker_error, sizeof(agent->broker_error), "%s",
			status.state == MQTT_CONNECTED ? status.warning : status.error);
	*node = (struct http_node){.node = agent->config->node,
			.version = PORTCULLIS_VERSION,
			.broker = states[status.state],
			.broker_error = agent->broker_error,
			.history_problem = agent->history_watch.problem,
			.uptime_ms = loop_now_ms() - agent->started_ms,
			.simulated = agent->config->gpio.backend == CONFIG_SIMULATED};
}

static enum door_result http_command(
		void *user, size_t door, enum door_command command, int64_t asked_ms, enum door_reason *reason)
{
	struct agent *agent = user;
	const struct door_answer answer = garage_command(agent->garage, door, command, DOOR_SOURCE_HTTP, asked_ms);
	*reason = answer.reason;
	return answer.result;
}

static bool http_healthy(void *user, const char **reason)
{
	struct agent *agent = user;
	const struct mqtt_status status = link_status(agent->link);
	*reason = agent->failure < 0              ? "the GPIO lines are lost"
		  : agent->stopping               ? "stopping"
		  : status.deaf                   ? "the broker denies a subscription to commands"
		  : *agent->history_watch.problem ? "the history is in memory only"
						  : "";
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
	return garage_poke(agent->garage, door, poke);
}

static const struct peers_view *http_peers(void *user)
{
	const struct agent *agent = user;
	return link_peers(agent->link);
}

static int http_peer_command(
		void *user, const char *node, const char *door, enum door_command command, int64_t asked_ms)
{
	struct agent *agent = user;
	return link_peer_command(agent->link, node, door, command, asked_ms);
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
	struct timespec used = {.tv_sec = 0};
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
	const struct mqtt_status mqtt = link_status(agent->link);
	struct http_status http;
	struct history_status history;
	http_status(agent->http, &http);
	history_status(agent->history, &history);
	struct metrics metrics = {
			.version = PORTCULLIS_VERSION,
			.door_count = garage_door_count(agent->garage),
			.edges_dropped = garage_edges_dropped(agent->garage),
			.lateness = loop_lateness(agent->loop),
			.connected = mqtt.state == MQTT_CONNECTED,
			.connects = mqtt.connects,
			.received = mqtt.received,
			.dropped_full = mqtt.dropped_full,
			.dropped_too_long = mqtt.dropped_too_long,
			.publish_failed = mqtt.publish_failed,
			.protocol_errors = mqtt.protocol_errors,
			.denied = mqtt.denied,
			.in_flight = mqtt.in_flight,
			.queued = mqtt.queued,
			.clients_refused = http.refused,
			.clients = http.clients,
			.listeners = http.listeners,
			.history_wanted = history.wanted,
			.history_on_disk = history.on_disk && !*history.problem,
			.history_lost = history.lost,
			.peers = link_peers(agent->link),
			.peer_documents_refused = link_peers_refused(agent->link),
			.started_unix_ms = started_unix_ms(agent),
			.cpu_us = cpu_us(),
			.resident_bytes = resident_bytes(),
	};
	static_assert(sizeof(metrics.answers) == sizeof(http.answers), "the same classes");
	memcpy(metrics.answers, http.answers, sizeof(metrics.answers));
	for (size_t i = 0; i < garage_door_count(agent->garage); i++) {
		garage_view(agent->garage, i, &metrics.doors[i].view);
		metrics.doors[i].counts = counters_of(agent->counters, i);
	}
	return metrics_render(&metrics, buffer, size);
}

_Static_assert(HISTORY_PROBLEM_MAX <= HTTP_PROBLEM_MAX, "shown whole");
_Static_assert(TLS_MAC_BYTES == HTTP_MAC_BYTES, "tls_mac signs sessions");
_Static_assert(CONFIG_CREDENTIALS_MAX == HTTP_PASSWORD_MAX, "what --check lets through can be served");

void agent_configure_http(const struct config *config, struct http_config *http)
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
			.sign = tls_mac,
			.allow_anonymous_commands = config->http.allow_anonymous_commands,
	};
	for (size_t i = 0; i < http->host_count; i++)
		http->hosts[i] = config->http.hosts[i];
}

const char agent_damaged_hash[] =
		"the password begins like a hash and is none: make it anew with portcullis --hash-password";

bool agent_right_hash(const struct config *config)
{
	const char *password = config->http.password;
	return !password || !tls_password_looks_hashed(password) || tls_password_is_hash(password);
}

/* All that the server is told. */
static void configure(
		struct agent *agent, const struct config *config, struct http_config *http, struct http_agent *face)
{
	agent_configure_http(config, http);
	http->host_name = agent->host_name;
	secure_page(agent->secure, config, http);
	*face = (struct http_agent){.doors = http_doors,
			.node = http_node,
			.wiring = http_wiring,
			.pulse = http_pulse,
			.command = http_command,
			.healthy = http_healthy,
			.history = http_history,
			.simulate = http_simulate,
			.peers = http_peers,
			.peer_command = http_peer_command,
			.metrics = http_metrics,
			.metrics_max = METRICS_SIZE(garage_door_count(agent->garage)),
			.user = agent};
}

_Static_assert(HTTP_ERROR_MAX + sizeof("HTTP: ") <= PAGE_ERROR_MAX, "open_page hands either text on");

static int open_page(struct agent *agent, char error[static PAGE_ERROR_MAX])
{
	struct http_config http;
	struct http_agent face;
	char reason[MQTT_ERROR_MAX], said[HTTP_ERROR_MAX] = "";
	if (!net_is_here(agent->config->http.address, agent->config->http.port)) {
		snprintf(error, PAGE_ERROR_MAX, "HTTP: no interface of this machine has the address %s yet",
				agent->config->http.address);
		return -EADDRNOTAVAIL;
	}
	int result = secure_read_page(agent->secure, agent->config, reason);
	if (result < 0) {
		snprintf(error, PAGE_ERROR_MAX, "%s", reason);
		return result;
	}
	secure_take_page(agent->secure);
	configure(agent, agent->config, &http, &face);
	result = http_new(agent->loop, agent->log, &http, &face, &agent->http, said);
	if (result < 0)
		snprintf(error, PAGE_ERROR_MAX, "HTTP: %s", said);
	return result;
}

/* No end of a pulse waits for files that are read. */
static void try_page(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	char error[PAGE_ERROR_MAX] = "";
	if (agent->stopping)
		return;
	if (garage_is_pulsing(agent->garage) || open_page(agent, error) < 0)
		loop_timer_set(agent->loop, timer, now_ms + PAGE_TRY_MS);
	if (error[0] && strcmp(error, agent->page_error) != 0) {
		log_error(agent->log, "%s. The doors and MQTT go on without the page, which is tried again every %d s",
				error, PAGE_TRY_MS / 1000);
		snprintf(agent->page_error, sizeof(agent->page_error), "%s", error);
	}
}

int agent_start_http(struct agent *agent)
{
	if (!agent->config->http.enabled)
		return 0;
	if (!agent_right_hash(agent->config)) {
		log_error(agent->log, "HTTP: %s", agent_damaged_hash);
		return -EINVAL;
	}
	agent->page_timer = (struct loop_timer){.expired = try_page, .user = agent};
	try_page(&agent->page_timer, loop_now_ms());
	return 0;
}

int agent_reconfigure_http(struct agent *agent, const struct config *next, bool cut_listeners)
{
	struct http_config http;
	struct http_agent face;
	char error[HTTP_ERROR_MAX] = "";
	if (!next->http.enabled)
		return 0;
	if (!agent_right_hash(next)) {
		log_error(agent->log, "HTTP: %s", agent_damaged_hash);
		return -EINVAL;
	}
	if (!agent->http) {
		loop_timer_set(agent->loop, &agent->page_timer, loop_now_ms());
		return 0;
	}
	configure(agent, next, &http, &face);
	int result = http_reconfigure(agent->http, &http, &face, cut_listeners, error);
	if (result < 0)
		log_error(agent->log, "HTTP: %s", error);
	else
		secure_take_page(agent->secure);
	return result;
}

void agent_page_hear(void *user, const struct garage_news *news)
{
	const struct agent *agent = user;
	bool changed = news->kind == GARAGE_STEP && news->changed && !news->past;
	if (changed || news->kind == GARAGE_CAUGHT_UP)
		http_changed(agent->http);
}
