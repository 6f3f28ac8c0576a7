/*
 * Whether what a broker sends is MQTT, and is expected: Paho 1.3 trusts the lengths inside of a packet and keeps what
 * nobody asked for. Nothing here reads or writes a descriptor, blocks, allocates or knows of threads: who shares a
 * guard holds a lock. Packets are whole ones, from the first byte of their header on.
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
#define MQTT_GUARD_SENT_MAX 4096    /* as much of a packet of ours is looked at */
#ifndef MQTT_GUARD_FLIGHT_MAX
#define MQTT_GUARD_FLIGHT_MAX 256 /* of ours that wait for an answer; above what mqtt.c ever sends at once */
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

/* The length of the packet that begins here: 0 when too few bytes are there to say, -1 when it can be none. */
long mqtt_guard_frame(const uint8_t *bytes, size_t length);

/*
 * A packet of the broker: NULL when it is right, which is remembered; else what is wrong, a constant to follow the
 * packet's name. Nothing may be given after that.
 */
const char *mqtt_guard_received(struct mqtt_guard *guard, const uint8_t *packet, size_t length);

/*
 * A PUBLISH of MQTT 5 that is right loses its user properties and subscription identifiers: nobody here reads them,
 * anybody who publishes can add thousands, and Paho takes 400 bytes for each. Where it begins now: it ends where it
 * ended. Another packet stays as it is.
 */
uint8_t *mqtt_guard_lighten(uint8_t *packet, size_t *length);

/* A packet of ours, or as much as there is room for of one of length bytes. Answers as above. */
const char *mqtt_guard_sent(struct mqtt_guard *guard, const uint8_t *packet, size_t stored, size_t length);

/* A PINGREQ has been sent that Paho did not write: no other of this kind may be unanswered. */
void mqtt_guard_pinged(struct mqtt_guard *guard);

/* "PUBLISH" and so on, by a packet's first byte. */
const char *mqtt_guard_name(uint8_t first);

/* A connection's bytes, both ways. Begins as zeros, but for the arrays' bytes, which may be anything. */
struct mqtt_guard_stream {
	struct mqtt_guard guard;
	size_t begin, end; /* of what has come and is in no packet yet that was taken */
	size_t stored, left;
	uint8_t out[MQTT_GUARD_SENT_MAX];
	uint8_t in[MQTT_GUARD_PACKET_MAX];
};

/* Where the next bytes of the broker go, and how many: never 0 after mqtt_guard_take has found no packet. Then count
 * what came. */
uint8_t *mqtt_guard_room(struct mqtt_guard_stream *stream, size_t *room);
void mqtt_guard_came(struct mqtt_guard_stream *stream, size_t count);

/*
 * The next packet, until mqtt_guard_room is called; *length is 0 when it is not whole yet. When it is wrong: what is,
 * and *packet begins with its first byte. The answer to our own PINGREQ is passed over: guard.own is 0 after it.
 */
const char *mqtt_guard_take(struct mqtt_guard_stream *stream, const uint8_t **packet, size_t *length);

/* Bytes of ours that have been sent. NULL, or what it is that the guard cannot follow. */
const char *mqtt_guard_went(struct mqtt_guard_stream *stream, const uint8_t *bytes, size_t count);

/* Whether what has been sent ends with a whole packet, so that another one can follow. */
bool mqtt_guard_between(const struct mqtt_guard_stream *stream);

#endif
