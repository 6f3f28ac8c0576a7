/*
 * Linked around the agent's gpio_set (-Wl,--wrap=gpio_set) in the measurement of pulses: writes each level that was
 * set, with its time, to the file that PORTCULLIS_RECORD names, as "LINE LEVEL MICROSECONDS". The agent itself is as it
 * is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gpio/gpio.h"

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __real_gpio_set(struct gpio *gpio, size_t line, bool active);
int __wrap_gpio_set(struct gpio *gpio, size_t line, bool active);
/* NOLINTEND(bugprone-reserved-identifier) */

static int file = -1;

/* Before the agent locks itself down. */
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("PORTCULLIS_RECORD");
	file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
}

int __wrap_gpio_set(struct gpio *gpio, size_t line, bool active)
{
	struct timespec now;
	char text[64];
	int result = __real_gpio_set(gpio, line, active);
	clock_gettime(CLOCK_MONOTONIC, &now);
	int length = snprintf(text, sizeof(text), "%zu %d %lld\n", line, active,
			(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	if (write(file, text, (size_t)length) != length)
		abort();
	return result;
}
