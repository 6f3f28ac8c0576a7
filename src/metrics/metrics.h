/*
 * The answer to GET /metrics, in Prometheus's text format 0.0.4. Names and units follow its conventions: base units,
 * _total on counters; a counter with a fixed set of labels shows all of them from 0 on. Pure: it reads its argument and
 * writes text.
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
#define METRICS_SENSORS 4 /* closed, open, obstruction, lock-out: as enum door_sensor */

/* What the agent counts of one door since its start. */
struct metrics_counts {
	uint64_t commands[DOOR_SOURCE_AUTO_CLOSE + 1][DOOR_RESULT_REJECTED + 1];
	uint64_t refusals[DOOR_REASON_LAST + 1];
	uint64_t faults[DOOR_FAULT_LAST + 1];
	uint64_t edges[METRICS_SENSORS]; /* before debouncing */
	uint64_t pulses;
	uint64_t cancelled; /* commands, and what auto-close wanted, that ended before the last press */
};

struct metrics_door {
	struct door_view view;
	const struct metrics_counts *counts;
};

#define METRICS_STATUS_CLASSES 6 /* index: the first digit of the status; only 2 to 5 are written */

/* Everything that is written. Strings and pointers are borrowed for the call. */
struct metrics {
	const char *version;
	struct metrics_door doors[DOORS_MAX];
	size_t door_count;
	uint64_t edges_dropped; /* by the kernel's queue */
	const struct loop_lateness *lateness;

	bool connected;
	/* Messages dropped because a ring was full: the one for commands, or the one for bulk. */
	uint64_t dropped_full;
	uint64_t connects, received, dropped_too_long, publish_failed, protocol_errors;
	size_t denied; /* subscriptions that the broker denies */
	size_t in_flight, queued;

	bool history_wanted; /* a directory is configured */
	bool history_on_disk;
	uint64_t history_lost; /* records that are in memory only */

	const struct peers_view *peers; /* NULL: the configuration follows no peers */
	uint64_t peer_documents_refused;

	uint64_t answers[METRICS_STATUS_CLASSES];
	uint64_t clients_refused;
	size_t clients, listeners;

	int64_t started_unix_ms;
	int64_t cpu_us;
	int64_t resident_bytes; /* 0: not known */
};

/* Writes terminated text and returns its length without the terminator; or -ENOBUFS, and the buffer then holds "". */
ssize_t metrics_render(const struct metrics *metrics, char *buffer, size_t size);

#endif
