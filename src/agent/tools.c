/*
 * The modes that do not run the garage: they make from the configuration only what they look at, and free it again. None
 * of them makes a struct agent. --release and --watch open the lines alone, without a door's machine.
 * Beside --release stands the note that a running agent leaves for it.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/secure.h"
#include "agent/translate.h"
#include "base/net.h"
#include "garage/lines.h"

#define HEALTHCHECK_LIMIT_MS 3000
#define STATE_DIRECTORY "/var/lib/portcullis" /* made by the unit when the agent starts */

/* The ports that take CAP_NET_BIND_SERVICE are those below this (ip(7)). */
static unsigned first_free_port(void)
{
	char text[16];
	FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	bool there = file && fgets(text, sizeof(text), file);
	if (file)
		fclose(file);
	return there ? (unsigned)strtoul(text, NULL, 10) : 1024;
}

/* Whoever checks with sudo may listen where the agent may not. */
static void check_port(const struct config *config, const char *path, size_t *warnings)
{
	unsigned first = first_free_port();
	if (!config->http.enabled || config->http.port >= first)
		return;
	fprintf(stderr, "%s: warning: http.listen: port %u takes CAP_NET_BIND_SERVICE: an agent that is another user than root, as the package's is, cannot start without it: choose a port from %u on\n",
			path, config->http.port, first);
	*warnings += 1;
}

/* What is not there now is no error: the agent starts without it, and takes it when it comes. */
static void check_optional(const struct config *config, const char *path, size_t *warnings)
{
	const char *directory = config->history.directory;
	if (config->http.enabled && !net_is_here(config->http.address, config->http.port)) {
		fprintf(stderr, "%s: warning: http.listen: no interface of this machine has %s now: the doors and MQTT run without the page, which comes when the address does\n",
				path, config->http.address);
		*warnings += 1;
	}
	if (!directory || access(directory, W_OK | X_OK) == 0 ||
			(errno == ENOENT && strcmp(directory, STATE_DIRECTORY) == 0))
		return;
	int error = errno;
	if (error == ENOENT)
		fprintf(stderr, "%s: warning: history.directory: there is no %s: until there is, the history is in memory only, and after a start each door is locked out until somebody lifts that\n",
				path, directory);
	else
		fprintf(stderr, "%s: warning: history.directory: who runs this may not write in %s (%s): while the agent's user may not, the history is in memory only\n",
				path, directory, strerror(error));
	*warnings += 1;
}

/* Whoever checks with sudo may read more than the agent. */
static void check_readable(const char *file, const char *path, size_t *warnings)
{
	struct stat status;
	if (!file || geteuid() != 0 || config_is_credential(file) || stat(file, &status) < 0 ||
			!S_ISREG(status.st_mode) || status.st_uid != 0 || (status.st_mode & (S_IRGRP | S_IROTH)))
		return;
	fprintf(stderr, "%s: warning: root alone may read %s: an agent that is another user, as the package's is, cannot start: chgrp gpio %s && chmod 640 %s\n",
			path, file, file, file);
	*warnings += 1;
}

static void check_all_readable(const struct config *config, const char *path, size_t *warnings)
{
	const struct config_tls *const tls[] = {&config->mqtt.tls, &config->http.tls};
	check_readable(path, path, warnings);
	for (size_t i = 0; i < config->secret_file_count; i++)
		check_readable(config->secret_files[i], path, warnings);
	for (size_t i = 0; i < sizeof(tls) / sizeof(tls[0]); i++) {
		check_readable(tls[i]->key_file, path, warnings);
		check_readable(tls[i]->key_password_file, path, warnings);
	}
}

int agent_check(const struct config *config, const char *path, const struct log *log, size_t *warnings)
{
	check_all_readable(config, path, warnings);
	check_port(config, path, warnings);
	check_optional(config, path, warnings);
	if (!translate_right_hash(config)) {
		fprintf(stderr, "%s: http: %s\n", path, translate_damaged_hash);
		return -EINVAL;
	}
	return secure_check(config, path, log);
}

static int lines_of_config(const struct config *config, struct lines **lines)
{
	struct garage_door_config *doors = translate_doors(config);
	int error = doors ? lines_new(doors, config->door_count, lines) : -ENOMEM;
	free(doors);
	return error;
}

/*
 * Where the agent leaves its note for --release: the service's runtime directory, which lasts until the release is done.
 * Of several, which systemd puts colons between, the first.
 */
static bool note_path(char path[static PATH_MAX])
{
	const char *directories = getenv("RUNTIME_DIRECTORY");
	int length = directories ? (int)strcspn(directories, ":") : 0;
	return length > 0 && snprintf(path, PATH_MAX, "%.*s/outputs", length, directories) < PATH_MAX;
}

/* What systemd gives to an agent and to the release after its end alone: another agent may have the same directory. */
static const char *note_run(void)
{
	const char *run = getenv("INVOCATION_ID");
	return run ? run : "";
}

/* A simulated agent drives none, which is worth a note, too. */
static int note_lines(const struct config *config, const char *path)
{
	struct lines *lines;
	if (config->gpio.backend == CONFIG_SIMULATED)
		return gpio_note(path, note_run(), NULL, NULL, 0);
	int error = lines_of_config(config, &lines);
	if (error < 0)
		return error;
	error = lines_note(lines, path, note_run(), config->gpio.chip);
	lines_free(lines);
	return error;
}

void agent_note_outputs(const struct config *config, const struct log *log)
{
	char path[PATH_MAX];
	int error = note_path(path) ? note_lines(config, path) : 0;
	if (error < 0)
		log_warning(log,
				"cannot write %s: %s; a release after this agent's end goes by the configuration of that time",
				path, strerror(-error));
}

int agent_release_noted(const struct log *log)
{
	char text[GPIO_ERROR_MAX] = "", path[PATH_MAX];
	int result = note_path(path) ? gpio_release_noted(path, note_run(), text) : 1;
	if (result < 0)
		log_error(log, "the relays were not released: %s", text);
	return result;
}

int agent_release(const struct config *config, const struct log *log)
{
	struct lines *lines;
	char text[GPIO_ERROR_MAX] = "";
	if (config->gpio.backend == CONFIG_SIMULATED)
		return 0;
	int error = lines_of_config(config, &lines);
	if (error < 0)
		return error;
	error = lines_release(lines, config->gpio.chip, text);
	if (error < 0)
		log_error(log, "the relays were not released: %s", text);
	lines_free(lines);
	return error;
}

static void end_watch(void *user, int signal)
{
	(void)signal;
	loop_stop(user);
}

static int watch_lines(const struct config *config, const struct log *log, struct loop *loop, FILE *out)
{
	struct lines *lines;
	sigset_t signals;
	char text[GPIO_ERROR_MAX] = "";
	int error = lines_of_config(config, &lines);
	if (error < 0)
		return error;
	agent_signals(&signals);
	error = loop_signals(loop, &signals, end_watch, loop);
	if (error == 0)
		error = lines_watch(lines, loop, log, config->gpio.chip, out, text);
	if (error < 0)
		log_error(log, "cannot watch: %s", text[0] ? text : strerror(-error));
	lines_free(lines);
	return error;
}

int agent_watch(const struct config *config, const struct log *log, FILE *out)
{
	struct loop *loop;
	if (config->gpio.backend == CONFIG_SIMULATED) {
		log_error(log, "nothing to watch: the configuration's lines are simulated (gpio.backend)");
		return -ENOTSUP;
	}
	int error = loop_new(&loop);
	if (error < 0)
		return error;
	error = watch_lines(config, log, loop, out);
	loop_free(loop);
	return error;
}

int agent_healthcheck(const struct config *config, const struct log *log)
{
	char text[HTTP_ERROR_MAX] = "";
	if (!config->http.enabled) {
		log_error(log, "no health check without the page: the configuration says http.listen: off");
		return -ENOTSUP;
	}
	const struct http_config http = translate_http(config);
	int error = secure_healthcheck(config, log, &http, HEALTHCHECK_LIMIT_MS, text);
	if (error < 0)
		log_error(log, "unhealthy: %s", text);
	return error;
}
