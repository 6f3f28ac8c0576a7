/*
 * A ring is written at next and read from there backwards. Numbers grow with each record, so a merge by number gives
 * the order of all records. The last change of a door is kept beside the rings, since it may be older than they are.
 */
#include "history/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct history_memory *history_memory_new(const char *const *ids, size_t door_count)
{
	struct history_memory *memory = calloc(1, sizeof(*memory) + door_count * sizeof(memory->doors[0]));
	if (!memory)
		return NULL;
	memory->door_count = door_count;
	for (size_t i = 0; i < door_count; i++)
		snprintf(memory->doors[i].id, sizeof(memory->doors[i].id), "%s", ids[i]);
	history_memory_clear(memory);
	return memory;
}

void history_memory_clear(struct history_memory *memory)
{
	memory->run = 0;
	memory->newest_number = 0;
	memory->newest_unix_ms = 0;
	for (size_t i = 0; i < memory->door_count; i++) {
		struct history_door *door = &memory->doors[i];
		door->rings[HISTORY_EVENT] =
				(struct history_ring){.records = door->event_records, .max = HISTORY_DOOR_RECORDS};
		door->rings[HISTORY_COMMAND] =
				(struct history_ring){.records = door->command_records, .max = HISTORY_DOOR_COMMANDS};
		door->rings[HISTORY_REFUSAL] =
				(struct history_ring){.records = door->refusal_records, .max = HISTORY_DOOR_REFUSALS};
		door->rings[HISTORY_LOCKOUT] =
				(struct history_ring){.records = door->lockout_records, .max = HISTORY_DOOR_LOCKOUTS};
		door->totals = (struct door_totals){.cycles = 0};
		door->change = (struct history_change){.unix_ms = 0};
		door->changed = (struct door_record){.number = 0};
		door->behind = false;
	}
}

/* back: 0 is the newest. */
static struct door_record *record_at(const struct history_ring *ring, size_t back)
{
	return &ring->records[(ring->next + ring->max - 1 - back) % ring->max];
}

static uint64_t newest_number(const struct history_ring *ring)
{
	return ring->count > 0 ? record_at(ring, 0)->number : 0;
}

enum history_kind history_kind_of(const struct door_record *record)
{
	switch (record->news) {
	case DOOR_NEWS_COMMAND_REJECTED:
		return HISTORY_REFUSAL;
	case DOOR_NEWS_LOCKED_OUT:
	case DOOR_NEWS_LOCKOUT_LIFTED:
		return HISTORY_LOCKOUT;
	case DOOR_NEWS_COMMAND_ACCEPTED:
	case DOOR_NEWS_COMMAND_CANCELLED:
	case DOOR_NEWS_CLOSE_WARNING:
		return door_command_is_lockout(record->command) ? HISTORY_LOCKOUT : HISTORY_COMMAND;
	default:
		return HISTORY_EVENT;
	}
}

static void give_time(struct door_record *record, const struct door_record *from)
{
	int64_t unix_ms = from->unix_ms - (from->up_ms - record->up_ms);
	if (record->run == from->run && record->unix_ms == 0 && unix_ms > 0)
		record->unix_ms = unix_ms;
}

bool history_memory_give_times(struct history_door *door, const struct door_record *from)
{
	bool given = false;
	for (size_t i = 0; i < HISTORY_KINDS; i++)
		for (size_t back = 0; back < door->rings[i].count; back++) {
			struct door_record *record = record_at(&door->rings[i], back);
			int64_t before_ms = record->unix_ms;
			give_time(record, from);
			given = given || record->unix_ms != before_ms;
		}
	give_time(&door->changed, from);
	if (door->changed.number > 0 && door->change.source != DOOR_SOURCE_NONE)
		door->change.unix_ms = door->changed.unix_ms;
	return given;
}

static void remember_change(struct history_door *door, const struct door_record *record)
{
	door->changed = *record;
	door->change = (struct history_change){.state = record->state, .source = record->source};
	if (record->source != DOOR_SOURCE_NONE)
		door->change.unix_ms = record->unix_ms;
}

void history_memory_insert(struct history_memory *memory, const struct door_record *record)
{
	struct history_door *door = &memory->doors[record->door];
	struct history_ring *ring = &door->rings[history_kind_of(record)];
	ring->records[ring->next] = *record;
	ring->next = (ring->next + 1) % ring->max;
	ring->count += ring->count < ring->max;
	if (record->unix_ms > 0)
		history_memory_give_times(door, record);
	if (record->unix_ms > memory->newest_unix_ms)
		memory->newest_unix_ms = record->unix_ms;
	if (record->number > memory->newest_number)
		memory->newest_number = record->number;

	bool moved_unseen = record->news == DOOR_NEWS_STARTED && record->state != door->change.state;
	if (moved_unseen) {
		struct door_record unseen = *record;
		unseen.source = DOOR_SOURCE_NONE;
		remember_change(door, &unseen);
	} else if (record->news <= DOOR_NEWS_STATE_UNKNOWN) {
		remember_change(door, record);
	}
}

void history_memory_take(struct history_memory *memory, const struct history_line *line)
{
	struct door_record record = line->record;
	if (record.number > memory->newest_number)
		memory->newest_number = record.number;
	if (record.run > memory->run)
		memory->run = record.run;
	for (size_t i = 0; i < memory->door_count; i++) {
		struct history_door *door = &memory->doors[i];
		if (strcmp(door->id, line->door) != 0)
			continue;
		record.door = (uint8_t)i;
		door->totals = line->totals;
		if (line->kept)
			remember_change(door, &record);
		else
			history_memory_insert(memory, &record);
	}
}

struct door_record *history_memory_repeated(const struct history_door *door, const struct door_record *record)
{
	const struct history_ring *refusals = &door->rings[HISTORY_REFUSAL];
	uint64_t other = 0; /* the newest record of another kind */
	if (history_kind_of(record) != HISTORY_REFUSAL)
		return NULL;
	for (size_t i = 0; i < HISTORY_KINDS; i++)
		if (i != HISTORY_REFUSAL && newest_number(&door->rings[i]) > other)
			other = newest_number(&door->rings[i]);
	for (size_t back = 0; back < refusals->count; back++) {
		struct door_record *before = record_at(refusals, back);
		if (before->number < other || before->run != record->run ||
				record->up_ms - before->up_ms >= HISTORY_REPEAT_MS)
			return NULL;
		if (before->command == record->command && before->source == record->source &&
				before->reason == record->reason)
			return before;
	}
	return NULL;
}

const struct door_record *history_memory_newest(const struct history_door *door)
{
	const struct history_ring *newest = &door->rings[0];
	for (size_t i = 1; i < HISTORY_KINDS; i++)
		if (newest_number(&door->rings[i]) > newest_number(newest))
			newest = &door->rings[i];
	return newest->count > 0 ? record_at(newest, 0) : NULL;
}

size_t history_memory_read(const struct history_memory *memory, size_t door, uint64_t before,
		struct door_record *records, size_t max)
{
	size_t backs[HISTORY_KINDS * DOORS_MAX] = {0}, count = 0;
	if (before == 0)
		before = UINT64_MAX;
	while (count < max) {
		const struct door_record *best = NULL;
		for (size_t i = 0; i < HISTORY_KINDS * memory->door_count; i++) {
			const struct history_ring *one = &memory->doors[i / HISTORY_KINDS].rings[i % HISTORY_KINDS];
			if (door != HISTORY_ALL_DOORS && door != i / HISTORY_KINDS)
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
