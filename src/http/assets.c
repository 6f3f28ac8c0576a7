/*
 * The page's own files: style, script, pictures, the description of the API. embed.py has made them constants of the
 * program, with a tag from their content, and packed where that makes them shorter.
 */
#include "http/assets.h"

#include <string.h>

#include "page_data.h"

static const struct page_asset *asset_find(const char *path)
{
	for (size_t i = 0; i < PAGE_ASSETS; i++)
		if (strcmp(page_assets[i].path, path) == 0)
			return &page_assets[i];
	return NULL;
}

bool http_is_asset(const char *path)
{
	return asset_find(path);
}

/* With a weight, which may be 0 and a refusal, plain will do. */
static bool asset_may_be_gzip(const struct http_request *request)
{
	const char *gzip = strstr(request->accept_encoding, "gzip");
	const char *next = gzip ? gzip + 4 + strspn(gzip + 4, " \t") : "?";
	return !*next || *next == ',';
}

/* The page names style and script with their tags, so that new ones are seen at once: these are kept for ever. */
void http_get_asset(const struct http_exchange *exchange, const char *path)
{
	const struct http_request *request = exchange->request;
	const struct page_asset *asset = asset_find(path);
	bool packed = asset->packed_length > 0 && asset_may_be_gzip(request);
	struct http_head head = {.status = 200,
			.type = asset->type,
			.cache = *request->query ? "private, max-age=31536000, immutable" : "private, max-age=86400",
			.header = "ETag",
			.value = asset->tag,
			.lines = packed ? "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
					: "Vary: Accept-Encoding\r\n"};
	if (strstr(request->if_none_match, asset->tag)) {
		head.status = 304;
		head.type = NULL;
		head.lines = NULL;
		http_answer_constant(exchange->answer, request, &head, "", 0);
		return;
	}
	http_answer_constant(exchange->answer, request, &head, packed ? asset->packed : asset->plain,
			packed ? asset->packed_length : asset->plain_length);
}
