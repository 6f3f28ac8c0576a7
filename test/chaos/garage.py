"""The truth: doors, their openers and their contacts. It shares nothing with the agent but the wires.

A door has a place from 0 (closed) to 1 (open), moved by its motor in steps of 10 ms. An opener hears a press when its input has been on
for long enough. A contact is a switch at an end of the way; its wire may bounce, stick, be swapped with the other, and lose edges.
"""

import time

STEP_S = 0.01
HEARD_S = 0.04  # an opener hears a press that is as long
ZONE = 0.02     # of the way, in which an end contact is active


class Wire:
    """What a contact says, as the agent can see it. log: (when, active) of each change, the newest last."""

    def __init__(self, chip, offset, normally_closed, random):
        self.chip, self.offset, self.normally_closed, self.random = chip, offset, normally_closed, random
        self.active, self.stuck, self.bounces, self.loses = False, None, 0, None
        self.log = [(0.0, False)]
        self.lost_at = self.unrest_at = -1e9  # when an edge was lost; when it was last forced
        self.loop = chip.loop
        chip.lines[offset].level = not normally_closed

    def _put(self, active, lose=None):
        if active == self.log[-1][1]:
            return
        self.log.append((time.monotonic(), active))
        if lose:
            self.lost_at = time.monotonic()
        self.chip.sense(self.offset, active == self.normally_closed, lose)  # pulled up: an open contact is high

    def show(self, active):
        """The contact itself has become so."""
        if active == self.active:
            return
        self.active = active
        if self.stuck is not None:
            return
        lose, self.loses = self.loses, None
        if self.bounces:
            self.chatter(self.bounces, 0.03)
            self.bounces = 0
        else:
            self._put(active, lose)

    def chatter(self, count, within_s):
        """Quick edges, and then what the contact says."""
        self.unrest_at = time.monotonic() + within_s
        for i in range(count):
            self.loop.call_later(self.random.uniform(0, within_s), lambda: self.stuck is None and self._put(not self.log[-1][1]))
        self.loop.call_later(within_s, self.settle)

    def settle(self):
        self._put(self.active if self.stuck is None else self.stuck)

    def stick(self, level):
        """None: it is mended."""
        self.stuck = level
        self.settle()

    def stood(self, active, since, for_s):
        """Whether it was so, for so long without a break, and still at some moment since then."""
        until = time.monotonic()
        for at, level in reversed(self.log):
            if level == active and until - at >= for_s:
                return True
            if at < since:
                return False
            until = at
        return False

    @property
    def steady_since(self):
        return max(self.log[-1][0], self.unrest_at)


class Door:
    """settings: of story.py. wires: "closed", "open", "beam", those that it has. pressed: (when, relay) that the opener heard."""

    def __init__(self, settings, chip, random):
        self.settings, self.loop, self.random = settings, chip.loop, random
        self.place, self.motor, self.last = 0.0, 0, -1
        self.powered, self.deaf, self.beam_broken, self.starts_at = True, 0, False, 0.0
        self.wires = {name: Wire(chip, wire["line"], wire["normally_closed"], random) for name, wire in settings["wires"].items()}
        self.swapped = False
        self.relays = {offset: role for role, offset in settings["relays"].items()}
        self.on = {}  # relay: the call that hears it
        self.ticking = False
        self.touched_at = -1e9  # when something happened that no contact may show
        self.moved_at = 0.0
        self.show()

    def relay(self, offset, active):
        role = self.relays[offset]
        if active and role not in self.on:
            self.on[role] = self.loop.call_later(HEARD_S, self.press, role)
        elif not active and role in self.on:
            self.on.pop(role).cancel()

    def touch(self):
        self.touched_at = time.monotonic()

    def press(self, role):
        if not self.powered:
            return
        if self.deaf:
            self.deaf -= 1
            self.touch()
            return
        table = self.settings["opener"]
        if role == "open_relay":
            self.drive(1)
        elif role == "close_relay":
            self.drive(-1)
        elif role == "stop_relay":
            self.drive(0)
        elif self.motor:
            does = table["while_opening" if self.motor > 0 else "while_closing"]
            if does != "ignore":
                self.drive(-self.motor if does == "reverse" else 0)
        elif self.place <= 0 or self.place >= 1:
            self.drive(1 if self.place <= 0 else -1)
        else:
            self.drive(self.last if table["after_stop"] == "continue" else -self.last)

    def drive(self, motor):
        if motor < 0 and self.beam_broken:
            motor = 0
        if motor and (self.place >= 1 if motor > 0 else self.place <= 0):
            motor = 0
        if motor and motor != self.motor:
            self.starts_at = time.monotonic() + self.settings["delay_s"]
        self.motor = motor
        self.last = motor or self.last
        if motor and not self.ticking:
            self.ticking = True
            self.at = time.monotonic()
            self.loop.call_later(STEP_S, self._tick)

    def _tick(self):
        now = time.monotonic()
        passed, self.at = max(0.0, now - max(self.at, self.starts_at)), now
        if self.motor and passed:
            self.place = min(1.0, max(0.0, self.place + self.motor * passed / self.settings["travel_s"]))
            self.moved_at = now
            if self.place in (0.0, 1.0):
                self.motor = 0
        self.ticking = bool(self.motor)
        if self.ticking:
            self.loop.call_later(STEP_S, self._tick)
        self.show()

    def show(self):
        ends = {"closed": self.place <= ZONE, "open": self.place >= 1 - ZONE, "beam": self.beam_broken}
        if self.swapped:
            ends["closed"], ends["open"] = ends["open"], ends["closed"]
        for name, wire in self.wires.items():
            wire.show(ends[name])

    # Mishaps.

    def wall_button(self):
        self.touch()
        self.press("relay" if "relay" in self.settings["relays"] else self.random.choice(["open_relay", "close_relay"]))

    def power(self, on):
        self.touch()
        self.powered = on
        if not on:
            self.motor = 0

    def turn_round(self):
        """As an opener does that feels something in its way."""
        if self.motor:
            self.touch()
            self.drive(-self.motor)

    def break_beam(self, broken):
        self.beam_broken = broken
        if broken and self.motor < 0:
            self.touch()
            self.drive(1)
        self.show()

    def swap(self, swapped):
        self.swapped = swapped
        self.touch()
        self.show()
