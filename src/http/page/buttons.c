/*
 * The buttons: what a person can ask of a door now. A button that would be refused is there, disabled, with the reason in
 * a few words. The two taps of a command are the template's (ask.html); Stop takes one. Pokes at the simulator are here,
 * too.
 */
#include <string.h>

#include "http/page/render.h"

static void button_put(struct page_render *render, const struct page_button *button)
{
	render->button = button;
	if (button->refusal)
		page_put_template(render, page_template_refused);
	else if (button->command == DOOR_COMMAND_STOP)
		page_put_template(render, page_template_stop);
	else
		page_put_template(render, page_template_ask);
}

/* A door_reason in as few words as a button has room for. */
static const char *button_refusal_text(enum door_reason reason)
{
	switch (reason) {
	case DOOR_REASON_NONE:
		return NULL;
	case DOOR_REASON_UNKNOWN_STATE:
		return "It could go either way.";
	case DOOR_REASON_OBSTRUCTED:
		return "Something is in the way.";
	case DOOR_REASON_SENSOR_CONFLICT:
		return "The sensors disagree.";
	case DOOR_REASON_NO_STOP:
		return "Not on this way.";
	case DOOR_REASON_RELAY_FAILED:
		return "The relay fails.";
	case DOOR_REASON_STOPPING:
		return "The agent ends.";
	case DOOR_REASON_UNCERTAIN:
		return "Not sure where it is.";
	case DOOR_REASON_LOCKED_OUT:
		return "Locked out.";
	default:
		return "The opener cannot.";
	}
}

void page_field_buttons(struct page_render *render)
{
	const struct door_view *door = render->door;
	/* Where nothing is seen, a person who sees more than the agent can still press the button. */
	bool unseen = door->state == DOOR_UNKNOWN ||
		      (door->confidence == DOOR_CONFIDENCE_ESTIMATED &&
				      (door->state == DOOR_OPEN || door->state == DOOR_CLOSED));
	struct page_button buttons[] = {
			{DOOR_COMMAND_OPEN, "Open", "open",
					door->state == DOOR_OPEN      ? "It is open."
					: door->state == DOOR_OPENING ? "It is opening."
								      : NULL},
			{DOOR_COMMAND_STOP, "Stop", "",
					page_door_moves(door) || door->state == DOOR_UNKNOWN ? NULL : "It is at rest."},
			{DOOR_COMMAND_CLOSE, "Close", "close",
					door->state == DOOR_CLOSED    ? "It is closed."
					: door->state == DOOR_CLOSING ? "It is closing."
					: door->warning               ? "It is about to close."
					: door->obstruction_sensor    ? "Something is in the way."
								      : NULL},
			{DOOR_COMMAND_TOGGLE, "Press the opener\u2019s button", "press the button of", NULL},
	};
	for (size_t i = 0; i < sizeof(buttons) / sizeof(buttons[0]); i++) {
		if (buttons[i].command == DOOR_COMMAND_STOP && !door->has_stop)
			continue;
		if (buttons[i].command == DOOR_COMMAND_TOGGLE && !unseen && !render->wirings)
			continue;
		/* Relays for each way press no button that does the next thing. Of a peer's wiring nothing is known. */
		if (buttons[i].command == DOOR_COMMAND_TOGGLE && !render->peer && !door->toggles)
			continue;
		if (!buttons[i].refusal)
			buttons[i].refusal = button_refusal_text(door->refusals[buttons[i].command]);
		/* While a door is being wired, what the agent believes may be wrong: the command itself says so. */
		if (render->wirings)
			buttons[i].refusal = NULL;
		if (!door->settled)
			buttons[i].refusal = "The sensors settle.";
		if (render->peer && !render->peer->understood)
			buttons[i].refusal = "Unclear.";
		if (page_is_away(render))
			buttons[i].refusal = "Not reachable.";
		if (render->page->read_only)
			buttons[i].refusal = "Read-only.";
		button_put(render, &buttons[i]);
	}
}

void page_field_command(struct page_render *render)
{
	page_put_escaped(render, door_command_name(render->button->command));
}

void page_field_label(struct page_render *render)
{
	page_put_escaped(render, render->button->label);
}

void page_field_again(struct page_render *render)
{
	page_put_escaped(render, render->button->again);
}

void page_field_refusal(struct page_render *render)
{
	page_put_escaped(render, render->button->refusal);
}

void page_field_from(struct page_render *render)
{
	bool setup = render->wirings || (render->login && render->login->setup);
	page_put_escaped(render, setup ? "?setup" : "");
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
	static const struct page_poke pokes[] = {{"wall_button", "Wall button"}, {"obstruct", "Obstruct"},
			{"clear", "Clear the way"}, {"lock", "Turn the key switch"}, {"unlock", "Turn it back"},
			{"jam", "Jam"}, {"unjam", "Unjam"}};
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
	page_put_escaped(render, render->poke->label);
}
