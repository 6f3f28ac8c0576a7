/*
 * A table of calls, each made in the way that the agent makes it later: by the C library, which chooses among the
 * kernel's variants of it.
 */
#include "base/kernel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int try_clock(clockid_t clock)
{
	struct timespec now = {.tv_nsec = -1};
	if (clock_gettime(clock, &now) < 0)
		return -errno;
	return now.tv_nsec < 0 || now.tv_nsec > 999999999 ? -EINVAL : 0;
}

static int try_monotonic(void)
{
	return try_clock(CLOCK_MONOTONIC);
}

static int try_boottime(void)
{
	return try_clock(CLOCK_BOOTTIME);
}

static int try_realtime(void)
{
	return try_clock(CLOCK_REALTIME);
}

static int try_used(void)
{
	return try_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static int try_time_of_day(void)
{
	struct timeval now;
	return gettimeofday(&now, NULL) < 0 ? -errno : 0;
}

static int try_sleep(void)
{
	return nanosleep(&(struct timespec){.tv_nsec = 1}, NULL) < 0 && errno != EINTR ? -errno : 0;
}

static int try_poll(void)
{
	return poll(NULL, 0, 0) < 0 && errno != EINTR ? -errno : 0;
}

static int try_ppoll(void)
{
	return ppoll(NULL, 0, &(struct timespec){.tv_sec = 0}, NULL) < 0 && errno != EINTR ? -errno : 0;
}

static int try_select(void)
{
	return select(0, NULL, NULL, NULL, &(struct timeval){.tv_sec = 0}) < 0 && errno != EINTR ? -errno : 0;
}

static int try_timer(void)
{
	const struct itimerspec when = {.it_value = {.tv_sec = 1}};
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL) < 0 ? -errno : 0;
	close(fd);
	return error;
}

static int try_epoll(void)
{
	struct epoll_event event;
	int fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = epoll_wait(fd, &event, 1, 0) < 0 && errno != EINTR ? -errno : 0;
	close(fd);
	return error;
}

static int try_event(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* A wait that is over before it begins: by the monotonic clock, as ours, and by the other, as Paho's. */
static int try_wait(clockid_t clock)
{
	pthread_condattr_t attributes;
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t never;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, clock);
	pthread_cond_init(&never, &attributes);
	struct timespec until = {.tv_nsec = 0};
	clock_gettime(clock, &until);
	until.tv_nsec = until.tv_nsec < 999999999 ? until.tv_nsec + 1 : until.tv_nsec;
	pthread_mutex_lock(&mutex);
	int error = pthread_cond_timedwait(&never, &mutex, &until);
	pthread_mutex_unlock(&mutex);
	pthread_cond_destroy(&never);
	pthread_condattr_destroy(&attributes);
	return error == ETIMEDOUT ? 0 : -error;
}

static int try_waits(void)
{
	int error = try_wait(CLOCK_MONOTONIC);
	return error ? error : try_wait(CLOCK_REALTIME);
}

static int try_random(void)
{
	uint32_t number;
	return getrandom(&number, sizeof(number), 0) < 0 && errno != EINTR ? -errno : 0;
}

static int try_stat(void)
{
	struct stat status;
	return stat("/", &status) < 0 ? -errno : 0;
}

int kernel_check(char reason[static KERNEL_REASON_MAX])
{
	static const struct {
		const char *name;
		int (*try)(void);
	} calls[] = {
			{"clock_gettime (monotonic)", try_monotonic},
			{"clock_gettime (since the boot)", try_boottime},
			{"clock_gettime (wall clock)", try_realtime},
			{"clock_gettime (time used)", try_used},
			{"gettimeofday", try_time_of_day},
			{"timerfd", try_timer},
			{"epoll", try_epoll},
			{"eventfd", try_event},
			{"poll", try_poll},
			{"ppoll", try_ppoll},
			{"select", try_select},
			{"nanosleep", try_sleep},
			{"pthread_cond_timedwait", try_waits},
			{"getrandom", try_random},
			{"stat", try_stat},
	};
	reason[0] = '\0';
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int error = calls[i].try();
		if (error == 0)
			continue;
		snprintf(reason, KERNEL_REASON_MAX,
				"this system refuses %s (%s), and there is no agent without it: it takes Linux 5.10, and in a container Docker 19.03.9 with libseccomp 2.4.2 on the host, or newer ones (as a last resort, --security-opt seccomp=unconfined)",
				calls[i].name, strerror(-error));
		return error;
	}
	return 0;
}
