/*
 * Time that passes only when nothing happens, for a whole program with all of its threads.
 *
 * The linker puts the functions of virtual.c and standin.c in the place of some calls of the C library
 * (-Wl,--wrap; meson.build has the list): those that read a clock, wait, begin or end a thread, and make a timer. At any
 * moment one thread runs; it runs until it waits. Then the next one runs whose wait is over. When there is none, the time
 * becomes that of the earliest deadline. Reading a clock takes a microsecond, so that no loop that waits for the time
 * stands still. A run is over as soon as the processor has done what there is to do, and a year is an hour or less.
 *
 * A thread must not wait here while it holds a mutex that another thread wants. If each thread waits without a deadline,
 * the program says so and aborts.
 */
#ifndef PORTCULLIS_TEST_VIRTUAL_H
#define PORTCULLIS_TEST_VIRTUAL_H

#include <stdbool.h>
#include <stdint.h>

/* From the main thread, before anything else: since_boot_ms and unix_ms are what the clocks show. */
void virtual_begin(int64_t since_boot_ms, int64_t unix_ms);

/* Somebody sets the wall clock. synchronized: the kernel says that a time server did (adjtimex). */
void virtual_set_wall(int64_t unix_ms, bool synchronized);

/* What the program has, what it did to files, and how often threads have run. */
struct virtual_counts {
	uint64_t bytes, writes; /* to regular files, without standard error */
	uint64_t syncs;         /* fdatasync and fsync; the machine's own disk is not asked */
	uint64_t renames;
	uint64_t turns;
	int64_t heap_bytes, heap_blocks; /* in use: taken and not given back, by the program and its libraries */
};
void virtual_counts(struct virtual_counts *counts);

int virtual_threads(void); /* that live now, without the main thread */

#endif
