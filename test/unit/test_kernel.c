/* kernel_check, where a seccomp filter refuses one call after the other, as an engine that is too old does. */
#include "base/kernel.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static bool refuse(const long *numbers, size_t count)
{
	struct sock_filter filter[16];
	unsigned short length = 0;
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++)
		filter[length++] = (struct sock_filter)BPF_JUMP(
				BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)numbers[i], (uint8_t)(count - i), 0);
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	const struct sock_fprog program = {.len = length, .filter = filter};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* 0: it names the call, and the remedy; 2: this kernel has no filters; 1: it does not. */
static int in_child(const long *numbers, size_t count, const char *name)
{
	int status = 0;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		char reason[KERNEL_REASON_MAX];
		if (!refuse(numbers, count))
			_exit(2);
		int error = kernel_check(reason);
		_exit(error != -EPERM || !strstr(reason, name) || !strstr(reason, "Operation not permitted") ||
				!strstr(reason, "libseccomp 2.4.2"));
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(void)
{
	static const struct {
		const char *name;
		long numbers[3];
	} rows[] = {
#ifdef SYS_clock_gettime64 /* elsewhere the kernel's own page answers for the clocks that all use */
			{"clock_gettime (time used)", {SYS_clock_gettime64, SYS_clock_gettime, -1}},
			{"timerfd", {SYS_timerfd_settime64, SYS_timerfd_settime, -1}},
			{"ppoll", {SYS_ppoll_time64, SYS_ppoll, -1}},
			{"pthread_cond_timedwait", {SYS_futex_time64, SYS_futex, -1}},
#else
			{"clock_gettime (time used)", {SYS_clock_gettime, -1, -1}},
			{"timerfd", {SYS_timerfd_settime, -1, -1}},
			{"ppoll", {SYS_ppoll, -1, -1}},
			{"getrandom", {SYS_getrandom, -1, -1}},
#endif
			{"timerfd", {SYS_timerfd_create, -1, -1}},
			{"eventfd", {SYS_eventfd2, -1, -1}},
			{"epoll", {SYS_epoll_create1, -1, -1}},
			{"nanosleep", {SYS_clock_nanosleep, SYS_nanosleep,
#ifdef SYS_clock_nanosleep_time64
						      SYS_clock_nanosleep_time64
#else
						      -1
#endif
				      }},
	};
	char reason[KERNEL_REASON_MAX];
	tap_case("here all of them work");
	CHECK(kernel_check(reason) == 0 && reason[0] == '\0');
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_case("refused: %s", rows[i].name);
		int result = in_child(rows[i].numbers, 3, rows[i].name);
		if (result == 2)
			tap_skip("this kernel has no seccomp filters");
		else
			CHECK(result == 0);
	}
	return tap_done();
}
