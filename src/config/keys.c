/*
 * The table: every key that a configuration file may have, with its kind, bounds, default, example and help. The reader,
 * the messages, the JSON schema and the man page follow it. Offsets count in the struct that the section fills.
 */
#include <inttypes.h>

#include "config/settings.h"

#define MS(seconds) ((int64_t)(seconds) * 1000)
#define MINUTES(minutes) MS((minutes) * 60)
#define HOURS(hours) MINUTES((hours) * 60)
#define AT(member) offsetof(struct config_settings, member)
#define DOOR(member) offsetof(struct config_door_settings, member)
#define LINE(member) offsetof(struct config_line_settings, member)
#define ID_SET "a-z0-9_-"
#define TOPIC_SET "A-Za-z0-9_./-"

/* clang-format off */

static const struct config_word backends[] = {
	{"libgpiod", CONFIG_LIBGPIOD}, {"simulated", CONFIG_SIMULATED}, {NULL, 0}};
static const struct config_word bias_words[] = {
	{"pull_up", CONFIG_BIAS_PULL_UP},
	{"pull_down", CONFIG_BIAS_PULL_DOWN},
	{"disabled", CONFIG_BIAS_DISABLED},
	{"as_is", CONFIG_BIAS_AS_IS},
	{NULL, 0},
};
static const struct config_word levels[] = {
	{"error", CONFIG_LOG_ERROR},
	{"warning", CONFIG_LOG_WARNING},
	{"info", CONFIG_LOG_INFO},
	{"debug", CONFIG_LOG_DEBUG},
	{NULL, 0},
};
static const struct config_word formats[] = {{"text", CONFIG_LOG_TEXT}, {"json", CONFIG_LOG_JSON}, {NULL, 0}};
static const struct config_word device_classes[] = {
	{"garage", CONFIG_GARAGE}, {"gate", CONFIG_GATE}, {"door", CONFIG_DOOR}, {NULL, 0}};
static const struct config_word actives[] = {{"low", CONFIG_ACTIVE_LOW}, {"high", CONFIG_ACTIVE_HIGH}, {NULL, 0}};
static const struct config_word contacts[] = {
	{"normally_open", CONFIG_NORMALLY_OPEN}, {"normally_closed", CONFIG_NORMALLY_CLOSED}, {NULL, 0}};
static const struct config_word boards[] = {
	{"PIM213", CONFIG_PIM213},
	{"PIM487", CONFIG_PIM487},
	{"PIM221", CONFIG_PIM221},
	{"RAS-109", CONFIG_RAS_109},
	{"RAS-194", CONFIG_RAS_194},
	{NULL, 0},
};
static const struct config_word moving_presses[] = {
	{"stop", DOOR_PRESS_STOP}, {"reverse", DOOR_PRESS_REVERSE}, {"ignore", DOOR_PRESS_IGNORE}, {NULL, 0}};
static const struct config_word stopped_presses[] = {
	{"reverse", DOOR_PRESS_REVERSE}, {"continue", DOOR_PRESS_CONTINUE}, {NULL, 0}};

static const struct config_word lockouts[] = {{"open", CONFIG_LOCKOUT_OPEN}, {"all", CONFIG_LOCKOUT_ALL}, {NULL, 0}};
static const struct config_word languages[] = {
#define X(tag) {#tag, LANGUAGE_##tag},
	PORTCULLIS_LANGUAGES
#undef X
	{NULL, 0},
};

static const struct config_key mqtt_tls_keys[] = {
	{.name = "ca_file", .kind = CONFIG_KIND_FILE, .offset = AT(config.mqtt.tls.ca_file),
		.maximum = CONFIG_PATH_MAX, .example = "/etc/portcullis/ca.pem",
		.help = "Certificate authorities (PEM) that may vouch for the broker. Default: those of the system."},
	{.name = "certificate_file", .kind = CONFIG_KIND_FILE, .offset = AT(config.mqtt.tls.certificate_file),
		.maximum = CONFIG_PATH_MAX, .example = "/etc/portcullis/client.pem",
		.help = "The agent's own certificate and its chain (PEM), for brokers that ask for one; needs key_file."},
	{.name = "key_file", .kind = CONFIG_KIND_FILE, .offset = AT(config.mqtt.tls.key_file),
		.maximum = CONFIG_PATH_MAX, .example = "/etc/portcullis/client.key",
		.help = "The private key (PEM) of certificate_file."},
	{.name = "key_password_file", .kind = CONFIG_KIND_FILE, .offset = AT(config.mqtt.tls.key_password_file),
		.maximum = CONFIG_PATH_MAX, .example = "/run/secrets/key",
		.help = "A file with the password of key_file."},
	{.name = NULL},
};

static const struct config_key mqtt_keys[] = {
	{.name = "broker", .kind = CONFIG_KIND_BROKERS, .required = true, .offset = AT(config.mqtt.brokers),
		.minimum = 1, .maximum = CONFIG_BROKERS_MAX, .example = "mqtt://broker.lan",
		.help = "The broker: mqtts://HOST with TLS, mqtt://HOST without, and :PORT where it is not 8883 or 1883. A list is tried in turn (the members of a cluster). supervisor://172.30.32.2 in an app of Home Assistant: its Supervisor is asked at the start, and tells the login, too."},
	{.name = "username", .kind = CONFIG_KIND_TEXT, .offset = AT(config.mqtt.username), .minimum = 1,
		.maximum = 255, .example = "portcullis",
		.help = "The name to log in with. Default: none."},
	{.name = "password", .kind = CONFIG_KIND_SECRET, .offset = AT(config.mqtt.password), .minimum = 1,
		.maximum = CONFIG_SECRET_MAX, .example = "secret",
		.help = "The password; password_file keeps it out of here."},
	{.name = "password_file", .kind = CONFIG_KIND_SECRET_FILE, .offset = AT(mqtt_password_from_file),
		.minimum = 1, .maximum = CONFIG_SECRET_MAX, .example = "/run/secrets/mqtt",
		.help = "A file that holds the password: portcullis --set-password mqtt writes it."},
	{.name = "client_id", .kind = CONFIG_KIND_TEXT, .offset = AT(config.mqtt.client_id), .minimum = 1,
		.maximum = CONFIG_CLIENT_ID_MAX, .example = "portcullis-garage",
		.help = "Must be another one for each client of the broker. Default: portcullis-NODE."},
	{.name = "topic_prefix", .kind = CONFIG_KIND_TOPIC, .offset = AT(config.mqtt.topic_prefix), .minimum = 1,
		.maximum = CONFIG_TOPIC_MAX, .set = TOPIC_SET, .standard = "portcullis", .example = "home/garage",
		.help = "Topics are PREFIX/NODE/..."},
	{.name = "keepalive", .kind = CONFIG_KIND_DURATION, .offset = AT(config.mqtt.keepalive_ms), .minimum = MS(1),
		.maximum = HOURS(1), .standard = "30s", .example = "30s",
		.help = "How often the connection proves that it lives; whole seconds."},
	{.name = "tls", .kind = CONFIG_KIND_SECTION, .keys = mqtt_tls_keys,
		.help = "Certificates for mqtts://. The files are read again for each connection."},
	{.name = NULL},
};

static const struct config_key home_assistant_keys[] = {
	{.name = "discovery", .kind = CONFIG_KIND_BOOLEAN, .offset = AT(config.home_assistant.discovery),
		.standard = "true", .example = "true",
		.help = "Whether the doors appear in Home Assistant by themselves."},
	{.name = "prefix", .kind = CONFIG_KIND_TOPIC, .offset = AT(config.home_assistant.prefix), .minimum = 1,
		.maximum = CONFIG_TOPIC_MAX, .set = TOPIC_SET, .standard = "homeassistant",
		.example = "homeassistant",
		.help = "The discovery prefix that Home Assistant is set to."},
	{.name = "command_expiry", .kind = CONFIG_KIND_BOOLEAN, .offset = AT(config.home_assistant.command_expiry),
		.standard = "true", .example = "false",
		.help = "Whether commands of Home Assistant expire on their way after 10 s, over MQTT 5. Off for a Home Assistant that is stuck on MQTT 3.1.1, which else fails with each press."},
	{.name = NULL},
};

static const struct config_key relay_keys[] = {
	{.name = "line", .kind = CONFIG_KIND_LINE, .required = true, .offset = LINE(line), .example = "GPIO17",
		.help = "A GPIO line: its name (GPIO17) or its number on the chip (17)."},
	{.name = "active", .kind = CONFIG_KIND_WORD, .offset = LINE(active), .words = actives, .standard = "high",
		.example = "low",
		.help = "The level that switches the relay on: low for most opto-isolated boards."},
	{.name = NULL},
};

static const struct config_key sensor_keys[] = {
	{.name = "line", .kind = CONFIG_KIND_LINE, .required = true, .offset = LINE(line), .example = "GPIO23",
		.help = "A GPIO line: its name (GPIO23) or its number on the chip (23)."},
	{.name = "contact", .kind = CONFIG_KIND_WORD, .offset = LINE(contact), .words = contacts,
		.standard = "normally_open", .example = "normally_open",
		.help = "normally_open: the contact closes when there is something to say (the door is closed, open, obstructed, locked out); normally_closed: it opens then."},
	{.name = "bias", .kind = CONFIG_KIND_WORD, .offset = LINE(bias), .words = bias_words, .standard = "pull_up",
		.example = "pull_up",
		.help = "The Pi's own resistor: pull_up for a contact between line and ground, pull_down for one between line and 3.3 V, disabled or as_is where the circuit has its own (then say active)."},
	{.name = "active", .kind = CONFIG_KIND_WORD, .offset = LINE(active), .words = actives, .example = "low",
		.help = "The level of a line that has something to say, instead of contact. Default: from contact and bias."},
	{.name = NULL},
};

static const struct config_key gpio_keys[] = {
	{.name = "backend", .kind = CONFIG_KIND_WORD, .offset = AT(config.gpio.backend), .words = backends,
		.standard = "libgpiod", .example = "simulated",
		.help = "libgpiod drives the real lines; simulated is a model of opener and door, to try everything without a Pi."},
	{.name = "chip", .kind = CONFIG_KIND_TEXT, .offset = AT(config.gpio.chip), .minimum = 1,
		.maximum = CONFIG_PATH_MAX, .example = "pinctrl-bcm2835",
		.help = "The chip's label, name (gpiochip0) or path. Default: the first whose label starts with pinctrl-."},
	{.name = "board", .kind = CONFIG_KIND_WORD, .offset = AT(board), .words = boards, .example = "PIM213",
		.help = "A relay board, which names the relays by number: PIM213 (GPIO13, 19, 16), PIM487 and PIM221 (GPIO16), RAS-109 and RAS-194 (GPIO4, 17)."},
	{.name = "relays", .kind = CONFIG_KIND_RELAYS, .offset = AT(relays), .minimum = 1,
		.maximum = CONFIG_RELAYS_MAX, .keys = relay_keys, .example = "[GPIO13, GPIO19]",
		.help = "Instead of board: the lines of the relays number 1, 2 and so on."},
	{.name = NULL},
};

static const struct config_key http_tls_keys[] = {
	{.name = "certificate_file", .kind = CONFIG_KIND_FILE, .offset = AT(config.http.tls.certificate_file),
		.maximum = CONFIG_PATH_MAX, .example = "/etc/portcullis/page.pem",
		.help = "The page's certificate and its chain (PEM); needs key_file."},
	{.name = "key_file", .kind = CONFIG_KIND_FILE, .offset = AT(config.http.tls.key_file),
		.maximum = CONFIG_PATH_MAX, .example = "/etc/portcullis/page.key",
		.help = "The private key (PEM) of certificate_file."},
	{.name = NULL},
};

static const struct config_key http_keys[] = {
	{.name = "listen", .kind = CONFIG_KIND_LISTEN, .may_be_off = true, .offset = AT(config.http.address),
		.standard = "127.0.0.1:8080", .example = "0.0.0.0:8080",
		.help = "Address and port of the status page: 127.0.0.1 for this machine alone, 0.0.0.0 or [::] for the network; off for none."},
	{.name = "username", .kind = CONFIG_KIND_TEXT, .offset = AT(config.http.username), .minimum = 1,
		.maximum = 255, .example = "family",
		.help = "With a password: the page, the API and the metrics ask for both."},
	{.name = "password", .kind = CONFIG_KIND_SECRET, .offset = AT(config.http.password), .minimum = 1,
		.maximum = CONFIG_SECRET_MAX, .example = "secret",
		.help = "The password, or what portcullis --hash-password printed for it; password_file keeps it out of here."},
	{.name = "password_file", .kind = CONFIG_KIND_SECRET_FILE, .offset = AT(http_password_from_file),
		.minimum = 1, .maximum = CONFIG_SECRET_MAX, .example = "/run/secrets/page",
		.help = "A file that holds the password or its hash: portcullis --set-password page writes it."},
	{.name = "hosts", .kind = CONFIG_KIND_HOSTS, .offset = AT(config.http.hosts), .minimum = 1,
		.maximum = CONFIG_HOSTS_MAX, .example = "[garage.example]",
		.help = "Names that the page answers to, besides addresses, localhost and the host's own name."},
	{.name = "frame_ancestors", .kind = CONFIG_KIND_TEXT, .offset = AT(config.http.frame_ancestors), .minimum = 1,
		.maximum = CONFIG_FRAME_ANCESTORS_MAX, .set = "A-Za-z0-9.:/_[] -", .example = "self",
		.help = "Whose pages may show this one in a frame: self for those below the same address, as a reverse proxy has them, or addresses such as https://house.example with blanks between. Default: nobody's."},
	{.name = "ingress", .kind = CONFIG_KIND_TEXT, .offset = AT(config.http.ingress), .minimum = 1,
		.maximum = CONFIG_ADDRESS_MAX, .set = "0-9A-Fa-f.:", .example = "172.30.32.2",
		.help = "The address of Home Assistant's Supervisor, where the agent is an app of Home Assistant: the page is served to it alone, without a password and by any name, since Home Assistant has asked who its visitors are."},
	{.name = "language", .kind = CONFIG_KIND_WORD, .offset = AT(config.http.language), .words = languages, .example = "de",
		.help = "The language of the page, whatever the browser asks for. Default: each viewer's, by the browser's Accept-Language, and English where the page has none of those."},
	{.name = "allow_anonymous_commands", .kind = CONFIG_KIND_BOOLEAN,
		.offset = AT(config.http.allow_anonymous_commands), .standard = "false", .example = "true",
		.help = "Without a password, an address that is not loopback serves a page that shows and does not command; true lets everybody who reaches it move the doors."},
	{.name = "tls", .kind = CONFIG_KIND_SECTION, .keys = http_tls_keys,
		.help = "Serves the page by HTTPS. Renewed files are taken into use without a restart."},
	{.name = NULL},
};

static const struct config_key log_keys[] = {
	{.name = "level", .kind = CONFIG_KIND_WORD, .offset = AT(config.log.level), .words = levels,
		.standard = "info", .example = "debug",
		.help = "The least important lines to write."},
	{.name = "format", .kind = CONFIG_KIND_WORD, .offset = AT(config.log.format), .words = formats,
		.standard = "text", .example = "json",
		.help = "Lines for people or JSON objects."},
	{.name = NULL},
};

static const struct config_key history_keys[] = {
	{.name = "directory", .kind = CONFIG_KIND_FILE, .offset = AT(config.history.directory),
		.maximum = CONFIG_PATH_MAX, .example = "/var/lib/portcullis",
		.help = "Where the doors' last events and their counts outlive a restart, in two files of at most 256 KB; writable by the agent, which looks for it until it is there. Default: in memory only."},
	{.name = NULL},
};

static const struct config_key opener_keys[] = {
	{.name = "while_opening", .kind = CONFIG_KIND_WORD, .offset = DOOR(door.machine.opener.while_opening),
		.words = moving_presses, .standard = "stop", .example = "stop",
		.help = "What one press does to an opening door."},
	{.name = "while_closing", .kind = CONFIG_KIND_WORD, .offset = DOOR(door.machine.opener.while_closing),
		.words = moving_presses, .standard = "reverse", .example = "reverse",
		.help = "What one press does to a closing door."},
	{.name = "after_stop", .kind = CONFIG_KIND_WORD, .offset = DOOR(door.machine.opener.after_stop),
		.words = stopped_presses, .standard = "reverse", .example = "reverse",
		.help = "Where one press sends a door that was stopped on its way: back, or on."},
	{.name = "allow_detour", .kind = CONFIG_KIND_BOOLEAN, .offset = DOOR(door.machine.allow_detour),
		.standard = "false", .example = "true",
		.help = "Whether OPEN may begin with a press that closes the door, where the opener knows no other way. Else it is refused."},
	{.name = NULL},
};

static const struct config_key close_warning_keys[] = {
	{.name = "line", .kind = CONFIG_KIND_LINE, .required = true, .offset = DOOR(lines[DOOR_LINE_WARNING].line),
		.example = "GPIO5",
		.help = "The GPIO line of a light or a buzzer: its name (GPIO5) or its number on the chip (5)."},
	{.name = "active", .kind = CONFIG_KIND_WORD, .offset = DOOR(lines[DOOR_LINE_WARNING].active),
		.words = actives, .standard = "high", .example = "low",
		.help = "The level that switches it on."},
	{.name = "time", .kind = CONFIG_KIND_DURATION, .offset = DOOR(door.machine.warning_ms), .minimum = MS(1),
		.maximum = MINUTES(1), .standard = "5s", .example = "5s",
		.help = "How long before the door closes; STOP ends it. At least 5s with auto_close."},
	{.name = NULL},
};

#define RELAY_EXAMPLE "1, GPIO17 or {line: GPIO17, active: low}"
#define SENSOR_EXAMPLE "GPIO23 or {line: GPIO23, contact: normally_open, bias: pull_up}"

static const struct config_key door_keys[] = {
	{.name = "id", .kind = CONFIG_KIND_TEXT, .offset = DOOR(door.id), .minimum = 1, .maximum = DOOR_ID_MAX,
		.set = ID_SET, .example = "left",
		.help = "The door in topics and addresses. Default: made of the name (Left door: left_door)."},
	{.name = "name", .kind = CONFIG_KIND_TEXT, .offset = DOOR(door.name), .minimum = 1, .maximum = DOOR_NAME_MAX,
		.example = "Left door",
		.help = "The door for people. Default: the id."},
	{.name = "device_class", .kind = CONFIG_KIND_WORD, .offset = DOOR(door.device_class), .words = device_classes,
		.standard = "garage", .example = "gate",
		.help = "What Home Assistant shows it as."},
	{.name = "area", .kind = CONFIG_KIND_TEXT, .offset = DOOR(door.area), .minimum = 1, .maximum = DOOR_NAME_MAX,
		.example = "Garage",
		.help = "The area that Home Assistant suggests for a door that is new to it. Default: none."},
	{.name = "relay", .kind = CONFIG_KIND_RELAY, .offset = DOOR(lines[DOOR_LINE_TOGGLE]), .keys = relay_keys,
		.example = RELAY_EXAMPLE,
		.help = "Toggle wiring, one relay across the opener's wall button: the relay's number on gpio.board or in gpio.relays, a GPIO line's name, or line and active."},
	{.name = "open_relay", .kind = CONFIG_KIND_RELAY, .offset = DOOR(lines[DOOR_LINE_OPEN]), .keys = relay_keys,
		.example = RELAY_EXAMPLE,
		.help = "Instead of relay: the opener's own input for opening."},
	{.name = "close_relay", .kind = CONFIG_KIND_RELAY, .offset = DOOR(lines[DOOR_LINE_CLOSE]), .keys = relay_keys,
		.example = RELAY_EXAMPLE,
		.help = "With open_relay: the input for closing."},
	{.name = "stop_relay", .kind = CONFIG_KIND_RELAY, .offset = DOOR(lines[DOOR_LINE_STOP]), .keys = relay_keys,
		.example = RELAY_EXAMPLE,
		.help = "With open_relay and close_relay, where there is one: the input for stopping."},
	{.name = "pulse", .kind = CONFIG_KIND_DURATION, .offset = DOOR(door.machine.pulse_ms), .minimum = 50,
		.maximum = DOOR_PULSE_MAX_MS, .standard = "500ms", .example = "500ms",
		.help = "How long a relay is on for one press."},
	{.name = "gap", .kind = CONFIG_KIND_DURATION, .offset = DOOR(door.machine.gap_ms), .minimum = DOOR_GAP_MIN_MS,
		.maximum = MS(5), .standard = "500ms", .example = "500ms",
		.help = "The least time between a relay's release and the next press."},
	{.name = "closed_sensor", .kind = CONFIG_KIND_SENSOR, .offset = DOOR(sensors[DOOR_SENSOR_CLOSED]),
		.keys = sensor_keys, .example = SENSOR_EXAMPLE,
		.help = "The contact that says that the door is closed."},
	{.name = "open_sensor", .kind = CONFIG_KIND_SENSOR, .offset = DOOR(sensors[DOOR_SENSOR_OPEN]),
		.keys = sensor_keys, .example = SENSOR_EXAMPLE,
		.help = "The contact that says that the door is fully open."},
	{.name = "obstruction_sensor", .kind = CONFIG_KIND_SENSOR, .offset = DOOR(sensors[DOOR_SENSOR_OBSTRUCTION]),
		.keys = sensor_keys, .example = SENSOR_EXAMPLE,
		.help = "The contact of a light beam that says that something is in the way: CLOSE is refused then."},
	{.name = "lockout_sensor", .kind = CONFIG_KIND_SENSOR, .offset = DOOR(sensors[DOOR_SENSOR_LOCKOUT]),
		.keys = sensor_keys, .example = "{line: GPIO26, contact: normally_closed}",
		.help = "The contact of a key switch that locks the door out; it alone can lift that. With normally_closed a broken wire locks."},
	{.name = "lockout", .kind = CONFIG_KIND_WORD, .offset = DOOR(lockout), .words = lockouts, .standard = "open",
		.example = "all",
		.help = "What is refused while the door is locked out: open, each command that may open it; all, CLOSE as well. STOP never is."},
	{.name = "debounce", .kind = CONFIG_KIND_DURATION, .offset = DOOR(door.machine.debounce_ms), .maximum = MS(2),
		.standard = "50ms", .example = "50ms",
		.help = "How long a contact must stand still before it is believed."},
	{.name = "travel_time", .kind = CONFIG_KIND_DURATION, .offset = DOOR(travel_time_ms), .minimum = 100,
		.maximum = CONFIG_TRAVEL_MAX_MS, .standard = "15s", .example = "15s",
		.help = "A whole travel, either way; rather too long than too short."},
	{.name = "open_time", .kind = CONFIG_KIND_DURATION, .offset = DOOR(door.machine.open_time_ms), .minimum = 100,
		.maximum = CONFIG_TRAVEL_MAX_MS, .example = "14s",
		.help = "Instead of travel_time, for opening."},
	{.name = "close_time", .kind = CONFIG_KIND_DURATION, .offset = DOOR(door.machine.close_time_ms),
		.minimum = 100, .maximum = CONFIG_TRAVEL_MAX_MS, .example = "18s",
		.help = "Instead of travel_time, for closing."},
	{.name = "opener", .kind = CONFIG_KIND_SECTION, .keys = opener_keys,
		.help = "Toggle wiring: what one press of the button does. Watch the opener and write it down here."},
	{.name = "close_warning", .kind = CONFIG_KIND_SECTION, .keys = close_warning_keys,
		.help = "A light or a buzzer before the agent closes the door."},
	{.name = "auto_close", .kind = CONFIG_KIND_DURATION, .may_be_off = true,
		.offset = DOOR(door.machine.auto_close_ms), .minimum = MS(1), .maximum = HOURS(24), .standard = "off",
		.example = "10m",
		.help = "Closes a door that stood open for so long; needs close_warning."},
	{.name = "left_open", .kind = CONFIG_KIND_DURATION, .may_be_off = true, .offset = DOOR(door.left_open_ms),
		.minimum = MS(1), .maximum = HOURS(24), .standard = "off", .example = "10m",
		.help = "Tells that the door has been open for so long: the page, MQTT, Home Assistant, the metrics. Moves nothing."},
	{.name = "left_open_again", .kind = CONFIG_KIND_DURATION, .may_be_off = true,
		.offset = DOOR(door.left_open_again_ms), .minimum = MS(1), .maximum = HOURS(24), .standard = "off",
		.example = "30m",
		.help = "With left_open: how often its event is told again until the door is closed."},
	{.name = "vent", .kind = CONFIG_KIND_PERCENT, .may_be_off = true, .offset = DOOR(door.vent), .minimum = 1, .maximum = 99,
		.standard = "off", .example = "15",
		.help = "The position, in percent, to which the button Air sends the door. Only where one press can stop the door there."},
	{.name = NULL},
};

const struct config_key config_keys[] = {
	{.name = "node", .kind = CONFIG_KIND_TEXT, .offset = AT(config.node), .minimum = 1,
		.maximum = CONFIG_NODE_MAX, .set = ID_SET, .example = "garage",
		.help = "This agent in topics and addresses. Default: the host's name."},
	{.name = "mqtt", .kind = CONFIG_KIND_SECTION, .required = true, .keys = mqtt_keys,
		.help = "The broker."},
	{.name = "home_assistant", .kind = CONFIG_KIND_SECTION, .keys = home_assistant_keys,
		.help = "Home Assistant."},
	{.name = "gpio", .kind = CONFIG_KIND_SECTION, .keys = gpio_keys,
		.help = "Chip and relay board."},
	{.name = "http", .kind = CONFIG_KIND_SECTION, .keys = http_keys,
		.help = "The status page, the API and the metrics."},
	{.name = "log", .kind = CONFIG_KIND_SECTION, .keys = log_keys,
		.help = "The log on standard error."},
	{.name = "history", .kind = CONFIG_KIND_SECTION, .keys = history_keys,
		.help = "What happened to the doors."},
	{.name = "peers", .kind = CONFIG_KIND_PEERS, .offset = AT(config.peers), .minimum = 1,
		.maximum = CONFIG_PEERS_MAX, .set = ID_SET, .example = "[shed, gate]",
		.help = "Other agents on the same broker, by their node names, whose doors the page shows and commands; or all."},
	{.name = "doors", .kind = CONFIG_KIND_DOORS, .required = true, .offset = AT(doors), .minimum = 1,
		.maximum = DOORS_MAX, .keys = door_keys,
		.help = "The doors."},
	{.name = NULL},
};

/* clang-format on */

static const char *kind_name(enum config_kind kind)
{
	static const char *const names[] = {
			[CONFIG_KIND_BOOLEAN] = "boolean",
			[CONFIG_KIND_WORD] = "word",
			[CONFIG_KIND_DURATION] = "duration",
			[CONFIG_KIND_PERCENT] = "percent",
			[CONFIG_KIND_TEXT] = "text",
			[CONFIG_KIND_TOPIC] = "topic",
			[CONFIG_KIND_SECRET] = "secret",
			[CONFIG_KIND_SECRET_FILE] = "secret_file",
			[CONFIG_KIND_FILE] = "file",
			[CONFIG_KIND_BROKERS] = "brokers",
			[CONFIG_KIND_LISTEN] = "listen",
			[CONFIG_KIND_HOSTS] = "hosts",
			[CONFIG_KIND_PEERS] = "peers",
			[CONFIG_KIND_LINE] = "line",
			[CONFIG_KIND_RELAY] = "relay",
			[CONFIG_KIND_RELAYS] = "relays",
			[CONFIG_KIND_SENSOR] = "sensor",
			[CONFIG_KIND_SECTION] = "section",
			[CONFIG_KIND_DOORS] = "doors",
	};
	return names[kind];
}

static void print_string(FILE *stream, const char *name, const char *text)
{
	if (!text)
		return;
	fprintf(stream, ", \"%s\": \"", name);
	for (; *text != '\0'; text++)
		fprintf(stream, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	fputc('"', stream);
}

static void print_keys(FILE *stream, const struct config_key *keys)
{
	for (const struct config_key *key = keys; key->name; key++) {
		fprintf(stream, "%s\"%s\": {\"kind\": \"%s\", \"required\": %s, \"may_be_off\": %s",
				key == keys ? "{" : ", ", key->name, kind_name(key->kind),
				key->required ? "true" : "false", key->may_be_off ? "true" : "false");
		fprintf(stream, ", \"minimum\": %" PRId64 ", \"maximum\": %" PRId64, key->minimum, key->maximum);
		print_string(stream, "set", key->set);
		print_string(stream, "default", key->standard);
		print_string(stream, "example", key->example);
		print_string(stream, "help", key->help);
		for (const struct config_word *word = key->words; word && word->name; word++)
			fprintf(stream, "%s\"%s\"", word == key->words ? ", \"words\": [" : ", ", word->name);
		if (key->words)
			fputc(']', stream);
		if (key->keys) {
			fprintf(stream, ", \"keys\": ");
			print_keys(stream, key->keys);
		}
		fputc('}', stream);
	}
	fputc('}', stream);
}

void config_print_keys(FILE *stream)
{
	print_keys(stream, config_keys);
	fputc('\n', stream);
}
