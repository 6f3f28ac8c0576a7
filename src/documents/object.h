/* Inside the room: JSON objects that are built up key by key, by Jansson. */
#ifndef PORTCULLIS_DOCUMENTS_OBJECT_H
#define PORTCULLIS_DOCUMENTS_OBJECT_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

/* Each takes value over, which may be NULL. On failure the object or array is freed and NULL; NULL stays NULL. */
void object_set(json_t **object, const char *key, json_t *value);
void object_append(json_t **array, json_t *value);

void object_set_string(json_t **object, const char *key, const char *text); /* NULL: the key's value is null */
void object_set_some(json_t **object, const char *key, const char *text);   /* NULL: the key is left out */

/*
 * Writes document, terminated, and frees it; NULL is one that could not be built. Its length, -ENOMEM, or -ENOBUFS when
 * it does not fit: then the buffer holds "".
 */
ssize_t document_finish(json_t *document, char *buffer, size_t size);

#endif
