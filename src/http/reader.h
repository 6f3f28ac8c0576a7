/*
 * Reads HTTP/1 requests one after the other from a client's bytes, however they are cut, with llhttp. Only this room's
 * reader.c uses llhttp. Everything is bounded by the limits of http.h. It uses no descriptor and no clock, and
 * allocates only in http_readers_new. Loop thread only.
 */
#ifndef PORTCULLIS_HTTP_READER_H
#define PORTCULLIS_HTTP_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "http/cookies.h"
#include "http/http.h"

enum http_verb { HTTP_VERB_GET, HTTP_VERB_HEAD, HTTP_VERB_POST, HTTP_VERB_OTHER };

/* A whole request. Headers that were not sent are "". */
struct http_request {
	enum http_verb verb;
	bool keep_alive;   /* the client can take another answer on this connection */
	bool old;          /* HTTP/1.0 */
	const char *path;  /* without the query */
	const char *query; /* what follows the "?", or "" */
	char target[HTTP_TARGET_MAX + 1];
	char host[272]; /* name or address, and port; from the target if that is a whole URL */
	char origin[288];
	char fetch_site[16];
	char authorization[400];
	char accept[256];          /* the beginning, when longer */
	char accept_encoding[64];  /* the same */
	char accept_language[128]; /* the same */
	char if_none_match[64];    /* the same */
	struct http_cookies cookies;
	char body[HTTP_BODY_MAX + 1]; /* terminated; the form of a login or of a position */
	size_t body_length;
	const struct http_peer *peer; /* set by the server: the client's address */
	int64_t asked_ms;             /* set by the server: the request was sent after that, by the loop's clock */
	const char *frame_ancestors;  /* set by the server for each answer: struct http_config's */
};

enum http_reading {
	HTTP_READING_MORE,     /* all bytes are used, more are needed */
	HTTP_READING_CONTINUE, /* send 100 Continue, for which the client waits, and then go on */
	HTTP_READING_DONE,     /* a request is whole; what follows in data belongs to the next one */
	HTTP_READING_FAILED,   /* answer with the failure's status, then close: nothing after this can be understood */
};

struct http_failure {
	int status;
	const char *detail; /* a sentence, constant */
};

struct http_reader;

/* An array of readers, each ready for a request. NULL when memory is short. Freed with free. */
struct http_reader *http_readers_new(size_t count);
struct http_reader *http_reader_at(struct http_reader *readers, size_t index);

void http_reader_reset(struct http_reader *reader); /* ready for the first byte of a request */
/* Reads on. Sets *used to how many bytes of data it has taken. After FAILED: http_reader_reset before the next call. */
enum http_reading http_reader_feed(struct http_reader *reader, const char *data, size_t length, size_t *used);

/* The request: complete after DONE; after FAILED only what came before the failure. Valid until the next reset. */
struct http_request *http_reader_request(struct http_reader *reader);
struct http_failure http_reader_failure(const struct http_reader *reader);

#endif
