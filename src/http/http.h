/*
 * The HTTP server: the page, the API and the health check, for a bounded number of clients.
 *
 * Loop thread only, nothing blocks. It knows no door: it asks the agent through struct http_agent. All of a request is
 * bounded: clients, request line, header bytes, body bytes, and one total deadline from the first byte to the last of
 * the answer; what a client can make the server do in one turn of the loop is bounded too. One address gets half
 * of the places at most, so that it alone cannot shut everybody out. The loopback has no such share, since a proxy there
 * stands for many clients. What a proxy says about its clients is not believed.
 *
 * Who may do what (docs/api.md has the table):
 * - A Host that is a name must be localhost, the host's own name (alone or with .local) or a configured one. Any
 *   address is accepted. The port does not matter. Any other Host is refused (DNS rebinding), also for /healthz.
 * - With a password everything except /healthz, the login page, the login and the logout asks for it: by Basic
 *   authentication, or for a session that a login has begun. /healthz says no more than that all is well, or the
 *   sentence of struct http_agent's healthy. A reload ends no session unless user name or password changes.
 * - Without a password, and if the server listens on an address that is not loopback, the page is read-only and
 *   commands are refused with 403, unless allow_anonymous_commands is set.
 * - With an ingress only that address is served, by any Host and without a password; see struct http_config.
 * - A POST that a browser sends for another site (Origin, Sec-Fetch-Site) is refused with 403.
 */
#ifndef PORTCULLIS_HTTP_HTTP_H
#define PORTCULLIS_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/language.h"
#include "base/log.h"
#include "base/loop.h"
#include "door/types.h"

#define HTTP_HOSTS_MAX 16
#define HTTP_FRAME_ANCESTORS_MAX 255
#define HTTP_ERROR_MAX 256
#define HTTP_PROBLEM_MAX 256 /* of struct http_node; longer ones are cut */

#define HTTP_CLIENTS_MAX 40         /* at a time (by TLS 4 MB); when all are taken, the idle and the slow make room */
#define HTTP_LISTENERS_MAX 32       /* of these, to events */
#define HTTP_CLIENTS_LOOPBACK 2     /* of these, kept for clients on the loopback: the health check gets through */
#define HTTP_CLIENTS_OF_ONE 20      /* of all clients, for one address (IPv6: one /64) that is not the loopback's */
#define HTTP_LISTENERS_OF_ONE 16    /* of all listeners, for one such address */
#define HTTP_TARGET_MAX 512         /* bytes of the request's target, else 414 */
#define HTTP_HEAD_MAX 8192          /* bytes of request line and headers, else 431 */
#define HTTP_BODY_MAX 1024          /* bytes of the body, however it is coded, else 413 */
#define HTTP_REQUEST_LIMIT_MS 10000 /* first byte of the request to last of the answer, else 408 or a cut */
#define HTTP_IDLE_LIMIT_MS 10000    /* between two requests of a connection: what comes later lay in the network */
#define HTTP_BEAT_MS 15000          /* a listener to events is sent something at least so often */
#define HTTP_PASSWORD_MAX 256       /* bytes of username and password together */
#define HTTP_STATUS_CLASSES 6
#define HTTP_MAC_BYTES 32

/* Strings are borrowed and must outlive the server. */
struct http_config {
	const char *address;               /* numeric, IPv4 or IPv6, without brackets */
	uint16_t port;                     /* 0: the kernel chooses; ask with http_port */
	const char *hosts[HTTP_HOSTS_MAX]; /* accepted names, besides addresses, localhost and the host's own */
	size_t host_count;
	const char *frame_ancestors; /* who may frame the page: "self", or as Content-Security-Policy has it; NULL: nobody */
	/*
	 * NULL: none. Otherwise the numeric address of a proxy that has asked its visitors who they are, as Home Assistant's
	 * Supervisor does. Only it is served, without a password and by any Host. Everybody else gets 403; this machine
	 * itself still gets /healthz. Then there is no username.
	 */
	const char *ingress;
	const char *host_name;  /* the host's own name, accepted as it is, as its first label, and as that + ".local" */
	enum language language; /* of the page */
	const char *username;   /* NULL: no password; with one, both are there */
	const char *password;
	/* NULL: password is plain. Otherwise password is a hash, which this function checks. It is called in a thread
	 * of the server and may take long. */
	bool (*password_right)(const char *hash, const char *password, size_t length);
	/*
	 * NULL: there is only HTTP's Basic authentication. Otherwise there is also the login page, and this function
	 * signs its cookies (HMAC-SHA-256 or as strong). False when memory is short. Must not block.
	 */
	bool (*sign)(const unsigned char key[static HTTP_MAC_BYTES], const void *data, size_t length,
			unsigned char mac[static HTTP_MAC_BYTES]);
	bool allow_anonymous_commands;
	/*
	 * NULL: plain HTTP. Otherwise a layer such as TLS: the function takes an accepted socket (for the health check a
	 * connected one), owns it from then on, also when it fails, and returns a plain, non-blocking one or -errno.
	 * Must not block.
	 */
	int (*secure)(void *user, int fd);
	void *secure_user;
	int64_t request_limit_ms; /* 0: HTTP_REQUEST_LIMIT_MS */
	int64_t idle_limit_ms;    /* 0: HTTP_IDLE_LIMIT_MS */
	int64_t beat_ms;          /* 0: HTTP_BEAT_MS */
};

#define HTTP_ALL_DOORS SIZE_MAX

/* What the page and the API show besides the doors. Strings are valid until the next call of the callback. */
struct http_node {
	const char *node;
	const char *version;
	const char *broker;       /* "connected", "connecting", "disconnected" */
	const char *broker_error; /* why it is not connected; "": nothing is wrong */
	int64_t uptime_ms;
	bool simulated;
	const char *history_problem; /* why the history is not on disk; "": nothing is wrong */
};

/* A line of a door, for the person who wires it. */
struct http_line {
	const char *key;  /* in the configuration: "relay", "closed_sensor" ...; constant */
	const char *name; /* the line's name on its chip, or "": use offset */
	unsigned offset;  /* if name is "" */
	bool relay;       /* it may be pulsed */
	bool known;       /* it could be read */
	bool high;        /* the level on the wire */
	bool active;      /* what the level means, as the line is configured */
};
#define HTTP_LINES_MAX 9 /* of one door */
#define HTTP_YAML_MAX 1536
#define HTTP_TRACE_MAX 2048

/* How a door is wired. */
struct http_wiring {
	struct http_line lines[HTTP_LINES_MAX]; /* key NULL after the last */
	char yaml[HTTP_YAML_MAX];               /* the door as the configuration should have it */
	int64_t now_ms;                         /* on the loop's clock */
	char trace[HTTP_TRACE_MAX];             /* the last changes of its lines, as observers/trace.h has them */
};

/*
 * What the server asks of the agent. The functions are called from the loop. They must not block and must not free the
 * server. asked_ms, on the loop's clock, is the earliest time at which the request can have been sent: when its
 * connection began, or when the answer before it was sent. A byte may have been on its way since then.
 */
struct http_agent {
	size_t (*doors)(void *user, struct door_view *views, size_t max); /* fills views, returns how many */
	void (*node)(void *user, struct http_node *node);
	/* door counts from 0 in the order of doors. */
	struct door_answer (*command)(void *user, size_t door, enum door_command command, int64_t asked_ms);
	/* The same for a move to a position, 1 to 99 %. */
	struct door_answer (*position)(void *user, size_t door, int percent, int64_t asked_ms);
	/* Returns true when healthy; a reason that is neither "" nor NULL then means degraded. False: reason says why. */
	bool (*healthy)(void *user, const char **reason);
	/* Copies at most max records of a door, or of HTTP_ALL_DOORS, the newest first, with numbers below before (0:
	   no bound). Returns how many. */
	size_t (*history)(void *user, size_t door, uint64_t before, struct door_record *records, size_t max);
	/* Does something to the simulator (wall_button ...): 0, -ENOENT (no such poke) or -ENOTSUP (real hardware). */
	int (*simulate)(void *user, size_t door, const char *poke);
	/* Fills in the wiring of a door, with the lines as they are now. wiring is all 0 before. */
	void (*wiring)(void *user, size_t door, struct http_wiring *wiring);
	/* Presses the relay with this key once, whatever is believed. 0, or -ENOENT: the door has no such relay, and
	   answer is not set. */
	int (*pulse)(void *user, size_t door, const char *relay, int64_t asked_ms, struct door_answer *answer);
	/* The doors of other agents; NULL: the configuration follows no peers. */
	const struct peers_view *(*peers)(void *user);
	/* A command for a peer's door; percent is read for DOOR_COMMAND_POSITION. 0: it is sent; -ENOENT: no such door;
	   -EHOSTUNREACH: the peer is offline, or its availability is unknown; -EPROTO: its last report could not be
	   read; -ESTALE: the command may be old, and was not sent; another: it could not be sent. */
	int (*peer_command)(void *user, const char *node, const char *door, enum door_command command, int percent,
			int64_t asked_ms);
	/* Writes the answer to GET /metrics into metrics_max bytes. Returns its length or -errno. */
	ssize_t (*metrics)(void *user, char *buffer, size_t size);
	size_t metrics_max;
	void *user;
};

struct http;

/*
 * Starts to listen. Returns 0, or -errno with a sentence in error. config and agent are copied; their strings are
 * borrowed. Freed with http_free.
 */
int http_new(struct loop *loop, const struct log *log, const struct http_config *config, const struct http_agent *agent,
		struct http **http, char error[static HTTP_ERROR_MAX]);
uint16_t http_port(const struct http *http);

struct http_status {
	uint64_t answers[HTTP_STATUS_CLASSES]; /* by the first digit of their status */
	uint64_t refused;                      /* clients for which there was no place; not in answers */
	size_t clients, listeners;             /* the listeners are clients, too */
};

void http_status(const struct http *http, struct http_status *status);

/*
 * Something that the agent's callbacks answer has changed. Listeners are sent the new state in the loop's next turn, once
 * for everything that changes until then. A listener that is too slow is sent the newest state when it takes more, and
 * nothing between. May be called from within the agent's callbacks; takes NULL.
 */
void http_changed(struct http *http);

/*
 * Goes on with another configuration: names, passwords, who may command, what lies on the wire. Address, port and limits
 * stay as they are. Open connections stay, too, except listeners where cut_listeners is set; and where TLS begins or ends
 * to lie on the wire, listeners and clients between two requests are cut off. Browsers connect again by themselves.
 * Must not be called while http_checking. 0, or -errno with a sentence in error and nothing changed.
 */
int http_reconfigure(struct http *http, const struct http_config *config, const struct http_agent *agent,
		bool cut_listeners, char error[static HTTP_ERROR_MAX]);
bool http_checking(const struct http *http); /* a thread checks a password: http_free would wait for it */
void http_free(struct http *http);           /* takes NULL; closes open connections */

/*
 * For --healthcheck, in a process of its own: asks the agent that listens as config says for GET /healthz (on loopback
 * if it listens on 0.0.0.0 or ::). Blocks for at most timeout_ms. Returns 0 when the answer is 200; -EHOSTDOWN when it
 * is another, with its text in error; or -errno with a sentence in error.
 */
int http_healthcheck(const struct http_config *config, int timeout_ms, char error[static HTTP_ERROR_MAX]);

#endif
