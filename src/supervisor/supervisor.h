/*
 * Home Assistant's Supervisor, below which the agent runs as an app of Home Assistant: it knows the broker that Home
 * Assistant uses, and a login there. It is asked once, before the agent starts; nothing here moves a door.
 */
#ifndef PORTCULLIS_SUPERVISOR_SUPERVISOR_H
#define PORTCULLIS_SUPERVISOR_SUPERVISOR_H

#include <stddef.h>
#include <stdint.h>

#include "documents/documents.h"

#define SUPERVISOR_TOKEN_MAX 512   /* bytes */
#define SUPERVISOR_ANSWER_MAX 8192 /* bytes, with its head; a longer one is refused */
#define SUPERVISOR_ERROR_MAX 256

/*
 * Asks the Supervisor at a numeric address for the MQTT service (GET /services/mqtt). token is that of the environment,
 * SUPERVISOR_TOKEN, and is in no message. Blocks for at most timeout_ms. Any thread. 0, or -errno with a sentence in
 * error: -ENOENT when there is no such service now.
 */
int supervisor_ask(const char *address, uint16_t port, const char *token, int timeout_ms,
		struct document_service *service, char error[static SUPERVISOR_ERROR_MAX]);

/* The part of that which reads the whole answer, head and body; answer may be any bytes. Pure. Errors as above. */
int supervisor_read(const char *answer, size_t length, struct document_service *service,
		char error[static SUPERVISOR_ERROR_MAX]);

#endif
