/* What tests need of the server beside http.h. */
#ifndef PORTCULLIS_HTTP_SERVER_H
#define PORTCULLIS_HTTP_SERVER_H

#include <sys/socket.h>

#include "http/http.h"

/*
 * A connected stream socket becomes a client, as if it had been accepted from address. The server owns fd from here on,
 * whatever comes back: 0, or -EBUSY when there was no room and the client was told so.
 */
int http_adopt(struct http *http, int fd, const struct sockaddr *address);

#endif
