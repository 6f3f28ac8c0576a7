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

#include "http/answer.h"
#include "http/gate.h"
#include "http/guard.h"
#include "http/live.h"
#include "http/reader.h"
#include "http/site.h"

#define BACKLOG 128
#define INPUT_MAX 2048 /* bytes taken from a client in one turn of the loop */
#define ACCEPTS_PER_TURN 16
#define ACCEPT_PAUSE_MS 1000 /* when the process is out of descriptors */
#define PATIENCE_MS 1000     /* a client this slow makes room when all slots are taken */
#define LISTENER_UNSENT_MAX 16384
#define LISTENER_GONE_MS 30000
#define LAST_WORDS_MS 1000 /* for an answer that ends a connection after its time is over, and to take the rest */

enum client_state {
	CLIENT_FREE,
	CLIENT_IDLE,     /* between two requests */
	CLIENT_READING,  /* the first byte of a request has come */
	CLIENT_CHECKING, /* the request is whole, its password is being checked */
	CLIENT_WRITING,
	CLIENT_LISTENING, /* to events, and all that was said has been taken */
	CLIENT_LEAVING,   /* all is said; what still comes is dropped, so that the kernel sends no reset over our answer
			   */
};

struct client {
	struct http *http;
	struct loop_source source;
	enum client_state state;
	bool served; /* at least one request */
	bool listener;
	uint64_t told;  /* to a listener: which of the site's changes */
	uint64_t round; /* of asking the gate again, the last that it had part in */
	bool unread;    /* the client may be sending what will not be read */
	uint32_t interest;
	int64_t since_ms; /* of the request, or of being idle */
	int64_t deadline_ms;
	struct http_reader *reader;
	struct http_peer peer;
	size_t begin, end; /* of what is in input and not yet read */
	struct http_answer answer;
	char input[INPUT_MAX];
};

struct http {
	struct loop *loop;
	const struct log *log;
	struct http_site *site;
	struct http_sessions sessions;
	struct loop_source listener;
	struct loop_timer timer; /* at or before the earliest deadline */
	int (*secure)(void *user, int fd);
	void *secure_user;
	int64_t listen_again_ms; /* 0: listening */
	int64_t request_limit_ms, idle_limit_ms, beat_ms;
	struct loop_timer news;
	uint16_t port;
	struct http_reader *readers;
	uint64_t round;
	size_t client_count, listener_count;
	struct http_status status;
	struct client clients[HTTP_CLIENTS_MAX];
};

static void watch_deadline(struct http *http, int64_t at_ms)
{
	if (!http->timer.armed || at_ms < http->timer.at_ms)
		loop_timer_set(http->loop, &http->timer, at_ms);
}

static void client_deadline(struct client *client, int64_t at_ms)
{
	client->deadline_ms = at_ms;
	watch_deadline(client->http, at_ms);
}

static void client_close(struct client *client)
{
	loop_remove(client->http->loop, &client->source);
	close(client->source.fd);
	http_answer_done(&client->answer);
	client->state = CLIENT_FREE;
	client->http->client_count--;
	if (client->listener)
		client->http->listener_count--;
}

/* A reset: what the kernel still holds for a client that does not take it is dropped at once. */
static void client_cut(struct client *client)
{
	setsockopt(client->source.fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
	client_close(client);
}

static void client_watch(struct client *client, uint32_t interest)
{
	if (interest == client->interest)
		return;
	client->interest = interest;
	if (loop_modify(client->http->loop, &client->source, interest) < 0)
		client_cut(client);
}

/* Without a reset nothing is lost that the kernel can still deliver. */
static void client_drop(struct client *client)
{
	if (client->state == CLIENT_READING || client->state == CLIENT_CHECKING || client->state == CLIENT_WRITING)
		client_cut(client);
	else
		client_close(client);
}

/* After the last answer. Bytes that nobody has read would make close send a reset, and the answer could be lost. */
static void client_leave(struct client *client)
{
	if (!client->unread) {
		client_close(client);
		return;
	}
	client->state = CLIENT_LEAVING;
	client->since_ms = loop_now_ms();
	client_deadline(client, client->since_ms + LAST_WORDS_MS);
	if (shutdown(client->source.fd, SHUT_WR) < 0)
		client_close(client);
	else
		client_watch(client, EPOLLIN);
}

static void client_write(struct client *client);

static void client_say(struct client *client)
{
	client->state = CLIENT_WRITING;
	client->since_ms = loop_now_ms();
	client_deadline(client, client->since_ms + client->http->request_limit_ms);
	client_write(client);
}

/* False when there is nothing new to say. */
static bool client_tell(struct client *client, uint64_t news)
{
	struct http_body *state = client->told == news ? NULL : http_site_events(client->http->site);
	if (!state)
		return false;
	client->told = news;
	http_answer_event(&client->answer, state);
	client_say(client);
	return true;
}

/* What changed while the last event was on its way is told at once, as one. */
static void client_listen(struct client *client)
{
	client->state = CLIENT_LISTENING;
	client_deadline(client, loop_now_ms() + client->http->beat_ms);
	if (!client_tell(client, http_site_look(client->http->site)))
		client_watch(client, EPOLLIN);
}

static void tell_listeners(struct loop_timer *timer, int64_t now_ms)
{
	struct http *http = timer->user;
	uint64_t news = http_site_look(http->site);
	(void)now_ms;
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++)
		if (http->clients[i].state == CLIENT_LISTENING)
			client_tell(&http->clients[i], news);
}

static void client_write(struct client *client)
{
	int sent = http_answer_send(&client->answer, client->source.fd);
	if (sent < 0) {
		client_cut(client);
		return;
	}
	if (sent == 0) {
		client_watch(client, EPOLLOUT);
		return;
	}
	http_answer_done(&client->answer);
	if (client->listener) {
		client_listen(client);
		return;
	}
	if (client->answer.close) {
		client_leave(client);
		return;
	}
	http_reader_reset(client->reader);
	client->served = true;
	client->state = CLIENT_IDLE;
	client->since_ms = loop_now_ms();
	client_deadline(client, client->since_ms + client->http->idle_limit_ms);
	/* A request that is here already waits for the next turn: one client cannot keep the loop. */
	client_watch(client, client->begin < client->end ? EPOLLOUT : EPOLLIN);
}

/* How many clients, or how many listeners only, the peer's address has. */
static size_t share_of(const struct http *http, const struct http_peer *peer, bool listeners)
{
	size_t count = 0;
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++) {
		const struct client *client = &http->clients[i];
		count += client->state != CLIENT_FREE && (client->listener || !listeners) &&
			 client->peer.network == peer->network;
	}
	return count;
}

/*
 * A listener sees what is newest: the kernel keeps no more than a few events for one that does not read, and gives up
 * one whose machine has gone without a word.
 */
static void client_subscribe(struct client *client, struct http_request *request)
{
	struct http *http = client->http;
	if (http->listener_count >= HTTP_LISTENERS_MAX ||
			(!client->peer.loopback && share_of(http, &client->peer, true) >= HTTP_LISTENERS_OF_ONE)) {
		http_answer_problem_with(
				&client->answer, request, 503, "Too many listen to events.", "Retry-After", "10");
		return;
	}
	client->listener = true;
	client->told = 0;
	http->listener_count++;
	setsockopt(client->source.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){LISTENER_UNSENT_MAX}, sizeof(int));
	setsockopt(client->source.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned){LISTENER_GONE_MS}, sizeof(unsigned));
}

/* The answer is made: counted and sent. */
static void client_reply(struct client *client)
{
	client->http->status.answers[client->answer.status / 100]++;
	client->state = CLIENT_WRITING;
	client_write(client);
}

static void client_answer(struct client *client, enum http_reading reading)
{
	struct http_request *request = http_reader_request(client->reader);
	if (reading == HTTP_READING_FAILED) {
		struct http_failure failure = http_reader_failure(client->reader);
		request->keep_alive = false;
		if (failure.status == 405)
			http_answer_problem_with(
					&client->answer, request, 405, failure.detail, "Allow", "GET, HEAD, POST");
		else
			http_answer_problem(&client->answer, request, failure.status, failure.detail);
	} else {
		request->peer = &client->peer;
		request->asked_ms = client->since_ms;
		if (!http_site_answer(client->http->site, request, &client->answer)) {
			client->state = CLIENT_CHECKING;
			client_watch(client, 0);
			return;
		}
	}
	if (client->answer.events)
		client_subscribe(client, request);
	client->unread = reading == HTTP_READING_FAILED || client->begin < client->end;
	client_reply(client);
}

static void client_parse(struct client *client)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	while (client->begin < client->end) {
		size_t used;
		enum http_reading reading = http_reader_feed(
				client->reader, client->input + client->begin, client->end - client->begin, &used);
		client->begin += used;
		if (reading == HTTP_READING_DONE || reading == HTTP_READING_FAILED) {
			client_answer(client, reading);
			return;
		}
		/* It fits: all that was said before has been taken. */
		if (reading == HTTP_READING_CONTINUE &&
				send(client->source.fd, go_on, sizeof(go_on) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) !=
						sizeof(go_on) - 1) {
			client_cut(client);
			return;
		}
	}
	client_watch(client, EPOLLIN);
}

/* False when there is nothing to go on with, or the client is gone. */
static bool client_receive(struct client *client)
{
	ssize_t received = recv(client->source.fd, client->input, sizeof(client->input), MSG_DONTWAIT);
	if (received > 0) {
		client->begin = 0;
		client->end = (size_t)received;
		return true;
	}
	if (received == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		client_close(client);
	return false;
}

static void client_work(struct client *client)
{
	switch (client->state) {
	case CLIENT_FREE:
		break;
	case CLIENT_CHECKING: /* all that is still watched for: the other side is gone */
		client_cut(client);
		break;
	case CLIENT_IDLE:
		if (client->begin == client->end && !client_receive(client))
			break;
		client->state = CLIENT_READING;
		client->since_ms = loop_now_ms();
		client_deadline(client, client->since_ms + client->http->request_limit_ms);
		client_parse(client);
		break;
	case CLIENT_READING:
		if (client_receive(client))
			client_parse(client);
		break;
	case CLIENT_WRITING:
		client_write(client);
		break;
	case CLIENT_LISTENING:
	case CLIENT_LEAVING:
		client_receive(client);
		break;
	}
}

static void client_ready(struct loop_source *source, uint32_t events)
{
	(void)events; /* an error or a hang-up shows in the next recv or send */
	client_work(source->user);
}

static void checked(void *user)
{
	struct http *http = user;
	struct client *next;
	http->round++;
	do { /* who came first is asked first */
		next = NULL;
		for (struct client *client = http->clients; client < http->clients + HTTP_CLIENTS_MAX; client++)
			if (client->state == CLIENT_CHECKING && client->round != http->round &&
					(!next || client->since_ms < next->since_ms))
				next = client;
		if (next) {
			next->round = http->round;
			client_answer(next, HTTP_READING_DONE);
		}
	} while (next);
}

static void client_late(struct client *client)
{
	if (client->state == CLIENT_LISTENING) {
		if (client_tell(client, http_site_look(client->http->site)))
			return;
		http_answer_beat(&client->answer, http_live_beat);
		client_say(client);
		return;
	}
	if (client->state != CLIENT_READING) {
		client_drop(client);
		return;
	}
	struct http_request *request = http_reader_request(client->reader);
	request->keep_alive = false;
	http_answer_problem(&client->answer, request, 408, "The request took too long.");
	client->unread = true;
	client_deadline(client, loop_now_ms() + LAST_WORDS_MS);
	client_reply(client);
}

static void deadlines(struct loop_timer *timer, int64_t now_ms)
{
	struct http *http = timer->user;
	int64_t next_ms = LOOP_NEVER;
	if (http->listen_again_ms && now_ms >= http->listen_again_ms) {
		http->listen_again_ms = 0;
		loop_modify(http->loop, &http->listener, EPOLLIN);
	}
	if (http->listen_again_ms)
		next_ms = http->listen_again_ms;
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++) {
		struct client *client = &http->clients[i];
		if (client->state != CLIENT_FREE && now_ms >= client->deadline_ms)
			client_late(client);
		if (client->state != CLIENT_FREE && client->deadline_ms < next_ms)
			next_ms = client->deadline_ms;
	}
	loop_timer_set(http->loop, timer, next_ms);
}

/* Who makes room first: who is leaving, then who is idle, then who is slow; the longest so among equals. */
static int readiness_to_go(const struct client *client, int64_t now_ms)
{
	switch (client->state) {
	case CLIENT_LEAVING:
		return 3;
	case CLIENT_IDLE:
		if (client->served)
			return 2;
		__attribute__((fallthrough));
	case CLIENT_READING:
	case CLIENT_CHECKING:
	case CLIENT_WRITING:
		return now_ms - client->since_ms >= PATIENCE_MS;
	default:
		return 0;
	}
}

/* NULL when there is no room. Who has his share already, makes it among his own. */
static struct client *free_client(struct http *http, const struct http_peer *peer)
{
	size_t most = peer->loopback ? HTTP_CLIENTS_MAX : HTTP_CLIENTS_MAX - HTTP_CLIENTS_LOOPBACK;
	bool among_own = !peer->loopback && share_of(http, peer, false) >= HTTP_CLIENTS_OF_ONE;
	if (http->client_count >= most || among_own) {
		struct client *victim = NULL;
		int64_t now_ms = loop_now_ms();
		int best = 0;
		for (struct client *client = http->clients; client < http->clients + HTTP_CLIENTS_MAX; client++) {
			if (among_own && client->peer.network != peer->network)
				continue;
			int rank = readiness_to_go(client, now_ms);
			if (rank > best || (rank && rank == best && client->since_ms < victim->since_ms)) {
				victim = client;
				best = rank;
			}
		}
		if (!victim)
			return NULL;
		client_drop(victim);
	}
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++)
		if (http->clients[i].state == CLIENT_FREE)
			return &http->clients[i];
	return NULL;
}

static void refuse(int fd)
{
	struct http_request request = {.verb = HTTP_VERB_GET};
	struct http_answer answer;
	char drop[INPUT_MAX];
	http_answer_problem_with(&answer, &request, 503, "Too many clients at once.", "Retry-After", "1");
	http_answer_send(&answer, fd);
	shutdown(fd, SHUT_WR);
	/* As in client_leave, as far as it can be done at once. */
	while (recv(fd, drop, sizeof(drop), MSG_DONTWAIT) == sizeof(drop))
		;
	close(fd);
}

int http_adopt(struct http *http, int fd, const struct sockaddr *address)
{
	struct http_peer peer;
	http_guard_peer(address, &peer);
	struct client *client = free_client(http, &peer);
	if (!client) {
		http->status.refused++;
		refuse(fd);
		return -EBUSY;
	}
	client->source = (struct loop_source){.fd = fd, .ready = client_ready, .user = client};
	client->interest = EPOLLIN;
	int error = loop_add(http->loop, &client->source, EPOLLIN);
	if (error < 0) {
		close(fd);
		return error;
	}
	http->client_count++;
	client->http = http;
	client->state = CLIENT_IDLE;
	client->served = client->listener = false;
	client->begin = client->end = 0;
	client->peer = peer;
	client->since_ms = loop_now_ms();
	client->reader = http_reader_at(http->readers, (size_t)(client - http->clients));
	http_reader_reset(client->reader);
	/* Who connects has something to ask: the first request has no more time than any. */
	client_deadline(client, client->since_ms + http->request_limit_ms);
	return 0;
}

static void client_arrives(struct http *http, int fd, const struct sockaddr *address)
{
	struct http_peer peer;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (http->secure) {
		/* No handshake for one who could not be served after it. */
		http_guard_peer(address, &peer);
		if (free_client(http, &peer)) {
			fd = http->secure(http->secure_user, fd);
		} else {
			close(fd);
			fd = -EBUSY;
		}
	}
	if (fd < 0)
		http->status.refused++;
	else
		http_adopt(http, fd, address);
}

static void listener_ready(struct loop_source *source, uint32_t events)
{
	struct http *http = source->user;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage peer = {0};
		socklen_t length = sizeof(peer);
		int fd = accept4(source->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			client_arrives(http, fd, (const struct sockaddr *)&peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			/* The connection stays in the queue, and would wake the loop again and again. */
			log_warning(http->log, "HTTP: cannot accept a client: %s", strerror(errno));
			http->listen_again_ms = loop_now_ms() + ACCEPT_PAUSE_MS;
			loop_modify(http->loop, source, 0);
			watch_deadline(http, http->listen_again_ms);
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static int listen_at(struct http *http, const struct http_config *config, char error[static HTTP_ERROR_MAX])
{
	struct sockaddr_storage address;
	socklen_t length = http_guard_address(config->address, config->port, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	http->listener = (struct loop_source){.fd = fd, .ready = listener_ready, .user = http};
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
						? "; another program, or another portcullis, has it: stop that, or choose another port in http: listen"
				: code == EACCES
						? "; choose a port from 1024 on in http: listen (below, it takes CAP_NET_BIND_SERVICE)"
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

static void announce(const struct http *http, const struct http_config *config)
{
	bool v6 = strchr(config->address, ':');
	log_info(http->log, "HTTP: listening on http%s://%s%s%s:%u/%s", config->secure ? "s" : "", v6 ? "[" : "",
			config->address, v6 ? "]" : "", http->port,
			http_site_read_only(http->site) ? ", read-only: no password is set" : "");
}

int http_new(struct loop *loop, const struct log *log, const struct http_config *config, const struct http_agent *agent,
		struct http **out, char error[static HTTP_ERROR_MAX])
{
	struct http *http = calloc(1, sizeof(*http));
	int failed = -ENOMEM;
	snprintf(error, HTTP_ERROR_MAX, "out of memory");
	if (!http)
		return failed;
	http->loop = loop;
	http->log = log;
	http->secure = config->secure;
	http->secure_user = config->secure_user;
	http->request_limit_ms = config->request_limit_ms ? config->request_limit_ms : HTTP_REQUEST_LIMIT_MS;
	http->idle_limit_ms = config->idle_limit_ms ? config->idle_limit_ms : HTTP_IDLE_LIMIT_MS;
	http->beat_ms = config->beat_ms ? config->beat_ms : HTTP_BEAT_MS;
	http->timer = (struct loop_timer){.expired = deadlines, .user = http};
	http->news = (struct loop_timer){.expired = tell_listeners, .user = http};
	http->listener.fd = -1;
	http->readers = http_readers_new(HTTP_CLIENTS_MAX);
	if (!http->readers)
		goto fail;
	failed = http_sessions_init(&http->sessions);
	if (failed < 0) {
		snprintf(error, HTTP_ERROR_MAX, "no random bytes for sessions: %s", strerror(-failed));
		goto fail;
	}
	failed = http_site_new(loop, log, config, agent, &http->sessions, checked, http, &http->site, error);
	if (failed < 0)
		goto fail;
	failed = listen_at(http, config, error);
	if (failed < 0)
		goto fail;
	announce(http, config);
	error[0] = '\0';
	*out = http;
	return 0;
fail:
	http_free(http);
	return failed;
}

bool http_checking(const struct http *http)
{
	return http_site_checking(http->site);
}

int http_reconfigure(struct http *http, const struct http_config *config, const struct http_agent *agent,
		bool cut_listeners, char error[static HTTP_ERROR_MAX])
{
	struct http_site *site;
	int failed = http_site_new(http->loop, http->log, config, agent, &http->sessions, checked, http, &site, error);
	if (failed < 0)
		return failed;
	bool other_wire = http->secure != config->secure;
	bool other = other_wire || http_site_read_only(site) != http_site_read_only(http->site);
	http_site_free(http->site);
	http->site = site;
	http->secure = config->secure;
	http->secure_user = config->secure_user;
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++) {
		struct client *client = &http->clients[i];
		if (client->state == CLIENT_FREE)
			continue;
		client->told = 0; /* the site counts anew */
		if (client->listener ? cut_listeners || other_wire : other_wire && client->state == CLIENT_IDLE)
			client_cut(client);
	}
	if (other)
		announce(http, config);
	http_changed(http);
	return 0;
}

void http_changed(struct http *http)
{
	if (http && http->listener_count > 0)
		loop_timer_set(http->loop, &http->news, loop_now_ms());
}

uint16_t http_port(const struct http *http)
{
	return http->port;
}

void http_status(const struct http *http, struct http_status *status)
{
	*status = http->status;
	status->clients = http->client_count;
	status->listeners = http->listener_count;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++)
		if (http->clients[i].state != CLIENT_FREE)
			client_close(&http->clients[i]);
	loop_timer_cancel(http->loop, &http->timer);
	loop_timer_cancel(http->loop, &http->news);
	loop_remove(http->loop, &http->listener);
	if (http->listener.fd >= 0)
		close(http->listener.fd);
	http_site_free(http->site);
	free(http->readers);
	explicit_bzero(&http->sessions, sizeof(http->sessions));
	free(http);
}
