/* Base64 (RFC 4648) without padding, with 64 digits of the caller's. Pure. */
#ifndef PORTCULLIS_BASE_BASE64_H
#define PORTCULLIS_BASE_BASE64_H

#include <stddef.h>
#include <sys/types.h>

extern const char base64_standard[]; /* the digits of RFC 4648, 4: + and / are the last two */

#define BASE64_LENGTH(bytes) (((bytes) * 4 + 2) / 3) /* digits for so many bytes */

/* text gets BASE64_LENGTH(length) digits and a terminator. Returns the number of digits. */
size_t base64_encode(const char *digits, const unsigned char *bytes, size_t length, char *text);

/*
 * The bytes that count digits stand for, count * 3 / 4 of them at most; text needs no terminator. Returns how many, or
 * -EINVAL: something is no digit, or the last one stands for more than bytes (so each bytes have one text).
 */
ssize_t base64_decode(const char *digits, const char *text, size_t count, unsigned char *bytes);

#endif
