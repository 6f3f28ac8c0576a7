/*
 * Any bytes as an answer of multicast DNS and as a line of avahi-daemon. Whatever comes, what is found stays within its
 * bounds, in the order that mdns.h promises, each address once, and is nothing to which nobody connects.
 */
#include <stdlib.h>
#include <string.h>

#include "mdns/message.h"

#define HOST "homeassistant.local"
#define ID 0x1234

static void check(bool good)
{
	if (!good)
		abort();
}

static int rank(const struct in6_addr *address)
{
	return IN6_IS_ADDR_V4MAPPED(address) ? 0 : IN6_IS_ADDR_LINKLOCAL(address) ? 2 : 1;
}

static void check_found(const struct mdns_addresses *found)
{
	check(found->count <= MDNS_ADDRESSES_MAX);
	for (size_t i = 0; i < found->count; i++) {
		const struct mdns_address *entry = &found->list[i];
		const uint8_t *bytes = entry->address.s6_addr;
		check(!IN6_IS_ADDR_LOOPBACK(&entry->address) && !IN6_IS_ADDR_MULTICAST(&entry->address));
		check(!IN6_IS_ADDR_V4MAPPED(&entry->address) ||
				(bytes[12] != 127 && bytes[12] != 0 && bytes[12] < 224));
		check((entry->interface != 0) <= (rank(&entry->address) == 2));
		check(i == 0 || rank(&found->list[i - 1].address) <= rank(&entry->address));
		for (size_t j = 0; j < i; j++)
			check(memcmp(&found->list[j], entry, sizeof(*entry)) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mdns_addresses found = {.count = 0};
	char line[MDNS_LINE_MAX];
	mdns_answer(data, size, HOST, ID, 3, &found);
	check_found(&found);
	mdns_answer(data, size, HOST, ID, 4, &found);
	check_found(&found);
	size_t length = size < sizeof(line) - 1 ? size : sizeof(line) - 1;
	memcpy(line, data, length);
	line[length] = '\0';
	mdns_avahi_reply(line, &found);
	check_found(&found);
	return 0;
}
