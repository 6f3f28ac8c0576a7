/*
 * Unicode, table 3-7: a character's first byte says how many follow and, for some, narrows what the second may be. That
 * leaves out overlong forms, surrogates and what is beyond U+10FFFF.
 */
#include "mqtt/utf8.h"

bool mqtt_is_text(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length;) {
		uint8_t first = bytes[i++], low = 0x80, high = 0xbf;
		size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
		if (first == 0 || (first >= 0x80 && first < 0xc2) || first > 0xf4 || more > length - i)
			return false;
		if (first == 0xe0)
			low = 0xa0;
		else if (first == 0xed)
			high = 0x9f; /* surrogates */
		else if (first == 0xf0)
			low = 0x90;
		else if (first == 0xf4)
			high = 0x8f;
		for (; more > 0; more--, i++) {
			if (bytes[i] < low || bytes[i] > high)
				return false;
			low = 0x80;
			high = 0xbf;
		}
	}
	return true;
}
