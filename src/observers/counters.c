/* Numbers only: each kind of news adds to its own. */
#include "observers/counters.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static_assert(METRICS_SENSORS == DOOR_SENSORS, "edges are counted by enum door_sensor");

/* One for each door: the face points to the first. */
struct counters {
	struct metrics_counts of;
};

int counters_new(size_t door_count, struct counters **out)
{
	*out = calloc(door_count, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void counters_free(struct counters *counters)
{
	free(counters);
}

static void count_step(struct metrics_counts *counts, const struct garage_news *news)
{
	counts->edges[news->sensor] += news->edge;
	for (size_t i = 0; i < news->switch_count; i++) {
		const struct garage_switch *one = &news->switches[i];
		counts->pulses += one->error == 0 && one->on && one->line != DOOR_LINE_WARNING;
	}
	for (size_t i = 0; i < news->happening_count; i++) {
		if (news->happenings[i].event == DOOR_EVENT_FAULT)
			counts->faults[news->happenings[i].fault]++;
		counts->cancelled += news->happenings[i].event == DOOR_EVENT_CANCELLED;
	}
}

void counters_hear(void *user, const struct garage_news *news)
{
	struct counters *counters = user;
	struct metrics_counts *counts = &counters[news->door].of;
	if (news->kind == GARAGE_STEP) {
		count_step(counts, news);
	} else if (news->kind == GARAGE_ENDING) {
		counts->commands[news->ending->source][news->ending->result]++;
		if (news->ending->result == DOOR_RESULT_REJECTED)
			counts->refusals[news->ending->reason]++;
	}
}

const struct metrics_counts *counters_of(const struct counters *counters, size_t door)
{
	return &counters[door].of;
}
