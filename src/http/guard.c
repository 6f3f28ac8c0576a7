/*
 * The rules compare what a request says with what is configured, byte by byte. Nothing is looked up and nothing is
 * remembered.
 */
#include "http/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/net.h"

static bool guard_same(const char *text, size_t length, const char *name, size_t name_length)
{
	return length > 0 && length == name_length && strncasecmp(text, name, length) == 0;
}

static bool guard_all_digits(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

void http_guard_peer(const struct sockaddr *address, struct http_peer *peer)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	*peer = (struct http_peer){.loopback = net_is_loopback(address)};
	if (address->sa_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, peer->text, sizeof(peer->text));
		peer->network = v4->sin_addr.s_addr;
	} else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		uint32_t mapped;
		memcpy(&mapped, &v6->sin6_addr.s6_addr[12], sizeof(mapped));
		inet_ntop(AF_INET, &mapped, peer->text, sizeof(peer->text));
		peer->network = mapped;
	} else if (address->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, peer->text, sizeof(peer->text));
		memcpy(&peer->network, &v6->sin6_addr, sizeof(peer->network));
		memcpy(&peer->host, &v6->sin6_addr.s6_addr[8], sizeof(peer->host));
	}
}

bool http_guard_host(const struct http_config *config, const char *host)
{
	char address[INET6_ADDRSTRLEN];
	struct sockaddr_storage ignored;
	const char *end = *host == '[' ? strchr(host, ']') : host + strcspn(host, ":");
	if (!end)
		return false;
	const char *port = *host == '[' ? end + 1 : end;
	if (*port && !(*port == ':' && guard_all_digits(port + 1)))
		return false;
	if (*host == '[')
		host++;
	size_t length = (size_t)(end - host);
	if (length < sizeof(address)) {
		memcpy(address, host, length);
		address[length] = '\0';
		if (net_address(address, 0, &ignored))
			return true;
	}
	if (*end == ']')
		return false;
	if (length > 0 && host[length - 1] == '.')
		length--;
	if (guard_same(host, length, "localhost", 9))
		return true;
	for (size_t i = 0; i < config->host_count; i++)
		if (guard_same(host, length, config->hosts[i], strlen(config->hosts[i])))
			return true;
	const char *own = config->host_name ? config->host_name : "";
	size_t label = strcspn(own, ".");
	if (guard_same(host, length, own, strlen(own)) || guard_same(host, length, own, label))
		return true;
	return label > 0 && length == label + 6 && guard_same(host, label, own, label) &&
	       strncasecmp(host + label, ".local", 6) == 0;
}

bool http_guard_origin(const char *origin, const char *fetch_site, const char *host)
{
	if (*fetch_site && strcmp(fetch_site, "same-origin") != 0 && strcmp(fetch_site, "none") != 0)
		return false;
	if (!*origin)
		return true;
	const char *authority = strncmp(origin, "http://", 7) == 0    ? origin + 7
				: strncmp(origin, "https://", 8) == 0 ? origin + 8
								      : "";
	return *authority && strcasecmp(authority, host) == 0;
}

bool http_guard_credentials(const struct http_config *config, char credentials[static HTTP_CREDENTIALS_MAX + 1])
{
	unsigned char plain[HTTP_PASSWORD_MAX + 1];
	credentials[0] = '\0';
	if (!config->username)
		return true;
	size_t user = strlen(config->username), password = strlen(config->password);
	if (user > HTTP_PASSWORD_MAX || password > HTTP_PASSWORD_MAX - user)
		return false;
	memcpy(plain, config->username, user);
	plain[user] = ':';
	memcpy(plain + user + 1, config->password, password);
	memcpy(credentials, "Basic ", 6);
	size_t length = 6 + base64_encode(base64_standard, plain, user + 1 + password, credentials + 6);
	while ((length - 6) % 4)
		credentials[length++] = '=';
	credentials[length] = '\0';
	explicit_bzero(plain, sizeof(plain));
	return true;
}

bool http_guard_is_basic(const char *authorization)
{
	return strncasecmp(authorization, "basic ", 6) == 0;
}

size_t http_guard_decode(const char *authorization, char *plain)
{
	if (!http_guard_is_basic(authorization))
		return 0;
	const char *text = authorization + 6;
	ssize_t length = base64_decode(base64_standard, text, strcspn(text, "="), (unsigned char *)plain);
	return length < 0 ? 0 : (size_t)length;
}

bool http_guard_authorized(const char *credentials, const char *authorization)
{
	/* The same credentials have one spelling in base64, so there is nothing to decode. */
	size_t length = strlen(authorization), expected = strlen(credentials);
	volatile unsigned char wrong = length != expected;
	if (!http_guard_is_basic(authorization))
		return false;
	for (size_t i = 6; i < length; i++)
		wrong |= (unsigned char)(authorization[i] ^ credentials[i < expected ? i : expected]);
	return !wrong;
}
