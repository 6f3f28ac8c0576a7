#include "mqtt/threads.h"

#include <semaphore.h>
#include <stdint.h>
#include <time.h>

#include "tap.h"

static sem_t began[4];

static void *run(void *user)
{
	sem_post(user);
	return NULL;
}

static bool begins(sem_t *one)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	return sem_timedwait(one, &until) == 0;
}

/* As Paho does, with a stack of so many bytes; one that is far too large is refused as any is when memory is short. */
static int create(size_t stack_bytes, sem_t *one)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, stack_bytes);
	int error = mqtt_threads_paho_create(&thread, &attributes, run, one);
	pthread_attr_destroy(&attributes);
	return error;
}

int main(void)
{
	const size_t too_large = SIZE_MAX / 4 * 3, some = (size_t)256 * 1024;
	int left;
	for (int i = 0; i < 4; i++)
		sem_init(&began[i], 0, 0);

	tap_case("a thread that begins is nobody's debt");
	CHECK(create(some, &began[0]) == 0);
	CHECK(begins(&began[0]));
	CHECK(mqtt_threads_begin() == 0);
	CHECK(sem_getvalue(&began[0], &left) == 0 && left == 0);

	tap_case("two that could not begin do so later, once each");
	CHECK(create(too_large, &began[0]) != 0);
	CHECK(create(too_large, &began[1]) != 0);
	CHECK(mqtt_threads_begin() == 0);
	CHECK(begins(&began[0]) && begins(&began[1]));
	CHECK(mqtt_threads_begin() == 0);

	tap_case("and two more, after them");
	CHECK(create(too_large, &began[2]) != 0);
	CHECK(create(too_large, &began[3]) != 0);
	CHECK(mqtt_threads_begin() == 0);
	CHECK(begins(&began[2]) && begins(&began[3]));
	return tap_done();
}
