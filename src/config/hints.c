/*
 * What to say of a key that is not known where it stands: the key that it is like, or the section that it belongs to,
 * also when that section's own line is a comment.
 */
#include <string.h>

#include "base/text.h"
#include "config/document.h"

#define SUGGESTION_MAX 384
#define HOMES_MAX 8

/* The sections that a key of that name lives in; "" is the top. */
struct homes {
	const char *names[HOMES_MAX];
	size_t count;
};

static void find_homes(const struct config_key *keys, const char *section, const char *name, struct homes *homes)
{
	for (; keys->name; keys++) {
		bool known = false;
		for (size_t i = 0; i < homes->count; i++)
			known |= strcmp(homes->names[i], section) == 0;
		if (strcmp(keys->name, name) == 0 && !known && homes->count < HOMES_MAX)
			homes->names[homes->count++] = section;
		if (keys->keys)
			find_homes(keys->keys, keys->name, name, homes);
	}
}

/* Is that line a comment with a section's name in it, as "#http:"? */
static bool is_commented(const char *line, const char *end, const char *section)
{
	size_t length = strlen(section);
	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	if (line == end || *line != '#')
		return false;
	while (line < end && (*line == '#' || *line == ' ' || *line == '\t'))
		line++;
	return (size_t)(end - line) > length && memcmp(line, section, length) == 0 && line[length] == ':';
}

/* The last line above a key's that would begin one of the sections, and is a comment. 0: none. */
static unsigned commented_home(
		const struct config_document *document, const struct homes *homes, unsigned above, const char **section)
{
	const char *start = document->bytes, *stop = start + document->length;
	unsigned found = 0;
	for (unsigned line = 1; line < above && start < stop; line++) {
		const char *end = memchr(start, '\n', (size_t)(stop - start));
		if (!end)
			end = stop;
		for (size_t i = 0; i < homes->count; i++)
			if (homes->names[i][0] != '\0' && is_commented(start, end, homes->names[i])) {
				found = line;
				*section = homes->names[i];
			}
		start = end + (end < stop);
	}
	return found;
}

/* A key that is known elsewhere. False: it is not. */
static bool misplaced_key(struct config_document *document, struct config_scalar name, const char *shown)
{
	char expected[CONFIG_EXPECTATION_MAX] = "";
	struct homes homes = {.count = 0};
	const char *section = NULL;
	find_homes(config_keys, "", name.text, &homes);
	if (homes.count == 0)
		return false;
	unsigned line = commented_home(document, &homes, name.at.line, &section);
	if (line > 0) {
		config_error(document->reader, name.at,
				"key %s does not belong here, expected it in %s, whose own line (%u) is a comment",
				shown, section, line);
		return true;
	}
	for (size_t i = 0; i < homes.count; i++)
		text_append(expected, sizeof(expected), "%s%s%s", i == 0 ? "" : " or ",
				homes.names[i][0] == '\0' ? "at the left margin" : "in ", homes.names[i]);
	config_error(document->reader, name.at, "key %s does not belong here, expected it %s", shown, expected);
	return true;
}

void config_report_unknown_key(
		struct config_document *document, const struct config_key *keys, struct config_scalar name)
{
	struct config_report *report = document->reader->report;
	struct config_nearest nearest = {.text = name.text};
	char known[SUGGESTION_MAX * 3];
	struct config_quote quote;
	if (report->count == CONFIG_PROBLEMS_MAX) {
		report->errors++;
		return;
	}
	for (size_t i = 0; keys[i].name; i++)
		config_nearest_try(&nearest, keys[i].name);
	config_key_names(keys, known, sizeof(known));
	config_scalar_quote(&quote, name);
	if (strcmp(name.text, "<<") == 0) {
		config_error(document->reader, name.at, "merge keys (<<) are not supported, write the keys out");
		return;
	}
	if (nearest.word) {
		config_error(document->reader, name.at, "unknown key %s, did you mean %s?", quote.text, nearest.word);
		return;
	}
	if (!misplaced_key(document, name, quote.text))
		config_error(document->reader, name.at, "unknown key %s, expected one of %s", quote.text, known);
}
