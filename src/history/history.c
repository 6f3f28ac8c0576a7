#include "history/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history/files.h"

struct history_door {
	char id[DOOR_ID_MAX + 1];
	struct door_record records[HISTORY_DOOR_RECORDS]; /* a ring */
	size_t next, count;
	struct door_totals totals;
	struct history_change change;
	struct door_record changed; /* the record that change is of; number 0: none */
	bool behind;                /* the files do not know the totals */
};

struct history {
	const struct log *log;
	struct history_files *files; /* NULL: memory only */
	int64_t started_ms;
	uint32_t run;
	uint64_t newest_number;
	int64_t newest_unix_ms;
	int64_t credit_ms, credited_ms; /* each line on the disk takes HISTORY_LINE_EVERY_MS of it */
	uint64_t lost;
	bool stopped;
	size_t door_count;
	struct history_door doors[];
};

/* back: 0 is the newest. */
static const struct door_record *record_at(const struct history_door *door, size_t back)
{
	return &door->records[(door->next + HISTORY_DOOR_RECORDS - 1 - back) % HISTORY_DOOR_RECORDS];
}

static struct door_record *newest(struct history_door *door)
{
	return door->count > 0 ? &door->records[(door->next + HISTORY_DOOR_RECORDS - 1) % HISTORY_DOOR_RECORDS] : NULL;
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
	bool given = false;
	for (size_t i = 0; i < door->count; i++) {
		struct door_record *record = &door->records[i];
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
	door->records[door->next] = *record;
	door->next = (door->next + 1) % HISTORY_DOOR_RECORDS;
	door->count += door->count < HISTORY_DOOR_RECORDS;
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

int history_new(const struct log *log, const struct history_config *config, struct history **out)
{
	struct history *history = calloc(1, sizeof(*history) + config->door_count * sizeof(history->doors[0]));
	if (!history)
		return -ENOMEM;
	history->log = log;
	history->started_ms = config->started_ms;
	history->credit_ms = (int64_t)HISTORY_BURST_LINES * HISTORY_LINE_EVERY_MS;
	history->credited_ms = config->started_ms;
	history->door_count = config->door_count;
	for (size_t i = 0; i < config->door_count; i++)
		snprintf(history->doors[i].id, sizeof(history->doors[i].id), "%s", config->doors[i]);
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
static bool spend(struct history *history, int64_t now_ms)
{
	const int64_t most_ms = (int64_t)HISTORY_BURST_LINES * HISTORY_LINE_EVERY_MS;
	history->credit_ms += now_ms - history->credited_ms;
	history->credited_ms = now_ms;
	if (history->credit_ms > most_ms)
		history->credit_ms = most_ms;
	if (history->credit_ms < HISTORY_LINE_EVERY_MS)
		return false;
	history->credit_ms -= HISTORY_LINE_EVERY_MS;
	return true;
}

static void write_line(struct history *history, const struct door_record *record, int64_t now_ms)
{
	struct history_door *door = &history->doors[record->door];
	struct history_line line = line_of(door, record, false), kept = kept_line(door);
	if (!history->files)
		return;
	door->behind = !spend(history, now_ms) || !history_files_append(history->files, record->door, &line, &kept);
	history->lost += door->behind;
}

static bool is_repeated(const struct door_record *record, const struct door_record *before)
{
	return before && record->news == DOOR_NEWS_COMMAND_REJECTED && before->news == record->news &&
	       before->command == record->command && before->source == record->source &&
	       before->reason == record->reason && before->run == record->run &&
	       record->up_ms - before->up_ms < HISTORY_REPEAT_MS;
}

void history_add(struct history *history, const struct door_record *from, const struct door_totals *totals,
		int64_t now_ms, int64_t unix_ms)
{
	struct history_door *door = &history->doors[from->door];
	struct door_record record = *from, *before = newest(door);
	if (history->stopped)
		return;
	record.number = history->newest_number + 1;
	record.unix_ms = unix_ms;
	record.up_ms = now_ms > history->started_ms ? now_ms - history->started_ms : 0;
	record.run = history->run;
	record.count = 1;
	if (is_repeated(&record, before)) {
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
		const struct door_record record = {.door = (uint8_t)i,
				.news = DOOR_NEWS_CLOCK_SET,
				.command = -1,
				.state = newest(door)->state};
		const struct door_totals totals = door->totals;
		history_add(history, &record, &totals, now_ms, unix_ms);
	}
}

size_t history_read(
		const struct history *history, size_t door, uint64_t before, struct door_record *records, size_t max)
{
	size_t backs[DOORS_MAX] = {0}, count = 0;
	if (before == 0)
		before = UINT64_MAX;
	while (count < max) {
		const struct door_record *best = NULL;
		for (size_t i = 0; i < history->door_count; i++) {
			const struct history_door *one = &history->doors[i];
			if (door != HISTORY_ALL_DOORS && door != i)
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
