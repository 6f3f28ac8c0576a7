/*
 * The gate: user name and password of a request, and patience with those who guess.
 *
 * A plain password is compared at once, in a time that does not tell how much of it was right. A hashed one is checked
 * by a thread, one check at a time, since that takes long by design (tls/password.h); the header that was right is
 * remembered, so that only the first request of a visitor waits. Each address has one question before it at a time;
 * they come in their order, a failure counts when its check ends, whoever still listens, and a verdict is kept for who
 * asked. Loop thread only; never blocks, but in http_gate_free for the check under way.
 *
 * Who fails HTTP_GATE_FREE_TRIES times waits, 1 s at first and twice as long each time, up to HTTP_GATE_WAIT_MAX_MS; an
 * IPv6 network of 64 bits counts as one, except those of its addresses that were right before or came with a session. When failures from
 * everywhere exceed HTTP_GATE_TOTAL_MINUTE a minute, only those who were right before are heard. Each failure is one
 * line in the log, with the address.
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
#define HTTP_GATE_FORGET_MS 900000 /* without a failure */
#define HTTP_GATE_TOTAL_MINUTE 60

enum http_verdict {
	HTTP_LET_IN,
	HTTP_NO_PASSWORD, /* none was sent */
	HTTP_WRONG_PASSWORD,
	HTTP_SLOWED,   /* ask again after retry_after_s */
	HTTP_CHECKING, /* ask again when checked was called */
};

struct http_gate;

/* checked is called from the loop after each check by the thread. 0 or -errno with a sentence in error. */
int http_gate_new(struct loop *loop, const struct log *log, const struct http_config *config,
		void (*checked)(void *user), void *user, struct http_gate **gate, char error[static HTTP_ERROR_MAX]);
void http_gate_free(struct http_gate *gate); /* takes NULL */

bool http_gate_checking(const struct http_gate *gate); /* the thread is at work: http_gate_free would wait for it */

enum http_verdict http_gate_ask(struct http_gate *gate, const char *authorization, const struct http_peer *peer,
		int64_t now_ms, int *retry_after_s);

/* peer came with a session: from now on it does not wait for what others of its network guess, only for its own. */
void http_gate_remember(struct http_gate *gate, const struct http_peer *peer);

#endif
