/*
 * What the contacts say. An edge gives a contact a new raw level; once that has stood still for debounce_ms, it is the
 * level that counts (active), and the contact is known. Edges that come close together for too long make it unsteady:
 * it is then as if it were not there, an obstruction or lock-out contact as if it were active. Nothing here acts or
 * believes.
 */
#include "door/private.h"

bool contacts_has(const struct door *door, enum door_sensor sensor)
{
	return door->config.sensors[sensor];
}

/* It is there and its level can be believed. */
bool contacts_hears(const struct door *door, enum door_sensor sensor)
{
	return contacts_has(door, sensor) && !door->contacts[sensor].unsteady;
}

bool contacts_unsteady(const struct door *door)
{
	for (int i = 0; i < DOOR_SENSORS; i++) {
		if (door->contacts[i].unsteady)
			return true;
	}
	return false;
}

bool contacts_active(const struct door *door, enum door_sensor sensor)
{
	return door->contacts[sensor].active;
}

bool contacts_conflict(const struct door *door)
{
	return contacts_active(door, DOOR_SENSOR_CLOSED) && contacts_active(door, DOOR_SENSOR_OPEN);
}

/* At which end the door is sensed; unknown at none. */
enum door_state contacts_end(const struct door *door)
{
	bool closed = contacts_active(door, DOOR_SENSOR_CLOSED), open = contacts_active(door, DOOR_SENSOR_OPEN);
	return closed == open ? DOOR_UNKNOWN : closed ? DOOR_CLOSED : DOOR_OPEN;
}

/* From when on an end contact will have stood still, if no edge comes; what lies in the past: it does. */
int64_t contacts_steady_ms(const struct door *door, enum door_sensor sensor)
{
	const struct door_contact *contact = &door->contacts[sensor];
	if (!contact->heard || contact->unsteady)
		return INT64_MIN;
	return contact->edge_ms + door->config.debounce_ms;
}

int64_t contacts_ends_steady_ms(const struct door *door)
{
	return door_max(contacts_steady_ms(door, DOOR_SENSOR_CLOSED), contacts_steady_ms(door, DOOR_SENSOR_OPEN));
}

/* The first edge counts: what has only just come into the way is not waited for. */
bool contacts_in_the_way(const struct door *door)
{
	return door->contacts[DOOR_SENSOR_OBSTRUCTION].raw || contacts_active(door, DOOR_SENSOR_OBSTRUCTION);
}

/* For how long a contact may be restless, and must then stand still to be believed again. */
static int64_t longest_unrest_ms(const struct door *door)
{
	return door_max(DOOR_UNREST_MS, 10 * door->config.debounce_ms);
}

int64_t contacts_due_ms(const struct door *door, int i)
{
	const struct door_contact *contact = &door->contacts[i];
	if (!contact->heard || (contact->known && contact->raw == contact->active))
		return DOOR_NEVER;
	return contact->edge_ms + (contact->unsteady ? longest_unrest_ms(door) : door->config.debounce_ms);
}

bool contacts_edge(struct door *door, enum door_sensor sensor, bool active, int64_t at_ms)
{
	struct door_contact *contact = &door->contacts[sensor];

	if (contact->heard && contact->raw == active)
		return false;
	if (!contact->heard || at_ms - contact->edge_ms >= door_max(door->config.debounce_ms, DOOR_QUIET_MS))
		contact->unrest_ms = at_ms;
	contact->heard = true;
	contact->raw = active;
	contact->edge_ms = at_ms;
	return !contact->unsteady && at_ms - contact->unrest_ms >= longest_unrest_ms(door);
}

void contacts_sample(struct door *door, enum door_sensor sensor, bool active, int64_t now_ms)
{
	struct door_contact *contact = &door->contacts[sensor];
	bool lost = contact->raw != active && now_ms >= contacts_steady_ms(door, sensor);

	if (contact->heard && !lost)
		return;
	contact->heard = true;
	contact->raw = active;
	contact->edge_ms = now_ms;
	contact->unrest_ms = now_ms;
}
