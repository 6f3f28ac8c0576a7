/*
 * Any bytes as a configuration and a sequence of inputs: the door keeps the rules of safety with any times, too, that
 * the explorer's coarse steps leave out. Seven bytes configure; then two a step, what happens and how long after. With
 * one bit of the second byte it is a life (door_life.h): six more bytes say what the opener and the contacts are like,
 * and what happens to the machine is what a door can do.
 */
#include <stdio.h>
#include <stdlib.h>

#include "door_life.h"

#define TOGGLE_BIT 1
#define LIFE_BIT 32

static struct door_config configure(const unsigned char *bytes)
{
	struct door_config config = {
			.sensors = {bytes[0] & 2, bytes[0] & 4, bytes[0] & 8},
			.opener = {bytes[1] % 3, bytes[1] / 3 % 3,
					bytes[1] & 128 ? DOOR_PRESS_CONTINUE : DOOR_PRESS_REVERSE},
			.pulse_ms = bytes[2] * 40,
			.gap_ms = bytes[3] * 10,
			.debounce_ms = bytes[4] & 15,
			.open_time_ms = bytes[5] * 100,
			.close_time_ms = bytes[6] * 100,
			.warning_ms = bytes[0] & 32 ? 6000 : bytes[4] * 4,
			.auto_close_ms = bytes[0] & 64 ? 3000 : 0,
			.allow_detour = bytes[1] & 64,
			.lockout_all = bytes[4] & 64,
	};
	config.sensors[DOOR_SENSOR_LOCKOUT] = bytes[4] & 32;
	config.lines[DOOR_LINE_TOGGLE] = bytes[0] & TOGGLE_BIT;
	config.lines[DOOR_LINE_OPEN] = config.lines[DOOR_LINE_CLOSE] = !(bytes[0] & TOGGLE_BIT);
	config.lines[DOOR_LINE_STOP] = bytes[0] & 128;
	config.lines[DOOR_LINE_WARNING] = bytes[0] & 16;
	return config;
}

static void step(struct rules *rules, const struct door_input *input, int64_t now_ms, struct door_output *output)
{
	const char *broken = rules_step(rules, input, now_ms, output);
	if (broken != NULL) {
		fprintf(stderr, "broken: %s\n", broken);
		abort();
	}
}

/*
 * Returns whether the life goes on. What is published can be wrong for longer than the explorer allows, at any times and
 * paces; which of that could be known, only a reader can tell. A rule that is broken and a wrong press are never right.
 */
static bool goes_on(const char *broken)
{
	for (int i = SAYS_CLOSED; i < MODEL_WRONGS; i++) {
		if (broken == model_wrong_names[i])
			return false;
	}
	if (broken == NULL)
		return true;
	fprintf(stderr, "broken: %s\n", broken);
	abort();
}

/* What happens next in a life. Of what: the low four bits say what, the others of which. */
static const char *happen(struct life *life, unsigned char what)
{
	const struct door_config *config = &life->rules.door.config;
	int which = what >> 4;

	switch (what & 15) {
	case 0:
	case 1:
	case 2:
	case 3:
		return life_command(life, (enum door_command)(which & 3), which & 4 ? which * 600 : 0);
	case 4:
		return life_hand(life, config->lines[DOOR_LINE_TOGGLE] ? DOOR_LINE_TOGGLE
				       : which & 1                     ? DOOR_LINE_OPEN
								       : DOOR_LINE_CLOSE);
	case 5:
		life->deaf = !life->deaf;
		return NULL;
	case 6:
		return life_power(life);
	case 7:
		return life_beam(life);
	case 8:
		life->loses = true;
		return NULL;
	case 9:
		if (config->sensors[which & 1] && config->debounce_ms > 0)
			return life_hum(life, which & 1);
		return NULL;
	case 10:
		return life_freeze(life, life->rules.now_ms + which * 700);
	case 11:
		return life_command(life, which & 1 ? DOOR_COMMAND_LOCKOUT_ON : DOOR_COMMAND_LOCKOUT_OFF, 0);
	case 12:
		if (config->sensors[DOOR_SENSOR_LOCKOUT])
			return life_key(life);
		return NULL;
	case 13:
		return life_position(life, which * 6 + 3);
	default:
		return NULL;
	}
}

/* The real travel takes 70 to 100 % of what is configured. */
static void live_through(struct door_config *config, const unsigned char *bytes, size_t length)
{
	struct life life;
	struct model model = {.start_ms = bytes[0] & 1 ? bytes[0] * 10 : 0,
			.coast_ms = bytes[1],
			.reverses = bytes[0] & 2,
			.length = {bytes[2] * (MODEL_TOP / 4000), bytes[3] * (MODEL_TOP / 4000)}};
	static const int64_t heights[] = {0, MODEL_TOP, MODEL_TOP / 3, MODEL_TOP * 2 / 3};

	config->open_time_ms += 3000;
	config->close_time_ms += 3000;
	config->debounce_ms *= 5;
	model.open_ms = config->open_time_ms * (70 + bytes[4] % 31) / 100;
	model.close_ms = config->close_time_ms * (70 + bytes[4] / 31 * 3) / 100;
	bool going = goes_on(life_start(&life, config, &model, heights[bytes[5] & 3], 1));
	for (size_t i = 6; i + 1 < length && going; i += 2) {
		int64_t pass_ms = (int64_t)bytes[i + 1] * (bytes[i + 1] < 128 ? 10 : 100);
		going = goes_on(life_pass(&life, life.rules.now_ms + pass_ms)) && goes_on(happen(&life, bytes[i]));
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	struct rules rules;
	struct door_output output = {0};

	if (length < 7)
		return 0;
	struct door_config config = configure(bytes), other;
	if (bytes[1] & LIFE_BIT) {
		if (length >= 13)
			live_through(&config, bytes + 7, length - 7);
		return 0;
	}
	rules_start(&rules, &config, 0);
	for (size_t i = 7; i + 1 < length; i += 2) {
		unsigned char what = bytes[i];
		unsigned char when = bytes[i + 1];
		/* Below 128: so many milliseconds, squared; else at the deadline, or a little before or after it. */
		int64_t now_ms = rules.now_ms + (int64_t)when * when;
		if (when >= 128 && rules.deadline_ms != DOOR_NEVER)
			now_ms = rules.deadline_ms + when % 8 - 3;
		if (now_ms < rules.now_ms)
			now_ms = rules.now_ms;
		struct door_input input = {
				.kind = DOOR_INPUT_TIME,
				.sensor = (enum door_sensor)((what >> 4) % DOOR_SENSORS),
				.active = what & 8,
				.at_ms = now_ms - (what & 128 ? when : 0),
				.sampled = when % 16 == 7,
				.given_ms = when % 4 == 3 ? now_ms - when * 64 : 0,
				.command = (enum door_command)((what >> 4) & 3),
				.source = DOOR_SOURCE_MQTT,
				.config = &other,
		};
		switch (what & 7) {
		case 0:
		case 1:
		case 2:
			input.kind = DOOR_INPUT_SENSOR;
			if (!rules.door.config.sensors[input.sensor])
				continue;
			break;
		case 3:
		case 4:
			input.kind = DOOR_INPUT_COMMAND;
			if (what & 128) {
				input.command = DOOR_COMMAND_PULSE;
				input.line = (enum door_line)((what >> 4 & 7) % (DOOR_LINES + 1));
			} else if ((what & 64) && when % 8 == 5) {
				input.command = what & 16 ? DOOR_COMMAND_LOCKOUT_ON : DOOR_COMMAND_LOCKOUT_OFF;
			} else if (what & 8) {
				input.command = DOOR_COMMAND_POSITION;
				input.percent = (what >> 4 & 7) * 14 + when % 16;
			}
			break;
		case 5:
			if (output.action_count == 0)
				continue;
			input.kind = DOOR_INPUT_LINE_FAILED;
			input.line = output.actions[0].line;
			input.active = output.actions[0].on;
			now_ms = rules.now_ms;
			break;
		case 6:
			if (what == 0xfe)
				input.kind = DOOR_INPUT_STOPPING;
			break;
		case 7:
			/* Another configuration for the same wiring. The rules' book of a pulse under way has one
			 * length. */
			if (!(what & 8))
				break;
			input.kind = DOOR_INPUT_CONFIG;
			other = config;
			other.opener = (struct door_opener){(what >> 4) % 3, (what >> 4) / 3 % 3,
					what & 128 ? DOOR_PRESS_CONTINUE : DOOR_PRESS_REVERSE};
			other.lockout_all = when & 8;
			other.gap_ms = when * 10;
			other.debounce_ms = when & 15;
			other.open_time_ms = other.close_time_ms = when * 100;
			other.warning_ms = when & 1 ? 6000 : when * 4;
			other.auto_close_ms = when & 2 ? 3000 : 0;
			break;
		default:
			break;
		}
		step(&rules, input.kind == DOOR_INPUT_TIME ? NULL : &input, now_ms, &output);
	}
	return 0;
}
