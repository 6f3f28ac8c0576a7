/*
 * /sys/class/thermal/thermal_zone0/temp is a number of thousandths of a degree. /proc/self/net/wireless is a table with
 * two lines of head and one for each interface: its name, a status, the link's quality, the level in dBm and more.
 */
#include "base/machine.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 2048 /* bytes that are looked at */
#define HEAD_LINES 2
#define CELSIUS_MIN (-60)
#define CELSIUS_MAX 200
#define DBM_MIN (-130)

void machine_open(struct machine *machine)
{
	machine->thermal_fd = open("/sys/class/thermal/thermal_zone0/temp", O_RDONLY | O_CLOEXEC);
	machine->wireless_fd = open("/proc/self/net/wireless", O_RDONLY | O_CLOEXEC);
}

void machine_close(struct machine *machine)
{
	if (machine->thermal_fd >= 0)
		close(machine->thermal_fd);
	if (machine->wireless_fd >= 0)
		close(machine->wireless_fd);
	machine->thermal_fd = machine->wireless_fd = -1;
}

bool machine_read_temperature(const char *text, size_t length, int *celsius)
{
	char number[16], *end;
	if (length == 0 || length >= sizeof(number))
		return false;
	memcpy(number, text, length);
	number[length] = '\0';
	long thousandths = strtol(number, &end, 10);
	if (end == number || (*end && *end != '\n') || thousandths < CELSIUS_MIN * 1000L ||
			thousandths > CELSIUS_MAX * 1000L)
		return false;
	*celsius = (int)((thousandths + (thousandths < 0 ? -500 : 500)) / 1000);
	return true;
}

/* One line of the table. */
static bool read_interface(const char *line, int *dbm)
{
	const char *colon = strchr(line, ':');
	char *end;
	if (!colon)
		return false;
	strtol(colon + 1, &end, 16); /* the status */
	strtol(end, &end, 10);       /* the quality, with a dot where it is new */
	end += *end == '.';
	long level = strtol(end, &end, 10);
	if ((*end != '.' && *end != ' ') || level >= 0 || level < DBM_MIN)
		return false;
	*dbm = (int)level;
	return true;
}

bool machine_read_wireless(const char *text, size_t length, int *dbm)
{
	char table[FILE_MAX + 1], *rest = table, *line;
	length = length < FILE_MAX ? length : FILE_MAX;
	memcpy(table, text, length);
	table[length] = '\0';
	for (size_t number = 0; (line = strsep(&rest, "\n")); number++)
		if (number >= HEAD_LINES && read_interface(line, dbm))
			return true;
	return false;
}

bool machine_temperature(const struct machine *machine, int *celsius)
{
	char text[FILE_MAX];
	ssize_t length = machine->thermal_fd < 0 ? -1 : pread(machine->thermal_fd, text, sizeof(text), 0);
	return length > 0 && machine_read_temperature(text, (size_t)length, celsius);
}

bool machine_wireless(const struct machine *machine, int *dbm)
{
	char text[FILE_MAX];
	ssize_t length = machine->wireless_fd < 0 ? -1 : pread(machine->wireless_fd, text, sizeof(text), 0);
	return length > 0 && machine_read_wireless(text, (size_t)length, dbm);
}
