/*
 * The link to the broker: commands in, states and events out, our presence, and other agents' doors.
 *
 * It owns the MQTT client. It hears what the garage tells (link_hear) and publishes it; what the broker sends becomes a
 * command of the garage. Without a connection nothing is published: everything goes out afresh on the next one. Loop
 * thread only. Nothing blocks, except link_connect and link_free, which wait for the threads of a former client (about
 * 100 ms).
 */
#ifndef PORTCULLIS_LINK_LINK_H
#define PORTCULLIS_LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/machine.h"
#include "garage/garage.h"
#include "mqtt/mqtt.h"

#define LINK_URL_MAX 279              /* https://, a name of 253 bytes and a port */
#define LINK_STOP_LIMIT_MS 2500       /* for the broker to take our farewell */
#define LINK_TAKE_BACK_LIMIT_MS 20000 /* for the broker to take in what it is to forget; nothing hurries us */

/* Strings, arrays and layers are borrowed, also by a link_connect that fails, until the next link_connect has
 * succeeded, or link_free. */
struct link_config {
	const char *node, *topic_prefix, *discovery_prefix;
	bool discovery;      /* tell Home Assistant of our devices */
	bool command_expiry; /* and to let its commands expire, where we speak MQTT 5 */
	bool simulated;
	char page_url[LINK_URL_MAX + 1]; /* where a browser finds the page; "": not from elsewhere */
	struct mqtt_broker brokers[MQTT_BROKERS_MAX];
	size_t broker_count;
	const char *client_id, *username, *password;
	const struct machine *machine; /* whose figures are told; NULL: none */
	int64_t started_ms;            /* of the agent */
	struct alive *alive;           /* while connected, a thread gives it signs of life; NULL: none */
	int64_t keepalive_ms;
	bool follow_all; /* other agents: all that tell of doors; else those in follow */
	const char *const *follow;
	size_t follow_count;
};

struct link;

/* changed is called when something that link_status or link_peers tells is another. 0 or -ENOMEM. */
int link_new(struct loop *loop, const struct log *log, struct garage *garage, void (*changed)(void *user), void *user,
		struct link **link);
void link_free(struct link *link); /* takes NULL; without link_stop the broker publishes our will */

/*
 * Starts a connection: the first one, or one in place of that which link_leave has ended. 0; or -errno, which has been
 * logged, and link_connect may be called again.
 */
int link_connect(struct link *link, const struct link_config *config);

/* Publishes all that is retained afresh: names of doors, or the page's address, have changed. page_url is copied. */
void link_publish(struct link *link, const char *page_url);

/*
 * The last words on a connection that another one replaces: that we are gone, and what the broker is to forget. Only
 * after link_connect. ended is called later, from the loop, after LINK_TAKE_BACK_LIMIT_MS at the latest.
 */
void link_leave(struct link *link, bool forget_topics, bool forget_discovery, void (*ended)(void *user), void *user);
/* The last words of all. ended is called later, from the loop, after LINK_STOP_LIMIT_MS at the latest; it takes the
 * place of that of link_leave. */
void link_stop(struct link *link, void (*ended)(void *user), void *user);

void link_hear(void *link, const struct garage_news *news); /* garage_observer.hear */

struct mqtt_status link_status(const struct link *link);
const struct peers_view *link_peers(const struct link *link); /* NULL: nobody is followed */
uint64_t link_peers_refused(const struct link *link);         /* documents that were not understood */
/*
 * Sends a command for another agent's door, asked for at asked_ms; percent is read for DOOR_COMMAND_POSITION. 0: it is on
 * its way, and link_peers tells how it ends. -ENOENT: no such agent or door; -EHOSTUNREACH: the agent is offline, or
 * nothing is known of it; -EPROTO: its last report could not be read; -ESTALE: the command may be old, and was not sent;
 * another: it could not be sent.
 */
int link_peer_command(struct link *link, const char *node, const char *door, enum door_command command, int percent,
		int64_t asked_ms);

#endif
