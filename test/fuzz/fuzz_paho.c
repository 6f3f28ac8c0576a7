/*
 * Any bytes as what a broker says, through the guard into the real Paho: they enter by the socket, Paho's own threads
 * read them, and a sanitizer watches its memory. The first byte says which version is spoken and whether the broker has
 * accepted, been subscribed to (packet 1, three topics) and been told something (packet 2) before; the rest is sent,
 * and the connection closed. Nothing hangs, and nothing is delivered that no broker may say.
 */
#include <MQTTAsync.h>
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mqtt/guard.h"
#include "mqtt/packet.h"
#include "mqtt/wire.h"

#define LIMIT_MS 10000

static void check(bool good)
{
	if (!good)
		abort();
}

static struct {
	struct mqtt_wire *wire;
	MQTTAsync anchor, handle;
	sem_t over; /* Paho says that the connection is */
	bool five, accepted;
	int codes; /* read from what Paho says, so that a sanitizer sees it */
} world;

static void answered5(void *context, MQTTAsync_successData5 *data)
{
	(void)context;
	check(data->alt.sub.reasonCodeCount == 3);
	for (int i = 0; i < data->alt.sub.reasonCodeCount; i++)
		world.codes += (int)data->alt.sub.reasonCodes[i];
}

static void answered3(void *context, MQTTAsync_successData *data)
{
	(void)context;
	for (int i = 0; i < 3; i++)
		world.codes += data->alt.qosList[i];
}

/* In Paho's thread: both are sent before it reads on. */
static void speak(void)
{
	static char topics[3][4] = {"a", "b/#", "c"};
	char *all[3] = {topics[0], topics[1], topics[2]};
	int qos[3] = {1, 1, 1};
	MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
	if (world.five)
		response.onSuccess5 = answered5;
	else
		response.onSuccess = answered3;
	check(MQTTAsync_subscribeMany(world.handle, 3, all, qos, &response) == MQTTASYNC_SUCCESS);
	MQTTAsync_message message = MQTTAsync_message_initializer;
	message.payload = topics[0];
	message.payloadlen = 1;
	message.qos = 1;
	check(MQTTAsync_sendMessage(world.handle, "t", &message, NULL) == MQTTASYNC_SUCCESS);
}

static void connected5(void *context, MQTTAsync_successData5 *data)
{
	(void)context;
	MQTTProperties copy = MQTTProperties_copy(&data->properties);
	MQTTProperties_free(&copy);
	if (world.accepted)
		speak();
}

static void connected3(void *context, MQTTAsync_successData *data)
{
	(void)context, (void)data;
	if (world.accepted)
		speak();
}

static void failed5(void *context, MQTTAsync_failureData5 *data)
{
	(void)context, (void)data;
	sem_post(&world.over);
}

static void failed3(void *context, MQTTAsync_failureData *data)
{
	(void)context, (void)data;
	sem_post(&world.over);
}

static void lost(void *context, char *cause)
{
	(void)context, (void)cause;
	sem_post(&world.over);
}

static void disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes code)
{
	(void)context, (void)code;
	MQTTProperties copy = MQTTProperties_copy(properties);
	MQTTProperties_free(&copy);
	sem_post(&world.over);
}

static int arrived(void *context, char *topic, int length, MQTTAsync_message *message)
{
	(void)context;
	size_t topic_length = length > 0 ? (size_t)length : strlen(topic);
	check(topic_length > 0 && topic_length < MQTT_GUARD_PACKET_MAX && !memchr(topic, '#', topic_length));
	check(message->payloadlen >= 0 && message->payloadlen < MQTT_GUARD_PACKET_MAX && message->qos <= 1);
	char *copy = malloc((size_t)message->payloadlen + 1);
	check(copy);
	memcpy(copy, message->payload, (size_t)message->payloadlen);
	free(copy);
	MQTTProperties properties = MQTTProperties_copy(&message->properties);
	MQTTProperties_free(&properties);
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

/* Reads what Paho says until a packet that begins with this byte. */
static void read_until(int fd, uint8_t first)
{
	static uint8_t bytes[65536];
	size_t there = 0;
	for (;;) {
		long frame = mqtt_packet_frame(bytes, there);
		if (frame > 0 && (size_t)frame <= there) {
			bool found = bytes[0] == first;
			there -= (size_t)frame;
			memmove(bytes, bytes + frame, there);
			if (found)
				return;
			continue;
		}
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		int result;
		while ((result = poll(&ready, 1, LIMIT_MS)) < 0 && errno == EINTR) /* libFuzzer's alarm */
			;
		check(result == 1);
		ssize_t got = recv(fd, bytes + there, sizeof(bytes) - there, 0);
		check(got > 0);
		there += (size_t)got;
	}
}

static void begin(void)
{
	if (world.wire)
		return;
	mqtt_wire_be_patient();
	sem_init(&world.over, 0, 0);
	world.wire = mqtt_wire_new(NULL);
	check(world.wire && MQTTAsync_create(&world.anchor, "tcp://240.0.0.1:1", "anchor", MQTTCLIENT_PERSISTENCE_NONE,
					    NULL) == MQTTASYNC_SUCCESS);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	int pair[2];
	char uri[MQTT_WIRE_URI_MAX];
	if (length < 1 || length > 40000)
		return 0;
	begin();
	world.five = !(bytes[0] & 1);
	world.accepted = !(bytes[0] & 2);
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	check(mqtt_wire_uri(world.wire, pair[0], uri) == 0);
	/* Paho's socket has another number than the last time, whose end its thread may still be at. */
	static bool odd;
	odd = !odd;
	int place = odd ? dup(pair[0]) : -1;

	MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
	create.MQTTVersion = world.five ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
	check(MQTTAsync_createWithOptions(&world.handle, uri, "fuzz", MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) ==
			MQTTASYNC_SUCCESS);
	MQTTAsync_setCallbacks(world.handle, NULL, lost, arrived, NULL);
	MQTTAsync_setDisconnected(world.handle, NULL, disconnected);
	MQTTAsync_connectOptions connect3 = MQTTAsync_connectOptions_initializer;
	MQTTAsync_connectOptions connect5 = MQTTAsync_connectOptions_initializer5;
	connect3.MQTTVersion = MQTTVERSION_3_1_1;
	connect3.onSuccess = connected3;
	connect3.onFailure = failed3;
	connect5.onSuccess5 = connected5;
	connect5.onFailure5 = failed5;
	check(MQTTAsync_connect(world.handle, world.five ? &connect5 : &connect3) == MQTTASYNC_SUCCESS);
	read_until(pair[1], 0x10);
	if (world.accepted) {
		static const char connack5[] = "\x20\3\0\0", connack3[] = "\x20\2\0";
		ssize_t size = world.five ? 5 : 4;
		check(send(pair[1], world.five ? connack5 : connack3, (size_t)size, MSG_NOSIGNAL) == size);
		read_until(pair[1], 0x32);
	}
	for (size_t at = 1; at < length;) {
		ssize_t sent = send(pair[1], bytes + at, length - at, MSG_NOSIGNAL);
		if (sent <= 0)
			break; /* it has had enough */
		at += (size_t)sent;
	}
	shutdown(pair[1], SHUT_WR);
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LIMIT_MS / 1000;
	int over;
	while ((over = sem_timedwait(&world.over, &until)) < 0 && errno == EINTR)
		;
	check(over == 0);
	MQTTAsync_destroy(&world.handle);
	close(pair[0]);
	close(pair[1]);
	if (place >= 0)
		close(place);
	while (sem_trywait(&world.over) == 0)
		;
	return 0;
}
