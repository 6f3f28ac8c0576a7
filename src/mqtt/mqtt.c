#include "mqtt/mqtt.h"

#include <MQTTAsync.h>
#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mqtt/age.h"
#include "mqtt/connector.h"
#include "mqtt/outbox.h"
#include "mqtt/reasons.h"
#include "mqtt/ring.h"
#include "mqtt/wire.h"

#define RING_BYTES (32 * 1024)
#define BULK_RING_BYTES (192 * 1024)
#define PACKET_MAX 65536     /* MQTT 5: the broker keeps longer ones to itself; Paho would take in any length */
#define MESSAGES_PER_TURN 16 /* so that a flood of commands does not hold up the loop */
#define WINDOW_MAX 32        /* publishes in flight; the broker's Receive Maximum may be less */
#define WINDOW_V3 20         /* MQTT 3.1.1 knows no Receive Maximum; mosquitto and others take 20 at a time */
#define LOOK_UP_LIMIT_MS 10000
#define CONNECT_LIMIT_MS 10000
#define LAYER_LIMIT_MS 10000
#define CONNACK_LIMIT_MS 10000
#define ANSWER_LIMIT_MS 10000 /* the broker answers nothing for so long: it is gone */
#define LATE_MS 1000          /* a timer that late: it is we who stood still */
#define REPLAY_MS 2000        /* from a SUBACK on, brokers that replay a topic's last value have done it */
#define REPLAY_V3_MS 5000     /* the same on MQTT 3.1.1, which cannot forbid it */
#define USER_TIMEOUT_MS 15000 /* the kernel's own limit for what it has sent, should ours fail */
#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 60000
#define TAKEN_OVER_MIN_MS 60000 /* two agents with one client id: each return throws the other out */
#define TAKEN_OVER_MAX_MS 120000
#define STEADY_MS 30000 /* a connection that lasted this long ends the back-off */
/* While the broker was up. A shared client id looks like this: many brokers, mosquitto before 2.0.15 among them, give no
 * reason. */
#define SHORT_LOSSES_TELL 3
#define V3_REFUSED_MS 3600000 /* how long a broker that refused MQTT 5 is met with 3.1.1 before 5 is tried again */
#define V3_SILENCES 2         /* to so many CONNECTs of MQTT 5: it may not know it, and not know how to say so */
#define V3_CLOSED_MS 300000   /* the same after a close without a word, which may have had another reason */
#define REFRESH_MIN_MS 60000
#define SUBSCRIBE_LIMIT_MS 10000 /* no answer to a SUBSCRIBE for so long: it is refused */
#define CLOSE_LIMIT_MS 2000      /* for the broker to close after our DISCONNECT */
#define TRIM_BYTES 16384         /* a message from that length on leaves a hole in the heap that nothing else fills */
#define LABEL_MAX 272

enum phase {
	WAITING,  /* for the next attempt */
	REACHING, /* name and TCP, in the connector's thread */
	SECURING, /* the layer's handshake, in its thread */
	GREETING, /* CONNECT is with Paho, no CONNACK yet */
	ONLINE,
	LEAVING, /* DISCONNECT is sent; the broker closes */
	STOPPED,
};

/* Pauses before what the broker has refused is asked for or said again; the last of them from then on. */
static const int64_t again_ms[] = {5000, 10000, 30000, 60000};

struct broker {
	struct mqtt *mqtt;
	const struct mqtt_broker *config;
	struct mqtt_connector *connector; /* may outlive the attempt while a look-up hangs */
	int64_t v3_until_ms;              /* speak MQTT 3.1.1 to it until then */
	bool v3_guessed;                  /* because it hung up on 5, and 3.1.1 has not worked yet */
	bool spoke_5;                     /* once: then silence or a hang-up is no refusal of MQTT 5 */
	unsigned silences;                /* in a row, to MQTT 5 */
	char label[LABEL_MAX];
	char errors[2]
		   [MQTT_ERROR_MAX]; /* what was logged last: two, since a reset comes before or after our greeting */
};

struct slot {
	struct mqtt *mqtt;
	struct mqtt_outgoing *outgoing; /* NULL = free */
	int64_t sent_ms;
};

/*
 * One SUBSCRIBE for each topic: of a SUBACK with several codes, Paho hands on an array without a length on MQTT 3.1.1,
 * and a pointer that it has not set where the broker says one code for several topics.
 */
struct asked {
	struct mqtt *mqtt;
	unsigned grant; /* the loop's: the SUBACK's code + 1; 0 = not answered yet */
};

/* What Paho's threads tell the loop; guarded by lock. Latest values: none of these can pile up. */
struct news {
	bool connected, failed, lost, disconnected;
	int failed_code, disconnected_code;
	uint32_t receive_maximum, maximum_packet;
	bool retain_available;
	uint32_t acknowledged; /* a bit for each slot */
	uint8_t ack_code[WINDOW_MAX];
	bool granted;
	uint16_t grant[MQTT_SUBSCRIPTIONS_MAX]; /* a SUBACK's code + 1; 0 = nothing new */
};

struct mqtt {
	struct loop *loop;
	const struct log *log;
	struct mqtt_config config;
	struct mqtt_handlers handlers;

	struct broker brokers[MQTT_BROKERS_MAX];
	size_t broker, tried; /* the current one, and how many have failed in this round */
	enum phase phase;
	unsigned rounds; /* failed in a row: the exponent of the back-off */
	unsigned short_losses;
	int64_t online_at_ms, retry_at_ms, refreshed_at_ms;
	struct loop_timer timer;
	char error[MQTT_ERROR_MAX], warning[MQTT_ERROR_MAX];

	MQTTAsync handle; /* one for each attempt: what was queued for an older connection dies with it */
	MQTTAsync anchor; /* never connects: destroying Paho's last handle waits for its threads */
	int version;
	struct mqtt_wire *wire; /* between fd and Paho */
	int fd; /* our duplicate of Paho's socket; set before Paho gets it and closed after Paho is done */

	struct slot slots[WINDOW_MAX];
	unsigned window, in_flight;
	uint32_t maximum_packet;
	bool retain_available;
	struct mqtt_outbox outbox;
	bool trim; /* when the words after a connect, or a long one, are out */
	bool refresh, refusal_logged;
	struct loop_timer say_timer, ask_timer; /* of what was refused */
	unsigned said_again, asked_again;       /* how often, in a row */
	bool refused;                           /* something retained, since it was last said */
	size_t denied;                          /* subscriptions */
	bool deaf;                              /* one for commands is among them */

	struct loop_timer ping_timer;
	int64_t ping_at_ms, silent_since_ms; /* silent: something is in flight, and nothing has been answered since */
	int64_t late_ms; /* when it was we who stood still: no ping is silent for longer than since */

	struct asked asked[MQTT_SUBSCRIPTIONS_MAX]; /* for each of config.subscriptions */

	pthread_mutex_t lock;
	struct news news;
	int64_t settled_ms[MQTT_SUBSCRIPTIONS_MAX]; /* guarded by lock. For commands: past what the broker replays;
						       LOOP_NEVER = not granted */
	int event_fd;
	struct loop_source event, socket;   /* socket: fd, while it leaves */
	struct mqtt_ring *ring, *bulk_ring; /* bulk_ring: NULL without a subscription to bulk */
	struct mqtt_ring_message popped;

	struct loop_timer stop_timer;
	void (*stopped)(void *user, bool whole);
	void *stopped_user;
	bool cut;   /* a message found the connection gone, of which we have not heard yet */
	bool whole; /* all that was published before the end is acknowledged */

	uint64_t connects, publish_failed, protocol_errors;
	struct mqtt_status before; /* its counters: of the clients before this one */
};

static void attempt(struct mqtt *mqtt);
static void leaving(struct loop_source *source, uint32_t events);
static void gone(struct mqtt *mqtt, const struct news *news, bool silent);

/* ---- Paho's threads: note, wake the loop, return. ---- */

static struct news *note(struct mqtt *mqtt)
{
	pthread_mutex_lock(&mqtt->lock);
	return &mqtt->news;
}

static void noted(struct mqtt *mqtt)
{
	pthread_mutex_unlock(&mqtt->lock);
	eventfd_write(mqtt->event_fd, 1);
}

/*
 * Has the kernel acknowledge at once what it otherwise keeps 40 ms for a packet of ours to ride on. The broker's own
 * Nagle waits for that acknowledgement: a command right after a PUBACK came 44 ms late without this.
 */
static void acknowledge_at_once(struct mqtt *mqtt)
{
	int one = 1;
	setsockopt(mqtt->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
}

static void connected5(void *context, MQTTAsync_successData5 *data)
{
	struct mqtt *mqtt = context;
	struct news *news = note(mqtt);
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
	noted(mqtt);
	acknowledge_at_once(mqtt);
}

static void connected3(void *context, MQTTAsync_successData *data)
{
	(void)data;
	struct mqtt *mqtt = context;
	struct news *news = note(mqtt);
	news->connected = true;
	news->receive_maximum = WINDOW_V3;
	news->maximum_packet = UINT32_MAX;
	news->retain_available = true;
	noted(mqtt);
	acknowledge_at_once(mqtt);
}

static void failed(struct mqtt *mqtt, int code)
{
	struct news *news = note(mqtt);
	news->failed = true;
	news->failed_code = code;
	noted(mqtt);
}

static void failed5(void *context, MQTTAsync_failureData5 *data)
{
	failed(context, data->reasonCode > 0 ? (int)data->reasonCode : data->code);
}

static void failed3(void *context, MQTTAsync_failureData *data)
{
	failed(context, mqtt_reason_of_v3_connack(data->code));
}

static void lost(void *context, char *cause)
{
	(void)cause;
	struct mqtt *mqtt = context;
	note(mqtt)->lost = true;
	noted(mqtt);
}

static void disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes code)
{
	(void)properties;
	struct mqtt *mqtt = context;
	struct news *news = note(mqtt);
	news->disconnected = true;
	news->disconnected_code = (int)code;
	noted(mqtt);
}

static void acknowledged(struct slot *slot, int code)
{
	struct mqtt *mqtt = slot->mqtt;
	size_t index = (size_t)(slot - mqtt->slots);
	struct news *news = note(mqtt);
	news->acknowledged |= 1u << index;
	news->ack_code[index] = (uint8_t)code;
	noted(mqtt);
	mqtt_wire_answered(mqtt->wire, slot->sent_ms);
	acknowledge_at_once(mqtt);
}

static void published5(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	acknowledged(context, 0);
}

static void published3(void *context, MQTTAsync_successData *data)
{
	(void)data;
	acknowledged(context, 0);
}

/* Without a reason code the connection is lost, and that is said elsewhere. */
static void refused5(void *context, MQTTAsync_failureData5 *data)
{
	if (data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR)
		acknowledged(context, (int)data->reasonCode);
}

static void granted(struct asked *asked, int code)
{
	struct mqtt *mqtt = asked->mqtt;
	size_t index = (size_t)(asked - mqtt->asked);
	struct news *news = note(mqtt);
	news->grant[index] = (uint16_t)((code & 0xff) + 1);
	if ((code & 0xff) < MQTTREASONCODE_UNSPECIFIED_ERROR)
		mqtt->settled_ms[index] = loop_now_ms() + (mqtt->version == 5 ? REPLAY_MS : REPLAY_V3_MS);
	news->granted = true;
	noted(mqtt);
	acknowledge_at_once(mqtt);
}

static void subscribed5(void *context, MQTTAsync_successData5 *data)
{
	granted(context, (int)data->reasonCode);
}

static void subscribed3(void *context, MQTTAsync_successData *data)
{
	granted(context, data->alt.qos);
}

static void denied5(void *context, MQTTAsync_failureData5 *data)
{
	if (data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR)
		granted(context, (int)data->reasonCode);
}

static void denied3(void *context, MQTTAsync_failureData *data)
{
	if (data->code == MQTTREASONCODE_UNSPECIFIED_ERROR)
		granted(context, MQTTREASONCODE_UNSPECIFIED_ERROR);
}

static bool matches(const char *filter, const char *topic, size_t length)
{
	size_t at = 0;
	for (; *filter == '+' || (*filter && at < length && *filter == topic[at]); filter++) {
		if (*filter != '+')
			at++;
		else
			while (at < length && topic[at] != '/')
				at++;
	}
	return !*filter && at == length;
}

/* Which ring the message belongs to, and what is known of its age. */
static struct mqtt_ring *sort(struct mqtt *mqtt, struct mqtt_message *message, size_t topic_length, bool redelivered)
{
	bool bulk = false, other = false;
	int64_t now_ms = loop_now_ms();
	struct age age;
	mqtt_wire_age(mqtt->wire, &age);
	message->sent_after_ms = age.sent_after_ms;
	message->past = redelivered || age_is_flush(&age, now_ms);
	pthread_mutex_lock(&mqtt->lock);
	for (size_t i = 0; i < mqtt->config.subscription_count; i++) {
		const struct mqtt_subscription *subscription = &mqtt->config.subscriptions[i];
		if (!matches(subscription->topic, message->topic, topic_length))
			continue;
		bulk = bulk || subscription->bulk;
		other = other || !subscription->bulk;
		if (subscription->commands && now_ms < mqtt->settled_ms[i])
			message->past = true;
	}
	pthread_mutex_unlock(&mqtt->lock);
	return bulk && !other ? mqtt->bulk_ring : mqtt->ring;
}

static int arrived(void *context, char *topic, int topic_length, MQTTAsync_message *paho)
{
	struct mqtt *mqtt = context;
	char response_topic[MQTT_TOPIC_MAX + 1] = "";
	struct mqtt_message message = {
			.topic = topic,
			.payload = paho->payload,
			.length = (size_t)paho->payloadlen,
			.retained = paho->retained,
	};
	const MQTTProperty *response = MQTTProperties_getProperty(&paho->properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC);
	const MQTTProperty *correlation =
			MQTTProperties_getProperty(&paho->properties, MQTTPROPERTY_CODE_CORRELATION_DATA);
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
	mqtt_ring_push(sort(mqtt, &message, length, paho->dup), &message, length);
	eventfd_write(mqtt->event_fd, 1);
	if (paho->qos == 0) /* else Paho's PUBACK carries the acknowledgement */
		acknowledge_at_once(mqtt);
	MQTTAsync_freeMessage(&paho);
	MQTTAsync_free(topic);
	return 1;
}

/* ---- The loop's side. ---- */

static struct broker *current(struct mqtt *mqtt)
{
	return &mqtt->brokers[mqtt->broker];
}

static int64_t between(int64_t least, int64_t most)
{
	return least + (int64_t)arc4random_uniform((uint32_t)(most - least + 1));
}

static void forget_news(struct mqtt *mqtt)
{
	memset(note(mqtt), 0, sizeof(mqtt->news));
	pthread_mutex_unlock(&mqtt->lock);
}

/* Not in good order: the broker sees a broken connection and publishes the will. */
static void close_connection(struct mqtt *mqtt, bool in_good_order)
{
	loop_timer_cancel(mqtt->loop, &mqtt->timer);
	loop_timer_cancel(mqtt->loop, &mqtt->ping_timer);
	loop_timer_cancel(mqtt->loop, &mqtt->say_timer);
	loop_timer_cancel(mqtt->loop, &mqtt->ask_timer);
	loop_remove(mqtt->loop, &mqtt->socket);
	const struct mqtt_layer *layer = current(mqtt)->config->layer;
	bool layered = mqtt->phase == SECURING || mqtt->phase == GREETING || mqtt->phase == ONLINE;
	if (layer && layered && !in_good_order)
		layer->cancel(layer->user);
	if (mqtt->fd >= 0 && !in_good_order)
		shutdown(mqtt->fd, SHUT_RDWR);
	if (mqtt->handle)
		MQTTAsync_destroy(&mqtt->handle); /* sends DISCONNECT if it can; no callback comes after it */
	if (mqtt->fd >= 0 && !in_good_order) {
		close(mqtt->fd);
		mqtt->fd = -1;
	}
	for (size_t i = 0; i < WINDOW_MAX; i++) {
		free(mqtt->slots[i].outgoing);
		mqtt->slots[i].outgoing = NULL;
	}
	mqtt->in_flight = 0;
	mqtt_outbox_clear(&mqtt->outbox);
	forget_news(mqtt);
}

static void wait_until(struct mqtt *mqtt, int64_t at_ms)
{
	mqtt->phase = WAITING;
	mqtt->retry_at_ms = at_ms;
	loop_timer_set(mqtt->loop, &mqtt->timer, at_ms);
}

/* The next pause of again_ms. */
static int64_t pause_ms(unsigned *step)
{
	size_t last = sizeof(again_ms) / sizeof(again_ms[0]) - 1;
	return again_ms[*step < last ? (*step)++ : last];
}

static int64_t backoff_ms(struct mqtt *mqtt)
{
	int64_t most_ms = BACKOFF_MIN_MS << (mqtt->rounds < 6 ? mqtt->rounds : 6);
	if (most_ms > BACKOFF_MAX_MS)
		most_ms = BACKOFF_MAX_MS;
	mqtt->rounds++;
	return between(most_ms / 2, most_ms);
}

/* Remembers why there is no connection, and logs it when that is news for this broker. */
static void tell(struct mqtt *mqtt, const char *sentence)
{
	struct broker *broker = current(mqtt);
	snprintf(mqtt->error, sizeof(mqtt->error), "%s", sentence);
	for (size_t i = 0; i < 2; i++)
		if (strcmp(broker->errors[i], sentence) == 0) {
			log_debug(mqtt->log, "%s", sentence);
			return;
		}
	memcpy(broker->errors[1], broker->errors[0], MQTT_ERROR_MAX);
	snprintf(broker->errors[0], MQTT_ERROR_MAX, "%s", sentence);
	log_warning(mqtt->log, "%s", sentence);
}

/* The attempt has failed: on to the next broker of the list, or after the last one a pause. */
__attribute__((format(printf, 2, 3))) static void fail(struct mqtt *mqtt, const char *format, ...)
{
	char reason[MQTT_ERROR_MAX], sentence[MQTT_ERROR_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	snprintf(sentence, sizeof(sentence), "broker %.*s: %s", LABEL_MAX, current(mqtt)->label, reason);

	close_connection(mqtt, false);
	tell(mqtt, sentence);
	mqtt->short_losses = 0;
	if (current(mqtt)->v3_guessed) /* it hung up on MQTT 5, but 3.1.1 did not work either */
		current(mqtt)->v3_until_ms = 0;
	int64_t now_ms = loop_now_ms();
	mqtt->broker = (mqtt->broker + 1) % mqtt->config.broker_count;
	if (++mqtt->tried < mqtt->config.broker_count) {
		wait_until(mqtt, now_ms);
	} else {
		mqtt->tried = 0;
		wait_until(mqtt, now_ms + backoff_ms(mqtt));
	}
}

static const char *tls_advice(const struct mqtt *mqtt)
{
	return mqtt->brokers[mqtt->broker].config->layer ? "" : " One for TLS (usually 8883) needs mqtts://";
}

static void reach_failed(struct mqtt *mqtt, const struct mqtt_connector_result *result)
{
	const char *host = current(mqtt)->config->host;
	size_t length = strlen(host);
	if (result->name == EAI_SYSTEM) {
		fail(mqtt, "the name cannot be looked up: %s", strerror(result->error));
	} else if (result->name && length > 6 && strcmp(host + length - 6, ".local") == 0) {
		fail(mqtt, "the name does not resolve (%s): .local names need mDNS, which is not spoken here; set mqtt.broker to its address or to a name that the DNS server knows",
				gai_strerror(result->name));
	} else if (result->name == EAI_AGAIN) {
		fail(mqtt, "the name does not resolve: no answer from a DNS server (%s)", gai_strerror(result->name));
	} else if (result->name) {
		fail(mqtt, "the name does not resolve (%s): check mqtt.broker, and the DNS server of this network",
				gai_strerror(result->name));
	} else if (result->error == ECONNREFUSED) {
		fail(mqtt, "connection refused: is the broker running, and does it listen on this address and port?");
	} else if (result->error == ETIMEDOUT) {
		fail(mqtt, "no answer to the TCP connection: is the machine up, and does a firewall let it through?");
	} else {
		fail(mqtt, "cannot be reached: %s", strerror(result->error));
	}
}

static void subscribe(struct mqtt *mqtt, size_t index)
{
	const struct mqtt_subscription *subscription = &mqtt->config.subscriptions[index];
	struct asked *asked = &mqtt->asked[index];
	MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
	asked->grant = 0;
	response.context = asked;
	if (mqtt->version == 5) {
		response.onSuccess5 = subscribed5;
		response.onFailure5 = denied5;
		response.subscribeOptions.retainAsPublished = subscription->as_published;
		response.subscribeOptions.retainHandling = subscription->want_retained ? 0 : 2;
	} else {
		response.onSuccess = subscribed3;
		response.onFailure = denied3;
	}
	int result = MQTTAsync_subscribe(mqtt->handle, subscription->topic, 1, &response);
	if (result != MQTTASYNC_SUCCESS && result != MQTTASYNC_DISCONNECTED)
		log_error(mqtt->log, "broker %s: cannot subscribe to %s: %s", current(mqtt)->label, subscription->topic,
				MQTTAsync_strerror(result));
}

static void publish_failed(struct mqtt *mqtt, const struct mqtt_outgoing *outgoing, int code)
{
	mqtt->publish_failed++;
	log_write(mqtt->log, mqtt->refusal_logged ? LOG_DEBUG : LOG_WARNING,
			"broker %s: refuses what is published to %s: %s (0x%02x)%s%s", current(mqtt)->label,
			outgoing->topic, mqtt_reason_text(code), (unsigned)code,
			code == MQTT_REASON_NOT_AUTHORIZED
					? ": let this user write it in the broker's access control list"
					: "",
			mqtt->refusal_logged ? "" : " (said once for each connection)");
	mqtt->refusal_logged = true;
}

/* PUBACK with a reason: the broker must not keep an older state for the present one. */
static void refused(struct mqtt *mqtt, const struct mqtt_outgoing *outgoing, int code)
{
	if (code == MQTT_REASON_IMPLEMENTATION_SPECIFIC) /* some say it of what they have taken */
		log_debug(mqtt->log, "broker %s: answers to %s: %s", current(mqtt)->label, outgoing->topic,
				mqtt_reason_text(code));
	else
		publish_failed(mqtt, outgoing, code);
	/* What the access list or the kind of broker forbids is not said again and again: time does not heal that. */
	bool lasting = code == MQTT_REASON_NOT_AUTHORIZED || code == MQTT_REASON_TOPIC_NAME_INVALID;
	if (outgoing->retained && !mqtt->refused && !lasting && !mqtt->stopped) {
		mqtt->refused = true;
		loop_timer_set(mqtt->loop, &mqtt->say_timer, loop_now_ms() + pause_ms(&mqtt->said_again));
	}
}

static void send_outgoing(struct mqtt *mqtt, struct mqtt_outgoing *outgoing)
{
	struct slot *slot = mqtt->slots;
	while (slot->outgoing)
		slot++;
	slot->outgoing = outgoing;
	slot->sent_ms = loop_now_ms();
	if (mqtt->in_flight++ == 0)
		mqtt->silent_since_ms = slot->sent_ms;

	MQTTAsync_message message = MQTTAsync_message_initializer;
	memcpy(&message.payload, &outgoing->payload, sizeof(message.payload)); /* Paho's field lacks a const */
	message.payloadlen = (int)outgoing->length;
	message.qos = 1;
	message.retained = outgoing->retained && mqtt->retain_available;
	MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
	response.context = slot;
	if (mqtt->version == 5) {
		response.onSuccess5 = published5;
		response.onFailure5 = refused5;
	} else {
		response.onSuccess = published3;
	}
	if (mqtt->version == 5 && outgoing->response_topic) {
		MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_RESPONSE_TOPIC};
		memcpy(&property.value.data.data, &outgoing->response_topic, sizeof(property.value.data.data));
		property.value.data.len = (int)strlen(outgoing->response_topic);
		MQTTProperties_add(&message.properties, &property);
	}
	if (mqtt->version == 5 && outgoing->expiry_s) {
		MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL};
		property.value.integer4 = outgoing->expiry_s;
		MQTTProperties_add(&message.properties, &property);
	}
	if (mqtt->version == 5 && outgoing->correlation_length) {
		MQTTProperty correlation = {.identifier = MQTTPROPERTY_CODE_CORRELATION_DATA};
		memcpy(&correlation.value.data.data, &outgoing->correlation, sizeof(correlation.value.data.data));
		correlation.value.data.len = (int)outgoing->correlation_length;
		MQTTProperties_add(&message.properties, &correlation);
	}
	int result = MQTTAsync_sendMessage(mqtt->handle, outgoing->topic, &message, &response);
	MQTTProperties_free(&message.properties);
	if (result == MQTTASYNC_SUCCESS)
		return;
	slot->outgoing = NULL;
	mqtt->in_flight--;
	if (result == MQTTASYNC_DISCONNECTED) { /* the news of it is on its way */
		mqtt->cut = true;
	} else {
		mqtt->publish_failed++;
		log_error(mqtt->log, "cannot publish to %s: %s", outgoing->topic, MQTTAsync_strerror(result));
	}
	free(outgoing);
}

static void leave(struct mqtt *mqtt)
{
	close_connection(mqtt, true);
	mqtt->whole = !mqtt->cut;
	mqtt->phase = LEAVING;
	int64_t limit_ms = loop_now_ms() + CLOSE_LIMIT_MS;
	if (limit_ms < mqtt->stop_timer.at_ms)
		loop_timer_set(mqtt->loop, &mqtt->stop_timer, limit_ms);
	mqtt->socket = (struct loop_source){.fd = mqtt->fd, .ready = leaving, .user = mqtt};
	if (loop_add(mqtt->loop, &mqtt->socket, EPOLLIN))
		loop_timer_set(mqtt->loop, &mqtt->stop_timer, loop_now_ms());
}

/* Hands on what waits, as far as the broker's Receive Maximum allows, and sees what an empty queue allows. */
static void pump(struct mqtt *mqtt)
{
	if (mqtt->phase != ONLINE)
		return;
	struct mqtt_outgoing *outgoing;
	while (mqtt->in_flight < mqtt->window && (outgoing = mqtt_outbox_take(&mqtt->outbox))) {
		if (outgoing->expiry_s && loop_now_ms() >= outgoing->expires_ms)
			free(outgoing);
		else
			send_outgoing(mqtt, outgoing);
	}
	if (mqtt->in_flight || mqtt->outbox.count)
		return;
	if (!mqtt->refused && !mqtt->say_timer.armed)
		mqtt->said_again = 0; /* all of it is taken */
	if (mqtt->trim)
		malloc_trim(0); /* glibc would keep what they took */
	mqtt->trim = false;
	if (mqtt->stopped) {
		leave(mqtt);
	} else if (mqtt->refresh && loop_now_ms() - mqtt->refreshed_at_ms >= REFRESH_MIN_MS) {
		mqtt->refresh = false;
		mqtt->refreshed_at_ms = loop_now_ms();
		mqtt->handlers.say_again(mqtt->handlers.user);
	}
}

/* In step with other timers of this period: one turn of the loop for all. */
static int64_t next_ping_ms(int64_t now_ms)
{
	return (now_ms / AGE_PING_MS + 1) * AGE_PING_MS;
}

/* Since when the broker owes an answer and has given none; LOOP_NEVER: it owes none. */
static int64_t silent_since_ms(const struct mqtt *mqtt)
{
	int64_t since_ms = mqtt->in_flight ? mqtt->silent_since_ms : LOOP_NEVER;
	int64_t pinged_ms = mqtt_wire_pinged_ms(mqtt->wire);
	if (pinged_ms < mqtt->late_ms)
		pinged_ms = mqtt->late_ms;
	return pinged_ms < since_ms ? pinged_ms : since_ms;
}

static void set_ping_timer(struct mqtt *mqtt)
{
	int64_t since_ms = silent_since_ms(mqtt), at_ms = mqtt->ping_at_ms;
	if (since_ms != LOOP_NEVER && since_ms + ANSWER_LIMIT_MS < at_ms)
		at_ms = since_ms + ANSWER_LIMIT_MS;
	loop_timer_set(mqtt->loop, &mqtt->ping_timer, at_ms);
}

static void look_at_broker(struct loop_timer *timer, int64_t now_ms)
{
	struct mqtt *mqtt = timer->user;
	if (now_ms - timer->at_ms > LATE_MS)
		mqtt->silent_since_ms = mqtt->late_ms = now_ms; /* the answers may wait for us */
	int64_t since_ms = silent_since_ms(mqtt);
	if (since_ms != LOOP_NEVER && now_ms - since_ms >= ANSWER_LIMIT_MS) {
		const struct news silence = {.lost = true};
		gone(mqtt, &silence, true);
		return;
	}
	if (now_ms >= mqtt->ping_at_ms) {
		mqtt_wire_ping(mqtt->wire);
		mqtt->ping_at_ms = next_ping_ms(now_ms);
	}
	set_ping_timer(mqtt);
}

static void online(struct mqtt *mqtt, const struct news *news)
{
	struct broker *broker = current(mqtt);
	loop_timer_cancel(mqtt->loop, &mqtt->timer);
	mqtt->phase = ONLINE;
	mqtt->trim = true;
	mqtt->retry_at_ms = LOOP_NEVER;
	mqtt->tried = 0;
	mqtt->online_at_ms = mqtt->refreshed_at_ms = loop_now_ms();
	mqtt->connects++;
	mqtt->window = news->receive_maximum < WINDOW_MAX ? news->receive_maximum : WINDOW_MAX;
	mqtt->maximum_packet = news->maximum_packet;
	mqtt->retain_available = news->retain_available;
	mqtt->refresh = mqtt->refusal_logged = mqtt->cut = mqtt->refused = false;
	mqtt->said_again = mqtt->asked_again = 0;
	mqtt->denied = 0;
	mqtt->deaf = false;
	mqtt->error[0] = broker->errors[0][0] = broker->errors[1][0] = '\0';
	broker->v3_guessed = false;
	broker->silences = 0;
	if (mqtt->version == 5) {
		broker->spoke_5 = true;
		broker->v3_until_ms = 0;
	}
	log_info(mqtt->log, "connected to the broker %s (MQTT %s)", broker->label, mqtt->version == 5 ? "5" : "3.1.1");
	if (!mqtt->retain_available)
		log_warning(mqtt->log,
				"broker %s: retains no messages: who connects later sees no state until it changes",
				broker->label);
	for (size_t i = 0; i < mqtt->config.subscription_count; i++)
		subscribe(mqtt, i);
	loop_timer_set(mqtt->loop, &mqtt->ask_timer, mqtt->online_at_ms + SUBSCRIBE_LIMIT_MS);
	mqtt->ping_at_ms = next_ping_ms(mqtt->online_at_ms);
	set_ping_timer(mqtt);
	mqtt->handlers.connected(mqtt->handlers.user);
}

/* "" when it was our side that closed it. True when there is more to say than that the other side did. */
static bool why_lost(struct mqtt *mqtt, char reason[static MQTT_ERROR_MAX])
{
	if (mqtt_wire_wrong(mqtt->wire, reason)) {
		mqtt->protocol_errors++;
		return true;
	}
	const struct mqtt_layer *layer = mqtt->brokers[mqtt->broker].config->layer;
	if (layer)
		return layer->lost(layer->user, reason);
	struct tcp_info tcp;
	socklen_t length = sizeof(tcp);
	bool we_closed = getsockopt(mqtt->fd, IPPROTO_TCP, TCP_INFO, &tcp, &length) == 0 &&
			 (tcp.tcpi_state == TCP_FIN_WAIT1 || tcp.tcpi_state == TCP_FIN_WAIT2);
	snprintf(reason, MQTT_ERROR_MAX, "%s", we_closed ? "" : "the other side closed it");
	return false;
}

/* A connection that was up has ended. silent: the broker has answered nothing for too long. */
static void gone(struct mqtt *mqtt, const struct news *news, bool silent)
{
	int64_t now_ms = loop_now_ms();
	int64_t lasted_ms = now_ms - mqtt->online_at_ms;
	char sentence[MQTT_ERROR_MAX];
	const char *label = current(mqtt)->label;
	bool taken_over = news->disconnected && news->disconnected_code == MQTT_REASON_SESSION_TAKEN_OVER;
	char reason[MQTT_ERROR_MAX];
	bool broken = why_lost(mqtt, reason);
	bool plain = !news->disconnected && !broken && !silent;
	if (lasted_ms >= STEADY_MS)
		mqtt->rounds = 0;
	mqtt->short_losses = lasted_ms < STEADY_MS && plain ? mqtt->short_losses + 1 : 0;
	bool again = mqtt->short_losses >= SHORT_LOSSES_TELL;
	bool unheard = silent || (!news->disconnected && !*reason); /* Paho gives up after a ping, too */
	if (taken_over) {
		snprintf(sentence, sizeof(sentence),
				"broker %.128s: another client has taken over the client id \"%.64s\": %s", label,
				mqtt->config.client_id, mqtt_reason_advice(news->disconnected_code));
	} else if (news->disconnected) {
		const char *advice = mqtt_reason_advice(news->disconnected_code);
		snprintf(sentence, sizeof(sentence), "broker %.128s: ended the connection: %s (0x%02x)%s%s", label,
				mqtt_reason_text(news->disconnected_code), (unsigned)news->disconnected_code,
				*advice ? ": " : "", advice);
	} else if (again) {
		snprintf(sentence, sizeof(sentence),
				"broker %.128s: the connection is lost again and again: does another client use the client id \"%.64s\"?",
				label, mqtt->config.client_id);
	} else if (silent) {
		snprintf(sentence, sizeof(sentence), "broker %.128s: the connection was lost: no answer within %d s",
				label, ANSWER_LIMIT_MS / 1000);
	} else {
		snprintf(sentence, sizeof(sentence), "broker %.128s: the connection was lost: %.*s", label,
				(int)sizeof(sentence) - 176, *reason ? reason : "no answer to a ping");
	}
	close_connection(mqtt, false);
	tell(mqtt, sentence);
	mqtt->tried = 0;
	/* At once: a broker that has ended refuses it, and then the loss says nothing of our client id. */
	bool at_once = mqtt->short_losses && !news->disconnected && !broken && !unheard;
	if (unheard && mqtt->config.broker_count > 1) { /* a connect to one that hangs would take its time, too */
		mqtt->broker = (mqtt->broker + 1) % mqtt->config.broker_count;
		at_once = true;
	}
	int64_t wait_ms = at_once ? 0 : backoff_ms(mqtt);
	if (taken_over || again)
		wait_ms = between(TAKEN_OVER_MIN_MS, TAKEN_OVER_MAX_MS);
	if (mqtt->stopped) {
		mqtt->phase = STOPPED;
		loop_timer_set(mqtt->loop, &mqtt->stop_timer, now_ms);
	} else {
		wait_until(mqtt, now_ms + wait_ms);
	}
	mqtt->handlers.disconnected(mqtt->handlers.user);
}

/* Brokers refuse MQTT 5 in four ways: reason code 0x84, 3.1.1's code 1, that code in a packet of 5, a close without a
 * byte. With a layer, only one that the broker itself has said. */
static void greeting_failed(struct mqtt *mqtt, int code)
{
	struct broker *broker = current(mqtt);
	bool refused = code == MQTT_REASON_UNSUPPORTED_VERSION || code == 1;
	bool closed = code <= 0;
	const struct mqtt_layer *layer = broker->config->layer;
	char reason[MQTT_ERROR_MAX];
	if (mqtt_wire_wrong(mqtt->wire, reason)) {
		mqtt->protocol_errors++;
		fail(mqtt, "%.*s: is this the port of an MQTT broker?%s", MQTT_WIRE_WRONG_MAX, reason,
				tls_advice(mqtt));
	} else if (closed && (why_lost(mqtt, reason) || (layer && !layer->said_goodbye(layer->user)))) {
		fail(mqtt, "%s", *reason ? reason : "the connection broke before an answer");
	} else if (mqtt->version == 5 && (refused || (closed && !broker->spoke_5))) {
		log_debug(mqtt->log, "broker %s: %s MQTT 5: trying 3.1.1", broker->label,
				refused ? "refuses" : "hangs up on");
		broker->v3_until_ms = loop_now_ms() + (refused ? V3_REFUSED_MS : V3_CLOSED_MS);
		broker->v3_guessed = closed;
		close_connection(mqtt, false);
		attempt(mqtt);
	} else if (closed) {
		fail(mqtt, "hangs up without an answer: is this the port of an MQTT broker?%s", tls_advice(mqtt));
	} else {
		const char *advice = mqtt_reason_advice(code);
		fail(mqtt, "refuses the connection: %s (0x%02x)%s%s", mqtt_reason_text(code), (unsigned)code,
				*advice ? ": " : "", advice);
	}
}

/* What the subscriptions have come to, in a sentence; asks again for those that were refused. */
static void tell_grants(struct mqtt *mqtt)
{
	size_t denied = 0, shown = 0, unanswered = 0;
	bool deaf = false;
	for (size_t i = mqtt->config.subscription_count; i-- > 0;) {
		unanswered += !mqtt->asked[i].grant;
		if (mqtt->asked[i].grant > 0x80) {
			denied++;
			shown = i;
			deaf = deaf || mqtt->config.subscriptions[i].commands;
		}
	}
	if (unanswered)
		return;
	bool granted = !denied && mqtt->denied;
	bool changed = denied != mqtt->denied || deaf != mqtt->deaf;
	char warning[MQTT_ERROR_MAX] = "";
	int code = (int)mqtt->asked[shown].grant - 1;
	if (denied)
		snprintf(warning, sizeof(warning),
				"broker %.96s: denies the subscription to %.96s%s (%s): what is sent there is not heard; it is asked for again%s",
				current(mqtt)->label, mqtt->config.subscriptions[shown].topic,
				denied > 1 ? " and others" : "", mqtt_reason_text(code),
				code == MQTT_REASON_NOT_AUTHORIZED
						? "; let this user read it in the broker's access control list"
						: "");
	if (*warning && strcmp(warning, mqtt->warning) != 0)
		log_warning(mqtt->log, "%s", warning);
	if (granted)
		log_info(mqtt->log, "broker %s: grants all subscriptions now", current(mqtt)->label);
	changed = changed || strcmp(warning, mqtt->warning) != 0;
	mqtt->denied = denied;
	mqtt->deaf = deaf;
	memcpy(mqtt->warning, warning, sizeof(mqtt->warning));
	if (denied)
		loop_timer_set(mqtt->loop, &mqtt->ask_timer, loop_now_ms() + pause_ms(&mqtt->asked_again));
	else
		loop_timer_cancel(mqtt->loop, &mqtt->ask_timer);
	if (changed && mqtt->handlers.heard)
		mqtt->handlers.heard(mqtt->handlers.user);
}

static void take_grants(struct mqtt *mqtt, const struct news *news)
{
	for (size_t i = 0; i < mqtt->config.subscription_count; i++)
		if (news->grant[i])
			mqtt->asked[i].grant = news->grant[i];
	tell_grants(mqtt);
}

/* Set at each SUBSCRIBE for its answer, and after that for the next one. */
static void ask_again(struct loop_timer *timer, int64_t now_ms)
{
	struct mqtt *mqtt = timer->user;
	bool unanswered = false;
	for (size_t i = 0; i < mqtt->config.subscription_count; i++) {
		if (mqtt->asked[i].grant)
			continue;
		mqtt->asked[i].grant = MQTTREASONCODE_UNSPECIFIED_ERROR + 1;
		unanswered = true;
	}
	if (unanswered) {
		tell_grants(mqtt);
		return;
	}
	loop_timer_set(mqtt->loop, timer, now_ms + SUBSCRIBE_LIMIT_MS);
	for (size_t i = 0; i < mqtt->config.subscription_count; i++)
		if (mqtt->asked[i].grant > 0x80)
			subscribe(mqtt, i);
}

/* The owner says what is so now, which may be another thing than what was refused. */
static void say_again(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	struct mqtt *mqtt = timer->user;
	mqtt->refused = false;
	mqtt->handlers.say_again(mqtt->handlers.user);
}

static void deliver(struct mqtt *mqtt)
{
	int left = MESSAGES_PER_TURN;
	while (left-- && mqtt_ring_pop(mqtt->ring, &mqtt->popped))
		mqtt->handlers.message(mqtt->handlers.user, &mqtt->popped.message);
	bool bulk = mqtt->bulk_ring && mqtt_ring_pop(mqtt->bulk_ring, &mqtt->popped);
	if (bulk)
		mqtt->handlers.message(mqtt->handlers.user, &mqtt->popped.message);
	if (left < 0 || bulk)
		eventfd_write(mqtt->event_fd, 1);
}

static void news_came(struct loop_source *source, uint32_t events)
{
	(void)events;
	struct mqtt *mqtt = source->user;
	eventfd_t count;
	eventfd_read(mqtt->event_fd, &count);
	struct news news = *note(mqtt);
	memset(&mqtt->news, 0, sizeof(mqtt->news));
	pthread_mutex_unlock(&mqtt->lock);

	if (news.connected && mqtt->phase == GREETING && news.receive_maximum == 0)
		fail(mqtt, "takes no message at all (it says a Receive Maximum of 0, which MQTT forbids)");
	else if (news.connected && mqtt->phase == GREETING)
		online(mqtt, &news);
	for (size_t i = 0; i < WINDOW_MAX; i++) {
		struct slot *slot = &mqtt->slots[i];
		if (!(news.acknowledged & 1u << i) || !slot->outgoing)
			continue;
		mqtt->silent_since_ms = loop_now_ms();
		if (news.ack_code[i] >= 0x80)
			refused(mqtt, slot->outgoing, news.ack_code[i]);
		free(slot->outgoing);
		slot->outgoing = NULL;
		mqtt->in_flight--;
	}
	if (news.granted && mqtt->phase == ONLINE)
		take_grants(mqtt, &news);
	deliver(mqtt);
	if (mqtt->phase == ONLINE && (news.lost || news.disconnected))
		gone(mqtt, &news, false);
	else if (mqtt->phase == GREETING && (news.failed || news.lost || news.disconnected))
		greeting_failed(mqtt, news.failed ? news.failed_code : news.disconnected ? news.disconnected_code : 0);
	pump(mqtt);
}

static int greet(struct mqtt *mqtt)
{
	const struct mqtt_config *config = &mqtt->config;
	char uri[MQTT_WIRE_URI_MAX];
	if (mqtt_wire_uri(mqtt->wire, mqtt->fd, uri))
		return MQTTASYNC_FAILURE;

	MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
	create.MQTTVersion = mqtt->version == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
	int result = MQTTAsync_createWithOptions(
			&mqtt->handle, uri, config->client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &create);
	if (result != MQTTASYNC_SUCCESS) {
		mqtt->handle = NULL;
		return result;
	}
	MQTTAsync_setCallbacks(mqtt->handle, mqtt, lost, arrived, NULL);
	MQTTAsync_setDisconnected(mqtt->handle, mqtt, disconnected);

	MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
	will.topicName = config->will_topic;
	will.message = config->will_payload;
	will.retained = 1;
	will.qos = 1;
	MQTTAsync_connectOptions connect3 = MQTTAsync_connectOptions_initializer;
	MQTTAsync_connectOptions connect5 = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_connectOptions *connect = mqtt->version == 5 ? &connect5 : &connect3;
	connect3.MQTTVersion = MQTTVERSION_3_1_1;
	connect3.onSuccess = connected3;
	connect3.onFailure = failed3;
	connect5.onSuccess5 = connected5;
	connect5.onFailure5 = failed5;
	connect->context = mqtt;
	connect->keepAliveInterval = (int)(config->keepalive_ms / 1000);
	connect->connectTimeout = 2 * CONNACK_LIMIT_MS / 1000; /* ours comes first */
	connect->will = config->will_topic ? &will : NULL;
	connect->username = config->username;
	connect->password = config->password;
	MQTTProperty packet_max = {.identifier = MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, .value.integer4 = PACKET_MAX};
	MQTTProperties properties = MQTTProperties_initializer;
	if (mqtt->version == 5) {
		MQTTProperties_add(&properties, &packet_max);
		connect->connectProperties = &properties; /* copied */
	}
	note(mqtt);
	for (size_t i = 0; i < config->subscription_count; i++)
		mqtt->settled_ms[i] = LOOP_NEVER;
	pthread_mutex_unlock(&mqtt->lock);
	result = MQTTAsync_connect(mqtt->handle, connect);
	MQTTProperties_free(&properties);
	return result;
}

static void begin(struct mqtt *mqtt, int fd)
{
	mqtt->fd = fd;
	mqtt->phase = GREETING;
	loop_timer_set(mqtt->loop, &mqtt->timer, loop_now_ms() + CONNACK_LIMIT_MS);
	int error = greet(mqtt);
	if (error != MQTTASYNC_SUCCESS)
		fail(mqtt, "Paho refuses to connect: %s", MQTTAsync_strerror(error));
}

static void secured(void *user, int fd, const char *error)
{
	struct broker *broker = user;
	if (fd >= 0)
		begin(broker->mqtt, fd);
	else
		fail(broker->mqtt, "%s", error);
}

static void reached(void *user, const struct mqtt_connector_result *result)
{
	struct broker *broker = user;
	struct mqtt *mqtt = broker->mqtt;
	broker->connector = NULL;
	if (mqtt->phase != REACHING || broker != current(mqtt)) { /* a look-up that was given up long ago */
		if (result->fd >= 0)
			close(result->fd);
		return;
	}
	if (result->fd < 0) {
		reach_failed(mqtt, result);
		return;
	}
	unsigned user_timeout_ms = USER_TIMEOUT_MS;
	/* What the kernel still holds when the last descriptor is closed is dropped: nothing of it arrives later. */
	const struct linger drop = {.l_onoff = 1, .l_linger = 0};
	setsockopt(result->fd, SOL_SOCKET, SO_LINGER, &drop, sizeof(drop));
	int keep_alive = 1, idle_s = USER_TIMEOUT_MS / 1000;
	setsockopt(result->fd, SOL_SOCKET, SO_KEEPALIVE, &keep_alive, sizeof(keep_alive));
	setsockopt(result->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(result->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof(user_timeout_ms));
	const struct mqtt_layer *layer = broker->config->layer;
	if (!layer) {
		begin(mqtt, result->fd);
		return;
	}
	mqtt->phase = SECURING;
	loop_timer_cancel(mqtt->loop, &mqtt->timer); /* the layer keeps its own time */
	int error = layer->start(layer->user, result->fd, LAYER_LIMIT_MS, secured, broker);
	if (error)
		fail(mqtt, "cannot start TLS: %s", strerror(-error));
}

static void attempt(struct mqtt *mqtt)
{
	struct broker *broker = current(mqtt);
	int64_t now_ms = loop_now_ms();
	mqtt->phase = REACHING;
	mqtt->retry_at_ms = LOOP_NEVER;
	mqtt->version = now_ms < broker->v3_until_ms ? 3 : 5;
	loop_timer_set(mqtt->loop, &mqtt->timer, now_ms + LOOK_UP_LIMIT_MS);
	int error = 0;
	if (!broker->connector)
		error = mqtt_connector_start(mqtt->loop, broker->config->host, broker->config->port, CONNECT_LIMIT_MS,
				reached, broker, &broker->connector);
	if (error)
		fail(mqtt, "cannot start to connect: %s", strerror(-error));
}

static void timed_out(struct loop_timer *timer, int64_t now_ms)
{
	struct mqtt *mqtt = timer->user;
	if (mqtt->phase == WAITING) {
		attempt(mqtt);
	} else if (mqtt->phase == GREETING) {
		struct broker *broker = current(mqtt);
		broker->silences = mqtt->version == 5 && !broker->spoke_5 ? broker->silences + 1 : 0;
		fail(mqtt, "takes the connection but does not answer: is this the port of an MQTT broker?%s",
				tls_advice(mqtt));
		broker->v3_guessed = broker->silences >= V3_SILENCES;
		if (broker->v3_guessed)
			broker->v3_until_ms = now_ms + V3_CLOSED_MS;
	} else if (mqtt->phase == REACHING && mqtt_connector_looking_up(current(mqtt)->connector)) {
		fail(mqtt, "the name does not resolve: no answer from a DNS server within %d s",
				LOOK_UP_LIMIT_MS / 1000);
	} else if (mqtt->phase == REACHING) {
		loop_timer_set(mqtt->loop, timer,
				now_ms + CONNECT_LIMIT_MS); /* it has a limit of its own, and it is near */
	}
}

static void stop_now(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	struct mqtt *mqtt = timer->user;
	close_connection(mqtt, false);
	mqtt->phase = STOPPED;
	mqtt->stopped(mqtt->stopped_user, mqtt->whole);
}

/* After DISCONNECT: what still comes is read away, so that the kernel does not answer it with a reset that overtakes.
 */
static void leaving(struct loop_source *source, uint32_t events)
{
	(void)events;
	struct mqtt *mqtt = source->user;
	char scrap[512];
	ssize_t got = read(source->fd, scrap, sizeof(scrap));
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	loop_remove(mqtt->loop, &mqtt->socket);
	loop_timer_set(mqtt->loop, &mqtt->stop_timer, loop_now_ms());
}

/* ---- The face. ---- */

int mqtt_new(struct loop *loop, const struct log *log, const struct mqtt_config *config,
		const struct mqtt_handlers *handlers, struct mqtt **out, char error[static MQTT_ERROR_MAX])
{
	if (config->broker_count == 0 || config->broker_count > MQTT_BROKERS_MAX ||
			config->subscription_count > MQTT_SUBSCRIPTIONS_MAX) {
		snprintf(error, MQTT_ERROR_MAX,
				"%zu brokers and %zu subscriptions: there can be 1 to %d and at most %d",
				config->broker_count, config->subscription_count, MQTT_BROKERS_MAX,
				MQTT_SUBSCRIPTIONS_MAX);
		return -EINVAL;
	}
	mqtt_wire_be_patient();
	struct mqtt *mqtt = calloc(1, sizeof(*mqtt));
	if (!mqtt) {
		snprintf(error, MQTT_ERROR_MAX, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	mqtt->loop = loop;
	mqtt->log = log;
	mqtt->config = *config;
	mqtt->handlers = *handlers;
	mqtt->fd = -1;
	mqtt->timer = (struct loop_timer){.expired = timed_out, .user = mqtt};
	mqtt->ping_timer = (struct loop_timer){.expired = look_at_broker, .user = mqtt};
	mqtt->say_timer = (struct loop_timer){.expired = say_again, .user = mqtt};
	mqtt->ask_timer = (struct loop_timer){.expired = ask_again, .user = mqtt};
	mqtt->stop_timer = (struct loop_timer){.expired = stop_now, .user = mqtt};
	mqtt_outbox_init(&mqtt->outbox);
	pthread_mutex_init(&mqtt->lock, NULL);
	for (size_t i = 0; i < WINDOW_MAX; i++)
		mqtt->slots[i].mqtt = mqtt;
	for (size_t i = 0; i < config->broker_count; i++) {
		struct broker *broker = &mqtt->brokers[i];
		broker->mqtt = mqtt;
		broker->config = &mqtt->config.brokers[i];
		bool brackets = strchr(broker->config->host, ':');
		snprintf(broker->label, sizeof(broker->label), "%s%s%s:%u", brackets ? "[" : "", broker->config->host,
				brackets ? "]" : "", broker->config->port);
	}
	for (size_t i = 0; i < config->subscription_count; i++)
		mqtt->asked[i].mqtt = mqtt;

	int result = mqtt_ring_new(RING_BYTES, MQTT_COMMAND_PAYLOAD_MAX, &mqtt->ring);
	for (size_t i = 0; i < config->subscription_count && !result && !mqtt->bulk_ring; i++)
		if (config->subscriptions[i].bulk)
			result = mqtt_ring_new(BULK_RING_BYTES, MQTT_BULK_PAYLOAD_MAX, &mqtt->bulk_ring);
	mqtt->wire = mqtt_wire_new(config->alive);
	if (!result && !mqtt->wire)
		result = -ENOMEM;
	mqtt->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!result && mqtt->event_fd < 0)
		result = -errno;
	if (!result) {
		mqtt->event = (struct loop_source){.fd = mqtt->event_fd, .ready = news_came, .user = mqtt};
		result = loop_add(loop, &mqtt->event, EPOLLIN);
	}
	if (!result && MQTTAsync_create(&mqtt->anchor, "tcp://240.0.0.1:1", "anchor", MQTTCLIENT_PERSISTENCE_NONE,
				       NULL) != MQTTASYNC_SUCCESS) {
		mqtt->anchor = NULL;
		result = -ENOMEM;
	}
	if (result) {
		snprintf(error, MQTT_ERROR_MAX, "%s", strerror(-result));
		mqtt_free(mqtt);
		return result;
	}
	wait_until(mqtt, loop_now_ms());
	*out = mqtt;
	return 0;
}

static int publish(struct mqtt *mqtt, struct mqtt_outgoing *outgoing)
{
	if (!outgoing)
		return -ENOMEM;
	size_t more = 32 + (outgoing->response_topic ? strlen(outgoing->response_topic) : 0);
	if (outgoing->bytes - sizeof(*outgoing) + more > mqtt->maximum_packet) {
		publish_failed(mqtt, outgoing, 0x95);
		free(outgoing);
		return -EMSGSIZE;
	}
	mqtt->trim = mqtt->trim || outgoing->bytes >= TRIM_BYTES;
	bool retained = outgoing->retained;
	int error = mqtt_outbox_put(&mqtt->outbox, outgoing);
	if (error) {
		mqtt->publish_failed++;
		mqtt->refresh = mqtt->refresh || retained;
	}
	pump(mqtt);
	return error;
}

int mqtt_publish(struct mqtt *mqtt, const char *topic, const char *payload, size_t length, bool retained)
{
	if (mqtt->phase != ONLINE)
		return -ENOTCONN;
	return publish(mqtt, mqtt_outgoing_new(topic, payload, length, retained, NULL, 0));
}

int mqtt_request(struct mqtt *mqtt, const char *topic, const char *payload, size_t length,
		const struct mqtt_request *request)
{
	if (mqtt->phase != ONLINE)
		return -ENOTCONN;
	struct mqtt_outgoing *outgoing = mqtt_outgoing_new(
			topic, payload, length, false, request->correlation, request->correlation_length);
	if (outgoing) {
		outgoing->answer = true;
		outgoing->response_topic = request->response_topic;
		outgoing->expiry_s = request->expiry_s;
		outgoing->expires_ms = loop_now_ms() + (int64_t)request->expiry_s * 1000;
	}
	return publish(mqtt, outgoing);
}

int mqtt_respond(struct mqtt *mqtt, const struct mqtt_message *to, const char *payload, size_t length)
{
	if (mqtt->phase != ONLINE)
		return -ENOTCONN;
	if (mqtt->version != 5 || !to->response_topic || strpbrk(to->response_topic, "+#"))
		return 0;
	struct mqtt_outgoing *outgoing = mqtt_outgoing_new(
			to->response_topic, payload, length, false, to->correlation, to->correlation_length);
	if (outgoing)
		outgoing->answer = true;
	return publish(mqtt, outgoing);
}

int mqtt_unsubscribe(struct mqtt *mqtt, const char *topic)
{
	if (mqtt->phase != ONLINE)
		return -ENOTCONN;
	MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
	return MQTTAsync_unsubscribe(mqtt->handle, topic, &response) == MQTTASYNC_SUCCESS ? 0 : -ENOTCONN;
}

void mqtt_status(const struct mqtt *mqtt, struct mqtt_status *status)
{
	static const enum mqtt_state states[] = {
			[WAITING] = MQTT_DISCONNECTED,
			[REACHING] = MQTT_CONNECTING,
			[SECURING] = MQTT_CONNECTING,
			[GREETING] = MQTT_CONNECTING,
			[ONLINE] = MQTT_CONNECTED,
			[LEAVING] = MQTT_DISCONNECTED,
			[STOPPED] = MQTT_DISCONNECTED,
	};
	*status = (struct mqtt_status){
			.state = states[mqtt->phase],
			.version = mqtt->phase == ONLINE ? mqtt->version : 0,
			.broker = mqtt->brokers[mqtt->broker].label,
			.error = mqtt->error,
			.warning = mqtt->phase == ONLINE && mqtt->denied ? mqtt->warning : "",
			.deaf = mqtt->phase == ONLINE && mqtt->deaf,
			.denied = mqtt->phase == ONLINE ? mqtt->denied : 0,
			.retry_at_ms = mqtt->phase == WAITING ? mqtt->retry_at_ms : LOOP_NEVER,
			.connects = mqtt->connects,
			.publish_failed = mqtt->publish_failed + mqtt->outbox.dropped,
			.protocol_errors = mqtt->protocol_errors,
			.in_flight = mqtt->in_flight,
			.queued = mqtt->outbox.count,
	};
	mqtt_ring_counters(mqtt->ring, &status->received, &status->dropped_full, &status->dropped_too_long);
	uint64_t received = 0, dropped_full = 0, too_long = 0;
	if (mqtt->bulk_ring)
		mqtt_ring_counters(mqtt->bulk_ring, &received, &dropped_full, &too_long);
	status->received += received;
	status->dropped_full += dropped_full;
	status->dropped_too_long += too_long;
	status->connects += mqtt->before.connects;
	status->protocol_errors += mqtt->before.protocol_errors;
	status->publish_failed += mqtt->before.publish_failed;
	status->received += mqtt->before.received;
	status->dropped_full += mqtt->before.dropped_full;
	status->dropped_too_long += mqtt->before.dropped_too_long;
}

void mqtt_count_on(struct mqtt *mqtt, const struct mqtt *former)
{
	mqtt_status(former, &mqtt->before);
}

void mqtt_stop(struct mqtt *mqtt, int64_t limit_ms, void (*stopped)(void *user, bool whole), void *user)
{
	mqtt->stopped = stopped;
	mqtt->stopped_user = user;
	bool up = mqtt->phase == ONLINE;
	loop_timer_cancel(mqtt->loop, &mqtt->say_timer);
	loop_timer_cancel(mqtt->loop, &mqtt->ask_timer);
	loop_timer_set(mqtt->loop, &mqtt->stop_timer, loop_now_ms() + (up ? limit_ms : 0));
	if (up) {
		pump(mqtt);
	} else {
		close_connection(mqtt, false);
		mqtt->phase = STOPPED;
	}
}

void mqtt_free(struct mqtt *mqtt)
{
	if (!mqtt)
		return;
	loop_timer_cancel(mqtt->loop, &mqtt->stop_timer);
	close_connection(mqtt, false);
	for (size_t i = 0; i < mqtt->config.broker_count; i++)
		mqtt_connector_abandon(mqtt->brokers[i].connector);
	if (mqtt->anchor)
		MQTTAsync_destroy(&mqtt->anchor);
	mqtt_wire_free(mqtt->wire);
	loop_remove(mqtt->loop, &mqtt->event);
	if (mqtt->event_fd >= 0)
		close(mqtt->event_fd);
	mqtt_ring_free(mqtt->ring);
	mqtt_ring_free(mqtt->bulk_ring);
	pthread_mutex_destroy(&mqtt->lock);
	free(mqtt);
}
