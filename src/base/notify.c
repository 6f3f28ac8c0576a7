/* The protocol of sd_notify(3): a datagram for each word, to the socket that the environment names. */
#include "base/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	if (!path || (path[0] != '/' && path[0] != '@'))
		return 0;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	if (length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	int error = sent < 0 ? -errno : 0;
	close(fd);
	return error;
}

int notify_reloading(void)
{
	char state[64];
	struct timespec now = {.tv_sec = 0};
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
			(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	return notify_send(state);
}

int64_t notify_watchdog_ms(void)
{
	const char *limit = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	if (!limit || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	long long usec = strtoll(limit, NULL, 10);
	return usec >= 1000 ? usec / 1000 : 0;
}
