/*
 * Who lives with the agent: starts it as a thread, is its broker, looks at its page, and knows what the doors truly did.
 * One thread, the main one. Every wait is of virtual time.
 */
#ifndef PORTCULLIS_TEST_HOUSEHOLD_H
#define PORTCULLIS_TEST_HOUSEHOLD_H

#include <pthread.h>

#include "broker.h"

#define HOUSEHOLD_DOORS 3
#define HOUSEHOLD_ANSWER_MAX 65536

enum { LEFT, RIGHT, GATE };

struct household_door {
	const char *id;
	char state[16];          /* as the broker heard it last */
	uint64_t opened, closed; /* events that the broker heard */
	uint64_t refused, cancelled, faults;
};

struct household {
	const char *folder;
	struct tls *tls;
	struct tls_client *browser;
	struct broker broker;
	uint16_t page_port;
	char availability[16];
	struct household_door doors[HOUSEHOLD_DOORS];
	pthread_t agent;
	int version; /* of the configuration: a part of a door's name */
	char answer[HOUSEHOLD_ANSWER_MAX];
};

/* In folder: ca.crt, broker.crt, broker.key, page.crt, page.key. */
bool household_begin(struct household *household, const char *folder);
void household_end(struct household *household);

bool household_start_agent(struct household *household); /* and waits until it is online */
bool household_stop_agent(struct household *household);  /* SIGTERM; whether it ended well */
bool household_write_config(const struct household *household);

void household_sleep_until(struct household *household, int64_t at_ms); /* of the loop's clock */
/* Until the broker has heard the state of a door, or of the agent. False: the time was over. */
bool household_await(struct household *household, size_t door, const char *state, int64_t limit_ms);
bool household_await_agent(struct household *household, const char *availability, int64_t limit_ms);

/* Asks the page by HTTPS. The status, or -1; the answer's body is in household->answer. */
int household_ask(struct household *household, const char *method, const char *path);

/* A figure of the last answer, which was /metrics. name: with its labels. UINT64_MAX: it is not there. */
uint64_t household_figure(const struct household *household, const char *name);

bool household_command(struct household *household, size_t door, const char *command); /* by MQTT */

#endif
