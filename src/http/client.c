/*
 * A client stands in one of the phases of phase.h. What happens to its socket, its deadline and its answer becomes an event
 * there; client_enter is the one place where a phase changes. Each turn of the loop takes at most HTTP_INPUT_MAX bytes of a
 * client, and one request. The deadlines of all clients share a timer, which stands at or before the earliest.
 */
#include "http/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/live.h"

#define LISTENER_UNSENT_MAX 16384
#define LISTENER_GONE_MS 30000
#define REFUSED_READS_MAX 64 /* of a client for whom there is no place: it may send as fast as we read */
#define LAST_WORDS_MS 1000   /* for an answer that ends a connection after its time is over, and to take the rest */

static void client_enter(struct http_client *client, enum http_event event)
{
	client->place->phase = http_phase_next(client->place->phase, event);
}

static void client_set_deadline(struct http_client *client, int64_t at_ms)
{
	struct http_clients *all = client->all;
	client->deadline_ms = at_ms;
	if (!all->timer.armed || at_ms < all->timer.at_ms)
		loop_timer_set(all->loop, &all->timer, at_ms);
}

/* ---- Its end. ---- */

static void client_close(struct http_client *client)
{
	loop_remove(client->all->loop, &client->source);
	close(client->source.fd);
	http_answer_done(&client->answer);
	client_enter(client, HTTP_GONE);
}

/* A reset: what the kernel still holds for a client that does not take it is dropped at once. */
static void client_cut(struct http_client *client)
{
	setsockopt(client->source.fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
	client_close(client);
}

/* Without a reset nothing is lost that the kernel can still deliver. */
static void client_drop(struct http_client *client)
{
	enum http_phase phase = client->place->phase;
	if (phase == HTTP_READING || phase == HTTP_ASKING || phase == HTTP_WRITING)
		client_cut(client);
	else
		client_close(client);
}

static void client_watch(struct http_client *client, uint32_t interest)
{
	if (interest == client->interest)
		return;
	client->interest = interest;
	if (loop_modify(client->all->loop, &client->source, interest) < 0)
		client_cut(client);
}

/* After the last answer. Bytes that nobody has read would make close send a reset, and the answer could be lost. */
static void client_leave(struct http_client *client)
{
	if (!client->unread) {
		client_close(client);
		return;
	}
	client_enter(client, HTTP_LAST);
	client->place->since_ms = loop_now_ms();
	client_set_deadline(client, client->place->since_ms + LAST_WORDS_MS);
	if (shutdown(client->source.fd, SHUT_WR) < 0)
		client_close(client);
	else
		client_watch(client, EPOLLIN);
}

/* ---- Listeners to events. ---- */

static void client_write(struct http_client *client);

static void client_say(struct http_client *client, enum http_event event)
{
	client_enter(client, event);
	client->place->since_ms = loop_now_ms();
	client_set_deadline(client, client->place->since_ms + client->all->request_limit_ms);
	client_write(client);
}

/* False when there is nothing new to say. */
static bool client_tell(struct http_client *client, uint64_t news)
{
	struct http_body *events = client->told == news ? NULL : http_site_events(client->all->site);
	if (!events)
		return false;
	client->told = news;
	http_answer_event(&client->answer, events);
	client_say(client, HTTP_NEWS);
	return true;
}

/* What changed while the last event was on its way is told at once, as one. */
static void client_listen(struct http_client *client)
{
	client_enter(client, HTTP_STREAMED);
	client_set_deadline(client, loop_now_ms() + client->all->beat_ms);
	if (!client_tell(client, http_site_look(client->all->site)))
		client_watch(client, EPOLLIN);
}

static void clients_tell(struct loop_timer *timer, int64_t now_ms)
{
	struct http_clients *all = timer->user;
	uint64_t news = http_site_look(all->site);
	(void)now_ms;
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++)
		if (all->places[i].phase == HTTP_LISTENING)
			client_tell(&all->clients[i], news);
}

/*
 * A listener sees what is newest: the kernel keeps no more than a few events for one that does not read, and gives up
 * one whose machine has gone without a word.
 */
static void client_subscribe(struct http_client *client, struct http_request *request)
{
	if (!http_places_may_listen(client->all->places, &client->place->peer)) {
		http_answer_problem_with(
				&client->answer, request, 503, "Too many listen to events.", "Retry-After", "10");
		return;
	}
	client->place->listener = true;
	client->told = 0;
	setsockopt(client->source.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){LISTENER_UNSENT_MAX}, sizeof(int));
	setsockopt(client->source.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned){LISTENER_GONE_MS}, sizeof(unsigned));
}

/* ---- Answers. ---- */

/* Whether more has come than the request that is answered: it may have been sent as early as that one. */
static bool client_has_next(const struct http_client *client)
{
	char byte;
	return client->begin < client->end || recv(client->source.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void client_write(struct http_client *client)
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
	if (client->place->listener) {
		client_listen(client);
		return;
	}
	if (client->answer.close) {
		client_leave(client);
		return;
	}
	http_reader_reset(client->reader);
	client_enter(client, HTTP_SENT);
	client->place->served = true;
	client->place->since_ms = loop_now_ms();
	if (!client_has_next(client))
		client->sent_after_ms = client->place->since_ms;
	client_set_deadline(client, client->place->since_ms + client->all->idle_limit_ms);
	/* A request that is here already waits for the next turn: one client cannot keep the loop. */
	client_watch(client, client->begin < client->end ? EPOLLOUT : EPOLLIN);
}

/* The answer is made: counted and sent. */
static void client_reply(struct http_client *client, enum http_event event)
{
	client->all->answers[client->answer.status / 100]++;
	client_enter(client, event);
	client_write(client);
}

/* The request that is answered now: what it borrows of the configuration is another after a reload. */
static struct http_request *client_request(const struct http_client *client)
{
	struct http_request *request = http_reader_request(client->reader);
	request->frame_ancestors = http_site_frame_ancestors(client->all->site);
	return request;
}

static void client_answer(struct http_client *client, enum http_reading reading)
{
	struct http_request *request = client_request(client);
	if (reading == HTTP_READING_FAILED) {
		struct http_failure failure = http_reader_failure(client->reader);
		request->keep_alive = false;
		if (failure.status == 405)
			http_answer_problem_with(
					&client->answer, request, 405, failure.detail, "Allow", "GET, HEAD, POST");
		else
			http_answer_problem(&client->answer, request, failure.status, failure.detail);
	} else {
		request->peer = &client->place->peer;
		request->asked_ms = client->sent_after_ms;
		if (!http_site_answer(client->all->site, request, &client->answer)) {
			client_enter(client, HTTP_CHECK);
			client_watch(client, 0);
			return;
		}
	}
	if (client->answer.events)
		client_subscribe(client, request);
	client->unread = reading == HTTP_READING_FAILED || client->begin < client->end;
	client_reply(client, HTTP_ANSWER);
}

/* ---- Requests. ---- */

static void client_parse(struct http_client *client)
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
static bool client_receive(struct http_client *client)
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

static void client_work(struct http_client *client)
{
	switch (client->place->phase) {
	case HTTP_FREE:
	case HTTP_PHASES:
		break;
	case HTTP_ASKING: /* all that is still watched for: the other side is gone */
		client_cut(client);
		break;
	case HTTP_IDLE:
		if (client->begin == client->end && !client_receive(client))
			break;
		client_enter(client, HTTP_BYTES);
		client->place->since_ms = loop_now_ms();
		client_set_deadline(client, client->place->since_ms + client->all->request_limit_ms);
		client_parse(client);
		break;
	case HTTP_READING:
		if (client_receive(client))
			client_parse(client);
		break;
	case HTTP_WRITING:
		client_write(client);
		break;
	case HTTP_LISTENING:
	case HTTP_LEAVING:
		client_receive(client);
		break;
	}
}

static void client_ready(struct loop_source *source, uint32_t events)
{
	(void)events; /* an error or a hang-up shows in the next recv or send */
	client_work(source->user);
}

/* ---- Deadlines. ---- */

static void client_late(struct http_client *client)
{
	if (http_phase_next(client->place->phase, HTTP_LATE) == HTTP_FREE) {
		client_drop(client);
		return;
	}
	if (client->place->phase == HTTP_LISTENING) {
		if (client_tell(client, http_site_look(client->all->site)))
			return;
		http_answer_beat(&client->answer, http_live_beat);
		client_say(client, HTTP_LATE);
		return;
	}
	struct http_request *request = client_request(client);
	request->keep_alive = false;
	http_answer_problem(&client->answer, request, 408, "The request took too long.");
	client->unread = true;
	client_set_deadline(client, loop_now_ms() + LAST_WORDS_MS);
	client_reply(client, HTTP_LATE);
}

static void clients_late(struct loop_timer *timer, int64_t now_ms)
{
	struct http_clients *all = timer->user;
	int64_t next_ms = LOOP_NEVER;
	for (struct http_client *client = all->clients; client < all->clients + HTTP_CLIENTS_MAX; client++) {
		if (client->place->phase != HTTP_FREE && now_ms >= client->deadline_ms)
			client_late(client);
		if (client->place->phase != HTTP_FREE && client->deadline_ms < next_ms)
			next_ms = client->deadline_ms;
	}
	loop_timer_set(all->loop, timer, next_ms);
}

/* ---- All of them. ---- */

void http_clients_checked(struct http_clients *all)
{
	struct http_client *next;
	all->round++;
	do { /* who came first is asked first */
		next = NULL;
		for (struct http_client *client = all->clients; client < all->clients + HTTP_CLIENTS_MAX; client++)
			if (client->place->phase == HTTP_ASKING && client->round != all->round &&
					(!next || client->place->since_ms < next->place->since_ms))
				next = client;
		if (next) {
			next->round = all->round;
			client_answer(next, HTTP_READING_DONE);
		}
	} while (next);
}

void http_clients_news(struct http_clients *all)
{
	if (http_places_listening(all->places) > 0)
		loop_timer_set(all->loop, &all->news, loop_now_ms());
}

void http_clients_renew(struct http_clients *all, bool cut_listeners, bool other_wire)
{
	for (struct http_client *client = all->clients; client < all->clients + HTTP_CLIENTS_MAX; client++) {
		const struct http_place *place = client->place;
		if (place->phase == HTTP_FREE)
			continue;
		client->told = 0; /* the site counts anew */
		if (place->listener ? cut_listeners || other_wire : other_wire && place->phase == HTTP_IDLE)
			client_cut(client);
	}
	http_clients_news(all);
}

struct http_client *http_clients_place(struct http_clients *all, const struct http_peer *peer)
{
	size_t place = http_places_choose(all->places, peer, loop_now_ms());
	if (place == HTTP_NO_PLACE)
		return NULL;
	if (all->places[place].phase != HTTP_FREE)
		client_drop(&all->clients[place]);
	return &all->clients[place];
}

int http_client_begin(struct http_client *client, int fd, const struct http_peer *peer, int64_t began_ms)
{
	struct http_clients *all = client->all;
	client->source = (struct loop_source){.fd = fd, .ready = client_ready, .user = client};
	client->interest = EPOLLIN;
	int error = loop_add(all->loop, &client->source, EPOLLIN);
	if (error < 0) {
		close(fd);
		return error;
	}
	*client->place = (struct http_place){.peer = *peer, .since_ms = loop_now_ms()};
	client->sent_after_ms = began_ms;
	client_enter(client, HTTP_CAME);
	client->begin = client->end = 0;
	http_reader_reset(client->reader);
	/* A client that connects has something to ask: its first request has no more time than any. */
	client_set_deadline(client, client->place->since_ms + all->request_limit_ms);
	return 0;
}

void http_client_refuse(int fd)
{
	struct http_request request = {.verb = HTTP_VERB_GET};
	struct http_answer answer;
	char drop[HTTP_INPUT_MAX];
	http_answer_problem_with(&answer, &request, 503, "Too many clients at once.", "Retry-After", "1");
	http_answer_send(&answer, fd);
	shutdown(fd, SHUT_WR);
	/* As in client_leave, as far as it can be done at once. */
	for (int i = 0; i < REFUSED_READS_MAX && recv(fd, drop, sizeof(drop), MSG_DONTWAIT) == sizeof(drop); i++)
		;
	close(fd);
}

int http_clients_init(struct http_clients *all)
{
	all->timer = (struct loop_timer){.expired = clients_late, .user = all};
	all->news = (struct loop_timer){.expired = clients_tell, .user = all};
	all->readers = http_readers_new(HTTP_CLIENTS_MAX);
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++) {
		all->clients[i].all = all;
		all->clients[i].place = &all->places[i];
		all->clients[i].reader = all->readers ? http_reader_at(all->readers, i) : NULL;
	}
	return all->readers ? 0 : -ENOMEM;
}

void http_clients_free(struct http_clients *all)
{
	for (size_t i = 0; i < HTTP_CLIENTS_MAX; i++)
		if (all->places[i].phase != HTTP_FREE)
			client_close(&all->clients[i]);
	loop_timer_cancel(all->loop, &all->timer);
	loop_timer_cancel(all->loop, &all->news);
	free(all->readers);
}
