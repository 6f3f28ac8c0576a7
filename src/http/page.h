/*
 * The page: what is known of the doors, in words and as buttons that make sense now, in one language. Pure: reads its
 * argument, writes HTML. Everything that comes from outside is escaped. The words are in page/words.
 */
#ifndef PORTCULLIS_HTTP_PAGE_H
#define PORTCULLIS_HTTP_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/language.h"
#include "door/types.h"
#include "http/answer.h"
#include "http/http.h"

/* DOORS_MAX doors with the longest names, all escaped, and as many peers, take less. */
#define HTTP_PAGE_MAX (2 * 1024 * 1024)

struct http_page {
	enum language language;
	const struct http_node *node;
	const struct door_view *doors;
	size_t door_count;
	const struct door_record *records; /* what happened today and yesterday, the newest first */
	size_t record_count;
	const struct peers_view *peers; /* NULL: none are followed */
	bool setup;                     /* a link to the Set-up view */
	bool log_out;                   /* a button that ends the session */
	bool read_only;                 /* buttons are there, and disabled */
	int64_t wall_ms;                /* now, as loop_wall_ms */
	/* How the command ended that brought the person here. */
	const struct door_view *noticed; /* NULL: none */
	enum door_result result;
	enum door_reason reason;
};

/* All of these: one reference for the caller; NULL when memory is short or the page is longer than HTTP_PAGE_MAX. */
struct http_body *http_page_render(const struct http_page *page);

/* The Set-up view, for the person who wires the doors: a wiring for each door. */
struct http_body *http_page_render_setup(const struct http_page *page, const struct http_wiring *wirings);

/* The words of the walk that learns an opener (page/learn.js), as a document of its own. */
struct http_body *http_page_render_learn(enum language language);

/* What a person is told who gets no page of the doors. The words of each are those of the language. */
enum http_saying {
	HTTP_SAYING_NONE,
	HTTP_SAYING_NOTHING_HERE,
	HTTP_SAYING_NO_SUCH_DOOR,
	HTTP_SAYING_WRONG_HOST,
	HTTP_SAYING_ONLY_INGRESS,
	HTTP_SAYING_OTHER_SITE,
	HTTP_SAYING_READ_ONLY,
	HTTP_SAYING_SETUP_LOCKED,
	HTTP_SAYING_NO_MEMORY,
	HTTP_SAYING_PASSWORD_NEEDED,
	HTTP_SAYING_WRONG_PASSWORD,
	HTTP_SAYING_SLOW_DOWN, /* with a header Retry-After */
	HTTP_SAYING_LOGIN_INCOMPLETE,
	HTTP_SAYING_ONLY_BASIC,
};

struct http_refusal {
	int status;
	enum http_saying saying;    /* for people; none: detail, on a page in English */
	const char *detail;         /* for programs: a sentence in English, without characters that JSON escapes */
	const char *header, *value; /* one more header, or NULL */
};

/*
 * Why a person is refused, in a page that stands alone: what would dress it may be refused as well. Its style is its
 * own, so it needs this Content-Security-Policy (see struct http_head). root: http_exchange_root's.
 */
struct http_body *http_page_render_refusal(
		enum language language, const char *root, const struct http_refusal *refusal);
extern const char http_page_refusal_policy[];

/* The login page stands alone, too, and needs http_page_login_policy. */
struct http_login {
	enum language language;
	const char *root;                   /* http_exchange_root's */
	const struct http_refusal *refusal; /* of a login that failed, or NULL */
	bool setup;                         /* it leads to the Set-up view, else to the doors */
	bool again; /* ask once more at once, by a request that this page makes: see http_page_render_login */
};

/*
 * A link from another site brings no cookie that is SameSite=Strict, so a person with a session looks like one without.
 * A page that asks again at once makes a request of this site, which brings it.
 */
struct http_body *http_page_render_login(const struct http_login *login);
extern const char http_page_login_policy[];

/* The web app's manifest. It changes with http_page_words_tag and with the language. */
struct http_body *http_page_render_manifest(enum language language);
extern const char http_page_words_tag[];

#endif
