#include "base/net.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "tap.h"

int main(void)
{
	static const struct {
		const char *text;
		bool address, loopback, link_local;
	} rows[] = {
			{"127.0.0.1", true, true, false},
			{"127.255.0.9", true, true, false},
			{"128.0.0.1", true, false, false},
			{"0.0.0.0", true, false, false},
			{"127.evil.example", false, false, false},
			{"127.0.0.1.example", false, false, false},
			{"127.1", false, false, false},
			{"127.0.0.1:80", false, false, false},
			{"[::1]", false, false, false},
			{"::1", true, true, false},
			{"0:0:0:0:0:0:0:1", true, true, false},
			{"0000:0000:0000:0000:0000:0000:0000:0001", true, true, false},
			{"::ffff:127.0.0.1", true, true, false},
			{"::ffff:7f00:1", true, true, false},
			{"::FFFF:127.9.9.9", true, true, false},
			{"::ffff:10.0.0.1", true, false, false},
			{"::127.0.0.1", true, false, false},
			{"::", true, false, false},
			{"fe80::1", true, false, true},
			{"febf::1", true, false, true},
			{"fec0::1", true, false, false},
			{"fe80::1%eth0", false, false, true},
			{"fe80::1%", false, false, true},
			{"fd00::1%eth0", false, false, false},
			{"localhost", false, true, false},
			{"LocalHost", false, true, false},
			{"localhost.example", false, false, false},
			{"", false, false, false},
			{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", false, false, false},
	};
	struct sockaddr_storage address;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_case("\"%s\"", rows[i].text);
		socklen_t length = net_address(rows[i].text, 8080, &address);
		CHECK((length > 0) == rows[i].address);
		CHECK(net_is_loopback_host(rows[i].text) == rows[i].loopback);
		CHECK(net_is_link_local(rows[i].text) == rows[i].link_local);
		if (length > 0)
			CHECK(net_is_loopback((const struct sockaddr *)&address) == rows[i].loopback);
	}

	char text[NET_PRINT_MAX];
	static const struct {
		const char *host, *text;
	} prints[] = {
			{"broker.example", "broker.example:1883"},
			{"192.0.2.1", "192.0.2.1:1883"},
			{"::1", "[::1]:1883"},
			{"fe80::1%eth0", "[fe80::1%eth0]:1883"},
	};
	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
		tap_case("printed: %s", prints[i].text);
		net_print(prints[i].host, 1883, text);
		CHECK(strcmp(text, prints[i].text) == 0);
	}

	tap_case("the port arrives, in either family");
	CHECK(net_address("1.2.3.4", 8080, &address) == sizeof(struct sockaddr_in));
	CHECK(((const struct sockaddr_in *)&address)->sin_port == htons(8080));
	CHECK(net_address("::2", 8080, &address) == sizeof(struct sockaddr_in6));
	CHECK(((const struct sockaddr_in6 *)&address)->sin6_port == htons(8080));

	tap_case("a socket of the machine's own is loopback, another family is not");
	memset(&address, 0, sizeof(address));
	address.ss_family = AF_UNIX;
	CHECK(net_is_loopback((const struct sockaddr *)&address));
	address.ss_family = AF_PACKET;
	CHECK(!net_is_loopback((const struct sockaddr *)&address));

	tap_case("addresses that the machine has, and has not");
	CHECK(net_is_here("127.0.0.1", 0) && net_is_here("0.0.0.0", 0));
	CHECK(!net_is_here("192.0.2.77", 80) && !net_is_here("2001:db8::77", 8080));
	CHECK(net_is_here("no address", 0));
	return tap_done();
}
