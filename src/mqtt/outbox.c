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

int mqtt_outbox_put(struct mqtt_outbox *outbox, struct mqtt_outgoing *outgoing)
{
	struct mqtt_outgoing **place = outbox->end;
	struct mqtt_outgoing *older = NULL;
	for (struct mqtt_outgoing **at = &outbox->first; outgoing->retained && *at; at = &(*at)->next) {
		if ((*at)->retained && strcmp((*at)->topic, outgoing->topic) == 0) {
			place = at;
			older = *at;
			break;
		}
	}
	size_t bytes = outbox->bytes + outgoing->bytes - (older ? older->bytes : 0);
	if (bytes > MQTT_OUTBOX_BYTES_MAX || (!older && outbox->count == MQTT_OUTBOX_ENTRIES_MAX)) {
		free(outgoing);
		return -ENOBUFS;
	}
	outgoing->next = older ? older->next : NULL;
	*place = outgoing;
	if (!outgoing->next)
		outbox->end = &outgoing->next;
	outbox->bytes = bytes;
	outbox->count += older ? 0 : 1;
	free(older);
	return 0;
}

struct mqtt_outgoing *mqtt_outbox_take(struct mqtt_outbox *outbox)
{
	struct mqtt_outgoing *first = outbox->first;
	if (!first)
		return NULL;
	outbox->first = first->next;
	if (!outbox->first)
		outbox->end = &outbox->first;
	outbox->count--;
	outbox->bytes -= first->bytes;
	first->next = NULL;
	return first;
}

void mqtt_outbox_clear(struct mqtt_outbox *outbox)
{
	for (struct mqtt_outgoing *outgoing; (outgoing = mqtt_outbox_take(outbox));)
		free(outgoing);
}
