/* The page: truthful words, buttons that make sense, and nothing from outside that could become markup. */
#include "http/language.h"
#include "http/page.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "views.h"

#define NOW_MS 1700000000000

static const struct door_view closed_door = {
		VIEW_CLOSED("left", "Left door"),
		.source = DOOR_SOURCE_MQTT,
		.position = 0,
		.last_changed_unix_ms = NOW_MS - 12 * 60000,
		.toggles = true,
};

static const struct http_node node = {.node = "garage",
		.version = "1.2.3",
		.broker = "connected",
		.broker_error = "",
		.history_problem = "",
		.uptime_ms = 3 * 3600000};

/* The page as a string of its own, so that a sanitizer sees a read beyond it; the caller frees. */
static char *render(const struct http_page *page)
{
	struct http_body *body = http_page_render(page);
	if (!body)
		return NULL;
	char *text = malloc(body->length + 1);
	memcpy(text, body->bytes, body->length);
	text[body->length] = '\0';
	http_body_release(body);
	return text;
}

static char *render_door(const struct door_view *door)
{
	return render(&(struct http_page){.node = &node, .doors = door, .door_count = 1, .wall_ms = NOW_MS});
}

static bool has(const char *page, const char *wanted)
{
	return page && strstr(page, wanted);
}

enum button { ABSENT, DISABLED, ENABLED };

static enum button find(const char *page, const char *command)
{
	char start[64];
	snprintf(start, sizeof(start), "<button class=\"%s\"", command);
	const char *button = strstr(page, start), *stops = strstr(page, "<nav");
	if (!button || button > stops)
		return ABSENT;
	const char *end = strchr(button, '>'), *disabled = strstr(button, " disabled");
	return disabled && disabled < end ? DISABLED : ENABLED;
}

static void test_words(void)
{
	tap_case("a closed door that a sensor sees");
	char *page = render_door(&closed_door);
	CHECK(has(page, "<p class=\"state\">Closed<small></small></p>"));
	CHECK(has(page, "<p class=\"since\">Since <time datetime=\"2023-11-14T22:01:20Z\">2023-11-14 22:01 UTC</time> "
			"(12 minutes), asked by MQTT.</p>"));
	CHECK(has(page, "<p class=\"sure\">Seen by a sensor.</p>"));
	CHECK(has(page, "MQTT broker: connected</p>"));
	CHECK(has(page, "Portcullis 1.2.3, running for 3 hours."));
	CHECK(has(page, "method=\"post\" action=\"api/doors/left/open\">"));
	CHECK(has(page, "<title>Closed · garage</title>") && has(page, "translate(0 0)"));
	CHECK(!has(page, "class=\"message ") && !has(page, "wall_button") && !has(page, "{{"));
	free(page);

	tap_case("a door on its way");
	struct door_view door = closed_door;
	door.state = DOOR_OPENING;
	door.confidence = DOOR_CONFIDENCE_ESTIMATED;
	door.position = 40;
	door.source = DOOR_SOURCE_LOCAL;
	page = render_door(&door);
	CHECK(has(page, "<p class=\"state\">Opening<small>40\u00a0% open</small></p>"));
	CHECK(has(page, "<title>Left door: Opening") && has(page, "class=\"door opening\"") &&
			has(page, "translate(0 -32)"));
	CHECK(has(strstr(page, "<nav"), "\"api/doors/left/stop"));
	CHECK(has(page, "UTC</time>, moved by wall button, remote or hand.</p>"));
	CHECK(has(page, "Estimated by time, not seen."));
	CHECK(has(page, "<meta http-equiv=\"refresh\" content=\"2\">"));
	free(page);
	for (int position = -1; position <= 100; position += position < 0 ? 1 : 100) { /* not known, and the ends */
		door.position = position;
		page = render_door(&door);
		CHECK(has(page, "<p class=\"state\">Opening<small></small></p>"));
		free(page);
	}
	for (int position = 1; position <= 99; position += 98) {
		char expected[64];
		snprintf(expected, sizeof(expected), "<small>%d\u00a0%% open</small>", position);
		door.position = position;
		page = render_door(&door);
		CHECK(has(page, expected));
		free(page);
	}
	door.position = 40;

	tap_case("a door that is left open, and for how long");
	door.left_open = true;
	page = render_door(&door);
	CHECK(has(page, "Left open.") && !has(page, "It has been open for"));
	free(page);
	door.open_since_unix_ms = door.last_changed_unix_ms;
	door.open_at_least = true;
	page = render_door(&door);
	CHECK(has(page, "It has been open for at least "));
	door.left_open = false;
	free(page);

	tap_case("a door that is locked out: why, how that lasts, and a button that lifts it at the second tap");
	page = render_door(&door);
	CHECK(!has(page, "Locked out.") && has(page, "action=\"api/doors/left/lockout/on\"") &&
			!has(page, "lockout/off"));
	free(page);
	door.locked_out = door.lockout_remote = door.lockout_saved = true;
	page = render_door(&door);
	CHECK(has(page, "Locked out.</strong> Remote commands that may open it are refused.</p>"));
	CHECK(has(strstr(page, "<summary>Lift the lock-out"), "action=\"api/doors/left/lockout/off\""));
	CHECK(!has(page, "lockout/on"));
	free(page);
	door.lockout_saved = false;
	door.lockout_saving = door.lockout_all = true;
	page = render_door(&door);
	CHECK(has(page, "refused, other than Stop. It is being saved.</p>"));
	free(page);
	door.lockout_saving = false;
	page = render_door(&door);
	CHECK(has(page, "A restart lifts it: it is on no disk."));
	free(page);
	door.lockout_remote = false;
	door.lockout_sensor = true;
	page = render_door(&door);
	CHECK(has(page, "Its key switch holds it.</p>") && !has(page, "lockout/off"));
	door.locked_out = door.lockout_sensor = door.lockout_all = false;
	free(page);

	tap_case("where nothing but \"not closed\" is known, no number is shown");
	door.only_not_closed = true; /* which 40 is not, but the page asks for no number */
	page = render_door(&door);
	CHECK(has(page, "<p class=\"state\">Opening<small></small></p>"));
	door.only_not_closed = false;
	free(page);

	tap_case("an unknown state is never called closed");
	door = (struct door_view){.id = "x",
			.name = "X",
			.device_class = "garage",
			.position = DOOR_POSITION_UNKNOWN,
			.settled = true};
	page = render_door(&door);
	CHECK(has(page, "<p class=\"state\">Unknown<small>") && !has(page, ">Closed<"));
	CHECK(has(page, "No sensor says where it is") && has(page, "No change since the start."));
	free(page);

	tap_case("a clock that was set back makes no negative time");
	door = closed_door;
	door.last_changed_unix_ms = NOW_MS + 3600000;
	page = render_door(&door);
	CHECK(has(page, "</time> (less than a minute), asked by MQTT.</p>"));
	free(page);

	tap_case("each fault has its own words");
	char seen[DOOR_FAULT_LAST + 1][61] = {0};
	for (enum door_fault fault = DOOR_FAULT_DID_NOT_START; fault <= DOOR_FAULT_LAST; fault++) {
		door = closed_door;
		door.fault = fault;
		page = render_door(&door);
		const char *message = page ? strstr(page, "<p class=\"message bad\"") : NULL;
		CHECK(message);
		for (enum door_fault other = DOOR_FAULT_DID_NOT_START; message && other < fault; other++)
			CHECK(strncmp(message, seen[other], 60) != 0);
		snprintf(seen[fault], sizeof(seen[fault]), "%s", message ? message : "");
		free(page);
	}

	tap_case("broker trouble is told");
	struct http_node offline = node;
	offline.broker = "disconnected";
	offline.broker_error = "connection refused <by> broker";
	page = render(&(struct http_page){.node = &offline});
	CHECK(has(page, "class=\"broker disconnected\""));
	CHECK(has(page, "MQTT broker: disconnected (<span lang=\"en\">connection refused &lt;by&gt; broker</span>)"));
	free(page);
}

static void test_buttons(void)
{
	static const struct {
		const char *name;
		enum door_state state;
		enum door_confidence confidence;
		bool has_stop, obstruction, warning, settled;
		enum button open, stop, close, toggle;
	} table[] = {
			{"closed", DOOR_CLOSED, DOOR_CONFIDENCE_SENSED, true, false, false, true, ENABLED, DISABLED,
					DISABLED, ABSENT},
			{"open", DOOR_OPEN, DOOR_CONFIDENCE_SENSED, true, false, false, true, DISABLED, DISABLED,
					ENABLED, ABSENT},
			{"opening", DOOR_OPENING, DOOR_CONFIDENCE_ESTIMATED, true, false, false, true, DISABLED,
					ENABLED, ENABLED, ABSENT},
			{"closing", DOOR_CLOSING, DOOR_CONFIDENCE_ESTIMATED, true, false, false, true, ENABLED, ENABLED,
					DISABLED, ABSENT},
			{"stopped on its way", DOOR_STOPPED, DOOR_CONFIDENCE_ESTIMATED, true, false, false, true,
					ENABLED, DISABLED, ENABLED, ABSENT},
			{"unknown", DOOR_UNKNOWN, DOOR_CONFIDENCE_UNKNOWN, true, false, false, true, ENABLED, ENABLED,
					ENABLED, ENABLED},
			{"closed by reckoning", DOOR_CLOSED, DOOR_CONFIDENCE_ESTIMATED, true, false, false, true,
					ENABLED, DISABLED, DISABLED, ENABLED},
			{"about to close", DOOR_OPEN, DOOR_CONFIDENCE_SENSED, true, false, true, true, DISABLED,
					ENABLED, DISABLED, ABSENT},
			{"obstructed", DOOR_OPEN, DOOR_CONFIDENCE_SENSED, true, true, false, true, DISABLED, DISABLED,
					DISABLED, ABSENT},
			{"without STOP", DOOR_OPENING, DOOR_CONFIDENCE_ESTIMATED, false, false, false, true, DISABLED,
					ABSENT, ENABLED, ABSENT},
			{"not settled", DOOR_UNKNOWN, DOOR_CONFIDENCE_UNKNOWN, true, false, false, false, DISABLED,
					DISABLED, DISABLED, DISABLED},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("buttons: %s", table[i].name);
		struct door_view door = closed_door;
		door.state = table[i].state;
		door.confidence = table[i].confidence;
		door.has_stop = table[i].has_stop;
		door.obstruction_sensor = table[i].obstruction;
		door.warning = table[i].warning;
		door.settled = table[i].settled;
		char *page = render_door(&door);
		CHECK(find(page, "open") == table[i].open);
		CHECK(find(page, "stop") == table[i].stop);
		CHECK(find(page, "close") == table[i].close);
		CHECK(find(page, "toggle") == table[i].toggle);
		free(page);
	}
	tap_case("a slider reaches as far as the door can be sent, begins where it stands, and takes two taps");
	struct door_view sent = closed_door;
	sent.has_reach = true;
	char *none = render_door(&sent);
	CHECK(!has(none, "type=\"range\""));
	free(none);
	sent.reach_low = 16;
	sent.reach_high = 53;
	char *slider = render_door(&sent);
	CHECK(has(slider, "<details class=\"control position\"><summary>Move to a position"));
	CHECK(has(slider, "action=\"api/doors/left/position\"><input type=\"range\" name=\"position\" min=\"16\" "
			  "max=\"53\" value=\"16\""));
	free(slider);
	tap_case("a button sends it to its position for air: of our own doors that have one, by two taps, else with the reason");
	struct door_view airy = closed_door;
	char *air = render_door(&airy);
	CHECK(!has(air, "Air<"));
	free(air);
	airy.vent = 15;
	air = render_door(&airy);
	CHECK(has(air, "<details class=\"control vent\"><summary>Air<"));
	CHECK(has(air, "action=\"api/doors/left/position\"><input type=\"hidden\" name=\"position\" value=\"15\"><button>Tap"));
	free(air);
	airy.vent_refusal = DOOR_REASON_LOCKED_OUT;
	air = render_door(&airy);
	CHECK(find(air, "position") == DISABLED && has(strstr(air, ">Air<"), "<small>Locked out.</small>"));
	free(air);
	airy.vent_refusal = DOOR_REASON_UNCERTAIN;
	airy.state = DOOR_STOPPED;
	airy.position = 15;
	air = render_door(&airy);
	CHECK(find(air, "position") == DISABLED && has(strstr(air, ">Air<"), "<small>It is there already.</small>"));
	free(air);
	tap_case("buttons: what would be refused is disabled, with the reason");
	struct door_view door = closed_door;
	door.state = DOOR_UNKNOWN;
	door.refusals[DOOR_COMMAND_OPEN] = door.refusals[DOOR_COMMAND_CLOSE] = DOOR_REASON_UNKNOWN_STATE;
	door.refusals[DOOR_COMMAND_STOP] = DOOR_REASON_NO_STOP;
	char *refusing = render_door(&door);
	CHECK(find(refusing, "open") == DISABLED && find(refusing, "close") == DISABLED);
	CHECK(find(refusing, "stop") == DISABLED && find(refusing, "toggle") == ENABLED);
	CHECK(has(refusing, "<small>It could go either way.</small>"));
	free(refusing);
	door.state = DOOR_CLOSING;
	refusing = render_door(&door);
	CHECK(find(refusing, "stop") == DISABLED && !has(strstr(refusing, "<nav"), "\"api/doors/left/stop"));
	free(refusing);
	for (enum door_reason reason = DOOR_REASON_NOT_SETTLED; reason <= DOOR_REASON_LAST; reason++) {
		door.refusals[DOOR_COMMAND_OPEN] = reason;
		refusing = render_door(&door);
		CHECK(find(refusing, "open") == DISABLED && !has(refusing, "<small></small></button>"));
		free(refusing);
	}

	tap_case("a read-only page says so, and no button works");
	door = closed_door;
	door.state = DOOR_UNKNOWN;
	char *page = render(&(struct http_page){
			.node = &node, .doors = &door, .door_count = 1, .wall_ms = NOW_MS, .read_only = true});
	CHECK(has(page, "<strong>Read-only.</strong>") && has(page, "<code>allow_anonymous_commands: true</code>"));
	CHECK(find(page, "open") == DISABLED && find(page, "toggle") == DISABLED);
	free(page);
}

static void test_notices(void)
{
	struct door_view doors[2] = {closed_door, closed_door};
	doors[1].id = "right";
	struct http_page page = {.node = &node, .doors = doors, .door_count = 2, .wall_ms = NOW_MS};
	tap_case("a refusal stands at its door, once, and goes with the next refresh");
	page.noticed = &doors[1];
	page.result = DOOR_RESULT_REJECTED;
	page.reason = DOOR_REASON_OBSTRUCTED;
	char *text = render(&page);
	const char *right = text ? strstr(text, "id=\"door-right\"") : NULL;
	const char *notice = text ? strstr(text, "<strong>Refused.</strong>") : NULL;
	CHECK(right && notice && notice > right && !strstr(notice + 1, "<strong>Refused."));
	CHECK(has(text, door_reason_text(DOOR_REASON_OBSTRUCTED)));
	CHECK(has(text, "content=\"15; url=./\""));
	free(text);
	tap_case("what was done and what was not needed is told too");
	page.result = DOOR_RESULT_ACCEPTED;
	text = render(&page);
	CHECK(has(text, "<strong>Asked.</strong>"));
	CHECK(has(text, "content=\"5; url=./\""));
	free(text);
	page.result = DOOR_RESULT_UNCHANGED;
	text = render(&page);
	CHECK(has(text, "<strong>Nothing to do.</strong>"));
	free(text);
}

static void test_escape(void)
{
	tap_case("names are text, whatever they hold");
	struct door_view door = closed_door;
	door.name = "<script>alert('1')</script> & \"Gäste\"";
	char *page = render_door(&door);
	CHECK(!has(page, "<script>"));
	CHECK(has(page, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;Gäste&quot;</h2>"));
	free(page);
}

static void test_drawings(void)
{
	static const struct {
		const char *device_class;
		int position;
		const char *transform;
	} table[] = {
			{"garage", 50, "translate(0 -40)"},
			{"gate", 50, "translate(89 0)"},
			{"door", 0, "scale(1.00 1)"},
			{"door", 50, "scale(0.58 1)"},
			{"door", 100, "scale(0.15 1)"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tap_case("drawing of a %s at %d %%", table[i].device_class, table[i].position);
		struct door_view door = closed_door;
		door.state = DOOR_STOPPED;
		door.device_class = table[i].device_class;
		door.position = table[i].position;
		char *page = render_door(&door);
		CHECK(has(page, table[i].transform));
		free(page);
	}
}

static void test_history(void)
{
	static const struct door_record records[] = {
			{.number = 9,
					.unix_ms = NOW_MS,
					.news = DOOR_NEWS_CLOSED,
					.state = DOOR_CLOSED,
					.source = DOOR_SOURCE_HTTP},
			{.number = 8, .unix_ms = NOW_MS - 9000, .news = DOOR_NEWS_CLOSING, .source = DOOR_SOURCE_HTTP},
			{.number = 7,
					.unix_ms = NOW_MS - 60000,
					.news = DOOR_NEWS_COMMAND_REJECTED,
					.count = 3,
					.reason = DOOR_REASON_OBSTRUCTED},
			{.number = 6, .news = DOOR_NEWS_FAULT, .fault = DOOR_FAULT_DID_NOT_FINISH},
			{.number = 6,
					.news = DOOR_NEWS_COMMAND_ACCEPTED,
					.command = DOOR_COMMAND_PULSE,
					.source = DOOR_SOURCE_HTTP},
			{.number = 6, .news = DOOR_NEWS_COMMAND_ACCEPTED, .command = DOOR_COMMAND_OPEN},
			{.number = 5, .news = DOOR_NEWS_STARTED, .state = DOOR_OPEN},
			{.number = 5, .news = DOOR_NEWS_FAULT_CLEARED, .fault = DOOR_FAULT_NONE},
			{.number = 4, .news = DOOR_NEWS_CLOSED, .door = 7},
			{.number = 3, .unix_ms = NOW_MS - 49 * 3600000, .news = DOOR_NEWS_CLOSED},
	};
	tap_case("the history is told in words, without what says nothing to a person");
	struct http_page page = {.node = &node,
			.doors = &closed_door,
			.door_count = 1,
			.wall_ms = NOW_MS,
			.records = records,
			.record_count = sizeof(records) / sizeof(records[0])};
	char *text = render(&page);
	CHECK(has(text, "<li><span><time datetime=\"2023-11-14T22:13:20Z\">2023-11-14 22:13 "
			"UTC</time></span><span><strong>Left "
			"door</strong> "
			"closed, asked from the page or the API</span></li>"));
	CHECK(has(text, "had a command refused: ") && has(text, door_reason_text(DOOR_REASON_OBSTRUCTED)) &&
			has(text, " (3 times)<"));
	CHECK(has(text, "<li><span>at an unknown time</span><span><strong>Left door</strong> has a fault: It did not "
			"arrive.</span>"));
	CHECK(has(text, "</strong> when the agent started: Open<"));
	CHECK(has(text, "had a relay pulsed, asked from the page or the API"));
	int entries = 0;
	for (const char *at = text; at && (at = strstr(at, "<li>")); at++)
		entries++;
	CHECK(entries == 6);
	free(text);
}

static void test_simulator(void)
{
	tap_case("the simulator's panel is there when the doors are simulated and commands are taken");
	struct http_node simulated = node;
	simulated.simulated = true;
	struct http_page page = {.node = &simulated, .doors = &closed_door, .door_count = 1, .wall_ms = NOW_MS};
	char *text = render(&page);
	CHECK(!has(text, "The history is in memory only."));
	free(text);
	simulated.history_problem = "<b> cannot be opened";
	text = render(&page);
	CHECK(has(text, "<strong>The history is in memory only.</strong> <span lang=\"en\">&lt;b&gt; cannot be opened</span>"));
	static const char *const pokes[] = {"wall_button", "obstruct", "clear", "jam", "unjam"};
	for (size_t i = 0; i < sizeof(pokes) / sizeof(pokes[0]); i++) {
		char form[64];
		snprintf(form, sizeof(form), "action=\"api/simulator/left/%s\"", pokes[i]);
		CHECK(has(text, form));
	}
	free(text);
	page.read_only = true;
	text = render(&page);
	CHECK(!has(text, "/api/simulator/"));
	free(text);
}

static void test_truth(void)
{
	struct door_view door = closed_door;
	tap_case("doors that are simulated are said to be");
	struct http_node of = node;
	char *page = render(&(struct http_page){.node = &of, .doors = &door, .door_count = 1, .wall_ms = NOW_MS});
	CHECK(!has(page, "Simulated."));
	free(page);
	of.simulated = true;
	page = render(&(struct http_page){.node = &of, .doors = &door, .door_count = 1, .wall_ms = NOW_MS});
	CHECK(has(page, "Simulated.") && has(page, "These doors are not real"));
	free(page);

	tap_case("where relays open and close, there is no opener's button to press");
	door.state = DOOR_UNKNOWN;
	page = render_door(&door);
	CHECK(find(page, "toggle") == ENABLED);
	free(page);
	door.toggles = false;
	page = render_door(&door);
	CHECK(find(page, "toggle") == ABSENT && find(page, "open") == ENABLED);
	free(page);

	tap_case("a beam that sleeps while the door is closed is no obstruction; of an estimate nobody knows");
	door = closed_door;
	door.has_obstruction_sensor = door.obstruction_sensor = true;
	page = render_door(&door);
	CHECK(!has(page, "Something is in the doorway") && !has(page, " blocked"));
	free(page);
	door.confidence = DOOR_CONFIDENCE_ESTIMATED;
	page = render_door(&door);
	CHECK(has(page, "Something is in the doorway") && has(page, " blocked"));
	free(page);
	door.confidence = DOOR_CONFIDENCE_SENSED;
	door.state = DOOR_OPEN;
	page = render_door(&door);
	CHECK(has(page, "Something is in the doorway") && has(page, " blocked"));
	free(page);
}

static void test_setup(void)
{
	tap_case("the Set-up view shows levels, what they mean, and the travel time to paste");
	static const struct http_wiring wiring = {
			.lines = {{.key = "open_relay", .name = "GPIO17", .relay = true, .known = true},
					{.key = "closed_sensor",
							.name = "",
							.offset = 23,
							.known = true,
							.active = true,
							.high = true},
					{.key = "open_sensor", .name = "GPIO24"}},
			.yaml = "- id: left\n  name: \"<A&B>\"\n",
			.now_ms = 81234,
			.trace = "2 open_relay+80000 open_relay-80500",
	};
	struct door_view door = closed_door;
	door.last_open_ms = 12340;
	door.has_open_sensor = door.has_closed_sensor = true;
	struct http_page page = {.node = &node, .doors = &door, .door_count = 1, .wall_ms = NOW_MS};
	struct http_body *body = http_page_render_setup(&page, &wiring);
	char *text = strndup(body->bytes, body->length);
	http_body_release(body);
	CHECK(has(text, "open relay<small>GPIO17</small></th><td>low</td><td>Off.</td>"));
	CHECK(has(text, "closed sensor<small>line 23</small></th><td>high</td><td>The door is closed.</td>"));
	CHECK(has(text, "open sensor<small>GPIO24</small></th><td>unknown</td><td>It cannot be read.</td>"));
	CHECK(has(text, "<pre>- id: left\n  name: &quot;&lt;A&amp;B&gt;&quot;\n</pre>"));
	CHECK(has(text, "is measured between the contacts"));
	CHECK(has(text, "action=\"api/setup/left/open_relay?setup\"") && !has(text, "/api/setup/left/closed_sensor"));
	CHECK(has(text, "action=\"api/doors/left/open?setup\"") && has(text, "action=\"api/doors/left/stop?setup\""));
	CHECK(find(text, "toggle") == ENABLED && find(text, "close") == ENABLED && has(text, "Mind the doors."));
	CHECK(has(text, " data-trace=\"81234 2 open_relay+80000 open_relay-80500 closed_sensor=1 open_sensor=?\">"));
	CHECK(has(text, "<details class=\"learn\" data-script=\"learn.js?") && has(text, "needs JavaScript"));
	CHECK(has(text, "Lamp lit or relay pulled while this says “Off.”? It is of the other kind: "));
	free(text);
	page.read_only = true;
	body = http_page_render_setup(&page, &wiring);
	text = strndup(body->bytes, body->length);
	http_body_release(body);
	CHECK(!has(text, "/api/setup/") && !has(text, "learn.js"));
	free(text);
	page.read_only = false;
	tap_case("the page links to it for those who may see it");
	text = render(&page);
	CHECK(!has(text, "href=\"setup\""));
	free(text);
	page.setup = true;
	text = render(&page);
	CHECK(has(text, "href=\"setup\""));
	free(text);
}

static void test_learn(void)
{
	tap_case("the words of the walk, in each language, and nothing that could be pressed");
	for (enum language language = LANGUAGE_OF_VIEWER + 1; language < LANGUAGES; language++) {
		struct http_body *body = http_page_render_learn(language);
		char *text = strndup(body->bytes, body->length);
		http_body_release(body);
		CHECK(has(text, "<p data-word=\"run_up\">") && has(text, "<code>after_stop</code>"));
		CHECK(!has(text, "<form") && !has(text, "<button"));
		free(text);
	}
}

static void test_many(void)
{
	tap_case("64 doors with the longest names, all escaped and all in trouble, fit");
	static struct door_view doors[DOORS_MAX];
	char name[DOOR_NAME_MAX + 1], id[DOOR_ID_MAX + 1];
	memset(name, '"', DOOR_NAME_MAX);
	name[DOOR_NAME_MAX] = '\0';
	memset(id, 'x', DOOR_ID_MAX);
	id[DOOR_ID_MAX] = '\0';
	for (size_t i = 0; i < DOORS_MAX; i++) {
		doors[i] = (struct door_view){.id = id,
				.name = name,
				.device_class = "garage",
				.state = DOOR_OPENING,
				.settled = true,
				.fault = DOOR_FAULT_DID_NOT_FINISH,
				.source = DOOR_SOURCE_LOCAL,
				.last_changed_unix_ms = 1,
				.obstruction_sensor = true,
				.has_stop = true};
	}
	struct http_node simulated = node;
	simulated.simulated = true;
	struct http_page page = {.node = &simulated,
			.doors = doors,
			.door_count = DOORS_MAX,
			.wall_ms = NOW_MS,
			.noticed = &doors[63],
			.result = DOOR_RESULT_REJECTED,
			.reason = DOOR_REASON_UNKNOWN_STATE};
	struct http_body *body = http_page_render(&page);
	CHECK(body && body->length > 64 * 1024 && body->length < HTTP_PAGE_MAX);
	if (body)
		printf("# %zu bytes for %d doors\n", body->length, DOORS_MAX);
	http_body_release(body);
}

static void test_durations(void)
{
	static const struct {
		int64_t ms;
		const char *text;
	} table[] = {
			{-5, "less than a minute"},
			{0, "less than a minute"},
			{59999, "less than a minute"},
			{60000, "1 minute"},
			{120000, "2 minutes"},
			{3599999, "59 minutes"},
			{3600000, "1 hour"},
			{86399999, "23 hours"},
			{86400000, "1 day"},
			{INT64_MAX, "106751991167 days"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char wanted[64];
		struct http_node of = node;
		tap_case("%lld ms: %s", (long long)table[i].ms, table[i].text);
		of.uptime_ms = table[i].ms;
		snprintf(wanted, sizeof(wanted), "Portcullis 1.2.3, running for %s. ", table[i].text);
		char *page = render(&(struct http_page){.node = &of});
		CHECK(has(page, wanted));
		free(page);
	}
}

static char *render_peers(const struct http_node *of, const struct peers_view *peers, bool read_only)
{
	return render(&(struct http_page){.node = of,
			.doors = &closed_door,
			.door_count = 1,
			.peers = peers,
			.read_only = read_only,
			.wall_ms = NOW_MS});
}

static void test_peers(void)
{
	static struct peers_view view;
	struct http_node alone = node;
	struct peer_view *peer = &view.peers[0];
	struct peer_door *door = &view.doors[0];
	alone.broker = "disconnected";
	view.count = view.door_count = 1;
	*peer = (struct peer_view){
			.node = "shed", .availability = PEER_ONLINE, .told = true, .understood = true, .count = 1};
	*door = (struct peer_door){.view = closed_door};
	door->view.name = "<i>Shed</i>";

	tap_case("a peer's door, below our own, by its own address and commands");
	char *page = render_peers(&node, &view, false);
	CHECK(has(strstr(page, "id=\"peers\""), "<h2 id=\"peer-shed\">shed</h2>"));
	CHECK(has(page, "id=\"door-shed/left\"") && has(page, "id=\"door-left\""));
	CHECK(has(page, "action=\"api/peers/shed/doors/left/open\"") && has(page, "action=\"api/doors/left/open\""));
	CHECK(has(page, "&lt;i&gt;Shed") && !has(page, "<i>") &&
			has(page, "class=\"broker connected\"><span>Reachable"));
	CHECK(!has(page, " away\"") && !has(page, "class=\"message ") && !has(page, "{{"));
	free(page);

	tap_case("it moves: its STOP is at hand, and without JavaScript the page renews itself soon");
	door->view.state = DOOR_OPENING;
	page = render_peers(&node, &view, false);
	CHECK(has(strstr(page, "<nav"), "\"api/peers/shed/doors/left/stop") && has(page, "content=\"2\""));
	free(page);

	tap_case("a peer's door with relays for each way has no button of the opener");
	door->view.state = DOOR_UNKNOWN;
	page = render_peers(&node, &view, false);
	CHECK(has(page, "\"api/peers/shed/doors/left/toggle\""));
	free(page);
	door->view.toggles = false;
	page = render_peers(&node, &view, false);
	CHECK(!has(page, "\"api/peers/shed/doors/left/toggle\"") && has(page, "\"api/peers/shed/doors/left/close\""));
	free(page);

	tap_case("a peer's door has a slider where it can be sent to a position, and that alone");
	door->view = closed_door;
	page = render_peers(&node, &view, false);
	CHECK(!has(page, "type=\"range\""));
	free(page);
	door->view.reach_low = 16;
	door->view.reach_high = 53;
	page = render_peers(&node, &view, false);
	CHECK(has(page, "action=\"api/peers/shed/doors/left/position\"><input type=\"range\" name=\"position\" min=\"16\" max=\"53\""));
	free(page);
	peer->understood = false;
	page = render_peers(&node, &view, false);
	CHECK(!has(page, "type=\"range\""));
	free(page);
	peer->understood = true;

	tap_case("a read-only page commands no peer either");
	page = render_peers(&node, &view, true);
	CHECK(!has(page, "<details class=\"control") && !has(strstr(page, "<nav"), "stop\""));
	free(page);

	tap_case("a peer that is gone: since when, what was last known, and nothing to press");
	peer->availability = PEER_OFFLINE;
	peer->since_unix_ms = NOW_MS - 60000;
	page = render_peers(&node, &view, false);
	CHECK(has(page, "Not reachable since <time datetime=\"2023-11-14T22:12:20Z\"") && has(page, " away\""));
	CHECK(has(page, "This is the last known state.") && has(page, "<small>Not reachable.</small>"));
	CHECK(!has(page, "type=\"range\""));
	CHECK(!has(page, "<details class=\"control open\"><summary>Open<span class=\"unseen\"> &lt;i&gt;"));
	CHECK(!has(strstr(page, "<nav"), "/api/peers/"));
	free(page);
	peer->since_unix_ms = 0;
	page = render_peers(&node, &view, false);
	CHECK(has(page, "class=\"broker disconnected\"><span>Not reachable</span></p>"));
	free(page);

	tap_case("of which nothing is known, for one reason or the other");
	peer->availability = PEER_UNKNOWN;
	page = render_peers(&node, &view, false);
	CHECK(has(page, "Nothing has been heard of it.") && has(page, "<small>Not reachable.</small>"));
	free(page);
	page = render_peers(&alone, &view, false);
	CHECK(has(page, "this agent is not connected to the broker"));
	free(page);

	tap_case("which is not understood, or tells nothing, or too much");
	peer->availability = PEER_ONLINE;
	peer->understood = false;
	page = render_peers(&node, &view, false);
	CHECK(has(page, "<strong>Not understood.</strong>") && has(page, "<small>Unclear.</small>"));
	free(page);
	*peer = (struct peer_view){.node = "shed", .availability = PEER_ONLINE, .understood = true, .left_out = 2};
	page = render_peers(&node, &view, false);
	CHECK(has(page, "It reports no doors") && has(page, "More doors are left out."));
	CHECK(!has(page, "door-shed") && !has(page, "Agents are left out."));
	free(page);
	view.left_out = 3;
	page = render_peers(&node, &view, false);
	CHECK(has(strstr(page, "id=\"peer-shed\""), "There is room for 64; 3 more tell of doors."));
	free(page);
	view.left_out = 0;

	static const struct {
		enum peer_outcome outcome;
		const char *said;
	} outcomes[] = {{PEER_OUTCOME_NOT_SENT, "Not sent."}, {PEER_OUTCOME_SENT, "has not answered yet"},
			{PEER_OUTCOME_UNANSWERED, "No answer."}, {PEER_OUTCOME_ACCEPTED, "Asked."},
			{PEER_OUTCOME_UNCHANGED, "Nothing to do."}, {PEER_OUTCOME_REJECTED, "gave no reason"}};
	tap_case("how a command ended is told to who pressed");
	*peer = (struct peer_view){
			.node = "shed", .availability = PEER_ONLINE, .told = true, .understood = true, .count = 1};
	door->view.state = DOOR_CLOSED;
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		door->outcome = outcomes[i].outcome;
		page = render_peers(&node, &view, false);
		CHECK(has(page, outcomes[i].said) && has(page, "notice"));
		CHECK(has(page, "content=\"2\"") == (door->outcome == PEER_OUTCOME_SENT));
		free(page);
	}
	door->reason = DOOR_REASON_BUSY;
	page = render_peers(&node, &view, false);
	CHECK(has(page, "<strong>Refused.</strong>") && has(page, door_reason_text(DOOR_REASON_BUSY)));
	free(page);

	tap_case("64 doors of our own and 64 of peers, with names that are all markup, fit");
	static struct door_view doors[DOORS_MAX];
	static char name[DOOR_NAME_MAX + 1];
	memset(name, '"', DOOR_NAME_MAX);
	for (size_t i = 0; i < DOORS_MAX; i++) {
		doors[i] = closed_door;
		doors[i].id = "0123456789012345678901234567890";
		doors[i].name = name;
		doors[i].state = DOOR_OPENING;
		doors[i].fault = DOOR_FAULT_DID_NOT_FINISH;
		view.doors[i] = (struct peer_door){.view = doors[i], .outcome = PEER_OUTCOME_REJECTED};
	}
	*peer = (struct peer_view){.availability = PEER_ONLINE, .told = true, .understood = true, .count = DOORS_MAX};
	memset(peer->node, 'n', PEER_NODE_MAX);
	view.door_count = DOORS_MAX;
	alone.simulated = true;
	page = render(&(struct http_page){
			.node = &alone, .doors = doors, .door_count = DOORS_MAX, .peers = &view, .wall_ms = NOW_MS});
	CHECK(has(page, "</html>"));
	if (page)
		printf("# %zu bytes\n", strlen(page));
	free(page);
}

/* What is between tags and in attributes has no field that nobody filled, and no byte that stands for one. */
static bool is_whole(const char *page, enum language language)
{
	char start[64];
	snprintf(start, sizeof(start), "<!doctype html>\n<html lang=\"%s\">", http_language_tag(language));
	if (!page || strncmp(page, start, strlen(start)) != 0 || strstr(page, "{{") || strstr(page, "[["))
		return false;
	for (const char *at = page; *at; at++)
		if ((unsigned char)*at < ' ' && *at != '\n')
			return false;
	return strstr(page, "</html>");
}

/* Everything that a door can be, in one page: each state, fault, source and reason. */
static char *render_everything(enum language language)
{
	struct door_view doors[32];
	struct door_record records[64];
	size_t door_count = 0, record_count = 0;
	for (enum door_state state = DOOR_UNKNOWN; state <= DOOR_STOPPED; state++) {
		doors[door_count] = closed_door;
		doors[door_count].state = state;
		doors[door_count].fault = (enum door_fault)(state + DOOR_FAULT_DID_NOT_START);
		doors[door_count].source = (enum door_source)(state % (DOOR_SOURCE_AUTO_CLOSE + 1));
		doors[door_count++].left_open = state == DOOR_OPEN;
	}
	for (enum door_reason reason = DOOR_REASON_NOT_SETTLED; reason <= DOOR_REASON_LAST; reason++) {
		doors[door_count] = closed_door;
		doors[door_count++].refusals[DOOR_COMMAND_OPEN] = reason;
		records[record_count++] = (struct door_record){.unix_ms = NOW_MS,
				.news = DOOR_NEWS_COMMAND_REJECTED,
				.reason = reason,
				.count = reason == DOOR_REASON_BUSY ? 1 : 12};
	}
	for (enum door_news news = DOOR_NEWS_OPENING; news <= DOOR_NEWS_CLOCK_SET; news++)
		records[record_count++] = (struct door_record){
				.unix_ms = NOW_MS, .news = news, .count = 1, .command = DOOR_COMMAND_PULSE};
	struct http_page page = {.language = language,
			.node = &node,
			.doors = doors,
			.door_count = door_count,
			.records = records,
			.record_count = record_count,
			.setup = true,
			.log_out = true,
			.noticed = &doors[0],
			.result = DOOR_RESULT_REJECTED,
			.reason = DOOR_REASON_STALE,
			.wall_ms = NOW_MS};
	return render(&page);
}

static void test_languages(void)
{
	char *pages[LANGUAGES];
	for (enum language language = LANGUAGE_STANDARD; language < LANGUAGES; language++) {
		tap_case("a page with everything in %s", http_language_tag(language));
		pages[language] = render_everything(language);
		CHECK(is_whole(pages[language], language));
		for (enum language other = LANGUAGE_STANDARD; other < language; other++)
			CHECK(pages[language] && strcmp(pages[language], pages[other]) != 0);
	}
	tap_case("one and more, numbers and names are in their places");
	CHECK(has(pages[LANGUAGE_de], "Seit <time datetime=\"2023-11-14T22:01:20Z\">2023-11-14 22:01 UTC</time> "
				      "(12 Minuten), über MQTT."));
	CHECK(has(pages[LANGUAGE_fr], "(12 minutes), par MQTT.") && has(pages[LANGUAGE_es], "(hace 12 minutos)"));
	CHECK(has(pages[LANGUAGE_nl], "(12 keer)") && has(pages[LANGUAGE_it], "(12 volte)"));
	CHECK(has(pages[LANGUAGE_de], "um Left door zu öffnen") && has(pages[LANGUAGE_fr], "pour ouvrir Left door"));
	for (enum language language = LANGUAGE_STANDARD; language < LANGUAGES; language++)
		free(pages[language]);
}

int main(void)
{
	test_words();
	test_buttons();
	test_notices();
	test_escape();
	test_drawings();
	test_simulator();
	test_history();
	test_peers();
	test_truth();
	test_setup();
	test_learn();
	test_many();
	test_durations();
	test_languages();
	return tap_done();
}
