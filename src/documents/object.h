/* For this room only: builds JSON objects key by key, with Jansson. */
#ifndef PORTCULLIS_DOCUMENTS_OBJECT_H
#define PORTCULLIS_DOCUMENTS_OBJECT_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Each function owns value from the call on; value may be NULL. On failure *object or *array is freed and becomes NULL.
 * If it is NULL already, it stays NULL: so a caller checks only at the end.
 */
void object_set(json_t **object, const char *key, json_t *value);
void object_append(json_t **array, json_t *value);

void object_set_string(json_t **object, const char *key, const char *text); /* NULL: the key's value is null */
void object_set_some(json_t **object, const char *key, const char *text);   /* NULL: the key is left out */

/*
 * Writes document as terminated text, and frees it. Returns its length without the terminator; -ENOMEM when document is
 * NULL or memory is short; -ENOBUFS when it does not fit. After an error the buffer holds "".
 */
ssize_t document_finish(json_t *document, char *buffer, size_t size);

#endif
