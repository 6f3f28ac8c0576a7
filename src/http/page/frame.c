/*
 * The page as a whole: head, title, the broker, what concerns all doors, and the list of the views between them. It is
 * written once from top to bottom; what a view needs to know stands in struct page_render while it writes.
 */
#include <string.h>

#include "http/page/render.h"

#define REFRESH_S 15
#define REFRESH_MOVING_S 2
#define REFRESH_ASKED_S 5 /* "Asked." is read by then, and the door on its way */
#define REFRESH_SETUP_S 3 /* levels are no events */

void page_field_head(struct page_render *render)
{
	page_put_template(render, page_template_head);
}

void page_field_refresh(struct page_render *render)
{
	const struct http_page *page = render->page;
	int seconds = REFRESH_S;
	for (size_t i = 0; i < page->door_count; i++)
		if (page_door_moves(&page->doors[i]) || !page->doors[i].settled)
			seconds = REFRESH_MOVING_S;
	for (size_t i = 0; page->peers && i < page->peers->door_count; i++)
		if (page_door_moves(&page->peers->doors[i].view) || page->peers->doors[i].outcome == PEER_OUTCOME_SENT)
			seconds = REFRESH_MOVING_S;
	if (page->noticed)
		seconds = page->result == DOOR_RESULT_ACCEPTED ? REFRESH_ASKED_S : REFRESH_S;
	/* A notice is shown once: the next page is the plain one. */
	if (render->wirings)
		page_put_format(render, "%d", REFRESH_SETUP_S);
	else
		page_put_format(render, "%d%s", seconds, page->noticed ? "; url=./" : "");
}

void page_field_node(struct page_render *render)
{
	page_put_escaped(render, render->page->node->node);
}

/* For the browser's tab: what is not closed, in short. */
void page_field_title(struct page_render *render)
{
	const struct http_page *page = render->page;
	const struct door_view *other = NULL;
	size_t count = 0;
	for (size_t i = 0; i < page->door_count; i++)
		if (page->doors[i].state != DOOR_CLOSED) {
			other = &page->doors[i];
			count++;
		}
	if (render->wirings)
		page_put_word(render, WORD_SETUP);
	else if (count == 1)
		page_put_format(render, "%s: ", other->name);
	render->count = count;
	if (!render->wirings)
		page_put_word(render, count > 1    ? WORD_DOORS_NOT_CLOSED
				      : count == 1 ? page_state_word(other->state)
						   : WORD_CLOSED);
}

void page_field_style_tag(struct page_render *render)
{
	page_put_escaped(render, PAGE_STYLE_CSS_TAG);
}

void page_field_plain_tag(struct page_render *render)
{
	page_put_escaped(render, PAGE_PLAIN_CSS_TAG);
}

void page_field_script_tag(struct page_render *render)
{
	page_put_escaped(render, PAGE_SCRIPT_JS_TAG);
}

/* Where the script puts a time. */
void page_field_clock(struct page_render *render)
{
	page_put_escaped(render, "{time}");
}

void page_field_broker(struct page_render *render)
{
	page_put_escaped(render, render->page->node->broker);
}

void page_field_broker_text(struct page_render *render)
{
	const struct http_node *node = render->page->node;
	page_put_word(render, strcmp(node->broker, "connected") == 0    ? WORD_BROKER_CONNECTED
			      : strcmp(node->broker, "connecting") == 0 ? WORD_BROKER_CONNECTING
									: WORD_BROKER_DISCONNECTED);
	if (*node->broker_error) {
		page_put(render, " (", 2);
		page_put_said(render, node->broker_error);
		page_put(render, ")", 1);
	}
}

void page_field_read_only(struct page_render *render)
{
	const struct http_page *page = render->page;
	if (page->read_only)
		page_put_message(render, "bad", WORD_READ_ONLY, WORD_READ_ONLY_TEXT);
	if (page->node->simulated)
		page_put_message(render, "bad", WORD_SIMULATED, WORD_SIMULATED_TEXT);
	if (*page->node->history_problem) {
		render->message = (struct page_message){
				.kind = "", .title = WORD_HISTORY_IN_MEMORY, .said = page->node->history_problem};
		page_put_template(render, page_template_message);
	}
}

void page_field_doors(struct page_render *render)
{
	for (size_t i = 0; i < render->page->door_count; i++) {
		render->door = &render->page->doors[i];
		page_put_template(render, page_template_door);
	}
}

void page_field_version(struct page_render *render)
{
	page_put_escaped(render, render->page->node->version);
}

void page_field_uptime(struct page_render *render)
{
	render->duration_ms = render->page->node->uptime_ms;
	page_put_word(render, WORD_RUNNING);
}

void page_field_setup_link(struct page_render *render)
{
	if (render->page->setup)
		page_put_template(render, page_template_setup_link);
}

void page_field_log_out(struct page_render *render)
{
	if (render->page->log_out)
		page_put_template(render, page_template_log_out);
}

struct page_render page_rendering(const struct http_page *page)
{
	return (struct page_render){
			.language = page->language,
			.page = page,
			.door = page->doors,
			.size = 4096 + 6144 * (page->door_count + (page->peers ? page->peers->door_count : 0)) +
				192 * page->record_count,
	};
}

struct http_body *http_page_render(const struct http_page *page)
{
	return page_render_all(page_rendering(page), page_template_page);
}
