/* One happening, or the ending of one command, is one record. Commands that were needless leave none. */
#include "observers/journal.h"

static void journal_add(struct history *history, const struct garage_news *news, const struct door_record *what)
{
	const struct door_view *view = news->view;
	const struct door_totals totals = {.cycles = view->cycles,
			.last_open_ms = view->last_open_ms,
			.last_close_ms = view->last_close_ms,
			.last_travel_ms = view->last_travel_ms};
	struct door_record filled = *what;
	filled.door = (uint8_t)news->door;
	history_add(history, &filled, &totals, news->at.ms, news->at.unix_ms);
}

static void journal_step(struct history *history, const struct garage_news *news)
{
	if (news->settled)
		journal_add(history, news,
				&(struct door_record){
						.news = DOOR_NEWS_STARTED, .command = -1, .state = news->view->state});
	for (size_t i = 0; i < news->happening_count; i++) {
		const struct door_happening *happening = &news->happenings[i];
		bool state = happening->event == DOOR_EVENT_STATE;
		journal_add(history, news,
				&(struct door_record){.news = garage_news_of(happening),
						.command = -1,
						.state = state ? happening->state : news->view->state,
						.source = happening->source != DOOR_SOURCE_NONE ? happening->source
												: news->view->source,
						.fault = happening->fault});
	}
}

static void journal_ending(struct history *history, const struct garage_news *news)
{
	const struct garage_ending *ending = news->ending;
	/* Also what is so already: it may be so for want of a history alone, which may come. */
	bool meant = ending->known && ending->result != DOOR_RESULT_REJECTED;
	if (meant && door_command_is_lockout((int)ending->command))
		history_lock_out(history, news->door, ending->command == DOOR_COMMAND_LOCKOUT_ON);
	if (ending->result == DOOR_RESULT_UNCHANGED)
		return;
	journal_add(history, news,
			&(struct door_record){.news = door_news_of_result(ending->result),
					.command = (int8_t)(ending->known ? (int)ending->command : -1),
					.state = news->view->state,
					.source = ending->source,
					.reason = ending->reason});
}

void journal_hear(void *user, const struct garage_news *news)
{
	struct history *history = user;
	if (news->kind == GARAGE_STEP)
		journal_step(history, news);
	else if (news->kind == GARAGE_ENDING)
		journal_ending(history, news);
	else if (news->kind == GARAGE_LEFT_OPEN && !news->again)
		journal_add(history, news,
				&(struct door_record){.news = DOOR_NEWS_LEFT_OPEN,
						.command = -1,
						.state = news->view->state,
						.source = news->view->source});
	else if (news->kind == GARAGE_CLOCK_SET)
		history_clock_set(history, news->at.ms, news->at.unix_ms);
}

struct garage_past journal_past(const struct history *history, size_t door)
{
	struct history_change change;
	struct garage_past past = {0};
	history_restore(history, door, &past.totals, &change);
	past.state = change.state;
	past.source = change.source;
	past.unix_ms = change.unix_ms;
	past.locked_out = history_is_locked_out(history, door);
	return past;
}
