/*
 * The simulated backend: openers and doors behind the face of gpio.h, for the demo, for tests, and to try a
 * configuration without a Pi.
 *
 * Each door has a motor, a wall button, a light beam and a lock-up. It starts closed, with nobody moving it. What it
 * does is what openers do:
 * - A relay that has been on for SIMULATOR_PRESS_MS is one press, however long it stays on; a shorter one is none.
 * - A press of the toggle relay or the wall button acts by the door's press table; open, close and stop relays do what
 *   their names say.
 * - The motor stops at the ends. The end contacts are active at the very ends and let go as soon as the door moves.
 * - With the beam broken it does not begin to close, and while closing it reverses and opens.
 * - Jammed, the door stands still under a running motor, which gives up after SIMULATOR_GIVE_UP_MS.
 * Lines that belong to no door keep the level that they were set to, inputs are inactive.
 */
#ifndef PORTCULLIS_GPIO_SIMULATED_H
#define PORTCULLIS_GPIO_SIMULATED_H

#include <stddef.h>
#include <stdint.h>

#include "gpio/gpio.h"

#define SIMULATOR_NONE (-1)
#define SIMULATOR_PRESS_MS 50
#define SIMULATOR_GIVE_UP_MS 1000

/* What one press does, in the order of enum door_press. After a stop, continue is on in the direction it had. */
enum simulator_press { SIMULATOR_STOP, SIMULATOR_REVERSE, SIMULATOR_IGNORE, SIMULATOR_CONTINUE };

/* Lines are indices into the array handed to gpio_open_simulated, or SIMULATOR_NONE. */
struct simulator_door {
	int toggle_relay;
	int open_relay, close_relay, stop_relay;
	int closed_sensor, open_sensor, obstruction_sensor;
	enum simulator_press while_opening, while_closing; /* stop, reverse or ignore */
	enum simulator_press after_stop;                   /* reverse or continue */
	int64_t open_ms, close_ms;                         /* a whole travel; 1 to 3,600,000 */
};

/*
 * doors are copied; the rest as for gpio_open_libgpiod. Returns 0, -EINVAL (too many lines, a line that is not there or
 * faces the wrong way, a travel time out of range) or -ENOMEM. The caller frees with gpio_close.
 */
int gpio_open_simulated(struct loop *loop, const struct log *log, const struct gpio_line *lines, size_t count,
		const struct simulator_door *doors, size_t door_count, const struct gpio_handlers *handlers,
		struct gpio **gpio);

/*
 * What happens around a door: "wall_button" is a press, "obstruct" and "clear" the light beam, "jam" and "unjam" the
 * door; "lose_edge" has the chip lose the next edge of its contacts. It takes effect at the loop's next turn. 0,
 * -ENOENT (no such door or poke), -ENOTSUP (not simulated).
 */
int simulator_poke(struct gpio *gpio, size_t door, const char *poke);

#endif
