/* Signatures with a shared key: HMAC with SHA-256 (RFC 2104, FIPS 198-1). Any thread; no state; does not block. */
#ifndef PORTCULLIS_TLS_MAC_H
#define PORTCULLIS_TLS_MAC_H

#include <stdbool.h>
#include <stddef.h>

#define TLS_MAC_BYTES 32

/* Returns false when memory is short; mac must not be used then. */
bool tls_mac(const unsigned char key[static TLS_MAC_BYTES], const void *data, size_t length,
		unsigned char mac[static TLS_MAC_BYTES]);

#endif
