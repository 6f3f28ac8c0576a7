/*
 * How old a message of the broker can be. Pure: time is an argument, in milliseconds of the loop's clock.
 *
 * A broker answers our packets in the order in which they came to it. So whatever it sends after its answer to a packet
 * of ours was sent after that packet, however long the network took. A ping is sent every AGE_PING_MS, so the bound is
 * close to the true age while the broker is well.
 *
 * A broker or a network that stood still delivers at once what waited in it, also behind its late answer. So a message
 * that comes within AGE_FLUSH_MS of an answer that took longer than AGE_SLOW_MS counts as old. So does one that comes
 * while an answer is owed for longer than that: a node of a cluster that has lost its leader answers pings, and hands
 * over later what was kept elsewhere. And so does what comes before all is answered that we published first on a
 * connection, with what waited for the broker's Receive Maximum, and AGE_FIRST_MS after that: a cluster that waits for a node which has gone takes in nothing, and then at
 * once what waited at its other nodes. What we publish later than AGE_OPENING_MS is not waited for: while doors move, a
 * slow broker owes an answer all the time.
 */
#ifndef PORTCULLIS_MQTT_AGE_H
#define PORTCULLIS_MQTT_AGE_H

#include <stdbool.h>
#include <stdint.h>

#define AGE_PING_MS 5000    /* between two pings, which the broker must answer */
#define AGE_SLOW_MS 3000    /* an answer that takes longer shows a standstill */
#define AGE_FLUSH_MS 5000   /* so long after such an answer, messages count as old */
#define AGE_FIRST_MS 1000   /* and so long after the first publishes are answered */
#define AGE_OPENING_MS 5000 /* the first: those that go out so long after the very first */

/* Our packets are told apart by numbers: those below AGE_PING are free for publishes. */
#define AGE_PING 32
#define AGE_CONNECT 33
#define AGE_PACKETS 34

struct age {
	int64_t sent_after_ms;        /* the broker sent whatever comes now after this time */
	int64_t flush_until_ms;       /* what comes before this time counts as old */
	int64_t opened_ms;            /* when the first publish went out; LOOP_NEVER: none has */
	bool waits;                   /* there is more to publish than may go out */
	bool taken;                   /* all that we published first has been answered */
	int64_t sent_ms[AGE_PACKETS]; /* of each packet whose answer is owed; else LOOP_NEVER */
};

/* A connection begins: AGE_CONNECT goes out now. */
void age_begin(struct age *age, int64_t now_ms);

void age_sent(struct age *age, unsigned packet, int64_t now_ms);
void age_unsent(struct age *age, unsigned packet); /* it did not go out */

/* Whether there is more to publish than may go out now. At first there is not. */
void age_waits(struct age *age, bool waits, int64_t now_ms);

/* The answer to a packet has come. Does nothing when none is owed. */
void age_answered(struct age *age, unsigned packet, int64_t now_ms);

/* Whether a message that comes now may have waited in a broker or a network that stood still. */
bool age_is_flush(const struct age *age, int64_t now_ms);

#endif
