/*
 * The subscriptions of a connection: asks for them, remembers what the broker grants, says in a sentence what it denies,
 * and asks for that again after 5, 10, 30 and then each 60 s. No answer within 10 s counts as denied. Loop thread only;
 * nothing blocks.
 */
#ifndef PORTCULLIS_MQTT_GRANTS_H
#define PORTCULLIS_MQTT_GRANTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "base/loop.h"
#include "mqtt/mqtt.h"
#include "mqtt/paho.h"

/* The first six are set by the owner, before the first connection, and borrowed. */
struct mqtt_grants {
	struct loop *loop;
	const struct log *log;
	const struct mqtt_config *config;
	struct mqtt_paho *paho;
	void (*changed)(void *user); /* denied, deaf or warning has changed; may be NULL */
	void *user;

	const char *label;                      /* the broker's, for the log */
	unsigned grant[MQTT_SUBSCRIPTIONS_MAX]; /* the SUBACK's code + 1; 0 = not answered yet */
	struct loop_timer timer;                /* for an answer, and after that for the next SUBSCRIBE */
	unsigned asked_again;                   /* in a row */
	size_t denied;                          /* by this broker */
	bool deaf;                              /* a subscription to commands is among them */
	char warning[MQTT_ERROR_MAX];           /* of the last denial; it stands while denied is not 0 */
};

/* A connection is up: asks for all subscriptions. label is borrowed until mqtt_grants_end. */
void mqtt_grants_begin(struct mqtt_grants *grants, const char *label);

/* The connection is over, or nothing is to be asked for any more. Also without mqtt_grants_begin. */
void mqtt_grants_end(struct mqtt_grants *grants);

/* Answers have come. Whether one of them grants something. */
bool mqtt_grants_take(struct mqtt_grants *grants, const struct mqtt_paho_news *news);

#endif
