"""What must hold, judged by what the wires carried, what was asked for, and what the agent said.

Each rule has a name; a breach is a Violation with that name. What a rule does not ask for is said where it is not asked for, and why.
"""

import os
import time
from dataclasses import dataclass, field

from lockout import RULE, Lockouts
from peers import Peers

AGE_S = 10.0     # nothing acts that is older
START_S = 5.0    # for which a press may be believed against the contact of the end to leave, besides a quarter of the travel
LOOK_S = 10.0    # the contacts are read again so often: how long a lost edge may mislead
SLACK_S = 0.3 * float(os.environ.get("PORTCULLIS_TEST_SLOWNESS", "1"))  # for programs that share a machine with others


ASKS_FOR = {"open_relay": {"OPEN", "TOGGLE", "POSITION"}, "close_relay": {"CLOSE", "TOGGLE", "POSITION"}, "stop_relay": {"STOP", "TOGGLE", "POSITION"}}


class Violation(Exception):
    def __init__(self, rule, words):
        super().__init__(f"{rule}: {words}")
        self.rule = rule


@dataclass
class Given:
    """A command that the agent may act on, once. at: when the person gave it, on our clock. door: None for a lock-out's, which is for doors."""
    number: int
    door: int | None
    word: str
    way: str
    at: float
    life: int = 0          # of the agent that it was given to
    whole_at: float = 0.0  # of a slow request: when its last byte went
    answer: str | None = None  # accepted, unchanged, rejected; None: none came
    answered_at: float = 0.0
    presses: int = 0
    percent: int = 0
    pulses: list = field(default_factory=list)  # its presses
    doors: list = field(default_factory=list)
    acted: set = field(default_factory=set)  # those that it has locked out, or lifted that


@dataclass
class Pulse:
    role: str
    on: float
    off: float | None = None
    said: str | None = None  # the state that the agent told last
    warned_s: float = 0.0    # for how long the warning had been on, at most
    life: int = 0            # which start of the agent
    locked: float | None = None  # since when the door was locked out for certain
    place: int | None = None     # the position that the agent told last

    @property
    def closes(self):
        return self.role == "close_relay" or (self.role == "relay" and self.said == "open")


@dataclass
class Watch:
    """What the oracle knows of one door."""
    pulses: list = field(default_factory=list)
    judged: int = 0          # so many have been looked at
    warning_on: float | None = None
    warning_off: float = -1e9
    warned_s: float = 0.0    # how long the last warning was
    said: str | None = None
    position: int | None = None
    confidence: str | None = None
    said_at: float = 0.0
    open_since: float | None = None  # since when the agent has said so


class Oracle:
    def __init__(self, settings, doors, sample):
        self.settings, self.doors, self.sample = settings, doors, sample  # sample(): brings stalls up to now
        self.given = []
        self.watches = [Watch() for _ in doors]
        self.stalls = []      # (begin, end): the agent had no processor then, or we had none
        self.frozen = None    # since when it is stopped
        self.life, self.alive, self.ready_at = 0, False, 0.0
        self.stopping = False
        self.ranges = [{"pulse_ms": {door["pulse_ms"]}, "debounce_ms": {door["debounce_ms"]}, "gap_ms": {door["gap_ms"]}} for door in settings]
        self.counts = {"presses": 0, "commands": 0, "lock-out's commands": 0, "stops at a position": 0, "accepted": 0, "rejected": 0, "unchanged": 0, "estimates": 0, "estimates that were wrong": 0}
        self.breaches = []
        self.lockouts = Lockouts(self, settings, AGE_S, SLACK_S)
        self.peers = Peers(self, AGE_S, SLACK_S)

    def breach(self, rule, words):
        self.breaches.append(Violation(rule, words))

    def lost_s(self, since):
        """Seconds since then in which the agent, or this model, had no processor; half as much again, since it is looked at every 50 ms."""
        self.sample()
        now = time.monotonic()
        lost = sum(max(0.0, end - max(begin, since)) for begin, end in self.stalls[-200:])
        return 1.5 * lost + (now - max(self.frozen, since) if self.frozen else 0.0)

    # The relays.

    def driven(self, number, role, active, why):
        now, door, watch = time.monotonic(), self.settings[number], self.watches[number]
        name = f"door {door['id']}, {role}"
        if role == "warning":
            if active and watch.warning_on is None:
                watch.warning_on = now
            elif not active and watch.warning_on is not None:
                watch.warned_s, watch.warning_off, watch.warning_on = now - watch.warning_on, now, None
            return
        running = [pulse for pulse in watch.pulses[-4:] if pulse.off is None]
        own = [pulse for pulse in running if pulse.role == role]
        if active and why == "request":
            self.breach("no start presses", f"{name} is requested switched on")
        if active and not own:
            if running:
                self.breach("never two relays", f"{name} goes on while {running[0].role} is on")
            last = watch.pulses[-1] if watch.pulses else None
            gap_s = min(self.ranges[number]["gap_ms"]) / 1000
            if last and last.off and last.life == self.life and now - last.off < gap_s - 0.02 - self.lost_s(last.off - 1):
                self.breach("the gap is kept", f"{name} goes on {now - last.off:.3f} s after a release, the gap is {gap_s} s")
            warned_s = now - watch.warning_on if watch.warning_on else watch.warned_s if now - watch.warning_off < 0.1 + self.lost_s(watch.warning_off - 1) else 0.0
            watch.pulses.append(Pulse(role, now, None, watch.said, warned_s + self.lost_s(now - warned_s - 1), self.life,
                                      self.lockouts.since(number), watch.position))
            self.counts["presses"] += 1
        elif not active and own:
            self.ended(number, own[0], now)

    def ended(self, number, pulse, now):
        pulse.off = now
        lengths = self.ranges[number]["pulse_ms"]
        lasted, lost = now - pulse.on, self.lost_s(pulse.on)
        name = f"door {self.settings[number]['id']}, {pulse.role}"
        if pulse.life != self.life or self.stopping:
            return  # it was killed in the pulse, or ends
        if lasted - lost > max(lengths) / 1000 + SLACK_S:
            self.breach("each pulse ends", f"{name} was on for {lasted:.3f} s, of which the agent had no processor for {lost:.3f} s")
        if lasted < min(lengths) / 1000 - 0.03:
            self.breach("a pulse is whole", f"{name} was on for {lasted:.3f} s")

    def answered(self, given, result, reason):
        given.answer, given.answered_at = result, time.monotonic()
        what = f"lock-outs {result}" if given.doors else result
        self.counts[what] = self.counts.get(what, 0) + 1
        self.lockouts.answered(given, reason)

    def most(self, number, given):
        """As many presses a command may make."""
        if "relay" in self.settings[number]["relays"]:
            return {"TOGGLE": 1, "POSITION": 2, "STOP": 2}.get(given.word, 3)
        return 1 + (given.word == "POSITION")

    def may_make(self, number, given, pulse, locked):
        door = self.settings[number]
        step_s = (max(self.ranges[number]["pulse_ms"]) + max(self.ranges[number]["gap_ms"])) / 1000
        takes_s = door["warning_ms"] / 1000 + self.most(number, given) * step_s
        if given.word == "POSITION":
            takes_s += door["travel_ms"] / 1000 + 5
        if given.way == "slow":
            takes_s += min(2.0, self.lost_s(given.at))  # a standstill of less than 2 s is not noticed: it counts from when it was read
        return (given.door == number and max(given.at, given.whole_at) <= pulse.on <= given.at + AGE_S + takes_s + SLACK_S and given.answer != "rejected"
                and self.does(number, given, pulse) and (not locked or self.lockouts.allows(number, given, pulse, self.watches[number].pulses)))

    def ordered(self, number, pulse, locked=True):
        """The command that asked for this press, or None. The newest first: it takes the place of those before. locked: the lock-out is asked, too."""
        for given in reversed(self.given):
            if len(given.pulses) < self.most(number, given) and self.may_make(number, given, pulse, locked):
                return given
        return None

    def attribute(self, number, pulse):
        """Gives a press to the command that asked for it; one that was given to the wrong of two commands is given to the other. False: nobody asked."""
        given = self.ordered(number, pulse)
        if given:
            given.pulses.append(pulse)
            return True
        for given in reversed(self.given):
            for earlier in list(given.pulses) if given.door == number else ():
                given.pulses.remove(earlier)
                if self.may_make(number, given, pulse, True):
                    given.pulses.append(pulse)
                    other = self.ordered(number, earlier)
                    if other:
                        other.pulses.append(earlier)
                        return True
                    given.pulses.remove(pulse)
                given.pulses.append(earlier)
        return False

    def does(self, number, given, pulse):
        """Whether the command presses this relay, now. A position's second press stops the door, when its way is over by the configured time."""
        if pulse.role == "relay":
            return True
        if given.word not in ASKS_FOR[pulse.role] or any(pulse.role == other.role for other in given.pulses):
            return False
        if given.word != "POSITION" or pulse.role != "stop_relay":
            return given.word != "POSITION" or not given.pulses
        before = [other for other in self.watches[number].pulses if given.at <= other.on < pulse.on]  # the last of them may count for another command
        if not before or before[-1].role == "stop_relay" or before[-1].place is None:
            return bool(before) and before[-1].role != "stop_relay"
        first, travel_s = before[-1], self.settings[number]["travel_ms"] / 1000
        way_s = abs(given.percent - first.place) / 100 * travel_s
        wire = self.doors[number].wires.get("closed" if first.role == "open_relay" else "open")
        left = [at for at, active in wire.log if first.on <= at <= pulse.on and not active] if wire else []
        early = pulse.on - first.on < way_s - 0.02 * travel_s - 0.15  # a call is served late where the test gets no processor
        late = pulse.on - (left[-1] if left else first.on) > way_s + self.tolerance(number) + self.lost_s(first.on)
        sure = not wire or (wire.lost_at < first.on - LOOK_S and wire.unrest_at < first.on - LOOK_S)  # when the agent saw it leave
        return not early and not (late and sure)

    def judge_presses(self):
        """At rest, when all answers are here: each press was asked for."""
        for number, watch in enumerate(self.watches):
            door = self.settings[number]
            for pulse in watch.pulses[watch.judged:]:
                given = self.attribute(number, pulse)
                warned = pulse.warned_s >= door["warning_ms"] / 1000 - 0.05
                if given:
                    self.counts["stops at a position"] += pulse.role == "stop_relay" and any(
                        pulse in one.pulses for one in self.given if one.word == "POSITION")
                elif door["auto_close_s"] and pulse.role in ("relay", "close_relay") and warned:
                    pass
                elif forbidden := self.ordered(number, pulse, locked=False):
                    self.breach(RULE, f"door {door['id']}, locked out ({door['lockout']}) for {pulse.on - pulse.locked:.3f} s: {pulse.role} by "
                                      f"{forbidden.word}, given {pulse.on - forbidden.at:.3f} s before ({forbidden.answer})")
                else:
                    late = [f"{g.word} {g.percent or ''} by {g.way} {pulse.on - g.at:.1f} s before ({g.answer}, {len(g.pulses)} presses)"
                            for g in self.given if g.door == number and 0 <= pulse.on - g.at < 40]
                    self.breach("no press that nobody asked for" if pulse.role != "stop_relay" else "a door stops where that was asked for",
                                f"door {door['id']}, {pulse.role} {time.monotonic() - pulse.on:.1f} s ago; given were {late or 'none'}")
                if pulse.closes and not warned:
                    self.breach("the warning comes first", f"door {door['id']}, {pulse.role}: the warning was on for {pulse.warned_s:.3f} s")
            watch.judged = len(watch.pulses)

    # What the agent says.

    def tolerance(self, number):
        return max(self.ranges[number]["debounce_ms"]) / 1000 + SLACK_S

    def told(self, number, state, confidence=None, position=None):
        """The agent says that the door is so, now."""
        now, door, watch = time.monotonic(), self.doors[number], self.watches[number]
        state = None if state in ("None", None) else state
        if confidence:
            if state != watch.said:
                watch.said_at = now
            watch.said, watch.confidence, watch.position = state, confidence, position
        since = now - self.tolerance(number) - self.lost_s(now - 15)
        for end in ("closed", "open"):
            wire = door.wires.get(end)
            if state != end or not wire or wire.lost_at > now - LOOK_S - 2:
                continue
            if not wire.stood(True, since, min(self.ranges[number]["debounce_ms"]) / 1000 - 0.005):
                self.breach("no state is false", f"door {self.settings[number]['id']} is said to be {end}; its contact did not stand still as active "
                                                 f"since {now - since:.2f} s")
            if confidence and end == "closed" and confidence != "sensed":
                self.breach("no state is false", f"door {self.settings[number]['id']} is said to be closed, {confidence}, and has a contact")

    def expected(self, number):
        """What may be said now that the wires have been as they are for long enough: a set of states, or None where it cannot be said."""
        now, door, watch = time.monotonic(), self.doors[number], self.watches[number]
        ends = {end: door.wires[end] for end in ("closed", "open") if end in door.wires}
        lost_s = self.lost_s(now - 15)
        quiet = now - self.tolerance(number) - lost_s
        for wire in ends.values():
            unrest_s = max(2.0, 10 * max(self.ranges[number]["debounce_ms"]) / 1000) + 0.5
            if max(wire.steady_since, self.ready_at) > quiet or wire.unrest_at > now - unrest_s - lost_s or wire.lost_at > now - LOOK_S - 2 - lost_s:
                return None
        active = {end for end, wire in ends.items() if wire.log[-1][1]}
        everything = {"open", "closed", "opening", "closing", "stopped", None}
        travel_s = self.settings[number]["travel_ms"] / 1000
        last = max([pulse.on for pulse in watch.pulses[-1:]] + [wire.log[-1][0] for wire in ends.values()] + [self.ready_at])
        if now - last > START_S + 1.25 * travel_s + 3 + lost_s:
            everything -= {"opening", "closing"}  # the time of any move is over
        if len(active) == 2:
            return {None}
        if active:
            end = active.pop()
            pressed = watch.pulses and now - watch.pulses[-1].on < START_S + travel_s / 4 + 0.5 + lost_s
            return everything - ({"open", "closed"} - {end}) if pressed else {end}
        return everything - set(ends)

    def look(self):
        """Every tenth of a second: what was said last still holds, and no pulse lasts for ever."""
        now = time.monotonic()
        for number, watch in enumerate(self.watches):
            for pulse in watch.pulses[-4:]:
                limit = max(self.ranges[number]["pulse_ms"]) / 1000 + SLACK_S
                if pulse.off is None and pulse.life == self.life and self.alive and not self.frozen and now - pulse.on - self.lost_s(pulse.on) > limit:
                    self.breach("each pulse ends", f"door {self.settings[number]['id']}, {pulse.role} is on since {now - pulse.on:.3f} s")
                    pulse.off = now
            if not self.alive or self.frozen or now < self.ready_at or self.stopping:
                continue
            states = self.expected(number)
            if states is not None and watch.said_at and watch.said not in states:
                wires = {name: wire.log[-1][1] for name, wire in self.doors[number].wires.items()}
                self.breach("no state stays false", f"door {self.settings[number]['id']} is said to be {watch.said}, contacts {wires}, "
                                                    f"so it can be {sorted(map(str, states))}")
                watch.said_at = 0.0

    def count_estimates(self):
        """At rest: no rule, since an estimate is no knowledge. It is printed how often it was wrong."""
        for door, watch in zip(self.doors, self.watches):
            if watch.confidence == "estimated" and watch.said in ("open", "closed"):
                self.counts["estimates"] += 1
                self.counts["estimates that were wrong"] += (door.place >= 0.98) != (watch.said == "open")
