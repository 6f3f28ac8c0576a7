/*
 * The lock-down: once the agent has started, it gives up for good what it does not need, so that a broker or a client
 * that takes it over cannot do it either. docs/security.md lists what is left, and why.
 *
 * - no_new_privs.
 * - Landlock (landlock(7)): files can be read only below the given folders, written only below those marked so, and
 *   executed nowhere. Where the kernel knows ABI 4, no further TCP port can be listened on.
 * - seccomp: starting programs, namespaces (also by the flags of a new thread or process), mounts, files in memory,
 *   kernel modules, tracing and the like fail with EPERM. The filter lists what is refused. A list of what is allowed
 *   might lack a call, which would then fail in the middle of a pulse.
 * - No core is dumped, and other processes of the same user cannot read the memory: it holds passwords and keys.
 *
 * Descriptors that are open already stay usable. A kernel without one of these is no failure: what is missing is
 * logged. A program that was built with a sanitizer is not locked down at all, which is logged, too.
 */
#ifndef PORTCULLIS_BASE_SANDBOX_H
#define PORTCULLIS_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct sandbox_folder {
	const char *path; /* a folder that does not exist is left out */
	bool write;       /* files may also be made, written, renamed and removed */
};

/*
 * Locks the calling thread and those that it starts later: call it before there are others. It cannot be undone.
 * Returns 0; or -errno when the kernel knows a means and refuses to use it, which has been logged: then end.
 */
int sandbox_enter(const struct log *log, const struct sandbox_folder *folders, size_t count);

/* Like sandbox_enter, but the process may still listen on this one TCP port. */
int sandbox_enter_listening(const struct log *log, const struct sandbox_folder *folders, size_t count, uint16_t port);

#endif
