/*
 * What the routes share: the site, one request with its answer, and the answers that every route may give. Private to the
 * files behind site.h.
 */
#ifndef PORTCULLIS_HTTP_EXCHANGE_H
#define PORTCULLIS_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/answer.h"
#include "http/gate.h"
#include "http/guard.h"
#include "http/http.h"
#include "http/live.h"
#include "http/page.h"
#include "http/reader.h"
#include "http/session.h"

struct http_cached_page {
	struct http_body *body; /* NULL: none was made yet */
	uint64_t changes;       /* of struct http_live, when it was made */
	int64_t until_ms;       /* then its durations are old */
};

#define HTTP_CACHED_PAGES (2 * LANGUAGES) /* in each language without a session, and with one */

struct http_site {
	const struct log *log;
	struct http_config config;
	struct http_agent agent;
	struct http_gate *gate;
	struct http_sessions *sessions; /* borrowed */
	struct http_peer ingress;       /* text is "": none is configured */
	bool read_only;
	bool setup; /* those who see the page may see the Set-up view */
	struct http_live live;
	struct http_cached_page pages[HTTP_CACHED_PAGES];
	struct http_body *metrics; /* metrics_max bytes, written anew when nobody is being sent it */
	int64_t refusal_logged_ms;
	unsigned refusals;
};

struct http_exchange {
	struct http_site *site;
	const struct http_request *request;
	struct http_answer *answer;
	enum language language; /* of what a person is sent; never LANGUAGE_OF_VIEWER */
	bool session;
	bool *checking; /* set instead of an answer, while the password is being checked */
};

/* Whether a browser asks that shows what comes: after a form of the page, it is to see the page next. The page's script
 * asks like this, too. */
bool http_exchange_wants_page(const struct http_request *request);
/* The same, but false for the page's script, which takes refusals as JSON. */
bool http_exchange_is_person(const struct http_request *request);

/* A refusal; and one that only those meet who write programs, so that it is in English for everybody. */
void http_exchange_refuse(const struct http_exchange *exchange, const struct http_refusal *refusal);
void http_exchange_problem(const struct http_exchange *exchange, int status, const char *detail);

/*
 * Each answers with body, of which the caller keeps its reference; 503 where body is NULL. A page is in the exchange's
 * language.
 */
void http_exchange_answer(const struct http_exchange *exchange, const struct http_head *head, struct http_body *body);
void http_exchange_body(const struct http_exchange *exchange, const char *type, struct http_body *body);
void http_exchange_page(const struct http_exchange *exchange, struct http_body *body);

/*
 * The way from a request's path to the page, as "./" or "../../../". All addresses that the page has are relative: a
 * proxy may put any path in front. Constant.
 */
const char *http_exchange_root(const struct http_request *request);

/* 303 to a place of this site, as seen from its root: "" or "setup". lines: more headers with their line ends, or NULL. */
void http_exchange_see_other(const struct http_exchange *exchange, const char *location, const char *lines);
/* 303 to a door on the page that the form came from; said: how the command ended, or NULL. */
void http_exchange_see_door(const struct http_exchange *exchange, const char *id, const char *said);

/* Whether the query is the Set-up view's mark, "setup": also as "setup=", which Home Assistant's ingress makes of it. */
bool http_exchange_of_setup(const struct http_request *request);

/* Only those who gave the password, whom the ingress has let in, or who sit at the machine, wire the doors. False: the
 * refusal is made. */
bool http_exchange_may_wire(const struct http_exchange *exchange);

#endif
