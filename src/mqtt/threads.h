/*
 * Paho's threads. Paho 1.3 starts its two threads with the first connection and never again. It does not look whether
 * they began: when memory or the number of threads did not allow one, no connection works any more. The build renames
 * pthread_create in Paho's archive (see wire.h), so that what could not begin is known here, and begins later.
 *
 * Loop thread only, since Paho starts its threads from MQTTAsync_connect. Nothing waits.
 */
#ifndef PORTCULLIS_MQTT_THREADS_H
#define PORTCULLIS_MQTT_THREADS_H

#include <pthread.h>

/*
 * Call it after MQTTAsync_connect, and before Paho's last handle is destroyed, which waits for both threads. Begins
 * what Paho could not begin. Returns 0 when nothing is left, or -errno of what still cannot begin.
 */
int mqtt_threads_begin(void);

/* Only for Paho, in the place of pthread_create. What fails is remembered; it begins detached, as Paho asks of both. */
int mqtt_threads_paho_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *user), void *user);

#endif
