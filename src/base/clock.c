/* Signs that the clock is set: the kernel's, systemd's, a clock that goes on without power, and a step while we run. */
#include "base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/loop.h"

/*
 * What the kernel says as long as nobody has said better. Its flag STA_UNSYNC is no such sign: chrony leaves it set,
 * unless it is to set the hardware clock, too (rtcsync). timedatectl(1) goes by the error for that reason.
 */
#define MAXERROR_UNKNOWN_US 16000000
#define STEP_MS 1000 /* more is no drift: somebody set the clock */

static bool is_synchronized(void)
{
	struct timex look = {.modes = 0};
	if (adjtimex(&look) >= 0 && look.maxerror < MAXERROR_UNKNOWN_US)
		return true;
	return access("/run/systemd/timesync/synchronized", F_OK) == 0;
}

/* Where the kernel has set its time from at the start. */
static bool has_own_clock(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return true;
#else
	DIR *clocks = opendir("/sys/class/rtc");
	const struct dirent *entry;
	bool own = false;
	while (clocks && !own && (entry = readdir(clocks))) {
		char path[sizeof(entry->d_name) + 32], said = '0';
		snprintf(path, sizeof(path), "/sys/class/rtc/%s/hctosys", entry->d_name);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		own = read(fd, &said, 1) == 1 && said == '1';
		close(fd);
	}
	if (clocks)
		closedir(clocks);
	return own;
#endif
}

int64_t clock_steady_ms(int64_t told_unix_ms, int64_t unix_ms)
{
	return llabs(unix_ms - told_unix_ms) > STEP_MS ? unix_ms : told_unix_ms;
}

void clock_init(struct clock *clock)
{
	*clock = (struct clock){.of_its_own = has_own_clock(), .offset_ms = loop_wall_ms() - loop_now_ms()};
}

bool clock_judge(struct clock *clock, const struct clock_facts *facts)
{
	int64_t jump_ms = facts->unix_ms - facts->monotonic_ms - clock->offset_ms;
	bool possible = facts->unix_ms >= CLOCK_FLOOR_UNIX_MS;
	bool later = facts->unix_ms >= clock->known_unix_ms - CLOCK_SLACK_MS;
	bool jumped = jump_ms > CLOCK_JUMP_MS || jump_ms < -CLOCK_JUMP_MS;
	if (possible && (facts->synchronized || jumped || (clock->of_its_own && later)))
		clock->set = true;
	return clock->set;
}

bool clock_is_set(struct clock *clock, int64_t known_unix_ms)
{
	if (clock->set)
		return true;
	clock->known_unix_ms = known_unix_ms;
	const struct clock_facts facts = {
			.synchronized = is_synchronized(), .unix_ms = loop_wall_ms(), .monotonic_ms = loop_now_ms()};
	return clock_judge(clock, &facts);
}
