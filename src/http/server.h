/* For tests only: what they need of the server besides http.h. */
#ifndef PORTCULLIS_HTTP_SERVER_H
#define PORTCULLIS_HTTP_SERVER_H

#include <sys/socket.h>

#include "http/http.h"

/*
 * Makes a client of the connected stream socket fd, as if it had been accepted from address. fd belongs to the server
 * from now on, also when this returns an error. Returns 0; or -EBUSY when there was no place, and the client got a 503.
 */
int http_adopt(struct http *http, int fd, const struct sockaddr *address);

#endif
