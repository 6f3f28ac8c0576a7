/*
 * The log's lines of the doors: what their machines did, how commands ended, and when the agent stood still. An
 * observer of the garage. Loop thread only.
 */
#ifndef PORTCULLIS_OBSERVERS_DOOR_LOG_H
#define PORTCULLIS_OBSERVERS_DOOR_LOG_H

#include <stddef.h>

#include "base/log.h"
#include "garage/garage.h"

struct door_log;

/* Borrows log. 0 or -ENOMEM. Freed with door_log_free, which takes NULL. */
int door_log_new(const struct log *log, size_t door_count, struct door_log **door_log);
void door_log_free(struct door_log *door_log);

void door_log_hear(void *door_log, const struct garage_news *news); /* garage_observer.hear */

#endif
