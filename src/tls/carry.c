/*
 * Carries bytes between the two sides of a bridge: what was read on one side waits in a buffer (half) until the other has
 * taken it. When a side ends, the other is told after the last byte; phase.c says in which order, and each end begins a
 * time limit.
 */
#include "tls/bridge.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define ROUNDS_OF_PROGRESS 16 /* without a look at the clock and at whether to stop */

static bool read_plain(struct tls_bridge *bridge)
{
	struct tls_half *up = bridge->up;
	if (up->begin < up->end || up->ended)
		return false;
	ssize_t got = recv(bridge->plain, up->bytes, TLS_BUFFER_BYTES, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	up->begin = 0;
	up->end = got > 0 ? (size_t)got : 0;
	up->ended = got <= 0;
	return true;
}

static bool write_plain(struct tls_bridge *bridge)
{
	struct tls_half *down = bridge->down;
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
	struct tls_half *down = bridge->down;
	if (down->begin < down->end || down->ended)
		return 0;
	bridge->reads = 0;
	int result = mbedtls_ssl_read(&bridge->ssl, down->bytes, TLS_BUFFER_BYTES);
	if (tls_bridge_must_wait(result))
		return 0;
	*progress = true;
	if (tls_bridge_took_ticket(bridge, result))
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
static int write_wire(struct tls_bridge *bridge, bool *progress)
{
	struct tls_half *up = bridge->up;
	int result = 0;
	bridge->reads = 0;
	if (!tls_bridge_send_sealed(bridge))
		return 0;
	if (up->begin < up->end)
		result = mbedtls_ssl_write(&bridge->ssl, up->bytes + up->begin, up->end - up->begin);
	else if (up->ended && !bridge->farewell)
		result = mbedtls_ssl_close_notify(&bridge->ssl);
	else
		return 0;
	if (tls_bridge_must_wait(result))
		return 0;
	*progress = true;
	if (tls_bridge_took_ticket(bridge, result))
		return 0;
	if (result < 0)
		return result;
	if (up->begin < up->end)
		up->begin += (size_t)result;
	else
		bridge->farewell = true;
	return 0;
}

static void end_within(struct tls_bridge *bridge, int64_t limit_ms)
{
	int64_t at_ms = loop_now_ms() + limit_ms;
	if (at_ms < bridge->until_ms)
		bridge->until_ms = at_ms;
}

/* The plain side has ended, or hung up: whoever needs the bridge's place may have it. */
static void flush(struct tls_bridge *bridge)
{
	if (!atomic_exchange(&bridge->flushing, true))
		end_within(bridge, TLS_FLUSH_LIMIT_MS);
}

static void tell_plain(struct tls_bridge *bridge)
{
	shutdown(bridge->plain, SHUT_WR);
	end_within(bridge, TLS_FLUSH_LIMIT_MS);
}

static void happen(struct tls_bridge *bridge, enum tls_event event)
{
	enum tls_phase from = bridge->phase, to = tls_phase_next(from, event);
	if (to == from)
		return;
	bridge->phase = to;
	if (event == TLS_EVENT_PLAIN_ENDED)
		flush(bridge);
	if (to == TLS_PHASE_LINGERING && shutdown(bridge->wire, SHUT_WR) == 0)
		end_within(bridge, TLS_LINGER_MS);
	if (to == TLS_PHASE_LEFT)
		bridge->owner->lost(bridge->user, bridge->attempt, TLS_END_GOODBYE, "the other side closed it");
	if (event == TLS_EVENT_WIRE_ENDED)
		tell_plain(bridge);
}

/* What the round just made has brought about. */
static void look_for_ends(struct tls_bridge *bridge)
{
	if (bridge->up->ended)
		happen(bridge, TLS_EVENT_PLAIN_ENDED);
	if (bridge->farewell && bridge->sealed->begin == bridge->sealed->end)
		happen(bridge, TLS_EVENT_FAREWELL_GONE);
	if (bridge->down->ended && bridge->down->begin == bridge->down->end)
		happen(bridge, TLS_EVENT_WIRE_ENDED);
}

/* Until something can go on, or the time of the phase is over. */
static void wait_for_more(struct tls_bridge *bridge, int64_t until_ms)
{
	const struct tls_half *up = bridge->up, *down = bridge->down, *sealed = bridge->sealed;
	bool up_full = up->begin < up->end, down_full = down->begin < down->end;
	short wire = 0, plain = 0, plain_came;
	if (!down_full && !down->ended)
		wire |= POLLIN;
	if (sealed->begin < sealed->end || up_full || (up->ended && !bridge->farewell))
		wire |= POLLOUT;
	if (!up_full && !up->ended)
		plain |= POLLIN;
	if (down_full)
		plain |= POLLOUT;
	bool watch_plain = plain || !bridge->hung_up;
	if (!tls_bridge_wait(bridge, wire, watch_plain ? plain : -1, until_ms, &plain_came)) {
		happen(bridge, TLS_EVENT_GIVEN_UP);
		return;
	}
	if (plain_came & (POLLHUP | POLLERR) && !bridge->hung_up) {
		bridge->hung_up = true;
		atomic_store(&bridge->flushing, true);
		end_within(bridge, TLS_FLUSH_LIMIT_MS);
	}
	if (loop_now_ms() >= bridge->until_ms)
		happen(bridge, TLS_EVENT_GIVEN_UP);
}

int tls_bridge_carry(struct tls_bridge *bridge)
{
	unsigned rounds = 0;
	bridge->until_ms = LOOP_NEVER;
	happen(bridge, TLS_EVENT_SHAKEN);
	while (bridge->phase != TLS_PHASE_OVER) {
		bool progress = read_plain(bridge);
		int error = write_wire(bridge, &progress);
		if (error == 0)
			error = read_wire(bridge, &progress);
		progress |= write_plain(bridge);
		if (error) {
			happen(bridge, TLS_EVENT_GIVEN_UP);
			return error;
		}
		/* Bytes that never end keep nobody from seeing that it is over. */
		if (progress && !atomic_load(&bridge->stop) && ++rounds % ROUNDS_OF_PROGRESS)
			continue;
		look_for_ends(bridge);
		if (bridge->phase != TLS_PHASE_OVER)
			wait_for_more(bridge, progress ? loop_now_ms() : bridge->until_ms);
	}
	return 0;
}
