/*
 * The pages for people. rest is what follows the route in the path. Each leaves a whole answer.
 */
#ifndef PORTCULLIS_HTTP_VIEWS_H
#define PORTCULLIS_HTTP_VIEWS_H

#include "http/exchange.h"

void http_get_page(const struct http_exchange *exchange, const char *rest);
void http_get_setup(const struct http_exchange *exchange, const char *rest);
void http_get_learn(const struct http_exchange *exchange, const char *rest);
void http_get_manifest(const struct http_exchange *exchange, const char *rest);

#endif
