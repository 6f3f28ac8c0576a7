/*
 * From a broker's name to a socket on which MQTT can be spoken: look-up, TCP, and what lies between TCP and MQTT. One
 * for each broker of the list. Loop thread only; nothing blocks.
 */
#ifndef PORTCULLIS_MQTT_REACH_H
#define PORTCULLIS_MQTT_REACH_H

#include <stdbool.h>

#include "base/loop.h"
#include "mqtt/connector.h"
#include "mqtt/mqtt.h"

/* The first five are set by the owner, and borrowed; the rest begins as zeros. */
struct mqtt_reach {
	struct loop *loop;
	const struct mqtt_broker *broker;
	void (*wrapping)(void *user); /* TCP is there, and the broker's layer begins */
	/* Once for each mqtt_reach_start, perhaps from inside it: a connected, non-blocking socket, which is the
	 * owner's then, or -1 and a sentence that lives for the call. */
	void (*ended)(void *user, int fd, const char *why);
	void *user;

	struct mqtt_connector *connector; /* may outlive the attempt while a look-up hangs, and serve the next one */
	struct loop_timer timer;
	bool wanted; /* an attempt is under way */
};

/*
 * Begins an attempt, which takes at most 10 s for each part: look-up, TCP, layer. A look-up that takes longer goes on,
 * and what it finds serves the attempt that runs by then.
 */
void mqtt_reach_start(struct mqtt_reach *reach);

/* ended is not called any more. A layer that has begun is not cancelled: the owner does that. Allowed at any time. */
void mqtt_reach_cancel(struct mqtt_reach *reach);

/* mqtt_reach_cancel, and gives up a look-up that still runs. Call it before reach is freed. */
void mqtt_reach_abandon(struct mqtt_reach *reach);

#endif
