#include "base/wake.h"

#include <poll.h>
#include <pthread.h>

#include "base/thread.h"
#include "tap.h"

static struct loop *loop;
static struct wake wake;
static unsigned calls, wanted;

static void count_call(void *user)
{
	CHECK(user == &calls);
	if (++calls < wanted)
		wake_up(&wake); /* from inside: one more call, in another turn */
	else
		loop_stop(loop);
}

static void close_inside(void *user)
{
	(void)user;
	wake_close(&wake);
	loop_stop(loop);
}

static void stop_loop(struct loop_timer *timer, int64_t now_ms)
{
	(void)timer;
	(void)now_ms;
	loop_stop(loop);
}

static void *wake_from_thread(void *user)
{
	wake_up(user);
	return NULL;
}

static bool is_readable(int fd)
{
	struct pollfd wanted_fd = {.fd = fd, .events = POLLIN};
	return poll(&wanted_fd, 1, 0) > 0;
}

/* Runs the loop until something stops it, or until all that was there has been seen. */
static unsigned run_calls(void)
{
	struct loop_timer timer = {.expired = stop_loop};
	calls = 0;
	loop_run(loop);
	unsigned seen = calls;
	loop_timer_set(loop, &timer, loop_now_ms() + 1);
	loop_run(loop);
	loop_timer_cancel(loop, &timer);
	return calls == seen ? calls : UINT32_MAX;
}

static void test_calls(void)
{
	pthread_t thread;
	tap_case("many wake-ups before a turn are one call");
	wanted = 1;
	if (!CHECK(wake_open(&wake, loop, count_call, &calls) == 0))
		return;
	for (int i = 0; i < 5; i++)
		wake_up(&wake);
	CHECK(run_calls() == 1);
	tap_case("one from inside the call is another call");
	wanted = 3;
	wake_up(&wake);
	CHECK(run_calls() == 3);
	tap_case("one from another thread");
	wanted = 1;
	if (CHECK(thread_start(&thread, 65536, wake_from_thread, &wake) == 0)) {
		CHECK(run_calls() == 1);
		pthread_join(thread, NULL);
	}
	tap_case("muted, nobody is called, and the descriptor is still there");
	struct loop_timer timer = {.expired = stop_loop};
	calls = 0;
	wake_mute(&wake);
	wake_up(&wake);
	loop_timer_set(loop, &timer, loop_now_ms() + 1);
	loop_run(loop);
	loop_timer_cancel(loop, &timer);
	CHECK(calls == 0 && is_readable(wake_fd(&wake)));
	wake_close(&wake);
	wake_close(&wake); /* nothing more */
}

int main(void)
{
	if (loop_new(&loop) < 0)
		return 1;
	tap_case("one that was never opened can be muted and closed");
	wake_mute(&wake);
	wake_close(&wake);
	test_calls();

	tap_case("the call may close it");
	if (CHECK(wake_open(&wake, loop, close_inside, NULL) == 0)) {
		wake_up(&wake);
		loop_run(loop);
		CHECK(!wake.open);
	}

	tap_case("without a loop the descriptor tells, and goes on telling");
	if (CHECK(wake_open(&wake, NULL, NULL, NULL) == 0)) {
		CHECK(!is_readable(wake_fd(&wake)));
		wake_up(&wake);
		CHECK(is_readable(wake_fd(&wake)) && is_readable(wake_fd(&wake)));
		wake_close(&wake);
	}
	loop_free(loop);
	return tap_done();
}
