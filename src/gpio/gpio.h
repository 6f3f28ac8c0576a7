/*
 * The GPIO lines of the agent: relays and warning lights (outputs), contacts (inputs).
 *
 * Two backends stand behind this face: libgpiod (the kernel's character device) and simulated (a model of opener and
 * door, simulated.h). Lines are numbered by their place in the array handed to the opening function; "active" is the
 * logical level: a relay that is on, a contact that says what it is there to say. Loop thread only; nothing here
 * blocks.
 */
#ifndef PORTCULLIS_GPIO_GPIO_H
#define PORTCULLIS_GPIO_GPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/log.h"
#include "base/loop.h"

#define GPIO_LINE_NAME_MAX 31
#define GPIO_LINES_MAX 448 /* 64 doors of three relays, a warning light and three contacts */
#define GPIO_ERROR_MAX 512 /* an error sentence names the chips that there are */

enum gpio_direction { GPIO_OUTPUT, GPIO_INPUT };
enum gpio_bias { GPIO_BIAS_AS_IS, GPIO_BIAS_PULL_UP, GPIO_BIAS_PULL_DOWN, GPIO_BIAS_DISABLED };

struct gpio_line {
	char name[GPIO_LINE_NAME_MAX + 1]; /* the line's name on the chip; "" = use offset */
	unsigned offset;
	enum gpio_direction direction;
	bool active_low;         /* applied here: everybody else sees logical levels */
	enum gpio_bias bias;     /* inputs */
	const char *consumer;    /* whose line it is, in errors and by --watch: "left relay"; borrowed */
	const char *meanings[2]; /* of an input that is inactive, and active, by --watch; borrowed, or NULL */
};

/*
 * What the lines say while they are open. Called from the loop, or from gpio_catch_up; never from inside another
 * function of this face.
 */
struct gpio_handlers {
	/* An input's logical level, with the kernel's time stamp of the edge, by the loop's clock. An input
	   that bounced may report the level that it had before. Edges that the kernel had to drop are made up for by
	   reading the levels again. */
	void (*edge)(void *user, size_t line, bool active, int64_t at_ms);
	/* The chip went away (-errno in error): no edge comes any more, gpio_get and gpio_set to active return -ENODEV,
	   to inactive is still tried, what the outputs do is unknown. Only gpio_close and opening again help. */
	void (*lost)(void *user, int error);
	void *user;
};

struct gpio;

/*
 * Requests all lines: outputs first, together with their inactive value, so that no relay clicks and one that a dead
 * agent left on falls; then inputs with edge detection. No edge is reported for the level at the start: ask gpio_get.
 *
 * chip: a path, a name (gpiochip0), a label, or NULL for the first whose label starts with "pinctrl-". On these chips,
 * a Raspberry Pi's, GPIOn also finds the line at offset n whatever name the kernel gives it (GPIO4 is often GPIO_GCLK).
 *
 * On failure returns -errno with a sentence that says what was wrong and what to do in error: no chip (with those that
 * there are), no such line, in use (by whom), no permission (which group). lines (with the strings in it) is borrowed
 * until gpio_close, handlers are copied. The caller frees with gpio_close, which lost may call, but not edge.
 */
int gpio_open_libgpiod(struct loop *loop, const struct log *log, const char *chip, const struct gpio_line *lines,
		size_t count, const struct gpio_handlers *handlers, struct gpio **gpio,
		char error[static GPIO_ERROR_MAX]);

/* Puts every output to inactive and releases the lines. Takes NULL. */
void gpio_close(struct gpio *gpio);

int gpio_set(struct gpio *gpio, size_t line, bool active);  /* an output; 0 or -errno */
int gpio_get(struct gpio *gpio, size_t line, bool *active); /* the level now; 0 or -errno */

/*
 * Reports the edges that wait in the kernel, of each request as many as are read at a time: for who is about to act on
 * what the sensors said last. May call edge and lost; not from inside those.
 */
void gpio_catch_up(struct gpio *gpio);

struct gpio_status {
	uint64_t edges_dropped; /* by the kernel, whose queue was full */
};

void gpio_status(const struct gpio *gpio, struct gpio_status *status);

/*
 * --release: requests every output of lines at its inactive value and lets go; inputs are not touched. Raspberry Pi OS
 * keeps the level of a line whose owner is gone, so the relays stay at rest; where the kernel makes it an input again,
 * they were at rest already as far as its pull goes. Fails like gpio_open_libgpiod, with -EBUSY while an agent holds
 * the lines; what can be released is, and error is of the first that cannot.
 */
int gpio_release(const char *chip, const struct gpio_line *lines, size_t count, char error[static GPIO_ERROR_MAX]);

/* --list-lines: every chip, and each of its lines with name, direction and user. 0 or -errno and a sentence. */
int gpio_list_lines(FILE *out, char error[static GPIO_ERROR_MAX]);

/*
 * --watch: prints the level of each input of lines, then each edge, until loop_stop (from the caller's signal handler);
 * outputs are not touched. Runs the loop itself. 0, or -errno and a sentence; -EBUSY while an agent holds the lines.
 */
int gpio_watch(struct loop *loop, const struct log *log, const char *chip, const struct gpio_line *lines, size_t count,
		FILE *out, char error[static GPIO_ERROR_MAX]);

#endif
