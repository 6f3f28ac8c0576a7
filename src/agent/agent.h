/*
 * The agent: owns the loop, the lines, the doors, the broker and the page, and carries events between them.
 *
 * Everything runs in the caller's thread. Before the first call, that thread must block every signal of agent_signals,
 * so that no thread that starts later catches one. Starting, stopping and losing the broker never move a door.
 */
#ifndef PORTCULLIS_AGENT_H
#define PORTCULLIS_AGENT_H

#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "config/config.h"

/* Sets them to SIGTERM and SIGINT, which end the agent, and SIGHUP, which reloads. */
void agent_signals(sigset_t *signals);

/*
 * Before agent_run: where the configuration leaves the broker to Home Assistant's Supervisor, asks it, and takes its answer
 * into config. Blocks until it knows one. The signals of agent_signals must be blocked. 0; -EINTR when one of them has
 * ended the wait; or another -errno, which has been logged unless memory is short.
 */
int agent_find_broker(struct config *config, const struct log *log);

/*
 * Runs until a signal ends it. Returns 0 after an orderly end; or -errno, which has been logged, when it could not
 * start or the loop failed. config, path and log are borrowed. SIGHUP reads the file at path again, and then log's
 * level and format become those of the file.
 */
int agent_run(const struct config *config, const char *path, struct log *log);

/*
 * The part of --check that goes beyond the file: the hash of the page's password, certificates and keys, the page's
 * address and the history's directory. path is the configuration's. Writes what is wrong to standard error, in the form
 * of the configuration's own errors, and adds the number of warnings to *warnings. Returns 0; -EINVAL for a damaged
 * hash; or another -errno. When TLS cannot start (memory, random numbers) nothing is written.
 */
int agent_check(const struct config *config, const char *path, const struct log *log, size_t *warnings);

/*
 * What --release, --watch and --healthcheck do with a configuration. Each returns 0; or -errno, which has been logged,
 * except when memory or a descriptor cannot be had at the beginning. With simulated lines agent_release does nothing
 * and returns 0, and agent_watch returns -ENOTSUP. agent_watch runs until a signal of agent_signals; agent_healthcheck
 * blocks for at most some seconds.
 */
int agent_release(const struct config *config, const struct log *log);
int agent_watch(const struct config *config, const struct log *log, FILE *out);
int agent_healthcheck(const struct config *config, const struct log *log);

/*
 * What --release does first, without a configuration: it puts to rest what this service's agent drove, by the note that
 * agent_note_outputs left at its start in the directory that systemd names in RUNTIME_DIRECTORY. A note of another run, by
 * INVOCATION_ID, is none. 0; 1 when there is no note; or -errno, which has been logged. A note that cannot be written is
 * logged.
 */
int agent_release_noted(const struct log *log);
void agent_note_outputs(const struct config *config, const struct log *log);

/*
 * --hash-password: asks for a password and writes its hash to out, which is flushed. --set-password: asks for the password
 * of the page, or for the broker, and puts it (the page's as a hash) into the file that the configuration names; config
 * may be without its passwords. What is wrong is written to standard error. Both block while they ask. Each returns 0;
 * -EINVAL when what was typed is no password; or another -errno: -ENOENT when there is no file to be written to, -EINTR
 * when a signal ended it. The password is wiped from memory in each case.
 */
int agent_hash_password(FILE *out);
int agent_set_password(const struct config *config, const char *config_path, bool page, FILE *out);

#endif
