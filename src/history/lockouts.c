/* A file of lines with a sum at its end. What does not begin and end as it should is damaged as a whole. */
#include "history/lockouts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/read.h"
#include "history/line.h"

#define NAME "lockouts"
#define COMING "lockouts.new"
#define BEGIN "portcullis lockouts\n"
#define SUM "crc32 %08" PRIx32 "\n"
#define SUM_BYTES 15
#define TEXT_MAX (64 + DOORS_MAX * (DOOR_ID_MAX + 1)) /* of the file, with a terminator */

/* Writes the file's terminated text. Returns its length without the terminator. */
static size_t lockouts_print(const struct history_memory *doors, const bool *locked, char text[static TEXT_MAX])
{
	size_t length = (size_t)snprintf(text, TEXT_MAX, BEGIN);
	for (size_t i = 0; i < doors->door_count; i++)
		if (locked[i])
			length += (size_t)snprintf(text + length, TEXT_MAX - length, "%s\n", doors->doors[i].id);
	uint32_t sum = history_crc32(text, length);
	return length + (size_t)snprintf(text + length, TEXT_MAX - length, SUM, sum);
}

static void set_all(const struct history_memory *doors, bool *locked, bool value)
{
	for (size_t i = 0; i < doors->door_count; i++)
		locked[i] = value;
}

/* False: the text is damaged, and locked says so of each door. */
static bool lockouts_parse(const struct history_memory *doors, const char *text, size_t length, bool *locked)
{
	static const size_t begin = sizeof(BEGIN) - 1;
	char sum[SUM_BYTES + 1];
	set_all(doors, locked, true);
	if (length < begin + SUM_BYTES || memcmp(text, BEGIN, begin) != 0)
		return false;
	size_t end = length - SUM_BYTES;
	snprintf(sum, sizeof(sum), SUM, history_crc32(text, end));
	if (memcmp(text + end, sum, SUM_BYTES) != 0 || text[end - 1] != '\n')
		return false;
	set_all(doors, locked, false);
	for (size_t at = begin; at < end;) {
		size_t bytes = (size_t)((const char *)memchr(text + at, '\n', end - at) - (text + at));
		for (size_t i = 0; i < doors->door_count; i++)
			locked[i] |= strlen(doors->doors[i].id) == bytes &&
				     memcmp(doors->doors[i].id, text + at, bytes) == 0;
		at += bytes + 1;
	}
	return true;
}

int history_lockouts_read(struct history_disk *disk, const struct history_memory *doors, bool *locked)
{
	char text[TEXT_MAX];
	int fd = openat(disk->directory, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		set_all(doors, locked, false);
		return 0;
	}
	set_all(doors, locked, true);
	if (fd < 0)
		return -errno;
	ssize_t length = read_all(fd, text, sizeof(text));
	close(fd);
	if (length < 0)
		return (int)length;
	return lockouts_parse(doors, text, (size_t)length, locked) ? 0 : -EBADMSG;
}

static int write_whole(int fd, const char *text, size_t length)
{
	int error = write_all(fd, text, length);
	return error == 0 && fsync(fd) < 0 ? -errno : error;
}

int history_lockouts_write(struct history_disk *disk, const struct history_memory *doors, const bool *locked)
{
	char text[TEXT_MAX];
	size_t length = lockouts_print(doors, locked, text);
	int error = history_disk_reopen(disk);
	if (error < 0)
		return error;
	int fd = openat(disk->directory, COMING, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			0640);
	error = fd < 0 ? -errno : write_whole(fd, text, length);
	if (fd >= 0)
		close(fd);
	if (error == 0 && renameat(disk->directory, COMING, disk->directory, NAME) < 0)
		error = -errno;
	if (error == 0 && fsync(disk->directory) < 0)
		error = -errno;
	return error < 0 ? history_disk_fail(disk, error) : 0;
}
