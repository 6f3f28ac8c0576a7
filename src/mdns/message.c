/*
 * A message is taken apart by the C library's functions for DNS, which check each length. What they give is compared
 * with what was asked.
 *
 * An address is kept where it belongs in the order: IPv4, IPv6, link-local IPv6. A machine that answers with all three
 * is reached by the first as a rule.
 */
#include "mdns/message.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FLUSH_BIT 0x8000U /* in the class of a record: RFC 6762, 10.2 */

static int rank(const struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		return 0;
	return IN6_IS_ADDR_LINKLOCAL(address) ? 2 : 1;
}

static bool can_be_connected(const struct in6_addr *address)
{
	const uint8_t *bytes = address->s6_addr;
	if (IN6_IS_ADDR_V4MAPPED(address)) /* 0.0.0.0/8, 127.0.0.0/8, multicast and beyond */
		return bytes[12] != 0 && bytes[12] != IN_LOOPBACKNET && bytes[12] < 224;
	return !IN6_IS_ADDR_UNSPECIFIED(address) && !IN6_IS_ADDR_MULTICAST(address) && !IN6_IS_ADDR_LOOPBACK(address);
}

static void add(struct mdns_addresses *found, const struct in6_addr *address, unsigned interface)
{
	struct mdns_address entry = {*address, rank(address) == 2 ? interface : 0};
	if (found->count == MDNS_ADDRESSES_MAX || !can_be_connected(address))
		return;
	for (size_t i = 0; i < found->count; i++)
		if (memcmp(&found->list[i], &entry, sizeof(entry)) == 0)
			return;
	size_t at = found->count++;
	for (; at > 0 && rank(&found->list[at - 1].address) > rank(address); at--)
		found->list[at] = found->list[at - 1];
	found->list[at] = entry;
}

static void add_ipv4(struct mdns_addresses *found, const void *in)
{
	struct in6_addr in6 = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
	memcpy(in6.s6_addr + 12, in, sizeof(struct in_addr));
	add(found, &in6, 0);
}

/* Whether two names are the same, with or without the last dot. */
static bool same_name(const char *left, const char *right)
{
	size_t length = strlen(left), right_length = strlen(right);
	length -= length && left[length - 1] == '.';
	right_length -= right_length && right[right_length - 1] == '.';
	return length == right_length && strncasecmp(left, right, length) == 0;
}

size_t mdns_question(const char *host, uint16_t id, uint8_t out[static MDNS_QUESTION_MAX])
{
	static const uint16_t types[] = {ns_t_a, ns_t_aaaa};
	uint8_t *at = out + NS_HFIXEDSZ;
	memset(out, 0, MDNS_QUESTION_MAX);
	ns_put16(id, out);
	ns_put16(sizeof(types) / sizeof(types[0]), out + 4); /* the number of questions */
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int length = ns_name_compress(
				host, at, (size_t)(out + MDNS_QUESTION_MAX - NS_QFIXEDSZ - at), NULL, NULL);
		if (length < 0)
			return 0;
		at += length;
		ns_put16(types[i], at);
		ns_put16(ns_c_in, at + NS_INT16SZ);
		at += NS_QFIXEDSZ;
	}
	return (size_t)(at - out);
}

void mdns_answer(const uint8_t *bytes, size_t length, const char *host, uint16_t id, unsigned interface,
		struct mdns_addresses *found)
{
	ns_msg message;
	if (length > MDNS_ANSWER_MAX || ns_initparse(bytes, (int)length, &message) < 0)
		return;
	if (ns_msg_id(message) != id || !ns_msg_getflag(message, ns_f_qr) || ns_msg_getflag(message, ns_f_opcode) ||
			ns_msg_getflag(message, ns_f_rcode))
		return;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		ns_rr record;
		if (ns_parserr(&message, ns_s_an, i, &record) < 0)
			return;
		if ((ns_rr_class(record) & ~FLUSH_BIT) != ns_c_in || !same_name(ns_rr_name(record), host))
			continue;
		if (ns_rr_type(record) == ns_t_a && ns_rr_rdlen(record) == sizeof(struct in_addr)) {
			add_ipv4(found, ns_rr_rdata(record));
		} else if (ns_rr_type(record) == ns_t_aaaa && ns_rr_rdlen(record) == sizeof(struct in6_addr)) {
			struct in6_addr in6;
			memcpy(&in6, ns_rr_rdata(record), sizeof(in6));
			if (!IN6_IS_ADDR_V4MAPPED(&in6))
				add(found, &in6, interface);
		}
	}
}

void mdns_avahi_reply(const char *line, struct mdns_addresses *found)
{
	const char *fields[] = {line, line, line, line, line}; /* +, interface, protocol, name, address */
	char text[INET6_ADDRSTRLEN];
	struct in_addr in;
	struct in6_addr in6;
	for (size_t i = 1; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *blank = strchr(fields[i - 1], ' ');
		if (!blank)
			return;
		fields[i] = blank + 1;
	}
	size_t length = strcspn(fields[4], " \n");
	if (line[0] != '+' || length >= sizeof(text))
		return;
	memcpy(text, fields[4], length);
	text[length] = '\0';
	if (inet_pton(AF_INET, text, &in) == 1)
		add_ipv4(found, &in);
	else if (inet_pton(AF_INET6, text, &in6) == 1 && !IN6_IS_ADDR_V4MAPPED(&in6))
		add(found, &in6, (unsigned)strtoul(fields[1], NULL, 10));
}
