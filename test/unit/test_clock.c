#include "base/clock.h"

#include "tap.h"

#define NOW (CLOCK_FLOOR_UNIX_MS + INT64_C(1000000000))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	bool of_its_own;
	int64_t known_unix_ms;
	int64_t jump_ms; /* since clock_init */
	int64_t unix_ms;
	bool synchronized, set;
} rows[] = {
		{"a Pi before a time server has answered: not set, however plausible", false, 0, 0, NOW, false, false},
		{"a time server has answered: set", false, 0, 0, NOW, true, true},
		{"a time server's word counts more than the history's", false, NOW + 1000000, 0, NOW, true, true},
		{"a time server that says 1970 is none", false, 0, 0, 1000, true, false},
		{"a machine with a clock of its own: set", true, 0, 0, NOW, false, true},
		{"its battery is empty, and it says a time that has been: not set", true, NOW + CLOCK_SLACK_MS + 1, 0,
				NOW, false, false},
		{"put back by a little: set", true, NOW + CLOCK_SLACK_MS, 0, NOW, false, true},
		{"it says 1970: not set", true, 0, 0, 1000, false, false},
		{"somebody has set the clock since the start", false, 0, CLOCK_JUMP_MS + 1, NOW, false, true},
		{"and has put it back", false, 0, -CLOCK_JUMP_MS - 1, NOW, false, true},
		{"a clock that is turned gently is not set by that", false, 0, CLOCK_JUMP_MS, NOW, false, false},
		{"set to 1970 is not set", false, 0, -NOW, 1000, false, false},
};

int main(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int64_t monotonic_ms = 5000;
		struct clock clock = {.of_its_own = rows[i].of_its_own,
				.known_unix_ms = rows[i].known_unix_ms,
				.offset_ms = rows[i].unix_ms - monotonic_ms - rows[i].jump_ms};
		const struct clock_facts facts = {.synchronized = rows[i].synchronized,
				.unix_ms = rows[i].unix_ms,
				.monotonic_ms = monotonic_ms};
		tap_case("%s", rows[i].name);
		CHECK(clock_judge(&clock, &facts) == rows[i].set);
		CHECK(clock.set == rows[i].set);
	}

	tap_case("a moment of the past stays what it was told, until somebody sets the clock");
	CHECK(clock_steady_ms(0, 1800000000000) == 1800000000000);
	CHECK(clock_steady_ms(1800000000000, 1800000001000) == 1800000000000);
	CHECK(clock_steady_ms(1800000000000, 1799999999000) == 1800000000000);
	CHECK(clock_steady_ms(1800000000000, 1800000001001) == 1800000001001);
	CHECK(clock_steady_ms(1800000000000, 1799999998999) == 1799999998999);

	tap_case("what is set stays set");
	struct clock clock = {.set = true};
	CHECK(clock_judge(&clock, &(struct clock_facts){.unix_ms = 1000}));
	CHECK(clock_is_set(&clock, INT64_MAX));

	tap_case("this machine can be looked at");
	clock_init(&clock);
	bool set = clock_is_set(&clock, 0);
	CHECK(set == clock.set);
	CHECK(!clock_is_set(&clock, INT64_MAX) || set);
	return tap_done();
}
