/*
 * Three timers: one says everything again to a Home Assistant that has just started, one repeats the states every few
 * minutes, and one contradicts an "offline" that we did not say.
 */
#include "link/presence.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

#include "documents/documents.h"

#define SAY_AGAIN_FIRST_MS 10000 /* after a connect: a broker may publish an old will late, and nobody tells us */
#define SAY_AGAIN_MIN_MS 270000  /* and then every five minutes, not all agents at once */
#define SAY_AGAIN_SPAN_MS 60000
#define BIRTH_DELAY_MIN_MS 200 /* after Home Assistant's birth: it must be listening, and not all devices at once */
#define BIRTH_DELAY_SPAN_MS 2000
#define CONTRADICT_MIN_MS 1000 /* between two contradictions of a false "offline"; doubled for each */
#define CONTRADICT_MAX_MS 300000

static_assert(2 * (SAY_AGAIN_MIN_MS + SAY_AGAIN_SPAN_MS) < DOCUMENT_AGENT_EXPIRY_S * 1000, "one may be lost");

static int64_t random_ms(uint32_t span_ms)
{
	uint32_t random = 0;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0;
	return random % span_ms;
}

/*
 * An "offline" that we did not say: an old will that came late, or another agent with our name. Contradicted soon the
 * first time, then ever more slowly, so that two agents with one name do not fight. Not at once: a broker that ends
 * hands us our own will, and one that comes back the will it has kept, just before our "online".
 */
static void presence_contradict(struct presence *presence)
{
	int64_t now_ms = loop_now_ms(), at_ms = presence->contradicted_ms + presence->contradict_gap_ms;
	if (presence->contradict_timer.armed)
		return;
	if (now_ms - presence->contradicted_ms > 2 * CONTRADICT_MAX_MS || presence->contradict_gap_ms == 0)
		presence->contradict_gap_ms = at_ms = CONTRADICT_MIN_MS;
	if (at_ms < now_ms + CONTRADICT_MIN_MS)
		at_ms = now_ms + CONTRADICT_MIN_MS;
	loop_timer_set(presence->loop, &presence->contradict_timer, at_ms);
}

static void presence_contradict_now(struct loop_timer *timer, int64_t now_ms)
{
	struct presence *presence = timer->user;
	int64_t next_gap_ms = presence->contradict_gap_ms * 2;
	presence->contradicted_ms = now_ms;
	presence->contradict_gap_ms = next_gap_ms < CONTRADICT_MAX_MS ? next_gap_ms : CONTRADICT_MAX_MS;
	log_warning(presence->log,
			"somebody published \"offline\" as our availability (a late will, or another agent with node %s); saying \"online\" again",
			presence->topics->node);
	presence_publish(presence);
}

/*
 * What was said once may have been contradicted where we do not hear it: some clusters publish an old will when a node
 * comes back, and keep what is retained on each node for itself.
 */
static void presence_say_again(struct loop_timer *timer, int64_t now_ms)
{
	struct presence *presence = timer->user;
	presence->handlers.again(presence->handlers.user);
	presence_publish(presence);
	loop_timer_set(presence->loop, timer, now_ms + SAY_AGAIN_MIN_MS + random_ms(SAY_AGAIN_SPAN_MS));
}

static void presence_born(struct loop_timer *timer, int64_t now_ms)
{
	struct presence *presence = timer->user;
	(void)now_ms;
	presence->handlers.born(presence->handlers.user);
}

void presence_init(struct presence *presence, struct loop *loop, const struct log *log,
		const struct publisher *publisher, const struct presence_handlers *handlers)
{
	*presence = (struct presence){.loop = loop, .log = log, .publisher = publisher, .handlers = *handlers};
	presence->birth_timer = (struct loop_timer){.expired = presence_born, .user = presence};
	presence->say_again_timer = (struct loop_timer){.expired = presence_say_again, .user = presence};
	presence->contradict_timer = (struct loop_timer){.expired = presence_contradict_now, .user = presence};
}

void presence_connect(struct presence *presence, const struct topic_base *topics)
{
	presence_disconnected(presence);
	presence->topics = topics;
	topic_availability(topics, presence->availability_topic);
	topic_home_assistant_status(topics, presence->status_topic);
}

void presence_connected(struct presence *presence)
{
	loop_timer_set(presence->loop, &presence->say_again_timer, loop_now_ms() + SAY_AGAIN_FIRST_MS);
}

void presence_disconnected(struct presence *presence)
{
	loop_timer_cancel(presence->loop, &presence->birth_timer);
	loop_timer_cancel(presence->loop, &presence->say_again_timer);
	loop_timer_cancel(presence->loop, &presence->contradict_timer);
}

void presence_publish(const struct presence *presence)
{
	const struct mqtt_status status = publisher_status(presence->publisher);
	publisher_text(presence->publisher, presence->availability_topic,
			status.deaf ? PRESENCE_DEAF : PRESENCE_ONLINE);
}

void presence_leave(const struct presence *presence, const char *payload)
{
	publisher_text(presence->publisher, presence->availability_topic, payload);
}

bool presence_payload_is(const struct mqtt_message *message, const char *text)
{
	return message->length == strlen(text) && memcmp(message->payload, text, message->length) == 0;
}

bool presence_message(struct presence *presence, const struct mqtt_message *message, bool *ours)
{
	*ours = false;
	if (strcmp(message->topic, presence->availability_topic) == 0) {
		*ours = presence_payload_is(message, PRESENCE_ONLINE) || presence_payload_is(message, PRESENCE_DEAF);
		if (*ours)
			loop_timer_cancel(presence->loop, &presence->contradict_timer);
		else
			presence_contradict(presence);
		return true;
	}
	if (strcmp(message->topic, presence->status_topic) != 0)
		return false;
	if (presence_payload_is(message, PRESENCE_ONLINE) && !message->retained)
		loop_timer_set(presence->loop, &presence->birth_timer,
				loop_now_ms() + BIRTH_DELAY_MIN_MS + random_ms(BIRTH_DELAY_SPAN_MS));
	return true;
}
