#include "tls/password.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <mbedtls/constant_time.h>
#include <mbedtls/pkcs5.h>

#define PREFIX "$pbkdf2-sha256$"
#define SALT_BYTES 16
#define SUM_BYTES 32
#define SALT_DIGITS 22
#define SUM_DIGITS 43

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./";

struct parsed {
	unsigned rounds;
	unsigned char salt[SALT_BYTES], sum[SUM_BYTES];
};

static void encode(const unsigned char *in, size_t length, char *out)
{
	unsigned held = 0, bits = 0;
	for (size_t i = 0; i < length; i++) {
		held = held << 8 | in[i];
		for (bits += 8; bits >= 6; bits -= 6)
			*out++ = digits[held >> (bits - 6) & 63];
	}
	if (bits)
		*out++ = digits[held << (6 - bits) & 63];
	*out = '\0';
}

static bool decode(const char *in, size_t count, unsigned char *out)
{
	unsigned held = 0, bits = 0;
	for (size_t i = 0; i < count; i++) {
		const char *digit = in[i] ? strchr(digits, in[i]) : NULL;
		if (!digit)
			return false;
		held = held << 6 | (unsigned)(digit - digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*out++ = (unsigned char)(held >> bits);
		}
	}
	return (held & ((1u << bits) - 1)) == 0;
}

static bool parse(const char *text, struct parsed *parsed)
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
	       at[1 + SALT_DIGITS] == '$' && decode(at + 1, SALT_DIGITS, parsed->salt) &&
	       decode(at + 1 + SALT_DIGITS + 1, SUM_DIGITS, parsed->sum);
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
	return parse(text, &parsed);
}

int tls_password_hash(const char *password, size_t length, char hash[static TLS_PASSWORD_HASH_MAX])
{
	struct parsed parsed = {.rounds = TLS_PASSWORD_ROUNDS};
	char salt[SALT_DIGITS + 1], sum[SUM_DIGITS + 1];
	if (getrandom(parsed.salt, SALT_BYTES, 0) != SALT_BYTES || derive(&parsed, password, length, parsed.sum) < 0)
		return -EIO;
	encode(parsed.salt, SALT_BYTES, salt);
	encode(parsed.sum, SUM_BYTES, sum);
	snprintf(hash, TLS_PASSWORD_HASH_MAX, PREFIX "%u$%s$%s", parsed.rounds, salt, sum);
	return 0;
}

bool tls_password_check(const char *hash, const char *password, size_t length)
{
	struct parsed parsed;
	unsigned char sum[SUM_BYTES];
	return parse(hash, &parsed) && derive(&parsed, password, length, sum) == 0 &&
	       mbedtls_ct_memcmp(sum, parsed.sum, SUM_BYTES) == 0;
}
