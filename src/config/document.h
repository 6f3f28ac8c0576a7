/*
 * For this room only: a file as a tree of YAML nodes, and the functions that read it. Only yaml.c, document.c, flat.c,
 * hints.c and strict.c use libyaml.
 */
#ifndef PORTCULLIS_CONFIG_DOCUMENT_H
#define PORTCULLIS_CONFIG_DOCUMENT_H

#include <yaml.h>

#include <stdbool.h>
#include <stddef.h>

#include "config/scalars.h"
#include "config/settings.h"

struct config_document {
	struct config_reader *reader;
	const char *bytes; /* the file */
	size_t length;
	yaml_document_t yaml;
	struct flat *flat; /* flat.c's; NULL otherwise */
};

/*
 * yaml.c: makes the tree of the document's bytes, hands its root, a mapping, to read, and frees the tree. read is not
 * called when something is wrong with the file, which is reported. expected: what an empty file lacks, for the message.
 */
void config_document_load(struct config_document *document, const char *expected,
		void (*read)(struct config_document *document, yaml_node_t *root));
/* Where the node begins in the file. */
struct config_position config_node_position(const yaml_node_t *node);

/* document.c: fills the settings as the table of keys says. root must be a mapping. */
void config_document_read(struct config_document *document, yaml_node_t *root);
bool config_node_is_nothing(const yaml_node_t *node);  /* empty, ~ or null, without quotes */
const char *config_node_kind(const yaml_node_t *node); /* "a list" ..., for a message */

/* hints.c: reports a key that is not in keys, with the most similar one that is. */
void config_report_unknown_key(
		struct config_document *document, const struct config_key *keys, struct config_scalar name);

#endif
