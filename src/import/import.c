/*
 * The file becomes a flat list, its keys tell whose it is, and that program's function writes lines into memory. These are
 * then parsed as a configuration: an error in one is reported at the line of the other file that it comes from, so no
 * rule of src/config stands here again.
 */
#include "import/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "import/private.h"

/* TOML: the first line that says something is a [table], or KEY = VALUE. */
static bool is_toml(const char *bytes, size_t length)
{
	size_t i = 0;
	while (i < length) {
		while (i < length && strchr(" \t\r\n", bytes[i]) && bytes[i] != '\0')
			i++;
		if (i == length || bytes[i] != '#')
			break;
		while (i < length && bytes[i] != '\n')
			i++;
	}
	if (i < length && bytes[i] == '[')
		return true;
	for (; i < length && bytes[i] != '\n' && bytes[i] != ':'; i++)
		if (bytes[i] == '=')
			return true;
	return false;
}

static void convert(struct import *import)
{
	if (import_has(import, "relays") && import_has(import, "door"))
		import_normally_closed(import);
	else if (import_has(import, "gpio_modules") && import_has(import, "mqtt"))
		import_mqtt_io(import);
	else if (import_has(import, "doors.0.relay") && import_has(import, "mqtt.host"))
		import_garageqtpi(import);
	else
		config_report_error(import->report, 0,
				"the keys are of no program that is known, expected a configuration of NormallyClosed (relays, door), GarageQTPi (mqtt: host, doors: relay) or mqtt-io (mqtt, gpio_modules)");
}

static unsigned import_line_of(const struct import *import, size_t line)
{
	return line > 0 && line <= import->line_count ? import->lines[line - 1] : 0;
}

/* A message on what was written, on what it was written from: "is already the relay in line 7", in the other file's lines. */
static void report_converted(const struct import *import, const struct config_problem *problem)
{
	static const char before[] = " in line ";
	const char *text = problem->text, *found = strstr(text, before);
	unsigned line = import_line_of(import, problem->line);
	if (!found) {
		config_report_error(import->report, line, "converted: %s", text);
		return;
	}
	char *rest;
	unsigned long other = strtoul(found + strlen(before), &rest, 10);
	config_report_error(import->report, line, "converted: %.*s%s%u%s", (int)(found - text), text, before,
			import_line_of(import, other), rest);
}

/* Is what was written a configuration? */
static int import_check(const struct import *import, const char *text, size_t length)
{
	struct config config;
	struct config_report *report = malloc(sizeof(*report));
	if (!report)
		return -ENOMEM;
	int error = config_parse(text, length, "import", &config, report);
	for (size_t i = 0; i < report->count; i++) {
		if (report->problems[i].error)
			report_converted(import, &report->problems[i]);
	}
	if (error == -EINVAL && import->report->errors == 0) /* warnings have left no room */
		config_report_error(import->report, 0, "converted: there are errors beside too many warnings");
	config_free(&config);
	free(report);
	return error;
}

static int import_run(struct import *import, const char *bytes, size_t length, FILE *out)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, at the beginning */
	char *text = NULL;
	size_t size = 0, skip = length >= strlen(mark) && memcmp(bytes, mark, strlen(mark)) == 0 ? strlen(mark) : 0;
	bytes += skip;
	length -= skip;
	int error = is_toml(bytes, length) ? import_read_toml(bytes, length, &import->flat, import->report)
					   : flat_read_yaml(bytes, length, &import->flat, import->report);
	if (error < 0)
		return error;
	import->out = open_memstream(&text, &size);
	if (!import->out)
		return -ENOMEM;
	convert(import);
	bool failed = ferror(import->out);
	failed |= fclose(import->out) != 0;
	if (failed)
		error = -ENOMEM;
	else if (import->report->errors > 0)
		error = -EINVAL;
	else
		error = import_check(import, text, size);
	if (error == 0)
		fwrite(text, 1, size, out);
	free(text);
	return error;
}

int import_parse(const char *bytes, size_t length, const char *path, FILE *out, struct config_report *report)
{
	struct import *import = calloc(1, sizeof(*import));
	*report = (struct config_report){0};
	snprintf(report->file, sizeof(report->file), "%s", path);
	if (!import)
		return -ENOMEM;
	import->report = report;
	int error = import_run(import, bytes, length, out);
	flat_free(&import->flat);
	free(import);
	return error;
}

int import_file(const char *path, FILE *out, struct config_report *report)
{
	char *bytes;
	size_t length;
	int error = config_read_file(path, &bytes, &length, report);
	if (error == 0)
		error = import_parse(bytes, length, path, out, report);
	free(bytes);
	return error;
}
