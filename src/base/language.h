/*
 * The languages of the page. `languages` in meson.build lists them, the standard one first. No more than their numbers: what
 * they say is in src/http/page/words.
 */
#ifndef PORTCULLIS_BASE_LANGUAGE_H
#define PORTCULLIS_BASE_LANGUAGE_H

/* clang-format off */
enum language {
	LANGUAGE_OF_VIEWER, /* whatever the viewer's browser asks for; where a text is wanted, the standard one */
#define X(tag) LANGUAGE_##tag,
	PORTCULLIS_LANGUAGES
#undef X
	LANGUAGES,
};
/* clang-format on */

#define LANGUAGE_STANDARD 1

#endif
