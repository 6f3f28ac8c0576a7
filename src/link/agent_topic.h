/*
 * What the broker keeps of the agent itself: when it started, how often it came back to a broker, its version, and the
 * machine's figures. Published with all that is retained, and then as often as the states are said again (presence.h):
 * nothing of it is worth a message of its own. Loop thread only.
 */
#ifndef PORTCULLIS_LINK_AGENT_TOPIC_H
#define PORTCULLIS_LINK_AGENT_TOPIC_H

#include "base/machine.h"
#include "documents/documents.h"
#include "garage/garage.h"
#include "link/publisher.h"

/* Set by the owner, except the last member. What the pointers lead to is borrowed. */
struct agent_topic {
	const struct garage *garage; /* tells the time, if there is one */
	const struct publisher *publisher;
	const struct topic_base *topics;
	const struct machine *machine; /* NULL: nothing is known of it */
	int64_t started_ms;
	int64_t started_unix_ms; /* agent_topic.c's: as it was said last */
};

/* Sets agent to what there is to say now. */
void agent_topic_look(struct agent_topic *topic, struct document_agent *agent);
void agent_topic_publish(struct agent_topic *topic);
void agent_topic_forget(const struct agent_topic *topic); /* the broker is to forget the topic */

#endif
