/*
 * What the subscriptions have come to is judged when each of them is answered: a broker that denies all of them is told
 * of in one line.
 */
#include "mqtt/grants.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mqtt/again.h"
#include "mqtt/reasons.h"

#define ANSWER_LIMIT_MS 10000 /* no answer to a SUBSCRIBE for so long: it is denied */

static bool is_denied(const struct mqtt_grants *grants, size_t index)
{
	return grants->grant[index] > MQTT_PAHO_DENIED;
}

static void ask_for(struct mqtt_grants *grants, size_t index)
{
	const char *why;
	grants->grant[index] = 0;
	if (mqtt_paho_subscribe(grants->paho, index, &why) == -EIO)
		log_error(grants->log, "broker %s: cannot subscribe to %s: %s", grants->label,
				grants->config->subscriptions[index].topic, why);
}

/* denied: how many; shown: the first of them. */
static void describe_denial(const struct mqtt_grants *grants, size_t denied, size_t shown, char warning[MQTT_ERROR_MAX])
{
	int code = (int)grants->grant[shown] - 1;
	snprintf(warning, MQTT_ERROR_MAX,
			"broker %.96s: denies the subscription to %.96s%s (%s): what is sent there is not heard; it is asked for again%s",
			grants->label, grants->config->subscriptions[shown].topic, denied > 1 ? " and others" : "",
			mqtt_reason_text(code),
			code == MQTT_REASON_NOT_AUTHORIZED
					? "; let this user read it in the broker's access control list"
					: "");
}

/* Once all are answered: says what has changed, and has what is denied asked for again. */
static void judge_grants(struct mqtt_grants *grants)
{
	size_t denied = 0, shown = 0, unanswered = 0;
	bool deaf = false;
	for (size_t i = grants->config->subscription_count; i-- > 0;) {
		unanswered += !grants->grant[i];
		if (is_denied(grants, i)) {
			denied++;
			shown = i;
			deaf = deaf || grants->config->subscriptions[i].commands;
		}
	}
	if (unanswered)
		return;
	bool granted = !denied && grants->denied;
	char warning[MQTT_ERROR_MAX] = "";
	if (denied)
		describe_denial(grants, denied, shown, warning);
	bool other = strcmp(warning, grants->warning) != 0;
	bool changed = other || denied != grants->denied || deaf != grants->deaf;
	if (*warning && other)
		log_warning(grants->log, "%s", warning);
	if (granted)
		log_info(grants->log, "broker %s: grants all subscriptions now", grants->label);
	grants->denied = denied;
	grants->deaf = deaf;
	memcpy(grants->warning, warning, sizeof(grants->warning));
	if (denied)
		loop_timer_set(grants->loop, &grants->timer, loop_now_ms() + mqtt_again_ms(&grants->asked_again));
	else
		loop_timer_cancel(grants->loop, &grants->timer);
	if (changed && grants->changed)
		grants->changed(grants->user);
}

static void grants_timed_out(struct loop_timer *timer, int64_t now_ms)
{
	struct mqtt_grants *grants = timer->user;
	bool unanswered = false;
	for (size_t i = 0; i < grants->config->subscription_count; i++) {
		if (grants->grant[i])
			continue;
		grants->grant[i] = MQTT_PAHO_DENIED + 1;
		unanswered = true;
	}
	if (unanswered) {
		judge_grants(grants);
		return;
	}
	loop_timer_set(grants->loop, timer, now_ms + ANSWER_LIMIT_MS);
	for (size_t i = 0; i < grants->config->subscription_count; i++)
		if (is_denied(grants, i))
			ask_for(grants, i);
}

void mqtt_grants_begin(struct mqtt_grants *grants, const char *label)
{
	grants->label = label;
	grants->asked_again = 0;
	grants->denied = 0;
	grants->deaf = false;
	for (size_t i = 0; i < grants->config->subscription_count; i++)
		ask_for(grants, i);
	loop_timer_cancel(grants->loop, &grants->timer);
	grants->timer = (struct loop_timer){.expired = grants_timed_out, .user = grants};
	loop_timer_set(grants->loop, &grants->timer, loop_now_ms() + ANSWER_LIMIT_MS);
}

void mqtt_grants_end(struct mqtt_grants *grants)
{
	loop_timer_cancel(grants->loop, &grants->timer);
}

bool mqtt_grants_take(struct mqtt_grants *grants, const struct mqtt_paho_news *news)
{
	bool granted = false;
	for (size_t i = 0; i < grants->config->subscription_count; i++) {
		if (!news->grant[i])
			continue;
		grants->grant[i] = news->grant[i];
		granted = granted || news->grant[i] <= MQTT_PAHO_DENIED; /* the code + 1 */
	}
	judge_grants(grants);
	return granted;
}
