/*
 * Paho's calls bring a descriptor and no context: the wires are in a list, each with the descriptor that Paho has of
 * it. One lock is for the list and all in it: Paho writes from some threads and reads in one, and our own PINGREQ goes
 * out from the loop's. The lock is never held while something waits: the sockets do not block.
 *
 * A PINGREQ of our own has two bytes. Both wait while a packet of Paho's is half sent, and then go out with the write
 * that ends it. Where the socket takes one byte alone, Paho's next write waits for the other (EAGAIN, after which Paho
 * tries again). What the socket did not take at first is tried again whenever Paho's reading thread polls, at least once
 * a second.
 *
 * Paho has treated a packet before it polls again or reads the next one. So the answer to our PINGREQ, which is taken
 * from the stream there, counts for no message that came before it.
 */
#include "mqtt/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/loop.h"
#include "mqtt/packet.h"
#include "mqtt/stream.h"

#define SETTLING_MS 200 /* Paho watches a new socket only some time after connect */
#define SETTLING_NAP_US 1000

struct mqtt_wire {
	struct mqtt_wire *next;
	int fd, paho_fd;   /* -1: none */
	const uint8_t *at; /* of a right packet: what Paho has not read yet */
	size_t left;
	bool ended;        /* the other side says no more, or the guard wants no more */
	const char *wrong; /* what was; NULL = nothing */
	bool ours;         /* in what we sent */
	bool silent;       /* the kernel gave the connection up: nothing of the other side arrived any more */
	uint8_t first;     /* byte of the packet in which it was */
	unsigned unsent;   /* bytes of our own PINGREQ */
	struct age age;
	struct alive *alive; /* borrowed; NULL = nobody wants to know */
	struct mqtt_stream stream;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mqtt_wire *wires;

/* A count of the connections begun and the last one's time, for those who nap. */
static _Atomic uint32_t connections, connected_ms;

/* Paho's own, for which it has no header. */
char *SocketBuffer_getQueuedData(int fd, size_t size, size_t *length);

/* Holding the lock, as for all below. */
static struct mqtt_wire *find_wire(int paho_fd)
{
	struct mqtt_wire *wire = wires;
	while (wire && wire->paho_fd != paho_fd)
		wire = wire->next;
	return wire;
}

static void end_wrongly(struct mqtt_wire *wire, const char *wrong, uint8_t first, bool ours)
{
	wire->ended = true;
	wire->wrong = wrong;
	wire->first = first;
	wire->ours = ours;
	shutdown(wire->paho_fd, SHUT_RDWR);
}

/* The next packet for Paho, of what has come; our own PINGREQ's answer is noted on the way. */
static void next_packet(struct mqtt_wire *wire)
{
	if (wire->left > 0 || wire->wrong)
		return;
	const struct mqtt_guard *guard = &wire->stream.guard;
	bool pinging = guard->own, greeting = guard->phase == MQTT_GUARD_GREETING;
	const uint8_t *packet;
	const char *wrong = mqtt_stream_take(&wire->stream, &packet, &wire->left);
	wire->at = packet;
	if (wrong) {
		end_wrongly(wire, wrong, *packet, false);
		return;
	}
	if (pinging && !guard->own)
		age_answered(&wire->age, AGE_PING, loop_now_ms());
	if (greeting && guard->phase == MQTT_GUARD_OPEN)
		age_answered(&wire->age, AGE_CONNECT, loop_now_ms());
}

/* Notes what the errno of a call on the socket tells of the connection's end: each tells it to one call only. */
static void note_error(struct mqtt_wire *wire, int error)
{
	if (error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH || error == ENETDOWN)
		wire->silent = true;
}

/* Takes in what the socket has, unless there is enough for Paho to go on with. */
static void read_socket(struct mqtt_wire *wire)
{
	size_t room;
	next_packet(wire);
	if (wire->left > 0 || wire->ended)
		return;
	uint8_t *bytes = mqtt_stream_room(&wire->stream, &room);
	ssize_t got = recv(wire->paho_fd, bytes, room, MSG_DONTWAIT);
	if (got > 0) {
		mqtt_stream_came(&wire->stream, (size_t)got);
		next_packet(wire);
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		wire->ended = true;
		note_error(wire, got == 0 ? 0 : errno);
	}
}

/* Sends what is left of our own PINGREQ, where that cuts no packet of Paho's. */
static void send_ping(struct mqtt_wire *wire)
{
	static const uint8_t ping[2] = {0xc0, 0};
	if (wire->unsent == 0 || wire->wrong || (wire->unsent == sizeof(ping) && !mqtt_stream_between(&wire->stream)))
		return;
	ssize_t sent = send(
			wire->paho_fd, ping + sizeof(ping) - wire->unsent, wire->unsent, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent <= 0) { /* later; or the connection has ended, and Paho will see that */
		note_error(wire, errno);
		return;
	}
	wire->unsent -= (unsigned)sent;
	if (wire->unsent == 0)
		mqtt_guard_pinged(&wire->stream.guard);
}

/* Forgets the connection before; the stream's bytes may be anything. */
static void begin_wire(struct mqtt_wire *wire, struct mqtt_wire *next, struct alive *alive, int fd)
{
	memset(wire, 0, offsetof(struct mqtt_wire, stream.out));
	wire->next = next;
	wire->alive = alive;
	wire->fd = fd;
	wire->paho_fd = -1;
	age_begin(&wire->age, loop_now_ms());
}

struct mqtt_wire *mqtt_wire_new(struct alive *alive)
{
	struct mqtt_wire *wire = malloc(sizeof(*wire)); /* its pages are taken as they are used */
	if (!wire)
		return NULL;
	pthread_mutex_lock(&lock);
	begin_wire(wire, wires, alive, -1);
	wires = wire;
	pthread_mutex_unlock(&lock);
	return wire;
}

void mqtt_wire_free(struct mqtt_wire *wire)
{
	if (!wire)
		return;
	pthread_mutex_lock(&lock);
	struct mqtt_wire **at = &wires;
	while (*at != wire)
		at = &(*at)->next;
	*at = wire->next;
	pthread_mutex_unlock(&lock);
	free(wire);
}

int mqtt_wire_uri(struct mqtt_wire *wire, int fd, char uri[static MQTT_WIRE_URI_MAX])
{
	if (fd <= 0 || fd > UINT16_MAX)
		return -EMFILE;
	pthread_mutex_lock(&lock);
	begin_wire(wire, wire->next, wire->alive, fd);
	pthread_mutex_unlock(&lock);
	snprintf(uri, MQTT_WIRE_URI_MAX, "tcp://" MQTT_WIRE_HOST ":%d", fd);
	return 0;
}

bool mqtt_wire_wrong(struct mqtt_wire *wire, char reason[static MQTT_WIRE_WRONG_MAX])
{
	pthread_mutex_lock(&lock);
	bool wrong = wire->wrong;
	if (wrong)
		snprintf(reason, MQTT_WIRE_WRONG_MAX, "%s: %s: %s",
				wire->ours ? "the guard cannot follow what was sent" : "the broker breaks MQTT",
				mqtt_packet_name(wire->first), wire->wrong);
	pthread_mutex_unlock(&lock);
	return wrong;
}

bool mqtt_wire_silent(struct mqtt_wire *wire)
{
	pthread_mutex_lock(&lock);
	bool silent = wire->silent;
	pthread_mutex_unlock(&lock);
	return silent;
}

void mqtt_wire_ping(struct mqtt_wire *wire)
{
	pthread_mutex_lock(&lock);
	if (wire->paho_fd >= 0 && wire->age.sent_ms[AGE_PING] == LOOP_NEVER &&
			wire->stream.guard.phase == MQTT_GUARD_OPEN) {
		age_sent(&wire->age, AGE_PING, loop_now_ms());
		wire->unsent = 2;
		send_ping(wire);
	}
	pthread_mutex_unlock(&lock);
}

int64_t mqtt_wire_pinged_ms(struct mqtt_wire *wire)
{
	pthread_mutex_lock(&lock);
	int64_t pinged_ms = wire->age.sent_ms[AGE_PING];
	pthread_mutex_unlock(&lock);
	return pinged_ms;
}

void mqtt_wire_sent(struct mqtt_wire *wire, unsigned packet)
{
	pthread_mutex_lock(&lock);
	age_sent(&wire->age, packet, loop_now_ms());
	pthread_mutex_unlock(&lock);
}

void mqtt_wire_unsent(struct mqtt_wire *wire, unsigned packet)
{
	pthread_mutex_lock(&lock);
	age_unsent(&wire->age, packet);
	pthread_mutex_unlock(&lock);
}

void mqtt_wire_answered(struct mqtt_wire *wire, unsigned packet)
{
	pthread_mutex_lock(&lock);
	age_answered(&wire->age, packet, loop_now_ms());
	pthread_mutex_unlock(&lock);
}

void mqtt_wire_waits(struct mqtt_wire *wire, bool waits)
{
	pthread_mutex_lock(&lock);
	age_waits(&wire->age, waits, loop_now_ms());
	pthread_mutex_unlock(&lock);
}

void mqtt_wire_age(struct mqtt_wire *wire, struct age *age)
{
	pthread_mutex_lock(&lock);
	*age = wire->age;
	pthread_mutex_unlock(&lock);
}

int mqtt_wire_paho_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	const struct sockaddr_in *in = (const void *)address;
	if (!address || length < sizeof(*in) || address->sa_family != AF_INET ||
			in->sin_addr.s_addr != htonl(MQTT_WIRE_ADDRESS)) {
		errno = EACCES;
		return -1;
	}
	size_t has;
	SocketBuffer_getQueuedData(-1, MQTT_GUARD_PACKET_MAX, &has); /* under Paho's lock: see wire.h */
	int number = ntohs(in->sin_port), result = -1;
	pthread_mutex_lock(&lock);
	struct mqtt_wire *wire = wires;
	while (wire && wire->fd != number)
		wire = wire->next;
	errno = ENOTCONN;
	if (wire && wire->paho_fd < 0 && dup3(number, fd, O_CLOEXEC) >= 0) {
		wire->paho_fd = fd;
		result = 0;
	}
	pthread_mutex_unlock(&lock);
	if (result)
		return -1;
	atomic_store(&connected_ms, (uint32_t)loop_now_ms());
	atomic_fetch_add(&connections, 1);
	syscall(SYS_futex, &connections, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
	return 0;
}

ssize_t mqtt_wire_paho_recv(int fd, void *bytes, size_t size, int flags)
{
	(void)flags;
	if (size == 0) /* so Paho says goodbye */
		return 0;
	pthread_mutex_lock(&lock);
	struct mqtt_wire *wire = find_wire(fd);
	ssize_t got = -1;
	int error = ENOTCONN;
	if (wire && bytes) {
		read_socket(wire);
		if (wire->left > 0) {
			got = (ssize_t)(size < wire->left ? size : wire->left);
			memcpy(bytes, wire->at, (size_t)got);
			wire->at += got;
			wire->left -= (size_t)got;
		} else if (wire->ended) {
			got = 0;
		} else {
			error = EAGAIN;
		}
	}
	pthread_mutex_unlock(&lock);
	if (got < 0)
		errno = error;
	return got;
}

ssize_t mqtt_wire_paho_writev(int fd, const struct iovec *parts, int count)
{
	pthread_mutex_lock(&lock); /* over both, so that no answer is looked at before what it answers */
	struct mqtt_wire *wire = find_wire(fd);
	ssize_t sent = -1;
	int error = ENOTCONN;
	if (wire)
		send_ping(wire);
	if (wire && wire->unsent == 1) {
		error = EAGAIN;
	} else if (wire && !wire->wrong) {
		sent = writev(fd, parts, count);
		error = errno;
		if (sent < 0)
			note_error(wire, error);
		size_t left = sent > 0 ? (size_t)sent : 0;
		for (int i = 0; i < count && left > 0 && !wire->wrong; i++) {
			size_t length = parts[i].iov_len < left ? parts[i].iov_len : left;
			const char *wrong = mqtt_stream_went(&wire->stream, parts[i].iov_base, length);
			if (wrong)
				end_wrongly(wire, wrong, wire->stream.out[0], true);
			left -= length;
		}
		send_ping(wire);
	}
	pthread_mutex_unlock(&lock);
	errno = error;
	return sent;
}

int mqtt_wire_paho_close(int fd)
{
	pthread_mutex_lock(&lock);
	struct mqtt_wire *wire = find_wire(fd);
	if (wire)
		wire->paho_fd = -1;
	pthread_mutex_unlock(&lock);
	return close(fd);
}

/* How many of them are ready, and to be read only by what their wires have for Paho; says so in their revents. */
static int count_ready(struct pollfd *fds, nfds_t count)
{
	int ready = 0;
	pthread_mutex_lock(&lock);
	for (nfds_t i = 0; i < count; i++) {
		struct mqtt_wire *wire = fds[i].events & POLLIN ? find_wire(fds[i].fd) : NULL;
		if (wire) {
			if (wire->alive)
				alive_sign(wire->alive, loop_now_ms());
			if (fds[i].revents)
				read_socket(wire);
			else
				next_packet(wire);
			send_ping(wire);
			bool ready_to_read = wire->left > 0 || wire->ended;
			fds[i].revents = (short)((fds[i].revents & ~POLLIN) | (ready_to_read ? POLLIN : 0));
		}
		ready += fds[i].revents != 0;
	}
	pthread_mutex_unlock(&lock);
	return ready;
}

int mqtt_wire_paho_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	int64_t until_ms = timeout_ms > 0 ? loop_now_ms() + timeout_ms : 0;
	for (;;) {
		for (nfds_t i = 0; i < count; i++)
			fds[i].revents = 0;
		bool held = count_ready(fds, count) > 0;
		int result = poll(fds, count, held ? 0 : timeout_ms);
		if (result < 0)
			return result;
		int ready = count_ready(fds, count);
		if (ready > 0 || timeout_ms == 0)
			return ready;
		if (timeout_ms > 0 && (timeout_ms = (int)(until_ms - loop_now_ms())) <= 0)
			return 0;
	}
}

static _Thread_local bool patient;

void mqtt_wire_be_patient(void)
{
	patient = true;
}

/* Until somebody wakes those who wait there, if it still holds what was seen. */
static void nap(useconds_t us, _Atomic uint32_t *at, uint32_t seen)
{
	/* The kernel's own: with a time_t of 64 bits, the C library's is another one on 32-bit machines. */
	const struct {
		long s, ns;
	} limit = {.s = (long)(us / 1000000), .ns = (long)(us % 1000000) * 1000};
	syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, seen, &limit, NULL, 0);
}

int mqtt_wire_paho_usleep(useconds_t us)
{
	static _Thread_local uint32_t seen;
	static _Thread_local int64_t napped_ms;

	if (patient) {
		static _Atomic uint32_t nobody;
		nap(us, &nobody, 0);
		return 0;
	}
	uint32_t now = atomic_load(&connections);
	if (now && (uint32_t)loop_now_ms() - atomic_load(&connected_ms) < SETTLING_MS)
		us = SETTLING_NAP_US;
	if (now == seen && loop_now_ms() - napped_ms < 500)
		nap(us, &connections, seen);
	seen = now;
	napped_ms = loop_now_ms();
	return 0;
}

const struct tm *mqtt_wire_paho_localtime(const time_t *seconds)
{
	static const struct tm none;
	(void)seconds;
	return &none;
}

size_t mqtt_wire_paho_strftime(char *text, size_t size, const char *format, const struct tm *time)
{
	(void)format;
	(void)time;
	if (size > 0)
		text[0] = '\0';
	return 0;
}
