#include "base/read.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define BYTES (1 << 20) /* much more than a pipe takes at once */

static char bytes[BYTES], again[BYTES];

static void interrupt(int signal)
{
	(void)signal;
}

/* Each millisecond a signal interrupts whatever waits. */
static void interrupt_often(bool on)
{
	const struct sigaction action = {.sa_handler = interrupt};
	const struct itimerval often = {{0, on ? 1000 : 0}, {0, on ? 1000 : 0}};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

/* What another process writes in pieces, or reads in pieces: its status is 0 where it is as it was. */
static int in_pieces(int fd, bool reads)
{
	size_t done = 0;
	while (done < BYTES) {
		size_t piece = BYTES - done < 30011 ? BYTES - done : 30011;
		ssize_t moved = reads ? read(fd, again + done, piece) : write(fd, bytes + done, piece);
		if (moved <= 0)
			return 1;
		done += (size_t)moved;
		usleep(2000);
	}
	return reads && memcmp(bytes, again, BYTES) != 0;
}

static void through_a_pipe(bool reads)
{
	int ends[2], status = 1;
	if (!CHECK(pipe2(ends, O_CLOEXEC) == 0))
		return;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		close(ends[reads ? 1 : 0]);
		_exit(in_pieces(ends[reads ? 0 : 1], reads));
	}
	close(ends[reads ? 0 : 1]);
	interrupt_often(true);
	if (reads)
		CHECK(write_all(ends[1], bytes, BYTES) == 0);
	else
		CHECK(read_all(ends[0], again, BYTES) == BYTES && memcmp(bytes, again, BYTES) == 0);
	interrupt_often(false);
	close(ends[reads ? 1 : 0]);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (char)(i * 7 + i / 251);

	tap_case("what is written in pieces, with interruptions between them, arrives whole");
	through_a_pipe(true);
	tap_case("and so does what is read");
	through_a_pipe(false);

	tap_case("the end of a file is no error, and another one is told");
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	CHECK(read_all(fd, again, BYTES) == 0 && write_all(fd, bytes, BYTES) == 0);
	close(fd);
	CHECK(read_all(fd, again, 1) == -EBADF && write_all(fd, bytes, 1) == -EBADF);
	fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	CHECK(fd < 0 || write_all(fd, bytes, 1) == -ENOSPC);
	close(fd);
	return tap_done();
}
