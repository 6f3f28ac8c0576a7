/*
 * What the files of this room share, with mbedTLS's headers that more than one of them needs.
 */
#ifndef PORTCULLIS_TLS_PRIVATE_H
#define PORTCULLIS_TLS_PRIVATE_H

#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* for the alert's code, which has no getter: see tls_reason */
#include <mbedtls/net_sockets.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <psa/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "tls/tls.h"

/* ---- context.c: certificates, keys and trust. ---- */

/* A copy of struct tls_files. */
struct tls_places {
	char paths[5][TLS_PATH_MAX + 1]; /* "" = none */
};
int tls_places_set(struct tls_places *places, const struct tls_files *files); /* 0 or -ENAMETOOLONG */
struct tls_files tls_places_files(const struct tls_places *places);           /* points into places */

/* What is read from the files. Threads share it; it never changes once it is in use but for tls_context_forget_trust.
 */
struct tls_context {
	atomic_int references;
	mbedtls_ssl_config config;
	mbedtls_x509_crt trust, own;
	mbedtls_pk_context key;
	mbedtls_ssl_ticket_context tickets; /* server */
	bool pinned;                        /* trust is the one certificate that will do */
	struct tls_places places;
	const char *trust_path;       /* constant or of places */
	const char *certificate_path; /* of places; NULL = none */
	char warning[TLS_ERROR_MAX];  /* what was left out of ca_file, and why; "" = nothing */
};

/* Why mbedTLS cannot read a certificate that is in order, by the code that it gives; NULL: it is another trouble. */
const char *tls_unsupported(int code);

/* Blocks: it reads files. 0, or -errno with the reason in error. Freed when the last reference goes. */
int tls_context_new(enum tls_role role, const struct tls_files *files, struct tls_context **context,
		char error[static TLS_ERROR_MAX]);
struct tls_context *tls_context_get(struct tls_context *context);
void tls_context_put(struct tls_context *context); /* takes NULL */

/* No RSA-PSS, and for that no TLS 1.3. Only for a context of one's own that is not in use. */
void tls_context_avoid_pss(struct tls_context *context);

/* The system's CAs take half a megabyte, and nobody needs them after the handshake. Only for a context of one's own. */
void tls_context_forget_trust(struct tls_context *context);

/* Changes when any of the files does: its place, its inode, its length or its time. */
struct tls_stamp {
	struct {
		uint64_t device, inode, size;
		int64_t seconds, nanoseconds;
	} files[5];
};
void tls_stamp(enum tls_role role, const struct tls_files *files, struct tls_stamp *stamp);
bool tls_stamp_same(const struct tls_stamp *a, const struct tls_stamp *b);

/* ---- reasons.c: why not, in a sentence. ---- */

/* What was seen of the peer. */
struct tls_peer {
	const struct tls_context *context;
	const char *server;          /* NULL in the server's role */
	char verdict[TLS_ERROR_MAX]; /* on its certificates; "" = good */
	bool judged;                 /* there was a certificate: the session was not resumed */
	mbedtls_x509_time valid_to;  /* the first end of its certificates */
	bool heard;                  /* it has sent a byte */
	unsigned char first;         /* the first one */
	int error;                   /* errno of the wire, 0 = none */
	bool chose_pss;              /* in TLS 1.2, which failed for that: see tls_context_avoid_pss */
};

/* Can a record begin with this byte? RFC 8446, 5.1: change_cipher_spec, alert, handshake, application_data. */
static inline bool tls_is_record(unsigned char first)
{
	return first >= 20 && first <= 23;
}

/* mbedTLS's verify callback: its last word on each certificate. peer is a struct tls_peer. */
int tls_judge(void *peer, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

/* What an error of the handshake or of the connection means. code is mbedTLS's. */
void tls_reason(const mbedtls_ssl_context *ssl, const struct tls_peer *peer, bool shaking_hands, int code,
		char reason[static TLS_ERROR_MAX]);

/* ---- bridge.c: the threads. ---- */

struct tls {
	const struct log *log;
	bool stopping;
	struct tls_bridge *bridges[TLS_BRIDGES_MAX];
	struct tls_bridge *leaving[TLS_BRIDGES_LEAVING]; /* asked to stop, and have given up their places */
};

enum tls_end {
	TLS_END_OURS,
	TLS_END_GOODBYE, /* the other side's close_notify */
	TLS_END_CUT,     /* TCP ended without a word */
	TLS_END_FAULT,   /* an alert, a damaged record, time */
};

/* Who a bridge belongs to: called from its thread, in this order. */
struct tls_owner {
	/* A context, whose reference the bridge drops; NULL with the reason in error. May block. */
	struct tls_context *(*context)(void *user, uint64_t attempt, char error[static TLS_ERROR_MAX]);
	void (*prepare)(void *user, uint64_t attempt, mbedtls_ssl_context *ssl); /* before the handshake; may be NULL */
	/* After the handshake: error is NULL when it went well. */
	void (*shaken)(void *user, uint64_t attempt, mbedtls_ssl_context *ssl, const struct tls_peer *peer,
			const char *error);
	void (*ticket)(void *user, uint64_t attempt, mbedtls_ssl_context *ssl); /* a new session; may be NULL */
	/* Before the plain end reads end of file, unless that was closed first. */
	void (*lost)(void *user, uint64_t attempt, enum tls_end end, const char *reason);
};

/*
 * Takes fd over, also when it fails. owner and user live until tls_stop; server is copied, NULL for the server's role.
 * The plain end or -errno.
 */
int tls_bridge_start(struct tls *tls, const struct tls_owner *owner, void *user, uint64_t attempt, int fd,
		const char *server, int64_t handshake_limit_ms);

/* Ends the client's bridge of this attempt at once: what was written into its plain end before is not sent any more. */
void tls_bridge_abort(struct tls *tls, const void *user, uint64_t attempt);

#endif
