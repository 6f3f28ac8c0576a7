/*
 * What programs ask: doors, peers, history, events, figures and health; and commands. Each function takes one route, asks
 * the agent and leaves the answer.
 */
#include "http/api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "documents/documents.h"

#define HISTORY_STANDARD 50 /* events of a page of the history, unless limit says otherwise */
#define HISTORY_MOST 100
#define PEER_LOCATION_MAX (PEER_NODE_MAX + DOOR_ID_MAX + 16)

static const struct http_head json_head = {.status = 200, .type = http_type_json};

/* A page that is open may still have buttons for a door that is gone. */
static void api_refuse_door(const struct http_exchange *exchange, const char *detail)
{
	http_exchange_refuse(exchange,
			&(struct http_refusal){.status = 404, .saying = HTTP_SAYING_NO_SUCH_DOOR, .detail = detail});
}

static void api_answer_part(const struct http_exchange *exchange, struct http_part part)
{
	if (part.body)
		http_answer_part(exchange->answer, exchange->request, &json_head, part.body, part.offset, part.length);
	else
		http_exchange_problem(exchange, 500, "The document could not be made.");
}

void http_get_doors(const struct http_exchange *exchange, const char *rest)
{
	struct http_live *live = &exchange->site->live;
	(void)rest;
	http_live_look(live);
	api_answer_part(exchange, http_live_doors(live));
}

void http_get_peers(const struct http_exchange *exchange, const char *rest)
{
	static const char none[] = "{\"peers\":[]}";
	struct http_live *live = &exchange->site->live;
	(void)rest;
	http_live_look(live);
	if (live->peers)
		api_answer_part(exchange, http_live_peers(live));
	else
		http_answer_constant(exchange->answer, exchange->request, &json_head, none, sizeof(none) - 1);
}

void http_get_events(const struct http_exchange *exchange, const char *rest)
{
	(void)rest; /* the server goes on with the state */
	http_answer_stream(exchange->answer, exchange->request, "retry: 2000\n\n");
}

/* A whole number from 1 to maximum and nothing else. */
static bool history_number(const char *text, size_t length, uint64_t maximum, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < length; i++)
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(*number, 10, number) ||
				__builtin_add_overflow(*number, (uint64_t)(text[i] - '0'), number))
			return false;
	return *number > 0 && *number <= maximum;
}

struct history_query {
	size_t door;
	uint64_t limit, before;
};

/* Each of door=ID, limit=COUNT and before=NUMBER may be there. False: the answer is made. */
static bool history_query_parse(const struct http_exchange *exchange, struct history_query *query)
{
	const struct http_site *site = exchange->site;
	const char *text = exchange->request->query;
	*query = (struct history_query){.door = HTTP_ALL_DOORS, .limit = HISTORY_STANDARD};
	while (*text) {
		size_t length = strcspn(text, "&"), name = strcspn(text, "=&");
		const char *value = text + name + (name < length);
		size_t value_length = (size_t)(text + length - value);
		bool good = false;
		if (name == 4 && memcmp(text, "door", 4) == 0) {
			const struct door_view *door = http_live_find(&site->live, value, value_length);
			if (!door) {
				api_refuse_door(exchange, "There is no such door. GET /api/doors lists them.");
				return false;
			}
			query->door = (size_t)(door - site->live.now.doors);
			good = true;
		} else if (name == 5 && memcmp(text, "limit", 5) == 0) {
			good = history_number(value, value_length, HISTORY_MOST, &query->limit);
		} else if (name == 6 && memcmp(text, "before", 6) == 0) {
			good = history_number(value, value_length, INT64_MAX, &query->before);
		}
		if (!good) {
			http_exchange_problem(
					exchange, 400, "The query takes door=ID, limit=1 to 100 and before=NUMBER.");
			return false;
		}
		text += length + (text[length] == '&');
	}
	return true;
}

void http_get_history(const struct http_exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	struct door_record records[HISTORY_MOST + 1];
	struct history_query query;
	(void)rest;
	http_live_look(&site->live);
	if (!history_query_parse(exchange, &query))
		return;
	size_t limit = (size_t)query.limit; /* and one more tells whether there is a next page */
	size_t count = site->agent.history(site->agent.user, query.door, query.before, records, limit + 1);
	bool more = count > limit;
	count -= more;
	size_t size = (count + 1) * DOCUMENT_RECORD_MAX + 6 * strlen(site->live.now.history_problem);
	struct http_body *body = http_body_new(size);
	ssize_t length = body ? document_history(records, count, site->live.now.doors,
						more ? records[count - 1].number : 0, site->live.now.history_problem,
						body->bytes, size)
			      : -ENOMEM;
	if (length < 0) {
		http_exchange_problem(exchange, 500, "The document could not be made.");
	} else {
		body->length = (size_t)length;
		http_exchange_body(exchange, http_type_json, body);
	}
	http_body_release(body);
}

void http_get_metrics(const struct http_exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	(void)rest;
	if (!site->metrics || site->metrics->references > 1) {
		http_body_release(site->metrics);
		site->metrics = http_body_new(site->agent.metrics_max);
	}
	ssize_t length = site->metrics ? site->agent.metrics(site->agent.user, site->metrics->bytes,
							 site->agent.metrics_max)
				       : -ENOMEM;
	if (length < 0) {
		http_exchange_problem(exchange, 500, "The metrics could not be made.");
		return;
	}
	site->metrics->length = (size_t)length;
	http_exchange_body(exchange, http_type_metrics, site->metrics);
}

void http_get_health(const struct http_exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	const char *reason = "";
	char body[HTTP_ANSWER_BODY_MAX];
	(void)rest;
	bool healthy = site->agent.healthy(site->agent.user, &reason);
	bool degraded = healthy && reason && *reason;
	int length = snprintf(body, sizeof(body), "%s%.*s\n", degraded ? "degraded: " : "", HTTP_ANSWER_BODY_MAX - 16,
			healthy && !degraded ? "ok" : reason);
	http_answer_short(exchange->answer, exchange->request,
			&(struct http_head){.status = healthy ? 200 : 503, .type = http_type_text}, body,
			(size_t)length);
}

static void peer_command_fail(const struct http_exchange *exchange, int error)
{
	const char *reason = error == -EHOSTUNREACH ? "unreachable"
			     : error == -EPROTO     ? "not_understood"
			     : error == -ESTALE     ? "stale"
						    : "not_sent";
	const char *detail = error == -EHOSTUNREACH ? "Not sent: the other agent is not reachable."
			     : error == -EPROTO ? "Not sent: what the other agent tells of its doors is not understood."
			     : error == -ESTALE ? door_reason_text(DOOR_REASON_STALE)
						: "Not sent: there is no way to the broker now.";
	char members[64];
	snprintf(members, sizeof(members), ",\"result\":\"rejected\",\"reason\":\"%s\"", reason);
	http_answer_problem_about(exchange->answer, exchange->request, 409, detail, members);
}

/* An id up to the slash that ends it: its copy, and what follows; or NULL. */
static const char *path_take_id(const char *path, char *id, size_t size)
{
	size_t length = path ? strcspn(path, "/") : 0;
	if (length == 0 || length >= size || path[length] != '/')
		return NULL;
	memcpy(id, path, length);
	id[length] = '\0';
	return path + length + 1;
}

/* A form's position=PERCENT; 0 and 100 are CLOSE and OPEN. False: it is none, and the answer is made. */
static bool api_read_position(const struct http_exchange *exchange, enum door_command *command, int *percent)
{
	static const char name[] = "position=";
	const struct http_request *request = exchange->request;
	size_t skip = sizeof(name) - 1;
	if (strncmp(request->body, name, skip) == 0 &&
			door_position_parse(request->body + skip, request->body_length - skip, command, percent))
		return true;
	http_exchange_problem(exchange, 400, "A position is sent as position= and a whole number of 0 to 100.");
	return false;
}

static bool peer_command_read(
		const struct http_exchange *exchange, const char *word, enum door_command *command, int *percent)
{
	if (word && strcmp(word, door_command_name(DOOR_COMMAND_POSITION)) == 0)
		return api_read_position(exchange, command, percent);
	*command = DOOR_COMMAND_OPEN;
	while (word && *command <= DOOR_COMMAND_TOGGLE && strcmp(word, door_command_name(*command)) != 0)
		(*command)++;
	if (word && *command <= DOOR_COMMAND_TOGGLE)
		return true;
	http_exchange_problem(exchange, 404,
			"Commands of a peer are NODE/doors/ID/ and open, close, stop, toggle or position.");
	return false;
}

/* NODE/doors/ID/WORD. How the peer takes it comes later: the page and GET /api/peers tell. */
void http_post_peer_command(const struct http_exchange *exchange, const char *rest)
{
	static const char sent[] = "{\"result\":\"sent\"}";
	struct http_site *site = exchange->site;
	char node[PEER_NODE_MAX + 1], doors[8], id[DOOR_ID_MAX + 1], location[PEER_LOCATION_MAX];
	const char *word = path_take_id(
			path_take_id(path_take_id(rest, node, sizeof(node)), doors, sizeof(doors)), id, sizeof(id));
	enum door_command command;
	int percent = 0;
	if (!peer_command_read(exchange, word && strcmp(doors, "doors") == 0 ? word : NULL, &command, &percent))
		return;
	int error = site->agent.peer_command(site->agent.user, node, id, command, percent, exchange->request->asked_ms);
	if (error == -ENOENT) {
		api_refuse_door(exchange, "There is no such door. GET /api/peers lists them.");
	} else if (http_exchange_wants_page(exchange->request)) {
		snprintf(location, sizeof(location), "#door-%s/%s", node, id);
		http_exchange_see_other(exchange, location, NULL);
	} else if (error < 0) {
		peer_command_fail(exchange, error);
	} else {
		http_answer_short(exchange->answer, exchange->request,
				&(struct http_head){.status = 202, .type = http_type_json}, sent, sizeof(sent) - 1);
	}
}

/* ID/WORD: the door, or NULL with the answer made. */
static const struct door_view *command_door(const struct http_exchange *exchange, const char *rest, const char **word)
{
	struct http_site *site = exchange->site;
	const char *slash = strchr(rest, '/');
	http_live_look(&site->live);
	const struct door_view *door = slash ? http_live_find(&site->live, rest, (size_t)(slash - rest)) : NULL;
	if (!door) {
		api_refuse_door(exchange, "There is no such door. GET /api/doors lists them.");
		return NULL;
	}
	*word = slash + 1;
	return door;
}

static void command_reject(const struct http_exchange *exchange, enum door_reason reason)
{
	char members[64];
	snprintf(members, sizeof(members), ",\"result\":\"%s\",\"reason\":\"%s\"",
			door_result_name(DOOR_RESULT_REJECTED), door_reason_name(reason));
	http_answer_problem_about(exchange->answer, exchange->request, 409, door_reason_text(reason), members);
}

/* id NULL: it was for all doors, and none refused it. */
static void command_end(const struct http_exchange *exchange, const char *id, struct door_answer answer)
{
	char body[HTTP_ANSWER_BODY_MAX];
	if (http_exchange_wants_page(exchange->request) && !id) {
		http_exchange_see_other(exchange, "", NULL);
		return;
	}
	if (http_exchange_wants_page(exchange->request)) {
		http_exchange_see_door(exchange, id,
				answer.result == DOOR_RESULT_REJECTED ? door_reason_name(answer.reason)
								      : door_result_name(answer.result));
		return;
	}
	if (answer.result == DOOR_RESULT_REJECTED) {
		command_reject(exchange, answer.reason);
		return;
	}
	ssize_t length = document_result(answer.result, answer.reason, body, sizeof(body));
	http_answer_short(exchange->answer, exchange->request,
			&(struct http_head){.status = answer.result == DOOR_RESULT_ACCEPTED ? 202 : 200,
					.type = http_type_json},
			body, length < 0 ? 0 : (size_t)length);
}

static void command_position(const struct http_exchange *exchange, const struct door_view *door)
{
	struct http_site *site = exchange->site;
	int64_t asked_ms = exchange->request->asked_ms;
	size_t door_index = (size_t)(door - site->live.now.doors);
	enum door_command command;
	int percent = 0;
	if (!api_read_position(exchange, &command, &percent))
		return;
	command_end(exchange, door->id,
			command == DOOR_COMMAND_POSITION
					? site->agent.position(site->agent.user, door_index, percent, asked_ms)
					: site->agent.command(site->agent.user, door_index, command, asked_ms));
}

void http_post_command(const struct http_exchange *exchange, const char *rest)
{
	static const struct {
		const char *word;
		enum door_command command;
	} commands[] = {
			{"open", DOOR_COMMAND_OPEN},
			{"close", DOOR_COMMAND_CLOSE},
			{"stop", DOOR_COMMAND_STOP},
			{"toggle", DOOR_COMMAND_TOGGLE},
			{"lockout/on", DOOR_COMMAND_LOCKOUT_ON},
			{"lockout/off", DOOR_COMMAND_LOCKOUT_OFF},
	};
	struct http_site *site = exchange->site;
	const char *word;
	const struct door_view *door = command_door(exchange, rest, &word);
	if (!door)
		return;
	if (strcmp(word, "position") == 0) {
		command_position(exchange, door);
		return;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(word, commands[i].word) != 0)
			continue;
		command_end(exchange, door->id,
				site->agent.command(site->agent.user, (size_t)(door - site->live.now.doors),
						commands[i].command, exchange->request->asked_ms));
		return;
	}
	http_exchange_problem(exchange, 404,
			"There is no such command: open, close, stop, toggle, position, lockout/on and lockout/off are.");
}

/* Of all doors: on or off. The page shows the first refusal. */
void http_post_lockout(const struct http_exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	bool on = strcmp(rest, "on") == 0;
	struct door_answer all = {.result = DOOR_RESULT_UNCHANGED};
	const char *refused = NULL;
	if (!on && strcmp(rest, "off") != 0) {
		http_exchange_problem(exchange, 404, "The lock-out of all doors is set by on and lifted by off.");
		return;
	}
	http_live_look(&site->live);
	for (size_t i = 0; i < site->live.now.count; i++) {
		struct door_answer one = site->agent.command(site->agent.user, i,
				on ? DOOR_COMMAND_LOCKOUT_ON : DOOR_COMMAND_LOCKOUT_OFF, exchange->request->asked_ms);
		all = door_answer_of_all(all, one);
		if (one.result == DOOR_RESULT_REJECTED && !refused)
			refused = site->live.now.doors[i].id;
	}
	command_end(exchange, refused, all);
}

void http_post_pulse(const struct http_exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	const char *relay;
	struct door_answer answer;
	const struct door_view *door = http_exchange_may_wire(exchange) ? command_door(exchange, rest, &relay) : NULL;
	if (!door)
		return;
	if (site->agent.pulse(site->agent.user, (size_t)(door - site->live.now.doors), relay,
			    exchange->request->asked_ms, &answer) < 0)
		http_exchange_problem(exchange, 404,
				"The door has no such relay: relay, open_relay, close_relay or stop_relay, as in the configuration.");
	else
		command_end(exchange, door->id, answer);
}

void http_post_poke(const struct http_exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	const char *word;
	const struct door_view *door = command_door(exchange, rest, &word);
	if (!door)
		return;
	int error = site->agent.simulate(site->agent.user, (size_t)(door - site->live.now.doors), word);
	static const char done[] = "{\"result\":\"accepted\"}\n";
	if (error == -ENOTSUP)
		http_exchange_problem(exchange, 404, "The doors are real: there is no simulator.");
	else if (error == -ENOENT)
		http_exchange_problem(exchange, 404,
				"There is no such poke: wall_button, obstruct, clear, lock, unlock, jam, unjam and lose_edge are.");
	else if (error < 0)
		http_exchange_problem(exchange, 500, "The simulator failed.");
	else if (http_exchange_wants_page(exchange->request))
		http_exchange_see_door(exchange, door->id, NULL);
	else
		http_answer_short(exchange->answer, exchange->request,
				&(struct http_head){.status = 202, .type = http_type_json}, done, sizeof(done) - 1);
}
