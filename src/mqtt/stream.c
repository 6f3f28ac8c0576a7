/*
 * What comes lies in one buffer: what has been taken goes when more is to come. Of what is sent only the packet under way
 * is kept, and of a long one its beginning.
 */
#include "mqtt/stream.h"

#include <string.h>

#include "mqtt/packet.h"

uint8_t *mqtt_stream_room(struct mqtt_stream *stream, size_t *room)
{
	memmove(stream->in, stream->in + stream->begin, stream->end - stream->begin);
	stream->end -= stream->begin;
	stream->begin = 0;
	*room = sizeof(stream->in) - stream->end;
	return stream->in + stream->end;
}

void mqtt_stream_came(struct mqtt_stream *stream, size_t count)
{
	stream->end += count;
}

/* As mqtt_stream_take, and the answer to our own MQTT_PINGREQ is a packet as any other. */
static const char *take_packet(struct mqtt_stream *stream, const uint8_t **packet, size_t *length)
{
	size_t there = stream->end - stream->begin;
	*packet = stream->in + stream->begin;
	*length = 0;
	if (there == 0)
		return NULL;
	const char *wrong = mqtt_guard_first(&stream->guard, (*packet)[0]);
	if (wrong)
		return wrong;
	long frame = mqtt_packet_frame(*packet, there);
	if (frame < 0)
		return MQTT_PACKET_LENGTH;
	if (frame > MQTT_GUARD_PACKET_MAX)
		return "it is longer than 64 KB";
	if (frame == 0 || (size_t)frame > there)
		return NULL;
	wrong = mqtt_guard_received(&stream->guard, *packet, (size_t)frame);
	if (wrong)
		return wrong;
	*length = (size_t)frame;
	if (stream->guard.version == 5)
		*packet = mqtt_packet_lighten(stream->in + stream->begin, length);
	stream->begin += (size_t)frame;
	return NULL;
}

const char *mqtt_stream_take(struct mqtt_stream *stream, const uint8_t **packet, size_t *length)
{
	for (;;) {
		uint8_t own = stream->guard.own;
		const char *wrong = take_packet(stream, packet, length);
		if (wrong || own != 1 || stream->guard.own == 1)
			return wrong;
	}
}

const char *mqtt_stream_went(struct mqtt_stream *stream, const uint8_t *bytes, size_t count)
{
	while (count > 0) {
		if (stream->left == 0) { /* in a header, or before one */
			stream->out[stream->stored++] = *bytes++;
			count--;
			long frame = mqtt_packet_frame(stream->out, stream->stored);
			if (frame < 0)
				return MQTT_PACKET_LENGTH;
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
			size_t length = (size_t)mqtt_packet_frame(stream->out, stream->stored);
			const char *wrong = mqtt_guard_sent(&stream->guard, stream->out, stream->stored, length);
			stream->stored = 0;
			if (wrong)
				return wrong;
		}
	}
	return NULL;
}

bool mqtt_stream_between(const struct mqtt_stream *stream)
{
	return stream->stored == 0;
}
