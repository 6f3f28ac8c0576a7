/*
 * NormallyClosed (TOML): version, relays as a board or as a list of pins, and doors with one relay or one each to open,
 * close and stop. It has no contacts and no MQTT. It presses by a high level of 200 ms, which its file cannot change.
 */
#include <string.h>

#include "import/private.h"

static void write_relays(struct import *import)
{
	struct import_quote quote;
	const struct flat_value *board = import_take(import, "relays.board"), *pin;
	if (board) {
		import_line(import, board->line, "gpio:");
		import_line(import, board->line, "  board: %s", import_quoted(&quote, board->text));
		return;
	}
	import_line(import, 0, "gpio:");
	import_line(import, 0,
			"  # CHECK NormallyClosed presses by a high level, always, and counts pins as BCM does (GPIO17 is 17):");
	import_line(import, 0, "  relays:");
	for (size_t i = 0; (pin = import_take(import, "relays.pins.%zu", i)); i++) {
		unsigned number;
		if (import_number(import, pin, 0, IMPORT_GPIO_MAX, &number))
			import_line(import, pin->line, "    - {line: GPIO%u, active: high}", number);
	}
}

static void normally_closed_relay(struct import *import, size_t door, const char *key)
{
	unsigned number;
	const struct flat_value *value = import_take(import, "door.%zu.%s", door, key);
	if (import_number(import, value, 1, 255, &number))
		import_line(import, value->line, "    %s: %u", key, number);
}

void import_normally_closed(struct import *import)
{
	static const struct import_reason reasons[] = {{0}};
	unsigned version = 0;
	const struct flat_value *value = import_take(import, "version");
	if (value && !import_number(import, value, 0, 0, &version))
		return;
	import_line(import, 0, "# Made from a configuration of NormallyClosed by portcullis --import.");
	import_line(import, 0, "mqtt:");
	import_line(import, 0, "  # CHECK NormallyClosed has no MQTT. Name your broker:");
	import_line(import, 0, "  broker: mqtt://localhost");
	import_line(import, 0,
			"# Whoever reached the page of NormallyClosed, at --http-port on every address, could press. Here the page is at");
	import_line(import, 0, "# 127.0.0.1:8080 until http: says otherwise.");
	write_relays(import);
	import_line(import, 0,
			"# CHECK without a contact nobody knows where a door is; closed_sensor: {line: GPIO23} is one.");
	import_line(import, 0, "doors:");
	for (size_t i = 0; import_has(import, "door.%zu", i); i++) {
		static const char *const relays[] = {"relay", "open_relay", "close_relay", "stop_relay"};
		const struct flat_value *name = import_need(import, "door", i, "name");
		if (!name)
			return;
		import_door(import, i + 1, NULL, name);
		for (size_t j = 0; j < sizeof(relays) / sizeof(relays[0]); j++)
			normally_closed_relay(import, i, relays[j]);
		import_line(import, 0, "    pulse: 200ms # as there; the default is 500ms");
	}
	import_rest(import, reasons);
}
