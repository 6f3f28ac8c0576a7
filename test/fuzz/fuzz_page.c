/*
 * Any names in the page: of doors, of this agent, of lines and of other agents, and why the broker or the history fails.
 * The first bytes choose states and views. The rest, cut at newlines, are the names; 0 ends a name. Each view is rendered
 * with these names and once more with letters in place of every byte: both must have the same markup, in the same order,
 * since nothing of a name may become markup.
 */
#include <stdlib.h>
#include <string.h>

#include "http/page.h"
#include "views.h"

#define NOW_MS 1700000000000
#define NAMES 7

enum name { DOOR, NODE, BROKER_ERROR, HISTORY_PROBLEM, LINE, PEER_DOOR, PEER_VERSION };

static const size_t longest[NAMES] = {DOOR_NAME_MAX, 63, 255, 255, 63, DOOR_NAME_MAX, PEER_VERSION_MAX};

static void check(bool good)
{
	if (!good)
		abort();
}

/* A number below count, from the next byte. */
static unsigned take(const unsigned char **bytes, size_t *left, unsigned count)
{
	if (*left == 0)
		return 0;
	*left -= 1;
	return *(*bytes)++ % count;
}

/* One name up to a newline; of it, as much as there may be. */
static void take_name(const unsigned char **bytes, size_t *left, char *name, size_t most)
{
	const unsigned char *end = memchr(*bytes, '\n', *left);
	size_t length = end ? (size_t)(end - *bytes) : *left;
	size_t used = length < most ? length : most;
	memcpy(name, *bytes, used);
	name[used] = '\0';
	*bytes += length + (end != NULL);
	*left -= length + (end != NULL);
}

/* What a browser could take for markup, in its order. NULL: there is no page. */
static char *markup(struct http_body *body)
{
	check(body);
	char *text = malloc(body->length + 1);
	size_t length = 0;
	check(text);
	for (size_t i = 0; i < body->length; i++)
		if (strchr("<>\"\n", body->bytes[i]) && body->bytes[i])
			text[length++] = (char)body->bytes[i];
	text[length] = '\0';
	http_body_release(body);
	return text;
}

struct shown {
	struct http_page page;
	struct http_node node;
	struct door_view door;
	struct http_wiring wiring;
	struct peers_view peers;
	char names[NAMES][256];
};

static void use_names(struct shown *shown)
{
	shown->door.name = shown->names[DOOR];
	shown->node.node = shown->names[NODE];
	shown->node.broker_error = shown->names[BROKER_ERROR];
	shown->node.history_problem = shown->names[HISTORY_PROBLEM];
	shown->wiring.lines[0].name = shown->names[LINE];
	strcpy(shown->peers.doors[0].name, shown->names[PEER_DOOR]);
	strcpy(shown->peers.peers[0].version, shown->names[PEER_VERSION]);
}

static char *rendered(const struct shown *shown, unsigned view)
{
	const struct http_refusal refusal = {.status = 403, .detail = shown->names[BROKER_ERROR]};
	const struct http_login login = {.language = shown->page.language, .root = "./", .refusal = &refusal};
	switch (view) {
	case 0:
		return markup(http_page_render(&shown->page));
	case 1:
		return markup(http_page_render_setup(&shown->page, &shown->wiring));
	case 2:
		return markup(http_page_render_refusal(shown->page.language, "./", &refusal));
	default:
		return markup(http_page_render_login(&login));
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t left)
{
	static struct shown shown;
	memset(&shown, 0, sizeof(shown));
	struct door_record record = {.number = 1, .unix_ms = NOW_MS - 1000, .count = 1, .command = -1};
	record.news = take(&bytes, &left, DOOR_NEWS_CLOCK_SET + 1);
	shown.door = (struct door_view){VIEW_CLOSED("left", ""), .last_changed_unix_ms = NOW_MS - 720000};
	shown.door.state = take(&bytes, &left, DOOR_STOPPED + 1);
	shown.door.position = (int)take(&bytes, &left, 101);
	shown.door.toggles = take(&bytes, &left, 2);
	shown.node = (struct http_node){.version = "1.2.3", .uptime_ms = 1};
	shown.node.simulated = take(&bytes, &left, 2);
	shown.node.broker = take(&bytes, &left, 2) ? "connected" : "disconnected";
	shown.wiring = (struct http_wiring){.lines = {{.key = "relay", .relay = true}}, .yaml = "- id: left"};
	shown.peers = (struct peers_view){.count = 1, .door_count = 1};
	shown.peers.peers[0] = (struct peer_view){.node = "shed", .availability = PEER_ONLINE, .told = true};
	shown.peers.peers[0].understood = true;
	shown.peers.peers[0].count = 1;
	shown.peers.doors[0].view = shown.door;
	strcpy(shown.peers.doors[0].id, "right");
	shown.page = (struct http_page){.language = take(&bytes, &left, LANGUAGES),
			.node = &shown.node,
			.doors = &shown.door,
			.door_count = 1,
			.records = &record,
			.record_count = 1,
			.peers = &shown.peers,
			.setup = true,
			.wall_ms = NOW_MS};
	for (size_t i = 0; i < NAMES; i++)
		take_name(&bytes, &left, shown.names[i], longest[i]);
	shown.peers.doors[0].view.id = shown.peers.doors[0].id;
	shown.peers.doors[0].view.name = shown.peers.doors[0].name;
	for (unsigned view = 0; view < 4; view++) {
		static struct shown plain;
		plain = shown;
		plain.page.node = &plain.node;
		plain.page.doors = &plain.door;
		plain.page.peers = &plain.peers;
		use_names(&shown);
		for (size_t i = 0; i < NAMES; i++)
			memset(plain.names[i], 'x', strlen(plain.names[i]));
		use_names(&plain);
		plain.peers.doors[0].view.id = plain.peers.doors[0].id;
		plain.peers.doors[0].view.name = plain.peers.doors[0].name;
		char *got = rendered(&shown, view), *wanted = rendered(&plain, view);
		check(strcmp(got, wanted) == 0);
		free(got);
		free(wanted);
	}
	return 0;
}
