/*
 * YAML 1.1 changes or drops more of a text than people expect: "password: !secret x" is the text "x" with a tag,
 * "password: &a b" is "b" with an anchor, and a line end inside of a text becomes a blank. No key here needs any of
 * that, so a file that uses it is wrong. The kinds are found in libyaml's tokens, because the nodes of a
 * document no longer show them. No message repeats what the file says: it may be part of a password.
 *
 * What only some keys mind (null, a comment without a blank) is document.c's business.
 */
#include <yaml.h>

#include <string.h>

#include "config/settings.h"

#define ANCHORS_MAX 64

struct anchor {
	yaml_token_t token; /* owned */
	bool used;
};

struct strict {
	struct config_reader *reader;
	const char *bytes;
	size_t length;
	size_t offset, index; /* the cursor: a byte, and the character that begins there */
	struct anchor anchors[ANCHORS_MAX];
	size_t anchor_count;
	yaml_token_type_t last, before; /* the two tokens before the present one */
};

static struct config_position token_position(yaml_mark_t mark)
{
	return (struct config_position){.line = (unsigned)mark.line + 1, .column = (unsigned)mark.column + 1};
}

/* libyaml counts characters, without a byte order mark. The byte where character index begins, from a known one on. */
static size_t byte_of(const char *bytes, size_t length, size_t index, size_t offset, size_t known)
{
	if (offset == 0 && length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		offset = 3;
	for (; known < index && offset < length; known++)
		for (offset++; offset < length && ((unsigned char)bytes[offset] & 0xc0) == 0x80;)
			offset++;
	return offset;
}

static void move_to(struct strict *strict, size_t index)
{
	strict->offset = byte_of(strict->bytes, strict->length, index, strict->offset, strict->index);
	strict->index = index;
}

static void check_escapes(struct strict *strict, const yaml_token_t *token)
{
	move_to(strict, token->start_mark.index + 1);
	size_t i = strict->offset, column = token->start_mark.column + 1;
	move_to(strict, token->end_mark.index);
	for (; i + 2 < strict->offset; i++) {
		column += ((unsigned char)strict->bytes[i] & 0xc0) != 0x80;
		if (strict->bytes[i] != '\\')
			continue;
		i++;
		/* The other escapes say what they mean, or make a control character, which no value may hold. */
		if (strchr(" /_NLP", strict->bytes[i])) {
			config_error(strict->reader,
					(struct config_position){.line = (unsigned)token->start_mark.line + 1,
							.column = (unsigned)column},
					"the backslash would be lost: between double quotes it begins an escape, expected \\\\ for a backslash, or single quotes around the text");
			return;
		}
		column++;
	}
}

static void check_scalar(struct strict *strict, const yaml_token_t *token)
{
	yaml_scalar_style_t style = token->data.scalar.style;
	if (style == YAML_FOLDED_SCALAR_STYLE)
		config_error(strict->reader, token_position(token->start_mark),
				"> joins the lines of a text with blanks, expected the text on one line, in quotes");
	else if (style != YAML_LITERAL_SCALAR_STYLE && token->start_mark.line != token->end_mark.line)
		config_error(strict->reader, token_position(token->start_mark),
				"this text goes on in the next line, and YAML would join them with a blank, expected the text on one line, in quotes");
	else if (style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
		check_escapes(strict, token);
}

/* Does a value begin with this token? A list's entries may stand at their key's own margin. */
static bool begins_value(const struct strict *strict, yaml_token_type_t type)
{
	switch (type) {
	case YAML_SCALAR_TOKEN:
	case YAML_TAG_TOKEN:
	case YAML_BLOCK_SEQUENCE_START_TOKEN:
	case YAML_BLOCK_MAPPING_START_TOKEN:
	case YAML_FLOW_SEQUENCE_START_TOKEN:
	case YAML_FLOW_MAPPING_START_TOKEN:
		return true;
	case YAML_BLOCK_ENTRY_TOKEN:
		return strict->before != YAML_BLOCK_ENTRY_TOKEN;
	default:
		return false;
	}
}

static void use_anchor(struct strict *strict, const yaml_token_t *alias)
{
	for (size_t i = 0; i < strict->anchor_count; i++)
		if (strcmp((const char *)strict->anchors[i].token.data.anchor.value,
				    (const char *)alias->data.alias.value) == 0)
			strict->anchors[i].used = true;
}

/* Takes over the token and returns true, or leaves it to the caller. */
static bool check_token(struct strict *strict, yaml_token_t *token)
{
	if (strict->last == YAML_ANCHOR_TOKEN && strict->anchor_count > 0 && !begins_value(strict, token->type)) {
		struct anchor *anchor = &strict->anchors[strict->anchor_count - 1];
		config_error(strict->reader, token_position(anchor->token.start_mark),
				"& begins an anchor in YAML, and this one stands on nothing, expected text that begins with & in quotes");
		anchor->used = true; /* once is enough */
	}
	switch (token->type) {
	case YAML_TAG_TOKEN:
		config_error(strict->reader, token_position(token->start_mark),
				"! begins a tag in YAML, and tags such as !secret or !env_var are not looked up, expected the value itself (text that begins with ! in quotes), or password_file for a password");
		return false;
	case YAML_ANCHOR_TOKEN:
		if (strict->anchor_count == ANCHORS_MAX) {
			config_error(strict->reader, token_position(token->start_mark),
					"too many anchors (&), expected at most %d", ANCHORS_MAX);
			return false;
		}
		strict->anchors[strict->anchor_count++] = (struct anchor){.token = *token};
		return true;
	case YAML_ALIAS_TOKEN:
		use_anchor(strict, token);
		return false;
	case YAML_SCALAR_TOKEN:
		check_scalar(strict, token);
		return false;
	default:
		return false;
	}
}

static void finish_anchors(struct strict *strict)
{
	for (size_t i = 0; i < strict->anchor_count; i++) {
		struct anchor *anchor = &strict->anchors[i];
		if (!anchor->used)
			config_error(strict->reader, token_position(anchor->token.start_mark),
					"& begins an anchor in YAML, and no * refers to this one, expected text that begins with & in quotes");
		yaml_token_delete(&anchor->token);
	}
}

bool config_check_strict(struct config_reader *reader, const char *bytes, size_t length)
{
	struct strict strict = {.reader = reader, .bytes = bytes, .length = length};
	size_t errors = reader->report->errors;
	yaml_parser_t parser;
	bool more = true;
	if (!yaml_parser_initialize(&parser)) {
		reader->out_of_memory = true;
		return false;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
	while (more) {
		yaml_token_t token;
		if (!yaml_parser_scan(&parser, &token)) {
			reader->out_of_memory = true; /* the document has been loaded: nothing else can fail */
			break;
		}
		yaml_token_type_t type = token.type;
		more = type != YAML_STREAM_END_TOKEN && type != YAML_NO_TOKEN;
		if (!check_token(&strict, &token))
			yaml_token_delete(&token);
		strict.before = strict.last;
		strict.last = type;
	}
	yaml_parser_delete(&parser);
	finish_anchors(&strict);
	return reader->report->errors == errors && !reader->out_of_memory;
}

size_t config_byte_of(const char *bytes, size_t length, size_t index)
{
	return byte_of(bytes, length, index, 0, 0);
}
