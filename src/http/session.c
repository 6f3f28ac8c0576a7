/*
 * A token is 16 digits for the time of its end, 16 for its number, and 64 for the signature of these 32 characters. The
 * key that signs is reckoned anew each time, from the random key, user name and password; so there is nothing to bring
 * up to date when the configuration changes.
 */
#include "http/session.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define NUMBER_DIGITS 16
#define SIGNED_DIGITS (2 * NUMBER_DIGITS)
#define MAC_DIGITS (2 * HTTP_MAC_BYTES)

static_assert(SIGNED_DIGITS + MAC_DIGITS == HTTP_SESSION_LENGTH, "what a token is made of");

int http_sessions_init(struct http_sessions *sessions)
{
	*sessions = (struct http_sessions){.number = 0};
	ssize_t got = getrandom(sessions->key, sizeof(sessions->key), 0);
	return got == sizeof(sessions->key) ? 0 : got < 0 ? -errno : -EIO;
}

static bool session_sign(const struct http_sessions *sessions, const struct http_config *config, const char *text,
		char digits[static MAC_DIGITS + 1])
{
	unsigned char of_name[HTTP_MAC_BYTES], of_both[HTTP_MAC_BYTES], mac[HTTP_MAC_BYTES];
	bool good = config->sign(sessions->key, config->username, strlen(config->username), of_name) &&
		    config->sign(of_name, config->password, strlen(config->password), of_both) &&
		    config->sign(of_both, text, SIGNED_DIGITS, mac);
	for (size_t i = 0; good && i < HTTP_MAC_BYTES; i++)
		snprintf(digits + 2 * i, 3, "%02x", mac[i]);
	explicit_bzero(of_name, sizeof(of_name));
	explicit_bzero(of_both, sizeof(of_both));
	return good;
}

bool http_session_new(struct http_sessions *sessions, const struct http_config *config, int64_t now_ms,
		char token[static HTTP_SESSION_LENGTH + 1])
{
	snprintf(token, SIGNED_DIGITS + 1, "%016" PRIx64 "%016" PRIx64, (uint64_t)(now_ms + HTTP_SESSION_MS),
			++sessions->number);
	return session_sign(sessions, config, token, token + SIGNED_DIGITS);
}

static uint64_t session_number(const char *digits)
{
	char text[NUMBER_DIGITS + 1];
	memcpy(text, digits, NUMBER_DIGITS);
	text[NUMBER_DIGITS] = '\0';
	return strtoull(text, NULL, 16);
}

bool http_session_valid(const struct http_sessions *sessions, const struct http_config *config, const char *token,
		int64_t now_ms)
{
	char expected[MAC_DIGITS + 1];
	volatile unsigned char wrong = 0;
	if (strlen(token) != HTTP_SESSION_LENGTH || !session_sign(sessions, config, token, expected))
		return false;
	for (size_t i = 0; i < MAC_DIGITS; i++)
		wrong |= (unsigned char)(token[SIGNED_DIGITS + i] ^ expected[i]);
	/* What it says is ours from here on. */
	if (wrong || (int64_t)session_number(token) <= now_ms)
		return false;
	uint64_t number = session_number(token + NUMBER_DIGITS);
	for (size_t i = 0; i < sessions->ended_count; i++)
		if (sessions->ended[i].number == number)
			return false;
	return true;
}

void http_session_end(
		struct http_sessions *sessions, const struct http_config *config, const char *token, int64_t now_ms)
{
	size_t kept = 0;
	if (!http_session_valid(sessions, config, token, now_ms))
		return;
	for (size_t i = 0; i < sessions->ended_count; i++)
		if (sessions->ended[i].until_ms > now_ms)
			sessions->ended[kept++] = sessions->ended[i];
	sessions->ended_count = kept;
	if (kept < HTTP_SESSIONS_ENDED_MAX) {
		sessions->ended[kept].number = session_number(token + NUMBER_DIGITS);
		sessions->ended[kept].until_ms = (int64_t)session_number(token);
		sessions->ended_count++;
	} else if (getrandom(sessions->key, sizeof(sessions->key), 0) == sizeof(sessions->key)) {
		sessions->ended_count = 0;
	}
}
