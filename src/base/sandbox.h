/*
 * The lock behind the agent once it has started: what it never needs, it can no longer do, whatever a broker or a
 * client makes of it. docs/security.md lists what is left and why.
 *
 * - no_new_privs.
 * - Landlock (landlock(7)): files are read below the given folders only, written below none but those marked so,
 *   executed nowhere; where the kernel knows (ABI 4), no TCP port is listened on beyond those that are open already.
 * - seccomp: programs, namespaces (also those of a new thread's or process's flags), mounts, files in memory, modules,
 *   tracing and the like are refused with EPERM. It is a list of what is refused: a call that a list of what is allowed
 *   had forgotten could fail in the middle of a pulse.
 * - no core is dumped, and the memory cannot be read by others of the same user: it holds passwords and keys.
 *
 * Descriptors that are open already stay usable. A kernel without these is no failure: what is missing is logged.
 */
#ifndef PORTCULLIS_BASE_SANDBOX_H
#define PORTCULLIS_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct sandbox_folder {
	const char *path; /* one that is not there is passed over */
	bool write;       /* besides reading: files are made, written, renamed and removed */
};

/*
 * For this thread and those that it starts later: call it before there are others. There is no way back. Returns 0, or
 * -errno where the kernel has the means and refused them: then do not go on.
 */
int sandbox_enter(const struct log *log, const struct sandbox_folder *folders, size_t count);

/* The same, and one TCP port may still be listened on. */
int sandbox_enter_listening(const struct log *log, const struct sandbox_folder *folders, size_t count, uint16_t port);

#endif
