/*
 * Two figures of the machine: how warm its processor is, and how strong its Wi-Fi is received. Either may be missing.
 *
 * The files stay open, since the lock-down (base/sandbox.h) lets none of them be opened later. The kernel asks a driver
 * at each reading. A Wi-Fi chip that hangs answers only after seconds, so a thread of its own reads. The owner's thread
 * calls the functions, and none of them blocks unless its comment says so.
 */
#ifndef PORTCULLIS_BASE_MACHINE_H
#define PORTCULLIS_BASE_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/wake.h"

#define MACHINE_EVERY_MS 60000

/* The members belong to machine.c. It must not move after machine_start. */
struct machine {
	int thermal_fd, wireless_fd; /* -1: the machine has no such file */
	atomic_int celsius, dbm;     /* INT_MIN: not known */
	int every_ms;
	pthread_t thread;
	struct wake stop; /* open while there is a thread */
};

/* Opens the files. Call it before the lock-down. Nothing is known yet. */
void machine_open(struct machine *machine);

/*
 * Reads the figures once, which may block, and then in a thread, every every_ms. Call it once, after machine_open. If no
 * thread can be started, there are no figures.
 */
void machine_start(struct machine *machine, int every_ms);

/* Waits for the thread, which may be reading. Allowed without machine_start. */
void machine_close(struct machine *machine);

/* Whole degrees Celsius, rounded, of the first thermal zone, as last read. False: the machine does not say. */
bool machine_temperature(const struct machine *machine, int *celsius);
/* dBm, below 0, of the first wireless interface that is up, as last read. False: there is none. */
bool machine_wireless(const struct machine *machine, int *dbm);

/* For tests: what the two files say. text need not be terminated. */
bool machine_read_temperature(const char *text, size_t length, int *celsius);
bool machine_read_wireless(const char *text, size_t length, int *dbm);

#endif
