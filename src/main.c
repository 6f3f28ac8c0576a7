/*
 * The command line: reads the options, then the configuration, then hands both to a mode of the agent. It turns what came
 * of it into the exit status, which systemd and the container's engine go by.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/kernel.h"
#include "base/log.h"
#include "config/config.h"
#include "gpio/gpio.h"
#include "import/import.h"

#define DEFAULT_CONFIG "/etc/portcullis/portcullis.yaml"

/* sysexits.h; the unit file names 2 and 78 as not worth a restart. */
enum status { STATUS_GOOD = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_CONFIG = 78 };

enum mode {
	RUN,
	CHECK,
	HEALTHCHECK,
	LIST_LINES,
	WATCH,
	RELEASE,
	HASH_PASSWORD,
	SET_PASSWORD,
	SET_MQTT_PASSWORD,
	SET_PAGE_PASSWORD,
	IMPORT,
	NEW_CONFIG
};

static const char usage[] =
		"Usage: portcullis [--config FILE] [--example FILE] [MODE]\n"
		"\n"
		"Runs the garage-door agent in the foreground.\n"
		"\n"
		"  --config FILE     the configuration (default " DEFAULT_CONFIG ")\n"
		"  --example FILE    when running without a configuration yet: begin with a copy of this\n"
		"\n"
		"Modes, instead of running:\n"
		"  --check           validate the configuration, print every error and warning\n"
		"  --healthcheck     ask the running agent whether it is well\n"
		"  --list-lines      the GPIO chips and lines, their names and users\n"
		"  --watch           live levels of the configured contacts; no relay is touched\n"
		"  --release         put every configured relay line back to rest\n"
		"  --import FILE     print NormallyClosed's, GarageQTPi's or mqtt-io's FILE as ours\n"
		"  --new-config toggle-high|toggle-low|separate-high|separate-low\n"
		"                    print a new configuration, for one relay on the wall button or one each to\n"
		"                    open and close, which are on while their input is high or low\n"
		"  --hash-password   read a password, print what may stand for it in http.password\n"
		"  --set-password mqtt|page\n"
		"                    ask for the password and write it to its password_file\n"
		"  --version\n"
		"  --help\n"
		"\n"
		"Exit status: 0 good, 1 failed while running, 2 usage, 78 configuration.\n";

static int try_help(const char *problem, const char *argument)
{
	fprintf(stderr, "portcullis: %s%s%s (try --help)\n", problem, argument ? ": " : "", argument ? argument : "");
	return STATUS_USAGE;
}

/* After the last word. What has been written may have failed before: fflush(3) does not tell of that again. */
static bool printed(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}

static int list_lines(void)
{
	char error[GPIO_ERROR_MAX];
	if (gpio_list_lines(stdout, error) < 0) {
		fprintf(stderr, "portcullis: %s\n", error);
		return STATUS_FAILED;
	}
	return printed() ? STATUS_GOOD : STATUS_FAILED;
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
	return error < 0 || !printed() ? STATUS_FAILED : STATUS_GOOD;
}

static int new_config(const char *name)
{
	if (config_print_new(name, stdout) < 0)
		return try_help("--new-config takes toggle-high, toggle-low, separate-high or separate-low", NULL);
	return printed() ? STATUS_GOOD : STATUS_FAILED;
}

/* The exit status of a mode whose errors have been told. */
static enum status status_of(int error)
{
	return error == 0         ? STATUS_GOOD
	       : error == -EINVAL ? STATUS_USAGE
	       : error == -ENOENT ? STATUS_CONFIG
				  : STATUS_FAILED;
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
	return printed() ? 0 : -EIO;
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
	case SET_MQTT_PASSWORD:
	case SET_PAGE_PASSWORD:
		return agent_set_password(config, path, mode == SET_PAGE_PASSWORD, stdout);
	default:
		return agent_run(config, path, log);
	}
}

/* SET_PASSWORD: of nothing that is known. */
static enum mode whose_password(const char *word)
{
	return strcmp(word, "mqtt") == 0   ? SET_MQTT_PASSWORD
	       : strcmp(word, "page") == 0 ? SET_PAGE_PASSWORD
					   : SET_PASSWORD;
}

static bool sets_password(enum mode mode)
{
	return mode == SET_MQTT_PASSWORD || mode == SET_PAGE_PASSWORD;
}

/* The journal needs its priorities on each line; people and --check want the lines as editors know them. */
static void print_report(enum mode mode, const struct config_report *report, const struct log *log)
{
	if ((mode == HEALTHCHECK || sets_password(mode)) && report->errors == 0)
		return;
	if (mode != RUN) {
		config_report_print(report, stderr);
		return;
	}
	config_report_log(report, log);
}

/* The relays are also released where nobody may read a password: after the service's end. */
static enum config_secrets secrets(enum mode mode)
{
	return mode == RUN ? CONFIG_SECRETS_NEEDED : mode == CHECK ? CONFIG_SECRETS_CHECKED : CONFIG_SECRETS_UNNEEDED;
}

/* Without an example, or with a configuration, nothing. What goes wrong is told; the missing file is told by config_load. */
static void begin(const char *path, const char *example, const struct log *log)
{
	int error = example ? config_begin(path, example) : -EEXIST;
	if (error == 0)
		log_info(log, "there was no %s: it is now a copy of %s", path, example);
	else if (error != -EEXIST)
		log_error(log, "cannot make %s of %s: %s", path, example, strerror(-error));
}

static void block_signals(void)
{
	sigset_t signals;
	agent_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

static int run(enum mode mode, const char *path, const char *example)
{
	struct log log;
	struct config config;
	char reason[KERNEL_REASON_MAX];
	log_init(&log);
	if (mode != RELEASE && kernel_check(reason) < 0) { /* relays are put to rest in any case */
		log_error(&log, "%s", reason);
		return STATUS_FAILED;
	}
	int error = mode == RELEASE ? agent_release_noted(&log) : 1;
	if (error <= 0)
		return error == 0 ? STATUS_GOOD : STATUS_FAILED;
	struct config_report *report = calloc(1, sizeof(*report));
	if (!report) {
		log_error(&log, "out of memory before the start");
		return STATUS_FAILED;
	}
	if (mode == RUN)
		begin(path, example, &log);
	error = config_load(path, secrets(mode), &config, report);
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
	if (mode != CHECK && mode != HEALTHCHECK) /* these hold nothing that an end by a signal could spoil */
		block_signals();
	error = mode == RUN ? agent_find_broker(&config, &log) : 0;
	if (error == 0)
		error = run_mode(mode, path, &config, warnings, &log);
	else if (error == -EINTR)
		error = 0; /* told to end before it has begun */
	config_free(&config);
	if (sets_password(mode))
		return status_of(error);
	return error == 0 ? STATUS_GOOD : mode == CHECK ? STATUS_CONFIG : STATUS_FAILED;
}

/* The modes that need no configuration. -1: it is none of them. */
static int run_alone(enum mode mode, const char *argument)
{
	switch (mode) {
	case LIST_LINES:
		return list_lines();
	case HASH_PASSWORD:
		return status_of(agent_hash_password(stdout));
	case IMPORT:
		return import(argument);
	case NEW_CONFIG:
		return new_config(argument);
	default:
		return -1;
	}
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
			{"config", required_argument, NULL, 'c'},
			{"example", required_argument, NULL, 'e'},
			{"check", no_argument, NULL, CHECK},
			{"healthcheck", no_argument, NULL, HEALTHCHECK},
			{"list-lines", no_argument, NULL, LIST_LINES},
			{"watch", no_argument, NULL, WATCH},
			{"release", no_argument, NULL, RELEASE},
			{"hash-password", no_argument, NULL, HASH_PASSWORD},
			{"set-password", required_argument, NULL, SET_PASSWORD},
			{"new-config", required_argument, NULL, NEW_CONFIG},
			{"import", required_argument, NULL, IMPORT},
			{"version", no_argument, NULL, 'V'},
			{"help", no_argument, NULL, 'h'},
			{0},
	};
	const char *path = DEFAULT_CONFIG, *argument = NULL, *example = NULL;
	enum mode mode = RUN;
	int option;
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'e':
			example = optarg;
			break;
		case 'V':
			return puts("portcullis " PORTCULLIS_VERSION) < 0 ? STATUS_FAILED : STATUS_GOOD;
		case 'h':
			return fputs(usage, stdout) < 0 ? STATUS_FAILED : STATUS_GOOD;
		case '?':
			return try_help("the command line is wrong", NULL); /* getopt_long has said of what */
		default:
			if (mode != RUN && mode != (enum mode)option)
				return try_help("only one mode at a time", NULL);
			mode = (enum mode)option;
			argument = optarg;
		}
	}
	if (optind < argc)
		return try_help("unexpected argument", argv[optind]);
	int status = run_alone(mode, argument);
	if (status >= 0)
		return status;
	if (mode == SET_PASSWORD && (mode = whose_password(argument)) == SET_PASSWORD)
		return try_help("--set-password takes mqtt or page", NULL);

	/* A container's first process loses what it does not block. The others may wait for a pipe that is to be read. */
	if (mode == RUN || mode == RELEASE)
		block_signals();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* the history's disk is full, and says so by its error */
	return run(mode, path, example);
}
