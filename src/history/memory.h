/*
 * For this room only: what is known of the doors' past, in memory. Each door has a ring of records for each kind of them, and
 * its totals and last change. Pure: no files, no threads, time is an argument. One
 * thread at a time.
 */
#ifndef PORTCULLIS_HISTORY_MEMORY_H
#define PORTCULLIS_HISTORY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "history/history.h"
#include "history/line.h"

/*
 * An event is what the door has done, or what was found out. What is only said costs its sender nothing, and has room of
 * its own: commands that were taken (also those that were cancelled, and warnings), refused ones, and lock-outs.
 */
enum history_kind { HISTORY_EVENT, HISTORY_COMMAND, HISTORY_REFUSAL, HISTORY_LOCKOUT };
#define HISTORY_KINDS 4

struct history_ring {
	struct door_record *records;
	size_t max, next, count;
};

struct history_door {
	char id[DOOR_ID_MAX + 1];
	struct door_record event_records[HISTORY_DOOR_RECORDS], command_records[HISTORY_DOOR_COMMANDS],
			refusal_records[HISTORY_DOOR_REFUSALS], lockout_records[HISTORY_DOOR_LOCKOUTS];
	struct history_ring rings[HISTORY_KINDS]; /* use the four arrays */
	struct door_totals totals;
	struct history_change change;
	struct door_record changed; /* the record that change is of; number 0: none */
	bool behind;                /* history.c's: the files do not know the totals */
};

struct history_memory {
	uint32_t run;           /* the highest number of a run in any line */
	uint64_t newest_number; /* of all records, also of those of other doors */
	int64_t newest_unix_ms;
	size_t door_count;
	struct history_door doors[];
};

/* One allocation; the caller frees it with free. ids are copied. NULL: no memory. */
struct history_memory *history_memory_new(const char *const *ids, size_t door_count);
void history_memory_clear(struct history_memory *memory); /* makes it as it was when it was new */

enum history_kind history_kind_of(const struct door_record *record);

/* Adds a record, copied; record->door is an index into doors. The oldest record of a full ring is dropped. */
void history_memory_insert(struct history_memory *memory, const struct door_record *record);

/* Adds the next line of a file. A line of a door that is not in doors only counts in run and newest_number. */
void history_memory_take(struct history_memory *memory, const struct history_line *line);

/* The record of the door that this one repeats (see history_add); NULL: there is none. */
struct door_record *history_memory_repeated(const struct history_door *door, const struct door_record *record);

/* from has a time: gives one to each record of the same run that has none. Returns whether there was such a record. */
bool history_memory_give_times(struct history_door *door, const struct door_record *from);

/* The newest record of the door; NULL: it has none. */
const struct door_record *history_memory_newest(const struct history_door *door);

/* Does what history_read says. */
size_t history_memory_read(const struct history_memory *memory, size_t door, uint64_t before,
		struct door_record *records, size_t max);

#endif
