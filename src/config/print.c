/*
 * A door as the configuration should have it, in YAML: every key that says something of it, with the travel times that
 * were measured, a twentieth longer and rounded up.
 */
#include <inttypes.h>
#include <string.h>

#include "config/config.h"
#include "config/values.h"

#define ROUND_MS 100

static void put_text(FILE *stream, const char *text)
{
	fputc('"', stream);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', stream);
		fputc(*text, stream);
	}
	fputc('"', stream);
}

static void print_duration(FILE *stream, const char *key, int64_t duration_ms)
{
	char text[CONFIG_DURATION_TEXT_MAX];
	config_duration_print(duration_ms, text);
	fprintf(stream, "  %s: %s\n", key, text);
}

static void put_line(FILE *stream, const struct config_line *line)
{
	fputs("{line: ", stream);
	if (!line->name)
		fprintf(stream, "%u", line->offset);
	else if (config_set_holds("A-Za-z0-9_", line->name, strlen(line->name)))
		fputs(line->name, stream);
	else
		put_text(stream, line->name);
}

static void put_relay(FILE *stream, const char *key, const struct config_line *line)
{
	if (!line->present)
		return;
	fprintf(stream, "  %s: ", key);
	put_line(stream, line);
	fprintf(stream, ", active: %s}\n", line->active_low ? "low" : "high");
}

static void put_sensor(FILE *stream, const char *key, const struct config_line *line)
{
	static const char *const biases[] = {
			[CONFIG_BIAS_AS_IS] = "as_is",
			[CONFIG_BIAS_PULL_UP] = "pull_up",
			[CONFIG_BIAS_PULL_DOWN] = "pull_down",
			[CONFIG_BIAS_DISABLED] = "disabled",
	};
	bool up = line->bias == CONFIG_BIAS_PULL_UP, pulled = up || line->bias == CONFIG_BIAS_PULL_DOWN;
	if (!line->present)
		return;
	fprintf(stream, "  %s: ", key);
	put_line(stream, line);
	if (pulled)
		fprintf(stream, ", contact: normally_%s", up == line->active_low ? "open" : "closed");
	else
		fprintf(stream, ", active: %s", line->active_low ? "low" : "high");
	fprintf(stream, ", bias: %s}\n", biases[line->bias]);
}

static int64_t printed_travel_ms(int64_t configured_ms, int64_t measured_ms)
{
	int64_t time_ms = (measured_ms * 21 / 20 + ROUND_MS - 1) / ROUND_MS * ROUND_MS;
	if (measured_ms <= 0)
		return configured_ms;
	return time_ms < CONFIG_TRAVEL_MAX_MS ? time_ms : CONFIG_TRAVEL_MAX_MS;
}

static const char *print_press(enum door_press press)
{
	static const char *const names[] = {
			[DOOR_PRESS_STOP] = "stop",
			[DOOR_PRESS_REVERSE] = "reverse",
			[DOOR_PRESS_IGNORE] = "ignore",
			[DOOR_PRESS_CONTINUE] = "continue",
	};
	return names[press];
}

void config_print_door(const struct config_door *door, int64_t open_ms, int64_t close_ms, FILE *stream)
{
	const struct door_config *machine = &door->machine;
	const struct config_line *lines = door->lines;
	int64_t opening_ms = printed_travel_ms(machine->open_time_ms, open_ms);
	int64_t closing_ms = printed_travel_ms(machine->close_time_ms, close_ms);
	const struct config_line *warning = &lines[DOOR_LINE_WARNING];
	fprintf(stream, "- id: %s\n  name: ", door->id);
	put_text(stream, door->name);
	fprintf(stream, "\n  device_class: %s\n", config_device_class_name(door->device_class));
	if (door->area) {
		fputs("  area: ", stream);
		put_text(stream, door->area);
		fputc('\n', stream);
	}
	for (size_t i = 0; i < DOOR_LINE_WARNING; i++)
		put_relay(stream, door_line_keys[i], &lines[i]);
	print_duration(stream, "pulse", machine->pulse_ms);
	print_duration(stream, "gap", machine->gap_ms);
	for (size_t i = 0; i < DOOR_SENSORS; i++)
		put_sensor(stream, door_sensor_keys[i], &door->sensors[i]);
	print_duration(stream, "debounce", machine->debounce_ms);
	if (opening_ms == closing_ms) {
		print_duration(stream, "travel_time", opening_ms);
	} else {
		print_duration(stream, "open_time", opening_ms);
		print_duration(stream, "close_time", closing_ms);
	}
	if (lines[DOOR_LINE_TOGGLE].present)
		fprintf(stream, "  opener: {while_opening: %s, while_closing: %s, after_stop: %s%s}\n",
				print_press(machine->opener.while_opening), print_press(machine->opener.while_closing),
				print_press(machine->opener.after_stop),
				machine->allow_detour ? ", allow_detour: true" : "");
	if (warning->present) {
		char time[CONFIG_DURATION_TEXT_MAX];
		config_duration_print(machine->warning_ms, time);
		fputs("  close_warning: ", stream);
		put_line(stream, warning);
		fprintf(stream, ", active: %s, time: %s}\n", warning->active_low ? "low" : "high", time);
	}
	if (machine->auto_close_ms > 0)
		print_duration(stream, "auto_close", machine->auto_close_ms);
	if (door->left_open_ms > 0)
		print_duration(stream, "left_open", door->left_open_ms);
	if (door->left_open_again_ms > 0)
		print_duration(stream, "left_open_again", door->left_open_again_ms);
	if (door->vent > 0)
		fprintf(stream, "  vent: %d\n", door->vent);
	if (machine->lockout_all)
		fputs("  lockout: all\n", stream);
}
