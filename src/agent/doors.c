/* A translation, member by member: neither room knows the other's types. */
#include "agent/doors.h"

#include <assert.h>
#include <stdlib.h>

static_assert((int)CONFIG_BIAS_AS_IS == (int)GPIO_BIAS_AS_IS && (int)CONFIG_BIAS_PULL_UP == (int)GPIO_BIAS_PULL_UP &&
				(int)CONFIG_BIAS_PULL_DOWN == (int)GPIO_BIAS_PULL_DOWN &&
				(int)CONFIG_BIAS_DISABLED == (int)GPIO_BIAS_DISABLED,
		"line_of_config hands biases on");
static_assert(CONFIG_LINE_NAME_MAX == GPIO_LINE_NAME_MAX, "what --check lets through is a line's name");

static struct garage_line_config line_of_config(const struct config_line *line)
{
	return (struct garage_line_config){.present = line->present,
			.name = line->name,
			.offset = line->offset,
			.active_low = line->active_low,
			.bias = (enum gpio_bias)line->bias};
}

struct garage_door_config door_of_config(const struct config_door *from)
{
	struct garage_door_config door = {.id = from->id,
			.name = from->name,
			.device_class = config_device_class_name(from->device_class),
			.machine = &from->machine};
	for (int line = 0; line < DOOR_LINES; line++)
		door.lines[line] = line_of_config(&from->lines[line]);
	for (int sensor = 0; sensor < DOOR_SENSORS; sensor++)
		door.lines[GARAGE_SENSOR_LINES + sensor] = line_of_config(&from->sensors[sensor]);
	return door;
}

struct garage_door_config *doors_of_config(const struct config *config)
{
	struct garage_door_config *doors = calloc(config->door_count, sizeof(*doors));
	for (size_t i = 0; doors && i < config->door_count; i++)
		doors[i] = door_of_config(&config->doors[i]);
	return doors;
}
