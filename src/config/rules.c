#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/net.h"
#include "config/settings.h"
#include "config/values.h"

#define PI_PULLED_UP_MAX 8 /* BCM2835 ARM Peripherals, table 6-31: GPIO0 to GPIO8 pull up at power-on */
#define PI_HEADER_MAX 27
#define PI_CONSOLE_TRANSMIT 14
#define REAL_TRAVEL_MIN_MS 3000

static const char *const line_keys[DOOR_LINES] = {
		[DOOR_LINE_TOGGLE] = "relay",
		[DOOR_LINE_OPEN] = "open_relay",
		[DOOR_LINE_CLOSE] = "close_relay",
		[DOOR_LINE_STOP] = "stop_relay",
		[DOOR_LINE_WARNING] = "close_warning",
};
static const char *const sensor_keys[DOOR_SENSORS] = {
		[DOOR_SENSOR_CLOSED] = "closed_sensor",
		[DOOR_SENSOR_OPEN] = "open_sensor",
		[DOOR_SENSOR_OBSTRUCTION] = "obstruction_sensor",
};

static bool given(const struct config_reader *reader, const void *field)
{
	return config_given(reader, field, NULL);
}

static struct config_position where(const struct config_reader *reader, const void *field)
{
	struct config_position at = {0};
	config_given(reader, field, &at);
	return at;
}

static void name_node(struct config_reader *reader, struct config *config)
{
	char host[256] = "", node[CONFIG_NODE_MAX + 1];
	if (config->node)
		return;
	gethostname(host, sizeof(host) - 1);
	host[strcspn(host, ".")] = '\0';
	size_t length = strlen(host);
	if (length > 0 && length <= CONFIG_NODE_MAX && config_set_holds("a-z0-9_-", host, length)) {
		config->node = config_keep(reader, host, length);
		return;
	}
	config_slug(host, node, sizeof(node));
	config->node = node[0] != '\0' ? config_keep(reader, node, strlen(node)) : "portcullis";
}

/* One password from two keys. what names the section. */
static void choose_password(struct config_reader *reader, const char **password, const char *const *from_file,
		const char *const *username, const char *what)
{
	if (given(reader, password) && given(reader, from_file))
		config_error(reader, where(reader, from_file),
				"%s has password and password_file, expected one of them", what);
	if (given(reader, password) && reader->readable_by_all)
		config_warning(reader, where(reader, password),
				"this file holds a password and everybody on this machine may read it: chgrp gpio %s && chmod 640 %s, so that the agent, whose group that is, still may; or use password_file",
				reader->path, reader->path);
	const void *which = given(reader, password) ? (const void *)password : (const void *)from_file;
	if (given(reader, which) && !given(reader, username))
		config_error(reader, where(reader, which), "%s has a password and no username, expected both", what);
	if (!*password)
		*password = *from_file;
}

static const void *first_given(const struct config_reader *reader, const struct config_tls *tls)
{
	const void *const fields[] = {&tls->ca_file, &tls->certificate_file, &tls->key_file, &tls->key_password_file};
	for (size_t i = 0; i < COUNT(fields); i++)
		if (given(reader, fields[i]))
			return fields[i];
	return NULL;
}

static void check_pair(struct config_reader *reader, const struct config_tls *tls)
{
	if (given(reader, &tls->certificate_file) && !given(reader, &tls->key_file))
		config_error(reader, where(reader, &tls->certificate_file),
				"certificate_file needs its private key, expected key_file");
	if (given(reader, &tls->key_file) && !given(reader, &tls->certificate_file))
		config_error(reader, where(reader, &tls->key_file),
				"key_file needs its certificate, expected certificate_file");
	if (given(reader, &tls->key_password_file) && !given(reader, &tls->key_file))
		config_error(reader, where(reader, &tls->key_password_file),
				"key_password_file has no key, expected key_file");
}

#define HOME_ASSISTANT_PORT 8123

/* What people write for the broker of Home Assistant, and cannot work here. */
static void home_assistant_warnings(struct config_reader *reader, const struct config_broker *broker)
{
	const char *dot = strrchr(broker->host, '.');
	struct config_position at = where(reader, broker);
	if (dot && strcasecmp(dot, ".local") == 0)
		config_warning(reader, at,
				"broker: %s: .local names need mDNS, which the agent does not speak: use the machine's address, or a name that the DNS server knows",
				broker->host);
	else if (strcasecmp(broker->host, "core-mosquitto") == 0)
		config_warning(reader, at,
				"broker: core-mosquitto is known inside Home Assistant's own machine alone: use that machine's address");
	if (broker->port == HOME_ASSISTANT_PORT)
		config_warning(reader, at,
				"broker: port %d is Home Assistant's own page: its broker usually listens on 1883, or 8883 for mqtts://",
				HOME_ASSISTANT_PORT);
}

static void broker_warnings(struct config_reader *reader, const struct config_broker *broker, bool any_tls)
{
	struct config_position at = where(reader, broker);
	bool open = !broker->tls && !net_is_loopback_host(broker->host);
	home_assistant_warnings(reader, broker);
	if (open && any_tls)
		config_warning(reader, at,
				"broker: %s is spoken to without TLS and another with it: whoever can cut that one off reads and commands the agent by way of this one",
				broker->host);
	else if (open && reader->settings->config.mqtt.password)
		config_warning(reader, at,
				"broker: the password goes to %s without TLS, to be read by whoever is on the network: use mqtts:// where the broker can",
				broker->host);
}

static void mqtt_rules(struct config_reader *reader)
{
	struct config *config = &reader->settings->config;
	const void *tls = first_given(reader, &config->mqtt.tls);
	bool any_tls = false;
	choose_password(reader, &config->mqtt.password, &reader->settings->mqtt_password_from_file,
			&config->mqtt.username, "mqtt");
	for (size_t i = 0; i < config->mqtt.broker_count; i++) {
		const struct config_broker *broker = &config->mqtt.brokers[i];
		any_tls |= broker->tls;
		for (size_t j = 0; j < i; j++)
			if (strcmp(config->mqtt.brokers[j].host, broker->host) == 0 &&
					config->mqtt.brokers[j].port == broker->port)
				config_error(reader, where(reader, broker),
						"broker: %s:%u stands in the list twice, expected it once",
						broker->host, broker->port);
	}
	for (size_t i = 0; i < config->mqtt.broker_count; i++)
		broker_warnings(reader, &config->mqtt.brokers[i], any_tls);
	if (tls && !any_tls)
		config_error(reader, where(reader, tls),
				"mqtt.tls is given and no broker uses it, expected broker: mqtts://...");
	check_pair(reader, &config->mqtt.tls);
	if (config->mqtt.keepalive_ms % 1000 != 0)
		config_error(reader, where(reader, &config->mqtt.keepalive_ms),
				"keepalive: MQTT counts it in seconds, expected whole seconds such as 30s");
	if (!config->mqtt.client_id) {
		char client_id[sizeof("portcullis-") + CONFIG_NODE_MAX];
		int length = snprintf(client_id, sizeof(client_id), "portcullis-%s", config->node);
		config->mqtt.client_id = config_keep(reader, client_id, (size_t)length);
	}
}

/* Of an address that other machines reach. password: one is asked for, even if it could not be read. */
static void page_warnings(struct config_reader *reader, bool password)
{
	const struct config *config = &reader->settings->config;
	const char *address = config->http.address;
	struct config_position at = where(reader, &config->http.address);
	if (!config->http.enabled || net_is_loopback_host(address))
		return;
	if (config->http.password && !config->http.tls.certificate_file)
		config_warning(reader, at,
				"listen: the page's password comes to %s without TLS, to be read by whoever is on the network: give http.tls a certificate, or listen on 127.0.0.1 behind a proxy that has one",
				address);
	if (!password && !config->http.allow_anonymous_commands)
		config_warning(reader, at,
				"the page on %s will be read-only: without username and password_file (or allow_anonymous_commands: true) nobody may move a door there",
				address);
}

static void http_rules(struct config_reader *reader)
{
	struct config *config = &reader->settings->config;
	choose_password(reader, &config->http.password, &reader->settings->http_password_from_file,
			&config->http.username, "http");
	bool password = config->http.password || given(reader, &reader->settings->http_password_from_file);
	if (given(reader, &config->http.username) && !password)
		config_error(reader, where(reader, &config->http.username),
				"http has a username and no password, expected password_file or password");
	if (config->http.username && strchr(config->http.username, ':'))
		config_error(reader, where(reader, &config->http.username),
				"http has a username with a colon, which nobody can log in with, expected one without");
	if (config->http.username && config->http.password &&
			strlen(config->http.username) + strlen(config->http.password) > CONFIG_CREDENTIALS_MAX)
		config_error(reader, where(reader, &config->http.username),
				"http has a username and a password of more than %d bytes together, expected shorter ones",
				CONFIG_CREDENTIALS_MAX);
	check_pair(reader, &config->http.tls);
	if (password && config->http.allow_anonymous_commands)
		config_warning(reader, where(reader, &config->http.allow_anonymous_commands),
				"allow_anonymous_commands has no effect: http has a password, and everybody needs it");
	page_warnings(reader, password);
}

static void gpio_rules(struct config_reader *reader)
{
	struct config_settings *settings = reader->settings;
	if (given(reader, &settings->board) && given(reader, &settings->relays))
		config_error(reader, where(reader, &settings->relays),
				"gpio has board and relays, expected one of them");
	if (settings->config.gpio.backend == CONFIG_SIMULATED)
		config_warning(reader, where(reader, &settings->config.gpio.backend),
				"backend: simulated drives no line: every door that is shown and obeys is a model, expected libgpiod where something is wired");
}

static size_t board_relays(enum config_board board, const uint8_t **lines)
{
	static const uint8_t pim213[] = {13, 19, 16}, pimoroni[] = {16}, ras[] = {4, 17};
	switch (board) {
	case CONFIG_PIM213:
		*lines = pim213;
		return COUNT(pim213);
	case CONFIG_PIM487:
	case CONFIG_PIM221:
		*lines = pimoroni;
		return COUNT(pimoroni);
	default:
		*lines = ras;
		return COUNT(ras);
	}
}

static const char *line_text(const struct config_line *line, char text[static CONFIG_LINE_NAME_MAX + 1])
{
	if (line->name)
		return line->name;
	snprintf(text, CONFIG_LINE_NAME_MAX + 1, "line %u", line->offset);
	return text;
}

static int pi_gpio(const struct config_line *line)
{
	return !line->name ? line->offset : config_gpio_number(line->name);
}

/* What a Raspberry Pi's own hardware does with a line before the agent runs. */
static void check_relay_on_pi(struct config_reader *reader, const struct config_line *line, struct config_position at)
{
	char name[CONFIG_LINE_NAME_MAX + 1];
	int gpio = pi_gpio(line);
	if (gpio < 0 || gpio > PI_HEADER_MAX || reader->settings->config.gpio.backend == CONFIG_SIMULATED)
		return;
	line_text(line, name);
	bool pulled_up = gpio <= PI_PULLED_UP_MAX;
	if (pulled_up != line->active_low)
		config_warning(reader, at,
				"a Raspberry Pi pulls GPIO%d %s at power-on, which switches a relay that is active %s on until the agent starts: use a line from %s, or a relay board that is active %s",
				gpio, pulled_up ? "up" : "down", line->active_low ? "low" : "high",
				line->active_low ? "GPIO4 to GPIO8" : "GPIO9 to GPIO27",
				line->active_low ? "high" : "low");
	if (gpio == PI_CONSOLE_TRANSMIT)
		config_warning(reader, at,
				"GPIO14 sends the serial console's text while a Raspberry Pi starts, which switches the relay: use another line");
}

static void check_on_pi(struct config_reader *reader, const struct config_line_settings *settings, bool input,
		struct config_position at)
{
	int gpio = pi_gpio(&settings->line);
	if (reader->settings->config.gpio.backend == CONFIG_SIMULATED)
		return;
	if (gpio > PI_HEADER_MAX)
		config_warning(reader, at,
				"GPIO%d is not on the header of a Raspberry Pi: lines are counted by GPIO number (0 to %d), not by pin",
				gpio, PI_HEADER_MAX);
	if (input && (gpio == 2 || gpio == 3) && settings->bias == CONFIG_BIAS_PULL_DOWN)
		config_warning(reader, at,
				"GPIO%d has a fixed pull-up of 1.8 kOhm on a Raspberry Pi, which pull_down cannot overcome: use another line, or a contact to ground",
				gpio);
}

static void finish_sensor(struct config_reader *reader, struct config_line_settings *settings, const char *key)
{
	bool active_given = given(reader, &settings->active);
	bool pulled = settings->bias == CONFIG_BIAS_PULL_UP || settings->bias == CONFIG_BIAS_PULL_DOWN;
	if (active_given && given(reader, &settings->contact))
		config_error(reader, where(reader, &settings->active),
				"%s has active and contact, expected one of them", key);
	else if (!active_given && !pulled)
		config_error(reader, where(reader, &settings->bias),
				"%s: without pull_up or pull_down the contact's level is not known, expected active: low or active: high",
				key);
	settings->line.bias = settings->bias;
	settings->line.active_low = active_given ? settings->active == CONFIG_ACTIVE_LOW
						 : (settings->bias == CONFIG_BIAS_PULL_UP) ==
								    (settings->contact == CONFIG_NORMALLY_OPEN);
	check_on_pi(reader, settings, true, where(reader, settings));
}

static void finish_relay(struct config_reader *reader, struct config_line_settings *settings, const char *key)
{
	struct config_settings *all = reader->settings;
	struct config_position at = where(reader, settings);
	bool board = given(reader, &all->board);
	if (settings->relay == 0) {
		settings->line.active_low = settings->active == CONFIG_ACTIVE_LOW;
	} else if (board) {
		const uint8_t *lines;
		size_t count = board_relays(all->board, &lines);
		if (settings->relay > count) {
			config_error(reader, at,
					"%s: the board has no relay %u, expected 1%s%s; a GPIO line is written GPIO%u",
					key, settings->relay,
					count == 1   ? ""
					: count == 2 ? " or 2"
						     : " to 3",
					"", settings->relay);
			return;
		}
		settings->line = (struct config_line){.offset = lines[settings->relay - 1], .present = true};
		return; /* the board's own circuit keeps its relays off until they are driven */
	} else if (settings->relay > all->relay_count) {
		config_error(reader, at,
				"%s: there is no relay %u, expected gpio.board or as many entries in gpio.relays; a GPIO line is written GPIO%u",
				key, settings->relay, settings->relay);
		return;
	} else {
		struct config_line_settings *relay = &all->relays[settings->relay - 1];
		relay->line.active_low = relay->active == CONFIG_ACTIVE_LOW;
		settings->line = relay->line;
		at = where(reader, relay);
	}
	if (!settings->line.present)
		return;
	check_relay_on_pi(reader, &settings->line, at);
	check_on_pi(reader, settings, false, at);
}

static void finish_lines(struct config_reader *reader, struct config_door_settings *door)
{
	struct door_config *machine = &door->door.machine;
	for (size_t i = 0; i < DOOR_LINES; i++) {
		struct config_line_settings *line = &door->lines[i];
		machine->lines[i] = given(reader, line);
		if (!machine->lines[i])
			continue;
		if (i == DOOR_LINE_WARNING) {
			line->line.active_low = line->active == CONFIG_ACTIVE_LOW;
			check_on_pi(reader, line, false, where(reader, line));
		} else {
			finish_relay(reader, line, line_keys[i]);
		}
		door->door.lines[i] = line->line;
	}
	for (size_t i = 0; i < DOOR_SENSORS; i++) {
		machine->sensors[i] = given(reader, &door->sensors[i]);
		if (!machine->sensors[i])
			continue;
		finish_sensor(reader, &door->sensors[i], sensor_keys[i]);
		door->door.sensors[i] = door->sensors[i].line;
	}
}

static void wiring_rules(struct config_reader *reader, struct config_door_settings *door)
{
	const bool *lines = door->door.machine.lines, *sensors = door->door.machine.sensors;
	const struct config_line_settings *toggle = &door->lines[DOOR_LINE_TOGGLE];
	const struct door_opener *opener = &door->door.machine.opener;
	const void *const presses[] = {&opener->while_opening, &opener->while_closing, &opener->after_stop,
			&door->door.machine.allow_detour};
	bool separate = lines[DOOR_LINE_OPEN] || lines[DOOR_LINE_CLOSE] || lines[DOOR_LINE_STOP];
	if (lines[DOOR_LINE_TOGGLE] && separate)
		config_error(reader, where(reader, toggle),
				"relay is toggle wiring and does not go with open_relay, close_relay and stop_relay, expected the one or the others");
	else if (!lines[DOOR_LINE_TOGGLE] && !separate)
		config_error(reader, door->at,
				"the door has no relay, expected relay: (toggle wiring) or open_relay: and close_relay:");
	else if (separate && !lines[DOOR_LINE_OPEN])
		config_error(reader,
				where(reader, &door->lines[lines[DOOR_LINE_CLOSE] ? DOOR_LINE_CLOSE : DOOR_LINE_STOP]),
				"the door has no open_relay, expected open_relay and close_relay (or relay for toggle wiring)");
	else if (separate && !lines[DOOR_LINE_CLOSE])
		config_error(reader, where(reader, &door->lines[DOOR_LINE_OPEN]),
				"the door has no close_relay, expected open_relay and close_relay (or relay for toggle wiring)");
	else if (lines[DOOR_LINE_TOGGLE] && !sensors[DOOR_SENSOR_CLOSED] && !sensors[DOOR_SENSOR_OPEN] &&
			reader->settings->config.gpio.backend != CONFIG_SIMULATED)
		config_warning(reader, where(reader, toggle),
				"the door has no closed_sensor and no open_sensor, so its state is never known and nobody can tell which way a press moves it: open, close and stop are refused, only toggle presses");
	for (size_t i = 0; i < COUNT(presses) && separate; i++)
		if (given(reader, presses[i])) {
			config_error(reader, where(reader, presses[i]),
					"opener says what one press of a toggle relay does, expected it only with relay");
			break;
		}
}

static void time_rules(struct config_reader *reader, struct config_door_settings *door)
{
	struct door_config *machine = &door->door.machine;
	int64_t *const times[] = {&machine->open_time_ms, &machine->close_time_ms};
	bool used = false;
	for (size_t i = 0; i < COUNT(times); i++) {
		const void *said = times[i];
		if (!given(reader, times[i])) {
			*times[i] = door->travel_time_ms;
			said = &door->travel_time_ms;
			if (used)
				break;
			used = true;
		}
		if (*times[i] < REAL_TRAVEL_MIN_MS && *times[i] > 0 &&
				reader->settings->config.gpio.backend != CONFIG_SIMULATED)
			config_warning(reader, where(reader, said),
					"no door travels in %" PRId64
					"ms: measure it, and write rather too much than too little",
					*times[i]);
	}
	/* A press waits until the contacts stand still: later ones would wait for what the first one sets moving. */
	if (machine->lines[DOOR_LINE_TOGGLE] && machine->debounce_ms >= machine->pulse_ms + machine->gap_ms)
		config_warning(reader, where(reader, &machine->debounce_ms),
				"debounce is as long as pulse and gap together: a second press may wait for a contact that the first one has set moving, expected less");
	if (!used && given(reader, &door->travel_time_ms))
		config_error(reader, where(reader, &door->travel_time_ms),
				"travel_time has no effect beside open_time and close_time, expected either it or them");
}

static void closing_rules(struct config_reader *reader, struct config_door_settings *door)
{
	struct door_config *machine = &door->door.machine;
	struct config_position at = where(reader, &machine->auto_close_ms);
	if (!machine->lines[DOOR_LINE_WARNING])
		machine->warning_ms = 0;
	if (machine->auto_close_ms == 0)
		return;
	if (!machine->lines[DOOR_LINE_WARNING])
		config_error(reader, at,
				"auto_close needs a warning before the door moves by itself (UL 325), expected close_warning: {line: ..., time: 5s}");
	else if (machine->warning_ms < DOOR_AUTO_CLOSE_WARNING_MS)
		config_error(reader, where(reader, &machine->warning_ms),
				"with auto_close the warning lasts at least 5s (UL 325), expected time: 5s or more");
}

static void name_door(struct config_reader *reader, struct config_door_settings *settings)
{
	struct config_door *door = &settings->door;
	bool id_wrong = !door->id && given(reader, &door->id), name_wrong = !door->name && given(reader, &door->name);
	if (id_wrong || name_wrong)
		return;
	if (!door->id && !door->name) {
		config_error(reader, settings->at,
				"the door has no name, expected name: (and id: to choose its topic)");
	} else if (!door->id) {
		char id[DOOR_ID_MAX + 1];
		config_slug(door->name, id, sizeof(id));
		if (id[0] == '\0')
			config_error(reader, where(reader, &door->name),
					"the name has no Latin letter or digit to make an id of, expected id: with letters a to z, digits, _ or -");
		else
			door->id = config_keep(reader, id, strlen(id));
	} else if (!door->name) {
		door->name = door->id;
	}
}

static void unique_ids(struct config_reader *reader)
{
	struct config_settings *settings = reader->settings;
	for (size_t i = 0; i < settings->door_count; i++) {
		struct config_door *door = &settings->doors[i].door;
		for (size_t j = 0; j < i && door->id; j++) {
			const char *other = settings->doors[j].door.id;
			if (!other || strcmp(other, door->id) != 0)
				continue;
			const void *said =
					given(reader, &door->id) ? (const void *)&door->id : (const void *)&door->name;
			config_error(reader, where(reader, said),
					"the id \"%s\" is already that of the door in line %u, expected another %s",
					door->id, settings->doors[j].at.line,
					said == &door->id ? "id" : "name, or an id");
			break;
		}
	}
}

struct use {
	const struct config_line *line;
	const char *key;
	struct config_position at;
};

static bool same_line(const struct config_line *a, const struct config_line *b)
{
	if (a->name && b->name)
		return strcmp(a->name, b->name) == 0;
	return pi_gpio(a) >= 0 && pi_gpio(a) == pi_gpio(b);
}

static void use_line(struct config_reader *reader, struct use *uses, size_t *count,
		const struct config_line_settings *settings, const char *key)
{
	struct use use = {.line = &settings->line, .key = key, .at = where(reader, settings)};
	char name[CONFIG_LINE_NAME_MAX + 1];
	if (!settings->line.present)
		return;
	for (size_t i = 0; i < *count; i++)
		if (same_line(uses[i].line, use.line)) {
			config_error(reader, use.at, "%s: %s is already the %s in line %u, expected another line", key,
					line_text(use.line, name), uses[i].key, uses[i].at.line);
			return;
		}
	uses[(*count)++] = use;
}

static void unique_lines(struct config_reader *reader)
{
	struct config_settings *settings = reader->settings;
	struct use *uses = calloc(DOORS_MAX * (DOOR_LINES + DOOR_SENSORS), sizeof(*uses));
	size_t count = 0;
	if (!uses) {
		reader->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < settings->door_count; i++) {
		for (size_t j = 0; j < DOOR_LINES; j++)
			use_line(reader, uses, &count, &settings->doors[i].lines[j], line_keys[j]);
		for (size_t j = 0; j < DOOR_SENSORS; j++)
			use_line(reader, uses, &count, &settings->doors[i].sensors[j], sensor_keys[j]);
	}
	free(uses);
}

void config_apply_rules(struct config_reader *reader)
{
	struct config_settings *settings = reader->settings;
	name_node(reader, &settings->config);
	mqtt_rules(reader);
	http_rules(reader);
	gpio_rules(reader);
	for (size_t i = 0; i < settings->door_count; i++) {
		name_door(reader, &settings->doors[i]);
		finish_lines(reader, &settings->doors[i]);
		wiring_rules(reader, &settings->doors[i]);
		time_rules(reader, &settings->doors[i]);
		closing_rules(reader, &settings->doors[i]);
	}
	unique_ids(reader);
	unique_lines(reader);
}
