/* Sentences put together in a buffer of the caller's. */
#ifndef PORTCULLIS_BASE_TEXT_H
#define PORTCULLIS_BASE_TEXT_H

#include <stddef.h>

/* To the end of a terminated text in size bytes; what does not fit is cut. */
__attribute__((format(printf, 3, 4))) void text_append(char *text, size_t size, const char *format, ...);

#endif
