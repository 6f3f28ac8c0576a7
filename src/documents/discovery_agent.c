/*
 * Home Assistant's MQTT discovery: the document of the agent's own device. It has the sensors of the agent and its machine,
 * and the lock-out of all doors. discovery.c is about the doors.
 */
#include <jansson.h>
#include <stdio.h>

#include "documents/discovery.h"
#include "documents/documents.h"
#include "documents/object.h"

/* Whether the machine has what a figure is about. */
enum having { HAS_ALWAYS, HAS_TEMPERATURE, HAS_WIRELESS };

/* The sensors of the agent's own device. All read NODE/agent, and are for the household's technician. */
static const struct figure {
	const char *key, *name, *template, *device_class, *state_class, *unit, *icon;
	enum having having;
} figures[] = {
		{.key = "started",
				.name = "Started",
				.template = "{{ value_json.started }}",
				.device_class = "timestamp"},
		{.key = "reconnects",
				.name = "Reconnects",
				.template = "{{ value_json.reconnects }}",
				.state_class = "total_increasing",
				.icon = "mdi:lan-pending"},
		{.key = "version",
				.name = "Version",
				.template = "{{ value_json.version }}",
				.icon = "mdi:tag-outline"},
		{.key = "temperature",
				.name = "Temperature",
				.template = "{{ value_json.temperature_c }}",
				.device_class = "temperature",
				.state_class = "measurement",
				.unit = "\u00b0C",
				.having = HAS_TEMPERATURE},
		{.key = "wifi",
				.name = "Wi-Fi signal",
				.template = "{{ value_json.wifi_dbm }}",
				.device_class = "signal_strength",
				.state_class = "measurement",
				.unit = "dBm",
				.having = HAS_WIRELESS},
};

static json_t *figure(const struct document_node *node, const struct document_agent *agent, const struct figure *figure)
{
	char topic[TOPIC_MAX + 1];
	if ((figure->having == HAS_TEMPERATURE && !agent->has_temperature) ||
			(figure->having == HAS_WIRELESS && !agent->has_wireless))
		return discovery_removed("sensor");
	json_t *object = discovery_component(&node->topics, NULL, "sensor", figure->key, figure->name);
	object_set_string(&object, "state_topic", topic_agent(&node->topics, topic) < 0 ? NULL : topic);
	object_set_string(&object, "value_template", figure->template);
	object_set_some(&object, "device_class", figure->device_class);
	object_set_some(&object, "state_class", figure->state_class);
	object_set_some(&object, "unit_of_measurement", figure->unit);
	object_set_some(&object, "icon", figure->icon);
	object_set_string(&object, "entity_category", "diagnostic");
	object_set(&object, "expire_after", json_integer(DOCUMENT_AGENT_EXPIRY_S));
	return object;
}

static json_t *connection(const struct document_node *node)
{
	char availability[TOPIC_MAX + 1];
	topic_availability(&node->topics, availability);
	json_t *object = discovery_component(&node->topics, NULL, "binary_sensor", "connection", "Connection");
	object_set_string(&object, "device_class", "connectivity");
	object_set_string(&object, "entity_category", "diagnostic");
	object_set_string(&object, "state_topic", availability);
	object_set_string(&object, "value_template", "{{ 'online' if value == 'online' else 'offline' }}");
	object_set_string(&object, "payload_on", "online");
	object_set_string(&object, "payload_off", "offline");
	object_set(&object, "expire_after", json_integer(DOCUMENT_AGENT_EXPIRY_S));
	return object;
}

static json_t *lockout_of_all(const struct document_node *node)
{
	char availability[TOPIC_MAX + 1], topic[TOPIC_MAX + 1];
	topic_availability(&node->topics, availability);
	json_t *object = discovery_component(&node->topics, NULL, "switch", "lockout", "Lock-out of all doors");
	topic_all_doors(&node->topics, TOPIC_LOCKOUT_SET, topic);
	object_set_string(&object, "command_topic", topic);
	topic_all_doors(&node->topics, TOPIC_LOCKOUT, topic);
	object_set_string(&object, "state_topic", topic);
	object_set_string(&object, "availability_topic", availability);
	object_set_string(&object, "availability_template", DISCOVERY_AVAILABILITY_TEMPLATE);
	discovery_set_lockout(&object, node);
	return object;
}

ssize_t document_discovery_agent(
		const struct document_node *node, const struct document_agent *agent, char *buffer, size_t size)
{
	char name[TOPIC_MAX + 1];
	snprintf(name, sizeof(name), "Portcullis %s", node->topics.node);
	json_t *components = json_object(), *identity = json_object();
	object_set(&components, "connection", connection(node));
	object_set(&components, "lockout", lockout_of_all(node));
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		object_set(&components, figures[i].key, figure(node, agent, &figures[i]));
	discovery_set_identity(&identity, node, name, "Agent");
	json_t *root = discovery_device(node, NULL, identity);
	object_set(&root, "components", components);
	return document_finish(root, buffer, size);
}
