/*
 * For the page's clients: all share one context, which is read anew when its files have changed. One thread reads, and
 * the others go on with what there is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tls/private.h"

#define LOOK_AGAIN_MS 1000 /* at most so often for renewed files */

struct tls_server {
	struct tls *tls;
	pthread_mutex_t lock;        /* guards what follows */
	struct tls_context *context; /* with the files that it was read from */
	struct tls_stamp stamp;
	int64_t looked_ms;
	bool loading;
};

/* The context when this thread is to read its files again, with a reference; the others go on with what there is. */
static struct tls_context *to_renew(struct tls_server *server, struct tls_stamp *stamp)
{
	int64_t now_ms = loop_now_ms();
	struct tls_context *former = NULL;
	pthread_mutex_lock(&server->lock);
	if (!server->loading && now_ms - server->looked_ms >= LOOK_AGAIN_MS) {
		const struct tls_files files = tls_places_files(&server->context->places);
		server->looked_ms = now_ms;
		tls_stamp(TLS_SERVER, &files, stamp);
		server->loading = !tls_stamp_same(stamp, &server->stamp);
		if (server->loading)
			former = tls_context_get(server->context);
	}
	pthread_mutex_unlock(&server->lock);
	return former;
}

static void renew(struct tls_server *server, struct tls_context *former, const struct tls_stamp *stamp)
{
	char error[TLS_ERROR_MAX];
	const struct tls_files files = tls_places_files(&former->places);
	struct tls_context *context = NULL;
	int failed = tls_context_new(TLS_SERVER, &files, &context, error);
	pthread_mutex_lock(&server->lock);
	server->loading = false;
	bool replaced = server->context != former; /* meanwhile, by tls_server_replace */
	struct tls_context *unused = context;
	if (!replaced)
		server->stamp = *stamp; /* a bad one is not tried again before it changes */
	if (!replaced && !failed) {
		unused = server->context;
		server->context = context;
	}
	pthread_mutex_unlock(&server->lock);
	if (failed && !replaced)
		log_error(server->tls->log, "%s; the former certificate stays in use", error);
	else if (!replaced)
		log_info(server->tls->log, "TLS: took the renewed certificate in %s into use", files.certificate_file);
	tls_context_put(unused);
	tls_context_put(former);
}

static struct tls_context *find_context(void *user, uint64_t attempt, char error[static TLS_ERROR_MAX])
{
	(void)attempt;
	(void)error;
	struct tls_server *server = user;
	struct tls_stamp stamp;
	struct tls_context *former = to_renew(server, &stamp);
	if (former)
		renew(server, former, &stamp);
	pthread_mutex_lock(&server->lock);
	struct tls_context *context = tls_context_get(server->context);
	pthread_mutex_unlock(&server->lock);
	return context;
}

static void server_shaken(
		void *user, uint64_t attempt, mbedtls_ssl_context *ssl, const struct tls_peer *peer, const char *error)
{
	(void)attempt;
	(void)ssl;
	(void)peer;
	struct tls_server *server = user;
	if (error)
		log_debug(server->tls->log, "a client of the page: %s", error);
}

static void server_lost(void *user, uint64_t attempt, enum tls_end end, const char *reason)
{
	(void)attempt;
	struct tls_server *server = user;
	if (end == TLS_END_FAULT)
		log_debug(server->tls->log, "a client of the page: %s", reason);
}

static const struct tls_owner server_owner = {.context = find_context, .shaken = server_shaken, .lost = server_lost};

int tls_server_new(struct tls *tls, const struct tls_files *files, struct tls_server **out,
		char error[static TLS_ERROR_MAX])
{
	struct tls_server *server = calloc(1, sizeof(*server));
	if (!server) {
		snprintf(error, TLS_ERROR_MAX, "TLS: out of memory");
		return -ENOMEM;
	}
	server->tls = tls;
	server->looked_ms = loop_now_ms();
	pthread_mutex_init(&server->lock, NULL);
	tls_stamp(TLS_SERVER, files, &server->stamp);
	int failed = tls_context_new(TLS_SERVER, files, &server->context, error);
	if (failed)
		tls_server_free(server);
	else
		*out = server;
	return failed;
}

void tls_server_free(struct tls_server *server)
{
	if (!server)
		return;
	tls_context_put(server->context);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

void tls_server_replace(struct tls_server *server, struct tls_server *other)
{
	pthread_mutex_lock(&server->lock);
	struct tls_context *former = server->context;
	server->context = other->context;
	server->stamp = other->stamp;
	server->looked_ms = other->looked_ms;
	pthread_mutex_unlock(&server->lock);
	other->context = former;
	tls_server_free(other);
}

int tls_server_accept(struct tls_server *server, int fd, int64_t handshake_limit_ms)
{
	return tls_bridge_start(server->tls, &server_owner, server, 0, fd, NULL, handshake_limit_ms);
}
