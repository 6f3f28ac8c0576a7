/*
 * MQTT's reason codes in words, and what a person can do. Pure. The strings are constants and never NULL.
 */
#ifndef PORTCULLIS_MQTT_REASONS_H
#define PORTCULLIS_MQTT_REASONS_H

#define MQTT_REASON_IMPLEMENTATION_SPECIFIC 0x83
#define MQTT_REASON_UNSUPPORTED_VERSION 0x84
#define MQTT_REASON_SESSION_TAKEN_OVER 0x8e
#define MQTT_REASON_NOT_AUTHORIZED 0x87
#define MQTT_REASON_TOPIC_NAME_INVALID 0x90

/* Converts a CONNACK code of MQTT 3.1.1 (1 to 5) to the reason code of MQTT 5. Other codes stay as they are. */
int mqtt_reason_of_v3_connack(int code);

const char *mqtt_reason_text(int code);   /* "not authorized" */
const char *mqtt_reason_advice(int code); /* "check ..."; "" when nothing can be done on this side */

#endif
