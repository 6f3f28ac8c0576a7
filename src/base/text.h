/* Sentences put together in a buffer of the caller's. */
#ifndef PORTCULLIS_BASE_TEXT_H
#define PORTCULLIS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* To the end of a terminated text in size bytes; what does not fit is cut. */
__attribute__((format(printf, 3, 4))) void text_append(char *text, size_t size, const char *format, ...);

/*
 * How many bytes of well-formed UTF-8 (RFC 3629, without its finer bounds) text begins with: one character; 0 when it
 * is none. code is the character then.
 */
size_t text_character(const char *text, unsigned *code);

/* Controls, and what changes the order of what is shown, ends a line or is not seen: no part of a name or a log line.
 */
bool text_is_control(unsigned code);

#endif
