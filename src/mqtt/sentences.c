/*
 * Each case has its sentence, with what a person can do about it where there is something to be done. Parts that come
 * from outside are cut, so that the end of a sentence is always there.
 */
#include "mqtt/sentences.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "mqtt/reasons.h"

void mqtt_sentence_unreachable(const struct mqtt_connector_result *result, char reason[static MQTT_ERROR_MAX])
{
	const char *name_error = result->name ? gai_strerror(result->name) : "";
	if (result->name == EAI_SYSTEM)
		snprintf(reason, MQTT_ERROR_MAX, "the name cannot be looked up: %s", strerror(-result->error));
	else if (result->local == -ENOENT)
		snprintf(reason, MQTT_ERROR_MAX,
				"the name does not resolve: no machine of the local network answers to it by multicast DNS (a container hears them only with the host's network), and DNS does not know it (%s)",
				name_error);
	else if (result->local)
		snprintf(reason, MQTT_ERROR_MAX,
				"the name does not resolve: multicast DNS cannot ask the local network: %s",
				strerror(-result->local));
	else if (result->name == EAI_AGAIN)
		snprintf(reason, MQTT_ERROR_MAX, "the name does not resolve: no answer from a DNS server (%s)",
				name_error);
	else if (result->name)
		snprintf(reason, MQTT_ERROR_MAX,
				"the name does not resolve (%s): check mqtt.broker, and the DNS server of this network",
				name_error);
	else if (result->error == -ECONNREFUSED)
		snprintf(reason, MQTT_ERROR_MAX,
				"connection refused: is the broker running, and does it listen on this address and port?");
	else if (result->error == -ETIMEDOUT)
		snprintf(reason, MQTT_ERROR_MAX,
				"no answer to the TCP connection: is the machine up, and does a firewall let it through?");
	else
		snprintf(reason, MQTT_ERROR_MAX, "cannot be reached: %s", strerror(-result->error));
}

void mqtt_sentence_lost(const char *label, const char *client_id, const struct mqtt_loss *loss,
		char sentence[static MQTT_ERROR_MAX])
{
	int code = loss->end.code;
	const char *advice = mqtt_reason_advice(code);
	if (loss->taken_over)
		snprintf(sentence, MQTT_ERROR_MAX,
				"broker %.128s: another client has taken over the client id \"%.64s\": %s", label,
				client_id, advice);
	else if (loss->end.said)
		snprintf(sentence, MQTT_ERROR_MAX, "broker %.128s: ended the connection: %s (0x%02x)%s%s", label,
				mqtt_reason_text(code), (unsigned)code, *advice ? ": " : "", advice);
	else if (loss->again)
		snprintf(sentence, MQTT_ERROR_MAX,
				"broker %.128s: the connection is lost again and again: does another client use the client id \"%.64s\"?",
				label, client_id);
	else if (loss->end.silent)
		snprintf(sentence, MQTT_ERROR_MAX, "broker %.128s: the connection was lost: no answer within %d s",
				label, MQTT_SESSION_ANSWER_LIMIT_MS / 1000);
	else
		snprintf(sentence, MQTT_ERROR_MAX, "broker %.128s: the connection was lost: %.*s", label,
				MQTT_ERROR_MAX - 176, *loss->reason ? loss->reason : "no answer to a ping");
}
