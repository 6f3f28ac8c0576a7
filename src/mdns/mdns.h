/*
 * Names that end in .local, which machines of the local network answer to themselves, by multicast DNS (RFC 6762). The
 * avahi-daemon of this machine is asked where it runs. Otherwise the question goes to the network, once for each
 * interface, as a one-shot query (5.1 there). Nothing is cached. Any thread.
 *
 * Anybody on the local network can answer for any name: only TLS shows whether it was the right machine.
 */
#ifndef PORTCULLIS_MDNS_MDNS_H
#define PORTCULLIS_MDNS_MDNS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MDNS_ADDRESSES_MAX 8

struct mdns_address {
	struct in6_addr address; /* IPv4 is mapped into it: ::ffff:192.168.1.5 */
	unsigned interface;      /* the index of the interface behind which a link-local address is, else 0 */
};

struct mdns_addresses {
	struct mdns_address list[MDNS_ADDRESSES_MAX]; /* those of IPv4 first, link-local ones last */
	size_t count;
};

/* True for NAME.local and for NAME.local., in capitals, too. */
bool mdns_is_local(const char *host);

/* True if /etc/hosts has the name: then no other answer is wanted. Reads the file, and so may block. */
bool mdns_is_pinned(const char *host);

/*
 * Asks for the addresses of a name for which mdns_is_local is true. Blocks until an answer came, and then a tenth of a
 * second for others of the same name; or until the loop's clock reaches until_ms. Returns 0 or -errno: -ENOENT when
 * nobody answers, -ENETDOWN when no interface is up that can do multicast. found is empty then.
 */
int mdns_resolve(const char *host, int64_t until_ms, struct mdns_addresses *found);

/*
 * For warnings. Returns NULL if .local names can be found from here, or why not, as the end of a sentence (a constant):
 * no network is up, or a container has a network of its own. Looks at the network interfaces, and asks nobody.
 */
const char *mdns_obstacle(void);

#endif
