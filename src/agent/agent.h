/*
 * The agent: owns the loop, the lines, the doors, the broker and the page, and carries events between them.
 *
 * Everything runs in the caller's thread, which must have blocked every signal of agent_signals before (so that no
 * thread started later catches one). Starting, stopping and losing the broker never move a door.
 */
#ifndef PORTCULLIS_AGENT_H
#define PORTCULLIS_AGENT_H

#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "config/config.h"

#define AGENT_STOP_LIMIT_MS 2500 /* for the broker to take our farewell; with the rest it stays below 3 s */

void agent_signals(sigset_t *signals); /* what ends the agent, SIGTERM and SIGINT; and SIGHUP, which reloads */

/*
 * Runs until a signal ends it. 0 after an orderly end; -errno when it could not start or the loop failed, which has
 * been logged. config and path are borrowed; SIGHUP reads the file at path again, and log's level and format change
 * with what it says.
 */
int agent_run(const struct config *config, const char *path, struct log *log);

/* What the log says of a file that was read: a line for each error and warning. */
void agent_log_report(const struct config_report *report, const struct log *log);

/*
 * The part of --check that reads what the configuration names: certificates and keys, and what may come later. 0, or
 * -errno; what is wrong goes to standard error, in the form of the configuration's own errors, and warnings are counted
 * up. path is the configuration's.
 */
int agent_check(const struct config *config, const char *path, const struct log *log, size_t *warnings);

/* What --release, --watch and --healthcheck do with a configuration: 0, or -errno, which has been logged. */
int agent_release(const struct config *config, const struct log *log);
int agent_watch(const struct config *config, const struct log *log, FILE *out);
int agent_healthcheck(const struct config *config, const struct log *log);

#endif
