/*
 * Callbacks run in Paho's threads, everything else in the loop's. The two share the news, guarded by a mutex, and the
 * inbox, which guards itself. A context that Paho hands back is a place in an array; its index is the slot or the
 * subscription.
 */
#include "mqtt/paho.h"

#include <MQTTAsync.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wake.h"
#include "mqtt/age.h"
#include "mqtt/guard.h"
#include "mqtt/reasons.h"
#include "mqtt/threads.h"

#define WINDOW_V3 20       /* MQTT 3.1.1 knows no Receive Maximum; mosquitto and others take 20 at a time */
#define CONNACK_LIMIT_S 20 /* the owner's own comes first */
#define REPLAY_MS 2000     /* from a SUBACK on, brokers that replay a topic's last value have done it */
#define REPLAY_V3_MS 5000  /* the same on MQTT 3.1.1, which cannot forbid it */

static_assert(MQTT_PAHO_SLOTS <= AGE_PING, "a slot's number tells its packet");
static_assert(MQTT_PAHO_DENIED == MQTTREASONCODE_UNSPECIFIED_ERROR, "from this code on, answers are refusals");

struct slot {
	struct mqtt_paho *paho;
};

/*
 * One SUBSCRIBE for each topic: of a SUBACK with several codes, Paho hands on an array without a length on MQTT 3.1.1,
 * and a pointer that it has not set where the broker says one code for several topics.
 */
struct asked {
	struct mqtt_paho *paho;
};

struct mqtt_paho {
	const struct mqtt_config *config;
	MQTTAsync handle; /* one for each attempt: what was queued for an older connection dies with it */
	MQTTAsync anchor; /* never connects: destroying Paho's last handle waits for its threads */
	int version;
	struct mqtt_wire *wire; /* between fd and Paho */
	int fd; /* our duplicate of Paho's socket; set before Paho gets it and closed after Paho is done */
	struct wake wake;
	struct mqtt_inbox inbox;
	struct slot slots[MQTT_PAHO_SLOTS];
	struct asked asked[MQTT_SUBSCRIPTIONS_MAX]; /* for each of config->subscriptions */

	pthread_mutex_t lock; /* guards news */
	struct mqtt_paho_news news;
};

/* ---- Paho's threads: note, wake the loop, return. ---- */

static struct mqtt_paho_news *lock_news(struct mqtt_paho *paho)
{
	pthread_mutex_lock(&paho->lock);
	return &paho->news;
}

static void unlock_news(struct mqtt_paho *paho)
{
	pthread_mutex_unlock(&paho->lock);
	mqtt_paho_wake(paho);
}

/*
 * Has the kernel acknowledge at once what it otherwise keeps 40 ms for a packet of ours to ride on. The broker's own
 * Nagle waits for that acknowledgement: a command right after a PUBACK came 44 ms late without this.
 */
static void quick_acknowledge(struct mqtt_paho *paho)
{
	int one = 1;
	setsockopt(paho->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
}

static void connected5(void *context, MQTTAsync_successData5 *data)
{
	struct mqtt_paho *paho = context;
	struct mqtt_paho_news *news = lock_news(paho);
	news->connected = true;
	news->receive_maximum = 65535;
	news->maximum_packet = UINT32_MAX;
	news->retain_available = true;
	if (MQTTProperties_hasProperty(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM))
		news->receive_maximum = (uint32_t)MQTTProperties_getNumericValue(
				&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
	if (MQTTProperties_hasProperty(&data->properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE))
		news->maximum_packet = (uint32_t)MQTTProperties_getNumericValue(
				&data->properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE);
	if (MQTTProperties_hasProperty(&data->properties, MQTTPROPERTY_CODE_RETAIN_AVAILABLE))
		news->retain_available = MQTTProperties_getNumericValue(
							 &data->properties, MQTTPROPERTY_CODE_RETAIN_AVAILABLE) != 0;
	unlock_news(paho);
	quick_acknowledge(paho);
}

static void connected3(void *context, MQTTAsync_successData *data)
{
	(void)data;
	struct mqtt_paho *paho = context;
	struct mqtt_paho_news *news = lock_news(paho);
	news->connected = true;
	news->receive_maximum = WINDOW_V3;
	news->maximum_packet = UINT32_MAX;
	news->retain_available = true;
	unlock_news(paho);
	quick_acknowledge(paho);
}

static void paho_failed(struct mqtt_paho *paho, int code)
{
	struct mqtt_paho_news *news = lock_news(paho);
	news->failed = true;
	news->failed_code = code;
	unlock_news(paho);
}

static void failed5(void *context, MQTTAsync_failureData5 *data)
{
	paho_failed(context, data->reasonCode > 0 ? (int)data->reasonCode : data->code);
}

static void failed3(void *context, MQTTAsync_failureData *data)
{
	paho_failed(context, mqtt_reason_of_v3_connack(data->code));
}

static void paho_lost(void *context, char *cause)
{
	(void)cause;
	struct mqtt_paho *paho = context;
	lock_news(paho)->lost = true;
	unlock_news(paho);
}

static void paho_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes code)
{
	(void)properties;
	struct mqtt_paho *paho = context;
	struct mqtt_paho_news *news = lock_news(paho);
	news->disconnected = true;
	news->disconnected_code = (int)code;
	unlock_news(paho);
}

static void slot_acknowledged(struct slot *slot, int code)
{
	struct mqtt_paho *paho = slot->paho;
	size_t index = (size_t)(slot - paho->slots);
	mqtt_wire_answered(paho->wire, (unsigned)index);
	struct mqtt_paho_news *news = lock_news(paho);
	news->acknowledged |= 1u << index;
	news->ack_code[index] = (uint8_t)code;
	unlock_news(paho);
	quick_acknowledge(paho);
}

static void published5(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	slot_acknowledged(context, 0);
}

static void published3(void *context, MQTTAsync_successData *data)
{
	(void)data;
	slot_acknowledged(context, 0);
}

/* Without a reason code the connection is lost, and that is said elsewhere. */
static void refused5(void *context, MQTTAsync_failureData5 *data)
{
	if (data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR)
		slot_acknowledged(context, (int)data->reasonCode);
}

static void topic_granted(struct asked *asked, int code)
{
	struct mqtt_paho *paho = asked->paho;
	size_t index = (size_t)(asked - paho->asked);
	if ((code & 0xff) < MQTTREASONCODE_UNSPECIFIED_ERROR)
		mqtt_inbox_granted(
				&paho->inbox, index, loop_now_ms() + (paho->version == 5 ? REPLAY_MS : REPLAY_V3_MS));
	struct mqtt_paho_news *news = lock_news(paho);
	news->grant[index] = (uint16_t)((code & 0xff) + 1);
	news->granted = true;
	unlock_news(paho);
	quick_acknowledge(paho);
}

static void subscribed5(void *context, MQTTAsync_successData5 *data)
{
	topic_granted(context, (int)data->reasonCode);
}

static void subscribed3(void *context, MQTTAsync_successData *data)
{
	topic_granted(context, data->alt.qos);
}

static void denied5(void *context, MQTTAsync_failureData5 *data)
{
	if (data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR)
		topic_granted(context, (int)data->reasonCode);
}

static void denied3(void *context, MQTTAsync_failureData *data)
{
	if (data->code == MQTTREASONCODE_UNSPECIFIED_ERROR)
		topic_granted(context, MQTTREASONCODE_UNSPECIFIED_ERROR);
}

static int message_arrived(void *context, char *topic, int topic_length, MQTTAsync_message *from)
{
	struct mqtt_paho *paho = context;
	char response_topic[MQTT_TOPIC_MAX + 1] = "";
	struct mqtt_message message = {
			.topic = topic,
			.payload = from->payload,
			.length = (size_t)from->payloadlen,
			.retained = from->retained,
	};
	const MQTTProperty *response = MQTTProperties_getProperty(&from->properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC);
	const MQTTProperty *correlation =
			MQTTProperties_getProperty(&from->properties, MQTTPROPERTY_CODE_CORRELATION_DATA);
	if (response && response->value.data.len > 0 && response->value.data.len <= MQTT_TOPIC_MAX) {
		memcpy(response_topic, response->value.data.data, (size_t)response->value.data.len);
		response_topic[response->value.data.len] = '\0';
		message.response_topic = response_topic;
	}
	if (correlation) {
		message.correlation = (const unsigned char *)correlation->value.data.data;
		message.correlation_length = (size_t)correlation->value.data.len;
	}
	size_t length = topic_length ? (size_t)topic_length : strlen(topic);
	struct age age;
	mqtt_wire_age(paho->wire, &age);
	mqtt_inbox_put(&paho->inbox, &message, length, from->dup, &age, loop_now_ms());
	mqtt_paho_wake(paho);
	if (from->qos == 0) /* else Paho's PUBACK carries the acknowledgement */
		quick_acknowledge(paho);
	MQTTAsync_freeMessage(&from);
	MQTTAsync_free(topic);
	return 1;
}

/* ---- The loop's side: what there is. ---- */

void mqtt_paho_wake(struct mqtt_paho *paho)
{
	wake_up(&paho->wake);
}

void mqtt_paho_take_news(struct mqtt_paho *paho, struct mqtt_paho_news *news)
{
	*news = *lock_news(paho);
	memset(&paho->news, 0, sizeof(paho->news));
	pthread_mutex_unlock(&paho->lock);
}

int mqtt_paho_fd(const struct mqtt_paho *paho)
{
	return paho->fd;
}

struct mqtt_wire *mqtt_paho_wire(const struct mqtt_paho *paho)
{
	return paho->wire;
}

struct mqtt_inbox *mqtt_paho_inbox(struct mqtt_paho *paho)
{
	return &paho->inbox;
}

/* ---- A connection. ---- */

static int create_handle(struct mqtt_paho *paho)
{
	char uri[MQTT_WIRE_URI_MAX];
	if (mqtt_wire_uri(paho->wire, paho->fd, uri))
		return MQTTASYNC_FAILURE;
	MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
	create.MQTTVersion = paho->version == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
	int result = MQTTAsync_createWithOptions(
			&paho->handle, uri, paho->config->client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &create);
	if (result != MQTTASYNC_SUCCESS) {
		paho->handle = NULL;
		return result;
	}
	MQTTAsync_setCallbacks(paho->handle, paho, paho_lost, message_arrived, NULL);
	MQTTAsync_setDisconnected(paho->handle, paho, paho_disconnected);
	return MQTTASYNC_SUCCESS;
}

static int send_connect(struct mqtt_paho *paho)
{
	const struct mqtt_config *config = paho->config;
	MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
	will.topicName = config->will_topic;
	will.message = config->will_payload;
	will.retained = 1;
	will.qos = 1;
	MQTTAsync_connectOptions connect3 = MQTTAsync_connectOptions_initializer;
	MQTTAsync_connectOptions connect5 = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_connectOptions *connect = paho->version == 5 ? &connect5 : &connect3;
	connect3.MQTTVersion = MQTTVERSION_3_1_1;
	connect3.onSuccess = connected3;
	connect3.onFailure = failed3;
	connect5.onSuccess5 = connected5;
	connect5.onFailure5 = failed5;
	connect->context = paho;
	connect->keepAliveInterval = (int)(config->keepalive_ms / 1000);
	connect->connectTimeout = CONNACK_LIMIT_S;
	connect->will = config->will_topic ? &will : NULL;
	connect->username = config->username;
	connect->password = config->password;
	MQTTProperty packet_max = {
			.identifier = MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, .value.integer4 = MQTT_GUARD_PACKET_MAX};
	MQTTProperties properties = MQTTProperties_initializer;
	if (paho->version == 5) {
		MQTTProperties_add(&properties, &packet_max);
		connect->connectProperties = &properties; /* copied */
	}
	int result = MQTTAsync_connect(paho->handle, connect);
	MQTTProperties_free(&properties);
	return result;
}

const char *mqtt_paho_connect(struct mqtt_paho *paho, int fd, int version)
{
	mqtt_paho_close(paho, false);
	paho->fd = fd;
	paho->version = version;
	int result = create_handle(paho);
	mqtt_inbox_begin(&paho->inbox);
	if (result == MQTTASYNC_SUCCESS)
		result = send_connect(paho);
	if (result != MQTTASYNC_SUCCESS)
		return MQTTAsync_strerror(result);
	return mqtt_threads_begin() == 0 ? NULL : "the memory or the number of threads does not allow Paho's threads";
}

void mqtt_paho_close(struct mqtt_paho *paho, bool in_good_order)
{
	if (paho->fd >= 0 && !in_good_order)
		shutdown(paho->fd, SHUT_RDWR);
	if (paho->handle)
		MQTTAsync_destroy(&paho->handle); /* sends DISCONNECT if it can; no callback comes after it */
	if (paho->fd >= 0 && !in_good_order) {
		close(paho->fd);
		paho->fd = -1;
	}
	memset(lock_news(paho), 0, sizeof(paho->news));
	pthread_mutex_unlock(&paho->lock);
}

static int result_of(int result, const char **why)
{
	if (result == MQTTASYNC_SUCCESS)
		return 0;
	*why = MQTTAsync_strerror(result);
	return result == MQTTASYNC_DISCONNECTED ? -ENOTCONN : -EIO;
}

int mqtt_paho_subscribe(struct mqtt_paho *paho, size_t index, const char **why)
{
	const struct mqtt_subscription *subscription = &paho->config->subscriptions[index];
	MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
	response.context = &paho->asked[index];
	if (paho->version == 5) {
		response.onSuccess5 = subscribed5;
		response.onFailure5 = denied5;
		response.subscribeOptions.retainAsPublished = subscription->as_published;
		response.subscribeOptions.retainHandling = subscription->want_retained ? 0 : 2;
	} else {
		response.onSuccess = subscribed3;
		response.onFailure = denied3;
	}
	return result_of(MQTTAsync_subscribe(paho->handle, subscription->topic, 1, &response), why);
}

int mqtt_paho_unsubscribe(struct mqtt_paho *paho, const char *topic, const char **why)
{
	MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
	return result_of(MQTTAsync_unsubscribe(paho->handle, topic, &response), why);
}

/* bytes: Paho's field lacks a const. Copied. */
static void add_bytes(MQTTProperties *to, enum MQTTPropertyCodes code, const void *bytes, size_t length)
{
	MQTTProperty property = {.identifier = code};
	memcpy(&property.value.data.data, &bytes, sizeof(property.value.data.data));
	property.value.data.len = (int)length;
	MQTTProperties_add(to, &property);
}

static void add_properties(MQTTProperties *to, const struct mqtt_outgoing *outgoing)
{
	if (outgoing->response_topic)
		add_bytes(to, MQTTPROPERTY_CODE_RESPONSE_TOPIC, outgoing->response_topic,
				strlen(outgoing->response_topic));
	if (outgoing->expires_ms) {
		int64_t left_s = (outgoing->expires_ms - loop_now_ms() + 999) / 1000;
		MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL};
		property.value.integer4 = left_s > 0 ? (unsigned)left_s : 1;
		MQTTProperties_add(to, &property);
	}
	if (outgoing->correlation_length)
		add_bytes(to, MQTTPROPERTY_CODE_CORRELATION_DATA, outgoing->correlation, outgoing->correlation_length);
}

int mqtt_paho_publish(struct mqtt_paho *paho, size_t slot, const struct mqtt_outgoing *outgoing, bool retained,
		const char **why)
{
	MQTTAsync_message message = MQTTAsync_message_initializer;
	memcpy(&message.payload, &outgoing->payload, sizeof(message.payload)); /* Paho's field lacks a const */
	message.payloadlen = (int)outgoing->length;
	message.qos = 1;
	message.retained = retained;
	MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
	response.context = &paho->slots[slot];
	mqtt_wire_sent(paho->wire, (unsigned)slot);
	if (paho->version == 5) {
		response.onSuccess5 = published5;
		response.onFailure5 = refused5;
		add_properties(&message.properties, outgoing);
	} else {
		response.onSuccess = published3;
	}
	int result = MQTTAsync_sendMessage(paho->handle, outgoing->topic, &message, &response);
	if (result != MQTTASYNC_SUCCESS)
		mqtt_wire_unsent(paho->wire, (unsigned)slot);
	MQTTProperties_free(&message.properties);
	return result_of(result, why);
}

/* ---- Its life. ---- */

int mqtt_paho_new(struct loop *loop, const struct mqtt_config *config, void (*heard)(void *user), void *user,
		struct mqtt_paho **out)
{
	mqtt_wire_be_patient();
	struct mqtt_paho *paho = calloc(1, sizeof(*paho));
	if (!paho)
		return -ENOMEM;
	paho->config = config;
	paho->fd = -1;
	pthread_mutex_init(&paho->lock, NULL);
	for (size_t i = 0; i < MQTT_PAHO_SLOTS; i++)
		paho->slots[i].paho = paho;
	for (size_t i = 0; i < MQTT_SUBSCRIPTIONS_MAX; i++)
		paho->asked[i].paho = paho;
	int result = mqtt_inbox_init(&paho->inbox, config->subscriptions, config->subscription_count);
	if (!result)
		result = wake_open(&paho->wake, loop, heard, user);
	paho->wire = mqtt_wire_new(config->alive);
	if (!result && (!paho->wire || MQTTAsync_create(&paho->anchor, "tcp://" MQTT_WIRE_HOST ":1", "anchor",
						       MQTTCLIENT_PERSISTENCE_NONE, NULL) != MQTTASYNC_SUCCESS)) {
		paho->anchor = NULL;
		result = -ENOMEM;
	}
	if (result) {
		mqtt_paho_free(paho);
		return result;
	}
	*out = paho;
	return 0;
}

void mqtt_paho_free(struct mqtt_paho *paho)
{
	if (!paho)
		return;
	mqtt_paho_close(paho, false);
	(void)mqtt_threads_begin();
	if (paho->anchor)
		MQTTAsync_destroy(&paho->anchor);
	mqtt_wire_free(paho->wire);
	wake_close(&paho->wake);
	mqtt_inbox_destroy(&paho->inbox);
	pthread_mutex_destroy(&paho->lock);
	free(paho);
}
