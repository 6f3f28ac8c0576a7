/* A thin layer over mqtt_publish. Silence is a member here, so that no caller has to ask for it. */
#include "link/publisher.h"

#include <errno.h>
#include <string.h>

static void publisher_send(
		const struct publisher *publisher, const char *topic, const char *payload, size_t length, bool retained)
{
	if (publisher->silent || !publisher->mqtt)
		return;
	int error = mqtt_publish(publisher->mqtt, topic, payload, length, retained);
	if (error < 0 && error != -ENOTCONN)
		log_debug(publisher->log, "%s was not published: %s", topic, strerror(-error));
}

void publisher_text(const struct publisher *publisher, const char *topic, const char *payload)
{
	publisher_send(publisher, topic, payload, strlen(payload), true);
}

void publisher_document(const struct publisher *publisher, const char *topic, const char *document, ssize_t length,
		bool retained)
{
	if (length < 0)
		log_error(publisher->log, "no document for %s: %s", topic, strerror((int)-length));
	else
		publisher_send(publisher, topic, document, (size_t)length, retained);
}

struct mqtt_status publisher_status(const struct publisher *publisher)
{
	struct mqtt_status status = {.state = MQTT_DISCONNECTED, .broker = "", .error = "", .warning = ""};
	if (publisher->mqtt)
		mqtt_status(publisher->mqtt, &status);
	return status;
}
