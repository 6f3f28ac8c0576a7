/*
 * How old a message of the broker can be. Pure: time is an argument, in milliseconds of the loop's clock.
 *
 * A broker answers our packets in the order in which they came to it. So whatever it sends after its answer to a packet
 * of ours was sent after that packet, however long the network took. A ping is sent every AGE_PING_MS, so the bound is
 * close to the true age while the broker is well.
 *
 * A broker or a network that stood still delivers at once what waited in it, also behind its late answer. So a message
 * that comes within AGE_FLUSH_MS of an answer that took longer than AGE_SLOW_MS counts as old.
 */
#ifndef PORTCULLIS_MQTT_AGE_H
#define PORTCULLIS_MQTT_AGE_H

#include <stdbool.h>
#include <stdint.h>

#define AGE_PING_MS 5000  /* between two pings, which the broker must answer */
#define AGE_SLOW_MS 3000  /* an answer that takes longer shows a standstill */
#define AGE_FLUSH_MS 5000 /* so long after such an answer, messages count as old */

struct age {
	int64_t sent_after_ms;  /* the broker sent whatever comes now after this time */
	int64_t flush_until_ms; /* what comes before this time counts as old */
};

/* A connection begins: its first packet goes out now. */
void age_begin(struct age *age, int64_t now_ms);

/* The answer to a packet that was sent at sent_ms has come. */
void age_answered(struct age *age, int64_t sent_ms, int64_t now_ms);

/* Whether a message that comes now may have waited in a broker or a network that stood still. */
bool age_is_flush(const struct age *age, int64_t now_ms);

#endif
