/* Reading a file that has an end. */
#ifndef PORTCULLIS_BASE_READ_H
#define PORTCULLIS_BASE_READ_H

#include <stddef.h>
#include <sys/types.h>

/* Until the end of the file or size bytes, through interruptions. How many there were, or -errno. May block. */
ssize_t read_all(int fd, void *bytes, size_t size);

#endif
