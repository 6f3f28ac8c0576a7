/* Reading a file that has an end, and writing one: all of it, or an error. */
#ifndef PORTCULLIS_BASE_READ_H
#define PORTCULLIS_BASE_READ_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads until the end of the file, or until size bytes are read; an interrupted read goes on. Returns the number of
 * bytes, or -errno. Blocks as read(2) does.
 */
ssize_t read_all(int fd, void *bytes, size_t size);

/*
 * Writes all of the bytes; an interrupted write goes on. Returns 0; -ENOSPC when no more goes in; or another -errno. After
 * an error some of them may be in the file. Blocks as write(2) does.
 */
int write_all(int fd, const void *bytes, size_t length);

#endif
