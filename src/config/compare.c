/*
 * What differs between two configurations, sorted by what a reload can do about it: nothing but a restart, a new
 * connection to the broker, or taking it over while all goes on.
 */
#include <string.h>

#include "config/config.h"
#include "door/door.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_wire(const struct config_line *a, const struct config_line *b)
{
	return a->present == b->present &&
	       (!a->present || (same_text(a->name, b->name) && a->offset == b->offset &&
					       a->active_low == b->active_low && a->bias == b->bias));
}

static bool same_tls(const struct config_tls *a, const struct config_tls *b)
{
	return same_text(a->ca_file, b->ca_file) && same_text(a->certificate_file, b->certificate_file) &&
	       same_text(a->key_file, b->key_file) && same_text(a->key_password_file, b->key_password_file);
}

static bool same_brokers(const struct config *a, const struct config *b)
{
	if (a->mqtt.broker_count != b->mqtt.broker_count)
		return false;
	for (size_t i = 0; i < a->mqtt.broker_count; i++) {
		const struct config_broker *one = &a->mqtt.brokers[i], *other = &b->mqtt.brokers[i];
		if (!same_text(one->host, other->host) || one->port != other->port || one->tls != other->tls)
			return false;
	}
	return true;
}

static bool same_peers(const struct config *a, const struct config *b)
{
	if (a->peers.all != b->peers.all || a->peers.node_count != b->peers.node_count)
		return false;
	for (size_t i = 0; i < a->peers.node_count; i++)
		if (!same_text(a->peers.nodes[i], b->peers.nodes[i]))
			return false;
	return true;
}

static bool has_door(const struct config *config, const char *id)
{
	for (size_t i = 0; i < config->door_count; i++)
		if (strcmp(config->doors[i].id, id) == 0)
			return true;
	return false;
}

/* The same ids in the same order: the page and the history count the doors. */
static bool compare_ids(const struct config *now, const struct config *next, struct config_report *report)
{
	size_t before = report->errors;
	bool ordered = now->door_count == next->door_count;
	for (size_t i = 0; i < next->door_count; i++)
		if (!has_door(now, next->doors[i].id))
			config_report_error(report, 0, "doors: %s is new: that takes a restart", next->doors[i].id);
	for (size_t i = 0; i < now->door_count; i++) {
		if (!has_door(next, now->doors[i].id))
			config_report_error(report, 0, "doors: %s is no longer there: that takes a restart",
					now->doors[i].id);
		ordered = ordered && strcmp(now->doors[i].id, next->doors[i].id) == 0;
	}
	if (before == report->errors && !ordered)
		config_report_error(report, 0, "doors: they are in another order: that takes a restart");
	return before == report->errors;
}

static void compare_wiring(const struct config_door *now, const struct config_door *next, struct config_report *report)
{
	static const char text[] = "doors: %s: %s is wired in another way: that takes a restart";
	for (size_t i = 0; i < DOOR_LINES; i++)
		if (!same_wire(&now->lines[i], &next->lines[i]))
			config_report_error(report, 0, text, now->id, door_line_keys[i]);
	for (size_t i = 0; i < DOOR_SENSORS; i++)
		if (!same_wire(&now->sensors[i], &next->sensors[i]))
			config_report_error(report, 0, text, now->id, door_sensor_keys[i]);
}

/* Whether commands to a position are heard at all (link.c). */
static bool reaches(const struct config *config)
{
	for (size_t i = 0; i < config->door_count; i++)
		if (door_reaches(&config->doors[i].machine))
			return true;
	return false;
}

bool config_compare(const struct config *now, const struct config *next, struct config_changes *changes,
		struct config_report *report)
{
	if (compare_ids(now, next, report))
		for (size_t i = 0; i < now->door_count; i++)
			compare_wiring(&now->doors[i], &next->doors[i], report);
	if (next->mqtt.brokers[0].by_supervisor && !now->mqtt.brokers[0].by_supervisor)
		config_report_error(report, 0, "mqtt.broker is now the Supervisor's to tell: that takes a restart");
	if (now->gpio.backend != next->gpio.backend)
		config_report_error(report, 0, "gpio.backend is another: that takes a restart");
	if (!same_text(now->gpio.chip, next->gpio.chip))
		config_report_error(report, 0, "gpio.chip is another: that takes a restart");
	if (now->http.enabled != next->http.enabled || now->http.port != next->http.port ||
			!same_text(now->http.address, next->http.address))
		config_report_error(report, 0, "http.listen is another: that takes a restart");
	if (!same_text(now->history.directory, next->history.directory))
		config_report_error(report, 0, "history.directory is another: that takes a restart");
	if (report->errors > 0)
		return false;

	*changes = (struct config_changes){0};
	changes->topics = !same_text(now->node, next->node) ||
			  !same_text(now->mqtt.topic_prefix, next->mqtt.topic_prefix);
	changes->discovery = changes->topics || now->home_assistant.discovery != next->home_assistant.discovery ||
			     !same_text(now->home_assistant.prefix, next->home_assistant.prefix);
	changes->mqtt = changes->discovery ||
			now->home_assistant.command_expiry != next->home_assistant.command_expiry ||
			!same_brokers(now, next) || !same_peers(now, next) || reaches(now) != reaches(next) ||
			!same_tls(&now->mqtt.tls, &next->mqtt.tls) ||
			!same_text(now->mqtt.username, next->mqtt.username) ||
			!same_text(now->mqtt.password, next->mqtt.password) ||
			!same_text(now->mqtt.client_id, next->mqtt.client_id) ||
			now->mqtt.keepalive_ms != next->mqtt.keepalive_ms;
	changes->credentials = !same_text(now->http.username, next->http.username) ||
			       !same_text(now->http.password, next->http.password) ||
			       !same_text(now->http.ingress, next->http.ingress);
	return true;
}
