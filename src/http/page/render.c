/*
 * Writes into a body that grows: text, escaped where it comes from outside; words of the language; and templates. In a
 * word, a byte below the blank stands for a field. A body that would become larger than HTTP_PAGE_MAX, or for which there
 * is no memory, is marked as failed and takes nothing more, so that no view has to look at what each write returned.
 */
#include "http/page/render.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "http/language.h"

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

void page_put_word(struct page_render *render, enum page_word word)
{
	const struct page_words *words = &page_words[render->language];
	const unsigned char *at = words->text + words->places[word];
	for (;;) {
		size_t plain = 0;
		while (at[plain] >= ' ')
			plain++;
		page_put(render, (const char *)at, plain);
		at += plain;
		if (!*at)
			return;
		page_word_fields[*at++ - 1](render);
	}
}

/*
 * A word that counts, in one of its forms: other follows one. All languages that are here count so. No place counts to 0,
 * of which French has one.
 */
static void put_plural(struct page_render *render, enum page_word one, uint64_t count)
{
	render->count = count;
	page_put_word(render, count == 1 ? one : one + 1);
}

void page_field_count(struct page_render *render)
{
	page_put_format(render, "%llu", (unsigned long long)render->count);
}

void page_field_language(struct page_render *render)
{
	page_put_escaped(render, http_language_tag(render->language));
}

void page_put_template(struct page_render *render, const struct page_piece *pieces)
{
	for (; pieces->text; pieces++) {
		page_put(render, pieces->text, pieces->length);
		if (pieces->word)
			page_put_word(render, pieces->word);
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

void page_put_message(struct page_render *render, const char *kind, enum page_word title, enum page_word text)
{
	render->message = (struct page_message){.kind = kind, .title = title, .text = text};
	page_put_template(render, page_template_message);
}

void page_put_said(struct page_render *render, const char *said)
{
	static const char begin[] = "<span lang=\"en\">", end[] = "</span>";
	page_put(render, begin, sizeof(begin) - 1);
	page_put_escaped(render, said);
	page_put(render, end, sizeof(end) - 1);
}

void page_field_message_kind(struct page_render *render)
{
	page_put_escaped(render, render->message.kind);
}

void page_field_message_title(struct page_render *render)
{
	page_put_word(render, render->message.title);
}

void page_field_message_text(struct page_render *render)
{
	if (render->message.said)
		page_put_said(render, render->message.said);
	else
		page_put_word(render, render->message.text);
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

void page_field_duration(struct page_render *render)
{
	static const struct {
		int64_t ms;
		enum page_word one;
	} units[] = {{86400000, WORD_DAYS_ONE}, {3600000, WORD_HOURS_ONE}, {60000, WORD_MINUTES_ONE}};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (render->duration_ms >= units[i].ms) {
			put_plural(render, units[i].one, (uint64_t)(render->duration_ms / units[i].ms));
			return;
		}
	page_put_word(render, WORD_LESS_THAN_A_MINUTE);
}
