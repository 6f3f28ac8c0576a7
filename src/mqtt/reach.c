/*
 * A look-up that takes too long fails the attempt and goes on in its thread; what it finds is used if another attempt is
 * under way by then, and else dropped.
 */
#include "mqtt/reach.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mdns/mdns.h"
#include "mqtt/sentences.h"

#define LOOK_UP_LIMIT_MS 10000
#define CONNECT_LIMIT_MS 10000
#define LAYER_LIMIT_MS 10000
#define USER_TIMEOUT_MS 15000 /* the kernel's own limit for what it has sent, should ours fail */

static void end_attempt(struct mqtt_reach *reach, int fd, const char *why)
{
	mqtt_reach_cancel(reach);
	reach->ended(reach->user, fd, why);
}

static void set_socket_options(int fd)
{
	unsigned user_timeout_ms = USER_TIMEOUT_MS;
	/* What the kernel still holds when the last descriptor is closed is dropped: nothing of it arrives later. */
	const struct linger drop = {.l_onoff = 1, .l_linger = 0};
	int keep_alive = 1, idle_s = USER_TIMEOUT_MS / 1000;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &drop, sizeof(drop));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keep_alive, sizeof(keep_alive));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof(user_timeout_ms));
}

static void layer_ended(void *user, int fd, const char *error)
{
	end_attempt(user, fd, error);
}

static void connector_ended(void *user, const struct mqtt_connector_result *result)
{
	struct mqtt_reach *reach = user;
	const struct mqtt_layer *layer = reach->broker->layer;
	char why[MQTT_ERROR_MAX];
	reach->connector = NULL;
	if (!reach->wanted) {
		if (result->fd >= 0)
			close(result->fd);
		return;
	}
	if (result->fd < 0) {
		mqtt_sentence_unreachable(result, why);
		end_attempt(reach, -1, why);
		return;
	}
	set_socket_options(result->fd);
	if (!layer) {
		end_attempt(reach, result->fd, NULL);
		return;
	}
	loop_timer_cancel(reach->loop, &reach->timer); /* the layer keeps its own time */
	reach->wrapping(reach->user);
	int error = layer->start(layer->user, result->fd, LAYER_LIMIT_MS, layer_ended, reach);
	if (error) {
		snprintf(why, sizeof(why), "cannot start TLS: %s", strerror(-error));
		end_attempt(reach, -1, why);
	}
}

static void look_up_timed_out(struct loop_timer *timer, int64_t now_ms)
{
	struct mqtt_reach *reach = timer->user;
	char why[MQTT_ERROR_MAX];
	if (!mqtt_connector_looking_up(reach->connector)) { /* it has a limit of its own, and it is near */
		loop_timer_set(reach->loop, timer, now_ms + CONNECT_LIMIT_MS);
		return;
	}
	snprintf(why, sizeof(why),
			mdns_is_local(reach->broker->host)
					? "the name does not resolve: no answer by multicast DNS, and none from a DNS server within %d s"
					: "the name does not resolve: no answer from a DNS server within %d s",
			LOOK_UP_LIMIT_MS / 1000);
	end_attempt(reach, -1, why);
}

void mqtt_reach_start(struct mqtt_reach *reach)
{
	int error = 0;
	reach->wanted = true;
	loop_timer_cancel(reach->loop, &reach->timer);
	reach->timer = (struct loop_timer){.expired = look_up_timed_out, .user = reach};
	loop_timer_set(reach->loop, &reach->timer, loop_now_ms() + LOOK_UP_LIMIT_MS);
	if (!reach->connector)
		error = mqtt_connector_start(reach->loop, reach->broker->host, reach->broker->port, CONNECT_LIMIT_MS,
				connector_ended, reach, &reach->connector);
	if (error) {
		char why[MQTT_ERROR_MAX];
		snprintf(why, sizeof(why), "cannot start to connect: %s", strerror(-error));
		end_attempt(reach, -1, why);
	}
}

void mqtt_reach_cancel(struct mqtt_reach *reach)
{
	reach->wanted = false;
	loop_timer_cancel(reach->loop, &reach->timer);
}

void mqtt_reach_abandon(struct mqtt_reach *reach)
{
	mqtt_reach_cancel(reach);
	mqtt_connector_abandon(reach->connector);
	reach->connector = NULL;
}
