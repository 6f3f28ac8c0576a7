/*
 * The pairs of a Cookie header are parted by semicolons (RFC 6265, 4.2.1). Each byte goes into the pair that is being
 * read; at a semicolon, and at the header's end, the pair is compared with the names that are known here.
 */
#include "http/cookies.h"

#include <string.h>

void http_cookies_reset(struct http_cookies *cookies)
{
	cookies->session[0] = cookies->session_tls[0] = '\0';
	cookies->form = false;
	cookies->length = 0;
}

/* The pair's value, when this is its name. It is not terminated. */
static const char *cookies_pair_value(const struct http_cookies *cookies, const char *name, size_t *length)
{
	size_t name_length = strlen(name);
	if (cookies->length <= name_length || cookies->pair[name_length] != '=' ||
			memcmp(cookies->pair, name, name_length) != 0)
		return NULL;
	*length = cookies->length - name_length - 1;
	return cookies->pair + name_length + 1;
}

static void cookies_take_session(const struct http_cookies *cookies, const char *name, char *session)
{
	size_t length;
	const char *value = cookies_pair_value(cookies, name, &length);
	if (!value || length != HTTP_SESSION_LENGTH || *session)
		return;
	memcpy(session, value, length);
	session[length] = '\0';
}

void http_cookies_end(struct http_cookies *cookies)
{
	size_t ignored;
	while (cookies->length > 0 && cookies->length <= sizeof(cookies->pair) &&
			strchr(" \t", cookies->pair[cookies->length - 1]))
		cookies->length--;
	if (cookies->length <= sizeof(cookies->pair)) {
		cookies_take_session(cookies, HTTP_COOKIE_SESSION, cookies->session);
		cookies_take_session(cookies, HTTP_COOKIE_SESSION_TLS, cookies->session_tls);
		if (cookies_pair_value(cookies, HTTP_COOKIE_FORM, &ignored))
			cookies->form = true;
	}
	cookies->length = 0;
}

void http_cookies_feed(struct http_cookies *cookies, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == ';')
			http_cookies_end(cookies);
		else if (cookies->length < sizeof(cookies->pair) &&
				(cookies->length > 0 || (bytes[i] != ' ' && bytes[i] != '\t')))
			cookies->pair[cookies->length++] = bytes[i];
		else if (cookies->length == sizeof(cookies->pair))
			cookies->length++;
	}
}
