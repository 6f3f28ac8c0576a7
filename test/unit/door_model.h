/*
 * A door, its opener and its contacts, and what is wrong to do to them or to say of them: the truth that tests hold
 * the machine to. It shares nothing with the machine but the words of its configuration, its commands and its view.
 *
 * The opener follows its press table. It may flash before it starts, run on after a stop, refuse to close on something
 * in its way and turn round for it, be faster than is configured, and have no power. Whether it hears a press is the
 * caller's choice. An end contact is active over a length of the travel.
 *
 * Time is the caller's: model_pass lets some of it pass, within which nothing but the height may change; model_next_ms
 * says how much that is at most.
 */
#ifndef PORTCULLIS_TEST_DOOR_MODEL_H
#define PORTCULLIS_TEST_DOOR_MODEL_H

#include "door/door.h"

#define MODEL_TOP INT64_C(1000000000)

struct model {
	/* What it is. */
	struct door_opener opener;
	int64_t open_ms, close_ms, start_ms, coast_ms;
	bool reverses;     /* by itself, on something in its way */
	int64_t length[2]; /* of travel, over which the closed and the open contact are active */

	/* How it stands. */
	bool power, blocked;   /* blocked: something is in its way */
	bool keyed;            /* the key switch is turned to locked out */
	int motor, next, last; /* 1 up, -1 down, 0 rests; next: after the flashing; last: the way it went or goes */
	int64_t start_at_ms, stop_at_ms;
	int64_t height;
};

/* What should not be. */
enum model_wrong {
	STOP_DOWN,    /* STOP sent the door down */
	OPEN_DOWN,    /* OPEN did */
	CLOSE_UP,     /* CLOSE or STOP opened a closed door */
	LOCKED_UP,    /* a command from afar sent it up that was locked out */
	UNWARNED,     /* it went down without the warning */
	SAYS_CLOSED,  /* closed, while it is not */
	SAYS_OPEN,    /* open, while it is shut */
	SAYS_OPENING, /* opening, while it goes down */
	SAYS_CLOSING, /* closing, while it goes up */
	SAYS_STOPPED, /* stopped, while it moves */
	SAYS_LOCAL,   /* local, while nobody but us has moved it */
	MODEL_WRONGS,
};

static const char *const model_wrong_names[MODEL_WRONGS] = {"STOP sends it down", "OPEN sends it down",
		"CLOSE or STOP opens it", "opens it while it is locked out", "down without the warning",
		"says closed, is not", "says open, is shut", "says opening, goes down", "says closing, goes up",
		"says stopped, moves", "says local, was ours"};

/* At rest at a height, with power. What it is has been set before. */
static inline void model_rest(struct model *model, int64_t height)
{
	model->power = true;
	model->height = height;
	model->last = height > 0 ? 1 : -1;
	model->start_at_ms = model->stop_at_ms = DOOR_NEVER;
}

static inline bool model_level(const struct model *model, int sensor)
{
	if (sensor == DOOR_SENSOR_OBSTRUCTION)
		return model->blocked;
	if (sensor == DOOR_SENSOR_LOCKOUT)
		return model->keyed;
	return sensor == DOOR_SENSOR_CLOSED ? model->height <= model->length[0]
					    : model->height >= MODEL_TOP - model->length[1];
}

/* The way it goes, or will after the flashing. */
static inline int model_direction(const struct model *model)
{
	return model->start_at_ms != DOOR_NEVER ? model->next : model->motor;
}

static inline void model_begin(struct model *model, int direction, int64_t now_ms)
{
	if (direction < 0 && model->blocked && model->reverses)
		return;
	model->last = model->next = direction;
	model->stop_at_ms = DOOR_NEVER;
	model->start_at_ms = now_ms + (model->motor == 0 ? model->start_ms : 0);
	model->motor = 0;
}

static inline void model_end(struct model *model, int64_t now_ms)
{
	model->start_at_ms = DOOR_NEVER;
	model->next = 0;
	model->stop_at_ms = now_ms + model->coast_ms;
}

static inline void model_toggle(struct model *model, int64_t now_ms)
{
	int after_stop = model->opener.after_stop == DOOR_PRESS_CONTINUE ? model->last : -model->last;
	enum door_press press = model->last > 0 ? model->opener.while_opening : model->opener.while_closing;

	if (model->stop_at_ms != DOOR_NEVER) /* it stops already: a press is for after that */
		model_begin(model, after_stop, now_ms);
	else if (model->motor == 0 && model->start_at_ms == DOOR_NEVER)
		model_begin(model, model->height <= 0 ? 1 : model->height >= MODEL_TOP ? -1 : after_stop, now_ms);
	else if (press == DOOR_PRESS_STOP)
		model_end(model, now_ms);
	else if (press == DOOR_PRESS_REVERSE)
		model_begin(model, -model->last, now_ms);
}

/* The opener hears a press of a relay, or of the wall button that is wired beside it. */
static inline void model_hear(struct model *model, enum door_line line, int64_t now_ms)
{
	int direction = line == DOOR_LINE_OPEN ? 1 : -1;

	if (!model->power)
		return;
	if (line == DOOR_LINE_TOGGLE)
		model_toggle(model, now_ms);
	else if (line == DOOR_LINE_STOP)
		model_end(model, now_ms);
	else if (model->last != direction || model_direction(model) == 0)
		model_begin(model, direction, now_ms);
}

static inline void model_power(struct model *model, bool power)
{
	model->power = power;
	model->start_at_ms = model->stop_at_ms = DOOR_NEVER;
}

/* What is due begins or ends; then passed_ms pass. */
static inline void model_pass(struct model *model, int64_t now_ms, int64_t passed_ms)
{
	if (now_ms >= model->stop_at_ms) {
		model->motor = 0;
		model->stop_at_ms = DOOR_NEVER;
	}
	if (now_ms >= model->start_at_ms) {
		model->motor = model->next;
		model->start_at_ms = DOOR_NEVER;
	}
	if (!model->power)
		model->motor = 0;
	if (model->motor != 0)
		model->height += model->motor > 0 ? MODEL_TOP / model->open_ms * passed_ms
						  : -(MODEL_TOP / model->close_ms * passed_ms);
	if ((model->height <= 0 && model->motor < 0) || (model->height >= MODEL_TOP && model->motor > 0)) {
		model->height = model->motor < 0 ? 0 : MODEL_TOP;
		model->motor = 0;
		model->stop_at_ms = DOOR_NEVER;
	}
}

/* For how long at most nothing but the height changes. model_pass has been called for now_ms. */
static inline int64_t model_next_ms(const struct model *model, int64_t now_ms)
{
	const int64_t marks[] = {0, model->length[0], MODEL_TOP - model->length[1], MODEL_TOP};
	int64_t next_ms = DOOR_NEVER;

	if (model->start_at_ms != DOOR_NEVER)
		next_ms = model->start_at_ms - now_ms;
	if (model->stop_at_ms != DOOR_NEVER && model->stop_at_ms - now_ms < next_ms)
		next_ms = model->stop_at_ms - now_ms;
	for (int i = 0; i < 4 && model->motor != 0; i++) {
		int64_t speed = MODEL_TOP / (model->motor > 0 ? model->open_ms : model->close_ms);
		int64_t way = (marks[i] - model->height) * model->motor;
		/* A contact lets go beyond its mark. */
		bool leaves = (i == 1 && model->motor > 0) || (i == 2 && model->motor < 0);
		int64_t until_ms = leaves ? way / speed + 1 : (way + speed - 1) / speed;
		if ((leaves ? way >= 0 : way > 0) && until_ms < next_ms)
			next_ms = until_ms;
	}
	return next_ms;
}

/* What is wrong with a press of ours for a command, which was heard: a bit for each. before: the way it went then. */
static inline unsigned model_wrong_press(
		const struct model *model, int before, enum door_command command, bool unwarned, bool locked)
{
	int after = model_direction(model);
	bool shut = model->height <= model->length[0];
	bool stop = command == DOOR_COMMAND_STOP;
	unsigned wrong = 0;

	if (after == before)
		return 0;
	if (after < 0 && !shut)
		wrong |= (unsigned)stop << STOP_DOWN | (unsigned)(command == DOOR_COMMAND_OPEN) << OPEN_DOWN |
			 (unsigned)unwarned << UNWARNED;
	if (after > 0)
		wrong |= (unsigned)(locked && !stop) << LOCKED_UP;
	if (after > 0 && before == 0 && shut)
		wrong |= (unsigned)(stop || command == DOOR_COMMAND_CLOSE) << CLOSE_UP;
	return wrong;
}

/* What is wrong with what is said: a bit for each. by_us: nobody but us has moved it. */
static inline unsigned model_wrong_view(const struct model *model, const struct door_view *view, bool by_us)
{
	enum door_state state = view->state;

	return (unsigned)(state == DOOR_CLOSED && model->height > model->length[0] + MODEL_TOP / 50) << SAYS_CLOSED |
	       (unsigned)(state == DOOR_OPEN && model->height == 0) << SAYS_OPEN |
	       (unsigned)(state == DOOR_OPENING && model->motor < 0) << SAYS_OPENING |
	       (unsigned)(state == DOOR_CLOSING && model->motor > 0) << SAYS_CLOSING |
	       (unsigned)(state == DOOR_STOPPED && model->motor != 0) << SAYS_STOPPED |
	       (unsigned)(view->source == DOOR_SOURCE_LOCAL && by_us) << SAYS_LOCAL;
}

#endif
