/*
 * What other agents and Home Assistant's Supervisor tell, read from JSON: bounded before Jansson sees it, and then key by
 * key. Most values that make no sense here are taken for not known; a fault that is not known, or a wrong form, refuses
 * the document as a whole.
 */
#include "documents/documents.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/utc.h"

/* Before jansson sees it: what nests or multiplies could make a small text large in memory. */
#define DEPTH_MAX 8
#define CONTAINERS_MAX 1024

static bool within_bounds(const char *text, size_t length)
{
	size_t depth = 0, containers = 0;
	bool quoted = false;
	for (size_t i = 0; i < length; i++) {
		if (quoted && text[i] == '\\') {
			i++;
		} else if (quoted) {
			quoted = text[i] != '"';
		} else if (text[i] == '"') {
			quoted = true;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > DEPTH_MAX || ++containers > CONTAINERS_MAX)
				return false;
		} else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
			depth--;
		}
	}
	return true;
}

/* NULL: it is no object, or none that is worth reading. */
static json_t *read_object(const char *text, size_t length)
{
	if (length > DOCUMENT_DOORS_MAX || !within_bounds(text, length))
		return NULL;
	json_t *document = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(document))
		return document;
	json_decref(document);
	return NULL;
}

static const char *class_name(int class)
{
	static const char *const classes[] = {"garage", "gate", "door"};
	return classes[class];
}

static const char *state_name(int state)
{
	return door_state_name((enum door_state)state);
}

static const char *confidence_name(int confidence)
{
	return door_confidence_name((enum door_confidence)confidence);
}

static const char *source_name(int source)
{
	return door_source_name((enum door_source)source);
}

static const char *fault_name(int fault)
{
	return door_fault_name((enum door_fault)fault);
}

static const char *command_name(int command)
{
	return door_command_name((enum door_command)command);
}

static const char *result_name(int result)
{
	return door_result_name((enum door_result)result);
}

static const char *event_name(int result)
{
	return door_news_name(door_news_of_result((enum door_result)result));
}

static const char *reason_name(int reason)
{
	return door_reason_name((enum door_reason)reason);
}

/* Which of the names, from 0 to last, a member of the object says, or -1. */
static int word(const json_t *object, const char *key, const char *(*name)(int), int last)
{
	const char *text = json_string_value(json_object_get(object, key));
	for (int i = 0; text && i <= last; i++)
		if (strcmp(name(i), text) == 0)
			return i;
	return -1;
}

static bool is_id(const char *id)
{
	size_t length = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return length > 0 && length <= DOOR_ID_MAX && id[length] == '\0';
}

/* For people: nothing that controls what is shown (text_is_control), which becomes a space where it is a C0 control and
 * is dropped else; cut between two characters where it is too long. text is UTF-8. */
static void copy_text(char *copy, size_t size, const char *text)
{
	size_t length = strlen(text);
	if (length >= size)
		for (length = size - 1; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
			length--;
	size_t copied = 0;
	for (size_t i = 0, bytes; i < length; i += bytes) {
		unsigned code;
		bytes = text_character(text + i, &code);
		bytes = bytes ? bytes : 1; /* Jansson has found it to be UTF-8 */
		if (code < 0x80 && text_is_control(code)) {
			copy[copied++] = ' ';
		} else if (!text_is_control(code)) {
			memcpy(copy + copied, text + i, bytes);
			copied += bytes;
		}
	}
	copy[copied] = '\0';
}

/* The count digits that stand there. */
static int read_digits(const char *text, size_t count)
{
	int number = 0;
	for (size_t i = 0; i < count; i++)
		number = number * 10 + text[i] - '0';
	return number;
}

static int64_t read_time(const json_t *value)
{
	static const char form[] = "0000-00-00T00:00:00.000Z";
	const char *text = json_string_value(value);
	char again[UTC_BYTES];
	if (!text || strlen(text) != sizeof(form) - 1)
		return 0;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return 0;
	const struct tm utc = {.tm_year = read_digits(text, 4) - 1900,
			.tm_mon = read_digits(text + 5, 2) - 1,
			.tm_mday = read_digits(text + 8, 2),
			.tm_hour = read_digits(text + 11, 2),
			.tm_min = read_digits(text + 14, 2),
			.tm_sec = read_digits(text + 17, 2)};
	if (utc.tm_mon < 0 || utc.tm_mon > 11)
		return 0;
	int64_t unix_ms = utc_seconds(&utc) * 1000 + read_digits(text + 20, 3);
	utc_print(unix_ms, again); /* a 30th of February comes back as another day */
	return unix_ms > 0 && strcmp(again, text) == 0 ? unix_ms : 0;
}

/* 0 where there is none, or none that can be. */
static int64_t read_count(const json_t *value)
{
	json_int_t number = json_integer_value(value);
	return number > 0 ? number : 0;
}

static void read_sensor(const json_t *value, bool *fitted, bool *active)
{
	*fitted = json_is_boolean(value);
	*active = json_is_true(value);
}

/* {"from": 16, "to": 53}: where the door can be sent to from where it is. Anything else: nowhere. */
static void read_positions(const json_t *value, struct door_view *view)
{
	json_int_t low = json_integer_value(json_object_get(value, "from"));
	json_int_t high = json_integer_value(json_object_get(value, "to"));
	if (low < 1 || high > 99 || low > high)
		return;
	view->has_reach = true;
	view->reach_low = (int)low;
	view->reach_high = (int)high;
}

static const char *parse_door(const json_t *from, struct peer_door *door)
{
	const char *id = json_string_value(json_object_get(from, "id"));
	const char *name = json_string_value(json_object_get(from, "name"));
	const json_t *fault = json_object_get(from, "fault"), *position = json_object_get(from, "position");
	struct door_view *view = &door->view;
	*door = (struct peer_door){.outcome = PEER_OUTCOME_NONE};
	if (!id || !is_id(id))
		return "a door has no id of [a-z0-9_-], at most 32 bytes";
	snprintf(door->id, sizeof(door->id), "%s", id);
	copy_text(door->name, sizeof(door->name), name ? name : "");
	if (!*door->name) /* or nothing that can be seen is left of it */
		copy_text(door->name, sizeof(door->name), id);

	int class = word(from, "device_class", class_name, 2);
	int state = word(from, "state", state_name, DOOR_STOPPED);
	int confidence = word(from, "confidence", confidence_name, DOOR_CONFIDENCE_SENSED);
	int source = word(from, "source", source_name, DOOR_SOURCE_AUTO_CLOSE);
	int named_fault = word(from, "fault", fault_name, DOOR_FAULT_LAST);
	if (fault && !json_is_null(fault) && named_fault < 0)
		return "a door has a fault that is not known here";
	view->device_class = class_name(class < 0 ? 0 : class);
	view->state = state < 0 ? DOOR_UNKNOWN : (enum door_state)state;
	view->confidence = confidence < 0 || view->state == DOOR_UNKNOWN ? DOOR_CONFIDENCE_UNKNOWN
									 : (enum door_confidence)confidence;
	view->source = source < 0 ? DOOR_SOURCE_NONE : (enum door_source)source;
	view->fault = named_fault < 0 ? DOOR_FAULT_NONE : (enum door_fault)named_fault;

	json_int_t percent = json_is_integer(position) ? json_integer_value(position) : DOOR_POSITION_UNKNOWN;
	view->position = percent < 0 || percent > 100 ? DOOR_POSITION_UNKNOWN : (int)percent;
	view->only_not_closed = view->position != DOOR_POSITION_UNKNOWN &&
				json_is_false(json_object_get(from, "position_known"));
	view->has_position = view->position != DOOR_POSITION_UNKNOWN;
	view->last_changed_unix_ms = read_time(json_object_get(from, "last_changed"));
	view->cycles = (uint64_t)read_count(json_object_get(from, "cycles"));
	view->last_open_ms = read_count(json_object_get(from, "last_open_ms"));
	view->last_close_ms = read_count(json_object_get(from, "last_close_ms"));
	view->last_travel_ms = read_count(json_object_get(from, "last_travel_ms"));
	read_positions(json_object_get(from, "positions"), view);
	view->has_stop = json_is_true(json_object_get(from, "can_stop"));
	view->toggles = !json_is_false(json_object_get(from, "one_button")); /* not said by agents of before */
	view->settled = json_is_true(json_object_get(from, "settled"));
	view->locked_out = json_is_true(json_object_get(from, "locked_out"));
	view->warning = json_is_true(json_object_get(from, "close_warning"));
	view->open_since_unix_ms = read_time(json_object_get(from, "open_since"));
	view->open_at_least = json_is_true(json_object_get(from, "open_at_least"));
	read_sensor(json_object_get(from, "left_open"), &view->has_left_open, &view->left_open);
	read_sensor(json_object_get(from, "open_sensor"), &view->has_open_sensor, &view->open_sensor);
	read_sensor(json_object_get(from, "closed_sensor"), &view->has_closed_sensor, &view->closed_sensor);
	read_sensor(json_object_get(from, "obstruction_sensor"), &view->has_obstruction_sensor,
			&view->obstruction_sensor);
	return NULL;
}

static const char *parse_list(const json_t *list, struct peer_doors *doors)
{
	if (!json_is_array(list))
		return "it has no list of doors";
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (doors->count == DOORS_MAX) {
			doors->left_out = json_array_size(list) - i;
			break;
		}
		struct peer_door *door = &doors->doors[doors->count];
		const char *wrong = parse_door(json_array_get(list, i), door);
		if (wrong)
			return wrong;
		for (size_t other = 0; other < doors->count; other++)
			if (strcmp(doors->doors[other].id, door->id) == 0)
				return "two doors have the same id";
		doors->count++;
	}
	return NULL;
}

int document_read_doors(const char *text, size_t length, struct peer_doors *doors, const char **wrong)
{
	doors->count = doors->left_out = 0;
	doors->version[0] = '\0';
	json_t *document = read_object(text, length);
	if (!document) {
		*wrong = "it is no JSON object, or too large, or nested too deeply";
		return -EINVAL;
	}
	const char *version = json_string_value(json_object_get(document, "version"));
	if (version)
		copy_text(doors->version, sizeof(doors->version), version);
	*wrong = parse_list(json_object_get(document, "doors"), doors);
	json_decref(document);
	return *wrong ? -EINVAL : 0;
}

int document_read_result(const char *text, size_t length, enum door_command *command, enum door_result *result,
		enum door_reason *reason)
{
	json_t *document = read_object(text, length);
	int ended = word(document, "result", result_name, DOOR_RESULT_REJECTED);
	int event = word(document, "event_type", event_name, DOOR_RESULT_REJECTED);
	int named = word(document, "command", command_name, DOOR_COMMAND_POSITION);
	int why = word(document, "reason", reason_name, DOOR_REASON_LAST);
	json_decref(document);
	if (command ? event < 0 || named < 0 : ended < 0)
		return -EINVAL;
	if (command)
		*command = (enum door_command)named;
	*result = (enum door_result)(command ? event : ended);
	*reason = why < 0 ? DOOR_REASON_NONE : (enum door_reason)why;
	return 0;
}

/* A member that is a text of at most size - 1 bytes without anything that controls; "" where it is not there. */
static bool service_text(const json_t *object, const char *key, char *plain, size_t size)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	*plain = '\0';
	if (!value || json_is_null(value))
		return true;
	if (!text || strlen(text) >= size)
		return false;
	for (size_t i = 0, bytes; text[i]; i += bytes ? bytes : 1) {
		unsigned code;
		bytes = text_character(text + i, &code);
		if (text_is_control(code))
			return false;
	}
	memcpy(plain, text, strlen(text) + 1);
	return true;
}

/* The Supervisor's documents show it as a text, and its code as a number. 0 where it is neither. */
static json_int_t read_port(const json_t *value)
{
	const char *text = json_string_value(value);
	bool digits = text && strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text);
	return digits ? read_digits(text, strlen(text)) : json_integer_value(value);
}

static const char *parse_service(const json_t *data, struct document_service *service)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:_-";
	json_int_t port = read_port(json_object_get(data, "port"));
	if (!service_text(data, "host", service->host, sizeof(service->host)) || !*service->host ||
			service->host[strspn(service->host, letters)] || strchr(".-", service->host[0]))
		return "it names no host of the broker";
	if (port < 1 || port > UINT16_MAX)
		return "it names no port of the broker";
	if (!service_text(data, "username", service->username, sizeof(service->username)) ||
			!service_text(data, "password", service->password, sizeof(service->password)))
		return "its login is no text, or too long";
	if (*service->password && !*service->username)
		return "it gives a password and no username";
	service->port = (uint16_t)port;
	service->tls = json_is_true(json_object_get(data, "ssl"));
	return NULL;
}

int document_read_service(
		const char *text, size_t length, struct document_service *service, char said[static DOCUMENT_SAID_MAX])
{
	json_t *document = read_object(text, length);
	const char *result = json_string_value(json_object_get(document, "result"));
	const char *message = json_string_value(json_object_get(document, "message"));
	const char *wrong =
			!document ? "it is no JSON object" : parse_service(json_object_get(document, "data"), service);
	bool refused = result && strcmp(result, "error") == 0;
	copy_text(said, DOCUMENT_SAID_MAX, refused ? (message ? message : "") : wrong ? wrong : "");
	json_decref(document);
	return refused ? -ENOENT : wrong ? -EINVAL : 0;
}
