/*
 * The event loop: epoll for descriptors, one timerfd for all deadlines, one signalfd.
 *
 * Single-threaded: everything here is called from the thread that runs the loop, except the clocks (loop_now_ms,
 * loop_from_monotonic_ms, loop_wall_ms), which any thread may read. Time is milliseconds of CLOCK_BOOTTIME, absolute:
 * it never jumps, and it goes on while the machine is suspended, so that a message that waited through a suspend shows
 * its true age. A kernel that refuses a clock ends the program (kernel_check has looked for that). Sources and timers
 * are embedded in the structs of their owners, who must remove or cancel them before the memory goes; removing one from
 * inside any callback is safe. Callbacks must not block.
 */
#ifndef PORTCULLIS_BASE_LOOP_H
#define PORTCULLIS_BASE_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define LOOP_NEVER INT64_MAX

struct loop;

struct loop_source {
	int fd; /* borrowed: the owner closes it after loop_remove */
	void (*ready)(struct loop_source *source, uint32_t events); /* events as in epoll_ctl(2) */
	void *user;
	bool watched; /* set by the loop */
};

struct loop_timer {
	/* Disarmed before the call: set it again for more. now_ms: when the loop began to run the timers of this turn. */
	void (*expired)(struct loop_timer *timer, int64_t now_ms);
	void *user;
	int64_t at_ms;           /* set by the loop */
	struct loop_timer *next; /* the loop's list of armed timers */
	bool armed;
};

/* Returns 0 or -errno. The caller frees with loop_free, which takes NULL. */
int loop_new(struct loop **loop);
void loop_free(struct loop *loop);

int64_t loop_now_ms(void); /* CLOCK_BOOTTIME */
/*
 * Converts a time of CLOCK_MONOTONIC, with which the kernel stamps edges, to the loop's clock. A time from before a
 * suspend becomes later by the length of the suspend.
 */
int64_t loop_from_monotonic_ms(int64_t monotonic_ms);
int64_t loop_wall_ms(void); /* CLOCK_REALTIME, for people only */

/* The first multiple of period_ms after now_ms. So timers whose periods are multiples of each other share turns. Pure. */
static inline int64_t loop_in_step_ms(int64_t now_ms, int64_t period_ms)
{
	return (now_ms / period_ms + 1) * period_ms;
}

int loop_add(struct loop *loop, struct loop_source *source, uint32_t events);    /* 0 or -errno */
int loop_modify(struct loop *loop, struct loop_source *source, uint32_t events); /* 0 or -errno */
void loop_remove(struct loop *loop, struct loop_source *source); /* does nothing when it is not watched */

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_ms); /* LOOP_NEVER cancels */
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/*
 * Reads these signals from the loop. The caller has blocked them in every thread (main does so before any other thread
 * starts). caught gets the signal's number. Call this once for a loop. Returns 0 or -errno.
 */
int loop_signals(struct loop *loop, const sigset_t *signals, void (*caught)(void *user, int signal), void *user);

/*
 * How late timers ran: the time from a timer's deadline to the call of its callback. counts[i] is the number of timers
 * that were at most loop_late_bounds_us[i] late and later than the bound before; the last one counts those beyond all
 * bounds. total_us adds up all of them. The pointer is valid until loop_free, and its figures go on growing.
 */
#define LOOP_LATE_BOUNDS 10
struct loop_lateness {
	uint64_t counts[LOOP_LATE_BOUNDS + 1];
	int64_t total_us;
};
extern const int64_t loop_late_bounds_us[LOOP_LATE_BOUNDS];
const struct loop_lateness *loop_lateness(const struct loop *loop);

/*
 * For how long the callbacks of one turn have run at most, without a wait for events between them; the turn that runs
 * now counts up to now. What came in such a time has waited. loop_forget_busy begins anew from now.
 */
int64_t loop_busy_ms(const struct loop *loop);
void loop_forget_busy(struct loop *loop);

/* Runs until loop_stop, which a callback calls. Returns 0, or -errno when the loop itself failed. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
