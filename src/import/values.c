/*
 * Values of the other file, found by their path. What two programs say in the same words is written here. Numbers and
 * words are checked where they are taken apart; what is only handed on is checked with the whole configuration.
 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "import/private.h"

__attribute__((format(printf, 2, 0))) static void print_path(
		char path[static FLAT_PATH_MAX + 1], const char *format, va_list arguments)
{
	if (vsnprintf(path, FLAT_PATH_MAX + 1, format, arguments) < 0)
		path[0] = '\0';
}

static bool path_is_below(const char *path, const char *top)
{
	size_t length = strlen(top);
	return strncmp(path, top, length) == 0 && (path[length] == '\0' || path[length] == '.');
}

struct flat_value *import_take(struct import *import, const char *format, ...)
{
	char path[FLAT_PATH_MAX + 1];
	va_list arguments;
	va_start(arguments, format);
	print_path(path, format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < import->flat.count; i++)
		if (strcmp(import->flat.values[i].path, path) == 0) {
			import->flat.values[i].used = true;
			return &import->flat.values[i];
		}
	return NULL;
}

bool import_has(const struct import *import, const char *format, ...)
{
	char path[FLAT_PATH_MAX + 1];
	va_list arguments;
	va_start(arguments, format);
	print_path(path, format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < import->flat.count; i++)
		if (path_is_below(import->flat.values[i].path, path))
			return true;
	return false;
}

unsigned import_take_all(struct import *import, const char *format, ...)
{
	char path[FLAT_PATH_MAX + 1];
	unsigned line = 0;
	va_list arguments;
	va_start(arguments, format);
	print_path(path, format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < import->flat.count; i++) {
		struct flat_value *value = &import->flat.values[i];
		if (!path_is_below(value->path, path))
			continue;
		value->used = true;
		line = line > 0 ? line : value->line;
	}
	return line;
}

struct flat_value *import_need(struct import *import, const char *list, size_t index, const char *key)
{
	struct flat_value *value = import_take(import, "%s.%zu.%s", list, index, key);
	if (!value)
		config_report_error(import->report, import_take_all(import, "%s.%zu", list, index),
				"%s.%zu has no %s, expected one", list, index, key);
	return value;
}

bool import_number(struct import *import, const struct flat_value *value, unsigned minimum, unsigned maximum,
		unsigned *number)
{
	if (!value)
		return false;
	unsigned long read = 0;
	const char *at = value->text;
	for (; isdigit((unsigned char)*at) && at - value->text < 7; at++)
		read = read * 10 + (unsigned long)(*at - '0');
	/* YAML 1.1 and TOML take a leading 0 for octal, or for an error. */
	bool good = value->plain && at > value->text && *at == '\0' && (value->text[0] != '0' || !value->text[1]) &&
		    read >= minimum && read <= maximum;
	if (good)
		*number = (unsigned)read;
	else
		config_report_error(import->report, value->line, "%s: expected a number from %u to %u", value->path,
				minimum, maximum);
	return good;
}

bool import_boolean(struct import *import, const struct flat_value *value, bool *yes)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};
	if (!value)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && value->plain; i++)
		if (strcasecmp(value->text, words[i]) == 0) {
			*yes = i % 2 == 1;
			return true;
		}
	config_report_error(import->report, value->line, "%s: expected true or false", value->path);
	return false;
}

static bool may_be_id(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return length > 0 && length <= DOOR_ID_MAX && text[length] == '\0';
}

static bool has_ascii(const char *text)
{
	for (; *text; text++)
		if (isascii((unsigned char)*text) && isalnum((unsigned char)*text))
			return true;
	return false;
}

void import_door(struct import *import, size_t number, const struct flat_value *id, const struct flat_value *name)
{
	struct import_quote quote;
	const char *text = name && *name->text ? name->text : id ? id->text : "";
	unsigned line = name ? name->line : id ? id->line : 0;
	const char *sign = "- ";
	if (id && may_be_id(id->text)) {
		import_line(import, id->line, "  - id: %s", import_quoted(&quote, id->text));
		sign = "  ";
	} else if (!has_ascii(text)) {
		import_line(import, line, "  - id: door_%zu", number);
		sign = "  ";
	}
	if (*text)
		import_line(import, line, "  %sname: %s", sign, import_quoted(&quote, text));
}

bool import_broker(struct import *import, bool tls)
{
	struct import_quote quote;
	unsigned port = 1883;
	const struct flat_value *host = import_take(import, "mqtt.host"), *user = import_take(import, "mqtt.user");
	const struct flat_value *number = import_take(import, "mqtt.port");
	const struct flat_value *password = import_take(import, "mqtt.password");
	if (!host) {
		config_report_error(import->report, 0, "mqtt.host is missing, expected the broker's name or address");
		return false;
	}
	if (number && !import_number(import, number, 1, 65535, &port))
		return false;
	char address[CONFIG_HOST_MAX + 32];
	bool bare = strchr(host->text, ':') != NULL; /* an IPv6 address */
	snprintf(address, sizeof(address), "%s://%s%s%s:%u", tls ? "mqtts" : "mqtt", bare ? "[" : "", host->text,
			bare ? "]" : "", port);
	import_line(import, 0, "mqtt:");
	import_line(import, host->line, "  broker: %s", import_quoted(&quote, address));
	if (!user || !*user->text) {
		if (password && *password->text)
			import_line(import, password->line,
					"  # line %u: mqtt.password: not carried over: there is no user that it belongs to",
					password->line);
		return true;
	}
	import_line(import, user->line, "  username: %s", import_quoted(&quote, user->text));
	if (password && *password->text)
		import_line(import, password->line,
				"  password: %s # better in a file of its own: password_file, see portcullis.yaml(5)",
				import_quoted(&quote, password->text));
	return true;
}

bool import_discovery(struct import *import, const struct flat_value *discovery, const struct flat_value *prefix)
{
	struct import_quote quote;
	bool on = true;
	if (!import_boolean(import, discovery, &on))
		return false;
	if (!discovery)
		import_line(import, 0,
				"# CHECK the other file does not switch Home Assistant's discovery on; here it is on:");
	import_line(import, discovery ? discovery->line : 0, "home_assistant:");
	import_line(import, discovery ? discovery->line : 0, "  discovery: %s", on ? "true" : "false");
	if (prefix && *prefix->text)
		import_line(import, prefix->line, "  prefix: %s", import_quoted(&quote, prefix->text));
	return true;
}
