/*
 * Which chip: by path, by name, by label, or the one that a Raspberry Pi has; and what helps where there is none, or it
 * may not be opened. Every chip of /dev is asked for its label, in the order of their numbers.
 */
#include "gpio/chips.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define PI_LABEL "pinctrl-" /* pinctrl-bcm2835, pinctrl-bcm2711, pinctrl-rp1 */
#define CHIPS_MAX 64
#define PATH_SIZE 32

int gpio_fail(char *error, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error, GPIO_ERROR_MAX, format, arguments);
	va_end(arguments);
	return code;
}

/* The group's name without the C library's name service, which a static program cannot load. */
static void group_name(gid_t id, char name[static 64])
{
	FILE *file = fopen("/etc/group", "re");
	struct group entry, *found;
	char buffer[4096];
	snprintf(name, 64, "%u", (unsigned)id);
	while (file && fgetgrent_r(file, &entry, buffer, sizeof(buffer), &found) == 0)
		if (entry.gr_gid == id) {
			snprintf(name, 64, "%s", entry.gr_name);
			break;
		}
	if (file)
		fclose(file);
}

int gpio_fail_chip(const char *path, int code, char *error)
{
	struct stat status;
	char group[64];
	switch (code) {
	case -EACCES:
	case -EPERM:
		if (stat(path, &status) < 0)
			break;
		if (status.st_gid == 0 || (~status.st_mode & (S_IRGRP | S_IWGRP)))
			return gpio_fail(error, code,
					"no permission for %s: it is root's alone; the udev rule 60-portcullis.rules, which comes with portcullis, gives it to the group gpio (install.md)",
					path);
		group_name(status.st_gid, group);
		return gpio_fail(error, code,
				"no permission for %s: it belongs to group %s; add the user to that group (usermod -aG %s USER, then log in again; SupplementaryGroups=%s in a systemd unit; --group-add %u for a container)",
				path, group, group, group, (unsigned)status.st_gid);
	case -ENOENT:
		return gpio_fail(error, code, "there is no %s: portcullis --list-lines shows the chips that there are",
				path);
	case -ENOTTY:
		return gpio_fail(error, code,
				"%s is not a GPIO chip: portcullis --list-lines shows those that there are", path);
	}
	return gpio_fail(error, code, "cannot open %s: %s", path, strerror(-code));
}

static int by_number(const void *a, const void *b)
{
	return strverscmp(a, b);
}

/* The paths of all GPIO chips in the order of their numbers; links (a Pi 5 has one) are left out. */
static size_t chip_paths(char paths[static CHIPS_MAX][PATH_SIZE])
{
	DIR *directory = opendir("/dev");
	const struct dirent *entry;
	struct stat status;
	size_t count = 0;
	while (directory && count < CHIPS_MAX && (entry = readdir(directory))) {
		if (strncmp(entry->d_name, "gpiochip", 8) != 0 || strlen(entry->d_name) > PATH_SIZE - 6)
			continue;
		snprintf(paths[count], PATH_SIZE, "/dev/%.*s", PATH_SIZE - 6, entry->d_name);
		if (lstat(paths[count], &status) == 0 && S_ISCHR(status.st_mode))
			count++;
	}
	if (directory)
		closedir(directory);
	qsort(paths, count, PATH_SIZE, by_number);
	return count;
}

static int open_path(const char *path, struct gpiod_chip **chip, char *error)
{
	if (!gpiod_is_gpiochip_device(path) && access(path, F_OK) == 0)
		return gpio_fail_chip(path, -ENOTTY, error);
	*chip = gpiod_chip_open(path);
	return *chip ? 0 : gpio_fail_chip(path, -errno, error);
}

bool gpio_is_pi(const char *label)
{
	return strncmp(label, PI_LABEL, strlen(PI_LABEL)) == 0;
}

static int open_label(const char *wanted, struct gpiod_chip **chip, char *error)
{
	char paths[CHIPS_MAX][PATH_SIZE], seen[GPIO_ERROR_MAX / 2] = "";
	size_t count = chip_paths(paths);
	int denied = 0;
	for (size_t i = 0; i < count; i++) {
		struct gpiod_chip *candidate = gpiod_chip_open(paths[i]);
		if (!candidate) {
			if ((errno == EACCES || errno == EPERM) && !denied)
				denied = gpio_fail_chip(paths[i], -errno, error);
			continue;
		}
		struct gpiod_chip_info *info = gpiod_chip_get_info(candidate);
		const char *label = info ? gpiod_chip_info_get_label(info) : "";
		bool match = wanted ? strcmp(label, wanted) == 0 : gpio_is_pi(label);
		text_append(seen, sizeof(seen), "%s%s [%s]", seen[0] ? ", " : "", paths[i] + strlen("/dev/"), label);
		gpiod_chip_info_free(info);
		if (match) {
			*chip = candidate;
			return 0;
		}
		gpiod_chip_close(candidate);
	}
	if (denied)
		return denied;
	if (count == 0)
		return gpio_fail(error, -ENODEV,
				"this machine has no GPIO chip (/dev/gpiochip*): is it a Raspberry Pi, and may a container see its devices? Without one, set gpio.backend to simulated");
	if (wanted)
		return gpio_fail(error, -ENODEV,
				"no GPIO chip has the name or label \"%.64s\": set gpio.chip to one of %s", wanted,
				seen);
	return gpio_fail(error, -ENODEV,
			"no GPIO chip has a label that starts with " PI_LABEL ": set gpio.chip to one of %s", seen);
}

int gpio_open_chip(const char *wanted, struct gpiod_chip **chip, char *error)
{
	char path[PATH_SIZE];
	struct stat status;
	if (wanted && wanted[0] == '/')
		return open_path(wanted, chip, error);
	if (wanted && strncmp(wanted, "gpiochip", 8) == 0 && strlen(wanted) <= PATH_SIZE - 6) {
		snprintf(path, sizeof(path), "/dev/%s", wanted);
		if (stat(path, &status) == 0)
			return open_path(path, chip, error);
	}
	return open_label(wanted, chip, error);
}

static void list_line(FILE *out, struct gpiod_chip *chip, unsigned offset)
{
	struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, offset);
	if (!info) {
		fprintf(out, "  %3u  cannot be read: %s\n", offset, strerror(errno));
		return;
	}
	const char *name = gpiod_line_info_get_name(info), *user = gpiod_line_info_get_consumer(info);
	bool output = gpiod_line_info_get_direction(info) == GPIOD_LINE_DIRECTION_OUTPUT;
	fprintf(out, "  %3u  %-16s %s%s", offset, name ? name : "-", output ? "output" : "input",
			gpiod_line_info_is_active_low(info) ? ", active-low" : "");
	if (gpiod_line_info_is_used(info))
		fprintf(out, ", used by \"%s\"", user ? user : "");
	fputc('\n', out);
	gpiod_line_info_free(info);
}

int gpio_list_lines(FILE *out, char error[static GPIO_ERROR_MAX])
{
	char paths[CHIPS_MAX][PATH_SIZE];
	size_t count = chip_paths(paths);
	int result = 0;
	if (count == 0)
		return gpio_fail(error, -ENODEV, "this machine has no GPIO chip (/dev/gpiochip*)");
	for (size_t i = 0; i < count; i++) {
		struct gpiod_chip *chip = NULL;
		int opened = open_path(paths[i], &chip, error);
		if (opened < 0) {
			result = opened;
			continue;
		}
		struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
		size_t lines = info ? gpiod_chip_info_get_num_lines(info) : 0;
		fprintf(out, "%s [%s] %zu lines\n", paths[i] + strlen("/dev/"),
				info ? gpiod_chip_info_get_label(info) : "?", lines);
		gpiod_chip_info_free(info);
		for (unsigned offset = 0; offset < lines; offset++)
			list_line(out, chip, offset);
		gpiod_chip_close(chip);
	}
	return result;
}
