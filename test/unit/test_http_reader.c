/* The request reader: every cut of the bytes gives the same requests, and every bound holds. */
#include "http/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define S16 "0123456789abcdef"
#define TOKEN S16 S16 S16 S16 S16 S16

static struct http_reader *reader;

/* Feeds text in steps of so many bytes to the first end; returns how much was used in all. */
static enum http_reading feed(const char *text, size_t length, size_t step, size_t *used, int *continues)
{
	enum http_reading reading = HTTP_READING_MORE;
	*used = 0;
	http_reader_reset(reader);
	while (*used < length && (reading == HTTP_READING_MORE || reading == HTTP_READING_CONTINUE)) {
		size_t some = length - *used < step ? length - *used : step, taken = 0;
		/* A copy of its own, so that a sanitizer sees a read beyond it. */
		char *piece = malloc(some);
		memcpy(piece, text + *used, some);
		reading = http_reader_feed(reader, piece, some, &taken);
		free(piece);
		*used += taken;
		*continues += reading == HTTP_READING_CONTINUE;
		if (taken < some && reading == HTTP_READING_MORE)
			return HTTP_READING_FAILED;
	}
	return reading;
}

static void test_whole_request(void)
{
	static const char text[] = "POST /api/doors/left/open?now HTTP/1.1\r\nHost: garage.local:8080 \t\r\n"
				   "Origin: http://garage.local:8080\r\nsec-fetch-SITE: same-origin\r\n"
				   "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nAccept: text/html,*/*\r\n"
				   "X-Very-Long-Name-That-Nobody-Ever-Has-Heard-Of: x\r\nHostile: y\r\n"
				   "If-None-Match: \"abc\"\r\nCookie: a=b; portcullis=" TOKEN "\r\n"
				   "cookie: portcullis-form=1\r\nContent-Length: 5\r\n\r\nhello"
				   "GET / HTTP/1.1\r\n";
	const size_t whole = sizeof(text) - 1 - strlen("GET / HTTP/1.1\r\n");
	tap_case("a request is the same however its bytes are cut");
	for (size_t step = 1; step <= sizeof(text); step++) {
		size_t used;
		int continues = 0;
		const struct http_request *request = http_reader_request(reader);
		CHECK(feed(text, sizeof(text) - 1, step, &used, &continues) == HTTP_READING_DONE);
		CHECK(used == whole);
		CHECK(continues == 0);
		CHECK(request->verb == HTTP_VERB_POST && request->keep_alive && !request->old);
		CHECK(strcmp(request->path, "/api/doors/left/open") == 0 && strcmp(request->query, "now") == 0);
		CHECK(strcmp(request->host, "garage.local:8080") == 0);
		CHECK(strcmp(request->origin, "http://garage.local:8080") == 0);
		CHECK(strcmp(request->fetch_site, "same-origin") == 0);
		CHECK(strcmp(request->authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == 0);
		CHECK(strcmp(request->accept, "text/html,*/*") == 0);
		CHECK(strcmp(request->if_none_match, "\"abc\"") == 0);
		CHECK(strcmp(request->cookies.session, TOKEN) == 0 && request->cookies.form);
		CHECK(request->body_length == 5 && strcmp(request->body, "hello") == 0);
	}
	tap_case("nothing of a request is left for the next one");
	size_t used;
	int continues = 0;
	CHECK(feed("GET / HTTP/1.0\r\n\r\n", 18, 18, &used, &continues) == HTTP_READING_DONE);
	const struct http_request *request = http_reader_request(reader);
	CHECK(request->verb == HTTP_VERB_GET && request->old && !request->keep_alive);
	CHECK(!*request->host && !*request->origin && !*request->fetch_site && !*request->authorization);
	CHECK(!*request->cookies.session && !request->cookies.form && request->body_length == 0 && !*request->body);
	CHECK(!*request->accept && !*request->if_none_match && !*request->query && strcmp(request->path, "/") == 0);
}

struct row {
	const char *name, *text;
	enum http_reading reading;
	int status; /* of the failure */
	int continues;
};

#define HOST "Host: localhost\r\n"

static const struct row rows[] = {
		{"a bare request", "GET / HTTP/1.1\r\n" HOST "\r\n", HTTP_READING_DONE, 0, 0},
		{"empty lines before the request", "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", HTTP_READING_DONE, 0, 0},
		{"half of a request", "GET / HTTP/1.1\r\n" HOST, HTTP_READING_MORE, 0, 0},
		{"chunked body", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
				HTTP_READING_DONE, 0, 0},
		{"chunked body with extension and trailer",
				"POST / HTTP/1.1\r\n" HOST
				"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nHost: evil\r\n\r\n",
				HTTP_READING_DONE, 0, 0},
		{"upgrade is ignored", "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
				HTTP_READING_DONE, 0, 0},
		{"an unknown method of HTTP is a request", "PROPFIND / HTTP/1.1\r\n" HOST "\r\n", HTTP_READING_DONE, 0,
				0},
		{"100-continue is asked for once",
				"POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc",
				HTTP_READING_DONE, 0, 1},
		{"100-continue with a chunked body",
				"POST / HTTP/1.1\r\n" HOST
				"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
				HTTP_READING_DONE, 0, 1},
		{"100-continue without a body", "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n",
				HTTP_READING_DONE, 0, 0},
		{"100-continue with a body too long",
				"POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1025\r\n\r\n",
				HTTP_READING_FAILED, 413, 0},
		{"HTTP/1.0 knows no 100-continue",
				"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
				HTTP_READING_DONE, 0, 0},
		{"another expectation", "POST / HTTP/1.1\r\n" HOST "Expect: magic\r\n\r\n", HTTP_READING_FAILED, 417,
				0},
		{"no host", "GET / HTTP/1.1\r\n\r\n", HTTP_READING_FAILED, 400, 0},
		{"two hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", HTTP_READING_FAILED, 400, 0},
		{"two origins", "GET / HTTP/1.1\r\n" HOST "Origin: a\r\nOrigin: b\r\n\r\n", HTTP_READING_FAILED, 400,
				0},
		{"two of what does not matter", "GET / HTTP/1.1\r\n" HOST "Accept: a\r\nAccept: b\r\n\r\n",
				HTTP_READING_DONE, 0, 0},
		{"both ways to say a length",
				"POST / HTTP/1.1\r\n" HOST
				"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
				HTTP_READING_FAILED, 400, 0},
		{"two codings",
				"POST / HTTP/1.1\r\n" HOST
				"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
				HTTP_READING_FAILED, 400, 0},
		{"two codings, of which one is none",
				"POST / HTTP/1.1\r\n" HOST
				"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
				HTTP_READING_FAILED, 400, 0},
		{"two lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
				HTTP_READING_FAILED, 400, 0},
		{"a negative length", "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", HTTP_READING_FAILED, 400,
				0},
		{"a length of 2 to the 64th", "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551616\r\n\r\n",
				HTTP_READING_FAILED, 400, 0},
		{"a body too long", "POST / HTTP/1.1\r\n" HOST "Content-Length: 1025\r\n\r\n", HTTP_READING_FAILED, 413,
				0},
		{"a chunk too long to count",
				"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
				HTTP_READING_FAILED, 400, 0},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP_READING_FAILED, 400, 0},
		{"HTTP/2.0 in old clothes", "GET / HTTP/2.0\r\n" HOST "\r\n", HTTP_READING_FAILED, 505, 0},
		{"HTTP/0.9", "GET / HTTP/0.9\r\n\r\n", HTTP_READING_FAILED, 505, 0},
		{"HTTP/1.7", "GET / HTTP/1.7\r\n" HOST "\r\n", HTTP_READING_FAILED, 400, 0},
		{"TLS", "\x16\x03\x01\x02", HTTP_READING_FAILED, 400, 0},
		{"a proxy's request", "CONNECT localhost:22 HTTP/1.1\r\n" HOST "\r\n", HTTP_READING_FAILED, 405, 0},
		{"a space in a header's name", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", HTTP_READING_FAILED, 400,
				0},
		{"a folded header", "GET / HTTP/1.1\r\n" HOST "Accept: a\r\n b\r\n\r\n", HTTP_READING_FAILED, 400, 0},
		{"lines that end with LF alone", "GET / HTTP/1.1\nHost: localhost\n\n", HTTP_READING_FAILED, 400, 0},
		{"a whole URL without a host", "GET http:/// HTTP/1.1\r\n" HOST "\r\n", HTTP_READING_FAILED, 400, 0},
};

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		size_t length = strlen(row->text);
		tap_case("%s", row->name);
		for (size_t step = 1; step <= length; step++) {
			size_t used;
			int continues = 0;
			enum http_reading reading = feed(row->text, length, step, &used, &continues);
			if (!CHECK(reading == row->reading && continues == row->continues &&
					    http_reader_failure(reader).status == row->status))
				printf("# step %zu: reading %d, status %d, continues %d\n", step, (int)reading,
						http_reader_failure(reader).status, continues);
		}
	}
}

static void test_targets(void)
{
	static const struct {
		const char *target, *host, *path, *query;
	} table[] = {
			{"/", "localhost", "/", ""},
			{"/?", "localhost", "/", ""},
			{"/a?b?c", "localhost", "/a", "b?c"},
			{"http://Garage.local:80/x?y", "Garage.local:80", "/x", "y"},
			{"HTTPS://evil.example", "evil.example", "/", ""},
			{"http://evil.example?x", "evil.example", "/", "x"},
			{"*", "localhost", "*", ""},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[256];
		size_t used;
		int continues = 0;
		int length = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
				table[i].target[0] == '*' ? "OPTIONS" : "GET", table[i].target);
		tap_case("target %s", table[i].target);
		CHECK(feed(text, (size_t)length, 7, &used, &continues) == HTTP_READING_DONE);
		CHECK(strcmp(http_reader_request(reader)->host, table[i].host) == 0);
		CHECK(strcmp(http_reader_request(reader)->path, table[i].path) == 0);
		CHECK(strcmp(http_reader_request(reader)->query, table[i].query) == 0);
	}
}

/* Feeds head, then filler again and again, then tail; returns the failure's status, 0 for a whole request. */
static int flood(const char *head, char filler, size_t count, const char *tail, size_t step)
{
	size_t used, length = strlen(head) + count + strlen(tail);
	int continues = 0;
	char *text = malloc(length);
	memcpy(text, head, strlen(head));
	memset(text + strlen(head), filler, count);
	memcpy(text + strlen(head) + count, tail, strlen(tail));
	enum http_reading reading = feed(text, length, step, &used, &continues);
	free(text);
	return reading == HTTP_READING_DONE     ? 0
	       : reading == HTTP_READING_FAILED ? http_reader_failure(reader).status
						: -1;
}

static void test_bounds(void)
{
	static const size_t steps[] = {1, 3, 2048, 100000};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		size_t step = steps[i];
		tap_case("bounds of target, headers and body, fed %zu bytes at a time", step);
		CHECK(flood("GET /", 'a', HTTP_TARGET_MAX - 1, " HTTP/1.1\r\n" HOST "\r\n", step) == 0);
		CHECK(strlen(http_reader_request(reader)->path) == HTTP_TARGET_MAX);
		CHECK(flood("GET /", 'a', HTTP_TARGET_MAX, " HTTP/1.1\r\n" HOST "\r\n", step) == 414);
		CHECK(flood("GET /", 'a', 90000, "", step) == 414);
		size_t rest = sizeof("GET / HTTP/1.1\r\n" HOST "X: \r\n\r\n") - 1;
		CHECK(flood("GET / HTTP/1.1\r\n" HOST "X: ", 'a', HTTP_HEAD_MAX - rest, "\r\n\r\n", step) == 0);
		CHECK(flood("GET / HTTP/1.1\r\n" HOST "X: ", 'a', HTTP_HEAD_MAX - rest + 1, "\r\n\r\n", step) == 431);
		CHECK(flood("GET / HTTP/1.1\r\n" HOST, 'a', 90000, "", step) == 431);
		CHECK(flood("", '\n', 90000, "", step) == 431);
		CHECK(flood("GET / HTTP/1.1\r\nHost: ", 'a', 272, "\r\n\r\n", step) == 431);
		CHECK(flood("GET / HTTP/1.1\r\n" HOST "Authorization: ", 'a', 400, "\r\n\r\n", step) == 431);
		CHECK(flood("GET / HTTP/1.1\r\n" HOST "Accept: ", 'a', 2000, "\r\n\r\n", step) == 0);
		CHECK(strlen(http_reader_request(reader)->accept) == sizeof(http_reader_request(reader)->accept) - 1);
		CHECK(flood("POST / HTTP/1.1\r\n" HOST "Content-Length: 1024\r\n\r\n", 'a', 1024, "", step) == 0);
		CHECK(flood("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n400\r\n", 'a', 1024,
				      "\r\n0\r\n\r\n", step) == 0);
		CHECK(flood("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n401\r\n", 'a', 1025,
				      "\r\n0\r\n\r\n", step) == 413);
		CHECK(flood("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1;", 'a', 90000, "", step) ==
				413);
		size_t wire = 4 * HTTP_BODY_MAX - (sizeof("1;\r\na\r\n0\r\n\r\n") - 1);
		CHECK(flood("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1;", 'a', wire,
				      "\r\na\r\n0\r\n\r\n", step) == 0);
		if (step == 1) /* what comes with the end of the head counts as head */
			CHECK(flood("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1;", 'a', wire + 1,
					      "\r\na\r\n0\r\n\r\n", step) == 413);
		CHECK(flood("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", 'a', 90000, "",
				      step) == 413);
	}
}

int main(void)
{
	struct http_reader *readers = http_readers_new(2);
	reader = http_reader_at(readers, 1);
	test_whole_request();
	test_rows();
	test_targets();
	test_bounds();
	free(readers);
	return tap_done();
}
