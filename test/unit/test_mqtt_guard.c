/*
 * The guard before Paho: each packet that is right, and each way to be wrong. A case is what we have sent before, in
 * bytes, and the broker's packets up to the one that is looked at. All bytes of a packet lie at the end of their
 * memory, so that a sanitizer sees a read beyond.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mqtt/packet.h"
#include "mqtt/stream.h"
#include "tap.h"

#define CONNECT_5 "\x10\x0d\0\4MQTT\5\2\0\x3c\0\0\0"
#define CONNECT_3 "\x10\x0c\0\4MQTT\4\2\0\x3c\0\0"
#define KEPT_5 "\x10\x0d\0\4MQTT\5\0\0\x3c\0\0\0"
#define CONNACK_5 "\x20\3\0\0\0"
#define CONNACK_3 "\x20\2\0\0"
#define PUBLISH_5 "\x32\6\0\1a\0\7\0" /* ours: QoS 1, packet 7 */
#define PUBLISH_3 "\x32\5\0\1a\0\7"
#define SUBSCRIBE_5 "\x82\x0b\0\7\0\0\1a\1\0\1b\1" /* two topics, packet 7 */
#define SUBSCRIBE_3 "\x82\x0a\0\7\0\1a\1\0\1b\1"
#define UNSUBSCRIBE_5 "\xa2\6\0\7\0\0\1a"
#define UNSUBSCRIBE_3 "\xa2\5\0\7\0\1a"
#define PINGREQ "\xc0\0"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *what;
	const char *sent;
	size_t sent_length;
	const char *came;
	size_t came_length;
	const char *wrong; /* a part of what is said of the last packet; NULL: all are right */
} cases[] = {
		/* CONNACK */
		{"CONNACK of 5", BYTES(CONNECT_5), BYTES(CONNACK_5), NULL},
		{"CONNACK of 3.1.1", BYTES(CONNECT_3), BYTES(CONNACK_3), NULL},
		{"CONNACK with all its properties", BYTES(CONNECT_5),
				BYTES("\x20\x46\0\0\x43\x11\0\0\0\1\x21\0\1\x24\1\x25\1\x27\0\0\0\1\x12\0\1i\x22\0\1"
				      "\x1f\0"
				      "\1r\x26\0\1k\0\1v\x26\0\1k\0\1v\x28\1\x29\1\x2a\1\x13\0\1\x1a\0\1i\x1c\0\1s\x15"
				      "\0"
				      "\1m\x16\0\1d"),
				NULL},
		{"CONNACK that refuses", BYTES(CONNECT_5), BYTES("\x20\3\0\x84\0"), NULL},
		{"CONNACK of 3.1.1 that refuses 5", BYTES(CONNECT_5), BYTES("\x20\2\0\1"), NULL},
		{"CONNACK of 5 with the code of 3.1.1", BYTES(CONNECT_5), BYTES("\x20\3\0\1\0"), NULL},
		{"CONNACK of 3.1.1 that accepts 5", BYTES(CONNECT_5), BYTES("\x20\2\0\0"), "length of its properties"},
		{"CONNACK of 5 for 3.1.1", BYTES(CONNECT_3), BYTES(CONNACK_5), "bytes follow"},
		{"CONNACK before CONNECT", BYTES(""), BYTES(CONNACK_5), "before CONNACK"},
		{"CONNACK twice", BYTES(CONNECT_5), BYTES(CONNACK_5 CONNACK_5), "a second one"},
		{"CONNACK without a code", BYTES(CONNECT_3), BYTES("\x20\1\0"), "ends before"},
		{"CONNACK without anything", BYTES(CONNECT_3), BYTES("\x20\0"), "ends before"},
		{"CONNACK with reserved flags", BYTES(CONNECT_3), BYTES("\x20\2\2\0"), "reserved flags"},
		{"CONNACK with a reserved flag of the header", BYTES(CONNECT_3), BYTES("\x21\2\0\0"), "reserved flags"},
		{"CONNACK with a session that we did not want", BYTES(CONNECT_5), BYTES("\x20\3\1\0\0"), "session"},
		{"CONNACK with a session that we wanted", BYTES(KEPT_5), BYTES("\x20\3\1\0\0"), NULL},
		{"CONNACK with a session and a refusal", BYTES(KEPT_5), BYTES("\x20\3\1\x80\0"), "session"},
		{"CONNACK whose properties reach beyond", BYTES(CONNECT_5), BYTES("\x20\3\0\0\1"), "properties reach"},
		{"CONNACK with bytes behind its properties", BYTES(CONNECT_5), BYTES("\x20\4\0\0\0\0"), "bytes follow"},
		{"a Maximum Packet Size of 0", BYTES(CONNECT_5), BYTES("\x20\x08\0\0\5\x27\0\0\0\0"), "Packet Size"},
		{"a Maximum QoS of 2", BYTES(CONNECT_5), BYTES("\x20\5\0\0\2\x24\2"), "neither 0 nor 1"},
		{"half a Receive Maximum", BYTES(CONNECT_5), BYTES("\x20\5\0\0\2\x21\0"), "ends before"},
		{"a property twice", BYTES(CONNECT_5), BYTES("\x20\x09\0\0\6\x21\0\1\x21\0\1"), "twice"},
		{"a property of PUBLISH", BYTES(CONNECT_5), BYTES("\x20\5\0\0\2\1\1"), "does not belong"},
		{"an unknown property", BYTES(CONNECT_5), BYTES("\x20\5\0\0\2\x7f\0"), "does not know"},
		{"a property of clients", BYTES(CONNECT_5), BYTES("\x20\5\0\0\2\x19\0"), "no broker sends"},

		/* Before it, and after the end */
		{"PUBLISH before CONNACK", BYTES(CONNECT_5), BYTES("\x30\4\0\1a\0"), "before CONNACK"},
		{"PINGRESP before CONNACK", BYTES(CONNECT_5 PINGREQ), BYTES("\xd0\0"), "before CONNACK"},
		{"DISCONNECT before CONNACK", BYTES(CONNECT_5), BYTES("\xe0\0"), "before CONNACK"},
		{"PUBLISH after a refusal", BYTES(CONNECT_3), BYTES("\x20\2\0\5\x30\3\0\1a"), "follows the end"},
		{"PUBLISH after DISCONNECT", BYTES(CONNECT_5), BYTES(CONNACK_5 "\xe0\0\x30\4\0\1a\0"),
				"follows the end"},

		/* PUBLISH */
		{"PUBLISH", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\4\0\1a\0"), NULL},
		{"PUBLISH of QoS 1 with a payload, again, retained", BYTES(CONNECT_5),
				BYTES(CONNACK_5 "\x3b\x08\0\1a\0\1\0xy"), NULL},
		{"PUBLISH of 3.1.1", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\3\0\1a\x32\6\0\1a\0\1\0"), NULL},
		{"PUBLISH with all its properties", BYTES(CONNECT_5),
				BYTES(CONNACK_5 "\x30\x28\0\1a\x24\1\1\2\0\0\0\1\x08\0\1r\x09\0\1\xff\x0b\1\x0b\x80\1"
						"\x26\0\0\0\0\x26\0\1k\0\1v\3\0\1t"),
				NULL},
		{"the seven bytes", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\5\0\1a\5\2"), "properties reach"},
		{"a topic alias", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\7\0\1a\3\x23\0\1"), "topic alias"},
		{"a topic alias alone", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\6\0\0\3\x23\0\1"), "no topic"},
		{"QoS 2", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x34\6\0\1a\0\1\0"), "QoS 2"},
		{"QoS 3", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x36\6\0\1a\0\1\0"), "QoS 3"},
		{"DUP with QoS 0", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x38\4\0\1a\0"), "DUP"},
		{"a packet identifier of 0", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x32\6\0\1a\0\0\0"), "identifier of 0"},
		{"no packet identifier", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x32\3\0\1a"), "ends before"},
		{"half a packet identifier", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x32\4\0\1a\0"), "ends before"},
		{"no properties", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\3\0\1a"), "length of its properties"},
		{"a topic beyond the end", BYTES(CONNECT_5),
				BYTES(CONNACK_5 "\x30\4\xff\xff"
						"ab"),
				"topic reaches"},
		{"half a topic's length", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\1\0"), "topic reaches"},
		{"PUBLISH of nothing", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\0"), "topic reaches"},
		{"no topic", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\2\0\0"), "no topic"},
		{"a topic with #", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\3\0\1#"), "wildcard"},
		{"a topic with +", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\3\0\1+"), "wildcard"},
		{"a topic with a zero", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\3\0\1\0"), "not UTF-8"},
		{"a topic of all of UTF-8's lengths", BYTES(CONNECT_3),
				BYTES(CONNACK_3 "\x30\x17\0\x15z\xc3\xbc\xe2\x82\xac\xf0\x9f\x9a\xaa\xee\x80\x80\xed"
						"\x9f\xbf"
						"\xf4\x8f\xbf\xbf"
						"e"),
				NULL},
		{"an overlong topic", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\4\0\2\xc0\x80"), "not UTF-8"},
		{"an overlong one of three", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\5\0\3\xe0\x9f\xbf"), "not UTF-8"},
		{"an overlong one of four", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\6\0\4\xf0\x8f\xbf\xbf"),
				"not UTF-8"},
		{"a surrogate", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\5\0\3\xed\xa0\x80"), "not UTF-8"},
		{"beyond Unicode", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\6\0\4\xf4\x90\x80\x80"), "not UTF-8"},
		{"far beyond Unicode", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\6\0\4\xf8\x80\x80\x80"), "not UTF-8"},
		{"half a character", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\4\0\2z\xc3"), "not UTF-8"},
		{"a character that ends in the payload", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\4\0\1\xc3\xa9"),
				"not UTF-8"},
		{"a character's tail", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\3\0\1\x80"), "not UTF-8"},
		{"half a property", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\5\0\1a\1\1"), "ends before"},
		{"a length of properties in too many bytes", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\x05\0\1a\x80\0"),
				"length of its properties"},
		{"a length of properties without end", BYTES(CONNECT_5),
				BYTES(CONNACK_5 "\x30\x08\0\1a\x80\x80\x80\x80\1"), "length of its properties"},
		{"a payload format of 2", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\6\0\1a\2\1\2"), "neither 0 nor 1"},
		{"a response topic that is not UTF-8", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\x08\0\1a\4\x08\0\1\xff"),
				"not UTF-8"},
		{"a user property whose value is not UTF-8", BYTES(CONNECT_5),
				BYTES(CONNACK_5 "\x30\x0b\0\1a\7\x26\0\1k\0\1\xff"), "not UTF-8"},
		{"half a user property", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\x08\0\1a\4\x26\0\1k"), "ends before"},
		{"correlation data beyond the properties", BYTES(CONNECT_5),
				BYTES(CONNACK_5 "\x30\x09\0\1a\3\x09\0\2zz"), "ends before"},
		{"a subscription identifier of 0", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\6\0\1a\2\x0b\0"),
				"malformed"},
		{"a response topic twice", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\x0c\0\1a\x08\x08\0\1r\x08\0\1r"),
				"twice"},
		{"a reason string in a PUBLISH", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\x08\0\1a\4\x1f\0\1r"),
				"does not belong"},

		/* Acknowledgements */
		{"PUBACK", BYTES(CONNECT_5 PUBLISH_5), BYTES(CONNACK_5 "\x40\2\0\7"), NULL},
		{"PUBACK with a code", BYTES(CONNECT_5 PUBLISH_5), BYTES(CONNACK_5 "\x40\3\0\7\x10"), NULL},
		{"PUBACK with a reason", BYTES(CONNECT_5 PUBLISH_5), BYTES(CONNACK_5 "\x40\x08\0\7\x87\4\x1f\0\1r"),
				NULL},
		{"PUBACK of 3.1.1", BYTES(CONNECT_3 PUBLISH_3), BYTES(CONNACK_3 "\x40\2\0\7"), NULL},
		{"PUBACK of 3.1.1 with a code", BYTES(CONNECT_3 PUBLISH_3), BYTES(CONNACK_3 "\x40\3\0\7\0"),
				"bytes follow"},
		{"PUBACK for nothing", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x40\2\0\7"), "in flight"},
		{"PUBACK for another", BYTES(CONNECT_5 PUBLISH_5), BYTES(CONNACK_5 "\x40\2\0\x08"), "in flight"},
		{"PUBACK twice", BYTES(CONNECT_5 PUBLISH_5), BYTES(CONNACK_5 "\x40\2\0\7\x40\2\0\7"), "in flight"},
		{"PUBACK for a SUBSCRIBE", BYTES(CONNECT_5 SUBSCRIBE_5), BYTES(CONNACK_5 "\x40\2\0\7"), "in flight"},
		{"PUBACK without an identifier", BYTES(CONNECT_5 PUBLISH_5), BYTES(CONNACK_5 "\x40\1\0"),
				"ends before"},
		{"PUBACK with an impossible code", BYTES(CONNECT_5 PUBLISH_5), BYTES(CONNACK_5 "\x40\3\0\7\1"), "code"},
		{"PUBACK with bytes behind", BYTES(CONNECT_5 PUBLISH_5), BYTES(CONNACK_5 "\x40\5\0\7\0\0\0"),
				"bytes follow"},
		{"SUBACK", BYTES(CONNECT_5 SUBSCRIBE_5), BYTES(CONNACK_5 "\x90\5\0\7\0\1\x87"), NULL},
		{"SUBACK of 3.1.1", BYTES(CONNECT_3 SUBSCRIBE_3), BYTES(CONNACK_3 "\x90\4\0\7\1\x80"), NULL},
		{"SUBACK with one code for two topics", BYTES(CONNECT_5 SUBSCRIBE_5), BYTES(CONNACK_5 "\x90\4\0\7\0\1"),
				"number of codes"},
		{"SUBACK of 3.1.1 with one code for two", BYTES(CONNECT_3 SUBSCRIBE_3), BYTES(CONNACK_3 "\x90\3\0\7\1"),
				"number of codes"},
		{"SUBACK with three codes for two", BYTES(CONNECT_3 SUBSCRIBE_3), BYTES(CONNACK_3 "\x90\5\0\7\1\1\1"),
				"number of codes"},
		{"SUBACK with no code", BYTES(CONNECT_3 SUBSCRIBE_3), BYTES(CONNACK_3 "\x90\2\0\7"), "number of codes"},
		{"SUBACK with an impossible code", BYTES(CONNECT_3 SUBSCRIBE_3), BYTES(CONNACK_3 "\x90\4\0\7\1\3"),
				"code"},
		{"SUBACK for nothing", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x90\4\0\7\1\1"), "in flight"},
		{"SUBACK twice", BYTES(CONNECT_3 SUBSCRIBE_3), BYTES(CONNACK_3 "\x90\4\0\7\1\1\x90\4\0\7\1\1"),
				"in flight"},
		{"UNSUBACK", BYTES(CONNECT_5 UNSUBSCRIBE_5), BYTES(CONNACK_5 "\xb0\4\0\7\0\x11"), NULL},
		{"UNSUBACK of 3.1.1", BYTES(CONNECT_3 UNSUBSCRIBE_3), BYTES(CONNACK_3 "\xb0\2\0\7"), NULL},
		{"UNSUBACK of 3.1.1 with a code", BYTES(CONNECT_3 UNSUBSCRIBE_3), BYTES(CONNACK_3 "\xb0\3\0\7\0"),
				"bytes follow"},
		{"UNSUBACK with no code", BYTES(CONNECT_5 UNSUBSCRIBE_5), BYTES(CONNACK_5 "\xb0\3\0\7\0"),
				"number of codes"},
		{"UNSUBACK with an impossible code", BYTES(CONNECT_5 UNSUBSCRIBE_5), BYTES(CONNACK_5 "\xb0\4\0\7\0\1"),
				"code"},
		{"UNSUBACK for nothing", BYTES(CONNECT_5), BYTES(CONNACK_5 "\xb0\4\0\7\0\0"), "in flight"},
		{"PINGRESP", BYTES(CONNECT_3 PINGREQ), BYTES(CONNACK_3 "\xd0\0"), NULL},
		{"PINGRESP for nothing", BYTES(CONNECT_3), BYTES(CONNACK_3 "\xd0\0"), "no PINGREQ"},
		{"PINGRESP twice", BYTES(CONNECT_3 PINGREQ), BYTES(CONNACK_3 "\xd0\0\xd0\0"), "no PINGREQ"},
		{"PINGRESP of something", BYTES(CONNECT_3 PINGREQ), BYTES(CONNACK_3 "\xd0\1\0"), "bytes follow"},

		/* DISCONNECT */
		{"DISCONNECT", BYTES(CONNECT_5), BYTES(CONNACK_5 "\xe0\0"), NULL},
		{"DISCONNECT with a code", BYTES(CONNECT_5), BYTES(CONNACK_5 "\xe0\1\x8e"), NULL},
		{"DISCONNECT with a reason", BYTES(CONNECT_5), BYTES(CONNACK_5 "\xe0\6\x8b\4\x1f\0\1r"), NULL},
		{"DISCONNECT with an expiry", BYTES(CONNECT_5), BYTES(CONNACK_5 "\xe0\7\x8b\5\x11\0\0\0\1"),
				"not belong"},
		{"DISCONNECT with bytes behind", BYTES(CONNECT_5), BYTES(CONNACK_5 "\xe0\3\x8b\0\0"), "bytes follow"},
		{"DISCONNECT of 3.1.1", BYTES(CONNECT_3), BYTES(CONNACK_3 "\xe0\0"), "3.1.1"},

		/* Not for us */
		{"AUTH", BYTES(CONNECT_5), BYTES(CONNACK_5 "\xf0\0"), "not asked for"},
		{"AUTH before CONNACK", BYTES(CONNECT_5), BYTES("\xf0\0"), "not asked for"},
		{"PUBREC", BYTES(CONNECT_5 PUBLISH_5), BYTES(CONNACK_5 "\x50\2\0\7"), "no QoS 2"},
		{"PUBREL", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x62\2\0\7"), "no QoS 2"},
		{"PUBCOMP", BYTES(CONNECT_5 PUBLISH_5), BYTES(CONNACK_5 "\x70\2\0\7"), "no QoS 2"},
		{"type 0", BYTES(CONNECT_3), BYTES(CONNACK_3 "\0\0"), "no broker"},
		{"CONNECT", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x10\0"), "no broker"},
		{"SUBSCRIBE", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x82\0"), "no broker"},
		{"UNSUBSCRIBE", BYTES(CONNECT_3), BYTES(CONNACK_3 "\xa2\0"), "no broker"},
		{"PINGREQ", BYTES(CONNECT_3), BYTES(CONNACK_3 "\xc0\0"), "no broker"},

		/* The header */
		{"a remaining length in too many bytes", BYTES(CONNECT_5), BYTES(CONNACK_5 "\x30\x84\0\0\1a\0"),
				"remaining"},
		{"the same in 3.1.1, which allows it", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\x83\0\0\1a"), NULL},
		{"a remaining length of five bytes", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\x80\x80\x80\x80\1"),
				"remaining"},
		{"256 MB", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\xff\xff\xff\x7f"), "longer than 64 KB"},
		{"64 KB and a byte", BYTES(CONNECT_3), BYTES(CONNACK_3 "\x30\xfd\xff\3"), "longer than 64 KB"},
};

/* Both ways through one stream, in steps of some bytes. What was wrong with the last packet; count: of right ones. */
static const char *run(size_t index, size_t step, size_t *count, bool *rest)
{
	struct mqtt_stream *stream = calloc(1, sizeof(*stream));
	const char *wrong = NULL;
	*count = 0;
	for (size_t i = 0; i < cases[index].sent_length && !wrong; i += step) {
		size_t left = cases[index].sent_length - i;
		wrong = mqtt_stream_went(stream, (const uint8_t *)cases[index].sent + i, left < step ? left : step);
	}
	CHECK(!wrong);
	for (size_t i = 0; i < cases[index].came_length && !wrong; i += step) {
		size_t room, left = cases[index].came_length - i, length = left < step ? left : step;
		uint8_t *bytes = mqtt_stream_room(stream, &room);
		CHECK(room >= length);
		memcpy(bytes, cases[index].came + i, length);
		mqtt_stream_came(stream, length);
		for (;;) {
			const uint8_t *packet;
			wrong = mqtt_stream_take(stream, &packet, &length);
			if (wrong || length == 0)
				break;
			++*count;
		}
	}
	*rest = stream->begin != stream->end;
	free(stream);
	return wrong;
}

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tap_case("%s", cases[i].what);
		size_t counts[2] = {0, 0};
		for (size_t step = 1; step <= 4096; step += 4095) {
			bool rest;
			const char *wrong = run(i, step, &counts[step > 1], &rest);
			if (!CHECK(!wrong == !cases[i].wrong) || (wrong && !CHECK(strstr(wrong, cases[i].wrong))))
				printf("# said: %s\n", wrong ? wrong : "right");
			CHECK(cases[i].wrong || (!rest && counts[step > 1] > 0));
		}
		CHECK(counts[0] == counts[1]);
	}
}

/* The last packet of a case, alone: each prefix, in memory of exactly its length, is read within. */
static void test_prefixes(void)
{
	tap_case("no prefix of a packet is right, nor is it read beyond its end");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mqtt_stream *stream = calloc(1, sizeof(*stream));
		mqtt_stream_went(stream, (const uint8_t *)cases[i].sent, cases[i].sent_length);
		const uint8_t *bytes = (const uint8_t *)cases[i].came;
		size_t left = cases[i].came_length;
		long frame;
		while ((frame = mqtt_packet_frame(bytes, left)) > 0 && (size_t)frame <= left) {
			for (size_t cut = 0; cut < (size_t)frame; cut++) {
				struct mqtt_guard guard = stream->guard;
				uint8_t *copy = malloc(cut ? cut : 1);
				memcpy(copy, bytes, cut);
				CHECK(mqtt_guard_received(&guard, copy, cut));
				if (cut > 2 && frame < 100) { /* with a length that says so */
					copy[1] = (uint8_t)(cut - 2);
					guard = stream->guard;
					mqtt_guard_received(&guard, copy, cut);
				}
				free(copy);
			}
			mqtt_guard_received(&stream->guard, bytes, (size_t)frame);
			bytes += frame;
			left -= (size_t)frame;
		}
		free(stream);
	}
}

static void test_longest(void)
{
	tap_case("a packet of 64 KB in pieces, and the next one, fit");
	struct mqtt_stream *stream = calloc(1, sizeof(*stream));
	CHECK(!mqtt_stream_went(stream, (const uint8_t *)CONNECT_3, sizeof(CONNECT_3) - 1));
	static uint8_t packet[MQTT_GUARD_PACKET_MAX] = "\x30\xfc\xff\3\0\1a";
	CHECK(mqtt_packet_frame(packet, 4) == MQTT_GUARD_PACKET_MAX);
	size_t packets = 0, room, length;
	const uint8_t *at;
	memcpy(mqtt_stream_room(stream, &room), CONNACK_3, 4);
	mqtt_stream_came(stream, 4);
	CHECK(!mqtt_stream_take(stream, &at, &length) && length == 4);
	for (size_t total = 0; total < 3 * sizeof(packet) + 7;) {
		uint8_t *bytes = mqtt_stream_room(stream, &room);
		if (!CHECK(room > 0))
			break;
		for (size_t i = 0; i < room && i < 40000; i++)
			bytes[i] = packet[(total + i) % sizeof(packet)];
		mqtt_stream_came(stream, room < 40000 ? room : 40000);
		total += room < 40000 ? room : 40000;
		while (!mqtt_stream_take(stream, &at, &length) && length > 0) {
			CHECK(length == sizeof(packet) && memcmp(at, packet, length) == 0);
			packets++;
		}
	}
	CHECK(packets == 3);
	free(stream);
}

static void test_lighten(void)
{
	static const struct {
		const char *what, *before;
		size_t before_length;
		const char *after;
		size_t after_length;
	} packets[] = {
			{"nothing to drop", BYTES("\x33\x0c\0\1a\0\7\4\x08\0\1rxy"),
					BYTES("\x33\x0c\0\1a\0\7\4\x08\0\1rxy")},
			{"no properties", BYTES("\x30\5\0\1a\0x"), BYTES("\x30\5\0\1a\0x")},
			{"one user property alone", BYTES("\x30\x0c\0\1a\7\x26\0\1k\0\1vx"), BYTES("\x30\5\0\1a\0x")},
			{"between others, and an identifier",
					BYTES("\x32\x16\0\1a\0\7\x0e\1\1\x26\0\0\0\0\x0b\5\2\1\2\3\4xy"),
					BYTES("\x32\x0f\0\1a\0\7\7\1\1\2\1\2\3\4xy")},
			{"another packet", BYTES("\x40\x09\0\7\x10\5\x26\0\0\0\0"),
					BYTES("\x40\x09\0\7\x10\5\x26\0\0\0\0")},
	};
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		tap_case("user properties go: %s", packets[i].what);
		size_t length = packets[i].before_length;
		uint8_t *copy = malloc(length);
		memcpy(copy, packets[i].before, length);
		CHECK(mqtt_packet_frame(copy, length) == (long)length);
		uint8_t *after = mqtt_packet_lighten(copy, &length);
		CHECK(after + length == copy + packets[i].before_length);
		CHECK(length == packets[i].after_length && memcmp(after, packets[i].after, length) == 0);
		free(copy);
	}
	tap_case("user properties go: thousands");
	static uint8_t many[10 + 60000 + 1] =
			"\x30\xe6\xd4\3\0\1a\xe0\xd4\3"; /* 60,000 bytes of them, and no payload */
	for (size_t i = 0; i < 12000; i++)
		many[10 + 5 * i] = 0x26;
	size_t length = 60010;
	CHECK(mqtt_packet_frame(many, length) == 60010);
	uint8_t *after = mqtt_packet_lighten(many, &length);
	CHECK(length == 6 && memcmp(after, "\x30\4\0\1a\0", 6) == 0);
}

static void test_flight(void)
{
	tap_case("what is in flight is bounded");
	struct mqtt_guard guard = {0};
	CHECK(!mqtt_guard_sent(&guard, (const uint8_t *)CONNECT_3, sizeof(CONNECT_3) - 1, sizeof(CONNECT_3) - 1));
	uint8_t publish[] = PUBLISH_3;
	for (unsigned i = 1; i <= MQTT_GUARD_FLIGHT_MAX; i++) {
		publish[5] = (uint8_t)(i >> 8);
		publish[6] = (uint8_t)i;
		CHECK(!mqtt_guard_sent(&guard, publish, 7, 7));
		CHECK(!mqtt_guard_sent(&guard, publish, 7, 7)); /* again: it is one */
	}
	publish[5] = 0x7f;
	CHECK(mqtt_guard_sent(&guard, publish, 7, 7));
	CHECK(guard.flight_count == MQTT_GUARD_FLIGHT_MAX);
}

/* P: Paho sends a PINGREQ; O: we do; a: an answer comes. Each answer goes to whoever is next. */
static void test_pings(void)
{
	static const struct {
		const char *events, *paho; /* paho: for each answer, whether Paho gets it */
	} pings[] = {
			{"Pa", "1"},
			{"Oa", "0"},
			{"OPaa", "01"},
			{"POaa", "10"},
			{"PaOaPa", "101"},
			{"POaPaa", "101"},
			{"OPaOaa", "010"},
			{"PPOPaaaa", "1101"},
	};
	for (size_t i = 0; i < sizeof(pings) / sizeof(pings[0]); i++) {
		tap_case("pings: %s", pings[i].events);
		struct mqtt_stream *stream = calloc(1, sizeof(*stream));
		CHECK(!mqtt_stream_went(stream, (const uint8_t *)CONNECT_3, sizeof(CONNECT_3) - 1));
		size_t room, length, answers = 0;
		const uint8_t *packet;
		memcpy(mqtt_stream_room(stream, &room), CONNACK_3, sizeof(CONNACK_3) - 1);
		mqtt_stream_came(stream, sizeof(CONNACK_3) - 1);
		CHECK(!mqtt_stream_take(stream, &packet, &length) && length == 4);
		for (const char *event = pings[i].events; *event; event++) {
			if (*event == 'P')
				CHECK(!mqtt_stream_went(stream, (const uint8_t *)PINGREQ, 2));
			if (*event == 'O')
				mqtt_guard_pinged(&stream->guard);
			if (*event != 'a')
				continue;
			memcpy(mqtt_stream_room(stream, &room), "\xd0\0\x30\3\0\1a", 7);
			mqtt_stream_came(stream, 7);
			bool own = stream->guard.own == 1;
			CHECK(own == (pings[i].paho[answers++] == '0'));
			CHECK(!mqtt_stream_take(stream, &packet, &length) && packet[0] == (own ? 0x30 : 0xd0));
			if (!own)
				CHECK(!mqtt_stream_take(stream, &packet, &length) && packet[0] == 0x30);
			CHECK(!mqtt_stream_take(stream, &packet, &length) && length == 0);
		}
		CHECK(stream->guard.pings == 0 && stream->guard.own == 0);
		memcpy(mqtt_stream_room(stream, &room), "\xd0\0", 2);
		mqtt_stream_came(stream, 2);
		CHECK(mqtt_stream_take(stream, &packet, &length));
		free(stream);
	}

	tap_case("between two packets, and nowhere else, another can follow");
	struct mqtt_stream *stream = calloc(1, sizeof(*stream));
	CHECK(mqtt_stream_between(stream));
	for (size_t i = 0; i + 1 < sizeof(CONNECT_3 PUBLISH_3); i++) {
		CHECK(!mqtt_stream_went(stream, (const uint8_t *)CONNECT_3 PUBLISH_3 + i, 1));
		CHECK(mqtt_stream_between(stream) ==
				(i + 2 == sizeof(CONNECT_3) || i + 2 == sizeof(CONNECT_3 PUBLISH_3)));
	}
	free(stream);
}

static void test_ours(void)
{
	tap_case("a long publish of ours is followed by its first bytes");
	struct mqtt_stream *stream = calloc(1, sizeof(*stream));
	static uint8_t publish[100000] = "\x32\x9c\x8d\6\0\1a\0\7";
	CHECK(mqtt_packet_frame(publish, sizeof(publish)) == sizeof(publish));
	CHECK(!mqtt_stream_went(stream, (const uint8_t *)CONNECT_3, sizeof(CONNECT_3) - 1));
	CHECK(!mqtt_stream_went(stream, publish, 50000));
	CHECK(stream->guard.flight_count == 0);
	CHECK(!mqtt_stream_went(stream, publish + 50000, 50000));
	CHECK(stream->guard.flight_count == 1 && stream->guard.flight[0].id == 7);
	CHECK(!mqtt_stream_went(stream, (const uint8_t *)SUBSCRIBE_3, sizeof(SUBSCRIBE_3) - 1));
	CHECK(stream->guard.flight_count == 2 && stream->guard.flight[1].topics == 2);
	free(stream);

	tap_case("of ours, what cannot be followed is told");
	static const struct {
		const char *bytes;
		size_t length;
	} ours[] = {{BYTES("\x10\x0d\0\4MQTT\6\2\0\x3c\0\0\0")}, {BYTES("\x10\x0d\0\6MQIsdp\3\2\0\x3c\0")},
			{BYTES("\x34\5\0\1a\0\7")}, {BYTES("\x32\4\0\1a\0")}, {BYTES("\x82\5\0\7\0\1a")},
			{BYTES("\x82\1\0")}};
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		struct mqtt_guard guard = {.version = 4};
		CHECK(mqtt_guard_sent(&guard, (const uint8_t *)ours[i].bytes, ours[i].length, ours[i].length));
	}
}

int main(void)
{
	test_cases();
	test_prefixes();
	test_longest();
	test_lighten();
	test_flight();
	test_pings();
	test_ours();
	return tap_done();
}
