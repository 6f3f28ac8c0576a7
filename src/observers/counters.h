/* What GET /metrics counts of the doors since the start. An observer of the garage. Loop thread only. */
#ifndef PORTCULLIS_OBSERVERS_COUNTERS_H
#define PORTCULLIS_OBSERVERS_COUNTERS_H

#include <stddef.h>

#include "garage/garage.h"
#include "metrics/metrics.h"

struct counters;

/* 0 or -ENOMEM. Freed with counters_free, which takes NULL. */
int counters_new(size_t door_count, struct counters **counters);
void counters_free(struct counters *counters);

void counters_hear(void *counters, const struct garage_news *news); /* garage_observer.hear */

/* Of one door. The pointer is valid until counters_free, and its figures go on growing. */
const struct metrics_counts *counters_of(const struct counters *counters, size_t door);

#endif
