/*
 * Whether what a broker sends is MQTT, and is expected: Paho 1.3 trusts the lengths inside of a packet and keeps what
 * nobody asked for. Nothing here reads or writes a descriptor, blocks, allocates or knows of threads: threads that
 * share a guard hold a lock. Packets are whole ones, from the first byte of their header on.
 *
 * A guard is one connection. It learns from what we send which version is spoken, what is in flight and how many
 * topics a SUBSCRIBE asked for. What it lets through, for 5 (5.0) and 3.1.1: CONNACK once and first; PUBLISH of QoS 0
 * and 1; PUBACK, SUBACK and UNSUBACK for what is in flight, with a code for each topic; PINGRESP for a PINGREQ;
 * DISCONNECT of 5, after which nothing follows. We offer neither QoS 2 nor topic aliases nor authentication by AUTH.
 */
#ifndef PORTCULLIS_MQTT_GUARD_H
#define PORTCULLIS_MQTT_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MQTT_GUARD_PACKET_MAX 65536 /* of the broker, with its header */
#ifndef MQTT_GUARD_FLIGHT_MAX
#define MQTT_GUARD_FLIGHT_MAX 256 /* of ours that wait for an answer; above what a session ever sends at once */
#endif

struct mqtt_guard {
	enum { MQTT_GUARD_NEW, MQTT_GUARD_GREETING, MQTT_GUARD_OPEN, MQTT_GUARD_OVER } phase;
	uint8_t version; /* 5 or 4, which is 3.1.1; from our CONNECT on */
	bool clean;      /* we asked for a new session */
	uint8_t pings;   /* unanswered */
	uint8_t own;     /* the place of our own PINGREQ among them, from 1 on; 0 = none of them is ours */
	uint16_t flight_count;
	struct mqtt_guard_flight {
		uint16_t id, topics;
		uint8_t kind; /* of our packet */
	} flight[MQTT_GUARD_FLIGHT_MAX];
};

/* What the first byte of a packet of the broker shows alone: NULL, or what is wrong, a constant. */
const char *mqtt_guard_first(const struct mqtt_guard *guard, uint8_t first);

/*
 * A packet of the broker: NULL when it is right, which is remembered; else what is wrong, a constant to follow the
 * packet's name. Nothing may be given after that.
 */
const char *mqtt_guard_received(struct mqtt_guard *guard, const uint8_t *packet, size_t length);

/* A packet of ours, or as much as there is room for of one of length bytes. Answers as above. */
const char *mqtt_guard_sent(struct mqtt_guard *guard, const uint8_t *packet, size_t stored, size_t length);

/* A PINGREQ has been sent that Paho did not write: no other of this kind may be unanswered. */
void mqtt_guard_pinged(struct mqtt_guard *guard);

#endif
