#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/read.h"
#include "tap.h"

int main(void)
{
	tap_case("a sentence is put together, and cut where the room ends");
	char text[8] = "";
	text_append(text, sizeof(text), "%d", 12);
	text_append(text, sizeof(text), " and");
	CHECK(strcmp(text, "12 and") == 0);
	text_append(text, sizeof(text), " more");
	CHECK(strcmp(text, "12 and ") == 0);
	text_append(text, sizeof(text), "!");
	CHECK(strcmp(text, "12 and ") == 0);

	tap_case("a pipe is read to its end, however many pieces it comes in");
	int ends[2];
	char bytes[16];
	if (pipe(ends) < 0)
		abort();
	pid_t child = fork();
	if (child == 0) {
		for (int i = 0; i < 5; i++) {
			if (write(ends[1], "ab", 2) != 2)
				_exit(1);
			usleep(1000);
		}
		_exit(0);
	}
	close(ends[1]);
	CHECK(read_all(ends[0], bytes, sizeof(bytes)) == 10);
	CHECK(memcmp(bytes, "ababababab", 10) == 0);
	close(ends[0]);

	tap_case("no more is read than there is room for");
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	CHECK(read_all(zero, bytes, 3) == 3);
	close(zero);

	tap_case("what cannot be read says why");
	int folder = open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	CHECK(read_all(folder, bytes, sizeof(bytes)) == -EISDIR);
	close(folder);
	return tap_done();
}
