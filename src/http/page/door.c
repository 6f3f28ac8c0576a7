/*
 * A door: its drawing, its state in words, since when and by whom, how sure, what is wrong, and how the last command
 * ended. The same card shows a door of another agent (render->peer), of which less is known.
 */
#include <assert.h>
#include <string.h>

#include "http/page/render.h"

enum page_word page_state_word(enum door_state state)
{
	static const enum page_word words[] = {
			[DOOR_UNKNOWN] = WORD_UNKNOWN,
			[DOOR_OPEN] = WORD_OPEN,
			[DOOR_OPENING] = WORD_OPENING,
			[DOOR_CLOSED] = WORD_CLOSED,
			[DOOR_CLOSING] = WORD_CLOSING,
			[DOOR_STOPPED] = WORD_STOPPED,
	};
	return words[state];
}

static enum page_word page_source_word(enum door_source source)
{
	static const enum page_word words[] = {
			[DOOR_SOURCE_NONE] = WORD_BY_NOBODY,
			[DOOR_SOURCE_MQTT] = WORD_BY_MQTT,
			[DOOR_SOURCE_HTTP] = WORD_BY_PAGE,
			[DOOR_SOURCE_LOCAL] = WORD_BY_HAND,
			[DOOR_SOURCE_AUTO_CLOSE] = WORD_BY_AUTO_CLOSE,
	};
	return words[source];
}

struct page_fault_words page_fault_words(enum door_fault fault)
{
	static const struct page_fault_words words[] = {
			[DOOR_FAULT_NONE] = {WORD_FAULT_UNKNOWN, WORD_NONE}, /* a history file may say anything */
			[DOOR_FAULT_DID_NOT_START] = {WORD_DID_NOT_START, WORD_DID_NOT_START_TEXT},
			[DOOR_FAULT_DID_NOT_FINISH] = {WORD_DID_NOT_FINISH, WORD_DID_NOT_FINISH_TEXT},
			[DOOR_FAULT_REVERSED] = {WORD_REVERSED, WORD_REVERSED_TEXT},
			[DOOR_FAULT_SENSOR_CONFLICT] = {WORD_SENSOR_CONFLICT, WORD_SENSOR_CONFLICT_TEXT},
			[DOOR_FAULT_OBSTRUCTED] = {WORD_OBSTRUCTED, WORD_OBSTRUCTED_TEXT},
			[DOOR_FAULT_RELAY_FAILED] = {WORD_RELAY_FAILED, WORD_RELAY_FAILED_TEXT},
			[DOOR_FAULT_SENSOR_UNSTEADY] = {WORD_SENSOR_UNSTEADY, WORD_SENSOR_UNSTEADY_TEXT},
	};
	static_assert(sizeof(words) / sizeof(words[0]) == DOOR_FAULT_LAST + 1, "each fault has words");
	return words[fault];
}

enum page_word page_reason_word(enum door_reason reason)
{
	static const enum page_word words[] = {
			[DOOR_REASON_NONE] = WORD_NONE,
			[DOOR_REASON_NOT_SETTLED] = WORD_REASON_NOT_SETTLED,
			[DOOR_REASON_UNKNOWN_STATE] = WORD_REASON_UNKNOWN_STATE,
			[DOOR_REASON_OBSTRUCTED] = WORD_REASON_OBSTRUCTED,
			[DOOR_REASON_SENSOR_CONFLICT] = WORD_REASON_SENSOR_CONFLICT,
			[DOOR_REASON_NO_STOP] = WORD_REASON_NO_STOP,
			[DOOR_REASON_NO_WAY] = WORD_REASON_NO_WAY,
			[DOOR_REASON_BUSY] = WORD_REASON_BUSY,
			[DOOR_REASON_RELAY_FAILED] = WORD_REASON_RELAY_FAILED,
			[DOOR_REASON_RETAINED] = WORD_REASON_RETAINED,
			[DOOR_REASON_UNKNOWN_COMMAND] = WORD_REASON_UNKNOWN_COMMAND,
			[DOOR_REASON_STALE] = WORD_REASON_STALE,
			[DOOR_REASON_STOPPING] = WORD_REASON_STOPPING,
			[DOOR_REASON_UNCERTAIN] = WORD_REASON_UNCERTAIN,
			[DOOR_REASON_LOCKED_OUT] = WORD_REASON_LOCKED_OUT,
	};
	static_assert(sizeof(words) / sizeof(words[0]) == DOOR_REASON_LAST + 1, "each reason has words");
	return words[reason];
}

bool page_door_moves(const struct door_view *door)
{
	return door->state == DOOR_OPENING || door->state == DOOR_CLOSING || door->warning;
}

bool page_is_away(const struct page_render *render)
{
	return render->peer && render->peer->availability != PEER_ONLINE;
}

/* Openers put their light beam to sleep when the door is closed, which then looks like something in the way. */
static bool door_is_obstructed(const struct door_view *door)
{
	bool closed = door->state == DOOR_CLOSED && door->confidence == DOOR_CONFIDENCE_SENSED;
	return door->obstruction_sensor && !closed;
}

void page_field_id(struct page_render *render)
{
	if (render->peer) {
		page_put_escaped(render, render->peer->node);
		page_put_escaped(render, "/");
	}
	page_put_escaped(render, render->door->id);
}

void page_field_path(struct page_render *render)
{
	page_put_escaped(render, render->peer ? "peers/" : "doors/");
	if (render->peer) {
		page_put_escaped(render, render->peer->node);
		page_put_escaped(render, "/doors/");
	}
	page_put_escaped(render, render->door->id);
}

void page_field_name(struct page_render *render)
{
	page_put_escaped(render, render->door->name);
}

void page_field_look(struct page_render *render)
{
	const struct door_view *door = render->door;
	page_put_format(render, "%s%s%s%s%s", door_state_name(door->state),
			door->fault != DOOR_FAULT_NONE ? " faulty" : "", door_is_obstructed(door) ? " blocked" : "",
			door->warning ? " warning" : "", page_is_away(render) ? " away" : "");
}

enum drawing { GARAGE, GATE, ENTRANCE };

static enum drawing drawing_of(const struct door_view *door)
{
	return strcmp(door->device_class, "gate") == 0   ? GATE
	       : strcmp(door->device_class, "door") == 0 ? ENTRANCE
							 : GARAGE;
}

void page_field_drawing(struct page_render *render)
{
	static const struct page_piece *const templates[] = {
			page_template_garage, page_template_gate, page_template_entrance};
	page_put_template(render, templates[drawing_of(render->door)]);
}

/* Where the moving part of the drawing is: a garage door goes up, a gate aside; a door turns and is seen narrower. */
void page_field_transform(struct page_render *render)
{
	const struct door_view *door = render->door;
	int position = door->state == DOOR_CLOSED || door->state == DOOR_UNKNOWN ? 0 : door->position;
	if (position == DOOR_POSITION_UNKNOWN)
		position = door->state == DOOR_OPEN ? 100 : 50;
	switch (drawing_of(door)) {
	case GARAGE:
		page_put_format(render, "translate(0 %d)", -position * 80 / 100);
		break;
	case GATE:
		page_put_format(render, "translate(%d 0)", position * 178 / 100);
		break;
	case ENTRANCE:
		page_put_format(render, "scale(%d.%02d 1)", position == 0, (100 - position * 85 / 100) % 100);
		break;
	}
}

void page_field_state_text(struct page_render *render)
{
	page_put_word(render, page_state_word(render->door->state));
}

void page_field_state_detail(struct page_render *render)
{
	const struct door_view *door = render->door;
	if (door->warning)
		page_put_word(render, WORD_ABOUT_TO_CLOSE);
	else if (door->position > 0 && door->position < 100 && door->state != DOOR_CLOSED &&
			door->state != DOOR_UNKNOWN && !door->only_not_closed)
		page_put_word(render, WORD_PERCENT_OPEN);
}

void page_field_position(struct page_render *render)
{
	page_put_format(render, "%d", render->door->position);
}

/* The style sheet makes the first letter a capital. */
void page_field_since(struct page_render *render)
{
	const struct door_view *door = render->door;
	bool on_its_way = door->state == DOOR_OPENING || door->state == DOOR_CLOSING;
	render->duration_ms = render->page->wall_ms - door->last_changed_unix_ms;
	if (door->last_changed_unix_ms == 0 && page_door_moves(door) && door->source != DOOR_SOURCE_NONE) {
		page_put_word(render, page_source_word(door->source));
		page_put(render, ".", 1);
	} else if (door->last_changed_unix_ms == 0) {
		page_put_word(render, WORD_NO_CHANGE);
	} else {
		page_put_word(render, on_its_way ? WORD_SINCE_MOVING : WORD_SINCE_RESTING);
	}
}

void page_field_time(struct page_render *render)
{
	const struct door_record *record = render->record;
	if (record && record->unix_ms == 0)
		page_put_word(render, WORD_UNKNOWN_TIME);
	else
		page_put_time(render, record ? record->unix_ms : render->door->last_changed_unix_ms);
}

void page_field_by(struct page_render *render)
{
	const struct door_record *record = render->record;
	bool lockout = record && (record->news == DOOR_NEWS_LOCKED_OUT || record->news == DOOR_NEWS_LOCKOUT_LIFTED);
	if (lockout && record->source == DOOR_SOURCE_LOCAL)
		page_put_word(render, WORD_BY_KEY_SWITCH);
	else
		page_put_word(render, page_source_word(record ? record->source : render->door->source));
}

void page_field_confidence_text(struct page_render *render)
{
	static const enum page_word words[] = {
			[DOOR_CONFIDENCE_UNKNOWN] = WORD_NO_SENSOR,
			[DOOR_CONFIDENCE_ESTIMATED] = WORD_ESTIMATED,
			[DOOR_CONFIDENCE_SENSED] = WORD_SENSED,
	};
	page_put_word(render, page_is_away(render)    ? WORD_LAST_KNOWN
			      : render->door->settled ? words[render->door->confidence]
						      : WORD_SETTLING);
}

void page_field_fault(struct page_render *render)
{
	const struct page_fault_words words = page_fault_words(render->door->fault);
	if (render->door->fault != DOOR_FAULT_NONE)
		page_put_message(render, "bad", words.title, words.text);
}

void page_field_obstruction(struct page_render *render)
{
	if (door_is_obstructed(render->door) && render->door->fault != DOOR_FAULT_OBSTRUCTED)
		page_put_message(render, "", WORD_OBSTRUCTION, WORD_OBSTRUCTION_TEXT);
}

void page_field_lockout(struct page_render *render)
{
	if (render->door->locked_out)
		page_put_template(render, page_template_lockout);
}

/* Of a peer's lock-out no more is known. */
void page_field_lockout_text(struct page_render *render)
{
	const struct door_view *door = render->door;
	if (render->peer)
		return;
	page_put_word(render, door->lockout_all ? WORD_LOCKOUT_ALL : WORD_LOCKOUT_OPEN);
	page_put(render, " ", door->lockout_sensor);
	page_put_word(render, door->lockout_sensor ? WORD_LOCKOUT_HELD : WORD_NONE);
	if (!door->lockout_remote || door->lockout_saved)
		return;
	page_put(render, " ", 1);
	page_put_word(render, door->lockout_saving ? WORD_LOCKOUT_SAVING : WORD_LOCKOUT_UNSAVED);
}

void page_field_left_open(struct page_render *render)
{
	const struct door_view *door = render->door;
	if (!door->left_open)
		return;
	render->duration_ms = render->page->wall_ms - door->open_since_unix_ms;
	page_put_message(render, "", WORD_LEFT_OPEN,
			door->open_since_unix_ms <= 0 ? WORD_NONE
			: door->open_at_least         ? WORD_LEFT_OPEN_AT_LEAST
						      : WORD_LEFT_OPEN_TEXT);
}

void page_field_notice(struct page_render *render)
{
	const struct http_page *page = render->page;
	if (render->peer) {
		page_put_outcome(render);
		return;
	}
	if (page->noticed != render->door)
		return;
	switch (page->result) {
	case DOOR_RESULT_ACCEPTED:
		page_put_message(render, "notice", WORD_ASKED, WORD_ASKED_TEXT);
		break;
	case DOOR_RESULT_UNCHANGED:
		page_put_message(render, "notice", WORD_NOTHING_TO_DO, WORD_NOTHING_TO_DO_TEXT);
		break;
	case DOOR_RESULT_REJECTED:
		page_put_message(render, "bad notice", WORD_REFUSED, page_reason_word(page->reason));
		break;
	}
}
