/*
 * The agent's own TLS (src/tls), shaking hands with a server on loopback.
 *
 *     handshake PORT CA_FILE COUNT PAUSE_MS
 *
 * COUNT full handshakes, then COUNT that resume a session; one line each: "full" or "resumed", and microseconds. After
 * each the connection rests for PAUSE_MS, in which the server's tickets arrive.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tls/tls.h"

#define LIMIT_MS 60000

static struct {
	struct loop *loop;
	struct loop_timer rest;
	int plain;
} bench;

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void fail(const char *what)
{
	fprintf(stderr, "handshake: %s\n", what);
	exit(1);
}

static void ended(void *user, int plain_fd, const char *error)
{
	(void)user;
	if (plain_fd < 0)
		fail(error);
	bench.plain = plain_fd;
	loop_stop(bench.loop);
}

static void rested(struct loop_timer *timer, int64_t now_ms)
{
	(void)timer;
	(void)now_ms;
	loop_stop(bench.loop);
}

static void shake(struct tls_client *client, in_port_t port, int pause_ms)
{
	struct sockaddr_in server = {
			.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof(server)) < 0)
		fail("no server");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	int64_t begun_us = now_us();
	if (tls_client_connect(client, fd, LIMIT_MS, ended, NULL) < 0 || loop_run(bench.loop) < 0)
		fail("cannot begin");
	printf("%s %lld\n", tls_client_resumed(client) ? "resumed" : "full", (long long)(now_us() - begun_us));
	loop_timer_set(bench.loop, &bench.rest, loop_now_ms() + pause_ms);
	loop_run(bench.loop);
	close(bench.plain);
}

int main(int argc, char **argv)
{
	struct log log;
	struct tls *tls;
	struct tls_client *client;
	log_init(&log);
	if (argc != 5)
		fail("see the top of handshake.c");
	const struct tls_files files = {.ca_file = argv[2]};
	in_port_t port = (in_port_t)atoi(argv[1]);
	int count = atoi(argv[3]), pause_ms = atoi(argv[4]);
	bench.rest = (struct loop_timer){.expired = rested};
	if (loop_new(&bench.loop) < 0 || tls_new(&log, &tls) < 0)
		fail("out of memory");
	for (int i = 0; i < 2 * count; i++) {
		/* A new client knows no session. The old ones end with the program. */
		if (i <= count && tls_client_new(tls, bench.loop, &files, "127.0.0.1", &client) < 0)
			fail("out of memory");
		if (i == count)
			shake(client, port, pause_ms); /* brings the ticket: full once more */
		shake(client, port, pause_ms);
	}
	return 0;
}
