/*
 * The cookies of this site in a request's Cookie header, taken from it as its bytes come. Browsers send the cookies of
 * every service on the same host, whatever its port, so the header may be long: all others are passed over. Pure; no
 * allocation.
 */
#ifndef PORTCULLIS_HTTP_COOKIES_H
#define PORTCULLIS_HTTP_COOKIES_H

#include <stdbool.h>
#include <stddef.h>

#include "http/session.h"

/*
 * A session's token. A browser takes the name with __Host- only from this very host and over TLS, and sends it nowhere
 * else (RFC 6265bis, 4.1.3.2).
 */
#define HTTP_COOKIE_SESSION "portcullis"
#define HTTP_COOKIE_SESSION_TLS "__Host-portcullis"

/* No secret: the person at this browser has logged in by the form before. */
#define HTTP_COOKIE_FORM "portcullis-form"

#define HTTP_COOKIE_PAIR_MAX (sizeof(HTTP_COOKIE_SESSION_TLS) + HTTP_SESSION_LENGTH)

struct http_cookies {
	char session[HTTP_SESSION_LENGTH + 1];     /* the first of its name and length, or "" */
	char session_tls[HTTP_SESSION_LENGTH + 1]; /* likewise */
	bool form;
	char pair[HTTP_COOKIE_PAIR_MAX]; /* private: the pair that is being read */
	size_t length;                   /* private: of it; beyond sizeof(pair) it is too long to be one of ours */
};

void http_cookies_reset(struct http_cookies *cookies);
void http_cookies_feed(struct http_cookies *cookies, const char *bytes, size_t length); /* the next bytes of a header */
void http_cookies_end(struct http_cookies *cookies); /* of one header; another may follow */

#endif
