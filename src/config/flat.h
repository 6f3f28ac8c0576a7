/*
 * Any file of keys and values as a flat list: "mqtt.host" is "broker.lan", "doors.0.relay" is "23". For src/import, which
 * reads the configurations of other programs. Pure but for memory. Bounded: a file that does not fit is wrong.
 */
#ifndef PORTCULLIS_CONFIG_FLAT_H
#define PORTCULLIS_CONFIG_FLAT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

#define FLAT_VALUES_MAX 512
#define FLAT_PATH_MAX 95                /* bytes: keys and indices with dots between */
#define FLAT_TEXT_MAX CONFIG_SECRET_MAX /* bytes of a value */

struct flat_value {
	/* A-Za-z0-9_- and dots. Another byte of a key is "?", so that such a path may stand more than once. */
	char path[FLAT_PATH_MAX + 1];
	char *text;    /* terminated, without a NUL inside, owned by the list */
	unsigned line; /* of the value, from 1 */
	bool plain;    /* without quotes: may be a number or a boolean */
	bool used;     /* false at first; the reader's own */
};

struct flat {
	struct flat_value values[FLAT_VALUES_MAX]; /* in the order of the file */
	size_t count;
};

/*
 * Reads a YAML document whose root is a mapping. Values that say nothing (empty, null) and empty lists are left out.
 * flat must be empty before. Returns 0; -EINVAL with an error in the report (also for a key that stands twice); or
 * -ENOMEM. flat_free frees in each case.
 */
int flat_read_yaml(const char *bytes, size_t length, struct flat *flat, struct config_report *report);

/*
 * Adds a value; text is copied and need not be terminated. Returns 0; -EINVAL with an error in the report: the path is
 * there already, path or text is too long, the list is full, or the text has control characters; or -ENOMEM.
 */
int flat_add(struct flat *flat, const char *path, const char *text, size_t length, unsigned line, bool plain,
		struct config_report *report);

void flat_free(struct flat *flat);

#endif
