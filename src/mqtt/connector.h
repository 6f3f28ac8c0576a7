/*
 * One attempt to connect to HOST:PORT by TCP, in a thread of its own. The thread looks up the name, for which the C
 * library has only a blocking function, and then tries each address in turn. A name that ends in .local and is not in
 * /etc/hosts is asked for by multicast DNS first; if nobody answers, it is looked up as any other. A look-up that hangs
 * delays nobody. All functions belong to the loop's thread; none blocks.
 *
 * The connected socket is non-blocking and has TCP_NODELAY. Without that, an acknowledgement and then a message of our
 * own take 44 ms at QoS 1, because of Nagle's algorithm and the other side's delayed acknowledgement.
 */
#ifndef PORTCULLIS_MQTT_CONNECTOR_H
#define PORTCULLIS_MQTT_CONNECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

struct mqtt_connector;

struct mqtt_connector_result {
	int fd;    /* the callee owns it from then on; -1: failed */
	int local; /* mdns_resolve's -errno, if it was asked first and the name did not resolve, else 0 */
	int name;  /* getaddrinfo's error, 0 = the name resolved */
	int error; /* -errno of the last address that was tried, or of name where that is EAI_SYSTEM; 0 = none */
};

/*
 * Starts. Returns 0 or -errno. After 0, ended is called once, from the loop, unless mqtt_connector_abandon is called
 * before; the connector does not exist any more then. All connects together take at most connect_limit_ms. The look-up
 * takes as long as the C library needs: 30 s and more when no name server answers, and 4 s before that for .local.
 */
int mqtt_connector_start(struct loop *loop, const char *host, uint16_t port, int64_t connect_limit_ms,
		void (*ended)(void *user, const struct mqtt_connector_result *result), void *user,
		struct mqtt_connector **connector);

bool mqtt_connector_looking_up(const struct mqtt_connector *connector); /* the look-up is not over yet */

/* Gives the connector up at once; its thread ends by itself later, and its result is dropped. Takes NULL. */
void mqtt_connector_abandon(struct mqtt_connector *connector);

#endif
