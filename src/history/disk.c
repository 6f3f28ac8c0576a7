/*
 * Lines are only ever appended. A file is opened at the first line, with what lies beyond its good end cut away. A full
 * one is replaced by one that is whole on the disk before it takes the name. After a failure nothing that was known of
 * the files counts any more: the card may be gone, mounted anew, or another's.
 */
#include "history/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/read.h"
#include "base/text.h"

#define CURRENT "history.jsonl"
#define OLDER "history.1.jsonl"
#define COMING "history.new"
#define READ_MAX (2 * HISTORY_FILE_BYTES) /* of a file: of a larger one its end */

void history_disk_init(struct history_disk *disk, const char *path, size_t file_bytes)
{
	*disk = (struct history_disk){.directory = -1, .fd = -1, .file_bytes = file_bytes};
	snprintf(disk->path, sizeof(disk->path), "%s", path);
}

size_t history_disk_scan(struct history_reading *reading, const char *bytes, size_t length)
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
static int scan_file(struct history_disk *disk, const char *name, struct history_reading *reading, size_t *good)
{
	struct stat status;
	ssize_t length = 0;
	*good = 0;
	int fd = openat(disk->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
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
			size_t read = history_disk_scan(reading, bytes, (size_t)length);
			*good = read > 0 ? (size_t)skipped + read : 0;
			if (skipped > 0 && reading->broken > broken)
				reading->broken--; /* the line that the beginning cut through */
		}
		free(bytes);
	}
	close(fd);
	return length < 0 ? (int)length : 0;
}

__attribute__((format(printf, 2, 3))) static void explain(struct history_disk *disk, const char *format, ...)
{
	unsigned code;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(disk->trouble, sizeof(disk->trouble), format, arguments);
	va_end(arguments);
	size_t whole = 0;
	for (size_t length; disk->trouble[whole] && (length = text_character(disk->trouble + whole, &code)) > 0;
			whole += length)
		;
	disk->trouble[whole] = '\0'; /* no part of a character */
}

static void close_directory(struct history_disk *disk)
{
	if (disk->directory >= 0)
		close(disk->directory);
	disk->directory = -1;
}

static int open_directory(struct history_disk *disk)
{
	disk->directory = open(disk->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (disk->directory < 0) {
		int error = -errno;
		explain(disk, "%s cannot be opened (%s)", disk->path, strerror(-error));
		snprintf(disk->advice, sizeof(disk->advice), "%s",
				error == -EACCES
						? "Let the agent's user in; if the directory came after the agent's start, start it again"
						: "Make the directory, writable by the agent's user");
		return error;
	}
	if (flock(disk->directory, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		explain(disk, "another agent writes in %s", disk->path);
		snprintf(disk->advice, sizeof(disk->advice), "Give each agent a directory of its own");
		close_directory(disk);
		return -EBUSY;
	}
	return 0;
}

static int read_both(struct history_disk *disk, struct history_reading *reading)
{
	static const char *const names[] = {OLDER, CURRENT};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int error = scan_file(disk, names[i], reading, &disk->size);
		if (error == 0)
			continue;
		explain(disk, "%s/%s cannot be read (%s)", disk->path, names[i], strerror(-error));
		snprintf(disk->advice, sizeof(disk->advice), "Mend the file, or move it away");
		return error;
	}
	return 0;
}

int history_disk_read(struct history_disk *disk, struct history_reading *reading)
{
	int error = open_directory(disk);
	if (error == 0)
		error = read_both(disk, reading);
	if (error < 0)
		close_directory(disk);
	return error;
}

static int write_known(const struct history_disk *disk, int fd, size_t *written)
{
	char text[HISTORY_LINE_MAX];
	*written = 0;
	for (size_t i = 0; i < DOORS_MAX; i++) {
		if (!disk->known[i].kept)
			continue;
		size_t length = history_line_print(&disk->known[i], text);
		int error = write_all(fd, text, length);
		if (error < 0)
			return error;
		*written += length;
	}
	return 0;
}

static void close_current(struct history_disk *disk)
{
	if (disk->fd >= 0)
		close(disk->fd);
	disk->fd = -1;
}

/* Makes CURRENT ready for the next line. */
static int open_current(struct history_disk *disk)
{
	struct stat status;
	if (disk->fd >= 0 && fstat(disk->fd, &status) == 0 && status.st_nlink == 0) {
		close_current(disk); /* somebody has removed it */
		disk->size = 0;
	}
	if (disk->fd >= 0)
		return 0;
	int fd = openat(disk->directory, CURRENT, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			0640);
	if (fd < 0)
		return -errno;
	int error = fstat(fd, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
	if (error == 0 && (size_t)status.st_size < disk->size)
		disk->size = (size_t)status.st_size; /* somebody has shortened it */
	if (error == 0 && (size_t)status.st_size > disk->size && ftruncate(fd, (off_t)disk->size) < 0)
		error = -errno;
	if (error == 0 && disk->size == 0) {
		error = write_known(disk, fd, &disk->head);
		if (error == 0)
			disk->size = disk->head;
	}
	if (error < 0) {
		close(fd);
		return error;
	}
	disk->fd = fd;
	return 0;
}

/* COMING is whole on the disk before CURRENT becomes OLDER, whose end it replaces. */
static int rotate(struct history_disk *disk)
{
	size_t head;
	int fd = openat(disk->directory, COMING, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0640);
	if (fd < 0)
		return -errno;
	int error = write_known(disk, fd, &head);
	if (error == 0 && (fdatasync(disk->fd) < 0 || fsync(fd) < 0))
		error = -errno;
	if (error == 0 && renameat(disk->directory, CURRENT, disk->directory, OLDER) < 0)
		error = -errno;
	if (error == 0 && renameat(disk->directory, COMING, disk->directory, CURRENT) < 0)
		error = -errno;
	if (error < 0) {
		close(fd);
		unlinkat(disk->directory, COMING, 0);
		close_current(disk); /* whatever CURRENT is now, the next attempt looks afresh */
		return error;
	}
	fsync(disk->directory);
	close_current(disk);
	disk->fd = fd;
	disk->size = disk->head = head;
	return 0;
}

static void take_nothing(void *user, const struct history_line *line)
{
	(void)user;
	(void)line;
}

/* What failed may be gone, mounted anew, or another's by now: it is looked at as at the start. */
int history_disk_reopen(struct history_disk *disk)
{
	struct history_reading reading = {.take = take_nothing};
	if (!disk->suspect)
		return 0;
	close_current(disk);
	close_directory(disk);
	int error = history_disk_read(disk, &reading);
	disk->suspect = error < 0;
	return error;
}

int history_disk_fail(struct history_disk *disk, int error)
{
	disk->suspect = true;
	explain(disk, "cannot write in %s (%s)", disk->path, strerror(-error));
	return error;
}

int history_disk_write(struct history_disk *disk, const char *text, size_t length)
{
	int error = history_disk_reopen(disk);
	if (error < 0)
		return error;
	error = open_current(disk);
	if (error == 0 && disk->size + length > disk->file_bytes && disk->size > disk->head)
		error = rotate(disk);
	if (error == 0)
		error = write_all(disk->fd, text, length);
	if (error < 0) {
		if (disk->fd >= 0)
			(void)!ftruncate(disk->fd, (off_t)disk->size); /* else it is cut away before the next line */
		close_current(disk);
		return history_disk_fail(disk, error);
	}
	disk->size += length;
	return 0;
}

int history_disk_sync(struct history_disk *disk)
{
	if (disk->fd < 0 || fdatasync(disk->fd) == 0)
		return 0;
	return history_disk_fail(disk, -errno);
}

void history_disk_close(struct history_disk *disk)
{
	close_current(disk);
	close_directory(disk);
}
