/*
 * The phases of a bridge: a table that is read beside phase.h, what must hold in any order of events, and the drawing in
 * docs/threads.md, whose arrows are exactly the function's.
 */
#include "tls/phase.h"

#include <string.h>

#include "tap.h"

#define PHASES (TLS_PHASE_LAST + 1)
#define EVENTS (TLS_EVENT_LAST + 1)
#define STEPS_MAX 6

#define SH TLS_PHASE_SHAKING
#define CA TLS_PHASE_CARRYING
#define FA TLS_PHASE_FAREWELL
#define LI TLS_PHASE_LINGERING
#define LE TLS_PHASE_LEFT
#define PA TLS_PHASE_PARTING
#define OV TLS_PHASE_OVER

static const enum tls_phase table[PHASES][EVENTS] = {
		/*       shaken  plain_ended  farewell_gone  wire_ended  given_up */
		[SH] = {CA, SH, SH, SH, OV},
		[CA] = {CA, FA, CA, LE, OV},
		[FA] = {FA, FA, LI, PA, OV},
		[LI] = {LI, LI, LI, OV, OV},
		[LE] = {LE, PA, LE, LE, OV},
		[PA] = {PA, PA, OV, PA, OV},
		[OV] = {OV, OV, OV, OV, OV},
};

static void test_table(void)
{
	for (enum tls_phase phase = 0; phase < PHASES; phase++) {
		tap_case("from %s", tls_phase_name(phase));
		for (enum tls_event event = 0; event < EVENTS; event++)
			CHECK(tls_phase_next(phase, event) == table[phase][event]);
	}
}

/* Once the plain side, our farewell and the wire have had their ends, in any order that can be, it is over; not before. */
static void walk(enum tls_phase phase, unsigned had, int steps)
{
	static const unsigned all =
			1u << TLS_EVENT_PLAIN_ENDED | 1u << TLS_EVENT_FAREWELL_GONE | 1u << TLS_EVENT_WIRE_ENDED;
	CHECK((phase == TLS_PHASE_OVER) == (had == all));
	if (steps == 0)
		return;
	for (enum tls_event event = TLS_EVENT_PLAIN_ENDED; event <= TLS_EVENT_WIRE_ENDED; event++) {
		bool early = event == TLS_EVENT_FAREWELL_GONE && !(had & 1u << TLS_EVENT_PLAIN_ENDED);
		if (!early)
			walk(tls_phase_next(phase, event), had | 1u << event, steps - 1);
	}
}

static void test_orders(void)
{
	tap_case("it is over when both sides have ended and our farewell has gone, in whatever order, and not before");
	walk(TLS_PHASE_CARRYING, 0, STEPS_MAX);
}

static bool arrow(const char *line, char from[static 16], char to[static 16], char label[static 64])
{
	return sscanf(line, " %15s --> %15[a-z]: %63[a-z_, ]", from, to, label) == 3;
}

static int phase_of(const char *name)
{
	for (enum tls_phase phase = 0; phase < PHASES; phase++)
		if (strcmp(tls_phase_name(phase), name) == 0)
			return (int)phase;
	return -1;
}

static bool names(const char *label, const char *event)
{
	size_t length = strlen(event);
	for (const char *at = label; (at = strstr(at, event)); at += length)
		if ((at == label || at[-1] == ' ') && strchr(", ", at[length]))
			return true;
	return false;
}

static void test_drawing(void)
{
	bool drawn[PHASES][EVENTS] = {{false}};
	char line[256], from[16], to[16], label[64];
	tap_case("docs/threads.md draws the function");
	FILE *page = fopen("docs/threads.md", "r");
	if (!CHECK(page))
		return;
	bool here = false;
	while (fgets(line, sizeof(line), page)) {
		if (strncmp(line, "## ", 3) == 0)
			here = strcmp(line, "## The phases of a bridge\n") == 0;
		if (!here || !arrow(line, from, to, label))
			continue;
		int begin = phase_of(from), end = phase_of(to);
		if (!CHECK(begin >= 0 && end >= 0))
			continue;
		for (enum tls_event event = 0; event < EVENTS; event++)
			if (names(label, tls_event_name(event))) {
				CHECK(tls_phase_next((enum tls_phase)begin, event) == (enum tls_phase)end);
				drawn[begin][event] = true;
			}
	}
	fclose(page);
	for (enum tls_phase phase = 0; phase < PHASES; phase++)
		for (enum tls_event event = 0; event < EVENTS; event++)
			CHECK(drawn[phase][event] == (tls_phase_next(phase, event) != phase));
}

int main(void)
{
	test_table();
	test_orders();
	test_drawing();
	return tap_done();
}
