#include "http/gate.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define RIGHT "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="    /* Aladdin:open sesame, RFC 7617 */
#define WRONG "Basic QWxhZGRpbjpvcGVuIHNlc2FtZTE="    /* Aladdin:open sesame1 */
#define STRANGER "Basic QWxpOm9wZW4gc2VzYW1l"         /* Ali:open sesame */
#define NAMESAKE "Basic QWxhYmFtYTpvcGVuIHNlc2FtZQ==" /* Alabama:open sesame */
#define PREFIX "Basic QWxhZGRpbjI6b3BlbiBzZXNhbWU="   /* Aladdin2:open sesame */
#define NO_COLON "Basic QWxhZGRpbg=="                 /* Aladdin */

static atomic_int checks;

/* In the place of PBKDF2: what is to be seen here is who is asked, and that the loop goes on. */
static bool password_right(const char *hash, const char *password, size_t length)
{
	atomic_fetch_add(&checks, 1);
	return strcmp(hash, "the hash") == 0 && length == 11 && memcmp(password, "open sesame", 11) == 0;
}

static void checked(void *user)
{
	loop_stop(user);
}

struct room {
	struct loop *loop;
	struct log log;
	struct http_gate *gate;
	int64_t now_ms;
	int retry_after_s;
};

static void enter(struct room *room, const char *username, bool hashed)
{
	char error[HTTP_ERROR_MAX];
	*room = (struct room){.now_ms = 0};
	log_init(&room->log);
	room->log.level = (enum log_level) - 1;
	const struct http_config config = {.username = username,
			.password = !username ? NULL
				    : hashed  ? "the hash"
					      : "open sesame",
			.password_right = hashed ? password_right : NULL};
	if (loop_new(&room->loop) < 0 ||
			http_gate_new(room->loop, &room->log, &config, checked, room->loop, &room->gate, error) < 0)
		abort();
	room->now_ms = loop_now_ms(); /* not before the gate's first minute */
}

static void leave(struct room *room)
{
	http_gate_free(room->gate);
	loop_free(room->loop);
}

static struct http_peer peer(const char *text)
{
	struct http_peer peer;
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		http_guard_peer((const struct sockaddr *)&v4, &peer);
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		http_guard_peer((const struct sockaddr *)&v6, &peer);
	else
		abort();
	return peer;
}

static enum http_verdict ask(struct room *room, const char *authorization, const char *from)
{
	struct http_peer who = peer(from);
	return http_gate_ask(room->gate, authorization, &who, room->now_ms, &room->retry_after_s);
}

/* Waits for the thread where there is one. */
static enum http_verdict ask_until_known(struct room *room, const char *authorization, const char *from)
{
	enum http_verdict verdict;
	while ((verdict = ask(room, authorization, from)) == HTTP_CHECKING)
		if (loop_run(room->loop) < 0)
			abort();
	return verdict;
}

static void plain_and_hashed(bool hashed)
{
	struct room room;
	const char *kind = hashed ? "hashed" : "plain";
	tap_case("%s: right, wrong, none, another scheme, another name", kind);
	enter(&room, "Aladdin", hashed);
	CHECK(ask_until_known(&room, "", "192.0.2.1") == HTTP_NO_PASSWORD);
	CHECK(ask_until_known(&room, WRONG, "192.0.2.1") == HTTP_WRONG_PASSWORD);
	CHECK(ask_until_known(&room, RIGHT, "192.0.2.1") == HTTP_LET_IN);
	CHECK(ask_until_known(&room, STRANGER, "192.0.2.2") == HTTP_WRONG_PASSWORD);
	CHECK(ask_until_known(&room, NAMESAKE, "192.0.2.2") == HTTP_WRONG_PASSWORD);
	CHECK(ask_until_known(&room, PREFIX, "192.0.2.2") == HTTP_WRONG_PASSWORD);
	CHECK(ask_until_known(&room, NO_COLON, "192.0.2.2") == HTTP_WRONG_PASSWORD);
	CHECK(ask_until_known(&room, "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "192.0.2.3") == HTTP_WRONG_PASSWORD);
	CHECK(ask_until_known(&room, "Basic ", "192.0.2.3") == HTTP_WRONG_PASSWORD);
	CHECK(ask_until_known(&room, "Basic !!!!", "192.0.2.3") == HTTP_WRONG_PASSWORD);
	CHECK(ask_until_known(&room, RIGHT, "192.0.2.4") == HTTP_LET_IN);
	leave(&room);
}

int main(void)
{
	struct room room;

	tap_case("without a user name everybody is let in");
	enter(&room, NULL, false);
	CHECK(ask(&room, "", "192.0.2.1") == HTTP_LET_IN);
	CHECK(ask(&room, WRONG, "192.0.2.1") == HTTP_LET_IN);
	leave(&room);

	plain_and_hashed(false);
	plain_and_hashed(true);

	tap_case("a hash is checked by a thread, once for one who is right, and others wait their turn");
	enter(&room, "Aladdin", true);
	atomic_store(&checks, 0);
	CHECK(ask(&room, RIGHT, "192.0.2.1") == HTTP_CHECKING);
	CHECK(ask(&room, WRONG, "192.0.2.2") == HTTP_CHECKING);
	CHECK(loop_run(room.loop) == 0);
	CHECK(ask(&room, RIGHT, "192.0.2.1") == HTTP_LET_IN);
	CHECK(ask_until_known(&room, WRONG, "192.0.2.2") == HTTP_WRONG_PASSWORD);
	for (int i = 0; i < 100; i++)
		CHECK(ask(&room, RIGHT, "192.0.2.3") == HTTP_LET_IN);
	CHECK(atomic_load(&checks) == 2);
	leave(&room);

	tap_case("a guess counts when its check ends, whether or not its client waits for that");
	enter(&room, "Aladdin", true);
	for (int i = 0; i < HTTP_GATE_FREE_TRIES; i++) {
		char guess[64];
		snprintf(guess, sizeof(guess), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZT%c=", 'A' + i);
		CHECK(ask(&room, guess, "192.0.2.9") == HTTP_CHECKING);
		CHECK(loop_run(room.loop) == 0); /* and goes */
	}
	room.now_ms = loop_now_ms();
	CHECK(ask(&room, RIGHT, "192.0.2.9") == HTTP_SLOWED);
	CHECK(ask_until_known(&room, RIGHT, "192.0.2.1") == HTTP_LET_IN);
	leave(&room);

	tap_case("each address has one check at a time, and nobody's verdict is lost");
	enter(&room, "Aladdin", true);
	atomic_store(&checks, 0);
	CHECK(ask(&room, WRONG, "192.0.2.1") == HTTP_CHECKING);
	CHECK(ask(&room, STRANGER, "192.0.2.1") == HTTP_CHECKING); /* waits for its turn */
	CHECK(ask(&room, RIGHT, "192.0.2.2") == HTTP_CHECKING);
	CHECK(loop_run(room.loop) == 0);
	CHECK(ask(&room, NAMESAKE, "192.0.2.1") == HTTP_CHECKING); /* in the place of STRANGER */
	CHECK(loop_run(room.loop) == 0);
	CHECK(loop_run(room.loop) == 0);
	CHECK(ask(&room, PREFIX, "192.0.2.3") == HTTP_CHECKING);
	CHECK(loop_run(room.loop) == 0);
	CHECK(atomic_load(&checks) == 4);
	CHECK(ask(&room, WRONG, "192.0.2.1") == HTTP_WRONG_PASSWORD);
	CHECK(ask(&room, NAMESAKE, "192.0.2.1") == HTTP_WRONG_PASSWORD);
	CHECK(ask(&room, RIGHT, "192.0.2.2") == HTTP_LET_IN);
	CHECK(ask(&room, PREFIX, "192.0.2.3") == HTTP_WRONG_PASSWORD);
	CHECK(atomic_load(&checks) == 4);
	leave(&room);

	tap_case("a gate that is freed in the middle of a check waits for it");
	enter(&room, "Aladdin", true);
	CHECK(ask(&room, RIGHT, "192.0.2.1") == HTTP_CHECKING);
	leave(&room);

	tap_case("who guesses waits, longer each time, and then even the right password has to");
	enter(&room, "Aladdin", false);
	for (int i = 0; i < HTTP_GATE_FREE_TRIES; i++)
		CHECK(ask(&room, WRONG, "192.0.2.9") == HTTP_WRONG_PASSWORD);
	CHECK(ask(&room, RIGHT, "192.0.2.9") == HTTP_SLOWED && room.retry_after_s == 1);
	CHECK(ask(&room, RIGHT, "192.0.2.8") == HTTP_LET_IN); /* another address does not */
	int64_t waited_ms = 0;
	for (int64_t wait_ms = 1000; waited_ms < 3 * HTTP_GATE_WAIT_MAX_MS; wait_ms *= 2) {
		if (wait_ms > HTTP_GATE_WAIT_MAX_MS)
			wait_ms = HTTP_GATE_WAIT_MAX_MS;
		room.now_ms += wait_ms - 1;
		CHECK(ask(&room, WRONG, "192.0.2.9") == HTTP_SLOWED);
		room.now_ms++;
		CHECK(ask(&room, WRONG, "192.0.2.9") == HTTP_WRONG_PASSWORD);
		waited_ms += wait_ms;
	}
	room.now_ms += HTTP_GATE_WAIT_MAX_MS;
	CHECK(ask(&room, RIGHT, "192.0.2.9") == HTTP_LET_IN); /* and who is right begins afresh */
	for (int i = 0; i < HTTP_GATE_FREE_TRIES; i++)
		CHECK(ask(&room, WRONG, "192.0.2.9") == HTTP_WRONG_PASSWORD);
	leave(&room);

	tap_case("failures are forgotten after a while");
	enter(&room, "Aladdin", false);
	for (int i = 1; i < HTTP_GATE_FREE_TRIES; i++)
		ask(&room, WRONG, "192.0.2.9");
	room.now_ms += HTTP_GATE_FORGET_MS + 1;
	for (int i = 1; i < HTTP_GATE_FREE_TRIES; i++)
		CHECK(ask(&room, WRONG, "192.0.2.9") == HTTP_WRONG_PASSWORD);
	CHECK(ask(&room, RIGHT, "192.0.2.9") == HTTP_LET_IN);
	leave(&room);

	tap_case("an IPv6 network of 64 bits is one guesser, a mapped address is its IPv4 address");
	enter(&room, "Aladdin", false);
	ask(&room, WRONG, "2001:db8::1");
	ask(&room, WRONG, "2001:db8::2");
	ask(&room, WRONG, "2001:db8::3:4:5:6");
	ask(&room, WRONG, "2001:db8::1");
	ask(&room, WRONG, "2001:db8::9");
	CHECK(ask(&room, RIGHT, "2001:db8::7") == HTTP_SLOWED);
	CHECK(ask(&room, RIGHT, "2001:db8:0:1::7") == HTTP_LET_IN);
	CHECK(strcmp(peer("::ffff:192.0.2.9").text, "192.0.2.9") == 0);
	CHECK(peer("::ffff:192.0.2.9").network == peer("192.0.2.9").network);
	leave(&room);

	tap_case("who was right before waits for nobody else of his network, and for his own guesses");
	enter(&room, "Aladdin", false);
	CHECK(ask(&room, RIGHT, "2001:db8::1") == HTTP_LET_IN);
	for (int i = 0; i < HTTP_GATE_FREE_TRIES; i++)
		CHECK(ask(&room, WRONG, "2001:db8::2") == HTTP_WRONG_PASSWORD);
	CHECK(ask(&room, WRONG, "2001:db8::2") == HTTP_SLOWED && ask(&room, RIGHT, "2001:db8::3") == HTTP_SLOWED);
	CHECK(ask(&room, RIGHT, "2001:db8::1") == HTTP_LET_IN);
	CHECK(ask(&room, WRONG, "2001:db8::2") == HTTP_SLOWED); /* and that helps no guesser */
	for (int i = 0; i < HTTP_GATE_FREE_TRIES; i++)
		CHECK(ask(&room, WRONG, "2001:db8::1") == HTTP_WRONG_PASSWORD);
	CHECK(ask(&room, RIGHT, "2001:db8::1") == HTTP_SLOWED);
	leave(&room);

	tap_case("one who came with a session likewise, and a session makes up for no guess");
	enter(&room, "Aladdin", false);
	struct http_peer at_home = peer("2001:db8::1"), sharing = peer("192.0.2.1");
	http_gate_remember(room.gate, &at_home);
	for (int i = 0; i < HTTP_GATE_FREE_TRIES; i++)
		CHECK(ask(&room, WRONG, "2001:db8::2") == HTTP_WRONG_PASSWORD);
	CHECK(ask(&room, RIGHT, "2001:db8::3") == HTTP_SLOWED && ask(&room, RIGHT, "2001:db8::1") == HTTP_LET_IN);
	http_gate_remember(room.gate, &sharing);
	for (int i = 0; i < HTTP_GATE_FREE_TRIES; i++) {
		CHECK(ask(&room, WRONG, "192.0.2.1") == HTTP_WRONG_PASSWORD);
		http_gate_remember(room.gate, &sharing);
	}
	CHECK(ask(&room, WRONG, "192.0.2.1") == HTTP_SLOWED);
	leave(&room);

	tap_case("guesses from everywhere: only who was right before is heard, until the minute is over");
	enter(&room, "Aladdin", false);
	CHECK(ask(&room, RIGHT, "192.0.2.1") == HTTP_LET_IN);
	for (int i = 0; i < HTTP_GATE_TOTAL_MINUTE; i++) {
		char from[32];
		snprintf(from, sizeof(from), "198.51.100.%d", i);
		CHECK(ask(&room, WRONG, from) == HTTP_WRONG_PASSWORD);
	}
	CHECK(ask(&room, RIGHT, "203.0.113.1") == HTTP_SLOWED && room.retry_after_s <= 60);
	CHECK(ask(&room, RIGHT, "192.0.2.1") == HTTP_LET_IN);
	room.now_ms += 60000;
	CHECK(ask(&room, RIGHT, "203.0.113.1") == HTTP_LET_IN);
	leave(&room);

	tap_case("more guessers than are remembered push out the oldest, and nobody else");
	enter(&room, "Aladdin", false);
	for (int i = 0; i < 1000; i++) {
		char from[32];
		snprintf(from, sizeof(from), "10.0.%d.%d", i / 250, i % 250);
		room.now_ms += 2000;
		CHECK(ask(&room, WRONG, from) == HTTP_WRONG_PASSWORD);
	}
	leave(&room);
	return tap_done();
}
