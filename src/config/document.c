/*
 * A tree of YAML nodes becomes settings, by the table of keys: a group of keys is walked by the keys of its table, each
 * list by its entries, and each scalar goes to scalars.c. A key that the file does not have gets its default from the
 * table, as if the file had said it.
 */
#include "config/document.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "config/values.h"

static void read_node(struct config_document *document, const struct config_key *key, char *base, yaml_node_t *node);
static void read_keys(struct config_document *document, const struct config_key *keys, char *base, yaml_node_t *node);

static struct config_scalar node_scalar(const yaml_node_t *node)
{
	return (struct config_scalar){
			.text = (const char *)node->data.scalar.value,
			.length = node->data.scalar.length,
			.at = config_node_position(node),
	};
}

bool config_node_is_nothing(const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	const char *text = (const char *)node->data.scalar.value;
	return *text == '\0' || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0;
}

const char *config_node_kind(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a group of keys";
	default:
		return config_node_is_nothing(node) ? "nothing" : "a single value";
	}
}

static void wrong_kind(struct config_document *document, const struct config_key *key, const yaml_node_t *node)
{
	char expected[CONFIG_EXPECTATION_MAX];
	config_expectation(key, expected);
	bool text = key->kind == CONFIG_KIND_TEXT || key->kind == CONFIG_KIND_SECRET;
	config_error(document->reader, config_node_position(node), "%s: found %s, expected %s%s", key->name,
			config_node_kind(node), expected, text ? " (text that begins with [ or { in quotes)" : "");
}

static void standards(struct config_document *document, const struct config_key *keys, char *base)
{
	for (; keys->name; keys++) {
		if (keys->kind == CONFIG_KIND_SECTION)
			standards(document, keys->keys, base + keys->offset);
		else if (keys->standard)
			config_scalar_read(document->reader, keys, base,
					(struct config_scalar){
							.text = keys->standard, .length = strlen(keys->standard)});
	}
}

/* A scalar stands for {line: it}; for a relay a bare number is that relay's. */
static void read_line_or_keys(struct config_document *document, const struct config_key *key,
		struct config_line_settings *line, yaml_node_t *node)
{
	struct config_reader *reader = document->reader;
	config_mark(reader, line, config_node_position(node));
	if (node->type == YAML_MAPPING_NODE) {
		read_keys(document, key->keys, (char *)line, node);
		return;
	}
	if (node->type != YAML_SCALAR_NODE) {
		wrong_kind(document, key, node);
		return;
	}
	struct config_scalar scalar = node_scalar(node);
	standards(document, key->keys, (char *)line);
	if (key->kind == CONFIG_KIND_RELAY && scalar.length > 0 &&
			config_set_holds("0-9", scalar.text, scalar.length)) {
		if (!config_number_parse(scalar.text, scalar.length, UINT16_MAX, &line->relay) || line->relay == 0) {
			struct config_quote quote;
			config_error(reader, scalar.at, "%s: there is no relay %s, expected 1 for the first", key->name,
					config_scalar_quote(&quote, scalar));
		}
		return;
	}
	config_scalar_read_line(reader, key, &line->line, scalar);
}

static void read_door(struct config_document *document, const struct config_key *key, yaml_node_t *node)
{
	struct config_settings *settings = document->reader->settings;
	struct config_door_settings *door = &settings->doors[settings->door_count];
	if (node->type != YAML_MAPPING_NODE) {
		config_error(document->reader, config_node_position(node),
				"doors: found %s, expected a door's keys: \"- name: ...\"", config_node_kind(node));
		return;
	}
	door->at = config_node_position(node);
	settings->door_count++;
	read_keys(document, key->keys, (char *)door, node);
}

static void read_item(struct config_document *document, const struct config_key *key, yaml_node_t *node)
{
	struct config_settings *settings = document->reader->settings;
	if (key->kind == CONFIG_KIND_DOORS) {
		read_door(document, key, node);
	} else if (key->kind == CONFIG_KIND_RELAYS) {
		struct config_line_settings *relay = &settings->relays[settings->relay_count++];
		read_line_or_keys(document, key, relay, node);
	} else if (node->type != YAML_SCALAR_NODE) {
		wrong_kind(document, key, node);
	} else if (key->kind == CONFIG_KIND_BROKERS) {
		config_network_read_broker(document->reader, node_scalar(node));
	} else if (key->kind == CONFIG_KIND_PEERS) {
		config_network_read_peer(document->reader, key, node_scalar(node));
	} else {
		config_network_read_host(document->reader, node_scalar(node));
	}
}

static void read_list(struct config_document *document, const struct config_key *key, yaml_node_t *node)
{
	yaml_node_item_t *start = node->data.sequence.items.start;
	size_t count = (size_t)(node->data.sequence.items.top - start);
	if (count < (size_t)key->minimum || count > (size_t)key->maximum) {
		config_error(document->reader, config_node_position(node),
				"%s: %zu entries, expected %" PRId64 " to %" PRId64, key->name, count, key->minimum,
				key->maximum);
		return;
	}
	for (size_t i = 0; i < count; i++)
		read_item(document, key, yaml_document_get_node(&document->yaml, start[i]));
}

/* Does a comment without a blank behind its # follow that value, as in "password: a #b"? */
static bool has_tight_comment(const struct config_document *document, const yaml_node_t *node)
{
	size_t i = config_byte_of(document->bytes, document->length, node->end_mark.index);
	while (i < document->length && (document->bytes[i] == ' ' || document->bytes[i] == '\t'))
		i++;
	return i + 1 < document->length && document->bytes[i] == '#' && !strchr(" \t\r\n#", document->bytes[i + 1]);
}

/* Of a password the rest behind a # would be lost, which is an error; of a name it is seen, and warned of. */
static bool is_cut(struct config_document *document, const struct config_key *key, const yaml_node_t *node)
{
	bool secret = key->kind == CONFIG_KIND_SECRET;
	if ((!secret && key->kind != CONFIG_KIND_TEXT) || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
			!has_tight_comment(document, node))
		return false;
	if (!secret)
		config_warning(document->reader, config_node_position(node),
				"%s: what follows # is a comment: put text that holds # in quotes, or a blank behind #",
				key->name);
	else
		config_error(document->reader, config_node_position(node),
				"%s: what follows # would be a comment and no part of the password, expected text that holds # in quotes, or a blank behind the # of a comment",
				key->name);
	return secret;
}

/* What holds where a key has no value. */
static void warn_absent(struct config_document *document, const struct config_key *key, struct config_position at)
{
	bool part = key->kind == CONFIG_KIND_SENSOR || key->kind == CONFIG_KIND_RELAY;
	bool secret = key->kind == CONFIG_KIND_SECRET_FILE || key->kind == CONFIG_KIND_SECRET;
	const char *so = part            ? "the door has none"
			 : secret        ? "there is no password"
			 : key->standard ? "it is "
					 : "it counts as absent";
	config_warning(document->reader, at, "%s: it has no value, so that %s%s: give it one, or take the key out",
			key->name, so, !part && !secret && key->standard ? key->standard : "");
}

/* A key whose value YAML takes for nothing, though the file may say something. True when that is an error. */
static bool is_lost(struct config_document *document, const struct config_key *key, const yaml_node_t *node)
{
	bool text = key->kind == CONFIG_KIND_TEXT || key->kind == CONFIG_KIND_SECRET;
	struct config_position at = config_node_position(node);
	if (text && node->data.scalar.length > 0) {
		config_error(document->reader, at,
				"%s: null and ~ are YAML's words for nothing, expected the text in quotes, or no %s",
				key->name, key->name);
		return true;
	}
	if (is_cut(document, key, node))
		return true;
	if (key->kind == CONFIG_KIND_WORD && has_tight_comment(document, node)) {
		char expected[CONFIG_EXPECTATION_MAX];
		config_expectation(key, expected);
		config_error(document->reader, at,
				"%s: what follows # is a comment, so that it has no value, expected %s", key->name,
				expected);
		return true;
	}
	if (key->kind != CONFIG_KIND_SECTION && !key->required) /* a section's keys may all be comments */
		warn_absent(document, key, at);
	return false;
}

static void read_node(struct config_document *document, const struct config_key *key, char *base, yaml_node_t *node)
{
	switch (key->kind) {
	case CONFIG_KIND_SECTION:
		if (node->type == YAML_MAPPING_NODE)
			read_keys(document, key->keys, base + key->offset, node);
		else
			wrong_kind(document, key, node);
		return;
	case CONFIG_KIND_RELAY:
	case CONFIG_KIND_SENSOR:
		read_line_or_keys(document, key, (void *)(base + key->offset), node);
		return;
	case CONFIG_KIND_BROKERS:
		if (node->type == YAML_SCALAR_NODE) {
			read_item(document, key, node);
			return;
		}
		__attribute__((fallthrough));
	case CONFIG_KIND_PEERS:
		if (node->type == YAML_SCALAR_NODE && config_scalar_is(node_scalar(node), "all")) {
			document->reader->settings->config.peers.all = true;
			return;
		}
		__attribute__((fallthrough));
	case CONFIG_KIND_HOSTS:
	case CONFIG_KIND_RELAYS:
	case CONFIG_KIND_DOORS:
		if (node->type == YAML_SEQUENCE_NODE)
			read_list(document, key, node);
		else
			wrong_kind(document, key, node);
		return;
	default:
		break;
	}
	config_mark(document->reader, base + key->offset, config_node_position(node));
	if (node->type == YAML_SCALAR_NODE && is_cut(document, key, node))
		return;
	if (node->type == YAML_SCALAR_NODE)
		config_scalar_read(document->reader, key, base, node_scalar(node));
	else
		wrong_kind(document, key, node);
}

#define KEYS_MAX 40

static void read_keys(struct config_document *document, const struct config_key *keys, char *base, yaml_node_t *node)
{
	yaml_node_t *values[KEYS_MAX] = {NULL}, *names[KEYS_MAX] = {NULL};
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *name = yaml_document_get_node(&document->yaml, pair->key);
		size_t i = 0;
		if (name->type != YAML_SCALAR_NODE) {
			config_error(document->reader, config_node_position(name), "found %s as a key, expected a word",
					config_node_kind(name));
			continue;
		}
		struct config_scalar word = node_scalar(name);
		while (keys[i].name && !config_scalar_is(word, keys[i].name))
			i++;
		if (!keys[i].name) {
			config_report_unknown_key(document, keys, word);
			continue;
		}
		if (names[i]) {
			config_error(document->reader, word.at,
					"key \"%s\" stands here again, expected it once (first in line %u)",
					keys[i].name, config_node_position(names[i]).line);
			continue;
		}
		names[i] = name;
		values[i] = yaml_document_get_node(&document->yaml, pair->value);
	}
	standards(document, keys, base);
	for (size_t i = 0; keys[i].name; i++) {
		if (values[i] && !config_node_is_nothing(values[i])) {
			read_node(document, &keys[i], base, values[i]);
		} else if (values[i] && is_lost(document, &keys[i], values[i])) {
			config_mark(document->reader, base + keys[i].offset, config_node_position(values[i]));
		} else if (keys[i].required) {
			char expected[CONFIG_EXPECTATION_MAX];
			config_expectation(&keys[i], expected);
			config_error(document->reader, config_node_position(names[i] ? names[i] : node),
					"%s is missing, expected %s", keys[i].name, expected);
		}
	}
}

void config_document_read(struct config_document *document, yaml_node_t *root)
{
	read_keys(document, config_keys, (char *)document->reader->settings, root);
}
