/*
 * A check for system calls that the agent cannot do without, and whose failure nobody expects: above all the clocks. A
 * container engine with a list of calls older than this program refuses them with EPERM (32-bit programs with 64-bit
 * times, under libseccomp before 2.4.2). The C library takes EPERM for the answer and tries no older call. An agent
 * without a clock would keep its relays on for ever, so it does not start.
 */
#ifndef PORTCULLIS_BASE_KERNEL_H
#define PORTCULLIS_BASE_KERNEL_H

#define KERNEL_REASON_MAX 320

/*
 * Makes each of these calls once and undoes it. Returns 0; or -errno of the first that fails, with a sentence in reason
 * that names the call, the error and what to do. Does not wait for anything.
 */
int kernel_check(char reason[static KERNEL_REASON_MAX]);

#endif
