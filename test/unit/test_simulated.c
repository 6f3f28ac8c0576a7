#include "gpio/simulated.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_loop.h"
#include "tap.h"

/*
 * Each row is a story, told in words:
 *   toggle open close stop       that relay on for 60 ms, which is a press
 *   tap                          the toggle relay on and off at once, which is none
 *   hold release                 the toggle relay on, and off
 *   wall_button obstruct ...     a poke
 *   250                          that many milliseconds in which no edge may come
 *   C+ C- O+ O- B+ B-            the next edge: the closed, open or beam contact becomes active or inactive
 *   @50                          ... and its time stamp is 50 ms after the last action
 * An edge that the story does not tell fails it. All stories are played at once, each on a simulator of its own. The time
 * is the test's.
 */
struct story {
	const char *title;
	enum { TOGGLE, THREE_RELAYS } wiring;
	enum simulator_press while_opening, while_closing, after_stop;
	const char *words;
};

enum { LINE_TOGGLE, LINE_OPEN, LINE_CLOSE, LINE_STOP, LINE_CLOSED, LINE_OPENED, LINE_BEAM, LINE_KEY, LINES };

#define S SIMULATOR_STOP
#define R SIMULATOR_REVERSE
#define I SIMULATOR_IGNORE
#define C SIMULATOR_CONTINUE
#define OPEN_MS 600
#define CLOSE_MS 400
#define STORY_MAX_MS 60000

static const struct story stories[] = {
		{"a press opens a closed door, the next closes it", TOGGLE, S, R, R,
				"toggle C- @50 O+ @650 toggle O- @50 C+ @450 200"},
		{"a press while opening stops", TOGGLE, S, R, R, "toggle C- toggle 800"},
		{"a press while opening reverses", TOGGLE, R, R, R, "toggle C- toggle C+ 800"},
		{"a press while moving is ignored", TOGGLE, I, I, R, "toggle C- toggle O+ toggle O- toggle C+ 800"},
		{"a press while closing reverses", TOGGLE, S, R, R, "toggle C- O+ toggle O- wall_button O+ 800"},
		{"a press while closing stops", TOGGLE, S, S, R, "toggle C- O+ toggle O- wall_button 800"},
		{"after a stop in opening, reverse closes", TOGGLE, S, R, R, "toggle C- toggle 50 toggle C+ 800"},
		{"after a stop in opening, continue opens", TOGGLE, S, R, C, "toggle C- toggle 50 toggle O+ 800"},
		{"after a stop in closing, reverse opens", TOGGLE, S, S, R,
				"toggle C- O+ toggle O- wall_button 50 toggle O+ 800"},
		{"after a stop in closing, continue closes", TOGGLE, S, S, C,
				"toggle C- O+ toggle O- wall_button 50 toggle C+ 800"},
		{"a press shorter than 50 ms is none", TOGGLE, S, R, R, "tap 800"},
		{"a relay held is one press", TOGGLE, S, R, R, "hold C- @50 O+ @650 800 release 100 toggle O- C+"},
		{"the wall button is a press", TOGGLE, S, R, R, "wall_button C- @0 O+ @600 wall_button O- @0 C+ @400"},
		{"the wall button works beside three relays", THREE_RELAYS, S, R, R, "wall_button C- @0 O+ @600"},
		{"open, close", THREE_RELAYS, S, R, R, "open C- @50 O+ @650 close O- @50 C+ @450 800"},
		{"open on an open door and close on a closed one do nothing", THREE_RELAYS, S, R, R,
				"close 800 open C- O+ open 800"},
		{"stop in mid-travel, then on, then back", THREE_RELAYS, S, R, R,
				"open C- stop 800 open O+ close O- stop 800 close C+"},
		{"close while opening turns round", THREE_RELAYS, S, R, R, "open C- close C+ 800"},
		{"stop on a door at rest does nothing", THREE_RELAYS, S, R, R, "stop 800 open C- O+ stop 800"},
		{"with the beam broken it does not close", TOGGLE, S, R, R,
				"toggle C- O+ obstruct B+ @0 toggle 800 clear B- @0 toggle O- C+"},
		{"the beam broken while closing reverses it", TOGGLE, S, S, R,
				"toggle C- O+ toggle O- obstruct B+ @0 O+ 800"},
		{"the key switch is heard and moves nothing", TOGGLE, S, R, R,
				"lock K+ @0 toggle C- O+ unlock K- @0 200"},
		{"the beam does not matter while opening", TOGGLE, S, R, R, "obstruct B+ toggle C- O+ 800"},
		{"a press that would reverse into a broken beam stops", TOGGLE, R, R, R,
				"obstruct B+ toggle C- toggle 800"},
		{"a close relay does not close into a broken beam", THREE_RELAYS, S, R, R,
				"open C- O+ obstruct B+ close 800 clear B- close O- C+"},
		{"a jammed door does not start, and its motor gives up", TOGGLE, S, R, R,
				"jam toggle 1200 unjam 200 toggle C-"},
		{"freed in time, the door goes on", TOGGLE, S, R, R, "toggle C- jam 700 unjam O+ 200"},
		{"freed before it started, the door starts", TOGGLE, S, R, R, "jam toggle 100 unjam C- @0 O+ @600"},
		{"jammed for 1 s, the motor gives up; the next press is one after a stop", TOGGLE, S, R, C,
				"toggle C- jam 1150 unjam 800 toggle O+"},
		{"without a jam nothing gives up", TOGGLE, S, R, R, "jam unjam toggle C- O+ 1200"},
};

#define STORIES (sizeof(stories) / sizeof(*stories))

/* What other parts of the room ask of the loop besides, and no story does. */

int loop_new(struct loop **loop)
{
	(void)loop;
	return -ENOSYS;
}

void loop_free(struct loop *loop)
{
	(void)loop;
}

int loop_run(struct loop *loop)
{
	(void)loop;
	return -ENOSYS;
}

void loop_stop(struct loop *loop)
{
	(void)loop;
}

int64_t loop_from_monotonic_ms(int64_t monotonic_ms)
{
	return monotonic_ms;
}

struct edge {
	size_t line;
	bool active;
	int64_t at_ms;
};

struct stage {
	const struct story *story;
	struct gpio *gpio;
	struct loop_timer alarm;
	enum { PLAYING, PRESSING, QUIET, LISTENING, ENDED } doing;
	char words[128];
	char *word, *rest;
	const char *failure;
	size_t relay; /* while PRESSING */
	struct edge edges[16];
	size_t told, heard;
	int64_t action_ms; /* when the last action was */
	size_t *playing;
};

static void play(struct stage *stage);

static void end(struct stage *stage, const char *failure)
{
	if (stage->doing == ENDED)
		return;
	stage->failure = failure;
	stage->doing = ENDED;
	loop_timer_cancel(&fake_loop, &stage->alarm);
	--*stage->playing;
}

static void wait_as(struct stage *stage, int doing, int64_t duration_ms)
{
	stage->doing = doing;
	loop_timer_set(&fake_loop, &stage->alarm, fake_now_ms + duration_ms);
}

static void on_edge(void *user, size_t line, bool active, int64_t at_ms)
{
	struct stage *stage = user;
	if (stage->heard < sizeof(stage->edges) / sizeof(*stage->edges))
		stage->edges[stage->heard++] = (struct edge){line, active, at_ms};
	if (stage->doing == QUIET)
		end(stage, "an edge came");
	else if (stage->doing == LISTENING)
		play(stage);
}

static void on_lost(void *user, int error)
{
	(void)error;
	end(user, "a simulated chip was lost");
}

static void on_alarm(struct loop_timer *timer, int64_t now_ms)
{
	struct stage *stage = timer->user;
	(void)now_ms;
	if (stage->doing == LISTENING) {
		end(stage, "no edge came");
		return;
	}
	if (stage->doing == PRESSING && gpio_set(stage->gpio, stage->relay, false) < 0) {
		end(stage, "the relay does not obey");
		return;
	}
	stage->word = strtok_r(NULL, " ", &stage->rest);
	play(stage);
}

static int act(struct stage *stage)
{
	static const char *const relays[] = {"toggle", "open", "close", "stop"};
	const char *word = stage->word;

	for (size_t i = 0; i < sizeof(relays) / sizeof(*relays); i++) {
		if (strcmp(word, relays[i]) != 0)
			continue;
		stage->relay = i;
		int failed = gpio_set(stage->gpio, i, true);
		wait_as(stage, PRESSING, SIMULATOR_PRESS_MS + 10);
		return failed;
	}
	if (strcmp(word, "hold") == 0)
		return gpio_set(stage->gpio, LINE_TOGGLE, true);
	if (strcmp(word, "release") == 0)
		return gpio_set(stage->gpio, LINE_TOGGLE, false);
	if (strcmp(word, "tap") == 0)
		return gpio_set(stage->gpio, LINE_TOGGLE, true) | gpio_set(stage->gpio, LINE_TOGGLE, false);
	return simulator_poke(stage->gpio, 0, word);
}

static bool edge_is(const struct edge *edge, const char *word)
{
	size_t line = *word == 'C' ? LINE_CLOSED : *word == 'O' ? LINE_OPENED : *word == 'K' ? LINE_KEY : LINE_BEAM;
	return edge->line == line && edge->active == (word[1] == '+');
}

/* Plays on until it has to wait or the story ends. */
static void play(struct stage *stage)
{
	stage->doing = PLAYING;
	for (; stage->word; stage->word = strtok_r(NULL, " ", &stage->rest)) {
		const char *word = stage->word;
		if (*word == '@') {
			if (stage->edges[stage->told - 1].at_ms != stage->action_ms + atoi(word + 1)) {
				end(stage, "the time stamp is another");
				return;
			}
		} else if (isdigit((unsigned char)*word)) {
			if (stage->told < stage->heard)
				end(stage, "an edge came before");
			else
				wait_as(stage, QUIET, atoi(word));
			return;
		} else if (isupper((unsigned char)*word)) {
			if (stage->told == stage->heard) {
				wait_as(stage, LISTENING, 10000);
				return;
			}
			if (!edge_is(&stage->edges[stage->told++], word)) {
				end(stage, "it was another edge");
				return;
			}
		} else {
			stage->action_ms = fake_now_ms;
			if (act(stage) < 0) {
				end(stage, "the action was refused");
				return;
			}
			if (stage->doing == PRESSING)
				return;
		}
	}
	end(stage, stage->told < stage->heard ? "there was one edge more" : NULL);
}

static const struct gpio_line lines[LINES] = {
		[LINE_TOGGLE] = {.direction = GPIO_OUTPUT},
		[LINE_OPEN] = {.direction = GPIO_OUTPUT},
		[LINE_CLOSE] = {.direction = GPIO_OUTPUT},
		[LINE_STOP] = {.direction = GPIO_OUTPUT},
		[LINE_CLOSED] = {.direction = GPIO_INPUT},
		[LINE_OPENED] = {.direction = GPIO_INPUT},
		[LINE_BEAM] = {.direction = GPIO_INPUT},
		[LINE_KEY] = {.direction = GPIO_INPUT},
};

static const struct simulator_door bare = {
		.toggle_relay = LINE_TOGGLE,
		.open_relay = SIMULATOR_NONE,
		.close_relay = SIMULATOR_NONE,
		.stop_relay = SIMULATOR_NONE,
		.closed_sensor = LINE_CLOSED,
		.open_sensor = LINE_OPENED,
		.obstruction_sensor = LINE_BEAM,
		.lockout_sensor = LINE_KEY,
		.while_opening = S,
		.while_closing = R,
		.after_stop = R,
		.open_ms = OPEN_MS,
		.close_ms = CLOSE_MS,
};

static int set_stage(struct stage *stage, const struct log *log, const struct story *story, size_t *playing)
{
	const struct gpio_handlers handlers = {.edge = on_edge, .lost = on_lost, .user = stage};
	struct simulator_door door = bare;

	*stage = (struct stage){.story = story, .alarm = {.expired = on_alarm, .user = stage}};
	stage->playing = playing;
	if (story->wiring == THREE_RELAYS) {
		door.toggle_relay = SIMULATOR_NONE;
		door.open_relay = LINE_OPEN;
		door.close_relay = LINE_CLOSE;
		door.stop_relay = LINE_STOP;
	}
	door.while_opening = story->while_opening;
	door.while_closing = story->while_closing;
	door.after_stop = story->after_stop;
	snprintf(stage->words, sizeof(stage->words), "%s", story->words);
	stage->word = strtok_r(stage->words, " ", &stage->rest);
	return gpio_open_simulated(&fake_loop, log, lines, LINES, &door, 1, &handlers, &stage->gpio);
}

static void test_stories(const struct log *log)
{
	static struct stage stages[STORIES];
	size_t playing = STORIES;

	for (size_t i = 0; i < STORIES; i++)
		if (set_stage(&stages[i], log, &stories[i], &playing) < 0)
			abort();
	for (size_t i = 0; i < STORIES; i++)
		play(&stages[i]);
	fake_run_until(fake_now_ms + STORY_MAX_MS);
	CHECK(playing == 0);
	for (size_t i = 0; i < STORIES; i++) {
		const struct stage *stage = &stages[i];
		tap_case("%s", stories[i].title);
		if (!CHECK(stage->doing == ENDED && !stage->failure)) {
			printf("# %s: at %s (%td characters into: %s)\n", stage->failure ? stage->failure : "hung",
					stage->word ? stage->word : "the end",
					stage->word ? stage->word - stage->words : 0, stories[i].words);
			for (size_t j = 0; j < stage->heard; j++)
				printf("# edge: line %zu %d %+lld ms from the last action\n", stage->edges[j].line,
						stage->edges[j].active,
						(long long)(stage->edges[j].at_ms - stage->action_ms));
		}
		gpio_close(stages[i].gpio);
	}
}

struct trip {
	size_t line; /* of the last edge; LINES: there was none */
	int64_t at_ms;
};

static void trip_edge(void *user, size_t line, bool active, int64_t at_ms)
{
	struct trip *trip = user;
	(void)active;
	trip->line = line;
	trip->at_ms = at_ms;
}

/* Lets time pass until an edge comes, and says of which line. */
static size_t next_edge(struct trip *trip)
{
	trip->line = LINES;
	while (trip->line == LINES && fake_loop.timers)
		fake_run_until(fake_loop.timers->at_ms);
	return trip->line;
}

/* Back from where it stood takes as long as its part of the way. */
static void test_part_of_the_way(const struct log *log)
{
	struct trip trip = {0};
	const struct gpio_handlers handlers = {.edge = trip_edge, .lost = on_lost, .user = &trip};
	struct gpio *gpio;

	tap_case("a stop in mid-travel leaves the rest of the way");
	if (!CHECK(gpio_open_simulated(&fake_loop, log, lines, LINES, &bare, 1, &handlers, &gpio) == 0))
		return;
	CHECK(simulator_poke(gpio, 0, "wall_button") == 0 && next_edge(&trip) == LINE_CLOSED);
	fake_run_until(trip.at_ms + 120);
	CHECK(simulator_poke(gpio, 0, "wall_button") == 0);
	fake_run_until(fake_now_ms + 30);
	int64_t from_ms = fake_now_ms;
	CHECK(simulator_poke(gpio, 0, "wall_button") == 0 && next_edge(&trip) == LINE_CLOSED);
	CHECK(trip.at_ms - from_ms == 120 * CLOSE_MS / OPEN_MS);
	gpio_close(gpio);
}

struct order {
	char told[8];
	size_t length;
};

static void order_edge(void *user, size_t line, bool active, int64_t at_ms)
{
	struct order *order = user;
	(void)at_ms;
	if (order->length < sizeof(order->told) - 1)
		order->told[order->length++] = line == LINE_CLOSED ? active ? 'C' : 'c' : active ? 'O' : 'o';
}

/* Whole travels that pass while nobody listens are told in the order in which they happened. */
static void test_order(const struct log *log)
{
	struct order order = {0};
	const struct gpio_handlers handlers = {.edge = order_edge, .lost = on_lost, .user = &order};
	struct simulator_door quick = bare;
	struct gpio *gpio;

	tap_case("late edges are told in their order");
	quick.open_ms = quick.close_ms = 1;
	if (!CHECK(gpio_open_simulated(&fake_loop, log, lines, LINES, &quick, 1, &handlers, &gpio) == 0))
		return;
	for (int way = 0; way < 2; way++) {
		CHECK(simulator_poke(gpio, 0, "wall_button") == 0);
		fake_stand_still(5);
		fake_run_until(fake_now_ms);
	}
	CHECK(strcmp(order.told, "cOoC") == 0);
	gpio_close(gpio);
}

static void test_outside_the_story(const struct log *log)
{
	const struct gpio_handlers handlers = {.edge = on_edge, .lost = on_lost};
	struct gpio *gpio;
	bool level;

	tap_case("it starts closed, with the relays at rest");
	if (!CHECK(gpio_open_simulated(&fake_loop, log, lines, LINES, &bare, 1, &handlers, &gpio) == 0))
		return;
	for (size_t i = 0; i < LINES; i++)
		CHECK(gpio_get(gpio, i, &level) == 0 && level == (i == LINE_CLOSED));
	tap_case("wrong lines and pokes are refused");
	CHECK(gpio_set(gpio, LINE_CLOSED, true) == -EINVAL);
	CHECK(gpio_set(gpio, LINES, true) == -EINVAL);
	CHECK(gpio_get(gpio, LINES, &level) == -EINVAL);
	CHECK(simulator_poke(gpio, 0, "paint") == -ENOENT);
	CHECK(simulator_poke(gpio, 1, "jam") == -ENOENT);
	tap_case("closing it in mid-travel is clean");
	CHECK(simulator_poke(gpio, 0, "wall_button") == 0);
	gpio_close(gpio);
	gpio_close(NULL);

	static const struct {
		const char *what;
		int toggle_relay, closed_sensor;
		int64_t open_ms, close_ms;
	} table[] = {
			{"a relay that is not there", LINES, LINE_CLOSED, 200, 100},
			{"a relay below the array", -2, LINE_CLOSED, 200, 100},
			{"a relay that is an input", LINE_BEAM, LINE_CLOSED, 200, 100},
			{"a sensor that is an output", LINE_TOGGLE, LINE_STOP, 200, 100},
			{"no time to open", LINE_TOGGLE, LINE_CLOSED, 0, 100},
			{"a negative time to close", LINE_TOGGLE, LINE_CLOSED, 200, -1},
			{"more than an hour", LINE_TOGGLE, LINE_CLOSED, 3600001, 100},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct simulator_door door = bare;
		gpio = NULL;
		tap_case("%s is refused", table[i].what);
		door.toggle_relay = table[i].toggle_relay;
		door.closed_sensor = table[i].closed_sensor;
		door.open_ms = table[i].open_ms;
		door.close_ms = table[i].close_ms;
		CHECK(gpio_open_simulated(&fake_loop, log, lines, LINES, &door, 1, &handlers, &gpio) == -EINVAL);
		CHECK(gpio == NULL);
	}
}

int main(void)
{
	struct log log = {.level = LOG_ERROR};
	test_stories(&log);
	test_part_of_the_way(&log);
	test_order(&log);
	test_outside_the_story(&log);
	return tap_done();
}
