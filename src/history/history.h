/*
 * The history: what happened to each door. The newest HISTORY_DOOR_RECORDS of each are in memory; where a directory is
 * given, they and the doors' totals are in files there, too, and are read back at the start.
 *
 * Refused commands cost their sender nothing, so they have a place and a budget of their own: HISTORY_DOOR_REFUSALS of
 * each door in memory, and on the disk HISTORY_BURST_REFUSALS lines and then one in HISTORY_REFUSAL_EVERY_MS. However
 * many come, they push out no event of another kind and take no line from one.
 *
 * Everything here belongs to the loop's thread and none of it waits for a disk, but for history_new, which reads, and
 * history_free, which waits for the last write. A thread of this room's own writes, and reads what comes later.
 *
 * The files: history.jsonl, and history.1.jsonl, which was filled before it. One line an event, a JSON object
 * (history/line.h) that ends with a checksum of itself. Lines are only ever appended, but for an end that was torn off
 * (by a power cut, a full disk), which is cut away before the next line. A new file begins with the totals of all
 * doors, and takes its name only when that is on the disk: so nothing but the oldest events goes when a file is full.
 *
 * What a memory card must bear: a line is handed to the kernel at once, so that it outlives the agent, and is forced to
 * the card (fdatasync) at once if that was not done in the last HISTORY_SYNC_MS, else when they are over: that long, at
 * most, a power cut reaches back. After HISTORY_BURST_LINES there is no more than a line in HISTORY_LINE_EVERY_MS; what
 * is left out is in memory, and in the totals of the next line.
 *
 * A directory that cannot be used at the start is looked for every HISTORY_LOOK_MS, and until then the history is in
 * memory only: writing without having read would lose the totals. When it comes, what it holds becomes the past of what
 * was seen since the start (history_look). A disk that does not take a line is tried again every HISTORY_RETRY_MS; the
 * directory is opened anew for that, so a card that was gone may come back. Each problem is logged once.
 */
#ifndef PORTCULLIS_HISTORY_HISTORY_H
#define PORTCULLIS_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "door/types.h"

#define HISTORY_DOOR_RECORDS 80         /* of a door in memory: 3.2 KB */
#define HISTORY_DOOR_REFUSALS 24        /* besides: 1 KB */
#define HISTORY_FILE_BYTES (256 * 1024) /* of each of the two files: about 1,000 lines */
#define HISTORY_SYNC_MS 10000
#define HISTORY_RETRY_MS 60000
#define HISTORY_LOOK_MS 5000
#define HISTORY_PROBLEM_MAX 256
#define HISTORY_REPEAT_MS 60000
#define HISTORY_BURST_LINES 1000
#define HISTORY_LINE_EVERY_MS 10000
#define HISTORY_BURST_REFUSALS 100
#define HISTORY_REFUSAL_EVERY_MS 600000

struct history_config {
	const char *directory;    /* NULL: memory only */
	const char *const *doors; /* their ids, copied; records of others are passed over */
	size_t door_count;
	int64_t started_ms; /* the agent's start, of which records count */
	size_t file_bytes;  /* 0: HISTORY_FILE_BYTES */
	int64_t retry_ms;   /* 0: HISTORY_RETRY_MS, and HISTORY_LOOK_MS for a directory that is not there yet */
};

/* The last change of a door's state that was seen. */
struct history_change {
	enum door_state state;
	enum door_source source; /* DOOR_SOURCE_NONE: nobody saw when and by whom */
	int64_t unix_ms;         /* 0: not known */
};

struct history_status {
	bool wanted;                       /* a directory is configured */
	bool on_disk;                      /* it is in use */
	int error;                         /* -errno of the last attempt to read or write; 0: good */
	char problem[HISTORY_PROBLEM_MAX]; /* why nothing is written now, for people; "": nothing is wrong */
	uint64_t written;                  /* lines */
	uint64_t lost; /* lines that are in memory only: too many at once, or a disk that took none for too long */
};

struct history;

/*
 * Reads what there is, and starts the thread where there is a directory. What is wrong with directory or files is
 * logged and no failure: 0, or -ENOMEM. Freed with history_free.
 */
int history_new(const struct log *log, const struct history_config *config, struct history **history);

/*
 * To be called from time to time. True once, when the directory has come after history_new and its files are read: then
 * what former runs have left is there as after history_new, totals are those of then and of this run together, and the
 * records of this run have other numbers, which go on from the former ones. now_ms is of the clock of history_add.
 */
bool history_look(struct history *history, int64_t now_ms);

/* What a former run has left. change is all zero where none is known. */
void history_restore(
		const struct history *history, size_t door, struct door_totals *totals, struct history_change *change);
int64_t history_newest_unix_ms(const struct history *history); /* of all records; 0: none has a time */

/*
 * record: door, command, news, state, source, reason and fault are the caller's, the rest is filled in here. unix_ms
 * is 0 while the clock is not set. A refusal that is equal to one of the door less than HISTORY_REPEAT_MS before is
 * counted there, unless something else than refusals came between.
 */
void history_add(struct history *history, const struct door_record *record, const struct door_totals *totals,
		int64_t now_ms, int64_t unix_ms);

/* The clock was set: records of this run that have no time get theirs, and their doors a DOOR_NEWS_CLOCK_SET. */
void history_clock_set(struct history *history, int64_t now_ms, int64_t unix_ms);

#define HISTORY_ALL_DOORS SIZE_MAX

/* The newest first, with numbers below before (0: from the newest on). Returns how many. */
size_t history_read(
		const struct history *history, size_t door, uint64_t before, struct door_record *records, size_t max);

void history_status(struct history *history, struct history_status *status);

/* No more records. The thread writes what is left and ends; does not wait for it. */
void history_stop(struct history *history);
void history_free(struct history *history); /* takes NULL; stops, and waits for the thread */

#endif
