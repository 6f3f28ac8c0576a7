/*
 * A broker for one client, behind TLS: it takes the agent's connection, acknowledges what the agent says, hands it to the
 * test, and gives the agent commands. It speaks as much MQTT 5 as that takes. It keeps nothing, and sends the agent
 * nothing but commands. One thread; nothing blocks.
 */
#ifndef PORTCULLIS_TEST_BROKER_H
#define PORTCULLIS_TEST_BROKER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/tls.h"

#define BROKER_FDS 2

struct broker {
	struct tls *tls;
	struct tls_server *server;
	uint16_t port;
	int listener, client; /* -1: none. client: the plain end of the connection */
	uint64_t connects, pings, published, commands;
	void (*heard)(void *user, const char *topic, const char *payload);
	void *user;
	uint16_t last_id;
	size_t length;
	unsigned char bytes[65536];
};

bool broker_begin(struct broker *broker); /* listens; false: it cannot */
void broker_end(struct broker *broker);   /* cuts the connection, and listens no more */

/* What to poll for, and what to do then. */
void broker_fds(const struct broker *broker, struct pollfd fds[static BROKER_FDS]);
void broker_ready(struct broker *broker, const struct pollfd fds[static BROKER_FDS]);

bool broker_send(struct broker *broker, const char *topic, const char *payload); /* QoS 1. false: nobody is there */

#endif
