/* Text in buffers of the caller. Pure. Any thread. */
#ifndef PORTCULLIS_BASE_TEXT_H
#define PORTCULLIS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Appends to the terminated text in a buffer of size bytes. What does not fit is cut; the text stays terminated. */
__attribute__((format(printf, 3, 4))) void text_append(char *text, size_t size, const char *format, ...);

/*
 * The length in bytes of the UTF-8 character that the terminated text begins with, and the character itself in code.
 * Returns 0 when the text does not begin with one. Overlong forms of three or four bytes, and surrogates, are not
 * refused.
 */
size_t text_character(const char *text, unsigned *code);

/*
 * True for characters that have no place in a name or a log line: control characters, and those that end a line, change
 * the direction of what is shown, or cannot be seen.
 */
bool text_is_control(unsigned code);

#endif
