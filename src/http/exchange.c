/*
 * The answers that every route may give: a refusal, a body, the way to another page. A person's browser gets a page where a
 * script gets JSON, with the same status and the same headers.
 */
#include "http/exchange.h"

#include <stdio.h>
#include <string.h>

#include "http/language.h"

#define LOCATION_MAX (2 * DOOR_ID_MAX + 64)
#define ROOT_MAX 32

bool http_exchange_wants_page(const struct http_request *request)
{
	return strstr(request->accept, "text/html");
}

bool http_exchange_is_person(const struct http_request *request)
{
	return http_exchange_wants_page(request) && !strstr(request->accept, "json");
}

void http_exchange_refuse(const struct http_exchange *exchange, const struct http_refusal *refusal)
{
	const struct http_request *request = exchange->request;
	enum language language = refusal->saying ? exchange->language : LANGUAGE_STANDARD;
	struct http_body *body =
			http_exchange_is_person(request)
					? http_page_render_refusal(language, http_exchange_root(request), refusal)
					: NULL;
	if (body)
		http_answer_shared(exchange->answer, request,
				&(struct http_head){.status = refusal->status,
						.type = http_type_html,
						.language = http_language_tag(language),
						.header = refusal->header,
						.value = refusal->value,
						.policy = http_page_refusal_policy},
				body);
	else
		http_answer_problem_with(exchange->answer, request, refusal->status, refusal->detail, refusal->header,
				refusal->value);
	http_body_release(body);
}

void http_exchange_problem(const struct http_exchange *exchange, int status, const char *detail)
{
	http_exchange_refuse(exchange, &(struct http_refusal){.status = status, .detail = detail});
}

void http_exchange_answer(const struct http_exchange *exchange, const struct http_head *head, struct http_body *body)
{
	static const struct http_refusal no_memory = {
			.status = 503, .saying = HTTP_SAYING_NO_MEMORY, .detail = "The agent is short of memory."};
	if (body)
		http_answer_shared(exchange->answer, exchange->request, head, body);
	else
		http_exchange_refuse(exchange, &no_memory);
}

void http_exchange_body(const struct http_exchange *exchange, const char *type, struct http_body *body)
{
	http_exchange_answer(exchange, &(struct http_head){.status = 200, .type = type}, body);
}

void http_exchange_page(const struct http_exchange *exchange, struct http_body *body)
{
	http_exchange_answer(exchange,
			&(struct http_head){.status = 200,
					.type = http_type_html,
					.language = http_language_tag(exchange->language)},
			body);
}

const char *http_exchange_root(const struct http_request *request)
{
	static const char up[] = "../../../../../../../../";
	size_t depth = 0;
	for (const char *slash = strchr(request->path, '/'); slash && (slash = strchr(slash + 1, '/'));)
		depth++;
	if (depth == 0)
		return "./";
	/* No route is as deep as up leads: the root of the host then. */
	return depth * 3 < sizeof(up) ? up + sizeof(up) - 1 - depth * 3 : "/";
}

void http_exchange_see_other(const struct http_exchange *exchange, const char *location, const char *lines)
{
	char value[ROOT_MAX + LOCATION_MAX];
	snprintf(value, sizeof(value), "%s%s", http_exchange_root(exchange->request), location);
	http_answer_short(exchange->answer, exchange->request,
			&(struct http_head){.status = 303, .header = "Location", .value = value, .lines = lines}, "",
			0);
}

bool http_exchange_of_setup(const struct http_request *request)
{
	return strcmp(request->query, "setup") == 0 || strcmp(request->query, "setup=") == 0;
}

void http_exchange_see_door(const struct http_exchange *exchange, const char *id, const char *said)
{
	char location[LOCATION_MAX];
	const char *from = http_exchange_of_setup(exchange->request) ? "setup" : "";
	if (said)
		snprintf(location, sizeof(location), "%s?door=%s&said=%s#door-%s", from, id, said, id);
	else
		snprintf(location, sizeof(location), "%s#door-%s", from, id);
	http_exchange_see_other(exchange, location, NULL);
}

bool http_exchange_may_wire(const struct http_exchange *exchange)
{
	if (exchange->site->config.username || exchange->site->config.ingress || exchange->request->peer->loopback)
		return true;
	http_exchange_refuse(exchange,
			&(struct http_refusal){.status = 403,
					.saying = HTTP_SAYING_SETUP_LOCKED,
					.detail = "The Set-up view is for those who log in (http.username and password_file) and for the machine itself."});
	return false;
}
