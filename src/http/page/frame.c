/*
 * The page as a whole: head, title, the broker, what concerns all doors, and the list of the views between them. It is
 * written once from top to bottom; what a view needs to know stands in struct page_render while it writes.
 */
#include <stdio.h>
#include <string.h>

#include "http/page/render.h"

#define REFRESH_S 15
#define REFRESH_MOVING_S 2
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
	/* A notice is shown once: the next page is the plain one. */
	if (render->wirings)
		page_put_format(render, "%d", REFRESH_SETUP_S);
	else
		page_put_format(render, "%d%s", page->noticed ? REFRESH_S : seconds, page->noticed ? "; url=./" : "");
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
		page_put_format(render, "Set-up");
	else if (count == 1)
		page_put_format(render, "%s: %s", other->name, page_state_texts[other->state]);
	else if (count > 0)
		page_put_format(render, "%zu doors not closed", count);
	else
		page_put_format(render, "Closed");
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

void page_field_broker(struct page_render *render)
{
	page_put_escaped(render, render->page->node->broker);
}

void page_field_broker_text(struct page_render *render)
{
	const struct http_node *node = render->page->node;
	page_put_format(render, "MQTT broker: %s", node->broker);
	if (*node->broker_error)
		page_put_format(render, " (%s)", node->broker_error);
}

void page_field_read_only(struct page_render *render)
{
	const struct http_page *page = render->page;
	if (page->read_only)
		page_put_message(render, "bad", "Read-only.",
				"This page has no password and others can reach its address, so it takes no commands. Set http: username and password_file in the configuration, or allow_anonymous_commands: true.");
	if (page->node->simulated)
		page_put_message(render, "bad", "Simulated.",
				"These doors are not real: no relay moves and no sensor is read (gpio: backend in the configuration).");
	if (*page->node->history_problem)
		page_put_message(render, "", "The history is in memory only.", page->node->history_problem);
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
	char duration[HTTP_DURATION_MAX];
	http_page_duration(render->page->node->uptime_ms, duration);
	page_put_escaped(render, duration);
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
			.page = page,
			.door = page->doors,
			.message = {"", "", ""},
			.size = 4096 + 6144 * (page->door_count + (page->peers ? page->peers->door_count : 0)) +
				192 * page->record_count,
	};
}

struct http_body *http_page_render(const struct http_page *page)
{
	return page_render_all(page_rendering(page), page_template_page);
}
