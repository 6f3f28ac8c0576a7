"""The oracle's rules of the lock-out by command: what sets and lifts it, what it refuses, and what outlives a restart.

The agent's own word for it is the page's document: `lockout_remote`, and `lockout_saved`, which says that this is on the disk.
"""

import time
from dataclasses import dataclass, field

ON, OFF = "LOCKOUT_ON", "LOCKOUT_OFF"
RULE = "a lock-out holds"
TELL_S = 1.0  # within which the page tells what has been so


@dataclass
class Lock:
    """What is known of one door's."""
    said: bool = False
    saved: bool = True               # what was said is on the disk: at first there is no file, which says that nothing is locked
    seen_at: float = 0.0             # when it was last known to be as said
    life: int = 0                    # in which start of the agent that was
    disk: set = field(default_factory=lambda: {False})  # what the disk may have
    certain: bool | None = None      # what it is, while no command for another one may be under way
    since: float = 0.0


class Lockouts:
    """oracle: given, counts, lost_s and breach of it are used. slack_s: its SLACK_S, after age_s, its AGE_S."""

    def __init__(self, oracle, settings, age_s, slack_s):
        self.oracle, self.settings, self.late_s = oracle, settings, age_s + slack_s
        self.locks = [Lock() for _ in settings]
        oracle.counts.update({"lock-outs set or lifted": 0, "refused as locked out": 0, "lock-outs kept over a restart": 0})

    def acts_until(self, given):
        """A command may set or lift it so long; a slow request counts from when it was read, where a standstill was not noticed."""
        lost_s = self.oracle.lost_s(given.at)
        return given.at + self.late_s + lost_s + (2.0 if given.way == "slow" else 0.0)

    def commands(self, number, on):
        """Those that may have been carried out, the newest first."""
        return [given for given in reversed(self.oracle.given) if given.word == (ON if on else OFF) and number in given.doors and given.answer != "rejected"]

    def under_way(self, number, on):
        now = time.monotonic()
        return any(now < (given.answered_at + TELL_S if given.answer else self.acts_until(given)) for given in self.commands(number, on)[:8])

    def confirm(self, number, on):
        """It is so, unless a command for the other is under way."""
        lock = self.locks[number]
        if lock.certain is None and not self.under_way(number, not on):
            lock.certain, lock.since = on, time.monotonic()

    def given(self, given):
        for number in given.doors:
            if self.locks[number].certain == (given.word == OFF):
                self.locks[number].certain = None

    def answered(self, given, reason):
        if given.word in (ON, OFF):
            if not self.oracle.alive or given.life != self.oracle.life:
                return  # it was given before the agent was killed: the next start has what is on the disk
            for number in given.doors if given.answer != "rejected" else ():
                if not any(later.at > given.at for later in self.commands(number, given.word != ON)):  # its answer may come before this one
                    self.confirm(number, given.word == ON)
            return
        lock, settings = self.locks[given.door], self.settings[given.door]
        self.oracle.counts["refused as locked out"] += reason == "locked_out"
        if lock.certain is None or lock.since >= given.at:
            return
        if not lock.certain and reason == "locked_out":
            self.oracle.breach("only a lock-out locks out", f"door {settings['id']} refuses {given.word} as locked out, and is not")
        if lock.certain and given.answer != "rejected" and (given.word == "OPEN" or (given.word == "CLOSE" and settings["lockout"] == "all")):
            self.oracle.breach(RULE, f"door {settings['id']}, locked out ({settings['lockout']}), does not refuse {given.word}: {given.answer}")

    def ended(self):
        """The agent ends: what is not told as saved may be something else at the next start."""
        for lock in self.locks:
            if not lock.saved or lock.said != lock.certain:
                lock.certain = None

    def told(self, number, on, saved, life):
        """By the page."""
        lock, name = self.locks[number], f"door {self.settings[number]['id']}"
        restarted = life != lock.life
        if on != lock.said:
            self.oracle.counts["lock-outs set or lifted"] += 1
            if not self.explained(number, on) and not (restarted and not lock.saved and on in lock.disk):
                self.oracle.breach(RULE, f"{name} is {'' if on else 'not '}locked out, which no command asked for"
                                         + (f", and it was {'' if lock.saved else 'not '}said to be saved as {lock.said}" if restarted else ""))
        elif restarted and on and lock.life:
            self.oracle.counts["lock-outs kept over a restart"] += 1
        lock.disk = {on} if saved else lock.disk | {on}
        lock.said, lock.saved, lock.life, lock.seen_at = on, saved, life, time.monotonic()
        self.confirm(number, on)

    def explained(self, number, on):
        """Each command sets or lifts it once, and no later than it may."""
        for given in self.commands(number, on):
            if number not in given.acted and self.acts_until(given) >= self.locks[number].seen_at:
                given.acted.add(number)
                return True
        return False

    def look(self, told):
        """told: the page tells now, and is up to date."""
        now = time.monotonic()
        for number, lock in enumerate(self.locks):
            if not told or lock.life != self.oracle.life:
                continue
            lock.seen_at = now
            if lock.certain is None:
                self.confirm(number, lock.said)
            elif lock.certain != lock.said and now - lock.since > TELL_S + self.oracle.lost_s(lock.since):
                self.oracle.breach(RULE, f"door {self.settings[number]['id']} is said to be {'' if lock.said else 'not '}locked out, "
                                         f"{now - lock.since:.1f} s after it was acknowledged otherwise")
                lock.certain = None

    def since(self, number):
        """Since when the door is locked out for certain, or None."""
        lock = self.locks[number]
        return lock.since if lock.certain else None

    def allows(self, number, given, pulse, pulses):
        """Whether the command may press although the door was locked out then: where it had begun before, or by what it asks for."""
        if pulse.locked is None:
            return True
        begun = any(given.at <= other.on < pulse.locked for other in pulses)
        if begun and not (given.answer and any(later.door == number and later.answer == "accepted" and given.answered_at + 0.2 < later.answered_at <= pulse.on
                                               for later in self.oracle.given)):  # that would have taken its place
            return True
        if given.word == "CLOSE":
            return self.settings[number]["lockout"] != "all"
        if given.word == "TOGGLE":  # refused once it is locked out; before that it may have been taken as a CLOSE, which waits in its warning
            return given.at < pulse.locked and (pulse.role == "stop_relay" or (pulse.closes and self.settings[number]["lockout"] != "all"))
        if given.word == "POSITION":
            return pulse.role == "stop_relay" or (pulse.role != "open_relay" and self.settings[number]["lockout"] != "all")
        return given.word == "STOP"
