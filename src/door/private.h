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

/* It is sent to a position, and the press that stops it there is still to come. */
static inline bool door_aims(const struct door *door)
{
	return door->aim != DOOR_UNKNOWN;
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

/* goal.c: the presses to come, with that at the end of a move to a position. */

void goal_end(struct door *door, struct door_output *output);    /* there are none any more; ends a warning, too */
void goal_cancel(struct door *door, struct door_output *output); /* the same, and it is told, unless there were none */
int64_t goal_until_ms(const struct door *door);                  /* after this time they are too old to be made */

/* contacts.c: what the contacts say. */

bool contacts_has(const struct door *door, enum door_sensor sensor);    /* it is wired */
bool contacts_hears(const struct door *door, enum door_sensor sensor);  /* and its level can be believed */
bool contacts_active(const struct door *door, enum door_sensor sensor); /* by the level that has stood still */
bool contacts_unsteady(const struct door *door);                        /* one of them is */
bool contacts_conflict(const struct door *door);                        /* both ends are active */
bool contacts_in_the_way(const struct door *door);                      /* something is; here the first edge counts */
enum door_state contacts_end(const struct door *door); /* at which the door is sensed; unknown: at none */
int64_t contacts_steady_ms(const struct door *door, enum door_sensor sensor); /* when it will have stood still */
int64_t contacts_ends_steady_ms(const struct door *door);                     /* when both ends will have */
int64_t contacts_due_ms(const struct door *door, int sensor); /* when its new level counts; DOOR_NEVER: it has none */

/* An edge at at_ms. Returns true when with it the contact has not stood still for too long. */
bool contacts_edge(struct door *door, enum door_sensor sensor, bool active, int64_t at_ms);

/*
 * A level that was read now. If it differs from the level of the last edge, the chip has lost an edge: it counts as an
 * edge of now. A level that has not stood still yet is never undone so, since a contact bounces: the call does nothing.
 */
void contacts_sample(struct door *door, enum door_sensor sensor, bool active, int64_t now_ms);

/* position.c: where the door is. ppm count from closed to open; -1: unknown. */

bool position_is_waiting(const struct door *door); /* believed to move, while the end that it leaves is still sensed */
int64_t position_travel_ms(const struct door *door, enum door_state direction); /* as configured */
int64_t position_ppm(const struct door *door, int64_t at_ms);                   /* where it is reckoned to be */
int64_t position_highest_ppm(const struct door *door, int64_t at_ms); /* where it may be at most: it may be faster */
int64_t position_arrival_ms(const struct door *door);         /* when an opening door is open; DOOR_NEVER: not known */
bool position_may_have_arrived(const struct door *door);      /* an opening door may be open when a press comes */
bool position_is_certain(const struct door *door);            /* toggle wiring: it is known what the next press does */
int position_percent(const struct door *door, int64_t at_ms); /* as it is published */
bool position_is_only_not_closed(const struct door *door, int64_t at_ms); /* its 99 says no more than that */
enum door_confidence position_confidence(const struct door *door);

/* presses.c: the press table, beside door_presses of door.h. */

/* The state after one press; unknown when nobody can tell. direction: of the move before a stop. */
enum door_state presses_after(const struct door_opener *opener, enum door_state state, enum door_state direction);
bool presses_is_at(enum door_state state, enum door_state wanted); /* wanted: opening, closing or stopped */

/* aim.c: a move to a position. direction: opening or closing. */

enum door_state aim_direction(const struct door *door, int64_t aim_ppm); /* which way that position lies */
/* Why the door cannot be sent there now. DOOR_REASON_NONE: it can, as far as the way, the wiring and the start go. */
enum door_reason aim_refusal(const struct door *door, int64_t aim_ppm);
/* The same for any position in this direction; sets the percent from and up to which it can. */
enum door_reason aim_range(const struct door *door, enum door_state direction, int *low, int *high);
/* It can be sent this way from the end; sets the percent from and up to which. */
bool aim_is_wired(const struct door *door, enum door_state direction, int *low, int *high);
int64_t aim_due_ms(const struct door *door); /* when it is reckoned to be there; DOOR_NEVER: it is not on its way */
bool aim_may_stop(const struct door *door, int64_t now_ms); /* the press is neither too late nor near the end */

/* belief.c: what is believed. */

/* Time passes up to to_ms: contacts settle and states expire, in their order. */
void belief_advance(struct door *door, int64_t to_ms, struct door_output *output);
bool belief_holds_goal(const struct door *door); /* the presses to come wait for a contact, or for the end */
void belief_unsteady(struct door *door, enum door_sensor sensor, struct door_output *output); /* it has become so */
/* Cancels the presses to come. Those of an auto-close of an open door come anew after its whole time. */
void belief_cancel_for_obstruction(struct door *door, struct door_output *output);

/* Each makes something the belief, and tells a change of state. base_ppm: the position; -1: unknown. */
void belief_rest(struct door *door, enum door_state state, int64_t base_ppm, struct door_output *output);
void belief_move(struct door *door, enum door_state direction, int64_t at_ms, struct door_output *output);
void belief_strand(struct door *door, struct door_output *output);              /* it rests, nobody knows where */
void belief_lose(struct door *door, int64_t at_ms, struct door_output *output); /* it may be and move anywhere */
void belief_look(struct door *door, struct door_output *output);                /* only what the levels say */
void belief_expect(struct door *door); /* sets until when a moving door has time to come to its end */

/* A fault of a move (all but those of contacts and lines) is not entered over a fault of the contacts. */
void belief_enter_fault(struct door *door, enum door_fault fault, struct door_output *output);
void belief_clear_fault(struct door *door, struct door_output *output); /* any */
void belief_clear_fault_of_move(struct door *door, struct door_output *output);
/* Another fault has ended: enters that of the contacts which it covered, if there is one. */
void belief_enter_fault_of_contacts(struct door *door, struct door_output *output);

/* plan.c: what a goal needs. */

struct plan {
	enum door_reason reason; /* NONE: it can be done */
	bool done;               /* nothing to press */
	bool closes;             /* the door may move down on the way */
	bool so_far;         /* its contact still says that the goal is reached, but a press may have changed that */
	bool idle;           /* of a pulse: by what is believed, it changes nothing */
	enum door_line line; /* to press next */
};

bool plan_is_busy(const struct door *door); /* a press is under way, or the gap after one */
struct plan plan_for(const struct door *door, enum door_goal goal);

/* Nobody knows what the press of this plan does, and something is in the way, which may go during the warning. */
bool plan_may_be_freed(const struct door *door, enum door_goal goal, const struct plan *plan);

/* Sets goal to what TOGGLE asks for in this state. Returns DOOR_REASON_NONE, or why nobody can tell. */
enum door_reason plan_toggle_goal(const struct door *door, enum door_goal *goal);

/* lockout.c: what a lock-out forbids. */

bool lockout_is_on(const struct door *door);
bool lockout_by_contact(const struct door *door);
/* Whether a command from afar with this goal is refused now; of a pulse, by pulse_line. */
bool lockout_forbids(const struct door *door, enum door_goal goal);
/* Whether the presses to come may not be made. */
bool lockout_stops(const struct door *door);
/* DOOR_COMMAND_LOCKOUT_ON and _OFF. */
void lockout_give(struct door *door, enum door_command command, struct door_output *output);
/* At the end of a step: cancels what may not go on, and tells whether the door is locked out, when that has changed. */
void lockout_watch(struct door *door, enum door_source source, bool was_settled, struct door_output *output);

/* relays.c: what is pressed, and when. */

void relays_release(struct door *door, int64_t now_ms, struct door_output *output); /* ends the pulse, begins the gap */
bool relays_stuck(const struct door *door); /* a line could not be switched off */
/* Makes goal the one whose presses are to come, in the place of any other. Begins the warning, presses nothing. */
void relays_accept(struct door *door, enum door_goal goal, enum door_source source, const struct plan *plan,
		int64_t given_ms, int64_t now_ms, struct door_output *output);
int64_t relays_due_ms(const struct door *door);              /* when a pulse ends, or a press may be made */
bool relays_lapsed(const struct door *door, int64_t now_ms); /* the presses to come are too old */
/* Makes the next press if it is due and still right; cancels the presses to come if not. No other function presses. */
void relays_proceed(struct door *door, int64_t now_ms, struct door_output *output);
/* When time alone next changes more than the position. */
int64_t relays_change_due_ms(const struct door *door);
/* DOOR_INPUT_LINE_FAILED: cancels, switches off, sets the fault and the answer. */
void relays_line_failed(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output);
/* Tries again to switch off the lines that could not be. */
void relays_release_stuck(struct door *door, int64_t now_ms, struct door_output *output);

/* commands.c: what is asked for. */

void commands_auto_close(struct door *door, int64_t now_ms, struct door_output *output); /* acts if it is due */
/* DOOR_INPUT_COMMAND: accepts or refuses it, and sets the answer. */
void commands_give(struct door *door, const struct door_input *input, int64_t now_ms, struct door_output *output);
/* Why a move to this position would be refused now. What is under way is not looked at, nor whether it is there. */
enum door_reason commands_position_refusal(const struct door *door, int percent);
/* Between which positions the door can be sent to one now; 0, 0: to none. What is under way is not looked at. */
void commands_reach(const struct door *door, int *low, int *high);
/* Why the command would be refused now; DOOR_REASON_NONE: it would not. */
enum door_reason commands_refusal(const struct door *door, enum door_command command);

/* view.c: sets which parts of the view differ from what was said last. */

void view_publish(struct door *door, int64_t now_ms, struct door_output *output);

#endif
