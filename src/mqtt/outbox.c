/*
 * A list in the order of sending. A retained value takes the place of the older one of its topic, so that nothing that
 * changes often is pushed back again and again.
 */
#include "mqtt/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void mqtt_outbox_init(struct mqtt_outbox *outbox)
{
	*outbox = (struct mqtt_outbox){.end = &outbox->first};
}

struct mqtt_outgoing *mqtt_outgoing_new(const char *topic, const char *payload, size_t length, bool retained,
		const unsigned char *correlation, size_t correlation_length)
{
	size_t topic_size = strlen(topic) + 1;
	size_t bytes = sizeof(struct mqtt_outgoing) + topic_size + length + correlation_length;
	struct mqtt_outgoing *outgoing = malloc(bytes);
	if (!outgoing)
		return NULL;
	char *text = outgoing->text;
	*outgoing = (struct mqtt_outgoing){
			.topic = text,
			.payload = text + topic_size,
			.correlation = (unsigned char *)text + topic_size + length,
			.length = length,
			.correlation_length = correlation_length,
			.bytes = bytes,
			.retained = retained,
	};
	memcpy(text, topic, topic_size);
	if (length)
		memcpy(text + topic_size, payload, length);
	if (correlation_length)
		memcpy(text + topic_size + length, correlation, correlation_length);
	return outgoing;
}

/* Takes what hangs at this place out of the list. */
static struct mqtt_outgoing *unhang(struct mqtt_outbox *outbox, struct mqtt_outgoing **at)
{
	struct mqtt_outgoing *outgoing = *at;
	*at = outgoing->next;
	if (!*at)
		outbox->end = at;
	outgoing->next = NULL;
	outbox->count--;
	outbox->live -= outgoing->retained ? 0 : 1;
	outbox->bytes -= outgoing->bytes;
	return outgoing;
}

static void hang(struct mqtt_outbox *outbox, struct mqtt_outgoing **at, struct mqtt_outgoing *outgoing)
{
	outgoing->next = *at;
	*at = outgoing;
	if (!outgoing->next)
		outbox->end = &outgoing->next;
	outbox->count++;
	outbox->live += outgoing->retained ? 0 : 1;
	outbox->bytes += outgoing->bytes;
}

/* Where the retained entry of this topic hangs; the end when there is none. */
static struct mqtt_outgoing **find_outgoing(struct mqtt_outbox *outbox, const char *topic)
{
	struct mqtt_outgoing **at = &outbox->first;
	while (*at && (!(*at)->retained || strcmp((*at)->topic, topic) != 0))
		at = &(*at)->next;
	return at;
}

/* Where the first event hangs, or where there is none and answers may go, the first answer; else the end. */
static struct mqtt_outgoing **find_live(struct mqtt_outbox *outbox, bool answers)
{
	struct mqtt_outgoing **at = &outbox->first;
	while (*at && ((*at)->retained || (*at)->answer))
		at = &(*at)->next;
	if (*at || !answers)
		return at;
	for (at = &outbox->first; *at && (*at)->retained;)
		at = &(*at)->next;
	return at;
}

static bool full(const struct mqtt_outbox *outbox, const struct mqtt_outgoing *more)
{
	return outbox->count == MQTT_OUTBOX_ENTRIES_MAX || outbox->bytes + more->bytes > MQTT_OUTBOX_BYTES_MAX ||
	       (!more->retained && outbox->live == MQTT_OUTBOX_LIVE_MAX);
}

int mqtt_outbox_put(struct mqtt_outbox *outbox, struct mqtt_outgoing *outgoing)
{
	struct mqtt_outgoing **place = outgoing->retained ? find_outgoing(outbox, outgoing->topic) : outbox->end;
	struct mqtt_outgoing *older = *place ? unhang(outbox, place) : NULL;
	struct mqtt_outgoing **live;
	bool event = !outgoing->retained && !outgoing->answer;
	while (full(outbox, outgoing) && *(live = find_live(outbox, !event))) {
		if (place == &(*live)->next)
			place = live;
		free(unhang(outbox, live));
		outbox->dropped++;
	}
	if (full(outbox, outgoing)) { /* with an older value: the new one is too long, and the old one no longer true */
		free(outgoing);
		free(older);
		return -ENOBUFS;
	}
	hang(outbox, place, outgoing);
	free(older);
	return 0;
}

struct mqtt_outgoing *mqtt_outbox_take(struct mqtt_outbox *outbox)
{
	return outbox->first ? unhang(outbox, &outbox->first) : NULL;
}

void mqtt_outbox_clear(struct mqtt_outbox *outbox)
{
	for (struct mqtt_outgoing *outgoing; (outgoing = mqtt_outbox_take(outbox));)
		free(outgoing);
}
