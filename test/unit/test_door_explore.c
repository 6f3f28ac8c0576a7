/*
 * The explorer: from the start it makes every input in every state that can be reached, in every wiring with every set
 * of sensors, and holds each step to the rules of door_rules.h.
 *
 * Time is what would be endless, so it only moves to the next deadline, a step short of it, or far beyond (a loop that
 * stood still), all times of the configuration are multiples of one step, and a state is what remains when times are
 * counted from now and what no longer matters is left out. Positions need no leaving out: in those steps there are few.
 *
 * All of it takes minutes and some gigabytes: DOOR_EXPLORE=full. Else each wiring is walked with every set of sensors,
 * and what is added to it (another press table, a warning, auto-close, debouncing) only as far as WEIGHT goes, the
 * first wiring apart; sanitized builds, those for ARM (slow or emulated) and those by gcc leave out more.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "door_rules.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__) || !defined(__clang__)
#define WEIGHT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define WEIGHT 1
#endif
#endif
#ifndef WEIGHT
#define WEIGHT 2
#endif
#define WEIGHT_FULL 9

#define NOW_MS 1000000
#define STEP_MS 500
#define STALL_MS 20000
#define PATH_MAX_STEPS 200

struct node {
	struct rules rules;
	uint32_t parent;
	struct door_input by;
	int32_t after_ms;
	bool failed; /* by is the failure of a line, right after the parent's step */
};

struct world {
	struct node *nodes;
	size_t count, room;
	uint64_t *seen;
	size_t seen_room;
	uint64_t steps;
	const char *broken;
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
	if (since_ms > DOOR_COAST_MS && door->press_at == DOOR_UNKNOWN && !lost)
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
		contact->edge_ms = pending || !steady ? shift(contact->edge_ms, by_ms, longest) : NOW_MS - longest;
		contact->unrest_ms = contact->edge_ms;
		rules->edge_ms[i] = rules->unrest_ms[i] = contact->edge_ms;
	}
	door->time_ms = shift(door->time_ms, by_ms, STALL_MS);
	reduce_press(door, by_ms, longest);
	if (door->goal == DOOR_GOAL_NONE) {
		door->goal_state = DOOR_UNKNOWN;
		door->goal_given_ms = door->goal_takes_ms = door->goal_due_ms = 0;
		door->goal_warned = false;
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
	rules->given_ms = shift(rules->given_ms, by_ms, 2 * longest);
	if (door->goal == DOOR_GOAL_NONE) {
		rules->given_ms = rules->waited_ms = 0;
		rules->line = DOOR_LINES;
		door->goal_source = DOOR_SOURCE_NONE;
		rules->presses = 0;
		rules->command = DOOR_COMMAND_OPEN;
		rules->warned = false;
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

static uint64_t hash_of(const struct rules *rules)
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
			door->goal_due_ms, door->goal_warned};
	for (size_t i = 0; i < COUNT(values); i++)
		hash = mix(hash, values[i]);
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

static void add(struct world *world, struct rules *rules, uint32_t parent, const struct door_input *by,
		int64_t after_ms, bool failed)
{
	reduce(rules);
	if (!is_new(world, hash_of(rules)))
		return;
	if (world->count == world->room) {
		world->room = world->room ? world->room * 2 : 1024;
		world->nodes = need(realloc(world->nodes, world->room * sizeof(*world->nodes)));
	}
	world->nodes[world->count++] = (struct node){
			.rules = *rules,
			.parent = parent,
			.by = by != NULL ? *by : (struct door_input){.kind = DOOR_INPUT_TIME},
			.after_ms = (int32_t)after_ms,
			.failed = failed,
	};
}

static void print_step(const struct door_input *by, int64_t after_ms, const struct door *door)
{
	static const char *const sensors[] = {"closed", "open", "obstruction"};
	static const char *const lines[] = {"toggle", "open", "close", "stop", "warning", "none"};
	char text[64] = "time";

	if (by->kind == DOOR_INPUT_SENSOR)
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
	printf("#   +%" PRId64 " ms %s: %s, relay %s, fault %s\n", after_ms, text, door_state_name(door->state),
			lines[door->relay], door_fault_name(door->fault));
}

static void report(const struct world *world, uint32_t from, const struct door_input *by, int64_t after_ms,
		const struct rules *rules, const char *broken)
{
	uint32_t path[PATH_MAX_STEPS];
	size_t length = 0;

	for (uint32_t at = from; length < PATH_MAX_STEPS; at = world->nodes[at].parent) {
		path[length++] = at;
		if (at == 0)
			break;
	}
	printf("# broken: %s\n# the way there:\n", broken);
	while (length-- > 0) {
		const struct node *node = &world->nodes[path[length]];
		print_step(&node->by, node->after_ms, &node->rules.door);
	}
	static const struct door_input time = {.kind = DOOR_INPUT_TIME};
	print_step(by != NULL ? by : &time, after_ms, &rules->door);
}

/* Makes one step from a node; a second one for each line that it switched and that might fail. */
static void try(struct world *world, uint32_t from, const struct door_input *input, int64_t after_ms)
{
	struct rules rules = world->nodes[from].rules;
	struct door_output output;
	const char *broken = rules_step(&rules, input, NOW_MS + after_ms, &output);

	world->steps++;
	if (broken != NULL && world->broken == NULL) {
		world->broken = broken;
		report(world, from, input, after_ms, &rules, broken);
	}
	if (broken != NULL)
		return;

	/* The same command again, at once. */
	if (input != NULL && input->kind == DOOR_INPUT_COMMAND && input->command < DOOR_COMMAND_TOGGLE) {
		struct rules again = rules;
		struct door_output second;
		broken = rules_step(&again, input, NOW_MS + after_ms, &second);
		bool fine = output.result == DOOR_RESULT_REJECTED
					    ? second.result == DOOR_RESULT_REJECTED && second.reason == output.reason
					    : second.result != DOOR_RESULT_ACCEPTED || rules.door.state == DOOR_UNKNOWN;
		if (broken == NULL && (!fine || second.action_count > 0))
			broken = "the same command again changes nothing";
		if (broken != NULL && world->broken == NULL) {
			world->broken = broken;
			report(world, from, input, after_ms, &rules, broken);
		}
	}
	for (size_t i = 0; i < output.action_count; i++) {
		struct rules failed = rules;
		struct door_output second;
		struct door_input failure = {.kind = DOOR_INPUT_LINE_FAILED,
				.line = output.actions[i].line,
				.active = output.actions[i].on};
		broken = rules_step(&failed, &failure, NOW_MS + after_ms, &second);
		world->steps++;
		if (broken != NULL && world->broken == NULL) {
			world->broken = broken;
			report(world, from, input, after_ms, &rules, broken);
			print_step(&failure, 0, &failed.door);
		}
		if (broken == NULL)
			add(world, &failed, from, &failure, after_ms, true);
	}
	add(world, &rules, from, input, after_ms, false);
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
	struct rules rules = world->nodes[from].rules;
	struct door_output output;
	const struct door_input input = {.kind = DOOR_INPUT_CONFIG, .config = other};
	const char *broken = rules_step(&rules, &input, NOW_MS, &output);

	if (broken == NULL)
		broken = after_config(&world->nodes[from].rules, &rules, &output);
	for (int64_t at_ms = NOW_MS; broken == NULL && at_ms <= NOW_MS + 8 * STEP_MS; at_ms += STEP_MS)
		broken = rules_step(&rules, NULL, at_ms, &output);
	world->steps++;
	if (broken == NULL || world->broken != NULL)
		return;
	world->broken = broken;
	report(world, from, &input, 0, &rules, broken);
}

/* The one that there is, and one in which all is another that can be: the books know one length of a pulse. */
static void reconfigure_both(struct world *world, uint32_t from)
{
	struct door_config other = world->nodes[from].rules.door.config;

	if (from % 8 != 0) /* as many as the time allows */
		return;
	reconfigure(world, from, &other);
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

static void expand(struct world *world, uint32_t from)
{
	struct door door = world->nodes[from].rules.door;
	int64_t deadline_ms = world->nodes[from].rules.deadline_ms;
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

static uint64_t total_states, total_steps;

static void explore(const char *name, const struct door_config *config)
{
	struct world world = {0};
	struct rules rules;

	tap_case("%s", name);
	rules_start(&rules, config, NOW_MS);
	add(&world, &rules, 0, NULL, 0, false);
	for (size_t next = 0; next < world.count && world.broken == NULL; next++)
		expand(&world, (uint32_t)next);
	tap_check(world.broken == NULL, world.broken != NULL ? world.broken : "", __FILE__, __LINE__);
	total_states += world.count;
	total_steps += world.steps;
	if (getenv("VERBOSE") != NULL)
		printf("# %zu states, %" PRIu64 " steps\n", world.count, world.steps);
	free(world.nodes);
	free(world.seen);
}

struct variant {
	const char *name;
	struct door_config config;
	int weight;
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
		{"toggle stop/reverse/reverse", TOGGLE(S, R, R), 0},
		{"toggle stop/stop/reverse", TOGGLE(S, S, R), 1},
		{"toggle stop/stop/continue", TOGGLE(S, S, C), 1},
		{"toggle reverse/stop/reverse", TOGGLE(R, S, R), 1},
		{"toggle reverse/reverse/reverse", TOGGLE(R, R, R), 1},
		{"toggle ignore/reverse/reverse", TOGGLE(I, R, R), 1},
		{"open and close relays", {.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true}}, 1},
		{"open, close and stop relays",
				{.lines = {[DOOR_LINE_OPEN] = true, [DOOR_LINE_CLOSE] = true, [DOOR_LINE_STOP] = true}},
				0},
};

static const struct variant extras[] = {
		{"", {.warning_ms = 0}, 0},
		{", warning", {.warning_ms = 2 * STEP_MS, .auto_close_ms = 4 * STEP_MS}, 1},
		{", auto-close", {.warning_ms = DOOR_AUTO_CLOSE_WARNING_MS, .auto_close_ms = 4 * STEP_MS}, 1},
		{", debounce", {.debounce_ms = STEP_MS}, 2},
};

static bool is_too_heavy(int sensors, const struct variant *wiring, const struct variant *extra, int limit)
{
	int count = (sensors & 1) + (sensors >> 1 & 1) + (sensors >> 2 & 1);
	if (limit > 1 && extra->weight <= (wiring == &wirings[0]))
		return false;
	return count + wiring->weight + extra->weight > limit;
}

int main(void)
{
	struct timespec begin, end;
	const char *asked = getenv("DOOR_EXPLORE");
	int limit = asked != NULL && strcmp(asked, "full") == 0 ? WEIGHT_FULL : WEIGHT;
	int left_out = 0;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (size_t i = 0; i < COUNT(wirings); i++) {
		for (int sensors = 0; sensors < 1 << DOOR_SENSORS; sensors++) {
			for (size_t j = 0; j < COUNT(extras); j++) {
				struct door_config config = wirings[i].config;
				char name[128];
				if (is_too_heavy(sensors, &wirings[i], &extras[j], limit)) {
					left_out++;
					continue;
				}
				for (int k = 0; k < DOOR_SENSORS; k++)
					config.sensors[k] = sensors & 1 << k;
				config.lines[DOOR_LINE_WARNING] = extras[j].config.warning_ms > 0;
				config.pulse_ms = STEP_MS;
				config.gap_ms = STEP_MS;
				config.open_time_ms = config.close_time_ms = 4 * STEP_MS;
				config.debounce_ms = extras[j].config.debounce_ms;
				config.warning_ms = extras[j].config.warning_ms;
				config.auto_close_ms = extras[j].config.auto_close_ms;
				snprintf(name, sizeof(name), "%s;%s%s%s%s%s", wirings[i].name,
						sensors & 1 << DOOR_SENSOR_CLOSED ? " closed" : "",
						sensors & 1 << DOOR_SENSOR_OPEN ? " open" : "",
						sensors & 1 << DOOR_SENSOR_OBSTRUCTION ? " obstruction" : "",
						sensors == 0 ? " no sensor" : "", extras[j].name);
				explore(name, &config);
			}
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("# %" PRIu64 " states, %" PRIu64 " steps in %.1f s; %d sets left out%s\n", total_states, total_steps,
			(double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9, left_out,
			left_out > 0 ? " (DOOR_EXPLORE=full walks them too)" : "");
	return tap_done();
}
