/*
 * Towards brokers: one attempt at a time, each with a number. The thread of an earlier attempt may still be at its end
 * when the next begins, so what it says is compared with the number and dropped. A session is kept for the next attempt.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wake.h"
#include "tls/private.h"

struct tls_client {
	struct tls *tls;

	/* The loop's side. */
	char server[TLS_SERVER_NAME_MAX + 1];
	struct wake wake;
	int plain; /* -1, or of a handshake under way */
	void (*ended)(void *user, int plain_fd, const char *error);
	void *user;

	/* Between the loop and the threads. A thread of an earlier attempt may still be flushing: what it says counts
	 * no more. */
	pthread_mutex_t lock;
	struct tls_places places;
	uint64_t attempt;
	bool shaken, resumed;
	char error[TLS_ERROR_MAX]; /* "" = shaken in good order */
	char lost[TLS_ERROR_MAX];
	enum tls_end end;

	bool avoid_pss; /* since the server chose it where it does not work, until that fails, too */

	/* The session to resume: of this server, verified against these files, while its certificates last. */
	bool resumable;
	mbedtls_ssl_session session;
	struct tls_stamp session_stamp, stamp; /* the second: of the attempt under way */
	struct tls_stamp warned;               /* the files that the context's warning was logged of */
	mbedtls_x509_time valid_to;
};

static bool lock_attempt(struct tls_client *client, uint64_t attempt)
{
	pthread_mutex_lock(&client->lock);
	if (attempt == client->attempt)
		return true;
	pthread_mutex_unlock(&client->lock);
	return false;
}

static void forget_session(struct tls_client *client)
{
	mbedtls_ssl_session_free(&client->session);
	mbedtls_ssl_session_init(&client->session);
	client->resumable = false;
}

static struct tls_context *make_context(void *user, uint64_t attempt, char error[static TLS_ERROR_MAX])
{
	struct tls_client *client = user;
	struct tls_context *context = NULL;
	struct tls_stamp stamp;
	struct tls_places places;
	if (!lock_attempt(client, attempt)) {
		snprintf(error, TLS_ERROR_MAX, "TLS: given up");
		return NULL;
	}
	places = client->places;
	pthread_mutex_unlock(&client->lock);
	const struct tls_files files = tls_places_files(&places);
	tls_stamp(TLS_CLIENT, &files, &stamp);
	if (tls_context_new(TLS_CLIENT, &files, &context, error))
		return NULL;
	if (lock_attempt(client, attempt)) {
		if (context->warning[0] && !tls_stamp_same(&client->warned, &stamp)) {
			log_warning(client->tls->log, "%s", context->warning);
			client->warned = stamp;
		}
		client->stamp = stamp;
		if (client->avoid_pss)
			tls_context_avoid_pss(context);
		pthread_mutex_unlock(&client->lock);
	}
	return context;
}

/* Resuming skips the certificates: only while all that they were verified against is as it was. */
static void offer_session(void *user, uint64_t attempt, mbedtls_ssl_context *ssl)
{
	struct tls_client *client = user;
	if (!lock_attempt(client, attempt))
		return;
	if (client->resumable && (!tls_stamp_same(&client->stamp, &client->session_stamp) ||
						 mbedtls_x509_time_is_past(&client->valid_to)))
		forget_session(client);
	if (client->resumable)
		mbedtls_ssl_set_session(ssl, &client->session);
	pthread_mutex_unlock(&client->lock);
}

static void keep_session(void *user, uint64_t attempt, mbedtls_ssl_context *ssl)
{
	struct tls_client *client = user;
	if (!lock_attempt(client, attempt))
		return;
	forget_session(client);
	client->session_stamp = client->stamp;
	client->resumable = mbedtls_ssl_get_session(ssl, &client->session) == 0;
	pthread_mutex_unlock(&client->lock);
}

static void client_shaken(
		void *user, uint64_t attempt, mbedtls_ssl_context *ssl, const struct tls_peer *peer, const char *error)
{
	struct tls_client *client = user;
	if (!lock_attempt(client, attempt))
		return;
	client->shaken = true;
	client->resumed = !error && !peer->judged;
	snprintf(client->error, sizeof(client->error), "%s", error ? error : "");
	if (error) {
		snprintf(client->lost, sizeof(client->lost), "%s", error);
		forget_session(client);
		client->avoid_pss = !client->avoid_pss && peer->chose_pss;
	} else if (peer->judged) {
		client->valid_to = peer->valid_to;
	}
	pthread_mutex_unlock(&client->lock);
	if (!error) {
		if (mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_2) /* 1.3's tickets come later */
			keep_session(client, attempt, ssl);
		log_debug(client->tls->log, "TLS with %s: %s, %s%s", peer->server, mbedtls_ssl_get_version(ssl),
				mbedtls_ssl_get_ciphersuite(ssl), peer->judged ? "" : ", resumed");
	}
	wake_up(&client->wake);
}

static void client_lost(void *user, uint64_t attempt, enum tls_end end, const char *reason)
{
	struct tls_client *client = user;
	if (!lock_attempt(client, attempt))
		return;
	client->end = end;
	snprintf(client->lost, sizeof(client->lost), "%s", reason);
	pthread_mutex_unlock(&client->lock);
}

static const struct tls_owner client_owner = {
		.context = make_context,
		.prepare = offer_session,
		.shaken = client_shaken,
		.ticket = keep_session,
		.lost = client_lost,
};

static void client_news(void *user)
{
	struct tls_client *client = user;
	char error[TLS_ERROR_MAX];
	pthread_mutex_lock(&client->lock);
	bool ended = client->shaken && client->plain >= 0;
	client->shaken = false;
	memcpy(error, client->error, sizeof(error));
	pthread_mutex_unlock(&client->lock);
	if (!ended)
		return;
	int plain = client->plain;
	client->plain = -1;
	if (*error)
		close(plain);
	client->ended(client->user, *error ? -1 : plain, error);
}

int tls_client_new(struct tls *tls, struct loop *loop, const struct tls_files *files, const char *server,
		struct tls_client **out)
{
	struct tls_client *client = calloc(1, sizeof(*client));
	if (!client)
		return -ENOMEM;
	client->tls = tls;
	client->plain = -1;
	pthread_mutex_init(&client->lock, NULL);
	mbedtls_ssl_session_init(&client->session);
	int error = tls_client_aim(client, files, server);
	if (!error)
		error = wake_open(&client->wake, loop, client_news, client);
	if (error)
		tls_client_free(client);
	else
		*out = client;
	return error;
}

int tls_client_aim(struct tls_client *client, const struct tls_files *files, const char *server)
{
	struct tls_places places;
	if (strlen(server) > TLS_SERVER_NAME_MAX)
		return -ENAMETOOLONG;
	int error = tls_places_set(&places, files);
	if (error)
		return error;
	tls_client_cancel(client);
	snprintf(client->server, sizeof(client->server), "%s", server);
	pthread_mutex_lock(&client->lock);
	client->places = places;
	client->avoid_pss = false;
	forget_session(client); /* it was of another server, perhaps */
	pthread_mutex_unlock(&client->lock);
	return 0;
}

void tls_client_free(struct tls_client *client)
{
	if (!client)
		return;
	tls_client_cancel(client);
	wake_close(&client->wake);
	forget_session(client);
	pthread_mutex_destroy(&client->lock);
	free(client);
}

int tls_client_connect(struct tls_client *client, int fd, int64_t handshake_limit_ms,
		void (*ended)(void *user, int plain_fd, const char *error), void *user)
{
	tls_client_cancel(client);
	client->ended = ended;
	client->user = user;
	/* The attempt's number is safe to read here: only this thread changes it. */
	client->plain = tls_bridge_start(
			client->tls, &client_owner, client, client->attempt, fd, client->server, handshake_limit_ms);
	return client->plain < 0 ? client->plain : 0;
}

int tls_client_open(struct tls_client *client, int fd, int64_t handshake_limit_ms)
{
	tls_client_cancel(client);
	return tls_bridge_start(
			client->tls, &client_owner, client, client->attempt, fd, client->server, handshake_limit_ms);
}

void tls_client_cancel(struct tls_client *client)
{
	if (client->plain >= 0)
		close(client->plain);
	client->plain = -1;
	pthread_mutex_lock(&client->lock);
	client->attempt++;
	client->shaken = false;
	client->error[0] = client->lost[0] = '\0';
	client->end = TLS_END_OURS;
	pthread_mutex_unlock(&client->lock);
}

void tls_client_abort(struct tls_client *client)
{
	tls_bridge_abort(client->tls, client, client->attempt);
	tls_client_cancel(client);
}

bool tls_client_lost(struct tls_client *client, char reason[static TLS_ERROR_MAX])
{
	pthread_mutex_lock(&client->lock);
	snprintf(reason, TLS_ERROR_MAX, "%s", client->lost);
	bool fault = client->end == TLS_END_FAULT;
	pthread_mutex_unlock(&client->lock);
	return fault;
}

bool tls_client_said_goodbye(struct tls_client *client)
{
	pthread_mutex_lock(&client->lock);
	bool goodbye = client->end == TLS_END_GOODBYE;
	pthread_mutex_unlock(&client->lock);
	return goodbye;
}

bool tls_client_resumed(struct tls_client *client)
{
	pthread_mutex_lock(&client->lock);
	bool resumed = client->resumed;
	pthread_mutex_unlock(&client->lock);
	return resumed;
}
