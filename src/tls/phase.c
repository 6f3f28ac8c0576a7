/* The table is the function: a row is a phase, a column an event, and an empty place stays. */
#include "tls/phase.h"

#include <stdbool.h>

struct transition {
	bool leaves;
	enum tls_phase to;
};

#define TO(phase) {true, TLS_PHASE_##phase}

static const struct transition transitions[TLS_PHASE_LAST + 1][TLS_EVENT_LAST + 1] = {
		[TLS_PHASE_SHAKING] = {[TLS_EVENT_SHAKEN] = TO(CARRYING), [TLS_EVENT_GIVEN_UP] = TO(OVER)},
		[TLS_PHASE_CARRYING] = {[TLS_EVENT_PLAIN_ENDED] = TO(FAREWELL),
				[TLS_EVENT_WIRE_ENDED] = TO(LEFT),
				[TLS_EVENT_GIVEN_UP] = TO(OVER)},
		[TLS_PHASE_FAREWELL] = {[TLS_EVENT_FAREWELL_GONE] = TO(LINGERING),
				[TLS_EVENT_WIRE_ENDED] = TO(PARTING),
				[TLS_EVENT_GIVEN_UP] = TO(OVER)},
		[TLS_PHASE_LINGERING] = {[TLS_EVENT_WIRE_ENDED] = TO(OVER), [TLS_EVENT_GIVEN_UP] = TO(OVER)},
		[TLS_PHASE_LEFT] = {[TLS_EVENT_PLAIN_ENDED] = TO(PARTING), [TLS_EVENT_GIVEN_UP] = TO(OVER)},
		[TLS_PHASE_PARTING] = {[TLS_EVENT_FAREWELL_GONE] = TO(OVER), [TLS_EVENT_GIVEN_UP] = TO(OVER)},
};

enum tls_phase tls_phase_next(enum tls_phase phase, enum tls_event event)
{
	struct transition transition = transitions[phase][event];
	return transition.leaves ? transition.to : phase;
}

const char *tls_phase_name(enum tls_phase phase)
{
	static const char *const names[] = {
			[TLS_PHASE_SHAKING] = "shaking",
			[TLS_PHASE_CARRYING] = "carrying",
			[TLS_PHASE_FAREWELL] = "farewell",
			[TLS_PHASE_LINGERING] = "lingering",
			[TLS_PHASE_LEFT] = "left",
			[TLS_PHASE_PARTING] = "parting",
			[TLS_PHASE_OVER] = "over",
	};
	return names[phase];
}

const char *tls_event_name(enum tls_event event)
{
	static const char *const names[] = {
			[TLS_EVENT_SHAKEN] = "shaken",
			[TLS_EVENT_PLAIN_ENDED] = "plain_ended",
			[TLS_EVENT_FAREWELL_GONE] = "farewell_gone",
			[TLS_EVENT_WIRE_ENDED] = "wire_ended",
			[TLS_EVENT_GIVEN_UP] = "given_up",
	};
	return names[event];
}
