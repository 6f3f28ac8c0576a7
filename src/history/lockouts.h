/*
 * For this room only: the file that keeps which doors commands have locked out, over restarts and power cuts. It is
 * small, and written whole under another name, forced to the disk, and renamed: it is the old one or the new one. Where it
 * is not right to the last byte, or cannot be read, each door counts as locked out. Every function but the two that are
 * pure may wait for the disk.
 *
 *     portcullis lockouts
 *     left
 *     crc32 1a2b3c4d
 *
 * One line for each door that is locked out. The sum is zlib's, over all bytes before "crc32".
 */
#ifndef PORTCULLIS_HISTORY_LOCKOUTS_H
#define PORTCULLIS_HISTORY_LOCKOUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "door/types.h"
#include "history/disk.h"
#include "history/memory.h"

#define HISTORY_LOCKOUTS_MAX (64 + DOORS_MAX * (DOOR_ID_MAX + 1)) /* bytes, with the terminator */

/* Pure: writes the file's terminated text. Returns its length without the terminator. locked: for each door of memory. */
size_t history_lockouts_print(
		const struct history_memory *doors, const bool *locked, char text[static HISTORY_LOCKOUTS_MAX]);
/* Pure: reads it. False: it is damaged, and locked says so of each door. Doors that are not configured are passed over. */
bool history_lockouts_parse(const struct history_memory *doors, const char *text, size_t length, bool *locked);

/* Sets locked for each door. Without a file no door is locked out. 0, or -errno: damaged is -EBADMSG. The disk has been
 * read (history_disk_read). */
int history_lockouts_read(struct history_disk *disk, const struct history_memory *doors, bool *locked);

/* It is on the disk after 0. Else -errno, and disk->trouble says why. */
int history_lockouts_write(struct history_disk *disk, const struct history_memory *doors, const bool *locked);

#endif
