/*
 * Lines of our configuration. Beside each, its line of the other file is kept. A comment names a key of the other file and
 * its line, never its value, which may be a password.
 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "import/private.h"

void import_line(struct import *import, unsigned line, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vfprintf(import->out, format, arguments);
	va_end(arguments);
	fputc('\n', import->out);
	if (import->line_count < IMPORT_LINES_MAX)
		import->lines[import->line_count++] = line;
}

const char *import_quoted(struct import_quote *quote, const char *text)
{
	size_t length = 0;
	quote->text[length++] = '"';
	for (; *text && length + 4 <= sizeof(quote->text); text++) {
		if (*text == '"' || *text == '\\')
			quote->text[length++] = '\\';
		quote->text[length++] = *text;
	}
	quote->text[length++] = '"';
	quote->text[length] = '\0';
	return quote->text;
}

/* How many bytes of the path the pattern stands for; 0: the path is not at or below it. */
static size_t match(const char *pattern, const char *path)
{
	const char *at = path;
	for (; *pattern; pattern++) {
		if (*pattern != '*') {
			if (*at++ != *pattern)
				return 0;
			continue;
		}
		if (!isdigit((unsigned char)*at))
			return 0;
		while (isdigit((unsigned char)*at))
			at++;
	}
	return *at == '\0' || *at == '.' ? (size_t)(at - path) : 0;
}

/* The first that fits, or NULL. matched: how many bytes of the path it stands for. */
static const struct import_reason *output_reason(const struct import_reason *reasons, const char *path, size_t *matched)
{
	for (; reasons->path; reasons++)
		if ((*matched = match(reasons->path, path)) > 0)
			return reasons;
	return NULL;
}

void import_rest(struct import *import, const struct import_reason *reasons)
{
	for (size_t i = 0; i < import->flat.count; i++) {
		struct flat_value *value = &import->flat.values[i];
		size_t length, other;
		if (value->used)
			continue;
		const struct import_reason *reason = output_reason(reasons, value->path, &length);
		if (!reason)
			length = strlen(value->path);
		import_line(import, value->line, "# line %u: %.*s: not carried over: %s", value->line, (int)length,
				value->path, reason ? reason->reason : "Portcullis has nothing like it");
		/* One comment stands for all below; a value below that has a reason of its own has its own comment. */
		for (size_t j = i; j < import->flat.count && reason; j++)
			import->flat.values[j].used |=
					strncmp(import->flat.values[j].path, value->path, length) == 0 &&
					output_reason(reasons, import->flat.values[j].path, &other) == reason &&
					other == length;
	}
}
