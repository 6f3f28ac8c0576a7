/*
 * The head of an answer is written into the answer itself, and so is a short body. A longer body is only pointed at: it is
 * constant, or held by a reference until it is sent. Both are sent by one call.
 */
#include "http/answer.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

const char http_type_html[] = "text/html; charset=utf-8";
const char http_type_json[] = "application/json";
const char http_type_problem[] = "application/problem+json";
const char http_type_text[] = "text/plain; charset=utf-8";
const char http_type_metrics[] = "text/plain; version=0.0.4; charset=utf-8";

/*
 * same-origin and not no-referrer: under the latter browsers send our own forms with "Origin: null" (Fetch, "append a
 * request Origin header"), and the origin check would refuse them. No Date: a Pi has no clock until the network sets
 * it.
 */
static const char page_policy[] =
		"default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'";
static const char answer_headers[] = "X-Content-Type-Options: nosniff\r\n"
				     "Referrer-Policy: same-origin\r\n"
				     "Cross-Origin-Resource-Policy: same-origin\r\n"
				     "Cross-Origin-Opener-Policy: same-origin\r\n";

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
		{200, "OK"},
		{202, "Accepted"},
		{303, "See Other"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{417, "Expectation Failed"},
		{421, "Misdirected Request"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{503, "Service Unavailable"},
		{505, "HTTP Version Not Supported"},
};

static const char *answer_phrase(int status)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Unknown";
}

struct http_body *http_body_new(size_t size)
{
	struct http_body *body = malloc(sizeof(*body) + size);
	if (body)
		*body = (struct http_body){.references = 1};
	return body;
}

static struct http_body *body_hold(struct http_body *body)
{
	body->references++;
	return body;
}

void http_body_release(struct http_body *body)
{
	if (body && --body->references == 0)
		free(body);
}

static void answer_put_head(struct http_answer *answer, const struct http_request *request,
		const struct http_head *head, size_t length, bool events)
{
	static_assert(sizeof(page_policy) + HTTP_FRAME_ANCESTORS_MAX + sizeof(answer_headers) + HTTP_ANSWER_BODY_MAX +
							1024 <
					HTTP_ANSWER_MAX,
			"any head, with cookies, and a short body fit");
	const char *frame = request->frame_ancestors ? request->frame_ancestors : "'none'";
	if (strcmp(frame, "self") == 0)
		frame = "'self'";
	char *at = answer->own, *end = answer->own + sizeof(answer->own) - HTTP_ANSWER_BODY_MAX;
	*answer = (struct http_answer){
			.status = head->status, .more = "", .close = !request->keep_alive || events, .events = events};
	at += snprintf(at, (size_t)(end - at),
			"HTTP/1.1 %d %s\r\nCache-Control: %s\r\nContent-Security-Policy: %s; frame-ancestors %s\r\n%s",
			head->status, answer_phrase(head->status), head->cache ? head->cache : "no-store",
			head->policy ? head->policy : page_policy, frame, answer_headers);
	if (head->type)
		at += snprintf(at, (size_t)(end - at), "Content-Type: %s\r\n", head->type);
	if (head->language)
		at += snprintf(at, (size_t)(end - at), "Content-Language: %s\r\nVary: Accept-Language\r\n",
				head->language);
	if (head->status != 304 && !answer->events)
		at += snprintf(at, (size_t)(end - at), "Content-Length: %zu\r\n", length);
	if (head->header)
		at += snprintf(at, (size_t)(end - at), "%s: %s\r\n", head->header, head->value);
	if (head->lines)
		at += snprintf(at, (size_t)(end - at), "%s", head->lines);
	if (answer->close || request->old)
		at += snprintf(at, (size_t)(end - at), "Connection: %s\r\n", answer->close ? "close" : "keep-alive");
	at += snprintf(at, (size_t)(end - at), "\r\n");
	answer->own_length = (size_t)(at - answer->own);
}

static bool answer_takes_body(const struct http_request *request)
{
	return request->verb != HTTP_VERB_HEAD;
}

void http_answer_short(struct http_answer *answer, const struct http_request *request, const struct http_head *head,
		const char *body, size_t length)
{
	answer_put_head(answer, request, head, length, false);
	if (!answer_takes_body(request))
		return;
	memcpy(answer->own + answer->own_length, body, length);
	answer->own_length += length;
}

void http_answer_constant(struct http_answer *answer, const struct http_request *request, const struct http_head *head,
		const char *body, size_t length)
{
	answer_put_head(answer, request, head, length, false);
	if (!answer_takes_body(request))
		return;
	answer->more = body;
	answer->more_length = length;
}

void http_answer_shared(struct http_answer *answer, const struct http_request *request, const struct http_head *head,
		struct http_body *body)
{
	http_answer_part(answer, request, head, body, 0, body->length);
}

void http_answer_part(struct http_answer *answer, const struct http_request *request, const struct http_head *head,
		struct http_body *body, size_t offset, size_t length)
{
	http_answer_constant(answer, request, head, body->bytes + offset, length);
	if (answer_takes_body(request))
		answer->held = body_hold(body);
}

void http_answer_stream(struct http_answer *answer, const struct http_request *request, const char *first)
{
	/* nginx would collect the events of a while before it hands them on. */
	static const struct http_head head = {.status = 200,
			.type = "text/event-stream; charset=utf-8",
			.header = "X-Accel-Buffering",
			.value = "no"};
	answer_put_head(answer, request, &head, 0, true);
	answer->events = answer_takes_body(request);
	if (!answer->events)
		return;
	answer->more = first;
	answer->more_length = strlen(first);
}

void http_answer_event(struct http_answer *answer, struct http_body *body)
{
	*answer = (struct http_answer){.more = body->bytes, .more_length = body->length, .events = true};
	answer->held = body_hold(body);
}

void http_answer_beat(struct http_answer *answer, const char *constant)
{
	*answer = (struct http_answer){.more = constant, .more_length = strlen(constant), .events = true};
}

static void answer_put_problem(struct http_answer *answer, const struct http_request *request,
		const struct http_head *head, const char *detail, const char *members)
{
	char body[HTTP_ANSWER_BODY_MAX];
	int length = snprintf(body, sizeof(body),
			"{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"%s}\n",
			answer_phrase(head->status), head->status, detail, members);
	http_answer_short(answer, request, head, body, (size_t)length);
}

void http_answer_problem_with(struct http_answer *answer, const struct http_request *request, int status,
		const char *detail, const char *header, const char *value)
{
	const struct http_head head = {.status = status, .type = http_type_problem, .header = header, .value = value};
	answer_put_problem(answer, request, &head, detail, "");
}

void http_answer_problem_about(struct http_answer *answer, const struct http_request *request, int status,
		const char *detail, const char *members)
{
	const struct http_head head = {.status = status, .type = http_type_problem};
	answer_put_problem(answer, request, &head, detail, members);
}

void http_answer_problem(struct http_answer *answer, const struct http_request *request, int status, const char *detail)
{
	http_answer_problem_about(answer, request, status, detail, "");
}

int http_answer_send(struct http_answer *answer, int fd)
{
	size_t total = answer->own_length + answer->more_length;
	while (answer->sent < total) {
		size_t own = answer->sent < answer->own_length ? answer->own_length - answer->sent : 0;
		size_t more_sent = answer->sent > answer->own_length ? answer->sent - answer->own_length : 0;
		struct iovec parts[2] = {
				{answer->own + answer->own_length - own, own},
				{(void *)(uintptr_t)(answer->more + more_sent), answer->more_length - more_sent},
		};
		struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
		answer->sent += (size_t)sent;
	}
	return 1;
}

void http_answer_done(struct http_answer *answer)
{
	http_body_release(answer->held);
	answer->held = NULL;
	answer->more = "";
	answer->more_length = 0;
}
