/*
 * What goes to the broker: one place that knows whether anything may be said. Loop thread only.
 */
#ifndef PORTCULLIS_LINK_PUBLISHER_H
#define PORTCULLIS_LINK_PUBLISHER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/log.h"
#include "mqtt/mqtt.h"

struct publisher {
	const struct log *log;
	struct mqtt *mqtt; /* NULL: there is no client yet */
	bool silent;       /* the last word has been said, and what comes after it is dropped */
};

/*
 * Without a connection nothing is sent, which is no failure: the next connection begins with everything that is
 * retained.
 */
void publisher_text(const struct publisher *publisher, const char *topic, const char *payload); /* retained */
/* length is what a document_ function returned for document: what could not be written is logged. */
void publisher_document(const struct publisher *publisher, const char *topic, const char *document, ssize_t length,
		bool retained);

/* mqtt_status; a client that is not there is disconnected. */
struct mqtt_status publisher_status(const struct publisher *publisher);

#endif
