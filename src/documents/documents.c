#include "documents/documents.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/utc.h"

/* A command that Home Assistant sent and nobody took within this time is not carried out later. */
#define COMMAND_EXPIRY_S 10

void document_seed(void)
{
	uint32_t seed = 0;
	while (seed == 0) /* 0 means to Jansson that it is to find one itself */
		if (getrandom(&seed, sizeof(seed), 0) < 0 && errno != EINTR)
			return;
	json_object_seed(seed);
}

const char *document_state(enum door_state state)
{
	return state == DOOR_UNKNOWN ? "None" : door_state_name(state);
}

/* Writes and drops document, which may be NULL: one that could not be built. */
static ssize_t finish(json_t *document, char *buffer, size_t size)
{
	if (size > 0)
		buffer[0] = '\0';
	if (!document)
		return -ENOMEM;
	size_t length = json_dumpb(document, buffer, size, JSON_COMPACT);
	json_decref(document);
	if (length > 0 && length < size) {
		buffer[length] = '\0';
		return (ssize_t)length;
	}
	if (size > 0)
		buffer[0] = '\0';
	return length == 0 ? -ENOMEM : -ENOBUFS;
}

/* Takes value; an object that could not be completed becomes NULL, and stays so. */
static void set(json_t **object, const char *key, json_t *value)
{
	if (json_object_set_new(*object, key, value) == 0)
		return;
	json_decref(*object);
	*object = NULL;
}

static void append_item(json_t **array, json_t *value)
{
	if (json_array_append_new(*array, value) == 0)
		return;
	json_decref(*array);
	*array = NULL;
}

/* NULL is null. */
static void set_string(json_t **object, const char *key, const char *text)
{
	set(object, key, text ? json_string(text) : json_null());
}

/* NULL is nothing. */
static void set_some(json_t **object, const char *key, const char *text)
{
	if (text)
		set_string(object, key, text);
}

static void set_integer(json_t **object, const char *key, int64_t value, bool known)
{
	set(object, key, known ? json_integer(value) : json_null());
}

static void set_time(json_t **object, const char *key, int64_t unix_ms)
{
	char text[UTC_BYTES];
	utc_print(unix_ms, text);
	set_string(object, key, unix_ms > 0 ? text : NULL);
}

static void set_fault(json_t **object, enum door_fault fault)
{
	set_string(object, "fault", fault == DOOR_FAULT_NONE ? NULL : door_fault_name(fault));
}

static void set_source(json_t **object, enum door_source source)
{
	set_string(object, "source", source == DOOR_SOURCE_NONE ? NULL : door_source_name(source));
}

static void set_position(json_t **object, const struct door_view *door)
{
	set_integer(object, "position", door->position, door->position != DOOR_POSITION_UNKNOWN);
}

static void set_reason(json_t **object, enum door_reason reason)
{
	if (reason != DOOR_REASON_NONE)
		set_string(object, "reason", door_reason_name(reason));
}

static void set_sensor(json_t **object, const char *key, const struct door_view *door, bool fitted, bool active)
{
	set(object, key, fitted && door->settled ? json_boolean(active) : json_null());
}

/* What the attributes topic and the API both tell. No key is one that Home Assistant keeps for itself. */
static void describe_part(json_t **object, const struct door_view *door)
{
	set_time(object, "last_changed", door->last_changed_unix_ms);
	set_source(object, door->source);
	set_string(object, "confidence", door_confidence_name(door->confidence));
	set_fault(object, door->fault);
	set_integer(object, "cycles", (int64_t)door->cycles, true);
	set_integer(object, "last_travel_ms", door->last_travel_ms, door->last_travel_ms > 0);
	set_integer(object, "last_open_ms", door->last_open_ms, door->last_open_ms > 0);
	set_integer(object, "last_close_ms", door->last_close_ms, door->last_close_ms > 0);
	set_sensor(object, "open_sensor", door, door->has_open_sensor, door->open_sensor);
	set_sensor(object, "closed_sensor", door, door->has_closed_sensor, door->closed_sensor);
	set_sensor(object, "obstruction_sensor", door, door->has_obstruction_sensor, door->obstruction_sensor);
	set(object, "close_warning", json_boolean(door->warning));
	set(object, "settled", json_boolean(door->settled));
}

ssize_t document_attributes(const struct door_view *door, char *buffer, size_t size)
{
	json_t *document = json_object();
	describe_part(&document, door);
	return finish(document, buffer, size);
}

ssize_t document_door_event(enum door_news event, const struct door_view *door, char *buffer, size_t size)
{
	json_t *document = json_object();
	set_string(&document, "event_type", door_news_name(event));
	set_source(&document, door->source);
	set_position(&document, door);
	set_fault(&document, door->fault);
	return finish(document, buffer, size);
}

ssize_t document_command_event(const enum door_command *command, enum door_source source, enum door_result result,
		enum door_reason reason, char *buffer, size_t size)
{
	json_t *document = json_object();
	set_string(&document, "event_type", door_news_name(door_news_of_result(result)));
	set_string(&document, "command", command ? door_command_name(*command) : NULL);
	set_source(&document, source);
	set_reason(&document, reason);
	return finish(document, buffer, size);
}

ssize_t document_result(enum door_result result, enum door_reason reason, char *buffer, size_t size)
{
	json_t *document = json_object();
	set_string(&document, "result", door_result_name(result));
	set_reason(&document, reason);
	return finish(document, buffer, size);
}

static json_t *whole_door(const char *id, const char *name, const struct door_view *door)
{
	json_t *one = json_object();
	set_string(&one, "id", id);
	set_string(&one, "name", name);
	set_string(&one, "device_class", door->device_class);
	set_string(&one, "state", door->state == DOOR_UNKNOWN ? NULL : door_state_name(door->state));
	set_position(&one, door);
	set(&one, "can_stop", json_boolean(door->has_stop));
	describe_part(&one, door);
	return one;
}

ssize_t document_doors(const struct document_node *node, const struct door_view *doors, size_t count, char *buffer,
		size_t size)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		append_item(&list, whole_door(doors[i].id, doors[i].name, &doors[i]));
	json_t *document = json_object();
	set_string(&document, "node", node->topics.node);
	set_string(&document, "version", node->version);
	set_string(&document, "broker", node->broker);
	set_string(&document, "broker_problem",
			node->broker_problem && *node->broker_problem ? node->broker_problem : NULL);
	set(&document, "doors", list);
	return finish(document, buffer, size);
}

static json_t *last_command(const struct peer_door *door)
{
	if (door->outcome == PEER_OUTCOME_NONE)
		return json_null();
	json_t *command = json_object();
	set_string(&command, "command", door_command_name(door->command));
	set_string(&command, "result", peer_outcome_name(door->outcome));
	set_reason(&command, door->reason);
	return command;
}

ssize_t document_peers(const struct peers_view *peers, char *buffer, size_t size)
{
	json_t *list = json_array();
	for (size_t i = 0; i < peers->count; i++) {
		const struct peer_view *peer = &peers->peers[i];
		json_t *doors = json_array();
		for (const struct peer_door *door = peers->doors + peer->first;
				door < peers->doors + peer->first + peer->count; door++) {
			json_t *one = whole_door(door->id, door->name, &door->view);
			set(&one, "last_command", last_command(door));
			append_item(&doors, one);
		}
		json_t *one = json_object();
		set_string(&one, "node", peer->node);
		set_string(&one, "version", *peer->version ? peer->version : NULL);
		set_string(&one, "availability", peer_availability_name(peer->availability));
		set_time(&one, "since", peer->since_unix_ms);
		set(&one, "understood", json_boolean(peer->understood));
		set_integer(&one, "left_out", (int64_t)peer->left_out, true);
		set(&one, "doors", doors);
		append_item(&list, one);
	}
	json_t *document = json_object();
	set(&document, "peers", list);
	if (peers->left_out > 0)
		set_integer(&document, "left_out", (int64_t)peers->left_out, true);
	return finish(document, buffer, size);
}

ssize_t document_history(const struct door_record *records, size_t count, const struct door_view *doors, uint64_t next,
		const char *problem, char *buffer, size_t size)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		const struct door_record *record = &records[i];
		bool commanded = record->command >= 0;
		json_t *one = json_object();
		set_integer(&one, "number", (int64_t)record->number, true);
		set_time(&one, "time", record->unix_ms);
		set_integer(&one, "run", record->run, true);
		set_integer(&one, "uptime_ms", record->up_ms, true);
		set_string(&one, "door", doors[record->door].id);
		set_string(&one, "event", door_news_name(record->news));
		set_string(&one, "state", record->state == DOOR_UNKNOWN ? NULL : door_state_name(record->state));
		set_source(&one, record->source);
		set_string(&one, "command", commanded ? door_command_name((enum door_command)record->command) : NULL);
		set_string(&one, "reason",
				record->reason == DOOR_REASON_NONE ? NULL : door_reason_name(record->reason));
		set_fault(&one, record->fault);
		set_integer(&one, "count", record->count, true);
		append_item(&list, one);
	}
	json_t *document = json_object();
	set(&document, "events", list);
	set_integer(&document, "next", (int64_t)next, next > 0);
	set_string(&document, "problem", problem && *problem ? problem : NULL);
	return finish(document, buffer, size);
}

/*
 * Home Assistant. The keys are those of its MQTT discovery; each rule that is not plain from its documentation is told
 * in docs/home-assistant.md and held by test/unit/test_documents.c.
 */

enum fitting { ALWAYS, OPEN_SENSOR, CLOSED_SENSOR, OBSTRUCTION_SENSOR };

/*
 * The parts of a door's device beside the cover and the event: each reads one field of the attributes, whose topic all
 * of them inherit from the document's root. A template that gives None shows as unknown. No key may end in another's
 * with a
 * "_" before it: unique ids of different doors could meet.
 */
static const struct part {
	const char *key, *platform, *name, *template, *device_class, *category, *state_class, *unit;
	enum fitting fitting;
} parts[] = {
		{.key = "problem",
				.platform = "binary_sensor",
				.name = "Problem",
				.template = "{{ value_json.fault is not none }}",
				.device_class = "problem"},
		{.key = "obstruction",
				.platform = "binary_sensor",
				.name = "Obstruction",
				/* Openers put their light beam to sleep when the door is closed. */
				.template = "{{ value_json.obstruction_sensor and not value_json.closed_sensor }}",
				.device_class = "problem",
				.fitting = OBSTRUCTION_SENSOR},
		{.key = "open_contact",
				.platform = "binary_sensor",
				.name = "Open contact",
				.template = "{{ value_json.open_sensor }}",
				.category = "diagnostic",
				.fitting = OPEN_SENSOR},
		{.key = "closed_contact",
				.platform = "binary_sensor",
				.name = "Closed contact",
				.template = "{{ value_json.closed_sensor }}",
				.category = "diagnostic",
				.fitting = CLOSED_SENSOR},
		{.key = "fault",
				.platform = "sensor",
				.name = "Fault",
				.template = "{{ value_json.fault or 'none' }}",
				.category = "diagnostic"},
		{.key = "confidence",
				.platform = "sensor",
				.name = "Confidence",
				.template = "{{ value_json.confidence }}",
				.category = "diagnostic"},
		{.key = "source", .platform = "sensor", .name = "Last moved by", .template = "{{ value_json.source }}"},
		{.key = "last_changed",
				.platform = "sensor",
				.name = "Last changed",
				.template = "{{ value_json.last_changed }}",
				.device_class = "timestamp"},
		{.key = "last_travel",
				.platform = "sensor",
				.name = "Last travel",
				.template = "{{ value_json.last_travel_ms / 1000 if value_json.last_travel_ms else None }}",
				.device_class = "duration",
				.category = "diagnostic",
				.state_class = "measurement",
				.unit = "s"},
		{.key = "cycles",
				.platform = "sensor",
				.name = "Cycles",
				.template = "{{ value_json.cycles }}",
				.category = "diagnostic",
				.state_class = "total_increasing"},
};

static bool fitted(const struct door_view *door, enum fitting fitting)
{
	switch (fitting) {
	case OPEN_SENSOR:
		return door->has_open_sensor;
	case CLOSED_SENSOR:
		return door->has_closed_sensor;
	case OBSTRUCTION_SENSOR:
		return door->has_obstruction_sensor;
	case ALWAYS:
		break;
	}
	return true;
}

/* What each component says first. name NULL: the device's own. */
static json_t *component(const struct topic_base *topics, const char *door, const char *platform, const char *key,
		const char *name)
{
	char id[TOPIC_MAX + 1], entity[TOPIC_MAX + 1];
	topic_device_id(topics, door, id);
	snprintf(entity, sizeof(entity), "%s%s%s_%s", topics->node, door ? "_" : "", door ? door : "", key);
	for (char *c = entity; *c; c++)
		if (*c == '-')
			*c = '_';
	json_t *object = json_object();
	set_string(&object, "platform", platform);
	set_string(&object, "name", name);
	set(&object, "unique_id", json_sprintf("%s_%s", id, key));
	set(&object, "default_entity_id", json_sprintf("%s.%s", platform, entity));
	set(&object, "qos", json_integer(1));
	return object;
}

static void set_topic(json_t **object, const char *key, const struct document_node *node, const char *door,
		enum topic_leaf leaf)
{
	char topic[TOPIC_MAX + 1];
	set(object, key, topic_door(&node->topics, door, leaf, topic) < 0 ? NULL : json_string(topic));
}

static json_t *cover(const struct document_node *node, const struct door_view *door)
{
	json_t *object = component(&node->topics, door->id, "cover", "door", NULL);
	set_string(&object, "device_class", door->device_class);
	set_topic(&object, "command_topic", node, door->id, TOPIC_SET);
	set_topic(&object, "state_topic", node, door->id, TOPIC_STATE);
	if (door->has_position)
		set_topic(&object, "position_topic", node, door->id, TOPIC_POSITION);
	set_topic(&object, "json_attributes_topic", node, door->id, TOPIC_ATTRIBUTES);
	set_string(&object, "payload_open", "OPEN");
	set_string(&object, "payload_close", "CLOSE");
	set_string(&object, "payload_stop", door->has_stop ? "STOP" : NULL);
	set_string(&object, "state_open", document_state(DOOR_OPEN));
	set_string(&object, "state_opening", document_state(DOOR_OPENING));
	set_string(&object, "state_closed", document_state(DOOR_CLOSED));
	set_string(&object, "state_closing", document_state(DOOR_CLOSING));
	set_string(&object, "state_stopped", document_state(DOOR_STOPPED));
	if (node->mqtt5)
		set(&object, "message_expiry_interval", json_integer(COMMAND_EXPIRY_S));
	return object;
}

/* A component that the door does not have: it goes, where an earlier wiring had announced it. */
static json_t *removed(const char *platform)
{
	json_t *object = json_object();
	set_string(&object, "platform", platform);
	return object;
}

/* One press of a toggle relay, for states in which the cover's own buttons are refused: a cover sends no TOGGLE. */
static json_t *toggle(const struct document_node *node, const struct door_view *door)
{
	if (!door->toggles)
		return removed("button");
	json_t *object = component(&node->topics, door->id, "button", "toggle", "Press the opener's button");
	set_topic(&object, "command_topic", node, door->id, TOPIC_SET);
	set_string(&object, "payload_press", "TOGGLE");
	set(&object, "enabled_by_default", json_false());
	return object;
}

static json_t *event(const struct document_node *node, const struct door_view *door)
{
	json_t *types = json_array();
	for (enum door_news news = DOOR_NEWS_OPENING; news <= DOOR_NEWS_COMMAND_CANCELLED; news++)
		append_item(&types, json_string(door_news_name(news)));
	json_t *object = component(&node->topics, door->id, "event", "event", "Event");
	set_topic(&object, "state_topic", node, door->id, TOPIC_EVENT);
	set(&object, "event_types", types);
	return object;
}

static json_t *part(const struct document_node *node, const struct door_view *door, const struct part *part)
{
	if (!fitted(door, part->fitting))
		return removed(part->platform);
	json_t *object = component(&node->topics, door->id, part->platform, part->key, part->name);
	set_string(&object, "value_template", part->template);
	set_some(&object, "device_class", part->device_class);
	set_some(&object, "entity_category", part->category);
	set_some(&object, "state_class", part->state_class);
	set_some(&object, "unit_of_measurement", part->unit);
	if (strcmp(part->platform, "binary_sensor") == 0) {
		set_string(&object, "payload_on", "True");
		set_string(&object, "payload_off", "False");
	}
	return object;
}

/* The document's root without topics and components. door NULL: the agent's own. */
static json_t *device(const struct document_node *node, const char *door, const char *name, const char *model)
{
	char id[TOPIC_MAX + 1], kind[32];
	snprintf(kind, sizeof(kind), "%s%s", model, node->simulated ? " (simulated)" : "");
	json_t *identity = json_object(), *origin = json_object(), *root = json_object(), *identifiers = json_array();
	append_item(&identifiers, topic_device_id(&node->topics, door, id) < 0 ? NULL : json_string(id));
	set(&identity, "identifiers", identifiers);
	set_string(&identity, "name", name);
	set_string(&identity, "manufacturer", "Portcullis");
	set_string(&identity, "model", kind);
	set_string(&identity, "sw_version", node->version);
	set_some(&identity, "configuration_url", node->configuration_url);
	if (door && topic_device_id(&node->topics, NULL, id) > 0)
		set_string(&identity, "via_device", id);
	set_string(&origin, "name", "Portcullis");
	set_string(&origin, "sw_version", node->version);
	set(&root, "device", identity);
	set(&root, "origin", origin);
	return root;
}

ssize_t document_discovery_door(
		const struct document_node *node, const struct door_view *door, char *buffer, size_t size)
{
	char availability[TOPIC_MAX + 1];
	topic_availability(&node->topics, availability);
	json_t *components = json_object();
	set(&components, "door", cover(node, door));
	set(&components, "event", event(node, door));
	set(&components, "toggle", toggle(node, door));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		set(&components, parts[i].key, part(node, door, &parts[i]));
	json_t *root = device(node, door->id, door->name, door->device_class);
	set_string(&root, "availability_topic", availability);
	set_string(&root, "availability_template", "{{ 'offline' if value == 'offline' else 'online' }}");
	set_topic(&root, "state_topic", node, door->id, TOPIC_ATTRIBUTES);
	set(&root, "components", components);
	return finish(root, buffer, size);
}

ssize_t document_discovery_agent(const struct document_node *node, char *buffer, size_t size)
{
	char availability[TOPIC_MAX + 1], name[TOPIC_MAX + 1];
	topic_availability(&node->topics, availability);
	snprintf(name, sizeof(name), "Portcullis %s", node->topics.node);
	json_t *connection = component(&node->topics, NULL, "binary_sensor", "connection", "Connection");
	set_string(&connection, "device_class", "connectivity");
	set_string(&connection, "entity_category", "diagnostic");
	set_string(&connection, "state_topic", availability);
	set_string(&connection, "value_template", "{{ 'online' if value == 'online' else 'offline' }}");
	set_string(&connection, "payload_on", "online");
	set_string(&connection, "payload_off", "offline");
	json_t *components = json_object();
	set(&components, "connection", connection);
	json_t *root = device(node, NULL, name, "agent");
	set(&root, "components", components);
	return finish(root, buffer, size);
}
