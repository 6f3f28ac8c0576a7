#include "agent/inside.h"

#include <string.h>

#include "gpio/simulated.h"

static const struct config_line *config_line(const struct config_door *door, int role)
{
	return role < SENSOR_LINES ? &door->lines[role] : &door->sensors[role - SENSOR_LINES];
}

const char *const agent_role_names[LINES_PER_DOOR] = {
		[DOOR_LINE_TOGGLE] = "relay",
		[DOOR_LINE_OPEN] = "open relay",
		[DOOR_LINE_CLOSE] = "close relay",
		[DOOR_LINE_STOP] = "stop relay",
		[DOOR_LINE_WARNING] = "close warning",
		[SENSOR_LINES + DOOR_SENSOR_CLOSED] = "closed sensor",
		[SENSOR_LINES + DOOR_SENSOR_OPEN] = "open sensor",
		[SENSOR_LINES + DOOR_SENSOR_OBSTRUCTION] = "obstruction sensor",
};

const char *const agent_line_meanings[LINES_PER_DOOR][2] = {
		[DOOR_LINE_TOGGLE] = {"Off.", "On."},
		[DOOR_LINE_OPEN] = {"Off.", "On."},
		[DOOR_LINE_CLOSE] = {"Off.", "On."},
		[DOOR_LINE_STOP] = {"Off.", "On."},
		[DOOR_LINE_WARNING] = {"Off.", "On."},
		[SENSOR_LINES + DOOR_SENSOR_CLOSED] = {"The door is not closed.", "The door is closed."},
		[SENSOR_LINES + DOOR_SENSOR_OPEN] = {"The door is not open.", "The door is open."},
		[SENSOR_LINES + DOOR_SENSOR_OBSTRUCTION] = {"The way is clear.", "Something is in the way."},
};

static const enum gpio_bias biases[] = {
		[CONFIG_BIAS_AS_IS] = GPIO_BIAS_AS_IS,
		[CONFIG_BIAS_PULL_UP] = GPIO_BIAS_PULL_UP,
		[CONFIG_BIAS_PULL_DOWN] = GPIO_BIAS_PULL_DOWN,
		[CONFIG_BIAS_DISABLED] = GPIO_BIAS_DISABLED,
};

void agent_add_lines(struct agent *agent, size_t index)
{
	struct agent_door *door = &agent->doors[index];
	for (int role = 0; role < LINES_PER_DOOR; role++) {
		const struct config_line *from = config_line(door->config, role);
		door->lines[role] = -1;
		if (!from->present)
			continue;
		size_t place = agent->line_count++;
		struct gpio_line *line = &agent->lines[place];
		snprintf(agent->consumers[place], sizeof(agent->consumers[place]), "%s %s", door->config->id,
				agent_role_names[role]);
		*line = (struct gpio_line){
				.offset = from->offset,
				.direction = role < SENSOR_LINES ? GPIO_OUTPUT : GPIO_INPUT,
				.active_low = from->active_low,
				.bias = biases[from->bias],
				.consumer = agent->consumers[place],
				.meanings = {agent_line_meanings[role][0], agent_line_meanings[role][1]},
		};
		if (from->name)
			snprintf(line->name, sizeof(line->name), "%s", from->name);
		agent->owners[place].door = (uint8_t)index;
		agent->owners[place].role = (uint8_t)role;
		door->lines[role] = (int)place;
	}
}

size_t agent_count_lines(const struct config *config)
{
	size_t count = 0;
	for (size_t i = 0; i < config->door_count; i++)
		for (int role = 0; role < LINES_PER_DOOR; role++)
			count += config_line(&config->doors[i], role)->present;
	return count;
}

static void lost(void *user, int error)
{
	struct agent *agent = user;
	log_error(agent->log, "the GPIO chip is gone; ending, so that nobody is told an old state");
	agent->failure = error;
	agent_begin_stop(agent);
}

static const enum simulator_press simulated_presses[] = {
		[DOOR_PRESS_STOP] = SIMULATOR_STOP,
		[DOOR_PRESS_REVERSE] = SIMULATOR_REVERSE,
		[DOOR_PRESS_IGNORE] = SIMULATOR_IGNORE,
		[DOOR_PRESS_CONTINUE] = SIMULATOR_CONTINUE,
};

static int open_simulated(struct agent *agent, const struct gpio_handlers *handlers)
{
	struct simulator_door models[DOORS_MAX];
	for (size_t i = 0; i < agent->door_count; i++) {
		const struct agent_door *door = &agent->doors[i];
		const struct door_config *machine = &door->config->machine;
		models[i] = (struct simulator_door){
				.toggle_relay = door->lines[DOOR_LINE_TOGGLE],
				.open_relay = door->lines[DOOR_LINE_OPEN],
				.close_relay = door->lines[DOOR_LINE_CLOSE],
				.stop_relay = door->lines[DOOR_LINE_STOP],
				.closed_sensor = door->lines[SENSOR_LINES + DOOR_SENSOR_CLOSED],
				.open_sensor = door->lines[SENSOR_LINES + DOOR_SENSOR_OPEN],
				.obstruction_sensor = door->lines[SENSOR_LINES + DOOR_SENSOR_OBSTRUCTION],
				.while_opening = simulated_presses[machine->opener.while_opening],
				.while_closing = simulated_presses[machine->opener.while_closing],
				.after_stop = simulated_presses[machine->opener.after_stop],
				.open_ms = machine->open_time_ms,
				.close_ms = machine->close_time_ms,
		};
	}
	return gpio_open_simulated(agent->loop, agent->log, agent->lines, agent->line_count, models, agent->door_count,
			handlers, &agent->gpio);
}

int agent_start_gpio(struct agent *agent)
{
	const struct config *config = agent->config;
	struct gpio_handlers handlers = {.edge = agent_edge, .lost = lost, .user = agent};
	char error[GPIO_ERROR_MAX] = "";
	int result;
	if (config->gpio.backend == CONFIG_SIMULATED) {
		result = open_simulated(agent, &handlers);
		if (result < 0)
			snprintf(error, sizeof(error), "the simulator cannot start: %s", strerror(-result));
		else
			log_warning(agent->log, "the doors are simulated: no relay will move (gpio: backend)");
	} else {
		result = gpio_open_libgpiod(agent->loop, agent->log, config->gpio.chip, agent->lines, agent->line_count,
				&handlers, &agent->gpio, error);
	}
	if (result < 0)
		log_error(agent->log, "GPIO: %s", error);
	return result;
}
