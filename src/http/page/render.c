/*
 * Writing: text into a body that grows, escaped where it comes from outside, and templates. A body that would become
 * larger than HTTP_PAGE_MAX, or for which there is no memory, is marked as failed and takes nothing more, so that no view
 * has to look at what each write returned.
 */
#include "http/page/render.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"

void page_put(struct page_render *render, const char *text, size_t length)
{
	if (render->failed)
		return;
	if (length > render->size - render->body->length) {
		size_t size = render->size * 2 + length;
		struct http_body *body = size <= HTTP_PAGE_MAX ? realloc(render->body, sizeof(*body) + size) : NULL;
		if (!body) {
			render->failed = true;
			return;
		}
		render->body = body;
		render->size = size;
	}
	memcpy(render->body->bytes + render->body->length, text, length);
	render->body->length += length;
}

void page_put_escaped(struct page_render *render, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "&<>\"'");
		page_put(render, text, plain);
		text += plain;
		switch (*text++) {
		case '&':
			page_put(render, "&amp;", 5);
			break;
		case '<':
			page_put(render, "&lt;", 4);
			break;
		case '>':
			page_put(render, "&gt;", 4);
			break;
		case '"':
			page_put(render, "&quot;", 6);
			break;
		case '\'':
			page_put(render, "&#39;", 5);
			break;
		default:
			return;
		}
	}
}

void page_put_format(struct page_render *render, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	page_put_escaped(render, text);
}

void page_put_template(struct page_render *render, const struct page_piece *pieces)
{
	for (; pieces->text; pieces++) {
		page_put(render, pieces->text, pieces->length);
		if (pieces->field)
			pieces->field(render);
	}
}

struct http_body *page_render_all(struct page_render render, const struct page_piece *pieces)
{
	render.body = http_body_new(render.size);
	if (!render.body)
		return NULL;
	page_put_template(&render, pieces);
	if (render.failed) {
		http_body_release(render.body);
		return NULL;
	}
	struct http_body *fitted = realloc(render.body, sizeof(*fitted) + render.body->length);
	return fitted ? fitted : render.body;
}

void page_put_message(struct page_render *render, const char *kind, const char *title, const char *text)
{
	render->message = (struct page_message){kind, title, text};
	page_put_template(render, page_template_message);
}

void page_field_message_kind(struct page_render *render)
{
	page_put_escaped(render, render->message.kind);
}

void page_field_message_title(struct page_render *render)
{
	page_put_escaped(render, render->message.title);
}

void page_field_message_text(struct page_render *render)
{
	page_put_escaped(render, render->message.text);
}

void page_put_time(struct page_render *render, int64_t unix_ms)
{
	render->time_ms = unix_ms;
	page_put_template(render, page_template_time);
}

void page_field_time_iso(struct page_render *render)
{
	char text[UTC_BYTES];
	utc_print(render->time_ms, text);
	page_put_format(render, "%.19sZ", text);
}

void page_field_time_text(struct page_render *render)
{
	char text[UTC_BYTES];
	utc_print(render->time_ms, text);
	page_put_format(render, "%.10s %.5s UTC", text, text + 11);
}

void http_page_duration(int64_t duration_ms, char text[static HTTP_DURATION_MAX])
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = {{86400000, "day"}, {3600000, "hour"}, {60000, "minute"}};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t count = duration_ms / units[i].ms;
		if (count > 0) {
			snprintf(text, HTTP_DURATION_MAX, "%lld %s%s", (long long)count, units[i].name,
					count == 1 ? "" : "s");
			return;
		}
	}
	snprintf(text, HTTP_DURATION_MAX, "less than a minute");
}
