/*
 * What GET /metrics answers: Prometheus's text format 0.0.4, names and units by its conventions (base units, _total on
 * counters, label values of a closed set counted from 0 on). Pure: reads its argument, writes text.
 */
#ifndef PORTCULLIS_METRICS_METRICS_H
#define PORTCULLIS_METRICS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "door/types.h"

#define METRICS_SIZE(doors) (16384 + (size_t)(doors) * 6144) /* bytes: enough with the longest ids and names */
#define METRICS_SENSORS 3                                    /* closed, open, obstruction: as enum door_sensor */

/* Counted since the start, for each door, by the agent. */
struct metrics_counts {
	uint64_t commands[DOOR_SOURCE_AUTO_CLOSE + 1][DOOR_RESULT_REJECTED + 1];
	uint64_t refusals[DOOR_REASON_LAST + 1];
	uint64_t faults[DOOR_FAULT_LAST + 1];
	uint64_t edges[METRICS_SENSORS]; /* before debouncing */
	uint64_t pulses;
};

struct metrics_door {
	struct door_view view;
	const struct metrics_counts *counts;
};

#define METRICS_STATUS_CLASSES 6 /* 1xx to 5xx, by their first digit */

/* All of it: borrowed strings and pointers. */
struct metrics {
	const char *version;
	struct metrics_door doors[DOORS_MAX];
	size_t door_count;
	uint64_t edges_dropped; /* by the kernel's queue */
	const struct loop_lateness *lateness;

	bool connected;
	uint64_t connects, received, dropped_full, dropped_too_long, publish_failed, protocol_errors;
	size_t denied; /* subscriptions */
	size_t in_flight, queued;

	bool history_wanted; /* a directory is configured */
	bool history_on_disk;
	uint64_t history_lost; /* events that are in memory only */

	const struct peers_view *peers; /* NULL: none are followed */
	uint64_t peer_documents_refused;

	uint64_t answers[METRICS_STATUS_CLASSES];
	uint64_t clients_refused;
	size_t clients, listeners;

	int64_t started_unix_ms;
	int64_t cpu_us;
	int64_t resident_bytes; /* 0: not known */
};

/* Writes terminated text; its length, or -ENOBUFS when it does not fit: then the buffer holds "". */
ssize_t metrics_render(const struct metrics *metrics, char *buffer, size_t size);

#endif
