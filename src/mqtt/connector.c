/*
 * The attempt belongs to two, its thread and the loop's side: whoever lets go of it last frees it. The thread fills in
 * the result, sets done and wakes the loop, which looks at the result only after that.
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
#include <sys/socket.h>
#include <unistd.h>

#include "base/net.h"
#include "base/thread.h"
#include "base/wake.h"
#include "mdns/mdns.h"

#define STACK_BYTES (512 * 1024)
#define ADDRESSES_MAX 16
#define MULTICAST_LIMIT_MS 4000

struct mqtt_connector {
	atomic_int owners; /* the loop's side and the thread */
	atomic_bool looked_up, done;
	struct wake wake;
	char host[NI_MAXHOST];
	char port[8];
	int64_t connect_limit_ms;
	struct mqtt_connector_result result; /* the thread's until done */

	/* The loop's side. */
	void (*ended)(void *user, const struct mqtt_connector_result *result);
	void *user;
};

static void disown(struct mqtt_connector *connector)
{
	if (atomic_fetch_sub(&connector->owners, 1) > 1)
		return;
	if (connector->result.fd >= 0)
		close(connector->result.fd);
	wake_close(&connector->wake);
	free(connector);
}

struct addresses {
	struct sockaddr_storage list[ADDRESSES_MAX];
	size_t count;
};

static int try_address(const struct sockaddr_storage *address, int64_t until_ms, int *connected)
{
	socklen_t length = address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	int error = net_connect(fd, (const struct sockaddr *)address, length, until_ms);
	if (error < 0)
		close(fd);
	else
		*connected = fd;
	return error;
}

/* A static glibc would load its name service modules from a foreign system: these two are built in. */
static void use_built_in_name_services(void)
{
	if (getauxval(AT_BASE) == 0) /* no dynamic linker: a static program */
		__nss_configure_lookup("hosts", "files dns");
}

static void take_local(const struct mdns_addresses *found, uint16_t port, struct addresses *addresses)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct mdns_address *from = &found->list[i];
		struct sockaddr_storage *to = &addresses->list[addresses->count++];
		*to = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
		if (IN6_IS_ADDR_V4MAPPED(&from->address)) {
			struct sockaddr_in *in = (struct sockaddr_in *)to;
			*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
			memcpy(&in->sin_addr, from->address.s6_addr + 12, sizeof(in->sin_addr));
		} else {
			*(struct sockaddr_in6 *)to = (struct sockaddr_in6){.sin6_family = AF_INET6,
					.sin6_port = htons(port),
					.sin6_addr = from->address,
					.sin6_scope_id = from->interface};
		}
	}
}

/* Fills in the result's local, name and error. */
static void look_up(const struct mqtt_connector *connector, struct mqtt_connector_result *result,
		struct addresses *addresses)
{
	struct mdns_addresses found;
	if (mdns_is_local(connector->host) && !mdns_is_pinned(connector->host)) {
		result->local = mdns_resolve(connector->host, loop_now_ms() + MULTICAST_LIMIT_MS, &found);
		if (!result->local) {
			take_local(&found, (uint16_t)strtoul(connector->port, NULL, 10), addresses);
			return;
		}
	}
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, use_built_in_name_services);
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	result->name = getaddrinfo(connector->host, connector->port, &hints, &list);
	if (result->name == EAI_SYSTEM)
		result->error = -errno;
	if (result->name)
		return;
	result->local = 0;
	for (const struct addrinfo *entry = list; entry && addresses->count < ADDRESSES_MAX; entry = entry->ai_next)
		if (entry->ai_addrlen <= sizeof(addresses->list[0]))
			memcpy(&addresses->list[addresses->count++], entry->ai_addr, entry->ai_addrlen);
	freeaddrinfo(list);
}

static void *connector_run(void *argument)
{
	struct mqtt_connector *connector = argument;
	struct mqtt_connector_result *result = &connector->result;
	struct addresses addresses = {.count = 0};
	look_up(connector, result, &addresses);
	atomic_store(&connector->looked_up, true);
	int64_t until_ms = loop_now_ms() + connector->connect_limit_ms;
	for (size_t i = 0; i < addresses.count && result->fd < 0; i++) {
		int64_t now_ms = loop_now_ms(), left = (int64_t)(addresses.count - i);
		result->error = try_address(&addresses.list[i], now_ms + (until_ms - now_ms) / left, &result->fd);
	}
	atomic_store(&connector->done, true);
	wake_up(&connector->wake);
	disown(connector);
	return NULL;
}

static void connector_woken(void *woken)
{
	struct mqtt_connector *connector = woken;
	if (!atomic_load(&connector->done))
		return;
	struct mqtt_connector_result result = connector->result;
	connector->result.fd = -1;
	void (*ended)(void *user, const struct mqtt_connector_result *result) = connector->ended;
	void *user = connector->user;
	wake_mute(&connector->wake);
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
	connector->ended = ended;
	connector->user = user;

	pthread_t thread;
	int error = wake_open(&connector->wake, loop, connector_woken, connector);
	if (!error)
		error = thread_start(&thread, STACK_BYTES, connector_run, connector);
	if (error) {
		wake_close(&connector->wake);
		free(connector);
		return error;
	}
	pthread_detach(thread);
	*out = connector;
	return 0;
}

bool mqtt_connector_looking_up(const struct mqtt_connector *connector)
{
	return !atomic_load(&connector->looked_up);
}

void mqtt_connector_abandon(struct mqtt_connector *connector)
{
	if (!connector)
		return;
	wake_mute(&connector->wake);
	disown(connector);
}
