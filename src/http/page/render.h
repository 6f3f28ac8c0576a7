/*
 * What the views of the page share. A view is one file here; the templates are NAME.html. embed.py cuts each into pieces
 * of text. Each piece names what follows it: a word of words/LANGUAGE.txt ([[settling]] is WORD_SETTLING), or a function
 * that writes a field ({{state_text}} is page_field_state_text). A view defines that function; without it, the program
 * does not link. Words have fields, too: {name}.
 *
 * Private to src/http/page.
 */
#ifndef PORTCULLIS_HTTP_PAGE_RENDER_H
#define PORTCULLIS_HTTP_PAGE_RENDER_H

#include "http/page.h"
#include "page_data.h"

struct page_button {
	enum door_command command;
	enum page_word label;
	enum page_word again;   /* what the second tap does, for those who hear the page */
	enum page_word refusal; /* why it makes no sense now; WORD_NONE: it does */
};

struct page_poke {
	const char *name;
	enum page_word label;
};

struct page_message {
	const char *kind;
	enum page_word title, text;
	const char *said; /* instead of text: from outside, in English; or NULL */
};

/* What the fields are about while they are written. Everything is borrowed except body. */
struct page_render {
	enum language language;
	const struct http_page *page;
	const struct door_view *door;
	const struct peer_view *peer; /* NULL: the door is our own */
	const struct peer_door *peer_door;
	const struct page_button *button;
	const struct page_poke *poke;
	bool named; /* the door's name stands on its button */
	struct page_message message;
	int64_t time_ms; /* wall clock */
	int64_t duration_ms;
	uint64_t count; /* of what a word counts */
	size_t room;    /* for how many agents, or doors of them */
	const struct door_record *record;
	const struct http_wiring *wirings; /* NULL: it is not the Set-up view */
	const struct http_line *line;
	const char *root;                   /* of a page that stands alone: http_exchange_root's */
	const struct http_login *login;     /* NULL: it is not the login page */
	const struct http_refusal *refusal; /* NULL: nobody is refused */
	struct http_body *body;
	size_t size; /* bytes that body has room for */
	bool failed; /* body takes nothing more */
};

/*
 * page_put writes text as it is. page_put_escaped escapes all that means something in HTML: it is for text from outside.
 * page_put_format escapes, too, and cuts after 511 bytes.
 */
void page_put(struct page_render *render, const char *text, size_t length);
void page_put_escaped(struct page_render *render, const char *text);
__attribute__((format(printf, 2, 3))) void page_put_format(struct page_render *render, const char *format, ...);

/* A word in the language of the render, with its fields. */
void page_put_word(struct page_render *render, enum page_word word);

void page_put_template(struct page_render *render, const struct page_piece *pieces);
void page_put_message(struct page_render *render, const char *kind, enum page_word title, enum page_word text);
void page_put_said(struct page_render *render, const char *said); /* English, from outside */
void page_put_time(struct page_render *render, int64_t unix_ms);
void page_put_outcome(struct page_render *render); /* how the last command to a peer's door ended */

/* A render for page, with everything else unset. */
struct page_render page_rendering(const struct http_page *page);
/* Writes the pieces as a whole document: one reference for the caller; NULL when memory is short or the document would
 * be longer than HTTP_PAGE_MAX. */
struct http_body *page_render_all(struct page_render render, const struct page_piece *pieces);

/* Calls put_door with render->door and render->peer_door set to each door of peer in turn. */
void page_each_peer_door(
		struct page_render *render, const struct peer_view *peer, void (*put_door)(struct page_render *render));

bool page_door_moves(const struct door_view *door);  /* it moves, or is about to */
bool page_is_away(const struct page_render *render); /* the door's agent is another one, and cannot be reached */

/* What a state and a reason are called; what is wrong, and what to do. */
enum page_word page_state_word(enum door_state state);
enum page_word page_reason_word(enum door_reason reason);
struct page_fault_words {
	enum page_word title, text;
};
struct page_fault_words page_fault_words(enum door_fault fault);

#endif
