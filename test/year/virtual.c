/*
 * A list of all threads that wait, in the order in which they began to. Who begins to wait looks for whose wait is over,
 * lets that one go, and sleeps until somebody lets it go. One poll(2) asks for all descriptors at once.
 */
#include "virtual.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define NEVER INT64_MAX
#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define READING_NS 1000 /* so long does it take to read a clock */
#define FDS_MAX 512
#define THREADS_MAX 128
#define TIMERS_MAX 8
#define CONDITIONS_MAX 256

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */

struct waiter {
	struct waiter *next;
	const struct pollfd *fds; /* ready when one of them is */
	nfds_t count;
	const void *address; /* a condition, a futex or a thread: ready when somebody wakes those who wait there */
	bool woken;
	int64_t until_ns;
	bool by_wall_clock;        /* until_ns is */
	_Atomic uint32_t released; /* 1: it runs now. A futex: nobody is waked only to wait for the lock */
};

struct thread {
	bool used, detached, ended, known; /* known: id is set */
	pthread_t id;
	struct waiter waiter; /* for its begin */
	void *(*run)(void *user);
	void *user;
};

static struct {
	pthread_mutex_t lock;
	_Atomic int64_t now_ns, wall_ahead_ns;
	_Atomic bool synchronized;
	struct waiter *first, **last;
	struct thread threads[THREADS_MAX];
	struct {
		int fd; /* -1: free */
		int64_t at_ns;
	} timers[TIMERS_MAX];
	struct {
		const void *condition;
		clockid_t clock;
	} conditions[CONDITIONS_MAX];
	uint64_t turns;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER, .last = &world.first};

int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __real_close(int fd);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __real_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *former);
int __real_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *user), void *user);
int __real_pthread_join(pthread_t id, void **result);
int __real_pthread_detach(pthread_t id);
int __real_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __real_pthread_cond_destroy(pthread_cond_t *condition);
long __real_syscall(long number, ...);

/* ---- Who runs next. With the lock held. ---- */

static int64_t deadline_ns(const struct waiter *waiter)
{
	return waiter->until_ns == NEVER ? NEVER
	       : waiter->by_wall_clock   ? waiter->until_ns - world.wall_ahead_ns
					 : waiter->until_ns;
}

static void ask_descriptors(void)
{
	struct pollfd all[FDS_MAX];
	nfds_t count = 0;
	for (struct waiter *waiter = world.first; waiter; waiter = waiter->next)
		for (nfds_t i = 0; i < waiter->count && count < FDS_MAX; i++)
			all[count++] = waiter->fds[i];
	if (count == 0 || __real_poll(all, count, 0) <= 0)
		return;
	count = 0;
	for (struct waiter *waiter = world.first; waiter; waiter = waiter->next)
		for (nfds_t i = 0; i < waiter->count && count < FDS_MAX; i++)
			waiter->woken |= all[count++].revents != 0;
}

/* Lets timers that are due have their say. Whether there was one. */
static bool fire_timers(void)
{
	bool fired = false;
	for (size_t i = 0; i < TIMERS_MAX; i++)
		if (world.timers[i].at_ns <= world.now_ns) {
			world.timers[i].at_ns = NEVER;
			eventfd_write(world.timers[i].fd, 1);
			fired = true;
		}
	return fired;
}

static void jump(void)
{
	int64_t next_ns = NEVER;
	for (const struct waiter *waiter = world.first; waiter; waiter = waiter->next)
		if (deadline_ns(waiter) < next_ns)
			next_ns = deadline_ns(waiter);
	for (size_t i = 0; i < TIMERS_MAX; i++)
		if (world.timers[i].at_ns < next_ns)
			next_ns = world.timers[i].at_ns;
	if (next_ns == NEVER) {
		fprintf(stderr, "each thread waits for another one, for ever\n");
		abort();
	}
	if (next_ns > world.now_ns)
		world.now_ns = next_ns;
}

/* Takes the one whose turn it is out of the list. */
static struct waiter *next_waiter(void)
{
	for (;;) {
		fire_timers();
		ask_descriptors();
		for (struct waiter **link = &world.first; *link; link = &(*link)->next) {
			struct waiter *waiter = *link;
			if (!waiter->woken && deadline_ns(waiter) > world.now_ns)
				continue;
			*link = waiter->next;
			if (!*link)
				world.last = link;
			return waiter;
		}
		jump();
	}
}

static void enlist(struct waiter *waiter)
{
	waiter->next = NULL;
	waiter->released = 0;
	*world.last = waiter;
	world.last = &waiter->next;
}

/* Gives up the lock, without which the other one could not go on. */
static void let_go(struct waiter *waiter)
{
	world.turns++;
	pthread_mutex_unlock(&world.lock);
	atomic_store(&waiter->released, 1);
	__real_syscall(SYS_futex, &waiter->released, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await_release(struct waiter *waiter)
{
	while (!atomic_load(&waiter->released))
		__real_syscall(SYS_futex, &waiter->released, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	pthread_mutex_lock(&world.lock);
}

/* Whether somebody or something woke it, before the time was over. */
static bool wait_here(struct waiter *waiter)
{
	enlist(waiter);
	struct waiter *next = next_waiter();
	if (next != waiter) {
		let_go(next);
		await_release(waiter);
	}
	return waiter->woken;
}

static void wake_at(const void *address, bool all)
{
	for (struct waiter *waiter = world.first; waiter; waiter = waiter->next)
		if (waiter->address == address && !waiter->woken) {
			waiter->woken = true;
			if (!all)
				return;
		}
}

/* ---- The clocks ---- */

void virtual_begin(int64_t since_boot_ms, int64_t unix_ms)
{
	world.now_ns = since_boot_ms * MS;
	for (size_t i = 0; i < TIMERS_MAX; i++) {
		world.timers[i].fd = -1;
		world.timers[i].at_ns = NEVER;
	}
	virtual_set_wall(unix_ms, false);
}

void virtual_set_wall(int64_t unix_ms, bool synchronized)
{
	world.wall_ahead_ns = unix_ms * MS - world.now_ns;
	world.synchronized = synchronized;
}

static int64_t read_clock(bool wall)
{
	int64_t now_ns = atomic_fetch_add(&world.now_ns, READING_NS) + READING_NS;
	return wall ? now_ns + world.wall_ahead_ns : now_ns;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
	if (!wall && clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE && clock != CLOCK_MONOTONIC_RAW &&
			clock != CLOCK_BOOTTIME)
		return __real_clock_gettime(clock, now); /* of the processor */
	int64_t ns = read_clock(wall);
	*now = (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
	return 0;
}

int __wrap_gettimeofday(struct timeval *now, void *zone);
int __wrap_gettimeofday(struct timeval *now, void *zone)
{
	(void)zone;
	int64_t ns = read_clock(true);
	*now = (struct timeval){.tv_sec = ns / SECOND, .tv_usec = ns % SECOND / 1000};
	return 0;
}

time_t __wrap_time(time_t *seconds);
time_t __wrap_time(time_t *seconds)
{
	time_t now = (time_t)(read_clock(true) / SECOND);
	if (seconds)
		*seconds = now;
	return now;
}

int __wrap_adjtimex(struct timex *look);
int __wrap_adjtimex(struct timex *look)
{
	look->maxerror = world.synchronized ? 1000 : 16000000;
	return 0;
}

/* ---- Waiting ---- */

static int64_t after_ms(int timeout_ms)
{
	return timeout_ms < 0 ? NEVER : world.now_ns + timeout_ms * MS;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	if (timeout_ms != 0) {
		pthread_mutex_lock(&world.lock);
		struct waiter waiter = {.fds = fds, .count = count, .until_ns = after_ms(timeout_ms)};
		wait_here(&waiter);
		pthread_mutex_unlock(&world.lock);
	}
	return __real_poll(fds, count, 0);
}

int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t size);
int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t size)
{
	if (count * sizeof(*fds) > size)
		abort();
	return __wrap_poll(fds, count, timeout_ms);
}

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	const struct pollfd one = {.fd = fd, .events = POLLIN};
	if (timeout_ms != 0) {
		pthread_mutex_lock(&world.lock);
		struct waiter waiter = {.fds = &one, .count = 1, .until_ns = after_ms(timeout_ms)};
		wait_here(&waiter);
		pthread_mutex_unlock(&world.lock);
	}
	return __real_epoll_wait(fd, events, max, 0);
}

/* Conditions: the clock of each, and those who wait. */

static clockid_t clock_of(const pthread_cond_t *condition)
{
	for (size_t i = 0; i < CONDITIONS_MAX; i++)
		if (world.conditions[i].condition == condition)
			return world.conditions[i].clock;
	return CLOCK_REALTIME;
}

static void set_clock_of(const pthread_cond_t *condition, const void *now, clockid_t clock)
{
	for (size_t i = 0; i < CONDITIONS_MAX; i++)
		if (world.conditions[i].condition == condition) {
			world.conditions[i].condition = now;
			world.conditions[i].clock = clock;
			return;
		}
}

int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
	clockid_t clock = CLOCK_REALTIME;
	if (attributes)
		pthread_condattr_getclock(attributes, &clock);
	pthread_mutex_lock(&world.lock);
	set_clock_of(condition, NULL, 0);
	if (clock != CLOCK_REALTIME)
		set_clock_of(NULL, condition, clock);
	pthread_mutex_unlock(&world.lock);
	return __real_pthread_cond_init(condition, attributes);
}

int __wrap_pthread_cond_destroy(pthread_cond_t *condition);
int __wrap_pthread_cond_destroy(pthread_cond_t *condition)
{
	pthread_mutex_lock(&world.lock);
	set_clock_of(condition, NULL, 0);
	pthread_mutex_unlock(&world.lock);
	return __real_pthread_cond_destroy(condition);
}

static bool wait_for_condition(const pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
	pthread_mutex_lock(&world.lock);
	struct waiter waiter = {.address = condition,
			.until_ns = until ? until->tv_sec * SECOND + until->tv_nsec : NEVER,
			.by_wall_clock = clock_of(condition) == CLOCK_REALTIME};
	pthread_mutex_unlock(mutex);
	bool woken = wait_here(&waiter);
	pthread_mutex_unlock(&world.lock);
	pthread_mutex_lock(mutex);
	return woken;
}

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
	wait_for_condition(condition, mutex, NULL);
	return 0;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
	return wait_for_condition(condition, mutex, until) ? 0 : ETIMEDOUT;
}

int __wrap_pthread_cond_signal(pthread_cond_t *condition);
int __wrap_pthread_cond_signal(pthread_cond_t *condition)
{
	pthread_mutex_lock(&world.lock);
	wake_at(condition, false);
	pthread_mutex_unlock(&world.lock);
	return 0;
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *condition);
int __wrap_pthread_cond_broadcast(pthread_cond_t *condition)
{
	pthread_mutex_lock(&world.lock);
	wake_at(condition, true);
	pthread_mutex_unlock(&world.lock);
	return 0;
}

/* src/mqtt/wire.c waits at a futex of its own. */
static long do_futex(uint32_t *address, int operation, uint32_t value, const struct timespec *limit)
{
	bool woken = true;
	pthread_mutex_lock(&world.lock);
	if (operation == FUTEX_WAKE_PRIVATE) {
		wake_at(address, value == INT_MAX);
	} else if (__atomic_load_n(address, __ATOMIC_SEQ_CST) == value) {
		struct waiter waiter = {.address = address,
				.until_ns = limit ? world.now_ns + limit->tv_sec * SECOND + limit->tv_nsec : NEVER};
		woken = wait_here(&waiter);
	}
	pthread_mutex_unlock(&world.lock);
	errno = woken ? 0 : ETIMEDOUT;
	return woken ? 0 : -1;
}

long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	long words[6];
	va_list arguments;
	va_start(arguments, number);
	for (size_t i = 0; i < 6; i++)
		words[i] = va_arg(arguments, long);
	va_end(arguments);
	if (number == SYS_futex && (words[1] == FUTEX_WAIT_PRIVATE || words[1] == FUTEX_WAKE_PRIVATE))
		return do_futex((uint32_t *)words[0], (int)words[1], (uint32_t)words[2],
				(const struct timespec *)words[3]);
	return __real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

/* ---- A timerfd: an eventfd that says once that it is due. ---- */

int __wrap_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags)
{
	(void)clock;
	int fd = eventfd(0, (flags & TFD_NONBLOCK ? EFD_NONBLOCK : 0) | (flags & TFD_CLOEXEC ? EFD_CLOEXEC : 0));
	pthread_mutex_lock(&world.lock);
	size_t place = 0;
	while (place < TIMERS_MAX && world.timers[place].fd >= 0)
		place++;
	if (place == TIMERS_MAX)
		abort();
	world.timers[place].fd = fd;
	world.timers[place].at_ns = NEVER;
	pthread_mutex_unlock(&world.lock);
	return fd;
}

/* Only absolute times and no repeat: the loop uses nothing else. */
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *former);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *former)
{
	eventfd_t count;
	if (flags != TFD_TIMER_ABSTIME || former || when->it_interval.tv_sec || when->it_interval.tv_nsec)
		abort();
	pthread_mutex_lock(&world.lock);
	for (size_t i = 0; i < TIMERS_MAX; i++)
		if (world.timers[i].fd == fd) {
			int64_t at_ns = when->it_value.tv_sec * SECOND + when->it_value.tv_nsec;
			world.timers[i].at_ns = at_ns > 0 ? at_ns : NEVER;
			eventfd_read(fd, &count); /* what an earlier time has left */
		}
	pthread_mutex_unlock(&world.lock);
	return 0;
}

int __wrap_close(int fd);
int __wrap_close(int fd)
{
	pthread_mutex_lock(&world.lock);
	for (size_t i = 0; i < TIMERS_MAX; i++)
		if (fd >= 0 && world.timers[i].fd == fd) {
			world.timers[i].fd = -1;
			world.timers[i].at_ns = NEVER;
		}
	pthread_mutex_unlock(&world.lock);
	return __real_close(fd);
}

/* ---- Threads ---- */

static void *thread_lives(void *argument)
{
	struct thread *thread = argument;
	await_release(&thread->waiter);
	pthread_mutex_unlock(&world.lock);
	void *result = thread->run(thread->user);
	pthread_mutex_lock(&world.lock);
	thread->ended = true;
	thread->used = !thread->detached;
	wake_at(thread, true);
	let_go(next_waiter());
	return result;
}

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *user), void *user);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *user), void *user)
{
	int detached = PTHREAD_CREATE_JOINABLE;
	if (attributes)
		pthread_attr_getdetachstate(attributes, &detached);
	pthread_mutex_lock(&world.lock);
	struct thread *thread = world.threads;
	while (thread < world.threads + THREADS_MAX && thread->used)
		thread++;
	if (thread == world.threads + THREADS_MAX)
		abort();
	*thread = (struct thread){
			.used = true, .detached = detached == PTHREAD_CREATE_DETACHED, .run = run, .user = user};
	thread->waiter = (struct waiter){.woken = true, .until_ns = NEVER};
	enlist(&thread->waiter);
	int error = __real_pthread_create(id, attributes, thread_lives, thread);
	if (error)
		abort();
	thread->id = *id;
	thread->known = true;
	pthread_mutex_unlock(&world.lock);
	return 0;
}

static struct thread *thread_of(pthread_t id)
{
	for (size_t i = 0; i < THREADS_MAX; i++)
		if (world.threads[i].used && world.threads[i].known && pthread_equal(world.threads[i].id, id))
			return &world.threads[i];
	abort();
}

int __wrap_pthread_detach(pthread_t id);
int __wrap_pthread_detach(pthread_t id)
{
	pthread_mutex_lock(&world.lock);
	struct thread *thread = thread_of(id);
	thread->detached = true;
	thread->used = !thread->ended;
	pthread_mutex_unlock(&world.lock);
	return __real_pthread_detach(id);
}

int __wrap_pthread_join(pthread_t id, void **result);
int __wrap_pthread_join(pthread_t id, void **result)
{
	pthread_mutex_lock(&world.lock);
	struct thread *thread = thread_of(id);
	while (!thread->ended) {
		struct waiter waiter = {.address = thread, .until_ns = NEVER};
		wait_here(&waiter);
	}
	thread->used = false;
	pthread_mutex_unlock(&world.lock);
	return __real_pthread_join(id, result);
}

int virtual_threads(void)
{
	int count = 0;
	pthread_mutex_lock(&world.lock);
	for (size_t i = 0; i < THREADS_MAX; i++)
		count += world.threads[i].used && !world.threads[i].ended;
	pthread_mutex_unlock(&world.lock);
	return count;
}

uint64_t virtual_turns(void)
{
	pthread_mutex_lock(&world.lock);
	uint64_t turns = world.turns;
	pthread_mutex_unlock(&world.lock);
	return turns;
}

/* NOLINTEND(bugprone-reserved-identifier) */
