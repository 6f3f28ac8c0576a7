/*
 * For CBMC, see run: rules of safety of the door's machine, by induction, so for any number of steps, any configuration and any
 * input. sound() and believed() say what holds of a door and its lines after each step. start() shows that they hold at
 * the beginning, and each step_...(), for its kind of input, that they hold after a step at any time if they held before, and
 * that the step keeps the rules, which go_on(), ask() and step() assert.
 *
 * By parts. Instead of the functions of src/door/belief.c there are stand-ins, which make of the door whatever kept() and
 * believed() allow; belief.c beside this shows that the real ones do no more. It also shows what is taken here of plan_for,
 * plan_toggle_goal and relays_due_ms. All else that takes a const door, so changes none, gets any answer: where the door is, what a
 * press brings, whether a command comes in time, whether a lock-out forbids it, when the next step is due. So nothing is
 * shown here of the rules about those. That view_publish changes nothing but what was said last is taken from its text.
 *
 * What the caller owes the door (src/door/door.h) is taken as given: time does not go back, a line that failed or was late
 * is one of the last output, and no command has auto-close as its source. The clock is below TIME_MAX. That arithmetic does
 * not overflow is not looked at.
 */
#include "door.h"

struct door_config nondet_config(void);
struct door_input nondet_input(void);
struct door_totals nondet_totals(void);

void start(void);
void step_time(void);
void step_sensor(void);
void step_command(void);
void step_line_failed(void);
void step_line_late(void);
void step_stopping(void);
void step_config(void);

static struct door door;

/* The relays, as the caller has set them: at most one is on. DOOR_LINES: none. */
static struct {
	int64_t now_ms;
	enum door_line on;
	int64_t since_ms;             /* it went on; or was said then to have gone on late */
	int64_t released_ms;          /* the last one went off */
	enum door_line set, released; /* by the last output: this may turn out to have failed */
} wire;

/* Stand-ins. */

static bool holds(const struct door *any)
{
	return believed(any) && any->expire_ms > -TIME_MAX;
}

static void believe(struct door *own, struct door_output *output)
{
	__CPROVER_assert(believed(own), "belief is called where belief.c shows what it does");
	struct door after = any_belief(own);
	__CPROVER_assume(holds(&after));
	if (after.warned_ms != own->warned_ms)
		door_act(output, DOOR_LINE_WARNING, false);
	*own = after;
}

static void believe_now(struct door *own, struct door_output *output)
{
	int64_t time_ms = own->time_ms;
	believe(own, output);
	own->time_ms = time_ms;
}

static void believe_settled(struct door *own, struct door_output *output)
{
	__CPROVER_assert(own->settled, "nothing is looked at before the contacts have settled");
	believe_now(own, output);
}

void belief_advance(struct door *own, int64_t to_ms, struct door_output *output)
{
	int64_t time_ms = door_max(own->time_ms, to_ms);
	__CPROVER_assert(to_ms <= TIME_MAX, "it is asked up to a time that there is");
	believe(own, output);
	own->time_ms = time_ms;
}

void belief_unsteady(struct door *own, enum door_sensor sensor, struct door_output *output)
{
	__CPROVER_assert((unsigned)sensor < DOOR_SENSORS, "a contact that there is");
	believe_now(own, output);
}

void belief_cancel_for_obstruction(struct door *own, struct door_output *output)
{
	__CPROVER_assert(own->goal != DOOR_GOAL_NONE, "there are presses to cancel");
	believe_settled(own, output);
}

void belief_rest(struct door *own, enum door_state state, int64_t base_ppm, struct door_output *output)
{
	(void)base_ppm;
	__CPROVER_assert(state == DOOR_STOPPED, "a press alone brings a door to no end");
	believe_settled(own, output);
}

void belief_move(struct door *own, enum door_state direction, int64_t at_ms, struct door_output *output)
{
	(void)at_ms;
	__CPROVER_assert(door_is_moving(direction), "it moves up or down");
	believe_settled(own, output);
}

void belief_strand(struct door *own, struct door_output *output)
{
	believe_settled(own, output);
}

void belief_lose(struct door *own, int64_t at_ms, struct door_output *output)
{
	(void)at_ms;
	believe_settled(own, output);
}

void belief_look(struct door *own, struct door_output *output)
{
	believe_settled(own, output);
}

void belief_expect(struct door *own)
{
	struct door_output none = {0};
	believe_settled(own, &none);
	__CPROVER_assume(none.action_count == 0);
}

void belief_enter_fault(struct door *own, enum door_fault fault, struct door_output *output)
{
	(void)fault;
	believe_now(own, output);
}

void belief_clear_fault(struct door *own, struct door_output *output)
{
	believe_now(own, output);
}

void belief_clear_fault_of_move(struct door *own, struct door_output *output)
{
	believe_now(own, output);
}

void belief_enter_fault_of_contacts(struct door *own, struct door_output *output)
{
	believe_now(own, output);
}

/* Says what is published, and changes nothing else. */
void view_publish(struct door *own, int64_t now_ms, struct door_output *output)
{
	(void)now_ms;
	(void)output;
	own->said.position = nondet_int();
	own->said_position_ms = nondet_time();
}

/* The proof. */

/* The door's books of its lines are right. */
static bool sound(void)
{
	bool on = wire.on != DOOR_LINES, stuck = false;
	for (int i = 0; i < DOOR_LINES; i++) {
		if (door.stuck[i] && i != DOOR_LINE_WARNING && i != (int)wire.on)
			return false;
		stuck = stuck || door.stuck[i];
	}
	if (on && (unsigned)wire.on >= DOOR_LINE_WARNING)
		return false;
	if (door.relay != (on && !door.stuck[wire.on] ? wire.on : DOOR_LINES))
		return false;
	bool pulse = door.relay == DOOR_LINES || (door.settled && !door.stopping && door.release_ms > wire.now_ms &&
								 door.release_ms <= wire.since_ms + DOOR_PULSE_MAX_MS);
	bool last = (wire.set == DOOR_LINES || wire.set == door.relay) &&
		    (wire.released == DOOR_LINES || ((unsigned)wire.released < DOOR_LINE_WARNING && !on));
	bool edges = true;
	for (int i = 0; i < DOOR_SENSORS; i++)
		edges = edges && within(door.contacts[i].edge_ms, 0, wire.now_ms);
	return is_bounded(&door.config) && pulse && last && edges && within(wire.now_ms, 0, TIME_MAX) &&
	       within(wire.since_ms, -TIME_MAX, wire.now_ms) && within(wire.released_ms, -TIME_MAX, wire.now_ms) &&
	       within(door.time_ms, 0, wire.now_ms) && within(door.released_ms, wire.released_ms, wire.now_ms) &&
	       door.ready_ms >= wire.released_ms + door.config.gap_ms &&
	       (!is_to_come(&door) || (door.settled && !door.stopping && !stuck)) &&
	       (!door.stopping || door.config.auto_close_ms == 0);
}

/* A relay goes on. */
static void go_on(
		enum door_line line, const struct door_input *input, const struct door_output *output, bool was_to_come)
{
	bool accepted = input->kind == DOOR_INPUT_COMMAND && output->answered && output->result != DOOR_RESULT_REJECTED;
	__CPROVER_assert(wire.on == DOOR_LINES, "never two relays on");
	__CPROVER_assert(input->kind == DOOR_INPUT_COMMAND || input->kind == DOOR_INPUT_TIME,
			"only a command, or time after one, switches a relay on");
	__CPROVER_assert(accepted || was_to_come,
			"no relay goes on without a command that was not refused, or auto-close");
	__CPROVER_assert((unsigned)line < DOOR_LINE_WARNING && door.config.lines[line],
			"a relay that is not wired is never switched on");
	__CPROVER_assert(wire.now_ms >= wire.released_ms + door.config.gap_ms && door.config.gap_ms >= DOOR_GAP_MIN_MS,
			"the gap lies between two presses");
	__CPROVER_assert(door.settled && !door.stopping, "not before the contacts have settled, nor after the end");
	for (int i = 0; i < DOOR_LINES; i++)
		__CPROVER_assert(!door.stuck[i], "nothing goes on while a line is stuck");
}

static void carry_out(const struct door_input *input, const struct door_output *output, bool was_to_come)
{
	__CPROVER_assert(output->action_count < DOOR_ACTIONS_MAX, "the actions fit");
	for (size_t i = 0; i < DOOR_ACTIONS_MAX && i < output->action_count; i++) {
		enum door_line line = output->actions[i].line;
		if (line == DOOR_LINE_WARNING)
			continue;
		if (output->actions[i].on) {
			go_on(line, input, output, was_to_come);
			wire.on = wire.set = line;
			wire.since_ms = wire.now_ms;
			continue;
		}
		wire.released = line;
		if (wire.on == line) {
			wire.on = DOOR_LINES;
			wire.released_ms = wire.now_ms;
		}
		if (wire.set == line)
			wire.set = DOOR_LINES;
	}
}

/* Where presses to come begin. */
static void ask(const struct door_input *input, const struct door_output *output)
{
	bool accepted = input->kind == DOOR_INPUT_COMMAND && output->answered && output->result != DOOR_RESULT_REJECTED;
	bool auto_close = input->kind == DOOR_INPUT_TIME && door.goal == DOOR_GOAL_CLOSE &&
			  door.goal_source == DOOR_SOURCE_AUTO_CLOSE && door.config.auto_close_ms > 0 &&
			  door.config.warning_ms >= DOOR_AUTO_CLOSE_WARNING_MS;
	__CPROVER_assert(accepted || auto_close,
			"presses to come are those of a command that was not refused, or of auto-close with its warning");
}

/* Any door of which all holds, and any time from then on. */
static void begin(void)
{
	int64_t now_ms = nondet_time();
	door = nondet_door();
	wire.now_ms = nondet_time();
	wire.on = (enum door_line)nondet_int();
	wire.since_ms = nondet_time();
	wire.released_ms = nondet_time();
	wire.set = (enum door_line)nondet_int();
	wire.released = (enum door_line)nondet_int();
	__CPROVER_assume(holds(&door) && sound());
	__CPROVER_assume(within(now_ms, wire.now_ms, TIME_MAX));
	wire.now_ms = now_ms;
}

/* The line that this input tells of is one of the last output. */
static void hear_of_line(struct door_input *input)
{
	if (input->kind == DOOR_INPUT_LINE_FAILED) {
		enum door_line last = input->active ? wire.set : wire.released;
		__CPROVER_assume(input->line == DOOR_LINE_WARNING || (input->line == last && last != DOOR_LINES));
		if (input->line != DOOR_LINE_WARNING && !input->active) {
			__CPROVER_assert(wire.on == DOOR_LINES, "never two relays on");
			wire.on = input->line;
			wire.released = DOOR_LINES;
		}
		return;
	}
	if (input->kind == DOOR_INPUT_LINE_LATE) {
		__CPROVER_assume(input->line == wire.set && wire.set != DOOR_LINES);
		wire.since_ms = wire.now_ms;
	}
	wire.set = wire.released = DOOR_LINES;
}

static void step(enum door_input_kind kind)
{
	struct door_config config = nondet_config();
	struct door_input input = nondet_input();
	struct door_output output;
	begin();
	input.kind = kind;
	input.config = &config;
	__CPROVER_assume(input.source != DOOR_SOURCE_AUTO_CLOSE);
	/* To the compilers these are unsigned, and to CBMC they are not. */
	__CPROVER_assume((int)input.command >= 0 && (int)input.line >= 0 && (int)input.sensor >= 0);
	bool was_to_come = is_to_come(&door);
	enum door_goal goal = door.goal;
	enum door_state aim = door.aim;
	hear_of_line(&input);
	door_step(&door, &input, wire.now_ms, &output);
	carry_out(&input, &output, was_to_come);
	bool stops = aim != DOOR_UNKNOWN && goal == DOOR_GOAL_NONE && door.goal == DOOR_GOAL_STOP; /* at its position */
	if ((door.goal != DOOR_GOAL_NONE && door.goal != goal && !stops) ||
			(door.aim != DOOR_UNKNOWN && door.aim != aim))
		ask(&input, &output);
	bool on = wire.on != DOOR_LINES && !door.stuck[wire.on];
	__CPROVER_assert(!on || wire.now_ms < wire.since_ms + DOOR_PULSE_MAX_MS, "every pulse ends in its time");
	__CPROVER_assert(door.state != DOOR_CLOSED || !door.config.sensors[DOOR_SENSOR_CLOSED] ||
					 door.contacts[DOOR_SENSOR_CLOSED].active,
			"closed is said by its sensor");
	__CPROVER_assert(believed(&door), "what was believed is still so");
	__CPROVER_assert(sound(), "the door's books of its lines are right");
}

void step_time(void)
{
	step(DOOR_INPUT_TIME);
}

void step_sensor(void)
{
	step(DOOR_INPUT_SENSOR);
}

void step_command(void)
{
	step(DOOR_INPUT_COMMAND);
}

void step_line_failed(void)
{
	step(DOOR_INPUT_LINE_FAILED);
}

void step_line_late(void)
{
	step(DOOR_INPUT_LINE_LATE);
}

void step_stopping(void)
{
	step(DOOR_INPUT_STOPPING);
}

void step_config(void)
{
	step(DOOR_INPUT_CONFIG);
}

void start(void)
{
	struct door_config config = nondet_config();
	struct door_totals totals = nondet_totals();
	int64_t now_ms = nondet_time();
	__CPROVER_assume(within(now_ms, 0, TIME_MAX));
	door_init(&door, &config, now_ms);
	if (nondet_bool())
		door_restore(&door, &totals, now_ms);
	if (nondet_bool())
		door_restore_lockout(&door, nondet_bool(), now_ms);
	wire.now_ms = wire.since_ms = now_ms;
	wire.released_ms = -TIME_MAX;
	wire.on = wire.set = wire.released = DOOR_LINES;
	__CPROVER_assert(believed(&door) && sound(), "it holds at the beginning");
}
