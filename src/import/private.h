/*
 * For this room only: one import. The other file is a flat list of values; a program's own file takes those that it
 * knows, and writes lines of our configuration, each with the line of the other file that it comes from.
 */
#ifndef PORTCULLIS_IMPORT_PRIVATE_H
#define PORTCULLIS_IMPORT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/config.h"
#include "config/flat.h"

#define IMPORT_LINES_MAX 2048
#define IMPORT_GPIO_MAX 27 /* the header of a Raspberry Pi has GPIO0 to GPIO27 */

struct import {
	struct flat flat;
	struct config_report *report;
	FILE *out;
	unsigned lines[IMPORT_LINES_MAX]; /* of each line of out: the line that it comes from, 0 = none */
	size_t line_count;
};

/* Why values have no place here. path: keys with dots, * for an index; it stands for all below it, too. */
struct import_reason {
	const char *path;
	const char *reason;
};

/* output.c */

/* Writes one line. line: the one in the other file that it comes from, or 0. */
__attribute__((format(printf, 3, 4))) void import_line(struct import *import, unsigned line, const char *format, ...);

/* A text between double quotes, as YAML reads it. */
struct import_quote {
	char text[2 * FLAT_TEXT_MAX + 3];
};
const char *import_quoted(struct import_quote *quote, const char *text);

/* Writes a comment for each value that nobody has taken: the first reason that fits (the list ends with a NULL path). */
void import_rest(struct import *import, const struct import_reason *reasons);

/* values.c */

/* The value at a path, which then counts as taken; NULL: the file does not have it. */
__attribute__((format(printf, 2, 3))) struct flat_value *import_take(struct import *import, const char *format, ...);

/* Takes the value LIST.INDEX.KEY. NULL: there is none, which is reported. */
struct flat_value *import_need(struct import *import, const char *list, size_t index, const char *key);

/* Whether the file has a value at the path or below it. */
__attribute__((format(printf, 2, 3))) bool import_has(const struct import *import, const char *format, ...);

/* Takes all values at the path and below it. Returns the line of the first, or 0. */
__attribute__((format(printf, 2, 3))) unsigned import_take_all(struct import *import, const char *format, ...);

/*
 * The value as a number from minimum to maximum, or as a boolean of YAML 1.1. False: it is none, which is reported. With
 * a value that is NULL, import_number returns false alone; import_boolean leaves *yes as it is, and returns true.
 */
bool import_number(struct import *import, const struct flat_value *value, unsigned minimum, unsigned maximum,
		unsigned *number);
bool import_boolean(struct import *import, const struct flat_value *value, bool *yes);

/*
 * Writes the head of an entry of doors. id: as the other program has it, taken over if ours may be so; else the id is
 * made of the name, or of the number (from 1) if that has no letter of ASCII. name: NULL if there is none.
 */
void import_door(struct import *import, size_t number, const struct flat_value *id, const struct flat_value *name);

/*
 * Writes mqtt: with what mqtt.host, port, user and password say; the caller may add lines to the group. tls: whether the
 * broker is reached by TLS. False: mqtt.host is missing, or a value is wrong, which is reported.
 */
bool import_broker(struct import *import, bool tls);

/* Writes home_assistant: from the two values, which may be NULL. */
bool import_discovery(struct import *import, const struct flat_value *discovery, const struct flat_value *prefix);

/* toml.c: reads the subset of TOML that NormallyClosed documents. Returns as flat_read_yaml does. */
int import_read_toml(const char *bytes, size_t length, struct flat *flat, struct config_report *report);

/* One file each. Errors are in the report. */
void import_normally_closed(struct import *import);
void import_garageqtpi(struct import *import);
void import_mqtt_io(struct import *import);

#endif
