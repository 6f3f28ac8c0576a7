/*
 * For this room only: writes a record as a line of JSON, and reads it back. Pure.
 *
 *     {"number":17,"time":"2026-11-22T15:29:18.123Z","run":3,"up_ms":81234,"door":"left","event":"opened",
 *      "state":"open","source":"mqtt","command":null,"reason":null,"fault":null,"cycles":12,"open_ms":14020,
 *      "close_ms":13990,"travel_ms":13990,"crc32":"1a2b3c4d"}
 *
 * All keys are always there, in this order, without spaces. time is null while the clock is not set. A later line of
 * the same run that has a time dates it: the difference of their up_ms is the time between them. crc32 is zlib's, over
 * all bytes before ,"crc32".
 */
#ifndef PORTCULLIS_HISTORY_LINE_H
#define PORTCULLIS_HISTORY_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "door/types.h"

#define HISTORY_LINE_MAX 512 /* with newline and terminator */

struct history_line {
	struct door_record record; /* door and count are not in the line */
	struct door_totals totals;
	char door[DOOR_ID_MAX + 1];
	bool kept; /* no record: the event is "kept", and the line repeats the door's last change and its totals */
};

uint32_t history_crc32(const char *text, size_t length); /* zlib's */

/* Writes the line with its newline and a terminator. Returns its length without the terminator. */
size_t history_line_print(const struct history_line *line, char text[static HISTORY_LINE_MAX]);

enum history_line_kind {
	HISTORY_LINE_GOOD,
	HISTORY_LINE_FOREIGN, /* its checksum is right, but this version does not know its content: line is not set */
	HISTORY_LINE_BROKEN,
};

/* Reads a line of length bytes, without its newline. */
enum history_line_kind history_line_parse(const char *text, size_t length, struct history_line *line);

#endif
