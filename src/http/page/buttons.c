/*
 * The buttons: what a person can ask of a door now. A button that would be refused is there, disabled, with the reason in
 * a few words. The two taps of a command are the template's (ask.html); Stop takes one. Pokes at the simulator are here,
 * too.
 */
#include "http/page/render.h"

static void button_put(struct page_render *render, const struct page_button *button)
{
	render->button = button;
	if (button->refusal)
		page_put_template(render, page_template_refused);
	else if (button->command == DOOR_COMMAND_STOP)
		page_put_template(render, page_template_stop);
	else if (button->command == DOOR_COMMAND_POSITION)
		page_put_template(render, page_template_vent);
	else
		page_put_template(render, page_template_ask);
}

/* A door_reason in as few words as a button has room for. */
static enum page_word button_refusal_word(enum door_reason reason)
{
	switch (reason) {
	case DOOR_REASON_NONE:
		return WORD_NONE;
	case DOOR_REASON_UNKNOWN_STATE:
		return WORD_OFF_EITHER_WAY;
	case DOOR_REASON_OBSTRUCTED:
		return WORD_OBSTRUCTED;
	case DOOR_REASON_SENSOR_CONFLICT:
		return WORD_OFF_SENSORS_DISAGREE;
	case DOOR_REASON_NO_STOP:
		return WORD_OFF_NO_STOP;
	case DOOR_REASON_RELAY_FAILED:
		return WORD_OFF_RELAY_FAILS;
	case DOOR_REASON_STOPPING:
		return WORD_OFF_STOPPING;
	case DOOR_REASON_UNCERTAIN:
		return WORD_OFF_UNCERTAIN;
	case DOOR_REASON_LOCKED_OUT:
		return WORD_LOCKED_OUT;
	default:
		return WORD_OFF_NO_WAY;
	}
}

/* A press that is under way refuses the next position, too, until the door is there. */
static enum page_word vent_refusal_word(const struct door_view *door)
{
	if (door->warning)
		return WORD_OFF_ABOUT_TO_CLOSE;
	if (door->state == DOOR_OPENING)
		return WORD_OFF_OPENING;
	if (door->state == DOOR_CLOSING)
		return WORD_OFF_CLOSING;
	if (door->state == DOOR_STOPPED && door->position == door->vent)
		return WORD_OFF_THERE;
	return button_refusal_word(door->vent_refusal);
}

void page_field_buttons(struct page_render *render)
{
	const struct door_view *door = render->door;
	/* Where nothing is seen, a person who sees more than the agent can still press the button. */
	bool unseen = door->state == DOOR_UNKNOWN ||
		      (door->confidence == DOOR_CONFIDENCE_ESTIMATED &&
				      (door->state == DOOR_OPEN || door->state == DOOR_CLOSED));
	struct page_button buttons[] = {
			{DOOR_COMMAND_OPEN, WORD_DO_OPEN, WORD_AGAIN_OPEN,
					door->state == DOOR_OPEN      ? WORD_OFF_OPEN
					: door->state == DOOR_OPENING ? WORD_OFF_OPENING
								      : WORD_NONE},
			{DOOR_COMMAND_STOP, WORD_DO_STOP, WORD_NONE,
					page_door_moves(door) || door->state == DOOR_UNKNOWN ? WORD_NONE
											     : WORD_OFF_RESTING},
			{DOOR_COMMAND_CLOSE, WORD_DO_CLOSE, WORD_AGAIN_CLOSE,
					door->state == DOOR_CLOSED    ? WORD_OFF_CLOSED
					: door->state == DOOR_CLOSING ? WORD_OFF_CLOSING
					: door->warning               ? WORD_OFF_ABOUT_TO_CLOSE
					: door->obstruction_sensor    ? WORD_OBSTRUCTED
								      : WORD_NONE},
			{DOOR_COMMAND_POSITION, WORD_DO_VENT, WORD_AGAIN_VENT, vent_refusal_word(door)},
			{DOOR_COMMAND_TOGGLE, WORD_DO_TOGGLE, WORD_AGAIN_TOGGLE, WORD_NONE},
	};
	for (size_t i = 0; i < sizeof(buttons) / sizeof(buttons[0]); i++) {
		if (buttons[i].command == DOOR_COMMAND_STOP && !door->has_stop)
			continue;
		if (buttons[i].command == DOOR_COMMAND_TOGGLE && !unseen && !render->wirings)
			continue;
		/* Relays for each way press no button that does the next thing. */
		if (buttons[i].command == DOOR_COMMAND_TOGGLE && !door->toggles)
			continue;
		if (buttons[i].command == DOOR_COMMAND_POSITION && (door->vent == 0 || render->wirings))
			continue;
		if (!buttons[i].refusal && buttons[i].command < DOOR_COMMANDS)
			buttons[i].refusal = button_refusal_word(door->refusals[buttons[i].command]);
		/* While a door is being wired, what the agent believes may be wrong: the command itself says so. */
		if (render->wirings)
			buttons[i].refusal = WORD_NONE;
		if (!door->settled)
			buttons[i].refusal = WORD_OFF_SETTLING;
		if (render->peer && !render->peer->understood)
			buttons[i].refusal = WORD_OFF_UNCLEAR;
		if (page_is_away(render))
			buttons[i].refusal = WORD_OFF_AWAY;
		if (render->page->read_only)
			buttons[i].refusal = WORD_OFF_READ_ONLY;
		button_put(render, &buttons[i]);
	}
}

void page_field_command(struct page_render *render)
{
	page_put_escaped(render, door_command_name(render->button->command));
}

void page_field_label(struct page_render *render)
{
	page_put_word(render, render->button->label);
}

void page_field_again(struct page_render *render)
{
	page_put_word(render, render->button->again);
}

void page_field_refusal(struct page_render *render)
{
	page_put_word(render, render->button->refusal);
}

void page_field_from(struct page_render *render)
{
	bool setup = render->wirings || (render->login && render->login->setup);
	page_put_escaped(render, setup ? "?setup" : "");
}

void page_field_vent(struct page_render *render)
{
	page_put_format(render, "%d", render->door->vent);
}

/* Only where there is a position to which the door can be sent from where it is. */
void page_field_slider(struct page_render *render)
{
	const struct door_view *door = render->door;
	bool away = page_is_away(render) || (render->peer && !render->peer->understood);
	if (!render->page->read_only && !away && !render->wirings && door->reach_low > 0 && !door->warning)
		page_put_template(render, page_template_slider);
}

void page_field_reach_low(struct page_render *render)
{
	page_put_format(render, "%d", render->door->reach_low);
}

void page_field_reach_high(struct page_render *render)
{
	page_put_format(render, "%d", render->door->reach_high);
}

/* What is nearest to where it is. */
void page_field_reach_now(struct page_render *render)
{
	const struct door_view *door = render->door;
	int now = door->position < door->reach_low ? door->reach_low : door->position;
	page_put_format(render, "%d", now > door->reach_high ? door->reach_high : now);
}

static void peer_stop_put(struct page_render *render)
{
	if (page_is_away(render) || !page_door_moves(render->door) || !render->door->has_stop)
		return;
	render->named = true;
	page_put_template(render, page_template_stop);
	render->named = false;
}

/* Setting it takes one tap, lifting it two. What the key switch has set, no button lifts. */
void page_field_lock(struct page_render *render)
{
	if (!render->page->read_only && !render->peer)
		page_put_template(render, render->door->lockout_remote ? page_template_lift : page_template_lock);
}

void page_field_lock_all(struct page_render *render)
{
	const struct http_page *page = render->page;
	size_t locked = 0;
	for (size_t i = 0; i < page->door_count; i++)
		locked += page->doors[i].lockout_remote;
	if (page->read_only || page->door_count < 2)
		return;
	if (locked < page->door_count)
		page_put_template(render, page_template_lock_all);
	if (locked > 0)
		page_put_template(render, page_template_lift_all);
}

/* At hand wherever the page is scrolled to. */
void page_field_stops(struct page_render *render)
{
	const struct http_page *page = render->page;
	for (size_t i = 0; i < page->door_count && !page->read_only; i++) {
		render->door = &page->doors[i];
		render->named = true;
		if (page_door_moves(render->door) && render->door->has_stop &&
				render->door->refusals[DOOR_COMMAND_STOP] == DOOR_REASON_NONE)
			page_put_template(render, page_template_stop);
		render->named = false;
	}
	for (size_t i = 0; page->peers && i < page->peers->count && !page->read_only; i++)
		page_each_peer_door(render, &page->peers->peers[i], peer_stop_put);
}

void page_field_stop_name(struct page_render *render)
{
	page_put_escaped(render, render->named ? "named" : "unseen");
}

void page_field_simulator(struct page_render *render)
{
	if (render->page->node->simulated && !render->page->read_only && !render->peer)
		page_put_template(render, page_template_simulator);
}

void page_field_pokes(struct page_render *render)
{
	static const struct page_poke pokes[] = {{"wall_button", WORD_POKE_WALL_BUTTON},
			{"obstruct", WORD_POKE_OBSTRUCT}, {"clear", WORD_POKE_CLEAR}, {"lock", WORD_POKE_LOCK},
			{"unlock", WORD_POKE_UNLOCK}, {"jam", WORD_POKE_JAM}, {"unjam", WORD_POKE_UNJAM}};
	for (size_t i = 0; i < sizeof(pokes) / sizeof(pokes[0]); i++) {
		render->poke = &pokes[i];
		page_put_template(render, page_template_poke);
	}
}

void page_field_poke(struct page_render *render)
{
	page_put_escaped(render, render->poke->name);
}

void page_field_poke_label(struct page_render *render)
{
	page_put_word(render, render->poke->label);
}
