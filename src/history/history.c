/*
 * A door's records are in two rings, one for refused commands and one for all else, which history_read merges by their
 * numbers. Each kind has a credit of lines for the disk; the thread of files.c writes them.
 */
#include "history/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history/files.h"

struct ring {
	struct door_record *records;
	size_t max, next, count;
};

struct history_door {
	char id[DOOR_ID_MAX + 1];
	struct door_record event_records[HISTORY_DOOR_RECORDS], refusal_records[HISTORY_DOOR_REFUSALS];
	struct ring events, refusals; /* of these */
	struct door_totals totals;
	struct history_change change;
	struct door_record changed; /* the record that change is of; number 0: none */
	bool behind;                /* the files do not know the totals */
};

/* How many lines the card is still to bear: time, of which each line takes every_ms. */
struct credit {
	int64_t every_ms, most_ms, left_ms, credited_ms;
};

struct history {
	const struct log *log;
	struct history_files *files; /* NULL: memory only */
	int64_t started_ms;
	uint32_t run;
	uint64_t newest_number;
	int64_t newest_unix_ms;
	struct credit events, refusals;
	uint64_t lost;
	bool stopped;
	size_t door_count;
	struct history_door doors[];
};

/* back: 0 is the newest. */
static struct door_record *record_at(const struct ring *ring, size_t back)
{
	return &ring->records[(ring->next + ring->max - 1 - back) % ring->max];
}

static uint64_t newest_number(const struct ring *ring)
{
	return ring->count > 0 ? record_at(ring, 0)->number : 0;
}

static bool is_refusal(const struct door_record *record)
{
	return record->news == DOOR_NEWS_COMMAND_REJECTED;
}

static void give_time(struct door_record *record, const struct door_record *from)
{
	int64_t unix_ms = from->unix_ms - (from->up_ms - record->up_ms);
	if (record->run == from->run && record->unix_ms == 0 && unix_ms > 0)
		record->unix_ms = unix_ms;
}

/* One record with a time gives it to those before it in its run. Returns whether there was one without. */
static bool give_times(struct history_door *door, const struct door_record *from)
{
	const struct ring *const rings[] = {&door->events, &door->refusals};
	bool given = false;
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		for (size_t back = 0; back < rings[i]->count; back++) {
			struct door_record *record = record_at(rings[i], back);
			int64_t before_ms = record->unix_ms;
			give_time(record, from);
			given = given || record->unix_ms != before_ms;
		}
	give_time(&door->changed, from);
	if (door->changed.number > 0 && door->change.source != DOOR_SOURCE_NONE)
		door->change.unix_ms = door->changed.unix_ms;
	return given;
}

static void note_change(struct history_door *door, const struct door_record *record)
{
	door->changed = *record;
	door->change = (struct history_change){.state = record->state, .source = record->source};
	if (record->source != DOOR_SOURCE_NONE)
		door->change.unix_ms = record->unix_ms;
}

static void insert(struct history *history, struct history_door *door, const struct door_record *record)
{
	struct ring *ring = is_refusal(record) ? &door->refusals : &door->events;
	ring->records[ring->next] = *record;
	ring->next = (ring->next + 1) % ring->max;
	ring->count += ring->count < ring->max;
	if (record->unix_ms > 0)
		give_times(door, record);
	if (record->unix_ms > history->newest_unix_ms)
		history->newest_unix_ms = record->unix_ms;
	if (record->number > history->newest_number)
		history->newest_number = record->number;

	bool moved_unseen = record->news == DOOR_NEWS_STARTED && record->state != door->change.state;
	if (moved_unseen) {
		struct door_record unseen = *record;
		unseen.source = DOOR_SOURCE_NONE;
		note_change(door, &unseen);
	} else if (record->news <= DOOR_NEWS_STATE_UNKNOWN) {
		note_change(door, record);
	}
}

static void take(void *user, const struct history_line *line)
{
	struct history *history = user;
	struct door_record record = line->record;
	if (record.number > history->newest_number)
		history->newest_number = record.number;
	if (record.run > history->run)
		history->run = record.run;
	for (size_t i = 0; i < history->door_count; i++) {
		struct history_door *door = &history->doors[i];
		if (strcmp(door->id, line->door) != 0)
			continue;
		record.door = (uint8_t)i;
		door->totals = line->totals;
		if (line->kept)
			note_change(door, &record);
		else
			insert(history, door, &record);
	}
}

static struct history_line line_of(const struct history_door *door, const struct door_record *record, bool kept)
{
	struct history_line line = {.record = *record, .totals = door->totals, .kept = kept};
	memcpy(line.door, door->id, sizeof(line.door));
	return line;
}

/* What a new file says of the door. */
static struct history_line kept_line(const struct history_door *door)
{
	struct history_line line = line_of(door, &door->changed, true);
	line.record.command = -1;
	return line;
}

static struct credit credit_of(int64_t lines, int64_t every_ms, int64_t now_ms)
{
	return (struct credit){.every_ms = every_ms,
			.most_ms = lines * every_ms,
			.left_ms = lines * every_ms,
			.credited_ms = now_ms};
}

int history_new(const struct log *log, const struct history_config *config, struct history **out)
{
	struct history *history = calloc(1, sizeof(*history) + config->door_count * sizeof(history->doors[0]));
	if (!history)
		return -ENOMEM;
	history->log = log;
	history->started_ms = config->started_ms;
	history->events = credit_of(HISTORY_BURST_LINES, HISTORY_LINE_EVERY_MS, config->started_ms);
	history->refusals = credit_of(HISTORY_BURST_REFUSALS, HISTORY_REFUSAL_EVERY_MS, config->started_ms);
	history->door_count = config->door_count;
	for (size_t i = 0; i < config->door_count; i++) {
		struct history_door *door = &history->doors[i];
		snprintf(door->id, sizeof(door->id), "%s", config->doors[i]);
		door->events = (struct ring){.records = door->event_records, .max = HISTORY_DOOR_RECORDS};
		door->refusals = (struct ring){.records = door->refusal_records, .max = HISTORY_DOOR_REFUSALS};
	}
	int error = config->directory ? history_files_new(log, config, take, history, &history->files) : -ENOENT;
	for (size_t i = 0; i < history->door_count && error == 0; i++) {
		struct history_line line = kept_line(&history->doors[i]);
		if (line.record.number > 0)
			history_files_append(history->files, i, &line, &line);
	}
	if (error == 0)
		error = history_files_start(history->files);
	if (error < 0) {
		history_files_free(history->files);
		history->files = NULL;
	}
	history->run++;
	*out = history;
	return 0;
}

void history_restore(
		const struct history *history, size_t door, struct door_totals *totals, struct history_change *change)
{
	*totals = history->doors[door].totals;
	*change = history->doors[door].change;
}

int64_t history_newest_unix_ms(const struct history *history)
{
	return history->newest_unix_ms;
}

/* A line more for the files, as far as the card is to bear it. */
static bool spend(struct credit *credit, int64_t now_ms)
{
	credit->left_ms += now_ms - credit->credited_ms;
	credit->credited_ms = now_ms;
	if (credit->left_ms > credit->most_ms)
		credit->left_ms = credit->most_ms;
	if (credit->left_ms < credit->every_ms)
		return false;
	credit->left_ms -= credit->every_ms;
	return true;
}

static void write_line(struct history *history, const struct door_record *record, int64_t now_ms)
{
	struct history_door *door = &history->doors[record->door];
	struct history_line line = line_of(door, record, false), kept = kept_line(door);
	struct credit *credit = is_refusal(record) ? &history->refusals : &history->events;
	if (!history->files)
		return;
	bool written = spend(credit, now_ms) && history_files_append(history->files, record->door, &line, &kept);
	history->lost += !written;
	if (written || !is_refusal(record)) /* a refusal changes no totals */
		door->behind = !written;
}

/* The refusal that this one repeats; NULL: none. */
static struct door_record *repeated(const struct history_door *door, const struct door_record *record)
{
	for (size_t back = 0; back < door->refusals.count && is_refusal(record); back++) {
		struct door_record *before = record_at(&door->refusals, back);
		if (before->number < newest_number(&door->events) || before->run != record->run ||
				record->up_ms - before->up_ms >= HISTORY_REPEAT_MS)
			return NULL;
		if (before->command == record->command && before->source == record->source &&
				before->reason == record->reason)
			return before;
	}
	return NULL;
}

void history_add(struct history *history, const struct door_record *from, const struct door_totals *totals,
		int64_t now_ms, int64_t unix_ms)
{
	struct history_door *door = &history->doors[from->door];
	struct door_record record = *from;
	if (history->stopped)
		return;
	record.number = history->newest_number + 1;
	record.unix_ms = unix_ms;
	record.up_ms = now_ms > history->started_ms ? now_ms - history->started_ms : 0;
	record.run = history->run;
	record.count = 1;
	struct door_record *before = repeated(door, &record);
	if (before) {
		before->count += before->count < UINT16_MAX;
		return;
	}
	door->totals = *totals;
	insert(history, door, &record);
	write_line(history, &record, now_ms);
}

void history_clock_set(struct history *history, int64_t now_ms, int64_t unix_ms)
{
	const struct door_record now = {.run = history->run, .up_ms = now_ms - history->started_ms, .unix_ms = unix_ms};
	for (size_t i = 0; i < history->door_count; i++) {
		struct history_door *door = &history->doors[i];
		if (!give_times(door, &now))
			continue;
		const struct ring *newer = newest_number(&door->events) > newest_number(&door->refusals)
							   ? &door->events
							   : &door->refusals;
		const struct door_record record = {.door = (uint8_t)i,
				.news = DOOR_NEWS_CLOCK_SET,
				.command = -1,
				.state = record_at(newer, 0)->state};
		const struct door_totals totals = door->totals;
		history_add(history, &record, &totals, now_ms, unix_ms);
	}
}

size_t history_read(
		const struct history *history, size_t door, uint64_t before, struct door_record *records, size_t max)
{
	size_t backs[2 * DOORS_MAX] = {0}, count = 0;
	if (before == 0)
		before = UINT64_MAX;
	while (count < max) {
		const struct door_record *best = NULL;
		for (size_t i = 0; i < 2 * history->door_count; i++) {
			const struct history_door *of = &history->doors[i / 2];
			const struct ring *one = i % 2 ? &of->refusals : &of->events;
			if (door != HISTORY_ALL_DOORS && door != i / 2)
				continue;
			while (backs[i] < one->count && record_at(one, backs[i])->number >= before)
				backs[i]++;
			if (backs[i] < one->count && (!best || record_at(one, backs[i])->number > best->number))
				best = record_at(one, backs[i]);
		}
		if (!best)
			break;
		records[count++] = *best;
		before = best->number;
	}
	return count;
}

void history_status(struct history *history, struct history_status *status)
{
	*status = (struct history_status){.on_disk = history->files, .lost = history->lost};
	if (history->files)
		history_files_status(history->files, status);
}

void history_stop(struct history *history)
{
	if (history->stopped)
		return;
	history->stopped = true;
	if (!history->files)
		return;
	for (size_t i = 0; i < history->door_count; i++) {
		struct history_line line = kept_line(&history->doors[i]);
		if (history->doors[i].behind)
			history_files_append(history->files, i, &line, &line);
	}
	history_files_stop(history->files);
}

void history_free(struct history *history)
{
	if (!history)
		return;
	history_stop(history);
	history_files_free(history->files);
	free(history);
}
