/*
 * The wire between Paho and a socket, called as Paho calls it, with a socketpair for a broker: our own PINGREQ cuts no
 * packet of Paho's, and Paho sees nothing of it.
 */
#include "mqtt/wire.h"

#include <MQTTAsync.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "tap.h"

#define CONNECT "\x10\x0c\0\4MQTT\4\2\0\x3c\0\0"
#define CONNACK "\x20\2\0\0"
#define PUBLISH "\x30\4\0\1ax"
#define PINGREQ "\xc0\0"
#define PINGRESP "\xd0\0"
#define BYTES(text) text, sizeof(text) - 1
#define BIG 600000 /* bytes of a packet that no socket's buffer takes at once */

struct world {
	struct alive alive;
	struct mqtt_wire *wire;
	int broker, ours, paho;
};

static void write_paho(struct world *world, const char *bytes, size_t length)
{
	char copy[64];
	memcpy(copy, bytes, length);
	struct iovec part = {.iov_base = copy, .iov_len = length};
	CHECK(mqtt_wire_paho_writev(world->paho, &part, 1) == (ssize_t)length);
}

static void say(struct world *world, const char *bytes, size_t length)
{
	CHECK(send(world->broker, bytes, length, 0) == (ssize_t)length);
}

/* What Paho's reading thread does in a turn: the bytes that it gets, as many as there are. */
static size_t turn(struct world *world, char *bytes, size_t size, int timeout_ms)
{
	size_t there = 0;
	struct pollfd fd = {.fd = world->paho, .events = POLLIN};
	while (mqtt_wire_paho_poll(&fd, 1, there ? 0 : timeout_ms) > 0 && fd.revents & POLLIN) {
		ssize_t got = mqtt_wire_paho_recv(world->paho, bytes + there, size - there, 0);
		if (got <= 0)
			break;
		there += (size_t)got;
	}
	return there;
}

static bool hears(struct world *world, const char *bytes, size_t length)
{
	char got[64];
	return turn(world, got, sizeof(got), 1000) == length && memcmp(got, bytes, length) == 0;
}

/* What has reached the broker. */
static size_t drain(struct world *world, char *bytes, size_t size)
{
	size_t there = 0;
	ssize_t got;
	while (there < size && (got = recv(world->broker, bytes + there, size - there, MSG_DONTWAIT)) > 0)
		there += (size_t)got;
	return there;
}

static bool broker_has(struct world *world, const char *bytes, size_t length)
{
	char got[64];
	return drain(world, got, sizeof(got)) == length && memcmp(got, bytes, length) == 0;
}

static void begin_on(struct world *world, const int pair[2])
{
	char uri[MQTT_WIRE_URI_MAX];
	world->broker = pair[0];
	world->ours = pair[1];
	world->paho = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	alive_init(&world->alive, loop_now_ms());
	world->wire = mqtt_wire_new(&world->alive);
	CHECK(mqtt_wire_uri(world->wire, world->ours, uri) == 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
			.sin_port = htons((uint16_t)world->ours),
			.sin_addr.s_addr = htonl(MQTT_WIRE_ADDRESS)};
	CHECK(mqtt_wire_paho_connect(world->paho, (const struct sockaddr *)&address, sizeof(address)) == 0);
	mqtt_wire_ping(world->wire); /* too early */
	write_paho(world, BYTES(CONNECT));
	CHECK(broker_has(world, BYTES(CONNECT)));
	say(world, BYTES(CONNACK));
	CHECK(hears(world, BYTES(CONNACK)));
	CHECK(mqtt_wire_pinged_ms(world->wire) == LOOP_NEVER);
}

static void begin(struct world *world)
{
	int pair[2];
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	begin_on(world, pair);
}

static void end(struct world *world)
{
	mqtt_wire_paho_close(world->paho);
	mqtt_wire_free(world->wire);
	close(world->broker);
	close(world->ours);
	alive_destroy(&world->alive);
}

static void test_answer(void)
{
	struct world world;
	struct age age;
	tap_case("a ping and its answer are no business of Paho's");
	begin(&world);
	int64_t before_ms = loop_now_ms();
	mqtt_wire_ping(world.wire);
	mqtt_wire_ping(world.wire); /* one is enough */
	CHECK(broker_has(&world, BYTES(PINGREQ)));
	CHECK(mqtt_wire_pinged_ms(world.wire) >= before_ms && mqtt_wire_pinged_ms(world.wire) <= loop_now_ms());
	int64_t pinged_ms = mqtt_wire_pinged_ms(world.wire);
	mqtt_wire_age(world.wire, &age);
	CHECK(age.sent_after_ms <= before_ms);
	say(&world, BYTES(PINGRESP));
	CHECK(turn(&world, (char[8]){0}, 8, 50) == 0);
	CHECK(mqtt_wire_pinged_ms(world.wire) == LOOP_NEVER);
	mqtt_wire_age(world.wire, &age);
	CHECK(age.sent_after_ms == pinged_ms);

	tap_case("Paho's own pings are answered, in whatever order");
	write_paho(&world, BYTES(PINGREQ));
	mqtt_wire_ping(world.wire);
	CHECK(broker_has(&world, BYTES(PINGREQ PINGREQ)));
	say(&world, BYTES(PINGRESP PINGRESP PUBLISH));
	CHECK(hears(&world, BYTES(PINGRESP PUBLISH)));
	mqtt_wire_ping(world.wire);
	write_paho(&world, BYTES(PINGREQ));
	say(&world, BYTES(PUBLISH PINGRESP));
	CHECK(hears(&world, BYTES(PUBLISH)));
	CHECK(mqtt_wire_pinged_ms(world.wire) == LOOP_NEVER);
	say(&world, BYTES(PINGRESP));
	CHECK(hears(&world, BYTES(PINGRESP)));

	tap_case("an answer that nobody asked for is wrong");
	say(&world, BYTES(PINGRESP));
	CHECK(turn(&world, (char[8]){0}, 8, 1000) == 0);
	char reason[MQTT_WIRE_WRONG_MAX] = "";
	CHECK(mqtt_wire_wrong(world.wire, reason) && strstr(reason, "no PINGREQ"));
	end(&world);
}

/* What comes in the same read, before and after our answer. */
static void test_order(void)
{
	struct world world;
	struct age age;
	char bytes[6];
	tap_case("the answer counts for what comes after it, and not before Paho has read what comes before it");
	begin(&world);
	usleep(5000);
	mqtt_wire_ping(world.wire);
	int64_t pinged_ms = mqtt_wire_pinged_ms(world.wire);
	say(&world, BYTES(PUBLISH PINGRESP PUBLISH));
	struct pollfd fd = {.fd = world.paho, .events = POLLIN};
	CHECK(mqtt_wire_paho_poll(&fd, 1, 1000) == 1);
	CHECK(mqtt_wire_paho_recv(world.paho, bytes, sizeof(bytes), 0) == 6);
	mqtt_wire_age(world.wire, &age);
	CHECK(age.sent_after_ms < pinged_ms);
	CHECK(mqtt_wire_paho_poll(&fd, 1, 1000) == 1);
	mqtt_wire_age(world.wire, &age);
	CHECK(age.sent_after_ms == pinged_ms);
	CHECK(mqtt_wire_paho_recv(world.paho, bytes, sizeof(bytes), 0) == 6);
	end(&world);
}

static void test_half_a_packet(void)
{
	struct world world;
	char *big = malloc(BIG), *got = malloc(2 * BIG);
	tap_case("a ping waits for the end of a packet that is half sent");
	begin(&world);
	memset(big, 'x', BIG);
	memcpy(big, "\x30\xbc\xcf\x24\0\1a", 7); /* QoS 0, BIG bytes in all */
	struct iovec part = {.iov_base = big, .iov_len = BIG};
	fcntl(world.ours, F_SETFL, O_NONBLOCK);
	ssize_t sent = mqtt_wire_paho_writev(world.paho, &part, 1);
	CHECK(sent > 0 && sent < BIG);
	mqtt_wire_ping(world.wire);
	CHECK(mqtt_wire_pinged_ms(world.wire) != LOOP_NEVER);
	size_t there = drain(&world, got, 2 * BIG);
	CHECK(there == (size_t)sent);
	CHECK(turn(&world, (char[8]){0}, 8, 20) == 0); /* the reading thread tries, too: still not */
	CHECK(drain(&world, got + there, 2 * BIG - there) == 0);
	while (sent < BIG) {
		part = (struct iovec){.iov_base = big + sent, .iov_len = (size_t)(BIG - sent)};
		ssize_t more = mqtt_wire_paho_writev(world.paho, &part, 1);
		CHECK(more > 0);
		sent += more > 0 ? more : BIG;
		there += drain(&world, got + there, 2 * BIG - there);
	}
	there += drain(&world, got + there, 2 * BIG - there);
	CHECK(there == BIG + 2 && memcmp(got, big, BIG) == 0 && memcmp(got + BIG, PINGREQ, 2) == 0);

	tap_case("a ping that the socket does not take goes out later, and once");
	/* Whole packets, until there is no room for another. */
	char small[] = "\x30\4\0\1ax";
	part = (struct iovec){.iov_base = small, .iov_len = 6};
	say(&world, BYTES(PINGRESP));
	CHECK(turn(&world, (char[8]){0}, 8, 20) == 0);
	size_t packets = 0;
	while (mqtt_wire_paho_writev(world.paho, &part, 1) == 6)
		packets++;
	CHECK(errno == EAGAIN);
	mqtt_wire_ping(world.wire);
	there = drain(&world, got, 2 * BIG);
	CHECK(there == 6 * packets);
	CHECK(turn(&world, (char[8]){0}, 8, 20) == 0);
	CHECK(broker_has(&world, BYTES(PINGREQ)));
	CHECK(turn(&world, (char[8]){0}, 8, 20) == 0);
	write_paho(&world, BYTES(PINGREQ));
	CHECK(broker_has(&world, BYTES(PINGREQ)));
	end(&world);
	free(big);
	free(got);
}

/* By TCP on loopback, with a broker that takes little at once. Both sides do not block. */
static void begin_by_tcp(struct world *world)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), little = 1;
	CHECK(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)) == 0);
	CHECK(bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 1) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
	int ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* It is soon full, and the kernel asks often at first. */
	CHECK(setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little)) == 0);
	CHECK(connect(ours, (struct sockaddr *)&address, length) == 0);
	int pair[2] = {accept(listener, NULL, NULL), ours};
	CHECK(pair[0] >= 0);
	fcntl(ours, F_SETFL, O_NONBLOCK);
	close(listener);
	begin_on(world, pair);
}

static void test_how_it_ended(void)
{
	struct world world;
	struct pollfd fd;
	char small[] = PUBLISH;
	struct iovec part = {.iov_base = small, .iov_len = sizeof(small) - 1};
	tap_case("a connection that the broker resets did not end for silence");
	begin_by_tcp(&world);
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	CHECK(setsockopt(world.broker, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0);
	close(world.broker);
	world.broker = -1;
	CHECK(turn(&world, (char[8]){0}, 8, 1000) == 0);
	CHECK(mqtt_wire_paho_recv(world.paho, (char[8]){0}, 8, 0) == 0 && !mqtt_wire_silent(world.wire));
	end(&world);

	tap_case("one that the kernel gives up, since the broker takes nothing more, did");
	for (int writes = 0; writes < 2; writes++) { /* the error is told to the one call or to the other */
		unsigned limit_ms = 1;
		begin_by_tcp(&world);
		while (mqtt_wire_paho_writev(world.paho, &part, 1) == (ssize_t)part.iov_len)
			;
		CHECK(setsockopt(world.ours, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms)) == 0);
		fd = (struct pollfd){.fd = world.ours, .events = 0};
		CHECK(poll(&fd, 1, 30000) == 1 && fd.revents & POLLERR);
		CHECK(!mqtt_wire_silent(world.wire));
		if (writes)
			CHECK(mqtt_wire_paho_writev(world.paho, &part, 1) < 0);
		else
			CHECK(mqtt_wire_paho_recv(world.paho, (char[8]){0}, 8, 0) == 0);
		CHECK(mqtt_wire_silent(world.wire));
		end(&world);
	}
}

static void test_signs_of_life(void)
{
	struct world world;
	tap_case("Paho's reading thread gives signs of life, and a gap between them is noticed");
	begin(&world);
	alive_take_gap(&world.alive, loop_now_ms());
	struct pollfd fd = {.fd = world.paho, .events = POLLIN};
	mqtt_wire_paho_poll(&fd, 1, 10);
	CHECK(alive_take_gap(&world.alive, loop_now_ms()) == 0);
	world.alive.signed_ms = loop_now_ms() - ALIVE_GAP_MS;
	mqtt_wire_paho_poll(&fd, 1, 10);
	CHECK(alive_take_gap(&world.alive, loop_now_ms()) >= ALIVE_GAP_MS);
	end(&world);
}

int main(void)
{
	MQTTAsync anchor; /* has Paho set up what the wire uses of it */
	tap_case("Paho is ready");
	CHECK(MQTTAsync_create(&anchor, "tcp://240.0.0.1:1", "anchor", MQTTCLIENT_PERSISTENCE_NONE, NULL) ==
			MQTTASYNC_SUCCESS);
	test_answer();
	test_order();
	test_half_a_packet();
	test_how_it_ended();
	test_signs_of_life();
	MQTTAsync_destroy(&anchor);
	return tap_done();
}
