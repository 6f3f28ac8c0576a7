/*
 * The HTTP server: the page, the API and the health check, for a bounded number of clients.
 *
 * Loop thread only, nothing blocks. It knows no door: it asks the agent through struct http_agent. All of a request is
 * bounded: clients, request line, header bytes, body bytes, and one total deadline from the first byte to the last of
 * the answer; what a client can make the server do in one turn of the loop is bounded too. One address gets half
 * of the places at most, so that it alone cannot shut everybody out; but for the loopback, where a proxy stands for
 * many, and whose word on whom it stands for is not taken.
 *
 * Who may do what (docs/api.md has the table):
 * - A Host that is a name must be localhost, the host's own name (alone or with .local) or one of the configured; any
 *   address will do. Ports do not count. Anything else is refused (DNS rebinding), /healthz included.
 * - With a password everything except /healthz and the login page asks for it: by Basic authentication, or for a session
 *   that the login page has begun. /healthz says no more than that all is well, or the sentence of struct http_agent's
 *   healthy. A reload ends no session unless user name or password changes.
 * - Without a password, commands are refused with 403 and the page is read-only where the server listens on an address
 *   that is not loopback, unless allow_anonymous_commands is set. What counts is the address that it listens on.
 * - A POST that a browser sends for another site (Origin, Sec-Fetch-Site) is refused with 403.
 */
#ifndef PORTCULLIS_HTTP_HTTP_H
#define PORTCULLIS_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"
#include "base/loop.h"
#include "door/types.h"

#define HTTP_HOSTS_MAX 16
#define HTTP_ERROR_MAX 256
#define HTTP_PROBLEM_MAX 256 /* of struct http_node; longer ones are cut */

#define HTTP_CLIENTS_MAX 64         /* at a time; when all are taken, the idle and the slow make room */
#define HTTP_LISTENERS_MAX 32       /* of these, to events */
#define HTTP_CLIENTS_LOOPBACK 2     /* of these, kept for clients on the loopback: the health check gets through */
#define HTTP_CLIENTS_OF_ONE 32      /* of all clients, for one address (IPv6: one /64) that is not the loopback's */
#define HTTP_LISTENERS_OF_ONE 16    /* of all listeners, the same */
#define HTTP_TARGET_MAX 512         /* bytes of the request's target, else 414 */
#define HTTP_HEAD_MAX 8192          /* bytes of request line and headers, else 431 */
#define HTTP_BODY_MAX 1024          /* bytes of the body, however it is coded, else 413 */
#define HTTP_REQUEST_LIMIT_MS 10000 /* first byte of the request to last of the answer, else 408 or a cut */
#define HTTP_IDLE_LIMIT_MS 10000    /* between two requests of a connection: what comes later lay in the network */
#define HTTP_BEAT_MS 15000          /* a listener to events is told something at least so often */
#define HTTP_PASSWORD_MAX 256       /* bytes of username and password together */
#define HTTP_STATUS_CLASSES 6
#define HTTP_MAC_BYTES 32

/* Strings are borrowed and must outlive the server. */
struct http_config {
	const char *address;               /* numeric, IPv4 or IPv6, without brackets */
	uint16_t port;                     /* 0: the kernel chooses; ask with http_port */
	const char *hosts[HTTP_HOSTS_MAX]; /* names it answers to besides addresses, localhost and the host's own */
	size_t host_count;
	const char *host_name; /* the host's own name: it answers to it, and to its first label + ".local" */
	const char *username;  /* NULL: no password; with one, both are there */
	const char *password;
	/* NULL: password is plain. Else it is a hash that this checks, in a thread of the server's: it may take its
	 * time. */
	bool (*password_right)(const char *hash, const char *password, size_t length);
	/*
	 * NULL: people log in by HTTP's Basic authentication alone. Else the login page is there, and this signs its
	 * cookies (HMAC-SHA-256 or as strong); false when memory is short. Does not block.
	 */
	bool (*sign)(const unsigned char key[static HTTP_MAC_BYTES], const void *data, size_t length,
			unsigned char mac[static HTTP_MAC_BYTES]);
	bool allow_anonymous_commands;
	/*
	 * NULL: HTTP on the wire. Else what lies between, such as TLS: it takes an accepted socket (of the health
	 * check: a connected one), which is its own from then on, and returns a plain, non-blocking one, or -errno.
	 * Does not block.
	 */
	int (*secure)(void *user, int fd);
	void *secure_user;
	int64_t request_limit_ms; /* 0: HTTP_REQUEST_LIMIT_MS */
	int64_t idle_limit_ms;    /* 0: HTTP_IDLE_LIMIT_MS */
	int64_t beat_ms;          /* 0: HTTP_BEAT_MS */
};

#define HTTP_ALL_DOORS SIZE_MAX

/* What the page and the API show beside the doors. Strings live until the callback's next call. */
struct http_node {
	const char *node;
	const char *version;
	const char *broker;       /* "connected", "connecting", "disconnected" */
	const char *broker_error; /* "" when there is nothing to say */
	int64_t uptime_ms;
	bool simulated;
	const char *history_problem; /* why the history is not on disk; "" when there is nothing to say */
};

/* A line of a door, for who wires it. */
struct http_line {
	const char *role; /* "relay", "closed sensor" ...; constant; its key in the configuration is the same, with _ */
	const char *name; /* of the line on its chip, or "" */
	unsigned offset;  /* where name is "" */
	bool relay;       /* it may be pulsed */
	bool known;       /* it could be read */
	bool high;        /* the level on the wire */
	const char *meaning; /* of it: "The door is closed." ...; constant */
};
#define HTTP_LINES_MAX 8 /* of one door */
#define HTTP_YAML_MAX 1536

/* How a door is wired. */
struct http_wiring {
	struct http_line lines[HTTP_LINES_MAX]; /* role NULL after the last */
	char yaml[HTTP_YAML_MAX];               /* the door as the configuration should have it */
};

/*
 * Called from the loop, between two packets of a client: they must not block, nor free the server. asked_ms is when
 * the request began that asks for a command, by the loop's clock.
 */
struct http_agent {
	size_t (*doors)(void *user, struct door_view *views, size_t max); /* fills views, returns how many */
	void (*node)(void *user, struct http_node *node);
	/* door counts from 0 in the order of doors. */
	enum door_result (*command)(
			void *user, size_t door, enum door_command command, int64_t asked_ms, enum door_reason *reason);
	/* True when healthy; else reason is a short sentence. True with a reason that is not "" or NULL: degraded. */
	bool (*healthy)(void *user, const char **reason);
	/* What happened to a door, or to HTTP_ALL_DOORS: the newest first, with numbers below before (0: from the
	   newest on). Returns how many. */
	size_t (*history)(void *user, size_t door, uint64_t before, struct door_record *records, size_t max);
	/* A poke at the simulator (wall_button ...): 0, -ENOENT no such poke, -ENOTSUP real hardware. */
	int (*simulate)(void *user, size_t door, const char *poke);
	/* The wiring of a door, with the lines as they are now. It is all 0 before. */
	void (*wiring)(void *user, size_t door, struct http_wiring *wiring);
	/* Presses the relay with this key once, whatever is believed of the door: 0, or -ENOENT: it has none such. */
	int (*pulse)(void *user, size_t door, const char *relay, int64_t asked_ms, enum door_result *result,
			enum door_reason *reason);
	/* Other agents; NULL: none are followed. */
	const struct peers_view *(*peers)(void *user);
	/* A command for a peer's door: 0 when it is on its way; -ENOENT no such door; -EHOSTUNREACH the peer is not
	   there, or nobody knows; -EPROTO it is not understood; another: it could not be sent. */
	int (*peer_command)(
			void *user, const char *node, const char *door, enum door_command command, int64_t asked_ms);
	/* What GET /metrics answers, into metrics_max bytes: its length, or -errno. */
	ssize_t (*metrics)(void *user, char *buffer, size_t size);
	size_t metrics_max;
	void *user;
};

struct http;

/*
 * Listens at once. 0 or -errno, with a sentence in error. Configuration and agent are copied, the strings are not.
 * Freed with http_free.
 */
int http_new(struct loop *loop, const struct log *log, const struct http_config *config, const struct http_agent *agent,
		struct http **http, char error[static HTTP_ERROR_MAX]);
uint16_t http_port(const struct http *http);

struct http_status {
	uint64_t answers[HTTP_STATUS_CLASSES]; /* by the first digit of their status */
	uint64_t refused;                      /* clients for whom there was no room; not in answers */
	size_t clients, listeners;             /* the listeners are clients, too */
};

void http_status(const struct http *http, struct http_status *status);

/*
 * Something that the agent's callbacks tell is another: listeners hear of it in the loop's next turn, once for all that
 * changes until then. A listener that is too slow is told the newest state when it takes more, and nothing between. May
 * be called from within the agent's callbacks; takes NULL.
 */
void http_changed(struct http *http);

/*
 * Goes on with another configuration: names, passwords, who may command, what lies on the wire. Address, port and
 * limits stay as they are, and so do open connections; those who listen are cut off when that is asked for, and come
 * again with what they know. Where there is TLS now and was none, or the other way round, idle clients and listeners
 * are cut off, too. Not while http_checking. 0, or -errno with a sentence in error and nothing changed.
 */
int http_reconfigure(struct http *http, const struct http_config *config, const struct http_agent *agent,
		bool cut_listeners, char error[static HTTP_ERROR_MAX]);
bool http_checking(const struct http *http); /* a thread checks a password */
void http_free(struct http *http);           /* takes NULL; open connections are cut */

/*
 * What --healthcheck does, in a process of its own and blocking for at most timeout_ms: GET /healthz of the agent that
 * listens at this configuration (0.0.0.0 and :: are asked on the loopback). 0 when it answers 200; else -errno, or
 * -EHOSTDOWN when it answers otherwise, with what it said in error.
 */
int http_healthcheck(const struct http_config *config, int timeout_ms, char error[static HTTP_ERROR_MAX]);

#endif
