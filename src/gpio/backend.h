/*
 * For this room only: what a backend implements. The functions of gpio.h check the line's number and then call the
 * backend's table.
 */
#ifndef PORTCULLIS_GPIO_BACKEND_H
#define PORTCULLIS_GPIO_BACKEND_H

#include "gpio/gpio.h"

/*
 * What each function does is said at the function of the same name in gpio.h. line is always a valid number. set
 * returns -EINVAL for an input; get reads an output, too.
 */
struct gpio_backend {
	int (*set)(struct gpio *gpio, size_t line, bool active);
	int (*get)(struct gpio *gpio, size_t line, bool *active);
	void (*catch_up)(struct gpio *gpio); /* NULL: this backend reports each edge at once */
	void (*close)(struct gpio *gpio);
};

/* The first member of each backend's own struct. */
struct gpio {
	const struct gpio_backend *backend;
	size_t count;
	struct gpio_status status;
};

#endif
