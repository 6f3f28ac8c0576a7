#include "base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

struct trace {
	struct loop *loop;
	char text[64];
	size_t length;
	struct loop_timer *victim_timer;
	struct loop_source *victim_source;
};

static void note(struct trace *trace, char mark)
{
	if (trace->length < sizeof(trace->text) - 1)
		trace->text[trace->length++] = mark;
}

static struct trace *shared; /* the timers below note their own mark; the test is single-threaded */

static void expired_a(struct loop_timer *timer, int64_t now_ms)
{
	(void)timer, (void)now_ms;
	note(shared, 'a');
	if (shared->victim_timer)
		loop_timer_cancel(shared->loop, shared->victim_timer);
}

static void expired_b(struct loop_timer *timer, int64_t now_ms)
{
	(void)timer, (void)now_ms;
	note(shared, 'b');
}

static void expired_stop(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	note(shared, now_ms >= timer->at_ms ? '.' : '!');
	loop_stop(shared->loop);
}

static void expired_again(struct loop_timer *timer, int64_t now_ms)
{
	note(shared, 'x');
	loop_timer_set(shared->loop, timer, now_ms - 1);
}

#define SLOW_MS 30

static void expired_slow(struct loop_timer *timer, int64_t now_ms)
{
	(void)timer;
	while (loop_now_ms() < now_ms + SLOW_MS)
		;
}

static int64_t busy_again_ms;

static void expired_forgetful(struct loop_timer *timer, int64_t now_ms)
{
	expired_slow(timer, now_ms);
	loop_forget_busy(timer->user);
	busy_again_ms = loop_busy_ms(timer->user);
}

static void readable(struct loop_source *source, uint32_t events)
{
	char byte;
	(void)events;
	if (read(source->fd, &byte, 1) == 1)
		note(shared, byte);
	if (shared->victim_source)
		loop_remove(shared->loop, shared->victim_source);
}

static void caught(void *user, int signal)
{
	(void)user;
	note(shared, signal == SIGUSR1 ? 's' : '?');
	loop_stop(shared->loop);
}

static void begin(struct trace *trace)
{
	*trace = (struct trace){0};
	shared = trace;
	if (loop_new(&trace->loop) < 0)
		abort();
}

static bool traced(struct trace *trace, const char *expected)
{
	trace->text[trace->length] = '\0';
	bool same = strcmp(trace->text, expected) == 0;
	if (!same)
		printf("# traced \"%s\", expected \"%s\"\n", trace->text, expected);
	return same;
}

int main(void)
{
	struct trace trace;

	tap_case("timers run in the order of their deadlines, not of their setting, and never early");
	begin(&trace);
	int64_t now_ms = loop_now_ms();
	struct loop_timer a = {.expired = expired_a}, b = {.expired = expired_b}, stop = {.expired = expired_stop};
	loop_timer_set(trace.loop, &stop, now_ms + 30);
	loop_timer_set(trace.loop, &b, now_ms + 20);
	loop_timer_set(trace.loop, &a, now_ms + 10);
	CHECK(loop_run(trace.loop) == 0);
	CHECK(traced(&trace, "ab."));
	CHECK(!a.armed && !b.armed && !stop.armed);
	loop_free(trace.loop);

	tap_case("a timer moved earlier or later keeps one place, and LOOP_NEVER cancels");
	begin(&trace);
	now_ms = loop_now_ms();
	loop_timer_set(trace.loop, &a, now_ms + 1000000);
	loop_timer_set(trace.loop, &b, now_ms + 5);
	loop_timer_set(trace.loop, &a, now_ms + 10);
	loop_timer_set(trace.loop, &b, now_ms + 15);
	loop_timer_set(trace.loop, &stop, now_ms + 40);
	CHECK(loop_run(trace.loop) == 0);
	CHECK(traced(&trace, "ab."));
	loop_timer_set(trace.loop, &a, now_ms);
	loop_timer_set(trace.loop, &a, LOOP_NEVER);
	loop_timer_set(trace.loop, &stop, now_ms);
	CHECK(loop_run(trace.loop) == 0);
	CHECK(traced(&trace, "ab.."));
	loop_free(trace.loop);

	tap_case("a timer cancelled by another's callback in the same turn does not run");
	begin(&trace);
	trace.victim_timer = &b;
	loop_timer_set(trace.loop, &a, loop_now_ms() - 2);
	loop_timer_set(trace.loop, &b, loop_now_ms() - 1);
	loop_timer_set(trace.loop, &stop, loop_now_ms() + 5);
	CHECK(loop_run(trace.loop) == 0);
	CHECK(traced(&trace, "a."));
	loop_free(trace.loop);

	tap_case("a timer that sets itself to the past does not starve a descriptor");
	begin(&trace);
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		abort();
	struct loop_timer again = {.expired = expired_again};
	struct loop_source source = {.fd = ends[0], .ready = readable};
	CHECK(loop_add(trace.loop, &source, EPOLLIN) == 0);
	CHECK(write(ends[1], "r", 1) == 1);
	loop_timer_set(trace.loop, &again, loop_now_ms() - 1);
	loop_timer_set(trace.loop, &stop, loop_now_ms() + 20);
	CHECK(loop_run(trace.loop) == 0);
	CHECK(memchr(trace.text, 'r', trace.length) != NULL);
	loop_timer_cancel(trace.loop, &again);
	loop_remove(trace.loop, &source);
	loop_free(trace.loop);

	tap_case("a source removed by another's callback in the same turn is not called");
	begin(&trace);
	int others[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, others) < 0)
		abort();
	struct loop_source first = {.fd = ends[0], .ready = readable}, second = {.fd = others[0], .ready = readable};
	CHECK(loop_add(trace.loop, &first, EPOLLIN) == 0 && loop_add(trace.loop, &second, EPOLLIN) == 0);
	CHECK(write(ends[1], "1", 1) == 1 && write(others[1], "2", 1) == 1);
	trace.victim_source = &second;
	loop_timer_set(trace.loop, &stop, loop_now_ms() + 20);
	CHECK(loop_run(trace.loop) == 0);
	CHECK(traced(&trace, "1."));
	CHECK(first.watched && !second.watched);
	loop_remove(trace.loop, &first);
	loop_free(trace.loop);
	close(ends[0]), close(ends[1]), close(others[0]), close(others[1]);

	tap_case("a bad descriptor is an error of loop_add, not of the run");
	begin(&trace);
	struct loop_source bad = {.fd = 4095, .ready = readable};
	CHECK(loop_add(trace.loop, &bad, EPOLLIN) == -EBADF);
	CHECK(!bad.watched);
	loop_remove(trace.loop, &bad);
	loop_free(trace.loop);

	tap_case("a blocked signal is read by the loop");
	begin(&trace);
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	CHECK(loop_signals(trace.loop, &signals, caught, NULL) == 0);
	CHECK(kill(getpid(), SIGUSR1) == 0);
	CHECK(loop_run(trace.loop) == 0);
	CHECK(traced(&trace, "s"));
	loop_free(trace.loop);

	tap_case("how late timers run is counted, each behind those before it");
	begin(&trace);
	struct loop_timer slow = {.expired = expired_slow};
	now_ms = loop_now_ms();
	loop_timer_set(trace.loop, &slow, now_ms - 3);
	loop_timer_set(trace.loop, &a, now_ms - 2);
	loop_timer_set(trace.loop, &stop, now_ms - 1);
	CHECK(loop_run(trace.loop) == 0);
	const struct loop_lateness *lateness = loop_lateness(trace.loop);
	uint64_t counted = 0, late = 0;
	for (int i = 0; i <= LOOP_LATE_BOUNDS; i++) {
		counted += lateness->counts[i];
		if (i == LOOP_LATE_BOUNDS || loop_late_bounds_us[i] > SLOW_MS * 1000 / 2)
			late += lateness->counts[i];
	}
	CHECK(counted == 3 && late >= 2);
	CHECK(lateness->total_us >= (int64_t)2 * SLOW_MS * 1000);

	tap_case("a turn whose callbacks take long is told until it is forgotten, also after its end");
	CHECK(loop_busy_ms(trace.loop) >= SLOW_MS);
	loop_forget_busy(trace.loop);
	CHECK(loop_busy_ms(trace.loop) == 0);
	loop_free(trace.loop);

	tap_case("what is forgotten in the middle of a turn counts from there");
	begin(&trace);
	struct loop_timer forgetful = {.expired = expired_forgetful, .user = trace.loop};
	now_ms = loop_now_ms();
	loop_timer_set(trace.loop, &forgetful, now_ms - 2);
	loop_timer_set(trace.loop, &stop, now_ms - 1);
	CHECK(loop_run(trace.loop) == 0);
	CHECK(busy_again_ms < SLOW_MS);
	loop_free(trace.loop);

	tap_case("loop_free takes NULL");
	loop_free(NULL);
	CHECK(true);
	return tap_done();
}
