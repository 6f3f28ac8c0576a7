/*
 * The wire: what stands between Paho and its socket. The build renames some undefined symbols of Paho's archive, so
 * that only Paho calls the functions mqtt_wire_paho_... in the place of the C library's. A wire carries one connection
 * after the other. One static lock guards all wires, since Paho's calls carry no pointer of ours.
 *
 * connect: the client makes its TCP connections itself (connector.h), with all addresses of a name, a deadline and
 * TCP_NODELAY, and Paho's lock is never held during a look-up. Paho gets a URI with MQTT_WIRE_ADDRESS, which is
 * reserved (240.0.0.0/4, RFC 1112) and is no host's address; the port is the number of the connected descriptor. Our
 * connect puts a duplicate of that descriptor in the place of Paho's own. Paho connects to nothing else.
 *
 * recv, poll, writev, close: the guard (guard.h) checks all packets. Our recv reads large pieces into the wire's own
 * buffer and gives Paho only the bytes of whole packets that the guard has found right. Our poll reports something to
 * read only when there are such bytes, and does not sleep while there are. When a packet is wrong, the wire shuts the
 * connection down: Paho sees the socket end, and mqtt_wire_wrong gives the reason. Our writev shows the guard what Paho
 * sends. So the wire knows where packets end, in both directions: it sends PINGREQs of its own between two packets of
 * Paho, and keeps their PINGRESPs from Paho, whose own pings are answered as usual. At the first connection Paho's
 * buffer gets the length of the longest packet: when it cannot grow later, Paho 1.3 forgets it, and no connection works
 * any more.
 *
 * usleep: Paho 1.3 sleeps for 100 ms whenever a poll of one second has seen nothing, and while it has no socket. That
 * would delay a command, and each connection, by up to 100 ms. Our usleep ends when a connection begins, and returns at
 * once after a poll.
 *
 * localtime, strftime: only for the times in Paho's traces, which are off. See base/utc.h.
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

#define MQTT_WIRE_HOST "240.0.0.1"
#define MQTT_WIRE_ADDRESS 0xf0000001u /* the same, as a number */
#define MQTT_WIRE_URI_MAX 32
#define MQTT_WIRE_WRONG_MAX 160

struct mqtt_wire;

/*
 * Returns NULL when memory is short. alive is borrowed and may be NULL: while a connection is up, Paho's reading thread
 * gives it a sign of life at least once a second. mqtt_wire_free takes NULL; call it after Paho has closed its socket.
 */
struct mqtt_wire *mqtt_wire_new(struct alive *alive);
void mqtt_wire_free(struct mqtt_wire *wire);

/*
 * Begins the wire's next connection: writes the URI that makes Paho use the connected, non-blocking descriptor fd. The
 * caller still owns fd, and keeps it open until Paho has closed its own. Returns 0, or -EMFILE when fd is no possible
 * port number.
 */
int mqtt_wire_uri(struct mqtt_wire *wire, int fd, char uri[static MQTT_WIRE_URI_MAX]);

/*
 * Whether the guard has ended the wire's last connection; then reason says why ("the broker breaks MQTT: ..."). Any
 * thread.
 */
bool mqtt_wire_wrong(struct mqtt_wire *wire, char reason[static MQTT_WIRE_WRONG_MAX]);

/* Whether the kernel has ended the wire's last connection since nothing of the other side arrived for too long. Any thread. */
bool mqtt_wire_silent(struct mqtt_wire *wire);

/*
 * Sends a PINGREQ of our own, as soon as no packet of Paho is half sent, so that the broker has to answer. Does nothing
 * before CONNACK, and while an earlier one is unanswered. Does not block. Any thread.
 */
void mqtt_wire_ping(struct mqtt_wire *wire);

/* When the unanswered PINGREQ was asked for by mqtt_wire_ping; LOOP_NEVER: there is none. Any thread. */
int64_t mqtt_wire_pinged_ms(struct mqtt_wire *wire);

/*
 * The age of the broker's messages (age.h). The wire itself takes CONNACK and the answers to our own pings into
 * account. For each publish say when it goes out, when it could not, and when its answer has come; packet is a number
 * below AGE_PING that no other publish in flight has; and say when more begins or ceases to wait than may go out.
 * mqtt_wire_age copies the state to age. Any thread.
 */
void mqtt_wire_sent(struct mqtt_wire *wire, unsigned packet);
void mqtt_wire_unsent(struct mqtt_wire *wire, unsigned packet);
void mqtt_wire_answered(struct mqtt_wire *wire, unsigned packet);
void mqtt_wire_waits(struct mqtt_wire *wire, bool waits);
void mqtt_wire_age(struct mqtt_wire *wire, struct age *age);

/*
 * From now on usleep sleeps as long as it is asked to in the calling thread. Call it before Paho's last handle is
 * destroyed: Paho then waits for its threads by up to 100 such sleeps, and goes on without them after that.
 */
void mqtt_wire_be_patient(void);

/* Only for Paho: the functions that the build puts in the place of the C library's. */
int mqtt_wire_paho_connect(int fd, const struct sockaddr *address, socklen_t length);
ssize_t mqtt_wire_paho_recv(int fd, void *bytes, size_t size, int flags);
int mqtt_wire_paho_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
ssize_t mqtt_wire_paho_writev(int fd, const struct iovec *parts, int count);
int mqtt_wire_paho_close(int fd);
int mqtt_wire_paho_usleep(useconds_t us);
const struct tm *mqtt_wire_paho_localtime(const time_t *seconds);
size_t mqtt_wire_paho_strftime(char *text, size_t size, const char *format, const struct tm *time); /* empty */

#endif
