/* Messages of multicast DNS and replies of avahi-daemon, byte by byte. */
#include <arpa/inet.h>
#include <string.h>

#include "mdns/message.h"
#include "tap.h"

#define NAME "\x0dhomeassistant\x05local"
#define HOST "homeassistant.local"
#define ID 0x1234
#define HEAD(answers) "\x12\x34\x84\x00\x00\x00\x00" answers "\x00\x00\x00\x00"
#define A(class, address) "\x00\x01" class "\x00\x00\x00\x0a\x00\x04" address
#define AAAA(address) "\x00\x1c\x80\x01\x00\x00\x00\x0a\x00\x10" address
#define GLOBAL "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05"
#define LINK_LOCAL "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x07"
#define INTERFACE 3

/* What an answer gives, as text: addresses with a blank between them, %INTERFACE behind a link-local one. */
static const char *text_of(const struct mdns_addresses *found)
{
	static char text[MDNS_ADDRESSES_MAX * (INET6_ADDRSTRLEN + 8)];
	size_t length = 0;
	text[0] = '\0';
	for (size_t i = 0; i < found->count; i++) {
		char address[INET6_ADDRSTRLEN];
		inet_ntop(AF_INET6, &found->list[i].address, address, sizeof(address));
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s", i ? " " : "", address);
		if (found->list[i].interface)
			length += (size_t)snprintf(
					text + length, sizeof(text) - length, "%%%u", found->list[i].interface);
	}
	return text;
}

struct answer {
	const char *what;
	const char *bytes;
	size_t length;
	const char *gives;
};

#define ANSWER(what, bytes, gives) {what, bytes, sizeof(bytes) - 1, gives}

static const struct answer answers[] = {
		ANSWER("one address of IPv4", HEAD("\x01") NAME "\0" A("\x80\x01", "\xc0\xa8\x01\x05"),
				"::ffff:192.168.1.5"),
		ANSWER("without the flush bit", HEAD("\x01") NAME "\0" A("\x00\x01", "\xc0\xa8\x01\x05"),
				"::ffff:192.168.1.5"),
		ANSWER("in capitals", HEAD("\x01") "\x0dHomeAssistant\x05LOCAL\0" A("\x80\x01", "\x0a\x00\x00\x01"),
				"::ffff:10.0.0.1"),
		ANSWER("all kinds, in the order in which they are tried",
				HEAD("\x03") NAME "\0" AAAA(LINK_LOCAL) "\xc0\x0c" AAAA(GLOBAL) "\xc0\x0c" A(
						"\x80\x01", "\x0a\x00\x00\x01"),
				"::ffff:10.0.0.1 2001:db8::5 fe80::7%3"),
		ANSWER("the same twice",
				HEAD("\x02") NAME
				"\0" A("\x80\x01", "\x0a\0\0\1") "\xc0\x0c" A("\x80\x01", "\x0a\0\0\1"),
				"::ffff:10.0.0.1"),
		ANSWER("two machines' answers",
				HEAD("\x02") NAME
				"\0" A("\x80\x01", "\x0a\0\0\1") "\xc0\x0c" A("\x80\x01", "\x0a\0\0\2"),
				"::ffff:10.0.0.1 ::ffff:10.0.0.2"),
		ANSWER("another name", HEAD("\x01") "\x07printer\x05local\0" A("\x80\x01", "\x0a\0\0\1"), ""),
		ANSWER("a longer name", HEAD("\x01") "\x0ehomeassistant2\x05local\0" A("\x80\x01", "\x0a\0\0\1"), ""),
		ANSWER("another class", HEAD("\x01") NAME "\0" A("\x00\x03", "\x0a\0\0\1"), ""),
		ANSWER("another id", "\x12\x35\x84\0\0\0\0\x01\0\0\0\0" NAME "\0" A("\x80\x01", "\x0a\0\0\1"), ""),
		ANSWER("a question", "\x12\x34\0\0\0\0\0\x01\0\0\0\0" NAME "\0" A("\x80\x01", "\x0a\0\0\1"), ""),
		ANSWER("an error", "\x12\x34\x84\x03\0\0\0\x01\0\0\0\0" NAME "\0" A("\x80\x01", "\x0a\0\0\1"), ""),
		ANSWER("another kind of message",
				"\x12\x34\xa4\0\0\0\0\x01\0\0\0\0" NAME "\0" A("\x80\x01", "\x0a\0\0\1"), ""),
		ANSWER("loopback", HEAD("\x01") NAME "\0" A("\x80\x01", "\x7f\0\0\1"), ""),
		ANSWER("no address", HEAD("\x01") NAME "\0" A("\x80\x01", "\0\0\0\0"), ""),
		ANSWER("multicast", HEAD("\x01") NAME "\0" A("\x80\x01", "\xe0\0\0\xfb"), ""),
		ANSWER("IPv4 inside IPv6", HEAD("\x01") NAME "\0" AAAA("\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1"), ""),
		ANSWER("an address of five bytes", HEAD("\x01") NAME "\0\x00\x01\x80\x01\0\0\0\x0a\0\x05\x0a\0\0\1\2",
				""),
		ANSWER("more answers than there are", HEAD("\x02") NAME "\0" A("\x80\x01", "\x0a\0\0\1"), ""),
		ANSWER("a name that points to itself", HEAD("\x01") "\xc0\x0c" A("\x80\x01", "\x0a\0\0\1"), ""),
		ANSWER("a name that points beyond the end", HEAD("\x01") "\xcf\xff" A("\x80\x01", "\x0a\0\0\1"), ""),
		ANSWER("nothing", "", ""),
		ANSWER("half a head", "\x12\x34\x84\0\0", ""),
};

static void answered(void)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct mdns_addresses found = {.count = 0};
		tap_case("answer: %s", answers[i].what);
		mdns_answer((const uint8_t *)answers[i].bytes, answers[i].length, HOST, ID, INTERFACE, &found);
		if (!CHECK(strcmp(text_of(&found), answers[i].gives) == 0))
			printf("# %s, expected %s\n", text_of(&found), answers[i].gives);
		for (size_t length = 0; length < answers[i].length;
				length++) { /* cut off anywhere: the sanitizer looks on */
			found.count = 0;
			mdns_answer((const uint8_t *)answers[i].bytes, length, HOST, ID, INTERFACE, &found);
		}
	}
	tap_case("answer: more addresses than there is room for, and the last dot of the name");
	struct mdns_addresses found = {.count = 0};
	for (char last = 1; last < 20; last++) {
		char bytes[] = HEAD("\x01") NAME "\0" A("\x80\x01", "\x0a\x00\x00\x00");
		bytes[sizeof(bytes) - 2] = last;
		mdns_answer((const uint8_t *)bytes, sizeof(bytes) - 1, HOST ".", ID, INTERFACE, &found);
	}
	CHECK(found.count == MDNS_ADDRESSES_MAX && found.list[MDNS_ADDRESSES_MAX - 1].address.s6_addr[15] == 8);
}

static void asked(void)
{
	static const char expected[] = "\x12\x34\0\0\0\x02\0\0\0\0\0\0" NAME "\0\0\x01\0\x01" NAME "\0\0\x1c\0\x01";
	uint8_t bytes[MDNS_QUESTION_MAX];
	char longest[260];
	tap_case("question: for both kinds of address");
	CHECK(mdns_question(HOST, ID, bytes) == sizeof(expected) - 1 &&
			memcmp(bytes, expected, sizeof(expected) - 1) == 0);
	CHECK(mdns_question(HOST ".", ID, bytes) == sizeof(expected) - 1);
	tap_case("question: names that cannot be asked for");
	CHECK(mdns_question("two..dots.local", ID, bytes) == 0);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + 64, ".local", 7);
	CHECK(mdns_question(longest, ID, bytes) == 0);
	memcpy(longest + 63, ".local", 7);
	CHECK(mdns_question(longest, ID, bytes) > 0);
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 50; i < sizeof(longest); i += 50)
		longest[i] = '.';
	longest[sizeof(longest) - 1] = '\0';
	CHECK(mdns_question(longest, ID, bytes) == 0);
}

static void replied(void)
{
	static const struct {
		const char *line, *gives;
	} replies[] = {
			{"+ 2 0 homeassistant.local 192.168.1.5\n", "::ffff:192.168.1.5"},
			{"+ 2 1 homeassistant.local fe80::7\n", "fe80::7%2"},
			{"+ 2 1 homeassistant.local 2001:db8::5\n", "2001:db8::5"},
			{"- 15 Timeout reached\n", ""},
			{"+ 2 0 homeassistant.local 127.0.0.1\n", ""},
			{"+ 2 0 homeassistant.local\n", ""},
			{"+ 2 0 homeassistant.local 192.168.1.5.6\n", ""},
			{"+ x\n", ""},
			{"", ""},
	};
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		struct mdns_addresses found = {.count = 0};
		tap_case("avahi-daemon's reply: %.40s",
				*replies[i].line ? strtok(strdupa(replies[i].line), "\n") : "nothing");
		mdns_avahi_reply(replies[i].line, &found);
		CHECK(strcmp(text_of(&found), replies[i].gives) == 0);
	}
}

static void local(void)
{
	tap_case("which names are local");
	CHECK(mdns_is_local("homeassistant.local") && mdns_is_local("Pi.LOCAL") && mdns_is_local("a.b.local."));
	CHECK(!mdns_is_local("local") && !mdns_is_local(".local") && !mdns_is_local("pi.local.lan") &&
			!mdns_is_local("xlocal") && !mdns_is_local("") && !mdns_is_local("."));
}

int main(void)
{
	local();
	asked();
	answered();
	replied();
	return tap_done();
}
