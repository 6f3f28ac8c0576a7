/*
 * Numeric addresses: what one is, whether it is this machine's own, and which kind. The one place that knows, for the
 * configuration, --check and the page. Pure but for net_is_here; nothing here asks a name service.
 */
#ifndef PORTCULLIS_BASE_NET_H
#define PORTCULLIS_BASE_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* An address of IPv4 or IPv6 (no brackets) and a port, as bind(2) and connect(2) take it. Its length; 0: no address. */
socklen_t net_address(const char *text, uint16_t port, struct sockaddr_storage *out);

/* 127.0.0.0/8, ::1, the former mapped into IPv6, and AF_UNIX. */
bool net_is_loopback(const struct sockaddr *address);

/* The same of a text: an address, however it is written, or the name localhost. */
bool net_is_loopback_host(const char *host);

bool net_is_link_local(const char *text); /* fe80::/10, with or without %ZONE */

/* Has an interface of this machine that address now? Tries to bind a socket to it. Also true where nobody can tell. The
 * port is one that the caller may bind; 0: any. */
bool net_is_here(const char *text, uint16_t port);

#endif
