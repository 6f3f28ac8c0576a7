/*
 * The log: one line a write to standard error, as text, as JSON, or with journal priorities ("<4>...", sd-daemon(3))
 * when JOURNAL_STREAM says that standard error is the journal.
 *
 * Any thread may call log_write; a line goes out in one write(2). Where standard error is a pipe, a socket or a
 * terminal that takes no more (a journal that waits for its disk, a pager), the line is lost rather than waited for: a
 * relay must not stay on because nobody reads. How many were lost is told as soon as one goes through. A write to a
 * regular file blocks as long as its disk does.
 *
 * Times are UTC. Lines are bounded to LOG_LINE_MAX bytes and cut with "..."; control characters are escaped, so that
 * nothing that a broker or a client sent can forge a line. Never hand a secret to it.
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
	bool journal;
	atomic_uint lost_count, *lost; /* lines since the last that went through; NULL: not counted */
};

/* While other threads log, level and format are changed by this alone. */
void log_set(struct log *log, enum log_level level, enum log_format format);

/* Text at level info; the journal is recognised. The log stays where it is from then on. */
void log_init(struct log *log);

__attribute__((format(printf, 3, 4))) void log_write(
		const struct log *log, enum log_level level, const char *format, ...);

#define log_error(log, ...) log_write((log), LOG_ERROR, __VA_ARGS__)
#define log_warning(log, ...) log_write((log), LOG_WARNING, __VA_ARGS__)
#define log_info(log, ...) log_write((log), LOG_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_write((log), LOG_DEBUG, __VA_ARGS__)

#endif
