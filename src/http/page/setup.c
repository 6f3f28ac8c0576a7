/*
 * The Set-up view, for the person who wires the doors: the level of each line, pulses of single relays, and each door as
 * YAML. render->wirings is set while it is written, and makes the views of a door offer every button.
 */
#include <ctype.h>
#include <stdio.h>

#include "http/page/render.h"

static const struct http_wiring *setup_wiring(const struct page_render *render)
{
	return &render->wirings[render->door - render->page->doors];
}

void page_field_setup_doors(struct page_render *render)
{
	for (size_t i = 0; i < render->page->door_count; i++) {
		render->door = &render->page->doors[i];
		page_put_template(render, page_template_setup_door);
	}
}

/* A template for each line, or for each relay. */
static void setup_put_lines(struct page_render *render, const struct page_piece *pieces, bool relays_only)
{
	const struct http_line *lines = setup_wiring(render)->lines;
	for (render->line = lines; render->line < lines + HTTP_LINES_MAX && render->line->role; render->line++)
		if (render->line->relay || !relays_only)
			page_put_template(render, pieces);
}

void page_field_lines(struct page_render *render)
{
	setup_put_lines(render, page_template_line, false);
}

void page_field_relays(struct page_render *render)
{
	setup_put_lines(render, page_template_relay, true);
}

void page_field_pulse(struct page_render *render)
{
	if (!render->page->read_only)
		page_put_template(render, page_template_pulse);
}

/* A line as the configuration's key. */
void page_field_line_key(struct page_render *render)
{
	for (const char *at = render->line->role; *at; at++)
		page_put(render, *at == ' ' ? "_" : at, 1);
}

void page_field_line_words(struct page_render *render)
{
	page_put_escaped(render, render->line->role);
}

void page_field_line_role(struct page_render *render)
{
	page_put_format(render, "%c%s", toupper(*render->line->role), render->line->role + 1);
}

void page_field_line_name(struct page_render *render)
{
	if (*render->line->name)
		page_put_escaped(render, render->line->name);
	else
		page_put_format(render, "line %u", render->line->offset);
}

void page_field_line_level(struct page_render *render)
{
	page_put_escaped(render, !render->line->known ? "unknown" : render->line->high ? "high" : "low");
}

void page_field_line_meaning(struct page_render *render)
{
	page_put_escaped(render, render->line->known ? render->line->meaning : "It cannot be read.");
}

void page_field_travel(struct page_render *render)
{
	const struct door_view *door = render->door;
	if (door->last_open_ms > 0 || door->last_close_ms > 0)
		page_put_format(render,
				"The travel time is measured between the contacts; below, a twentieth is added to be safe.");
	else if (door->has_open_sensor && door->has_closed_sensor)
		page_put_format(render,
				"Let the door run once all the way up and down: its travel time is then measured, and written below.");
	else
		page_put_format(render,
				"The travel time is measured by contacts at both ends. Without them: press a button, and \u201cIt has arrived\u201d when the door stands.");
}

void page_field_yaml(struct page_render *render)
{
	page_put_escaped(render, setup_wiring(render)->yaml);
}

struct http_body *http_page_render_setup(const struct http_page *page, const struct http_wiring *wirings)
{
	struct page_render render = page_rendering(page);
	render.wirings = wirings;
	return page_render_all(render, page_template_setup);
}
