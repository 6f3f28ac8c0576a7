/*
 * The configuration: one YAML file becomes one validated struct, or a report of everything that is wrong with it.
 *
 * This room reads the file, the files with secrets that it names, and the host's name. For a broker whose name ends in
 * .local it also looks at the machine's network interfaces (mdns_obstacle), for a warning. Reading may block, so call it
 * only at start-up, for --check, and in a reload while no relay is on. The result has only plain values. main.c, src/agent
 * (which translates for the other rooms) and src/import include this header, and nobody else. config_begin alone writes.
 */
#ifndef PORTCULLIS_CONFIG_CONFIG_H
#define PORTCULLIS_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/language.h"
#include "base/log.h"
#include "door/door.h"

#define CONFIG_FILE_MAX (256 * 1024)
#define CONFIG_SECRET_MAX 1024     /* bytes of a password */
#define CONFIG_CREDENTIALS_MAX 256 /* bytes of the page's username and password together: HTTP_PASSWORD_MAX */
#define CONFIG_PATH_MAX 255
#define CONFIG_NODE_MAX 63
#define CONFIG_TOPIC_MAX 64 /* a prefix; with node and door it stays far below MQTT_TOPIC_MAX */
#define CONFIG_CLIENT_ID_MAX 128
#define CONFIG_HOST_MAX 253
#define CONFIG_BROKERS_MAX 8
#define CONFIG_HOSTS_MAX 16
#define CONFIG_FRAME_ANCESTORS_MAX 255
#define CONFIG_ADDRESS_MAX 45 /* of IPv6, as a text */
#define CONFIG_RELAYS_MAX 192
#define CONFIG_PEERS_MAX PEERS_NAMED_MAX
#define CONFIG_LINE_NAME_MAX 31
#define CONFIG_TRAVEL_MAX_MS ((int64_t)5 * 60 * 1000)
#define CONFIG_SECRET_FILES_MAX 4

enum config_backend { CONFIG_LIBGPIOD, CONFIG_SIMULATED };
enum config_bias { CONFIG_BIAS_AS_IS, CONFIG_BIAS_PULL_UP, CONFIG_BIAS_PULL_DOWN, CONFIG_BIAS_DISABLED };
enum config_log_level { CONFIG_LOG_ERROR, CONFIG_LOG_WARNING, CONFIG_LOG_INFO, CONFIG_LOG_DEBUG };
enum config_log_format { CONFIG_LOG_TEXT, CONFIG_LOG_JSON };
enum config_device_class { CONFIG_GARAGE, CONFIG_GATE, CONFIG_DOOR };

/*
 * A GPIO line. active_low already includes the kind of a sensor's contact (normally open or closed) and its pull:
 * active means relay on, closed, open, obstructed or locked out.
 */
struct config_line {
	const char *name; /* NULL: use offset */
	uint16_t offset;
	bool present;
	bool active_low;
	enum config_bias bias; /* inputs */
};

struct config_broker {
	const char *host; /* a name or an address; an IPv6 address without brackets */
	uint16_t port;
	bool tls;
	/* The file gives the numeric address of Home Assistant's Supervisor, which is the only entry then: host and port are
	   the Supervisor's own until config_take_service, and the broker's from then on. */
	bool by_supervisor;
};

/* A broker and the login there, as the Supervisor tells them. */
struct config_service {
	const char *host;
	uint16_t port;
	bool tls;
	const char *username, *password; /* NULL: none */
};

/* Paths of PEM files; NULL = not given. */
struct config_tls {
	const char *ca_file;
	const char *certificate_file;
	const char *key_file;
	const char *key_password_file;
};

struct config_door {
	const char *id;
	const char *name;
	enum config_device_class device_class;
	const char *area; /* NULL: none */
	struct config_line lines[DOOR_LINES];
	struct config_line sensors[DOOR_SENSORS];
	int64_t left_open_ms;       /* 0: nobody is told that the door is left open */
	int64_t left_open_again_ms; /* 0: only once */
	int vent;                   /* in percent, the position of the button "Air"; 0: no button */
	struct door_config machine; /* complete: ready for door_init */
};

/*
 * Strings are terminated, owned by the configuration, and valid until config_free. An optional string is NULL when it
 * is not given. All others are never NULL.
 */
struct config {
	const char *node;
	struct {
		struct config_broker brokers[CONFIG_BROKERS_MAX];
		size_t broker_count;       /* at least 1 */
		const char *username;      /* NULL: none */
		const char *password;      /* NULL: none; from password or password_file */
		const char *password_file; /* NULL: none; whether or not it was read */
		const char *client_id;
		const char *topic_prefix;
		int64_t keepalive_ms; /* whole seconds */
		struct config_tls tls;
	} mqtt;
	struct {
		bool discovery;
		bool command_expiry; /* over MQTT 5 */
		const char *prefix;
	} home_assistant;
	struct {
		enum config_backend backend;
		const char *chip; /* a path, name or label; NULL: the first whose label starts with pinctrl- */
	} gpio;
	struct {
		bool enabled;
		const char *address;  /* numeric; an IPv6 address without brackets */
		uint16_t port;        /* 0: the kernel chooses */
		const char *username; /* both or neither of the two */
		const char *password;
		const char *password_file; /* NULL: none; whether or not it was read */
		const char *hosts[CONFIG_HOSTS_MAX];
		size_t host_count;
		const char *frame_ancestors; /* NULL, "self", or addresses with blanks between */
		const char *ingress;         /* NULL, or a numeric address, without brackets */
		enum language language;
		bool allow_anonymous_commands;
		struct config_tls tls; /* certificate_file and key_file */
	} http;
	struct {
		enum config_log_level level;
		enum config_log_format format;
	} log;
	struct {
		const char *directory; /* NULL: in memory only */
	} history;
	const char *secret_files[CONFIG_SECRET_FILES_MAX]; /* that were read, and are read again at a reload */
	size_t secret_file_count;
	struct {
		bool all;
		const char *nodes[CONFIG_PEERS_MAX]; /* may include our own node */
		size_t node_count;                   /* 0, and not all: no peer is followed */
	} peers;
	struct config_door *doors;
	size_t door_count;             /* 1 to DOORS_MAX */
	struct config_string *strings; /* config.c's: all the memory behind the pointers above */
};

#define CONFIG_PROBLEMS_MAX 64
#define CONFIG_PROBLEM_TEXT_MAX 320

struct config_problem {
	bool error;    /* else a warning: the file can be used */
	unsigned line; /* from 1; 0 = the file as a whole */
	unsigned column;
	char text[CONFIG_PROBLEM_TEXT_MAX]; /* "what, and what was expected" */
};

/* How config_load treats the files that password_file names. */
enum config_secrets {
	CONFIG_SECRETS_NEEDED,   /* one that cannot be read is an error */
	CONFIG_SECRETS_CHECKED,  /* the same, but only a warning if config_is_credential */
	CONFIG_SECRETS_UNNEEDED, /* they are not read, and the passwords are NULL */
};

/* Everything that is wrong with a file, in the order of the file. Never contains a secret. */
struct config_report {
	char file[CONFIG_PATH_MAX + 1];
	struct config_problem problems[CONFIG_PROBLEMS_MAX];
	size_t count;
	size_t errors; /* all of them, also those beyond CONFIG_PROBLEMS_MAX */
	size_t warnings;
};

/*
 * Where there is no file at path yet, makes it a copy of the file example, whole or not at all. 0; -EEXIST when there is
 * something already, which stays as it is; or another -errno.
 */
int config_begin(const char *path, const char *example);

/*
 * Reads and validates a file. 0 when it can be used (there may be warnings); -EINVAL with at least one error in the
 * report, or -ENOMEM, and then config is empty. The caller frees with config_free after success; freeing an empty one is
 * allowed. Nothing of the YAML document is kept.
 */
int config_load(const char *path, enum config_secrets secrets, struct config *config, struct config_report *report);

/* The same from memory, CONFIG_SECRETS_NEEDED. path is only a name in the report, and its folder is where relative
 * *_file paths start. */
int config_parse(const char *bytes, size_t length, const char *path, struct config *config,
		struct config_report *report);

/*
 * Reads the bytes of a file that is to be parsed. Begins the report. Returns 0, and the caller frees bytes; or -EINVAL
 * with an error in the report, or -ENOMEM, and then *bytes is NULL.
 */
int config_read_file(const char *path, char **bytes, size_t *length, struct config_report *report);

/*
 * Whether path is a file of systemd's LoadCredential=. systemd shows such a file to the service itself, but not to
 * ExecReload= and ExecStopPost= (systemd.exec(5)), nor to a shell.
 */
bool config_is_credential(const char *path);

/* Whether this text, alone on its line, is a password when a password_file is read. */
bool config_is_secret(const char *text, size_t length);

/*
 * Takes the broker and the login from the service; the strings are copied. Only for a configuration whose brokers[0] is
 * by_supervisor. 0 or -ENOMEM.
 */
int config_take_service(struct config *config, const struct config_service *service);

/* The same for a reload, where the Supervisor is not asked: next gets what now has of it, where both are by_supervisor. */
int config_inherit_service(struct config *next, const struct config *now);

void config_free(struct config *config);

/* What a running agent has to do for a new configuration. It takes over all other changes by reading the new values. */
struct config_changes {
	bool mqtt;        /* make a new connection to the broker */
	bool topics;      /* remove what the broker retains under the old names */
	bool discovery;   /* remove what was announced to Home Assistant */
	bool credentials; /* of the page, or its ingress: disconnect listeners, which must come with the new ones */
};

/*
 * Whether an agent that runs with now can change to next without a restart. False: each reason is added to the report
 * as an error; the report must have no errors before. True: the doors are the same, in the same order and wired in the
 * same way, and changes is set.
 */
bool config_compare(const struct config *now, const struct config *next, struct config_changes *changes,
		struct config_report *report);

/* Adds an error to a report. line: of the file, from 1; 0 = the file as a whole. Control characters become "?". */
__attribute__((format(printf, 3, 4))) void config_report_error(
		struct config_report *report, unsigned line, const char *format, ...);

/* One line each: FILE:LINE:COLUMN: text, with "warning: " before a warning's. The log has the level instead. */
void config_report_print(const struct config_report *report, FILE *stream);
void config_report_log(const struct config_report *report, const struct log *log);

/*
 * Prints the door as an entry of doors, with each of its values; config_parse reads the same door from it. open_ms and
 * close_ms are measured travel times: unless they are 0, they are printed a twentieth longer, instead of the configured
 * ones.
 */
void config_print_door(const struct config_door *door, int64_t open_ms, int64_t close_ms, FILE *stream);

/*
 * Prints a new configuration with comments, for one door. name: its wiring and the level that switches its relays on:
 * toggle-high, toggle-low, separate-high or separate-low. Returns 0, or -EINVAL for another name.
 */
int config_print_new(const char *name, FILE *stream);

/* Prints the table of keys as JSON. Schema and manual page are made from that. */
void config_print_keys(FILE *stream);

const char *config_device_class_name(enum config_device_class device_class); /* "garage", "gate" or "door" */

#endif
