/*
 * The note is text: the run, the chip, a line for each output with the level at which it rests, and a last line, without
 * which the note was not written to its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/read.h"
#include "gpio/gpio.h"

#define END "end"
#define NOTE_MAX 40000 /* more than GPIO_LINES_MAX names and the chip's path */

static int write_note(FILE *file, const char *run, const char *chip, const struct gpio_line *lines, size_t count)
{
	fprintf(file, "run %s\nchip %s\n", run, chip ? chip : "");
	for (size_t i = 0; i < count; i++) {
		const char *rest = lines[i].active_low ? "high" : "low";
		if (lines[i].direction != GPIO_OUTPUT)
			continue;
		if (lines[i].name[0])
			fprintf(file, "%s name %s\n", rest, lines[i].name);
		else
			fprintf(file, "%s offset %u\n", rest, lines[i].offset);
	}
	fputs(END "\n", file);
	if (fflush(file) != 0)
		return -errno;
	return ferror(file) ? -EIO : 0; /* a part that failed before */
}

int gpio_note(const char *path, const char *run, const char *chip, const struct gpio_line *lines, size_t count)
{
	unlink(path); /* a link, a pipe, or a note that only another user may write anew */
	FILE *file = fopen(path, "wxe");
	if (!file)
		return -errno;
	int error = write_note(file, run, chip, lines, count);
	fclose(file);
	return error;
}

/* What follows the word in the text; NULL when the text does not begin with it. */
static char *behind(const char *word, char *text)
{
	size_t length = strlen(word);
	return strncmp(text, word, length) == 0 ? text + length : NULL;
}

static bool read_output(char *text, struct gpio_line *line)
{
	char *what, *end;
	*line = (struct gpio_line){.direction = GPIO_OUTPUT};
	if ((what = behind("high ", text)))
		line->active_low = true;
	else if (!(what = behind("low ", text)))
		return false;
	char *name = behind("name ", what), *offset = behind("offset ", what);
	if (name) {
		size_t length = strlen(name);
		if (length == 0 || length > GPIO_LINE_NAME_MAX)
			return false;
		memcpy(line->name, name, length);
		return true;
	}
	if (!offset || *offset < '0' || *offset > '9')
		return false;
	line->offset = (unsigned)strtoul(offset, &end, 10);
	return *end == '\0';
}

/* Takes the note apart; false when it is none of this run. chip points into text. */
static bool read_note(
		char *text, const char *run, char **chip, struct gpio_line lines[static GPIO_LINES_MAX], size_t *count)
{
	char *rest = text, *line = strsep(&rest, "\n"), *noted = behind("run ", line);
	if (!noted || strcmp(noted, run) != 0 || !(line = strsep(&rest, "\n")))
		return false;
	*chip = behind("chip ", line);
	*count = 0;
	while (*chip && (line = strsep(&rest, "\n")) && strcmp(line, END) != 0)
		if (*count == GPIO_LINES_MAX || !read_output(line, &lines[(*count)++]))
			return false;
	return *chip && line;
}

int gpio_release_noted(const char *path, const char *run, char error[static GPIO_ERROR_MAX])
{
	struct gpio_line *lines = calloc(GPIO_LINES_MAX, sizeof(*lines));
	char *text = calloc(1, NOTE_MAX + 1), *chip;
	size_t count;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), result = 1;
	if (fd >= 0 && lines && text && read_all(fd, text, NOTE_MAX) > 0 && read_note(text, run, &chip, lines, &count))
		result = gpio_release(*chip ? chip : NULL, lines, count, error);
	if (fd >= 0)
		close(fd);
	free(text);
	free(lines);
	return result;
}
