/*
 * Inside the room: what the files of a bridge share. bridge.c starts, shakes hands and ends; wire.c moves bytes between
 * mbedTLS and the wire; carry.c carries them both ways until both sides have ended.
 */
#ifndef PORTCULLIS_TLS_BRIDGE_H
#define PORTCULLIS_TLS_BRIDGE_H

#include "tls/phase.h"
#include "tls/private.h"

#define TLS_BUFFER_BYTES 4096
#define TLS_RECORDS_BYTES (TLS_BUFFER_BYTES + 2048) /* a full one, and what comes with it: a ticket, a farewell */
#define TLS_LINGER_MS 1000                          /* for the other side to take our last words and to close */

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
	/* On the thread's stack, which goes when it ends. */
	struct tls_half *up, *down; /* towards the wire, from the wire */
	struct tls_half *sealed;    /* records that the wire has not taken yet */
	enum tls_phase phase;
	bool farewell;    /* mbedTLS has sealed ours */
	bool hung_up;     /* the plain side: it neither reads nor writes any more */
	int64_t until_ms; /* the end of the phase, once hands are shaken */
	char reason[TLS_ERROR_MAX];
};

/* wire.c: mbedTLS's callbacks (mbedtls_ssl_set_bio). user is the bridge. */
int tls_bridge_send(void *user, const unsigned char *bytes, size_t length);
int tls_bridge_receive(void *user, unsigned char *bytes, size_t length);
bool tls_bridge_send_sealed(struct tls_bridge *bridge); /* true: the wire has taken all that mbedTLS believes sent */

/*
 * Waits for events of the two sockets (poll(2); the wire: 0 = none, the plain one: -1 = not even its hang-up) or for
 * until_ms. plain_came is set to what came of the plain one, whose hang-up is told without being asked for. False when
 * the bridge must stop.
 */
bool tls_bridge_wait(struct tls_bridge *bridge, short wire, int plain, int64_t until_ms, short *plain_came);

/* What mbedTLS returned: a ticket, which may show in any call, the writing ones included (then call again); and that it
 * wants the wire. */
bool tls_bridge_took_ticket(struct tls_bridge *bridge, int result);
bool tls_bridge_must_wait(int result);

/* carry.c: after the handshake, until it is over. 0 or mbedTLS's error. */
int tls_bridge_carry(struct tls_bridge *bridge);

#endif
