/*
 * Any bytes as a history file. A line that begins with { is given the checksum that it lacks, so that what stands
 * before it is looked at, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history/disk.h"

#define FILE_MAX 65536

static void check(bool good)
{
	if (!good)
		abort();
}

static void take(void *user, const struct history_line *line)
{
	char text[HISTORY_LINE_MAX], again[HISTORY_LINE_MAX];
	struct history_line read;
	size_t *lines = user;
	++*lines;
	check(strlen(line->door) <= DOOR_ID_MAX && line->record.unix_ms >= 0 && line->record.up_ms >= 0);
	size_t length = history_line_print(line, text);
	check(length < HISTORY_LINE_MAX && text[length - 1] == '\n');
	check(history_line_parse(text, length - 1, &read) == HISTORY_LINE_GOOD);
	check(history_line_print(&read, again) == length && memcmp(text, again, length) == 0);
}

/* Bit by bit, as the standard has it. */
static uint32_t crc32(const unsigned char *bytes, size_t length)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static size_t seal(const unsigned char *bytes, size_t length, char file[static FILE_MAX])
{
	size_t made = 0;
	while (length > 0) {
		const unsigned char *newline = memchr(bytes, '\n', length);
		size_t line = newline ? (size_t)(newline - bytes) : length;
		if (line + 32 > FILE_MAX - made)
			break;
		memcpy(file + made, bytes, line);
		made += line;
		if (bytes[0] == '{')
			made += (size_t)snprintf(file + made, 32, ",\"crc32\":\"%08x\"}", (unsigned)crc32(bytes, line));
		if (newline)
			file[made++] = '\n';
		line += newline != NULL;
		bytes += line;
		length -= line;
	}
	return made;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	static char file[FILE_MAX];
	size_t first = 0, second = 0, size = seal(bytes, length, file);
	struct history_reading reading = {.take = take, .user = &first};
	size_t good = history_disk_scan(&reading, file, size);
	check(good <= size && (good == 0 || file[good - 1] == '\n'));

	/* What is cut away is not missed. */
	struct history_reading again = {.take = take, .user = &second};
	check(history_disk_scan(&again, file, good) == good && first == second && again.foreign == reading.foreign);
	return 0;
}
