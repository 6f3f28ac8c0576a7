/*
 * The command line: reads the options, then the configuration, then hands both to a mode of the agent. It turns what came
 * of it into the exit status, which systemd and the container's engine go by.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/kernel.h"
#include "base/log.h"
#include "config/config.h"
#include "gpio/gpio.h"
#include "import/import.h"
#include "tls/password.h"

#define PASSWORD_MAX 200 /* with a user name it fits into the header that browsers send */
#define DEFAULT_CONFIG "/etc/portcullis/portcullis.yaml"

/* sysexits.h; the unit file names 2 and 78 as not worth a restart. */
enum status { STATUS_GOOD = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_CONFIG = 78 };

enum mode { RUN, CHECK, HEALTHCHECK, LIST_LINES, WATCH, RELEASE, HASH_PASSWORD, IMPORT };

static const char usage[] = "Usage: portcullis [--config FILE] [MODE]\n"
			    "\n"
			    "Runs the garage-door agent in the foreground.\n"
			    "\n"
			    "  --config FILE     the configuration (default " DEFAULT_CONFIG ")\n"
			    "\n"
			    "Modes, instead of running:\n"
			    "  --check           validate the configuration, print every error and warning\n"
			    "  --healthcheck     ask the running agent whether it is well\n"
			    "  --list-lines      the GPIO chips and lines, their names and users\n"
			    "  --watch           live levels of the configured contacts; no relay is touched\n"
			    "  --release         put every configured relay line back to rest\n"
			    "  --import FILE     print NormallyClosed's, GarageQTPi's or mqtt-io's FILE as ours\n"
			    "  --hash-password   read a password, print what may stand for it in http: password\n"
			    "  --version\n"
			    "  --help\n"
			    "\n"
			    "Exit status: 0 good, 1 failed while running, 2 usage, 78 configuration.\n";

static int try_help(const char *problem, const char *argument)
{
	fprintf(stderr, "portcullis: %s%s%s (try --help)\n", problem, argument ? ": " : "", argument ? argument : "");
	return STATUS_USAGE;
}

static int list_lines(void)
{
	char error[GPIO_ERROR_MAX];
	if (gpio_list_lines(stdout, error) < 0) {
		fprintf(stderr, "portcullis: %s\n", error);
		return STATUS_FAILED;
	}
	return STATUS_GOOD;
}

static int import(const char *path)
{
	struct config_report *report = calloc(1, sizeof(*report));
	int error = report ? import_file(path, stdout, report) : -ENOMEM;
	if (report)
		config_report_print(report, stderr);
	free(report);
	if (error == -EINVAL)
		return STATUS_CONFIG;
	if (error < 0)
		fprintf(stderr, "portcullis: cannot import %s: %s\n", path, strerror(-error));
	return error < 0 || fflush(stdout) != 0 ? STATUS_FAILED : STATUS_GOOD;
}

/* One line of standard input, without an echo where that is a terminal. The length, or -1. */
static ssize_t read_password(char *password, size_t size)
{
	struct termios before, quiet;
	bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
	if (terminal) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		fputs("Password: ", stderr);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	bool read = fgets(password, (int)size, stdin) != NULL;
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	if (!read)
		return -1;
	size_t length = strlen(password);
	bool whole = length + 1 < size || password[length - 1] == '\n';
	while (length > 0 && (password[length - 1] == '\n' || password[length - 1] == '\r'))
		password[--length] = '\0';
	return whole ? (ssize_t)length : -1;
}

static int hash_password(void)
{
	char password[PASSWORD_MAX + 2], hash[TLS_PASSWORD_HASH_MAX];
	ssize_t length = read_password(password, sizeof(password));
	if (length <= 0) {
		fprintf(stderr, "portcullis: expected a password of 1 to %d bytes on standard input\n", PASSWORD_MAX);
		return STATUS_USAGE;
	}
	int error = tls_password_hash(password, (size_t)length, hash);
	explicit_bzero(password, sizeof(password));
	if (error < 0) {
		fprintf(stderr, "portcullis: the password cannot be hashed: %s\n", strerror(-error));
		return STATUS_FAILED;
	}
	return puts(hash) < 0 || fflush(stdout) != 0 ? STATUS_FAILED : STATUS_GOOD;
}

static int check(const char *path, const struct config *config, size_t warnings, const struct log *log)
{
	int error = agent_check(config, path, log, &warnings);
	if (error < 0)
		return error;
	printf("%s: good: node %s, %zu door%s", path, config->node, config->door_count,
			config->door_count == 1 ? "" : "s");
	if (warnings > 0)
		printf(", %zu warning%s", warnings, warnings == 1 ? "" : "s");
	putchar('\n');
	return fflush(stdout);
}

static int run_mode(enum mode mode, const char *path, const struct config *config, size_t warnings, struct log *log)
{
	switch (mode) {
	case CHECK:
		return check(path, config, warnings, log);
	case HEALTHCHECK:
		return agent_healthcheck(config, log);
	case WATCH:
		return agent_watch(config, log, stdout);
	case RELEASE:
		return agent_release(config, log);
	default:
		return agent_run(config, path, log);
	}
}

/* The journal needs its priorities on each line; people and --check want the lines as editors know them. */
static void print_report(enum mode mode, const struct config_report *report, const struct log *log)
{
	if (mode == HEALTHCHECK && report->errors == 0)
		return;
	if (mode != RUN) {
		config_report_print(report, stderr);
		return;
	}
	agent_log_report(report, log);
}

/* The relays are also released where nobody may read a password: after the service's end. */
static enum config_secrets secrets(enum mode mode)
{
	return mode == RUN ? CONFIG_SECRETS_NEEDED : mode == CHECK ? CONFIG_SECRETS_CHECKED : CONFIG_SECRETS_UNNEEDED;
}

static int run(enum mode mode, const char *path)
{
	struct log log;
	struct config config;
	char reason[KERNEL_REASON_MAX];
	log_init(&log);
	if (mode != RELEASE && kernel_check(reason) < 0) { /* relays are put to rest in any case */
		log_error(&log, "%s", reason);
		return STATUS_FAILED;
	}
	struct config_report *report = calloc(1, sizeof(*report));
	if (!report) {
		log_error(&log, "out of memory before the start");
		return STATUS_FAILED;
	}
	int error = config_load(path, secrets(mode), &config, report);
	if (error == 0) {
		log.level = (enum log_level)config.log.level;
		log.format = (enum log_format)config.log.format;
	}
	print_report(mode, report, &log);
	size_t warnings = report->warnings;
	free(report);
	if (error == -EINVAL)
		return STATUS_CONFIG;
	if (error < 0) {
		log_error(&log, "cannot load %s: %s", path, strerror(-error));
		return STATUS_FAILED;
	}
	error = run_mode(mode, path, &config, warnings, &log);
	config_free(&config);
	return error == 0 ? STATUS_GOOD : mode == CHECK ? STATUS_CONFIG : STATUS_FAILED;
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
			{"config", required_argument, NULL, 'c'},
			{"check", no_argument, NULL, CHECK},
			{"healthcheck", no_argument, NULL, HEALTHCHECK},
			{"list-lines", no_argument, NULL, LIST_LINES},
			{"watch", no_argument, NULL, WATCH},
			{"release", no_argument, NULL, RELEASE},
			{"hash-password", no_argument, NULL, HASH_PASSWORD},
			{"import", required_argument, NULL, IMPORT},
			{"version", no_argument, NULL, 'V'},
			{"help", no_argument, NULL, 'h'},
			{0},
	};
	const char *path = DEFAULT_CONFIG, *foreign = NULL;
	enum mode mode = RUN;
	int option;
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'V':
			return puts("portcullis " PORTCULLIS_VERSION) < 0 ? STATUS_FAILED : STATUS_GOOD;
		case 'h':
			return fputs(usage, stdout) < 0 ? STATUS_FAILED : STATUS_GOOD;
		case '?':
			return try_help("see above", NULL);
		default:
			if (mode != RUN && mode != (enum mode)option)
				return try_help("only one mode at a time", NULL);
			mode = (enum mode)option;
			foreign = mode == IMPORT ? optarg : NULL;
		}
	}
	if (optind < argc)
		return try_help("unexpected argument", argv[optind]);
	if (mode == LIST_LINES)
		return list_lines();
	if (mode == HASH_PASSWORD)
		return hash_password();
	if (mode == IMPORT)
		return import(foreign);

	sigset_t signals;
	agent_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* the history's disk is full, and says so by its error */
	return run(mode, path);
}
