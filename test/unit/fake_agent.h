/*
 * The agent that the server asks, made of plain values: what it answers is set before a request, what it was asked is there
 * afterwards. It aborts when the server asks for what http.h rules out.
 *
 * The server's thread calls it. A test that runs in another thread holds the mutex while it uses the values.
 */
#ifndef PORTCULLIS_TEST_FAKE_AGENT_H
#define PORTCULLIS_TEST_FAKE_AGENT_H

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "http/http.h"
#include "views.h"

struct fake_agent {
	pthread_mutex_t mutex;

	/* What it answers. */
	struct door_view doors[DOORS_MAX];
	size_t door_count;
	const char *broker;
	const char *sick; /* NULL: healthy */
	uint64_t history_count;
	struct door_answer answer; /* of each command and pulse */
	int error;                 /* of each pulse, poke and command for a peer: 0 or -errno */
	bool follows;
	struct peers_view peers; /* when it follows any */

	/* What it was asked. */
	int commands, pokes, scrapes, histories;
	size_t last_door;
	enum door_command last_command;
	int last_percent; /* of a position */
	int64_t last_asked_ms;
	char last_poke[128]; /* or NODE/DOOR of a command for a peer */
};

static inline void fake_check(bool good)
{
	if (!good)
		abort();
}

static size_t fake_doors(void *user, struct door_view *views, size_t max)
{
	struct fake_agent *agent = user;
	pthread_mutex_lock(&agent->mutex);
	fake_check(max >= agent->door_count);
	size_t count = agent->door_count;
	memcpy(views, agent->doors, count * sizeof(views[0]));
	pthread_mutex_unlock(&agent->mutex);
	return count;
}

static void fake_node(void *user, struct http_node *node)
{
	struct fake_agent *agent = user;
	pthread_mutex_lock(&agent->mutex);
	*node = (struct http_node){.node = "garage",
			.version = "1.2.3",
			.broker = agent->broker,
			.broker_error = "",
			.history_problem = "",
			.uptime_ms = 1000};
	pthread_mutex_unlock(&agent->mutex);
}

/* Notes a command for a door of its own, and answers it. */
static struct door_answer fake_answer(
		struct fake_agent *agent, size_t door, enum door_command command, int64_t asked_ms)
{
	fake_check(asked_ms <= loop_now_ms());
	pthread_mutex_lock(&agent->mutex);
	fake_check(door < agent->door_count);
	agent->commands++;
	agent->last_door = door;
	agent->last_command = command;
	agent->last_asked_ms = asked_ms;
	struct door_answer answer = agent->answer;
	pthread_mutex_unlock(&agent->mutex);
	return answer;
}

static struct door_answer fake_command(void *user, size_t door, enum door_command command, int64_t asked_ms)
{
	fake_check(command <= DOOR_COMMAND_TOGGLE);
	return fake_answer(user, door, command, asked_ms);
}

static struct door_answer fake_position(void *user, size_t door, int percent, int64_t asked_ms)
{
	struct fake_agent *agent = user;
	fake_check(percent >= 1 && percent <= 99);
	agent->last_percent = percent;
	return fake_answer(agent, door, DOOR_COMMAND_POSITION, asked_ms);
}

static int fake_pulse(void *user, size_t door, const char *relay, int64_t asked_ms, struct door_answer *answer)
{
	struct fake_agent *agent = user;
	if (strcmp(relay, "relay") != 0)
		return -ENOENT;
	*answer = fake_answer(agent, door, DOOR_COMMAND_PULSE, asked_ms);
	return agent->error;
}

static bool fake_healthy(void *user, const char **reason)
{
	struct fake_agent *agent = user;
	pthread_mutex_lock(&agent->mutex);
	*reason = agent->sick;
	pthread_mutex_unlock(&agent->mutex);
	return !*reason;
}

static void fake_wiring(void *user, size_t door, struct http_wiring *wiring)
{
	const struct fake_agent *agent = user;
	fake_check(door < agent->door_count);
	struct http_line *lines = wiring->lines;
	lines[0] = (struct http_line){.key = "relay", .name = "GPIO17", .relay = true, .known = true};
	lines[1] = (struct http_line){.key = "closed_sensor", .name = "", .offset = 23, .known = true, .active = true};
	snprintf(wiring->yaml, sizeof(wiring->yaml), "- id: left\n  name: \"<A&B>\"\n");
}

/* history_count events, of the first two doors by turns. */
static size_t fake_history(void *user, size_t door, uint64_t before, struct door_record *records, size_t max)
{
	struct fake_agent *agent = user;
	size_t count = 0;
	fake_check(door < agent->door_count || door == HTTP_ALL_DOORS);
	agent->histories++;
	for (uint64_t number = agent->history_count; number > 0; number--) {
		if ((before > 0 && number >= before) || (door != HTTP_ALL_DOORS && door != number % 2) || count == max)
			continue;
		records[count++] = (struct door_record){.number = number,
				.door = number % 2,
				.command = -1,
				.news = DOOR_NEWS_OPENED,
				.state = DOOR_OPEN,
				.count = 1};
	}
	return count;
}

static int fake_simulate(void *user, size_t door, const char *poke)
{
	struct fake_agent *agent = user;
	pthread_mutex_lock(&agent->mutex);
	fake_check(door < agent->door_count);
	agent->pokes++;
	agent->last_door = door;
	snprintf(agent->last_poke, sizeof(agent->last_poke), "%s", poke);
	int error = agent->error;
	pthread_mutex_unlock(&agent->mutex);
	return error;
}

static const struct peers_view *fake_peers(void *user)
{
	const struct fake_agent *agent = user;
	return agent->follows ? &agent->peers : NULL;
}

static int fake_peer_command(void *user, const char *node, const char *door, enum door_command command, int percent,
		int64_t asked_ms)
{
	struct fake_agent *agent = user;
	fake_check(*node && strlen(node) <= PEER_NODE_MAX && !strchr(node, '/'));
	fake_check(*door && strlen(door) <= DOOR_ID_MAX && !strchr(door, '/'));
	fake_check(command == DOOR_COMMAND_POSITION ? percent > 0 && percent < 100 : command <= DOOR_COMMAND_TOGGLE);
	fake_check(asked_ms <= loop_now_ms());
	pthread_mutex_lock(&agent->mutex);
	agent->commands++;
	agent->last_command = command;
	agent->last_percent = percent;
	agent->last_asked_ms = asked_ms;
	snprintf(agent->last_poke, sizeof(agent->last_poke), "%s/%s", node, door);
	int error = agent->error;
	pthread_mutex_unlock(&agent->mutex);
	return error;
}

/* As many bytes as there is room for, another letter each time. */
static ssize_t fake_metrics(void *user, char *buffer, size_t size)
{
	struct fake_agent *agent = user;
	memset(buffer, 'a' + agent->scrapes++, size);
	return (ssize_t)size;
}

/* Two closed doors, left and right, and more of them for who raises door_count. */
static inline void fake_agent_init(struct fake_agent *agent)
{
	*agent = (struct fake_agent){.mutex = PTHREAD_MUTEX_INITIALIZER,
			.broker = "connected",
			.door_count = 2,
			.history_count = 15};
	for (size_t i = 0; i < DOORS_MAX; i++)
		agent->doors[i] = (struct door_view){VIEW_CLOSED(i == 0   ? "left"
								 : i == 1 ? "right"
									  : "more",
				"A door")};
}

/* What http_new takes. agent must live as long as the server. */
static inline struct http_agent fake_agent_face(struct fake_agent *agent, size_t metrics_max)
{
	return (struct http_agent){.doors = fake_doors,
			.node = fake_node,
			.command = fake_command,
			.position = fake_position,
			.healthy = fake_healthy,
			.history = fake_history,
			.simulate = fake_simulate,
			.peers = fake_peers,
			.peer_command = fake_peer_command,
			.wiring = fake_wiring,
			.pulse = fake_pulse,
			.metrics = fake_metrics,
			.metrics_max = metrics_max,
			.user = agent};
}

#endif
