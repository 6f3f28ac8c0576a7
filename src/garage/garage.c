/*
 * Edges that wait in the kernel come before a command and before the passing of time. After a standstill they are told
 * as past, until they are all in.
 */
#include "garage/garage.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "garage/private.h"

#define CATCH_UP_MS 100 /* for the edges that waited, which are read some at a time */

/*
 * Has the machine hear what the contacts have said, and what they say now: of edges that come close together, as from a
 * contact that bounces, a Raspberry Pi's chip may lose one (github.com/raspberrypi/linux/pull/5457).
 */
static void catch_up_door(struct garage_door *door)
{
	struct garage *garage = door->garage;
	bool active;
	lines_catch_up(garage->lines);
	for (int sensor = 0; sensor < DOOR_SENSORS && door->machine.settled; sensor++)
		if (lines_get(garage->lines, garage_door_index(door), GARAGE_SENSOR_LINES + sensor, &active) == 0)
			garage_step_contact(door, (enum door_sensor)sensor, active, true, 0);
}

/* ---- Standing still ---- */

static int64_t longest_debounce_ms(const struct garage *garage)
{
	int64_t longest_ms = 0;
	for (size_t i = 0; i < garage->door_count; i++)
		if (garage->doors[i].config->debounce_ms > longest_ms)
			longest_ms = garage->doors[i].config->debounce_ms;
	return longest_ms;
}

/* Before anything else that comes in: its thread may have stopped in the middle of a turn. */
static void notice_stall(struct garage *garage)
{
	const struct garage_moment at = garage_now(garage);
	int64_t stalled_ms = stall_notice(&garage->stall, at.ms);
	if (stalled_ms == 0)
		return;
	loop_timer_set(garage->loop, &garage->stall_timer, garage->stall.due_ms);
	garage->catching_up = true;
	loop_timer_set(garage->loop, &garage->caught_up_timer, at.ms + CATCH_UP_MS + longest_debounce_ms(garage));
	garage_tell(garage, &(struct garage_news){.kind = GARAGE_STALLED, .at = at, .stalled_ms = stalled_ms});
}

/* All edges that waited are in by now, and the last of them stand for as long as they have to. */
static void caught_up(struct loop_timer *timer, int64_t now_ms)
{
	struct garage *garage = timer->user;
	(void)now_ms;
	for (size_t i = 0; i < garage->door_count; i++) {
		catch_up_door(&garage->doors[i]);
		garage_step_time(&garage->doors[i]);
	}
	garage->catching_up = false;
	garage_tell(garage, &(struct garage_news){.kind = GARAGE_CAUGHT_UP, .at = garage_now(garage)});
}

static void look_at_stall(struct loop_timer *timer, int64_t now_ms)
{
	struct garage *garage = timer->user;
	notice_stall(garage);
	for (size_t i = 0; i < garage->door_count; i++)
		catch_up_door(&garage->doors[i]);
	stall_look_next(&garage->stall, now_ms);
	loop_timer_set(garage->loop, timer, garage->stall.due_ms);
}

void garage_set_alone(struct garage *garage, bool alone)
{
	bool sooner = alone && !garage->stall.alone && garage->started;
	garage->stall.alone = alone;
	if (!sooner)
		return;
	stall_look_next(&garage->stall, loop_now_ms());
	loop_timer_set(garage->loop, &garage->stall_timer, garage->stall.due_ms);
}

static bool garage_is_late(const struct garage *garage, int64_t given_ms)
{
	int64_t now_ms = loop_now_ms();
	return stall_is_stale(&garage->stall, now_ms) || now_ms - given_ms > DOOR_AGE_MS;
}

/* What was read right after a standstill may have waited, however late the rest of it came. */
bool garage_is_past(const struct garage *garage, int64_t given_ms)
{
	return garage_is_late(garage, given_ms) || given_ms < garage->stall.stale_until_ms;
}

/* ---- What comes in ---- */

static void garage_hear_edge(void *user, size_t door, enum door_sensor sensor, bool active, int64_t at_ms)
{
	struct garage *garage = user;
	notice_stall(garage);
	garage_step_contact(&garage->doors[door], sensor, active, false, at_ms);
}

static void lose_lines(void *user, int error)
{
	struct garage *garage = user;
	garage_stop(garage);
	garage_tell(garage, &(struct garage_news){.kind = GARAGE_LOST, .at = garage_now(garage), .error = error});
}

static void door_deadline(struct loop_timer *timer, int64_t now_ms)
{
	struct garage_door *door = timer->user;
	(void)now_ms;
	notice_stall(door->garage);
	/* The end of a pulse waits for nothing. All else that time brings comes after what the contacts have said. */
	if (!door->pulsing)
		catch_up_door(door);
	garage_step_time(door);
}

static void left_open_due(struct loop_timer *timer, int64_t now_ms)
{
	struct garage_door *door = timer->user;
	(void)now_ms;
	notice_stall(door->garage);
	catch_up_door(door);
	left_open_tell(door);
}

static void tell_ending(struct garage_door *door, const struct garage_ending *ending)
{
	struct door_view view;
	const struct garage_moment at = garage_now(door->garage);
	const struct garage_news news = {.kind = GARAGE_ENDING,
			.at = at,
			.door = garage_door_index(door),
			.view = &view,
			.past = door->garage->catching_up,
			.ending = ending};
	door->commanded_ms = at.ms;
	door->last_command.number++;
	door->last_command.unix_ms = at.unix_ms;
	door->last_command.command = ending->known ? (int16_t)ending->command : -1;
	door->last_command.source = ending->source;
	door->last_command.result = ending->result;
	door->last_command.reason = ending->reason;
	door->last_command.cancelled = 0;
	garage_view_door(door, at.ms, &view);
	garage_tell(door->garage, &news);
}

static struct door_answer obey(struct garage *garage, size_t index, const struct door_input *input)
{
	struct garage_door *door = &garage->doors[index];
	struct door_answer answer = {.result = DOOR_RESULT_REJECTED};
	notice_stall(garage);
	if (garage->stopping) {
		answer.reason = DOOR_REASON_STOPPING;
	} else if (input->source == DOOR_SOURCE_MQTT ? garage_is_late(garage, input->given_ms) /* it came whole */
						     : garage_is_past(garage, input->given_ms)) {
		answer.reason = DOOR_REASON_STALE;
	} else {
		catch_up_door(door);
		garage_step(door, input, &answer);
	}
	tell_ending(door, &(struct garage_ending){.known = true,
					  .command = input->command,
					  .relay = input->line,
					  .percent = input->percent,
					  .source = input->source,
					  .result = answer.result,
					  .reason = answer.reason});
	return answer;
}

struct door_answer garage_command(struct garage *garage, size_t door, enum door_command command,
		enum door_source source, int64_t given_ms)
{
	return obey(garage, door,
			&(struct door_input){.kind = DOOR_INPUT_COMMAND,
					.command = command,
					.source = source,
					.given_ms = given_ms});
}

struct door_answer garage_position(
		struct garage *garage, size_t door, int percent, enum door_source source, int64_t given_ms)
{
	return obey(garage, door,
			&(struct door_input){.kind = DOOR_INPUT_COMMAND,
					.command = DOOR_COMMAND_POSITION,
					.source = source,
					.percent = percent,
					.given_ms = given_ms});
}

struct door_answer garage_pulse(
		struct garage *garage, size_t door, enum door_line relay, enum door_source source, int64_t given_ms)
{
	return obey(garage, door,
			&(struct door_input){.kind = DOOR_INPUT_COMMAND,
					.command = DOOR_COMMAND_PULSE,
					.source = source,
					.line = relay,
					.given_ms = given_ms});
}

void garage_refuse(struct garage *garage, size_t door, const enum door_command *command, enum door_source source,
		enum door_reason reason)
{
	tell_ending(&garage->doors[door], &(struct garage_ending){.known = command != NULL,
							  .command = command ? *command : DOOR_COMMAND_OPEN,
							  .source = source,
							  .result = DOOR_RESULT_REJECTED,
							  .reason = reason});
}

static void keep_config(struct garage_door *door, const struct garage_door_config *config)
{
	door->id = config->id;
	door->name = config->name;
	door->device_class = config->device_class;
	door->area = config->area;
	door->vent = config->vent;
	door->config = config->machine;
	door->left_open_ms = config->left_open_ms;
	door->left_open_again_ms = config->left_open_again_ms;
}

void garage_reconfigure(struct garage *garage, size_t index, const struct garage_door_config *config)
{
	struct garage_door *door = &garage->doors[index];
	keep_config(door, config);
	garage_step(door, &(struct door_input){.kind = DOOR_INPUT_CONFIG, .config = config->machine}, NULL);
}

void garage_set_clock(struct garage *garage)
{
	garage->clock_set = true;
	const struct garage_moment at = garage_now(garage);
	garage_tell(garage, &(struct garage_news){.kind = GARAGE_CLOCK_SET, .at = at});
	for (size_t i = 0; i < garage->door_count; i++) {
		struct garage_door *door = &garage->doors[i];
		left_open_recall(door, &at);
		if (door->changed_ms == 0 && door->last_command.number == 0 && !door->left_open.is_open)
			continue;
		if (door->changed_ms > 0)
			door->changed_unix_ms = at.unix_ms - (at.ms - door->changed_ms);
		if (door->last_command.number > 0)
			door->last_command.unix_ms = at.unix_ms - (at.ms - door->commanded_ms);
		garage_tell_attributes(door, &at);
	}
}

bool garage_reaches(const struct garage *garage)
{
	for (size_t i = 0; i < garage->door_count; i++) {
		if (door_reaches(garage->doors[i].config))
			return true;
	}
	return false;
}

int garage_poke(struct garage *garage, size_t door, const char *poke)
{
	return lines_poke(garage->lines, door, poke);
}

/* ---- Its life ---- */

void garage_observe(struct garage *garage, struct garage_observer observer)
{
	assert(garage->observer_count < GARAGE_OBSERVERS_MAX);
	garage->observers[garage->observer_count++] = observer;
}

int garage_new(struct loop *loop, const struct log *log, struct alive *alive, const struct garage_door_config *doors,
		size_t count, struct garage **out)
{
	struct garage *garage = calloc(1, sizeof(*garage) + count * sizeof(garage->doors[0]));
	if (!garage)
		return -ENOMEM;
	garage->loop = loop;
	garage->log = log;
	garage->stall = (struct stall){.loop = loop, .alive = alive, .alone = true};
	garage->stall_timer = (struct loop_timer){.expired = look_at_stall, .user = garage};
	garage->caught_up_timer = (struct loop_timer){.expired = caught_up, .user = garage};
	garage->door_count = count;
	for (size_t i = 0; i < count; i++) {
		struct garage_door *door = &garage->doors[i];
		door->garage = garage;
		keep_config(door, &doors[i]);
		door->timer = (struct loop_timer){.expired = door_deadline, .user = door};
		door->left_open_timer = (struct loop_timer){.expired = left_open_due, .user = door};
	}
	int failed = lines_new(doors, count, &garage->lines);
	if (failed < 0)
		garage_free(garage);
	else
		*out = garage;
	return failed;
}

void garage_free(struct garage *garage)
{
	if (!garage)
		return;
	lines_free(garage->lines);
	for (size_t i = 0; i < garage->door_count; i++) {
		loop_timer_cancel(garage->loop, &garage->doors[i].timer);
		loop_timer_cancel(garage->loop, &garage->doors[i].left_open_timer);
	}
	loop_timer_cancel(garage->loop, &garage->stall_timer);
	loop_timer_cancel(garage->loop, &garage->caught_up_timer);
	free(garage);
}

int garage_open(struct garage *garage, bool simulated, const char *chip)
{
	const struct lines_handlers handlers = {.edge = garage_hear_edge, .lost = lose_lines, .user = garage};
	const struct door_config *machines[DOORS_MAX];
	if (!simulated)
		return lines_open(garage->lines, garage->loop, garage->log, chip, &handlers);
	for (size_t i = 0; i < garage->door_count; i++)
		machines[i] = garage->doors[i].config;
	return lines_open_simulated(garage->lines, garage->loop, garage->log, machines, &handlers);
}

static int read_contacts(struct garage_door *door)
{
	for (int sensor = 0; sensor < DOOR_SENSORS; sensor++) {
		int role = GARAGE_SENSOR_LINES + sensor;
		bool active;
		if (!lines_has(door->garage->lines, garage_door_index(door), role))
			continue;
		int error = lines_get(door->garage->lines, garage_door_index(door), role, &active);
		if (error < 0) {
			log_error(door->garage->log, "door %s: the level of its %s cannot be read: %s", door->id,
					garage_role_names[role], strerror(-error));
			return error;
		}
		garage_step_contact(door, (enum door_sensor)sensor, active, false, loop_now_ms());
	}
	return 0;
}

int garage_start(struct garage *garage, const struct garage_past *pasts)
{
	int64_t now_ms = loop_now_ms();
	for (size_t i = 0; i < garage->door_count; i++) {
		struct garage_door *door = &garage->doors[i];
		door->past = pasts[i];
		door_init(&door->machine, door->config, now_ms);
		door_restore(&door->machine, &pasts[i].totals, now_ms);
		door_restore_lockout(&door->machine, pasts[i].locked_out, now_ms);
	}
	for (size_t i = 0; i < garage->door_count; i++) {
		garage_step_time(&garage->doors[i]);
		int failed = read_contacts(&garage->doors[i]);
		if (failed < 0)
			return failed;
	}
	garage->started = true;
	stall_start(&garage->stall, loop_now_ms());
	loop_timer_set(garage->loop, &garage->stall_timer, garage->stall.due_ms);
	return 0;
}

void garage_recall(struct garage *garage, size_t index, const struct garage_past *past)
{
	struct garage_door *door = &garage->doors[index];
	garage_step_time(door);
	const struct garage_moment at = garage_now(garage);
	door->past = *past;
	door->lock_waits = true; /* what was said while nobody could read the disk */
	door_restore(&door->machine, &past->totals, at.ms);
	door_restore_lockout(&door->machine, past->locked_out, at.ms);
	if (door->seen && door->changed_ms == 0)
		garage_recall_change(door, at.ms);
	left_open_recall(door, &at);
	garage_tell_attributes(door, &at);
}

void garage_keep_lockouts(struct garage *garage, enum garage_keeping keeping)
{
	const struct garage_moment at = garage_now(garage);
	bool other = keeping != garage->keeping;
	garage->keeping = keeping;
	for (size_t i = 0; i < garage->door_count; i++) {
		struct garage_door *door = &garage->doors[i];
		bool news = other || (keeping == GARAGE_KEEPS_ALL && door->lock_waits);
		door->lock_waits &= keeping != GARAGE_KEEPS_ALL;
		if (news && garage->started)
			garage_tell_attributes(door, &at);
	}
}

void garage_stop(struct garage *garage)
{
	if (garage->stopping)
		return;
	for (size_t i = 0; i < garage->door_count; i++)
		garage_step(&garage->doors[i], &(struct door_input){.kind = DOOR_INPUT_STOPPING}, NULL);
	garage->stopping = true;
}

/* ---- Questions ---- */

struct garage_moment garage_now(const struct garage *garage)
{
	return (struct garage_moment){.ms = loop_now_ms(), .unix_ms = garage->clock_set ? loop_wall_ms() : 0};
}

size_t garage_door_count(const struct garage *garage)
{
	return garage->door_count;
}

bool garage_find(const struct garage *garage, const char *id, size_t *door)
{
	for (size_t i = 0; i < garage->door_count; i++)
		if (strcmp(garage->doors[i].id, id) == 0) {
			*door = i;
			return true;
		}
	return false;
}

void garage_view(const struct garage *garage, size_t door, struct door_view *view)
{
	garage_view_door(&garage->doors[door], loop_now_ms(), view);
}

bool garage_is_pulsing(const struct garage *garage)
{
	for (size_t i = 0; i < garage->door_count; i++)
		if (garage->doors[i].pulsing)
			return true;
	return false;
}

uint64_t garage_edges_dropped(const struct garage *garage)
{
	return lines_edges_dropped(garage->lines);
}

size_t garage_wiring(const struct garage *garage, size_t door, struct garage_line_view views[static GARAGE_LINES])
{
	size_t count = 0;
	for (int role = 0; role < GARAGE_LINES; role++) {
		if (!lines_has(garage->lines, door, role))
			continue;
		const struct gpio_line *line = lines_line(garage->lines, door, role);
		bool active = false;
		bool known = lines_get(garage->lines, door, role, &active) == 0;
		views[count++] = (struct garage_line_view){
				.key = role < GARAGE_SENSOR_LINES ? door_line_keys[role]
								  : door_sensor_keys[role - GARAGE_SENSOR_LINES],
				.name = line->name,
				.offset = line->offset,
				.line = role < GARAGE_SENSOR_LINES ? (enum door_line)role : DOOR_LINES,
				.known = known,
				.high = active != line->active_low,
				.active = active};
	}
	return count;
}
