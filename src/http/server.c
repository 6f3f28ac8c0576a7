/*
 * The server: the listening socket, and what comes and goes with a configuration. A connection that is accepted goes
 * through the wire's layer, if there is one, and becomes a client (client.c).
 */
#include "http/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/net.h"
#include "http/client.h"
#include "http/session.h"
#include "http/site.h"

#define BACKLOG 128
#define ACCEPTS_PER_TURN 16
#define ACCEPT_PAUSE_MS 1000 /* when the process is out of descriptors */

struct http {
	const struct log *log;
	struct http_site *site;
	struct http_sessions sessions;
	struct loop *loop;
	struct loop_source listener;
	struct loop_timer listen_again;
	int (*secure)(void *user, int fd);
	void *secure_user;
	uint16_t port;
	uint64_t refused;  /* clients for whom there was no place */
	int64_t queued_ms; /* since when a connection may wait in the kernel; LOOP_NEVER: none does */
	struct http_clients clients;
};

/* ---- Clients come. ---- */

static int server_adopt(struct http *http, int fd, const struct http_peer *peer)
{
	struct http_client *client = http_clients_place(&http->clients, peer);
	int64_t now_ms = loop_now_ms();
	if (client)
		return http_client_begin(client, fd, peer, http->queued_ms < now_ms ? http->queued_ms : now_ms);
	http->refused++;
	http_client_refuse(fd);
	return -EBUSY;
}

int http_adopt(struct http *http, int fd, const struct sockaddr *address)
{
	struct http_peer peer;
	http_guard_peer(address, &peer);
	return server_adopt(http, fd, &peer);
}

static void server_take(struct http *http, int fd, const struct sockaddr *address)
{
	struct http_peer peer;
	http_guard_peer(address, &peer);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (http->secure) {
		/* No handshake for one that could not be served after it. */
		if (http_clients_place(&http->clients, &peer)) {
			fd = http->secure(http->secure_user, fd);
		} else {
			close(fd);
			fd = -EBUSY;
		}
	}
	if (fd < 0)
		http->refused++;
	else
		server_adopt(http, fd, &peer);
}

static void server_accept(struct loop_source *source, uint32_t events)
{
	struct http *http = source->user;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage peer = {0};
		socklen_t length = sizeof(peer);
		int fd = accept4(source->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			server_take(http, fd, (const struct sockaddr *)&peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			/* The connection stays in the queue, and would wake the loop again and again. */
			if (http->queued_ms == LOOP_NEVER)
				http->queued_ms = loop_now_ms();
			log_warning(http->log, "HTTP: cannot accept a client: %s", strerror(errno));
			loop_modify(http->loop, source, 0);
			loop_timer_set(http->loop, &http->listen_again, loop_now_ms() + ACCEPT_PAUSE_MS);
			return;
		}
		if (errno != ECONNABORTED && errno != EINTR) {
			http->queued_ms = LOOP_NEVER; /* the queue is empty */
			return;
		}
	}
}

static void server_listen_again(struct loop_timer *timer, int64_t now_ms)
{
	struct http *http = timer->user;
	(void)now_ms;
	loop_modify(http->loop, &http->listener, EPOLLIN);
	server_accept(&http->listener, EPOLLIN);
}

/* ---- The server begins and ends. ---- */

static int server_listen(struct http *http, const struct http_config *config, char error[static HTTP_ERROR_MAX])
{
	struct sockaddr_storage address;
	socklen_t length = net_address(config->address, config->port, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	http->listener = (struct loop_source){.fd = fd, .ready = server_accept, .user = http};
	int failed = -1;
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
		if (address.ss_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
		failed = bind(fd, (struct sockaddr *)&address, length);
		if (failed == 0)
			failed = listen(fd, BACKLOG);
		if (failed == 0)
			failed = getsockname(fd, (struct sockaddr *)&address, &length);
	}
	if (failed < 0) {
		int code = errno;
		snprintf(error, HTTP_ERROR_MAX, "cannot listen on %s port %u: %s%s", config->address, config->port,
				strerror(code),
				code == EADDRINUSE
						? "; another program, or another portcullis, has it: stop that, or choose another port in http.listen"
				: code == EACCES
						? "; choose a port from 1024 on in http.listen (below, it takes CAP_NET_BIND_SERVICE)"
				: code == EADDRNOTAVAIL ? "; no interface of this machine has that address"
							: "");
		return -code;
	}
	http->port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
							 : ((struct sockaddr_in *)&address)->sin_port);
	failed = loop_add(http->loop, &http->listener, EPOLLIN);
	if (failed < 0)
		snprintf(error, HTTP_ERROR_MAX, "cannot watch the listening socket: %s", strerror(-failed));
	return failed;
}

static void server_announce(const struct http *http, const struct http_config *config)
{
	char where[NET_PRINT_MAX];
	net_print(config->address, http->port, where);
	log_info(http->log, "HTTP: listening on http%s://%s/%s", config->secure ? "s" : "", where,
			http_site_read_only(http->site) ? ", read-only: no password is set" : "");
}

static void server_checked(void *user)
{
	struct http *http = user;
	http_clients_checked(&http->clients);
}

static int server_start(struct http *http, const struct http_config *config, const struct http_agent *agent,
		char error[static HTTP_ERROR_MAX])
{
	int failed = http_clients_init(&http->clients);
	if (failed < 0)
		return failed;
	failed = http_sessions_init(&http->sessions);
	if (failed < 0) {
		snprintf(error, HTTP_ERROR_MAX, "no random bytes for sessions: %s", strerror(-failed));
		return failed;
	}
	failed = http_site_new(http->loop, http->log, config, agent, &http->sessions, server_checked, http, &http->site,
			error);
	http->clients.site = http->site;
	return failed < 0 ? failed : server_listen(http, config, error);
}

int http_new(struct loop *loop, const struct log *log, const struct http_config *config, const struct http_agent *agent,
		struct http **out, char error[static HTTP_ERROR_MAX])
{
	struct http *http = calloc(1, sizeof(*http));
	snprintf(error, HTTP_ERROR_MAX, "out of memory");
	if (!http)
		return -ENOMEM;
	http->loop = http->clients.loop = loop;
	http->log = log;
	http->secure = config->secure;
	http->secure_user = config->secure_user;
	http->clients.request_limit_ms = config->request_limit_ms ? config->request_limit_ms : HTTP_REQUEST_LIMIT_MS;
	http->clients.idle_limit_ms = config->idle_limit_ms ? config->idle_limit_ms : HTTP_IDLE_LIMIT_MS;
	http->clients.beat_ms = config->beat_ms ? config->beat_ms : HTTP_BEAT_MS;
	http->listen_again = (struct loop_timer){.expired = server_listen_again, .user = http};
	http->listener.fd = -1;
	int failed = server_start(http, config, agent, error);
	if (failed < 0) {
		http_free(http);
		return failed;
	}
	/* The agent may take its time to start, before the loop's first turn. */
	http->queued_ms = loop_now_ms();
	loop_timer_set(loop, &http->listen_again, http->queued_ms);
	server_announce(http, config);
	error[0] = '\0';
	*out = http;
	return 0;
}

bool http_checking(const struct http *http)
{
	return http_site_checking(http->site);
}

int http_reconfigure(struct http *http, const struct http_config *config, const struct http_agent *agent,
		bool cut_listeners, char error[static HTTP_ERROR_MAX])
{
	struct http_site *site;
	int failed = http_site_new(
			http->loop, http->log, config, agent, &http->sessions, server_checked, http, &site, error);
	if (failed < 0)
		return failed;
	bool other_wire = http->secure != config->secure;
	bool other = other_wire || http_site_read_only(site) != http_site_read_only(http->site);
	http_site_free(http->site);
	http->site = http->clients.site = site;
	http->secure = config->secure;
	http->secure_user = config->secure_user;
	http_clients_renew(&http->clients, cut_listeners, other_wire);
	if (other)
		server_announce(http, config);
	return 0;
}

void http_changed(struct http *http)
{
	if (http)
		http_clients_news(&http->clients);
}

uint16_t http_port(const struct http *http)
{
	return http->port;
}

void http_status(const struct http *http, struct http_status *status)
{
	*status = (struct http_status){.refused = http->refused,
			.clients = http_places_taken(http->clients.places),
			.listeners = http_places_listening(http->clients.places)};
	memcpy(status->answers, http->clients.answers, sizeof(status->answers));
}

void http_free(struct http *http)
{
	if (!http)
		return;
	http_clients_free(&http->clients);
	loop_timer_cancel(http->loop, &http->listen_again);
	loop_remove(http->loop, &http->listener);
	if (http->listener.fd >= 0)
		close(http->listener.fd);
	http_site_free(http->site);
	explicit_bzero(&http->sessions, sizeof(http->sessions));
	free(http);
}
