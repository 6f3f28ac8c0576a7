/*
 * Inside the room: the two files, their reading at the start, and the thread that writes them. See history.h for what
 * they promise.
 */
#ifndef PORTCULLIS_HISTORY_FILES_H
#define PORTCULLIS_HISTORY_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "history/history.h"
#include "history/line.h"

struct history_files;

struct history_reading {
	void (*take)(void *user, const struct history_line *line);
	void *user;
	size_t broken, foreign; /* lines, counted up */
};

/*
 * Reads the lines of a file's bytes. Returns how many of the bytes are good: all but a last line without an end, and
 * what is broken just before it. Pure.
 */
size_t history_files_scan(struct history_reading *reading, const char *bytes, size_t length);

/*
 * Opens the directory for this process alone and hands every good line to take, the oldest first. -errno, which has
 * been logged, when the directory cannot be used or a file in it not be read. The caller frees with
 * history_files_free.
 */
int history_files_new(const struct log *log, const struct history_config *config,
		void (*take)(void *user, const struct history_line *line), void *user, struct history_files **files);

/* The thread; once. 0 or -errno. */
int history_files_start(struct history_files *files);

/*
 * A line for the file of the door at this place, and what a new file would say of the door after it. Before the thread
 * starts nothing is written of it, and only what a new file says is taken over. False when there is no room, since the
 * disk takes nothing; a refusal finds less room than all else.
 */
bool history_files_append(struct history_files *files, size_t door, const struct history_line *line,
		const struct history_line *kept);

void history_files_status(struct history_files *files, struct history_status *status); /* error and written */
void history_files_stop(struct history_files *files);
void history_files_free(struct history_files *files); /* takes NULL; stops, and waits for the thread */

#endif
