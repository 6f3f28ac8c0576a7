/*
 * Every JSON document that the agent writes (on its MQTT topics, for Home Assistant, over HTTP), and the documents of
 * other agents that it reads. Only this room uses Jansson.
 *
 * Each function that returns ssize_t writes a terminated document into the caller's buffer and returns its length
 * without the terminator; or -ENOBUFS when it does not fit, -ENOMEM when memory is short or a string is not UTF-8, and
 * then the buffer holds "". No function keeps a pointer. Times are ISO 8601 in UTC with milliseconds. An unknown value
 * is null. Any thread, after document_seed.
 */
#ifndef PORTCULLIS_DOCUMENTS_DOCUMENTS_H
#define PORTCULLIS_DOCUMENTS_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "documents/topics.h"
#include "door/types.h"

#define DOCUMENT_MAX 16384 /* enough for any document of one door, with the longest names */
/* document_history: enough for each record, and once more for the rest, and 6 times the length of problem. */
#define DOCUMENT_RECORD_MAX 448
#define DOCUMENT_DOORS_MAX 53248   /* enough for a brief document_doors of DOORS_MAX doors */
#define DOCUMENT_DOOR_MAX 1184     /* document_doors that is not brief: enough for each door; 1024 more for the rest */
#define DOCUMENT_PEER_MAX 384      /* document_peers: enough for each peer */
#define DOCUMENT_PEER_DOOR_MAX 960 /* and for each of their doors; 256 more for the rest */

/* What the documents say of the agent itself. The strings are borrowed for the call. */
struct document_node {
	struct topic_base topics;
	const char *version;
	const char *broker;            /* for the API: "connected" and so on */
	const char *broker_problem;    /* for the API: what the broker denies; NULL or "": nothing */
	const char *configuration_url; /* where a person configures it; NULL: not said */
	const char *support_url;       /* where the makers help; NULL or "": not said */
	bool simulated;                /* the doors are simulated; Home Assistant shows that as their model */
	bool brief;                    /* document_doors leaves out last_command: other agents read none */
	bool command_expiry;           /* commands may have message_expiry_interval: our connection speaks MQTT 5 */
};

/* What the agent tells of itself and its machine. */
struct document_agent {
	int64_t started_unix_ms; /* 0: the clock is not set */
	uint64_t reconnects;     /* connections to a broker after the first */
	bool has_temperature, has_wireless;
	int celsius, dbm;
};

/*
 * Seeds Jansson's hash tables with random numbers of the kernel, so that nobody can choose keys that collide. Call it
 * once, before the first document and before files are closed to the agent: otherwise Jansson asks /dev/urandom, and
 * then the clock.
 */
void document_seed(void);

/* The payload of DOOR/state: the state's name, and the literal None for unknown. A constant string. */
const char *document_state(enum door_state state);

ssize_t document_attributes(const struct door_view *door, char *buffer, size_t size);

/*
 * What happened to a door: event_type, source, position and fault. When a fault has been cleared, the caller puts that
 * fault into the view.
 */
ssize_t document_door_event(enum door_news event, const struct door_view *door, char *buffer, size_t size);

/* How a command ended: event_type, command (NULL: what came was no command), source, and the reason of a refusal. */
ssize_t document_command_event(const enum door_command *command, enum door_source source, enum door_result result,
		enum door_reason reason, char *buffer, size_t size);

/* {"result": ..., "reason": ...}: the answer to a command, over MQTT and HTTP alike. reason only if it is rejected. */
ssize_t document_result(enum door_result result, enum door_reason reason, char *buffer, size_t size);

/* GET /api/doors, and, brief, the payload of NODE/doors. */
ssize_t document_doors(const struct document_node *node, const struct door_view *doors, size_t count, char *buffer,
		size_t size);

/* GET /api/peers. left_out is there only where it is not 0. */
ssize_t document_peers(const struct peers_view *peers, char *buffer, size_t size);

/*
 * GET /api/history. A record's door is an index into doors. next is the number with which a client asks for the next
 * page; 0: there is no further page. problem: why the history is not on disk; "": nothing is wrong.
 */
ssize_t document_history(const struct door_record *records, size_t count, const struct door_view *doors, uint64_t next,
		const char *problem, char *buffer, size_t size);

/*
 * homeassistant/device/ID/config of one door, and of the agent itself. The same view and node give the same bytes. A
 * component that this door does not have is listed with its platform alone: that removes the component if an earlier
 * wiring had it.
 */
ssize_t document_discovery_door(
		const struct document_node *node, const struct door_view *door, char *buffer, size_t size);
ssize_t document_discovery_agent(
		const struct document_node *node, const struct document_agent *agent, char *buffer, size_t size);

/*
 * The payload of NODE/agent. It is published so often that Home Assistant may take it for gone after
 * DOCUMENT_AGENT_EXPIRY_S; so is the agent's availability.
 */
#define DOCUMENT_AGENT_EXPIRY_S 700
ssize_t document_agent(const char *version, const struct document_agent *agent, char *buffer, size_t size);

/*
 * Reads what another agent published to its NODE/doors; text may be any bytes. Returns 0; or -EINVAL with a sentence in
 * *wrong (a constant), and then the content of doors is undefined. Doors beyond its bounds are counted in left_out.
 * Keys that this version does not know are ignored, and words that it does not know read as unknown. An unknown fault
 * is different: it makes the whole document -EINVAL, since a door with a fault must not look well.
 */
int document_read_doors(const char *text, size_t length, struct peer_doors *doors, const char **wrong);

/* A service as Home Assistant's Supervisor tells it (GET /services/mqtt); "" where it gives no username or password. */
struct document_service {
	char host[254];
	uint16_t port;
	bool tls;
	char username[256];
	char password[1025];
};

/*
 * Reads the Supervisor's answer; text may be any bytes. Returns 0; -ENOENT when the Supervisor itself says that there is
 * none, with its words in said; or -EINVAL, with a sentence there. service is defined only after 0.
 */
#define DOCUMENT_SAID_MAX 160
int document_read_service(
		const char *text, size_t length, struct document_service *service, char said[static DOCUMENT_SAID_MAX]);

/*
 * Reads how a command ended. With command NULL only a document of document_result is read; otherwise only one of
 * document_command_event, and *command is the command that it names. *reason is DOOR_REASON_NONE when none is given or
 * the word is not known. Returns 0; or -EINVAL for any other document, also for an event that is about no command, and
 * then nothing is set.
 */
int document_read_result(const char *text, size_t length, enum door_command *command, enum door_result *result,
		enum door_reason *reason);

#endif
