/*
 * Inside the room: one value of the file, or a default of the table, before it is a setting. The readers report what is
 * wrong with a value (config_error) and then leave the setting as it was.
 */
#ifndef PORTCULLIS_CONFIG_SCALARS_H
#define PORTCULLIS_CONFIG_SCALARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"

#define CONFIG_EXPECTATION_MAX 192

/* length bytes, and then a terminator; the bytes may be anything. */
struct config_scalar {
	const char *text;
	size_t length;
	struct config_position at;
};

/* scalars.c: a value by its key's kind, into the key's place in base. Kinds that are no single value are passed over. */
void config_scalar_read(
		struct config_reader *reader, const struct config_key *key, char *base, struct config_scalar scalar);
void config_scalar_read_line(struct config_reader *reader, const struct config_key *key, struct config_line *line,
		struct config_scalar scalar);

/* Reports what is wrong with a text by the key's bounds and its set of characters; false then. */
bool config_scalar_check_text(struct config_reader *reader, const struct config_key *key, struct config_scalar scalar);

/* The path that the scalar is, below the file's own folder where it is not absolute. NULL: reported. */
const char *config_scalar_path(struct config_reader *reader, const struct config_key *key, struct config_scalar scalar);

bool config_scalar_is(struct config_scalar scalar, const char *word);
bool config_scalar_is_off(struct config_scalar scalar); /* off, and the words of YAML 1.1 for it */
bool config_scalar_has(struct config_scalar scalar, size_t i, const char *bytes); /* these, from its byte i on */
bool config_scalar_has_controls(struct config_scalar scalar); /* C0, C1, and the line ends U+2028 and U+2029 */

/* The scalar as a message shows it. Returns quote's text. */
const char *config_scalar_quote(struct config_quote *quote, struct config_scalar scalar);

/* What a value of the key may be, for a message that says "expected ...". */
void config_expectation(const struct config_key *key, char text[static CONFIG_EXPECTATION_MAX]);

/* The word most like text: word is NULL until config_nearest_try has seen one that is like it. */
struct config_nearest {
	const char *text;
	const char *word;
	unsigned distance;
};
void config_nearest_try(struct config_nearest *nearest, const char *word);

/* secrets.c */
void config_secret_read_file(struct config_reader *reader, const struct config_key *key, const char **value,
		struct config_scalar scalar);
/* Warns of a password that begins or ends with what nobody sees. */
void config_secret_check_ends(struct config_reader *reader, const struct config_key *key, struct config_scalar secret);

/* network.c: each adds what it read to the configuration. */
void config_network_read_broker(struct config_reader *reader, struct config_scalar scalar);
void config_network_read_listen(struct config_reader *reader, struct config_scalar scalar);
void config_network_read_host(struct config_reader *reader, struct config_scalar scalar);
void config_network_read_peer(struct config_reader *reader, const struct config_key *key, struct config_scalar scalar);

#endif
