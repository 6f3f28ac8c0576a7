/*
 * For this room only: what the documents for Home Assistant's discovery have in common. The caller owns each json_t that a
 * function returns.
 */
#ifndef PORTCULLIS_DOCUMENTS_DISCOVERY_H
#define PORTCULLIS_DOCUMENTS_DISCOVERY_H

#include <jansson.h>

#include "documents/documents.h"

#define DISCOVERY_AVAILABILITY_TEMPLATE "{{ 'offline' if value == 'offline' else 'online' }}"

/* What each component says first. door NULL: it is of the agent's own device; name NULL: its name is the device's. */
json_t *discovery_component(const struct topic_base *topics, const char *door, const char *platform, const char *key,
		const char *name);

/* A component that is not there: it goes, where an earlier wiring had announced it. */
json_t *discovery_removed(const char *platform);

/* A switch's keys but its topics, which are of the door, or of all doors. */
void discovery_set_lockout(json_t **object, const struct document_node *node);

void discovery_set_identity(json_t **identity, const struct document_node *node, const char *name, const char *model);

/* The document's root without topics and components. door NULL: the agent's own. identity is owned from now on. */
json_t *discovery_device(const struct document_node *node, const char *door, json_t *identity);

#endif
