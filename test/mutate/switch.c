/*
 * Which mutant is on: see switch.h. What is recorded is kept in memory until the process ends. Its file is opened before the test
 * begins, which may shut itself off from all files.
 */
#include "switch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTANTS_MAX 20000

int mutant_on;
static unsigned char reached[MUTANTS_MAX];
static FILE *file;

__attribute__((constructor)) static void choose(void)
{
	const char *asked = getenv("PORTCULLIS_MUTANT"), *path = getenv("PORTCULLIS_REACHED");

	if (asked != NULL)
		mutant_on = strcmp(asked, "reached") == 0 ? -1 : atoi(asked);
	if (mutant_on < 0 && path != NULL)
		file = fopen(path, "ae");
}

__attribute__((destructor)) static void tell(void)
{
	if (file == NULL)
		return;
	for (int i = 0; i < MUTANTS_MAX; i++) {
		if (reached[i])
			fprintf(file, "%d\n", i);
	}
	fclose(file);
}

int mutant_reached(int number)
{
	if (number >= MUTANTS_MAX)
		abort();
	reached[number] = 1;
	return 0;
}
