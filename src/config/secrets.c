/*
 * Passwords: in the configuration file or in a file of their own. A message never shows one. What nobody can see at
 * either end of a password is dropped where an editor has put it, or told.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/text.h"
#include "config/scalars.h"

/* What nobody sees at the end of a line: blanks, controls and marks, and characters that only fill a place. */
static bool is_invisible(unsigned code)
{
	static const struct {
		unsigned first, last;
	} ranges[] = {{' ', ' '}, {0xa0, 0xa0}, {0xad, 0xad}, {0x034f, 0x034f}, {0x115f, 0x1160}, {0x1680, 0x1680},
			{0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f}, {0x202f, 0x202f}, {0x205f, 0x205f},
			{0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xffa0, 0xffa0}};
	for (size_t i = 0; i < COUNT(ranges); i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return text_is_control(code);
}

void config_secret_check_ends(struct config_reader *reader, const struct config_key *key, struct config_scalar secret)
{
	const char *ends[] = {secret.text, secret.text + strlen(secret.text)};
	while (ends[1] > secret.text && ((unsigned char)*--ends[1] & 0xc0) == 0x80)
		;
	for (size_t i = 0; i < COUNT(ends); i++) {
		unsigned code;
		if (text_character(ends[i], &code) == 0 || !is_invisible(code))
			continue;
		config_warning(reader, secret.at,
				"%s: the password begins or ends with a blank or an invisible character, which belongs to it: is that meant?",
				key->name);
		return;
	}
}

static void report_unreadable(struct config_reader *reader, const struct config_key *key, const char *path,
		struct config_position at, int error)
{
	if (reader->secrets == CONFIG_SECRETS_CHECKED && config_is_credential(path))
		config_warning(reader, at,
				"%s: %s is not checked: systemd shows it to the service alone (LoadCredential=)",
				key->name, path);
	else
		config_error(reader, at, "%s: cannot read %s: %s%s", key->name, path, strerror(-error),
				error == -EACCES   ? ", expected a file that the agent's user may read"
				: error == -ENOENT ? ", expected a file with the password on one line"
						   : "");
}

/* Without the file's line end, and without an editor's byte order mark. */
static struct config_scalar trim(const char *bytes, size_t length, struct config_position at)
{
	struct config_scalar secret = {.text = bytes, .length = length, .at = at};
	if (secret.length > 0 && bytes[secret.length - 1] == '\n')
		secret.length--;
	if (secret.length > 0 && bytes[secret.length - 1] == '\r')
		secret.length--;
	if (config_scalar_has(secret, 0, "\ufeff")) {
		secret.text += strlen("\ufeff");
		secret.length -= strlen("\ufeff");
	}
	return secret;
}

bool config_is_secret(const char *text, size_t length)
{
	struct config_scalar secret = {.text = text, .length = length};
	return length > 0 && length <= CONFIG_SECRET_MAX && !config_scalar_has_controls(secret) &&
	       !config_scalar_has(secret, 0, "\ufeff");
}

void config_secret_read_file(struct config_reader *reader, const struct config_key *key, const char **value,
		struct config_scalar scalar)
{
	char bytes[CONFIG_SECRET_MAX + 6]; /* and a byte order mark, a line end, and one more that is too many */
	bool readable_by_all = false;
	struct config *config = &reader->settings->config;
	const char *path = config_scalar_path(reader, key, scalar);
	if (!path)
		return;
	if (config->secret_file_count < CONFIG_SECRET_FILES_MAX)
		config->secret_files[config->secret_file_count++] = path;
	if (value == &reader->settings->mqtt_password_from_file)
		config->mqtt.password_file = path;
	else if (value == &reader->settings->http_password_from_file)
		config->http.password_file = path;
	if (reader->secrets == CONFIG_SECRETS_UNNEEDED)
		return;
	ssize_t length = config_read_bytes(path, O_NONBLOCK, bytes, sizeof(bytes), &readable_by_all);
	if (length < 0) {
		report_unreadable(reader, key, path, scalar.at, (int)length);
		return;
	}
	if (readable_by_all)
		config_warning(reader, scalar.at,
				"%s: everybody on this machine may read %s: chgrp gpio %s && chmod 640 %s, so that the agent, whose group that is, still may",
				key->name, path, path, path);
	struct config_scalar secret = trim(bytes, (size_t)length, scalar.at);
	if (secret.length == 0) {
		config_error(reader, scalar.at, "%s: %s is empty, expected a file with the password on one line",
				key->name, path);
	} else if (secret.length > CONFIG_SECRET_MAX || config_scalar_has_controls(secret)) {
		config_error(reader, scalar.at,
				"%s: %s holds more than a password, expected one line of at most %d bytes", key->name,
				path, CONFIG_SECRET_MAX);
	} else {
		secret.text = *value = config_keep(reader, secret.text, secret.length);
		config_secret_check_ends(reader, key, secret);
	}
}
