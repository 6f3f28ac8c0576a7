/*
 * MQTT's reason codes in words, and what a person can do about them. Pure; constant strings, never NULL.
 */
#ifndef PORTCULLIS_MQTT_REASONS_H
#define PORTCULLIS_MQTT_REASONS_H

#define MQTT_REASON_IMPLEMENTATION_SPECIFIC 0x83
#define MQTT_REASON_UNSUPPORTED_VERSION 0x84
#define MQTT_REASON_SESSION_TAKEN_OVER 0x8e
#define MQTT_REASON_NOT_AUTHORIZED 0x87
#define MQTT_REASON_TOPIC_NAME_INVALID 0x90

/* MQTT 3.1.1's CONNACK codes 1 to 5 as the reason codes of MQTT 5; others unchanged. */
int mqtt_reason_of_v3_connack(int code);

const char *mqtt_reason_text(int code);   /* "not authorized" */
const char *mqtt_reason_advice(int code); /* "check ..."; "" when there is nothing to be done here */

#endif
