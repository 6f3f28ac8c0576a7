/*
 * The face of the room: a file's bytes are read, settings are made of them, the settings become a configuration, and
 * what was wrong a report. A configuration owns its strings in one list. Where the file says something of a field is
 * kept beside the settings (marks), by the field's address.
 */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/read.h"
#include "config/settings.h"

#define PLACE_MAX (CONFIG_PATH_MAX + sizeof(":4294967295:4294967295"))

struct config_string {
	struct config_string *next;
	char text[];
};

struct config_mark {
	const void *field;
	struct config_position at;
};

__attribute__((format(printf, 4, 0))) static void add_problem(struct config_reader *reader, bool error,
		struct config_position at, const char *format, va_list arguments)
{
	struct config_report *report = reader->report;
	*(error ? &report->errors : &report->warnings) += 1;
	if (report->count == CONFIG_PROBLEMS_MAX)
		return;
	struct config_problem *problem = &report->problems[report->count++];
	*problem = (struct config_problem){.error = error, .line = at.line, .column = at.column};
	vsnprintf(problem->text, sizeof(problem->text), format, arguments);
	for (char *c = problem->text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

void config_error(struct config_reader *reader, struct config_position at, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	add_problem(reader, true, at, format, arguments);
	va_end(arguments);
}

void config_warning(struct config_reader *reader, struct config_position at, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	add_problem(reader, false, at, format, arguments);
	va_end(arguments);
}

void config_report_error(struct config_report *report, unsigned line, const char *format, ...)
{
	struct config_reader reader = {.report = report};
	va_list arguments;
	va_start(arguments, format);
	add_problem(&reader, true, (struct config_position){.line = line, .column = line > 0}, format, arguments);
	va_end(arguments);
}

static const char *keep(struct config *config, const char *text, size_t length)
{
	struct config_string *string = malloc(sizeof(*string) + length + 1);
	if (!string)
		return NULL;
	string->next = config->strings;
	memcpy(string->text, text, length);
	string->text[length] = '\0';
	config->strings = string;
	return string->text;
}

const char *config_keep(struct config_reader *reader, const char *text, size_t length)
{
	const char *kept = keep(&reader->settings->config, text, length);
	reader->out_of_memory |= !kept;
	return kept ? kept : "";
}

int config_take_service(struct config *config, const struct config_service *service)
{
	const char *host = keep(config, service->host, strlen(service->host));
	const char *username = service->username ? keep(config, service->username, strlen(service->username)) : NULL;
	const char *password = service->password ? keep(config, service->password, strlen(service->password)) : NULL;
	if (!host || (service->username && !username) || (service->password && !password))
		return -ENOMEM;
	config->mqtt.brokers[0] = (struct config_broker){
			.host = host, .port = service->port, .tls = service->tls, .by_supervisor = true};
	config->mqtt.username = username;
	config->mqtt.password = password;
	return 0;
}

void config_mark(struct config_reader *reader, const void *field, struct config_position at)
{
	if (reader->mark_count == reader->mark_room) {
		size_t room = reader->mark_room * 2 + 64;
		struct config_mark *marks = reallocarray(reader->marks, room, sizeof(*marks));
		if (!marks) {
			reader->out_of_memory = true;
			return;
		}
		reader->marks = marks;
		reader->mark_room = room;
	}
	reader->marks[reader->mark_count++] = (struct config_mark){.field = field, .at = at};
}

static const struct config_mark *find_mark(const struct config_reader *reader, const void *field)
{
	for (size_t i = 0; i < reader->mark_count; i++)
		if (reader->marks[i].field == field)
			return &reader->marks[i];
	return NULL;
}

bool config_given(const struct config_reader *reader, const void *field)
{
	return find_mark(reader, field);
}

struct config_position config_where(const struct config_reader *reader, const void *field)
{
	const struct config_mark *mark = find_mark(reader, field);
	return mark ? mark->at : (struct config_position){0};
}

int config_inherit_service(struct config *next, const struct config *now)
{
	const struct config_broker *broker = &now->mqtt.brokers[0];
	if (!next->mqtt.brokers[0].by_supervisor || !broker->by_supervisor)
		return 0;
	return config_take_service(next, &(struct config_service){.host = broker->host,
							 .port = broker->port,
							 .tls = broker->tls,
							 .username = now->mqtt.username,
							 .password = now->mqtt.password});
}

static void sort_problems(struct config_report *report)
{
	for (size_t i = 1; i < report->count; i++) {
		struct config_problem problem = report->problems[i];
		size_t j = i;
		for (; j > 0; j--) {
			const struct config_problem *before = &report->problems[j - 1];
			if (before->line < problem.line ||
					(before->line == problem.line && before->column <= problem.column))
				break;
			report->problems[j] = *before;
		}
		report->problems[j] = problem;
	}
}

static int take_doors(struct config_settings *settings, struct config *config)
{
	*config = settings->config;
	settings->config.strings = NULL;
	config->doors = calloc(settings->door_count, sizeof(*config->doors));
	if (!config->doors)
		return -ENOMEM;
	config->door_count = settings->door_count;
	for (size_t i = 0; i < settings->door_count; i++)
		config->doors[i] = settings->doors[i].door;
	return 0;
}

static void begin_report(struct config_report *report, const char *path)
{
	*report = (struct config_report){0};
	snprintf(report->file, sizeof(report->file), "%s", path);
}

static int parse_file(struct config_reader *reader, const char *bytes, size_t length, struct config *config)
{
	int error = 0;
	reader->settings = calloc(1, sizeof(*reader->settings));
	if (!reader->settings)
		return -ENOMEM;
	config_read_yaml(reader, bytes, length);
	if (reader->settings->door_count > 0 || reader->settings->config.mqtt.broker_count > 0)
		config_apply_rules(reader);
	sort_problems(reader->report);
	if (reader->out_of_memory)
		error = -ENOMEM;
	else if (reader->report->errors > 0)
		error = -EINVAL;
	else
		error = take_doors(reader->settings, config);
	if (error != 0)
		config_free(config);
	config_free(&reader->settings->config);
	free(reader->settings);
	free(reader->marks);
	return error;
}

int config_parse(
		const char *bytes, size_t length, const char *path, struct config *config, struct config_report *report)
{
	struct config_reader reader = {.report = report, .path = path};
	begin_report(report, path);
	*config = (struct config){0};
	return parse_file(&reader, bytes, length, config);
}

ssize_t config_read_bytes(const char *path, int flags, char *bytes, size_t size, bool *readable_by_all)
{
	struct stat status = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	if (fd < 0)
		return -errno;
	ssize_t length = fstat(fd, &status) < 0 ? -errno : read_all(fd, bytes, size);
	*readable_by_all = status.st_mode & S_IROTH;
	close(fd);
	return length;
}

/* 0 and the file's bytes, which the caller frees; or -EINVAL, which is reported, or -ENOMEM. hint: where there is none. */
static int read_file(struct config_reader *reader, const char *hint, char **bytes, size_t *length)
{
	*bytes = malloc(CONFIG_FILE_MAX + 1);
	if (!*bytes)
		return -ENOMEM;
	ssize_t size = config_read_bytes(reader->path, 0, *bytes, CONFIG_FILE_MAX + 1, &reader->readable_by_all);
	if (size >= 0 && size <= CONFIG_FILE_MAX) {
		*length = (size_t)size;
		return 0;
	}
	if (size == -ENOENT)
		config_error(reader, (struct config_position){0}, "there is no such file, expected a configuration%s",
				hint);
	else if (size < 0)
		config_error(reader, (struct config_position){0},
				"cannot be read: %s, expected a file that the agent's user may read",
				strerror((int)-size));
	else
		config_error(reader, (struct config_position){0}, "the file is larger than expected, at most %d KiB",
				CONFIG_FILE_MAX / 1024);
	free(*bytes);
	*bytes = NULL;
	return -EINVAL;
}

int config_read_file(const char *path, char **bytes, size_t *length, struct config_report *report)
{
	struct config_reader reader = {.report = report, .path = path};
	begin_report(report, path);
	return read_file(&reader, "", bytes, length);
}

int config_load(const char *path, enum config_secrets secrets, struct config *config, struct config_report *report)
{
	struct config_reader reader = {.report = report, .path = path, .secrets = secrets};
	char *bytes;
	size_t length;
	begin_report(report, path);
	*config = (struct config){0};
	int error = read_file(&reader, " (--config FILE names another one, --new-config prints one to begin with)",
			&bytes, &length);
	if (error == 0)
		error = parse_file(&reader, bytes, length, config);
	free(bytes);
	return error;
}

bool config_is_credential(const char *path)
{
	static const char folder[] = "/run/credentials/";
	return strncmp(path, folder, strlen(folder)) == 0;
}

void config_free(struct config *config)
{
	while (config->strings) {
		struct config_string *string = config->strings;
		config->strings = string->next;
		free(string);
	}
	free(config->doors);
	*config = (struct config){0};
}

/* FILE:LINE:COLUMN, or FILE alone. */
static const char *print_place(const struct config_report *report, size_t index, char place[static PLACE_MAX])
{
	const struct config_problem *problem = &report->problems[index];
	if (problem->line == 0)
		return report->file;
	snprintf(place, PLACE_MAX, "%s:%u:%u", report->file, problem->line, problem->column);
	return place;
}

void config_report_print(const struct config_report *report, FILE *stream)
{
	char place[PLACE_MAX];
	size_t more = report->errors + report->warnings - report->count;
	for (size_t i = 0; i < report->count; i++)
		fprintf(stream, "%s: %s%s\n", print_place(report, i, place),
				report->problems[i].error ? "" : "warning: ", report->problems[i].text);
	if (more > 0)
		fprintf(stream, "%s: and %zu more\n", report->file, more);
}

void config_report_log(const struct config_report *report, const struct log *log)
{
	char place[PLACE_MAX];
	size_t more = report->errors + report->warnings - report->count;
	for (size_t i = 0; i < report->count; i++)
		log_write(log, report->problems[i].error ? LOG_ERROR : LOG_WARNING, "%s: %s",
				print_place(report, i, place), report->problems[i].text);
	if (more > 0)
		log_error(log, "%s: and %zu more", report->file, more);
}

const char *config_device_class_name(enum config_device_class device_class)
{
	static const char *const names[] = {[CONFIG_GARAGE] = "garage", [CONFIG_GATE] = "gate", [CONFIG_DOOR] = "door"};
	return names[device_class];
}
