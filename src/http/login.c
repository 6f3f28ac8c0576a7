/*
 * A form's body is NAME=VALUE pairs with "&" between them, "+" for a space and %XX for a byte (WHATWG URL, 5.1). Each
 * value is decoded into a place of its own with room for the longest that can be right.
 */
#include "http/login.h"

#include <stdio.h>
#include <string.h>

struct form_value {
	char text[HTTP_PASSWORD_MAX + 1];
	bool there;
};

static int form_hex_digit(char digit)
{
	return digit >= '0' && digit <= '9'   ? digit - '0'
	       : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
	       : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
					      : -1;
}

static bool form_decode(const char *coded, size_t length, struct form_value *value)
{
	size_t count = 0;
	if (value->there)
		return false;
	for (size_t i = 0; i < length; i++) {
		int byte = coded[i] == '+' ? ' ' : (unsigned char)coded[i];
		if (coded[i] == '%') {
			int high = i + 2 < length ? form_hex_digit(coded[i + 1]) : -1;
			int low = high >= 0 ? form_hex_digit(coded[i + 2]) : -1;
			if (low < 0)
				return false;
			byte = high << 4 | low;
			i += 2;
		}
		if (byte == '\0' || count == HTTP_PASSWORD_MAX)
			return false;
		value->text[count++] = (char)byte;
	}
	value->text[count] = '\0';
	return value->there = true;
}

static bool form_parse(const char *body, size_t length, struct form_value *username, struct form_value *password)
{
	while (length > 0) {
		const char *end = memchr(body, '&', length);
		size_t pair = end ? (size_t)(end - body) : length;
		const char *equals = memchr(body, '=', pair);
		size_t name = equals ? (size_t)(equals - body) : pair;
		struct form_value *value = NULL;
		if (name == 8 && memcmp(body, "username", 8) == 0)
			value = username;
		else if (name == 8 && memcmp(body, "password", 8) == 0)
			value = password;
		if (value && (!equals || !form_decode(equals + 1, pair - name - 1, value)))
			return false;
		body += pair + (end ? 1 : 0);
		length -= pair + (end ? 1 : 0);
	}
	return username->there && password->there;
}

bool http_login_parse(const char *body, size_t length, char credentials[static HTTP_CREDENTIALS_MAX + 1])
{
	struct form_value username = {.there = false}, password = {.there = false};
	bool good = form_parse(body, length, &username, &password) && !strchr(username.text, ':');
	const struct http_config typed = {.username = username.text, .password = password.text};
	good = good && http_guard_credentials(&typed, credentials);
	explicit_bzero(&username, sizeof(username));
	explicit_bzero(&password, sizeof(password));
	return good;
}

void http_login_cookies(const char *token, bool tls, char lines[static HTTP_LOGIN_LINES_MAX])
{
	const char *secure = tls ? "; Secure" : "";
	snprintf(lines, HTTP_LOGIN_LINES_MAX,
			"Set-Cookie: %s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s\r\n"
			"Set-Cookie: " HTTP_COOKIE_FORM "=1; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s\r\n",
			tls ? HTTP_COOKIE_SESSION_TLS : HTTP_COOKIE_SESSION, token, (int)(HTTP_SESSION_MS / 1000),
			secure, HTTP_LOGIN_FORM_S, secure);
}

/* Both names: a browser passes over the one that it would not take from here. */
void http_logout_cookies(char lines[static HTTP_LOGIN_LINES_MAX])
{
	snprintf(lines, HTTP_LOGIN_LINES_MAX,
			"Set-Cookie: " HTTP_COOKIE_SESSION "=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict\r\n"
			"Set-Cookie: " HTTP_COOKIE_SESSION_TLS
			"=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure\r\n");
}
