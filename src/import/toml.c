/*
 * The part of TOML 1.0 that NormallyClosed documents: [table], [[table]], KEY = VALUE, where a value is a text on one line,
 * a whole number, true or false, or a list of such. Anything else of TOML is refused, with its line: a reader that knows
 * half of the language must not guess the other half.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "import/private.h"

#define TABLES_MAX 16

struct toml {
	const char *at, *end;
	unsigned line;
	struct flat *flat;
	struct config_report *report;
	char table[FLAT_PATH_MAX + 1]; /* "" or "door.0" */
	struct {
		char name[32];
		bool list;
		unsigned count;
	} tables[TABLES_MAX];
	size_t table_count;
};

static int refuse(const struct toml *toml, const char *expected)
{
	config_report_error(toml->report, toml->line, "this is not the TOML that NormallyClosed documents, expected %s",
			expected);
	return -EINVAL;
}

static bool is(const struct toml *toml, char c)
{
	return toml->at < toml->end && *toml->at == c;
}

static bool take(struct toml *toml, char c)
{
	bool there = is(toml, c);
	toml->at += there;
	return there;
}

static void skip_blanks(struct toml *toml)
{
	while (is(toml, ' ') || is(toml, '\t'))
		toml->at++;
}

/* Blanks, a comment and the end of the line. False: something else stands there. */
static bool end_line(struct toml *toml)
{
	skip_blanks(toml);
	if (is(toml, '#'))
		while (toml->at < toml->end && *toml->at != '\n')
			toml->at++;
	if (is(toml, '\r'))
		toml->at++;
	if (toml->at == toml->end)
		return true;
	bool ended = take(toml, '\n');
	toml->line += ended;
	return ended;
}

static bool is_key(char c)
{
	return isascii((unsigned char)c) && (isalnum((unsigned char)c) || c == '_' || c == '-');
}

static int toml_key(struct toml *toml, char *key, size_t size)
{
	size_t length = 0;
	for (; toml->at < toml->end && is_key(*toml->at); toml->at++)
		if (length + 1 < size)
			key[length++] = *toml->at;
		else
			return refuse(toml, "a shorter key");
	key[length] = '\0';
	return length > 0 ? 0 : refuse(toml, "a key of letters, digits, _ and -");
}

static int toml_text(struct toml *toml, const char *path, char quote)
{
	char text[FLAT_TEXT_MAX + 1];
	size_t length = 0;
	for (; toml->at < toml->end && *toml->at != quote && *toml->at != '\n'; toml->at++) {
		if (*toml->at == '\\' && quote == '"') {
			toml->at++;
			if (!is(toml, '\\') && !is(toml, '"'))
				return refuse(toml, "no escape but \\\" and \\\\ between quotes");
		}
		if (length == FLAT_TEXT_MAX)
			return refuse(toml, "a shorter text");
		text[length++] = *toml->at;
	}
	if (!take(toml, quote))
		return refuse(toml, "a text that ends on its line");
	return flat_add(toml->flat, path, text, length, toml->line, false, toml->report);
}

static int read_single(struct toml *toml, const char *path)
{
	if (take(toml, '"'))
		return toml_text(toml, path, '"');
	if (take(toml, '\''))
		return toml_text(toml, path, '\'');
	const char *word = toml->at;
	while (toml->at < toml->end && is_key(*toml->at))
		toml->at++;
	size_t length = (size_t)(toml->at - word), digits = 0;
	while (digits < length && isdigit((unsigned char)word[digits]))
		digits++;
	bool number = length > 0 && digits == length && (length == 1 || word[0] != '0');
	bool boolean = (length == 4 && memcmp(word, "true", 4) == 0) || (length == 5 && memcmp(word, "false", 5) == 0);
	if (!number && !boolean)
		return refuse(toml, "a text in quotes, a whole number, true or false");
	return flat_add(toml->flat, path, word, length, toml->line, true, toml->report);
}

static void skip_lines(struct toml *toml)
{
	do
		skip_blanks(toml);
	while ((is(toml, '#') || is(toml, '\r') || is(toml, '\n')) && end_line(toml));
}

static int toml_list(struct toml *toml, const char *path)
{
	for (unsigned i = 0;; i++) {
		char item[FLAT_PATH_MAX + 16];
		skip_lines(toml);
		if (take(toml, ']'))
			return 0;
		snprintf(item, sizeof(item), "%s.%u", path, i);
		int error = read_single(toml, item);
		if (error < 0)
			return error;
		skip_lines(toml);
		if (!take(toml, ',') && !is(toml, ']'))
			return refuse(toml, "a comma or ] behind an entry of a list");
	}
}

static int read_pair(struct toml *toml)
{
	char key[32], path[2 * FLAT_PATH_MAX];
	int error = toml_key(toml, key, sizeof(key));
	if (error < 0)
		return error;
	skip_blanks(toml);
	if (!take(toml, '='))
		return refuse(toml, "KEY = VALUE, with a key without dots and quotes");
	skip_blanks(toml);
	snprintf(path, sizeof(path), "%s%s%s", toml->table, *toml->table ? "." : "", key);
	return take(toml, '[') ? toml_list(toml, path) : read_single(toml, path);
}

static int read_table(struct toml *toml)
{
	char name[sizeof(toml->tables[0].name)];
	bool list = take(toml, '[');
	skip_blanks(toml);
	int error = toml_key(toml, name, sizeof(name));
	if (error < 0)
		return error;
	skip_blanks(toml);
	if (!take(toml, ']') || (list && !take(toml, ']')))
		return refuse(toml, "[table] or [[table]], with a name without dots and quotes");
	size_t i = 0;
	while (i < toml->table_count && strcmp(toml->tables[i].name, name) != 0)
		i++;
	if (i == TABLES_MAX || (i < toml->table_count && !(list && toml->tables[i].list)))
		return refuse(toml, "each [table] once, and at most 16 names");
	if (i == toml->table_count) {
		snprintf(toml->tables[i].name, sizeof(toml->tables[i].name), "%s", name);
		toml->tables[i].list = list;
		toml->table_count++;
	}
	if (list)
		snprintf(toml->table, sizeof(toml->table), "%s.%u", name, toml->tables[i].count++);
	else
		snprintf(toml->table, sizeof(toml->table), "%s", name);
	return 0;
}

int import_read_toml(const char *bytes, size_t length, struct flat *flat, struct config_report *report)
{
	struct toml toml = {.at = bytes, .end = bytes + length, .line = 1, .flat = flat, .report = report};
	for (;;) {
		skip_lines(&toml);
		if (toml.at == toml.end)
			return 0;
		int error = take(&toml, '[') ? read_table(&toml) : read_pair(&toml);
		if (error < 0)
			return error;
		if (!end_line(&toml))
			return refuse(&toml, "nothing behind a value but a comment");
	}
}
