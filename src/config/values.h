/*
 * The small values of a configuration file: durations, GPIO names, slugs, sets of characters, likeness of words.
 * Pure functions of bytes from outside; text need not be terminated.
 */
#ifndef PORTCULLIS_CONFIG_VALUES_H
#define PORTCULLIS_CONFIG_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_DURATION_TEXT_MAX 24

/*
 * A whole number and its unit, nothing else: 500ms, 15s, 5m, 1h. Fractions have no place: 1.5s is 1500ms.
 * Returns 0, -EINVAL when it is none, or -ERANGE when it does not fit.
 */
int config_duration_parse(const char *text, size_t length, int64_t *duration_ms);

/* The shortest text that config_duration_parse reads back as the same. */
void config_duration_print(int64_t duration_ms, char text[static CONFIG_DURATION_TEXT_MAX]);

/* Decimal digits only, up to maximum. */
bool config_number_parse(const char *text, size_t length, unsigned maximum, unsigned *number);

/* N of a Raspberry Pi line's name GPION, else -1. */
int config_gpio_number(const char *name);

/*
 * What people write when they mean GPION: gpio17, GPIO 17, GPIO_17, BCM17, GPIO017. Returns N, or -1; a right name is
 * no mistake.
 */
int config_gpio_mistaken(const char *name);

/* Lower-case ASCII letters and digits; all else becomes one _ between them. Cut to size; "" when nothing is left. */
void config_slug(const char *text, char *slug, size_t size);

/* True when every byte of text is in set, which is written as in a regular expression's brackets: "a-z0-9_-". */
bool config_set_holds(const char *set, const char *text, size_t length);

/* Insertions, deletions, replacements and swaps of neighbours from a to b; words longer than 32 bytes are far apart. */
unsigned config_distance(const char *a, const char *b);

#endif
