/*
 * One attempt to reach HOST:PORT over TCP, in a thread of its own: the look-up of the name, which the C library can
 * only do blocking, then a connect to each of its addresses in turn. A look-up that hangs holds up nobody.
 *
 * The connected socket is non-blocking, with TCP_NODELAY: at QoS 1 an acknowledgement followed by our own message
 * otherwise stalls 44 ms on Nagle and the other side's delayed acknowledgement.
 */
#ifndef PORTCULLIS_MQTT_CONNECTOR_H
#define PORTCULLIS_MQTT_CONNECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

struct mqtt_connector;

struct mqtt_connector_result {
	int fd;    /* the receiver's from now on; -1 = failed */
	int name;  /* getaddrinfo's error, 0 = the name resolved */
	int error; /* errno of the last address that was tried, 0 = none */
};

/*
 * Starts. ended is called once, from the loop, and the connector is gone then, unless mqtt_connector_abandon came
 * before. All connects together take connect_limit_ms at most; the look-up takes what the C library takes (30 s and
 * more when no name server answers). 0 or -errno.
 */
int mqtt_connector_start(struct loop *loop, const char *host, uint16_t port, int64_t connect_limit_ms,
		void (*ended)(void *user, const struct mqtt_connector_result *result), void *user,
		struct mqtt_connector **connector);

bool mqtt_connector_looking_up(const struct mqtt_connector *connector);

/* The thread ends by itself and its result is dropped. Takes NULL. */
void mqtt_connector_abandon(struct mqtt_connector *connector);

#endif
