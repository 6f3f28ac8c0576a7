/*
 * An object or array that could not be completed, for want of memory or since a text is no UTF-8, becomes NULL and stays
 * so: whoever builds a document looks once, at its end.
 */
#include "documents/object.h"

#include <errno.h>

ssize_t document_finish(json_t *document, char *buffer, size_t size)
{
	if (size > 0)
		buffer[0] = '\0';
	if (!document)
		return -ENOMEM;
	size_t length = json_dumpb(document, buffer, size, JSON_COMPACT);
	json_decref(document);
	if (length > 0 && length < size) {
		buffer[length] = '\0';
		return (ssize_t)length;
	}
	if (size > 0)
		buffer[0] = '\0';
	return length == 0 ? -ENOMEM : -ENOBUFS;
}

void object_set(json_t **object, const char *key, json_t *value)
{
	if (json_object_set_new(*object, key, value) == 0)
		return;
	json_decref(*object);
	*object = NULL;
}

void object_append(json_t **array, json_t *value)
{
	if (json_array_append_new(*array, value) == 0)
		return;
	json_decref(*array);
	*array = NULL;
}

void object_set_string(json_t **object, const char *key, const char *text)
{
	object_set(object, key, text ? json_string(text) : json_null());
}

void object_set_some(json_t **object, const char *key, const char *text)
{
	if (text)
		object_set_string(object, key, text);
}
