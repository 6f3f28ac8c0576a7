/*
 * The last times at which relays were switched and end contacts changed. The Set-up view learns from them how the opener
 * reacts and how long contacts bounce. An observer of the garage. Loop thread only. Keeps TRACE_CHANGES changes of each
 * door; a new one takes the place of the oldest.
 */
#ifndef PORTCULLIS_OBSERVERS_TRACE_H
#define PORTCULLIS_OBSERVERS_TRACE_H

#include <stddef.h>

#include "garage/garage.h"

#define TRACE_CHANGES 48 /* of one door */
#define TRACE_CHANGE_TEXT_MAX (sizeof(" closed_sensor+") + 20)
#define TRACE_TEXT_MAX (24 + TRACE_CHANGES * TRACE_CHANGE_TEXT_MAX)

struct trace;

/* 0 or -ENOMEM. Freed with trace_free, which takes NULL. */
int trace_new(size_t door_count, struct trace **trace);
void trace_free(struct trace *trace);

void trace_hear(void *trace, const struct garage_news *news); /* garage_observer.hear */

/*
 * Writes "COUNT NAME+MS NAME-MS ...". COUNT is the number of changes since the start; the changes that are kept follow,
 * the oldest first. NAME is the line's key in the configuration. + means that it became active, - inactive, before
 * debouncing. MS is the time on the loop's clock.
 */
void trace_print(const struct trace *trace, size_t door, char text[static TRACE_TEXT_MAX]);

#endif
