/*
 * The names of every MQTT topic, built and taken apart in one place.
 *
 * Pure string functions. Builders write a terminated topic into a buffer of TOPIC_MAX + 1 bytes and return its length,
 * or -ENAMETOOLONG when it does not fit; the buffer then holds "". Strings in struct topic_base are borrowed.
 *
 *     PREFIX/NODE/availability
 *     PREFIX/NODE/doors                        what /api/doors says, for other agents
 *     PREFIX/NODE/agent                        when it started, and the machine's figures
 *     PREFIX/NODE/answers                      where other agents answer our commands
 *     PREFIX/NODE/DOOR/state                   and position, attributes, event, set, lockout, lockout/set,
 *                                              position/set
 *     PREFIX/NODE/lockout                      of all doors, and lockout/set; so no door has this id
 *     DISCOVERY/device/portcullis_NODE/config          the agent's device in Home Assistant
 *     DISCOVERY/device/portcullis_NODE_DOOR/config     a door's; a "_" of NODE is written "U" here, so that no two
 *                                                      nodes and doors share an id (both are [a-z0-9_-]+)
 *     DISCOVERY/status                         Home Assistant's birth ("online") and will
 */
#ifndef PORTCULLIS_DOCUMENTS_TOPICS_H
#define PORTCULLIS_DOCUMENTS_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "door/types.h"

#define TOPIC_MAX 255

struct topic_base {
	const char *prefix;    /* portcullis */
	const char *node;      /* garage */
	const char *discovery; /* homeassistant */
};

enum topic_peer { TOPIC_PEER_AVAILABILITY, TOPIC_PEER_DOORS, TOPIC_PEER_EVENT };

enum topic_leaf {
	TOPIC_STATE,
	TOPIC_POSITION,
	TOPIC_ATTRIBUTES,
	TOPIC_EVENT,
	TOPIC_SET,
	TOPIC_LOCKOUT,
	TOPIC_LOCKOUT_SET,
	TOPIC_POSITION_SET,
};

ssize_t topic_availability(const struct topic_base *base, char topic[static TOPIC_MAX + 1]);
ssize_t topic_doors(const struct topic_base *base, char topic[static TOPIC_MAX + 1]);
ssize_t topic_agent(const struct topic_base *base, char topic[static TOPIC_MAX + 1]);
ssize_t topic_answers(const struct topic_base *base, char topic[static TOPIC_MAX + 1]);
ssize_t topic_door(const struct topic_base *base, const char *door, enum topic_leaf leaf,
		char topic[static TOPIC_MAX + 1]);

/* Of all doors of the node: TOPIC_LOCKOUT or TOPIC_LOCKOUT_SET. */
ssize_t topic_all_doors(const struct topic_base *base, enum topic_leaf leaf, char topic[static TOPIC_MAX + 1]);
bool topic_is_all_doors(const struct topic_base *base, enum topic_leaf leaf, const char *topic);
/* A filter for the lock-out commands of each door. */
ssize_t topic_every_lockout_set(const struct topic_base *base, char topic[static TOPIC_MAX + 1]);
ssize_t topic_every_position_set(const struct topic_base *base, char topic[static TOPIC_MAX + 1]);

/* A filter for the states of all doors that this node has or had, as far as the broker retains them. */
ssize_t topic_every_state(const struct topic_base *base, char topic[static TOPIC_MAX + 1]);

ssize_t topic_discovery_door(const struct topic_base *base, const char *door, char topic[static TOPIC_MAX + 1]);
ssize_t topic_discovery_agent(const struct topic_base *base, char topic[static TOPIC_MAX + 1]);
ssize_t topic_home_assistant_status(const struct topic_base *base, char topic[static TOPIC_MAX + 1]);

/*
 * The ID in a discovery topic. It is also the device's identifier, and its unique ids begin with it. door NULL: the ID
 * of the agent's own device.
 */
ssize_t topic_device_id(const struct topic_base *base, const char *door, char id[static TOPIC_MAX + 1]);

/*
 * Splits PREFIX/NODE/DOOR/LEAF of this node. Returns false for any other topic, and for a DOOR that is not of
 * [a-z0-9_-]{1,32}; then the out-parameters are not changed.
 */
bool topic_parse_door(const struct topic_base *base, const char *topic, char door[static DOOR_ID_MAX + 1],
		enum topic_leaf *leaf);

/*
 * Whether the answer to a command may be published to topic. The sender of a command names the topic, and the agent
 * publishes with its own rights. So topic must not be below the prefix, except PREFIX/NODE/answers of another node, nor
 * below the discovery prefix. It has at most TOPIC_ANSWER_LEVELS_MAX levels, no wildcard, no "$" and no control
 * character.
 */
#define TOPIC_ANSWER_LEVELS_MAX 32
bool topic_may_answer(const struct topic_base *base, const char *topic);

/*
 * Splits PREFIX/NODE/availability, PREFIX/NODE/doors or PREFIX/NODE/DOOR/event of any node; base->node is not used.
 * door is set only for TOPIC_PEER_EVENT. Returns false for any other topic, and for names that are not of [a-z0-9_-] or
 * too long; then the out-parameters may have changed.
 */
bool topic_parse_peer(const struct topic_base *base, const char *topic, char node[static PEER_NODE_MAX + 1],
		char door[static DOOR_ID_MAX + 1], enum topic_peer *leaf);

#endif
