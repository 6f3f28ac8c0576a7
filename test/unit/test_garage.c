/*
 * The garage with a fake chip, a clock that the test moves, and an observer that writes down all it hears: what the
 * garage tells of a whole day is one text, which stands below.
 */
#include <stdarg.h>

#include <unistd.h>

#include "fake_garage.h"
#include "garage/lines.h"
#include "tap.h"

/* ---- The recording observer ---- */

#define RECORD_LINE_MAX 160

struct recorder {
	const char *name;            /* first on each line; NULL: the time of day */
	const struct garage *garage; /* that each view is compared with; NULL: none is */
	char lines[256][RECORD_LINE_MAX];
	size_t count;
	size_t wrong_views;
};

__attribute__((format(printf, 2, 3))) static void record(struct recorder *recorder, const char *format, ...)
{
	va_list arguments;
	if (recorder->count == sizeof(recorder->lines) / sizeof(recorder->lines[0]))
		return;
	char *line = recorder->lines[recorder->count++];
	int64_t s = fake_now_ms / SECOND;
	int used = recorder->name ? snprintf(line, RECORD_LINE_MAX, "%s ", recorder->name)
				  : snprintf(line, RECORD_LINE_MAX, "%02d:%02d:%02d.%03d ", (int)(s / 3600),
						    (int)(s / 60 % 60), (int)(s % 60), (int)(fake_now_ms % SECOND));
	va_start(arguments, format);
	vsnprintf(line + used, RECORD_LINE_MAX - (size_t)used, format, arguments);
	va_end(arguments);
}

static void record_step(struct recorder *recorder, const struct garage_news *news)
{
	char text[RECORD_LINE_MAX] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	if (news->settled)
		fputs(" settled", out);
	if (news->past)
		fputs(" past", out);
	if (news->edge)
		fprintf(out, " %s", garage_role_names[GARAGE_SENSOR_LINES + news->sensor]);
	for (size_t i = 0; i < news->switch_count; i++)
		fprintf(out, " %s:%s%s", garage_role_names[news->switches[i].line], news->switches[i].on ? "on" : "off",
				news->switches[i].error == 0 ? ""
				: news->switches[i].told     ? "(failed again)"
							     : "(failed)");
	if (news->changed)
		fprintf(out, " [%s%s%s]", news->changed & GARAGE_POSITION ? "p" : "",
				news->changed & GARAGE_STATE ? "s" : "", news->changed & GARAGE_ATTRIBUTES ? "a" : "");
	if (news->changed & GARAGE_STATE)
		fprintf(out, " %s by %s%s", door_state_name(news->view->state), door_source_name(news->view->source),
				news->former && news->view->source ? ", of a former run" : "");
	for (size_t i = 0; i < news->happening_count; i++)
		fprintf(out, " %s", door_news_name(garage_news_of(&news->happenings[i])));
	fclose(out);
	record(recorder, "%s%s", news->view->id, text);
}

static void record_news(void *user, const struct garage_news *news)
{
	struct recorder *recorder = user;
	if (recorder->garage && news->view) {
		struct door_view view;
		garage_view(recorder->garage, news->door, &view);
		/* Equal views are equal byte by byte: garage.h. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
		recorder->wrong_views += memcmp(&view, news->view, sizeof(view)) != 0;
	}
	switch (news->kind) {
	case GARAGE_STEP:
		/* A position as time passes is not worth a line. */
		if (news->changed != GARAGE_POSITION || news->switch_count + news->happening_count > 0 || news->edge)
			record_step(recorder, news);
		break;
	case GARAGE_ENDING:
		record(recorder, "%s: %s from %s is %s%s%s", news->view->id,
				news->ending->known ? door_command_name(news->ending->command) : "?",
				door_source_name(news->ending->source), door_result_name(news->ending->result),
				news->ending->result == DOOR_RESULT_REJECTED ? ": " : "",
				news->ending->result == DOOR_RESULT_REJECTED ? door_reason_name(news->ending->reason)
									     : "");
		break;
	case GARAGE_LEFT_OPEN:
		record(recorder, "%s: left open for %s%d min%s", news->view->id, news->view->open_at_least ? ">= " : "",
				(int)(news->open_ms / MINUTE), news->again ? ", again" : "");
		break;
	case GARAGE_STALLED:
		record(recorder, "stood still for %d s", (int)(news->stalled_ms / SECOND));
		break;
	case GARAGE_CAUGHT_UP:
		record(recorder, "caught up");
		break;
	case GARAGE_CLOCK_SET:
		record(recorder, "clock set: %d", news->at.unix_ms == loop_wall_ms());
		break;
	case GARAGE_LOST:
		record(recorder, "lost: %s", strerror(-news->error));
		break;
	}
}

static bool recorder_has(const struct recorder *recorder, const char *text)
{
	for (size_t i = 0; i < recorder->count; i++)
		if (strstr(recorder->lines[i], text))
			return true;
	return false;
}

static bool recorder_says(const struct recorder *recorder, const char *const *expected)
{
	bool same = true;
	size_t i = 0;
	for (; expected[i]; i++)
		if (i >= recorder->count || strcmp(recorder->lines[i], expected[i]) != 0) {
			printf("# line %zu: expected: %s\n#          heard:    %s\n", i, expected[i],
					i < recorder->count ? recorder->lines[i] : "nothing");
			same = false;
		}
	for (; i < recorder->count; i++, same = false)
		printf("# line %zu: heard besides: %s\n", i, recorder->lines[i]);
	return same;
}

/* ---- The garage under test ---- */

static struct recorder recorder;

static struct garage *garage_begin(const struct garage_past *past)
{
	struct garage *garage = fake_garage(past);
	memset(&recorder, 0, sizeof(recorder));
	garage_observe(garage, (struct garage_observer){record_news, &recorder});
	if (garage_start(garage, fake_pasts) < 0)
		exit(1);
	recorder.garage = garage;
	return garage;
}

static struct door_answer say(struct garage *garage, enum door_command command, enum door_source source)
{
	return garage_command(garage, 0, command, source, fake_now_ms);
}

static void at(int hour, int minute)
{
	fake_run_until(hour * HOUR + minute * MINUTE);
}

static const char *const day[] = {
		"05:00:00.050 left settled [psa] closed by none",
		"05:00:00.050 right settled [psa] closed by none",
		"05:30:00.000 clock set: 1",
		"07:00:00.000 left relay:on [sa] opening by mqtt opening",
		"07:00:00.000 left: open from mqtt is accepted",
		"07:00:00.300 left closed sensor",
		"07:00:00.350 left [a]",
		"07:00:00.500 left relay:off",
		"07:00:12.000 left open sensor [p]",
		"07:00:12.050 left [psa] open by mqtt opened",
		"07:05:00.000 left: open from http is unchanged",
		"07:05:00.000 left close warning:on [a] close_warning",
		"07:05:00.000 left: close from http is accepted",
		"07:05:05.000 left close warning:off relay:on [sa] closing by http closing",
		"07:05:05.300 left open sensor",
		"07:05:05.350 left [a]",
		"07:05:05.500 left relay:off",
		"07:05:17.000 left closed sensor [p]",
		"07:05:17.050 left [psa] closed by http closed",
		"08:00:00.300 left closed sensor",
		"08:00:00.350 left [psa] opening by local opening",
		"08:00:12.000 left open sensor",
		"08:00:12.050 left [psa] open by local opened",
		"08:10:00.000 left obstruction sensor",
		"08:10:00.050 left [a]",
		"08:11:00.000 left: close from mqtt is rejected: obstructed",
		"08:12:00.000 left obstruction sensor",
		"08:12:00.050 left [a]",
		"08:32:00.050 left close warning:on [a] auto_close close_warning",
		"08:32:05.050 left close warning:off relay:on [sa] closing by auto_close closing",
		"08:32:05.350 left open sensor",
		"08:32:05.400 left [a]",
		"08:32:05.550 left relay:off",
		"08:32:17.050 left closed sensor [p]",
		"08:32:17.100 left [psa] closed by auto_close closed",
		"09:00:00.000 left: ? from mqtt is rejected: unknown_command",
		"12:00:00.000 left relay:on [sa] opening by mqtt opening",
		"12:00:00.000 left: open from mqtt is accepted",
		"12:00:00.500 left relay:off",
		"12:00:08.750 left [sa] closed by mqtt fault closed",
		"13:00:00.000 left relay:on(failed) [sa] opening by http fault_cleared opening",
		"13:00:00.000 left relay:off(failed) [sa] closed by http closed fault",
		"13:00:00.000 left: open from http is rejected: relay_failed",
		"13:00:01.000 left relay:off(failed again)",
		"13:00:02.000 left relay:off(failed again)",
		"13:00:03.000 left relay:off",
		"14:00:00.000 right relay:on [sa] opening by http opening",
		"14:00:00.000 right: pulse from http is accepted",
		"14:00:00.500 right relay:off",
		"14:00:08.750 right [sa] closed by http fault closed",
		"23:00:00.000 left: open from mqtt is rejected: stopping",
		NULL,
};

static void test_day(void)
{
	tap_case("a recorder hears of a whole day, in this order and nothing else");
	struct garage *garage = garage_begin(NULL);
	at(5, 30);
	garage_set_clock(garage);
	at(7, 0);
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT);
	at(7, 5);
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP); /* it is open */
	say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_HTTP);
	at(8, 0);
	chip_press(); /* on the wall */
	at(8, 10);
	chip_edge(LEFT_OBSTRUCTION, true);
	at(8, 11);
	say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_MQTT);
	at(8, 12);
	chip_edge(LEFT_OBSTRUCTION, false);
	at(9, 0); /* auto-close has closed it, 20 minutes after the way was clear */
	garage_refuse(garage, 0, NULL, DOOR_SOURCE_MQTT, DOOR_REASON_UNKNOWN_COMMAND);
	at(12, 0);
	chip.broken = true;
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT); /* the opener does not hear it */
	at(13, 0);
	chip.broken = false;
	chip.failure = -EIO;
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP);
	fake_run_until(fake_now_ms + 2 * SECOND);
	chip.failure = 0;
	at(14, 0);
	garage_pulse(garage, 1, DOOR_LINE_TOGGLE, DOOR_SOURCE_HTTP, fake_now_ms);
	at(23, 0);
	garage_stop(garage);
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT);
	CHECK(recorder_says(&recorder, day));
	CHECK(recorder.wrong_views == 0);
	CHECK(chip.presses == 5);
	garage_free(garage);
	CHECK(chip.closed_once);
}

static void test_former_run(void)
{
	tap_case("what a former run knew of a door is told until something moves it");
	const struct garage_past past = {.state = DOOR_CLOSED,
			.source = DOOR_SOURCE_HTTP,
			.unix_ms = FAKE_WALL_MS - HOUR,
			.totals = {.cycles = 41}};
	struct garage *garage = garage_begin(&past);
	struct door_view view;
	at(5, 1);
	garage_view(garage, 0, &view);
	CHECK(view.source == DOOR_SOURCE_HTTP && view.last_changed_unix_ms == past.unix_ms && view.cycles == 41);
	CHECK(recorder_has(&recorder, "closed by http, of a former run"));
	garage_set_clock(garage); /* says nothing about the time before the start */
	garage_view(garage, 0, &view);
	CHECK(view.last_changed_unix_ms == past.unix_ms);
	chip_press();
	at(5, 2);
	garage_view(garage, 0, &view);
	CHECK(view.source == DOOR_SOURCE_LOCAL && view.last_changed_unix_ms > FAKE_WALL_MS);
	garage_free(garage);
}

static struct {
	char text[256];
} order;

static void order_hear(void *name, const struct garage_news *news)
{
	size_t used = strlen(order.text);
	snprintf(order.text + used, sizeof(order.text) - used, "%s%d ", (const char *)name, (int)news->kind);
}

static void test_order(void)
{
	tap_case("observers hear everything, one after the other in the order in which they were added");
	char first[] = "a", second[] = "b";
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	garage_observe(garage, (struct garage_observer){order_hear, first});
	garage_observe(garage, (struct garage_observer){order_hear, second});
	garage_refuse(garage, 0, NULL, DOOR_SOURCE_MQTT, DOOR_REASON_RETAINED);
	fake_stand_still(60 * SECOND);
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT);
	CHECK(strcmp(order.text, "a1 b1 a2 b2 a1 b1 ") == 0);
	garage_free(garage);
}

static void test_standstill(void)
{
	tap_case("after a standstill what waited is of the past: told so, and its commands are refused");
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	recorder.count = 0;
	CHECK(!garage_is_past(garage, fake_now_ms));
	fake_stand_still(60 * SECOND);
	CHECK(garage_is_past(garage, fake_now_ms)); /* the question tells nobody */
	CHECK(recorder.count == 0);
	const struct door_answer answer = say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP);
	CHECK(answer.result == DOOR_RESULT_REJECTED && answer.reason == DOOR_REASON_STALE);
	chip_edge(LEFT_CLOSED, false); /* by hand, and back */
	chip_edge(LEFT_CLOSED, true);
	fake_run_until(fake_now_ms + SECOND);
	CHECK(recorder_says(&recorder, (const char *const[]){
						       "06:01:00.000 stood still for 59 s",
						       "06:01:00.000 left: open from http is rejected: stale",
						       "06:01:00.000 left past closed sensor",
						       "06:01:00.000 left past closed sensor",
						       "06:01:00.150 caught up",
						       NULL,
				       }));
	fake_run_until(fake_now_ms + 4 * SECOND - 1);
	CHECK(garage_is_past(garage, fake_now_ms)); /* more of it may come */
	fake_run_until(fake_now_ms + 1);
	CHECK(!garage_is_past(garage, fake_now_ms));
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP).result == DOOR_RESULT_ACCEPTED);
	CHECK(chip.presses == 1);
	garage_free(garage);
}

static void test_busy_loop(void)
{
	tap_case("a turn of the loop that took 2 s is a standstill, whatever the other threads did, and a shorter one is none");
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	recorder.count = 0;
	fake_loop.busy_ms = 2 * SECOND - 1;
	CHECK(!garage_is_past(garage, fake_now_ms));
	CHECK(say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_HTTP).result == DOOR_RESULT_UNCHANGED);
	fake_loop.busy_ms = 2 * SECOND;
	CHECK(garage_is_past(garage, fake_now_ms));
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP).reason == DOOR_REASON_STALE);
	CHECK(recorder_has(&recorder, "stood still for 2 s") && chip.presses == 0);
	fake_run_until(fake_now_ms + 5 * SECOND);
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP).result == DOOR_RESULT_ACCEPTED);
	garage_free(garage);
}

static void test_began_in_a_standstill(void)
{
	tap_case("a request that was read right after a standstill does nothing, however late its end comes");
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	fake_stand_still(3 * SECOND);
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP).reason == DOOR_REASON_STALE);
	int64_t read_ms = fake_now_ms;
	fake_run_until(fake_now_ms + 9 * SECOND);
	CHECK(garage_command(garage, 0, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP, read_ms).reason == DOOR_REASON_STALE);
	CHECK(chip.presses == 0);
	CHECK(garage_command(garage, 0, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP, read_ms + 6 * SECOND).result ==
			DOOR_RESULT_ACCEPTED);
	CHECK(garage_command(garage, 1, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT, read_ms).result ==
			DOOR_RESULT_ACCEPTED); /* a message comes whole */
	garage_free(garage);
}

static void test_signs_of_life(void)
{
	tap_case("a standstill of 2 s is noticed by the signs of life of another thread");
	struct alive alive;
	struct garage *garage = garage_begin(NULL);
	alive_init(&alive, fake_now_ms);
	garage_free(garage);
	garage = fake_garage_alive(NULL, &alive);
	fake_loop.busy_ms = fake_now_ms;
	fake_stand_still(MINUTE);
	CHECK(!garage_is_past(garage, fake_now_ms)); /* what was before the start is no standstill */
	memset(&recorder, 0, sizeof(recorder));
	garage_observe(garage, (struct garage_observer){record_news, &recorder});
	chip_edge(LEFT_CLOSED, true);
	fake_stand_still(MINUTE);
	CHECK(garage_start(garage, fake_pasts) == 0);
	CHECK(!garage_is_past(garage, fake_now_ms));
	fake_run_until(fake_now_ms + 100);
	CHECK(!recorder_has(&recorder, "stood still"));
	garage_set_alone(garage, false);
	for (int i = 0; i < 10; i++) { /* the other thread's */
		fake_run_until(fake_now_ms + SECOND);
		alive_sign(&alive, fake_now_ms);
	}
	CHECK(!garage_is_past(garage, fake_now_ms));
	fake_stand_still(ALIVE_GAP_MS);
	CHECK(garage_is_past(garage, fake_now_ms));
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP).reason == DOOR_REASON_STALE);
	CHECK(recorder_has(&recorder, "stood still for 2 s"));
	CHECK(chip.presses == 0);
	for (int i = 0; i < 6; i++) {
		fake_run_until(fake_now_ms + SECOND);
		alive_sign(&alive, fake_now_ms);
	}
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP).result == DOOR_RESULT_ACCEPTED);
	garage_free(garage);
	alive_destroy(&alive);
}

static void test_recall(void)
{
	tap_case("what a former run has left may come late: counting goes on, and nothing moves");
	const struct garage_past past = {.state = DOOR_CLOSED,
			.source = DOOR_SOURCE_MQTT,
			.unix_ms = FAKE_WALL_MS - HOUR,
			.totals = {.cycles = 41}};
	struct garage *garage = garage_begin(NULL);
	struct door_view view;
	at(6, 0);
	recorder.count = 0;
	garage_recall(garage, 0, &past);
	CHECK(recorder_says(&recorder, (const char *const[]){"06:00:00.000 left [a]", NULL}));
	garage_view(garage, 0, &view);
	CHECK(view.cycles == 41 && view.source == DOOR_SOURCE_MQTT && view.last_changed_unix_ms == past.unix_ms);
	CHECK(view.state == DOOR_CLOSED && chip.presses == 0);
	garage_free(garage);
}

/* One of the two doors tells of being left open. machine is the caller's, and outlives the garage. */
static void set_left_open_of(struct garage *garage, size_t door, const struct door_config *machine,
		int64_t left_open_ms, int64_t again_ms)
{
	garage_reconfigure(garage, door,
			&(struct garage_door_config){.id = door == 0 ? "left" : "right",
					.name = door == 0 ? "Left" : "Right",
					.device_class = "garage",
					.machine = machine,
					.left_open_ms = left_open_ms,
					.left_open_again_ms = again_ms});
}

static struct door_config right_machine(void)
{
	return (struct door_config){.lines = {[DOOR_LINE_TOGGLE] = true},
			.sensors = {[DOOR_SENSOR_CLOSED] = true},
			.opener = left_machine().opener,
			.pulse_ms = 500,
			.gap_ms = 500,
			.debounce_ms = 50,
			.open_time_ms = 15 * SECOND,
			.close_time_ms = 15 * SECOND};
}

static void set_left_open(struct garage *garage, int64_t left_open_ms, int64_t again_ms)
{
	static struct door_config machine;
	machine = right_machine();
	set_left_open_of(garage, 1, &machine, left_open_ms, again_ms);
}

/* It does not close by itself, and knows it when its contacts disagree. */
static void set_left_open_of_left(struct garage *garage, int64_t left_open_ms, int64_t again_ms)
{
	static struct door_config machine;
	machine = left_machine();
	machine.auto_close_ms = 0;
	set_left_open_of(garage, 0, &machine, left_open_ms, again_ms);
}

static struct door_view right_view(const struct garage *garage)
{
	struct door_view view;
	garage_view(garage, 1, &view);
	return view;
}

static void test_left_open(void)
{
	tap_case("a door that is left open is told of, again as configured, until it closes");
	struct garage *garage = garage_begin(NULL);
	set_left_open(garage, 10 * MINUTE, 30 * MINUTE);
	at(5, 30);
	garage_set_clock(garage);
	at(6, 0);
	CHECK(right_view(garage).has_left_open && right_view(garage).open_since_unix_ms == 0);
	chip_edge(RIGHT_CLOSED, false);
	at(6, 9);
	CHECK(!right_view(garage).left_open && !right_view(garage).open_at_least);
	CHECK(right_view(garage).open_since_unix_ms == loop_wall_ms() - 9 * MINUTE + 50);
	recorder.count = 0;
	at(7, 0);
	CHECK(right_view(garage).left_open);
	chip_edge(RIGHT_CLOSED, true);
	at(9, 0);
	CHECK(recorder_says(&recorder,
			(const char *const[]){"06:10:00.050 right [a]", "06:10:00.050 right: left open for 10 min",
					"06:40:00.050 right: left open for 40 min, again",
					"07:00:00.000 right closed sensor",
					"07:00:00.050 right [psa] closed by local closed", NULL}));
	CHECK(!right_view(garage).left_open && right_view(garage).open_since_unix_ms == 0);
	CHECK(recorder.wrong_views == 0);

	tap_case("a door that was closed in time is not told of, and another time counts from the opening");
	chip_edge(RIGHT_CLOSED, false);
	at(9, 9);
	chip_edge(RIGHT_CLOSED, true);
	at(9, 30);
	chip_edge(RIGHT_CLOSED, false);
	at(9, 35);
	recorder.count = 0;
	set_left_open(garage, 4 * MINUTE, 0);
	at(9, 36);
	CHECK(recorder_has(&recorder, "09:35:00.000 right: left open for 4 min"));
	recorder.count = 0;
	set_left_open(garage, HOUR, 0); /* so long it has not been open */
	CHECK(!right_view(garage).left_open && recorder_has(&recorder, "right [a]"));
	set_left_open(garage, 4 * MINUTE, 0);
	fake_run_until(fake_now_ms + SECOND);
	CHECK(right_view(garage).left_open);
	set_left_open(garage, 0, 0);
	CHECK(!right_view(garage).left_open && !right_view(garage).has_left_open);
	recorder.count = 0;
	at(12, 0);
	CHECK(recorder.count == 0);
	garage_free(garage);
}

static void test_left_open_after_a_start(void)
{
	tap_case("a door that is open at the start is open since a former run saw it open");
	fake_pasts[1] = (struct garage_past){
			.state = DOOR_OPEN, .source = DOOR_SOURCE_LOCAL, .unix_ms = FAKE_WALL_MS - 7 * HOUR};
	struct garage *garage = fake_garage(NULL);
	memset(&recorder, 0, sizeof(recorder));
	garage_observe(garage, (struct garage_observer){record_news, &recorder});
	chip.levels[RIGHT_CLOSED] = false;
	garage_start(garage, fake_pasts);
	set_left_open(garage, HOUR, 0);
	at(5, 30);
	CHECK(right_view(garage).open_at_least && !right_view(garage).left_open); /* no clock yet */
	garage_set_clock(garage);
	fake_run_until(fake_now_ms + 100);
	CHECK(!right_view(garage).open_at_least && right_view(garage).left_open);
	CHECK(right_view(garage).open_since_unix_ms == FAKE_WALL_MS - 7 * HOUR);
	CHECK(recorder_has(&recorder, "right: left open for 750 min"));
	garage_free(garage);

	tap_case("where nobody saw that, it is open at least since the start, and so it is counted");
	fake_pasts[1] = (struct garage_past){.state = DOOR_CLOSED, .unix_ms = FAKE_WALL_MS - 7 * HOUR};
	garage = fake_garage(NULL);
	memset(&recorder, 0, sizeof(recorder));
	garage_observe(garage, (struct garage_observer){record_news, &recorder});
	chip.levels[RIGHT_CLOSED] = false;
	garage_start(garage, fake_pasts);
	set_left_open(garage, HOUR, 0);
	at(5, 30);
	garage_set_clock(garage);
	at(5, 59);
	CHECK(right_view(garage).open_at_least && !right_view(garage).left_open);
	at(6, 1);
	CHECK(recorder_has(&recorder, "right: left open for >= 60 min") && right_view(garage).left_open);
	CHECK(right_view(garage).open_since_unix_ms == FAKE_WALL_MS + 5 * HOUR + 50);
	fake_pasts[1] = (struct garage_past){.state = DOOR_UNKNOWN};
	garage_free(garage);
}

static void test_age(void)
{
	tap_case("a command that may be older than 10 s is refused, and one of 10 s is not");
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	CHECK(garage_is_past(garage, fake_now_ms - DOOR_AGE_MS - 1));
	CHECK(garage_command(garage, 0, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT, fake_now_ms - DOOR_AGE_MS - 1).reason ==
			DOOR_REASON_STALE);
	CHECK(garage_pulse(garage, 0, DOOR_LINE_TOGGLE, DOOR_SOURCE_HTTP, fake_now_ms - DOOR_AGE_MS - 1).reason ==
			DOOR_REASON_STALE);
	CHECK(chip.presses == 0);
	CHECK(!garage_is_past(garage, fake_now_ms - DOOR_AGE_MS));
	CHECK(garage_command(garage, 0, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT, fake_now_ms - 9 * SECOND).result ==
			DOOR_RESULT_ACCEPTED);
	CHECK(chip.presses == 1);
	garage_free(garage);
}

static void test_reads_before_a_command(void)
{
	tap_case("the contacts are read before a command: what came into the way with an edge that got lost refuses CLOSE");
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT).result == DOOR_RESULT_ACCEPTED);
	at(6, 1);
	chip.levels[LEFT_OBSTRUCTION] = true; /* no edge */
	CHECK(say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_MQTT).reason == DOOR_REASON_OBSTRUCTED);
	CHECK(chip.presses == 1 && !chip.levels[LEFT_WARNING]);
	garage_free(garage);
}

static void test_loss(void)
{
	tap_case("a chip that goes away stops the garage, and is told last");
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	recorder.count = 0;
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT);
	CHECK(garage_is_pulsing(garage));
	chip.handlers.lost(chip.handlers.user, -ENODEV);
	CHECK(!chip.levels[LEFT_RELAY] && !garage_is_pulsing(garage));
	CHECK(say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_HTTP).reason == DOOR_REASON_STOPPING);
	CHECK(garage_command(garage, 0, DOOR_COMMAND_CLOSE, DOOR_SOURCE_HTTP, fake_now_ms - MINUTE).reason ==
			DOOR_REASON_STOPPING);
	CHECK(recorder_has(&recorder, "lost: No such device"));
	garage_free(garage);
}

static void test_questions(void)
{
	tap_case("doors are found by their ids, and their lines are told as they are wired");
	struct garage *garage = garage_begin(NULL);
	struct garage_line_view lines[GARAGE_LINES];
	size_t door = 9;
	CHECK(garage_door_count(garage) == 2);
	CHECK(garage_find(garage, "right", &door) && door == 1);
	CHECK(!garage_find(garage, "middle", &door) && door == 1);
	CHECK(garage_wiring(garage, 1, lines) == 2);
	CHECK(lines[0].line == DOOR_LINE_TOGGLE && strcmp(lines[0].key, "relay") == 0);
	CHECK(lines[1].line == DOOR_LINES && lines[1].active && lines[1].high);
	CHECK(garage_edges_dropped(garage) == 7);
	CHECK(garage_poke(garage, 0, "wall_button") == -ENOTSUP);
	CHECK(garage_now(garage).unix_ms == 0);
	garage_free(garage);
}

static void test_reconfigure(void)
{
	tap_case("another configuration moves nothing, and its names count at once");
	struct garage *garage = garage_begin(NULL);
	struct door_config machine = left_machine();
	struct door_view view;
	at(6, 0);
	machine.auto_close_ms = 0;
	garage_reconfigure(garage, 0,
			&(struct garage_door_config){
					.id = "left", .name = "West", .device_class = "gate", .machine = &machine});
	garage_view(garage, 0, &view);
	CHECK(strcmp(view.name, "West") == 0 && strcmp(view.device_class, "gate") == 0 && view.state == DOOR_CLOSED);
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT);
	at(8, 0);
	garage_view(garage, 0, &view);
	CHECK(view.state == DOOR_OPEN); /* no auto-close */
	CHECK(chip.presses == 1);
	garage_free(garage);
}

static void test_left_open_again(void)
{
	struct door_view view;
	tap_case("while nobody knows whether it is open, nothing is told; when it is known again, it is told again");
	struct garage *garage = garage_begin(NULL);
	set_left_open_of_left(garage, 10 * MINUTE, 30 * MINUTE);
	at(6, 0);
	chip_edge(LEFT_CLOSED, false);
	chip_edge(LEFT_OPEN, true);
	at(6, 30);
	chip_edge(LEFT_CLOSED, true);
	at(6, 31);
	garage_view(garage, 0, &view);
	CHECK(view.state == DOOR_UNKNOWN && view.left_open);
	recorder.count = 0;
	at(6, 50);
	CHECK(!recorder_has(&recorder, "left open"));
	chip_edge(LEFT_CLOSED, false);
	at(7, 30);
	CHECK(recorder_has(&recorder, "06:50:00.050 left: left open for 50 min, again"));
	CHECK(recorder_has(&recorder, "07:20:00.050 left: left open for 80 min, again"));

	tap_case("another left_open_again counts from when it was told of last");
	recorder.count = 0;
	set_left_open_of_left(garage, 10 * MINUTE, 0);
	at(8, 0);
	CHECK(!recorder_has(&recorder, "left open"));
	set_left_open_of_left(garage, 10 * MINUTE, HOUR);
	at(9, 0);
	CHECK(recorder_has(&recorder, "08:20:00.050 left: left open for 140 min, again"));
	garage_free(garage);
}

static void test_lockout(void)
{
	struct door_view view;
	tap_case("a lock-out of a former run stands, and is lifted by a command; what comes later of that run counts");
	fake_pasts[1] = (struct garage_past){.locked_out = false};
	struct garage *garage = garage_begin(&(struct garage_past){.state = DOOR_CLOSED, .locked_out = true});
	at(6, 0);
	garage_view(garage, 0, &view);
	CHECK(view.locked_out && view.lockout_remote && !view.lockout_saved && !view.lockout_saving);
	CHECK(view.refusals[DOOR_COMMAND_OPEN] == DOOR_REASON_LOCKED_OUT);
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT).reason == DOOR_REASON_LOCKED_OUT && chip.presses == 0);
	CHECK(say(garage, DOOR_COMMAND_LOCKOUT_OFF, DOOR_SOURCE_HTTP).result == DOOR_RESULT_ACCEPTED);
	garage_view(garage, 0, &view);
	CHECK(!view.locked_out);
	garage_recall(garage, 0, &(struct garage_past){.state = DOOR_CLOSED, .locked_out = true});
	garage_view(garage, 0, &view);
	CHECK(view.locked_out);

	tap_case("a view says whether the disk has it");
	garage_keep_lockouts(garage, GARAGE_KEEPS_ALL);
	garage_view(garage, 0, &view);
	CHECK(view.lockout_saved && !view.lockout_saving);
	say(garage, DOOR_COMMAND_LOCKOUT_OFF, DOOR_SOURCE_HTTP);
	garage_view(garage, 0, &view);
	CHECK(!view.lockout_saved && view.lockout_saving);
	garage_keep_lockouts(garage, GARAGE_KEEPS_FAILED);
	garage_view(garage, 0, &view);
	CHECK(!view.lockout_saved && !view.lockout_saving);
	garage_keep_lockouts(garage, GARAGE_KEEPS_ALL);
	garage_view(garage, 0, &view);
	CHECK(view.lockout_saved && !view.lockout_saving);

	tap_case("lifted and set again while the disk is slow: it may have either, until it says that it has all");
	say(garage, DOOR_COMMAND_LOCKOUT_ON, DOOR_SOURCE_HTTP);
	garage_keep_lockouts(garage, GARAGE_KEEPS_ALL);
	say(garage, DOOR_COMMAND_LOCKOUT_OFF, DOOR_SOURCE_HTTP);
	garage_keep_lockouts(garage, GARAGE_KEEPS_SOON);
	say(garage, DOOR_COMMAND_LOCKOUT_ON, DOOR_SOURCE_HTTP);
	garage_view(garage, 0, &view);
	CHECK(view.lockout_remote && !view.lockout_saved && view.lockout_saving);
	garage_keep_lockouts(garage, GARAGE_KEEPS_SOON);
	garage_view(garage, 0, &view);
	CHECK(!view.lockout_saved && view.lockout_saving);
	garage_keep_lockouts(garage, GARAGE_KEEPS_ALL);
	garage_view(garage, 0, &view);
	CHECK(view.lockout_saved && !view.lockout_saving);

	tap_case("after the end nothing is locked or lifted");
	garage_stop(garage);
	CHECK(say(garage, DOOR_COMMAND_LOCKOUT_ON, DOOR_SOURCE_HTTP).reason == DOOR_REASON_STOPPING);
	garage_free(garage);
}

static void test_left_open_after_a_standstill(void)
{
	tap_case("what the contacts say comes first: a door that was closed in a standstill is not left open");
	struct garage *garage = garage_begin(NULL);
	set_left_open(garage, 10 * MINUTE, 0);
	at(6, 0);
	chip_edge(RIGHT_CLOSED, false);
	at(6, 10); /* 50 ms before it would be told */
	recorder.count = 0;
	chip.levels[RIGHT_CLOSED] = true; /* its edge waits in the kernel */
	fake_stand_still(60 * SECOND);
	fake_run_until(fake_now_ms + 5 * SECOND);
	CHECK(!recorder_has(&recorder, "left open") && right_view(garage).state == DOOR_CLOSED);
	garage_free(garage);
}

/* Something comes into the left door's way, or leaves it, and a second passes. */
static void obstruct(bool on)
{
	chip_edge(LEFT_OBSTRUCTION, on);
	fake_run_until(fake_now_ms + SECOND);
}

/* How the left door's last command stands. */
static bool last_is(struct garage *garage, enum door_command command, bool cancelled)
{
	struct door_view view;
	garage_view(garage, 0, &view);
	return view.last_command.command == (int)command && (view.last_command.cancelled != 0) == cancelled;
}

static void test_last_command_cancelled(void)
{
	tap_case("a command that ends before its last press is no longer told as accepted");
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	chip_edge(LEFT_CLOSED, false);
	at(6, 1);
	chip_edge(LEFT_OPEN, true);
	at(6, 2);
	say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_MQTT);
	CHECK(last_is(garage, DOOR_COMMAND_CLOSE, false));
	fake_run_until(fake_now_ms + SECOND);
	recorder.count = 0;
	obstruct(true);
	CHECK(recorder_has(&recorder, "[a] command_cancelled") && last_is(garage, DOOR_COMMAND_CLOSE, true));
	obstruct(false);

	tap_case("the next command begins anew, and one that takes its place is told itself");
	say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_MQTT);
	CHECK(last_is(garage, DOOR_COMMAND_CLOSE, false));
	say(garage, DOOR_COMMAND_STOP, DOOR_SOURCE_HTTP);
	CHECK(last_is(garage, DOOR_COMMAND_STOP, false));

	tap_case("a refusal, or a lock-out, is not what was cancelled");
	say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_MQTT);
	garage_refuse(garage, 0, NULL, DOOR_SOURCE_MQTT, DOOR_REASON_UNKNOWN_COMMAND);
	obstruct(true);
	struct door_view view;
	garage_view(garage, 0, &view);
	CHECK(view.last_command.command == -1 && !view.last_command.cancelled);
	obstruct(false);
	say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_MQTT);
	say(garage, DOOR_COMMAND_LOCKOUT_ON, DOOR_SOURCE_MQTT);
	obstruct(true);
	CHECK(last_is(garage, DOOR_COMMAND_LOCKOUT_ON, false));
	obstruct(false);
	say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_MQTT);
	say(garage, DOOR_COMMAND_LOCKOUT_OFF, DOOR_SOURCE_MQTT);
	obstruct(true);
	CHECK(last_is(garage, DOOR_COMMAND_LOCKOUT_OFF, false));
	obstruct(false);

	tap_case("neither is what auto-close does not get done, nor a command that has done all");
	chip_edge(LEFT_OPEN, false);
	chip_edge(LEFT_CLOSED, true);
	fake_run_until(fake_now_ms + SECOND);
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT);
	chip_edge(LEFT_CLOSED, false);
	fake_run_until(fake_now_ms + SECOND);
	chip_edge(LEFT_OPEN, true);
	fake_run_until(fake_now_ms + SECOND);
	CHECK(last_is(garage, DOOR_COMMAND_OPEN, false));
	for (recorder.count = 0; !recorder_has(&recorder, "auto_close");)
		fake_run_until(fake_now_ms + SECOND);
	recorder.count = 0;
	obstruct(true);
	CHECK(recorder_has(&recorder, "command_cancelled") && last_is(garage, DOOR_COMMAND_OPEN, false));
	garage_free(garage);
}

static void test_last_command(void)
{
	tap_case("what became of the last command, with the time as soon as there is a clock");
	struct garage *garage = garage_begin(NULL);
	struct door_view view;
	garage_view(garage, 0, &view);
	CHECK(view.last_command.number == 0);
	at(6, 0);
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP);
	garage_view(garage, 0, &view);
	CHECK(view.last_command.number == 1 && view.last_command.command == DOOR_COMMAND_OPEN);
	CHECK(view.last_command.source == DOOR_SOURCE_HTTP && view.last_command.result == DOOR_RESULT_ACCEPTED);
	CHECK(view.last_command.unix_ms == 0 && view.last_changed_unix_ms == 0);
	at(6, 20);
	recorder.count = 0;
	garage_set_clock(garage);
	garage_view(garage, 0, &view);
	CHECK(view.last_command.unix_ms == FAKE_WALL_MS + 6 * HOUR);
	CHECK(view.last_changed_unix_ms == FAKE_WALL_MS + 6 * HOUR + 12 * SECOND + 50);
	CHECK(recorder_says(
			&recorder, (const char *const[]){"06:20:00.000 clock set: 1", "06:20:00.000 left [a]", NULL}));
	at(6, 30);
	const enum door_command close = DOOR_COMMAND_CLOSE;
	garage_refuse(garage, 0, &close, DOOR_SOURCE_MQTT, DOOR_REASON_RETAINED);
	garage_view(garage, 0, &view);
	CHECK(view.last_command.number == 2 && view.last_command.command == DOOR_COMMAND_CLOSE);
	CHECK(view.last_command.source == DOOR_SOURCE_MQTT && view.last_command.reason == DOOR_REASON_RETAINED);
	CHECK(view.last_command.result == DOOR_RESULT_REJECTED && view.last_command.unix_ms == loop_wall_ms());
	garage_refuse(garage, 0, NULL, DOOR_SOURCE_MQTT, DOOR_REASON_UNKNOWN_COMMAND);
	garage_view(garage, 0, &view);
	CHECK(view.last_command.number == 3 && view.last_command.command == -1);
	at(6, 40);
	recorder.count = 0;
	garage_set_clock(garage); /* set again: what is known of the door says so anew */
	CHECK(recorder_has(&recorder, "left [a]") && !recorder_has(&recorder, "right"));
	garage_free(garage);

	tap_case("a clock that is set after a refusal alone is told of that door");
	garage = garage_begin(NULL);
	at(6, 0);
	garage_refuse(garage, 1, NULL, DOOR_SOURCE_MQTT, DOOR_REASON_UNKNOWN_COMMAND);
	at(6, 1);
	recorder.count = 0;
	garage_set_clock(garage);
	garage_view(garage, 1, &view);
	CHECK(view.last_command.unix_ms == FAKE_WALL_MS + 6 * HOUR && view.last_changed_unix_ms == 0);
	CHECK(recorder_says(
			&recorder, (const char *const[]){"06:01:00.000 clock set: 1", "06:01:00.000 right [a]", NULL}));
	garage_free(garage);
}

static void test_position(void)
{
	tap_case("a position goes to its door, which is stopped on its way there");
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	CHECK(garage_position(garage, 0, 99, DOOR_SOURCE_HTTP, fake_now_ms).reason == DOOR_REASON_NO_WAY);
	CHECK(garage_position(garage, 0, 30, DOOR_SOURCE_MQTT, fake_now_ms).result == DOOR_RESULT_ACCEPTED);
	CHECK(recorder_has(&recorder, "left: position from mqtt is accepted"));
	fake_run_until(fake_now_ms + 300 + 4500 + 100);
	CHECK(chip.presses == 2);
	garage_free(garage);

	tap_case("whether one of the doors can be sent to a position");
	garage = garage_begin(NULL);
	CHECK(garage_reaches(garage));
	static struct door_config left, right;
	left = left_machine();
	left.opener = (struct door_opener){DOOR_PRESS_REVERSE, DOOR_PRESS_REVERSE, DOOR_PRESS_REVERSE};
	right = left;
	right.lines[DOOR_LINE_WARNING] = right.sensors[DOOR_SENSOR_OPEN] = right.sensors[DOOR_SENSOR_OBSTRUCTION] =
			false;
	set_left_open_of(garage, 0, &left, 0, 0);
	CHECK(garage_reaches(garage));
	set_left_open_of(garage, 1, &right, 0, 0);
	CHECK(!garage_reaches(garage));
	left = left_machine();
	set_left_open_of(garage, 0, &left, 0, 0);
	CHECK(garage_reaches(garage));
	garage_free(garage);
}

static void test_reads_by_itself(void)
{
	tap_case("the contacts are read each second while the agent is alone, and in two and a half otherwise");
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	chip.levels[RIGHT_CLOSED] = false; /* no edge */
	fake_run_until(fake_now_ms + SECOND + 100);
	CHECK(right_view(garage).state == DOOR_OPENING);
	at(6, 1);
	garage_set_alone(garage, false);
	at(6, 2);
	chip.levels[RIGHT_CLOSED] = true;
	fake_run_until(fake_now_ms + 2 * SECOND + 400);
	CHECK(right_view(garage).state == DOOR_OPEN);
	fake_run_until(fake_now_ms + 200);
	CHECK(right_view(garage).state == DOOR_CLOSED);
	at(6, 3);
	chip.levels[RIGHT_CLOSED] = false;
	garage_set_alone(garage, false);
	fake_run_until(fake_now_ms + SECOND + 100);
	CHECK(right_view(garage).state == DOOR_CLOSED);
	garage_set_alone(garage, true); /* from now on each second */
	fake_run_until(fake_now_ms + SECOND);
	CHECK(right_view(garage).state == DOOR_OPENING);
	CHECK(chip.catch_ups > 0);
	garage_free(garage);

	tap_case("and when a door's time has come, though not at the end of a pulse");
	garage = garage_begin(NULL);
	at(6, 0);
	garage_set_alone(garage, false);
	at(6, 1);
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT);
	int before = chip.catch_ups;
	fake_run_until(fake_now_ms + 500);
	CHECK(!garage_is_pulsing(garage) && chip.catch_ups == before);
	fake_run_until(fake_now_ms + 1600);
	CHECK(chip.catch_ups > before);
	garage_free(garage);
}

static void test_edges_of_a_standstill(void)
{
	tap_case("an edge that is the first thing heard after a standstill is of the past, and what follows is not");
	struct garage *garage = garage_begin(NULL);
	static struct door_config slow;
	slow = left_machine();
	slow.debounce_ms = 400;
	set_left_open_of(garage, 0, &slow, 0, 0);
	at(6, 0);
	recorder.count = 0;
	fake_stand_still(60 * SECOND);
	chip.levels[RIGHT_CLOSED] = chip.levels[LEFT_CLOSED] = false; /* their edges were lost */
	chip_edge(LEFT_OBSTRUCTION, true);
	fake_run_until(fake_now_ms + 950); /* before the next look of the garage's own */
	struct door_view view;
	garage_view(garage, 0, &view);
	CHECK(view.state == DOOR_OPENING);
	fake_run_until(fake_now_ms + 50);
	CHECK(strcmp(recorder.lines[0], "06:01:00.000 stood still for 59 s") == 0);
	CHECK(strcmp(recorder.lines[1], "06:01:00.000 left past obstruction sensor") == 0);
	CHECK(recorder_has(&recorder, "06:01:00.500 caught up"));
	CHECK(right_view(garage).state == DOOR_OPENING);
	fake_run_until(fake_now_ms + 10 * SECOND);
	recorder.count = 0;
	chip_edge(LEFT_OBSTRUCTION, false);
	CHECK(recorder.count == 1 && strstr(recorder.lines[0], "left obstruction sensor") != NULL);
	garage_free(garage);
}

static void test_begin_and_end(void)
{
	tap_case("a contact that cannot be read ends the start");
	struct garage *garage = fake_garage(NULL);
	chip.deaf = -EIO;
	CHECK(garage_start(garage, fake_pasts) == -EIO);
	garage_free(garage);

	tap_case("no timer outlives the garage");
	garage = garage_begin(NULL);
	set_left_open(garage, 10 * MINUTE, 0);
	at(6, 0);
	chip_edge(RIGHT_CLOSED, false);
	fake_run_until(fake_now_ms + 100);
	garage_pulse(garage, 1, DOOR_LINE_TOGGLE, DOOR_SOURCE_HTTP, fake_now_ms);
	set_left_open_of_left(garage, 10 * MINUTE, 0);
	chip.broken = true;
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP);
	fake_stand_still(60 * SECOND);
	say(garage, DOOR_COMMAND_STOP, DOOR_SOURCE_MQTT);
	CHECK(fake_loop.timers != NULL);
	garage_free(garage);
	CHECK(fake_loop.timers == NULL);

	tap_case("another configuration's names are those of the door at once, all of them");
	garage = garage_begin(NULL);
	static struct door_config machine;
	machine = left_machine();
	garage_reconfigure(garage, 0,
			&(struct garage_door_config){.id = "west",
					.name = "West",
					.device_class = "gate",
					.area = "Yard",
					.vent = 30,
					.machine = &machine});
	struct door_view view;
	size_t door = 9;
	garage_view(garage, 0, &view);
	CHECK(strcmp(view.id, "west") == 0 && strcmp(view.name, "West") == 0 && strcmp(view.area, "Yard") == 0);
	CHECK(view.vent == 30 && garage_find(garage, "west", &door) && door == 0 &&
			!garage_find(garage, "left", &door));
	garage_free(garage);
}

static void test_pulse_of_a_standstill(void)
{
	tap_case("a pulse that ended in a standstill is over first, and the standstill is told before that");
	struct garage *garage = garage_begin(NULL);
	garage_set_alone(garage, false);
	at(6, 0);
	garage_pulse(garage, 1, DOOR_LINE_TOGGLE, DOOR_SOURCE_HTTP, fake_now_ms);
	recorder.count = 0;
	fake_stand_still(10 * SECOND);
	fake_run_until(fake_now_ms);
	CHECK(recorder.count >= 2 && strstr(recorder.lines[0], "stood still") &&
			strstr(recorder.lines[1], "right past"));
	CHECK(strstr(recorder.lines[1], "relay:off") != NULL);
	garage_free(garage);
}

static void test_keeping(void)
{
	tap_case("that the disk has a lock-out is told of each door for which it is news");
	struct garage *garage = garage_begin(&(struct garage_past){.state = DOOR_CLOSED, .locked_out = true});
	struct door_view view;
	at(6, 0);
	recorder.count = 0;
	garage_keep_lockouts(garage, GARAGE_KEEPS_SOON);
	CHECK(recorder.count == 2 && recorder_has(&recorder, "left [a]") && recorder_has(&recorder, "right [a]"));
	garage_view(garage, 0, &view);
	CHECK(view.lockout_saved && !view.lockout_saving); /* by the former run */
	garage_keep_lockouts(garage, GARAGE_KEEPS_SOON);
	CHECK(recorder.count == 2);
	say(garage, DOOR_COMMAND_LOCKOUT_OFF, DOOR_SOURCE_HTTP);
	recorder.count = 0;
	garage_keep_lockouts(garage, GARAGE_KEEPS_SOON);
	CHECK(recorder.count == 0);
	fake_run_until(fake_now_ms + 10 * SECOND); /* whatever else happens to the door */
	garage_view(garage, 0, &view);
	CHECK(!view.lockout_saved && view.lockout_saving);
	garage_keep_lockouts(garage, GARAGE_KEEPS_ALL);
	garage_view(garage, 0, &view);
	CHECK(view.lockout_saved && !view.lockout_saving);
	say(garage, DOOR_COMMAND_LOCKOUT_ON, DOOR_SOURCE_HTTP);
	recorder.count = 0;
	garage_keep_lockouts(garage, GARAGE_KEEPS_ALL);
	CHECK(recorder.count == 1 && recorder_has(&recorder, "left [a]"));
	garage_keep_lockouts(garage, GARAGE_KEEPS_SOON);
	garage_view(garage, 0, &view);
	CHECK(view.lockout_saved && !view.lockout_saving);
	garage_recall(garage, 0, &(struct garage_past){.state = DOOR_CLOSED, .locked_out = true});
	garage_view(garage, 0, &view); /* what was said before the disk could be read has yet to be written */
	CHECK(view.locked_out && !view.lockout_saved && view.lockout_saving);
	garage_free(garage);

	tap_case("and not before the start");
	garage = fake_garage(NULL);
	memset(&recorder, 0, sizeof(recorder));
	garage_observe(garage, (struct garage_observer){record_news, &recorder});
	garage_keep_lockouts(garage, GARAGE_KEEPS_ALL);
	CHECK(recorder.count == 0);
	garage_free(garage);
}

static void test_wiring(void)
{
	tap_case("a line whose level cannot be read says so; a contact has no relay's name; a door has all that it was given");
	struct garage *garage = garage_begin(NULL);
	static const char *const keys[] = {
			"relay", "close_warning", "closed_sensor", "open_sensor", "obstruction_sensor"};
	struct garage_line_view lines[GARAGE_LINES];
	struct door_view view;
	CHECK(garage_wiring(garage, 0, lines) == 5);
	for (int i = 0; i < 5; i++) {
		CHECK(strcmp(lines[i].key, keys[i]) == 0);
		CHECK(lines[i].known && (i < 2 ? lines[i].line < DOOR_LINES : lines[i].line == DOOR_LINES));
	}
	chip.deaf = -EIO;
	CHECK(garage_wiring(garage, 0, lines) == 5);
	for (int i = 0; i < 5; i++)
		CHECK(!lines[i].known && !lines[i].active && !lines[i].high);
	chip.deaf = 0;
	garage_view(garage, 1, &view);
	CHECK(strcmp(view.name, "Right") == 0 && strcmp(view.device_class, "garage") == 0 &&
			strcmp(view.area, "House") == 0);
	garage_view(garage, 0, &view);
	CHECK(view.vent == 30);
	garage_free(garage);
}

static struct garage_news last_news; /* without what it points to */

static void hear_last(void *user, const struct garage_news *news)
{
	(void)user;
	last_news = *news;
}

/* The left door is open, and its warning before it closes is on. */
static void begin_close_with_warning(struct garage *garage)
{
	at(6, 0);
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT);
	at(6, 1);
	garage_set_alone(garage, false);
	CHECK(say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_MQTT).result == DOOR_RESULT_ACCEPTED);
}

static enum door_fault fault_of(struct garage *garage)
{
	struct door_view view;
	garage_view(garage, 0, &view);
	return view.fault;
}

static void test_late_relay(void)
{
	tap_case("a relay that goes on late stays on for a whole pulse, and what was answered stays");
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	garage_set_alone(garage, false);
	chip.slow_ms = 300;
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT).result == DOOR_RESULT_ACCEPTED);
	chip.slow_ms = 0;
	fake_run_until(6 * HOUR + 300 + 499);
	CHECK(chip.levels[LEFT_RELAY]);
	fake_run_until(6 * HOUR + 300 + 500);
	CHECK(!chip.levels[LEFT_RELAY]);
	garage_free(garage);

	tap_case("the warning is no pulse: its end comes after what the contacts say, and nothing is pressed then");
	garage = garage_begin(NULL);
	at(6, 0);
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT);
	at(6, 1);
	garage_set_alone(garage, false);
	fake_run_until(fake_now_ms + 2400);
	CHECK(say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_MQTT).result == DOOR_RESULT_ACCEPTED);
	CHECK(chip.levels[LEFT_WARNING] && !garage_is_pulsing(garage));
	fake_run_until(fake_now_ms + 5 * SECOND - 200); /* after the last look of the garage's own */
	int before = chip.catch_ups;
	fake_run_until(fake_now_ms + 200);
	CHECK(chip.catch_ups > before && chip.presses == 2 && garage_is_pulsing(garage));
	garage_free(garage);
}

static void test_too_late_relay(void)
{
	tap_case("a relay that is to go on when the agent has just stood still for long does not");
	struct garage *garage = garage_begin(NULL);
	begin_close_with_warning(garage);
	chip.slow_ms = 5 * SECOND; /* the end of the warning takes it */
	fake_run_until(fake_now_ms + 5 * SECOND);
	chip.slow_ms = 0;
	CHECK(!chip.levels[LEFT_WARNING] && chip.presses == 1 && !chip.levels[LEFT_RELAY]);
	CHECK(!garage_is_pulsing(garage) && fault_of(garage) == DOOR_FAULT_RELAY_FAILED);
	at(6, 2);
	CHECK(chip.presses == 1 && !garage_is_pulsing(garage));
	CHECK(say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_MQTT).result == DOOR_RESULT_ACCEPTED);
	at(6, 3);
	CHECK(chip.presses == 2);
	garage_free(garage);

	tap_case("one that is a little less late does");
	garage = garage_begin(NULL);
	begin_close_with_warning(garage);
	chip.slow_ms = 5 * SECOND - 1;
	fake_run_until(fake_now_ms + 5 * SECOND);
	chip.slow_ms = 0;
	CHECK(chip.presses == 2 && garage_is_pulsing(garage));
	garage_free(garage);

	tap_case("and a line goes off, however late that is");
	garage = garage_begin(NULL);
	begin_close_with_warning(garage);
	chip.failure = -EIO; /* so that the warning and the relay are both to be tried again */
	fake_run_until(fake_now_ms + 5 * SECOND);
	CHECK(chip.levels[LEFT_WARNING]);
	chip.failure = 0;
	chip.slow_ms = 5 * SECOND;
	fake_run_until(fake_now_ms + DOOR_RELEASE_RETRY_MS);
	chip.slow_ms = 0;
	CHECK(!chip.levels[LEFT_WARNING] && !chip.levels[LEFT_RELAY]);
	garage_free(garage);
}

static void test_vent_refusal(void)
{
	tap_case("a view says whether the button Air would be refused, of a door that has it");
	struct garage *garage = garage_begin(NULL);
	static struct door_config machine;
	struct door_view view;
	at(6, 0);
	garage_view(garage, 0, &view);
	CHECK(view.vent == 30 && view.vent_refusal == DOOR_REASON_NONE);
	CHECK(right_view(garage).vent == 0 && right_view(garage).vent_refusal == DOOR_REASON_NONE);
	machine = left_machine();
	garage_reconfigure(garage, 0, &(struct garage_door_config){.id = "left", .vent = 1, .machine = &machine});
	garage_view(garage, 0, &view);
	CHECK(view.vent_refusal == DOOR_REASON_NO_WAY);
	garage_free(garage);
}

static void test_news(void)
{
	tap_case("a lock-out and its end are told, each by its own word; so is a command that is cancelled");
	struct garage *garage = garage_begin(NULL);
	at(6, 0);
	recorder.count = 0;
	say(garage, DOOR_COMMAND_LOCKOUT_ON, DOOR_SOURCE_HTTP);
	say(garage, DOOR_COMMAND_LOCKOUT_OFF, DOOR_SOURCE_HTTP);
	CHECK(recorder_has(&recorder, "left [a] locked_out"));
	CHECK(recorder_has(&recorder, "left [a] lockout_lifted"));
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT);
	at(6, 1);
	say(garage, DOOR_COMMAND_CLOSE, DOOR_SOURCE_MQTT);
	say(garage, DOOR_COMMAND_STOP, DOOR_SOURCE_MQTT);
	CHECK(recorder_has(&recorder, "command_cancelled") && chip.presses == 1);
	garage_free(garage);

	static struct door_config longer;
	longer = left_machine();
	longer.pulse_ms = 600;
	for (int last = 0; last < 2; last++) {
		tap_case("a command that is cancelled before its last press is told, %s",
				last ? "with the attributes that say so where it is the last one"
				     : "though nothing else changes");
		garage = garage_begin(NULL);
		at(6, 0);
		CHECK(garage_position(garage, 0, 30, DOOR_SOURCE_HTTP, fake_now_ms).result == DOOR_RESULT_ACCEPTED);
		fake_run_until(fake_now_ms + 2 * SECOND);
		if (!last)
			garage_refuse(garage, 0, NULL, DOOR_SOURCE_MQTT, DOOR_REASON_UNKNOWN_COMMAND);
		recorder.count = 0;
		set_left_open_of(garage, 0, &longer, 0, 0);
		CHECK(recorder.count == 1 && strstr(recorder.lines[0], last ? "left [a] command_cancelled"
									    : "left command_cancelled"));
		garage_free(garage);
	}

	tap_case("what is told of a door that has not moved since the start is of a former run, and no longer once it has");
	garage = garage_begin(NULL);
	garage_observe(garage, (struct garage_observer){hear_last, NULL});
	at(6, 0);
	garage_keep_lockouts(garage, GARAGE_KEEPS_ALL);
	CHECK(last_news.kind == GARAGE_STEP && last_news.door == 1 && last_news.former);
	chip_edge(RIGHT_CLOSED, false);
	at(6, 1);
	garage_keep_lockouts(garage, GARAGE_KEEPS_NONE);
	CHECK(last_news.kind == GARAGE_STEP && last_news.door == 1 && !last_news.former);
	garage_free(garage);
}

static void test_former_run_of_another_state(void)
{
	const struct garage_past open = {
			.state = DOOR_OPEN, .source = DOOR_SOURCE_HTTP, .unix_ms = FAKE_WALL_MS - HOUR};
	const struct garage_past unknown = {.source = DOOR_SOURCE_HTTP, .unix_ms = FAKE_WALL_MS - HOUR};
	struct door_view view;
	tap_case("of another state than the contacts say, or of none, a former run knows neither who nor when");
	struct garage *garage = garage_begin(&open);
	at(6, 0);
	garage_view(garage, 0, &view);
	CHECK(view.state == DOOR_CLOSED && view.source == DOOR_SOURCE_NONE && view.last_changed_unix_ms == 0);
	garage_free(garage);
	garage = fake_garage(NULL);
	chip.levels[LEFT_OPEN] = true; /* and closed */
	garage_start(garage, fake_pasts);
	at(6, 0);
	garage_recall(garage, 0, &unknown);
	garage_set_clock(garage);
	garage_view(garage, 0, &view);
	CHECK(view.open_since_unix_ms == 0 && !view.open_at_least);
	CHECK(view.state == DOOR_UNKNOWN && view.source == DOOR_SOURCE_NONE && view.last_changed_unix_ms == 0);
	garage_free(garage);

	tap_case("what a former run comes to know late says nothing of a door that has moved since");
	garage = garage_begin(NULL);
	at(6, 0);
	garage_set_clock(garage);
	chip_edge(RIGHT_CLOSED, false);
	at(6, 1);
	chip_edge(RIGHT_CLOSED, true);
	at(6, 2);
	const struct garage_past closed = {
			.state = DOOR_CLOSED, .source = DOOR_SOURCE_HTTP, .unix_ms = FAKE_WALL_MS - HOUR};
	garage_recall(garage, 1, &closed);
	CHECK(right_view(garage).last_changed_unix_ms == FAKE_WALL_MS + 6 * HOUR + MINUTE + 50);
	garage_free(garage);

	tap_case("once it has moved, what its contacts say is of now, and not of the former run");
	garage = garage_begin(&closed);
	at(6, 0);
	garage_set_clock(garage);
	say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_MQTT);
	at(6, 1);
	chip_edge(LEFT_CLOSED, true); /* and open */
	at(6, 2);
	garage_view(garage, 0, &view);
	CHECK(view.state == DOOR_UNKNOWN && view.source == DOOR_SOURCE_MQTT);
	CHECK(view.last_changed_unix_ms == FAKE_WALL_MS + 6 * HOUR + MINUTE + 50);
	garage_free(garage);
}

static int discard_stderr(void)
{
	fflush(stderr);
	int kept = dup(STDERR_FILENO);
	FILE *into = tmpfile();
	dup2(fileno(into), STDERR_FILENO);
	fclose(into);
	return kept;
}

/* What was written since then. */
static void restore_stderr(int kept, char text[static 1024])
{
	ssize_t used = pread(STDERR_FILENO, text, 1023, 0);
	text[used > 0 ? used : 0] = '\0';
	dup2(kept, STDERR_FILENO);
	close(kept);
}

static void test_simulated(void)
{
	tap_case("the simulator gets a model of each door by its own lines, press table and travel times");
	static struct door_config all, none;
	struct garage_door_config doors[2] = {{.id = "all", .machine = &all}, {.id = "none", .machine = &none}};
	struct garage *garage = NULL;
	struct log loud = {.level = LOG_WARNING};
	char text[1024];
	all = none = left_machine();
	none.open_time_ms = 21 * SECOND;
	none.close_time_ms = 22 * SECOND;
	none.opener = (struct door_opener){DOOR_PRESS_IGNORE, DOOR_PRESS_STOP, DOOR_PRESS_CONTINUE};
	for (int role = 0; role < GARAGE_LINES; role++)
		doors[0].lines[role] = (struct garage_line_config){.present = true, .offset = 10 + (unsigned)role};
	doors[0].lines[DOOR_LINE_OPEN].name = "GPIO17";
	memset(&simulator, 0, sizeof(simulator));
	fake_loop.timers = NULL;
	CHECK(garage_new(&fake_loop, &loud, NULL, doors, 2, &garage) == 0);
	int kept = discard_stderr();
	CHECK(garage_open(garage, true, NULL) == 0);
	restore_stderr(kept, text);
	CHECK(strstr(text, "the doors are simulated") && !strstr(text, "cannot start"));
	CHECK(simulator.count == GARAGE_LINES && simulator.door_count == 2);
	const struct simulator_door *model = &simulator.doors[0];
	CHECK(model->toggle_relay == DOOR_LINE_TOGGLE && model->open_relay == DOOR_LINE_OPEN);
	CHECK(model->close_relay == DOOR_LINE_CLOSE && model->stop_relay == DOOR_LINE_STOP);
	CHECK(model->closed_sensor == GARAGE_SENSOR_LINES + DOOR_SENSOR_CLOSED);
	CHECK(model->open_sensor == GARAGE_SENSOR_LINES + DOOR_SENSOR_OPEN);
	CHECK(model->obstruction_sensor == GARAGE_SENSOR_LINES + DOOR_SENSOR_OBSTRUCTION);
	CHECK(model->lockout_sensor == GARAGE_SENSOR_LINES + DOOR_SENSOR_LOCKOUT);
	CHECK(model->while_opening == SIMULATOR_STOP && model->while_closing == SIMULATOR_REVERSE);
	CHECK(model->after_stop == SIMULATOR_REVERSE);
	CHECK(model->open_ms == 15 * SECOND && model->close_ms == 15 * SECOND);
	model = &simulator.doors[1];
	CHECK(model->toggle_relay == SIMULATOR_NONE && model->lockout_sensor == SIMULATOR_NONE);
	CHECK(model->while_opening == SIMULATOR_IGNORE && model->while_closing == SIMULATOR_STOP);
	CHECK(model->after_stop == SIMULATOR_CONTINUE);
	CHECK(model->open_ms == 21 * SECOND && model->close_ms == 22 * SECOND);

	tap_case("a line has the name that it was given or none, and --watch says what a contact means");
	CHECK(strcmp(simulator.lines[DOOR_LINE_OPEN].name, "GPIO17") == 0 && !simulator.lines[DOOR_LINE_CLOSE].name[0]);
	CHECK(simulator.lines[DOOR_LINE_CLOSE].offset == 10 + DOOR_LINE_CLOSE);
	const struct gpio_line *closed = &simulator.lines[GARAGE_SENSOR_LINES + DOOR_SENSOR_CLOSED];
	CHECK(strcmp(closed->meanings[0], "The door is not closed.") == 0);
	CHECK(strcmp(closed->meanings[1], "The door is closed.") == 0);

	tap_case("what the simulator says comes to the garage");
	memset(&recorder, 0, sizeof(recorder));
	garage_observe(garage, (struct garage_observer){record_news, &recorder});
	simulator.handlers.lost(simulator.handlers.user, -ENODEV);
	CHECK(recorder_has(&recorder, "lost: No such device"));
	garage_free(garage);

	tap_case("a simulator that cannot start is logged");
	simulator.failure = -ENOMEM;
	CHECK(garage_new(&fake_loop, &loud, NULL, doors, 2, &garage) == 0);
	kept = discard_stderr();
	CHECK(garage_open(garage, true, NULL) == -ENOMEM);
	restore_stderr(kept, text);
	CHECK(strstr(text, "GPIO: the simulator cannot start: Cannot allocate memory") && !strstr(text, "simulated"));
	garage_free(garage);

	tap_case("so is a chip that cannot be opened, and one that can is not");
	simulator.failure = 0;
	CHECK(garage_new(&fake_loop, &loud, NULL, doors, 2, &garage) == 0);
	kept = discard_stderr();
	CHECK(garage_open(garage, false, NULL) == -EINVAL); /* not the lines that the fake chip expects */
	restore_stderr(kept, text);
	CHECK(strstr(text, "GPIO: ") != NULL);
	garage_free(garage);
	kept = discard_stderr();
	garage = garage_begin(NULL);
	restore_stderr(kept, text);
	CHECK(text[0] == '\0');
	garage_free(garage);
}

static void test_lines(void)
{
	tap_case("a line that a door does not have is neither set nor read");
	static struct garage_door_config doors[DOORS_MAX + 1];
	const struct lines_handlers handlers = {0};
	struct lines *lines = NULL;
	bool active = false;
	doors[0] = (struct garage_door_config){.id = "d", .lines = {[DOOR_LINE_TOGGLE] = {.present = true}}};
	CHECK(lines_new(doors, 2, &lines) == 0);
	CHECK(lines_open(lines, &fake_loop, &quiet, NULL, &handlers) == -EINVAL);
	CHECK(lines_has(lines, 0, DOOR_LINE_TOGGLE) && !lines_has(lines, 0, DOOR_LINE_OPEN));
	CHECK(lines_get(lines, 0, DOOR_LINE_TOGGLE, &active) == 0 && lines_set(lines, 0, DOOR_LINE_TOGGLE, false) == 0);
	CHECK(lines_get(lines, 0, DOOR_LINE_OPEN, &active) == -ENXIO);
	CHECK(lines_set(lines, 0, DOOR_LINE_OPEN, true) == -ENXIO);
	lines_free(lines);
	lines_free(NULL);
	garage_free(NULL);

	tap_case("as many doors and lines as there may be, and not one more");
	struct garage *garage = NULL;
	static struct door_config machine;
	machine = left_machine();
	for (size_t i = 0; i < DOORS_MAX + 1; i++) {
		doors[i] = (struct garage_door_config){.id = "d", .machine = &machine};
		for (int role = 0; role < GPIO_LINES_MAX / DOORS_MAX; role++)
			doors[i].lines[role].present = i < DOORS_MAX;
	}
	CHECK(garage_new(&fake_loop, &quiet, NULL, doors, DOORS_MAX, &garage) == 0);
	garage_free(garage);
	garage = NULL;
	CHECK(garage_new(&fake_loop, &quiet, NULL, doors, DOORS_MAX + 1, &garage) == -ENOMEM);
	doors[0].lines[GARAGE_LINES - 1].present = true;
	CHECK(garage_new(&fake_loop, &quiet, NULL, doors, DOORS_MAX, &garage) == -ENOMEM);
	CHECK(garage == NULL);
}

static void test_looks(void)
{
	tap_case("a look comes in a second, not sooner, and not later where another thread begins to give signs of life");
	struct garage *garage = garage_begin(NULL);
	struct door_view view;
	at(6, 0);
	int before = chip.catch_ups;
	fake_run_until(fake_now_ms + 999);
	CHECK(chip.catch_ups == before);
	garage_set_alone(garage, false);
	fake_run_until(fake_now_ms + 1);
	CHECK(chip.catch_ups > before);
	garage_free(garage);

	tap_case("a standstill is noticed by a look, too, which reads the contacts of each door");
	garage = garage_begin(NULL);
	at(6, 0);
	chip.levels[LEFT_OBSTRUCTION] = true; /* no edge */
	fake_run_until(fake_now_ms + SECOND + 50);
	garage_view(garage, 0, &view);
	CHECK(view.obstruction_sensor);
	fake_stand_still(MINUTE);
	fake_run_until(fake_now_ms);
	CHECK(recorder_has(&recorder, "stood still for 59 s"));
	garage_free(garage);

	tap_case("a standstill is none the less one where the garage hears again whether it is alone");
	garage = garage_begin(NULL);
	at(6, 0);
	fake_stand_still(MINUTE);
	garage_set_alone(garage, true);
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP).reason == DOOR_REASON_STALE);
	garage_set_alone(garage, false);
	at(7, 0);
	fake_stand_still(MINUTE);
	garage_set_alone(garage, false);
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP).reason == DOOR_REASON_STALE);
	garage_free(garage);

	tap_case("before the start no look is due");
	garage = fake_garage(NULL);
	garage_set_alone(garage, false);
	garage_set_alone(garage, true);
	CHECK(fake_loop.timers == NULL);
	garage_free(garage);

	tap_case("what settles at the end of a standstill is of the past, and comes before all is caught up");
	garage = garage_begin(NULL);
	at(6, 0);
	fake_stand_still(MINUTE);
	fake_run_until(fake_now_ms);
	fake_run_until(fake_now_ms + 100);
	recorder.count = 0;
	chip_edge(LEFT_OBSTRUCTION, true);
	fake_run_until(fake_now_ms + 50);
	CHECK(recorder_says(&recorder, (const char *const[]){"06:01:00.100 left past obstruction sensor",
						       "06:01:00.150 left past [a]", "06:01:00.150 caught up", NULL}));
	garage_free(garage);
}

static void test_clock(void)
{
	tap_case("a clock that is set is told of a door that was moved by hand, and of one that was open at the start");
	struct garage *garage = fake_garage(NULL);
	memset(&recorder, 0, sizeof(recorder));
	garage_observe(garage, (struct garage_observer){record_news, &recorder});
	chip.levels[RIGHT_CLOSED] = false;
	CHECK(garage_start(garage, fake_pasts) == 0);
	struct door_view view;
	at(5, 10);
	garage_recall(garage, 1, &(struct garage_past){.state = DOOR_UNKNOWN});
	CHECK(right_view(garage).open_since_unix_ms == 0); /* no clock yet */
	at(6, 0);
	chip_press();
	at(6, 10);
	chip_press();
	at(6, 20);
	recorder.count = 0;
	garage_set_clock(garage);
	CHECK(recorder_says(&recorder, (const char *const[]){"06:20:00.000 clock set: 1", "06:20:00.000 left [a]",
						       "06:20:00.000 right [a]", NULL}));
	garage_view(garage, 0, &view);
	CHECK(view.last_changed_unix_ms == FAKE_WALL_MS + 6 * HOUR + 10 * MINUTE + 12 * SECOND + 50);
	CHECK(view.last_command.unix_ms == 0); /* there was none */
	CHECK(right_view(garage).open_since_unix_ms == FAKE_WALL_MS + 5 * HOUR + 50);

	tap_case("what a former run knows of an open door counts also when it comes late");
	garage_recall(garage, 1,
			&(struct garage_past){.state = right_view(garage).state, .unix_ms = FAKE_WALL_MS - HOUR});
	CHECK(right_view(garage).open_since_unix_ms == FAKE_WALL_MS - HOUR && !right_view(garage).open_at_least);
	garage_free(garage);

	tap_case("a door is open at least since all of its contacts have settled");
	garage = fake_garage(NULL);
	chip.levels[LEFT_CLOSED] = false;
	garage_start(garage, fake_pasts);
	fake_run_until(fake_now_ms + 40);
	chip_edge(LEFT_OPEN, true);
	at(5, 10);
	garage_set_clock(garage);
	garage_view(garage, 0, &view);
	CHECK(view.open_since_unix_ms == FAKE_WALL_MS + 5 * HOUR + 90);
	garage_free(garage);

	tap_case("a door that was open at the start and has moved since is open since the start, whatever it does");
	garage = fake_garage(NULL);
	chip.levels[LEFT_CLOSED] = false;
	chip.levels[LEFT_OPEN] = true;
	garage_start(garage, fake_pasts);
	at(5, 10);
	garage_set_clock(garage);
	chip_edge(LEFT_OPEN, false);
	at(5, 20);
	garage_set_clock(garage);
	garage_view(garage, 0, &view);
	CHECK(view.open_at_least && view.open_since_unix_ms == FAKE_WALL_MS + 5 * HOUR + 50);
	garage_free(garage);
}

static void test_left_open_while_closing(void)
{
	tap_case("a door that closes is open until it is closed");
	struct garage *garage = garage_begin(NULL);
	set_left_open_of_left(garage, 10 * MINUTE, 0);
	at(6, 0);
	chip_press();
	fake_run_until(fake_now_ms + 350 + 10 * MINUTE - 3 * SECOND);
	chip_press();
	fake_run_until(fake_now_ms + 4 * SECOND);
	CHECK(recorder_has(&recorder, "left: left open for 10 min"));
	garage_free(garage);

	tap_case("so is one of which no more is known than that it is not closed");
	garage = garage_begin(NULL);
	set_left_open_of_left(garage, 10 * MINUTE, 0);
	at(6, 0);
	chip_press();
	fake_run_until(fake_now_ms + 350 + 10 * MINUTE - 3 * SECOND);
	chip_press();
	fake_run_until(fake_now_ms + SECOND);
	chip_edge(LEFT_OBSTRUCTION, true); /* it may have stopped or turned */
	fake_run_until(fake_now_ms + 3 * SECOND);
	struct door_view view;
	garage_view(garage, 0, &view);
	CHECK(view.state == DOOR_UNKNOWN && view.only_not_closed);
	CHECK(recorder_has(&recorder, "left: left open for 10 min"));
	garage_free(garage);
}

static void test_no_contacts(void)
{
	tap_case("a door without contacts has settled at the start, and is told of at once");
	static struct door_config bare;
	struct garage *garage = NULL;
	struct garage_door_config door = {
			.id = "bare", .machine = &bare, .lines = {[DOOR_LINE_TOGGLE] = {.present = true}}};
	bare = right_machine();
	bare.sensors[DOOR_SENSOR_CLOSED] = false;
	fake_loop.timers = NULL;
	fake_now_ms = 5 * HOUR;
	CHECK(garage_new(&fake_loop, &quiet, NULL, &door, 1, &garage) == 0 && garage_open(garage, true, NULL) == 0);
	memset(&recorder, 0, sizeof(recorder));
	garage_observe(garage, (struct garage_observer){record_news, &recorder});
	CHECK(garage_start(garage, fake_pasts) == 0);
	CHECK(recorder.count == 1 && strstr(recorder.lines[0], "bare settled"));
	garage_free(garage);

	tap_case("that it is left open is told, and told again, though no contact makes it look");
	door.lines[DOOR_LINE_TOGGLE].present = bare.lines[DOOR_LINE_TOGGLE] = false;
	door.lines[DOOR_LINE_OPEN].present = bare.lines[DOOR_LINE_OPEN] = true;
	door.lines[DOOR_LINE_CLOSE].present = bare.lines[DOOR_LINE_CLOSE] = true;
	door.left_open_ms = 10 * MINUTE;
	door.left_open_again_ms = 30 * MINUTE;
	fake_loop.timers = NULL;
	CHECK(garage_new(&fake_loop, &quiet, NULL, &door, 1, &garage) == 0 && garage_open(garage, true, NULL) == 0);
	memset(&recorder, 0, sizeof(recorder));
	garage_observe(garage, (struct garage_observer){record_news, &recorder});
	CHECK(garage_start(garage, fake_pasts) == 0);
	at(6, 0);
	chip.broken = true;
	CHECK(say(garage, DOOR_COMMAND_OPEN, DOOR_SOURCE_HTTP).result == DOOR_RESULT_ACCEPTED);
	at(7, 0);
	CHECK(recorder_has(&recorder, "06:10:00.000 bare: left open for >= 10 min"));
	CHECK(recorder_has(&recorder, "06:40:00.000 bare: left open for >= 40 min, again"));
	garage_free(garage);
}

static void test_change_of_no_source(void)
{
	tap_case("a door that was closed at the start is open of now, and not since a former run saw it open");
	const struct garage_past past = {
			.state = DOOR_OPEN, .source = DOOR_SOURCE_HTTP, .unix_ms = FAKE_WALL_MS - HOUR};
	struct garage *garage = garage_begin(&past);
	struct door_view view;
	at(6, 0);
	garage_set_clock(garage);
	chip_edge(LEFT_OPEN, true); /* and closed */
	at(6, 1);
	chip_edge(LEFT_CLOSED, false);
	at(6, 2);
	garage_view(garage, 0, &view);
	CHECK(view.state == DOOR_OPEN && view.source != DOOR_SOURCE_HTTP);
	CHECK(view.last_changed_unix_ms == FAKE_WALL_MS + 6 * HOUR + MINUTE + 50);
	CHECK(view.open_since_unix_ms == FAKE_WALL_MS + 6 * HOUR + MINUTE + 50 && !view.open_at_least);
	garage_free(garage);

	tap_case("a state that is given up is given up now, and not by who caused the state of the former run");
	garage = garage_begin(&(struct garage_past){
			.state = DOOR_CLOSED, .source = DOOR_SOURCE_HTTP, .unix_ms = FAKE_WALL_MS - HOUR});
	at(6, 0);
	garage_set_clock(garage);
	chip_edge(LEFT_OPEN, true); /* and closed */
	at(6, 1);
	garage_view(garage, 0, &view);
	CHECK(view.state == DOOR_UNKNOWN && view.source == DOOR_SOURCE_NONE);
	CHECK(view.last_changed_unix_ms == FAKE_WALL_MS + 6 * HOUR + 50);
	garage_free(garage);
}

int main(void)
{
	test_day();
	test_former_run();
	test_order();
	test_standstill();
	test_busy_loop();
	test_began_in_a_standstill();
	test_signs_of_life();
	test_recall();
	test_left_open();
	test_left_open_after_a_start();
	test_left_open_again();
	test_left_open_after_a_standstill();
	test_lockout();
	test_age();
	test_reads_before_a_command();
	test_loss();
	test_questions();
	test_reconfigure();
	test_last_command();
	test_last_command_cancelled();
	test_position();
	test_reads_by_itself();
	test_edges_of_a_standstill();
	test_begin_and_end();
	test_pulse_of_a_standstill();
	test_keeping();
	test_wiring();
	test_late_relay();
	test_too_late_relay();
	test_vent_refusal();
	test_news();
	test_former_run_of_another_state();
	test_simulated();
	test_lines();
	test_looks();
	test_clock();
	test_left_open_while_closing();
	test_no_contacts();
	test_change_of_no_source();
	return tap_done();
}
