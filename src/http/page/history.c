/*
 * What happened to the doors today and yesterday, the newest first: one line for each event that tells a person
 * something. Times are UTC here; the page's script makes them the viewer's.
 */
#include "http/page/render.h"

#define HISTORY_MS (48 * 3600000) /* today and yesterday, in any time zone */

/* WORD_NONE: what is told by the event that follows it, and not of use to a person. */
static const enum page_word record_words[] = {
		[DOOR_NEWS_OPENED] = WORD_RECORD_OPENED,
		[DOOR_NEWS_CLOSED] = WORD_RECORD_CLOSED,
		[DOOR_NEWS_STOPPED] = WORD_RECORD_STOPPED,
		[DOOR_NEWS_STATE_UNKNOWN] = WORD_RECORD_UNKNOWN,
		[DOOR_NEWS_AUTO_CLOSE] = WORD_RECORD_AUTO_CLOSE,
		[DOOR_NEWS_FAULT] = WORD_RECORD_FAULT,
		[DOOR_NEWS_FAULT_CLEARED] = WORD_RECORD_FAULT_CLEARED,
		[DOOR_NEWS_COMMAND_ACCEPTED] = WORD_RECORD_PULSED,
		[DOOR_NEWS_COMMAND_REJECTED] = WORD_RECORD_REFUSED,
		[DOOR_NEWS_COMMAND_CANCELLED] = WORD_RECORD_CANCELLED,
		[DOOR_NEWS_LEFT_OPEN] = WORD_RECORD_LEFT_OPEN,
		[DOOR_NEWS_LOCKED_OUT] = WORD_RECORD_LOCKED_OUT,
		[DOOR_NEWS_LOCKOUT_LIFTED] = WORD_RECORD_LIFTED,
		[DOOR_NEWS_STARTED] = WORD_RECORD_STARTED,
		[DOOR_NEWS_CLOCK_SET] = WORD_NONE,
};

static bool record_is_shown(const struct door_record *record)
{
	if (record->news == DOOR_NEWS_COMMAND_ACCEPTED && record->command != DOOR_COMMAND_PULSE)
		return false;
	return record->news < sizeof(record_words) / sizeof(record_words[0]) && record_words[record->news];
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
	bool often = record->news == DOOR_NEWS_COMMAND_REJECTED && record->count > 1;
	render->count = record->count;
	page_put_word(render, often ? WORD_RECORD_REFUSED_OFTEN : record_words[record->news]);
}

void page_field_state(struct page_render *render)
{
	page_put_word(render, page_state_word(render->record->state));
}

void page_field_fault_title(struct page_render *render)
{
	page_put_word(render, page_fault_words(render->record->fault).title);
}

void page_field_reason(struct page_render *render)
{
	page_put_word(render, page_reason_word(render->record->reason));
}
