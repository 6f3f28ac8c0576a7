/*
 * Any bytes as an Accept-Language header: the language that comes out is one of the page's, and is the standard one unless the
 * header names it; what only adds languages that the page has not changes nothing.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/language.h"

static void check(bool good)
{
	if (!good)
		abort();
}

static bool names(const char *header, const char *tag)
{
	for (; *header; header++)
		if (strncasecmp(header, tag, strlen(tag)) == 0)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	static const char before[] = "xx;q=0.9,", after[] = ",xx";
	char *header = malloc(length + 1), *more = malloc(length + sizeof(before) + sizeof(after));
	check(header && more);
	memcpy(header, bytes, length);
	header[length] = '\0';
	enum language language = http_language_choose(header);
	check(language > LANGUAGE_OF_VIEWER && language < LANGUAGES);
	check(language == LANGUAGE_STANDARD || names(header, http_language_tag(language)));
	strcpy(more, before);
	strcat(more, header);
	strcat(more, after);
	check(http_language_choose(more) == language);
	free(header);
	free(more);
	return 0;
}
