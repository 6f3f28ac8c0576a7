/*
 * The Set-up view, for the person who wires the doors: the level of each line, pulses of single relays, and each door as
 * YAML. render->wirings is set while it is written, and makes the views of a door offer every button.
 */
#include <string.h>

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

/* Of each line that a door may have: what it is called, and what its levels mean, passive and active. */
static const struct setup_line {
	const char *role; /* as struct http_line has it */
	enum page_word name, meanings[2];
} setup_lines[] = {
		{"relay", WORD_RELAY, {WORD_MEANS_OFF, WORD_MEANS_ON}},
		{"open relay", WORD_OPEN_RELAY, {WORD_MEANS_OFF, WORD_MEANS_ON}},
		{"close relay", WORD_CLOSE_RELAY, {WORD_MEANS_OFF, WORD_MEANS_ON}},
		{"stop relay", WORD_STOP_RELAY, {WORD_MEANS_OFF, WORD_MEANS_ON}},
		{"close warning", WORD_CLOSE_WARNING, {WORD_MEANS_OFF, WORD_MEANS_ON}},
		{"closed sensor", WORD_CLOSED_SENSOR, {WORD_MEANS_NOT_CLOSED, WORD_MEANS_CLOSED}},
		{"open sensor", WORD_OPEN_SENSOR, {WORD_MEANS_NOT_OPEN, WORD_MEANS_OPEN}},
		{"lock-out sensor", WORD_LOCKOUT_SENSOR, {WORD_MEANS_FREE, WORD_MEANS_LOCKED_OUT}},
		{"obstruction sensor", WORD_OBSTRUCTION_SENSOR, {WORD_MEANS_CLEAR, WORD_OBSTRUCTED}},
};

static const struct setup_line *setup_line(const struct page_render *render)
{
	const struct setup_line *last = setup_lines + sizeof(setup_lines) / sizeof(setup_lines[0]) - 1;
	const struct setup_line *line = setup_lines;
	while (line < last && strcmp(line->role, render->line->role) != 0)
		line++;
	return line;
}

void page_field_relay(struct page_render *render)
{
	page_put_word(render, setup_line(render)->name);
}

void page_field_line_name(struct page_render *render)
{
	if (*render->line->name)
		page_put_escaped(render, render->line->name);
	else
		page_put_word(render, WORD_LINE_NUMBER);
}

void page_field_line_offset(struct page_render *render)
{
	page_put_format(render, "%u", render->line->offset);
}

void page_field_line_level(struct page_render *render)
{
	page_put_word(render, !render->line->known ? WORD_LEVEL_UNKNOWN
			      : render->line->high ? WORD_LEVEL_HIGH
						   : WORD_LEVEL_LOW);
}

void page_field_line_meaning(struct page_render *render)
{
	const struct http_line *line = render->line;
	page_put_word(render, line->known ? setup_line(render)->meanings[line->active] : WORD_UNREADABLE);
}

void page_field_travel(struct page_render *render)
{
	const struct door_view *door = render->door;
	bool measured = door->last_open_ms > 0 || door->last_close_ms > 0;
	bool contacts = door->has_open_sensor && door->has_closed_sensor;
	page_put_word(render, measured   ? WORD_TRAVEL_MEASURED
			      : contacts ? WORD_TRAVEL_BY_CONTACTS
					 : WORD_TRAVEL_BY_HAND);
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
