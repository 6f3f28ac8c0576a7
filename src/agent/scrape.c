/* Mostly a list: each room is asked for its figures, and metrics_render writes them. */
#include "agent/scrape.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "metrics/metrics.h"

/*
 * When the agent started, by the wall clock of now: a Pi gets the time from the network after it. Else it stays the
 * same from one scrape to the next.
 */
static int64_t started_unix_ms(struct scrape *scrape)
{
	int64_t at_ms = loop_wall_ms() - (loop_now_ms() - scrape->started_ms);
	scrape->started_unix_ms = clock_steady_ms(scrape->started_unix_ms, at_ms);
	return scrape->started_unix_ms;
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

ssize_t scrape_render(struct scrape *scrape, const struct http *server, char *buffer, size_t size)
{
	const struct mqtt_status mqtt = link_status(scrape->link);
	struct http_status http;
	struct history_status history;
	http_status(server, &http);
	history_status(scrape->history, &history);
	struct metrics metrics = {
			.version = PORTCULLIS_VERSION,
			.door_count = garage_door_count(scrape->garage),
			.edges_dropped = garage_edges_dropped(scrape->garage),
			.lateness = loop_lateness(scrape->loop),
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
			.peers = link_peers(scrape->link),
			.peer_documents_refused = link_peers_refused(scrape->link),
			.started_unix_ms = started_unix_ms(scrape),
			.cpu_us = cpu_us(),
			.resident_bytes = resident_bytes(),
	};
	static_assert(sizeof(metrics.answers) == sizeof(http.answers), "the same classes");
	memcpy(metrics.answers, http.answers, sizeof(metrics.answers));
	for (size_t i = 0; i < garage_door_count(scrape->garage); i++) {
		garage_view(scrape->garage, i, &metrics.doors[i].view);
		metrics.doors[i].counts = counters_of(scrape->counters, i);
	}
	return metrics_render(&metrics, buffer, size);
}
