/*
 * The text of a new configuration, from pieces: what differs between the kinds of wiring and of relay boards stands beside
 * each other here. The files in config/examples with these names are made of it (make keys), and a test holds them to it.
 */
#include <errno.h>
#include <string.h>

#include "config/config.h"

static const char head[] =
		"#\n"
		"# Disconnect the opener. Name your broker and your lines, then run portcullis --check, and portcullis --watch while\n"
		"# you move the door by hand. Connect the opener when the relay stays quiet at the start. All keys: portcullis.yaml(5).\n"
		"\n"
		"node: garage                      # this agent in topics: another name for each agent of a broker\n"
		"\n"
		"mqtt:\n"
		"  broker: mqtt://localhost        # mqtt://HOST:PORT; mqtts:// with TLS\n"
		"  #username: portcullis\n"
		"  #password_file: /etc/portcullis/mqtt-password   # portcullis --set-password mqtt writes it\n"
		"\n"
		"#home_assistant: {discovery: true, prefix: homeassistant}\n"
		"\n"
		"#http:\n"
		"  #listen: 127.0.0.1:8080         # 0.0.0.0:8080 for the network, where the page is read-only without a password\n"
		"  #username: family\n"
		"  #password_file: /etc/portcullis/page-password   # portcullis --set-password page writes it\n"
		"\n"
		"#history: {directory: /var/lib/portcullis}        # what happened outlives a restart\n"
		"\n"
		"doors:\n"
		"  - id: main                      # the door in topics and in Home Assistant's entities: keep it\n"
		"    name: Garage door             # the door for people: may change\n"
		"    #device_class: garage         # or gate, door\n";

static const char sensors[] =
		"    #pulse: 500ms                 # how long a relay is on for one press\n"
		"    closed_sensor:                # a contact between the line and ground\n"
		"      line: GPIO23\n"
		"      contact: normally_open      # it is closed while the door is; normally_closed: it is open then\n"
		"      bias: pull_up\n"
		"    #open_sensor: GPIO24          # the same at the other end\n"
		"    #obstruction_sensor: GPIO25   # a light beam: CLOSE is refused while it is broken\n"
		"    travel_time: 15s              # a whole travel; rather too long than too short\n";

static const char opener[] =
		"    opener:                       # what one press of the wall button does: try it and write it down\n"
		"      while_opening: stop         # or reverse, ignore\n"
		"      while_closing: reverse      # or stop, ignore\n"
		"      after_stop: reverse         # or continue\n";

static const char left_open[] =
		"    #left_open: 10m               # tells that the door has been open for so long; moves nothing\n";

/* The lines are those on which a relay stays off while a Raspberry Pi starts: it pulls GPIO0 to GPIO8 up, the others down. */
static const struct kind {
	const char *name, *wiring, *level, *lines[3];
} kinds[] = {
		{"toggle-high", "One relay across the opener's wall button", "high", {"GPIO17"}},
		{"toggle-low", "One relay across the opener's wall button", "low", {"GPIO5"}},
		{"separate-high", "A relay each to open and to close", "high", {"GPIO17", "GPIO27", "GPIO22"}},
		{"separate-low", "A relay each to open and to close", "low", {"GPIO5", "GPIO6", "GPIO7"}},
};

static void print_relays(const struct kind *kind, FILE *stream)
{
	static const char *const keys[] = {"open_relay", "close_relay", "#stop_relay"};
	if (!kind->lines[1])
		fprintf(stream, "    relay: {line: %s, active: %s}\n", kind->lines[0], kind->level);
	for (size_t i = 0; i < 3 && kind->lines[1]; i++)
		fprintf(stream, "    %s: {line: %s, active: %s}\n", keys[i], kind->lines[i], kind->level);
}

int config_print_new(const char *name, FILE *stream)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct kind *kind = &kinds[i];
		if (strcmp(kind->name, name) != 0)
			continue;
		fprintf(stream,
				"# As portcullis --new-config %s prints it.\n"
				"# %s, on a board whose relay is on while its input is %s. At power-on a\n"
				"# Raspberry Pi pulls %s, so that the relay is off until the agent starts.\n%s",
				name, kind->wiring, kind->level,
				kind->level[0] == 'h' ? "GPIO9 to GPIO27 down" : "GPIO0 to GPIO8 up", head);
		print_relays(kind, stream);
		fputs(sensors, stream);
		if (!kind->lines[1])
			fputs(opener, stream);
		fputs(left_open, stream);
		return 0;
	}
	return -EINVAL;
}
