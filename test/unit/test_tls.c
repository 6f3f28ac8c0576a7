#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"
#include "tls/tls.h"

#define LIMIT_MS 20000
#define PATIENCE_MS 60000 /* emulated machines are slow */
#define KEY_PASSWORD "open sesame"

static struct {
	char folder[64];
	struct log log;
	struct loop *loop;
	struct tls *tls;
} test;

/* Lives until the end of the program. */
static char *path(const char *name)
{
	static char paths[400][64];
	static unsigned next;
	char *at = paths[next < 399 ? next++ : 399];
	CHECK(snprintf(at, sizeof(paths[0]), "%s/%s", test.folder, name) < (int)sizeof(paths[0]) && next < 399);
	return at;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path(name), "w");
	CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void copy_file(const char *from, const char *to)
{
	char text[8192] = "";
	FILE *file = fopen(path(from), "r");
	if (!CHECK(file && fread(text, 1, sizeof(text) - 1, file) > 0))
		return;
	fclose(file);
	write_file("copying", text);
	CHECK(rename(path("copying"), path(to)) == 0);
}

/* ---- The loop until a client has ended its handshake. ---- */

struct outcome {
	bool ended;
	int plain;
	char error[TLS_ERROR_MAX];
};

static void too_late(struct loop_timer *timer, int64_t now_ms)
{
	(void)now_ms;
	loop_stop(timer->user);
}

static void ended(void *user, int plain, const char *error)
{
	struct outcome *outcome = user;
	outcome->ended = true;
	outcome->plain = plain;
	snprintf(outcome->error, sizeof(outcome->error), "%s", error);
	loop_stop(test.loop);
}

static void run_loop(int64_t limit_ms)
{
	struct loop_timer timer = {.expired = too_late, .user = test.loop};
	loop_timer_set(test.loop, &timer, loop_now_ms() + limit_ms);
	CHECK(loop_run(test.loop) == 0);
	loop_timer_cancel(test.loop, &timer);
}

/* A connected pair of TCP sockets, as the wire is. */
static bool wires(int ends[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool good = CHECK(bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 1) == 0 &&
			  getsockname(listener, (struct sockaddr *)&address, &length) == 0 &&
			  connect(ends[0], (struct sockaddr *)&address, length) == 0 &&
			  (ends[1] = accept(listener, NULL, NULL)) >= 0);
	close(listener);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	return good;
}

struct connection {
	int client, server; /* the plain ends; -1 */
	char error[TLS_ERROR_MAX];
};

static struct connection join(struct tls_client *client, struct tls_server *server)
{
	struct connection made = {.client = -1, .server = -1};
	struct outcome outcome = {.plain = -1};
	int ends[2];
	if (!wires(ends))
		return made;
	made.server = tls_server_accept(server, ends[1], LIMIT_MS);
	CHECK(made.server >= 0);
	CHECK(tls_client_connect(client, ends[0], LIMIT_MS, ended, &outcome) == 0);
	run_loop(PATIENCE_MS);
	CHECK(outcome.ended);
	made.client = outcome.plain;
	snprintf(made.error, sizeof(made.error), "%s", outcome.error);
	if (*made.error)
		printf("# %s\n", made.error);
	return made;
}

static void part(struct connection *connection)
{
	if (connection->client >= 0)
		close(connection->client);
	if (connection->server >= 0)
		close(connection->server);
}

static bool ready(int fd, short events)
{
	struct pollfd one = {.fd = fd, .events = events};
	return poll(&one, 1, PATIENCE_MS) == 1;
}

static bool reads_end(int fd)
{
	char byte;
	ssize_t got = -1;
	while (ready(fd, POLLIN) && (got = recv(fd, &byte, 1, 0)) > 0)
		;
	return got == 0;
}

static unsigned char pattern(size_t at)
{
	return (unsigned char)(at * 31 + (at >> 8) * 7);
}

/* Sends total bytes from one end to the other; both may be full at times. */
static bool carry(int from, int to, size_t total)
{
	unsigned char bytes[5000];
	size_t sent = 0, got = 0;
	while (got < total) {
		struct pollfd fds[] = {
				{.fd = sent < total ? from : -1, .events = POLLOUT}, {.fd = to, .events = POLLIN}};
		if (poll(fds, 2, PATIENCE_MS) < 1)
			return false;
		if (fds[0].revents) {
			size_t length = total - sent < sizeof(bytes) ? total - sent : sizeof(bytes);
			for (size_t i = 0; i < length; i++)
				bytes[i] = pattern(sent + i);
			ssize_t n = send(from, bytes, length, MSG_NOSIGNAL);
			if (n < 0 && errno != EAGAIN)
				return false;
			sent += n > 0 ? (size_t)n : 0;
		}
		if (fds[1].revents) {
			ssize_t n = recv(to, bytes, sizeof(bytes), 0);
			if (n == 0 || (n < 0 && errno != EAGAIN))
				return false;
			for (ssize_t i = 0; i < n; i++)
				if (bytes[i] != pattern(got + (size_t)i))
					return false;
			got += n > 0 ? (size_t)n : 0;
		}
	}
	return true;
}

/* ---- Good connections. ---- */

static struct tls_files server_files(const char *name)
{
	char certificate[32], key[32];
	snprintf(certificate, sizeof(certificate), "%s.crt", name);
	snprintf(key, sizeof(key), "%s.key", strcmp(name, "chain") == 0 ? "leaf" : name);
	return (struct tls_files){.certificate_file = path(certificate), .key_file = path(key)};
}

static struct tls_server *new_server(struct tls_files files)
{
	struct tls_server *server = NULL;
	char error[TLS_ERROR_MAX] = "";
	CHECK(tls_server_new(test.tls, &files, &server, error) == 0);
	if (*error)
		printf("# %s\n", error);
	return server;
}

static struct tls_client *new_client(const struct tls_files *files, const char *name)
{
	struct tls_client *client = NULL;
	CHECK(tls_client_new(test.tls, test.loop, files, name, &client) == 0);
	return client;
}

/* Threads use clients and servers until tls_stop: what a test made is freed at its end. */
static void start_room(void)
{
	CHECK(tls_new(&test.log, &test.tls) == 0);
}

static void test_carries(const char *certificate)
{
	tap_case("bytes go both ways, and a session is resumed (%s)", certificate);
	start_room();
	struct tls_files files = {.ca_file = path("ca/ca.crt")};
	struct tls_server *server = new_server(server_files(certificate));
	struct tls_client *client = new_client(&files, "door.test");
	char reason[TLS_ERROR_MAX];
	for (int round = 0; round < 3; round++) {
		struct connection connection = join(client, server);
		CHECK(connection.client >= 0);
		CHECK(carry(connection.client, connection.server, 300000));
		CHECK(carry(connection.server, connection.client, 300000));
		CHECK(tls_client_resumed(client) == (round > 0));

		/* The last words arrive, whoever goes first. */
		int first = round % 2 ? connection.client : connection.server;
		int second = round % 2 ? connection.server : connection.client;
		CHECK(send(first, "farewell", 8, MSG_NOSIGNAL) == 8);
		close(first);
		char words[9] = "";
		CHECK(ready(second, POLLIN) && recv(second, words, 8, 0) == 8 && strcmp(words, "farewell") == 0);
		CHECK(reads_end(second));
		close(second);
		CHECK(!tls_client_lost(client, reason));
		CHECK(strcmp(reason, first == connection.server ? "the other side closed it" : "") == 0);
		CHECK(tls_client_said_goodbye(client) == (first == connection.server));
	}
	tls_stop(test.tls);
	tls_client_free(client);
	tls_server_free(server);
	tls_free(test.tls);
}

static void test_half_close(void)
{
	tap_case("one side's end leaves the other direction open");
	start_room();
	struct tls_files files = {.ca_file = path("ca/ca.crt")};
	struct tls_server *server = new_server(server_files("server"));
	struct tls_client *client = new_client(&files, "door.test");
	struct connection connection = join(client, server);
	CHECK(shutdown(connection.server, SHUT_WR) == 0);
	CHECK(reads_end(connection.client));
	CHECK(carry(connection.client, connection.server, 20000));
	part(&connection);
	tls_stop(test.tls);
	tls_client_free(client);
	tls_server_free(server);
	tls_free(test.tls);
}

/* ---- Who is refused, and what is said. ---- */

static void test_certificates(void)
{
	static const struct {
		const char *title, *certificate, *ca, *name, *says; /* says NULL: accepted */
	} rows[] = {
			{"a name of the certificate", "server", "ca/ca.crt", "door.test", NULL},
			{"a wildcard", "server", "ca/ca.crt", "any.wild.test", NULL},
			{"a wildcard is one label", "server", "ca/ca.crt", "a.b.wild.test",
					"is for door.test, *.wild.test, 127.0.0.1, 0:0:0:0:0:0:0:1, not for "
					"a.b.wild.test"},
			{"an IPv4 address", "server", "ca/ca.crt", "127.0.0.1", NULL},
			{"an IPv6 address", "server", "ca/ca.crt", "::1", NULL},
			{"another address", "server", "ca/ca.crt", "127.0.0.2", "not for 127.0.0.2"},
			{"another name", "server", "ca/ca.crt", "gate.test", "not for gate.test"},
			{"a common name, where there is no other", "common", "ca/ca.crt", "door.test", NULL},
			{"an address as a common name", "common_address", "ca/ca.crt", "127.0.0.1",
					"not for 127.0.0.1"},
			{"RSA", "rsa", "ca/ca.crt", "door.test", NULL},
			{"a chain", "chain", "ca/ca.crt", "door.test", NULL},
			{"an intermediate certificate is missing", "leaf", "ca/ca.crt", "door.test",
					"from an unknown CA: \"CN=Middle CA\" is not in "},
			{"another CA", "server", "other/ca.crt", "door.test",
					"from an unknown CA: \"CN=Test CA\" is not in"},
			{"a CA made anew", "server", "again/ca.crt", "door.test",
					"has another key than the one of that name"},
			{"the system's CAs", "server", NULL, "door.test", "TLS: "},
			{"self-signed and unknown", "own", "ca/ca.crt", "door.test",
					"\"CN=own\" is self-signed and not in"},
			{"self-signed and known", "own", "own.crt", "door.test", NULL},
			{"expired", "old", "ca/ca.crt", "door.test", "\"CN=old\" expired on 20"},
			{"not yet valid", "early", "ca/ca.crt", "door.test", "\"CN=early\" is not valid before 20"},
			{"two faults at once", "old", "other/ca.crt", "gate.test",
					"not for gate.test; the certificate"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_case("%s: %s", rows[i].title, rows[i].says ? "refused" : "accepted");
		start_room();
		struct tls_files files = {.ca_file = rows[i].ca ? path(rows[i].ca) : NULL};
		struct tls_server *server = new_server(server_files(rows[i].certificate));
		struct tls_client *client = new_client(&files, rows[i].name);
		struct connection connection = join(client, server);
		if (rows[i].says) {
			CHECK(connection.client < 0);
			CHECK(strncmp(connection.error, "TLS: ", 5) == 0 && strstr(connection.error, rows[i].says));
			CHECK(reads_end(connection.server));
		} else {
			CHECK(connection.client >= 0);
		}
		part(&connection);
		tls_stop(test.tls);
		tls_client_free(client);
		tls_server_free(server);
		tls_free(test.tls);
	}
}

static void test_pinned(void)
{
	tap_case("one certificate and no other");
	start_room();
	struct tls_files right = {.pinned_file = path("old.crt")}, wrong = {.pinned_file = path("server.crt")};
	struct tls_server *server = new_server(server_files("old"));
	struct tls_client *good = new_client(&right, "127.0.0.1"), *bad = new_client(&wrong, "door.test");
	struct connection connection = join(good, server);
	CHECK(connection.client >= 0);
	part(&connection);
	connection = join(bad, server);
	CHECK(connection.client < 0 && strstr(connection.error, "is not the one in"));
	part(&connection);
	tls_stop(test.tls);
	tls_client_free(good);
	tls_client_free(bad);
	tls_server_free(server);
	tls_free(test.tls);
}

/* A session must not outlive what its server was verified against. */
static void test_trust_changes(void)
{
	tap_case("when the CA file changes, no session is resumed");
	start_room();
	copy_file("ca/ca.crt", "trust.crt");
	struct tls_files files = {.ca_file = path("trust.crt")};
	struct tls_server *server = new_server(server_files("server"));
	struct tls_client *client = new_client(&files, "door.test");
	for (int round = 0; round < 2; round++) {
		struct connection connection = join(client, server);
		CHECK(connection.client >= 0 && carry(connection.server, connection.client, 1));
		part(&connection);
	}
	CHECK(tls_client_resumed(client));
	copy_file("other/ca.crt", "trust.crt");
	struct connection connection = join(client, server);
	CHECK(connection.client < 0 && strstr(connection.error, "unknown CA"));
	part(&connection);
	tls_stop(test.tls);
	tls_client_free(client);
	tls_server_free(server);
	tls_free(test.tls);
}

static void test_renewal(void)
{
	tap_case("a renewed certificate is taken into use, a bad one is not, and connections stay");
	start_room();
	copy_file("server.crt", "page.crt");
	copy_file("server.key", "page.key");
	struct tls_files files = {.certificate_file = path("page.crt"), .key_file = path("page.key")};
	struct tls_files old = {.pinned_file = path("server.crt")}, renewed = {.pinned_file = path("renewed.crt")};
	struct tls_server *server = new_server(files);
	struct tls_client *first = new_client(&old, "door.test"), *second = new_client(&renewed, "door.test");
	struct connection stays = join(first, server), connection = {.client = -1};

	copy_file("renewed.crt", "page.crt");                                      /* for a moment they are no pair */
	for (int64_t until_ms = loop_now_ms() + 1500; loop_now_ms() < until_ms;) { /* it looks once a second */
		connection = join(first, server);
		CHECK(connection.client >= 0);
		part(&connection);
	}
	copy_file("renewed.key", "page.key");
	int64_t until_ms = loop_now_ms() + PATIENCE_MS;
	do {
		connection = join(second, server);
		part(&connection);
	} while (connection.client < 0 && loop_now_ms() < until_ms);
	CHECK(connection.client >= 0);
	CHECK(carry(stays.client, stays.server, 10000) && carry(stays.server, stays.client, 10000));
	part(&stays);
	tls_stop(test.tls);
	tls_client_free(first);
	tls_client_free(second);
	tls_server_free(server);
	tls_free(test.tls);
}

static void test_files(void)
{
	static const struct {
		const char *title;
		enum tls_role role;
		const char *ca, *certificate, *key, *password, *says;
	} rows[] = {
			{"good", TLS_SERVER, NULL, "server.crt", "server.key", NULL, NULL},
			{"no such file", TLS_SERVER, NULL, "none.crt", "server.key", NULL, "none.crt: No such file"},
			{"no such key", TLS_SERVER, NULL, "server.crt", "none.key", NULL, "none.key: No such file"},
			{"a folder", TLS_SERVER, NULL, "ca", "server.key", NULL, "Is a directory"},
			{"not a pair", TLS_SERVER, NULL, "server.crt", "rsa.key", NULL,
					"is not that of the first certificate"},
			{"the wrong order", TLS_SERVER, NULL, "wrong_order.crt", "leaf.key", NULL,
					"own certificate comes before"},
			{"mixed up", TLS_SERVER, NULL, "server.key", "server.crt", NULL, "but a private key"},
			{"no key in it", TLS_SERVER, NULL, "server.crt", "ca/ca.crt", NULL, "holds no private key"},
			{"an encrypted key, no password", TLS_SERVER, NULL, "locked.crt", "locked.enc", NULL,
					"is encrypted"},
			{"an encrypted key, the password", TLS_CLIENT, "ca/ca.crt", "locked.crt", "locked.enc",
					"password", NULL},
			{"an encrypted key, the password behind a byte order mark", TLS_CLIENT, "ca/ca.crt",
					"locked.crt", "locked.enc", "marked", NULL},
			{"an encrypted key, another password", TLS_CLIENT, "ca/ca.crt", "locked.crt", "locked.enc",
					"wrong", "does not open the key"},
			{"an encrypted key, no such password file", TLS_CLIENT, "ca/ca.crt", "locked.crt", "locked.enc",
					"none", "none: No such file"},
			{"Ed25519", TLS_CLIENT, "ca/ca.crt", "ed25519.crt", "ed25519.key", NULL, "RSA"},
			{"no CA", TLS_CLIENT, "none.crt", NULL, NULL, NULL, "none.crt: No such file"},
			{"an empty CA file", TLS_CLIENT, "empty", NULL, NULL, NULL, "holds no certificate"},
			{"a damaged CA file", TLS_CLIENT, "damaged.crt", NULL, NULL, NULL, "is it damaged"},
			{"a CA file with one damaged certificate", TLS_CLIENT, "half.crt", NULL, NULL, NULL,
					"1 of the certificates"},
			{"a CA file with one that has name constraints", TLS_CLIENT, "with_constrained.crt", NULL, NULL,
					NULL, NULL},
			{"that one alone", TLS_CLIENT, "constrained/ca.crt", NULL, NULL, NULL,
					"it has a critical extension that mbedTLS does not know, such as name "
					"constraints"},
			{"a CA file with one of Ed25519", TLS_CLIENT, "with_ed25519.crt", NULL, NULL, NULL, NULL},
			{"that one alone", TLS_CLIENT, "ed25519.crt", NULL, NULL, NULL, "such as Ed25519"},
			{"one damaged and one not supported", TLS_CLIENT, "worse.crt", NULL, NULL, NULL,
					"2 of the certificates"},
			{"one that ends too early", TLS_CLIENT, "torn.crt", NULL, NULL, NULL,
					"number 2 of 2: is it damaged"},
			{"joined without a line end", TLS_CLIENT, "joined.crt", NULL, NULL, NULL, NULL},
			{"a chain of our own with one that is not supported", TLS_SERVER, NULL, "own_constrained.crt",
					"server.key", NULL, "number 2 of 2: it has a critical extension"},
	};
	start_room();
	write_file("password", KEY_PASSWORD "\n");
	write_file("marked", "\xef\xbb\xbf" KEY_PASSWORD "\n");
	write_file("wrong", "open barley\n");
	write_file("empty", "");
	write_file("damaged.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
	CHECK(system("cd \"$FOLDER\" && cat ca/ca.crt damaged.crt > half.crt && cat middle/ca.crt leaf.crt > "
		     "wrong_order.crt && cat constrained/ca.crt ca/ca.crt > with_constrained.crt && "
		     "cat ca/ca.crt ed25519.crt > with_ed25519.crt && cat ed25519.crt ca/ca.crt damaged.crt > "
		     "worse.crt && "
		     "{ cat ca/ca.crt; head -3 other/ca.crt; } > torn.crt && "
		     "{ head -c -1 ca/ca.crt; cat other/ca.crt; } > joined.crt && "
		     "cat server.crt constrained/ca.crt > own_constrained.crt") == 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_case("files: %s", rows[i].title);
		char error[TLS_ERROR_MAX] = "";
		struct tls_files files = {
				.ca_file = rows[i].ca ? path(rows[i].ca) : NULL,
				.certificate_file = rows[i].certificate ? path(rows[i].certificate) : NULL,
				.key_file = rows[i].key ? path(rows[i].key) : NULL,
				.key_password_file = rows[i].password ? path(rows[i].password) : NULL,
		};
		int result = tls_check(test.tls, rows[i].role, &files, error);
		if (*error)
			printf("# %s\n", error);
		CHECK((result == 0) == !rows[i].says);
		CHECK(!rows[i].says || strstr(error, rows[i].says));
		CHECK(!strstr(error, "barley"));
	}
	tap_case("a context that cannot be built connects to nothing");
	struct tls_files files = {.ca_file = path("damaged.crt")};
	struct tls_server *server = new_server(server_files("server"));
	struct tls_client *client = new_client(&files, "door.test");
	struct connection connection = join(client, server);
	CHECK(connection.client < 0 && strstr(connection.error, "is it damaged"));
	CHECK(reads_end(connection.server));
	part(&connection);
	tls_stop(test.tls);
	tls_client_free(client);
	tls_server_free(server);
	tls_free(test.tls);
}

/* ---- Peers that speak no TLS, or only some. ---- */

static void test_bad_servers(void)
{
	static const char hello[] = "\x16\x03\x03\x00\x04\x02\x00\x00\x00";
	static const struct {
		const char *title, *bytes;
		size_t length;
		bool closes, resets;
		const char *says;
	} rows[] = {
			{"closes at once", "", 0, true, false, "without a word"},
			{"resets the connection", "", 0, true, true, "reset"},
			{"stalls", "", 0, false, false, "has not said a word"},
			{"speaks plain text", "HTTP/1.0 400 Bad\r\n\r\n", 20, true, false, "something else than TLS"},
			{"speaks MQTT", "\x20\x02\x00\x01", 4, false, false, "something else than TLS"},
			{"closes in the handshake", "\x16\x03\x03\x00\x40\x02", 6, true, false,
					"closed the connection in the"},
			{"stalls in the handshake", "\x16\x03\x03\x00\x40\x02", 6, false, false,
					"stalls in the handshake"},
			{"sends garbage as a handshake", hello, sizeof(hello) - 1, false, false, "breaks the protocol"},
			{"knows only TLS 1.1", "\x15\x03\x02\x00\x02\x02\x46", 7, true, false,
					"neither TLS 1.2 nor 1.3"},
			{"sends an unknown alert", "\x15\x03\x03\x00\x02\x02\xc8", 7, true, false, "alert 200"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_case("a server that %s", rows[i].title);
		start_room();
		struct tls_files files = {.ca_file = path("ca/ca.crt")};
		struct tls_client *client = new_client(&files, "door.test");
		struct outcome outcome = {.plain = -1};
		int ends[2];
		if (!wires(ends))
			return;
		bool stalls = strstr(rows[i].says, "stall") || strstr(rows[i].says, "has not");
		CHECK(tls_client_connect(client, ends[0], stalls ? 300 : LIMIT_MS, ended, &outcome) == 0);
		char scrap[2048];
		CHECK(ready(ends[1], POLLIN));
		if (!rows[i].resets)
			CHECK(recv(ends[1], scrap, sizeof(scrap), 0) > 0);
		CHECK(send(ends[1], rows[i].bytes, rows[i].length, MSG_NOSIGNAL) == (ssize_t)rows[i].length);
		if (rows[i].closes)
			close(ends[1]);
		run_loop(PATIENCE_MS);
		printf("# %s\n", outcome.error);
		CHECK(outcome.ended && outcome.plain < 0 && strstr(outcome.error, rows[i].says));
		if (!rows[i].closes)
			close(ends[1]);
		tls_stop(test.tls);
		tls_client_free(client);
		tls_free(test.tls);
	}
}

static void test_cancel(void)
{
	tap_case("a handshake that is given up says nothing more");
	start_room();
	struct tls_files files = {.ca_file = path("ca/ca.crt")};
	struct tls_server *server = new_server(server_files("server"));
	struct tls_client *client = new_client(&files, "door.test");
	struct outcome outcome = {.plain = -1};
	int ends[2];
	if (!wires(ends))
		return;
	CHECK(tls_client_connect(client, ends[0], LIMIT_MS, ended, &outcome) == 0);
	CHECK(ready(ends[1], POLLIN));
	tls_client_cancel(client);
	CHECK(reads_end(ends[1]));
	CHECK(!outcome.ended);
	close(ends[1]);
	struct connection connection = join(client, server); /* and the next one goes its way */
	CHECK(connection.client >= 0 && !outcome.ended);
	part(&connection);
	tls_stop(test.tls);
	tls_client_free(client);
	tls_server_free(server);
	tls_free(test.tls);
}

/* What lies between the two ends of a connection and copies bytes, as long as the loop runs. */
struct middle {
	struct loop_source sources[3]; /* the client's, the server's wire; the server's plain end stops the loop */
	int client, server;            /* the plain ends */
};

static void middle_ready(struct loop_source *source, uint32_t events)
{
	(void)events;
	struct middle *middle = source->user;
	unsigned char bytes[4096];
	ssize_t got = recv(source->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	int to = middle->sources[source == &middle->sources[0]].fd;
	if (got <= 0 || send(to, bytes, (size_t)got, MSG_NOSIGNAL) != got)
		loop_remove(test.loop, source);
}

static void stop_loop(struct loop_source *source, uint32_t events)
{
	(void)source;
	(void)events;
	loop_stop(test.loop);
}

/* Connects, and goes on until a first byte has crossed: the handshake is over on both sides. */
static bool join_through(struct middle *middle, struct tls_client *client, struct tls_server *server)
{
	struct outcome outcome = {.plain = -1};
	int near[2], far[2];
	char byte = 0;
	if (!wires(near) || !wires(far))
		return false;
	middle->server = tls_server_accept(server, far[1], LIMIT_MS);
	middle->sources[0] = (struct loop_source){.fd = near[1], .ready = middle_ready, .user = middle};
	middle->sources[1] = (struct loop_source){.fd = far[0], .ready = middle_ready, .user = middle};
	middle->sources[2] = (struct loop_source){.fd = middle->server, .ready = stop_loop};
	for (int i = 0; i < 3; i++)
		CHECK(loop_add(test.loop, &middle->sources[i], EPOLLIN) == 0);
	CHECK(tls_client_connect(client, near[0], LIMIT_MS, ended, &outcome) == 0);
	run_loop(PATIENCE_MS);
	middle->client = outcome.plain;
	CHECK(middle->client >= 0 && send(middle->client, &byte, 1, MSG_NOSIGNAL) == 1);
	run_loop(PATIENCE_MS);
	loop_remove(test.loop, &middle->sources[2]);
	return CHECK(recv(middle->server, &byte, 1, MSG_DONTWAIT) == 1);
}

static void part_through(struct middle *middle)
{
	for (int i = 0; i < 2; i++) {
		loop_remove(test.loop, &middle->sources[i]);
		close(middle->sources[i].fd);
	}
	close(middle->client);
	close(middle->server);
}

static void test_damage(void)
{
	tap_case("a damaged record ends the connection, and the reason is there");
	start_room();
	struct tls_files files = {.ca_file = path("ca/ca.crt")};
	struct tls_server *server = new_server(server_files("server"));
	struct tls_client *client = new_client(&files, "door.test");
	struct middle middle;
	unsigned char record[256];
	char reason[TLS_ERROR_MAX] = "";
	if (join_through(&middle, client, server)) {
		CHECK(send(middle.server, "secret", 6, MSG_NOSIGNAL) == 6);
		CHECK(ready(middle.sources[1].fd, POLLIN));
		ssize_t got = recv(middle.sources[1].fd, record, sizeof(record), 0);
		if (CHECK(got > 6)) {
			record[got - 1] ^= 1;
			CHECK(send(middle.sources[0].fd, record, (size_t)got, MSG_NOSIGNAL) == got);
		}
		CHECK(reads_end(middle.client));
		CHECK(tls_client_lost(client, reason));
		printf("# %s\n", reason);
		CHECK(strstr(reason, "damaged"));
		part_through(&middle);
	}
	tls_stop(test.tls);
	tls_client_free(client);
	tls_server_free(server);
	tls_free(test.tls);
}

static void test_cut(void)
{
	tap_case("a connection that is cut without TLS's farewell is told from one that ends");
	start_room();
	struct tls_files files = {.ca_file = path("ca/ca.crt")};
	struct tls_server *server = new_server(server_files("server"));
	struct tls_client *client = new_client(&files, "door.test");
	struct middle middle;
	char reason[TLS_ERROR_MAX] = "";
	if (join_through(&middle, client, server)) {
		shutdown(middle.sources[0].fd, SHUT_WR);
		CHECK(reads_end(middle.client));
		CHECK(!tls_client_lost(client, reason) && !tls_client_said_goodbye(client));
		printf("# %s\n", reason);
		CHECK(strstr(reason, "closed the connection without TLS's farewell"));
		part_through(&middle);
	}
	tls_stop(test.tls);
	tls_client_free(client);
	tls_server_free(server);
	tls_free(test.tls);
}

/* ---- The server among strangers. ---- */

static void test_plain_http(void)
{
	tap_case("plain HTTP on the port for TLS gets an answer that a person can read");
	start_room();
	struct tls_server *server = new_server(server_files("server"));
	int ends[2];
	if (!wires(ends))
		return;
	int plain = tls_server_accept(server, ends[1], LIMIT_MS);
	static const char request[] = "GET / HTTP/1.1\r\nHost: door.test\r\n\r\n";
	CHECK(send(ends[0], request, sizeof(request) - 1, MSG_NOSIGNAL) == sizeof(request) - 1);
	char answer[512] = "";
	CHECK(ready(ends[0], POLLIN) && recv(ends[0], answer, sizeof(answer) - 1, 0) > 0);
	CHECK(strstr(answer, "400 Bad Request") && strstr(answer, "https://"));
	CHECK(reads_end(ends[0]));
	close(ends[0]);
	CHECK(reads_end(plain));
	close(plain);
	tls_stop(test.tls);
	tls_server_free(server);
	tls_free(test.tls);
}

static void test_making_room(void)
{
	tap_case("when all places are taken, who is only being sent the rest makes room");
	enum { SERVED = TLS_BRIDGES_MAX - TLS_BRIDGES_CLIENTS };
	static int ends[SERVED][2], plain[SERVED];
	static const char bytes[4096];
	start_room();
	struct tls_files files = {.ca_file = path("ca/ca.crt")};
	struct tls_server *server = new_server(server_files("server"));
	struct tls_client *client = new_client(&files, "door.test");
	for (int i = 1; i < SERVED; i++) {
		if (!wires(ends[i]))
			return;
		plain[i] = tls_server_accept(server, ends[i][1], LIMIT_MS);
		CHECK(plain[i] >= 0);
	}
	struct connection connection = join(client, server);
	while (poll(&(struct pollfd){.fd = connection.server, .events = POLLOUT}, 1, 100) > 0)
		CHECK(send(connection.server, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0);
	if (!wires(ends[0]))
		return;
	int spare = dup(ends[0][1]);
	CHECK(tls_server_accept(server, spare, LIMIT_MS) == -EBUSY);
	close(connection.server);
	int64_t until_ms = loop_now_ms() + TLS_FLUSH_LIMIT_MS / 2; /* before it would go of itself */
	do {
		plain[0] = tls_server_accept(server, dup(ends[0][1]), LIMIT_MS);
	} while (plain[0] < 0 && loop_now_ms() < until_ms);
	CHECK(plain[0] >= 0);
	for (int i = 0; i < SERVED; i++) {
		close(plain[i]);
		close(ends[i][0]);
	}
	close(ends[0][1]);
	close(connection.client);
	tls_stop(test.tls);
	tls_client_free(client);
	tls_server_free(server);
	tls_free(test.tls);
}

static void test_stalled_clients(void)
{
	tap_case("stalled clients are bounded in number and in time, and the client's role has places of its own");
	start_room();
	struct tls_files files = {.ca_file = path("ca/ca.crt")};
	struct tls_server *server = new_server(server_files("server"));
	struct tls_client *client = new_client(&files, "door.test");
	enum {
		SERVED = TLS_BRIDGES_MAX - TLS_BRIDGES_CLIENTS,
		LAST_LIMIT_MS = 3000, /* of the last that finds a place */
	};
	static int ends[SERVED + 1][2], plain[SERVED + 1];
	for (int i = 0; i <= SERVED; i++) {
		if (!wires(ends[i]))
			return;
		plain[i] = tls_server_accept(server, ends[i][1], i == SERVED - 1 ? LAST_LIMIT_MS : LIMIT_MS);
		CHECK(i < SERVED ? plain[i] >= 0 : plain[i] == -EBUSY);
	}
	struct outcome outcome = {.plain = -1};
	int more[2];
	if (!wires(more))
		return;
	CHECK(tls_client_connect(client, more[0], LIMIT_MS, ended, &outcome) == 0);
	CHECK(ready(more[1], POLLIN));
	tls_client_cancel(client);
	close(more[1]);

	CHECK(reads_end(plain[SERVED - 1])); /* its time is over, and its place is free */
	close(ends[SERVED][0]);
	struct connection connection;
	int64_t until_ms = loop_now_ms() + PATIENCE_MS;
	do {
		if (!wires(more))
			return;
		connection.server = tls_server_accept(server, more[1], LIMIT_MS);
		if (connection.server < 0)
			close(more[0]);
	} while (connection.server < 0 && loop_now_ms() < until_ms);
	CHECK(tls_client_connect(client, more[0], LIMIT_MS, ended, &outcome) == 0);
	run_loop(PATIENCE_MS);
	CHECK(outcome.plain >= 0);
	connection.client = outcome.plain;
	part(&connection);
	for (int i = 0; i < SERVED; i++) {
		close(plain[i]);
		close(ends[i][0]);
	}
	tls_stop(test.tls);
	tls_client_free(client);
	tls_server_free(server);
	tls_free(test.tls);
}

static void test_stop(void)
{
	tap_case("stopping cuts what is open, at once");
	start_room();
	struct tls_files files = {.ca_file = path("ca/ca.crt")};
	struct tls_server *server = new_server(server_files("server"));
	struct tls_client *client = new_client(&files, "door.test");
	struct connection connection = join(client, server);
	CHECK(connection.client >= 0);
	int64_t began_ms = loop_now_ms();
	tls_stop(test.tls);
	CHECK(loop_now_ms() - began_ms < 5000);
	CHECK(reads_end(connection.client) && reads_end(connection.server));
	int ends[2];
	if (wires(ends)) {
		CHECK(tls_server_accept(server, ends[1], LIMIT_MS) == -EBUSY);
		close(ends[0]);
	}
	part(&connection);
	tls_client_free(client);
	tls_server_free(server);
	tls_free(test.tls);
}

int main(void)
{
	char command[256];
	snprintf(test.folder, sizeof(test.folder), "/tmp/portcullis-tls-XXXXXX");
	if (!mkdtemp(test.folder))
		return 1;
	setenv("FOLDER", test.folder, 1);
	snprintf(command, sizeof(command), "/usr/bin/python3 test/integration/certificates.py %s", test.folder);
	if (system(command) != 0) {
		printf("Bail out! the certificates cannot be made: is openssl installed?\n");
		return 1;
	}
	log_init(&test.log);
	test.log.level = getenv("VERBOSE") ? LOG_DEBUG : LOG_WARNING;
	if (loop_new(&test.loop) < 0)
		return 1;
	test_carries("server");
	test_carries("rsa");
	test_half_close();
	test_certificates();
	test_pinned();
	test_trust_changes();
	test_renewal();
	test_files();
	test_bad_servers();
	test_cancel();
	test_damage();
	test_cut();
	test_plain_http();
	test_making_room();
	test_stalled_clients();
	test_stop();
	loop_free(test.loop);
	snprintf(command, sizeof(command), "rm -rf %s", test.folder);
	CHECK(system(command) == 0);
	return tap_done();
}
