#include "base/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/notify.h"
#include "tap.h"

/* What was written to standard error since the last call. */
static const char *caught(int fd)
{
	static char text[4096];
	ssize_t length = read(fd, text, sizeof(text) - 1);
	text[length > 0 ? length : 0] = '\0';
	return text;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);
	bool same = length >= tail && strcmp(text + length - tail, end) == 0;
	if (!same)
		printf("# logged: %s\n", text);
	return same;
}

int main(void)
{
	int ends[2], real = dup(STDERR_FILENO);
	if (pipe2(ends, O_NONBLOCK) < 0 || dup2(ends[1], STDERR_FILENO) < 0)
		abort();
	unsetenv("JOURNAL_STREAM");
	struct log log;
	log_init(&log);

	tap_case("text: time, level, message");
	log_warning(&log, "door %s: %d", "left", 3);
	const char *line = caught(ends[0]);
	CHECK(ends_with(line, "Z warning: door left: 3\n"));
	CHECK(strlen(line) > 10 && line[4] == '-' && line[10] == 'T');

	tap_case("what is below the level is not written");
	log_debug(&log, "nothing");
	CHECK(caught(ends[0])[0] == '\0');

	tap_case("a line cannot be forged by what is logged");
	log_info(&log, "topic %s", "a\nerror: forged\x1b[2J\x7f");
	CHECK(ends_with(caught(ends[0]), " info: topic a\\x0aerror: forged\\x1b[2J\\x7f\n"));

	tap_case("UTF-8 stays, broken UTF-8 is escaped");
	log_info(&log, "T\xc3\xbcr \xc3( \xff \xe2\x82");
	CHECK(ends_with(caught(ends[0]), " info: T\xc3\xbcr \\xc3( \\xff \\xe2\\x82\n"));

	tap_case("what controls a terminal or the order of letters is escaped, in both formats");
	log_info(&log, "%s",
			"\xc2\x9b"
			"2J\xc2\x85 \xe2\x80\xaegnit\xe2\x80\xa8 \xe2\x81\xa6 \xef\xbb\xbf \xf3\xa0\x81\x81 \xc2\xa0");
	CHECK(ends_with(caught(ends[0]),
			" info: \\u009b2J\\u0085 \\u202egnit\\u2028 \\u2066 \\ufeff \\udb40\\udc41 \xc2\xa0\n"));
	log.format = LOG_JSON;
	log_info(&log, "\xc2\x9b\xe2\x80\xae");
	CHECK(ends_with(caught(ends[0]), "\"\\u009b\\u202e\"}\n"));
	log.format = LOG_TEXT;

	tap_case("JSON is escaped and closed");
	log.format = LOG_JSON;
	log_error(&log, "a \"name\" \\ and\ttab");
	line = caught(ends[0]);
	CHECK(line[0] == '{');
	CHECK(ends_with(line, "\"level\":\"error\",\"message\":\"a \\\"name\\\" \\\\ and\\u0009tab\"}\n"));

	tap_case("a long line is cut, in both formats, and still whole");
	char longest[3000];
	memset(longest, '"', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	log_error(&log, "%s", longest);
	line = caught(ends[0]);
	CHECK(ends_with(line, "...\"}\n"));
	CHECK(strlen(line) <= LOG_LINE_MAX);
	log.format = LOG_TEXT;
	log_error(&log, "%s", longest);
	line = caught(ends[0]);
	CHECK(ends_with(line, "...\n"));
	CHECK(strlen(line) <= LOG_LINE_MAX);

	tap_case("the journal gets priorities, and only when standard error is the journal");
	char stream[64];
	struct stat status;
	CHECK(fstat(STDERR_FILENO, &status) == 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
			(unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init(&log);
	log_error(&log, "e");
	CHECK(strcmp(caught(ends[0]), "<3>e\n") == 0);
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_init(&log);
	CHECK(!log.journal);

	tap_case("a full pipe is not waited for: lines are lost, and how many is told");
	unsetenv("JOURNAL_STREAM");
	int full[2];
	if (pipe(full) < 0 || dup2(full[1], STDERR_FILENO) < 0 || fcntl(full[0], F_SETFL, O_NONBLOCK) < 0)
		abort();
	log_init(&log);
	alarm(10);
	for (int i = 0; i < 1000; i++)
		log_info(&log, "%.500s", longest);
	alarm(0);
	CHECK(log.lost_count > 0 && log.lost_count < 1000);
	while (*caught(full[0]))
		;
	log_info(&log, "again");
	line = caught(full[0]);
	CHECK(strstr(line, " lines of the log are lost here") && ends_with(line, " info: again\n"));
	CHECK(log.lost_count == 0);
	close(full[0]);
	close(full[1]);

	tap_case("notify: nothing without a socket, a datagram with one, an error with a dead one");
	unsetenv("NOTIFY_SOCKET");
	CHECK(notify_send("READY=1") == 0);
	setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
	CHECK(notify_send("READY=1") < 0);
	int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(address.sun_family); /* autobind: the kernel chooses an abstract name */
	CHECK(bind(manager, (struct sockaddr *)&address, length) == 0);
	length = sizeof(address);
	CHECK(getsockname(manager, (struct sockaddr *)&address, &length) == 0);
	char name[sizeof(address.sun_path) + 1] = "@";
	memcpy(name + 1, address.sun_path + 1, length - sizeof(address.sun_family) - 1);
	setenv("NOTIFY_SOCKET", name, 1);
	CHECK(notify_send("READY=1\nSTATUS=two doors") == 0);
	char datagram[64] = "";
	CHECK(recv(manager, datagram, sizeof(datagram) - 1, 0) > 0);
	CHECK(strcmp(datagram, "READY=1\nSTATUS=two doors") == 0);

	tap_case("the watchdog is heard only when it is meant for this process");
	char pid[32];
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "30000000", 1);
	CHECK(notify_watchdog_ms() == 30000);
	setenv("WATCHDOG_PID", "1", 1);
	CHECK(notify_watchdog_ms() == 0);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	CHECK(notify_watchdog_ms() == 30000);
	setenv("WATCHDOG_USEC", "junk", 1);
	CHECK(notify_watchdog_ms() == 0);

	dup2(real, STDERR_FILENO);
	return tap_done();
}
