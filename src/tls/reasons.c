/*
 * From an error of mbedTLS to a sentence for people: what is wrong and, where that is known, what helps. What was seen of
 * the other side counts for more than the code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/text.h"
#include "base/utc.h"
#include "tls/private.h"

#define NAME_MAX_BYTES 96
#define NAMES_MAX_BYTES 160
#define ALERT_BYTE 1      /* RFC 8446, 6: level, description */
#define OLDEST_CLOCK 2026 /* the year this was written: a clock that shows an earlier one was never set */

/* RFC 8446, 6. */
static const struct alert {
	int code;
	const char *text;
	bool ours; /* it is about our certificate */
} alerts[] = {
		{10, "unexpected message", false},
		{20, "bad record: it could not decrypt what we sent", false},
		{22, "record overflow", false},
		{40, "handshake failure", false},
		{42, "bad certificate", true},
		{43, "unsupported certificate", true},
		{44, "certificate revoked", true},
		{45, "certificate expired", true},
		{46, "certificate unknown", true},
		{47, "illegal parameter", false},
		{48, "unknown CA", true},
		{49, "access denied", true},
		{50, "decode error", false},
		{51, "decrypt error", true},
		{70, "protocol version: it speaks neither TLS 1.2 nor 1.3", false},
		{71, "insufficient security", false},
		{80, "internal error: its own log says more", false},
		{86, "inappropriate fallback", false},
		{90, "user cancelled", false},
		{109, "missing extension", false},
		{110, "unsupported extension", false},
		{112, "unrecognized name: it has no certificate for the name that it was asked for", false},
		{116, "certificate required", true},
		{120, "no application protocol", false},
};

/* Begins the next of several sentences. */
static void also(char text[static TLS_ERROR_MAX])
{
	if (*text)
		text_append(text, TLS_ERROR_MAX, "; ");
}

static void subject(const mbedtls_x509_name *name, char text[static NAME_MAX_BYTES])
{
	if (mbedtls_x509_dn_gets(text, NAME_MAX_BYTES, name) <= 0)
		snprintf(text, NAME_MAX_BYTES, "(no readable name)");
}

/* What a peer sends goes into logs, pages and JSON. */
static void append_plain(char *text, size_t size, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		text_append(text, size, "%c", bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '?');
}

static void append_address(char *text, size_t size, const unsigned char *bytes, size_t length)
{
	if (length == 4) {
		text_append(text, size, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
		return;
	}
	for (size_t i = 0; i + 1 < length; i += 2)
		text_append(text, size, "%s%x", i ? ":" : "", bytes[i] << 8 | bytes[i + 1]);
}

/* The names that a certificate is for: DNS names and addresses, or in old ones the common name. */
static void names(const mbedtls_x509_crt *certificate, char text[static NAMES_MAX_BYTES])
{
	const mbedtls_x509_sequence *item = &certificate->subject_alt_names;
	*text = '\0';
	for (; item && item->buf.p; item = item->next) {
		mbedtls_x509_subject_alternative_name name;
		if (mbedtls_x509_parse_subject_alt_name(&item->buf, &name))
			continue;
		const mbedtls_x509_buf *value = &name.san.unstructured_name;
		if (name.type == MBEDTLS_X509_SAN_DNS_NAME || name.type == MBEDTLS_X509_SAN_IP_ADDRESS) {
			if (strlen(text) > NAMES_MAX_BYTES - 48) {
				text_append(text, NAMES_MAX_BYTES, ", ...");
				mbedtls_x509_free_subject_alt_name(&name);
				return;
			}
			text_append(text, NAMES_MAX_BYTES, "%s", *text ? ", " : "");
			if (name.type == MBEDTLS_X509_SAN_DNS_NAME)
				append_plain(text, NAMES_MAX_BYTES, value->p, value->len);
			else
				append_address(text, NAMES_MAX_BYTES, value->p, value->len);
		}
		mbedtls_x509_free_subject_alt_name(&name);
	}
	if (!*text)
		mbedtls_x509_dn_gets(text, NAMES_MAX_BYTES, &certificate->subject);
}

static void judge_date(const struct tls_peer *peer, const mbedtls_x509_crt *certificate, uint32_t flags,
		const char *who, char text[static TLS_ERROR_MAX])
{
	(void)peer;
	char now[UTC_BYTES];
	utc_print(loop_wall_ms(), now);
	also(text);
	if (flags & MBEDTLS_X509_BADCERT_EXPIRED) {
		const mbedtls_x509_time *end = &certificate->valid_to;
		text_append(text, TLS_ERROR_MAX,
				"the certificate \"%s\" expired on %04d-%02d-%02d (the clock here says %.10s)", who,
				end->year, end->mon, end->day, now);
		return;
	}
	const mbedtls_x509_time *begin = &certificate->valid_from;
	text_append(text, TLS_ERROR_MAX,
			"the certificate \"%s\" is not valid before %04d-%02d-%02d %02d:%02d, and the clock here says %.10s %.5s%s",
			who, begin->year, begin->mon, begin->day, begin->hour, begin->min, now, now + 11,
			strtol(now, NULL, 10) < OLDEST_CLOCK
					? ", which cannot be: it must be set, by network time or by hand"
					: " UTC: is that clock right?");
}

static void judge_trust(const struct tls_peer *peer, const mbedtls_x509_crt *certificate, int depth, const char *who,
		char text[static TLS_ERROR_MAX])
{
	char issuer[NAME_MAX_BYTES];
	const char *trust = peer->context->trust_path;
	subject(&certificate->issuer, issuer);
	also(text);
	for (const mbedtls_x509_crt *known = &peer->context->trust; known && known->raw.p; known = known->next)
		if (known->subject_raw.len == certificate->issuer_raw.len &&
				memcmp(known->subject_raw.p, certificate->issuer_raw.p, known->subject_raw.len) == 0) {
			text_append(text, TLS_ERROR_MAX,
					"the CA \"%s\" that signed the certificate has another key than the one of that name in %s: was the CA made anew?",
					issuer, trust);
			return;
		}
	bool own_issuer = certificate->subject_raw.len == certificate->issuer_raw.len &&
			  memcmp(certificate->subject_raw.p, certificate->issuer_raw.p, certificate->subject_raw.len) ==
					  0;
	if (own_issuer && depth == 0)
		text_append(text, TLS_ERROR_MAX,
				"the certificate \"%s\" is self-signed and not in %s: to trust it, put it there or name its file in ca_file",
				who, trust);
	else if (own_issuer)
		text_append(text, TLS_ERROR_MAX, "the certificate is from an unknown CA: \"%s\" is not in %s", who,
				trust);
	else
		text_append(text, TLS_ERROR_MAX,
				"the certificate \"%s\" is from an unknown CA: \"%s\" is not in %s, nor has the server sent an intermediate certificate of that name",
				who, issuer, trust);
}

static void judge_pinned(struct tls_peer *peer, const mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	const mbedtls_x509_buf *only = &peer->context->trust.raw;
	*flags = 0;
	if (depth > 0 || (certificate->raw.len == only->len && memcmp(certificate->raw.p, only->p, only->len) == 0))
		return;
	*flags = MBEDTLS_X509_BADCERT_OTHER;
	text_append(peer->verdict, TLS_ERROR_MAX, "the certificate is not the one in %s", peer->context->trust_path);
}

/* RFC 9110, 4.3.5: an address stands in the certificate as an address. mbedTLS would take it from a common name, too.
 */
static bool address_is_missing(const struct tls_peer *peer, const mbedtls_x509_crt *certificate)
{
	uint32_t address[4];
	return mbedtls_x509_crt_parse_cn_inet_pton(peer->server, address) > 0 && !certificate->subject_alt_names.buf.p;
}

int tls_judge(void *user, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	struct tls_peer *peer = user;
	if (!peer->judged || mbedtls_x509_time_cmp(&certificate->valid_to, &peer->valid_to) < 0)
		peer->valid_to = certificate->valid_to;
	peer->judged = true;
	if (peer->context->pinned) {
		judge_pinned(peer, certificate, depth, flags);
		return 0;
	}
	if (depth == 0 && address_is_missing(peer, certificate))
		*flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
	if (!*flags)
		return 0;

	char who[NAME_MAX_BYTES], list[NAMES_MAX_BYTES];
	char *text = peer->verdict;
	subject(&certificate->subject, who);
	if (*flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) {
		names(certificate, list);
		also(text);
		text_append(text, TLS_ERROR_MAX, "the certificate is for %s, not for %s", list, peer->server);
	}
	if (*flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE))
		judge_date(peer, certificate, *flags, who, text);
	if (*flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY)) {
		also(text);
		text_append(text, TLS_ERROR_MAX,
				"the certificate \"%s\" is too weak: SHA-256, and RSA of 2048 bits or ECDSA, is the least",
				who);
	} else if (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
		judge_trust(peer, certificate, depth, who, text);
	}
	return 0;
}

static void reason_of_alert(const struct tls_peer *peer, int code, char reason[static TLS_ERROR_MAX])
{
	const struct alert *alert = NULL;
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (alerts[i].code == code)
			alert = &alerts[i];
	snprintf(reason, TLS_ERROR_MAX, "TLS: the other side refuses: %s (alert %d)",
			alert ? alert->text : "unknown reason", code);
	const char *own = peer->context->certificate_path;
	if (!peer->server)
		return;
	if (own && (code == 40 || (alert && alert->ours)))
		text_append(reason, TLS_ERROR_MAX, ": the certificate it was shown is that of %s", own);
	else if (code == 40)
		text_append(reason, TLS_ERROR_MAX,
				": it may ask for a client certificate (certificate_file and key_file), or knows none of our ciphers");
	else if (alert && alert->ours)
		text_append(reason, TLS_ERROR_MAX,
				": it asks for a client certificate, set certificate_file and key_file");
}

/* The words for codes that need nothing else; NULL: there are none. */
static const char *words_of(int code)
{
	switch (code) {
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return "the other side ended the connection in the handshake";
	case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
		return "the other side speaks only versions older than TLS 1.2, which are not safe";
	case MBEDTLS_ERR_SSL_INVALID_MAC:
		return "a record was damaged on its way (bad MAC)";
	case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
		return "there is no cipher that both sides know";
	case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
		return "the certificate is not made for a server (its key usage)";
	case MBEDTLS_ERR_SSL_ALLOC_FAILED:
		return "out of memory";
	default:
		return NULL;
	}
}

/* Why the wire is gone, or says nothing. */
static void reason_of_silence(const struct tls_peer *peer, bool shaking_hands, const char *port, int code,
		char reason[static TLS_ERROR_MAX])
{
	bool silent = shaking_hands && !peer->heard;
	if (code == MBEDTLS_ERR_SSL_TIMEOUT)
		snprintf(reason, TLS_ERROR_MAX, "TLS: the other side stalls in the handshake%s%s",
				silent ? ": it has not said a word" : "", silent ? port : "");
	else if (peer->error)
		snprintf(reason, TLS_ERROR_MAX, "TLS: the connection broke%s: %s%s",
				shaking_hands ? " in the handshake" : "", strerror(-peer->error), silent ? port : "");
	else
		snprintf(reason, TLS_ERROR_MAX, "TLS: the other side closed the connection%s%s%s",
				shaking_hands ? " in the handshake" : " without TLS's farewell",
				silent ? ", without a word" : "", silent ? port : "");
}

void tls_reason(const mbedtls_ssl_context *ssl, const struct tls_peer *peer, bool shaking_hands, int code,
		char reason[static TLS_ERROR_MAX])
{
	/* A server's peers are anybody: there is nothing to advise. */
	const char *port = peer->server ? "; is this its port for TLS?" : "";
	const char *words = words_of(code), *unsupported = tls_unsupported(code);
	if (*peer->verdict)
		snprintf(reason, TLS_ERROR_MAX, "TLS: %s", peer->verdict);
	else if (peer->heard && !tls_is_record(peer->first))
		snprintf(reason, TLS_ERROR_MAX, "TLS: the other side speaks something else than TLS%s", port);
	else if (peer->chose_pss)
		snprintf(reason, TLS_ERROR_MAX,
				"TLS: the other side signs with RSA-PSS in TLS 1.2, which mbedTLS refuses: the next try goes without");
	else if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		reason_of_alert(peer, ssl->in_msg ? ssl->in_msg[ALERT_BYTE] : -1, reason);
	else if (code == MBEDTLS_ERR_SSL_CONN_EOF || code == MBEDTLS_ERR_NET_CONN_RESET ||
			code == MBEDTLS_ERR_SSL_TIMEOUT)
		reason_of_silence(peer, shaking_hands, port, code, reason);
	else if (words)
		snprintf(reason, TLS_ERROR_MAX, "TLS: %s", words);
	else if (unsupported)
		snprintf(reason, TLS_ERROR_MAX, "TLS: a certificate of the other side cannot be read: %s", unsupported);
	else
		snprintf(reason, TLS_ERROR_MAX, "TLS: the other side breaks the protocol (mbedTLS -0x%04x)",
				(unsigned)-code);
}
