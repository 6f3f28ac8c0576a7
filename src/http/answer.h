/*
 * What goes back to a client: a head, which with a short body fits into the answer itself, or a longer body that is
 * constant or shared by all clients that are sent the same bytes.
 */
#ifndef PORTCULLIS_HTTP_ANSWER_H
#define PORTCULLIS_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "http/reader.h"

#define HTTP_ANSWER_MAX 2304
#define HTTP_ANSWER_BODY_MAX 512 /* of a body that is copied into the answer */

/* Counted references; loop thread only. */
struct http_body {
	unsigned references;
	size_t length;
	char bytes[];
};

struct http_body *http_body_new(size_t size);   /* one reference; NULL when memory is short */
void http_body_release(struct http_body *body); /* takes NULL */

struct http_answer {
	int status;
	char own[HTTP_ANSWER_MAX];
	size_t own_length;
	const char *more; /* follows own */
	size_t more_length;
	struct http_body *held; /* what more points into, or NULL when it is constant */
	size_t sent;
	bool close;  /* the connection ends with this answer */
	bool events; /* what was answered is an open stream: http_answer_event goes on with it */
};

/* What is said besides the body. type NULL: no body. */
struct http_head {
	int status;
	const char *type;
	const char *language; /* of a body in one of the page's languages, by the request's Accept-Language; or NULL */
	const char *cache;    /* Cache-Control; NULL: no-store */
	const char *header, *value; /* one more header, or NULL */
	const char *lines;          /* more headers, each with its line end, or NULL */
	const char *policy;         /* Content-Security-Policy without frame-ancestors; NULL: the page's */
};

extern const char http_type_html[], http_type_json[], http_type_problem[], http_type_text[], http_type_metrics[];

/*
 * Each writes the whole answer to request, which says what the client can take: no body for HEAD, an end of the
 * connection. http_answer_short copies its body, the body of http_answer_constant is a constant, and that of
 * http_answer_shared gets one more reference until http_answer_done: the caller keeps its own.
 */
void http_answer_short(struct http_answer *answer, const struct http_request *request, const struct http_head *head,
		const char *body, size_t length); /* at most HTTP_ANSWER_BODY_MAX */
void http_answer_constant(struct http_answer *answer, const struct http_request *request, const struct http_head *head,
		const char *body, size_t length);
void http_answer_shared(struct http_answer *answer, const struct http_request *request, const struct http_head *head,
		struct http_body *body);

/* As http_answer_shared, with a part of the body. */
void http_answer_part(struct http_answer *answer, const struct http_request *request, const struct http_head *head,
		struct http_body *body, size_t offset, size_t length);

/*
 * A stream without an end, which goes on until the connection is closed: the head, then each event in its turn. first
 * and the beat are constants; first is what the stream begins with.
 */
void http_answer_stream(struct http_answer *answer, const struct http_request *request, const char *first);
void http_answer_event(struct http_answer *answer, struct http_body *body); /* one more reference, likewise */
void http_answer_beat(struct http_answer *answer, const char *constant);

/* application/problem+json (RFC 9457). detail is a sentence without characters that JSON escapes. */
void http_answer_problem(
		struct http_answer *answer, const struct http_request *request, int status, const char *detail);
/* The same with more members: "" or ,"name":value... */
void http_answer_problem_about(struct http_answer *answer, const struct http_request *request, int status,
		const char *detail, const char *members);
void http_answer_problem_with(struct http_answer *answer, const struct http_request *request, int status,
		const char *detail, const char *header, const char *value);

/* Sends what the socket takes now. 1 when all is sent, 0 when not yet, -errno when the client is gone. */
int http_answer_send(struct http_answer *answer, int fd);
void http_answer_done(struct http_answer *answer); /* lets the body go; may be called again */

#endif
