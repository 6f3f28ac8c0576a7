/* The list of what the link wants to hear, made before a connection. Topics are borrowed. */
#ifndef PORTCULLIS_LINK_SUBSCRIPTIONS_H
#define PORTCULLIS_LINK_SUBSCRIPTIONS_H

#include <assert.h>
#include <stddef.h>

#include "mqtt/mqtt.h"

struct subscriptions {
	struct mqtt_subscription list[MQTT_SUBSCRIPTIONS_MAX];
	size_t count;
};

/* link.c shows that the list is long enough for all that is ever added. */
static inline void subscriptions_add(struct subscriptions *subscriptions, struct mqtt_subscription subscription)
{
	assert(subscriptions->count < MQTT_SUBSCRIPTIONS_MAX);
	subscriptions->list[subscriptions->count++] = subscription;
}

#endif
