/*
 * The routes of the API. rest is what follows the route in the path. Each leaves a whole answer.
 */
#ifndef PORTCULLIS_HTTP_API_H
#define PORTCULLIS_HTTP_API_H

#include "http/exchange.h"

void http_get_doors(const struct http_exchange *exchange, const char *rest);
void http_get_peers(const struct http_exchange *exchange, const char *rest);
void http_get_events(const struct http_exchange *exchange, const char *rest);
void http_get_history(const struct http_exchange *exchange, const char *rest);
void http_get_metrics(const struct http_exchange *exchange, const char *rest);
void http_get_health(const struct http_exchange *exchange, const char *rest);
void http_post_command(const struct http_exchange *exchange, const char *rest);
void http_post_lockout(const struct http_exchange *exchange, const char *rest);
void http_post_pulse(const struct http_exchange *exchange, const char *rest);
void http_post_poke(const struct http_exchange *exchange, const char *rest);
void http_post_peer_command(const struct http_exchange *exchange, const char *rest);

#endif
