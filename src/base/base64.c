/* Bits are held until there are six of them for a digit, or eight for a byte. */
#include "base/base64.h"

#include <errno.h>
#include <string.h>

const char base64_standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(const char *digits, const unsigned char *bytes, size_t length, char *text)
{
	unsigned held = 0, bits = 0;
	size_t count = 0;
	for (size_t i = 0; i < length; i++) {
		held = held << 8 | bytes[i];
		for (bits += 8; bits >= 6; bits -= 6)
			text[count++] = digits[held >> (bits - 6) & 63];
	}
	if (bits)
		text[count++] = digits[held << (6 - bits) & 63];
	text[count] = '\0';
	return count;
}

ssize_t base64_decode(const char *digits, const char *text, size_t count, unsigned char *bytes)
{
	unsigned held = 0, bits = 0;
	ssize_t length = 0;
	for (size_t i = 0; i < count; i++) {
		const char *digit = memchr(digits, text[i], 64);
		if (!digit)
			return -EINVAL;
		held = held << 6 | (unsigned)(digit - digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			bytes[length++] = (unsigned char)(held >> bits);
		}
	}
	return bits < 6 && (held & ((1u << bits) - 1)) == 0 ? length : -EINVAL;
}
