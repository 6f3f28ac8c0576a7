/*
 * Lines lie in one array, in the order of doors and roles, as the GPIO face wants them. A table leads from a door and a
 * role to the place in the array, and one leads back from the place.
 */
#include "garage/lines.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpio/simulated.h"

#define CONSUMER_MAX (DOOR_ID_MAX + 24)

struct lines {
	struct gpio *gpio; /* NULL: not open */
	struct lines_handlers handlers;
	size_t door_count, count;
	int (*places)[GARAGE_LINES]; /* in the arrays below; SIMULATOR_NONE: the door has no such line */
	struct gpio_line *lines;
	char (*consumers)[CONSUMER_MAX];
	struct {
		uint8_t door, role;
	} owners[GPIO_LINES_MAX];
};

static_assert(DOORS_MAX <= UINT8_MAX, "a door fits into owners");

const char *const garage_role_names[GARAGE_LINES] = {
		[DOOR_LINE_TOGGLE] = "relay",
		[DOOR_LINE_OPEN] = "open relay",
		[DOOR_LINE_CLOSE] = "close relay",
		[DOOR_LINE_STOP] = "stop relay",
		[DOOR_LINE_WARNING] = "close warning",
		[GARAGE_SENSOR_LINES + DOOR_SENSOR_CLOSED] = "closed sensor",
		[GARAGE_SENSOR_LINES + DOOR_SENSOR_OPEN] = "open sensor",
		[GARAGE_SENSOR_LINES + DOOR_SENSOR_OBSTRUCTION] = "obstruction sensor",
		[GARAGE_SENSOR_LINES + DOOR_SENSOR_LOCKOUT] = "lock-out sensor",
};

static const char *const line_meanings[GARAGE_LINES][2] = {
		[DOOR_LINE_TOGGLE] = {"Off.", "On."},
		[DOOR_LINE_OPEN] = {"Off.", "On."},
		[DOOR_LINE_CLOSE] = {"Off.", "On."},
		[DOOR_LINE_STOP] = {"Off.", "On."},
		[DOOR_LINE_WARNING] = {"Off.", "On."},
		[GARAGE_SENSOR_LINES + DOOR_SENSOR_CLOSED] = {"The door is not closed.", "The door is closed."},
		[GARAGE_SENSOR_LINES + DOOR_SENSOR_OPEN] = {"The door is not open.", "The door is open."},
		[GARAGE_SENSOR_LINES + DOOR_SENSOR_OBSTRUCTION] = {"The way is clear.", "Something is in the way."},
		[GARAGE_SENSOR_LINES + DOOR_SENSOR_LOCKOUT] = {"The door is free.", "The door is locked out."},
};

static void lines_add(struct lines *lines, size_t door, const char *id, int role, const struct garage_line_config *from)
{
	size_t place = lines->count++;
	struct gpio_line *line = &lines->lines[place];
	snprintf(lines->consumers[place], CONSUMER_MAX, "%s %s", id, garage_role_names[role]);
	*line = (struct gpio_line){
			.offset = from->offset,
			.direction = role < GARAGE_SENSOR_LINES ? GPIO_OUTPUT : GPIO_INPUT,
			.active_low = from->active_low,
			.bias = from->bias,
			.consumer = lines->consumers[place],
			.meanings = {line_meanings[role][0], line_meanings[role][1]},
	};
	if (from->name)
		snprintf(line->name, sizeof(line->name), "%s", from->name);
	lines->owners[place].door = (uint8_t)door;
	lines->owners[place].role = (uint8_t)role;
	lines->places[door][role] = (int)place;
}

int lines_new(const struct garage_door_config *doors, size_t count, struct lines **out)
{
	size_t present = 0;
	for (size_t i = 0; i < count; i++)
		for (int role = 0; role < GARAGE_LINES; role++)
			present += doors[i].lines[role].present;
	struct lines *lines = calloc(1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	lines->door_count = count;
	lines->places = calloc(count, sizeof(*lines->places));
	lines->lines = calloc(present, sizeof(*lines->lines));
	lines->consumers = calloc(present, sizeof(*lines->consumers));
	if (!lines->places || !lines->lines || !lines->consumers || present > GPIO_LINES_MAX || count > DOORS_MAX) {
		lines_free(lines);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		for (int role = 0; role < GARAGE_LINES; role++) {
			lines->places[i][role] = SIMULATOR_NONE;
			if (doors[i].lines[role].present)
				lines_add(lines, i, doors[i].id, role, &doors[i].lines[role]);
		}
	*out = lines;
	return 0;
}

void lines_free(struct lines *lines)
{
	if (!lines)
		return;
	gpio_close(lines->gpio);
	free(lines->consumers);
	free(lines->lines);
	free(lines->places);
	free(lines);
}

static void lines_edge(void *user, size_t line, bool active, int64_t at_ms)
{
	const struct lines *lines = user;
	enum door_sensor sensor = (enum door_sensor)(lines->owners[line].role - GARAGE_SENSOR_LINES);
	lines->handlers.edge(lines->handlers.user, lines->owners[line].door, sensor, active, at_ms);
}

static void lines_lost(void *user, int error)
{
	const struct lines *lines = user;
	lines->handlers.lost(lines->handlers.user, error);
}

int lines_open(struct lines *lines, struct loop *loop, const struct log *log, const char *chip,
		const struct lines_handlers *handlers)
{
	const struct gpio_handlers own = {.edge = lines_edge, .lost = lines_lost, .user = lines};
	char error[GPIO_ERROR_MAX] = "";
	lines->handlers = *handlers;
	int failed = gpio_open_libgpiod(loop, log, chip, lines->lines, lines->count, &own, &lines->gpio, error);
	if (failed < 0)
		log_error(log, "GPIO: %s", error);
	return failed;
}

static const enum simulator_press model_presses[] = {
		[DOOR_PRESS_STOP] = SIMULATOR_STOP,
		[DOOR_PRESS_REVERSE] = SIMULATOR_REVERSE,
		[DOOR_PRESS_IGNORE] = SIMULATOR_IGNORE,
		[DOOR_PRESS_CONTINUE] = SIMULATOR_CONTINUE,
};

static struct simulator_door model_door(const int places[static GARAGE_LINES], const struct door_config *machine)
{
	return (struct simulator_door){
			.toggle_relay = places[DOOR_LINE_TOGGLE],
			.open_relay = places[DOOR_LINE_OPEN],
			.close_relay = places[DOOR_LINE_CLOSE],
			.stop_relay = places[DOOR_LINE_STOP],
			.closed_sensor = places[GARAGE_SENSOR_LINES + DOOR_SENSOR_CLOSED],
			.open_sensor = places[GARAGE_SENSOR_LINES + DOOR_SENSOR_OPEN],
			.obstruction_sensor = places[GARAGE_SENSOR_LINES + DOOR_SENSOR_OBSTRUCTION],
			.lockout_sensor = places[GARAGE_SENSOR_LINES + DOOR_SENSOR_LOCKOUT],
			.while_opening = model_presses[machine->opener.while_opening],
			.while_closing = model_presses[machine->opener.while_closing],
			.after_stop = model_presses[machine->opener.after_stop],
			.open_ms = machine->open_time_ms,
			.close_ms = machine->close_time_ms,
	};
}

int lines_open_simulated(struct lines *lines, struct loop *loop, const struct log *log,
		const struct door_config *const *machines, const struct lines_handlers *handlers)
{
	const struct gpio_handlers own = {.edge = lines_edge, .lost = lines_lost, .user = lines};
	struct simulator_door models[DOORS_MAX];
	lines->handlers = *handlers;
	for (size_t i = 0; i < lines->door_count; i++)
		models[i] = model_door(lines->places[i], machines[i]);
	int failed = gpio_open_simulated(
			loop, log, lines->lines, lines->count, models, lines->door_count, &own, &lines->gpio);
	if (failed < 0)
		log_error(log, "GPIO: the simulator cannot start: %s", strerror(-failed));
	else
		log_warning(log, "the doors are simulated: no relay will move (gpio.backend)");
	return failed;
}

bool lines_has(const struct lines *lines, size_t door, int role)
{
	return lines->places[door][role] >= 0;
}

int lines_set(struct lines *lines, size_t door, enum door_line line, bool active)
{
	int place = lines->places[door][line];
	return place < 0 ? -ENXIO : gpio_set(lines->gpio, (size_t)place, active);
}

int lines_get(const struct lines *lines, size_t door, int role, bool *active)
{
	int place = lines->places[door][role];
	return place < 0 ? -ENXIO : gpio_get(lines->gpio, (size_t)place, active);
}

void lines_catch_up(struct lines *lines)
{
	gpio_catch_up(lines->gpio);
}

int lines_poke(struct lines *lines, size_t door, const char *poke)
{
	return simulator_poke(lines->gpio, door, poke);
}

uint64_t lines_edges_dropped(const struct lines *lines)
{
	struct gpio_status status;
	gpio_status(lines->gpio, &status);
	return status.edges_dropped;
}

const struct gpio_line *lines_line(const struct lines *lines, size_t door, int role)
{
	return &lines->lines[lines->places[door][role]];
}

int lines_note(const struct lines *lines, const char *path, const char *run, const char *chip)
{
	return gpio_note(path, run, chip, lines->lines, lines->count);
}

int lines_release(const struct lines *lines, const char *chip, char error[static GPIO_ERROR_MAX])
{
	return gpio_release(chip, lines->lines, lines->count, error);
}

int lines_watch(const struct lines *lines, struct loop *loop, const struct log *log, const char *chip, FILE *out,
		char error[static GPIO_ERROR_MAX])
{
	return gpio_watch(loop, log, chip, lines->lines, lines->count, out, error);
}
