/* Reading a file that has an end. */
#ifndef PORTCULLIS_BASE_READ_H
#define PORTCULLIS_BASE_READ_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads until the end of the file, or until size bytes are read; an interrupted read goes on. Returns the number of
 * bytes, or -errno. Blocks as read(2) does.
 */
ssize_t read_all(int fd, void *bytes, size_t size);

#endif
