/*
 * What the parts of the door's machine offer each other. Nothing outside src/door includes it. Each part calls only those
 * that stand below it in door.c's list. All work on one door, have no state of their own, and read no clock.
 */
#ifndef PORTCULLIS_DOOR_PRIVATE_H
#define PORTCULLIS_DOOR_PRIVATE_H

#include "door/door.h"

#define PPM 1000000 /* of a whole travel */
#define DURATION_MAX_MS ((int64_t)24 * 60 * 60 * 1000)
#define DUE_MAX 64 /* deadlines handled in one step: a bound for a broken clock, never reached in order */

static inline int64_t door_clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

static inline int64_t door_max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline bool door_is_moving(enum door_state state)
{
	return state == DOOR_OPENING || state == DOOR_CLOSING;
}

/* Toggle wiring: one relay, whose press does the next thing. */
static inline bool door_toggles(const struct door *door)
{
	return door->config.lines[DOOR_LINE_TOGGLE];
}

/* What is put out. What does not fit is lost: door_rules.h holds that it fits. */

static inline void door_act(struct door_output *output, enum door_line line, bool on)
{
	if (output->action_count < DOOR_ACTIONS_MAX)
		output->actions[output->action_count++] = (struct door_action){.line = line, .on = on};
}

static inline void door_tell(
		const struct door *door, struct door_output *output, enum door_event event, enum door_fault fault)
{
	if (output->happening_count < DOOR_HAPPENINGS_MAX)
		output->happenings[output->happening_count++] =
				(struct door_happening){.event = event, .state = door->state, .fault = fault};
}

static inline void door_put_answer(struct door_output *output, enum door_result result, enum door_reason reason)
{
	output->answered = true;
	output->result = result;
	output->reason = reason;
}

/* goal.c: the presses to come. Ending is silent; cancelling is told, unless there are none. */

void goal_end(struct door *door, struct door_output *output);
void goal_cancel(struct door *door, struct door_output *output);
int64_t goal_until_ms(const struct door *door); /* after that they are too old */

/* contacts.c: what the contacts say. */

bool contacts_has(const struct door *door, enum door_sensor sensor);    /* it is wired */
bool contacts_hears(const struct door *door, enum door_sensor sensor);  /* and its level can be believed */
bool contacts_active(const struct door *door, enum door_sensor sensor); /* by the level that has stood still */
bool contacts_unsteady(const struct door *door);                        /* one of them is */
bool contacts_conflict(const struct door *door);                        /* both ends are active */
bool contacts_in_the_way(const struct door *door);                      /* something is; here the first edge counts */
enum door_state contacts_end(const struct door *door); /* at which the door is sensed; unknown: at none */
int64_t contacts_steady_ms(const struct door *door, enum door_sensor sensor); /* from then on it stands still */
int64_t contacts_ends_steady_ms(const struct door *door);                     /* and both ends do */
int64_t contacts_due_ms(const struct door *door, int sensor); /* its level counts; DOOR_NEVER: none is to come */

/* An edge at at_ms. Returns true when with it the contact has not stood still for too long. */
bool contacts_edge(struct door *door, enum door_sensor sensor, bool active, int64_t at_ms);

/*
 * A level that was read now. Where it is not that of the last edge, the chip has lost one: as of now. While that edge is
 * still to stand still, it proves nothing, since a contact bounces; an edge is never undone by a level that was read.
 */
void contacts_sample(struct door *door, enum door_sensor sensor, bool active, int64_t now_ms);

/* position.c: where the door is. ppm count from closed to open; -1: unknown. */

bool position_is_waiting(const struct door *door); /* moving by belief, while its end is still sensed */
int64_t position_travel_ms(const struct door *door, enum door_state direction);
int64_t position_ppm(const struct door *door, int64_t at_ms);
int64_t position_highest_ppm(const struct door *door, int64_t at_ms);
int64_t position_arrival_ms(const struct door *door);
bool position_may_have_arrived(const struct door *door);
bool position_is_certain(const struct door *door);
int position_percent(const struct door *door, int64_t at_ms);             /* as it is published */
bool position_is_only_not_closed(const struct door *door, int64_t at_ms); /* its 99 says no more than that */
enum door_confidence position_confidence(const struct door *door);

/* presses.c: the press table, beside door_presses of door.h. */

/* The state after one press; unknown when nobody can tell. direction: of the move before a stop. */
enum door_state presses_after(const struct door_opener *opener, enum door_state state, enum door_state direction);
bool presses_is_at(enum door_state state, enum door_state wanted); /* wanted: opening, closing or stopped */

/* belief.c: what is believed. */

void belief_advance(struct door *door, int64_t to_ms, struct door_output *output); /* what time alone brings */
bool belief_holds_goal(const struct door *door); /* the presses to come wait for a contact, or for the end */
void belief_unsteady(struct door *door, enum door_sensor sensor, struct door_output *output);
void belief_cancel_for_obstruction(struct door *door, struct door_output *output);

void belief_rest(struct door *door, enum door_state state, int64_t base_ppm, struct door_output *output);
void belief_move(struct door *door, enum door_state direction, int64_t at_ms, struct door_output *output);
void belief_strand(struct door *door, struct door_output *output);              /* it rests, nobody knows where */
void belief_lose(struct door *door, int64_t at_ms, struct door_output *output); /* it may be and move anywhere */
void belief_look(struct door *door, struct door_output *output);                /* only what the levels say */
void belief_expect(struct door *door); /* a moving door: until when it is given to come to its end */

void belief_enter_fault(struct door *door, enum door_fault fault, struct door_output *output);
void belief_clear_fault(struct door *door, struct door_output *output);
void belief_clear_fault_of_move(struct door *door, struct door_output *output);     /* none of contacts or lines */
void belief_enter_fault_of_contacts(struct door *door, struct door_output *output); /* when what covered it ended */

/* plan.c: what a goal needs. */

struct plan {
	enum door_reason reason; /* NONE: it can be done */
	bool done;               /* nothing to press */
	bool closes;             /* the door may move down on the way */
	bool so_far;             /* by its contact the goal is reached still, though a press may have changed that */
	bool idle;               /* of a pulse: by what is believed, it changes nothing */
	enum door_line line;     /* to press next */
};

bool plan_is_busy(const struct door *door); /* a press is under way, or the gap after one */
struct plan plan_for(const struct door *door, enum door_goal goal);

/* A press of which nobody knows what it does, with something in the way: the warning may free it. */
bool plan_may_be_freed(const struct door *door, enum door_goal goal, const struct plan *plan);

/* What TOGGLE asks for here; a reason when nobody can tell. */
enum door_reason plan_toggle_goal(const struct door *door, enum door_goal *goal);

/* relays.c: what is pressed, and when. */

void relays_release(struct door *door, int64_t now_ms, struct door_output *output);
bool relays_stuck(const struct door *door); /* a line could not be switched off */
void relays_accept(struct door *door, enum door_goal goal, enum door_source source, const struct plan *plan,
		int64_t given_ms, int64_t now_ms, struct door_output *output);
int64_t relays_due_ms(const struct door *door);              /* a pulse ends, or a press may be made */
bool relays_lapsed(const struct door *door, int64_t now_ms); /* the presses to come are too old */
void relays_proceed(struct door *door, int64_t now_ms, struct door_output *output);
int64_t relays_change_due_ms(
		const struct door *door); /* the next change that time alone brings to more than the position */
void relays_line_failed(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output);
void relays_release_stuck(struct door *door, int64_t now_ms, struct door_output *output);

/* commands.c: what is asked for. */

void commands_auto_close(struct door *door, int64_t now_ms, struct door_output *output);
void commands_give(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output);
enum door_reason commands_refusal(const struct door *door, enum door_command command);

/* view.c: what is to be published. */

void view_publish(struct door *door, int64_t now_ms, struct door_output *output);

#endif
