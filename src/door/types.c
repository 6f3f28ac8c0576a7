/*
 * The words for states, commands, reasons and the like: one function for each enum, from the value to the word that MQTT,
 * the API, the log and the history share. Commands are read from words, too.
 */
#include "door/types.h"

#include <string.h>
#include <strings.h>

#include "door/config.h"

const char *const door_line_keys[DOOR_LINES] = {
		[DOOR_LINE_TOGGLE] = "relay",
		[DOOR_LINE_OPEN] = "open_relay",
		[DOOR_LINE_CLOSE] = "close_relay",
		[DOOR_LINE_STOP] = "stop_relay",
		[DOOR_LINE_WARNING] = "close_warning",
};

const char *const door_sensor_keys[DOOR_SENSORS] = {
		[DOOR_SENSOR_CLOSED] = "closed_sensor",
		[DOOR_SENSOR_OPEN] = "open_sensor",
		[DOOR_SENSOR_OBSTRUCTION] = "obstruction_sensor",
		[DOOR_SENSOR_LOCKOUT] = "lockout_sensor",
};

const char *door_state_name(enum door_state state)
{
	switch (state) {
	case DOOR_UNKNOWN:
		return "unknown";
	case DOOR_OPEN:
		return "open";
	case DOOR_OPENING:
		return "opening";
	case DOOR_CLOSED:
		return "closed";
	case DOOR_CLOSING:
		return "closing";
	case DOOR_STOPPED:
		return "stopped";
	}
	return "unknown";
}

const char *door_confidence_name(enum door_confidence confidence)
{
	switch (confidence) {
	case DOOR_CONFIDENCE_UNKNOWN:
		return "unknown";
	case DOOR_CONFIDENCE_ESTIMATED:
		return "estimated";
	case DOOR_CONFIDENCE_SENSED:
		return "sensed";
	}
	return "unknown";
}

const char *door_fault_name(enum door_fault fault)
{
	switch (fault) {
	case DOOR_FAULT_NONE:
		return "none";
	case DOOR_FAULT_DID_NOT_START:
		return "did_not_start";
	case DOOR_FAULT_DID_NOT_FINISH:
		return "did_not_finish";
	case DOOR_FAULT_REVERSED:
		return "reversed";
	case DOOR_FAULT_SENSOR_CONFLICT:
		return "sensor_conflict";
	case DOOR_FAULT_OBSTRUCTED:
		return "obstructed";
	case DOOR_FAULT_RELAY_FAILED:
		return "relay_failed";
	case DOOR_FAULT_SENSOR_UNSTEADY:
		return "sensor_unsteady";
	}
	return "none";
}

const char *door_source_name(enum door_source source)
{
	switch (source) {
	case DOOR_SOURCE_NONE:
		return "none";
	case DOOR_SOURCE_MQTT:
		return "mqtt";
	case DOOR_SOURCE_HTTP:
		return "http";
	case DOOR_SOURCE_LOCAL:
		return "local";
	case DOOR_SOURCE_AUTO_CLOSE:
		return "auto_close";
	}
	return "none";
}

const char *door_command_name(enum door_command command)
{
	switch (command) {
	case DOOR_COMMAND_OPEN:
		return "open";
	case DOOR_COMMAND_CLOSE:
		return "close";
	case DOOR_COMMAND_STOP:
		return "stop";
	case DOOR_COMMAND_TOGGLE:
		return "toggle";
	case DOOR_COMMAND_PULSE:
		return "pulse";
	case DOOR_COMMAND_POSITION:
		return "position";
	case DOOR_COMMAND_LOCKOUT_ON:
		return "lockout_on";
	case DOOR_COMMAND_LOCKOUT_OFF:
		return "lockout_off";
	}
	return "none";
}

const char *door_result_name(enum door_result result)
{
	switch (result) {
	case DOOR_RESULT_ACCEPTED:
		return "accepted";
	case DOOR_RESULT_UNCHANGED:
		return "unchanged";
	case DOOR_RESULT_REJECTED:
		return "rejected";
	}
	return "rejected";
}

const char *door_reason_name(enum door_reason reason)
{
	switch (reason) {
	case DOOR_REASON_NONE:
		return "none";
	case DOOR_REASON_NOT_SETTLED:
		return "not_settled";
	case DOOR_REASON_UNKNOWN_STATE:
		return "unknown_state";
	case DOOR_REASON_OBSTRUCTED:
		return "obstructed";
	case DOOR_REASON_SENSOR_CONFLICT:
		return "sensor_conflict";
	case DOOR_REASON_NO_STOP:
		return "no_stop";
	case DOOR_REASON_NO_WAY:
		return "no_way";
	case DOOR_REASON_BUSY:
		return "busy";
	case DOOR_REASON_RELAY_FAILED:
		return "relay_failed";
	case DOOR_REASON_RETAINED:
		return "retained";
	case DOOR_REASON_UNKNOWN_COMMAND:
		return "unknown_command";
	case DOOR_REASON_STALE:
		return "stale";
	case DOOR_REASON_STOPPING:
		return "stopping";
	case DOOR_REASON_UNCERTAIN:
		return "uncertain";
	case DOOR_REASON_LOCKED_OUT:
		return "locked_out";
	}
	return "none";
}

const char *door_reason_text(enum door_reason reason)
{
	switch (reason) {
	case DOOR_REASON_NONE:
		return "";
	case DOOR_REASON_NOT_SETTLED:
		return "The sensors have not settled since the start; try again in a moment.";
	case DOOR_REASON_UNKNOWN_STATE:
		return "It is not known what the door would do: a press could move it either way. TOGGLE presses once.";
	case DOOR_REASON_OBSTRUCTED:
		return "Something is in the way of the door.";
	case DOOR_REASON_SENSOR_CONFLICT:
		return "The sensors say open and closed at once; check their wiring.";
	case DOOR_REASON_NO_STOP:
		return "This wiring cannot stop the door in this state.";
	case DOOR_REASON_NO_WAY:
		return "This opener cannot be brought there by presses from this state.";
	case DOOR_REASON_BUSY:
		return "The presses of a former command are still under way.";
	case DOOR_REASON_RELAY_FAILED:
		return "The relay could not be switched; see the log.";
	case DOOR_REASON_RETAINED:
		return "The command was retained by the broker, so nobody asks for it now; publish it without retain.";
	case DOOR_REASON_UNKNOWN_COMMAND:
		return "This is not a command; OPEN, CLOSE, STOP and TOGGLE are, and ON and OFF for a lock-out.";
	case DOOR_REASON_STALE:
		return "The command may be old: give it again.";
	case DOOR_REASON_STOPPING:
		return "The agent is shutting down.";
	case DOOR_REASON_UNCERTAIN:
		return "Where the door is now is reckoned and not sensed, and a press could close it; wait until it rests.";
	case DOOR_REASON_LOCKED_OUT:
		return "The door is locked out. Lift the lock-out first; what its key switch has set only the key switch lifts.";
	}
	return "";
}

const char *door_refusal_text(const struct door_view *door, enum door_reason reason)
{
	if (reason == DOOR_REASON_UNKNOWN_COMMAND && door->has_reach)
		return "This is not a command; OPEN, CLOSE, STOP and TOGGLE are, ON and OFF for a lock-out, and 0 to 100 for a position.";
	return door_reason_text(reason);
}

const char *door_news_name(enum door_news news)
{
	switch (news) {
	case DOOR_NEWS_OPENING:
		return "opening";
	case DOOR_NEWS_OPENED:
		return "opened";
	case DOOR_NEWS_CLOSING:
		return "closing";
	case DOOR_NEWS_CLOSED:
		return "closed";
	case DOOR_NEWS_STOPPED:
		return "stopped";
	case DOOR_NEWS_STATE_UNKNOWN:
		return "state_unknown";
	case DOOR_NEWS_CLOSE_WARNING:
		return "close_warning";
	case DOOR_NEWS_AUTO_CLOSE:
		return "auto_close";
	case DOOR_NEWS_FAULT:
		return "fault";
	case DOOR_NEWS_FAULT_CLEARED:
		return "fault_cleared";
	case DOOR_NEWS_COMMAND_ACCEPTED:
		return "command_accepted";
	case DOOR_NEWS_COMMAND_UNCHANGED:
		return "command_unchanged";
	case DOOR_NEWS_COMMAND_REJECTED:
		return "command_rejected";
	case DOOR_NEWS_COMMAND_CANCELLED:
		return "command_cancelled";
	case DOOR_NEWS_LEFT_OPEN:
		return "left_open";
	case DOOR_NEWS_LOCKED_OUT:
		return "locked_out";
	case DOOR_NEWS_LOCKOUT_LIFTED:
		return "lockout_lifted";
	case DOOR_NEWS_STARTED:
		return "started";
	case DOOR_NEWS_CLOCK_SET:
		return "clock_set";
	}
	return "none";
}

const char *peer_outcome_name(enum peer_outcome outcome)
{
	switch (outcome) {
	case PEER_OUTCOME_NONE:
		return "none";
	case PEER_OUTCOME_NOT_SENT:
		return "not_sent";
	case PEER_OUTCOME_SENT:
		return "sent";
	case PEER_OUTCOME_UNANSWERED:
		return "unanswered";
	case PEER_OUTCOME_ACCEPTED:
		return "accepted";
	case PEER_OUTCOME_UNCHANGED:
		return "unchanged";
	case PEER_OUTCOME_REJECTED:
		return "rejected";
	}
	return "none";
}

const char *peer_availability_name(enum peer_availability availability)
{
	switch (availability) {
	case PEER_UNKNOWN:
		return "unknown";
	case PEER_ONLINE:
		return "online";
	case PEER_OFFLINE:
		return "offline";
	}
	return "unknown";
}

enum door_news door_news_of_state(enum door_state state)
{
	switch (state) {
	case DOOR_OPENING:
		return DOOR_NEWS_OPENING;
	case DOOR_OPEN:
		return DOOR_NEWS_OPENED;
	case DOOR_CLOSING:
		return DOOR_NEWS_CLOSING;
	case DOOR_CLOSED:
		return DOOR_NEWS_CLOSED;
	case DOOR_STOPPED:
		return DOOR_NEWS_STOPPED;
	case DOOR_UNKNOWN:
		break;
	}
	return DOOR_NEWS_STATE_UNKNOWN;
}

enum door_news door_news_of_result(enum door_result result)
{
	switch (result) {
	case DOOR_RESULT_ACCEPTED:
		return DOOR_NEWS_COMMAND_ACCEPTED;
	case DOOR_RESULT_UNCHANGED:
		return DOOR_NEWS_COMMAND_UNCHANGED;
	case DOOR_RESULT_REJECTED:
		break;
	}
	return DOOR_NEWS_COMMAND_REJECTED;
}

struct door_answer door_answer_of_all(struct door_answer all, struct door_answer one)
{
	bool stands = all.result == DOOR_RESULT_REJECTED || one.result == DOOR_RESULT_UNCHANGED;
	return stands ? all : one;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct word {
	const char *word;
	enum door_command command;
};

static void word_trim(const char **text, size_t *length)
{
	while (*length > 0 && is_space((*text)[0])) {
		(*text)++;
		(*length)--;
	}
	while (*length > 0 && is_space((*text)[*length - 1]))
		(*length)--;
}

/* words end with one that is NULL. */
static bool parse(const char *text, size_t length, const struct word *words, enum door_command *command)
{
	word_trim(&text, &length);
	for (; words->word; words++) {
		if (length == strlen(words->word) && strncasecmp(text, words->word, length) == 0) {
			*command = words->command;
			return true;
		}
	}
	return false;
}

bool door_command_parse(const char *text, size_t length, enum door_command *command)
{
	static const struct word words[] = {
			{"open", DOOR_COMMAND_OPEN},
			{"close", DOOR_COMMAND_CLOSE},
			{"stop", DOOR_COMMAND_STOP},
			{"toggle", DOOR_COMMAND_TOGGLE},
			{NULL, DOOR_COMMAND_OPEN},
	};
	return parse(text, length, words, command);
}

bool door_lockout_parse(const char *text, size_t length, enum door_command *command)
{
	static const struct word words[] = {
			{"on", DOOR_COMMAND_LOCKOUT_ON},
			{"off", DOOR_COMMAND_LOCKOUT_OFF},
			{NULL, DOOR_COMMAND_OPEN},
	};
	return parse(text, length, words, command);
}

bool door_position_parse(const char *text, size_t length, enum door_command *command, int *percent)
{
	int value = 0;

	word_trim(&text, &length);
	if (length < 1 || length > 3)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	if (value > 100)
		return false;
	*command = value == 0 ? DOOR_COMMAND_CLOSE : value == 100 ? DOOR_COMMAND_OPEN : DOOR_COMMAND_POSITION;
	if (*command == DOOR_COMMAND_POSITION)
		*percent = value;
	return true;
}
