/*
 * Why there is no connection, in sentences for the log and the page. Pure.
 */
#ifndef PORTCULLIS_MQTT_SENTENCES_H
#define PORTCULLIS_MQTT_SENTENCES_H

#include <stdbool.h>

#include "mqtt/connector.h"
#include "mqtt/mqtt.h"
#include "mqtt/session.h"

/* Of an attempt that did not get as far as TCP; result->fd is -1. */
void mqtt_sentence_unreachable(const struct mqtt_connector_result *result, char reason[static MQTT_ERROR_MAX]);

/* What is known of the end of a connection that was up. */
struct mqtt_loss {
	struct mqtt_session_end end;
	const char *reason; /* why the socket has ended; "" = nothing but a ping without an answer tells */
	bool taken_over;    /* by another client with our id */
	bool again;         /* lost again and again, and nothing says why */
};

/* With the broker's label in front. */
void mqtt_sentence_lost(const char *label, const char *client_id, const struct mqtt_loss *loss,
		char sentence[static MQTT_ERROR_MAX]);

#endif
