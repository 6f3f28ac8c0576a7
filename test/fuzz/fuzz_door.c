/*
 * Any bytes as a configuration and a sequence of inputs: the door keeps the rules of safety with any times, too, that
 * the explorer's coarse steps leave out. Seven bytes configure; then two a step, what happens and how long after.
 */
#include <stdio.h>
#include <stdlib.h>

#include "door_rules.h"

#define TOGGLE_BIT 1

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
	};
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

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	struct rules rules;
	struct door_output output = {0};

	if (length < 7)
		return 0;
	struct door_config config = configure(bytes), other;
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
