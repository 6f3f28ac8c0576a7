/*
 * The first configuration is written beside its place and moved there only where nothing is: whoever looks sees none or all
 * of it, and what a person has put there meanwhile stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/read.h"
#include "config/config.h"

#define BEGIN_MODE 0640 /* it may come to hold passwords */

static int write_whole(const char *path, const char *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, BEGIN_MODE);
	if (fd < 0)
		return -errno;
	ssize_t written = write(fd, bytes, length);
	int error = written < 0 ? -errno : (size_t)written < length ? -ENOSPC : fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return error;
}

static ssize_t read_example(const char *example, char *bytes)
{
	int fd = open(example, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t length = read_all(fd, bytes, CONFIG_FILE_MAX + 1);
	close(fd);
	return length > CONFIG_FILE_MAX ? -EFBIG : length;
}

int config_begin(const char *path, const char *example)
{
	char beside[CONFIG_PATH_MAX + sizeof(".new")];
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return -EEXIST;
	if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	char *bytes = malloc(CONFIG_FILE_MAX + 1);
	if (!bytes)
		return -ENOMEM;
	ssize_t length = read_example(example, bytes);
	int error = length < 0 ? (int)length : write_whole(beside, bytes, (size_t)length);
	free(bytes);
	if (error == 0 && renameat2(AT_FDCWD, beside, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
		error = -errno;
	if (error < 0 && length >= 0)
		unlink(beside);
	return error;
}
