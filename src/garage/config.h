/* What the garage must know of each door. Plain values: the composer fills them from its own configuration. */
#ifndef PORTCULLIS_GARAGE_CONFIG_H
#define PORTCULLIS_GARAGE_CONFIG_H

#include <stdbool.h>

#include "door/door.h"
#include "gpio/gpio.h"

/* The lines of a door by their roles: the outputs in the order of enum door_line, then the contacts in the order of
 * enum door_sensor. */
enum { GARAGE_SENSOR_LINES = DOOR_LINES, GARAGE_LINES = DOOR_LINES + DOOR_SENSORS };

extern const char *const garage_role_names[GARAGE_LINES]; /* "relay", "closed sensor" ...: for people */

struct garage_line_config {
	const char *name; /* on the chip; NULL: use offset */
	unsigned offset;
	bool present, active_low;
	enum gpio_bias bias; /* of a contact */
};

/* Strings and machine are borrowed for as long as the garage has this configuration. */
struct garage_door_config {
	const char *id, *name, *device_class;
	const char *area; /* NULL: none */
	const struct door_config *machine;
	int vent;                                 /* the position of the button "Air", in percent; 0: it has none */
	int64_t left_open_ms, left_open_again_ms; /* GARAGE_LEFT_OPEN after so long, and then so often; 0: not */
	struct garage_line_config lines[GARAGE_LINES]; /* read only when the garage or its lines are made */
};

#endif
