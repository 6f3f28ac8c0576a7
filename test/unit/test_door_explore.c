/*
 * The explorer: from the start it makes every input in every state that can be reached, in every wiring with every set
 * of sensors, and holds each step to the rules of door_rules.h. It walks twice:
 *
 *   machine  the machine alone: every edge, command, failure of a line and passing of time, whether or not a door could
 *            do so
 *   life     the machine, an opener and a door (door_life.h): the opener may be deaf, flash before it starts, run on,
 *            refuse and turn round for what is in its way, be faster than configured and lose its power; contacts have a
 *            length, bounce, hum and lose edges; somebody presses the wall button; the agent stands still. What is
 *            published is compared with the truth, and each press with what was asked for
 *
 * Time is what would be endless, so it only moves to the next deadline, a step short of it, or far beyond (a loop that
 * stood still), all times of the configuration are multiples of one step, and a state is what remains when times are
 * counted from now and what no longer matters is left out. Positions need no leaving out: in those steps there are few.
 *
 * States are found breadth first, and as many of a set are kept as the budget says. Of a set that has more, all
 * sequences of inputs up to a length have been made, which is printed. DOOR_EXPLORE=full has the large budget of "make
 * prove", on all processors; VERBOSE=1 prints a line for each set. Arguments choose sets: those whose name has one of
 * them in it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "door_life.h"
#include "door_share.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* States of one set that are kept: of the machine alone, and of a life. */
#define MACHINE_STATES 900
#define LIFE_STATES 375
#define FULL_MACHINE_STATES 144000
#define FULL_LIFE_STATES 30000

#define NOW_MS 1000000
#define STEP_MS 500
#define STALL_MS 20000
#define LONG_TRAVEL_MS (16 * STEP_MS)
#define PATH_MAX_STEPS 200

/* What may happen in a life. */
enum event_kind { PASS, PASS_UNTIL, FREEZE, COMMAND, POSITION, HAND, DEAF, POWER, BEAM, LOSE, HUM, KEY };

struct event {
	const char *name;
	enum event_kind kind;
	int64_t ms; /* for how long; of a command, how old it is */
	int what;   /* command, percent, line or sensor */
};

static const struct event events[] = {
		{"until something changes", PASS_UNTIL, 0, 0},
		{"a step of time", PASS, STEP_MS, 0},
		{"a long time", PASS, STALL_MS, 0},
		{"the agent stands still", FREEZE, 12 * STEP_MS, 0},
		{"OPEN", COMMAND, 0, DOOR_COMMAND_OPEN},
		{"CLOSE", COMMAND, 0, DOOR_COMMAND_CLOSE},
		{"CLOSE, as old as it may be", COMMAND, DOOR_AGE_MS, DOOR_COMMAND_CLOSE},
		{"STOP", COMMAND, 0, DOOR_COMMAND_STOP},
		{"TOGGLE", COMMAND, 0, DOOR_COMMAND_TOGGLE},
		{"POSITION 25", POSITION, 0, 25},
		{"POSITION 75", POSITION, 0, 75},
		{"wall button", HAND, 0, DOOR_LINE_TOGGLE},
		{"wall button: open", HAND, 0, DOOR_LINE_OPEN},
		{"wall button: close", HAND, 0, DOOR_LINE_CLOSE},
		{"deaf, or no longer", DEAF, 0, 0},
		{"power off or on", POWER, 0, 0},
		{"something in the way, or no longer", BEAM, 0, 0},
		{"the next edge gets lost", LOSE, 0, 0},
		{"the closed contact hums", HUM, 0, DOOR_SENSOR_CLOSED},
		{"the open contact hums", HUM, 0, DOOR_SENSOR_OPEN},
		{"locked out", COMMAND, 0, DOOR_COMMAND_LOCKOUT_ON},
		{"lock-out lifted", COMMAND, 0, DOOR_COMMAND_LOCKOUT_OFF},
		{"the key switch is turned", KEY, 0, DOOR_SENSOR_LOCKOUT},
		{"the key switch hums", HUM, 0, DOOR_SENSOR_LOCKOUT},
};

struct node {
	struct life life; /* of the machine's walk, its rules alone */
	uint32_t parent;
	uint32_t depth; /* steps from the start */
	struct door_input by;
	int32_t after_ms;
	const struct event *event; /* instead of by, in a life */
	bool failed;               /* by is the failure of a line, right after the parent's step */
};

struct world {
	struct node *nodes;
	size_t count, room;
	size_t limit;
	uint32_t depth; /* all sequences of so many steps are made; UINT32_MAX: all there are */
	uint64_t *seen;
	size_t seen_room;
	uint64_t steps;
	const char *broken;
	FILE *report;
	bool locks;
};

/* One wiring with one set of sensors, to be walked by one process. */
struct set {
	char name[160];
	struct door_config config;
	const struct model *nature; /* NULL: the machine alone */
	bool locks;                 /* lock-outs are set and lifted */
	/* What came of it. */
	bool done, good;
	size_t states;
	uint64_t steps;
	uint32_t depth;
	char report[8192];
};

static void *need(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

static int64_t shift(int64_t at_ms, int64_t by_ms, int64_t oldest_ms)
{
	if (at_ms == DOOR_NEVER)
		return at_ms;
	at_ms += by_ms;
	return at_ms < NOW_MS - oldest_ms ? NOW_MS - oldest_ms : at_ms;
}

/* The last press: until it has shown what it did. */
static void reduce_press(struct door *door, int64_t by_ms, int64_t longest_ms)
{
	bool moves = rules_moving(door->state) && door->commanded;
	bool lost = door->state == DOOR_UNKNOWN && door->commanded;
	int64_t since_ms = NOW_MS - by_ms - door->pressed_ms;

	if (since_ms > DOOR_START_MS)
		door->press_at = DOOR_UNKNOWN;
	if (since_ms > DOOR_COAST_MS && door->press_at == DOOR_UNKNOWN && !lost && !moves)
		door->press_to = DOOR_UNKNOWN;
	door->pressed_ms = shift(door->pressed_ms, by_ms, longest_ms);
	if (door->press_at == DOOR_UNKNOWN && (door->press_to == DOOR_UNKNOWN || since_ms > DOOR_COAST_MS) && !moves)
		door->pressed_ms = 0;
}

/* Times from NOW_MS on, and nothing kept that no step looks at. */
static void reduce(struct rules *rules)
{
	struct door *door = &rules->door;
	int64_t by_ms = NOW_MS - rules->now_ms;
	int64_t longest = 2 * (door->config.open_time_ms + door->config.close_time_ms);
	bool moving = rules_moving(door->state);

	for (int i = 0; i < DOOR_SENSORS; i++) {
		struct door_contact *contact = &door->contacts[i];
		bool pending = contact->heard && (!contact->known || contact->raw != contact->active);
		bool steady = rules->now_ms - contact->edge_ms >= door->config.debounce_ms;
		bool leaves = door->aim != DOOR_UNKNOWN; /* how long ago is counted then */
		contact->edge_ms = pending || !steady || leaves ? shift(contact->edge_ms, by_ms, longest)
								: NOW_MS - longest;
		contact->unrest_ms = contact->edge_ms;
		rules->edge_ms[i] = rules->unrest_ms[i] = contact->edge_ms;
	}
	door->time_ms = shift(door->time_ms, by_ms, STALL_MS);
	reduce_press(door, by_ms, longest);
	if (door->goal == DOOR_GOAL_NONE) {
		door->goal_state = DOOR_UNKNOWN;
		door->goal_given_ms = door->goal_takes_ms = door->goal_due_ms = 0;
		door->goal_warned = door->goal_free = false;
	} else {
		/* Only their sum counts. */
		door->goal_given_ms = shift(door->goal_given_ms + door->goal_takes_ms, by_ms, 2 * longest);
		door->goal_takes_ms = 0;
		door->goal_due_ms = shift(door->goal_due_ms, by_ms, longest);
	}
	door->moved_ms = moving ? shift(door->moved_ms, by_ms, longest) : 0;
	door->expire_ms = shift(door->expire_ms, by_ms, longest);
	door->warned_ms = shift(door->warned_ms, by_ms, longest);
	door->auto_close_ms = shift(door->auto_close_ms, by_ms, longest);
	bool relay_on = door->relay != DOOR_LINES;
	door->release_ms = relay_on ? shift(door->release_ms, by_ms, longest) : 0;
	door->ready_ms = relay_on ? 0 : shift(door->ready_ms, by_ms, 0);
	door->released_ms = relay_on ? 0 : shift(door->released_ms, by_ms, 3 * STEP_MS);
	bool stuck = false;
	for (int i = 0; i < DOOR_LINES; i++) {
		stuck = stuck || door->stuck[i];
		rules->since_ms[i] = rules->on[i] ? shift(rules->since_ms[i], by_ms, longest) : 0;
	}
	door->retry_ms = stuck ? shift(door->retry_ms, by_ms, longest) : 0;
	if (door->goal != DOOR_GOAL_PULSE)
		door->pulse_line = DOOR_LINES;
	if (rules->command != DOOR_COMMAND_PULSE)
		rules->line = DOOR_LINES;
	bool ours = rules->pressed_at != DOOR_UNKNOWN && rules->now_ms - rules->pressed_ms <= DOOR_START_MS;
	rules->pressed_at = ours ? rules->pressed_at : DOOR_UNKNOWN;
	rules->pressed_ms = shift(rules->pressed_ms, by_ms, ours || door->state == DOOR_OPENING ? longest : 0);
	rules->undisturbed = rules->undisturbed && door->goal != DOOR_GOAL_NONE;
	rules->given_ms = shift(rules->given_ms, by_ms, 2 * longest);
	if (door->goal == DOOR_GOAL_NONE && door->aim == DOOR_UNKNOWN) {
		door->aim_ppm = 0;
		rules->up = false;
		rules->given_ms = rules->waited_ms = 0;
		rules->line = DOOR_LINES;
		door->goal_source = DOOR_SOURCE_NONE;
		rules->presses = 0;
		rules->command = DOOR_COMMAND_OPEN;
		rules->warned = rules->ours = rules->begun_free = false;
	}
	if (!moving)
		door->whole = false;
	if (door->state == DOOR_CLOSED || door->state == DOOR_OPEN)
		door->direction = DOOR_UNKNOWN;
	if (door->source != DOOR_SOURCE_LOCAL)
		door->source = DOOR_SOURCE_NONE;
	door->cycles = 0;
	door->last_open_ms = door->last_close_ms = 0;
	memset(&door->said, 0, sizeof(door->said));
	door->said_position_ms = (int64_t)1 << 40; /* no publishing of positions while moving */
	rules->released_ms = shift(rules->released_ms, by_ms, 3 * STEP_MS);
	rules->deadline_ms = shift(rules->deadline_ms, by_ms, longest);
	rules->now_ms = NOW_MS;
}

static uint64_t mix(uint64_t hash, int64_t value)
{
	hash ^= (uint64_t)value + 0x9e3779b97f4a7c15 + (hash << 6) + (hash >> 2);
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccd;
	return hash ^ (hash >> 33);
}

static uint64_t hash_of_rules(const struct rules *rules)
{
	const struct door *door = &rules->door;
	uint64_t hash = 1;
	for (int i = 0; i < DOOR_SENSORS; i++) {
		const struct door_contact *contact = &door->contacts[i];
		hash = mix(hash, contact->raw | contact->heard << 1 | contact->active << 2 | contact->known << 3 |
						 rules->raw[i] << 4);
		hash = mix(hash, contact->edge_ms);
	}
	for (int i = 0; i < DOOR_LINES; i++) {
		hash = mix(hash, door->stuck[i] | rules->on[i] << 1 | rules->stuck[i] << 2);
		hash = mix(hash, rules->since_ms[i]);
	}
	int64_t values[] = {door->time_ms, door->settled, door->stopping, door->state, door->direction, door->source,
			door->fault, door->commanded, door->pressed_ms, door->moved_ms, door->base_ppm, door->whole,
			door->expire_ms, door->goal, door->goal_source, door->warned_ms, door->auto_close_ms,
			door->config.auto_close_ms, door->relay, door->release_ms, door->ready_ms, door->retry_ms,
			rules->deadline_ms, rules->released_ms, rules->asked, rules->command, rules->presses,
			rules->warned, rules->ended, rules->sure, door->pulse_line, rules->line, door->certain,
			door->press_to, door->press_at, door->goal_state, door->highest_ppm, door->goal_given_ms,
			door->goal_due_ms, door->goal_warned, door->goal_free, door->locked_remote, door->locked_told,
			rules->locked_remote, rules->begun_free, rules->ours, rules->pressed_ms, rules->pressed_at,
			rules->undisturbed, door->aim, door->aim_ppm, rules->up};
	for (size_t i = 0; i < COUNT(values); i++)
		hash = mix(hash, values[i]);
	return hash != 0 ? hash : 1;
}

/* The model's times from NOW_MS on, too. */
static void reduce_life(struct life *life)
{
	int64_t by_ms = NOW_MS - life->rules.now_ms;

	life->model.start_at_ms = shift(life->model.start_at_ms, by_ms, 0);
	life->model.stop_at_ms = shift(life->model.stop_at_ms, by_ms, 0);
	for (int i = 0; i < MODEL_WRONGS; i++)
		life->wrong_ms[i] = life->wrong_ms[i] < 0 ? -1 : shift(life->wrong_ms[i], by_ms, STALL_MS);
	life->result = DOOR_RESULT_ACCEPTED;
	reduce(&life->rules);
}

static uint64_t hash_of(const struct life *life)
{
	const struct model *model = &life->model;
	uint64_t hash = hash_of_rules(&life->rules);
	const int64_t values[] = {model->power, model->blocked, model->keyed, model->motor, model->next, model->last,
			model->start_at_ms, model->stop_at_ms, model->height, life->told[0], life->told[1],
			life->told[2], life->told[3], life->deaf, life->loses, life->hidden, life->touched};

	for (size_t i = 0; i < COUNT(values); i++)
		hash = mix(hash, values[i]);
	for (int i = 0; i < MODEL_WRONGS; i++)
		hash = mix(hash, life->wrong_ms[i]);
	return hash != 0 ? hash : 1;
}

static bool is_new(struct world *world, uint64_t hash)
{
	if (world->count * 2 >= world->seen_room) {
		size_t room = world->seen_room ? world->seen_room * 4 : 4096;
		uint64_t *seen = need(calloc(room, sizeof(*seen)));
		for (size_t i = 0; i < world->seen_room; i++) {
			size_t at = world->seen[i] & (room - 1);
			while (world->seen[i] != 0 && seen[at] != 0)
				at = (at + 1) & (room - 1);
			if (world->seen[i] != 0)
				seen[at] = world->seen[i];
		}
		free(world->seen);
		world->seen = seen;
		world->seen_room = room;
	}
	size_t at = hash & (world->seen_room - 1);
	while (world->seen[at] != 0 && world->seen[at] != hash)
		at = (at + 1) & (world->seen_room - 1);
	if (world->seen[at] == hash)
		return false;
	world->seen[at] = hash;
	return true;
}

/* A step has come to this state. It is kept if it is new and there is room. */
static void add(struct world *world, struct node *node)
{
	uint32_t depth = world->count > 0 ? world->nodes[node->parent].depth + 1 : 0;

	if (world->depth != UINT32_MAX)
		return;
	reduce_life(&node->life);
	if (!is_new(world, hash_of(&node->life)))
		return;
	if (world->count == world->limit) {
		world->depth = depth;
		return;
	}
	if (world->count == world->room) {
		world->room = world->room ? world->room * 2 : 1024;
		world->nodes = need(realloc(world->nodes, world->room * sizeof(*world->nodes)));
	}
	node->depth = depth;
	world->nodes[world->count++] = *node;
}

static void print_step(FILE *stream, const struct node *node)
{
	const struct door_input *by = &node->by;
	const struct door *door = &node->life.rules.door;
	static const char *const sensors[] = {"closed", "open", "obstruction", "lock-out"};
	static const char *const lines[] = {"toggle", "open", "close", "stop", "warning", "none"};
	char text[64] = "time";

	if (node->event != NULL)
		snprintf(text, sizeof(text), "%s", node->event->name);
	else if (by->kind == DOOR_INPUT_SENSOR)
		snprintf(text, sizeof(text), "%s %s%s", sensors[by->sensor], by->active ? "on" : "off",
				by->at_ms < NOW_MS ? " (late)" : "");
	else if (by->kind == DOOR_INPUT_COMMAND)
		snprintf(text, sizeof(text), "command %s%s%s", door_command_name(by->command),
				by->command == DOOR_COMMAND_PULSE ? " " : "",
				by->command == DOOR_COMMAND_PULSE ? lines[by->line] : "");
	else if (by->kind == DOOR_INPUT_LINE_FAILED)
		snprintf(text, sizeof(text), "%s %s fails", lines[by->line], by->active ? "on" : "off");
	else if (by->kind == DOOR_INPUT_STOPPING)
		snprintf(text, sizeof(text), "stopping");
	else if (by->kind == DOOR_INPUT_CONFIG)
		snprintf(text, sizeof(text), "another configuration");
	fprintf(stream, "#   +%" PRId32 " ms %s: %s, relay %s, fault %s", node->after_ms, text,
			door_state_name(door->state), lines[door->relay], door_fault_name(door->fault));
	if (node->event != NULL)
		fprintf(stream, "; height %" PRId64 "%%, motor %d%s", node->life.model.height / (MODEL_TOP / 100),
				node->life.model.motor, node->life.hidden ? ", hidden" : "");
	fprintf(stream, "\n");
}

/* The way to a step that broke something, the first time. */
static void report(struct world *world, const struct node *last, const char *broken)
{
	uint32_t path[PATH_MAX_STEPS];
	size_t length = 0;

	if (world->broken != NULL)
		return;
	world->broken = broken;
	for (uint32_t at = last->parent; length < PATH_MAX_STEPS; at = world->nodes[at].parent) {
		path[length++] = at;
		if (at == 0)
			break;
	}
	fprintf(world->report, "# broken: %s\n# the way there:\n", broken);
	while (length-- > 0)
		print_step(world->report, &world->nodes[path[length]]);
	print_step(world->report, last);
}

/* Makes one step from a node; a second one for each line that it switched and that might fail. */
static void try(struct world *world, uint32_t from, const struct door_input *input, int64_t after_ms)
{
	struct node node = {.life = world->nodes[from].life,
			.parent = from,
			.by = input != NULL ? *input : (struct door_input){.kind = DOOR_INPUT_TIME},
			.after_ms = (int32_t)after_ms};
	struct door_output output;
	const char *broken = rules_step(&node.life.rules, input, NOW_MS + after_ms, &output);

	world->steps++;
	if (broken != NULL) {
		report(world, &node, broken);
		return;
	}

	/* The same command again, at once; unless it was refused, and a press for the one before came due with it. */
	bool pressed = output.result == DOOR_RESULT_REJECTED && output.action_count > 0;
	bool lasts = input != NULL && input->kind == DOOR_INPUT_COMMAND &&
		     (input->command < DOOR_COMMAND_TOGGLE ||
				     (input->command == DOOR_COMMAND_POSITION && output.reason != DOOR_REASON_BUSY));
	if (lasts && !pressed) {
		struct rules again = node.life.rules;
		struct door_output second;
		broken = rules_step(&again, input, NOW_MS + after_ms, &second);
		bool fine = output.result == DOOR_RESULT_REJECTED
					    ? second.result == DOOR_RESULT_REJECTED && second.reason == output.reason
					    : second.result != DOOR_RESULT_ACCEPTED ||
							      node.life.rules.door.state == DOOR_UNKNOWN;
		if (broken == NULL && (!fine || second.action_count > 0))
			broken = "the same command again changes nothing";
		if (broken != NULL)
			report(world, &node, broken);
	}
	for (size_t i = 0; i < output.action_count; i++) {
		struct node failed = node;
		struct door_output second;
		failed.by = (struct door_input){.kind = DOOR_INPUT_LINE_FAILED,
				.line = output.actions[i].line,
				.active = output.actions[i].on};
		failed.failed = true;
		broken = rules_step(&failed.life.rules, &failed.by, NOW_MS + after_ms, &second);
		world->steps++;
		if (broken != NULL)
			report(world, &failed, broken);
		else
			add(world, &failed);
	}
	add(world, &node);
}

static const char *after_config(const struct rules *before, const struct rules *after, const struct door_output *output)
{
	const struct door *door = &before->door;
	bool due = before->deadline_ms <= NOW_MS || (door->relay != DOOR_LINES && door->release_ms <= NOW_MS);
	/* By a shorter time of debouncing, an edge may have stood still already. */
	for (int i = 0; i < DOOR_SENSORS; i++) {
		const struct door_contact *contact = &door->contacts[i];
		due = due || (contact->heard && (!contact->known || contact->raw != contact->active) &&
					     contact->edge_ms + after->door.config.debounce_ms <= NOW_MS);
	}
	RULE("a configuration brings no fault", after->door.fault == door->fault || due);
	for (size_t i = 0; i < output->action_count; i++) {
		RULE("a configuration switches nothing on", !output->actions[i].on);
		RULE("a configuration ends no pulse", output->actions[i].line == DOOR_LINE_WARNING || due);
	}
	RULE("a configuration changes no belief", after->door.state == door->state || due);
	return NULL;
}

/* From here another configuration, and then what time brings; the way does not go on from there. */
static void reconfigure(struct world *world, uint32_t from, const struct door_config *other)
{
	struct node node = {.life = world->nodes[from].life,
			.parent = from,
			.by = {.kind = DOOR_INPUT_CONFIG, .config = other}};
	struct rules *rules = &node.life.rules;
	struct door_output output;
	const char *broken = rules_step(rules, &node.by, NOW_MS, &output);

	if (broken == NULL)
		broken = after_config(&world->nodes[from].life.rules, rules, &output);
	for (int64_t at_ms = NOW_MS; broken == NULL && at_ms <= NOW_MS + 8 * STEP_MS; at_ms += STEP_MS)
		broken = rules_step(rules, NULL, at_ms, &output);
	world->steps++;
	if (broken != NULL)
		report(world, &node, broken);
}

/* The one that there is, and one in which all is another that can be: the books know one length of a pulse. */
static void reconfigure_both(struct world *world, uint32_t from)
{
	struct door_config other = world->nodes[from].life.rules.door.config;

	if (from % 8 != 0) /* as many as the time allows */
		return;
	reconfigure(world, from, &other);
	other.lockout_all = !other.lockout_all;
	other.opener = (struct door_opener){other.opener.while_closing, other.opener.while_opening,
			other.opener.after_stop == DOOR_PRESS_REVERSE ? DOOR_PRESS_CONTINUE : DOOR_PRESS_REVERSE};
	other.gap_ms = 3 * STEP_MS;
	other.debounce_ms = STEP_MS - other.debounce_ms;
	other.open_time_ms = 2 * STEP_MS;
	other.close_time_ms = 8 * STEP_MS;
	other.warning_ms = other.warning_ms > 0 ? other.warning_ms + STEP_MS : 0;
	other.auto_close_ms = STEP_MS;
	reconfigure(world, from, &other);
}

/* Where a travel is long enough for it. */
static bool has_positions(const struct door_config *config)
{
	return config->open_time_ms >= LONG_TRAVEL_MS;
}

static void expand(struct world *world, uint32_t from)
{
	struct door door = world->nodes[from].life.rules.door;
	int64_t deadline_ms = world->nodes[from].life.rules.deadline_ms;
	int64_t until_ms = deadline_ms == DOOR_NEVER ? STEP_MS : deadline_ms > NOW_MS ? deadline_ms - NOW_MS : 0;
	int64_t whens[] = {until_ms, until_ms - STEP_MS, STALL_MS};

	for (size_t i = 0; i < COUNT(whens); i++) {
		if (whens[i] >= 0)
			try(world, from, NULL, whens[i]);
	}
	for (int when = 0; when < 2; when++) {
		int64_t after_ms = when * STALL_MS;
		for (int i = 0; i < DOOR_SENSORS; i++) {
			struct door_input edge = {.kind = DOOR_INPUT_SENSOR,
					.sensor = (enum door_sensor)i,
					.active = !door.contacts[i].raw,
					.at_ms = NOW_MS + after_ms};
			if (!door.config.sensors[i])
				continue;
			if (!door.contacts[i].heard) {
				edge.active = false;
				try(world, from, &edge, after_ms);
				edge.active = true;
			}
			try(world, from, &edge, after_ms);
			edge.at_ms -= STEP_MS;
			try(world, from, &edge, after_ms);
			edge.sampled = true;
			if (door.settled)
				try(world, from, &edge, after_ms);
		}
		for (int i = DOOR_COMMAND_OPEN; i <= DOOR_COMMAND_TOGGLE; i++) {
			struct door_input asked = {.kind = DOOR_INPUT_COMMAND,
					.command = (enum door_command)i,
					.source = DOOR_SOURCE_MQTT};
			try(world, from, &asked, after_ms);
			asked.given_ms = NOW_MS + after_ms - DOOR_AGE_MS;
			if (i == DOOR_COMMAND_OPEN || i == DOOR_COMMAND_CLOSE)
				try(world, from, &asked, after_ms);
		}
		for (int i = DOOR_COMMAND_LOCKOUT_ON; i <= DOOR_COMMAND_LOCKOUT_OFF && world->locks; i++) {
			struct door_input asked = {.kind = DOOR_INPUT_COMMAND,
					.command = (enum door_command)i,
					.source = DOOR_SOURCE_HTTP};
			try(world, from, &asked, after_ms);
		}
		for (int percent = 25; percent < 100 && has_positions(&door.config); percent += 50) {
			struct door_input asked = {.kind = DOOR_INPUT_COMMAND,
					.command = DOOR_COMMAND_POSITION,
					.percent = percent,
					.source = DOOR_SOURCE_MQTT};
			try(world, from, &asked, after_ms);
		}
		for (int i = 0; i < DOOR_LINE_WARNING; i++) {
			struct door_input asked = {.kind = DOOR_INPUT_COMMAND,
					.command = DOOR_COMMAND_PULSE,
					.source = DOOR_SOURCE_HTTP,
					.line = (enum door_line)i};
			if (door.config.lines[i])
				try(world, from, &asked, after_ms);
		}
	}
	struct door_input end = {.kind = DOOR_INPUT_STOPPING};
	try(world, from, &end, 0);
	reconfigure_both(world, from);
}

static const char *happen(struct life *life, const struct event *event)
{
	int64_t now_ms = life->rules.now_ms, model_ms = model_next_ms(&life->model, now_ms);
	int64_t until_ms = life->rules.deadline_ms;

	switch (event->kind) {
	case PASS:
		return life_pass(life, now_ms + event->ms);
	case PASS_UNTIL:
		if (model_ms != DOOR_NEVER && now_ms + model_ms < until_ms)
			until_ms = now_ms + model_ms;
		return life_pass(life, until_ms == DOOR_NEVER ? now_ms : until_ms > now_ms ? until_ms : now_ms + 1);
	case FREEZE:
		return life_freeze(life, now_ms + event->ms);
	case COMMAND:
		return life_command(life, (enum door_command)event->what, event->ms);
	case POSITION:
		return life_position(life, event->what);
	case HAND:
		return life_hand(life, (enum door_line)event->what);
	case DEAF:
		life->deaf = !life->deaf;
		return NULL;
	case POWER:
		return life_power(life);
	case BEAM:
		return life_beam(life);
	case LOSE:
		life->loses = !life->loses;
		return NULL;
	case HUM:
		return life_hum(life, event->what);
	case KEY:
		return life_key(life);
	}
	return NULL;
}

static bool can_happen(const struct door_config *config, const struct event *event, bool locks)
{
	if (event->kind == KEY)
		return config->sensors[event->what];
	if (event->kind == COMMAND && event->what >= DOOR_COMMAND_LOCKOUT_ON)
		return locks;
	if (event->kind == HAND)
		return config->lines[event->what];
	if (event->kind == POSITION)
		return has_positions(config);
	/* Without debouncing each edge counts. */
	return event->kind != HUM || (config->sensors[event->what] && config->debounce_ms > 0);
}

static void expand_life(struct world *world, uint32_t from)
{
	const struct door_config config = world->nodes[from].life.rules.door.config;

	for (size_t i = 0; i < COUNT(events); i++) {
		struct node node = {.life = world->nodes[from].life, .parent = from, .event = &events[i]};
		if (!can_happen(&config, &events[i], world->locks))
			continue;
		const char *broken = happen(&node.life, &events[i]);
		node.after_ms = (int32_t)(node.life.rules.now_ms - NOW_MS);
		world->steps++;
		if (broken != NULL)
			report(world, &node, broken);
		else
			add(world, &node);
	}
}

static void start(struct world *world, const struct set *set)
{
	struct node node = {.by = {.kind = DOOR_INPUT_TIME}};

	if (set->nature == NULL) {
		rules_start(&node.life.rules, &set->config, NOW_MS);
		add(world, &node);
		return;
	}
	for (int64_t height = 0; height <= MODEL_TOP; height += MODEL_TOP / 2) {
		node = (struct node){.event = &events[0]};
		struct model nature = *set->nature;
		nature.open_ms = nature.open_ms * set->config.open_time_ms / (8 * STEP_MS);
		nature.close_ms = nature.close_ms * set->config.close_time_ms / (8 * STEP_MS);
		const char *broken = life_start(&node.life, &set->config, &nature, height, NOW_MS);
		if (broken == NULL)
			broken = life_pass(&node.life, NOW_MS + 2 * STEP_MS);
		if (broken != NULL)
			report(world, &node, broken);
		add(world, &node);
	}
	for (size_t i = 0; i < world->count; i++)
		world->nodes[i].depth = 0;
}

static void explore(struct set *set, size_t limit)
{
	struct world world = {.limit = limit, .depth = UINT32_MAX, .locks = set->locks};

	world.report = need(fmemopen(set->report, sizeof(set->report), "w"));
	start(&world, set);
	for (size_t next = 0; next < world.count && world.broken == NULL; next++)
		(set->nature != NULL ? expand_life : expand)(&world, (uint32_t)next);
	set->good = world.broken == NULL;
	set->states = world.count;
	set->steps = world.steps;
	set->depth = world.depth;
	fclose(world.report);
	free(world.nodes);
	free(world.seen);
	set->done = true;
}

struct variant {
	const char *name;
	struct door_config config;
};

#define S DOOR_PRESS_STOP
#define R DOOR_PRESS_REVERSE
#define I DOOR_PRESS_IGNORE
#define C DOOR_PRESS_CONTINUE
#define TOGGLE(...)                                                             \
	{                                                                       \
		.lines = {[DOOR_LINE_TOGGLE] = true}, .opener = { __VA_ARGS__ } \
	}

static const struct variant wirings[] = {
		{"toggle stop/reverse/reverse", TOGGLE(S, R, R)},
		{"toggle stop/stop/reverse", TOGGLE(S, S, R)},
		{"toggle stop/stop/continue", TOGGLE(S, S, C)},
		{"toggle reverse/stop/reverse", TOGGLE(R, S, R)},
		{"toggle reverse/reverse/reverse", TOGGLE(R, R, R)},
		{"toggle ignore/reverse/reverse", TOGGLE(I, R, R)},
		{"open and close relays", {.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true}}},
		{"open, close and stop relays", {.lines = {[DOOR_LINE_OPEN] = true,
								 [DOOR_LINE_CLOSE] = true,
								 [DOOR_LINE_STOP] = true}}},
};

static const struct variant extras[] = {
		{"", {.warning_ms = 0}},
		{", warning", {.warning_ms = 2 * STEP_MS, .auto_close_ms = 4 * STEP_MS}},
		{", auto-close", {.warning_ms = DOOR_AUTO_CLOSE_WARNING_MS, .auto_close_ms = 4 * STEP_MS}},
		{", debounce", {.debounce_ms = STEP_MS}},
		{", lock-out", {.sensors = {[DOOR_SENSOR_LOCKOUT] = true}, .debounce_ms = STEP_MS}},
		{", lock-out for all", {.lockout_all = true,
						       .warning_ms = DOOR_AUTO_CLOSE_WARNING_MS,
						       .auto_close_ms = 4 * STEP_MS}},
		{", position", {.warning_ms = 2 * STEP_MS, .open_time_ms = LONG_TRAVEL_MS}},
};

/* Openers and contacts: as they should be, and slow to start and to stop, faster than configured, with long contacts. */
static const struct model natures[] = {
		{.open_ms = 8 * STEP_MS, .close_ms = 8 * STEP_MS},
		{.open_ms = 6 * STEP_MS,
				.close_ms = 6 * STEP_MS,
				.start_ms = 2 * STEP_MS,
				.coast_ms = STEP_MS,
				.length = {MODEL_TOP / 6, MODEL_TOP / 6},
				.reverses = true},
};
static const char *const nature_names[] = {"machine", "life", "unruly life"};

static void describe(struct set *set, size_t wiring, int sensors, size_t extra, int nature)
{
	struct door_config *config = &set->config;
	int travel = nature > 0 ? 8 : 4;

	*config = wirings[wiring].config;
	for (int i = 0; i < DOOR_SENSOR_LOCKOUT; i++)
		config->sensors[i] = sensors & 1 << i;
	config->sensors[DOOR_SENSOR_LOCKOUT] = extras[extra].config.sensors[DOOR_SENSOR_LOCKOUT];
	config->lockout_all = extras[extra].config.lockout_all;
	set->locks = config->sensors[DOOR_SENSOR_LOCKOUT] || config->lockout_all;
	config->lines[DOOR_LINE_WARNING] = extras[extra].config.warning_ms > 0;
	config->pulse_ms = STEP_MS;
	config->gap_ms = STEP_MS;
	bool is_long = extras[extra].config.open_time_ms > 0;
	config->open_time_ms = config->close_time_ms = is_long ? LONG_TRAVEL_MS : travel * STEP_MS;
	config->debounce_ms = extras[extra].config.debounce_ms;
	config->warning_ms = extras[extra].config.warning_ms;
	config->auto_close_ms = extras[extra].config.auto_close_ms;
	set->nature = nature > 0 ? &natures[nature - 1] : NULL;
	snprintf(set->name, sizeof(set->name), "%s: %s;%s%s%s%s%s", nature_names[nature], wirings[wiring].name,
			sensors & 1 << DOOR_SENSOR_CLOSED ? " closed" : "",
			sensors & 1 << DOOR_SENSOR_OPEN ? " open" : "",
			sensors & 1 << DOOR_SENSOR_OBSTRUCTION ? " obstruction" : "", sensors == 0 ? " no sensor" : "",
			extras[extra].name);
}

#define SETS (COUNT(wirings) * (1 << DOOR_SENSOR_LOCKOUT) * COUNT(extras) * (1 + COUNT(natures)))

/* Shared by the processes that walk. */
struct work {
	struct set sets[SETS];
	size_t count, next;
};

/* The sets to be walked: all, or those whose name has one of the arguments in it. */
static void choose(struct work *work, char **wanted)
{
	for (int nature = 0; nature <= (int)COUNT(natures); nature++) {
		for (size_t i = 0; i < SETS / (1 + COUNT(natures)); i++) {
			struct set *set = &work->sets[work->count];
			size_t j = i / COUNT(extras);
			describe(set, j >> DOOR_SENSOR_LOCKOUT, (int)(j % (1 << DOOR_SENSOR_LOCKOUT)),
					i % COUNT(extras), nature);
			bool chosen = *wanted == NULL;
			for (char **part = wanted; *part != NULL; part++)
				chosen = chosen || strstr(set->name, *part) != NULL;
			work->count += chosen;
		}
	}
}

static void walk(struct work *work, bool full, size_t share)
{
	for (;;) {
		size_t i = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED);
		if (i >= work->count)
			return;
		struct set *set = &work->sets[i];
		size_t machine = full ? FULL_MACHINE_STATES : MACHINE_STATES,
		       life = full ? FULL_LIFE_STATES : LIFE_STATES;
		explore(set, (set->nature != NULL ? life : machine) / share);
	}
}

/* A case for each set, and how far all sequences of inputs were made, for each kind of walk. */
static void summarize(const struct work *work, double seconds)
{
	uint64_t states[COUNT(nature_names)] = {0}, steps[COUNT(nature_names)] = {0};
	unsigned whole[COUNT(nature_names)] = {0}, sets[COUNT(nature_names)] = {0};
	uint32_t depth[COUNT(nature_names)];

	memset(depth, 0xff, sizeof(depth));
	for (size_t i = 0; i < work->count; i++) {
		const struct set *set = &work->sets[i];
		size_t kind = set->nature == NULL ? 0 : 1 + (size_t)(set->nature - natures);
		tap_case("%s", set->name);
		fputs(set->report, stdout);
		CHECK(set->done && set->good);
		states[kind] += set->states;
		steps[kind] += set->steps;
		sets[kind]++;
		whole[kind] += set->depth == UINT32_MAX;
		depth[kind] = set->depth < depth[kind] ? set->depth : depth[kind];
		if (getenv("VERBOSE") != NULL)
			printf("# %zu states, %" PRIu64 " steps, depth %" PRId32 "\n", set->states, set->steps,
					(int32_t)set->depth);
	}
	for (size_t i = 0; i < COUNT(nature_names); i++) {
		if (sets[i] == 0)
			continue;
		printf("# %s: %u of %u sets walked to their end", nature_names[i], whole[i], sets[i]);
		if (depth[i] != UINT32_MAX)
			printf(", of each all sequences of %" PRIu32 " inputs", depth[i]);
		printf("; %" PRIu64 " states, %" PRIu64 " steps\n", states[i], steps[i]);
	}
	printf("# in %.1f s%s\n", seconds, door_share_text());
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
	const char *asked = getenv("DOOR_EXPLORE");
	bool full = asked != NULL && strcmp(asked, "full") == 0;
	size_t share = full ? 1 : door_share();
	long walkers = full ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
	struct work *work = mmap(NULL, sizeof(*work), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (work == MAP_FAILED)
		abort();
	choose(work, argv + (argc > 0));
	tap_case("there is a set of that name");
	CHECK(work->count > 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (long i = 1; i < walkers; i++) {
		if (fork() == 0) {
			walk(work, true, 1);
			_exit(0);
		}
	}
	walk(work, full, share);
	while (wait(NULL) > 0)
		;
	clock_gettime(CLOCK_MONOTONIC, &end);
	summarize(work, (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	return tap_done();
}
