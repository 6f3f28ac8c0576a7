/*
 * Whoever gives the first sign after a gap notes it, which may be another thread than the one that wants to know.
 */
#include "base/alive.h"

void alive_init(struct alive *alive, int64_t now_ms)
{
	pthread_mutex_init(&alive->lock, NULL);
	alive->signed_ms = now_ms;
	alive->gap_ms = 0;
}

void alive_destroy(struct alive *alive)
{
	pthread_mutex_destroy(&alive->lock);
}

/* Holding the lock. Two threads may come in another order than their times. */
static void note_sign(struct alive *alive, int64_t now_ms)
{
	int64_t gap_ms = now_ms - alive->signed_ms;
	if (gap_ms >= ALIVE_GAP_MS && gap_ms > alive->gap_ms)
		alive->gap_ms = gap_ms;
	if (gap_ms > 0)
		alive->signed_ms = now_ms;
}

void alive_sign(struct alive *alive, int64_t now_ms)
{
	pthread_mutex_lock(&alive->lock);
	note_sign(alive, now_ms);
	pthread_mutex_unlock(&alive->lock);
}

int64_t alive_take_gap(struct alive *alive, int64_t now_ms)
{
	pthread_mutex_lock(&alive->lock);
	note_sign(alive, now_ms);
	int64_t gap_ms = alive->gap_ms;
	alive->gap_ms = 0;
	pthread_mutex_unlock(&alive->lock);
	return gap_ms;
}

int64_t alive_look_gap(struct alive *alive, int64_t now_ms)
{
	pthread_mutex_lock(&alive->lock);
	int64_t gap_ms = now_ms - alive->signed_ms;
	if (gap_ms < ALIVE_GAP_MS || gap_ms < alive->gap_ms)
		gap_ms = alive->gap_ms;
	pthread_mutex_unlock(&alive->lock);
	return gap_ms;
}
