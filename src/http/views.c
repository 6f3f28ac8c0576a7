/*
 * The pages for people: the doors, and the Set-up view. A page of the doors is kept and sent to everybody of the same
 * language as long as it says what is known now. There is another one for those with a session, which can end it. A page
 * that says how a command ended is made for one person.
 */
#include "http/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "http/language.h"
#include "http/page.h"

#define PAGE_FRESH_MS 5000 /* its durations count minutes */
#define HISTORY_OF_PAGE 80 /* events looked at for the page; it leaves out about half of them */

/* The query that a form's answer leads to: door=ID&said=WORD. Anything else is a plain page. */
static bool notice_parse(const struct http_site *site, const char *query, struct http_page *page)
{
	if (strncmp(query, "door=", 5) != 0)
		return false;
	const char *id = query + 5, *end = id + strcspn(id, "&");
	if (strncmp(end, "&said=", 6) != 0)
		return false;
	const char *said = end + 6;
	page->noticed = http_live_find(&site->live, id, (size_t)(end - id));
	for (enum door_result result = DOOR_RESULT_ACCEPTED; result <= DOOR_RESULT_UNCHANGED; result++)
		if (strcmp(said, door_result_name(result)) == 0) {
			page->result = result;
			return page->noticed;
		}
	page->result = DOOR_RESULT_REJECTED;
	for (page->reason = DOOR_REASON_NONE; page->reason <= DOOR_REASON_LAST; page->reason++)
		if (strcmp(said, door_reason_name(page->reason)) == 0)
			return page->noticed;
	page->noticed = NULL;
	return false;
}

/* page has no records yet. */
static struct http_body *views_render(const struct http_site *site, const struct http_page *page)
{
	struct door_record records[HISTORY_OF_PAGE];
	struct http_page whole = *page;
	whole.records = records;
	whole.record_count = site->agent.history(site->agent.user, HTTP_ALL_DOORS, 0, records, HISTORY_OF_PAGE);
	return http_page_render(&whole);
}

/* Drops each page that no longer says what is known now. So no page is kept in a language that nobody asks for. */
static void views_drop_old(struct http_site *site, int64_t now_ms)
{
	for (struct http_cached_page *cached = site->pages; cached < site->pages + HTTP_CACHED_PAGES; cached++)
		if (cached->changes != site->live.changes || now_ms >= cached->until_ms) {
			http_body_release(cached->body);
			cached->body = NULL;
		}
}

static struct http_body *views_cached(struct http_site *site, const struct http_page *page)
{
	struct http_cached_page *cached = &site->pages[2 * page->language + page->log_out];
	int64_t now_ms = loop_now_ms();
	views_drop_old(site, now_ms);
	if (!cached->body) {
		cached->body = views_render(site, page);
		cached->changes = site->live.changes;
		cached->until_ms = now_ms + PAGE_FRESH_MS;
	}
	return cached->body;
}

void http_get_page(const struct http_exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	(void)rest;
	http_live_look(&site->live);
	struct http_page page = {
			.language = exchange->language,
			.node = &site->live.node,
			.doors = site->live.now.doors,
			.door_count = site->live.now.count,
			.peers = site->live.peers,
			.setup = site->setup,
			.log_out = exchange->session,
			.read_only = site->read_only,
			.wall_ms = loop_wall_ms(),
	};
	if (notice_parse(site, exchange->request->query, &page)) {
		struct http_body *body = views_render(site, &page);
		http_exchange_page(exchange, body);
		http_body_release(body);
		return;
	}
	http_exchange_page(exchange, views_cached(site, &page));
}

void http_get_setup(const struct http_exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	(void)rest;
	if (!http_exchange_may_wire(exchange))
		return;
	http_live_look(&site->live);
	struct http_wiring *wirings = calloc(site->live.now.count + 1, sizeof(*wirings));
	for (size_t i = 0; wirings && i < site->live.now.count; i++)
		site->agent.wiring(site->agent.user, i, &wirings[i]);
	struct http_page page = {
			.language = exchange->language,
			.node = &site->live.node,
			.doors = site->live.now.doors,
			.door_count = site->live.now.count,
			.read_only = site->read_only,
			.wall_ms = loop_wall_ms(),
	};
	notice_parse(site, exchange->request->query, &page);
	struct http_body *body = wirings ? http_page_render_setup(&page, wirings) : NULL;
	http_exchange_page(exchange, body);
	http_body_release(body);
	free(wirings);
}

void http_get_learn(const struct http_exchange *exchange, const char *rest)
{
	(void)rest;
	if (!http_exchange_may_wire(exchange))
		return;
	struct http_body *body = http_page_render_learn(exchange->language);
	http_exchange_page(exchange, body);
	http_body_release(body);
}

void http_get_manifest(const struct http_exchange *exchange, const char *rest)
{
	char tag[64];
	const char *language = http_language_tag(exchange->language);
	struct http_head head = {.status = 304,
			.language = language,
			.cache = "private, max-age=86400",
			.header = "ETag",
			.value = tag};
	(void)rest;
	snprintf(tag, sizeof(tag), "\"%s-%s\"", http_page_words_tag, language);
	if (strstr(exchange->request->if_none_match, tag)) {
		http_answer_constant(exchange->answer, exchange->request, &head, "", 0);
		return;
	}
	head.status = 200;
	head.type = "application/manifest+json";
	struct http_body *body = http_page_render_manifest(exchange->language);
	http_exchange_answer(exchange, &head, body);
	http_body_release(body);
}
