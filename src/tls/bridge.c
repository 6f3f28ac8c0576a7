#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/priority.h"
#include "base/thread.h"
#include "tls/private.h"

#define STACK_BYTES (192 * 1024)
#define BUFFER_BYTES 4096
#define RECORDS_BYTES (BUFFER_BYTES + 2048) /* a full one, and what comes with it: a ticket, a farewell */
#define READS_OF_A_CALL 64                  /* of the wire, by one call of mbedTLS */
#define ROUNDS_OF_PROGRESS 16               /* without a look at the clock and at whether to stop */
#define LINGER_MS 1000                      /* for the other side to take our last words and to close */

/* What has been read on one side and not yet been written on the other. */
struct half {
	unsigned char bytes[RECORDS_BYTES];
	size_t begin, end;
	bool ended; /* nothing more will be read */
};

struct tls_bridge {
	struct tls *tls;
	const struct tls_owner *owner;
	void *user;
	uint64_t attempt;
	pthread_t thread;
	int event_fd;            /* written to stop it */
	atomic_bool stop, ended; /* the loop's word, the thread's word */
	atomic_bool flushing;    /* the plain end is closed */
	int64_t began_ms;
	bool client;
	char server[256];

	/* The thread's. */
	int wire, plain;
	unsigned reads;      /* of the wire, since mbedTLS was called */
	bool unacknowledged; /* something was read since the last word with the kernel */
	int64_t handshake_until_ms;
	struct tls_context *context;
	struct tls_peer peer;
	mbedtls_ssl_context ssl;
	struct half *up, *down; /* towards the wire, from the wire; on the thread's stack, which goes when it ends */
	struct half *sealed;    /* records that the wire has not taken yet; there, too */
	bool shaken;            /* hands */
	char reason[TLS_ERROR_MAX];
};

/* ---- The thread. ---- */

/* How many of them the wire took. When nobody takes them any more: all; but why, is perhaps still to be read. */
static size_t send_now(struct tls_bridge *bridge, const unsigned char *bytes, size_t length)
{
	ssize_t sent = send(bridge->wire, bytes, length, MSG_NOSIGNAL);
	if (sent >= 0)
		return (size_t)sent;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	bridge->peer.error = errno;
	return length;
}

/* True when the wire has taken all that mbedTLS believes sent. */
static bool send_sealed(struct tls_bridge *bridge)
{
	struct half *sealed = bridge->sealed;
	if (sealed->begin < sealed->end)
		sealed->begin += send_now(bridge, sealed->bytes + sealed->begin, sealed->end - sealed->begin);
	return sealed->begin == sealed->end;
}

/*
 * After the handshake a record is taken as a whole. Were mbedtls_ssl_write left with half of one, mbedtls_ssl_read
 * may send the rest of it (before it takes a ticket in), and the next mbedtls_ssl_write would not know of that and send
 * the same bytes again.
 */
static int wire_send(void *user, const unsigned char *bytes, size_t length)
{
	struct tls_bridge *bridge = user;
	struct half *sealed = bridge->sealed;
	if (!bridge->shaken) {
		size_t sent = send_now(bridge, bytes, length);
		return sent ? (int)sent : MBEDTLS_ERR_SSL_WANT_WRITE;
	}
	size_t sent = 0;
	if (send_sealed(bridge)) {
		sealed->begin = sealed->end = 0;
		sent = send_now(bridge, bytes, length);
	}
	if (length - sent > sizeof(sealed->bytes) - sealed->end)
		return sent ? (int)sent : MBEDTLS_ERR_SSL_WANT_WRITE;
	memcpy(sealed->bytes + sealed->end, bytes + sent, length - sent);
	sealed->end += length - sent;
	return (int)length;
}

/* Or the kernel keeps the acknowledgement for 40 ms, and the other side's Nagle waits for it. */
static void acknowledge_at_once(struct tls_bridge *bridge)
{
	int one = 1;
	if (bridge->unacknowledged)
		setsockopt(bridge->wire, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
	bridge->unacknowledged = false;
}

/*
 * A call of mbedTLS returns for want of bytes, or with what it was called for: warnings, empty records and the like it
 * passes over inside, for as long as they come. So it gets only so many at a time; then whoever called it looks at the
 * clock and at whether to stop, and goes on.
 */
static int wire_receive(void *user, unsigned char *bytes, size_t length)
{
	struct tls_bridge *bridge = user;
	if (bridge->reads++ >= READS_OF_A_CALL)
		return MBEDTLS_ERR_SSL_WANT_READ;
	ssize_t got = recv(bridge->wire, bytes, length, 0);
	if (got > 0 && !bridge->peer.heard) {
		bridge->peer.heard = true;
		bridge->peer.first = bytes[0];
		if (!tls_is_record(bytes[0])) /* mbedTLS would wait for a whole head of a record */
			return MBEDTLS_ERR_SSL_INVALID_RECORD;
	}
	bridge->unacknowledged |= got > 0;
	if (got >= 0)
		return (int)got;
	if (errno == EAGAIN || errno == EINTR) {
		acknowledge_at_once(bridge);
		return MBEDTLS_ERR_SSL_WANT_READ;
	}
	bridge->peer.error = errno;
	return MBEDTLS_ERR_NET_CONN_RESET;
}

/*
 * Waits for events of the two sockets (0 = not interested in that one) or the time. False when the bridge must stop.
 * The plain socket's hang-up comes without being asked for, the wire's only with events.
 */
static bool wait_for(struct tls_bridge *bridge, short wire, int plain, int64_t until_ms, short *plain_came)
{
	struct pollfd fds[] = {
			{.fd = bridge->event_fd, .events = POLLIN},
			{.fd = wire ? bridge->wire : -1, .events = wire},
			{.fd = plain >= 0 ? bridge->plain : -1, .events = (short)plain},
	};
	int64_t left_ms = until_ms - loop_now_ms();
	int timeout = until_ms == LOOP_NEVER ? -1 : left_ms < 0 ? 0 : left_ms > 60000 ? 60000 : (int)left_ms;
	*plain_came = 0;
	if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout) > 0)
		*plain_came = fds[2].revents;
	return !atomic_load(&bridge->stop);
}

/* A ticket may show in any call, the writing ones included. True: call again. */
static bool took_ticket(struct tls_bridge *bridge, int result)
{
	if (result != MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
		return false;
	if (bridge->owner->ticket)
		bridge->owner->ticket(bridge->user, bridge->attempt, &bridge->ssl);
	return true;
}

static bool must_wait(int result)
{
	return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static bool is_address(const char *server)
{
	struct in_addr v4;
	return strchr(server, ':') || inet_pton(AF_INET, server, &v4) == 1;
}

static_assert(MBEDTLS_VERSION_NUMBER >= 0x03060300, "an older mbedTLS accepts any certificate when it knows no name");

/*
 * What mbedTLS knows as the server's name it also sends, and an address must not be sent (RFC 6066, 3: rustls refuses
 * it). So it hears of an address when the certificate is about to come. Without a name it would accept none.
 */
static int step(struct tls_bridge *bridge)
{
	int result = 0;
	bridge->reads = 0;
	if (bridge->client && bridge->ssl.state == MBEDTLS_SSL_SERVER_CERTIFICATE && is_address(bridge->server))
		result = mbedtls_ssl_set_hostname(&bridge->ssl, bridge->server);
	return result ? result : mbedtls_ssl_handshake_step(&bridge->ssl);
}

/* 0, or mbedTLS's error; CONNECTION_GIVEN_UP when nobody wants it any more. */
#define CONNECTION_GIVEN_UP 1

static int shake_hands(struct tls_bridge *bridge)
{
	while (!mbedtls_ssl_is_handshake_over(&bridge->ssl)) {
		short plain_came;
		int result = step(bridge);
		if (result == 0 || took_ticket(bridge, result))
			continue;
		if (!must_wait(result))
			return result;
		short wire = result == MBEDTLS_ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN;
		if (!wait_for(bridge, wire, 0, bridge->handshake_until_ms, &plain_came) ||
				plain_came & (POLLHUP | POLLERR))
			return CONNECTION_GIVEN_UP;
		if (loop_now_ms() >= bridge->handshake_until_ms)
			return MBEDTLS_ERR_SSL_TIMEOUT;
	}
	return 0;
}

static bool read_plain(struct tls_bridge *bridge)
{
	struct half *up = bridge->up;
	if (up->begin < up->end || up->ended)
		return false;
	ssize_t got = recv(bridge->plain, up->bytes, BUFFER_BYTES, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	up->begin = 0;
	up->end = got > 0 ? (size_t)got : 0;
	up->ended = got <= 0;
	return true;
}

static bool write_plain(struct tls_bridge *bridge)
{
	struct half *down = bridge->down;
	if (down->begin == down->end)
		return false;
	ssize_t sent = send(bridge->plain, down->bytes + down->begin, down->end - down->begin, MSG_NOSIGNAL);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	down->begin = sent < 0 ? down->end : down->begin + (size_t)sent; /* nobody reads it any more: dropped */
	return true;
}

static int read_wire(struct tls_bridge *bridge, bool *progress)
{
	struct half *down = bridge->down;
	if (down->begin < down->end || down->ended)
		return 0;
	bridge->reads = 0;
	int result = mbedtls_ssl_read(&bridge->ssl, down->bytes, BUFFER_BYTES);
	if (must_wait(result))
		return 0;
	*progress = true;
	if (took_ticket(bridge, result))
		return 0;
	if (result > 0) {
		down->begin = 0;
		down->end = (size_t)result;
		return 0;
	}
	down->ended = true;
	if (result == 0)
		result = MBEDTLS_ERR_SSL_CONN_EOF;
	if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || bridge->up->ended) /* or we were the first to go */
		return 0;
	return result;
}

/* What was read before, then, once nothing more comes from the plain side, the farewell. */
static int write_wire(struct tls_bridge *bridge, bool *progress, bool *farewell)
{
	struct half *up = bridge->up;
	int result = 0;
	bridge->reads = 0;
	if (!send_sealed(bridge))
		return 0;
	if (up->begin < up->end)
		result = mbedtls_ssl_write(&bridge->ssl, up->bytes + up->begin, up->end - up->begin);
	else if (up->ended && !*farewell)
		result = mbedtls_ssl_close_notify(&bridge->ssl);
	else
		return 0;
	if (must_wait(result))
		return 0;
	*progress = true;
	if (took_ticket(bridge, result))
		return 0;
	if (result < 0)
		return result;
	if (up->begin < up->end)
		up->begin += (size_t)result;
	else
		*farewell = true;
	return 0;
}

static void sooner(int64_t *until_ms, int64_t limit_ms)
{
	int64_t at_ms = loop_now_ms() + limit_ms;
	if (at_ms < *until_ms)
		*until_ms = at_ms;
}

/* Carries bytes both ways until both have ended, in good order or by the clock. mbedTLS's error or 0. */
static int shuttle(struct tls_bridge *bridge)
{
	struct half *up = bridge->up, *down = bridge->down, *sealed = bridge->sealed;
	bool farewell = false, told_plain = false, hung_up = false;
	unsigned rounds = 0;
	int64_t until_ms = LOOP_NEVER;
	bridge->shaken = true;
	for (;;) {
		bool progress = read_plain(bridge);
		int error = write_wire(bridge, &progress, &farewell);
		if (error == 0)
			error = read_wire(bridge, &progress);
		progress |= write_plain(bridge);
		if (error)
			return error;
		/* Bytes that never end keep nobody from seeing that it is over. */
		if (progress && !atomic_load(&bridge->stop) && ++rounds % ROUNDS_OF_PROGRESS)
			continue;

		if (up->ended && !atomic_exchange(&bridge->flushing, true))
			sooner(&until_ms, TLS_FLUSH_LIMIT_MS);
		bool sealed_left = sealed->begin < sealed->end, gone = farewell && !sealed_left;
		if (gone && !down->ended && shutdown(bridge->wire, SHUT_WR) == 0)
			sooner(&until_ms, LINGER_MS);
		if (down->ended && down->begin == down->end && !told_plain) {
			told_plain = true;
			if (!up->ended)
				bridge->owner->lost(bridge->user, bridge->attempt, TLS_END_GOODBYE,
						"the other side closed it");
			shutdown(bridge->plain, SHUT_WR);
			sooner(&until_ms, TLS_FLUSH_LIMIT_MS);
		}
		if (gone && down->ended)
			return 0;

		bool up_full = up->begin < up->end, down_full = down->begin < down->end;
		short wire = 0, plain = 0, plain_came;
		if (!down_full && !down->ended)
			wire |= POLLIN;
		if (sealed_left || up_full || (up->ended && !farewell))
			wire |= POLLOUT;
		if (!up_full && !up->ended)
			plain |= POLLIN;
		if (down_full)
			plain |= POLLOUT;
		bool watch_plain = plain || !hung_up;
		if (!wait_for(bridge, wire, watch_plain ? plain : -1, progress ? loop_now_ms() : until_ms, &plain_came))
			return 0;
		if (plain_came & (POLLHUP | POLLERR) && !hung_up) {
			hung_up = true;
			atomic_store(&bridge->flushing, true);
			sooner(&until_ms, TLS_FLUSH_LIMIT_MS);
		}
		if (loop_now_ms() >= until_ms)
			return 0;
	}
}

/* A browser that was sent to http:// of this port: RFC 8446, 5.1 has 22 as a client's first byte. */
static bool speaks_plain(struct tls_bridge *bridge)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
				     "Content-Type: text/plain; charset=utf-8\r\n"
				     "Connection: close\r\n"
				     "Content-Length: 58\r\n"
				     "\r\n"
				     "This port speaks HTTPS: ask again with https:// in front.\n";
	unsigned char scrap[512];
	short plain_came;
	ssize_t got;
	while ((got = recv(bridge->wire, scrap, 1, MSG_PEEK)) < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (!wait_for(bridge, POLLIN, 0, bridge->handshake_until_ms, &plain_came) ||
				plain_came & (POLLHUP | POLLERR) || loop_now_ms() >= bridge->handshake_until_ms)
			return false;
	}
	if (got <= 0 || scrap[0] == MBEDTLS_SSL_MSG_HANDSHAKE)
		return false;
	send(bridge->wire, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
	shutdown(bridge->wire, SHUT_WR);
	/* Bytes that nobody has read would have the kernel answer with a reset, and the answer could be lost. */
	int64_t until_ms = loop_now_ms() + LINGER_MS;
	while (loop_now_ms() < until_ms && !atomic_load(&bridge->stop)) {
		got = recv(bridge->wire, scrap, sizeof(scrap), 0);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) ||
				(got < 0 && !wait_for(bridge, POLLIN, -1, until_ms, &plain_came)))
			break;
	}
	return true;
}

static void bridge_ends(struct tls_bridge *bridge)
{
	bridge->context = bridge->owner->context(bridge->user, bridge->attempt, bridge->reason);
	if (!bridge->context) {
		bridge->owner->shaken(bridge->user, bridge->attempt, NULL, &bridge->peer, bridge->reason);
		return;
	}
	bridge->peer.context = bridge->context;
	if (bridge->client)
		bridge->peer.server = bridge->server;
	int result = mbedtls_ssl_setup(&bridge->ssl, &bridge->context->config);
	if (!result && bridge->client && !is_address(bridge->server))
		result = mbedtls_ssl_set_hostname(&bridge->ssl, bridge->server);
	if (!result) {
		mbedtls_ssl_set_bio(&bridge->ssl, bridge, wire_send, wire_receive, NULL);
		mbedtls_ssl_set_verify(&bridge->ssl, tls_judge, &bridge->peer);
		if (bridge->owner->prepare)
			bridge->owner->prepare(bridge->user, bridge->attempt, &bridge->ssl);
		result = shake_hands(bridge);
	}
	if (result) {
		bridge->peer.chose_pss = bridge->client && result == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER &&
					 mbedtls_ssl_get_version_number(&bridge->ssl) == MBEDTLS_SSL_VERSION_TLS1_2;
		if (result == CONNECTION_GIVEN_UP)
			snprintf(bridge->reason, sizeof(bridge->reason), "TLS: given up");
		else
			tls_reason(&bridge->ssl, &bridge->peer, true, result, bridge->reason);
		bridge->owner->shaken(bridge->user, bridge->attempt, &bridge->ssl, &bridge->peer, bridge->reason);
		return;
	}
	if (bridge->client)
		tls_context_forget_trust(bridge->context);
	bridge->owner->shaken(bridge->user, bridge->attempt, &bridge->ssl, &bridge->peer, NULL);
	result = shuttle(bridge);
	if (!result)
		return;
	tls_reason(&bridge->ssl, &bridge->peer, false, result, bridge->reason);
	bool cut = result == MBEDTLS_ERR_SSL_CONN_EOF || result == MBEDTLS_ERR_NET_CONN_RESET;
	bridge->owner->lost(bridge->user, bridge->attempt, cut ? TLS_END_CUT : TLS_END_FAULT, bridge->reason);
}

static void *run(void *argument)
{
	struct tls_bridge *bridge = argument;
	struct half up = {.begin = 0}, down = {.begin = 0}, sealed = {.begin = 0};
	bridge->up = &up;
	bridge->down = &down;
	bridge->sealed = &sealed;
	priority_patient();
	mbedtls_ssl_init(&bridge->ssl);
	if (bridge->client || !speaks_plain(bridge))
		bridge_ends(bridge);
	mbedtls_ssl_free(&bridge->ssl);
	tls_context_put(bridge->context);
	malloc_trim(0); /* glibc would keep what 40 clients took */
	close(bridge->wire);
	close(bridge->plain);
	atomic_store(&bridge->ended, true);
	return NULL;
}

/* ---- The loop's side. ---- */

/* Waits for them: at the end only. */
static void reap(struct tls_bridge **bridges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct tls_bridge *bridge = bridges[i];
		if (!bridge)
			continue;
		pthread_join(bridge->thread, NULL);
		close(bridge->event_fd);
		free(bridge);
		bridges[i] = NULL;
	}
}

static void ask_to_stop(struct tls_bridge *bridge)
{
	atomic_store(&bridge->stop, true);
	eventfd_write(bridge->event_fd, 1);
}

/*
 * Those that have said their last word. All that is left of such a thread is its way out: waiting for that, the loop
 * would wait for whoever has the processor, with a relay on perhaps.
 */
static void forget_ended(struct tls_bridge **bridges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct tls_bridge *bridge = bridges[i];
		if (!bridge || !atomic_load(&bridge->ended))
			continue;
		pthread_detach(bridge->thread);
		close(bridge->event_fd);
		free(bridge);
		bridges[i] = NULL;
	}
}

/* A place in the table: the servers' must not take the clients'. */
static struct tls_bridge **free_place(struct tls *tls, bool client)
{
	struct tls_bridge **place = NULL, **flushing = NULL, **leaving = NULL;
	size_t begin = client ? 0 : TLS_BRIDGES_CLIENTS, end = client ? TLS_BRIDGES_CLIENTS : TLS_BRIDGES_MAX;
	forget_ended(tls->bridges, TLS_BRIDGES_MAX);
	forget_ended(tls->leaving, TLS_BRIDGES_LEAVING);
	for (size_t i = begin; i < end; i++) {
		struct tls_bridge **at = &tls->bridges[i];
		if (!*at)
			place = at;
		else if (atomic_load(&(*at)->flushing) && (!flushing || (*at)->began_ms < (*flushing)->began_ms))
			flushing = at;
	}
	for (size_t i = 0; i < TLS_BRIDGES_LEAVING; i++)
		if (!tls->leaving[i])
			leaving = &tls->leaving[i];
	if (place || !flushing || !leaving)
		return place;
	ask_to_stop(*flushing);
	*leaving = *flushing;
	*flushing = NULL;
	return flushing;
}

int tls_bridge_start(struct tls *tls, const struct tls_owner *owner, void *user, uint64_t attempt, int fd,
		const char *server, int64_t handshake_limit_ms)
{
	int ends[2], error;
	struct tls_bridge **place = tls->stopping ? NULL : free_place(tls, server);
	struct tls_bridge *bridge = place ? calloc(1, sizeof(*bridge)) : NULL;
	if (!bridge) {
		error = place ? -ENOMEM : -EBUSY;
		goto close_fd;
	}
	bridge->tls = tls;
	bridge->owner = owner;
	bridge->user = user;
	bridge->attempt = attempt;
	bridge->wire = fd;
	bridge->client = server;
	bridge->began_ms = loop_now_ms();
	bridge->handshake_until_ms = bridge->began_ms + handshake_limit_ms;
	if (server)
		snprintf(bridge->server, sizeof(bridge->server), "%s", server);
	bridge->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bridge->event_fd < 0) {
		error = -errno;
		goto free_bridge;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
		error = -errno;
		goto close_event;
	}
	bridge->plain = ends[1];
	error = thread_start(&bridge->thread, STACK_BYTES, run, bridge);
	if (error)
		goto close_ends;
	*place = bridge;
	return ends[0];

close_ends:
	close(ends[0]);
	close(ends[1]);
close_event:
	close(bridge->event_fd);
free_bridge:
	free(bridge);
close_fd:
	close(fd);
	return error;
}

void tls_bridge_abort(struct tls *tls, const void *user, uint64_t attempt)
{
	for (size_t i = 0; i < TLS_BRIDGES_CLIENTS; i++) {
		struct tls_bridge *bridge = tls->bridges[i];
		if (bridge && bridge->user == user && bridge->attempt == attempt)
			ask_to_stop(bridge);
	}
}

int tls_new(const struct log *log, struct tls **out)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	if (!tls)
		return -ENOMEM;
	if (psa_crypto_init() != PSA_SUCCESS) { /* no entropy, or no memory */
		free(tls);
		return -EIO;
	}
	tls->log = log;
	*out = tls;
	return 0;
}

void tls_stop(struct tls *tls)
{
	if (!tls)
		return;
	tls->stopping = true;
	for (size_t i = 0; i < TLS_BRIDGES_MAX; i++)
		if (tls->bridges[i])
			ask_to_stop(tls->bridges[i]);
	reap(tls->bridges, TLS_BRIDGES_MAX);
	reap(tls->leaving, TLS_BRIDGES_LEAVING);
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	mbedtls_psa_crypto_free();
	free(tls);
}

int tls_check(struct tls *tls, enum tls_role role, const struct tls_files *files, char error[static TLS_ERROR_MAX])
{
	struct tls_context *context;
	int failed = tls_context_new(role, files, &context, error);
	if (!failed) {
		if (context->warning[0])
			log_warning(tls->log, "%s", context->warning);
		tls_context_put(context);
	}
	return failed;
}
