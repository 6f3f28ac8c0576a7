/* Which language a viewer gets, by Accept-Language. */
#include "http/language.h"

#include <string.h>

#include "tap.h"

int main(void)
{
	static const struct {
		const char *header, *tag;
	} table[] = {
			{"", "en"},
			{"de", "de"},
			{"DE", "de"},
			{"de-AT", "de"},
			{"de-CH-1996,de;q=0.9", "de"},
			{"fr-CA,fr;q=0.9,en;q=0.8", "fr"},
			{"en-US,en;q=0.9,de;q=0.8", "en"},
			{"nl, es;q=0.7", "nl"},
			{"es;q=0.7, nl", "nl"},
			{"it;q=0.2,es;q=0.21", "es"},
			{"it;q=0.201,es;q=0.2", "it"},
			{"it;q=0.9,es;q=0.9", "it"},
			{"it ; q=0.1 , es ; q=0.2\t", "es"},
			{"it;Q=0.1,es;Q=0.2", "es"},
			{"pl,cs;q=0.9", "en"},
			{"pl,cs;q=0.9,it;q=0.1", "it"},
			{"pl,*;q=0.5,it;q=0.1", "en"},
			{"*", "en"},
			{"de;q=0", "en"},
			{"de;q=0,fr;q=0.001", "fr"},
			{"de;q=1.000", "de"},
			{",,, ,de,", "de"},
			/* Malformed parts are passed over, the others count. */
			{"de;q=1.5,fr;q=0.1", "fr"},
			{"de;q=0.1234,fr;q=0.001", "fr"},
			{"de;q=,fr;q=0.1", "fr"},
			{"de;q=.9,fr;q=0.1", "fr"},
			{"de;level=1,fr;q=0.1", "fr"},
			{"de;q=1;q=1,fr;q=0.1", "fr"},
			{"de de,fr;q=0.1", "fr"},
			{"de;q=-1,fr;q=0.1", "fr"},
			{"deu,d,dee;q=0.3,\xff,fr;q=0.1", "fr"},
			{"de;", "en"},
			{"de;q=0.", "en"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("\"%s\": %s", table[i].header, table[i].tag);
		enum language language = http_language_choose(table[i].header);
		CHECK(language > LANGUAGE_OF_VIEWER && language < LANGUAGES);
		CHECK(strcmp(http_language_tag(language), table[i].tag) == 0);
	}
	tap_case("without a choice it is the standard one");
	CHECK(strcmp(http_language_tag(LANGUAGE_OF_VIEWER), http_language_tag(LANGUAGE_STANDARD)) == 0);
	return tap_done();
}
