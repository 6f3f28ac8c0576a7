/*
 * The machine on a world that misbehaves: a model of door, opener and contacts that shares nothing with the machine but
 * its inputs and outputs. The opener may not hear a press, hear it late, flash before it starts, coast, refuse to close
 * on something in its way and turn round for it, lose its power, and take less time than is configured; somebody may
 * press the wall button. Contacts have a length, bounce, and edges get lost, so their levels are read as the agent
 * does.
 *
 * Each world is a random configuration, two minutes of random commands, and a count of what should not be:
 *
 *   moves  a press of ours that sends the door down for OPEN or STOP, that opens a shut door for CLOSE or STOP, that
 *          closes it unwarned where a warning is configured
 *   lies   a published state that has been wrong for longer than it takes to see it
 *
 * With separate relays no press moves the door the wrong way, however badly the opener behaves. With a toggle relay and
 * both contacts none does for OPEN or STOP as long as the opener keeps to its table. All else is counted, and no more:
 * where no contact shows that a press was not heard, or that somebody stopped the door by hand, nobody can know it.
 * docs/door.md shows the figures. DOOR_RANDOM=100000 tries so many worlds and prints the tables; DOOR_RANDOM_SEED
 * begins elsewhere; VERBOSE=1 tells the story of the first world of each kind.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "door_model.h"
#include "door_share.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define TICK_MS 10
#define WORLD_MS 120000
#define EDGES_MAX 64
#define SEE_MS 2500 /* a state that is wrong for longer is a lie */
#define SAMPLE_MS 10000

struct edge {
	int64_t at_ms;
	bool active;
};

struct nature {
	struct door door;
	struct door_config config;
	int64_t now_ms, deadline_ms;
	uint64_t random;

	/* The opener. */
	struct model model;
	int64_t hear_ms;
	unsigned deaf_percent; /* presses that are not heard */
	int64_t heard_at_ms;   /* a press on its way to the opener; -1: none */
	enum door_line heard_line;
	bool heard_ours;
	enum door_command heard_cause; /* what we pressed it for */
	bool heard_warned, heard_locked;
	int64_t power_at_ms;

	/* The contacts. */
	unsigned bounces, lost_percent;
	bool level[DOOR_SENSORS];
	struct edge edges[DOOR_SENSORS][EDGES_MAX];
	size_t edge_count[DOOR_SENSORS];
	int64_t sample_at_ms, beam_at_ms;
	unsigned beam_percent;

	/* People. */
	unsigned hand_percent; /* worlds in which somebody presses the wall button now and then */
	int64_t hand_at_ms, hand_ms;
	int64_t command_at_ms;
	enum door_command cause; /* of our presses */
	int64_t cause_ms, warned_from_ms, warned_ms;
	bool locks;         /* the door is locked out now and then, by commands and by its key switch */
	bool locked_remote; /* by a command */
	bool cause_free;    /* cause had pressed before the door was locked out */
	int64_t key_at_ms;

	bool positions; /* commands are also moves to a position */
	unsigned position_count;
	int64_t wrong_ms[MODEL_WRONGS]; /* since when it is wrong; -1: it is not */
	unsigned found[MODEL_WRONGS];
	bool verbose;
};

static uint64_t draw(struct nature *nature, uint64_t below)
{
	nature->random ^= nature->random << 13;
	nature->random ^= nature->random >> 7;
	nature->random ^= nature->random << 17;
	return nature->random % below;
}

static bool chance(struct nature *nature, unsigned percent)
{
	return draw(nature, 100) < percent;
}

static void story(const struct nature *nature, const char *what, const char *more)
{
	if (nature->verbose)
		printf("#   %6" PRId64 " %s%s; %s, %s; height %" PRId64 "%% motor %d\n", nature->now_ms, what, more,
				door_state_name(nature->door.state), door_source_name(nature->door.source),
				nature->model.height / (MODEL_TOP / 100), nature->model.motor);
}

static void found(struct nature *nature, enum model_wrong kind)
{
	nature->found[kind]++;
	story(nature, "WRONG: ", model_wrong_names[kind]);
}

/* The opener. */

static void hear(struct nature *nature)
{
	struct model *model = &nature->model;
	int before = model_direction(model);
	bool ours = nature->heard_ours;

	nature->heard_at_ms = -1;
	if (!model->power || (ours && chance(nature, nature->deaf_percent)))
		return;
	model_hear(model, nature->heard_line, nature->now_ms);
	story(nature, ours ? "heard" : "heard by hand", "");
	if (!ours)
		return;
	bool unwarned = nature->config.warning_ms > 0 && !nature->heard_warned;
	unsigned wrong = model_wrong_press(model, before, nature->heard_cause, unwarned, nature->heard_locked);
	for (int i = 0; i < MODEL_WRONGS; i++) {
		if (wrong >> i & 1)
			found(nature, (enum model_wrong)i);
	}
}

static void move(struct nature *nature)
{
	if (nature->heard_at_ms >= 0 && nature->now_ms >= nature->heard_at_ms)
		hear(nature);
	model_pass(&nature->model, nature->now_ms, TICK_MS);
}

/* The agent: what it hands over to the machine, and what it does for it. */

static bool is_locked(const struct nature *nature)
{
	const struct door_contact *contact = &nature->door.contacts[DOOR_SENSOR_LOCKOUT];

	return nature->locked_remote || contact->raw || contact->active || contact->unsteady;
}

static struct door_output step(struct nature *nature, const struct door_input *input)
{
	struct door_output output;

	door_step(&nature->door, input, nature->now_ms, &output);
	nature->deadline_ms = output.deadline_ms;
	for (size_t i = 0; i < output.action_count; i++) {
		const struct door_action *action = &output.actions[i];
		if (action->line == DOOR_LINE_WARNING && action->on)
			nature->warned_from_ms = nature->now_ms;
		if (action->line == DOOR_LINE_WARNING && !action->on &&
				nature->now_ms - nature->warned_from_ms >= nature->config.warning_ms)
			nature->warned_ms = nature->now_ms;
		if (action->line == DOOR_LINE_WARNING || !action->on)
			continue;
		nature->heard_at_ms = nature->now_ms + nature->hear_ms;
		nature->heard_line = action->line;
		nature->heard_ours = true;
		nature->heard_cause = nature->cause;
		nature->heard_warned = nature->warned_ms >= nature->cause_ms;
		bool locked = is_locked(nature);
		nature->heard_locked = locked && !nature->cause_free;
		nature->cause_free |= !locked;
		story(nature, "pressed", "");
	}
	return output;
}

static void tell(struct nature *nature, int sensor, bool active, bool sampled)
{
	bool as_believed = active == nature->door.contacts[sensor].active;
	const struct door_input input = {.kind = DOOR_INPUT_SENSOR,
			.sensor = (enum door_sensor)sensor,
			.active = active,
			.sampled = sampled,
			.at_ms = sampled && as_believed ? 0 : nature->now_ms};
	step(nature, &input);
}

static void sample(struct nature *nature)
{
	for (int i = 0; i < DOOR_SENSORS; i++) {
		if (nature->config.sensors[i] && nature->door.settled)
			tell(nature, i, nature->level[i], true);
	}
}

/* A level has changed: the contact bounces to it, and some edges get lost. */
static void bounce(struct nature *nature, int sensor)
{
	size_t count = nature->bounces > 0 ? 2 * (size_t)draw(nature, nature->bounces + 1) : 0;
	int64_t at_ms = nature->now_ms;
	bool level = nature->level[sensor];

	for (size_t i = 0; i <= count && nature->edge_count[sensor] < EDGES_MAX; i++) {
		bool last = i == count;
		if (!chance(nature, nature->lost_percent))
			nature->edges[sensor][nature->edge_count[sensor]++] =
					(struct edge){at_ms, last || i % 2 == 0 ? level : !level};
		at_ms += TICK_MS;
	}
}

static void contacts(struct nature *nature)
{
	for (int i = 0; i < DOOR_SENSORS; i++) {
		bool level = i == DOOR_SENSOR_OBSTRUCTION ? nature->level[i] : model_level(&nature->model, i);
		if (i == DOOR_SENSOR_OBSTRUCTION && nature->now_ms >= nature->beam_at_ms) {
			level = !level && chance(nature, nature->beam_percent);
			nature->beam_at_ms = nature->now_ms + 1000 + (int64_t)draw(nature, 8000);
		}
		if (level != nature->level[i]) {
			nature->level[i] = level;
			if (i == DOOR_SENSOR_OBSTRUCTION)
				nature->model.blocked = level;
			bounce(nature, i);
			if (i == DOOR_SENSOR_OBSTRUCTION && level && nature->model.motor < 0 &&
					nature->model.reverses) {
				model_begin(&nature->model, 1, nature->now_ms);
				nature->hand_ms = nature->now_ms; /* nor was that us */
			}
		}
		size_t taken = 0;
		while (taken < nature->edge_count[i] && nature->edges[i][taken].at_ms <= nature->now_ms)
			taken++;
		for (size_t j = 0; j < taken; j++) {
			if (nature->config.sensors[i])
				tell(nature, i, nature->edges[i][j].active, false);
		}
		memmove(nature->edges[i], nature->edges[i] + taken,
				(nature->edge_count[i] - taken) * sizeof(nature->edges[i][0]));
		nature->edge_count[i] -= taken;
	}
}

static void ask(struct nature *nature)
{
	static const char *const names[] = {"OPEN ", "CLOSE ", "STOP ", "TOGGLE "};
	struct door_input input = {.kind = DOOR_INPUT_COMMAND,
			.command = (enum door_command)draw(nature, 4),
			.source = DOOR_SOURCE_MQTT};

	sample(nature);
	enum door_command cause = nature->cause;
	int64_t cause_ms = nature->cause_ms;
	bool cause_free = nature->cause_free;
	nature->cause_free = false;
	nature->cause = input.command; /* of a press in this very step, too */
	if (nature->positions && chance(nature, 40)) {
		input.command = DOOR_COMMAND_POSITION;
		input.percent = 1 + (int)draw(nature, 99);
		bool up = input.percent * 10000 > nature->door.base_ppm;
		nature->cause = up ? DOOR_COMMAND_OPEN : DOOR_COMMAND_CLOSE; /* its presses are held to the same */
	}
	nature->cause_ms = nature->now_ms;
	enum door_goal before = nature->door.goal;
	struct door_output output = step(nature, &input);
	bool held = output.result == DOOR_RESULT_UNCHANGED && before == DOOR_GOAL_NONE &&
		    nature->door.goal != DOOR_GOAL_NONE;
	if (output.result != DOOR_RESULT_ACCEPTED && !held) {
		nature->cause = cause;
		nature->cause_ms = cause_ms;
		nature->cause_free |= cause_free;
		if (nature->heard_at_ms == nature->now_ms + nature->hear_ms) /* of before, and pressed in this step */
			nature->heard_cause = cause;
	}
	bool stays = input.command == DOOR_COMMAND_POSITION;
	nature->position_count += stays && output.result == DOOR_RESULT_ACCEPTED;
	story(nature, stays ? "POSITION " : names[input.command], door_result_name(output.result));
	static const int64_t paces_ms[] = {300, 1500, 6000, 25000};
	nature->command_at_ms = nature->now_ms + 50 + (int64_t)draw(nature, (uint64_t)paces_ms[draw(nature, 4)]);
}

/* Somebody turns the key switch, or locks the door out by a command, or lifts that. */
static void lock(struct nature *nature)
{
	const struct door_input input = {.kind = DOOR_INPUT_COMMAND,
			.command = nature->locked_remote ? DOOR_COMMAND_LOCKOUT_OFF : DOOR_COMMAND_LOCKOUT_ON,
			.source = DOOR_SOURCE_HTTP};

	nature->key_at_ms = nature->now_ms + 100 + (int64_t)draw(nature, 20000);
	if (chance(nature, 50)) {
		nature->model.keyed = !nature->model.keyed;
		return;
	}
	nature->locked_remote = !nature->locked_remote;
	step(nature, &input);
	story(nature, nature->locked_remote ? "locked out" : "lifted", "");
}

/* Whether what is published is the truth: each kind of lie, as it is now. */
static void judge(struct nature *nature)
{
	struct door_view view = {0};
	door_view(&nature->door, nature->now_ms, &view);
	unsigned wrong = model_wrong_view(&nature->model, &view, nature->hand_ms < 0);
	for (int i = SAYS_CLOSED; i < MODEL_WRONGS; i++) {
		if (!(wrong >> i & 1)) {
			nature->wrong_ms[i] = -1;
			continue;
		}
		if (nature->wrong_ms[i] < 0)
			nature->wrong_ms[i] = nature->now_ms;
		if (nature->now_ms - nature->wrong_ms[i] == SEE_MS)
			found(nature, (enum model_wrong)i);
	}
}

static void create(struct nature *nature, uint64_t seed, bool locks)
{
	static const enum door_press moving[] = {DOOR_PRESS_STOP, DOOR_PRESS_REVERSE, DOOR_PRESS_IGNORE};
	struct door_config *config = &nature->config;

	memset(nature, 0, sizeof(*nature));
	nature->random = seed * 0x9e3779b97f4a7c15 + 0x1234567;
	for (int i = 0; i < 8; i++)
		draw(nature, 2);
	bool toggle = chance(nature, 70);
	config->lines[DOOR_LINE_TOGGLE] = toggle;
	config->lines[DOOR_LINE_OPEN] = config->lines[DOOR_LINE_CLOSE] = !toggle;
	config->lines[DOOR_LINE_STOP] = !toggle && chance(nature, 50);
	config->lines[DOOR_LINE_WARNING] = chance(nature, 30);
	for (int i = 0; i < DOOR_SENSOR_LOCKOUT; i++)
		config->sensors[i] = chance(nature, i == DOOR_SENSOR_CLOSED ? 85 : 55);
	config->opener = (struct door_opener){moving[draw(nature, 20) % 3], moving[draw(nature, 20) % 3],
			chance(nature, 75) ? DOOR_PRESS_REVERSE : DOOR_PRESS_CONTINUE};
	config->pulse_ms = 200 + (int64_t)draw(nature, 6) * 100;
	config->gap_ms = 300 + (int64_t)draw(nature, 8) * 100;
	config->debounce_ms = 50;
	config->open_time_ms = 5000 + (int64_t)draw(nature, 20) * 1000;
	config->close_time_ms = chance(nature, 50) ? config->open_time_ms : 5000 + (int64_t)draw(nature, 20) * 1000;
	config->warning_ms = config->lines[DOOR_LINE_WARNING] ? 5000 : 0;
	config->sensors[DOOR_SENSOR_LOCKOUT] = nature->locks = locks;
	nature->key_at_ms = locks ? 5000 : DOOR_NEVER;

	/* What is configured is rather too long than too short. */
	nature->model.open_ms = config->open_time_ms * (int64_t)(70 + draw(nature, 31)) / 100;
	nature->model.close_ms = config->close_time_ms * (int64_t)(70 + draw(nature, 31)) / 100;
	nature->hear_ms = (int64_t)draw(nature, 20) * TICK_MS;
	nature->model.start_ms = chance(nature, 25) ? (int64_t)draw(nature, 400) * TICK_MS : 0;
	nature->model.coast_ms = (int64_t)draw(nature, 30) * TICK_MS;
	nature->deaf_percent = chance(nature, 50) ? (unsigned)draw(nature, 50) : 0;
	nature->model.reverses = config->sensors[DOOR_SENSOR_OBSTRUCTION];
	nature->model.length[0] = (int64_t)draw(nature, 30) * MODEL_TOP / 1000;
	nature->model.length[1] = (int64_t)draw(nature, 30) * MODEL_TOP / 1000;
	nature->bounces = chance(nature, 50) ? 2 : 0;
	nature->lost_percent = chance(nature, 20) ? 5 : 0;
	nature->beam_percent = chance(nature, 30) ? 60 : 0;
	nature->hand_percent = chance(nature, 30) ? 50 : 0;
	nature->power_at_ms = chance(nature, 10) ? (int64_t)draw(nature, WORLD_MS) : DOOR_NEVER;

	nature->model.opener = config->opener;
	model_rest(&nature->model, chance(nature, 45)   ? 0
				   : chance(nature, 80) ? MODEL_TOP
							: (int64_t)draw(nature, MODEL_TOP));
	if (nature->model.height > 0 && nature->model.height < MODEL_TOP && !chance(nature, 50))
		nature->model.last = -1;
	nature->heard_at_ms = -1;
	nature->hand_ms = -1;
	nature->hand_at_ms = nature->hand_percent > 0 ? (int64_t)draw(nature, 40000) : DOOR_NEVER;
	nature->command_at_ms = 500 + (int64_t)draw(nature, 5000);
	nature->sample_at_ms = SAMPLE_MS;
	nature->beam_at_ms = nature->beam_percent > 0 ? (int64_t)draw(nature, 10000) : DOOR_NEVER;
	nature->warned_ms = -1;
	for (int i = 0; i < MODEL_WRONGS; i++)
		nature->wrong_ms[i] = -1;
	door_init(&nature->door, config, 0);
	for (int i = 0; i < DOOR_SENSORS; i++) {
		nature->level[i] = i != DOOR_SENSOR_OBSTRUCTION && model_level(&nature->model, i);
		if (config->sensors[i])
			tell(nature, i, nature->level[i], false);
	}
}

static void live(struct nature *nature)
{
	for (nature->now_ms = TICK_MS; nature->now_ms <= WORLD_MS; nature->now_ms += TICK_MS) {
		move(nature);
		if (nature->now_ms >= nature->power_at_ms) {
			model_power(&nature->model, !nature->model.power);
			nature->power_at_ms = nature->model.power ? DOOR_NEVER : nature->now_ms + 20000;
		}
		if (nature->now_ms >= nature->hand_at_ms && nature->heard_at_ms < 0) {
			nature->heard_at_ms = nature->now_ms;
			nature->heard_line = nature->config.lines[DOOR_LINE_TOGGLE] ? DOOR_LINE_TOGGLE
					     : chance(nature, 50)                   ? DOOR_LINE_OPEN
										    : DOOR_LINE_CLOSE;
			nature->heard_ours = false;
			nature->hand_ms = nature->now_ms;
			nature->hand_at_ms = nature->now_ms + 500 + (int64_t)draw(nature, 40000);
		}
		contacts(nature);
		if (nature->now_ms >= nature->sample_at_ms) {
			nature->sample_at_ms += SAMPLE_MS;
			sample(nature);
		}
		if (nature->now_ms >= nature->key_at_ms)
			lock(nature);
		if (nature->now_ms >= nature->command_at_ms)
			ask(nature);
		for (int i = 0; i < 4 && nature->deadline_ms <= nature->now_ms; i++) {
			if (nature->door.relay == DOOR_LINES)
				sample(nature);
			step(nature, NULL);
		}
		judge(nature);
	}
}

/* Which contacts, and whether somebody is there. */
enum { NO_CONTACT, CLOSED_CONTACT, OPEN_CONTACT, BOTH_CONTACTS, SEPARATE, SETS };
static const char *const set_names[SETS] = {"none", "closed", "open", "both", "relays"};

static int set_of(const struct nature *nature)
{
	if (!nature->config.lines[DOOR_LINE_TOGGLE])
		return SEPARATE;
	return (nature->config.sensors[DOOR_SENSOR_CLOSED] ? CLOSED_CONTACT : 0) +
	       (nature->config.sensors[DOOR_SENSOR_OPEN] ? OPEN_CONTACT : 0);
}

static void describe(const struct nature *nature, uint64_t seed)
{
	const struct door_config *config = &nature->config;
	printf("# world %" PRIu64 ": %s, opener %d/%d/%d, pulse %" PRId64 " gap %" PRId64 ", configured %" PRId64
	       "/%" PRId64 ", real %" PRId64 "/%" PRId64 ", heard after %" PRId64 ", starts after %" PRId64
	       ", coasts %" PRId64 ", deaf %u%%, warning %" PRId64 "\n",
			seed, set_names[set_of(nature)], config->opener.while_opening, config->opener.while_closing,
			config->opener.after_stop, config->pulse_ms, config->gap_ms, config->open_time_ms,
			config->close_time_ms, nature->model.open_ms, nature->model.close_ms, nature->hear_ms,
			nature->model.start_ms, nature->model.coast_ms, nature->deaf_percent, config->warning_ms);
}

#define WORLDS 1000

/* The opener keeps to its table, if late, and nobody else presses its button. */
static bool is_faithful(const struct nature *nature)
{
	return nature->deaf_percent == 0 && nature->hand_percent == 0 && nature->beam_percent == 0 &&
	       nature->power_at_ms == DOOR_NEVER;
}

struct tally {
	unsigned counts[MODEL_WRONGS][SETS], worlds[SETS];
	unsigned positions;                 /* moves to one that were accepted */
	uint64_t seeds[MODEL_WRONGS][SETS]; /* the first; 0: none */
};

static void add(struct tally *tally, const struct nature *nature, uint64_t seed)
{
	int set = set_of(nature);

	tally->worlds[set]++;
	tally->positions += nature->position_count;
	for (int i = 0; i < MODEL_WRONGS; i++) {
		tally->counts[i][set] += nature->found[i] > 0;
		if (nature->found[i] > 0 && tally->seeds[i][set] == 0)
			tally->seeds[i][set] = seed;
	}
}

static void print(const struct tally *tally, const char *title)
{
	printf("# %-28s", title);
	for (int set = 0; set < SETS; set++)
		printf(" %8s", set_names[set]);
	printf("\n# %-28s", "worlds");
	for (int set = 0; set < SETS; set++)
		printf(" %8u", tally->worlds[set]);
	puts("");
	for (int i = 0; i < MODEL_WRONGS; i++) {
		printf("# %-28s", model_wrong_names[i]);
		for (int set = 0; set < SETS; set++)
			printf(" %8u", tally->counts[i][set]);
		puts("");
	}
}

static void tell_stories(const struct tally *tally, bool locks)
{
	for (int i = 0; i < MODEL_WRONGS; i++) {
		for (int set = 0; set < SETS; set++) {
			struct nature nature;
			if (tally->seeds[i][set] == 0)
				continue;
			printf("# %s, %s:\n", model_wrong_names[i], set_names[set]);
			create(&nature, tally->seeds[i][set], locks);
			nature.positions = tally->positions > 0;
			describe(&nature, tally->seeds[i][set]);
			nature.verbose = true;
			live(&nature);
		}
	}
}

static void live_one(uint64_t seed, bool locks, bool positions, struct tally *faithful, struct tally *unruly)
{
	struct nature nature;
	create(&nature, seed, locks);
	nature.positions = positions;
	bool is = is_faithful(&nature);
	live(&nature);
	add(is ? faithful : unruly, &nature, seed);
}

int main(void)
{
	const char *asked = getenv("DOOR_RANDOM"), *from = getenv("DOOR_RANDOM_SEED");
	uint64_t worlds = asked ? strtoull(asked, NULL, 10) : WORLDS / door_share();
	uint64_t first = from ? strtoull(from, NULL, 10) : 1;
	static struct tally faithful, unfaithful, locked, unruly_locked, faithful_to, unruly_to;

	for (uint64_t seed = first; seed < first + worlds; seed++) {
		live_one(seed, false, false, &faithful, &unfaithful);
		if (seed % 4 == 0)
			live_one(seed, true, false, &locked, &unruly_locked);
		if (seed % 4 == 2 || worlds < 100)
			live_one(seed, false, true, &faithful_to, &unruly_to);
	}
	print(&faithful, "opener keeps to its table");
	print(&unfaithful, "deaf, by hand, beam, no power");
	print(&locked, "locked out at times");
	print(&unruly_locked, "the same, deaf, by hand ...");
	print(&faithful_to, "sent to positions");
	print(&unruly_to, "the same, deaf, by hand ...");
	if (asked == NULL)
		printf("# %d worlds%s\n", (int)worlds, door_share_text());
	tap_case("separate relays: no press moves a door another way than it was asked to, whatever the opener does");
	for (int i = STOP_DOWN; i <= UNWARNED; i++)
		CHECK(faithful.counts[i][SEPARATE] == 0 && unfaithful.counts[i][SEPARATE] == 0);
	tap_case("toggle relay, both contacts: nor for OPEN or STOP, as long as the opener keeps to its table");
	for (int i = STOP_DOWN; i <= UNWARNED; i++)
		CHECK(i == CLOSE_UP || faithful.counts[i][BOTH_CONTACTS] == 0);
	tap_case("locked out, no command from afar opens a door: whatever relays an opener has, and a toggle relay in its table");
	CHECK(locked.counts[LOCKED_UP][SEPARATE] == 0 && unruly_locked.counts[LOCKED_UP][SEPARATE] == 0);
	for (int set = 0; set < SETS; set++)
		CHECK(set == OPEN_CONTACT || locked.counts[LOCKED_UP][set] == 0);
	tap_case("sent to positions: with separate relays and with both contacts, the same");
	for (int i = STOP_DOWN; i <= UNWARNED; i++) {
		CHECK(faithful_to.counts[i][SEPARATE] == 0 && unruly_to.counts[i][SEPARATE] == 0);
		CHECK(i == CLOSE_UP || faithful_to.counts[i][BOTH_CONTACTS] == 0);
	}
	CHECK(worlds < 25 || faithful_to.positions + unruly_to.positions > 0);
	tap_case("a closed contact that is not steadily wrong is right: closed is said of no open door");
	for (int set = 0; set < SETS; set++)
		CHECK(set == OPEN_CONTACT || set == SEPARATE || faithful.counts[SAYS_CLOSED][set] == 0);
	if (getenv("VERBOSE") != NULL) {
		tell_stories(&faithful, false);
		tell_stories(&unfaithful, false);
		tell_stories(&locked, true);
		tell_stories(&unruly_locked, true);
		tell_stories(&faithful_to, false);
	}
	return tap_done();
}
