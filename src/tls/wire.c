/*
 * mbedTLS sends and receives by these callbacks, over a socket that does not block. They keep two of its habits from
 * doing harm: it would forget half a record that the wire did not take, and read on as long as warnings come.
 */
#include "tls/bridge.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define READS_OF_A_CALL 64 /* of the wire, by one call of mbedTLS */

/* How many of them the wire took. When nobody takes them any more: all; but why, is perhaps still to be read. */
static size_t send_now(struct tls_bridge *bridge, const unsigned char *bytes, size_t length)
{
	ssize_t sent = send(bridge->wire, bytes, length, MSG_NOSIGNAL);
	if (sent >= 0)
		return (size_t)sent;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	bridge->peer.error = -errno;
	return length;
}

bool tls_bridge_send_sealed(struct tls_bridge *bridge)
{
	struct tls_half *sealed = bridge->sealed;
	if (sealed->begin < sealed->end)
		sealed->begin += send_now(bridge, sealed->bytes + sealed->begin, sealed->end - sealed->begin);
	return sealed->begin == sealed->end;
}

/*
 * After the handshake a record is taken as a whole. Were mbedtls_ssl_write left with half of one, mbedtls_ssl_read
 * may send the rest of it (before it takes a ticket in), and the next mbedtls_ssl_write would not know of that and send
 * the same bytes again.
 */
int tls_bridge_send(void *user, const unsigned char *bytes, size_t length)
{
	struct tls_bridge *bridge = user;
	struct tls_half *sealed = bridge->sealed;
	if (bridge->phase == TLS_PHASE_SHAKING) {
		size_t sent = send_now(bridge, bytes, length);
		return sent ? (int)sent : MBEDTLS_ERR_SSL_WANT_WRITE;
	}
	size_t sent = 0;
	if (tls_bridge_send_sealed(bridge)) {
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
static void acknowledge_wire(struct tls_bridge *bridge)
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
int tls_bridge_receive(void *user, unsigned char *bytes, size_t length)
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
		acknowledge_wire(bridge);
		return MBEDTLS_ERR_SSL_WANT_READ;
	}
	bridge->peer.error = -errno;
	return MBEDTLS_ERR_NET_CONN_RESET;
}

bool tls_bridge_wait(struct tls_bridge *bridge, short wire, int plain, int64_t until_ms, short *plain_came)
{
	struct pollfd fds[] = {
			{.fd = wake_fd(&bridge->wake), .events = POLLIN},
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

bool tls_bridge_took_ticket(struct tls_bridge *bridge, int result)
{
	if (result != MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
		return false;
	if (bridge->owner->ticket)
		bridge->owner->ticket(bridge->user, bridge->attempt, &bridge->ssl);
	return true;
}

bool tls_bridge_must_wait(int result)
{
	return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE;
}
