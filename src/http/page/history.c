/*
 * What happened to the doors today and yesterday, the newest first: one line for each event that tells a person
 * something. Times are UTC here; the page's script makes them the viewer's.
 */
#include <string.h>

#include "http/page/render.h"

#define HISTORY_MS (48 * 3600000) /* today and yesterday, in any time zone */

/* NULL: what is told by the event that follows it, and not of use to a person. */
static const char *const record_texts[] = {
		[DOOR_NEWS_OPENED] = "opened, %s",
		[DOOR_NEWS_CLOSED] = "closed, %s",
		[DOOR_NEWS_STOPPED] = "stopped, %s",
		[DOOR_NEWS_STATE_UNKNOWN] = "could not be seen any more",
		[DOOR_NEWS_AUTO_CLOSE] = "closes by itself",
		[DOOR_NEWS_FAULT] = "has a fault: ",
		[DOOR_NEWS_FAULT_CLEARED] = "is well again, after: ",
		[DOOR_NEWS_COMMAND_ACCEPTED] = "had a relay pulsed, %s",
		[DOOR_NEWS_COMMAND_REJECTED] = "had a command refused: ",
		[DOOR_NEWS_COMMAND_CANCELLED] = "did not get the rest of a command",
		[DOOR_NEWS_LEFT_OPEN] = "was left open",
		[DOOR_NEWS_LOCKED_OUT] = "was locked out, %s",
		[DOOR_NEWS_LOCKOUT_LIFTED] = "is no longer locked out, %s",
		[DOOR_NEWS_STARTED] = "was %s when the agent started",
		[DOOR_NEWS_CLOCK_SET] = NULL,
};

static bool record_is_shown(const struct door_record *record)
{
	if (record->news == DOOR_NEWS_COMMAND_ACCEPTED && record->command != DOOR_COMMAND_PULSE)
		return false;
	return record->news < sizeof(record_texts) / sizeof(record_texts[0]) && record_texts[record->news];
}

void page_field_history(struct page_render *render)
{
	if (render->page->record_count > 0)
		page_put_template(render, page_template_history);
}

void page_field_records(struct page_render *render)
{
	const struct http_page *page = render->page;
	for (size_t i = 0; i < page->record_count; i++) {
		render->record = &page->records[i];
		bool old = render->record->unix_ms > 0 && page->wall_ms - render->record->unix_ms > HISTORY_MS;
		if (render->record->door >= page->door_count || old || !record_is_shown(render->record))
			continue;
		render->door = &page->doors[render->record->door];
		page_put_template(render, page_template_record);
	}
	render->record = NULL;
}

void page_field_record(struct page_render *render)
{
	const struct door_record *record = render->record;
	const char *text = record_texts[record->news];
	bool lockout = record->news == DOOR_NEWS_LOCKED_OUT || record->news == DOOR_NEWS_LOCKOUT_LIFTED;
	const char *of = record->news == DOOR_NEWS_STARTED                ? door_state_name(record->state)
			 : lockout && record->source == DOOR_SOURCE_LOCAL ? "by its key switch"
									  : page_sources[record->source];
	const char *gap = strstr(text, "%s");
	page_put(render, text, gap ? (size_t)(gap - text) : strlen(text));
	if (gap) {
		page_put_escaped(render, of);
		page_put_escaped(render, gap + 2);
	}
	if (record->news == DOOR_NEWS_FAULT || record->news == DOOR_NEWS_FAULT_CLEARED)
		page_put_escaped(render, page_fault_texts[record->fault].title);
	if (record->news == DOOR_NEWS_COMMAND_REJECTED) {
		page_put_escaped(render, door_reason_text(record->reason));
		if (record->count > 1)
			page_put_format(render, " (%u times)", record->count);
	}
}
