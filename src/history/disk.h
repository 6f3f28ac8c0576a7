/*
 * For this room only: reads and writes the directory and its two files. Every function may wait for the disk. One
 * thread at a time. No function logs: trouble says what failed, in a sentence for people, and advice says what helps.
 */
#ifndef PORTCULLIS_HISTORY_DISK_H
#define PORTCULLIS_HISTORY_DISK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "history/history.h"
#include "history/line.h"

#define HISTORY_ADVICE_MAX 128

struct history_reading {
	void (*take)(void *user, const struct history_line *line); /* each good line, the oldest first */
	void *user;
	size_t broken, foreign; /* damaged lines, and lines of another version; the functions add to them */
};

/* Others may read trouble and advice; the rest is for disk.c and lockouts.c alone. */
struct history_disk {
	/* Of the last call that failed; advice may be "". */
	char trouble[HISTORY_PROBLEM_MAX], advice[HISTORY_ADVICE_MAX];

	char path[PATH_MAX];
	size_t file_bytes;
	int directory; /* -1: not open */
	int fd;        /* of the newer file; -1: to be opened */
	bool suspect;  /* a write failed: read the files again before the next one */
	size_t size;   /* bytes of the newer file up to its last good line; the rest is cut away */
	size_t head;   /* of these, the lines that a new file begins with */
	/* The line with which a new file begins, for each door; empty unless kept is set. */
	struct history_line known[DOORS_MAX];
};

/* Copies path. Does not touch the disk. */
void history_disk_init(struct history_disk *disk, const char *path, size_t file_bytes);
void history_disk_close(struct history_disk *disk);

/*
 * Reads the lines of a file's bytes and calls take for each good one. Returns the number of bytes up to the end of the
 * last line that is not broken. Pure, apart from take.
 */
size_t history_disk_scan(struct history_reading *reading, const char *bytes, size_t length);

/* Opens the directory, locks it for this process alone, and reads both files. 0 or -errno. */
int history_disk_read(struct history_disk *disk, struct history_reading *reading);

/*
 * Appends length bytes of whole lines to the newer file: all of them or none. Call history_disk_read before the first
 * time. After a failure it first opens the directory and reads the files again. 0 or -errno.
 */
int history_disk_write(struct history_disk *disk, const char *text, size_t length);

/* After a failure: opens the directory and reads the files again. 0 or -errno. */
int history_disk_reopen(struct history_disk *disk);

/* A write has failed: sets trouble, and has the files read again before the next one. Returns error. */
int history_disk_fail(struct history_disk *disk, int error);

/* Forces what was written to the card (fdatasync). 0 or -errno; 0 when no file is open. */
int history_disk_sync(struct history_disk *disk);

#endif
