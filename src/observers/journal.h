/*
 * What the history keeps of the doors: each change and fault, each command that was not needless, a door that is left
 * open, the start, and the setting of the clock. An observer of the garage. Loop thread only.
 */
#ifndef PORTCULLIS_OBSERVERS_JOURNAL_H
#define PORTCULLIS_OBSERVERS_JOURNAL_H

#include "garage/garage.h"
#include "history/history.h"

/* journal is a struct history. */
void journal_hear(void *journal, const struct garage_news *news); /* garage_observer.hear */

/* What a former run has left of a door, for garage_start. */
struct garage_past journal_past(const struct history *history, size_t door);

#endif
