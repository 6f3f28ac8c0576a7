/*
 * GarageQTPi (YAML): doors with one relay across the button, a contact with the Pi's pull-up for the closed end, and perhaps
 * one for the open end. It counts pins as BCM does and presses for 200 ms. invert_relay (default false) says that the
 * relay is on at a low level; versions without that key pressed by a low level, always.
 */
#include <string.h>

#include "import/private.h"

static const struct import_reason reasons[] = {
		{"logging", "the log goes to standard error, see log:"},
		{"mqtt.availability_topic", "the topic is portcullis/NODE/availability"},
		{"mqtt.payload_available", "the payloads are online and offline"},
		{"mqtt.payload_not_available", "the payloads are online and offline"},
		{"doors.*.state_topic", "the topic is portcullis/NODE/DOOR/state"},
		{"doors.*.command_topic", "the topic is portcullis/NODE/DOOR/set"},
		{"doors.*.poll_delay", "nothing is polled, the kernel tells each change of a contact"},
		{"doors.*.press_time", "write it as pulse:, with its unit"},
		{"doors.*.switch_debounce", "write it as debounce:, with its unit"},
		{"doors.*.read_delay", "a contact is believed when it has stood still for debounce"},
		{0},
};

static bool garageqtpi_relay(struct import *import, size_t door)
{
	unsigned line = 0;
	bool inverted = false;
	const struct flat_value *relay = import_need(import, "doors", door, "relay");
	const struct flat_value *invert = import_take(import, "doors.%zu.invert_relay", door);
	if (!import_number(import, relay, 0, IMPORT_GPIO_MAX, &line) || !import_boolean(import, invert, &inverted))
		return false;
	if (!invert) {
		import_line(import, 0,
				"    # CHECK the level that switches the relay on. The file has no invert_relay, whose default is false: high.");
		import_line(import, 0,
				"    # Versions of GarageQTPi before that key switched by low. With the wrong level the button is held from");
		import_line(import, 0, "    # the start: disconnect the opener and try.");
	}
	import_line(import, relay->line, "    relay: {line: GPIO%u, active: %s}", line, inverted ? "low" : "high");
	import_line(import, 0, "    pulse: 200ms # as there; the default is 500ms");
	return true;
}

static bool write_sensor(struct import *import, const struct flat_value *pin, const char *key, const char *contact)
{
	unsigned line;
	if (!import_number(import, pin, 0, IMPORT_GPIO_MAX, &line))
		return false;
	import_line(import, pin->line, "    %s: {line: GPIO%u, contact: %s, bias: pull_up}", key, line, contact);
	return true;
}

static bool write_sensors(struct import *import, size_t door)
{
	const struct flat_value *mode = import_take(import, "doors.%zu.state_mode", door);
	const struct flat_value *open = import_take(import, "doors.%zu.open", door);
	const char *contact = mode ? mode->text : "normally_open";
	if (strcmp(contact, "normally_open") != 0 && strcmp(contact, "normally_closed") != 0) {
		config_report_error(import->report, mode->line, "%s: expected normally_open or normally_closed",
				mode->path);
		return false;
	}
	if (!mode)
		import_line(import, 0,
				"    # CHECK the kind of the contact. The file has no state_mode, whose default is normally_open.");
	return write_sensor(import, import_need(import, "doors", door, "state"), "closed_sensor", contact) &&
	       (!open || write_sensor(import, open, "open_sensor", contact));
}

void import_garageqtpi(struct import *import)
{
	import_line(import, 0, "# Made from a configuration of GarageQTPi by portcullis --import.");
	if (!import_broker(import, false) || !import_discovery(import, import_take(import, "mqtt.discovery"),
							     import_take(import, "mqtt.discovery_prefix")))
		return;
	import_line(import, 0, "doors:");
	for (size_t i = 0; import_has(import, "doors.%zu", i); i++) {
		const struct flat_value *id = import_need(import, "doors", i, "id");
		if (!id)
			return;
		import_door(import, i + 1, id, import_take(import, "doors.%zu.name", i));
		if (!garageqtpi_relay(import, i) || !write_sensors(import, i))
			return;
	}
	import_rest(import, reasons);
}
