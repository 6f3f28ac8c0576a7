/* Packets are collected until they are whole. What is not expected ends the program: the agent's MQTT is right. */
#include "broker.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANDSHAKE_MS 10000

static void wrong(const char *what)
{
	printf("Bail out! the broker of the test: %s\n", what);
	fflush(stdout);
	abort();
}

bool broker_begin(struct broker *broker)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
			.sin_port = htons(broker->port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	broker->client = -1;
	broker->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return broker->listener >= 0 &&
	       bind(broker->listener, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	       listen(broker->listener, 4) == 0;
}

static void leave(struct broker *broker)
{
	if (broker->client >= 0)
		close(broker->client);
	broker->client = -1;
	broker->length = 0;
}

void broker_end(struct broker *broker)
{
	leave(broker);
	close(broker->listener);
	broker->listener = -1;
}

void broker_fds(const struct broker *broker, struct pollfd fds[static BROKER_FDS])
{
	fds[0] = (struct pollfd){.fd = broker->listener, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = broker->client, .events = POLLIN};
}

static void send_all(struct broker *broker, const void *bytes, size_t length)
{
	if (send(broker->client, bytes, length, MSG_NOSIGNAL) != (ssize_t)length)
		leave(broker);
}

/* The length of a part with two bytes of length before it. */
static size_t part(const unsigned char *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* A number of one byte, or of up to four; at moves behind it. */
static size_t variable(const unsigned char **at)
{
	size_t value = 0;
	for (int shift = 0; shift < 28; shift += 7) {
		unsigned char byte = *(*at)++;
		value |= (size_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	wrong("a number without an end");
	return 0;
}

static void take_publish(struct broker *broker, const unsigned char *at, const unsigned char *end, bool quality)
{
	char topic[256], payload[32768];
	size_t length = part(at);
	if (!quality || length >= sizeof(topic))
		wrong("a message without QoS 1, or a long topic");
	memcpy(topic, at + 2, length);
	topic[length] = '\0';
	at += 2 + length;
	const unsigned char id[] = {at[0], at[1]};
	at += 2;
	size_t properties = variable(&at);
	at += properties;
	length = (size_t)(end - at);
	if (length >= sizeof(payload))
		wrong("a long payload");
	memcpy(payload, at, length);
	payload[length] = '\0';
	broker->published++;
	send_all(broker, (const unsigned char[]){0x40, 2, id[0], id[1]}, 4);
	broker->heard(broker->user, topic, payload);
}

/* Each filter is granted. subscribe: a filter has a byte of options behind it. */
static void grant(struct broker *broker, const unsigned char *at, const unsigned char *end, bool subscribe)
{
	unsigned char answer[256] = {subscribe ? 0x90 : 0xb0, 3, at[0], at[1], 0};
	at += 2;
	size_t properties = variable(&at);
	for (at += properties; at < end; at += 2 + part(at) + subscribe)
		answer[2 + answer[1]++] = subscribe ? 1 : 0;
	send_all(broker, answer, 2 + (size_t)answer[1]);
}

static void take_packet(struct broker *broker, unsigned char first, const unsigned char *at, const unsigned char *end)
{
	switch (first >> 4) {
	case 1: /* CONNECT */
		broker->connects++;
		send_all(broker, (const unsigned char[]){0x20, 3, 0, 0, 0}, 5);
		break;
	case 3:
		take_publish(broker, at, end, (first & 6) == 2);
		break;
	case 4: /* PUBACK */
		break;
	case 8:
	case 10:
		grant(broker, at, end, first >> 4 == 8);
		break;
	case 12:
		broker->pings++;
		send_all(broker, (const unsigned char[]){0xd0, 0}, 2);
		break;
	case 14: /* DISCONNECT */
		leave(broker);
		break;
	default:
		wrong("a packet that no client sends");
	}
}

static void take_packets(struct broker *broker)
{
	size_t done = 0;
	while (broker->client >= 0 && broker->length - done >= 2) {
		const unsigned char *at = broker->bytes + done + 1;
		size_t digits = 1;
		while (digits < 4 && digits < broker->length - done - 1 && at[digits - 1] & 0x80)
			digits++;
		if (at[digits - 1] & 0x80)
			break;
		size_t length = variable(&at);
		if (length > sizeof(broker->bytes) / 2)
			wrong("a long packet");
		if (broker->length - done < 1 + digits + length)
			break;
		take_packet(broker, broker->bytes[done], at, at + length);
		done += 1 + digits + length;
	}
	if (broker->client < 0)
		return;
	memmove(broker->bytes, broker->bytes + done, broker->length - done);
	broker->length -= done;
}

void broker_ready(struct broker *broker, const struct pollfd fds[static BROKER_FDS])
{
	if (fds[1].revents && broker->client >= 0) {
		ssize_t got = recv(broker->client, broker->bytes + broker->length,
				sizeof(broker->bytes) - broker->length, MSG_DONTWAIT);
		if (got > 0) {
			broker->length += (size_t)got;
			take_packets(broker);
		} else {
			leave(broker);
		}
	}
	if (fds[0].revents) {
		int fd = accept4(broker->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			leave(broker);
			broker->client = tls_server_accept(broker->server, fd, HANDSHAKE_MS);
		}
	}
}

bool broker_send(struct broker *broker, const char *topic, const char *payload)
{
	unsigned char packet[512] = {0x32};
	size_t topic_length = strlen(topic), payload_length = strlen(payload), length = 2;
	size_t rest = 2 + topic_length + 2 + 1 + payload_length;
	if (broker->client < 0 || rest > 127)
		return false;
	broker->last_id = broker->last_id == UINT16_MAX ? 1 : (uint16_t)(broker->last_id + 1);
	packet[1] = (unsigned char)rest;
	packet[length++] = 0;
	packet[length++] = (unsigned char)topic_length;
	memcpy(packet + length, topic, topic_length);
	length += topic_length;
	packet[length++] = (unsigned char)(broker->last_id >> 8);
	packet[length++] = (unsigned char)broker->last_id;
	packet[length++] = 0;
	memcpy(packet + length, payload, payload_length);
	broker->commands++;
	send_all(broker, packet, length + payload_length);
	return broker->client >= 0;
}
