/*
 * For CBMC, see door.c: in place of the questions that the door's machine asks of a door, any answer. Of plan_for, plan_toggle_goal
 * and relays_due_ms what questions() in belief.c shows is kept.
 */
#include "door.h"

struct plan nondet_plan(void);
bool any_comes_in_time(const struct door *door, enum door_goal goal, const struct plan *plan, int64_t given_ms);
bool any_forbids(const struct door *door, enum door_goal goal);
int64_t any_due_ms(const struct door *door);
bool any_lapsed(const struct door *door, int64_t now_ms);
int64_t any_deadline(const struct door *door, int64_t now_ms);

bool any_comes_in_time(const struct door *own, enum door_goal goal, const struct plan *plan, int64_t given_ms)
{
	(void)own;
	(void)goal;
	(void)plan;
	(void)given_ms;
	return nondet_bool();
}

bool any_forbids(const struct door *own, enum door_goal goal)
{
	(void)own;
	(void)goal;
	return nondet_bool();
}

int64_t any_due_ms(const struct door *own)
{
	int64_t due_ms = nondet_time();
	__CPROVER_assume(own->relay != DOOR_LINES ? due_ms == own->release_ms : due_ms >= own->ready_ms);
	__CPROVER_assume(own->relay != DOOR_LINES || is_to_come(own) || due_ms == DOOR_NEVER);
	return due_ms;
}

bool any_lapsed(const struct door *own, int64_t now_ms)
{
	(void)own;
	(void)now_ms;
	return nondet_bool();
}

int64_t any_deadline(const struct door *own, int64_t now_ms)
{
	(void)own;
	(void)now_ms;
	return nondet_time();
}

bool belief_holds_goal(const struct door *own)
{
	(void)own;
	return nondet_bool();
}

struct plan plan_for(const struct door *own, enum door_goal goal)
{
	struct plan plan = nondet_plan();
	(void)goal;
	__CPROVER_assume(plan.reason != DOOR_REASON_NONE || plan.done ||
			 ((unsigned)plan.line < DOOR_LINE_WARNING && own->config.lines[plan.line]));
	return plan;
}

bool plan_is_busy(const struct door *own)
{
	(void)own;
	return nondet_bool();
}

bool plan_may_be_freed(const struct door *own, enum door_goal goal, const struct plan *plan)
{
	(void)own;
	(void)goal;
	(void)plan;
	return nondet_bool();
}

enum door_reason plan_toggle_goal(const struct door *own, enum door_goal *goal)
{
	(void)own;
	*goal = (enum door_goal)nondet_int();
	__CPROVER_assume(*goal != DOOR_GOAL_NONE);
	return nondet_bool() ? DOOR_REASON_NONE : DOOR_REASON_UNKNOWN_STATE;
}

enum door_state aim_direction(const struct door *own, int64_t aim_ppm)
{
	(void)own;
	(void)aim_ppm;
	return nondet_bool() ? DOOR_OPENING : DOOR_CLOSING;
}

enum door_reason aim_refusal(const struct door *own, int64_t aim_ppm)
{
	(void)own;
	(void)aim_ppm;
	return nondet_bool() ? DOOR_REASON_NONE : DOOR_REASON_NO_WAY;
}

bool aim_may_stop(const struct door *own, int64_t now_ms)
{
	(void)own;
	(void)now_ms;
	return nondet_bool();
}

bool position_is_waiting(const struct door *own)
{
	(void)own;
	return nondet_bool();
}

int64_t position_ppm(const struct door *own, int64_t at_ms)
{
	(void)own;
	(void)at_ms;
	return nondet_time();
}

int64_t position_highest_ppm(const struct door *own, int64_t at_ms)
{
	return position_ppm(own, at_ms);
}

bool position_is_certain(const struct door *own)
{
	(void)own;
	return nondet_bool();
}

int position_percent(const struct door *own, int64_t at_ms)
{
	(void)own;
	(void)at_ms;
	return nondet_int();
}

enum door_state presses_after(const struct door_opener *opener, enum door_state state, enum door_state direction)
{
	(void)opener;
	(void)state;
	(void)direction;
	return (enum door_state)nondet_int();
}
