/*
 * Where the client stands with its brokers: one pure function, which the diagram in docs/mqtt.md shows (test_mqtt_phase
 * holds the two together). What is to be done in a new phase is mqtt.c's.
 */
#ifndef PORTCULLIS_MQTT_PHASE_H
#define PORTCULLIS_MQTT_PHASE_H

enum mqtt_phase {
	MQTT_WAITING,   /* for the next attempt */
	MQTT_REACHING,  /* a look-up of the name and TCP, in the connector's thread */
	MQTT_SECURING,  /* the layer's handshake, in its thread */
	MQTT_GREETING,  /* CONNECT is with Paho, CONNACK has not come */
	MQTT_ONLINE,    /* the broker has accepted us */
	MQTT_FINISHING, /* online, and to be stopped: what was published before still goes out */
	MQTT_LEAVING,   /* DISCONNECT is sent, the broker closes */
	MQTT_STOPPED,   /* for good */
	MQTT_PHASES
};

enum mqtt_event {
	MQTT_TIME,      /* the pause before an attempt is over */
	MQTT_REACHED,   /* TCP is there, and nothing lies between it and MQTT */
	MQTT_WRAPPING,  /* TCP is there, and a layer such as TLS begins on it */
	MQTT_SECURED,   /* the layer is there */
	MQTT_ACCEPTED,  /* CONNACK */
	MQTT_REFUSED_5, /* the broker does not speak MQTT 5, and 3.1.1 is tried */
	MQTT_FAILED,    /* the attempt leads nowhere */
	MQTT_LOST,      /* a connection that was up has ended */
	MQTT_STOP,      /* the owner wants an end */
	MQTT_SAID,      /* all that was published is acknowledged */
	MQTT_END,       /* the broker has closed, or the owner's time is over */
	MQTT_EVENTS
};

/* The phase after an event. An event that does not belong to a phase, such as one that comes late, changes nothing. */
enum mqtt_phase mqtt_phase_next(enum mqtt_phase phase, enum mqtt_event event);

const char *mqtt_phase_name(enum mqtt_phase phase); /* as the diagram has it: "waiting" */
const char *mqtt_event_name(enum mqtt_event event); /* "the pause is over" */

#endif
