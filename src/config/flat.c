/*
 * The tree of a YAML file is walked once, and each scalar is added under the path of keys that leads to it. An alias may
 * stand for a part of the tree many times, or for the tree that it stands in: depth and steps are bounded.
 */
#include "config/flat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/document.h"
#include "config/values.h"

#define DEPTH_MAX 8
#define STEPS_MAX 4096

struct walk {
	struct config_document *document;
	char path[FLAT_PATH_MAX + 1];
	size_t steps;
	bool ended; /* by an error */
};

int flat_add(struct flat *flat, const char *path, const char *text, size_t length, unsigned line, bool plain,
		struct config_report *report)
{
	bool other = strchr(path, '?'); /* keys in other letters may look the same here */
	for (size_t i = 0; i < flat->count && !other; i++)
		if (strcmp(flat->values[i].path, path) == 0) {
			config_report_error(report, line, "%s stands here again, expected it once (first in line %u)",
					path, flat->values[i].line);
			return -EINVAL;
		}
	if (flat->count == FLAT_VALUES_MAX || strlen(path) > FLAT_PATH_MAX || length > FLAT_TEXT_MAX) {
		config_report_error(report, line,
				"more than expected, at most %d values, of %d bytes each, with keys of %d bytes",
				FLAT_VALUES_MAX, FLAT_TEXT_MAX, FLAT_PATH_MAX);
		return -EINVAL;
	}
	if (config_scalar_has_controls((struct config_scalar){.text = text, .length = length})) {
		config_report_error(report, line,
				"%s holds a control character or a line end, expected one line of text", path);
		return -EINVAL;
	}
	struct flat_value *value = &flat->values[flat->count];
	*value = (struct flat_value){.text = strndup(text, length), .line = line, .plain = plain};
	if (!value->text)
		return -ENOMEM;
	snprintf(value->path, sizeof(value->path), "%s", path);
	flat->count++;
	return 0;
}

/* Adds ".KEY" to the path. False: it does not fit, which is reported. */
static bool go_down(struct walk *walk, const char *key, size_t length, unsigned line)
{
	size_t at = strlen(walk->path);
	if (at + 1 + length > FLAT_PATH_MAX) {
		config_report_error(walk->document->reader->report, line, "too long a key, or keys in keys too deep");
		return false;
	}
	if (at > 0)
		walk->path[at++] = '.';
	for (size_t i = 0; i < length; i++)
		walk->path[at++] = config_set_holds("A-Za-z0-9_-", key + i, 1) ? key[i] : '?';
	walk->path[at] = '\0';
	return true;
}

static void walk_node(struct walk *walk, const yaml_node_t *node, unsigned depth);

static void walk_child(struct walk *walk, const char *key, size_t length, int child, unsigned depth)
{
	size_t before = strlen(walk->path);
	const yaml_node_t *node = yaml_document_get_node(&walk->document->yaml, child);
	if (go_down(walk, key, length, config_node_position(node).line))
		walk_node(walk, node, depth + 1);
	else
		walk->ended = true;
	walk->path[before] = '\0';
}

static void add_scalar(struct walk *walk, const yaml_node_t *node)
{
	if (config_node_is_nothing(node))
		return;
	struct config_reader *reader = walk->document->reader;
	int error = flat_add(walk->document->flat, walk->path, (const char *)node->data.scalar.value,
			node->data.scalar.length, config_node_position(node).line,
			node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE, reader->report);
	reader->out_of_memory |= error == -ENOMEM;
	walk->ended = error < 0;
}

static void walk_pair(struct walk *walk, const yaml_node_pair_t *pair, unsigned depth)
{
	const yaml_node_t *name = yaml_document_get_node(&walk->document->yaml, pair->key);
	if (name->type != YAML_SCALAR_NODE || name->data.scalar.length == 0) {
		config_error(walk->document->reader, config_node_position(name), "found %s as a key, expected a word",
				config_node_kind(name));
		walk->ended = true;
		return;
	}
	walk_child(walk, (const char *)name->data.scalar.value, name->data.scalar.length, pair->value, depth);
}

static void walk_node(struct walk *walk, const yaml_node_t *node, unsigned depth)
{
	if (depth > DEPTH_MAX || ++walk->steps > STEPS_MAX) {
		config_error(walk->document->reader, config_node_position(node),
				"lists and groups of keys in each other are too many or too deep");
		walk->ended = true;
		return;
	}
	if (node->type == YAML_SCALAR_NODE) {
		add_scalar(walk, node);
	} else if (node->type == YAML_SEQUENCE_NODE) {
		const yaml_node_item_t *start = node->data.sequence.items.start;
		size_t count = (size_t)(node->data.sequence.items.top - start);
		for (size_t i = 0; i < count && !walk->ended; i++) {
			char index[16];
			int length = snprintf(index, sizeof(index), "%zu", i);
			walk_child(walk, index, (size_t)length, start[i], depth);
		}
	} else {
		const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		for (; pair < node->data.mapping.pairs.top && !walk->ended; pair++)
			walk_pair(walk, pair, depth);
	}
}

static void read_root(struct config_document *document, yaml_node_t *root)
{
	struct walk walk = {.document = document};
	walk_node(&walk, root, 0);
}

int flat_read_yaml(const char *bytes, size_t length, struct flat *flat, struct config_report *report)
{
	struct config_reader reader = {.report = report};
	struct config_document document = {.reader = &reader, .bytes = bytes, .length = length, .flat = flat};
	config_document_load(&document, "the keys of a configuration", read_root);
	return reader.out_of_memory ? -ENOMEM : report->errors > 0 ? -EINVAL : 0;
}

void flat_free(struct flat *flat)
{
	for (size_t i = 0; i < flat->count; i++)
		free(flat->values[i].text);
	*flat = (struct flat){0};
}
