/*
 * TLS between a plain socket and the wire: a bridge.
 *
 * Whoever has a connected or accepted TCP socket hands it over and gets a plain stream socket back (one end of a
 * socketpair). A thread of the bridge's own speaks TLS 1.2 or 1.3 on the wire, so that neither the handshake's slow
 * arithmetic nor a slow peer ever runs in the caller's loop. Closing the plain end ends the connection in good order:
 * what was written before still goes out, for at most TLS_FLUSH_LIMIT_MS.
 *
 * All functions belong to one thread, the loop's, and none of them blocks, but for those that say so. mbedTLS is known
 * to this room only. The peer of a client is always verified: nothing can turn that off, and where the trust cannot be
 * read there is no connection.
 */
#ifndef PORTCULLIS_TLS_TLS_H
#define PORTCULLIS_TLS_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/loop.h"

#define TLS_ERROR_MAX 384
#define TLS_BRIDGES_MAX 80      /* connections at a time, both roles together: a thread and about 100 KB each */
#define TLS_BRIDGES_CLIENTS 8   /* of these, kept for the client's role */
#define TLS_BRIDGES_LEAVING 8   /* more, that were asked to stop and will at once */
#define TLS_FLUSH_LIMIT_MS 5000 /* after the plain end is closed */
#define TLS_PASSWORD_MAX 256    /* bytes of a key's password */
#define TLS_PATH_MAX 255        /* bytes of a file's path */
#define TLS_SERVER_NAME_MAX 253

struct tls;

/* The room: its threads, and what mbedTLS shares among them. Before any other thread starts. 0 or -errno. */
int tls_new(const struct log *log, struct tls **tls);

/* Cuts every connection and waits for the threads, each of which ends at its next step: some ms. Before clients and
 * servers are freed; nothing can be started after it. Takes NULL. */
void tls_stop(struct tls *tls);
void tls_free(struct tls *tls); /* takes NULL; after tls_stop, clients and servers */

/* Paths of PEM files, NULL = none; copied, and read again for each connection: a renewed file is used from then on. */
struct tls_files {
	const char *ca_file; /* the CAs that may sign the peer's certificate; NULL: the system's bundle (client) */
	const char *certificate_file; /* our own, followed by its intermediate ones */
	const char *key_file;
	const char *key_password_file; /* its first line */
	const char *pinned_file; /* client: accept this one certificate, whatever its CA, name and dates, and no other
				  */
};

/* The system's bundle of CAs: a constant, or NULL where there is none in the places known. */
const char *tls_system_bundle(void);

enum tls_role { TLS_CLIENT, TLS_SERVER };

/* Reads the files as a connection would: 0, or -errno with the reason in error. What is left out of
 * ca_file is logged as a warning. Blocks while it does. For --check. */
int tls_check(struct tls *tls, enum tls_role role, const struct tls_files *files, char error[static TLS_ERROR_MAX]);

/* ---- The client: connections to one server, one at a time. ---- */

struct tls_client;

/*
 * server is the name or address that the certificate must have; like the files it is copied. loop may be NULL for
 * tls_client_open alone. 0 or -errno: -ENAMETOOLONG for a path or a server beyond its bound.
 */
int tls_client_new(struct tls *tls, struct loop *loop, const struct tls_files *files, const char *server,
		struct tls_client **client);

/* From now on for another server, or with other files; a handshake under way is cancelled. 0, or -errno as above. */
int tls_client_aim(struct tls_client *client, const struct tls_files *files, const char *server);
void tls_client_free(struct tls_client *client); /* takes NULL; after tls_stop */

/*
 * Shakes hands on the connected socket fd, which is the bridge's from now on, also when this fails. ended is called
 * once, from the loop, unless tls_client_cancel comes before: with the plain, non-blocking socket, which is the
 * callee's then, or with -1 and the reason in a sentence (it lives for the call). 0 or -errno.
 */
int tls_client_connect(struct tls_client *client, int fd, int64_t handshake_limit_ms,
		void (*ended)(void *user, int plain_fd, const char *error), void *user);

/*
 * The same for programs without a loop: the plain, non-blocking socket comes back at once, or -errno. It reads end of
 * file when the handshake fails, and tls_client_lost says why.
 */
int tls_client_open(struct tls_client *client, int fd, int64_t handshake_limit_ms);

void tls_client_cancel(struct tls_client *client); /* a handshake under way, if any */

/* tls_client_cancel, and the last connection ends at once: what waits in it is not sent any more. */
void tls_client_abort(struct tls_client *client);

bool tls_client_resumed(struct tls_client *client); /* did the last handshake resume an earlier session? */

/*
 * Why the last connection ended, once the plain end reads end of file: "" when our side closed it. True when TLS was at
 * fault (the other side's alert, a damaged record), false when the other side merely closed.
 */
bool tls_client_lost(struct tls_client *client, char reason[static TLS_ERROR_MAX]);

/*
 * Whether the other side ended the last connection by its own word (close_notify). Whoever lies between can cut the TCP
 * connection, but cannot say that.
 */
bool tls_client_said_goodbye(struct tls_client *client);

/* ---- The server. ---- */

struct tls_server;

/* Reads certificate and key: 0, or -errno with the reason in error. Blocks while it reads. */
int tls_server_new(struct tls *tls, const struct tls_files *files, struct tls_server **server,
		char error[static TLS_ERROR_MAX]);
void tls_server_free(struct tls_server *server); /* takes NULL; after tls_stop, or when it has accepted nothing */

/*
 * The next connections are served with what another has read, which has accepted nothing yet and is freed; those that
 * there are go on as they are.
 */
void tls_server_replace(struct tls_server *server, struct tls_server *other);

/*
 * Serves the accepted socket fd, which is the bridge's from now on, also when this fails. The plain, non-blocking
 * socket comes back at once; it reads end of file when the handshake fails or has not ended within the limit. A client
 * that speaks plain HTTP gets an answer that says so. -EBUSY when all bridges are taken, and no earlier connection is
 * only waiting for its last words to be read; else -errno.
 */
int tls_server_accept(struct tls_server *server, int fd, int64_t handshake_limit_ms);

#endif
