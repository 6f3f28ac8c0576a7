/*
 * One epoll for all sources, and one timerfd that is set to the earliest of a list of timers. A source may be removed by
 * a callback of the same turn: its events that are still to come are struck from the array.
 */
#include "base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 32

struct loop {
	int epoll_fd, timer_fd, signal_fd;
	bool stopped;
	struct loop_timer *timers;
	int64_t timer_fd_at_ms;
	struct loop_source signal_source;
	void (*caught)(void *user, int signal);
	void *caught_user;
	struct epoll_event events[EVENTS_MAX];
	int event_count, event_next;
	struct loop_lateness lateness;
	int64_t busy_since_ms; /* when this turn's callbacks began, or loop_forget_busy was called; 0: the loop waits */
	int64_t busy_ms;       /* the longest turn since loop_forget_busy */
};

const int64_t loop_late_bounds_us[LOOP_LATE_BOUNDS] = {
		250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 1000000};

static int64_t clock_us(clockid_t clock)
{
	struct timespec now;
	if (clock_gettime(clock, &now) < 0)
		abort(); /* kernel_check has seen it work; without a time no relay would ever be released */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t loop_now_ms(void)
{
	return clock_us(CLOCK_BOOTTIME) / 1000;
}

int64_t loop_from_monotonic_ms(int64_t monotonic_ms)
{
	return monotonic_ms + (clock_us(CLOCK_BOOTTIME) - clock_us(CLOCK_MONOTONIC)) / 1000;
}

int64_t loop_wall_ms(void)
{
	return clock_us(CLOCK_REALTIME) / 1000;
}

const struct loop_lateness *loop_lateness(const struct loop *loop)
{
	return &loop->lateness;
}

int loop_new(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (!loop)
		return -ENOMEM;
	loop->signal_fd = -1;
	loop->timer_fd_at_ms = LOOP_NEVER;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN};
	if (loop->epoll_fd < 0 || loop->timer_fd < 0 ||
			epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &event) < 0) {
		int error = -errno;
		loop_free(loop);
		return error;
	}
	*out = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	if (loop->signal_fd >= 0)
		close(loop->signal_fd);
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	free(loop);
}

static int control(struct loop *loop, int operation, struct loop_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};
	return epoll_ctl(loop->epoll_fd, operation, source->fd, &event) < 0 ? -errno : 0;
}

int loop_add(struct loop *loop, struct loop_source *source, uint32_t events)
{
	int error = control(loop, EPOLL_CTL_ADD, source, events);
	source->watched = error == 0;
	return error;
}

int loop_modify(struct loop *loop, struct loop_source *source, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, source, events);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	if (!source->watched)
		return;
	control(loop, EPOLL_CTL_DEL, source, 0);
	source->watched = false;
	for (int i = loop->event_next; i < loop->event_count; i++)
		if (loop->events[i].data.ptr == source)
			loop->events[i].events = 0;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_ms)
{
	if (at_ms == LOOP_NEVER) {
		loop_timer_cancel(loop, timer);
		return;
	}
	timer->at_ms = at_ms;
	if (timer->armed)
		return;
	timer->armed = true;
	timer->next = loop->timers;
	loop->timers = timer;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	if (!timer->armed)
		return;
	timer->armed = false;
	for (struct loop_timer **link = &loop->timers; *link; link = &(*link)->next)
		if (*link == timer) {
			*link = timer->next;
			return;
		}
}

/* The earliest armed timer, or NULL. The list is short: a few timers a door and one a client. */
static struct loop_timer *earliest(struct loop *loop)
{
	struct loop_timer *first = NULL;
	for (struct loop_timer *timer = loop->timers; timer; timer = timer->next)
		if (!first || timer->at_ms < first->at_ms)
			first = timer;
	return first;
}

static void note_lateness(struct loop_lateness *lateness, int64_t late_us)
{
	int bound = 0;
	while (bound < LOOP_LATE_BOUNDS && late_us > loop_late_bounds_us[bound])
		bound++;
	lateness->counts[bound]++;
	lateness->total_us += late_us;
}

int64_t loop_busy_ms(const struct loop *loop)
{
	int64_t busy_ms = loop->busy_since_ms > 0 ? loop_now_ms() - loop->busy_since_ms : 0;
	return busy_ms > loop->busy_ms ? busy_ms : loop->busy_ms;
}

void loop_forget_busy(struct loop *loop)
{
	loop->busy_ms = 0;
	if (loop->busy_since_ms > 0)
		loop->busy_since_ms = loop_now_ms();
}

static void begin_turn(struct loop *loop)
{
	loop->busy_since_ms = loop_now_ms();
}

static void end_turn(struct loop *loop)
{
	loop->event_count = loop->event_next = 0;
	loop->busy_ms = loop_busy_ms(loop);
	loop->busy_since_ms = 0;
}

static void run_timers(struct loop *loop)
{
	/* At most as many as were armed: a timer that sets itself to the past again cannot starve the descriptors. */
	int64_t now_ms = loop->busy_since_ms;
	struct loop_timer *timer;
	int most = 0;
	for (timer = loop->timers; timer; timer = timer->next)
		most++;
	while (most-- > 0 && !loop->stopped && (timer = earliest(loop)) && timer->at_ms <= now_ms) {
		loop_timer_cancel(loop, timer);
		note_lateness(&loop->lateness, clock_us(CLOCK_BOOTTIME) - timer->at_ms * 1000);
		timer->expired(timer, now_ms);
	}
}

static int arm_timer_fd(struct loop *loop)
{
	const struct loop_timer *first = earliest(loop);
	int64_t at_ms = first ? first->at_ms : LOOP_NEVER;
	if (at_ms == loop->timer_fd_at_ms)
		return 0;
	struct itimerspec when = {0};
	if (first) {
		if (at_ms < 1)
			at_ms = 1;
		when.it_value.tv_sec = (time_t)(at_ms / 1000);
		when.it_value.tv_nsec = (long)(at_ms % 1000) * 1000000;
	}
	if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
		return -errno;
	loop->timer_fd_at_ms = at_ms;
	return 0;
}

static void read_signals(struct loop_source *source, uint32_t events)
{
	struct loop *loop = source->user;
	struct signalfd_siginfo info;
	(void)events;
	while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop->caught(loop->caught_user, (int)info.ssi_signo);
}

int loop_signals(struct loop *loop, const sigset_t *signals, void (*caught)(void *user, int signal), void *user)
{
	loop->signal_fd = signalfd(-1, signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signal_fd < 0)
		return -errno;
	loop->caught = caught;
	loop->caught_user = user;
	loop->signal_source = (struct loop_source){.fd = loop->signal_fd, .ready = read_signals, .user = loop};
	return loop_add(loop, &loop->signal_source, EPOLLIN);
}

int loop_run(struct loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped) {
		int error = arm_timer_fd(loop);
		if (error < 0)
			return error;
		loop->event_count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_MAX, -1);
		if (loop->event_count < 0) {
			loop->event_count = 0;
			if (errno == EINTR)
				continue;
			return -errno;
		}
		begin_turn(loop);
		/* Deadlines first: a relay's release never waits behind a flood of input. */
		run_timers(loop);
		for (loop->event_next = 0; loop->event_next < loop->event_count && !loop->stopped;) {
			struct epoll_event *event = &loop->events[loop->event_next++];
			struct loop_source *source = event->data.ptr;
			if (!source) {
				uint64_t expirations;
				if (read(loop->timer_fd, &expirations, sizeof(expirations)) > 0)
					loop->timer_fd_at_ms = LOOP_NEVER;
			} else if (event->events) {
				source->ready(source, event->events);
			}
		}
		end_turn(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
