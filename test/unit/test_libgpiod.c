/* What can be said of the libgpiod backend without a chip: its refusals. The rest is test/system's, on a real kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

static int release_noted(const char *path, const char *note, char error[static GPIO_ERROR_MAX])
{
	FILE *file = fopen(path, "w");
	if (!CHECK(file != NULL))
		return 0;
	fputs(note, file);
	fclose(file);
	return gpio_release_noted(path, "7", error);
}

/* Of another user or kind, or where the disk is full. None of it holds up a start, or counts as a note. */
static void test_notes_in_the_way(const char *path, const struct gpio_line *lines)
{
	char victim[] = "/tmp/portcullis-note-XXXXXX", error[GPIO_ERROR_MAX] = "";
	struct rlimit limit;
	struct stat status;
	int fd = mkstemp(victim);
	tap_case("a link is not followed");
	CHECK(fd >= 0 && symlink(victim, path) == 0 && gpio_note(path, "7", NULL, lines, 1) == 0);
	CHECK(fstat(fd, &status) == 0 && status.st_size == 0);
	CHECK(lstat(path, &status) == 0 && S_ISREG(status.st_mode) && gpio_release_noted(path, "7", error) == 0);
	CHECK(rename(path, victim) == 0 && symlink(victim, path) == 0 && gpio_release_noted(path, "7", error) == 1);
	close(fd);
	unlink(victim);
	tap_case("nobody waits for a pipe");
	alarm(10);
	CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0 && gpio_release_noted(path, "7", error) == 1);
	CHECK(gpio_note(path, "7", NULL, lines, 1) == 0 && gpio_release_noted(path, "7", error) == 0);
	alarm(0);
	tap_case("a note that is cut short is none, and leaves none of before");
	signal(SIGXFSZ, SIG_IGN);
	CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 8, .rlim_max = limit.rlim_max});
	int written = gpio_note(path, "7", NULL, lines, 1);
	setrlimit(RLIMIT_FSIZE, &limit);
	CHECK(written == -EFBIG && gpio_release_noted(path, "7", error) == 1);
	unlink(path);
}

static void test_notes(void)
{
	static const char *const damaged[] = {
			"",
			"run 7\nchip /dev/no-such-chip\n",
			"run 7\nchip /dev/no-such-chip\nlow name GPIO17\n",
			"run 7\nchip /dev/no-such-chip\nlow name GPIO17\nen",
			"run 7\nlow name GPIO17\nend\n",
			"chip /dev/no-such-chip\nlow name GPIO17\nend\n",
			"run\nchip /dev/no-such-chip\nlow name GPIO17\nend\n",
			"run 77\nchip /dev/no-such-chip\nlow name GPIO17\nend\n",
			"run 7",
			"run 7\nchip\nlow name GPIO17\nend\n",
			"run 7\nchip /dev/no-such-chip\nlow\nend\n",
			"run 7\nchip /dev/no-such-chip\nname GPIO17\nend\n",
			"run 7\nchip /dev/no-such-chip\nlow name \nend\n",
			"run 7\nchip /dev/no-such-chip\nlow name 12345678901234567890123456789012\nend\n",
			"run 7\nchip /dev/no-such-chip\nlow offset \nend\n",
			"run 7\nchip /dev/no-such-chip\nlow offset -1\nend\n",
			"run 7\nchip /dev/no-such-chip\nlow offset 17x\nend\n",
	};
	static const struct gpio_line lines[] = {
			{.name = "GPIO27", .direction = GPIO_INPUT},
			{.name = "a relay", .direction = GPIO_OUTPUT},
			{.offset = 17, .direction = GPIO_OUTPUT, .active_low = true},
	};
	char path[] = "/tmp/portcullis-note-XXXXXX", error[GPIO_ERROR_MAX] = "", note[128] = "";
	close(mkstemp(path));
	tap_case("a note of what an agent drives");
	CHECK(gpio_note(path, "7", "/dev/no-such-chip", lines, 3) == 0);
	int fd = open(path, O_RDONLY);
	CHECK(fd >= 0 && read(fd, note, sizeof(note) - 1) > 0);
	CHECK(strcmp(note, "run 7\nchip /dev/no-such-chip\nlow name a relay\nhigh offset 17\nend\n") == 0);
	tap_case("what was noted is released");
	CHECK(gpio_release_noted(path, "7", error) == -ENOENT && strstr(error, "/dev/no-such-chip"));
	CHECK(gpio_note(path, "7", NULL, lines, 1) == 0 && gpio_release_noted(path, "7", error) == 0);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		tap_case("no whole note: %zu", i);
		CHECK(release_noted(path, damaged[i], error) == 1);
	}
	close(fd);
	unlink(path);
	tap_case("no note at all");
	CHECK(gpio_release_noted(path, "7", error) == 1);
	test_notes_in_the_way(path, lines);
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
	test_notes();
	test_watch(loop, &log);
	loop_free(loop);
	return tap_done();
}
