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

#include "fake_agent.h"
#include "http/server.h"
#include "tls/mac.h"

static const struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = 0x0100007fu};

static struct {
	struct loop *loop;
	struct log log;
	struct http *open, *locked;
	struct fake_agent agent;
} world;

struct client {
	struct loop_source source;
	const unsigned char *bytes;
	size_t left;
	unsigned random;
	size_t heard;
	char start[9];
};

/* Once, and for as long as the process lives. */
static void begin(void)
{
	static const struct http_config open = {.address = "127.0.0.1", .host_name = "pi"};
	static const struct http_config locked = {
			.address = "127.0.0.1", .username = "Aladdin", .password = "open sesame", .sign = tls_mac};
	char error[HTTP_ERROR_MAX];
	if (world.loop)
		return;
	fake_agent_init(&world.agent);
	world.agent.history_count = 200;
	world.agent.follows = true;
	world.agent.doors[0].name = world.agent.doors[1].name = "Door <1>";
	world.agent.peers = (struct peers_view){.count = 1, .door_count = 1};
	world.agent.peers.peers[0] =
			(struct peer_view){.node = "shed", .availability = PEER_OFFLINE, .told = true, .count = 1};
	world.agent.peers.doors[0] = (struct peer_door){.id = "left", .name = "<b>", .outcome = PEER_OUTCOME_REJECTED};
	world.agent.peers.doors[0].view =
			(struct door_view){VIEW_CLOSED(world.agent.peers.doors[0].id, world.agent.peers.doors[0].name)};
	const struct http_agent agent = fake_agent_face(&world.agent, 64);
	world.log.level = LOG_ERROR;
	fake_check(loop_new(&world.loop) == 0);
	fake_check(http_new(world.loop, &world.log, &open, &agent, &world.open, error) == 0);
	fake_check(http_new(world.loop, &world.log, &locked, &agent, &world.locked, error) == 0);
}

/* Other bits of the first byte than those that LLVMFuzzerTestOneInput uses. */
static void choose_answers(unsigned char first)
{
	static const int errors[] = {0, 0, -ENOENT, -EHOSTUNREACH};
	world.agent.answer.result = first & 2 ? DOOR_RESULT_REJECTED : DOOR_RESULT_ACCEPTED;
	world.agent.answer.reason = first & 2 ? DOOR_REASON_BUSY : DOOR_REASON_NONE;
	world.agent.error = errors[first >> 2 & 3];
	world.agent.peers.changes += first >> 4 & 1;
	world.agent.commands = world.agent.pokes = 0;
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
	fake_check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	client.source = (struct loop_source){.fd = pair[0], .ready = ready, .user = &client};
	choose_answers(bytes[0]);
	fake_check(http_adopt(locked ? world.locked : world.open, pair[1], (const struct sockaddr *)&loopback) == 0);
	fake_check(loop_add(world.loop, &client.source, EPOLLIN | EPOLLOUT) == 0);
	fake_check(loop_run(world.loop) == 0);
	loop_remove(world.loop, &client.source);
	close(pair[0]);
	int asked = world.agent.commands + world.agent.pokes;
	/* Nothing, or an answer; and no door hears of what was not asked for. */
	fake_check(client.heard < sizeof(client.start) || memcmp(client.start, "HTTP/1.1 ", sizeof(client.start)) == 0);
	fake_check(asked == 0 || (holds(bytes, length, "POST ") && holds(bytes, length, "/api/")));
	fake_check(asked == 0 || !locked || holds(bytes, length, "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
	return 0;
}
