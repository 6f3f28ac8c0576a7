/*
 * For this room only: the settings, which are what a file says before it is a configuration, and where the file says
 * it.
 *
 * The table of keys (keys.c) is the only place with names, bounds and defaults. yaml.c makes a tree of the file's
 * bytes, document.c makes settings of the tree, as the table says, and rules.c and wiring.c check the settings as a
 * whole.
 */
#ifndef PORTCULLIS_CONFIG_SETTINGS_H
#define PORTCULLIS_CONFIG_SETTINGS_H

#include <sys/types.h>

#include "config/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum config_kind {
	CONFIG_KIND_BOOLEAN,     /* bool */
	CONFIG_KIND_WORD,        /* an enum */
	CONFIG_KIND_DURATION,    /* int64_t, milliseconds; off is 0 */
	CONFIG_KIND_PERCENT,     /* int; off is 0 */
	CONFIG_KIND_TEXT,        /* const char * */
	CONFIG_KIND_TOPIC,       /* const char *, one or more levels of an MQTT topic */
	CONFIG_KIND_SECRET,      /* const char *, never shown */
	CONFIG_KIND_SECRET_FILE, /* const char *: the content of the file that the key names */
	CONFIG_KIND_FILE,        /* const char *: a path, made absolute by the file's folder */
	CONFIG_KIND_BROKERS,     /* struct config: mqtt.brokers; one address or a list */
	CONFIG_KIND_LISTEN,      /* struct config: http.address and port; off */
	CONFIG_KIND_HOSTS,       /* struct config: http.hosts */
	CONFIG_KIND_PEERS,       /* struct config: peers; a list, or the word all */
	CONFIG_KIND_LINE,        /* struct config_line_settings: only its name or number */
	CONFIG_KIND_RELAY,       /* struct config_line_settings: also a relay's number, or a group of keys */
	CONFIG_KIND_RELAYS,      /* struct config_settings: relays */
	CONFIG_KIND_SENSOR,      /* struct config_line_settings: or a group of keys */
	CONFIG_KIND_SECTION,     /* a group of keys, whose offsets count from this key's offset */
	CONFIG_KIND_DOORS,       /* struct config_settings: doors */
};

struct config_word {
	const char *name;
	int value;
};

struct config_key {
	const char *name;
	enum config_kind kind;
	bool required;
	bool may_be_off;
	size_t offset;            /* in the section's struct */
	int64_t minimum, maximum; /* milliseconds, percent, bytes of a text, entries of a list */
	const char *set;          /* a text's characters, as in a regular expression's brackets; NULL = all printable */
	const struct config_word *words; /* ends with a NULL name */
	const struct config_key *keys;   /* ends with a NULL name */
	const char *standard;            /* the default as one would write it; NULL = none */
	const char *example;
	const char *help;
};

extern const struct config_key config_keys[]; /* base: struct config_settings */

enum config_active { CONFIG_ACTIVE_LOW, CONFIG_ACTIVE_HIGH };
enum config_contact { CONFIG_NORMALLY_OPEN, CONFIG_NORMALLY_CLOSED };

struct config_line_settings {
	struct config_line line;
	unsigned relay; /* the relay's number, from 1; 0 = the line is named instead */
	enum config_active active;
	enum config_contact contact;
	enum config_bias bias;
};

struct config_position {
	unsigned line, column; /* from 1; 0, 0 = the file as a whole */
};

enum config_lockout { CONFIG_LOCKOUT_OPEN, CONFIG_LOCKOUT_ALL };

struct config_door_settings {
	struct config_door door;
	struct config_position at;
	struct config_line_settings lines[DOOR_LINES];
	struct config_line_settings sensors[DOOR_SENSORS];
	int64_t travel_time_ms;
	enum config_lockout lockout;
};

enum config_board { CONFIG_PIM213, CONFIG_PIM487, CONFIG_PIM221, CONFIG_RAS_109, CONFIG_RAS_194 };

struct config_settings {
	struct config config;
	const char *mqtt_password_from_file;
	const char *http_password_from_file;
	enum config_board board;
	struct config_line_settings relays[CONFIG_RELAYS_MAX];
	size_t relay_count;
	struct config_door_settings doors[DOORS_MAX];
	size_t door_count;
};

/* One reading of one file. */
struct config_reader {
	struct config_settings *settings;
	struct config_report *report;
	const char *path;
	enum config_secrets secrets;
	bool readable_by_all;
	bool out_of_memory;
	struct config_mark *marks;
	size_t mark_count, mark_room;
};

__attribute__((format(printf, 3, 4))) void config_error(
		struct config_reader *reader, struct config_position at, const char *format, ...);
__attribute__((format(printf, 3, 4))) void config_warning(
		struct config_reader *reader, struct config_position at, const char *format, ...);

/*
 * Reads at most size bytes of a file; blocks as read(2) does. flags: more of open(2)'s. Returns their number or -errno.
 * Sets readable_by_all, unless the file cannot be opened.
 */
ssize_t config_read_bytes(const char *path, int flags, char *bytes, size_t size, bool *readable_by_all);

/* Copies a text; the configuration owns the copy. Returns "" and sets out_of_memory when memory is short. */
const char *config_keep(struct config_reader *reader, const char *text, size_t length);

/* Remembers that the file sets this field of the settings, and where. */
void config_mark(struct config_reader *reader, const void *field, struct config_position at);

bool config_given(const struct config_reader *reader, const void *field); /* whether the file sets the field */
/* 0, 0: the file does not set the field. */
struct config_position config_where(const struct config_reader *reader, const void *field);

/*
 * strict.c: reports what YAML would change or drop in the file (tags, anchors that nothing refers to, line ends inside
 * a text, lost backslashes). The bytes must be valid YAML. Returns false when something was reported or memory is
 * short.
 */
bool config_check_strict(struct config_reader *reader, const char *bytes, size_t length);

/* strict.c: the byte at which the character with this index begins, as libyaml counts; length if there are fewer. */
size_t config_byte_of(const char *bytes, size_t length, size_t index);

/* yaml.c: parses the bytes and fills the settings. Errors are in the report. */
void config_read_yaml(struct config_reader *reader, const char *bytes, size_t length);

/* rules.c: completes the settings and checks them as a whole. */
void config_apply_rules(struct config_reader *reader);

/* wiring.c: the part of that which is about lines. It sets machine.lines and machine.sensors of each door. */
void config_apply_wiring(struct config_reader *reader);

#endif
