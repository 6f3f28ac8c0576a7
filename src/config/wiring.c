/*
 * Lines: what each door's relays and sensors are wired to, by name, by number or by a relay board. Completes them from
 * what the keys say together, and judges them: a relay that a Raspberry Pi switches on before the agent runs, a door
 * that cannot be driven, a line that two ask for.
 */
#include <stdlib.h>
#include <string.h>

#include "config/settings.h"
#include "config/values.h"

#define PI_PULLED_UP_MAX 8 /* BCM2835 ARM Peripherals, table 6-31: GPIO0 to GPIO8 pull up at power-on */
#define PI_HEADER_MAX 27
#define PI_CONSOLE_TRANSMIT 14

static size_t board_relays(enum config_board board, const uint8_t **lines)
{
	static const uint8_t pim213[] = {13, 19, 16}, pimoroni[] = {16}, ras[] = {4, 17};
	switch (board) {
	case CONFIG_PIM213:
		*lines = pim213;
		return COUNT(pim213);
	case CONFIG_PIM487:
	case CONFIG_PIM221:
		*lines = pimoroni;
		return COUNT(pimoroni);
	default:
		*lines = ras;
		return COUNT(ras);
	}
}

static const char *line_text(const struct config_line *line, char text[static CONFIG_LINE_NAME_MAX + 1])
{
	if (line->name)
		return line->name;
	snprintf(text, CONFIG_LINE_NAME_MAX + 1, "line %u", line->offset);
	return text;
}

static int pi_gpio(const struct config_line *line)
{
	return line->name ? config_gpio_number(line->name) : line->offset;
}

/* What a Raspberry Pi's own hardware does with a line before the agent runs. */
static void check_relay_on_pi(struct config_reader *reader, const struct config_line *line, struct config_position at)
{
	char name[CONFIG_LINE_NAME_MAX + 1];
	int gpio = pi_gpio(line);
	if (gpio < 0 || gpio > PI_HEADER_MAX || reader->settings->config.gpio.backend == CONFIG_SIMULATED)
		return;
	line_text(line, name);
	bool pulled_up = gpio <= PI_PULLED_UP_MAX;
	if (pulled_up != line->active_low)
		config_warning(reader, at,
				"a Raspberry Pi pulls GPIO%d %s at power-on, which switches a relay that is active %s on until the agent starts: use a line from %s, or a relay board that is active %s",
				gpio, pulled_up ? "up" : "down", line->active_low ? "low" : "high",
				line->active_low ? "GPIO4 to GPIO8" : "GPIO9 to GPIO27",
				line->active_low ? "high" : "low");
	if (gpio == PI_CONSOLE_TRANSMIT)
		config_warning(reader, at,
				"GPIO14 sends the serial console's text while a Raspberry Pi starts, which switches the relay: use another line");
}

static void check_on_pi(struct config_reader *reader, const struct config_line_settings *settings, bool input,
		struct config_position at)
{
	int gpio = pi_gpio(&settings->line);
	if (reader->settings->config.gpio.backend == CONFIG_SIMULATED)
		return;
	if (gpio > PI_HEADER_MAX)
		config_warning(reader, at,
				"GPIO%d is not on the header of a Raspberry Pi: lines are counted by GPIO number (0 to %d), not by pin",
				gpio, PI_HEADER_MAX);
	if (input && (gpio == 2 || gpio == 3) && settings->bias == CONFIG_BIAS_PULL_DOWN)
		config_warning(reader, at,
				"GPIO%d has a fixed pull-up of 1.8 kOhm on a Raspberry Pi, which pull_down cannot overcome: use another line, or a contact to ground",
				gpio);
}

static void finish_sensor(struct config_reader *reader, struct config_line_settings *settings, const char *key)
{
	bool active_given = config_given(reader, &settings->active);
	bool pulled = settings->bias == CONFIG_BIAS_PULL_UP || settings->bias == CONFIG_BIAS_PULL_DOWN;
	if (active_given && config_given(reader, &settings->contact))
		config_error(reader, config_where(reader, &settings->active),
				"%s has active and contact, expected one of them", key);
	else if (!active_given && !pulled)
		config_error(reader, config_where(reader, &settings->bias),
				"%s: without pull_up or pull_down the contact's level is not known, expected active: low or active: high",
				key);
	settings->line.bias = settings->bias;
	settings->line.active_low = active_given ? settings->active == CONFIG_ACTIVE_LOW
						 : (settings->bias == CONFIG_BIAS_PULL_UP) ==
								    (settings->contact == CONFIG_NORMALLY_OPEN);
	check_on_pi(reader, settings, true, config_where(reader, settings));
}

static void finish_relay(struct config_reader *reader, struct config_line_settings *settings, const char *key)
{
	struct config_settings *all = reader->settings;
	struct config_position at = config_where(reader, settings);
	bool board = config_given(reader, &all->board);
	if (settings->relay == 0) {
		settings->line.active_low = settings->active == CONFIG_ACTIVE_LOW;
	} else if (board) {
		const uint8_t *lines;
		size_t count = board_relays(all->board, &lines);
		if (settings->relay > count) {
			config_error(reader, at,
					"%s: the board has no relay %u, expected 1%s; a GPIO line is written GPIO%u",
					key, settings->relay,
					count == 1   ? ""
					: count == 2 ? " or 2"
						     : " to 3",
					settings->relay);
			return;
		}
		settings->line = (struct config_line){.offset = lines[settings->relay - 1], .present = true};
		return; /* the board's own circuit keeps its relays off until they are driven */
	} else if (settings->relay > all->relay_count) {
		config_error(reader, at,
				"%s: there is no relay %u, expected gpio.board or as many entries in gpio.relays; a GPIO line is written GPIO%u",
				key, settings->relay, settings->relay);
		return;
	} else {
		struct config_line_settings *relay = &all->relays[settings->relay - 1];
		relay->line.active_low = relay->active == CONFIG_ACTIVE_LOW;
		settings->line = relay->line;
		at = config_where(reader, relay);
	}
	if (!settings->line.present)
		return;
	check_relay_on_pi(reader, &settings->line, at);
	check_on_pi(reader, settings, false, at);
}

static void finish_lines(struct config_reader *reader, struct config_door_settings *door)
{
	struct door_config *machine = &door->door.machine;
	for (size_t i = 0; i < DOOR_LINES; i++) {
		struct config_line_settings *line = &door->lines[i];
		machine->lines[i] = config_given(reader, line);
		if (!machine->lines[i])
			continue;
		if (i == DOOR_LINE_WARNING) {
			line->line.active_low = line->active == CONFIG_ACTIVE_LOW;
			check_on_pi(reader, line, false, config_where(reader, line));
		} else {
			finish_relay(reader, line, door_line_keys[i]);
		}
		door->door.lines[i] = line->line;
	}
	for (size_t i = 0; i < DOOR_SENSORS; i++) {
		machine->sensors[i] = config_given(reader, &door->sensors[i]);
		if (!machine->sensors[i])
			continue;
		finish_sensor(reader, &door->sensors[i], door_sensor_keys[i]);
		door->door.sensors[i] = door->sensors[i].line;
	}
}

static void wiring_rules(struct config_reader *reader, struct config_door_settings *door)
{
	const bool *lines = door->door.machine.lines, *sensors = door->door.machine.sensors;
	const struct config_line_settings *toggle = &door->lines[DOOR_LINE_TOGGLE];
	const struct door_opener *opener = &door->door.machine.opener;
	const void *const presses[] = {&opener->while_opening, &opener->while_closing, &opener->after_stop,
			&door->door.machine.allow_detour};
	bool separate = lines[DOOR_LINE_OPEN] || lines[DOOR_LINE_CLOSE] || lines[DOOR_LINE_STOP];
	if (lines[DOOR_LINE_TOGGLE] && separate)
		config_error(reader, config_where(reader, toggle),
				"relay is toggle wiring and does not go with open_relay, close_relay and stop_relay, expected the one or the others");
	else if (!lines[DOOR_LINE_TOGGLE] && !separate)
		config_error(reader, door->at,
				"the door has no relay, expected relay: (toggle wiring) or open_relay: and close_relay:");
	else if (separate && !lines[DOOR_LINE_OPEN])
		config_error(reader,
				config_where(reader, &door->lines[lines[DOOR_LINE_CLOSE] ? DOOR_LINE_CLOSE
											 : DOOR_LINE_STOP]),
				"the door has no open_relay, expected open_relay and close_relay (or relay for toggle wiring)");
	else if (separate && !lines[DOOR_LINE_CLOSE])
		config_error(reader, config_where(reader, &door->lines[DOOR_LINE_OPEN]),
				"the door has no close_relay, expected open_relay and close_relay (or relay for toggle wiring)");
	else if (lines[DOOR_LINE_TOGGLE] && !sensors[DOOR_SENSOR_CLOSED] && !sensors[DOOR_SENSOR_OPEN] &&
			reader->settings->config.gpio.backend != CONFIG_SIMULATED)
		config_warning(reader, config_where(reader, toggle),
				"the door has no closed_sensor and no open_sensor, so its state is never known and nobody can tell which way a press moves it: open, close and stop are refused, only toggle presses");
	for (size_t i = 0; i < COUNT(presses) && separate; i++)
		if (config_given(reader, presses[i])) {
			config_error(reader, config_where(reader, presses[i]),
					"opener says what one press of a toggle relay does, expected it only with relay");
			break;
		}
}

struct use {
	const struct config_line *line;
	const char *key;
	struct config_position at;
};

static bool same_line(const struct config_line *a, const struct config_line *b)
{
	if (a->name && b->name)
		return strcmp(a->name, b->name) == 0;
	return pi_gpio(a) >= 0 && pi_gpio(a) == pi_gpio(b);
}

static void use_line(struct config_reader *reader, struct use *uses, size_t *count,
		const struct config_line_settings *settings, const char *key)
{
	struct use use = {.line = &settings->line, .key = key, .at = config_where(reader, settings)};
	char name[CONFIG_LINE_NAME_MAX + 1];
	if (!settings->line.present)
		return;
	for (size_t i = 0; i < *count; i++)
		if (same_line(uses[i].line, use.line)) {
			config_error(reader, use.at, "%s: %s is already the %s in line %u, expected another line", key,
					line_text(use.line, name), uses[i].key, uses[i].at.line);
			return;
		}
	uses[(*count)++] = use;
}

static void unique_lines(struct config_reader *reader)
{
	struct config_settings *settings = reader->settings;
	struct use *uses = calloc(DOORS_MAX * (DOOR_LINES + DOOR_SENSORS), sizeof(*uses));
	size_t count = 0;
	if (!uses) {
		reader->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < settings->door_count; i++) {
		for (size_t j = 0; j < DOOR_LINES; j++)
			use_line(reader, uses, &count, &settings->doors[i].lines[j], door_line_keys[j]);
		for (size_t j = 0; j < DOOR_SENSORS; j++)
			use_line(reader, uses, &count, &settings->doors[i].sensors[j], door_sensor_keys[j]);
	}
	free(uses);
}

void config_apply_wiring(struct config_reader *reader)
{
	struct config_settings *settings = reader->settings;
	for (size_t i = 0; i < settings->door_count; i++) {
		finish_lines(reader, &settings->doors[i]);
		wiring_rules(reader, &settings->doors[i]);
	}
	unique_lines(reader);
}
