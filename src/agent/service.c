/*
 * Asks the Supervisor again and again until it knows a broker: an app of Home Assistant may start before the broker's app
 * has, or before somebody has installed one. Nothing of the agent runs yet, so it may wait here; a signal ends the wait.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/loop.h"
#include "supervisor/supervisor.h"

#define ASK_LIMIT_MS 5000
#define ASK_AGAIN_S 5
#define TELL_AGAIN_MS 60000

static int service_take(struct config *config, const struct document_service *service, const struct log *log)
{
	const struct config_service taken = {.host = service->host,
			.port = service->port,
			.tls = service->tls,
			.username = *service->username ? service->username : NULL,
			.password = *service->password ? service->password : NULL};
	int failed = config_take_service(config, &taken);
	if (failed == 0)
		log_info(log, "the Supervisor names the broker %s, port %u%s", service->host, service->port,
				service->tls ? ", with TLS" : "");
	return failed;
}

/* Whether one of the agent's signals has come before it is time to ask again. SIGHUP has nothing to reload yet. */
static bool service_wait(void)
{
	sigset_t signals;
	agent_signals(&signals);
	int caught = sigtimedwait(&signals, NULL, &(struct timespec){.tv_sec = ASK_AGAIN_S});
	return caught > 0 && caught != SIGHUP;
}

int agent_find_broker(struct config *config, const struct log *log)
{
	const char *token = getenv("SUPERVISOR_TOKEN");
	const struct config_broker *supervisor = &config->mqtt.brokers[0];
	struct document_service service;
	char error[SUPERVISOR_ERROR_MAX];
	int64_t told_ms = 0;
	if (!supervisor->by_supervisor)
		return 0;
	if (!token) {
		log_error(log, "mqtt.broker: supervisor:// is for an app of Home Assistant, and this is none: its environment has no SUPERVISOR_TOKEN");
		return -ENOENT;
	}
	while (supervisor_ask(supervisor->host, supervisor->port, token, ASK_LIMIT_MS, &service, error) < 0) {
		int64_t now_ms = loop_now_ms();
		if (told_ms == 0 || now_ms - told_ms >= TELL_AGAIN_MS) {
			log_warning(log,
					"the Supervisor names no broker yet: %s. Install Home Assistant's Mosquitto broker, or give mqtt.broker, username and password; until then there is no page, and no door obeys",
					error);
			told_ms = now_ms;
		}
		if (service_wait())
			return -EINTR;
	}
	int failed = service_take(config, &service, log);
	explicit_bzero(&service, sizeof(service));
	return failed;
}
