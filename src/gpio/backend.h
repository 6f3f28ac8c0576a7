/* What the backends share: gpio.h's functions go through this table. For this room only. */
#ifndef PORTCULLIS_GPIO_BACKEND_H
#define PORTCULLIS_GPIO_BACKEND_H

#include "gpio/gpio.h"

/* line is one of the lines handed over, but may face the wrong way: -EINVAL. */
struct gpio_backend {
	int (*set)(struct gpio *gpio, size_t line, bool active);
	int (*get)(struct gpio *gpio, size_t line, bool *active);
	void (*catch_up)(struct gpio *gpio); /* NULL: no edge ever waits */
	void (*close)(struct gpio *gpio);
};

/* The first member of each backend's own struct. */
struct gpio {
	const struct gpio_backend *backend;
	size_t count;
	struct gpio_status status;
};

#endif
