/*
 * llhttp cuts the bytes into the parts of a request; the callbacks here copy each part into its place, if it has one, and
 * refuse what does not fit. Head and body are fed in such portions that their bounds hold, however the bytes come. llhttp
 * is stopped (paused) at the end of each request, and where the client waits for 100 Continue.
 */
#include "http/reader.h"

#include <llhttp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LENGTH 32
#define BODY_WIRE_MAX (4 * HTTP_BODY_MAX) /* the body with its chunk sizes, extensions and trailers */

enum header {
	HEADER_OTHER,
	HEADER_HOST,
	HEADER_ORIGIN,
	HEADER_FETCH_SITE,
	HEADER_AUTHORIZATION,
	HEADER_ACCEPT,
	HEADER_IF_NONE_MATCH,
	HEADER_ACCEPT_ENCODING,
	HEADER_ACCEPT_LANGUAGE,
	HEADER_COOKIE, /* not kept as it is: see cookies.h */
	HEADER_EXPECT,
	HEADER_TRANSFER_ENCODING, /* llhttp's; here it is only seen that there is one */
	HEADERS
};

struct http_reader {
	llhttp_t parser;
	struct http_request request;
	struct http_failure failure;
	enum header header;
	unsigned seen; /* bits of enum header */
	char name[NAME_MAX_LENGTH];
	size_t name_length, value_length, target_length;
	size_t head_bytes, body_wire_bytes;
	char expect[16], transfer_encoding[64];
	bool in_body, whole, paused;
};

/* Where each header goes. A hint may be cut and repeated; the others decide who may do what and must be unambiguous. */
struct field {
	const char *name;
	size_t offset, size;
	bool hint;
};

#define FIELD(name, member, hint) \
	{name, offsetof(struct http_reader, member), sizeof(((struct http_reader *)0)->member), hint}

static const struct field header_fields[HEADERS] = {
		[HEADER_HOST] = FIELD("host", request.host, false),
		[HEADER_ORIGIN] = FIELD("origin", request.origin, false),
		[HEADER_FETCH_SITE] = FIELD("sec-fetch-site", request.fetch_site, false),
		[HEADER_AUTHORIZATION] = FIELD("authorization", request.authorization, false),
		[HEADER_ACCEPT] = FIELD("accept", request.accept, true),
		[HEADER_IF_NONE_MATCH] = FIELD("if-none-match", request.if_none_match, true),
		[HEADER_ACCEPT_ENCODING] = FIELD("accept-encoding", request.accept_encoding, true),
		[HEADER_ACCEPT_LANGUAGE] = FIELD("accept-language", request.accept_language, true),
		[HEADER_COOKIE] = {.name = "cookie"},
		[HEADER_EXPECT] = FIELD("expect", expect, false),
		[HEADER_TRANSFER_ENCODING] = FIELD("transfer-encoding", transfer_encoding, false),
};

static int reader_fail(struct http_reader *reader, int status, const char *detail)
{
	reader->failure = (struct http_failure){status, detail};
	return HPE_USER;
}

static struct http_reader *reader_of(llhttp_t *parser)
{
	return parser->data;
}

static int reader_on_url(llhttp_t *parser, const char *at, size_t length)
{
	struct http_reader *reader = reader_of(parser);
	if (length > HTTP_TARGET_MAX - reader->target_length)
		return reader_fail(reader, 414, "The address is too long.");
	memcpy(reader->request.target + reader->target_length, at, length);
	reader->target_length += length;
	return 0;
}

static int reader_on_header_field(llhttp_t *parser, const char *at, size_t length)
{
	struct http_reader *reader = reader_of(parser);
	size_t room = sizeof(reader->name) - reader->name_length;
	if (length > room)
		length = room;
	memcpy(reader->name + reader->name_length, at, length);
	reader->name_length += length;
	return 0;
}

static int reader_on_header_field_complete(llhttp_t *parser)
{
	struct http_reader *reader = reader_of(parser);
	size_t length = reader->name_length;
	reader->name_length = reader->value_length = 0;
	reader->header = HEADER_OTHER;
	if (reader->in_body)
		return 0; /* a trailer */
	for (enum header header = HEADER_OTHER + 1; header < HEADERS; header++)
		if (strlen(header_fields[header].name) == length &&
				strncasecmp(reader->name, header_fields[header].name, length) == 0)
			reader->header = header;
	if (reader->header == HEADER_OTHER || reader->header == HEADER_COOKIE)
		return 0;
	unsigned bit = 1u << reader->header;
	if ((reader->seen & bit) && header_fields[reader->header].hint)
		reader->header = HEADER_OTHER;
	else if (reader->seen & bit)
		return reader_fail(reader, 400, "A header that must be there once was sent twice.");
	reader->seen |= bit;
	return 0;
}

static int reader_on_header_value(llhttp_t *parser, const char *at, size_t length)
{
	struct http_reader *reader = reader_of(parser);
	const struct field *field = &header_fields[reader->header];
	if (reader->header == HEADER_COOKIE)
		http_cookies_feed(&reader->request.cookies, at, length);
	if (reader->header == HEADER_OTHER || reader->header == HEADER_COOKIE)
		return 0;
	size_t room = field->size - 1 - reader->value_length;
	if (length > room && !field->hint)
		return reader_fail(reader, 431, "A header's value is too long.");
	if (length > room)
		length = room;
	memcpy((char *)reader + field->offset + reader->value_length, at, length);
	reader->value_length += length;
	return 0;
}

static int reader_on_header_value_complete(llhttp_t *parser)
{
	struct http_reader *reader = reader_of(parser);
	if (reader->header == HEADER_COOKIE)
		http_cookies_end(&reader->request.cookies);
	if (reader->header == HEADER_OTHER || reader->header == HEADER_COOKIE)
		return 0;
	char *value = (char *)reader + header_fields[reader->header].offset;
	size_t length = reader->value_length;
	while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		length--;
	value[length] = '\0';
	return 0;
}

/* RFC 9112, 3.2.2: a whole URL as target is to be taken, and its host counts instead of the header's. */
static int reader_split_target(struct http_reader *reader)
{
	struct http_request *request = &reader->request;
	char *target = request->target;
	target[reader->target_length] = '\0';
	char *authority = strncasecmp(target, "http://", 7) == 0    ? target + 7
			  : strncasecmp(target, "https://", 8) == 0 ? target + 8
								    : NULL;
	char *path = target;
	if (authority) {
		size_t length = strcspn(authority, "/?#");
		if (length == 0 || length >= sizeof(request->host))
			return reader_fail(reader, 400, "The address has no host.");
		memcpy(request->host, authority, length);
		request->host[length] = '\0';
		path = authority + length;
	}
	char *query = path + strcspn(path, "?");
	if (*query)
		*query++ = '\0';
	request->query = query;
	request->path = *path ? path : "/";
	return 0;
}

static int reader_on_headers_complete(llhttp_t *parser)
{
	struct http_reader *reader = reader_of(parser);
	struct http_request *request = &reader->request;
	reader->in_body = true;
	if (parser->http_major != 1 || parser->http_minor > 1)
		return reader_fail(reader, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
	request->old = parser->http_minor == 0;
	request->verb = parser->method == HTTP_GET    ? HTTP_VERB_GET
			: parser->method == HTTP_HEAD ? HTTP_VERB_HEAD
			: parser->method == HTTP_POST ? HTTP_VERB_POST
						      : HTTP_VERB_OTHER;
	if (parser->method == HTTP_CONNECT)
		return reader_fail(reader, 405, "This is no proxy.");
	if (!request->old && !(reader->seen & 1u << HEADER_HOST))
		return reader_fail(reader, 400, "The Host header is missing.");
	if (reader_split_target(reader))
		return HPE_USER;
	bool has_body = (parser->flags & F_CHUNKED) || ((parser->flags & F_CONTENT_LENGTH) && parser->content_length);
	if (!(parser->flags & F_CHUNKED) && parser->content_length > HTTP_BODY_MAX)
		return reader_fail(reader, 413, "The body is too long.");
	if ((reader->seen & 1u << HEADER_EXPECT) && !request->old) {
		if (strcasecmp(reader->expect, "100-continue") != 0)
			return reader_fail(reader, 417, "Only 100-continue can be expected.");
		if (has_body)
			return HPE_PAUSED;
	}
	return 0;
}

static int reader_on_body(llhttp_t *parser, const char *at, size_t length)
{
	struct http_reader *reader = reader_of(parser);
	struct http_request *request = &reader->request;
	if (length > HTTP_BODY_MAX - request->body_length)
		return reader_fail(reader, 413, "The body is too long.");
	memcpy(request->body + request->body_length, at, length);
	request->body_length += length;
	return 0;
}

static int reader_on_message_complete(llhttp_t *parser)
{
	struct http_reader *reader = reader_of(parser);
	reader->whole = true;
	reader->request.body[reader->request.body_length] = '\0';
	reader->request.keep_alive = llhttp_should_keep_alive(parser);
	return HPE_PAUSED;
}

static const llhttp_settings_t reader_settings = {
		.on_url = reader_on_url,
		.on_header_field = reader_on_header_field,
		.on_header_field_complete = reader_on_header_field_complete,
		.on_header_value = reader_on_header_value,
		.on_header_value_complete = reader_on_header_value_complete,
		.on_headers_complete = reader_on_headers_complete,
		.on_body = reader_on_body,
		.on_message_complete = reader_on_message_complete,
};

struct http_reader *http_readers_new(size_t count)
{
	return calloc(count, sizeof(struct http_reader));
}

struct http_reader *http_reader_at(struct http_reader *readers, size_t index)
{
	return readers + index;
}

void http_reader_reset(struct http_reader *reader)
{
	struct http_request *request = &reader->request;
	llhttp_init(&reader->parser, HTTP_REQUEST, &reader_settings);
	reader->parser.data = reader;
	for (enum header header = HEADER_OTHER + 1; header < HEADERS; header++)
		if (header != HEADER_COOKIE)
			*((char *)reader + header_fields[header].offset) = '\0';
	http_cookies_reset(&request->cookies);
	explicit_bzero(request->body, request->body_length); /* it may have held a password */
	request->body_length = 0;
	request->verb = HTTP_VERB_OTHER;
	request->keep_alive = request->old = false;
	request->target[0] = '\0';
	request->path = request->query = request->target;
	reader->failure = (struct http_failure){0};
	reader->header = HEADER_OTHER;
	reader->seen = 0;
	reader->name_length = reader->value_length = reader->target_length = 0;
	reader->head_bytes = reader->body_wire_bytes = 0;
	reader->in_body = reader->whole = reader->paused = false;
}

/* Feeds no more than the head or the body may still have, so that the bound holds however the bytes come. */
static enum http_reading reader_feed_some(struct http_reader *reader, const char *data, size_t length, size_t *used)
{
	size_t *count = reader->in_body ? &reader->body_wire_bytes : &reader->head_bytes;
	size_t most = reader->in_body ? BODY_WIRE_MAX : HTTP_HEAD_MAX;
	bool in_body = reader->in_body;
	if (*count == most) {
		if (in_body)
			reader_fail(reader, 413, "The body is too long.");
		else
			reader_fail(reader, 431, "The headers are too long.");
		return HTTP_READING_FAILED;
	}
	if (length > most - *count)
		length = most - *count;
	if (reader->paused) {
		llhttp_resume(&reader->parser);
		reader->paused = false;
	}
	llhttp_errno_t error = llhttp_execute(&reader->parser, data, length);
	*used = error == HPE_OK ? length : (size_t)(llhttp_get_error_pos(&reader->parser) - data);
	*count += *used;
	switch (error) {
	case HPE_OK:
		return HTTP_READING_MORE;
	case HPE_PAUSED:
		reader->paused = true;
		return reader->whole ? HTTP_READING_DONE : HTTP_READING_CONTINUE;
	default:
		if (reader->failure.status == 0)
			reader_fail(reader, 400,
					error == HPE_INVALID_METHOD ? "This is no HTTP request."
								    : "The request is malformed.");
		return HTTP_READING_FAILED;
	}
}

enum http_reading http_reader_feed(struct http_reader *reader, const char *data, size_t length, size_t *used)
{
	enum http_reading reading = HTTP_READING_MORE;
	*used = 0;
	while (*used < length && reading == HTTP_READING_MORE) {
		size_t some = 0;
		reading = reader_feed_some(reader, data + *used, length - *used, &some);
		*used += some;
	}
	return reading;
}

struct http_request *http_reader_request(struct http_reader *reader)
{
	return &reader->request;
}

struct http_failure http_reader_failure(const struct http_reader *reader)
{
	return reader->failure;
}
