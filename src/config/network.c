/*
 * Addresses of a configuration file: where the broker is, where the page listens, whom it answers to, and the names of
 * peers. Hosts and addresses share one grammar. Nothing here asks a name service.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "base/net.h"
#include "config/scalars.h"
#include "config/values.h"

static bool check_host(const char *host, size_t length)
{
	return length > 0 && length <= CONFIG_HOST_MAX && host[0] != '.' && host[0] != '-' &&
	       config_set_holds("A-Za-z0-9._-", host, length);
}

static bool is_numeric(sa_family_t family, const char *text, size_t length)
{
	char terminated[INET6_ADDRSTRLEN];
	struct sockaddr_storage address;
	if (length >= sizeof(terminated))
		return false;
	memcpy(terminated, text, length);
	terminated[length] = '\0';
	return net_address(terminated, 0, &address) > 0 && address.ss_family == family;
}

static bool is_zone(const char *text, size_t length)
{
	return length > 0 && length < IF_NAMESIZE && config_set_holds("A-Za-z0-9._-", text, length);
}

/* HOST, HOST:PORT, [IPV6], [IPV6%ZONE] or these with :PORT. port keeps its value when none is there. */
static bool split_host_port(const char *text, size_t length, const char **host, size_t *host_length, unsigned *port)
{
	const char *end = text + length;
	const char *rest;
	if (length > 0 && text[0] == '[') {
		rest = memchr(text, ']', length);
		if (!rest)
			return false;
		*host = text + 1;
		*host_length = (size_t)(rest - *host);
		const char *zone = memchr(*host, '%', *host_length);
		if (!is_numeric(AF_INET6, *host, zone ? (size_t)(zone - *host) : *host_length) ||
				(zone && !is_zone(zone + 1, (size_t)(rest - zone) - 1)))
			return false;
		rest++;
	} else {
		rest = memchr(text, ':', length);
		if (!rest)
			rest = end;
		*host = text;
		*host_length = (size_t)(rest - text);
		if (!check_host(*host, *host_length))
			return false;
	}
	if (rest == end)
		return true;
	return *rest == ':' && config_number_parse(rest + 1, (size_t)(end - rest - 1), 65535, port);
}

/* An address of link-local IPv6 means something on one interface alone; of others there is no zone. */
static bool check_zone(struct config_reader *reader, const struct config_broker *broker, struct config_position at)
{
	bool zone = strchr(broker->host, '%'), link_local = net_is_link_local(broker->host);
	if (zone && !link_local)
		config_error(reader, at, "broker: %s is no link-local address (fe80::), expected it without %%ZONE",
				broker->host);
	else if (zone && broker->tls)
		config_error(reader, at,
				"broker: no certificate can name an address with a zone, expected mqtts:// with the broker's name or another address");
	else if (link_local && !zone)
		config_warning(reader, at,
				"broker: a link-local address is known on one interface alone: name that, as in [%s%%eth0]",
				broker->host);
	return !zone || (link_local && !broker->tls);
}

void config_network_read_broker(struct config_reader *reader, struct config_scalar scalar)
{
	struct config *config = &reader->settings->config;
	struct config_broker *broker = &config->mqtt.brokers[config->mqtt.broker_count];
	static const struct {
		const char *name;
		unsigned port;
	} schemes[] = {{"mqtt://", 1883}, {"mqtts://", 8883}, {"supervisor://", 80}};
	const char *host;
	size_t host_length;
	struct config_quote quote;
	if (memchr(scalar.text, '@', scalar.length)) {
		config_error(reader, scalar.at,
				"broker: the address holds an @, expected mqtt://HOST:PORT with the login in mqtt.username and mqtt.password_file");
		return;
	}
	for (size_t i = 0; i < COUNT(schemes); i++) {
		size_t scheme = strlen(schemes[i].name);
		unsigned port = schemes[i].port;
		if (scalar.length < scheme || memcmp(scalar.text, schemes[i].name, scheme) != 0)
			continue;
		if (!split_host_port(scalar.text + scheme, scalar.length - scheme, &host, &host_length, &port) ||
				port == 0) {
			config_error(reader, scalar.at,
					"broker: %s is no address of a broker, expected %sHOST or %sHOST:PORT with a port from 1 to 65535, and an IPv6 address as [::1]",
					config_scalar_quote(&quote, scalar), schemes[i].name, schemes[i].name);
			return;
		}
		*broker = (struct config_broker){.host = config_keep(reader, host, host_length),
				.port = (uint16_t)port,
				.tls = i == 1,
				.by_supervisor = i == 2};
		if (broker->by_supervisor && !is_numeric(AF_INET, host, host_length)) {
			config_error(reader, scalar.at,
					"broker: %s is no numeric address, expected that of Home Assistant's Supervisor: supervisor://172.30.32.2",
					config_scalar_quote(&quote, scalar));
			return;
		}
		if (!check_zone(reader, broker, scalar.at))
			return;
		config_mark(reader, broker, scalar.at);
		config->mqtt.broker_count++;
		return;
	}
	config_error(reader, scalar.at,
			"broker: %s does not begin with mqtt:// or mqtts://, expected an address such as mqtt://broker.lan:1883",
			config_scalar_quote(&quote, scalar));
}

void config_network_read_listen(struct config_reader *reader, struct config_scalar scalar)
{
	struct config *config = &reader->settings->config;
	struct config_quote quote;
	const char *host;
	size_t host_length;
	unsigned port = UINT32_MAX;
	config->http.enabled = false;
	if (config_scalar_is_off(scalar))
		return;
	bool bracketed = scalar.length > 0 && scalar.text[0] == '[';
	if (bracketed && memchr(scalar.text, '%', scalar.length)) {
		config_error(reader, scalar.at,
				"listen: an address with a zone (%%) is not supported, expected [::] for every interface, or another address");
		return;
	}
	if (!split_host_port(scalar.text, scalar.length, &host, &host_length, &port) || port == UINT32_MAX ||
			(!bracketed && !is_numeric(AF_INET, host, host_length))) {
		config_error(reader, scalar.at,
				"listen: %s is no address to listen on, expected a numeric address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080, or off",
				config_scalar_quote(&quote, scalar));
		return;
	}
	const char *address = config_keep(reader, host, host_length);
	if (net_is_link_local(address)) {
		config_error(reader, scalar.at,
				"listen: a link-local address takes a zone (%%) to listen on, which is not supported, expected [::] for every interface, or another address");
		return;
	}
	config->http.enabled = true;
	config->http.address = address;
	config->http.port = (uint16_t)port;
}

void config_network_read_host(struct config_reader *reader, struct config_scalar scalar)
{
	struct config *config = &reader->settings->config;
	struct config_quote quote;
	if (!check_host(scalar.text, scalar.length))
		config_error(reader, scalar.at,
				"hosts: %s is no host name, expected a name without scheme and port, such as garage.example",
				config_scalar_quote(&quote, scalar));
	else
		config->http.hosts[config->http.host_count++] = config_keep(reader, scalar.text, scalar.length);
}

void config_network_read_peer(struct config_reader *reader, const struct config_key *key, struct config_scalar scalar)
{
	struct config *config = &reader->settings->config;
	struct config_key one = *key; /* the key's own bounds are the list's */
	struct config_quote quote;
	one.minimum = 1;
	one.maximum = CONFIG_NODE_MAX;
	if (!config_scalar_check_text(reader, &one, scalar))
		return;
	for (size_t i = 0; i < config->peers.node_count; i++)
		if (strcmp(config->peers.nodes[i], scalar.text) == 0) {
			config_error(reader, scalar.at, "peers: %s is named twice",
					config_scalar_quote(&quote, scalar));
			return;
		}
	config->peers.nodes[config->peers.node_count++] = config_keep(reader, scalar.text, scalar.length);
}
