/*
 * TLS as the agent uses it: from the configuration to what lies between the brokers and the MQTT client, and between
 * the network and the page. A part of the agent: it knows the rooms.
 */
#ifndef PORTCULLIS_SECURE_H
#define PORTCULLIS_SECURE_H

#include <stddef.h>

#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"
#include "http/http.h"
#include "mqtt/mqtt.h"

struct secure;

/* Borrows loop and log. 0 or -ENOMEM. */
int secure_new(struct loop *loop, const struct log *log, struct secure **secure);

/*
 * Read what a configuration names for the page and for the brokers, as connections would: 0, or -errno with the reason
 * in error. Nothing that is in use changes before secure_take_page, which follows a success of the first.
 */
int secure_read_page(struct secure *secure, const struct config *config, char error[static MQTT_ERROR_MAX]);
int secure_read_brokers(struct secure *secure, const struct config *config, char error[static MQTT_ERROR_MAX]);
void secure_take_page(struct secure *secure);

/* Sets what http is to use with this configuration. */
void secure_page(struct secure *secure, const struct config *config, struct http_config *http);

/*
 * What lies between the configuration's brokers and MQTT's client, in layers (NULL: that broker is spoken to in plain).
 * Those of the call before are over. Copies what it needs of config. 0 or -errno.
 */
int secure_brokers(
		struct secure *secure, const struct config *config, const struct mqtt_layer *layers[MQTT_BROKERS_MAX]);

/* Waits for the threads, some ms. After the MQTT client and the HTTP server are freed, before the loop is. */
void secure_free(struct secure *secure);

/* The part of --check that reads certificates and keys. 0, or -errno; what is wrong goes to standard error. */
int secure_check(const struct config *config, const char *path, const struct log *log);

/* http_healthcheck, of a page with or without TLS. Blocks. */
int secure_healthcheck(const struct config *config, const struct log *log, const struct http_config *http,
		int timeout_ms, char error[static HTTP_ERROR_MAX]);

#endif
