/*
 * Who is let in: pure questions about a request's headers and the configuration. No state, no allocation.
 */
#ifndef PORTCULLIS_HTTP_GUARD_H
#define PORTCULLIS_HTTP_GUARD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http.h"

struct sockaddr;
struct sockaddr_storage;

/* A numeric address and a port as bind(2) and connect(2) take it; returns its length, 0 when it is no address. */
unsigned http_guard_address(const char *address, uint16_t port, struct sockaddr_storage *out);
bool http_guard_loopback(const struct sockaddr *address); /* mapped IPv4 included */

/* Who asks: for the log, and as one of those who may have guessed before. */
struct http_peer {
	char text[INET6_ADDRSTRLEN];
	bool loopback;
	uint64_t network; /* of an IPv4 address all of it, of an IPv6 address the first 64 bits */
	uint64_t host;    /* of an IPv6 address the rest, else 0 */
};
void http_guard_peer(const struct sockaddr *address, struct http_peer *peer); /* "" for what is no IP address */

/* May a request with this Host (name or address, with or without port) be answered? */
bool http_guard_host(const struct http_config *config, const char *host);

/*
 * Was an unsafe request sent by our own page or by no page at all? Origin must name the Host to the letter, port
 * included, since another service of the same machine is another origin; "" = not sent.
 */
bool http_guard_origin(const char *origin, const char *fetch_site, const char *host);

/* What Authorization must be, for configured username and password: "" where none are. False when they are too long. */
#define HTTP_CREDENTIALS_MAX (6 + (HTTP_PASSWORD_MAX + 1 + 2) / 3 * 4)
bool http_guard_credentials(const struct http_config *config, char credentials[static HTTP_CREDENTIALS_MAX + 1]);

/*
 * The user name, a colon and the password that an Authorization header holds ("" when it holds none). plain is as large
 * as the header and not terminated; returns its length.
 */
size_t http_guard_decode(const char *authorization, char *plain);

/* In a time that does not tell how much of it was right. */
bool http_guard_authorized(const char *credentials, const char *authorization);

#endif
