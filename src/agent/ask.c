/*
 * A terminal that echoes nothing must echo again whatever happens, so the signals that end a program are blocked while it
 * is quiet, and watched beside the terminal. The line is read byte by byte with read(2): stdio would keep a copy.
 */
#include "agent/ask.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

static void say(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

/* One byte. 1, 0 at the end, or -errno. */
static ssize_t read_byte(int signals, char *byte)
{
	struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	if (poll(fds, 2, -1) < 0)
		return -errno;
	if (fds[0].revents)
		return -EINTR;
	ssize_t count = read(STDIN_FILENO, byte, 1);
	return count < 0 ? -errno : count;
}

static ssize_t read_line(int signals, char *line, size_t size)
{
	size_t length = 0;
	ssize_t count;
	char byte = '\0';
	while ((count = read_byte(signals, &byte)) == 1 && byte != '\n') {
		if (length + 1 == size || byte == '\0')
			return -E2BIG;
		line[length++] = byte;
	}
	if (length > 0 && line[length - 1] == '\r')
		length--;
	line[length] = '\0';
	explicit_bzero(&byte, 1);
	return count < 0 ? count : length == 0 ? -EINVAL : (ssize_t)length;
}

ssize_t ask_password(const char *prompt, char *password, size_t size)
{
	struct termios echoing, quiet;
	sigset_t ending, blocked, before;
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGHUP);
	sigaddset(&ending, SIGQUIT);
	blocked = ending;
	sigaddset(&blocked, SIGTSTP); /* no shell in a quiet terminal */
	sigprocmask(SIG_BLOCK, &blocked, &before);
	int signals = signalfd(-1, &ending, SFD_CLOEXEC);
	bool terminal = tcgetattr(STDIN_FILENO, &echoing) == 0;
	if (terminal) {
		quiet = echoing;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		say(prompt);
	}
	ssize_t length = read_line(signals, password, size);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &echoing);
		say("\n");
	}
	if (signals >= 0)
		close(signals);
	if (length < 0)
		explicit_bzero(password, size);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return length;
}
