/*
 * A packet is taken from its front: a span shrinks by what is read, and whatever is not there fails. Each kind of
 * packet has one function, which is given the span of its body and must leave nothing over that it has not understood.
 * Properties are a table: id, type of the value, and in which packets of a broker they may be.
 */
#include "mqtt/guard.h"

#include <string.h>

#include "mqtt/utf8.h"

enum kind {
	CONNECT = 1,
	CONNACK,
	PUBLISH,
	PUBACK,
	PUBREC,
	PUBREL,
	PUBCOMP,
	SUBSCRIBE,
	SUBACK,
	UNSUBSCRIBE,
	UNSUBACK,
	PINGREQ,
	PINGRESP,
	DISCONNECT,
	AUTH,
};

#define SHORT "it ends before what it says is in it"
#define LONG "bytes follow where it should end"
#define LENGTH "its remaining length is malformed"

struct span {
	const uint8_t *at;
	size_t left;
};

static bool take(struct span *from, size_t count, struct span *part)
{
	if (count > from->left)
		return false;
	*part = (struct span){.at = from->at, .left = count};
	from->at += count;
	from->left -= count;
	return true;
}

static bool take_byte(struct span *from, uint8_t *value)
{
	struct span part = {0};
	if (!take(from, 1, &part))
		return false;
	*value = part.at[0];
	return true;
}

static bool take_u16(struct span *from, uint16_t *value)
{
	struct span part = {0};
	if (!take(from, 2, &part))
		return false;
	*value = (uint16_t)(part.at[0] << 8 | part.at[1]);
	return true;
}

/* In as few bytes as it can be, as MQTT 5 demands. */
static bool take_varint(struct span *from, uint32_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t byte;
		if (!take_byte(from, &byte))
			return false;
		*value |= (uint32_t)(byte & 127) << 7 * i;
		if (!(byte & 128))
			return byte != 0 || i == 0;
	}
	return false;
}

static bool take_binary(struct span *from, struct span *binary)
{
	uint16_t length;
	return take_u16(from, &length) && take(from, length, binary);
}

/* ---- Properties. ---- */

enum type { FLAG, U16, U32, SIZE, VARINT, TEXT, BINARY, PAIR };

#define IN(kind) (1u << (kind))
#define ANSWERS (IN(CONNACK) | IN(PUBACK) | IN(SUBACK) | IN(UNSUBACK) | IN(DISCONNECT))

/* By their ids. in: the packets of a broker in which they may be. */
static const struct property {
	uint8_t type;
	bool often;
	uint16_t in;
} properties[] = {
		[0x01] = {FLAG, false, IN(PUBLISH)},                  /* payload format indicator */
		[0x02] = {U32, false, IN(PUBLISH)},                   /* message expiry interval */
		[0x03] = {TEXT, false, IN(PUBLISH)},                  /* content type */
		[0x08] = {TEXT, false, IN(PUBLISH)},                  /* response topic */
		[0x09] = {BINARY, false, IN(PUBLISH)},                /* correlation data */
		[0x0b] = {VARINT, true, IN(PUBLISH)},                 /* subscription identifier */
		[0x11] = {U32, false, IN(CONNACK)},                   /* session expiry interval */
		[0x12] = {TEXT, false, IN(CONNACK)},                  /* assigned client identifier */
		[0x13] = {U16, false, IN(CONNACK)},                   /* server keep alive */
		[0x15] = {TEXT, false, IN(CONNACK)},                  /* authentication method */
		[0x16] = {BINARY, false, IN(CONNACK)},                /* authentication data */
		[0x1a] = {TEXT, false, IN(CONNACK)},                  /* response information */
		[0x1c] = {TEXT, false, IN(CONNACK) | IN(DISCONNECT)}, /* server reference */
		[0x1f] = {TEXT, false, ANSWERS},                      /* reason string */
		[0x21] = {U16, false, IN(CONNACK)},                   /* receive maximum; mqtt.c says that 0 is none */
		[0x22] = {U16, false, IN(CONNACK)},                   /* topic alias maximum, for us */
		[0x24] = {FLAG, false, IN(CONNACK)},                  /* maximum QoS */
		[0x25] = {FLAG, false, IN(CONNACK)},                  /* retain available */
		[0x26] = {PAIR, true, ANSWERS | IN(PUBLISH)},         /* user property */
		[0x27] = {SIZE, false, IN(CONNACK)},                  /* maximum packet size */
		[0x28] = {FLAG, false, IN(CONNACK)},                  /* wildcard subscription available */
		[0x29] = {FLAG, false, IN(CONNACK)},                  /* subscription identifiers available */
		[0x2a] = {FLAG, false, IN(CONNACK)},                  /* shared subscription available */
};

static const char *take_value(struct span *from, uint8_t type)
{
	struct span part = {0}, second = {0};
	uint32_t number;
	uint8_t flag;
	switch (type) {
	case FLAG:
		return !take_byte(from, &flag) ? SHORT
		       : flag > 1              ? "a property is neither 0 nor 1 where it must be"
					       : NULL;
	case U16:
		return take(from, 2, &part) ? NULL : SHORT;
	case U32:
		return take(from, 4, &part) ? NULL : SHORT;
	case SIZE:
		if (!take(from, 4, &part))
			return SHORT;
		return part.at[0] || part.at[1] || part.at[2] || part.at[3] ? NULL : "a Maximum Packet Size of 0";
	case VARINT:
		return take_varint(from, &number) && number > 0 ? NULL : "a property's number is malformed";
	case TEXT:
		return !take_binary(from, &part)           ? SHORT
		       : !mqtt_is_text(part.at, part.left) ? "a property is not UTF-8"
							   : NULL;
	case BINARY:
		return take_binary(from, &part) ? NULL : SHORT;
	default:
		if (!take_binary(from, &part) || !take_binary(from, &second))
			return SHORT;
		return mqtt_is_text(part.at, part.left) && mqtt_is_text(second.at, second.left)
				       ? NULL
				       : "a user property is not UTF-8";
	}
}

static const char *take_properties(struct span *from, enum kind kind)
{
	struct span all = {0};
	uint32_t length;
	uint64_t seen = 0;
	if (!take_varint(from, &length))
		return "the length of its properties is malformed";
	if (!take(from, length, &all))
		return "its properties reach beyond its end";
	while (all.left > 0) {
		uint8_t id = 0;
		take_byte(&all, &id);
		if (id == 0x23 && kind == PUBLISH)
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

/* ---- What is in flight. ---- */

static struct mqtt_guard_flight *find_flight(struct mqtt_guard *guard, enum kind kind, uint16_t id)
{
	for (size_t i = 0; i < guard->flight_count; i++)
		if (guard->flight[i].kind == kind && guard->flight[i].id == id)
			return &guard->flight[i];
	return NULL;
}

static const char *add_flight(struct mqtt_guard *guard, enum kind kind, uint16_t id, uint16_t topics)
{
	struct mqtt_guard_flight *flight = find_flight(guard, kind, id);
	if (!flight && guard->flight_count == MQTT_GUARD_FLIGHT_MAX)
		return "more of ours is unanswered than the guard remembers";
	if (!flight)
		flight = &guard->flight[guard->flight_count++];
	*flight = (struct mqtt_guard_flight){.id = id, .topics = topics, .kind = (uint8_t)kind};
	return NULL;
}

/* Takes it out. */
static bool answer_flight(struct mqtt_guard *guard, enum kind kind, uint16_t id, uint16_t *topics)
{
	struct mqtt_guard_flight *flight = find_flight(guard, kind, id);
	if (!flight)
		return false;
	*topics = flight->topics;
	*flight = guard->flight[--guard->flight_count];
	return true;
}

/* ---- The broker's packets. ---- */

static const char *received_connack(struct mqtt_guard *guard, struct span body)
{
	uint8_t flags, code;
	if (guard->phase != MQTT_GUARD_GREETING)
		return "a second one";
	if (!take_byte(&body, &flags) || !take_byte(&body, &code))
		return SHORT;
	if (flags > 1)
		return "its reserved flags are set";
	if (flags && (guard->clean || code != 0))
		return "it says that a session is present where there can be none";
	guard->phase = code == 0 ? MQTT_GUARD_OPEN : MQTT_GUARD_OVER;
	if (guard->version == 5 && !(body.left == 0 && code != 0)) { /* one of 3.1.1 may refuse 5 */
		const char *wrong = take_properties(&body, CONNACK);
		if (wrong)
			return wrong;
	}
	return body.left ? LONG : NULL;
}

static const char *received_publish(const struct mqtt_guard *guard, uint8_t flags, struct span body)
{
	struct span topic = {0};
	uint16_t id;
	unsigned qos = flags >> 1 & 3;
	if (qos == 3)
		return "QoS 3, which there is none";
	if (qos == 2)
		return "QoS 2, and we asked for 1 at most";
	if (qos == 0 && flags & 8)
		return "DUP with QoS 0";
	if (!take_binary(&body, &topic))
		return "its topic reaches beyond its end";
	if (topic.left == 0)
		return "no topic";
	if (!mqtt_is_text(topic.at, topic.left))
		return "its topic is not UTF-8";
	if (memchr(topic.at, '+', topic.left) || memchr(topic.at, '#', topic.left))
		return "its topic has a wildcard";
	if (qos && !take_u16(&body, &id))
		return SHORT;
	if (qos && id == 0)
		return "a packet identifier of 0";
	return guard->version == 5 ? take_properties(&body, PUBLISH) : NULL;
}

static const char *received_puback(struct mqtt_guard *guard, struct span body)
{
	uint16_t id, topics;
	uint8_t code = 0;
	if (!take_u16(&body, &id))
		return SHORT;
	if (!answer_flight(guard, PUBLISH, id, &topics))
		return "nothing of ours with its packet identifier is in flight";
	if (guard->version == 5 && take_byte(&body, &code) && body.left > 0) {
		const char *wrong = take_properties(&body, PUBACK);
		if (wrong)
			return wrong;
	}
	if (body.left)
		return LONG;
	return code == 0 || code == 0x10 || code >= 0x80 ? NULL : "a reason code that it cannot have";
}

/* SUBACK and UNSUBACK. good: the highest code that is no refusal. */
static const char *received_codes(struct mqtt_guard *guard, enum kind kind, struct span body)
{
	uint16_t id, topics;
	if (!take_u16(&body, &id))
		return SHORT;
	if (!answer_flight(guard, kind == SUBACK ? SUBSCRIBE : UNSUBSCRIBE, id, &topics))
		return "nothing of ours with its packet identifier is in flight";
	if (guard->version == 5) {
		const char *wrong = take_properties(&body, kind);
		if (wrong)
			return wrong;
	} else if (kind == UNSUBACK) {
		return body.left ? LONG : NULL;
	}
	if (body.left != topics)
		return "it has another number of codes than topics were asked for";
	for (size_t i = 0; i < body.left; i++) {
		uint8_t code = body.at[i];
		if (code < 0x80 && (kind == SUBACK ? code > 2 : code != 0 && code != 0x11))
			return "a reason code that it cannot have";
	}
	return NULL;
}

static const char *received_disconnect(struct mqtt_guard *guard, struct span body)
{
	uint8_t code;
	if (guard->version != 5)
		return "no broker sends one in MQTT 3.1.1";
	guard->phase = MQTT_GUARD_OVER;
	if (take_byte(&body, &code) && body.left > 0) {
		const char *wrong = take_properties(&body, DISCONNECT);
		if (wrong)
			return wrong;
	}
	return body.left ? LONG : NULL;
}

long mqtt_guard_frame(const uint8_t *bytes, size_t length)
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

/* What the first byte alone shows. */
static const char *check_first(const struct mqtt_guard *guard, uint8_t first)
{
	enum kind kind = first >> 4;
	switch (kind) {
	case CONNACK:
	case PUBLISH:
	case PUBACK:
	case SUBACK:
	case UNSUBACK:
	case PINGRESP:
	case DISCONNECT:
		break;
	case AUTH:
		return "it was not asked for";
	case PUBREC:
	case PUBREL:
	case PUBCOMP:
		return "there is no QoS 2 on this connection";
	default:
		return "no broker sends one";
	}
	if (kind != PUBLISH && first & 15)
		return "its reserved flags are set";
	if (guard->phase == MQTT_GUARD_OVER)
		return "it follows the end of the connection";
	if (guard->phase != MQTT_GUARD_OPEN && (kind != CONNACK || guard->phase == MQTT_GUARD_NEW))
		return "it comes before CONNACK";
	return NULL;
}

const char *mqtt_guard_received(struct mqtt_guard *guard, const uint8_t *packet, size_t length)
{
	struct span body = {.at = packet, .left = length};
	uint8_t first;
	uint32_t remaining;
	long frame = mqtt_guard_frame(packet, length);
	if (frame <= 0 || (size_t)frame != length || length > MQTT_GUARD_PACKET_MAX)
		return LENGTH;
	const char *wrong = check_first(guard, packet[0]);
	if (wrong)
		return wrong;
	if (!take_byte(&body, &first) || (!take_varint(&body, &remaining) && guard->version == 5))
		return LENGTH;
	switch ((enum kind)(first >> 4)) {
	case CONNACK:
		return received_connack(guard, body);
	case PUBLISH:
		return received_publish(guard, first, body);
	case PUBACK:
		return received_puback(guard, body);
	case SUBACK:
		return received_codes(guard, SUBACK, body);
	case UNSUBACK:
		return received_codes(guard, UNSUBACK, body);
	case DISCONNECT:
		return received_disconnect(guard, body);
	default: /* PINGRESP */
		if (guard->pings == 0)
			return "there was no PINGREQ";
		guard->pings--;
		guard->own -= guard->own > 0;
		return body.left ? LONG : NULL;
	}
}

/* Moves those that may come once only to the front. How long they are together. */
static size_t keep_properties(struct span all, uint8_t *to)
{
	size_t kept = 0;
	while (all.left > 0) {
		const uint8_t *at = all.at;
		uint8_t id = 0;
		take_byte(&all, &id);
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

uint8_t *mqtt_guard_lighten(uint8_t *packet, size_t *length)
{
	struct span rest = {.at = packet, .left = *length}, topic, all;
	uint8_t first;
	uint16_t id;
	uint32_t number;
	if (!take_byte(&rest, &first) || first >> 4 != PUBLISH || !take_varint(&rest, &number))
		return packet;
	const uint8_t *head = rest.at;
	if (!take_binary(&rest, &topic) || (first & 6 && !take_u16(&rest, &id)))
		return packet;
	size_t head_length = (size_t)(rest.at - head);
	if (!take_varint(&rest, &number) || !take(&rest, number, &all))
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

/* ---- Ours. ---- */

static const char *sent_connect(struct mqtt_guard *guard, struct span body)
{
	struct span name = {0};
	uint8_t flags;
	if (guard->phase != MQTT_GUARD_NEW || !take_binary(&body, &name) || name.left != 4 ||
			memcmp(name.at, "MQTT", 4) != 0 || !take_byte(&body, &guard->version) ||
			(guard->version != 5 && guard->version != 4) || !take_byte(&body, &flags))
		return "it is none of MQTT 5 or 3.1.1";
	guard->clean = flags & 2;
	guard->phase = MQTT_GUARD_GREETING;
	return NULL;
}

static const char *sent_publish(struct mqtt_guard *guard, uint8_t flags, struct span body)
{
	struct span topic = {0};
	uint16_t id;
	if (!(flags & 6))
		return NULL;
	if (flags & 4 || !take_binary(&body, &topic) || !take_u16(&body, &id))
		return "it is none that the guard can follow";
	return add_flight(guard, PUBLISH, id, 1);
}

static const char *sent_topics(struct mqtt_guard *guard, enum kind kind, struct span body)
{
	struct span part = {0};
	uint16_t id, topics = 0;
	uint32_t length;
	uint8_t options;
	bool whole = take_u16(&body, &id);
	if (whole && guard->version == 5)
		whole = take_varint(&body, &length) && take(&body, length, &part);
	while (whole && body.left > 0) {
		topics++;
		whole = take_binary(&body, &part) && (kind == UNSUBSCRIBE || take_byte(&body, &options));
	}
	return whole ? add_flight(guard, kind, id, topics) : "it is none that the guard can follow";
}

const char *mqtt_guard_sent(struct mqtt_guard *guard, const uint8_t *packet, size_t stored, size_t length)
{
	struct span body = {.at = packet, .left = stored};
	uint8_t first;
	uint32_t remaining;
	if (stored > length || !take_byte(&body, &first) || !take_varint(&body, &remaining))
		return LENGTH;
	enum kind kind = first >> 4;
	switch (kind) {
	case CONNECT:
		return sent_connect(guard, body);
	case PUBLISH:
		return sent_publish(guard, first, body);
	case SUBSCRIBE:
	case UNSUBSCRIBE:
		return stored < length ? "it is longer than the guard can follow" : sent_topics(guard, kind, body);
	case PINGREQ:
		guard->pings += guard->pings < UINT8_MAX;
		return NULL;
	default:
		return NULL;
	}
}

void mqtt_guard_pinged(struct mqtt_guard *guard)
{
	guard->pings += guard->pings < UINT8_MAX;
	guard->own = guard->pings;
}

const char *mqtt_guard_name(uint8_t first)
{
	static const char *const names[16] = {"a packet of type 0", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC",
			"PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP",
			"DISCONNECT", "AUTH"};
	return names[first >> 4];
}

/* ---- Streams. ---- */

uint8_t *mqtt_guard_room(struct mqtt_guard_stream *stream, size_t *room)
{
	memmove(stream->in, stream->in + stream->begin, stream->end - stream->begin);
	stream->end -= stream->begin;
	stream->begin = 0;
	*room = sizeof(stream->in) - stream->end;
	return stream->in + stream->end;
}

void mqtt_guard_came(struct mqtt_guard_stream *stream, size_t count)
{
	stream->end += count;
}

/* As mqtt_guard_take, and the answer to our own PINGREQ is a packet as any other. */
static const char *take_packet(struct mqtt_guard_stream *stream, const uint8_t **packet, size_t *length)
{
	size_t there = stream->end - stream->begin;
	*packet = stream->in + stream->begin;
	*length = 0;
	if (there == 0)
		return NULL;
	const char *wrong = check_first(&stream->guard, (*packet)[0]);
	if (wrong)
		return wrong;
	long frame = mqtt_guard_frame(*packet, there);
	if (frame < 0)
		return LENGTH;
	if (frame > MQTT_GUARD_PACKET_MAX)
		return "it is longer than 64 KB";
	if (frame == 0 || (size_t)frame > there)
		return NULL;
	wrong = mqtt_guard_received(&stream->guard, *packet, (size_t)frame);
	if (wrong)
		return wrong;
	*length = (size_t)frame;
	if (stream->guard.version == 5)
		*packet = mqtt_guard_lighten(stream->in + stream->begin, length);
	stream->begin += (size_t)frame;
	return NULL;
}

const char *mqtt_guard_take(struct mqtt_guard_stream *stream, const uint8_t **packet, size_t *length)
{
	for (;;) {
		uint8_t own = stream->guard.own;
		const char *wrong = take_packet(stream, packet, length);
		if (wrong || own != 1 || stream->guard.own == 1)
			return wrong;
	}
}

const char *mqtt_guard_went(struct mqtt_guard_stream *stream, const uint8_t *bytes, size_t count)
{
	while (count > 0) {
		if (stream->left == 0) { /* in a header, or before one */
			stream->out[stream->stored++] = *bytes++;
			count--;
			long frame = mqtt_guard_frame(stream->out, stream->stored);
			if (frame < 0)
				return LENGTH;
			if (frame == 0)
				continue;
			stream->left = (size_t)frame - stream->stored;
		} else {
			size_t step = count < stream->left ? count : stream->left;
			size_t room = sizeof(stream->out) - stream->stored;
			size_t kept = step < room ? step : room;
			memcpy(stream->out + stream->stored, bytes, kept);
			stream->stored += kept;
			stream->left -= step;
			bytes += step;
			count -= step;
		}
		if (stream->left == 0) {
			size_t length = (size_t)mqtt_guard_frame(stream->out, stream->stored);
			const char *wrong = mqtt_guard_sent(&stream->guard, stream->out, stream->stored, length);
			stream->stored = 0;
			if (wrong)
				return wrong;
		}
	}
	return NULL;
}

bool mqtt_guard_between(const struct mqtt_guard_stream *stream)
{
	return stream->stored == 0;
}
