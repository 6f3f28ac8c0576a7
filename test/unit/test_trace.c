/* The trace of a real garage with a fake chip: what the Set-up view is told of relays and contacts. */
#include "fake_garage.h"
#include "observers/trace.h"
#include "tap.h"

enum { LEFT, RIGHT };

static struct trace *trace;
static char text[TRACE_TEXT_MAX];

static struct garage *begin(void)
{
	struct garage *garage = fake_garage(NULL);
	if (trace_new(2, &trace) < 0)
		exit(1);
	garage_observe(garage, (struct garage_observer){trace_hear, trace});
	if (garage_start(garage, fake_pasts) < 0)
		exit(1);
	fake_run_until(5 * HOUR + MINUTE);
	return garage;
}

static void end(struct garage *garage)
{
	garage_free(garage);
	trace_free(trace);
}

static bool says(size_t door, const char *expected)
{
	trace_print(trace, door, text);
	if (strcmp(text, expected) != 0)
		printf("# %s\n", text);
	return strcmp(text, expected) == 0;
}

static void test_changes(void)
{
	tap_case("each switch of a relay and each edge of an end contact, by its own time, before debouncing");
	struct garage *garage = begin();
	CHECK(says(LEFT, "0") && says(RIGHT, "0")); /* the levels at the start are no changes */
	fake_run_until(5 * HOUR + 2 * MINUTE);
	garage_pulse(garage, RIGHT, DOOR_LINE_TOGGLE, DOOR_SOURCE_HTTP, fake_now_ms);
	fake_run_until(fake_now_ms + SECOND);
	chip.handlers.edge(chip.handlers.user, RIGHT_CLOSED, false, fake_now_ms - 7); /* the chip's own time */
	chip.handlers.edge(chip.handlers.user, RIGHT_CLOSED, true, fake_now_ms - 4);
	chip.handlers.edge(chip.handlers.user, RIGHT_CLOSED, false, fake_now_ms - 1);
	CHECK(says(RIGHT, "5 relay+18120000 relay-18120500 closed_sensor-18120993 closed_sensor+18120996"
			  " closed_sensor-18120999"));
	CHECK(says(LEFT, "0"));
	end(garage);
}

static void test_others(void)
{
	tap_case("no warning light, no light beam, no relay that could not be switched");
	struct garage *garage = begin();
	chip_edge(LEFT_OBSTRUCTION, true);
	chip_edge(LEFT_OBSTRUCTION, false);
	garage_pulse(garage, LEFT, DOOR_LINE_TOGGLE, DOOR_SOURCE_HTTP, fake_now_ms);
	CHECK(chip.levels[LEFT_WARNING] && says(LEFT, "0"));
	chip.failure = -EIO;
	fake_run_until(fake_now_ms + 7 * SECOND);
	CHECK(says(LEFT, "0"));
	end(garage);
}

static void test_bound(void)
{
	tap_case("the oldest makes room, is counted still, and the text has room for the longest");
	struct garage *garage = begin();
	char last[64];
	for (int i = 0; i < 2 * TRACE_CHANGES + 1; i++) {
		fake_run_until(fake_now_ms + SECOND);
		chip_edge(RIGHT_CLOSED, i % 2 == 1);
	}
	trace_print(trace, RIGHT, text);
	snprintf(last, sizeof(last), " closed_sensor-%lld", (long long)fake_now_ms);
	int spaces = 0;
	for (const char *at = text; *at; at++)
		spaces += *at == ' ';
	CHECK(strncmp(text, "97 closed_sensor", 16) == 0 && spaces == TRACE_CHANGES);
	CHECK(strcmp(strrchr(text, ' '), last) == 0);
	for (int i = 0; i < TRACE_CHANGES; i++)
		chip.handlers.edge(chip.handlers.user, RIGHT_CLOSED, i % 2 == 0, INT64_MAX - i);
	trace_print(trace, RIGHT, text);
	CHECK(strlen(text) < TRACE_TEXT_MAX && strstr(text, "closed_sensor+92233720368547758"));
	end(garage);
}

int main(void)
{
	test_changes();
	test_others();
	test_bound();
	return tap_done();
}
