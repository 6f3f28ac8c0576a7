/* What can be said of the libgpiod backend without a chip: its refusals. The rest is test/system's, on a real kernel.
 */
#include <errno.h>
#include <string.h>

#include "gpio/gpio.h"
#include "gpio/simulated.h"
#include "tap.h"

static void no_edge(void *user, size_t line, bool active, int64_t at_ms)
{
	(void)user, (void)line, (void)active, (void)at_ms;
}

static void no_loss(void *user, int error)
{
	(void)user, (void)error;
}

static const struct gpio_line relay = {.name = "GPIO17", .direction = GPIO_OUTPUT, .consumer = "left relay"};
static const struct gpio_line contact = {.name = "GPIO27", .direction = GPIO_INPUT, .consumer = "left closed sensor"};

static void test_refusals(struct loop *loop, const struct log *log)
{
	static const struct {
		const char *what, *chip;
		size_t count;
		int result;
		const char *sentence; /* a part of it */
	} table[] = {
			{"a path that is not there", "/dev/no-such-chip", 1, -ENOENT,
					"there is no /dev/no-such-chip: "},
			{"a device that is no GPIO chip", "/dev/null", 1, -ENOTTY, "/dev/null is not a GPIO chip: "},
			{"a file", "/etc/passwd", 1, -ENOTTY, "/etc/passwd is not a GPIO chip: "},
			{"an unknown label", "no such label", 1, -ENODEV, "no GPIO chip"},
			{"a name with a path's tail", "gpiochip0/../null", 1, -ENODEV, "no GPIO chip"},
			{"a name too long for a path", "gpiochip000000000000000000000000000000000000000000", 1, -ENODEV,
					"no GPIO chip"},
			{"too many lines", NULL, GPIO_LINES_MAX + 1, -E2BIG, "449 GPIO lines are more than the 448"},
	};
	const struct gpio_handlers handlers = {.edge = no_edge, .lost = no_loss};
	static struct gpio_line lines[GPIO_LINES_MAX + 1];
	lines[0] = relay;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct gpio *gpio = NULL;
		char error[GPIO_ERROR_MAX] = "";
		tap_case("%s is refused with a sentence", table[i].what);
		CHECK(gpio_open_libgpiod(loop, log, table[i].chip, lines, table[i].count, &handlers, &gpio, error) ==
				table[i].result);
		CHECK(gpio == NULL);
		if (!CHECK(strstr(error, table[i].sentence) != NULL))
			printf("# said: %s\n", error);
	}
}

static void test_release(void)
{
	char error[GPIO_ERROR_MAX] = "";

	tap_case("release needs no chip when there is no output");
	CHECK(gpio_release("/dev/no-such-chip", &contact, 1, error) == 0);
	tap_case("release fails where the chip is not");
	CHECK(gpio_release("/dev/no-such-chip", &relay, 1, error) == -ENOENT);
	CHECK(strstr(error, "/dev/no-such-chip") != NULL);
}

static void test_watch(struct loop *loop, const struct log *log)
{
	char error[GPIO_ERROR_MAX] = "";

	tap_case("watch says that there is no sensor");
	CHECK(gpio_watch(loop, log, "/dev/no-such-chip", &relay, 1, stdout, error) == -ENODATA);
	CHECK(strstr(error, "no sensor") != NULL);
	tap_case("watch fails where the chip is not");
	CHECK(gpio_watch(loop, log, "/dev/no-such-chip", &contact, 1, stdout, error) == -ENOENT);
}

int main(void)
{
	struct log log = {.level = LOG_ERROR};
	struct loop *loop;
	if (loop_new(&loop) < 0)
		return 1;
	test_refusals(loop, &log);
	test_release();
	test_watch(loop, &log);
	loop_free(loop);
	return tap_done();
}
