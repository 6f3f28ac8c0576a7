/*
 * What the history keeps of the doors: each change, fault and command, and the start. An observer of the garage. Loop
 * thread only.
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
