/*
 * One value of the file at a time: a scalar becomes what its key's kind asks for, or a message that says where, what was
 * found and what was expected. Each reader leaves the setting as it was when it reports an error.
 */
#include "config/scalars.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "config/values.h"

const char *config_scalar_quote(struct config_quote *quote, struct config_scalar scalar)
{
	const size_t room = sizeof(quote->text) - sizeof("\"...\"");
	size_t kept = scalar.length < room ? scalar.length : room;
	while (kept < scalar.length && kept > 0 && ((unsigned char)scalar.text[kept] & 0xc0) == 0x80)
		kept--;
	snprintf(quote->text, sizeof(quote->text), "\"%.*s%s\"", (int)kept, scalar.text,
			kept < scalar.length ? "..." : "");
	return quote->text;
}

static void list_words(const struct config_word *words, char text[static CONFIG_EXPECTATION_MAX])
{
	text[0] = '\0';
	for (size_t i = 0; words[i].name; i++)
		text_append(text, CONFIG_EXPECTATION_MAX, "%s%s",
				i == 0               ? ""
				: !words[i + 1].name ? " or "
						     : ", ",
				words[i].name);
}

void config_key_names(const struct config_key *keys, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; keys[i].name; i++)
		text_append(text, size, "%s%s", i == 0 ? "" : ", ", keys[i].name);
}

static void duration_range(const struct config_key *key, char text[static CONFIG_EXPECTATION_MAX])
{
	char minimum[CONFIG_DURATION_TEXT_MAX], maximum[CONFIG_DURATION_TEXT_MAX];
	config_duration_print(key->minimum, minimum);
	config_duration_print(key->maximum, maximum);
	snprintf(text, CONFIG_EXPECTATION_MAX, "%s to %s%s", minimum, maximum, key->may_be_off ? ", or off" : "");
}

void config_expectation(const struct config_key *key, char text[static CONFIG_EXPECTATION_MAX])
{
	char part[CONFIG_EXPECTATION_MAX / 2];
	switch (key->kind) {
	case CONFIG_KIND_BOOLEAN:
		snprintf(text, CONFIG_EXPECTATION_MAX, "true or false");
		return;
	case CONFIG_KIND_WORD:
		list_words(key->words, text);
		return;
	case CONFIG_KIND_DURATION:
		duration_range(key, text);
		return;
	case CONFIG_KIND_PERCENT:
		snprintf(text, CONFIG_EXPECTATION_MAX, "a whole number of percent, %" PRId64 " to %" PRId64 "%s",
				key->minimum, key->maximum, key->may_be_off ? ", or off" : "");
		return;
	case CONFIG_KIND_SECTION:
		config_key_names(key->keys, part, sizeof(part));
		snprintf(text, CONFIG_EXPECTATION_MAX, "a group of keys: %s", part);
		return;
	case CONFIG_KIND_DOORS:
		snprintf(text, CONFIG_EXPECTATION_MAX, "a list of doors, each beginning with \"- name: ...\"");
		return;
	case CONFIG_KIND_PEERS:
		snprintf(text, CONFIG_EXPECTATION_MAX, "a list such as %s, or all", key->example);
		return;
	case CONFIG_KIND_HOSTS:
	case CONFIG_KIND_RELAYS:
		snprintf(text, CONFIG_EXPECTATION_MAX, "a list such as %s", key->example);
		return;
	default:
		snprintf(text, CONFIG_EXPECTATION_MAX, "a value such as %s", key->example);
	}
}

void config_nearest_try(struct config_nearest *nearest, const char *word)
{
	unsigned distance = strcasecmp(nearest->text, word) == 0 ? 1 : config_distance(nearest->text, word);
	unsigned limit = strlen(word) > 5 ? 3 : strlen(word) > 3 ? 2 : 1;
	if (distance <= limit && (!nearest->word || distance < nearest->distance)) {
		nearest->word = word;
		nearest->distance = distance;
	}
}

bool config_scalar_is(struct config_scalar scalar, const char *word)
{
	return scalar.length == strlen(word) && memcmp(scalar.text, word, scalar.length) == 0;
}

static bool is_one_of(struct config_scalar scalar, const char *const *words)
{
	for (; *words; words++)
		if (scalar.length == strlen(*words) && strncasecmp(scalar.text, *words, scalar.length) == 0)
			return true;
	return false;
}

/* YAML 1.1's words, which people still write. */
static const char *const yes_words[] = {"true", "yes", "on", NULL};
static const char *const no_words[] = {"false", "no", "off", NULL};

bool config_scalar_is_off(struct config_scalar scalar)
{
	return is_one_of(scalar, no_words);
}

static void read_boolean(
		struct config_reader *reader, const struct config_key *key, bool *value, struct config_scalar scalar)
{
	struct config_quote quote;
	if (is_one_of(scalar, yes_words))
		*value = true;
	else if (config_scalar_is_off(scalar))
		*value = false;
	else
		config_error(reader, scalar.at, "%s: %s is neither true nor false", key->name,
				config_scalar_quote(&quote, scalar));
}

static void read_word(
		struct config_reader *reader, const struct config_key *key, int *value, struct config_scalar scalar)
{
	char expected[CONFIG_EXPECTATION_MAX];
	struct config_quote quote;
	struct config_nearest nearest = {.text = scalar.text};
	for (const struct config_word *word = key->words; word->name; word++) {
		if (config_scalar_is(scalar, word->name)) {
			*value = word->value;
			return;
		}
		config_nearest_try(&nearest, word->name);
	}
	config_expectation(key, expected);
	config_error(reader, scalar.at, "%s: %s is not known here, expected %s%s%s%s", key->name,
			config_scalar_quote(&quote, scalar), expected, nearest.word ? " (did you mean " : "",
			nearest.word ? nearest.word : "", nearest.word ? "?)" : "");
}

static void read_duration(
		struct config_reader *reader, const struct config_key *key, int64_t *value, struct config_scalar scalar)
{
	char expected[CONFIG_EXPECTATION_MAX];
	struct config_quote quote;
	int64_t duration_ms;
	unsigned number;
	if (key->may_be_off && config_scalar_is_off(scalar)) {
		*value = 0;
		return;
	}
	duration_range(key, expected);
	switch (config_duration_parse(scalar.text, scalar.length, &duration_ms)) {
	case 0:
		if (duration_ms >= key->minimum && duration_ms <= key->maximum)
			*value = duration_ms;
		else
			config_error(reader, scalar.at, "%s: %s is too %s, expected %s", key->name,
					config_scalar_quote(&quote, scalar),
					duration_ms < key->minimum ? "short" : "long", expected);
		return;
	case -ERANGE:
		config_error(reader, scalar.at, "%s: %s is too long, expected %s", key->name,
				config_scalar_quote(&quote, scalar), expected);
		return;
	default:
		break;
	}
	if (config_number_parse(scalar.text, scalar.length, 1000000, &number))
		config_error(reader, scalar.at, "%s: %u has no unit, write %ums, %us or %um (expected %s)", key->name,
				number, number, number, number, expected);
	else
		config_error(reader, scalar.at,
				"%s: %s is not a duration, expected a whole number and its unit, such as %s (%s)",
				key->name, config_scalar_quote(&quote, scalar), key->example, expected);
}

static void read_percent(
		struct config_reader *reader, const struct config_key *key, int *value, struct config_scalar scalar)
{
	char expected[CONFIG_EXPECTATION_MAX];
	struct config_quote quote;
	unsigned number;
	if (key->may_be_off && config_scalar_is_off(scalar)) {
		*value = 0;
	} else if (config_number_parse(scalar.text, scalar.length, (unsigned)key->maximum, &number) &&
			number >= (unsigned)key->minimum) {
		*value = (int)number;
	} else {
		config_expectation(key, expected);
		config_error(reader, scalar.at, "%s: %s is no position, expected %s", key->name,
				config_scalar_quote(&quote, scalar), expected);
	}
}

bool config_scalar_has(struct config_scalar scalar, size_t i, const char *bytes)
{
	size_t length = strlen(bytes);
	return scalar.length - i >= length && memcmp(scalar.text + i, bytes, length) == 0;
}

bool config_scalar_has_controls(struct config_scalar scalar)
{
	for (size_t i = 0; i < scalar.length; i++) {
		unsigned char c = (unsigned char)scalar.text[i];
		if (c < 0x20 || c == 0x7f || config_scalar_has(scalar, i, "\u2028") ||
				config_scalar_has(scalar, i, "\u2029"))
			return true;
		if (c == 0xc2 && i + 1 < scalar.length && (unsigned char)scalar.text[i + 1] < 0xa0)
			return true;
	}
	return false;
}

/* Suggests what was meant where only small letters are allowed: the text in small letters, or else as a slug. */
static bool small_form(const struct config_key *key, struct config_scalar scalar, char *small, size_t size)
{
	if (strstr(key->set, "A-Z") || scalar.length >= size)
		return false;
	for (size_t i = 0; i <= scalar.length; i++)
		small[i] = scalar.text[i] >= 'A' && scalar.text[i] <= 'Z' ? (char)(scalar.text[i] - 'A' + 'a')
									  : scalar.text[i];
	if (!config_set_holds(key->set, small, scalar.length))
		config_slug(scalar.text, small, size);
	return small[0] && config_set_holds(key->set, small, strlen(small));
}

bool config_scalar_check_text(struct config_reader *reader, const struct config_key *key, struct config_scalar scalar)
{
	struct config_quote quote;
	if (scalar.length < (size_t)key->minimum) {
		config_error(reader, scalar.at, "%s: it is empty, expected a value such as %s", key->name,
				key->example);
		return false;
	}
	if (scalar.length > (size_t)key->maximum) {
		config_error(reader, scalar.at, "%s: %zu bytes are too many, expected at most %" PRId64, key->name,
				scalar.length, key->maximum);
		return false;
	}
	if (config_scalar_has_controls(scalar)) {
		config_error(reader, scalar.at,
				"%s: it holds a line end or another control character, expected one line of text",
				key->name);
		return false;
	}
	if (key->set && !config_set_holds(key->set, scalar.text, scalar.length)) {
		char small[64];
		bool meant = small_form(key, scalar, small, sizeof(small));
		config_error(reader, scalar.at,
				"%s: %s holds a character that is not allowed here, expected only %s%s%s%s", key->name,
				config_scalar_quote(&quote, scalar), key->set, meant ? " (did you mean " : "",
				meant ? small : "", meant ? "?)" : "");
		return false;
	}
	return true;
}

static void read_text(struct config_reader *reader, const struct config_key *key, const char **value,
		struct config_scalar scalar)
{
	if (!config_scalar_check_text(reader, key, scalar))
		return;
	*value = config_keep(reader, scalar.text, scalar.length);
	if (key->kind == CONFIG_KIND_SECRET)
		config_secret_check_ends(reader, key, scalar);
}

static void read_topic(struct config_reader *reader, const struct config_key *key, const char **value,
		struct config_scalar scalar)
{
	struct config_quote quote;
	if (!config_scalar_check_text(reader, key, scalar))
		return;
	if (scalar.text[0] == '/' || scalar.text[scalar.length - 1] == '/' || strstr(scalar.text, "//"))
		config_error(reader, scalar.at,
				"%s: %s has an empty level, expected no / at either end and no two together", key->name,
				config_scalar_quote(&quote, scalar));
	else
		*value = config_keep(reader, scalar.text, scalar.length);
}

const char *config_scalar_path(struct config_reader *reader, const struct config_key *key, struct config_scalar scalar)
{
	const char *slash = strrchr(reader->path, '/');
	size_t folder = scalar.text[0] == '/' || !slash ? 0 : (size_t)(slash - reader->path) + 1;
	char path[CONFIG_PATH_MAX + 1];
	struct config_key bounded = *key;
	bounded.minimum = 1;
	bounded.maximum = CONFIG_PATH_MAX;
	if (!config_scalar_check_text(reader, &bounded, scalar))
		return NULL;
	if (folder + scalar.length > CONFIG_PATH_MAX) {
		config_error(reader, scalar.at,
				"%s: the path is too long, expected at most %d bytes with the file's folder", key->name,
				CONFIG_PATH_MAX);
		return NULL;
	}
	memcpy(path, reader->path, folder);
	memcpy(path + folder, scalar.text, scalar.length);
	return config_keep(reader, path, folder + scalar.length);
}

static void read_path(struct config_reader *reader, const struct config_key *key, const char **value,
		struct config_scalar scalar)
{
	const char *path = config_scalar_path(reader, key, scalar);
	if (path)
		*value = path;
}

void config_scalar_read_line(struct config_reader *reader, const struct config_key *key, struct config_line *line,
		struct config_scalar scalar)
{
	struct config_quote quote;
	unsigned offset;
	if (config_number_parse(scalar.text, scalar.length, UINT16_MAX, &offset)) {
		*line = (struct config_line){.offset = (uint16_t)offset, .present = true};
		return;
	}
	int meant = config_gpio_mistaken(scalar.text);
	if (meant >= 0) {
		config_error(reader, scalar.at, "%s: %s is no line's name, expected GPIO%d", key->name,
				config_scalar_quote(&quote, scalar), meant);
		return;
	}
	if (strncasecmp(scalar.text, "pin", 3) == 0) {
		config_error(reader, scalar.at,
				"%s: %s counts the pins of the header, expected the GPIO's own number, such as GPIO17 for pin 11",
				key->name, config_scalar_quote(&quote, scalar));
		return;
	}
	if (scalar.length == 0 || scalar.length > CONFIG_LINE_NAME_MAX ||
			config_set_holds("0-9", scalar.text, scalar.length) || config_scalar_has_controls(scalar)) {
		config_error(reader, scalar.at,
				"%s: %s is no line, expected a name of at most %d bytes such as GPIO17, or a small number",
				key->name, config_scalar_quote(&quote, scalar), CONFIG_LINE_NAME_MAX);
		return;
	}
	*line = (struct config_line){.name = config_keep(reader, scalar.text, scalar.length), .present = true};
}

void config_scalar_read(
		struct config_reader *reader, const struct config_key *key, char *base, struct config_scalar scalar)
{
	void *value = base + key->offset;
	switch (key->kind) {
	case CONFIG_KIND_BOOLEAN:
		read_boolean(reader, key, value, scalar);
		break;
	case CONFIG_KIND_WORD:
		read_word(reader, key, value, scalar);
		break;
	case CONFIG_KIND_DURATION:
		read_duration(reader, key, value, scalar);
		break;
	case CONFIG_KIND_PERCENT:
		read_percent(reader, key, value, scalar);
		break;
	case CONFIG_KIND_TEXT:
	case CONFIG_KIND_SECRET:
		read_text(reader, key, value, scalar);
		break;
	case CONFIG_KIND_TOPIC:
		read_topic(reader, key, value, scalar);
		break;
	case CONFIG_KIND_FILE:
		read_path(reader, key, value, scalar);
		break;
	case CONFIG_KIND_SECRET_FILE:
		config_secret_read_file(reader, key, value, scalar);
		break;
	case CONFIG_KIND_LISTEN:
		config_network_read_listen(reader, scalar);
		break;
	case CONFIG_KIND_LINE:
		config_scalar_read_line(reader, key, value, scalar);
		break;
	default:
		break;
	}
}
