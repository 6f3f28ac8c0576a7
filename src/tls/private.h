/*
 * For this room only: what its files share, and the headers of mbedTLS that more than one of them needs.
 */
#ifndef PORTCULLIS_TLS_PRIVATE_H
#define PORTCULLIS_TLS_PRIVATE_H

#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* tls_reason reads the alert's code, for which mbedTLS has no function */
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
	char paths[5][TLS_PATH_MAX + 1]; /* in the order of struct tls_files; "": none */
};
int tls_places_set(struct tls_places *places, const struct tls_files *files); /* 0 or -ENAMETOOLONG */
struct tls_files tls_places_files(const struct tls_places *places);           /* points into places */

/*
 * What is read from the files. Connections share it by counted references, and it does not change while it is shared.
 * Its one user may change it: tls_context_avoid_pss, tls_context_forget_trust.
 */
struct tls_context {
	atomic_int references;
	mbedtls_ssl_config config;
	mbedtls_x509_crt trust, own;
	mbedtls_pk_context key;
	mbedtls_ssl_ticket_context tickets; /* server */
	bool pinned;                        /* trust is the one certificate that is accepted */
	struct tls_places places;
	const char *trust_path;       /* constant or of places */
	const char *certificate_path; /* of places; NULL = none */
	char warning[TLS_ERROR_MAX];  /* what was left out of ca_file, and why; "" = nothing */
};

/* For an error code of mbedTLS: why it cannot read a certificate that is valid. NULL: the code means something else. */
const char *tls_unsupported(int code);

/* Reads the files, which blocks. 0, or -errno with the reason in error. The caller gets one reference. */
int tls_context_new(enum tls_role role, const struct tls_files *files, struct tls_context **context,
		char error[static TLS_ERROR_MAX]);
struct tls_context *tls_context_get(struct tls_context *context); /* one more reference; any thread; returns context */
void tls_context_put(struct tls_context *context); /* one less; the last one frees; any thread; takes NULL */

/*
 * Turns off RSA-PSS, and TLS 1.3 with it, which needs RSA-PSS. Only before the context's first handshake, and only if
 * nobody else has a reference.
 */
void tls_context_avoid_pss(struct tls_context *context);

/*
 * Frees the trusted CAs after the handshake: the system's take half a megabyte. Only if nobody else has a reference.
 */
void tls_context_forget_trust(struct tls_context *context);

/* Differs when any of the files does: in its device, inode, length or time. */
struct tls_stamp {
	struct {
		uint64_t device, inode, size;
		int64_t seconds, nanoseconds;
	} files[5];
};
void tls_stamp(enum tls_role role, const struct tls_files *files, struct tls_stamp *stamp);
bool tls_stamp_same(const struct tls_stamp *a, const struct tls_stamp *b);

/* ---- reasons.c: why a connection failed, in a sentence. ---- */

/* What the handshake has shown of the peer. */
struct tls_peer {
	const struct tls_context *context;
	const char *server;          /* NULL in the server's role */
	char verdict[TLS_ERROR_MAX]; /* on its certificates, in a sentence; "": they are accepted */
	bool judged;                 /* it showed a certificate: the session was not resumed */
	mbedtls_x509_time valid_to;  /* when the first of its certificates expires */
	bool heard;                  /* it has sent at least one byte */
	unsigned char first;         /* the first byte that it sent */
	int error;                   /* -errno of the wire; 0: none */
	bool chose_pss; /* the handshake failed because it chose RSA-PSS in TLS 1.2: see tls_context_avoid_pss */
};

/* Can a record begin with this byte? RFC 8446, 5.1: change_cipher_spec, alert, handshake, application_data. */
static inline bool tls_is_record(unsigned char first)
{
	return first >= 20 && first <= 23;
}

/* The verify callback for mbedTLS: called for each certificate of the chain. peer is a struct tls_peer. */
int tls_judge(void *peer, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

/* Writes what an error of the handshake (shaking_hands) or of the connection means. code is mbedTLS's. */
void tls_reason(const mbedtls_ssl_context *ssl, const struct tls_peer *peer, bool shaking_hands, int code,
		char reason[static TLS_ERROR_MAX]);

/* ---- bridge.c: the threads. ---- */

struct tls {
	const struct log *log;
	bool stopping;
	struct tls_bridge *bridges[TLS_BRIDGES_MAX];
	struct tls_bridge *leaving[TLS_BRIDGES_LEAVING]; /* told to stop; their places in bridges are used again */
};

enum tls_end {
	TLS_END_OURS,    /* our side closed the plain end */
	TLS_END_GOODBYE, /* the other side's close_notify */
	TLS_END_CUT,     /* TCP ended without close_notify */
	TLS_END_FAULT,   /* an alert, a damaged record */
};

/*
 * What a bridge calls, from its own thread and in this order. attempt is the number that was passed to
 * tls_bridge_start: the owner compares it to ignore a bridge that it has given up.
 */
struct tls_owner {
	/* Returns a context with a reference for the bridge; or NULL with the reason in error. May block. */
	struct tls_context *(*context)(void *user, uint64_t attempt, char error[static TLS_ERROR_MAX]);
	void (*prepare)(void *user, uint64_t attempt, mbedtls_ssl_context *ssl); /* before the handshake; may be NULL */
	/* After the handshake. error is NULL when it succeeded. */
	void (*shaken)(void *user, uint64_t attempt, mbedtls_ssl_context *ssl, const struct tls_peer *peer,
			const char *error);
	void (*ticket)(void *user, uint64_t attempt, mbedtls_ssl_context *ssl); /* a new session; may be NULL */
	/* The connection ended. Called before the plain end reads end of file; not called if our side closed it first. */
	void (*lost)(void *user, uint64_t attempt, enum tls_end end, const char *reason);
};

/*
 * Starts a bridge on the socket fd, which belongs to the bridge from now on, also when this returns an error. owner and
 * user must live until tls_stop. server is copied; NULL: the bridge is a server. Returns the plain end, or -errno:
 * -EBUSY when all places are taken.
 */
int tls_bridge_start(struct tls *tls, const struct tls_owner *owner, void *user, uint64_t attempt, int fd,
		const char *server, int64_t handshake_limit_ms);

/* Ends the client's bridge of this attempt at once: what was written into its plain end before is not sent any more. */
void tls_bridge_abort(struct tls *tls, const void *user, uint64_t attempt);

#endif
