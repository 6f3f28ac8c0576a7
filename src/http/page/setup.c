/*
 * The Set-up view, for the person who wires the doors: the level of each line, pulses of single relays, each door as YAML,
 * and what the walk of learn.js needs. While it is written, render->wirings is set, and the views of a door offer every
 * button.
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
	for (render->line = lines; render->line < lines + HTTP_LINES_MAX && render->line->key; render->line++)
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

/* The walk that learns the opener moves the door: it needs the pulses. */
void page_field_learn(struct page_render *render)
{
	if (!render->page->read_only)
		page_put_template(render, page_template_setup_learn);
}

void page_field_learn_tag(struct page_render *render)
{
	page_put_escaped(render, PAGE_LEARN_JS_TAG);
}

/* "NOW COUNT NAME+MS ... closed_sensor=1 ...": the trace, between the time and the levels of the end contacts. */
void page_field_trace(struct page_render *render)
{
	const struct http_wiring *wiring = setup_wiring(render);
	page_put_format(render, "%lld ", (long long)wiring->now_ms);
	page_put_escaped(render, wiring->trace);
	for (const struct http_line *line = wiring->lines; line < wiring->lines + HTTP_LINES_MAX && line->key; line++)
		if (strcmp(line->key, "closed_sensor") == 0 || strcmp(line->key, "open_sensor") == 0)
			page_put_format(render, " %s=%s", line->key, !line->known ? "?" : line->active ? "1" : "0");
}

void page_field_line_key(struct page_render *render)
{
	page_put_escaped(render, render->line->key);
}

/* Of each line that a door may have: what it is called, and what its levels mean, passive and active. */
static const struct setup_line {
	const char *key; /* as struct http_line has it */
	enum page_word name, meanings[2];
} setup_lines[] = {
		{"relay", WORD_RELAY, {WORD_MEANS_OFF, WORD_MEANS_ON}},
		{"open_relay", WORD_OPEN_RELAY, {WORD_MEANS_OFF, WORD_MEANS_ON}},
		{"close_relay", WORD_CLOSE_RELAY, {WORD_MEANS_OFF, WORD_MEANS_ON}},
		{"stop_relay", WORD_STOP_RELAY, {WORD_MEANS_OFF, WORD_MEANS_ON}},
		{"close_warning", WORD_CLOSE_WARNING, {WORD_MEANS_OFF, WORD_MEANS_ON}},
		{"closed_sensor", WORD_CLOSED_SENSOR, {WORD_MEANS_NOT_CLOSED, WORD_MEANS_CLOSED}},
		{"open_sensor", WORD_OPEN_SENSOR, {WORD_MEANS_NOT_OPEN, WORD_MEANS_OPEN}},
		{"lockout_sensor", WORD_LOCKOUT_SENSOR, {WORD_MEANS_FREE, WORD_MEANS_LOCKED_OUT}},
		{"obstruction_sensor", WORD_OBSTRUCTION_SENSOR, {WORD_MEANS_CLEAR, WORD_OBSTRUCTED}},
};

static const struct setup_line *setup_line(const struct page_render *render)
{
	const struct setup_line *last = setup_lines + sizeof(setup_lines) / sizeof(setup_lines[0]) - 1;
	const struct setup_line *line = setup_lines;
	while (line < last && strcmp(line->key, render->line->key) != 0)
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

struct http_body *http_page_render_learn(enum language language)
{
	return page_render_all((struct page_render){.language = language, .size = 8192}, page_template_learn);
}

struct http_body *http_page_render_setup(const struct http_page *page, const struct http_wiring *wirings)
{
	struct page_render render = page_rendering(page);
	render.wirings = wirings;
	return page_render_all(render, page_template_setup);
}
