/*
 * May a request be answered? Pure questions about its headers and the configuration. No state, no allocation.
 */
#ifndef PORTCULLIS_HTTP_GUARD_H
#define PORTCULLIS_HTTP_GUARD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http.h"

struct sockaddr;

/* The address that a request comes from: for the log, and for the count of guesses. */
struct http_peer {
	char text[INET6_ADDRSTRLEN];
	bool loopback;
	uint64_t network; /* the whole IPv4 address, or the first 64 bits of an IPv6 address */
	uint64_t host;    /* the other bits of an IPv6 address, else 0 */
};
/* Sets peer; its text is "" when address is no IP address. */
void http_guard_peer(const struct sockaddr *address, struct http_peer *peer);

/* Whether a request with this Host (a name or an address, with or without a port) may be answered. */
bool http_guard_host(const struct http_config *config, const char *host);

/*
 * Whether a POST comes from our own page or from no page at all. The origin must be exactly the Host, with its port,
 * since another service of the same machine is another origin. "": the header was not sent.
 */
bool http_guard_origin(const char *origin, const char *fetch_site, const char *host);

/*
 * Writes what Authorization must be for the configured user name and password; "" when none are configured. False when
 * they are longer than HTTP_PASSWORD_MAX together.
 */
#define HTTP_CREDENTIALS_MAX (6 + (HTTP_PASSWORD_MAX + 1 + 2) / 3 * 4)
bool http_guard_credentials(const struct http_config *config, char credentials[static HTTP_CREDENTIALS_MAX + 1]);

/* Whether an Authorization header has credentials of Basic authentication. */
bool http_guard_is_basic(const char *authorization);

/*
 * Decodes an Authorization header to user name, colon and password. plain must be as large as the header; it is not
 * terminated. Returns its length, or 0 when the header has no credentials of Basic authentication.
 */
size_t http_guard_decode(const char *authorization, char *plain);

/*
 * Whether authorization equals credentials, which http_guard_credentials has written. Takes a time that does not show
 * how many bytes were right. False for credentials "".
 */
bool http_guard_authorized(const char *credentials, const char *authorization);

#endif
