/*
 * Topics are put together and taken apart by one table of leaves. What is put together fits, or is refused: a topic is
 * never cut.
 */
#include "documents/topics.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ID_BYTES "abcdefghijklmnopqrstuvwxyz0123456789_-"

static const char *const leaf_names[] = {
		[TOPIC_STATE] = "state",
		[TOPIC_POSITION] = "position",
		[TOPIC_ATTRIBUTES] = "attributes",
		[TOPIC_EVENT] = "event",
		[TOPIC_SET] = "set",
		[TOPIC_LOCKOUT] = "lockout",
		[TOPIC_LOCKOUT_SET] = "lockout/set",
		[TOPIC_POSITION_SET] = "position/set",
};

__attribute__((format(printf, 2, 3))) static ssize_t build(char topic[static TOPIC_MAX + 1], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(topic, TOPIC_MAX + 1, format, arguments);
	va_end(arguments);
	if (length >= 0 && length <= TOPIC_MAX)
		return length;
	topic[0] = '\0';
	return -ENAMETOOLONG;
}

ssize_t topic_availability(const struct topic_base *base, char topic[static TOPIC_MAX + 1])
{
	return build(topic, "%s/%s/availability", base->prefix, base->node);
}

ssize_t topic_doors(const struct topic_base *base, char topic[static TOPIC_MAX + 1])
{
	return build(topic, "%s/%s/doors", base->prefix, base->node);
}

ssize_t topic_agent(const struct topic_base *base, char topic[static TOPIC_MAX + 1])
{
	return build(topic, "%s/%s/agent", base->prefix, base->node);
}

ssize_t topic_answers(const struct topic_base *base, char topic[static TOPIC_MAX + 1])
{
	return build(topic, "%s/%s/answers", base->prefix, base->node);
}

ssize_t topic_door(
		const struct topic_base *base, const char *door, enum topic_leaf leaf, char topic[static TOPIC_MAX + 1])
{
	return build(topic, "%s/%s/%s/%s", base->prefix, base->node, door, leaf_names[leaf]);
}

ssize_t topic_all_doors(const struct topic_base *base, enum topic_leaf leaf, char topic[static TOPIC_MAX + 1])
{
	return build(topic, "%s/%s/%s", base->prefix, base->node, leaf_names[leaf]);
}

bool topic_is_all_doors(const struct topic_base *base, enum topic_leaf leaf, const char *topic)
{
	char all[TOPIC_MAX + 1];
	return topic_all_doors(base, leaf, all) > 0 && strcmp(all, topic) == 0;
}

ssize_t topic_every_lockout_set(const struct topic_base *base, char topic[static TOPIC_MAX + 1])
{
	return topic_door(base, "+", TOPIC_LOCKOUT_SET, topic);
}

ssize_t topic_every_position_set(const struct topic_base *base, char topic[static TOPIC_MAX + 1])
{
	return topic_door(base, "+", TOPIC_POSITION_SET, topic);
}

ssize_t topic_every_state(const struct topic_base *base, char topic[static TOPIC_MAX + 1])
{
	return topic_door(base, "+", TOPIC_STATE, topic);
}

ssize_t topic_device_id(const struct topic_base *base, const char *door, char id[static TOPIC_MAX + 1])
{
	char node[TOPIC_MAX + 1]; /* one that is cut here makes the id too long in any case */
	snprintf(node, sizeof(node), "%s", base->node);
	for (char *c = node; *c; c++)
		if (*c == '_')
			*c = 'U';
	return build(id, "portcullis_%s%s%s", node, door ? "_" : "", door ? door : "");
}

ssize_t topic_discovery_door(const struct topic_base *base, const char *door, char topic[static TOPIC_MAX + 1])
{
	char id[TOPIC_MAX + 1];
	ssize_t length = topic_device_id(base, door, id);
	topic[0] = '\0';
	return length < 0 ? length : build(topic, "%s/device/%s/config", base->discovery, id);
}

ssize_t topic_discovery_agent(const struct topic_base *base, char topic[static TOPIC_MAX + 1])
{
	return topic_discovery_door(base, NULL, topic);
}

ssize_t topic_home_assistant_status(const struct topic_base *base, char topic[static TOPIC_MAX + 1])
{
	return build(topic, "%s/status", base->discovery);
}

/* The rest of text after part and a slash, or NULL. */
static const char *after(const char *text, const char *part)
{
	size_t length = strlen(part);
	return strncmp(text, part, length) == 0 && text[length] == '/' ? text + length + 1 : NULL;
}

bool topic_parse_door(const struct topic_base *base, const char *topic, char door[static DOOR_ID_MAX + 1],
		enum topic_leaf *leaf)
{
	const char *rest = after(topic, base->prefix);
	rest = rest ? after(rest, base->node) : NULL;
	if (!rest)
		return false;
	size_t length = strspn(rest, ID_BYTES);
	if (length == 0 || length > DOOR_ID_MAX || rest[length] != '/')
		return false;
	for (size_t i = 0; i < sizeof(leaf_names) / sizeof(leaf_names[0]); i++) {
		if (strcmp(rest + length + 1, leaf_names[i]) != 0)
			continue;
		memcpy(door, rest, length);
		door[length] = '\0';
		*leaf = (enum topic_leaf)i;
		return true;
	}
	return false;
}

/* An id of at most max bytes from the beginning of text: its copy, and what follows it; or NULL. */
static const char *take_id(const char *text, size_t max, char *id)
{
	size_t length = strspn(text, ID_BYTES);
	if (length == 0 || length > max)
		return NULL;
	memcpy(id, text, length);
	id[length] = '\0';
	return text + length;
}

bool topic_parse_peer(const struct topic_base *base, const char *topic, char node[static PEER_NODE_MAX + 1],
		char door[static DOOR_ID_MAX + 1], enum topic_peer *leaf)
{
	const char *rest = after(topic, base->prefix);
	rest = rest ? take_id(rest, PEER_NODE_MAX, node) : NULL;
	if (!rest)
		return false;
	if (strcmp(rest, "/availability") == 0) {
		*leaf = TOPIC_PEER_AVAILABILITY;
		return true;
	}
	if (strcmp(rest, "/doors") == 0) {
		*leaf = TOPIC_PEER_DOORS;
		return true;
	}
	rest = *rest == '/' ? take_id(rest + 1, DOOR_ID_MAX, door) : NULL;
	*leaf = TOPIC_PEER_EVENT;
	return rest && strcmp(rest, "/event") == 0;
}

static bool is_control(const unsigned char *c)
{
	return *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0);
}

static bool is_below(const char *topic, const char *prefix)
{
	return strcmp(topic, prefix) == 0 || after(topic, prefix);
}

static bool is_answers_of_other(const struct topic_base *base, const char *topic)
{
	char node[PEER_NODE_MAX + 1];
	const char *rest = after(topic, base->prefix);
	rest = rest ? take_id(rest, PEER_NODE_MAX, node) : NULL;
	return rest && strcmp(rest, "/answers") == 0 && strcmp(node, base->node) != 0;
}

bool topic_may_answer(const struct topic_base *base, const char *topic)
{
	size_t levels = 1, length = strlen(topic);
	if (length == 0 || length > TOPIC_MAX || strpbrk(topic, "+#$"))
		return false;
	for (const char *c = topic; *c; c++) {
		if (is_control((const unsigned char *)c))
			return false;
		levels += *c == '/';
	}
	return levels <= TOPIC_ANSWER_LEVELS_MAX && !is_below(topic, base->discovery) &&
	       (!is_below(topic, base->prefix) || is_answers_of_other(base, topic));
}
