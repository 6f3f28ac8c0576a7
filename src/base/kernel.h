/*
 * Calls of the system that "cannot fail", so that nobody asks whether they did: clocks above all. A container's engine
 * whose list of calls is older than the program refuses them with EPERM instead of saying that it does not know them
 * (32-bit programs with 64-bit times, under libseccomp before 2.4.2), and the C library then takes no other way. An
 * agent without a clock would keep its relays on for ever, so it does not start.
 */
#ifndef PORTCULLIS_BASE_KERNEL_H
#define PORTCULLIS_BASE_KERNEL_H

#define KERNEL_REASON_MAX 320

/*
 * Makes each of them once, for nothing. 0; or -errno with the call, the reason and the remedy in reason. Blocks for no
 * longer than the calls take.
 */
int kernel_check(char reason[static KERNEL_REASON_MAX]);

#endif
