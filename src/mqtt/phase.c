/*
 * The transitions are a table, one row each. There are few, and they are looked for only when something happens to a
 * connection.
 */
#include "mqtt/phase.h"

#include <stddef.h>

static const struct transition {
	enum mqtt_phase from;
	enum mqtt_event event;
	enum mqtt_phase to;
} transitions[] = {
		{MQTT_WAITING, MQTT_TIME, MQTT_REACHING},
		{MQTT_REACHING, MQTT_REACHED, MQTT_GREETING},
		{MQTT_REACHING, MQTT_WRAPPING, MQTT_SECURING},
		{MQTT_SECURING, MQTT_SECURED, MQTT_GREETING},
		{MQTT_GREETING, MQTT_ACCEPTED, MQTT_ONLINE},
		{MQTT_GREETING, MQTT_REFUSED_5, MQTT_REACHING},

		{MQTT_REACHING, MQTT_FAILED, MQTT_WAITING},
		{MQTT_SECURING, MQTT_FAILED, MQTT_WAITING},
		{MQTT_GREETING, MQTT_FAILED, MQTT_WAITING},
		{MQTT_ONLINE, MQTT_LOST, MQTT_WAITING},

		{MQTT_ONLINE, MQTT_STOP, MQTT_FINISHING},
		{MQTT_FINISHING, MQTT_SAID, MQTT_LEAVING},
		{MQTT_FINISHING, MQTT_LOST, MQTT_STOPPED},
		{MQTT_FINISHING, MQTT_END, MQTT_STOPPED},
		{MQTT_LEAVING, MQTT_END, MQTT_STOPPED},

		{MQTT_WAITING, MQTT_STOP, MQTT_STOPPED},
		{MQTT_REACHING, MQTT_STOP, MQTT_STOPPED},
		{MQTT_SECURING, MQTT_STOP, MQTT_STOPPED},
		{MQTT_GREETING, MQTT_STOP, MQTT_STOPPED},
		{MQTT_LEAVING, MQTT_STOP, MQTT_STOPPED},
};

enum mqtt_phase mqtt_phase_next(enum mqtt_phase phase, enum mqtt_event event)
{
	for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++)
		if (transitions[i].from == phase && transitions[i].event == event)
			return transitions[i].to;
	return phase;
}

const char *mqtt_phase_name(enum mqtt_phase phase)
{
	static const char *const names[MQTT_PHASES] = {
			[MQTT_WAITING] = "waiting",
			[MQTT_REACHING] = "reaching",
			[MQTT_SECURING] = "securing",
			[MQTT_GREETING] = "greeting",
			[MQTT_ONLINE] = "online",
			[MQTT_FINISHING] = "finishing",
			[MQTT_LEAVING] = "leaving",
			[MQTT_STOPPED] = "stopped",
	};
	return names[phase];
}

const char *mqtt_event_name(enum mqtt_event event)
{
	static const char *const names[MQTT_EVENTS] = {
			[MQTT_TIME] = "the pause is over",
			[MQTT_REACHED] = "TCP is there",
			[MQTT_WRAPPING] = "TCP is there, TLS begins",
			[MQTT_SECURED] = "TLS is there",
			[MQTT_ACCEPTED] = "CONNACK",
			[MQTT_REFUSED_5] = "no MQTT 5, try 3.1.1",
			[MQTT_FAILED] = "it fails",
			[MQTT_LOST] = "the connection is lost",
			[MQTT_STOP] = "stop",
			[MQTT_SAID] = "all is said",
			[MQTT_END] = "the broker has closed, or time is over",
	};
	return names[event];
}
