/*
 * A row for each phase, a column for each event. A place that is not written is HTTP_FREE (0) in C, which would end the
 * client; so the table holds phases plus one, and 0 means that the phase stays.
 */
#include "http/phase.h"

#define TO(phase) (unsigned char)((phase) + 1)

static const unsigned char phase_table[HTTP_PHASES][HTTP_EVENTS] = {
		[HTTP_FREE] = {[HTTP_CAME] = TO(HTTP_IDLE)},
		[HTTP_IDLE] = {[HTTP_BYTES] = TO(HTTP_READING),
				[HTTP_LATE] = TO(HTTP_FREE),
				[HTTP_GONE] = TO(HTTP_FREE)},
		[HTTP_READING] = {[HTTP_CHECK] = TO(HTTP_ASKING),
				[HTTP_ANSWER] = TO(HTTP_WRITING),
				[HTTP_LATE] = TO(HTTP_WRITING), /* 408 */
				[HTTP_GONE] = TO(HTTP_FREE)},
		[HTTP_ASKING] = {[HTTP_ANSWER] = TO(HTTP_WRITING),
				[HTTP_LATE] = TO(HTTP_FREE),
				[HTTP_GONE] = TO(HTTP_FREE)},
		[HTTP_WRITING] = {[HTTP_SENT] = TO(HTTP_IDLE),
				[HTTP_STREAMED] = TO(HTTP_LISTENING),
				[HTTP_LAST] = TO(HTTP_LEAVING),
				[HTTP_LATE] = TO(HTTP_FREE),
				[HTTP_GONE] = TO(HTTP_FREE)},
		[HTTP_LISTENING] = {[HTTP_NEWS] = TO(HTTP_WRITING),
				[HTTP_LATE] = TO(HTTP_WRITING), /* a beat */
				[HTTP_GONE] = TO(HTTP_FREE)},
		[HTTP_LEAVING] = {[HTTP_LATE] = TO(HTTP_FREE), [HTTP_GONE] = TO(HTTP_FREE)},
};

enum http_phase http_phase_next(enum http_phase phase, enum http_event event)
{
	unsigned char next = phase_table[phase][event];
	return next ? (enum http_phase)(next - 1) : phase;
}

const char *http_phase_name(enum http_phase phase)
{
	static const char *const names[HTTP_PHASES] = {
			[HTTP_FREE] = "free",
			[HTTP_IDLE] = "idle",
			[HTTP_READING] = "reading",
			[HTTP_ASKING] = "asking",
			[HTTP_WRITING] = "writing",
			[HTTP_LISTENING] = "listening",
			[HTTP_LEAVING] = "leaving",
	};
	return names[phase];
}

const char *http_event_name(enum http_event event)
{
	static const char *const names[HTTP_EVENTS] = {
			[HTTP_CAME] = "a client comes",
			[HTTP_BYTES] = "a request begins",
			[HTTP_CHECK] = "its password is checked",
			[HTTP_ANSWER] = "the answer is made",
			[HTTP_SENT] = "all is sent",
			[HTTP_STREAMED] = "all is sent of the events",
			[HTTP_LAST] = "the last is sent",
			[HTTP_NEWS] = "there is news",
			[HTTP_LATE] = "its time is over",
			[HTTP_GONE] = "it is gone",
	};
	return names[event];
}
