/* Sessions: tokens, the cookies that carry them, and the form that asks for one. */
#include "http/session.h"

#include <stdlib.h>
#include <string.h>

#include "http/cookies.h"
#include "http/login.h"
#include "tap.h"
#include "tls/mac.h"

static const struct http_config config = {.username = "Aladdin", .password = "open sesame", .sign = tls_mac};

static void init(struct http_sessions *sessions)
{
	if (http_sessions_init(sessions) < 0)
		abort();
}

static void test_tokens(void)
{
	static struct http_sessions sessions, others;
	char token[HTTP_SESSION_LENGTH + 1], other[HTTP_SESSION_LENGTH + 1];
	init(&sessions);
	init(&others);

	tap_case("a token is valid until its end");
	CHECK(http_session_new(&sessions, &config, 1000, token) && strlen(token) == HTTP_SESSION_LENGTH);
	CHECK(http_session_valid(&sessions, &config, token, 1000));
	CHECK(http_session_valid(&sessions, &config, token, 1000 + HTTP_SESSION_MS - 1));
	CHECK(!http_session_valid(&sessions, &config, token, 1000 + HTTP_SESSION_MS));

	tap_case("no other character, and no other length, is the same token");
	for (size_t i = 0; i < HTTP_SESSION_LENGTH; i++)
		for (int bit = 0; bit < 8; bit++) {
			strcpy(other, token);
			other[i] = (char)(other[i] ^ 1 << bit);
			CHECK(!http_session_valid(&sessions, &config, other, 1000));
		}
	for (size_t length = 0; length < HTTP_SESSION_LENGTH; length++) {
		char *part = strndup(token, length); /* a sanitizer sees a read beyond it */
		CHECK(!http_session_valid(&sessions, &config, part, 1000));
		free(part);
	}
	char longer[HTTP_SESSION_LENGTH + 2];
	snprintf(longer, sizeof(longer), "%s0", token);
	CHECK(!http_session_valid(&sessions, &config, longer, 1000));

	tap_case("it is of this start of the server, this user name and this password");
	struct http_config changed = config;
	CHECK(!http_session_valid(&others, &config, token, 1000));
	changed.password = "open sesame1";
	CHECK(!http_session_valid(&sessions, &changed, token, 1000));
	changed.password = config.password;
	changed.username = "Ali";
	CHECK(!http_session_valid(&sessions, &changed, token, 1000));
	changed.username = "Aladdinopen";
	changed.password = " sesame";
	CHECK(!http_session_valid(&sessions, &changed, token, 1000));
	changed = config;
	changed.address = "::1";
	CHECK(http_session_valid(&sessions, &changed, token, 1000));

	tap_case("a logout ends one session and no other");
	CHECK(http_session_new(&sessions, &config, 1000, other) && strcmp(token, other) != 0);
	http_session_end(&sessions, &config, "", 1000);
	http_session_end(&sessions, &config, token, 2000);
	CHECK(!http_session_valid(&sessions, &config, token, 2000));
	CHECK(http_session_valid(&sessions, &config, other, 2000));

	tap_case("logouts are remembered until the session's end, and an ended session comes back never");
	for (int i = 0; i < 3 * HTTP_SESSIONS_ENDED_MAX; i++) {
		char gone[HTTP_SESSION_LENGTH + 1];
		CHECK(http_session_new(&sessions, &config, 1000, gone));
		http_session_end(&sessions, &config, gone, 2000);
		CHECK(!http_session_valid(&sessions, &config, gone, 2000));
		CHECK(!http_session_valid(&sessions, &config, token, 2000));
		if (i < HTTP_SESSIONS_ENDED_MAX - 1)
			CHECK(http_session_valid(&sessions, &config, other, 2000));
	}
	CHECK(!http_session_valid(&sessions, &config, other, 2000)); /* too many: all ended */
	int64_t now_ms = 1000;
	CHECK(http_session_new(&sessions, &config, now_ms + HTTP_SESSION_MS / 2, token));
	for (int i = 0; i < 3 * HTTP_SESSIONS_ENDED_MAX; i++) { /* a few of them are not over at a time */
		CHECK(http_session_new(&sessions, &config, now_ms - HTTP_SESSION_MS + 2, other));
		http_session_end(&sessions, &config, other, now_ms);
		now_ms += 2;
	}
	CHECK(http_session_valid(&sessions, &config, token, now_ms));
}

#define S16 "0123456789abcdef"
#define TOKEN S16 S16 S16 S16 S16 S16
#define SECOND "fedcba9876543210" S16 S16 S16 S16 S16

static void test_cookies(void)
{
	static const struct {
		const char *header, *session, *session_tls;
		bool form;
	} table[] = {
			{"", "", "", false},
			{"portcullis=" TOKEN, TOKEN, "", false},
			{"__Host-portcullis=" TOKEN, "", TOKEN, false},
			{"portcullis=" TOKEN "; __Host-portcullis=" SECOND "; portcullis-form=1", TOKEN, SECOND, true},
			{"a=b; portcullis=" TOKEN ";c=d", TOKEN, "", false},
			{"a=b;portcullis=" TOKEN " \t;c", TOKEN, "", false},
			{"portcullis=" TOKEN "; portcullis=" SECOND, TOKEN, "", false},
			{"portcullis=x; portcullis=" TOKEN, TOKEN, "", false},
			{"portcullis=" TOKEN "x", "", "", false},
			{"__Host-portcullis=" TOKEN "x", "", "", false},
			{"portcullis=" S16, "", "", false},
			{"portcullis= " TOKEN, "", "", false},
			{"portcullis=\"" TOKEN "\"", "", "", false},
			{"Portcullis=" TOKEN, "", "", false},
			{"xportcullis=" TOKEN "; portcullisx=" TOKEN, "", "", false},
			{"portcullis", "", "", false},
			{"portcullis=", "", "", false},
			{"=" TOKEN, "", "", false},
			{";;; ;portcullis-form=", "", "", true},
			{"portcullis-form", "", "", false},
			{"portcullis-formal=1", "", "", false},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("Cookie: %.60s, however its bytes are cut", table[i].header);
		size_t length = strlen(table[i].header);
		for (size_t step = 1; step <= length + 1; step++) {
			struct http_cookies cookies;
			memset(&cookies, 0xa5, sizeof(cookies));
			http_cookies_reset(&cookies);
			for (size_t at = 0; at < length; at += step) {
				size_t some = length - at < step ? length - at : step;
				char *piece = malloc(some); /* a sanitizer sees a read beyond it */
				memcpy(piece, table[i].header + at, some);
				http_cookies_feed(&cookies, piece, some);
				free(piece);
			}
			http_cookies_end(&cookies);
			CHECK(strcmp(cookies.session, table[i].session) == 0);
			CHECK(strcmp(cookies.session_tls, table[i].session_tls) == 0);
			CHECK(cookies.form == table[i].form);
		}
	}

	tap_case("cookies of others may be as long as they like, and two headers are as one");
	struct http_cookies cookies;
	http_cookies_reset(&cookies);
	http_cookies_feed(&cookies, "portcullis=", 11);
	for (int i = 0; i < 10000; i++)
		http_cookies_feed(&cookies, S16, 16);
	http_cookies_feed(&cookies, "; a=b", 5);
	http_cookies_end(&cookies);
	CHECK(!*cookies.session);
	http_cookies_feed(&cookies, "portcullis=" TOKEN, 11 + HTTP_SESSION_LENGTH);
	http_cookies_end(&cookies);
	CHECK(strcmp(cookies.session, TOKEN) == 0);
}

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X255 X64 X64 X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void test_form(void)
{
	static const struct {
		const char *body, *credentials; /* NULL: refused */
	} table[] = {
			{"username=Aladdin&password=open+sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
			{"password=open%20sesame&username=Aladdin", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
			{"&&x=y&username=%41laddin&go&password=open+sesame&", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
			{"username=test&password=123%C2%a3", "Basic dGVzdDoxMjPCow=="}, /* RFC 7617, 2.1 */
			{"username=a&password=b%3Dc%26d", "Basic YTpiPWMmZA=="},
			{"username=a&password=b:c", "Basic YTpiOmM="},
			{"username=a&password=", "Basic YTo="},
			{"username=&password=", "Basic Og=="},
			{"username=x&password=" X255, "Basic eDp4eHh4"}, /* its beginning */
			{"username=xx&password=" X255, NULL},
			{"username=x&password=" X255 "xx", NULL},
			{"username=x&password=" X255 X255, NULL},
			{"", NULL},
			{"username=a", NULL},
			{"password=b", NULL},
			{"username&password=b", NULL},
			{"username=a&password", NULL},
			{"Username=a&password=b", NULL},
			{"username=a&password=b&password=b", NULL},
			{"username=a&username=a&password=b", NULL},
			{"username=a%3Ab&password=c", NULL},
			{"username=a:b&password=c", NULL},
			{"username=a&password=b%00c", NULL},
			{"username=a&password=%", NULL},
			{"username=a&password=%4", NULL},
			{"username=a&password=%4&x=1", NULL},
			{"username=a&password=%zz", NULL},
			{"username=a&password=%4z", NULL},
			{"{\"username\":\"a\",\"password\":\"b\"}", NULL},
	};
	char credentials[HTTP_CREDENTIALS_MAX + 1];
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("the form %.60s is %s", table[i].body, table[i].credentials ? "taken" : "refused");
		size_t length = strlen(table[i].body);
		char *body = malloc(length + !length); /* not terminated, so that a sanitizer sees a read beyond it */
		memcpy(body, table[i].body, length);
		bool taken = http_login_parse(body, length, credentials);
		CHECK(taken == (table[i].credentials != NULL));
		CHECK(!taken || strncmp(credentials, table[i].credentials, strlen(table[i].credentials)) == 0);
		free(body);
	}
	tap_case("a zero byte ends nothing");
	CHECK(!http_login_parse("username=a&password=b\0c", 23, credentials));
}

static void test_lines(void)
{
	char lines[HTTP_LOGIN_LINES_MAX];
	tap_case("cookies are this site's alone, are hidden from scripts, and come by TLS where there is TLS");
	http_login_cookies(TOKEN, false, lines);
	CHECK(strcmp(lines, "Set-Cookie: portcullis=" TOKEN "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict\r\n"
			    "Set-Cookie: portcullis-form=1; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax\r\n") ==
			0);
	http_login_cookies(TOKEN, true, lines);
	CHECK(strcmp(lines, "Set-Cookie: __Host-portcullis=" TOKEN
			    "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure\r\n"
			    "Set-Cookie: portcullis-form=1; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax; Secure\r\n") ==
			0);
	tap_case("a logout takes both names away");
	http_logout_cookies(lines);
	CHECK(strstr(lines, "portcullis=; Path=/; Max-Age=0;") &&
			strstr(lines, "__Host-portcullis=; Path=/; Max-Age=0;"));
}

int main(void)
{
	test_tokens();
	test_cookies();
	test_form();
	test_lines();
	return tap_done();
}
