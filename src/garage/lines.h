/*
 * The lines of the doors: which line of the chip drives or hears what, on real hardware or in the simulator.
 *
 * A role is a place in struct garage_door_config.lines. Loop thread only; nothing here blocks.
 */
#ifndef PORTCULLIS_GARAGE_LINES_H
#define PORTCULLIS_GARAGE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/log.h"
#include "base/loop.h"
#include "door/door.h"
#include "garage/config.h"
#include "gpio/gpio.h"

struct lines_handlers {
	/* As in gpio_handlers. */
	void (*edge)(void *user, size_t door, enum door_sensor sensor, bool active, int64_t at_ms);
	void (*lost)(void *user, int error);
	void *user;
};

struct lines;

/* Touches no line. doors is read only here; the strings in it are copied. 0, or -ENOMEM, also for
 * more than DOORS_MAX doors or GPIO_LINES_MAX lines. Freed with lines_free. */
int lines_new(const struct garage_door_config *doors, size_t count, struct lines **lines);
/* Puts every output to inactive. Takes NULL. */
void lines_free(struct lines *lines);

/* 0, or -errno, which has been logged. handlers are copied. */
int lines_open(struct lines *lines, struct loop *loop, const struct log *log, const char *chip,
		const struct lines_handlers *handlers);
/* The same with a model of openers and doors, by the openers' tables and travel times of machines, one for each door. */
int lines_open_simulated(struct lines *lines, struct loop *loop, const struct log *log,
		const struct door_config *const *machines, const struct lines_handlers *handlers);

bool lines_has(const struct lines *lines, size_t door, int role);
/* Outputs. 0, -ENXIO when the door has no such line, or -errno. */
int lines_set(struct lines *lines, size_t door, enum door_line line, bool active);
int lines_get(const struct lines *lines, size_t door, int role, bool *active); /* any line; the same results */
void lines_catch_up(struct lines *lines);                                      /* gpio_catch_up */
int lines_poke(struct lines *lines, size_t door, const char *poke);            /* simulator_poke */
uint64_t lines_edges_dropped(const struct lines *lines);

/* The line as the chip has it. The door has the role. */
const struct gpio_line *lines_line(const struct lines *lines, size_t door, int role);

/* On lines that are not open: gpio_note, and for --release and --watch gpio_release and gpio_watch. */
int lines_note(const struct lines *lines, const char *path, const char *run, const char *chip);
int lines_release(const struct lines *lines, const char *chip, char error[static GPIO_ERROR_MAX]);
int lines_watch(const struct lines *lines, struct loop *loop, const struct log *log, const char *chip, FILE *out,
		char error[static GPIO_ERROR_MAX]);

#endif
