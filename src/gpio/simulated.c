/*
 * A model of openers and doors: a press sets a door moving, stops or turns it, as openers with one button do; the door
 * moves with time, and its contacts follow from where it is. Positions are whole numbers, so that no rounding adds up.
 */
#include "gpio/simulated.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpio/backend.h"

#define TRAVEL_MAX_MS 3600000
#define NEVER LOOP_NEVER

enum direction { DOWN = -1, STANDING, UP };

struct door {
	struct simulator_door parts;
	/* A whole travel is open_ms * close_ms units: up at close_ms units a millisecond, down at open_ms, without
	 * rest. */
	int64_t whole, position, at_ms; /* the position as of at_ms */
	enum direction motor, last;
	bool obstructed, locked, jammed;
	bool loses; /* the next edge */
	int64_t gives_up_at_ms;
};

struct wire {
	bool active, told; /* told: inputs, the level that the handler knows */
	int64_t changed_ms;
	int64_t press_at_ms; /* outputs: when the relay will have been on for long enough to be a press */
};

struct simulator {
	struct gpio gpio;
	struct loop *loop;
	const struct log *log;
	const struct gpio_line *lines;
	struct gpio_handlers handlers;
	struct loop_timer timer;
	size_t door_count;
	struct door *doors;
	struct wire wires[];
};

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool moving(const struct door *door)
{
	return door->motor != STANDING && !door->jammed;
}

static int64_t end_ms(const struct door *door)
{
	const struct simulator_door *parts = &door->parts;
	if (!moving(door))
		return NEVER;
	return door->at_ms + (door->motor == UP ? (door->whole - door->position + parts->close_ms - 1) / parts->close_ms
						: (door->position + parts->open_ms - 1) / parts->open_ms);
}

static void move_on(struct door *door, int64_t to_ms)
{
	int64_t passed_ms = to_ms - door->at_ms;
	if (moving(door) && door->motor == UP)
		door->position = earlier(door->whole, door->position + passed_ms * door->parts.close_ms);
	else if (moving(door) && door->position > passed_ms * door->parts.open_ms)
		door->position -= passed_ms * door->parts.open_ms;
	else if (moving(door))
		door->position = 0;
	door->at_ms = to_ms;
}

static void drive(struct simulator *simulator, struct door *door, enum direction direction)
{
	static const char *const words[] = {"closes", "stands", "opens"};

	if ((direction == DOWN && (door->obstructed || door->position == 0)) ||
			(direction == UP && door->position == door->whole))
		direction = STANDING;
	if (direction != STANDING)
		door->last = direction;
	door->gives_up_at_ms = direction != STANDING && door->jammed ? door->at_ms + SIMULATOR_GIVE_UP_MS : NEVER;
	door->motor = direction;
	log_debug(simulator->log, "simulator: door %zu %s", (size_t)(door - simulator->doors) + 1,
			words[direction - DOWN]);
}

/* One button for all: the press table. */
static void press_button(struct simulator *simulator, struct door *door)
{
	const struct simulator_door *parts = &door->parts;

	if (door->motor != STANDING) {
		enum simulator_press what = door->motor == UP ? parts->while_opening : parts->while_closing;
		if (what != SIMULATOR_IGNORE)
			drive(simulator, door, what == SIMULATOR_REVERSE ? -door->motor : STANDING);
	} else if (door->position == 0) {
		drive(simulator, door, UP);
	} else if (door->position == door->whole) {
		drive(simulator, door, DOWN);
	} else {
		drive(simulator, door, parts->after_stop == SIMULATOR_CONTINUE ? door->last : -door->last);
	}
}

static bool pressed(struct simulator *simulator, int relay, int64_t now_ms)
{
	if (relay == SIMULATOR_NONE || simulator->wires[relay].press_at_ms > now_ms)
		return false;
	simulator->wires[relay].press_at_ms = NEVER;
	return true;
}

static int64_t press_ms(const struct simulator *simulator, int relay)
{
	return relay == SIMULATOR_NONE ? NEVER : simulator->wires[relay].press_at_ms;
}

static int64_t next_ms(const struct simulator *simulator, const struct door *door)
{
	const int relays[] = {door->parts.toggle_relay, door->parts.open_relay, door->parts.close_relay,
			door->parts.stop_relay};
	int64_t next = earlier(end_ms(door), door->gives_up_at_ms);
	for (size_t i = 0; i < sizeof(relays) / sizeof(*relays); i++)
		next = earlier(next, press_ms(simulator, relays[i]));
	return next;
}

static void sense(struct simulator *simulator, struct door *door, int sensor, bool active)
{
	if (sensor == SIMULATOR_NONE || simulator->wires[sensor].active == active)
		return;
	simulator->wires[sensor].active = active;
	simulator->wires[sensor].changed_ms = door->at_ms;
	if (door->loses)
		simulator->wires[sensor].told = active;
	door->loses = false;
}

static void sense_all(struct simulator *simulator, struct door *door)
{
	bool leaving_end = moving(door);
	sense(simulator, door, door->parts.closed_sensor, door->position == 0 && !leaving_end);
	sense(simulator, door, door->parts.open_sensor, door->position == door->whole && !leaving_end);
	sense(simulator, door, door->parts.obstruction_sensor, door->obstructed);
	sense(simulator, door, door->parts.lockout_sensor, door->locked);
}

/* Lets a door live until now, deadline by deadline, so that a late call changes nothing but when it is told. */
static void live(struct simulator *simulator, struct door *door, int64_t now_ms)
{
	const struct simulator_door *parts = &door->parts;
	int64_t at_ms;

	while ((at_ms = next_ms(simulator, door)) <= now_ms) {
		bool ended = end_ms(door) <= at_ms;
		move_on(door, at_ms);
		if (ended || door->gives_up_at_ms <= at_ms)
			drive(simulator, door, STANDING);
		if (pressed(simulator, parts->toggle_relay, at_ms))
			press_button(simulator, door);
		if (pressed(simulator, parts->open_relay, at_ms))
			drive(simulator, door, UP);
		if (pressed(simulator, parts->close_relay, at_ms))
			drive(simulator, door, DOWN);
		if (pressed(simulator, parts->stop_relay, at_ms))
			drive(simulator, door, STANDING);
		sense_all(simulator, door);
	}
	move_on(door, now_ms);
}

static void live_all(struct simulator *simulator, int64_t now_ms)
{
	for (size_t i = 0; i < simulator->door_count; i++)
		live(simulator, &simulator->doors[i], now_ms);
}

/* The input whose change has waited longest to be told, or NULL. */
static struct wire *untold(struct simulator *simulator)
{
	struct wire *first = NULL;
	for (size_t i = 0; i < simulator->gpio.count; i++) {
		struct wire *wire = &simulator->wires[i];
		if (wire->active != wire->told && (!first || wire->changed_ms < first->changed_ms))
			first = wire;
	}
	return first;
}

static void set_timer(struct simulator *simulator)
{
	const struct wire *wire = untold(simulator);
	int64_t next = wire ? wire->changed_ms : NEVER;
	for (size_t i = 0; i < simulator->door_count; i++)
		next = earlier(next, next_ms(simulator, &simulator->doors[i]));
	loop_timer_set(simulator->loop, &simulator->timer, next);
}

static void simulated_expired(struct loop_timer *timer, int64_t now_ms)
{
	struct simulator *simulator = timer->user;
	struct wire *wire;

	live_all(simulator, now_ms);
	while ((wire = untold(simulator))) {
		wire->told = wire->active;
		simulator->handlers.edge(simulator->handlers.user, (size_t)(wire - simulator->wires), wire->active,
				wire->changed_ms);
	}
	set_timer(simulator);
}

static int simulated_set(struct gpio *gpio, size_t line, bool active)
{
	struct simulator *simulator = (struct simulator *)gpio;
	struct wire *wire = &simulator->wires[line];
	int64_t now_ms = loop_now_ms();

	if (simulator->lines[line].direction != GPIO_OUTPUT)
		return -EINVAL;
	if (wire->active == active)
		return 0;
	live_all(simulator, now_ms);
	wire->active = wire->told = active;
	wire->press_at_ms = active ? now_ms + SIMULATOR_PRESS_MS : NEVER;
	for (size_t i = 0; i < simulator->door_count; i++) {
		const struct simulator_door *parts = &simulator->doors[i].parts;
		if (parts->open_relay != SIMULATOR_NONE && parts->close_relay != SIMULATOR_NONE &&
				simulator->wires[parts->open_relay].active &&
				simulator->wires[parts->close_relay].active)
			log_error(simulator->log, "simulator: the open and close relays of door %zu are on together",
					i + 1);
	}
	set_timer(simulator);
	return 0;
}

static int simulated_get(struct gpio *gpio, size_t line, bool *active)
{
	*active = ((struct simulator *)gpio)->wires[line].active;
	return 0;
}

static void simulated_close(struct gpio *gpio)
{
	struct simulator *simulator = (struct simulator *)gpio;
	loop_timer_cancel(simulator->loop, &simulator->timer);
	free(simulator->doors);
	free(simulator);
}

static const struct gpio_backend simulated = {.set = simulated_set, .get = simulated_get, .close = simulated_close};

int simulator_poke(struct gpio *gpio, size_t index, const char *poke)
{
	struct simulator *simulator = (struct simulator *)gpio;
	if (gpio->backend != &simulated)
		return -ENOTSUP;
	if (index >= simulator->door_count)
		return -ENOENT;
	struct door *door = &simulator->doors[index];

	live_all(simulator, loop_now_ms());
	if (strcmp(poke, "wall_button") == 0) {
		press_button(simulator, door);
	} else if (strcmp(poke, "obstruct") == 0) {
		door->obstructed = true;
		if (door->motor == DOWN)
			drive(simulator, door, UP);
	} else if (strcmp(poke, "clear") == 0) {
		door->obstructed = false;
	} else if (strcmp(poke, "lock") == 0) {
		door->locked = true;
	} else if (strcmp(poke, "unlock") == 0) {
		door->locked = false;
	} else if (strcmp(poke, "jam") == 0) {
		door->jammed = true;
		if (door->motor != STANDING)
			door->gives_up_at_ms = door->at_ms + SIMULATOR_GIVE_UP_MS;
	} else if (strcmp(poke, "unjam") == 0) {
		door->jammed = false;
		door->gives_up_at_ms = NEVER;
	} else if (strcmp(poke, "lose_edge") == 0) {
		door->loses = true;
	} else {
		return -ENOENT;
	}
	sense_all(simulator, door);
	set_timer(simulator);
	return 0;
}

static bool fits(const struct gpio_line *lines, size_t count, int line, enum gpio_direction direction)
{
	return line == SIMULATOR_NONE || (line >= 0 && (size_t)line < count && lines[line].direction == direction);
}

static bool valid(const struct gpio_line *lines, size_t count, const struct simulator_door *door)
{
	return fits(lines, count, door->toggle_relay, GPIO_OUTPUT) &&
	       fits(lines, count, door->open_relay, GPIO_OUTPUT) &&
	       fits(lines, count, door->close_relay, GPIO_OUTPUT) &&
	       fits(lines, count, door->stop_relay, GPIO_OUTPUT) &&
	       fits(lines, count, door->closed_sensor, GPIO_INPUT) &&
	       fits(lines, count, door->open_sensor, GPIO_INPUT) &&
	       fits(lines, count, door->obstruction_sensor, GPIO_INPUT) &&
	       fits(lines, count, door->lockout_sensor, GPIO_INPUT) && door->open_ms >= 1 && door->close_ms >= 1 &&
	       door->open_ms <= TRAVEL_MAX_MS && door->close_ms <= TRAVEL_MAX_MS;
}

int gpio_open_simulated(struct loop *loop, const struct log *log, const struct gpio_line *lines, size_t count,
		const struct simulator_door *doors, size_t door_count, const struct gpio_handlers *handlers,
		struct gpio **gpio)
{
	if (count > GPIO_LINES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < door_count; i++)
		if (!valid(lines, count, &doors[i]))
			return -EINVAL;

	struct simulator *simulator = calloc(1, sizeof(*simulator) + count * sizeof(simulator->wires[0]));
	struct door *models = calloc(door_count + 1, sizeof(*models));
	if (!simulator || !models) {
		free(models);
		free(simulator);
		return -ENOMEM;
	}
	simulator->gpio = (struct gpio){.backend = &simulated, .count = count};
	simulator->loop = loop;
	simulator->log = log;
	simulator->lines = lines;
	simulator->handlers = *handlers;
	simulator->timer = (struct loop_timer){.expired = simulated_expired, .user = simulator};
	simulator->doors = models;
	simulator->door_count = door_count;
	for (size_t i = 0; i < count; i++)
		simulator->wires[i].press_at_ms = NEVER;
	for (size_t i = 0; i < door_count; i++) {
		models[i] = (struct door){
				.parts = doors[i], .at_ms = loop_now_ms(), .last = DOWN, .gives_up_at_ms = NEVER};
		models[i].whole = doors[i].open_ms * doors[i].close_ms;
		sense_all(simulator, &models[i]);
	}
	for (size_t i = 0; i < count; i++)
		simulator->wires[i].told = simulator->wires[i].active;
	*gpio = &simulator->gpio;
	return 0;
}
