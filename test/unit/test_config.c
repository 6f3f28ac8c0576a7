#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MQTT "mqtt: {broker: mqtt://b}\n"
#define EIGHT(text) text text text text text text text text
#define DOOR "doors: [{name: Left, relay: GPIO17, closed_sensor: GPIO23}]\n"

/* A file and what is said of it: "LINE:COLUMN: " and how the text begins, in the file's order, and nothing else. */
struct row {
	const char *yaml;
	const char *problems[6];
};

static bool said(const struct config_problem *problem, const char *expected)
{
	char text[CONFIG_PROBLEM_TEXT_MAX + 64];

	snprintf(text, sizeof(text), "%u:%u: %s%s", problem->line, problem->column,
			problem->error ? "" : "warning: ", problem->text);
	return strncmp(text, expected, strlen(expected)) == 0;
}

#define BLIND "the door has no closed_sensor and no open_sensor, so its state is never known"

#define SIMULATED "backend: simulated drives no line"
#define OPEN "without TLS, to be read by whoever is on the network: use mqtts://"

/*
 * Many files here have no contact, simulate, or send a password in the clear, which is warned of: that is looked at in
 * the rows that expect it, and left out else.
 */
static void leave_out_usual(struct config_report *report, const char *const *problems, size_t max)
{
	static const char *const usual[] = {BLIND, SIMULATED, OPEN};

	for (size_t u = 0; u < COUNT(usual); u++) {
		bool expected = false;
		size_t kept = 0;
		for (size_t i = 0; i < max && problems[i] != NULL; i++)
			expected |= strstr(problems[i], usual[u]) != NULL;
		for (size_t i = 0; i < report->count && !expected; i++) {
			if (strstr(report->problems[i].text, usual[u]) == NULL)
				report->problems[kept++] = report->problems[i];
			else
				report->warnings--;
		}
		if (!expected)
			report->count = kept;
	}
}

static void check_report(const char *yaml, const struct config_report *report, const char *const *problems, size_t max)
{
	size_t count = 0;
	bool good = true;

	while (count < max && problems[count] != NULL)
		count++;
	good = CHECK(report->errors + report->warnings == count);
	for (size_t i = 0; i < count && i < report->count; i++)
		good &= CHECK(said(&report->problems[i], problems[i]));
	if (good)
		return;
	printf("# of:\n");
	for (const char *line = yaml; *line != '\0';) {
		size_t length = strcspn(line, "\n");
		printf("#   %.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
	printf("# it says:\n");
	for (size_t i = 0; i < report->count; i++)
		printf("#   %u:%u: %s%s\n", report->problems[i].line, report->problems[i].column,
				report->problems[i].error ? "" : "warning: ", report->problems[i].text);
}

static void check_rows(const char *name, const struct row *rows, size_t count)
{
	static struct config_report report;
	struct config config;

	tap_case("%s", name);
	for (size_t i = 0; i < count; i++) {
		int error = config_parse(rows[i].yaml, strlen(rows[i].yaml), "test.yaml", &config, &report);
		CHECK(error == (report.errors > 0 ? -EINVAL : 0));
		CHECK((error == 0) == (config.doors != NULL));
		CHECK((error == 0) == (config.strings != NULL));
		leave_out_usual(&report, rows[i].problems, COUNT(rows[i].problems));
		check_report(rows[i].yaml, &report, rows[i].problems, COUNT(rows[i].problems));
		config_free(&config);
	}
}

#define CHECK_ROWS(name, ...)                                   \
	do {                                                    \
		static const struct row rows[] = {__VA_ARGS__}; \
		check_rows(name, rows, COUNT(rows));            \
	} while (0)

/* The rows are for reading. */
/* clang-format off */

static void documents(void)
{
	CHECK_ROWS("what is no configuration at all",
		{"", {"1:1: the file is empty, expected at least mqtt: with a broker and doors: with one door"}},
		{"# only a comment\n", {"1:1: the file is empty"}},
		{"---\n", {"1:1: the file is empty"}},
		{"hello\n", {"1:1: found a single value, expected keys such as mqtt: and doors:"}},
		{"- a\n- b\n", {"1:1: found a list, expected keys"}},
		{"mqtt:\n\tbroker: x\n",
			{"2:1: this is not YAML: found character that cannot start any token; expected spaces "
				"instead of the tab"}},
		{"mqtt: {broker: mqtt://b\ndoors:\n", {"2:6: this is not YAML: "}},
		{"mqtt: a: b\n",
			{"1:8: this is not YAML: mapping values are not allowed in this context; expected each "
				"line"}},
		{MQTT DOOR "---\na: b\n", {"4:1: a second document begins before this"}},
		{"mqtt: \xff\n", {"1:7: invalid leading UTF-8 octet, expected a text file in UTF-8"}},
		{"? [a, b]\n: c\n" MQTT DOOR, {"1:3: found a list as a key, expected a word"}},
		{"a: &a [*a]\n" MQTT DOOR, {"1:1: unknown key \"a\", expected one of node, mqtt, home_assistant"}},
		{"mqtt: *nobody\n", {"1:7: this is not YAML: found undefined alias"}});

	CHECK_ROWS("what YAML would look up, drop or change is an error",
		{"mqtt: {broker: mqtt://b, username: u, password: !secret x}\n" DOOR, {"1:49: ! begins a tag in YAML, and tags"}},
		{"mqtt: {broker: mqtt://b, username: u, password: !x }\n" DOOR, {"1:49: ! begins a tag in YAML"}},
		{"mqtt: {broker: mqtt://b, username: u, password: ! x}\n" DOOR, {"1:49: ! begins a tag in YAML"}},
		{"mqtt: {broker: mqtt://b, username: u, password: !!str x}\n" DOOR, {"1:49: ! begins a tag in YAML"}},
		{"mqtt: {broker: mqtt://b, username: u, password: !<x> x}\n" DOOR, {"1:49: ! begins a tag in YAML"}},
		{MQTT "doors: !include doors.yaml\n", {"2:8: ! begins a tag in YAML"}},
		{MQTT DOOR "!x node: a\n", {"3:1: ! begins a tag in YAML"}},
		{MQTT "doors:\n- !door {name: Left, relay: GPIO17}\n- {name: !x R, relay: GPIO18}\n",
			{"3:3: ! begins a tag", "4:10: ! begins a tag"}},
		{"mqtt: {broker: mqtt://b, username: u, password: &a b}\n" DOOR,
			{"1:49: & begins an anchor in YAML, and no * refers to this one"}},
		{"mqtt: {broker: mqtt://b, username: u, password: &ab}\n" DOOR,
			{"1:49: & begins an anchor in YAML, and this one stands on nothing"}},
		{MQTT "doors:\n- name: L\n  relay: &a\n  closed_sensor: *a\n",
			{"4:10: & begins an anchor in YAML, and this one stands on nothing"}},
		{MQTT "http: {hosts: &h\n  [a]}\ndoors: &d\n- {name: Left, relay: GPIO17}\n- &e\n- {relay: *h}\n",
			{"4:8: & begins an anchor in YAML, and no *", "6:3: & begins an anchor in YAML, and this one"}},
		{MQTT DOOR "node: a\n  b\n", {"3:7: this text goes on in the next line, and YAML would join"}},
		{MQTT "doors: [{name: 'Left\n  door', relay: GPIO17}]\n", {"2:16: this text goes on in the next line"}},
		{MQTT "doors: [{name: \"Left\\\n  door\", relay: GPIO17}]\n", {"2:16: this text goes on in the next line"}},
		{MQTT "doors: [{name: Left\u2028door, relay: GPIO17}]\n", {"2:16: this text goes on in the next line"}},
		{MQTT DOOR "node: >-\n  a\n  b\n", {"3:7: > joins the lines of a text with blanks"}},
		{MQTT DOOR "node: |-\n  a\n", {NULL}},
		{MQTT "doors: [{name: \"a\\ b\", relay: GPIO17}]\n", {"2:18: the backslash would be lost"}},
		{MQTT "doors: [{name: \"\u00e4\\/b\", relay: GPIO17}]\n", {"2:18: the backslash would be lost"}},
		{MQTT "doors: [{name: \"a\\\\ b\\_\", relay: GPIO17}]\n", {"2:22: the backslash would be lost"}},
		{MQTT "doors: [{name: \"dom\\Nils\", relay: GPIO17}]\n", {"2:20: the backslash would be lost"}},
		{MQTT "doors: [{name: \"dom\\x85\", relay: GPIO17}]\n", {"2:16: name: it holds a line end or another control"}},
		{MQTT "doors: [{name: \"\\u2029\", relay: GPIO17}]\n", {"2:16: name: it holds a line end or another control"}},
		{MQTT "doors: [{name: \"\\xe4 \\\\ \\\"a\\\"\", relay: GPIO17}]\n", {NULL}},
		{MQTT "doors: [{name: 'a\\ b', relay: GPIO17}]\n", {NULL}},
		{"\xff\xfem\0", {"1:1: this is UTF-16, expected a text file in UTF-8"}},
		{MQTT DOOR "peers: \"all\\0x\"\n", {"3:8: peers: found a single value"}});

	CHECK_ROWS("a value that YAML takes for nothing, or for a comment",
		{"mqtt: {broker: mqtt://b, username: u, password: ~}\n" DOOR,
			{"1:49: password: null and ~ are YAML's words for nothing, expected the text in quotes, or no password"}},
		{MQTT "doors: [{name: Null, relay: GPIO17}]\n", {"2:16: name: null and ~ are YAML's words for nothing"}},
		{MQTT DOOR "node: null\n", {"3:7: node: null and ~ are YAML's words for nothing"}},
		{MQTT DOOR "node: 'null'\n", {NULL}},
		{"mqtt:\n  broker: mqtt://b\n  username: u\n  password:\n" DOOR,
			{"4:12: warning: password: it has no value, so that there is no password"}},
		{"mqtt: {broker: mqtt://b, username: u, password_file: }\n" DOOR,
			{"1:54: warning: password_file: it has no value, so that there is no password"}},
		{"mqtt:\n  broker: mqtt://b\n  username: u\n  password: # see the safe\n" DOOR,
			{"4:12: warning: password: it has no value"}},
		{MQTT "doors:\n- name: L\n  relay: GPIO17\n  obstruction_sensor: #{line: GPIO25}\n",
			{"5:22: warning: obstruction_sensor: it has no value, so that the door has none"}},
		{MQTT "doors: [{name: L, open_relay: GPIO17, close_relay: GPIO18, stop_relay: ~}]\n",
			{"2:72: warning: stop_relay: it has no value, so that the door has none"}},
		{MQTT "doors:\n- name: L\n  relay: {line: GPIO17, active: }\n",
			{"4:33: warning: active: it has no value, so that it is high: give it one, or take the key out"}},
		{MQTT "doors:\n- name: L\n  relay:\n    line: GPIO17\n    active: #low\n",
			{"6:12: active: what follows # is a comment, so that it has no value, expected low or high"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: {line: GPIO23, contact: null}, pulse: ~, auto_close: }]\n",
			{"2:73: warning: contact: it has no value, so that it is normally_open",
				"2:87: warning: pulse: it has no value, so that it is 500ms",
				"2:102: warning: auto_close: it has no value, so that it is off"}},
		{MQTT DOOR "http: {listen: , hosts: }\npeers:\nhome_assistant:\n",
			{"3:16: warning: listen: it has no value, so that it is 127.0.0.1:8080",
				"3:25: warning: hosts: it has no value, so that it counts as absent",
				"4:7: warning: peers: it has no value, so that it counts as absent"}},
		{"mqtt:\n  broker: mqtt://b\n  username: u\n  password: #ab\n" DOOR,
			{"4:12: password: what follows # would be a comment and no part of the password"}},
		{"mqtt:\n  broker: mqtt://b\n  username: \u00fc\n  password: \u00e4 \t#ab\n" DOOR,
			{"4:13: password: what follows # would be a comment and no part of the password"}},
		{"\ufeffmqtt:\n  broker: mqtt://b\n  username: u\n  password: a #b\n" DOOR,
			{"4:13: password: what follows # would be"}},
		{"mqtt:\n  broker: mqtt://b\n  username: u\n  password: a # b\n" DOOR, {NULL}},
		{"mqtt:\n  broker: mqtt://b\n  username: u\n  password: a#b\n" DOOR, {NULL}},
		{"mqtt:\n  broker: mqtt://b\n  username: u\n  password: 'a' #b\n" DOOR, {NULL}},
		{"mqtt: {broker: mqtt://b, username: u, password: [a]}\n" DOOR,
			{"1:49: password: found a list, expected a value such as secret (text that begins with [ or { in quotes)"}},
		{"mqtt:\n  broker: mqtt://b\n  username: u\n  password: %a\n" DOOR,
			{"4:13: this is not YAML: found character that cannot start any token; expected each line indented "
				"like its neighbours, and text that begins with a sign or holds : or # in quotes"}},
		{MQTT "doors:\n- name: Garage #2\n  relay: GPIO17 #BCM\n",
			{"3:9: warning: name: what follows # is a comment: put text that holds # in quotes"}},
		{"mqtt: {broker: mqtt://b, username: u, password: ' a'}\n" DOOR,
			{"1:49: warning: password: the password begins or ends with a blank or an invisible character"}},
		{"mqtt: {broker: mqtt://b, username: u, password: a\u00a0}\n" DOOR,
			{"1:49: warning: password: the password begins or ends with a blank or an invisible character"}});

	CHECK_ROWS("what must be there",
		{MQTT, {"1:1: doors is missing, expected a list of doors, each beginning with \"- name: ...\""}},
		{DOOR, {"1:1: mqtt is missing, expected a group of keys: broker, username"}},
		{"mqtt:\n" DOOR, {"1:1: mqtt is missing, expected a group of keys: broker, username"}},
		{"mqtt: {username: x}\n" DOOR, {"1:7: broker is missing, expected a value such as mqtt://broker.lan"}},
		{MQTT "doors: []\n", {"2:8: doors: 0 entries, expected 1 to 64"}},
		{MQTT "doors: {name: Left}\n", {"2:8: doors: found a group of keys, expected a list of doors"}},
		{MQTT "doors: [Left]\n", {"2:9: doors: found a single value, expected a door's keys: \"- name: ...\""}},
		{"node: a\n", {"1:1: mqtt is missing", "1:1: doors is missing"}});
}

static void keys(void)
{
	CHECK_ROWS("keys that nobody knows",
		{MQTT DOOR "nod: a\n", {"3:1: unknown key \"nod\", did you mean node?"}},
		{MQTT DOOR "homeassistant: {}\n", {"3:1: unknown key \"homeassistant\", did you mean home_assistant?"}},
		{MQTT DOOR "Node: a\n", {"3:1: unknown key \"Node\", did you mean node?"}},
		{MQTT DOOR "wifi: a\n",
			{"3:1: unknown key \"wifi\", expected one of node, mqtt, home_assistant, gpio, http, log, "
				"history, peers, doors"}},
		{MQTT DOOR "log:\n  username: a\n", {"4:3: key \"username\" does not belong here, expected it in mqtt or in http"}},
		{MQTT "gpio:\n  board: PIM213\n#http:\n  username: a\n  active: low\n" DOOR,
			{"5:3: key \"username\" does not belong here, expected it in http, whose own line (4) is a comment",
				"6:3: key \"active\" does not belong here, expected it in relays or in "}},
		{"  # mqtt:\nlog:\n  #level: info\n  broker: mqtt://b\n" DOOR,
			{"2:1: mqtt is missing", "4:3: key \"broker\" does not belong here, expected it in mqtt, whose own line (1) is"}},
		{MQTT DOOR "broker: mqtt://b\n", {"3:1: key \"broker\" does not belong here, expected it in mqtt"}},
		{"mqtt: {broker: mqtt://b, doors: []}\n" DOOR,
			{"1:26: key \"doors\" does not belong here, expected it at the left margin"}},
		{MQTT "doors:\n  - name: Left\n    relay: GPIO17\n    puls: 1s\n",
			{"5:5: unknown key \"puls\", did you mean pulse?"}},
		{MQTT "doors: [{name: L, relay: {line: GPIO17, aktive: low}}]\n",
			{"2:41: unknown key \"aktive\", did you mean active?"}},
		{MQTT "doors: [{<<: {name: L}, relay: GPIO17}]\n",
			{"2:9: the door has no name", "2:10: merge keys (<<) are not supported"}},
		{MQTT DOOR "\"a\\tb\": 1\n", {"3:1: unknown key \"a?b\", expected one of"}});

	CHECK_ROWS("keys that stand there twice",
		{MQTT DOOR "node: a\nnode: b\n",
			{"4:1: key \"node\" stands here again, expected it once (first in line 3)"}},
		{MQTT "doors: [{name: L, relay: GPIO17, pulse: 1s, pulse: 2s}]\n",
			{"2:45: key \"pulse\" stands here again"}});

	CHECK_ROWS("values of the wrong kind",
		{"mqtt: b\n" DOOR, {"1:7: mqtt: found a single value, expected a group of keys: broker, username"}},
		{MQTT "doors: [{name: [L], relay: GPIO17}]\n",
			{"2:16: name: found a list, expected a value such as Left door"}},
		{MQTT "doors: [{name: L, relay: [GPIO17]}]\n",
			{"2:26: relay: found a list, expected a value such as 1, GPIO17 or {line: GPIO17, active: "
				"low}"}},
		{MQTT DOOR "log: {level: {}}\n",
			{"3:14: level: found a group of keys, expected error, warning, info or debug"}},
		{MQTT DOOR "http: {hosts: a}\n",
			{"3:15: hosts: found a single value, expected a list such as [garage.example]"}},
		{MQTT DOOR "home_assistant: {discovery: maybe}\n",
			{"3:29: discovery: \"maybe\" is neither true nor false"}},
		{MQTT DOOR "log: {level: inf}\n",
			{"3:14: level: \"inf\" is not known here, expected error, warning, info or debug (did you "
				"mean info?)"}},
		{MQTT DOOR "gpio: {board: pim213}\n",
			{"3:15: board: \"pim213\" is not known here, expected PIM213, PIM487, PIM221, RAS-109 or "
				"RAS-194 (did you mean PIM213?)"}});

	CHECK_ROWS("durations",
		{"mqtt: {broker: mqtt://b, keepalive: 30}\n" DOOR,
			{"1:37: keepalive: 30 has no unit, write 30ms, 30s or 30m (expected 1s to 1h)"}},
		{"mqtt: {broker: mqtt://b, keepalive: 1.5s}\n" DOOR,
			{"1:37: keepalive: \"1.5s\" is not a duration, expected a whole number and its unit, such "
				"as 30s (1s to 1h)"}},
		{"mqtt: {broker: mqtt://b, keepalive: 1500ms}\n" DOOR,
			{"1:37: keepalive: MQTT counts it in seconds, expected whole seconds such as 30s"}},
		{"mqtt: {broker: mqtt://b, keepalive: 99999999999999999h}\n" DOOR,
			{"1:37: keepalive: \"99999999999999999h\" is too long"}},
		{MQTT "doors: [{name: L, relay: GPIO17, pulse: 6s}]\n",
			{"2:41: pulse: \"6s\" is too long, expected 50ms to 5s"}},
		{MQTT "doors: [{name: L, relay: GPIO17, pulse: 5s}]\n", {NULL}},
		{MQTT "doors: [{name: L, relay: GPIO17, pulse: 1ms}]\n",
			{"2:41: pulse: \"1ms\" is too short, expected 50ms to 5s"}},
		{MQTT "doors: [{name: L, relay: GPIO17, pulse: off}]\n", {"2:41: pulse: \"off\" is not a duration"}},
		{MQTT "doors: [{name: L, relay: GPIO17, travel_time: 6m}]\n",
			{"2:47: travel_time: \"6m\" is too long, expected 100ms to 5m"}},
		{MQTT "doors: [{name: L, relay: GPIO17, auto_close: 0s}]\n",
			{"2:46: auto_close: \"0s\" is too short, expected 1s to 24h, or off"}});
}

static void texts(void)
{
	CHECK_ROWS("peers",
		{MQTT DOOR "peers: shed\n", {"3:8: peers: found a single value, expected a list such as [shed, gate], or all"}},
		{MQTT DOOR "peers: {a: b}\n", {"3:8: peers: found a group of keys, expected a list such as [shed, gate], or all"}},
		{MQTT DOOR "peers: []\n", {"3:8: peers: 0 entries, expected 1 to 32"}},
		{MQTT DOOR "peers: [shed, Gate]\n", {"3:15: peers: \"Gate\" holds a character that is not allowed here, expected only a-z0-9_- (did you mean gate?)"}},
		{MQTT DOOR "peers: [shed, a, shed]\n", {"3:18: peers: \"shed\" is named twice"}},
		{MQTT DOOR "peers: [shed, {a: b}]\n", {"3:15: peers: found a group of keys"}},
		{MQTT DOOR "peers: ['']\n", {"3:9: peers: it is empty"}});
	CHECK_ROWS("names, ids and topics",
		{MQTT DOOR "node: Garage\n",
			{"3:7: node: \"Garage\" holds a character that is not allowed here, expected only a-z0-9_- (did you mean garage?)"}},
		{MQTT DOOR "node: \"\"\n", {"3:7: node: it is empty, expected a value such as garage"}},
		{MQTT DOOR "node: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
			{"3:7: node: 64 bytes are too many, expected at most 63"}},
		{MQTT DOOR "node: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaz\n", {NULL}},
		{"mqtt: {broker: mqtt://b, topic_prefix: a/#}\n" DOOR,
			{"1:40: topic_prefix: \"a/#\" holds a character"}},
		{"mqtt: {broker: mqtt://b, topic_prefix: a/+/b}\n" DOOR,
			{"1:40: topic_prefix: \"a/+/b\" holds a character"}},
		{"mqtt: {broker: mqtt://b, topic_prefix: \"a\\0b\"}\n" DOOR,
			{"1:40: topic_prefix: it holds a line end or another control character"}},
		{"mqtt: {broker: mqtt://b, topic_prefix: a/}\n" DOOR,
			{"1:40: topic_prefix: \"a/\" has an empty level"}},
		{"mqtt: {broker: mqtt://b, topic_prefix: /a}\n" DOOR,
			{"1:40: topic_prefix: \"/a\" has an empty level"}},
		{"mqtt: {broker: mqtt://b, topic_prefix: a//b}\n" DOOR,
			{"1:40: topic_prefix: \"a//b\" has an empty level"}},
		{"mqtt: {broker: mqtt://b, topic_prefix: a/b}\n" DOOR, {NULL}},
		{MQTT "doors: [{relay: GPIO17}]\n", {"2:9: the door has no name, expected name:"}},
		{MQTT "doors: [{name: Гараж, relay: GPIO17}]\n",
			{"2:16: the name has no Latin letter or digit to make an id of"}},
		{MQTT "doors: [{name: Гараж, id: g, relay: GPIO17}]\n", {NULL}},
		{MQTT "doors: [{id: Left, relay: GPIO17}]\n",
			{"2:14: id: \"Left\" holds a character that is not allowed here, expected only a-z0-9_- (did you mean left?)"}},
		{MQTT "doors: [{id: 'Left Door', relay: GPIO17, closed_sensor: GPIO23}]\n",
			{"2:14: id: \"Left Door\" holds a character that is not allowed here, expected only a-z0-9_- (did you mean left_door?)"}},
		{MQTT "doors: [{id: LEFT-Door, relay: GPIO17, closed_sensor: GPIO23}]\n",
			{"2:14: id: \"LEFT-Door\" holds a character that is not allowed here, expected only a-z0-9_- (did you mean left-door?)"}},
		{MQTT "doors: [{id: '***', relay: GPIO17, closed_sensor: GPIO23}]\n",
			{"2:14: id: \"***\" holds a character that is not allowed here, expected only a-z0-9_-"}},
		{MQTT "doors:\n- {name: Left, relay: GPIO17}\n- {name: left, relay: GPIO27}\n",
			{"4:10: the id \"left\" is already that of the door in line 3, expected another name, or "
				"an id"}},
		{MQTT "doors:\n- {name: Left, relay: GPIO17}\n- {name: Right, id: left, relay: GPIO27}\n",
			{"4:21: the id \"left\" is already that of the door in line 3, expected another id"}},
		{MQTT "doors: [{name: \"a\\nb\", relay: GPIO17}]\n",
			{"2:16: name: it holds a line end or another control character"}});

	CHECK_ROWS("the broker's address",
		{"mqtt: {broker: \"supervisor://172.30.32.2\"}\n" DOOR, {NULL}},
		{"mqtt: {broker: \"supervisor://172.30.32.2:81\", tls: {ca_file: /a}}\n" DOOR, {NULL}},
		{"mqtt: {broker: \"supervisor://supervisor\"}\n" DOOR,
			{"1:16: broker: \"supervisor://supervisor\" is no numeric address"}},
		{"mqtt: {broker: [\"supervisor://1.2.3.4\", \"mqtt://b\"]}\n" DOOR,
			{"1:17: broker: supervisor:// stands in a list, expected it alone"}},
		{"mqtt: {broker: \"supervisor://1.2.3.4\", username: u, password: p}\n" DOOR,
			{"1:50: mqtt has a username and broker: supervisor://"}},
		{"mqtt: {broker: b.lan}\n" DOOR, {"1:16: broker: \"b.lan\" does not begin with mqtt:// or mqtts://"}},
		{"mqtt: {broker: tcp://b:1883}\n" DOOR, {"1:16: broker: \"tcp://b:1883\" does not begin with"}},
		{"mqtt: {broker: \"mqtt://\"}\n" DOOR, {"1:16: broker: \"mqtt://\" is no address of a broker"}},
		{"mqtt: {broker: \"mqtt://b:\"}\n" DOOR, {"1:16: broker: \"mqtt://b:\" is no address"}},
		{"mqtt: {broker: mqtt://b:0}\n" DOOR, {"1:16: broker: \"mqtt://b:0\" is no address"}},
		{"mqtt: {broker: mqtt://b:65536}\n" DOOR, {"1:16: broker: \"mqtt://b:65536\" is no address"}},
		{"mqtt: {broker: mqtt://b/path}\n" DOOR, {"1:16: broker: \"mqtt://b/path\" is no address"}},
		{"mqtt: {broker: mqtt://::1}\n" DOOR, {"1:16: broker: \"mqtt://::1\" is no address"}},
		{"mqtt: {broker: \"mqtt://[::g]\"}\n" DOOR, {"1:16: broker: \"mqtt://[::g]\" is no address"}},
		{"mqtt: {broker: \"mqtt://me:secret@b\"}\n" DOOR, {"1:16: broker: the address holds an @, expected"}},
		{"mqtt: {broker: \"tcp://me:secret@b\"}\n" DOOR, {"1:16: broker: the address holds an @, expected"}},
		{"mqtt: {broker: mqtts://b}\n" DOOR, {NULL}},
		{"mqtt: {broker: [mqtts://c, mqtts://a], tls: {ca_file: /c}}\n" DOOR, {NULL}},
		{"mqtt: {broker: [mqtt://a, mqtts://a], tls: {ca_file: /c}}\n" DOOR,
			{"1:17: warning: broker: a is spoken to without TLS and another with it"}},
		{"mqtt: {broker: [mqtts://a, \"mqtt://127.0.0.1\"]}\n" DOOR, {NULL}},
		{"mqtt: {broker: mqtt://b, username: u, password: p}\n" DOOR,
			{"1:16: warning: broker: the password goes to b " OPEN " where the broker can"}},
		{"mqtt: {broker: mqtt://b, username: u}\n" DOOR, {NULL}},
		{"mqtt: {broker: \"mqtt://[::1]\", username: u, password: p}\n" DOOR, {NULL}},
		{"mqtt: {broker: mqtt://localhost, username: u, password: p}\n" DOOR, {NULL}},
		{"mqtt: {broker: mqtt://core-mosquitto}\n" DOOR,
			{"1:16: warning: broker: core-mosquitto is known inside Home Assistant's own machine alone"}},
		{"mqtt: {broker: mqtt://ha.lan:8123}\n" DOOR,
			{"1:16: warning: broker: port 8123 is Home Assistant's own page"}},
		{"mqtt: {broker: \"mqtt://[fe80::1%eth0]:1884\"}\n" DOOR, {NULL}},
		{"mqtt: {broker: \"mqtt://[fe80::1]\"}\n" DOOR,
			{"1:16: warning: broker: a link-local address is known on one interface alone: name that, as in "
				"[fe80::1%eth0]"}},
		{"mqtt: {broker: \"mqtts://[fe80::1%eth0]\"}\n" DOOR,
			{"1:16: broker: no certificate can name an address with a zone"}},
		{"mqtt: {broker: \"mqtt://[fd00::1%eth0]\"}\n" DOOR, {"1:16: broker: fd00::1%eth0 is no link-local address"}},
		{"mqtt: {broker: \"mqtt://[fe80::1%]\"}\n" DOOR, {"1:16: broker: \"mqtt://[fe80::1%]\" is no address"}},
		{"mqtt: {broker: \"mqtt://[fe80::1%a/b]\"}\n" DOOR, {"1:16: broker: \"mqtt://[fe80::1%a/b]\" is no address"}},
		{"mqtt: {broker: [mqtts://a, mqtts://a:8883]}\n" DOOR, {"1:28: broker: a:8883 stands in the list twice"}},
		{"mqtt: {broker: [mqtt://a, {}]}\n" DOOR,
			{"1:27: broker: found a group of keys, expected a value such as"}},
		{"mqtt: {broker: [mqtt://a, mqtt://a:1883]}\n" DOOR, {"1:27: broker: a:1883 stands in the list twice"}},
		{"mqtt: {broker: []}\n" DOOR, {"1:16: broker: 0 entries, expected 1 to 8"}},
		{"mqtt: {broker: mqtt://b, tls: {ca_file: /a}}\n" DOOR,
			{"1:41: mqtt.tls is given and no broker uses it"}},
		{"mqtt: {broker: mqtts://b, tls: {certificate_file: /a}}\n" DOOR,
			{"1:51: certificate_file needs its private key"}},
		{"mqtt: {broker: mqtts://b, tls: {key_password_file: /a}}\n" DOOR,
			{"1:52: key_password_file has no key, expected key_file"}},
		{"mqtt: {broker: mqtt://b, tls: {ca_file: , key_file: null}}\n" DOOR,
			{"1:41: warning: ca_file: it has no value, so that it counts as absent",
				"1:53: warning: key_file: it has no value"}});
}

static void http(void)
{
	CHECK_ROWS("the page",
		{MQTT DOOR "http: {listen: 8080}\n",
			{"3:16: listen: \"8080\" is no address to listen on, expected a numeric address and a "
				"port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080, or off"}},
		{MQTT DOOR "http: {listen: localhost:8080}\n", {"3:16: listen: \"localhost:8080\" is no address"}},
		{MQTT DOOR "http: {listen: 1.2.3.4}\n", {"3:16: listen: \"1.2.3.4\" is no address"}},
		{MQTT DOOR "http: {listen: 1.2.3.256:80}\n", {"3:16: listen: \"1.2.3.256:80\" is no address"}},
		{MQTT DOOR "http: {listen: 1.2.3.4:65536}\n", {"3:16: listen: \"1.2.3.4:65536\" is no address"}},
		{MQTT DOOR "http: {listen: off}\n", {NULL}},
		{MQTT DOOR "http: {listen: \"[::1]:8080\"}\n", {NULL}},
		{MQTT DOOR "http: {listen: \"[::ffff:127.0.0.1]:8080\"}\n", {NULL}},
		{MQTT DOOR "http: {listen: \"[0:0:0:0:0:0:0:1]:8080\"}\n", {NULL}},
		{MQTT DOOR "http: {listen: \"[::ffff:10.0.0.1]:80\"}\n",
			{"3:16: warning: the page on ::ffff:10.0.0.1 will be read-only"}},
		{MQTT DOOR "http: {listen: 0.0.0.0:8080}\n", {"3:16: warning: the page on 0.0.0.0 will be read-only"}},
		{MQTT DOOR "http: {listen: \"[::]:80\", allow_anonymous_commands: yes}\n", {NULL}},
		{MQTT DOOR "http: {listen: 0.0.0.0:80, username: a, password: b}\n",
			{"3:16: warning: listen: the page's password comes to 0.0.0.0 without TLS"}},
		{MQTT DOOR "http: {listen: 127.0.0.1:80, username: a, password: b}\n", {NULL}},
		{MQTT DOOR "http: {listen: 0.0.0.0:80, username: a, password: b, tls: {certificate_file: c, key_file: k}}\n",
			{NULL}},
		{MQTT DOOR "http: {listen: \"[fe80::1]:80\"}\n", {"3:16: listen: a link-local address takes a zone (%)"}},
		{MQTT DOOR "http: {listen: \"[fe80::1%eth0]:80\"}\n", {"3:16: listen: an address with a zone (%) is not supported"}},
		{MQTT DOOR "http: {username: a, password: b, allow_anonymous_commands: true}\n",
			{"3:60: warning: allow_anonymous_commands has no effect"}},
		{MQTT DOOR "http: {username: a}\n",
			{"3:18: http has a username and no password, expected password_file or password"}},
		{MQTT DOOR "http: {password: a}\n", {"3:18: http has a password and no username, expected both"}},
		{MQTT DOOR "http: {username: \"a:b\", password: c}\n", {"3:18: http has a username with a colon"}},
		{MQTT DOOR "http: {username: " EIGHT(EIGHT("abc")) ", password: b" EIGHT("12345678") "}\n",
			{"3:18: http has a username and a password of more than 256 bytes together"}},
		{MQTT DOOR "http: {username: " EIGHT(EIGHT("abc")) ", password: " EIGHT("12345678") "}\n", {NULL}},
		{MQTT DOOR "http: {frame_ancestors: self}\n", {NULL}},
		{MQTT DOOR "http: {language: it}\n", {NULL}},
		{MQTT DOOR "http: {language: klingon}\n",
				{"3:18: language: \"klingon\" is not known here, expected "}},
		{MQTT DOOR "http: {frame_ancestors: \"https://a.example http://[::1]:8123\"}\n", {NULL}},
		{MQTT DOOR "http: {frame_ancestors: \"\"}\n", {"3:25: frame_ancestors: it is empty, expected"}},
		{MQTT DOOR "http: {frame_ancestors: a.example}\n", {"3:25: frame_ancestors: expected self, or addresses"}},
		{MQTT DOOR "http: {frame_ancestors: \"https://a self\"}\n", {"3:25: frame_ancestors: expected self, or addresses"}},
		{MQTT DOOR "http: {frame_ancestors: \"https://a; script-src *\"}\n", {"3:25: frame_ancestors: "}},
		{MQTT DOOR "http: {ingress: 172.30.32.2, listen: 0.0.0.0:8099}\n", {NULL}},
		{"mqtt: {broker: \"mqtt://core-mosquitto\"}\n" DOOR "http: {ingress: \"::1\"}\n", {NULL}},
		{MQTT DOOR "http: {ingress: 172.30.32}\n", {"3:17: ingress: expected a numeric address"}},
		{MQTT DOOR "http: {ingress: 172.30.32.2, username: a, password: b}\n",
			{"3:40: http has ingress and a username, expected one of them"}},
		{MQTT DOOR "http: {hosts: [\"http://a\"]}\n", {"3:16: hosts: \"http://a\" is no host name"}},
		{MQTT DOOR "http: {hosts: [\"a:80\"]}\n", {"3:16: hosts: \"a:80\" is no host name"}},
		{MQTT DOOR "http: {tls: {key_file: k, certificate_file: c}}\n", {NULL}},
		{MQTT DOOR "http: {tls: {key_file: k}}\n", {"3:24: key_file needs its certificate"}},
		{MQTT DOOR "http: {tls: {certificate_file: c}}\n", {"3:32: certificate_file needs its private key"}});
}

static void lines(void)
{
	CHECK_ROWS("lines and relays",
		{MQTT "doors: [{name: L, relay: gpio17}]\n",
			{"2:26: relay: \"gpio17\" is no line's name, expected GPIO17"}},
		{MQTT "doors: [{name: L, relay: pin11}]\n", {"2:26: relay: \"pin11\" counts the pins of the header"}},
		{MQTT "doors: [{name: L, relay: \"\"}]\n", {"2:26: relay: \"\" is no line, expected a name"}},
		{MQTT "doors: [{name: L, relay: \"GPIO17\\0\"}]\n", {"2:26: relay: \"GPIO17"}},
		{MQTT "doors: [{name: L, relay: {active: low}}]\n",
			{"2:26: line is missing, expected a value such as GPIO17"}},
		{MQTT "doors: [{name: L, relay: {line: 70000}}]\n",
			{"2:33: line: \"70000\" is no line, expected a name"}},
		{MQTT "doors: [{name: L, relay: {line: 65535}}]\n", {"2:26: warning: GPIO65535 is not on the header"}},
		{MQTT "doors: [{name: L, relay: 17}]\n",
			{"2:26: relay: there is no relay 17, expected gpio.board or as many entries in "
				"gpio.relays; a GPIO line is written GPIO17"}},
		{MQTT "gpio: {board: PIM213}\ndoors: [{name: L, relay: 4}]\n",
			{"3:26: relay: the board has no relay 4, expected 1 to 3"}},
		{MQTT "gpio: {board: RAS-109}\ndoors: [{name: L, relay: 3}]\n",
			{"3:26: relay: the board has no relay 3, expected 1 or 2"}},
		{MQTT "gpio: {board: PIM487}\ndoors: [{name: L, relay: 2}]\n",
			{"3:26: relay: the board has no relay 2, expected 1;"}},
		{MQTT "gpio: {board: PIM213}\ndoors: [{name: L, relay: 0}]\n",
			{"3:26: relay: there is no relay \"0\", expected 1 for the first"}},
		{MQTT "gpio: {board: PIM213, relays: [GPIO13]}\ndoors: [{name: L, relay: 1}]\n",
			{"2:32: gpio has board and relays, expected one of them"}},
		{MQTT "gpio: {relays: [GPIO13]}\ndoors: [{name: L, relay: 2}]\n",
			{"3:26: relay: there is no relay 2"}});

	CHECK_ROWS("one line used twice",
		{MQTT "doors:\n- {name: L, relay: GPIO17}\n- {name: R, relay: GPIO17}\n",
			{"4:20: relay: GPIO17 is already the relay in line 3, expected another line"}},
		{MQTT "doors:\n- {name: L, relay: GPIO17}\n- {name: R, relay: {line: 17}}\n",
			{"4:20: relay: line 17 is already the relay in line 3"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, open_sensor: GPIO23}]\n",
			{"2:70: open_sensor: GPIO23 is already the closed_sensor in line 2"}},
		{MQTT "doors: [{name: L, relay: GPIO17, obstruction_sensor: GPIO17}]\n",
			{"2:54: obstruction_sensor: GPIO17 is already the relay"}},
		{MQTT "doors: [{name: L, relay: GPIO17, close_warning: {line: GPIO17}}]\n",
			{"2:56: close_warning: GPIO17 is already the relay in line 2"}},
		{MQTT "gpio: {board: PIM213}\ndoors: [{name: L, relay: 1, closed_sensor: GPIO13}]\n",
			{"3:44: closed_sensor: GPIO13 is already the relay"}},
		{MQTT "gpio: {board: PIM213}\ndoors:\n- {name: L, relay: 1}\n- {name: R, relay: 1}\n",
			{"5:20: relay: line 13 is already the relay in line 4"}});

	CHECK_ROWS("a relay's polarity and the pull at power-on",
		{MQTT "doors: [{name: L, relay: {line: GPIO8, active: low}}]\n", {NULL}},
		{MQTT "doors: [{name: L, relay: {line: GPIO9, active: low}}]\n",
			{"2:26: warning: a Raspberry Pi pulls GPIO9 down at power-on, which switches a relay that "
				"is active low on until"}},
		{MQTT "doors: [{name: L, relay: GPIO8}]\n",
			{"2:26: warning: a Raspberry Pi pulls GPIO8 up at power-on, which switches a relay that is "
				"active high on until"}},
		{MQTT "doors: [{name: L, relay: GPIO9}]\n", {NULL}},
		{MQTT "doors: [{name: L, relay: {line: 27, active: low}}]\n",
			{"2:26: warning: a Raspberry Pi pulls GPIO27 down"}},
		{MQTT "gpio: {relays: [{line: GPIO27, active: low}]}\ndoors: [{name: L, relay: 1}]\n",
			{"2:17: warning: a Raspberry Pi pulls GPIO27 down"}},
		{MQTT "gpio: {board: RAS-109}\ndoors: [{name: L, relay: 1}]\n", {NULL}},
		{MQTT "gpio: {backend: simulated}\ndoors: [{name: L, relay: GPIO8}]\n", {NULL}},
		{MQTT "gpio: {backend: simulated}\ndoors: [{name: L, relay: GPIO8}]\n", {"2:17: warning: " SIMULATED ": every door"}},
		{MQTT "gpio: {backend: libgpiod}\ndoors: [{name: L, relay: GPIO9}]\n", {NULL}},
		{MQTT "doors: [{name: L, relay: GPIO14}]\n", {"2:26: warning: GPIO14 sends the serial console's text"}},
		{MQTT "doors: [{name: L, relay: GPIO28}]\n", {"2:26: warning: GPIO28 is not on the header"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: {line: GPIO3, bias: pull_down}}]\n",
			{"2:49: warning: GPIO3 has a fixed pull-up"}});

	CHECK_ROWS("contacts",
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: {line: 23, contact: normally_open, active: low}}]\n",
			{"2:92: closed_sensor has active and contact, expected one of them"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: {line: GPIO23, bias: disabled}}]\n",
			{"2:70: closed_sensor: without pull_up or pull_down the contact's level is not known, "
				"expected active: low"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: {line: GPIO23, bias: as_is, active: low}}]\n",
			{NULL}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: {line: GPIO23, contact: NO}}]\n",
			{"2:73: contact: \"NO\" is not known here, expected normally_open or normally_closed"}});
}

static void wiring(void)
{
	CHECK_ROWS("toggle wiring without a contact at an end is warned of",
		{MQTT "doors: [{name: L, relay: GPIO17}]\n", {"2:26: warning: " BLIND " and nobody can tell which way"}},
		{MQTT "doors: [{name: L, relay: GPIO17, obstruction_sensor: GPIO23}]\n", {"2:26: warning: " BLIND}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23}, {name: M, relay: GPIO27}]\n",
			{"2:75: warning: " BLIND}},
		{MQTT "doors: [{name: L, relay: GPIO17, open_sensor: GPIO23}]\n", {NULL}},
		{MQTT "doors: [{name: L, open_relay: GPIO17, close_relay: GPIO27}]\n", {NULL}},
		{MQTT "gpio: {backend: simulated}\ndoors: [{name: L, relay: GPIO17}]\n", {NULL}});

	CHECK_ROWS("wiring",
		{MQTT "doors: [{name: L}]\n",
			{"2:9: the door has no relay, expected relay: (toggle wiring) or open_relay: and "
				"close_relay:"}},
		{MQTT "doors: [{name: L, relay: GPIO17, open_relay: GPIO27, close_relay: GPIO22}]\n",
			{"2:26: relay is toggle wiring and does not go with open_relay"}},
		{MQTT "doors: [{name: L, relay: GPIO17, stop_relay: GPIO27}]\n", {"2:26: relay is toggle wiring"}},
		{MQTT "doors: [{name: L, open_relay: GPIO27}]\n", {"2:31: the door has no close_relay"}},
		{MQTT "doors: [{name: L, close_relay: GPIO27, stop_relay: GPIO22}]\n",
			{"2:32: the door has no open_relay"}},
		{MQTT "doors: [{name: L, stop_relay: GPIO27}]\n", {"2:31: the door has no open_relay"}},
		{MQTT "doors: [{name: L, open_relay: GPIO17, close_relay: GPIO27, opener: {after_stop: continue}}]\n",
			{"2:81: opener says what one press of a toggle relay does, expected it only with relay"}},
		{MQTT "doors: [{name: L, relay: GPIO17, opener: {while_opening: continue}}]\n",
			{"2:58: while_opening: \"continue\" is not known here, expected stop, reverse or ignore"}},
		{MQTT "doors: [{name: L, relay: GPIO17, opener: {after_stop: ignore}}]\n",
			{"2:55: after_stop: \"ignore\" is not known here, expected reverse or continue"}});

	CHECK_ROWS("travel times",
		{MQTT "doors: [{name: L, relay: GPIO17, travel_time: 1s, open_time: 9s, close_time: 9s}]\n",
			{"2:47: travel_time has no effect beside open_time and close_time"}},
		{MQTT "doors: [{name: L, relay: GPIO17, travel_time: 9s, open_time: 8s}]\n", {NULL}},
		{MQTT "doors: [{name: L, relay: GPIO17, travel_time: 2s}]\n",
			{"2:47: warning: no door travels in 2000ms"}},
		{MQTT "doors: [{name: L, relay: GPIO17, close_time: 2s}]\n",
			{"2:46: warning: no door travels in 2000ms"}},
		{MQTT "doors: [{name: Left, relay: GPIO17, closed_sensor: GPIO23, debounce: 1s, pulse: 500ms, gap: 500ms}]\n",
			{"2:70: warning: debounce is as long as pulse and gap together"}},
		{MQTT "doors: [{name: Left, relay: GPIO17, closed_sensor: GPIO23, debounce: 999ms, pulse: 500ms, gap: 500ms}]\n",
			{NULL}},
		{MQTT "gpio: {backend: simulated}\ndoors: [{name: L, relay: GPIO17, travel_time: 2s}]\n", {NULL}});

	CHECK_ROWS("left open",
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, left_open: 10m, left_open_again: 1h}]\n", {NULL}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, left_open_again: 1h}]\n",
			{"2:74: left_open_again has no effect without left_open"}},
		{MQTT "doors: [{name: L, relay: GPIO17, left_open: 10m}]\n",
			{"2:45: warning: left_open has no effect"}});

	CHECK_ROWS("a position for air",
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, vent: 15}]\n", {NULL}},
		{MQTT "doors: [{name: L, relay: GPIO17, vent: off}]\n", {NULL}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, vent: 0}]\n",
			{"2:63: vent: \"0\" is no position, expected a whole number of percent, 1 to 99, or off"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, vent: 100}]\n", {"2:63: vent: \"100\" is no position"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, vent: 15%}]\n", {"2:63: vent: \"15%\" is no position"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, vent: [15]}]\n",
			{"2:63: vent: found a list, expected a whole number of percent"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, vent: 5}]\n",
			{"2:63: vent: no press can stop the door at 5 %, expected 8 to 53 when it is closed"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, vent: 15, open_time: 0s}]\n", {"2:78: open_time: \"0s\" is too short"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, vent: 15, opener: {while_opening: reverse}}]\n",
			{"2:63: vent: no press can stop this door on its way"}},
		{MQTT "doors: [{name: L, open_relay: GPIO17, close_relay: GPIO27, closed_sensor: GPIO23, vent: 15}]\n",
			{"2:89: vent: no press can stop this door on its way"}},
		{MQTT "doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23, open_sensor: GPIO24, vent: 5, opener: {while_closing: stop}}]\n",
			{"2:84: vent: no press can stop the door at 5 %, expected 8 to 53 when it is closed, or 47 to 92 when it is open"}},
		{MQTT "doors: [{name: L, open_relay: GPIO17, close_relay: GPIO27, stop_relay: GPIO22, closed_sensor: GPIO23, open_sensor: GPIO24, vent: 95}]\n",
			{NULL}});

	CHECK_ROWS("lock-out",
		{MQTT "history: {directory: /}\ndoors: [{name: L, relay: GPIO17, lockout: all, lockout_sensor: GPIO26}]\n", {NULL}},
		{MQTT "doors: [{name: L, relay: GPIO17, lockout_sensor: GPIO17}]\n", {"2:50: lockout_sensor: GPIO17 is already the relay"}},
		{MQTT "history: {directory: /}\ndoors: [{name: L, relay: GPIO17, lockout: never}]\n", {"3:43: lockout: \"never\" is not known here"}},
		{MQTT "doors: [{name: L, relay: GPIO17, lockout: open}]\n",
			{"2:43: warning: a restart lifts a lock-out by page, MQTT or API"}},
		{MQTT "doors: [{name: Lockout, relay: GPIO17}]\n", {"2:9: the id \"lockout\" is taken"}});

	CHECK_ROWS("auto-close and its warning",
		{MQTT "doors: [{name: L, relay: GPIO17, auto_close: 5m}]\n",
			{"2:46: auto_close needs a warning before the door moves by itself (UL 325)"}},
		{MQTT "doors: [{name: L, relay: GPIO17, auto_close: 5m, close_warning: {line: GPIO5}}]\n",
			{"2:46: warning: auto_close has no effect"}},
		{MQTT "doors: [{name: L, relay: GPIO17, open_sensor: GPIO23, auto_close: 5m, close_warning: {line: GPIO5}}]\n", {NULL}},
		{MQTT "doors: [{name: L, open_relay: GPIO17, close_relay: GPIO22, auto_close: 5m, close_warning: {line: GPIO5}}]\n", {NULL}},
		{MQTT "doors: [{name: L, relay: GPIO17, auto_close: 5m, close_warning: {line: GPIO5, time: 4999ms}}]\n",
			{"2:85: with auto_close the warning lasts at least 5s (UL 325)"}},
		{MQTT "doors: [{name: L, relay: GPIO17, close_warning: {line: GPIO5, time: 2s}}]\n", {NULL}},
		{MQTT "doors: [{name: L, relay: GPIO17, close_warning: {time: 5s}}]\n", {"2:49: line is missing"}},
		{MQTT "doors: [{name: L, relay: GPIO17, auto_close: off}]\n", {NULL}});
}

/* clang-format on */

static void everything_at_once(void)
{
	CHECK_ROWS("all errors of a file in one go, in its order",
			{"node: A\nmqtt: {broker: b, keepalive: 1}\nlgo: {}\ndoors:\n- {name: L, relay: GPIO8, pulse: "
			 "9s}\n",
					{"1:7: node: ", "2:16: broker: ", "2:30: keepalive: ",
							"3:1: unknown key \"lgo\", did you "
							"mean log?",
							"5:20: warning: a Raspberry Pi", "5:34: pulse: "}});

	static struct config_report report;
	struct config config;

	tap_case("brackets without end are refused before they cost time");
	static char brackets[CONFIG_FILE_MAX];
	memset(brackets, '[', sizeof(brackets));
	CHECK(config_parse(brackets, sizeof(brackets), "test.yaml", &config, &report) == -EINVAL);
	CHECK(report.count == 1 && said(&report.problems[0], "1:4097: too many lists and groups of keys"));

	tap_case("a report has a bound, and says what it left out");
	static char yaml[8192];
	size_t length = 0;
	for (int i = 0; i < 200; i++)
		length += (size_t)snprintf(yaml + length, sizeof(yaml) - length, "unknown%d: x\n", i);
	CHECK(config_parse(yaml, length, "test.yaml", &config, &report) == -EINVAL);
	CHECK(report.count == CONFIG_PROBLEMS_MAX);
	CHECK(report.errors == 202); /* mqtt and doors are missing */
	char text[32768] = "";
	FILE *stream = fmemopen(text, sizeof(text), "w");
	config_report_print(&report, stream);
	fclose(stream);
	CHECK(strstr(text, "test.yaml:1:1: unknown key \"unknown0\", expected one of node, ") == text);
	CHECK(strstr(text, "\ntest.yaml: and 138 more\n") != NULL);
}

static const char full[] = "node: garage-1\n"
			   "mqtt:\n"
			   "  broker: [mqtt://broker.lan, mqtt://10.0.0.1:11883, 'mqtt://[fe80::1%eth0]']\n"
			   "  username: portcullis\n"
			   "  password: 0123\n"
			   "  client_id: me\n"
			   "  topic_prefix: home/doors\n"
			   "  keepalive: 1m\n"
			   "home_assistant: {discovery: no, prefix: ha, command_expiry: off}\n"
			   "gpio:\n"
			   "  chip: pinctrl-bcm2711\n"
			   "  relays: [GPIO13, {line: 5, active: low}]\n"
			   "http: {listen: '[::1]:8081', username: u, password: p, hosts: [garage.example, g]}\n"
			   "log: {level: debug, format: json}\n"
			   "history: {directory: /var/lib/portcullis}\n"
			   "peers: [shed, gate-2]\n"
			   "doors:\n"
			   "  - name: Left door\n"
			   "    device_class: gate\n"
			   "    relay: 2\n"
			   "    pulse: 250ms\n"
			   "    gap: 1s\n"
			   "    closed_sensor: GPIO23\n"
			   "    open_sensor: {line: GPIO24, contact: normally_closed}\n"
			   "    obstruction_sensor: {line: 25, bias: pull_down}\n"
			   "    debounce: 20ms\n"
			   "    travel_time: 20s\n"
			   "    close_time: 25s\n"
			   "    opener: {while_opening: ignore, while_closing: stop, after_stop: continue}\n"
			   "    close_warning: {line: GPIO6, active: low, time: 7s}\n"
			   "    auto_close: 10m\n"
			   "  - id: right\n"
			   "    open_relay: 1\n"
			   "    close_relay: {line: GPIO19}\n"
			   "    stop_relay: GPIO20\n"
			   "    closed_sensor: {line: GPIO26, bias: pull_down, contact: normally_closed}\n"
			   "    open_sensor: {line: GPIO27, bias: disabled, active: high}\n";

#define SAME(a, b) CHECK((a) != NULL && strcmp((a), (b)) == 0)

static bool is_line(const struct config_line *line, const char *name, unsigned offset, bool active_low,
		enum config_bias bias)
{
	return line->present && line->offset == offset && line->active_low == active_low && line->bias == bias &&
	       (name == NULL ? line->name == NULL : line->name != NULL && strcmp(line->name, name) == 0);
}

static void values(void)
{
	static struct config_report report;
	struct config config;

	tap_case("every key arrives where it belongs");
	if (!CHECK(config_parse(full, strlen(full), "full.yaml", &config, &report) == 0)) {
		config_report_print(&report, stdout);
		return;
	}
	leave_out_usual(&report, NULL, 0);
	CHECK(report.count == 0);
	SAME(config.node, "garage-1");
	CHECK(config.mqtt.broker_count == 3);
	SAME(config.mqtt.brokers[0].host, "broker.lan");
	CHECK(config.mqtt.brokers[0].port == 1883 && !config.mqtt.brokers[0].tls);
	SAME(config.mqtt.brokers[1].host, "10.0.0.1");
	CHECK(config.mqtt.brokers[1].port == 11883);
	SAME(config.mqtt.brokers[2].host, "fe80::1%eth0");
	CHECK(config.mqtt.brokers[2].port == 1883);
	SAME(config.mqtt.username, "portcullis");
	SAME(config.mqtt.password, "0123");
	SAME(config.mqtt.client_id, "me");
	SAME(config.mqtt.topic_prefix, "home/doors");
	CHECK(config.mqtt.keepalive_ms == 60000);
	CHECK(!config.home_assistant.discovery && !config.home_assistant.command_expiry);
	SAME(config.home_assistant.prefix, "ha");
	CHECK(config.gpio.backend == CONFIG_LIBGPIOD);
	SAME(config.gpio.chip, "pinctrl-bcm2711");
	CHECK(config.http.enabled && config.http.port == 8081);
	SAME(config.http.address, "::1");
	SAME(config.http.username, "u");
	SAME(config.http.password, "p");
	CHECK(config.http.host_count == 2);
	SAME(config.http.hosts[0], "garage.example");
	SAME(config.http.hosts[1], "g");
	CHECK(config.log.level == CONFIG_LOG_DEBUG && config.log.format == CONFIG_LOG_JSON);
	SAME(config.history.directory, "/var/lib/portcullis");
	CHECK(!config.peers.all && config.peers.node_count == 2);
	SAME(config.peers.nodes[0], "shed");
	SAME(config.peers.nodes[1], "gate-2");
	if (!CHECK(config.door_count == 2))
		return;

	const struct config_door *left = &config.doors[0], *right = &config.doors[1];
	const struct door_config *machine = &left->machine;
	SAME(left->id, "left_door");
	SAME(left->name, "Left door");
	SAME(config_device_class_name(left->device_class), "gate");
	CHECK(is_line(&left->lines[DOOR_LINE_TOGGLE], NULL, 5, true, CONFIG_BIAS_AS_IS));
	CHECK(!left->lines[DOOR_LINE_OPEN].present && !left->lines[DOOR_LINE_CLOSE].present &&
			!left->lines[DOOR_LINE_STOP].present);
	CHECK(is_line(&left->lines[DOOR_LINE_WARNING], "GPIO6", 0, true, CONFIG_BIAS_AS_IS));
	CHECK(is_line(&left->sensors[DOOR_SENSOR_CLOSED], "GPIO23", 0, true, CONFIG_BIAS_PULL_UP));
	CHECK(is_line(&left->sensors[DOOR_SENSOR_OPEN], "GPIO24", 0, false, CONFIG_BIAS_PULL_UP));
	CHECK(is_line(&left->sensors[DOOR_SENSOR_OBSTRUCTION], NULL, 25, false, CONFIG_BIAS_PULL_DOWN));
	CHECK(machine->lines[DOOR_LINE_TOGGLE] && !machine->lines[DOOR_LINE_OPEN] && !machine->lines[DOOR_LINE_CLOSE] &&
			!machine->lines[DOOR_LINE_STOP] && machine->lines[DOOR_LINE_WARNING]);
	CHECK(machine->sensors[DOOR_SENSOR_CLOSED] && machine->sensors[DOOR_SENSOR_OPEN] &&
			machine->sensors[DOOR_SENSOR_OBSTRUCTION]);
	CHECK(machine->pulse_ms == 250 && machine->gap_ms == 1000 && machine->debounce_ms == 20);
	CHECK(machine->open_time_ms == 20000 && machine->close_time_ms == 25000);
	CHECK(machine->opener.while_opening == DOOR_PRESS_IGNORE && machine->opener.while_closing == DOOR_PRESS_STOP &&
			machine->opener.after_stop == DOOR_PRESS_CONTINUE);
	CHECK(machine->warning_ms == 7000 && machine->auto_close_ms == 600000);

	SAME(right->id, "right");
	SAME(right->name, "right");
	CHECK(is_line(&right->lines[DOOR_LINE_OPEN], "GPIO13", 0, false, CONFIG_BIAS_AS_IS));
	CHECK(is_line(&right->lines[DOOR_LINE_CLOSE], "GPIO19", 0, false, CONFIG_BIAS_AS_IS));
	CHECK(is_line(&right->lines[DOOR_LINE_STOP], "GPIO20", 0, false, CONFIG_BIAS_AS_IS));
	CHECK(is_line(&right->sensors[DOOR_SENSOR_CLOSED], "GPIO26", 0, true, CONFIG_BIAS_PULL_DOWN));
	CHECK(is_line(&right->sensors[DOOR_SENSOR_OPEN], "GPIO27", 0, false, CONFIG_BIAS_DISABLED));
	CHECK(!right->machine.lines[DOOR_LINE_TOGGLE] && right->machine.lines[DOOR_LINE_OPEN]);
	CHECK(!right->machine.sensors[DOOR_SENSOR_OBSTRUCTION]);
	config_free(&config);
	CHECK(config.doors == NULL && config.strings == NULL);

	tap_case("what a file need not say");
	static const char small[] = MQTT DOOR;
	if (!CHECK(config_parse(small, strlen(small), "small.yaml", &config, &report) == 0))
		return;
	char client_id[CONFIG_CLIENT_ID_MAX + 1];
	snprintf(client_id, sizeof(client_id), "portcullis-%s", config.node);
	SAME(config.mqtt.client_id, client_id);
	CHECK(config.node[0] != '\0');
	SAME(config.mqtt.topic_prefix, "portcullis");
	CHECK(config.mqtt.keepalive_ms == 30000 && config.mqtt.username == NULL && config.mqtt.password == NULL);
	CHECK(config.home_assistant.discovery && config.home_assistant.command_expiry);
	SAME(config.home_assistant.prefix, "homeassistant");
	CHECK(config.gpio.backend == CONFIG_LIBGPIOD && config.gpio.chip == NULL);
	CHECK(config.http.enabled && config.http.port == 8080 && config.http.host_count == 0);
	SAME(config.http.address, "127.0.0.1");
	CHECK(config.log.level == CONFIG_LOG_INFO && config.log.format == CONFIG_LOG_TEXT);
	CHECK(config.history.directory == NULL);
	machine = &config.doors[0].machine;
	SAME(config.doors[0].id, "left");
	CHECK(config.doors[0].device_class == CONFIG_GARAGE);
	CHECK(machine->pulse_ms == 500 && machine->gap_ms == 500 && machine->debounce_ms == 50);
	CHECK(machine->open_time_ms == 15000 && machine->close_time_ms == 15000);
	CHECK(machine->opener.while_opening == DOOR_PRESS_STOP && machine->opener.while_closing == DOOR_PRESS_REVERSE &&
			machine->opener.after_stop == DOOR_PRESS_REVERSE);
	CHECK(machine->warning_ms == 0 && machine->auto_close_ms == 0);
	config_free(&config);

	tap_case("an anchor may stand for what was written before");
	static const char anchors[] = MQTT "doors:\n- {name: L, relay: GPIO17, opener: &o {after_stop: continue}}\n"
					   "- {name: R, relay: GPIO27, opener: *o}\n";
	if (CHECK(config_parse(anchors, strlen(anchors), "a.yaml", &config, &report) == 0))
		CHECK(config.doors[1].machine.opener.after_stop == DOOR_PRESS_CONTINUE);
	config_free(&config);

	tap_case("board relays are lines by number, active high");
	static const struct {
		const char *board;
		unsigned relay, line;
	} boards[] = {{"PIM213", 1, 13}, {"PIM213", 2, 19}, {"PIM213", 3, 16}, {"PIM487", 1, 16}, {"PIM221", 1, 16},
			{"RAS-109", 1, 4}, {"RAS-109", 2, 17}, {"RAS-194", 1, 4}, {"RAS-194", 2, 17}};
	for (size_t i = 0; i < COUNT(boards); i++) {
		char yaml[256];
		snprintf(yaml, sizeof(yaml),
				MQTT "gpio: {board: %s}\ndoors: [{name: L, relay: %u, closed_sensor: GPIO23}]\n",
				boards[i].board, boards[i].relay);
		if (CHECK(config_parse(yaml, strlen(yaml), "b.yaml", &config, &report) == 0))
			CHECK(is_line(&config.doors[0].lines[DOOR_LINE_TOGGLE], NULL, boards[i].line, false,
					CONFIG_BIAS_AS_IS));
		CHECK(report.count == 0);
		config_free(&config);
	}

	tap_case("as many doors as there may be, and one more");
	static char many[16384];
	for (size_t doors = DOORS_MAX; doors <= DOORS_MAX + 1; doors++) {
		size_t length = (size_t)snprintf(many, sizeof(many), MQTT "gpio: {backend: simulated}\ndoors:\n");
		for (size_t i = 0; i < doors; i++)
			length += (size_t)snprintf(many + length, sizeof(many) - length,
					"- {name: D%zu, relay: {line: %zu}}\n", i, i);
		int error = config_parse(many, length, "m.yaml", &config, &report);
		leave_out_usual(&report, NULL, 0);
		if (doors == DOORS_MAX)
			CHECK(error == 0 && config.door_count == DOORS_MAX);
		else
			CHECK(error == -EINVAL &&
					said(&report.problems[0], "4:1: doors: 65 entries, expected 1 to 64"));
		config_free(&config);
	}
}

static void write_file(const char *path, const char *bytes, size_t length, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, bytes, length) == (ssize_t)length && fchmod(fd, mode) == 0);
	close(fd);
}

static void load(const char *yaml, mode_t mode, struct config *config, struct config_report *report)
{
	write_file("test.yaml", yaml, strlen(yaml), mode);
	config_load("./test.yaml", CONFIG_SECRETS_NEEDED, config, report);
	leave_out_usual(report, NULL, 0);
}

#define SECRET_FILE "mqtt: {broker: mqtt://b, username: u, password_file: secret}\n" DOOR
#define CREDENTIAL "mqtt: {broker: mqtt://b, username: u, password_file: /run/credentials/no.service/secret}\n" DOOR
#define SECRET_AT "1:54: "

static void files(void)
{
	static struct config_report report;
	struct config config;
	char folder[] = "/tmp/test_config.XXXXXX";

	tap_case("files that cannot be read");
	if (!CHECK(mkdtemp(folder) != NULL && chdir(folder) == 0))
		return;
	CHECK(config_load("missing.yaml", CONFIG_SECRETS_NEEDED, &config, &report) == -EINVAL);
	CHECK(said(&report.problems[0],
			"0:0: there is no such file, expected a configuration (--config FILE names another one, --new-config prints one to begin with)"));
	CHECK(config_load(folder, CONFIG_SECRETS_NEEDED, &config, &report) == -EINVAL);
	CHECK(said(&report.problems[0], "0:0: cannot be read: Is a directory"));

	tap_case("a first configuration is made whole, or nothing is");
	write_file("example.yaml", "a: b\n", 5, 0600);
	CHECK(config_begin("first.yaml", "example.yaml") == 0 && access("first.yaml", F_OK) == 0);
	CHECK(config_begin("first.yaml", "example.yaml") == -EEXIST);
	CHECK(symlink("nowhere", "second.yaml") == 0 && config_begin("second.yaml", "example.yaml") == -EEXIST);
	glob_t left;
	CHECK(glob("second.yaml.*", 0, NULL, &left) == GLOB_NOMATCH);
	globfree(&left);
	CHECK(unlink("example.yaml") == 0 && unlink("first.yaml") == 0 && unlink("second.yaml") == 0);

	tap_case("nor one that is too large");
	char *large = malloc(CONFIG_FILE_MAX + 1);
	memset(large, '#', CONFIG_FILE_MAX + 1);
	write_file("test.yaml", large, CONFIG_FILE_MAX + 1, 0600);
	free(large);
	CHECK(config_load("test.yaml", CONFIG_SECRETS_NEEDED, &config, &report) == -EINVAL);
	CHECK(said(&report.problems[0], "0:0: the file is larger than expected, at most 256 KiB"));

	static const struct {
		const char *name, *bytes;
		size_t length;
		mode_t mode;
		const char *password, *problem;
	} secrets[] = {
			{"a password from a file", "hunter2", 7, 0600, "hunter2", NULL},
			{"its line end does not belong to it", "hunter2\n", 8, 0640, "hunter2", NULL},
			{"nor does that of Windows", "hunter2\r\n", 9, 0600, "hunter2", NULL},
			{"spaces do, and that is said", " a b \n", 6, 0600, " a b ",
					SECRET_AT "warning: password_file: the password begins or ends with a blank or "
						  "an invisible character, which belongs to it"},
			{"so do characters without a width", "a\u200b\n", 5, 0600, "a\u200b",
					SECRET_AT "warning: password_file: the password begins or ends with a blank"},
			{"and all kinds of blanks", "\u2002a\n", 5, 0600, "\u2002a",
					SECRET_AT "warning: password_file: the password begins or ends with a blank"},
			{"at either end", "a\u205f\n", 5, 0600, "a\u205f",
					SECRET_AT "warning: password_file: the password begins or ends with a blank"},
			{"and what only fills a place", "\u3164a\n", 5, 0600, "\u3164a",
					SECRET_AT "warning: password_file: the password begins or ends with a blank"},
			{"a mark of direction", "a\u2069\n", 5, 0600, "a\u2069",
					SECRET_AT "warning: password_file: the password begins or ends with a blank"},
			{"a letter of two bytes is seen", "\u00fca\u00fc\n", 6, 0600, "\u00fca\u00fc", NULL},
			{"half a character is not looked for behind the end", "a\xe2\n", 3, 0600, "a\xe2", NULL},
			{"an editor's byte order mark does not", "\ufeffhunter2\r\n", 12, 0600, "hunter2", NULL},
			{"nor does it make an empty file a password", "\ufeff\n", 4, 0600, NULL,
					SECRET_AT "password_file: ./secret is empty"},
			{"everybody may read it", "hunter2\n", 8, 0644, "hunter2",
					SECRET_AT "warning: password_file: everybody on this machine may read "
						  "./secret: chgrp gpio ./secret && chmod 640 ./secret"},
			{"it is empty", "\n", 1, 0600, NULL,
					SECRET_AT
					"password_file: ./secret is empty, expected a file with the password"},
			{"it has two lines", "a\nb\n", 4, 0600, NULL,
					SECRET_AT "password_file: ./secret holds more than a password"},
			{"it holds a NUL", "a\0b", 3, 0600, NULL,
					SECRET_AT "password_file: ./secret holds more than a password"},
	};
	tap_case("what may be set as a password: one line that a file brings back as it is");
	CHECK(config_is_secret("a", 1) && config_is_secret("a\ufeff", 4) && !config_is_secret("a", 0));
	CHECK(!config_is_secret("\ufeff"
				"a",
			      4) &&
			!config_is_secret("a\nb", 3) && !config_is_secret("a\0b", 3));
	for (size_t i = 0; i < COUNT(secrets); i++) {
		tap_case("a secret file: %s", secrets[i].name);
		write_file("secret", secrets[i].bytes, secrets[i].length, secrets[i].mode);
		load(SECRET_FILE, 0644, &config, &report);
		check_report(SECRET_FILE, &report, &secrets[i].problem, 1);
		if (secrets[i].password != NULL)
			SAME(config.mqtt.password, secrets[i].password);
		else
			CHECK(config.doors == NULL);
		config_free(&config);
	}

	tap_case("a secret file: too long, missing");
	char bytes[CONFIG_SECRET_MAX + 1];
	memset(bytes, 'x', sizeof(bytes));
	write_file("secret", bytes, CONFIG_SECRET_MAX, 0600);
	load(SECRET_FILE, 0644, &config, &report);
	CHECK(report.count == 0 && config.mqtt.password != NULL && strlen(config.mqtt.password) == CONFIG_SECRET_MAX);
	config_free(&config);
	write_file("secret", bytes, sizeof(bytes), 0600);
	load(SECRET_FILE, 0644, &config, &report);
	CHECK(report.count == 1 &&
			said(&report.problems[0], SECRET_AT "password_file: ./secret holds more than a password"));
	unlink("secret");
	load(SECRET_FILE, 0644, &config, &report);
	CHECK(report.count == 1 && said(&report.problems[0], SECRET_AT
						   "password_file: cannot read ./secret: No such file or directory, "
						   "expected a file with the password on one line"));

	tap_case("a secret file: not needed, as for --release after the service's end");
	write_file("test.yaml", SECRET_FILE, strlen(SECRET_FILE), 0644);
	CHECK(config_load("./test.yaml", CONFIG_SECRETS_UNNEEDED, &config, &report) == 0);
	CHECK(report.count == 0 && config.mqtt.password == NULL && config.door_count == 1);
	config_free(&config);

	tap_case("a secret file: one that systemd shows to the service alone is only checked there");
	CHECK(config_load("./test.yaml", CONFIG_SECRETS_CHECKED, &config, &report) == -EINVAL && report.errors == 1);
	write_file("test.yaml", CREDENTIAL, strlen(CREDENTIAL), 0644);
	CHECK(config_load("./test.yaml", CONFIG_SECRETS_NEEDED, &config, &report) == -EINVAL && report.errors == 1);
	CHECK(config_load("./test.yaml", CONFIG_SECRETS_CHECKED, &config, &report) == 0 && report.warnings == 1);
	CHECK(said(&report.problems[0], SECRET_AT "warning: password_file: /run/credentials/no.service/secret is not "
						  "checked: systemd shows it to the service alone"));
	config_free(&config);

	tap_case("a password in a file that everybody may read");
	static const char inside[] = "mqtt: {broker: mqtt://b, username: u, password: hunter2}\n" DOOR;
	load(inside, 0644, &config, &report);
	CHECK(report.count == 1 &&
			said(&report.problems[0], "1:49: warning: this file holds a password and everybody "
						  "on this machine may read it: chgrp gpio ./test.yaml && chmod 640 "
						  "./test.yaml, so that the agent, whose group that is"));
	config_free(&config);
	load(inside, 0640, &config, &report);
	CHECK(report.count == 0);
	config_free(&config);

	tap_case("two passwords, and a password without a name");
	write_file("secret", "hunter2", 7, 0600);
	load("mqtt: {broker: mqtt://b, password: a, password_file: secret}\n" DOOR, 0600, &config, &report);
	CHECK(report.count == 2 &&
			said(&report.problems[0], "1:36: mqtt has a password and no username, expected both"));
	CHECK(said(&report.problems[1], "1:54: mqtt has password and password_file, expected one of them"));

	tap_case("no secret is ever in the report");
	static const char broken[] =
			"mqtt: {broker: mqtt://b, username: u, password: \"hunter2\\n\", pasword: hunter2}\n" DOOR;
	load(broken, 0644, &config, &report);
	CHECK(report.errors == 2);
	for (size_t i = 0; i < report.count; i++)
		CHECK(strstr(report.problems[i].text, "hunter2") == NULL);

	CHECK(unlink("secret") == 0 && unlink("test.yaml") == 0 && chdir("/") == 0 && rmdir(folder) == 0);
}

/* The doors of config as a file of their own, with times as measured. */
static void print_doors(const struct config *config, int64_t open_ms, int64_t close_ms, char *yaml, size_t size)
{
	FILE *stream = fmemopen(yaml, size, "w");

	if (stream == NULL)
		exit(2);
	fputs(MQTT "gpio: {backend: simulated}\ndoors:\n", stream);
	for (size_t i = 0; i < config->door_count; i++)
		config_print_door(&config->doors[i], open_ms, close_ms, stream);
	fclose(stream);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_line(const struct config_line *a, const struct config_line *b)
{
	return a->present == b->present &&
	       (!a->present || (same_text(a->name, b->name) && a->offset == b->offset &&
					       a->active_low == b->active_low && a->bias == b->bias));
}

static bool same_door(const struct config_door *a, const struct config_door *b)
{
	bool same = same_text(a->id, b->id) && same_text(a->name, b->name) && a->device_class == b->device_class &&
		    same_text(a->area, b->area);

	for (int i = 0; i < DOOR_LINES; i++)
		same = same && same_line(&a->lines[i], &b->lines[i]);
	for (int i = 0; i < DOOR_SENSORS; i++)
		same = same && same_line(&a->sensors[i], &b->sensors[i]);
	const struct door_config *x = &a->machine, *y = &b->machine;
	return same && memcmp(x->lines, y->lines, sizeof(x->lines)) == 0 &&
	       memcmp(x->sensors, y->sensors, sizeof(x->sensors)) == 0 && x->pulse_ms == y->pulse_ms &&
	       memcmp(&x->opener, &y->opener, sizeof(x->opener)) == 0 && x->gap_ms == y->gap_ms &&
	       x->debounce_ms == y->debounce_ms && x->open_time_ms == y->open_time_ms &&
	       x->close_time_ms == y->close_time_ms && x->warning_ms == y->warning_ms &&
	       x->auto_close_ms == y->auto_close_ms && a->left_open_ms == b->left_open_ms &&
	       a->left_open_again_ms == b->left_open_again_ms && a->vent == b->vent && x->lockout_all == y->lockout_all;
}

static void printing(void)
{
	static const char yaml[] = MQTT
			"gpio: {backend: simulated, board: PIM213}\n"
			"doors:\n"
			"- {id: \"on\", name: 'Say \"A\\B\": # ''x'' & {y}, [ä]', device_class: gate, area: 'The \"yard\"', relay: 2, pulse: "
			"50ms, gap: 5s,"
			"   opener: {while_opening: ignore, while_closing: stop, after_stop: continue}, debounce: 0ms,"
			"   closed_sensor: {line: 5, contact: normally_closed, bias: pull_down},"
			"   open_sensor: {line: GPIO6, active: high, bias: disabled},"
			"   obstruction_sensor: {line: \"a b,c: d\", active: low, bias: as_is}}\n"
			"- {name: Right, open_relay: {line: GPIO17, active: low}, close_relay: GPIO27, stop_relay: "
			"{line: 22},"
			"   closed_sensor: GPIO23, open_time: 14s, close_time: 1m, auto_close: 23h, left_open: 10m,"
			"   left_open_again: 1h, vent: 15, lockout: all, lockout_sensor: {line: GPIO26, contact: normally_closed},"
			"   close_warning: {line: GPIO4, active: low, time: 6500ms}}\n";
	static struct config_report report;
	static char text[4096], again[4096];
	struct config first, second;

	tap_case("a door that is printed is read back as the same");
	if (!CHECK(config_parse(yaml, strlen(yaml), "test.yaml", &first, &report) == 0)) {
		printf("# %s\n", report.problems[0].text);
		return;
	}
	print_doors(&first, 0, 0, text, sizeof(text));
	if (!CHECK(config_parse(text, strlen(text), "again.yaml", &second, &report) == 0)) {
		printf("# %s\n", report.problems[0].text);
		return;
	}
	CHECK(second.door_count == 2);
	for (size_t i = 0; i < second.door_count; i++)
		CHECK(same_door(&first.doors[i], &second.doors[i]));
	print_doors(&second, 0, 0, again, sizeof(again));
	CHECK(strcmp(text, again) == 0);
	config_free(&second);

	tap_case("what was measured stands in the place of the times, a twentieth longer, and within bounds");
	print_doors(&first, 12340, 12390, text, sizeof(text));
	CHECK(strstr(text, "  open_time: 13s\n  close_time: 13100ms\n") != NULL);
	print_doors(&first, 12340, 12340, text, sizeof(text));
	CHECK(strstr(text, "  travel_time: 13s\n") != NULL);
	print_doors(&first, 1000000, 12340, text, sizeof(text));
	CHECK(strstr(text, "  open_time: 5m\n") != NULL);
	config_free(&first);
}

/* The caller frees. */
static struct config parsed_config(const char *text)
{
	static struct config_report report;
	struct config config;
	if (config_parse(text, strlen(text), "test.yaml", &config, &report) != 0) {
		config_report_print(&report, stderr);
		abort();
	}
	return config;
}

static void comparing(void)
{
#define NOW                                                                                               \
	"node: a\nmqtt: {broker: mqtt://b, username: u, password: p}\nhttp: {username: u, password: p}\n" \
	"doors: [{name: L, relay: GPIO17, closed_sensor: GPIO23}, {name: R, relay: GPIO18}]\n"
#define TLS "/certificate, key_file: /key}, username"
	static const struct {
		const char *name, *from, *to;
		const char *refusal; /* what it says before "that takes a restart"; NULL: none */
		struct config_changes changes;
	} rows[] = {
			{"nothing", "", "", NULL, {0}},
			{"a name", "name: L", "id: l, name: M", NULL, {0}},
			{"a time", "name: L", "name: L, pulse: 300ms", NULL, {0}},
			{"the opener", "name: L", "name: L, opener: {while_closing: ignore}", NULL, {0}},
			{"an opener that no press stops", "name: L", "name: L, opener: {while_opening: ignore}", NULL,
					{.mqtt = true}},
			{"the same line by its default", "GPIO17", "{line: GPIO17, active: high}", NULL, {0}},
			{"a broker", "//b", "//c", NULL, {.mqtt = true}},
			{"a port", "//b", "//b:1884", NULL, {.mqtt = true}},
			{"another broker beside it", "mqtt://b", "[mqtt://b, mqtt://c]", NULL, {.mqtt = true}},
			{"a broker with TLS", "mqtt://b", "mqtts://b", NULL, {.mqtt = true}},
			{"the broker's CA", "mqtt: {broker: mqtt://b", "mqtt: {broker: mqtts://b, tls: {ca_file: /ca}",
					NULL, {.mqtt = true}},
			{"the user at the broker", "mqtt://b, username: u", "mqtt://b, username: v", NULL,
					{.mqtt = true}},
			{"the broker's password", "password: p}\nh", "password: q}\nh", NULL, {.mqtt = true}},
			{"no password at the broker", ", username: u, password: p}\nh", "}\nh", NULL, {.mqtt = true}},
			{"the keepalive", "mqtt: {", "mqtt: {keepalive: 20s, ", NULL, {.mqtt = true}},
			{"the client's id", "mqtt: {", "mqtt: {client_id: c, ", NULL, {.mqtt = true}},
			{"the node", "node: a", "node: b", NULL, {.mqtt = true, .topics = true, .discovery = true}},
			{"the topics", "mqtt: {", "mqtt: {topic_prefix: t, ", NULL,
					{.mqtt = true, .topics = true, .discovery = true}},
			{"expiry of commands", "http:", "home_assistant: {command_expiry: off}\nhttp:", NULL,
					{.mqtt = true}},
			{"discovery", "http:", "home_assistant: {discovery: false}\nhttp:", NULL,
					{.mqtt = true, .discovery = true}},
			{"its prefix", "http:", "home_assistant: {prefix: h}\nhttp:", NULL,
					{.mqtt = true, .discovery = true}},
			{"the page's user", "http: {username: u", "http: {username: v", NULL, {.credentials = true}},
			{"the page's password", "password: p}\nd", "password: q}\nd", NULL, {.credentials = true}},
			{"the page's hosts", "http: {", "http: {hosts: [h], ", NULL, {0}},
			{"who may frame the page", "http: {", "http: {frame_ancestors: self, ", NULL, {0}},
			{"the page's ingress", "http: {username: u, password: p}", "http: {ingress: 172.30.32.2}", NULL,
					{.credentials = true}},
			{"the page's language", "http: {", "http: {language: de, ", NULL, {0}},
			{"the page by HTTPS", "http: {username", "http: {tls: {certificate_file: " TLS, NULL, {0}},
			{"the log", "http:", "log: {level: debug}\nhttp:", NULL, {0}},
			{"peers", "http:", "peers: [shed]\nhttp:", NULL, {.mqtt = true}},
			{"all as peers", "http:", "peers: all\nhttp:", NULL, {.mqtt = true}},
			{"a door more", "doors: [", "doors: [{name: N, relay: GPIO19}, ", "doors: n is new", {0}},
			{"a door less", ", {name: R, relay: GPIO18}", "", "doors: r is no longer there", {0}},
			{"a door with another id", "name: L", "id: m, name: L", "doors: m is new", {0}},
			{"another order", "[{name: L, relay: GPIO17, closed_sensor: GPIO23}, {name: R, relay: GPIO18}]",
					"[{name: R, relay: GPIO18}, {name: L, relay: GPIO17, closed_sensor: GPIO23}]",
					"doors: they are in another order", {0}},
			{"another line", "GPIO17", "GPIO19", "doors: l: relay is wired in another way", {0}},
			{"other relays", "relay: GPIO18", "open_relay: GPIO18, close_relay: GPIO20",
					"doors: r: relay is wired in another way", {0}},
			{"a line the other way round", "GPIO17", "{line: GPIO17, active: low}",
					"doors: l: relay is wired in another way", {0}},
			{"a sensor's contact", "GPIO23", "{line: GPIO23, contact: normally_closed}",
					"doors: l: closed_sensor is wired in another way", {0}},
			{"a sensor's pull", "GPIO23", "{line: GPIO23, bias: pull_down}",
					"doors: l: closed_sensor is wired in another way", {0}},
			{"a sensor less", ", closed_sensor: GPIO23", "",
					"doors: l: closed_sensor is wired in another way", {0}},
			{"a sensor more", "closed_sensor: GPIO23", "closed_sensor: GPIO23, obstruction_sensor: GPIO24",
					"doors: l: obstruction_sensor is wired in another way", {0}},
			{"a key switch", "name: L", "name: L, lockout_sensor: GPIO24",
					"doors: l: lockout_sensor is wired in another way", {0}},
			{"a warning's line", "name: L", "name: L, close_warning: {line: GPIO5, time: 5s}",
					"doors: l: close_warning is wired in another way", {0}},
			{"a number for a name", "GPIO17", "{line: 17}", "doors: l: relay is wired in another way", {0}},
			{"the Supervisor's broker", "mqtt://b, username: u, password: p", "supervisor://1.2.3.4",
					"mqtt.broker is now the Supervisor's to tell", {0}},
			{"the chip", "http:", "gpio: {chip: c}\nhttp:", "gpio.chip is another", {0}},
			{"the backend", "http:", "gpio: {backend: simulated}\nhttp:", "gpio.backend is another", {0}},
			{"the page's address", "http: {", "http: {listen: '0.0.0.0:8080', ", "http.listen is another",
					{0}},
			{"the page's port", "http: {", "http: {listen: '127.0.0.1:81', ", "http.listen is another",
					{0}},
			{"no page", "http: {username: u, password: p}", "http: {listen: off}", "http.listen is another",
					{0}},
			{"the history's place", "http:", "history: {directory: /d}\nhttp:",
					"history.directory is another", {0}},
	};
	static struct config_report report;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024], said[CONFIG_PROBLEM_TEXT_MAX] = "";
		struct config_changes changes = {0};
		const char *place = strstr(NOW, rows[i].from);
		tap_case("another configuration of a running agent: %s", rows[i].name);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(place - NOW), NOW, rows[i].to,
				place + strlen(rows[i].from));
		struct config now = parsed_config(NOW), next = parsed_config(text);
		report = (struct config_report){0};
		if (rows[i].refusal)
			snprintf(said, sizeof(said), "%s: that takes a restart", rows[i].refusal);
		bool good = config_compare(&now, &next, &changes, &report);
		CHECK(good == !rows[i].refusal && good == (report.errors == 0));
		if (!good && !CHECK(report.count > 0 && strcmp(report.problems[0].text, said) == 0))
			printf("# it says: %s\n", report.problems[0].text);
		if (good)
			CHECK(changes.mqtt == rows[i].changes.mqtt && changes.topics == rows[i].changes.topics &&
					changes.discovery == rows[i].changes.discovery &&
					changes.credentials == rows[i].changes.credentials);
		config_free(&now);
		config_free(&next);
	}

	tap_case("all that takes a restart is said at once");
	struct config_changes changes;
	struct config now = parsed_config(NOW);
	struct config next = parsed_config(
			"node: a\nmqtt: {broker: mqtt://b}\nhttp: {listen: off}\ngpio: {chip: c}\n"
			"doors: [{name: L, relay: GPIO1, closed_sensor: GPIO23}, {name: R, relay: GPIO2}]\n");
	report = (struct config_report){0};
	CHECK(!config_compare(&now, &next, &changes, &report) && report.errors == 4 && report.count == 4);
	config_free(&now);
	config_free(&next);

	tap_case("what the Supervisor has told stays known, and can give way to a broker");
	now = parsed_config("mqtt: {broker: 'supervisor://1.2.3.4:81'}\ndoors: [{name: L, relay: GPIO17}]\n");
	next = parsed_config("mqtt: {broker: 'supervisor://1.2.3.4:81'}\ndoors: [{name: L, relay: GPIO17}]\n");
	CHECK(strcmp(now.mqtt.brokers[0].host, "1.2.3.4") == 0 && now.mqtt.brokers[0].port == 81);
	CHECK(config_take_service(&now, &(struct config_service){.host = "core",
							.port = 1884,
							.tls = true,
							.username = "u",
							.password = "p"}) == 0);
	CHECK(config_inherit_service(&next, &now) == 0 && strcmp(next.mqtt.brokers[0].host, "core") == 0);
	CHECK(next.mqtt.brokers[0].port == 1884 && next.mqtt.brokers[0].tls && next.mqtt.brokers[0].by_supervisor);
	CHECK(strcmp(next.mqtt.username, "u") == 0 && strcmp(next.mqtt.password, "p") == 0);
	report = (struct config_report){0};
	CHECK(config_compare(&now, &next, &changes, &report) && !changes.mqtt);
	config_free(&next);
	next = parsed_config("mqtt: {broker: mqtt://b}\ndoors: [{name: L, relay: GPIO17}]\n");
	CHECK(config_inherit_service(&next, &now) == 0 && strcmp(next.mqtt.brokers[0].host, "b") == 0);
	CHECK(config_compare(&now, &next, &changes, &report) && changes.mqtt);
	config_free(&now);
	config_free(&next);

	tap_case("other files for TLS are another connection");
	now = parsed_config("mqtt: {broker: mqtts://b, tls: {ca_file: /a}}\ndoors: [{name: L, relay: GPIO17}]\n");
	next = parsed_config("mqtt: {broker: mqtts://b, tls: {ca_file: /b}}\ndoors: [{name: L, relay: GPIO17}]\n");
	report = (struct config_report){0};
	CHECK(config_compare(&now, &next, &changes, &report) && changes.mqtt && !changes.topics);
	config_free(&now);
	config_free(&next);

	tap_case("another peer in a list of the same length is another connection");
	now = parsed_config("mqtt: {broker: mqtt://b}\ndoors: [{name: L, relay: GPIO17}]\npeers: [shed, gate]\n");
	next = parsed_config("mqtt: {broker: mqtt://b}\ndoors: [{name: L, relay: GPIO17}]\npeers: [shed, barn]\n");
	report = (struct config_report){0};
	CHECK(config_compare(&now, &next, &changes, &report) && changes.mqtt);
	report = (struct config_report){0};
	CHECK(config_compare(&now, &now, &changes, &report) && !changes.mqtt);
	config_free(&now);
	config_free(&next);

	tap_case("a board's relays may be named in another way");
	now = parsed_config("mqtt: {broker: mqtt://b}\ndoors: [{name: L, relay: 1}, {name: R, relay: 2}]\n"
			    "gpio: {board: PIM213}\n");
	next = parsed_config("mqtt: {broker: mqtt://b}\ndoors: [{name: L, relay: 1}, {name: R, relay: 2}]\n"
			     "gpio: {relays: [13, 19]}\n");
	report = (struct config_report){0};
	CHECK(config_compare(&now, &next, &changes, &report));
	config_free(&now);
	config_free(&next);
}

int main(void)
{
	printing();
	documents();
	keys();
	texts();
	http();
	lines();
	wiring();
	everything_at_once();
	values();
	files();
	comparing();
	return tap_done();
}
