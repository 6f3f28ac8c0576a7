#include "mqtt/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/loop.h"

#define SETTLING_MS 200 /* Paho watches a new socket only some time after connect */
#define SETTLING_NAP_US 1000

/* Paho's calls bring no context: this is all that they share, a count of the connections begun and the last one's time.
 */
static _Atomic uint32_t connections, connected_ms;

int mqtt_wire_uri(int fd, char uri[static MQTT_WIRE_URI_MAX])
{
	if (fd <= 0 || fd > UINT16_MAX)
		return -EMFILE;
	const unsigned a = MQTT_WIRE_ADDRESS;
	snprintf(uri, MQTT_WIRE_URI_MAX, "tcp://%u.%u.%u.%u:%d", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, fd);
	return 0;
}

int mqtt_wire_paho_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	const struct sockaddr_in *in = (const void *)address;
	if (!address || length < sizeof(*in) || address->sa_family != AF_INET ||
			in->sin_addr.s_addr != htonl(MQTT_WIRE_ADDRESS))
		return connect(fd, address, length);
	if (dup3(ntohs(in->sin_port), fd, O_CLOEXEC) < 0)
		return -1;
	atomic_store(&connected_ms, (uint32_t)loop_now_ms());
	atomic_fetch_add(&connections, 1);
	syscall(SYS_futex, &connections, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
	return 0;
}

static _Thread_local bool patient;

void mqtt_wire_be_patient(void)
{
	patient = true;
}

/* Until somebody wakes those who wait there, if it still holds what was seen. */
static void nap(useconds_t us, _Atomic uint32_t *at, uint32_t seen)
{
	/* The kernel's own: with a time_t of 64 bits, the C library's is another one on 32-bit machines. */
	const struct {
		long s, ns;
	} limit = {.s = (long)(us / 1000000), .ns = (long)(us % 1000000) * 1000};
	syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, seen, &limit, NULL, 0);
}

int mqtt_wire_paho_usleep(useconds_t us)
{
	static _Thread_local uint32_t seen;
	static _Thread_local int64_t napped_ms;

	if (patient) {
		static _Atomic uint32_t nobody;
		nap(us, &nobody, 0);
		return 0;
	}
	uint32_t now = atomic_load(&connections);
	if (now && (uint32_t)loop_now_ms() - atomic_load(&connected_ms) < SETTLING_MS)
		us = SETTLING_NAP_US;
	if (now == seen && loop_now_ms() - napped_ms < 500)
		nap(us, &connections, seen);
	seen = now;
	napped_ms = loop_now_ms();
	return 0;
}

const struct tm *mqtt_wire_paho_localtime(const time_t *seconds)
{
	static const struct tm none;
	(void)seconds;
	return &none;
}

size_t mqtt_wire_paho_strftime(char *text, size_t size, const char *format, const struct tm *time)
{
	(void)format;
	(void)time;
	if (size > 0)
		text[0] = '\0';
	return 0;
}
