/*
 * Landlock's rules are added folder by folder, by what the kernel's version of it can handle. The seccomp filter is a
 * list of comparisons with the call's number, each of which jumps to the answer at its end.
 */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#define FOREIGN_CALLS 0x40000000u /* x32: the same numbers from here on */
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_ARM
#endif

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE                                                                                           \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
			LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_TRUNCATE)

/* What each version of the kernel's interface can handle: asking for more is an error there. */
static uint64_t handled_files(int abi)
{
	uint64_t rights = 2 * LANDLOCK_ACCESS_FS_MAKE_SYM - 1; /* all of the first version */
	if (abi >= 2)
		rights |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 5)
		rights |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
	return rights;
}

static int allow_folder(int ruleset, const struct sandbox_folder *folder, uint64_t handled)
{
	struct landlock_path_beneath_attr rule = {
			.allowed_access = (READ | (folder->write ? WRITE : 0)) & handled,
			.parent_fd = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
	int error = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
	close(rule.parent_fd);
	return error;
}

/* Returns the version of the interface, 0 where there is none, or -errno. */
static int lock_files(const struct sandbox_folder *folders, size_t count, int port)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	struct landlock_ruleset_attr attributes = {
			.handled_access_fs = handled_files((int)abi),
			.handled_access_net = abi >= 4 ? LANDLOCK_ACCESS_NET_BIND_TCP : 0,
			.scoped = abi >= 6 ? LANDLOCK_SCOPE_SIGNAL : 0,
	};
	size_t size = abi >= 6   ? sizeof(attributes)
		      : abi >= 4 ? offsetof(struct landlock_ruleset_attr, scoped)
				 : offsetof(struct landlock_ruleset_attr, handled_access_net);
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
	if (ruleset < 0)
		return -errno;
	int result = (int)abi;
	for (size_t i = 0; i < count && result > 0; i++) {
		int error = allow_folder(ruleset, &folders[i], attributes.handled_access_fs);
		if (error < 0)
			result = error;
	}
	if (result >= 4 && port >= 0) {
		struct landlock_net_port_attr rule = {
				.allowed_access = LANDLOCK_ACCESS_NET_BIND_TCP, .port = (uint64_t)port};
		if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_NET_PORT, &rule, 0) < 0)
			result = -errno;
	}
	if (result > 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		result = -errno;
	close(ruleset);
	return result;
}

/* What a daemon that has started has no business with. Landlock does not see a program in memory (memfd_create). */
static const uint32_t refused_calls[] = {
		SYS_execve,
		SYS_execveat,
		SYS_ptrace,
		SYS_process_vm_readv,
		SYS_process_vm_writev,
		SYS_process_madvise,
		SYS_pidfd_getfd,
		SYS_memfd_create,
#ifdef SYS_memfd_secret
		SYS_memfd_secret,
#endif
		SYS_mount,
		SYS_umount2,
		SYS_open_tree,
		SYS_move_mount,
		SYS_fsopen,
		SYS_fsconfig,
		SYS_fsmount,
		SYS_fspick,
		SYS_mount_setattr,
		SYS_pivot_root,
		SYS_chroot,
		SYS_unshare,
		SYS_setns,
		SYS_open_by_handle_at,
		SYS_init_module,
		SYS_finit_module,
		SYS_delete_module,
		SYS_kexec_load,
#ifdef SYS_kexec_file_load
		SYS_kexec_file_load,
#endif
		SYS_bpf,
		SYS_perf_event_open,
		SYS_userfaultfd,
		SYS_io_uring_setup,
		SYS_io_uring_enter,
		SYS_io_uring_register,
		SYS_add_key,
		SYS_request_key,
		SYS_keyctl,
		SYS_reboot,
		SYS_swapon,
		SYS_swapoff,
		SYS_settimeofday,
		SYS_clock_settime,
#ifdef SYS_clock_settime64
		SYS_clock_settime64,
#endif
		SYS_sethostname,
		SYS_setdomainname,
		SYS_personality,
		SYS_quotactl,
		SYS_acct,
		SYS_syslog,
};

#define CALLS (sizeof(refused_calls) / sizeof(refused_calls[0]))
#define NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise)
#define IF_ANY(bits, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, then, otherwise)
#define ANSWER(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

/*
 * Returns 1, 0 where the kernel has no filters, or -errno. clone3 keeps its flags in memory, where no filter sees them:
 * to the C library it is a call that this kernel does not know, and clone does the same.
 */
static int lock_calls(void)
{
	struct sock_filter filter[CALLS + 12];
	unsigned short length = 0;
	const uint8_t refuse = CALLS + 7; /* from the second statement on, over those between */
	filter[length++] = (struct sock_filter)LOAD(arch);
	filter[length++] = (struct sock_filter)IF_EQUAL(NATIVE_ARCHITECTURE, 0, refuse);
	filter[length++] = (struct sock_filter)LOAD(nr);
#ifdef FOREIGN_CALLS
	filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FOREIGN_CALLS, refuse - 2, 0);
#else
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0); /* so that the distances are the same */
#endif
	for (size_t i = 0; i < CALLS; i++)
		filter[length++] = (struct sock_filter)IF_EQUAL(refused_calls[i], (uint8_t)(CALLS + 4 - i), 0);
	filter[length++] = (struct sock_filter)IF_EQUAL(SYS_clone3, 5, 0);
	filter[length++] = (struct sock_filter)IF_EQUAL(SYS_clone, 0, 2);
	filter[length++] = (struct sock_filter)LOAD(args[0]); /* its lower half: all targets are little-endian */
	filter[length++] = (struct sock_filter)IF_ANY(NAMESPACES, 1, 0);
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[length++] = (struct sock_filter)ANSWER(EPERM);
	filter[length++] = (struct sock_filter)ANSWER(ENOSYS);
	const struct sock_fprog program = {.len = length, .filter = filter};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return 1;
	return errno == EINVAL || errno == ENOSYS ? 0 : -errno;
}

static int enter(const struct log *log, const struct sandbox_folder *folders, size_t count, int port)
{
	if (PORTCULLIS_SANITIZED) { /* its runtime traces the program, and writes, at the end */
		log_warning(log, "not locked down: this program was built with a sanitizer");
		return 0;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		log_warning(log,
				"locking down: this kernel has no no_new_privs; going on without Landlock and seccomp");
		return 0;
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0, .rlim_max = 0});
	int files = lock_files(folders, count, port), calls = files < 0 ? 0 : lock_calls();
	int error = files < 0 ? files : calls < 0 ? calls : 0;
	if (error < 0)
		log_error(log, "locking down: the kernel refused %s: %s", files < 0 ? "Landlock" : "the seccomp filter",
				strerror(-error));
	else if (files == 0 || calls == 0)
		log_warning(log, "locked down as far as this kernel can: %s, %s", files ? "Landlock" : "no Landlock",
				calls ? "seccomp" : "no seccomp filter");
	else
		log_info(log, "locked down: Landlock (version %d) and seccomp", files);
	return error;
}

int sandbox_enter(const struct log *log, const struct sandbox_folder *folders, size_t count)
{
	return enter(log, folders, count, -1);
}

int sandbox_enter_listening(const struct log *log, const struct sandbox_folder *folders, size_t count, uint16_t port)
{
	return enter(log, folders, count, port);
}
