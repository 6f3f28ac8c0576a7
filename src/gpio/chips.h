/*
 * Inside the room: finding and opening a chip of the machine, by libgpiod. error is a buffer of GPIO_ERROR_MAX bytes for a
 * sentence that says what went wrong and what helps.
 */
#ifndef PORTCULLIS_GPIO_CHIPS_H
#define PORTCULLIS_GPIO_CHIPS_H

#include <gpiod.h>
#include <stdbool.h>

#include "gpio/gpio.h"

/* wanted: a path, a name (gpiochip0) or a label; NULL: the chip of a Raspberry Pi. 0 or -errno; the caller closes chip. */
int gpio_open_chip(const char *wanted, struct gpiod_chip **chip, char *error);
bool gpio_is_pi(const char *label); /* a Raspberry Pi's chip */

/* Both write error and return -number, an errno; the second says why the chip at this path cannot be used. */
__attribute__((format(printf, 3, 4))) int gpio_fail(char *error, int number, const char *format, ...);
int gpio_fail_chip(const char *path, int number, char *error);

#endif
