/* The lock-down: from here on the agent reaches only what its configuration needs (base/sandbox.h). */
#ifndef PORTCULLIS_AGENT_CONFINE_H
#define PORTCULLIS_AGENT_CONFINE_H

#include <stdbool.h>

#include "base/log.h"
#include "config/config.h"

/*
 * Before any other thread starts. path is the configuration's; listens_later: the page does not listen yet, and will. 0 or
 * -errno, which has been logged.
 */
int confine_agent(const struct log *log, const struct config *config, const char *path, bool listens_later);

#endif
