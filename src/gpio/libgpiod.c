/*
 * Lines of a real chip. All lines of one direction are requested in one call, as far as the kernel's bound goes, so that
 * a relay's line and its level at rest are set together. Edges come with the kernel's own number; a gap in them means
 * that some were dropped, and then the levels are read again. A chip that is gone is lost for good.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/text.h"
#include "gpio/backend.h"
#include "gpio/chips.h"

#define CONSUMER "portcullis"
#define REQUEST_LINES_MAX 64 /* GPIO_V2_LINES_MAX of linux/gpio.h: what one call can request */
#define REQUESTS_MAX (GPIO_LINES_MAX / REQUEST_LINES_MAX + 1)
#define BATCH_MAX 64 /* edges in one turn of the loop */

/* Lines that were requested in one call. */
struct request {
	struct kernel *kernel;
	struct gpiod_line_request *handle;
	struct loop_source source;
	uint32_t next_seqno; /* of the kernel's edges, to notice those that it dropped */
	bool dropped;
	size_t count;
	uint16_t lines[REQUEST_LINES_MAX];
};

struct kernel {
	struct gpio gpio;
	struct loop *loop;
	const struct log *log;
	const struct gpio_line *lines;
	struct gpio_handlers handlers;
	struct gpiod_edge_event_buffer *batch;
	bool lost, drop_logged;
	size_t request_count;
	struct request requests[REQUESTS_MAX];
	unsigned offsets[GPIO_LINES_MAX];
	const struct request *request_of[GPIO_LINES_MAX];
};

/* "GPIO17 (left relay)" */
static const char *chip_line_text(const struct gpio_line *line, char text[static 128])
{
	if (line->name[0])
		snprintf(text, 128, "%s", line->name);
	else
		snprintf(text, 128, "offset %u", line->offset);
	if (line->consumer)
		text_append(text, 128, " (%.80s)", line->consumer);
	return text;
}

/* n of GPIOn, or -1. */
static int bcm_number(const char *name)
{
	int number = 0;
	if (strncmp(name, "GPIO", 4) != 0 || !name[4] || strlen(name) > 6)
		return -1;
	for (name += 4; *name; name++) {
		if (!isdigit((unsigned char)*name))
			return -1;
		number = number * 10 + (*name - '0');
	}
	return number;
}

/* Finds each line's offset, and that no two are the same. */
static int find_lines(struct kernel *kernel, struct gpiod_chip *chip, char *error)
{
	char text[128], other[128];
	struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
	if (!info)
		return gpio_fail_chip(gpiod_chip_get_path(chip), -errno, error);
	const char *name = gpiod_chip_info_get_name(info), *label = gpiod_chip_info_get_label(info);
	size_t size = gpiod_chip_info_get_num_lines(info);
	int result = 0;

	for (size_t i = 0; i < kernel->gpio.count && result == 0; i++) {
		const struct gpio_line *line = &kernel->lines[i];
		int offset = (int)line->offset;
		if (line->name[0]) {
			offset = gpiod_chip_get_line_offset_from_name(chip, line->name);
			if (offset < 0 && gpio_is_pi(label))
				offset = bcm_number(line->name);
		}
		if (offset < 0 || (size_t)offset >= size) {
			result = gpio_fail(error, -ENOENT,
					"%s [%s] has no line %s among its %zu: portcullis --list-lines shows their names",
					name, label, chip_line_text(line, text), size);
			break;
		}
		kernel->offsets[i] = (unsigned)offset;
		for (size_t j = 0; j < i && result == 0; j++)
			if (kernel->offsets[j] == kernel->offsets[i])
				result = gpio_fail(error, -EINVAL,
						"%s and %s are the same line of %s: each needs its own",
						chip_line_text(&kernel->lines[j], other), chip_line_text(line, text),
						name);
	}
	gpiod_chip_info_free(info);
	return result;
}

static int set_up(struct gpiod_line_settings *settings, const struct gpio_line *line)
{
	static const enum gpiod_line_bias biases[] = {
			[GPIO_BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
			[GPIO_BIAS_PULL_UP] = GPIOD_LINE_BIAS_PULL_UP,
			[GPIO_BIAS_PULL_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
			[GPIO_BIAS_DISABLED] = GPIOD_LINE_BIAS_DISABLED,
	};
	gpiod_line_settings_reset(settings);
	gpiod_line_settings_set_active_low(settings, line->active_low);
	if (line->direction == GPIO_OUTPUT)
		return gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT) |
		       gpiod_line_settings_set_output_value(settings, GPIOD_LINE_VALUE_INACTIVE);
	return gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT) |
	       gpiod_line_settings_set_bias(settings, biases[line->bias]) |
	       gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH) |
	       gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC);
}

/* Why the kernel refused a request. */
static int fail_request(const struct kernel *kernel, const struct request *request, struct gpiod_chip *chip, int code,
		char *error)
{
	char text[128], lines[GPIO_ERROR_MAX / 2] = "";
	for (size_t i = 0; i < request->count; i++) {
		const struct gpio_line *line = &kernel->lines[request->lines[i]];
		struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, kernel->offsets[request->lines[i]]);
		const char *user = info ? gpiod_line_info_get_consumer(info) : NULL;
		bool used = info && gpiod_line_info_is_used(info);
		text_append(lines, sizeof(lines), "%s%s", lines[0] ? ", " : "", chip_line_text(line, text));
		if (code == -EBUSY && used && user && strcmp(user, CONSUMER) == 0)
			gpio_fail(error, code, "line %s is in use by another portcullis: stop it first", text);
		else if (code == -EBUSY && used)
			gpio_fail(error, code,
					"line %s is in use by \"%s\": stop that program or kernel driver, or choose another line",
					text, user && *user ? user : "somebody without a name");
		gpiod_line_info_free(info);
		if (code == -EBUSY && used)
			return code;
	}
	if (code == -ENXIO || code == -EOPNOTSUPP || code == -ENODEV)
		return gpio_fail(error, code, "the kernel refused the lines %s: %s; the chip may be unable to %s",
				lines, strerror(-code),
				kernel->lines[request->lines[0]].direction == GPIO_INPUT ? "report their edges"
											 : "drive them");
	return gpio_fail(error, code, "the kernel refused the lines %s: %s", lines, strerror(-code));
}

static int request_lines(struct kernel *kernel, struct request *request, struct gpiod_chip *chip, char *error)
{
	struct gpiod_line_settings *settings = gpiod_line_settings_new();
	struct gpiod_line_config *lines = gpiod_line_config_new();
	struct gpiod_request_config *call = gpiod_request_config_new();
	int result = settings && lines && call ? 0 : gpio_fail(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < request->count && result == 0; i++) {
		size_t line = request->lines[i];
		if (set_up(settings, &kernel->lines[line]) < 0 ||
				gpiod_line_config_add_line_settings(lines, &kernel->offsets[line], 1, settings) < 0)
			result = gpio_fail(error, -errno, "cannot set up a GPIO line: %s", strerror(errno));
		kernel->request_of[line] = request;
	}
	if (result == 0) {
		gpiod_request_config_set_consumer(call, CONSUMER);
		request->handle = gpiod_chip_request_lines(chip, call, lines);
		if (!request->handle)
			result = fail_request(kernel, request, chip, -errno, error);
	}
	gpiod_request_config_free(call);
	gpiod_line_config_free(lines);
	gpiod_line_settings_free(settings);
	return result;
}

/* The chip is gone: nothing but closing helps, and the handler may do just that. */
static void lose_chip(struct kernel *kernel, int error)
{
	kernel->lost = true;
	for (size_t i = 0; i < kernel->request_count; i++)
		loop_remove(kernel->loop, &kernel->requests[i].source);
	kernel->handlers.lost(kernel->handlers.user, error);
}

static int read_level(struct kernel *kernel, size_t line, bool *active)
{
	enum gpiod_line_value value =
			gpiod_line_request_get_value(kernel->request_of[line]->handle, kernel->offsets[line]);
	if (value == GPIOD_LINE_VALUE_ERROR)
		return -errno;
	*active = value == GPIOD_LINE_VALUE_ACTIVE;
	return 0;
}

/* After edges were dropped, what the inputs say now. */
static int report_levels(struct kernel *kernel, struct request *request)
{
	if (!kernel->drop_logged)
		log_warning(kernel->log,
				"sensor edges came faster than they could be read and some were dropped; the levels are read again. A loose contact or a long cable without a pull-up does this");
	kernel->drop_logged = true;
	request->dropped = false;
	for (size_t i = 0; i < request->count; i++) {
		bool active = false;
		int error = read_level(kernel, request->lines[i], &active);
		if (error < 0)
			return error;
		kernel->handlers.edge(kernel->handlers.user, request->lines[i], active, loop_now_ms());
	}
	return 0;
}

static void report_edge(struct kernel *kernel, struct request *request, struct gpiod_edge_event *event)
{
	uint32_t seqno = (uint32_t)gpiod_edge_event_get_global_seqno(event);
	unsigned offset = gpiod_edge_event_get_line_offset(event);
	request->dropped |= seqno != request->next_seqno;
	kernel->gpio.status.edges_dropped += seqno - request->next_seqno;
	request->next_seqno = seqno + 1;
	for (size_t i = 0; i < request->count; i++)
		if (kernel->offsets[request->lines[i]] == offset)
			kernel->handlers.edge(kernel->handlers.user, request->lines[i],
					gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE,
					loop_from_monotonic_ms(
							(int64_t)(gpiod_edge_event_get_timestamp_ns(event) / 1000000)));
}

static void edges_came(struct loop_source *source, uint32_t events)
{
	struct request *request = source->user;
	struct kernel *kernel = request->kernel;
	int count = 0, error = 0;
	if (events & EPOLLIN) {
		count = gpiod_line_request_read_edge_events(request->handle, kernel->batch, BATCH_MAX);
		if (count < 0 && errno != EAGAIN && errno != EINTR)
			error = -errno;
	} else {
		error = -ENODEV;
	}
	for (int i = 0; i < count; i++)
		report_edge(kernel, request, gpiod_edge_event_buffer_get_event(kernel->batch, (unsigned long)i));
	/* Only once the kernel's queue is empty: an old edge must not follow a new level. */
	if (request->dropped && count < BATCH_MAX && error == 0)
		error = report_levels(kernel, request);
	if (error < 0)
		lose_chip(kernel, error);
}

static void kernel_catch_up(struct gpio *gpio)
{
	struct kernel *kernel = (struct kernel *)gpio;
	for (size_t i = 0; i < kernel->request_count && !kernel->lost; i++) {
		struct request *request = &kernel->requests[i];
		if (kernel->lines[request->lines[0]].direction == GPIO_INPUT &&
				gpiod_line_request_wait_edge_events(request->handle, 0) > 0)
			edges_came(&request->source, EPOLLIN);
	}
}

static int kernel_set(struct gpio *gpio, size_t line, bool active)
{
	struct kernel *kernel = (struct kernel *)gpio;
	if (kernel->lines[line].direction != GPIO_OUTPUT)
		return -EINVAL;
	if (kernel->lost && active)
		return -ENODEV;
	enum gpiod_line_value value = active ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
	if (gpiod_line_request_set_value(kernel->request_of[line]->handle, kernel->offsets[line], value) < 0)
		return -errno;
	return 0;
}

static int kernel_get(struct gpio *gpio, size_t line, bool *active)
{
	struct kernel *kernel = (struct kernel *)gpio;
	return kernel->lost ? -ENODEV : read_level(kernel, line, active);
}

static void kernel_close(struct gpio *gpio)
{
	static const enum gpiod_line_value inactive[REQUEST_LINES_MAX]; /* GPIOD_LINE_VALUE_INACTIVE is 0 */
	struct kernel *kernel = (struct kernel *)gpio;
	for (size_t i = 0; i < kernel->request_count; i++) {
		struct request *request = &kernel->requests[i];
		loop_remove(kernel->loop, &request->source);
		if (!request->handle)
			continue;
		if (kernel->lines[request->lines[0]].direction == GPIO_OUTPUT &&
				gpiod_line_request_set_values(request->handle, inactive) < 0 && !kernel->lost)
			log_error(kernel->log, "putting the relays to rest failed: %s", strerror(errno));
		gpiod_line_request_release(request->handle);
	}
	gpiod_edge_event_buffer_free(kernel->batch);
	free(kernel);
}

/* Shares the lines of one direction out to requests. */
static void plan_requests(struct kernel *kernel, enum gpio_direction direction)
{
	struct request *request = NULL;
	for (size_t i = 0; i < kernel->gpio.count; i++) {
		if (kernel->lines[i].direction != direction)
			continue;
		if (!request || request->count == REQUEST_LINES_MAX) {
			request = &kernel->requests[kernel->request_count++];
			request->kernel = kernel;
			request->next_seqno = 1;
		}
		request->lines[request->count++] = (uint16_t)i;
	}
}

static int watch_request(struct kernel *kernel, struct request *request)
{
	int fd = gpiod_line_request_get_fd(request->handle);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		return -errno;
	request->source = (struct loop_source){.fd = fd, .ready = edges_came, .user = request};
	return loop_add(kernel->loop, &request->source, EPOLLIN);
}

int gpio_open_libgpiod(struct loop *loop, const struct log *log, const char *chip, const struct gpio_line *lines,
		size_t count, const struct gpio_handlers *handlers, struct gpio **gpio,
		char error[static GPIO_ERROR_MAX])
{
	static const struct gpio_backend backend = {
			.set = kernel_set, .get = kernel_get, .catch_up = kernel_catch_up, .close = kernel_close};
	struct gpiod_chip *device = NULL;
	struct kernel *kernel;
	int result;
	if (count > GPIO_LINES_MAX)
		return gpio_fail(error, -E2BIG, "%zu GPIO lines are more than the %d that portcullis can hold", count,
				GPIO_LINES_MAX);
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return gpio_fail(error, -ENOMEM, "out of memory");
	kernel->gpio = (struct gpio){.backend = &backend, .count = count};
	kernel->loop = loop;
	kernel->log = log;
	kernel->lines = lines;
	kernel->handlers = *handlers;
	kernel->batch = gpiod_edge_event_buffer_new(BATCH_MAX);
	result = kernel->batch ? gpio_open_chip(chip, &device, error) : gpio_fail(error, -ENOMEM, "out of memory");
	if (result == 0)
		result = find_lines(kernel, device, error);
	if (result == 0) {
		plan_requests(kernel, GPIO_OUTPUT);
		plan_requests(kernel, GPIO_INPUT);
	}
	for (size_t i = 0; i < kernel->request_count && result == 0; i++) {
		result = request_lines(kernel, &kernel->requests[i], device, error);
		if (result == 0 && (result = watch_request(kernel, &kernel->requests[i])) < 0)
			gpio_fail(error, result, "cannot watch the GPIO lines: %s", strerror(-result));
	}
	if (device)
		gpiod_chip_close(device);
	if (result < 0)
		kernel_close(&kernel->gpio);
	else
		*gpio = &kernel->gpio;
	return result;
}
