/*
 * Every JSON document that the agent says: on its MQTT topics, to Home Assistant, over HTTP. The only room that knows
 * jansson.
 *
 * Each function writes a terminated document into a buffer of the caller and returns its length, or -ENOBUFS when it
 * does not fit and -ENOMEM when memory is short. Nothing is kept.
 */
#ifndef PORTCULLIS_DOCUMENTS_DOCUMENTS_H
#define PORTCULLIS_DOCUMENTS_DOCUMENTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "door/types.h"

#define DOCUMENT_MAX 8192 /* enough for each of one door */

/* What Home Assistant and the API are told of the agent. Borrowed strings. */
struct document_node {
	const char *node;
	const char *version;
	const char *topic_prefix;      /* portcullis */
	const char *discovery_prefix;  /* homeassistant */
	const char *broker;            /* "connected" ... for the API */
	const char *configuration_url; /* NULL = none */
	bool mqtt5;                    /* our own connection: allows message_expiry_interval in the cover */
};

ssize_t document_attributes(const struct door_view *door, char *buffer, size_t size);

/* event_type, and for a command its source, result and reason; for a fault its name. */
ssize_t document_event(const char *event_type, const struct door_view *door, enum door_command command,
		enum door_result result, enum door_reason reason, char *buffer, size_t size);

/* {"result": ..., "reason": ...}: the answer to a command, over MQTT and HTTP alike. */
ssize_t document_result(enum door_result result, enum door_reason reason, char *buffer, size_t size);

/* GET /api/doors. */
ssize_t document_doors(const struct document_node *node, const struct door_view *doors, size_t count, char *buffer,
		size_t size);

/* homeassistant/device/ID/config of one door, and of the agent itself. */
ssize_t document_discovery_door(const struct document_node *node, const struct door_view *door, char *buffer,
		size_t size);
ssize_t document_discovery_agent(const struct document_node *node, char *buffer, size_t size);

#endif
