/*
 * The service manager's plain protocol (sd_notify(3)): datagrams to the socket named in NOTIFY_SOCKET. Without that
 * variable everything here does nothing. Does not block.
 */
#ifndef PORTCULLIS_BASE_NOTIFY_H
#define PORTCULLIS_BASE_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..."; lines may be joined by \n. 0 or -errno. */
int notify_send(const char *state);

/*
 * "RELOADING=1" with the time, so that the manager knows this reload from one before; READY=1 ends it, however it
 * went.
 */
int notify_reloading(void);

/* The watchdog's time-out from WATCHDOG_USEC, in ms; 0 when this process is not watched. */
int64_t notify_watchdog_ms(void);

#endif
