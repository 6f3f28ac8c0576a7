/*
 * Which language an exchange is in. Pure; no allocation.
 */
#ifndef PORTCULLIS_HTTP_LANGUAGE_H
#define PORTCULLIS_HTTP_LANGUAGE_H

#include "base/language.h"

/*
 * The language that an Accept-Language header (RFC 9110, 12.5.4; "": none was sent) wants most and that the page has. Of a
 * tag only the language counts: de-AT is de. Equal wishes: the first. Never LANGUAGE_OF_VIEWER: without a wish that can be
 * met it is the standard one. What is malformed is passed over.
 */
enum language http_language_choose(const char *accept_language);

const char *http_language_tag(enum language language); /* "de" ...; of LANGUAGE_OF_VIEWER the standard one's */

#endif
