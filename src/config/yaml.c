/*
 * From bytes to a tree of YAML nodes, by libyaml, with bounds that it does not have itself. What is no YAML, not UTF-8,
 * or more than one document, is reported with line and column.
 */
#include "config/document.h"

#include <string.h>

#define BRACKETS_MAX 4096 /* libyaml's time goes by the square of those that are open */

static struct config_position mark_position(yaml_mark_t mark)
{
	return (struct config_position){.line = (unsigned)mark.line + 1, .column = (unsigned)mark.column + 1};
}

struct config_position config_node_position(const yaml_node_t *node)
{
	return mark_position(node->start_mark);
}

static struct config_position byte_position(const char *bytes, size_t length, size_t offset)
{
	struct config_position at = {.line = 1, .column = 1};
	for (size_t i = 0; i < length && i < offset; i++) {
		at.column++;
		if (bytes[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return at;
}

static void syntax_error(struct config_reader *reader, const yaml_parser_t *parser, const char *bytes, size_t length)
{
	const char *problem = parser->problem ? parser->problem : "not YAML";
	if (parser->error == YAML_MEMORY_ERROR) {
		reader->out_of_memory = true;
	} else if (parser->error == YAML_READER_ERROR) {
		config_error(reader, byte_position(bytes, length, parser->problem_offset),
				"%s, expected a text file in UTF-8", problem);
	} else {
		size_t i = config_byte_of(bytes, length, parser->problem_mark.index);
		bool tab = i < length && bytes[i] == '\t';
		config_error(reader, mark_position(parser->problem_mark), "this is not YAML: %s; expected %s", problem,
				tab ? "spaces instead of the tab"
				    : "each line indented like its neighbours, and text that begins with a sign or holds : or # in quotes");
	}
}

static bool check_encoding(struct config_reader *reader, const char *bytes, size_t length)
{
	if (length < 2 || (memcmp(bytes, "\xff\xfe", 2) != 0 && memcmp(bytes, "\xfe\xff", 2) != 0))
		return true;
	config_error(reader, (struct config_position){.line = 1, .column = 1},
			"this is UTF-16, expected a text file in UTF-8");
	return false;
}

static bool check_brackets(struct config_reader *reader, const char *bytes, size_t length)
{
	size_t brackets = 0;
	for (size_t i = 0; i < length; i++) {
		brackets += bytes[i] == '[' || bytes[i] == '{';
		if (brackets > BRACKETS_MAX) {
			config_error(reader, byte_position(bytes, length, i),
					"too many lists and groups of keys, expected at most %d [ and {", BRACKETS_MAX);
			return false;
		}
	}
	return true;
}

void config_document_load(struct config_document *document, const char *expected,
		void (*read)(struct config_document *document, yaml_node_t *root))
{
	struct config_reader *reader = document->reader;
	const char *bytes = document->bytes;
	size_t length = document->length;
	yaml_document_t second;
	yaml_parser_t parser;
	if (!check_encoding(reader, bytes, length) || !check_brackets(reader, bytes, length))
		return;
	if (!yaml_parser_initialize(&parser)) {
		reader->out_of_memory = true;
		return;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
	if (!yaml_parser_load(&parser, &document->yaml)) {
		syntax_error(reader, &parser, bytes, length);
		goto parser_delete;
	}
	yaml_node_t *root = yaml_document_get_root_node(&document->yaml);
	if (!root || config_node_is_nothing(root)) {
		config_error(reader, (struct config_position){.line = 1, .column = 1},
				"the file is empty, expected at least %s", expected);
		goto document_delete;
	}
	if (root->type != YAML_MAPPING_NODE) {
		config_error(reader, config_node_position(root),
				"found %s, expected keys such as mqtt: and doors:", config_node_kind(root));
		goto document_delete;
	}
	if (!yaml_parser_load(&parser, &second)) {
		syntax_error(reader, &parser, bytes, length);
		goto document_delete;
	}
	if (yaml_document_get_root_node(&second))
		config_error(reader, config_node_position(yaml_document_get_root_node(&second)),
				"a second document begins before this, expected one document (no --- but in the first line)");
	yaml_document_delete(&second);
	if (config_check_strict(reader, bytes, length))
		read(document, root);

document_delete:
	yaml_document_delete(&document->yaml);
parser_delete:
	yaml_parser_delete(&parser);
}

void config_read_yaml(struct config_reader *reader, const char *bytes, size_t length)
{
	struct config_document document = {.reader = reader, .bytes = bytes, .length = length};
	config_document_load(&document, "mqtt: with a broker and doors: with one door", config_document_read);
}
