/*
 * For CBMC, see run: durations and numbers of the configuration, and topics. Whatever the text is, up to BYTES of it, nothing is
 * read outside of it or written outside of what is given, and nothing overflows.
 */
#include <stdlib.h>
#include <string.h>

#include "config/values.h"
#include "documents/topics.h"

#ifndef BYTES
#define BYTES 24
#endif

int nondet_int(void);
size_t nondet_size(void);

void duration(void);
void number(void);
void topic_of_door(void);
void topic_of_peer(void);
void topic_of_answer(void);

/* CBMC has none of these. They read to the text's end, as the real ones may. */

size_t strspn(const char *text, const char *accepted)
{
	(void)accepted;
	size_t length = nondet_size();
	__CPROVER_assume(length <= strlen(text));
	return length;
}

char *strpbrk(const char *text, const char *wanted)
{
	(void)wanted;
	size_t at = nondet_size();
	return at < strlen(text) ? (char *)text + at : NULL;
}

static char *any_text(void)
{
	size_t length = nondet_size();
	__CPROVER_assume(length <= BYTES);
	char *text = malloc(length + 1);
	__CPROVER_assume(text != NULL);
	text[length] = '\0';
	return text;
}

void duration(void)
{
	size_t length = nondet_size();
	int64_t duration_ms = -1;
	__CPROVER_assume(length <= BYTES);
	char *text = malloc(length);
	__CPROVER_assume(text != NULL);
	int error = config_duration_parse(text, length, &duration_ms);
	__CPROVER_assert((error == 0) == (duration_ms >= 0),
			"a duration that is taken is none below 0, and no other is set");
}

void number(void)
{
	size_t length = nondet_size();
	unsigned maximum = (unsigned)nondet_int(), value = 0;
	__CPROVER_assume(length <= BYTES);
	char *text = malloc(length);
	__CPROVER_assume(text != NULL);
	bool good = config_number_parse(text, length, maximum, &value);
	__CPROVER_assert(!good || value <= maximum, "a number that is taken is no greater than it may be");
}

static const struct topic_base base = {.prefix = "p", .node = "n", .discovery = "h"};

void topic_of_door(void)
{
	char door[DOOR_ID_MAX + 1];
	enum topic_leaf leaf = TOPIC_STATE;
	bool good = topic_parse_door(&base, any_text(), door, &leaf);
	__CPROVER_assert(leaf >= TOPIC_STATE && leaf <= TOPIC_POSITION_SET, "a leaf that there is");
	__CPROVER_assert(!good || strlen(door) <= DOOR_ID_MAX, "an id that has an end");
}

void topic_of_peer(void)
{
	char node[PEER_NODE_MAX + 1], door[DOOR_ID_MAX + 1];
	enum topic_peer leaf;
	topic_parse_peer(&base, any_text(), node, door, &leaf);
}

void topic_of_answer(void)
{
	topic_may_answer(&base, any_text());
}
