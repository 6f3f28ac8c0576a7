/*
 * For CBMC, see run: what src/http/reader.c and cookies.c do with the parts of a request that llhttp finds. llhttp itself is not
 * proven, but stands for any parser: it may call any of its callbacks, as often and in whatever order it likes, each with any
 * piece of the bytes that it was given.
 *
 * A proof by induction, so for requests of any length: whole() says what holds of a reader between two calls. reset() shows that it
 * holds at the beginning, and each other function here that it holds after a call if it held before, and that the call
 * reads and writes within its memory, each copy within one member of the reader. feed() shows the same of what gives
 * llhttp its bytes, that no more of them are taken than there are or than the limits allow, and that it ends.
 *
 * http_cookies_feed is proven for COOKIE_BYTES from any state, so for any number. header_value_complete() takes at most
 * one turn of the loop that passes over spaces, from a value of any length; as the loop looks at nothing but that length
 * and the bytes before, this stands for each turn. headers_complete() shows that each text whose end is looked for has one
 * in its place, and takes of the C library that it looks no further.
 */
#include <stdlib.h>

#include "http/cookies.c"
#include "http/reader.c"

/* The longest piece: no more of a head or a body is fed than this. */
#define PIECE_MAX (HTTP_HEAD_MAX > BODY_WIRE_MAX ? HTTP_HEAD_MAX : BODY_WIRE_MAX)
#define COOKIE_BYTES 3 /* of one piece: each begins where any bytes before have led */
#define STOPS_MAX 4    /* bytes at which a part of a target may end, at most */

bool nondet_bool(void);
int nondet_int(void);
size_t nondet_size(void);
struct http_reader nondet_reader(void);
llhttp_t nondet_parser(void);

void url(void);
void header_field(void);
void header_field_complete(void);
void header_value(void);
void header_value_complete(void);
void headers_complete(void);
void body(void);
void message_complete(void);
void cookies_feed(void);
void cookies_end(void);
void any_cookies_feed(struct http_cookies *cookies, const char *bytes, size_t length);
void any_cookies_end(struct http_cookies *cookies);
void reset(void);
void feed(void);

static struct http_reader reader;

/* Whether these bytes lie within one member of the reader. */
static bool in_one_member(const char *at, size_t length)
{
	const struct http_request *request = &reader.request;
	const struct {
		const char *at;
		size_t size;
	} members[] = {
			{request->target, sizeof(request->target)},
			{request->host, sizeof(request->host)},
			{request->origin, sizeof(request->origin)},
			{request->fetch_site, sizeof(request->fetch_site)},
			{request->authorization, sizeof(request->authorization)},
			{request->accept, sizeof(request->accept)},
			{request->accept_encoding, sizeof(request->accept_encoding)},
			{request->accept_language, sizeof(request->accept_language)},
			{request->if_none_match, sizeof(request->if_none_match)},
			{request->cookies.session, sizeof(request->cookies.session)},
			{request->cookies.session_tls, sizeof(request->cookies.session_tls)},
			{request->cookies.pair, sizeof(request->cookies.pair)},
			{request->body, sizeof(request->body)},
			{reader.name, sizeof(reader.name)},
			{reader.expect, sizeof(reader.expect)},
			{reader.transfer_encoding, sizeof(reader.transfer_encoding)},
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (__CPROVER_same_object(at, members[i].at) && at >= members[i].at &&
				(size_t)(at - members[i].at) <= members[i].size &&
				length <= members[i].size - (size_t)(at - members[i].at))
			return true;
	return false;
}

static bool may_read(const void *at, size_t length)
{
	return __CPROVER_r_ok(at, length) && (!__CPROVER_same_object(at, &reader) || in_one_member(at, length));
}

/* No value is longer than its place without this byte. */
static char *const expect_end = &reader.expect[sizeof(reader.expect) - 1];

/* From here on a text ends in its place. */
static bool is_text(const char *at)
{
	const char *target = reader.request.target;
	if (__CPROVER_same_object(at, target) && at >= target && at <= target + HTTP_TARGET_MAX)
		return at <= target + reader.target_length && target[reader.target_length] == '\0';
	return at == reader.expect && *expect_end == '\0';
}

/*
 * These look at few bytes. What is copied or cleared stays as it was, which was anything, but for the first byte of a session
 * and the last one of expect, of which more is known. What is compared may be the same or not.
 */

void *memcpy(void *to, const void *from, size_t length)
{
	__CPROVER_assert(may_read(from, length), "what is copied lies within one member");
	__CPROVER_assert(in_one_member(to, length), "what is copied to lies within one member");
	if (to == reader.request.cookies.session || to == reader.request.cookies.session_tls) {
		*(char *)to = (char)nondet_int();
		return to;
	}
	if ((char *)to <= expect_end && expect_end < (char *)to + length)
		*expect_end = (char)nondet_int();
	return to;
}

void explicit_bzero(void *bytes, size_t length)
{
	__CPROVER_assert(in_one_member(bytes, length), "what is cleared lies within one member");
}

int memcmp(const void *a, const void *b, size_t length)
{
	__CPROVER_assert(may_read(a, length) && may_read(b, length), "what is compared lies within one member");
	return nondet_int();
}

int strncasecmp(const char *a, const char *b, size_t length)
{
	__CPROVER_assert(may_read(a, length) && may_read(b, length), "what is compared lies within one member");
	if (nondet_bool())
		return 1;
	/* The other one is a name without '\0': so no '\0' is here before its end. */
	for (size_t i = 0; a == reader.request.target && i < length; i++)
		__CPROVER_assume(a[i] != '\0');
	return 0;
}

int strcasecmp(const char *a, const char *b)
{
	__CPROVER_assert(is_text(a) && __CPROVER_r_ok(b, 1), "what is compared ends in its place");
	return nondet_int();
}

/* Anywhere up to the text's end: where one of these bytes is, or the end. */
size_t strcspn(const char *text, const char *bytes)
{
	size_t length = nondet_size();
	__CPROVER_assert(is_text(text), "where an end is looked for, there is one");
	__CPROVER_assume(length <= (size_t)(reader.request.target + reader.target_length - text));
	bool found = text[length] == '\0';
	for (size_t i = 0; i < STOPS_MAX && bytes[i] != '\0'; i++)
		found = found || text[length] == bytes[i];
	__CPROVER_assume(found);
	return length;
}

static bool has_end(const char session[static HTTP_SESSION_LENGTH + 1])
{
	return session[0] == '\0' || session[HTTP_SESSION_LENGTH] == '\0';
}

/* Between two calls. */
static bool whole(void)
{
	const struct http_request *request = &reader.request;
	size_t size = (unsigned)reader.header < HEADERS ? header_fields[reader.header].size : 0;
	return (unsigned)reader.header < HEADERS && *expect_end == '\0' && reader.target_length <= HTTP_TARGET_MAX &&
	       reader.name_length <= sizeof(reader.name) && request->body_length <= HTTP_BODY_MAX &&
	       reader.value_length <= (size > 0 ? size - 1 : 0) &&
	       request->cookies.length <= sizeof(request->cookies.pair) + 1 && reader.head_bytes <= HTTP_HEAD_MAX &&
	       reader.body_wire_bytes <= BODY_WIRE_MAX && reader.parser.data == &reader &&
	       has_end(request->cookies.session) && has_end(request->cookies.session_tls);
}

static bool is_bool(const bool *value)
{
	return *(const unsigned char *)value <= 1;
}

static void begin(void)
{
	reader = nondet_reader();
	reader.parser.data = &reader;
	__CPROVER_assume(is_bool(&reader.in_body) && is_bool(&reader.whole) && is_bool(&reader.paused) &&
			 is_bool(&reader.request.old) && is_bool(&reader.request.keep_alive) &&
			 is_bool(&reader.request.cookies.form));
	__CPROVER_assume(whole());
}

static void call(int (*callback)(llhttp_t *))
{
	begin();
	size_t head_bytes = reader.head_bytes, body_wire_bytes = reader.body_wire_bytes;
	bool in_body = reader.in_body;
	callback(&reader.parser);
	__CPROVER_assert(whole(), "what held before a call holds after it");
	__CPROVER_assert(reader.head_bytes == head_bytes && reader.body_wire_bytes == body_wire_bytes &&
					 (reader.in_body || !in_body),
			"no callback counts");
}

/* Any piece of the bytes that llhttp was given. */
static int (*with_piece)(llhttp_t *, const char *, size_t);

static int give_piece(llhttp_t *parser)
{
	size_t length = nondet_size();
	__CPROVER_assume(length <= PIECE_MAX);
	const char *piece = malloc(length);
	__CPROVER_assume(piece != NULL);
	return with_piece(parser, piece, length);
}

void url(void)
{
	with_piece = reader_on_url;
	call(give_piece);
}

void header_field(void)
{
	with_piece = reader_on_header_field;
	call(give_piece);
}

void header_field_complete(void)
{
	call(reader_on_header_field_complete);
}

void header_value(void)
{
	with_piece = reader_on_header_value;
	call(give_piece);
}

/* The next byte behind the header's place stays as it was: so nothing is written behind it. */
void header_value_complete(void)
{
	for (enum header header = HEADER_OTHER; header < HEADERS; header++) {
		begin();
		__CPROVER_assume(reader.header == header);
		reader.header = header;
		size_t behind = header_fields[header].offset + header_fields[header].size;
		char byte = ((const char *)&reader)[behind];
		reader_on_header_value_complete(&reader.parser);
		__CPROVER_assert(whole(), "what held before a call holds after it");
		__CPROVER_assert(header == HEADER_COOKIE || ((const char *)&reader)[behind] == byte,
				"nothing is written behind its place");
	}
}

static bool accepted;

static int end_headers(llhttp_t *parser)
{
	int error = reader_on_headers_complete(parser);
	accepted = error == 0 || error == HPE_PAUSED;
	return error;
}

void headers_complete(void)
{
	const struct http_request *request = &reader.request;
	call(end_headers);
	__CPROVER_assert(reader.in_body, "the headers have ended");
	__CPROVER_assert(!accepted || (request->path[0] == '/' && request->path[1] == '\0') || is_text(request->path),
			"the path ends within the target");
	__CPROVER_assert(!accepted || is_text(request->query), "the query ends within the target");
}

/* In place of http_cookies_feed and http_cookies_end, for which cookies_feed() and cookies_end() stand. */

static void any_cookies(struct http_cookies *cookies)
{
	__CPROVER_assert(cookies == &reader.request.cookies, "there is one place for cookies");
	*cookies = nondet_reader().request.cookies;
	__CPROVER_assume(is_bool(&cookies->form) && whole());
}

void any_cookies_feed(struct http_cookies *cookies, const char *bytes, size_t length)
{
	__CPROVER_assert(__CPROVER_r_ok(bytes, length), "a piece of a header lies within what was given");
	any_cookies(cookies);
}

void any_cookies_end(struct http_cookies *cookies)
{
	any_cookies(cookies);
}

void cookies_feed(void)
{
	begin();
	char bytes[COOKIE_BYTES];
	size_t length = nondet_size();
	__CPROVER_assume(length <= sizeof(bytes));
	http_cookies_feed(&reader.request.cookies, bytes, length);
	__CPROVER_assert(whole(), "what held before a call holds after it");
}

void cookies_end(void)
{
	begin();
	http_cookies_end(&reader.request.cookies);
	__CPROVER_assert(whole(), "what held before a call holds after it");
}

void body(void)
{
	with_piece = reader_on_body;
	call(give_piece);
}

void message_complete(void)
{
	call(reader_on_message_complete);
}

void reset(void)
{
	static const struct http_reader allocated; /* as by http_readers_new */
	begin();
	if (nondet_bool())
		reader = allocated;
	http_reader_reset(&reader);
	__CPROVER_assert(whole() && !reader.in_body && reader.request.body_length == 0, "it is as at the beginning");
}

/* llhttp. */

static const char *error_pos;

int llhttp_should_keep_alive(const llhttp_t *parser)
{
	(void)parser;
	return nondet_int();
}

void llhttp_init(llhttp_t *parser, llhttp_type_t type, const llhttp_settings_t *settings)
{
	(void)type;
	(void)settings;
	*parser = nondet_parser();
}

void llhttp_resume(llhttp_t *parser)
{
	(void)parser;
}

const char *llhttp_get_error_pos(const llhttp_t *parser)
{
	(void)parser;
	return error_pos;
}

/* Calls the callbacks as often as it likes, and so makes of the reader what they may. */
llhttp_errno_t llhttp_execute(llhttp_t *parser, const char *data, size_t length)
{
	size_t head_bytes = reader.head_bytes, body_wire_bytes = reader.body_wire_bytes, used = nondet_size();
	bool in_body = reader.in_body, paused = reader.paused;
	__CPROVER_assert(parser == &reader.parser && __CPROVER_r_ok(data, length), "it is given bytes that are there");
	begin();
	__CPROVER_assume(reader.head_bytes == head_bytes && reader.body_wire_bytes == body_wire_bytes &&
			 (reader.in_body || !in_body) && reader.paused == paused);
	__CPROVER_assume(used <= length);
	error_pos = data + used;
	return nondet_bool() ? HPE_OK : nondet_bool() ? HPE_PAUSED : HPE_USER;
}

void feed(void)
{
	begin();
	size_t length = nondet_size(), used = nondet_size();
	__CPROVER_assume(length <= 4 * PIECE_MAX);
	const char *data = malloc(length);
	__CPROVER_assume(data != NULL);
	enum http_reading reading = http_reader_feed(&reader, data, length, &used);
	__CPROVER_assert(used <= length, "no more is used than there is");
	__CPROVER_assert(reading != HTTP_READING_MORE || used == length, "who asks for more has used all");
	__CPROVER_assert(whole(), "what held before a call holds after it");
}
