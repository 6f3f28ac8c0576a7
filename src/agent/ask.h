/*
 * Asks who runs the program for a password. Any thread, but no other may start meanwhile: it blocks signals.
 */
#ifndef PORTCULLIS_ASK_H
#define PORTCULLIS_ASK_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Writes the prompt to standard error and reads one line, without an echo, if standard input is a terminal; else reads one
 * line and writes nothing. Blocks. Returns the length; password is terminated, without the line's end. Returns -EINVAL
 * when nothing comes, -E2BIG when the line does not fit into size - 1 bytes or has a NUL in it, -EINTR when a signal
 * asks to end (SIGINT, SIGTERM, SIGHUP, SIGQUIT). The terminal echoes again in each case. On failure password is wiped;
 * the caller wipes it otherwise. No copy is kept.
 */
ssize_t ask_password(const char *prompt, char *password, size_t size);

#endif
