/* Threads as all of this program's are started. */
#ifndef PORTCULLIS_BASE_THREAD_H
#define PORTCULLIS_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/*
 * Starts run(user) in a thread that no signal reaches: signals are the loop's. Its stack has stack_bytes. 0 or -errno;
 * after 0 the caller joins or detaches the thread, once.
 */
int thread_start(pthread_t *thread, size_t stack_bytes, void *(*run)(void *user), void *user);

#endif
