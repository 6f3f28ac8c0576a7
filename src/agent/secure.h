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

/*
 * Before any thread starts. *secure is NULL when nothing in the configuration asks for TLS, and the functions below
 * take that. 0, or -errno, which has been logged. config and log are borrowed.
 */
int secure_new(struct loop *loop, const struct log *log, const struct config *config, struct secure **secure);

const struct mqtt_layer *secure_broker(const struct secure *secure, size_t index); /* NULL: it is spoken to in plain */
void secure_page(struct secure *secure, struct http_config *http);                 /* sets what http is to use */

/* Waits for the threads, some ms. After the MQTT client and the HTTP server are freed, before the loop is. */
void secure_free(struct secure *secure);

/* The part of --check that reads certificates and keys. 0, or -errno; what is wrong goes to standard error. */
int secure_check(const struct config *config, const char *path, const struct log *log);

/* http_healthcheck, of a page with or without TLS. Blocks. */
int secure_healthcheck(const struct config *config, const struct log *log, const struct http_config *http,
		int timeout_ms, char error[static HTTP_ERROR_MAX]);

#endif
