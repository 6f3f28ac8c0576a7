/*
 * The gate: it checks the user name and the password of a request, and slows down clients that guess.
 *
 * A plain password is compared at once, in a time that does not tell how much of it was right. A hashed one is checked by
 * a thread, one check at a time, since that takes long by design (tls/password.h). The gate remembers the header that was
 * right, so only the first request of a visitor waits. Each address has one check at a time, and the checks come in
 * their order. A failure counts when its check ends, even when the client is gone by then. A verdict is kept for the
 * client that asked. Loop thread only. Nothing blocks, except http_gate_free during a check.
 *
 * An address that fails HTTP_GATE_FREE_TRIES times waits 1 s, and twice as long after each further failure, up to
 * HTTP_GATE_WAIT_MAX_MS. An IPv6 network of 64 bits counts as one address, except those of its addresses that were right
 * before or came with a session. When HTTP_GATE_TOTAL_MINUTE failures have come from everywhere in a minute, only such
 * addresses are heard for the rest of it. Each failure is one line in the log, with the address.
 */
#ifndef PORTCULLIS_HTTP_GATE_H
#define PORTCULLIS_HTTP_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/loop.h"
#include "http/guard.h"
#include "http/http.h"

#define HTTP_GATE_FREE_TRIES 5
#define HTTP_GATE_WAIT_MAX_MS 300000
#define HTTP_GATE_FORGET_MS 900000 /* failures are forgotten after so long without another */
#define HTTP_GATE_TOTAL_MINUTE 60

enum http_verdict {
	HTTP_LET_IN,
	HTTP_NO_PASSWORD, /* the request has no credentials */
	HTTP_WRONG_PASSWORD,
	HTTP_SLOWED,   /* ask again after retry_after_s */
	HTTP_CHECKING, /* ask again after checked has been called */
};

struct http_gate;

/* checked is called from the loop after each check of the thread. Returns 0, or -errno with a sentence in error. */
int http_gate_new(struct loop *loop, const struct log *log, const struct http_config *config,
		void (*checked)(void *user), void *user, struct http_gate **gate, char error[static HTTP_ERROR_MAX]);
void http_gate_free(struct http_gate *gate); /* takes NULL */

bool http_gate_checking(const struct http_gate *gate); /* a check is under way: http_gate_free would wait for it */

/* The verdict on an Authorization header ("": none was sent). retry_after_s is set for HTTP_SLOWED. */
enum http_verdict http_gate_ask(struct http_gate *gate, const char *authorization, const struct http_peer *peer,
		int64_t now_ms, int *retry_after_s);

/* peer came with a valid session: from now on it waits only for its own failures, not for those of its network. */
void http_gate_remember(struct http_gate *gate, const struct http_peer *peer);

#endif
