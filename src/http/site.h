/*
 * From a request to its answer: the routes, and who may take them (routes.c). It has no descriptor, and asks the agent.
 */
#ifndef PORTCULLIS_HTTP_SITE_H
#define PORTCULLIS_HTTP_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/answer.h"
#include "http/http.h"
#include "http/reader.h"
#include "http/session.h"

struct http_site;

/*
 * sessions is borrowed and outlives the site. checked is called from the loop when requests that wait for it are to be
 * asked again. 0 or -errno with a sentence in error. Freed with http_site_free, which takes NULL.
 */
int http_site_new(struct loop *loop, const struct log *log, const struct http_config *config,
		const struct http_agent *agent, struct http_sessions *sessions, void (*checked)(void *user), void *user,
		struct http_site **site, char error[static HTTP_ERROR_MAX]);
void http_site_free(struct http_site *site);
bool http_site_checking(const struct http_site *site); /* a password: http_site_free would wait */
bool http_site_read_only(const struct http_site *site);
const char *http_site_frame_ancestors(const struct http_site *site); /* of its configuration */

/* Leaves a whole answer, or false: the password is being checked. The request must have its peer. */
bool http_site_answer(struct http_site *site, const struct http_request *request, struct http_answer *answer);

/*
 * What listeners to events are told. http_site_look asks the agent and counts how often something was new, from 1 on.
 * http_site_events is what to send: borrowed until the next look, NULL when memory is short.
 */
uint64_t http_site_look(struct http_site *site);
struct http_body *http_site_events(struct http_site *site);

#endif
