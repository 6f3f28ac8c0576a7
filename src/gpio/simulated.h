/*
 * The simulated backend: a model of openers and doors that is used through gpio.h. It serves the demo, the tests, and
 * whoever tries a configuration without a Pi.
 *
 * Each door has a motor, a wall button, a light beam and a key switch, and it can be jammed. It starts closed and at
 * rest. It does what openers do:
 * - A relay that has been on for SIMULATOR_PRESS_MS is one press, however long it stays on. A shorter pulse is not
 *   heard.
 * - A press of the toggle relay or the wall button acts by the door's press table. The open, close and stop relays do
 *   what their names say.
 * - The motor stops at the ends. The end contacts are active at the very ends and let go as soon as the door moves.
 * - While the beam is broken, the door does not begin to close, and a closing door reverses and opens.
 * - A jammed door stands still while the motor runs. The motor gives up after SIMULATOR_GIVE_UP_MS.
 * An output that belongs to no door keeps the level that it was set to. An input that belongs to no door is inactive.
 */
#ifndef PORTCULLIS_GPIO_SIMULATED_H
#define PORTCULLIS_GPIO_SIMULATED_H

#include <stddef.h>
#include <stdint.h>

#include "gpio/gpio.h"

#define SIMULATOR_NONE (-1)
#define SIMULATOR_PRESS_MS 50
#define SIMULATOR_GIVE_UP_MS 1000

/*
 * What one press does, in the order of enum door_press. CONTINUE: after a stop, the door goes on in the same direction.
 */
enum simulator_press { SIMULATOR_STOP, SIMULATOR_REVERSE, SIMULATOR_IGNORE, SIMULATOR_CONTINUE };

/* Lines are indices into the array handed to gpio_open_simulated, or SIMULATOR_NONE. */
struct simulator_door {
	int toggle_relay;
	int open_relay, close_relay, stop_relay;
	int closed_sensor, open_sensor, obstruction_sensor, lockout_sensor;
	enum simulator_press while_opening, while_closing; /* stop, reverse or ignore */
	enum simulator_press after_stop;                   /* reverse or continue */
	int64_t open_ms, close_ms;                         /* a whole travel; 1 to 3,600,000 */
};

/*
 * doors are copied; lines are borrowed and handlers are copied, as for gpio_open_libgpiod. Returns 0, -EINVAL (too many
 * lines, a number that is no line, a relay that is an input or a sensor that is an output, a travel time out of range)
 * or -ENOMEM. The caller frees with gpio_close.
 */
int gpio_open_simulated(struct loop *loop, const struct log *log, const struct gpio_line *lines, size_t count,
		const struct simulator_door *doors, size_t door_count, const struct gpio_handlers *handlers,
		struct gpio **gpio);

/*
 * Does something to a door from outside. poke is "wall_button" (one press), "obstruct" or "clear" (the light beam),
 * "lock" or "unlock" (the key switch), "jam" or "unjam" (the door), or "lose_edge" (the chip loses the next edge of the
 * door's contacts). It takes effect in the loop's next turn. Returns 0, -ENOENT (no such door or poke) or -ENOTSUP (gpio
 * is not simulated).
 */
int simulator_poke(struct gpio *gpio, size_t door, const char *poke);

#endif
