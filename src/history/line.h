/*
 * Inside the room: one event as a line of JSON, and back. Pure.
 *
 *     {"number":17,"time":"2026-11-22T15:29:18.123Z","run":3,"up_ms":81234,"door":"left","event":"opened",
 *      "state":"open","source":"mqtt","command":null,"reason":null,"fault":null,"cycles":12,"open_ms":14020,
 *      "close_ms":13990,"travel_ms":13990,"crc32":"1a2b3c4d"}
 *
 * Always all keys, in this order, without spaces. time is null while the clock is not set; a later line of the same run
 * then tells when it was, by the difference of their up_ms. crc32 is that of zlib, over all that stands before
 * ,"crc32".
 */
#ifndef PORTCULLIS_HISTORY_LINE_H
#define PORTCULLIS_HISTORY_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "door/types.h"

#define HISTORY_LINE_MAX 512 /* with newline and terminator */

struct history_line {
	struct door_record record; /* door and count are not in the line */
	struct door_totals totals;
	char door[DOOR_ID_MAX + 1];
	bool kept; /* "kept" instead of an event: the door's last change and its totals once more, no news */
};

/* Returns the length. */
size_t history_line_print(const struct history_line *line, char text[static HISTORY_LINE_MAX]);

enum history_line_kind {
	HISTORY_LINE_GOOD,
	HISTORY_LINE_FOREIGN, /* whole by its checksum, but not from this version: line is not filled */
	HISTORY_LINE_BROKEN,
};

/* text without its newline. */
enum history_line_kind history_line_parse(const char *text, size_t length, struct history_line *line);

#endif
