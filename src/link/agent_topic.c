/* The start has a time as soon as the clock is set, and keeps it while the clock only drifts. */
#include "link/agent_topic.h"

#include "base/clock.h"

void agent_topic_look(struct agent_topic *topic, struct document_agent *agent)
{
	const struct garage_moment now = garage_now(topic->garage);
	const struct mqtt_status status = publisher_status(topic->publisher);
	if (now.unix_ms > 0)
		topic->started_unix_ms =
				clock_steady_ms(topic->started_unix_ms, now.unix_ms - (now.ms - topic->started_ms));
	*agent = (struct document_agent){.started_unix_ms = topic->started_unix_ms,
			.reconnects = status.connects > 0 ? status.connects - 1 : 0};
	if (!topic->machine)
		return;
	agent->has_temperature = machine_temperature(topic->machine, &agent->celsius);
	agent->has_wireless = machine_wireless(topic->machine, &agent->dbm);
}

void agent_topic_publish(struct agent_topic *topic)
{
	char name[TOPIC_MAX + 1], document[DOCUMENT_MAX];
	struct document_agent agent;
	agent_topic_look(topic, &agent);
	topic_agent(topic->topics, name);
	publisher_document(topic->publisher, name, document,
			document_agent(PORTCULLIS_VERSION, &agent, document, sizeof(document)), true);
}

void agent_topic_forget(const struct agent_topic *topic)
{
	char name[TOPIC_MAX + 1];
	topic_agent(topic->topics, name);
	publisher_text(topic->publisher, name, "");
}
