/*
 * Messages from Paho's receive thread to the loop: which ring each belongs to, and whether it may be of the past. What
 * others say in bulk has a ring of its own, so that no flood of it pushes out a command. Each function says which thread
 * may call it; none blocks for longer than a copy takes.
 */
#ifndef PORTCULLIS_MQTT_INBOX_H
#define PORTCULLIS_MQTT_INBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt/age.h"
#include "mqtt/mqtt.h"
#include "mqtt/ring.h"

struct mqtt_inbox {
	const struct mqtt_subscription *subscriptions; /* borrowed */
	size_t subscription_count;
	struct mqtt_ring *ring, *bulk_ring;         /* bulk_ring: NULL without a subscription to bulk */
	pthread_mutex_t lock;                       /* guards the rest */
	int64_t settled_ms[MQTT_SUBSCRIPTIONS_MAX]; /* commands count from then on; LOOP_NEVER = not granted */
};

/* 0 or -ENOMEM. The subscriptions are borrowed. Loop; mqtt_inbox_destroy also after a failure, once. */
int mqtt_inbox_init(struct mqtt_inbox *inbox, const struct mqtt_subscription *subscriptions, size_t count);
void mqtt_inbox_destroy(struct mqtt_inbox *inbox);

/* A connection begins: none of its subscriptions is granted. Loop. */
void mqtt_inbox_begin(struct mqtt_inbox *inbox);

/* The subscription is granted, and commands on it count from settled_ms on. Any thread. */
void mqtt_inbox_granted(struct mqtt_inbox *inbox, size_t subscription, int64_t settled_ms);

/*
 * Copies a message that has come at now_ms. Sets its sent_after_ms, by the connection's age, and past. redelivered: the
 * broker says so (DUP). Its topic has topic_length bytes. Too long ones are dropped and counted. Any thread.
 */
void mqtt_inbox_put(struct mqtt_inbox *inbox, struct mqtt_message *message, size_t topic_length, bool redelivered,
		const struct age *age, int64_t now_ms);

/* Takes the oldest message, of the bulk or of all else; false: there is none. Loop. */
bool mqtt_inbox_take(struct mqtt_inbox *inbox, bool bulk, struct mqtt_ring_message *message);

/* Of both rings together. Any thread. */
void mqtt_inbox_counters(
		const struct mqtt_inbox *inbox, uint64_t *received, uint64_t *dropped_full, uint64_t *too_long);

#endif
