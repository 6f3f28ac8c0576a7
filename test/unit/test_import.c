/*
 * The inputs are this project's own. They use the keys that NormallyClosed 0.1 (its README and example), GarageQTPi (its
 * README and config.yaml) and mqtt-io 2 (its schema and README) document, with other names and numbers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "import/import.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct config_report report;

/* What becomes of the file; NULL when it is refused. The caller frees. */
static char *convert(const char *file)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int error = import_parse(file, strlen(file), "other", out, &report);
	fclose(out);
	CHECK((error == 0) == (report.errors == 0) && (error == 0 || size == 0));
	if (error == 0)
		return text;
	free(text);
	return NULL;
}

static bool is_configuration(const char *text)
{
	struct config config;
	static struct config_report again;
	int error = config_parse(text, strlen(text), "ours", &config, &again);
	config_free(&config);
	return error == 0;
}

/* The file is taken, and each of these stands in what becomes of it, in this order. */
static void check_taken(const char *name, const char *file, const char *const *parts)
{
	tap_case("%s", name);
	char *text = convert(file);
	if (!CHECK(text != NULL)) {
		config_report_print(&report, stdout);
		return;
	}
	CHECK(is_configuration(text));
	const char *at = text;
	for (size_t i = 0; parts[i]; i++) {
		const char *found = strstr(at, parts[i]);
		if (found)
			at = found + strlen(parts[i]);
		else if (!CHECK(found != NULL))
			printf("# not there, or not in this place: %s\n%s", parts[i], text);
	}
	free(text);
}

static const char toml[] = "# two openers\nversion = 0\n\n[relays]\npins = [ 5,\n  6, # the second\n 13, 19 ]\n\n"
			   "[[door]]\nname = \"North \\\"A\\\"\"\nrelay = 1\n\n[[door]]\r\nname = 'S\xc3\xbc"
			   "d'\nopen_relay = 2\nclose_relay = 3 # c\nstop_relay = 4\ncolour = \"red\"\n";

static void check_normally_closed(void)
{
	check_taken("NormallyClosed: pins and both kinds of doors", toml,
			(const char *const[]){"# CHECK NormallyClosed has no MQTT", "broker: mqtt://localhost",
					"# CHECK NormallyClosed presses by a high level",
					"- {line: GPIO5, active: high}\n", "- {line: GPIO6, active: high}\n",
					"- {line: GPIO13, active: high}\n", "- {line: GPIO19, active: high}\n",
					"- name: \"North \\\"A\\\"\"\n    relay: 1\n    pulse: 200ms",
					"name: \"S\xc3\xbc"
					"d\"\n    open_relay: 2\n    close_relay: 3\n    stop_relay: 4\n    pulse: 200ms",
					"# line 18: door.1.colour: not carried over", NULL});
	check_taken("NormallyClosed: the mark with which Windows begins a file",
			"\xef\xbb\xbf[relays]\npins = [ 5 ]\n[[door]]\nname = \"N\"\nrelay = 1\n",
			(const char *const[]){
					"- {line: GPIO5, active: high}\n", "- name: \"N\"\n    relay: 1\n", NULL});
	check_taken("GarageQTPi: the mark with which Windows begins a file",
			"\xef\xbb\xbfmqtt: {host: b}\ndoors: [{id: a, relay: 9, state: 10}]\n",
			(const char *const[]){"broker: \"mqtt://b:1883\"\n", NULL});
	check_taken("NormallyClosed: a board, and a name without a letter of ASCII",
			"version = 0\n[relays]\nboard = \"PIM213\"\n[[door]]\nname = \"\xc3\xa4\"\nrelay = 3\n",
			(const char *const[]){"board: \"PIM213\"", "- id: door_1\n    name: \"\xc3\xa4\"\n    relay: 3",
					NULL});
}

static const char garageqtpi[] =
		"logging:\n  log_level: INFO\n  show_timestamp: true\nmqtt:\n  host: broker.example\n  port: 1884\n"
		"  user: opener\n  password: \"p\\\"a\\\\ #b\"\n  discovery: no\n  discovery_prefix: ha\n"
		"  availability_topic: a/b\n  payload_available: up\n  payload_not_available: down\ndoors:\n"
		"  - id: north\n    name: North door\n    relay: 5\n    state: 16\n    open: 20\n"
		"    state_mode: normally_closed\n    invert_relay: true\n    state_topic: a/c\n"
		"    command_topic: a/d\n    poll_delay: 9\n"
		"  - id: South Door\n    name:\n    relay: 17\n    state: 27\n";

static void check_garageqtpi(void)
{
	check_taken("GarageQTPi: what it says of polarity, and what it does not say", garageqtpi,
			(const char *const[]){"broker: \"mqtt://broker.example:1884\"\n", "username: \"opener\"\n",
					"password: \"p\\\"a\\\\ #b\" #", "discovery: false\n", "prefix: \"ha\"\n",
					"- id: \"north\"\n    name: \"North door\"\n    relay: {line: GPIO5, active: low}\n",
					"pulse: 200ms",
					"closed_sensor: {line: GPIO16, contact: normally_closed, bias: pull_up}\n",
					"open_sensor: {line: GPIO20, contact: normally_closed, bias: pull_up}\n",
					"- name: \"South Door\"\n    # CHECK the level that switches the relay on",
					"relay: {line: GPIO17, active: high}\n", "# CHECK the kind of the contact",
					"closed_sensor: {line: GPIO27, contact: normally_open, bias: pull_up}\n",
					"# line 2: logging: not carried over", "# line 11: mqtt.availability_topic",
					"# line 12: mqtt.payload_available", "# line 22: doors.0.state_topic",
					"# line 23: doors.0.command_topic", "# line 24: doors.0.poll_delay", NULL});
	check_taken("keys in other letters: each is a key of its own, and none is carried over",
			"\xc3\xa4: 1\n\xc3\xb6: 2\nmqtt: {host: b}\ndoors: [{id: a, relay: 9, state: 10}]\n",
			(const char *const[]){"broker: \"mqtt://b:1883\"\n", "# line 1: ??: not carried over",
					"# line 2: ??: not carried over", NULL});
	check_taken("GarageQTPi: no user, an IPv6 address, nothing said of discovery",
			"mqtt: {host: 'fd00::1', user: '', password: x}\ndoors: [{id: a, relay: 9, state: 10}]\n",
			(const char *const[]){"broker: \"mqtt://[fd00::1]:1883\"\n",
					"# line 1: mqtt.password: not carried over: there is no user",
					"# CHECK the other file does not switch Home Assistant's discovery on",
					"discovery: true", NULL});
	check_taken("GarageQTPi: an id of which nothing is left becomes the door's number",
			"mqtt: {host: b}\ndoors: [{id: a, relay: 9, state: 10}, {id: \xc3\xa4, relay: 11, state: 12}]\n",
			(const char *const[]){"- id: \"a\"", "- id: door_2\n", NULL});
	tap_case("GarageQTPi: where the file says the polarity, there is nothing to check");
	char *text = convert("mqtt: {host: b, discovery: yes}\n"
			     "doors: [{id: a, relay: 9, state: 10, state_mode: normally_open, invert_relay: false}]\n");
	CHECK(text && !strstr(text, "CHECK") && strstr(text, "relay: {line: GPIO9, active: high}"));
	free(text);
}

#define MQTT_IO "mqtt: {host: b}\ngpio_modules: [{name: pi, module: raspberrypi}, {name: x, module: pcf8574}]\n"
#define BUTTON "digital_outputs: [{name: gate, module: pi, pin: 5, timed_set_ms: 300, inverted: yes}]\n"

static void check_mqtt_io(void)
{
	check_taken("mqtt-io: a button and the contact that its device class explains",
			MQTT_IO BUTTON "digital_inputs:\n  - name: up\n    module: pi\n    pin: 6\n    pullup: yes\n"
				       "    bouncetime: 80\n    ha_discovery: {device_class: garage_door}\n",
			(const char *const[]){"mqtt://b:1883",
					"- id: \"gate\"\n    name: \"gate\"\n    # CHECK that this",
					"relay: {line: GPIO5, active: low}\n    pulse: 300ms\n", "# CHECK the contact",
					"    closed_sensor: {line: GPIO6, active: low, bias: pull_up}\n",
					"# line 9: digital_inputs.0.bouncetime: not carried over: write it as debounce",
					NULL});
	check_taken("mqtt-io: an inverted contact",
			MQTT_IO BUTTON "digital_inputs: [{name: a, module: pi, pin: 6, inverted: on, pulldown: on, "
				       "ha_discovery: {device_class: door}}]\n",
			(const char *const[]){"closed_sensor: {line: GPIO6, active: high, bias: pull_down}\n", NULL});
	check_taken("mqtt-io: no contact is guessed without a device class",
			MQTT_IO BUTTON "digital_inputs: [{name: a, module: pi, pin: 6}]\n",
			(const char *const[]){"# line 4: digital_inputs.0: not carried over",
					"closed_sensor: {line: GPIO6, active: LEVEL, bias: disabled}", NULL});
	check_taken("mqtt-io: nor between two doors",
			MQTT_IO
			"digital_outputs: [{name: a, module: pi, pin: 5}, {name: b, module: pi, pin: 7, initial: low}]\n"
			"digital_inputs: [{name: c, module: pi, pin: 6, ha_discovery: {device_class: door}}]\n",
			(const char *const[]){"- id: \"a\"", "# CHECK the level that switches the relay on",
					"relay: {line: GPIO5, active: high}\n    # CHECK the time of a press",
					"pulse: 500ms", "- id: \"b\"", "# line 4: digital_inputs.0: not carried over",
					NULL});
	check_taken("mqtt-io: what is on other modules, and what is no press",
			MQTT_IO
			"digital_outputs:\n- {name: a, module: x, pin: 5}\n- {name: b, module: pi, pin: 7, timed_set_ms: 60000}\n"
			"- {name: c, module: pi, pin: 8, inverted: no}\nsensor_modules: [{name: t, module: lm75}]\n",
			(const char *const[]){"# line 4: digital_outputs.0: not carried over",
					"# line 5: digital_outputs.1: not carried over: its timed_set_ms",
					"- id: \"c\"", "# line 7: sensor_modules: not carried over", NULL});
	check_taken("mqtt-io: a line of another chip is not taken for one of this",
			"mqtt: {host: b}\ngpio_modules: [{name: g, module: gpiod}, {name: h, module: gpiod, chip: /dev/gpiochip1}, "
			"{name: pi, module: raspberrypi}]\ndigital_outputs:\n- {name: a, module: g, pin: 5}\n"
			"- {name: c, module: h, pin: 6}\n- {name: d, module: pi, pin: 7}\n"
			"digital_inputs: [{name: e, module: h, pin: 8}]\n",
			(const char *const[]){"chip: \"/dev/gpiochip0\" # CHECK", "- id: \"a\"", "relay: {line: 5, ",
					"# line 5: digital_outputs.1: not carried over",
					"# line 6: digital_outputs.2: not carried over",
					"# line 7: digital_inputs.0: not carried over", NULL});
	check_taken("mqtt-io: TLS, keepalive, a chip of gpiod",
			"mqtt:\n  host: b\n  port: 8883\n  keepalive: 20\n  client_id: me\n  ha_discovery: {enabled: yes, prefix: p}\n"
			"  tls: {enabled: yes, ca_certs: ca.pem, certfile: c.pem, keyfile: c.key, version: x, insecure: true}\n"
			"gpio_modules: [{name: g, module: gpiod, chip: /dev/gpiochip4}]\n"
			"digital_outputs: [{name: a, module: g, pin: 40}]\n",
			(const char *const[]){"mqtts://b:8883", "keepalive: 20s\n", "ca_file: \"ca.pem\"\n",
					"certificate_file: \"c.pem\"\n", "key_file: \"c.key\"\n", "discovery: true\n",
					"prefix: \"p\"\n", "chip: \"/dev/gpiochip4\" #",
					"relay: {line: 40, active: high}", "# line 5: mqtt.client_id: not carried over",
					"# line 7: mqtt.tls: not carried over: TLS",
					"# line 7: mqtt.tls.insecure: not carried over: the broker's", NULL});
}

struct refusal {
	const char *file;
	unsigned line;
	const char *text; /* how it begins */
};

static const struct refusal refusals[] = {
		{"", 1, "the file is empty"},
		{"mqtt: {broker: mqtt://b}\ndoors: [{relay: GPIO17}]\n", 0, "the keys are of no program that is known"},
		{"mqtt: {host: b}\ndoors:\n- {id: a, relay: 5}\n", 3, "doors.0 has no state"},
		{"mqtt: {host: b}\ndoors:\n- {id: a, relay: 5, state: 6}\n- {id: b, state: 7}\n", 4,
				"doors.1 has no relay"},
		{"mqtt: {host: b}\ndoors:\n- {id: a, relay: 5, state: 6}\n- {id: b, relay: 8}\n", 4,
				"doors.1 has no state"},
		{"mqtt: {host: b}\ndoors:\n- {id: a, relay: 5, state: 6}\n- {relay: 8, state: 7}\n", 4,
				"doors.1 has no id"},
		{"mqtt: {host: b}\ndoors: [{id: a, relay: 28, state: 5}]\n", 2,
				"doors.0.relay: expected a number from 0 to 27"},
		{"mqtt: {host: b}\ndoors: [{id: a, relay: 010, state: 5}]\n", 2, "doors.0.relay: expected a number"},
		{"mqtt: {host: b}\ndoors: [{id: a, relay: '5', state: 5}]\n", 2, "doors.0.relay: expected a number"},
		{"mqtt: {host: b}\ndoors:\n- {id: a, relay: 5, state: 6, invert_relay: maybe}\n", 3,
				"doors.0.invert_relay: expected true or false"},
		{"mqtt: {host: b}\ndoors:\n- {id: a, relay: 5, state: 6, state_mode: closed}\n", 3,
				"doors.0.state_mode: expected normally_open"},
		{"mqtt: {host: b}\n\ndoors:\n- {id: a, relay: 5, state: 6}\n- {id: b, relay: 5, state: 7}\n", 5,
				"converted: relay: GPIO5 is already the relay in line 4"},
		{"mqtt: {host: b, host: c}\ndoors: [{id: a, relay: 5, state: 6}]\n", 1, "mqtt.host stands here again"},
		{"mqtt: {host: b, password: !secret x}\ndoors: [{id: a, relay: 5, state: 6}]\n", 1, "! begins a tag"},
		{"mqtt: {host: \"b\\nc\"}\ndoors: [{id: a, relay: 5, state: 6}]\n", 1,
				"mqtt.host holds a control character"},
		{"mqtt: &a {host: b, x: *a}\ndoors: [{id: a, relay: 5, state: 6}]\n", 1, "lists and groups"},
		{MQTT_IO "digital_outputs: [{name: a, module: none, pin: 5}]\n", 3,
				"digital_outputs.0.module: gpio_modules has none"},
		{MQTT_IO "digital_outputs: [{name: a, module: x, pin: 5}]\n", 0, "there is no output"},
		{MQTT_IO "digital_outputs:\n- {name: a, module: pi, pin: 5, initial: high}\n", 4,
				"digital_outputs.0.initial: the output is on from the start"},
		{"version = 1\n[relays]\nboard = \"PIM213\"\n[[door]]\nname = \"A\"\nrelay = 1\n", 1,
				"version: expected"},
		{"version = 0\n[relays]\nboard = \"PIM213\"\n[[door]]\nname = \"A\"\nrelay = 4\n", 6, "converted: "},
		{"version = 0\n[relays]\nboard = \"X\"\n[[door]]\nname = \"A\"\nrelay = 4\n", 3, "converted: "},
		{"[relays]\npins = [1, 2\n[[door]]\n", 3,
				"this is not the TOML that NormallyClosed documents, expected a comma"},
		{"[relays]\nboard = \"a\\n\"\n", 2, "this is not the TOML"},
		{"[relays]\nboard = \"\"\"a\"\"\"\n", 2, "this is not the TOML"},
		{"[relays]\npins = [010]\n", 2, "this is not the TOML"},
		{"[relays]\nboard = 1.5\n", 2, "this is not the TOML"},
		{"[relays]\n[relays]\n", 2, "this is not the TOML that NormallyClosed documents, expected each"},
		{"[a.b]\n", 1, "this is not the TOML"},
		{"a.b = 1\n", 1, "this is not the TOML"},
		{"a = 1 2\n", 1, "this is not the TOML that NormallyClosed documents, expected nothing behind"},
		{"a = {b = 1}\n", 1, "this is not the TOML"},
		{"a = 1\na = 2\n", 2, "a stands here again, expected it once (first in line 1)"},
};

static void check_refusals(void)
{
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct refusal *refusal = &refusals[i];
		tap_case("refused: %s", refusal->text);
		char *text = convert(refusal->file);
		if (!CHECK(text == NULL && report.count > 0 && report.problems[0].line == refusal->line) ||
				!CHECK(strncmp(report.problems[0].text, refusal->text, strlen(refusal->text)) == 0))
			config_report_print(&report, stdout);
		free(text);
	}
	tap_case("a password is in no message");
	char *text = convert("mqtt: {host: 'a b', user: u, password: hunter2}\ndoors: [{id: a, relay: 5, state: 6}]\n");
	CHECK(text == NULL && report.count > 0);
	for (size_t i = 0; i < report.count; i++)
		CHECK(!strstr(report.problems[i].text, "hunter2"));
}

int main(void)
{
	check_normally_closed();
	check_garageqtpi();
	check_mqtt_io();
	check_refusals();
	return tap_done();
}
