/*
 * For CBMC, see run: whatever a packet's bytes are, up to PACKET_BYTES of them, and whatever the guard knows of the
 * connection, it reads no byte outside of the packet, writes none outside of its own, overflows nothing, and ends. The
 * packet's memory is exactly as long as the packet.
 */
#include <stdlib.h>

#include "mqtt/guard.h"
#include "mqtt/packet.h"
#include "mqtt/utf8.h"

#ifndef PACKET_BYTES
#define PACKET_BYTES 16
#endif

size_t nondet_size(void);
bool nondet_bool(void);
struct mqtt_guard nondet_guard(void);

void text(void);
void received(void);
void lightened(void);
void sent(void);
void frame(void);

static struct mqtt_guard guard_of_any_connection(void)
{
	struct mqtt_guard guard = nondet_guard();
	__CPROVER_assume(guard.flight_count <= MQTT_GUARD_FLIGHT_MAX);
	__CPROVER_assume(guard.version == 5 || guard.version == 4);
	__CPROVER_assume(guard.phase >= MQTT_GUARD_NEW && guard.phase <= MQTT_GUARD_OVER);
	__CPROVER_assume(*(const unsigned char *)&guard.clean <= 1);
	return guard;
}

#ifdef STAND_IN
/* In place of the real one, which text() proves: it must be given bytes that are there, and answers anything. */
bool mqtt_is_text(const uint8_t *bytes, size_t length)
{
	__CPROVER_assert(length == 0 || __CPROVER_r_ok(bytes, length), "a string lies within its packet");
	return nondet_bool();
}

/* CBMC has none. */
void *memchr(const void *bytes, int value, size_t length)
{
	__CPROVER_assert(length == 0 || __CPROVER_r_ok(bytes, length), "a string lies within its packet");
	(void)value;
	return nondet_bool() ? (void *)bytes : NULL;
}
#else
void text(void)
{
	size_t length = nondet_size();
	__CPROVER_assume(length <= PACKET_BYTES);
	uint8_t *bytes = malloc(length);
	__CPROVER_assume(bytes != NULL);
	mqtt_is_text(bytes, length);
}
#endif

/*
 * A packet of any kind and of exactly PACKET_BYTES, as its remaining length says in one byte. (Whatever else the length
 * says is refused before a byte behind it is read; a longer form of the same, which 3.1.1 allows, moves the body.)
 */
void received(void)
{
	struct mqtt_guard guard = guard_of_any_connection();
	uint8_t packet[PACKET_BYTES];
	packet[1] = PACKET_BYTES - 2;
	const char *wrong = mqtt_guard_received(&guard, packet, sizeof(packet));
	__CPROVER_assert(guard.flight_count <= MQTT_GUARD_FLIGHT_MAX, "no more in flight than there is room for");
	unsigned kind = packet[0] >> 4;
	__CPROVER_assert(wrong || kind == 2 || kind == 3 || kind == 4 || kind == 9 || kind == 11 || kind == 13 ||
					 kind == 14,
			"nothing that only clients send, of QoS 2 or AUTH");
	__CPROVER_assert(wrong || kind != 3 || !(packet[0] & 4), "QoS 1 at most");
}

/* A PUBLISH that is right stays within its memory and is whole again. */
void lightened(void)
{
	struct mqtt_guard guard = {.phase = MQTT_GUARD_OPEN, .version = 5};
	uint8_t packet[PACKET_BYTES];
	packet[0] = nondet_bool() ? 0x30 : 0x32;
	packet[1] = PACKET_BYTES - 2;
	__CPROVER_assume(!mqtt_guard_received(&guard, packet, sizeof(packet)));
	size_t length = sizeof(packet);
	uint8_t *begin = mqtt_packet_lighten(packet, &length);
	__CPROVER_assert(length <= sizeof(packet) && begin + length == packet + sizeof(packet),
			"it ends where it ended");
	__CPROVER_assert(mqtt_packet_frame(begin, length) == (long)length, "it is whole");
}

void sent(void)
{
	struct mqtt_guard guard = guard_of_any_connection();
	size_t stored = nondet_size(), length = nondet_size();
	__CPROVER_assume(stored <= PACKET_BYTES);
	uint8_t *packet = malloc(stored);
	__CPROVER_assume(packet != NULL);
	mqtt_guard_sent(&guard, packet, stored, length);
	__CPROVER_assert(guard.flight_count <= MQTT_GUARD_FLIGHT_MAX, "no more in flight than there is room for");
}

void frame(void)
{
	size_t length = nondet_size();
	__CPROVER_assume(length <= PACKET_BYTES);
	uint8_t *bytes = malloc(length);
	__CPROVER_assume(bytes != NULL);
	long whole = mqtt_packet_frame(bytes, length);
	__CPROVER_assert(whole >= -1 && whole <= 268435455 + 5 && whole != 1, "a length that MQTT has");
}
