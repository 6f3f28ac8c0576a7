/*
 * Who goes first when there is more to do than processors: the thread that ends pulses, before those that compute.
 * Needs no privilege and never fails: where the kernel will not (slices are for Linux 6.12 and later), things stay as
 * they were. Both concern the calling thread and those that it starts later.
 */
#ifndef PORTCULLIS_BASE_PRIORITY_H
#define PORTCULLIS_BASE_PRIORITY_H

/*
 * For a thread that runs shortly and must run at once: it asks for the shortest slices, so that the kernel lets it go
 * before a thread that is in the middle of a longer one (EEVDF). Without, that one keeps a single core for some ms
 * more.
 */
void priority_prompt(void);

/* For a thread that computes for long: slices of the usual length, and nice by 10. */
void priority_patient(void);

#endif
