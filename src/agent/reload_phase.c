/* A table of those transitions that lead elsewhere. */
#include "agent/reload_phase.h"

#include <stddef.h>

const char *const reload_phase_names[RELOAD_PHASES] = {
		[RELOAD_IDLE] = "idle",
		[RELOAD_ASKED] = "asked",
		[RELOAD_ASKED_AGAIN] = "asked_again",
		[RELOAD_LEAVING] = "leaving",
		[RELOAD_LEAVING_AGAIN] = "leaving_again",
		[RELOAD_RETURNING] = "returning",
		[RELOAD_RETURNING_AGAIN] = "returning_again",
		[RELOAD_OVER] = "over",
};

const char *const reload_event_names[RELOAD_EVENTS] = {
		[RELOAD_EVENT_ASK] = "ask",
		[RELOAD_EVENT_REFUSE] = "refuse",
		[RELOAD_EVENT_TAKE] = "take",
		[RELOAD_EVENT_LEAVE] = "leave",
		[RELOAD_EVENT_LEFT] = "left",
		[RELOAD_EVENT_CONNECTED] = "connected",
		[RELOAD_EVENT_STOP] = "stop",
};

static const struct {
	enum reload_phase from;
	enum reload_event event;
	enum reload_phase to;
} transitions[] = {
		{RELOAD_IDLE, RELOAD_EVENT_ASK, RELOAD_ASKED},
		{RELOAD_ASKED, RELOAD_EVENT_ASK, RELOAD_ASKED_AGAIN},
		{RELOAD_LEAVING, RELOAD_EVENT_ASK, RELOAD_LEAVING_AGAIN},
		{RELOAD_RETURNING, RELOAD_EVENT_ASK, RELOAD_RETURNING_AGAIN},
		{RELOAD_ASKED, RELOAD_EVENT_REFUSE, RELOAD_IDLE},
		{RELOAD_ASKED, RELOAD_EVENT_TAKE, RELOAD_IDLE},
		{RELOAD_ASKED, RELOAD_EVENT_LEAVE, RELOAD_LEAVING},
		{RELOAD_LEAVING, RELOAD_EVENT_LEFT, RELOAD_RETURNING},
		{RELOAD_RETURNING, RELOAD_EVENT_CONNECTED, RELOAD_IDLE},
		{RELOAD_ASKED_AGAIN, RELOAD_EVENT_REFUSE, RELOAD_ASKED},
		{RELOAD_ASKED_AGAIN, RELOAD_EVENT_TAKE, RELOAD_ASKED},
		{RELOAD_ASKED_AGAIN, RELOAD_EVENT_LEAVE, RELOAD_LEAVING_AGAIN},
		{RELOAD_LEAVING_AGAIN, RELOAD_EVENT_LEFT, RELOAD_RETURNING_AGAIN},
		{RELOAD_RETURNING_AGAIN, RELOAD_EVENT_CONNECTED, RELOAD_ASKED},
};

enum reload_phase reload_next(enum reload_phase phase, enum reload_event event)
{
	if (event == RELOAD_EVENT_STOP)
		return RELOAD_OVER;
	for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++)
		if (transitions[i].from == phase && transitions[i].event == event)
			return transitions[i].to;
	return phase;
}
