/*
 * For this room only: the two files, how they are read at the start, and the thread that writes them. history.h says
 * what the files promise. All functions belong to the loop's thread; only history_files_new (which reads) and
 * history_files_free (which waits for the last write) block.
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
 * Opens config->directory, locks it for this process alone, and reads its files into past. past must be new; it belongs
 * to the caller, who frees it after history_files_free. Starts the thread. When the directory cannot be read now, that
 * is logged, and the thread tries again. Returns 0, -ENOMEM, or -EAGAIN, which has been logged, when no thread can be
 * started. Freed with history_files_free.
 */
int history_files_new(const struct log *log, const struct history_config *config, struct history_memory *past,
		struct history_files **files);

/* True when all has been read: from then on past belongs to the caller's thread alone. */
bool history_files_are_read(struct history_files *files);

/* Call this once, after history_files_are_read was true: what is appended from now on is written. */
void history_files_use(struct history_files *files);

/*
 * Queues a line for the thread. door is the door's index. kept is the line that a new file has to begin with for this
 * door once line is written. Both are copied; neither may be NULL. Before history_files_use only kept is stored,
 * nothing is written, and the result is true. Returns false when the queue is full, because the disk takes nothing.
 * Lines of refused commands may fill only a part of the queue.
 */
bool history_files_append(struct history_files *files, size_t door, const struct history_line *line,
		const struct history_line *kept);

/* As history.h has them. */
bool history_files_is_locked_out(struct history_files *files, size_t door);
void history_files_lock_out(struct history_files *files, size_t door, bool locked);
enum history_lockouts history_files_lockouts(struct history_files *files);

/* Sets error, problem and written of status, and nothing else. */
void history_files_status(struct history_files *files, struct history_status *status);

/* Asks the thread to write what is queued and to end. Does not wait for it. */
void history_files_stop(struct history_files *files);
void history_files_free(struct history_files *files); /* takes NULL; stops, and waits for the thread */

#endif
