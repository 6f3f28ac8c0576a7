/* How this program starts its threads. Paho starts its own. */
#ifndef PORTCULLIS_BASE_THREAD_H
#define PORTCULLIS_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/*
 * Starts run(user) in a thread with a stack of stack_bytes, or of what the C library wants at least. All signals are
 * blocked in it, since the loop reads them. Any thread may call it; it does not wait for the new thread.
 * Returns 0 or -errno. After 0 the caller joins or detaches the thread, once.
 */
int thread_start(pthread_t *thread, size_t stack_bytes, void *(*run)(void *user), void *user);

#endif
