/* Base64 (RFC 4648) without padding. The caller passes the 64 digits. Pure. Any thread. */
#ifndef PORTCULLIS_BASE_BASE64_H
#define PORTCULLIS_BASE_BASE64_H

#include <stddef.h>
#include <sys/types.h>

extern const char base64_standard[]; /* the digits of RFC 4648, section 4: the last two are + and / */

#define BASE64_LENGTH(bytes) (((bytes) * 4 + 2) / 3) /* the number of digits for so many bytes */

/* Writes BASE64_LENGTH(length) digits and a terminator to text. Returns the number of digits. */
size_t base64_encode(const char *digits, const unsigned char *bytes, size_t length, char *text);

/*
 * Decodes count digits; text needs no terminator. Writes at most count * 3 / 4 bytes and returns how many. Returns
 * -EINVAL when a character is not a digit, when count is impossible, or when unused bits of the last digit are not 0:
 * so there is exactly one text for the same bytes. bytes may have been written then.
 */
ssize_t base64_decode(const char *digits, const char *text, size_t count, unsigned char *bytes);

#endif
