/*
 * The history with real files: in memory where there is such a place (/dev/shm), since the tests force thousands of
 * lines to the disk.
 */
#include "history/history.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define NOON INT64_C(1795348800000) /* a wall clock */
#define READ_MAX 512
#define TEXT_MAX (64 * 1024)
#define PATIENCE_MS 10000

static const char *const ids[] = {"left", "right", "shed"};
static struct log quiet; /* errors only; into nothing where it matters */

struct place {
	char path[64];
};

static struct place make_place(void)
{
	struct place place;
	struct stat status;
	bool memory = stat("/dev/shm", &status) == 0 && access("/dev/shm", W_OK) == 0;
	snprintf(place.path, sizeof(place.path), "%s/history-XXXXXX", memory ? "/dev/shm" : "/tmp");
	if (!mkdtemp(place.path))
		abort();
	return place;
}

static const char *path_of(const struct place *place, const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", place->path, name);
	return path;
}

static void clear_place(const struct place *place)
{
	static const char *const names[] = {
			"history.jsonl", "history.1.jsonl", "history.new", "lockouts", "lockouts.new"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(place, names[i]));
}

static void drop_place(const struct place *place)
{
	clear_place(place);
	rmdir(place->path);
}

static size_t get_file(const struct place *place, const char *name, char text[static TEXT_MAX])
{
	size_t length = 0;
	FILE *file = fopen(path_of(place, name), "r");
	if (file) {
		length = fread(text, 1, TEXT_MAX - 1, file);
		fclose(file);
	}
	text[length] = '\0';
	return length;
}

static void put_file(const struct place *place, const char *name, const char *text, size_t length)
{
	int fd = open(path_of(place, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, text, length) != (ssize_t)length)
		abort();
	close(fd);
}

static struct history *start_with(const struct place *place, const struct history_config *changes)
{
	struct history *history;
	struct history_config config = *changes;
	config.directory = place ? place->path : NULL;
	if (!config.doors) {
		config.doors = ids;
		config.door_count = 2;
	}
	if (history_new(&quiet, &config, &history) < 0)
		abort();
	return history;
}

static struct history *start(const struct place *place)
{
	return start_with(place, &(struct history_config){.directory = NULL});
}

static void add_with(struct history *history, const struct door_record *record, uint64_t cycles, int64_t now_ms,
		int64_t unix_ms)
{
	const struct door_totals totals = {cycles, 1000, 2000, 2000};
	struct door_record filled = *record;
	if (filled.news < DOOR_NEWS_COMMAND_ACCEPTED)
		filled.command = -1;
	history_add(history, &filled, &totals, now_ms, unix_ms);
}

/* The door has come to state. */
static void add(struct history *history, uint8_t door, enum door_state state, uint64_t cycles, int64_t now_ms)
{
	const struct door_record record = {
			.door = door, .news = door_news_of_state(state), .state = state, .source = DOOR_SOURCE_MQTT};
	add_with(history, &record, cycles, now_ms, NOON + now_ms);
}

static size_t count_of(const struct history *history, size_t door)
{
	struct door_record records[READ_MAX];
	return history_read(history, door, 0, records, READ_MAX);
}

static uint64_t cycles_of(const struct history *history, size_t door)
{
	struct door_totals totals;
	struct history_change change;
	history_restore(history, door, &totals, &change);
	return totals.cycles;
}

static struct history_change change_of(const struct history *history, size_t door)
{
	struct door_totals totals;
	struct history_change change;
	history_restore(history, door, &totals, &change);
	return change;
}

static void in_memory(void)
{
	struct door_record records[READ_MAX];
	struct history *history = start(NULL);

	tap_case("in memory: the newest first, of all doors or of one");
	for (int i = 0; i < 6; i++)
		add(history, i % 2, i % 4 < 2 ? DOOR_OPEN : DOOR_CLOSED, (uint64_t)i, 1000 * i);
	CHECK(history_read(history, HISTORY_ALL_DOORS, 0, records, READ_MAX) == 6);
	for (size_t i = 0; i < 6; i++)
		CHECK(records[i].number == 6 - i && records[i].door == (6 - i - 1) % 2);
	CHECK(history_read(history, 1, 0, records, READ_MAX) == 3);
	CHECK(records[0].number == 6 && records[2].number == 2);
	CHECK(records[0].unix_ms == NOON + 5000 && records[0].up_ms == 5000 && records[0].count == 1);
	CHECK(records[0].news == DOOR_NEWS_OPENED && records[0].source == DOOR_SOURCE_MQTT);

	tap_case("page by page");
	CHECK(history_read(history, HISTORY_ALL_DOORS, 0, records, 4) == 4 && records[3].number == 3);
	CHECK(history_read(history, HISTORY_ALL_DOORS, 3, records, 4) == 2 && records[0].number == 2);
	CHECK(history_read(history, HISTORY_ALL_DOORS, 1, records, 4) == 0);

	tap_case("each door keeps its newest, however busy another is");
	for (int i = 0; i < 3 * HISTORY_DOOR_RECORDS; i++)
		add(history, 0, i % 2 ? DOOR_CLOSED : DOOR_OPEN, 0, 10000 + i);
	CHECK(count_of(history, 0) == HISTORY_DOOR_RECORDS && count_of(history, 1) == 3);
	CHECK(count_of(history, HISTORY_ALL_DOORS) == HISTORY_DOOR_RECORDS + 3);
	history_free(history);

	tap_case("equal refusals in a row are one record, until a minute is over");
	history = start(NULL);
	struct door_record refusal = {.news = DOOR_NEWS_COMMAND_REJECTED,
			.command = DOOR_COMMAND_CLOSE,
			.source = DOOR_SOURCE_MQTT,
			.reason = DOOR_REASON_OBSTRUCTED};
	for (int i = 0; i < 100000; i++)
		add_with(history, &refusal, 0, 1000 + i / 2, NOON);
	CHECK(history_read(history, 0, 0, records, READ_MAX) == 1 && records[0].count == UINT16_MAX);
	add_with(history, &refusal, 0, 1000 + HISTORY_REPEAT_MS, NOON);
	CHECK(history_read(history, 0, 0, records, READ_MAX) == 2 && records[0].count == 1);
	refusal.reason = DOOR_REASON_BUSY;
	add_with(history, &refusal, 0, 1000 + HISTORY_REPEAT_MS, NOON);
	CHECK(count_of(history, 0) == 3);

	tap_case("so are those that alternate, but not across something else");
	for (int i = 0; i < 1000; i++) {
		refusal.reason = i % 2 ? DOOR_REASON_BUSY : DOOR_REASON_OBSTRUCTED;
		add_with(history, &refusal, 0, 1001 + HISTORY_REPEAT_MS, NOON);
	}
	CHECK(history_read(history, 0, 0, records, READ_MAX) == 3 && records[0].count == 501 &&
			records[1].count == 501);
	add(history, 0, DOOR_CLOSED, 0, 1002 + HISTORY_REPEAT_MS);
	add_with(history, &refusal, 0, 1003 + HISTORY_REPEAT_MS, NOON);
	CHECK(history_read(history, 0, 0, records, READ_MAX) == 5 && records[0].count == 1);
	CHECK(records[0].news == DOOR_NEWS_COMMAND_REJECTED && records[1].news == DOOR_NEWS_CLOSED);
	history_free(history);
}

/* Refusals of which none repeats another. */
static void flood(struct history *history, int count, int64_t now_ms)
{
	for (int i = 0; i < count; i++) {
		const struct door_record refusal = {.news = DOOR_NEWS_COMMAND_REJECTED,
				.command = DOOR_COMMAND_OPEN,
				.state = DOOR_CLOSED,
				.source = DOOR_SOURCE_MQTT,
				.reason = DOOR_REASON_RETAINED};
		add_with(history, &refusal, 0, now_ms + (int64_t)i * HISTORY_REPEAT_MS, NOON);
	}
}

/* The door opens and closes, count moves in all, with totals from so many cycles on. */
static void open_and_close(struct history *history, int count, uint64_t cycles, int64_t now_ms)
{
	for (int i = 0; i < count; i++)
		add(history, 0, i % 2 ? DOOR_CLOSED : DOOR_OPEN, cycles + (uint64_t)i, now_ms + i);
}

static size_t count_moves(const struct door_record *records, size_t count)
{
	size_t moves = 0;
	for (size_t i = 0; i < count; i++)
		moves += records[i].news == DOOR_NEWS_OPENED || records[i].news == DOOR_NEWS_CLOSED;
	return moves;
}

static void refusals(void)
{
	struct place place = make_place();
	struct door_record records[READ_MAX];
	struct history *history = start(&place);

	tap_case("refusals push no event out of the memory");
	open_and_close(history, HISTORY_DOOR_RECORDS, 0, 1000);
	flood(history, 1000, 2000);
	CHECK(history_read(history, 0, 0, records, READ_MAX) == HISTORY_DOOR_RECORDS + HISTORY_DOOR_REFUSALS);
	CHECK(records[0].news == DOOR_NEWS_COMMAND_REJECTED);
	CHECK(records[HISTORY_DOOR_REFUSALS].news == DOOR_NEWS_CLOSED);
	CHECK(records[HISTORY_DOOR_REFUSALS + HISTORY_DOOR_RECORDS - 1].number == 1);
	history_free(history);

	tap_case("nor do they take a line on the disk from what happens after them");
	clear_place(&place);
	history = start(&place);
	struct timespec moment = {.tv_nsec = 1000000};
	struct history_status status;
	static char text[TEXT_MAX];
	size_t closed = 0, refused = 0;
	for (int i = 0; i < 1440; i++) { /* 72 a minute, none equal to another of that minute */
		const struct door_record refusal = {.news = DOOR_NEWS_COMMAND_REJECTED,
				.command = (int8_t)(i % 3),
				.source = i / 3 % 2 ? DOOR_SOURCE_MQTT : DOOR_SOURCE_HTTP,
				.reason = (enum door_reason)(1 + i / 6 % 12)};
		add_with(history, &refusal, 0, 1000 + i / 72 * HISTORY_REPEAT_MS, NOON);
		if (i % 10 == 0)
			nanosleep(&moment, NULL);
	}
	for (int i = 0; i < 40; i++)
		add(history, 0, i % 2 ? DOOR_CLOSED : DOOR_OPEN, (uint64_t)i + 1, 20 * HISTORY_REPEAT_MS);
	history_status(history, &status);
	history_free(history);
	get_file(&place, "history.jsonl", text);
	for (const char *at = text; (at = strstr(at, "\"event\":\"")) != NULL; at++) {
		closed += strncmp(at + 8, "\"closed\"", 8) == 0;
		refused += strncmp(at + 8, "\"command_rejected\"", 18) == 0;
	}
	CHECK(closed == 20);
	CHECK(refused > 0 && refused <= HISTORY_BURST_REFUSALS + 3 && status.lost == 1440 - refused);
	history = start(&place);
	CHECK(cycles_of(history, 0) == 40);
	history_free(history);
	drop_place(&place);
}

/* What costs its sender nothing, as refusals do: each is another lock-out. */
static void lock_and_lift(struct history *history, int count, int64_t now_ms)
{
	for (int i = 0; i < count; i++) {
		const struct door_record lockout = {.news = i % 2 ? DOOR_NEWS_LOCKOUT_LIFTED : DOOR_NEWS_LOCKED_OUT,
				.command = -1,
				.state = DOOR_CLOSED,
				.source = DOOR_SOURCE_MQTT};
		const struct door_record accepted = {.news = DOOR_NEWS_COMMAND_ACCEPTED,
				.command = i % 2 ? DOOR_COMMAND_LOCKOUT_OFF : DOOR_COMMAND_LOCKOUT_ON,
				.state = DOOR_CLOSED,
				.source = DOOR_SOURCE_MQTT};
		add_with(history, &lockout, 0, now_ms + i, NOON);
		add_with(history, &accepted, 0, now_ms + i, NOON);
	}
}

/* CLOSE, and STOP while the warning is on: no relay of the opener is pressed. */
static void close_and_stop(struct history *history, int count, int64_t now_ms)
{
	static const struct {
		enum door_news news;
		int8_t command;
	} records[] = {{DOOR_NEWS_CLOSE_WARNING, -1}, {DOOR_NEWS_COMMAND_ACCEPTED, DOOR_COMMAND_CLOSE},
			{DOOR_NEWS_COMMAND_CANCELLED, DOOR_COMMAND_CLOSE},
			{DOOR_NEWS_COMMAND_ACCEPTED, DOOR_COMMAND_STOP}};
	for (int i = 0; i < count; i++) {
		const struct door_record record = {.news = records[i % 4].news,
				.command = records[i % 4].command,
				.state = DOOR_OPEN,
				.source = DOOR_SOURCE_MQTT};
		add_with(history, &record, 0, now_ms + i, NOON);
	}
}

static void lockouts_that_flood(void)
{
	struct place place = make_place();
	struct door_record records[READ_MAX];
	struct history *history = start(&place);

	tap_case("commands and lock-outs that are taken back push nothing else out of the memory");
	open_and_close(history, HISTORY_DOOR_RECORDS, 0, 1000);
	flood(history, 10, 2000);
	close_and_stop(history, 4000, 2000 + 10 * HISTORY_REPEAT_MS);
	lock_and_lift(history, 1000, 2000 + 10 * HISTORY_REPEAT_MS);
	size_t count = history_read(history, 0, 0, records, READ_MAX), refused = 0;
	for (size_t i = 0; i < count; i++)
		refused += records[i].news == DOOR_NEWS_COMMAND_REJECTED;
	CHECK(count_moves(records, count) == HISTORY_DOOR_RECORDS && refused == 10);
	CHECK(count == HISTORY_DOOR_RECORDS + HISTORY_DOOR_COMMANDS + 10 + HISTORY_DOOR_LOCKOUTS);
	CHECK(records[0].command == DOOR_COMMAND_LOCKOUT_OFF && records[1].news == DOOR_NEWS_LOCKOUT_LIFTED);

	tap_case("nor do they take a line on the disk from what happens after them");
	const struct timespec moment = {.tv_nsec = 1000000};
	struct history_status status = {.written = 0};
	for (int i = 0; i < 5000 && status.written < HISTORY_DOOR_RECORDS; i++) {
		nanosleep(&moment, NULL);
		history_status(history, &status);
	}
	open_and_close(history, 40, 81, 2000 + 11 * HISTORY_REPEAT_MS);
	history_free(history);
	history = start(&place);
	CHECK(cycles_of(history, 0) == 120);
	count = history_read(history, 0, 0, records, READ_MAX);
	CHECK(count_moves(records, count) == HISTORY_DOOR_RECORDS && records[0].news == DOOR_NEWS_CLOSED);
	history_free(history);
	drop_place(&place);
}

static void restarts(void)
{
	struct place place = make_place();
	struct door_record records[READ_MAX];
	struct history *history = start(&place);

	tap_case("a new directory: nothing is known");
	CHECK(count_of(history, HISTORY_ALL_DOORS) == 0 && cycles_of(history, 0) == 0);
	CHECK(change_of(history, 0).state == DOOR_UNKNOWN && history_newest_unix_ms(history) == 0);

	tap_case("after a restart: the records, the totals, the last change");
	add(history, 0, DOOR_OPEN, 3, 1000);
	add(history, 1, DOOR_CLOSED, 8, 2000);
	const struct door_record accepted = {.news = DOOR_NEWS_COMMAND_ACCEPTED,
			.command = DOOR_COMMAND_CLOSE,
			.state = DOOR_OPEN,
			.source = DOOR_SOURCE_HTTP};
	add_with(history, &accepted, 3, 3000, NOON + 3000);
	history_free(history);
	history = start(&place);
	CHECK(history_read(history, HISTORY_ALL_DOORS, 0, records, READ_MAX) == 3);
	CHECK(records[0].number == 3 && records[0].command == DOOR_COMMAND_CLOSE && records[0].run == 1);
	CHECK(records[2].news == DOOR_NEWS_OPENED && records[2].command == -1);
	CHECK(cycles_of(history, 0) == 3 && cycles_of(history, 1) == 8);
	struct history_change change = change_of(history, 0);
	CHECK(change.state == DOOR_OPEN && change.source == DOOR_SOURCE_MQTT && change.unix_ms == NOON + 1000);
	CHECK(history_newest_unix_ms(history) == NOON + 3000);

	tap_case("numbers and runs go on");
	add(history, 0, DOOR_CLOSED, 4, 500);
	CHECK(history_read(history, 0, 0, records, 1) == 1 && records[0].number == 4 && records[0].run == 2);

	tap_case("the sensors say at the start what was recorded last: the change stands");
	struct door_record started = {.news = DOOR_NEWS_STARTED, .state = DOOR_CLOSED};
	add_with(history, &started, 4, 600, NOON);
	CHECK(change_of(history, 0).unix_ms == NOON + 500);

	tap_case("they say something else: nobody has seen it move");
	started.state = DOOR_OPEN;
	add_with(history, &started, 4, 700, NOON);
	change = change_of(history, 0);
	CHECK(change.state == DOOR_OPEN && change.source == DOOR_SOURCE_NONE && change.unix_ms == 0);
	history_free(history);
	history = start(&place);
	change = change_of(history, 0);
	CHECK(change.state == DOOR_OPEN && change.source == DOOR_SOURCE_NONE && change.unix_ms == 0);
	history_free(history);

	tap_case("doors are known by their ids, whatever their order, and new ones begin at nothing");
	static const char *const other[] = {"shed", "right"};
	history = start_with(&place, &(struct history_config){.doors = other, .door_count = 2});
	CHECK(cycles_of(history, 0) == 0 && cycles_of(history, 1) == 8);
	CHECK(count_of(history, 0) == 0 && count_of(history, 1) == 1);
	history_free(history);

	tap_case("one directory is for one agent");
	history = start(&place);
	struct history *second = start(&place);
	struct history_status status;
	history_status(history, &status);
	CHECK(status.on_disk);
	history_status(second, &status);
	CHECK(!status.on_disk && cycles_of(second, 1) == 0);
	history_free(second);
	history_free(history);
	drop_place(&place);
}

/* What a power cut leaves: the first bytes of what was written. */
static void cuts(void)
{
	struct place place = make_place();
	static char text[TEXT_MAX], again[TEXT_MAX];
	struct history *history = start(&place);
	add(history, 0, DOOR_OPENING, 1, 1000);
	add(history, 1, DOOR_OPENING, 5, 2000);
	add(history, 0, DOOR_OPEN, 1, 3000);
	add(history, 1, DOOR_OPEN, 5, 4000);
	add(history, 0, DOOR_CLOSED, 2, 5000);
	history_free(history);
	size_t length = get_file(&place, "history.jsonl", text);

	tap_case("cut at every byte: each whole line is there, and what comes after it is, too");
	CHECK(length > 1000);
	for (size_t cut = 0; cut <= length; cut++) {
		size_t lines = 0, whole = 0;
		for (size_t i = 0; i < cut; i++)
			if (text[i] == '\n') {
				lines++;
				whole = i + 1;
			}
		put_file(&place, "history.jsonl", text, cut);
		history = start(&place);
		bool good = CHECK(count_of(history, HISTORY_ALL_DOORS) == lines) &&
			    CHECK(cycles_of(history, 0) == (lines == 5 ? 2 : lines > 0)) &&
			    CHECK(cycles_of(history, 1) == (lines >= 2 ? 5 : 0));
		add(history, 1, DOOR_CLOSED, 6, 6000);
		history_free(history);
		size_t now = get_file(&place, "history.jsonl", again);
		/* A file that was cut to nothing begins as a new one does, which is with what is known: nothing. */
		good = good && CHECK(now > whole && memcmp(again, text, whole) == 0 && again[now - 1] == '\n');
		history = start(&place);
		good = good && CHECK(count_of(history, HISTORY_ALL_DOORS) == lines + 1) &&
		       CHECK(cycles_of(history, 1) == 6);
		history_free(history);
		if (!good) {
			printf("# cut at byte %zu\n", cut);
			break;
		}
	}

	tap_case("an end of zeros, as some file systems leave it, is cut away");
	put_file(&place, "history.jsonl", text, length);
	memset(again, 0, 4096);
	int fd = open(path_of(&place, "history.jsonl"), O_WRONLY | O_APPEND);
	CHECK(write(fd, again, 4096) == 4096);
	close(fd);
	history = start(&place);
	CHECK(count_of(history, HISTORY_ALL_DOORS) == 5);
	add(history, 1, DOOR_CLOSED, 6, 6000);
	history_free(history);
	size_t now = get_file(&place, "history.jsonl", again);
	CHECK(strlen(again) == now && memcmp(again, text, length) == 0);

	tap_case("lines damaged in the middle are passed over and nothing after them is lost");
	for (size_t i = 0; i < length; i += 7) {
		memcpy(again, text, length);
		again[i] = (char)(again[i] ^ 0x55);
		put_file(&place, "history.jsonl", again, length);
		history = start(&place);
		size_t count = count_of(history, HISTORY_ALL_DOORS);
		history_free(history);
		/* A newline that is none any more costs two. */
		if (!CHECK(count == 4 || (count == 3 && text[i] == '\n')))
			printf("# damaged at byte %zu: %zu lines\n", i, count);
	}

	tap_case("lines of another version at the end stay");
	static const char foreign[] = "{\"mood\":\"good\",\"crc32\":\"d1759bc4\"}\n";
	memcpy(again, text, length);
	memcpy(again + length, foreign, sizeof(foreign));
	put_file(&place, "history.jsonl", again, length + sizeof(foreign) - 1);
	history = start(&place);
	CHECK(count_of(history, HISTORY_ALL_DOORS) == 5);
	add(history, 1, DOOR_CLOSED, 6, 6000);
	history_free(history);
	get_file(&place, "history.jsonl", again);
	CHECK(strstr(again, foreign) != NULL);
	drop_place(&place);
}

static uint64_t wait_written(struct history *history, uint64_t lines)
{
	struct history_status status;
	struct timespec moment = {.tv_nsec = 1000000};
	for (int i = 0; i < PATIENCE_MS; i++) {
		history_status(history, &status);
		if (status.written >= lines)
			break;
		nanosleep(&moment, NULL);
	}
	return status.written;
}

static int wait_error(struct history *history, bool wanted)
{
	struct history_status status;
	struct timespec moment = {.tv_nsec = 1000000};
	for (int i = 0; i < PATIENCE_MS; i++) {
		history_status(history, &status);
		if ((status.error < 0) == wanted)
			break;
		nanosleep(&moment, NULL);
	}
	return status.error;
}

static void rotation(void)
{
	struct place place = make_place();
	struct stat status;
	static char text[TEXT_MAX];
	const struct history_config small = {.file_bytes = 4096};
	struct history *history = start_with(&place, &small);

	tap_case("files stay below their bound, and a door that never moves keeps its totals through all of them");
	add(history, 1, DOOR_CLOSED, 77, 500);
	for (int i = 0; i < 300; i++) {
		add(history, 0, i % 2 ? DOOR_CLOSED : DOOR_OPEN, (uint64_t)i, 1000 + i);
		if (i % 10 == 9) { /* so that the thread writes in more than one go */
			history_free(history);
			history = start_with(&place, &small);
			CHECK(cycles_of(history, 0) == (uint64_t)i && cycles_of(history, 1) == 77);
		}
	}
	CHECK(stat(path_of(&place, "history.jsonl"), &status) == 0 && status.st_size <= 4096 && status.st_size > 0);
	CHECK(stat(path_of(&place, "history.1.jsonl"), &status) == 0 && status.st_size <= 4096);
	CHECK(stat(path_of(&place, "history.new"), &status) < 0);
	struct history_change change = change_of(history, 1);
	CHECK(change.state == DOOR_CLOSED && change.unix_ms == NOON + 500 && change.source == DOOR_SOURCE_MQTT);
	size_t count = count_of(history, 0);
	CHECK(count > 10 && count <= HISTORY_DOOR_RECORDS);
	history_free(history);

	tap_case("cut between the two renames, or while the new file is made: nothing is lost");
	size_t length = get_file(&place, "history.jsonl", text);
	clear_place(&place);
	put_file(&place, "history.1.jsonl", text, length);
	put_file(&place, "history.new", text, length / 3);
	history = start_with(&place, &small);
	CHECK(cycles_of(history, 0) == 299 && cycles_of(history, 1) == 77);
	add(history, 0, DOOR_OPEN, 300, 9000);
	history_free(history);
	unlink(path_of(&place, "history.1.jsonl"));
	history = start_with(&place, &small);
	CHECK(cycles_of(history, 0) == 300 && cycles_of(history, 1) == 77);

	tap_case("where the older file cannot be replaced that is told, and all is written once it can be");
	history_free(history);
	history = start_with(&place, &(struct history_config){.file_bytes = 4096, .retry_ms = 10});
	CHECK(mkdir(path_of(&place, "history.1.jsonl"), 0700) == 0);
	for (int i = 0; i < 40; i++)
		add(history, 0, i % 2 ? DOOR_CLOSED : DOOR_OPEN, 300, 9100 + i);
	CHECK(wait_error(history, true) == -EISDIR);
	CHECK(rmdir(path_of(&place, "history.1.jsonl")) == 0 && wait_error(history, false) == 0);
	CHECK(wait_written(history, 40) == 40);
	history_free(history);
	history = start_with(&place, &small);

	tap_case("files that somebody removes while the agent runs come again, with the totals");
	add(history, 0, DOOR_CLOSED, 301, 9500);
	CHECK(wait_written(history, 1) == 1);
	unlink(path_of(&place, "history.jsonl"));
	add(history, 0, DOOR_OPEN, 301, 9600);
	history_free(history);
	history = start_with(&place, &small);
	CHECK(cycles_of(history, 0) == 301 && cycles_of(history, 1) == 77);
	history_free(history);
	drop_place(&place);
}

static void bounds(void)
{
	struct place place = make_place();
	struct history *history = start(&place);
	struct history_status status;
	struct timespec moment = {.tv_nsec = 1000000};

	tap_case("a storm: a bounded number of lines, and yet the totals are right");
	for (int i = 0; i < 3 * HISTORY_BURST_LINES; i++) {
		add(history, 0, i % 2 ? DOOR_CLOSED : DOOR_OPEN, (uint64_t)i + 1, 1000 + i);
		if (i % 30 == 0)
			nanosleep(&moment, NULL);
	}
	for (int i = 0; i < PATIENCE_MS; i++) { /* until the thread has done its part */
		history_status(history, &status);
		if (status.written + status.lost >= 3 * HISTORY_BURST_LINES)
			break;
		nanosleep(&moment, NULL);
	}
	CHECK(status.written + status.lost == 3 * HISTORY_BURST_LINES && status.written <= HISTORY_BURST_LINES + 3);
	history_free(history);
	history = start(&place);
	CHECK(cycles_of(history, 0) == 3 * HISTORY_BURST_LINES);

	tap_case("and the card has its peace again");
	add(history, 0, DOOR_OPEN, 1, 0);
	history_free(history);
	history = start(&place);
	CHECK(cycles_of(history, 0) == 1);
	history_free(history);
	drop_place(&place);
}

/* A limit to the size of files is a disk that fills up in the middle of a line. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		abort();
}

static void full_disk(void)
{
	struct place place = make_place();
	static char text[TEXT_MAX];
	const struct history_config patient = {.retry_ms = 20};
	struct history *history = start_with(&place, &patient);
	signal(SIGXFSZ, SIG_IGN); /* as main does */

	tap_case("a full disk is a state; no torn line stays; what had to wait is written when there is room");
	add(history, 0, DOOR_OPEN, 1, 1000);
	CHECK(wait_written(history, 1) == 1);
	size_t length = get_file(&place, "history.jsonl", text);
	limit_files(length + length / 2);
	add(history, 0, DOOR_CLOSED, 2, 2000);
	CHECK(wait_error(history, true) == -EFBIG);
	add(history, 0, DOOR_OPEN, 2, 3000);
	CHECK(get_file(&place, "history.jsonl", text) == length);
	CHECK(count_of(history, 0) == 3);
	limit_files(RLIM_INFINITY);
	CHECK(wait_error(history, false) == 0 && wait_written(history, 3) == 3);
	history_free(history);
	history = start(&place);
	CHECK(count_of(history, 0) == 3 && cycles_of(history, 0) == 2);
	history_free(history);

	tap_case("no end of lines while it is full: the newest totals are written when there is room again");
	history = start_with(&place, &(struct history_config){.retry_ms = 100});
	limit_files(1);
	for (int i = 0; i < 500; i++)
		add(history, 0, i % 2 ? DOOR_CLOSED : DOOR_OPEN, (uint64_t)i, 4000 + i);
	CHECK(wait_error(history, true) == -EFBIG);
	struct history_status status;
	history_status(history, &status);
	CHECK(status.lost > 0);
	limit_files(RLIM_INFINITY);
	CHECK(wait_error(history, false) == 0);
	history_free(history);
	history = start(&place);
	CHECK(cycles_of(history, 0) == 499);
	history_free(history);
	drop_place(&place);
}

static void bad_places(void)
{
	struct history_status status;
	struct place place = make_place(), gone = {"/dev/shm/there/is/no/such/place"};

	tap_case("a directory that is not there: in memory only");
	struct history *history = start(&gone);
	add(history, 0, DOOR_OPEN, 1, 1000);
	history_status(history, &status);
	CHECK(!status.on_disk && count_of(history, 0) == 1);
	history_free(history);

	tap_case("a file in the way that cannot be read is not written over");
	CHECK(mkdir(path_of(&place, "history.jsonl"), 0700) == 0);
	history = start(&place);
	history_status(history, &status);
	CHECK(!status.on_disk);
	history_free(history);
	rmdir(path_of(&place, "history.jsonl"));
	CHECK(symlink("/etc/passwd", path_of(&place, "history.jsonl")) == 0);
	history = start(&place);
	history_status(history, &status);
	CHECK(!status.on_disk);
	history_free(history);
	unlink(path_of(&place, "history.jsonl"));
	CHECK(mkfifo(path_of(&place, "history.jsonl"), 0600) == 0); /* and nobody hangs in it */
	history = start(&place);
	history_status(history, &status);
	CHECK(!status.on_disk);
	history_free(history);

	tap_case("a file that is far too large: its end counts");
	clear_place(&place);
	history = start(&place);
	add(history, 0, DOOR_CLOSED, 9, 1000);
	history_free(history);
	static char text[TEXT_MAX];
	size_t length = get_file(&place, "history.jsonl", text);
	int fd = open(path_of(&place, "history.jsonl"), O_WRONLY | O_TRUNC);
	CHECK(ftruncate(fd, 3 * HISTORY_FILE_BYTES) == 0 && pwrite(fd, "\n", 1, 3 * HISTORY_FILE_BYTES - 1) == 1);
	CHECK(pwrite(fd, text, length, 3 * HISTORY_FILE_BYTES) == (ssize_t)length);
	close(fd);
	history = start(&place);
	CHECK(cycles_of(history, 0) == 9 && count_of(history, 0) == 1);
	history_free(history);
	drop_place(&place);
}

static bool comes(struct history *history, int64_t now_ms)
{
	struct timespec moment = {.tv_nsec = 1000000};
	for (int i = 0; i < PATIENCE_MS; i++) {
		if (history_look(history, now_ms))
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

static void late_places(void)
{
	struct place place = make_place();
	const struct history_config patient = {.retry_ms = 20};
	struct history_status status;
	struct door_record records[READ_MAX];
	char away[128];
	snprintf(away, sizeof(away), "%s-away", place.path);

	tap_case("a directory that comes after the start: numbers go on, counts add up, and what was seen is written");
	struct history *history = start(&place);
	add(history, 0, DOOR_OPEN, 4, 1000);
	add(history, 1, DOOR_CLOSED, 7, 2000);
	history_free(history);
	CHECK(rename(place.path, away) == 0);
	history = start_with(&place, &patient);
	CHECK(!history_look(history, 1000) && cycles_of(history, 0) == 0);
	add(history, 0, DOOR_CLOSED, 1, 3000);
	add(history, 0, DOOR_OPEN, 1, 4000);
	history_status(history, &status);
	CHECK(status.wanted && !status.on_disk && status.error == -ENOENT && strstr(status.problem, place.path) &&
			status.lost == 0);
	CHECK(rename(away, place.path) == 0);
	CHECK(comes(history, 5000) && !history_look(history, 5000));
	history_status(history, &status);
	CHECK(status.on_disk && status.error == 0 && !*status.problem);
	CHECK(cycles_of(history, 0) == 5 && cycles_of(history, 1) == 7);
	CHECK(history_read(history, HISTORY_ALL_DOORS, 0, records, READ_MAX) == 4);
	for (size_t i = 0; i < 4; i++)
		CHECK(records[i].number == 4 - i && records[i].run == (i < 2 ? 2u : 1u));
	CHECK(change_of(history, 0).state == DOOR_OPEN && change_of(history, 1).state == DOOR_CLOSED);
	CHECK(wait_written(history, 2) == 2);
	add(history, 0, DOOR_CLOSED, 6, 6000);
	history_free(history);
	history = start(&place);
	CHECK(cycles_of(history, 0) == 6 && cycles_of(history, 1) == 7 && count_of(history, 0) == 4);
	history_free(history);

	tap_case("one that another agent has is used when that one ends");
	struct history *other = start(&place);
	history = start_with(&place, &patient);
	history_status(history, &status);
	CHECK(!status.on_disk && status.error == -EBUSY);
	history_free(other);
	CHECK(comes(history, 1000) && cycles_of(history, 0) == 6);
	history_free(history);

	tap_case("it never comes: the end does not wait for it");
	CHECK(rename(place.path, away) == 0);
	history = start(&place);
	add(history, 0, DOOR_CLOSED, 1, 3000);
	history_free(history);
	CHECK(rename(away, place.path) == 0);

	tap_case("one that is removed while the agent runs and made anew begins with the totals");
	history = start_with(&place, &patient);
	add(history, 0, DOOR_OPEN, 8, 1000);
	CHECK(wait_written(history, 1) == 1);
	clear_place(&place);
	CHECK(rmdir(place.path) == 0);
	add(history, 0, DOOR_CLOSED, 9, 2000);
	CHECK(wait_error(history, true) == -ENOENT);
	CHECK(mkdir(place.path, 0700) == 0 && wait_error(history, false) == 0 && wait_written(history, 2) == 2);
	history_free(history);
	history = start(&place);
	CHECK(cycles_of(history, 0) == 9 && cycles_of(history, 1) == 7);
	history_free(history);

	tap_case("another one in its place loses nothing of what it holds");
	history = start_with(&place, &patient);
	add(history, 0, DOOR_OPEN, 9, 1000);
	CHECK(wait_written(history, 1) == 1);
	static char text[TEXT_MAX], foreign[TEXT_MAX];
	size_t length = get_file(&place, "history.jsonl", text);
	memcpy(foreign, text, length);
	memcpy(foreign + length, text, length);
	CHECK(rename(place.path, away) == 0 && rmdir(away) < 0); /* which makes the next line fail */
	limit_files(1);
	add(history, 0, DOOR_CLOSED, 10, 2000);
	CHECK(wait_error(history, true) < 0);
	CHECK(mkdir(place.path, 0700) == 0);
	limit_files(RLIM_INFINITY);
	put_file(&place, "history.jsonl", foreign, 2 * length);
	CHECK(wait_error(history, false) == 0 && wait_written(history, 2) == 2);
	history_free(history);
	CHECK(get_file(&place, "history.jsonl", text) > 2 * length && memcmp(text, foreign, 2 * length) == 0);
	struct place former;
	snprintf(former.path, sizeof(former.path), "%s", away);
	drop_place(&former);
	drop_place(&place);
}

static void unset_clock(void)
{
	struct place place = make_place();
	struct door_record records[READ_MAX];
	static char text[TEXT_MAX];
	struct history *history = start(&place);
	const struct door_record opened = {.news = DOOR_NEWS_OPENED, .state = DOOR_OPEN, .source = DOOR_SOURCE_LOCAL};

	tap_case("before the clock is set there is no time");
	add_with(history, &opened, 1, 1000, 0);
	CHECK(history_read(history, 0, 0, records, READ_MAX) == 1);
	CHECK(records[0].unix_ms == 0 && records[0].up_ms == 1000 && change_of(history, 0).unix_ms == 0);

	tap_case("when it is, it is known when things were, here and in the files");
	history_clock_set(history, 61000, NOON);
	CHECK(history_read(history, HISTORY_ALL_DOORS, 0, records, READ_MAX) == 2);
	CHECK(records[0].news == DOOR_NEWS_CLOCK_SET && records[0].unix_ms == NOON);
	CHECK(records[0].state == DOOR_OPEN && records[0].door == 0 && records[0].command == -1);
	CHECK(records[1].unix_ms == NOON - 60000 && change_of(history, 0).unix_ms == NOON - 60000);
	history_free(history);
	get_file(&place, "history.jsonl", text);
	CHECK(strstr(text, "\"time\":null,\"run\":1,\"up_ms\":1000,") != NULL);
	history = start(&place);
	CHECK(history_read(history, 0, 0, records, READ_MAX) == 2 && records[1].unix_ms == NOON - 60000);
	CHECK(change_of(history, 0).unix_ms == NOON - 60000);

	tap_case("but not for another run, whose time nobody knows");
	add_with(history, &opened, 2, 2000, 0);
	history_free(history);
	history = start(&place);
	add_with(history, &opened, 3, 2000, NOON + 100000);
	history_clock_set(history, 3000, NOON + 101000);
	CHECK(history_read(history, 0, 0, records, READ_MAX) == 4);
	CHECK(records[0].unix_ms == NOON + 100000 && records[1].unix_ms == 0);
	CHECK(records[0].run == 3 && records[1].run == 2);
	history_free(history);
	drop_place(&place);
}

static void wait_lockouts(const struct history *history, enum history_lockouts wanted)
{
	for (int i = 0; i < PATIENCE_MS && history_lockouts(history) != wanted; i++)
		usleep(1000);
	CHECK(history_lockouts(history) == wanted);
}

/* What a new run reads of the two doors, as "left right", "left", "" ... */
static const char *locked_in(const struct place *place)
{
	static char text[32];
	struct history *history = start(place);
	snprintf(text, sizeof(text), "%s%s", history_is_locked_out(history, 0) ? "left " : "",
			history_is_locked_out(history, 1) ? "right" : "");
	history_free(history);
	return text;
}

static void lockouts(void)
{
	static char text[TEXT_MAX], damaged[TEXT_MAX];
	struct place place = make_place();
	char away[sizeof(place.path) + 8];
	struct history *history = start(NULL);

	tap_case("a lock-out without a directory is kept nowhere");
	history_lock_out(history, 0, true);
	CHECK(!history_is_locked_out(history, 0) && history_lockouts(history) == HISTORY_LOCKOUTS_NONE);
	history_free(history);

	tap_case("nobody has locked anything out yet");
	CHECK(strcmp(locked_in(&place), "") == 0);

	tap_case("a lock-out is on the disk when it is said to be, whatever becomes of the agent");
	history = start(&place);
	wait_lockouts(history, HISTORY_LOCKOUTS_SAVED);
	history_lock_out(history, 0, true);
	wait_lockouts(history, HISTORY_LOCKOUTS_SAVED);
	size_t length = get_file(&place, "lockouts", text);
	CHECK(strncmp(text, "portcullis lockouts\nleft\ncrc32 ", 31) == 0 && length == 40);
	history_free(history);
	CHECK(strcmp(locked_in(&place), "left ") == 0);

	tap_case("a file that is cut anywhere, or wrong in any byte, locks each door out; empty, too");
	for (size_t i = 0; i < length; i++) {
		put_file(&place, "lockouts", text, i);
		CHECK(strcmp(locked_in(&place), "left right") == 0);
		memcpy(damaged, text, length);
		damaged[i] ^= 4;
		put_file(&place, "lockouts", damaged, length);
		CHECK(strcmp(locked_in(&place), "left right") == 0);
	}
	put_file(&place, "lockouts", memset(damaged, 'x', TEXT_MAX), TEXT_MAX);
	CHECK(strcmp(locked_in(&place), "left right") == 0);
	unlink(path_of(&place, "lockouts"));
	mkdir(path_of(&place, "lockouts"), 0700);
	CHECK(strcmp(locked_in(&place), "left right") == 0);
	rmdir(path_of(&place, "lockouts"));

	tap_case("a damaged file is written anew when somebody says what is so");
	put_file(&place, "lockouts", text, length - 1);
	history = start(&place);
	history_lock_out(history, 0, false);
	history_free(history);
	CHECK(strcmp(locked_in(&place), "right") == 0);

	tap_case("what cannot be known is locked out; what was said meanwhile stands when the directory comes");
	put_file(&place, "lockouts", text, length);
	snprintf(away, sizeof(away), "%s-away", place.path);
	rename(place.path, away);
	history = start_with(&place, &(struct history_config){.retry_ms = 10});
	CHECK(history_is_locked_out(history, 0) && history_is_locked_out(history, 1));
	CHECK(history_lockouts(history) == HISTORY_LOCKOUTS_FAILED);
	history_lock_out(history, 0, false);
	rename(away, place.path);
	for (int i = 0; i < PATIENCE_MS && !history_look(history, 0); i++)
		usleep(1000);
	CHECK(!history_is_locked_out(history, 0) && !history_is_locked_out(history, 1));
	wait_lockouts(history, HISTORY_LOCKOUTS_SAVED);
	history_free(history);
	CHECK(strcmp(locked_in(&place), "") == 0);

	tap_case("however often it is changed, the card is spared, and the last word is kept");
	history = start(&place);
	struct history_status status = {0};
	for (int i = 0; i <= HISTORY_BURST_LOCKOUTS; i++) {
		history_lock_out(history, 1, i % 2 == 0);
		wait_lockouts(history, HISTORY_LOCKOUTS_SAVED);
	}
	history_lock_out(history, 1, false);
	add(history, 0, DOOR_OPEN, 1, 1000); /* the thread writes this after what it writes of lock-outs */
	for (int i = 0; i < PATIENCE_MS && status.written == 0; i++) {
		history_status(history, &status);
		usleep(1000);
	}
	CHECK(status.written == 1 && history_lockouts(history) == HISTORY_LOCKOUTS_SAVING);
	history_free(history);
	CHECK(strcmp(locked_in(&place), "") == 0);

	tap_case("where somebody put a link, what it leads to is not written over");
	put_file(&place, "another", "kept", 4);
	CHECK(symlink("another", path_of(&place, "lockouts.new")) == 0);
	history = start_with(&place, &(struct history_config){.retry_ms = 10});
	history_lock_out(history, 0, true);
	wait_lockouts(history, HISTORY_LOCKOUTS_FAILED);
	CHECK(get_file(&place, "another", damaged) == 4 && memcmp(damaged, "kept", 4) == 0);
	history_free(history);
	unlink(path_of(&place, "lockouts.new"));
	unlink(path_of(&place, "another"));

	tap_case("on a disk that takes nothing it is said that it is not kept");
	history = start_with(&place, &(struct history_config){.retry_ms = 10});
	mkdir(path_of(&place, "lockouts.new"), 0700);
	history_lock_out(history, 0, true);
	wait_lockouts(history, HISTORY_LOCKOUTS_FAILED);
	rmdir(path_of(&place, "lockouts.new"));
	wait_lockouts(history, HISTORY_LOCKOUTS_SAVED);
	history_free(history);
	drop_place(&place);
}

int main(void)
{
	log_init(&quiet);
	quiet.level = LOG_ERROR;
	in_memory();
	refusals();
	lockouts_that_flood();
	restarts();
	cuts();
	rotation();
	bounds();
	full_disk();
	bad_places();
	late_places();
	unset_clock();
	lockouts();
	return tap_done();
}
