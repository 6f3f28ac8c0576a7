/*
 * The server, over real sockets: its loop runs in a thread with made-up doors, the tests are its clients. Routes, who
 * may do what, and every bound.
 */
#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_agent.h"
#include "http/client.h"
#include "http/server.h"
#include "tap.h"
#include "tls/mac.h"

#define PATIENCE_MS 10000   /* of the tests: a failure, not a measure */
#define SHORT_LIMIT_MS 1500 /* for what is to run out; what a busy machine takes to answer is less */
#define METRICS_MAX 200000  /* more than a socket takes at once */
#define HOST "Host: localhost\r\n"

/* ---- The agent that the server asks, and the thread that it runs in. ---- */

struct server {
	struct loop *loop;
	struct http *http;
	struct loop_source stop;
	pthread_t thread;
	struct log log;
	uint16_t port;
	struct fake_agent agent;
};

static const struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = 0x0100007fu};
static const struct sockaddr_in elsewhere = {.sin_family = AF_INET, .sin_addr.s_addr = 0x010200c0u}; /* 192.0.2.1 */
static const struct sockaddr_in beside = {.sin_family = AF_INET, .sin_addr.s_addr = 0x020200c0u};    /* 192.0.2.2 */

static void stop(struct loop_source *source, uint32_t events)
{
	(void)events;
	loop_stop(source->user);
}

static void *run(void *user)
{
	struct server *server = user;
	loop_run(server->loop);
	return NULL;
}

/* The loop stands still until resume: time for what belongs to its thread. */
static void halt(struct server *server)
{
	uint64_t count = 1;
	if (write(server->stop.fd, &count, sizeof(count)) != sizeof(count))
		exit(2);
	pthread_join(server->thread, NULL);
	if (read(server->stop.fd, &count, sizeof(count)) != sizeof(count))
		exit(2);
}

static void resume(struct server *server)
{
	pthread_create(&server->thread, NULL, run, server);
}

static const struct http_config plain = {.address = "127.0.0.1", .host_name = "testhost"};

static void start(struct server *server, const struct http_config *config)
{
	char error[HTTP_ERROR_MAX] = "";
	*server = (struct server){.port = 0};
	fake_agent_init(&server->agent);
	log_init(&server->log);
	server->log.level = LOG_ERROR;
	if (loop_new(&server->loop) < 0)
		exit(2);
	const struct http_agent agent = fake_agent_face(&server->agent, METRICS_MAX);
	if (http_new(server->loop, &server->log, config, &agent, &server->http, error) < 0) {
		printf("Bail out! %s\n", error);
		exit(2);
	}
	server->port = http_port(server->http);
	server->stop = (struct loop_source){.fd = eventfd(0, EFD_CLOEXEC), .ready = stop, .user = server->loop};
	loop_add(server->loop, &server->stop, EPOLLIN);
	resume(server);
}

static void finish(struct server *server)
{
	halt(server);
	loop_remove(server->loop, &server->stop);
	close(server->stop.fd);
	http_free(server->http);
	loop_free(server->loop);
}

/* ---- A client. ---- */

static int dial_to(const char *address, uint16_t port, int receive_buffer)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	inet_pton(AF_INET, address, &to.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (receive_buffer)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int dial(const struct server *server)
{
	return dial_to("127.0.0.1", server->port, 0);
}

static bool say(int fd, const char *text)
{
	size_t length = strlen(text);
	return send(fd, text, length, MSG_NOSIGNAL) == (ssize_t)length;
}

struct answer {
	int status; /* 0: the connection ended without one */
	char head[2048];
	char *body; /* terminated; owned by the reader of answers */
	size_t length;
	bool ended; /* the connection's end was seen */
	int error;  /* errno of its end, 0 for a good one */
};

static char big[512 * 1024];

static const char *header(const struct answer *answer, const char *name)
{
	static char value[512];
	const char *line = answer->head;
	size_t length = strlen(name);
	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
			line += length + 1;
			line += strspn(line, " ");
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
			return value;
		}
	}
	return NULL;
}

static ssize_t more(int fd, char *at, size_t size, struct answer *answer)
{
	ssize_t received = recv(fd, at, size, 0);
	if (received <= 0) {
		answer->ended = true;
		answer->error = received < 0 ? errno : 0;
	}
	return received;
}

/* One answer to a method, read byte by byte in the head so that nothing of the next is taken. */
static struct answer hear(int fd, bool head_only)
{
	struct answer answer = {.body = big};
	size_t length = 0;
	big[0] = '\0';
	while (!strstr(answer.head, "\r\n\r\n")) {
		if (length == sizeof(answer.head) - 1 || more(fd, answer.head + length, 1, &answer) <= 0)
			return answer;
		length++;
	}
	sscanf(answer.head, "HTTP/1.1 %d ", &answer.status);
	if (answer.status == 100)
		return answer;
	const char *said = header(&answer, "Content-Length");
	size_t expected = said && !head_only ? (size_t)atol(said) : 0;
	while (answer.length < expected && expected < sizeof(big)) {
		ssize_t received = more(fd, big + answer.length, expected - answer.length, &answer);
		if (received <= 0)
			return answer;
		answer.length += (size_t)received;
	}
	big[answer.length] = '\0';
	return answer;
}

/* True when the server ends the connection in good order without another byte. */
static bool ends(int fd)
{
	char byte;
	return recv(fd, &byte, 1, 0) == 0;
}

__attribute__((format(printf, 2, 3))) static struct answer ask(const struct server *server, const char *format, ...)
{
	char request[16384];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(request, sizeof(request), format, arguments);
	va_end(arguments);
	int fd = dial(server);
	say(fd, request);
	struct answer answer = hear(fd, strncmp(request, "HEAD", 4) == 0);
	close(fd);
	return answer;
}

static bool has(const struct answer *answer, const char *text)
{
	return strstr(answer->body, text);
}

static bool header_is(const struct answer *answer, const char *name, const char *value)
{
	const char *said = header(answer, name);
	return said && strcmp(said, value) == 0;
}

/* ---- Routes. ---- */

static void test_routes(struct server *server)
{
	tap_case("GET / is a page that asks for nothing from elsewhere");
	struct answer answer = ask(server, "GET / HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200);
	CHECK(header_is(&answer, "Content-Type", "text/html; charset=utf-8"));
	CHECK(header_is(&answer, "Cache-Control", "no-store"));
	CHECK(header_is(&answer, "X-Content-Type-Options", "nosniff"));
	CHECK(header_is(&answer, "Referrer-Policy", "same-origin"));
	const char *policy = header(&answer, "Content-Security-Policy");
	CHECK(policy && strstr(policy, "default-src 'none'") && strstr(policy, "frame-ancestors 'none'") &&
			!strstr(policy, "unsafe"));
	CHECK(has(&answer, "<!doctype html>") && has(&answer, "\"api/doors/right/open") && !has(&answer, "http://"));
	CHECK(has(&answer, "</html>"));

	tap_case("the style sheet and the icon that the page names are there, and are kept");
	const char *link = strstr(answer.body, "href=\"style.css?");
	CHECK(link);
	char path[64] = "/";
	if (link)
		sscanf(link, "href=\"%62[^\"]", path + 1);
	answer = ask(server, "GET %s HTTP/1.1\r\n" HOST "\r\n", path);
	CHECK(answer.status == 200 && header_is(&answer, "Content-Type", "text/css; charset=utf-8"));
	CHECK(has(&answer, "prefers-color-scheme: dark"));
	char tag[64] = "";
	snprintf(tag, sizeof(tag), "%s", header(&answer, "ETag") ? header(&answer, "ETag") : "");
	size_t plain_length = answer.length;
	answer = ask(server, "GET %s HTTP/1.1\r\n" HOST "If-None-Match: %s\r\n\r\n", path, tag);
	CHECK(answer.status == 304 && answer.length == 0 && !header(&answer, "Content-Length"));
	answer = ask(server, "GET %s HTTP/1.1\r\n" HOST "Accept-Encoding: br, gzip, deflate\r\n\r\n", path);
	CHECK(answer.status == 200 && header_is(&answer, "Content-Encoding", "gzip") && answer.length > 100);
	CHECK(header_is(&answer, "Vary", "Accept-Encoding") && memcmp(answer.body, "\x1f\x8b", 2) == 0);
	answer = ask(server, "GET %s HTTP/1.1\r\n" HOST "Accept-Encoding: br, gzip ; q=0.000, identity\r\n\r\n", path);
	CHECK(answer.status == 200 && !header(&answer, "Content-Encoding"));
	answer = ask(server, "GET %s HTTP/1.1\r\n" HOST "Accept-Encoding: gzip;q=0, identity\r\n\r\n", path);
	CHECK(answer.status == 200 && !header(&answer, "Content-Encoding") && answer.length == plain_length);
	answer = ask(server, "GET /icon.svg HTTP/1.1\r\n" HOST "If-None-Match: \"other\"\r\n\r\n");
	CHECK(answer.status == 200 && header_is(&answer, "Content-Type", "image/svg+xml") && has(&answer, "</svg>"));

	tap_case("GET /api/doors is JSON, and follows the doors");
	answer = ask(server, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200 && header_is(&answer, "Content-Type", "application/json"));
	CHECK(header_is(&answer, "Cache-Control", "no-store"));
	CHECK(has(&answer, "\"garage\"") && has(&answer, "\"left\"") && has(&answer, "\"closed\""));
	CHECK(!has(&answer, "\"opening\""));
	pthread_mutex_lock(&server->agent.mutex);
	server->agent.doors[1].state = DOOR_OPENING;
	pthread_mutex_unlock(&server->agent.mutex);
	answer = ask(server, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(has(&answer, "\"opening\""));
	answer = ask(server, "GET / HTTP/1.1\r\n" HOST "\r\n");
	CHECK(has(&answer, ">Opening<"));
	pthread_mutex_lock(&server->agent.mutex);
	server->agent.doors[1].state = DOOR_CLOSED;
	pthread_mutex_unlock(&server->agent.mutex);
	answer = ask(server, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(!has(&answer, "\"opening\""));
	pthread_mutex_lock(&server->agent.mutex);
	server->agent.broker = "disconnected";
	pthread_mutex_unlock(&server->agent.mutex);
	answer = ask(server, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(has(&answer, "\"disconnected\""));
	pthread_mutex_lock(&server->agent.mutex);
	server->agent.broker = "connected";
	pthread_mutex_unlock(&server->agent.mutex);

	tap_case("HEAD is GET without the body");
	int fd = dial(server);
	say(fd, "HEAD / HTTP/1.1\r\n" HOST "\r\nHEAD /nothing HTTP/1.1\r\n" HOST "\r\nGET /healthz HTTP/1.1\r\n" HOST
		"\r\n");
	answer = hear(fd, true);
	CHECK(answer.status == 200 && atol(header(&answer, "Content-Length")) > 1000);
	answer = hear(fd, true);
	CHECK(answer.status == 404 && atol(header(&answer, "Content-Length")) > 10);
	answer = hear(fd, false);
	CHECK(answer.status == 200 && strcmp(answer.body, "ok\n") == 0);
	close(fd);

	tap_case("/healthz says how the agent is");
	pthread_mutex_lock(&server->agent.mutex);
	server->agent.sick = "the relay \"left\" does not answer";
	pthread_mutex_unlock(&server->agent.mutex);
	answer = ask(server, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 503 && strcmp(answer.body, "the relay \"left\" does not answer\n") == 0);
	CHECK(header_is(&answer, "Content-Type", "text/plain; charset=utf-8"));
	pthread_mutex_lock(&server->agent.mutex);
	server->agent.sick = NULL;
	pthread_mutex_unlock(&server->agent.mutex);

	static const struct {
		const char *request;
		int status;
		const char *allow;
	} table[] = {
			{"GET /nothing", 404, NULL},
			{"POST /nothing", 404, NULL},
			{"GET /api", 404, NULL},
			{"GET //", 404, NULL},
			{"POST /api/events", 405, "GET, HEAD"},
			{"POST /metrics", 405, "GET, HEAD"},
			{"GET /../etc/passwd", 404, NULL},
			{"GET /%2e%2e/etc/passwd", 404, NULL},
			{"POST /", 405, "GET, HEAD"},
			{"DELETE /", 405, "GET, HEAD"},
			{"OPTIONS /api/doors", 405, "GET, HEAD"},
			{"POST /healthz", 405, "GET, HEAD"},
			{"GET /api/doors/left/open", 405, "POST"},
			{"HEAD /api/doors/left/open", 405, "POST"},
			{"OPTIONS /api/doors/left/open", 405, "POST"},
			{"PUT /api/doors/left/open", 405, "POST"},
			{"GET /api/simulator/left/jam", 405, "POST"},
			{"POST /api/doors/", 404, NULL},
			{"POST /api/doors/left", 404, NULL},
			{"POST /api/doors/left/", 404, NULL},
			{"POST /api/doors/left/Open", 404, NULL},
			{"POST /api/doors/left/open/", 404, NULL},
			{"POST /api/doors/left/open%20", 404, NULL},
			{"POST /api/doors/LEFT/open", 404, NULL},
			{"POST /api/doors/lef/open", 404, NULL},
			{"POST /api/doors/leftx/open", 404, NULL},
			{"POST /api/doors//open", 404, NULL},
			{"POST /api/doors/../open", 404, NULL},
			{"POST /api/simulator/nobody/jam", 404, NULL},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("%s is %d%s%s", table[i].request, table[i].status, table[i].allow ? ", Allow: " : "",
				table[i].allow ? table[i].allow : "");
		answer = ask(server, "%s HTTP/1.1\r\n" HOST "\r\n", table[i].request);
		CHECK(answer.status == table[i].status);
		CHECK(table[i].allow ? header_is(&answer, "Allow", table[i].allow) : !header(&answer, "Allow"));
		CHECK(header_is(&answer, "Content-Type", "application/problem+json"));
		CHECK(strncmp(table[i].request, "HEAD", 4) == 0 || has(&answer, "\"detail\":\""));
	}
	tap_case("none of these moved a door");
	CHECK(server->agent.commands == 0 && server->agent.pokes == 0);
}

static void set_result(struct server *server, enum door_result result, enum door_reason reason, int simulate)
{
	pthread_mutex_lock(&server->agent.mutex);
	server->agent.answer = (struct door_answer){.result = result, .reason = reason};
	server->agent.error = simulate;
	pthread_mutex_unlock(&server->agent.mutex);
}

static void test_commands(struct server *server)
{
	static const char *const words[] = {"open", "close", "stop", "toggle"};
	int before = server->agent.commands;
	for (size_t i = 0; i < 4; i++) {
		tap_case("POST %s reaches the door", words[i]);
		set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 0);
		struct answer answer = ask(server, "POST /api/doors/right/%s?x HTTP/1.1\r\n" HOST "\r\n", words[i]);
		CHECK(answer.status == 202 && has(&answer, "\"accepted\""));
		CHECK(header_is(&answer, "Content-Type", "application/json"));
		CHECK(server->agent.commands == before + (int)i + 1 && server->agent.last_door == 1);
		CHECK(server->agent.last_command == (enum door_command)i);
	}
	tap_case("unchanged is 200, rejected 409 with its reason");
	set_result(server, DOOR_RESULT_UNCHANGED, DOOR_REASON_NONE, 0);
	struct answer answer = ask(server, "POST /api/doors/left/close HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200 && has(&answer, "\"unchanged\""));
	set_result(server, DOOR_RESULT_REJECTED, DOOR_REASON_OBSTRUCTED, 0);
	answer = ask(server, "POST /api/doors/left/close HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}");
	CHECK(answer.status == 409 && header_is(&answer, "Content-Type", "application/problem+json"));
	CHECK(strcmp(answer.body, "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,"
				  "\"detail\":\"Something is in the way of the door.\","
				  "\"result\":\"rejected\",\"reason\":\"obstructed\"}\n") == 0);

	tap_case("a position is read from a form's body, and only a whole one of 0 to 100");
	set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 0);
	static const struct {
		const char *body;
		int status, percent;
		enum door_command command;
	} bodies[] = {{"position=15", 202, 15, DOOR_COMMAND_POSITION}, {"position=0", 202, 0, DOOR_COMMAND_CLOSE},
			{"position=100", 202, 0, DOOR_COMMAND_OPEN}, {"position=101", 400, 0, 0},
			{"position=", 400, 0, 0}, {"", 400, 0, 0}, {"15", 400, 0, 0}, {"position=1&x=2", 400, 0, 0},
			{"position:15", 400, 0, 0}, {"Position=15", 400, 0, 0}};
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		int count = server->agent.commands;
		answer = ask(server, "POST /api/doors/left/position HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s",
				strlen(bodies[i].body), bodies[i].body);
		CHECK(answer.status == bodies[i].status);
		CHECK(server->agent.commands == count + (bodies[i].status == 202));
		CHECK(bodies[i].status != 202 || server->agent.last_command == bodies[i].command);
		CHECK(bodies[i].percent == 0 || server->agent.last_percent == bodies[i].percent);
	}
	set_result(server, DOOR_RESULT_REJECTED, DOOR_REASON_OBSTRUCTED, 0);

	tap_case("a form comes back to the page, which says what became of it");
	answer = ask(server, "POST /api/doors/left/close HTTP/1.1\r\n" HOST
			     "Origin: http://localhost\r\nAccept: text/html,application/xhtml+xml;q=0.9\r\n"
			     "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n");
	CHECK(answer.status == 303 && answer.length == 0);
	char location[256] = "";
	snprintf(location, sizeof(location), "%s", header(&answer, "Location") ? header(&answer, "Location") : "");
	CHECK(strcmp(location, "../../../?door=left&said=obstructed#door-left") == 0);
	location[strcspn(location, "#")] = '\0';
	answer = ask(server, "GET %s HTTP/1.1\r\n" HOST "\r\n", strstr(location, "/?"));
	CHECK(answer.status == 200 && has(&answer, "Refused.") &&
			has(&answer, door_reason_text(DOOR_REASON_OBSTRUCTED)));
	answer = ask(server, "GET / HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200 && !has(&answer, "Refused."));

	tap_case("the page says every reason, and nothing that is none");
	for (enum door_reason reason = DOOR_REASON_NOT_SETTLED; reason <= DOOR_REASON_LAST; reason++) {
		answer = ask(server, "GET /?door=right&said=%s HTTP/1.1\r\n" HOST "\r\n", door_reason_name(reason));
		CHECK(answer.status == 200 && has(&answer, "Refused."));
	}
	static const char *const nonsense[] = {"door=right", "door=right&said=", "door=right&said=evil",
			"door=evil&said=busy", "said=busy&door=right", "door=&said=busy", "door=right&said=busy&x",
			"<b>", "door=right&said=<b>"};
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		answer = ask(server, "GET /?%s HTTP/1.1\r\n" HOST "\r\n", nonsense[i]);
		CHECK(answer.status == 200 && !has(&answer, "Refused.") && !has(&answer, "evil") &&
				!has(&answer, "<b>"));
	}

	tap_case("a pulse reaches its relay, and comes back to the Set-up view");
	set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 0);
	before = server->agent.commands;
	answer = ask(server, "POST /api/setup/right/relay HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 202 && has(&answer, "\"accepted\"") && server->agent.commands == before + 1);
	CHECK(server->agent.last_command == DOOR_COMMAND_PULSE && server->agent.last_door == 1);
	answer = ask(server, "POST /api/setup/left/relay?setup HTTP/1.1\r\n" HOST "Accept: text/html\r\n\r\n");
	CHECK(answer.status == 303 &&
			header_is(&answer, "Location", "../../../setup?door=left&said=accepted#door-left"));
	answer = ask(server, "GET /setup?door=left&said=busy HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200 && has(&answer, door_reason_text(DOOR_REASON_BUSY)));
	set_result(server, DOOR_RESULT_REJECTED, DOOR_REASON_BUSY, 0);
	answer = ask(server, "POST /api/setup/left/relay HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 409 && has(&answer, "\"busy\""));
	before = server->agent.commands;
	static const char *const none[] = {"left/close_warning", "left/closed_sensor", "left/", "left", "nobody/relay"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		answer = ask(server, "POST /api/setup/%s HTTP/1.1\r\n" HOST "\r\n", none[i]);
		CHECK(answer.status == 404 && server->agent.commands == before);
	}

	tap_case("pokes reach the simulator");
	set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 0);
	answer = ask(server, "POST /api/simulator/right/wall_button HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 202 && server->agent.pokes == 1 && server->agent.last_door == 1);
	CHECK(strcmp(server->agent.last_poke, "wall_button") == 0);
	answer = ask(server, "POST /api/simulator/left/jam HTTP/1.1\r\n" HOST "Accept: text/html\r\n\r\n");
	CHECK(answer.status == 303 && header_is(&answer, "Location", "../../../#door-left"));
	set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, -ENOENT);
	answer = ask(server, "POST /api/simulator/right/kick HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 404 && has(&answer, "no such poke"));
	set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, -ENOTSUP);
	answer = ask(server, "POST /api/simulator/right/jam HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 404 && has(&answer, "real"));
	set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, -EIO);
	answer = ask(server, "POST /api/simulator/right/jam HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 500);
	set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 0);
}

static void test_peers(struct server *server)
{
	int before = server->agent.commands;
	tap_case("nobody is followed: an empty list, and no event of it");
	struct answer answer = ask(server, "GET /api/peers HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200 && strcmp(answer.body, "{\"peers\":[]}") == 0);
	CHECK(header_is(&answer, "Content-Type", "application/json"));

	tap_case("GET /api/peers, and the page, and /api/doors as before");
	halt(server);
	server->agent.follows = true;
	server->agent.peers = (struct peers_view){.changes = 1, .count = 1, .door_count = 1};
	server->agent.peers.peers[0] = (struct peer_view){
			.node = "shed", .availability = PEER_ONLINE, .understood = true, .told = true, .count = 1};
	server->agent.peers.doors[0] = (struct peer_door){.id = "left", .name = "<b>Shed"};
	server->agent.peers.doors[0].view = (struct door_view){.id = server->agent.peers.doors[0].id,
			.name = server->agent.peers.doors[0].name,
			.device_class = "garage",
			.position = 0,
			.state = DOOR_CLOSED,
			.settled = true};
	resume(server);
	answer = ask(server, "GET /api/peers HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200 && strncmp(answer.body, "{\"peers\":[{\"node\":\"shed\",", 25) == 0);
	CHECK(has(&answer, "\"availability\":\"online\"") && has(&answer, "\"last_command\":null}]}]}"));
	CHECK(answer.body[answer.length - 1] == '}');
	answer = ask(server, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200 && !has(&answer, "shed") && answer.body[answer.length - 1] == '}');
	answer = ask(server, "GET / HTTP/1.1\r\n" HOST "\r\n");
	CHECK(has(&answer, "action=\"api/peers/shed/doors/left/open\"") && !has(&answer, "<b>"));

	tap_case("commands reach the peer, and come to nothing for a reason");
	set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 0);
	answer = ask(server, "POST /api/peers/shed/doors/left/close HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 202 && strcmp(answer.body, "{\"result\":\"sent\"}") == 0);
	CHECK(server->agent.commands == before + 1 && server->agent.last_command == DOOR_COMMAND_CLOSE);
	CHECK(strcmp(server->agent.last_poke, "shed/left") == 0);
	answer = ask(server, "POST /api/peers/shed/doors/left/stop HTTP/1.1\r\n" HOST "Accept: text/html\r\n\r\n");
	CHECK(answer.status == 303 && header_is(&answer, "Location", "../../../../../#door-shed/left"));
	answer = ask(server, "POST /api/peers/shed/doors/left/position HTTP/1.1\r\n" HOST
			     "Content-Length: 11\r\n\r\nposition=15");
	CHECK(answer.status == 202 && server->agent.last_command == DOOR_COMMAND_POSITION &&
			server->agent.last_percent == 15);
	answer = ask(server, "POST /api/peers/shed/doors/left/position HTTP/1.1\r\n" HOST
			     "Content-Length: 10\r\n\r\nposition=0");
	CHECK(answer.status == 202 && server->agent.last_command == DOOR_COMMAND_CLOSE);
	int sent = server->agent.commands;
	answer = ask(server, "POST /api/peers/shed/doors/left/position HTTP/1.1\r\n" HOST
			     "Content-Length: 12\r\n\r\nposition=101");
	CHECK(answer.status == 400 && server->agent.commands == sent);
	static const struct {
		int error, status;
		const char *said;
	} errors[] = {{-ENOENT, 404, "no such door"}, {-EHOSTUNREACH, 409, "\"reason\":\"unreachable\""},
			{-EPROTO, 409, "\"reason\":\"not_understood\""}, {-ENOTCONN, 409, "\"reason\":\"not_sent\""}};
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, errors[i].error);
		answer = ask(server, "POST /api/peers/shed/doors/left/toggle HTTP/1.1\r\n" HOST "\r\n");
		CHECK(answer.status == errors[i].status && has(&answer, errors[i].said));
	}

	tap_case("anything else is no command");
	static const char *const paths[] = {"", "shed", "shed/", "shed/doors", "shed/doors/left", "shed/doors/left/",
			"shed/doors/left/fly", "shed/doors/left/open/", "shed/door/left/open", "/doors/left/open",
			"shed/doors//open", "shed/left/open",
			"0123456789012345678901234567890123456789012345678901234567890123/doors/left/open",
			"shed/doors/012345678901234567890123456789012/open"};
	before = server->agent.commands;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		answer = ask(server, "POST /api/peers/%s HTTP/1.1\r\n" HOST "\r\n", paths[i]);
		CHECK(answer.status == 404);
	}
	CHECK(server->agent.commands == before);
	set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 0);
	halt(server);
	server->agent.follows = false;
	resume(server);
}

/* ---- Who may do what. ---- */

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;
	for (; (text = strstr(text, part)) != NULL; text++)
		count++;
	return count;
}

static void test_history(struct server *server)
{
	tap_case("a page that is sent once more asks for no events");
	ask(server, "GET / HTTP/1.1\r\n" HOST "\r\n");
	int histories = server->agent.histories;
	ask(server, "GET / HTTP/1.1\r\n" HOST "\r\n");
	CHECK(histories > 0 && server->agent.histories == histories);
	tap_case("GET /api/history: the newest events of all doors");
	struct answer answer = ask(server, "GET /api/history HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200 && header_is(&answer, "Content-Type", "application/json"));
	CHECK(count_of(answer.body, "\"event\":\"opened\"") == 15 && has(&answer, "\"next\":null"));
	CHECK(header_is(&answer, "Cache-Control", "no-store"));

	tap_case("of one door, and page by page");
	answer = ask(server, "GET /api/history?door=right&limit=5 HTTP/1.1\r\n" HOST "\r\n");
	CHECK(count_of(answer.body, "\"door\":\"right\"") == 5 && !has(&answer, "\"left\""));
	CHECK(has(&answer, "\"number\":15") && has(&answer, "\"next\":7"));
	answer = ask(server, "GET /api/history?before=7&limit=5&door=right HTTP/1.1\r\n" HOST "\r\n");
	CHECK(count_of(answer.body, "\"door\":\"right\"") == 3 && has(&answer, "\"next\":null"));
	answer = ask(server, "GET /api/history?limit=15 HTTP/1.1\r\n" HOST "\r\n");
	CHECK(count_of(answer.body, "\"door\"") == 15 && has(&answer, "\"next\":null"));
	answer = ask(server, "GET /api/history?before=1 HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200 && has(&answer, "\"events\":[]"));

	static const char *const wrong[] = {"limit=0", "limit=101", "limit=", "limit", "limit=5x", "limit=-1",
			"before=0", "before=x", "before=99999999999999999999", "doors=left", "=", "limit=5&&door=left",
			"%6cimit=5"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		tap_case("GET /api/history?%s is refused", wrong[i]);
		answer = ask(server, "GET /api/history?%s HTTP/1.1\r\n" HOST "\r\n", wrong[i]);
		CHECK(answer.status == 400 && has(&answer, "limit=1 to 100"));
	}
	tap_case("a door that is not there has no history");
	answer = ask(server, "GET /api/history?door=middle HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 404);
	answer = ask(server, "POST /api/history HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
	CHECK(answer.status == 405);
}

static void test_hosts_and_origins(struct server *server)
{
	static const struct {
		const char *host, *more;
		int get, post;
	} table[] = {
			{"localhost", "", 200, 202},
			{"127.0.0.1:1", "", 200, 202},
			{"[::1]:1", "", 200, 202},
			{"testhost.local:8080", "", 200, 202},
			{"evil.example", "", 421, 421},
			{"", "", 421, 421},
			{"evil.example", "Origin: http://evil.example\r\n", 421, 421},
			{"testhost", "Origin: http://testhost\r\n", 200, 202},
			{"testhost", "Origin: https://testhost\r\nSec-Fetch-Site: same-origin\r\n", 200, 202},
			{"testhost", "Origin: http://evil.example\r\n", 200, 403},
			{"testhost", "Origin: http://testhost:3000\r\n", 200, 403},
			{"testhost", "Origin: null\r\n", 200, 403},
			{"testhost", "Sec-Fetch-Site: cross-site\r\n", 200, 403},
			{"testhost", "Sec-Fetch-Site: same-site\r\n", 200, 403},
			{"testhost", "Sec-Fetch-Site: none\r\n", 200, 202},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char one_line[96];
		snprintf(one_line, sizeof(one_line), "%s", table[i].more);
		for (char *at = one_line; *at; at++)
			if (*at == '\r' || *at == '\n')
				*at = ' ';
		tap_case("Host \"%s\" %s: GET %d, POST %d", table[i].host, one_line, table[i].get, table[i].post);
		int before = server->agent.commands;
		struct answer answer = ask(
				server, "GET /api/doors HTTP/1.1\r\nHost: %s\r\n%s\r\n", table[i].host, table[i].more);
		CHECK(answer.status == table[i].get);
		answer = ask(server, "POST /api/doors/left/open HTTP/1.1\r\nHost: %s\r\n%s\r\n", table[i].host,
				table[i].more);
		CHECK(answer.status == table[i].post);
		CHECK(server->agent.commands == before + (table[i].post == 202));
		answer = ask(server, "POST /api/simulator/left/jam HTTP/1.1\r\nHost: %s\r\n%s\r\n", table[i].host,
				table[i].more);
		CHECK(answer.status == table[i].post);
	}
	tap_case("the host of a whole URL counts, not the header's");
	struct answer answer = ask(server, "GET http://evil.example/api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 421);
	answer = ask(server, "GET http://localhost/api/doors HTTP/1.1\r\nHost: evil.example\r\n\r\n");
	CHECK(answer.status == 200);
	tap_case("HTTP/1.0 may leave the host out, and cannot then name an origin");
	answer = ask(server, "GET /api/doors HTTP/1.0\r\n\r\n");
	CHECK(answer.status == 200);
	answer = ask(server, "GET /api/doors HTTP/1.0\r\nHost: evil.example\r\n\r\n");
	CHECK(answer.status == 421);
	answer = ask(server, "POST /api/doors/left/open HTTP/1.0\r\nOrigin: http://evil.example\r\n\r\n");
	CHECK(answer.status == 403);
	tap_case("/healthz is not for other names either");
	answer = ask(server, "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n");
	CHECK(answer.status == 421);
}

static void test_password(void)
{
	struct server server;
	struct http_config config = plain;
	config.username = "Aladdin";
	config.password = "open sesame";
	start(&server, &config);
	static const char right[] = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n";
	static const char wrong[] = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZA==\r\n";
	static const char *const paths[] = {"GET /", "GET /style.css", "GET /api/doors", "GET /api/openapi.json",
			"GET /metrics", "POST /api/doors/left/open", "POST /api/simulator/left/jam", "GET /nothing",
			"POST /"};
	static const int statuses[] = {200, 200, 200, 200, 200, 202, 202, 404, 405};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		tap_case("%s wants the password", paths[i]);
		int before = server.agent.commands + server.agent.pokes;
		struct answer answer = ask(&server, "%s HTTP/1.1\r\n" HOST "\r\n", paths[i]);
		CHECK(answer.status == 401);
		CHECK(header_is(&answer, "WWW-Authenticate", "Basic realm=\"Portcullis\", charset=\"UTF-8\""));
		answer = ask(&server, "%s HTTP/1.1\r\n" HOST "%s\r\n", paths[i], wrong);
		CHECK(answer.status == 401);
		CHECK(server.agent.commands + server.agent.pokes == before);
		answer = ask(&server, "%s HTTP/1.1\r\n" HOST "%s\r\n", paths[i], right);
		CHECK(answer.status == statuses[i]);
	}
	tap_case("/healthz does not, and a password is no pass for other sites");
	struct answer answer = ask(&server, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200);
	answer = ask(&server, "POST /api/doors/left/open HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n%s\r\n",
			right);
	CHECK(answer.status == 403);
	finish(&server);

	tap_case("half a password is a mistake");
	struct loop *loop = NULL;
	struct http *http = NULL;
	struct log log;
	const struct http_agent agent = {.doors = fake_doors, .node = fake_node};
	char error[HTTP_ERROR_MAX] = "";
	log_init(&log);
	CHECK(loop_new(&loop) == 0);
	config.password = NULL;
	CHECK(http_new(loop, &log, &config, &agent, &http, error) == -EINVAL && *error);
	config.password = "x";
	config.username = "a:b";
	CHECK(http_new(loop, &log, &config, &agent, &http, error) == -EINVAL && *error);
	loop_free(loop);
}

/* A person's browser is told in a page what a script is told in JSON, under the same status and headers. */
static void test_refusals_for_people(void)
{
	static const char browser[] = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
	static const char form[] = "Accept: text/html, application/problem+json\r\n"; /* the page's script */
	static const char *const scripts[] = {"", "Accept: */*\r\n", "Accept: application/json\r\n", form};
	static const char right[] = HOST "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n";
	static const struct {
		const char *request, *headers;
		int status;
		const char *header;
	} table[] = {
			{"GET /", HOST, 401, "WWW-Authenticate"},
			{"GET /setup", HOST, 401, "WWW-Authenticate"},
			{"GET /learn", HOST, 401, "WWW-Authenticate"},
			{"HEAD /", HOST, 401, "WWW-Authenticate"},
			{"GET /nothing", right, 404, NULL},
			{"GET /api/doors/left/open", right, 405, "Allow"},
			{"POST /api/doors/left/open", HOST, 401, "WWW-Authenticate"},
			{"POST /api/doors/nobody/open", right, 404, NULL},
			{"GET /", "Host: evil.example\r\n", 421, NULL},
	};
	struct server server;
	struct http_config config = plain;
	config.username = "Aladdin";
	config.password = "open sesame";
	start(&server, &config);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("%s is refused with %d, to a person in a page", table[i].request, table[i].status);
		struct answer answer =
				ask(&server, "%s HTTP/1.1\r\n%s%s\r\n", table[i].request, table[i].headers, browser);
		CHECK(answer.status == table[i].status);
		CHECK(header_is(&answer, "Content-Type", "text/html; charset=utf-8"));
		CHECK(header_is(&answer, "Cache-Control", "no-store"));
		CHECK(!table[i].header || header(&answer, table[i].header));
		const char *policy = header(&answer, "Content-Security-Policy");
		CHECK(policy && strncmp(policy, "default-src 'none'; style-src 'sha256-", 38) == 0);
		if (strncmp(table[i].request, "HEAD", 4) != 0)
			CHECK(has(&answer, "<h1>") && has(&answer, "</html>") && !has(&answer, "src="));
		for (size_t j = 0; j < sizeof(scripts) / sizeof(scripts[0]); j++) {
			answer = ask(&server, "%s HTTP/1.1\r\n%s%s\r\n", table[i].request, table[i].headers,
					scripts[j]);
			CHECK(answer.status == table[i].status);
			CHECK(header_is(&answer, "Content-Type", "application/problem+json"));
			CHECK(!table[i].header || header(&answer, table[i].header));
		}
	}
	finish(&server);
}

/* A client that has been served and stays. */
static int settle(const struct server *server)
{
	int fd = dial(server);
	say(fd, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
	CHECK(hear(fd, false).status == 200);
	return fd;
}

/*
 * A command on a connection that is settled or new, with another request of so many bytes in the same packet before it. 100
 * Continue shows that the server has the command's beginning; the rest comes later. An answer to another client shows that
 * the server has done what came before that.
 */
static void time_command(struct server *server, const char *path, bool settled, size_t other_bytes)
{
	static const char other[] = "GET /healthz HTTP/1.1\r\n" HOST "X: %0*d\r\n\r\n";
	char text[HTTP_INPUT_MAX + 256] = "";
	if (other_bytes)
		snprintf(text, sizeof(text), other, (int)(other_bytes - (sizeof(other) - 1 - strlen("%0*d"))), 0);
	CHECK(strlen(text) == other_bytes);
	snprintf(text + other_bytes, sizeof(text) - other_bytes,
			"POST /api/%s HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", path);
	int64_t before_ms = loop_now_ms();
	int fd = settled ? settle(server) : dial(server);
	CHECK(ask(server, "GET /healthz HTTP/1.1\r\n" HOST "\r\n").status == 200);
	int64_t ready_ms = loop_now_ms();
	while (loop_now_ms() < ready_ms + 5)
		usleep(1000);
	CHECK(say(fd, text) && (!other_bytes || hear(fd, false).status == 200) && hear(fd, false).status == 100);
	CHECK(say(fd, "{}") && hear(fd, false).status == 202);
	CHECK(server->agent.last_asked_ms >= before_ms && server->agent.last_asked_ms <= ready_ms);
	close(fd);
}

/* ---- Languages. ---- */

static bool is_in(const struct answer *answer, const char *tag)
{
	return header_is(answer, "Content-Language", tag) && header_is(answer, "Vary", "Accept-Language");
}

static void set_state(struct server *server, enum door_state state)
{
	pthread_mutex_lock(&server->agent.mutex);
	server->agent.doors[0].state = state;
	pthread_mutex_unlock(&server->agent.mutex);
}

static void test_languages(struct server *server)
{
	static const char german[] = HOST "Accept-Language: de-AT,de;q=0.9\r\nAccept: text/html\r\n";
	static const char dutch[] = HOST "Accept-Language: nl\r\nAccept: text/html\r\n";
	tap_case("each viewer gets a language, whoever asked before");
	for (int round = 0; round < 2; round++) {
		struct answer answer = ask(server, "GET / HTTP/1.1\r\n%s\r\n", german);
		CHECK(answer.status == 200 && is_in(&answer, "de"));
		CHECK(has(&answer, "<html lang=\"de\">") && has(&answer, ">Geschlossen<") && !has(&answer, ">Closed<"));
		answer = ask(server, "GET / HTTP/1.1\r\n%s\r\n", dutch);
		CHECK(is_in(&answer, "nl") && has(&answer, "<html lang=\"nl\">") && has(&answer, ">Gesloten<"));
		answer = ask(server, "GET / HTTP/1.1\r\n" HOST "Accept-Language: pl\r\n\r\n");
		CHECK(is_in(&answer, "en") && has(&answer, "<html lang=\"en\">") && has(&answer, ">Closed<"));
		set_state(server, DOOR_OPENING);
		answer = ask(server, "GET / HTTP/1.1\r\n%s\r\n", german);
		CHECK(has(&answer, "Öffnet sich"));
		set_state(server, DOOR_CLOSED);
	}
	struct answer answer = ask(server, "GET /setup HTTP/1.1\r\n%s\r\n", german);
	CHECK(is_in(&answer, "de") && has(&answer, "Sensor „zu“") && has(&answer, "Das Tor ist geschlossen."));
	answer = ask(server, "GET /learn HTTP/1.1\r\n%s\r\n", german);
	CHECK(is_in(&answer, "de") && has(&answer, "Es kehrte um"));
	answer = ask(server, "GET /?door=left&said=obstructed HTTP/1.1\r\n%s\r\n", german);
	CHECK(is_in(&answer, "de") && has(&answer, "Abgelehnt."));

	tap_case("a refusal, too; what only programs meet is English, and so is JSON");
	answer = ask(server, "GET /nothing HTTP/1.1\r\n%s\r\n", german);
	CHECK(answer.status == 404 && is_in(&answer, "de") && has(&answer, "<html lang=\"de\">"));
	CHECK(has(&answer, "Unter dieser Adresse ist nichts.") && has(&answer, "Portcullis: 404"));
	answer = ask(server, "GET /api/history?limit=0 HTTP/1.1\r\n%s\r\n", german);
	CHECK(answer.status == 400 && is_in(&answer, "en") && has(&answer, "<html lang=\"en\">"));
	answer = ask(server, "GET /nothing HTTP/1.1\r\n" HOST "Accept-Language: de\r\n\r\n");
	CHECK(answer.status == 404 && !header(&answer, "Content-Language"));
	CHECK(has(&answer, "\"detail\":\"There is nothing at this address.\""));

	tap_case("the manifest: a tag for each language");
	answer = ask(server, "GET /manifest.webmanifest HTTP/1.1\r\n%s\r\n", german);
	CHECK(answer.status == 200 && is_in(&answer, "de") && has(&answer, "\"short_name\": \"Tore\""));
	CHECK(header_is(&answer, "Content-Type", "application/manifest+json"));
	char tag[64] = "";
	snprintf(tag, sizeof(tag), "%s", header(&answer, "ETag") ? header(&answer, "ETag") : "");
	answer = ask(server, "GET /manifest.webmanifest HTTP/1.1\r\n%sIf-None-Match: %s\r\n\r\n", german, tag);
	CHECK(answer.status == 304 && answer.length == 0 && is_in(&answer, "de"));
	answer = ask(server, "GET /manifest.webmanifest HTTP/1.1\r\n%sIf-None-Match: %s\r\n\r\n", dutch, tag);
	CHECK(answer.status == 200 && is_in(&answer, "nl") && has(&answer, "\"short_name\": \"Deuren\""));
}

/* What the configuration says wins; the login page asks nobody for a password first. */
static void test_language_of_the_configuration(void)
{
	static const char french[] = HOST "Accept-Language: fr\r\nAccept: text/html\r\n";
	struct server server;
	struct http_config config = plain;
	config.language = LANGUAGE_it;
	config.username = "Aladdin";
	config.password = "open sesame";
	config.sign = tls_mac;
	start(&server, &config);
	tap_case("http: language wins over the browser");
	struct answer answer = ask(&server, "GET /login HTTP/1.1\r\n%s\r\n", french);
	CHECK(answer.status == 200 && is_in(&answer, "it") && has(&answer, "<h1>Accedi</h1>"));
	answer = ask(&server, "GET / HTTP/1.1\r\n%sAuthorization: Basic eDp5\r\n\r\n", french);
	CHECK(answer.status == 401 && is_in(&answer, "it") && has(&answer, "Nome utente o password errati."));
	answer = ask(&server, "GET / HTTP/1.1\r\n%sAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n", french);
	CHECK(answer.status == 200 && is_in(&answer, "it") && has(&answer, "<html lang=\"it\">"));
	for (int i = 0; i < 6; i++)
		answer = ask(&server, "GET / HTTP/1.1\r\n%sAuthorization: Basic eDp5\r\n\r\n", french);
	CHECK(answer.status == 429 && is_in(&answer, "it") && has(&answer, "Troppe password errate. Attenda "));
	finish(&server);
}

static void test_time_of_a_command(struct server *server)
{
	static const char *const paths[] = {"doors/left/open", "setup/left/relay", "peers/shed/doors/left/open"};
	set_result(server, DOOR_RESULT_ACCEPTED, DOOR_REASON_NONE, 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		tap_case("POST /api/%s has the time at which it can have been sent first", paths[i]);
		time_command(server, paths[i], false, 0);
		time_command(server, paths[i], true, 0);
		time_command(server, paths[i], true, 128);            /* the command is in the server's input, too */
		time_command(server, paths[i], true, HTTP_INPUT_MAX); /* it is in the kernel still */
	}
}

static void test_anonymous(void)
{
	static const struct {
		const char *address;
		bool password, allow;
		int post;
	} table[] = {
			{"127.0.0.1", false, false, 202},
			{"0.0.0.0", false, false, 403},
			{"0.0.0.0", false, true, 202},
			{"0.0.0.0", true, false, 401},
			{"::", false, false, 403},
			{"::ffff:127.0.0.1", false, false, 202},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct server server;
		struct http_config config = {.address = table[i].address, .allow_anonymous_commands = table[i].allow};
		if (table[i].password) {
			config.username = "a";
			config.password = "b";
		}
		tap_case("listening on %s, %s password, anonymous commands %s: %d", table[i].address,
				table[i].password ? "a" : "no", table[i].allow ? "allowed" : "not allowed",
				table[i].post);
		start(&server, &config);
		struct answer answer = ask(&server, "POST /api/doors/left/open HTTP/1.1\r\n" HOST "\r\n");
		CHECK(answer.status == table[i].post && server.agent.commands == (table[i].post == 202));
		answer = ask(&server, "POST /api/simulator/left/jam HTTP/1.1\r\n" HOST "\r\n");
		CHECK(answer.status == table[i].post && server.agent.pokes == (table[i].post == 202));
		answer = ask(&server, "GET / HTTP/1.1\r\n" HOST "\r\n");
		CHECK(answer.status == (table[i].password ? 401 : 200));
		CHECK(has(&answer, "Read-only") == (table[i].post == 403));
		CHECK(table[i].password || has(&answer, "<button class=\"open\" disabled>") == (table[i].post == 403));
		finish(&server);
	}
}

/* ---- Logging in by the form. ---- */

#define BROWSER "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
#define RIGHT_FORM "username=Aladdin&password=open+sesame"
#define WRONG_FORM "username=Aladdin&password=open+says+me"

static struct answer send_form(const struct server *server, const char *path, const char *headers, const char *body)
{
	return ask(server,
			"POST %s HTTP/1.1\r\n" HOST "%sContent-Type: application/x-www-form-urlencoded\r\n"
			"Content-Length: %zu\r\n\r\n%s",
			path, headers, strlen(body), body);
}

/* The first cookie that the answer sets, as a Cookie header with its line end; "" where there is none. */
static void keep_cookie(const struct answer *answer, char cookie[static 256])
{
	const char *value = header(answer, "Set-Cookie");
	cookie[0] = '\0';
	if (value)
		snprintf(cookie, 256, "Cookie: a=b; %.*s\r\n", (int)strcspn(value, ";"), value);
}

static struct answer get_with(const struct server *server, const char *path, const char *headers)
{
	return ask(server, "GET %s HTTP/1.1\r\n" HOST "%s\r\n", path, headers);
}

static void log_in(const struct server *server, char cookie[static 256])
{
	struct answer answer = send_form(server, "/api/login", "", RIGHT_FORM);
	CHECK(answer.status == 200 && strcmp(answer.body, "{\"result\":\"accepted\"}") == 0);
	keep_cookie(&answer, cookie);
	CHECK(strncmp(cookie, "Cookie: a=b; portcullis=", 24) == 0);
}

static void test_login(void)
{
	struct server server;
	struct http_config config = plain;
	char cookie[256], both[512];
	config.username = "Aladdin";
	config.password = "open sesame";
	config.sign = tls_mac;
	start(&server, &config);

	tap_case("the login page is there for everybody, is plain, and challenges nobody");
	struct answer answer = get_with(&server, "/login", BROWSER);
	CHECK(answer.status == 200 && !header(&answer, "WWW-Authenticate") && !header(&answer, "Set-Cookie"));
	CHECK(has(&answer, "<form method=\"post\" action=\"./api/login\">") && !has(&answer, "<script"));
	CHECK(!has(&answer, "http-equiv") && !has(&answer, "garage"));
	CHECK(strstr(header(&answer, "Content-Security-Policy"), "form-action 'self'"));

	tap_case("a login is answered with a cookie that opens what the password opens");
	CHECK(get_with(&server, "/api/doors", "").status == 401);
	log_in(&server, cookie);
	CHECK(get_with(&server, "/api/doors", cookie).status == 200);
	CHECK(get_with(&server, "/setup", cookie).status == 200);
	int before = server.agent.commands;
	answer = ask(&server, "POST /api/doors/left/open HTTP/1.1\r\n" HOST "%s\r\n", cookie);
	CHECK(answer.status == 202 && server.agent.commands == before + 1);
	answer = ask(&server, "POST /api/doors/left/open HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n%s\r\n",
			cookie);
	CHECK(answer.status == 403 && server.agent.commands == before + 1);

	tap_case("a person comes to the doors or to the Set-up view, and to no other place");
	static const struct {
		const char *path, *location;
	} ways[] = {
			{"/api/login", "../"},
			{"/api/login?setup", "../setup"},
			{"/api/login?//evil.example", "../"},
			{"/api/login?next=https://evil.example", "../"},
	};
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		answer = send_form(&server, ways[i].path, BROWSER "Origin: http://localhost\r\n", RIGHT_FORM);
		CHECK(answer.status == 303 && header_is(&answer, "Location", ways[i].location));
		keep_cookie(&answer, both);
		CHECK(get_with(&server, "/", both).status == 200);
	}
	answer = get_with(&server, "/login?setup", cookie);
	CHECK(answer.status == 303 && header_is(&answer, "Location", "./setup"));
	answer = get_with(&server, "/login?//evil.example", cookie);
	CHECK(answer.status == 303 && header_is(&answer, "Location", "./"));

	tap_case("the page of one with a session can end it; others' pages are as they were");
	answer = get_with(&server, "/", cookie);
	CHECK(answer.status == 200 && has(&answer, "action=\"api/logout\""));
	answer = get_with(&server, "/", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
	CHECK(answer.status == 200 && !has(&answer, "logout"));

	tap_case("Basic challenges everybody but a browser that has used the form: it gets the form, and no window");
	answer = get_with(&server, "/setup", BROWSER);
	CHECK(answer.status == 401 && has(&answer, "action=\"./api/login?setup\"") && !has(&answer, "http-equiv"));
	CHECK(strncmp(header(&answer, "WWW-Authenticate"), "Basic ", 6) == 0);
	static const char *const accepts[] = {BROWSER, "Accept: text/event-stream\r\n", ""};
	for (size_t i = 0; i < sizeof(accepts) / sizeof(accepts[0]); i++) {
		snprintf(both, sizeof(both), "%sCookie: portcullis-form=1\r\n", accepts[i]);
		answer = get_with(&server, i == 1 ? "/api/events" : "/", both);
		CHECK(answer.status == 401 && !has(&answer, "Basic"));
		CHECK(strncmp(header(&answer, "WWW-Authenticate"), "Cookie ", 7) == 0);
	}

	tap_case("a link from another site brings no session: then the page asks once more by itself");
	answer = get_with(&server, "/setup", BROWSER "Cookie: portcullis-form=1\r\n");
	CHECK(answer.status == 401 && has(&answer, "<meta http-equiv=\"refresh\" content=\"0; url=./login?setup\">"));
	answer = get_with(&server, "/login", BROWSER "Cookie: portcullis-form=1\r\n");
	CHECK(answer.status == 200 && !has(&answer, "http-equiv"));
	snprintf(both, sizeof(both), BROWSER "Cookie: portcullis-form=1; portcullis=%096d\r\n", 0);
	answer = get_with(&server, "/", both);
	CHECK(answer.status == 401 && !has(&answer, "http-equiv"));

	tap_case("other sites can neither log in nor log out");
	answer = send_form(&server, "/api/login", "Origin: http://evil.example\r\n", RIGHT_FORM);
	CHECK(answer.status == 403 && !header(&answer, "Set-Cookie"));
	snprintf(both, sizeof(both), "Sec-Fetch-Site: cross-site\r\n%s", cookie);
	answer = send_form(&server, "/api/logout", both, "");
	CHECK(answer.status == 403 && get_with(&server, "/", cookie).status == 200);

	tap_case("what is no login is no guess");
	static const char *const nonsense[] = {
			"", "{}", "username=Aladdin", RIGHT_FORM "&password=x", "username=a&password=%"};
	for (int i = 0; i < 3; i++)
		for (size_t j = 0; j < sizeof(nonsense) / sizeof(nonsense[0]); j++) {
			answer = send_form(&server, "/api/login", "", nonsense[j]);
			CHECK(answer.status == 400 && !header(&answer, "Set-Cookie"));
		}
	CHECK(ask(&server, "GET /api/login HTTP/1.1\r\n" HOST "\r\n").status == 405);

	tap_case("guesses by the form count as those by Basic do, and hold up no session of the same address");
	for (int i = 0; i < 5; i++) {
		answer = send_form(&server, "/api/login", i % 2 ? BROWSER : "", WRONG_FORM);
		CHECK(answer.status == 401 && has(&answer, "Wrong user name or password.") &&
				!header(&answer, "Set-Cookie"));
		CHECK(strncmp(header(&answer, "WWW-Authenticate"), "Cookie ", 7) == 0);
	}
	answer = send_form(&server, "/api/login", BROWSER, RIGHT_FORM);
	CHECK(answer.status == 429 && header(&answer, "Retry-After") && has(&answer, "<form") && has(&answer, "Wait "));
	answer = get_with(&server, "/", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
	CHECK(answer.status == 429);
	CHECK(get_with(&server, "/", cookie).status == 200);
	snprintf(both, sizeof(both), "Authorization: Basic QQ==\r\n%s", cookie);
	CHECK(get_with(&server, "/", both).status == 200);
	answer = ask(&server, "POST /api/doors/left/open HTTP/1.1\r\n" HOST "%s\r\n", cookie);
	CHECK(answer.status == 202);

	tap_case("a logout ends the session, not only the cookie");
	snprintf(both, sizeof(both), BROWSER "%s", cookie);
	answer = send_form(&server, "/api/logout", both, "");
	CHECK(answer.status == 303 && header_is(&answer, "Location", "../login"));
	CHECK(strstr(header(&answer, "Set-Cookie"), "portcullis=; ") &&
			strstr(header(&answer, "Set-Cookie"), "Max-Age=0"));
	CHECK(get_with(&server, "/", cookie).status != 200);
	answer = send_form(&server, "/api/logout", "", "");
	CHECK(answer.status == 200 && has(&answer, "unchanged"));
	finish(&server);
}

static void test_sessions_and_configurations(void)
{
	struct server server;
	struct http_config config = plain;
	char error[HTTP_ERROR_MAX] = "", cookie[256];
	config.username = "Aladdin";
	config.password = "open sesame";
	config.sign = tls_mac;
	start(&server, &config);
	const struct http_agent agent = fake_agent_face(&server.agent, METRICS_MAX);

	tap_case("a session lives through a reload, and ends with another password");
	log_in(&server, cookie);
	for (int i = 0; i < 2; i++) {
		config.password = i == 0 ? "open sesame" : "open barley";
		halt(&server);
		CHECK(http_reconfigure(server.http, &config, &agent, false, error) == 0);
		resume(&server);
		CHECK(get_with(&server, "/", cookie).status == (i == 0 ? 200 : 401));
	}
	finish(&server);

	tap_case("by https, which a proxy may end, a cookie comes back by https alone");
	config.password = "open sesame";
	start(&server, &config);
	CHECK(get_with(&server, "/", cookie).status == 401); /* of another start */
	struct answer answer = send_form(&server, "/api/login", "Origin: https://localhost\r\n", RIGHT_FORM);
	CHECK(answer.status == 200);
	keep_cookie(&answer, cookie);
	CHECK(strncmp(cookie, "Cookie: a=b; __Host-portcullis=", 31) == 0 && strstr(answer.head, "; Secure\r\n"));
	CHECK(get_with(&server, "/", cookie).status == 200);
	finish(&server);

	tap_case("a server that signs nothing has no login page, and its password opens no session");
	config.sign = NULL;
	start(&server, &config);
	answer = send_form(&server, "/api/login", "", RIGHT_FORM);
	CHECK(answer.status == 404 && !header(&answer, "Set-Cookie"));
	answer = get_with(&server, "/", BROWSER "Cookie: portcullis-form=1\r\n");
	CHECK(answer.status == 401 && strncmp(header(&answer, "WWW-Authenticate"), "Basic ", 6) == 0);
	finish(&server);

	tap_case("without a password there is nothing to log in to");
	start(&server, &plain);
	answer = get_with(&server, "/login", "");
	CHECK(answer.status == 303 && header_is(&answer, "Location", "./"));
	answer = send_form(&server, "/api/login", "", WRONG_FORM);
	CHECK(answer.status == 200 && has(&answer, "unchanged") && !header(&answer, "Set-Cookie"));
	answer = get_with(&server, "/", cookie);
	CHECK(answer.status == 200 && !has(&answer, "logout"));
	finish(&server);
}

static int get_from(struct server *server, const char *address, const char *headers)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6};
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	char request[1024];
	int pair[2];
	snprintf(request, sizeof(request), "GET / HTTP/1.1\r\n" HOST "%s\r\n", headers);
	if (inet_pton(AF_INET6, address, &from.sin6_addr) != 1 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
			setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		exit(2);
	halt(server);
	CHECK(http_adopt(server->http, pair[1], (const struct sockaddr *)&from) == 0);
	resume(server);
	say(pair[0], request);
	struct answer answer = hear(pair[0], false);
	close(pair[0]);
	return answer.status;
}

static void test_session_in_a_network_of_guessers(void)
{
	struct server server;
	struct http_config config = plain;
	char cookie[256];
	config.username = "Aladdin";
	config.password = "open sesame";
	config.sign = tls_mac;
	start(&server, &config);
	tap_case("one with a session is slowed down by no other address of the same /64, also without the cookie");
	log_in(&server, cookie);
	CHECK(get_from(&server, "2001:db8::1", cookie) == 200);
	for (int i = 0; i < 5; i++)
		CHECK(get_from(&server, "2001:db8::2", "Authorization: Basic QQ==\r\n") == 401);
	CHECK(get_from(&server, "2001:db8::3", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") == 429);
	CHECK(get_from(&server, "2001:db8::1", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") == 200);
	CHECK(get_from(&server, "2001:db8::3", cookie) == 200);
	finish(&server);
}

static atomic_int reckoned;

static bool slow_password_right(const char *hash, const char *password, size_t length)
{
	usleep(20000);
	atomic_fetch_add(&reckoned, 1);
	return strcmp(hash, "the hash") == 0 && length == 11 && memcmp(password, "open sesame", 11) == 0;
}

static void test_login_with_a_hash(void)
{
	struct server server;
	struct http_config config = plain;
	char cookie[256];
	config.username = "Aladdin";
	config.password = "the hash";
	config.password_right = slow_password_right;
	config.sign = tls_mac;
	start(&server, &config);
	tap_case("a login waits for the check of a hash, and its session for none");
	struct answer answer = send_form(&server, "/api/login", "", WRONG_FORM);
	CHECK(answer.status == 401 && atomic_load(&reckoned) == 1);
	log_in(&server, cookie);
	CHECK(atomic_load(&reckoned) == 2);
	for (int i = 0; i < 10; i++)
		CHECK(get_with(&server, "/", cookie).status == 200);
	CHECK(atomic_load(&reckoned) == 2);
	tap_case("each guess is reckoned once, whatever hurry it is in");
	for (int i = 0; i < 4; i++) { /* and is gone before its end */
		int fd = dial(&server);
		char form[128];
		snprintf(form, sizeof(form), "username=Aladdin&password=guess%d", i);
		char request[512];
		snprintf(request, sizeof(request), "POST /api/login HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s",
				strlen(form), form);
		say(fd, request);
		close(fd);
	}
	CHECK(get_with(&server, "/", cookie).status == 200);
	finish(&server);
	CHECK(atomic_load(&reckoned) <= 6);
}

/* ---- Connections. ---- */

static void test_keep_alive(struct server *server)
{
	tap_case("a connection serves request after request");
	int fd = dial(server);
	for (int i = 0; i < 100; i++) {
		CHECK(say(fd, "GET /healthz HTTP/1.1\r\n" HOST "\r\n"));
		struct answer answer = hear(fd, false);
		CHECK(answer.status == 200 && !header(&answer, "Connection"));
	}
	close(fd);

	tap_case("requests sent in one go are answered in their order");
	fd = dial(server);
	char many[8192] = "";
	for (int i = 0; i < 40; i++)
		strcat(strcat(many, i % 2 ? "GET /nothing" : "GET /healthz"), " HTTP/1.1\r\n" HOST "\r\n");
	strcat(many, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	CHECK(say(fd, many));
	for (int i = 0; i < 40; i++)
		CHECK(hear(fd, false).status == (i % 2 ? 404 : 200));
	struct answer answer = hear(fd, false);
	CHECK(answer.status == 200 && header_is(&answer, "Connection", "close") && has(&answer, "</html>"));
	CHECK(ends(fd));
	close(fd);

	tap_case("a request cut into single bytes is a request");
	fd = dial(server);
	static const char bytes[] = "POST /api/doors/left/open HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";
	for (const char *byte = bytes; *byte; byte++)
		CHECK(send(fd, byte, 1, MSG_NOSIGNAL) == 1);
	CHECK(hear(fd, false).status == 202);
	close(fd);

	tap_case("who closes his side after the question still gets the answer");
	fd = dial(server);
	say(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
	shutdown(fd, SHUT_WR);
	answer = hear(fd, false);
	CHECK(answer.status == 200 && has(&answer, "</html>"));
	CHECK(ends(fd));
	close(fd);

	tap_case("HTTP/1.0 ends after one answer unless it asks for more");
	fd = dial(server);
	say(fd, "GET /healthz HTTP/1.0\r\n\r\n");
	answer = hear(fd, false);
	CHECK(answer.status == 200 && header_is(&answer, "Connection", "close") && ends(fd));
	close(fd);
	fd = dial(server);
	for (int i = 0; i < 2; i++) {
		say(fd, "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
		answer = hear(fd, false);
		CHECK(answer.status == 200 && header_is(&answer, "Connection", "keep-alive"));
	}
	close(fd);

	tap_case("Expect: 100-continue is met before the body is sent");
	fd = dial(server);
	say(fd, "POST /api/doors/left/open HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	answer = hear(fd, false);
	CHECK(answer.status == 100);
	say(fd, "abc");
	CHECK(hear(fd, false).status == 202);
	say(fd, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
	CHECK(hear(fd, false).status == 200);
	close(fd);
}

static void test_bounds(struct server *server)
{
	char *flood = malloc(100001);
	memset(flood, 'a', 100000);
	flood[100000] = '\0';
	static const struct {
		const char *name, *request;
		bool flood;
		int status;
	} table[] = {
			{"an endless address", "GET /", true, 414},
			{"endless headers", "GET / HTTP/1.1\r\n" HOST "X: ", true, 431},
			{"an endless header name", "GET / HTTP/1.1\r\n" HOST, true, 431},
			{"a long body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n", true, 413},
			{"a long body that nobody waits for",
					"POST / HTTP/1.1\r\n" HOST
					"Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n",
					false, 413},
			{"an endless chunk", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffff\r\n",
					true, 413},
			{"endless chunk extensions", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1;",
					true, 413},
			{"endless trailers", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ",
					true, 413},
			{"garbage", "\x16\x03\x01 what", true, 400},
			{"another expectation", "POST / HTTP/1.1\r\n" HOST "Expect: magic\r\n\r\n", false, 417},
			{"a version to come", "GET / HTTP/2.0\r\n" HOST "\r\n", false, 505},
			{"a proxy's request", "CONNECT localhost:22 HTTP/1.1\r\n" HOST "\r\n", false, 405},
			{"no host", "GET / HTTP/1.1\r\n\r\n", false, 400},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("%s: %d, and the connection ends without losing the answer", table[i].name, table[i].status);
		int fd = dial(server);
		say(fd, table[i].request);
		if (table[i].flood)
			say(fd, flood); /* the server need not take it all */
		struct answer answer = hear(fd, false);
		CHECK(answer.status == table[i].status && header_is(&answer, "Connection", "close"));
		CHECK(has(&answer, "\"detail\":\"") && !has(&answer, "\"Unknown\""));
		CHECK(answer.status != 405 || header_is(&answer, "Allow", "GET, HEAD, POST"));
		CHECK(ends(fd));
		close(fd);
	}
	free(flood);
}

static int64_t since(int64_t start_ms)
{
	return loop_now_ms() - start_ms;
}

#define PAGES 200

/* More of the long page, asked for in one go, than the kernel keeps for one connection. The caller frees. */
static char *pages(void)
{
	static const char request[] = "GET / HTTP/1.1\r\n" HOST "\r\n";
	char *many = calloc(PAGES, sizeof(request));
	for (int i = 0; i < PAGES; i++)
		memcpy(many + (size_t)i * (sizeof(request) - 1), request, sizeof(request) - 1);
	return many;
}

static bool all_of(const struct answer *answer, int letter)
{
	return answer->length == METRICS_MAX && strspn(answer->body, (char[]){(char)letter, 0}) == METRICS_MAX;
}

static void test_slow_reader(void)
{
	struct server server;
	int pair[2];
	start(&server, &plain);
	server.agent.door_count = DOORS_MAX;
	tap_case("an answer longer than the kernel takes at once arrives whole");
	halt(&server);
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
			setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
			setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int)) < 0)
		exit(2);
	CHECK(http_adopt(server.http, pair[1], (const struct sockaddr *)&loopback) == 0);
	resume(&server);
	struct answer answer;
	for (int i = 0; i < 3; i++) {
		say(pair[0], "GET / HTTP/1.1\r\n" HOST "\r\n");
		answer = hear(pair[0], false);
		CHECK(answer.status == 200 && answer.length > 48 * 1024 && has(&answer, "</html>"));
	}
	tap_case("metrics for one client are not written over those that another is still being sent");
	say(pair[0], "GET /metrics HTTP/1.1\r\n" HOST "\r\n");
	struct pollfd begun = {.fd = pair[0], .events = POLLIN};
	CHECK(poll(&begun, 1, PATIENCE_MS) == 1);
	for (int i = 1; i <= 2; i++) {
		answer = ask(&server, "GET /metrics HTTP/1.1\r\n" HOST "\r\n");
		CHECK(answer.status == 200 && all_of(&answer, 'a' + i));
		CHECK(header_is(&answer, "Content-Type", "text/plain; version=0.0.4; charset=utf-8"));
	}
	answer = hear(pair[0], false);
	CHECK(answer.status == 200 && all_of(&answer, 'a'));
	close(pair[0]);
	finish(&server);
}

static void test_deadlines(void)
{
	struct server server;
	struct http_config config = plain;
	config.request_limit_ms = SHORT_LIMIT_MS;
	config.idle_limit_ms = SHORT_LIMIT_MS;
	start(&server, &config);

	tap_case("a request that comes a byte now and then is ended with 408");
	int64_t start_ms = loop_now_ms();
	int fd = dial(&server);
	static const char slow[] =
			"GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	for (const char *byte = slow; *byte && poll(&poll_fd, 1, SHORT_LIMIT_MS / 20) == 0; byte++)
		send(fd, byte, 1, MSG_NOSIGNAL);
	struct answer answer = hear(fd, false);
	CHECK(answer.status == 408 && header_is(&answer, "Connection", "close"));
	CHECK(since(start_ms) >= SHORT_LIMIT_MS - 10 && since(start_ms) < PATIENCE_MS);
	CHECK(ends(fd));
	close(fd);

	tap_case("a body that does not come is ended with 408");
	fd = dial(&server);
	say(fd, "POST /api/doors/left/open HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nab");
	CHECK(hear(fd, false).status == 408 && ends(fd));
	CHECK(server.agent.commands == 0);
	close(fd);

	tap_case("who connects and says nothing is sent away without a word");
	start_ms = loop_now_ms();
	fd = dial(&server);
	CHECK(ends(fd));
	CHECK(since(start_ms) >= SHORT_LIMIT_MS - 10);
	close(fd);

	tap_case("an idle connection is ended");
	start_ms = loop_now_ms();
	fd = dial(&server);
	say(fd, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
	CHECK(hear(fd, false).status == 200);
	CHECK(ends(fd));
	CHECK(since(start_ms) >= SHORT_LIMIT_MS - 10);
	close(fd);

	tap_case("who does not read his answers is cut off, and holds up nobody");
	pthread_mutex_lock(&server.agent.mutex);
	server.agent.door_count = DOORS_MAX;
	pthread_mutex_unlock(&server.agent.mutex);
	fd = dial_to("127.0.0.1", server.port, 4096);
	/* More answers than the kernel keeps for one connection. */
	char *many = pages();
	say(fd, many);
	free(many);
	start_ms = loop_now_ms();
	while (since(start_ms) < 200) {
		answer = ask(&server, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
		CHECK(answer.status == 200);
	}
	poll_fd = (struct pollfd){.fd = fd, .events = POLLERR};
	CHECK(poll(&poll_fd, 1, PATIENCE_MS) == 1 && (poll_fd.revents & (POLLERR | POLLHUP)));
	close(fd);
	finish(&server);
}

static void test_many_clients(void)
{
	struct server server;
	int fds[HTTP_CLIENTS_MAX + 100];
	start(&server, &plain);

	tap_case("when all slots are taken by idle clients, the longest idle makes room");
	for (int i = 0; i < HTTP_CLIENTS_MAX; i++)
		fds[i] = settle(&server);
	int fd = settle(&server);
	CHECK(ends(fds[0]));
	say(fds[1], "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
	CHECK(hear(fds[1], false).status == 200);
	close(fd);
	for (int i = 0; i < HTTP_CLIENTS_MAX; i++)
		close(fds[i]);

	/* After a second they make room: on a machine that takes longer to fill all places, once more. */
	tap_case("when all are busy with requests, one more is told so");
	struct answer answer;
	int64_t start_ms;
	bool refused, slow = true;
	for (int attempt = 0; slow && attempt < 10; attempt++) {
		start_ms = loop_now_ms();
		for (int i = 0; i < HTTP_CLIENTS_MAX; i++) {
			if (attempt > 0)
				close(fds[i]);
			fds[i] = settle(&server);
			say(fds[i], "GET / HTTP/1.1\r\n");
		}
		/* The beginnings are with the server once a request after them is answered. */
		fd = dial(&server);
		answer = hear(fd, false);
		close(fd);
		refused = answer.status == 503 && header_is(&answer, "Retry-After", "1") &&
			  has(&answer, "Too many clients");
		slow = !refused && since(start_ms) >= 900;
	}
	CHECK(refused || slow);
	if (slow)
		tap_skip("all places are not taken within a second here");
	tap_case("after a second the slow ones make room");
	int served = 0;
	while (!served && since(start_ms) < PATIENCE_MS) {
		fd = dial(&server);
		say(fd, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
		served = hear(fd, false).status == 200;
		close(fd);
	}
	CHECK(served && since(start_ms) >= 500);
	for (int i = 0; i < HTTP_CLIENTS_MAX; i++)
		close(fds[i]);

	tap_case("hundreds at once: each is served or told to come again, and afterwards all is well");
	int good = 0, told = 0;
	struct http_status before;
	halt(&server);
	http_status(server.http, &before);
	CHECK((before.refused > 0 || slow) && before.clients <= HTTP_CLIENTS_MAX);
	resume(&server);
	for (int i = 0; i < HTTP_CLIENTS_MAX + 100; i++) {
		fds[i] = dial(&server);
		say(fds[i], "GET /api/doors HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	}
	for (int i = 0; i < HTTP_CLIENTS_MAX + 100; i++) {
		answer = hear(fds[i], false);
		good += answer.status == 200 && has(&answer, "\"right\"");
		told += answer.status == 503 && has(&answer, "Too many clients");
		close(fds[i]);
	}
	printf("# served %d, told %d\n", good, told);
	halt(&server);
	struct http_status after;
	http_status(server.http, &after);
	CHECK(after.refused - before.refused == (uint64_t)told &&
			after.answers[2] - before.answers[2] == (uint64_t)good);
	resume(&server);
	CHECK(good + told == HTTP_CLIENTS_MAX + 100 && good >= HTTP_CLIENTS_MAX);
	answer = ask(&server, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200);
	finish(&server);
}

/* Clients from outside the loopback, as the server sees them: adopted ends of socket pairs. */
static void test_loopback_reserve(void)
{
	struct server server;
	int pairs[HTTP_CLIENTS_MAX][2];
	start(&server, &plain);
	tap_case("the Set-up view is not for clients from outside");
	halt(&server);
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[0]) < 0 ||
			setsockopt(pairs[0][0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		exit(2);
	CHECK(http_adopt(server.http, pairs[0][1], (const struct sockaddr *)&elsewhere) == 0);
	resume(&server);
	say(pairs[0][0], "GET /setup HTTP/1.1\r\n" HOST "\r\n");
	CHECK(hear(pairs[0][0], false).status == 403);
	say(pairs[0][0], "GET /learn HTTP/1.1\r\n" HOST "\r\n");
	CHECK(hear(pairs[0][0], false).status == 403);
	int before = server.agent.commands;
	say(pairs[0][0], "POST /api/setup/left/relay HTTP/1.1\r\n" HOST "\r\n");
	CHECK(hear(pairs[0][0], false).status == 403 && server.agent.commands == before);
	close(pairs[0][0]);
	struct answer answer = ask(&server, "GET /setup HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200 && has(&answer, "<small>GPIO17</small>") && has(&answer, "<small>line 23</small>"));
	CHECK(has(&answer, "<td>low</td><td>The door is closed.</td>"));

	tap_case("clients from outside leave room for the health check");
	halt(&server);
	for (int i = 0; i < HTTP_CLIENTS_MAX; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]) < 0)
			exit(2);
		const struct sockaddr_in *from = i < HTTP_CLIENTS_MAX / 2 ? &elsewhere : &beside;
		int adopted = http_adopt(server.http, pairs[i][1], (const struct sockaddr *)from);
		CHECK(adopted == (i < HTTP_CLIENTS_MAX - HTTP_CLIENTS_LOOPBACK ? 0 : -EBUSY));
		say(pairs[i][0], "GET / HTTP/1.1\r\n");
	}
	resume(&server);
	char error[HTTP_ERROR_MAX];
	struct http_config config = plain;
	config.port = server.port;
	CHECK(http_healthcheck(&config, PATIENCE_MS, error) == 0);
	finish(&server);
	for (int i = 0; i < HTTP_CLIENTS_MAX; i++)
		close(pairs[i][0]);
}

/* A client from that address, once the server has what it says; -1 when there is no room. To be said to a halted one.
 */
static int adopt(struct server *server, const struct sockaddr_in *from, const char *words)
{
	int pair[2];
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
			setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		exit(2);
	say(pair[0], words);
	if (http_adopt(server->http, pair[1], (const struct sockaddr *)from) == 0)
		return pair[0];
	CHECK(hear(pair[0], false).status == 503);
	close(pair[0]);
	return -1;
}

static void test_share_of_one_address(void)
{
	static const struct sockaddr_in6 one = {
			.sin6_family = AF_INET6, .sin6_addr.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [7] = 1, [15] = 1}};
	static const struct sockaddr_in6 neighbour = {
			.sin6_family = AF_INET6, .sin6_addr.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [7] = 1, [15] = 2}};
	const struct sockaddr_in *from[] = {&elsewhere, (const void *)&one};
	const struct sockaddr_in *same[] = {&elsewhere, (const void *)&neighbour};
	struct server server;
	int fds[HTTP_CLIENTS_MAX];
	for (int i = 0; i < 2; i++) {
		tap_case("one %s gets half of the slots, and makes room among its own", i ? "/64" : "address");
		start(&server, &plain);
		int other = dial(&server);
		say(other, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
		CHECK(hear(other, false).status == 200); /* and idle from now on: it would be the first to go */
		halt(&server);
		for (int j = 0; j < HTTP_CLIENTS_OF_ONE; j++)
			fds[j] = adopt(&server, from[i], "GET / HTTP/1.1\r\n");
		CHECK(fds[HTTP_CLIENTS_OF_ONE - 1] >= 0);
		CHECK(adopt(&server, same[i], "") < 0);
		int second = adopt(&server, &beside, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
		resume(&server);
		CHECK(second >= 0 && hear(second, false).status == 200);
		say(fds[0], HOST "\r\n"); /* served and idle: its place is the one that is given away */
		CHECK(hear(fds[0], false).status == 200);
		halt(&server);
		int late = adopt(&server, same[i], "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
		resume(&server);
		CHECK(late >= 0 && hear(late, false).status == 200 && ends(fds[0]));
		say(other, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
		CHECK(hear(other, false).status == 200);
		finish(&server);
		for (int j = 0; j < HTTP_CLIENTS_OF_ONE; j++)
			close(fds[j]);
		close(second);
		close(late);
		close(other);
	}

	tap_case("one address gets half of the listeners' places");
	start(&server, &plain);
	for (int i = 0; i <= HTTP_LISTENERS_OF_ONE; i++) {
		halt(&server);
		fds[i] = adopt(&server, &elsewhere, "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
		resume(&server);
		CHECK(fds[i] >= 0 && hear(fds[i], false).status == (i < HTTP_LISTENERS_OF_ONE ? 200 : 503));
	}
	halt(&server);
	int listener = adopt(&server, &beside, "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
	resume(&server);
	CHECK(hear(listener, false).status == 200);
	finish(&server);
	close(listener);
	for (int i = 0; i <= HTTP_LISTENERS_OF_ONE; i++)
		close(fds[i]);
}

/* ---- Ingress. ---- */

static int status_from(struct server *server, const struct sockaddr_in *from, const char *request)
{
	halt(server);
	int fd = adopt(server, from, request);
	resume(server);
	struct answer answer = hear(fd, false);
	close(fd);
	return answer.status;
}

static void test_ingress(void)
{
	static const char open[] = "POST /api/doors/left/open HTTP/1.1\r\nHost: any.example\r\n\r\n";
	static const char foreign[] =
			"POST /api/doors/left/open HTTP/1.1\r\nHost: any.example\r\nOrigin: http://evil.example\r\n\r\n";
	static const char back[] =
			"POST /api/doors/left/open?setup= HTTP/1.1\r\nHost: any.example\r\nAccept: text/html\r\n\r\n";
	struct http_config config = {.address = "0.0.0.0"};
	char ingress[INET_ADDRSTRLEN];
	struct server server;
	inet_ntop(AF_INET, &elsewhere.sin_addr, ingress, sizeof(ingress));
	config.ingress = ingress;
	start(&server, &config);

	tap_case("who comes by the ingress needs no password and no known host");
	CHECK(status_from(&server, &elsewhere, "GET / HTTP/1.1\r\nHost: any.example\r\n\r\n") == 200);
	CHECK(status_from(&server, &elsewhere, open) == 202 && server.agent.commands == 1);
	CHECK(status_from(&server, &elsewhere, "GET /setup HTTP/1.1\r\nHost: any.example\r\n\r\n") == 200);
	CHECK(status_from(&server, &elsewhere, foreign) == 403 && server.agent.commands == 1);

	tap_case("nobody else is served, but for the machine's own question for its health");
	CHECK(status_from(&server, &beside, open) == 403);
	CHECK(status_from(&server, &beside, "GET /healthz HTTP/1.1\r\n" HOST "\r\n") == 403);
	CHECK(ask(&server, "POST /api/doors/left/open HTTP/1.1\r\n" HOST "\r\n").status == 403);
	CHECK(ask(&server, "GET / HTTP/1.1\r\n" HOST "\r\n").status == 403);
	CHECK(ask(&server, "GET /healthz HTTP/1.1\r\n" HOST "\r\n").status == 200);
	CHECK(server.agent.commands == 1);

	tap_case("a form of the Set-up view leads back to it, though the ingress writes the query anew");
	halt(&server);
	int fd = adopt(&server, &elsewhere, back);
	resume(&server);
	struct answer answer = hear(fd, false);
	CHECK(answer.status == 303 && strstr(header(&answer, "Location"), "../../../setup?door=left"));
	close(fd);
	finish(&server);
}

/* ---- Events. ---- */

/* Opens door 0 to this position and says that it changed. */
static void move(struct server *server, int position)
{
	halt(server);
	server->agent.doors[0].state = DOOR_OPENING;
	server->agent.doors[0].position = position;
	http_changed(server->http);
	resume(server);
}

static int listen_to(int fd)
{
	say(fd, "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
	struct answer answer = hear(fd, false);
	CHECK(answer.status == 200 && header_is(&answer, "Content-Type", "text/event-stream; charset=utf-8"));
	CHECK(header_is(&answer, "Cache-Control", "no-store") && header_is(&answer, "Connection", "close"));
	CHECK(!header(&answer, "Content-Length"));
	return fd;
}

/* What comes next, up to the empty line that ends it; NULL when the connection ends before that. */
static const char *hear_event(int fd)
{
	size_t length = 0;
	for (big[0] = '\0'; length < 2 || memcmp(big + length - 2, "\n\n", 2) != 0; length++)
		if (length == sizeof(big) - 1 || recv(fd, big + length, 1, 0) != 1)
			return NULL;
	big[length] = '\0';
	return big;
}

static bool event_has(int fd, const char *begin, const char *text)
{
	const char *event = hear_event(fd);
	return event && strncmp(event, begin, strlen(begin)) == 0 && strstr(event, text);
}

static void test_events(void)
{
	struct server server;
	struct http_config config = plain;
	config.beat_ms = 200;
	config.request_limit_ms = SHORT_LIMIT_MS;
	start(&server, &config);
	server.agent.doors[0].position = 0;

	tap_case("a listener is told the whole state first, then each change");
	int fd = listen_to(dial(&server)), fds[HTTP_LISTENERS_MAX];
	CHECK(event_has(fd, "retry: ", "\n\n"));
	CHECK(event_has(fd, "event: doors\ndata: {\"node\":\"garage\"", "\"right\""));
	move(&server, 17);
	CHECK(event_has(fd, "event: doors\n", "\"state\":\"opening\",\"position\":17,"));
	struct answer answer = ask(&server, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(big[0] == '{' && strstr(big, "\"position\":17,") && answer.length > 2 && big[answer.length - 1] == '}');

	tap_case("a listener hears at least a heartbeat, and of what changed without a word");
	CHECK(event_has(fd, "event: alive\n", "data: {}"));
	CHECK(event_has(fd, "event: alive\n", "data: {}"));
	pthread_mutex_lock(&server.agent.mutex);
	server.agent.broker = "disconnected";
	pthread_mutex_unlock(&server.agent.mutex);
	CHECK(event_has(fd, "event: doors\n", "\"broker\":\"disconnected\""));
	close(fd);

	tap_case("HEAD of events is a head, and no listener");
	fd = dial(&server);
	say(fd, "HEAD /api/events HTTP/1.1\r\n" HOST "\r\n");
	CHECK(hear(fd, true).status == 200 && ends(fd));
	close(fd);

	tap_case("one listener more than the bound is told so; others are served, and one that leaves makes room");
	for (int i = 0; i < HTTP_LISTENERS_MAX; i++)
		fds[i] = listen_to(dial(&server));
	answer = ask(&server, "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 503 && header(&answer, "Retry-After"));
	answer = ask(&server, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200);
	move(&server, 18);
	for (int i = 0; i < HTTP_LISTENERS_MAX; i++) {
		const char *event;
		while ((event = hear_event(fds[i])) && !strstr(event, "\"position\":18,"))
			;
		CHECK(event);
	}
	close(fds[0]);
	int64_t start_ms = loop_now_ms();
	while ((answer = ask(&server, "GET /api/events HTTP/1.1\r\n" HOST "\r\n")).status != 200 &&
			since(start_ms) < PATIENCE_MS)
		;
	CHECK(answer.status == 200);
	for (int i = 1; i < HTTP_LISTENERS_MAX; i++)
		close(fds[i]);
	finish(&server);

	config.beat_ms = 0;
	config.request_limit_ms = 30 * PATIENCE_MS; /* nothing is read until all has been told */
	start(&server, &config);
	tap_case("a slow listener is told the newest state, and little of what was between");
	pthread_mutex_lock(&server.agent.mutex);
	server.agent.door_count = DOORS_MAX;
	pthread_mutex_unlock(&server.agent.mutex);
	fd = listen_to(dial_to("127.0.0.1", server.port, 4096));
	for (int i = 1; i <= 200; i++)
		move(&server, i % 100 ? i % 100 : 100);
	int heard = 0;
	const char *event;
	while ((event = hear_event(fd)) && !strstr(event, "\"position\":100,"))
		heard++;
	printf("# heard %d events of 200\n", heard);
	CHECK(event && heard < 100);
	close(fd);
	finish(&server);

	config.request_limit_ms = SHORT_LIMIT_MS;
	start(&server, &config);
	tap_case("a listener that takes nothing is cut off");
	server.agent.door_count = DOORS_MAX;
	fd = listen_to(dial_to("127.0.0.1", server.port, 4096));
	start_ms = loop_now_ms();
	struct pollfd poll_fd = {.fd = fd, .events = POLLERR};
	for (int i = 1; poll(&poll_fd, 1, 5) == 0 && since(start_ms) < PATIENCE_MS; i++)
		move(&server, i % 100);
	CHECK(poll_fd.revents & (POLLERR | POLLHUP));
	close(fd);
	finish(&server);
}

static struct answer exchange(int fd, const char *request)
{
	say(fd, request);
	return hear(fd, false);
}

static void test_reconfigure(void)
{
	struct server server;
	struct http_config config = plain;
	char error[HTTP_ERROR_MAX] = "";
	start(&server, &plain);
	const struct http_agent agent = fake_agent_face(&server.agent, METRICS_MAX);

	tap_case("another configuration counts for open connections, too, and cuts none of them");
	int fd = dial(&server);
	struct answer answer = exchange(fd, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 200);
	config.username = "me";
	config.password = "secret";
	halt(&server);
	CHECK(http_reconfigure(server.http, &config, &agent, false, error) == 0);
	resume(&server);
	answer = exchange(fd, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 401);
	answer = exchange(fd, "GET /api/doors HTTP/1.1\r\n" HOST "Authorization: Basic bWU6c2VjcmV0\r\n\r\n");
	CHECK(answer.status == 200);

	tap_case("one that cannot be used changes nothing");
	config.username = NULL;
	halt(&server);
	CHECK(http_reconfigure(server.http, &config, &agent, false, error) < 0 && error[0]);
	resume(&server);
	answer = exchange(fd, "GET /api/doors HTTP/1.1\r\n" HOST "\r\n");
	CHECK(answer.status == 401);
	close(fd);
	finish(&server);
}

static void test_descriptors(void)
{
	struct server server;
	struct rlimit before, none;
	start(&server, &plain);
	tap_case("out of descriptors: the server neither dies nor spins, and goes on when there are some");
	int fd = settle(&server), spare = dial(&server);
	close(spare);
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	none.rlim_cur = (rlim_t)client + 1;
	/* The holes below must be filled too. */
	int fill[256], filled = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	while (filled < 256 && (fill[filled] = dup(client)) >= 0)
		filled++;
	struct sockaddr_in to = {.sin_family = AF_INET,
			.sin_port = htons(server.port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	CHECK(connect(client, (struct sockaddr *)&to, sizeof(to)) == 0);
	say(client, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
	clockid_t clock;
	struct timespec cpu_before, cpu_after;
	pthread_getcpuclockid(server.thread, &clock);
	clock_gettime(clock, &cpu_before);
	for (int i = 0; i < 10; i++) {
		say(fd, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
		CHECK(hear(fd, false).status == 200);
		poll(NULL, 0, 20);
	}
	clock_gettime(clock, &cpu_after);
	int64_t busy_ms = (cpu_after.tv_sec - cpu_before.tv_sec) * 1000 +
			  (cpu_after.tv_nsec - cpu_before.tv_nsec) / 1000000;
	CHECK(busy_ms < 100);
	setrlimit(RLIMIT_NOFILE, &before);
	for (int i = 0; i < filled; i++)
		close(fill[i]);
	CHECK(hear(client, false).status == 200);
	close(client);
	close(fd);
	finish(&server);
}

/* ---- The health check's client. ---- */

static int fake_listener(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 4) < 0 ||
			getsockname(fd, (struct sockaddr *)&at, &length) < 0)
		exit(2);
	*port = ntohs(at.sin_port);
	return fd;
}

static void *babble(void *user)
{
	int fd = accept(*(int *)user, NULL, NULL);
	say(fd, "SSH-2.0-nonsense\r\n");
	close(fd);
	return NULL;
}

static void test_healthcheck(void)
{
	static const char *const addresses[] = {"127.0.0.1", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1"};
	struct server server;
	char error[HTTP_ERROR_MAX];
	struct http_config config = plain;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		tap_case("health check of a server at %s, with a password", addresses[i]);
		config = (struct http_config){.address = addresses[i], .username = "a", .password = "b"};
		start(&server, &config);
		config.port = server.port;
		CHECK(http_healthcheck(&config, PATIENCE_MS, error) == 0 && !*error);
		finish(&server);
	}
	tap_case("health check of a sick agent, of none, of silence and of something else");
	start(&server, &plain);
	config = plain;
	config.port = server.port;
	server.agent.sick = "the loop hangs";
	CHECK(http_healthcheck(&config, PATIENCE_MS, error) == -EHOSTDOWN);
	CHECK(strcmp(error, "the agent answers 503: the loop hangs") == 0);
	finish(&server);
	CHECK(http_healthcheck(&config, PATIENCE_MS, error) == -ECONNREFUSED && strstr(error, "refused"));
	int listener = fake_listener(&config.port);
	int64_t start_ms = loop_now_ms();
	CHECK(http_healthcheck(&config, 200, error) == -ETIMEDOUT && since(start_ms) >= 200 && since(start_ms) < 5000);
	CHECK(strstr(error, "timed out"));
	close(listener);
	listener = fake_listener(&config.port);
	pthread_t thread;
	pthread_create(&thread, NULL, babble, &listener);
	int result = http_healthcheck(&config, PATIENCE_MS, error);
	CHECK((result == -EHOSTDOWN && strstr(error, "no HTTP server")) || result == -ECONNRESET);
	pthread_join(thread, NULL);
	close(listener);
	config.address = "garage.local";
	CHECK(http_healthcheck(&config, 200, error) == -EINVAL);
}

static void test_listen_errors(void)
{
	struct server server;
	struct loop *loop = NULL;
	struct http *http = NULL;
	char error[HTTP_ERROR_MAX] = "";
	const struct http_agent agent = {.doors = fake_doors, .node = fake_node};
	start(&server, &plain);
	loop_new(&loop);
	tap_case("a port in use, an address that is not ours and one that is none are said plainly");
	struct http_config config = plain;
	config.port = server.port;
	CHECK(http_new(loop, &server.log, &config, &agent, &http, error) == -EADDRINUSE);
	CHECK(strstr(error, "127.0.0.1") && strstr(error, "http.listen"));
	config.address = "192.0.2.1";
	CHECK(http_new(loop, &server.log, &config, &agent, &http, error) == -EADDRNOTAVAIL &&
			strstr(error, "192.0.2.1"));
	config.address = "localhost";
	CHECK(http_new(loop, &server.log, &config, &agent, &http, error) == -EINVAL && strstr(error, "localhost"));
	http_free(NULL);
	loop_free(loop);
	finish(&server);
}

int main(void)
{
	struct server server;
	start(&server, &plain);
	test_routes(&server);
	test_languages(&server);
	test_commands(&server);
	test_time_of_a_command(&server);
	test_peers(&server);
	test_history(&server);
	test_hosts_and_origins(&server);
	test_keep_alive(&server);
	test_bounds(&server);
	finish(&server);
	test_password();
	test_refusals_for_people();
	test_language_of_the_configuration();
	test_anonymous();
	test_login();
	test_sessions_and_configurations();
	test_session_in_a_network_of_guessers();
	test_login_with_a_hash();
	test_slow_reader();
	test_deadlines();
	test_many_clients();
	test_loopback_reserve();
	test_share_of_one_address();
	test_ingress();
	test_events();
	test_reconfigure();
	test_descriptors();
	test_healthcheck();
	test_listen_errors();
	return tap_done();
}
