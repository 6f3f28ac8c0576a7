/*
 * Pauses before what the broker has refused is asked for or said again. Pure.
 */
#ifndef PORTCULLIS_MQTT_AGAIN_H
#define PORTCULLIS_MQTT_AGAIN_H

#include <stddef.h>
#include <stdint.h>

/* The pause before try *step, which begins at 0 and is counted up: 5, 10, 30 s, and 60 s from then on. */
static inline int64_t mqtt_again_ms(unsigned *step)
{
	static const int64_t pauses_ms[] = {5000, 10000, 30000, 60000};
	size_t last = sizeof(pauses_ms) / sizeof(pauses_ms[0]) - 1;
	return pauses_ms[*step < last ? (*step)++ : last];
}

#endif
