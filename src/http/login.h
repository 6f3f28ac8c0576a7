/*
 * The login by a form: converts the form's fields to what Basic authentication would have sent, and a session's token
 * to cookies. Pure; no allocation.
 */
#ifndef PORTCULLIS_HTTP_LOGIN_H
#define PORTCULLIS_HTTP_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "http/cookies.h"
#include "http/guard.h"
#include "http/session.h"

/*
 * Reads body, which is application/x-www-form-urlencoded, and writes credentials as http_guard_credentials does.
 * username and password must be there once each; other fields are ignored. Returns false for anything else, for a zero
 * byte, for a colon in the user name, and for more than HTTP_PASSWORD_MAX bytes of both. The caller wipes credentials.
 */
bool http_login_parse(const char *body, size_t length, char credentials[static HTTP_CREDENTIALS_MAX + 1]);

/*
 * Each writes header lines with their line ends: set the cookies of a login, remove those of a session. tls: over
 * https.
 */
#define HTTP_LOGIN_LINES_MAX 512
void http_login_cookies(const char *token, bool tls, char lines[static HTTP_LOGIN_LINES_MAX]);
void http_logout_cookies(char lines[static HTTP_LOGIN_LINES_MAX]);

/*
 * The cookie HTTP_COOKIE_FORM outlives every session: while a browser sends it, the server shows the form and not the
 * browser's own window for passwords. It has SameSite=Lax, so it is also sent after a link from another site. A
 * session's cookie (Strict) is not.
 */
#define HTTP_LOGIN_FORM_S 34560000 /* 400 days: browsers keep no cookie for longer */

#endif
