#include "base/alive.h"

#include "tap.h"

/* Signs of life by two threads, one number each: the time; and what is known of a standstill at the end. */
static const struct {
	const char *what;
	int64_t signs_ms[5]; /* 0 after the last */
	int64_t asked_ms, gap_ms;
} rows[] = {
		{"a sign each second", {1000, 2000, 3000}, 4000, 0},
		{"just below the limit", {1000, 2999}, 4998, 0},
		{"at the limit, seen by a thread", {1000, 3000}, 3500, 2000},
		{"at the limit, seen by who asks", {1000}, 3000, 2000},
		{"the longer of two gaps", {1000, 5000, 8000}, 8100, 4000},
		{"times of two threads out of order", {1000, 2500, 2400, 4300}, 4400, 0},
		{"a month in a suspend", {1000, 2678401000}, 2678401500, 2678400000},
};

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct alive alive;
		tap_case("%s", rows[i].what);
		alive_init(&alive, 500);
		for (size_t j = 0; rows[i].signs_ms[j]; j++)
			alive_sign(&alive, rows[i].signs_ms[j]);
		CHECK(alive_take_gap(&alive, rows[i].asked_ms) == rows[i].gap_ms);
		CHECK(alive_take_gap(&alive, rows[i].asked_ms + 1) == 0);
		alive_destroy(&alive);
	}
	return tap_done();
}
