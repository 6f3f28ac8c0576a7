/*
 * The bytes of an MQTT packet, whoever sent it: taken from the front, never beyond the end. Pure.
 */
#ifndef PORTCULLIS_MQTT_PACKET_H
#define PORTCULLIS_MQTT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The upper half of a packet's first byte. */
enum mqtt_kind {
	MQTT_CONNECT = 1,
	MQTT_CONNACK,
	MQTT_PUBLISH,
	MQTT_PUBACK,
	MQTT_PUBREC,
	MQTT_PUBREL,
	MQTT_PUBCOMP,
	MQTT_SUBSCRIBE,
	MQTT_SUBACK,
	MQTT_UNSUBSCRIBE,
	MQTT_UNSUBACK,
	MQTT_PINGREQ,
	MQTT_PINGRESP,
	MQTT_DISCONNECT,
	MQTT_AUTH,
};

#define MQTT_PACKET_SHORT "it ends before what it says is in it"
#define MQTT_PACKET_LONG "bytes follow where it should end"
#define MQTT_PACKET_LENGTH "its remaining length is malformed"

/* Bytes that are still to be taken; borrowed. */
struct mqtt_span {
	const uint8_t *at;
	size_t left;
};

/* Each takes a value from the front; false: it is not all there, and then the span may be shorter than before. */
bool mqtt_span_take(struct mqtt_span *from, size_t count, struct mqtt_span *part);
bool mqtt_span_byte(struct mqtt_span *from, uint8_t *value);
bool mqtt_span_u16(struct mqtt_span *from, uint16_t *value);
bool mqtt_span_varint(struct mqtt_span *from, uint32_t *value); /* in as few bytes as it can be, as MQTT 5 demands */
bool mqtt_span_binary(struct mqtt_span *from, struct mqtt_span *binary); /* with its length in front; also a string */

/* The length of the packet that begins here: 0 when too few bytes are there to say, -1 when it can be none. */
long mqtt_packet_frame(const uint8_t *bytes, size_t length);

/* Takes the properties of a packet of the broker, with their length in front: NULL when they are right, else what is
 * wrong, a constant. */
const char *mqtt_packet_properties(struct mqtt_span *from, enum mqtt_kind kind);

/*
 * A PUBLISH of MQTT 5 that is right loses its user properties and subscription identifiers: nobody here reads them,
 * anybody who publishes can add thousands, and Paho takes 400 bytes for each. Returns where the packet begins now, and
 * sets *length anew: its end does not move. Any other packet stays as it is.
 */
uint8_t *mqtt_packet_lighten(uint8_t *packet, size_t *length);

/* "PUBLISH" and so on, by a packet's first byte. */
const char *mqtt_packet_name(uint8_t first);

#endif
