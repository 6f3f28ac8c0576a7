/*
 * The face of the room hands each call to the backend that the lines were opened with. Beside it stand the two modes
 * that open lines for a moment: putting relays to rest, and watching inputs.
 */
#include "gpio/gpio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "gpio/backend.h"

void gpio_close(struct gpio *gpio)
{
	if (gpio)
		gpio->backend->close(gpio);
}

int gpio_set(struct gpio *gpio, size_t line, bool active)
{
	return line < gpio->count ? gpio->backend->set(gpio, line, active) : -EINVAL;
}

int gpio_get(struct gpio *gpio, size_t line, bool *active)
{
	return line < gpio->count ? gpio->backend->get(gpio, line, active) : -EINVAL;
}

void gpio_catch_up(struct gpio *gpio)
{
	if (gpio->backend->catch_up)
		gpio->backend->catch_up(gpio);
}

void gpio_status(const struct gpio *gpio, struct gpio_status *status)
{
	*status = gpio->status;
}

/* The lines of one direction, in a copy that the caller frees; NULL when memory is short. */
static struct gpio_line *select_lines(
		const struct gpio_line *lines, size_t count, enum gpio_direction direction, size_t *selected)
{
	struct gpio_line *some = calloc(count + 1, sizeof(*some));
	*selected = 0;
	for (size_t i = 0; some && i < count; i++)
		if (lines[i].direction == direction)
			some[(*selected)++] = lines[i];
	return some;
}

static void ignore_edge(void *user, size_t line, bool active, int64_t at_ms)
{
	(void)user, (void)line, (void)active, (void)at_ms;
}

static void ignore_lost(void *user, int error)
{
	(void)user, (void)error;
}

/* Each line on its own: one that cannot be had keeps no other from its rest. */
int gpio_release(const char *chip, const struct gpio_line *lines, size_t count, char error[static GPIO_ERROR_MAX])
{
	struct log log;
	struct loop *loop = NULL;
	const struct gpio_handlers handlers = {.edge = ignore_edge, .lost = ignore_lost};
	int result = loop_new(&loop);

	log_init(&log);
	if (result < 0)
		snprintf(error, GPIO_ERROR_MAX, "out of memory or descriptors");
	for (size_t i = 0; i < count && loop; i++) {
		struct gpio *gpio = NULL;
		char reason[GPIO_ERROR_MAX];
		if (lines[i].direction != GPIO_OUTPUT)
			continue;
		int failed = gpio_open_libgpiod(loop, &log, chip, &lines[i], 1, &handlers, &gpio, reason);
		gpio_close(gpio);
		if (failed < 0 && result == 0) {
			result = failed;
			snprintf(error, GPIO_ERROR_MAX, "%s", reason);
		}
	}
	loop_free(loop);
	return result;
}

struct watch {
	struct loop *loop;
	const struct gpio_line *lines;
	FILE *out;
	int lost;
};

static void print_level(struct watch *watch, size_t index, bool active, int64_t wall_ms)
{
	const struct gpio_line *line = &watch->lines[index];
	char name[GPIO_LINE_NAME_MAX + 1], time[UTC_BYTES];
	const char *meaning = line->meanings[active];

	utc_print(wall_ms, time);
	if (line->name[0])
		snprintf(name, sizeof(name), "%s", line->name);
	else
		snprintf(name, sizeof(name), "offset %u", line->offset);
	fprintf(watch->out, "%s  %-10s %-24s %-8s %s%s\n", time + strlen("2026-11-22T"), name,
			line->consumer ? line->consumer : "", active ? "active" : "inactive",
			active != line->active_low ? "(high) " : "(low)  ", meaning ? meaning : "");
	if (fflush(watch->out) != 0)
		loop_stop(watch->loop);
}

static void watch_edge(void *user, size_t line, bool active, int64_t at_ms)
{
	print_level(user, line, active, loop_wall_ms() - (loop_now_ms() - at_ms));
}

static void watch_lost(void *user, int error)
{
	struct watch *watch = user;
	watch->lost = error;
	loop_stop(watch->loop);
}

int gpio_watch(struct loop *loop, const struct log *log, const char *chip, const struct gpio_line *lines, size_t count,
		FILE *out, char error[static GPIO_ERROR_MAX])
{
	struct watch watch = {.loop = loop, .out = out};
	const struct gpio_handlers handlers = {.edge = watch_edge, .lost = watch_lost, .user = &watch};
	struct gpio *gpio = NULL;
	size_t inputs;
	struct gpio_line *some = select_lines(lines, count, GPIO_INPUT, &inputs);
	int result = !some ? -ENOMEM : inputs == 0 ? -ENODATA : 0;

	if (result < 0)
		snprintf(error, GPIO_ERROR_MAX, "%s",
				some ? "the configuration has no sensor: nothing to watch" : "out of memory");
	else
		result = gpio_open_libgpiod(loop, log, chip, some, inputs, &handlers, &gpio, error);
	watch.lines = some;
	for (size_t i = 0; result == 0 && i < inputs; i++) {
		bool active;
		result = gpio_get(gpio, i, &active);
		if (result == 0)
			print_level(&watch, i, active, loop_wall_ms());
		else
			snprintf(error, GPIO_ERROR_MAX, "reading a line failed: is the GPIO chip still there?");
	}
	if (result == 0)
		result = loop_run(loop);
	if (watch.lost < 0) {
		result = watch.lost;
		snprintf(error, GPIO_ERROR_MAX, "the GPIO chip went away");
	}
	gpio_close(gpio);
	free(some);
	return result;
}
