#include "door/types.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

static void test_lockout_parse(void)
{
	enum door_command command = DOOR_COMMAND_OPEN;
	tap_case("a lock-out is ON and OFF, and no command; a command is no lock-out");
	CHECK(door_lockout_parse(" on\n", 4, &command) && command == DOOR_COMMAND_LOCKOUT_ON);
	CHECK(door_lockout_parse("OFF", 3, &command) && command == DOOR_COMMAND_LOCKOUT_OFF);
	CHECK(!door_lockout_parse("OPEN", 4, &command) && !door_lockout_parse("", 0, &command));
	CHECK(!door_lockout_parse("O", 1, &command) && !door_lockout_parse("lockout_on", 10, &command));
	CHECK(!door_command_parse("ON", 2, &command) && !door_command_parse("lockout_on", 10, &command));
}

static void test_answer_of_all(void)
{
	const struct door_answer unchanged = {.result = DOOR_RESULT_UNCHANGED},
				 accepted = {.result = DOOR_RESULT_ACCEPTED},
				 refused = {DOOR_RESULT_REJECTED, DOOR_REASON_STALE},
				 locked = {DOOR_RESULT_REJECTED, DOOR_REASON_LOCKED_OUT};
	tap_case("an answer for all doors: a refusal stands, else it is accepted where one is");
	CHECK(door_answer_of_all(unchanged, unchanged).result == DOOR_RESULT_UNCHANGED);
	CHECK(door_answer_of_all(unchanged, accepted).result == DOOR_RESULT_ACCEPTED);
	CHECK(door_answer_of_all(accepted, unchanged).result == DOOR_RESULT_ACCEPTED);
	CHECK(door_answer_of_all(accepted, refused).reason == DOOR_REASON_STALE);
	CHECK(door_answer_of_all(refused, accepted).reason == DOOR_REASON_STALE);
	CHECK(door_answer_of_all(refused, locked).reason == DOOR_REASON_STALE);
}

static void parse_positions(void)
{
	static const struct {
		const char *text;
		int percent; /* -1: none; 0 and 100: CLOSE and OPEN */
	} rows[] = {{"0", 0}, {"000", 0}, {"1", 1}, {" 15\n", 15}, {"099", 99}, {"100", 100}, {"101", -1}, {"999", -1},
			{"-1", -1}, {"1.5", -1}, {"", -1}, {" ", -1}, {"0015", -1}, {"1 5", -1}, {"+5", -1},
			{"0x1", -1}, {"15%", -1}, {"open", -1}, {":", -1}, {"a", -1}, {"/", -1}};

	tap_case("a position is a whole number of 0 to 100");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum door_command command = DOOR_COMMAND_STOP, wanted = DOOR_COMMAND_POSITION;
		int percent = 77;
		bool good = door_position_parse(rows[i].text, strlen(rows[i].text), &command, &percent);
		CHECK(good == (rows[i].percent >= 0));
		if (rows[i].percent == 0 || rows[i].percent == 100)
			wanted = rows[i].percent == 0 ? DOOR_COMMAND_CLOSE : DOOR_COMMAND_OPEN;
		CHECK(command == (good ? wanted : DOOR_COMMAND_STOP));
		CHECK(percent == (good && command == DOOR_COMMAND_POSITION ? rows[i].percent : 77));
	}
}

/* A payload is not terminated: nothing is read before or behind it, which lies between pages that cannot be. */
static void at_the_edge(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum door_command command = DOOR_COMMAND_OPEN;

	tap_case("nothing is read before or behind a command");
	CHECK(pages != MAP_FAILED && mprotect(pages + page, page, PROT_READ | PROT_WRITE) == 0);
	memset(pages + page, ' ', page);
	CHECK(!door_command_parse(pages + 2 * page - 3, 3, &command) &&
			!door_command_parse(pages + 2 * page, 0, &command));
	CHECK(!door_command_parse(pages + page, 1, &command) && !door_command_parse(pages + page, 0, &command));
	munmap(pages, 3 * page);
}

static void refusal_texts(void)
{
	const struct door_view far = {.has_reach = true}, near = {.has_reach = false};

	tap_case("what is no command is told with positions for a door that can be sent to one, and without for others");
	CHECK(strstr(door_refusal_text(&far, DOOR_REASON_UNKNOWN_COMMAND), "0 to 100") != NULL);
	CHECK(strstr(door_refusal_text(&near, DOOR_REASON_UNKNOWN_COMMAND), "0 to 100") == NULL);
	for (int i = DOOR_REASON_NONE; i <= DOOR_REASON_LAST; i++) {
		enum door_reason reason = (enum door_reason)i;
		if (reason != DOOR_REASON_UNKNOWN_COMMAND)
			CHECK(strcmp(door_refusal_text(&far, reason), door_reason_text(reason)) == 0);
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
	test_lockout_parse();
	test_answer_of_all();
	commands();
	parse_positions();
	at_the_edge();
	refusal_texts();
	NAMES(state, DOOR_STOPPED);
	NAMES(confidence, DOOR_CONFIDENCE_SENSED);
	NAMES(fault, DOOR_FAULT_LAST);
	NAMES(source, DOOR_SOURCE_AUTO_CLOSE);
	NAMES(command, DOOR_COMMAND_LAST);
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

	tap_case("what became of a command to another agent's door, and whether that agent is there, by their words");
	static const char *const outcomes[] = {
			"none", "not_sent", "sent", "unanswered", "accepted", "unchanged", "rejected"};
	for (int i = PEER_OUTCOME_NONE; i <= PEER_OUTCOME_REJECTED; i++)
		CHECK(strcmp(peer_outcome_name((enum peer_outcome)i), outcomes[i]) == 0);
	CHECK(strcmp(peer_availability_name(PEER_UNKNOWN), "unknown") == 0);
	CHECK(strcmp(peer_availability_name(PEER_ONLINE), "online") == 0);
	CHECK(strcmp(peer_availability_name(PEER_OFFLINE), "offline") == 0);

	tap_case("each reason but none has a sentence for people");
	CHECK(door_reason_text(DOOR_REASON_NONE)[0] == '\0');
	for (int i = DOOR_REASON_NONE + 1; i <= DOOR_REASON_LAST; i++) {
		const char *text = door_reason_text((enum door_reason)i);
		CHECK(strlen(text) > 10 && text[strlen(text) - 1] == '.');
	}
	return tap_done();
}
