/*
 * One function for each question of the server (struct http_agent); each asks the room that knows. Below them is the
 * server's life: tried again by a timer until it listens.
 */
#include "agent/page.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/scrape.h"
#include "agent/translate.h"
#include "base/net.h"
#include "http/http.h"
#include "metrics/metrics.h"

#define HOST_NAME_BYTES 64 /* HOST_NAME_MAX of Linux */
#define PAGE_TRY_MS 5000   /* so often a page that could not start is tried again */
#define PAGE_ERROR_MAX MQTT_ERROR_MAX

static_assert(HTTP_ERROR_MAX + sizeof("HTTP: ") <= PAGE_ERROR_MAX, "page_open hands either text on");
static_assert(HISTORY_PROBLEM_MAX <= HTTP_PROBLEM_MAX, "shown whole");
static_assert(HTTP_ALL_DOORS == HISTORY_ALL_DOORS, "http_history hands it on");
static_assert(TRACE_TEXT_MAX <= HTTP_TRACE_MAX, "shown whole");
static_assert(GARAGE_LINES <= HTTP_LINES_MAX, "all lines of a door are shown");

struct page {
	struct page_rooms rooms;
	const struct config *config;
	struct scrape scrape;
	struct http *http; /* NULL: it does not listen yet */
	struct loop_timer timer;
	char error[PAGE_ERROR_MAX]; /* why there is no page yet, as it was logged */
	char host_name[HOST_NAME_BYTES + 1], broker_error[MQTT_ERROR_MAX];
	bool lost, stopping;
};

static size_t http_doors(void *user, struct door_view *views, size_t max)
{
	struct page *page = user;
	size_t doors = garage_door_count(page->rooms.garage), count = doors < max ? doors : max;
	for (size_t i = 0; i < count; i++)
		garage_view(page->rooms.garage, i, &views[i]);
	return count;
}

static void http_wiring(void *user, size_t index, struct http_wiring *wiring)
{
	struct page *page = user;
	struct garage_line_view views[GARAGE_LINES];
	struct door_view door;
	size_t count = garage_wiring(page->rooms.garage, index, views);
	for (size_t i = 0; i < count; i++)
		wiring->lines[i] = (struct http_line){.key = views[i].key,
				.name = views[i].name,
				.offset = views[i].offset,
				.relay = views[i].line < DOOR_LINE_WARNING,
				.known = views[i].known,
				.active = views[i].active,
				.high = views[i].high};
	wiring->now_ms = loop_now_ms();
	trace_print(page->rooms.trace, index, wiring->trace);
	FILE *stream = fmemopen(wiring->yaml, sizeof(wiring->yaml), "w");
	if (!stream)
		return;
	garage_view(page->rooms.garage, index, &door);
	config_print_door(&page->config->doors[index], door.last_open_ms, door.last_close_ms, stream);
	fclose(stream);
}

static int http_pulse(void *user, size_t index, const char *relay, int64_t asked_ms, struct door_answer *answer)
{
	struct page *page = user;
	struct garage_line_view views[GARAGE_LINES];
	size_t count = garage_wiring(page->rooms.garage, index, views);
	for (size_t i = 0; i < count; i++)
		if (views[i].line < DOOR_LINE_WARNING && strcmp(relay, views[i].key) == 0) {
			*answer = garage_pulse(page->rooms.garage, index, views[i].line, DOOR_SOURCE_HTTP, asked_ms);
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
	struct page *page = user;
	const struct mqtt_status status = link_status(page->rooms.link);
	snprintf(page->broker_error, sizeof(page->broker_error), "%s",
			status.state == MQTT_CONNECTED ? status.warning : status.error);
	*node = (struct http_node){.node = page->config->node,
			.version = PORTCULLIS_VERSION,
			.broker = states[status.state],
			.broker_error = page->broker_error,
			.history_problem = page->rooms.history_watch->problem,
			.uptime_ms = loop_now_ms() - page->rooms.started_ms,
			.simulated = page->config->gpio.backend == CONFIG_SIMULATED};
}

static struct door_answer http_command(void *user, size_t door, enum door_command command, int64_t asked_ms)
{
	const struct page *page = user;
	return garage_command(page->rooms.garage, door, command, DOOR_SOURCE_HTTP, asked_ms);
}

static struct door_answer http_position(void *user, size_t door, int percent, int64_t asked_ms)
{
	const struct page *page = user;
	return garage_position(page->rooms.garage, door, percent, DOOR_SOURCE_HTTP, asked_ms);
}

static bool http_healthy(void *user, const char **reason)
{
	struct page *page = user;
	const struct mqtt_status status = link_status(page->rooms.link);
	*reason = page->lost                            ? "the GPIO lines are lost"
		  : page->stopping                      ? "stopping"
		  : status.deaf                         ? "the broker denies a subscription to commands"
		  : *page->rooms.history_watch->problem ? "the history is in memory only"
							: "";
	return !page->stopping;
}

static size_t http_history(void *user, size_t door, uint64_t before, struct door_record *records, size_t max)
{
	struct page *page = user;
	return history_read(page->scrape.history, door, before, records, max);
}

static int http_simulate(void *user, size_t door, const char *poke)
{
	struct page *page = user;
	return garage_poke(page->rooms.garage, door, poke);
}

static const struct peers_view *http_peers(void *user)
{
	const struct page *page = user;
	return link_peers(page->rooms.link);
}

static int http_peer_command(void *user, const char *node, const char *door, enum door_command command, int percent,
		int64_t asked_ms)
{
	struct page *page = user;
	return link_peer_command(page->rooms.link, node, door, command, percent, asked_ms);
}

static ssize_t http_metrics(void *user, char *buffer, size_t size)
{
	struct page *page = user;
	return scrape_render(&page->scrape, page->http, buffer, size);
}

/* All that the server is told. */
static void page_configure(
		struct page *page, const struct config *config, struct http_config *http, struct http_agent *face)
{
	*http = translate_http(config);
	http->host_name = page->host_name;
	secure_page(page->rooms.secure, config, http);
	*face = (struct http_agent){.doors = http_doors,
			.node = http_node,
			.wiring = http_wiring,
			.pulse = http_pulse,
			.command = http_command,
			.position = http_position,
			.healthy = http_healthy,
			.history = http_history,
			.simulate = http_simulate,
			.peers = http_peers,
			.peer_command = http_peer_command,
			.metrics = http_metrics,
			.metrics_max = METRICS_SIZE(garage_door_count(page->rooms.garage)),
			.user = page};
}

static int page_open(struct page *page, char error[static PAGE_ERROR_MAX])
{
	struct http_config http;
	struct http_agent face;
	char reason[MQTT_ERROR_MAX], said[HTTP_ERROR_MAX] = "";
	if (!net_is_here(page->config->http.address, page->config->http.port)) {
		snprintf(error, PAGE_ERROR_MAX, "HTTP: no interface of this machine has the address %s yet",
				page->config->http.address);
		return -EADDRNOTAVAIL;
	}
	int result = secure_read_page(page->rooms.secure, page->config, reason);
	if (result < 0) {
		snprintf(error, PAGE_ERROR_MAX, "%s", reason);
		return result;
	}
	secure_take_page(page->rooms.secure);
	page_configure(page, page->config, &http, &face);
	result = http_new(page->rooms.loop, page->rooms.log, &http, &face, &page->http, said);
	if (result < 0)
		snprintf(error, PAGE_ERROR_MAX, "HTTP: %s", said);
	return result;
}

/* No end of a pulse waits for files that are read. */
static void page_try(struct loop_timer *timer, int64_t now_ms)
{
	struct page *page = timer->user;
	char error[PAGE_ERROR_MAX] = "";
	if (page->stopping)
		return;
	if (garage_is_pulsing(page->rooms.garage) || page_open(page, error) < 0)
		loop_timer_set(page->rooms.loop, timer, now_ms + PAGE_TRY_MS);
	if (error[0] && strcmp(error, page->error) != 0) {
		log_error(page->rooms.log,
				"%s. The doors and MQTT go on without the page, which is tried again every %d s", error,
				PAGE_TRY_MS / 1000);
		snprintf(page->error, sizeof(page->error), "%s", error);
	}
}

int page_start(struct page *page, const struct config *config)
{
	page->config = config;
	if (!config->http.enabled)
		return 0;
	if (!translate_right_hash(config)) {
		log_error(page->rooms.log, "HTTP: %s", translate_damaged_hash);
		return -EINVAL;
	}
	page_try(&page->timer, loop_now_ms());
	return 0;
}

static int page_reconfigure_server(struct page *page, const struct config *next, bool cut_listeners)
{
	struct http_config http;
	struct http_agent face;
	char error[HTTP_ERROR_MAX] = "";
	if (!translate_right_hash(next)) {
		log_error(page->rooms.log, "HTTP: %s", translate_damaged_hash);
		return -EINVAL;
	}
	if (!page->http) {
		loop_timer_set(page->rooms.loop, &page->timer, loop_now_ms());
		return 0;
	}
	page_configure(page, next, &http, &face);
	int failed = http_reconfigure(page->http, &http, &face, cut_listeners, error);
	if (failed < 0)
		log_error(page->rooms.log, "HTTP: %s", error);
	else
		secure_take_page(page->rooms.secure);
	return failed;
}

int page_reconfigure(struct page *page, const struct config *next, bool cut_listeners)
{
	int failed = next->http.enabled ? page_reconfigure_server(page, next, cut_listeners) : 0;
	if (failed == 0)
		page->config = next;
	return failed;
}

bool page_is_checking(const struct page *page)
{
	return page->http && http_checking(page->http);
}

bool page_listens(const struct page *page)
{
	return page->http;
}

void page_set_history(struct page *page, struct history *history)
{
	page->scrape.history = history;
}

void page_change(void *user)
{
	const struct page *page = user;
	http_changed(page->http);
}

void page_stop(struct page *page)
{
	page->stopping = true;
}

void page_hear(void *user, const struct garage_news *news)
{
	struct page *page = user;
	bool changed = (news->kind == GARAGE_ENDING || (news->kind == GARAGE_STEP && news->changed)) && !news->past;
	if (news->kind == GARAGE_LOST)
		page->lost = true;
	if (changed || news->kind == GARAGE_CAUGHT_UP)
		page_change(page);
}

int page_new(const struct page_rooms *rooms, struct page **out)
{
	struct page *page = calloc(1, sizeof(*page));
	if (!page)
		return -ENOMEM;
	page->rooms = *rooms;
	page->timer = (struct loop_timer){.expired = page_try, .user = page};
	page->scrape = (struct scrape){.loop = rooms->loop,
			.garage = rooms->garage,
			.link = rooms->link,
			.counters = rooms->counters,
			.started_ms = rooms->started_ms};
	gethostname(page->host_name, sizeof(page->host_name) - 1);
	*out = page;
	return 0;
}

void page_free(struct page *page)
{
	if (!page)
		return;
	http_free(page->http);
	loop_timer_cancel(page->rooms.loop, &page->timer);
	free(page);
}
