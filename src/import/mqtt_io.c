/*
 * mqtt-io (YAML): inputs and outputs, which know nothing of doors. Each output on the Pi's own lines becomes a door with
 * toggle wiring: nothing but a command presses it, and who has an output that is no button takes the door out. An input
 * becomes a contact only if its device class says what its levels mean, and if there is one door that it can belong
 * to. Otherwise it is a comment: a contact that says closed of an open door is worse than none.
 */
#include <string.h>

#include "import/private.h"

#define PULSE_MIN_MS 50
#define OFFSET_MAX 1023 /* of a line on a chip */

static const struct import_reason reasons[] = {
		{"mqtt.client_id", "two programs with one client id put each other out; the id is portcullis-NODE"},
		{"mqtt.topic_prefix", "the topics are portcullis/NODE/DOOR/..., see docs/mqtt.md"},
		{"mqtt.status_topic", "the topic is portcullis/NODE/availability"},
		{"mqtt.status_payload_running", "the payloads are online and offline"},
		{"mqtt.status_payload_stopped", "the payloads are online and offline"},
		{"mqtt.status_payload_dead", "the payloads are online and offline"},
		{"mqtt.clean_session",
				"the agent keeps no session at the broker: a command that waited there would move a door late"},
		{"mqtt.protocol", "the agent speaks MQTT 5, and 3.1.1 where the broker does not"},
		{"mqtt.reconnect_delay", "the agent connects again until it succeeds"},
		{"mqtt.reconnect_count", "the agent connects again until it succeeds"},
		{"mqtt.ha_discovery.name", "the device has the node's name"},
		{"mqtt.tls.cert_reqs", "the broker's certificate is always checked"},
		{"mqtt.tls.insecure", "the broker's certificate is always checked"},
		{"mqtt.tls", "TLS 1.2 and 1.3, with ciphers of the agent's choice"},
		{"digital_outputs.*.on_payload", "the commands are OPEN, CLOSE, STOP and TOGGLE"},
		{"digital_outputs.*.off_payload", "the commands are OPEN, CLOSE, STOP and TOGGLE"},
		{"digital_outputs.*.publish_initial", "the door's state is published, not the relay's"},
		{"digital_outputs.*.retain", "states are retained, always"},
		{"digital_outputs.*.ha_discovery", "Home Assistant gets a cover for the door"},
		{"digital_inputs.*.on_payload", "the states are open, closed and more"},
		{"digital_inputs.*.off_payload", "the states are open, closed and more"},
		{"digital_inputs.*.retain", "states are retained, always"},
		{"digital_inputs.*.bouncetime", "write it as debounce:, with its unit"},
		{"digital_inputs.*.ha_discovery", "Home Assistant gets a sensor for each contact"},
		{"digital_inputs.*.interrupt", "the kernel tells each change of a contact, in both directions"},
		{"digital_inputs.*.interrupt_for", "the agent uses the Pi's own lines"},
		{"digital_inputs.*.poll_when_interrupt_for", "nothing is polled"},
		{"digital_inputs.*.poll_interval", "nothing is polled, the kernel tells each change of a contact"},
		{"gpio_modules", "the agent uses the Pi's own lines"},
		{"sensor_modules", "the agent reads no sensors but contacts"},
		{"sensor_inputs", "the agent reads no sensors but contacts"},
		{"stream_modules", "the agent has no streams"},
		{"stream_reads", "the agent has no streams"},
		{"stream_writes", "the agent has no streams"},
		{"logging", "the log goes to standard error, see log:"},
		{0},
};

/* An input or an output. chip: what its module drives, "" for the Pi's own by name; NULL: nothing that the agent can. */
struct pin {
	const char *chip;
	char line[16]; /* as our configuration names it */
};

/* Which chip the module with this name in the file drives. False: there is no such module. */
static bool find_chip(struct import *import, const char *name, const char **chip)
{
	for (size_t i = 0; import_has(import, "gpio_modules.%zu", i); i++) {
		const struct flat_value *called = import_take(import, "gpio_modules.%zu.name", i);
		const struct flat_value *module = import_take(import, "gpio_modules.%zu.module", i);
		const struct flat_value *path = import_take(import, "gpio_modules.%zu.chip", i);
		if (!called || !module || strcmp(called->text, name) != 0)
			continue;
		*chip = strcmp(module->text, "raspberrypi") == 0 ? ""
			: strcmp(module->text, "gpiod") != 0     ? NULL
			: path                                   ? path->text
								 : "/dev/gpiochip0";
		return true;
	}
	return false;
}

/* False: the entry is wrong, which is reported. */
static bool find_pin(struct import *import, const char *list, size_t index, struct pin *pin)
{
	const struct flat_value *called = import_need(import, list, index, "module");
	const struct flat_value *number = import_need(import, list, index, "pin");
	unsigned offset;
	if (!called || !number)
		return false;
	if (!find_chip(import, called->text, &pin->chip)) {
		config_report_error(
				import->report, called->line, "%s: gpio_modules has none of that name", called->path);
		return false;
	}
	if (!pin->chip)
		return true;
	if (!import_number(import, number, 0, *pin->chip ? OFFSET_MAX : IMPORT_GPIO_MAX, &offset))
		return false;
	snprintf(pin->line, sizeof(pin->line), "%s%u", *pin->chip ? "" : "GPIO", offset);
	return true;
}

static bool is_on(const struct pin *pin, const char *chip)
{
	return pin->chip && strcmp(pin->chip, chip) == 0;
}

/* The agent drives one chip: that of the first output that is on one. NULL: there is none, or an entry is wrong. */
static const char *choose_chip(struct import *import)
{
	struct pin pin = {0};
	for (size_t i = 0; import_has(import, "digital_outputs.%zu", i); i++)
		if (!find_pin(import, "digital_outputs", i, &pin) || pin.chip)
			break;
	return pin.chip;
}

static size_t count_on(struct import *import, const char *list, const char *chip)
{
	size_t count = 0;
	for (size_t i = 0; import_has(import, "%s.%zu", list, i); i++) {
		struct pin pin = {0};
		count += find_pin(import, list, i, &pin) && is_on(&pin, chip);
	}
	return count;
}

static void write_foreign(struct import *import, const char *list, size_t index)
{
	unsigned line = import_take_all(import, "%s.%zu", list, index);
	import_line(import, line,
			"# line %u: %s.%zu: not carried over: its module drives another chip than the first output's, or is neither raspberrypi nor gpiod",
			line, list, index);
}

/* The level that switches the relay on. False: the file contradicts itself, which is reported. */
static bool mqtt_io_relay(struct import *import, size_t index, const struct pin *pin)
{
	bool inverted = false;
	const struct flat_value *invert = import_take(import, "digital_outputs.%zu.inverted", index);
	const struct flat_value *initial = import_take(import, "digital_outputs.%zu.initial", index);
	if (!import_boolean(import, invert, &inverted))
		return false;
	const char *on = inverted ? "low" : "high";
	if (initial && strcmp(initial->text, on) == 0) {
		config_report_error(import->report, initial->line,
				"%s: the output is on from the start, so that the level at which the button is not pressed is not known, expected inverted: %s or initial: %s",
				initial->path, inverted ? "no" : "yes", inverted ? "high" : "low");
		return false;
	}
	if (!invert)
		import_line(import, 0,
				"    # CHECK the level that switches the relay on. The file has no inverted, whose default is no: high.");
	if (!invert)
		import_line(import, 0,
				"    # With the wrong level the button is held from the start: disconnect the opener and try.");
	import_line(import, invert ? invert->line : 0, "    relay: {line: %s, active: %s}", pin->line, on);
	return true;
}

static void write_pulse(struct import *import, const struct flat_value *time, unsigned pulse_ms)
{
	if (!time)
		import_line(import, 0, "    # CHECK the time of a press: the file has no timed_set_ms.");
	import_line(import, time ? time->line : 0, "    pulse: %ums", pulse_ms);
}

static bool says_open(const struct flat_value *device_class)
{
	static const char *const classes[] = {"door", "garage_door", "opening"};
	for (size_t i = 0; device_class && i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(device_class->text, classes[i]) == 0)
			return true;
	return false;
}

/* alone: there is one door and one input. */
static bool write_input(struct import *import, size_t index, const char *chip, bool alone)
{
	struct pin pin = {0};
	bool inverted = false, up = false, down = false;
	if (!find_pin(import, "digital_inputs", index, &pin))
		return false;
	if (!is_on(&pin, chip)) {
		write_foreign(import, "digital_inputs", index);
		return true;
	}
	const struct flat_value *name = import_take(import, "digital_inputs.%zu.name", index);
	const struct flat_value *device_class =
			import_take(import, "digital_inputs.%zu.ha_discovery.device_class", index);
	if (!import_boolean(import, import_take(import, "digital_inputs.%zu.inverted", index), &inverted) ||
			!import_boolean(import, import_take(import, "digital_inputs.%zu.pullup", index), &up) ||
			!import_boolean(import, import_take(import, "digital_inputs.%zu.pulldown", index), &down))
		return false;
	unsigned line = name ? name->line : 0;
	const char *bias = *chip ? "as_is" : up ? "pull_up" : down ? "pull_down" : "disabled";
	if (alone && says_open(device_class)) {
		import_line(import, line,
				"    # CHECK the contact: by its device class the input is on while the door is open, so that this is its level");
		import_line(import, line, "    # when the door is closed:");
		import_line(import, line, "    closed_sensor: {line: %s, active: %s, bias: %s}", pin.line,
				inverted ? "high" : "low", bias);
	} else {
		import_line(import, line,
				"# line %u: digital_inputs.%zu: not carried over: the file does not say whose contact it is, or at which level",
				line, index);
		import_line(import, line,
				"# the door is closed. If it is a door's: closed_sensor: {line: %s, active: LEVEL, bias: %s}",
				pin.line, bias);
	}
	return true;
}

static bool write_output(struct import *import, size_t index, const char *chip, size_t *doors)
{
	struct pin pin = {0};
	unsigned pulse_ms = 500;
	const struct flat_value *name = import_need(import, "digital_outputs", index, "name");
	const struct flat_value *time = import_take(import, "digital_outputs.%zu.timed_set_ms", index);
	if (!name || !find_pin(import, "digital_outputs", index, &pin) ||
			(time && !import_number(import, time, 0, 9999999, &pulse_ms)))
		return false;
	if (!is_on(&pin, chip)) {
		write_foreign(import, "digital_outputs", index);
		return true;
	}
	if (pulse_ms < PULSE_MIN_MS || pulse_ms > DOOR_PULSE_MAX_MS) {
		unsigned line = import_take_all(import, "digital_outputs.%zu", index);
		import_line(import, line,
				"# line %u: digital_outputs.%zu: not carried over: its timed_set_ms is no time of a press, 50 to 5000",
				line, index);
		return true;
	}
	*doors += 1;
	import_door(import, *doors, name, NULL);
	import_line(import, 0, "    # CHECK that this output is a door's button; if not, take this door out");
	if (!mqtt_io_relay(import, index, &pin))
		return false;
	write_pulse(import, time, pulse_ms);
	return true;
}

static void write_tls(struct import *import, bool tls)
{
	static const char *const keys[][2] = {
			{"ca_certs", "ca_file"}, {"certfile", "certificate_file"}, {"keyfile", "key_file"}};
	bool begun = false;
	unsigned line = tls ? 0 : import_take_all(import, "mqtt.tls");
	if (line > 0)
		import_line(import, line, "  # line %u: mqtt.tls: not carried over: it is not enabled", line);
	for (size_t i = 0; i < 3 && tls; i++) {
		struct import_quote quote;
		const struct flat_value *file = import_take(import, "mqtt.tls.%s", keys[i][0]);
		if (!file)
			continue;
		if (!begun)
			import_line(import, 0, "  tls: # a relative path begins at the folder of this file");
		begun = true;
		import_line(import, file->line, "    %s: %s", keys[i][1], import_quoted(&quote, file->text));
	}
}

static bool write_mqtt(struct import *import)
{
	bool tls = false;
	unsigned keepalive_s;
	const struct flat_value *keepalive = import_take(import, "mqtt.keepalive");
	if (!import_boolean(import, import_take(import, "mqtt.tls.enabled"), &tls) || !import_broker(import, tls))
		return false;
	if (import_number(import, keepalive, 1, 65535, &keepalive_s))
		import_line(import, keepalive->line, "  keepalive: %us", keepalive_s);
	write_tls(import, tls);
	return import_discovery(import, import_take(import, "mqtt.ha_discovery.enabled"),
			import_take(import, "mqtt.ha_discovery.prefix"));
}

void import_mqtt_io(struct import *import)
{
	struct import_quote quote;
	size_t doors = 0;
	const char *chip = choose_chip(import);
	bool alone = chip && count_on(import, "digital_outputs", chip) == 1 &&
		     count_on(import, "digital_inputs", chip) == 1;
	if (import->report->errors > 0)
		return;
	import_line(import, 0, "# Made from a configuration of mqtt-io by portcullis --import.");
	if (!write_mqtt(import))
		return;
	if (chip && *chip) {
		import_line(import, 0, "gpio:");
		import_line(import, 0, "  chip: %s # CHECK with portcullis --list-lines", import_quoted(&quote, chip));
	}
	import_line(import, 0, "doors:");
	for (size_t i = 0; chip && import_has(import, "digital_outputs.%zu", i); i++)
		if (!write_output(import, i, chip, &doors))
			return;
	if (doors == 0) {
		config_report_error(import->report, 0,
				"there is no output on the Pi's own lines (module raspberrypi or gpiod) that may be a door's button, expected at least one");
		return;
	}
	for (size_t i = 0; import_has(import, "digital_inputs.%zu", i); i++)
		if (!write_input(import, i, chip, alone))
			return;
	import_rest(import, reasons);
}
