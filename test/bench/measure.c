/*
 * The measuring clients, on libmosquitto. One thread and poll(2), so that what is measured is not our own waking up.
 *
 *     measure latency PORT NODE DOORS COUNT INTERVAL_MS   OPEN and CLOSE, door after door; microseconds, one a line
 *     measure startup PORT NODE COUNT COMMAND...          from exec to "online"; microseconds, one a line
 *     measure flood PORT TOPIC PAYLOAD RATE SECONDS       commands at QoS 0; prints how many were sent
 */
#include <errno.h>
#include <mosquitto.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_US 5000000

static struct {
	char topic[128], payload[32]; /* what is waited for; any topic when empty */
	int64_t heard_us;             /* 0: not yet */
	bool subscribed;
} expected;

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void fail(const char *what)
{
	fprintf(stderr, "measure: %s\n", what);
	exit(1);
}

static void heard(struct mosquitto *client, void *user, const struct mosquitto_message *message)
{
	(void)client;
	(void)user;
	if (!message->retain && strcmp(message->topic, expected.topic) == 0 &&
			(size_t)message->payloadlen == strlen(expected.payload) &&
			memcmp(message->payload, expected.payload, strlen(expected.payload)) == 0 &&
			expected.heard_us == 0)
		expected.heard_us = now_us();
}

static void subscribed(struct mosquitto *client, void *user, int id, int count, const int *qos)
{
	(void)client;
	(void)user;
	(void)id;
	expected.subscribed = count == 1 && qos[0] == 1;
}

/* Serves the clients' sockets until done is true or the time has come. */
static bool serve(struct mosquitto **clients, nfds_t count, int64_t until_us, const int64_t *done)
{
	while (!done || *done == 0) {
		struct pollfd sockets[2];
		int64_t rest_us = until_us - now_us();
		if (rest_us <= 0)
			return false;
		for (nfds_t i = 0; i < count; i++) {
			short out = mosquitto_want_write(clients[i]) ? POLLOUT : 0;
			sockets[i] = (struct pollfd){
					.fd = mosquitto_socket(clients[i]), .events = (short)(POLLIN | out)};
		}
		struct timespec rest = {.tv_sec = rest_us / 1000000, .tv_nsec = rest_us % 1000000 * 1000};
		ppoll(sockets, count, &rest, NULL);
		for (nfds_t i = 0; i < count; i++) {
			if (sockets[i].revents & (POLLIN | POLLERR | POLLHUP) &&
					mosquitto_loop_read(clients[i], 1) != MOSQ_ERR_SUCCESS)
				fail("lost the broker");
			if (sockets[i].revents & POLLOUT)
				mosquitto_loop_write(clients[i], 1);
			mosquitto_loop_misc(clients[i]);
		}
	}
	return true;
}

static struct mosquitto *client_new(const char *port, const char *topic)
{
	struct mosquitto *client = mosquitto_new(NULL, true, NULL);
	mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_message_callback_set(client, heard);
	mosquitto_subscribe_callback_set(client, subscribed);
	if (mosquitto_connect(client, "127.0.0.1", atoi(port), 60) != MOSQ_ERR_SUCCESS)
		fail("no broker");
	if (!topic)
		return client;
	int64_t give_up_us = now_us() + PATIENCE_US;
	mosquitto_subscribe(client, NULL, topic, 1);
	while (!expected.subscribed && now_us() < give_up_us)
		serve(&client, 1, now_us() + 1000, NULL);
	if (!expected.subscribed)
		fail("cannot subscribe");
	serve(&client, 1, now_us() + 100000, NULL); /* what was retained */
	return client;
}

static void latency(char **argument)
{
	const char *node = argument[1];
	int doors = atoi(argument[2]), count = atoi(argument[3]);
	int64_t interval_us = (int64_t)atoi(argument[4]) * 1000;
	char topic[128];
	snprintf(topic, sizeof(topic), "portcullis/%s/+/state", node);
	struct mosquitto *clients[2] = {client_new(argument[0], topic), client_new(argument[0], NULL)};
	for (int i = 0; i < count; i++) {
		bool open = i / doors % 2 == 0;
		snprintf(topic, sizeof(topic), "portcullis/%s/door%d/set", node, i % doors);
		snprintf(expected.topic, sizeof(expected.topic), "portcullis/%s/door%d/state", node, i % doors);
		strcpy(expected.payload, open ? "opening" : "closing");
		expected.heard_us = 0;
		int64_t sent_us = now_us();
		mosquitto_publish(clients[1], NULL, topic, open ? 4 : 5, open ? "OPEN" : "CLOSE", 1, false);
		if (!serve(clients, 2, sent_us + PATIENCE_US, &expected.heard_us))
			fail("a command had no state");
		printf("%lld\n", (long long)(expected.heard_us - sent_us));
		serve(clients, 2, sent_us + interval_us, NULL);
	}
}

static void startup(char **argument)
{
	int count = atoi(argument[2]);
	snprintf(expected.topic, sizeof(expected.topic), "portcullis/%s/availability", argument[1]);
	strcpy(expected.payload, "online");
	struct mosquitto *client = client_new(argument[0], expected.topic);
	for (int i = 0; i < count; i++) {
		pid_t child;
		int status;
		expected.heard_us = 0;
		int64_t started_us = now_us();
		if (posix_spawn(&child, argument[3], NULL, NULL, argument + 3, environ) != 0)
			fail("cannot start the program");
		bool online = serve(&client, 1, started_us + PATIENCE_US, &expected.heard_us);
		int64_t took_us = expected.heard_us - started_us;
		kill(child, SIGTERM);
		waitpid(child, &status, 0);
		if (!online)
			fail("the program did not come online");
		printf("%lld\n", (long long)took_us);
		serve(&client, 1, now_us() + 50000, NULL); /* its offline */
	}
}

static void flood(char **argument)
{
	int64_t rate = atoi(argument[3]), end_us = (int64_t)atoi(argument[4]) * 1000000, sent = 0;
	struct mosquitto *client = client_new(argument[0], NULL);
	for (int64_t begin_us = now_us(), passed_us; (passed_us = now_us() - begin_us) < end_us;) {
		for (; sent < passed_us * rate / 1000000; sent++)
			mosquitto_publish(client, NULL, argument[1], (int)strlen(argument[2]), argument[2], 0, false);
		serve(&client, 1, now_us() + 1000, NULL);
	}
	printf("%lld\n", (long long)sent);
}

int main(int argc, char **argv)
{
	mosquitto_lib_init();
	if (argc == 7 && strcmp(argv[1], "latency") == 0)
		latency(argv + 2);
	else if (argc >= 6 && strcmp(argv[1], "startup") == 0)
		startup(argv + 2);
	else if (argc == 7 && strcmp(argv[1], "flood") == 0)
		flood(argv + 2);
	else
		fail("see the top of measure.c");
	return 0;
}
