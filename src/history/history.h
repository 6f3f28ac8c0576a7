/*
 * The history: what happened to each door. The newest HISTORY_DOOR_RECORDS of each are in memory; where a directory is
 * given, they and the doors' totals are in files there, too, and are read back at the start.
 *
 * Refused commands cost their sender nothing, so they have room and a limit of their own: HISTORY_DOOR_REFUSALS of each
 * door in memory, and on the disk HISTORY_BURST_REFUSALS lines and then one in HISTORY_REFUSAL_EVERY_MS. Lock-outs that
 * are set and lifted have the same, HISTORY_DOOR_LOCKOUTS in memory. Commands that are taken may be taken back, and have
 * HISTORY_DOOR_COMMANDS in memory, HISTORY_BURST_COMMANDS lines, and one in HISTORY_COMMAND_EVERY_MS. However many of a
 * kind come, they push out no record of another and do not use its lines.
 *
 * All functions belong to the loop's thread. None of them waits for a disk, except history_new, which reads, and
 * history_free, which waits for the last write. A thread of this room writes; it also reads a directory that comes
 * later.
 *
 * The files are history.jsonl, and history.1.jsonl, which was filled before it. Each record is one line, a JSON object
 * (history/line.h) that ends with a checksum of itself. Lines are only appended. A torn last line (after a power cut or
 * on a full disk) is cut away before the next line is written. A new file begins with the totals of all doors, and gets
 * its name only when they are on the disk: so a full file costs only the oldest records.
 *
 * To spare a memory card: a line is written to the kernel at once, so that it outlives the agent. It is forced to the
 * card (fdatasync) at once if HISTORY_SYNC_MS have passed since the last time, and otherwise when they have passed. So
 * a power cut loses at most the last HISTORY_SYNC_MS. After HISTORY_BURST_LINES there is at most one line in
 * HISTORY_LINE_EVERY_MS. Records that are not written stay in memory, and the totals of the next line include them.
 *
 * Which doors commands have locked out is in a third file, lockouts (history/lockouts.h), which is written anew and
 * forced to the card at each change: HISTORY_BURST_LOCKOUTS times, and then once in HISTORY_LOCKOUTS_EVERY_MS, with what
 * is so by then. What an earlier run has left is not known while the directory or that file cannot be read, or where
 * the file is damaged: each door then counts as locked out, until it is known or somebody says otherwise.
 *
 * When a directory cannot be used at the start, the thread looks for it every HISTORY_LOOK_MS. Until it comes the
 * history is in memory only: writing without having read would lose the totals. When it comes, its records become the
 * past of what was seen since the start (history_look). When the disk does not take a line, the thread tries again
 * every HISTORY_RETRY_MS, and opens the directory anew for that, so that a card that was gone may come back. Each
 * problem is logged once.
 */
#ifndef PORTCULLIS_HISTORY_HISTORY_H
#define PORTCULLIS_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/loop.h"
#include "door/types.h"

#define HISTORY_DOOR_RECORDS 80         /* records of a door in memory: 3.2 KB */
#define HISTORY_DOOR_COMMANDS 40        /* and its commands that were taken, and warnings: 1.6 KB */
#define HISTORY_DOOR_REFUSALS 24        /* and its refusals: 1 KB */
#define HISTORY_DOOR_LOCKOUTS 24        /* and its lock-outs, as news and as commands: 1 KB */
#define HISTORY_FILE_BYTES (256 * 1024) /* of each of the two files: about 1,000 lines */
#define HISTORY_SYNC_MS 10000
#define HISTORY_RETRY_MS 60000
#define HISTORY_LOOK_MS 5000
#define HISTORY_PROBLEM_MAX 256
#define HISTORY_REPEAT_MS 60000
#define HISTORY_BURST_LINES 1000
#define HISTORY_LINE_EVERY_MS 10000
#define HISTORY_BURST_COMMANDS 200
#define HISTORY_COMMAND_EVERY_MS 60000
#define HISTORY_BURST_REFUSALS 100
#define HISTORY_REFUSAL_EVERY_MS 600000
#define HISTORY_BURST_LOCKOUTS 60
#define HISTORY_LOCKOUTS_EVERY_MS 10000

struct history_config {
	const char *directory;    /* NULL: memory only */
	const char *const *doors; /* their ids, copied; records of other doors are ignored */
	size_t door_count;
	int64_t started_ms; /* the agent's start on the loop's clock; door_record.up_ms counts from it */
	size_t file_bytes;  /* 0: HISTORY_FILE_BYTES */
	int64_t retry_ms;   /* 0: HISTORY_RETRY_MS, and HISTORY_LOOK_MS for a directory that is not there yet */
	struct loop *loop;  /* NULL: nobody is told */
	void (*changed)(void *user); /* history_lockouts may answer otherwise; from the loop */
	void *user;
};

/* The last change of a door's state that was seen. */
struct history_change {
	enum door_state state;
	enum door_source source; /* DOOR_SOURCE_NONE: it is not known when and by whom */
	int64_t unix_ms;         /* 0: not known */
};

struct history_status {
	bool wanted;                       /* a directory is configured */
	bool on_disk;                      /* it is in use */
	int error;                         /* -errno of the last attempt to read or write; 0: it succeeded */
	char problem[HISTORY_PROBLEM_MAX]; /* why nothing is written now, for people; "": nothing is wrong */
	uint64_t written;                  /* lines */
	uint64_t lost; /* records in memory only: too many came at once, or the disk took none for too long */
};

struct history;

/*
 * Reads the files, and starts the thread if there is a directory. Trouble with the directory or the files is logged,
 * and the history is then in memory only; that is no failure. Returns 0 or -ENOMEM. Freed with history_free.
 */
int history_new(const struct log *log, const struct history_config *config, struct history **history);

/*
 * Call this from time to time. Returns true once, if the directory has come after history_new and its files are read.
 * Then history_restore answers as it does after history_new: the totals are the sum of the files' and of this run, and
 * the records of this run have new numbers, which continue those of the files. now_ms is the loop's clock.
 */
bool history_look(struct history *history, int64_t now_ms);

/* The totals and the last change that an earlier run has left for a door. change is all zero when none is known. */
void history_restore(
		const struct history *history, size_t door, struct door_totals *totals, struct history_change *change);
/*
 * Whether the last command about it has locked the door out. If this run had no such command, an earlier run's counts.
 * True where that cannot be known.
 */
bool history_is_locked_out(const struct history *history, size_t door);
/* Keeps what a command has said: the door is locked out, or is not. Call it also when that changes nothing. */
void history_lock_out(struct history *history, size_t door, bool locked);

enum history_lockouts {
	HISTORY_LOCKOUTS_NONE,   /* no directory is configured: none is kept */
	HISTORY_LOCKOUTS_SAVED,  /* all that was said is on the disk */
	HISTORY_LOCKOUTS_SAVING, /* not yet */
	HISTORY_LOCKOUTS_FAILED, /* nor can it be now; it is tried again */
};
enum history_lockouts history_lockouts(const struct history *history);

int64_t history_newest_unix_ms(const struct history *history); /* the newest time of all records; 0: none has a time */

/*
 * Adds a record; copied. The caller fills in door, command, news, state, source, reason and fault; the other members
 * are set here. totals are the door's after it. unix_ms is 0 while the clock is not set. A refusal that equals one of
 * the same door from less than HISTORY_REPEAT_MS before only raises the count of that one, unless a record of another
 * kind came between them.
 */
void history_add(struct history *history, const struct door_record *record, const struct door_totals *totals,
		int64_t now_ms, int64_t unix_ms);

/*
 * The clock was set: the records of this run that have no time get one. Each door that has such records also gets a
 * record DOOR_NEWS_CLOCK_SET.
 */
void history_clock_set(struct history *history, int64_t now_ms, int64_t unix_ms);

#define HISTORY_ALL_DOORS SIZE_MAX

/*
 * Copies at most max records of a door, or of all (HISTORY_ALL_DOORS), the newest first. Only those with numbers below
 * before; 0: no bound. Returns how many.
 */
size_t history_read(
		const struct history *history, size_t door, uint64_t before, struct door_record *records, size_t max);

void history_status(struct history *history, struct history_status *status);

/* No record is taken after this. The thread writes what is queued and ends; this does not wait for it. */
void history_stop(struct history *history);
void history_free(struct history *history); /* takes NULL; stops, and waits for the thread */

#endif
