/*
 * For this room only: finds and opens a chip of the machine, with libgpiod. error is a buffer of GPIO_ERROR_MAX bytes
 * for a sentence that says what failed and what to do.
 */
#ifndef PORTCULLIS_GPIO_CHIPS_H
#define PORTCULLIS_GPIO_CHIPS_H

#include <gpiod.h>
#include <stdbool.h>

#include "gpio/gpio.h"

/*
 * wanted: a path, a name (gpiochip0) or a label; NULL: the chip of a Raspberry Pi. Returns 0 or -errno. The caller
 * closes chip with gpiod_chip_close.
 */
int gpio_open_chip(const char *wanted, struct gpiod_chip **chip, char *error);
bool gpio_is_pi(const char *label); /* whether this is the label of a Raspberry Pi's chip */

/*
 * Both write a sentence to error and return code, which is an -errno. gpio_fail_chip says why the chip at this path
 * cannot be used.
 */
__attribute__((format(printf, 3, 4))) int gpio_fail(char *error, int code, const char *format, ...);
int gpio_fail_chip(const char *path, int code, char *error);

#endif
