/*
 * The doors of other agents: a section for each agent, which says whether it can be reached, with its doors in it. While
 * render->peer is set, the views of a door speak of that agent's door (render->peer_door).
 */
#include <stdio.h>
#include <string.h>

#include "http/page/render.h"

void page_each_peer_door(
		struct page_render *render, const struct peer_view *peer, void (*put_door)(struct page_render *render))
{
	const struct peer_view *before = render->peer;
	const struct peer_door *first = render->page->peers->doors + peer->first;
	for (const struct peer_door *door = first; door < first + peer->count; door++) {
		render->peer = peer;
		render->peer_door = door;
		render->door = &door->view;
		put_door(render);
	}
	render->peer = before;
}

/* How the last command from here to a peer's door ended. */
void page_put_outcome(struct page_render *render)
{
	static const struct page_message messages[] = {
			[PEER_OUTCOME_NOT_SENT] = {"bad notice", "Not sent.",
					"There is no way to the other agent now: nothing was pressed."},
			[PEER_OUTCOME_SENT] = {"notice", "Sent.", "The other agent has not answered yet."},
			[PEER_OUTCOME_UNANSWERED] = {"bad notice", "No answer.",
					"The other agent was asked and did not answer: look at the door."},
			[PEER_OUTCOME_ACCEPTED] = {"notice", "Asked.", "The door has the command."},
			[PEER_OUTCOME_UNCHANGED] = {"notice", "Nothing to do.", "The door is already as asked for."},
	};
	const struct peer_door *door = render->peer_door;
	if (door->outcome == PEER_OUTCOME_REJECTED)
		page_put_message(render, "bad notice", "Refused.",
				door->reason == DOOR_REASON_NONE ? "The other agent gave no reason that is known here."
								 : door_reason_text(door->reason));
	else if (door->outcome != PEER_OUTCOME_NONE)
		page_put_message(render, messages[door->outcome].kind, messages[door->outcome].title,
				messages[door->outcome].text);
}

static void peer_door_put(struct page_render *render)
{
	page_put_template(render, page_template_door);
}

void page_field_peers(struct page_render *render)
{
	const struct peers_view *peers = render->page->peers;
	for (size_t i = 0; peers && i < peers->count; i++) {
		render->peer = &peers->peers[i];
		page_put_template(render, page_template_peer);
	}
	render->peer = NULL;
	if (peers && peers->left_out > 0) {
		char text[160];
		snprintf(text, sizeof(text),
				"There is room for %d; %s%zu more tell%s of doors. Name those that matter.", PEERS_MAX,
				peers->left_out == PEERS_MAX ? "at least " : "", peers->left_out,
				peers->left_out == 1 ? "s" : "");
		page_put_message(render, "", "Agents are left out.", text);
	}
}

void page_field_peer(struct page_render *render)
{
	page_put_escaped(render, render->peer->node);
}

void page_field_peer_look(struct page_render *render)
{
	page_put_escaped(render, render->peer->availability == PEER_ONLINE    ? "connected"
				 : render->peer->availability == PEER_OFFLINE ? "disconnected"
									      : "connecting");
}

void page_field_peer_text(struct page_render *render)
{
	const struct peer_view *peer = render->peer;
	bool connected = strcmp(render->page->node->broker, "connected") == 0;
	if (peer->availability == PEER_UNKNOWN)
		page_put_format(render, connected ? "Nothing has been heard of it."
						  : "Not known: this agent is not connected to the broker.");
	else if (peer->availability == PEER_ONLINE)
		page_put_format(render, "Reachable");
	else if (peer->since_unix_ms == 0)
		page_put_format(render, "Not reachable");
	else
		page_put_template(render, page_template_gone);
}

void page_field_peer_message(struct page_render *render)
{
	const struct peer_view *peer = render->peer;
	char text[80];
	if (!peer->understood)
		page_put_message(render, "bad", "Not understood.",
				"What it told last of its doors makes no sense here: is it a newer version? What is shown was told before.");
	else if (!peer->told && peer->availability == PEER_ONLINE)
		page_put_message(render, "", "No doors.", "It reports no doors: is it an older version?");
	if (peer->left_out == 0)
		return;
	snprintf(text, sizeof(text), "There is room for %d doors of other agents.", PEERS_DOORS_MAX);
	page_put_message(render, "", peer->left_out == 1 ? "One door is left out." : "More doors are left out.", text);
}

void page_field_peer_doors(struct page_render *render)
{
	page_each_peer_door(render, render->peer, peer_door_put);
}

void page_field_peer_since(struct page_render *render)
{
	page_put_time(render, render->peer->since_unix_ms);
}
