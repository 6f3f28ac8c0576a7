/*
 * The rules of safety (docs/security.md) as a shadow of the door: it carries out the actions, keeps its own books of
 * lines, edges and commands, and says after each step which rule was broken. For the explorer and the fuzz target.
 */
#ifndef PORTCULLIS_TEST_DOOR_RULES_H
#define PORTCULLIS_TEST_DOOR_RULES_H

#include <string.h>

#include "door/door.h"
#include "door_tells.h"

struct rules {
	struct door door;
	int64_t now_ms;
	int64_t deadline_ms;
	bool on[DOOR_LINES]; /* as it is on the wire */
	bool stuck[DOOR_LINES];
	int64_t since_ms[DOOR_LINES];
	int64_t released_ms;                         /* the last relay */
	bool raw[DOOR_SENSORS], stood[DOOR_SENSORS]; /* stood: the level before raw stood still until raw came */
	int64_t edge_ms[DOOR_SENSORS];
	bool asked; /* a command was accepted, and presses may follow */
	enum door_command command;
	enum door_line line; /* of a pulse */
	bool up;             /* of POSITION: it was asked upwards */
	int presses;         /* made for it */
	bool warned;         /* it was warned for, for the whole time */
	int64_t given_ms;    /* when it was given */
	int64_t waited_ms;   /* for the relay that was on or the gap, when it came */
	bool sure; /* the end that was sensed last was left in a commanded move, and nothing has shown otherwise since
		    */
	int64_t unrest_ms[DOOR_SENSORS]; /* the first of the edges that came close together */
	bool ended;
	int64_t pressed_ms;         /* the last press that was to change something */
	enum door_state pressed_at; /* the end at which the door was sensed then, until it leaves; unknown: at none */
	bool locked_remote;         /* by a command that was accepted */
	bool begun_free;            /* the command had pressed before it was locked out */
	bool ours;                  /* the command came from afar, and not of auto-close */
	bool undisturbed;           /* a command was accepted, and nothing has happened since but time, in time */
};

static inline void rules_start(struct rules *rules, const struct door_config *config, int64_t now_ms)
{
	memset(rules, 0, sizeof(*rules));
	door_init(&rules->door, config, now_ms);
	rules->now_ms = now_ms;
	rules->deadline_ms = DOOR_NEVER;
	rules->released_ms = rules->pressed_ms = now_ms - 1000000;
	for (int i = 0; i < DOOR_SENSORS; i++)
		rules->edge_ms[i] = rules->unrest_ms[i] = now_ms;
}

static inline bool rules_moving(enum door_state state)
{
	return state == DOOR_OPENING || state == DOOR_CLOSING;
}

static inline bool rules_told(const struct door_output *output, enum door_event event)
{
	for (size_t i = 0; i < output->happening_count; i++) {
		if (output->happenings[i].event == event)
			return true;
	}
	return false;
}

/* Whether the door is locked out: what a contact says that is not known for certain counts as said. */
static inline bool rules_locked(const struct rules *rules, const struct door *door)
{
	const struct door_contact *contact = &door->contacts[DOOR_SENSOR_LOCKOUT];

	return rules->locked_remote ||
	       (door->config.sensors[DOOR_SENSOR_LOCKOUT] && (rules->raw[DOOR_SENSOR_LOCKOUT] || contact->active ||
									     contact->unsteady || !contact->known));
}

#define RULE(text, condition)        \
	do {                         \
		if (!(condition))    \
			return text; \
	} while (0)

/* A relay is pressed for POSITION: first as OPEN or CLOSE would, and then, on its way, to stop it. */
static inline const char *rules_on_position(const struct rules *rules, enum door_line line, bool closes)
{
	const struct door *door = &rules->door;
	bool at_end = door->contacts[DOOR_SENSOR_CLOSED].active || door->contacts[DOOR_SENSOR_OPEN].active;
	bool opens = line == DOOR_LINE_OPEN || (line == DOOR_LINE_TOGGLE && door->state == DOOR_OPENING);

	RULE("POSITION never presses downwards to go up", !closes || !rules->up);
	RULE("POSITION never presses upwards to go down", !opens || rules->up);
	RULE("POSITION makes two presses at most", rules->presses <= 2);
	RULE("a toggle relay is pressed first for POSITION at a sensed end alone",
			rules->presses > 1 || line != DOOR_LINE_TOGGLE || at_end);
	if (rules->presses < 2)
		return NULL;
	RULE("no stop press for POSITION against an active end contact", !at_end);
	RULE("the second press for POSITION stops the door", door->state == DOOR_STOPPED);
	RULE("a door that was stopped at a position is estimated there",
			door->said.confidence == DOOR_CONFIDENCE_ESTIMATED);
	if (line == DOOR_LINE_TOGGLE) {
		int end = rules->up ? DOOR_SENSOR_CLOSED : DOOR_SENSOR_OPEN;
		int64_t travel = rules->up ? door->config.open_time_ms : door->config.close_time_ms;
		RULE("no toggle press stops a door at a position where it may be at its end",
				rules->now_ms - rules->edge_ms[end] <= travel * 2 / 3);
	}
	return NULL;
}

/* For how long a door that was sent to a position may be on its way there, besides what its command may wait. */
static inline int64_t rules_way_ms(const struct rules *rules)
{
	const struct door_config *config = &rules->door.config;
	int64_t travel = rules->up ? config->open_time_ms : config->close_time_ms;

	if (rules->command != DOOR_COMMAND_POSITION || rules->presses < 2)
		return 0;
	return DOOR_START_MS + travel + travel / 4 + DOOR_LATE_MS;
}

/* A toggle relay is pressed for a command, other than a pulse: what a contact says comes before what is believed. */
static inline const char *rules_on_toggle(const struct rules *rules, const struct door *before)
{
	const struct door *door = &rules->door;
	bool closed = door->contacts[DOOR_SENSOR_CLOSED].active, open = door->contacts[DOOR_SENSOR_OPEN].active;
	bool at_end = closed != open;
	struct door_view view = {0};

	for (int i = DOOR_SENSOR_CLOSED; i <= DOOR_SENSOR_OPEN; i++) {
		const struct door_contact *contact = &door->contacts[i];
		RULE("no toggle press while an end contact has not stood still",
				!door->config.sensors[i] || contact->unsteady ||
						(contact->raw == contact->active &&
								rules->now_ms - rules->edge_ms[i] >=
										door->config.debounce_ms));
	}
	if (rules->command == DOOR_COMMAND_TOGGLE) {
		RULE("a press whose effect is not certain leads to an unknown state, or what a contact says",
				at_end || closed || rules->sure || door->state == DOOR_UNKNOWN ||
						before->state == DOOR_CLOSED || before->state == DOOR_OPEN);
		return NULL;
	}
	RULE("no toggle press for OPEN on a door that is sensed open", !open || rules->command != DOOR_COMMAND_OPEN);
	RULE("no toggle press for CLOSE on a door that is sensed closed",
			!closed || rules->command != DOOR_COMMAND_CLOSE);
	RULE("no toggle press for STOP on a door that is sensed at an end",
			(!open && !closed) || rules->command != DOOR_COMMAND_STOP);
	RULE("no toggle press for OPEN or STOP from what is not certain",
			at_end || rules->sure || rules->command == DOOR_COMMAND_CLOSE);
	RULE("a press for CLOSE from what is not certain leads to an unknown state",
			at_end || rules->sure || door->state == DOOR_UNKNOWN);
	bool stops = rules->command == DOOR_COMMAND_STOP ||
		     (rules->command == DOOR_COMMAND_POSITION && rules->presses == 2);
	if (stops && before->state == DOOR_OPENING && before->time_ms == rules->now_ms &&
			before->contacts[DOOR_SENSOR_CLOSED].active == closed) {
		door_view(before, rules->now_ms, &view);
		RULE("no press is made to stop an opening door near its end", view.position < 88);
	}
	return NULL;
}

/* Without an open contact: a door may be a third faster than is configured, and a press at its end would close it. */
static inline const char *rules_on_opening(const struct rules *rules, const struct door *before)
{
	const struct door_config *config = &before->config;
	int64_t left_ms = rules->edge_ms[DOOR_SENSOR_CLOSED];
	bool asked = rules->command == DOOR_COMMAND_STOP || rules->command == DOOR_COMMAND_TOGGLE ||
		     rules->command == DOOR_COMMAND_POSITION;
	bool way = before->state == DOOR_OPENING && before->certain && before->time_ms == rules->now_ms &&
		   !before->contacts[DOOR_SENSOR_CLOSED].active && rules->pressed_ms <= left_ms;

	RULE("no press for STOP or TOGGLE is made on an opening door that may be at its end",
			!asked || !way || config->sensors[DOOR_SENSOR_OPEN] ||
					rules->now_ms - left_ms <= config->open_time_ms * 2 / 3 + 1);
	return NULL;
}

/* A relay goes on while the door is locked out, for a command from afar: nothing that may bring it up is pressed. */
static inline const char *rules_on_locked(const struct rules *rules, enum door_line line)
{
	const struct door *door = &rules->door;
	bool pulse = rules->command == DOOR_COMMAND_PULSE;

	if (!rules->ours || rules->begun_free || rules->command == DOOR_COMMAND_STOP)
		return NULL;
	RULE("locked out, nothing is pressed for OPEN", rules->command != DOOR_COMMAND_OPEN);
	RULE("locked out, nothing is pressed for POSITION upwards",
			rules->command != DOOR_COMMAND_POSITION || !rules->up);
	/* A TOGGLE that was given before may have been to close or to stop. */
	RULE("locked out, no press may lead up",
			line == DOOR_LINE_CLOSE || line == DOOR_LINE_STOP ||
					(line == DOOR_LINE_TOGGLE && !pulse &&
							(door->state == DOOR_CLOSING || door->state == DOOR_STOPPED)));
	RULE("locked out for all, nothing is pressed but to stop", !door->config.lockout_all || line == DOOR_LINE_STOP);
	return NULL;
}

/* A line goes on: the rules that look at this moment. */
static inline const char *rules_on(
		struct rules *rules, const struct door *before, const struct door_input *input, enum door_line line)
{
	const struct door *door = &rules->door;
	const struct door_config *config = &door->config;

	RULE("only a command, or time after one, switches a line on",
			input->kind == DOOR_INPUT_COMMAND || input->kind == DOOR_INPUT_TIME);
	RULE("nothing goes on after the end", !rules->ended);
	RULE("nothing goes on before the sensors have settled", door->settled);
	RULE("a line that is not wired is never switched on", config->lines[line]);
	RULE("no line goes on without a command", rules->asked);
	for (int i = 0; i < DOOR_LINES; i++)
		RULE("nothing goes on while a line is stuck", !rules->stuck[i]);
	if (line == DOOR_LINE_WARNING)
		return NULL;

	for (int i = 0; i < DOOR_LINE_WARNING; i++)
		RULE("never two relays on", !rules->on[i]);
	if (rules_locked(rules, door)) {
		const char *broken = rules_on_locked(rules, line);
		if (broken != NULL)
			return broken;
	} else {
		rules->begun_free = true;
	}
	RULE("the gap lies between two presses",
			rules->now_ms - rules->released_ms >=
					(config->gap_ms > DOOR_GAP_MIN_MS ? config->gap_ms : DOOR_GAP_MIN_MS));
	RULE("three presses at most for one command", ++rules->presses <= 3);
	bool conflict = door->contacts[DOOR_SENSOR_CLOSED].active && door->contacts[DOOR_SENSOR_OPEN].active;
	bool pulse = rules->command == DOOR_COMMAND_PULSE;
	RULE("a pulse is one press of the relay that was asked for",
			!pulse || (line == rules->line && rules->presses == 1));
	RULE("a pulse that changes nothing leaves the belief alone",
			!pulse || line != DOOR_LINE_OPEN || before->state != DOOR_OPEN || before->base_ppm < 1000000 ||
					door->time_ms != before->time_ms || door->state == DOOR_OPEN);
	bool closes = line == DOOR_LINE_CLOSE || (pulse && line == DOOR_LINE_TOGGLE) ||
		      (line == DOOR_LINE_TOGGLE && (door->state == DOOR_CLOSING || door->state == DOOR_UNKNOWN));
	RULE("STOP never sends the door down", !closes || rules->command != DOOR_COMMAND_STOP);
	RULE("OPEN sends it down only where a detour is allowed",
			!closes || rules->command != DOOR_COMMAND_OPEN || config->allow_detour);
	RULE("nothing is pressed for a command that is too old",
			rules->now_ms - rules->given_ms <=
					DOOR_AGE_MS + config->warning_ms + rules->waited_ms + rules_way_ms(rules) +
							(rules->presses - 1) * (config->pulse_ms + config->gap_ms));
	if (rules->command == DOOR_COMMAND_POSITION) {
		const char *broken = rules_on_position(rules, line, closes);
		if (broken != NULL)
			return broken;
	}
	if (line == DOOR_LINE_TOGGLE && !pulse) {
		const char *broken = rules_on_toggle(rules, before);
		if (broken == NULL)
			broken = rules_on_opening(rules, before);
		if (broken != NULL)
			return broken;
	}
	if (closes) {
		RULE("no press closes the door with something in the way",
				!rules->raw[DOOR_SENSOR_OBSTRUCTION] &&
						!door->contacts[DOOR_SENSOR_OBSTRUCTION].active);
		RULE("no press closes the door without the warning", rules->warned || config->warning_ms == 0);
	}
	RULE("in a conflict a toggle relay is pressed by TOGGLE alone, a stop relay by STOP, and each by a pulse",
			!conflict || pulse || line == DOOR_LINE_STOP || line == DOOR_LINE_TOGGLE);
	if (line == DOOR_LINE_TOGGLE && rules->command != DOOR_COMMAND_TOGGLE && !pulse)
		RULE("a toggle relay is not pressed for OPEN, CLOSE or STOP when nobody knows what it does",
				before->state != DOOR_UNKNOWN || door->time_ms != before->time_ms);
	return NULL;
}

/* Whether a toggle press may wait for an end contact: for its edge to stand still, or for an opening door to arrive. */
static inline bool rules_waits(const struct rules *rules)
{
	const struct door *door = &rules->door;

	if (!door->config.lines[DOOR_LINE_TOGGLE])
		return false;
	for (int i = DOOR_SENSOR_CLOSED; i <= DOOR_SENSOR_OPEN; i++) {
		if (door->config.sensors[i] && rules->now_ms - rules->edge_ms[i] < door->config.debounce_ms)
			return true;
	}
	return door->state == DOOR_OPENING;
}

static inline const char *rules_lines(struct rules *rules, const struct door *before, const struct door_input *input,
		const struct door_output *output)
{
	const struct door_config *config = &rules->door.config;

	if (rules_told(output, DOOR_EVENT_AUTO_CLOSE)) {
		RULE("auto-close closes an open door, with the warning of five seconds",
				before->config.auto_close_ms > 0 && rules->door.state == DOOR_OPEN &&
						config->warning_ms >= DOOR_AUTO_CLOSE_WARNING_MS);
		rules->asked = true;
		rules->command = DOOR_COMMAND_CLOSE;
		rules->ours = rules->begun_free = false;
		rules->warned = false;
		rules->presses = 0;
		rules->given_ms = rules->now_ms;
		rules->waited_ms = 0;
	}
	for (size_t i = 0; i < output->action_count; i++) {
		enum door_line line = output->actions[i].line;
		if (output->actions[i].on) {
			const char *broken = rules_on(rules, before, input, line);
			if (broken != NULL)
				return broken;
			RULE("a line that is on is not switched on", !rules->on[line]);
			rules->on[line] = true;
			rules->since_ms[line] = rules->now_ms;
		} else {
			if (line != DOOR_LINE_WARNING && rules->on[line])
				rules->released_ms = rules->now_ms;
			if (line == DOOR_LINE_WARNING && rules->on[line] && !rules_told(output, DOOR_EVENT_CANCELLED) &&
					rules->now_ms - rules->since_ms[line] >= config->warning_ms)
				rules->warned = true;
			rules->on[line] = rules->stuck[line] = false;
		}
	}
	for (int i = 0; i < DOOR_LINES; i++) {
		if (!rules->on[i])
			continue;
		RULE("after a failure and at the end everything is off",
				rules->stuck[i] || (!rules->ended && !(input->kind == DOOR_INPUT_LINE_FAILED &&
										     input->active)));
		int64_t limit = config->warning_ms;
		if (i != DOOR_LINE_WARNING)
			limit = config->pulse_ms < DOOR_PULSE_MAX_MS ? config->pulse_ms : DOOR_PULSE_MAX_MS;
		if (rules->stuck[i]) {
			RULE("a stuck line is tried again",
					output->deadline_ms <= rules->now_ms + DOOR_RELEASE_RETRY_MS);
			continue;
		}
		/* A warning may have to wait for the gap of the press before. */
		if (i == DOOR_LINE_WARNING && rules->door.ready_ms > rules->since_ms[i] + limit)
			limit = rules->door.ready_ms - rules->since_ms[i];
		if (i == DOOR_LINE_WARNING && rules->door.relay != DOOR_LINES)
			continue;
		/* Or for a contact, though not for longer than its command may, which may be given again meanwhile. */
		int64_t until_ms = rules->given_ms + DOOR_AGE_MS + config->warning_ms + rules->waited_ms +
				   rules->presses * (config->pulse_ms + config->gap_ms) + 1;
		if (i == DOOR_LINE_WARNING && rules_waits(rules) && until_ms > rules->since_ms[i] + limit)
			limit = until_ms - rules->since_ms[i];
		if (i != DOOR_LINE_WARNING || input->kind == DOOR_INPUT_TIME)
			RULE("what is on goes off in its time", rules->now_ms < rules->since_ms[i] + limit);
		RULE("what is on has a deadline", output->deadline_ms <= rules->since_ms[i] + limit ||
								  output->deadline_ms <= rules->now_ms);
	}
	return NULL;
}

/* What leaves the end at which it was pressed, within seconds, is moved by that press. */
static inline const char *rules_source(struct rules *rules, const struct door *before, const struct door_input *input)
{
	const struct door *door = &rules->door;
	int at = rules->pressed_at == DOOR_CLOSED ? DOOR_SENSOR_CLOSED : DOOR_SENSOR_OPEN;
	int other = at == DOOR_SENSOR_CLOSED ? DOOR_SENSOR_OPEN : DOOR_SENSOR_CLOSED;
	bool sensed = before->contacts[at].active, leaves = sensed && !door->contacts[at].active;

	if (input->kind == DOOR_INPUT_LINE_FAILED || door->contacts[other].active || door->contacts[at].unsteady)
		rules->pressed_at = DOOR_UNKNOWN;
	if (rules->pressed_at != DOOR_UNKNOWN && leaves) {
		int64_t after_ms = rules->edge_ms[at] - rules->pressed_ms;
		rules->pressed_at = DOOR_UNKNOWN;
		RULE("a move away from the end at which it was pressed is ours",
				rules->raw[at] || after_ms < 0 || after_ms > DOOR_START_MS ||
						door->source != DOOR_SOURCE_LOCAL ||
						before->source == DOOR_SOURCE_LOCAL);
	}
	if (door->pressed_ms == rules->now_ms && before->pressed_ms != rules->now_ms) {
		bool closed = door->contacts[DOOR_SENSOR_CLOSED].active, open = door->contacts[DOOR_SENSOR_OPEN].active;
		rules->pressed_ms = rules->now_ms;
		rules->pressed_at = closed == open ? DOOR_UNKNOWN : closed ? DOOR_CLOSED : DOOR_OPEN;
	}
	return NULL;
}

/* What ends a command that was accepted. */
static inline const char *rules_cancelled(struct rules *rules, const struct door *before,
		const struct door_input *input, const struct door_output *output)
{
	const struct door *door = &rules->door;
	bool in_time = rules->now_ms <= rules->deadline_ms;
	bool cancelled = rules_told(output, DOOR_EVENT_CANCELLED);
	bool comes = !before->contacts[DOOR_SENSOR_CLOSED].active && door->contacts[DOOR_SENSOR_CLOSED].active;
	bool others_stay = before->contacts[DOOR_SENSOR_OPEN].active == door->contacts[DOOR_SENSOR_OPEN].active &&
			   before->contacts[DOOR_SENSOR_OBSTRUCTION].active ==
					   door->contacts[DOOR_SENSOR_OBSTRUCTION].active &&
			   !door->contacts[DOOR_SENSOR_OPEN].active;

	int64_t until_ms = before->goal_given_ms + before->goal_takes_ms + DOOR_AGE_MS;
	/* Unless it is too old by then: an edge may stand still in the very step that gives it up. */
	RULE("OPEN goes on from the closed end, where it comes there on its way",
			!cancelled || before->goal != DOOR_GOAL_OPEN || before->aim != DOOR_UNKNOWN || !comes ||
					!others_stay || !in_time || rules->now_ms > until_ms ||
					before->contacts[DOOR_SENSOR_CLOSED].unsteady ||
					(input->kind != DOOR_INPUT_TIME && input->kind != DOOR_INPUT_SENSOR) ||
					before->fault != door->fault);
	/* The open contact may come later than is reckoned. */
	bool late_arrival = before->state == DOOR_OPENING && before->config.sensors[DOOR_SENSOR_OPEN];
	/* Of a move to a position the press comes later, or not: what may not be reckoned with ends it. */
	if (input->kind != DOOR_INPUT_TIME || !in_time || (before->aim != DOOR_UNKNOWN && rules->presses > 0))
		rules->undisturbed = false;
	RULE("no accepted command is given up for its age alone",
			!cancelled || !rules->undisturbed || late_arrival || rules->now_ms <= until_ms);
	/*
	 * A STOP that turns a closing door round near its upper end is the exception: it opens. That is better than a door
	 * that goes on down, and a second press might come as the door is at its end, and send it down.
	 */
	bool turned = rules->command == DOOR_COMMAND_STOP && before->state == DOOR_OPENING;
	/* A contact that is silent for too long is a fault. */
	bool fault = before->fault != door->fault;
	RULE("a command that has begun to press is not given up, where nothing else happens",
			!cancelled || !rules->undisturbed || late_arrival || turned || fault || rules->presses == 0);
	if (output->answered && output->result == DOOR_RESULT_ACCEPTED)
		rules->undisturbed = before->goal == DOOR_GOAL_NONE && before->aim == DOOR_UNKNOWN &&
				     door->goal != DOOR_GOAL_NONE;
	return NULL;
}

static inline const char *rules_belief(const struct rules *rules, const struct door *before)
{
	const struct door *door = &rules->door;
	bool has_closed = door->config.sensors[DOOR_SENSOR_CLOSED];
	bool closed = door->contacts[DOOR_SENSOR_CLOSED].active;
	bool open = door->contacts[DOOR_SENSOR_OPEN].active;
	bool same = before->state == door->state;
	struct door_view view = {0};

	/* In the step that brings another configuration, both count. */
	int64_t debounce_ms = door->config.debounce_ms < before->config.debounce_ms ? door->config.debounce_ms
										    : before->config.debounce_ms;
	for (int i = 0; i < DOOR_SENSORS; i++) {
		const struct door_contact *contact = &door->contacts[i];
		if (contact->active == before->contacts[i].active && contact->known == before->contacts[i].known)
			continue;
		if (contact->unsteady)
			continue;
		RULE("a level counts only after it has stood still",
				contact->active == rules->raw[i] ? rules->now_ms - rules->edge_ms[i] >= debounce_ms
								 : rules->stood[i]);
	}

	for (int i = 0; i < DOOR_SENSORS; i++) {
		const struct door_contact *contact = &door->contacts[i];
		RULE("what does not stand still is not known",
				!contact->unsteady ||
						(!contact->known && contact->active == (i >= DOOR_SENSOR_OBSTRUCTION)));
		RULE("what does not stand still is a fault",
				!contact->unsteady || !door->settled || door->fault == DOOR_FAULT_SENSOR_UNSTEADY ||
						door->fault == DOOR_FAULT_SENSOR_CONFLICT ||
						door->fault == DOOR_FAULT_RELAY_FAILED);
	}
	RULE("the gap counts from the last release, and never adds up",
			door->relay != DOOR_LINES || door->ready_ms <= door->released_ms + door->config.gap_ms ||
					door->ready_ms <= rules->now_ms);
	door_view(door, rules->now_ms, &view);
	if (!door->settled) {
		RULE("nothing is known before the sensors have settled",
				view.state == DOOR_UNKNOWN && view.confidence == DOOR_CONFIDENCE_UNKNOWN);
		return NULL;
	}
	if (view.state == DOOR_CLOSED) {
		if (has_closed)
			RULE("closed is said by its sensor", closed && view.confidence == DOOR_CONFIDENCE_SENSED);
		else
			RULE("without a closed sensor, closed comes of a commanded closing alone",
					same || (before->press_at == DOOR_OPEN && before->press_to == DOOR_CLOSING) ||
							(before->state == DOOR_CLOSING && before->commanded &&
									before->source != DOOR_SOURCE_LOCAL));
		RULE("closed without its sensor is at most estimated",
				has_closed || view.confidence == DOOR_CONFIDENCE_ESTIMATED);
	}
	RULE("open is said by its sensor where there is one",
			view.state != DOOR_OPEN || !door->config.sensors[DOOR_SENSOR_OPEN] ||
					(open && view.confidence == DOOR_CONFIDENCE_SENSED));
	if (closed && open) {
		RULE("both sensors at once are a conflict",
				view.state == DOOR_UNKNOWN && view.position == -1 &&
						(view.fault == DOOR_FAULT_SENSOR_CONFLICT ||
								view.fault == DOOR_FAULT_RELAY_FAILED));
	} else {
		RULE("a contact that does not stand still is a fault no longer than it does not",
				view.fault != DOOR_FAULT_SENSOR_UNSTEADY || door->contacts[0].unsteady ||
						door->contacts[1].unsteady || door->contacts[2].unsteady ||
						door->contacts[3].unsteady);
		RULE("a conflict is over when it is over", view.fault != DOOR_FAULT_SENSOR_CONFLICT);
		RULE("what the closed sensor says is believed",
				!closed || view.state == DOOR_CLOSED ||
						(view.state == DOOR_OPENING && door->commanded));
		RULE("what the open sensor says is believed",
				!open || view.state == DOOR_OPEN || (view.state == DOOR_CLOSING && door->commanded));
	}
	RULE("a position is -1 to 100", view.position >= -1 && view.position <= 100);
	RULE("open is never published with position 0", view.state != DOOR_OPEN || view.position > 0);
	RULE("closed is published with position 0", view.state != DOOR_CLOSED || view.position == 0);
	RULE("position 0 is said at the closed end alone", view.position != 0 || view.state == DOOR_CLOSED || closed);
	RULE("position 100 is said at the open end alone", view.position != 100 || view.state == DOOR_OPEN || open);
	RULE("a moving door has a time to end", !rules_moving(view.state) || door->expire_ms != DOOR_NEVER);
	return NULL;
}

/* The answer to a command that is not too old, of a door that may be locked out. */
static inline const char *rules_answer_locked(
		const struct rules *rules, const struct door_input *input, const struct door_output *output)
{
	bool refused = output->result == DOOR_RESULT_REJECTED, locked_out = output->reason == DOOR_REASON_LOCKED_OUT;
	bool locked = rules_locked(rules, &rules->door);
	bool relay_on = false;

	for (size_t i = 0; i < output->action_count; i++)
		relay_on = relay_on || output->actions[i].on;
	RULE("nothing is refused as locked out that is not", !locked_out || locked);
	RULE("STOP is never locked out", !locked_out || input->command != DOOR_COMMAND_STOP);
	RULE("locked out, OPEN is refused", !locked || input->command != DOOR_COMMAND_OPEN || refused);
	RULE("locked out, TOGGLE is refused, or takes a close back",
			!locked || input->command != DOOR_COMMAND_TOGGLE || refused || !relay_on);
	RULE("locked out for all, CLOSE is refused",
			!locked || !rules->door.config.lockout_all || input->command != DOOR_COMMAND_CLOSE || refused);
	RULE("the lock-out can be set at any time before the end",
			input->command != DOOR_COMMAND_LOCKOUT_ON || rules->ended || (!refused && locked));
	RULE("a lock-out that is lifted is so, unless the contact holds it",
			input->command != DOOR_COMMAND_LOCKOUT_OFF || refused || !rules->locked_remote);
	return NULL;
}

static inline const char *rules_answer(const struct rules *rules, const struct door *before,
		const struct door_input *input, const struct door_output *output)
{
	bool relay_on = false;
	bool at_rest = before->state == DOOR_OPEN || before->state == DOOR_CLOSED || before->state == DOOR_STOPPED;
	bool toggle = before->config.lines[DOOR_LINE_TOGGLE];

	if (input->kind == DOOR_INPUT_LINE_FAILED)
		return NULL;
	RULE("a command is answered, and nothing else", output->answered == (input->kind == DOOR_INPUT_COMMAND));
	if (input->kind != DOOR_INPUT_COMMAND)
		return NULL;
	for (size_t i = 0; i < output->action_count; i++)
		relay_on = relay_on || (output->actions[i].on && output->actions[i].line != DOOR_LINE_WARNING);
	RULE("a refusal has a reason, and nothing else has",
			(output->result == DOOR_RESULT_REJECTED) == (output->reason != DOOR_REASON_NONE));
	RULE("before the sensors have settled every command is refused, but for a lock-out's",
			before->settled || input->command >= DOOR_COMMAND_LOCKOUT_ON || rules->door.settled ||
					output->result == DOOR_RESULT_REJECTED);
	RULE("after the end every command is refused", !rules->ended || output->reason == DOOR_REASON_STOPPING);

	bool stale = input->given_ms != 0 && rules->now_ms - input->given_ms > DOOR_AGE_MS;
	RULE("a command that is too old is refused", !stale || output->result == DOOR_RESULT_REJECTED);
	RULE("only one that is too old is stale", stale || output->reason != DOOR_REASON_STALE);
	if (stale)
		return NULL;
	const char *broken = rules_answer_locked(rules, input, output);
	if (broken != NULL || output->reason == DOOR_REASON_LOCKED_OUT || input->command >= DOOR_COMMAND_LOCKOUT_ON)
		return broken;

	/* The rest compares with the state before: only where the step had no time to change it first. */
	if (before->time_ms != rules->now_ms || !before->settled || before->goal != DOOR_GOAL_NONE || rules->ended)
		return NULL;
	for (int i = 0; i < DOOR_LINES; i++) {
		if (before->stuck[i])
			return NULL;
	}
	struct door_view view;
	door_view(before, rules->now_ms, &view);
	bool now = input->given_ms == 0 || input->given_ms >= rules->now_ms;
	if (input->command < DOOR_COMMANDS && output->reason != DOOR_REASON_BUSY &&
			(now || output->reason != DOOR_REASON_UNCERTAIN))
		RULE("what is said to be refused is refused, and for that reason",
				output->reason == view.refusals[input->command]);
	if (input->command == DOOR_COMMAND_POSITION && input->percent > 0 && input->percent < 100 &&
			output->result != DOOR_RESULT_UNCHANGED && output->reason != DOOR_REASON_BUSY &&
			output->reason != DOOR_REASON_STALE && (now || output->reason != DOOR_REASON_UNCERTAIN))
		RULE("a position that is said to be refused is refused, and for that reason",
				output->reason == door_position_refusal(before, input->percent));
	if (before->state == DOOR_CLOSED && input->command == DOOR_COMMAND_CLOSE &&
			(toggle || before->contacts[DOOR_SENSOR_CLOSED].active))
		RULE("CLOSE on a closed door presses nothing", output->result == DOOR_RESULT_UNCHANGED && !relay_on);
	if (before->state == DOOR_OPEN && before->base_ppm > 0 && input->command == DOOR_COMMAND_OPEN)
		RULE("OPEN on an open door presses nothing", output->result == DOOR_RESULT_UNCHANGED && !relay_on);
	if (at_rest && input->command == DOOR_COMMAND_STOP)
		RULE("STOP at rest presses nothing", output->result == DOOR_RESULT_UNCHANGED && !relay_on);
	if (toggle && (before->state == DOOR_UNKNOWN ||
				      (before->state == DOOR_STOPPED && before->direction == DOOR_UNKNOWN))) {
		if (input->command == DOOR_COMMAND_OPEN || input->command == DOOR_COMMAND_CLOSE)
			RULE("toggle wiring and an unknown state: OPEN and CLOSE are refused",
					output->result == DOOR_RESULT_REJECTED);
		if (input->command == DOOR_COMMAND_TOGGLE)
			RULE("toggle wiring and an unknown state: TOGGLE is not refused",
					output->result == DOOR_RESULT_ACCEPTED || output->reason == DOOR_REASON_BUSY ||
							output->reason == DOOR_REASON_OBSTRUCTED);
	}
	if (input->command == DOOR_COMMAND_PULSE) {
		bool wired = input->line < DOOR_LINE_WARNING && before->config.lines[input->line];
		bool down = input->line == DOOR_LINE_TOGGLE || input->line == DOOR_LINE_CLOSE;
		bool way = !rules->raw[DOOR_SENSOR_OBSTRUCTION] &&
			   !rules->door.contacts[DOOR_SENSOR_OBSTRUCTION].active;
		bool free = before->relay == DOOR_LINES && rules->now_ms >= before->ready_ms;
		RULE("a pulse is refused where no relay is, where a relay is busy, and down on something in the way "
		     "alone",
				(output->result == DOOR_RESULT_ACCEPTED) == (wired && free && (way || !down)));
	}
	if (input->command == DOOR_COMMAND_POSITION && output->result == DOOR_RESULT_ACCEPTED) {
		bool at_end = before->contacts[DOOR_SENSOR_CLOSED].active || before->contacts[DOOR_SENSOR_OPEN].active;
		RULE("POSITION is accepted where it is said to be possible, and one at a time",
				(view.has_reach || !at_end) && input->percent >= view.reach_low &&
						input->percent <= view.reach_high && before->aim == DOOR_UNKNOWN);
		RULE("an active obstruction refuses POSITION downwards",
				rules->up || !rules->raw[DOOR_SENSOR_OBSTRUCTION]);
		RULE("POSITION begins at rest", !rules_moving(before->state) && before->state != DOOR_UNKNOWN);
	}
	if (input->command == DOOR_COMMAND_CLOSE && before->state != DOOR_CLOSED && before->state != DOOR_CLOSING)
		RULE("an active obstruction refuses CLOSE",
				!rules->raw[DOOR_SENSOR_OBSTRUCTION] || output->result == DOOR_RESULT_REJECTED ||
						((output->result == DOOR_RESULT_UNCHANGED ||
								 before->aim != DOOR_UNKNOWN) &&
								!relay_on));
	return NULL;
}

/*
 * Whether the door moves by command after a step in which it has left an end. A press in the same step comes after that:
 * then a copy lives through the time without the press, which a level that is told again does.
 */
static inline bool rules_left(
		const struct rules *rules, const struct door *before, const struct door_input *input, int sensor)
{
	struct door door = rules->door;
	struct door_output ignored;
	const struct door_input again = {.kind = DOOR_INPUT_SENSOR,
			.sensor = (enum door_sensor)sensor,
			.active = before->contacts[sensor].raw,
			.at_ms = rules->now_ms};

	if (input->kind == DOOR_INPUT_COMMAND || input->kind == DOOR_INPUT_TIME) {
		door = *before;
		door_step(&door, &again, rules->now_ms, &ignored);
	}
	return door.commanded && rules_moving(door.state);
}

/* What a press does is certain between the ends only after a sensed end was left in a commanded move. */
static inline void rules_certainty(struct rules *rules, const struct door *before, const struct door_input *input)
{
	const struct door *door = &rules->door;

	for (int i = DOOR_SENSOR_CLOSED; i <= DOOR_SENSOR_OPEN; i++) {
		if (before->contacts[i].active && !door->contacts[i].active)
			rules->sure = rules_left(rules, before, input, i) ||
				      (before->commanded && rules_moving(before->state));
	}
	if (door->state == DOOR_UNKNOWN || (door->state == DOOR_STOPPED && door->direction == DOOR_UNKNOWN) ||
			(rules_moving(door->state) && !door->commanded))
		rules->sure = false;
}

/*
 * One step. NULL, or the rule that it broke. Without input, time passes. LINE_FAILED is for a line of the last output,
 * with the level that failed.
 */
static inline const char *rules_step(
		struct rules *rules, const struct door_input *given, int64_t now_ms, struct door_output *output)
{
	struct door before = rules->door;
	struct door_input time = {.kind = DOOR_INPUT_TIME};
	const struct door_input *input = given != NULL ? given : &time;
	const char *broken;

	bool early = input->kind == DOOR_INPUT_TIME && now_ms < rules->deadline_ms;
	rules->now_ms = now_ms;
	memset(rules->stood, 0, sizeof(rules->stood));
	/* The first level that is heard is one, too: nothing was known of the level before. */
	bool first = input->kind == DOOR_INPUT_SENSOR && !before.contacts[input->sensor].heard;
	bool edge = first || (input->kind == DOOR_INPUT_SENSOR && rules->raw[input->sensor] != input->active);
	if (edge && input->sampled && !first)
		edge = now_ms - rules->edge_ms[input->sensor] >= before.config.debounce_ms ||
		       before.contacts[input->sensor].unsteady;
	if (edge) {
		int64_t *edge_ms = &rules->edge_ms[input->sensor];
		int64_t at_ms = input->at_ms < now_ms && !input->sampled ? input->at_ms : now_ms;
		at_ms = at_ms > *edge_ms ? at_ms : *edge_ms;
		rules->raw[input->sensor] = input->active;
		rules->stood[input->sensor] =
				!first && !input->sampled && at_ms - *edge_ms >= before.config.debounce_ms;
		if (first || input->sampled || at_ms - *edge_ms >= before.config.debounce_ms + DOOR_QUIET_MS)
			rules->unrest_ms[input->sensor] = at_ms;
		*edge_ms = at_ms;
	}
	if (input->kind == DOOR_INPUT_LINE_FAILED && !input->active)
		rules->on[input->line] = rules->stuck[input->line] = true;
	if (input->kind == DOOR_INPUT_STOPPING)
		rules->ended = true;

	door_step(&rules->door, given, now_ms, output);

	int64_t given_ms = input->given_ms != 0 && input->given_ms < now_ms ? input->given_ms : now_ms;
	if (output->answered && output->result == DOOR_RESULT_UNCHANGED && before.goal != DOOR_GOAL_NONE &&
			input->command < DOOR_COMMAND_LOCKOUT_ON)
		rules->given_ms = given_ms > rules->given_ms ? given_ms : rules->given_ms;
	/* What is so already by its contact, after a press that may change it, may be held. */
	bool held = output->answered && output->result == DOOR_RESULT_UNCHANGED && rules->door.goal != before.goal &&
		    rules->door.goal != DOOR_GOAL_NONE;
	if (input->kind == DOOR_INPUT_COMMAND && input->command >= DOOR_COMMAND_LOCKOUT_ON) {
		if (output->result != DOOR_RESULT_REJECTED)
			rules->locked_remote = input->command == DOOR_COMMAND_LOCKOUT_ON;
	} else if (held || (output->answered && output->result == DOOR_RESULT_ACCEPTED)) {
		rules->ours = true;
		rules->begun_free = false;
		rules->asked = true;
		rules->given_ms = given_ms;
		int64_t ready_ms = rules->door.ready_ms; /* also of a stuck line that went off in this step */
		rules->waited_ms = before.relay != DOOR_LINES ? before.config.pulse_ms + before.config.gap_ms
				   : ready_ms > now_ms        ? ready_ms - now_ms
							      : 0;
		rules->command = input->command;
		rules->line = input->line;
		rules->up = input->command == DOOR_COMMAND_POSITION && input->percent * 10000 > rules->door.base_ppm;
		rules->warned = false;
		rules->presses = 0;
	}
	rules_certainty(rules, &before, input);
	RULE("the actions fit", output->action_count < DOOR_ACTIONS_MAX);
	RULE("the happenings fit", output->happening_count < DOOR_HAPPENINGS_MAX);
	broken = rules_lines(rules, &before, input, output);
	if (broken == NULL)
		broken = rules_belief(rules, &before);
	if (broken == NULL)
		broken = rules_answer(rules, &before, input, output);
	if (broken == NULL)
		broken = rules_source(rules, &before, input);
	if (broken == NULL)
		broken = rules_cancelled(rules, &before, input, output);
	if (broken != NULL)
		return broken;
	RULE("when time has passed, the deadline lies in the future",
			output->deadline_ms > now_ms || input->kind != DOOR_INPUT_TIME);
	RULE("a command leaves nothing undone but auto-close", output->deadline_ms > now_ms ||
									       input->kind != DOOR_INPUT_COMMAND ||
									       rules->door.auto_close_ms <= now_ms);
	RULE("presses to come have a deadline",
			rules->door.goal == DOOR_GOAL_NONE || output->deadline_ms != DOOR_NEVER);
	RULE("being early changes nothing", !early || (output->action_count == 0 && output->happening_count == 0));
	broken = tells_right(&before, &rules->door, output, now_ms);
	if (broken != NULL)
		return broken;
	RULE("locked out is what is told", rules->door.said.locked_out == rules_locked(rules, &rules->door));
	RULE("a door on its way to a position has presses to come, or is told of",
			before.aim == DOOR_UNKNOWN || rules->door.aim == before.aim || output->action_count > 0 ||
					rules_told(output, DOOR_EVENT_CANCELLED) || output->answered);
	if (rules->door.goal == DOOR_GOAL_NONE && rules->door.aim == DOOR_UNKNOWN)
		rules->asked = false;
	rules->deadline_ms = output->deadline_ms;
	return NULL;
}

#endif
