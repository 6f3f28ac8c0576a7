/* A ring for each door: the next change is written at count modulo its size. */
#include "observers/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct change {
	const char *key;
	bool active;
	int64_t at_ms;
};

/* One for each door: the face points to the first. */
struct trace {
	uint64_t count;
	struct change changes[TRACE_CHANGES];
};

int trace_new(size_t door_count, struct trace **out)
{
	*out = calloc(door_count, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void trace_free(struct trace *trace)
{
	free(trace);
}

static void trace_add(struct trace *trace, const char *key, bool active, int64_t at_ms)
{
	trace->changes[trace->count++ % TRACE_CHANGES] = (struct change){.key = key, .active = active, .at_ms = at_ms};
}

void trace_hear(void *user, const struct garage_news *news)
{
	struct trace *doors = user;
	if (news->kind != GARAGE_STEP)
		return;
	struct trace *trace = &doors[news->door];
	if (news->edge && (news->sensor == DOOR_SENSOR_CLOSED || news->sensor == DOOR_SENSOR_OPEN))
		trace_add(trace, door_sensor_keys[news->sensor], news->edge_active, news->edge_ms);
	for (size_t i = 0; i < news->switch_count; i++) {
		const struct garage_switch *one = &news->switches[i];
		if (one->error == 0 && one->line < DOOR_LINE_WARNING)
			trace_add(trace, door_line_keys[one->line], one->on, news->at.ms);
	}
}

void trace_print(const struct trace *doors, size_t door, char text[static TRACE_TEXT_MAX])
{
	const struct trace *trace = &doors[door];
	uint64_t first = trace->count > TRACE_CHANGES ? trace->count - TRACE_CHANGES : 0;
	int used = snprintf(text, TRACE_TEXT_MAX, "%" PRIu64, trace->count);
	for (uint64_t i = first; i < trace->count; i++) {
		const struct change *one = &trace->changes[i % TRACE_CHANGES];
		used += snprintf(text + used, TRACE_TEXT_MAX - (size_t)used, " %s%c%" PRId64, one->key,
				one->active ? '+' : '-', one->at_ms);
	}
}
