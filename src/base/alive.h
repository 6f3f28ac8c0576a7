/*
 * Whether the process stood still (SIGSTOP, a suspend, no processor at all). Its threads give signs of life. By themselves
 * they never pause for ALIVE_GAP_MS, so such a gap between two signs, of whichever threads, shows a standstill. What came
 * in the gap has waited.
 *
 * At least one thread gives a sign each second or oftener. Then a standstill of ALIVE_GAP_MS or more is certain to be
 * noticed, by the first sign after it; a shorter one may be. Times are of the loop's clock, which goes on in a suspend.
 */
#ifndef PORTCULLIS_BASE_ALIVE_H
#define PORTCULLIS_BASE_ALIVE_H

#include <pthread.h>
#include <stdint.h>

#define ALIVE_GAP_MS 2000

struct alive {
	pthread_mutex_t lock; /* guards the rest */
	int64_t signed_ms;    /* the last sign */
	int64_t gap_ms;       /* the longest that nobody has asked about yet; 0 = none */
};

/* The first sign. Freed with alive_destroy, when no other thread uses it any more. */
void alive_init(struct alive *alive, int64_t now_ms);
void alive_destroy(struct alive *alive);

/* A sign of life. From any thread; does not block. */
void alive_sign(struct alive *alive, int64_t now_ms);

/*
 * A sign of life, too. The longest gap of ALIVE_GAP_MS or more that ended since this was last asked, or now; 0: there
 * was none. The standstill was at most as long as the gap. From any thread.
 */
int64_t alive_take_gap(struct alive *alive, int64_t now_ms);

/* The gap that alive_take_gap would return, without taking it, and no sign of life. From any thread. */
int64_t alive_look_gap(struct alive *alive, int64_t now_ms);

#endif
