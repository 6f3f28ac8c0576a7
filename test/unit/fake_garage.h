/*
 * A garage of two doors with a fake chip and a clock that the test moves. The left door has an opener with one button, a
 * warning light and all contacts; it reaches its ends by itself. The right one has a relay and a closed contact, and
 * stands still. A test that includes this defines the functions of gpio/ itself, so the linker leaves the real ones out.
 */
#ifndef PORTCULLIS_TEST_FAKE_GARAGE_H
#define PORTCULLIS_TEST_FAKE_GARAGE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_loop.h"
#include "garage/garage.h"
#include "gpio/simulated.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* ---- The chip: an opener with one button, and two ends that the door reaches ---- */

enum { LEFT_RELAY, LEFT_WARNING, LEFT_CLOSED, LEFT_OPEN, LEFT_OBSTRUCTION, RIGHT_RELAY, RIGHT_CLOSED, LINES };

static struct {
	struct gpio_handlers handlers;
	bool levels[LINES];
	int failure;      /* of each gpio_set */
	int deaf;         /* of each gpio_get */
	int catch_ups;    /* times that the edges which wait were asked for */
	int presses;      /* that the opener has heard */
	int motion;       /* of the left door: 1 up, -1 down */
	bool broken;      /* the opener hears nothing */
	bool closed_once; /* gpio_close was called with every relay off */
	int64_t slow_ms;  /* that each gpio_set takes */
	struct loop_timer leave, arrive;
} chip;

static void chip_edge(size_t line, bool active)
{
	chip.levels[line] = active;
	chip.handlers.edge(chip.handlers.user, line, active, fake_now_ms);
}

static void chip_leave(struct loop_timer *timer, int64_t now_ms)
{
	(void)timer, (void)now_ms;
	chip_edge(chip.motion > 0 ? LEFT_CLOSED : LEFT_OPEN, false);
}

static void chip_arrive(struct loop_timer *timer, int64_t now_ms)
{
	(void)timer, (void)now_ms;
	chip_edge(chip.motion > 0 ? LEFT_OPEN : LEFT_CLOSED, true);
	chip.motion = 0;
}

/* A press of the opener's button at an end: by the relay, or on the wall. */
static void chip_press(void)
{
	chip.presses++;
	if (chip.broken)
		return;
	chip.motion = chip.levels[LEFT_CLOSED] ? 1 : -1;
	chip.leave.expired = chip_leave;
	chip.arrive.expired = chip_arrive;
	loop_timer_set(&fake_loop, &chip.leave, fake_now_ms + 300);
	loop_timer_set(&fake_loop, &chip.arrive, fake_now_ms + 12 * SECOND);
}

int gpio_open_libgpiod(struct loop *loop, const struct log *log, const char *name, const struct gpio_line *lines,
		size_t count, const struct gpio_handlers *handlers, struct gpio **gpio,
		char error[static GPIO_ERROR_MAX])
{
	(void)loop, (void)log, (void)name, (void)error;
	memset(&chip, 0, sizeof(chip));
	chip.handlers = *handlers;
	chip.levels[LEFT_CLOSED] = chip.levels[RIGHT_CLOSED] = true;
	*gpio = (struct gpio *)&chip;
	bool as_meant = count == LINES && strcmp(lines[RIGHT_CLOSED].consumer, "right closed sensor") == 0;
	for (size_t i = 0; i < count; i++)
		as_meant &= lines[i].direction == (strstr(lines[i].consumer, " sensor") ? GPIO_INPUT : GPIO_OUTPUT);
	return as_meant ? 0 : -EINVAL;
}

/* What the simulator was opened with. */
static struct {
	struct gpio_handlers handlers;
	const struct gpio_line *lines;
	struct simulator_door doors[2];
	size_t count, door_count;
	int failure;
} simulator;

int gpio_open_simulated(struct loop *loop, const struct log *log, const struct gpio_line *lines, size_t count,
		const struct simulator_door *doors, size_t door_count, const struct gpio_handlers *handlers,
		struct gpio **gpio)
{
	(void)loop, (void)log;
	simulator.handlers = *handlers;
	simulator.lines = lines;
	simulator.count = count;
	simulator.door_count = door_count;
	for (size_t i = 0; i < door_count && i < 2; i++)
		simulator.doors[i] = doors[i];
	*gpio = simulator.failure < 0 ? NULL : (struct gpio *)&chip;
	return simulator.failure;
}

void gpio_close(struct gpio *gpio)
{
	if (gpio)
		chip.closed_once = !chip.levels[LEFT_RELAY] && !chip.levels[RIGHT_RELAY];
}

int gpio_set(struct gpio *gpio, size_t line, bool active)
{
	(void)gpio;
	if (chip.failure < 0)
		return chip.failure;
	fake_now_ms += chip.slow_ms;
	if (line == LEFT_RELAY && active && !chip.levels[line])
		chip_press();
	chip.levels[line] = active;
	return 0;
}

int gpio_get(struct gpio *gpio, size_t line, bool *active)
{
	(void)gpio;
	if (chip.deaf == 0)
		*active = chip.levels[line];
	return chip.deaf;
}

void gpio_catch_up(struct gpio *gpio)
{
	(void)gpio;
	chip.catch_ups++;
}

void gpio_status(const struct gpio *gpio, struct gpio_status *status)
{
	(void)gpio;
	*status = (struct gpio_status){.edges_dropped = 7};
}

int gpio_release(const char *name, const struct gpio_line *lines, size_t count, char error[static GPIO_ERROR_MAX])
{
	(void)name, (void)lines, (void)count, (void)error;
	return -ENOTSUP;
}

int gpio_watch(struct loop *loop, const struct log *log, const char *name, const struct gpio_line *lines, size_t count,
		FILE *out, char error[static GPIO_ERROR_MAX])
{
	(void)loop, (void)log, (void)name, (void)lines, (void)count, (void)out, (void)error;
	return -ENOTSUP;
}

int simulator_poke(struct gpio *gpio, size_t door, const char *poke)
{
	(void)gpio, (void)door, (void)poke;
	return -ENOTSUP;
}

static struct log quiet = {.level = LOG_ERROR};

static struct door_config left_machine(void)
{
	return (struct door_config){
			.lines = {[DOOR_LINE_TOGGLE] = true, [DOOR_LINE_WARNING] = true},
			.sensors = {true, true, true},
			.opener = {DOOR_PRESS_STOP, DOOR_PRESS_REVERSE, DOOR_PRESS_REVERSE},
			.pulse_ms = 500,
			.gap_ms = 500,
			.debounce_ms = 50,
			.open_time_ms = 15 * SECOND,
			.close_time_ms = 15 * SECOND,
			.warning_ms = 5 * SECOND,
			.auto_close_ms = 20 * MINUTE,
	};
}

static struct garage_past fake_pasts[2];

/* The garage with its lines open, for garage_start with fake_pasts. It is five o'clock. */
static struct garage *fake_garage_alive(const struct garage_past *past, struct alive *alive)
{
	static struct door_config left, right;
	struct garage *garage = NULL;
	left = left_machine();
	right = (struct door_config){
			.lines = {[DOOR_LINE_TOGGLE] = true},
			.sensors = {[DOOR_SENSOR_CLOSED] = true},
			.opener = left.opener,
			.pulse_ms = 500,
			.gap_ms = 500,
			.debounce_ms = 50,
			.open_time_ms = 15 * SECOND,
			.close_time_ms = 15 * SECOND,
	};
	struct garage_door_config doors[2] = {
			{.id = "left", .name = "Left", .device_class = "garage", .vent = 30, .machine = &left},
			{.id = "right", .name = "Right", .device_class = "garage", .area = "House", .machine = &right},
	};
	for (int role = 0; role < GARAGE_LINES; role++) {
		bool sensor = role >= GARAGE_SENSOR_LINES;
		doors[0].lines[role].present = sensor ? left.sensors[role - GARAGE_SENSOR_LINES] : left.lines[role];
		doors[1].lines[role].present = sensor ? right.sensors[role - GARAGE_SENSOR_LINES] : right.lines[role];
	}
	fake_loop.timers = NULL;
	fake_now_ms = 5 * HOUR;
	if (garage_new(&fake_loop, &quiet, alive, doors, 2, &garage) < 0)
		exit(1);
	if (garage_open(garage, false, NULL) < 0)
		exit(1);
	fake_pasts[0] = past ? *past : (struct garage_past){.state = DOOR_UNKNOWN};
	return garage;
}

static struct garage *fake_garage(const struct garage_past *past)
{
	return fake_garage_alive(past, NULL);
}

#endif
