/*
 * Two figures of the machine: how warm its processor is, and how strong its Wi-Fi is received. Either may be missing.
 *
 * The files stay open, since the lock-down (base/sandbox.h) lets none of them be opened later. The kernel makes their
 * content anew at each reading, which does not wait for a disk or the network. One thread at a time.
 */
#ifndef PORTCULLIS_BASE_MACHINE_H
#define PORTCULLIS_BASE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

struct machine {
	int thermal_fd, wireless_fd; /* -1: the machine has no such file */
};

/* Opens the files. Call it before the lock-down. */
void machine_open(struct machine *machine);
void machine_close(struct machine *machine);

/* Whole degrees Celsius, rounded, of the first thermal zone. False: the machine does not say. */
bool machine_temperature(const struct machine *machine, int *celsius);
/* dBm, below 0, of the first wireless interface that is up. False: there is none. */
bool machine_wireless(const struct machine *machine, int *dbm);

/* For tests: what the two files say. text need not be terminated. */
bool machine_read_temperature(const char *text, size_t length, int *celsius);
bool machine_read_wireless(const char *text, size_t length, int *dbm);

#endif
