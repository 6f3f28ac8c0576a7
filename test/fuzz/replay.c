/* Runs a fuzz target over the files of a folder, one case each: replay FOLDER. A target that is broken aborts. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

/* The file's bytes in memory of exactly their number, so that a sanitizer sees the first one beyond. */
static unsigned char *read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;
	unsigned char *bytes = NULL;
	long size;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0) {
		bytes = malloc(size > 0 ? (size_t)size : 1);
		*length = bytes ? fread(bytes, 1, (size_t)size, file) : 0;
	}
	fclose(file);
	return bytes;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int count = argc == 2 ? scandir(argv[1], &entries, visible, alphasort) : -1;
	if (count < 0) {
		printf("Bail out! no folder of inputs%s%s\n", argc == 2 ? ": " : "", argc == 2 ? argv[1] : "");
		return 1;
	}
	for (int i = 0; i < count; i++) {
		char path[4096];
		size_t length = 0;
		tap_case("%s", entries[i]->d_name);
		snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
		unsigned char *bytes = read_file(path, &length);
		if (CHECK(bytes != NULL))
			LLVMFuzzerTestOneInput(bytes, length);
		free(bytes);
		free(entries[i]);
	}
	free(entries);
	return tap_done();
}
