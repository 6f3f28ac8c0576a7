#include "tls/password.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

/* Made by Python's hashlib.pbkdf2_hmac: an implementation of its own. */
static const struct {
	const char *password, *hash;
} foreign[] = {
		{"password", "$pbkdf2-sha256$1$AAAAAAAAAAAAAAAAAAAAAA$H./hJasT3SwG24ZxHsRI6UkObHMCTX2NZZEmxvn63Wg"},
		{"correct horse battery staple", "$pbkdf2-sha256$1000$AAECAwQFBgcICQoLDA0ODw$"
						 "ppsXnjrdPB4KryJ6DrOqKqhkWrhv7PbKAMF1Eml8cZ4"},
		{"Stra\xc3\x9f"
		 "e",
				"$pbkdf2-sha256$29000$8PHy8/T19vf4.fr7/P3./"
				"w$iDOe6mwNcBNLa0jfirc9j1pfkhw1YAL4M2bBTKuvwFs"},
};

int main(void)
{
	tap_case("hashes that another implementation made");
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		CHECK(tls_password_is_hash(foreign[i].hash));
		CHECK(tls_password_check(foreign[i].hash, foreign[i].password, strlen(foreign[i].password)));
		CHECK(!tls_password_check(foreign[i].hash, "wrong", 5));
	}

	tap_case("what is hashed is recognised, and each time the salt is another");
	char first[TLS_PASSWORD_HASH_MAX], second[TLS_PASSWORD_HASH_MAX];
	CHECK(tls_password_hash("open sesame", 11, first) == 0);
	CHECK(tls_password_hash("open sesame", 11, second) == 0);
	CHECK(strcmp(first, second) != 0);
	CHECK(tls_password_is_hash(first));
	CHECK(tls_password_check(first, "open sesame", 11));
	CHECK(!tls_password_check(first, "open sesamE", 11));
	CHECK(!tls_password_check(first, "open sesame", 10));
	CHECK(!tls_password_check(first, "", 0));

	tap_case("a changed character anywhere makes it wrong or no hash");
	size_t length = strlen(foreign[0].hash);
	for (size_t i = strlen("$pbkdf2-sha256$"); i < length; i++) {
		char changed[TLS_PASSWORD_HASH_MAX];
		memcpy(changed, foreign[0].hash, length + 1);
		changed[i] = changed[i] == '2' ? '3' : '2';
		CHECK(!tls_password_check(changed, foreign[0].password, strlen(foreign[0].password)));
	}

	tap_case("what is cut, too long or too costly is no hash");
	for (size_t i = 0; i < length; i++) {
		char cut[TLS_PASSWORD_HASH_MAX] = "";
		memcpy(cut, foreign[0].hash, i);
		CHECK(!tls_password_is_hash(cut));
	}
	char longer[TLS_PASSWORD_HASH_MAX];
	snprintf(longer, sizeof(longer), "%sA", foreign[0].hash);
	CHECK(!tls_password_is_hash(longer));
	CHECK(!tls_password_is_hash("$pbkdf2-sha256$1000001$AAAAAAAAAAAAAAAAAAAAAA$"
				    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	CHECK(!tls_password_is_hash("$pbkdf2-sha256$99999999999999999999$AAAAAAAAAAAAAAAAAAAAAA$"
				    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	CHECK(!tls_password_is_hash("$pbkdf2-sha256$0$AAAAAAAAAAAAAAAAAAAAAA$"
				    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	CHECK(!tls_password_looks_hashed("$6$salt$hash") && !tls_password_looks_hashed("plain"));
	return tap_done();
}
