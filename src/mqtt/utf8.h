/* MQTT's strings. */
#ifndef PORTCULLIS_MQTT_UTF8_H
#define PORTCULLIS_MQTT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether bytes are a string as MQTT allows it: well-formed UTF-8 without U+0000 (MQTT 5.0, 1.5.4). Pure. */
bool mqtt_is_text(const uint8_t *bytes, size_t length);

#endif
