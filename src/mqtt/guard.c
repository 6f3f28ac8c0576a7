/*
 * Each kind of packet has one function, which is given the span of its body and must leave nothing over that it has not
 * understood.
 */
#include "mqtt/guard.h"

#include <string.h>

#include "mqtt/packet.h"
#include "mqtt/utf8.h"

/* ---- What is in flight. ---- */

static struct mqtt_guard_flight *find_flight(struct mqtt_guard *guard, enum mqtt_kind kind, uint16_t id)
{
	for (size_t i = 0; i < guard->flight_count; i++)
		if (guard->flight[i].kind == kind && guard->flight[i].id == id)
			return &guard->flight[i];
	return NULL;
}

static const char *add_flight(struct mqtt_guard *guard, enum mqtt_kind kind, uint16_t id, uint16_t topics)
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
static bool answer_flight(struct mqtt_guard *guard, enum mqtt_kind kind, uint16_t id, uint16_t *topics)
{
	struct mqtt_guard_flight *flight = find_flight(guard, kind, id);
	if (!flight)
		return false;
	*topics = flight->topics;
	*flight = guard->flight[--guard->flight_count];
	return true;
}

/* ---- The broker's packets. ---- */

static const char *received_connack(struct mqtt_guard *guard, struct mqtt_span body)
{
	uint8_t flags, code;
	if (guard->phase != MQTT_GUARD_GREETING)
		return "a second one";
	if (!mqtt_span_byte(&body, &flags) || !mqtt_span_byte(&body, &code))
		return MQTT_PACKET_SHORT;
	if (flags > 1)
		return "its reserved flags are set";
	if (flags && (guard->clean || code != 0))
		return "it says that a session is present where there can be none";
	guard->phase = code == 0 ? MQTT_GUARD_OPEN : MQTT_GUARD_OVER;
	if (guard->version == 5 && !(body.left == 0 && code != 0)) { /* one of 3.1.1 may refuse 5 */
		const char *wrong = mqtt_packet_properties(&body, MQTT_CONNACK);
		if (wrong)
			return wrong;
	}
	return body.left ? MQTT_PACKET_LONG : NULL;
}

static const char *received_publish(const struct mqtt_guard *guard, uint8_t flags, struct mqtt_span body)
{
	struct mqtt_span topic = {0};
	uint16_t id;
	unsigned qos = flags >> 1 & 3;
	if (qos == 3)
		return "QoS 3, which there is none";
	if (qos == 2)
		return "QoS 2, and we asked for 1 at most";
	if (qos == 0 && flags & 8)
		return "DUP with QoS 0";
	if (!mqtt_span_binary(&body, &topic))
		return "its topic reaches beyond its end";
	if (topic.left == 0)
		return "no topic";
	if (!mqtt_is_text(topic.at, topic.left))
		return "its topic is not UTF-8";
	if (memchr(topic.at, '+', topic.left) || memchr(topic.at, '#', topic.left))
		return "its topic has a wildcard";
	if (qos && !mqtt_span_u16(&body, &id))
		return MQTT_PACKET_SHORT;
	if (qos && id == 0)
		return "a packet identifier of 0";
	return guard->version == 5 ? mqtt_packet_properties(&body, MQTT_PUBLISH) : NULL;
}

static const char *received_puback(struct mqtt_guard *guard, struct mqtt_span body)
{
	uint16_t id, topics;
	uint8_t code = 0;
	if (!mqtt_span_u16(&body, &id))
		return MQTT_PACKET_SHORT;
	if (!answer_flight(guard, MQTT_PUBLISH, id, &topics))
		return "nothing of ours with its packet identifier is in flight";
	if (guard->version == 5 && mqtt_span_byte(&body, &code) && body.left > 0) {
		const char *wrong = mqtt_packet_properties(&body, MQTT_PUBACK);
		if (wrong)
			return wrong;
	}
	if (body.left)
		return MQTT_PACKET_LONG;
	return code == 0 || code == 0x10 || code >= 0x80 ? NULL : "a reason code that it cannot have";
}

/* MQTT_SUBACK and MQTT_UNSUBACK. good: the highest code that is no refusal. */
static const char *received_codes(struct mqtt_guard *guard, enum mqtt_kind kind, struct mqtt_span body)
{
	uint16_t id, topics;
	if (!mqtt_span_u16(&body, &id))
		return MQTT_PACKET_SHORT;
	if (!answer_flight(guard, kind == MQTT_SUBACK ? MQTT_SUBSCRIBE : MQTT_UNSUBSCRIBE, id, &topics))
		return "nothing of ours with its packet identifier is in flight";
	if (guard->version == 5) {
		const char *wrong = mqtt_packet_properties(&body, kind);
		if (wrong)
			return wrong;
	} else if (kind == MQTT_UNSUBACK) {
		return body.left ? MQTT_PACKET_LONG : NULL;
	}
	if (body.left != topics)
		return "it has another number of codes than topics were asked for";
	for (size_t i = 0; i < body.left; i++) {
		uint8_t code = body.at[i];
		if (code < 0x80 && (kind == MQTT_SUBACK ? code > 2 : code != 0 && code != 0x11))
			return "a reason code that it cannot have";
	}
	return NULL;
}

static const char *received_disconnect(struct mqtt_guard *guard, struct mqtt_span body)
{
	uint8_t code;
	if (guard->version != 5)
		return "no broker sends one in MQTT 3.1.1";
	guard->phase = MQTT_GUARD_OVER;
	if (mqtt_span_byte(&body, &code) && body.left > 0) {
		const char *wrong = mqtt_packet_properties(&body, MQTT_DISCONNECT);
		if (wrong)
			return wrong;
	}
	return body.left ? MQTT_PACKET_LONG : NULL;
}

const char *mqtt_guard_first(const struct mqtt_guard *guard, uint8_t first)
{
	enum mqtt_kind kind = first >> 4;
	switch (kind) {
	case MQTT_CONNACK:
	case MQTT_PUBLISH:
	case MQTT_PUBACK:
	case MQTT_SUBACK:
	case MQTT_UNSUBACK:
	case MQTT_PINGRESP:
	case MQTT_DISCONNECT:
		break;
	case MQTT_AUTH:
		return "it was not asked for";
	case MQTT_PUBREC:
	case MQTT_PUBREL:
	case MQTT_PUBCOMP:
		return "there is no QoS 2 on this connection";
	default:
		return "no broker sends one";
	}
	if (kind != MQTT_PUBLISH && first & 15)
		return "its reserved flags are set";
	if (guard->phase == MQTT_GUARD_OVER)
		return "it follows the end of the connection";
	if (guard->phase != MQTT_GUARD_OPEN && (kind != MQTT_CONNACK || guard->phase == MQTT_GUARD_NEW))
		return "it comes before CONNACK";
	return NULL;
}

const char *mqtt_guard_received(struct mqtt_guard *guard, const uint8_t *packet, size_t length)
{
	struct mqtt_span body = {.at = packet, .left = length};
	uint8_t first;
	uint32_t remaining;
	long frame = mqtt_packet_frame(packet, length);
	if (frame <= 0 || (size_t)frame != length || length > MQTT_GUARD_PACKET_MAX)
		return MQTT_PACKET_LENGTH;
	const char *wrong = mqtt_guard_first(guard, packet[0]);
	if (wrong)
		return wrong;
	if (!mqtt_span_byte(&body, &first) || (!mqtt_span_varint(&body, &remaining) && guard->version == 5))
		return MQTT_PACKET_LENGTH;
	switch ((enum mqtt_kind)(first >> 4)) {
	case MQTT_CONNACK:
		return received_connack(guard, body);
	case MQTT_PUBLISH:
		return received_publish(guard, first, body);
	case MQTT_PUBACK:
		return received_puback(guard, body);
	case MQTT_SUBACK:
		return received_codes(guard, MQTT_SUBACK, body);
	case MQTT_UNSUBACK:
		return received_codes(guard, MQTT_UNSUBACK, body);
	case MQTT_DISCONNECT:
		return received_disconnect(guard, body);
	default: /* MQTT_PINGRESP */
		if (guard->pings == 0)
			return "there was no PINGREQ";
		guard->pings--;
		guard->own -= guard->own > 0;
		return body.left ? MQTT_PACKET_LONG : NULL;
	}
}

/* ---- Ours. ---- */

static const char *sent_connect(struct mqtt_guard *guard, struct mqtt_span body)
{
	struct mqtt_span name = {0};
	uint8_t flags;
	if (guard->phase != MQTT_GUARD_NEW || !mqtt_span_binary(&body, &name) || name.left != 4 ||
			memcmp(name.at, "MQTT", 4) != 0 || !mqtt_span_byte(&body, &guard->version) ||
			(guard->version != 5 && guard->version != 4) || !mqtt_span_byte(&body, &flags))
		return "it is none of MQTT 5 or 3.1.1";
	guard->clean = flags & 2;
	guard->phase = MQTT_GUARD_GREETING;
	return NULL;
}

static const char *sent_publish(struct mqtt_guard *guard, uint8_t flags, struct mqtt_span body)
{
	struct mqtt_span topic = {0};
	uint16_t id;
	if (!(flags & 6))
		return NULL;
	if (flags & 4 || !mqtt_span_binary(&body, &topic) || !mqtt_span_u16(&body, &id))
		return "it is none that the guard can follow";
	return add_flight(guard, MQTT_PUBLISH, id, 1);
}

static const char *sent_topics(struct mqtt_guard *guard, enum mqtt_kind kind, struct mqtt_span body)
{
	struct mqtt_span part = {0};
	uint16_t id, topics = 0;
	uint32_t length;
	uint8_t options;
	bool whole = mqtt_span_u16(&body, &id);
	if (whole && guard->version == 5)
		whole = mqtt_span_varint(&body, &length) && mqtt_span_take(&body, length, &part);
	while (whole && body.left > 0) {
		topics++;
		whole = mqtt_span_binary(&body, &part) && (kind == MQTT_UNSUBSCRIBE || mqtt_span_byte(&body, &options));
	}
	return whole ? add_flight(guard, kind, id, topics) : "it is none that the guard can follow";
}

const char *mqtt_guard_sent(struct mqtt_guard *guard, const uint8_t *packet, size_t stored, size_t length)
{
	struct mqtt_span body = {.at = packet, .left = stored};
	uint8_t first;
	uint32_t remaining;
	if (stored > length || !mqtt_span_byte(&body, &first) || !mqtt_span_varint(&body, &remaining))
		return MQTT_PACKET_LENGTH;
	enum mqtt_kind kind = first >> 4;
	switch (kind) {
	case MQTT_CONNECT:
		return sent_connect(guard, body);
	case MQTT_PUBLISH:
		return sent_publish(guard, first, body);
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
		return stored < length ? "it is longer than the guard can follow" : sent_topics(guard, kind, body);
	case MQTT_PINGREQ:
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
