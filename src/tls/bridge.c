/*
 * One TLS connection is one thread, the bridge's, between two sockets: the wire, which it was given, and one end of a
 * socketpair, whose other end the caller gets. The thread shakes hands, carries bytes and tells its owner; the loop's
 * side keeps a table of threads, asks them to stop, and forgets those that have ended.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/net.h"
#include "base/priority.h"
#include "base/thread.h"
#include "tls/bridge.h"

#define STACK_BYTES (192 * 1024)

/* ---- The thread. ---- */

static bool is_address(const char *server)
{
	struct sockaddr_storage address;
	return net_address(server, 0, &address) > 0 || net_is_link_local(server);
}

static_assert(MBEDTLS_VERSION_NUMBER >= 0x03060300, "an older mbedTLS accepts any certificate when it knows no name");

/*
 * What mbedTLS knows as the server's name it also sends, and an address must not be sent (RFC 6066, 3: rustls refuses
 * it). So it hears of an address when the certificate is about to come. Without a name it would accept none.
 */
static int shake_step(struct tls_bridge *bridge)
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
		int result = shake_step(bridge);
		if (result == 0 || tls_bridge_took_ticket(bridge, result))
			continue;
		if (!tls_bridge_must_wait(result))
			return result;
		short wire = result == MBEDTLS_ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN;
		if (!tls_bridge_wait(bridge, wire, 0, bridge->handshake_until_ms, &plain_came) ||
				plain_came & (POLLHUP | POLLERR))
			return CONNECTION_GIVEN_UP;
		if (loop_now_ms() >= bridge->handshake_until_ms)
			return MBEDTLS_ERR_SSL_TIMEOUT;
	}
	return 0;
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
		if (!tls_bridge_wait(bridge, POLLIN, 0, bridge->handshake_until_ms, &plain_came) ||
				plain_came & (POLLHUP | POLLERR) || loop_now_ms() >= bridge->handshake_until_ms)
			return false;
	}
	if (got <= 0 || scrap[0] == MBEDTLS_SSL_MSG_HANDSHAKE)
		return false;
	send(bridge->wire, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
	shutdown(bridge->wire, SHUT_WR);
	/* Bytes that nobody has read would have the kernel answer with a reset, and the answer could be lost. */
	int64_t until_ms = loop_now_ms() + TLS_LINGER_MS;
	while (loop_now_ms() < until_ms && !atomic_load(&bridge->stop)) {
		got = recv(bridge->wire, scrap, sizeof(scrap), 0);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) ||
				(got < 0 && !tls_bridge_wait(bridge, POLLIN, -1, until_ms, &plain_came)))
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
		mbedtls_ssl_set_bio(&bridge->ssl, bridge, tls_bridge_send, tls_bridge_receive, NULL);
		mbedtls_ssl_set_verify(&bridge->ssl, tls_judge, &bridge->peer);
		if (bridge->owner->prepare)
			bridge->owner->prepare(bridge->user, bridge->attempt, &bridge->ssl);
		result = shake_hands(bridge);
	}
	if (result) {
		bridge->phase = tls_phase_next(bridge->phase, TLS_EVENT_GIVEN_UP);
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
	result = tls_bridge_carry(bridge);
	if (!result)
		return;
	tls_reason(&bridge->ssl, &bridge->peer, false, result, bridge->reason);
	bool cut = result == MBEDTLS_ERR_SSL_CONN_EOF || result == MBEDTLS_ERR_NET_CONN_RESET;
	bridge->owner->lost(bridge->user, bridge->attempt, cut ? TLS_END_CUT : TLS_END_FAULT, bridge->reason);
}

static void *bridge_run(void *argument)
{
	struct tls_bridge *bridge = argument;
	struct tls_half up = {.begin = 0}, down = {.begin = 0}, sealed = {.begin = 0};
	bridge->up = &up;
	bridge->down = &down;
	bridge->sealed = &sealed;
	priority_patient();
	mbedtls_ssl_init(&bridge->ssl);
	if (bridge->client || !speaks_plain(bridge))
		bridge_ends(bridge);
	mbedtls_ssl_free(&bridge->ssl);
	tls_context_put(bridge->context);
	memory_give_back(); /* glibc would keep what 40 clients took */
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
		wake_close(&bridge->wake);
		free(bridge);
		bridges[i] = NULL;
	}
}

static void ask_to_stop(struct tls_bridge *bridge)
{
	atomic_store(&bridge->stop, true);
	wake_up(&bridge->wake);
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
		wake_close(&bridge->wake);
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
	error = wake_open(&bridge->wake, NULL, NULL, NULL);
	if (error)
		goto free_bridge;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
		error = -errno;
		goto close_wake;
	}
	bridge->plain = ends[1];
	error = thread_start(&bridge->thread, STACK_BYTES, bridge_run, bridge);
	if (error)
		goto close_ends;
	*place = bridge;
	return ends[0];

close_ends:
	close(ends[0]);
	close(ends[1]);
close_wake:
	wake_close(&bridge->wake);
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
