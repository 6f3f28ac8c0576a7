/*
 * What the agent tells in JSON: a door's attributes and events on MQTT, and the answers of the API. One order of keys,
 * and null where something is not known; a key that is left out does not apply.
 */
#include "documents/documents.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/utc.h"
#include "documents/object.h"

void document_seed(void)
{
	uint32_t seed = 0;
	while (seed == 0) /* 0 means to Jansson that it is to find one itself */
		if (getrandom(&seed, sizeof(seed), 0) < 0 && errno != EINTR)
			return;
	json_object_seed(seed);
}

const char *document_state(enum door_state state)
{
	return state == DOOR_UNKNOWN ? "None" : door_state_name(state);
}

static void set_integer(json_t **object, const char *key, int64_t value, bool known)
{
	object_set(object, key, known ? json_integer(value) : json_null());
}

static void set_time(json_t **object, const char *key, int64_t unix_ms)
{
	char text[UTC_BYTES];
	utc_print(unix_ms, text);
	object_set_string(object, key, unix_ms > 0 ? text : NULL);
}

static void set_fault(json_t **object, enum door_fault fault)
{
	object_set_string(object, "fault", fault == DOOR_FAULT_NONE ? NULL : door_fault_name(fault));
}

static void set_source(json_t **object, enum door_source source)
{
	object_set_string(object, "source", source == DOOR_SOURCE_NONE ? NULL : door_source_name(source));
}

static void set_position(json_t **object, const struct door_view *door)
{
	set_integer(object, "position", door->position, door->position != DOOR_POSITION_UNKNOWN);
}

static void set_reason(json_t **object, enum door_reason reason)
{
	if (reason != DOOR_REASON_NONE)
		object_set_string(object, "reason", door_reason_name(reason));
}

static void set_sensor(json_t **object, const char *key, const struct door_view *door, bool fitted, bool active)
{
	object_set(object, key, fitted && door->settled ? json_boolean(active) : json_null());
}

/* How the last command ended, for programs and, where it was refused, in words. */
static json_t *last_command(const struct door_view *door)
{
	const struct door_last_command *last = &door->last_command;
	if (last->number == 0)
		return json_null();
	bool refused = last->reason != DOOR_REASON_NONE;
	json_t *command = json_object();
	set_integer(&command, "number", last->number, true);
	set_time(&command, "time", last->unix_ms);
	object_set_string(&command, "command",
			last->command < 0 ? NULL : door_command_name((enum door_command)last->command));
	set_source(&command, last->source);
	object_set_string(&command, "result", last->cancelled ? "cancelled" : door_result_name(last->result));
	object_set_string(&command, "reason", refused ? door_reason_name(last->reason) : NULL);
	object_set_string(&command, "detail", refused ? door_refusal_text(door, last->reason) : NULL);
	return command;
}

/* Why it is locked out, and how that lasts. */
static void describe_lockout(json_t **object, const struct door_view *door)
{
	object_set(object, "lockout_remote", json_boolean(door->lockout_remote));
	object_set(object, "lockout_sensor",
			door->has_lockout_sensor ? json_boolean(door->lockout_sensor) : json_null());
	object_set_string(object, "lockout_refuses", door->lockout_all ? "all" : "open");
	object_set(object, "lockout_saved", json_boolean(door->lockout_saved));
}

/* Between which positions the door can be sent from where it is. */
static json_t *positions(const struct door_view *door)
{
	if (door->reach_low == 0)
		return json_null();
	json_t *range = json_object();
	set_integer(&range, "from", door->reach_low, true);
	set_integer(&range, "to", door->reach_high, true);
	return range;
}

/* What the attributes topic and the API both tell. No key is one that Home Assistant keeps for itself. */
static void describe_part(json_t **object, const struct door_view *door)
{
	set_time(object, "last_changed", door->last_changed_unix_ms);
	set_source(object, door->source);
	object_set_string(object, "confidence", door_confidence_name(door->confidence));
	set_fault(object, door->fault);
	set_integer(object, "cycles", (int64_t)door->cycles, true);
	set_integer(object, "last_travel_ms", door->last_travel_ms, door->last_travel_ms > 0);
	set_integer(object, "last_open_ms", door->last_open_ms, door->last_open_ms > 0);
	set_integer(object, "last_close_ms", door->last_close_ms, door->last_close_ms > 0);
	set_sensor(object, "open_sensor", door, door->has_open_sensor, door->open_sensor);
	set_sensor(object, "closed_sensor", door, door->has_closed_sensor, door->closed_sensor);
	set_sensor(object, "obstruction_sensor", door, door->has_obstruction_sensor, door->obstruction_sensor);
	object_set(object, "close_warning", json_boolean(door->warning));
	object_set(object, "settled", json_boolean(door->settled));
	object_set(object, "locked_out", json_boolean(door->locked_out));
	set_time(object, "open_since", door->open_since_unix_ms);
	object_set(object, "open_at_least", json_boolean(door->open_at_least));
	object_set(object, "left_open", door->has_left_open ? json_boolean(door->left_open) : json_null());
	object_set(object, "position_known",
			json_boolean(door->position != DOOR_POSITION_UNKNOWN && !door->only_not_closed));
}

ssize_t document_attributes(const struct door_view *door, char *buffer, size_t size)
{
	json_t *document = json_object();
	describe_part(&document, door);
	describe_lockout(&document, door);
	if (door->has_obstruction_sensor) /* Home Assistant's word, which its bridge to HomeKit reads */
		set_sensor(&document, "obstruction-detected", door, true,
				door->obstruction_sensor && !door->closed_sensor);
	object_set(&document, "last_command", last_command(door));
	return document_finish(document, buffer, size);
}

ssize_t document_agent(const char *version, const struct document_agent *agent, char *buffer, size_t size)
{
	json_t *document = json_object();
	object_set_string(&document, "version", version);
	set_time(&document, "started", agent->started_unix_ms);
	set_integer(&document, "reconnects", (int64_t)agent->reconnects, true);
	set_integer(&document, "temperature_c", agent->celsius, agent->has_temperature);
	set_integer(&document, "wifi_dbm", agent->dbm, agent->has_wireless);
	return document_finish(document, buffer, size);
}

ssize_t document_door_event(enum door_news event, const struct door_view *door, char *buffer, size_t size)
{
	json_t *document = json_object();
	object_set_string(&document, "event_type", door_news_name(event));
	set_source(&document, door->source);
	set_position(&document, door);
	set_fault(&document, door->fault);
	return document_finish(document, buffer, size);
}

ssize_t document_command_event(const enum door_command *command, enum door_source source, enum door_result result,
		enum door_reason reason, char *buffer, size_t size)
{
	json_t *document = json_object();
	object_set_string(&document, "event_type", door_news_name(door_news_of_result(result)));
	object_set_string(&document, "command", command ? door_command_name(*command) : NULL);
	set_source(&document, source);
	set_reason(&document, reason);
	return document_finish(document, buffer, size);
}

ssize_t document_result(enum door_result result, enum door_reason reason, char *buffer, size_t size)
{
	json_t *document = json_object();
	object_set_string(&document, "result", door_result_name(result));
	set_reason(&document, reason);
	return document_finish(document, buffer, size);
}

static json_t *whole_door(const char *id, const char *name, const struct door_view *door)
{
	json_t *one = json_object();
	object_set_string(&one, "id", id);
	object_set_string(&one, "name", name);
	object_set_string(&one, "device_class", door->device_class);
	object_set_string(&one, "state", door->state == DOOR_UNKNOWN ? NULL : door_state_name(door->state));
	set_position(&one, door);
	object_set(&one, "positions", positions(door));
	object_set(&one, "can_stop", json_boolean(door->has_stop));
	object_set(&one, "one_button", json_boolean(door->toggles));
	describe_part(&one, door);
	return one;
}

ssize_t document_doors(const struct document_node *node, const struct door_view *doors, size_t count, char *buffer,
		size_t size)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *one = whole_door(doors[i].id, doors[i].name, &doors[i]);
		if (!node->brief) {
			describe_lockout(&one, &doors[i]);
			set_integer(&one, "vent", doors[i].vent, doors[i].vent > 0);
			object_set(&one, "last_command", last_command(&doors[i]));
		}
		object_append(&list, one);
	}
	json_t *document = json_object();
	object_set_string(&document, "node", node->topics.node);
	object_set_string(&document, "version", node->version);
	object_set_string(&document, "broker", node->broker);
	object_set_string(&document, "broker_problem",
			node->broker_problem && *node->broker_problem ? node->broker_problem : NULL);
	object_set(&document, "doors", list);
	return document_finish(document, buffer, size);
}

static json_t *peer_command(const struct peer_door *door)
{
	if (door->outcome == PEER_OUTCOME_NONE)
		return json_null();
	json_t *command = json_object();
	object_set_string(&command, "command", door_command_name(door->command));
	object_set_string(&command, "result", peer_outcome_name(door->outcome));
	set_reason(&command, door->reason);
	return command;
}

ssize_t document_peers(const struct peers_view *peers, char *buffer, size_t size)
{
	json_t *list = json_array();
	for (size_t i = 0; i < peers->count; i++) {
		const struct peer_view *peer = &peers->peers[i];
		json_t *doors = json_array();
		for (const struct peer_door *door = peers->doors + peer->first;
				door < peers->doors + peer->first + peer->count; door++) {
			json_t *one = whole_door(door->id, door->name, &door->view);
			object_set(&one, "last_command", peer_command(door));
			object_append(&doors, one);
		}
		json_t *one = json_object();
		object_set_string(&one, "node", peer->node);
		object_set_string(&one, "version", *peer->version ? peer->version : NULL);
		object_set_string(&one, "availability", peer_availability_name(peer->availability));
		set_time(&one, "since", peer->since_unix_ms);
		object_set(&one, "understood", json_boolean(peer->understood));
		set_integer(&one, "left_out", (int64_t)peer->left_out, true);
		object_set(&one, "doors", doors);
		object_append(&list, one);
	}
	json_t *document = json_object();
	object_set(&document, "peers", list);
	if (peers->left_out > 0)
		set_integer(&document, "left_out", (int64_t)peers->left_out, true);
	return document_finish(document, buffer, size);
}

ssize_t document_history(const struct door_record *records, size_t count, const struct door_view *doors, uint64_t next,
		const char *problem, char *buffer, size_t size)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		const struct door_record *record = &records[i];
		bool commanded = record->command >= 0;
		json_t *one = json_object();
		set_integer(&one, "number", (int64_t)record->number, true);
		set_time(&one, "time", record->unix_ms);
		set_integer(&one, "run", record->run, true);
		set_integer(&one, "uptime_ms", record->up_ms, true);
		object_set_string(&one, "door", doors[record->door].id);
		object_set_string(&one, "event", door_news_name(record->news));
		object_set_string(&one, "state", record->state == DOOR_UNKNOWN ? NULL : door_state_name(record->state));
		set_source(&one, record->source);
		object_set_string(&one, "command",
				commanded ? door_command_name((enum door_command)record->command) : NULL);
		object_set_string(&one, "reason",
				record->reason == DOOR_REASON_NONE ? NULL : door_reason_name(record->reason));
		set_fault(&one, record->fault);
		set_integer(&one, "count", record->count, true);
		object_append(&list, one);
	}
	json_t *document = json_object();
	object_set(&document, "events", list);
	set_integer(&document, "next", (int64_t)next, next > 0);
	object_set_string(&document, "problem", problem && *problem ? problem : NULL);
	return document_finish(document, buffer, size);
}
