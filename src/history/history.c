/*
 * Memory, and files where a directory is configured. Each kind of record has a credit of lines for the disk; the thread
 * of files.c writes them. That thread also reads the files, into a memory of their own (past). Once they are read, past
 * becomes the memory, and the records that this run has made so far are added to it and written. At most starts that
 * is at once; where the directory comes later it is then.
 */
#include "history/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history/files.h"
#include "history/memory.h"

/* How many lines the card is still to bear: time, of which each line takes every_ms. */
struct credit {
	int64_t every_ms, most_ms, left_ms, credited_ms;
};

struct history {
	const struct log *log;
	struct history_memory *memory;
	struct history_memory *past; /* what the files told or are to tell, until it is adopted; then NULL */
	struct history_files *files; /* NULL: memory only */
	bool wanted;
	int64_t started_ms;
	uint32_t run;
	struct credit credits[HISTORY_KINDS];
	uint64_t lost;
	bool stopped;
};

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

static struct history *new_in_memory(const struct log *log, const struct history_config *config)
{
	struct history *history = calloc(1, sizeof(*history));
	if (!history)
		return NULL;
	history->log = log;
	history->wanted = config->directory;
	history->started_ms = config->started_ms;
	history->run = 1;
	history->credits[HISTORY_EVENT] = credit_of(HISTORY_BURST_LINES, HISTORY_LINE_EVERY_MS, config->started_ms);
	history->credits[HISTORY_COMMAND] =
			credit_of(HISTORY_BURST_COMMANDS, HISTORY_COMMAND_EVERY_MS, config->started_ms);
	history->credits[HISTORY_REFUSAL] =
			credit_of(HISTORY_BURST_REFUSALS, HISTORY_REFUSAL_EVERY_MS, config->started_ms);
	history->credits[HISTORY_LOCKOUT] = history->credits[HISTORY_REFUSAL];
	history->memory = history_memory_new(config->doors, config->door_count);
	if (config->directory)
		history->past = history_memory_new(config->doors, config->door_count);
	if (history->memory && (history->past || !config->directory))
		return history;
	history_free(history);
	return NULL;
}

int history_new(const struct log *log, const struct history_config *config, struct history **out)
{
	struct history *history = new_in_memory(log, config);
	if (!history)
		return -ENOMEM;
	int error = config->directory ? history_files_new(log, config, history->past, &history->files) : 0;
	if (error == -ENOMEM) {
		history_free(history);
		return error;
	}
	history_look(history, config->started_ms);
	*out = history;
	return 0;
}

void history_restore(
		const struct history *history, size_t door, struct door_totals *totals, struct history_change *change)
{
	*totals = history->memory->doors[door].totals;
	*change = history->memory->doors[door].change;
}

bool history_is_locked_out(const struct history *history, size_t door)
{
	return history->files ? history_files_is_locked_out(history->files, door) : history->wanted;
}

void history_lock_out(struct history *history, size_t door, bool locked)
{
	if (history->files && !history->stopped)
		history_files_lock_out(history->files, door, locked);
}

enum history_lockouts history_lockouts(const struct history *history)
{
	if (!history->files)
		return history->wanted ? HISTORY_LOCKOUTS_FAILED : HISTORY_LOCKOUTS_NONE;
	return history_files_lockouts(history->files);
}

int64_t history_newest_unix_ms(const struct history *history)
{
	return history->memory->newest_unix_ms;
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
	struct history_door *door = &history->memory->doors[record->door];
	struct history_line line = line_of(door, record, false), kept = kept_line(door);
	enum history_kind kind = history_kind_of(record);
	if (!history->files || history->past)
		return;
	bool written = spend(&history->credits[kind], now_ms) &&
		       history_files_append(history->files, record->door, &line, &kept);
	history->lost += !written;
	if (written || kind == HISTORY_EVENT) /* the others change no totals */
		door->behind = !written;
}

static void add_totals(struct door_totals *totals, const struct door_totals *more)
{
	totals->cycles += more->cycles;
	totals->last_open_ms = more->last_open_ms ? more->last_open_ms : totals->last_open_ms;
	totals->last_close_ms = more->last_close_ms ? more->last_close_ms : totals->last_close_ms;
	totals->last_travel_ms = more->last_travel_ms ? more->last_travel_ms : totals->last_travel_ms;
}

bool history_look(struct history *history, int64_t now_ms)
{
	struct history_memory *memory = history->memory, *past = history->past;
	size_t max = memory->door_count *
		     (HISTORY_DOOR_RECORDS + HISTORY_DOOR_COMMANDS + HISTORY_DOOR_REFUSALS + HISTORY_DOOR_LOCKOUTS);
	if (!past || !history->files || history->stopped || !history_files_are_read(history->files))
		return false;
	struct door_record *records = calloc(max + 1, sizeof(*records));
	if (!records)
		return false; /* next time */
	size_t count = history_memory_read(memory, HISTORY_ALL_DOORS, 0, records, max);
	uint64_t before = past->newest_number;
	for (size_t i = 0; i < past->door_count; i++) {
		struct history_line line = kept_line(&past->doors[i]);
		if (line.record.number > 0)
			history_files_append(history->files, i, &line, &line);
		add_totals(&past->doors[i].totals, &memory->doors[i].totals);
	}
	history->memory = past;
	history->past = NULL;
	history->run = past->run + 1;
	history_files_use(history->files);
	for (size_t i = count; i-- > 0;) { /* the oldest first */
		records[i].number += before;
		records[i].run = history->run;
		history_memory_insert(history->memory, &records[i]);
		write_line(history, &records[i], now_ms);
	}
	free(records);
	free(memory);
	return true;
}

void history_add(struct history *history, const struct door_record *from, const struct door_totals *totals,
		int64_t now_ms, int64_t unix_ms)
{
	struct history_door *door = &history->memory->doors[from->door];
	struct door_record record = *from;
	if (history->stopped)
		return;
	record.number = history->memory->newest_number + 1;
	record.unix_ms = unix_ms;
	record.up_ms = now_ms > history->started_ms ? now_ms - history->started_ms : 0;
	record.run = history->run;
	record.count = 1;
	struct door_record *before = history_memory_repeated(door, &record);
	if (before) {
		before->count += before->count < UINT16_MAX;
		return;
	}
	door->totals = *totals;
	history_memory_insert(history->memory, &record);
	write_line(history, &record, now_ms);
}

void history_clock_set(struct history *history, int64_t now_ms, int64_t unix_ms)
{
	const struct door_record now = {.run = history->run, .up_ms = now_ms - history->started_ms, .unix_ms = unix_ms};
	for (size_t i = 0; i < history->memory->door_count; i++) {
		struct history_door *door = &history->memory->doors[i];
		if (!history_memory_give_times(door, &now))
			continue;
		const struct door_record record = {.door = (uint8_t)i,
				.news = DOOR_NEWS_CLOCK_SET,
				.command = -1,
				.state = history_memory_newest(door)->state};
		const struct door_totals totals = door->totals;
		history_add(history, &record, &totals, now_ms, unix_ms);
	}
}

size_t history_read(
		const struct history *history, size_t door, uint64_t before, struct door_record *records, size_t max)
{
	return history_memory_read(history->memory, door, before, records, max);
}

void history_status(struct history *history, struct history_status *status)
{
	*status = (struct history_status){
			.wanted = history->wanted, .on_disk = history->files && !history->past, .lost = history->lost};
	if (history->files)
		history_files_status(history->files, status);
	else if (history->wanted)
		snprintf(status->problem, sizeof(status->problem), "the thread that writes could not start");
}

void history_stop(struct history *history)
{
	if (history->stopped)
		return;
	history->stopped = true;
	if (!history->files)
		return;
	for (size_t i = 0; i < history->memory->door_count; i++) {
		struct history_line line = kept_line(&history->memory->doors[i]);
		if (history->memory->doors[i].behind)
			history_files_append(history->files, i, &line, &line);
	}
	history_files_stop(history->files);
}

void history_free(struct history *history)
{
	if (!history)
		return;
	if (history->memory)
		history_stop(history);
	history_files_free(history->files);
	free(history->past);
	free(history->memory);
	free(history);
}
