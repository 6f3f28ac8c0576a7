/*
 * One request on a connection of its own, with one deadline for all of it. HTTP/1.0: the answer ends with the connection,
 * and is not cut into chunks.
 */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/net.h"

static int supervisor_fail(char error[static SUPERVISOR_ERROR_MAX], const char *what, int code)
{
	snprintf(error, SUPERVISOR_ERROR_MAX, "%s: %s", what, strerror(-code));
	return code;
}

int supervisor_read(const char *answer, size_t length, struct document_service *service,
		char error[static SUPERVISOR_ERROR_MAX])
{
	static const char begin[] = "HTTP/1.";
	char said[DOCUMENT_SAID_MAX];
	const char *body = memmem(answer, length, "\r\n\r\n", 4);
	const char *status = answer + sizeof("HTTP/1.1 ") - 1;
	if (!body || length < sizeof("HTTP/1.1 200") - 1 || memcmp(answer, begin, sizeof(begin) - 1) != 0 ||
			strspn(status, "0123456789") != 3) {
		snprintf(error, SUPERVISOR_ERROR_MAX, "what answers is no HTTP server");
		return -EINVAL;
	}
	body += 4;
	int failed = document_read_service(body, length - (size_t)(body - answer), service, said);
	if (failed == 0 && memcmp(status, "200", 3) != 0)
		failed = -EINVAL;
	if (failed == -ENOENT)
		snprintf(error, SUPERVISOR_ERROR_MAX, "it says: %s", said);
	else if (failed < 0)
		snprintf(error, SUPERVISOR_ERROR_MAX, "its answer (HTTP status %.3s) cannot be used%s%s", status,
				*said ? ": " : "", said);
	return failed;
}

/* Its length or -errno. The copy of the token in request is wiped; the environment has it as long as the agent runs. */
static ssize_t supervisor_exchange(int fd, const char *token, char *answer, size_t size, int64_t until_ms)
{
	char request[SUPERVISOR_TOKEN_MAX + 128];
	int length = snprintf(request, sizeof(request),
			"GET /services/mqtt HTTP/1.0\r\nHost: supervisor\r\nAuthorization: Bearer %s\r\n\r\n", token);
	ssize_t sent = send(fd, request, (size_t)length, MSG_NOSIGNAL);
	int error = errno;
	explicit_bzero(request, sizeof(request));
	if (sent != length)
		return sent < 0 ? -error : -EAGAIN;
	return net_receive(fd, answer, size, until_ms);
}

int supervisor_ask(const char *address, uint16_t port, const char *token, int timeout_ms,
		struct document_service *service, char error[static SUPERVISOR_ERROR_MAX])
{
	char answer[SUPERVISOR_ANSWER_MAX];
	int64_t until_ms = loop_now_ms() + timeout_ms;
	struct sockaddr_storage to;
	socklen_t length = net_address(address, port, &to);
	size_t token_length = strlen(token);
	for (size_t i = 0; i < token_length; i++)
		if (token[i] <= ' ' || token[i] > '~')
			token_length = 0;
	if (length == 0)
		return supervisor_fail(error, "its address", -EINVAL);
	if (token_length == 0 || token_length > SUPERVISOR_TOKEN_MAX) {
		snprintf(error, SUPERVISOR_ERROR_MAX,
				"SUPERVISOR_TOKEN is empty, longer than %d bytes, or has a blank or a character that is not ASCII",
				SUPERVISOR_TOKEN_MAX);
		return -EINVAL;
	}
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return supervisor_fail(error, "no socket", -errno);
	int failed = net_connect(fd, (const struct sockaddr *)&to, length, until_ms);
	ssize_t received = failed < 0 ? failed : supervisor_exchange(fd, token, answer, sizeof(answer), until_ms);
	close(fd);
	if (received < 0)
		failed = supervisor_fail(error, "no answer", (int)received);
	else if (received == sizeof(answer))
		failed = supervisor_fail(error, "its answer", -EMSGSIZE);
	else
		failed = supervisor_read(answer, (size_t)received, service, error);
	explicit_bzero(answer, sizeof(answer));
	return failed;
}
