/*
 * Passwords of people, kept as salted hashes: PBKDF2 with HMAC-SHA-256 (RFC 8018) in the notation of Python's passlib,
 *
 *     $pbkdf2-sha256$ROUNDS$SALT$CHECKSUM
 *
 * SALT (16 bytes) and CHECKSUM (32 bytes) are base64 without padding and with "." for "+". Any thread; no state.
 */
#ifndef PORTCULLIS_TLS_PASSWORD_H
#define PORTCULLIS_TLS_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#define TLS_PASSWORD_HASH_MAX 128
#define TLS_PASSWORD_ROUNDS 29000       /* passlib's default */
#define TLS_PASSWORD_ROUNDS_MAX 1000000 /* a hash that asks for more is refused: it would keep a Pi busy for long */

/* Whether text begins as a hash does. Such a text must be a hash: check it with tls_password_is_hash. */
bool tls_password_looks_hashed(const char *text);

/* Whether text is a whole hash with at most TLS_PASSWORD_ROUNDS_MAX rounds. */
bool tls_password_is_hash(const char *text);

/*
 * Writes the hash of a password, with a new random salt. Blocks as long as tls_password_check. Returns 0, or -EIO when
 * there are no random bytes or mbedTLS fails.
 */
int tls_password_hash(const char *password, size_t length, char hash[static TLS_PASSWORD_HASH_MAX]);

/*
 * Whether hash is of this password. Blocks for the computation: some 25 ms on a PC, more than ten times as long on a Pi
 * Zero (estimated, not measured). False when hash is no hash.
 */
bool tls_password_check(const char *hash, const char *password, size_t length);

#endif
