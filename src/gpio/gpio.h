/*
 * The GPIO lines of the agent: relays and warning lights (outputs), contacts (inputs).
 *
 * There are two backends: libgpiod (the kernel's character device) and simulated (a model of opener and door,
 * simulated.h). A line's number is its place in the array that was passed to the opening function. "active" is the
 * logical level: a relay that is on, a contact that says what its sensor is named after. Loop thread only. Nothing here
 * blocks, except gpio_watch, which runs the loop.
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
	bool active_low;      /* applied in this room: all others see logical levels */
	enum gpio_bias bias;  /* inputs */
	const char *consumer; /* what uses the line, for errors and --watch: "left relay"; borrowed */
	/* For --watch: what an input says when inactive [0] and active [1]; borrowed, or NULL. */
	const char *meanings[2];
};

/*
 * What is reported while the lines are open. These are called from the loop or from inside gpio_catch_up, never from
 * inside another function of this header.
 */
struct gpio_handlers {
	/* An input's logical level, with the time of the edge on the loop's clock. After a bounce the level may be the
	   one that was reported before. When the kernel had to drop edges, the levels are read again and reported. */
	void (*edge)(void *user, size_t line, bool active, int64_t at_ms);
	/* The chip is gone; error is -errno. No edge comes any more. gpio_get and gpio_set to active return -ENODEV.
	   gpio_set to inactive is still tried. What the outputs do is unknown. Only gpio_close and opening again help. */
	void (*lost)(void *user, int error);
	void *user;
};

struct gpio;

/*
 * Requests all lines. Outputs come first, each together with its inactive value: no relay clicks, and a relay that a
 * dead agent left on is released. Inputs follow, with edge detection. No edge is reported for the level at the start:
 * ask gpio_get.
 *
 * chip: a path, a name (gpiochip0), a label, or NULL for the first whose label starts with "pinctrl-". On these chips,
 * a Raspberry Pi's, GPIOn also finds the line at offset n whatever name the kernel gives it (GPIO4 is often GPIO_GCLK).
 *
 * Returns 0 or -errno. On failure error holds a sentence that says what was wrong and what to do: no chip (and which
 * there are), no such line, in use (and by whom), no permission (and which group has it). lines and the strings in it
 * are borrowed until gpio_close; handlers are copied. The caller frees with gpio_close. lost may call gpio_close, edge
 * must not.
 */
int gpio_open_libgpiod(struct loop *loop, const struct log *log, const char *chip, const struct gpio_line *lines,
		size_t count, const struct gpio_handlers *handlers, struct gpio **gpio,
		char error[static GPIO_ERROR_MAX]);

/* Puts every output to inactive and releases the lines. Takes NULL. */
void gpio_close(struct gpio *gpio);

int gpio_set(struct gpio *gpio, size_t line, bool active);  /* 0 or -errno: -EINVAL for an input or no such line */
int gpio_get(struct gpio *gpio, size_t line, bool *active); /* the level now, of any line; 0 or -errno */

/*
 * Reports the edges that wait in the kernel, at most one read's worth of each request. For a caller that is about to
 * act on what the sensors said last. Calls edge and lost; must not be called from inside them.
 */
void gpio_catch_up(struct gpio *gpio);

struct gpio_status {
	uint64_t edges_dropped; /* by the kernel, whose queue was full */
};

void gpio_status(const struct gpio *gpio, struct gpio_status *status);

/*
 * --release: requests every output of lines at its inactive value and gives it back; inputs are not touched. Raspberry
 * Pi OS keeps the level of a line that nobody holds, so the relays stay at rest. Another kernel may make the line an
 * input again; then its pull decides, as it did before. Returns 0, or -errno with a sentence in error as
 * gpio_open_libgpiod does, -EBUSY while an agent holds the lines. One line that fails does not keep the others from
 * being released; the result is the first failure.
 */
int gpio_release(const char *chip, const struct gpio_line *lines, size_t count, char error[static GPIO_ERROR_MAX]);

/*
 * So that --release, after an agent's end, knows what that agent drove, whatever the configuration has become since:
 * gpio_note writes the chip and the outputs of lines to a new file at path, in the place of what is there. gpio_release_noted
 * does with them what gpio_release does and returns the same; or 1 where there is no whole note of the same run, and then
 * it has done nothing. Both block as a file does. gpio_note returns 0 or -errno. Names, chip and run hold no line end.
 */
int gpio_note(const char *path, const char *run, const char *chip, const struct gpio_line *lines, size_t count);
int gpio_release_noted(const char *path, const char *run, char error[static GPIO_ERROR_MAX]);

/*
 * --list-lines: prints every chip, and each of its lines with name, direction and user. 0, or -errno with a sentence.
 */
int gpio_list_lines(FILE *out, char error[static GPIO_ERROR_MAX]);

/*
 * --watch: prints the level of each input of lines, then each edge. Runs the loop and returns after loop_stop, which
 * the caller's signal callback calls. Outputs are not touched. Returns 0, or -errno with a sentence: -EBUSY while an
 * agent holds the lines, -ENODATA when there is no input.
 */
int gpio_watch(struct loop *loop, const struct log *log, const char *chip, const struct gpio_line *lines, size_t count,
		FILE *out, char error[static GPIO_ERROR_MAX]);

#endif
