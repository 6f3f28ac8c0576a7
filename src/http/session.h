/*
 * Sessions: a token takes the place of user name and password, so that a person types them once. A browser keeps it in
 * a cookie (http/cookies.h).
 *
 * A token contains its end and its number, and is signed with HMAC-SHA-256. The key is derived from a random key, which
 * is made when the server starts and is kept only in memory, and from the configured user name and password. So a
 * restart and another password end every session, and another reload ends none. Nothing is stored of a session until a
 * logout ends it. Loop thread only; nothing blocks, except http_sessions_init where the kernel has only just started and
 * has no random numbers yet.
 */
#ifndef PORTCULLIS_HTTP_SESSION_H
#define PORTCULLIS_HTTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http.h"

#define HTTP_SESSION_MS INT64_C(2592000000) /* thirty days from the login */
#define HTTP_SESSION_LENGTH 96              /* of a token: hexadecimal digits */
#define HTTP_SESSIONS_ENDED_MAX 256         /* sessions that a logout has ended before their time */

/* Private to session.c. */
struct http_sessions {
	unsigned char key[HTTP_MAC_BYTES];
	uint64_t number; /* of the newest session */
	size_t ended_count;
	struct {
		uint64_t number;
		int64_t until_ms;
	} ended[HTTP_SESSIONS_ENDED_MAX];
};

/* Makes the random key. Returns 0, or -errno when there are no random bytes. */
int http_sessions_init(struct http_sessions *sessions);

/*
 * config must have username, password and sign. Times are loop_now_ms. http_session_new writes a terminated token, or
 * returns false when memory is short. For http_session_valid and http_session_end a token may be any string; those of
 * the right length all take as long.
 */
bool http_session_new(struct http_sessions *sessions, const struct http_config *config, int64_t now_ms,
		char token[static HTTP_SESSION_LENGTH + 1]);
bool http_session_valid(const struct http_sessions *sessions, const struct http_config *config, const char *token,
		int64_t now_ms);

/*
 * Makes the token invalid. When HTTP_SESSIONS_ENDED_MAX sessions are remembered as ended, all sessions end, so that no
 * ended one becomes valid again.
 */
void http_session_end(
		struct http_sessions *sessions, const struct http_config *config, const char *token, int64_t now_ms);

#endif
