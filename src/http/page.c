#include "http/page.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "page_data.h"

#define REFRESH_S 15
#define HISTORY_MS (48 * 3600000) /* today and yesterday, in any time zone */
#define REFRESH_MOVING_S 2
#define REFRESH_SETUP_S 3 /* levels are no events */

struct button {
	enum door_command command;
	const char *label;
	const char *again;   /* what the second tap does, for who hears the page */
	const char *refusal; /* why it makes no sense now; NULL: it does */
};

struct poke {
	const char *name, *label;
};

struct message {
	const char *kind, *title, *text;
};

struct render {
	const struct http_page *page;
	const struct door_view *door;
	const struct peer_view *peer; /* NULL: the door is our own */
	const struct peer_door *peer_door;
	const struct button *button;
	const struct poke *poke;
	bool named; /* the door's name stands on its button */
	struct message message;
	int64_t time_ms; /* wall clock */
	const struct door_record *record;
	const struct http_wiring *wirings; /* NULL: it is not the Set-up view */
	const struct http_line *line;
	const struct http_login *login; /* NULL: it is not the login page */
	struct http_body *body;
	size_t size;
	bool failed;
};

/* The states in the order of enum door_state. */
static const char *const state_texts[] = {"Unknown", "Open", "Opening", "Closed", "Closing", "Stopped"};

static const struct {
	const char *title, *text;
} fault_texts[] = {
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

static void put(struct render *render, const char *text, size_t length)
{
	if (render->failed)
		return;
	if (length > render->size - render->body->length) {
		size_t size = render->size * 2 + length;
		struct http_body *body = size <= HTTP_PAGE_MAX ? realloc(render->body, sizeof(*body) + size) : NULL;
		if (!body) {
			render->failed = true;
			return;
		}
		render->body = body;
		render->size = size;
	}
	memcpy(render->body->bytes + render->body->length, text, length);
	render->body->length += length;
}

static void put_escaped(struct render *render, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "&<>\"'");
		put(render, text, plain);
		text += plain;
		switch (*text++) {
		case '&':
			put(render, "&amp;", 5);
			break;
		case '<':
			put(render, "&lt;", 4);
			break;
		case '>':
			put(render, "&gt;", 4);
			break;
		case '"':
			put(render, "&quot;", 6);
			break;
		case '\'':
			put(render, "&#39;", 5);
			break;
		default:
			return;
		}
	}
}

__attribute__((format(printf, 2, 3))) static void put_format(struct render *render, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	put_escaped(render, text);
}

void http_page_duration(int64_t duration_ms, char text[static HTTP_DURATION_MAX])
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = {{86400000, "day"}, {3600000, "hour"}, {60000, "minute"}};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t count = duration_ms / units[i].ms;
		if (count > 0) {
			snprintf(text, HTTP_DURATION_MAX, "%lld %s%s", (long long)count, units[i].name,
					count == 1 ? "" : "s");
			return;
		}
	}
	snprintf(text, HTTP_DURATION_MAX, "less than a minute");
}

/* Openers put their light beam to sleep when the door is closed, which then looks like something in the way. */
static bool obstructed(const struct door_view *door)
{
	bool closed = door->state == DOOR_CLOSED && door->confidence == DOOR_CONFIDENCE_SENSED;
	return door->obstruction_sensor && !closed;
}

static bool moving(const struct door_view *door)
{
	return door->state == DOOR_OPENING || door->state == DOOR_CLOSING || door->warning;
}

static void put_refresh(struct render *render)
{
	const struct http_page *page = render->page;
	int seconds = REFRESH_S;
	for (size_t i = 0; i < page->door_count; i++)
		if (moving(&page->doors[i]) || !page->doors[i].settled)
			seconds = REFRESH_MOVING_S;
	for (size_t i = 0; page->peers && i < page->peers->door_count; i++)
		if (moving(&page->peers->doors[i].view) || page->peers->doors[i].outcome == PEER_OUTCOME_SENT)
			seconds = REFRESH_MOVING_S;
	/* A notice is shown once: the next page is the plain one. */
	if (render->wirings)
		put_format(render, "%d", REFRESH_SETUP_S);
	else
		put_format(render, "%d%s", page->noticed ? REFRESH_S : seconds, page->noticed ? "; url=/" : "");
}

static void put_broker(struct render *render)
{
	const struct http_node *node = render->page->node;
	put_format(render, "MQTT broker: %s", node->broker);
	if (*node->broker_error)
		put_format(render, " (%s)", node->broker_error);
}

static void put_detail(struct render *render)
{
	const struct door_view *door = render->door;
	if (door->warning)
		put_format(render, "about to close");
	else if (door->position > 0 && door->position < 100 && door->state != DOOR_CLOSED &&
			door->state != DOOR_UNKNOWN && !(door->state == DOOR_OPEN && door->position == 99))
		put_format(render, "%d\u00a0%% open", door->position);
}

/* For the browser's tab: what is not closed, in short. */
static void put_title(struct render *render)
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
		put_format(render, "Set-up");
	else if (count == 1)
		put_format(render, "%s: %s", other->name, state_texts[other->state]);
	else if (count > 0)
		put_format(render, "%zu doors not closed", count);
	else
		put_format(render, "Closed");
}

static void put_template(struct render *render, const struct page_piece *pieces);

/* In the order of enum door_source. */
static const char *const sources[] = {"nobody saw by whom", "asked by MQTT", "asked from the page or the API",
		"moved by wall button, remote or hand", "by auto-close"};

static void put_since(struct render *render)
{
	const struct door_view *door = render->door;
	if (door->last_changed_unix_ms == 0 && moving(door) && door->source != DOOR_SOURCE_NONE)
		put_format(render, "%c%s.", toupper(*sources[door->source]), sources[door->source] + 1);
	else if (door->last_changed_unix_ms == 0)
		put_format(render, "No change since the start.");
	else
		put_template(render, page_template_since);
}

static void put_duration(struct render *render)
{
	int64_t ago_ms = render->page->wall_ms - render->door->last_changed_unix_ms;
	char duration[HTTP_DURATION_MAX];
	if (render->door->state == DOOR_OPENING || render->door->state == DOOR_CLOSING)
		return;
	http_page_duration(ago_ms, duration);
	put_format(render, " (%s)", duration);
}

static void put_time(struct render *render, int64_t unix_ms)
{
	render->time_ms = unix_ms;
	put_template(render, page_template_time);
}

static void put_time_iso(struct render *render)
{
	char text[UTC_BYTES];
	utc_print(render->time_ms, text);
	put_format(render, "%.19sZ", text);
}

static void put_time_text(struct render *render)
{
	char text[UTC_BYTES];
	utc_print(render->time_ms, text);
	put_format(render, "%.10s %.5s UTC", text, text + 11);
}

static bool away(const struct render *render)
{
	return render->peer && render->peer->availability != PEER_ONLINE;
}

static void put_confidence(struct render *render)
{
	static const char *const texts[] = {
			[DOOR_CONFIDENCE_UNKNOWN] = "No sensor says where it is.",
			[DOOR_CONFIDENCE_ESTIMATED] = "Estimated by time, not seen.",
			[DOOR_CONFIDENCE_SENSED] = "Seen by a sensor.",
	};
	put_format(render, "%s",
			away(render)            ? "So it was when it was last heard of."
			: render->door->settled ? texts[render->door->confidence]
						: "Waiting for the sensors to settle.");
}

static void put_message(struct render *render, const char *kind, const char *title, const char *text)
{
	render->message = (struct message){kind, title, text};
	put_template(render, page_template_message);
}

/* How the last command from here to a peer's door ended. */
static void put_outcome(struct render *render)
{
	static const struct message messages[] = {
			[PEER_OUTCOME_NOT_SENT] = {"bad notice", "Not sent.",
					"There is no way to the other agent now: nothing was pressed."},
			[PEER_OUTCOME_SENT] = {"notice", "Sent.", "The other agent has not answered yet."},
			[PEER_OUTCOME_UNANSWERED] = {"bad notice", "No answer.",
					"The other agent was asked and did not answer: look at the door."},
			[PEER_OUTCOME_ACCEPTED] = {"notice", "Asked.", "The door has been told."},
			[PEER_OUTCOME_UNCHANGED] = {"notice", "Nothing to do.", "The door is so already."},
	};
	const struct peer_door *door = render->peer_door;
	if (door->outcome == PEER_OUTCOME_REJECTED)
		put_message(render, "bad notice", "Refused.",
				door->reason == DOOR_REASON_NONE ? "The other agent gave no reason that is known here."
								 : door_reason_text(door->reason));
	else if (door->outcome != PEER_OUTCOME_NONE)
		put_message(render, messages[door->outcome].kind, messages[door->outcome].title,
				messages[door->outcome].text);
}

static void put_notice(struct render *render)
{
	const struct http_page *page = render->page;
	if (render->peer) {
		put_outcome(render);
		return;
	}
	if (page->noticed != render->door)
		return;
	switch (page->result) {
	case DOOR_RESULT_ACCEPTED:
		put_message(render, "notice", "Asked.", "The door has been told.");
		break;
	case DOOR_RESULT_UNCHANGED:
		put_message(render, "notice", "Nothing to do.", "The door is so already.");
		break;
	case DOOR_RESULT_REJECTED:
		put_message(render, "bad notice", "Refused.", door_reason_text(page->reason));
		break;
	}
}

static void put_button(struct render *render, const struct button *button)
{
	render->button = button;
	if (button->refusal)
		put_template(render, page_template_refused);
	else if (button->command == DOOR_COMMAND_STOP)
		put_template(render, page_template_stop);
	else
		put_template(render, page_template_ask);
}

/* A door_reason in as few words as a button has room for. */
static const char *short_reason(enum door_reason reason)
{
	switch (reason) {
	case DOOR_REASON_NONE:
		return NULL;
	case DOOR_REASON_UNKNOWN_STATE:
		return "It could go either way.";
	case DOOR_REASON_OBSTRUCTED:
		return "Something is in the way.";
	case DOOR_REASON_SENSOR_CONFLICT:
		return "The sensors disagree.";
	case DOOR_REASON_NO_STOP:
		return "Not on this way.";
	case DOOR_REASON_RELAY_FAILED:
		return "The relay fails.";
	case DOOR_REASON_STOPPING:
		return "The agent ends.";
	case DOOR_REASON_UNCERTAIN:
		return "Not sure where it is.";
	default:
		return "The opener cannot.";
	}
}

static void put_buttons(struct render *render)
{
	const struct door_view *door = render->door;
	/* Where nothing is seen, a person who sees more than the agent can still press the button. */
	bool unseen = door->state == DOOR_UNKNOWN ||
		      (door->confidence == DOOR_CONFIDENCE_ESTIMATED &&
				      (door->state == DOOR_OPEN || door->state == DOOR_CLOSED));
	struct button buttons[] = {
			{DOOR_COMMAND_OPEN, "Open", "open",
					door->state == DOOR_OPEN      ? "It is open."
					: door->state == DOOR_OPENING ? "It is opening."
								      : NULL},
			{DOOR_COMMAND_STOP, "Stop", "",
					moving(door) || door->state == DOOR_UNKNOWN ? NULL : "It is at rest."},
			{DOOR_COMMAND_CLOSE, "Close", "close",
					door->state == DOOR_CLOSED    ? "It is closed."
					: door->state == DOOR_CLOSING ? "It is closing."
					: door->warning               ? "It is about to close."
					: door->obstruction_sensor    ? "Something is in the way."
								      : NULL},
			{DOOR_COMMAND_TOGGLE, "Press the opener\u2019s button", "press the button of", NULL},
	};
	for (size_t i = 0; i < sizeof(buttons) / sizeof(buttons[0]); i++) {
		if (buttons[i].command == DOOR_COMMAND_STOP && !door->has_stop)
			continue;
		if (buttons[i].command == DOOR_COMMAND_TOGGLE && !unseen && !render->wirings)
			continue;
		/* Relays for each way press no button that does the next thing. Of a peer's wiring nothing is known. */
		if (buttons[i].command == DOOR_COMMAND_TOGGLE && !render->peer && !door->toggles)
			continue;
		if (!buttons[i].refusal)
			buttons[i].refusal = short_reason(door->refusals[buttons[i].command]);
		/* While a door is being wired, what the agent believes may be wrong: the command itself says so. */
		if (render->wirings)
			buttons[i].refusal = NULL;
		if (!door->settled)
			buttons[i].refusal = "The sensors settle.";
		if (render->peer && !render->peer->understood)
			buttons[i].refusal = "Unclear.";
		if (away(render))
			buttons[i].refusal = "Not reachable.";
		if (render->page->read_only)
			buttons[i].refusal = "Read-only.";
		put_button(render, &buttons[i]);
	}
}

static const struct http_wiring *wiring(const struct render *render)
{
	return &render->wirings[render->door - render->page->doors];
}

/* A template for each line, or for each relay. */
static void put_lines(struct render *render, const struct page_piece *pieces, bool relays_only)
{
	const struct http_line *lines = wiring(render)->lines;
	for (render->line = lines; render->line < lines + HTTP_LINES_MAX && render->line->role; render->line++)
		if (render->line->relay || !relays_only)
			put_template(render, pieces);
}

static void put_travel(struct render *render)
{
	const struct door_view *door = render->door;
	if (door->last_open_ms > 0 || door->last_close_ms > 0)
		put_format(render,
				"The travel time is measured between the contacts; below, a twentieth is added to be safe.");
	else if (door->has_open_sensor && door->has_closed_sensor)
		put_format(render,
				"Let the door run once all the way up and down: its travel time is then measured, and written below.");
	else
		put_format(render,
				"The travel time is measured by contacts at both ends. Without them: press a button, and \u201cIt has arrived\u201d when the door stands.");
}

/* A line as the configuration's key. */
static void put_key(struct render *render)
{
	for (const char *at = render->line->role; *at; at++)
		put(render, *at == ' ' ? "_" : at, 1);
}

static void for_doors_of(struct render *render, const struct peer_view *peer, void (*put_door)(struct render *render))
{
	const struct peer_view *before = render->peer;
	const struct peer_door *first = render->page->peers->doors + peer->first;
	for (const struct peer_door *door = first; door < first + peer->count; door++) {
		render->peer = peer;
		render->peer_door = door;
		render->door = &door->view;
		put_door(render);
	}
	render->peer = before;
}

static void put_peer_door(struct render *render)
{
	put_template(render, page_template_door);
}

static void put_peer_stop(struct render *render)
{
	if (away(render) || !moving(render->door) || !render->door->has_stop)
		return;
	render->named = true;
	put_template(render, page_template_stop);
	render->named = false;
}

static void put_peers(struct render *render)
{
	const struct peers_view *peers = render->page->peers;
	for (size_t i = 0; peers && i < peers->count; i++) {
		render->peer = &peers->peers[i];
		put_template(render, page_template_peer);
	}
	render->peer = NULL;
	if (peers && peers->left_out > 0) {
		char text[160];
		snprintf(text, sizeof(text),
				"There is room for %d; %s%zu more tell%s of doors. Name those that matter.", PEERS_MAX,
				peers->left_out == PEERS_MAX ? "at least " : "", peers->left_out,
				peers->left_out == 1 ? "s" : "");
		put_message(render, "", "Agents are left out.", text);
	}
}

static void put_peer_text(struct render *render)
{
	const struct peer_view *peer = render->peer;
	bool connected = strcmp(render->page->node->broker, "connected") == 0;
	if (peer->availability == PEER_UNKNOWN)
		put_format(render, connected ? "Nothing has been heard of it."
					     : "Not known: this agent is not connected to the broker.");
	else if (peer->availability == PEER_ONLINE)
		put_format(render, "Reachable");
	else if (peer->since_unix_ms == 0)
		put_format(render, "Not reachable");
	else
		put_template(render, page_template_gone);
}

static void put_peer_message(struct render *render)
{
	const struct peer_view *peer = render->peer;
	char text[80];
	if (!peer->understood)
		put_message(render, "bad", "Not understood.",
				"What it told last of its doors makes no sense here: is it a newer version? What is shown was told before.");
	else if (!peer->told && peer->availability == PEER_ONLINE)
		put_message(render, "", "No doors.", "It tells nothing of its doors: is it an older version?");
	if (peer->left_out == 0)
		return;
	snprintf(text, sizeof(text), "There is room for %d doors of other agents.", PEERS_DOORS_MAX);
	put_message(render, "", peer->left_out == 1 ? "One door is left out." : "More doors are left out.", text);
}

/* At hand wherever the page is scrolled to. */
static void put_stops(struct render *render)
{
	const struct http_page *page = render->page;
	for (size_t i = 0; i < page->door_count && !page->read_only; i++) {
		render->door = &page->doors[i];
		render->named = true;
		if (moving(render->door) && render->door->has_stop &&
				render->door->refusals[DOOR_COMMAND_STOP] == DOOR_REASON_NONE)
			put_template(render, page_template_stop);
		render->named = false;
	}
	for (size_t i = 0; page->peers && i < page->peers->count && !page->read_only; i++)
		for_doors_of(render, &page->peers->peers[i], put_peer_stop);
}

static void put_pokes(struct render *render)
{
	static const struct poke pokes[] = {{"wall_button", "Wall button"}, {"obstruct", "Obstruct"},
			{"clear", "Clear the way"}, {"jam", "Jam"}, {"unjam", "Unjam"}};
	for (size_t i = 0; i < sizeof(pokes) / sizeof(pokes[0]); i++) {
		render->poke = &pokes[i];
		put_template(render, page_template_poke);
	}
}

enum drawing { GARAGE, GATE, ENTRANCE };

static enum drawing drawing(const struct door_view *door)
{
	return strcmp(door->device_class, "gate") == 0   ? GATE
	       : strcmp(door->device_class, "door") == 0 ? ENTRANCE
							 : GARAGE;
}

static void put_drawing(struct render *render)
{
	static const struct page_piece *const templates[] = {
			page_template_garage, page_template_gate, page_template_entrance};
	put_template(render, templates[drawing(render->door)]);
}

/* Where the moving part of the drawing is: a garage door goes up, a gate aside, a door turns and so is seen narrower.
 */
static void put_transform(struct render *render)
{
	const struct door_view *door = render->door;
	int position = door->state == DOOR_CLOSED || door->state == DOOR_UNKNOWN ? 0 : door->position;
	if (position == DOOR_POSITION_UNKNOWN)
		position = door->state == DOOR_OPEN ? 100 : 50;
	switch (drawing(door)) {
	case GARAGE:
		put_format(render, "translate(0 %d)", -position * 80 / 100);
		break;
	case GATE:
		put_format(render, "translate(%d 0)", position * 178 / 100);
		break;
	case ENTRANCE:
		put_format(render, "scale(%d.%02d 1)", position == 0, (100 - position * 85 / 100) % 100);
		break;
	}
}

static void put_look(struct render *render)
{
	const struct door_view *door = render->door;
	put_format(render, "%s%s%s%s%s", door_state_name(door->state), door->fault != DOOR_FAULT_NONE ? " faulty" : "",
			obstructed(door) ? " blocked" : "", door->warning ? " warning" : "",
			away(render) ? " away" : "");
}

/* NULL: what is told by the event that follows it, and not of use to a person. */
static const char *const news_texts[] = {
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
		[DOOR_NEWS_STARTED] = "was %s when the agent started",
		[DOOR_NEWS_CLOCK_SET] = NULL,
};

static bool is_told(const struct door_record *record)
{
	if (record->news == DOOR_NEWS_COMMAND_ACCEPTED && record->command != DOOR_COMMAND_PULSE)
		return false;
	return record->news < sizeof(news_texts) / sizeof(news_texts[0]) && news_texts[record->news];
}

static void put_record(struct render *render)
{
	const struct door_record *record = render->record;
	const char *text = news_texts[record->news];
	const char *of = record->news == DOOR_NEWS_STARTED ? door_state_name(record->state) : sources[record->source];
	const char *gap = strstr(text, "%s");
	put(render, text, gap ? (size_t)(gap - text) : strlen(text));
	if (gap) {
		put_escaped(render, of);
		put_escaped(render, gap + 2);
	}
	if (record->news == DOOR_NEWS_FAULT || record->news == DOOR_NEWS_FAULT_CLEARED)
		put_escaped(render, fault_texts[record->fault].title);
	if (record->news == DOOR_NEWS_COMMAND_REJECTED) {
		put_escaped(render, door_reason_text(record->reason));
		if (record->count > 1)
			put_format(render, " (%u times)", record->count);
	}
}

static void put_records(struct render *render)
{
	const struct http_page *page = render->page;
	for (size_t i = 0; i < page->record_count; i++) {
		render->record = &page->records[i];
		bool old = render->record->unix_ms > 0 && page->wall_ms - render->record->unix_ms > HISTORY_MS;
		if (render->record->door >= page->door_count || old || !is_told(render->record))
			continue;
		render->door = &page->doors[render->record->door];
		put_template(render, page_template_record);
	}
	render->record = NULL;
}

static void put_field(struct render *render, enum page_field field)
{
	const struct http_page *page = render->page;
	const struct door_view *door = render->door;
	char duration[HTTP_DURATION_MAX];
	switch (field) {
	case PAGE_FIELD_NONE:
		break;
	case PAGE_FIELD_HEAD:
		put_template(render, page_template_head);
		break;
	case PAGE_FIELD_REFRESH:
		put_refresh(render);
		break;
	case PAGE_FIELD_NODE:
		put_escaped(render, page->node->node);
		break;
	case PAGE_FIELD_TITLE:
		put_title(render);
		break;
	case PAGE_FIELD_STYLE_TAG:
		put_escaped(render, PAGE_STYLE_CSS_TAG);
		break;
	case PAGE_FIELD_PLAIN_TAG:
		put_escaped(render, PAGE_PLAIN_CSS_TAG);
		break;
	case PAGE_FIELD_SCRIPT_TAG:
		put_escaped(render, PAGE_SCRIPT_JS_TAG);
		break;
	case PAGE_FIELD_BROKER:
		put_escaped(render, page->node->broker);
		break;
	case PAGE_FIELD_BROKER_TEXT:
		put_broker(render);
		break;
	case PAGE_FIELD_READ_ONLY:
		if (page->read_only)
			put_message(render, "bad", "Read-only.",
					"This page has no password and others can reach its address, so it takes no commands. Set http: username and password_file in the configuration, or allow_anonymous_commands: true.");
		if (page->node->simulated)
			put_message(render, "bad", "Simulated.",
					"These doors are not real: no relay moves and no sensor is read (gpio: backend in the configuration).");
		if (*page->node->history_problem)
			put_message(render, "", "The history is in memory only.", page->node->history_problem);
		break;
	case PAGE_FIELD_DOORS:
		for (size_t i = 0; i < page->door_count; i++) {
			render->door = &page->doors[i];
			put_template(render, page_template_door);
		}
		break;
	case PAGE_FIELD_STOPS:
		put_stops(render);
		break;
	case PAGE_FIELD_VERSION:
		put_escaped(render, page->node->version);
		break;
	case PAGE_FIELD_UPTIME:
		http_page_duration(page->node->uptime_ms, duration);
		put_escaped(render, duration);
		break;
	case PAGE_FIELD_PATH:
		put_escaped(render, render->peer ? "peers/" : "doors/");
		if (render->peer) {
			put_escaped(render, render->peer->node);
			put_escaped(render, "/doors/");
		}
		put_escaped(render, door->id);
		break;
	case PAGE_FIELD_PEERS:
		put_peers(render);
		break;
	case PAGE_FIELD_PEER:
		put_escaped(render, render->peer->node);
		break;
	case PAGE_FIELD_PEER_LOOK:
		put_escaped(render, render->peer->availability == PEER_ONLINE    ? "connected"
				    : render->peer->availability == PEER_OFFLINE ? "disconnected"
										 : "connecting");
		break;
	case PAGE_FIELD_PEER_TEXT:
		put_peer_text(render);
		break;
	case PAGE_FIELD_PEER_MESSAGE:
		put_peer_message(render);
		break;
	case PAGE_FIELD_PEER_DOORS:
		for_doors_of(render, render->peer, put_peer_door);
		break;
	case PAGE_FIELD_PEER_SINCE:
		put_time(render, render->peer->since_unix_ms);
		break;
	case PAGE_FIELD_ID:
		if (render->peer) {
			put_escaped(render, render->peer->node);
			put_escaped(render, "/");
		}
		put_escaped(render, door->id);
		break;
	case PAGE_FIELD_NAME:
		put_escaped(render, door->name);
		break;
	case PAGE_FIELD_LOOK:
		put_look(render);
		break;
	case PAGE_FIELD_DRAWING:
		put_drawing(render);
		break;
	case PAGE_FIELD_TRANSFORM:
		put_transform(render);
		break;
	case PAGE_FIELD_STATE_TEXT:
		put_escaped(render, state_texts[door->state]);
		break;
	case PAGE_FIELD_STATE_DETAIL:
		put_detail(render);
		break;
	case PAGE_FIELD_SINCE:
		put_since(render);
		break;
	case PAGE_FIELD_DURATION:
		put_duration(render);
		break;
	case PAGE_FIELD_TIME:
		if (render->record && render->record->unix_ms == 0)
			put_format(render, "at an unknown time");
		else
			put_time(render, render->record ? render->record->unix_ms : door->last_changed_unix_ms);
		break;
	case PAGE_FIELD_TIME_ISO:
		put_time_iso(render);
		break;
	case PAGE_FIELD_TIME_TEXT:
		put_time_text(render);
		break;
	case PAGE_FIELD_SETUP_LINK:
		if (page->setup)
			put_template(render, page_template_setup_link);
		break;
	case PAGE_FIELD_SETUP_DOORS:
		for (size_t i = 0; i < page->door_count; i++) {
			render->door = &page->doors[i];
			put_template(render, page_template_setup_door);
		}
		break;
	case PAGE_FIELD_LINES:
		put_lines(render, page_template_line, false);
		break;
	case PAGE_FIELD_PULSE:
		if (!page->read_only)
			put_template(render, page_template_pulse);
		break;
	case PAGE_FIELD_RELAYS:
		put_lines(render, page_template_relay, true);
		break;
	case PAGE_FIELD_LINE_KEY:
		put_key(render);
		break;
	case PAGE_FIELD_LINE_WORDS:
		put_escaped(render, render->line->role);
		break;
	case PAGE_FIELD_FROM:
		put_format(render, "%s", render->wirings || (render->login && render->login->setup) ? "?setup" : "");
		break;
	case PAGE_FIELD_AGAIN_AT_ONCE:
		if (render->login->again)
			put_template(render, page_template_again);
		break;
	case PAGE_FIELD_LOG_OUT:
		if (page->log_out)
			put_template(render, page_template_log_out);
		break;
	case PAGE_FIELD_LINE_ROLE:
		put_format(render, "%c%s", toupper(*render->line->role), render->line->role + 1);
		break;
	case PAGE_FIELD_LINE_NAME:
		if (*render->line->name)
			put_escaped(render, render->line->name);
		else
			put_format(render, "line %u", render->line->offset);
		break;
	case PAGE_FIELD_LINE_LEVEL:
		put_format(render, "%s", !render->line->known ? "unknown" : render->line->high ? "high" : "low");
		break;
	case PAGE_FIELD_LINE_MEANING:
		put_format(render, "%s", render->line->known ? render->line->meaning : "It cannot be read.");
		break;
	case PAGE_FIELD_TRAVEL:
		put_travel(render);
		break;
	case PAGE_FIELD_YAML:
		put_escaped(render, wiring(render)->yaml);
		break;
	case PAGE_FIELD_HISTORY:
		if (page->record_count > 0)
			put_template(render, page_template_history);
		break;
	case PAGE_FIELD_RECORDS:
		put_records(render);
		break;
	case PAGE_FIELD_RECORD:
		put_record(render);
		break;
	case PAGE_FIELD_BY:
		put_escaped(render, sources[door->source]);
		break;
	case PAGE_FIELD_CONFIDENCE_TEXT:
		put_confidence(render);
		break;
	case PAGE_FIELD_FAULT:
		if (door->fault != DOOR_FAULT_NONE)
			put_message(render, "bad", fault_texts[door->fault].title, fault_texts[door->fault].text);
		break;
	case PAGE_FIELD_OBSTRUCTION:
		if (obstructed(door) && door->fault != DOOR_FAULT_OBSTRUCTED)
			put_message(render, "", "Something is in the doorway.",
					"It cannot be closed until that is gone.");
		break;
	case PAGE_FIELD_NOTICE:
		put_notice(render);
		break;
	case PAGE_FIELD_BUTTONS:
		put_buttons(render);
		break;
	case PAGE_FIELD_COMMAND:
		put_escaped(render, door_command_name(render->button->command));
		break;
	case PAGE_FIELD_LABEL:
		put_escaped(render, render->button->label);
		break;
	case PAGE_FIELD_AGAIN:
		put_escaped(render, render->button->again);
		break;
	case PAGE_FIELD_REFUSAL:
		put_escaped(render, render->button->refusal);
		break;
	case PAGE_FIELD_STOP_NAME:
		put_escaped(render, render->named ? "named" : "unseen");
		break;
	case PAGE_FIELD_SIMULATOR:
		if (page->node->simulated && !page->read_only && !render->peer)
			put_template(render, page_template_simulator);
		break;
	case PAGE_FIELD_POKES:
		put_pokes(render);
		break;
	case PAGE_FIELD_POKE:
		put_escaped(render, render->poke->name);
		break;
	case PAGE_FIELD_POKE_LABEL:
		put_escaped(render, render->poke->label);
		break;
	case PAGE_FIELD_MESSAGE_KIND:
		put_escaped(render, render->message.kind);
		break;
	case PAGE_FIELD_MESSAGE_TITLE:
		put_escaped(render, render->message.title);
		break;
	case PAGE_FIELD_MESSAGE_TEXT:
		put_escaped(render, render->message.text);
		break;
	}
}

static void put_template(struct render *render, const struct page_piece *pieces)
{
	for (; pieces->text; pieces++) {
		put(render, pieces->text, pieces->length);
		put_field(render, pieces->field);
	}
}

static struct http_body *render_all(struct render render, const struct page_piece *pieces)
{
	render.body = http_body_new(render.size);
	if (!render.body)
		return NULL;
	put_template(&render, pieces);
	if (render.failed) {
		http_body_release(render.body);
		return NULL;
	}
	struct http_body *fitted = realloc(render.body, sizeof(*fitted) + render.body->length);
	return fitted ? fitted : render.body;
}

static struct render rendering(const struct http_page *page)
{
	return (struct render){
			.page = page,
			.door = page->doors,
			.message = {"", "", ""},
			.size = 4096 + 6144 * (page->door_count + (page->peers ? page->peers->door_count : 0)) +
				192 * page->record_count,
	};
}

struct http_body *http_page_render(const struct http_page *page)
{
	return render_all(rendering(page), page_template_page);
}

struct http_body *http_page_render_setup(const struct http_page *page, const struct http_wiring *wirings)
{
	struct render render = rendering(page);
	render.wirings = wirings;
	return render_all(render, page_template_setup);
}

const char http_page_refusal_policy[] =
		"default-src 'none'; style-src '" PAGE_REFUSAL_STYLE "'; base-uri 'none'; frame-ancestors 'none'";

struct http_body *http_page_render_refusal(int status, const char *sentence)
{
	return render_all((struct render){.message = {"", http_answer_phrase(status), sentence}, .size = 4096},
			page_template_refusal);
}

const char http_page_login_policy[] = "default-src 'none'; style-src '" PAGE_LOGIN_STYLE
				      "'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

struct http_body *http_page_render_login(const struct http_login *login)
{
	return render_all((struct render){.login = login, .message = {"", "Log in", login->said}, .size = 4096},
			page_template_login);
}
