/*
 * One thread does all that touches the disk, except the first look, for which the caller of history_files_new waits.
 * It looks every look_ms until directory and files could be read, then waits to be used, and from then on writes what
 * is in the queue: at once, or every retry_ms while the disk takes nothing.
 */
#include "history/files.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/loop.h"
#include "base/thread.h"
#include "base/wake.h"
#include "history/disk.h"
#include "history/lockouts.h"
#include "history/memory.h"

#define QUEUE_LINES 96

/* With so many lines in the queue, no more of a kind comes in. */
static const size_t queue_shares[HISTORY_KINDS] = {
		[HISTORY_EVENT] = QUEUE_LINES, [HISTORY_COMMAND] = 64, [HISTORY_REFUSAL] = 32, [HISTORY_LOCKOUT] = 32};
#define BATCH_LINES 32
#define STACK_BYTES (64 * 1024)

struct entry {
	struct history_line line, kept;
	size_t door;
};

struct history_files {
	const struct log *log;
	int64_t retry_ms, look_ms; /* between attempts to write, and to open what could not be opened yet */

	pthread_t thread;
	bool started;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* Both threads', behind the mutex. */
	struct entry queue[QUEUE_LINES]; /* a ring of what the thread is to write */
	size_t first, count;
	bool ending;
	bool read;   /* past is whole, and is not touched here any more */
	bool in_use; /* what is appended is written */
	int error;
	char problem[HISTORY_PROBLEM_MAX]; /* of error: why; else "" */
	uint64_t written;
	struct {
		bool on[DOORS_MAX], said[DOORS_MAX]; /* said: by this run */
		uint64_t version, written;           /* equal: they are on the disk */
		bool failed;                         /* the last attempt to read or write them */
		int64_t at_ms, ready_ms;             /* not to be written before; for the card's sake */
	} locks;
	struct wake wake; /* the loop, when locks are on the disk, or cannot be */

	/* The thread's own, and before it starts those of history_files_new. */
	struct history_memory *past;
	struct history_disk disk;
	struct entry batch[BATCH_LINES];
	char text[BATCH_LINES * HISTORY_LINE_MAX];
	int64_t retry_at_ms, sync_at_ms;
	bool unsynced;
};

static void take_past(void *user, const struct history_line *line)
{
	history_memory_take(user, line);
}

/* What this run has said stands. With the mutex held. */
static void take_locks(struct history_files *files, const bool *locked, int error)
{
	for (size_t i = 0; i < files->past->door_count; i++)
		files->locks.on[i] = files->locks.said[i] ? files->locks.on[i] : locked[i];
	files->locks.failed = false;
	if (error < 0)
		log_error(files->log,
				"history: %s/lockouts %s: each door is locked out until that is lifted (by the page, MQTT or the API), which also writes the file anew",
				files->disk.path,
				error == -EBADMSG ? "is damaged" : "cannot be read, which leaves open what is");
}

static int read_past(struct history_files *files)
{
	struct history_reading reading = {.take = take_past, .user = files->past};
	history_memory_clear(files->past);
	int error = history_disk_read(&files->disk, &reading);
	if (error == 0 && reading.broken + reading.foreign > 0)
		log_warning(files->log,
				"history: %zu lines in %s are damaged and %zu are of another version: passed over",
				reading.broken, files->disk.path, reading.foreign);
	return error;
}

/* With the mutex held, or before the thread. Each problem is logged once, until there is another or none. */
static void note_result(struct history_files *files, int error)
{
	if (error < 0 && strcmp(files->problem, files->disk.trouble) != 0) {
		log_warning(files->log,
				"history: %s: the history is in memory only, and it is tried again every %" PRId64
				" s%s%s",
				files->disk.trouble, (files->in_use ? files->retry_ms : files->look_ms) / 1000,
				*files->disk.advice ? ". " : "", files->disk.advice);
		snprintf(files->problem, sizeof(files->problem), "%s", files->disk.trouble);
	} else if (error == 0 && *files->problem) {
		log_info(files->log, files->in_use ? "history: writing in %s again" : "history: %s is there",
				files->disk.path);
		files->problem[0] = '\0';
	}
	files->error = error;
	files->disk.advice[0] = '\0';
}

/* With the mutex held, which is given up for as long as it reads. */
static void look_for_past(struct history_files *files)
{
	pthread_mutex_unlock(&files->mutex);
	bool locked[DOORS_MAX];
	int error = read_past(files);
	int locks_error = error == 0 ? history_lockouts_read(&files->disk, files->past, locked) : 0;
	pthread_mutex_lock(&files->mutex);
	note_result(files, error);
	if (error == 0)
		take_locks(files, locked, locks_error);
	files->read = error == 0;
	files->retry_at_ms = loop_now_ms() + files->look_ms;
}

/* With the mutex held, which is given up for as long as it writes. */
static void write_locks(struct history_files *files)
{
	bool locked[DOORS_MAX];
	const uint64_t version = files->locks.version;
	const int64_t now_ms = loop_now_ms(), burst_ms = HISTORY_BURST_LOCKOUTS * HISTORY_LOCKOUTS_EVERY_MS;
	memcpy(locked, files->locks.on, sizeof(locked));
	pthread_mutex_unlock(&files->mutex);
	int error = history_lockouts_write(&files->disk, files->past, locked);
	pthread_mutex_lock(&files->mutex);
	note_result(files, error);
	files->locks.failed = error < 0;
	if (error == 0)
		files->locks.written = version;
	if (files->locks.ready_ms < now_ms - burst_ms)
		files->locks.ready_ms = now_ms - burst_ms;
	files->locks.ready_ms += HISTORY_LOCKOUTS_EVERY_MS;
	files->locks.at_ms = error < 0 ? now_ms + files->retry_ms : files->locks.ready_ms;
	if (files->wake.open)
		wake_up(&files->wake);
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
	int error = history_disk_write(&files->disk, files->text, length);
	for (size_t i = 0; i < count && error == 0; i++)
		files->disk.known[files->batch[i].door] = files->batch[i].kept;
	pthread_mutex_lock(&files->mutex);
	note_result(files, error);
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
	int error = history_disk_sync(&files->disk);
	pthread_mutex_lock(&files->mutex);
	if (error < 0 || files->count == 0)
		note_result(files, error);
	files->unsynced = error < 0;
	files->sync_at_ms = loop_now_ms() + (error < 0 ? files->retry_ms : HISTORY_SYNC_MS);
}

static void sleep_until(struct history_files *files, int64_t at_ms)
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
	while (!files->ending && !files->in_use) {
		if (!files->read && files->retry_at_ms <= loop_now_ms())
			look_for_past(files);
		else
			sleep_until(files, files->read ? LOOP_NEVER : files->retry_at_ms);
	}
	files->retry_at_ms = 0;
	while (!files->ending) {
		int64_t now_ms = loop_now_ms();
		int64_t write_at_ms = files->count > 0 ? files->retry_at_ms : LOOP_NEVER;
		int64_t sync_at_ms = files->unsynced ? files->sync_at_ms : LOOP_NEVER;
		int64_t locks_at_ms = files->locks.version != files->locks.written ? files->locks.at_ms : LOOP_NEVER;
		int64_t next_ms = write_at_ms < sync_at_ms ? write_at_ms : sync_at_ms;
		if (locks_at_ms <= now_ms)
			write_locks(files);
		else if (write_at_ms <= now_ms)
			write_queued(files);
		else if (sync_at_ms <= now_ms)
			sync_written(files);
		else
			sleep_until(files, next_ms < locks_at_ms ? next_ms : locks_at_ms);
	}
	/* Once more, even if it is not time for that. */
	if (files->in_use && files->locks.version != files->locks.written)
		write_locks(files);
	for (bool more = files->count > 0; more; more = files->count > 0 && files->error == 0)
		write_queued(files);
	if (files->unsynced)
		sync_written(files);
	pthread_mutex_unlock(&files->mutex);
	return NULL;
}

/* The loop's side. */

static int start_thread(struct history_files *files)
{
	int error = thread_start(&files->thread, STACK_BYTES, write_on, files);
	files->started = error == 0;
	if (error != 0)
		log_warning(files->log,
				"history: the thread that writes cannot start (%s): the history is in memory only",
				strerror(-error));
	return error ? -EAGAIN : 0;
}

static int64_t or_standard(int64_t given, int64_t standard)
{
	return given ? given : standard;
}

int history_files_new(const struct log *log, const struct history_config *config, struct history_memory *past,
		struct history_files **out)
{
	pthread_condattr_t attributes;
	struct history_files *files = calloc(1, sizeof(*files));
	if (!files)
		return -ENOMEM;
	files->log = log;
	files->past = past;
	history_disk_init(
			&files->disk, config->directory, config->file_bytes ? config->file_bytes : HISTORY_FILE_BYTES);
	files->retry_ms = or_standard(config->retry_ms, HISTORY_RETRY_MS);
	files->look_ms = or_standard(config->retry_ms, HISTORY_LOOK_MS);
	pthread_mutex_init(&files->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&files->changed, &attributes);
	pthread_condattr_destroy(&attributes);

	/* As long as nobody knows. */
	files->locks.failed = true;
	memset(files->locks.on, true, sizeof(files->locks.on));
	if (config->loop) /* without it, the caller hears of a change when it looks next */
		wake_open(&files->wake, config->loop, config->changed, config->user);
	pthread_mutex_lock(&files->mutex);
	look_for_past(files);
	pthread_mutex_unlock(&files->mutex);
	if (!files->read)
		log_warning(log,
				"lock-outs: nobody knows which doors were locked out before the start: each is, until %s can be read, or until somebody lifts that (page, MQTT, API)",
				config->directory);
	int error = start_thread(files);
	if (error < 0)
		history_files_free(files);
	else
		*out = files;
	return error;
}

bool history_files_are_read(struct history_files *files)
{
	pthread_mutex_lock(&files->mutex);
	bool read = files->read;
	pthread_mutex_unlock(&files->mutex);
	return read;
}

void history_files_use(struct history_files *files)
{
	pthread_mutex_lock(&files->mutex);
	files->in_use = true;
	pthread_cond_signal(&files->changed);
	pthread_mutex_unlock(&files->mutex);
}

bool history_files_append(struct history_files *files, size_t door, const struct history_line *line,
		const struct history_line *kept)
{
	pthread_mutex_lock(&files->mutex);
	if (!files->in_use) {
		files->disk.known[door] = *kept;
		pthread_mutex_unlock(&files->mutex);
		return true;
	}
	bool room = files->count < (line->kept ? QUEUE_LINES : queue_shares[history_kind_of(&line->record)]);
	if (room) {
		files->queue[(files->first + files->count++) % QUEUE_LINES] =
				(struct entry){.line = *line, .kept = *kept, .door = door};
		pthread_cond_signal(&files->changed);
	}
	pthread_mutex_unlock(&files->mutex);
	return room;
}

bool history_files_is_locked_out(struct history_files *files, size_t door)
{
	pthread_mutex_lock(&files->mutex);
	bool locked = files->locks.on[door];
	pthread_mutex_unlock(&files->mutex);
	return locked;
}

void history_files_lock_out(struct history_files *files, size_t door, bool locked)
{
	pthread_mutex_lock(&files->mutex);
	bool known = files->read || files->locks.said[door];
	if (!known || files->locks.on[door] != locked) {
		files->locks.on[door] = locked;
		files->locks.said[door] = true;
		files->locks.version++;
		pthread_cond_signal(&files->changed);
	}
	pthread_mutex_unlock(&files->mutex);
}

enum history_lockouts history_files_lockouts(struct history_files *files)
{
	pthread_mutex_lock(&files->mutex);
	enum history_lockouts lockouts = files->locks.failed                            ? HISTORY_LOCKOUTS_FAILED
					 : files->locks.version == files->locks.written ? HISTORY_LOCKOUTS_SAVED
											: HISTORY_LOCKOUTS_SAVING;
	pthread_mutex_unlock(&files->mutex);
	return lockouts;
}

void history_files_status(struct history_files *files, struct history_status *status)
{
	pthread_mutex_lock(&files->mutex);
	status->error = files->error;
	status->written = files->written;
	memcpy(status->problem, files->problem, sizeof(status->problem));
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
	wake_close(&files->wake);
	history_disk_close(&files->disk);
	pthread_cond_destroy(&files->changed);
	pthread_mutex_destroy(&files->mutex);
	free(files);
}
