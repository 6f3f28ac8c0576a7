/*
 * Whether this agent had another name before: a restart cannot take back what the broker keeps of a former one.
 *
 * The name is in a file "name" of the history's directory. Each function reads or writes that file, and so may wait for
 * the disk. Loop thread: former_look before the loop runs, former_keep in a reload, while no relay is on.
 */
#ifndef PORTCULLIS_AGENT_FORMER_H
#define PORTCULLIS_AGENT_FORMER_H

#include "base/log.h"
#include "config/config.h"

/*
 * Logs what the broker may keep of the former name and how it goes, once, and writes the name of now. Without a
 * directory that can be used it does nothing.
 */
void former_look(const struct log *log, const struct config *config);

/* Writes the name of now: a reload has taken back what the broker keeps of the one before. */
void former_keep(const struct config *config);

#endif
