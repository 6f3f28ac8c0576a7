/* The configuration in the words of the rooms that do not know it. Strings are borrowed from it throughout. */
#ifndef PORTCULLIS_AGENT_TRANSLATE_H
#define PORTCULLIS_AGENT_TRANSLATE_H

#include <stdbool.h>

#include "config/config.h"
#include "garage/config.h"
#include "http/http.h"
#include "link/link.h"

/* Borrows the door's machine, too. */
struct garage_door_config translate_door(const struct config_door *door);
/* All of them, in their order. NULL when memory is short; the caller frees with free. */
struct garage_door_config *translate_doors(const struct config *config);

/*
 * The page's address for others: the first of its names; else the address that it listens on, and where that is any,
 * the host's name by multicast DNS, to which the page answers (http_guard_host). "": others cannot reach it.
 */
void translate_page_url(const struct config *config, char url[static LINK_URL_MAX + 1]);

/* layers: one for each broker, or NULL (secure_brokers). alive is handed on. */
struct link_config translate_link(
		const struct config *config, const struct mqtt_layer *const *layers, struct alive *alive);

/* What secure_page does not set. */
struct http_config translate_http(const struct config *config);

extern const char translate_damaged_hash[];             /* why translate_right_hash says no */
bool translate_right_hash(const struct config *config); /* the page's password is absent, plain, or a whole hash */

#endif
