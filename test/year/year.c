/*
 * A year of the agent in minutes: src/main.c and all rooms, with Paho and TLS and all their threads, on a clock that jumps
 * (virtual.h). The household (household.h) opens and closes three doors twenty times a day, and makes the mishaps of a
 * year. At the end of each day everything that is counted must be what truly happened, and nothing may have grown.
 *
 *     year FOLDER DAYS [SEED]
 */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "household.h"
#include "tap.h"
#include "virtual.h"

#undef main /* only src/main.c's has another name */

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define END_OF_32_BITS_MS (INT64_C(0x80000000) * 1000) /* 2038-01-19T03:14:08Z */
#define BOUNDARY_DAY_MS INT64_C(2147472000000)         /* 2038-01-19T00:00:00Z */

#define FAILED_MAX 5 /* days */
#define CYCLES 20
#define HEAP_WARM_DAYS 2 /* after these the heap must not grow */
#define HEAP_SLACK 4096  /* with a TLS session that can be resumed, and without */
/* Each thread keeps up to seven blocks of a size that were given back, and the next agent of a process finds gaps. */
#define RESIDENT_SLACK_KB 4096
/* A cycle is six or seven events. A line has at most 512 bytes, and most have half of that. */
#define BYTES_A_CYCLE 2048
#define SYNCS_A_CYCLE 5

struct day {
	int64_t heap, blocks, bytes, syncs;
	int64_t resident_kb;
	int fds, threads;
};

static struct {
	struct household household;
	bool shows;   /* each day */
	bool crossed; /* the end of 32 bits */
	uint32_t seed;
	int days;
	int64_t begin_ms, wall_ahead_ms; /* of the loop's clock, when day 0 began; what the wall clock is ahead of it */
	uint64_t cycles[HOUSEHOLD_DOORS], former_cycles[HOUSEHOLD_DOORS];
	/* Since the agent's start. */
	uint64_t mqtt[HOUSEHOLD_DOORS], http[HOUSEHOLD_DOORS], automatic[HOUSEHOLD_DOORS], unchanged, connects_before;
	uint64_t history_number;
	unsigned reconnects, reloads, renewals, steps, restarts, commands;
	struct day first, now;
	int64_t heap_max;
} year;

static uint32_t chance(uint32_t below)
{
	year.seed ^= year.seed << 13;
	year.seed ^= year.seed >> 17;
	year.seed ^= year.seed << 5;
	return year.seed % below;
}

static void rest(int64_t ms)
{
	household_sleep_until(&year.household, loop_now_ms() + ms);
}

static int64_t resident_kb(void)
{
	long long size = 0, pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file && fscanf(file, "%lld %lld", &size, &pages) != 2) /* NOLINT(cert-err34-c): the kernel's own figures */
		pages = 0;
	if (file)
		fclose(file);
	return pages * sysconf(_SC_PAGESIZE) / 1024;
}

static int descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* ---- Cycles of a door ---- */

static void by_mqtt(size_t door, const char *command)
{
	CHECK(household_command(&year.household, door, command));
	year.commands++;
}

static void by_page(size_t door, const char *command, int status)
{
	char path[64];
	snprintf(path, sizeof(path), "/api/doors/%s/%s", year.household.doors[door].id, command);
	CHECK(household_ask(&year.household, "POST", path) == status);
	year.commands++;
}

static void by_hand(size_t door)
{
	char path[64];
	snprintf(path, sizeof(path), "/api/simulator/%s/wall_button", year.household.doors[door].id);
	CHECK(household_ask(&year.household, "POST", path) == 202);
}

static void see(size_t door, const char *state, int64_t limit_ms)
{
	if (!CHECK(household_await(&year.household, door, state, limit_ms)))
		printf("# door %s is %s, not %s\n", year.household.doors[door].id, year.household.doors[door].state,
				state);
}

static void cycle(int number)
{
	static const struct {
		size_t door;
		enum { MQTT, PAGE, HAND, AUTOMATIC } how;
	} kinds[] = {{LEFT, MQTT}, {RIGHT, PAGE}, {LEFT, HAND}, {RIGHT, MQTT}, {GATE, AUTOMATIC}};
	size_t door = kinds[number % 5].door;
	switch (kinds[number % 5].how) {
	case MQTT:
		by_mqtt(door, "OPEN");
		see(door, "open", 20 * SECOND_MS);
		rest((30 + chance(200)) * SECOND_MS);
		by_mqtt(door, "CLOSE");
		year.mqtt[door] += 2;
		break;
	case PAGE:
		by_page(door, "open", 202);
		see(door, "open", 20 * SECOND_MS);
		rest((30 + chance(200)) * SECOND_MS);
		by_page(door, "close", 202);
		year.http[door] += 2;
		break;
	case HAND:
		by_hand(door);
		see(door, "open", 20 * SECOND_MS);
		rest((30 + chance(200)) * SECOND_MS);
		by_hand(door);
		break;
	default:
		by_mqtt(door, "OPEN");
		see(door, "open", 25 * SECOND_MS);
		year.mqtt[door]++;
		year.automatic[door]++;
		rest(5 * MINUTE_MS);
	}
	see(door, "closed", 40 * SECOND_MS);
	year.cycles[door]++;
	rest(10 * SECOND_MS);
}

/* ---- Mishaps ---- */

static void restart_broker(void)
{
	struct household *household = &year.household;
	uint64_t connects = household->broker.connects;
	broker_end(&household->broker);
	rest(1000 + chance(120000));
	CHECK(broker_begin(&household->broker));
	int64_t until_ms = loop_now_ms() + 3 * MINUTE_MS;
	household->availability[0] = '\0';
	CHECK(household_await_agent(household, "online", until_ms - loop_now_ms()));
	CHECK(household->broker.connects == connects + 1);
	rest(15 * SECOND_MS);
	year.reconnects++;
}

static void reload(void)
{
	char name[32];
	year.household.version++;
	snprintf(name, sizeof(name), "\"Left %d\"", year.household.version);
	CHECK(household_write_config(&year.household));
	CHECK(kill(getpid(), SIGHUP) == 0);
	rest(15 * SECOND_MS);
	CHECK(household_ask(&year.household, "GET", "/api/doors") == 200 && strstr(year.household.answer, name));
	year.reloads++;
}

static bool link_to(const char *name, int number)
{
	char from[64], to[256], coming[256];
	snprintf(from, sizeof(from), "%d/%s", number, name);
	snprintf(to, sizeof(to), "%s/%s", year.household.folder, name);
	snprintf(coming, sizeof(coming), "%s/coming", year.household.folder);
	return symlink(from, coming) == 0 && rename(coming, to) == 0;
}

/* The page's certificate and the broker's; number is that of a folder. */
static void renew(int number)
{
	static const char *const names[] = {"page.crt", "page.key", "broker.crt", "broker.key"};
	struct household *household = &year.household;
	char certificate[256], key[256], error[TLS_ERROR_MAX] = "";
	struct tls_server *renewed;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(link_to(names[i], number));
	snprintf(certificate, sizeof(certificate), "%s/broker.crt", household->folder);
	snprintf(key, sizeof(key), "%s/broker.key", household->folder);
	const struct tls_files files = {.certificate_file = certificate, .key_file = key};
	if (CHECK(tls_server_new(household->tls, &files, &renewed, error) == 0))
		tls_server_replace(household->broker.server, renewed);
	restart_broker();
	year.renewals++;
}

static void step_wall(int64_t by_ms)
{
	year.wall_ahead_ms += by_ms;
	virtual_set_wall(loop_now_ms() + year.wall_ahead_ms, true);
	year.steps++;
}

static void forget_counts(void)
{
	memset(year.mqtt, 0, sizeof(year.mqtt));
	memset(year.http, 0, sizeof(year.http));
	memset(year.automatic, 0, sizeof(year.automatic));
	year.unchanged = 0;
	year.connects_before = year.household.broker.connects;
}

static void restart_agent(void)
{
	CHECK(household_stop_agent(&year.household));
	CHECK(virtual_threads() == 0);
	forget_counts();
	CHECK(household_start_agent(&year.household));
	rest(15 * SECOND_MS);
	year.restarts++;
}

/* CLOSE for a closed door: nothing happens, and it is counted. */
static void close_for_nothing(void)
{
	by_mqtt(LEFT, "CLOSE");
	by_page(RIGHT, "close", 200);
	rest(10 * SECOND_MS);
	year.unchanged++;
}

static void mishap(int day, int number)
{
	if (number == 2)
		restart_broker();
	if (number == 5)
		reload();
	if (number == 8)
		close_for_nothing();
	if (number == 11 && day % 60 == 3)
		renew(day / 60 + 1);
	if (number == 14 && day % 2 == 0)
		step_wall(3 * HOUR_MS); /* a cycle goes on in wrong time */
	if (number == 15 && day % 2 == 0)
		step_wall(-3 * HOUR_MS);
	if (number == 14 && day % 2 == 1)
		step_wall(-5 * HOUR_MS);
	if (number == 15 && day % 2 == 1)
		step_wall(5 * HOUR_MS);
	if (number == 17 && day % 30 == 1)
		restart_agent();
}

/* A door is on its way while 32 bits end. */
static void boundary(void)
{
	char text[64];
	int64_t at_ms = END_OF_32_BITS_MS - 7000 - year.wall_ahead_ms;
	household_sleep_until(&year.household, at_ms);
	by_mqtt(LEFT, "OPEN");
	see(LEFT, "open", 20 * SECOND_MS);
	year.mqtt[LEFT] += 2;
	CHECK(loop_wall_ms() > END_OF_32_BITS_MS && loop_wall_ms() < END_OF_32_BITS_MS + 12000);
	CHECK(household_ask(&year.household, "GET", "/api/history?door=left&limit=1") == 200);
	snprintf(text, sizeof(text), "\"time\":\"2038-01-19T03:14:");
	CHECK(strstr(year.household.answer, text) && strstr(year.household.answer, "\"event\":\"opened\""));
	by_mqtt(LEFT, "CLOSE");
	see(LEFT, "closed", 20 * SECOND_MS);
	year.cycles[LEFT]++;
	rest(10 * SECOND_MS);
	printf("# a door was on its way at 2038-01-19T03:14:08Z\n");
	year.crossed = true;
}

/* ---- The end of a day ---- */

static uint64_t of_door(const char *family, size_t door, const char *more)
{
	char name[160];
	snprintf(name, sizeof(name), "%s{door=\"%s\"%s}", family, year.household.doors[door].id, more);
	return household_figure(&year.household, name);
}

static void expect(const char *what, uint64_t seen, uint64_t wanted)
{
	if (!CHECK(seen == wanted))
		printf("# %s: %llu, not %llu\n", what, (unsigned long long)seen, (unsigned long long)wanted);
}

static void check_door(size_t door)
{
	static const char commands[] = "portcullis_door_commands_total";
	const struct household_door *heard = &year.household.doors[door];
	uint64_t cycles = of_door("portcullis_door_cycles_total", door, "");
	expect("cycles", cycles, year.cycles[door]);
	CHECK(cycles >= year.former_cycles[door]);
	year.former_cycles[door] = cycles;
	expect("opened", heard->opened, year.cycles[door]);
	expect("closed", heard->closed, year.cycles[door]);
	expect("refused, cancelled or a fault", heard->refused + heard->cancelled + heard->faults, 0);
	expect("accepted by MQTT", of_door(commands, door, ",source=\"mqtt\",result=\"accepted\""), year.mqtt[door]);
	expect("accepted by the page", of_door(commands, door, ",source=\"http\",result=\"accepted\""),
			year.http[door]);
	expect("presses", of_door("portcullis_door_pulses_total", door, ""),
			year.mqtt[door] + year.http[door] + year.automatic[door]);
}

static void check_counters(void)
{
	struct household *household = &year.household;
	CHECK(household_ask(household, "GET", "/metrics") == 200);
	for (size_t i = 0; i < HOUSEHOLD_DOORS; i++)
		check_door(i);
	expect("unchanged",
			of_door("portcullis_door_commands_total", LEFT, ",source=\"mqtt\",result=\"unchanged\"") +
					of_door("portcullis_door_commands_total", RIGHT,
							",source=\"http\",result=\"unchanged\""),
			2 * year.unchanged);
	expect("connections", household_figure(household, "portcullis_mqtt_connections_total"),
			household->broker.connects - year.connects_before);
	expect("events lost", household_figure(household, "portcullis_history_events_lost_total"), 0);
	expect("not published", household_figure(household, "portcullis_mqtt_publish_failures_total"), 0);
	CHECK(household_ask(household, "GET", "/api/history?limit=1") == 200);
	const char *number = strstr(household->answer, "\"number\":");
	uint64_t newest = number ? strtoull(number + 9, NULL, 10) : 0;
	CHECK(newest > year.history_number);
	year.history_number = newest;
}

static void check_size(int day)
{
	struct virtual_counts counts;
	const struct day before = year.now;
	rest(30 * SECOND_MS); /* threads of connections end */
	virtual_counts(&counts);
	year.now = (struct day){.heap = counts.heap_bytes,
			.blocks = counts.heap_blocks,
			.resident_kb = resident_kb(),
			.bytes = (int64_t)counts.bytes,
			.syncs = (int64_t)counts.syncs,
			.fds = descriptors(),
			.threads = virtual_threads()};
	CHECK(year.now.heap > 0 && year.now.resident_kb > 0 && year.now.fds > 0 && year.now.threads > 0);
	if (day == HEAP_WARM_DAYS - 1)
		year.first = year.now;
	if (day >= HEAP_WARM_DAYS - 1 && year.now.heap > year.heap_max)
		year.heap_max = year.now.heap;
	if (year.shows)
		printf("# heap %lld in %lld blocks, %zu with malloc's caches, %lld KB resident, %d descriptors, %d threads, %lld bytes, forced %lld times\n",
				(long long)year.now.heap, (long long)year.now.blocks, mallinfo2().uordblks,
				(long long)year.now.resident_kb, year.now.fds, year.now.threads,
				(long long)(year.now.bytes - before.bytes), (long long)(year.now.syncs - before.syncs));
	if (day >= HEAP_WARM_DAYS) {
		if (!CHECK(year.now.heap <= year.first.heap + HEAP_SLACK))
			printf("# heap: %lld bytes, %lld after day %d\n", (long long)year.now.heap,
					(long long)year.first.heap, HEAP_WARM_DAYS);
		if (!PORTCULLIS_SANITIZED && !CHECK(year.now.resident_kb <= year.first.resident_kb + RESIDENT_SLACK_KB))
			printf("# resident: %lld KB, %lld\n", (long long)year.now.resident_kb,
					(long long)year.first.resident_kb);
		expect("descriptors", (uint64_t)year.now.fds, (uint64_t)year.first.fds);
		expect("threads", (uint64_t)year.now.threads, (uint64_t)year.first.threads);
	}
	if (!CHECK(year.now.bytes - before.bytes <= (CYCLES + 2) * BYTES_A_CYCLE) ||
			!CHECK(year.now.syncs - before.syncs <= (CYCLES + 2) * SYNCS_A_CYCLE))
		printf("# written in a day: %lld bytes, forced to the disk %lld times\n",
				(long long)(year.now.bytes - before.bytes), (long long)(year.now.syncs - before.syncs));
}

static void live_a_day(int day)
{
	int64_t begin_ms = year.begin_ms + day * DAY_MS;
	int64_t wall_ms = begin_ms + year.wall_ahead_ms;
	tap_case("day %d", day + 1);
	for (int i = 0; i < CYCLES; i++) {
		if (i == 3 && wall_ms == BOUNDARY_DAY_MS)
			boundary();
		household_sleep_until(
				&year.household, begin_ms + (20 + 68 * i) * MINUTE_MS + chance(20 * 60) * SECOND_MS);
		mishap(day, i);
		cycle(i);
	}
	household_sleep_until(&year.household, begin_ms + DAY_MS - 5 * MINUTE_MS);
	check_counters();
	check_size(day);
}

/* ---- The year ---- */

/* A Pi that has no clock: no certificate is valid yet, for the agent as for its browser. */
static void begin(const char *folder)
{
	tap_case("a start in 1970");
	virtual_begin(20 * SECOND_MS, 5 * SECOND_MS);
	CHECK(household_begin(&year.household, folder));
	CHECK(!household_start_agent(&year.household));
	CHECK(year.household.broker.connects == 0);
	year.begin_ms = loop_now_ms();
	year.wall_ahead_ms = BOUNDARY_DAY_MS - year.days / 2 * DAY_MS - year.begin_ms;
	virtual_set_wall(year.begin_ms + year.wall_ahead_ms, true);
	CHECK(household_await_agent(&year.household, "online", 3 * MINUTE_MS));
}

static void print_table(double took_s)
{
	struct virtual_counts counts;
	virtual_counts(&counts);
	uint64_t cycles = 0;
	for (size_t i = 0; i < HOUSEHOLD_DOORS; i++)
		cycles += year.cycles[i];
	double years = year.days / 365.0;
	printf("#\n# %d days in %.0f s of processor; %llu turns of %d threads and the household\n", year.days, took_s,
			(unsigned long long)counts.turns, year.now.threads);
	printf("# door cycles             %llu, by %u commands, the wall button and auto-close\n",
			(unsigned long long)cycles, year.commands);
	printf("# restarts of the broker  %u, certificates renewed %u times\n", year.reconnects, year.renewals);
	printf("# reloads                 %u, restarts of the agent %u\n", year.reloads, year.restarts);
	printf("# steps of the wall clock %u\n", year.steps);
	printf("# MQTT                    %llu messages published, %llu pings\n",
			(unsigned long long)year.household.broker.published,
			(unsigned long long)year.household.broker.pings);
	printf("# heap                    %lld bytes after day %d, at most %lld, %lld at the end\n",
			(long long)year.first.heap, HEAP_WARM_DAYS, (long long)year.heap_max, (long long)year.now.heap);
	printf("# resident                %lld KB then, %lld KB at the end, of agent and household\n",
			(long long)year.first.resident_kb, (long long)year.now.resident_kb);
	printf("# descriptors             %d then, %d at the end\n", year.first.fds, year.now.fds);
	printf("# written                 %llu bytes in %llu writes, %llu times forced to the disk, %llu renames\n",
			(unsigned long long)counts.bytes, (unsigned long long)counts.writes,
			(unsigned long long)counts.syncs, (unsigned long long)counts.renames);
	printf("# a year                  %.1f MB written, %.0f times forced to the disk\n#\n",
			(double)counts.bytes / 1e6 / years, (double)counts.syncs / years);
}

int main(int argc, char *argv[])
{
	sigset_t signals;
	struct timespec used;
	if (argc < 3)
		return 2;
	year.days = atoi(argv[2]);
	year.seed = argc > 3 ? (uint32_t)atoi(argv[3]) : 20380119;
	year.shows = getenv("YEAR_SHOW");
	sigfillset(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	begin(argv[1]);
	for (int day = 0; day < year.days && tap.failed_cases < FAILED_MAX; day++)
		live_a_day(day);
	tap_case("the end");
	CHECK(year.crossed && year.reconnects > 0 && year.reloads > 0 && year.steps > 0);
	CHECK(household_stop_agent(&year.household));
	CHECK(virtual_threads() == 0);
	household_end(&year.household);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	print_table((double)used.tv_sec + (double)used.tv_nsec / 1e9);
	return tap_done();
}
