/* Everything waits in live, which serves the broker until a descriptor has something, or the time is over. */
#include "household.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"

#define ANSWER_MS 20000
#define NODE "year"

int portcullis_main(int argc, char *argv[]); /* src/main.c */

/* Whether fd has something before until_ms; -1: nothing is waited for. */
static bool live(struct household *household, int fd, int64_t until_ms)
{
	int64_t left_ms = until_ms - loop_now_ms();
	struct pollfd fds[BROKER_FDS + 1];
	broker_fds(&household->broker, fds);
	fds[BROKER_FDS] = (struct pollfd){.fd = fd, .events = POLLIN};
	poll(fds, BROKER_FDS + 1, left_ms > 0 ? (int)left_ms : 0);
	broker_ready(&household->broker, fds);
	return fds[BROKER_FDS].revents;
}

void household_sleep_until(struct household *household, int64_t at_ms)
{
	while (loop_now_ms() < at_ms)
		live(household, -1, at_ms);
}

bool household_await(struct household *household, size_t door, const char *state, int64_t limit_ms)
{
	int64_t until_ms = loop_now_ms() + limit_ms;
	while (strcmp(household->doors[door].state, state) != 0 && loop_now_ms() < until_ms)
		live(household, -1, until_ms);
	return strcmp(household->doors[door].state, state) == 0;
}

bool household_await_agent(struct household *household, const char *availability, int64_t limit_ms)
{
	int64_t until_ms = loop_now_ms() + limit_ms;
	while (strcmp(household->availability, availability) != 0 && loop_now_ms() < until_ms)
		live(household, -1, until_ms);
	return strcmp(household->availability, availability) == 0;
}

/* ---- What the broker hears ---- */

static bool says(const char *payload, const char *type)
{
	char text[64];
	snprintf(text, sizeof(text), "\"event_type\":\"%s\"", type);
	return strstr(payload, text);
}

static void hear_event(struct household_door *door, const char *payload)
{
	door->opened += says(payload, "opened");
	door->closed += says(payload, "closed");
	door->refused += says(payload, "command_rejected");
	door->cancelled += says(payload, "command_cancelled");
	door->faults += says(payload, "fault");
}

static void heard(void *user, const char *topic, const char *payload)
{
	struct household *household = user;
	char text[64];
	if (strcmp(topic, "portcullis/" NODE "/availability") == 0)
		snprintf(household->availability, sizeof(household->availability), "%s", payload);
	for (size_t i = 0; i < HOUSEHOLD_DOORS; i++) {
		struct household_door *door = &household->doors[i];
		snprintf(text, sizeof(text), "portcullis/" NODE "/%s/state", door->id);
		if (strcmp(topic, text) == 0)
			snprintf(door->state, sizeof(door->state), "%s", payload);
		snprintf(text, sizeof(text), "portcullis/" NODE "/%s/event", door->id);
		if (strcmp(topic, text) == 0)
			hear_event(door, payload);
	}
}

bool household_command(struct household *household, size_t door, const char *command)
{
	char topic[64];
	snprintf(topic, sizeof(topic), "portcullis/" NODE "/%s/set", household->doors[door].id);
	return broker_send(&household->broker, topic, command);
}

/* ---- The page ---- */

static int connect_page(const struct household *household)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
			.sin_port = htons(household->page_port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return tls_client_open(household->browser, fd, ANSWER_MS);
	close(fd);
	return -1;
}

int household_ask(struct household *household, const char *method, const char *path)
{
	char request[256], *body;
	size_t length = 0;
	int status = -1, fd = connect_page(household);
	int64_t until_ms = loop_now_ms() + ANSWER_MS;
	household->answer[0] = '\0';
	if (fd < 0)
		return -1;
	snprintf(request, sizeof(request),
			"%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
			method, path, household->page_port);
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request)) {
		close(fd);
		return -1;
	}
	while (loop_now_ms() < until_ms && length < sizeof(household->answer) - 1) {
		if (!live(household, fd, until_ms))
			continue;
		ssize_t got = recv(
				fd, household->answer + length, sizeof(household->answer) - 1 - length, MSG_DONTWAIT);
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	close(fd);
	household->answer[length] = '\0';
	if (strncmp(household->answer, "HTTP/1.1 ", 9) == 0 && (body = strstr(household->answer, "\r\n\r\n"))) {
		status = atoi(household->answer + 9);
		memmove(household->answer, body + 3, strlen(body + 3) + 1); /* with the newline before the body */
	}
	return status;
}

uint64_t household_figure(const struct household *household, const char *name)
{
	char line[160];
	snprintf(line, sizeof(line), "\n%s ", name);
	const char *at = strstr(household->answer, line);
	return at ? strtoull(at + strlen(line), NULL, 10) : UINT64_MAX;
}

/* ---- The agent ---- */

bool household_write_config(const struct household *household)
{
	char path[256], coming[256];
	snprintf(path, sizeof(path), "%s/portcullis.yaml", household->folder);
	snprintf(coming, sizeof(coming), "%s/portcullis.new", household->folder);
	FILE *file = fopen(coming, "w");
	if (!file)
		return false;
	fprintf(file,
			"node: " NODE "\n"
			"mqtt: {broker: 'mqtts://127.0.0.1:%u', tls: {ca_file: %s/ca.crt}}\n"
			"http: {listen: '127.0.0.1:%u', tls: {certificate_file: %s/page.crt, key_file: %s/page.key}}\n"
			"history: {directory: %s/history}\n"
			"gpio: {backend: simulated}\n"
			"log: {level: warning}\n"
			"doors:\n"
			"  - {id: left, name: Left %d, relay: GPIO2, closed_sensor: GPIO3, open_sensor: GPIO4, travel_time: 15s, left_open: 30m}\n"
			"  - {id: right, open_relay: GPIO5, close_relay: GPIO6, stop_relay: GPIO7, closed_sensor: GPIO8, travel_time: 12s}\n"
			"  - {id: gate, relay: GPIO9, closed_sensor: GPIO10, open_sensor: GPIO11, travel_time: 20s, auto_close: 5m, close_warning: {line: GPIO12, time: 5s}}\n",
			household->broker.port, household->folder, household->page_port, household->folder,
			household->folder, household->folder, household->version);
	return fclose(file) == 0 && rename(coming, path) == 0;
}

static void *agent_lives(void *user)
{
	const struct household *household = user;
	char path[256], name[] = "portcullis", option[] = "--config";
	snprintf(path, sizeof(path), "%s/portcullis.yaml", household->folder);
	char *words[] = {name, option, path, NULL};
	optind = 0;
	return portcullis_main(3, words) == 0 ? user : NULL;
}

bool household_start_agent(struct household *household)
{
	household->availability[0] = '\0';
	return pthread_create(&household->agent, NULL, agent_lives, household) == 0 &&
	       household_await_agent(household, "online", 30000);
}

/* The agent says offline, and ends some moments later. Waiting for its thread would not serve the broker. */
bool household_stop_agent(struct household *household)
{
	void *good = NULL;
	kill(getpid(), SIGTERM);
	bool said = household_await_agent(household, "offline", 10000);
	household_sleep_until(household, loop_now_ms() + 10000);
	return pthread_join(household->agent, &good) == 0 && good && said;
}

static char *in_folder(const struct household *household, const char *name, char path[static 256])
{
	snprintf(path, 256, "%s/%s", household->folder, name);
	return path;
}

bool household_begin(struct household *household, const char *folder)
{
	static const char *const ids[HOUSEHOLD_DOORS] = {"left", "right", "gate"};
	static const struct log log = {.level = LOG_WARNING};
	char ca[256], certificate[256], key[256], error[TLS_ERROR_MAX] = "";
	household->folder = folder;
	household->page_port = 8443;
	for (size_t i = 0; i < HOUSEHOLD_DOORS; i++)
		household->doors[i].id = ids[i];
	const struct tls_files server = {.certificate_file = in_folder(household, "broker.crt", certificate),
			.key_file = in_folder(household, "broker.key", key)};
	const struct tls_files browser = {.ca_file = in_folder(household, "ca.crt", ca)};
	household->broker = (struct broker){.port = 8883, .client = -1, .heard = heard, .user = household};
	if (tls_new(&log, &household->tls) < 0 ||
			tls_client_new(household->tls, NULL, &browser, "127.0.0.1", &household->browser) < 0)
		return false;
	household->broker.tls = household->tls;
	if (tls_server_new(household->tls, &server, &household->broker.server, error) < 0) {
		printf("# %s\n", error);
		return false;
	}
	return broker_begin(&household->broker) && household_write_config(household);
}

void household_end(struct household *household)
{
	broker_end(&household->broker);
	tls_stop(household->tls);
	tls_client_free(household->browser);
	tls_server_free(household->broker.server);
	tls_free(household->tls);
}
