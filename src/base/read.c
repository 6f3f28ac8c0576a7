/* read(2) may give less than is there, and may be interrupted: it is asked again until the end or until size is full. */
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
