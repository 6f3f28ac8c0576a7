/*
 * Doors as tests show them: closed, seen by a sensor, at rest. A test changes what it is about:
 *
 *     static const struct door_view gate = {VIEW_CLOSED("gate", "The gate"), .has_position = true};
 */
#ifndef PORTCULLIS_TEST_VIEWS_H
#define PORTCULLIS_TEST_VIEWS_H

#include "door/types.h"

#define VIEW_CLOSED(door_id, door_name)                                                       \
	.id = (door_id), .name = (door_name), .device_class = "garage", .state = DOOR_CLOSED, \
	.confidence = DOOR_CONFIDENCE_SENSED, .has_stop = true, .settled = true

#endif
