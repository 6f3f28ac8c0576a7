/*
 * TLS between a plain socket and the wire: a bridge.
 *
 * The caller passes a connected or accepted TCP socket (the wire) and gets a plain stream socket back, one end of a
 * socketpair. A thread for each connection speaks TLS 1.2 or 1.3 on the wire. So neither the handshake's slow
 * arithmetic nor a slow peer ever runs in the caller's loop. Closing the plain end ends the connection in good order:
 * what was written before is still sent, for at most TLS_FLUSH_LIMIT_MS.
 *
 * All functions belong to one thread, the loop's. None of them blocks unless its comment says so. Only this room uses
 * mbedTLS. A client always verifies its peer: nothing can turn that off, and when the trusted certificates cannot be
 * read there is no connection.
 */
#ifndef PORTCULLIS_TLS_TLS_H
#define PORTCULLIS_TLS_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/loop.h"

#define TLS_ERROR_MAX 384
#define TLS_BRIDGES_MAX 52      /* connections at a time, both roles together: a thread and about 100 KB each */
#define TLS_BRIDGES_CLIENTS 8   /* of these, reserved for clients */
#define TLS_BRIDGES_LEAVING 8   /* besides these: connections that were told to stop and are about to end */
#define TLS_FLUSH_LIMIT_MS 5000 /* after the plain end is closed */
#define TLS_PASSWORD_MAX 256    /* bytes of a key's password */
#define TLS_PATH_MAX 255        /* bytes of a file's path */
#define TLS_SERVER_NAME_MAX 253

struct tls;

/*
 * Makes what all connections share, and initializes mbedTLS. Call it before another thread uses this room; threads that
 * do not may run already. log is borrowed until tls_free. Returns 0; -ENOMEM; or -EIO when mbedTLS gets no random
 * numbers.
 */
int tls_new(const struct log *log, struct tls **tls);

/*
 * Cuts every connection and blocks until the threads have ended; each ends at its next step, within some ms. No
 * connection can be started afterwards. At the end call first tls_stop, then tls_client_free and tls_server_free, then
 * tls_free. Takes NULL.
 */
void tls_stop(struct tls *tls);
void tls_free(struct tls *tls); /* takes NULL */

/*
 * Paths of PEM files; NULL: none. The paths are copied. A client reads the files again for each connection, a server
 * when one of them has changed: a renewed file needs no restart.
 */
struct tls_files {
	const char *ca_file; /* the CAs that may sign the peer's certificate; NULL: the system's bundle (client) */
	const char *certificate_file; /* our own, followed by its intermediate ones */
	const char *key_file;
	const char *key_password_file; /* its first line */
	const char *pinned_file;       /* client: accept only this certificate, whatever its CA, name and dates are */
};

/* The path of the system's bundle of CAs, a constant; NULL when there is none in the known places. */
const char *tls_system_bundle(void);

enum tls_role { TLS_CLIENT, TLS_SERVER };

/*
 * For --check: reads the files as a connection would. Returns 0, or -errno with the reason in error. Certificates of
 * ca_file that mbedTLS cannot read are left out, which is logged as a warning. Blocks while it reads.
 */
int tls_check(struct tls *tls, enum tls_role role, const struct tls_files *files, char error[static TLS_ERROR_MAX]);

/* ---- The client: connections to one server, one at a time. ---- */

struct tls_client;

/*
 * server is the name or address that the server's certificate must have; it is copied. loop may be NULL if only
 * tls_client_open is used. Returns 0 or -errno: -ENAMETOOLONG when server or a path is longer than its bound. Freed
 * with tls_client_free.
 */
int tls_client_new(struct tls *tls, struct loop *loop, const struct tls_files *files, const char *server,
		struct tls_client **client);

/*
 * Sets another server or other files for later connections; cancels a handshake under way. 0, or -errno as
 * tls_client_new.
 */
int tls_client_aim(struct tls_client *client, const struct tls_files *files, const char *server);
void tls_client_free(struct tls_client *client); /* takes NULL; after tls_stop */

/*
 * Starts a handshake on the connected socket fd, and cancels one that is under way. fd belongs to the bridge from now
 * on, also when this returns an error. Returns 0 or -errno; after an error, ended is not called. Otherwise ended is
 * called once, from the loop, unless tls_client_cancel, tls_client_connect or tls_client_aim comes first. It gets the
 * plain, non-blocking socket, which belongs to the callee; or -1 with the reason in a sentence, valid for the call.
 */
int tls_client_connect(struct tls_client *client, int fd, int64_t handshake_limit_ms,
		void (*ended)(void *user, int plain_fd, const char *error), void *user);

/*
 * For programs without a loop: starts a handshake like tls_client_connect, but returns the plain, non-blocking socket
 * at once, or -errno. The socket reads end of file when the handshake fails; tls_client_lost then says why.
 */
int tls_client_open(struct tls_client *client, int fd, int64_t handshake_limit_ms);

void tls_client_cancel(struct tls_client *client); /* ends a handshake under way, if there is one */

/* tls_client_cancel, and the last connection ends at once: what waits in it is not sent any more. */
void tls_client_abort(struct tls_client *client);

bool tls_client_resumed(struct tls_client *client); /* did the last handshake resume an earlier session? */

/*
 * Why the last connection ended; call it after the plain end has read end of file. reason is "" when our side closed
 * it. Returns true when TLS failed after the handshake (an alert from the other side, a damaged record); false when a
 * side closed or cut the connection, or the handshake had failed.
 */
bool tls_client_lost(struct tls_client *client, char reason[static TLS_ERROR_MAX]);

/*
 * Whether the other side ended the last connection with TLS's close_notify. An attacker on the way can cut the TCP
 * connection, but cannot forge that.
 */
bool tls_client_said_goodbye(struct tls_client *client);

/* ---- The server. ---- */

struct tls_server;

/* Reads certificate and key. Returns 0, or -errno with the reason in error. Blocks while it reads. */
int tls_server_new(struct tls *tls, const struct tls_files *files, struct tls_server **server,
		char error[static TLS_ERROR_MAX]);
void tls_server_free(struct tls_server *server); /* takes NULL; after tls_stop, or if it has never accepted a socket */

/*
 * Later connections of server use the certificate and key of other. other must never have accepted a socket; it is
 * freed. Connections that exist go on as they are.
 */
void tls_server_replace(struct tls_server *server, struct tls_server *other);

/*
 * Serves the accepted socket fd, which belongs to the bridge from now on, also when this returns an error. Returns the
 * plain, non-blocking socket at once, or -errno. The plain socket reads end of file when the handshake fails or exceeds
 * the limit. A client that speaks plain HTTP gets an answer that says so. When all bridges are taken, the oldest
 * connection that is only flushing its last bytes is stopped to make room; -EBUSY when there is none.
 */
int tls_server_accept(struct tls_server *server, int fd, int64_t handshake_limit_ms);

#endif
