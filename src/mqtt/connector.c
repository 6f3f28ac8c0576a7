/*
 * The attempt belongs to two, its thread and the loop's side: whoever lets go of it last frees it. The thread fills in
 * the result, sets done and writes the eventfd; the loop looks at the result only after that.
 */
#include "mqtt/connector.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nss.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/net.h"
#include "base/thread.h"

#define STACK_BYTES (512 * 1024)

struct mqtt_connector {
	atomic_int owners; /* the loop's side and the thread */
	atomic_bool looked_up, done;
	int event_fd;
	char host[NI_MAXHOST];
	char port[8];
	int64_t connect_limit_ms;
	struct mqtt_connector_result result; /* the thread's until done */

	/* The loop's side. */
	struct loop *loop;
	struct loop_source source;
	void (*ended)(void *user, const struct mqtt_connector_result *result);
	void *user;
};

static void disown(struct mqtt_connector *connector)
{
	if (atomic_fetch_sub(&connector->owners, 1) > 1)
		return;
	if (connector->result.fd >= 0)
		close(connector->result.fd);
	close(connector->event_fd);
	free(connector);
}

static int try_address(const struct addrinfo *address, int64_t until_ms, int *connected)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	int error = net_connect(fd, address->ai_addr, address->ai_addrlen, until_ms);
	if (error < 0)
		close(fd);
	else
		*connected = fd;
	return -error;
}

/* A static glibc would load its name service modules from a foreign system: these two are built in. */
static void use_built_in_name_services(void)
{
	if (getauxval(AT_BASE) == 0) /* no dynamic linker: a static program */
		__nss_configure_lookup("hosts", "files dns");
}

static void *connector_run(void *argument)
{
	struct mqtt_connector *connector = argument;
	struct mqtt_connector_result *result = &connector->result;

	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, use_built_in_name_services);
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *addresses = NULL;
	result->name = getaddrinfo(connector->host, connector->port, &hints, &addresses);
	if (result->name == EAI_SYSTEM)
		result->error = errno;
	atomic_store(&connector->looked_up, true);
	if (!result->name) {
		int left = 0;
		for (const struct addrinfo *address = addresses; address; address = address->ai_next)
			left++;
		int64_t until_ms = loop_now_ms() + connector->connect_limit_ms;
		for (const struct addrinfo *address = addresses; address && result->fd < 0;
				address = address->ai_next) {
			int64_t now_ms = loop_now_ms();
			result->error = try_address(address, now_ms + (until_ms - now_ms) / left--, &result->fd);
		}
		freeaddrinfo(addresses);
	}
	atomic_store(&connector->done, true);
	eventfd_write(connector->event_fd, 1);
	disown(connector);
	return NULL;
}

static void ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	struct mqtt_connector *connector = source->user;
	if (!atomic_load(&connector->done))
		return;
	struct mqtt_connector_result result = connector->result;
	connector->result.fd = -1;
	void (*ended)(void *user, const struct mqtt_connector_result *result) = connector->ended;
	void *user = connector->user;
	loop_remove(connector->loop, &connector->source);
	disown(connector);
	ended(user, &result);
}

int mqtt_connector_start(struct loop *loop, const char *host, uint16_t port, int64_t connect_limit_ms,
		void (*ended)(void *user, const struct mqtt_connector_result *result), void *user,
		struct mqtt_connector **out)
{
	struct mqtt_connector *connector = calloc(1, sizeof(*connector));
	if (!connector)
		return -ENOMEM;
	atomic_init(&connector->owners, 2);
	snprintf(connector->host, sizeof(connector->host), "%s", host);
	snprintf(connector->port, sizeof(connector->port), "%u", port);
	connector->connect_limit_ms = connect_limit_ms;
	connector->result.fd = -1;
	connector->loop = loop;
	connector->ended = ended;
	connector->user = user;

	int error = 0;
	connector->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (connector->event_fd < 0) {
		error = -errno;
		goto free_connector;
	}
	connector->source = (struct loop_source){.fd = connector->event_fd, .ready = ready, .user = connector};
	error = loop_add(loop, &connector->source, EPOLLIN);
	if (error)
		goto close_event;

	pthread_t thread;
	error = thread_start(&thread, STACK_BYTES, connector_run, connector);
	if (error)
		goto remove_source;
	pthread_detach(thread);
	*out = connector;
	return 0;

remove_source:
	loop_remove(loop, &connector->source);
close_event:
	close(connector->event_fd);
free_connector:
	free(connector);
	return error;
}

bool mqtt_connector_looking_up(const struct mqtt_connector *connector)
{
	return !atomic_load(&connector->looked_up);
}

void mqtt_connector_abandon(struct mqtt_connector *connector)
{
	if (!connector)
		return;
	loop_remove(connector->loop, &connector->source);
	disown(connector);
}
