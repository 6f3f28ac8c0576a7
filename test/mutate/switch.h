/*
 * Stands before each file that test/mutate/run compiles: MUTANT(number) is whether that mutant is on. The number comes from
 * PORTCULLIS_MUTANT in the environment. Where that is "reached", none is on, and the numbers of those that would have had an
 * effect are appended to the file PORTCULLIS_REACHED.
 */
#ifndef PORTCULLIS_MUTATE_SWITCH_H
#define PORTCULLIS_MUTATE_SWITCH_H

extern int mutant_on; /* -1: none, and each is recorded */
int mutant_reached(int number);

#define MUTANT(number) (mutant_on == (number) || (mutant_on < 0 && mutant_reached(number)))

#endif
