/*
 * How Paho gets its sockets and what it reads from them, and how long it naps. The build renames some undefined symbols
 * of Paho's archive, so that Paho alone calls these instead of the C library's; nobody else's calls are touched.
 *
 * connect: the client makes its TCP connections itself (connector.h): all addresses of a name, a deadline, TCP_NODELAY,
 * and Paho's lock is never held across a look-up. Paho is then told to connect to MQTT_WIRE_ADDRESS, which is reserved
 * (240.0.0.0/4, RFC 1112) and can name no host; the port is the number of the connected descriptor, and our function
 * puts a duplicate of that in the place of Paho's own. Paho connects to nothing else.
 *
 * recv, poll, writev, close: between the socket and Paho stands the guard (guard.h). What comes is read in large pieces
 * into the wire's own buffer, and Paho gets the bytes of whole packets that are right, never one of another; poll says
 * that there is something to read only then, and does not sleep while there is. A packet that is wrong shuts the
 * connection down: Paho sees the socket end, and mqtt_wire_wrong has the reason. writev shows the guard what we send.
 * So the wire knows where a packet ends, in both directions: it sends a PINGREQ of our own between two of Paho's
 * packets, and keeps the PINGRESP from Paho, whose own pings are answered as ever.
 * Paho's buffer is as long as the longest packet from the first connection on: where it cannot grow, Paho 1.3 forgets
 * it, and no connection works any more.
 *
 * usleep: Paho 1.3 sleeps blindly for 100 ms whenever a poll of one second saw nothing, and while it has no socket: up
 * to 100 ms for a command that comes just then and for each connection. Ours ends a nap when a connection begins, and
 * skips the one after a poll.
 *
 * localtime, strftime: for the times in Paho's traces, which nobody asks for. See base/utc.h.
 */
#ifndef PORTCULLIS_MQTT_WIRE_H
#define PORTCULLIS_MQTT_WIRE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/alive.h"
#include "mqtt/age.h"

#define MQTT_WIRE_ADDRESS 0xf0000001u /* 240.0.0.1 */
#define MQTT_WIRE_URI_MAX 32
#define MQTT_WIRE_WRONG_MAX 160

struct mqtt_wire; /* one connection at a time */

/*
 * NULL without memory. alive, which may be NULL, is borrowed: while a connection is up, Paho's reading thread gives it a
 * sign of life at least once a second. mqtt_wire_free takes NULL; Paho has closed its socket by then.
 */
struct mqtt_wire *mqtt_wire_new(struct alive *alive);
void mqtt_wire_free(struct mqtt_wire *wire);

/*
 * The URI that makes Paho use the connected, non-blocking descriptor fd, which stays the caller's: the wire's next
 * connection. 0 or -EMFILE.
 */
int mqtt_wire_uri(struct mqtt_wire *wire, int fd, char uri[static MQTT_WIRE_URI_MAX]);

/* Whether the guard has ended the wire's last connection, and why: "the broker breaks MQTT: ...". From any thread. */
bool mqtt_wire_wrong(struct mqtt_wire *wire, char reason[static MQTT_WIRE_WRONG_MAX]);

/*
 * Has the broker answer: sends a PINGREQ of our own, as soon as no packet of Paho's is half sent. Nothing happens while
 * the answer to an earlier one is still to come, and before CONNACK. Does not block. From any thread.
 */
void mqtt_wire_ping(struct mqtt_wire *wire);

/* When mqtt_wire_ping was called whose answer is still to come; LOOP_NEVER: no answer is. From any thread. */
int64_t mqtt_wire_pinged_ms(struct mqtt_wire *wire);

/*
 * How old the messages of the broker can be. The wire counts CONNACK and the answers to our own pings; other answers
 * are counted by mqtt_wire_answered, with the time when what they answer was sent. From any thread.
 */
void mqtt_wire_answered(struct mqtt_wire *wire, int64_t sent_ms);
void mqtt_wire_age(struct mqtt_wire *wire, struct age *age);

/*
 * The calling thread's naps are not cut short: destroying Paho's last handle counts them, up to 100, for its threads to
 * end, and goes on without them after that.
 */
void mqtt_wire_be_patient(void);

/* For Paho alone: what its calls have become. */
int mqtt_wire_paho_connect(int fd, const struct sockaddr *address, socklen_t length);
ssize_t mqtt_wire_paho_recv(int fd, void *bytes, size_t size, int flags);
int mqtt_wire_paho_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
ssize_t mqtt_wire_paho_writev(int fd, const struct iovec *parts, int count);
int mqtt_wire_paho_close(int fd);
int mqtt_wire_paho_usleep(useconds_t us);
const struct tm *mqtt_wire_paho_localtime(const time_t *seconds);
size_t mqtt_wire_paho_strftime(char *text, size_t size, const char *format, const struct tm *time); /* empty */

#endif
