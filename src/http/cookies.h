/*
 * Finds this site's cookies in the Cookie headers of a request, as their bytes come. Browsers send the cookies of every
 * service on the same host, whatever its port, so a header may be long. Other cookies are ignored. Pure; no allocation.
 */
#ifndef PORTCULLIS_HTTP_COOKIES_H
#define PORTCULLIS_HTTP_COOKIES_H

#include <stdbool.h>
#include <stddef.h>

#include "http/session.h"

/*
 * The cookie with a session's token. A browser accepts a name with __Host- only from this very host and over TLS, and
 * sends it nowhere else (RFC 6265bis, 4.1.3.2).
 */
#define HTTP_COOKIE_SESSION "portcullis"
#define HTTP_COOKIE_SESSION_TLS "__Host-portcullis"

/* No secret: somebody has logged in by the form in this browser before. */
#define HTTP_COOKIE_FORM "portcullis-form"

#define HTTP_COOKIE_PAIR_MAX (sizeof(HTTP_COOKIE_SESSION_TLS) + HTTP_SESSION_LENGTH)

struct http_cookies {
	char session[HTTP_SESSION_LENGTH + 1];     /* the first of its name and length, or "" */
	char session_tls[HTTP_SESSION_LENGTH + 1]; /* the first of its name and length, or "" */
	bool form;
	char pair[HTTP_COOKIE_PAIR_MAX]; /* private: the pair that is being read */
	size_t length; /* private: its length; more than sizeof(pair) means that it is not one of ours */
};

void http_cookies_reset(struct http_cookies *cookies);                                  /* before each request */
void http_cookies_feed(struct http_cookies *cookies, const char *bytes, size_t length); /* the next bytes of a header */
void http_cookies_end(struct http_cookies *cookies); /* the header is complete; another one may follow */

#endif
