/*
 * The GPIO lines of the agent: relays and warning lights (outputs), contacts (inputs).
 *
 * Two backends stand behind this face: libgpiod (the kernel's character device) and simulated (a model of opener and
 * door). Lines are numbered by their place in the array handed to gpio_open; "active" is the logical level: a relay
 * that is on, a contact that says what it is there to say. Loop thread only; nothing here blocks.
 */
#ifndef PORTCULLIS_GPIO_GPIO_H
#define PORTCULLIS_GPIO_GPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/loop.h"

#define GPIO_LINE_NAME_MAX 31
#define GPIO_LINES_MAX 448 /* 64 doors of three relays, a warning light and three contacts */
#define GPIO_ERROR_MAX 256

enum gpio_direction { GPIO_OUTPUT, GPIO_INPUT };
enum gpio_bias { GPIO_BIAS_AS_IS, GPIO_BIAS_PULL_UP, GPIO_BIAS_PULL_DOWN, GPIO_BIAS_DISABLED };

struct gpio_line {
	char name[GPIO_LINE_NAME_MAX + 1]; /* the line's name on the chip; "" = use offset */
	unsigned offset;
	enum gpio_direction direction;
	bool active_low;                   /* applied here: everybody else sees logical levels */
	enum gpio_bias bias;               /* inputs */
	const char *consumer;              /* shown by gpioinfo, for instance "portcullis left relay"; borrowed */
};

struct gpio;

/* An input's new logical level, with the kernel's time stamp of the edge as CLOCK_MONOTONIC milliseconds. */
typedef void gpio_edge_fn(void *user, size_t line, bool active, int64_t at_ms);

/*
 * Requests all lines: each output together with its inactive level in one call, so that no relay clicks; inputs with
 * edge detection. chip: a path, a name (gpiochip0), a label, or NULL for the first whose label starts with "pinctrl-".
 * On failure returns -errno with a sentence that says what was wrong and what to do in error: no chip (with those that
 * there are), no such line, in use (by whom), no permission (which group). The caller frees with gpio_close.
 */
int gpio_open_libgpiod(struct loop *loop, const struct log *log, const char *chip, const struct gpio_line *lines,
		size_t count, gpio_edge_fn *edge, void *user, struct gpio **gpio, char error[static GPIO_ERROR_MAX]);

/* Puts every output to inactive and releases the lines. Takes NULL. */
void gpio_close(struct gpio *gpio);

int gpio_set(struct gpio *gpio, size_t line, bool active);   /* an output; 0 or -errno */
int gpio_get(struct gpio *gpio, size_t line, bool *active);  /* the level now; 0 or -errno */

#endif
