/*
 * The small values of a configuration file: durations, GPIO names, slugs, sets of characters, similarity of words. Pure
 * functions of bytes from outside. A text with a length need not be terminated.
 */
#ifndef PORTCULLIS_CONFIG_VALUES_H
#define PORTCULLIS_CONFIG_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_DURATION_TEXT_MAX 24

/*
 * Reads a whole number and its unit: 500ms, 15s, 5m, 1h. Fractions are not allowed: write 1500ms for 1.5 s. Returns 0,
 * -EINVAL when text is no duration, or -ERANGE when it does not fit.
 */
int config_duration_parse(const char *text, size_t length, int64_t *duration_ms);

/* The shortest text that config_duration_parse reads back as the same. */
void config_duration_print(int64_t duration_ms, char text[static CONFIG_DURATION_TEXT_MAX]);

/* Reads decimal digits. False for anything else, and for a number above maximum. */
bool config_number_parse(const char *text, size_t length, unsigned maximum, unsigned *number);

/* N of a name GPION, as a Raspberry Pi's lines have; -1 for any other name. */
int config_gpio_number(const char *name);

/*
 * Recognizes what people write by mistake for GPION: gpio17, GPIO 17, GPIO_17, BCM17, GPIO017. Returns N, or -1; also
 * -1 for a right name.
 */
int config_gpio_mistaken(const char *name);

/*
 * Makes an id of a name: lower-case ASCII letters and digits stay, each run of other characters between them becomes
 * one _. Cut to size; "" when nothing is left.
 */
void config_slug(const char *text, char *slug, size_t size);

/* True when every byte of text is in set, which is written as in a regular expression's brackets: "a-z0-9_-". */
bool config_set_holds(const char *set, const char *text, size_t length);

/*
 * The number of insertions, deletions, replacements and swaps of neighbours that make b of a. 32 when a word is longer
 * than 32 bytes.
 */
unsigned config_distance(const char *a, const char *b);

#endif
