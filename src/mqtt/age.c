/*
 * Three times are kept: when each packet was sent whose answer is owed; when the newest packet that has been answered was
 * sent; and until when messages count as old after a late answer or the first answers. Answers may come out of order:
 * only the newest packet counts for the bound.
 */
#include "mqtt/age.h"

#include "base/loop.h"

void age_begin(struct age *age, int64_t now_ms)
{
	*age = (struct age){.sent_after_ms = now_ms, .flush_until_ms = INT64_MIN, .opened_ms = LOOP_NEVER};
	for (unsigned packet = 0; packet < AGE_PACKETS; packet++)
		age_unsent(age, packet);
	age_sent(age, AGE_CONNECT, now_ms);
}

void age_sent(struct age *age, unsigned packet, int64_t now_ms)
{
	age->sent_ms[packet] = now_ms;
	if (packet < AGE_PING && age->opened_ms == LOOP_NEVER)
		age->opened_ms = now_ms;
}

void age_unsent(struct age *age, unsigned packet)
{
	age->sent_ms[packet] = LOOP_NEVER;
}

static bool owes_first(const struct age *age, int64_t now_ms)
{
	if (age->waits && now_ms - age->opened_ms <= AGE_OPENING_MS)
		return true;
	unsigned packet = 0;
	while (packet < AGE_PING && age->sent_ms[packet] - age->opened_ms > AGE_OPENING_MS)
		packet++; /* LOOP_NEVER is later, too */
	return packet < AGE_PING;
}

static void count_as_old(struct age *age, int64_t until_ms)
{
	if (until_ms > age->flush_until_ms)
		age->flush_until_ms = until_ms;
}

/* When all that was published first has been answered, and none before is. */
static void look_at_first(struct age *age, int64_t now_ms)
{
	if (age->taken || age->opened_ms == LOOP_NEVER || owes_first(age, now_ms))
		return;
	age->taken = true;
	count_as_old(age, now_ms + AGE_FIRST_MS);
}

void age_waits(struct age *age, bool waits, int64_t now_ms)
{
	bool ended = age->waits && !waits;
	age->waits = waits;
	if (ended)
		look_at_first(age, now_ms);
}

void age_answered(struct age *age, unsigned packet, int64_t now_ms)
{
	int64_t sent_ms = age->sent_ms[packet];
	if (sent_ms == LOOP_NEVER)
		return;
	age_unsent(age, packet);
	if (sent_ms > age->sent_after_ms)
		age->sent_after_ms = sent_ms;
	if (now_ms - sent_ms > AGE_SLOW_MS)
		count_as_old(age, now_ms + AGE_FLUSH_MS);
	if (packet < AGE_PING)
		look_at_first(age, now_ms);
}

bool age_is_flush(const struct age *age, int64_t now_ms)
{
	for (unsigned packet = 0; packet < AGE_PACKETS; packet++)
		if (age->sent_ms[packet] != LOOP_NEVER && now_ms - age->sent_ms[packet] > AGE_SLOW_MS)
			return true;
	return !age->taken || now_ms < age->flush_until_ms;
}
