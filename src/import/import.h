/*
 * --import: the configuration of another program (NormallyClosed, GarageQTPi, mqtt-io) becomes one of ours.
 *
 * What the other file does not say is never guessed: the other program's documented default is written, with a comment
 * that begins with CHECK. What has no place here becomes a comment, with its line and the reason. What is written has
 * been parsed as a configuration first. Called once, by main.c; blocks as reading the file does; touches nothing else.
 */
#ifndef PORTCULLIS_IMPORT_IMPORT_H
#define PORTCULLIS_IMPORT_IMPORT_H

#include <stddef.h>
#include <stdio.h>

#include "config/config.h"

/*
 * Reads the file at path and writes the configuration in YAML to out. Returns 0; -EINVAL with at least one error in the
 * report, in lines of the file; or -ENOMEM. Unless it returns 0, nothing is written. The caller looks for errors of out.
 */
int import_file(const char *path, FILE *out, struct config_report *report);

/* The same from memory. path is only a name in the report. */
int import_parse(const char *bytes, size_t length, const char *path, FILE *out, struct config_report *report);

#endif
