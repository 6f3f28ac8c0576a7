/*
 * A table of codes, each with its name in MQTT 5 and what a person can do about it.
 */
#include "mqtt/reasons.h"

#include <stddef.h>

/* MQTT 5.0, 2.4. */
static const struct reason {
	int code;
	const char *text;
	const char *advice;
} reasons[] = {
		{0x80, "unspecified error", "the broker's own log says more"},
		{0x81, "malformed packet", "the broker's own log says more"},
		{0x82, "protocol error", "the broker's own log says more"},
		{0x83, "implementation specific error", "the broker's own log says more"},
		{0x84, "unsupported protocol version", "the broker must speak MQTT 5 or 3.1.1"},
		{0x85, "client identifier not valid", "choose another mqtt.client_id"},
		{0x86, "bad user name or password", "check mqtt.username and mqtt.password or password_file"},
		{0x87, "not authorized",
				"check mqtt.username and mqtt.password or password_file, and what the broker allows that user"},
		{0x88, "server unavailable", "the broker is not ready to take clients"},
		{0x89, "server busy", ""},
		{0x8a, "banned", "the broker's administrator has banned this client"},
		{0x8b, "server shutting down", ""},
		{0x8c, "bad authentication method", "the broker wants more than a user name and a password"},
		{0x8d, "keep alive timeout",
				"the broker heard nothing for too long: look at the network, or raise mqtt.keepalive"},
		{0x8e, "session taken over",
				"two clients share one client id: give each agent a node or mqtt.client_id of its own"},
		{0x8f, "topic filter invalid", "check mqtt.topic_prefix and home_assistant.prefix"},
		{0x90, "topic name invalid", "check mqtt.topic_prefix and home_assistant.prefix"},
		{0x91, "packet identifier in use", ""},
		{0x92, "packet identifier not found", ""},
		{0x93, "receive maximum exceeded", ""},
		{0x95, "packet too large", "raise the broker's limit for packets"},
		{0x96, "message rate too high", ""},
		{0x97, "quota exceeded", "raise what the broker allows this client"},
		{0x98, "administrative action", "the broker's administrator ended the connection"},
		{0x99, "payload format invalid", ""},
		{0x9a, "retain not supported", "the agent needs a broker that retains messages"},
		{0x9b, "QoS not supported", "the agent needs a broker that speaks QoS 1"},
		{0x9c, "use another server", "set mqtt.broker to the address that the broker's administrator names"},
		{0x9d, "server moved", "set mqtt.broker to the address that the broker's administrator names"},
		{0x9e, "shared subscriptions not supported", ""},
		{0x9f, "connection rate exceeded", ""},
		{0xa0, "maximum connect time", ""},
		{0xa1, "subscription identifiers not supported", ""},
		{0xa2, "wildcard subscriptions not supported", ""},
};

static const struct reason *find_reason(int code)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == code)
			return &reasons[i];
	return NULL;
}

int mqtt_reason_of_v3_connack(int code)
{
	static const int codes[] = {0, 0x84, 0x85, 0x88, 0x86, 0x87};
	return code >= 1 && code <= 5 ? codes[code] : code;
}

const char *mqtt_reason_text(int code)
{
	const struct reason *reason = find_reason(code);
	return reason ? reason->text : "unknown reason";
}

const char *mqtt_reason_advice(int code)
{
	const struct reason *reason = find_reason(code);
	return reason ? reason->advice : "the broker's own log says more";
}
