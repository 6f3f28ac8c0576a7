/*
 * Any bytes as all that a client ever sends on one connection, through the real loop and the real server, over a
 * socketpair. The first byte chooses the server (odd: with a password) and how the rest is cut into packets.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/server.h"
#include "tls/mac.h"

static const struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = 0x0100007fu};

static struct {
	struct loop *loop;
	struct log log;
	struct http *open, *locked;
	int commands;
} world;

struct client {
	struct loop_source source;
	const unsigned char *bytes;
	size_t left;
	unsigned random;
	size_t heard;
	char start[9];
};

static void check(bool good)
{
	if (!good)
		abort();
}

static size_t doors(void *user, struct door_view *views, size_t max)
{
	(void)user;
	check(max >= 2);
	for (size_t i = 0; i < 2; i++)
		views[i] = (struct door_view){.id = i ? "right" : "left",
				.name = "Door <1>",
				.device_class = "gate",
				.has_stop = true,
				.settled = true};
	return 2;
}

static void node(void *user, struct http_node *node)
{
	(void)user;
	*node = (struct http_node){.node = "garage",
			.version = "1",
			.broker = "connected",
			.broker_error = "",
			.history_problem = "",
			.uptime_ms = 1};
}

static enum door_result command(
		void *user, size_t door, enum door_command command, int64_t asked_ms, enum door_reason *reason)
{
	(void)user;
	check(asked_ms <= loop_now_ms());
	check(door < 2 && command <= DOOR_COMMAND_TOGGLE);
	world.commands++;
	*reason = door ? DOOR_REASON_BUSY : DOOR_REASON_NONE;
	return door ? DOOR_RESULT_REJECTED : DOOR_RESULT_ACCEPTED;
}

static bool healthy(void *user, const char **reason)
{
	(void)user;
	*reason = "";
	return true;
}

static ssize_t metrics(void *user, char *buffer, size_t size)
{
	(void)user;
	return size == 64 ? snprintf(buffer, size, "doors 2\n") : -ENOBUFS;
}

static void wiring(void *user, size_t door, struct http_wiring *wiring)
{
	(void)user, (void)door;
	struct http_line *lines = wiring->lines;
	lines[0] = (struct http_line){
			.role = "relay", .name = "GPIO17", .relay = true, .known = true, .meaning = "Off."};
	lines[1] = (struct http_line){.role = "closed sensor",
			.name = "",
			.offset = 23,
			.known = true,
			.meaning = "The door is closed."};
	snprintf(wiring->yaml, sizeof(wiring->yaml), "- id: left\n");
}

static int pulse(void *user, size_t door, const char *relay, int64_t asked_ms, enum door_result *result,
		enum door_reason *reason)
{
	(void)user;
	check(asked_ms <= loop_now_ms());
	check(door < 2);
	world.commands++;
	*result = world.commands % 2 ? DOOR_RESULT_ACCEPTED : DOOR_RESULT_REJECTED;
	*reason = *result == DOOR_RESULT_REJECTED ? DOOR_REASON_BUSY : DOOR_REASON_NONE;
	return strcmp(relay, "relay") == 0 ? 0 : -ENOENT;
}

static size_t history(void *user, size_t door, uint64_t before, struct door_record *records, size_t max)
{
	size_t count = 0;
	(void)user;
	check(door < 2 || door == HTTP_ALL_DOORS);
	check(max > 1 && max <= 101);
	for (uint64_t number = before && before < 200 ? before - 1 : 200; number > 0 && count < max; number--)
		records[count++] = (struct door_record){.number = number, .door = number % 2, .command = -1};
	return count;
}

static int simulate(void *user, size_t door, const char *poke)
{
	(void)user;
	check(door < 2);
	world.commands++;
	return strcmp(poke, "jam") == 0 ? 0 : -ENOENT;
}

static const struct peers_view *peers(void *user)
{
	static struct peers_view view;
	(void)user;
	view.changes = world.commands / 16; /* at times another */
	view.count = view.door_count = 1;
	view.peers[0] = (struct peer_view){.node = "shed", .availability = PEER_OFFLINE, .told = true, .count = 1};
	view.doors[0] = (struct peer_door){.id = "left", .name = "<b>", .outcome = PEER_OUTCOME_REJECTED};
	view.doors[0].view =
			(struct door_view){.id = view.doors[0].id, .name = view.doors[0].name, .device_class = "gate"};
	return &view;
}

static int peer_command(void *user, const char *node, const char *door, enum door_command command, int64_t asked_ms)
{
	(void)user;
	check(asked_ms <= loop_now_ms());
	check(*node && strlen(node) <= PEER_NODE_MAX && !strchr(node, '/'));
	check(*door && strlen(door) <= DOOR_ID_MAX && !strchr(door, '/'));
	check(command <= DOOR_COMMAND_TOGGLE);
	world.commands++;
	return strcmp(node, "shed") != 0 ? -ENOENT : strcmp(door, "left") != 0 ? -EHOSTUNREACH : 0;
}

/* Once, and for as long as the process lives. */
static void begin(void)
{
	static const struct http_agent agent = {.doors = doors,
			.node = node,
			.command = command,
			.healthy = healthy,
			.history = history,
			.simulate = simulate,
			.wiring = wiring,
			.pulse = pulse,
			.peers = peers,
			.peer_command = peer_command,
			.metrics = metrics,
			.metrics_max = 64};
	static const struct http_config open = {.address = "127.0.0.1", .host_name = "pi"};
	static const struct http_config locked = {
			.address = "127.0.0.1", .username = "Aladdin", .password = "open sesame", .sign = tls_mac};
	char error[HTTP_ERROR_MAX];
	if (world.loop)
		return;
	world.log.level = LOG_ERROR;
	check(loop_new(&world.loop) == 0);
	check(http_new(world.loop, &world.log, &open, &agent, &world.open, error) == 0);
	check(http_new(world.loop, &world.log, &locked, &agent, &world.locked, error) == 0);
}

static void say(struct client *client)
{
	client->random = client->random * 1103515245 + 12345;
	size_t some = client->random >> 16 & 8 ? (client->random >> 20 & 15) + 1 : (client->random >> 16 & 2047) + 1;
	if (some > client->left)
		some = client->left;
	ssize_t sent = some ? send(client->source.fd, client->bytes, some, MSG_NOSIGNAL) : 0;
	if (sent > 0) {
		client->bytes += sent;
		client->left -= (size_t)sent;
	}
	if (client->left > 0 && (sent >= 0 || errno == EAGAIN))
		return;
	shutdown(client->source.fd, SHUT_WR);
	loop_modify(world.loop, &client->source, EPOLLIN);
}

static void ready(struct loop_source *source, uint32_t events)
{
	struct client *client = source->user;
	char heard[16384];
	if (events & EPOLLIN) {
		ssize_t length = recv(source->fd, heard, sizeof(heard), 0);
		for (ssize_t i = 0; i < length && client->heard < sizeof(client->start); i++)
			client->start[client->heard++] = heard[i];
		if (length == 0 || (length < 0 && errno != EAGAIN)) {
			loop_stop(world.loop);
			return;
		}
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		loop_stop(world.loop);
		return;
	}
	if (events & EPOLLOUT)
		say(client);
}

static bool holds(const unsigned char *bytes, size_t length, const char *text)
{
	return memmem(bytes, length, text, strlen(text));
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	int pair[2];
	if (length == 0)
		return 0;
	begin();
	bool locked = bytes[0] & 1;
	struct client client = {.bytes = bytes + 1, .left = length - 1, .random = bytes[0]};
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	client.source = (struct loop_source){.fd = pair[0], .ready = ready, .user = &client};
	world.commands = 0;
	check(http_adopt(locked ? world.locked : world.open, pair[1], (const struct sockaddr *)&loopback) == 0);
	check(loop_add(world.loop, &client.source, EPOLLIN | EPOLLOUT) == 0);
	check(loop_run(world.loop) == 0);
	loop_remove(world.loop, &client.source);
	close(pair[0]);
	/* Nothing, or an answer; and no door hears of what was not asked for. */
	check(client.heard < sizeof(client.start) || memcmp(client.start, "HTTP/1.1 ", sizeof(client.start)) == 0);
	check(world.commands == 0 || (holds(bytes, length, "POST ") && holds(bytes, length, "/api/")));
	check(world.commands == 0 || !locked || holds(bytes, length, "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
	return 0;
}
