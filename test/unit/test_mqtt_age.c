#include "mqtt/age.h"

#include "tap.h"

/* What happens to a connection that begins at 0, and how a message that comes then is taken. */
struct row {
	const char *what;
	struct {
		int64_t sent_ms, answered_ms; /* 0, 0 after the last */
	} answers[4];
	int64_t message_ms;
	int64_t sent_after_ms;
	bool flush;
};

static const struct row rows[] = {
		{"right after the connect", {{0}}, 100, 0, false},
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
};

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct age age;
		tap_case("%s", row->what);
		age_begin(&age, 0);
		for (size_t j = 0; row->answers[j].answered_ms; j++)
			age_answered(&age, row->answers[j].sent_ms, row->answers[j].answered_ms);
		CHECK(age.sent_after_ms == row->sent_after_ms);
		CHECK(age_is_flush(&age, row->message_ms) == row->flush);
	}
	return tap_done();
}
