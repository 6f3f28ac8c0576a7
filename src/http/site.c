/*
 * A site is what the routes share: the configuration, the agent, the gate, what is known now, and the pages that are sent
 * again. It is made anew with each configuration; routes.c answers.
 */
#include "http/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/net.h"
#include "http/exchange.h"

uint64_t http_site_look(struct http_site *site)
{
	return http_live_look(&site->live);
}

struct http_body *http_site_events(struct http_site *site)
{
	return http_live_events(&site->live);
}

bool http_site_checking(const struct http_site *site)
{
	return http_gate_checking(site->gate);
}

bool http_site_read_only(const struct http_site *site)
{
	return site->read_only;
}

const char *http_site_frame_ancestors(const struct http_site *site)
{
	return site->config.frame_ancestors;
}

int http_site_new(struct loop *loop, const struct log *log, const struct http_config *config,
		const struct http_agent *agent, struct http_sessions *sessions, void (*checked)(void *user), void *user,
		struct http_site **out, char error[static HTTP_ERROR_MAX])
{
	struct sockaddr_storage address, ingress;
	if (!net_address(config->address, config->port, &address)) {
		snprintf(error, HTTP_ERROR_MAX, "%s is no address to listen on", config->address);
		return -EINVAL;
	}
	if (config->ingress && !net_address(config->ingress, 0, &ingress)) {
		snprintf(error, HTTP_ERROR_MAX, "%s is no address of an ingress", config->ingress);
		return -EINVAL;
	}
	struct http_site *site = calloc(1, sizeof(*site));
	if (!site) {
		snprintf(error, HTTP_ERROR_MAX, "out of memory");
		return -ENOMEM;
	}
	site->log = log;
	site->config = *config;
	site->agent = *agent;
	site->sessions = sessions;
	if (config->ingress)
		http_guard_peer((const struct sockaddr *)&ingress, &site->ingress);
	site->setup = config->username || config->ingress || net_is_loopback((const struct sockaddr *)&address);
	site->read_only = !site->setup && !config->allow_anonymous_commands;
	http_live_init(&site->live, log, &site->agent);
	int result = http_gate_new(loop, log, config, checked, user, &site->gate, error);
	if (result < 0) {
		http_site_free(site);
		return result;
	}
	*out = site;
	return 0;
}

void http_site_free(struct http_site *site)
{
	if (!site)
		return;
	for (struct http_cached_page *cached = site->pages; cached < site->pages + HTTP_CACHED_PAGES; cached++)
		http_body_release(cached->body);
	http_live_free(&site->live);
	http_body_release(site->metrics);
	http_gate_free(site->gate);
	free(site);
}
