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
#include "history/memory.h"

struct history_files;

/*
 * Opens the directory for this process alone and reads its files into past, which is new and the caller's, who frees it
 * after history_files_free. Where that cannot be done now, it is logged and tried again by the thread. 0, -ENOMEM, or
 * -EAGAIN, which has been logged, when there can be no thread. Freed with history_files_free.
 */
int history_files_new(const struct log *log, const struct history_config *config, struct history_memory *past,
		struct history_files **files);

/* All has been read: past is whole, and from now on the caller's alone. */
bool history_files_are_read(struct history_files *files);

/* After that, once: from now on what is appended is written. */
void history_files_use(struct history_files *files);

/*
 * A line for the file of the door at this place, and what a new file would say of the door after it. Before
 * history_files_use nothing is written, and only what a new file says is taken over. False when there is no room, since
 * the disk takes nothing; a refusal finds less room than all else.
 */
bool history_files_append(struct history_files *files, size_t door, const struct history_line *line,
		const struct history_line *kept);

void history_files_status(struct history_files *files, struct history_status *status); /* error, problem, written */
void history_files_stop(struct history_files *files);
void history_files_free(struct history_files *files); /* takes NULL; stops, and waits for the thread */

#endif
