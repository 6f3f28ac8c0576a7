/*
 * The log: one line a message, to standard error, as text or as JSON. When JOURNAL_STREAM says that standard error is
 * the journal, text lines have its priorities ("<4>...", sd-daemon(3)) and no time.
 *
 * Any thread may call log_write. Each line is one write(2). Where standard error is a pipe, a socket or a terminal that
 * takes no more (a journal that waits for its disk, a pager), the line is lost: a relay must not stay on because nobody
 * reads the log. The number of lost lines is logged before the next line that can be written. A write to a regular file
 * blocks for as long as its disk does.
 *
 * Times are UTC. A line has at most LOG_LINE_MAX bytes; a longer one is cut and ends with "...". Control characters are
 * escaped, so that nothing that a broker or a client sends can forge a line. Never pass a secret to it.
 */
#ifndef PORTCULLIS_BASE_LOG_H
#define PORTCULLIS_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

#define LOG_LINE_MAX 1024

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

struct log {
	enum log_level level;
	enum log_format format;
	bool journal;           /* standard error is the journal */
	atomic_uint lost_count; /* lines lost since the last that was written */
	atomic_uint *lost;      /* lost_count; NULL: lost lines are not counted */
};

/* Changes level and format. Other threads may log meanwhile; nothing else may change these two once they do. */
void log_set(struct log *log, enum log_level level, enum log_format format);

/* Begins with text at level info, and finds out whether standard error is the journal. log must not be moved or copied
 * afterwards. */
void log_init(struct log *log);

/* Writes a line if its level is at most log->level. No newline at the end of format. */
__attribute__((format(printf, 3, 4))) void log_write(
		const struct log *log, enum log_level level, const char *format, ...);

#define log_error(log, ...) log_write((log), LOG_ERROR, __VA_ARGS__)
#define log_warning(log, ...) log_write((log), LOG_WARNING, __VA_ARGS__)
#define log_info(log, ...) log_write((log), LOG_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_write((log), LOG_DEBUG, __VA_ARGS__)

#endif
