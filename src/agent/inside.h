/*
 * What the agent's own files share, and nobody else includes: the agent itself, and a face for each file. All of it is
 * called in the loop's thread.
 */
#ifndef PORTCULLIS_AGENT_INSIDE_H
#define PORTCULLIS_AGENT_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent.h"
#include "agent/secure.h"
#include "base/alive.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"
#include "documents/documents.h"
#include "documents/topics.h"
#include "door/door.h"
#include "gpio/gpio.h"
#include "history/history.h"
#include "http/http.h"
#include "metrics/metrics.h"
#include "mqtt/mqtt.h"

#define AGENT_HOST_NAME_MAX 64 /* HOST_NAME_MAX of Linux */
#define PAGE_TRY_MS 5000       /* so often a page that could not start is tried again */
#define PAGE_ERROR_MAX MQTT_ERROR_MAX
#define AGENT_ONLINE "online"
#define AGENT_DEAF "deaf" /* online, but the broker lets us hear no commands */
#define AGENT_OFFLINE "offline"

/* The lines of a door: what door_step drives, then what it hears. */
enum { SENSOR_LINES = DOOR_LINES, LINES_PER_DOOR = DOOR_LINES + DOOR_SENSORS };

struct agent_door {
	struct agent *agent;
	const struct config_door *config;
	struct door machine;
	struct loop_timer timer;
	int lines[LINES_PER_DOOR]; /* places in agent->lines; -1: not wired */
	int64_t last_changed_unix_ms;
	int64_t last_changed_ms;        /* 0: not since the start */
	struct history_change former;   /* the last change that a former run saw */
	enum door_source former_source; /* of it, while what the sensors say is still that */
	bool seen;                      /* the sensors have settled since the start */
	int64_t refused_logged_ms;
	uint64_t refused_unlogged;
	struct metrics_counts counts;
	bool line_failing;
	bool pulsing;               /* a relay is on */
	unsigned unsaid;            /* PUBLISH_: while the agent catches up */
	enum door_state said_state; /* before it did */
};

/* A reload: asked for, and then, where the connection to the broker is made anew, the former ending or ended. */
enum agent_reload { RELOAD_NONE, RELOAD_ASKED, RELOAD_LEAVING, RELOAD_LEFT };

struct agent {
	const struct config *config;
	const struct config *first_config; /* the caller's; each later one is the agent's */
	const struct config *mqtt_config;  /* whose strings MQTT's client and the topics borrow */
	const char *config_path;
	const struct log *log;
	struct log *own_log; /* the same */
	struct loop *loop;
	struct gpio *gpio;
	struct mqtt *mqtt;
	struct http *http;
	struct history *history;                   /* NULL: not running */
	char history_problem[HISTORY_PROBLEM_MAX]; /* as it was shown last */
	struct secure *secure;
	struct clock clock;
	bool clock_awaited;

	struct agent_door *doors;
	size_t door_count;
	struct gpio_line *lines;
	size_t line_count;
	struct { /* where a line belongs */
		uint8_t door, role;
	} owners[GPIO_LINES_MAX];
	char (*consumers)[DOOR_ID_MAX + 24];

	struct topic_base topics;
	char availability_topic[TOPIC_MAX + 1], status_topic[TOPIC_MAX + 1], every_state_topic[TOPIC_MAX + 1];
	char (*set_topics)[TOPIC_MAX + 1];
	struct mqtt_subscription subscriptions[MQTT_SUBSCRIPTIONS_MAX];
	size_t subscription_count;

	struct agent_peers *peers; /* peers.c's */

	struct loop_timer old_doors_timer, birth_timer, say_again_timer, contradict_timer, watchdog_timer, stall_timer,
			clock_timer;
	struct loop_timer reload_timer, page_timer;
	char page_error[PAGE_ERROR_MAX]; /* why there is no page yet, as it was logged */
	enum agent_reload reload;
	bool reload_again; /* asked for while one was under way */
	struct {           /* what the broker is to forget as we leave: what we told, and Home Assistant's devices */
		bool topics, discovery;
	} taking_back;
	bool terminal; /* the log goes to one */
	int64_t contradict_gap_ms, contradicted_ms;
	int64_t started_ms, started_unix_ms, watchdog_ms;
	bool catching_up; /* after a standstill: the past is heard first, and then the present is published once */
	struct loop_timer caught_up_timer;
	struct alive alive;
	int64_t stale_until_ms; /* commands may have waited while the agent stood still */
	int64_t echo_until_ms;  /* those of the broker: until it echoes what we said since, after all that waited */
	char document[DOCUMENT_MAX];
	char host_name[AGENT_HOST_NAME_MAX + 1], broker_error[MQTT_ERROR_MAX];
	bool stopping;
	int failure; /* what agent_run returns */
};

/* agent.c: its life. */

/* The doors and their lines, without touching anything: what every mode begins with. 0 or -errno. */
int agent_new(const struct config *config, const struct log *log, struct agent **out);
void agent_free(struct agent *agent); /* takes NULL */
void agent_begin_stop(struct agent *agent);

/* Has the agent stood still? Also asked before each command: its thread may have stopped in the middle of a turn. */
void agent_notice_stall(struct agent *agent);
/* From now on the loop looks by itself whether it stood still, more often while there is no connection. */
void agent_watch_stalls(struct agent *agent);

/* hardware.c: the lines, of a real chip or of the simulator. */

extern const char *const agent_role_names[LINES_PER_DOOR];
extern const char *const agent_line_meanings[LINES_PER_DOOR][2]; /* of a line that is off, and on */

size_t agent_count_lines(const struct config *config);
void agent_add_lines(struct agent *agent, size_t index); /* of the door at index */
int agent_start_gpio(struct agent *agent);               /* 0, or -errno, which has been logged */

/* doors.c: an input, the door's machine, and what follows from it. */

int agent_start_doors(struct agent *agent);                           /* 0, or -errno, which has been logged */
void agent_edge(void *user, size_t line, bool active, int64_t at_ms); /* gpio_handlers.edge */

/*
 * Has the machine hear what the sensors have said, and what they say now: of edges that come close together, as from a
 * contact that bounces, a Raspberry Pi's chip may lose one (github.com/raspberrypi/linux/pull/5457).
 */
void agent_catch_up(struct agent_door *door);

/* One input, and the actions that the machine asks for. result and reason are set when it answers; both may be NULL. */
void agent_step(struct agent_door *door, const struct door_input *input, enum door_result *result,
		enum door_reason *reason);

/*
 * For a door that has not changed since the start: what its sensors say then is no change, and since when it is so only a
 * former run can know.
 */
void agent_recall_change(struct agent_door *door);

/* Of the past: a command that comes now may have waited while the agent stood still. */
bool agent_may_have_waited(struct agent *agent, enum door_source source);

/*
 * A command from outside: carried out or refused, logged, counted, recorded and published. given_ms: by the loop's
 * clock, nobody gave it before that; what may be older than AGE_LIMIT_MS is refused.
 */
enum door_result agent_command(struct agent_door *door, enum door_command command, enum door_source source,
		int64_t given_ms, enum door_reason *reason);
/* A press of one relay, asked for in the Set-up view. */
enum door_result agent_pulse(struct agent_door *door, enum door_line relay, enum door_source source, int64_t given_ms,
		enum door_reason *reason);
/* The same for what was refused before it could be one. command is NULL when nobody knows it. */
void agent_refuse(struct agent_door *door, const enum door_command *command, enum door_source source,
		enum door_reason reason);

/* records.c: the history, and the clock that gives its times. */

/* When something happens, by both clocks. */
struct agent_moment {
	int64_t ms, unix_ms; /* unix_ms is 0 while the clock is not set */
};

int agent_start_history(struct agent *agent);    /* 0, or -errno, which has been logged */
void agent_start_clock(struct agent *agent);     /* looks from now on whether it has been set */
void agent_look_at_history(struct agent *agent); /* a directory that has come, or a problem: whoever shows it is told */
struct agent_moment agent_now(struct agent *agent);
void agent_record(struct agent_door *door, const struct door_record *what, const struct door_view *view,
		const struct agent_moment *at);
void agent_record_command(struct agent_door *door, const enum door_command *command, enum door_source source,
		enum door_result result, enum door_reason reason);
void agent_record_start(struct agent_door *door, const struct agent_moment *at); /* once the sensors have settled */

/* publish.c: what the broker is told. Without a connection nothing: all is published afresh on the next one. */

/* Which of a door's topics to publish. */
enum { PUBLISH_POSITION = 1, PUBLISH_STATE = 2, PUBLISH_ATTRIBUTES = 4, PUBLISH_ALL = 7 };

void agent_view_door(const struct agent_door *door, struct door_view *view);
bool agent_connected(const struct agent *agent);
void agent_publish_text(struct agent *agent, const char *topic, const char *payload); /* retained */
/* length is what a document_ function returned for agent->document. */
void agent_publish_document(struct agent *agent, const char *topic, ssize_t length, bool retained);
void agent_publish_door(struct agent_door *door, unsigned what);
void agent_publish_news(struct agent_door *door, enum door_news news, const struct door_view *view); /* an event */
void agent_publish_availability(struct agent *agent);
void agent_publish_everything(struct agent *agent);
/* From now on nothing of the doors' states is published until agent_publish_present: then what is so, once. */
void agent_hold_states(struct agent *agent);
void agent_publish_present(struct agent *agent);

/* length is what a document_ function returned for document. */
void agent_publish(struct agent *agent, const char *topic, const char *document, ssize_t length, bool retained);

/* broker.c: what the broker tells. */

bool agent_payload_is(const struct mqtt_message *message, const char *text);

/* Before mqtt_new. subscription.topic is borrowed. */
void agent_subscribe(struct agent *agent, struct mqtt_subscription subscription);

/* agent->mqtt is as before on failure: 0, or -errno, which has been logged. */
int agent_start_mqtt(struct agent *agent);
void agent_disconnected(void *user); /* mqtt_handlers.disconnected */
/* What the broker keeps of a door goes, of its topics and of its device. */
void agent_clear_door(struct agent *agent, const char *id, bool topics, bool discovery);

/* peers.c: NODE/doors for other agents, and theirs. */

/* Adds its subscriptions. 0; or -errno, and all is as before. The former connection and its topics are not used any
 * more. */
int agent_start_peers(struct agent *agent);
void agent_free_peers(struct agent *agent); /* after http and mqtt, before loop */
void agent_publish_doors(struct agent *agent);
void agent_clear_doors(struct agent *agent);                                       /* the broker is to forget them */
void agent_doors_changed(struct agent *agent);                                     /* publishes them soon */
void agent_peers_message(struct agent *agent, const struct mqtt_message *message); /* whatever is not our own */
void agent_peers_disconnected(struct agent *agent);
const struct peers_view *agent_peers_view(struct agent *agent); /* NULL: none are followed */
uint64_t agent_peers_refused(const struct agent *agent);        /* documents that were not understood */
/* 0: it is on its way; -ENOENT, -EHOSTUNREACH, -EPROTO as peers_command; -ESTALE: it may be old, and was not sent;
 * another: it could not be sent. */
int agent_peer_command(
		struct agent *agent, const char *node, const char *door, enum door_command command, int64_t asked_ms);

/* page.c: what the page and its routes ask. */

extern const char agent_damaged_hash[]; /* why agent_right_hash says no */

bool agent_right_hash(const struct config *config); /* the page's password is none, plain, or a whole hash */
void agent_configure_http(const struct config *config, struct http_config *http);
/*
 * Starts the page. Where that fails (its address is not there yet, its port is another's, its certificate cannot be
 * read) the agent goes on without it, says so once for each reason, and tries again. -EINVAL, which has been logged,
 * for a password that nobody can give.
 */
int agent_start_http(struct agent *agent);
/* With what secure_read_page has read: 0, or -errno, which has been logged, and nothing has changed. A page that is not
 * there yet is tried with the agent's configuration of then. */
int agent_reconfigure_http(struct agent *agent, const struct config *next, bool cut_listeners);

/* reload.c: another configuration while it runs. */

void agent_start_reload(struct agent *agent);
void agent_reload(struct agent *agent); /* SIGHUP */
/* At the end of a connection: where a reload was taking back former names, and the broker has not taken all of it. */
void agent_tell_kept(const struct agent *agent, bool whole);
/* Lets go of one; whoever holds it last frees it. */
void agent_drop_config(const struct agent *agent, const struct config **held);

#endif
