/*
 * The header is cut at its commas. Each part is a tag and, behind a semicolon, a weight in thousandths; the heaviest that is
 * ours wins. "*" stands for any language, so for the standard one.
 */
#include "http/language.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define WEIGHT_FULL 1000

/* clang-format off */
static const char *const language_tags[LANGUAGES] = {
#define X(tag) [LANGUAGE_##tag] = #tag,
	PORTCULLIS_LANGUAGES
#undef X
};
/* clang-format on */

const char *http_language_tag(enum language language)
{
	return language_tags[language == LANGUAGE_OF_VIEWER ? LANGUAGE_STANDARD : language];
}

static enum language language_find(const char *tag, size_t length)
{
	if (length == 1 && *tag == '*')
		return LANGUAGE_STANDARD;
	for (enum language language = LANGUAGE_STANDARD; language < LANGUAGES; language++)
		if (strlen(language_tags[language]) == length && strncasecmp(tag, language_tags[language], length) == 0)
			return language;
	return LANGUAGE_OF_VIEWER;
}

/* What follows a tag: nothing, or ";q=" and 0 to 1 with at most three digits after the point. Anything else weighs 0. */
static int language_weight(const char *at, const char *end)
{
	static const int digit_weights[] = {WEIGHT_FULL, WEIGHT_FULL / 10, WEIGHT_FULL / 100, 1};
	int weight = 0;
	size_t digits = 0;
	if (at == end)
		return WEIGHT_FULL;
	for (const char *wanted = ";q="; *wanted; wanted++, at++) {
		at += strspn(at, " \t");
		if (at >= end || tolower((unsigned char)*at) != *wanted)
			return 0;
	}
	for (; at < end && *at != ' ' && *at != '\t'; at++) {
		if (*at == '.' && digits == 1)
			continue;
		if (*at < '0' || *at > '9' || digits == sizeof(digit_weights) / sizeof(digit_weights[0]))
			return 0;
		weight += (*at - '0') * digit_weights[digits++];
	}
	return at + strspn(at, " \t") >= end && weight <= WEIGHT_FULL ? weight : 0;
}

enum language http_language_choose(const char *accept_language)
{
	enum language best = LANGUAGE_STANDARD;
	int best_weight = 0;
	for (const char *at = accept_language; *at; at += *at == ',') {
		at += strspn(at, " \t");
		const char *end = at + strcspn(at, ",");
		size_t whole = strcspn(at, " \t;,"), primary = strcspn(at, "- \t;,");
		enum language language = language_find(at, primary);
		const char *rest = at + whole;
		rest += strspn(rest, " \t");
		int weight = language == LANGUAGE_OF_VIEWER ? 0 : language_weight(rest, end);
		if (weight > best_weight) {
			best = language;
			best_weight = weight;
		}
		at = end;
	}
	return best;
}
