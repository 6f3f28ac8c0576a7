/*
 * /sys/class/thermal/thermal_zone0/temp is a number of thousandths of a degree. /proc/self/net/wireless is a table with
 * two lines of head and one for each interface: its name, a status, the link's quality, the level in dBm and more. For the
 * latter the kernel takes the lock of all network interfaces and asks the driver: brcmfmac, a Raspberry Pi's, waits up to
 * 2.5 s for each answer of its chip.
 */
#include "base/machine.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/thread.h"

#define STACK_BYTES (64 * 1024)
#define UNKNOWN INT_MIN
#define FILE_MAX 2048 /* bytes that are looked at */
#define HEAD_LINES 2
#define CELSIUS_MIN (-60)
#define CELSIUS_MAX 200
#define DBM_MIN (-130)

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

static int machine_figure(int fd, bool (*read)(const char *text, size_t length, int *value))
{
	char text[FILE_MAX];
	int value;
	ssize_t length = fd < 0 ? -1 : pread(fd, text, sizeof(text), 0);
	return length > 0 && read(text, (size_t)length, &value) ? value : UNKNOWN;
}

static void look(struct machine *machine)
{
	atomic_store(&machine->celsius, machine_figure(machine->thermal_fd, machine_read_temperature));
	atomic_store(&machine->dbm, machine_figure(machine->wireless_fd, machine_read_wireless));
}

static void *look_on(void *user)
{
	struct machine *machine = user;
	struct pollfd stop = {.fd = wake_fd(&machine->stop), .events = POLLIN};
	while (poll(&stop, 1, machine->every_ms) == 0)
		look(machine);
	return NULL;
}

void machine_open(struct machine *machine)
{
	*machine = (struct machine){.celsius = UNKNOWN, .dbm = UNKNOWN};
	machine->thermal_fd = open("/sys/class/thermal/thermal_zone0/temp", O_RDONLY | O_CLOEXEC);
	machine->wireless_fd = open("/proc/self/net/wireless", O_RDONLY | O_CLOEXEC);
}

void machine_start(struct machine *machine, int every_ms)
{
	machine->every_ms = every_ms;
	if ((machine->thermal_fd < 0 && machine->wireless_fd < 0) || wake_open(&machine->stop, NULL, NULL, NULL) < 0)
		return;
	look(machine);
	if (thread_start(&machine->thread, STACK_BYTES, look_on, machine) == 0)
		return;
	wake_close(&machine->stop);
	machine_close(machine);
}

void machine_close(struct machine *machine)
{
	if (machine->stop.open) {
		wake_up(&machine->stop);
		pthread_join(machine->thread, NULL);
	}
	wake_close(&machine->stop);
	if (machine->thermal_fd >= 0)
		close(machine->thermal_fd);
	if (machine->wireless_fd >= 0)
		close(machine->wireless_fd);
	machine->thermal_fd = machine->wireless_fd = -1;
	atomic_store(&machine->celsius, UNKNOWN);
	atomic_store(&machine->dbm, UNKNOWN);
}

bool machine_temperature(const struct machine *machine, int *celsius)
{
	*celsius = atomic_load(&machine->celsius);
	return *celsius != UNKNOWN;
}

bool machine_wireless(const struct machine *machine, int *dbm)
{
	*dbm = atomic_load(&machine->dbm);
	return *dbm != UNKNOWN;
}
