/*
 * A failure ends a guess, and silence is a failure that may begin one: mqtt_memory_silent does both, in this order.
 */
#include "mqtt/memory.h"

#include <stdio.h>
#include <string.h>

#define V3_REFUSED_MS 3600000 /* how long a broker that refused MQTT 5 is met with 3.1.1 before 5 is tried again */
#define V3_GUESSED_MS 300000  /* the same after a close without a word, or silence */
#define V3_SILENCES 2         /* so many in a row: it may not know MQTT 5, and not know how to say so */

int mqtt_memory_version(const struct mqtt_memory *memory, int64_t now_ms)
{
	return now_ms < memory->v3_until_ms ? 3 : 5;
}

bool mqtt_memory_may_refuse(const struct mqtt_memory *memory, int version)
{
	return version == 5 && !memory->spoke_5;
}

void mqtt_memory_accepted(struct mqtt_memory *memory, int version)
{
	memory->logged[0][0] = memory->logged[1][0] = '\0';
	memory->v3_guessed = false;
	memory->silences = 0;
	if (version == 5) {
		memory->spoke_5 = true;
		memory->v3_until_ms = 0;
	}
}

void mqtt_memory_refused_5(struct mqtt_memory *memory, bool guessed, int64_t now_ms)
{
	memory->v3_until_ms = now_ms + (guessed ? V3_GUESSED_MS : V3_REFUSED_MS);
	memory->v3_guessed = guessed;
}

void mqtt_memory_silent(struct mqtt_memory *memory, int version, int64_t now_ms)
{
	mqtt_memory_failed(memory);
	memory->silences = mqtt_memory_may_refuse(memory, version) ? memory->silences + 1 : 0;
	memory->v3_guessed = memory->silences >= V3_SILENCES;
	if (memory->v3_guessed)
		memory->v3_until_ms = now_ms + V3_GUESSED_MS;
}

void mqtt_memory_failed(struct mqtt_memory *memory)
{
	if (memory->v3_guessed)
		memory->v3_until_ms = 0;
}

bool mqtt_memory_is_news(struct mqtt_memory *memory, const char *sentence)
{
	for (size_t i = 0; i < 2; i++)
		if (strcmp(memory->logged[i], sentence) == 0)
			return false;
	memcpy(memory->logged[1], memory->logged[0], MQTT_ERROR_MAX);
	snprintf(memory->logged[0], MQTT_ERROR_MAX, "%s", sentence);
	return true;
}
