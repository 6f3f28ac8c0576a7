/* Who is let in: hosts, origins, passwords. */
#include "http/guard.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/net.h"
#include "tap.h"

static const struct http_config config = {
		.address = "0.0.0.0",
		.hosts = {"garage.example", "Tor.example"},
		.host_count = 2,
		.host_name = "raspberrypi.fritz.box",
};

static void test_hosts(void)
{
	static const struct {
		const char *host;
		bool known;
	} table[] = {
			{"localhost", true},
			{"localhost:8080", true},
			{"LocalHost", true},
			{"localhost.", true},
			{"localhost:", true},
			{"127.0.0.1", true},
			{"192.168.1.20:8080", true},
			{"[::1]", true},
			{"[::1]:8080", true},
			{"[2001:db8::1]:80", true},
			{"garage.example", true},
			{"garage.example:443", true},
			{"GARAGE.EXAMPLE", true},
			{"tor.example", true},
			{"raspberrypi", true},
			{"raspberrypi.fritz.box", true},
			{"raspberrypi.local", true},
			{"RaspberryPi.Local.:8080", true},
			{"", false},
			{":8080", false},
			{".", false},
			{"evil.example", false},
			{"garage.example.evil.example", false},
			{"evil.garage.example", false},
			{"garage.exampl", false},
			{"raspberrypi.evil", false},
			{"raspberrypi.localx", false},
			{"xraspberrypi.local", false},
			{"raspberrypi..local", false},
			{".local", false},
			{"localhost.evil.example", false},
			{"127.0.0.1.evil.example", false},
			{"127.0.0.1:8080.evil.example", false},
			{"localhost:80x", false},
			{"localhost:80:80", false},
			{"localhost@evil.example", false},
			{"evil.example:80@localhost", false},
			{"[::1", false},
			{"[::1]x", false},
			{"[::1].evil.example", false},
			{"[localhost]", false},
			{"[]", false},
			{"::1", false},
			{"1270.0.0.1", false},
			{"2130706433", false},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("host \"%s\" is %s", table[i].host, table[i].known ? "answered" : "refused");
		CHECK(http_guard_host(&config, table[i].host) == table[i].known);
	}
	tap_case("without a host name the empty name and .local are still refused");
	CHECK(!http_guard_host(&(struct http_config){0}, ".local"));
	CHECK(!http_guard_host(&(struct http_config){.host_name = ""}, ""));
	CHECK(!http_guard_host(&(struct http_config){.host_name = ""}, ".local"));
	CHECK(http_guard_host(&(struct http_config){0}, "localhost"));
}

static void test_origins(void)
{
	static const struct {
		const char *origin, *fetch_site, *host;
		bool ours;
	} table[] = {
			{"", "", "garage.local:8080", true}, /* curl */
			{"http://garage.local:8080", "", "garage.local:8080", true},
			{"https://garage.local", "", "garage.local", true},
			{"http://GARAGE.local", "", "garage.LOCAL", true},
			{"http://[::1]:8080", "", "[::1]:8080", true},
			{"http://garage.local:8080", "same-origin", "garage.local:8080", true},
			{"", "none", "garage.local:8080", true},
			{"", "cross-site", "garage.local:8080", false},
			{"", "same-site", "garage.local:8080", false},
			{"", "Same-Origin", "garage.local:8080", false},
			{"", "nonsense", "garage.local:8080", false},
			{"http://garage.local:8080", "cross-site", "garage.local:8080", false},
			{"http://evil.example", "same-origin", "garage.local:8080", false},
			{"http://evil.example", "", "garage.local:8080", false},
			{"http://garage.local:3000", "", "garage.local:8080", false},
			{"http://garage.local", "", "garage.local:8080", false},
			{"http://garage.local:8080.evil.example", "", "garage.local:8080", false},
			{"http://evil.example/garage.local:8080", "", "garage.local:8080", false},
			{"null", "", "garage.local:8080", false},
			{"null", "", "null", false},
			{"garage.local:8080", "", "garage.local:8080", false},
			{"file://", "", "garage.local:8080", false},
			{"http://", "", "", false},
			{"http://garage.local", "", "", false},
			{"chrome-extension://garage.local:8080", "", "garage.local:8080", false},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("Origin \"%s\", Sec-Fetch-Site \"%s\" at \"%s\" is %s", table[i].origin, table[i].fetch_site,
				table[i].host, table[i].ours ? "taken" : "refused");
		CHECK(http_guard_origin(table[i].origin, table[i].fetch_site, table[i].host) == table[i].ours);
	}
}

static void test_passwords(void)
{
	char credentials[HTTP_CREDENTIALS_MAX + 1], longest[HTTP_PASSWORD_MAX + 2];
	tap_case("Basic credentials of RFC 7617's example");
	CHECK(http_guard_credentials(
			&(struct http_config){.username = "Aladdin", .password = "open sesame"}, credentials));
	CHECK(strcmp(credentials, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == 0);
	CHECK(http_guard_authorized(credentials, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
	CHECK(http_guard_authorized(credentials, "basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
	static const char *const wrong[] = {
			"",
			"Basic",
			"Basic ",
			"Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
			"QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
			"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=",
			"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==x",
			"Basic QWxhZGRpbjpvcGVuIHNlc2FtZA==",
			"Basic xWxhZGRpbjpvcGVuIHNlc2FtZQ==",
			"Basic qwxhZGRpbjpvcGVuIHNlc2FtZQ==",
			"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
			"Basic QWxhZGRpbjo=",
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		tap_case("refused: \"%s\"", wrong[i]);
		CHECK(!http_guard_authorized(credentials, wrong[i]));
	}
	tap_case("without a password no credentials are right, and nothing behind them is read");
	char *none = strdup(""); /* of its own, so that a sanitizer sees it */
	CHECK(!http_guard_authorized(none, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
	CHECK(!http_guard_authorized(none, "Basic "));
	free(none);
	tap_case("every length of password is coded with the right padding");
	CHECK(http_guard_credentials(&(struct http_config){.username = "u", .password = ""}, credentials));
	CHECK(strcmp(credentials, "Basic dTo=") == 0);
	CHECK(http_guard_credentials(&(struct http_config){.username = "u", .password = "p"}, credentials));
	CHECK(strcmp(credentials, "Basic dTpw") == 0);
	CHECK(http_guard_credentials(&(struct http_config){.username = "u", .password = "p\xc3\xa4"}, credentials));
	CHECK(strcmp(credentials, "Basic dTpww6Q=") == 0);
	tap_case("the longest password fits and a longer one is refused");
	memset(longest, 'x', sizeof(longest));
	longest[HTTP_PASSWORD_MAX - 1] = '\0';
	CHECK(http_guard_credentials(&(struct http_config){.username = "u", .password = longest}, credentials));
	CHECK(strlen(credentials) == HTTP_CREDENTIALS_MAX);
	longest[HTTP_PASSWORD_MAX - 1] = 'x';
	longest[HTTP_PASSWORD_MAX] = '\0';
	CHECK(!http_guard_credentials(&(struct http_config){.username = "u", .password = longest}, credentials));
	tap_case("no user name, no credentials");
	CHECK(http_guard_credentials(&(struct http_config){0}, credentials) && credentials[0] == '\0');
}

static void test_peers(void)
{
	static const struct {
		const char *address, *text;
		unsigned char network[8];
		bool loopback;
	} table[] = {
			{"192.0.2.7", "192.0.2.7", {192, 0, 2, 7}, false},
			{"127.0.0.1", "127.0.0.1", {127, 0, 0, 1}, true},
			{"::ffff:192.0.2.7", "192.0.2.7", {192, 0, 2, 7}, false},
			{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", {0x20, 1, 0xd, 0xb8, 0, 1, 0, 2}, false},
			{"::1", "::1", {0}, true},
	};
	struct http_peer peer;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("%s asks: named, and counted as its network", table[i].address);
		struct sockaddr_storage address;
		uint64_t network;
		memcpy(&network, table[i].network, sizeof(network));
		CHECK(net_address(table[i].address, 80, &address) > 0);
		http_guard_peer((struct sockaddr *)&address, &peer);
		CHECK(strcmp(peer.text, table[i].text) == 0 && peer.network == network);
		CHECK(peer.loopback == table[i].loopback);
	}
	tap_case("a UNIX socket is loopback and has no name");
	http_guard_peer(&(struct sockaddr){.sa_family = AF_UNIX}, &peer);
	CHECK(peer.loopback && peer.text[0] == '\0' && peer.network == 0);
	tap_case("another kind of address is neither");
	http_guard_peer(&(struct sockaddr){.sa_family = AF_APPLETALK}, &peer);
	CHECK(!peer.loopback && peer.text[0] == '\0');
}

static void test_decoding(void)
{
	static const struct {
		const char *header, *plain;
	} table[] = {
			{"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin:open sesame"}, /* RFC 7617, section 2 */
			{"basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin:open sesame"},
			{"Basic dGVzdDoxMjPCow==", "test:123\xc2\xa3"}, /* RFC 7617, section 2.1 */
			{"Basic YTpi", "a:b"},
			{"Basic YTpiYw", "a:bc"},
			{"Basic ", ""},
			{"Basic =", ""},
			{"Basic YT*i", ""},
			{"Basic YTpi YTpi", ""},
			{"Bearer YTpi", ""},
			{"", ""},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("\"%s\" holds \"%s\"", table[i].header, table[i].plain);
		char plain[64];
		size_t length = http_guard_decode(table[i].header, plain);
		CHECK(length == strlen(table[i].plain) && memcmp(plain, table[i].plain, length) == 0);
	}
}

int main(void)
{
	test_hosts();
	test_origins();
	test_passwords();
	test_peers();
	test_decoding();
	return tap_done();
}
