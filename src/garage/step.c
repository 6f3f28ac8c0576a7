/*
 * An input goes through the door's machine, and the lines that the machine asks for are switched. A line that could not
 * be switched, or a relay that went on late, is one more input of the same turn. What each of these steps brought goes
 * to the observers before the next one, so that they hear everything once and in order.
 */
#include <errno.h>
#include <string.h>

#include "garage/private.h"

enum door_news garage_news_of(const struct door_happening *happening)
{
	switch (happening->event) {
	case DOOR_EVENT_STATE:
		return door_news_of_state(happening->state);
	case DOOR_EVENT_FAULT:
		return DOOR_NEWS_FAULT;
	case DOOR_EVENT_FAULT_CLEARED:
		return DOOR_NEWS_FAULT_CLEARED;
	case DOOR_EVENT_WARNING:
		return DOOR_NEWS_CLOSE_WARNING;
	case DOOR_EVENT_AUTO_CLOSE:
		return DOOR_NEWS_AUTO_CLOSE;
	case DOOR_EVENT_LOCKED_OUT:
		return DOOR_NEWS_LOCKED_OUT;
	case DOOR_EVENT_LOCKOUT_LIFTED:
		return DOOR_NEWS_LOCKOUT_LIFTED;
	case DOOR_EVENT_CANCELLED:
		break;
	}
	return DOOR_NEWS_COMMAND_CANCELLED;
}

void garage_tell(const struct garage *garage, const struct garage_news *news)
{
	for (size_t i = 0; i < garage->observer_count; i++)
		garage->observers[i].hear(garage->observers[i].user, news);
}

size_t garage_door_index(const struct garage_door *door)
{
	return (size_t)(door - door->garage->doors);
}

void garage_view_door(const struct garage_door *door, int64_t now_ms, struct door_view *view)
{
	memset(view, 0, sizeof(*view)); /* what lies between the members, too: views are compared by memcmp */
	view->id = door->id;
	view->name = door->name;
	view->device_class = door->device_class;
	view->area = door->area;
	view->vent = door->vent;
	view->last_changed_unix_ms = door->changed_unix_ms;
	view->last_command = door->last_command;
	view->has_left_open = door->left_open_ms > 0;
	view->left_open = door->left_open.on;
	view->open_at_least = door->left_open.at_least;
	view->open_since_unix_ms = door->left_open.since_unix_ms;
	door_view(&door->machine, now_ms, view);
	if (door->vent > 0)
		view->vent_refusal = door_position_refusal(&door->machine, door->vent);
	bool keeps = door->garage->keeping == GARAGE_KEEPS_ALL || door->garage->keeping == GARAGE_KEEPS_SOON;
	view->lockout_saving = keeps && door->lock_waits;
	view->lockout_saved = keeps && !door->lock_waits;
	if (view->source == DOOR_SOURCE_NONE)
		view->source = door->former_source;
}

/* What goes on is due at at_ms. Where the agent stood still since that was decided, it is too late, and stays off. */
static int switch_line(const struct garage_door *door, const struct door_action *action, int64_t at_ms)
{
	if (action->on && loop_now_ms() - at_ms >= DOOR_LATE_MS)
		return -ETIME;
	return lines_set(door->garage->lines, garage_door_index(door), action->line, action->on);
}

/* Switches the lines. Returns how many inputs the machine is to hear of it: lines that could not be set, or a relay
 * that went on late. */
static size_t carry_out(struct garage_door *door, const struct door_output *output, int64_t at_ms,
		struct door_input *heard, struct garage_switch *switches, bool *failed)
{
	size_t count = 0;
	for (size_t i = 0; i < output->action_count; i++) {
		const struct door_action *action = &output->actions[i];
		int error = switch_line(door, action, at_ms);
		switches[i] = (struct garage_switch){.line = action->line, .on = action->on, .error = error};
		if (error < 0) {
			*failed = true;
			switches[i].told = door->line_failing;
			heard[count++] = (struct door_input){
					.kind = DOOR_INPUT_LINE_FAILED, .line = action->line, .active = action->on};
		} else if (action->line != DOOR_LINE_WARNING) {
			int64_t on_ms = loop_now_ms();
			door->pulsing = action->on;
			/* A starved processor: an opener does not hear a pulse of a few ms. */
			if (action->on && on_ms > at_ms)
				heard[count++] = (struct door_input){
						.kind = DOOR_INPUT_LINE_LATE, .line = action->line, .at_ms = on_ms};
		}
	}
	return count;
}

void garage_recall_change(struct garage_door *door, int64_t now_ms)
{
	struct door_view view;
	door_view(&door->machine, now_ms, &view);
	bool as_before = view.state != DOOR_UNKNOWN && view.state == door->past.state;
	door->changed_unix_ms = as_before ? door->past.unix_ms : 0;
	door->former_source = as_before ? door->past.source : DOOR_SOURCE_NONE;
}

void garage_tell_attributes(const struct garage_door *door, const struct garage_moment *at)
{
	struct door_view view;
	garage_view_door(door, at->ms, &view);
	garage_tell(door->garage, &(struct garage_news){.kind = GARAGE_STEP,
						  .at = *at,
						  .door = garage_door_index(door),
						  .view = &view,
						  .changed = GARAGE_ATTRIBUTES,
						  .past = door->garage->catching_up,
						  .former = door->changed_ms == 0});
}

/*
 * Before the contacts have settled for the first time nobody moves the door: the state comes to be known, and may be the
 * former run's.
 */
static void note_change(struct garage_door *door, const struct garage_moment *at)
{
	if (door->seen) {
		door->changed_ms = at->ms;
		door->changed_unix_ms = at->unix_ms;
		door->former_source = DOOR_SOURCE_NONE;
	} else {
		garage_recall_change(door, at->ms);
	}
}

/* The last command ends before its last press: true. Auto-close, or the command before it, may end so, too. */
static bool note_cancelled(struct garage_door *door, const struct door_output *output)
{
	struct door_last_command *last = &door->last_command;
	bool cancelled = false;
	for (size_t i = 0; i < output->happening_count; i++)
		cancelled |= output->happenings[i].event == DOOR_EVENT_CANCELLED &&
			     output->happenings[i].source != DOOR_SOURCE_AUTO_CLOSE;
	if (!cancelled || door_command_is_lockout(last->command) || last->result != DOOR_RESULT_ACCEPTED)
		return false;
	last->cancelled = 1;
	return true;
}

/* Tells of a step, if it shows. */
static void tell_step(struct garage_door *door, const struct door_input *input, const struct door_output *output,
		const struct garage_switch *switches, const struct garage_moment *at)
{
	struct door_view view;
	struct garage_news news = {.kind = GARAGE_STEP,
			.at = *at,
			.door = garage_door_index(door),
			.view = &view,
			.changed = (output->position_changed ? GARAGE_POSITION : 0u) |
				   (output->state_changed ? GARAGE_STATE : 0u) |
				   (output->attributes_changed ? GARAGE_ATTRIBUTES : 0u),
			.past = door->garage->catching_up,
			.edge = door->garage->started && input->kind == DOOR_INPUT_SENSOR && !input->sampled,
			.sensor = input->sensor,
			.edge_active = input->active,
			.edge_ms = input->at_ms,
			.switches = switches,
			.switch_count = output->action_count,
			.happenings = output->happenings,
			.happening_count = output->happening_count};
	bool shows = news.changed || news.edge || news.switch_count > 0 || news.happening_count > 0;
	if (door->seen && !shows)
		return;
	garage_view_door(door, at->ms, &view);
	news.settled = view.settled && !door->seen;
	news.former = door->changed_ms == 0;
	door->seen |= view.settled;
	if (shows || news.settled)
		garage_tell(door->garage, &news);
}

void garage_step(struct garage_door *door, const struct door_input *input, struct door_answer *answer)
{
	struct door_input queue[1 + DOOR_ACTIONS_MAX], heard[DOOR_ACTIONS_MAX];
	struct garage_switch switches[GARAGE_SWITCHES_MAX];
	size_t queued = 1;
	bool switched = false, failed = false;
	struct door_output output;
	queue[0] = *input;
	for (size_t next = 0; next < queued; next++) {
		const struct garage_moment at = garage_now(door->garage);
		bool locked = door->machine.locked_remote;
		door_step(&door->machine, &queue[next], at.ms, &output);
		door->lock_waits |= door->machine.locked_remote != locked;
		size_t count = carry_out(door, &output, at.ms, heard, switches, &failed);
		for (size_t i = 0; i < count && queued < sizeof(queue) / sizeof(queue[0]); i++)
			queue[queued++] = heard[i];
		switched |= output.action_count > 0;
		if (output.state_changed)
			note_change(door, &at);
		output.attributes_changed |= left_open_look(door, &at);
		if (!answer) /* else a command is the last one in a moment, whatever it ends */
			output.attributes_changed |= note_cancelled(door, &output);
		tell_step(door, &queue[next], &output, switches, &at);
		if (output.answered && answer)
			*answer = (struct door_answer){.result = output.result, .reason = output.reason};
	}
	if (switched)
		door->line_failing = failed;
	loop_timer_set(door->garage->loop, &door->timer, output.deadline_ms);
}

void garage_step_time(struct garage_door *door)
{
	garage_step(door, &(struct door_input){.kind = DOOR_INPUT_TIME}, NULL);
}

void garage_step_contact(struct garage_door *door, enum door_sensor sensor, bool active, bool sampled, int64_t at_ms)
{
	const struct door_input input = {.kind = DOOR_INPUT_SENSOR,
			.sensor = sensor,
			.active = active,
			.sampled = sampled,
			.at_ms = at_ms};
	garage_step(door, &input, NULL);
}
