/*
 * Numeric addresses: which kind one is, whether it is this machine's own, and how to connect to one within a time. The
 * configuration, --check and the page all ask here. Nothing here asks a name service. Any thread. Only net_wait,
 * net_receive and net_connect block. The functions about addresses are pure, except net_is_here.
 */
#ifndef PORTCULLIS_BASE_NET_H
#define PORTCULLIS_BASE_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Converts an address of IPv4 or IPv6 (without brackets and zone) and a port to what bind(2) and connect(2) take.
 * Returns its length, or 0 when text is no such address.
 */
socklen_t net_address(const char *text, uint16_t port, struct sockaddr_storage *out);

/*
 * Writes HOST:PORT, with brackets around an IPv6 address. A host that is longer than a name can be (253 bytes) is cut.
 */
#define NET_PRINT_MAX 272
void net_print(const char *host, uint16_t port, char text[static NET_PRINT_MAX]);

/* True for 127.0.0.0/8, also mapped into IPv6 (::ffff:127.0.0.1), for ::1, and for AF_UNIX. */
bool net_is_loopback(const struct sockaddr *address);

/* True for an address for which net_is_loopback is true, however it is written, and for the name localhost. */
bool net_is_loopback_host(const char *host);

/* True for an address of fe80::/10, with or without %ZONE. */
bool net_is_link_local(const char *text);

/*
 * Whether an interface of this machine has the address now: tries to bind a socket to it. Also true when that cannot be
 * found out, or text is no address. port is one that the caller may bind; 0: any.
 */
bool net_is_here(const char *text, uint16_t port);

/*
 * Blocks until fd is ready for events (those of poll(2)) or has an error, or until the loop's clock reaches until_ms.
 * Returns 0, -ETIMEDOUT at until_ms, or -errno. until_ms is at most INT_MAX ms away: LOOP_NEVER is no such time.
 */
int net_wait(int fd, short events, int64_t until_ms);

/*
 * Receives until the other side ends, or size bytes are there. Blocks as net_wait does. Returns the number of bytes or
 * -errno.
 */
ssize_t net_receive(int fd, void *bytes, size_t size, int64_t until_ms);

/*
 * Connects the non-blocking socket fd. Blocks as net_wait does. Returns 0 or -errno; the caller closes fd in either
 * case.
 */
int net_connect(int fd, const struct sockaddr *address, socklen_t length, int64_t until_ms);

#endif
