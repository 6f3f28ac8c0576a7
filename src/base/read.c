/* read(2) and write(2) may do less than is asked, and may be interrupted: they are called again for the rest. */
#include "base/read.h"

#include <errno.h>
#include <unistd.h>

ssize_t read_all(int fd, void *bytes, size_t size)
{
	size_t length = 0;
	while (length < size) {
		ssize_t got = read(fd, (char *)bytes + length, size - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

int write_all(int fd, const void *bytes, size_t length)
{
	size_t done = 0;
	while (done < length) {
		ssize_t wrote = write(fd, (const char *)bytes + done, length - done);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return wrote < 0 ? -errno : -ENOSPC;
		done += (size_t)wrote;
	}
	return 0;
}
