/*
 * Who is let in, and how a session begins and ends.
 */
#ifndef PORTCULLIS_HTTP_ACCESS_H
#define PORTCULLIS_HTTP_ACCESS_H

#include "http/exchange.h"

/* Whether one of the cookies is that of a valid session. */
bool http_site_in_session(const struct http_site *site, const struct http_cookies *cookies);

/* True when the request may go on. Else the answer is made, or *exchange->checking is set. */
bool http_exchange_let_in(const struct http_exchange *exchange);

/* Routes that are open to everybody. Each leaves a whole answer, or http_post_login sets *exchange->checking. */
void http_get_login(const struct http_exchange *exchange, const char *rest);
void http_post_login(const struct http_exchange *exchange, const char *rest);
void http_post_logout(const struct http_exchange *exchange, const char *rest);

#endif
