/*
 * PBKDF2 by mbedTLS. A hash is taken apart before it is believed: its rounds are bounded, since they are time.
 */
#include "tls/password.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <mbedtls/constant_time.h>
#include <mbedtls/pkcs5.h>

#include "base/base64.h"

#define PREFIX "$pbkdf2-sha256$"
#define SALT_BYTES 16
#define SUM_BYTES 32
#define SALT_DIGITS BASE64_LENGTH(SALT_BYTES)
#define SUM_DIGITS BASE64_LENGTH(SUM_BYTES)

static const char hash_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./";

struct parsed {
	unsigned rounds;
	unsigned char salt[SALT_BYTES], sum[SUM_BYTES];
};

static bool parse_hash(const char *text, struct parsed *parsed)
{
	if (!tls_password_looks_hashed(text))
		return false;
	const char *at = text + strlen(PREFIX);
	parsed->rounds = 0;
	for (; *at >= '0' && *at <= '9'; at++) {
		parsed->rounds = parsed->rounds * 10 + (unsigned)(*at - '0');
		if (parsed->rounds > TLS_PASSWORD_ROUNDS_MAX)
			return false;
	}
	return parsed->rounds > 0 && *at == '$' && strlen(at) == 1 + SALT_DIGITS + 1 + SUM_DIGITS &&
	       at[1 + SALT_DIGITS] == '$' &&
	       base64_decode(hash_digits, at + 1, SALT_DIGITS, parsed->salt) == SALT_BYTES &&
	       base64_decode(hash_digits, at + 1 + SALT_DIGITS + 1, SUM_DIGITS, parsed->sum) == SUM_BYTES;
}

static int derive(const struct parsed *parsed, const char *password, size_t length, unsigned char sum[SUM_BYTES])
{
	return mbedtls_pkcs5_pbkdf2_hmac_ext(MBEDTLS_MD_SHA256, (const unsigned char *)password, length, parsed->salt,
			       SALT_BYTES, parsed->rounds, SUM_BYTES, sum)
			       ? -EIO
			       : 0;
}

bool tls_password_looks_hashed(const char *text)
{
	return strncmp(text, PREFIX, strlen(PREFIX)) == 0;
}

bool tls_password_is_hash(const char *text)
{
	struct parsed parsed;
	return parse_hash(text, &parsed);
}

int tls_password_hash(const char *password, size_t length, char hash[static TLS_PASSWORD_HASH_MAX])
{
	struct parsed parsed = {.rounds = TLS_PASSWORD_ROUNDS};
	char salt[SALT_DIGITS + 1], sum[SUM_DIGITS + 1];
	if (getrandom(parsed.salt, SALT_BYTES, 0) != SALT_BYTES || derive(&parsed, password, length, parsed.sum) < 0)
		return -EIO;
	base64_encode(hash_digits, parsed.salt, SALT_BYTES, salt);
	base64_encode(hash_digits, parsed.sum, SUM_BYTES, sum);
	snprintf(hash, TLS_PASSWORD_HASH_MAX, PREFIX "%u$%s$%s", parsed.rounds, salt, sum);
	return 0;
}

bool tls_password_check(const char *hash, const char *password, size_t length)
{
	struct parsed parsed;
	unsigned char sum[SUM_BYTES];
	return parse_hash(hash, &parsed) && derive(&parsed, password, length, sum) == 0 &&
	       mbedtls_ct_memcmp(sum, parsed.sum, SUM_BYTES) == 0;
}
