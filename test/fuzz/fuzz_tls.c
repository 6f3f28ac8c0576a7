/*
 * Any bytes as what happens to the TLS bridge: it stands on either side of a wire, or on both with this program in
 * between, which delays, cuts, drops, doubles, damages and invents bytes, and on the plain ends writes, reads, pauses
 * and goes. The first byte says who is there, each two that follow are a step.
 *
 * It is the same each time: the bridges' threads run one after the other, and only until they wait (see __wrap_poll);
 * their clock is this program's, so that pauses of minutes take no time; and mbedTLS draws from fixed entropy.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls/tls.h"

#define HANDSHAKE_LIMIT_MS 10000
#define ALL_LIMITS_MS 20000 /* of handshake, last words and farewell: after that a bridge has ended */
#define THREADS_MAX 16
#define CONNECTIONS_MAX 4
#define STEPS_MAX 200
#define QUEUE_BYTES 65536

static void check(bool good)
{
	if (!good)
		abort();
}

/* ---- The threads, one at a time, and their clock. ---- */

struct thread {
	void *(*run)(void *argument);
	void *argument;
	struct pollfd *fds; /* NULL: it has not begun */
	nfds_t fd_count;
	int64_t until_ms;
	bool waits, ended;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t turn;
	struct thread threads[THREADS_MAX];
	size_t count;
	int64_t now_ms;
	bool open;     /* the threads that begin are the bridges': libFuzzer has its own */
	bool released; /* they run as they like: they are being stopped */
} stage = {.lock = PTHREAD_MUTEX_INITIALIZER, .turn = PTHREAD_COND_INITIALIZER};

static _Thread_local struct thread *self;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size); /* with _FORTIFY_SOURCE */
int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_mbedtls_platform_entropy_poll(void *, unsigned char *bytes, size_t size, size_t *made);
/* NOLINTEND(bugprone-reserved-identifier) */

int64_t loop_now_ms(void)
{
	pthread_mutex_lock(&stage.lock);
	int64_t now_ms = stage.now_ms;
	pthread_mutex_unlock(&stage.lock);
	return now_ms;
}

/* Holding the lock. */
static void wait_for_turn(struct thread *thread)
{
	thread->waits = true;
	pthread_cond_broadcast(&stage.turn);
	while (thread->waits && !stage.released)
		pthread_cond_wait(&stage.turn, &stage.lock);
	thread->waits = false;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	if (!self)
		return __real_poll(fds, count, timeout);
	int came;
	pthread_mutex_lock(&stage.lock);
	self->fds = fds;
	self->fd_count = count;
	self->until_ms = timeout < 0 ? LOOP_NEVER : stage.now_ms + timeout;
	while ((came = __real_poll(fds, count, 0)) == 0 && stage.now_ms < self->until_ms && !stage.released)
		wait_for_turn(self);
	bool released = stage.released;
	pthread_mutex_unlock(&stage.lock);
	return came == 0 && released ? __real_poll(fds, count, timeout) : came;
}

int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	check(count * sizeof(*fds) <= size);
	return __wrap_poll(fds, count, timeout);
}

static void *play(void *argument)
{
	self = argument;
	pthread_mutex_lock(&stage.lock);
	wait_for_turn(self);
	pthread_mutex_unlock(&stage.lock);
	self->run(self->argument);
	pthread_mutex_lock(&stage.lock);
	self->ended = true;
	pthread_cond_broadcast(&stage.turn);
	pthread_mutex_unlock(&stage.lock);
	return NULL;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
	if (!stage.open)
		return __real_pthread_create(thread, attributes, run, argument);
	check(stage.count < THREADS_MAX);
	struct thread *new = &stage.threads[stage.count++];
	*new = (struct thread){.run = run, .argument = argument};
	return __real_pthread_create(thread, attributes, play, new);
}

int __wrap_mbedtls_platform_entropy_poll(void *user, unsigned char *bytes, size_t size, size_t *made)
{
	(void)user;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(i * 37 + 11);
	*made = size;
	return 0;
}

/* Until all wait for something that has not happened. */
static void settle(void)
{
	pthread_mutex_lock(&stage.lock);
	for (size_t i = 0, idle = 0; idle < stage.count; i = (i + 1) % stage.count) {
		struct thread *thread = &stage.threads[i];
		while (!thread->waits && !thread->ended)
			pthread_cond_wait(&stage.turn, &stage.lock);
		if (thread->ended || (thread->fds && stage.now_ms < thread->until_ms &&
						     __real_poll(thread->fds, thread->fd_count, 0) == 0)) {
			idle++;
			continue;
		}
		idle = 0;
		thread->waits = false;
		pthread_cond_broadcast(&stage.turn);
	}
	pthread_mutex_unlock(&stage.lock);
}

static void pass(int64_t ms)
{
	pthread_mutex_lock(&stage.lock);
	stage.now_ms += ms;
	pthread_mutex_unlock(&stage.lock);
	settle();
}

/* ---- What the room needs of base's loop and log, in their place. ---- */

void log_write(const struct log *log, enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	va_list arguments;
	(void)log, (void)level;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
}

int64_t loop_wall_ms(void)
{
	return 1800000000000;
}

int loop_add(struct loop *loop, struct loop_source *source, uint32_t events)
{
	(void)loop, (void)source, (void)events;
	return 0;
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	(void)loop, (void)source;
}

/* ---- Certificate and key: of this file alone, made for it. ---- */

static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
			  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg72bY18lfRahD5iaV\n"
			  "INJIvoza5ukc0sHOqaWUEJsUTMyhRANCAAQLPuz2ib3CqjHU846X2DIr2dootXRk\n"
			  "1011ZBFc+BuE+lM7YWo7kLLP46fll2KFOKh8ZIFrXf5Plfs/G9SKPe35\n"
			  "-----END PRIVATE KEY-----\n"
			  "-----BEGIN CERTIFICATE-----\n"
			  "MIIBYzCCAQmgAwIBAgIUXL9NxqV//PwlVkz2PRoioqa86m4wCgYIKoZIzj0EAwIw\n"
			  "FDESMBAGA1UEAwwJZG9vci50ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzk5OTkxMjMx\n"
			  "MjM1OTU5WjAUMRIwEAYDVQQDDAlkb29yLnRlc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
			  "PQMBBwNCAAQLPuz2ib3CqjHU846X2DIr2dootXRk1011ZBFc+BuE+lM7YWo7kLLP\n"
			  "46fll2KFOKh8ZIFrXf5Plfs/G9SKPe35ozcwNTAUBgNVHREEDTALgglkb29yLnRl\n"
			  "c3QwHQYDVR0OBBYEFJSiZh3au/qvwvfzc0WL/czpBIuzMAoGCCqGSM49BAMCA0gA\n"
			  "MEUCIQDKqSooMD0WVNdSR/AjQ2oYVhcWqPba2OkA+B77pOpb6AIgObG5q3WwakXp\n"
			  "IJGKU+gvlgshCNGglOCKbsAcBI5eUZI=\n"
			  "-----END CERTIFICATE-----\n";

static char path[64];

static void write_files(void)
{
	if (*path)
		return;
	snprintf(path, sizeof(path), "/tmp/portcullis-fuzz-XXXXXX");
	int fd = mkstemp(path);
	check(fd >= 0 && write(fd, pem, sizeof(pem) - 1) == (ssize_t)sizeof(pem) - 1);
	close(fd);
}

static void remove_files(void)
{
	unlink(path);
}

/* ---- The connection. ---- */

enum side { CLIENT, SERVER };

/* What travels from a side to the other one. */
struct way {
	unsigned char queue[QUEUE_BYTES]; /* taken from the one and not yet given to the other */
	size_t length;
	unsigned char damage; /* to the next byte */
	bool touched;         /* something else arrives than was sent */
};

/* One side: a bridge, or this program when wire is -1. */
struct end {
	int plain, wire; /* -1: closed. wire is the end that the bridge does not have */
	size_t said, heard;
};

static struct {
	struct tls *tls;
	struct tls_client *client;
	struct tls_server *server;
	struct end ends[2];
	struct way ways[2]; /* from that side */
	bool small;         /* sockets' buffers */
	bool refused;       /* the server's certificate has another name than the client wants */
	bool deaf;          /* in the end nobody takes anything any more */
	bool cut;           /* one of the ends or of the ways was closed, or time went by */
	int connections;
} world;

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int wire(enum side side)
{
	int pair[2];
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	if (world.small)
		setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &(int){1}, sizeof(int));
	world.ends[side].wire = pair[0];
	return pair[1];
}

static void begin_connection(bool client, bool server)
{
	for (int i = 0; i < 2; i++) {
		world.ends[i] = (struct end){.plain = -1, .wire = -1};
		world.ways[i].length = 0;
		world.ways[i].damage = 0;
		world.ways[i].touched = false;
	}
	world.cut = false;
	world.connections++;
	if (server)
		world.ends[SERVER].plain = tls_server_accept(world.server, wire(SERVER), HANDSHAKE_LIMIT_MS);
	if (client)
		world.ends[CLIENT].plain = tls_client_open(world.client, wire(CLIENT), HANDSHAKE_LIMIT_MS);
	check(!server || world.ends[SERVER].plain >= 0);
	check(!client || world.ends[CLIENT].plain >= 0);
	settle();
}

/* ---- What can be done to it. ---- */

static bool between(void)
{
	return world.ends[CLIENT].plain >= 0 && world.ends[SERVER].plain >= 0;
}

static void take(enum side side)
{
	struct way *way = &world.ways[side];
	int fd = world.ends[side].wire;
	ssize_t got = fd < 0 ? 0 : recv(fd, way->queue + way->length, sizeof(way->queue) - way->length, 0);
	way->length += got > 0 ? (size_t)got : 0;
}

static void give(enum side side, const unsigned char *bytes, size_t length)
{
	if (world.ends[side].wire >= 0 && length > 0 &&
			send(world.ends[side].wire, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length)
		world.ways[!side].touched = true;
}

/* At most length bytes of what side has sent reach the other one. How many. */
static size_t forward(enum side side, size_t length)
{
	struct way *way = &world.ways[side];
	int to = world.ends[!side].wire;
	take(side);
	if (length > way->length)
		length = way->length;
	if (to < 0 || length == 0)
		return 0;
	way->queue[0] ^= way->damage;
	way->touched |= way->damage;
	way->damage = 0;
	ssize_t sent = send(to, way->queue, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent <= 0)
		return 0;
	way->length -= (size_t)sent;
	memmove(way->queue, way->queue + sent, way->length);
	settle();
	return (size_t)sent;
}

static void drop(enum side side, size_t length)
{
	struct way *way = &world.ways[side];
	take(side);
	if (length > way->length)
		length = way->length;
	way->touched |= length > 0;
	way->length -= length;
	memmove(way->queue, way->queue + length, way->length);
}

static unsigned char pattern(enum side side, size_t at)
{
	return (unsigned char)(at * 31 + (at >> 8) * 7 + side);
}

static void say(enum side side, size_t length)
{
	unsigned char bytes[8192];
	struct end *end = &world.ends[side];
	for (size_t i = 0; i < length; i++)
		bytes[i] = pattern(side, end->said + i);
	ssize_t sent = send(end->plain, bytes, length, MSG_NOSIGNAL);
	end->said += sent > 0 ? (size_t)sent : 0;
}

/* What comes out is what the other side's plain end was given, in order, whatever happened in between. */
static size_t hear(enum side side, size_t length)
{
	unsigned char bytes[8192];
	struct end *end = &world.ends[side];
	ssize_t got = recv(end->plain, bytes, length, 0);
	for (ssize_t i = 0; i < got; i++)
		check(bytes[i] == pattern(!side, end->heard++));
	check(end->heard <= world.ends[!side].said);
	return got > 0 ? (size_t)got : 0;
}

/* All that is there arrives, as far as there is somebody to take it. */
static void flow(void)
{
	bool moved;
	settle();
	do {
		moved = false;
		for (int i = 0; i < 2; i++) {
			moved |= forward((enum side)i, SIZE_MAX) > 0;
			if (world.ends[i].plain >= 0)
				moved |= hear((enum side)i, 8192) > 0;
		}
		settle();
	} while (moved);
}

static void shut(int fd)
{
	if (fd >= 0)
		shutdown(fd, SHUT_WR);
	world.cut = true;
}

/* The one connection ends; what is left of its bridges has ended, too, when all limits are over. */
static void end_connection(void)
{
	char reason[TLS_ERROR_MAX];
	if (!world.deaf)
		flow();
	bool whole = between() && !world.cut && !world.deaf && !world.refused;
	for (int i = 0; i < 2; i++)
		whole &= !world.ways[i].touched;
	for (int i = 0; i < 2 && whole; i++)
		check(world.ends[i].heard == world.ends[!i].said);
	for (int i = 0; i < 2; i++) {
		close_fd(&world.ends[i].plain);
		settle();
	}
	for (int passed_ms = 0; passed_ms < ALL_LIMITS_MS; passed_ms += 1000)
		pass(1000);
	for (size_t i = 0; i < stage.count; i++)
		check(stage.threads[i].ended);
	for (int i = 0; i < 2; i++)
		close_fd(&world.ends[i].wire);
	tls_client_lost(world.client, reason);
	check(memchr(reason, '\0', sizeof(reason)));
}

static void step(unsigned char what, unsigned char much, const unsigned char **bytes, size_t *left)
{
	enum side side = what & 128 ? SERVER : CLIENT;
	struct end *end = &world.ends[side];
	size_t some;
	switch (what & 15) {
	case 0:
		forward(side, much ? much : SIZE_MAX);
		break;
	case 1:
		world.ways[side].damage = much;
		break;
	case 2:
		drop(side, much);
		break;
	case 3: /* bytes that nobody has sent */
		some = much < *left ? much : *left;
		world.ways[!side].touched |= some > 0;
		give(side, *bytes, some);
		*bytes += some;
		*left -= some;
		break;
	case 4:
		if (end->plain >= 0)
			say(side, (size_t)much * 32 + 1);
		break;
	case 5:
		if (end->plain >= 0)
			hear(side, (size_t)much * 32 + 1);
		break;
	case 6:
		shut(end->plain);
		break;
	case 7:
		close_fd(&end->plain);
		world.cut = true;
		break;
	case 8:
		shut(end->wire);
		break;
	case 9:
		close_fd(&end->wire);
		world.cut = true;
		break;
	case 10:
		pass((int64_t)much * much);
		world.cut |= much > 0;
		break;
	case 11:
		if (world.connections < CONNECTIONS_MAX) {
			end_connection();
			begin_connection(true, true);
		}
		break;
	case 12: /* the same bytes twice */
		take(side);
		if (world.ways[side].length >= much) {
			world.ways[side].touched |= much > 0;
			give(!side, world.ways[side].queue, much);
		}
		break;
	case 13:
		flow();
		break;
	default:
		break;
	}
	settle();
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t left)
{
	static const struct log log;
	char error[TLS_ERROR_MAX];
	if (left < 1)
		return 0;
	if (!*path)
		atexit(remove_files);
	write_files();
	unsigned char who = *bytes++;
	left--;
	const struct tls_files own = {.certificate_file = path, .key_file = path};
	const struct tls_files trust = {.ca_file = who & 8 ? NULL : path,
			.pinned_file = who & 8 ? path : NULL,
			.certificate_file = who & 16 ? path : NULL,
			.key_file = who & 16 ? path : NULL};
	stage.count = 0;
	stage.now_ms = 1000000;
	stage.released = false;
	stage.open = true;
	world.small = who & 4;
	world.refused = who & 32;
	world.deaf = who & 128;
	world.connections = 0;
	check(tls_new(&log, &world.tls) == 0);
	check(tls_server_new(world.tls, &own, &world.server, error) == 0);
	check(tls_client_new(world.tls, NULL, &trust, world.refused ? "gate.test" : "door.test", &world.client) == 0);
	begin_connection((who & 3) != 1, (who & 3) != 2);
	for (int steps = 0; left >= 2 && steps < STEPS_MAX; steps++) {
		bytes += 2;
		left -= 2;
		step(bytes[-2], bytes[-1], &bytes, &left);
	}
	if (who & 64) { /* cut off in the middle of it */
		for (int i = 0; i < 2; i++) {
			close_fd(&world.ends[i].plain);
			close_fd(&world.ends[i].wire);
		}
	} else {
		end_connection();
	}
	pthread_mutex_lock(&stage.lock);
	stage.released = true;
	pthread_cond_broadcast(&stage.turn);
	pthread_mutex_unlock(&stage.lock);
	tls_stop(world.tls);
	tls_client_free(world.client);
	tls_server_free(world.server);
	tls_free(world.tls);
	stage.open = false;
	return 0;
}
