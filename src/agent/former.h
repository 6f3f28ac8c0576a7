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
 * Before history_new. Logs what the broker may keep of the former name and how it goes, once, and writes the name of now.
 * It does nothing without a directory that can be used, and in one that another agent uses.
 */
void former_look(const struct log *log, const struct config *config);

/* Where config's name was written, writes next's: a reload has taken back what the broker keeps of config's. */
void former_keep(const struct config *config, const struct config *next);

#endif
