#include "mqtt/age.h"

#include "tap.h"

/* What happens to a connection that begins at 0, and how a message that comes then is taken. */
struct row {
	const char *what;
	struct {
		int64_t sent_ms, answered_ms; /* answered: 0 while it is owed; 0, 0 after the last */
	} answers[4];
	int64_t message_ms;
	int64_t sent_after_ms;
	bool flush;
};

static const struct row rows[] = {
		{"right after the connect", {{0}}, 100, 0, true},
		{"ten seconds without an answer", {{0}}, 10000, 0, false},
		{"a ping that was answered", {{5000, 5020}}, 9000, 5000, false},
		{"an answer that took three seconds", {{5000, 8000}}, 8001, 5000, false},
		{"one that took longer", {{5000, 8001}}, 8001, 5000, true},
		{"what comes five seconds after that", {{5000, 8001}}, 13001, 5000, false},
		{"just before", {{5000, 8001}}, 13000, 5000, true},
		{"a prompt answer right after a late one", {{5000, 30000}, {30001, 30020}}, 30021, 30001, true},
		{"and when all has come", {{5000, 30000}, {30001, 30020}}, 35000, 30001, false},
		{"answers out of order", {{6000, 6010}, {5000, 6020}}, 6030, 6000, false},
		{"an older packet answered late, out of order", {{9000, 9010}, {5000, 9020}}, 9030, 9000, true},
		{"an answer that is owed for three seconds", {{5000, 5020}, {5010, 0}}, 8010, 5000, false},
		{"one that is owed for longer", {{5000, 5020}, {5010, 0}}, 8011, 5000, true},
		{"one that is owed while a later packet was answered", {{5010, 0}, {9000, 9010}}, 9020, 9000, true},
		{"one that never went out", {{5000, 5020}, {-1, 0}}, 9020, 5000, false},
};

/* Doors that move, and a broker that is slow to answer: a packet each 500 ms, and each is answered after 700 ms. */
static void busy_from_the_start(void)
{
	struct age age;
	tap_case("what goes out later than the first does not keep commands from counting");
	age_begin(&age, 0);
	age_answered(&age, AGE_CONNECT, 10);
	for (unsigned i = 0; i < 40; i++) {
		int64_t now_ms = 20 + 500 * (int64_t)i;
		age_sent(&age, i % 4, now_ms);
		CHECK(age_is_flush(&age, now_ms) == (now_ms <= 20 + AGE_OPENING_MS + 700 + AGE_FIRST_MS));
		if (i > 0)
			age_answered(&age, (i - 1) % 4, now_ms + 200);
	}
}

/* The broker takes one at a time: the first is answered before the next goes out. */
static void one_at_a_time(void)
{
	struct age age;
	tap_case("what waits for room is one of the first, for so long as others are, and no longer");
	age_begin(&age, 0);
	age_answered(&age, AGE_CONNECT, 10);
	age_waits(&age, true, 10);
	for (unsigned i = 0; i < 3; i++) {
		age_sent(&age, 0, 20 + 100 * (int64_t)i);
		age_answered(&age, 0, 40 + 100 * (int64_t)i);
		CHECK(age_is_flush(&age, 2500));
	}
	struct age busy = age;
	age_waits(&age, false, 300);
	CHECK(age_is_flush(&age, 300 + AGE_FIRST_MS - 1) && !age_is_flush(&age, 300 + AGE_FIRST_MS));
	age_waits(&age, true, 2000);
	CHECK(!age_is_flush(&age, 2000));
	age_sent(&busy, 0, 5100);
	age_answered(&busy, 0, 5200);
	CHECK(age_is_flush(&busy, 5200 + AGE_FIRST_MS - 1) && !age_is_flush(&busy, 5200 + AGE_FIRST_MS));
}

/* A broker that stands still while it is connected to. */
static void late_connect(void)
{
	struct age age;
	tap_case("what comes soon after a late answer to the connect is old");
	age_begin(&age, 0);
	age_answered(&age, AGE_CONNECT, 4000);
	age_sent(&age, 0, 4010);
	age_answered(&age, 0, 4020);
	CHECK(age_is_flush(&age, 4000 + AGE_FLUSH_MS - 1) && !age_is_flush(&age, 4000 + AGE_FLUSH_MS));
}

static void any_of_the_first(void)
{
	tap_case("each of the packets that are counted may be the one of the first that is owed");
	for (unsigned owed = 0; owed < AGE_PING; owed++) {
		unsigned other = (owed + 1) % AGE_PING;
		struct age age;
		age_begin(&age, 0);
		age_answered(&age, AGE_CONNECT, 10);
		age_sent(&age, owed, 20);
		age_sent(&age, other, 20);
		age_answered(&age, other, 30);
		CHECK(age_is_flush(&age, 30 + AGE_FIRST_MS));
	}
}

int main(void)
{
	any_of_the_first();
	late_connect();
	one_at_a_time();
	busy_from_the_start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct age age;
		tap_case("%s", row->what);
		age_begin(&age, 0);
		age_answered(&age, AGE_CONNECT, 10);
		age_answered(&age, AGE_CONNECT, 60000); /* the second time it is no answer */
		age_sent(&age, 30, 0);
		age_sent(&age, 31, 0);
		age_answered(&age, 31, 20);
		CHECK(age_is_flush(&age, 3000)); /* one of the first is owed */
		age_answered(&age, 30, 20);
		CHECK(age_is_flush(&age, 20 + AGE_FIRST_MS - 1) && !age_is_flush(&age, 20 + AGE_FIRST_MS));
		for (unsigned j = 0; row->answers[j].sent_ms; j++) {
			age_sent(&age, j, row->answers[j].sent_ms);
			if (row->answers[j].sent_ms < 0)
				age_unsent(&age, j);
		}
		for (unsigned j = 0; row->answers[j].sent_ms; j++)
			if (row->answers[j].answered_ms)
				age_answered(&age, j, row->answers[j].answered_ms);
		CHECK(age.sent_after_ms == row->sent_after_ms);
		CHECK(age_is_flush(&age, row->message_ms) == row->flush);
	}
	return tap_done();
}
