/*
 * Every JSON document that the agent says: on its MQTT topics, to Home Assistant, over HTTP; and those of other agents
 * that it reads. The only room that knows jansson.
 *
 * Each function but the readers writes a terminated document into a buffer of the caller and returns its length, or
 * -ENOBUFS when it does not fit and -ENOMEM when memory is short or a string is not UTF-8; the buffer then holds "".
 * Nothing is kept. Times are ISO 8601, UTC, with milliseconds; what is not known is null.
 */
#ifndef PORTCULLIS_DOCUMENTS_DOCUMENTS_H
#define PORTCULLIS_DOCUMENTS_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "documents/topics.h"
#include "door/types.h"

#define DOCUMENT_MAX 9216 /* enough for each of one door, with the longest names */
#define DOCUMENT_RECORD_MAX \
	448 /* enough for each record of document_history, and once more for what is around; for problem, 6 times its length */
#define DOCUMENT_DOORS_MAX 49152   /* enough for document_doors of DOORS_MAX doors */
#define DOCUMENT_PEER_MAX 384      /* document_peers: enough for each peer */
#define DOCUMENT_PEER_DOOR_MAX 896 /* and for each of their doors; once more 256 for what is around */

/* What Home Assistant and the API are told of the agent. Borrowed strings. */
struct document_node {
	struct topic_base topics;
	const char *version;
	const char *broker;            /* "connected" ... for the API */
	const char *broker_problem;    /* for the API: what the broker denies; NULL or "" = nothing */
	const char *configuration_url; /* NULL = none */
	bool simulated;                /* the doors are: their model says so */
	bool mqtt5;                    /* our own connection: allows message_expiry_interval in the cover */
};

/*
 * Seeds the hash tables behind all documents with random numbers of the kernel, so that nobody can choose keys that
 * collide. Before the first document, and before files are closed to the agent: Jansson would ask /dev/urandom, then
 * the clock. Thread-safe, but of use only once.
 */
void document_seed(void);

/* The payload of DOOR/state: the state's name, and the literal None for unknown. A constant string. */
const char *document_state(enum door_state state);

ssize_t document_attributes(const struct door_view *door, char *buffer, size_t size);

/* What happened to a door: event_type with its source, position and fault (of a cleared one: set it in the view). */
ssize_t document_door_event(enum door_news event, const struct door_view *door, char *buffer, size_t size);

/* How a command ended: event_type with command (NULL: it was none), source, and the reason of a refusal. */
ssize_t document_command_event(const enum door_command *command, enum door_source source, enum door_result result,
		enum door_reason reason, char *buffer, size_t size);

/* {"result": ..., "reason": ...}: the answer to a command, over MQTT and HTTP alike; reason only where refused. */
ssize_t document_result(enum door_result result, enum door_reason reason, char *buffer, size_t size);

/* GET /api/doors, and the payload of NODE/doors. */
ssize_t document_doors(const struct document_node *node, const struct door_view *doors, size_t count, char *buffer,
		size_t size);

/* GET /api/peers. left_out is there only where it is not 0. */
ssize_t document_peers(const struct peers_view *peers, char *buffer, size_t size);

/*
 * GET /api/history. problem: why it is not on disk, or "". doors are those that the records count; next is the number to ask for the page after this one, 0:
 * there is none.
 */
ssize_t document_history(const struct door_record *records, size_t count, const struct door_view *doors, uint64_t next,
		const char *problem, char *buffer, size_t size);

/*
 * homeassistant/device/ID/config of one door, and of the agent itself. The same view and node give the same bytes.
 * Parts that this door does not have are named with nothing but their platform, which removes what a former wiring
 * left.
 */
ssize_t document_discovery_door(
		const struct document_node *node, const struct door_view *door, char *buffer, size_t size);
ssize_t document_discovery_agent(const struct document_node *node, char *buffer, size_t size);

/*
 * What another agent published to its NODE/doors: any bytes. 0; or -EINVAL with a sentence in *wrong (a constant), and
 * doors holds nothing of use. No more is taken in than its bounds allow; what this version does not know is left out,
 * and words that it does not know count as unknown, but for a fault: a door must not look well that is not.
 */
int document_read_doors(const char *text, size_t length, struct peer_doors *doors, const char **wrong);

/*
 * How a command ended, as document_result or document_command_event told it. command is set when the document names
 * it, which the latter does; NULL takes either. -EINVAL for anything else, events that tell of no command included.
 */
int document_read_result(const char *text, size_t length, enum door_command *command, enum door_result *result,
		enum door_reason *reason);

#endif
