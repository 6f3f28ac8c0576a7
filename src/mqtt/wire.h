/*
 * How Paho gets its sockets, and how long it naps. The build renames some undefined symbols of Paho's archive, so that
 * Paho alone calls these instead of the C library's; nobody else's calls are touched.
 *
 * connect: the client makes its TCP connections itself (connector.h): all addresses of a name, a deadline, TCP_NODELAY,
 * and Paho's lock is never held across a look-up. Paho is then told to connect to MQTT_WIRE_ADDRESS, which is reserved
 * (240.0.0.0/4, RFC 1112) and can name no host; the port is the number of the connected descriptor, and our function
 * puts a duplicate of that in the place of Paho's own.
 *
 * usleep: Paho 1.3 sleeps blindly for 100 ms whenever a poll of one second saw nothing, and while it has no socket: up
 * to 100 ms for a command that comes just then and for each connection. Ours ends a nap when a connection begins, and
 * skips the one after a poll.
 *
 * localtime, strftime: for the times in Paho's traces, which nobody asks for. See base/utc.h.
 */
#ifndef PORTCULLIS_MQTT_WIRE_H
#define PORTCULLIS_MQTT_WIRE_H

#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MQTT_WIRE_ADDRESS 0xf0000001u /* 240.0.0.1 */
#define MQTT_WIRE_URI_MAX 32

/* The URI that makes Paho use the connected, non-blocking descriptor fd, which stays the caller's. 0 or -EMFILE. */
int mqtt_wire_uri(int fd, char uri[static MQTT_WIRE_URI_MAX]);

/*
 * The calling thread's naps are not cut short: destroying Paho's last handle counts them, up to 100, for its threads to
 * end, and goes on without them after that.
 */
void mqtt_wire_be_patient(void);

/* For Paho alone: what its calls have become. */
int mqtt_wire_paho_connect(int fd, const struct sockaddr *address, socklen_t length);
int mqtt_wire_paho_usleep(useconds_t us);
const struct tm *mqtt_wire_paho_localtime(const time_t *seconds);
size_t mqtt_wire_paho_strftime(char *text, size_t size, const char *format, const struct tm *time); /* empty */

#endif
