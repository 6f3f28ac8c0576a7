/* The vectors of RFC 4648, 10, without their padding, and what is no base64. */
#include "base/base64.h"

#include <errno.h>
#include <string.h>

#include "tap.h"

static bool refuses(const char *text)
{
	unsigned char bytes[16];
	return base64_decode(base64_standard, text, strlen(text), bytes) == -EINVAL;
}

int main(void)
{
	static const struct {
		const char *bytes, *text;
	} rows[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"},
			{"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "+//+"}};
	char text[16];
	unsigned char bytes[16];

	tap_case("bytes, their text, and back");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length = strlen(rows[i].bytes);
		CHECK(base64_encode(base64_standard, (const unsigned char *)rows[i].bytes, length, text) ==
				BASE64_LENGTH(length));
		CHECK(strcmp(text, rows[i].text) == 0);
		CHECK(base64_decode(base64_standard, text, strlen(text), bytes) == (ssize_t)length);
		CHECK(memcmp(bytes, rows[i].bytes, length) == 0);
	}

	tap_case("no digits, a digit too few, and bits that stand for nothing are refused");
	CHECK(refuses("Zm9=") && refuses("Zm 9") && refuses("Zm-v") && refuses("Z") && refuses("Zm9vY"));
	CHECK(refuses("Zh") && refuses("Zm9"));
	CHECK(base64_decode(base64_standard, "Zg\0v", 4, bytes) == -EINVAL);

	tap_case("other digits");
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./";
	CHECK(base64_encode(digits, (const unsigned char *)"\xfb\xff\xfe", 3, text) == 4 && strcmp(text, ".//.") == 0);
	CHECK(base64_decode(digits, text, 4, bytes) == 3 && memcmp(bytes, "\xfb\xff\xfe", 3) == 0);
	return tap_done();
}
