/*
 * What a login by the form sends and gets: the form's fields become what Basic authentication would have sent, and a
 * session's token becomes cookies. Pure; no allocation.
 */
#ifndef PORTCULLIS_HTTP_LOGIN_H
#define PORTCULLIS_HTTP_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "http/cookies.h"
#include "http/guard.h"
#include "http/session.h"

/*
 * body: application/x-www-form-urlencoded, with username and password once each; other fields are passed over. False
 * for anything else, for a zero byte, for a colon in the user name, and for more than HTTP_PASSWORD_MAX bytes of both.
 * The caller wipes credentials.
 */
bool http_login_parse(const char *body, size_t length, char credentials[static HTTP_CREDENTIALS_MAX + 1]);

/* Header lines, each with its line end. tls: the browser came by https. */
#define HTTP_LOGIN_LINES_MAX 512
void http_login_cookies(const char *token, bool tls, char lines[static HTTP_LOGIN_LINES_MAX]);
void http_logout_cookies(char lines[static HTTP_LOGIN_LINES_MAX]);

/*
 * The cookie that says that this browser prefers the form outlives every session: it keeps the browser's own window for
 * passwords away. SameSite is Lax for it, so that it also comes with a link from another site, with which a session's
 * cookie (Strict) does not.
 */
#define HTTP_LOGIN_FORM_S 34560000 /* 400 days: browsers keep no cookie for longer */

#endif
