/*
 * A connection's bytes, both ways, cut into packets for the guard. Nothing here reads or writes a descriptor, blocks,
 * allocates or knows of threads: threads that share a stream hold a lock.
 */
#ifndef PORTCULLIS_MQTT_STREAM_H
#define PORTCULLIS_MQTT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt/guard.h"

#define MQTT_STREAM_SENT_MAX 4096 /* as much of a packet of ours is looked at */

/* Begins as zeros, except the arrays' bytes, which may be anything. */
struct mqtt_stream {
	struct mqtt_guard guard;
	size_t begin, end; /* of what has come and is in no packet yet that was taken */
	size_t stored, left;
	uint8_t out[MQTT_STREAM_SENT_MAX];
	uint8_t in[MQTT_GUARD_PACKET_MAX];
};

/* Where the next bytes of the broker go, and how many: never 0 after mqtt_stream_take has found no packet. Then count
 * what came. */
uint8_t *mqtt_stream_room(struct mqtt_stream *stream, size_t *room);
void mqtt_stream_came(struct mqtt_stream *stream, size_t count);

/*
 * The next packet, until mqtt_stream_room is called; *length is 0 when it is not whole yet. When it is wrong: what is,
 * and *packet begins with its first byte. The answer to our own PINGREQ is passed over: guard.own is 0 after it.
 */
const char *mqtt_stream_take(struct mqtt_stream *stream, const uint8_t **packet, size_t *length);

/* Bytes of ours that have been sent. NULL, or what it is that the guard cannot follow. */
const char *mqtt_stream_went(struct mqtt_stream *stream, const uint8_t *bytes, size_t count);

/* Whether what has been sent ends with a whole packet, so that another one can follow. */
bool mqtt_stream_between(const struct mqtt_stream *stream);

#endif
