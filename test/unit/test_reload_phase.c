/* The reload's phases: each pair of a phase and an event, against the diagram of docs/reload.md. */
#include <string.h>

#include "agent/reload_phase.h"
#include "tap.h"

#define DIAGRAM "docs/reload.md"
#define NO_ARROW (-1)

/* Which phase the diagram's arrows lead to. */
static int arrows[RELOAD_PHASES][RELOAD_EVENTS];

static int find_name(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

/* Reads each line "A --> B: EVENT". How many there are. */
static int read_diagram(void)
{
	int count = 0;
	char line[256], from[32], to[32], event[32];
	FILE *file = fopen(DIAGRAM, "r");
	for (int phase = 0; phase < RELOAD_PHASES; phase++)
		for (int i = 0; i < RELOAD_EVENTS; i++)
			arrows[phase][i] = NO_ARROW;
	while (CHECK(file) && fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %31[a-z_] --> %31[a-z_]: %31[a-z_]", from, to, event) != 3)
			continue;
		int a = find_name(reload_phase_names, RELOAD_PHASES, from);
		int b = find_name(reload_phase_names, RELOAD_PHASES, to);
		int by = find_name(reload_event_names, RELOAD_EVENTS, event);
		count++;
		if (!CHECK(a >= 0 && b >= 0 && by >= 0)) {
			printf("# %s", line);
			continue;
		}
		CHECK(arrows[a][by] == NO_ARROW);
		arrows[a][by] = b;
	}
	if (file)
		fclose(file);
	return count;
}

int main(void)
{
	tap_case("the diagram of " DIAGRAM " can be read");
	CHECK(read_diagram() > 0);
	for (int phase = 0; phase < RELOAD_PHASES; phase++) {
		tap_case("%s: every event leads where the diagram says", reload_phase_names[phase]);
		for (int event = 0; event < RELOAD_EVENTS; event++) {
			int expected = event == RELOAD_EVENT_STOP         ? (int)RELOAD_OVER
				       : arrows[phase][event] == NO_ARROW ? phase
									  : arrows[phase][event];
			int next = (int)reload_next((enum reload_phase)phase, (enum reload_event)event);
			if (!CHECK(next == expected))
				printf("# after %s: %s, expected %s\n", reload_event_names[event],
						reload_phase_names[next], reload_phase_names[expected]);
		}
	}
	tap_case("whatever comes while one is asked for again, one more follows");
	enum reload_phase phase = RELOAD_IDLE;
	const enum reload_event events[] = {RELOAD_EVENT_ASK, RELOAD_EVENT_LEAVE, RELOAD_EVENT_ASK, RELOAD_EVENT_ASK,
			RELOAD_EVENT_LEFT, RELOAD_EVENT_CONNECTED};
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		phase = reload_next(phase, events[i]);
	CHECK(phase == RELOAD_ASKED);
	return tap_done();
}
