/*
 * One GET /healthz on a connection of its own, with one deadline for all of it. It may block: it runs in the process of
 * --healthcheck, not in the agent's.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/net.h"
#include "http/http.h"

static int healthcheck_ask(const struct http_config *config, int *fd, const struct sockaddr_storage *address,
		socklen_t length, int64_t deadline_ms, char *answer, size_t size)
{
	/* HTTP/1.0: no Host is needed, and the answer ends with the connection. */
	static const char request[] = "GET /healthz HTTP/1.0\r\n\r\n";
	int error = net_connect(*fd, (const struct sockaddr *)address, length, deadline_ms);
	if (error < 0)
		return error;
	if (config->secure)
		*fd = config->secure(config->secure_user, *fd);
	if (*fd < 0)
		return *fd;
	if (send(*fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1)
		return -errno;
	ssize_t received = net_receive(*fd, answer, size - 1, deadline_ms); /* what does not fit is dropped */
	answer[received < 0 ? 0 : received] = '\0';
	return received < 0 ? (int)received : 0;
}

/* A wildcard is where a server listens, not where it can be asked. */
static void healthcheck_to_loopback(struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	if (address->ss_family == AF_INET && in->sin_addr.s_addr == htonl(INADDR_ANY))
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
		in6->sin6_addr = in6addr_loopback;
}

int http_healthcheck(const struct http_config *config, int timeout_ms, char error[static HTTP_ERROR_MAX])
{
	int64_t deadline_ms = loop_now_ms() + timeout_ms;
	struct sockaddr_storage address;
	char answer[2048] = "";
	socklen_t length = net_address(config->address, config->port, &address);
	if (length == 0) {
		snprintf(error, HTTP_ERROR_MAX, "%s is no address", config->address);
		return -EINVAL;
	}
	healthcheck_to_loopback(&address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int failed = fd < 0 ? -errno
			    : healthcheck_ask(config, &fd, &address, length, deadline_ms, answer, sizeof(answer));
	if (fd >= 0)
		close(fd);
	if (failed < 0) {
		snprintf(error, HTTP_ERROR_MAX, "no answer from the agent at %s port %u: %s", config->address,
				config->port, strerror(-failed));
		return failed;
	}
	long status = strncmp(answer, "HTTP/1.", 7) == 0 && answer[7] != '\0' ? strtol(answer + 8, NULL, 10) : 0;
	if (status == 200) {
		error[0] = '\0';
		return 0;
	}
	const char *body = strstr(answer, "\r\n\r\n");
	body = body ? body + 4 : "";
	if (status == 0)
		snprintf(error, HTTP_ERROR_MAX, "what answers at %s port %u is no HTTP server", config->address,
				config->port);
	else
		snprintf(error, HTTP_ERROR_MAX, "the agent answers %ld: %.*s", status, (int)strcspn(body, "\r\n"),
				body);
	return -EHOSTDOWN;
}
