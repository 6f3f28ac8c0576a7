/*
 * The machine on a world that behaves, and on one that misbehaves once. In the first the opener does exactly what its
 * press table says, the door takes exactly its travel time, the contacts switch at the ends. Then what the machine
 * believes must be what the world does, at every moment, and a command must end where it was meant to. In the others
 * the opener does not hear a press, flashes first and runs on, is faster than configured, loses its power, is blocked by
 * something in its way; contacts have a length and bounce, an edge gets lost, or somebody presses the wall button.
 * Then the rules and the promise of door_life.h hold.
 *
 * Tried with every sequence of three commands at three paces, in every wiring, with every set of end contacts, from both
 * ends; with a mishap, with each seventh of them.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "door_life.h"
#include "door_share.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OPEN_MS 8000
#define CLOSE_MS 10000
#define COMMANDS 3

enum mishap {
	NO_MISHAP,
	DEAF,      /* a press is not heard */
	FLASHES,   /* it flashes before it starts, runs on after a stop, and is faster than configured */
	NO_POWER,  /* from one command to the next */
	BLOCKED,   /* something is in the way from one command to the next, and the opener turns round for it */
	BAD_EDGES, /* contacts have a length and bounce, and an edge is lost */
	WALL_BUTTON,
	MISHAPS,
};

static const char *const mishap_names[MISHAPS] = {"", "a press is not heard", "flashes, fast, runs on", "no power",
		"blocked", "bad edges", "wall button"};

/* One life: a wiring, a start and a sequence of commands. number says all of it, and when the mishap comes. */
struct story {
	const struct door_config *config;
	enum mishap mishap;
	unsigned number;
	bool verbose;
};

#define SEQUENCES (12 * 12 * 12 * 2)

static bool believes_the_truth(const struct life *life)
{
	struct door_view view = {0};
	const struct model *model = &life->model;
	int height = (int)(model->height * 100 / MODEL_TOP);

	door_view(&life->rules.door, life->rules.now_ms, &view);
	bool vague = life->rules.door.base_ppm < 0 && (view.position == 99 || view.position == DOOR_POSITION_UNKNOWN);
	if (view.state == DOOR_UNKNOWN)
		return true; /* what is not known is not wrong */
	if (view.state == DOOR_OPEN && view.position == 99)
		return height > 0; /* not closed, and no more */
	if (view.fault != DOOR_FAULT_NONE)
		return false;
	const struct door_config *config = &life->rules.door.config;
	/* From between the ends, and with nothing that shows the open one, it is given more time than it takes. */
	bool unseen = config->lines[DOOR_LINE_TOGGLE] && !config->sensors[DOOR_SENSOR_OPEN] && !life->rules.door.whole;
	bool due = life->rules.door.expire_ms <= life->rules.now_ms + 2 || (unseen && view.position == 99);
	bool arrives = model->motor == 0 && due;
	bool goes = (view.state == DOOR_OPENING && (model->motor > 0 || (arrives && height == 100))) ||
		    (view.state == DOOR_CLOSING && (model->motor < 0 || (arrives && height == 0)));
	if (view.state == DOOR_OPENING || view.state == DOOR_CLOSING)
		return (goes && abs(view.position - height) <= 1) ||
		       (vague && (goes || height == (view.state == DOOR_OPENING ? 100 : 0)));
	if (model->motor != 0)
		return false;
	if (view.state == DOOR_STOPPED)
		return vague || (model->height > 0 && model->height < MODEL_TOP && abs(view.position - height) <= 1);
	return model->height == (view.state == DOOR_OPEN ? MODEL_TOP : 0) && view.position == height;
}

static const char *pass(struct life *life, enum mishap mishap, int64_t until_ms)
{
	const char *broken = NULL;

	while (life->rules.now_ms < until_ms && broken == NULL) {
		int64_t next_ms = life->rules.deadline_ms < until_ms ? life->rules.deadline_ms : until_ms;
		int64_t model_ms = model_next_ms(&life->model, life->rules.now_ms);
		if (model_ms != DOOR_NEVER && life->rules.now_ms + model_ms < next_ms)
			next_ms = life->rules.now_ms + model_ms;
		broken = life_pass(life, next_ms > life->rules.now_ms ? next_ms : life->rules.now_ms + 1);
		if (broken == NULL && mishap == NO_MISHAP && !believes_the_truth(life))
			broken = "what is believed is not true";
	}
	return broken;
}

static bool reached(const struct life *life, enum door_command command)
{
	if (command == DOOR_COMMAND_OPEN)
		return life->model.height == MODEL_TOP;
	if (command == DOOR_COMMAND_CLOSE)
		return life->model.height == 0;
	return life->model.motor == 0;
}

/* Before command i: the mishap begins or ends. */
static const char *happen(struct life *life, enum mishap mishap, bool begins, bool ends)
{
	bool toggle = life->rules.door.config.lines[DOOR_LINE_TOGGLE];

	if (mishap == DEAF)
		life->deaf = begins;
	if (mishap == BAD_EDGES)
		life->loses = begins;
	if (mishap == NO_POWER && (begins || ends))
		return life_power(life);
	if (mishap == BLOCKED && (begins || ends))
		return life_beam(life);
	if (mishap == WALL_BUTTON && begins)
		return life_hand(life, toggle ? DOOR_LINE_TOGGLE : DOOR_LINE_CLOSE);
	return NULL;
}

static unsigned tried, accepted;

static bool live(const struct story *story)
{
	static const int64_t paces_ms[] = {200, 3000, 30000};
	unsigned sequence = story->number / 2 % (SEQUENCES / 2), when = story->number / SEQUENCES;
	bool open = story->number & 1, good = true;
	struct model model = {.open_ms = OPEN_MS, .close_ms = CLOSE_MS, .reverses = story->mishap == BLOCKED};
	struct life life;
	enum door_command last = DOOR_COMMAND_TOGGLE;

	if (story->mishap == FLASHES)
		model = (struct model){.open_ms = OPEN_MS * 7 / 10,
				.close_ms = CLOSE_MS * 7 / 10,
				.start_ms = 1500,
				.coast_ms = 200};
	if (story->mishap == BAD_EDGES)
		model.length[0] = model.length[1] = MODEL_TOP / 50;
	const char *broken = life_start(&life, story->config, &model, open ? MODEL_TOP : 0, 0);
	for (unsigned i = 0; i < COMMANDS && broken == NULL; i++, sequence /= 12) {
		enum door_command command = (enum door_command)(sequence % 12 / 3);
		broken = pass(&life, story->mishap, life.rules.now_ms + paces_ms[sequence % 3]);
		if (broken == NULL)
			broken = happen(&life, story->mishap, i == when, i == when + 1);
		enum door_goal before = life.rules.door.goal;
		if (broken == NULL)
			broken = life_command(&life, command, 0);
		if (life.result != DOOR_RESULT_REJECTED)
			last = command;
		else if (before != DOOR_GOAL_NONE && life.rules.door.goal == DOOR_GOAL_NONE)
			last = DOOR_COMMAND_TOGGLE; /* it could not stop, and has taken back what was to come */
		accepted += life.result == DOOR_RESULT_ACCEPTED;
		if (story->verbose)
			printf("#   at %" PRId64 " ms %s: %s, %s; height %" PRId64 "%%, motor %d\n", life.rules.now_ms,
					door_command_name(command), door_result_name(life.result),
					door_state_name(life.rules.door.state), life.model.height / (MODEL_TOP / 100),
					life.model.motor);
	}
	if (broken == NULL)
		broken = pass(&life, story->mishap, life.rules.now_ms + 60000);
	tried++;
	const struct door *door = &life.rules.door;
	if (story->mishap == NO_MISHAP && door->state != DOOR_UNKNOWN &&
			!(door->state == DOOR_OPEN && door->base_ppm < 0))
		good = reached(&life, last);
	if (story->mishap == NO_MISHAP)
		good = good && life.model.motor == 0;
	if (story->verbose)
		printf("#   in the end %s; height %" PRId64 "%%; %s\n", door_state_name(door->state),
				life.model.height / (MODEL_TOP / 100), broken != NULL ? broken : "");
	return good && broken == NULL;
}

#define S DOOR_PRESS_STOP
#define R DOOR_PRESS_REVERSE
#define I DOOR_PRESS_IGNORE
#define C DOOR_PRESS_CONTINUE
#define TOGGLE(...)                                                             \
	{                                                                       \
		.lines = {[DOOR_LINE_TOGGLE] = true}, .opener = { __VA_ARGS__ } \
	}

static const struct {
	const char *name;
	struct door_config config;
} wirings[] = {
		{"toggle stop/stop/reverse", TOGGLE(S, S, R)},
		{"toggle stop/stop/continue", TOGGLE(S, S, C)},
		{"toggle stop/reverse/reverse", TOGGLE(S, R, R)},
		{"toggle stop/reverse/continue", TOGGLE(S, R, C)},
		{"toggle reverse/stop/reverse", TOGGLE(R, S, R)},
		{"toggle reverse/stop/continue", TOGGLE(R, S, C)},
		{"toggle reverse/reverse/reverse", TOGGLE(R, R, R)},
		{"toggle ignore/reverse/reverse", TOGGLE(I, R, R)},
		{"toggle ignore/stop/reverse", TOGGLE(I, S, R)},
		{"toggle ignore/ignore/reverse", TOGGLE(I, I, R)},
		{"open and close relays", {.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true}}},
		{"open, close and stop relays", {.lines = {[DOOR_LINE_OPEN] = true,
								 [DOOR_LINE_CLOSE] = true,
								 [DOOR_LINE_STOP] = true}}},
};

static void try_all(const struct door_config *config, enum mishap mishap)
{
	struct story story = {.config = config, .mishap = mishap};
	unsigned count = mishap == NO_MISHAP ? SEQUENCES : SEQUENCES * COMMANDS;
	unsigned stride = (mishap == NO_MISHAP ? 1 : 7) * (unsigned)door_share();
	bool good = true;

	/* Odd, and no multiple of three: each command, pace and end is tried at each place. */
	for (unsigned number = stride / 2; number < count && good; number += stride | 1) {
		story.number = number;
		good = live(&story);
	}
	story.verbose = true;
	if (!good)
		live(&story);
	CHECK(good);
}

int main(void)
{
	static const char *const sets[] = {"no sensor", "closed sensor", "open sensor", "both sensors"};

	for (size_t i = 0; i < COUNT(wirings); i++) {
		for (unsigned sensors = 0; sensors < COUNT(sets); sensors++) {
			struct door_config config = wirings[i].config;
			config.sensors[DOOR_SENSOR_CLOSED] = sensors & 1;
			config.sensors[DOOR_SENSOR_OPEN] = sensors & 2;
			config.pulse_ms = 500;
			config.gap_ms = 500;
			config.open_time_ms = OPEN_MS;
			config.close_time_ms = CLOSE_MS;
			tap_case("%s, %s: what is believed is true, and commands end where they should",
					wirings[i].name, sets[sensors]);
			try_all(&config, NO_MISHAP);
			config.debounce_ms = 50;
			for (int mishap = NO_MISHAP + 1; mishap < MISHAPS; mishap++) {
				config.sensors[DOOR_SENSOR_OBSTRUCTION] = mishap == BLOCKED;
				tap_case("%s, %s, %s: no press is wrong, and no state is a lie", wirings[i].name,
						sets[sensors], mishap_names[mishap]);
				try_all(&config, (enum mishap)mishap);
			}
		}
	}
	printf("# %u sequences, %u commands accepted%s\n", tried, accepted, door_share_text());
	return tap_done();
}
