/*
 * The reference for TLS: what reference.c does, by Eclipse Paho with OpenSSL, as Debian packages them.
 *
 *     paho PORT NODE CA_FILE
 */
#include <MQTTAsync.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static MQTTAsync client;
static const char *node;

/* Paho leaves Nagle's algorithm on, and waits 40 ms for it. That would be an easy race. */
int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	return (int)syscall(SYS_connect, fd, address, length);
}

static void failed(void *context, MQTTAsync_failureData *data)
{
	(void)context;
	fprintf(stderr, "paho: %s\n", data && data->message ? data->message : "cannot connect");
	exit(1);
}

static void say(const char *topic, const char *payload)
{
	MQTTAsync_send(client, topic, (int)strlen(payload), payload, 1, 1, NULL);
}

static void connected(void *context, MQTTAsync_successData *data)
{
	(void)context;
	(void)data;
	char topic[128];
	snprintf(topic, sizeof(topic), "portcullis/%s/+/set", node);
	MQTTAsync_subscribe(client, topic, 1, NULL);
	snprintf(topic, sizeof(topic), "portcullis/%s/availability", node);
	say(topic, "online");
}

static int commanded(void *context, char *topic, int length, MQTTAsync_message *message)
{
	char state[128];
	(void)context;
	(void)length;
	snprintf(state, sizeof(state), "%.*s/state", (int)(strlen(topic) - strlen("/set")), topic);
	say(state, message->payloadlen == 4 && memcmp(message->payload, "OPEN", 4) == 0 ? "opening" : "closing");
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	char uri[64], will_topic[128];
	node = argv[2];
	snprintf(uri, sizeof(uri), "ssl://127.0.0.1:%s", argv[1]);
	snprintf(will_topic, sizeof(will_topic), "portcullis/%s/availability", node);
	MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
	tls.trustStore = argv[3];
	tls.verify = 1;
	MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
	will.topicName = will_topic;
	will.message = "offline";
	will.qos = will.retained = 1;
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
	options.ssl = &tls;
	options.will = &will;
	options.onSuccess = connected;
	options.onFailure = failed;
	if (MQTTAsync_create(&client, uri, node, MQTTCLIENT_PERSISTENCE_NONE, NULL) != MQTTASYNC_SUCCESS ||
			MQTTAsync_setCallbacks(client, NULL, NULL, commanded, NULL) != MQTTASYNC_SUCCESS ||
			MQTTAsync_connect(client, &options) != MQTTASYNC_SUCCESS)
		return 1;
	for (;;)
		pause();
}
