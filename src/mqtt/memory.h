/*
 * What is remembered of a broker from one connection to the next: which version of MQTT to speak, and what was logged of
 * it last. Pure: time is an argument, in milliseconds of the loop's clock.
 *
 * Brokers refuse MQTT 5 in five ways: reason code 0x84, 3.1.1's code 1, that code in a packet of 5, a close without a
 * byte, and silence. The last two may have had another reason: so 3.1.1 is a guess then, for a shorter time, which ends
 * when 3.1.1 does not work either. A broker that once spoke MQTT 5 is never guessed about.
 */
#ifndef PORTCULLIS_MQTT_MEMORY_H
#define PORTCULLIS_MQTT_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "mqtt/mqtt.h"

/* Begins as zeros. */
struct mqtt_memory {
	int64_t v3_until_ms;            /* speak MQTT 3.1.1 to it until then */
	bool v3_guessed;                /* and 3.1.1 has not worked yet */
	bool spoke_5;                   /* once */
	unsigned silences;              /* in a row, to a CONNECT of MQTT 5 */
	char logged[2][MQTT_ERROR_MAX]; /* the last two sentences, the newest first: one cause may have either */
};

/* 5 or 3. */
int mqtt_memory_version(const struct mqtt_memory *memory, int64_t now_ms);

/* Whether a broker that closes without a word after a CONNECT of this version may not speak this version. */
bool mqtt_memory_may_refuse(const struct mqtt_memory *memory, int version);

/* Each remembers what has become of an attempt. */
void mqtt_memory_accepted(struct mqtt_memory *memory, int version); /* CONNACK */
/* The broker does not speak MQTT 5: it said so, or (guessed) it closed without a word. */
void mqtt_memory_refused_5(struct mqtt_memory *memory, bool guessed, int64_t now_ms);
/* No answer to CONNECT. Not for one by TLS: there anybody on the way can make silence, and nobody but the broker a word. */
void mqtt_memory_silent(struct mqtt_memory *memory, int version, int64_t now_ms);
void mqtt_memory_failed(struct mqtt_memory *memory); /* anything else */

/* True if the sentence is neither of the last two; then it is remembered in the place of the older one. */
bool mqtt_memory_is_news(struct mqtt_memory *memory, const char *sentence);

#endif
