/*
 * How old a message of the broker can be. Pure: time is an argument, in milliseconds of the loop's clock.
 *
 * A broker answers our packets in the order in which it got them. So what it sends after an answer to a packet that we
 * sent at a time was sent after that time, whatever the network did in between. A ping goes out every AGE_PING_MS, and
 * the bound is never far from the truth while the broker is well.
 *
 * A broker or a network that stood still hands over at once what waited, also behind its late answer. So what comes
 * within AGE_FLUSH_MS of an answer that took longer than AGE_SLOW_MS counts as old.
 */
#ifndef PORTCULLIS_MQTT_AGE_H
#define PORTCULLIS_MQTT_AGE_H

#include <stdbool.h>
#include <stdint.h>

#define AGE_LIMIT_MS 10000 /* what may be older is of the past: nobody asks for it now */
#define AGE_PING_MS 5000   /* between two pings, which the broker must answer */
#define AGE_SLOW_MS 3000
#define AGE_FLUSH_MS 5000

struct age {
	int64_t sent_after_ms; /* what comes now was sent after this */
	int64_t flush_until_ms;
};

/* A connection begins: its first packet goes out now. */
void age_begin(struct age *age, int64_t now_ms);

/* The answer to a packet that was sent at sent_ms has come. */
void age_answered(struct age *age, int64_t sent_ms, int64_t now_ms);

/* Whether what comes now may have waited in a broker or a network that stood still. */
bool age_is_flush(const struct age *age, int64_t now_ms);

/* Whether what was sent after sent_after_ms may be older than AGE_LIMIT_MS. */
bool age_is_past(int64_t sent_after_ms, int64_t now_ms);

#endif
