/*
 * The libgpiod backend on a real kernel's simulated chips (gpio-sim), inside the virtual machine; test_gpio_lines.py
 * starts it there. A Raspberry Pi's chip is played by one with the label pinctrl-sim.
 *
 *   gpio_lines outputs PI_FOLDER PI_PATH
 *   gpio_lines all PI_FOLDER PI_PATH MANY_FOLDER GONE_LIVE
 *
 * FOLDER is a chip's in sysfs, LIVE the file that plugs a chip in and out.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpio/gpio.h"
#include "tap.h"

#define EDGES_MAX 512

struct seen {
	struct loop *loop;
	struct loop_timer alarm;
	bool alarmed;
	struct {
		size_t line;
		bool active;
		int64_t at_ms;
	} edges[EDGES_MAX];
	size_t count;
	int lost;
};

static void on_edge(void *user, size_t line, bool active, int64_t at_ms)
{
	struct seen *seen = user;
	if (seen->count < EDGES_MAX) {
		seen->edges[seen->count].line = line;
		seen->edges[seen->count].active = active;
		seen->edges[seen->count++].at_ms = at_ms;
	}
	loop_stop(seen->loop);
}

static void on_lost(void *user, int error)
{
	struct seen *seen = user;
	seen->lost = error;
	loop_stop(seen->loop);
}

static void on_alarm(struct loop_timer *timer, int64_t now_ms)
{
	struct seen *seen = timer->user;
	(void)now_ms;
	seen->alarmed = true;
	loop_stop(seen->loop);
}

/* Runs the loop until count edges were seen, the chip is lost, or limit_ms have passed. */
static bool see(struct seen *seen, size_t count, int64_t limit_ms)
{
	seen->alarmed = false;
	loop_timer_set(seen->loop, &seen->alarm, loop_now_ms() + limit_ms);
	while (seen->count < count && !seen->alarmed && !seen->lost)
		if (loop_run(seen->loop) < 0)
			return false;
	loop_timer_cancel(seen->loop, &seen->alarm);
	return seen->count >= count;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		printf("# %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void pull(const char *folder, unsigned line, bool up)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/sim_gpio%u/pull", folder, line);
	put(path, up ? "pull-up" : "pull-down");
}

/* The physical level, or -1. */
static int wire(const char *folder, unsigned line)
{
	char path[256], text[2] = "";
	snprintf(path, sizeof(path), "%s/sim_gpio%u/value", folder, line);
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, text, 1);
	if (fd >= 0)
		close(fd);
	return length == 1 ? text[0] - '0' : -1;
}

static struct loop *loop;
static const struct log quiet = {.level = LOG_ERROR};
static struct seen seen;
static const struct gpio_handlers handlers = {.edge = on_edge, .lost = on_lost, .user = &seen};
static char error[GPIO_ERROR_MAX];

static struct gpio *open_lines(const char *chip, const struct gpio_line *lines, size_t count, int expected)
{
	struct gpio *gpio = NULL;
	seen = (struct seen){.loop = loop, .alarm = {.expired = on_alarm, .user = &seen}};
	error[0] = '\0';
	int result = gpio_open_libgpiod(loop, &quiet, chip, lines, count, &handlers, &gpio, error);
	if (!CHECK(result == expected))
		printf("# %d: %s\n", result, error);
	CHECK((result == 0) == (gpio != NULL));
	return gpio;
}

static bool said(const char *part)
{
	if (strstr(error, part))
		return true;
	printf("# said: %s\n", error);
	return false;
}

static const struct gpio_line relay = {.name = "GPIO17", .direction = GPIO_OUTPUT, .consumer = "left relay"};

static void test_finding(const char *path)
{
	static const struct {
		const char *what, *chip;
		struct gpio_line line;
		int result;
		const char *said;
	} table[] = {
			{"the first chip of a Pi", NULL, {.name = "GPIO17"}, 0, ""},
			{"a chip by label", "pinctrl-sim", {.name = "GPIO17"}, 0, ""},
			{"a line by offset", "pinctrl-sim", {.offset = 53}, 0, ""},
			{"GPIO4 where the kernel has another name for it", NULL, {.name = "GPIO4"}, 0, ""},
			{"the kernel's own name for GPIO4", NULL, {.name = "GPIO_GCLK"}, 0, ""},
			{"no such name", NULL, {.name = "GPIO99"}, -ENOENT, "has no line GPIO99 among its 54"},
			{"no number", NULL, {.name = "GPIO"}, -ENOENT, "has no line GPIO among"},
			{"a number with something behind it", NULL, {.name = "GPIO4x"}, -ENOENT, "has no line GPIO4x"},
			{"an offset beyond the chip", NULL, {.offset = 54}, -ENOENT,
					"has no line offset 54 among its 54"},
			{"GPIO4 on a chip that is no Pi's", "sim-many", {.name = "GPIO4"}, -ENOENT,
					"[sim-many] has no line GPIO4"},
			{"no such chip", "pinctrl", {.name = "GPIO17"}, -ENODEV, "set gpio.chip to one of gpiochip"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		tap_case("found or refused: %s", table[i].what);
		gpio_close(open_lines(table[i].chip, &table[i].line, 1, table[i].result));
		CHECK(said(table[i].said));
	}
	tap_case("found: a chip by path and by name");
	gpio_close(open_lines(path, &relay, 1, 0));
	gpio_close(open_lines(path + strlen("/dev/"), &relay, 1, 0));
	tap_case("one line twice is refused");
	const struct gpio_line twice[] = {relay, {.offset = 17, .direction = GPIO_INPUT, .consumer = "left closed"}};
	open_lines(NULL, twice, 2, -EINVAL);
	CHECK(said("GPIO17 (left relay) and offset 17 (left closed) are the same line"));
}

static void test_outputs(const char *folder)
{
	const struct gpio_line lines[] = {relay, {.offset = 18, .direction = GPIO_OUTPUT, .active_low = true}};
	static const struct {
		bool high, low;
	} table[] = {{true, false}, {true, true}, {false, true}, {true, true}};
	bool active = true;

	tap_case("outputs are inactive at the start, whatever their polarity");
	struct gpio *gpio = open_lines(NULL, lines, 2, 0);
	CHECK(wire(folder, 17) == 0 && wire(folder, 18) == 1);
	CHECK(gpio_get(gpio, 0, &active) == 0 && !active);
	CHECK(gpio_get(gpio, 1, &active) == 0 && !active);
	tap_case("outputs follow, each alone");
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		CHECK(gpio_set(gpio, 0, table[i].high) == 0 && gpio_set(gpio, 1, table[i].low) == 0);
		CHECK(wire(folder, 17) == table[i].high && wire(folder, 18) == !table[i].low);
	}
	CHECK(gpio_get(gpio, 0, &active) == 0 && active);
	CHECK(gpio_set(gpio, 2, true) == -EINVAL);
	gpio_close(gpio); /* with both active: test_gpio_lines.py reads the wire's record */
}

static void test_inputs(const char *folder)
{
	const struct gpio_line lines[] = {{.name = "GPIO27", .direction = GPIO_INPUT},
			{.offset = 22, .direction = GPIO_INPUT, .active_low = true},
			{.offset = 23, .direction = GPIO_INPUT, .bias = GPIO_BIAS_PULL_UP},
			{.offset = 24, .direction = GPIO_INPUT, .bias = GPIO_BIAS_PULL_DOWN}};
	bool active;

	tap_case("the level at the start can be read, and is no edge");
	pull(folder, 27, true);
	pull(folder, 22, true);
	struct gpio *gpio = open_lines(NULL, lines, 4, 0);
	CHECK(gpio_get(gpio, 0, &active) == 0 && active);
	CHECK(gpio_get(gpio, 1, &active) == 0 && !active);
	CHECK(!see(&seen, 1, 50));
	CHECK(gpio_set(gpio, 0, true) == -EINVAL);
	tap_case("the bias reaches the line");
	CHECK(gpio_get(gpio, 2, &active) == 0 && active);
	CHECK(gpio_get(gpio, 3, &active) == 0 && !active);
	tap_case("edges come with logical levels and the kernel's time");
	int64_t from_ms = loop_now_ms();
	pull(folder, 27, false);
	int64_t between_ms = loop_now_ms();
	pull(folder, 22, false);
	int64_t to_ms = loop_now_ms();
	usleep(20000); /* the time stamp is of the edge, not of its reading */
	CHECK(see(&seen, 2, 5000));
	CHECK(seen.edges[0].line == 0 && !seen.edges[0].active);
	CHECK(seen.edges[0].at_ms >= from_ms && seen.edges[0].at_ms <= between_ms + 10);
	CHECK(seen.edges[1].line == 1 && seen.edges[1].active);
	CHECK(seen.edges[1].at_ms >= between_ms && seen.edges[1].at_ms <= to_ms + 10);
	gpio_close(gpio);
}

static void test_flood(const char *folder)
{
	const struct gpio_line lines[] = {
			{.name = "GPIO27", .direction = GPIO_INPUT}, {.offset = 22, .direction = GPIO_INPUT}};
	bool levels[2] = {false, false};

	tap_case("edges that the kernel had to drop are made up for");
	pull(folder, 27, false);
	pull(folder, 22, false);
	struct gpio *gpio = open_lines(NULL, lines, 2, 0);
	pull(folder, 27, true); /* the only edge of this line, and the first to be dropped */
	for (int i = 0; i < 101; i++)
		pull(folder, 22, i % 2 == 0);
	while (see(&seen, seen.count + 1, 300))
		continue;
	for (size_t i = 0; i < seen.count; i++)
		levels[seen.edges[i].line] = seen.edges[i].active;
	printf("# %zu edges of 102 came\n", seen.count);
	CHECK(seen.count < 102);
	CHECK(levels[0] && levels[1]);
	gpio_close(gpio);
}

static void test_many(const char *folder)
{
	static struct gpio_line lines[128];
	bool active;

	tap_case("more lines than one request can hold");
	for (unsigned i = 0; i < 128; i++) {
		lines[i] = (struct gpio_line){.offset = 127 - i, .direction = i % 2 ? GPIO_OUTPUT : GPIO_INPUT};
		lines[i].active_low = i % 4 >= 2;
		if (i % 3 == 0)
			lines[i].direction = GPIO_OUTPUT;
	}
	struct gpio *gpio = open_lines("sim-many", lines, 128, 0);
	for (unsigned i = 0; i < 128; i++)
		if (lines[i].direction == GPIO_OUTPUT) {
			CHECK(wire(folder, 127 - i) == lines[i].active_low);
			CHECK(gpio_set(gpio, i, true) == 0 && wire(folder, 127 - i) == !lines[i].active_low);
		}
	pull(folder, 127 - 2, true);
	CHECK(see(&seen, 1, 5000) && seen.edges[0].line == 2 && !seen.edges[0].active);
	CHECK(gpio_get(gpio, 2, &active) == 0 && !active);
	gpio_close(gpio);
}

/* Somebody else's line, by the kernel's own interface. */
static int take_line(const char *path, unsigned offset, const char *consumer)
{
	int chip = open(path, O_RDWR);
	struct gpio_v2_line_request request = {.num_lines = 1, .offsets = {offset}};
	snprintf(request.consumer, sizeof(request.consumer), "%s", consumer);
	request.config.flags = GPIO_V2_LINE_FLAG_INPUT;
	int result = ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request);
	close(chip);
	return result < 0 ? -1 : request.fd;
}

static void test_in_use(const char *path)
{
	const struct gpio_line lines[] = {{.offset = 3, .direction = GPIO_OUTPUT}, relay};

	tap_case("a line in use says by whom");
	int taken = take_line(path, 17, "lirc");
	CHECK(taken >= 0);
	open_lines(NULL, lines, 2, -EBUSY);
	CHECK(said("line GPIO17 (left relay) is in use by \"lirc\": "));
	CHECK(gpio_release(NULL, lines, 2, error) == -EBUSY && said("lirc"));
	close(taken);
	tap_case("another agent is told as such, and release leaves it alone");
	struct gpio *gpio = open_lines(NULL, lines, 2, 0);
	CHECK(gpio_set(gpio, 1, true) == 0);
	CHECK(gpio_release(NULL, lines, 2, error) == -EBUSY && said("in use by another portcullis"));
	bool active = false;
	CHECK(gpio_get(gpio, 1, &active) == 0 && active);
	gpio_close(gpio);
	tap_case("release finds the lines free afterwards");
	CHECK(gpio_release(NULL, lines, 2, error) == 0);
	gpio_close(open_lines(NULL, lines, 2, 0));
}

/* Tries the device as a user without rights; whether both words are in what is said then. */
static bool denied(const char *path, const char *first, const char *second)
{
	int status = -1;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct gpio *gpio;
		bool good = setgid(1000) == 0 && setuid(1000) == 0 &&
			    gpio_open_libgpiod(loop, &quiet, NULL, &relay, 1, &handlers, &gpio, error) == -EACCES &&
			    said("no permission for /dev/gpiochip") && said(first) &&
			    gpio_open_libgpiod(loop, &quiet, path, &relay, 1, &handlers, &gpio, error) == -EACCES &&
			    said(path) && said(second);
		fflush(stdout);
		_exit(good ? 0 : 1);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void test_permission(const char *path)
{
	tap_case("without permission the device and its group are named; nobody is sent into root's");
	put("/etc/group", "root:x:0:\ngpio:x:997:\n");
	CHECK(chown(path, 0, 0) == 0 && chmod(path, 0660) == 0);
	CHECK(denied(path, "root's alone", "60-portcullis.rules"));
	CHECK(chown(path, 0, 997) == 0 && chmod(path, 0600) == 0);
	CHECK(denied(path, "root's alone", "60-portcullis.rules"));
	CHECK(chmod(path, 0660) == 0);
	CHECK(denied(path, "group gpio; ", "usermod -aG gpio USER"));
}

static void test_list(const char *path)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int taken = take_line(path, 5, "lirc");
	struct gpio *gpio = open_lines(NULL, &relay, 1, 0);

	tap_case("the list has chips, lines, names and users");
	CHECK(gpio_list_lines(out, error) == 0);
	fclose(out);
	char head[64];
	snprintf(head, sizeof(head), "%s [pinctrl-sim] 54 lines\n", path + strlen("/dev/"));
	CHECK(strstr(text, head) != NULL);
	CHECK(strstr(text, "[sim-many] 128 lines\n") != NULL);
	CHECK(strstr(text, "\n   17  GPIO17           output, used by \"portcullis\"\n") != NULL);
	CHECK(strstr(text, "\n    5  -                input, used by \"lirc\"\n") != NULL);
	CHECK(strstr(text, "\n   27  GPIO27           input\n") != NULL);
	if (tap.failed)
		printf("# %.600s\n", text);
	free(text);
	gpio_close(gpio);
	close(taken);
}

struct watcher {
	struct loop_timer timer;
	const char *folder;
	int turn;
};

static void on_turn(struct loop_timer *timer, int64_t now_ms)
{
	struct watcher *watcher = timer->user;
	if (watcher->turn++ == 0) {
		pull(watcher->folder, 27, true);
		loop_timer_set(loop, timer, now_ms + 200);
	} else {
		loop_stop(loop);
	}
}

static void test_watch(const char *path, const char *folder)
{
	const struct gpio_line lines[] = {
			relay, {.name = "GPIO27",
					       .direction = GPIO_INPUT,
					       .active_low = true,
					       .consumer = "left closed_sensor",
					       .meanings = {"The door is not closed.", "The door is closed."}}};
	struct watcher watcher = {.timer = {.expired = on_turn, .user = &watcher}, .folder = folder};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int taken = take_line(path, 17, "the agent"); /* outputs are not touched */

	tap_case("watch tells the level and each edge, and touches no output");
	pull(folder, 27, false);
	loop_timer_set(loop, &watcher.timer, loop_now_ms() + 50);
	CHECK(gpio_watch(loop, &quiet, NULL, lines, 2, out, error) == 0);
	fclose(out);
	char *first = strstr(text, "GPIO27     left closed_sensor       active   (low)  The door is closed.\n");
	CHECK(first && strstr(first, "GPIO27     left closed_sensor       inactive (high) The door is not closed.\n"));
	if (tap.failed)
		printf("# %s# %s\n", text, error);
	free(text);
	close(taken);
}

static void test_gone(const char *live)
{
	const struct gpio_line lines[] = {
			{.offset = 0, .direction = GPIO_OUTPUT}, {.offset = 1, .direction = GPIO_INPUT}};
	static const size_t counts[] = {2, 1}; /* with and without an input */
	bool active;

	for (size_t i = 0; i < 2; i++) {
		tap_case("a chip that goes away is lost, %s", i == 0 ? "with a sensor" : "without one");
		struct gpio *gpio = open_lines("sim-gone", lines, counts[i], 0);
		CHECK(gpio_set(gpio, 0, true) == 0);
		put(live, "0");
		CHECK(!see(&seen, 1, 5000) && seen.lost == -ENODEV);
		CHECK(gpio_set(gpio, 0, false) == -ENODEV && gpio_get(gpio, 0, &active) == -ENODEV);
		seen.lost = 0;
		CHECK(!see(&seen, 1, 50) && seen.lost == 0); /* told once */
		gpio_close(gpio);
		put(live, "1");
	}
}

/* An expander's bus that fails for a moment: reading ends, and the chip is still there. */
static void test_half_gone(const char *folder)
{
	const struct gpio_line lines[] = {relay, {.name = "GPIO27", .direction = GPIO_INPUT}};
	struct gpio *gpio = open_lines(NULL, lines, 2, 0);
	char path[64], target[64];
	int inputs = -1, broken = open("/", O_RDONLY | O_DIRECTORY);

	tap_case("when only reading fails, relays still go to rest");
	for (int fd = 3; fd < 64; fd++) { /* the inputs are requested last */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t length = readlink(path, target, sizeof(target) - 1);
		if (length > 0 && (target[length] = '\0', strstr(target, "gpio-line")))
			inputs = fd;
	}
	CHECK(gpio_set(gpio, 0, true) == 0 && wire(folder, 17) == 1);
	CHECK(inputs >= 0 && broken >= 0 && dup2(broken, inputs) == inputs);
	gpio_catch_up(gpio);
	CHECK(seen.lost == -EISDIR);
	CHECK(gpio_set(gpio, 0, true) == -ENODEV);
	CHECK(gpio_set(gpio, 0, false) == 0 && wire(folder, 17) == 0);
	close(broken);
	gpio_close(gpio);
}

/* test_gpio_lines.py reads the wire's record. */
static void test_release(const char *path)
{
	const struct gpio_line lines[] = {
			{.offset = 20, .direction = GPIO_OUTPUT}, {.offset = 21, .direction = GPIO_OUTPUT}};
	int taken = take_line(path, 20, "lirc");

	tap_case("a line that cannot be released keeps no other from its rest");
	CHECK(gpio_release(NULL, lines, 2, error) == -EBUSY && said("line offset 20 is in use by \"lirc\""));
	close(taken);
}

int main(int count, char **arguments)
{
	bool all = count == 6 && strcmp(arguments[1], "all") == 0;
	if ((!all && count != 4) || loop_new(&loop) < 0)
		return 2;
	const char *folder = arguments[2];
	if (all) {
		test_finding(arguments[3]);
		test_inputs(folder);
		test_flood(folder);
		test_many(arguments[4]);
		test_in_use(arguments[3]);
		test_permission(arguments[3]);
		test_list(arguments[3]);
		test_watch(arguments[3], folder);
		test_half_gone(folder);
		test_gone(arguments[5]);
	} else {
		test_outputs(folder);
		test_release(arguments[3]);
	}
	loop_free(loop);
	return tap_done();
}
