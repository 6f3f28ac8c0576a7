/*
 * Paho's client of one connection at a time, and all that runs in Paho's threads: no other file of ours includes Paho's
 * header. Its callbacks only copy what they are given (messages into the inbox, the rest into struct mqtt_paho_news) and
 * wake the loop. Loop thread only. Nothing blocks, except mqtt_paho_close, mqtt_paho_connect (which closes first) and
 * mqtt_paho_free.
 *
 * Each connection gets a client of its own, so nothing that was queued for an older connection is sent late. Between the
 * socket and Paho stands the wire (wire.h), which also measures how old a message can be.
 */
#ifndef PORTCULLIS_MQTT_PAHO_H
#define PORTCULLIS_MQTT_PAHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt/inbox.h"
#include "mqtt/mqtt.h"
#include "mqtt/outbox.h"
#include "mqtt/wire.h"

#define MQTT_PAHO_SLOTS 32 /* publishes in flight at once */
#define MQTT_PAHO_DENIED 0x80

struct mqtt_paho;

/* What has happened since it was last taken. Latest values: none of them can pile up. */
struct mqtt_paho_news {
	bool connected; /* CONNACK has accepted us; with the next three */
	uint32_t receive_maximum, maximum_packet;
	bool retain_available;
	bool failed, lost, disconnected;        /* no CONNACK that accepts; the socket has ended; DISCONNECT has come */
	int failed_code, disconnected_code;     /* MQTT 5's reasons; 0 or less: none was given */
	uint32_t acknowledged;                  /* a bit for each slot */
	uint8_t ack_code[MQTT_PAHO_SLOTS];      /* of those: MQTT 5's reason */
	bool granted;                           /* any of grant */
	uint16_t grant[MQTT_SUBSCRIPTIONS_MAX]; /* for each subscription: its SUBACK's code + 1; 0 = nothing new */
};

/*
 * heard is called from the loop when there is news or a message, and after mqtt_paho_wake. config is borrowed. 0 or
 * -errno. Freed with mqtt_paho_free, which takes NULL and waits for Paho's threads.
 */
int mqtt_paho_new(struct loop *loop, const struct mqtt_config *config, void (*heard)(void *user), void *user,
		struct mqtt_paho **paho);
void mqtt_paho_free(struct mqtt_paho *paho);

/* heard is called in the loop's next turn, as for a message that was left in the inbox. */
void mqtt_paho_wake(struct mqtt_paho *paho);

/* Copies what is new, and forgets it. */
void mqtt_paho_take_news(struct mqtt_paho *paho, struct mqtt_paho_news *news);

/* What messages there are. It lives as long as paho. */
struct mqtt_inbox *mqtt_paho_inbox(struct mqtt_paho *paho);

/*
 * Sends CONNECT on the connected, non-blocking socket fd, which is Paho's from now on, also when this fails; the
 * connection before it is closed. version: 5 or 3. What comes of it is news. NULL, or why not.
 */
const char *mqtt_paho_connect(struct mqtt_paho *paho, int fd, int version);

/*
 * Ends the connection, if there is one, and forgets its news. In good order: DISCONNECT is sent, and mqtt_paho_fd stays
 * open until the next call, to wait for the broker's close. Else the broker sees a broken connection, and what is not
 * sent yet is dropped. Waits until no callback of Paho's runs.
 */
void mqtt_paho_close(struct mqtt_paho *paho, bool in_good_order);

/* Our own descriptor of the connection's socket, to look at; -1 = none. */
int mqtt_paho_fd(const struct mqtt_paho *paho);

/* For its pings, and for why it has ended the connection. */
struct mqtt_wire *mqtt_paho_wire(const struct mqtt_paho *paho);

/*
 * All three: 0; -ENOTCONN, the news of which is on its way; or -EIO with the reason in *why, a constant.
 * mqtt_paho_subscribe asks for config.subscriptions[index]; its answer is news. mqtt_paho_publish sends at QoS 1; the
 * answer is news of the slot, which must be free of an earlier one. retained: for the broker to keep.
 */
int mqtt_paho_subscribe(struct mqtt_paho *paho, size_t index, const char **why);
int mqtt_paho_unsubscribe(struct mqtt_paho *paho, const char *topic, const char **why);
int mqtt_paho_publish(struct mqtt_paho *paho, size_t slot, const struct mqtt_outgoing *outgoing, bool retained,
		const char **why);

#endif
