/*
 * How Paho gets its sockets, and how long it naps. Linking with mqtt_link_args (--wrap) puts these two between Paho and
 * the C library; no other call of the binary changes its meaning.
 *
 * connect: the client makes its TCP connections itself (connector.h): all addresses of a name, a deadline, TCP_NODELAY,
 * and Paho's lock is never held across a look-up. Paho is then told to connect to MQTT_WIRE_ADDRESS, which is reserved
 * (240.0.0.0/4, RFC 1112) and can name no host; the port is the number of the connected descriptor, and the wrapper
 * puts a duplicate of that in the place of Paho's own. Whoever connects to anything else is not touched.
 *
 * usleep: Paho 1.3 sleeps blindly for 100 ms whenever a poll of one second saw nothing, and while it has no socket: up
 * to 100 ms for a command that comes just then and for each connection. The wrapper ends a nap when a connection
 * begins, and skips the one after a poll. The thread that calls it is taken for Paho's: use nanosleep in our own code.
 */
#ifndef PORTCULLIS_MQTT_WIRE_H
#define PORTCULLIS_MQTT_WIRE_H

#include <sys/socket.h>
#include <unistd.h>

#define MQTT_WIRE_ADDRESS 0xf0000001u /* 240.0.0.1 */
#define MQTT_WIRE_URI_MAX 32

/* The URI that makes Paho use the connected, non-blocking descriptor fd, which stays the caller's. 0 or -EMFILE. */
int mqtt_wire_uri(int fd, char uri[static MQTT_WIRE_URI_MAX]);

/* connect(2) itself, for connections that are really to be made. */
int mqtt_wire_connect(int fd, const struct sockaddr *address, socklen_t length);

#endif
