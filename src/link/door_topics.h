/*
 * What the broker keeps and hears of each door: its state, position, attributes and lock-out (retained), its events, and its
 * device in Home Assistant. Loop thread only.
 */
#ifndef PORTCULLIS_LINK_DOOR_TOPICS_H
#define PORTCULLIS_LINK_DOOR_TOPICS_H

#include <stdbool.h>
#include <stddef.h>

#include "documents/documents.h"
#include "garage/garage.h"
#include "link/publisher.h"

enum door_topics_lockout { DOOR_TOPICS_UNSAID, DOOR_TOPICS_OFF, DOOR_TOPICS_ON };

/* The members belong to door_topics.c. */
struct door_topics {
	const struct garage *garage;
	const struct publisher *publisher;
	const struct topic_base *topics;
	bool held; /* after a standstill: what is heard is of the past */
	struct {
		unsigned unsaid; /* GARAGE_POSITION ...: what has changed while held, and the broker has not been told */
		enum door_state state;            /* the last one before held was set */
		enum door_topics_lockout lockout; /* that it was told last */
	} doors[DOORS_MAX];
	enum door_topics_lockout lockout; /* of all doors */
};

/* Publishes what a step or an ending changed. While the agent catches up after a standstill the states wait, and then
 * what is so is published once. */
void door_topics_hear(struct door_topics *door_topics, const struct garage_news *news);

/* Everything that is retained of each door. */
void door_topics_publish(struct door_topics *door_topics);

/* The devices of the agent and of the doors, for Home Assistant. */
void door_topics_discover(const struct door_topics *door_topics, const struct document_node *node,
		const struct document_agent *agent);

/* The broker is to forget a door: what it keeps of its topics, and of its device. */
void door_topics_forget(const struct door_topics *door_topics, const char *id, bool topics, bool discovery);

#endif
