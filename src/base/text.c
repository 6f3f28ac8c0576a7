/* UTF-8 is judged byte by byte, and characters by their code, never by the locale. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_append(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text + length, size - length, format, arguments);
	va_end(arguments);
}

size_t text_character(const char *text, unsigned *code)
{
	unsigned char lead = (unsigned char)*text;
	size_t length = lead < 0x80                   ? 1
			: lead >= 0xc2 && lead < 0xe0 ? 2
			: lead >= 0xe0 && lead < 0xf0 ? 3
			: lead >= 0xf0 && lead < 0xf5 ? 4
						      : 0;
	*code = length < 2 ? lead : lead & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | ((unsigned char)text[i] & 0x3f);
	}
	return length;
}

bool text_is_control(unsigned code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || /* C0, DEL, C1 */
	       code == 0x061c || code == 0x200b || code == 0x200e ||
	       code == 0x200f ||                                       /* marks of direction, of no width */
	       (code >= 0x2028 && code <= 0x202e) ||                   /* separators, bidirectional overrides */
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || /* isolates, invisible operators */
	       (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe007f); /* annotations, tags */
}
