/*
 * The HTTP server: the page, the API and the health check, for a bounded number of clients.
 *
 * Loop thread only, nothing blocks. It knows no door: it asks the agent through struct http_agent. All of a request is
 * bounded: clients, header bytes, body bytes, and one total deadline from the first byte to the last of the answer.
 */
#ifndef PORTCULLIS_HTTP_HTTP_H
#define PORTCULLIS_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/loop.h"
#include "door/types.h"

#define HTTP_HOSTS_MAX 16
#define HTTP_ERROR_MAX 256

/* Strings are borrowed and must outlive the server. */
struct http_config {
	const char *address;     /* numeric, IPv4 or IPv6 */
	uint16_t port;           /* 0: the kernel chooses; ask with http_port */
	const char *hosts[HTTP_HOSTS_MAX]; /* names it answers to besides addresses, localhost and the host's own */
	size_t host_count;
	const char *host_name;   /* the host's own name: it answers to it and to it + ".local" */
	const char *username;    /* NULL: no password */
	const char *password;
	bool allow_anonymous_commands;
};

/* What the page and the API show beside the doors. */
struct http_node {
	const char *node;
	const char *version;
	const char *broker;      /* "connected", "connecting", "disconnected" */
	const char *broker_error;/* "" when there is nothing to say */
	int64_t uptime_ms;
};

struct http_agent {
	size_t (*doors)(void *user, struct door_view *views, size_t max); /* fills views, returns how many */
	void (*node)(void *user, struct http_node *node);
	/* door counts from 0 in the order of doors. */
	enum door_result (*command)(void *user, size_t door, enum door_command command, enum door_reason *reason);
	/* True when healthy; else reason is a short sentence. */
	bool (*healthy)(void *user, const char **reason);
	/* A poke at the simulator (wall_button ...): 0, -ENOENT no such poke, -ENOTSUP real hardware. */
	int (*simulate)(void *user, size_t door, const char *poke);
	void *user;
};

struct http;

/* Listens at once. 0 or -errno, with a sentence in error. The agent's struct is copied. Freed with http_free. */
int http_new(struct loop *loop, const struct log *log, const struct http_config *config, const struct http_agent *agent,
		struct http **http, char error[static HTTP_ERROR_MAX]);
uint16_t http_port(const struct http *http);
void http_free(struct http *http); /* takes NULL; open connections are cut */

/*
 * What --healthcheck does, in a process of its own and blocking for at most timeout_ms: GET /healthz of the agent that
 * listens at this configuration. 0 when it answers 200; else -errno, or -EHOSTDOWN when it answers otherwise, with what it
 * said in error.
 */
int http_healthcheck(const struct http_config *config, int timeout_ms, char error[static HTTP_ERROR_MAX]);

#endif
