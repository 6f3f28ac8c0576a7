/*
 * A line is put together in a buffer and written by one call, if standard error has room for it: nobody waits for a reader.
 * Lines that had no room are counted, and the next one that has says how many were lost.
 */
#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/text.h"
#include "base/utc.h"

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const char journal_priorities[] = {'3', '4', '6', '7'};

/* sd-daemon(3): JOURNAL_STREAM is device:inode of the journal's end; stderr may have been redirected since. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat status;
	char own[64];
	if (!stream || fstat(STDERR_FILENO, &status) < 0)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	return strcmp(stream, own) == 0;
}

void log_init(struct log *log)
{
	*log = (struct log){.level = LOG_INFO, .format = LOG_TEXT, .journal = stderr_is_journal()};
	log->lost = &log->lost_count;
}

void log_set(struct log *log, enum log_level level, enum log_format format)
{
	__atomic_store_n(&log->level, level, __ATOMIC_RELAXED);
	__atomic_store_n(&log->format, format, __ATOMIC_RELAXED);
}

struct line {
	char text[LOG_LINE_MAX];
	size_t length;
};

static void append(struct line *line, const char *text, size_t length)
{
	size_t room = sizeof(line->text) - 8 - line->length; /* 8: what ends a line always fits */
	if (length > room)
		length = room;
	memcpy(line->text + line->length, text, length);
	line->length += length;
}

static void append_escaped(struct line *line, const char *text, bool json)
{
	for (size_t length; *text; text += length ? length : 1) {
		unsigned char byte = (unsigned char)*text;
		unsigned code;
		length = text_character(text, &code);
		if (line->length + 16 > sizeof(line->text)) {
			append(line, "...", 3);
			return;
		}
		char escape[16];
		if (json && (byte == '"' || byte == '\\')) {
			snprintf(escape, sizeof(escape), "\\%c", byte);
		} else if (byte < 0x20 || byte == 0x7f || length == 0) {
			snprintf(escape, sizeof(escape), json ? "\\u%04x" : "\\x%02x", byte);
		} else if (text_is_control(code) && code < 0x10000) {
			snprintf(escape, sizeof(escape), "\\u%04x", code);
		} else if (text_is_control(code)) { /* as in JSON */
			snprintf(escape, sizeof(escape), "\\u%04x\\u%04x", 0xd7c0 + (code >> 10),
					0xdc00 | (code & 0x3ff));
		} else {
			append(line, text, length);
			continue;
		}
		append(line, escape, strlen(escape));
	}
}

static void compose(struct line *line, const struct log *log, enum log_level level, const char *message)
{
	line->length = 0;
	bool json = __atomic_load_n(&log->format, __ATOMIC_RELAXED) == LOG_JSON;
	if (log->journal) {
		char priority[] = {'<', journal_priorities[level], '>'};
		append(line, priority, sizeof(priority));
	}
	char head[96], date[UTC_BYTES];
	utc_print(loop_wall_ms(), date);
	if (json)
		snprintf(head, sizeof(head), "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"", date,
				level_names[level]);
	else if (log->journal)
		head[0] = '\0';
	else
		snprintf(head, sizeof(head), "%s %s: ", date, level_names[level]);
	append(line, head, strlen(head));
	append_escaped(line, message, json);
	if (json) {
		line->text[line->length++] = '"';
		line->text[line->length++] = '}';
	}
	line->text[line->length++] = '\n';
}

/* What can be written to has room for a line: a pipe for 4,096 bytes (pipe(7)), a socket for half its buffer. */
static bool log_line(const struct line *line)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	return poll(&out, 1, 0) > 0 && write(STDERR_FILENO, line->text, line->length) >= 0;
}

void log_write(const struct log *log, enum log_level level, const char *format, ...)
{
	if (level > __atomic_load_n(&log->level, __ATOMIC_RELAXED))
		return;
	char message[LOG_LINE_MAX];
	struct line line;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	compose(&line, log, level, message);
	unsigned lost = log->lost ? atomic_exchange(log->lost, 0) : 0;
	if (lost) {
		struct line loss;
		snprintf(message, sizeof(message), "%u lines of the log are lost here: standard error took no more",
				lost);
		compose(&loss, log, LOG_WARNING, message);
		if (log_line(&loss))
			lost = 0;
	}
	bool gone = lost || !log_line(&line);
	if (gone && log->lost)
		atomic_fetch_add(log->lost, lost + 1);
}
