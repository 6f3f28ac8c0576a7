/*
 * Where the MQTT client stands: each phase with each event, as a table of its own and as the diagram in docs/mqtt.md has
 * it. Meson runs the test in the project's folder.
 */
#include "mqtt/phase.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define SAME MQTT_PHASES

/* By the events in their order; n: the phase stays. */
static const enum mqtt_phase table[MQTT_PHASES][MQTT_EVENTS] = {
#define W MQTT_WAITING
#define R MQTT_REACHING
#define S MQTT_SECURING
#define G MQTT_GREETING
#define O MQTT_ONLINE
#define F MQTT_FINISHING
#define L MQTT_LEAVING
#define X MQTT_STOPPED
#define n SAME
		/*         time reached wrapping secured accepted refused failed lost stop said end */
		[W] = {R, n, n, n, n, n, n, n, X, n, n},
		[R] = {n, G, S, n, n, n, W, n, X, n, n},
		[S] = {n, n, n, G, n, n, W, n, X, n, n},
		[G] = {n, n, n, n, O, R, W, n, X, n, n},
		[O] = {n, n, n, n, n, n, n, W, F, n, n},
		[F] = {n, n, n, n, n, n, n, X, n, L, X},
		[L] = {n, n, n, n, n, n, n, n, X, n, X},
		[X] = {n, n, n, n, n, n, n, n, n, n, n},
#undef n
};

static void test_table(void)
{
	for (enum mqtt_phase phase = 0; phase < MQTT_PHASES; phase++) {
		tap_case("%s", mqtt_phase_name(phase));
		for (enum mqtt_event event = 0; event < MQTT_EVENTS; event++) {
			enum mqtt_phase wanted = table[phase][event] == SAME ? phase : table[phase][event];
			if (!CHECK(mqtt_phase_next(phase, event) == wanted))
				printf("# %s, %s\n", mqtt_phase_name(phase), mqtt_event_name(event));
		}
	}
}

/* A line "    from --> to: event" of the diagram. False: it is none. */
static bool read_line(const char *line, enum mqtt_phase *from, enum mqtt_phase *to, enum mqtt_event *event)
{
	char names[2][32], what[64];
	if (sscanf(line, " %31[a-z] --> %31[a-z]: %63[^\n]", names[0], names[1], what) != 3)
		return false;
	enum mqtt_phase *phases[2] = {from, to};
	for (size_t i = 0; i < 2; i++)
		for (*phases[i] = 0; *phases[i] < MQTT_PHASES && strcmp(mqtt_phase_name(*phases[i]), names[i]) != 0;)
			++*phases[i];
	for (*event = 0; *event < MQTT_EVENTS && strcmp(mqtt_event_name(*event), what) != 0;)
		++*event;
	return true;
}

static void test_diagram(void)
{
	bool shown[MQTT_PHASES][MQTT_EVENTS] = {0};
	char line[512];
	tap_case("the diagram in docs/mqtt.md shows each transition, and no other");
	FILE *file = fopen("docs/mqtt.md", "r");
	if (!CHECK(file))
		return;
	while (fgets(line, sizeof(line), file)) {
		enum mqtt_phase from, to;
		enum mqtt_event event;
		if (!read_line(line, &from, &to, &event))
			continue;
		bool known = from < MQTT_PHASES && to < MQTT_PHASES && event < MQTT_EVENTS;
		if (!CHECK(known && from != to && mqtt_phase_next(from, event) == to))
			printf("# wrong: %s", line);
		if (known)
			shown[from][event] = true;
	}
	fclose(file);
	for (enum mqtt_phase phase = 0; phase < MQTT_PHASES; phase++)
		for (enum mqtt_event event = 0; event < MQTT_EVENTS; event++)
			if (!CHECK(shown[phase][event] == (mqtt_phase_next(phase, event) != phase)))
				printf("# missing: %s, %s\n", mqtt_phase_name(phase), mqtt_event_name(event));
}

int main(void)
{
	test_table();
	test_diagram();
	return tap_done();
}
