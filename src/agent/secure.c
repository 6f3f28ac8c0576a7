/*
 * One struct tls serves all connections of the agent: it is made when the first broker or the page needs it. Each broker
 * with TLS has a tls_client, which is the layer between its socket and the MQTT client. The page has one tls_server; a
 * reload reads the next one beside it, and puts it in its place once everything else of the reload can succeed.
 */
#include "agent/secure.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tls/tls.h"

static_assert(TLS_ERROR_MAX <= MQTT_ERROR_MAX, "layer_lost hands the buffer on");

struct secure {
	struct loop *loop;
	const struct log *log;
	struct tls *tls;                              /* NULL until something needs it */
	struct tls_client *clients[MQTT_BROKERS_MAX]; /* NULL: not needed so far */
	struct mqtt_layer layers[MQTT_BROKERS_MAX];
	struct tls_server *server, *next; /* of the page, and what secure_read_page has read; NULL: not needed so far */
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
	tls_client_abort(client);
}

static bool layer_lost(void *client, char reason[static MQTT_ERROR_MAX])
{
	return tls_client_lost(client, reason);
}

static int serve(void *user, int fd)
{
	struct secure *secure = user;
	return tls_server_accept(secure->server, fd, HTTP_REQUEST_LIMIT_MS);
}

int secure_new(struct loop *loop, const struct log *log, struct secure **out)
{
	struct secure *secure = calloc(1, sizeof(*secure));
	if (!secure)
		return -ENOMEM;
	secure->loop = loop;
	secure->log = log;
	*out = secure;
	return 0;
}

static int need_tls(struct secure *secure)
{
	return secure->tls ? 0 : tls_new(secure->log, &secure->tls);
}

static void drop_next(struct secure *secure)
{
	tls_server_free(secure->next);
	secure->next = NULL;
}

int secure_read_page(struct secure *secure, const struct config *config, char error[static MQTT_ERROR_MAX])
{
	struct tls_files files = tls_files(&config->http.tls);
	char text[TLS_ERROR_MAX] = "TLS cannot start";
	drop_next(secure);
	if (!page_needs_tls(config))
		return 0;
	int failed = need_tls(secure);
	if (!failed)
		failed = tls_server_new(secure->tls, &files, &secure->next, text);
	if (failed)
		snprintf(error, MQTT_ERROR_MAX, "http.tls: %s", text);
	return failed;
}

int secure_read_brokers(struct secure *secure, const struct config *config, char error[static MQTT_ERROR_MAX])
{
	struct tls_files files = tls_files(&config->mqtt.tls);
	char text[TLS_ERROR_MAX] = "TLS cannot start";
	if (!brokers_need_tls(config))
		return 0;
	int failed = need_tls(secure);
	if (!failed)
		failed = tls_check(secure->tls, TLS_CLIENT, &files, text);
	if (failed)
		snprintf(error, MQTT_ERROR_MAX, "mqtt.tls: %s", text);
	return failed;
}

void secure_take_page(struct secure *secure)
{
	if (secure->server && secure->next)
		tls_server_replace(secure->server, secure->next);
	else if (secure->next)
		secure->server = secure->next;
	secure->next = NULL;
}

void secure_page(struct secure *secure, const struct config *config, struct http_config *http)
{
	if (!page_needs_tls(config))
		return;
	http->secure = serve;
	http->secure_user = secure;
}

static bool layer_said_goodbye(void *client)
{
	return tls_client_said_goodbye(client);
}

static int aim(struct secure *secure, size_t index, const struct config *config)
{
	struct tls_files files = tls_files(&config->mqtt.tls);
	const char *host = config->mqtt.brokers[index].host;
	if (secure->clients[index])
		return tls_client_aim(secure->clients[index], &files, host);
	int error = tls_client_new(secure->tls, secure->loop, &files, host, &secure->clients[index]);
	secure->layers[index] = (struct mqtt_layer){.start = layer_start,
			.cancel = layer_cancel,
			.lost = layer_lost,
			.said_goodbye = layer_said_goodbye,
			.user = secure->clients[index]};
	return error;
}

int secure_brokers(
		struct secure *secure, const struct config *config, const struct mqtt_layer *layers[MQTT_BROKERS_MAX])
{
	int error = brokers_need_tls(config) ? need_tls(secure) : 0;
	for (size_t i = 0; i < config->mqtt.broker_count && !error; i++) {
		layers[i] = NULL;
		if (!config->mqtt.brokers[i].tls)
			continue;
		error = aim(secure, i, config);
		layers[i] = &secure->layers[i];
	}
	return error;
}

void secure_free(struct secure *secure)
{
	if (!secure)
		return;
	tls_stop(secure->tls);
	for (size_t i = 0; i < MQTT_BROKERS_MAX; i++)
		tls_client_free(secure->clients[i]);
	drop_next(secure);
	tls_server_free(secure->server);
	tls_free(secure->tls);
	free(secure);
}

static bool hidden(const char *file)
{
	return file && config_is_credential(file) && access(file, R_OK) < 0;
}

static int check_files(
		struct tls *tls, enum tls_role role, const struct config_tls *config, const char *path, const char *key)
{
	struct tls_files files = tls_files(config);
	char text[TLS_ERROR_MAX];
	if (hidden(files.ca_file) || hidden(files.certificate_file) || hidden(files.key_file) ||
			hidden(files.key_password_file)) {
		fprintf(stderr, "%s: warning: %s is not checked: systemd shows its files to the service alone (LoadCredential=)\n",
				path, key);
		return 0;
	}
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
		broker = check_files(tls, TLS_CLIENT, &config->mqtt.tls, path, "mqtt.tls");
	if (page_needs_tls(config))
		page = check_files(tls, TLS_SERVER, &config->http.tls, path, "http.tls");
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
