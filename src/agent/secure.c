#include "agent/secure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/tls.h"

_Static_assert(TLS_ERROR_MAX <= MQTT_ERROR_MAX, "layer_lost hands the buffer on");

struct secure {
	struct tls *tls;
	struct tls_client *clients[MQTT_BROKERS_MAX]; /* NULL: a broker without TLS */
	struct mqtt_layer layers[MQTT_BROKERS_MAX];
	struct tls_server *server; /* NULL: a page without TLS, or none */
};

static struct tls_files tls_files(const struct config_tls *config)
{
	return (struct tls_files){
			.ca_file = config->ca_file,
			.certificate_file = config->certificate_file,
			.key_file = config->key_file,
			.key_password_file = config->key_password_file,
	};
}

static bool brokers_need_tls(const struct config *config)
{
	for (size_t i = 0; i < config->mqtt.broker_count; i++)
		if (config->mqtt.brokers[i].tls)
			return true;
	return false;
}

static bool page_needs_tls(const struct config *config)
{
	return config->http.enabled && config->http.tls.certificate_file;
}

static int layer_start(void *client, int fd, int64_t limit_ms, void (*ended)(void *mqtt, int fd, const char *error),
		void *mqtt)
{
	return tls_client_connect(client, fd, limit_ms, ended, mqtt);
}

static void layer_cancel(void *client)
{
	tls_client_cancel(client);
}

static bool layer_lost(void *client, char reason[static MQTT_ERROR_MAX])
{
	return tls_client_lost(client, reason);
}

static int serve(void *server, int fd)
{
	return tls_server_accept(server, fd, HTTP_REQUEST_LIMIT_MS);
}

static int start_page(struct secure *secure, const struct log *log, const struct config *config)
{
	struct tls_files files = tls_files(&config->http.tls);
	char text[TLS_ERROR_MAX] = "";
	int error = tls_server_new(secure->tls, &files, &secure->server, text);
	if (error)
		log_error(log, "http.tls: %s", text);
	return error;
}

static int start_brokers(struct secure *secure, struct loop *loop, const struct log *log, const struct config *config)
{
	struct tls_files files = tls_files(&config->mqtt.tls);
	for (size_t i = 0; i < config->mqtt.broker_count; i++) {
		if (!config->mqtt.brokers[i].tls)
			continue;
		int error = tls_client_new(
				secure->tls, loop, &files, config->mqtt.brokers[i].host, &secure->clients[i]);
		if (error) {
			log_error(log, "mqtt.tls: %s", strerror(-error));
			return error;
		}
		secure->layers[i] = (struct mqtt_layer){.start = layer_start,
				.cancel = layer_cancel,
				.lost = layer_lost,
				.user = secure->clients[i]};
	}
	return 0;
}

int secure_new(struct loop *loop, const struct log *log, const struct config *config, struct secure **out)
{
	*out = NULL;
	if (!brokers_need_tls(config) && !page_needs_tls(config))
		return 0;
	struct secure *secure = calloc(1, sizeof(*secure));
	int error = secure ? tls_new(log, &secure->tls) : -ENOMEM;
	if (error)
		log_error(log, "TLS cannot start: %s", strerror(-error));
	if (!error)
		error = start_brokers(secure, loop, log, config);
	if (!error && page_needs_tls(config))
		error = start_page(secure, log, config);
	if (error)
		secure_free(secure);
	else
		*out = secure;
	return error;
}

const struct mqtt_layer *secure_broker(const struct secure *secure, size_t index)
{
	return secure && secure->clients[index] ? &secure->layers[index] : NULL;
}

void secure_page(struct secure *secure, struct http_config *http)
{
	if (!secure || !secure->server)
		return;
	http->secure = serve;
	http->secure_user = secure->server;
}

void secure_free(struct secure *secure)
{
	if (!secure)
		return;
	tls_stop(secure->tls);
	for (size_t i = 0; i < MQTT_BROKERS_MAX; i++)
		tls_client_free(secure->clients[i]);
	tls_server_free(secure->server);
	tls_free(secure->tls);
	free(secure);
}

static int check(
		struct tls *tls, enum tls_role role, const struct config_tls *config, const char *path, const char *key)
{
	struct tls_files files = tls_files(config);
	char text[TLS_ERROR_MAX];
	int error = tls_check(tls, role, &files, text);
	if (error)
		fprintf(stderr, "%s: %s: %s\n", path, key, text);
	return error;
}

int secure_check(const struct config *config, const char *path, const struct log *log)
{
	if (!brokers_need_tls(config) && !page_needs_tls(config))
		return 0;
	struct tls *tls = NULL;
	int broker = 0, page = 0, error = tls_new(log, &tls);
	if (error)
		return error;
	if (brokers_need_tls(config))
		broker = check(tls, TLS_CLIENT, &config->mqtt.tls, path, "mqtt.tls");
	if (page_needs_tls(config))
		page = check(tls, TLS_SERVER, &config->http.tls, path, "http.tls");
	tls_free(tls);
	return broker ? broker : page;
}

static int ask(void *client, int fd)
{
	return tls_client_open(client, fd, HTTP_REQUEST_LIMIT_MS);
}

/* The agent's own certificate is all that is accepted, whatever its name and dates: it is asked by its address. */
int secure_healthcheck(const struct config *config, const struct log *log, const struct http_config *http,
		int timeout_ms, char error[static HTTP_ERROR_MAX])
{
	if (!page_needs_tls(config))
		return http_healthcheck(http, timeout_ms, error);
	const struct tls_files files = {.pinned_file = config->http.tls.certificate_file};
	struct http_config asked = *http;
	struct tls *tls = NULL;
	struct tls_client *client = NULL;
	int result = tls_new(log, &tls);
	if (!result)
		result = tls_client_new(tls, NULL, &files, http->address, &client);
	snprintf(error, HTTP_ERROR_MAX, "TLS cannot start: %s", result ? strerror(-result) : "");
	if (!result) {
		char reason[TLS_ERROR_MAX];
		asked.secure = ask;
		asked.secure_user = client;
		result = http_healthcheck(&asked, timeout_ms, error);
		tls_client_lost(client, reason);
		if (result && *reason)
			snprintf(error, HTTP_ERROR_MAX, "%.*s", HTTP_ERROR_MAX - 1, reason);
	}
	tls_stop(tls);
	tls_client_free(client);
	tls_free(tls);
	return result;
}
