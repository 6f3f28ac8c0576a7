/* The count of an eventfd adds up until it is read: it is read before the call, so that no wake-up is lost. */
#include "base/wake.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void wake_ready(struct loop_source *source, uint32_t events)
{
	const struct wake *wake = source->user;
	eventfd_t count;
	(void)events;
	eventfd_read(source->fd, &count);
	wake->woken(wake->user);
}

int wake_open(struct wake *wake, struct loop *loop, void (*woken)(void *user), void *user)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	*wake = (struct wake){.loop = loop, .woken = woken, .user = user, .open = true};
	wake->source = (struct loop_source){.fd = fd, .ready = wake_ready, .user = wake};
	int error = loop ? loop_add(loop, &wake->source, EPOLLIN) : 0;
	if (error < 0)
		wake_close(wake);
	return error;
}

void wake_up(const struct wake *wake)
{
	eventfd_write(wake->source.fd, 1);
}

int wake_fd(const struct wake *wake)
{
	return wake->source.fd;
}

void wake_mute(struct wake *wake)
{
	loop_remove(wake->loop, &wake->source);
}

void wake_close(struct wake *wake)
{
	if (!wake->open)
		return;
	wake_mute(wake);
	close(wake->source.fd);
	wake->open = false;
}
