#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/landlock.h>

#include "tap.h"

struct place {
	char root[64], readable[96], writable[96], secret[96];
};

static void touch(const char *folder, const char *name)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	if (fd < 0)
		abort();
	close(fd);
}

static void make_place(struct place *place)
{
	snprintf(place->root, sizeof(place->root), "/tmp/sandbox-XXXXXX");
	if (!mkdtemp(place->root))
		abort();
	snprintf(place->readable, sizeof(place->readable), "%s/readable", place->root);
	snprintf(place->writable, sizeof(place->writable), "%s/writable", place->root);
	snprintf(place->secret, sizeof(place->secret), "%s/secret", place->root);
	if (mkdir(place->readable, 0700) < 0 || mkdir(place->writable, 0700) < 0 || mkdir(place->secret, 0700) < 0)
		abort();
	touch(place->readable, "file");
	touch(place->writable, "file");
	touch(place->secret, "file");
}

static int try_open(const char *folder, const char *name, int flags)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int try_exec(void)
{
	char *const arguments[] = {(char[]){"true"}, NULL};
	execve("/bin/true", arguments, environ);
	return errno;
}

static int try_exec_in_memory(void)
{
	int fd = memfd_create("program", MFD_CLOEXEC);
	char *const arguments[] = {(char[]){"program"}, NULL};
	if (fd < 0)
		return errno;
	syscall(SYS_execveat, fd, "", arguments, environ, AT_EMPTY_PATH);
	int error = errno;
	close(fd);
	return error;
}

static int try_listen(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
			.sin_port = htons((uint16_t)port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int error = bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
	close(fd);
	return error;
}

/* As the integration tests choose it: no outgoing connection gets such a port, and it is claimed until this process ends. */
static int free_port(void)
{
	int claim = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	for (int port = 20000 + getpid() % 10000; port < 32000; port++) {
		struct sockaddr_un name = {.sun_family = AF_UNIX};
		int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "portcullis-test-port-%d", port);
		if (bind(claim, (const struct sockaddr *)&name,
				    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) + (socklen_t)length) < 0)
			continue;
		if (try_listen(port) == 0)
			return port;
		close(claim);
		claim = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
	abort();
}

static int try_clone(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return errno;
	waitpid((pid_t)pid, NULL, 0);
	return 0;
}

static void *exec_in_thread(void *argument)
{
	*(int *)argument = try_exec();
	return NULL;
}

/* What the kernel has is asked of it in a way of our own. */
static int landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	return version < 0 ? 0 : (int)version;
}

static bool has_seccomp(void)
{
	/* A null filter is EFAULT where filters are known, EINVAL where not (and under QEMU's user emulation). */
	return prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, NULL) < 0 && errno == EFAULT;
}

/* Runs in a child: there is no way out of the sandbox. */
static int inside(const struct place *place)
{
	int landlock = landlock_version();
	bool seccomp = has_seccomp();
	struct log log;
	log_init(&log);
	log.level = LOG_ERROR;

	int port_to_come = free_port();

	tap_case("before, all of it is possible");
	CHECK(try_open(place->secret, "file", O_RDONLY) == 0);
	CHECK(try_listen(0) == 0 && try_listen(port_to_come) == 0);
	CHECK(try_clone(0) == 0);
	CHECK(try_exec_in_memory() != EPERM); /* it is empty: ENOEXEC, or what an emulator makes of it */

	tap_case("entering succeeds, whatever the kernel has");
	int open_already = open(place->secret, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct sandbox_folder folders[] = {
			{.path = place->readable},
			{.path = place->writable, .write = true},
			{.path = "/nonexistent/folder"},
	};
	CHECK(sandbox_enter_listening(&log, folders, sizeof(folders) / sizeof(folders[0]), (uint16_t)port_to_come) ==
			0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 || !seccomp);

	tap_case("what was granted still works");
	CHECK(try_open(place->readable, "file", O_RDONLY) == 0);
	CHECK(try_open(place->writable, "file", O_RDWR | O_TRUNC) == 0);
	CHECK(try_open(place->writable, "new", O_CREAT | O_WRONLY) == 0);
	CHECK(fcntl(open_already, F_GETFD) >= 0);
	close(open_already);

	tap_case("other files cannot be opened, and nothing can be written where only reading was granted");
	if (landlock) {
		CHECK(try_open(place->secret, "file", O_RDONLY) == EACCES);
		CHECK(try_open("/etc", "passwd", O_RDONLY) == EACCES);
		CHECK(try_open(place->readable, "file", O_WRONLY) == EACCES);
		CHECK(try_open(place->readable, "new", O_CREAT | O_WRONLY) == EACCES);
	} else {
		tap_skip("this kernel has no Landlock");
	}

	tap_case("no new port is listened on, but for the one that was given");
	if (landlock >= 4)
		CHECK(try_listen(0) == EACCES && try_listen(port_to_come) == 0);
	else
		tap_skip("this kernel's Landlock does not know ports");

	tap_case("no program is started, from a file, from memory or from another thread");
	if (seccomp) {
		CHECK(try_exec() == EPERM);
		CHECK(try_exec_in_memory() == EPERM);
		pthread_t thread;
		int error = 0;
		CHECK(pthread_create(&thread, NULL, exec_in_thread, &error) == 0);
		pthread_join(thread, NULL);
		CHECK(error == EPERM);
	} else {
		tap_skip("this kernel has no seccomp filters");
	}

	tap_case("no namespaces, mounts or tracing, not even for root");
	if (seccomp) {
		CHECK(unshare(CLONE_NEWUSER) < 0 && errno == EPERM);
		CHECK(mount("none", place->readable, "tmpfs", 0, NULL) < 0 && errno == EPERM);
		CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM);
		CHECK(chroot("/") < 0 && errno == EPERM);
	} else {
		tap_skip("this kernel has no seccomp filters");
	}

	tap_case("nor by the flags of a new process, one by one, while plain ones and threads are made");
	if (seccomp) {
		static const unsigned long flags[] = {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
				CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS};
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			CHECK(try_clone(flags[i]) == EPERM);
		CHECK(try_clone(0) == 0);
		CHECK(syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS);
	} else {
		tap_skip("this kernel has no seccomp filters");
	}

	tap_case("nor the newer calls that mount, look into others, or make files in memory");
	if (seccomp) {
		static const long calls[] = {SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_move_mount,
				SYS_open_tree, SYS_mount_setattr, SYS_pidfd_getfd, SYS_memfd_create,
				SYS_process_madvise, SYS_io_uring_setup};
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
			CHECK(syscall(calls[i], -1, 0, 0, 0, 0) < 0 && errno == EPERM);
	} else {
		tap_skip("this kernel has no seccomp filters");
	}

	tap_case("no core is dumped, and nobody of the same user looks into the memory");
	struct rlimit cores;
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 || !seccomp); /* an emulator may not know it */
	CHECK(getrlimit(RLIMIT_CORE, &cores) == 0 && cores.rlim_max == 0);
	return tap_done();
}

int main(void)
{
	if (PORTCULLIS_SANITIZED) {
		puts("1..0 # SKIP what is built with a sanitizer is not locked down");
		return 0;
	}
	struct place place;
	make_place(&place);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		exit(inside(&place));
	int status = 1;
	waitpid(child, &status, 0);
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", place.root);
	if (system(command) != 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
