/*
 * One line: topic prefix, node and discovery prefix, none of which has a space. What does not look so is no name. It is
 * only told, not removed: the directory may have come from another machine, on which the former name is still in use.
 */
#include "agent/former.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/read.h"
#include "documents/topics.h"

#define NAME_MAX_BYTES 255
#define PATH_BYTES (CONFIG_PATH_MAX + 8)

static_assert(2 * CONFIG_TOPIC_MAX + CONFIG_NODE_MAX + 3 <= NAME_MAX_BYTES, "the longest names fit");

/* What a line may be made of: topics and node names (config/keys.c). */
#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-"

static bool former_read(const char *path, char line[static NAME_MAX_BYTES + 1])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length = fd < 0 ? -1 : read_all(fd, line, NAME_MAX_BYTES);
	if (fd >= 0)
		close(fd);
	line[length > 0 ? length : 0] = '\0';
	return length > 0;
}

static void former_write(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, line, strlen(line)) < 0)
		unlink(path); /* a full disk: another start tries again */
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

/* The line for this configuration, and the file's path; false: there is no directory. */
static bool former_now(const struct config *config, char path[static PATH_BYTES], char line[static NAME_MAX_BYTES + 1])
{
	if (!config->history.directory)
		return false;
	snprintf(path, PATH_BYTES, "%s/name", config->history.directory);
	snprintf(line, NAME_MAX_BYTES + 1, "%s %s %s\n", config->mqtt.topic_prefix, config->node,
			config->home_assistant.prefix);
	return true;
}

void former_keep(const struct config *config)
{
	char path[PATH_BYTES], now[NAME_MAX_BYTES + 1];
	if (former_now(config, path, now))
		former_write(path, now);
}

void former_look(const struct log *log, const struct config *config)
{
	char path[PATH_BYTES], now[NAME_MAX_BYTES + 1], before[NAME_MAX_BYTES + 1], id[TOPIC_MAX + 1];
	struct topic_base base;
	if (!former_now(config, path, now))
		return;
	bool known = former_read(path, before);
	if (known && strcmp(before, now) == 0)
		return;
	if (known && former_parse(before, &base) && topic_device_id(&base, NULL, id) > 0)
		log_warning(log,
				"this agent had the topics %s/%s before: the broker may keep them, retained, and %s/device/%s*/config, by which Home Assistant shows devices that are gone; each goes with an empty retained message",
				base.prefix, base.node, base.discovery, id);
	former_write(path, now);
}
