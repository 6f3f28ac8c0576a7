/* Member by member: neither room knows the other's types. What is equal by name only is asserted here. */
#include "agent/translate.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/net.h"
#include "documents/topics.h"
#include "mqtt/mqtt.h"
#include "tls/mac.h"
#include "tls/password.h"

static_assert(CONFIG_LINE_NAME_MAX == GPIO_LINE_NAME_MAX, "what --check lets through is a line's name");
static_assert((size_t)CONFIG_BROKERS_MAX <= MQTT_BROKERS_MAX, "translate_link hands all brokers on");
static_assert((size_t)CONFIG_FRAME_ANCESTORS_MAX <= HTTP_FRAME_ANCESTORS_MAX, "the page's head has room for it");
static_assert((size_t)CONFIG_HOSTS_MAX <= HTTP_HOSTS_MAX, "translate_http hands all names on");
static_assert(CONFIG_CREDENTIALS_MAX == HTTP_PASSWORD_MAX, "what --check lets through can be served");
static_assert(TLS_MAC_BYTES == HTTP_MAC_BYTES, "tls_mac signs sessions");
static_assert(CONFIG_NODE_MAX == PEER_NODE_MAX, "each node can be another one's peer");
static_assert(CONFIG_TOPIC_MAX + CONFIG_NODE_MAX + DOOR_ID_MAX + 32 < TOPIC_MAX, "no topic of ours is too long");

static const enum gpio_bias translated_biases[] = {
		[CONFIG_BIAS_AS_IS] = GPIO_BIAS_AS_IS,
		[CONFIG_BIAS_PULL_UP] = GPIO_BIAS_PULL_UP,
		[CONFIG_BIAS_PULL_DOWN] = GPIO_BIAS_PULL_DOWN,
		[CONFIG_BIAS_DISABLED] = GPIO_BIAS_DISABLED,
};

static struct garage_line_config translate_line(const struct config_line *line)
{
	return (struct garage_line_config){.present = line->present,
			.name = line->name,
			.offset = line->offset,
			.active_low = line->active_low,
			.bias = translated_biases[line->bias]};
}

struct garage_door_config translate_door(const struct config_door *from)
{
	struct garage_door_config door = {.id = from->id,
			.name = from->name,
			.device_class = config_device_class_name(from->device_class),
			.area = from->area,
			.vent = from->vent,
			.machine = &from->machine,
			.left_open_ms = from->left_open_ms,
			.left_open_again_ms = from->left_open_again_ms};
	for (int line = 0; line < DOOR_LINES; line++)
		door.lines[line] = translate_line(&from->lines[line]);
	for (int sensor = 0; sensor < DOOR_SENSORS; sensor++)
		door.lines[GARAGE_SENSOR_LINES + sensor] = translate_line(&from->sensors[sensor]);
	return door;
}

struct garage_door_config *translate_doors(const struct config *config)
{
	struct garage_door_config *doors = calloc(config->door_count, sizeof(*doors));
	for (size_t i = 0; doors && i < config->door_count; i++)
		doors[i] = translate_door(&config->doors[i]);
	return doors;
}

void translate_page_url(const struct config *config, char url[static LINK_URL_MAX + 1])
{
	const char *address = config->http.address, *scheme = config->http.tls.certificate_file ? "https" : "http";
	char host[HOST_NAME_MAX + 1] = "", local[sizeof(host) + sizeof(".local")], place[NET_PRINT_MAX];
	bool any = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
	*url = '\0';
	if (!config->http.enabled || config->http.port == 0 || config->http.ingress || net_is_loopback_host(address))
		return;
	gethostname(host, sizeof(host) - 1);
	host[strcspn(host, ".")] = '\0';
	snprintf(local, sizeof(local), "%s.local", host);
	if (any && config->http.host_count == 0 && !*host)
		return;
	net_print(config->http.host_count > 0 ? config->http.hosts[0]
			: any                 ? local
					      : address,
			config->http.port, place);
	snprintf(url, LINK_URL_MAX + 1, "%s://%s/", scheme, place);
}

struct link_config translate_link(
		const struct config *config, const struct mqtt_layer *const *layers, struct alive *alive)
{
	struct link_config link = {.node = config->node,
			.topic_prefix = config->mqtt.topic_prefix,
			.discovery_prefix = config->home_assistant.prefix,
			.discovery = config->home_assistant.discovery,
			.command_expiry = config->home_assistant.command_expiry,
			.simulated = config->gpio.backend == CONFIG_SIMULATED,
			.broker_count = config->mqtt.broker_count,
			.client_id = config->mqtt.client_id,
			.username = config->mqtt.username,
			.password = config->mqtt.password,
			.alive = alive,
			.keepalive_ms = config->mqtt.keepalive_ms,
			.follow_all = config->peers.all,
			.follow = config->peers.nodes,
			.follow_count = config->peers.node_count};
	translate_page_url(config, link.page_url);
	for (size_t i = 0; i < config->mqtt.broker_count; i++)
		link.brokers[i] = (struct mqtt_broker){.host = config->mqtt.brokers[i].host,
				.port = config->mqtt.brokers[i].port,
				.layer = layers[i]};
	return link;
}

struct http_config translate_http(const struct config *config)
{
	const char *password = config->http.password;
	struct http_config http = {
			.address = config->http.address,
			.port = config->http.port,
			.host_count = config->http.host_count,
			.frame_ancestors = config->http.frame_ancestors,
			.ingress = config->http.ingress,
			.language = config->http.language,
			.username = config->http.username,
			.password = password,
			.password_right = password && tls_password_looks_hashed(password) ? tls_password_check : NULL,
			.sign = tls_mac,
			.allow_anonymous_commands = config->http.allow_anonymous_commands,
	};
	for (size_t i = 0; i < http.host_count; i++)
		http.hosts[i] = config->http.hosts[i];
	return http;
}

const char translate_damaged_hash[] =
		"the password begins like a hash and is none: make it anew with portcullis --hash-password";

bool translate_right_hash(const struct config *config)
{
	const char *password = config->http.password;
	return !password || !tls_password_looks_hashed(password) || tls_password_is_hash(password);
}
