/*
 * One line for each thing that a person may want to know. Refused commands cost their sender nothing: one line of them
 * a door and second, and how many there were besides.
 */
#include "observers/door_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED_LINE_MS 1000 /* at most one line of refused commands a door in so long */

struct door_log {
	const struct log *log;
	struct {
		int64_t refused_ms; /* when the last line of a refusal was written */
		uint64_t unlogged;  /* refusals since */
	} doors[];
};

int door_log_new(const struct log *log, size_t door_count, struct door_log **out)
{
	struct door_log *door_log = calloc(1, sizeof(*door_log) + door_count * sizeof(door_log->doors[0]));
	if (!door_log)
		return -ENOMEM;
	door_log->log = log;
	for (size_t i = 0; i < door_count; i++)
		door_log->doors[i].refused_ms = loop_now_ms() - REFUSED_LINE_MS;
	*out = door_log;
	return 0;
}

void door_log_free(struct door_log *door_log)
{
	free(door_log);
}

static void log_switches(const struct log *log, const struct garage_news *news)
{
	for (size_t i = 0; i < news->switch_count; i++) {
		const struct garage_switch *one = &news->switches[i];
		const char *role = garage_role_names[one->line], *level = one->on ? "on" : "off";
		log_debug(log, "door %s: %s %s", news->view->id, role, level);
		if (one->error < 0 && !one->told)
			log_error(log, "door %s: the %s could not be switched %s: %s", news->view->id, role, level,
					strerror(-one->error));
	}
}

static void log_happening(const struct log *log, const char *id, const struct door_happening *happening)
{
	switch (happening->event) {
	case DOOR_EVENT_STATE:
		break;
	case DOOR_EVENT_FAULT:
		log_warning(log, "door %s: fault %s", id, door_fault_name(happening->fault));
		break;
	case DOOR_EVENT_FAULT_CLEARED:
		log_info(log, "door %s: fault %s has ended", id, door_fault_name(happening->fault));
		break;
	case DOOR_EVENT_WARNING:
		log_info(log, "door %s: warning before it closes", id);
		break;
	case DOOR_EVENT_AUTO_CLOSE:
		log_info(log, "door %s: auto-close", id);
		break;
	case DOOR_EVENT_CANCELLED:
		log_info(log, "door %s: the command ended before its last press", id);
		break;
	case DOOR_EVENT_LOCKED_OUT:
	case DOOR_EVENT_LOCKOUT_LIFTED:
		log_info(log, "door %s: %s (%s)", id,
				happening->event == DOOR_EVENT_LOCKED_OUT ? "locked out" : "lock-out lifted",
				happening->source == DOOR_SOURCE_LOCAL ? "key switch"
								       : door_source_name(happening->source));
		break;
	}
}

static void log_step(const struct log *log, const struct garage_news *news)
{
	const struct door_view *view = news->view;
	log_switches(log, news);
	if (news->changed & GARAGE_STATE)
		log_info(log, "door %s: %s (%s, %s)", view->id, door_state_name(view->state),
				door_source_name(news->former ? DOOR_SOURCE_NONE : view->source),
				door_confidence_name(view->confidence));
	if (news->settled && view->locked_out)
		log_info(log, "door %s: locked out%s%s", view->id,
				!view->lockout_remote ? ""
				: view->lockout_saved ? ", by a command before the start"
						      : ", since nobody knows otherwise",
				view->lockout_sensor ? ", by its key switch" : "");
	for (size_t i = 0; i < news->happening_count; i++)
		log_happening(log, view->id, &news->happenings[i]);
}

static void log_refusal(struct door_log *door_log, const struct garage_news *news, const char *command)
{
	const struct log *log = door_log->log;
	const char *id = news->view->id;
	int64_t *refused_ms = &door_log->doors[news->door].refused_ms;
	uint64_t *unlogged = &door_log->doors[news->door].unlogged;
	if (news->at.ms - *refused_ms < REFUSED_LINE_MS) {
		*unlogged += 1;
		return;
	}
	log_warning(log, "door %s: %s from %s refused: %s", id, command, door_source_name(news->ending->source),
			door_refusal_text(news->view, news->ending->reason));
	if (*unlogged > 0)
		log_warning(log, "door %s: %" PRIu64 " more refused commands since the line before", id, *unlogged);
	*refused_ms = news->at.ms;
	*unlogged = 0;
}

static void log_ending(struct door_log *door_log, const struct garage_news *news)
{
	const struct garage_ending *ending = news->ending;
	const char *id = news->view->id, *source = door_source_name(ending->source);
	char name[32];
	if (!ending->known)
		snprintf(name, sizeof(name), "a command");
	else if (ending->command == DOOR_COMMAND_PULSE)
		snprintf(name, sizeof(name), "a pulse of the %s", garage_role_names[ending->relay]);
	else if (ending->command == DOOR_COMMAND_POSITION && ending->percent > 0)
		snprintf(name, sizeof(name), "position %d %%", ending->percent);
	else
		snprintf(name, sizeof(name), "%s", door_command_name(ending->command));
	bool locks = ending->known && ending->command == DOOR_COMMAND_LOCKOUT_ON;
	if (ending->result == DOOR_RESULT_ACCEPTED)
		log_info(door_log->log, "door %s: %s from %s accepted", id, name, source);
	if (ending->result == DOOR_RESULT_ACCEPTED && locks && !news->view->lockout_saving &&
			!news->view->lockout_saved)
		log_warning(door_log->log,
				"door %s: a restart lifts the lock-out: it is on no disk (history.directory)", id);
	if (ending->result == DOOR_RESULT_UNCHANGED)
		log_debug(door_log->log, "door %s: %s from %s: already so", id, name, source);
	else if (ending->result == DOOR_RESULT_REJECTED)
		log_refusal(door_log, news, name);
}

void door_log_hear(void *user, const struct garage_news *news)
{
	struct door_log *door_log = user;
	switch (news->kind) {
	case GARAGE_STEP:
		log_step(door_log->log, news);
		break;
	case GARAGE_ENDING:
		log_ending(door_log, news);
		break;
	case GARAGE_LEFT_OPEN:
		log_warning(door_log->log, "door %s: left open, for %s%" PRId64 " s now", news->view->id,
				news->view->open_at_least ? "at least " : "", news->open_ms / 1000);
		break;
	case GARAGE_STALLED:
		log_warning(door_log->log,
				"the agent stood still for up to %" PRId64
				" s (frozen, or starved of the processor): commands that waited are refused",
				(news->stalled_ms + 999) / 1000);
		break;
	case GARAGE_LOST:
		log_error(door_log->log, "the GPIO chip is gone; ending, so that nobody is told an old state");
		break;
	case GARAGE_CAUGHT_UP:
	case GARAGE_CLOCK_SET:
		break;
	}
}
