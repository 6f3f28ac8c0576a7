/* A list of threads that are still to begin: static, as Paho's are. */
#include "mqtt/threads.h"

#include <stddef.h>

#define THREADS_MAX 2 /* Paho's: one sends, one receives */

static struct {
	void *(*run)(void *user); /* NULL: none */
	void *user;
} owed[THREADS_MAX];

static int start_detached(void *(*run)(void *user), void *user)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error = pthread_attr_init(&attributes);
	if (error)
		return -error;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attributes, run, user);
	pthread_attr_destroy(&attributes);
	return -error;
}

int mqtt_threads_begin(void)
{
	int left = 0;
	for (int i = 0; i < THREADS_MAX; i++) {
		int error = owed[i].run ? start_detached(owed[i].run, owed[i].user) : 0;
		if (error)
			left = error;
		else
			owed[i].run = NULL;
	}
	return left;
}

int mqtt_threads_paho_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *user), void *user)
{
	int error = pthread_create(thread, attributes, run, user);
	for (int i = 0; error && i < THREADS_MAX; i++) {
		if (owed[i].run)
			continue;
		owed[i].run = run;
		owed[i].user = user;
		break;
	}
	return error;
}
