#include <yaml.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/net.h"
#include "base/read.h"
#include "base/text.h"
#include "config/settings.h"
#include "config/values.h"

#define EXPECTATION_MAX 192
#define SUGGESTION_MAX 128
#define HOMES_MAX 8
#define BRACKETS_MAX 4096 /* libyaml's time goes by the square of those that are open */

struct document {
	struct config_reader *reader;
	const char *bytes;
	size_t length;
	yaml_document_t yaml;
};

/* A scalar of the file, or a default of the table. */
struct scalar {
	const char *text;
	size_t length;
	struct config_position at;
};

static void read_value(struct document *document, const struct config_key *key, char *base, yaml_node_t *node);
static void read_keys(struct document *document, const struct config_key *keys, char *base, yaml_node_t *node);

static struct config_position position(yaml_mark_t mark)
{
	return (struct config_position){.line = (unsigned)mark.line + 1, .column = (unsigned)mark.column + 1};
}

static struct config_position node_position(const yaml_node_t *node)
{
	return position(node->start_mark);
}

static struct scalar node_scalar(const yaml_node_t *node)
{
	return (struct scalar){
			.text = (const char *)node->data.scalar.value,
			.length = node->data.scalar.length,
			.at = node_position(node),
	};
}

static bool is_nothing(const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	const char *text = (const char *)node->data.scalar.value;
	return *text == '\0' || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0;
}

static const char *node_kind(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a group of keys";
	default:
		return is_nothing(node) ? "nothing" : "a single value";
	}
}

static const char *quoted(struct config_quote *quote, struct scalar scalar)
{
	*quote = config_quote(scalar.text, scalar.length);
	return quote->text;
}

static void list_words(const struct config_word *words, char *text, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; words[i].name != NULL && length < size; i++) {
		const char *between = i == 0 ? "" : words[i + 1].name == NULL ? " or " : ", ";
		int written = snprintf(text + length, size - length, "%s%s", between, words[i].name);
		length += written > 0 ? (size_t)written : 0;
	}
}

static void duration_range(const struct config_key *key, char text[static EXPECTATION_MAX])
{
	char minimum[CONFIG_DURATION_TEXT_MAX], maximum[CONFIG_DURATION_TEXT_MAX];

	config_duration_print(key->minimum, minimum);
	config_duration_print(key->maximum, maximum);
	snprintf(text, EXPECTATION_MAX, "%s to %s%s", minimum, maximum, key->may_be_off ? ", or off" : "");
}

static void expectation(const struct config_key *key, char text[static EXPECTATION_MAX])
{
	char part[EXPECTATION_MAX / 2] = "";

	switch (key->kind) {
	case CONFIG_KIND_BOOLEAN:
		snprintf(text, EXPECTATION_MAX, "true or false");
		return;
	case CONFIG_KIND_WORD:
		list_words(key->words, text, EXPECTATION_MAX);
		return;
	case CONFIG_KIND_DURATION:
		duration_range(key, text);
		return;
	case CONFIG_KIND_SECTION:
		for (size_t i = 0, length = 0; key->keys[i].name != NULL && length < sizeof(part); i++)
			length += (size_t)snprintf(part + length, sizeof(part) - length, "%s%s", i == 0 ? "" : ", ",
					key->keys[i].name);
		snprintf(text, EXPECTATION_MAX, "a group of keys: %s", part);
		return;
	case CONFIG_KIND_DOORS:
		snprintf(text, EXPECTATION_MAX, "a list of doors, each beginning with \"- name: ...\"");
		return;
	case CONFIG_KIND_PEERS:
		snprintf(text, EXPECTATION_MAX, "a list such as %s, or all", key->example);
		return;
	case CONFIG_KIND_HOSTS:
	case CONFIG_KIND_RELAYS:
		snprintf(text, EXPECTATION_MAX, "a list such as %s", key->example);
		return;
	default:
		snprintf(text, EXPECTATION_MAX, "a value such as %s", key->example);
	}
}

static void wrong_kind(struct document *document, const struct config_key *key, const yaml_node_t *node)
{
	char expected[EXPECTATION_MAX];

	expectation(key, expected);
	bool text = key->kind == CONFIG_KIND_TEXT || key->kind == CONFIG_KIND_SECRET;
	config_error(document->reader, node_position(node), "%s: found %s, expected %s%s", key->name, node_kind(node),
			expected, text ? " (text that begins with [ or { in quotes)" : "");
}

/* The word most like text; NULL when none is. */
struct nearest {
	const char *text;
	const char *word;
	unsigned distance;
};

static void nearest_try(struct nearest *nearest, const char *word)
{
	unsigned distance = strcasecmp(nearest->text, word) == 0 ? 1 : config_distance(nearest->text, word);
	unsigned limit = strlen(word) > 5 ? 3 : strlen(word) > 3 ? 2 : 1;

	if (distance <= limit && (nearest->word == NULL || distance < nearest->distance)) {
		nearest->word = word;
		nearest->distance = distance;
	}
}

static bool is_word(struct scalar scalar, const char *word)
{
	return scalar.length == strlen(word) && memcmp(scalar.text, word, scalar.length) == 0;
}

static bool is_one_of(struct scalar scalar, const char *const *words)
{
	for (; *words != NULL; words++)
		if (scalar.length == strlen(*words) && strncasecmp(scalar.text, *words, scalar.length) == 0)
			return true;
	return false;
}

/* YAML 1.1's words, which people still write. */
static const char *const yes_words[] = {"true", "yes", "on", NULL};
static const char *const no_words[] = {"false", "no", "off", NULL};

static void read_boolean(struct config_reader *reader, const struct config_key *key, bool *value, struct scalar scalar)
{
	struct config_quote quote;

	if (is_one_of(scalar, yes_words))
		*value = true;
	else if (is_one_of(scalar, no_words))
		*value = false;
	else
		config_error(reader, scalar.at, "%s: %s is neither true nor false", key->name, quoted(&quote, scalar));
}

static void read_word(struct config_reader *reader, const struct config_key *key, int *value, struct scalar scalar)
{
	char expected[EXPECTATION_MAX];
	struct config_quote quote;
	struct nearest nearest = {.text = scalar.text};

	for (const struct config_word *word = key->words; word->name != NULL; word++) {
		if (is_word(scalar, word->name)) {
			*value = word->value;
			return;
		}
		nearest_try(&nearest, word->name);
	}
	expectation(key, expected);
	config_error(reader, scalar.at, "%s: %s is not known here, expected %s%s%s%s", key->name,
			quoted(&quote, scalar), expected, nearest.word ? " (did you mean " : "",
			nearest.word ? nearest.word : "", nearest.word ? "?)" : "");
}

static void read_duration(
		struct config_reader *reader, const struct config_key *key, int64_t *value, struct scalar scalar)
{
	char expected[EXPECTATION_MAX];
	struct config_quote quote;
	int64_t duration_ms;
	unsigned number;

	if (key->may_be_off && is_one_of(scalar, no_words)) {
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
					quoted(&quote, scalar), duration_ms < key->minimum ? "short" : "long",
					expected);
		return;
	case -ERANGE:
		config_error(reader, scalar.at, "%s: %s is too long, expected %s", key->name, quoted(&quote, scalar),
				expected);
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
				key->name, quoted(&quote, scalar), key->example, expected);
}

static bool begins_with(struct scalar scalar, size_t i, const char *bytes)
{
	size_t length = strlen(bytes);

	return scalar.length - i >= length && memcmp(scalar.text + i, bytes, length) == 0;
}

/* C0 and C1, and the line ends U+2028 and U+2029. */
static bool has_control_characters(struct scalar scalar)
{
	for (size_t i = 0; i < scalar.length; i++) {
		unsigned char c = (unsigned char)scalar.text[i];
		if (c < 0x20 || c == 0x7f || begins_with(scalar, i, "\u2028") || begins_with(scalar, i, "\u2029"))
			return true;
		if (c == 0xc2 && i + 1 < scalar.length && (unsigned char)scalar.text[i + 1] < 0xa0)
			return true;
	}
	return false;
}

/* What nobody sees at the end of a line: blanks, a byte order mark, characters without a width. */
static const char *const invisible[] = {" ", "\u00a0", "\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f",
		"\u202f", "\u2060", "\u3000", "\ufeff"};

static void check_ends(struct config_reader *reader, const struct config_key *key, struct scalar secret)
{
	for (size_t i = 0; i < COUNT(invisible); i++) {
		size_t length = strlen(invisible[i]);
		if (secret.length < length ||
				(!begins_with(secret, 0, invisible[i]) &&
						!begins_with(secret, secret.length - length, invisible[i])))
			continue;
		config_warning(reader, secret.at,
				"%s: the password begins or ends with a blank or an invisible character, which belongs to it: is that meant?",
				key->name);
		return;
	}
}

static bool check_text(struct config_reader *reader, const struct config_key *key, struct scalar scalar)
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
	if (has_control_characters(scalar)) {
		config_error(reader, scalar.at,
				"%s: it holds a line end or another control character, expected one line of text",
				key->name);
		return false;
	}
	if (key->set != NULL && !config_set_holds(key->set, scalar.text, scalar.length)) {
		config_error(reader, scalar.at, "%s: %s holds a character that is not allowed here, expected only %s",
				key->name, quoted(&quote, scalar), key->set);
		return false;
	}
	return true;
}

static void read_text(
		struct config_reader *reader, const struct config_key *key, const char **value, struct scalar scalar)
{
	if (!check_text(reader, key, scalar))
		return;
	*value = config_keep(reader, scalar.text, scalar.length);
	if (key->kind == CONFIG_KIND_SECRET)
		check_ends(reader, key, scalar);
}

static void read_topic(
		struct config_reader *reader, const struct config_key *key, const char **value, struct scalar scalar)
{
	struct config_quote quote;

	if (!check_text(reader, key, scalar))
		return;
	if (scalar.text[0] == '/' || scalar.text[scalar.length - 1] == '/' || strstr(scalar.text, "//") != NULL)
		config_error(reader, scalar.at,
				"%s: %s has an empty level, expected no / at either end and no two together", key->name,
				quoted(&quote, scalar));
	else
		*value = config_keep(reader, scalar.text, scalar.length);
}

/* "" when it is too long, which is reported. */
static const char *absolute_path(struct config_reader *reader, const struct config_key *key, struct scalar scalar)
{
	const char *slash = strrchr(reader->path, '/');
	size_t folder = scalar.text[0] == '/' || slash == NULL ? 0 : (size_t)(slash - reader->path) + 1;
	char path[CONFIG_PATH_MAX + 1];

	if (folder + scalar.length > CONFIG_PATH_MAX) {
		config_error(reader, scalar.at,
				"%s: the path is too long, expected at most %d bytes with the file's folder", key->name,
				CONFIG_PATH_MAX);
		return "";
	}
	memcpy(path, reader->path, folder);
	memcpy(path + folder, scalar.text, scalar.length);
	return config_keep(reader, path, folder + scalar.length);
}

static bool check_path(struct config_reader *reader, const struct config_key *key, struct scalar scalar)
{
	struct config_key bounded = *key;

	bounded.minimum = 1;
	bounded.maximum = CONFIG_PATH_MAX;
	return check_text(reader, &bounded, scalar);
}

static void read_path(
		struct config_reader *reader, const struct config_key *key, const char **value, struct scalar scalar)
{
	if (check_path(reader, key, scalar))
		*value = absolute_path(reader, key, scalar);
}

static void read_secret_file(
		struct config_reader *reader, const struct config_key *key, const char **value, struct scalar scalar)
{
	char bytes[CONFIG_SECRET_MAX + 3];
	struct stat status = {0};

	if (!check_path(reader, key, scalar))
		return;
	const char *path = absolute_path(reader, key, scalar);
	if (*path == '\0')
		return;
	struct config *config = &reader->settings->config;
	if (config->secret_file_count < CONFIG_SECRET_FILES_MAX)
		config->secret_files[config->secret_file_count++] = path;
	if (reader->secrets == CONFIG_SECRETS_UNNEEDED)
		return;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length = fd < 0 || fstat(fd, &status) < 0 ? -errno : read_all(fd, bytes, sizeof(bytes));
	if (fd >= 0)
		close(fd);
	if (length < 0 && reader->secrets == CONFIG_SECRETS_CHECKED && config_is_credential(path)) {
		config_warning(reader, scalar.at,
				"%s: %s is not checked: systemd shows it to the service alone (LoadCredential=)",
				key->name, path);
		return;
	}
	if (length < 0) {
		config_error(reader, scalar.at, "%s: cannot read %s: %s%s", key->name, path, strerror((int)-length),
				length == -EACCES   ? ", expected a file that the agent's user may read"
				: length == -ENOENT ? ", expected a file with the password on one line"
						    : "");
		return;
	}
	if (status.st_mode & S_IROTH)
		config_warning(reader, scalar.at,
				"%s: everybody on this machine may read %s: chgrp gpio %s && chmod 640 %s, so that the agent, whose group that is, still may",
				key->name, path, path, path);
	if (length > 0 && bytes[length - 1] == '\n')
		length--;
	if (length > 0 && bytes[length - 1] == '\r')
		length--;
	struct scalar secret = {.text = bytes, .length = (size_t)length, .at = scalar.at};
	if (begins_with(secret, 0, "\ufeff")) { /* an editor's byte order mark */
		secret.text += strlen("\ufeff");
		secret.length -= strlen("\ufeff");
	}
	if (secret.length == 0)
		config_error(reader, scalar.at, "%s: %s is empty, expected a file with the password on one line",
				key->name, path);
	else if (secret.length > CONFIG_SECRET_MAX || has_control_characters(secret))
		config_error(reader, scalar.at,
				"%s: %s holds more than a password, expected one line of at most %d bytes", key->name,
				path, CONFIG_SECRET_MAX);
	else {
		*value = config_keep(reader, secret.text, secret.length);
		check_ends(reader, key, secret);
	}
}

static bool check_host(const char *host, size_t length)
{
	return length > 0 && length <= CONFIG_HOST_MAX && host[0] != '.' && host[0] != '-' &&
	       config_set_holds("A-Za-z0-9._-", host, length);
}

static bool is_address(int family, const char *text, size_t length)
{
	char terminated[INET6_ADDRSTRLEN], binary[sizeof(struct in6_addr)];

	if (length >= sizeof(terminated))
		return false;
	memcpy(terminated, text, length);
	terminated[length] = '\0';
	return inet_pton(family, terminated, binary) == 1;
}

static bool is_zone(const char *text, size_t length)
{
	return length > 0 && length < IF_NAMESIZE && config_set_holds("A-Za-z0-9._-", text, length);
}

/* HOST, HOST:PORT, [IPV6], [IPV6%ZONE] or these with :PORT. port keeps its value when none is there. */
static bool split_host_port(const char *text, size_t length, const char **host, size_t *host_length, unsigned *port)
{
	const char *end = text + length;
	const char *rest;

	if (length > 0 && text[0] == '[') {
		rest = memchr(text, ']', length);
		if (rest == NULL)
			return false;
		*host = text + 1;
		*host_length = (size_t)(rest - *host);
		const char *zone = memchr(*host, '%', *host_length);
		if (!is_address(AF_INET6, *host, zone != NULL ? (size_t)(zone - *host) : *host_length) ||
				(zone != NULL && !is_zone(zone + 1, (size_t)(rest - zone) - 1)))
			return false;
		rest++;
	} else {
		rest = memchr(text, ':', length);
		if (rest == NULL)
			rest = end;
		*host = text;
		*host_length = (size_t)(rest - text);
		if (!check_host(*host, *host_length))
			return false;
	}
	if (rest == end)
		return true;
	return *rest == ':' && config_number_parse(rest + 1, (size_t)(end - rest - 1), 65535, port);
}

/* An address of link-local IPv6 means something on one interface alone; of others there is no zone. */
static bool check_zone(struct config_reader *reader, const struct config_broker *broker, struct config_position at)
{
	bool zone = strchr(broker->host, '%') != NULL, link_local = net_is_link_local(broker->host);

	if (zone && !link_local)
		config_error(reader, at, "broker: %s is no link-local address (fe80::), expected it without %%ZONE",
				broker->host);
	else if (zone && broker->tls)
		config_error(reader, at,
				"broker: no certificate can name an address with a zone, expected mqtts:// with the broker's name or another address");
	else if (link_local && !zone)
		config_warning(reader, at,
				"broker: a link-local address is known on one interface alone: name that, as in [%s%%eth0]",
				broker->host);
	return !zone || (link_local && !broker->tls);
}

static void read_broker(struct config_reader *reader, struct scalar scalar)
{
	struct config *config = &reader->settings->config;
	struct config_broker *broker = &config->mqtt.brokers[config->mqtt.broker_count];
	static const char *const schemes[] = {"mqtt://", "mqtts://"};
	const char *host;
	size_t host_length;
	struct config_quote quote;

	if (memchr(scalar.text, '@', scalar.length) != NULL) {
		config_error(reader, scalar.at,
				"broker: the address holds an @, expected mqtt://HOST:PORT with the login in mqtt.username and mqtt.password_file");
		return;
	}
	for (size_t i = 0; i < COUNT(schemes); i++) {
		size_t scheme = strlen(schemes[i]);
		unsigned port = i == 0 ? 1883 : 8883;
		if (scalar.length < scheme || memcmp(scalar.text, schemes[i], scheme) != 0)
			continue;
		if (!split_host_port(scalar.text + scheme, scalar.length - scheme, &host, &host_length, &port) ||
				port == 0) {
			config_error(reader, scalar.at,
					"broker: %s is no address of a broker, expected %sHOST or %sHOST:PORT with a port from 1 to 65535, and an IPv6 address as [::1]",
					quoted(&quote, scalar), schemes[i], schemes[i]);
			return;
		}
		*broker = (struct config_broker){
				.host = config_keep(reader, host, host_length), .port = (uint16_t)port, .tls = i == 1};
		if (!check_zone(reader, broker, scalar.at))
			return;
		config_mark(reader, broker, scalar.at);
		config->mqtt.broker_count++;
		return;
	}
	config_error(reader, scalar.at,
			"broker: %s does not begin with mqtt:// or mqtts://, expected an address such as mqtt://broker.lan:1883",
			quoted(&quote, scalar));
}

static void read_listen(struct config_reader *reader, struct scalar scalar)
{
	struct config *config = &reader->settings->config;
	struct config_quote quote;
	const char *host;
	size_t host_length;
	unsigned port = UINT32_MAX;

	config->http.enabled = false;
	if (is_one_of(scalar, no_words))
		return;
	bool bracketed = scalar.length > 0 && scalar.text[0] == '[';
	if (bracketed && memchr(scalar.text, '%', scalar.length) != NULL) {
		config_error(reader, scalar.at,
				"listen: an address with a zone (%%) is not supported, expected [::] for every interface, or another address");
		return;
	}
	if (!split_host_port(scalar.text, scalar.length, &host, &host_length, &port) || port == UINT32_MAX ||
			(!bracketed && !is_address(AF_INET, host, host_length))) {
		config_error(reader, scalar.at,
				"listen: %s is no address to listen on, expected a numeric address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080, or off",
				quoted(&quote, scalar));
		return;
	}
	config->http.enabled = true;
	config->http.address = config_keep(reader, host, host_length);
	config->http.port = (uint16_t)port;
}

static void read_host(struct config_reader *reader, struct scalar scalar)
{
	struct config *config = &reader->settings->config;
	struct config_quote quote;

	if (!check_host(scalar.text, scalar.length))
		config_error(reader, scalar.at,
				"hosts: %s is no host name, expected a name without scheme and port, such as garage.example",
				quoted(&quote, scalar));
	else
		config->http.hosts[config->http.host_count++] = config_keep(reader, scalar.text, scalar.length);
}

static void read_peer(struct config_reader *reader, const struct config_key *key, struct scalar scalar)
{
	struct config *config = &reader->settings->config;
	struct config_key one = *key; /* the key's own bounds are the list's */
	struct config_quote quote;

	one.minimum = 1;
	one.maximum = CONFIG_NODE_MAX;
	if (!check_text(reader, &one, scalar))
		return;
	for (size_t i = 0; i < config->peers.node_count; i++)
		if (strcmp(config->peers.nodes[i], scalar.text) == 0) {
			config_error(reader, scalar.at, "peers: %s is named twice", quoted(&quote, scalar));
			return;
		}
	config->peers.nodes[config->peers.node_count++] = config_keep(reader, scalar.text, scalar.length);
}

static void read_line(struct config_reader *reader, const struct config_key *key, struct config_line *line,
		struct scalar scalar)
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
				quoted(&quote, scalar), meant);
		return;
	}
	if (strncasecmp(scalar.text, "pin", 3) == 0) {
		config_error(reader, scalar.at,
				"%s: %s counts the pins of the header, expected the GPIO's own number, such as GPIO17 for pin 11",
				key->name, quoted(&quote, scalar));
		return;
	}
	if (scalar.length == 0 || scalar.length > CONFIG_LINE_NAME_MAX ||
			config_set_holds("0-9", scalar.text, scalar.length) || has_control_characters(scalar)) {
		config_error(reader, scalar.at,
				"%s: %s is no line, expected a name of at most %d bytes such as GPIO17, or a small number",
				key->name, quoted(&quote, scalar), CONFIG_LINE_NAME_MAX);
		return;
	}
	*line = (struct config_line){.name = config_keep(reader, scalar.text, scalar.length), .present = true};
}

static void standards(struct document *document, const struct config_key *keys, char *base);

/* A scalar stands for {line: it}; for a relay a bare number is that relay's. */
static void read_line_or_keys(struct document *document, const struct config_key *key,
		struct config_line_settings *line, yaml_node_t *node)
{
	struct config_reader *reader = document->reader;

	config_mark(reader, line, node_position(node));
	if (node->type == YAML_MAPPING_NODE) {
		read_keys(document, key->keys, (char *)line, node);
		return;
	}
	if (node->type != YAML_SCALAR_NODE) {
		wrong_kind(document, key, node);
		return;
	}
	struct scalar scalar = node_scalar(node);
	standards(document, key->keys, (char *)line);
	if (key->kind == CONFIG_KIND_RELAY && scalar.length > 0 &&
			config_set_holds("0-9", scalar.text, scalar.length)) {
		if (!config_number_parse(scalar.text, scalar.length, UINT16_MAX, &line->relay) || line->relay == 0) {
			struct config_quote quote;
			config_error(reader, scalar.at, "%s: there is no relay %s, expected 1 for the first", key->name,
					quoted(&quote, scalar));
		}
		return;
	}
	read_line(reader, key, &line->line, scalar);
}

static void read_scalar(struct config_reader *reader, const struct config_key *key, char *base, struct scalar scalar)
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
		read_secret_file(reader, key, value, scalar);
		break;
	case CONFIG_KIND_LISTEN:
		read_listen(reader, scalar);
		break;
	case CONFIG_KIND_LINE:
		read_line(reader, key, value, scalar);
		break;
	default:
		break;
	}
}

static void standards(struct document *document, const struct config_key *keys, char *base)
{
	for (; keys->name != NULL; keys++) {
		if (keys->kind == CONFIG_KIND_SECTION)
			standards(document, keys->keys, base + keys->offset);
		else if (keys->standard != NULL)
			read_scalar(document->reader, keys, base,
					(struct scalar){.text = keys->standard, .length = strlen(keys->standard)});
	}
}

static void read_door(struct document *document, const struct config_key *key, yaml_node_t *node)
{
	struct config_settings *settings = document->reader->settings;
	struct config_door_settings *door = &settings->doors[settings->door_count];

	if (node->type != YAML_MAPPING_NODE) {
		config_error(document->reader, node_position(node),
				"doors: found %s, expected a door's keys: \"- name: ...\"", node_kind(node));
		return;
	}
	door->at = node_position(node);
	settings->door_count++;
	read_keys(document, key->keys, (char *)door, node);
}

static void read_item(struct document *document, const struct config_key *key, yaml_node_t *node)
{
	struct config_settings *settings = document->reader->settings;

	if (key->kind == CONFIG_KIND_DOORS) {
		read_door(document, key, node);
	} else if (key->kind == CONFIG_KIND_RELAYS) {
		struct config_line_settings *relay = &settings->relays[settings->relay_count++];
		read_line_or_keys(document, key, relay, node);
	} else if (node->type != YAML_SCALAR_NODE) {
		wrong_kind(document, key, node);
	} else if (key->kind == CONFIG_KIND_BROKERS) {
		read_broker(document->reader, node_scalar(node));
	} else if (key->kind == CONFIG_KIND_PEERS) {
		read_peer(document->reader, key, node_scalar(node));
	} else {
		read_host(document->reader, node_scalar(node));
	}
}

static void read_list(struct document *document, const struct config_key *key, yaml_node_t *node)
{
	yaml_node_item_t *start = node->data.sequence.items.start;
	size_t count = (size_t)(node->data.sequence.items.top - start);

	if (count < (size_t)key->minimum || count > (size_t)key->maximum) {
		config_error(document->reader, node_position(node), "%s: %zu entries, expected %" PRId64 " to %" PRId64,
				key->name, count, key->minimum, key->maximum);
		return;
	}
	for (size_t i = 0; i < count; i++)
		read_item(document, key, yaml_document_get_node(&document->yaml, start[i]));
}

/* Does a comment without a blank behind its # follow that value, as in "password: a #b"? */
static bool has_tight_comment(const struct document *document, const yaml_node_t *node)
{
	size_t i = config_byte_of(document->bytes, document->length, node->end_mark.index);

	while (i < document->length && (document->bytes[i] == ' ' || document->bytes[i] == '\t'))
		i++;
	return i + 1 < document->length && document->bytes[i] == '#' &&
	       strchr(" \t\r\n#", document->bytes[i + 1]) == NULL;
}

/* Of a password the rest behind a # would be lost, which is an error; of a name it is seen, and warned of. */
static bool is_cut(struct document *document, const struct config_key *key, const yaml_node_t *node)
{
	bool secret = key->kind == CONFIG_KIND_SECRET;

	if ((!secret && key->kind != CONFIG_KIND_TEXT) || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
			!has_tight_comment(document, node))
		return false;
	if (!secret)
		config_warning(document->reader, node_position(node),
				"%s: what follows # is a comment: put text that holds # in quotes, or a blank behind #",
				key->name);
	else
		config_error(document->reader, node_position(node),
				"%s: what follows # would be a comment and no part of the password, expected text that holds # in quotes, or a blank behind the # of a comment",
				key->name);
	return secret;
}

/* A key whose value YAML takes for nothing, though the file may say something. True when that is an error. */
static bool is_lost(struct document *document, const struct config_key *key, const yaml_node_t *node)
{
	bool file = key->kind == CONFIG_KIND_SECRET_FILE, secret = file || key->kind == CONFIG_KIND_SECRET;

	if (!secret && key->kind != CONFIG_KIND_TEXT)
		return false;
	if (!file && node->data.scalar.length > 0) {
		config_error(document->reader, node_position(node),
				"%s: null and ~ are YAML's words for nothing, expected the text in quotes, or no %s",
				key->name, key->name);
		return true;
	}
	if (is_cut(document, key, node))
		return true;
	if (secret)
		config_warning(document->reader, node_position(node),
				"%s: it has no value, so that there is no password: give it one, or take the key out",
				key->name);
	return false;
}

static void read_value(struct document *document, const struct config_key *key, char *base, yaml_node_t *node)
{
	switch (key->kind) {
	case CONFIG_KIND_SECTION:
		if (node->type == YAML_MAPPING_NODE)
			read_keys(document, key->keys, base + key->offset, node);
		else
			wrong_kind(document, key, node);
		return;
	case CONFIG_KIND_RELAY:
	case CONFIG_KIND_SENSOR:
		read_line_or_keys(document, key, (void *)(base + key->offset), node);
		return;
	case CONFIG_KIND_BROKERS:
		if (node->type == YAML_SCALAR_NODE) {
			read_item(document, key, node);
			return;
		}
		__attribute__((fallthrough));
	case CONFIG_KIND_PEERS:
		if (node->type == YAML_SCALAR_NODE && is_word(node_scalar(node), "all")) {
			document->reader->settings->config.peers.all = true;
			return;
		}
		__attribute__((fallthrough));
	case CONFIG_KIND_HOSTS:
	case CONFIG_KIND_RELAYS:
	case CONFIG_KIND_DOORS:
		if (node->type == YAML_SEQUENCE_NODE)
			read_list(document, key, node);
		else
			wrong_kind(document, key, node);
		return;
	default:
		break;
	}
	config_mark(document->reader, base + key->offset, node_position(node));
	if (node->type == YAML_SCALAR_NODE && is_cut(document, key, node))
		return;
	if (node->type == YAML_SCALAR_NODE)
		read_scalar(document->reader, key, base, node_scalar(node));
	else
		wrong_kind(document, key, node);
}

/* The sections that a key of that name lives in; "" is the top. */
struct homes {
	const char *names[HOMES_MAX];
	size_t count;
};

static void find_homes(const struct config_key *keys, const char *section, const char *name, struct homes *homes)
{
	for (; keys->name != NULL; keys++) {
		bool known = false;
		for (size_t i = 0; i < homes->count; i++)
			known |= strcmp(homes->names[i], section) == 0;
		if (strcmp(keys->name, name) == 0 && !known && homes->count < HOMES_MAX)
			homes->names[homes->count++] = section;
		if (keys->keys != NULL)
			find_homes(keys->keys, keys->name, name, homes);
	}
}

/* Is that line a comment with a section's name in it, as "#http:"? */
static bool is_commented(const char *line, const char *end, const char *section)
{
	size_t length = strlen(section);

	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	if (line == end || *line != '#')
		return false;
	while (line < end && (*line == '#' || *line == ' ' || *line == '\t'))
		line++;
	return (size_t)(end - line) > length && memcmp(line, section, length) == 0 && line[length] == ':';
}

/* The last line above a key's that would begin one of the sections, and is a comment. 0: none. */
static unsigned commented_home(
		const struct document *document, const struct homes *homes, unsigned above, const char **section)
{
	const char *start = document->bytes, *stop = start + document->length;
	unsigned found = 0;

	for (unsigned line = 1; line < above && start < stop; line++) {
		const char *end = memchr(start, '\n', (size_t)(stop - start));
		if (end == NULL)
			end = stop;
		for (size_t i = 0; i < homes->count; i++)
			if (homes->names[i][0] != '\0' && is_commented(start, end, homes->names[i])) {
				found = line;
				*section = homes->names[i];
			}
		start = end + (end < stop);
	}
	return found;
}

/* A key that is known elsewhere. False: it is not. */
static bool misplaced_key(struct document *document, struct scalar name, const char *shown)
{
	char expected[EXPECTATION_MAX] = "";
	struct homes homes = {.count = 0};
	const char *section = NULL;

	find_homes(config_keys, "", name.text, &homes);
	if (homes.count == 0)
		return false;
	unsigned line = commented_home(document, &homes, name.at.line, &section);
	if (line > 0) {
		config_error(document->reader, name.at,
				"key %s does not belong here, expected it in %s, whose own line (%u) is a comment",
				shown, section, line);
		return true;
	}
	for (size_t i = 0; i < homes.count; i++)
		text_append(expected, sizeof(expected), "%s%s%s", i == 0 ? "" : " or ",
				homes.names[i][0] == '\0' ? "at the left margin" : "in ", homes.names[i]);
	config_error(document->reader, name.at, "key %s does not belong here, expected it %s", shown, expected);
	return true;
}

static void unknown_key(struct document *document, const struct config_key *keys, struct scalar name)
{
	struct config_report *report = document->reader->report;
	struct nearest nearest = {.text = name.text};
	char known[SUGGESTION_MAX * 3] = "";
	struct config_quote quote;

	if (report->count == CONFIG_PROBLEMS_MAX) {
		report->errors++;
		return;
	}
	for (size_t i = 0, length = 0; keys[i].name != NULL; i++) {
		nearest_try(&nearest, keys[i].name);
		if (length < sizeof(known))
			length += (size_t)snprintf(known + length, sizeof(known) - length, "%s%s", i == 0 ? "" : ", ",
					keys[i].name);
	}
	quoted(&quote, name);
	if (strcmp(name.text, "<<") == 0) {
		config_error(document->reader, name.at, "merge keys (<<) are not supported, write the keys out");
		return;
	}
	if (nearest.word != NULL) {
		config_error(document->reader, name.at, "unknown key %s, did you mean %s?", quote.text, nearest.word);
		return;
	}
	if (!misplaced_key(document, name, quote.text))
		config_error(document->reader, name.at, "unknown key %s, expected one of %s", quote.text, known);
}

#define KEYS_MAX 40

static void read_keys(struct document *document, const struct config_key *keys, char *base, yaml_node_t *node)
{
	yaml_node_t *values[KEYS_MAX] = {NULL}, *names[KEYS_MAX] = {NULL};

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *name = yaml_document_get_node(&document->yaml, pair->key);
		size_t i = 0;
		if (name->type != YAML_SCALAR_NODE) {
			config_error(document->reader, node_position(name), "found %s as a key, expected a word",
					node_kind(name));
			continue;
		}
		struct scalar word = node_scalar(name);
		while (keys[i].name != NULL && !is_word(word, keys[i].name))
			i++;
		if (keys[i].name == NULL) {
			unknown_key(document, keys, word);
			continue;
		}
		if (names[i] != NULL) {
			config_error(document->reader, word.at,
					"key \"%s\" stands here again, expected it once (first in line %u)",
					keys[i].name, node_position(names[i]).line);
			continue;
		}
		names[i] = name;
		values[i] = yaml_document_get_node(&document->yaml, pair->value);
	}
	standards(document, keys, base);
	for (size_t i = 0; keys[i].name != NULL; i++) {
		if (values[i] != NULL && !is_nothing(values[i])) {
			read_value(document, &keys[i], base, values[i]);
		} else if (values[i] != NULL && is_lost(document, &keys[i], values[i])) {
			config_mark(document->reader, base + keys[i].offset, node_position(values[i]));
		} else if (keys[i].required) {
			char expected[EXPECTATION_MAX];
			expectation(&keys[i], expected);
			config_error(document->reader, node_position(names[i] != NULL ? names[i] : node),
					"%s is missing, expected %s", keys[i].name, expected);
		}
	}
}

static struct config_position byte_position(const char *bytes, size_t length, size_t offset)
{
	struct config_position at = {.line = 1, .column = 1};

	for (size_t i = 0; i < length && i < offset; i++) {
		at.column++;
		if (bytes[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return at;
}

static void syntax_error(struct config_reader *reader, const yaml_parser_t *parser, const char *bytes, size_t length)
{
	const char *problem = parser->problem != NULL ? parser->problem : "not YAML";

	if (parser->error == YAML_MEMORY_ERROR) {
		reader->out_of_memory = true;
	} else if (parser->error == YAML_READER_ERROR) {
		config_error(reader, byte_position(bytes, length, parser->problem_offset),
				"%s, expected a text file in UTF-8", problem);
	} else {
		size_t i = config_byte_of(bytes, length, parser->problem_mark.index);
		bool tab = i < length && bytes[i] == '\t';
		config_error(reader, position(parser->problem_mark), "this is not YAML: %s; expected %s", problem,
				tab ? "spaces instead of the tab"
				    : "each line indented like its neighbours, and text that begins with a sign or holds : or # in quotes");
	}
}

static bool check_encoding(struct config_reader *reader, const char *bytes, size_t length)
{
	if (length < 2 || (memcmp(bytes, "\xff\xfe", 2) != 0 && memcmp(bytes, "\xfe\xff", 2) != 0))
		return true;
	config_error(reader, (struct config_position){.line = 1, .column = 1},
			"this is UTF-16, expected a text file in UTF-8");
	return false;
}

static bool check_brackets(struct config_reader *reader, const char *bytes, size_t length)
{
	size_t brackets = 0;

	for (size_t i = 0; i < length; i++) {
		brackets += bytes[i] == '[' || bytes[i] == '{';
		if (brackets > BRACKETS_MAX) {
			config_error(reader, byte_position(bytes, length, i),
					"too many lists and groups of keys, expected at most %d [ and {", BRACKETS_MAX);
			return false;
		}
	}
	return true;
}

void config_read_yaml(struct config_reader *reader, const char *bytes, size_t length)
{
	struct document document = {.reader = reader, .bytes = bytes, .length = length};
	yaml_document_t second;
	yaml_parser_t parser;

	if (!check_encoding(reader, bytes, length) || !check_brackets(reader, bytes, length))
		return;
	if (!yaml_parser_initialize(&parser)) {
		reader->out_of_memory = true;
		return;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
	if (!yaml_parser_load(&parser, &document.yaml)) {
		syntax_error(reader, &parser, bytes, length);
		goto parser_delete;
	}
	yaml_node_t *root = yaml_document_get_root_node(&document.yaml);
	if (root == NULL || is_nothing(root)) {
		config_error(reader, (struct config_position){.line = 1, .column = 1},
				"the file is empty, expected at least mqtt: with a broker and doors: with one door");
		goto document_delete;
	}
	if (root->type != YAML_MAPPING_NODE) {
		config_error(reader, node_position(root),
				"found %s, expected keys such as mqtt: and doors:", node_kind(root));
		goto document_delete;
	}
	if (!yaml_parser_load(&parser, &second)) {
		syntax_error(reader, &parser, bytes, length);
		goto document_delete;
	}
	if (yaml_document_get_root_node(&second) != NULL)
		config_error(reader, node_position(yaml_document_get_root_node(&second)),
				"a second document begins before this, expected one document (no --- but in the first line)");
	yaml_document_delete(&second);
	if (config_check_strict(reader, bytes, length))
		read_keys(&document, config_keys, (char *)reader->settings, root);

document_delete:
	yaml_document_delete(&document.yaml);
parser_delete:
	yaml_parser_delete(&parser);
}
