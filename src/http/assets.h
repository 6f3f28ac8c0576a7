/*
 * The page's own files, as constants of the program.
 */
#ifndef PORTCULLIS_HTTP_ASSETS_H
#define PORTCULLIS_HTTP_ASSETS_H

#include "http/exchange.h"

bool http_is_asset(const char *path);
void http_get_asset(const struct http_exchange *exchange, const char *path); /* path is an asset */

#endif
