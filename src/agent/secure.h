/*
 * TLS as the agent uses it: makes of the configuration the layers between the brokers and the MQTT client, and between
 * the network and the page. It belongs to the agent, so it may include all rooms. Loop thread only.
 */
#ifndef PORTCULLIS_AGENT_SECURE_H
#define PORTCULLIS_AGENT_SECURE_H

#include <stddef.h>

#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"
#include "http/http.h"
#include "mqtt/mqtt.h"

struct secure;

/* Borrows loop and log. Starts no thread yet. 0 or -ENOMEM. Freed with secure_free. */
int secure_new(struct loop *loop, const struct log *log, struct secure **secure);

/*
 * Read the certificates and keys that a configuration names, for the page and for the brokers, as connections would.
 * Both block while they read. Return 0, or -errno with the reason in error. Nothing that is in use changes:
 * secure_take_page puts into use what secure_read_page has read. Call it only after secure_read_page has returned 0.
 */
int secure_read_page(struct secure *secure, const struct config *config, char error[static MQTT_ERROR_MAX]);
int secure_read_brokers(struct secure *secure, const struct config *config, char error[static MQTT_ERROR_MAX]);
void secure_take_page(struct secure *secure);

/* Sets secure and secure_user of http, if this configuration has TLS for the page. */
void secure_page(struct secure *secure, const struct config *config, struct http_config *http);

/*
 * Sets layers[i] to the layer of the configuration's broker i; NULL: that broker has no TLS. The layers are valid until
 * the next call or secure_free; connections of an earlier call must have ended. Copies what it needs of config. 0 or
 * -errno.
 */
int secure_brokers(
		struct secure *secure, const struct config *config, const struct mqtt_layer *layers[MQTT_BROKERS_MAX]);

/*
 * Ends all TLS connections and blocks until their threads have ended: some ms. Call it after the MQTT client and the
 * HTTP server are freed, and before the loop is. Takes NULL.
 */
void secure_free(struct secure *secure);

/*
 * The part of --check that reads certificates and keys. Writes what is wrong with them to standard error. 0 or -errno.
 * When TLS cannot start (memory, random numbers) it writes nothing.
 */
int secure_check(const struct config *config, const char *path, const struct log *log);

/* As http_healthcheck, for a page with or without TLS. Blocks for at most timeout_ms. */
int secure_healthcheck(const struct config *config, const struct log *log, const struct http_config *http,
		int timeout_ms, char error[static HTTP_ERROR_MAX]);

#endif
