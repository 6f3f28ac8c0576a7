/*
 * Each value has a grammar of its own, and nothing is skipped or guessed: what is left over after it makes it wrong.
 */
#include "config/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 32

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int config_duration_parse(const char *text, size_t length, int64_t *duration_ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}};
	size_t digits = 0;
	int64_t value = 0;
	bool too_large = false;
	for (; digits < length && is_digit(text[digits]); digits++)
		if (__builtin_mul_overflow(value, 10, &value) ||
				__builtin_add_overflow(value, text[digits] - '0', &value))
			too_large = true;
	if (digits == 0)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) != length - digits ||
				memcmp(units[i].name, text + digits, length - digits) != 0)
			continue;
		if (too_large || __builtin_mul_overflow(value, units[i].ms, &value))
			return -ERANGE;
		*duration_ms = value;
		return 0;
	}
	return -EINVAL;
}

void config_duration_print(int64_t duration_ms, char text[static CONFIG_DURATION_TEXT_MAX])
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"h", 60 * 60 * 1000}, {"m", 60 * 1000}, {"s", 1000}, {"ms", 1}};
	size_t unit = 0;
	while (duration_ms % units[unit].ms != 0 || duration_ms < units[unit].ms) {
		if (units[unit].ms == 1)
			break;
		unit++;
	}
	snprintf(text, CONFIG_DURATION_TEXT_MAX, "%" PRId64 "%s", duration_ms / units[unit].ms, units[unit].name);
}

bool config_number_parse(const char *text, size_t length, unsigned maximum, unsigned *number)
{
	uint64_t value = 0;
	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_digit(text[i]))
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
		if (value > maximum)
			return false;
	}
	*number = (unsigned)value;
	return true;
}

int config_gpio_number(const char *name)
{
	unsigned number;
	if (strncmp(name, "GPIO", 4) != 0 || (name[4] == '0' && name[5] != '\0') ||
			!config_number_parse(name + 4, strlen(name + 4), 999, &number))
		return -1;
	return (int)number;
}

int config_gpio_mistaken(const char *name)
{
	unsigned number;
	const char *rest;
	if (config_gpio_number(name) >= 0)
		return -1;
	if (strncasecmp(name, "GPIO", 4) == 0)
		rest = name + 4;
	else if (strncasecmp(name, "BCM", 3) == 0)
		rest = name + 3;
	else
		return -1;
	rest += strspn(rest, " _-");
	return config_number_parse(rest, strlen(rest), 999, &number) ? (int)number : -1;
}

void config_slug(const char *text, char *slug, size_t size)
{
	size_t length = 0;
	bool gap = false;
	if (size == 0)
		return;
	for (; *text != '\0'; text++) {
		char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
		if (!is_digit(c) && (c < 'a' || c > 'z')) {
			gap = length > 0;
			continue;
		}
		if (length + gap + 1 >= size)
			break;
		if (gap)
			slug[length++] = '_';
		slug[length++] = c;
		gap = false;
	}
	slug[length] = '\0';
}

bool config_set_holds(const char *set, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		bool found = false;
		for (const char *s = set; *s != '\0' && !found; s++) {
			if (s[1] == '-' && s[2] != '\0') {
				found = text[i] >= s[0] && text[i] <= s[2];
				s += 2;
			} else {
				found = text[i] == *s;
			}
		}
		if (!found)
			return false;
	}
	return true;
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned config_distance(const char *a, const char *b)
{
	size_t a_length = strlen(a), b_length = strlen(b);
	unsigned rows[3][WORD_MAX + 1] = {0};
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];
	if (a_length > WORD_MAX || b_length > WORD_MAX)
		return WORD_MAX;
	for (unsigned j = 0; j <= b_length; j++)
		last[j] = j;
	for (unsigned i = 1; i <= a_length; i++) {
		row[0] = i;
		for (unsigned j = 1; j <= b_length; j++) {
			row[j] = smaller(last[j - 1] + (a[i - 1] != b[j - 1]), smaller(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
		unsigned *oldest = before;
		before = last;
		last = row;
		row = oldest;
	}
	return last[b_length];
}
