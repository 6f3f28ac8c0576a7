#include <errno.h>
#include <string.h>

#include "config/values.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void durations(void)
{
	static const struct {
		const char *text;
		int result;
		int64_t ms;
	} rows[] = {
			{"500ms", 0, 500},
			{"15s", 0, 15000},
			{"5m", 0, 300000},
			{"1h", 0, 3600000},
			{"0s", 0, 0},
			{"007s", 0, 7000},
			{"9223372036854775807ms", 0, INT64_MAX},
			{"9223372036854775808ms", -ERANGE, 0},
			{"9223372036854776s", -ERANGE, 0},
			{"99999999999999999999999999999h", -ERANGE, 0},
			{"", -EINVAL, 0},
			{"15", -EINVAL, 0},
			{"s", -EINVAL, 0},
			{"1.5s", -EINVAL, 0},
			{"-1s", -EINVAL, 0},
			{"+1s", -EINVAL, 0},
			{" 1s", -EINVAL, 0},
			{"1 s", -EINVAL, 0},
			{"1s ", -EINVAL, 0},
			{"1S", -EINVAL, 0},
			{"1m30s", -EINVAL, 0},
			{"1sec", -EINVAL, 0},
			{"1d", -EINVAL, 0},
			{"99999999999999999999999999999", -EINVAL, 0},
	};

	tap_case("a duration is a whole number and its unit");
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ms = -1;
		int result = config_duration_parse(rows[i].text, strlen(rows[i].text), &ms);
		if (!CHECK(result == rows[i].result) || !CHECK(ms == (result == 0 ? rows[i].ms : -1)))
			printf("# \"%s\": %d\n", rows[i].text, result);
	}
	int64_t ms;
	CHECK(config_duration_parse("5s\0h", 4, &ms) == -EINVAL);
	CHECK(config_duration_parse("15s", 2, &ms) == -EINVAL);

	tap_case("a duration is printed in its largest unit and read back");
	static const char *const texts[] = {"0ms", "1ms", "999ms", "1s", "1500ms", "90s", "5m", "61m", "24h"};
	for (size_t i = 0; i < COUNT(texts); i++) {
		char text[CONFIG_DURATION_TEXT_MAX];
		if (CHECK(config_duration_parse(texts[i], strlen(texts[i]), &ms) == 0))
			config_duration_print(ms, text);
		CHECK(strcmp(text, texts[i]) == 0);
	}
}

static void numbers(void)
{
	unsigned number = 7;

	tap_case("a number is digits up to a maximum");
	CHECK(config_number_parse("0", 1, 65535, &number) && number == 0);
	CHECK(config_number_parse("65535", 5, 65535, &number) && number == 65535);
	CHECK(!config_number_parse("65536", 5, 65535, &number));
	CHECK(!config_number_parse("99999999999999999999999999", 26, UINT32_MAX, &number));
	CHECK(!config_number_parse("", 0, 65535, &number));
	CHECK(!config_number_parse("-1", 2, 65535, &number));
	CHECK(!config_number_parse("1 ", 2, 65535, &number));
	CHECK(!config_number_parse("0x1", 3, 65535, &number));
	CHECK(number == 65535);
}

static void gpio_names(void)
{
	static const struct {
		const char *name;
		int number, mistaken;
	} rows[] = {
			{"GPIO0", 0, -1},
			{"GPIO17", 17, -1},
			{"GPIO999", 999, -1},
			{"GPIO1000", -1, -1},
			{"GPIO", -1, -1},
			{"GPIO17x", -1, -1},
			{"gpio17", -1, 17},
			{"Gpio17", -1, 17},
			{"GPIO 17", -1, 17},
			{"GPIO_17", -1, 17},
			{"GPIO-17", -1, 17},
			{"GPIO017", -1, 17},
			{"BCM17", -1, 17},
			{"bcm 4", -1, 4},
			{"ID_SDA", -1, -1},
			{"", -1, -1},
			{"17", -1, -1},
	};

	tap_case("a GPIO's name, and what is written for it by mistake");
	for (size_t i = 0; i < COUNT(rows); i++)
		if (!CHECK(config_gpio_number(rows[i].name) == rows[i].number) ||
				!CHECK(config_gpio_mistaken(rows[i].name) == rows[i].mistaken))
			printf("# \"%s\"\n", rows[i].name);
}

static void slugs(void)
{
	static const struct {
		const char *text, *slug;
	} rows[] = {
			{"Left door", "left_door"},
			{"  Left -- door!  ", "left_door"},
			{"Garage 2", "garage_2"},
			{"Tor Süd", "tor_s_d"},
			{"Гараж", ""},
			{"", ""},
			{"abcdefghijkl", "abcdefg"},
			{"abcdef ghijkl", "abcdef"},
	};

	tap_case("a slug of a name");
	for (size_t i = 0; i < COUNT(rows); i++) {
		char slug[16], small[8];
		bool cut = strlen(rows[i].text) > 10 && rows[i].text[0] == 'a';
		config_slug(rows[i].text, cut ? small : slug, cut ? sizeof(small) : sizeof(slug));
		if (!CHECK(strcmp(cut ? small : slug, rows[i].slug) == 0))
			printf("# \"%s\"\n", rows[i].text);
	}
	char none[1] = {'x'};
	config_slug("abc", none, 1);
	CHECK(none[0] == '\0');
}

static void sets(void)
{
	tap_case("a set of characters");
	CHECK(config_set_holds("a-z0-9_-", "left-door_2", 11));
	CHECK(config_set_holds("a-z0-9_-", "az09", 4));
	CHECK(!config_set_holds("a-z", "`", 1) && !config_set_holds("a-z", "{", 1));
	CHECK(!config_set_holds("a-z0-9_-", "Left", 4));
	CHECK(!config_set_holds("a-z0-9_-", "a b", 3));
	CHECK(!config_set_holds("a-z0-9_-", "a\0b", 3));
	CHECK(!config_set_holds("a-z", "\xc3\xbc", 2));
	CHECK(config_set_holds("a-z", "", 0));
}

static void distances(void)
{
	tap_case("how alike two words are");
	CHECK(config_distance("relay", "relay") == 0);
	CHECK(config_distance("rely", "relay") == 1);
	CHECK(config_distance("realy", "relay") == 1);
	CHECK(config_distance("delay", "relay") == 1);
	CHECK(config_distance("", "relay") == 5);
	CHECK(config_distance("kitten", "sitting") == 3);
	CHECK(config_distance("a word of much more than thirty-two bytes", "relay") >= 32);
}

int main(void)
{
	durations();
	numbers();
	gpio_names();
	slugs();
	sets();
	distances();
	return tap_done();
}
