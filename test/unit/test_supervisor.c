/* What the Supervisor answers, read; the asking itself is tested in test/integration/test_home_assistant_app.py. */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define HEAD(status) "HTTP/1.0 " status "\r\nContent-Type: application/json\r\n\r\n"
#define DATA(members) HEAD("200 OK") "{\"result\":\"ok\",\"data\":{" members "}}"

static int read_answer(const char *answer, struct document_service *service, char error[static SUPERVISOR_ERROR_MAX])
{
	*error = '\0';
	memset(service, 'x', sizeof(*service));
	return supervisor_read(answer, strlen(answer), service, error);
}

static void test_services(void)
{
	struct document_service service;
	char error[SUPERVISOR_ERROR_MAX];
	tap_case("a service with a login");
	CHECK(read_answer(DATA("\"addon\":\"core_mosquitto\",\"host\":\"core-mosquitto\",\"port\":1883,\"ssl\":false,"
			       "\"username\":\"addons\",\"password\":\"a b\\\"c\",\"protocol\":\"3.1.1\""),
			      &service, error) == 0);
	CHECK(strcmp(service.host, "core-mosquitto") == 0 && service.port == 1883 && !service.tls);
	CHECK(strcmp(service.username, "addons") == 0 && strcmp(service.password, "a b\"c") == 0);

	tap_case("a service with TLS and without a login");
	CHECK(read_answer(DATA("\"host\":\"10.0.0.2\",\"port\":\"8883\",\"ssl\":true,\"password\":null"), &service,
			      error) == 0);
	CHECK(strcmp(service.host, "10.0.0.2") == 0 && service.port == 8883 && service.tls);
	CHECK(!*service.username && !*service.password);
}

static void test_refusals(void)
{
	static const struct {
		const char *answer;
		int error;
		const char *said;
	} rows[] = {
			{HEAD("400 Bad Request") "{\"result\":\"error\",\"message\":\"Service not enabled\"}", -ENOENT,
					"it says: Service not enabled"},
			{HEAD("200 OK") "{\"result\":\"error\"}", -ENOENT, "it says: "},
			{HEAD("401 Unauthorized") "401: Unauthorized", -EINVAL,
					"its answer (HTTP status 401) cannot be used: it is no JSON object"},
			{HEAD("500 Oh") "{\"result\":\"ok\",\"data\":{\"host\":\"a\",\"port\":1}}", -EINVAL,
					"its answer (HTTP status 500) cannot be used"},
			{DATA("\"port\":1883"), -EINVAL,
					"its answer (HTTP status 200) cannot be used: it names no host of the broker"},
			{DATA("\"host\":\"a b\",\"port\":1883"), -EINVAL,
					"its answer (HTTP status 200) cannot be used: it names no host of the broker"},
			{DATA("\"host\":\"a\",\"port\":65536"), -EINVAL,
					"its answer (HTTP status 200) cannot be used: it names no port of the broker"},
			{DATA("\"host\":\"a\",\"port\":\"80x\""), -EINVAL,
					"its answer (HTTP status 200) cannot be used: it names no port of the broker"},
			{DATA("\"host\":\"a\",\"port\":1,\"username\":7"), -EINVAL,
					"its answer (HTTP status 200) cannot be used: its login is no text, or too long"},
			{DATA("\"host\":\"a\",\"port\":1,\"username\":\"u\\n\""), -EINVAL,
					"its answer (HTTP status 200) cannot be used: its login is no text, or too long"},
			{DATA("\"host\":\"a\",\"port\":1,\"password\":\"p\""), -EINVAL,
					"its answer (HTTP status 200) cannot be used: it gives a password and no username"},
			{"SSH-2.0-x\r\n\r\n", -EINVAL, "what answers is no HTTP server"},
			{"HTTP/1.1 20\r\n\r\n", -EINVAL, "what answers is no HTTP server"},
			{"HTTP/1.1 200 OK\r\n", -EINVAL, "what answers is no HTTP server"},
			{"", -EINVAL, "what answers is no HTTP server"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct document_service service;
		char error[SUPERVISOR_ERROR_MAX];
		tap_case("refused: %s", rows[i].said);
		CHECK(read_answer(rows[i].answer, &service, error) == rows[i].error);
		if (!CHECK(strcmp(error, rows[i].said) == 0))
			printf("# it says: %s\n", error);
	}

	tap_case("no token is sent that could end its header's line");
	struct document_service service;
	char error[SUPERVISOR_ERROR_MAX];
	CHECK(supervisor_ask("127.0.0.1", 1, "a\r\nHost: b", 1, &service, error) == -EINVAL);
	CHECK(strncmp(error, "SUPERVISOR_TOKEN is empty, longer than 512 bytes", 48) == 0);
	CHECK(supervisor_ask("127.0.0.1", 1, "", 1, &service, error) == -EINVAL);
	CHECK(supervisor_ask("supervisor", 1, "a", 1, &service, error) == -EINVAL);
}

int main(void)
{
	test_services();
	test_refusals();
	return tap_done();
}
