/*
 * The first configuration is written beside its place and moved there only where nothing is: whoever looks sees none or all
 * of it, and what a person has put there meanwhile stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/read.h"
#include "config/config.h"

#define BEGIN_MODE 0640 /* it may come to hold passwords */

static int begin_write(int fd, const char *bytes, size_t length)
{
	int error = write_all(fd, bytes, length);
	return error == 0 && (fchmod(fd, BEGIN_MODE) < 0 || fsync(fd) < 0) ? -errno : error;
}

/* Takes a name beside path that nobody has, whatever stands there already, and moves the new file from it to path. */
static int write_beside(const char *path, const char *bytes, size_t length)
{
	char beside[CONFIG_PATH_MAX + sizeof(".XXXXXX")];
	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	int fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = begin_write(fd, bytes, length);
	close(fd);
	if (error == 0 && renameat2(AT_FDCWD, beside, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
		error = -errno;
	if (error < 0)
		unlink(beside);
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
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return -EEXIST;
	char *bytes = malloc(CONFIG_FILE_MAX + 1);
	if (!bytes)
		return -ENOMEM;
	ssize_t length = read_example(example, bytes);
	int error = length < 0 ? (int)length : write_beside(path, bytes, (size_t)length);
	free(bytes);
	return error;
}
