/*
 * An address is judged by its bytes, never by its text: 127.0.0.1 is also written ::ffff:127.0.0.1, and ::1 also
 * 0:0:0:0:0:0:0:1.
 */
#include "base/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/loop.h"

socklen_t net_address(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}
	return 0;
}

void net_print(const char *host, uint16_t port, char text[static NET_PRINT_MAX])
{
	bool brackets = strchr(host, ':');
	snprintf(text, NET_PRINT_MAX, "%s%.253s%s:%u", brackets ? "[" : "", host, brackets ? "]" : "", port);
}

bool net_is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
	if (address->sa_family != AF_INET6)
		return address->sa_family == AF_UNIX;
	const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
	return IN6_IS_ADDR_LOOPBACK(in6) || (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == 127);
}

bool net_is_loopback_host(const char *host)
{
	struct sockaddr_storage address;
	if (net_address(host, 0, &address) > 0)
		return net_is_loopback((const struct sockaddr *)&address);
	return strcasecmp(host, "localhost") == 0;
}

bool net_is_link_local(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr in6;
	size_t length = strcspn(text, "%");
	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	return inet_pton(AF_INET6, address, &in6) == 1 && IN6_IS_ADDR_LINKLOCAL(&in6);
}

bool net_is_here(const char *text, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t length = net_address(text, port, &address);
	int fd = length > 0 ? socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
	if (fd < 0)
		return true;
	bool here = bind(fd, (const struct sockaddr *)&address, length) == 0 || errno != EADDRNOTAVAIL;
	close(fd);
	return here;
}

int net_wait(int fd, short events, int64_t until_ms)
{
	struct pollfd wanted = {.fd = fd, .events = events};
	for (;;) {
		int64_t left_ms = until_ms - loop_now_ms();
		int ready = poll(&wanted, 1, left_ms < 0 ? 0 : (int)left_ms);
		if (ready > 0)
			return 0;
		if (ready == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

ssize_t net_receive(int fd, void *bytes, size_t size, int64_t until_ms)
{
	size_t length = 0;
	while (length < size) {
		int waited = net_wait(fd, POLLIN, until_ms);
		if (waited < 0)
			return waited;
		ssize_t received = recv(fd, (char *)bytes + length, size - length, 0);
		if (received == 0)
			break;
		if (received < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (received > 0)
			length += (size_t)received;
	}
	return (ssize_t)length;
}

int net_connect(int fd, const struct sockaddr *address, socklen_t length, int64_t until_ms)
{
	int error = 0;
	socklen_t size = sizeof(error);
	if (connect(fd, address, length) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	int waited = net_wait(fd, POLLOUT, until_ms);
	if (waited < 0)
		return waited;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -errno : -error;
}
