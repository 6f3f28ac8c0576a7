/*
 * Any bytes as what answers in the Supervisor's place. Whatever comes, a service that is taken from it stays within its
 * bounds, and what is not taken is told in a sentence without anything that controls.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/supervisor.h"

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_text(const char *text, size_t size)
{
	size_t length = strnlen(text, size);
	check(length < size);
	for (size_t i = 0; i < length; i++)
		check((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
	static struct document_service service;
	char error[SUPERVISOR_ERROR_MAX] = "";
	char *answer = malloc(length ? length : 1); /* a block of its own: a sanitizer sees what is read behind it */
	if (!answer)
		return 0;
	memcpy(answer, bytes, length);
	int failed = supervisor_read(answer, length, &service, error);
	free(answer);
	check(failed == 0 || failed == -ENOENT || failed == -EINVAL);
	check_text(error, sizeof(error));
	check((failed < 0) == (*error != '\0'));
	if (failed < 0)
		return 0;
	check_text(service.host, sizeof(service.host));
	check_text(service.username, sizeof(service.username));
	check_text(service.password, sizeof(service.password));
	check(*service.host && service.port > 0 && (*service.username || !*service.password));
	return 0;
}
