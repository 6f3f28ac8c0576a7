/*
 * What start-up code and linker leave: above all what cross/rcrt1.c does in the C library's place on 32-bit ARM. A
 * program that is linked in another way has to be the same.
 */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

/* More and more aligned than anything that the C library keeps for each thread. */
static _Thread_local int counted = 42;
static _Thread_local _Alignas(64) char wide[192] = "wide";
static _Thread_local char zeros[64];

static const char *const words[] = {"one", "two", "three"};
static size_t (*const measure[])(const char *) = {strlen};

/* What is wrong with this thread's variables, or NULL: they begin with their values and are nobody else's. */
static const char *thread_local_fault(void)
{
	for (size_t i = 0; i < sizeof(zeros); i++)
		if (zeros[i])
			return "zeros";
	if (counted++ != 42 || strcmp(wide, "wide") != 0 || (uintptr_t)wide % 64 != 0)
		return "begin";
	memset(wide, 0xff, sizeof(wide));
	memset(zeros, 0xff, sizeof(zeros));
	counted = -1;
	errno = 0;
	if (close(-1) != -1 || errno != EBADF || !isalpha('x') || isalpha('1'))
		return "C library";
	void *volatile memory = malloc(100);
	free(memory);
	for (size_t i = 0; i < sizeof(wide); i++)
		if (wide[i] != (char)0xff || zeros[i % sizeof(zeros)] != (char)0xff || counted != -1)
			return "overwritten";
	return NULL;
}

static void *thread_main(void *fault)
{
	*(const char **)fault = thread_local_fault();
	return NULL;
}

/* The kernel, asked to write at the address, may not. */
static bool is_read_only(int zero, uintptr_t address)
{
	return read(zero, (void *)address, 1) == -1 && errno == EFAULT;
}

struct program {
	uintptr_t relro, relro_end, file;
};

/* The first object is the program. */
static int program_seen(struct dl_phdr_info *info, size_t size, void *out)
{
	(void)size;
	struct program *program = out;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
			program->relro = begin;
			program->relro_end = begin + info->dlpi_phdr[i].p_memsz;
		}
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_offset == 0)
			program->file = begin;
	}
	return 1;
}

__attribute__((noinline)) static void smash(volatile size_t count)
{
	char memory[16];
	volatile char *buffer = memory;
	for (size_t i = 0; i < count; i++)
		buffer[i] = 'x';
}

int main(void)
{
	tap_case("thread-local variables begin with their values, in each thread, and are not the C library's");
	CHECK(!thread_local_fault());
	for (int i = 0; i < 2; i++) {
		pthread_t thread;
		const char *fault = "not run";
		CHECK(pthread_create(&thread, NULL, thread_main, &fault) == 0 && pthread_join(thread, NULL) == 0);
		if (!CHECK(!fault))
			printf("# %s\n", fault);
	}

	tap_case("addresses in constant data, and functions that are chosen for the processor");
	const char *const *volatile word = words;
	CHECK(strcmp(word[1], "two") == 0 && measure[0](word[2]) == 5);
	char from[300], to[300] = "";
	memset(from, 'f', sizeof(from));
	void *(*volatile copy)(void *, const void *, size_t) = memcpy;
	void *(*volatile find)(const void *, int, size_t) = memchr;
	CHECK(copy(to, from, sizeof(to)) == to && memcmp(to, from, sizeof(to)) == 0);
	to[291] = 'g';
	CHECK(find(to, 'g', sizeof(to)) == to + 291);

	tap_case("what is constant once the program has started is read-only");
	struct program program = {0};
	dl_iterate_phdr(program_seen, &program);
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	CHECK(zero >= 0 && (program.relro_end & -page) > (program.relro & -page));
	int writable = 0;
	for (uintptr_t at = program.relro & -page; at < (program.relro_end & -page); at += page)
		writable += !is_read_only(zero, at);
	CHECK(writable == 0);
	CHECK(is_read_only(zero, (uintptr_t)words));
	CHECK(is_read_only(zero, (uintptr_t)measure));
	char own;
	CHECK(read(zero, &own, 1) == 1);
	close(zero);

	tap_case("the program's headers say where it is");
	CHECK(program.file && memcmp((const void *)program.file, ELFMAG, SELFMAG) == 0);

	tap_case("a name is looked up");
	struct addrinfo *found = NULL;
	const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	CHECK(getaddrinfo("localhost", "1883", &hints, &found) == 0 && found && found->ai_family == AF_INET);
	if (found)
		freeaddrinfo(found);

	tap_case("a buffer that overflows ends the program");
	if (PORTCULLIS_SANITIZED) {
		tap_skip("a sanitizer reports it");
		return tap_done();
	}
	fflush(stdout);
	const pid_t child = fork();
	if (child == 0) {
		const struct rlimit none = {0};
		setrlimit(RLIMIT_CORE, &none);
		close(STDERR_FILENO);
		smash(100);
		_exit(0);
	}
	int status = 0;
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	return tap_done();
}
