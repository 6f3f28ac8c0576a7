/*
 * A message is compared with each subscription: what any of those to commands asked for is past until that one has
 * settled, and what only those to bulk asked for goes to their ring.
 */
#include "mqtt/inbox.h"

#define RING_BYTES (32 * 1024)
#define BULK_RING_BYTES (192 * 1024)

int mqtt_inbox_init(struct mqtt_inbox *inbox, const struct mqtt_subscription *subscriptions, size_t count)
{
	*inbox = (struct mqtt_inbox){.subscriptions = subscriptions, .subscription_count = count};
	pthread_mutex_init(&inbox->lock, NULL);
	mqtt_inbox_begin(inbox);
	int error = mqtt_ring_new(RING_BYTES, MQTT_COMMAND_PAYLOAD_MAX, &inbox->ring);
	for (size_t i = 0; i < count && !error && !inbox->bulk_ring; i++)
		if (subscriptions[i].bulk)
			error = mqtt_ring_new(BULK_RING_BYTES, MQTT_BULK_PAYLOAD_MAX, &inbox->bulk_ring);
	return error;
}

void mqtt_inbox_destroy(struct mqtt_inbox *inbox)
{
	mqtt_ring_free(inbox->ring);
	mqtt_ring_free(inbox->bulk_ring);
	pthread_mutex_destroy(&inbox->lock);
}

void mqtt_inbox_begin(struct mqtt_inbox *inbox)
{
	pthread_mutex_lock(&inbox->lock);
	for (size_t i = 0; i < MQTT_SUBSCRIPTIONS_MAX; i++)
		inbox->settled_ms[i] = LOOP_NEVER;
	pthread_mutex_unlock(&inbox->lock);
}

void mqtt_inbox_granted(struct mqtt_inbox *inbox, size_t subscription, int64_t settled_ms)
{
	pthread_mutex_lock(&inbox->lock);
	inbox->settled_ms[subscription] = settled_ms;
	pthread_mutex_unlock(&inbox->lock);
}

static bool matches(const char *filter, const char *topic, size_t length)
{
	size_t at = 0;
	for (; *filter == '+' || (*filter && at < length && *filter == topic[at]); filter++) {
		if (*filter != '+')
			at++;
		else
			while (at < length && topic[at] != '/')
				at++;
	}
	return !*filter && at == length;
}

void mqtt_inbox_put(struct mqtt_inbox *inbox, struct mqtt_message *message, size_t topic_length, bool redelivered,
		const struct age *age, int64_t now_ms)
{
	bool bulk = false, other = false;
	message->sent_after_ms = age->sent_after_ms;
	message->past = redelivered || age_is_flush(age, now_ms);
	pthread_mutex_lock(&inbox->lock);
	for (size_t i = 0; i < inbox->subscription_count; i++) {
		const struct mqtt_subscription *subscription = &inbox->subscriptions[i];
		if (!matches(subscription->topic, message->topic, topic_length))
			continue;
		bulk = bulk || subscription->bulk;
		other = other || !subscription->bulk;
		if (subscription->commands && now_ms < inbox->settled_ms[i])
			message->past = true;
	}
	pthread_mutex_unlock(&inbox->lock);
	mqtt_ring_push(bulk && !other ? inbox->bulk_ring : inbox->ring, message, topic_length);
}

bool mqtt_inbox_take(struct mqtt_inbox *inbox, bool bulk, struct mqtt_ring_message *message)
{
	struct mqtt_ring *ring = bulk ? inbox->bulk_ring : inbox->ring;
	return ring && mqtt_ring_pop(ring, message);
}

void mqtt_inbox_counters(const struct mqtt_inbox *inbox, uint64_t *received, uint64_t *dropped_full, uint64_t *too_long)
{
	uint64_t counts[3] = {0};
	mqtt_ring_counters(inbox->ring, received, dropped_full, too_long);
	if (inbox->bulk_ring)
		mqtt_ring_counters(inbox->bulk_ring, &counts[0], &counts[1], &counts[2]);
	*received += counts[0];
	*dropped_full += counts[1];
	*too_long += counts[2];
}
