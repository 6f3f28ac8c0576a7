/*
 * Messages of multicast DNS and lines of avahi-daemon, as far as the look-up of a name needs them. Pure functions: no
 * IO. Any thread.
 */
#ifndef PORTCULLIS_MDNS_MESSAGE_H
#define PORTCULLIS_MDNS_MESSAGE_H

#include "mdns/mdns.h"

#define MDNS_QUESTION_MAX 300 /* header, name, two questions */
#define MDNS_ANSWER_MAX 9000  /* RFC 6762, 17 */
#define MDNS_LINE_MAX 512     /* of avahi-daemon, with its end */

/*
 * Writes a query for the addresses of host, of IPv4 and of IPv6. Returns its length, or 0 when host is no name of DNS
 * (a label of more than 63 bytes, an empty one, more than 255 bytes in all).
 */
size_t mdns_question(const char *host, uint16_t id, uint8_t out[static MDNS_QUESTION_MAX]);

/*
 * Adds the addresses that an answer has for host, each once, as far as there is room. Anything else in bytes is passed
 * over: what is no answer to the query with this id, other names, and addresses to which nobody connects (unspecified,
 * multicast, loopback). interface: the index of the one on which the answer came.
 */
void mdns_answer(const uint8_t *bytes, size_t length, const char *host, uint16_t id, unsigned interface,
		struct mdns_addresses *found);

/*
 * Adds the address in avahi-daemon's reply, "+ INTERFACE PROTOCOL NAME ADDRESS\n", with the same exceptions. line ends
 * with a NUL.
 */
void mdns_avahi_reply(const char *line, struct mdns_addresses *found);

#endif
