/*
 * The machine on a world that behaves: an opener that does exactly what its press table says, a door that takes exactly
 * its travel time, sensors that switch at the ends. Then what the machine believes must be what the world does, at
 * every moment, and a command must end where it was meant to: tried with every sequence of three commands at three
 * paces, in every wiring, with every set of end sensors, from both ends.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "door/door.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OPEN_MS 8000
#define CLOSE_MS 10000
#define COMMANDS 3

struct world {
	struct door door;
	int64_t now_ms, deadline_ms;
	enum door_state motor; /* opening, closing, or stopped */
	enum door_state last;
	int64_t height_ppm;
	bool told[2];
	bool broken;
};

#define TOP 1000000

static enum door_press press_of(const struct world *world)
{
	const struct door_opener *opener = &world->door.config.opener;
	if (world->motor == DOOR_OPENING)
		return opener->while_opening;
	return world->motor == DOOR_CLOSING ? opener->while_closing : opener->after_stop;
}

static void run_motor(struct world *world, enum door_state direction)
{
	bool at_end = world->height_ppm == (direction == DOOR_OPENING ? TOP : 0);
	world->motor = at_end ? DOOR_STOPPED : direction;
	world->last = direction;
}

static void press_toggle(struct world *world)
{
	bool at_end = world->motor == DOOR_STOPPED && (world->height_ppm == 0 || world->height_ppm == TOP);
	enum door_press press = at_end ? DOOR_PRESS_REVERSE : press_of(world);

	if (at_end)
		world->last = world->height_ppm == 0 ? DOOR_CLOSING : DOOR_OPENING;
	if (press == DOOR_PRESS_STOP)
		world->motor = DOOR_STOPPED;
	else if (press == DOOR_PRESS_REVERSE)
		run_motor(world, world->last == DOOR_OPENING ? DOOR_CLOSING : DOOR_OPENING);
	else if (press == DOOR_PRESS_CONTINUE)
		run_motor(world, world->last);
}

static void switch_on(struct world *world, enum door_line line)
{
	if (line == DOOR_LINE_TOGGLE)
		press_toggle(world);
	else if (line == DOOR_LINE_STOP)
		world->motor = DOOR_STOPPED;
	else
		run_motor(world, line == DOOR_LINE_OPEN ? DOOR_OPENING : DOOR_CLOSING);
}

static struct door_output step(struct world *world, const struct door_input *input)
{
	struct door_output output;
	door_step(&world->door, input, world->now_ms, &output);
	world->deadline_ms = output.deadline_ms;
	for (size_t i = 0; i < output.action_count; i++) {
		if (output.actions[i].on)
			switch_on(world, output.actions[i].line);
	}
	return output;
}

static void tell_ends(struct world *world)
{
	/* The motor takes the door off its end at once. */
	bool levels[] = {world->height_ppm == 0 && world->motor != DOOR_OPENING,
			world->height_ppm == TOP && world->motor != DOOR_CLOSING};
	for (int i = 0; i < 2; i++) {
		if (world->told[i] == levels[i])
			continue;
		struct door_input edge = {.kind = DOOR_INPUT_SENSOR,
				.sensor = (enum door_sensor)i,
				.active = levels[i],
				.at_ms = world->now_ms};
		world->told[i] = levels[i];
		step(world, &edge);
	}
}

static int64_t motor_ms(const struct world *world)
{
	if (world->motor == DOOR_OPENING)
		return (TOP - world->height_ppm) * OPEN_MS / TOP;
	return world->motor == DOOR_CLOSING ? world->height_ppm * CLOSE_MS / TOP : DOOR_NEVER;
}

static bool believes_the_truth(const struct world *world)
{
	struct door_view view = {0};
	int height = (int)(world->height_ppm * 100 / TOP);

	door_view(&world->door, world->now_ms, &view);
	bool vague = world->door.base_ppm < 0 && (view.position == 99 || view.position == DOOR_POSITION_UNKNOWN);
	if (view.state == DOOR_UNKNOWN)
		return true; /* what is not known is not wrong */
	if (view.state == DOOR_OPEN && view.position == 99)
		return height > 0; /* not closed, and no more */
	if (view.fault != DOOR_FAULT_NONE)
		return false;
	if (view.state == DOOR_OPENING || view.state == DOOR_CLOSING)
		return (world->motor == view.state && abs(view.position - height) <= 1) ||
		       (vague && (world->motor == view.state || height == (view.state == DOOR_OPENING ? 100 : 0)));
	if (world->motor != DOOR_STOPPED)
		return false;
	if (view.state == DOOR_STOPPED)
		return vague || (world->height_ppm > 0 && world->height_ppm < TOP && abs(view.position - height) <= 1);
	return world->height_ppm == (view.state == DOOR_OPEN ? TOP : 0) && view.position == height;
}

static void pass(struct world *world, int64_t until_ms)
{
	while (world->now_ms < until_ms) {
		int64_t next_ms = until_ms;
		int64_t arrives_ms = motor_ms(world);
		if (arrives_ms != DOOR_NEVER && world->now_ms + arrives_ms < next_ms)
			next_ms = world->now_ms + arrives_ms;
		if (world->deadline_ms < next_ms)
			next_ms = world->deadline_ms;
		int64_t passed_ms = next_ms - world->now_ms;
		if (world->motor == DOOR_OPENING)
			world->height_ppm += passed_ms * TOP / OPEN_MS;
		else if (world->motor == DOOR_CLOSING)
			world->height_ppm -= passed_ms * TOP / CLOSE_MS;
		world->now_ms = next_ms;
		if (world->height_ppm == 0 || world->height_ppm == TOP)
			world->motor = DOOR_STOPPED;
		tell_ends(world);
		if (world->deadline_ms <= world->now_ms) {
			step(world, NULL);
			tell_ends(world);
		}
		world->broken = world->broken || !believes_the_truth(world);
	}
}

static bool reached(const struct world *world, enum door_command command)
{
	if (command == DOOR_COMMAND_OPEN)
		return world->height_ppm == TOP;
	if (command == DOOR_COMMAND_CLOSE)
		return world->height_ppm == 0;
	return world->motor == DOOR_STOPPED;
}

static unsigned tried, accepted;

static bool try_sequence(const struct door_config *config, bool open, unsigned sequence, bool verbose)
{
	static const int64_t paces_ms[] = {200, 3000, 30000};
	struct world world = {.motor = DOOR_STOPPED,
			.last = open ? DOOR_OPENING : DOOR_CLOSING,
			.height_ppm = open ? TOP : 0,
			.told = {open, !open}}; /* the opposite: both levels are told */
	enum door_command last = DOOR_COMMAND_TOGGLE;
	bool good = true;

	door_init(&world.door, config, 0);
	tell_ends(&world);
	for (int i = 0; i < COMMANDS; i++, sequence /= 12) {
		struct door_input input = {.kind = DOOR_INPUT_COMMAND,
				.command = (enum door_command)(sequence % 12 / 3),
				.source = DOOR_SOURCE_HTTP};
		pass(&world, world.now_ms + paces_ms[sequence % 3]);
		enum door_goal before = world.door.goal;
		struct door_output output = step(&world, &input);
		tell_ends(&world);
		world.broken = world.broken || !believes_the_truth(&world);
		if (output.result != DOOR_RESULT_REJECTED)
			last = input.command;
		else if (before != DOOR_GOAL_NONE && world.door.goal == DOOR_GOAL_NONE)
			last = DOOR_COMMAND_TOGGLE; /* it could not stop the door, and has taken back what was to come
						     */
		accepted += output.result == DOOR_RESULT_ACCEPTED;
		if (verbose)
			printf("#   at %" PRId64 " ms %s: %s, %s; height %" PRId64 "%s\n", world.now_ms,
					door_command_name(input.command), door_result_name(output.result),
					door_state_name(world.door.state), world.height_ppm / 10000,
					world.broken ? ", which is not true" : "");
	}
	pass(&world, world.now_ms + 60000);
	tried++;
	good = !world.broken && world.motor == DOOR_STOPPED;
	if (world.door.state != DOOR_UNKNOWN && !(world.door.state == DOOR_OPEN && world.door.base_ppm < 0))
		good = good && reached(&world, last);
	if (verbose)
		printf("#   in the end %s; height %" PRId64 "\n", door_state_name(world.door.state),
				world.height_ppm / 10000);
	return good;
}

#define S DOOR_PRESS_STOP
#define R DOOR_PRESS_REVERSE
#define I DOOR_PRESS_IGNORE
#define C DOOR_PRESS_CONTINUE
#define TOGGLE(...)                                                             \
	{                                                                       \
		.lines = {[DOOR_LINE_TOGGLE] = true}, .opener = { __VA_ARGS__ } \
	}

static const struct {
	const char *name;
	struct door_config config;
} wirings[] = {
		{"toggle stop/stop/reverse", TOGGLE(S, S, R)},
		{"toggle stop/stop/continue", TOGGLE(S, S, C)},
		{"toggle stop/reverse/reverse", TOGGLE(S, R, R)},
		{"toggle stop/reverse/continue", TOGGLE(S, R, C)},
		{"toggle reverse/stop/reverse", TOGGLE(R, S, R)},
		{"toggle reverse/stop/continue", TOGGLE(R, S, C)},
		{"toggle reverse/reverse/reverse", TOGGLE(R, R, R)},
		{"toggle ignore/reverse/reverse", TOGGLE(I, R, R)},
		{"toggle ignore/stop/reverse", TOGGLE(I, S, R)},
		{"toggle ignore/ignore/reverse", TOGGLE(I, I, R)},
		{"open and close relays", {.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true}}},
		{"open, close and stop relays", {.lines = {[DOOR_LINE_OPEN] = true,
								 [DOOR_LINE_CLOSE] = true,
								 [DOOR_LINE_STOP] = true}}},
};

int main(void)
{
	static const char *const sets[] = {"no sensor", "closed sensor", "open sensor", "both sensors"};

	for (size_t i = 0; i < COUNT(wirings); i++) {
		for (unsigned sensors = 0; sensors < COUNT(sets); sensors++) {
			struct door_config config = wirings[i].config;
			bool good = true;
			config.sensors[DOOR_SENSOR_CLOSED] = sensors & 1;
			config.sensors[DOOR_SENSOR_OPEN] = sensors & 2;
			config.pulse_ms = 500;
			config.gap_ms = 500;
			config.open_time_ms = OPEN_MS;
			config.close_time_ms = CLOSE_MS;
			tap_case("%s, %s: what is believed is true, and commands end where they should",
					wirings[i].name, sets[sensors]);
			for (unsigned sequence = 0; sequence < 12 * 12 * 12 * 2 && good; sequence++) {
				good = try_sequence(&config, sequence & 1, sequence / 2, false);
				if (!good)
					try_sequence(&config, sequence & 1, sequence / 2, true);
			}
			CHECK(good);
		}
	}
	printf("# %u sequences, %u commands accepted\n", tried, accepted);
	return tap_done();
}
