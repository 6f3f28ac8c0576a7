/*
 * The doors of other agents: a section for each agent, which says whether it can be reached, with its doors in it. While
 * render->peer is set, the views of a door speak of that agent's door (render->peer_door).
 */
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
			[PEER_OUTCOME_NOT_SENT] = {"bad notice", WORD_NOT_SENT, WORD_NOT_SENT_TEXT, NULL},
			[PEER_OUTCOME_SENT] = {"notice", WORD_SENT, WORD_SENT_TEXT, NULL},
			[PEER_OUTCOME_UNANSWERED] = {"bad notice", WORD_UNANSWERED, WORD_UNANSWERED_TEXT, NULL},
			[PEER_OUTCOME_ACCEPTED] = {"notice", WORD_ASKED, WORD_ASKED_TEXT, NULL},
			[PEER_OUTCOME_UNCHANGED] = {"notice", WORD_NOTHING_TO_DO, WORD_NOTHING_TO_DO_TEXT, NULL},
	};
	const struct peer_door *door = render->peer_door;
	if (door->outcome == PEER_OUTCOME_REJECTED)
		page_put_message(render, "bad notice", WORD_REFUSED,
				door->reason == DOOR_REASON_NONE ? WORD_NO_KNOWN_REASON
								 : page_reason_word(door->reason));
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
		render->room = PEERS_MAX;
		render->count = peers->left_out;
		page_put_message(render, "", WORD_AGENTS_LEFT_OUT,
				peers->left_out == PEERS_MAX ? WORD_AGENTS_LEFT_OUT_AT_LEAST
				: peers->left_out == 1       ? WORD_AGENTS_LEFT_OUT_TEXT_ONE
							     : WORD_AGENTS_LEFT_OUT_TEXT_OTHER);
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
		page_put_word(render, connected ? WORD_NEVER_HEARD : WORD_NOT_KNOWN);
	else if (peer->availability == PEER_ONLINE)
		page_put_word(render, WORD_REACHABLE);
	else
		page_put_word(render, peer->since_unix_ms == 0 ? WORD_NOT_REACHABLE : WORD_NOT_REACHABLE_SINCE);
}

void page_field_peer_message(struct page_render *render)
{
	const struct peer_view *peer = render->peer;
	if (!peer->understood)
		page_put_message(render, "bad", WORD_NOT_UNDERSTOOD, WORD_NOT_UNDERSTOOD_TEXT);
	else if (!peer->told && peer->availability == PEER_ONLINE)
		page_put_message(render, "", WORD_NO_DOORS, WORD_NO_DOORS_TEXT);
	if (peer->left_out == 0)
		return;
	render->room = PEERS_DOORS_MAX;
	page_put_message(render, "", peer->left_out == 1 ? WORD_DOORS_LEFT_OUT_ONE : WORD_DOORS_LEFT_OUT_OTHER,
			WORD_DOORS_LEFT_OUT_TEXT);
}

void page_field_peer_doors(struct page_render *render)
{
	page_each_peer_door(render, render->peer, peer_door_put);
}

void page_field_peer_since(struct page_render *render)
{
	page_put_time(render, render->peer->since_unix_ms);
}

void page_field_room(struct page_render *render)
{
	page_put_format(render, "%zu", render->room);
}
