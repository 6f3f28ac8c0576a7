/*
 * What the keys say together: names that follow from others, what contradicts, what is missing, and what is allowed but
 * rarely meant, which is a warning. wiring.c does the same for the lines.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/net.h"
#include "base/text.h"
#include "config/settings.h"
#include "config/values.h"
#include "door/door.h"
#include "mdns/mdns.h"

#define REAL_TRAVEL_MIN_MS 3000

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
	if (config_given(reader, password) && config_given(reader, from_file))
		config_error(reader, config_where(reader, from_file),
				"%s has password and password_file, expected one of them", what);
	if (config_given(reader, password) && reader->readable_by_all)
		config_warning(reader, config_where(reader, password),
				"this file holds a password and everybody on this machine may read it: chgrp gpio %s && chmod 640 %s, so that the agent, whose group that is, still may; or use password_file",
				reader->path, reader->path);
	const void *which = config_given(reader, password) ? (const void *)password : (const void *)from_file;
	if (config_given(reader, which) && !config_given(reader, username))
		config_error(reader, config_where(reader, which), "%s has a password and no username, expected both",
				what);
	if (!*password)
		*password = *from_file;
}

static const void *first_given(const struct config_reader *reader, const struct config_tls *tls)
{
	const void *const fields[] = {&tls->ca_file, &tls->certificate_file, &tls->key_file, &tls->key_password_file};
	for (size_t i = 0; i < COUNT(fields); i++)
		if (config_given(reader, fields[i]))
			return fields[i];
	return NULL;
}

static void check_pair(struct config_reader *reader, const struct config_tls *tls)
{
	if (config_given(reader, &tls->certificate_file) && !config_given(reader, &tls->key_file))
		config_error(reader, config_where(reader, &tls->certificate_file),
				"certificate_file needs its private key, expected key_file");
	if (config_given(reader, &tls->key_file) && !config_given(reader, &tls->certificate_file))
		config_error(reader, config_where(reader, &tls->key_file),
				"key_file needs its certificate, expected certificate_file");
	if (config_given(reader, &tls->key_password_file) && !config_given(reader, &tls->key_file))
		config_error(reader, config_where(reader, &tls->key_password_file),
				"key_password_file has no key, expected key_file");
}

#define HOME_ASSISTANT_PORT 8123

/* What people write for the broker of Home Assistant, and cannot work here. */
static void home_assistant_warnings(struct config_reader *reader, const struct config_broker *broker)
{
	struct config_position at = config_where(reader, broker);
	const char *obstacle = mdns_is_local(broker->host) ? mdns_obstacle() : NULL;
	if (obstacle)
		config_warning(reader, at, "broker: %s: .local names are found by multicast DNS, and %s", broker->host,
				obstacle);
	else if (strcasecmp(broker->host, "core-mosquitto") == 0 && !reader->settings->config.http.ingress)
		config_warning(reader, at,
				"broker: core-mosquitto is known inside Home Assistant's own machine alone: use that machine's address");
	if (broker->port == HOME_ASSISTANT_PORT)
		config_warning(reader, at,
				"broker: port %d is Home Assistant's own page: its broker usually listens on 1883, or 8883 for mqtts://",
				HOME_ASSISTANT_PORT);
}

static void broker_warnings(struct config_reader *reader, const struct config_broker *broker, bool any_tls)
{
	struct config_position at = config_where(reader, broker);
	bool open = !broker->tls && !net_is_loopback_host(broker->host);
	if (broker->by_supervisor)
		return;
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

/* The broker is the Supervisor's to name, and so is the login there. */
static void supervisor_rules(struct config_reader *reader)
{
	const struct config *config = &reader->settings->config;
	for (size_t i = 0; i < config->mqtt.broker_count; i++) {
		const struct config_broker *broker = &config->mqtt.brokers[i];
		if (!broker->by_supervisor)
			continue;
		if (config->mqtt.broker_count > 1)
			config_error(reader, config_where(reader, broker),
					"broker: supervisor:// stands in a list, expected it alone");
		if (config_given(reader, &config->mqtt.username))
			config_error(reader, config_where(reader, &config->mqtt.username),
					"mqtt has a username and broker: supervisor://, which tells the login as well, expected one of them");
	}
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
				config_error(reader, config_where(reader, broker),
						"broker: %s:%u stands in the list twice, expected it once",
						broker->host, broker->port);
	}
	for (size_t i = 0; i < config->mqtt.broker_count; i++)
		broker_warnings(reader, &config->mqtt.brokers[i], any_tls);
	supervisor_rules(reader);
	if (tls && !any_tls && !config->mqtt.brokers[0].by_supervisor) /* which may name one with TLS */
		config_error(reader, config_where(reader, tls),
				"mqtt.tls is given and no broker uses it, expected broker: mqtts://...");
	check_pair(reader, &config->mqtt.tls);
	if (config->mqtt.keepalive_ms % 1000 != 0)
		config_error(reader, config_where(reader, &config->mqtt.keepalive_ms),
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
	struct config_position at = config_where(reader, &config->http.address);
	if (!config->http.enabled || config->http.ingress || net_is_loopback_host(address))
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

/* The characters are those of the key's set. */
static void check_frame_ancestors(struct config_reader *reader)
{
	const char *text = reader->settings->config.http.frame_ancestors;
	if (!text || strcmp(text, "self") == 0)
		return;
	for (const char *word = text; *word; word += strcspn(word, " "), word += strspn(word, " "))
		if (strncmp(word, "http://", 7) != 0 && strncmp(word, "https://", 8) != 0) {
			config_error(reader, config_where(reader, &reader->settings->config.http.frame_ancestors),
					"frame_ancestors: expected self, or addresses with blanks between, each with http:// or https://");
			return;
		}
}

static void check_ingress(struct config_reader *reader)
{
	const struct config *config = &reader->settings->config;
	struct sockaddr_storage ignored;
	if (!config->http.ingress)
		return;
	if (!net_address(config->http.ingress, 0, &ignored))
		config_error(reader, config_where(reader, &config->http.ingress),
				"ingress: expected a numeric address, that of Home Assistant's Supervisor: 172.30.32.2");
	if (config_given(reader, &config->http.username))
		config_error(reader, config_where(reader, &config->http.username),
				"http has ingress and a username, expected one of them: who comes by the ingress is asked by Home Assistant, and nobody else is served");
}

static void http_rules(struct config_reader *reader)
{
	struct config *config = &reader->settings->config;
	choose_password(reader, &config->http.password, &reader->settings->http_password_from_file,
			&config->http.username, "http");
	bool password = config->http.password || config_given(reader, &reader->settings->http_password_from_file);
	if (config_given(reader, &config->http.username) && !password)
		config_error(reader, config_where(reader, &config->http.username),
				"http has a username and no password, expected password_file or password");
	if (config->http.username && strchr(config->http.username, ':'))
		config_error(reader, config_where(reader, &config->http.username),
				"http has a username with a colon, which nobody can log in with, expected one without");
	if (config->http.username && config->http.password &&
			strlen(config->http.username) + strlen(config->http.password) > CONFIG_CREDENTIALS_MAX)
		config_error(reader, config_where(reader, &config->http.username),
				"http has a username and a password of more than %d bytes together, expected shorter ones",
				CONFIG_CREDENTIALS_MAX);
	check_pair(reader, &config->http.tls);
	check_frame_ancestors(reader);
	check_ingress(reader);
	if (password && config->http.allow_anonymous_commands)
		config_warning(reader, config_where(reader, &config->http.allow_anonymous_commands),
				"allow_anonymous_commands has no effect: http has a password, and everybody needs it");
	page_warnings(reader, password);
}

static void gpio_rules(struct config_reader *reader)
{
	struct config_settings *settings = reader->settings;
	if (config_given(reader, &settings->board) && config_given(reader, &settings->relays))
		config_error(reader, config_where(reader, &settings->relays),
				"gpio has board and relays, expected one of them");
	if (settings->config.gpio.backend == CONFIG_SIMULATED)
		config_warning(reader, config_where(reader, &settings->config.gpio.backend),
				"backend: simulated drives no line: every door that is shown and obeys is a model, expected libgpiod where something is wired");
}

static void time_rules(struct config_reader *reader, struct config_door_settings *door)
{
	struct door_config *machine = &door->door.machine;
	int64_t *const times[] = {&machine->open_time_ms, &machine->close_time_ms};
	bool used = false;
	for (size_t i = 0; i < COUNT(times); i++) {
		const void *said = times[i];
		if (!config_given(reader, times[i])) {
			*times[i] = door->travel_time_ms;
			said = &door->travel_time_ms;
			if (used)
				break;
			used = true;
		}
		if (*times[i] < REAL_TRAVEL_MIN_MS && *times[i] > 0 &&
				reader->settings->config.gpio.backend != CONFIG_SIMULATED)
			config_warning(reader, config_where(reader, said),
					"no door travels in %" PRId64
					"ms: measure it, and write rather too much than too little",
					*times[i]);
	}
	/* A press waits until the contacts stand still: later ones would wait for what the first one sets moving. */
	if (machine->lines[DOOR_LINE_TOGGLE] && machine->debounce_ms >= machine->pulse_ms + machine->gap_ms)
		config_warning(reader, config_where(reader, &machine->debounce_ms),
				"debounce is as long as pulse and gap together: a second press may wait for a contact that the first one has set moving, expected less");
	if (!used && config_given(reader, &door->travel_time_ms))
		config_error(reader, config_where(reader, &door->travel_time_ms),
				"travel_time has no effect beside open_time and close_time, expected either it or them");
}

/* Toggle wiring without a contact at an end. */
static bool is_never_known_open(const struct door_config *machine)
{
	return machine->lines[DOOR_LINE_TOGGLE] && !machine->sensors[DOOR_SENSOR_CLOSED] &&
	       !machine->sensors[DOOR_SENSOR_OPEN];
}

static void warn_never_known_open(struct config_reader *reader, const int64_t *time_ms, const char *key)
{
	config_warning(reader, config_where(reader, time_ms),
			"%s has no effect: with this wiring it is never known whether the door is open, expected a closed_sensor",
			key);
}

static void closing_rules(struct config_reader *reader, struct config_door_settings *door)
{
	struct door_config *machine = &door->door.machine;
	struct config_position at = config_where(reader, &machine->auto_close_ms);
	if (!machine->lines[DOOR_LINE_WARNING])
		machine->warning_ms = 0;
	if (machine->auto_close_ms == 0)
		return;
	if (!machine->lines[DOOR_LINE_WARNING])
		config_error(reader, at,
				"auto_close needs a warning before the door moves by itself (UL 325), expected close_warning: {line: ..., time: 5s}");
	else if (machine->warning_ms < DOOR_AUTO_CLOSE_WARNING_MS)
		config_error(reader, config_where(reader, &machine->warning_ms),
				"with auto_close the warning lasts at least 5s (UL 325), expected time: 5s or more");
	else if (is_never_known_open(machine))
		warn_never_known_open(reader, &machine->auto_close_ms, "auto_close");
}

static void left_open_rules(struct config_reader *reader, struct config_door_settings *settings)
{
	const struct config_door *door = &settings->door;
	if (door->left_open_again_ms > 0 && door->left_open_ms == 0)
		config_error(reader, config_where(reader, &settings->door.left_open_again_ms),
				"left_open_again has no effect without left_open, expected left_open: 10m or the like");
	if (door->left_open_ms > 0 && is_never_known_open(&door->machine))
		warn_never_known_open(reader, &settings->door.left_open_ms, "left_open");
}

/* Where a press can stop the door at that position, on its way from one end at least. */
static void vent_rules(struct config_reader *reader, const struct config_door_settings *settings)
{
	static const struct {
		enum door_state direction;
		const char *end;
	} ways[] = {{DOOR_OPENING, "closed"}, {DOOR_CLOSING, "open"}};
	const struct config_door *door = &settings->door;
	char reach[64] = "";
	for (size_t i = 0; i < COUNT(ways); i++) {
		int low, high;
		if (!door_reach(&door->machine, ways[i].direction, &low, &high))
			continue;
		if (door->vent == 0 || (door->vent >= low && door->vent <= high))
			return;
		text_append(reach, sizeof(reach), "%s%d to %d when it is %s", *reach ? ", or " : "", low, high,
				ways[i].end);
	}
	bool timed = door->machine.open_time_ms > 0 && door->machine.close_time_ms > 0; /* else that is told */
	if (door->vent == 0 || !timed)
		return;
	if (*reach)
		config_error(reader, config_where(reader, &door->vent),
				"vent: no press can stop the door at %d %%, expected %s", door->vent, reach);
	else
		config_error(reader, config_where(reader, &door->vent),
				"vent: no press can stop this door on its way from an end that a contact shows, expected a stop_relay, or a relay whose opener stops, and a closed_sensor");
}

static void lockout_rules(struct config_reader *reader, struct config_door_settings *settings)
{
	settings->door.machine.lockout_all = settings->lockout == CONFIG_LOCKOUT_ALL;
	if (config_given(reader, &settings->lockout) && !reader->settings->config.history.directory)
		config_warning(reader, config_where(reader, &settings->lockout),
				"a restart lifts a lock-out by page, MQTT or API: nothing keeps it, expected history: {directory: ...}");
	if (settings->door.id && strcmp(settings->door.id, "lockout") == 0)
		config_error(reader, settings->at,
				"the id \"lockout\" is taken: its topics would be those of all doors' lock-out, expected another id");
}

static void name_door(struct config_reader *reader, struct config_door_settings *settings)
{
	struct config_door *door = &settings->door;
	bool id_wrong = !door->id && config_given(reader, &door->id),
	     name_wrong = !door->name && config_given(reader, &door->name);
	if (id_wrong || name_wrong)
		return;
	if (!door->id && !door->name) {
		config_error(reader, settings->at,
				"the door has no name, expected name: (and id: to choose its topic)");
	} else if (!door->id) {
		char id[DOOR_ID_MAX + 1];
		config_slug(door->name, id, sizeof(id));
		if (id[0] == '\0')
			config_error(reader, config_where(reader, &door->name),
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
			const void *said = config_given(reader, &door->id) ? (const void *)&door->id
									   : (const void *)&door->name;
			config_error(reader, config_where(reader, said),
					"the id \"%s\" is already that of the door in line %u, expected another %s",
					door->id, settings->doors[j].at.line,
					said == &door->id ? "id" : "name, or an id");
			break;
		}
	}
}

void config_apply_rules(struct config_reader *reader)
{
	struct config_settings *settings = reader->settings;
	name_node(reader, &settings->config);
	mqtt_rules(reader);
	http_rules(reader);
	gpio_rules(reader);
	config_apply_wiring(reader);
	for (size_t i = 0; i < settings->door_count; i++) {
		name_door(reader, &settings->doors[i]);
		time_rules(reader, &settings->doors[i]);
		closing_rules(reader, &settings->doors[i]);
		left_open_rules(reader, &settings->doors[i]);
		vent_rules(reader, &settings->doors[i]);
		lockout_rules(reader, &settings->doors[i]);
	}
	unique_ids(reader);
}
