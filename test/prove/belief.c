/*
 * For CBMC, see run: what door.c beside this takes of the parts of the door's machine that press nothing. From any door of which
 * believed() holds, each function of src/door/belief.c leaves what kept() says as it was, switches nothing but a warning
 * off, and believed() holds again: so closed is said by its sensor, where there is one.
 *
 *   advance    time passes. DUE_MAX is 1: one turn of the loop, from any door, so any number of turns
 *   turn       a turn of that loop takes one from what the door has to do until nothing is due, which is less than DUE_MAX really
 *              is: so time passes until nothing is due
 *   unsteady   a contact has not stood still
 *   rest, move, strand, lose, look, expect, obstructed, faults   what a press or a failed line makes of the belief; where
 *              nothing was due, nothing is
 *   questions  a plan that can be done names a relay that is wired; a press is due after the gap, a release in its time, and
 *              nothing where nothing is to come; sensed closed is said by the contact; an open
 *              door is closed by what closes; no moving door can be sent to a position
 *
 * All but advance, turn and unsteady leave the contacts as they were. What position.c reckons is any position, and so is what comes of it.
 */
#include "door.h"

enum { TURNS_MAX = DUE_MAX };
#undef DUE_MAX
#define DUE_MAX 1
#include "door/belief.c"

void advance(void);
void turn(void);
void unsteady(void);
void rest(void);
void move(void);
void strand(void);
void lose(void);
void look(void);
void expect(void);
void obstructed(void);
void faults(void);
void questions(void);
int64_t any_ppm(const struct door *door, int64_t at_ms);
bool any_arrival(const struct door *door);

static struct door door, before;
static struct door_output output;
static size_t actions;
static bool now; /* what is to be believed begins now */

int64_t any_ppm(const struct door *own, int64_t at_ms)
{
	(void)own;
	(void)at_ms;
	int64_t ppm = nondet_time();
	__CPROVER_assume(within(ppm, -1, PPM));
	return ppm;
}

bool any_arrival(const struct door *own)
{
	(void)own;
	return nondet_bool();
}

static void begin(void)
{
	door = nondet_door();
	actions = (size_t)nondet_int();
	output = (struct door_output){.action_count = actions};
	__CPROVER_assume(believed(&door) && actions < DOOR_ACTIONS_MAX);
	__CPROVER_assume(is_bounded(&door.config) && is_timely(&door));
	before = door;
	now = true;
}

static void begin_settled(void)
{
	begin();
	__CPROVER_assume(door.settled);
}

static void end(void)
{
	bool ended = before.warned_ms != door.warned_ms;
	__CPROVER_assert(believed(&door), "what was believed is still so");
	__CPROVER_assert(kept(&before, &door), "the lines stay, and presses to come stay or are cancelled");
	__CPROVER_assert(output.action_count == actions + (ended ? 1 : 0), "nothing is switched but a warning");
	__CPROVER_assert(!ended || (output.actions[actions].line == DOOR_LINE_WARNING && !output.actions[actions].on),
			"a warning is only switched off");
	__CPROVER_assert(!output.answered, "belief answers nothing");
}

static void end_at_once(void)
{
	end();
	__CPROVER_assert(before.time_ms == door.time_ms && same_contacts(&before, &door),
			"no time has passed, and no contact changes");
	__CPROVER_assert(!now || !is_nothing_due(&before) || is_nothing_due(&door), "nothing is left undone");
}

void advance(void)
{
	begin();
	int64_t to_ms = nondet_time();
	__CPROVER_assume(to_ms <= TIME_MAX);
	belief_advance(&door, to_ms, &output);
	end();
	__CPROVER_assert(door.time_ms == door_max(before.time_ms, to_ms), "time has passed up to then");
}

/* No more turns than that are left until nothing is due. A state that has no time left may wait for a contact once. */
static int turns_left(void)
{
	int turns = door.expire_ms == DOOR_NEVER ? 0 : door.expire_ms >= contacts_ends_steady_ms(&door) ? 1 : 2;
	for (int i = 0; i < DOOR_SENSORS; i++)
		if (contacts_due_ms(&door, i) != DOOR_NEVER)
			turns += 3;
	return turns;
}

void turn(void)
{
	begin();
	int64_t to_ms = nondet_time();
	int turns = turns_left();
	__CPROVER_assume(within(to_ms, 0, TIME_MAX));
	bool due = door.expire_ms <= to_ms;
	for (int i = 0; i < DOOR_SENSORS; i++)
		due = due || contacts_due_ms(&door, i) <= to_ms;
	belief_advance(&door, to_ms, &output);
	__CPROVER_assert(turns < TURNS_MAX, "there are as many turns as it may take");
	__CPROVER_assert(!due || turns_left() < turns, "each turn leaves fewer to come");
	__CPROVER_assert(due || turns_left() == turns, "where nothing is due, there is no turn");
}

void unsteady(void)
{
	begin();
	enum door_sensor sensor = (enum door_sensor)nondet_int();
	__CPROVER_assume((unsigned)sensor < DOOR_SENSORS);
	belief_unsteady(&door, sensor, &output);
	end();
	__CPROVER_assert(before.time_ms == door.time_ms, "no time has passed");
}

void rest(void)
{
	begin_settled();
	int64_t base_ppm = nondet_time();
	__CPROVER_assume(within(base_ppm, -1, PPM));
	belief_rest(&door, DOOR_STOPPED, base_ppm, &output);
	end_at_once();
}

void move(void)
{
	begin_settled();
	int64_t at_ms = nondet_time();
	now = at_ms == door.time_ms && door.pressed_ms == door.time_ms;
	belief_move(&door, nondet_bool() ? DOOR_OPENING : DOOR_CLOSING, at_ms, &output);
	end_at_once();
	__CPROVER_assert(door.moved_ms == at_ms || door.moved_ms == before.moved_ms, "it moves from then on");
}

void strand(void)
{
	begin_settled();
	belief_strand(&door, &output);
	end_at_once();
}

void lose(void)
{
	begin_settled();
	int64_t at_ms = nondet_time();
	now = at_ms == door.time_ms;
	belief_lose(&door, at_ms, &output);
	end_at_once();
}

void look(void)
{
	begin_settled();
	belief_look(&door, &output);
	end_at_once();
}

void expect(void)
{
	begin_settled();
	now = door.moved_ms == door.time_ms && door.pressed_ms == door.time_ms;
	belief_expect(&door);
	end_at_once();
}

void obstructed(void)
{
	begin_settled();
	__CPROVER_assume(door.goal != DOOR_GOAL_NONE);
	belief_cancel_for_obstruction(&door, &output);
	end_at_once();
	__CPROVER_assert(!is_to_come(&door), "nothing is to come");
}

void faults(void)
{
	begin();
	switch (nondet_int()) {
	case 0:
		belief_enter_fault(&door, (enum door_fault)nondet_int(), &output);
		break;
	case 1:
		belief_clear_fault(&door, &output);
		break;
	case 2:
		belief_clear_fault_of_move(&door, &output);
		break;
	default:
		belief_enter_fault_of_contacts(&door, &output);
	}
	end_at_once();
}

void questions(void)
{
	begin();
	enum door_goal goal = DOOR_GOAL_NONE;
	__CPROVER_assume((unsigned)door.pulse_line <= DOOR_LINES);
	enum door_goal asked = (enum door_goal)nondet_int();
	struct plan plan = plan_for(&door, asked);
	__CPROVER_assert(plan.reason != DOOR_REASON_NONE || plan.done ||
					 ((unsigned)plan.line < DOOR_LINE_WARNING && door.config.lines[plan.line]),
			"what is to be pressed is a relay that is wired");
	__CPROVER_assert(asked != DOOR_GOAL_CLOSE || door.state != DOOR_OPEN || plan.reason != DOOR_REASON_NONE ||
					 plan.done || plan.closes,
			"CLOSE closes an open door");
	__CPROVER_assert(plan_toggle_goal(&door, &goal) != DOOR_REASON_NONE || goal != DOOR_GOAL_NONE,
			"TOGGLE asks for something, or nobody can tell");
	int64_t due_ms = relays_due_ms(&door);
	__CPROVER_assert(door.relay != DOOR_LINES ? due_ms == door.release_ms : due_ms >= door.ready_ms,
			"a release is due in its time, and a press after the gap");
	__CPROVER_assert(door.relay != DOOR_LINES || is_to_come(&door) || due_ms == DOOR_NEVER,
			"no press is due where none is to come");
	__CPROVER_assert(door.state != DOOR_CLOSED || position_confidence(&door) != DOOR_CONFIDENCE_SENSED ||
					 door.contacts[DOOR_SENSOR_CLOSED].active,
			"sensed closed is said by the contact");
	__CPROVER_assert(!door_is_moving(door.state) || aim_refusal(&door, nondet_time()) != DOOR_REASON_NONE,
			"no moving door is sent to a position");
}
