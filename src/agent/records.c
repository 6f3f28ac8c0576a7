/*
 * What happens to a door goes to the history, with the time of both clocks. A clock that is not set yet is looked at
 * again, and so is a history whose directory was not there; both then complete what was recorded before.
 */
#include "agent/inside.h"

#include <string.h>

#define CLOCK_LOOK_MS 5000 /* so often, until it is set */

/* Changes that were seen before the clock was set get their times when it is. */
static void look_at_clock(struct agent *agent)
{
	int64_t now_ms = loop_now_ms();
	if (agent->clock.set || !clock_is_set(&agent->clock, history_newest_unix_ms(agent->history)))
		return;
	int64_t unix_ms = loop_wall_ms();
	if (agent->clock_awaited)
		log_info(agent->log, "the clock is set: events have a time again");
	history_clock_set(agent->history, now_ms, unix_ms);
	for (size_t i = 0; i < agent->door_count; i++) {
		struct agent_door *door = &agent->doors[i];
		if (door->last_changed_ms == 0)
			continue;
		door->last_changed_unix_ms = unix_ms - (now_ms - door->last_changed_ms);
		agent_publish_door(door, PUBLISH_ATTRIBUTES);
		http_changed(agent->http);
	}
}

static void look_at_clock_again(struct loop_timer *timer, int64_t now_ms)
{
	struct agent *agent = timer->user;
	look_at_clock(agent);
	if (agent->clock.set)
		return;
	if (!agent->clock_awaited)
		log_info(agent->log, "the clock is not set yet: events have no time until it is");
	agent->clock_awaited = true;
	loop_timer_set(agent->loop, timer, now_ms + CLOCK_LOOK_MS);
}

struct agent_moment agent_now(struct agent *agent)
{
	look_at_clock(agent);
	return (struct agent_moment){.ms = loop_now_ms(), .unix_ms = agent->clock.set ? loop_wall_ms() : 0};
}

void agent_record(struct agent_door *door, const struct door_record *what, const struct door_view *view,
		const struct agent_moment *at)
{
	struct agent *agent = door->agent;
	const struct door_totals totals = {.cycles = view->cycles,
			.last_open_ms = view->last_open_ms,
			.last_close_ms = view->last_close_ms,
			.last_travel_ms = view->last_travel_ms};
	struct door_record filled = *what;
	filled.door = (uint8_t)(door - agent->doors);
	history_add(agent->history, &filled, &totals, at->ms, at->unix_ms);
}

void agent_record_command(struct agent_door *door, const enum door_command *command, enum door_source source,
		enum door_result result, enum door_reason reason)
{
	const struct agent_moment at = agent_now(door->agent);
	struct door_view view;
	if (result == DOOR_RESULT_UNCHANGED)
		return;
	agent_view_door(door, &view);
	const struct door_record what = {.news = door_news_of_result(result),
			.command = (int8_t)(command ? (int)*command : -1),
			.state = view.state,
			.source = source,
			.reason = reason};
	agent_record(door, &what, &view, &at);
}

void agent_record_start(struct agent_door *door, const struct agent_moment *at)
{
	struct door_view view;
	agent_view_door(door, &view);
	if (!view.settled)
		return;
	door->seen = true;
	agent_record(door, &(struct door_record){.news = DOOR_NEWS_STARTED, .command = -1, .state = view.state}, &view,
			at);
}

int agent_start_history(struct agent *agent)
{
	const char *ids[DOORS_MAX];
	for (size_t i = 0; i < agent->door_count; i++)
		ids[i] = agent->doors[i].config->id;
	const struct history_config history = {.directory = agent->config->history.directory,
			.doors = ids,
			.door_count = agent->door_count,
			.started_ms = agent->started_ms};
	int error = history_new(agent->log, &history, &agent->history);
	if (error < 0)
		log_error(agent->log, "history: %s", strerror(-error));
	return error;
}

/* What a former run has left came late: doors go on counting from there. */
static void count_on(struct agent_door *door)
{
	struct agent *agent = door->agent;
	struct door_totals totals;
	history_restore(agent->history, (size_t)(door - agent->doors), &totals, &door->former);
	agent_step(door, &(struct door_input){.kind = DOOR_INPUT_TIME}, NULL, NULL);
	door_restore(&door->machine, &totals, loop_now_ms());
	if (door->seen && door->last_changed_ms == 0)
		agent_recall_change(door);
	agent_publish_door(door, PUBLISH_ATTRIBUTES);
}

void agent_look_at_history(struct agent *agent)
{
	struct history_status status;
	bool came = history_look(agent->history, loop_now_ms());
	for (size_t i = 0; came && i < agent->door_count; i++)
		count_on(&agent->doors[i]);
	history_status(agent->history, &status);
	if (!came && strcmp(status.problem, agent->history_problem) == 0)
		return;
	memcpy(agent->history_problem, status.problem, sizeof(agent->history_problem));
	agent_doors_changed(agent);
	http_changed(agent->http);
}

void agent_start_clock(struct agent *agent)
{
	agent->clock_timer = (struct loop_timer){.expired = look_at_clock_again, .user = agent};
	loop_timer_set(agent->loop, &agent->clock_timer, loop_now_ms());
}
