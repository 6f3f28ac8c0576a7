/*
 * For this room only: the file that keeps which doors commands have locked out, over restarts and power cuts. It is
 * small, and written whole under another name, forced to the disk, and renamed: it is the old one or the new one. Where it
 * is not right to the last byte, or cannot be read, each door counts as locked out. Both functions may wait for the disk.
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

/*
 * Sets locked for each door of doors; others that the file names are passed over. Without a file no door is locked out.
 * Call it after history_disk_read. Returns 0, or -errno (-EBADMSG: the file is damaged) with each door locked out.
 */
int history_lockouts_read(struct history_disk *disk, const struct history_memory *doors, bool *locked);

/* It is on the disk after 0. Else -errno, and disk->trouble says why. */
int history_lockouts_write(struct history_disk *disk, const struct history_memory *doors, const bool *locked);

#endif
