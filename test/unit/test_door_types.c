#include "door/types.h"

#include <string.h>

#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void commands(void)
{
	static const struct {
		const char *text;
		size_t length;
		bool good;
		enum door_command command;
	} rows[] = {
#define TEXT(literal) literal, sizeof(literal) - 1
			{TEXT("OPEN"), true, DOOR_COMMAND_OPEN},
			{TEXT("close"), true, DOOR_COMMAND_CLOSE},
			{TEXT("StOp"), true, DOOR_COMMAND_STOP},
			{TEXT("Toggle"), true, DOOR_COMMAND_TOGGLE},
			{TEXT("OPEN\n"), true, DOOR_COMMAND_OPEN},
			{TEXT(" \t\r\n\v\fCLOSE \t\r\n\v\f"), true, DOOR_COMMAND_CLOSE},
			{"OPENING", 4, true, DOOR_COMMAND_OPEN}, /* not terminated */
			{TEXT(""), false, 0},
			{TEXT("   "), false, 0},
			{TEXT("OPE"), false, 0},
			{TEXT("OPENED"), false, 0},
			{TEXT("OPEN CLOSE"), false, 0},
			{TEXT("\"OPEN\""), false, 0},
			{TEXT("OPEN\0"), false, 0},
			{TEXT("OP\0N"), false, 0},
			{TEXT("\xc2\xa0OPEN"), false, 0},
			{TEXT("lock"), false, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		enum door_command command = (enum door_command)99;
		tap_case("command from %zu bytes \"%.*s\": %s", rows[i].length,
				(int)strcspn(rows[i].text, "\r\n\t\v\f"), rows[i].text,
				rows[i].good ? door_command_name(rows[i].command) : "none");
		CHECK(door_command_parse(rows[i].text, rows[i].length, &command) == rows[i].good);
		CHECK(command == (rows[i].good ? rows[i].command : (enum door_command)99));
	}
}

/* Every member of an enum has a name of its own, in the letters of a topic. */
#define NAMES(kind, last)                                                                           \
	do {                                                                                        \
		const char *names[(last) + 1];                                                      \
		tap_case("each door_" #kind " has a name of its own");                              \
		for (int i = 0; i <= (int)(last); i++) {                                            \
			names[i] = door_##kind##_name((enum door_##kind)i);                         \
			CHECK(names[i] != NULL && names[i][0] != '\0');                             \
			CHECK(strspn(names[i], "abcdefghijklmnopqrstuvwxyz_") == strlen(names[i])); \
			for (int j = 0; j < i; j++)                                                 \
				CHECK(strcmp(names[i], names[j]) != 0);                             \
		}                                                                                   \
	} while (0)

int main(void)
{
	commands();
	NAMES(state, DOOR_STOPPED);
	NAMES(confidence, DOOR_CONFIDENCE_SENSED);
	NAMES(fault, DOOR_FAULT_LAST);
	NAMES(source, DOOR_SOURCE_AUTO_CLOSE);
	NAMES(command, DOOR_COMMAND_TOGGLE);
	NAMES(result, DOOR_RESULT_REJECTED);
	NAMES(reason, DOOR_REASON_LAST);
	NAMES(news, DOOR_NEWS_CLOCK_SET);

	tap_case("each state and each result has its news");
	for (int i = DOOR_UNKNOWN; i <= DOOR_STOPPED; i++) {
		static const enum door_news news[] = {
				[DOOR_UNKNOWN] = DOOR_NEWS_STATE_UNKNOWN,
				[DOOR_OPEN] = DOOR_NEWS_OPENED,
				[DOOR_OPENING] = DOOR_NEWS_OPENING,
				[DOOR_CLOSED] = DOOR_NEWS_CLOSED,
				[DOOR_CLOSING] = DOOR_NEWS_CLOSING,
				[DOOR_STOPPED] = DOOR_NEWS_STOPPED,
		};
		CHECK(door_news_of_state((enum door_state)i) == news[i]);
	}
	CHECK(door_news_of_result(DOOR_RESULT_ACCEPTED) == DOOR_NEWS_COMMAND_ACCEPTED);
	CHECK(door_news_of_result(DOOR_RESULT_UNCHANGED) == DOOR_NEWS_COMMAND_UNCHANGED);
	CHECK(door_news_of_result(DOOR_RESULT_REJECTED) == DOOR_NEWS_COMMAND_REJECTED);

	tap_case("each reason but none has a sentence for people");
	CHECK(door_reason_text(DOOR_REASON_NONE)[0] == '\0');
	for (int i = DOOR_REASON_NONE + 1; i <= DOOR_REASON_LAST; i++) {
		const char *text = door_reason_text((enum door_reason)i);
		CHECK(strlen(text) > 10 && text[strlen(text) - 1] == '.');
	}
	return tap_done();
}
