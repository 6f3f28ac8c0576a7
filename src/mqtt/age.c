/*
 * Two times are all that has to be kept: when the newest packet was sent that has been answered, and until when a late
 * answer casts doubt on what follows it. Answers may come out of order; only the newest packet counts for the bound.
 */
#include "mqtt/age.h"

void age_begin(struct age *age, int64_t now_ms)
{
	*age = (struct age){.sent_after_ms = now_ms, .flush_until_ms = INT64_MIN};
}

void age_answered(struct age *age, int64_t sent_ms, int64_t now_ms)
{
	if (sent_ms > age->sent_after_ms)
		age->sent_after_ms = sent_ms;
	if (now_ms - sent_ms > AGE_SLOW_MS)
		age->flush_until_ms = now_ms + AGE_FLUSH_MS;
}

bool age_is_flush(const struct age *age, int64_t now_ms)
{
	return now_ms < age->flush_until_ms;
}
