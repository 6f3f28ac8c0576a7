/*
 * A packet is taken from its front: a span shrinks by what is read, and whatever is not there fails. Properties are a
 * table: id, type of the value, and in which packets of a broker they may be.
 */
#include "mqtt/packet.h"

#include <string.h>

#include "mqtt/utf8.h"

bool mqtt_span_take(struct mqtt_span *from, size_t count, struct mqtt_span *part)
{
	if (count > from->left)
		return false;
	*part = (struct mqtt_span){.at = from->at, .left = count};
	from->at += count;
	from->left -= count;
	return true;
}

bool mqtt_span_byte(struct mqtt_span *from, uint8_t *value)
{
	struct mqtt_span part = {0};
	if (!mqtt_span_take(from, 1, &part))
		return false;
	*value = part.at[0];
	return true;
}

bool mqtt_span_u16(struct mqtt_span *from, uint16_t *value)
{
	struct mqtt_span part = {0};
	if (!mqtt_span_take(from, 2, &part))
		return false;
	*value = (uint16_t)(part.at[0] << 8 | part.at[1]);
	return true;
}

bool mqtt_span_varint(struct mqtt_span *from, uint32_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t byte;
		if (!mqtt_span_byte(from, &byte))
			return false;
		*value |= (uint32_t)(byte & 127) << 7 * i;
		if (!(byte & 128))
			return byte != 0 || i == 0;
	}
	return false;
}

bool mqtt_span_binary(struct mqtt_span *from, struct mqtt_span *binary)
{
	uint16_t length;
	return mqtt_span_u16(from, &length) && mqtt_span_take(from, length, binary);
}

long mqtt_packet_frame(const uint8_t *bytes, size_t length)
{
	long value = 0;
	for (size_t i = 0; i < 4; i++) {
		if (i + 1 >= length)
			return 0;
		value |= (long)(bytes[i + 1] & 127) << 7 * i;
		if (!(bytes[i + 1] & 128))
			return value + (long)i + 2;
	}
	return -1;
}

/* ---- Properties. ---- */

enum type { FLAG, U16, U32, SIZE, VARINT, TEXT, BINARY, PAIR };

#define IN(kind) (1u << (kind))
#define ANSWERS (IN(MQTT_CONNACK) | IN(MQTT_PUBACK) | IN(MQTT_SUBACK) | IN(MQTT_UNSUBACK) | IN(MQTT_DISCONNECT))

/* By their ids. in: the packets of a broker in which they may be. */
static const struct property {
	uint8_t type;
	bool often;
	uint16_t in;
} properties[] = {
		[0x01] = {FLAG, false, IN(MQTT_PUBLISH)},                       /* payload format indicator */
		[0x02] = {U32, false, IN(MQTT_PUBLISH)},                        /* message expiry interval */
		[0x03] = {TEXT, false, IN(MQTT_PUBLISH)},                       /* content type */
		[0x08] = {TEXT, false, IN(MQTT_PUBLISH)},                       /* response topic */
		[0x09] = {BINARY, false, IN(MQTT_PUBLISH)},                     /* correlation data */
		[0x0b] = {VARINT, true, IN(MQTT_PUBLISH)},                      /* subscription identifier */
		[0x11] = {U32, false, IN(MQTT_CONNACK)},                        /* session expiry interval */
		[0x12] = {TEXT, false, IN(MQTT_CONNACK)},                       /* assigned client identifier */
		[0x13] = {U16, false, IN(MQTT_CONNACK)},                        /* server keep alive */
		[0x15] = {TEXT, false, IN(MQTT_CONNACK)},                       /* authentication method */
		[0x16] = {BINARY, false, IN(MQTT_CONNACK)},                     /* authentication data */
		[0x1a] = {TEXT, false, IN(MQTT_CONNACK)},                       /* response information */
		[0x1c] = {TEXT, false, IN(MQTT_CONNACK) | IN(MQTT_DISCONNECT)}, /* server reference */
		[0x1f] = {TEXT, false, ANSWERS},                                /* reason string */
		[0x21] = {U16, false, IN(MQTT_CONNACK)},                        /* receive maximum; mqtt.c refuses 0 */
		[0x22] = {U16, false, IN(MQTT_CONNACK)},                        /* topic alias maximum, for us */
		[0x24] = {FLAG, false, IN(MQTT_CONNACK)},                       /* maximum QoS */
		[0x25] = {FLAG, false, IN(MQTT_CONNACK)},                       /* retain available */
		[0x26] = {PAIR, true, ANSWERS | IN(MQTT_PUBLISH)},              /* user property */
		[0x27] = {SIZE, false, IN(MQTT_CONNACK)},                       /* maximum packet size */
		[0x28] = {FLAG, false, IN(MQTT_CONNACK)},                       /* wildcard subscription available */
		[0x29] = {FLAG, false, IN(MQTT_CONNACK)},                       /* subscription identifiers available */
		[0x2a] = {FLAG, false, IN(MQTT_CONNACK)},                       /* shared subscription available */
};

static const char *take_value(struct mqtt_span *from, uint8_t type)
{
	struct mqtt_span part = {0}, second = {0};
	uint32_t number;
	uint8_t flag;
	switch (type) {
	case FLAG:
		return !mqtt_span_byte(from, &flag) ? MQTT_PACKET_SHORT
		       : flag > 1                   ? "a property is neither 0 nor 1 where it must be"
						    : NULL;
	case U16:
		return mqtt_span_take(from, 2, &part) ? NULL : MQTT_PACKET_SHORT;
	case U32:
		return mqtt_span_take(from, 4, &part) ? NULL : MQTT_PACKET_SHORT;
	case SIZE:
		if (!mqtt_span_take(from, 4, &part))
			return MQTT_PACKET_SHORT;
		return part.at[0] || part.at[1] || part.at[2] || part.at[3] ? NULL : "a Maximum Packet Size of 0";
	case VARINT:
		return mqtt_span_varint(from, &number) && number > 0 ? NULL : "a property's number is malformed";
	case TEXT:
		return !mqtt_span_binary(from, &part)      ? MQTT_PACKET_SHORT
		       : !mqtt_is_text(part.at, part.left) ? "a property is not UTF-8"
							   : NULL;
	case BINARY:
		return mqtt_span_binary(from, &part) ? NULL : MQTT_PACKET_SHORT;
	default:
		if (!mqtt_span_binary(from, &part) || !mqtt_span_binary(from, &second))
			return MQTT_PACKET_SHORT;
		return mqtt_is_text(part.at, part.left) && mqtt_is_text(second.at, second.left)
				       ? NULL
				       : "a user property is not UTF-8";
	}
}

const char *mqtt_packet_properties(struct mqtt_span *from, enum mqtt_kind kind)
{
	struct mqtt_span all = {0};
	uint32_t length;
	uint64_t seen = 0;
	if (!mqtt_span_varint(from, &length))
		return "the length of its properties is malformed";
	if (!mqtt_span_take(from, length, &all))
		return "its properties reach beyond its end";
	while (all.left > 0) {
		uint8_t id = 0;
		mqtt_span_byte(&all, &id);
		if (id == 0x23 && kind == MQTT_PUBLISH)
			return "a topic alias, which we do not offer";
		if (id >= sizeof(properties) / sizeof(properties[0]) || !properties[id].in)
			return "a property that MQTT does not know, or that no broker sends";
		const struct property *property = &properties[id];
		if (!(property->in & IN(kind)))
			return "a property that does not belong there";
		if (!property->often && seen & UINT64_C(1) << id)
			return "a property twice";
		seen |= UINT64_C(1) << id;
		const char *wrong = take_value(&all, property->type);
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* Moves those that may come once only to the front. How long they are together. */
static size_t keep_properties(struct mqtt_span all, uint8_t *to)
{
	size_t kept = 0;
	while (all.left > 0) {
		const uint8_t *at = all.at;
		uint8_t id = 0;
		mqtt_span_byte(&all, &id);
		take_value(&all, properties[id].type);
		size_t size = (size_t)(all.at - at);
		if (!properties[id].often) {
			memmove(to + kept, at, size);
			kept += size;
		}
	}
	return kept;
}

/* Ends before at. Where it begins. */
static uint8_t *put_varint(uint8_t *at, size_t value)
{
	uint8_t *end = at;
	at -= value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
	for (uint8_t *to = at; to < end; to++, value >>= 7)
		*to = (uint8_t)((value & 127) | (to + 1 < end ? 128 : 0));
	return at;
}

uint8_t *mqtt_packet_lighten(uint8_t *packet, size_t *length)
{
	struct mqtt_span rest = {.at = packet, .left = *length}, topic, all;
	uint8_t first;
	uint16_t id;
	uint32_t number;
	if (!mqtt_span_byte(&rest, &first) || first >> 4 != MQTT_PUBLISH || !mqtt_span_varint(&rest, &number))
		return packet;
	const uint8_t *head = rest.at;
	if (!mqtt_span_binary(&rest, &topic) || (first & 6 && !mqtt_span_u16(&rest, &id)))
		return packet;
	size_t head_length = (size_t)(rest.at - head);
	if (!mqtt_span_varint(&rest, &number) || !mqtt_span_take(&rest, number, &all))
		return packet;
	uint8_t *from = packet + (all.at - packet), *end = packet + *length;
	size_t kept = keep_properties(all, from);
	if (kept == all.left)
		return packet;
	uint8_t *at = from + all.left - kept;
	memmove(at, from, kept);
	at = put_varint(at, kept) - head_length;
	memmove(at, head, head_length);
	at = put_varint(at, (size_t)(end - at));
	*--at = first;
	*length = (size_t)(end - at);
	return at;
}

const char *mqtt_packet_name(uint8_t first)
{
	static const char *const names[16] = {"a packet of type 0", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC",
			"PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP",
			"DISCONNECT", "AUTH"};
	return names[first >> 4];
}
