#include "history/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/read.h"

#define CURRENT "history.jsonl"
#define OLDER "history.1.jsonl"
#define COMING "history.new"
#define READ_MAX (2 * HISTORY_FILE_BYTES) /* of a file: of a larger one its end */
#define QUEUE_LINES 96
#define REFUSAL_LINES 32 /* with so many in the queue, refusals are left out */
#define BATCH_LINES 32
#define STACK_BYTES (64 * 1024)

struct entry {
	struct history_line line, kept;
	size_t door;
};

struct history_files {
	const struct log *log;
	char path[PATH_MAX];
	int directory;
	size_t file_bytes;
	int64_t retry_ms;

	pthread_t thread;
	bool started;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* Both threads', behind the mutex. */
	struct entry queue[QUEUE_LINES]; /* a ring of what the thread is to write */
	size_t first, count;
	bool ending;
	int error;
	uint64_t written;

	/* The thread's own. */
	int fd;                               /* of CURRENT; -1: to be opened */
	size_t size;                          /* of CURRENT as far as it is good: what lies beyond is cut away */
	size_t head;                          /* of these, what a new file begins with */
	struct history_line known[DOORS_MAX]; /* kept lines: the doors as the files know them */
	struct entry batch[BATCH_LINES];
	char text[BATCH_LINES * HISTORY_LINE_MAX];
	int64_t retry_at_ms, sync_at_ms;
	bool unsynced;
};

/* Reading, before there is a thread. */

size_t history_files_scan(struct history_reading *reading, const char *bytes, size_t length)
{
	struct history_line line;
	size_t good = 0, start = 0;
	while (start < length) {
		const char *newline = memchr(bytes + start, '\n', length - start);
		if (!newline)
			break;
		size_t end = (size_t)(newline - bytes);
		enum history_line_kind kind = history_line_parse(bytes + start, end - start, &line);
		if (kind == HISTORY_LINE_GOOD)
			reading->take(reading->user, &line);
		else if (kind == HISTORY_LINE_FOREIGN)
			reading->foreign++;
		else
			reading->broken++;
		start = end + 1;
		if (kind != HISTORY_LINE_BROKEN)
			good = start;
	}
	return good;
}

/* Sets good to how much of the file is good. A file that is not there is empty. 0 or -errno. */
static int read_file(struct history_files *files, const char *name, struct history_reading *reading, size_t *good)
{
	struct stat status;
	ssize_t length = 0;
	*good = 0;
	int fd = openat(files->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &status) < 0) {
		length = -errno;
	} else if (!S_ISREG(status.st_mode)) {
		length = -EINVAL;
	} else if (status.st_size > 0) {
		off_t skipped = status.st_size > READ_MAX ? status.st_size - READ_MAX : 0;
		char *bytes = malloc(READ_MAX);
		length = !bytes ? -ENOMEM : lseek(fd, skipped, SEEK_SET) < 0 ? -errno : read_all(fd, bytes, READ_MAX);
		if (length > 0) {
			size_t broken = reading->broken;
			size_t read = history_files_scan(reading, bytes, (size_t)length);
			*good = read > 0 ? (size_t)skipped + read : 0;
			if (skipped > 0 && reading->broken > broken)
				reading->broken--; /* the line that the beginning cut through */
		}
		free(bytes);
	}
	close(fd);
	return length < 0 ? (int)length : 0;
}

static int open_directory(struct history_files *files)
{
	files->directory = open(files->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (files->directory < 0) {
		int error = -errno;
		log_warning(files->log,
				"history: %s cannot be opened (%s): the history is in memory only until the next start. Make the directory, writable by the agent's user",
				files->path, strerror(-error));
		return error;
	}
	if (flock(files->directory, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		log_warning(files->log,
				"history: another agent writes in %s: the history is in memory only until the next start. Give each agent a directory of its own",
				files->path);
		return -EBUSY;
	}
	return 0;
}

static int read_both(struct history_files *files, struct history_reading *reading)
{
	static const char *const names[] = {OLDER, CURRENT};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int error = read_file(files, names[i], reading, &files->size);
		if (error == 0)
			continue;
		log_warning(files->log,
				"history: %s/%s cannot be read (%s): the history is in memory only until the next start. Mend the file, or move it away",
				files->path, names[i], strerror(-error));
		return error;
	}
	if (reading->broken + reading->foreign > 0)
		log_warning(files->log,
				"history: %zu lines in %s are damaged and %zu are of another version: passed over",
				reading->broken, files->path, reading->foreign);
	return 0;
}

int history_files_new(const struct log *log, const struct history_config *config,
		void (*take)(void *user, const struct history_line *line), void *user, struct history_files **out)
{
	struct history_reading reading = {.take = take, .user = user};
	pthread_condattr_t attributes;
	struct history_files *files = calloc(1, sizeof(*files));
	if (!files)
		return -ENOMEM;
	files->log = log;
	files->fd = -1;
	files->file_bytes = config->file_bytes ? config->file_bytes : HISTORY_FILE_BYTES;
	files->retry_ms = config->retry_ms ? config->retry_ms : HISTORY_RETRY_MS;
	snprintf(files->path, sizeof(files->path), "%s", config->directory);
	pthread_mutex_init(&files->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&files->changed, &attributes);
	pthread_condattr_destroy(&attributes);

	int error = open_directory(files);
	if (error == 0)
		error = read_both(files, &reading);
	if (error < 0) {
		history_files_free(files);
		return error;
	}
	*out = files;
	return 0;
}

/* Writing, in the thread. */

/* All or nothing: what went in of a text that did not fit is cut away again, at the latest when the file is opened. */
static int write_all(int fd, const char *text, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t wrote = write(fd, text + done, length - done);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return wrote < 0 ? -errno : -ENOSPC;
		done += (size_t)wrote;
	}
	return 0;
}

static int write_known(const struct history_files *files, int fd, size_t *written)
{
	char text[HISTORY_LINE_MAX];
	*written = 0;
	for (size_t i = 0; i < DOORS_MAX; i++) {
		if (!files->known[i].kept)
			continue;
		size_t length = history_line_print(&files->known[i], text);
		int error = write_all(fd, text, length);
		if (error < 0)
			return error;
		*written += length;
	}
	return 0;
}

static void close_current(struct history_files *files)
{
	if (files->fd >= 0)
		close(files->fd);
	files->fd = -1;
}

/* Makes CURRENT ready for the next line. */
static int open_current(struct history_files *files)
{
	struct stat status;
	if (files->fd >= 0 && fstat(files->fd, &status) == 0 && status.st_nlink == 0) {
		close_current(files); /* somebody has removed it */
		files->size = 0;
	}
	if (files->fd >= 0)
		return 0;
	int fd = openat(files->directory, CURRENT, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			0640);
	if (fd < 0)
		return -errno;
	int error = fstat(fd, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
	if (error == 0 && (size_t)status.st_size < files->size)
		files->size = (size_t)status.st_size; /* somebody has shortened it */
	if (error == 0 && (size_t)status.st_size > files->size && ftruncate(fd, (off_t)files->size) < 0)
		error = -errno;
	if (error == 0 && files->size == 0) {
		error = write_known(files, fd, &files->head);
		if (error == 0)
			files->size = files->head;
	}
	if (error < 0) {
		close(fd);
		return error;
	}
	files->fd = fd;
	return 0;
}

/* COMING is whole on the disk before CURRENT becomes OLDER, whose end it replaces. */
static int rotate(struct history_files *files)
{
	size_t head;
	int fd = openat(files->directory, COMING, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0640);
	if (fd < 0)
		return -errno;
	int error = write_known(files, fd, &head);
	if (error == 0 && (fdatasync(files->fd) < 0 || fsync(fd) < 0))
		error = -errno;
	if (error == 0 && renameat(files->directory, CURRENT, files->directory, OLDER) < 0)
		error = -errno;
	if (error == 0 && renameat(files->directory, COMING, files->directory, CURRENT) < 0)
		error = -errno;
	if (error < 0) {
		close(fd);
		unlinkat(files->directory, COMING, 0);
		close_current(files); /* whatever CURRENT is now, the next attempt looks afresh */
		return error;
	}
	fsync(files->directory);
	close_current(files);
	files->fd = fd;
	files->size = files->head = head;
	return 0;
}

static int write_text(struct history_files *files, size_t length)
{
	int error = open_current(files);
	if (error == 0 && files->size + length > files->file_bytes && files->size > files->head)
		error = rotate(files);
	if (error == 0)
		error = write_all(files->fd, files->text, length);
	if (error < 0) {
		if (files->fd >= 0 && ftruncate(files->fd, (off_t)files->size) < 0)
			log_debug(files->log, "history: a torn line stays until the next one: %s", strerror(errno));
		close_current(files);
		return error;
	}
	files->size += length;
	return 0;
}

/* With the mutex held. */
static void note(struct history_files *files, int error)
{
	if (error < 0 && files->error == 0)
		log_warning(files->log, "history: cannot write in %s (%s): going on in memory, and trying again",
				files->path, strerror(-error));
	else if (error == 0 && files->error < 0)
		log_info(files->log, "history: writing in %s again", files->path);
	files->error = error;
}

/* With the mutex held, which is given up for as long as it writes. */
static void write_queued(struct history_files *files)
{
	size_t count = files->count < BATCH_LINES ? files->count : BATCH_LINES, length = 0;
	for (size_t i = 0; i < count; i++)
		files->batch[i] = files->queue[(files->first + i) % QUEUE_LINES];
	pthread_mutex_unlock(&files->mutex);
	for (size_t i = 0; i < count; i++)
		length += history_line_print(&files->batch[i].line, files->text + length);
	int error = write_text(files, length);
	for (size_t i = 0; i < count && error == 0; i++)
		files->known[files->batch[i].door] = files->batch[i].kept;
	pthread_mutex_lock(&files->mutex);
	note(files, error);
	if (error < 0) {
		files->retry_at_ms = loop_now_ms() + files->retry_ms;
		return;
	}
	files->first = (files->first + count) % QUEUE_LINES;
	files->count -= count;
	files->written += count;
	files->unsynced = true;
}

static void sync_written(struct history_files *files)
{
	pthread_mutex_unlock(&files->mutex);
	int error = files->fd >= 0 && fdatasync(files->fd) < 0 ? -errno : 0;
	pthread_mutex_lock(&files->mutex);
	if (error < 0)
		note(files, error);
	files->unsynced = false;
	files->sync_at_ms = loop_now_ms() + HISTORY_SYNC_MS;
}

static void wait_until(struct history_files *files, int64_t at_ms)
{
	struct timespec until = {0};
	int64_t until_ms = at_ms == LOOP_NEVER ? 0 : at_ms - loop_from_monotonic_ms(0); /* by the condition's clock */
	until.tv_sec = (time_t)(until_ms / 1000);
	until.tv_nsec = (long)(until_ms % 1000) * 1000000;
	if (at_ms == LOOP_NEVER)
		pthread_cond_wait(&files->changed, &files->mutex);
	else
		pthread_cond_timedwait(&files->changed, &files->mutex, &until);
}

static void *write_on(void *user)
{
	struct history_files *files = user;
	pthread_mutex_lock(&files->mutex);
	while (!files->ending) {
		int64_t now_ms = loop_now_ms();
		int64_t write_at_ms = files->count > 0 ? files->retry_at_ms : LOOP_NEVER;
		int64_t sync_at_ms = files->unsynced ? files->sync_at_ms : LOOP_NEVER;
		if (write_at_ms <= now_ms)
			write_queued(files);
		else if (sync_at_ms <= now_ms)
			sync_written(files);
		else
			wait_until(files, write_at_ms < sync_at_ms ? write_at_ms : sync_at_ms);
	}
	/* Once more, even if it is not time for that. */
	for (bool more = files->count > 0; more; more = files->count > 0 && files->error == 0)
		write_queued(files);
	if (files->unsynced)
		sync_written(files);
	pthread_mutex_unlock(&files->mutex);
	return NULL;
}

/* The loop's side. */

int history_files_start(struct history_files *files)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);
	if (error == 0) {
		pthread_attr_setstacksize(&attributes, STACK_BYTES);
		error = pthread_create(&files->thread, &attributes, write_on, files);
		pthread_attr_destroy(&attributes);
	}
	files->started = error == 0;
	if (error != 0)
		log_warning(files->log,
				"history: the thread that writes cannot start (%s): the history is in memory only",
				strerror(error));
	return -error;
}

bool history_files_append(struct history_files *files, size_t door, const struct history_line *line,
		const struct history_line *kept)
{
	if (!files->started) {
		files->known[door] = *kept;
		return true;
	}
	pthread_mutex_lock(&files->mutex);
	bool refusal = !line->kept && line->record.news == DOOR_NEWS_COMMAND_REJECTED;
	bool room = files->count < (refusal ? REFUSAL_LINES : QUEUE_LINES);
	if (room) {
		files->queue[(files->first + files->count++) % QUEUE_LINES] =
				(struct entry){.line = *line, .kept = *kept, .door = door};
		pthread_cond_signal(&files->changed);
	}
	pthread_mutex_unlock(&files->mutex);
	return room;
}

void history_files_status(struct history_files *files, struct history_status *status)
{
	pthread_mutex_lock(&files->mutex);
	status->error = files->error;
	status->written = files->written;
	pthread_mutex_unlock(&files->mutex);
}

void history_files_stop(struct history_files *files)
{
	pthread_mutex_lock(&files->mutex);
	files->ending = true;
	pthread_cond_signal(&files->changed);
	pthread_mutex_unlock(&files->mutex);
}

void history_files_free(struct history_files *files)
{
	if (!files)
		return;
	history_files_stop(files);
	if (files->started)
		pthread_join(files->thread, NULL);
	close_current(files);
	if (files->directory >= 0)
		close(files->directory);
	pthread_cond_destroy(&files->changed);
	pthread_mutex_destroy(&files->mutex);
	free(files);
}
