/*
 * Any bytes as a conversation between us and a broker: both directions through the guard alone, in pieces. The first
 * byte is the version and how long the pieces are; then each byte with its highest bit begins a piece of ours, each
 * other one of the broker's, of as many bytes as its lower bits say; a piece of ours of no bytes is a PINGREQ of our
 * own. What it lets through is whole and of a kind that Paho may see, and never the answer to that PINGREQ.
 */
#include <stdlib.h>
#include <string.h>

#include "mqtt/packet.h"
#include "mqtt/stream.h"

static void check(bool good)
{
	if (!good)
		abort();
}

/* Each packet also alone, in memory of exactly its length: a sanitizer sees what is read beyond. */
static void look_alone(const struct mqtt_guard *guard, const uint8_t *packet, size_t length, const char *expected)
{
	struct mqtt_guard copy = *guard;
	uint8_t *alone = malloc(length);
	check(alone);
	memcpy(alone, packet, length);
	check(mqtt_guard_received(&copy, alone, length) == expected);
	free(alone);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t left)
{
	static const uint8_t connects[2][15] = {"\x10\x0d\0\4MQTT\5\2\0\x3c\0\0\0", "\x10\x0c\0\4MQTT\4\2\0\x3c\0\0"};
	static struct mqtt_stream stream;
	memset(&stream, 0, offsetof(struct mqtt_stream, out));
	if (left < 1)
		return 0;
	bool three = bytes[0] & 1;
	if (bytes[0] & 2)
		check(!mqtt_stream_went(&stream, connects[three], three ? 14 : 15));
	const char *wrong = NULL;
	for (bytes++, left--; left > 0 && !wrong;) {
		bool ours = bytes[0] & 128;
		size_t piece = bytes[0] & 127;
		bytes++;
		left--;
		if (piece > left)
			piece = left;
		if (ours && piece == 0) {
			if (mqtt_stream_between(&stream) && !stream.guard.own)
				mqtt_guard_pinged(&stream.guard);
		} else if (ours) {
			wrong = mqtt_stream_went(&stream, bytes, piece);
		} else {
			size_t room, taken;
			uint8_t *to = mqtt_stream_room(&stream, &room);
			check(room >= piece);
			memcpy(to, bytes, piece);
			mqtt_stream_came(&stream, piece);
			const uint8_t *packet;
			do {
				struct mqtt_guard before = stream.guard;
				wrong = mqtt_stream_take(&stream, &packet, &taken);
				if (before.own && !stream.guard.own) { /* passed over, before this packet */
					check(before.pings > 0);
					before.pings--;
					before.own--;
				}
				if (wrong || taken == 0)
					break;
				look_alone(&before, packet, taken, NULL);
				check(taken <= MQTT_GUARD_PACKET_MAX &&
						mqtt_packet_frame(packet, taken) == (long)taken);
				check((packet[0] & 0xf0) != 0x30 || !(packet[0] & 4));
				check(strchr("\x20\x30\x40\x90\xb0\xd0\xe0", packet[0] & 0xf0));
			} while (true);
		}
		check(stream.guard.flight_count <= MQTT_GUARD_FLIGHT_MAX);
		bytes += piece;
		left -= piece;
	}
	return 0;
}
