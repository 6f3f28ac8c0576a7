/*
 * The answer of avahi-daemon is final: it keeps what it heard, and knows when nobody answers. Without it, a query goes
 * out at once, after one and after three seconds (RFC 6762, 5.2), from a port of our own, so that each answer comes to
 * that port (6.7). It counts if it comes from multicast DNS's port at an address of the local network (11). The kernel
 * sends what goes to a group out by the interface to whose address the socket is bound.
 */
#include "mdns/mdns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/net.h"
#include "mdns/message.h"

#define PORT 5353
#define AVAHI_SOCKET "/run/avahi-daemon/socket"
#define REPEAT_MS 1000 /* and twice as long each time */
#define OTHERS_MS 100
#define AT_ONCE_MAX 64 /* datagrams */
#define SOCKETS_MAX 16

/* ---- The daemon of this machine. ---- */

/* Connects, asks, and reads one line. Returns 0 or -errno. */
static int ask_avahi(const char *command, const char *host, int64_t until_ms, char line[static MDNS_LINE_MAX])
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = AVAHI_SOCKET};
	size_t length = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int error = net_connect(fd, (const struct sockaddr *)&address, sizeof(address), until_ms);
	int asked = snprintf(line, MDNS_LINE_MAX, "%s %s\n", command, host);
	if (!error && (asked >= MDNS_LINE_MAX || send(fd, line, (size_t)asked, MSG_NOSIGNAL) != asked))
		error = -EIO;
	while (!error) {
		error = net_wait(fd, POLLIN, until_ms);
		ssize_t got = error ? 0 : recv(fd, line + length, MDNS_LINE_MAX - 1 - length, 0);
		if (got <= 0) {
			error = error ? error : got < 0 ? -errno : -ECONNRESET;
			break;
		}
		length += (size_t)got;
		if (memchr(line, '\n', length) || length == MDNS_LINE_MAX - 1)
			break;
	}
	line[length] = '\0';
	close(fd);
	return error;
}

/* Returns 0 when the daemon has answered, found or not, or -errno. */
static int resolve_by_avahi(const char *host, int64_t until_ms, struct mdns_addresses *found)
{
	static const char *const commands[] = {"RESOLVE-HOSTNAME-IPV4", "RESOLVE-HOSTNAME-IPV6"};
	char line[MDNS_LINE_MAX];
	int error = 0;
	for (size_t i = 0; i < 2 && !error && found->count == 0; i++) {
		int64_t now_ms = loop_now_ms();
		error = ask_avahi(commands[i], host, i ? until_ms : now_ms + (until_ms - now_ms) / 2, line);
		if (!error)
			mdns_avahi_reply(line, found);
		else if (error == -ETIMEDOUT && i == 0)
			error = 0; /* no address of IPv4 that it knows of */
	}
	return error;
}

/* ---- The network. ---- */

struct query {
	const char *host;
	uint16_t id;
	uint8_t question[MDNS_QUESTION_MAX];
	size_t length;
	struct ifaddrs *interfaces;
	/* One for each address of an interface, which sends and hears by that alone. */
	struct pollfd sockets[SOCKETS_MAX];
	const struct ifaddrs *ways[SOCKETS_MAX];
	nfds_t count;
};

static bool can_multicast(const struct ifaddrs *interface)
{
	if (!interface->ifa_addr || !(interface->ifa_flags & IFF_UP) || !(interface->ifa_flags & IFF_MULTICAST))
		return false;
	if (interface->ifa_addr->sa_family == AF_INET)
		return interface->ifa_netmask;
	return interface->ifa_addr->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)interface->ifa_addr)->sin6_addr);
}

static socklen_t length_of(const struct sockaddr *address)
{
	return address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* Passes over an address that cannot be bound: it may just be going. */
static void open_sockets(struct query *query)
{
	const int hops = 255; /* RFC 6762, 11 */
	for (const struct ifaddrs *way = query->interfaces; way && query->count < SOCKETS_MAX; way = way->ifa_next) {
		if (!can_multicast(way))
			continue;
		int family = way->ifa_addr->sa_family;
		int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0 || bind(fd, way->ifa_addr, length_of(way->ifa_addr)) < 0) {
			if (fd >= 0)
				close(fd);
			continue;
		}
		if (family == AF_INET)
			setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops));
		else
			setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
		query->ways[query->count] = way;
		query->sockets[query->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
}

/* Returns how many interfaces have taken the question. */
static size_t ask_network(const struct query *query)
{
	size_t sent = 0;
	for (nfds_t i = 0; i < query->count; i++) {
		const struct sockaddr *here = query->ways[i]->ifa_addr;
		struct sockaddr_storage group;
		socklen_t length = net_address(here->sa_family == AF_INET ? "224.0.0.251" : "ff02::fb", PORT, &group);
		if (here->sa_family == AF_INET6)
			((struct sockaddr_in6 *)&group)->sin6_scope_id =
					((const struct sockaddr_in6 *)here)->sin6_scope_id;
		if (sendto(query->sockets[i].fd, query->question, query->length, 0, (const struct sockaddr *)&group,
				    length) > 0)
			sent++;
	}
	return sent;
}

/* Whether it comes from multicast DNS's port at an address of the network to which way leads. */
static bool is_answer_from(const struct ifaddrs *way, const struct sockaddr_storage *from)
{
	if (from->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
		return in6->sin6_port == htons(PORT) && IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr);
	}
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;
	in_addr_t here = ((const struct sockaddr_in *)way->ifa_addr)->sin_addr.s_addr;
	in_addr_t mask = ((const struct sockaddr_in *)way->ifa_netmask)->sin_addr.s_addr;
	return in->sin_port == htons(PORT) && ((in->sin_addr.s_addr ^ here) & mask) == 0;
}

/* Takes in what has come, of a flood a part. */
static void listen_once(const struct query *query, nfds_t i, struct mdns_addresses *found)
{
	uint8_t bytes[MDNS_ANSWER_MAX];
	struct sockaddr_storage from;
	for (int n = 0; n < AT_ONCE_MAX; n++) {
		socklen_t size = sizeof(from);
		memset(&from, 0, sizeof(from));
		ssize_t got = recvfrom(query->sockets[i].fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size);
		if (got < 0)
			return;
		if (is_answer_from(query->ways[i], &from))
			mdns_answer(bytes, (size_t)got, query->host, query->id,
					if_nametoindex(query->ways[i]->ifa_name), found);
	}
}

static int await_answers(struct query *query, int64_t until_ms, struct mdns_addresses *found)
{
	int64_t repeat_ms = REPEAT_MS, ask_ms = loop_now_ms();
	for (int64_t now_ms = ask_ms; now_ms < until_ms; now_ms = loop_now_ms()) {
		if (now_ms >= ask_ms && found->count == 0) {
			if (ask_network(query) == 0)
				return -ENETDOWN;
			ask_ms = now_ms + repeat_ms;
			repeat_ms *= 2;
		}
		int64_t next_ms = found->count == 0 && ask_ms < until_ms ? ask_ms : until_ms;
		if (poll(query->sockets, query->count, (int)(next_ms - now_ms)) < 0 && errno != EINTR)
			return -errno;
		bool first = found->count == 0;
		for (nfds_t i = 0; i < query->count; i++)
			listen_once(query, i, found);
		if (first && found->count > 0 && loop_now_ms() + OTHERS_MS < until_ms)
			until_ms = loop_now_ms() + OTHERS_MS;
	}
	return found->count > 0 ? 0 : -ENOENT;
}

static int resolve_by_network(const char *host, int64_t until_ms, struct mdns_addresses *found)
{
	struct query query = {.host = host};
	if (getrandom(&query.id, sizeof(query.id), GRND_NONBLOCK) < 0)
		query.id = (uint16_t)loop_now_ms();
	query.length = mdns_question(host, query.id, query.question);
	if (query.length == 0)
		return -ENOENT;
	if (getifaddrs(&query.interfaces) < 0)
		return -errno;
	open_sockets(&query);
	int error = await_answers(&query, until_ms, found);
	for (nfds_t i = 0; i < query.count; i++)
		close(query.sockets[i].fd);
	freeifaddrs(query.interfaces);
	return error;
}

/* ---- Both. ---- */

bool mdns_is_local(const char *host)
{
	size_t length = strlen(host);
	length -= length > 0 && host[length - 1] == '.';
	return length > 6 && strncasecmp(host + length - 6, ".local", 6) == 0;
}

bool mdns_is_pinned(const char *host)
{
	FILE *file = fopen("/etc/hosts", "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	while (file && !found && getline(&line, &size, file) >= 0) {
		char *rest = line;
		line[strcspn(line, "#\n")] = '\0';
		for (size_t n = 0; !found && rest;) {
			const char *word = strsep(&rest, " \t");
			found = *word && n++ > 0 && strcasecmp(word, host) == 0; /* the first is the address */
		}
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

int mdns_resolve(const char *host, int64_t until_ms, struct mdns_addresses *found)
{
	*found = (struct mdns_addresses){.count = 0};
	int error = resolve_by_avahi(host, until_ms, found);
	if (error && loop_now_ms() < until_ms)
		return resolve_by_network(host, until_ms, found);
	return found->count > 0 ? 0 : -ENOENT;
}

/* Whether the interface is one end of a pair whose other end is in another network namespace, as a container's is. */
static bool is_half_of_a_pair(const char *name)
{
	char path[64], number[16], ignored[IF_NAMESIZE];
	unsigned other = 0;
	snprintf(path, sizeof(path), "/sys/class/net/%.15s/iflink", name);
	FILE *file = fopen(path, "re");
	if (file && fgets(number, sizeof(number), file))
		other = (unsigned)strtoul(number, NULL, 10);
	if (file)
		fclose(file);
	return other && other != if_nametoindex(name) && !if_indextoname(other, ignored);
}

const char *mdns_obstacle(void)
{
	struct ifaddrs *interfaces;
	bool any = false, outside = false;
	if (access(AVAHI_SOCKET, F_OK) == 0 || getifaddrs(&interfaces) < 0)
		return NULL;
	for (const struct ifaddrs *interface = interfaces; interface; interface = interface->ifa_next) {
		if (!can_multicast(interface))
			continue;
		any = true;
		outside |= !is_half_of_a_pair(interface->ifa_name);
	}
	freeifaddrs(interfaces);
	if (!any)
		return "no network is up on this machine now";
	return outside ? NULL : "this container has a network of its own: give it the host's (network_mode: host)";
}
