/* The signature is the standard's. */
#include "tls/mac.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"

int main(void)
{
	unsigned char key[TLS_MAC_BYTES] = {0}, mac[TLS_MAC_BYTES];
	char digits[2 * TLS_MAC_BYTES + 1];
	/* RFC 4231, 4.2 and 4.3; a key is followed by zeros to the length of a block, so a shorter one is the same. */
	static const struct {
		const char *data, *mac;
	} table[] = {
			{"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
			{"what do ya want for nothing?",
					"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	};
	for (size_t i = 0; i < 2; i++) {
		tap_case("HMAC-SHA-256 of \"%s\"", table[i].data);
		memset(key, 0, sizeof(key));
		if (i == 0)
			memset(key, 0x0b, 20);
		else
			memcpy(key, "Jefe", 4);
		CHECK(tls_mac(key, table[i].data, strlen(table[i].data), mac));
		for (size_t j = 0; j < TLS_MAC_BYTES; j++)
			snprintf(digits + 2 * j, 3, "%02x", mac[j]);
		CHECK(strcmp(digits, table[i].mac) == 0);
	}
	return tap_done();
}
