/* Where a client of the page stands: each phase with each event, as a table here and as the diagram in docs/api.md. Meson
 * runs the test in the project's folder. */
#include "http/phase.h"

#include <string.h>

#include "tap.h"

#define DIAGRAM "docs/api.md"

/* What moves: everything else stays where it is. */
static const struct {
	enum http_phase from;
	enum http_event event;
	enum http_phase to;
} moves[] = {
		{HTTP_FREE, HTTP_CAME, HTTP_IDLE},
		{HTTP_IDLE, HTTP_BYTES, HTTP_READING},
		{HTTP_READING, HTTP_CHECK, HTTP_ASKING},
		{HTTP_READING, HTTP_ANSWER, HTTP_WRITING},
		{HTTP_READING, HTTP_LATE, HTTP_WRITING},
		{HTTP_ASKING, HTTP_ANSWER, HTTP_WRITING},
		{HTTP_WRITING, HTTP_SENT, HTTP_IDLE},
		{HTTP_WRITING, HTTP_STREAMED, HTTP_LISTENING},
		{HTTP_WRITING, HTTP_LAST, HTTP_LEAVING},
		{HTTP_LISTENING, HTTP_NEWS, HTTP_WRITING},
		{HTTP_LISTENING, HTTP_LATE, HTTP_WRITING},
		{HTTP_IDLE, HTTP_LATE, HTTP_FREE},
		{HTTP_ASKING, HTTP_LATE, HTTP_FREE},
		{HTTP_WRITING, HTTP_LATE, HTTP_FREE},
		{HTTP_LEAVING, HTTP_LATE, HTTP_FREE},
};

static enum http_phase expected(enum http_phase phase, enum http_event event)
{
	if (event == HTTP_GONE)
		return HTTP_FREE;
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		if (moves[i].from == phase && moves[i].event == event)
			return moves[i].to;
	return phase;
}

static void test_each_pair(void)
{
	for (enum http_phase phase = 0; phase < HTTP_PHASES; phase++) {
		tap_case("%s, and each event", http_phase_name(phase));
		for (enum http_event event = 0; event < HTTP_EVENTS; event++)
			if (!CHECK(http_phase_next(phase, event) == expected(phase, event)))
				printf("# after \"%s\": %s\n", http_event_name(event),
						http_phase_name(http_phase_next(phase, event)));
	}
}

static int phase_of(const char *name)
{
	for (enum http_phase phase = 0; phase < HTTP_PHASES; phase++)
		if (strcmp(http_phase_name(phase), name) == 0)
			return (int)phase;
	return -1;
}

static int event_of(const char *name)
{
	for (enum http_event event = 0; event < HTTP_EVENTS; event++)
		if (strcmp(http_event_name(event), name) == 0)
			return (int)event;
	return -1;
}

static void test_diagram(void)
{
	bool drawn[HTTP_PHASES][HTTP_EVENTS] = {{false}};
	char line[512], from[16], to[16], what[64];
	tap_case("the diagram of " DIAGRAM " draws each move, and no other");
	FILE *file = fopen(DIAGRAM, "r");
	if (!CHECK(file))
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %15[a-z] --> %15[a-z]: %63[^\n]", from, to, what) != 3)
			continue;
		int a = phase_of(from), b = phase_of(to), event = event_of(what);
		if (!CHECK(a >= 0 && b >= 0 && event >= 0 && a != b && !drawn[a][event] &&
				    (int)http_phase_next((enum http_phase)a, (enum http_event)event) == b))
			printf("# %s", line);
		else
			drawn[a][event] = true;
	}
	fclose(file);
	for (enum http_phase phase = 0; phase < HTTP_PHASES; phase++)
		for (enum http_event event = 0; event < HTTP_EVENTS; event++)
			if (event != HTTP_GONE && /* said beside the diagram */
					!CHECK(drawn[phase][event] == (http_phase_next(phase, event) != phase)))
				printf("# not drawn: %s, %s\n", http_phase_name(phase), http_event_name(event));
}

int main(void)
{
	test_each_pair();
	test_diagram();
	return tap_done();
}
