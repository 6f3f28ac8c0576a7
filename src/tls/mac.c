/* One call of Mbed TLS, which allocates its state of the hash. */
#include "tls/mac.h"

#include <mbedtls/md.h>

bool tls_mac(const unsigned char key[static TLS_MAC_BYTES], const void *data, size_t length,
		unsigned char mac[static TLS_MAC_BYTES])
{
	const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	return sha256 && mbedtls_md_hmac(sha256, key, TLS_MAC_BYTES, data, length, mac) == 0;
}
