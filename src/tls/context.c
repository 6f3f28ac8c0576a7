/*
 * What the files say, as mbedTLS has it: trust, a certificate and its key, and what each role allows. A file is read as a
 * whole or refused with a sentence; a CA that mbedTLS does not know is left out, with a warning.
 */
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/pem.h>
#include <mbedtls/platform_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/read.h"
#include "tls/private.h"

#define FILE_MAX_BYTES (4 * 1024 * 1024) /* a system's bundle has a quarter of a megabyte */
#define TICKET_LIFETIME_S 86400

/* Where systems keep the CAs that they trust. */
static const char *const bundles[] = {
		"/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Gentoo */
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
		"/etc/pki/tls/certs/ca-bundle.crt",                  /* older Fedora and RHEL */
		"/etc/ssl/ca-bundle.pem",                            /* openSUSE */
		"/etc/ssl/cert.pem",                                 /* Alpine, OpenWrt */
};

/* Forward secret and authenticated, or not at all. ChaCha20 first: most of our machines have no AES instructions. */
static const int suites[] = {
		MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
		MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
		MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		0,
};

static const uint16_t groups[] = {
		MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

/*
 * PKCS #1 before PSS, which TLS 1.3 needs: mbedTLS 3.6.6 offers PSS to servers of TLS 1.2, too, and then refuses it
 * there (mbedTLS pull request 10672). A server that keeps to our order is not led into that; for one that does not,
 * there is tls_context_avoid_pss.
 */
static const uint16_t signatures[] = {
		MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
		MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
		MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
		MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
		MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
		MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
		MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
		MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
		MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
		MBEDTLS_TLS1_3_SIG_NONE,
};

static const uint16_t signatures_without_pss[] = {
		MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
		MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
		MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
		MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
		MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
		MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
		MBEDTLS_TLS1_3_SIG_NONE,
};

int tls_places_set(struct tls_places *places, const struct tls_files *files)
{
	const char *const paths[] = {files->ca_file, files->certificate_file, files->key_file, files->key_password_file,
			files->pinned_file};
	memset(places, 0, sizeof(*places));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (paths[i] && strlen(paths[i]) > TLS_PATH_MAX)
			return -ENAMETOOLONG;
		if (paths[i])
			memcpy(places->paths[i], paths[i], strlen(paths[i]));
	}
	return 0;
}

static const char *place(const struct tls_places *places, size_t i)
{
	return *places->paths[i] ? places->paths[i] : NULL;
}

struct tls_files tls_places_files(const struct tls_places *places)
{
	return (struct tls_files){.ca_file = place(places, 0),
			.certificate_file = place(places, 1),
			.key_file = place(places, 2),
			.key_password_file = place(places, 3),
			.pinned_file = place(places, 4)};
}

const char *tls_system_bundle(void)
{
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++)
		if (access(bundles[i], R_OK) == 0)
			return bundles[i];
	return NULL;
}

static void forget(char *bytes)
{
	mbedtls_platform_zeroize(bytes, strlen(bytes));
	free(bytes);
}

/* The whole file, terminated as mbedTLS wants PEM; given back with forget. NULL with the reason in error. */
static char *context_read(const char *path, char error[static TLS_ERROR_MAX])
{
	char *bytes = NULL;
	struct stat status = {0};
	int code = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
	if (fd < 0 || fstat(fd, &status) < 0)
		code = errno;
	else if (!S_ISREG(status.st_mode))
		code = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
	else if (status.st_size > FILE_MAX_BYTES)
		code = EFBIG;
	else if (!(bytes = calloc(1, (size_t)status.st_size + 1)))
		code = ENOMEM;
	ssize_t got = code ? 0 : read_all(fd, bytes, (size_t)status.st_size);
	if (got < 0)
		code = (int)-got;
	if (fd >= 0)
		close(fd);
	if (!code)
		return bytes;
	if (bytes)
		forget(bytes);
	snprintf(error, TLS_ERROR_MAX, "TLS: cannot read %s: %s%s", path, strerror(code),
			code == EACCES ? "; the agent's user must be allowed to" : "");
	return NULL;
}

const char *tls_unsupported(int code)
{
	switch (-(-code & 0xff80)) { /* mbedTLS adds what its ASN.1 reader says, which has the lower seven bits */
	case MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG:
	case MBEDTLS_ERR_X509_SIG_MISMATCH:
	case MBEDTLS_ERR_X509_UNKNOWN_OID:
	case MBEDTLS_ERR_X509_INVALID_ALG:
	case MBEDTLS_ERR_PK_UNKNOWN_PK_ALG:
	case MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE:
	case MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE:
		return "its key or its signature is of a kind that mbedTLS does not know, such as Ed25519 (RSA and ECDSA it knows)";
	case MBEDTLS_ERR_X509_INVALID_EXTENSIONS:
		return (-code & 0x7f) == -MBEDTLS_ERR_ASN1_UNEXPECTED_TAG
				       ? "it has a critical extension that mbedTLS does not know, such as name constraints"
				       : NULL;
	case MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE:
		return "it has a feature that mbedTLS does not know";
	default:
		return NULL;
	}
}

/* What could not be read of a file of certificates. */
struct unread {
	size_t certificates, damaged, unsupported;
	size_t first; /* counted from 1 */
	int code;     /* mbedTLS's, of the first */
};

static void note_unread(struct unread *unread, int code)
{
	if (unread->damaged + unread->unsupported == 0) {
		unread->first = unread->certificates;
		unread->code = code;
	}
	*(tls_unsupported(code) ? &unread->unsupported : &unread->damaged) += 1;
}

/* One by one, since mbedTLS tells of a whole file only how many it could not read. */
static void parse_each(char *pem, mbedtls_x509_crt *chain, struct unread *unread)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
	for (char *at = strstr(pem, begin); at; at = strstr(at, begin)) {
		char *after = strstr(at, end);
		unread->certificates++;
		if (!after) {
			note_unread(unread, MBEDTLS_ERR_PEM_NO_HEADER_FOOTER_PRESENT);
			return;
		}
		after += strlen(end);
		char kept = *after;
		*after = '\0';
		int code = mbedtls_x509_crt_parse(chain, (unsigned char *)at, (size_t)(after - at) + 1);
		*after = kept;
		at = after;
		if (code)
			note_unread(unread, code);
	}
}

/* How a file of certificates is taken whose own are not all readable. */
enum tolerance {
	ALL_NEEDED, /* a chain, of which none may be missing */
	TOLD,     /* CAs: those that mbedTLS does not support are left out, which is told; damaged ones are an error */
	NOT_TOLD, /* the system's CAs, which nobody has chosen one by one */
};

static int read_certificates(const char *path, mbedtls_x509_crt *chain, enum tolerance tolerance,
		char warning[static TLS_ERROR_MAX], char error[static TLS_ERROR_MAX])
{
	struct unread unread = {.certificates = 0};
	char *pem = context_read(path, error);
	if (!pem)
		return -EINVAL;
	parse_each(pem, chain, &unread);
	bool key = strstr(pem, "PRIVATE KEY-----");
	forget(pem);
	size_t missing = unread.damaged + unread.unsupported;
	if (unread.certificates == 0) {
		snprintf(error, TLS_ERROR_MAX, "TLS: %s holds no certificate (PEM is expected)%s", path,
				key ? ", but a private key: are the two files mixed up?" : "");
		return -EINVAL;
	}
	if (missing == 0 || (tolerance == NOT_TOLD && missing < unread.certificates))
		return 0;
	const char *reason = tls_unsupported(unread.code);
	char damaged[48];
	snprintf(damaged, sizeof(damaged), "is it damaged? (mbedTLS -0x%04x)", (unsigned)-unread.code);
	bool good = tolerance == TOLD && unread.damaged == 0 && missing < unread.certificates;
	snprintf(good ? warning : error, TLS_ERROR_MAX,
			"TLS: %zu of the certificates in %s cannot be read%s; the first is number %zu of %zu: %s",
			missing, path, good ? " and are left out" : "", unread.first, unread.certificates,
			reason ? reason : damaged);
	return good ? 0 : -EINVAL;
}

static int read_key_password(
		const char *path, char password[static TLS_PASSWORD_MAX + 1], char error[static TLS_ERROR_MAX])
{
	char *text = context_read(path, error);
	if (!text)
		return -EINVAL;
	const char *first = strncmp(text, "\ufeff", 3) == 0 ? text + 3 : text; /* an editor's byte order mark */
	size_t length = strcspn(first, "\r\n");
	int failed = 0;
	if (length > TLS_PASSWORD_MAX) {
		snprintf(error, TLS_ERROR_MAX, "TLS: the password in %s is longer than %d bytes", path,
				TLS_PASSWORD_MAX);
		failed = -EINVAL;
	} else {
		memcpy(password, first, length);
		password[length] = '\0';
	}
	forget(text);
	return failed;
}

static int read_key(const struct tls_files *files, mbedtls_pk_context *key, char error[static TLS_ERROR_MAX])
{
	char password[TLS_PASSWORD_MAX + 1] = "";
	if (files->key_password_file && read_key_password(files->key_password_file, password, error))
		return -EINVAL;
	char *pem = context_read(files->key_file, error);
	if (!pem) {
		mbedtls_platform_zeroize(password, sizeof(password));
		return -EINVAL;
	}
	size_t length = strlen(password);
	int result = mbedtls_pk_parse_key(key, (unsigned char *)pem, strlen(pem) + 1,
			length ? (unsigned char *)password : NULL, length, mbedtls_psa_get_random,
			MBEDTLS_PSA_RANDOM_STATE);
	mbedtls_platform_zeroize(password, sizeof(password));
	bool any = strstr(pem, "PRIVATE KEY-----");
	forget(pem);
	switch (result) {
	case 0:
		return 0;
	case MBEDTLS_ERR_PK_PASSWORD_REQUIRED:
		snprintf(error, TLS_ERROR_MAX, "TLS: the key in %s is encrypted: %s", files->key_file,
				files->key_password_file ? "its password file is empty"
							 : "give its password in key_password_file");
		break;
	case MBEDTLS_ERR_PK_PASSWORD_MISMATCH:
		snprintf(error, TLS_ERROR_MAX, "TLS: the password in %s does not open the key in %s",
				files->key_password_file, files->key_file);
		break;
	default:
		if (!any)
			snprintf(error, TLS_ERROR_MAX, "TLS: %s holds no private key (PEM is expected)",
					files->key_file);
		else
			snprintf(error, TLS_ERROR_MAX,
					"TLS: the key in %s cannot be read (mbedTLS -0x%04x): is it damaged, or neither RSA nor ECDSA?",
					files->key_file, (unsigned)-result);
	}
	return -EINVAL;
}

static int read_own(struct tls_context *context, const struct tls_files *files, char error[static TLS_ERROR_MAX])
{
	int failed = read_certificates(files->certificate_file, &context->own, ALL_NEEDED, context->warning, error);
	if (!failed)
		failed = read_key(files, &context->key, error);
	if (failed)
		return failed;
	if (mbedtls_pk_check_pair(&context->own.pk, &context->key, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE)) {
		snprintf(error, TLS_ERROR_MAX,
				"TLS: the key in %s is not that of the first certificate in %s: they must be made as a pair, and the own certificate comes before the intermediate ones",
				files->key_file, files->certificate_file);
		return -EINVAL;
	}
	context->certificate_path = files->certificate_file;
	return 0;
}

static int read_trust(struct tls_context *context, const struct tls_files *files, char error[static TLS_ERROR_MAX])
{
	context->pinned = files->pinned_file;
	context->trust_path = files->pinned_file ? files->pinned_file
			      : files->ca_file   ? files->ca_file
						 : tls_system_bundle();
	if (!context->trust_path) {
		snprintf(error, TLS_ERROR_MAX,
				"TLS: this system has no bundle of CA certificates where Debian, Fedora or Alpine keep it (%s): install ca-certificates, or set ca_file",
				bundles[0]);
		return -ENOENT;
	}
	enum tolerance tolerance = files->pinned_file ? ALL_NEEDED : files->ca_file ? TOLD : NOT_TOLD;
	return read_certificates(context->trust_path, &context->trust, tolerance, context->warning, error);
}

static int configure_role(struct tls_context *context, enum tls_role role)
{
	mbedtls_ssl_config *config = &context->config;
	int result = mbedtls_ssl_config_defaults(config,
			role == TLS_CLIENT ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
			MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
	if (result)
		return result;
	mbedtls_ssl_conf_rng(config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
	mbedtls_ssl_conf_ciphersuites(config, suites);
	/* A resumed session is forward secret, too: no psk_ke. */
	mbedtls_ssl_conf_tls13_key_exchange_modes(config, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
	mbedtls_ssl_conf_groups(config, groups);
	mbedtls_ssl_conf_sig_algs(config, signatures);
	if (context->certificate_path) {
		result = mbedtls_ssl_conf_own_cert(config, &context->own, &context->key);
		if (result)
			return result;
	}
	if (role == TLS_CLIENT) {
		mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
		mbedtls_ssl_conf_ca_chain(config, &context->trust, NULL);
		mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
				config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
		return 0;
	}
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_NONE); /* of the clients: the page has a password */
	result = mbedtls_ssl_ticket_setup(&context->tickets, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE,
			MBEDTLS_CIPHER_AES_256_GCM, TICKET_LIFETIME_S);
	mbedtls_ssl_conf_session_tickets_cb(
			config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &context->tickets);
	return result;
}

int tls_context_new(enum tls_role role, const struct tls_files *from, struct tls_context **out,
		char error[static TLS_ERROR_MAX])
{
	struct tls_context *context = calloc(1, sizeof(*context));
	int failed = context ? tls_places_set(&context->places, from) : -ENOMEM;
	if (failed) {
		snprintf(error, TLS_ERROR_MAX, "TLS: %s", context ? "the path of a file is too long" : "out of memory");
		free(context);
		return failed;
	}
	const struct tls_files own = tls_places_files(&context->places), *files = &own;
	atomic_init(&context->references, 1);
	mbedtls_ssl_config_init(&context->config);
	mbedtls_x509_crt_init(&context->trust);
	mbedtls_x509_crt_init(&context->own);
	mbedtls_pk_init(&context->key);
	mbedtls_ssl_ticket_init(&context->tickets);

	if (files->certificate_file)
		failed = read_own(context, files, error);
	if (!failed && role == TLS_CLIENT)
		failed = read_trust(context, files, error);
	int result = failed ? 0 : configure_role(context, role);
	if (result) {
		snprintf(error, TLS_ERROR_MAX, "TLS: mbedTLS cannot be set up (-0x%04x)", (unsigned)-result);
		failed = -EINVAL;
	}
	if (failed)
		tls_context_put(context);
	else
		*out = context;
	return failed;
}

struct tls_context *tls_context_get(struct tls_context *context)
{
	atomic_fetch_add(&context->references, 1);
	return context;
}

void tls_context_put(struct tls_context *context)
{
	if (!context || atomic_fetch_sub(&context->references, 1) > 1)
		return;
	mbedtls_ssl_config_free(&context->config);
	mbedtls_x509_crt_free(&context->trust);
	mbedtls_x509_crt_free(&context->own);
	mbedtls_pk_free(&context->key);
	mbedtls_ssl_ticket_free(&context->tickets);
	free(context);
}

void tls_context_avoid_pss(struct tls_context *context)
{
	mbedtls_ssl_conf_max_tls_version(&context->config, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_sig_algs(&context->config, signatures_without_pss);
}

void tls_context_forget_trust(struct tls_context *context)
{
	mbedtls_ssl_conf_ca_chain(&context->config, NULL, NULL);
	mbedtls_x509_crt_free(&context->trust);
	mbedtls_x509_crt_init(&context->trust);
	memory_give_back();
}

void tls_stamp(enum tls_role role, const struct tls_files *files, struct tls_stamp *stamp)
{
	bool system = role == TLS_CLIENT && !files->ca_file && !files->pinned_file;
	const char *const paths[] = {files->certificate_file, files->key_file, files->key_password_file,
			system ? tls_system_bundle() : files->ca_file, files->pinned_file};
	memset(stamp, 0, sizeof(*stamp));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct stat status;
		if (!paths[i] || stat(paths[i], &status) < 0)
			continue;
		stamp->files[i].device = status.st_dev;
		stamp->files[i].inode = status.st_ino;
		stamp->files[i].size = (uint64_t)status.st_size;
		stamp->files[i].seconds = status.st_mtim.tv_sec;
		stamp->files[i].nanoseconds = status.st_mtim.tv_nsec;
	}
}

bool tls_stamp_same(const struct tls_stamp *a, const struct tls_stamp *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
