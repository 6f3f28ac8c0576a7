/*
 * Loopback TCP becomes AF_UNIX streams with the port in an abstract name, so that a byte is there as soon as it was sent,
 * and no port of the machine is taken. Writes to files are counted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "virtual.h"

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */

int __real_socket(int domain, int type, int protocol);
int __real_bind(int fd, const struct sockaddr *address, socklen_t length);
int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __real_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __real_getsockname(int fd, struct sockaddr *address, socklen_t *length);
int __real_setsockopt(int fd, int level, int option, const void *value, socklen_t length);
ssize_t __real_write(int fd, const void *bytes, size_t length);

static bool is_unix(int fd)
{
	int domain = 0;
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &(socklen_t){sizeof(domain)}) == 0 && domain == AF_UNIX;
}

static socklen_t unix_name(const struct sockaddr *address, struct sockaddr_un *name)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
	*name = (struct sockaddr_un){.sun_family = AF_UNIX};
	int length = snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1, "portcullis-year-%d-%u", getpid(),
			ntohs(in->sin_port));
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

static void loopback(struct sockaddr *address, socklen_t *length)
{
	const struct sockaddr_in in = {
			.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	memcpy(address, &in, *length < sizeof(in) ? *length : sizeof(in));
	*length = sizeof(in);
}

int __wrap_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol)
{
	bool tcp = domain == AF_INET && (type & SOCK_STREAM) && !(type & SOCK_DGRAM);
	return tcp ? __real_socket(AF_UNIX, type, 0) : __real_socket(domain, type, protocol);
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_un name;
	if (address->sa_family != AF_INET || !is_unix(fd))
		return __real_bind(fd, address, length);
	length = unix_name(address, &name);
	return __real_bind(fd, (const struct sockaddr *)&name, length);
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_un name;
	if (address->sa_family != AF_INET || !is_unix(fd))
		return __real_connect(fd, address, length);
	length = unix_name(address, &name);
	return __real_connect(fd, (const struct sockaddr *)&name, length);
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
	socklen_t room = length ? *length : 0;
	int taken = __real_accept4(fd, address, length, flags);
	if (taken >= 0 && address && is_unix(taken)) {
		*length = room;
		loopback(address, length);
	}
	return taken;
}

int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *length);
int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	socklen_t room = *length;
	int failed = __real_getsockname(fd, address, length);
	if (failed == 0 && address->sa_family == AF_UNIX) {
		*length = room;
		loopback(address, length);
	}
	return failed;
}

int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t length);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	return level == IPPROTO_TCP && is_unix(fd) ? 0 : __real_setsockopt(fd, level, option, value, length);
}

/* ---- The disk ---- */

static struct {
	_Atomic uint64_t bytes, writes, syncs, renames;
} disk;

ssize_t __wrap_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
	struct stat status;
	ssize_t written = __real_write(fd, bytes, length);
	if (written > 0 && fd != STDERR_FILENO && fd != STDOUT_FILENO && fstat(fd, &status) == 0 &&
			S_ISREG(status.st_mode)) {
		disk.bytes += (uint64_t)written;
		disk.writes++;
	}
	return written;
}

int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	(void)fd;
	disk.syncs++;
	return 0;
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	(void)fd;
	disk.syncs++;
	return 0;
}

int __real_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	disk.renames++;
	return __real_renameat(from_folder, from, to_folder, to);
}

/* ---- The heap: what is not given back. Not what the C library keeps in its caches, nor what lies between. ---- */

static struct {
	_Atomic int64_t bytes, blocks;
} heap;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);

static void *taken(void *block)
{
	if (block) {
		heap.bytes += (int64_t)malloc_usable_size(block);
		heap.blocks++;
	}
	return block;
}

static void given(void *block)
{
	if (block) {
		heap.bytes -= (int64_t)malloc_usable_size(block);
		heap.blocks--;
	}
}

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return taken(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return taken(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size)
{
	size_t former = block ? malloc_usable_size(block) : 0;
	void *moved = __real_realloc(block, size);
	if (moved || (block && size == 0)) {
		heap.bytes += (moved ? (int64_t)malloc_usable_size(moved) : 0) - (int64_t)former;
		heap.blocks += (moved != NULL) - (block != NULL);
	}
	return moved;
}

void __wrap_free(void *block);
void __wrap_free(void *block)
{
	given(block);
	__real_free(block);
}

#if PORTCULLIS_SANITIZED /* its own count, since calls from inside a C library that is not linked in are not ours */
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

uint64_t virtual_turns(void);

void virtual_counts(struct virtual_counts *counts)
{
	*counts = (struct virtual_counts){.bytes = disk.bytes,
			.writes = disk.writes,
			.syncs = disk.syncs,
			.renames = disk.renames,
			.heap_bytes = heap.bytes,
			.heap_blocks = heap.blocks,
			.turns = virtual_turns()};
#if PORTCULLIS_SANITIZED
	counts->heap_bytes = (int64_t)__sanitizer_get_current_allocated_bytes();
#endif
}

/* NOLINTEND(bugprone-reserved-identifier) */
