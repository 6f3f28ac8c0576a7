/*
 * A door: its drawing, its state in words, since when and by whom, how sure, what is wrong, and how the last command
 * ended. The same card shows a door of another agent (render->peer), of which less is known.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "http/page/render.h"

/* The states in the order of enum door_state. */
const char *const page_state_texts[] = {"Unknown", "Open", "Opening", "Closed", "Closing", "Stopped"};

/* In the order of enum door_source. */
const char *const page_sources[] = {"nobody saw by whom", "asked by MQTT", "asked from the page or the API",
		"moved by wall button, remote or hand", "by auto-close"};

const struct page_fault_text page_fault_texts[] = {
		[DOOR_FAULT_NONE] = {"which is not known.", ""}, /* a history file may say anything */
		[DOOR_FAULT_DID_NOT_START] = {"It did not start.",
				"The opener was asked and the door did not move. Look at the opener's power, its lock and the relay's wires."},
		[DOOR_FAULT_DID_NOT_FINISH] = {"It did not arrive.",
				"The door moved and did not reach its end in time. Look whether something is in its way; if not, the travel time in the configuration may be too short."},
		[DOOR_FAULT_REVERSED] = {"It turned round.",
				"The door came back instead of going on. Something may have been in its way."},
		[DOOR_FAULT_SENSOR_CONFLICT] = {"The sensors contradict each other.",
				"They say open and closed at once. Look at the contacts and their wires."},
		[DOOR_FAULT_OBSTRUCTED] = {"Something is in the way.", "Clear the doorway, then try again."},
		[DOOR_FAULT_RELAY_FAILED] = {"The relay could not be switched.",
				"The agent's log says why. Look at the relay board and its wires."},
		[DOOR_FAULT_SENSOR_UNSTEADY] = {"A contact does not stand still.",
				"Its level changes all the time, so it is not believed. Look for a loose clamp, a magnet at the edge of its reach, or hum on a long cable."},
};

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

/* Where the moving part of the drawing is: a garage door goes up, a gate aside, a door turns and so is seen narrower.
 */
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
	page_put_escaped(render, page_state_texts[render->door->state]);
}

void page_field_state_detail(struct page_render *render)
{
	const struct door_view *door = render->door;
	if (door->warning)
		page_put_format(render, "about to close");
	else if (door->position > 0 && door->position < 100 && door->state != DOOR_CLOSED &&
			door->state != DOOR_UNKNOWN && !door->only_not_closed)
		page_put_format(render, "%d\u00a0%% open", door->position);
}

void page_field_since(struct page_render *render)
{
	const struct door_view *door = render->door;
	if (door->last_changed_unix_ms == 0 && page_door_moves(door) && door->source != DOOR_SOURCE_NONE)
		page_put_format(render, "%c%s.", toupper(*page_sources[door->source]), page_sources[door->source] + 1);
	else if (door->last_changed_unix_ms == 0)
		page_put_format(render, "No change since the start.");
	else
		page_put_template(render, page_template_since);
}

void page_field_duration(struct page_render *render)
{
	int64_t ago_ms = render->page->wall_ms - render->door->last_changed_unix_ms;
	char duration[HTTP_DURATION_MAX];
	if (render->door->state == DOOR_OPENING || render->door->state == DOOR_CLOSING)
		return;
	http_page_duration(ago_ms, duration);
	page_put_format(render, " (%s)", duration);
}

void page_field_time(struct page_render *render)
{
	const struct door_record *record = render->record;
	if (record && record->unix_ms == 0)
		page_put_format(render, "at an unknown time");
	else
		page_put_time(render, record ? record->unix_ms : render->door->last_changed_unix_ms);
}

void page_field_by(struct page_render *render)
{
	page_put_escaped(render, page_sources[render->door->source]);
}

void page_field_confidence_text(struct page_render *render)
{
	static const char *const texts[] = {
			[DOOR_CONFIDENCE_UNKNOWN] = "No sensor says where it is.",
			[DOOR_CONFIDENCE_ESTIMATED] = "Estimated by time, not seen.",
			[DOOR_CONFIDENCE_SENSED] = "Seen by a sensor.",
	};
	page_put_format(render, "%s",
			page_is_away(render)    ? "This is the last known state."
			: render->door->settled ? texts[render->door->confidence]
						: "Waiting for the sensors to settle.");
}

void page_field_fault(struct page_render *render)
{
	const struct page_fault_text *text = &page_fault_texts[render->door->fault];
	if (render->door->fault != DOOR_FAULT_NONE)
		page_put_message(render, "bad", text->title, text->text);
}

void page_field_obstruction(struct page_render *render)
{
	if (door_is_obstructed(render->door) && render->door->fault != DOOR_FAULT_OBSTRUCTED)
		page_put_message(render, "", "Something is in the doorway.", "It cannot be closed until that is gone.");
}

void page_field_lockout(struct page_render *render)
{
	const struct door_view *door = render->door;
	char text[192] = "";
	if (!door->locked_out)
		return;
	if (!render->peer)
		snprintf(text, sizeof(text), "%s%s%s",
				door->lockout_all ? "Remote commands are refused, other than Stop."
						  : "Remote commands that may open it are refused.",
				door->lockout_sensor ? " Its key switch holds it." : "",
				!door->lockout_remote || door->lockout_saved ? ""
				: door->lockout_saving                       ? " It is being saved."
						       : " A restart lifts it: it is on no disk.");
	page_put_message(render, "", "Locked out.", text);
}

void page_field_left_open(struct page_render *render)
{
	const struct door_view *door = render->door;
	char text[96] = "", duration[HTTP_DURATION_MAX];
	if (!door->left_open)
		return;
	if (door->open_since_unix_ms > 0) {
		http_page_duration(render->page->wall_ms - door->open_since_unix_ms, duration);
		snprintf(text, sizeof(text), "It has been open for %s%s.", door->open_at_least ? "at least " : "",
				duration);
	}
	page_put_message(render, "", "Left open.", text);
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
		page_put_message(render, "notice", "Asked.", "The door has the command.");
		break;
	case DOOR_RESULT_UNCHANGED:
		page_put_message(render, "notice", "Nothing to do.", "The door is already as asked for.");
		break;
	case DOOR_RESULT_REJECTED:
		page_put_message(render, "bad notice", "Refused.", door_reason_text(page->reason));
		break;
	}
}
