/*
 * The file has one line: topic prefix, node and discovery prefix, none of which has a space. Any other content is no name.
 * The agent only tells of a former name and removes nothing from the broker: the directory may be a copy of another
 * machine's, whose agent has that name and may just be off (docs/home-assistant.md).
 */
#include "agent/former.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/read.h"
#include "documents/topics.h"

#define NAME "name"
#define NAME_MAX_BYTES 255

static_assert(2 * CONFIG_TOPIC_MAX + CONFIG_NODE_MAX + 3 <= NAME_MAX_BYTES, "the longest names fit");

/* What a line may be made of: topics and node names (config/keys.c). */
#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-"

/* The directory, which the caller closes; or -1: it cannot be used. */
static int former_open(const struct config *config)
{
	const char *directory = config->history.directory;
	return directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

static bool former_read(int directory, char line[static NAME_MAX_BYTES + 1])
{
	int fd = openat(directory, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t length = fd < 0 ? -1 : read_all(fd, line, NAME_MAX_BYTES);
	if (fd >= 0)
		close(fd);
	line[length > 0 ? length : 0] = '\0';
	return length > 0;
}

static void former_write(int directory, const char *line)
{
	int fd = openat(directory, NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return;
	if (write_all(fd, line, strlen(line)) < 0)
		unlinkat(directory, NAME, 0); /* a full disk: another start tries again */
	close(fd);
}

/* Takes the line apart; false: it is no name. */
static bool former_parse(char *line, struct topic_base *base)
{
	const char *words[3];
	char *rest = line;
	for (size_t i = 0; i < 3; i++) {
		char *word = strsep(&rest, i < 2 ? " " : "\n");
		if (!word || !rest || !*word || word[strspn(word, NAME_BYTES)] != '\0')
			return false;
		words[i] = word;
	}
	*base = (struct topic_base){.prefix = words[0], .node = words[1], .discovery = words[2]};
	return true;
}

static void former_print(const struct config *config, char line[static NAME_MAX_BYTES + 1])
{
	snprintf(line, NAME_MAX_BYTES + 1, "%s %s %s\n", config->mqtt.topic_prefix, config->node,
			config->home_assistant.prefix);
}

void former_keep(const struct config *config, const struct config *next)
{
	char now[NAME_MAX_BYTES + 1], there[NAME_MAX_BYTES + 1];
	int directory = former_open(config);
	former_print(config, now);
	if (directory >= 0 && former_read(directory, there) && strcmp(there, now) == 0) {
		former_print(next, now);
		former_write(directory, now);
	}
	if (directory >= 0)
		close(directory);
}

static void former_look_in(int directory, const struct log *log, const struct config *config)
{
	char now[NAME_MAX_BYTES + 1], before[NAME_MAX_BYTES + 1], id[TOPIC_MAX + 1];
	struct topic_base base;
	former_print(config, now);
	bool known = former_read(directory, before);
	if (known && strcmp(before, now) == 0)
		return;
	if (known && former_parse(before, &base) && topic_device_id(&base, NULL, id) > 0)
		log_warning(log,
				"this agent had the topics %s/%s before: the broker may keep them, retained, and %s/device/%s*/config, by which Home Assistant shows devices that are gone; each goes with an empty retained message",
				base.prefix, base.node, base.discovery, id);
	former_write(directory, now);
}

/* As in the history, which locks it later: where a directory cannot be locked, nobody is taken for another agent. */
static bool former_is_anothers(int directory)
{
	return flock(directory, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

void former_look(const struct log *log, const struct config *config)
{
	int directory = former_open(config);
	if (directory >= 0 && !former_is_anothers(directory))
		former_look_in(directory, log, config);
	if (directory >= 0)
		close(directory);
}
