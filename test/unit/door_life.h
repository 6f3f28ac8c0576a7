/*
 * The machine, its rules and the model of a door together: what the machine switches, the opener hears or does not; what
 * the contacts do, the machine hears, bounced, late or not at all. Each thing that happens returns NULL, or what it
 * broke: a rule of door_rules.h, or this promise:
 *
 *   With a toggle relay, no press of ours does what nobody asked for, and no state is published that is not true, unless
 *   something has happened that no contact shows, and the door has not rested at a sensed end since (hidden). With separate
 *   relays no press of ours ever does. Without a closed contact, STOP may come to a door that is just shut.
 *
 * Hidden are, between the ends, a press of ours that the opener did not hear, or heard and flashed first, a failure of
 * power and a beam of the opener's own; anywhere, the wall button, an edge that got lost, and a press that was not heard
 * in a move; without a steady closed contact, a press on a door that is shut.
 */
#ifndef PORTCULLIS_TEST_DOOR_LIFE_H
#define PORTCULLIS_TEST_DOOR_LIFE_H

#include "door_model.h"
#include "door_rules.h"

#define LIFE_EDGES_MAX 16

struct life {
	struct rules rules;
	struct model model;
	bool told[DOOR_SENSORS]; /* the level of the last edge that was handed over, or lost */
	bool deaf;               /* the opener hears no press of ours */
	bool loses;              /* the next edge gets lost */
	bool hidden;
	enum door_result result;        /* of the last command */
	bool touched;                   /* something hidden, or somebody else, or the opener itself may have moved it */
	int64_t wrong_ms[MODEL_WRONGS]; /* since when what is published is wrong; -1: it is not */
};

/* A contact shows the door at an end, and it is there. */
static inline bool life_at_end(const struct life *life)
{
	const struct door *door = &life->rules.door;

	for (int i = DOOR_SENSOR_CLOSED; i <= DOOR_SENSOR_OPEN; i++) {
		if (door->contacts[i].active && !door->contacts[i].unsteady && model_level(&life->model, i))
			return true;
	}
	return false;
}

static inline const char *life_first(unsigned wrong)
{
	for (int i = 0; i < MODEL_WRONGS; i++) {
		if (wrong >> i & 1)
			return model_wrong_names[i];
	}
	return NULL;
}

/* A relay of ours has gone on. */
static inline const char *life_press(struct life *life, enum door_line line)
{
	struct rules *rules = &life->rules;
	struct model *model = &life->model;
	int before = model_direction(model);
	bool toggle = line == DOOR_LINE_TOGGLE, hidden = life->hidden;

	bool unheard = life->deaf || !model->power || model->blocked;
	/* Nobody sees that a door is shut already. */
	bool blind = !rules->door.config.sensors[DOOR_SENSOR_CLOSED] ||
		     rules->door.contacts[DOOR_SENSOR_CLOSED].unsteady;
	bool unseen = blind && model_level(model, DOOR_SENSOR_CLOSED);
	if ((!life_at_end(life) && (unheard || model->start_ms > 0)) || (before != 0 && unheard) || unseen)
		life->hidden = life->touched = true;
	if (life->deaf)
		return NULL;
	model_hear(model, line, rules->now_ms);
	bool unwarned = rules->door.config.warning_ms > 0 && !rules->warned;
	/* A door that is sensed open is so: an opener that stands within the contact's length may go up what is left. */
	bool open = rules->door.contacts[DOOR_SENSOR_OPEN].active && model_level(model, DOOR_SENSOR_OPEN);
	bool locked = rules->ours && !rules->begun_free && !open && rules_locked(rules, &rules->door);
	enum door_command command = rules->command;
	if (command == DOOR_COMMAND_POSITION)
		command = rules->up ? DOOR_COMMAND_OPEN : DOOR_COMMAND_CLOSE;
	unsigned wrong = model_wrong_press(model, before, command, unwarned, locked);
	if (rules->door.config.allow_detour) /* it may begin downwards */
		wrong &= ~(1u << OPEN_DOWN);
	if (toggle && unseen)
		wrong &= ~(1u << CLOSE_UP);
	return toggle && hidden ? NULL : life_first(wrong);
}

/* Is what is published the truth? What the machine cannot have heard yet does not count. */
static inline const char *life_judge(struct life *life)
{
	const struct door *door = &life->rules.door;
	int64_t now_ms = life->rules.now_ms;
	struct door_view view = {0};
	bool at_rest = life->model.motor == 0 && life->model.start_at_ms == DOOR_NEVER &&
		       (life->model.height <= 0 || life->model.height >= MODEL_TOP);

	bool settled = true;
	for (int i = DOOR_SENSOR_CLOSED; i <= DOOR_SENSOR_OPEN; i++) {
		bool level = door->contacts[i].active;
		life->touched = life->touched || door->contacts[i].unsteady;
		settled = settled && (!door->config.sensors[i] || level == model_level(&life->model, i)) &&
			  door->contacts[i].raw == level && !door->contacts[i].unsteady;
	}
	if (life_at_end(life) && at_rest && settled) {
		life->hidden = false;
		life->touched = life->touched && door->source == DOOR_SOURCE_LOCAL;
	}
	door_view(door, now_ms, &view);
	unsigned wrong = model_wrong_view(&life->model, &view, !life->touched);
	for (int i = DOOR_SENSOR_CLOSED; i <= DOOR_SENSOR_OPEN; i++) {
		if (door->config.sensors[i] && door->contacts[i].raw != model_level(&life->model, i))
			wrong = 0;
	}
	if (life->hidden)
		wrong = 0;
	for (int i = 0; i < MODEL_WRONGS; i++) {
		if (!(wrong >> i & 1))
			life->wrong_ms[i] = -1;
		else if (life->wrong_ms[i] < 0)
			life->wrong_ms[i] = now_ms;
		else if (now_ms - life->wrong_ms[i] > door->config.debounce_ms + life->model.coast_ms)
			return model_wrong_names[i];
	}
	return NULL;
}

static inline const char *life_step(struct life *life, const struct door_input *input, int64_t now_ms)
{
	struct door_output output;
	const char *broken = rules_step(&life->rules, input, now_ms, &output);

	if (output.answered)
		life->result = output.result;
	for (size_t i = 0; i < output.action_count && broken == NULL; i++) {
		if (output.actions[i].on && output.actions[i].line != DOOR_LINE_WARNING)
			broken = life_press(life, output.actions[i].line);
	}
	model_pass(&life->model, now_ms, 0);
	return broken != NULL ? broken : life_judge(life);
}

static inline const char *life_edge(struct life *life, int sensor, bool active, int64_t at_ms, int64_t now_ms)
{
	const struct door_input edge = {.kind = DOOR_INPUT_SENSOR,
			.sensor = (enum door_sensor)sensor,
			.active = active,
			.at_ms = at_ms};
	return life_step(life, &edge, now_ms);
}

/* Hands over what the contacts have done at at_ms, at now_ms. Where edges do not count at once, they bounce. */
static inline const char *life_tell(struct life *life, int64_t at_ms, int64_t now_ms)
{
	const struct door_config *config = &life->rules.door.config;
	const char *broken = NULL;

	for (int i = 0; i < DOOR_SENSORS && broken == NULL; i++) {
		bool level = model_level(&life->model, i);
		if (!config->sensors[i] || life->told[i] == level)
			continue;
		life->told[i] = level;
		if (life->loses) {
			life->loses = false;
			life->hidden = life->touched = true;
			continue;
		}
		for (int bounce = config->debounce_ms > 0 ? 2 : 0; bounce >= 0 && broken == NULL; bounce--)
			broken = life_edge(life, i, bounce == 1 ? !level : level, at_ms, now_ms);
	}
	return broken;
}

/* Reads the levels, as before a command and before time brings a change. */
static inline const char *life_sample(struct life *life)
{
	const char *broken = NULL;

	for (int i = 0; i < DOOR_SENSORS && broken == NULL; i++) {
		const struct door_input sample = {.kind = DOOR_INPUT_SENSOR,
				.sensor = (enum door_sensor)i,
				.active = model_level(&life->model, i),
				.sampled = true,
				.at_ms = life->rules.now_ms};
		const struct door *door = &life->rules.door;
		bool differs = door->contacts[i].raw != sample.active; /* else it says nothing */
		if (door->config.sensors[i] && door->settled && differs)
			broken = life_step(life, &sample, life->rules.now_ms);
	}
	return broken;
}

static inline const char *life_start(struct life *life, const struct door_config *config, const struct model *model,
		int64_t height, int64_t now_ms)
{
	const char *broken = NULL;

	memset(life, 0, sizeof(*life));
	life->model = *model;
	life->model.opener = config->opener;
	model_rest(&life->model, height);
	rules_start(&life->rules, config, now_ms);
	life->hidden = true;
	for (int i = 0; i < MODEL_WRONGS; i++)
		life->wrong_ms[i] = -1;
	for (int i = 0; i < DOOR_SENSORS && broken == NULL; i++) {
		life->told[i] = model_level(&life->model, i);
		if (config->sensors[i])
			broken = life_edge(life, i, life->told[i], now_ms, now_ms);
	}
	return broken;
}

/* Time passes, and the machine is called at each deadline and edge. */
static inline const char *life_pass(struct life *life, int64_t until_ms)
{
	struct model *model = &life->model;
	const char *broken = NULL;

	while (life->rules.now_ms < until_ms && broken == NULL) {
		int64_t now_ms = life->rules.now_ms, model_ms = model_next_ms(model, now_ms), next_ms = until_ms;
		if (life->rules.deadline_ms < next_ms)
			next_ms = life->rules.deadline_ms > now_ms ? life->rules.deadline_ms : now_ms;
		if (model_ms != DOOR_NEVER && now_ms + model_ms < next_ms)
			next_ms = now_ms + model_ms;
		model_pass(model, now_ms, next_ms - now_ms);
		model_pass(model, next_ms, 0);
		life->rules.now_ms = next_ms;
		broken = life_tell(life, next_ms, next_ms);
		if (broken == NULL && life->rules.deadline_ms <= next_ms && life->rules.door.relay == DOOR_LINES)
			broken = life_sample(life);
		if (broken == NULL && life->rules.deadline_ms <= next_ms)
			broken = life_step(life, NULL, next_ms);
		else if (broken == NULL)
			broken = life_judge(life);
	}
	return broken;
}

/* The agent stands still: the machine hears of all edges at the end, with their times. */
static inline const char *life_freeze(struct life *life, int64_t until_ms)
{
	struct {
		int64_t at_ms;
		int sensor;
		bool level;
	} edges[LIFE_EDGES_MAX];
	size_t count = 0;
	struct model *model = &life->model;
	int64_t now_ms = life->rules.now_ms;
	const char *broken = NULL;

	while (now_ms < until_ms) {
		int64_t model_ms = model_next_ms(model, now_ms);
		int64_t next_ms = model_ms != DOOR_NEVER && now_ms + model_ms < until_ms ? now_ms + model_ms : until_ms;
		model_pass(model, now_ms, next_ms - now_ms);
		model_pass(model, next_ms, 0);
		now_ms = next_ms;
		for (int i = 0; i < DOOR_SENSORS && count < LIFE_EDGES_MAX; i++) {
			bool level = model_level(model, i);
			if (!life->rules.door.config.sensors[i] || life->told[i] == level)
				continue;
			life->told[i] = level;
			edges[count].at_ms = now_ms;
			edges[count].sensor = i;
			edges[count++].level = level;
		}
	}
	for (size_t i = 0; i < count && broken == NULL; i++)
		broken = life_edge(life, edges[i].sensor, edges[i].level, edges[i].at_ms, now_ms);
	return broken != NULL ? broken : life_step(life, NULL, now_ms);
}

static inline const char *life_command(struct life *life, enum door_command command, int64_t age_ms)
{
	const char *broken = life_sample(life);
	const struct door_input input = {.kind = DOOR_INPUT_COMMAND,
			.command = command,
			.source = DOOR_SOURCE_MQTT,
			.given_ms = life->rules.now_ms - age_ms};

	return broken != NULL ? broken : life_step(life, &input, life->rules.now_ms);
}

static inline const char *life_position(struct life *life, int percent)
{
	const char *broken = life_sample(life);
	const struct door_input input = {.kind = DOOR_INPUT_COMMAND,
			.command = DOOR_COMMAND_POSITION,
			.percent = percent,
			.source = DOOR_SOURCE_MQTT};

	return broken != NULL ? broken : life_step(life, &input, life->rules.now_ms);
}

/* A contact does not stand still for so long that it is not known: an edge each 200 ms. At the end it is as it should. */
static inline const char *life_hum(struct life *life, int sensor)
{
	int64_t debounce_ms = life->rules.door.config.debounce_ms;
	int64_t unrest_ms = 10 * debounce_ms > DOOR_UNREST_MS ? 10 * debounce_ms : DOOR_UNREST_MS;
	int64_t until_ms = life->rules.now_ms + unrest_ms + 400;
	bool level = model_level(&life->model, sensor);
	const char *broken = NULL;

	life->touched = true; /* by what is heard, at least */
	while (life->rules.now_ms < until_ms && broken == NULL) {
		level = !level;
		broken = life_edge(life, sensor, level, life->rules.now_ms, life->rules.now_ms);
		if (broken == NULL)
			broken = life_pass(life, life->rules.now_ms + 200);
	}
	life->told[sensor] = level;
	return broken != NULL ? broken : life_tell(life, life->rules.now_ms, life->rules.now_ms);
}

/* Somebody presses the wall button; with separate relays the one beside them. */
static inline const char *life_hand(struct life *life, enum door_line line)
{
	life->hidden = life->touched = true;
	model_hear(&life->model, line, life->rules.now_ms);
	model_pass(&life->model, life->rules.now_ms, 0);
	return life_judge(life);
}

/* The opener's power fails, or comes back. */
static inline const char *life_power(struct life *life)
{
	if (!life_at_end(life))
		life->hidden = life->touched = true;
	model_power(&life->model, !life->model.power);
	model_pass(&life->model, life->rules.now_ms, 0);
	return life_judge(life);
}

/* The key switch is turned. */
static inline const char *life_key(struct life *life)
{
	life->model.keyed = !life->model.keyed;
	return life_tell(life, life->rules.now_ms, life->rules.now_ms);
}

/* Something comes into the way, or goes. */
static inline const char *life_beam(struct life *life)
{
	struct model *model = &life->model;

	model->blocked = !model->blocked;
	if (model->blocked && model->reverses && model_direction(model) < 0) {
		life->hidden = life->hidden || !life->rules.door.config.sensors[DOOR_SENSOR_OBSTRUCTION];
		life->touched = true;
		model_begin(model, 1, life->rules.now_ms);
		model_pass(model, life->rules.now_ms, 0);
	}
	return life_tell(life, life->rules.now_ms, life->rules.now_ms);
}

#endif
