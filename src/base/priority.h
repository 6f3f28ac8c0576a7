/*
 * Which thread runs first when there is more work than processors: the thread that ends pulses comes before the threads
 * that compute. Both functions change the calling thread and those that it starts later. They need no privilege, and
 * report no failure: a kernel that refuses (slices need Linux 6.12) leaves things as they were.
 */
#ifndef PORTCULLIS_BASE_PRIORITY_H
#define PORTCULLIS_BASE_PRIORITY_H

/*
 * For a thread that runs for a short time and must start at once. It asks for the shortest slices, and the kernel
 * (EEVDF) then runs it before a thread that is in the middle of a longer slice. Without this, that other thread keeps a
 * single core for some ms more.
 */
void priority_prompt(void);

/* For a thread that computes for long: slices of the usual length, and a nice value that is 10 higher. */
void priority_patient(void);

#endif
