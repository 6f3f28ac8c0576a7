/*
 * SIGHUP asks; a timer waits until reading files can hold up nothing; then the file is taken over whole or not at all.
 * reload_phase.c says which phase follows which. A configuration is freed when neither the garage and the page nor the
 * link borrows from it.
 */
#include "agent/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/former.h"
#include "agent/reload_phase.h"
#include "agent/translate.h"
#include "base/notify.h"

#define LOOK_AGAIN_MS 50 /* whether it can go on: a relay is on, or a password is being checked */
#define TRY_AGAIN_MS 1000

struct reload {
	struct reload_rooms rooms;
	enum reload_phase phase;
	struct loop_timer timer;
	const struct config *first;  /* the caller's; each later one is ours */
	const struct config *now;    /* which the garage and the page borrow from */
	const struct config *linked; /* which the link borrows from; NULL: it never connected */
};

/* Lets go of one configuration, and frees it where nobody else holds it. */
static void reload_drop(const struct reload *reload, const struct config *config)
{
	if (!config || config == reload->first || config == reload->now || config == reload->linked)
		return;
	struct config *own = (struct config *)(uintptr_t)config; /* read_config's */
	config_free(own);
	free(own);
}

/* An event, and what its phase begins with. */
static void reload_enter(struct reload *reload, enum reload_event event)
{
	enum reload_phase former = reload->phase;
	reload->phase = reload_next(former, event);
	if (reload->phase == former)
		return;
	bool ended = former != RELOAD_IDLE && (reload->phase == RELOAD_IDLE || reload->phase == RELOAD_ASKED);
	if (ended)
		notify_send("READY=1");
	if (reload->phase == RELOAD_ASKED) {
		log_info(reload->rooms.log, "SIGHUP: reading %s again", reload->rooms.path);
		notify_reloading();
	}
	if (reload->phase == RELOAD_ASKED || reload->phase == RELOAD_RETURNING ||
			reload->phase == RELOAD_RETURNING_AGAIN)
		loop_timer_set(reload->rooms.loop, &reload->timer, loop_now_ms());
	else if (reload->phase == RELOAD_OVER)
		loop_timer_cancel(reload->rooms.loop, &reload->timer);
}

void reload_ask(struct reload *reload)
{
	reload_enter(reload, RELOAD_EVENT_ASK);
}

void reload_stop(struct reload *reload)
{
	reload_enter(reload, RELOAD_EVENT_STOP);
}

/* ---- Reading: nothing changes. ---- */

static bool denies(const char *text)
{
	return strstr(text, strerror(EACCES));
}

static bool report_denies(const struct config_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (denies(report->problems[i].text))
			return true;
	return false;
}

static int read_files(const struct reload *reload, struct config *next, struct config_changes *changes,
		struct config_report *report, bool *denied)
{
	struct stat status;
	char error[MQTT_ERROR_MAX];
	if (stat(reload->rooms.path, &status) == 0 && !S_ISREG(status.st_mode)) { /* a pipe would hold us up */
		log_error(reload->rooms.log, "%s: it is no file that can be read again", reload->rooms.path);
		return -EINVAL;
	}
	int failed = config_load(reload->rooms.path, CONFIG_SECRETS_NEEDED, next, report);
	if (failed == 0)
		failed = config_inherit_service(next, reload->now);
	if (failed == 0 && !config_compare(reload->now, next, changes, report))
		failed = -EINVAL;
	config_report_log(report, reload->rooms.log);
	*denied = report_denies(report);
	if (failed < 0)
		return failed;
	failed = secure_read_brokers(reload->rooms.secure, next, error);
	if (failed == 0)
		failed = secure_read_page(reload->rooms.secure, next, error);
	if (failed < 0) {
		log_error(reload->rooms.log, "%s: %s", reload->rooms.path, error);
		*denied = denies(error);
	}
	return failed;
}

/* The next configuration, which can be taken over; NULL: not, which has been logged. */
static struct config *read_config(const struct reload *reload, struct config_changes *changes)
{
	bool denied = false;
	struct config *next = calloc(1, sizeof(*next));
	struct config_report *report = calloc(1, sizeof(*report));
	int failed = next && report ? read_files(reload, next, changes, report, &denied) : -ENOMEM;
	if (failed == -ENOMEM)
		log_error(reload->rooms.log, "out of memory");
	if (denied)
		log_error(reload->rooms.log,
				"if it is not the file's permissions: since the lock-down at its start the agent can read no files but below /etc, /run and the folders of those that were named then, and one elsewhere takes a restart");
	free(report);
	if (failed == 0)
		return next;
	if (next)
		config_free(next);
	free(next);
	return NULL;
}

/* ---- Taking over. ---- */

static void reload_left(void *user)
{
	reload_enter(user, RELOAD_EVENT_LEFT);
}

int reload_connect(struct reload *reload)
{
	const struct mqtt_layer *layers[MQTT_BROKERS_MAX];
	int failed = secure_brokers(reload->rooms.secure, reload->now, layers);
	if (failed < 0) {
		log_error(reload->rooms.log, "mqtt.tls: %s", strerror(-failed));
		return failed;
	}
	struct link_config link = translate_link(reload->now, layers, reload->rooms.alive);
	link.machine = reload->rooms.machine;
	link.started_ms = reload->rooms.started_ms;
	failed = link_connect(reload->rooms.link, &link);
	if (failed < 0)
		return failed;
	const struct config *former = reload->linked;
	reload->linked = reload->now;
	reload_drop(reload, former);
	return 0;
}

static bool same_opener(const struct door_config *a, const struct door_config *b)
{
	return a->opener.while_opening == b->opener.while_opening &&
	       a->opener.while_closing == b->opener.while_closing && a->opener.after_stop == b->opener.after_stop &&
	       a->open_time_ms == b->open_time_ms && a->close_time_ms == b->close_time_ms;
}

static void tell_door(const struct reload *reload, const struct config_door *from, const struct config_door *to)
{
	const struct door_config *now = &from->machine, *then = &to->machine;
	if (then->auto_close_ms > 0 && then->auto_close_ms != now->auto_close_ms)
		log_info(reload->rooms.log, "door %s: auto_close counts from the next opening on", to->id);
	if (reload->now->gpio.backend == CONFIG_SIMULATED && !same_opener(now, then))
		log_info(reload->rooms.log,
				"door %s: the simulated one goes on with the times and the opener of the start",
				to->id);
}

/* From here on nothing fails. */
static void take_over(struct reload *reload, const struct config *next, const struct config_changes *changes)
{
	const struct config *former = reload->now;
	for (size_t i = 0; i < next->door_count; i++) {
		const struct garage_door_config door = translate_door(&next->doors[i]);
		tell_door(reload, &former->doors[i], &next->doors[i]);
		garage_reconfigure(reload->rooms.garage, i, &door);
	}
	reload->now = next;
	log_set(reload->rooms.log, (enum log_level)next->log.level, (enum log_format)next->log.format);
	log_info(reload->rooms.log, "the configuration is taken over");
	if (changes->discovery)
		former_keep(former, next);
	if (changes->mqtt) {
		reload_enter(reload, RELOAD_EVENT_LEAVE);
		link_leave(reload->rooms.link, changes->topics, changes->discovery, reload_left, reload);
	} else {
		char page_url[LINK_URL_MAX + 1];
		translate_page_url(next, page_url);
		link_publish(reload->rooms.link, page_url);
		reload_enter(reload, RELOAD_EVENT_TAKE);
	}
	reload_drop(reload, former);
}

static void read_and_take_over(struct reload *reload)
{
	struct config_changes changes = {0};
	const struct config *next = read_config(reload, &changes);
	if (next && page_reconfigure(reload->rooms.page, next, changes.credentials) == 0) {
		take_over(reload, next, &changes);
		return;
	}
	reload_drop(reload, next);
	log_error(reload->rooms.log, "the reload is refused: nothing has changed, and the agent goes on as before");
	reload_enter(reload, RELOAD_EVENT_REFUSE);
}

static void return_to_broker(struct reload *reload)
{
	if (reload_connect(reload) < 0)
		loop_timer_set(reload->rooms.loop, &reload->timer, loop_now_ms() + TRY_AGAIN_MS);
	else
		reload_enter(reload, RELOAD_EVENT_CONNECTED);
}

/* Reading files takes its time, and no end of a pulse waits for that: the reload waits. */
static void reload_go_on(struct loop_timer *timer, int64_t now_ms)
{
	struct reload *reload = timer->user;
	if (garage_is_pulsing(reload->rooms.garage) || page_is_checking(reload->rooms.page))
		loop_timer_set(reload->rooms.loop, timer, now_ms + LOOK_AGAIN_MS);
	else if (reload->phase == RELOAD_ASKED || reload->phase == RELOAD_ASKED_AGAIN)
		read_and_take_over(reload);
	else
		return_to_broker(reload);
}

int reload_new(const struct reload_rooms *rooms, const struct config *first, struct reload **out)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	if (!reload)
		return -ENOMEM;
	reload->rooms = *rooms;
	reload->first = reload->now = first;
	reload->timer = (struct loop_timer){.expired = reload_go_on, .user = reload};
	*out = reload;
	return 0;
}

void reload_free(struct reload *reload)
{
	if (!reload)
		return;
	const struct config *now = reload->now, *linked = reload->linked;
	loop_timer_cancel(reload->rooms.loop, &reload->timer);
	reload->now = NULL;
	reload_drop(reload, now); /* nothing where the link has it, too */
	reload->linked = NULL;
	reload_drop(reload, linked);
	free(reload);
}
