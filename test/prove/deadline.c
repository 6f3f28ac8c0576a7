/*
 * For CBMC, see run: the door asks for its next step in time. A duty is what a step of time would do: end a pulse, press, give
 * presses up that have become too old, release a line anew, let a contact or a state count, close of itself, publish a position.
 *
 *   early     for any door, so after any step, whatever was before: a step of time before the deadline does nothing. So no duty
 *             is due before the deadline. But presses for CLOSE that a lock-out has come to forbid may be cancelled earlier, by
 *             whatever step comes first
 *   passed    after a step of time the deadline lies behind it, so nothing is left undone, and who calls at once for a deadline
 *             that has passed does so once. By parts: ended() is what such a step begins with, then time passes, and passed()
 *             is the rest, where press() stands for a press
 *
 * early() calls what each step ends with, and passed() what is in a step of time. Instead of the functions of src/door/belief.c
 * that change a door there are stand-ins, of which belief.c beside this shows what is taken of them: turn(), that time passes until
 * nothing is due; the others, that they leave nothing undone and change no more than kept() allows. early() shows that none of them
 * has anything to do before the deadline.
 *
 * Instead of what position.c and aim.c reckon, and in early() of when a press, a contact or the end of a command's time is due,
 * there is any number, which stays as it is while nothing but time changes; or goes on in the direction of the door, as the
 * position does, and the answer whether the door may have arrived, from no to yes. That they do is taken from their text. So
 * is what keeps a door's times less than 2^43 ms, 278 years, away from 0, and its clock below TIME_MAX; that arithmetic does
 * not overflow is not looked at.
 */
#include "door.h"

#include "door/door.c"
#include "door/relays.c"

void early(void);
void ended(void);
void press(void);
void passed(void);
void any_press(struct door *door, const struct plan *plan, int64_t now_ms, struct door_output *output);
void any_advance(struct door *door, int64_t to_ms, struct door_output *output);
void any_cancel_for_obstruction(struct door *door, struct door_output *output);
void any_rest(struct door *door, enum door_state state, int64_t base_ppm, struct door_output *output);
void any_move(struct door *door, enum door_state direction, int64_t at_ms, struct door_output *output);
void any_strand(struct door *door, struct door_output *output);
void any_lose(struct door *door, int64_t at_ms, struct door_output *output);
void any_look(struct door *door, struct door_output *output);
void any_expect(struct door *door);
bool any_arrival(const struct door *door);
int any_percent(const struct door *door, int64_t at_ms);
int64_t any_ppm(const struct door *door, int64_t at_ms);
int64_t any_aim_due(const struct door *door);
enum door_reason any_aim_refusal(const struct door *door, int64_t aim_ppm);
bool any_may_stop(const struct door *door, int64_t now_ms);
bool any_comes_in_time(const struct door *door, enum door_goal goal, const struct plan *plan, int64_t given_ms);
int64_t any_due_ms(const struct door *door);
int64_t any_until_ms(const struct door *door);
int64_t any_contact_due_ms(const struct door *door, int sensor);
int64_t any_steady_ms(const struct door *door, enum door_sensor sensor);
struct plan any_plan(const struct door *door, enum door_goal goal);
bool any_rise(const struct door *door);
struct plan nondet_plan(void);

static struct door door;
static struct door begun; /* the door as it was when time had passed, with nothing due */
static bool quiet;        /* nothing is due */

/* What is reckoned of the door as it is. */
static struct {
	int64_t arrival_ms, percent_ms; /* it was asked for at this time */
	bool arrived;
	int percent;
	int64_t aim_due_ms;
	int64_t due_ms, until_ms, contact_due_ms[DOOR_SENSORS];
} reckoned;

/* Stand-ins. */

/* A time of a door, in 44 bits with the sign, so that CBMC has less to look at. */
static int64_t any_time(void)
{
	return (int64_t)((uint64_t)nondet_time() << 20) >> 20;
}

static int64_t any_time_or_never(void)
{
	return nondet_bool() ? DOOR_NEVER : any_time();
}

static int64_t any_duration(void)
{
	return nondet_time() & (((int64_t)1 << 27) - 1);
}

static void reckon_anew(const struct door *own, int64_t now_ms)
{
	reckoned.arrival_ms = own->time_ms;
	reckoned.percent_ms = now_ms;
	reckoned.arrived = nondet_bool();
	reckoned.percent = nondet_int();
	reckoned.aim_due_ms = any_time();
	reckoned.due_ms = any_time_or_never();
	reckoned.until_ms = any_time();
	for (int i = 0; i < DOOR_SENSORS; i++)
		reckoned.contact_due_ms[i] = any_time_or_never();
	__CPROVER_assume(within(reckoned.percent, DOOR_POSITION_UNKNOWN, 100));
}

/* The same as is_nothing_due, since begun, with less to look at. */
static bool is_nothing_new_due(const struct door *own)
{
	return same_contacts(own, &begun) && own->config.debounce_ms == begun.config.debounce_ms &&
	       own->time_ms == begun.time_ms && own->expire_ms > own->time_ms;
}

static void believe(struct door *own, struct door_output *output)
{
	__CPROVER_assert(!quiet, "nothing is to be believed anew before the deadline");
	__CPROVER_assume(!quiet);
	__CPROVER_assert(believed(own) && own->settled, "belief is called where belief.c shows what it does");
	__CPROVER_assert(is_nothing_new_due(own), "belief is called with nothing due");
	struct door after = any_belief(own);
	for (int i = 0; i < DOOR_SENSORS; i++)
		after.contacts[i] = own->contacts[i];
	after.time_ms = own->time_ms;
	after.expire_ms = any_time_or_never();
	after.auto_close_ms = any_time_or_never();
	after.goal_due_ms = any_time();
	__CPROVER_assume(believed(&after) && is_nothing_new_due(&after));
	if (after.warned_ms != own->warned_ms)
		door_act(output, DOOR_LINE_WARNING, false);
	*own = after;
	reckon_anew(own, own->time_ms);
}

/* Nothing is due, so all that belief_advance does is to let time pass. */
void any_advance(struct door *own, int64_t to_ms, struct door_output *output)
{
	(void)output;
	own->time_ms = door_max(own->time_ms, to_ms);
	__CPROVER_assert(is_nothing_due(own), "nothing is due before the deadline");
}

/* As press() shows. */
void any_press(struct door *own, const struct plan *plan, int64_t now_ms, struct door_output *output)
{
	__CPROVER_assert(is_to_come(own) && own->relay == DOOR_LINES && now_ms == own->time_ms,
			"it is called as in press()");
	believe(own, output);
	own->relay = plan->line;
	own->release_ms = now_ms + own->config.pulse_ms;
	own->goal_takes_ms += own->config.pulse_ms + own->config.gap_ms;
}

void any_cancel_for_obstruction(struct door *own, struct door_output *output)
{
	__CPROVER_assert(own->goal != DOOR_GOAL_NONE, "it is called as in belief.c");
	believe(own, output);
	__CPROVER_assume(!is_to_come(own));
}

void any_rest(struct door *own, enum door_state state, int64_t base_ppm, struct door_output *output)
{
	__CPROVER_assert(state == DOOR_STOPPED && within(base_ppm, -1, PPM), "it is called as in belief.c");
	believe(own, output);
}

void any_move(struct door *own, enum door_state direction, int64_t at_ms, struct door_output *output)
{
	__CPROVER_assert(door_is_moving(direction) && at_ms == own->time_ms && own->pressed_ms == own->time_ms,
			"it is called as in belief.c");
	int64_t moved_ms = own->moved_ms;
	believe(own, output);
	__CPROVER_assume(own->moved_ms == moved_ms || own->moved_ms == at_ms);
}

void any_strand(struct door *own, struct door_output *output)
{
	believe(own, output);
}

void any_lose(struct door *own, int64_t at_ms, struct door_output *output)
{
	__CPROVER_assert(at_ms == own->time_ms, "it is called as in belief.c");
	believe(own, output);
}

void any_look(struct door *own, struct door_output *output)
{
	believe(own, output);
}

void any_expect(struct door *own)
{
	struct door_output none = {0};
	__CPROVER_assert(own->moved_ms == own->time_ms && own->pressed_ms == own->time_ms,
			"it is called as in belief.c");
	believe(own, &none);
	__CPROVER_assume(none.action_count == 0);
}

/* With time it may have arrived. */
bool any_arrival(const struct door *own)
{
	if (own->time_ms != reckoned.arrival_ms)
		reckoned.arrived = reckoned.arrived || nondet_bool();
	reckoned.arrival_ms = own->time_ms;
	return reckoned.arrived;
}

/* With time it goes on, if it goes anywhere. */
int any_percent(const struct door *own, int64_t at_ms)
{
	bool moves = door_is_moving(own->state) && own->base_ppm >= 0 && !position_is_waiting(own);
	int before = reckoned.percent;
	__CPROVER_assume(!moves || within(before, 1, 99));
	if (moves && at_ms != reckoned.percent_ms) {
		reckoned.percent = nondet_int();
		__CPROVER_assume(own->state == DOOR_OPENING ? within(reckoned.percent, before, 99)
							    : within(reckoned.percent, 1, before));
	}
	reckoned.percent_ms = at_ms;
	return reckoned.percent;
}

int64_t any_ppm(const struct door *own, int64_t at_ms)
{
	(void)at_ms;
	int64_t ppm = nondet_time();
	__CPROVER_assume(own->base_ppm < 0 ? ppm == own->base_ppm : within(ppm, 0, PPM));
	return ppm;
}

int64_t any_aim_due(const struct door *own)
{
	bool on_its_way = door_aims(own) && own->state == own->aim && !position_is_waiting(own);
	return on_its_way ? reckoned.aim_due_ms : DOOR_NEVER;
}

/* As questions() in belief.c shows. */
enum door_reason any_aim_refusal(const struct door *own, int64_t aim_ppm)
{
	(void)aim_ppm;
	return door_is_moving(own->state) || nondet_bool() ? DOOR_REASON_UNCERTAIN : DOOR_REASON_NONE;
}

bool any_may_stop(const struct door *own, int64_t now_ms)
{
	(void)own;
	(void)now_ms;
	return nondet_bool();
}

bool any_comes_in_time(const struct door *own, enum door_goal goal, const struct plan *plan, int64_t given_ms)
{
	(void)own;
	(void)goal;
	(void)plan;
	(void)given_ms;
	return nondet_bool();
}

/* As questions() in belief.c shows. */
struct plan any_plan(const struct door *own, enum door_goal goal)
{
	struct plan plan = nondet_plan();
	__CPROVER_assert(!quiet, "nothing is planned before the deadline");
	__CPROVER_assume(!quiet);
	__CPROVER_assume(plan.reason != DOOR_REASON_NONE || plan.done || (unsigned)plan.line < DOOR_LINE_WARNING);
	__CPROVER_assume(goal != DOOR_GOAL_CLOSE || own->state != DOOR_OPEN || plan.reason != DOOR_REASON_NONE ||
			 plan.done || plan.closes);
	return plan;
}

/* All of it, but for its time and the view that was said last. */
static bool is_same(const struct door *a, const struct door *b)
{
	return kept(a, b) && same_contacts(a, b) && a->settled == b->settled && a->state == b->state &&
	       a->direction == b->direction && a->source == b->source && a->fault == b->fault &&
	       a->commanded == b->commanded && a->certain == b->certain && a->pressed_ms == b->pressed_ms &&
	       a->press_to == b->press_to && a->press_at == b->press_at && a->press_early == b->press_early &&
	       a->moved_ms == b->moved_ms && a->base_ppm == b->base_ppm && a->highest_ppm == b->highest_ppm &&
	       a->whole == b->whole && a->expire_ms == b->expire_ms && a->locked_remote == b->locked_remote &&
	       a->locked_told == b->locked_told && a->goal == b->goal && a->goal_state == b->goal_state &&
	       a->goal_given_ms == b->goal_given_ms && a->goal_takes_ms == b->goal_takes_ms &&
	       a->goal_due_ms == b->goal_due_ms && a->goal_warned == b->goal_warned && a->goal_free == b->goal_free &&
	       a->pulse_line == b->pulse_line && a->aim == b->aim && a->aim_ppm == b->aim_ppm &&
	       a->warned_ms == b->warned_ms && a->auto_close_ms == b->auto_close_ms && a->cycles == b->cycles &&
	       a->last_open_ms == b->last_open_ms && a->last_close_ms == b->last_close_ms &&
	       a->last_travel_ms == b->last_travel_ms;
}

/*
 * In early(): what these say hangs on the door, and not on the time. A pulse is due when it is to end, as questions() in
 * belief.c shows.
 */

int64_t any_due_ms(const struct door *own)
{
	if (own->relay != DOOR_LINES)
		return own->release_ms;
	return is_same(own, &begun) ? reckoned.due_ms : any_time_or_never();
}

int64_t any_until_ms(const struct door *own)
{
	return is_same(own, &begun) ? reckoned.until_ms : any_time();
}

int64_t any_contact_due_ms(const struct door *own, int sensor)
{
	return same_contacts(own, &begun) ? reckoned.contact_due_ms[sensor] : any_time_or_never();
}

/* It only makes the deadline earlier. */
int64_t any_steady_ms(const struct door *own, enum door_sensor sensor)
{
	(void)own;
	(void)sensor;
	return any_time();
}

bool any_rise(const struct door *own)
{
	(void)own;
	return nondet_bool();
}

/* The proofs. */

/* Any door, at a time that is returned. */
static int64_t begin(void)
{
	int64_t now_ms = any_time();
	door = nondet_door();
	for (int i = 0; i < DOOR_SENSORS; i++)
		door.contacts[i].edge_ms = any_time();
	door.config.pulse_ms = any_duration();
	door.config.gap_ms = any_duration();
	door.config.debounce_ms = any_duration();
	door.config.open_time_ms = any_duration();
	door.config.close_time_ms = any_duration();
	door.config.warning_ms = any_duration();
	door.config.auto_close_ms = any_duration();
	door.time_ms = any_time();
	door.pressed_ms = any_time();
	door.moved_ms = any_time();
	door.expire_ms = any_time_or_never();
	door.warned_ms = any_time_or_never();
	door.auto_close_ms = any_time_or_never();
	door.goal_given_ms = any_time();
	door.goal_takes_ms = any_time();
	door.goal_due_ms = any_time();
	door.release_ms = any_time();
	door.ready_ms = any_time();
	door.retry_ms = any_time();
	door.said_position_ms = any_time();
	__CPROVER_assume(within(now_ms, 0, TIME_MAX) && door.time_ms <= now_ms && is_timely(&door) &&
			 is_bounded(&door.config));
	__CPROVER_assume((unsigned)door.relay <= DOOR_LINES && (unsigned)door.pulse_line <= DOOR_LINES);
	__CPROVER_assume(door.aim == DOOR_UNKNOWN || door_is_moving(door.aim));
	reckon_anew(&door, now_ms);
	return now_ms;
}

void early(void)
{
	struct door_output output = {0};
	int64_t now_ms = begin(), early_ms = any_time();
	lockout_watch(&door, (enum door_source)nondet_int(), nondet_bool(), &output);
	view_publish(&door, now_ms, &output);
	begun = door;
	int64_t deadline_ms = next_deadline(&door, now_ms);
	__CPROVER_assume(within(early_ms, now_ms, TIME_MAX) && early_ms < deadline_ms);
	quiet = true;
	door_step(&door, NULL, early_ms, &output);
	__CPROVER_assert(!output.state_changed && !output.position_changed, "nothing is published before the deadline");
	if (begun.goal == DOOR_GOAL_CLOSE && door.goal == DOOR_GOAL_NONE && lockout_is_on(&begun)) {
		__CPROVER_assert(output.action_count == (begun.warned_ms != DOOR_NEVER ? 1 : 0),
				"a lock-out switches at most a warning off before the deadline");
		return;
	}
	__CPROVER_assert(output.action_count == 0, "no line is switched before the deadline");
	__CPROVER_assert(output.happening_count == 0, "nothing happens before the deadline");
	__CPROVER_assert(!output.attributes_changed, "nothing is published before the deadline");
	door.said_position_ms = begun.said_position_ms;
	__CPROVER_assert(is_same(&begun, &door), "nothing but time changes before the deadline");
}

/* What comes first in each step: after it no pulse is to end, and no line to be released anew. */
static bool is_ended(int64_t now_ms)
{
	return (door.relay == DOOR_LINES || door.release_ms > now_ms) &&
	       (!relays_stuck(&door) || door.retry_ms > now_ms);
}

void ended(void)
{
	struct door_output output = {0};
	int64_t now_ms = begin();
	end_what_is_due(&door, now_ms, &output);
	__CPROVER_assert(is_ended(now_ms), "no pulse is to end, and no line to be released anew");
}

/* Before a press: time has passed up to now, and belief has nothing to do. */
static int64_t begin_now(void)
{
	int64_t now_ms = begin();
	__CPROVER_assume(believed(&door) && door.time_ms == now_ms && is_nothing_due(&door) && is_ended(now_ms));
	__CPROVER_assume(!is_to_come(&door) || door.settled); /* see sound() in door.c */
	begun = door;
	return now_ms;
}

void press(void)
{
	struct door_output output = {0};
	struct plan plan = nondet_plan();
	int64_t now_ms = begin_now(), takes_ms = door.goal_takes_ms;
	struct door before = door;
	__CPROVER_assume(is_to_come(&door) && door.relay == DOOR_LINES && (unsigned)plan.line < DOOR_LINE_WARNING);
	press_line(&door, &plan, now_ms, &output);
	__CPROVER_assert(door.relay == plan.line && door.release_ms == now_ms + door.config.pulse_ms,
			"the pulse begins now");
	__CPROVER_assert(door.goal_takes_ms == takes_ms + (door.config.pulse_ms + door.config.gap_ms),
			"a press has the time that it takes");
	__CPROVER_assert(believed(&door) && is_nothing_new_due(&door), "a press leaves nothing undone");
	door.relay = before.relay;
	door.release_ms = before.release_ms;
	door.goal_takes_ms = before.goal_takes_ms;
	door.pressed_ms = before.pressed_ms;
	__CPROVER_assert(kept(&before, &door), "a press changes no more than belief does");
}

void passed(void)
{
	struct door_output output = {0};
	int64_t now_ms = begin_now();
	relays_proceed(&door, now_ms, &output);
	commands_auto_close(&door, now_ms, &output);
	lockout_watch(&door, DOOR_SOURCE_LOCAL, nondet_bool(), &output);
	view_publish(&door, now_ms, &output);
	__CPROVER_assert(next_deadline(&door, now_ms) > now_ms, "after a step of time the deadline lies behind it");
}
