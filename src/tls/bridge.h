/*
 * For this room only: what the files of a bridge share. bridge.c starts and ends a bridge and makes the handshake.
 * wire.c moves bytes between mbedTLS and the wire. carry.c carries bytes both ways until both sides have ended.
 */
#ifndef PORTCULLIS_TLS_BRIDGE_H
#define PORTCULLIS_TLS_BRIDGE_H

#include "base/wake.h"
#include "tls/phase.h"
#include "tls/private.h"

#define TLS_BUFFER_BYTES 4096
#define TLS_RECORDS_BYTES (TLS_BUFFER_BYTES + 2048) /* a full record, and a ticket or close_notify with it */
#define TLS_LINGER_MS 1000 /* how long the other side has to read our last bytes and to close */

/* What has been read on one side and not yet been written on the other. */
struct tls_half {
	unsigned char bytes[TLS_RECORDS_BYTES];
	size_t begin, end;
	bool ended; /* nothing more will be read */
};

struct tls_bridge {
	struct tls *tls;
	const struct tls_owner *owner;
	void *user;
	uint64_t attempt;
	pthread_t thread;
	struct wake wake;        /* to stop it */
	atomic_bool stop, ended; /* set by the loop; set by the thread */
	atomic_bool flushing;    /* the plain end is closed */
	int64_t began_ms;
	bool client;
	char server[256];

	/* Used by the thread alone. */
	int wire, plain;
	unsigned reads;      /* reads of the wire since mbedTLS was called */
	bool unacknowledged; /* something was read since the kernel was last made to acknowledge */
	int64_t handshake_until_ms;
	struct tls_context *context;
	struct tls_peer peer;
	mbedtls_ssl_context ssl;
	/* These are on the thread's stack. */
	struct tls_half *up, *down; /* towards the wire, from the wire */
	struct tls_half *sealed;    /* records that the wire has not taken yet */
	enum tls_phase phase;
	bool farewell;    /* mbedTLS has made the record with our close_notify */
	bool hung_up;     /* the plain side neither reads nor writes any more */
	int64_t until_ms; /* when the phase ends at the latest, after the handshake */
	char reason[TLS_ERROR_MAX];
};

/* wire.c: mbedTLS's callbacks (mbedtls_ssl_set_bio). user is the bridge. */
int tls_bridge_send(void *user, const unsigned char *bytes, size_t length);
int tls_bridge_receive(void *user, unsigned char *bytes, size_t length);
bool tls_bridge_send_sealed(struct tls_bridge *bridge); /* true: the wire has taken all records that mbedTLS has made */

/*
 * Waits until one of the two sockets has an event (those of poll(2)), or until until_ms. wire 0: no event of the wire
 * is waited for. plain -1: the plain socket is not watched at all; otherwise its hang-up is always reported. plain_came
 * gets the events of the plain socket. Returns false when the bridge must stop.
 */
bool tls_bridge_wait(struct tls_bridge *bridge, short wire, int plain, int64_t until_ms, short *plain_came);

/*
 * For a result of mbedTLS. took_ticket: a session ticket came, which any call may report, also a write: call again.
 * must_wait: mbedTLS needs the wire to be readable or writable first.
 */
bool tls_bridge_took_ticket(struct tls_bridge *bridge, int result);
bool tls_bridge_must_wait(int result);

/* carry.c: runs from the end of the handshake to the end of the connection. Returns 0 or mbedTLS's error. */
int tls_bridge_carry(struct tls_bridge *bridge);

#endif
