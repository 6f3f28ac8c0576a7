/*
 * The service manager's protocol (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names. Without that
 * variable, or where it names another kind of socket than one of AF_UNIX, these functions do nothing and return 0. They
 * do not block. Any thread.
 */
#ifndef PORTCULLIS_BASE_NOTIFY_H
#define PORTCULLIS_BASE_NOTIFY_H

#include <stdint.h>

/* Sends "READY=1", "STOPPING=1", "WATCHDOG=1" or "STATUS=..."; several are joined by \n. Returns 0 or -errno. */
int notify_send(const char *state);

/*
 * Sends "RELOADING=1" with the time, by which the manager tells this reload from an earlier one. The caller ends the
 * reload with "READY=1", whether it succeeded or not. Returns 0 or -errno.
 */
int notify_reloading(void);

/* The watchdog's time-out in ms, from WATCHDOG_USEC; 0 when the manager does not watch this process. */
int64_t notify_watchdog_ms(void);

#endif
