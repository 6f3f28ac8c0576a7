/*
 * Who is let in: one with a session, or with the password by Basic authentication; and how a session begins and ends. The
 * password of a login is asked for at the same gate as Basic's.
 */
#include "http/access.h"

#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "documents/documents.h"
#include "http/language.h"
#include "http/login.h"
#include "http/page.h"

static const char basic_challenge[] = "Basic realm=\"Portcullis\", charset=\"UTF-8\"";
static const char form_challenge[] = "Cookie realm=\"Portcullis\", form-action=\"/login\"";

static bool login_has_page(const struct http_site *site)
{
	return site->config.username && site->config.sign;
}

bool http_site_in_session(const struct http_site *site, const struct http_cookies *cookies)
{
	int64_t now_ms = loop_now_ms();
	return login_has_page(site) &&
	       (http_session_valid(site->sessions, &site->config, cookies->session_tls, now_ms) ||
			       http_session_valid(site->sessions, &site->config, cookies->session, now_ms));
}

static const char *login_target(const struct http_request *request)
{
	bool setup = strcmp(request->path, "/setup") == 0 || http_exchange_of_setup(request);
	return setup ? "setup" : "";
}

/* refusal: of a login that failed, or NULL. */
static void login_show(const struct http_exchange *exchange, int status, const struct http_refusal *refusal,
		const char *header, const char *value)
{
	const struct http_request *request = exchange->request;
	const struct http_cookies *cookies = &request->cookies;
	bool asked_for = strcmp(request->path, "/login") == 0;
	const struct http_login login = {
			.language = exchange->language,
			.refusal = refusal,
			.setup = *login_target(request),
			.root = http_exchange_root(request),
			.again = !asked_for && request->verb != HTTP_VERB_POST && cookies->form && !*cookies->session &&
				 !*cookies->session_tls,
	};
	struct http_body *body = http_page_render_login(&login);
	http_exchange_answer(exchange,
			&(struct http_head){.status = status,
					.type = http_type_html,
					.language = http_language_tag(exchange->language),
					.header = header,
					.value = value,
					.policy = http_page_login_policy},
			body);
	http_body_release(body);
}

/*
 * Basic's challenge makes a browser open a window for user name and password before it shows anything. It is also the only
 * thing that makes a browser send those of http://USER:PASSWORD@HOST/. So everybody gets it, except a browser in which
 * somebody has logged in by the form before. A person who closes the window sees the form.
 */
static void login_ask(const struct http_exchange *exchange, const struct http_refusal *refusal)
{
	const struct http_request *request = exchange->request;
	bool page = login_has_page(exchange->site);
	const char *challenge = page && request->cookies.form ? form_challenge : basic_challenge;
	if (page && http_exchange_is_person(request))
		login_show(exchange, 401, refusal, "WWW-Authenticate", challenge);
	else
		http_exchange_refuse(exchange, &(struct http_refusal){401, HTTP_SAYING_PASSWORD_NEEDED,
							       "A user name and a password are needed.",
							       "WWW-Authenticate", challenge});
}

/* A login by the form failed. */
static void login_refuse(const struct http_exchange *exchange, const struct http_refusal *refusal)
{
	if (http_exchange_is_person(exchange->request))
		login_show(exchange, refusal->status, refusal, refusal->header, refusal->value);
	else
		http_exchange_refuse(exchange, refusal);
}

static void login_slow_down(const struct http_exchange *exchange, int retry_after_s,
		void (*refuse)(const struct http_exchange *exchange, const struct http_refusal *refusal))
{
	char retry_after[16], detail[80];
	snprintf(retry_after, sizeof(retry_after), "%d", retry_after_s);
	snprintf(detail, sizeof(detail), "Too many wrong passwords. Wait %s s, then try again.", retry_after);
	refuse(exchange, &(struct http_refusal){429, HTTP_SAYING_SLOW_DOWN, detail, "Retry-After", retry_after});
}

static const struct http_refusal login_wrong = {
		401, HTTP_SAYING_WRONG_PASSWORD, "Wrong user name or password.", "WWW-Authenticate", form_challenge};

bool http_exchange_let_in(const struct http_exchange *exchange)
{
	int retry_after_s;
	const struct http_request *request = exchange->request;
	if (exchange->session)
		return true;
	switch (http_gate_ask(
			exchange->site->gate, request->authorization, request->peer, loop_now_ms(), &retry_after_s)) {
	case HTTP_LET_IN:
		return true;
	case HTTP_CHECKING:
		*exchange->checking = true;
		return false;
	case HTTP_SLOWED:
		login_slow_down(exchange, retry_after_s, http_exchange_refuse);
		return false;
	case HTTP_NO_PASSWORD:
		login_ask(exchange, NULL);
		return false;
	case HTTP_WRONG_PASSWORD:
		login_ask(exchange, &login_wrong);
		return false;
	}
	return false;
}

void http_get_login(const struct http_exchange *exchange, const char *rest)
{
	(void)rest;
	if (exchange->session || !login_has_page(exchange->site))
		http_exchange_see_other(exchange, login_target(exchange->request), NULL);
	else
		login_show(exchange, 200, NULL, NULL, NULL);
}

/* Where a login or a logout by the page ends, or what a script hears of it. */
static void login_end(
		const struct http_exchange *exchange, const char *location, const char *lines, enum door_result result)
{
	char body[HTTP_ANSWER_BODY_MAX];
	if (http_exchange_wants_page(exchange->request)) {
		http_exchange_see_other(exchange, location, lines);
		return;
	}
	ssize_t length = document_result(result, DOOR_REASON_NONE, body, sizeof(body));
	http_answer_short(exchange->answer, exchange->request,
			&(struct http_head){.status = 200, .type = http_type_json, .lines = lines}, body,
			length < 0 ? 0 : (size_t)length);
}

static void login_succeed(const struct http_exchange *exchange)
{
	struct http_site *site = exchange->site;
	const struct http_request *request = exchange->request;
	/* Behind a proxy that ends TLS, the browser's word tells of it: Origin is our Host here, or was not sent. */
	bool tls = site->config.secure || strncmp(request->origin, "https://", 8) == 0;
	char token[HTTP_SESSION_LENGTH + 1], lines[HTTP_LOGIN_LINES_MAX];
	if (!http_session_new(site->sessions, &site->config, loop_now_ms(), token)) {
		http_exchange_body(exchange, http_type_html, NULL);
		return;
	}
	http_login_cookies(token, tls, lines);
	log_info(site->log, "HTTP: %s has logged in", request->peer->text);
	login_end(exchange, login_target(request), lines, DOOR_RESULT_ACCEPTED);
}

/* The password is asked for at the same gate as Basic's, and waits in the same queue. */
void http_post_login(const struct http_exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	const struct http_request *request = exchange->request;
	char credentials[HTTP_CREDENTIALS_MAX + 1];
	int retry_after_s;
	(void)rest;
	if (!http_login_parse(request->body, request->body_length, credentials)) {
		login_refuse(exchange, &(struct http_refusal){400, HTTP_SAYING_LOGIN_INCOMPLETE,
						       "A login takes username and password, as a form sends them.",
						       NULL, NULL});
		return;
	}
	if (!login_has_page(site)) {
		explicit_bzero(credentials, sizeof(credentials));
		if (site->config.username)
			http_exchange_refuse(
					exchange, &(struct http_refusal){404, HTTP_SAYING_ONLY_BASIC,
								  "Here people log in by Basic authentication alone.",
								  NULL, NULL});
		else
			login_end(exchange, login_target(request), NULL, DOOR_RESULT_UNCHANGED);
		return;
	}
	switch (http_gate_ask(site->gate, credentials, request->peer, loop_now_ms(), &retry_after_s)) {
	case HTTP_LET_IN:
		login_succeed(exchange);
		break;
	case HTTP_CHECKING:
		*exchange->checking = true;
		break;
	case HTTP_SLOWED:
		login_slow_down(exchange, retry_after_s, login_refuse);
		break;
	case HTTP_NO_PASSWORD:
	case HTTP_WRONG_PASSWORD:
		login_refuse(exchange, &login_wrong);
		break;
	}
	explicit_bzero(credentials, sizeof(credentials));
}

void http_post_logout(const struct http_exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	const struct http_cookies *cookies = &exchange->request->cookies;
	char lines[HTTP_LOGIN_LINES_MAX];
	(void)rest;
	if (login_has_page(site)) {
		http_session_end(site->sessions, &site->config, cookies->session_tls, loop_now_ms());
		http_session_end(site->sessions, &site->config, cookies->session, loop_now_ms());
	}
	http_logout_cookies(lines);
	login_end(exchange, "login", lines, exchange->session ? DOOR_RESULT_ACCEPTED : DOOR_RESULT_UNCHANGED);
}
