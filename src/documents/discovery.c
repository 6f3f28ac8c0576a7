/*
 * Home Assistant's MQTT discovery: the document of a door, and what that of the agent (discovery_agent.c) shares with it.
 * The keys are Home Assistant's. docs/home-assistant.md tells each rule that is not plain from its documentation, and
 * test/unit/test_documents.c holds it. A part that a door does not have is named all the same, which removes a former one.
 */
#include "documents/documents.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "documents/discovery.h"
#include "documents/object.h"

/* A command that Home Assistant sent and nobody took within this time is not carried out later. */
#define COMMAND_EXPIRY_S 10

enum fitting { ALWAYS, OPEN_SENSOR, CLOSED_SENSOR, OBSTRUCTION_SENSOR, WARNING, LEFT_OPEN };

/* The words that a sensor of device class enum may have. Templates make them of the words for programs. */
enum options { NO_OPTIONS, FAULTS, CONFIDENCES, SOURCES };

/* In the order of enum door_source; none is no state. */
static const char *const source_words[] = {NULL, "MQTT", "Page or API", "By hand", "Auto-close"};
#define SOURCE_TEMPLATE                                                                              \
	"{{ {'mqtt': 'MQTT', 'http': 'Page or API', 'local': 'By hand', 'auto_close': 'Auto-close'}" \
	".get(value_json.source) }}"

/*
 * The parts of a door's device beside the cover and the event: each reads one field of the attributes, whose topic all
 * of them inherit from the document's root. A template that gives None shows as unknown. No key may end in another's
 * with a "_" before it: unique ids of different doors could meet. Noise is disabled until a person enables it: each
 * change of an entity is a line in Home Assistant's Activity.
 */
static const struct part {
	const char *key, *platform, *name, *template, *device_class, *category, *state_class, *unit, *icon;
	const char *attributes; /* a template of the entity's own attributes; NULL: it has none */
	enum fitting fitting;
	enum options options;
	bool noise;
} parts[] = {
		{.key = "problem",
				.platform = "binary_sensor",
				.name = "Problem",
				.template = "{{ value_json.fault is not none }}",
				.device_class = "problem"},
		{.key = "obstruction",
				.platform = "binary_sensor",
				.name = "Obstruction",
				.template = "{{ value_json['obstruction-detected'] }}",
				.device_class = "problem",
				.fitting = OBSTRUCTION_SENSOR},
		{.key = "left_open",
				.platform = "binary_sensor",
				.name = "Left open",
				.template = "{{ value_json.left_open }}",
				.device_class = "problem",
				.icon = "mdi:timer-alert-outline",
				.fitting = LEFT_OPEN},
		{.key = "close_warning",
				.platform = "binary_sensor",
				.name = "Close warning",
				.template = "{{ value_json.close_warning }}",
				.icon = "mdi:alarm-light-outline",
				.fitting = WARNING},
		{.key = "open_contact",
				.platform = "binary_sensor",
				.name = "Open contact",
				.template = "{{ value_json.open_sensor }}",
				.category = "diagnostic",
				.icon = "mdi:magnet",
				.fitting = OPEN_SENSOR,
				.noise = true},
		{.key = "closed_contact",
				.platform = "binary_sensor",
				.name = "Closed contact",
				.template = "{{ value_json.closed_sensor }}",
				.category = "diagnostic",
				.icon = "mdi:magnet",
				.fitting = CLOSED_SENSOR,
				.noise = true},
		{.key = "fault",
				.platform = "sensor",
				.name = "Fault",
				.template = "{{ (value_json.fault or 'no_fault') | replace('_', ' ') | capitalize }}",
				.category = "diagnostic",
				.icon = "mdi:alert-circle-outline",
				.options = FAULTS},
		{.key = "confidence",
				.platform = "sensor",
				.name = "Confidence",
				.template = "{{ value_json.confidence | capitalize }}",
				.category = "diagnostic",
				.icon = "mdi:eye-check-outline",
				.options = CONFIDENCES,
				.noise = true},
		/* Two equal refusals differ in their attributes: each of them is a change of the entity. */
		{.key = "last_command",
				.platform = "sensor",
				.name = "Last command",
				.template = "{% set c = value_json.last_command %}"
					    "{{ {'lockout_on': 'Lock-out', 'lockout_off': 'Lifting the lock-out'}"
					    ".get(c.command, (c.command or 'command') | capitalize) ~ {'accepted': ' accepted', "
					    "'unchanged': ' not needed', 'cancelled': ' cancelled'}"
					    ".get(c.result, ' refused') ~ "
					    "(': ' ~ c.detail if c.detail else '') if c else None }}",
				.attributes = "{{ (value_json.last_command or {}) | tojson }}",
				.icon = "mdi:message-reply-text-outline"},
		{.key = "source",
				.platform = "sensor",
				.name = "Last moved by",
				.template = SOURCE_TEMPLATE,
				.icon = "mdi:account-arrow-right-outline",
				.options = SOURCES},
		{.key = "last_changed",
				.platform = "sensor",
				.name = "Last changed",
				.template = "{{ value_json.last_changed }}",
				.device_class = "timestamp",
				.noise = true},
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
				.state_class = "total_increasing",
				.icon = "mdi:counter"},
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
	case WARNING:
		return door->has_warning;
	case LEFT_OPEN:
		return door->has_left_open;
	case ALWAYS:
		break;
	}
	return true;
}

/* A word for programs as one for people, as the templates make it: did_not_start is "Did not start". */
static json_t *spoken(const char *word)
{
	char text[32];
	snprintf(text, sizeof(text), "%s", word);
	for (char *c = text; *c; c++)
		if (*c == '_')
			*c = ' ';
	if (*text >= 'a' && *text <= 'z')
		*text = (char)(*text - 'a' + 'A');
	return json_string(text);
}

static json_t *list_options(enum options options)
{
	json_t *list = json_array();
	if (options == FAULTS) {
		object_append(&list, spoken("no_fault"));
		for (enum door_fault fault = DOOR_FAULT_NONE + 1; fault <= DOOR_FAULT_LAST; fault++)
			object_append(&list, spoken(door_fault_name(fault)));
	} else if (options == CONFIDENCES) {
		for (enum door_confidence i = DOOR_CONFIDENCE_UNKNOWN; i <= DOOR_CONFIDENCE_SENSED; i++)
			object_append(&list, spoken(door_confidence_name(i)));
	} else {
		for (enum door_source i = DOOR_SOURCE_NONE + 1; i <= DOOR_SOURCE_AUTO_CLOSE; i++)
			object_append(&list, json_string(source_words[i]));
	}
	return list;
}

json_t *discovery_component(const struct topic_base *topics, const char *door, const char *platform, const char *key,
		const char *name)
{
	char id[TOPIC_MAX + 1], entity[TOPIC_MAX + 1];
	topic_device_id(topics, door, id);
	snprintf(entity, sizeof(entity), "%s%s%s_%s", topics->node, door ? "_" : "", door ? door : "", key);
	for (char *c = entity; *c; c++)
		if (*c == '-')
			*c = '_';
	json_t *object = json_object();
	object_set_string(&object, "platform", platform);
	object_set_string(&object, "name", name);
	object_set(&object, "unique_id", json_sprintf("%s_%s", id, key));
	object_set(&object, "default_entity_id", json_sprintf("%s.%s", platform, entity));
	object_set(&object, "qos", json_integer(1));
	return object;
}

/*
 * Nothing acts late. With QoS 1 Home Assistant's client publishes a command again, after a reconnect, that was not
 * acknowledged: nobody can tell that from a new one, and its expiry begins anew. A command that waits on its way ends
 * there. Where Home Assistant speaks MQTT 3.1.1, it could then send none at all.
 */
static void set_command(json_t **object, const struct document_node *node)
{
	object_set(object, "qos", json_integer(0));
	if (node->command_expiry)
		object_set(object, "message_expiry_interval", json_integer(COMMAND_EXPIRY_S));
}

static void set_topic(json_t **object, const char *key, const struct document_node *node, const char *door,
		enum topic_leaf leaf)
{
	char topic[TOPIC_MAX + 1];
	object_set(object, key, topic_door(&node->topics, door, leaf, topic) < 0 ? NULL : json_string(topic));
}

static json_t *cover(const struct document_node *node, const struct door_view *door)
{
	json_t *object = discovery_component(&node->topics, door->id, "cover", "door", NULL);
	object_set_string(&object, "device_class", door->device_class);
	set_topic(&object, "command_topic", node, door->id, TOPIC_SET);
	set_topic(&object, "state_topic", node, door->id, TOPIC_STATE);
	if (door->has_position)
		set_topic(&object, "position_topic", node, door->id, TOPIC_POSITION);
	if (door->has_position && door->has_reach)
		set_topic(&object, "set_position_topic", node, door->id, TOPIC_POSITION_SET);
	set_topic(&object, "json_attributes_topic", node, door->id, TOPIC_ATTRIBUTES);
	object_set_string(&object, "payload_open", "OPEN");
	object_set_string(&object, "payload_close", "CLOSE");
	object_set_string(&object, "payload_stop", door->has_stop ? "STOP" : NULL);
	object_set_string(&object, "state_open", document_state(DOOR_OPEN));
	object_set_string(&object, "state_opening", document_state(DOOR_OPENING));
	object_set_string(&object, "state_closed", document_state(DOOR_CLOSED));
	object_set_string(&object, "state_closing", document_state(DOOR_CLOSING));
	object_set_string(&object, "state_stopped", document_state(DOOR_STOPPED));
	set_command(&object, node);
	return object;
}

json_t *discovery_removed(const char *platform)
{
	json_t *object = json_object();
	object_set_string(&object, "platform", platform);
	return object;
}

/* One press of a toggle relay, for states in which the cover's own buttons are refused: a cover sends no TOGGLE. */
static json_t *toggle(const struct document_node *node, const struct door_view *door)
{
	if (!door->toggles)
		return discovery_removed("button");
	json_t *object = discovery_component(&node->topics, door->id, "button", "toggle", "Press the opener's button");
	set_topic(&object, "command_topic", node, door->id, TOPIC_SET);
	object_set_string(&object, "payload_press", "TOGGLE");
	object_set_string(&object, "icon", "mdi:gesture-tap-button");
	set_command(&object, node);
	if (door->has_closed_sensor) /* else the state may be unknown from the start, and it is all that works */
		object_set(&object, "enabled_by_default", json_false());
	return object;
}

/* One press that sends the door to a position. */
static json_t *vent(const struct document_node *node, const struct door_view *door)
{
	char percent[16];
	if (door->vent == 0)
		return discovery_removed("button");
	snprintf(percent, sizeof(percent), "%d", door->vent);
	json_t *object = discovery_component(&node->topics, door->id, "button", "vent", "Air");
	set_topic(&object, "command_topic", node, door->id, TOPIC_POSITION_SET);
	object_set_string(&object, "payload_press", percent);
	object_set_string(&object, "icon", "mdi:weather-windy");
	set_command(&object, node);
	return object;
}

void discovery_set_lockout(json_t **object, const struct document_node *node)
{
	object_set_string(object, "payload_on", "ON");
	object_set_string(object, "payload_off", "OFF");
	object_set_string(object, "entity_category", "config");
	object_set_string(object, "icon", "mdi:lock-outline");
	set_command(object, node);
}

static json_t *lockout(const struct document_node *node, const struct door_view *door)
{
	json_t *object = discovery_component(&node->topics, door->id, "switch", "lockout", "Lock-out");
	set_topic(&object, "command_topic", node, door->id, TOPIC_LOCKOUT_SET);
	set_topic(&object, "state_topic", node, door->id, TOPIC_LOCKOUT);
	discovery_set_lockout(&object, node);
	return object;
}

static json_t *event(const struct document_node *node, const struct door_view *door)
{
	json_t *types = json_array();
	for (enum door_news news = DOOR_NEWS_OPENING; news <= DOOR_NEWS_EVENT_LAST; news++)
		object_append(&types, json_string(door_news_name(news)));
	json_t *object = discovery_component(&node->topics, door->id, "event", "event", "Event");
	set_topic(&object, "state_topic", node, door->id, TOPIC_EVENT);
	object_set(&object, "event_types", types);
	object_set(&object, "enabled_by_default", json_false());
	return object;
}

static json_t *part(const struct document_node *node, const struct door_view *door, const struct part *part)
{
	if (!fitted(door, part->fitting))
		return discovery_removed(part->platform);
	json_t *object = discovery_component(&node->topics, door->id, part->platform, part->key, part->name);
	object_set_string(&object, "value_template", part->template);
	if (part->attributes)
		set_topic(&object, "json_attributes_topic", node, door->id, TOPIC_ATTRIBUTES);
	object_set_some(&object, "json_attributes_template", part->attributes);
	object_set_some(&object, "device_class", part->options ? "enum" : part->device_class);
	if (part->options)
		object_set(&object, "options", list_options(part->options));
	object_set_some(&object, "icon", part->icon);
	if (part->noise)
		object_set(&object, "enabled_by_default", json_false());
	object_set_some(&object, "entity_category", part->category);
	object_set_some(&object, "state_class", part->state_class);
	object_set_some(&object, "unit_of_measurement", part->unit);
	if (strcmp(part->platform, "binary_sensor") == 0) {
		object_set_string(&object, "payload_on", "True");
		object_set_string(&object, "payload_off", "False");
	}
	return object;
}

void discovery_set_identity(json_t **identity, const struct document_node *node, const char *name, const char *model)
{
	char kind[32];
	snprintf(kind, sizeof(kind), "%s%s", model, node->simulated ? " (simulated)" : "");
	object_set_string(identity, "name", name);
	object_set_string(identity, "manufacturer", "Portcullis");
	object_set_string(identity, "model", kind);
	object_set_string(identity, "sw_version", node->version);
	object_set_some(identity, "configuration_url", node->configuration_url);
}

/* How the door is wired, in a few words. */
static void set_wiring(json_t **identity, const struct door_view *door)
{
	char wiring[96];
	snprintf(wiring, sizeof(wiring), "%s%s%s%s", door->toggles ? "toggle relay" : "separate relays",
			door->has_closed_sensor ? ", closed contact" : "",
			door->has_open_sensor ? ", open contact" : "",
			door->has_obstruction_sensor ? ", light beam" : "");
	object_set_string(identity, "model_id", wiring);
}

json_t *discovery_device(const struct document_node *node, const char *door, json_t *identity)
{
	char id[TOPIC_MAX + 1];
	json_t *origin = json_object(), *root = json_object(), *identifiers = json_array();
	object_append(&identifiers, topic_device_id(&node->topics, door, id) < 0 ? NULL : json_string(id));
	object_set(&identity, "identifiers", identifiers);
	if (door && topic_device_id(&node->topics, NULL, id) > 0)
		object_set_string(&identity, "via_device", id);
	object_set_string(&origin, "name", "Portcullis");
	object_set_string(&origin, "sw_version", node->version);
	object_set_some(&origin, "support_url", node->support_url && *node->support_url ? node->support_url : NULL);
	object_set(&root, "device", identity);
	object_set(&root, "origin", origin);
	return root;
}

/* In the words of people: the device classes are Home Assistant's. */
static const char *door_model(const struct door_view *door)
{
	return strcmp(door->device_class, "gate") == 0   ? "Gate"
	       : strcmp(door->device_class, "door") == 0 ? "Door"
							 : "Garage door";
}

ssize_t document_discovery_door(
		const struct document_node *node, const struct door_view *door, char *buffer, size_t size)
{
	char availability[TOPIC_MAX + 1];
	topic_availability(&node->topics, availability);
	json_t *components = json_object();
	object_set(&components, "door", cover(node, door));
	object_set(&components, "event", event(node, door));
	object_set(&components, "toggle", toggle(node, door));
	object_set(&components, "vent", vent(node, door));
	object_set(&components, "lockout", lockout(node, door));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		object_set(&components, parts[i].key, part(node, door, &parts[i]));
	json_t *identity = json_object();
	discovery_set_identity(&identity, node, door->name, door_model(door));
	set_wiring(&identity, door);
	object_set_some(&identity, "suggested_area", door->area);
	json_t *root = discovery_device(node, door->id, identity);
	object_set_string(&root, "availability_topic", availability);
	object_set_string(&root, "availability_template", DISCOVERY_AVAILABILITY_TEMPLATE);
	set_topic(&root, "state_topic", node, door->id, TOPIC_ATTRIBUTES);
	object_set(&root, "components", components);
	return document_finish(root, buffer, size);
}
