/*
 * The table of routes, and the questions that stand before each of them, in this order: does it come by the ingress, where
 * there is one; does it name this host; may it come in; is there such a route, for this method; does a command come from
 * our own page; are commands taken at all.
 */
#include "http/site.h"

#include <string.h>

#include "base/loop.h"
#include "http/access.h"
#include "http/api.h"
#include "http/assets.h"
#include "http/guard.h"
#include "http/language.h"
#include "http/views.h"

#define REFUSAL_LOG_MS 60000 /* one line for all that is refused in this time */

struct route {
	const char *path; /* ends with a slash: the rest is the handler's */
	bool post;        /* else GET and HEAD */
	bool open;        /* needs no password */
	void (*handle)(const struct http_exchange *exchange, const char *rest);
};

static const struct route routes[] = {
		{"/", .handle = http_get_page},
		{"/setup", .handle = http_get_setup},
		{"/learn", .handle = http_get_learn},
		{"/manifest.webmanifest", .handle = http_get_manifest},
		{"/metrics", .handle = http_get_metrics},
		{"/healthz", .open = true, .handle = http_get_health},
		{"/login", .open = true, .handle = http_get_login},
		{"/api/login", .post = true, .open = true, .handle = http_post_login},
		{"/api/logout", .post = true, .open = true, .handle = http_post_logout},
		{"/api/doors", .handle = http_get_doors},
		{"/api/history", .handle = http_get_history},
		{"/api/events", .handle = http_get_events},
		{"/api/doors/", .post = true, .handle = http_post_command},
		{"/api/lockout/", .post = true, .handle = http_post_lockout},
		{"/api/setup/", .post = true, .handle = http_post_pulse},
		{"/api/simulator/", .post = true, .handle = http_post_poke},
		{"/api/peers", .handle = http_get_peers},
		{"/api/peers/", .post = true, .handle = http_post_peer_command},
};

static const struct http_refusal
		only_ingress = {403, HTTP_SAYING_ONLY_INGRESS, "Only the address of http.ingress is served here.", NULL,
				NULL},
		wrong_host = {421, HTTP_SAYING_WRONG_HOST,
				"This server does not know that name as its own. If it is, add it to http.hosts.", NULL,
				NULL},
		nothing_here = {404, HTTP_SAYING_NOTHING_HERE, "There is nothing at this address.", NULL, NULL},
		post_only = {405, HTTP_SAYING_NONE, "This address takes other methods.", "Allow", "POST"},
		get_only = {405, HTTP_SAYING_NONE, "This address takes other methods.", "Allow", "GET, HEAD"},
		other_site = {403, HTTP_SAYING_OTHER_SITE, "Commands from the pages of other sites are refused.", NULL,
				NULL},
		read_only = {403, HTTP_SAYING_READ_ONLY,
				"Read-only: no password is set and others can reach this address. Set http.username and password_file, or allow_anonymous_commands.",
				NULL, NULL};

static const struct route asset_route = {.handle = http_get_asset};

static const struct route *route_find(const char *path, const char **rest)
{
	for (const struct route *route = routes; route < routes + sizeof(routes) / sizeof(routes[0]); route++) {
		size_t length = strlen(route->path);
		bool prefix = length > 1 && route->path[length - 1] == '/';
		if (prefix ? strncmp(path, route->path, length) == 0 : strcmp(path, route->path) == 0) {
			*rest = path + length;
			return route;
		}
	}
	*rest = path;
	return http_is_asset(path) ? &asset_route : NULL;
}

static void route_log_refusal(struct http_site *site, const char *what, const char *who)
{
	int64_t now_ms = loop_now_ms();
	site->refusals++;
	if (site->refusal_logged_ms && now_ms - site->refusal_logged_ms < REFUSAL_LOG_MS)
		return;
	log_warning(site->log, "HTTP: refused %s \"%.80s\" (%u refused so far)", what, who, site->refusals);
	site->refusal_logged_ms = now_ms;
}

/* Whether an ingress is configured and the request does not come from it. The machine itself may ask for its health. */
static bool route_passes_by(const struct http_exchange *exchange, const struct route *route)
{
	const struct http_peer *peer = exchange->request->peer;
	if (!exchange->site->config.ingress || strcmp(peer->text, exchange->site->ingress.text) == 0)
		return false;
	return !(peer->loopback && route && route->handle == http_get_health);
}

bool http_site_answer(struct http_site *site, const struct http_request *request, struct http_answer *answer)
{
	const char *rest = "";
	bool checking = false;
	const struct http_exchange exchange = {.site = site,
			.request = request,
			.answer = answer,
			.language = site->config.language ? site->config.language
							  : http_language_choose(request->accept_language),
			.session = http_site_in_session(site, &request->cookies),
			.checking = &checking};
	const struct route *route = route_find(request->path, &rest);
	bool post = request->verb == HTTP_VERB_POST;
	bool get = request->verb == HTTP_VERB_GET || request->verb == HTTP_VERB_HEAD;
	bool ingress = site->config.ingress; /* has asked who it is; its visitors cannot be led here by a name */
	if (exchange.session)
		http_gate_remember(site->gate, request->peer);
	if (route_passes_by(&exchange, route)) {
		route_log_refusal(site, "a client that does not come by the ingress,", request->peer->text);
		http_exchange_refuse(&exchange, &only_ingress);
	} else if (!ingress && /* HTTP/1.0 may come without a Host, and no browser that could be led astray sends it so */
			!(request->old && !*request->host) && !http_guard_host(&site->config, request->host)) {
		route_log_refusal(site, "host", request->host);
		http_exchange_refuse(&exchange, &wrong_host);
	} else if (!(route && route->open) && !http_exchange_let_in(&exchange)) {
		return !checking;
	} else if (!route) {
		http_exchange_refuse(&exchange, &nothing_here);
	} else if (route->post ? !post : !get) {
		http_exchange_refuse(&exchange, route->post ? &post_only : &get_only);
	} else if (post && !http_guard_origin(request->origin, request->fetch_site, request->host)) {
		route_log_refusal(site, "a command from the page of another site,", request->origin);
		http_exchange_refuse(&exchange, &other_site);
	} else if (post && site->read_only) {
		http_exchange_refuse(&exchange, &read_only);
	} else {
		route->handle(&exchange, rest);
	}
	return !checking;
}
