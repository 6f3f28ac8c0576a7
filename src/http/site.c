#include "http/site.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "documents/documents.h"
#include "http/gate.h"
#include "http/guard.h"
#include "http/login.h"
#include "http/page.h"
#include "page_data.h"

#define PAGE_FRESH_MS 5000   /* its durations count minutes */
#define REFUSAL_LOG_MS 60000 /* one line for all that is refused in this time */
#define EVENT_BEGIN "event: doors\ndata: "
#define EVENT_END "\n\n"
#define HISTORY_OF_PAGE 80  /* events looked at for the page; it leaves out about half of them */
#define HISTORY_STANDARD 50 /* events of a page of the history, unless limit says otherwise */
#define HISTORY_MOST 100
#define LOCATION_MAX (PEER_NODE_MAX + DOOR_ID_MAX * 2 + 64)
#define PEERS_BEGIN "event: peers\ndata: "

/* All that the shared bodies say but the time. */
struct snapshot {
	size_t count;
	char broker[16], history_problem[HTTP_PROBLEM_MAX], broker_error[256];
	uint64_t peers; /* their changes */
	struct door_view doors[DOORS_MAX];
};

struct http_site {
	const struct log *log;
	struct http_config config;
	struct http_agent agent;
	struct http_gate *gate;
	struct http_sessions *sessions;
	bool read_only;
	bool setup; /* those who see the page may see the Set-up view */
	struct http_node node;
	struct snapshot now, shown; /* of the last request; what page and doors were made of */
	uint64_t changes;
	struct http_body *page[2];      /* for one without and with a session */
	struct http_body *doors;        /* as events; the documents are inside them */
	size_t doors_length;            /* of the first of them, which is the doors' */
	const struct peers_view *peers; /* NULL: none are followed */
	struct http_body *metrics;      /* metrics_max bytes, written anew when nobody is being sent it */
	int64_t page_until_ms[2];
	int64_t refusal_logged_ms;
	unsigned refusals;
};

struct exchange {
	struct http_site *site;
	const struct http_request *request;
	struct http_answer *answer;
	bool session;
	bool *checking; /* set by who leaves no answer, since the password is being checked */
};

/* A browser shows what comes, not a script: of a form of the page, what it wants to see next is the page. */
static bool wants_page(const struct http_request *request)
{
	return strstr(request->accept, "text/html");
}

/* The page's script sends forms for a person, and takes refusals as a script does. */
static bool is_person(const struct http_request *request)
{
	return wants_page(request) && !strstr(request->accept, "json");
}

static void problem_with(
		const struct exchange *exchange, int status, const char *detail, const char *header, const char *value)
{
	const struct http_request *request = exchange->request;
	struct http_body *body = is_person(request) ? http_page_render_refusal(status, detail) : NULL;
	if (body)
		http_answer_shared(exchange->answer, request,
				&(struct http_head){.status = status,
						.type = http_type_html,
						.header = header,
						.value = value,
						.policy = http_page_refusal_policy},
				body);
	else
		http_answer_problem_with(exchange->answer, request, status, detail, header, value);
	http_body_release(body);
}

static void problem(const struct exchange *exchange, int status, const char *detail)
{
	problem_with(exchange, status, detail, NULL, NULL);
}

static void refused(struct http_site *site, const char *what, const char *who)
{
	int64_t now_ms = loop_now_ms();
	site->refusals++;
	if (site->refusal_logged_ms && now_ms - site->refusal_logged_ms < REFUSAL_LOG_MS)
		return;
	log_warning(site->log, "HTTP: refused %s \"%.80s\" (%u refused so far)", what, who, site->refusals);
	site->refusal_logged_ms = now_ms;
}

const char http_site_beat[] = "event: alive\ndata: {}\n\n";

/* What is shared is made again only when it would say something else. */
uint64_t http_site_look(struct http_site *site)
{
	struct snapshot *now = &site->now;
	site->agent.node(site->agent.user, &site->node);
	snprintf(now->broker, sizeof(now->broker), "%s", site->node.broker);
	snprintf(now->broker_error, sizeof(now->broker_error), "%s", site->node.broker_error);
	snprintf(now->history_problem, sizeof(now->history_problem), "%s", site->node.history_problem);
	now->count = site->agent.doors(site->agent.user, now->doors, DOORS_MAX);
	site->peers = site->agent.peers(site->agent.user);
	now->peers = site->peers ? site->peers->changes : 0;
	if (now->count == site->shown.count && now->peers == site->shown.peers &&
			strcmp(now->broker, site->shown.broker) == 0 &&
			strcmp(now->broker_error, site->shown.broker_error) == 0 &&
			strcmp(now->history_problem, site->shown.history_problem) == 0 &&
			memcmp(now->doors, site->shown.doors, now->count * sizeof(now->doors[0])) == 0)
		return site->changes;
	site->shown.count = now->count;
	site->shown.peers = now->peers;
	memcpy(site->shown.broker, now->broker, sizeof(now->broker));
	memcpy(site->shown.broker_error, now->broker_error, sizeof(now->broker_error));
	memcpy(site->shown.history_problem, now->history_problem, sizeof(now->history_problem));
	memcpy(site->shown.doors, now->doors, now->count * sizeof(now->doors[0]));
	for (size_t i = 0; i < 2; i++) {
		http_body_release(site->page[i]);
		site->page[i] = NULL;
	}
	http_body_release(site->doors);
	site->doors = NULL;
	return ++site->changes;
}

static const struct door_view *find_door(const struct http_site *site, const char *id, size_t length)
{
	for (size_t i = 0; i < site->now.count; i++)
		if (strlen(site->now.doors[i].id) == length && memcmp(site->now.doors[i].id, id, length) == 0)
			return &site->now.doors[i];
	return NULL;
}

static void answer_body(const struct exchange *exchange, const char *type, struct http_body *body)
{
	if (body)
		http_answer_shared(exchange->answer, exchange->request,
				&(struct http_head){.status = 200, .type = type}, body);
	else
		problem(exchange, 503, "The agent is short of memory.");
}

/* The query that a form's answer leads to: door=ID&said=WORD. Anything else is a plain page. */
static bool parse_notice(const struct http_site *site, const char *query, struct http_page *page)
{
	if (strncmp(query, "door=", 5) != 0)
		return false;
	const char *id = query + 5, *end = id + strcspn(id, "&");
	if (strncmp(end, "&said=", 6) != 0)
		return false;
	const char *said = end + 6;
	page->noticed = find_door(site, id, (size_t)(end - id));
	for (enum door_result result = DOOR_RESULT_ACCEPTED; result <= DOOR_RESULT_UNCHANGED; result++)
		if (strcmp(said, door_result_name(result)) == 0) {
			page->result = result;
			return page->noticed;
		}
	page->result = DOOR_RESULT_REJECTED;
	for (page->reason = DOOR_REASON_NONE; page->reason <= DOOR_REASON_LAST; page->reason++)
		if (strcmp(said, door_reason_name(page->reason)) == 0)
			return page->noticed;
	page->noticed = NULL;
	return false;
}

static void get_page(const struct exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	int64_t now_ms = loop_now_ms();
	(void)rest;
	http_site_look(site);
	struct door_record records[HISTORY_OF_PAGE];
	struct http_page page = {
			.node = &site->node,
			.doors = site->now.doors,
			.door_count = site->now.count,
			.records = records,
			.record_count = site->agent.history(
					site->agent.user, HTTP_ALL_DOORS, 0, records, HISTORY_OF_PAGE),
			.peers = site->peers,
			.setup = site->setup,
			.log_out = exchange->session,
			.read_only = site->read_only,
			.wall_ms = loop_wall_ms(),
	};
	if (parse_notice(site, exchange->request->query, &page)) {
		struct http_body *body = http_page_render(&page);
		answer_body(exchange, http_type_html, body);
		http_body_release(body);
		return;
	}
	size_t kind = exchange->session;
	if (!site->page[kind] || now_ms >= site->page_until_ms[kind]) {
		http_body_release(site->page[kind]);
		site->page[kind] = http_page_render(&page);
		site->page_until_ms[kind] = now_ms + PAGE_FRESH_MS;
	}
	answer_body(exchange, http_type_html, site->page[kind]);
}

/* Only those who gave the password, or sit at the machine, wire the doors. False: the answer is made. */
static bool may_wire(const struct exchange *exchange)
{
	if (exchange->site->config.username || exchange->request->peer->loopback)
		return true;
	problem(exchange, 403,
			"The Set-up view is for those who log in (http: username and password_file) and for the machine itself.");
	return false;
}

static void get_setup(const struct exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	(void)rest;
	if (!may_wire(exchange))
		return;
	http_site_look(site);
	struct http_wiring *wirings = calloc(site->now.count + 1, sizeof(*wirings));
	for (size_t i = 0; wirings && i < site->now.count; i++)
		site->agent.wiring(site->agent.user, i, &wirings[i]);
	struct http_page page = {
			.node = &site->node,
			.doors = site->now.doors,
			.door_count = site->now.count,
			.read_only = site->read_only,
			.wall_ms = loop_wall_ms(),
	};
	parse_notice(site, exchange->request->query, &page);
	struct http_body *body = wirings ? http_page_render_setup(&page, wirings) : NULL;
	answer_body(exchange, http_type_html, body);
	http_body_release(body);
	free(wirings);
}

/* What of peers and their doors takes in a document. */
static size_t peers_size(const struct peers_view *peers)
{
	return peers ? 256 + peers->count * DOCUMENT_PEER_MAX + peers->door_count * DOCUMENT_PEER_DOOR_MAX : 0;
}

/* Adds an event with a document that write makes in the room that is left. */
static ssize_t add_event(struct http_body *body, size_t size, const char *begin,
		ssize_t (*write)(const struct http_site *site, char *buffer, size_t size), const struct http_site *site)
{
	size_t before = strlen(begin), after = sizeof(EVENT_END) - 1;
	char *at = body->bytes + body->length;
	ssize_t length = write(site, at + before, size - body->length - before - after);
	if (length < 0)
		return length;
	memcpy(at, begin, before);
	memcpy(at + before + length, EVENT_END, after);
	body->length += before + (size_t)length + after;
	return length;
}

static ssize_t write_doors(const struct http_site *site, char *buffer, size_t size)
{
	const struct document_node node = {
			.topics.node = site->node.node,
			.version = site->node.version,
			.broker = site->node.broker,
			.broker_problem = strcmp(site->node.broker, "connected") == 0 ? site->node.broker_error : NULL,
	};
	return document_doors(&node, site->now.doors, site->now.count, buffer, size);
}

static ssize_t write_peers(const struct http_site *site, char *buffer, size_t size)
{
	return document_peers(site->peers, buffer, size);
}

struct http_body *http_site_state(struct http_site *site)
{
	if (site->doors)
		return site->doors;
	size_t size = 1024 + site->now.count * (DOCUMENT_DOORS_MAX / DOORS_MAX) + peers_size(site->peers);
	struct http_body *body = http_body_new(size), *fitted;
	ssize_t length = body ? add_event(body, size, EVENT_BEGIN, write_doors, site) : -ENOMEM;
	if (length >= 0) {
		site->doors_length = body->length;
		length = site->peers ? add_event(body, size, PEERS_BEGIN, write_peers, site) : 0;
	}
	if (length < 0) {
		log_error(site->log, "HTTP: no document of the doors: %s", strerror((int)-length));
		http_body_release(body);
		return NULL;
	}
	fitted = realloc(body, sizeof(*body) + body->length);
	return site->doors = fitted ? fitted : body;
}

static void get_doors(const struct exchange *exchange, const char *rest)
{
	static const struct http_head head = {.status = 200, .type = http_type_json};
	static const size_t begin = sizeof(EVENT_BEGIN) - 1, end = sizeof(EVENT_END) - 1;
	(void)rest;
	http_site_look(exchange->site);
	struct http_body *body = http_site_state(exchange->site);
	if (body)
		http_answer_part(exchange->answer, exchange->request, &head, body, begin,
				exchange->site->doors_length - begin - end);
	else
		problem(exchange, 500, "The document could not be made.");
}

static void get_peers(const struct exchange *exchange, const char *rest)
{
	static const struct http_head head = {.status = 200, .type = http_type_json};
	static const size_t begin = sizeof(PEERS_BEGIN) - 1, end = sizeof(EVENT_END) - 1;
	static const char none[] = "{\"peers\":[]}";
	struct http_site *site = exchange->site;
	(void)rest;
	http_site_look(site);
	struct http_body *body = site->peers ? http_site_state(site) : NULL;
	if (!site->peers)
		http_answer_constant(exchange->answer, exchange->request, &head, none, sizeof(none) - 1);
	else if (body)
		http_answer_part(exchange->answer, exchange->request, &head, body, site->doors_length + begin,
				body->length - site->doors_length - begin - end);
	else
		problem(exchange, 500, "The document could not be made.");
}

static void get_events(const struct exchange *exchange, const char *rest)
{
	(void)rest; /* the server goes on with the state */
	http_answer_stream(exchange->answer, exchange->request, "retry: 2000\n\n");
}

/* A whole number from 1 to maximum and nothing else. */
static bool parse_number(const char *text, size_t length, uint64_t maximum, uint64_t *number)
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
static bool parse_history(const struct exchange *exchange, struct history_query *query)
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
			const struct door_view *door = find_door(site, value, value_length);
			if (!door) {
				problem(exchange, 404, "There is no such door. GET /api/doors lists them.");
				return false;
			}
			query->door = (size_t)(door - site->now.doors);
			good = true;
		} else if (name == 5 && memcmp(text, "limit", 5) == 0) {
			good = parse_number(value, value_length, HISTORY_MOST, &query->limit);
		} else if (name == 6 && memcmp(text, "before", 6) == 0) {
			good = parse_number(value, value_length, INT64_MAX, &query->before);
		}
		if (!good) {
			problem(exchange, 400, "The query takes door=ID, limit=1 to 100 and before=NUMBER.");
			return false;
		}
		text += length + (text[length] == '&');
	}
	return true;
}

static void get_history(const struct exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	struct door_record records[HISTORY_MOST + 1];
	struct history_query query;
	(void)rest;
	http_site_look(site);
	if (!parse_history(exchange, &query))
		return;
	size_t limit = (size_t)query.limit; /* and one more tells whether there is a next page */
	size_t count = site->agent.history(site->agent.user, query.door, query.before, records, limit + 1);
	bool more = count > limit;
	count -= more;
	size_t size = (count + 1) * DOCUMENT_RECORD_MAX + 6 * strlen(site->now.history_problem);
	struct http_body *body = http_body_new(size);
	ssize_t length = body ? document_history(records, count, site->now.doors, more ? records[count - 1].number : 0,
						site->now.history_problem, body->bytes, size)
			      : -ENOMEM;
	if (length < 0) {
		problem(exchange, 500, "The document could not be made.");
	} else {
		body->length = (size_t)length;
		answer_body(exchange, http_type_json, body);
	}
	http_body_release(body);
}

static const struct page_asset *find_asset(const char *path)
{
	for (size_t i = 0; i < PAGE_ASSETS; i++)
		if (strcmp(page_assets[i].path, path) == 0)
			return &page_assets[i];
	return NULL;
}

/* With a weight, which may be 0 and a refusal, plain will do. */
static bool takes_gzip(const struct http_request *request)
{
	const char *gzip = strstr(request->accept_encoding, "gzip");
	const char *next = gzip ? gzip + 4 + strspn(gzip + 4, " \t") : "?";
	return !*next || *next == ',';
}

/* The page names style and script with their tags, so that new ones are seen at once: these are kept for ever. */
static void get_asset(const struct exchange *exchange, const char *path)
{
	const struct http_request *request = exchange->request;
	const struct page_asset *asset = find_asset(path);
	bool packed = asset->packed_length > 0 && takes_gzip(request);
	struct http_head head = {.status = 200,
			.type = asset->type,
			.cache = *request->query ? "private, max-age=31536000, immutable" : "private, max-age=86400",
			.header = "ETag",
			.value = asset->tag,
			.lines = packed ? "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
					: "Vary: Accept-Encoding\r\n"};
	if (strstr(request->if_none_match, asset->tag)) {
		head.status = 304;
		head.type = NULL;
		head.lines = NULL;
		http_answer_constant(exchange->answer, request, &head, "", 0);
		return;
	}
	http_answer_constant(exchange->answer, request, &head, packed ? asset->packed : asset->plain,
			packed ? asset->packed_length : asset->plain_length);
}

static void get_metrics(const struct exchange *exchange, const char *rest)
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
		problem(exchange, 500, "The metrics could not be made.");
		return;
	}
	site->metrics->length = (size_t)length;
	answer_body(exchange, http_type_metrics, site->metrics);
}

static void get_health(const struct exchange *exchange, const char *rest)
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

static void see_other(const struct exchange *exchange, const char *location, const char *lines)
{
	http_answer_short(exchange->answer, exchange->request,
			&(struct http_head){.status = 303, .header = "Location", .value = location, .lines = lines}, "",
			0);
}

static void see_page(const struct exchange *exchange, const char *id, const char *said)
{
	char location[LOCATION_MAX];
	const char *from = strcmp(exchange->request->query, "setup") == 0 ? "/setup" : "/";
	if (said)
		snprintf(location, sizeof(location), "%s?door=%s&said=%s#door-%s", from, id, said, id);
	else
		snprintf(location, sizeof(location), "%s#door-%s", from, id);
	see_other(exchange, location, NULL);
}

static void peer_unreachable(const struct exchange *exchange, int error)
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
static const char *take_id(const char *path, char *id, size_t size)
{
	size_t length = path ? strcspn(path, "/") : 0;
	if (length == 0 || length >= size || path[length] != '/')
		return NULL;
	memcpy(id, path, length);
	id[length] = '\0';
	return path + length + 1;
}

/* NODE/doors/ID/WORD. How the peer takes it comes later: the page and GET /api/peers tell. */
static void post_peer_command(const struct exchange *exchange, const char *rest)
{
	static const char sent[] = "{\"result\":\"sent\"}";
	struct http_site *site = exchange->site;
	char node[PEER_NODE_MAX + 1], doors[8], id[DOOR_ID_MAX + 1], location[LOCATION_MAX];
	const char *word = take_id(take_id(take_id(rest, node, sizeof(node)), doors, sizeof(doors)), id, sizeof(id));
	enum door_command command = DOOR_COMMAND_OPEN;
	while (word && command <= DOOR_COMMAND_TOGGLE && strcmp(word, door_command_name(command)) != 0)
		command++;
	if (!word || strcmp(doors, "doors") != 0 || command > DOOR_COMMAND_TOGGLE) {
		problem(exchange, 404, "Commands of a peer are NODE/doors/ID/ and open, close, stop or toggle.");
		return;
	}
	int error = site->agent.peer_command(site->agent.user, node, id, command, exchange->request->asked_ms);
	if (error == -ENOENT) {
		problem(exchange, 404, "There is no such door. GET /api/peers lists them.");
	} else if (wants_page(exchange->request)) {
		snprintf(location, sizeof(location), "/#door-%s/%s", node, id);
		see_other(exchange, location, NULL);
	} else if (error < 0) {
		peer_unreachable(exchange, error);
	} else {
		http_answer_short(exchange->answer, exchange->request,
				&(struct http_head){.status = 202, .type = http_type_json}, sent, sizeof(sent) - 1);
	}
}

/* ID/WORD: the door, or NULL with the answer made. */
static const struct door_view *post_door(const struct exchange *exchange, const char *rest, const char **word)
{
	struct http_site *site = exchange->site;
	const char *slash = strchr(rest, '/');
	http_site_look(site);
	const struct door_view *door = slash ? find_door(site, rest, (size_t)(slash - rest)) : NULL;
	if (!door) {
		problem(exchange, 404, "There is no such door. GET /api/doors lists them.");
		return NULL;
	}
	*word = slash + 1;
	return door;
}

static void rejected(const struct exchange *exchange, enum door_reason reason)
{
	char members[64];
	snprintf(members, sizeof(members), ",\"result\":\"%s\",\"reason\":\"%s\"",
			door_result_name(DOOR_RESULT_REJECTED), door_reason_name(reason));
	http_answer_problem_about(exchange->answer, exchange->request, 409, door_reason_text(reason), members);
}

static void command_ended(const struct exchange *exchange, const struct door_view *door, enum door_result result,
		enum door_reason reason)
{
	char body[HTTP_ANSWER_BODY_MAX];
	if (wants_page(exchange->request)) {
		see_page(exchange, door->id,
				result == DOOR_RESULT_REJECTED ? door_reason_name(reason) : door_result_name(result));
		return;
	}
	if (result == DOOR_RESULT_REJECTED) {
		rejected(exchange, reason);
		return;
	}
	ssize_t length = document_result(result, reason, body, sizeof(body));
	http_answer_short(exchange->answer, exchange->request,
			&(struct http_head){
					.status = result == DOOR_RESULT_ACCEPTED ? 202 : 200, .type = http_type_json},
			body, length < 0 ? 0 : (size_t)length);
}

static void post_command(const struct exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	const char *word;
	const struct door_view *door = post_door(exchange, rest, &word);
	if (!door)
		return;
	for (enum door_command command = DOOR_COMMAND_OPEN; command <= DOOR_COMMAND_TOGGLE; command++) {
		if (strcmp(word, door_command_name(command)) != 0)
			continue;
		enum door_reason reason = DOOR_REASON_NONE;
		enum door_result result = site->agent.command(site->agent.user, (size_t)(door - site->now.doors),
				command, exchange->request->asked_ms, &reason);
		command_ended(exchange, door, result, reason);
		return;
	}
	problem(exchange, 404, "There is no such command: open, close, stop and toggle are.");
}

static void post_pulse(const struct exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	const char *relay;
	enum door_result result = DOOR_RESULT_REJECTED;
	enum door_reason reason = DOOR_REASON_NONE;
	const struct door_view *door = may_wire(exchange) ? post_door(exchange, rest, &relay) : NULL;
	if (!door)
		return;
	if (site->agent.pulse(site->agent.user, (size_t)(door - site->now.doors), relay, exchange->request->asked_ms,
			    &result, &reason) < 0)
		problem(exchange, 404,
				"The door has no such relay: relay, open_relay, close_relay or stop_relay, as in the configuration.");
	else
		command_ended(exchange, door, result, reason);
}

static void post_poke(const struct exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	const char *word;
	const struct door_view *door = post_door(exchange, rest, &word);
	if (!door)
		return;
	int error = site->agent.simulate(site->agent.user, (size_t)(door - site->now.doors), word);
	static const char done[] = "{\"result\":\"accepted\"}\n";
	if (error == -ENOTSUP)
		problem(exchange, 404, "The doors are real: there is no simulator.");
	else if (error == -ENOENT)
		problem(exchange, 404,
				"There is no such poke: wall_button, obstruct, clear, jam, unjam and lose_edge are.");
	else if (error < 0)
		problem(exchange, 500, "The simulator failed.");
	else if (wants_page(exchange->request))
		see_page(exchange, door->id, NULL);
	else
		http_answer_short(exchange->answer, exchange->request,
				&(struct http_head){.status = 202, .type = http_type_json}, done, sizeof(done) - 1);
}

/* ---- Logging in. ---- */

static const char basic_challenge[] = "Basic realm=\"Portcullis\", charset=\"UTF-8\"";
static const char form_challenge[] = "Cookie realm=\"Portcullis\", form-action=\"/login\"";

static bool has_login_page(const struct http_site *site)
{
	return site->config.username && site->config.sign;
}

static bool in_session(const struct http_site *site, const struct http_cookies *cookies)
{
	int64_t now_ms = loop_now_ms();
	return has_login_page(site) &&
	       (http_session_valid(site->sessions, &site->config, cookies->session_tls, now_ms) ||
			       http_session_valid(site->sessions, &site->config, cookies->session, now_ms));
}

static const char *after_login(const struct http_request *request)
{
	bool setup = strcmp(request->path, "/setup") == 0 || strcmp(request->query, "setup") == 0;
	return setup ? "/setup" : "/";
}

static void show_login(
		const struct exchange *exchange, int status, const char *said, const char *header, const char *value)
{
	const struct http_request *request = exchange->request;
	const struct http_cookies *cookies = &request->cookies;
	bool asked_for = strcmp(request->path, "/login") == 0;
	const struct http_login login = {
			.said = said,
			.setup = strcmp(after_login(request), "/setup") == 0,
			.again = !asked_for && request->verb != HTTP_VERB_POST && cookies->form && !*cookies->session &&
				 !*cookies->session_tls,
	};
	struct http_body *body = http_page_render_login(&login);
	if (body)
		http_answer_shared(exchange->answer, request,
				&(struct http_head){.status = status,
						.type = http_type_html,
						.header = header,
						.value = value,
						.policy = http_page_login_policy},
				body);
	else
		problem(exchange, 503, "The agent is short of memory.");
	http_body_release(body);
}

/*
 * A challenge of Basic makes a browser open a window for user name and password before it shows anything, and is what
 * makes it send those of http://USER:PASSWORD@HOST/. So it is sent to all, except to a browser in which somebody has
 * logged in by the form before; the form is what who closes that window sees.
 */
static void ask_for_login(const struct exchange *exchange, const char *said)
{
	const struct http_request *request = exchange->request;
	bool page = has_login_page(exchange->site);
	const char *challenge = page && request->cookies.form ? form_challenge : basic_challenge;
	if (page && is_person(request))
		show_login(exchange, 401, said, "WWW-Authenticate", challenge);
	else
		problem_with(exchange, 401, "A user name and a password are needed.", "WWW-Authenticate", challenge);
}

static void get_login(const struct exchange *exchange, const char *rest)
{
	(void)rest;
	if (exchange->session || !has_login_page(exchange->site))
		see_other(exchange, after_login(exchange->request), NULL);
	else
		show_login(exchange, 200, "", NULL, NULL);
}

/* header and value go with a refusal. */
static void login_refused(
		const struct exchange *exchange, int status, const char *said, const char *header, const char *value)
{
	if (is_person(exchange->request))
		show_login(exchange, status, said, header, value);
	else
		problem_with(exchange, status, said, header, value);
}

static void slowed_down(const struct exchange *exchange, int retry_after_s,
		void (*refuse)(const struct exchange *exchange, int status, const char *said, const char *header,
				const char *value))
{
	char retry_after[16], detail[80];
	snprintf(retry_after, sizeof(retry_after), "%d", retry_after_s);
	snprintf(detail, sizeof(detail), "Too many wrong passwords. Wait %s s, then try again.", retry_after);
	refuse(exchange, 429, detail, "Retry-After", retry_after);
}

/* Where a login or a logout by the page ends, or what a script hears of it. */
static void login_ended(
		const struct exchange *exchange, const char *location, const char *lines, enum door_result result)
{
	char body[HTTP_ANSWER_BODY_MAX];
	if (wants_page(exchange->request)) {
		see_other(exchange, location, lines);
		return;
	}
	ssize_t length = document_result(result, DOOR_REASON_NONE, body, sizeof(body));
	http_answer_short(exchange->answer, exchange->request,
			&(struct http_head){.status = 200, .type = http_type_json, .lines = lines}, body,
			length < 0 ? 0 : (size_t)length);
}

static void logged_in(const struct exchange *exchange)
{
	struct http_site *site = exchange->site;
	const struct http_request *request = exchange->request;
	/* Behind a proxy that ends TLS, the browser's word tells of it: Origin is our Host here, or was not sent. */
	bool tls = site->config.secure || strncmp(request->origin, "https://", 8) == 0;
	char token[HTTP_SESSION_LENGTH + 1], lines[HTTP_LOGIN_LINES_MAX];
	if (!http_session_new(site->sessions, &site->config, loop_now_ms(), token)) {
		problem(exchange, 503, "The agent is short of memory.");
		return;
	}
	http_login_cookies(token, tls, lines);
	log_info(site->log, "HTTP: %s has logged in", request->peer->text);
	login_ended(exchange, after_login(request), lines, DOOR_RESULT_ACCEPTED);
}

/* The password is asked for at the same gate as Basic's, and waits in the same queue. */
static void post_login(const struct exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	const struct http_request *request = exchange->request;
	char credentials[HTTP_CREDENTIALS_MAX + 1];
	int retry_after_s;
	(void)rest;
	if (!http_login_parse(request->body, request->body_length, credentials)) {
		login_refused(exchange, 400, "A login takes username and password, as a form sends them.", NULL, NULL);
		return;
	}
	if (!site->config.username) {
		explicit_bzero(credentials, sizeof(credentials));
		login_ended(exchange, after_login(request), NULL, DOOR_RESULT_UNCHANGED);
		return;
	}
	switch (http_gate_ask(site->gate, credentials, request->peer, loop_now_ms(), &retry_after_s)) {
	case HTTP_LET_IN:
		logged_in(exchange);
		break;
	case HTTP_CHECKING:
		*exchange->checking = true;
		break;
	case HTTP_SLOWED:
		slowed_down(exchange, retry_after_s, login_refused);
		break;
	case HTTP_NO_PASSWORD:
	case HTTP_WRONG_PASSWORD:
		login_refused(exchange, 401, "Wrong user name or password.", "WWW-Authenticate", form_challenge);
		break;
	}
	explicit_bzero(credentials, sizeof(credentials));
}

static void post_logout(const struct exchange *exchange, const char *rest)
{
	struct http_site *site = exchange->site;
	const struct http_cookies *cookies = &exchange->request->cookies;
	char lines[HTTP_LOGIN_LINES_MAX];
	(void)rest;
	if (has_login_page(site)) {
		http_session_end(site->sessions, &site->config, cookies->session_tls, loop_now_ms());
		http_session_end(site->sessions, &site->config, cookies->session, loop_now_ms());
	}
	http_logout_cookies(lines);
	login_ended(exchange, "/login", lines, exchange->session ? DOOR_RESULT_ACCEPTED : DOOR_RESULT_UNCHANGED);
}

/* ---- Routes. ---- */

struct route {
	const char *path; /* ends with a slash: the rest is the handler's */
	bool post;        /* else GET and HEAD */
	bool open;        /* needs no password */
	void (*handle)(const struct exchange *exchange, const char *rest);
};

static const struct route routes[] = {
		{"/", .handle = get_page},
		{"/setup", .handle = get_setup},
		{"/metrics", .handle = get_metrics},
		{"/healthz", .open = true, .handle = get_health},
		{"/login", .open = true, .handle = get_login},
		{"/api/login", .post = true, .open = true, .handle = post_login},
		{"/api/logout", .post = true, .open = true, .handle = post_logout},
		{"/api/doors", .handle = get_doors},
		{"/api/history", .handle = get_history},
		{"/api/events", .handle = get_events},
		{"/api/doors/", .post = true, .handle = post_command},
		{"/api/setup/", .post = true, .handle = post_pulse},
		{"/api/simulator/", .post = true, .handle = post_poke},
		{"/api/peers", .handle = get_peers},
		{"/api/peers/", .post = true, .handle = post_peer_command},
};

static const struct route *find_route(const char *path, const char **rest)
{
	for (const struct route *route = routes; route < routes + sizeof(routes) / sizeof(routes[0]); route++) {
		size_t length = strlen(route->path);
		bool prefix = length > 1 && route->path[length - 1] == '/';
		if (prefix ? strncmp(path, route->path, length) == 0 : strcmp(path, route->path) == 0) {
			*rest = path + length;
			return route;
		}
	}
	static const struct route asset = {.handle = get_asset};
	*rest = path;
	return find_asset(path) ? &asset : NULL;
}

/* True when the request may go on; else the answer is made, or the password is being checked. */
static bool let_in(const struct exchange *exchange)
{
	int retry_after_s;
	const struct http_request *request = exchange->request;
	if (exchange->session)
		return true;
	switch (http_gate_ask(
			exchange->site->gate, request->authorization, request->peer, loop_now_ms(), &retry_after_s)) {
	case HTTP_LET_IN:
		return true;
	case HTTP_CHECKING:
		*exchange->checking = true;
		return false;
	case HTTP_SLOWED:
		slowed_down(exchange, retry_after_s, problem_with);
		return false;
	case HTTP_NO_PASSWORD:
		ask_for_login(exchange, "");
		return false;
	case HTTP_WRONG_PASSWORD:
		ask_for_login(exchange, "Wrong user name or password.");
		return false;
	}
	return false;
}

bool http_site_answer(struct http_site *site, const struct http_request *request, struct http_answer *answer)
{
	const char *rest = "";
	bool checking = false;
	const struct exchange exchange = {site, request, answer, in_session(site, &request->cookies), &checking};
	const struct route *route = find_route(request->path, &rest);
	bool post = request->verb == HTTP_VERB_POST;
	bool get = request->verb == HTTP_VERB_GET || request->verb == HTTP_VERB_HEAD;
	if (exchange.session)
		http_gate_remember(site->gate, request->peer);
	/* HTTP/1.0 may come without a Host, and no browser that could be led astray sends it so. */
	if (!(request->old && !*request->host) && !http_guard_host(&site->config, request->host)) {
		refused(site, "host", request->host);
		problem(&exchange, 421,
				"This server does not know that name as its own. If it is, add it to http: hosts.");
	} else if (!(route && route->open) && !let_in(&exchange)) {
		return !checking;
	} else if (!route) {
		problem(&exchange, 404, "There is nothing at this address.");
	} else if (route->post ? !post : !get) {
		problem_with(&exchange, 405, "This address takes other methods.", "Allow",
				route->post ? "POST" : "GET, HEAD");
	} else if (post && !http_guard_origin(request->origin, request->fetch_site, request->host)) {
		refused(site, "a command from the page of another site,", request->origin);
		problem(&exchange, 403, "Commands from the pages of other sites are refused.");
	} else if (post && site->read_only) {
		problem(&exchange, 403,
				"Read-only: no password is set and others can reach this address. Set http: username and password_file, or allow_anonymous_commands.");
	} else {
		route->handle(&exchange, rest);
	}
	return !checking;
}

bool http_site_checking(const struct http_site *site)
{
	return http_gate_checking(site->gate);
}

bool http_site_read_only(const struct http_site *site)
{
	return site->read_only;
}

int http_site_new(struct loop *loop, const struct log *log, const struct http_config *config,
		const struct http_agent *agent, struct http_sessions *sessions, void (*checked)(void *user), void *user,
		struct http_site **out, char error[static HTTP_ERROR_MAX])
{
	struct sockaddr_storage address;
	if (!http_guard_address(config->address, config->port, &address)) {
		snprintf(error, HTTP_ERROR_MAX, "%s is no address to listen on", config->address);
		return -EINVAL;
	}
	struct http_site *site = calloc(1, sizeof(*site));
	if (!site)
		return -ENOMEM;
	site->log = log;
	site->config = *config;
	site->agent = *agent;
	site->sessions = sessions;
	site->read_only = !config->username && !config->allow_anonymous_commands &&
			  !http_guard_loopback((const struct sockaddr *)&address);
	site->setup = config->username || http_guard_loopback((const struct sockaddr *)&address);
	site->shown.count = SIZE_MAX;
	int result = http_gate_new(loop, log, config, checked, user, &site->gate, error);
	if (result < 0) {
		http_site_free(site);
		return result;
	}
	*out = site;
	return 0;
}

void http_site_free(struct http_site *site)
{
	if (!site)
		return;
	http_body_release(site->page[0]);
	http_body_release(site->page[1]);
	http_body_release(site->doors);
	http_body_release(site->metrics);
	http_gate_free(site->gate);
	free(site);
}
