/*
 * For this room only: reads one value of the file, or one default of the table, into a setting. When a value is wrong,
 * the function reports it with config_error and leaves the setting as it was.
 */
#ifndef PORTCULLIS_CONFIG_SCALARS_H
#define PORTCULLIS_CONFIG_SCALARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"

#define CONFIG_EXPECTATION_MAX 192

/* length bytes of any kind, and then a terminator. */
struct config_scalar {
	const char *text;
	size_t length;
	struct config_position at;
};

/*
 * scalars.c: reads a value as its key's kind says, to the key's offset in base. Ignores kinds that are no single value.
 */
void config_scalar_read(
		struct config_reader *reader, const struct config_key *key, char *base, struct config_scalar scalar);
/* Reads a GPIO line: its name, or a small number, which is its offset. */
void config_scalar_read_line(struct config_reader *reader, const struct config_key *key, struct config_line *line,
		struct config_scalar scalar);

/* Checks a text against the key's bounds and set of characters. Reports what is wrong, and then returns false. */
bool config_scalar_check_text(struct config_reader *reader, const struct config_key *key, struct config_scalar scalar);

/*
 * The path that the scalar names; a relative one begins at the file's own folder. NULL: it is wrong, which was
 * reported.
 */
const char *config_scalar_path(struct config_reader *reader, const struct config_key *key, struct config_scalar scalar);

bool config_scalar_is(struct config_scalar scalar, const char *word);
bool config_scalar_is_off(struct config_scalar scalar); /* off, and the words of YAML 1.1 for it */
/* Whether these bytes stand at byte i of the scalar. */
bool config_scalar_has(struct config_scalar scalar, size_t i, const char *bytes);
bool config_scalar_has_controls(struct config_scalar scalar); /* C0, C1, and the line ends U+2028 and U+2029 */

/* A text from outside, cut short and in quotes, for a message. */
struct config_quote {
	char text[64];
};

/* Writes the scalar to quote as a message shows it. Returns quote's text. */
const char *config_scalar_quote(struct config_quote *quote, struct config_scalar scalar);

/* What a value of the key may be, for a message that says "expected ...". */
void config_expectation(const struct config_key *key, char text[static CONFIG_EXPECTATION_MAX]);

/* "a, b, c": the names of the keys; cut to size. */
void config_key_names(const struct config_key *keys, char *text, size_t size);

/* Finds the word that is most like text. word is NULL until config_nearest_try has got one that is similar enough. */
struct config_nearest {
	const char *text;
	const char *word;
	unsigned distance;
};
void config_nearest_try(struct config_nearest *nearest, const char *word);

/* secrets.c: reads the file that the scalar names, and keeps its one line as the value. Blocks as read(2) does. */
void config_secret_read_file(struct config_reader *reader, const struct config_key *key, const char **value,
		struct config_scalar scalar);
/* Warns of a password, terminated, that begins or ends with a blank or an invisible character. */
void config_secret_check_ends(struct config_reader *reader, const struct config_key *key, struct config_scalar secret);

/* network.c: each adds the value that it reads to the configuration. */
void config_network_read_broker(struct config_reader *reader, struct config_scalar scalar);
void config_network_read_listen(struct config_reader *reader, struct config_scalar scalar);
void config_network_read_host(struct config_reader *reader, struct config_scalar scalar);
void config_network_read_peer(struct config_reader *reader, const struct config_key *key, struct config_scalar scalar);

#endif
