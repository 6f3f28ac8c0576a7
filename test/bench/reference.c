/*
 * The reference of the measurements: the least that a door agent on MQTT could do. A bare client on libmosquitto that
 * announces itself and answers each command with a state at once. It has no door.
 *
 *     reference PORT NODE      topics as the agent's, below portcullis/NODE
 */
#include <mosquitto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

static void connected(struct mosquitto *client, void *node, int code)
{
	char topic[128];
	if (code != 0)
		exit(1);
	snprintf(topic, sizeof(topic), "portcullis/%s/+/set", (const char *)node);
	mosquitto_subscribe(client, NULL, topic, 1);
	snprintf(topic, sizeof(topic), "portcullis/%s/availability", (const char *)node);
	mosquitto_publish(client, NULL, topic, 6, "online", 1, true);
}

static void commanded(struct mosquitto *client, void *node, const struct mosquitto_message *message)
{
	char topic[128];
	const char *state =
			message->payloadlen == 4 && memcmp(message->payload, "OPEN", 4) == 0 ? "opening" : "closing";
	(void)node;
	snprintf(topic, sizeof(topic), "%.*s/state", (int)(strlen(message->topic) - strlen("/set")), message->topic);
	mosquitto_publish(client, NULL, topic, (int)strlen(state), state, 1, true);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	struct sigaction action = {.sa_handler = stop};
	sigaction(SIGTERM, &action, NULL);
	mosquitto_lib_init();
	struct mosquitto *client = mosquitto_new(argv[2], true, argv[2]);
	char will[128];
	snprintf(will, sizeof(will), "portcullis/%s/availability", argv[2]);
	mosquitto_will_set(client, will, 7, "offline", 1, true);
	mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_connect_callback_set(client, connected);
	mosquitto_message_callback_set(client, commanded);
	if (mosquitto_connect(client, "127.0.0.1", atoi(argv[1]), 30) != MOSQ_ERR_SUCCESS)
		return 1;
	while (!stopping && mosquitto_loop(client, -1, 1) == MOSQ_ERR_SUCCESS)
		;
	mosquitto_destroy(client);
	return 0;
}
