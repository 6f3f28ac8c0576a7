/*
 * Inside the room: the directory and its two files, read and written. Every call may wait for the disk, and belongs to
 * one thread at a time. No call logs: what failed is said in trouble, for people, and what helps in advice.
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
	size_t broken, foreign; /* lines, counted up */
};

/* trouble and advice may be read; the rest is disk.c's own. */
struct history_disk {
	char trouble[HISTORY_PROBLEM_MAX],
			advice[HISTORY_ADVICE_MAX]; /* of the last call that failed; advice may be "" */

	char path[PATH_MAX];
	size_t file_bytes;
	int directory;                        /* -1: not open */
	int fd;                               /* of the newer file; -1: to be opened */
	bool suspect;                         /* a write failed: nothing that is known of the files counts */
	size_t size;                          /* of the newer file as far as it is good: what lies beyond is cut away */
	size_t head;                          /* of these, what a new file begins with */
	struct history_line known[DOORS_MAX]; /* what a new file says of each door; those that are kept lines */
};

/* path is copied. Touches nothing. */
void history_disk_init(struct history_disk *disk, const char *path, size_t file_bytes);
void history_disk_close(struct history_disk *disk);

/*
 * Reads the lines of a file's bytes. Returns how many of the bytes are good: all but a last line without an end, and
 * what is broken just before it. Pure.
 */
size_t history_disk_scan(struct history_reading *reading, const char *bytes, size_t length);

/* Opens the directory for this process alone and reads both files. 0 or -errno. */
int history_disk_read(struct history_disk *disk, struct history_reading *reading);

/*
 * Whole lines, at the end of the newer file, after history_disk_read: all of them or none. After a failure the
 * directory is opened and its files are read anew first. 0 or -errno.
 */
int history_disk_write(struct history_disk *disk, const char *text, size_t length);

/* Forces what was written to the card. 0 or -errno; also 0 where there is no file to be forced. */
int history_disk_sync(struct history_disk *disk);

#endif
