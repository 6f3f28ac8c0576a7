/* A new thread inherits the mask of signals of the one that starts it, so that one blocks all of them for a moment. */
#include "base/thread.h"

#include <signal.h>
#include <unistd.h>

int thread_start(pthread_t *thread, size_t stack_bytes, void *(*run)(void *user), void *user)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int error = pthread_attr_init(&attributes);
	if (error)
		return -error;
	const long least = sysconf(_SC_THREAD_STACK_MIN); /* 128 KB on arm64, and more where registers are many */
	if (least > 0 && stack_bytes < (size_t)least)
		stack_bytes = (size_t)least;
	error = pthread_attr_setstacksize(&attributes, stack_bytes);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!error)
		error = pthread_create(thread, &attributes, run, user);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -error;
}
