/* The configuration's doors, as the garage wants them. */
#ifndef PORTCULLIS_AGENT_DOORS_H
#define PORTCULLIS_AGENT_DOORS_H

#include "config/config.h"
#include "garage/config.h"

/* Borrows the door's strings and its machine. */
struct garage_door_config door_of_config(const struct config_door *door);

/* All of them, in their order. NULL when memory is short; the caller frees with free. */
struct garage_door_config *doors_of_config(const struct config *config);

#endif
