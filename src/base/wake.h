/*
 * How a thread makes the loop's thread call a function: an eventfd, one of the loop's sources. However often it is
 * woken before the loop looks, the function is called once.
 *
 * Embedded in its owner's struct, which must not move while it is open. One that is all zero was never opened, and
 * wake_mute and wake_close do nothing with it. Nothing blocks.
 */
#ifndef PORTCULLIS_BASE_WAKE_H
#define PORTCULLIS_BASE_WAKE_H

#include <stdbool.h>

#include "base/loop.h"

/* The members belong to wake.c. */
struct wake {
	struct loop *loop;
	struct loop_source source;
	void (*woken)(void *user);
	void *user;
	bool open;
};

/*
 * From now on the loop calls woken in the turn after a wake_up; woken may close wake and free it. loop NULL: nobody is
 * called, and the owner waits for wake_fd. Loop thread, or without a loop any thread. Returns 0, or -errno, and wake is
 * then not open. The owner ends it with wake_close.
 */
int wake_open(struct wake *wake, struct loop *loop, void (*woken)(void *user), void *user);

/* Any thread, while wake is open. Touches nothing of wake once the loop can have been woken. */
void wake_up(const struct wake *wake);

/* Readable (poll(2)) after a wake_up. Without a loop it stays so. */
int wake_fd(const struct wake *wake);

/* woken is not called any more; wake_up does nothing but is still allowed. Loop thread. */
void wake_mute(struct wake *wake);

/* Ends it. Loop thread; after wake_mute, and without a loop, any thread. No wake_up may come after it. */
void wake_close(struct wake *wake);

#endif
